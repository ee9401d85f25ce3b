/*
 * calendar.h: the hours in which a technician can come
 *
 * A slot is a local wall time "YYYY-MM-DDTHH:MM". Working days are Monday to Friday; slots begin at 9:00, 11:00, 13:00 and 15:00.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define CW_SLOT_SIZE 17

/* A real date and time in exactly that form? */
bool cw_slot_valid(const char *slot);
/* The first slot that begins after *@local_s (seconds since 1970 of the local wall clock); *@local_s becomes its start. */
void cw_slot_next(int64_t *local_s, char slot[CW_SLOT_SIZE]);
