#include "trial/perf/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "language/llm.h"
#include "line/chat.h"
#include "trial/perf/override.h"
#include "world/os.h"
#include "world/url.h"
#include "world/world.h"

#define FILE_MAX    (1u << 20)
#define TOOLS_MAX   64
#define TIMEOUT_US  120000000u
#define COMPLETIONS "/chat/completions"

const char *const cw_text_prompts_usual[] = {
	"What is 25 * 4?",
	"Name three primary colours.",
	"Explain in one sentence why the sky is blue.",
	"My furnace stopped working. What should I check first?",
	"Write a short, friendly greeting for a caller.",
};
const size_t cw_text_n_prompts_usual = CW_COUNT(cw_text_prompts_usual);

struct run;

struct talk { /* one under way */
	struct run *run;
	struct cw_text_talk *of;
	size_t at;          /* prompt that is being asked */
	struct cw_llm *llm; /* NULL: a webhook */
	struct cw_llm_ask *ask;
	struct cw_chat *chat;
	char **said; /* answers so far */
	double temperature;
	uint32_t max_tokens;
	const char *system;
	struct cw_timer next;
};

struct run {
	const struct cw_text_conf *conf;
	void *owner, *live;
	struct cw_text_talk *talks;
	size_t n, begun, over;
	unsigned running;
	bool interrupted, loop;
	int err;
	struct cw_why *why;
};

static void start_more(struct run *r);
static void ask(struct talk *t);

/* ---- a prompt is answered ---- */

static void on_next(void *arg)
{
	ask(arg);
}

static void talk_over(struct talk *t)
{
	struct run *r = t->run;

	t->of->done = true;
	(void)talloc_free(t);
	r->running--;
	r->over++;
	if (r->conf->done)
		r->conf->done(r->over, r->conf->arg);
	start_more(r);
}

/* The rest of a conversation has no meaning when one answer is missing. */
static void go_on(struct talk *t, const char *text)
{
	struct cw_text_answer *a = &t->of->answers[t->at];

	a->ended_us = cw_now(t->run->conf->world);
	if (a->ok)
		t->said[t->at] = talloc_strdup(t, text);
	if (++t->at < t->of->n && a->ok && !t->run->interrupted) {
		cw_timer_start(&t->next, 0, on_next, t); /* not inside the handler of the answer before */
		return;
	}
	for (; t->at < t->of->n; t->at++) {
		t->of->answers[t->at].ok = false;
		t->of->answers[t->at].error = "the answer before it failed";
	}
	talk_over(t);
}

static void failed(struct talk *t, const char *text)
{
	struct cw_text_answer *a = &t->of->answers[t->at];

	a->ok = false;
	a->error = talloc_strdup(t->run->owner, text);
	if (!a->error)
		a->error = "out of memory";
	go_on(t, "");
}

static void on_done(const struct cw_llm_answer *answer, void *arg)
{
	struct talk *t = arg;
	struct cw_text_answer *a = &t->of->answers[t->at];
	double spoken_s = (double)(answer->total_us - answer->first_token_us) / 1e6;
	CW_SCOPED char *text = cw_str_dup(NULL, answer->text);

	t->ask = NULL;
	a->ok = true;
	a->ttfb_s = (double)answer->first_token_us / 1e6;
	a->total_s = (double)answer->total_us / 1e6;
	a->tokens = answer->usage_known ? (double)answer->completion_tokens : NAN;
	a->tokens_per_s = answer->usage_known && answer->completion_tokens > 1 && spoken_s > 0.001
				  ? (double)(answer->completion_tokens - 1) / spoken_s
				  : NAN;
	a->tool_call = answer->n_calls > 0;
	go_on(t, text ? text : "");
}

static void on_failed(const struct cw_llm_error *e, void *arg)
{
	struct talk *t = arg;

	t->ask = NULL;
	failed(t, e->text);
}

static const struct cw_llm_events llm_events = {.done = on_done, .failed = on_failed};

static void on_reply(const struct cw_chat_reply *reply, void *arg)
{
	struct talk *t = arg;
	struct cw_text_answer *a = &t->of->answers[t->at];

	a->ok = true;
	a->ttfb_s = (double)(reply->first_us - a->started_us) / 1e6;
	a->total_s = (double)(reply->last_us - a->started_us) / 1e6;
	a->tokens = reply->completion_tokens >= 0 ? (double)reply->completion_tokens : NAN;
	a->tokens_per_s = NAN; /* a webhook answers in one piece */
	a->tool_call = reply->tool_calls != NULL;
	go_on(t, reply->text);
}

