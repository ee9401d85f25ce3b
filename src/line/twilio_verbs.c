#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "line/twilio_call.h"

/* ---- the small verbs ---- */

struct prompt_verb {
	struct verb v;
	struct prompt *prompt;
};

static void prompt_over(void *arg)
{
	cw_call_verb_done(arg);
}

static int prompt_start(struct verb *v)
{
	struct prompt_verb *p = (struct prompt_verb *)v;

	return cw_prompt_new(p, v->call, v->node, false, prompt_over, p, &p->prompt);
}

static void prompt_frame(struct verb *v, const uint8_t *ulaw, bool voice)
{
	(void)ulaw;
	(void)voice;
	cw_prompt_tick(((struct prompt_verb *)v)->prompt);
}

static int redirect_start(struct verb *v)
{
	struct call *c = v->call;
	const char *method = cw_twiml_attr(v->node, "method", "POST");
	CW_SCOPED char *url = *v->node->text ? cw_call_resolve(c, NULL, v->node->text) : talloc_strdup(NULL, c->url);

	if (!url || !*url) {
		cw_call_verb_done(v); /* the warning is noted: Twilio goes on as well */
		return 0;
	}
	cw_call_verb_drop(c);
	cw_call_goto(c, method, url, NULL);
	return 0;
}

static int hangup_start(struct verb *v)
{
	cw_call_end(v->call, CW_END_REMOTE, "completed", "<Hangup>");
	return 0;
}

static int reject_start(struct verb *v)
{
	struct call *c = v->call;
	const char *reason = cw_twiml_attr(v->node, "reason", "rejected");

	if (c->state == CALL_IN_PROGRESS) {
		cw_call_warn(c, 12200, "<Reject> after the call was answered hangs up");
		cw_call_end(c, CW_END_REMOTE, "completed", "<Reject>");
	} else {
		cw_call_end(c, CW_END_REFUSED, !strcmp(reason, "busy") ? "busy" : "no-answer", "<Reject reason=\"%s\">",
			reason);
	}
	return 0;
}

static int sms_start(struct verb *v)
{
	struct call *c = v->call;

	cw_call_note(c, "twilio.sms", "{s:s, s:s, s:s}", "to", cw_twiml_attr(v->node, "to", c->conf.from), "from",
		cw_twiml_attr(v->node, "from", c->conf.to), "text", v->node->text);
	cw_call_verb_done(v);
	return 0;
}

/* What Twilio has and this emulator has not: said aloud, so that a tester does not take it for a fault of the agent. */
static int unsupported_start(struct verb *v)
{
	cw_call_note(v->call, "twilio.unsupported", "{s:s, s:i}", "verb", v->node->name, "line", (int)v->node->line);
	cw_call_verb_done(v);
	return 0;
}

static const struct verb_ops say_ops = {
	"Say", prompt_start, prompt_frame, NULL, sizeof(struct prompt_verb), false, NULL};
static const struct verb_ops play_ops = {
	"Play", prompt_start, prompt_frame, NULL, sizeof(struct prompt_verb), false, NULL};
static const struct verb_ops pause_ops = {
	"Pause", prompt_start, prompt_frame, NULL, sizeof(struct prompt_verb), false, NULL};
static const struct verb_ops redirect_ops = {"Redirect", redirect_start, NULL, NULL, sizeof(struct verb), true, NULL};
static const struct verb_ops hangup_ops = {"Hangup", hangup_start, NULL, NULL, sizeof(struct verb), false, NULL};
static const struct verb_ops reject_ops = {"Reject", reject_start, NULL, NULL, sizeof(struct verb), true, NULL};
static const struct verb_ops sms_ops = {"Sms", sms_start, NULL, NULL, sizeof(struct verb), true, NULL};
static const struct verb_ops unsupported_ops = {"", unsupported_start, NULL, NULL, sizeof(struct verb), true, NULL};

/* ---- Pause before the answer: the phone rings on ---- */

struct early_pause {
	struct verb v;
	struct cw_timer timer;
};

