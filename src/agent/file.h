/*
 * file.h: an agent file, read and checked
 *
 * The YAML becomes these structs once; they are read-only afterwards and shared by all calls. Everything is checked at load: keys,
 * names of states, slots, intents and tools, placeholders, ways through the states. A mistake is told with file:line:column and
 * the nearest known name. The format is described in docs/agent-file.md.
 * Thread: immutable once loaded: any.  Owner: the parent given to cw_agent_file_load().
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/why.h"
#include "speech/hints.h"

struct cw_intents;

#define CW_AGENT_VERSION    1
#define CW_AGENT_MAX_STATES 200
#define CW_AGENT_MAX_SLOTS  32
#define CW_AGENT_MAX_LIST   200 /* entries of any list in a file */
#define CW_AGENT_NOWHERE    ((size_t)-1)

enum cw_agent_mode {
	CW_AGENT_DIALOGUE,
	CW_AGENT_ECHO, /* every frame goes straight back: no ear, no mouth */
};

enum cw_slot_type {
	CW_SLOT_TEXT,
	CW_SLOT_NAME,
	CW_SLOT_PHONE,
	CW_SLOT_ADDRESS,
	CW_SLOT_ENUM,
	CW_SLOT_NUMBER,
	CW_SLOT_DATE,
	CW_SLOT_APPOINTMENT, /* one of the free slots the calendar has */
	CW_SLOT_TYPE_N,
};
const char *cw_slot_type_name(enum cw_slot_type t);

enum cw_slot_confirm {
	CW_CONFIRM_NEVER,    /* at most in a read-back */
	CW_CONFIRM_IMPLICIT, /* the acknowledgement repeats it; the caller may object */
	CW_CONFIRM_UNSURE,   /* asked when the recogniser was not sure, else as implicit */
	CW_CONFIRM_ALWAYS,   /* "… Is that right?" */
	CW_CONFIRM_N,
};

struct cw_agent_slot {
	const char *name;
	enum cw_slot_type type;
	enum cw_slot_confirm confirm;
	const char *label;         /* "phone number": how it is called when spoken of */
	const char *const *called; /* other words callers use for it */
	size_t n_called;
	const char *ack;           /* template, or NULL */
	const char *partial;       /* template said when only a part came, or NULL */
	const char *invalid;       /* template said when it cannot be, or NULL */
	const char *const *values; /* ENUM: value names */
	size_t n_values;
	struct cw_intents *match; /* ENUM: patterns of the values */
	const char **patterns;    /* ENUM: all of them, for recognisers */
	size_t n_patterns;
	const char *otherwise;    /* ENUM: value taken when nothing fits twice, or NULL */
	uint64_t min, max;        /* NUMBER */
	const char *const *towns; /* ADDRESS: NULL-terminated, or NULL */
	const char *const *hints; /* further phrases for the recogniser */
	size_t n_hints;
};

struct cw_agent_link {     /* "on yes go to book" */
	const char *event; /* intent, "yes", "no", tool outcome, or a key of the telephone */
	size_t state;
};
struct cw_agent_links {
	struct cw_agent_link *v;
	size_t n;
};

enum cw_tool {
	CW_TOOL_NONE,
	CW_TOOL_FIND_SLOTS,
	CW_TOOL_CREATE_BOOKING,
	CW_TOOL_N,
};
enum cw_tool_arg { CW_ARG_NAME, CW_ARG_PHONE, CW_ARG_ADDRESS, CW_ARG_ISSUE, CW_ARG_SLOT, CW_ARG_N };
extern const char *const cw_tool_names[CW_TOOL_N + 1]; /* NULL-terminated; [0] is "none" */
extern const char *const cw_tool_arg_names[CW_ARG_N + 1];

struct cw_agent_tool {
	bool given;
	uint64_t deadline_us; /* of one attempt */
	unsigned retries;
	size_t args[CW_ARG_N]; /* slot index, CW_AGENT_NOWHERE when not used */
};

