/*
 * pii.h: personal data in a text (telephone, payment card, social security number, e-mail, street address), and masking it
 *
 * Written ("415-555-0134", "4111 1111 1111 1111") and spoken ("four one one one …", "maria at example dot com") forms. Cards must
 * pass the check digit (Luhn 1960, ISO/IEC 7812-1) and begin as a card network's does; a social security number must be one that can be issued
 * (SSA: area not 000, 666, 9xx; group not 00; serial not 0000) and be grouped 3-2-4 or named. Pure, reentrant.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

enum cw_pii_kind { CW_PII_PHONE, CW_PII_CARD, CW_PII_SSN, CW_PII_EMAIL, CW_PII_ADDRESS, CW_PII_KINDS };
#define CW_PII_ALL       ((1u << CW_PII_KINDS) - 1)
#define CW_PII_BIT(kind) (1u << (kind))

struct cw_pii {
	enum cw_pii_kind kind;
	struct cw_str at; /* a part of the text, words whole */
};
const char *cw_pii_kind_name(enum cw_pii_kind k); /* "phone", "card", "ssn", "email", "address" */
bool cw_pii_kind_parse(struct cw_str name, enum cw_pii_kind *ret);

/* Calls @each for every finding in the order of the text until it returns false; a byte belongs to one finding at most. @kinds is a
 * set of CW_PII_BIT(). Returns the findings told. */
size_t cw_pii_find(struct cw_str text, unsigned kinds, bool (*each)(const struct cw_pii *p, void *arg), void *arg);
/* The first one; false: none. */
bool cw_pii_first(struct cw_str text, unsigned kinds, struct cw_pii *ret);
/* @text with each finding replaced by its kind in brackets: "call [phone]". Into @out, which keeps its own error; returns how many. */
size_t cw_pii_mask(struct cw_str text, unsigned kinds, struct cw_buf *out);
