#include "trial/execute/probe.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "world/net.h"
#include "world/world.h"

#define PROBE_US 10000000u
#define BODY_MAX (1u << 20)

struct question {
	struct cw_probes *owner;
	const struct cw_assert *of;
	struct cw_http *http;
	struct cw_buf body;
	int status, err;
};

struct cw_probes {
	struct cw_world *world;
	struct question *q;
	size_t n, open;
	struct cw_timer none; /* reports that there was nothing to ask */
	void (*done)(void *arg);
	void *arg;
};

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	struct question *q = arg;

	q->status = status;
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	struct question *q = arg;

	cw_buf_put(&q->body, bytes, n);
}

static void on_closed(int err, void *arg)
{
	struct question *q = arg;
	struct cw_probes *p = q->owner;

	q->http = NULL;
	q->err = err ? err : cw_buf_err(&q->body);
	if (--p->open == 0)
		p->done(p->arg);
}

static const struct cw_http_events events = {.headers = on_headers, .data = on_data, .closed = on_closed};

static bool is_http(const struct cw_assert *a)
{
	return !strcmp(a->name + (a->negate ? 4 : 0), "state_equals") && json_object_get(a->conf, "url");
}

static int count_one(const struct cw_assert *a, void *arg)
{
	size_t *n = arg;

	*n += is_http(a);
	return 0;
}

static int ask(const struct cw_assert *a, void *arg)
{
	struct cw_probes *p = arg;
	struct question *q = &p->q[p->n];

	if (!is_http(a))
		return 0;

	const struct cw_http_req req = {.method = "GET",
		.url = cw_json_str(a->conf, "url", ""),
		.deadlines = {.total_us = PROBE_US},
		.max_body = BODY_MAX};

	*q = (struct question){.owner = p, .of = a, .body = CW_BUF(BODY_MAX)};
	p->n++;
	q->err = cw_http_request(p, p->world, &req, &events, q, &q->http);
	p->open += !q->err;
	return 0;
}

static void nothing_asked(void *arg)
{
	struct cw_probes *p = arg;

	p->done(p->arg);
}

static int probes_end(struct cw_probes *p)
{
	cw_timer_stop(&p->none);
	for (size_t i = 0; i < p->n; i++)
		cw_buf_clear(&p->q[i].body);
	return 0;
}

int cw_probes_open(void *parent, struct cw_world *w, const struct cw_test *test, void (*done)(void *arg), void *arg,
	struct cw_probes **ret)
{
	CW_SCOPED struct cw_probes *p = talloc_zero(NULL, struct cw_probes);
	size_t n = 0;

	if (!p)
		return ENOMEM;
	p->world = w;
	p->done = done;
	p->arg = arg;
	cw_timer_init(&p->none, w);
	talloc_set_destructor(p, probes_end);
	(void)cw_judge_each_assert(test, count_one, &n); /* counting cannot fail */
	p->q = talloc_zero_array(p, struct question, n + 1);
	if (!p->q)
		return ENOMEM;
	(void)cw_judge_each_assert(test, ask, p); /* errors are kept in the questions */
	if (!p->open)
		cw_timer_start(&p->none, 0, nothing_asked, p);
	*ret = talloc_move(parent, &p);
	return 0;
}

void cw_probes_take(struct cw_probes *p, void *parent, struct cw_view_probe **ret, size_t *n)
{
	struct cw_view_probe *out = talloc_zero_array(parent, struct cw_view_probe, p->n + 1);

	*ret = NULL;
	*n = 0;
	if (!out)
		return;
	for (size_t i = 0; i < p->n; i++) {
		struct question *q = &p->q[i];

		out[i] = (struct cw_view_probe){
			.of = q->of, .err = q->err, .status = q->status, .body = cw_buf_take(&q->body, out)};
		if (!out[i].body && !out[i].err) {
			out[i].body = talloc_strdup(out, "");
			out[i].err = out[i].body ? 0 : ENOMEM;
		}
	}
	*ret = out;
	*n = p->n;
}
