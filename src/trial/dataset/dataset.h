/*
 * dataset.h: a folder of cases that can be shared as it is
 *
 *   dataset.yaml    name, description, version, licence, splits, provenance
 *   cases.jsonl     one case a line, sorted by id
 *   dataset.lock    hashes of the above when a command wrote them last
 *   audio/          clips, named by the SHA-256 of their bytes
 *   versions/N.json, objects/XX.jsonl   frozen versions (version.h)
 *
 * Of each case only its id, hash and place are held, about 200 bytes; lines are read when asked for. The hash of a dataset is that of name,
 * description, licence and the hashes of its cases in the order of their ids: the same everywhere for the same content, whenever it was made.
 * Blocking.  Thread: one at a time.  Owner: the parent given to cw_dataset_open().
 */
#pragma once
#include "trial/dataset/case.h"

#define CW_DATASET_CASES_MAX 1000000
#define CW_DATASET_FILE_MAX  (1ull << 32)

struct cw_dataset;

struct cw_dataset_problem {
	const char *file;
	unsigned line; /* 0: of the whole file */
	const char *text;
	bool edited; /* by hand, and may be right: cw_dataset_save() makes it so; otherwise what stands there is lost when saving */
};
typedef void cw_dataset_problem_fn(const struct cw_dataset_problem *p, void *arg);

/* Make the folder. EEXIST: a dataset is there; EINVAL: @licence is no SPDX expression. With @why. */
int cw_dataset_new(const char *dir, const char *name, const char *description, const char *licence, struct cw_why *why);

/* Open it. Without @problem a line that was edited by hand, a name that came twice … is EBADMSG with its place; with it all are told, and what
 * can be used is there. ENOENT, EFBIG. */
int cw_dataset_open(void *parent, const char *dir, cw_dataset_problem_fn *problem, void *arg, struct cw_dataset **ret,
	struct cw_why *why);
/* An empty one which is nowhere: versions are read into it. ENOMEM. */
int cw_dataset_empty(void *parent, const char *dir, json_t *meta, struct cw_dataset **ret);

const char *cw_dataset_dir(const struct cw_dataset *d);
json_t *cw_dataset_meta(const struct cw_dataset *d); /* dataset.yaml, borrowed; may be changed before saving */
size_t cw_dataset_count(const struct cw_dataset *d);
/* In the order of ids once opened or saved; added ones stand behind until then. */
const char *cw_dataset_id(const struct cw_dataset *d, size_t i);
const char *cw_dataset_sha(const struct cw_dataset *d, size_t i);
/* Its line, into @b (which is emptied first). EIO: the file was changed behind our back. */
int cw_dataset_line(const struct cw_dataset *d, size_t i, struct cw_buf *b);
/* The case: a new reference. */
int cw_dataset_get(const struct cw_dataset *d, size_t i, json_t **ret);
bool cw_dataset_find(const struct cw_dataset *d, const char *id, size_t *ret);

enum cw_put { CW_PUT_ADDED, CW_PUT_SAME, CW_PUT_REPLACED };
/* Take a case in (nothing is written before cw_dataset_save()). The same id and content: SAME, the old one stays. EEXIST: another case has the id and
 * @replace is not set; EINVAL: it is no case. */
int cw_dataset_put(struct cw_dataset *d, const json_t *c, bool replace, enum cw_put *ret, struct cw_why *why);
/* Replace case @i by @c of the same id. */
int cw_dataset_set(struct cw_dataset *d, size_t i, const json_t *c, struct cw_why *why);
/* Bring into order by id. */
void cw_dataset_sort(struct cw_dataset *d);
/* Write cases.jsonl, dataset.yaml and dataset.lock, each in one piece. EACCES, ENOSPC … */
int cw_dataset_save(struct cw_dataset *d, struct cw_why *why);
/* The hash of all of it; sorted. */
int cw_dataset_hash(const struct cw_dataset *d, char hex[CW_DIGEST_HEX + 1]);
/* Does it look like a licence: SPDX ids, AND, OR, WITH, parentheses? */
bool cw_licence_ok(const char *text);
/* Copy a clip into audio/; *@ret: "audio/<sha256>.wav" under @parent. ENOENT, EFBIG (64 MiB) … with @why. */
int cw_dataset_clip(void *parent, const struct cw_dataset *d, const char *path, char **ret, struct cw_why *why);
/* "callwright 1.2", for provenance. */
const char *cw_dataset_tool(void);
