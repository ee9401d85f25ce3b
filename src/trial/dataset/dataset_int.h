/*
 * dataset_int.h: the index of a dataset, for its own files
 */
#pragma once
#include <stdio.h>

#include "trial/dataset/dataset.h"

enum { CW_FROM_FILE, CW_FROM_ADDED, CW_SOURCES };

struct cw_case_ref {
	char *id; /* its own talloc object below the dataset's pool */
	char sha[CW_DIGEST_HEX + 1];
	uint8_t source;
	uint32_t len; /* of the line, without its end */
	uint64_t offset;
};

struct cw_dataset {
	char *dir;
	json_t *meta;
	struct cw_case_ref *cases;
	size_t n;
	uint32_t *slots; /* index + 1 by hash of the id, 0: free */
	size_t n_slots;
	FILE *files[CW_SOURCES]; /* cases.jsonl, and an unnamed file for what is added */
	uint64_t added_bytes;
	bool sorted;
};

/* A line that is known to be canonical and is not in the index yet. ENOMEM, EFBIG. */
int cw_dataset_index(
	struct cw_dataset *d, const char *id, const char *sha, unsigned source, uint64_t offset, size_t len);
/* Append a canonical line to the added ones. */
int cw_dataset_append(struct cw_dataset *d, struct cw_str line, uint64_t *offset);
char *cw_dataset_path(void *parent, const struct cw_dataset *d, const char *name);
/* dataset.lock, a new reference. */
json_t *cw_dataset_lock(const struct cw_dataset *d);
/* dataset.yaml as it is written. */
int cw_dataset_manifest(const json_t *meta, struct cw_buf *b);
