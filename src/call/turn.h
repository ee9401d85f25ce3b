/*
 * turn.h: is the other party's turn over? Is a sound during our speech an interruption?
 *
 * Pure functions of text and durations: no state, no I/O, no allocation. English words; in other languages durations decide.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* What the mind waits for: digits come with pauses, yes/no does not. */
enum cw_awaiting {
	CW_AWAIT_ANYTHING,
	CW_AWAIT_YESNO,
	CW_AWAIT_DIGITS,
	CW_AWAIT_NAME,
	CW_AWAIT_ADDRESS,
	CW_AWAIT_DATETIME,
	CW_AWAIT_FREE_TEXT, /* descriptions */
};
const char *cw_awaiting_name(enum cw_awaiting a);
int cw_awaiting_of(const char *name, enum cw_awaiting *ret); /* EINVAL */

struct cw_turn_conf {            /* 0 = default in brackets */
	uint64_t min_silence_us; /* [500 ms] complete-sounding words */
	uint64_t max_silence_us; /* [1600 ms] unfinished-sounding words ("and my number is", "four one five") */
	uint64_t digits_gap_us;  /* [1100 ms] while digits are awaited and fewer came than wanted */
	uint64_t
		groups_gap_us; /* [2000 ms] the same when the last words are three digits or more: a number is being read */
};

/* Silence after which a turn with @partial (may be "") ends. A plain answer to a yes/no question takes 0.7 of the least
 * silence, addresses 1.4, descriptions and turns without words so far 1.6 of it; digits are wanted until 10 or 11 came. */
uint64_t cw_turn_silence_us(const struct cw_turn_conf *conf, enum cw_awaiting awaiting, const char *partial);
/* Do the words sound unfinished: end in a conjunction, article, preposition, filler, or an incomplete number (3, 6, 8 or 9 digits
 * in a row: phone numbers are said in groups of 3, 3 and 4)? */
bool cw_turn_unfinished(const char *partial);

/* Sound while we speak. */
enum cw_barge { CW_BARGE_WAIT, CW_BARGE_NOISE, CW_BARGE_BACKCHANNEL, CW_BARGE_INTERRUPT };
/* @text: words so far, @ended: the sound is over and @text is final. In a yes/no question "yes" and "okay" are answers,
 * elsewhere backchannels. Words which are no backchannel (nor the beginning of one, while the sound goes on) interrupt at
 * once, 1.2 s of sound without words and 2 s of backchannels do as well. No words at the end: noise. */
enum cw_barge cw_turn_barge(const char *text, bool ended, uint64_t speech_us, enum cw_awaiting awaiting);
