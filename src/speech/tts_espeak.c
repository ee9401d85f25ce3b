#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/g711.h"
#include "audio/resample.h"
#include "base/buf.h"
#include "speech/drivers.h"
#include "speech/speakable.h"
#include "speech/spec.h"
#include "world/world.h"

#define VOICE_DEFAULT "en-us"
#define WPM_NORMAL    165
#define WPM_MIN       80
#define WPM_MAX       450
#define RATE_HZ       22050
#define HEADER_BYTES  44 /* espeak-ng writes the plain 44 bytes, with the sizes unknown */
#define TIMEOUT_US    20000000
#define LIST_MAX      (64 * 1024)
#define LIST_WAIT_MS  3000
#define VOICES_MAX    400
#define CHUNK_SAMPLES 1600

extern char **environ;

/* ---- the list of voices: asked for once per process ---- */

static char list_text[LIST_MAX];
static const char *list_names[VOICES_MAX + 1];
static int list_err;
static pthread_once_t list_once = PTHREAD_ONCE_INIT;

/* Read @fd to its end, at most LIST_WAIT_MS between two pieces. */
static size_t read_all(int fd, char *out, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t len = 0;

	while (len < size && poll(&p, 1, LIST_WAIT_MS) > 0) {
		ssize_t n = read(fd, out + len, size - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return len;
}

static int run_list(char *out, size_t size, size_t *len)
{
	static const char *const argv[] = {"espeak-ng", "--voices", NULL};
	posix_spawn_file_actions_t actions;
	int fds[2], err, status;
	char *words[3];
	pid_t pid;

	memcpy(words, argv, sizeof(words));
	if (pipe2(fds, O_CLOEXEC))
		return errno;
	err = posix_spawn_file_actions_init(&actions);
	if (!err) {
		err = posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
		if (!err)
			err = posix_spawnp(&pid, "espeak-ng", &actions, NULL, words, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(fds[1]);
	if (!err) {
		*len = read_all(fds[0], out, size);
		(void)waitpid(pid, &status, 0); /* the list itself says whether it worked */
	}
	close(fds[0]);
	return err;
}

/* Columns: priority, language, age/gender, name, file …: the language is what -v takes. */
static void take_line(char *line, size_t *n)
{
	char *save = NULL;

	if (!strtok_r(line, " \t", &save) || *n >= VOICES_MAX)
		return;
	const char *language = strtok_r(NULL, " \t", &save);

	if (language && (!*n || strcmp(list_names[*n - 1], language)))
		list_names[(*n)++] = language;
}

static void load_list(void)
{
	size_t len = 0, n = 0;
	char *save = NULL;

	list_err = run_list(list_text, sizeof(list_text) - 1, &len);
	list_text[len] = 0;
	char *line = strtok_r(list_text, "\n", &save);

	while (line && (line = strtok_r(NULL, "\n", &save))) /* the first line is the heading */
		take_line(line, &n);
	if (!list_err && !n)
		list_err = EIO;
}

static const char *const *voice_names(void)
{
	pthread_once(&list_once, load_list);
	return list_names;
}

/* ---- voices ---- */

struct voice {
	struct cw_tts tts;
	struct cw_world *world;
	char *name;
	unsigned wpm;
	bool english;
};

struct cw_tts_job {
	struct cw_proc *proc;
	struct cw_timer timer; /* for a text without words */
	struct cw_resampler *resampler;
	const struct cw_tts_events *ev;
	void *arg;
	bool *gone;       /* on the stack of a handler, set by the destructor */
	uint64_t samples; /* delivered */
	size_t n_header;
	bool odd; /* half a sample came last */
	uint8_t half;
};

/* "en-us+f3" is the voice en-us with the variant f3. */
static bool known(struct cw_str name)
{
	const char *plus = memchr(name.p, '+', name.len);

	if (plus)
		name.len = (size_t)(plus - name.p);
	for (size_t i = 0; list_names[i]; i++)
		if (cw_str_eq_fold(name, list_names[i]))
			return true;
	return false;
}

static int unknown(struct cw_str name, struct cw_why *why)
{
	size_t n = 0;
	char some[400] = "";

	for (; list_names[n]; n++) {
		size_t at = strlen(some);

		(void)snprintf(some + at, sizeof(some) - at, "%s%s", at ? " " : "",
			list_names[n]); /* cut: the whole list has its command */
	}
	const char *near = cw_str_nearest(name, list_names, n);

	return cw_why_set(why, ENOENT, "unknown voice 'espeak:%.*s'%s%s%s; known: %s … (see espeak-ng --voices)",
		CW_STR(name), near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "", some);
}

static int voice_open(
	void *parent, struct cw_world *w, const struct cw_tts_conf *conf, struct cw_tts **ret, struct cw_why *why)
{
	struct cw_str name = cw_spec_options(conf->voice);
	double wpm = WPM_NORMAL * (conf->speed > 0 ? conf->speed : 1);

	if (!name.len)
		name = cw_str(conf->language ? conf->language : VOICE_DEFAULT);
	if (cw_str_eq_fold(name, "en-GB") || cw_str_eq_fold(name, "en"))
		name = cw_str("en-gb");
	(void)voice_names();
	if (list_err)
		return cw_why_set(why, ENOENT, "voice '%s': espeak-ng does not run (%s); install the package espeak-ng",
			conf->voice, strerror(list_err));
	if (!known(name))
		return unknown(name, why);

	CW_SCOPED struct voice *v = talloc_zero(NULL, struct voice);

	if (!v)
		return ENOMEM;
	v->tts.driver = &cw_tts_espeak;
	v->world = w;
	v->name = cw_str_dup(v, name);
	v->wpm = (unsigned)(wpm < WPM_MIN ? WPM_MIN : wpm > WPM_MAX ? WPM_MAX : wpm);
	v->english = cw_str_starts(name, "en");
	if (!v->name)
		return ENOMEM;
	*ret = &v->tts;
	(void)talloc_move(parent, &v);
	return 0;
}

/* ---- sentences ---- */

static int job_destroy(struct cw_tts_job *j)
{
	cw_timer_stop(&j->timer);
	if (j->gone)
		*j->gone = true;
	return 0;
}

/* Samples at 22.05 kHz to the line's rate and out. False when the handler freed the job. */
static bool deliver(struct cw_tts_job *j, const int16_t *pcm, size_t n)
{
	int16_t out[CHUNK_SAMPLES];
	bool gone = false;

	j->gone = &gone;
	while (n) {
		size_t n_in = n, n_out = CHUNK_SAMPLES;

		cw_resampler_run(j->resampler, pcm, &n_in, out, &n_out);
		pcm += n_in;
		n -= n_in;
		j->samples += n_out;
		if (n_out)
			j->ev->audio(out, n_out, j->arg);
		if (gone)
			return false;
	}
	j->gone = NULL;
	return true;
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	struct cw_tts_job *j = arg;
	const uint8_t *p = bytes;
	int16_t pcm[2048];
	size_t n_pcm = 0;

	for (; n && j->n_header < HEADER_BYTES; n--, p++)
		j->n_header++;
	for (; n; n--, p++) {
		if (!j->odd) {
			j->half = *p;
			j->odd = true;
			continue;
		}
		pcm[n_pcm++] = (int16_t)(uint16_t)(j->half | *p << 8);
		j->odd = false;
		if (n_pcm == CW_COUNT(pcm)) {
			if (!deliver(j, pcm, n_pcm))
				return;
			n_pcm = 0;
		}
	}
	if (n_pcm)
		(void)deliver(j, pcm, n_pcm); /* last thing done with the job */
}

static void on_closed(int err, int exit_status, void *arg)
{
	struct cw_tts_job *j = arg;

	j->proc = NULL;
	if (err)
		j->ev->done(err, err == ENOENT ? "espeak-ng is not installed" : strerror(err), j->arg);
	else if (exit_status)
		j->ev->done(EIO, "espeak-ng ended with an error", j->arg);
	else if (!j->samples)
		j->ev->done(ENODATA, "the text has nothing to speak", j->arg);
	else
		j->ev->done(0, NULL, j->arg);
}

static void on_nothing(void *arg)
{
	struct cw_tts_job *j = arg;

	j->ev->done(ENODATA, "the text has nothing to speak", j->arg);
}

static bool has_words(const char *text)
{
	for (; *text; text++)
		if ((*text >= '0' && *text <= '9') || ((*text | 32) >= 'a' && (*text | 32) <= 'z') ||
			(unsigned char)*text >= 0xC0)
			return true;
	return false;
}

/* The text as espeak-ng gets it: "[[" would switch to phoneme names. */
static int prepare(struct cw_tts_job *j, const struct voice *v, const char *text, char **ret)
{
	if (v->english) {
		struct cw_speakable *s;
		int err = cw_speakable_new(j, text, &s);

		if (err)
			return err;
		*ret = s->text;
		return 0;
	}
	*ret = talloc_strdup(j, text);
	if (!*ret)
		return ENOMEM;
	for (char *p = *ret; (p = strstr(p, "[[")); p += 2)
		p[0] = p[1] = ' ';
	return 0;
}

static int start(struct cw_tts_job *j, const struct voice *v, const char *text)
{
	static const struct cw_proc_events events = {.data = on_data, .closed = on_closed};
	char wpm[16], *prepared;
	int err = prepare(j, v, text, &prepared);

	if (err)
		return err;
	(void)snprintf(wpm, sizeof(wpm), "%u", v->wpm); /* at most ten digits */
	const char *const argv[] = {"espeak-ng", "--stdout", "--stdin", "-b", "1", "-v", v->name, "-s", wpm, NULL};
	struct cw_proc_conf conf = {.argv = argv,
		.input = prepared,
		.input_len = strlen(prepared),
		.timeout_us = TIMEOUT_US,
		.label = "tts.espeak"};

	return cw_proc_open(j, v->world, &conf, &events, j, &j->proc);
}

static int voice_say(void *parent, struct cw_tts *t, const char *text, const struct cw_tts_events *ev, void *arg,
	struct cw_tts_job **ret)
{
	struct voice *v = (struct voice *)t;
	CW_SCOPED struct cw_tts_job *j = talloc_zero(NULL, struct cw_tts_job);
	int err = 0;

	if (!j)
		return ENOMEM;
	j->ev = ev;
	j->arg = arg;
	cw_timer_init(&j->timer, v->world);
	talloc_set_destructor(j, job_destroy);
	if (has_words(text)) {
		err = cw_resampler_new(j, RATE_HZ, CW_RATE_HZ, &j->resampler);
		if (!err)
			err = start(j, v, text);
	} else {
		cw_timer_start(&j->timer, 0, on_nothing, j);
	}
	if (err)
		return err;
	*ret = talloc_move(parent, &j);
	return 0;
}

const struct cw_tts_driver cw_tts_espeak = {
	.name = "espeak",
	.about = "more than 100 languages through the program espeak-ng: espeak:en-us, espeak:de, espeak:fr-fr+f3 …",
	.open = voice_open,
	.say = voice_say,
	.voices = voice_names,
};