struct cw_agent_state {
	const char *name;
	const char *say;        /* template said on entry, or NULL */
	const char *const *ask; /* the question and its other wordings: the state waits for the caller */
	size_t n_ask;
	size_t *collect; /* slots to be filled here */
	size_t n_collect;
	size_t *forget; /* slots emptied on entry */
	size_t n_forget;
	struct cw_agent_links on;
	struct cw_agent_links dtmf;
	enum cw_tool tool;
	size_t next;          /* CW_AGENT_NOWHERE: none */
	const char *transfer; /* number to hand the call to; the call ends here */
	bool hang_up;         /* the call ends here */
	unsigned retries;
	const struct cw_hints *hints; /* what may be said here, apart from offered times */
	unsigned line, column;
};

struct cw_agent_intent {
	const char *name;
	const char *const *patterns;
	size_t n_patterns;
};

struct cw_agent_faq {
	const char *answer; /* template */
};

struct cw_agent_policies {
	bool barge_in;
	uint64_t filler_us, fallback_us, idle_us;
	const char *filler, *fallback, *apology; /* plain text: rendered in advance */
	const char *const *idle_prompts;         /* one more than these, and the agent says goodbye */
	size_t n_idle_prompts;
	const char *idle_goodbye;
	const char *const *not_understood;
	size_t n_not_understood;
	unsigned retries;       /* misunderstandings in one state */
	unsigned total_retries; /* … in one call */
	unsigned max_turns;
	size_t escalate;     /* state to go to then */
	const char *consent; /* said first, or NULL */
};

struct cw_agent_file {
	const char *path;
	const char *name;
	enum cw_agent_mode mode;
	const char *language;
	int utc_offset_min;
	const char *stt, *voice; /* engines; never NULL in a dialogue */
	double speed;
	const char *greeting; /* template, or NULL */
	struct cw_agent_slot *slots;
	size_t n_slots;
	struct cw_agent_state *states;
	size_t n_states;
	size_t start;
	struct cw_agent_links always;        /* intent → state, in any state */
	struct cw_agent_links dtmf;          /* key → state, in any state */
	const char *const *intent_names;     /* the file's own and the built-in ones, NULL-terminated */
	struct cw_agent_intent *intent_defs; /* the same as text, with the questions of faq, for recognisers */
	size_t n_intent_defs;
	struct cw_intents *intents; /* with the questions of faq as "faq.0" … */
	struct cw_agent_faq *faq;
	size_t n_faq;
	struct cw_agent_tool tools[CW_TOOL_N];
	struct cw_agent_policies policies;
	const struct cw_hints *yesno_hints; /* while a value is being confirmed */
	struct cw_intents *offer_answers;   /* cw_intents_for_offers() */
	const char *const *phrases;         /* all it may say, for a tester's ear; NULL-terminated */
};

/* ENOENT, EBADMSG (not YAML), EINVAL, EFBIG, ENOMEM. */
int cw_agent_file_load(void *parent, const char *path, struct cw_agent_file **ret, struct cw_why *why);
/* The same from memory; @name stands for the file in messages. */
int cw_agent_file_parse(
	void *parent, const char *name, const char *text, size_t len, struct cw_agent_file **ret, struct cw_why *why);
/* {name, mode, states, slots, tools, …}: a new reference, NULL without memory. */
json_t *cw_agent_file_summary(const struct cw_agent_file *f);

/* CW_AGENT_NOWHERE when there is none of that name. */
size_t cw_agent_file_slot(const struct cw_agent_file *f, const char *name);
size_t cw_agent_file_state(const struct cw_agent_file *f, const char *name);
size_t cw_agent_links_find(const struct cw_agent_links *links, const char *event);
/* Does the agent wait for the caller in this state? */
static inline bool cw_agent_state_asks(const struct cw_agent_state *s)
{
	return s->n_ask != 0;
}
/* The slot of the type this state collects, or CW_AGENT_NOWHERE. */
size_t cw_agent_state_collects(const struct cw_agent_file *f, const struct cw_agent_state *s, enum cw_slot_type type);
