/* The files of one call's folder: pure functions of its record and view. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/wav.h"
#include "trial/execute/record.h"
#include "trial/execute/verdict.h"
#include "trial/view/measure.h"
#include "trial/view/view_int.h"

#define FILE_MAX (64u << 20)

/* Of a call that was not recorded: nothing has needed it before. */
static int make_folder(const char *path)
{
	return mkdir(path, 0777) && errno != EEXIST ? errno : 0;
}

/* Plain writes: these files can be made again from what results.jsonl names; a torn one harms nobody. */
static int save(const struct cw_call_record *r, const char *name, struct cw_buf *b)
{
	char path[4096];
	bool good;
	FILE *f;

	if (cw_buf_err(b))
		return cw_buf_err(b);
	(void)snprintf(path, sizeof(path), "%s/%s", r->call_dir, name); /* a path that does not fit fails to open */
	f = fopen(path, "we");
	if (!f)
		return errno;
	errno = 0;
	good = fwrite(b->p, 1, b->len, f) == b->len;
	if (!fclose(f) && good)
		return 0;
	return errno ? errno : EIO;
}

static int save_json(const struct cw_call_record *r, const char *name, json_t *j)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);

	if (!j)
		return ENOMEM;
	cw_json_dump(&b, j);
	cw_buf_putc(&b, '\n');
	return save(r, name, &b);
}

static double s(uint64_t us)
{
	return (double)us / 1e6;
}

/* ---- events.jsonl: both timelines in one order ---- */

static void put_event(struct cw_buf *b, const char *view, const struct cw_event *e)
{
	CW_BUF_SCOPED struct cw_buf line = CW_BUF(1u << 20);

	cw_event_encode(&line, e);
	while (line.len && line.p[line.len - 1] == '\n')
		line.len--;
	cw_buf_fmt(b, "{\"view\":\"%s\",", view);
	if (cw_buf_err(&line) || line.len < 2)
		cw_buf_puts(b, "\"lost\":true}");
	else
		cw_buf_put(b, line.p + 1, line.len - 1);
	cw_buf_putc(b, '\n');
}

static int write_events(const struct cw_call_record *r)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	const struct cw_event *c, *a;
	size_t i = 0, k = 0;

	cw_buf_puts(&b, "");
	for (;;) {
		c = cw_timeline_at(r->caller, i);
		a = r->agent ? cw_timeline_at(r->agent, k) : NULL;
		if (!c && !a)
			break;
		if (c && (!a || c->t_us <= a->t_us)) {
			put_event(&b, "caller", c);
			i++;
		} else {
			put_event(&b, "agent", a);
			k++;
		}
	}
	return save(r, "events.jsonl", &b);
}

/* ---- transcript.json ---- */

static json_t *caller_turn(const struct cw_view *v, size_t i)
{
	const struct cw_play *p = &v->plays[i];
	struct cw_value response = cw_measure_response_ms(v, i), stop = cw_measure_barge_in_stop_ms(v, i);

	return json_pack("{s:s, s:f, s:f, s:s, s:s, s:I, s:s, s:s, s:o, s:o}", "side", "caller", "from_s",
		s(p->onset_us), "to_s", s(p->last_us), "said", p->text, "of", p->kind, "n", (json_int_t)p->index + 1,
		"name", p->name, "action", p->action, "response_ms",
		response.known ? json_real(response.v) : json_null(), "barge_in_stop_ms",
		stop.known ? json_real(stop.v) : json_null());
}

static json_t *agent_turn(const struct cw_view *v, size_t i)
{
	const struct cw_agent_turn *t = &v->turns[i];
	CW_BUF_SCOPED struct cw_buf said = CW_BUF(65536);
	bool cut = false;

	for (size_t k = 0; k < v->n_said; k++) {
		const struct cw_agent_said *x = &v->said[k];

		if (x->last_us <= t->onset_us || x->onset_us >= t->last_us)
			continue;
		cw_buf_fmt(&said, "%s%s", said.len ? " " : "", x->heard);
		cut = cut || x->cut;
	}
	return json_pack("{s:s, s:f, s:f, s:s, s:s, s:o, s:b}", "side", "agent", "from_s", s(t->onset_us), "to_s",
		s(t->last_us), "heard", t->heard, "said", cw_buf_err(&said) || !said.p ? "" : said.p, "confidence",
		t->confidence >= 0 ? json_real(t->confidence) : json_null(), "cut", cut);
}

