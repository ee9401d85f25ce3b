#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/verbs.h"
#include "speech/speech.h"
#include "trial/perf/voice.h"
#include "world/os.h"

#define TEXTS_MAX  (1 << 20)
#define INDEX_MAX  (16 << 20)
#define REPORT_MAX (256 << 20)

struct flags {
	struct cw_opt_list voices, ears, channels, clips;
	const char *texts, *snr, *noise, *out_dir, *language;
	bool json, expect, keep, no_ear;
	uint64_t seed;
	uint32_t jobs, first;
};

struct session {
	struct flags f;
	struct cw_voice_conf conf;
	struct cw_voice_source *sources;
	struct cw_world *world;
	bool stop, live;
};

static int complain(const char *fmt, ...) CW_PRINTF(1, 2);
static int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("callwright voice: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nSee 'callwright voice --help'.\n", stderr);
	return CW_EXIT_USAGE;
}

static void on_signal(int signum, void *arg)
{
	struct session *s = arg;

	(void)signum;
	s->stop = true;
	cw_os_stop(s->world);
}

static void on_progress(size_t done, size_t total, const char *what, void *arg)
{
	const struct session *s = arg;

	if (s->live)
		fprintf(stderr, "\r\033[K%zu of %zu sounds · %s%s", done, total, what, done == total ? "\r\033[K" : "");
	else if (done == total || (total >= 10 && done % (total / 10) == 0))
		fprintf(stderr, "%zu of %zu sounds\n", done, total);
}

static int add_snr(struct cw_voice_conf *c, double snr)
{
	if (c->n_snrs == CW_VOICE_SNRS_MAX)
		return complain("option '--snr': more than %d ratios", CW_VOICE_SNRS_MAX);
	c->snrs[c->n_snrs++] = snr;
	return 0;
}

/* A number at @text up to @end or one of its characters; NULL: none, or outside -40 … 80. */
static const char *read_number(const char *text, char end, double *ret)
{
	size_t len = strcspn(text, end == ':' ? ":" : ",");

	if (cw_str_double((struct cw_str){text, len}, ret) || !(*ret >= -40 && *ret <= 80))
		return NULL;
	return text + len;
}

/* From, to, step: "20:0:5". */
static int read_range(const char *text, struct cw_voice_conf *c)
{
	double v[3] = {0};
	const char *at = text;
	int steps;

	for (int i = 0; i < 3 && at; i++) {
		at = read_number(at, ':', &v[i]);
		if (at && (i < 2 ? *at != ':' : *at != '\0'))
			at = NULL;
		else if (at && i < 2)
			at++;
	}
	if (!at || !(v[2] > 0))
		return complain(
			"option '--snr': '%s': expected FROM:TO:STEP with numbers of -40 … 80 dB and a step above 0",
			text);
	steps = (int)(fabs(v[0] - v[1]) / v[2] + 1e-9);
	for (int i = 0; i <= steps; i++)
		if (add_snr(c, v[0] + (v[0] > v[1] ? -i : i) * v[2]))
			return CW_EXIT_USAGE;
	return 0;
}

/* "20,10,0" or a range. */
static int read_snrs(const char *text, struct cw_voice_conf *c)
{
	const char *at = text;
	double snr;

	if (strchr(text, ':'))
		return read_range(text, c);
	for (;;) {
		at = read_number(at, ',', &snr);
		if (!at)
			return complain(
				"option '--snr': '%s' is not a list of numbers of -40 … 80 dB; expected 20,10,0 or 20:0:5",
				text);
		if (add_snr(c, snr))
			return CW_EXIT_USAGE;
		if (!*at++)
			return 0;
	}
}

static int add_source(struct session *s, const struct cw_voice_source *source)
{
	struct cw_voice_source *more = talloc_realloc(s, s->sources, struct cw_voice_source, s->conf.n_sources + 1);

	if (!more)
		return ENOMEM;
	s->sources = more;
	more[s->conf.n_sources++] = *source;
	s->conf.sources = more;
	return 0;
}

static int add_voices(struct session *s, struct cw_why *why)
{
	static const char *const usual[] = {"flite:slt", "flite:rms", "espeak:en-us", "espeak:en-gb"};
	struct cw_voice_item *read = NULL;
	const struct cw_voice_item *items = cw_voice_texts;
	size_t n_items = cw_voice_n_texts, n = s->f.voices.n;
	const char *const *voices = s->f.voices.items;
	int err;

	if (s->f.texts) {
		CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXTS_MAX);

		err = cw_file_read(s->f.texts, TEXTS_MAX, &b, why);
		err = err ? err : cw_voice_texts_parse(s, cw_buf_str(&b), &read, &n_items, why);
		if (err && why && !why->file[0])
			snprintf(why->file, sizeof(why->file), "%.255s", s->f.texts);
		if (err)
			return err;
		items = read;
	}
	if (!n && !s->f.clips.n) {
		voices = usual;
		n = CW_COUNT(usual);
	}
	if (s->f.first && n_items > s->f.first)
		n_items = s->f.first;
	for (size_t i = 0; i < n; i++) {
		const struct cw_voice_source source = {
			.name = voices[i], .voice = voices[i], .items = items, .n_items = n_items};

		err = add_source(s, &source);
		if (err)
			return err;
	}
	return 0;
}

