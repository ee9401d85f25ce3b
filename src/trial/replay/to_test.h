/*
 * to_test.h: a test made from a call: a scenario file (and, where the caller's own voice is kept, its clips)
 *
 * Turns keep their place relative to the agent. By default the words are spoken by a voice of ours, and telephone and card numbers, social
 * security numbers, e-mail and street addresses in them are replaced by others which belong to nobody (RFC 2606 names, 555-01xx numbers, the card
 * networks' test number): nothing of the caller goes into the file but what was said otherwise. With @keep_audio the caller's own sound is cut into clips.
 * Blocking.
 */
#pragma once
#include <stdbool.h>

#include "trial/replay/capture.h"

struct cw_to_test_conf {
	const char *path;   /* of the scenario file; clips go to "<path without .yaml>.clips/" */
	const char *id;     /* of the test; NULL: "replay-" and the key */
	const char *target; /* NULL: none is written */
	const char *voice;  /* of the spoken words; NULL: none is written */
	bool keep_audio;
	bool keep_personal; /* leave personal data in the words */
};

struct cw_to_test_report {
	size_t turns, clips, replaced,
		wordless; /* wordless: turns left out because nothing is known of their words and audio is not kept */
};

/* Write it. EEXIST: the file is there already; EACCES, ENOSPC …; EINVAL: no turn is left. With @why. */
int cw_to_test_write(const struct cw_capture *c, const struct cw_to_test_conf *conf, struct cw_to_test_report *ret,
	struct cw_why *why);
