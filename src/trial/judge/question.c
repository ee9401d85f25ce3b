#include "trial/judge/question.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "language/embed.h"
#include "language/llm.h"
#include "trial/check/check_judge.h"
#include "trial/judge/cache.h"
#include "trial/judge/rubric.h"
#include "world/net.h"
#include "world/os.h"
#include "world/world.h"

#define QUESTIONS_MAX 2000
#define AT_ONCE       4
#define RETRIES_MAX   2
#define RETRY_US      1000000u
#define RETRY_MAX_US  30000000u
#define WEBHOOK_US    15000000u
#define ANSWER_TOKENS 1200
#define TEXT_MAX      (2u << 20)

struct question {
	struct cw_questions *owner;
	const struct cw_assert *of; /* NULL: a plain one */
	size_t play;
	enum cw_asks kind;
	char *criterion, *system, *user;
	json_t *transcript;
	double threshold;
	struct cw_vote votes[CW_VOTES_MAX];
	size_t n_votes;
	unsigned retries;
	struct cw_llm *llm;
	struct cw_llm_ask *ask;
	struct cw_embed_req *embedding;
	struct cw_http *http;
	int status;
	struct cw_buf body; /* the webhook's answer */
	struct cw_timer timer;
	struct cw_view_answer answer;
};

struct cw_questions {
	const struct cw_view *view;
	const struct cw_judge_settings *settings;
	struct cw_world *world;
	struct question **list;
	struct cw_view_answer *answers;
	size_t n, next, running, over;
	struct cw_timer idle;
	void (*done)(void *arg);
	void *arg;
};

static void go_on(struct cw_questions *q);
static void step(struct question *x);

/* ---- the end of a question ---- */

