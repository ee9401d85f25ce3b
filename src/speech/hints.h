/*
 * hints.h: what a mind expects to hear next, for recognisers that can use it
 *
 * Phrases may contain classes in braces: "my name is {name}", "{digits}", "on {date} at {time}". A class is a list of
 * values given along, or one of the built-in ones: {digit}, {digits} (1 … 16 of them, "oh", "double"), {number}, {date}, {time},
 * {yesno}. An engine with grammars builds a small model; one with keyterms takes the words; others ignore hints.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct cw_hint_class {
	const char *name;
	const char *const *values;
	size_t n_values;
};

struct cw_hints {
	const char *const *phrases;
	size_t n_phrases;
	const struct cw_hint_class *classes;
	size_t n_classes;
	uint64_t hash; /* of everything above: equal hash = same model; set by cw_hints_new() */
};

/* Deep copy under @parent, with its hash. NULL: no memory. */
struct cw_hints *cw_hints_new(void *parent, const struct cw_hints *from);
