/*
 * view.h: one finished call as its judges see it: what the caller did, what the agent said and when, in samples
 *
 * A pure function of the timelines and, where there is one, of the recording. Times are microseconds on the call's clock (0 =
 * start of the recording); places found in samples are exact to one sample (125 µs), those from timelines to one frame (20 ms).
 * A chat target has no audio: its timeline holds the same events (`turn_ended` of the agent with its text; `onset_us` and `last_us` are the
 * times of the exchange), and after each answer a `line_note` {what: "chat.reply", finish_reason, cost_usd, latency_us, tool_calls}, each member
 * only where the server told it; tool_calls as in OpenAI's API, and [] where the protocol tells tools and none was called.
 * Thread: built and read off the lane; touches nothing shared.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "call/timeline.h"
#include "caller/script.h"
#include "line/line.h"

struct cw_assert;

struct cw_stretch {                 /* audible speech without a pause */
	uint64_t onset_us, last_us; /* first and last voiced sample */
};

struct cw_play {            /* one action of the caller, in the order they were done */
	const char *kind;   /* "turn", "answer", "reprompt", "pardon" */
	size_t index;       /* in the script's steps or answers */
	const char *name;   /* of the step, or "" */
	const char *action; /* "say" … */
	const char *text;   /* words or digits, "" for others */
	uint32_t utterance;
	uint32_t last_utterance; /* of its last piece, when there are pauses in it; else 0 */
	uint64_t t_us;           /* when it began */
	uint64_t onset_us,
		last_us; /* first and last voiced sample; equal to t_us and the end of the action when silent */
	bool audible;
	bool over; /* carried out to its end */
};

struct cw_agent_turn {
	const char *heard; /* by the caller's ear */
	double confidence;
	uint64_t onset_us, last_us, decided_us;
};

struct cw_agent_said {     /* from the agent's own timeline */
	const char *heard; /* the part that was played */
	const char *unheard;
	bool cut;
	uint64_t onset_us, last_us;
};

struct cw_view_tool { /* the agent called a tool: from its own timeline, or told by a chat server */
	const char *name;
	const json_t *args; /* object; NULL: none, or not readable */
	const char *raw;    /* arguments as sent when they are no JSON object, else NULL */
	uint64_t t_us;
	const json_t *result; /* NULL: none known */
	const char *error;    /* NULL: none known */
};

struct cw_view_reply { /* what a chat server told besides words */
	uint64_t t_us;
	const char *finish_reason; /* NULL: not told */
	double cost_usd;           /* negative: not told */
	int64_t latency_us;        /* request sent to last byte; negative: not told */
};

struct cw_view_probe { /* answers of HTTP probes, asked before judging */
	const struct cw_assert *of;
	int err, status;
	char *body;
};

struct cw_view_answer { /* of a language model, an embedding server or a webhook, asked before judging (judge/question.h) */
	const struct cw_assert *of;
	size_t play;
	bool decided; /* false: it could not be, and @reason tells why */
	bool pass, unsure;
	double score, belief; /* 0 … 1; belief that it passes */
	const char *got, *reason, *quote, *by;
};

struct cw_view {
	const struct cw_timeline *caller; /* events of the caller's party */
	const struct cw_timeline *agent;  /* of the agent's, NULL: not visible */
	bool from_samples;                /* places come from the recording */
	uint64_t answered_us;             /* UINT64_MAX: never */
	uint64_t end_us;                  /* last instant of the call */
	enum cw_end_reason end_reason;    /* as the caller's line told */
	const char *end_detail;
	struct cw_script_result script;
	struct cw_play *plays;
	size_t n_plays;
	struct cw_agent_turn *turns;
	size_t n_turns;
	struct cw_agent_said *said;
	size_t n_said;
	struct cw_stretch *speech[2]; /* by CW_SIDE_CALLER, CW_SIDE_AGENT; in order */
	size_t n_speech[2];
	const char *db_path; /* of the run's own agent, or NULL */
	const struct cw_view_probe *probes;
	size_t n_probes;
	bool chat;             /* text only: nothing here was heard */
	const int16_t *pcm[2]; /* as given: by side, 8 kHz, NULL: not recorded */
	size_t n_samples;
	bool tools_visible; /* the agent's timeline or a chat server tells tool calls */
	struct cw_view_tool *tools;
	size_t n_tools;
	struct cw_view_reply *replies;
	size_t n_replies;
	char dtmf[256];                       /* keys the agent pressed, in order */
	const struct cw_view_answer *answers; /* set by the judge before the checks run */
	size_t n_answers;
	struct cw_view_cache *cache; /* what was measured already; view_int.h */
};

struct cw_view_conf {
	const struct cw_timeline *caller, *agent;
	const int16_t *pcm[2]; /* both channels at 8 kHz, NULL: not recorded */
	size_t n_samples;
	const struct cw_script_result *script;
	enum cw_end_reason end_reason;
	const char *end_detail;
	uint64_t end_us;
	const char *db_path;
	const struct cw_view_probe *probes;
	size_t n_probes;
	bool chat;
};

/* Everything hangs from *@ret except what @conf points to (it must outlive the view). ENOMEM. */
int cw_view_new(void *parent, const struct cw_view_conf *conf, struct cw_view **ret);

/* Agent's words that answer action @play (CW_PLAY_NONE: of the whole call): by the caller's ear, and by the agent's own
 * account (NULL when its timeline is not visible). New strings under @parent; NULL only without memory. */
char *cw_view_heard(void *parent, const struct cw_view *v, size_t play);
char *cw_view_said(void *parent, const struct cw_view *v, size_t play);

/* Speech in @n samples of 8 kHz: VAD, then to the sample. *@ret hangs from @parent. ENOMEM. */
int cw_speech_find(void *parent, const int16_t *pcm, size_t n, struct cw_stretch **ret, size_t *n_ret);
