/*
 * activity.h: stretches of speech in a recording, to a few milliseconds: what latencies are measured with
 *
 * The detector of vad.h says which frames hold speech; the edges are then moved to the 2.5 ms block in which the sound above
 * 200 Hz rises out of the noise, and the one in which it falls back. Silence, noise or hum before the speech do not count; a
 * consonant does, up to 120 ms before the first voiced frame.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct cw_vad_conf;

struct cw_activity {
	size_t from, to; /* samples at 8 kHz; @to is the one behind the last */
};

/* Find the speech in @n samples at 8 kHz; pauses shorter than the hangover of @conf (NULL: defaults) do not divide it. *@ret is an
 * array of *@count under @parent (not NULL even when empty). ENOMEM. */
int cw_activity_find(void *parent, const int16_t *pcm, size_t n, const struct cw_vad_conf *conf,
	struct cw_activity **ret, size_t *count);
