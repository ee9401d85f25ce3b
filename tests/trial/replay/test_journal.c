/* A caller's journal, written in the simulated world: done again from it, bit for bit; and what a changed one says. */
#include "testing.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "trial/execute/calling.h"
#include "trial/execute/execute.h"
#include "world/sim.h"

#define HEAD_BYTES  12u
#define BLOCK_HEAD  36u
#define RECORD_HEAD 20u

static char target[400], scenarios[400];
static const char *files[] = {scenarios};

static int set_paths(void **state)
{
	(void)state;
	snprintf(target, sizeof(target), "agent:%s", cw_test_source("agents/hvac.yaml"));
	snprintf(scenarios, sizeof(scenarios), "%s", cw_test_source("scenarios/hvac"));
	return 0;
}

/* ---- a call with a journal ---- */

struct call {
	struct cw_trial_conf conf;
	struct cw_plan *plan;
	const struct cw_plan_item *item;
	char dir[300], path[700];
};

static void make_call(struct call *c, const char *filter, const char *channel)
{
	static unsigned n;
	static const char *channels[1];
	CW_SCOPED struct cw_exec_result *result = NULL;
	struct cw_why why = {0};
	char calls[340];

	channels[0] = channel;
	*c = (struct call){.conf = {.files = files,
				   .n_files = 1,
				   .target = target,
				   .sim = true,
				   .seed = 7,
				   .filter = filter,
				   .channels = {channels, 1},
				   .journal = true,
				   .record = CW_RECORD_STEREO}};
	if (cw_plan_new(NULL, &c->conf, &c->plan, &why))
		fail_msg("%s", why.text);
	assert_true(c->plan->n > 0);
	c->item = &c->plan->items[0];
	snprintf(c->dir, sizeof(c->dir), "%s/%u", cw_test_tmp(), n++);
	snprintf(calls, sizeof(calls), "%s/calls", c->dir);
	assert_int_equal(mkdir(c->dir, 0777) | mkdir(calls, 0777), 0);

	const struct cw_exec_conf xc = {.item = c->item, .trial = &c->conf, .run_dir = c->dir};

	assert_int_equal(cw_execution_simulate(NULL, &xc, &result), 0);
	snprintf(c->path, sizeof(c->path), "%s/%s/journal.bin", calls, c->item->key);
}

static void end_call(struct call *c)
{
	TALLOC_FREE(c->plan);
}

static int replay_bytes(
	const struct call *c, const void *bytes, size_t n, struct cw_journal_found *found, struct cw_why *why)
{
	CW_SCOPED struct cw_journal *j = NULL;
	struct cw_effect_conf channel;
	const struct cw_calling_conf cc = {.item = c->item, .channel = &channel};
	int err = cw_exec_channel(c->item, NULL, 0, &channel, why);

	if (!err)
		err = cw_journal_parse(NULL, bytes, n, "journal.bin", &j, why);
	return err ? err : cw_calling_replay(j, &cc, found, why);
}

static void load(const struct call *c, struct cw_buf *b)
{
	struct cw_why why = {0};

	if (cw_file_read(c->path, 64u << 20, b, &why))
		fail_msg("%s", why.text);
}

/* ---- looking into the file ---- */

static size_t number(const char *p, unsigned bytes)
{
	size_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (size_t)(unsigned char)p[i] << 8 * i;
	return v;
}

/* The payload of the @nth record of @kind, *ret_block = its block. */
static char *find(struct cw_buf *b, unsigned kind, size_t nth, size_t *ret_len, char **ret_block)
{
	for (size_t at = HEAD_BYTES; at < b->len;) {
		size_t len = number(b->p + at, 4);
		char *p = b->p + at + BLOCK_HEAD;

		for (size_t k = 0; k < len; k += RECORD_HEAD + number(p + k + 16, 4)) {
			if ((unsigned char)p[k] != kind || nth--)
				continue;
			*ret_len = number(p + k + 16, 4);
			*ret_block = b->p + at;
			return p + k + RECORD_HEAD;
		}
		at += BLOCK_HEAD + len;
	}
	fail_msg("no such record");
	return NULL;
}

static void seal(char *block)
{
	CW_SCOPED char *copy = talloc_size(NULL, 4 + number(block, 4));
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n;

	memcpy(copy, block, 4);
	memcpy(copy + 4, block + BLOCK_HEAD, number(block, 4));
	assert_int_equal(EVP_Digest(copy, 4 + number(block, 4), sum, &n, EVP_sha256(), NULL), 1);
	memcpy(block + 4, sum, 32);
}

