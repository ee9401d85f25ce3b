#include "ring.h"

#include <errno.h>

#include "call/recorder.h"
#include "call/timeline.h"
#include "caller/caller.h"
#include "line/twilio.h"
#include "line/twilio_call.h"
#include "trial/scenario/scenario.h"
#include "world/world.h"

#define URL_MAX 64

struct person {
	struct ring *ring;
	struct ring_caller *told;
	unsigned number;
	struct cw_timer timer;
	uint64_t epoch_us;
	const struct cw_test *test;
	struct cw_line *line;
	struct cw_caller *caller;
	struct cw_recorder *recorder;
};

struct ring {
	struct cw_world *world;
	struct ring_conf conf;
	struct ring_caller *told;
	struct person *people;
	unsigned over;
};

static void call_over(struct person *p)
{
	struct ring *r = p->ring;

	TALLOC_FREE(p->caller);
	TALLOC_FREE(p->recorder);
	p->told->over = true;
	if (++r->over == r->conf.callers)
		r->conf.done(r->conf.arg);
}

static void could_not(struct person *p, int err, const struct cw_why *why)
{
	p->told->reason = CW_END_UNREACHABLE;
	snprintf(p->told->detail, sizeof(p->told->detail), "%.150s", why->text[0] ? why->text : strerror(err));
	call_over(p);
}

static void on_recorded(int err, void *arg)
{
	struct person *p = arg;

	if (err)
		TALLOC_FREE(p->told->recording);
	call_over(p);
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct person *p = arg;
	size_t from = 0;

	p->told->reason = reason;
	snprintf(p->told->detail, sizeof(p->told->detail), "%s", detail);
	p->told->script = *cw_caller_result(p->caller);
	p->told->end_us = cw_now(p->ring->world) - p->epoch_us;
	p->told->answered = cw_timeline_next(p->told->timeline, &from, CW_EV_ANSWERED, CW_SIDE_CALLER) != NULL;
	/* the emulator's own count of what its playout heard: a line of cw_twilio_dial() begins its struct call */
	p->told->underruns = cw_playout_underruns(((const struct call *)p->line)->playout);
	if (p->recorder)
		cw_recorder_finish(p->recorder, on_recorded, p);
	else
		call_over(p);
}

static int open_recorder(struct person *p, struct cw_why *why)
{
	if (!p->ring->conf.record_dir)
		return 0;
	p->told->recording = talloc_asprintf(p->ring, "%s/%u.wav", p->ring->conf.record_dir, p->number);
	if (!p->told->recording)
		return ENOMEM;
	return cw_recorder_open(p->ring, p->ring->world, p->told->recording, &p->recorder, why);
}

static int ring_up(struct person *p, struct cw_why *why)
{
	const struct ring_conf *conf = &p->ring->conf;
	char url[URL_MAX];
	const struct cw_twilio_carrier_conf carrier = {.url = url, .from = p->told->facts.e164, .to = "+15005550001"};
	const struct cw_caller_conf caller = {.script = &p->test->script,
		.voice = conf->voice,
		.language = "en-US",
		.ear = "modem",
		.timeline = p->told->timeline,
		.recorder = p->recorder,
		.epoch_us = p->epoch_us,
		.closed = on_closed,
		.arg = p};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/voice", conf->ports[p->number % conf->n_ports]);

	int err = cw_twilio_dial(p->ring, p->ring->world, &carrier, &p->line, why);

	return err ? err : cw_caller_open(p->ring, p->ring->world, &caller, p->line, &p->caller, why);
}

static void on_time(void *arg)
{
	struct person *p = arg;
	struct cw_why why = {0};
	int err;

	p->epoch_us = cw_now(p->ring->world);
	err = open_recorder(p, &why);

	if (!err)
		err = ring_up(p, &why);
	if (err)
		could_not(p, err, &why);
}

/* ---- beginning ---- */

/* A scenario of its own: the facts are written into its texts when it is read. */
static int read_script(struct person *p, struct cw_why *why)
{
	const struct ring_conf *conf = &p->ring->conf;
	const struct facts *f = &p->told->facts;
	const struct cw_opt_pair vars[] = {{"name", f->name}, {"phone", f->phone}, {"address", f->address},
		{"time", f->wish}, {"second", f->second}};
	const struct cw_scenario_conf sc = {.vars = vars, .n_vars = CW_COUNT(vars)};
	struct cw_scenario *scenario;
	int err = cw_scenario_load(p->ring, conf->scenario, &sc, &scenario, why);

	for (size_t i = 0; !err && i < scenario->n_tests; i++)
		if (!strcmp(scenario->tests[i]->id, conf->test))
			p->test = scenario->tests[i];
	if (!err && !p->test)
		err = cw_why_set(why, ENOENT, "%s has no test '%s'", conf->scenario, conf->test);
	return err;
}

static int prepare(struct ring *r, unsigned i, struct cw_why *why)
{
	struct person *p = &r->people[i];

	p->ring = r;
	p->told = &r->told[i];
	p->number = i;
	facts_make(&p->told->facts, i, i / r->conf.n_ports, cw_wall(r->world));

	int err = cw_timeline_new(r, &p->told->timeline);

	return err ? err : read_script(p, why);
}

static int ring_free(struct ring *r)
{
	for (unsigned i = 0; i < r->conf.callers; i++)
		cw_timer_stop(&r->people[i].timer);
	return 0;
}

int ring_start(void *parent, struct cw_world *w, const struct ring_conf *conf, struct ring **ret, struct cw_why *why)
{
	CW_SCOPED struct ring *r = talloc_zero(NULL, struct ring);
	int err = 0;

	if (!r)
		return ENOMEM;
	r->world = w;
	r->conf = *conf;
	r->told = talloc_zero_array(r, struct ring_caller, conf->callers);
	r->people = talloc_zero_array(r, struct person, conf->callers);
	if (!r->told || !r->people)
		return ENOMEM;
	for (unsigned i = 0; i < conf->callers; i++)
		cw_timer_init(&r->people[i].timer, w);
	talloc_set_destructor(r, ring_free);
	for (unsigned i = 0; i < conf->callers && !err; i++)
		err = prepare(r, i, why);
	if (err)
		return err;
	for (unsigned i = 0; i < conf->callers; i++)
		cw_timer_start(&r->people[i].timer, conf->spread_us * i / conf->callers, on_time, &r->people[i]);
	*ret = talloc_move(parent, &r);
	return 0;
}

unsigned ring_live(const struct ring *r)
{
	unsigned live = 0;

	for (unsigned i = 0; i < r->conf.callers; i++) {
		size_t from = 0;

		live += !r->told[i].over &&
			cw_timeline_next(r->told[i].timeline, &from, CW_EV_ANSWERED, CW_SIDE_CALLER);
	}
	return live;
}

const struct ring_caller *ring_callers(const struct ring *r)
{
	return r->told;
}
