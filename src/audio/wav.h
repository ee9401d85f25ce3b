/*
 * wav.h: RIFF WAVE files: PCM 16, mu-law, A-law; streaming; readable at every moment
 *
 * The writer keeps the header true: it is rewritten after every flush, so that a kill loses at most the unflushed tail
 * (and the reader accepts a data chunk longer than the file, or size 0 / 0xFFFFFFFF, by the file's length).
 * Blocking I/O: use it from a work job, or in tools.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum cw_wav_coding { CW_WAV_PCM16 = 1, CW_WAV_ALAW = 6, CW_WAV_ULAW = 7 };

struct cw_wav_format {
	enum cw_wav_coding coding;
	unsigned rate_hz;
	unsigned channels;
};

struct cw_wav_writer;
int cw_wav_create(
	void *parent, const char *path, const struct cw_wav_format *f, struct cw_wav_writer **ret, struct cw_why *why);
/* Append interleaved samples (encoded as the format says). ENOSPC, EIO. */
int cw_wav_write(struct cw_wav_writer *w, const int16_t *samples, size_t n_frames);
int cw_wav_flush(struct cw_wav_writer *w);  /* data and header to the kernel */
int cw_wav_finish(struct cw_wav_writer *w); /* flush and close; talloc_free() without it flushes too */

struct cw_wav_reader;
int cw_wav_open(void *parent, const char *path, struct cw_wav_reader **ret, struct cw_why *why);
int cw_wav_parse(
	void *parent, const void *bytes, size_t n, struct cw_wav_reader **ret, struct cw_why *why); /* bytes copied */
const struct cw_wav_format *cw_wav_format(const struct cw_wav_reader *r);
uint64_t cw_wav_frames(const struct cw_wav_reader *r);
/* Up to @n_frames interleaved 16-bit frames; *@got = 0 at the end. */
int cw_wav_read(struct cw_wav_reader *r, int16_t *out, size_t n_frames, size_t *got);

/* A whole file as mono at @rate_hz (mixed down, resampled): *@ret under @parent. */
int cw_wav_load_mono(void *parent, const char *path, unsigned rate_hz, int16_t **ret, size_t *n, struct cw_why *why);
