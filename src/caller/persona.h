/*
 * persona.h: what kind of person the caller is: talkative, hasty, hard of hearing
 *
 * All chances are 0 … 1 and drawn from the run's seed; 0 everywhere is the plain caller. A persona goes with turns and with a goal alike.
 * Voice, language, speed and patience are settings of the caller itself (script.h, the plan); they are not repeated here.
 */
#pragma once

enum cw_verbosity {
	CW_VERBOSITY_NORMAL,
	CW_VERBOSITY_TERSE,  /* "Maria Lopez." instead of "My name is Maria Lopez."; of two things asked, one */
	CW_VERBOSITY_CHATTY, /* small talk around the answer; may tell one more fact that was marked `volunteer` */
	CW_VERBOSITY_N
};
const char *cw_verbosity_name(enum cw_verbosity v);            /* "terse" */
int cw_verbosity_of(const char *name, enum cw_verbosity *ret); /* EINVAL */

struct cw_persona { /* YAML: persona: {verbosity: chatty, interrupts: 0.3, …} */
	enum cw_verbosity verbosity;
	double interrupts;   /* per turn of the agent: speaks into it, 0.4 … 2.5 s after its onset */
	double backchannels; /* per turn of the agent: "mm-hmm" 1 … 3 s after its onset, again every 2 … 4 s */
	double mishears;     /* per turn of the agent which asks something: asks to repeat it; never twice running */
	double hesitates;    /* per sentence of a goal's caller: a pause of 0.6 … 1.5 s in its middle */
	double coughs;       /* per turn of the agent: coughs into it */
};
