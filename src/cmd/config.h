/*
 * config.h: built-in defaults < callwright.yaml < environment (CW_…) < flags
 *
 * One table (config.c) names every key with its variable, kind, default and meaning; the loader, `config show`, `config check` and
 * .env.example come from it. Secrets are taken only from the environment, or from the file whose path NAME_FILE holds.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/why.h"

struct cw_config {
	const char *listen;             /* "127.0.0.1:8080" */
	const char *agent;              /* agent file */
	const char *public_url;         /* as Twilio was told, or "" */
	const char *twilio_auth_token;  /* secret, or "" */
	const char *chat_api_key;       /* secret, or "" */
	const char *openai_api_key;     /* secret, or "" */
	const char *openai_base_url;    /* of an OpenAI-style server, or "" */
	const char *deepgram_api_key;   /* secret, or "" */
	const char *deepgram_url;       /* of Deepgram or a server like it, or "" */
	const char *judge_model;        /* language model that judges, or "" */
	const char *judge_cache;        /* folder of kept answers, or "" */
	const char *embed_model;        /* for similar with provider openai, or "" */
	const char *data_dir;           /* database and recordings */
	const char *stt, *voice;        /* override the agent file's engines, or "" */
	const char *tls_cert, *tls_key; /* PEM files, or "" */
	const char *log_level;          /* error, warn, info, debug */
	const char *log_format;         /* text, json */
	uint32_t lanes;                 /* threads that serve calls */
	uint32_t max_calls;             /* per lane; further ones are refused */
	bool record;                    /* keep recordings of calls */
};

/* Load and check. @path NULL: callwright.yaml when there is one. Every fault is named: EINVAL with the first in @why and all of
 * them, a line each, in @faults (may be NULL). */
int cw_config_load(void *parent, const char *path, struct cw_config **ret, struct cw_buf *faults, struct cw_why *why);
/* "key  value  (from default | file | environment)" lines; secrets as ***. */
void cw_config_dump(struct cw_buf *b, const struct cw_config *c);
/* The text of .env.example. */
void cw_config_example(struct cw_buf *b);

/* CW_TWILIO_AUTH_TOKEN for commands that read no configuration; NULL when unset or empty. */
const char *cw_config_auth_token(void);
const char *cw_config_chat_key(void); /* the same of CW_CHAT_API_KEY */
