/*
 * id.h: sortable ids: 10 characters of time, 16 of randomness, Crockford base 32 (the ULID layout, github.com/ulid/spec)
 */
#pragma once
#include <stdint.h>

#include "base/rng.h"

#define CW_ID_LEN 26

/* Write an id for wall time @wall_us with randomness from @rng; @out holds 27 bytes. */
void cw_id_make(int64_t wall_us, struct cw_rng *rng, char out[CW_ID_LEN + 1]);
/* @n lower-case hex digits of randomness and a NUL (for Twilio SIDs and the like). */
void cw_id_hex(struct cw_rng *rng, char *out, unsigned n);
