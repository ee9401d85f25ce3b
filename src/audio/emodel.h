/*
 * emodel.h: the E-model (ITU-T G.107): from delay, loss, codec and levels of a line to a rating R and a mean opinion score
 *
 * Planning, not listening: it knows nothing of the sound of a call. All terms of the recommendation for narrow band are there;
 * what is not given keeps the recommendation's default (a perfect handset, G.711, no delay, no loss: R = 93.2, MOS 4.41).
 * Thread: pure functions.
 */
#pragma once
#include <stdbool.h>

struct cw_emodel {
	double slr_db, rlr_db;      /* send and receive loudness */
	double stmr_db;             /* sidetone masking */
	double ds, dr;              /* D-value of the telephones */
	double telr_db;             /* talker echo loudness */
	double wepl_db;             /* weighted echo path loss */
	double ta_ms;               /* absolute one-way delay in echo-free connections */
	double t_ms;                /* mean one-way delay of the echo path */
	double tr_ms;               /* round trip in the four-wire loop */
	double qdu;                 /* quantising distortion units */
	double ie;                  /* equipment impairment of the codec (G.113) */
	double bpl;                 /* its packet-loss robustness (G.113) */
	double ppl;                 /* packets lost, per cent */
	double burst_r;             /* mean length of loss bursts against random loss; 1 = random */
	double nc_dbm0p, nfor_dbmp; /* circuit noise; noise floor at the receiver */
	double ps_dba, pr_dba;      /* room noise at both ends */
	double advantage;           /* what people forgive for convenience (A) */
};
extern const struct cw_emodel cw_emodel_defaults; /* table 2 of G.107 */

struct cw_emodel_rating {
	double r;                             /* 0 … 100; may be below 0 */
	double mos;                           /* MOS-CQE, 1 … 4.5 */
	double good_or_better, poor_or_worse; /* per cent of users */
	double ro, is, id, ie_eff;            /* the terms: R = ro - is - id - ie_eff + A */
	double idte, idle, idd;               /* of id: talker echo, listener echo, delay */
};

void cw_emodel_rate(const struct cw_emodel *m, struct cw_emodel_rating *ret);
double cw_emodel_mos(double r);

/* Ie and Bpl of a codec of G.113 appendix I: "g711", "g711-plc", "g729a", "g723.1", "gsm-efr", …; false: not among them.
 * cw_emodel_codecs() lists the names, NULL-terminated. */
bool cw_emodel_codec(const char *name, double *ie, double *bpl);
const char *const *cw_emodel_codecs(void);

/* What a line's statistics give: mean one-way delay (the jitter buffer's included), share of frames lost or late 0 … 1, and their
 * burst ratio (0 = 1). Ta = T = delay, Tr = 2 * delay, all else default. */
struct cw_emodel_line {
	double delay_ms, loss, burst_r;
	const char *codec; /* NULL = "g711-plc" */
};
/* false: unknown codec, or a number outside its range (delay below 0, loss outside 0 … 1, a burst ratio below 0). */
bool cw_emodel_of_line(const struct cw_emodel_line *line, struct cw_emodel_rating *ret);
