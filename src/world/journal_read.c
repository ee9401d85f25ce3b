/* A journal read, checked, and delivered again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "world/journal_int.h"

#define FILE_MAX (1024u << 20)

/* ---- the file ---- */

static int damaged(struct cw_why *why, const char *name, size_t at, const char *what)
{
	return cw_why_at(why, EBADMSG, name, 0, 0, "is damaged at byte %zu: %s: the call cannot be done again from it",
		at, what);
}

static bool seal_holds(const uint8_t *block, size_t len)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) && EVP_DigestUpdate(md, block, 4) &&
		    EVP_DigestUpdate(md, block + JN_BLOCK_HEAD, len) && EVP_DigestFinal_ex(md, sum, &n);

	EVP_MD_CTX_free(md);
	return good && !memcmp(sum, block + 4, 32);
}

/* All blocks' payloads in a row; a last one that is not all there ends the journal before it. */
static int read_blocks(struct cw_journal *j, const uint8_t *p, size_t n, const char *name, struct cw_why *why)
{
	size_t at = JN_MAGIC_LEN + 4;

	if (n < at || memcmp(p, JN_MAGIC, JN_MAGIC_LEN) != 0)
		return cw_why_at(why, EBADMSG, name, 0, 0,
			"is not the journal of a call (callwright test --journal writes one)");
	if (jn_get(p + JN_MAGIC_LEN, 4) != JN_VERSION)
		return cw_why_at(why, EPROTONOSUPPORT, name, 0, 0,
			"is a journal of version %u, and this program reads version %u",
			(unsigned)jn_get(p + JN_MAGIC_LEN, 4), JN_VERSION);
	while (n - at >= JN_BLOCK_HEAD) {
		size_t len = jn_get(p + at, 4);

		if (len > n - at - JN_BLOCK_HEAD)
			return 0;
		if (!len || len > JN_BLOCK_MAX || !seal_holds(p + at, len))
			return damaged(why, name, at, "its digest (SHA-256) does not match");
		cw_buf_put(&j->bytes, p + at + JN_BLOCK_HEAD, len);
		at += JN_BLOCK_HEAD + len;
	}
	return cw_buf_err(&j->bytes);
}

static bool peek(const struct cw_journal *j, struct jn_record *ret, size_t *next)
{
	size_t left = j->bytes.len - j->at, len;
	const char *p;

	if (left < JN_RECORD)
		return false;
	p = j->bytes.p + j->at;
	len = jn_get(p + 16, 4);
	if (len > left - JN_RECORD)
		return false;
	*ret = (struct jn_record){.kind = (uint8_t)p[0],
		.depth = (uint8_t)p[1],
		.source = (uint32_t)jn_get(p + 4, 4),
		.now_us = jn_get(p + 8, 8),
		.payload = {p + JN_RECORD, len}};
	*next = j->at + JN_RECORD + len;
	return true;
}

static bool known(unsigned kind)
{
	return cw_journal_kind_name(kind)[0] != '?';
}

/* Known kinds, a clock that never runs back, the end at the end. */
static int check_records(struct cw_journal *j, const char *name, struct cw_why *why)
{
	uint64_t now = 0;
	struct jn_record r = {0};
	size_t next;

	j->cut = true;
	for (j->at = 0; j->at < j->bytes.len; j->at = next) {
		if (!peek(j, &r, &next) || !known(r.kind))
			return damaged(why, name, j->at, "no record of this version is there");
		if (r.now_us < now || r.now_us > INT64_MAX || !j->cut || (r.kind == CW_JN_HEAD) != !j->at ||
			(r.kind == CW_JN_END && r.payload.len != 80))
			return damaged(why, name, j->at, "a record is not where it can be");
		now = r.now_us;
		j->cut = r.kind != CW_JN_END;
	}
	j->at = 0;
	return 0;
}

