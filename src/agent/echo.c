#include "agent/agent_int.h"

#include <errno.h>

#include "base/mem.h"
#include "world/world.h"

struct echo {
	struct cw_agent_call *call;
	struct cw_line *line;
};

static void note(struct echo *e, enum cw_event_kind kind, const char *key, const char *value)
{
	const struct cw_agent_call *c = e->call;

	cw_timeline_add(
		c->timeline, cw_now(c->agent->world) - c->conf.epoch_us, CW_SIDE_AGENT, kind, "{s:s}", key, value);
}

static void on_answered(const struct cw_line_info *info, void *arg)
{
	note(arg, CW_EV_ANSWERED, "stream_id", info->stream_id ? info->stream_id : "");
}

/* A frame the far end has no room for is lost, as on any line; the timeline must not grow per frame. */
static void on_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct echo *e = arg;

	(void)cw_line_send(e->line, ulaw, 160);
}

static void on_dtmf(char digit, void *arg)
{
	const char text[2] = {digit, '\0'};

	note(arg, CW_EV_DTMF, "digit", text);
}

static void on_mark(uint32_t id, bool cleared, void *arg) {}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct echo *e = arg;

	note(e, CW_EV_HUNG_UP, "reason", cw_end_reason_name(reason));
	cw_agent_call_closed(e->call);
}

int cw_echo_answer(struct cw_agent_call *c, struct cw_line *line)
{
	static const struct cw_line_events events = {
		.answered = on_answered, .frame = on_frame, .dtmf = on_dtmf, .mark = on_mark, .closed = on_closed};
	struct echo *e = talloc_zero(c, struct echo);

	if (!e)
		return ENOMEM;
	e->call = c;
	e->line = talloc_steal(e, line);
	cw_line_attach(line, &events, e);
	return 0;
}