static void settle(struct question *x)
{
	struct cw_questions *q = x->owner;

	q->running--;
	q->over++;
	cw_timer_stop(&x->timer);
	go_on(q);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void undecided(struct question *x, const char *reason)
{
	x->answer.decided = false;
	x->answer.reason = or_empty(talloc_strdup(x, reason));
	settle(x);
}

/* ---- a language model ---- */

static void settle_by_votes(struct question *x)
{
	struct cw_decision d;

	cw_votes_decide(x->votes, x->n_votes, &d);
	x->answer.decided = d.decided;
	x->answer.pass = d.pass;
	x->answer.unsure = d.decided && d.unsure;
	x->answer.score = d.score;
	x->answer.belief = d.belief;
	x->answer.quote = d.quote;
	x->answer.got = or_empty(talloc_asprintf(x, "%s, score %.2f, belief %.2f, %zu of %zu votes%s",
		d.pass ? "pass" : "fail", d.score, d.belief, d.agreeing, d.valid, x->answer.unsure ? ", unsure" : ""));
	x->answer.reason =
		d.decided ? d.reason : or_empty(talloc_asprintf(x, "no valid vote of the judge: %s", d.reason));
	if (!d.decided)
		x->answer.got = "";
	settle(x);
}

/* All that makes this vote this vote. */
static int vote_key(const struct question *x, struct cw_buf *key)
{
	cw_buf_fmt(key, "%s\n%s\n%zu\n%s\n%s", x->owner->settings->url ? x->owner->settings->url : "", x->llm->model,
		x->n_votes, x->system, x->user);
	return cw_buf_err(key);
}

static void take_vote(struct question *x, struct cw_str text)
{
	if (cw_vote_read(x, text, x->transcript, x->threshold, &x->votes[x->n_votes])) {
		undecided(x, "out of memory");
		return;
	}
	x->n_votes++;
	step(x);
}

static void on_answer(const struct cw_llm_answer *a, void *arg)
{
	struct question *x = arg;
	CW_BUF_SCOPED struct cw_buf key = CW_BUF(TEXT_MAX);

	x->ask = NULL;
	if (!a->refused && a->finish != CW_LLM_LENGTH && !vote_key(x, &key))
		cw_cache_put(x->owner->settings->cache, cw_buf_str(&key), a->text);
	take_vote(x, a->text);
}

static void on_again(void *arg)
{
	step(arg);
}

static void on_failure(const struct cw_llm_error *e, void *arg)
{
	struct question *x = arg;
	uint64_t wait = e->retry_after_us > RETRY_US ? e->retry_after_us : RETRY_US;

	x->ask = NULL;
	if (e->retry && x->retries < RETRIES_MAX && wait <= RETRY_MAX_US) {
		x->retries++;
		cw_timer_start(&x->timer, wait, on_again, x);
		return;
	}
	CW_SCOPED char *reason = talloc_asprintf(NULL, "the judge could not be asked: %s", e->text);

	undecided(x, reason ? reason : "out of memory");
}

static int ask_vote(struct question *x)
{
	static const struct cw_llm_events events = {.done = on_answer, .failed = on_failure};
	CW_JSON_SCOPED json_t *schema = cw_rubric_schema();
	const struct cw_llm_message messages[] = {
		{.role = CW_LLM_SYSTEM, .text = cw_str(x->system)}, {.role = CW_LLM_USER, .text = cw_str(x->user)}};
	const struct cw_llm_req req = {.messages = messages,
		.n_messages = 2,
		.schema = schema,
		.schema_name = "verdict",
		/* the first vote is the likeliest one; those that confirm it shall not just repeat it */
		.temperature = x->n_votes ? 0.7 : 0,
		.seed = (int64_t)x->n_votes + 1,
		.max_tokens = ANSWER_TOKENS,
		.whole = true,
		.total_us = 60000000};

	return schema ? cw_llm_ask(x->llm, x, &req, &events, x, &x->ask) : ENOMEM;
}

static int open_model(struct question *x, struct cw_why *why)
{
	const struct cw_judge_settings *s = x->owner->settings;
	const char *provider = x->of ? cw_json_str(x->of->conf, "provider", NULL) : NULL;
	CW_SCOPED char *spec = provider
				       ? talloc_asprintf(NULL, "%s%s", strchr(provider, ':') ? "" : "openai:", provider)
				       : talloc_strdup(NULL, or_empty(s->spec));

	if (!spec)
		return ENOMEM;
	if (!*spec || (provider && !s->url && !s->key)) {
		(void)cw_why_set(why, EINVAL, "%s",
			s->missing ? s->missing
				   : "no language model judges: set CW_OPENAI_API_KEY or CW_OPENAI_BASE_URL");
		return EINVAL;
	}
	return cw_llm_open(
		x, x->owner->world, &(struct cw_llm_conf){.spec = spec, .url = s->url, .key = s->key}, &x->llm, why);
}

static int prepare_model(struct question *x, struct cw_why *why)
{
	int err = open_model(x, why);

	if (err)
		return err;
	x->answer.by = talloc_asprintf(x, "openai:%s", x->llm->model);
	x->system = cw_rubric_system(x, x->of ? cw_json_str(x->of->conf, "rubricPrompt", NULL) : NULL);
	x->user = cw_rubric_user(x, x->criterion, x->transcript);
	return x->answer.by && x->system && x->user ? 0 : ENOMEM;
}

/* Ask for votes until none is wanted; kept answers are taken at once. */
static void step_model(struct question *x)
{
	CW_BUF_SCOPED struct cw_buf key = CW_BUF(TEXT_MAX), kept = CW_BUF(TEXT_MAX);
	struct cw_why why = {0};
	int err = x->llm ? 0 : prepare_model(x, &why);

	if (err) {
		undecided(x, why.text[0] ? why.text : strerror(err));
		return;
	}
	if (!cw_votes_wanted(x->votes, x->n_votes, x->owner->settings->confirm)) {
		settle_by_votes(x);
		return;
	}
	err = vote_key(x, &key);
	if (!err && !cw_cache_get(x->owner->settings->cache, cw_buf_str(&key), &kept)) {
		take_vote(x, cw_buf_str(&kept));
		return;
	}
	err = ask_vote(x);
	if (err)
		undecided(x, strerror(err));
}

/* ---- embeddings ---- */

static void on_vectors(int err, const struct cw_embed_result *r, const struct cw_why *why, void *arg)
{
	struct question *x = arg;
	double best = -1;

	x->embedding = NULL;
	if (err) {
		undecided(x, why->text);
		return;
	}
	for (size_t i = 1; i < r->n; i++) {
		double score = cw_embed_cosine(r->vectors, r->vectors + i * r->dimension, r->dimension);

		best = score > best ? score : best;
	}
	x->answer.decided = true;
	x->answer.pass = best >= x->threshold;
	x->answer.score = best > 0 ? best : 0;
	x->answer.belief = x->answer.pass;
	x->answer.got = or_empty(talloc_asprintf(x, "%.3f", best));
	settle(x);
}

static int ask_embedding(struct question *x, struct cw_why *why)
{
	const struct cw_judge_settings *s = x->owner->settings;
	const json_t *value = json_object_get(x->of->conf, "value");
	const char *provider = cw_json_str(x->of->conf, "provider", ""), *colon = strchr(provider, ':');
	size_t n = json_is_array(value) ? json_array_size(value) : 1;
	struct cw_str *texts = talloc_zero_array(x, struct cw_str, n + 1);
	char *words = cw_check_agent_words(x, x->owner->view, x->play);
	struct cw_embed *e;
	int err;

	if (!texts || !words)
		return ENOMEM;
	if (!s->url && !s->key)
		return cw_why_set(why, EINVAL,
			"'provider: %s' needs CW_OPENAI_API_KEY or, for a server of your own, CW_OPENAI_BASE_URL; without 'provider' the built-in lexical driver decides",
			provider);
	err = cw_embed_open(x, x->owner->world,
		&(struct cw_embed_conf){.driver = "openai",
			.model = colon && colon[1] ? colon + 1 : s->embed_model,
			.url = s->url,
			.key = s->key},
		&e, why);
	if (err)
		return err;
	x->answer.by = talloc_asprintf(x, "openai:%s", e->model);
	texts[0] = cw_str(words);
	for (size_t i = 0; i < n; i++)
		texts[i + 1] = cw_str(json_string_value(json_is_array(value) ? json_array_get(value, i) : value));
	return x->answer.by ? cw_embed_texts(e, x, texts, n + 1, on_vectors, x, &x->embedding) : ENOMEM;
}

/* ---- webhooks ---- */

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	((struct question *)arg)->status = status;
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	struct question *x = arg;

	cw_buf_put(&x->body, bytes, n);
}

