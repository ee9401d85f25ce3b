/*
 * phone.h: telephone numbers out of speech or text, and read back
 *
 * North American numbers are understood without a country code; others with "+" or "plus" or "double oh …" in front.
 * Pure functions, no allocation.
 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

#define CW_PHONE_MAX_DIGITS 15 /* E.164 */

enum cw_phone_status {
	CW_PHONE_NONE,         /* no digits at all */
	CW_PHONE_OK,           /* e164 is set */
	CW_PHONE_NO_AREA_CODE, /* seven digits: a local number */
	CW_PHONE_INCOMPLETE,   /* fewer: missing says how many */
	CW_PHONE_TOO_LONG,     /* extra says how many too many */
	CW_PHONE_IMPOSSIBLE, /* enough digits, but the area code or exchange cannot be (begins with 0 or 1, or is N11) */
};

struct cw_phone {
	enum cw_phone_status status;
	char digits[32];                    /* all digits heard, without "+" */
	bool plus;                          /* an international prefix was given */
	char e164[CW_PHONE_MAX_DIGITS + 2]; /* "+14155550134" when OK, else "" */
	unsigned missing;                   /* INCOMPLETE, NO_AREA_CODE: digits still wanted */
	unsigned extra;                     /* TOO_LONG */
};

const char *cw_phone_status_name(enum cw_phone_status s); /* "ok", "no_area_code" … */

/* The number in @text: "my number is four one five, 555 oh one three four", "+1 (415) 555-0134", "area code 415 double five five …".
 * A number corrected on the way ("four one five no four one six …") gives the corrected one. Of several numbers, the first
 * complete one; times and counts beside it are not taken in. Returns status != NONE. */
bool cw_phone_parse(struct cw_str text, struct cw_phone *ret);

/* A further turn about a number already (partly) known: more digits are appended to an incomplete one; a correction ("no i said five six not
 * five nine", "the last four are one two three five", "area code is four one six") replaces what it names; a complete number replaces all. false and *@phone
 * untouched when @text holds nothing usable. */
bool cw_phone_update(struct cw_phone *phone, struct cw_str text);

/* For read-back: "+14155550134" gives "four one five, five five five, zero one three four"; other countries in groups of three behind
 * "plus four four". Also takes bare or partial digits. @out is always terminated; 256 bytes are enough. */
void cw_phone_spoken(const char *number, char *out, size_t size);
