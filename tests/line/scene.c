#include "scene.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world/os.h"
#include "world/sim.h"

struct cw_world *world;

int sim_setup(void **state)
{
	return cw_test_setup(state) || cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 1}, &world) ? -1 : 0;
}

int os_setup(void **state)
{
	return cw_test_setup(state) || cw_os_new(NULL, &(struct cw_os_conf){.seed = 1, .workers = 1}, &world) ? -1 : 0;
}

int world_teardown(void **state)
{
	TALLOC_FREE(world);
	return cw_test_teardown(state);
}

static int on_call(struct cw_line *line, const struct cw_line_info *info, void *arg)
{
	struct scene *s = arg;

	if (s->refuse)
		return s->refuse;
	assert_true(s->n_agents < AGENTS_MAX);
	assert_non_null(info->call_id);
	person_attach(&s->agents[s->n_agents++], line);
	return 0;
}

static void on_request(struct cw_exchange *x, void *arg)
{
	struct scene *s = arg;

	if (!cw_twilio_server_request(s->server, x))
		(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

static void on_upgrade(struct cw_exchange *x, void *arg)
{
	struct scene *s = arg;

	if (!cw_twilio_server_upgrade(s->server, x))
		(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

void scene_open(struct scene *s, struct cw_world *w, const struct cw_twilio_server_conf *conf)
{
	static const struct cw_routes routes = {on_request, on_upgrade, 0};

	*s = (struct scene){.w = w, .owner = talloc_new(w)};
	assert_int_equal(cw_twilio_server_new(s->owner, w, conf, on_call, s, &s->server, NULL), 0);
	assert_int_equal(cw_listen(s->owner, w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, s,
				 &s->listener, NULL),
		0);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u/voice", cw_server_port(s->listener));
	person_init(&s->caller, w, s->owner);
	for (unsigned i = 0; i < AGENTS_MAX; i++)
		person_init(&s->agents[i], w, s->owner);
}

void scene_close(struct scene *s)
{
	talloc_free(s->owner);
	person_clear(&s->caller);
	for (unsigned i = 0; i < AGENTS_MAX; i++)
		person_clear(&s->agents[i]);
}

void dial(struct scene *s, struct person *who, const char *token)
{
	const struct cw_twilio_carrier_conf conf = {.url = s->url,
		.auth_token = token,
		.from = "+12025550123",
		.to = "+12025550199",
		.say_voice = "modem",
		.gather_engine = "modem"};
	struct cw_line *line = NULL;

	assert_int_equal(cw_twilio_dial(s->owner, s->w, &conf, &line, NULL), 0);
	person_attach(who, line);
}

const struct cw_twilio_server_conf signed_conf = {.auth_token = TOKEN};

void assert_ended(struct person *p, enum cw_end_reason reason, const char *detail)
{
	if (p->closed != 1 || p->reason != reason || !strstr(p->detail, detail))
		fail_msg("closed %u, %s, '%s': expected %s, '%s'", p->closed, cw_end_reason_name(p->reason), p->detail,
			cw_end_reason_name(reason), detail);
}