/* {pass, score?, reason?}, as promptfoo documents it. */
static const char *read_webhook(struct question *x, const json_t *o)
{
	const json_t *pass = json_object_get(o, "pass"), *score = json_object_get(o, "score");

	if (!json_is_boolean(pass))
		return "the webhook's answer has no 'pass' that is true or false";
	if (score && (!json_is_number(score) || json_number_value(score) < 0 || json_number_value(score) > 1))
		return "the webhook's 'score' is not a number from 0 to 1";
	x->answer.score = score ? json_number_value(score) : json_is_true(pass);
	x->answer.pass =
		json_is_true(pass) && (!json_object_get(x->of->conf, "threshold") || x->answer.score >= x->threshold);
	x->answer.belief = x->answer.pass;
	x->answer.reason = or_empty(talloc_strdup(x, cw_json_str(o, "reason", "")));
	x->answer.got =
		or_empty(talloc_asprintf(x, "%s, score %.2f", json_is_true(pass) ? "pass" : "fail", x->answer.score));
	x->answer.decided = true;
	return NULL;
}

static void on_closed(int err, void *arg)
{
	struct question *x = arg;
	CW_JSON_SCOPED json_t *o = NULL;
	char text[200];

	x->http = NULL;
	if (!err)
		err = cw_buf_err(&x->body);
	if (err) {
		(void)snprintf(text, sizeof(text), "the webhook could not be asked: %s", strerror(err));
		undecided(x, text);
	} else if (x->status < 200 || x->status > 299) {
		(void)snprintf(text, sizeof(text), "the webhook answered %d", x->status);
		undecided(x, text);
	} else if (cw_json_parse(x->body.p ? x->body.p : "", x->body.len, &o, NULL)) {
		undecided(x, "the webhook's answer is not JSON");
	} else {
		const char *problem = read_webhook(x, o);

		if (problem)
			undecided(x, problem);
		else
			settle(x);
	}
}

