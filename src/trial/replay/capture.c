#include "trial/replay/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audio/wav.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "call/timeline.h"
#include "trial/view/view.h"

#define RATE_HZ       8000u
#define US_PER_SAMPLE 125u
#define FRAMES_MAX    (3600u * 3 * RATE_HZ)
#define EVENTS_MAX    (64u << 20)
#define TURN_GAP_US   700000u  /* a caller silent for longer begins a new turn */
#define AGENT_GAP_US  1000000u /* a pause of the agent that does not end its turn */
#define KEY_US        200000u  /* a key and the pause behind it */
#define YIELD_US \
	40000u /* speech that begins so shortly before the agent's end did not cut it short: nobody yields faster */

struct loading {
	struct cw_capture *capture;
	int16_t *pcm[2];
	struct cw_stretch *speech[2]; /* by side, gaps closed */
	size_t n_speech[2];
	struct cw_timeline *caller, *agent; /* NULL: not there */
	struct cw_why *why;
};

/* ---- the recording ---- */

static int read_samples(struct loading *l, struct cw_wav_reader *r, size_t frames)
{
	int16_t block[2 * 4096];
	size_t got = 1;

	for (size_t at = 0; at < frames && got; at += got) {
		int err = cw_wav_read(r, block, CW_COUNT(block) / 2, &got);

		if (err)
			return err;
		for (size_t i = 0; i < got && at + i < frames; i++) {
			l->pcm[0][at + i] = block[2 * i];
			l->pcm[1][at + i] = block[2 * i + 1];
		}
	}
	return 0;
}

static int load_recording(struct loading *l, const char *path)
{
	CW_SCOPED struct cw_wav_reader *r = NULL;
	struct cw_capture *c = l->capture;
	int err = cw_wav_open(NULL, path, &r, l->why);

	if (err)
		return err;
	CW_ASSERT(r);
	if (cw_wav_format(r)->channels != 2 || cw_wav_format(r)->rate_hz != RATE_HZ || cw_wav_frames(r) > FRAMES_MAX)
		return cw_why_at(l->why, EBADMSG, path, 0, 0,
			"expected a stereo recording (left caller, right agent) at %u Hz of at most 3 hours: it has %u channels at %u Hz",
			RATE_HZ, cw_wav_format(r)->channels, cw_wav_format(r)->rate_hz);
	c->n_samples = (size_t)cw_wav_frames(r);
	for (int side = 0; side < 2; side++) {
		l->pcm[side] = talloc_zero_array(c, int16_t, c->n_samples + 1);
		if (!l->pcm[side])
			return ENOMEM;
	}
	c->caller = l->pcm[0];
	c->agent = l->pcm[1];
	c->end_us = (uint64_t)c->n_samples * US_PER_SAMPLE;
	return read_samples(l, r, c->n_samples);
}

/* Join what is closer together than @gap_us. */
static size_t close_gaps(struct cw_stretch *s, size_t n, uint64_t gap_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept && s[i].onset_us < s[kept - 1].last_us + gap_us)
			s[kept - 1].last_us = s[i].last_us;
		else
			s[kept++] = s[i];
	}
	return kept;
}

static int find_speech(struct loading *l)
{
	static const uint64_t gaps[2] = {TURN_GAP_US, AGENT_GAP_US};

	for (int side = 0; side < 2; side++) {
		int err = cw_speech_find(
			l->capture, l->pcm[side], l->capture->n_samples, &l->speech[side], &l->n_speech[side]);

		if (err)
			return err;
		l->n_speech[side] = close_gaps(l->speech[side], l->n_speech[side], gaps[side]);
	}
	return 0;
}

/* ---- the timelines ---- */

/* Lines of one view ("caller", "agent") as a timeline of their own. */
static int parse_view(
	struct loading *l, const char *path, struct cw_str text, const char *view, struct cw_timeline **ret)
{
	CW_BUF_SCOPED struct cw_buf mine = CW_BUF(EVENTS_MAX);
	struct cw_str line;
	char mark[32];
	int n = snprintf(mark, sizeof(mark), "{\"view\":\"%s\",", view);

	while (cw_str_split(&text, '\n', &line))
		if (cw_str_starts(line, mark))
			cw_buf_fmt(&mine, "{%.*s\n", (int)line.len - n, line.p + n);
	if (cw_buf_err(&mine))
		return cw_buf_err(&mine);
	if (!mine.len)
		return 0;

	struct cw_why inner = {0};
	int err = cw_timeline_parse(l->capture, mine.p, mine.len, ret, &inner);

