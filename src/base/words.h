/*
 * words.h: a text cut into folded words that remember where they stood
 *
 * Lower case; punctuation is gone but for what belongs to figures: "2:30", "3.5", "$25", "50%", "3rd", "+1", "2026-12-03" stay whole,
 * "1,000" becomes "1000", "2pm" two words, "p.m." and "p. m." one ("pm"), "415-555-0134" three words. Apostrophes stay inside
 * words ("o'clock", "i'm"); "’" becomes "'". Embedded by value (about 8 KB: for the stack), no allocation, cannot fail.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define CW_WORDS_MAX       256 /* the rest of a longer text is dropped, cut says so */
#define CW_WORDS_MAX_BYTES 2048

struct cw_words {
	size_t n;
	bool cut;
	struct cw_str w[CW_WORDS_MAX]; /* slices of text below */
	struct {
		uint16_t from, to; /* where the word stood, bytes of the original */
		bool pause;        /* a comma, full stop or the like came before it */
	} at[CW_WORDS_MAX];
	char text[CW_WORDS_MAX_BYTES];
};

/* At most the first 60,000 bytes of @text are looked at. */
void cw_words_init(struct cw_words *ws, struct cw_str text);

/* Do the words from @i on begin with these (blank-separated, lower case)? Gives how many words matched, else 0. */
size_t cw_words_match(const struct cw_words *ws, size_t i, const char *phrase);
/* The same for a NULL-terminated list of phrases: the longest match counts. */
size_t cw_words_match_any(const struct cw_words *ws, size_t i, const char *const *phrases);
bool cw_words_is(const struct cw_words *ws, size_t i, const char *word); /* false beyond the end */
/* Is word @i one of the blank-separated @list? */
bool cw_words_in(const struct cw_words *ws, size_t i, const char *list);
/* Words @from … @to-1 with blanks between into @out (always terminated, cut at a word when too small); returns its length. */
size_t cw_words_join(const struct cw_words *ws, size_t from, size_t to, char *out, size_t size);
/* The part of the original @text from word @from to word @to - 1; empty when there is none. */
struct cw_str cw_words_slice(const struct cw_words *ws, struct cw_str text, size_t from, size_t to);

/* Lower case of one UTF-8 character (Latin, Greek, Cyrillic); others come back as they are. */
uint32_t cw_char_lower(uint32_t c);
/* The character at @s (1 … 4 bytes into *@n); a byte that is no UTF-8 gives 0xfffd with *@n = 1. @s must not be empty. */
uint32_t cw_char_next(struct cw_str s, size_t *n);
/* UTF-8 of @c into @out (not terminated); returns its 1 … 4 bytes. */
size_t cw_char_put(uint32_t c, char out[4]);
/* Letters and digits of any script (by exclusion of known punctuation and blanks), marks included. */
bool cw_char_is_word(uint32_t c);
