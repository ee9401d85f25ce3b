/*
 * rails_int.h: tables and helpers of the caller on rails; included by rails*.c and rules.c only
 */
#pragma once
#include "base/buf.h"
#include "base/rng.h"
#include "caller/rails.h"

enum cw_tongue { CW_TONGUE_EN, CW_TONGUE_ES, CW_TONGUE_DE, CW_TONGUE_FR, CW_TONGUE_N };
enum cw_tongue cw_tongue_of(const char *language); /* "es-MX" -> ES; unknown: EN */

#define CW_RAILS_TEXT_MAX  2048                    /* of one move */
#define CW_RAILS_CARRY_MAX (2 * CW_RAILS_TEXT_MAX) /* what was asked and not answered yet */

struct cw_rails {
	const struct cw_goal *goal;
	const struct cw_persona *persona;
	enum cw_tongue tongue;
	struct cw_rng rng;
	enum cw_rails_state state;
	uint32_t told;
	uint8_t asked[CW_FACTS_MAX], corrected[CW_FACTS_MAX];
	unsigned asked_other; /* running: the same question that is no fact's */
	enum cw_move_kind last_kind;
	uint32_t last_facts, saying; /* said last; said by the chosen move */
	bool any, opened, pardoned, reached, failed;
	unsigned turns, goodbyes;

	bool chosen; /* move is good and not taken */
	struct cw_move move;
	char *words, *agent;
	char carry[CW_RAILS_CARRY_MAX];
	char reason[320];
};

const struct cw_fact *cw_rails_fact(
	const struct cw_rails *r, const char *key, uint32_t *bit); /* NULL: no such fact, @bit as it was */
bool cw_rails_terse(const struct cw_rails *r);
bool cw_rails_chatty(const struct cw_rails *r);
/* Words of a move about the facts @bits from templates; another call draws others. */
void cw_rails_compose(struct cw_rails *r, struct cw_buf *b, enum cw_move_kind kind, uint32_t bits);
/* A pause in the middle of the sentence, as of somebody who thinks, as often as the persona does. */
void cw_rails_hesitate(struct cw_rails *r, struct cw_buf *b);

enum cw_ask { /* what the agent may want beside facts */
	CW_ASK_CONFIRM,
	CW_ASK_OFFER, /* which one? */
	CW_ASK_MORE,  /* anything else? */
	CW_ASK_SPELL,
	CW_ASK_REPEAT,  /* it did not understand us */
	CW_ASK_HELP,    /* how can I help? */
	CW_ASK_CHANGE,  /* what should be changed? */
	CW_ASK_PROCEED, /* shall I book it? */
	CW_ASK_YESNO,   /* any other question that wants yes or no */
	CW_ASK_N
};

/* Words in lower case without accents and punctuation, single blanks, one blank at either end. NULL: no memory. */
char *cw_rails_fold(void *parent, const char *text);
/* Does folded @text hold one of the '|'-separated folded phrases, on word borders? */
bool cw_phrases_fit(const char *phrases, const char *text);

const char *cw_ask_phrases(enum cw_ask a, enum cw_tongue t);
const char *cw_fact_phrases(const char *key, enum cw_tongue t); /* NULL: no such key */

/* One of several sentences of a move about a fact of @key (or NULL), drawn from @rng; "{value}" inside. Never NULL. */
struct cw_str cw_move_template(enum cw_move_kind kind, const char *key, enum cw_tongue t, struct cw_rng *rng);
struct cw_str cw_rails_small_talk(enum cw_tongue t, struct cw_rng *rng);   /* before an answer, chatty */
struct cw_str cw_rails_backchannel(enum cw_tongue t, struct cw_rng *rng);  /* "Mm-hmm." */
struct cw_str cw_rails_interjection(enum cw_tongue t, struct cw_rng *rng); /* "Wait, sorry." */
bool cw_names_a_date(const char *folded_word); /* months and weekdays of the four languages */

/* Did the agent repeat a fact wrongly in its words? */
bool cw_rails_misheard(const struct cw_fact *f, const char *agent);
/* As cw_rails_check(), and no capital word in mid-sentence that is not known: for words of a model. */
int cw_rails_check_strict(
	const struct cw_goal *g, uint32_t facts, const char *agent, const char *words, struct cw_why *why);
