/*
 * offers.h: free appointment times: which to offer, how to say them, and which one the caller means
 *
 * Pure functions. A time is "YYYY-MM-DDTHH:MM" of the local wall clock, as store/booking.h gives it.
 */
#pragma once
#include "base/buf.h"
#include "base/str.h"
#include "language/datetime.h"

struct cw_intents;

#define CW_OFFERS_FREE  40 /* free times known */
#define CW_OFFERS_SHOWN 3  /* offered at once */
#define CW_OFFER_SIZE   17

struct cw_offers {
	bool known; /* the calendar was asked */
	char free_[CW_OFFERS_FREE][CW_OFFER_SIZE];
	size_t n_free;
	size_t shown[CW_OFFERS_SHOWN]; /* indices of free_ */
	size_t n_shown;
	size_t behind; /* times before this index were offered already */
	bool wished;
	struct cw_date near;     /* day meant by an hour alone ("make it eleven"); year 0: none */
	struct cw_datetime wish; /* what the caller would like, as far as said */
};

enum cw_choice {
	CW_CHOICE_NOTHING,  /* the turn is about something else */
	CW_CHOICE_TIME,     /* *index is chosen */
	CW_CHOICE_OFFER,    /* others fit better: they are shown now */
	CW_CHOICE_NOT_FREE, /* what was asked for is not free; the nearest are shown now */
	CW_CHOICE_WHICH,    /* several of those shown fit: these are shown now */
	CW_CHOICE_NO_MORE,  /* there are no others; the first are shown again */
};

void cw_offers_clear(struct cw_offers *o);
void cw_offers_set(struct cw_offers *o, const char *const *free_, size_t n);
/* A wish heard before anything was offered ("can you come tomorrow morning"). false: the text holds none. */
bool cw_offers_wish(struct cw_offers *o, struct cw_str text, const struct cw_date *today);
/* Choose what to show first: what fits the wish, else the earliest, in different half days. *@fits: the wish was met (or there was none). */
void cw_offers_show(struct cw_offers *o, bool *fits);
/* @answers: compiled cw_intents_for_offers(). */
enum cw_choice cw_offers_choose(struct cw_offers *o, const struct cw_intents *answers, struct cw_str text,
	const struct cw_date *today, size_t *index);

/* "tomorrow, Tuesday, at nine in the morning" */
void cw_offer_spoken(struct cw_buf *b, const char *time, const struct cw_date *today);
/* All that are shown: "today at one in the afternoon, or tomorrow, Tuesday, at nine in the morning" */
void cw_offers_spoken(struct cw_buf *b, const struct cw_offers *o, const struct cw_date *today);
/* How callers say it: "tuesday at nine", "nine in the morning", "nine a m", … appended to @out as new strings under @parent, at most @max. */
size_t cw_offer_phrases(void *parent, const char *time, const struct cw_date *today, const char **out, size_t max);
