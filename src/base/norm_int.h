/*
 * norm_int.h: shared by norm.c, norm_spoken.c and norm_written.c; nobody else includes it
 */
#pragma once
#include "base/buf.h"
#include "base/norm.h"
#include "base/words.h"

/* Cut the next piece of a text of any length into @ws, at a place where no number can be torn apart. false: nothing left. */
bool cw_norm_next(struct cw_str *rest, struct cw_words *ws, struct cw_str *part);

/* Words into @b, blanks between. */
void cw_norm_add(struct cw_buf *b, struct cw_str word);
/* 1 … 12 for a month's name or abbreviation at word @i, else 0. */
unsigned cw_norm_month(const struct cw_words *ws, size_t i);
const char *cw_norm_month_name(unsigned month);

void cw_norm_speak(struct cw_buf *b, const struct cw_words *ws, struct cw_str part);
void cw_norm_write(struct cw_buf *b, const struct cw_words *ws, bool match);
