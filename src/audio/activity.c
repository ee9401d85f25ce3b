#include "audio/activity.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/biquad.h"
#include "audio/g711.h"
#include "audio/vad.h"
#include "audio/vector.h"
#include "base/mem.h"

#define BLOCK      20                     /* 2.5 ms */
#define SETTLE     400                    /* samples for the filter before the edge is looked for */
#define REACH      (2 * CW_FRAME_SAMPLES) /* the edge lies this near to the frame's */
#define OVER_DB    6.0f                   /* above the floor */
#define ABOVE_REST 4.0f                   /* 6 dB above what is there 40 to 65 ms before the frame */
#define BELOW_LOUD 3.2e-4f                /* 35 dB below the loudest frame of the speech */
#define BLOCKS_MAX ((SETTLE + 3 * REACH) / BLOCK)

/* Copy @n samples from @at on, going by @step (1 or -1); outside the recording is silence. */
static void copy(const int16_t *pcm, size_t n_pcm, ptrdiff_t at, int step, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++, at += step)
		out[i] = at >= 0 && at < (ptrdiff_t)n_pcm ? (float)pcm[at] / 32768 : 0;
}

/*
 * Samples from @start, going by @step, to the first of two neighbouring blocks above @gate. Edges of the end are looked for
 * backwards, so that the filter rings towards the speech and not away from it.
 */
static size_t find_edge(const int16_t *pcm, size_t n, ptrdiff_t start, int step, float gate)
{
	float x[BLOCKS_MAX * BLOCK];
	struct cw_biquad4 f;
	bool before = false;

	cw_biquad4_init(&f, 200, CW_RATE_HZ, true);
	copy(pcm, n, start - step * SETTLE, step, x, CW_COUNT(x));
	cw_biquad4_run(&f, x, CW_COUNT(x));

	float rest = cw_dot4(x + SETTLE / 2, x + SETTLE / 2, SETTLE / 2) / (SETTLE / 2) * ABOVE_REST;

	gate = rest > gate ? rest : gate;
	for (size_t b = SETTLE / BLOCK; b < BLOCKS_MAX; b++) {
		bool now = cw_dot4(x + b * BLOCK, x + b * BLOCK, BLOCK) / BLOCK > gate;

		if (now && before)
			return (b - 1) * BLOCK - SETTLE;
		before = now;
	}
	return REACH; /* no edge: believe the frame */
}

static float loudest_frame(const int16_t *pcm, size_t n, uint64_t first, uint64_t last)
{
	float loudest = 0;

	for (uint64_t k = first; k <= last && (k + 1) * CW_FRAME_SAMPLES <= n; k++) {
		float x[CW_FRAME_SAMPLES], power;

		copy(pcm, n, (ptrdiff_t)(k * CW_FRAME_SAMPLES), 1, x, CW_FRAME_SAMPLES);
		power = cw_dot4(x, x, CW_FRAME_SAMPLES) / CW_FRAME_SAMPLES;
		loudest = power > loudest ? power : loudest;
	}
	return loudest;
}

static struct cw_activity refine(const int16_t *pcm, size_t n, const struct cw_vad *v, float floor_db)
{
	float loud = loudest_frame(pcm, n, v->onset_frame, v->last_frame) * BELOW_LOUD;
	float from_gate = exp10f((floor_db + OVER_DB) / 10), to_gate = exp10f((v->floor_db + OVER_DB) / 10);
	ptrdiff_t from = (ptrdiff_t)(v->onset_frame * CW_FRAME_SAMPLES) - REACH;
	ptrdiff_t to = (ptrdiff_t)((v->last_frame + 1) * CW_FRAME_SAMPLES) + REACH;

	from += (ptrdiff_t)find_edge(pcm, n, from, 1, from_gate > loud ? from_gate : loud);
	to -= (ptrdiff_t)find_edge(pcm, n, to - 1, -1, to_gate > loud ? to_gate : loud);
	from = from < 0 ? 0 : from;
	to = to > (ptrdiff_t)n ? (ptrdiff_t)n : to;
	return (struct cw_activity){(size_t)from, (size_t)(to > from ? to : from)};
}

/* One more element; arrays double. */
static int append(void *parent, struct cw_activity **list, size_t *count, struct cw_activity a)
{
	if (*count == talloc_array_length(*list)) {
		struct cw_activity *more = talloc_realloc(parent, *list, struct cw_activity, 2 * *count + 4);

		if (!more)
			return ENOMEM;
		*list = more;
	}
	(*list)[(*count)++] = a;
	return 0;
}

int cw_activity_find(void *parent, const int16_t *pcm, size_t n, const struct cw_vad_conf *conf,
	struct cw_activity **ret, size_t *count)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_activity *list = scope ? talloc_array(scope, struct cw_activity, 4) : NULL;
	int16_t last[CW_FRAME_SAMPLES] = {0};
	float floor_db = 0;
	struct cw_vad v;
	size_t found = 0;

	if (!list)
		return ENOMEM;
	cw_vad_init(&v, conf);
	for (size_t at = 0; at < n; at += CW_FRAME_SAMPLES) {
		bool whole = n - at >= CW_FRAME_SAMPLES;
		enum cw_vad_event e;

		if (!whole)
			memcpy(last, pcm + at, (n - at) * sizeof(*pcm));
		e = cw_vad_feed(&v, whole ? pcm + at : last);
		if (e == CW_VAD_STARTED)
			floor_db = v.floor_db;
		if (e == CW_VAD_ENDED || (v.speech && n - at <= CW_FRAME_SAMPLES)) {
			int err = append(scope, &list, &found, refine(pcm, n, &v, floor_db));

			if (err)
				return err;
		}
	}
	*ret = talloc_steal(parent, list);
	*count = found;
	return 0;
}
