/*
 * g711.h: mu-law and A-law (ITU-T G.711), by table
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define CW_FRAME_SAMPLES 160  /* 20 ms at 8 kHz: a frame */
#define CW_RATE_HZ       8000 /* what telephone lines carry */
#define CW_ULAW_SILENCE  0xFF
#define CW_ALAW_SILENCE  0xD5

extern const int16_t cw_ulaw_table[256];
extern const int16_t cw_alaw_table[256];

void cw_ulaw_decode(const uint8_t *in, int16_t *out, size_t n);
void cw_ulaw_encode(const int16_t *in, uint8_t *out, size_t n);
void cw_alaw_decode(const uint8_t *in, int16_t *out, size_t n);
void cw_alaw_encode(const int16_t *in, uint8_t *out, size_t n);
