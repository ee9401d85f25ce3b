/*
 * backchannel.h: "mm-hmm", "uh huh", "right": sounds that mean "go on", as recognisers spell them
 */
#pragma once
#include <stdbool.h>

#include "base/str.h"

/* Nothing but backchannels (at most four words: "okay", "yeah right", "mm hmm", "uh-huh", also "wright", "m hm", "a ha")? Empty text is none. */
bool cw_backchannel(struct cw_str text);
/* Nothing but hesitation ("um", "uh", "er", "hmm", "well", "so")? Empty text is none. */
bool cw_filler_only(struct cw_str text);
/* Nothing but a greeting ("hello", "hi there", "good morning")? */
bool cw_greeting_only(struct cw_str text);
