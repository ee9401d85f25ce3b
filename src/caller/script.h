/*
 * script.h: the mind of the dialling party: fixed turns, answers to what the agent asks, and patience
 *
 * Fixed steps are played in order, each when its `when` comes true. Answers are rules: when the agent's turn fits the pattern of
 * one, it is played. When a turn of the agent ends, the first of these that applies is taken:
 *   1. the next fixed step, if it waits for the agent's end with a pattern and the pattern fits (optional ones before it are skipped)
 *   2. the first answer in file order which fits and may still be used
 *   3. the next fixed step, if it waits for the agent's end without a pattern
 *   4. the move of a caller with a goal (rails.h)
 * (rules.h, which knows no audio) and otherwise the caller says nothing, asks once to repeat, and at last gives the call up: both sides are deadlocked.
 * When the agent owes words and is silent, the caller says "Hello?" as often as its patience allows, then hangs up.
 *
 * Thread: the call's lane.  Owner: the parent given to cw_script_new(); the script itself is only read and must outlive it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call/mind.h"
#include "caller/noise.h"
#include "caller/pattern.h"

struct cw_world;
struct cw_backdrop;
struct cw_goal;
struct cw_persona;

enum cw_act {
	CW_ACT_SAY, /* words; "<pause 1200ms>" inside them is a silence in mid-sentence */
	CW_ACT_DTMF,
	CW_ACT_SILENCE,
	CW_ACT_NOISE,
	CW_ACT_HANG_UP, /* with text: in the middle of saying it, ms after its onset. YAML: hang_up: {saying: "…", after_ms: 800} */
	CW_ACT_ASIDE, /* words to somebody else in the room, at level_db below ours. YAML: aside: "…" or {say: "…", level_db: -15} */
	CW_ACT_TV, /* starts ms of a television in the room at level_db, behind all that follows. YAML: tv: 4s or {ms: 4000, level_db: -30} */
	CW_ACT_ECHO, /* starts ms in which the agent hears itself, echo_ms later and level_db lower. YAML: echo: 10s or {ms:, delay_ms: 120, level_db: -20} */
	CW_ACT_PLAY, /* a recording of words: pcm; text says what they are, "" when unknown. YAML: play: clip.wav or {file:, text:} */
	CW_ACT_N
};
const char *cw_act_name(enum cw_act a); /* "say" */

enum cw_when {
	CW_WHEN_AGENT_END,   /* after the agent's last voiced sample (never before its turn was found to be over) */
	CW_WHEN_AGENT_START, /* after the agent's audible onset */
	CW_WHEN_ANSWER,      /* after the call was answered */
	CW_WHEN_TURN,        /* after the end of our own step before */
	CW_WHEN_DURING,      /* this long inside a turn of the agent, which must still be speaking then */
	CW_WHEN_N
};
const char *cw_when_name(enum cw_when w); /* "agent_end" */

struct cw_step {
	const char *name; /* for reports: id of the entry, or NULL */
	enum cw_act act;
	const char *text; /* words to say, or digits */
	unsigned ms;      /* of silence or noise */
	enum cw_noise noise;
	double level_db; /* of noise and tv: below full scale; of aside and echo: below what they would be (0: -15, -20) */
	enum cw_when when;
	uint64_t delay_us;
	const struct cw_pattern *match; /* what the agent must have said; NULL: anything (an answer has one) */
	unsigned times;                 /* an answer is used at most so often; 0 = any number */
	bool optional;                  /* a fixed step that may be skipped or never reached */
	unsigned echo_ms;               /* delay of an echo; 0 = 120 */
	const int16_t *pcm;             /* of play: 8 kHz, @pcm_n samples, owned with the script */
	size_t pcm_n;
};

struct cw_script {
	const struct cw_step *steps;
	size_t n_steps;
	const struct cw_step *answers;
	size_t n_answers;
	const struct cw_pattern *fillers; /* turns of the agent which need no answer ("one moment"); NULL: none */
	uint64_t greeting_us;             /* the first step waits so long for a greeting, then speaks unasked */
	uint64_t wait_us;                 /* patience: silence of an agent that owes words until we speak up */
	unsigned reprompts;               /* so often; then we hang up */
	const char *reprompt;             /* "Hello?" */
	unsigned pardons;                 /* unfitting turns of the agent we ask to repeat */
	const char *pardon;
	uint64_t pardon_us;   /* after so much silence */
	uint64_t deadlock_us; /* both silent and nothing in the script fits: the end */
	uint64_t
		linger_us; /* silence after the last answer to the last step, before we hang up; no answers given: used instead of deadlock_us */
	const struct cw_goal *goal;       /* rails.h: what is said when no step and no answer fits; NULL: none */
	const struct cw_persona *persona; /* persona.h, or NULL: the plain caller */
};

/* How the script came out when the call was over. */
enum cw_script_end {
	CW_SCRIPT_RUNNING,
	CW_SCRIPT_COMPLETED, /* every fixed step that is not optional was played */
	CW_SCRIPT_CUT,       /* the call ended (not by us) with steps left */
	CW_SCRIPT_GAVE_UP,   /* the agent owed words and stayed silent beyond our patience */
	CW_SCRIPT_NO_ANSWER, /* the agent waited for us and nothing in the script fitted */
	CW_SCRIPT_BROKEN,    /* our own speech failed */
	CW_SCRIPT_MISSED,    /* the call ended without the goal */
	CW_SCRIPT_END_N
};
const char *cw_script_end_name(enum cw_script_end e);

struct cw_script_result {
	enum cw_script_end end;
	bool we_hung_up;
	bool unanswered;     /* completed, but the agent's last words fitted nothing */
	size_t steps_played; /* fixed ones, the skipped counted */
	char reason[320];    /* for a person; "" when there is nothing to say */
};

struct cw_script_run;
extern const struct cw_mind_ops cw_script_mind; /* its mind argument is a cw_script_run */

struct cw_script_conf {
	const struct cw_script *script;
	const char *language; /* of a goal's and a persona's words */
	uint64_t seed;        /* of the same */
	struct cw_backdrop
		*backdrop; /* backdrop.h, for asides, tv and echo; not owned, or NULL: those end the script */
};

/* ENOMEM. Bind the party before the line comes up. */
int cw_script_new(void *parent, struct cw_world *w, const struct cw_script_conf *conf, struct cw_script_run **ret);
void cw_script_bind(struct cw_script_run *r, struct cw_party *party);
/* @closed is called once, last, when the line is closed; the run may be freed in it. */
void cw_script_on_closed(
	struct cw_script_run *r, void (*closed)(enum cw_end_reason reason, const char *detail, void *arg), void *arg);
/* What came of it; complete once closed. */
const struct cw_script_result *cw_script_result(const struct cw_script_run *r);
