/*
 * yesno.h: the answer to a yes/no question
 */
#pragma once
#include "base/str.h"

enum cw_yesno {
	CW_YESNO_OTHER, /* neither: something else was said */
	CW_YESNO_YES,
	CW_YESNO_NO,
	CW_YESNO_CORRECTION, /* "no i said …", "that's wrong it's …", "almost but …": no, and what it should be follows */
	CW_YESNO_UNSURE, /* "i don't know", "maybe", "let me think" */
};
const char *cw_yesno_name(enum cw_yesno y);

/* @rest (may be NULL) gets what follows the answer: "yes and it's urgent" -> "it's urgent", "no i said five six" -> "five six"; empty
 * when nothing does. "i don't think so" is no; "no problem", "no that's right", "no that's fine" are yes; "not yet", "not really" are no. */
enum cw_yesno cw_yesno_parse(struct cw_str text, struct cw_str *rest);
