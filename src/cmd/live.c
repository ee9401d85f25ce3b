#include "cmd/live.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define BLUE  "\033[34m"
#define GREEN "\033[32m"
#define RESET "\033[0m"

void cw_live_init(struct cw_live *l, FILE *out, bool every_event)
{
	*l = (struct cw_live){.out = out, .every_event = every_event, .response_us = INT64_MIN};
	l->color = isatty(fileno(out)) && !getenv("NO_COLOR");
}

static const char *paint(const struct cw_live *l, const char *code)
{
	return l->color ? code : "";
}

static void line(
	const struct cw_live *l, uint64_t t_us, const char *who, const char *code, const char *text, const char *aside)
{
	fprintf(l->out, "%s%7.2f s%s  %s%-7s%s %s%s%s%s\n", paint(l, DIM), (double)t_us / 1e6, paint(l, RESET),
		paint(l, code), who, paint(l, RESET), text, paint(l, DIM), aside, paint(l, RESET));
	fflush(l->out);
}

/* ---- what becomes a line of the transcript ---- */

static void agent_turn_began(struct cw_live *l, const struct cw_event *e)
{
	uint64_t onset = (uint64_t)cw_json_int(e->data, "onset_us", (int64_t)e->t_us);

	if (l->agent_onset_us)
		return;
	l->agent_onset_us = onset;
	l->response_us = l->caller_ended_us ? (int64_t)(onset - l->caller_ended_us) : INT64_MIN;
	l->caller_ended_us = 0;
}

static void agent_turn_over(struct cw_live *l, const struct cw_event *e, const char *text)
{
	char aside[64] = "";

	if (l->response_us != INT64_MIN) {
		snprintf(aside, sizeof(aside), "   [after %lld ms]", (long long)l->response_us / 1000);
		l->n_responses++;
		l->sum_us += l->response_us > 0 ? (uint64_t)l->response_us : 0;
		if (l->response_us > (int64_t)l->max_us)
			l->max_us = (uint64_t)l->response_us;
	}
	line(l, l->agent_onset_us ? l->agent_onset_us : e->t_us, "agent", BLUE,
		*text ? text : "(speech, no words recognised)", aside);
	l->agent_onset_us = 0;
	l->response_us = INT64_MIN;
	l->partial[0] = '\0';
}

static void caller_spoke(struct cw_live *l, const struct cw_event *e)
{
	const char *unheard = cw_json_str(e->data, "unheard", "");
	uint64_t started = (uint64_t)cw_json_int(e->data, "started_us", 0),
		 ended = (uint64_t)cw_json_int(e->data, "ended_us", 0);
	char aside[256] = "";

	if (cw_json_bool(e->data, "cut", false) && *unheard)
		snprintf(aside, sizeof(aside), "   [cut off before: %s]", unheard);
	if (ended > started)
		l->caller_ended_us = ended;
	line(l, started ? started : e->t_us, "caller", GREEN, cw_json_str(e->data, "heard", ""), aside);
}

static void tool_line(const struct cw_live *l, const struct cw_event *e)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);
	const json_t *shown = json_object_get(e->data, e->kind == CW_EV_TOOL_CALLED ? "args" : "result");

	cw_buf_puts(&b, cw_json_str(e->data, "name", "tool"));
	cw_buf_puts(&b, e->kind == CW_EV_TOOL_CALLED ? " <- " : " -> ");
	if (shown)
		cw_json_dump(&b, shown);
	else
		cw_buf_puts(&b, cw_json_str(e->data, "error", "done"));
	line(l, e->t_us, "tool", DIM, b.p ? b.p : "", "");
}

static void remark(const struct cw_live *l, const struct cw_event *e, const char *what, const char *detail)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s", what, *detail ? ": " : "", detail);
	line(l, e->t_us, "-", DIM, text, "");
}

static void transcript(struct cw_live *l, const struct cw_event *e)
{
	bool agent = e->side == CW_SIDE_AGENT;

	switch (e->kind) {
	case CW_EV_ANSWERED:
		remark(l, e, "answered", "");
		break;
	case CW_EV_SPEECH_STARTED:
		if (agent)
			agent_turn_began(l, e);
		break;
	case CW_EV_TURN_ENDED:
		if (agent)
			agent_turn_over(l, e, cw_json_str(e->data, "text", ""));
		break;
	case CW_EV_PARTIAL:
		if (agent)
			snprintf(l->partial, sizeof(l->partial), "%s", cw_json_str(e->data, "text", ""));
		break;
	case CW_EV_SPOKE:
		if (!agent)
			caller_spoke(l, e);
		break;
	case CW_EV_DTMF:
		remark(l, e, agent ? "agent pressed" : "keys", cw_json_str(e->data, "digit", ""));
		break;
	case CW_EV_TOOL_CALLED:
	case CW_EV_TOOL_RESULT:
		tool_line(l, e);
		break;
	case CW_EV_INTERRUPTED:
		remark(l, e, agent ? "agent interrupted after" : "caller interrupted after",
			cw_json_str(e->data, "heard", ""));
		break;
	case CW_EV_FAULT:
		remark(l, e, "fault", cw_json_str(e->data, "text", cw_json_str(e->data, "error", "")));
		break;
	case CW_EV_HUNG_UP:
		if (l->agent_onset_us)
			agent_turn_over(l, e, l->partial);
		remark(l, e, "hung up", cw_json_str(e->data, "by", cw_json_str(e->data, "reason", "")));
		break;
	default:
		break;
	}
}

void cw_live_event(const struct cw_event *e, void *arg)
{
	struct cw_live *l = arg;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(65536);

	if (!l->every_event) {
		transcript(l, e);
		return;
	}
	cw_event_encode(&b, e);
	fprintf(l->out, "%.*s%s", CW_STR(cw_buf_str(&b)), b.len && b.p[b.len - 1] == '\n' ? "" : "\n");
	fflush(l->out);
}

void cw_live_summary(const struct cw_live *l)
{
	if (l->n_responses)
		fprintf(l->out,
			"%llu answers, mean %llu ms, slowest %llu ms (caller's last sample to agent's first, as heard at the caller's end)\n",
			(unsigned long long)l->n_responses, (unsigned long long)(l->sum_us / l->n_responses / 1000),
			(unsigned long long)(l->max_us / 1000));
}
