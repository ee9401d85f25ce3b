#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/verbs.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "store/db.h"
#include "world/loopback.h"
#include "world/os.h"

#define ENGINE_WITHIN_US  15000000
#define TURN_US           2000
#define LOOPBACK_MESSAGES 300
#define SENTENCE          "The technician arrives on Tuesday at nine."

struct checkup {
	struct cw_world *world;
	unsigned faults;
	bool json;
	json_t *report;
};

static void tell(struct checkup *c, bool ok, const char *what, const char *fmt, ...) CW_PRINTF(4, 5);

static void tell(struct checkup *c, bool ok, const char *what, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!ok)
		c->faults++;
	if (c->json)
		json_object_set_new(c->report, what, json_pack("{s:b, s:s}", "ok", ok, "text", text));
	else
		printf("%-5s %-18s %s\n", ok ? "ok" : "FAULT", what, text);
}

static bool serve_until(struct checkup *c, const bool *done)
{
	uint64_t end = cw_now(c->world) + ENGINE_WITHIN_US;

	while (!*done && cw_now(c->world) < end)
		cw_os_run_for(c->world, TURN_US);
	return *done;
}

/* ---- voices: a sentence each ---- */

struct speaking {
	struct cw_world *world;
	uint64_t asked_us, first_us, done_us;
	size_t samples;
	int err;
	bool done;
	int16_t *pcm; /* the whole sentence, for the recognisers */
};

static void spoken_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct speaking *s = arg;

	if (!s->samples)
		s->first_us = cw_now(s->world);
	s->pcm = talloc_realloc(s->pcm ? NULL : s->world, s->pcm, int16_t, (unsigned)(s->samples + n));
	CW_ASSERT(s->pcm);
	memcpy(s->pcm + s->samples, pcm, n * sizeof(*pcm));
	s->samples += n;
}

static void spoken_done(int err, const char *reason, void *arg)
{
	struct speaking *s = arg;

	(void)reason;
	s->err = err;
	s->done_us = cw_now(s->world);
	s->done = true;
}

static void check_voice(struct checkup *c, const char *voice, struct speaking *s)
{
	static const struct cw_tts_events events = {.audio = spoken_audio, .done = spoken_done};
	CW_SCOPED struct cw_tts *tts = NULL;
	struct cw_tts_job *job = NULL;
	struct cw_why why = {0};

	*s = (struct speaking){.world = c->world, .asked_us = cw_now(c->world)};
	if (cw_tts_open(NULL, c->world, &(struct cw_tts_conf){.voice = voice, .language = "en-US"}, &tts, &why)) {
		tell(c, false, voice, "%s", why.text);
		return;
	}
	if (cw_tts_say(tts, tts, SENTENCE, &events, s, &job) || !serve_until(c, &s->done))
		tell(c, false, voice, "does not speak within %d s", ENGINE_WITHIN_US / 1000000);
	else if (s->err)
		tell(c, false, voice, "failed: %s", strerror(s->err));
	else
		tell(c, true, voice, "first audio after %.0f ms, %.1f s of speech in %.0f ms",
			(double)(s->first_us - s->asked_us) / 1e3, (double)s->samples / 8000,
			(double)(s->done_us - s->asked_us) / 1e3);
}

/* ---- recognisers: the sentence spoken before ---- */

struct hearing {
	struct cw_world *world;
	uint64_t done_us;
	char text[256];
	bool done;
	int err;
};

static void heard_final(const char *text, double confidence, void *arg)
{
	struct hearing *h = arg;

	(void)confidence;
	snprintf(h->text, sizeof(h->text), "%s", text);
	h->done_us = cw_now(h->world);
	h->done = true;
}

static void heard_failed(int err, const char *reason, void *arg)
{
	struct hearing *h = arg;

	snprintf(h->text, sizeof(h->text), "%s", reason);
	h->err = err;
	h->done = true;
}

