/*
 * entity.h: the facts in a text (telephone numbers, dates, times, money, numbers, names, addresses, e-mail), and which came through
 *
 * Extraction is rule-based English over words.h and the parsers of this folder; each byte belongs to at most one entity, the more
 * specific kind wins (a telephone number is no number). Values are normalised, so "four one five …" and "415-…" are the same.
 * Errors are counted as slot errors (Makhoul, Kubala, Schwartz and Weischedel 1999): (wrong + missing + extra) / reference entities.
 * Reentrant. Results belong to the parent given.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"
#include "language/datetime.h"

enum cw_entity_kind {
	CW_ENTITY_PHONE,  /* "+14155550134", "5550134" when no area code was said */
	CW_ENTITY_DATE,   /* "2026-12-03" given today, else as said: "december 3", "tuesday" */
	CW_ENTITY_TIME,   /* "14:30", "morning" */
	CW_ENTITY_MONEY,  /* "25.50 usd" */
	CW_ENTITY_NUMBER, /* "25", "3.5", "50%" */
	CW_ENTITY_NAME, /* "maria lopez": behind "my name is", "this is", "Mr", or two capitalised words not opening a sentence */
	CW_ENTITY_ADDRESS, /* "12 oak street, apt 4b" */
	CW_ENTITY_EMAIL,   /* "maria@example.com", also "maria at example dot com" */
	CW_ENTITY_KINDS,
};
const char *cw_entity_kind_name(enum cw_entity_kind k);                  /* "phone" … "email" */
bool cw_entity_kind_parse(struct cw_str name, enum cw_entity_kind *ret); /* the reverse; "e-mail" too */

struct cw_entity {
	enum cw_entity_kind kind;
	struct cw_str at;  /* the part of the text it was read from (points into the caller's text) */
	const char *value; /* normalised; owned by the list */
};
struct cw_entities {
	struct cw_entity *e; /* in the order of the text */
	size_t n;
};

/* Entities of @text. @today resolves relative days ("tomorrow"); NULL: they keep their words. ENOMEM; EMSGSIZE above 1 MiB. */
int cw_entity_extract(void *parent, struct cw_str text, const struct cw_date *today, struct cw_entities **ret);
/* The normalised form of one expected value of a kind, as a test file writes it ("415 555 0134", "2:30 pm", "$25"); what cannot be
 * read is folded (cw_norm_match). NULL only when out of memory. */
char *cw_entity_normal(void *parent, enum cw_entity_kind kind, struct cw_str value, const struct cw_date *today);
/* Is an entity of @kind with this normalised value in the list? NULL value: any of the kind. */
bool cw_entity_has(const struct cw_entities *es, enum cw_entity_kind kind, const char *value);

struct cw_entity_counts {
	size_t right, wrong, missing,
		extra; /* wrong: an entity of the kind stands in the hypothesis with another value */
};
struct cw_entity_score {
	struct cw_entity_counts kind[CW_ENTITY_KINDS];
};
struct cw_entity_pair {
	const struct cw_entity *ref,
		*hyp; /* NULL ref: extra; NULL hyp: missing; else equal values are right, others wrong */
};
struct cw_entity_pairs {
	struct cw_entity_pair *p;
	size_t n;
};

/* Compare: counts are added to *@score (start from zero). Equal values are paired first (as often as they occur), what is left of a kind in the
 * order of the text. @pairs (may be NULL) gets a list under @parent, reference order, extras last. ENOMEM. */
int cw_entity_compare(void *parent, const struct cw_entities *ref, const struct cw_entities *hyp,
	struct cw_entity_score *score, struct cw_entity_pairs **pairs);
/* Extract on both sides and compare. */
int cw_entity_score_add(
	struct cw_entity_score *score, struct cw_str ref, struct cw_str hyp, const struct cw_date *today);

struct cw_entity_counts cw_entity_total(const struct cw_entity_score *score);
/* Slot error rate; 0 when the reference has no entity and nothing is extra, 1 when only extras are there. May exceed 1. */
double cw_entity_error_rate(const struct cw_entity_counts *c);