static int ask_webhook(struct question *x)
{
	static const struct cw_http_events events = {.headers = on_headers, .data = on_data, .closed = on_closed};
	static const struct cw_header headers[] = {{"Content-Type", "application/json"}};
	CW_SCOPED char *words = cw_check_agent_words(NULL, x->owner->view, x->play);
	CW_BUF_SCOPED struct cw_buf body = CW_BUF(TEXT_MAX);
	const char *prompt = x->play == CW_PLAY_NONE ? "" : x->owner->view->plays[x->play].text;
	CW_JSON_SCOPED json_t *j = words ? json_pack("{s:s, s:{s:s, s:O?, s:O}}", "output", words, "context", "prompt",
						   prompt, "vars", x->of->vars, "conversation", x->transcript)
					 : NULL;

	if (j)
		cw_json_dump(&body, j);
	if (!j || cw_buf_err(&body))
		return ENOMEM;
	x->answer.by = "webhook";

	const struct cw_http_req req = {.method = "POST",
		.url = cw_json_str(x->of->conf, "value", ""),
		.headers = headers,
		.n_headers = 1,
		.body = body.p,
		.body_len = body.len,
		.deadlines = {.total_us = WEBHOOK_US},
		.max_body = 1u << 20};

	return cw_http_request(x, x->owner->world, &req, &events, x, &x->http);
}

/* ---- all of them ---- */

static void step(struct question *x)
{
	struct cw_why why = {0};
	int err = 0;

	if (x->kind == CW_ASKS_MODEL) {
		step_model(x);
		return;
	}
	err = x->kind == CW_ASKS_EMBEDDING ? ask_embedding(x, &why) : ask_webhook(x);
	if (err)
		undecided(x, why.text[0] ? why.text : strerror(err));
}

static void tell(void *arg)
{
	struct cw_questions *q = arg;

	q->done(q->arg);
}

/* Begin what there is room for, from the loop: questions that are settled at once do not nest. */
static void begin_some(void *arg)
{
	struct cw_questions *q = arg;

	if (q->next < q->n && q->running < AT_ONCE) {
		q->running++;
		cw_timer_start(&q->idle, 0, begin_some, q);
		step(q->list[q->next++]);
	}
}

static void go_on(struct cw_questions *q)
{
	if (q->over == q->n)
		cw_timer_start(&q->idle, 0, tell, q);
	else if (q->next < q->n)
		cw_timer_start(&q->idle, 0, begin_some, q);
}

int cw_questions_ask(struct cw_questions *q, struct cw_world *w, void (*done)(void *arg), void *arg)
{
	q->world = w;
	q->done = done;
	q->arg = arg;
	cw_timer_init(&q->idle, w);
	for (size_t i = 0; i < q->n; i++)
		cw_timer_init(&q->list[i]->timer, w);
	go_on(q);
	return 0;
}

static void stop_world(void *arg)
{
	cw_os_stop(arg);
}

static void end_in(struct question *x)
{
	TALLOC_FREE(x->ask);
	TALLOC_FREE(x->embedding);
	TALLOC_FREE(x->http);
	TALLOC_FREE(x->llm);
}

