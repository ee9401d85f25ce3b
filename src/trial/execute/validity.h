/*
 * validity.h: did our own side do what it was meant to? If not, the call says nothing about the agent: INVALID
 *
 *   left_script    the caller did something that is not in its script (an altered file that is scored anew, a fault of ours)
 *   contradicted   a caller with a goal said figures or dates that are none of its facts
 *   garbled        our own ear does not understand our own voice, before any line: counted only when something failed and engines that really
 *                  speak are used (the modem is exact)
 *   deadlock       both sides waited: nothing in the script fits the agent's words
 *   late           our words came much later than they were due, or meant for the middle of the agent's words came when it had fallen silent;
 *                  counted only when something failed
 *   broken         our own speech could not be made
 *
 * Blocking and pure; off the lane in real time.
 */
#pragma once
#include "trial/execute/verdict.h"

#define CW_VALIDITY_LATE_US 1000000 /* due until audible */
#define CW_VALIDITY_WER     0.5     /* of our own clean speech by our own ear */

struct cw_validity {
	const char *kind; /* "late" …; NULL: valid */
	const char *reason;
};

/* @failed: something asserted does not hold. Strings hang from @parent. ENOMEM. */
int cw_validity_judge(
	void *parent, const struct cw_call_record *r, const struct cw_view *v, bool failed, struct cw_validity *ret);

/* Word errors per word when @ear hears what @voice says to each of the @n texts, nothing in between; the model knows the texts, so that what is
 * measured is the speech. ENOENT (engine or voice), ETIMEDOUT, ENOMEM. */
struct cw_own_ear {
	const char *voice, *language, *ear;
	double speed;
};
int cw_validity_own_wer(const struct cw_own_ear *conf, const char *const *texts, size_t n, double *wer);