static int add_clips(struct session *s, const char *dir, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(INDEX_MAX);
	struct cw_voice_source *list;
	char path[1024];
	size_t n;
	int err;

	snprintf(path, sizeof(path), "%s/index.tsv", dir);
	err = cw_file_read(path, INDEX_MAX, &b, why);
	err = err ? err : cw_voice_index_parse(s, cw_buf_str(&b), dir, s->f.first, &list, &n, why);
	if (err && why && (!why->file[0] || strcmp(why->file, "index.tsv") == 0))
		snprintf(why->file, sizeof(why->file), "%.255s", path);
	for (size_t i = 0; !err && i < n; i++)
		err = add_source(s, &list[i]);
	return err;
}

static int prepare(struct session *s, struct cw_why *why)
{
	static const char *const ears[] = {"pocketsphinx"}, *const channels[] = {"pstn_g711"};
	int err = add_voices(s, why);

	for (size_t i = 0; !err && i < s->f.clips.n; i++)
		err = add_clips(s, s->f.clips.items[i], why);
	if (err)
		return err;
	s->conf.ears = s->f.ears.n ? s->f.ears.items : ears;
	s->conf.n_ears = s->f.no_ear ? 0 : s->f.ears.n ? s->f.ears.n : CW_COUNT(ears);
	s->conf.channels = s->f.channels.n ? s->f.channels.items : channels;
	s->conf.n_channels = s->f.channels.n ? s->f.channels.n : CW_COUNT(channels);
	s->conf.noise = s->f.noise;
	s->conf.expect = s->f.expect;
	s->conf.language = s->f.language;
	s->conf.seed = s->f.seed;
	s->conf.jobs = s->f.jobs;
	s->conf.progress = on_progress;
	s->conf.arg = s;
	if (!s->f.out_dir)
		return s->f.keep ? cw_why_set(why, EINVAL, "--keep needs --out DIR for the sounds") : 0;
	if (mkdir(s->f.out_dir, 0777) && errno != EEXIST)
		return cw_why_at(why, errno, s->f.out_dir, 0, 0, "cannot be made: %s", strerror(errno));
	s->conf.keep_dir = s->f.keep ? s->f.out_dir : NULL;
	return 0;
}

static int write_file(const char *dir, const char *name, struct cw_str bytes, struct cw_why *why)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return cw_file_replace(path, bytes, why);
}

static int write_reports(const struct session *s, const struct cw_voice_run *r, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf csv = CW_BUF(REPORT_MAX), md = CW_BUF(REPORT_MAX);
	CW_JSON_SCOPED json_t *json = cw_voice_json(r);
	char path[1024];
	int err;

	if (!json || cw_voice_csv(r, &csv) || cw_voice_table(r, true, &md))
		return cw_why_set(why, ENOMEM, "out of memory while the results are written");
	if (s->f.out_dir) {
		snprintf(path, sizeof(path), "%s/voice.json", s->f.out_dir);
		err = cw_json_save(path, json, true, why);
		err = err ? err : write_file(s->f.out_dir, "voice.csv", cw_buf_str(&csv), why);
		err = err ? err : write_file(s->f.out_dir, "voice.md", cw_buf_str(&md), why);
		if (err)
			return err;
	}
	if (s->f.json) {
		CW_BUF_SCOPED struct cw_buf text = CW_BUF(REPORT_MAX);

		cw_json_dump(&text, json);
		printf("%.*s\n", CW_STR(cw_buf_str(&text)));
	} else {
		CW_BUF_SCOPED struct cw_buf text = CW_BUF(REPORT_MAX);

		if (cw_voice_table(r, false, &text))
			return cw_why_set(why, ENOMEM, "out of memory while the results are written");
		printf("%.*s", CW_STR(cw_buf_str(&text)));
		if (s->f.out_dir)
			printf("\nwritten: %s/voice.json voice.csv voice.md\n", s->f.out_dir);
	}
	return 0;
}

