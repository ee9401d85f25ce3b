#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "agent/agent.h"
#include "audio/g711.h"
#include "audio/wav.h"
#include "call/party.h"
#include "cmd/cmd.h"
#include "cmd/config.h"
#include "cmd/live.h"
#include "cmd/verbs.h"
#include "trial/execute/target.h"
#include "world/os.h"

#define LINE_MAX_BYTES 2000
#define TYPING_POLL_MS 200
#define IDLE_US        6000000

/* One call from the terminal: a party whose mind is the person at the keyboard, or what the options say. */
struct console {
	struct cw_world *world;
	struct cw_target *target;
	struct cw_party *party;
	struct cw_timeline *ears, *agent_events;
	struct cw_recorder *recorder;
	struct cw_live live;
	struct cw_timer limit;
	uint64_t epoch_us;
	/* options */
	const char *voice, *ear, *record;
	struct cw_opt_list says;
	const char *wav;
	bool type;
	/* progress */
	size_t next_say;
	bool wav_played, typing_over, agent_ended, closed;
	bool agent_in_process;
	int exit_code;
	struct cw_why why;
};

/* ---- typing: a job waits for a line, off the lane, and looks up now and then ---- */

struct typing {
	struct console *console;
	char line[LINE_MAX_BYTES];
	bool got, over;
};

static void read_line(void *arg)
{
	struct typing *t = arg;
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

	t->got = false;
	if (poll(&fd, 1, TYPING_POLL_MS) <= 0)
		return;
	t->got = fgets(t->line, sizeof(t->line), stdin) != NULL;
	t->over = !t->got;
}

static void typing_dispose(void *arg)
{
	talloc_free(arg);
}

static void listen_to_keyboard(struct console *c);

static void line_read(void *arg)
{
	struct typing *t = arg;
	struct console *c = t->console;

	if (t->over) {
		c->typing_over = true;
		cw_party_hang_up(c->party, "end of input");
		return;
	}
	t->line[strcspn(t->line, "\r\n")] = '\0';
	if (t->got && t->line[0] && cw_party_say(c->party, t->line, NULL))
		fprintf(stderr, "callwright call: that was too much at once; say it again\n");
	listen_to_keyboard(c);
}

static void listen_to_keyboard(struct console *c)
{
	struct typing *t = talloc_zero(NULL, struct typing);

	if (!t)
		return;
	t->console = c;

	const struct cw_job job = {.run = read_line,
		.done = line_read,
		.dispose = typing_dispose,
		.arg = t,
		.blocking = true,
		.label = "keyboard"};

	if (cw_work(c->party, c->world, &job, NULL))
		talloc_free(t);
}

/* ---- the mind ---- */

static void end_loop(struct console *c)
{
	if (c->closed && (!c->agent_in_process || c->agent_ended))
		cw_os_stop(c->world);
}

static int play_wav(struct console *c)
{
	int16_t *pcm = NULL;
	size_t n;
	int err = cw_wav_load_mono(c, c->wav, CW_RATE_HZ, &pcm, &n, &c->why);

	c->wav_played = true;
	if (!err)
		err = cw_party_play(c->party, pcm, n, c->wav, NULL);
	talloc_free(pcm);
	return err;
}

/* Our turn: the next of what was asked for; when nothing is left, goodbye. */
static void speak(struct console *c)
{
	if (cw_party_speaking(c->party))
		return;
	if (c->wav && !c->wav_played) {
		if (play_wav(c))
			cw_party_drop(c->party, "file cannot be played");
	} else if (c->next_say < c->says.n) {
		(void)cw_party_say(
			c->party, c->says.items[c->next_say++], NULL); /* one at a time: the queue is empty */
	} else if (!c->type) {
		cw_party_hang_up(c->party, "everything is said");
	}
}

static void on_answered(void *mind, const struct cw_line_info *info)
{
	struct console *c = mind;

	(void)info;
	if (c->type)
		listen_to_keyboard(c);
}

static void on_turn_ended(void *mind, const struct cw_heard *h)
{
	(void)h;
	speak(mind);
}

static void on_idle(void *mind, uint64_t silent_us)
{
	(void)silent_us;
	speak(mind);
}

