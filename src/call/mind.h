/*
 * mind.h: what decides what a party says: an agent's dialogue or a caller's script
 *
 * The party calls the mind on events; the mind acts with cw_party_*(). Everything below call/ and everything here is the same
 * for both ends.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "call/listener.h"
#include "call/speaker.h"
#include "line/line.h"

struct cw_party;

enum cw_overdue { CW_OVERDUE_FILLER, CW_OVERDUE_FALLBACK };

struct cw_mind_ops { /* all may be NULL but answered and closed */
	const char *name;
	void (*answered)(void *mind, const struct cw_line_info *info);
	void (*speech_started)(void *mind, uint64_t onset_us); /* the other begins (also over our speech) */
	void (*partial)(void *mind, const char *text);
	void (*turn_ended)(
		void *mind, const struct cw_heard *h); /* the other's turn is over and was not a backchannel or noise */
	void (*backchannel)(void *mind, const char *text); /* "mm-hmm" over our speech: we talk on */
	void (*interrupted)(
		void *mind, const char *heard); /* our utterance was cut after these words; turn_ended follows later */
	void (*dtmf)(void *mind, char digit);
	void (*spoke)(void *mind, const struct cw_spoken *s); /* an utterance is over (played out, cut or failed) */
	/* We owe the caller audio and are silent: say something. The party itself plays the spare prompt when the mind does not. */
	void (*overdue)(void *mind, enum cw_overdue level, uint64_t waited_us);
	void (*idle)(void *mind, uint64_t silent_us); /* the other owes, both silent for another idle_us */
	void (*closed)(void *mind, enum cw_end_reason reason, const char *detail);
};
