#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/verbs.h"
#include "line/twilio_rest.h"
#include "world/net.h"
#include "world/os.h"

struct standin {
	struct cw_world *world;
	struct cw_twilio_rest *twilio;
	struct cw_server *listener;
};

static void on_request(struct cw_exchange *x, void *arg)
{
	static const struct cw_header text[] = {{"Content-Type", "text/plain"}};
	struct standin *s = arg;
	struct cw_str body = CW_STR_LIT("not found: POST /2010-04-01/Accounts/{AccountSid}/Calls.json places a call\n");

	if (!cw_twilio_rest_request(s->twilio, x))
		(void)cw_reply(x, 404, text, 1, body.p, body.len); /* gone clients need no answer */
}

static void on_signal(int signum, void *arg)
{
	struct standin *s = arg;

	(void)signum;
	cw_os_stop(s->world);
}

static int serve(struct standin *s, const char *address, const struct cw_twilio_rest_conf *conf)
{
	static const struct cw_routes routes = {.request = on_request};
	struct cw_why why = {0};
	void *owner = talloc_named_const(NULL, 0, "standin");
	int err = cw_twilio_rest_new(owner, s->world, conf, &s->twilio, &why);

	if (!err)
		err = cw_listen(
			owner, s->world, &(struct cw_listen_conf){.address = address}, &routes, s, &s->listener, &why);
	if (!err)
		err = cw_os_on_signals(s->world, on_signal, s);
	if (!err) {
		fprintf(stderr,
			"twilio stand-in on http://%.*s:%u: POST /2010-04-01/Accounts/{AccountSid}/Calls.json with To, From and Url or Twiml\n",
			(int)(strrchr(address, ':') - address), address, cw_server_port(s->listener));
		cw_os_run(s->world);
	}
	talloc_free(owner); /* before its world */
	if (!err)
		return CW_EXIT_OK;
	(void)cw_why_set(&why, err, "%s", strerror(err)); /* keeps the first reason */
	return cw_cmd_fail(&why);
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	const char *address = "127.0.0.1:8081";
	struct cw_twilio_rest_conf conf = {
		.account_sid = getenv("CW_TWILIO_ACCOUNT_SID"), .auth_token = getenv("CW_TWILIO_AUTH_TOKEN")};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'l', "listen", "ADDR:PORT",
			"where to listen (127.0.0.1:8081); port 0 takes any free one", &address},
		{CW_OPT_STRING, 's', "say", "TEXT", "what the called person says when picking up", &conf.say},
		{CW_OPT_STRING, 'w', "wav", "FILE", "what the called person plays instead", &conf.wav},
		{CW_OPT_FLAG, 'e', "echo", NULL, "the called person sends back what is heard", &conf.echo},
		{CW_OPT_STRING, 0, "voice", "VOICE", "voice of the called person and of <Say> (flite:kal)",
			&conf.voice},
		{CW_OPT_STRING, 0, "gather", "ENGINE", "recogniser of <Gather> (pocketsphinx)", &conf.gather_engine},
		{CW_OPT_STRING, 0, "record-dir", "DIR", "keep what <Record> records", &conf.record_dir},
		{CW_OPT_U32, 0, "max-calls", "N", "calls at one time (100)", &conf.max_calls},
		{0},
	};
	CW_SCOPED const char **args = talloc_array(NULL, const char *, (unsigned)argc);
	struct standin s = {0};
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	if (n != 1 || strcmp(args[0], "twilio") != 0) {
		fprintf(stderr, "callwright standin: say which: twilio\n");
		return CW_EXIT_USAGE;
	}
	if (!strrchr(address, ':')) {
		fprintf(stderr, "callwright standin: --listen '%s' is not ADDRESS:PORT\n", address);
		return CW_EXIT_USAGE;
	}
	cw_log_open(&(struct cw_log_conf){
		.level = CW_LOG_INFO, .fd = STDERR_FILENO, .color = isatty(STDERR_FILENO) && !getenv("NO_COLOR")});
	if (cw_os_new(NULL, &(struct cw_os_conf){0}, &s.world))
		return cw_cmd_fail(&(struct cw_why){.err = ENOMEM});
	exit_code = serve(&s, address, &conf);
	talloc_free(s.world);
	return exit_code;
}

const struct cw_command cw_cmd_standin = {
	.name = "standin",
	.summary = "run a provider's stand-in: twilio",
	.usage = "callwright standin twilio [options]",
	.details =
		"The part of Twilio's REST interface that places calls, backed by the carrier emulator: an agent's program asks for a call and the emulator\n"
		"rings its webhook, interprets TwiML and opens its media stream. CW_TWILIO_ACCOUNT_SID and CW_TWILIO_AUTH_TOKEN are its credentials.\n"
		"\nExamples:\n"
		"  callwright standin twilio --listen 127.0.0.1:8081 --say \"My furnace stopped working\" --echo\n"
		"  curl -u AC00000000000000000000000000000001:00000000000000000000000000000000 -d To=+12025550199 -d From=+12025550123 \\\n"
		"    -d Url=http://127.0.0.1:8080/voice http://127.0.0.1:8081/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json\n",
	.run = run,
};
