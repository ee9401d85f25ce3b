/*
 * speech.h: the folder as a whole: caches that all calls of a process share
 */
#pragma once

/* Give back cached recogniser models and idle decoders (7 to 13 MB each). At the end of a program, or when idle; what is in use
 * stays. Any thread. */
void cw_speech_release(void);
