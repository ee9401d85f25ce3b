/*
 * speakable.h: ordinary written English in the form an engine pronounces well
 *
 * Telephone numbers and codes figure by figure, dates and abbreviations as words, typographic signs as plain ones. What
 * engines do well themselves (times, money, ordinals) is left to them. A map leads back to the written text.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct cw_speakable_word {
	size_t spoken_end; /* bytes of `text` up to the end of the word */
	size_t text_end;   /* the same place in the written text */
};

struct cw_speakable {
	char *text; /* ASCII */
	struct cw_speakable_word *words;
	size_t n_words;
	bool audible; /* there is a letter or a figure at all */
};

/* ENOMEM. */
int cw_speakable_new(void *parent, const char *text, struct cw_speakable **ret);
