/*
 * ledger.h: one utterance: its text, the audio of its sentences, and how much of both was heard
 *
 * Pure bookkeeping, no I/O. Included by the speaker's files and its tests only. The audio is mu-law, one byte per sample.
 * Owner: the talloc parent of the utterance. Thread: one at a time.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CW_AUDIBLE_CODE      28 /* mu-law magnitude code (inverted, without sign) of about -40 dBov: speech begins here */
#define CW_PIECE_MAX_SAMPLES (120 * 8000)

struct cw_word {
	size_t text_end;   /* bytes of the piece's text … */
	size_t sample_end; /* … said when so many of its samples were played */
};

struct cw_piece {                 /* a sentence */
	size_t text_at, text_len; /* in the utterance's text */
	uint8_t *ulaw;
	size_t n;         /* samples that came so far */
	size_t audible_n; /* … up to the last that can be heard */
	struct cw_word *words;
	size_t words_n;
	uint64_t asked_us;
	bool asked, done; /* synthesis begun; all audio is here */
	int err;
	size_t sent;  /* samples that left: where sending goes on */
	size_t heard; /* samples played at the far end */
};

struct cw_utterance {
	struct cw_utterance *next;
	uint32_t id;
	char *text;
	struct cw_piece *pieces;
	unsigned n, at; /* pieces; the one being sent (n: all have left) */
	bool urgent;
	bool begun;  /* some audio left */
	bool marked; /* the mark behind the last piece is out … */
	uint32_t last_mark;
	bool confirmed; /* … and back */
	int err;
	bool cut;
	uint64_t started_us, ended_us; /* audible, see cw_spoken */
	uint64_t voiced_us, silent_us; /* first audible sample, end of the last one */
	int peak;                      /* of what left so far */
	uint64_t sent_until_us;        /* when its last sample will have been played, by the clock */
	size_t heard_len;              /* set by cw_utterance_close() */
	char *scratch;                 /* heard text, see cw_utterance_heard() */
};

/* Split @text into sentences. EINVAL: nothing to say; EMSGSIZE, ENOMEM. */
int cw_utterance_new(void *parent, uint32_t id, const char *text, struct cw_utterance **ret);
/* One piece with its audio; @text may be NULL. */
int cw_utterance_of_pcm(
	void *parent, uint32_t id, const int16_t *pcm, size_t n, const char *text, struct cw_utterance **ret);

/* Append audio to a piece. ENOMEM, EFBIG above CW_PIECE_MAX_SAMPLES. */
int cw_piece_audio(struct cw_utterance *u, struct cw_piece *p, const int16_t *pcm, size_t n);
int cw_piece_word(struct cw_utterance *u, struct cw_piece *p, size_t text_end, size_t sample_end);
/* Bytes of the piece's text which were wholly heard. */
size_t cw_piece_text_heard(const struct cw_utterance *u, const struct cw_piece *p);
/* Where the first word not wholly heard begins, in samples. */
size_t cw_piece_resume_at(const struct cw_utterance *u, const struct cw_piece *p);
bool cw_piece_heard_out(const struct cw_piece *p); /* all its audio is here and was heard */

/* The heard words as text; valid until the next call for this utterance. *@len: bytes of the text they end at. */
const char *cw_utterance_heard(struct cw_utterance *u, size_t *len);
/* Let sending go on at the first word not wholly heard. */
void cw_utterance_rewind(struct cw_utterance *u);
