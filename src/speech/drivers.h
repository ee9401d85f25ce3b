/*
 * drivers.h: the tables of this folder's engines, each in the file of its name
 */
#pragma once
#include "speech/stt.h"
#include "speech/tts.h"

extern const struct cw_tts_driver cw_tts_flite;
extern const struct cw_tts_driver cw_tts_espeak;
extern const struct cw_tts_driver cw_tts_modem;
extern const struct cw_stt_driver cw_stt_pocketsphinx;
extern const struct cw_stt_driver cw_stt_modem;
extern const struct cw_stt_driver cw_stt_deepgram;
extern const struct cw_tts_driver cw_tts_deepgram;
