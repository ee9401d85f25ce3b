/*
 * question.h: what somebody outside must be asked before a finished call can be judged, and the asking
 *
 *   cw_questions_new()  ─ cw_questions_add() per assertion and turn ─ cw_questions_ask() ─ answers for view->answers
 *
 * Asking is asynchronous on any world: a few questions at a time, votes of one question one after the other as they are wanted, busy servers
 * asked again twice. cw_questions_ask_now() does it in a world of its own, for jobs off the lane.
 * Thread: the world's.  Owner: the parent; freeing cancels.
 */
#pragma once
#include "trial/check/check.h"
#include "trial/judge/settings.h"

struct cw_world;
struct cw_questions;

/* @v and @s outlive the questions. ENOMEM. */
int cw_questions_new(
	void *parent, const struct cw_view *v, const struct cw_judge_settings *s, struct cw_questions **ret);
/* Note what @a (and all below a set) asks about @play; nothing when it asks nobody. ENOMEM. */
int cw_questions_add(struct cw_questions *q, const struct cw_assert *a, size_t play);
size_t cw_questions_count(const struct cw_questions *q);
/* Ask them all; @done once, not before this returned. ENOMEM. */
int cw_questions_ask(struct cw_questions *q, struct cw_world *w, void (*done)(void *arg), void *arg);
/* Blocking: in a world of its own. ENOMEM. */
int cw_questions_ask_now(struct cw_questions *q);
/* One per question; they live as long as @q. */
const struct cw_view_answer *cw_questions_answers(const struct cw_questions *q, size_t *n);

/* The conversation up to and with the answer to @play (CW_PLAY_NONE: all of it), as [{"speaker": "caller"|"agent", "text"}]. New reference;
 * NULL: no memory. */
json_t *cw_transcript_json(const struct cw_view *v, size_t play);

/* Ask @spec whether @transcript meets @criterion, outside of a call: for calibration. */
int cw_questions_add_plain(struct cw_questions *q, const char *criterion, json_t *transcript, double threshold);
