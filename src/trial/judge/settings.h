/*
 * settings.h: who judges: from the command line, the scenario file and the environment
 *
 * Model: --judge, else `judge: {model}` of the file, else CW_JUDGE_MODEL. Address: `judge: {base_url}`, else CW_OPENAI_BASE_URL. Key:
 * CW_OPENAI_API_KEY, or the file CW_OPENAI_API_KEY_FILE names; never written anywhere. Without a model, or without both address and key,
 * nobody judges, and assertions that need it end in ERROR.
 */
#pragma once
#include "trial/scenario/plan.h"

struct cw_judge_settings {       /* strings hang from it */
	const char *spec;        /* "openai:gpt-4o-mini", NULL: nobody judges */
	const char *model;       /* "gpt-4o-mini" */
	const char *url, *key;   /* or NULL */
	const char *missing;     /* why nobody judges, and what to do */
	unsigned confirm;        /* votes for a verdict whose first vote fails or is unsure */
	const char *cache;       /* folder of kept answers, NULL: none */
	const char *embed_model; /* CW_EMBED_MODEL, or NULL */
};

/* @run_dir: answers are kept in its "judge" folder unless CW_JUDGE_CACHE names another; NULL and @trial->no_cache: not kept. ENOMEM. */
int cw_judge_settings_new(void *parent, const struct cw_judge_spec *file, const struct cw_trial_conf *trial,
	const char *run_dir, struct cw_judge_settings **ret);
