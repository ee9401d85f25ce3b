/*
 * rubric.h: asking a language model whether a conversation meets a criterion: the prompt, the votes, the decision
 *
 * The transcript goes out as JSON inside a message that says it is data; what is said in it cannot pose as an instruction. The answer is
 * JSON whose schema asks for reasoning first, then quotations, then the verdict. A vote counts only when it is complete and each of its
 * quotations stands in the transcript (normalised): else it is void. Votes make a decision by majority; a tie fails; the mean belief between
 * the two bounds makes it unsure.
 * Pure: no I/O. Thread: any.
 */
#pragma once
#include "base/json.h"

#define CW_VOTES_MAX         9
#define CW_UNSURE_BELOW      0.7 /* belief in "pass" from which a pass is sure … */
#define CW_UNSURE_ABOVE      0.3 /* … and up to which a fail is */
#define CW_THRESHOLD_DEFAULT 0.5

/* New reference: [{"speaker":"caller","text":…}, …] has been built by the caller; these make the two messages. NULL: no memory. */
char *cw_rubric_system(void *parent, const char *guide);
char *cw_rubric_user(void *parent, const char *criterion, const json_t *transcript);
/* The JSON Schema of an answer, its keys in the order they shall be written. New reference. */
json_t *cw_rubric_schema(void);
/* What makes two judges the same: SHA-256 of model, prompts and schema, 64 hex digits. */
int cw_rubric_hash(const char *model, char out[65]);

enum cw_vote_kind { CW_VOTE_PASS, CW_VOTE_FAIL, CW_VOTE_ABSTAIN, CW_VOTE_VOID };

struct cw_vote { /* strings hang from the parent given */
	enum cw_vote_kind kind;
	double score, confidence;
	const char *reasoning, *quote; /* the first quotation, or "" */
	const char *problem;           /* of a void one: what is wrong with it */
};

/* Read an answer. It passes when it says so and its score is at least @threshold. ENOMEM only. */
int cw_vote_read(void *parent, struct cw_str answer, const json_t *transcript, double threshold, struct cw_vote *ret);

struct cw_decision {
	bool decided; /* false: no valid vote; @reason says why */
	bool pass, unsure;
	double score, belief; /* mean score; mean belief that it passes */
	size_t valid, agreeing;
	const char *reason, *quote; /* of the first vote that agrees */
};
/* Decide by the votes so far. */
void cw_votes_decide(const struct cw_vote *votes, size_t n, struct cw_decision *ret);
/* How many more votes are wanted: one sure pass is enough; a failing or unsure first vote is confirmed by @confirm votes in all; void ones are
 * replaced twice. */
size_t cw_votes_wanted(const struct cw_vote *votes, size_t n, size_t confirm);

/* Does @quote stand in the transcript, normalised; "…" or "..." may leave out words. */
bool cw_quote_found(const char *quote, const json_t *transcript);
