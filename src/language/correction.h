/*
 * correction.h: "no, I said five six, not five nine": what a caller takes back and what replaces it
 *
 * Pure functions of text; the slices point into the caller's text.
 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

struct cw_correction {
	bool found;
	struct cw_str before; /* said before the cue: "my number is four one five" (empty in a fresh "no i said …") */
	struct cw_str right;  /* what is meant: "five six"; empty when only "that's wrong" was said */
	struct cw_str wrong;  /* what is denied: "five nine" ("… not five nine", "instead of …"), else empty */
};

/* Finds the last correction cue: "no i said", "no it's", "i mean", "i meant", "sorry", "wait", "actually", "scratch that", "not X but Y",
 * "X not Y", "make that", "rather". A leading "no" alone is a cue only when something follows it. Returns ret->found. */
bool cw_correction_parse(struct cw_str text, struct cw_correction *ret);
