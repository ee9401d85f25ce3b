/*
 * check_judge.h: assertions that need an answer from outside before they can be decided: who must be asked, and what
 */
#pragma once
#include "trial/check/check.h"

enum cw_asks { CW_ASKS_NOTHING, CW_ASKS_MODEL, CW_ASKS_EMBEDDING, CW_ASKS_WEBHOOK };

/* Whom @a must ask before it is run; CW_ASKS_NOTHING for all other kinds. */
enum cw_asks cw_check_asks(const struct cw_assert *a);
/* The criterion as the judge shall read it. New string; NULL: no memory. */
char *cw_check_criterion(void *parent, const struct cw_assert *a);
double cw_check_judge_threshold(const struct cw_assert *a);
/* The agent's words that answer @play, as far as they are known: its own text before what was heard. New string; NULL: no memory. */
char *cw_check_agent_words(void *parent, const struct cw_view *v, size_t play);
