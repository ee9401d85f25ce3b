/*
 * number.h: English numbers between words and values
 *
 * Pure functions over folded words (base/words.h). Figures count as number words: "25", "1000".
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/words.h"

/* Cardinal from word @i on: "twenty five", "a hundred and five", "two thousand six", "42". Returns the words used, 0 for none.
 * Runs of digits are not cardinals: "four one five" uses one word. "a" alone is not a number; "oh" neither. */
size_t cw_number_cardinal(const struct cw_words *ws, size_t i, uint64_t *ret);
/* Ordinal: "third", "twenty first", "3rd", "one hundredth". */
size_t cw_number_ordinal(const struct cw_words *ws, size_t i, uint64_t *ret);
/* Read like a year or a house number: "twenty twenty six" 2026, "nineteen oh five" 1905, "fourteen twenty eight" 1428,
 * "two thousand six" 2006, "nineteen hundred" 1900; also everything a cardinal may be, and digit by digit ("one four two"). */
size_t cw_number_grouped(const struct cw_words *ws, size_t i, uint64_t *ret);
/* Digits said one by one or in groups, with "oh", "double", "triple", "hundred" ("eight hundred" 800) and figures: appended to
 * @out (at most @size - 1, terminated; *@len is their count, in and out). Returns the words used; stops at the first other word. */
size_t cw_number_digits(const struct cw_words *ws, size_t i, char *out, size_t size, size_t *len);
/* Value of a single digit word ("seven", "oh", "o", "zero", "7"), else -1. */
int cw_number_digit(struct cw_str word);

/* Words of a cardinal ("two thousand six"), an ordinal ("twenty first"), digits one by one ("oh" for zero when @oh), a year
 * ("twenty twenty six"). @out is always terminated; 200 bytes are enough for any number. */
void cw_number_say(uint64_t v, char *out, size_t size);
void cw_number_say_ordinal(uint64_t v, char *out, size_t size);
void cw_number_say_digits(struct cw_str digits, bool oh, char *out, size_t size);
void cw_number_say_year(unsigned year, char *out, size_t size);

/* The first number in a text ("i have about twenty five", "two or three" gives 2), as a caller answers "how many". false: none. */
bool cw_number_find(struct cw_str text, uint64_t *ret);
