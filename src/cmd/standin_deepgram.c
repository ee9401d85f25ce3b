#include <errno.h>
#include <string.h>

#include "cmd/standin.h"
#include "standin/deepgram.h"

static int open_it(void *owner, struct cw_world *w, void *conf, void **arg, struct cw_why *why)
{
	struct cw_standin_deepgram *standin;
	int err = cw_standin_deepgram_new(owner, w, conf, &standin, why);

	if (!err)
		*arg = standin;
	return err;
}

static int take_fault(struct cw_standin_deepgram_conf *conf, const char *fault, struct cw_why *why)
{
	conf->wrong_rate = fault && !strcmp(fault, "wrong-rate");
	conf->no_websocket = fault && !strcmp(fault, "no-websocket");
	if (!fault || conf->wrong_rate || conf->no_websocket)
		return 0;
	return cw_standin_fault_parse(fault, &conf->fault, why);
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	static const struct cw_routes routes = {
		.request = cw_standin_deepgram_request, .upgrade = cw_standin_deepgram_upgrade};
	struct cw_standin_deepgram_conf conf = {0};
	struct cw_opt_list keys = {0};
	const char *fault = NULL;
	struct cw_standin_serve serve = {.address = "127.0.0.1:8083",
		.ready = "set CW_DEEPGRAM_URL to this address",
		.routes = &routes,
		.open = open_it,
		.conf = &conf};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'l', "listen", "ADDR:PORT",
			"where to listen (127.0.0.1:8083); port 0 takes any free one", &serve.address},
		{CW_OPT_STRING, 0, "stt", "ENGINE", "what recognises: modem (default), pocketsphinx", &conf.stt},
		{CW_OPT_STRING, 0, "voice", "VOICE", "what speaks: modem (default), flite:slt, espeak:en-us",
			&conf.voice},
		{CW_OPT_LIST, 'k', "key", "KEY", "accept only these keys; without any, every key is taken", &keys},
		{CW_OPT_DURATION, 0, "latency", "TIME",
			"wait before each final, and before a sentence's first audio: 250ms", &conf.latency_us},
		{CW_OPT_STRING, 0, "fault", "KIND",
			"stall, cut, garbage, empty, unfinished, silent, error-event, wrong-rate, no-websocket, 503, 429:7",
			&fault},
		{CW_OPT_U32, 0, "fault-every", "N", "the fault strikes every N-th connection (default: each)",
			&conf.fault_every},
		{CW_OPT_U32, 0, "fault-times", "N", "and at most so often (default: without end)", &conf.fault_times},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	struct cw_why why = {0};
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (take_fault(&conf, fault, &why))
		return cw_cmd_fail(&why);
	conf.keys = keys.items;
	conf.n_keys = keys.n;
	return cw_standin_serve("deepgram", &serve);
}

const struct cw_standin_kind cw_standin_deepgram_kind = {
	.name = "deepgram", .about = "live recognition and voices as Deepgram serves them", .run = run};
