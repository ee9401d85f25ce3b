/*
 * override.h: configuration files that say how a target is to be run: model, temperature, voice, memory …
 *
 * docs/config.md describes each key and for which kind of target it does something. An unknown key is an error with its place; a key that does
 * nothing for the target at hand is named, so that nothing is passed over in silence.
 * Thread: immutable once loaded.  Owner: the parent given to cw_override_load().
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/yaml.h"

struct cw_override { /* zeros and NULL: not said, but for temperature, top_p, streaming, memory_turns: negative */
	const char *file;
	const char *name;   /* for tables; else the file */
	const char *target; /* where the command line names none */
	const char *model, *system;
	double temperature, top_p;
	uint32_t max_tokens;
	int streaming;
	const char *voice, *stt; /* of an agent in this process */
	const char *voice_spec;  /* voice with its settings, as the engine takes them */
	const json_t *tools;     /* as OpenAI's API takes them, or NULL */
	int64_t memory_turns;    /* exchanges remembered; 0: each prompt stands alone */
	json_t *json;            /* the whole file, for reports */
	struct cw_yaml *yaml;
};

/* ENOENT, EBADMSG, EINVAL with the place. */
int cw_override_load(void *parent, const char *path, struct cw_override **ret, struct cw_why *why);
int cw_override_parse(
	void *parent, const char *name, const char *text, size_t len, struct cw_override **ret, struct cw_why *why);

/* The target as it is dialled with these settings: for chat: they become options behind "#". New string under @parent; NULL: no memory. */
char *cw_override_target(void *parent, const struct cw_override *o, const char *target);
/* Keys of the file that do nothing for this target: "temperature, model", or "" . @text: a prompt is asked, not a call placed. */
void cw_override_idle(const struct cw_override *o, const char *target, bool text, struct cw_buf *b);
