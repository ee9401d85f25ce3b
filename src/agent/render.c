#include "agent/agent_int.h"

#include <errno.h>

#include "base/mem.h"
#include "speech/tts.h"
#include "world/world.h"

#define DEADLINE_US 8000000
#define TRIES       4
#define MAX_SAMPLES (8000 * 30)

struct cw_render {
	struct cw_agent *agent;
	struct cw_tts *tts;
	struct cw_tts_job *job;
	struct cw_timer timer;
	unsigned at; /* which spare */
	unsigned tries;
	int16_t *pcm;
	size_t n, cap;
	int err;
	void (*done)(int err, struct cw_agent *a);
};

static void begin(void *arg);

/* The last thing done with the render. */
static void end(struct cw_render *r, int err)
{
	struct cw_agent *a = r->agent;
	void (*done)(int err, struct cw_agent *a) = r->done;

	talloc_free(r);
	done(err, a);
}

/* From the loop again: an engine's handler is no place to start or free its jobs. */
static void attempt_over(struct cw_render *r, int err)
{
	struct cw_spare_audio *spare = &r->agent->spares[r->at];

	r->err = err;
	if (!err) {
		spare->pcm = talloc_steal(r->agent, r->pcm);
		spare->n = r->n;
		r->pcm = NULL;
		r->at++;
		r->tries = 0;
	}
	cw_timer_start(&r->timer, 0, begin, r);
}

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct cw_render *r = arg;

	if (r->err || n > MAX_SAMPLES - r->n) {
		r->err = r->err ? r->err : EMSGSIZE;
		return;
	}
	if (r->n + n > r->cap) {
		size_t cap = 2 * (r->n + n);
		int16_t *more = talloc_realloc(r, r->pcm, int16_t, cap);

		if (!more) {
			r->err = ENOMEM;
			return;
		}
		r->pcm = more;
		r->cap = cap;
	}
	memcpy(r->pcm + r->n, pcm, n * sizeof(*pcm));
	r->n += n;
}

static void on_done(int err, const char *reason, void *arg)
{
	struct cw_render *r = arg;

	(void)reason; /* the number goes up; the engine is named there */
	attempt_over(r, err ? err : r->err ? r->err : r->n ? 0 : ENODATA);
}

static void on_late(void *arg)
{
	attempt_over(arg, ETIMEDOUT);
}

static void begin(void *arg)
{
	static const struct cw_tts_events events = {.audio = on_audio, .done = on_done};
	struct cw_render *r = arg;

	talloc_free(r->job);
	talloc_free(r->pcm);
	r->job = NULL;
	r->pcm = NULL;
	r->n = r->cap = 0;
	if (r->at == CW_SPARE_N || r->tries++ == TRIES) {
		end(r, r->at == CW_SPARE_N ? 0 : r->err);
		return;
	}
	r->err = 0;
	cw_timer_start(&r->timer, DEADLINE_US, on_late, r);

	int err = cw_tts_say(r, r->tts, r->agent->spares[r->at].text, &events, r, &r->job);

	if (err)
		attempt_over(r, err);
}

static int render_free(struct cw_render *r)
{
	cw_timer_stop(&r->timer);
	return 0;
}

int cw_render_start(
	struct cw_agent *a, void (*done)(int err, struct cw_agent *a), struct cw_render **ret, struct cw_why *why)
{
	struct cw_tts_conf conf = {.voice = a->voice, .language = a->file->language, .speed = a->file->speed};
	CW_SCOPED struct cw_render *r = talloc_zero(NULL, struct cw_render);
	int err;

	if (!r)
		return ENOMEM;
	r->agent = a;
	r->done = done;
	cw_timer_init(&r->timer, a->world);
	talloc_set_destructor(r, render_free);
	err = cw_tts_open(r, a->world, &conf, &r->tts, why);
	if (err)
		return err;
	cw_timer_start(&r->timer, 0, begin, r);
	*ret = talloc_move(a, &r);
	return 0;
}
