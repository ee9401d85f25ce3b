/* The results of `voice` as JSON, CSV and tables. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "trial/perf/voice_int.h"

static json_t *number(double v, const char *reason)
{
	return isnan(v) ? json_pack("{s:s}", "null", reason) : json_real(v);
}

static json_t *interval(const struct cw_interval *i, const char *reason)
{
	if (isnan(i->value))
		return json_pack("{s:s}", "null", reason);
	if (!i->known)
		return json_pack("{s:f, s:n, s:n}", "value", i->value, "lo", "hi");
	return json_pack("{s:f, s:f, s:f}", "value", i->value, "lo", i->lo, "hi", i->hi);
}

static const char *channel_of(const struct cw_voice_run *r, size_t condition)
{
	return r->conditions[condition].channel ? r->conditions[condition].channel : "control";
}

static json_t *snr_of(const struct cw_voice_run *r, size_t condition)
{
	double snr = r->conditions[condition].snr_db;

	return snr < VOICE_NO_SNR ? json_real(snr) : json_null();
}

static const char *ear_of(const struct cw_voice_run *r, size_t ear)
{
	return ear < r->conf.n_ears ? r->conf.ears[ear] : "";
}

/* ---- voices: means over the sentences as they were spoken ---- */

struct voice_means {
	size_t spoken, failed;
	double ttfb_ms, realtime; /* time to speak / time spoken; NAN for recordings */
	double of[CW_QUALITY_COUNT];
};

static struct voice_means means_of(const struct cw_voice_run *r, size_t source)
{
	struct voice_means m = {0};
	size_t n[CW_QUALITY_COUNT] = {0};
	double seconds = 0, synth = 0;

	for (size_t i = 0; i < r->conf.sources[source].n_items; i++) {
		const struct voice_spoken *s = &r->spoken[source][i];

		m.failed += s->failed != NULL;
		if (!s->n)
			continue;
		m.spoken++;
		m.ttfb_ms += s->ttfb_ms;
		synth += s->synth_ms / 1e3;
		seconds += s->quality.of[CW_QUALITY_DURATION_S].v;
		for (size_t k = 0; k < CW_QUALITY_COUNT; k++)
			if (s->quality.of[k].known) {
				m.of[k] += s->quality.of[k].v;
				n[k]++;
			}
	}
	m.ttfb_ms = m.spoken ? m.ttfb_ms / (double)m.spoken : NAN;
	m.realtime = seconds > 0 ? synth / seconds : NAN;
	for (size_t k = 0; k < CW_QUALITY_COUNT; k++)
		m.of[k] = n[k] ? m.of[k] / (double)n[k] : NAN;
	return m;
}

static json_t *voices_json(const struct cw_voice_run *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->conf.n_sources; i++) {
		struct voice_means m = means_of(r, i);
		const char *none = r->conf.sources[i].voice ? "nothing was spoken" : "recordings are not synthesised";
		json_t *quality = json_object(), *o;

		for (size_t k = 0; k < CW_QUALITY_COUNT; k++)
			json_object_set_new(quality, cw_quality_name((enum cw_quality_of)k),
				number(m.of[k], "known of no sentence"));
		o = json_pack("{s:s, s:I, s:I, s:o, s:o, s:o}", "source", r->conf.sources[i].name, "spoken",
			(json_int_t)m.spoken, "failed", (json_int_t)m.failed, "ttfb_ms", number(m.ttfb_ms, none),
			"realtime_factor", number(m.realtime, none), "quality_mean", quality);
		if (json_array_append_new(list, o)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *row_json(const struct cw_voice_run *r, const struct voice_row *row)
{
	const char *unheard = "nothing was heard", *unmeasured = "no sound was measured";

	return json_pack("{s:s, s:s, s:o, s:s, s:I, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:o}",
		"source", r->conf.sources[row->source].name, "channel", channel_of(r, row->condition), "snr_db",
		snr_of(r, row->condition), "ear", ear_of(r, row->ear), "n", (json_int_t)row->n, "wer",
		interval(&row->wer, unheard), "cer", interval(&row->cer, unheard), "entity_accuracy",
		interval(&row->entity_accuracy, "no entities, or nothing was heard"), "entities", "right",
		(json_int_t)row->entities.right, "wrong", (json_int_t)row->entities.wrong, "missing",
		(json_int_t)row->entities.missing, "extra", (json_int_t)row->entities.extra, "snr_estimated_db",
		number(row->snr_db, unmeasured), "stoi", number(row->stoi, unmeasured), "nsim",
		number(row->nsim, unmeasured), "mos_nsim", number(row->mos_nsim, unmeasured), "ear_ms",
		number(row->ear_ms, unheard));
}

static json_t *rung_json(const struct cw_voice_run *r, const struct voice_rung *g)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "source", r->conf.sources[g->source].name, "channel",
		g->channel, "ear", ear_of(r, g->ear), "snr_at_90_db",
		g->absent ? json_pack("{s:s}", "null", g->absent) : interval(&g->snr_db, ""), "control_accuracy",
		number(g->control, "no entities"), "accuracy_at_highest", number(g->best, "no entities"),
		"accuracy_at_lowest", number(g->worst, "no entities"));
}