static json_t *turns(const struct cw_view *v)
{
	json_t *list = json_array();
	size_t i = 0, k = 0;

	while (list && (i < v->n_plays || k < v->n_turns)) {
		bool caller = i < v->n_plays && (k == v->n_turns || v->plays[i].onset_us <= v->turns[k].onset_us);
		json_t *o = caller ? caller_turn(v, i++) : agent_turn(v, k++);

		if (json_array_append_new(list, o)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Events of one kind, with their time in seconds. */
static json_t *events(const struct cw_timeline *t, enum cw_event_kind kind)
{
	json_t *list = json_array();
	size_t from = 0;

	for (const struct cw_event *e; t && list && (e = cw_timeline_next(t, &from, kind, CW_SIDE_N));) {
		json_t *o = json_copy(e->data);

		if (!o || json_object_set_new(o, "at_s", json_real(s(e->t_us))) || json_array_append_new(list, o)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *stretches(const struct cw_view *v, enum cw_side side)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < v->n_speech[side]; i++)
		if (json_array_append_new(
			    list, json_pack("[f, f]", s(v->speech[side][i].onset_us), s(v->speech[side][i].last_us)))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static int write_transcript(const struct cw_call_record *r, const struct cw_view *v)
{
	CW_JSON_SCOPED json_t *j = json_pack("{s:s, s:f, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:o, s:o, s:o}", "key",
		r->item->key, "duration_s", s(r->end_us), "answered_s",
		v->answered_us == UINT64_MAX ? json_null() : json_real(s(v->answered_us)), "turns", turns(v), "speech",
		"caller", stretches(v, CW_SIDE_CALLER), "agent", stretches(v, CW_SIDE_AGENT), "tools_called",
		events(r->agent, CW_EV_TOOL_CALLED), "tool_results", events(r->agent, CW_EV_TOOL_RESULT),
		"interruptions", events(r->agent, CW_EV_INTERRUPTED), "states", events(r->agent, CW_EV_STATE), "faults",
		events(r->agent, CW_EV_FAULT));

	return save_json(r, "transcript.json", j);
}

/* ---- waterfall.json: where the silence after each turn went ---- */

static const struct cw_event *after(
	const struct cw_timeline *t, enum cw_event_kind kind, enum cw_side side, uint64_t from_us, uint64_t to_us)
{
	size_t from = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(t, &from, kind, side));)
		if (e->t_us >= from_us && e->t_us <= to_us)
			return e;
	return NULL;
}

static int stage(json_t *list, const char *name, uint64_t *at_us, uint64_t to_us)
{
	double ms = ((double)to_us - (double)*at_us) / 1000;
	int err =
		json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "stage", name, "from_s", s(*at_us), "ms", ms));

	*at_us = to_us;
	return err ? ENOMEM : 0;
}

/* Rows add up to the silence heard; what no event explains is the last row. */
static json_t *rows_of(const struct cw_view *v, uint64_t from_us, uint64_t to_us)
{
	static const struct {
		enum cw_event_kind kind;
		enum cw_side side;
		const char *stage;
	} marks[] = {
		{CW_EV_TURN_ENDED, CW_SIDE_CALLER, "agent decides that the turn is over"},
		{CW_EV_SAY, CW_SIDE_AGENT, "agent thinks"},
		{CW_EV_TTS_FIRST_AUDIO, CW_SIDE_AGENT, "synthesis"},
		{CW_EV_AUDIO_STARTED, CW_SIDE_AGENT, "audio leaves"},
	};
	json_t *rows = json_array();
	uint64_t at = from_us;
	int err = rows ? 0 : ENOMEM;

	for (size_t i = 0; !err && v->agent && i < CW_COUNT(marks); i++) {
		const struct cw_event *e = after(v->agent, marks[i].kind, marks[i].side, at, to_us);

		if (e)
			err = stage(rows, marks[i].stage, &at, e->t_us);
	}
	if (!err)
		err = stage(rows, v->agent ? "line and lead-in (remainder)" : "not visible over this line (remainder)",
			&at, to_us);
	if (!err)
		return rows;
	json_decref(rows);
	return NULL;
}

static int write_waterfall(const struct cw_call_record *r, const struct cw_view *v)
{
	CW_JSON_SCOPED json_t *list = json_array();

	for (size_t i = 0; list && i < v->n_plays; i++) {
		const struct cw_play *p = &v->plays[i];
		struct cw_value x = cw_measure_response_ms(v, i);

		if (!x.known || x.v < 0)
			continue;
		if (json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:f, s:f, s:f, s:o}", "of", p->kind, "n",
							(json_int_t)p->index + 1, "text", p->text, "from_s",
							s(p->last_us), "to_s", s((uint64_t)x.at_us), "response_ms", x.v,
							"stages", rows_of(v, p->last_us, (uint64_t)x.at_us))))
			return ENOMEM;
	}
	return save_json(r, "waterfall.json", list);
}

