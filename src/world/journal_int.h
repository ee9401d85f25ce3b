/*
 * journal_int.h: the journal's inside: layer, writer, reader; included by journal*.c only
 */
#pragma once
#include <openssl/evp.h>

#include "world/journal.h"
#include "world/world_int.h"

#define JN_MAGIC      "cw-jrnl\n"
#define JN_MAGIC_LEN  8
#define JN_VERSION    1u
#define JN_BLOCK_HEAD 36u /* length, SHA-256 */
#define JN_RECORD     20u /* before a record's bytes */
#define JN_BLOCK_MAX  (64u << 20)

struct jn_writer;

struct jn_record {
	unsigned kind, depth;
	uint32_t source;
	uint64_t now_us;
	struct cw_str payload;
};

struct jn_sums {
	EVP_MD_CTX *frames, *events;
	uint64_t n_frames, n_events;
};

struct cw_journal {
	struct cw_world world; /* first */
	struct cw_world *lane; /* NULL: replay */
	struct cw_timer wake;  /* in the lane's world */
	uint64_t now_us, epoch_us;
	int64_t wall_us;
	unsigned depth;
	bool finished;
	uint32_t last_source;
	struct cw_journal_source *sources;
	struct jn_sums sums;
	/* recording */
	struct jn_writer *writer;
	/* replay */
	struct cw_buf bytes; /* payloads of all blocks in a row */
	char *head;
	size_t at;
	bool cut;
	struct cw_journal_found found;
};

/* journal.c */
int jn_new(struct cw_world *lane, struct cw_journal **ret);
void jn_set_seed(struct cw_journal *j, uint64_t seed);
void jn_count(struct cw_journal *j, unsigned kind, const void *bytes, size_t n); /* frames and events into the sums */
void jn_hex(EVP_MD_CTX *md, unsigned char raw[32], char hex[65]);                /* ends @md */
uint64_t jn_digest(const void *bytes, size_t n);
void jn_put(uint8_t *at, uint64_t v, unsigned bytes);
uint64_t jn_get(const void *at, unsigned bytes);

/* journal_write.c */
void jn_write(struct cw_journal *j, const struct jn_record *r);
void jn_flush(struct cw_journal *j, size_t least);
void jn_write_end(struct cw_journal *j, void (*done)(int err, void *arg), void *arg);
int jn_writer_open(struct cw_journal *j, const char *path, struct cw_why *why);

/* journal_read.c */
void jn_replay_output(struct cw_journal *j, unsigned kind, const void *bytes, size_t n);
int jn_replay_result(struct cw_journal *j);
void jn_replay_enter(struct cw_journal *j, unsigned kind);
