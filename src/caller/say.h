/*
 * say.h: a sentence with pauses in it: "my number is <pause 1200ms> 415"
 *
 * "<pause 800ms>", "<pause 1.5s>". Pure functions.
 */
#pragma once
#include "base/str.h"
#include "base/why.h"

#define CW_SAY_PAUSE_MAX_MS 30000

/* The next piece of *@rest: its words, trimmed (empty when pauses stand side by side), and the silence after them (0 at the end). false: no more. */
bool cw_say_next(struct cw_str *rest, struct cw_str *words, unsigned *pause_ms);
/* Are all pauses written well? EINVAL with @why: what stands between < and > is none, or too long; no words beside them. */
int cw_say_check(const char *text, struct cw_why *why);
/* The words alone, pauses as one blank. NULL: no memory. */
char *cw_say_plain(void *parent, const char *text);