static void check_recogniser(struct checkup *c, const char *engine, const struct speaking *spoken)
{
	static const struct cw_stt_events events = {.final = heard_final, .failed = heard_failed};
	static const char *const phrases[] = {SENTENCE};
	const struct cw_hints hints = {.phrases = phrases, .n_phrases = 1};
	CW_SCOPED struct cw_stt *stt = NULL;
	CW_SCOPED struct cw_hints *model = cw_hints_new(NULL, &hints);
	struct hearing h = {.world = c->world};
	struct cw_why why = {0};

	if (cw_stt_open(NULL, c->world, &(struct cw_stt_conf){.engine = engine, .language = "en-US", .rate_hz = 8000},
		    &events, &h, &stt, &why)) {
		tell(c, false, engine, "%s", why.text);
		return;
	}
	if (!spoken->samples || !model) {
		tell(c, false, engine, "no speech to listen to: the voice before failed");
		return;
	}
	cw_stt_expect(stt, model);
	cw_stt_begin(stt);
	cw_stt_feed(stt, spoken->pcm, spoken->samples);

	uint64_t finished_us = cw_now(c->world);

	cw_stt_finish(stt);
	if (!serve_until(c, &h.done))
		tell(c, false, engine, "does not answer within %d s", ENGINE_WITHIN_US / 1000000);
	else if (h.err)
		tell(c, false, engine, "failed: %s", h.text);
	else
		tell(c, h.text[0] != '\0', engine, "heard \"%s\" %.0f ms after %.1f s of speech came at once", h.text,
			(double)(h.done_us - finished_us) / 1e3, (double)spoken->samples / 8000);
}

/* ---- the rest ---- */

struct looping {
	struct cw_loopback result;
	int err;
	bool done;
};

static void looped(int err, const struct cw_loopback *result, void *arg)
{
	struct looping *l = arg;

	l->err = err;
	l->result = *result;
	l->done = true;
}

static void check_loopback(struct checkup *c)
{
	CW_SCOPED struct cw_loopback_probe *probe = NULL;
	struct looping l = {0};

	if (cw_loopback_measure(NULL, c->world, LOOPBACK_MESSAGES, looped, &l, &probe) || !serve_until(c, &l.done) ||
		l.err)
		tell(c, false, "loopback", "cannot measure: %s", strerror(l.err ? l.err : ETIMEDOUT));
	else
		tell(c, true, "loopback", "WebSocket floor %.3f ms ± %.3f ms one way, p99 %.3f ms (n=%u)",
			(double)l.result.floor_us / 1e3, (double)l.result.jitter_us / 1e3,
			(double)l.result.p99_us / 1e3, l.result.n);
}

static void check_database(struct checkup *c)
{
	CW_SCOPED struct cw_db *db = NULL;
	struct cw_why why = {0};

	if (cw_db_open(NULL, ":memory:", &db, &why))
		tell(c, false, "database", "%s", why.text);
	else
		tell(c, true, "database", "SQLite %s, migrations apply", sqlite3_libversion());
}

static void check_folder(struct checkup *c)
{
	char path[512];

	if (!getcwd(path, sizeof(path)))
		tell(c, false, "folder", "%s", strerror(errno));
	else if (access(".", W_OK))
		tell(c, false, "folder", "%s is not writable: runs and recordings need --out or --data-dir elsewhere",
			path);
	else
		tell(c, true, "folder", "%s is writable", path);
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct checkup c = {0};
	const struct cw_opt opts[] = {
		{CW_OPT_FLAG, 0, "json", NULL, "print the findings as JSON", &c.json},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	CW_JSON_SCOPED json_t *report = json_object();
	struct speaking flite = {0}, espeak = {0}, modem = {0};
	size_t n;
	int exit_code;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (cw_os_new(NULL, &(struct cw_os_conf){0}, &c.world))
		return cw_cmd_fail(&(struct cw_why){.err = ENOMEM});
	c.report = report;
	check_folder(&c);
	check_database(&c);
	check_voice(&c, "flite:rms", &flite);
	check_voice(&c, "espeak:en-us", &espeak);
	check_voice(&c, "modem", &modem);
	check_recogniser(&c, "pocketsphinx", &flite);
	check_recogniser(&c, "modem", &modem);
	check_loopback(&c);
	if (c.json) {
		char *text = json_dumps(report, JSON_INDENT(2));

		puts(text ? text : "{}");
		cw_libc_free(text);
	}
	talloc_free(c.world);
	return c.faults ? CW_EXIT_FAILED : CW_EXIT_OK;
}

const struct cw_command cw_cmd_doctor = {
	.name = "doctor",
	.summary = "check this machine: engines, database, loopback latency",
	.usage = "callwright doctor [--json]",
	.details =
		"Speaks a sentence with every offline voice, lets the recognisers hear it, opens a database and measures how long a media\n"
		"message takes over loopback: the floor (± jitter) under every latency measured here. Exit 1 when something is at fault.\n"
		"\nExamples:\n  callwright doctor\n  callwright doctor --json\n",
	.run = run,
};