/* Each sentence: what was said, what each ear heard of it. */
static json_t *sentence_json(const struct cw_voice_run *r, size_t source, size_t item)
{
	const struct voice_spoken *s = &r->spoken[source][item];
	json_t *heard = json_array(), *o;

	for (size_t k = 0; k < r->n_conditions; k++) {
		const struct voice_sound *x = &r->sounds[source][item * r->n_conditions + k];

		for (size_t e = 0; x->done && e < r->conf.n_ears; e++)
			json_array_append_new(
				heard, json_pack("{s:s, s:o, s:s, s:s*, s:s*, s:I}", "channel", channel_of(r, k),
					       "snr_db", snr_of(r, k), "ear", ear_of(r, e), "text", x->heard[e].text,
					       "failed", x->heard[e].failed, "word_errors",
					       (json_int_t)cw_wer_errors(&x->heard[e].words)));
	}
	o = json_pack("{s:s, s:s, s:s*, s:s*, s:o}", "source", r->conf.sources[source].name, "text",
		r->conf.sources[source].items[item].text, "file", r->conf.sources[source].items[item].path, "failed",
		s->failed, "heard", heard);
	if (o && s->n)
		json_object_set_new(o, "quality", cw_quality_to_json(&s->quality));
	return o;
}

static json_t *sentences_json(const struct cw_voice_run *r)
{
	json_t *list = json_array();

	for (size_t s = 0; s < r->conf.n_sources; s++)
		for (size_t i = 0; i < r->conf.sources[s].n_items; i++)
			if (json_array_append_new(list, sentence_json(r, s, i))) {
				json_decref(list);
				return NULL;
			}
	return list;
}

static json_t *configuration_json(const struct cw_voice_run *r)
{
	json_t *snrs = json_array(), *ears = json_array(), *channels = json_array();

	for (size_t i = 0; i < r->conf.n_snrs; i++)
		json_array_append_new(snrs, json_real(r->conf.snrs[i]));
	for (size_t i = 0; i < r->conf.n_ears; i++)
		json_array_append_new(ears, json_string(r->conf.ears[i]));
	for (size_t i = 0; i < r->conf.n_channels; i++)
		json_array_append_new(channels, json_string(r->conf.channels[i]));
	return json_pack("{s:o, s:o, s:o, s:s, s:s, s:b, s:I}", "ears", ears, "channels", channels, "snrs_db", snrs,
		"noise", r->conf.noise ? r->conf.noise : "the channel's own, else pink", "language",
		r->conf.language ? r->conf.language : "en-US", "texts_expected", (int)r->conf.expect, "seed",
		(json_int_t)r->conf.seed);
}

json_t *cw_voice_json(const struct cw_voice_run *r)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct voice_tally t;
	json_t *rows = json_array(), *ladder = json_array();

	if (!scope || voice_tally(scope, r, &t)) {
		json_decref(rows);
		json_decref(ladder);
		return NULL;
	}
	for (size_t i = 0; i < t.n_rows; i++)
		json_array_append_new(rows, row_json(r, &t.rows[i]));
	for (size_t i = 0; i < t.n_rungs; i++)
		json_array_append_new(ladder, rung_json(r, &t.rungs[i]));
	return json_pack("{s:b, s:I, s:o, s:o, s:o, s:o, s:o}", "complete", (int)r->complete, "failures",
		(json_int_t)r->failures, "configuration", configuration_json(r), "voices", voices_json(r), "rows", rows,
		"ladder", ladder, "sentences", sentences_json(r));
}

/* ---- CSV ---- */

static void csv_text(struct cw_buf *b, const char *s)
{
	cw_buf_putc(b, '"');
	for (; *s; s++) {
		if (*s == '"')
			cw_buf_putc(b, '"');
		cw_buf_putc(b, *s);
	}
	cw_buf_putc(b, '"');
}

static void csv_number(struct cw_buf *b, double v)
{
	cw_buf_putc(b, ',');
	if (!isnan(v))
		cw_buf_fmt(b, "%.6g", v);
}

