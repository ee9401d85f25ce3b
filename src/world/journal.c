#include "world/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "world/journal_int.h"

#define TIMERS_FIRST 64

const char *cw_journal_kind_name(unsigned kind)
{
	static const char *const names[CW_JN_N] = {
		[CW_JN_HEAD] = "head",
		[CW_JN_END] = "end",
		[CW_JN_OPEN] = "open",
		[CW_JN_TIMERS] = "timers",
		[CW_JN_ANSWERED] = "answered",
		[CW_JN_HEARD] = "frame heard",
		[CW_JN_KEY] = "key",
		[CW_JN_MARKED] = "mark played",
		[CW_JN_NOTED] = "note",
		[CW_JN_CLOSED] = "closed",
		[CW_JN_PARTIAL] = "partial words",
		[CW_JN_FINAL] = "final words",
		[CW_JN_UNHEARD] = "recogniser failed",
		[CW_JN_AUDIO] = "audio of a voice",
		[CW_JN_WORD] = "word of a voice",
		[CW_JN_SAID] = "sentence done",
		[CW_JN_DROP] = "drop",
		[CW_JN_FRAME] = "frame sent",
		[CW_JN_EVENT] = "event",
		[CW_JN_MARK] = "mark",
		[CW_JN_CLEAR] = "clear",
		[CW_JN_DIGITS] = "digits",
		[CW_JN_HANG_UP] = "hang up",
		[CW_JN_LISTEN] = "recogniser",
		[CW_JN_SAY] = "sentence",
		[CW_JN_RESULT] = "result",
	};

	return kind < CW_JN_N && names[kind] ? names[kind] : "?";
}

/* ---- numbers ---- */