static void replay_changed(const struct call *c, struct cw_buf *b, struct cw_journal_found *found)
{
	struct cw_why why = {0};

	if (replay_bytes(c, b->p, b->len, found, &why))
		fail_msg("%s", why.text);
	assert_false(found->same);
	assert_false(found->cut);
}

/* ---- tests ---- */

static void check_same(const char *filter, const char *channel)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64u << 20);
	struct cw_journal_found found = {0};
	struct cw_why why = {0};
	struct call c = {0};

	make_call(&c, filter, channel);
	load(&c, &b);
	if (replay_bytes(&c, b.p, b.len, &found, &why))
		fail_msg("%s", why.text);
	if (!found.same)
		fail_msg("%s: %s; event was %s, now %s; frame %llu", c.item->key, found.stopped, found.event_was,
			found.event_now, (unsigned long long)found.frame);
	assert_true(found.frames > 200);
	assert_true(found.events > 20);
	assert_string_equal(found.frames_sha[0], found.frames_sha[1]);
	end_call(&c);
}

static void a_call_is_the_same_again(void **state)
{
	(void)state;
	check_same("^book-happy$", "clean");
}

static void so_is_one_whose_line_draws_from_chance(void **state)
{
	(void)state;
	check_same("^book-happy$", "mobile_lossy");
	check_same("^book-happy$", "voip_jitter");
}

static void so_are_callers_who_interrupt_and_who_press_keys(void **state)
{
	(void)state;
	check_same("barge|interrupt", "clean");
	check_same("by-keys", "clean");
	check_same("^cough$", "clean");
}

static void a_journal_says_what_it_is_not(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64u << 20);
	struct cw_journal_found found = {0};
	struct cw_why why = {0};
	struct call c = {0};
	size_t len = 0;
	char *block = NULL;

	(void)state;
	make_call(&c, "^book-happy$", "clean");
	load(&c, &b);
	*find(&b, CW_JN_HEARD, 50, &len, &block) ^= 1;
	assert_int_equal(replay_bytes(&c, b.p, b.len, &found, &why), EBADMSG);
	assert_non_null(strstr(why.text, "damaged at byte"));
	*find(&b, CW_JN_HEARD, 50, &len, &block) ^= 1;
	b.p[8] = 9;
	why = (struct cw_why){0};
	assert_int_equal(replay_bytes(&c, b.p, b.len, &found, &why), EPROTONOSUPPORT);
	assert_non_null(strstr(why.text, "version 9"));
	b.p[0] = 'X';
	assert_int_equal(replay_bytes(&c, b.p, b.len, &found, NULL), EBADMSG);
	assert_int_equal(replay_bytes(&c, b.p, 0, &found, NULL), EBADMSG);
	assert_int_equal(replay_bytes(&c, "cw-jrnl\n\1\0\0\0", 12, &found, NULL), EBADMSG);
	end_call(&c);
}

static void one_cut_short_is_compared_as_far_as_it_goes(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64u << 20);
	struct cw_journal_found found = {0};
	struct cw_why why = {0};
	struct call c = {0};
	size_t len;

	(void)state;
	make_call(&c, "^book-happy$", "clean");
	load(&c, &b);
	len = b.len;
	for (size_t part = 2; part < 6; part++) {
		if (replay_bytes(&c, b.p, len * part / 7, &found, &why))
			fail_msg("%s", why.text);
		assert_true(found.cut);
		assert_false(found.same);
		assert_string_equal(found.stopped, "");
		assert_int_equal(found.frame, UINT64_MAX);
		assert_int_equal(found.event, UINT64_MAX);
		assert_true(found.frames > 50);
	}
	end_call(&c);
}

static void the_first_frame_and_event_that_differ_are_named(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64u << 20);
	struct cw_journal_found found = {0};
	struct call c = {0};
	size_t len = 0;
	char *block = NULL, *p;

	(void)state;
	make_call(&c, "^book-happy$", "clean");
	load(&c, &b);
	*find(&b, CW_JN_FRAME, 123, &len, &block) ^= 1;
	seal(block);
	p = find(&b, CW_JN_EVENT, 9, &len, &block);
	p[len - 2] ^= 1;
	seal(block);
	replay_changed(&c, &b, &found);
	assert_int_equal(found.frame, 123);
	assert_int_equal(found.event, 9);
	assert_string_not_equal(found.event_was, found.event_now);
	assert_string_equal(found.stopped, "");
	end_call(&c);
}

