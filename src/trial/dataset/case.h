/*
 * case.h: one case of a dataset: a conversation, what must come of it, and where it was taken from
 *
 * A JSON object; on disk one line of cases.jsonl in canonical form: top members in the order below, members below them sorted, no
 * spaces, reals with 15 digits. Only id and input must be there.
 *
 *   id          1 to 80 letters, digits and . _ - +
 *   input       what is said, in order: messages {role, content} (system, user, assistant …), or turns as in scenario files {say, when, expect …}
 *   answers     what the caller says when asked, as in scenario files
 *   expected    assertions on the whole call, as in scenario files
 *   with        what else of a test goes with it: caller, goal, persona, voice, timeout_s …; chat: other members of a fine-tuning line
 *   tags        texts
 *   licence     SPDX id, where it is not that of the dataset
 *   split       train, dev or test
 *   provenance  {file, line, test} or {run, call} …
 *   sha256      of the line without this member: an edit by hand shows
 *
 * The content hash covers id … licence: two cases with the same one are the same, wherever they came from.
 * Thread: pure.
 */
#pragma once
#include "base/json.h"
#include "trial/dataset/digest.h"

#define CW_CASE_LINE_MAX  (1u << 20)
#define CW_CASE_TURNS_MAX 200

extern const char *const cw_splits[]; /* "train", "dev", "test", NULL */

/* Is it a case? EINVAL: @why says what was expected (without a place). @c may have "sha256" or not. */
int cw_case_check(const json_t *c, struct cw_why *why);
/* Append the canonical line without line end, its sha256 in it. @hex: that one. EMSGSIZE, ENOMEM. */
int cw_case_line(const json_t *c, struct cw_buf *b, char hex[CW_DIGEST_HEX + 1]);
/* The content hash. EMSGSIZE, ENOMEM. */
int cw_case_content(const json_t *c, char hex[CW_DIGEST_HEX + 1]);
/* Words of the caller, one line each (of messages: of the user), for finding duplicates. */
void cw_case_words(const json_t *c, struct cw_buf *b);
/* Every text of the case that people wrote, one line each, for finding personal data. */
void cw_case_texts(const json_t *c, struct cw_buf *b);
/* @text as an id, what may not stand in one made '-', cut at 60; "case" when nothing is left. */
void cw_case_id(const char *text, char id[81]);
bool cw_case_id_ok(const char *id);