void jn_put(uint8_t *at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

uint64_t jn_get(const void *at, unsigned bytes)
{
	const uint8_t *p = at;
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

void cw_journal_put_u64(struct cw_buf *b, uint64_t v)
{
	uint8_t raw[8];

	jn_put(raw, v, 8);
	cw_buf_put(b, raw, sizeof(raw));
}

/* Its length and one, 0 for NULL; with the NUL, so that it can be used where it lies. */
void cw_journal_put_text(struct cw_buf *b, const char *text)
{
	size_t n = text ? strlen(text) + 1 : 0;

	cw_journal_put_u64(b, n);
	cw_buf_put(b, text ? text : "", n);
}

bool cw_journal_get_u64(struct cw_str *rest, uint64_t *ret)
{
	if (rest->len < 8)
		return false;
	*ret = jn_get(rest->p, 8);
	*rest = (struct cw_str){rest->p + 8, rest->len - 8};
	return true;
}

bool cw_journal_get_text(struct cw_str *rest, const char **ret)
{
	uint64_t n;

	if (!cw_journal_get_u64(rest, &n) || n > rest->len || (n && rest->p[n - 1]))
		return false;
	*ret = n ? rest->p : NULL;
	*rest = (struct cw_str){rest->p + n, rest->len - n};
	return true;
}

/* FNV-1a, 64 bit (Fowler, Noll, Vo): finds the place; equality is SHA-256's to say. */
uint64_t jn_digest(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

void jn_hex(EVP_MD_CTX *md, unsigned char raw[32], char hex[65])
{
	unsigned n = 0;

	memset(raw, 0, 32);
	(void)EVP_DigestFinal_ex(md, raw, &n); /* cannot fail for SHA-256 that was begun */
	for (unsigned i = 0; i < 32; i++)
		(void)snprintf(hex + (size_t)2 * i, 3, "%02x", raw[i]); /* fits */
}

/* ---- the layer as a world ---- */

static struct cw_journal *of(struct cw_world *w)
{
	return (struct cw_journal *)w;
}

static uint64_t layer_now(struct cw_world *w)
{
	return of(w)->now_us;
}

static int64_t layer_wall(struct cw_world *w)
{
	const struct cw_journal *j = of(w);

	return j->wall_us + (int64_t)(j->now_us - j->epoch_us);
}

static void on_wake(void *arg)
{
	struct cw_journal *j = arg;

	cw_journal_enter(j, NULL, CW_JN_TIMERS, NULL, 0);
	(void)cw_world_fire(&j->world, j->now_us);
	cw_journal_leave(j);
}

static void layer_arm(struct cw_world *w, uint64_t at_us)
{
	struct cw_journal *j = of(w);
	uint64_t now;

	if (!j->lane)
		return;
	if (at_us == UINT64_MAX) {
		cw_timer_stop(&j->wake);
		return;
	}
	now = cw_now(j->lane);
	cw_timer_start(&j->wake, at_us > now ? at_us - now : 0, on_wake, j);
}

static int no_post(struct cw_world *w, cw_fn *fn, void *arg)
{
	return ENOTSUP;
}

static int no_work(void *parent, struct cw_world *w, const struct cw_job *job, struct cw_work **ret)
{
	return ENOTSUP;
}

static int no_proc(void *parent, struct cw_world *w, const struct cw_proc_conf *conf, const struct cw_proc_events *ev,
	void *arg, struct cw_proc **ret)
{
	return ENOTSUP;
}

static int no_http(void *parent, struct cw_world *w, const struct cw_http_req *req, const struct cw_http_events *ev,
	void *arg, struct cw_http **ret)
{
	return ENOTSUP;
}

static int no_ws(void *parent, struct cw_world *w, const struct cw_ws_req *req, const struct cw_ws_events *ev,
	void *arg, struct cw_ws **ret)
{
	return ENOTSUP;
}

static int no_listen(void *parent, struct cw_world *w, const struct cw_listen_conf *conf,
	const struct cw_routes *routes, void *arg, struct cw_server **ret, struct cw_why *why)
{
	return cw_why_set(why, ENOTSUP, "a journalled world does not listen");
}

static int no_udp(void *parent, struct cw_world *w, const char *address, cw_udp_fn *fn, void *arg, struct cw_udp **ret)
{
	return ENOTSUP;
}

/* The rest of the table is about handles, of which this world has none. */
static const struct cw_world_ops layer_ops = {
	.now = layer_now,
	.wall = layer_wall,
	.arm = layer_arm,
	.post = no_post,
	.work = no_work,
	.proc_open = no_proc,
	.http_request = no_http,
	.ws_connect = no_ws,
	.listen = no_listen,
	.udp_open = no_udp,
};

struct cw_world *cw_journal_world(struct cw_journal *j)
{
	return &j->world;
}

struct cw_journal *cw_journal_of(struct cw_world *w)
{
	return w->ops == &layer_ops ? of(w) : NULL;
}

struct cw_world *cw_journal_lane(struct cw_journal *j)
{
	return j->lane;
}

bool cw_journal_replays(const struct cw_journal *j)
{
	return !j->lane;
}

/* ---- sources ---- */

void cw_journal_bind(struct cw_journal *j, struct cw_journal_source *s,
	int (*input)(unsigned kind, struct cw_str payload, void *arg), void *arg)
{
	*s = (struct cw_journal_source){
		.journal = j, .id = ++j->last_source, .input = input, .arg = arg, .next = j->sources};
	if (s->next)
		s->next->prev = s;
	j->sources = s;
}

void cw_journal_unbind(struct cw_journal_source *s)
{
	if (!s->journal)
		return;
	if (s->prev)
		s->prev->next = s->next;
	else
		s->journal->sources = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->journal = NULL;
}

/* ---- in and out ---- */

void jn_count(struct cw_journal *j, unsigned kind, const void *bytes, size_t n)
{
	if (kind == CW_JN_FRAME) {
		(void)EVP_DigestUpdate(j->sums.frames, bytes, n); /* cannot fail for SHA-256 that was begun */
		j->sums.n_frames++;
	} else if (kind == CW_JN_EVENT) {
		(void)EVP_DigestUpdate(j->sums.events, bytes, n);
		(void)EVP_DigestUpdate(j->sums.events, "\n", 1);
		j->sums.n_events++;
	}
}

void cw_journal_enter(
	struct cw_journal *j, const struct cw_journal_source *s, enum cw_journal_kind kind, const void *bytes, size_t n)
{
	struct jn_record r = {.kind = kind, .source = s ? s->id : 0, .payload = {bytes, n}};

	r.depth = j->depth++;
	if (!j->lane) {
		jn_replay_enter(j, kind);
		return;
	}
	if (!r.depth)
		j->now_us = cw_now(j->lane);
	r.now_us = j->now_us;
	if (!j->finished)
		jn_write(j, &r);
}

void cw_journal_leave(struct cw_journal *j)
{
	CW_ASSERT(j->depth);
	j->depth--;
	if (!j->depth && j->lane && !j->finished)
		jn_flush(j, 16384);
}

void cw_journal_output(struct cw_journal *j, enum cw_journal_kind kind, const void *bytes, size_t n)
{
	struct jn_record r = {.kind = kind, .now_us = j->now_us, .payload = {bytes, n}};
	uint8_t digest[8];

	if (j->finished)
		return;
	jn_count(j, kind, bytes, n);
	if (kind == CW_JN_FRAME) {
		jn_put(digest, jn_digest(bytes, n), 8);
		r.payload = (struct cw_str){(const char *)digest, sizeof(digest)};
	}
	if (j->lane)
		jn_write(j, &r);
	else
		jn_replay_output(j, kind, r.payload.p, r.payload.len);
}

int cw_journal_result(struct cw_journal *j, int err)
{
	uint8_t raw[8];
	struct jn_record r = {.kind = CW_JN_RESULT, .now_us = j->now_us, .payload = {(const char *)raw, sizeof(raw)}};

	if (j->finished)
		return err;
	if (!j->lane)
		return jn_replay_result(j);
	jn_put(raw, (uint64_t)err, 8);
	if (err)
		jn_write(j, &r);
	return err;
}

/* ---- life ---- */

static int journal_free(struct cw_journal *j)
{
	CW_ASSERT(!j->world.heap_n); /* who was made in this world must go before it */
	if (j->lane)
		cw_timer_stop(&j->wake);
	cw_buf_clear(&j->bytes);
	EVP_MD_CTX_free(j->sums.frames);
	EVP_MD_CTX_free(j->sums.events);
	return 0;
}

void jn_set_seed(struct cw_journal *j, uint64_t seed)
{
	cw_rng_init(&j->world.rng, seed);
}

static EVP_MD_CTX *sum_new(void)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (md && !EVP_DigestInit_ex(md, EVP_sha256(), NULL)) {
		EVP_MD_CTX_free(md);
		return NULL;
	}
	return md;
}

int jn_new(struct cw_world *lane, struct cw_journal **ret)
{
	CW_SCOPED struct cw_journal *j = talloc_zero(NULL, struct cw_journal);

	if (!j)
		return ENOMEM;
	cw_world_init(&j->world, &layer_ops, lane && cw_world_is_sim(lane), 0);
	j->lane = lane;
	j->bytes = CW_BUF(1u << 30);
	talloc_set_destructor(j, journal_free);
	if (lane) {
		cw_timer_init(&j->wake, lane);
		j->now_us = j->epoch_us = cw_now(lane);
		j->wall_us = cw_wall(lane);
	}
	j->sums.frames = sum_new();
	j->sums.events = sum_new();
	j->world.heap = talloc_array(j, struct cw_timer *, TIMERS_FIRST);
	if (!j->world.heap || !j->sums.frames || !j->sums.events)
		return ENOMEM;
	j->world.heap_cap = TIMERS_FIRST;
	*ret = talloc_move(NULL, &j);
	return 0;
}

static int write_head(struct cw_journal *j, const struct cw_journal_conf *conf, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *head = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);
	char seed[24];
	int err = 0;

	if (conf->head)
		err = cw_json_parse(conf->head, strlen(conf->head), &head, why);
	else
		head = json_object();
	if (err)
		return err;
	(void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)conf->seed); /* fits */
	if (!head || json_object_set_new(head, "seed", json_string(seed)) ||
		json_object_set_new(head, "epoch_us", json_integer((json_int_t)j->epoch_us)) ||
		json_object_set_new(head, "wall_us", json_integer((json_int_t)j->wall_us)))
		return ENOMEM;
	cw_json_dump(&b, head);
	if (cw_buf_err(&b))
		return cw_buf_err(&b);

	const struct jn_record r = {.kind = CW_JN_HEAD, .now_us = j->now_us, .payload = cw_buf_str(&b)};

	jn_write(j, &r);
	jn_flush(j, 1);
	return 0;
}

int cw_journal_open(void *parent, const struct cw_journal_conf *conf, struct cw_journal **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_journal *j = NULL;
	int err = jn_new(conf->world, &j);

	if (err)
		return err;
	jn_set_seed(j, conf->seed);
	err = jn_writer_open(j, conf->path, why);
	if (!err)
		err = write_head(j, conf, why);
	if (!err)
		*ret = talloc_move(parent, &j);
	return err;
}

void cw_journal_finish(struct cw_journal *j, void (*done)(int err, void *arg), void *arg)
{
	bool before = j->finished;
	unsigned char raw[2][32];
	uint8_t end[80];
	char hex[65];

	j->finished = true;
	if (!j->lane)
		return;
	if (!before) {
		const struct jn_record r = {
			.kind = CW_JN_END, .now_us = j->now_us, .payload = {(const char *)end, sizeof(end)}};

		jn_put(end, j->sums.n_frames, 8);
		jn_put(end + 8, j->sums.n_events, 8);
		jn_hex(j->sums.frames, raw[0], hex);
		jn_hex(j->sums.events, raw[1], hex);
		memcpy(end + 16, raw, sizeof(raw));
		jn_write(j, &r);
	}
	jn_write_end(j, done, arg);
}
