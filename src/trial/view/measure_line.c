/* Measures of the line and of the sound of a recording. */
#include <string.h>

#include "audio/emodel.h"
#include "audio/g711.h"
#include "trial/view/view_int.h"

static const char line_silent[] = "the line tells nothing of loss and delay";

static const json_t *line_stats(const struct cw_view *v)
{
	size_t from = 0;
	const json_t *ret = NULL;

	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_LINE_NOTE, CW_SIDE_N));)
		if (!strcmp(cw_json_str(e->data, "what", ""), "line.stats"))
			ret = e->data;
	return ret;
}

static struct cw_value told(const struct cw_view *v, const char *name)
{
	const json_t *stats = line_stats(v);
	double x = cw_json_num(stats, name, -1);

	if (v->chat)
		return cw_unknown("a chat has no audio");
	return x >= 0 ? cw_known(x, 0) : cw_unknown(line_silent);
}

struct cw_value cw_measure_loss(const struct cw_view *v)
{
	return told(v, "loss");
}

struct cw_value cw_measure_jitter_ms(const struct cw_view *v)
{
	return told(v, "jitter_ms");
}

struct cw_value cw_measure_mos_e(const struct cw_view *v)
{
	struct cw_value loss = cw_measure_loss(v);
	const json_t *stats = line_stats(v);
	struct cw_emodel_rating rating;

	if (!loss.known)
		return loss;

	const struct cw_emodel_line line = {
		.delay_ms = cw_json_num(stats, "delay_ms", 0),
		.loss = loss.v,
		.burst_r = cw_json_num(stats, "burst_r", 0),
		.codec = cw_json_str(stats, "codec", NULL),
	};

	if (!cw_emodel_of_line(&line, &rating))
		return cw_unknown("what the line tells is outside the E-model's range");
	return cw_known(rating.mos, 0);
}

struct cw_value cw_measure_quality(const struct cw_view *v, enum cw_side side, enum cw_quality_of of)
{
	struct cw_view_cache *c = v->cache;

	if (v->chat)
		return cw_unknown("a chat has no audio");
	if (!v->pcm[side] || !v->n_samples)
		return cw_unknown("the call was not recorded in stereo (--record stereo)");
	if (!c->measured[side]) {
		c->err[side] = cw_quality_measure(v->pcm[side], v->n_samples, CW_RATE_HZ, &c->quality[side]);
		c->measured[side] = true;
	}
	if (c->err[side])
		return cw_unknown("the recording could not be measured");

	const struct cw_quality_value *x = &c->quality[side].of[of];

	return x->known ? cw_known(x->v, 0) : cw_unknown(x->reason);
}
