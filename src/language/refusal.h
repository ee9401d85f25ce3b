/*
 * refusal.h: does an agent refuse to answer ("I'm sorry, I can't help with that")
 *
 * A refusal is an inability, unwillingness or missing permission of the speaker about helping, answering, telling or discussing; a fact about
 * the world is none ("we can't come on Sunday", "I can't see an order under that name"). English in full, es, de, fr basics.
 * promptfoo's `is-refusal` looks for prefixes and finds such sentences, too; ours is stricter. An empty text is a refusal there and here.
 * Pure, no allocation.
 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

/* @at (may be NULL) gets the words that decided, a part of @text. */
bool cw_refusal_is(struct cw_str text, struct cw_str *at);