static void csv_interval(struct cw_buf *b, const struct cw_interval *i)
{
	csv_number(b, i->value);
	csv_number(b, i->known ? i->lo : NAN);
	csv_number(b, i->known ? i->hi : NAN);
}

int cw_voice_csv(const struct cw_voice_run *r, struct cw_buf *out)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct voice_tally t;
	int err = scope ? voice_tally(scope, r, &t) : ENOMEM;

	if (err)
		return err;
	cw_buf_puts(out,
		"source,channel,snr_db,ear,n,wer,wer_lo,wer_hi,cer,cer_lo,cer_hi,entity_accuracy,entity_lo,entity_hi,"
		"snr_estimated_db,stoi,nsim,mos_nsim,ear_ms\n");
	for (size_t i = 0; i < t.n_rows; i++) {
		const struct voice_row *row = &t.rows[i];
		double snr = r->conditions[row->condition].snr_db;

		csv_text(out, r->conf.sources[row->source].name);
		cw_buf_putc(out, ',');
		csv_text(out, channel_of(r, row->condition));
		csv_number(out, snr < VOICE_NO_SNR ? snr : NAN);
		cw_buf_putc(out, ',');
		csv_text(out, ear_of(r, row->ear));
		cw_buf_fmt(out, ",%zu", row->n);
		csv_interval(out, &row->wer);
		csv_interval(out, &row->cer);
		csv_interval(out, &row->entity_accuracy);
		csv_number(out, row->snr_db);
		csv_number(out, row->stoi);
		csv_number(out, row->nsim);
		csv_number(out, row->mos_nsim);
		csv_number(out, row->ear_ms);
		cw_buf_putc(out, '\n');
	}
	return cw_buf_err(out);
}

/* ---- tables: columns of equal width for the terminal, pipes for Markdown ---- */

#define CELL 96

struct table {
	struct cw_buf *out;
	bool markdown;
	const int *width; /* negative: to the left */
	size_t columns, at;
};

static size_t letters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

static void cell(struct table *t, const char *text)
{
	int width = t->width[t->at];
	size_t room = (size_t)(width < 0 ? -width : width), len = letters(text), pad = len < room ? room - len : 0;

	cw_buf_puts(t->out, t->markdown ? (t->at ? " | " : "| ") : t->at ? "  " : "");
	if (t->markdown)
		pad = 0;
	for (size_t i = 0; width > 0 && i < pad; i++)
		cw_buf_putc(t->out, ' ');
	cw_buf_puts(t->out, text);
	if (t->at + 1 < t->columns)
		for (size_t i = 0; width < 0 && i < pad; i++)
			cw_buf_putc(t->out, ' ');
	if (++t->at == t->columns) {
		cw_buf_puts(t->out, t->markdown ? " |\n" : "\n");
		t->at = 0;
	}
}

static void cell_number(struct table *t, double v, int decimals)
{
	char text[32];

	snprintf(text, sizeof(text), "%.*f", decimals, v);
	cell(t, isnan(v) ? "–" : text);
}

static void cell_percent(struct table *t, const struct cw_interval *i)
{
	char text[CELL];

	if (isnan(i->value))
		snprintf(text, sizeof(text), "–");
	else if (!i->known)
		snprintf(text, sizeof(text), "%.1f", 100 * i->value);
	else
		snprintf(text, sizeof(text), "%.1f (%.1f … %.1f)", 100 * i->value, 100 * i->lo, 100 * i->hi);
	cell(t, text);
}

static void heading(struct table *t, const char *const *names)
{
	for (size_t i = 0; i < t->columns; i++)
		cell(t, names[i]);
	if (!t->markdown)
		return;
	for (size_t i = 0; i < t->columns; i++)
		cw_buf_puts(t->out, t->width[i] < 0 ? "|---" : "|--:");
	cw_buf_puts(t->out, "|\n");
}

static void title(struct cw_buf *out, bool markdown, const char *text)
{
	cw_buf_fmt(out, markdown ? "\n## %s\n\n" : "\n%s\n", text);
}

static int widest_source(const struct cw_voice_run *r)
{
	size_t most = 8;

	for (size_t i = 0; i < r->conf.n_sources; i++)
		most = letters(r->conf.sources[i].name) > most ? letters(r->conf.sources[i].name) : most;
	return -(int)(most < CELL ? most : CELL);
}

