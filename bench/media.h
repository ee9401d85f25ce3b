/*
 * media.h: bench_media between its files: media.c (options, table), echo.c, quiet.c, book.c, barge.c (one part of the measurement each)
 *
 * Each part starts its servers on processor 0, plays the other end on processor 1 and prints its rows of the one table.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"

#define MEDIA_SERVER_CPU 0
#define MEDIA_CALLER_CPU 1

struct media {
	bool quick;
	unsigned calls;    /* of the booking part, 0 = its default */
	const char *agent; /* agent file of the booking and barge-in parts */
	char *programs;    /* folder of this program and bare_epoll */
	unsigned missed;   /* figures that miss their goal */
	unsigned wrong;    /* bookings that were not as they should be, echoes that were not what was sent */
};

/* How a figure compares with its goal. */
enum media_goal { MEDIA_NO_GOAL, MEDIA_AT_MOST, MEDIA_AT_LEAST };

struct media_row {
	const char *name;
	double value;
	const char *unit;
	double reference; /* of the same run, 0: none */
	enum media_goal kind;
	double goal;
};

#define MEDIA_ROW(...) media_row(m, &(const struct media_row){__VA_ARGS__})
void media_row(struct media *m, const struct media_row *row);
void media_section(const char *fmt, ...) CW_PRINTF(1, 2);
void media_remark(const char *fmt, ...) CW_PRINTF(1, 2);

/* 0, or why the part could not be measured. */
int media_echo(struct media *m, struct cw_why *why);
int media_quiet(struct media *m, struct cw_why *why);
int media_book(struct media *m, struct cw_why *why);
int media_barge(struct media *m, struct cw_why *why);