static int read_head(struct cw_journal *j, const char *name, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *head = NULL;
	struct jn_record r;
	uint64_t seed;
	json_int_t epoch, wall;
	int err;

	if (!peek(j, &r, &j->at))
		return damaged(why, name, 0, "it ends before its head");
	err = cw_json_parse(r.payload.p, r.payload.len, &head, NULL);
	if (err == ENOMEM)
		return err;
	epoch = err ? -1 : cw_json_int(head, "epoch_us", -1);
	wall = err ? -1 : cw_json_int(head, "wall_us", -1);
	if (epoch < 0 || (uint64_t)epoch > r.now_us || wall < 0 || wall > INT64_MAX / 2 ||
		cw_str_u64(cw_str(cw_json_str(head, "seed", "")), UINT64_MAX, &seed))
		return damaged(why, name, 0, "its head lacks the seed or the clock");
	jn_set_seed(j, seed);
	j->now_us = j->epoch_us = (uint64_t)epoch;
	j->wall_us = wall;
	j->head = talloc_strndup(j, r.payload.p, r.payload.len);
	return j->head ? 0 : ENOMEM;
}

int cw_journal_parse(
	void *parent, const void *bytes, size_t n, const char *name, struct cw_journal **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_journal *j = NULL;
	int err = jn_new(NULL, &j);

	if (!err)
		j->found.frame = j->found.event = UINT64_MAX;
	if (!err)
		err = read_blocks(j, bytes, n, name, why);
	if (!err)
		err = check_records(j, name, why);
	if (!err)
		err = read_head(j, name, why);
	if (!err)
		*ret = talloc_move(parent, &j);
	return err;
}

int cw_journal_load(void *parent, const char *path, struct cw_journal **ret, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	int err = cw_file_read(path, FILE_MAX, &b, why);

	return err ? err : cw_journal_parse(parent, b.p ? b.p : "", b.len, path, ret, why);
}

const char *cw_journal_head(const struct cw_journal *j)
{
	return j->head;
}

uint64_t cw_journal_epoch(const struct cw_journal *j)
{
	return j->epoch_us;
}

/* ---- comparing ---- */

static uint64_t since(const struct cw_journal *j, uint64_t now_us)
{
	return now_us > j->epoch_us ? now_us - j->epoch_us : 0;
}

/* Cut between characters, so that it stays text. */
static void keep_text(char *out, size_t size, struct cw_str text)
{
	size_t n = text.len < size ? text.len : size - 1;

	while (n < text.len && n && ((uint8_t)text.p[n] & 0xc0) == 0x80)
		n--;
	memcpy(out, text.p, n);
	out[n] = 0;
}

static void describe(char *out, size_t size, unsigned kind, struct cw_str payload)
{
	struct cw_str text = {"", 0};
	const char *p;
	int n = snprintf(out, size, "%s ", kind == CW_JN_N ? "nothing" : cw_journal_kind_name(kind));

	if (kind == CW_JN_EVENT)
		text = payload;
	else if ((kind == CW_JN_SAY || kind == CW_JN_LISTEN || kind == CW_JN_DIGITS || kind == CW_JN_HANG_UP) &&
		 cw_journal_get_text(&payload, &p) && p)
		text = cw_str(p);
	keep_text(out + n, size - (size_t)n, text); /* names are short */
}

static void stop(struct cw_journal *j, const char *was, const char *now)
{
	if (!j->found.stopped[0])
		(void)snprintf(j->found.stopped, sizeof(j->found.stopped), "%.3f s: then: %s; now: %s",
			(double)since(j, j->now_us) / 1e6, was, now); /* both fit */
}

static void stop_at(struct cw_journal *j, const struct jn_record *was, unsigned kind, struct cw_str payload)
{
	char then[180], now[180];

	describe(then, sizeof(then), was->kind, was->payload);
	describe(now, sizeof(now), kind, payload);
	stop(j, then, now);
}

static void note_frame(struct cw_journal *j)
{
	if (j->found.frame != UINT64_MAX)
		return;
	j->found.frame = j->found.frames;
	j->found.frame_us = since(j, j->now_us);
}

static void note_event(struct cw_journal *j, struct cw_str was, struct cw_str now)
{
	if (j->found.event != UINT64_MAX)
		return;
	j->found.event = j->found.events;
	keep_text(j->found.event_was, sizeof(j->found.event_was), was);
	keep_text(j->found.event_now, sizeof(j->found.event_now), now);
}

static void deliver(struct cw_journal *j, const struct jn_record *r);

