#include "ring.h"

#include <errno.h>

#include "base/mem.h"
#include "line/loop.h"
#include "testing.h"

static void ready(int err, void *arg)
{
	struct ring *r = arg;

	r->ready = err;
}

static int ring_free(struct ring *r)
{
	talloc_free(r->call);
	talloc_free(r->caller);
	talloc_free(r->agent);
	talloc_free(r->world);
	talloc_free(r->db);
	return 0;
}

int ring_new(const char *file, const struct cw_sim_conf *sim, struct ring **ret)
{
	struct ring *r = talloc_zero(NULL, struct ring);
	struct cw_agent_conf conf = {.path = file, .stt = "modem", .voice = "modem"};
	struct cw_why why = {0};
	int err;

	talloc_set_destructor(r, ring_free);
	r->ready = -1;
	err = cw_sim_new(NULL, sim, &r->world);
	if (!err)
		err = cw_db_open(NULL, ":memory:", &r->db, NULL);
	conf.db = r->db;
	if (!err)
		err = cw_agent_open(NULL, r->world, &conf, ready, r, &r->agent, &why);
	if (err) {
		print_error("%s\n", why.text);
		talloc_free(r);
		return err;
	}
	assert_int_equal(r->ready, -1);
	while (r->ready == -1 && cw_sim_step(r->world))
		;
	*ret = r;
	return 0;
}

/* ---- the caller's mind ---- */

static void caller_answered(void *mind, const struct cw_line_info *info)
{
	struct ring *r = mind;

	cw_party_owe(r->caller, false, NULL);
}

static void caller_turn(void *mind, const struct cw_heard *h)
{
	struct ring *r = mind;
	size_t at = strlen(r->heard);

	r->turns++;
	snprintf(r->heard + at, sizeof(r->heard) - at, "%s|", h->text);
	for (const struct ring_answer *a = r->answers; a && a->hears; a++) {
		if (!strstr(h->text, a->hears))
			continue;
		if (a->says[0] == '#')
			(void)cw_party_dtmf(r->caller, a->says + 1);
		else if (a->says[0])
			(void)cw_party_say(r->caller, a->says, NULL);
		return;
	}
}

static void caller_partial(void *mind, const char *text)
{
	struct ring *r = mind;

	if (!r->butts_in || r->butted || !strstr(text, r->butts_in))
		return;
	r->butted = true;
	(void)cw_party_say(r->caller, "hello", NULL);
}

static void caller_closed(void *mind, enum cw_end_reason reason, const char *detail)
{
	struct ring *r = mind;

	r->caller_over = true;
	r->reason = reason;
}

static const struct cw_mind_ops caller_ops = {.name = "test caller",
	.answered = caller_answered,
	.partial = caller_partial,
	.turn_ended = caller_turn,
	.closed = caller_closed};

/* ---- the call ---- */

static void agent_closed(struct cw_agent_call *c, void *arg)
{
	struct ring *r = arg;

	assert_false(r->agent_over);
	r->agent_over = true;
	if (r->free_when_closed) {
		talloc_free(c);
		r->call = NULL;
	}
}

static void open_line(struct ring *r)
{
	struct cw_loop_conf loop = {
		.call_id = "CA1", .from = "+14155550100", .to = "+15550100", .delay_us = 20000, .answer_us = 500000};
	struct cw_agent_call_conf conf = {.closed = agent_closed, .arg = r};
	struct cw_why why = {0};

	assert_int_equal(cw_loop_new(r->world, r->world, &loop, &r->agent_line, &r->caller_line), 0);
	assert_int_equal(cw_agent_answer(NULL, r->agent, r->agent_line, &conf, &r->call, &why), 0);
}

void ring_answer_only(struct ring *r)
{
	open_line(r);
}

bool ring_call(struct ring *r, const struct ring_answer *answers, uint64_t limit_us)
{
	struct cw_party_conf conf = {
		.side = CW_SIDE_CALLER,
		.listener = {.stt = "modem", .language = "en-US"},
		.speaker = {.voice = "modem", .language = "en-US"},
		.idle_us = UINT64_MAX,
		.timeline_ear = true,
		.epoch_us = cw_now(r->world),
	};
	uint64_t end_us = cw_now(r->world) + limit_us;

	r->answers = answers;
	open_line(r);
	conf.speaker.epoch_us = conf.epoch_us;
	assert_int_equal(cw_party_new(NULL, r->world, &conf, r->caller_line, &caller_ops, r, &r->caller, NULL), 0);
	r->ears = cw_party_timeline(r->caller);
	while (!(r->agent_over && r->caller_over) && cw_now(r->world) < end_us && cw_sim_step(r->world))
		;
	return r->agent_over && r->caller_over;
}

unsigned ring_count(const struct ring *r, enum cw_event_kind kind, const char *text)
{
	const struct cw_timeline *t = cw_agent_call_timeline(r->call);
	unsigned n = 0;

	for (size_t i = 0; i < cw_timeline_count(t); i++) {
		const struct cw_event *e = cw_timeline_at(t, i);
		struct cw_buf b = CW_BUF(64 * 1024);

		if (e->kind != kind)
			continue;
		cw_event_encode(&b, e);
		n += b.p && strstr(b.p, text) != NULL;
		cw_buf_clear(&b);
	}
	return n;
}

json_t *ring_rows(const struct ring *r, const char *sql)
{
	json_t *rows = NULL;

	assert_int_equal(cw_db_rows(r->db, sql, &rows, NULL), 0);
	return rows;
}
