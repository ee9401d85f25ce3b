/*
 * rails_int.h: tables and helpers of the caller on rails; included by rails*.c and rules.c only
 */
#pragma once
#include "base/buf.h"
#include "base/rng.h"
#include "caller/rails.h"

enum cw_tongue { CW_TONGUE_EN, CW_TONGUE_ES, CW_TONGUE_DE, CW_TONGUE_FR, CW_TONGUE_N };
enum cw_tongue cw_tongue_of(const char *language); /* "es-MX" -> ES; unknown: EN */

enum cw_ask { /* what the agent may want beside facts */
	CW_ASK_CONFIRM,
	CW_ASK_OFFER,   /* which one? */
	CW_ASK_MORE,    /* anything else? */
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
int cw_rails_check_strict(const struct cw_goal *g, uint32_t facts, const char *agent, const char *words, struct cw_why *why);
