#include "trial/replay/to_test.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/wav.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "language/pii.h"
#include "trial/scenario/scenario.h"

#define FILE_MAX     (4u << 20)
#define LEAD_SAMPLES 800u  /* of a clip: 100 ms before its onset */
#define TAIL_SAMPLES 1200u /* and 150 ms behind its end */

struct writing {
	const struct cw_capture *capture;
	const struct cw_to_test_conf *conf;
	struct cw_to_test_report *report;
	struct cw_buf b;
	char *clips; /* folder, NULL: none */
	struct cw_why *why;
};

/* ---- words ---- */

struct masking {
	struct cw_buf *out;
	struct cw_str text;
	const char *at; /* what follows was not copied yet */
	size_t n;
};

static bool replace(const struct cw_pii *p, void *arg)
{
	static const char *const fictional[CW_PII_KINDS] = {
		[CW_PII_PHONE] = "415 555 0142",
		[CW_PII_CARD] = "4111 1111 1111 1111",
		[CW_PII_SSN] = "987 65 4320",
		[CW_PII_EMAIL] = "caller at example dot com",
		[CW_PII_ADDRESS] = "12 Example Street",
	};
	struct masking *m = arg;

	cw_buf_put(m->out, m->at, (size_t)(p->at.p - m->at));
	cw_buf_puts(m->out, fictional[p->kind]);
	m->at = p->at.p + p->at.len;
	m->n++;
	return true;
}

static void put_words(struct writing *w, const char *words)
{
	CW_BUF_SCOPED struct cw_buf out = CW_BUF(FILE_MAX);
	struct masking m = {&out, cw_str(words), words, 0};
	CW_JSON_SCOPED json_t *text = NULL;

	if (!w->conf->keep_personal)
		(void)cw_pii_find(m.text, CW_PII_ALL, replace, &m);
	cw_buf_puts(&out, m.at);
	w->report->replaced += m.n;
	text = cw_buf_err(&out) ? NULL : json_string(out.p);
	cw_json_dump(&w->b, text ? text : json_null()); /* JSON texts are YAML texts */
}

static void put_text(struct writing *w, const char *before, const char *text, const char *after)
{
	CW_JSON_SCOPED json_t *j = json_string(text);

	cw_buf_puts(&w->b, before);
	cw_json_dump(&w->b, j ? j : json_null());
	cw_buf_puts(&w->b, after);
}

/* ---- clips ---- */

static int save_clip(struct writing *w, const struct cw_capture_turn *t, const char *path)
{
	const struct cw_wav_format format = {.coding = CW_WAV_PCM16, .rate_hz = 8000, .channels = 1};
	const struct cw_capture *c = w->capture;
	size_t from = (size_t)(t->onset_us / 125), to = (size_t)(t->last_us / 125) + TAIL_SAMPLES;
	CW_SCOPED struct cw_wav_writer *wav = NULL;
	int err = cw_wav_create(NULL, path, &format, &wav, w->why);

	from = from > LEAD_SAMPLES ? from - LEAD_SAMPLES : 0;
	to = to < c->n_samples ? to : c->n_samples;
	if (!err)
		err = cw_wav_write(wav, c->caller + from, to - from);
	return err ? err : cw_wav_finish(wav);
}

static int put_clip(struct writing *w, const struct cw_capture_turn *t)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/%02zu.wav", w->clips, w->report->clips + 1);
	int err = path ? save_clip(w, t, path) : ENOMEM;

	if (err)
		return err;
	w->report->clips++;

	const char *folder = strrchr(w->clips, '/');

	cw_buf_fmt(&w->b, "play: {file: \"%s/%02zu.wav\", text: ", folder ? folder + 1 : w->clips, w->report->clips);
	put_words(w, t->text);
	cw_buf_puts(&w->b, "}");
	return 0;
}

/* ---- turns ---- */

/* Nine keys or more are a telephone, card or account number. */
static void put_keys(struct writing *w, const char *digits)
{
	size_t n = strspn(digits, "0123456789");
	bool personal = n >= 9 && !w->conf->keep_personal;

	w->report->replaced += personal;
	cw_buf_fmt(&w->b, "dtmf: \"%s%s\"", personal ? "4155550142" : "", personal ? digits + n : digits);
}

static void put_when(struct writing *w, const struct cw_capture_turn *t)
{
	uint64_t ms = (t->delay_us + 500) / 1000;

	if (t->when == CW_WHEN_DURING)
		cw_buf_fmt(&w->b, ", when: {during: agent, at_ms: %llu}", (unsigned long long)ms);
	else
		cw_buf_fmt(&w->b, ", when: {after: %s, delay_ms: %llu}", cw_when_name(t->when), (unsigned long long)ms);
}

static int put_turn(struct writing *w, const struct cw_capture_turn *t)
{
	int err = 0;

	if (!w->conf->keep_audio && !t->text[0] && !t->digits) {
		w->report->wordless++;
		return 0;
	}
	cw_buf_puts(&w->b, "      - {");
	if (t->digits) {
		put_keys(w, t->digits);
	} else if (w->conf->keep_audio) {
		err = put_clip(w, t);
	} else {
		cw_buf_puts(&w->b, "say: ");
		put_words(w, t->text);
	}
	put_when(w, t);
	if (t->name[0])
		cw_buf_fmt(&w->b, ", name: %s", t->name);
	cw_buf_puts(&w->b, "}\n");
	w->report->turns++;
	return err;
}

/* ---- assertions ---- */

static const struct cw_test *test_of(const struct cw_scenario *s, const char *id)
{
	for (size_t i = 0; i < s->n_tests; i++)
		if (!strcmp(s->tests[i]->id, id))
			return s->tests[i];
	return NULL;
}