void jn_replay_output(struct cw_journal *j, unsigned kind, const void *bytes, size_t n)
{
	struct cw_str now = {n ? bytes : "", n};
	struct jn_record r;
	size_t next;

	if (j->found.stopped[0] || !peek(j, &r, &next))
		return;

	bool same = r.kind == kind && r.payload.len == n && (!n || !memcmp(r.payload.p, now.p, n));

	if (!same && (r.kind != kind || (kind != CW_JN_FRAME && kind != CW_JN_EVENT))) {
		stop_at(j, &r, kind, now);
		return;
	}
	if (!same && kind == CW_JN_FRAME)
		note_frame(j);
	if (!same && kind == CW_JN_EVENT)
		note_event(j, r.payload, now);
	j->found.frames += kind == CW_JN_FRAME;
	j->found.events += kind == CW_JN_EVENT;
	j->at = next;
	while (!j->found.stopped[0] && peek(j, &r, &next) && r.kind < CW_JN_INPUT_END && r.kind >= CW_JN_OPEN &&
		r.depth && r.depth == j->depth) {
		j->at = next;
		deliver(j, &r);
	}
}

int jn_replay_result(struct cw_journal *j)
{
	struct jn_record r;
	size_t next;
	uint64_t err;

	if (j->found.stopped[0] || !peek(j, &r, &next) || r.kind != CW_JN_RESULT)
		return 0;
	j->at = next;
	if (!cw_journal_get_u64(&r.payload, &err) || err > 4095) {
		stop(j, "a result that cannot be read", "nothing");
		return 0;
	}
	return (int)err;
}

/* ---- delivering ---- */

void jn_replay_enter(struct cw_journal *j, unsigned kind)
{
	struct jn_record r;
	size_t next;

	if (!peek(j, &r, &next))
		return;
	if (r.kind != kind) {
		stop_at(j, &r, kind, (struct cw_str){"", 0});
		return;
	}
	j->at = next;
	j->now_us = r.now_us;
}

static struct cw_journal_source *source_of(const struct cw_journal *j, uint32_t id)
{
	struct cw_journal_source *s = j->sources;

	while (s && s->id != id)
		s = s->next;
	return s;
}

static void deliver(struct cw_journal *j, const struct jn_record *r)
{
	struct cw_journal_source *s = r->kind == CW_JN_TIMERS ? NULL : source_of(j, r->source);
	int err = 0;

	if (!r->depth)
		j->now_us = r->now_us;
	j->found.until_us = since(j, j->now_us);
	j->depth++;
	if (r->kind == CW_JN_TIMERS)
		(void)cw_world_fire(&j->world, j->now_us);
	else if (s)
		err = s->input(r->kind, r->payload, s->arg);
	else
		stop(j, cw_journal_kind_name(r->kind), "nobody waits for it any more");
	j->depth--;
	if (err)
		stop(j, cw_journal_kind_name(r->kind), err == EBADMSG ? "it cannot be read" : strerror(err));
}

static void compare_end(struct cw_journal *j, const struct jn_record *r)
{
	struct cw_journal_found *f = &j->found;

	for (int k = 0; k < 2; k++)
		for (unsigned i = 0; i < 32; i++)
			(void)snprintf((k ? f->events_sha : f->frames_sha)[0] + (size_t)2 * i, 3, "%02x",
				(uint8_t)r->payload.p[16 + 32 * k + (int)i]); /* fits */
	if (jn_get(r->payload.p, 8) != j->sums.n_frames || jn_get(r->payload.p + 8, 8) != j->sums.n_events)
		stop(j, "another number of frames or events", "the end");
}

static void close_sums(struct cw_journal *j)
{
	unsigned char raw[32];

	jn_hex(j->sums.frames, raw, j->found.frames_sha[1]);
	jn_hex(j->sums.events, raw, j->found.events_sha[1]);
}

void cw_journal_replay(struct cw_journal *j, struct cw_journal_found *ret)
{
	struct cw_journal_found *f = &j->found;
	struct jn_record r;
	size_t next;

	while (!f->stopped[0] && peek(j, &r, &next)) {
		if (r.kind == CW_JN_END) {
			compare_end(j, &r);
			break;
		}
		if (r.kind >= CW_JN_INPUT_END || r.depth) {
			stop_at(j, &r, CW_JN_N, (struct cw_str){"", 0});
			break;
		}
		j->at = next;
		deliver(j, &r);
	}
	j->finished = true;
	close_sums(j);
	f->cut = j->cut;
	f->same = !j->cut && !f->stopped[0] && f->frame == UINT64_MAX && f->event == UINT64_MAX &&
		  !strcmp(f->frames_sha[0], f->frames_sha[1]) && !strcmp(f->events_sha[0], f->events_sha[1]);
	*ret = *f;
}
