#include "trial/execute/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "trial/check/check_judge.h"
#include "trial/judge/question.h"

#define LINE_MAX_BYTES (1u << 20)

/* ---- asking ---- */

struct adding {
	const struct cw_call_record *record;
	struct cw_questions *questions;
};

static bool meant_for(const struct cw_assert *a, const char *target)
{
	return !a->only || (cw_str_starts(cw_str(target), a->only) && target[strlen(a->only)] == ':');
}

static int add_all(struct adding *at, const struct cw_expect *e, size_t play)
{
	int err = 0;

	for (size_t i = 0; !err && i < e->n; i++)
		if (meant_for(&e->asserts[i], at->record->item->target))
			err = cw_questions_add(at->questions, &e->asserts[i], play);
	return err;
}

static int asks_any(const struct cw_assert *a, void *arg)
{
	bool *any = arg;

	*any = *any || cw_check_asks(a) != CW_ASKS_NOTHING;
	return 0;
}

int cw_judge_ask(void *parent, const struct cw_call_record *r, struct cw_view *v)
{
	const struct cw_test *t = r->item->test;
	struct cw_judge_settings *settings = NULL;
	struct adding at = {.record = r};
	bool any = false;
	int err = cw_judge_each_assert(t, asks_any, &any);

	if (err || !any || r->open_err)
		return err;
	err = cw_judge_settings_new(parent, &r->item->scenario->judge, r->trial, r->run_dir, &settings);
	if (!err)
		err = cw_questions_new(parent, v, settings, &at.questions);
	for (size_t i = 0; !err && i < v->n_plays; i++)
		err = add_all(&at, cw_expect_of(t, &v->plays[i]), i);
	if (!err)
		err = add_all(&at, &t->asserts, CW_PLAY_NONE);
	if (!err)
		err = cw_questions_ask_now(at.questions);
	if (!err)
		v->answers = cw_questions_answers(at.questions, &v->n_answers);
	return err;
}

/* ---- the queue ---- */

static json_t *review_json(const struct cw_call_record *r, const struct cw_view *v, const struct cw_view_answer *a)
{
	CW_SCOPED char *criterion = cw_check_criterion(NULL, a->of);
	CW_SCOPED char *id = talloc_asprintf(NULL, "%s:%s:%u", r->item->key, a->of->name, a->of->line);

	if (!criterion || !id)
		return NULL;
	return json_pack("{s:s, s:s, s:o, s:n, s:b, s:f, s:f, s:s, s:s, s:s, s:s?}", "id", id, "rubric", criterion,
		"transcript", cw_transcript_json(v, a->play), "label", "judge", a->pass, "score", a->score, "belief",
		a->belief, "reason", a->reason, "quote", a->quote, "by", a->by, "audio", v->chat ? NULL : r->wav_path);
}

static void append_line(const char *run_dir, const json_t *j)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/review.jsonl", run_dir);
	CW_BUF_SCOPED struct cw_buf line = CW_BUF(LINE_MAX_BYTES);
	int fd;

	cw_json_dump(&line, j);
	cw_buf_putc(&line, '\n');
	fd = path && !cw_buf_err(&line) ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
	if (fd < 0)
		return;
	/* one write: lines of calls judged at the same time do not mix. A full disk shows at results.jsonl. */
	if (write(fd, line.p, line.len) < 0)
		line.len = 0;
	close(fd);
}

void cw_review_note(const struct cw_call_record *r, const struct cw_view *v, json_t *result)
{
	bool unsure = false;

	for (size_t i = 0; i < v->n_answers; i++) {
		CW_JSON_SCOPED json_t *j = v->answers[i].unsure ? review_json(r, v, &v->answers[i]) : NULL;

		unsure = unsure || v->answers[i].unsure;
		if (j && r->run_dir)
			append_line(r->run_dir, j);
	}
	if (unsure)
		(void)json_object_set_new(result, "unsure", json_true()); /* without memory only the mark is missing */
}
