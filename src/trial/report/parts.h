/*
 * parts.h: sections of summary.md that tell what run/card.h put into the run: targets, word errors, sound, scores, judge
 */
#pragma once
#include "trial/report/report.h"

/* Each section that has something to tell and fits into @max bytes of @b. */
void cw_report_parts_markdown(struct cw_buf *b, const struct cw_report *r, size_t max);