static void on_chat_failed(const struct cw_why *why, void *arg)
{
	failed(arg, why->text);
}

static const struct cw_chat_events chat_events = {.reply = on_reply, .failed = on_chat_failed};

/* ---- asking ---- */

static size_t gather_tools(const struct cw_override *o, struct cw_llm_tool *tools)
{
	size_t n = 0, i;
	json_t *tool;

	if (!o || !o->tools)
		return 0;
	json_array_foreach (o->tools, i, tool) {
		if (n == TOOLS_MAX)
			break;
		tools[n++] = (struct cw_llm_tool){.name = cw_json_str(tool, "name", ""),
			.description = cw_json_str(tool, "description", ""),
			.parameters = json_object_get(tool, "parameters")};
	}
	return n;
}

/* System, the exchanges that are remembered, the prompt. */
static size_t gather_messages(const struct talk *t, struct cw_llm_message *m)
{
	int64_t turns = t->of->over && t->of->over->memory_turns >= 0 ? t->of->over->memory_turns : 0;
	size_t from = (uint64_t)turns < t->at ? t->at - (size_t)turns : 0, n = 0;

	if (t->system)
		m[n++] = (struct cw_llm_message){.role = CW_LLM_SYSTEM, .text = cw_str(t->system)};
	for (size_t i = from; i < t->at; i++) {
		m[n++] = (struct cw_llm_message){.role = CW_LLM_USER, .text = cw_str(t->of->prompts[i])};
		m[n++] = (struct cw_llm_message){.role = CW_LLM_ASSISTANT, .text = cw_str(t->said[i])};
	}
	m[n++] = (struct cw_llm_message){.role = CW_LLM_USER, .text = cw_str(t->of->prompts[t->at])};
	return n;
}

static int ask_llm(struct talk *t)
{
	const struct cw_override *o = t->of->over;
	CW_SCOPED struct cw_llm_message *messages = talloc_array(NULL, struct cw_llm_message, 2 * t->at + 2);
	struct cw_llm_tool tools[TOOLS_MAX];

	if (!messages)
		return ENOMEM;

	const struct cw_llm_req req = {.messages = messages,
		.n_messages = gather_messages(t, messages),
		.tools = tools,
		.n_tools = gather_tools(o, tools),
		.temperature = o && o->temperature >= 0 ? o->temperature : t->temperature,
		.top_p = o && o->top_p > 0 ? o->top_p : 0,
		.max_tokens = o && o->max_tokens ? o->max_tokens : t->max_tokens,
		.whole = o && !o->streaming,
		.total_us = t->run->conf->timeout_us ? t->run->conf->timeout_us : TIMEOUT_US};

	return cw_llm_ask(t->llm, t, &req, &llm_events, t, &t->ask);
}

static void ask(struct talk *t)
{
	int err;

	t->of->answers[t->at] = (struct cw_text_answer){.started_us = cw_now(t->run->conf->world)};
	err = t->llm ? ask_llm(t) : cw_chat_say(t->chat, t->of->prompts[t->at]);
	if (err)
		failed(t, strerror(err));
}

/* ---- reaching the target ---- */

static int read_options(struct talk *t, const char *text, const char **model, struct cw_why *why)
{
	struct cw_form *form;
	int err = cw_form_parse(t, cw_str(text), &form);

	for (size_t i = 0; !err && i < form->n; i++) {
		const char *name = form->fields[i].name, *value = form->fields[i].value;

		if (!strcmp(name, "model"))
			*model = value;
		else if (!strcmp(name, "system"))
			t->system = value;
		else if (!strcmp(name, "temperature"))
			err = cw_str_double(cw_str(value), &t->temperature);
		else if (!strcmp(name, "max_tokens"))
			err = cw_str_u32(cw_str(value), 1000000, &t->max_tokens);
	}
	return err ? cw_why_set(why, err, "target %s: its options cannot be read", t->of->target) : 0;
}

