#include "cmd/standin.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/verbs.h"
#include "world/os.h"

static const struct cw_standin_kind *const kinds[] = {
	&cw_standin_twilio_kind, &cw_standin_openai_kind, &cw_standin_deepgram_kind};

static void on_signal(int signum, void *arg)
{
	(void)signum;
	cw_os_stop(arg);
}

static int serve(struct cw_world *w, const char *name, const struct cw_standin_serve *s, struct cw_why *why)
{
	void *server_owner = talloc_named_const(NULL, 0, "listener"), *owner = talloc_named_const(NULL, 0, "standin");
	struct cw_server *listener = NULL;
	void *arg = NULL;
	int err = s->open(owner, w, s->conf, &arg, why);

	if (!err)
		err = cw_listen(server_owner, w, &(struct cw_listen_conf){.address = s->address}, s->routes, arg,
			&listener, why);
	if (!err)
		err = cw_os_on_signals(w, on_signal, w);
	if (!err) {
		fprintf(stderr, "%s stand-in on http://%.*s:%u: %s\n", name,
			(int)(strrchr(s->address, ':') - s->address), s->address, cw_server_port(listener), s->ready);
		cw_os_run(w);
	}
	talloc_free(owner); /* before its listener, and both before their world */
	talloc_free(server_owner);
	return err;
}

int cw_standin_serve(const char *name, const struct cw_standin_serve *s)
{
	struct cw_world *w = NULL;
	struct cw_why why = {0};
	int err;

	if (!strrchr(s->address, ':')) {
		fprintf(stderr, "callwright standin: --listen '%s' is not ADDRESS:PORT\n", s->address);
		return CW_EXIT_USAGE;
	}
	cw_log_open(&(struct cw_log_conf){
		.level = CW_LOG_INFO, .fd = STDERR_FILENO, .color = isatty(STDERR_FILENO) && !getenv("NO_COLOR")});
	if (cw_os_new(NULL, &(struct cw_os_conf){0}, &w))
		return cw_cmd_fail(&(struct cw_why){.err = ENOMEM});
	err = serve(w, name, s, &why);
	talloc_free(w);
	if (!err)
		return CW_EXIT_OK;
	(void)cw_why_set(&why, err, "%s", strerror(err)); /* keeps the first reason */
	return cw_cmd_fail(&why);
}

static int say_which(void)
{
	fprintf(stderr, "callwright standin: say which:\n");
	for (size_t i = 0; i < CW_COUNT(kinds); i++)
		fprintf(stderr, "  %-8s %s\n", kinds[i]->name, kinds[i]->about);
	return CW_EXIT_USAGE;
}

/* The first word that is no option names the kind; its own options are read by it. */
static int run(const struct cw_command *cmd, int argc, char **argv)
{
	static const struct cw_opt none[] = {{0}};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc + 1);
	int exit_code;
	size_t n;

	if (argc < 2 || argv[1][0] == '-')
		return argc < 2 || cw_opt_parse(cmd, none, argc, argv, args, &n, &exit_code) ? say_which() : exit_code;
	for (size_t i = 0; i < CW_COUNT(kinds); i++)
		if (!strcmp(kinds[i]->name, argv[1]))
			return kinds[i]->run(cmd, argc - 1, argv + 1);
	return say_which();
}

const struct cw_command cw_cmd_standin = {
	.name = "standin",
	.summary = "run a provider's stand-in: twilio, openai, deepgram",
	.usage = "callwright standin twilio|openai|deepgram [options]",
	.details =
		"twilio: the part of Twilio's REST interface that places calls, backed by the carrier emulator: an agent's program asks for a call and the\n"
		"emulator rings its webhook, interprets TwiML and opens its media stream. CW_TWILIO_ACCOUNT_SID and CW_TWILIO_AUTH_TOKEN are its credentials.\n"
		"openai: chat completions (streamed or not, tools, JSON schemas), embeddings and models, as strict as OpenAI's own; answers come from a file\n"
		"of rules or from a small talker, nothing is a language model. src/standin/README.md describes answers and faults.\n"
		"deepgram: live recognition and voices, by WebSocket and HTTP, over the offline engines (modem, pocketsphinx, flite).\n"
		"'callwright standin twilio --help' and 'callwright standin openai --help' list their options.\n"
		"\nExamples:\n"
		"  callwright standin twilio --listen 127.0.0.1:8081 --say \"My furnace stopped working\" --echo\n"
		"  curl -u AC00000000000000000000000000000001:00000000000000000000000000000000 -d To=+12025550199 -d From=+12025550123 \\\n"
		"    -d Url=http://127.0.0.1:8080/voice http://127.0.0.1:8081/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json\n"
		"  callwright standin openai --listen 127.0.0.1:8082 --latency 50ms --tokens-per-s 80\n"
		"  curl http://127.0.0.1:8082/v1/chat/completions -d '{\"model\":\"any\",\"messages\":[{\"role\":\"user\",\"content\":\"What is 25 * 4?\"}]}'\n",
	.run = run,
};
