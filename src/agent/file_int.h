/*
 * file_int.h: the parts of reading an agent file; included by file*.c, intents.c and phrases.c only
 */
#pragma once
#include "agent/file.h"
#include "agent/read.h"

/* Slots in two steps: names and types first, so that prompts anywhere may name them. */
int cw_agent_read_slot_names(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f);
int cw_agent_read_slots(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f);

/* States in two steps as well: names, then what they do. Also `start`, `always`, `dtmf`. */
int cw_agent_read_state_names(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f);
int cw_agent_read_states(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f);
/* The state named by member @key, untouched when absent. */
int cw_agent_read_state_ref(
	const struct cw_reader *r, const json_t *obj, const char *key, const struct cw_agent_file *f, size_t *ret);

int cw_agent_read_tools(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f);
int cw_agent_read_policies(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f);

/* A prompt: text whose placeholders are known. Untouched when absent. */
int cw_agent_read_prompt(
	const struct cw_reader *r, const json_t *obj, const char *key, const struct cw_agent_file *f, const char **ret);
int cw_agent_read_prompts(const struct cw_reader *r, const json_t *obj, const char *key, const struct cw_agent_file *f,
	const char *const **ret, size_t *n);

/* Is every state reached, and does every one lead to the end of the call? */
int cw_agent_check_ways(const struct cw_reader *r, const json_t *root, const struct cw_agent_file *f);

/* Build f->states[].hints and f->phrases. */
int cw_agent_make_hints(struct cw_agent_file *f);
int cw_agent_make_phrases(struct cw_agent_file *f);