static int open_llm(struct talk *t, struct cw_why *why)
{
	const char *address = t->of->target + 5, *options = strchr(address, '#'), *model = "default";
	size_t len = options ? (size_t)(options - address) : strlen(address), tail = strlen(COMPLETIONS);
	char *url = talloc_strndup(t, address, len), *spec;
	int err;

	if (!url)
		return ENOMEM;
	if (len > tail && !strcmp(url + len - tail, COMPLETIONS))
		url[len - tail] = '\0';
	err = options ? read_options(t, options + 1, &model, why) : 0;
	if (err)
		return err;
	if (t->of->over && t->of->over->model)
		model = t->of->over->model;
	if (t->of->over && t->of->over->system)
		t->system = t->of->over->system;
	spec = talloc_asprintf(t, "openai:%s", model);
	if (!spec)
		return ENOMEM;

	const struct cw_llm_conf lc = {.spec = spec, .url = url, .key = t->run->conf->api_key};

	return cw_llm_open(t, t->run->conf->world, &lc, &t->llm, why);
}

static int talk_end(struct talk *t)
{
	cw_timer_stop(&t->next);
	return 0;
}

static int open_talk(struct run *r, struct cw_text_talk *of, struct talk **ret, struct cw_why *why)
{
	CW_SCOPED struct talk *t = talloc_zero(NULL, struct talk);
	int err;

	if (!t)
		return ENOMEM;
	t->run = r;
	t->of = of;
	t->temperature = -1;
	t->said = talloc_zero_array(t, char *, (unsigned)of->n);
	cw_timer_init(&t->next, r->conf->world);
	talloc_set_destructor(t, talk_end);
	if (!t->said)
		return ENOMEM;

	const struct cw_chat_conf cc = {.target = of->target + 5,
		.conversation_id = "perf",
		.api_key = r->conf->api_key,
		.timeout_us = r->conf->timeout_us};

	err = cw_chat_open(t, r->conf->world, &cc, &chat_events, t, &t->chat, why);
	if (!err && cw_chat_style(t->chat) == CW_CHAT_OPENAI) {
		TALLOC_FREE(t->chat);
		err = open_llm(t, why);
	}
	if (!err)
		*ret = talloc_move(r->live, &t);
	return err;
}

static void start_more(struct run *r)
{
	while (!r->err && !r->interrupted && r->running < r->conf->jobs && r->begun < r->n) {
		struct talk *t;

		r->err = open_talk(r, &r->talks[r->begun++], &t, r->why);
		if (r->err)
			break;
		r->running++;
		cw_timer_start(&t->next, 0, on_next, t);
	}
	if (!r->running && r->loop)
		cw_os_stop(r->conf->world);
}

static void on_signal(int signum, void *arg)
{
	struct run *r = arg;

	(void)signum;
	if (r->interrupted)
		cw_os_stop(r->conf->world);
	r->interrupted = true;
}

int cw_text_run(void *parent, const struct cw_text_conf *conf, struct cw_text_talk *talks, size_t n, bool *interrupted,
	struct cw_why *why)
{
	struct run r = {.conf = conf, .owner = parent, .talks = talks, .n = n, .why = why};

	r.live = talloc_new(NULL);
	if (!r.live)
		return ENOMEM;

	int err = cw_os_on_signals(conf->world, on_signal, &r);

	if (!err) {
		start_more(&r);
		r.loop = true;
		if (r.running)
			cw_os_run(conf->world);
	}
	(void)talloc_free(r.live);
	*interrupted = r.interrupted;
	err = err ? err : r.err;
	return err ? cw_why_set(why, err, "the prompts cannot be asked: %s", strerror(err)) : 0;
}

int cw_text_prompts_load(void *parent, const char *path, const char *const **ret, size_t *n, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	CW_SCOPED const char **list = talloc_array(NULL, const char *, CW_TEXT_PROMPTS_MAX);
	struct cw_str rest, line;
	size_t k = 0;
	int err = list ? cw_file_read(path, FILE_MAX, &b, why) : ENOMEM;

	if (err)
		return err;
	for (rest = cw_buf_str(&b); cw_str_split(&rest, '\n', &line);) {
		line = cw_str_trim(line);
		if (!line.len || line.p[0] == '#')
			continue;
		if (k == CW_TEXT_PROMPTS_MAX)
			return cw_why_set(why, EINVAL, "%s: more than %d prompts", path, CW_TEXT_PROMPTS_MAX);
		list[k] = cw_str_dup(list, line);
		if (!list[k++])
			return ENOMEM;
	}
	if (!k)
		return cw_why_set(why, EINVAL, "%s: no prompt in it: write one on each line", path);
	*n = k;
	*ret = talloc_move(parent, &list);
	return 0;
}
