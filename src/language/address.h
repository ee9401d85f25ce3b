/*
 * address.h: US street addresses out of speech: "twelve oak street" -> "12 Oak Street"
 *
 * Pure functions, no allocation.
 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

enum cw_address_status {
	CW_ADDRESS_NONE,
	CW_ADDRESS_OK,        /* number and street; the rest is optional */
	CW_ADDRESS_NO_NUMBER, /* "oak street" */
	CW_ADDRESS_NO_STREET, /* "twelve" or "number twelve" */
};

struct cw_address {
	enum cw_address_status status;
	char number[16]; /* "12", "1428", "12B" */
	char street[64]; /* "Oak Street", "North 5th Avenue", "Main" when the kind was not said */
	char unit[24];   /* "Apt 4B" */
	char city[48];   /* "Springfield" */
	char state[4];   /* "CA" */
	char zip[12];    /* "95051" */
	char text[176];  /* "12 Oak Street, Apt 4B, Springfield, CA 95051" from the parts there are */
};

/* @cities (NULL-terminated, may be NULL) are the towns served: recognised without "in", and repaired when one letter off. */
bool cw_address_parse(struct cw_str text, const char *const *cities, struct cw_address *ret);
/* A further turn: fills what was missing, replaces what a correction names ("no twenty oak street", "fourteen not forty"). false and untouched when @text
 * holds nothing usable. */
bool cw_address_update(struct cw_address *a, struct cw_str text, const char *const *cities);
/* For read-back: "twelve Oak Street, apartment four B, Springfield". 256 bytes are enough. */
void cw_address_spoken(const struct cw_address *a, char *out, size_t size);