int cw_questions_ask_now(struct cw_questions *q)
{
	struct cw_world *w = NULL;
	int err;

	if (!q->n)
		return 0;
	err = cw_os_new(NULL, &(struct cw_os_conf){.workers = 1}, &w);
	if (!err)
		err = cw_questions_ask(q, w, stop_world, w);
	if (!err)
		cw_os_run(w);
	for (size_t i = 0; w && i < q->n; i++)
		end_in(q->list[i]); /* what hangs from them belongs to that world */
	talloc_free(w);
	q->world = NULL;
	return err;
}

const struct cw_view_answer *cw_questions_answers(const struct cw_questions *q, size_t *n)
{
	for (size_t i = 0; i < q->n; i++)
		q->answers[i] = q->list[i]->answer;
	*n = q->n;
	return q->answers;
}

/* ---- gathering ---- */

static int question_gone(struct question *x)
{
	if (x->owner->world)
		cw_timer_stop(&x->timer);
	json_decref(x->transcript);
	cw_buf_clear(&x->body);
	return 0;
}

/* A new question with room for its answer. */
static int new_question(struct cw_questions *q, struct question **ret)
{
	struct question *x = q->n < QUESTIONS_MAX ? talloc_zero(q, struct question) : NULL;
	struct question **list = x ? talloc_realloc(q, q->list, struct question *, q->n + 1) : NULL;
	struct cw_view_answer *answers = list ? talloc_realloc(q, q->answers, struct cw_view_answer, q->n + 1) : NULL;

	if (list)
		q->list = list;
	if (!answers)
		return ENOMEM;
	q->answers = answers;
	x->owner = q;
	x->body = CW_BUF(TEXT_MAX);
	x->answer = (struct cw_view_answer){.got = "", .reason = "", .quote = "", .by = "", .play = CW_PLAY_NONE};
	talloc_set_destructor(x, question_gone);
	q->list[q->n++] = x;
	*ret = x;
	return 0;
}

struct adding {
	struct cw_questions *q;
	size_t play;
};

static int add_one(const struct cw_assert *a, void *arg)
{
	struct adding *at = arg;
	enum cw_asks kind = cw_check_asks(a);
	struct question *x;
	int err;

	if (kind == CW_ASKS_NOTHING)
		return 0;
	err = new_question(at->q, &x);
	if (err)
		return err;
	x->kind = kind;
	x->of = x->answer.of = a;
	x->play = x->answer.play = at->play;
	x->threshold = cw_check_judge_threshold(a);
	x->criterion = cw_check_criterion(x, a);
	x->transcript = cw_transcript_json(at->q->view, at->play);
	return x->criterion && x->transcript ? 0 : ENOMEM;
}

int cw_questions_add(struct cw_questions *q, const struct cw_assert *a, size_t play)
{
	return cw_assert_each(a, add_one, &(struct adding){q, play});
}

int cw_questions_add_plain(struct cw_questions *q, const char *criterion, json_t *transcript, double threshold)
{
	struct question *x;
	int err = new_question(q, &x);

	if (err)
		return err;
	x->kind = CW_ASKS_MODEL;
	x->threshold = threshold;
	x->criterion = talloc_strdup(x, criterion);
	x->transcript = json_incref(transcript);
	return x->criterion ? 0 : ENOMEM;
}

size_t cw_questions_count(const struct cw_questions *q)
{
	return q->n;
}

static int questions_gone(struct cw_questions *q)
{
	if (q->world)
		cw_timer_stop(&q->idle);
	return 0;
}

int cw_questions_new(
	void *parent, const struct cw_view *v, const struct cw_judge_settings *s, struct cw_questions **ret)
{
	struct cw_questions *q = talloc_zero(parent, struct cw_questions);

	if (!q)
		return ENOMEM;
	q->view = v;
	q->settings = s;
	talloc_set_destructor(q, questions_gone);
	*ret = q;
	return 0;
}