/* ---- levels.json, labels.txt ---- */

static void put_levels(struct cw_buf *b, const uint8_t *levels, size_t n)
{
	CW_ASSERT(levels || !n);
	for (size_t i = 0; i < n; i++)
		cw_buf_fmt(b, "%s%u", i ? "," : "", levels[i]);
}

static int write_levels(const struct cw_call_record *r)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);

	if (!r->levels[0] && !r->levels[1])
		return 0;
	cw_buf_puts(&b, "{\"step_ms\":20,\"caller\":[");
	put_levels(&b, r->levels[CW_SIDE_CALLER], r->n_levels[CW_SIDE_CALLER]);
	cw_buf_puts(&b, "],\"agent\":[");
	put_levels(&b, r->levels[CW_SIDE_AGENT], r->n_levels[CW_SIDE_AGENT]);
	cw_buf_puts(&b, "]}\n");
	return save(r, "levels.json", &b);
}

static void put_label(struct cw_buf *b, uint64_t from_us, uint64_t to_us, const char *who, const char *text)
{
	cw_buf_fmt(b, "%.6f\t%.6f\t%s: ", s(from_us), s(to_us), who);
	for (const char *p = text; *p; p++)
		cw_buf_putc(b, *p == '\t' || *p == '\n' || *p == '\r' ? ' ' : *p);
	cw_buf_putc(b, '\n');
}

static int write_labels(const struct cw_call_record *r, const struct cw_view *v)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);

	cw_buf_puts(&b, "");
	for (size_t i = 0; i < v->n_plays; i++)
		put_label(&b, v->plays[i].onset_us, v->plays[i].last_us, "caller",
			v->plays[i].text[0] ? v->plays[i].text : v->plays[i].action);
	for (size_t i = 0; i < v->n_turns; i++)
		put_label(&b, v->turns[i].onset_us, v->turns[i].last_us, "agent", v->turns[i].heard);
	return save(r, "labels.txt", &b);
}

/* ---- one channel instead of two, when asked for ---- */

static int write_mono(const struct cw_call_record *r)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	static const struct cw_wav_format format = {CW_WAV_PCM16, 8000, 1};
	struct cw_wav_writer *w;
	char path[4096];
	int16_t *pcm;
	size_t n;
	int err = scratch ? cw_wav_load_mono(scratch, r->wav_path, 8000, &pcm, &n, NULL) : ENOMEM;

	(void)snprintf(path, sizeof(path), "%s/mono.wav", r->call_dir); /* a path that does not fit fails to open */
	if (!err)
		err = cw_wav_create(scratch, path, &format, &w, NULL);
	if (!err)
		err = cw_wav_write(w, pcm, n);
	if (!err)
		err = cw_wav_finish(w);
	if (!err && unlink(r->wav_path))
		err = errno;
	return err;
}

int cw_artifacts_write(const struct cw_call_record *r, const struct cw_view *v)
{
	int err = make_folder(r->call_dir);

	if (!err)
		err = write_events(r);
	if (!err)
		err = write_transcript(r, v);
	if (err || v->chat) /* what was not heard has neither silences nor levels */
		return err;
	err = write_waterfall(r, v);
	if (!err)
		err = write_levels(r);
	if (!err)
		err = write_labels(r, v);
	if (!err)
		err = cw_record_save(r);
	if (!err && r->trial->record == CW_RECORD_MONO && !r->open_err)
		err = write_mono(r);
	return err;
}