static int go(struct session *s)
{
	struct cw_why why = {0};
	struct cw_voice_run *r = NULL;
	int code = CW_EXIT_OK, err = prepare(s, &why);

	if (!err && cw_os_new(NULL, &(struct cw_os_conf){.workers = s->f.jobs}, &s->world))
		err = cw_why_set(&why, ENOMEM, "out of memory");
	if (!err)
		err = cw_os_on_signals(s->world, on_signal, s);
	err = err ? err : cw_voice_run(s, s->world, &s->conf, &s->stop, &r, &why);
	if (s->live)
		fputs("\r\033[K", stderr);
	err = err ? err : write_reports(s, r, &why);
	if (err) {
		if (!why.err)
			(void)cw_why_set(&why, err, "%s", strerror(err));
		code = cw_cmd_fail(&why);
	} else if (!cw_voice_complete(r)) {
		code = CW_EXIT_INTERRUPTED;
	} else if (cw_voice_failures(r)) {
		code = CW_EXIT_FAILED;
	}
	talloc_free(s->world);
	cw_speech_release();
	return code;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	CW_SCOPED struct session *s = talloc_zero(NULL, struct session);
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	size_t n;
	int code;

	if (!s || !args)
		return complain("out of memory");
	s->f = (struct flags){.seed = 1, .jobs = 2};

	const struct cw_opt opts[] = {
		{CW_OPT_LIST, 0, "voice", "V",
			"speak with this voice (flite:slt, espeak:en-gb, espeak:es …); repeatable", &s->f.voices},
		{CW_OPT_LIST, 0, "ear", "E", "let this recogniser listen (default pocketsphinx); repeatable",
			&s->f.ears},
		{CW_OPT_FLAG, 0, "no-ear", NULL, "measure sound only", &s->f.no_ear},
		{CW_OPT_LIST, 0, "channel", "C", "line conditions (default pstn_g711; see docs/voice.md); repeatable",
			&s->f.channels},
		{CW_OPT_STRING, 0, "texts", "FILE", "sentences, one a line (default: twelve of service calls)",
			&s->f.texts},
		{CW_OPT_LIST, 0, "clips", "DIR", "recordings with index.tsv (file, text) instead of voices; repeatable",
			&s->f.clips},
		{CW_OPT_STRING, 0, "snr", "LIST", "ratios of speech to noise in dB: 20,10,0 or 20:0:5", &s->f.snr},
		{CW_OPT_STRING, 0, "noise", "N", "white, pink, car, traffic, babble or a WAV file", &s->f.noise},
		{CW_OPT_FLAG, 0, "expect", NULL,
			"tell the ears the sentences beforehand, as an agent who asks knows its answers", &s->f.expect},
		{CW_OPT_STRING, 0, "language", "L", "of voices and ears (default en-US)", &s->f.language},
		{CW_OPT_U32, 0, "first", "N", "at most so many sentences of each source", &s->f.first},
		{CW_OPT_STRING, 'o', "out", "DIR", "write voice.json, voice.csv and voice.md there", &s->f.out_dir},
		{CW_OPT_FLAG, 0, "keep", NULL, "write each sound there as well", &s->f.keep},
		{CW_OPT_U32, 'j', "jobs", "N", "sounds in work at once (default 2)", &s->f.jobs},
		{CW_OPT_U64, 0, "seed", "N", "of noise and loss (default 1)", &s->f.seed},
		{CW_OPT_FLAG, 0, "json", NULL, "print voice.json instead of tables", &s->f.json},
		{0},
	};

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &code))
		return code;
	if (n)
		return complain(
			"unexpected argument '%s': voices are given with --voice, recordings with --clips", args[0]);
	if (!s->f.jobs || s->f.jobs > 64)
		return complain("option '--jobs': expected 1 … 64");
	if (s->f.snr && read_snrs(s->f.snr, &s->conf))
		return CW_EXIT_USAGE;
	s->live = isatty(STDERR_FILENO) && !s->f.json;
	return go(s);
}

const struct cw_command cw_cmd_voice = {
	.name = "voice",
	.summary = "voices and recognisers: quality, word errors by accent, line and noise",
	.usage = "callwright voice [--voice V…] [--ear E…] [--channel C…] [--snr LIST] [options]",
	.details =
		"Speaks sentences with each voice (or reads recordings), measures how fast and how well, puts them through line conditions and noise,\n"
		"and lets each recogniser listen: word, character and entity errors with 95 % intervals, and the noise ladder: the ratio at which\n"
		"entity accuracy falls through 90 %. The control row is the same ear on the same sound without a line.\n"
		"Exit: 0 done; 1 a voice or ear failed on some sentence; 2 usage; 130 interrupted (results so far are written).\n"
		"\nExamples:\n"
		"  callwright voice\n"
		"  callwright voice --voice flite:rms --voice espeak:en-gb --channel mobile_lossy --snr 20:0:5 --noise babble --expect --out voices/\n"
		"  callwright voice --clips ../shared/data/speech_fsdd --first 20 --channel clean --snr 20,10,5,0\n",
	.run = run,
};