static void recorded(int err, void *arg)
{
	struct console *c = arg;

	if (err)
		fprintf(stderr, "callwright call: recording '%s': %s\n", c->record, strerror(err));
	c->closed = true;
	end_loop(c);
}

static void on_closed(void *mind, enum cw_end_reason reason, const char *detail)
{
	struct console *c = mind;

	if (reason == CW_END_UNREACHABLE || reason == CW_END_REFUSED || reason == CW_END_PROTOCOL ||
		reason == CW_END_TIMEOUT) {
		fprintf(stderr, "callwright call: the call ended: %s: %s\n", cw_end_reason_name(reason),
			detail ? detail : "");
		c->exit_code = reason == CW_END_PROTOCOL ? CW_EXIT_FAILED : CW_EXIT_UNREACHABLE;
	}
	cw_timer_stop(&c->limit);
	if (c->recorder) {
		cw_recorder_finish(c->recorder, recorded, c);
		return;
	}
	c->closed = true;
	end_loop(c);
}

static const struct cw_mind_ops mind_ops = {
	.name = "console",
	.answered = on_answered,
	.turn_ended = on_turn_ended,
	.idle = on_idle,
	.closed = on_closed,
};

/* ---- reaching the target ---- */

static int on_line(struct cw_line *carrier, const char *const *phrases, void *arg)
{
	struct console *c = arg;
	struct cw_hints hints = {.phrases = phrases};
	const struct cw_party_conf conf = {
		.side = CW_SIDE_CALLER,
		.listener = {.stt = c->ear, .language = "en-US"},
		.speaker = {.voice = c->voice, .language = "en-US"},
		.timeline = c->ears,
		.timeline_ear = true,
		.recorder = c->recorder,
		.idle_us = IDLE_US,
		.epoch_us = c->epoch_us,
	};
	int err = cw_party_new(c, c->world, &conf, carrier, &mind_ops, c, &c->party, &c->why);

	if (err)
		return err;
	while (phrases && phrases[hints.n_phrases])
		hints.n_phrases++;
	if (hints.n_phrases) {
		struct cw_hints *known = cw_hints_new(c, &hints);

		if (known)
			cw_party_expect(c->party, CW_AWAIT_ANYTHING, known);
	}
	return 0;
}

static void on_failed(const struct cw_why *why, void *arg)
{
	struct console *c = arg;

	if (c->why.err)
		why = &c->why;
	c->exit_code = cw_cmd_fail(why);
	c->agent_ended = true;
	c->closed = true;
	cw_os_stop(c->world);
}

static void on_agent_closed(void *arg)
{
	struct console *c = arg;

	c->agent_ended = true;
	end_loop(c);
}

static void on_limit(void *arg)
{
	struct console *c = arg;

	fprintf(stderr, "callwright call: time is up\n");
	if (c->party)
		cw_party_drop(c->party, "time is up");
	else
		cw_os_stop(c->world);
}

static void on_signal(int signum, void *arg)
{
	struct console *c = arg;

	(void)signum;
	c->exit_code = CW_EXIT_INTERRUPTED;
	if (c->party && !c->closed)
		cw_party_drop(c->party, "interrupted");
	else
		cw_os_stop(c->world);
}

static int place(
	struct console *c, const char *target, const char *agent_stt, const char *agent_voice, uint64_t limit_us)
{
	static const struct cw_target_events events = {on_line, on_failed, on_agent_closed};
	const struct cw_target_conf conf = {
		.target = target,
		.agent_stt = agent_stt,
		.agent_voice = agent_voice,
		.auth_token = cw_config_auth_token(),
		.db_path = ":memory:",
		.call_id = "terminal",
		.epoch_us = c->epoch_us,
		.timeline = c->agent_events,
	};
	int err = cw_target_check(target, false, &c->why);