/* An input that was otherwise makes outputs otherwise: the comparison is of what is done now. */
static void another_sound_from_the_voice_sends_other_frames(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64u << 20);
	struct cw_journal_found found = {0};
	struct call c = {0};
	size_t len = 0;
	char *block = NULL, *p;

	(void)state;
	make_call(&c, "^book-happy$", "clean");
	load(&c, &b);
	p = find(&b, CW_JN_AUDIO, 0, &len, &block);
	for (size_t i = 0; i + 1 < len; i += 2)
		p[i + 1] = (char)(i % 5 + 1);
	seal(block);
	replay_changed(&c, &b, &found);
	assert_true(found.frame < UINT64_MAX);
	assert_string_not_equal(found.frames_sha[0], found.frames_sha[1]);
	end_call(&c);
}

static void other_words_heard_take_the_call_another_way(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64u << 20);
	struct cw_journal_found found = {0};
	struct call c = {0};
	size_t len = 0;
	char *block = NULL, *p;

	(void)state;
	make_call(&c, "^book-happy$", "clean");
	load(&c, &b);
	p = find(&b, CW_JN_FINAL, 1, &len, &block);
	assert_true(len > 20);
	memset(p + 16, 'x', len - 17);
	seal(block);
	replay_changed(&c, &b, &found);
	assert_true(found.event < UINT64_MAX || found.stopped[0]);
	end_call(&c);
}

static void another_caller_is_found_out(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64u << 20);
	struct cw_journal_found found = {0};
	struct call c = {0}, other = {0};

	(void)state;
	make_call(&c, "^book-happy$", "clean");
	make_call(&other, "barge|interrupt", "clean");
	load(&c, &b);
	replay_changed(&other, &b, &found);
	assert_true(found.stopped[0] || found.event < UINT64_MAX);
	end_call(&c);
	end_call(&other);
}

static void nothing_else_enters(void **state)
{
	static const char bytes[] = "{}";
	CW_SCOPED struct cw_world *w = NULL;
	CW_SCOPED struct cw_journal *j = NULL;
	char path[300];
	struct cw_job job = {.label = "x"};
	struct cw_timer t;

	(void)state;
	snprintf(path, sizeof(path), "%s/alone.bin", cw_test_tmp());
	int err = cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 1}, &w);
	if (!err)
		err = cw_journal_open(
			NULL, &(struct cw_journal_conf){.world = w, .path = path, .head = bytes}, &j, NULL);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	assert_ptr_equal(cw_journal_of(cw_journal_world(j)), j);
	assert_null(cw_journal_of(w));
	assert_int_equal(cw_work(NULL, cw_journal_world(j), &job, NULL), ENOTSUP);
	assert_int_equal(cw_post(cw_journal_world(j), NULL, NULL), ENOTSUP);
	cw_timer_init(&t, cw_journal_world(j));
	cw_timer_start(&t, 1000, NULL, NULL);
	cw_timer_stop(&t);
}
CW_OOM_BODY(nothing_else_enters)

static void a_frame_costs_no_memory(void **state)
{
	CW_SCOPED struct cw_world *w = NULL;
	CW_SCOPED struct cw_journal *j = NULL;
	uint8_t frame[160] = {0};
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s/frames.bin", cw_test_tmp());
	assert_int_equal(cw_sim_new(NULL, &(struct cw_sim_conf){.seed = 1}, &w), 0);
	assert_int_equal(cw_journal_open(NULL, &(struct cw_journal_conf){.world = w, .path = path}, &j, NULL), 0);
	(void)cw_test_allocations();
	for (unsigned i = 0; i < 40; i++) {
		cw_journal_enter(j, NULL, CW_JN_HEARD, frame, sizeof(frame));
		cw_journal_output(j, CW_JN_FRAME, frame, sizeof(frame));
		assert_int_equal(cw_journal_result(j, 0), 0);
		cw_journal_leave(j);
	}
	assert_int_equal(cw_test_allocations(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CW_TEST(a_call_is_the_same_again),
		CW_TEST(so_is_one_whose_line_draws_from_chance),
		CW_TEST(so_are_callers_who_interrupt_and_who_press_keys),
		CW_TEST(a_journal_says_what_it_is_not),
		CW_TEST(one_cut_short_is_compared_as_far_as_it_goes),
		CW_TEST(the_first_frame_and_event_that_differ_are_named),
		CW_TEST(another_sound_from_the_voice_sends_other_frames),
		CW_TEST(other_words_heard_take_the_call_another_way),
		CW_TEST(another_caller_is_found_out),
		CW_TEST(nothing_else_enters),
		CW_TEST_OOM(nothing_else_enters),
		CW_TEST(a_frame_costs_no_memory),
	};

	return cmocka_run_group_tests(tests, set_paths, NULL);
}
