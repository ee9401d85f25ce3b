/*
 * journal.h: a line whose events enter a journal and whose frames are written down on their way out
 *
 * Recording it wraps the real line. In replay there is no line below: the journal says what came, and what each send gave.
 * Thread: the call's lane.  Owner: the parent given; freeing it frees the line it wraps.
 */
#pragma once
#include "line/line.h"

struct cw_journal;

/* @below: not attached to anybody; hangs from the new line from now on (on failure it stays where it was). NULL in replay. ENOMEM. */
int cw_journal_line_new(
	void *parent, struct cw_journal *j, struct cw_line *below, enum cw_line_side side, struct cw_line **ret);