	return err ? cw_why_at(l->why, err, path, 0, 0, "%s", inner.text) : 0;
}

static int load_events(struct loading *l, const char *dir)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/events.jsonl", dir);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(EVENTS_MAX);
	int err = path ? cw_file_read(path, EVENTS_MAX, &b, NULL) : ENOMEM;

	if (err == ENOENT)
		return 0; /* a recording alone: words stay unknown */
	if (!err)
		err = parse_view(l, path, cw_buf_str(&b), "caller", &l->caller);
	if (!err)
		err = parse_view(l, path, cw_buf_str(&b), "agent", &l->agent);
	return err;
}

/* ---- turns ---- */

/* Where the agent was when the caller began at @onset: the turn that covers it or the last one before; NULL: none. */
static const struct cw_stretch *agent_before(const struct loading *l, uint64_t onset)
{
	const struct cw_stretch *found = NULL;

	for (size_t i = 0; i < l->n_speech[1] && l->speech[1][i].onset_us <= onset; i++)
		found = &l->speech[1][i];
	return found;
}

static void place(const struct loading *l, struct cw_capture_turn *t, uint64_t previous_end)
{
	const struct cw_stretch *agent = agent_before(l, t->onset_us);

	if (agent && t->onset_us + YIELD_US < agent->last_us) {
		t->when = CW_WHEN_DURING;
		t->delay_us = t->onset_us - agent->onset_us;
	} else if (agent && agent->last_us >= previous_end) {
		t->when = CW_WHEN_AGENT_END;
		t->delay_us = t->onset_us > agent->last_us ? t->onset_us - agent->last_us : 0;
	} else {
		t->when = previous_end ? CW_WHEN_TURN : CW_WHEN_ANSWER;
		t->delay_us = t->onset_us - previous_end;
	}
}

/* What the caller said there, from the best witness: its own steps, else what the agent's ear heard. */
static void find_words(const struct loading *l, struct cw_capture_turn *t)
{
	size_t from = 0;

	for (const struct cw_event *e;
		l->caller && (e = cw_timeline_next(l->caller, &from, CW_EV_NOTE, CW_SIDE_CALLER));) {
		const char *action = cw_json_str(e->data, "action", "");
		bool keys = !strcmp(action, "dtmf");

		if (strcmp(cw_json_str(e->data, "what", ""), "step") != 0 || (strcmp(action, "say") != 0 && !keys) ||
			e->t_us + TURN_GAP_US <= t->onset_us || e->t_us >= t->last_us)
			continue;
		t->name = cw_json_str(e->data, "name", "");
		*(keys ? &t->digits : &t->text) = cw_json_str(e->data, "text", "");
		return;
	}
	from = 0;
	for (const struct cw_event *e;
		l->agent && (e = cw_timeline_next(l->agent, &from, CW_EV_TURN_ENDED, CW_SIDE_CALLER));)
		if ((uint64_t)cw_json_int(e->data, "onset_us", 0) < t->last_us &&
			(uint64_t)cw_json_int(e->data, "last_us", 0) > t->onset_us) {
			t->text = cw_json_str(e->data, "text", "");
			return;
		}
}

static int by_onset(const void *a, const void *b)
{
	const struct cw_capture_turn *x = a, *y = b;

	return x->onset_us < y->onset_us ? -1 : x->onset_us > y->onset_us;
}

static bool heard_at(const struct cw_capture *c, uint64_t t_us)
{
	for (size_t i = 0; i < c->n_turns; i++)
		if (c->turns[i].onset_us <= t_us + TURN_GAP_US && t_us < c->turns[i].last_us)
			return true;
	return false;
}

/* Keys which went out of band are in no recording. */
static void take_silent_keys(struct loading *l, size_t max)
{
	struct cw_capture *c = l->capture;
	size_t from = 0;

	for (const struct cw_event *e; l->caller && c->n_turns < max &&
				       (e = cw_timeline_next(l->caller, &from, CW_EV_NOTE, CW_SIDE_CALLER));) {
		if (strcmp(cw_json_str(e->data, "action", ""), "dtmf") != 0 || heard_at(c, e->t_us))
			continue;

		const char *digits = cw_json_str(e->data, "text", "");

		c->turns[c->n_turns++] = (struct cw_capture_turn){.onset_us = e->t_us,
			.last_us = e->t_us + strlen(digits) * KEY_US,
			.text = "",
			.digits = digits,
			.name = cw_json_str(e->data, "name", "")};
	}
}

