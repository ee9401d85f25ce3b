#include "trial/report/sound.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat.h"
#include "trial/report/tally.h"

#define SLICES_MAX 500

static const struct {
	const char *name, *title;
	bool most; /* the worst is the greatest */
	double times;
	int decimals;
} of[] = {
	{"loudness_lufs", "loudness, LUFS", false, 1, 1},
	{"snr_db", "SNR, dB", false, 1, 1},
	{"clipping", "clipping, %", true, 100, 2},
	{"dropouts", "dropouts", true, 1, 0},
	{"band_high_hz", "bandwidth, Hz", false, 1, 0},
};

struct slice {
	const char *language, *voice, *channel, *target;
	size_t n;
	struct cw_values values[CW_COUNT(of)];
};

struct cw_sounds {
	struct slice *slices;
	size_t n;
};

int cw_sounds_new(void *parent, struct cw_sounds **ret)
{
	struct cw_sounds *s = talloc_zero(parent, struct cw_sounds);

	if (!s)
		return ENOMEM;
	*ret = s;
	return 0;
}

static struct slice *add_slice(struct cw_sounds *s, const json_t *names, const char *target)
{
	struct slice *x;

	if (!s->slices)
		s->slices = talloc_zero_array(s, struct slice, SLICES_MAX);
	if (!s->slices)
		return NULL;
	x = &s->slices[s->n];
	x->language = talloc_strdup(s, cw_json_str(names, "language", ""));
	x->voice = talloc_strdup(s, cw_json_str(names, "voice", ""));
	x->channel = talloc_strdup(s, cw_json_str(names, "channel", ""));
	x->target = talloc_strdup(s, target);
	if (!x->language || !x->voice || !x->channel || !x->target)
		return NULL;
	s->n++;
	return x;
}

static struct slice *find(const struct cw_sounds *s, const json_t *names, const char *target)
{
	for (size_t i = 0; i < s->n; i++) {
		struct slice *x = &s->slices[i];

		if (!strcmp(x->language, cw_json_str(names, "language", "")) &&
			!strcmp(x->voice, cw_json_str(names, "voice", "")) &&
			!strcmp(x->channel, cw_json_str(names, "channel", "")) && !strcmp(x->target, target))
			return x;
	}
	return NULL;
}

int cw_sounds_add(struct cw_sounds *s, const json_t *result)
{
	const json_t *agent = json_object_get(json_object_get(result, "audio"), "agent");
	const json_t *names = json_object_get(result, "slice");
	const char *target = cw_json_str(result, "target_name", "");
	struct slice *x = agent ? find(s, names, target) : NULL;

	if (!agent || (!x && s->n == SLICES_MAX))
		return 0;
	if (!x)
		x = add_slice(s, names, target);
	if (!x)
		return ENOMEM;
	x->n++;
	for (size_t k = 0; k < CW_COUNT(of); k++) {
		const json_t *v = json_object_get(agent, of[k].name);

		if (json_is_number(v) && cw_values_add(s, &x->values[k], json_number_value(v)))
			return ENOMEM;
	}
	return 0;
}

static json_t *values_json(struct cw_values *x, bool most)
{
	double median;

	if (!x->n || !cw_stat_quantile(x->v, x->n, 0.5, &median)) /* sorts */
		return json_null();
	return json_pack(
		"{s:I, s:f, s:f}", "n", (json_int_t)x->n, "median", median, "worst", most ? x->v[x->n - 1] : x->v[0]);
}

json_t *cw_sounds_json(struct cw_sounds *s)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < s->n; i++) {
		struct slice *x = &s->slices[i];
		json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:I}", "language", x->language, "voice", x->voice,
			"channel", x->channel, "target", x->target, "n", (json_int_t)x->n);
		bool bad = !o;

		for (size_t k = 0; !bad && k < CW_COUNT(of); k++)
			bad = json_object_set_new(o, of[k].name, values_json(&x->values[k], of[k].most)) != 0;
		if (bad)
			json_decref(o);
		if (bad || json_array_append_new(list, o)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

void cw_sounds_markdown(const json_t *sounds, struct cw_buf *out)
{
	json_t *x;
	size_t i;

	json_array_foreach (sounds, i, x) {
		const char *target = cw_json_str(x, "target", "");

		if (!i) {
			cw_buf_puts(out, "| slice | calls |");
			for (size_t k = 0; k < CW_COUNT(of); k++)
				cw_buf_fmt(out, " %s |", of[k].title);
			cw_buf_puts(out, "\n|---|---:|---:|---:|---:|---:|---:|\n");
		}
		cw_buf_fmt(out, "| %s %s %s%s%s | %lld |", cw_json_str(x, "language", ""), cw_json_str(x, "voice", ""),
			cw_json_str(x, "channel", ""), target[0] ? " " : "", target, (long long)cw_json_int(x, "n", 0));
		for (size_t k = 0; k < CW_COUNT(of); k++) {
			const json_t *v = json_object_get(x, of[k].name);
			char text[64];

			(void)snprintf(text, sizeof(text), " %.*f, worst %.*f |", of[k].decimals,
				of[k].times * cw_json_num(v, "median", 0), of[k].decimals,
				of[k].times * cw_json_num(v, "worst", 0)); /* fits */
			cw_buf_puts(out, json_is_object(v) ? text : " – |");
		}
		cw_buf_putc(out, '\n');
	}
}