	if (!err && c->record)
		err = cw_recorder_open(c, c->world, c->record, &c->recorder, &c->why);
	if (!err)
		err = cw_target_open(c, c->world, &conf, &events, c, &c->target, &c->why);
	if (!err)
		err = cw_os_on_signals(c->world, on_signal, c);
	if (err) {
		(void)cw_why_set(&c->why, err, "%s", strerror(err)); /* keeps the first reason */
		return cw_cmd_fail(&c->why);
	}
	c->agent_in_process = cw_target_in_process(c->target);
	cw_timer_start(&c->limit, limit_us, on_limit, c);
	cw_os_run(c->world);
	cw_timer_stop(&c->limit);
	cw_live_summary(&c->live);
	if (c->record)
		printf("recording: %s (left caller, right agent)\n", c->record);
	return c->exit_code;
}

static int run(const struct cw_command *cmd, int argc, char **argv)
{
	struct cw_world *world = NULL;
	struct console *c;
	const char *agent_stt = NULL, *agent_voice = NULL;
	uint64_t limit_us = 600000000;
	bool every_event = false;
	int exit_code;
	size_t n;

	if (cw_os_new(NULL, &(struct cw_os_conf){.workers = 4}, &world))
		return cw_cmd_fail(&(struct cw_why){.err = ENOMEM});
	c = talloc_zero(NULL, struct console);
	CW_ASSERT(c);
	*c = (struct console){.world = world, .epoch_us = cw_now(world), .voice = "flite:rms", .ear = "pocketsphinx"};

	const struct cw_opt opts[] = {
		{CW_OPT_LIST, 's', "say", "TEXT", "say this when it is our turn (repeatable); then hang up", &c->says},
		{CW_OPT_FLAG, 't', "type", NULL, "say what is typed, line by line; end of input hangs up", &c->type},
		{CW_OPT_STRING, 'w', "wav", "FILE", "play this file when it is our turn", &c->wav},
		{CW_OPT_STRING, 0, "voice", "VOICE", "our voice (flite:rms)", &c->voice},
		{CW_OPT_STRING, 0, "ear", "ENGINE", "our recogniser (pocketsphinx)", &c->ear},
		{CW_OPT_STRING, 0, "agent-stt", "ENGINE", "recogniser of an agent: target, over its file's choice",
			&agent_stt},
		{CW_OPT_STRING, 0, "agent-voice", "VOICE", "voice of an agent: target, over its file's choice",
			&agent_voice},
		{CW_OPT_STRING, 'r', "record", "FILE", "keep a stereo recording", &c->record},
		{CW_OPT_FLAG, 0, "timeline", NULL, "print every event as a JSON line instead of the transcript",
			&every_event},
		{CW_OPT_DURATION, 0, "limit", "TIME", "hang up after this long (10m)", &limit_us},
		{0},
	};
	const char **args = talloc_array(c, const char *, (unsigned)argc);

	if (cw_opt_parse(cmd, opts, argc, argv, args, &n, &exit_code)) {
		cw_timer_init(&c->limit, world);
		cw_live_init(&c->live, stdout, every_event);
		if (n != 1) {
			fprintf(stderr, "callwright call: say whom to call: agent:FILE or twilio:URL\n");
			exit_code = CW_EXIT_USAGE;
		} else if (cw_timeline_new(c, &c->ears) || cw_timeline_new(c, &c->agent_events)) {
			exit_code = cw_cmd_fail(&(struct cw_why){.err = ENOMEM});
		} else {
			cw_timeline_watch(c->ears, cw_live_event, &c->live);
			exit_code = place(c, args[0], agent_stt, agent_voice, limit_us);
		}
	}
	talloc_free(c); /* before its world */
	talloc_free(world);
	return exit_code;
}

const struct cw_command cw_cmd_call = {
	.name = "call",
	.summary = "place one call from the terminal",
	.usage = "callwright call [options] TARGET",
	.details =
		"Targets: agent:FILE runs an agent in this process; twilio:URL plays Twilio against any agent's voice webhook, signing with\n"
		"CW_TWILIO_AUTH_TOKEN.\n"
		"The transcript is what our ear recognised, with the time from the caller's last sample to the agent's first.\n"
		"\nExamples:\n"
		"  callwright call agent:agents/hvac.yaml --type\n"
		"  callwright call agent:agents/echo.yaml --say \"Hello there\" --say \"Goodbye\"\n"
		"  callwright call twilio:http://127.0.0.1:8080/voice --say \"My furnace stopped working\" --record call.wav\n",
	.run = run,
};
