#include <errno.h>

#include "cmd/standin.h"
#include "standin/openai.h"

static int open_it(void *owner, struct cw_world *w, void *conf, void **arg, struct cw_why *why)
{
	struct cw_standin_openai *standin;
	int err = cw_standin_openai_new(owner, w, conf, &standin, why);

	if (!err)
		*arg = standin;
	return err;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	static const struct cw_routes routes = {.request = cw_standin_openai_request, .max_body = 8u << 20};
	struct cw_standin_openai_conf conf = {0};
	struct cw_opt_list keys = {0};
	const char *fault = NULL;
	struct cw_standin_serve serve = {.address = "127.0.0.1:8082",
		.ready = "set CW_OPENAI_BASE_URL to this address and /v1",
		.routes = &routes,
		.open = open_it,
		.conf = &conf};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'l', "listen", "ADDR:PORT",
			"where to listen (127.0.0.1:8082); port 0 takes any free one", &serve.address},
		{CW_OPT_STRING, 'a', "answers", "FILE",
			"YAML or JSON file of answers (default: a small built-in talker)", &conf.answers},
		{CW_OPT_LIST, 'k', "key", "KEY", "accept only these keys; without any, no key is asked for", &keys},
		{CW_OPT_DURATION, 0, "latency", "TIME", "wait before each answer, or its first piece: 50ms",
			&conf.latency_us},
		{CW_OPT_DOUBLE, 0, "tokens-per-s", "N", "pace of the answers (default: at once)", &conf.tokens_per_s},
		{CW_OPT_U32, 0, "requests-per-min", "N", "rate limit; more get 429", &conf.requests_per_min},
		{CW_OPT_STRING, 0, "fault", "KIND",
			"stall, cut, unfinished, garbage, empty, error-event, bad-arguments, length, silent, 503, 429:7",
			&fault},
		{CW_OPT_U32, 0, "fault-every", "N", "the fault strikes every N-th request (default: each)",
			&conf.fault_every},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	struct cw_why why = {0};
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (conf.tokens_per_s < 0)
		(void)cw_why_set(&why, EINVAL, "--tokens-per-s: expected a number from 0 on");
	if (why.err || (fault && cw_standin_fault_parse(fault, &conf.fault, &why)))
		return cw_cmd_fail(&why);
	conf.keys = keys.items;
	conf.n_keys = keys.n;
	return cw_standin_serve("openai", &serve);
}

const struct cw_standin_kind cw_standin_openai_kind = {
	.name = "openai", .about = "chat completions, embeddings and models as OpenAI serves them", .run = run};