static bool is_personal(const json_t *conf)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	struct cw_pii found;

	if (!conf)
		return false;
	cw_json_dump(&b, conf);
	return !cw_buf_err(&b) && cw_pii_first(cw_buf_str(&b), CW_PII_ALL, &found);
}

/* Those of the test it came from; its file may have changed or gone meanwhile: then there are none. */
static size_t put_inherited(struct writing *w)
{
	size_t n = 0;
	CW_SCOPED struct cw_scenario *s = NULL;
	const struct cw_scenario_conf none = {0};
	const struct cw_test *t = NULL;

	if (w->capture->scenario[0] && !cw_scenario_load(NULL, w->capture->scenario, &none, &s, NULL))
		t = test_of(s, w->capture->test);
	for (size_t i = 0; t && i < t->asserts.n; i++) {
		CW_JSON_SCOPED json_t *conf = json_copy(t->asserts.asserts[i].conf);

		if (!w->conf->keep_personal && is_personal(conf)) {
			cw_buf_fmt(&w->b, "      # left out, as it asks for personal data: %s\n",
				t->asserts.asserts[i].name);
			continue;
		}
		n++;

		if (conf && !json_object_get(conf, "type"))
			(void)json_object_set_new(conf, "type",
				json_string(t->asserts.asserts[i].name)); /* no memory: the file says so when read */
		cw_buf_puts(&w->b, "      - ");
		cw_json_dump(&w->b, conf ? conf : json_null());
		cw_buf_puts(&w->b, "\n");
	}
	return n;
}

static void put_asserts(struct writing *w)
{
	cw_buf_puts(&w->b, "    assert:\n");
	if (put_inherited(w))
		return;
	cw_buf_puts(&w->b, "      - {type: dead_air_ms, max: 6000}\n");
	if (w->capture->agent_hung_up)
		cw_buf_puts(&w->b, "      - {type: hangup_by, value: agent}\n");
}

/* ---- the file ---- */

/* Letters, digits and . _ - of @key: an id of a test. */
static void put_id(struct writing *w)
{
	const char *id = w->conf->id ? w->conf->id : w->capture->key;
	size_t n = 0;

	cw_buf_puts(&w->b, w->conf->id ? "  - id: " : "  - id: replay-");
	for (; *id && n < 60; id++, n++)
		cw_buf_putc(&w->b,
			strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *id) ? *id : '-');
	cw_buf_puts(&w->b, "\n");
}

static int put_all(struct writing *w)
{
	const struct cw_capture *c = w->capture;
	uint64_t limit_s = c->end_us / 1000000 * 2 + 30;
	int err = 0;

	cw_buf_puts(&w->b,
		"# Made from a recorded call by callwright replay: the caller's turns, where they stood relative to the agent's.\n");
	cw_buf_puts(&w->b,
		w->conf->keep_audio
			? "# The clips hold the caller's own voice: treat them as personal data.\n"
			: "# Telephone, card and social security numbers, e-mail and street addresses were replaced.\n");
	cw_buf_puts(&w->b, "version: 1\n");
	put_text(w, "name: ", c->test[0] ? c->test : c->key, "\n");
	if (w->conf->target)
		put_text(w, "target: ", w->conf->target, "\n");
	cw_buf_fmt(&w->b, "defaults: {timeout_s: %llu", (unsigned long long)(limit_s < 3600 ? limit_s : 3600));
	if (w->conf->voice)
		put_text(w, ", voice: ", w->conf->voice, "");
	cw_buf_puts(&w->b, "}\ntests:\n");
	put_id(w);
	cw_buf_puts(&w->b, "    tags: [replay]\n");
	put_text(w, "    description: ", c->key, "\n");
	cw_buf_puts(&w->b, "    turns:\n");
	for (size_t i = 0; !err && i < c->n_turns; i++)
		err = put_turn(w, &c->turns[i]);
	if (err)
		return err;
	put_asserts(w);
	return cw_buf_err(&w->b);
}

static int open_clips(struct writing *w)
{
	size_t n = strlen(w->conf->path);

	if (!w->conf->keep_audio)
		return 0;
	n -= n > 5 && !strcmp(w->conf->path + n - 5, ".yaml") ? 5 : 0;
	w->clips = talloc_asprintf(NULL, "%.*s.clips", (int)n, w->conf->path);
	if (!w->clips)
		return ENOMEM;
	if (mkdir(w->clips, 0777) && errno != EEXIST)
		return cw_why_set(w->why, errno, "folder %s cannot be made: %s", w->clips, strerror(errno));
	return 0;
}

static int write_file(struct writing *w)
{
	if (!w->report->turns)
		return cw_why_set(w->why, EINVAL,
			"%s: of none of its %zu turns the words are known: keep the audio (--keep-audio)",
			w->capture->key, w->capture->n_turns);
	return cw_file_replace(w->conf->path, cw_buf_str(&w->b), w->why);
}

int cw_to_test_write(const struct cw_capture *c, const struct cw_to_test_conf *conf, struct cw_to_test_report *ret,
	struct cw_why *why)
{
	struct writing w = {.capture = c, .conf = conf, .report = ret, .b = CW_BUF(FILE_MAX), .why = why};
	int err;

	*ret = (struct cw_to_test_report){0};
	if (!access(conf->path, F_OK))
		return cw_why_set(why, EEXIST, "%s is there already: choose another name or remove it", conf->path);
	err = open_clips(&w);
	if (!err)
		err = put_all(&w);
	if (!err)
		err = write_file(&w);
	cw_buf_clear(&w.b);
	(void)talloc_free(w.clips);
	return err;
}
