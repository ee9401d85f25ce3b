/*
 * service.h: what people say in calls to a trade: the background of every model, and the whole of the one without hints
 *
 * Both sides of such calls: troubles, requests, appointments, names, numbers, politeness, and words of other topics, so that
 * speech which fits no hint is recognised as something else instead of being bent into a valid answer.
 */
#pragma once
#include "speech/ngram.h"

/* Count all sentences, each with @weight in sum over its examples. Allocates below @g only. ENOMEM. */
int cw_service_count(struct cw_ngram *g, float weight);
