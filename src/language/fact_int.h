/*
 * fact_int.h: where a fact stands in folded words: e-mail, long numbers, street addresses; shared by pii.c and entity.c, nobody else includes it
 */
#pragma once
#include "base/words.h"

#define CW_FACT_UNITS 40 /* pieces of one long number; what follows is another number */

/* One piece of a number as said or written: "415", "twenty three", "double five". */
struct cw_fact_unit {
	size_t from, to; /* words */
	char digits[24];
	size_t len;
};
struct cw_fact_run {
	struct cw_fact_unit u[CW_FACT_UNITS];
	size_t n;
	bool plus; /* "+44", "plus four four" */
};

/* A text of any length piece by piece. */
struct cw_fact_reader {
	struct cw_str rest;
	struct cw_words ws;
	struct cw_str piece; /* what ws was read from */
	size_t limit;        /* a fact may begin before this word */
	size_t at;           /* the next word to look at; move it behind what was found */
	bool started;
};
void cw_fact_init(struct cw_fact_reader *r, struct cw_str text);
/* Is there another word to look at (r->at in r->ws)? */
bool cw_fact_next(struct cw_fact_reader *r);
/* The bytes of words @from … @to-1. */
struct cw_str cw_fact_slice(const struct cw_fact_reader *r, size_t from, size_t to);

/* E-mail at word @i, written or spoken; the address in lower case into @out. Words used, 0 for none. */
size_t cw_fact_email(const struct cw_words *ws, struct cw_str text, size_t i, char *out, size_t size);
/* Digits from word @i on, with "dash", "uh" and the like between them. Words used. */
size_t cw_fact_digits(const struct cw_words *ws, size_t i, struct cw_fact_run *run);
/* Digits of units @from … @to-1 into @out; their count, 0 when they are more than @size - 1. */
size_t cw_fact_join(const struct cw_fact_run *run, size_t from, size_t to, char *out, size_t size);
/* House number, street and unit at word @i: "twelve oak street apartment four b". Words used, 0 for none. */
size_t cw_fact_address(const struct cw_words *ws, struct cw_str text, size_t i);

/* A telephone number in units @from … @to-1: as E.164 (or seven digits when @local) into @out; false when it can be none. */
bool cw_fact_phone(const struct cw_fact_run *run, size_t from, size_t to, bool local, char *out, size_t size);
/* The part of a run which is a telephone number: all of it, else without what stands in front or behind ("at nine 415 …"). */
bool cw_fact_find_phone(const struct cw_fact_run *run, bool local, size_t *from, size_t *to, char *out, size_t size);
