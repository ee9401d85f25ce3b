#include "cmd/standin.h"

#include "line/twilio_rest.h"

static void on_request(struct cw_exchange *x, void *arg)
{
	static const struct cw_header text[] = {{"Content-Type", "text/plain"}};
	struct cw_str body = CW_STR_LIT("not found: POST /2010-04-01/Accounts/{AccountSid}/Calls.json places a call\n");

	if (!cw_twilio_rest_request(arg, x))
		(void)cw_reply(x, 404, text, 1, body.p, body.len); /* gone clients need no answer */
}

static int open_it(void *owner, struct cw_world *w, void *conf, void **arg, struct cw_why *why)
{
	struct cw_twilio_rest *rest;
	int err = cw_twilio_rest_new(owner, w, conf, &rest, why);

	if (!err)
		*arg = rest;
	return err;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	static const struct cw_routes routes = {.request = on_request};
	struct cw_twilio_rest_conf conf = {
		.account_sid = getenv("CW_TWILIO_ACCOUNT_SID"), .auth_token = getenv("CW_TWILIO_AUTH_TOKEN")};
	struct cw_standin_serve serve = {.address = "127.0.0.1:8081",
		.ready = "POST /2010-04-01/Accounts/{AccountSid}/Calls.json with To, From and Url or Twiml",
		.routes = &routes,
		.open = open_it,
		.conf = &conf};
	const struct cw_opt opts[] = {
		{CW_OPT_STRING, 'l', "listen", "ADDR:PORT",
			"where to listen (127.0.0.1:8081); port 0 takes any free one", &serve.address},
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
	int exit_code;
	size_t n;

	if (!cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code))
		return exit_code;
	return cw_standin_serve("twilio", &serve);
}

const struct cw_standin_kind cw_standin_twilio_kind = {.name = "twilio",
	.about = "places calls as Twilio's REST interface does, with the carrier emulator",
	.run = run};