static int early_pause_destroy(struct early_pause *p)
{
	cw_timer_stop(&p->timer);
	return 0;
}

static void early_pause_over(void *arg)
{
	cw_call_verb_done(arg);
}

static int early_pause_start(struct verb *v)
{
	struct early_pause *p = (struct early_pause *)v;

	cw_timer_init(&p->timer, v->call->world);
	talloc_set_destructor(p, early_pause_destroy);
	cw_timer_start(&p->timer, cw_twiml_attr_uint(v->node, "length", 1) * UINT64_C(1000000), early_pause_over, p);
	return 0;
}

static const struct verb_ops early_pause_ops = {
	"Pause", early_pause_start, NULL, NULL, sizeof(struct early_pause), true, NULL};

/* ---- one after the other ---- */

static const struct verb_ops *find_verb(const struct call *c, const char *name)
{
	static const struct verb_ops *const table[] = {
		&say_ops,
		&play_ops,
		&pause_ops,
		&redirect_ops,
		&hangup_ops,
		&reject_ops,
		&sms_ops,
		&cw_gather_ops,
		&cw_record_ops,
		&cw_dial_ops,
		&cw_connect_ops,
		&cw_start_ops,
		&cw_stop_ops,
	};

	if (!strcmp(name, "Pause") && c->state == CALL_RINGING)
		return &early_pause_ops;
	for (size_t i = 0; i < CW_COUNT(table); i++)
		if (!strcmp(table[i]->name, name))
			return table[i];
	return &unsupported_ops;
}

static void document_over(struct call *c)
{
	if (c->fail_code)
		cw_call_end(c, c->fail_reason, c->state == CALL_IN_PROGRESS ? "completed" : "failed",
			"%u: the stream failed, and no verb followed", c->fail_code);
	else if (c->state == CALL_IN_PROGRESS)
		cw_call_end(c, CW_END_REMOTE, "completed", "end of TwiML");
	else
		cw_call_end(c, CW_END_REFUSED, "completed", "the TwiML holds no verb which answers the call");
}

void cw_call_next_verb(struct call *c)
{
	const struct cw_twiml_node *node = c->next;

	CW_ASSERT(!c->verb);
	if (!node) {
		document_over(c);
		return;
	}

	const struct verb_ops *ops = find_verb(c, node->name);
	struct verb *v = talloc_zero_size(c, ops->size);

	if (!v) {
		cw_call_end(c, CW_END_LOST, "failed", "out of memory");
		return;
	}
	c->next = node->next;
	c->first_verb = false;
	*v = (struct verb){.ops = ops, .call = c, .node = node};
	c->verb = v;
	if (!ops->early)
		cw_call_answer(c);
	cw_log_debug(&c->log, "verb", "name=%s line=%u", node->name, node->line);

	int err = ops->start(v);

	if (err)
		cw_call_end(c, CW_END_LOST, "failed", "<%s>: %s", ops->name, strerrordesc_np(err));
}

void cw_call_verb_drop(struct call *c)
{
	struct verb *v = c->verb;

	c->verb = NULL;
	talloc_free(v);
}

void cw_call_verb_done(struct verb *v)
{
	struct call *c = v->call;

	CW_ASSERT(c->verb == v);
	cw_call_verb_drop(c);
	c->want_verb = true;
	cw_call_pump(c);
}

void cw_call_verb_action(struct verb *v, struct cw_form *extra, bool or_here)
{
	struct call *c = v->call;
	const char *action = cw_twiml_attr(v->node, "action", ""), *method = cw_twiml_attr(v->node, "method", "POST");
	CW_SCOPED char *url = *action || or_here ? cw_call_resolve(c, NULL, *action ? action : c->url) : NULL;

	if (!url) {
		cw_call_verb_done(v);
		return;
	}
	method = strcasecmp(method, "GET") ? "POST" : "GET";
	talloc_steal(c, extra); /* it may hang from the verb */
	cw_call_verb_drop(c);
	cw_call_goto(c, method, url, extra);
	talloc_free(extra);
}
