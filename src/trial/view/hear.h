/*
 * hear.h: second opinions after a call: our own recogniser on recorded samples, our own voice for a text
 *
 * Each question runs to its end in a simulated world of its own (engines compute, nothing waits), so it may be asked off the
 * lane while judging. Dear: ask only where something went wrong.
 * Thread: one at a time.  Owner: the parent given to cw_hear_new().
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "speech/hints.h"

struct cw_hear;

struct cw_hear_conf {
	const char *ear;   /* "pocketsphinx", "modem" */
	const char *voice; /* "flite:slt" */
	const char *language;
	double speed;                 /* of the voice; 0 = 1 */
	const struct cw_hints *hints; /* what may be said; copied; or NULL */
};

/* Opens nothing yet: engines and models are loaded for the first question. ENOMEM. */
int cw_hear_new(void *parent, const struct cw_hear_conf *conf, struct cw_hear **ret);

/* Words in @n samples of 8 kHz; "" where there are none. EIO: the engine is not there or failed; ENOMEM. */
int cw_hear_words(struct cw_hear *h, void *parent, const int16_t *pcm, size_t n, char **ret);
/* The clean samples of @text in our voice. EIO, ENOMEM. */
int cw_hear_voice(struct cw_hear *h, void *parent, const char *text, int16_t **ret, size_t *n);
