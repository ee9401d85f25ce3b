#include "speech/journal.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "world/journal.h"

#define TEXT_MAX (1u << 20)

/* ---- both ways of a text with a number before it ---- */

static void enter_text(struct cw_journal_source *s, enum cw_journal_kind kind, const uint64_t *number, const char *text)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	if (number)
		cw_journal_put_u64(&b, *number);
	cw_journal_put_text(&b, text);
	cw_journal_enter(s->journal, s, kind, b.p, b.len); /* without memory it is malformed, and replay will tell */
}

static void output_text(struct cw_journal *j, enum cw_journal_kind kind, const char *text)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	cw_journal_put_text(&b, text);
	cw_journal_output(j, kind, b.p, b.len);
}

static bool read_text(struct cw_str rest, uint64_t *number, const char **text)
{
	return (!number || cw_journal_get_u64(&rest, number)) && cw_journal_get_text(&rest, text) && *text && !rest.len;
}

/* ---- a recogniser ---- */

struct ear {
	struct cw_stt stt;     /* first */
	struct cw_stt *engine; /* NULL: replay */
	struct cw_journal *journal;
	struct cw_journal_source source;
	const struct cw_stt_events *ev;
	void *arg;
};

static struct ear *ear_of(struct cw_stt *s)
{
	return (struct ear *)s;
}

static void on_partial(const char *text, void *arg)
{
	struct ear *e = arg;
	struct cw_journal *j = e->journal;

	enter_text(&e->source, CW_JN_PARTIAL, NULL, text);
	if (e->ev->partial)
		e->ev->partial(text, e->arg);
	cw_journal_leave(j); /* the ear may be gone */
}

static void on_final(const char *text, double confidence, void *arg)
{
	struct ear *e = arg;
	struct cw_journal *j = e->journal;
	uint64_t bits;

	memcpy(&bits, &confidence, sizeof(bits));
	enter_text(&e->source, CW_JN_FINAL, &bits, text);
	e->ev->final(text, confidence, e->arg);
	cw_journal_leave(j);
}

static void on_failed(int err, const char *reason, void *arg)
{
	struct ear *e = arg;
	struct cw_journal *j = e->journal;
	uint64_t number = (uint64_t)err;

	enter_text(&e->source, CW_JN_UNHEARD, &number, reason ? reason : "");
	e->ev->failed(err, reason, e->arg);
	cw_journal_leave(j);
}

static int ear_input(unsigned kind, struct cw_str payload, void *arg)
{
	struct ear *e = arg;
	uint64_t number = 0;
	const char *text;
	double confidence;

	if (!read_text(payload, kind == CW_JN_PARTIAL ? NULL : &number, &text))
		return EBADMSG;
	memcpy(&confidence, &number, sizeof(confidence));
	if (kind == CW_JN_PARTIAL && e->ev->partial)
		e->ev->partial(text, e->arg);
	else if (kind == CW_JN_FINAL)
		e->ev->final(text, confidence, e->arg);
	else if (kind == CW_JN_UNHEARD)
		e->ev->failed((int)(number % 4096), text, e->arg);
	else if (kind != CW_JN_PARTIAL)
		return EBADMSG;
	return 0;
}

/* What may be said is the lane's and the script's to know; it has no effect but on the words, which are in the journal. */
static void ear_expect(struct cw_stt *s, const struct cw_hints *hints)
{
	if (ear_of(s)->engine)
		cw_stt_expect(ear_of(s)->engine, hints);
}

static void ear_begin(struct cw_stt *s)
{
	output_text(ear_of(s)->journal, CW_JN_LISTEN, "begin");
	if (ear_of(s)->engine)
		cw_stt_begin(ear_of(s)->engine);
}

static void ear_feed(struct cw_stt *s, const int16_t *pcm, size_t n)
{
	if (ear_of(s)->engine)
		cw_stt_feed(ear_of(s)->engine, pcm, n);
}

static void ear_finish(struct cw_stt *s)
{
	output_text(ear_of(s)->journal, CW_JN_LISTEN, "finish");
	if (ear_of(s)->engine)
		cw_stt_finish(ear_of(s)->engine);
}

static void ear_cancel(struct cw_stt *s)
{
	output_text(ear_of(s)->journal, CW_JN_LISTEN, "cancel");
	if (ear_of(s)->engine)
		cw_stt_cancel(ear_of(s)->engine);
}

static void ear_usage(const struct cw_stt *s, struct cw_stt_usage *ret)
{
	const struct ear *e = (const struct ear *)s;

	if (e->engine)
		cw_stt_usage(e->engine, ret);
}

static const struct cw_stt_driver ear_driver = {
	.name = "journal",
	.about = "what a recogniser delivered, written down or read",
	.expect = ear_expect,
	.begin = ear_begin,
	.feed = ear_feed,
	.finish = ear_finish,
	.cancel = ear_cancel,
	.usage = ear_usage,
};

static int ear_free(struct ear *e)
{
	cw_journal_unbind(&e->source);
	return 0;
}

