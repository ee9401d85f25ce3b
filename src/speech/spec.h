/*
 * spec.h: engine names with options, "modem:wer=0.05,wpm=200": the engine, then key=value pairs or a bare value
 */
#pragma once
#include "base/str.h"
#include "base/why.h"

/* The parts before and behind the first colon; the second is empty when there is none. Slices of @spec. */
struct cw_str cw_spec_engine(const char *spec);
struct cw_str cw_spec_options(const char *spec);

/* The value of @key among @options; false when it is not there. */
bool cw_spec_get(struct cw_str options, const char *key, struct cw_str *ret);
/* A number within @lo … @hi; *@ret keeps its value when the key is not there. EINVAL names the key and the range. */
int cw_spec_number(struct cw_str options, const char *key, double lo, double hi, double *ret, struct cw_why *why);
/* Every option must be key=value with a key of @keys (NULL-terminated): else EINVAL, naming them. */
int cw_spec_check(const char *spec, const char *const *keys, struct cw_why *why);
