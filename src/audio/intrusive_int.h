/*
 * intrusive_int.h: parts of intrusive.c
 */
#pragma once
#include "audio/intrusive.h"
#include "audio/quality_int.h"

/* Two recordings side by side, sample for sample, 1 = full scale. */
struct cw_pair {
	const float *clean, *heard;
	size_t n;
	unsigned rate_hz; /* 8000 or 16000 */
};

/* Delay of @heard behind @clean in samples by cross-correlation of everything; ENODATA, ENOMEM. Positive: later. */
int cw_align_whole(
	const float *clean, size_t n_clean, const float *heard, size_t n_heard, int64_t *delay, double *correlation);

struct cw_alignment {
	int64_t delay;      /* of everything */
	double correlation; /* there */
	int64_t spread;     /* largest less smallest delay of the pieces */
	double drift;       /* samples per sample; NAN: too few pieces */
	float *heard; /* as long as the clean one, piece by piece where it belongs; zeros where there is nothing */
};
/* Everything hangs from @parent. ENODATA, ENOMEM. */
int cw_align(void *parent, const float *clean, size_t n_clean, const float *heard, size_t n_heard, unsigned rate_hz,
	struct cw_alignment *ret);

/* Absent: too short. ENOMEM. */
int cw_stoi(const struct cw_pair *p, struct cw_quality_value *stoi, struct cw_quality_value *estoi);
int cw_nsim(const struct cw_pair *p, struct cw_quality_value *nsim, struct cw_quality_value *mos);
/* The published polynomial. */
double cw_nsim_mos(double nsim);
