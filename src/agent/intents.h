/*
 * intents.h: what callers want in any state: built-in intents, the file's own, and its frequent questions
 */
#pragma once
#include "agent/file.h"
#include "agent/read.h"

/* Built-in: the machine itself acts on these three; the others need a state in the file to go to. */
#define CW_INTENT_REPEAT     "repeat"
#define CW_INTENT_START_OVER "start_over"
#define CW_INTENT_WAIT       "wait"
#define CW_INTENT_PERSON     "person"
#define CW_INTENT_GOODBYE    "goodbye"

/* Read `intents:` and `faq:` into f->intents, f->intent_names, f->faq. */
int cw_agent_read_intents(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f);

/* A text or list of patterns of language/intent.h, each checked: a mistake is told at its line. */
int cw_agent_read_patterns(
	const struct cw_reader *r, const json_t *obj, const char *key, const char *const **ret, size_t *n);

/* NULL-terminated patterns of a built-in intent, or NULL. */
const char *const *cw_intent_builtin(const char *name);

/* Answers to an offer of times: "first" … "third", "last", "any", "more". Compiled into @ret under @parent. */
int cw_intents_for_offers(void *parent, struct cw_intents **ret, struct cw_why *why);
const char *const *cw_intents_offer_phrases(void); /* the same as patterns, NULL-terminated */

/* Write the sentences a pattern of intent.h stands for (without its "*" and captures) into @out, at most @max: for recognisers.
 * Strings under @parent. Returns how many; 0 without memory. */
size_t cw_intent_expand(void *parent, const char *pattern, const char **out, size_t max);