static void voices_table(const struct cw_voice_run *r, bool markdown, struct cw_buf *out)
{
	static const char *const names[] = {
		"source", "n", "ttfb ms", "realtime", "LUFS", "SNR dB", "band Hz", "clarity", "clipped %", "clicks"};
	const int width[] = {widest_source(r), 4, 8, 8, 6, 6, 8, 7, 9, 6};
	struct table t = {.out = out, .markdown = markdown, .width = width, .columns = CW_COUNT(width)};

	title(out, markdown, "Voices as they speak (means over sentences; realtime: time to speak / time spoken)");
	heading(&t, names);
	for (size_t i = 0; i < r->conf.n_sources; i++) {
		struct voice_means m = means_of(r, i);
		char n[24];

		snprintf(n, sizeof(n), "%zu", m.spoken);
		cell(&t, r->conf.sources[i].name);
		cell(&t, n);
		cell_number(&t, m.ttfb_ms, 1);
		cell_number(&t, m.realtime, 3);
		cell_number(&t, m.of[CW_QUALITY_LOUDNESS_LUFS], 1);
		cell_number(&t, m.of[CW_QUALITY_SNR_DB], 1);
		cell_number(&t, m.of[CW_QUALITY_BAND_HIGH_HZ], 0);
		cell_number(&t, m.of[CW_QUALITY_CLARITY], 1);
		cell_number(&t, 100 * m.of[CW_QUALITY_CLIPPING], 2);
		cell_number(&t, m.of[CW_QUALITY_CLICKS], 1);
	}
}

static void rows_table(const struct cw_voice_run *r, const struct voice_tally *tally, bool markdown, struct cw_buf *out)
{
	static const char *const names[] = {
		"source", "ear", "channel", "SNR dB", "n", "WER %", "CER %", "entities right %", "STOI", "NSIM"};
	const int width[] = {widest_source(r), -12, -12, 6, 4, 20, 20, 21, 5, 5};
	struct table t = {.out = out, .markdown = markdown, .width = width, .columns = CW_COUNT(width)};

	title(out, markdown, "Heard (95 % bootstrap intervals over sentences; control: the same sound without a line)");
	heading(&t, names);
	for (size_t i = 0; i < tally->n_rows; i++) {
		const struct voice_row *row = &tally->rows[i];
		double snr = r->conditions[row->condition].snr_db;
		char n[24];

		snprintf(n, sizeof(n), "%zu", row->n);
		cell(&t, r->conf.sources[row->source].name);
		cell(&t, ear_of(r, row->ear));
		cell(&t, channel_of(r, row->condition));
		cell_number(&t, snr < VOICE_NO_SNR ? snr : NAN, 0);
		cell(&t, n);
		cell_percent(&t, &row->wer);
		cell_percent(&t, &row->cer);
		cell_percent(&t, &row->entity_accuracy);
		cell_number(&t, row->stoi, 3);
		cell_number(&t, row->nsim, 3);
	}
}

static void ladder_table(
	const struct cw_voice_run *r, const struct voice_tally *tally, bool markdown, struct cw_buf *out)
{
	static const char *const names[] = {"source", "ear", "channel", "90 % at SNR dB", "control %", "remark"};
	const int width[] = {widest_source(r), -12, -12, 22, 9, -1};
	struct table t = {.out = out, .markdown = markdown, .width = width, .columns = CW_COUNT(width)};

	title(out, markdown, "Ladder: the ratio at which entity accuracy falls through 90 %");
	heading(&t, names);
	for (size_t i = 0; i < tally->n_rungs; i++) {
		const struct voice_rung *g = &tally->rungs[i];
		char at[CELL];

		if (g->absent)
			snprintf(at, sizeof(at), "–");
		else if (!g->snr_db.known)
			snprintf(at, sizeof(at), "%.1f", g->snr_db.value);
		else
			snprintf(at, sizeof(at), "%.1f (%.1f … %.1f)", g->snr_db.value, g->snr_db.lo, g->snr_db.hi);
		cell(&t, r->conf.sources[g->source].name);
		cell(&t, ear_of(r, g->ear));
		cell(&t, g->channel);
		cell(&t, at);
		cell_number(&t, 100 * g->control, 1);
		cell(&t, g->absent ? g->absent : "");
	}
}

int cw_voice_table(const struct cw_voice_run *r, bool markdown, struct cw_buf *out)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct voice_tally t;
	int err = scope ? voice_tally(scope, r, &t) : ENOMEM;

	if (err)
		return err;
	if (markdown)
		cw_buf_puts(out, "# Voices and ears\n");
	voices_table(r, markdown, out);
	rows_table(r, &t, markdown, out);
	if (t.n_rungs)
		ladder_table(r, &t, markdown, out);
	if (r->failures)
		cw_buf_fmt(out, "\n%zu sentences failed: see \"failed\" in voice.json\n", r->failures);
	if (!r->complete)
		cw_buf_puts(out, "\nInterrupted: these are the results so far.\n");
	return cw_buf_err(out);
}