int cw_stt_journal_open(void *parent, struct cw_journal *j, const struct cw_stt_conf *conf,
	const struct cw_stt_events *ev, void *arg, struct cw_stt **ret, struct cw_why *why)
{
	static const struct cw_stt_events events = {.partial = on_partial, .final = on_final, .failed = on_failed};
	CW_SCOPED struct ear *e = talloc_zero(NULL, struct ear);
	int err = 0;

	if (!e)
		return ENOMEM;
	e->stt.driver = &ear_driver;
	e->journal = j;
	e->ev = ev;
	e->arg = arg;
	cw_journal_bind(j, &e->source, ear_input, e);
	talloc_set_destructor(e, ear_free);
	if (!cw_journal_replays(j))
		err = cw_stt_open(e, cw_journal_lane(j), conf, &events, e, &e->engine, why);
	if (err)
		return err;
	*ret = &e->stt;
	(void)talloc_move(parent, &e);
	return 0;
}

/* ---- a voice ---- */

struct voice {
	struct cw_tts tts;     /* first */
	struct cw_tts *engine; /* NULL: replay */
	struct cw_journal *journal;
};

struct cw_tts_job { /* ours; the engines have their own */
	struct cw_tts_job *engine;
	struct cw_journal *journal;
	struct cw_journal_source source;
	const struct cw_tts_events *ev;
	void *arg;
};

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct cw_tts_job *job = arg;
	struct cw_journal *j = job->journal;

	cw_journal_enter(j, &job->source, CW_JN_AUDIO, pcm, n * sizeof(*pcm));
	job->ev->audio(pcm, n, job->arg);
	cw_journal_leave(j); /* the job may be gone */
}

static void on_word(size_t text_end, uint64_t sample_end, void *arg)
{
	struct cw_tts_job *job = arg;
	struct cw_journal *j = job->journal;
	const uint64_t places[2] = {text_end, sample_end};

	cw_journal_enter(j, &job->source, CW_JN_WORD, places, sizeof(places));
	if (job->ev->word)
		job->ev->word(text_end, sample_end, job->arg);
	cw_journal_leave(j);
}

static void on_done(int err, const char *reason, void *arg)
{
	struct cw_tts_job *job = arg;
	struct cw_journal *j = job->journal;
	uint64_t number = (uint64_t)err;

	enter_text(&job->source, CW_JN_SAID, &number, reason ? reason : "");
	job->ev->done(err, reason ? reason : "", job->arg);
	cw_journal_leave(j);
}

static int give_audio(struct cw_tts_job *job, struct cw_str payload)
{
	CW_SCOPED int16_t *pcm = NULL;

	if (payload.len % sizeof(*pcm))
		return EBADMSG;
	pcm = talloc_memdup(NULL, payload.p, payload.len + !payload.len);
	if (!pcm)
		return ENOMEM;
	job->ev->audio(pcm, payload.len / sizeof(*pcm), job->arg);
	return 0;
}

static int voice_input(unsigned kind, struct cw_str payload, void *arg)
{
	struct cw_tts_job *job = arg;
	uint64_t a, b;
	const char *text;

	if (kind == CW_JN_AUDIO)
		return give_audio(job, payload);
	if (kind == CW_JN_WORD) {
		if (!cw_journal_get_u64(&payload, &a) || !cw_journal_get_u64(&payload, &b))
			return EBADMSG;
		if (job->ev->word)
			job->ev->word(a, b, job->arg);
		return 0;
	}
	if (kind != CW_JN_SAID || !read_text(payload, &a, &text))
		return EBADMSG;
	job->ev->done((int)(a % 4096), text, job->arg);
	return 0;
}

static int job_free(struct cw_tts_job *job)
{
	cw_journal_unbind(&job->source);
	return 0;
}

static int voice_say(void *parent, struct cw_tts *t, const char *text, const struct cw_tts_events *ev, void *arg,
	struct cw_tts_job **ret)
{
	static const struct cw_tts_events events = {.audio = on_audio, .word = on_word, .done = on_done};
	struct voice *v = (struct voice *)t;
	CW_SCOPED struct cw_tts_job *job = talloc_zero(NULL, struct cw_tts_job);
	int err = 0;

	if (!job)
		return ENOMEM;
	job->journal = v->journal;
	job->ev = ev;
	job->arg = arg;
	cw_journal_bind(v->journal, &job->source, voice_input, job);
	talloc_set_destructor(job, job_free);
	output_text(v->journal, CW_JN_SAY, text);
	if (v->engine)
		err = cw_tts_say(job, v->engine, text, &events, job, &job->engine);
	err = cw_journal_result(v->journal, err);
	if (err)
		return err;
	*ret = job;
	(void)talloc_move(parent, &job);
	return 0;
}

static void voice_usage(const struct cw_tts *t, struct cw_tts_usage *ret)
{
	const struct voice *v = (const struct voice *)t;

	if (v->engine)
		cw_tts_usage(v->engine, ret);
}

static const struct cw_tts_driver voice_driver = {
	.name = "journal",
	.about = "what a voice delivered, written down or read",
	.say = voice_say,
	.usage = voice_usage,
};

int cw_tts_journal_open(
	void *parent, struct cw_journal *j, const struct cw_tts_conf *conf, struct cw_tts **ret, struct cw_why *why)
{
	CW_SCOPED struct voice *v = talloc_zero(NULL, struct voice);
	int err = 0;

	if (!v)
		return ENOMEM;
	v->tts.driver = &voice_driver;
	v->journal = j;
	if (!cw_journal_replays(j))
		err = cw_tts_open(v, cw_journal_lane(j), conf, &v->engine, why);
	if (err)
		return err;
	*ret = &v->tts;
	(void)talloc_move(parent, &v);
	return 0;
}
