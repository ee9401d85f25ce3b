/* Tool calls, keys pressed by the agent, and what a chat server told besides words. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "trial/view/view_int.h"

/* ---- tools of an agent whose timeline is visible ---- */

static struct cw_view_tool *unanswered(struct cw_view *v, const char *name)
{
	for (size_t i = 0; i < v->n_tools; i++)
		if (!strcmp(v->tools[i].name, name) && !v->tools[i].result && !v->tools[i].error)
			return &v->tools[i];
	return NULL;
}

static void read_call(struct cw_view *v, const struct cw_event *e)
{
	v->tools[v->n_tools++] = (struct cw_view_tool){
		.name = cw_json_str(e->data, "name", ""),
		.args = json_object_get(e->data, "args"),
		.t_us = e->t_us,
	};
}

static void read_result(struct cw_view *v, const struct cw_event *e)
{
	struct cw_view_tool *t = unanswered(v, cw_json_str(e->data, "name", ""));

	if (!t)
		return;
	t->result = json_object_get(e->data, "result");
	t->error = cw_json_str(e->data, "error", NULL);
}

static void read_agent(struct cw_view *v)
{
	size_t n = cw_timeline_count(v->agent);

	for (size_t i = 0; i < n; i++) {
		const struct cw_event *e = cw_timeline_at(v->agent, i);

		if (e->kind == CW_EV_TOOL_CALLED)
			read_call(v, e);
		else if (e->kind == CW_EV_TOOL_RESULT)
			read_result(v, e);
	}
}

/* ---- tools and more of a chat server ---- */

static int args_end(json_t **holder)
{
	json_decref(*holder);
	return 0;
}

/* Arguments come as the text of a JSON object. Without one the text is kept as it is. */
static int read_arguments(struct cw_view *v, const json_t *arguments, struct cw_view_tool *t)
{
	const char *text = json_string_value(arguments);
	json_t *parsed = NULL;

	if (json_is_object(arguments)) {
		t->args = arguments;
		return 0;
	}
	t->raw = text ? text : "";
	if (!text || cw_json_parse(text, strlen(text), &parsed, NULL))
		return 0;
	if (!json_is_object(parsed)) {
		json_decref(parsed);
		return 0;
	}

	json_t **holder = talloc(v, json_t *);

	if (!holder) {
		json_decref(parsed);
		return ENOMEM;
	}
	*holder = parsed;
	talloc_set_destructor(holder, args_end);
	t->args = parsed;
	t->raw = NULL;
	return 0;
}

static int read_chat_tools(struct cw_view *v, const struct cw_event *e)
{
	json_t *calls = json_object_get(e->data, "tool_calls"), *call;
	size_t i;

	json_array_foreach (calls, i, call) {
		json_t *function = json_object_get(call, "function");
		struct cw_view_tool *t = &v->tools[v->n_tools];

		*t = (struct cw_view_tool){.name = cw_json_str(function, "name", ""), .t_us = e->t_us};

		int err = read_arguments(v, json_object_get(function, "arguments"), t);

		if (err)
			return err;
		v->n_tools++;
	}
	return 0;
}

static int read_reply(struct cw_view *v, const struct cw_event *e)
{
	v->replies[v->n_replies++] = (struct cw_view_reply){
		.t_us = e->t_us,
		.finish_reason = cw_json_str(e->data, "finish_reason", NULL),
		.cost_usd = cw_json_num(e->data, "cost_usd", -1),
		.latency_us = cw_json_int(e->data, "latency_us", -1),
	};
	v->tools_visible = v->tools_visible || json_is_array(json_object_get(e->data, "tool_calls"));
	return read_chat_tools(v, e);
}

/* How many replies there are, and tool calls of either kind. */
static void count(const struct cw_view *v, size_t *replies, size_t *tools)
{
	size_t from = 0;

	*replies = *tools = 0;
	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_LINE_NOTE, CW_SIDE_N)); ++*replies)
		*tools += json_array_size(json_object_get(e->data, "tool_calls"));
	for (from = 0; v->agent && cw_timeline_next(v->agent, &from, CW_EV_TOOL_CALLED, CW_SIDE_N);)
		++*tools;
}

static int read_replies(struct cw_view *v)
{
	size_t from = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_LINE_NOTE, CW_SIDE_N));) {
		int err = strcmp(cw_json_str(e->data, "what", ""), "chat.reply") ? 0 : read_reply(v, e);

		if (err)
			return err;
	}
	return 0;
}

/* ---- keys ---- */

static void read_keys(struct cw_view *v)
{
	size_t from = 0, n = 0;

	for (const struct cw_event *e; (e = cw_timeline_next(v->caller, &from, CW_EV_DTMF, CW_SIDE_AGENT));)
		if (n + 1 < sizeof(v->dtmf))
			v->dtmf[n++] = cw_json_str(e->data, "digit", "?")[0];
}

int cw_view_read_tools(struct cw_view *v)
{
	size_t replies, tools;

	count(v, &replies, &tools);
	v->replies = talloc_zero_array(v, struct cw_view_reply, replies + 1);
	v->tools = talloc_zero_array(v, struct cw_view_tool, tools + 1);
	if (!v->replies || !v->tools)
		return ENOMEM;
	read_keys(v);
	v->tools_visible = v->agent;
	if (v->agent)
		read_agent(v);
	return read_replies(v);
}
