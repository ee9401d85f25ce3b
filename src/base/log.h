/*
 * log.h: structured log with a context per object
 *
 * A line is an event word and key=value pairs; a context names the object and its parents and adds pairs of its own
 * (call id). Output is human text (on a terminal) or JSON lines. Values of secret keys are masked: any key that ends in
 * token, secret, password, key or authorization prints as ***.
 * Thread: cw_log_open() once at start; logging from any thread (one write per line).
 */
#pragma once
#include <stdbool.h>

#include "base/mem.h"

enum cw_log_level { CW_LOG_ERROR, CW_LOG_WARN, CW_LOG_INFO, CW_LOG_DEBUG };

/* A context: embedded by value in the object which logs. @parent may be NULL (the root sink). */
struct cw_log {
	const struct cw_log *parent;
	const char *name; /* "call", "twilio", "stt" */
	const char *id;   /* call id and the like, or NULL; must outlive the context */
};

struct cw_log_conf {
	enum cw_log_level level;
	bool json; /* JSON lines instead of text */
	bool color;
	int fd; /* where to; usually 2 */
};

/* Set the process-wide sink (the one writable global of the house: a process has one stderr). Before: warn, text, fd 2. */
void cw_log_open(const struct cw_log_conf *conf);
bool cw_log_on(enum cw_log_level level);

/* cw_log_info(&c->log, "accepted", "codec=%s rate_hz=%u", name, rate): @fmt is key=value pairs split by blanks (a value
 * with blanks must be put in double quotes). NULL context is allowed. */
#define cw_log_error(ctx, event, ...) cw_log_write((ctx), CW_LOG_ERROR, (event), __VA_ARGS__)
#define cw_log_warn(ctx, event, ...)  cw_log_write((ctx), CW_LOG_WARN, (event), __VA_ARGS__)
#define cw_log_info(ctx, event, ...)  cw_log_write((ctx), CW_LOG_INFO, (event), __VA_ARGS__)
#define cw_log_debug(ctx, event, ...)                                            \
	do {                                                                     \
		if (cw_log_on(CW_LOG_DEBUG))                                     \
			cw_log_write((ctx), CW_LOG_DEBUG, (event), __VA_ARGS__); \
	} while (0)

void cw_log_write(const struct cw_log *ctx, enum cw_log_level level, const char *event, const char *fmt, ...)
	CW_PRINTF(4, 5);
