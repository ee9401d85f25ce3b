#include "trial/report/parts.h"

#include <math.h>
#include <string.h>

#include "trial/report/sound.h"
#include "trial/report/targets.h"

#define PART_MAX 20000 /* more belongs into report.html */
#define EARS_MAX 40

static void put(struct cw_buf *b, struct cw_buf *part, size_t max)
{
	if (part->len && !cw_buf_err(part) && b->len + part->len <= max)
		cw_buf_put(b, part->p, part->len);
	cw_buf_reset(part);
}

/* Text of somebody else inside a list: no line ends, no markup. */
static void put_text(struct cw_buf *b, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '<')
			cw_buf_puts(b, "&lt;");
		else
			cw_buf_putc(b, *p == '\n' || *p == '\r' || *p == '`' ? ' ' : *p);
	}
}

static void put_ears(struct cw_buf *b, const struct cw_tally *t)
{
	for (size_t i = 0; i < t->n_ears && i < EARS_MAX; i++) {
		const struct cw_recognition *x = &t->ears[i];

		if (!i)
			cw_buf_puts(b,
				"\n### Word errors of the agent's ear\n\n| voice | calls | errors / words | rate (95 %) |\n|---|---:|---:|---:|\n");
		cw_buf_fmt(b, "| %s %s %s%s%s | %zu | %.0f / %.0f | %.1f %%", x->language, x->voice, x->channel,
			x->target[0] ? " " : "", x->target, x->n, x->errors, x->words, 100 * x->wer.value);
		if (x->wer.known)
			cw_buf_fmt(b, " (%.1f – %.1f)", 100 * x->wer.lo, 100 * x->wer.hi);
		cw_buf_puts(b, " |\n");
	}
}

static void put_scores(struct cw_buf *b, const json_t *o, const char *title)
{
	const char *name;
	json_t *v;
	bool any = false;

	json_object_foreach ((json_t *)(uintptr_t)o, name, v) {
		if (!json_is_number(v) || !strcmp(name, "overall_of") || !strcmp(name, "n"))
			continue;
		if (!any)
			cw_buf_fmt(b, "\n**%s:** ", title);
		cw_buf_puts(b, any ? ", " : "");
		for (const char *p = name; *p; p++)
			cw_buf_putc(b, *p == '_' ? ' ' : *p);
		cw_buf_fmt(b, " %.4g", json_number_value(v));
		any = true;
	}
	if (!any)
		return;
	if (json_object_get(o, "overall_of"))
		cw_buf_fmt(
			b, "; %.0f %% of what makes up the whole was measured", 100 * cw_json_num(o, "overall_of", 0));
	cw_buf_puts(b, ".\n");
}

static void put_judge(struct cw_buf *b, const json_t *j)
{
	json_t *judge;
	size_t i;

	if (!j)
		return;
	cw_buf_fmt(b,
		"\n### Judge\n\n%lld checks decided to pass, %lld to fail, %lld not decided; %zu unsure (review.jsonl).\n",
		(long long)cw_json_int(j, "pass", 0), (long long)cw_json_int(j, "fail", 0),
		(long long)cw_json_int(j, "error", 0), json_array_size(json_object_get(j, "unsure")));
	json_array_foreach (json_object_get(j, "judges"), i, judge) {
		const json_t *c = json_object_get(judge, "calibration"), *k = json_object_get(c, "kappa");

		cw_buf_puts(b, "- ");
		put_text(b, cw_json_str(judge, "file", ""));
		cw_buf_fmt(b, ": %s", cw_json_str(judge, "model", "nobody judges"));
		if (json_is_object(k))
			cw_buf_fmt(b, ", κ %.2f (%.2f – %.2f) over %lld labels%s\n", cw_json_num(k, "value", 0),
				cw_json_num(k, "lo", 0), cw_json_num(k, "hi", 0), (long long)cw_json_int(c, "n", 0),
				cw_json_bool(c, "same_judge", false) ? "" : " **of another judge**");
		else
			cw_buf_puts(b, ", not calibrated\n");
	}
}

void cw_report_parts_markdown(struct cw_buf *b, const struct cw_report *r, size_t max)
{
	CW_BUF_SCOPED struct cw_buf part = CW_BUF(PART_MAX);
	const json_t *targets = json_object_get(r->run, "targets"), *sound = json_object_get(r->run, "sound");

	if (json_array_size(targets))
		cw_buf_puts(&part, "\n### What the way to the agent costs\n\n");
	cw_targets_markdown(targets, &part);
	put(b, &part, max);
	put_ears(&part, r->tally);
	put(b, &part, max);
	if (json_array_size(sound))
		cw_buf_puts(&part, "\n### The agent's sound\n\n");
	cw_sounds_markdown(sound, &part);
	put(b, &part, max);
	put_scores(&part, json_object_get(r->run, "functional"), "Functional scores");
	put_scores(&part, json_object_get(r->run, "response_quality"), "Response quality");
	put_scores(&part, json_object_get(r->run, "product_fit"), "Product fit");
	put(b, &part, max);
	put_judge(&part, json_object_get(r->run, "judged"));
	put(b, &part, max);
}
