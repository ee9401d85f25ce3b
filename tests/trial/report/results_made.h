/*
 * results_made.h: lines of results.jsonl made up for tests of what reads them
 */
#pragma once
#include <stdio.h>

#include "trial/report/tally.h"

/* One cell: a letter (P, F, I, E) per execution, all answering after @ms, plus one millisecond for each. */
static inline void cw_made_cell(json_t *list, const char *test, const char *letters, double ms)
{
	static const char letters_of[] = "PFIE";
	static const char *const names[] = {"PASS", "FAIL", "INVALID", "ERROR"};

	for (int i = 0; letters[i]; i++) {
		const char *at = strchr(letters_of, letters[i]);
		char key[100];

		snprintf(key, sizeof(key), "%s.%d", test, i + 1);
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:i, s:s, s:s, s:[{s:s, s:i, s:f}]}", "key",
				      key, "test", test, "file", "f.yaml", "slice", "language", "en-US", "voice",
				      "modem", "channel", "clean", "repeat", i + 1, "verdict", names[at - letters_of],
				      "reason", "", "turns", "of", "turn", "n", 1, "response_ms", ms + i));
	}
}
