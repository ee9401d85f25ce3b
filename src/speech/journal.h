/*
 * journal.h: recognisers and voices of a journalled world
 *
 * cw_stt_open() and cw_tts_open() come here when their world is a journal's (world/journal.h). Recording: the engine lives in the lane's world,
 * and what it delivers (words, samples) enters through the journal. Replay: there is no engine, the journal delivers.
 */
#pragma once
#include "speech/stt.h"
#include "speech/tts.h"

struct cw_journal;

int cw_stt_journal_open(void *parent, struct cw_journal *j, const struct cw_stt_conf *conf,
	const struct cw_stt_events *ev, void *arg, struct cw_stt **ret, struct cw_why *why);
int cw_tts_journal_open(
	void *parent, struct cw_journal *j, const struct cw_tts_conf *conf, struct cw_tts **ret, struct cw_why *why);
