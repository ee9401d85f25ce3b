/*
 * version.h: frozen versions of a dataset: 1, 2, …; none ever changes, each can be had again
 *
 *   versions/N.json     {version, hash, parent, message, date, tool, name, description, licence, splits, cases: {id: sha256}}
 *   objects/XX.jsonl    lines of cases whose sha256 begins with XX, each once for all versions, sorted by sha256
 *
 * Blocking.  Thread: one at a time.
 */
#pragma once
#include "trial/dataset/dataset.h"

#define CW_VERSIONS_MAX 100000

struct cw_commit_conf {
	const char *message;
	const char *date; /* "2026-01-31T12:00:00Z" */
	const char *tool; /* "callwright 0.1" */
};

/* Freeze what is there (saved). EALREADY: nothing changed since the last version. *@version: its number. With @why. */
int cw_dataset_commit(struct cw_dataset *d, const struct cw_commit_conf *conf, unsigned *version, struct cw_why *why);
/* versions/N.json, a new reference; its hash and that of its cases fit. ENOENT, EBADMSG. */
int cw_version_load(const char *dir, unsigned version, json_t **ret, struct cw_why *why);
/* A version as a dataset (nothing can be saved into it). EBADMSG: an object is missing or was edited. */
int cw_version_open(void *parent, const char *dir, unsigned version, struct cw_dataset **ret, struct cw_why *why);
/* The newest one there is; 0: none. */
unsigned cw_version_last(const char *dir);
