/*
 * sound.h: how good the agent's sound was, slice by slice: median and worst of its measures over calls
 *
 * Reads "audio" of the lines of results.jsonl, added one at a time (execute/extras.h). Thread: one at a time.  Owner: the parent given.
 */
#pragma once
#include "base/buf.h"
#include "base/json.h"

struct cw_sounds;

int cw_sounds_new(void *parent, struct cw_sounds **ret); /* ENOMEM */
/* Lines without "audio" are passed over. ENOMEM. */
int cw_sounds_add(struct cw_sounds *s, const json_t *result);

/* [{"language", "voice", "channel", "target", "n", "loudness_lufs": {"n", "median", "worst"} | null, "snr_db", "clipping", "dropouts", "band_high_hz"}]:
 * slices in the order they came; the worst is the least loudness, SNR and bandwidth, the most clipping and dropouts. New reference. */
json_t *cw_sounds_json(struct cw_sounds *s);
void cw_sounds_markdown(const json_t *sounds, struct cw_buf *out);