static int take_turns(struct loading *l)
{
	struct cw_capture *c = l->capture;
	size_t max = l->n_speech[0] + CW_CAPTURE_TURNS_MAX;
	uint64_t previous_end = 0;

	c->turns = talloc_zero_array(c, struct cw_capture_turn, max);
	if (!c->turns)
		return ENOMEM;
	for (size_t i = 0; i < l->n_speech[0]; i++) {
		struct cw_capture_turn *t = &c->turns[c->n_turns++];

		*t = (struct cw_capture_turn){.onset_us = l->speech[0][i].onset_us,
			.last_us = l->speech[0][i].last_us,
			.name = "",
			.text = ""};
		find_words(l, t);
	}
	take_silent_keys(l, max);
	if (!c->n_turns)
		return cw_why_set(l->why, ENODATA, "%s: the caller (left channel) is never heard", c->key);
	if (c->n_turns > CW_CAPTURE_TURNS_MAX)
		return cw_why_set(l->why, E2BIG, "%s: %zu turns of the caller, at most %d can be replayed", c->key,
			c->n_turns, CW_CAPTURE_TURNS_MAX);
	qsort(c->turns, c->n_turns, sizeof(*c->turns), by_onset);
	for (size_t i = 0; i < c->n_turns; i++) {
		place(l, &c->turns[i], previous_end);
		previous_end = c->turns[i].last_us;
	}
	return 0;
}

/* ---- where it came from ---- */

static void read_origin(struct loading *l)
{
	struct cw_capture *c = l->capture;
	size_t from = 0;
	const struct cw_event *e = l->caller ? cw_timeline_next(l->caller, &from, CW_EV_CALL_STARTED, CW_SIDE_N) : NULL;

	if (e) {
		c->target = cw_json_str(e->data, "line", "");
		c->key = cw_json_str(e->data, "call_id", c->key);
	}
	from = 0;
	e = l->caller ? cw_timeline_next(l->caller, &from, CW_EV_HUNG_UP, CW_SIDE_N) : NULL;
	c->agent_hung_up = e && !strcmp(cw_json_str(e->data, "by", ""), "agent");
}

/* The line of results.jsonl which made this call: two folders up. */
static void read_result(struct loading *l, const char *dir)
{
	struct cw_capture *c = l->capture;
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/../../results.jsonl", dir);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(EVENTS_MAX);
	struct cw_str rest, line;

	if (!path || cw_file_read(path, EVENTS_MAX, &b, NULL))
		return; /* no test: nothing to know */
	rest = cw_buf_str(&b);
	while (cw_str_split(&rest, '\n', &line)) {
		CW_JSON_SCOPED json_t *j = NULL;

		if (!line.len || cw_json_parse(line.p, line.len, &j, NULL) ||
			strcmp(cw_json_str(j, "key", ""), c->key) != 0)
			continue;
		c->scenario = talloc_strdup(c, cw_json_str(j, "file", ""));
		c->test = talloc_strdup(c, cw_json_str(j, "test", ""));
	}
	c->scenario = c->scenario ? c->scenario : "";
	c->test = c->test ? c->test : "";
}

static const char *base_name(void *parent, const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;

	const char *slash = memrchr(path, '/', n);

	return talloc_strndup(parent, slash ? slash + 1 : path, slash ? n - (size_t)(slash + 1 - path) : n);
}

static int load_all(struct loading *l, const char *path, bool folder)
{
	CW_SCOPED char *wav = folder ? talloc_asprintf(NULL, "%s/both.wav", path) : talloc_strdup(NULL, path);
	int err = wav ? load_recording(l, wav) : ENOMEM;

	if (!err && folder)
		err = load_events(l, path);
	if (err)
		return err;
	read_origin(l);
	if (folder)
		read_result(l, path);
	err = find_speech(l);
	return err ? err : take_turns(l);
}

int cw_capture_load(void *parent, const char *path, struct cw_capture **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_capture *c = talloc_zero(NULL, struct cw_capture);
	struct loading l = {.capture = c, .why = why};
	struct stat st;

	if (!c)
		return ENOMEM;
	if (stat(path, &st))
		return cw_why_at(why, errno, path, 0, 0, "%s: expected the folder of a call, or its stereo recording",
			strerror(errno));
	c->key = base_name(c, path);
	c->target = c->scenario = c->test = "";
	if (!c->key)
		return ENOMEM;

	int err = load_all(&l, path, S_ISDIR(st.st_mode));

	if (!err)
		*ret = talloc_move(parent, &c);
	return err;
}
