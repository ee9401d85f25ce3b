#include "call/recorder.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/wav.h"
#include "testing.h"
#include "world/sim.h"

static const char *file(const char *name)
{
	static char path[4][256];
	static unsigned at;

	at = (at + 1) % CW_COUNT(path);
	snprintf(path[at], sizeof(path[at]), "%s/%s", cw_test_tmp(), name);
	return path[at];
}

static struct cw_world *sim(void *parent, const struct cw_sim_conf *conf)
{
	struct cw_world *w = NULL;

	assert_int_equal(cw_sim_new(parent, conf, &w), 0);
	return w;
}

static void frame(struct cw_recorder *r, enum cw_side side, uint64_t position, int16_t value)
{
	int16_t pcm[160];

	for (size_t i = 0; i < CW_COUNT(pcm); i++)
		pcm[i] = value;
	cw_recorder_frame(r, side, position, pcm);
}

static int finish_err;
static unsigned finishes;

static void finished(int err, void *arg)
{
	(void)arg;
	finish_err = err;
	finishes++;
}

/* Left and right sample at @position of a file. */
static void look(const char *path, uint64_t position, int16_t *left, int16_t *right, uint64_t *length)
{
	CW_SCOPED struct cw_wav_reader *wav = NULL;
	int16_t both[2 * 1000];
	uint64_t at = 0;
	size_t got = 1;

	assert_int_equal(cw_wav_open(NULL, path, &wav, NULL), 0);
	*length = cw_wav_frames(wav);
	while (got) {
		assert_int_equal(cw_wav_read(wav, both, 1000, &got), 0);
		if (position >= at && position < at + got) {
			*left = both[2 * (position - at)];
			*right = both[2 * (position - at) + 1];
			return;
		}
		at += got;
	}
	*left = *right = -1;
}

static void assert_samples(const char *path, uint64_t position, int16_t left, int16_t right)
{
	int16_t l, r;
	uint64_t n;

	look(path, position, &l, &r, &n);
	if (l != left || r != right)
		fail_msg("sample %llu is (%d, %d), expected (%d, %d)", (unsigned long long)position, l, r, left, right);
}

static void write_call(struct cw_world *w, const char *path)
{
	CW_SCOPED struct cw_recorder *r = NULL;

	assert_int_equal(cw_recorder_open(NULL, w, path, &r, NULL), 0);
	for (uint64_t k = 0; k < 200; k++) {
		frame(r, CW_SIDE_CALLER, 77 + k * 160, (int16_t)(k + 1));
		if (k >= 50 && k < 150)
			frame(r, CW_SIDE_AGENT, k * 160, (int16_t)-1000);
		(void)cw_sim_run(w, cw_now(w) + 20000);
	}
	frame(r, CW_SIDE_CALLER, 77 + 150 * 160, 7); /* the later one wins, one second late at most */
	frame(r, CW_SIDE_CALLER, 0, 7);              /* too late */
	assert_int_equal(cw_recorder_lost(r), 1);
	frame(r, CW_SIDE_AGENT, 400 * 160, 9); /* a gap of 4 s */
	finishes = 0;
	cw_recorder_finish(r, finished, NULL);
	frame(r, CW_SIDE_AGENT, 410 * 160, 9); /* ignored */
	assert_int_equal(finishes, 0);
	(void)cw_sim_run(w, cw_now(w) + 60000000);
	assert_int_equal(finishes, 1);
	assert_int_equal(finish_err, 0);

	const uint8_t *levels;

	assert_int_equal(cw_recorder_levels(r, CW_SIDE_AGENT, &levels), 401);
	assert_int_equal(levels[60], 1000 >> 7);
	assert_int_equal(levels[200], 0);
}

static void frames_are_where_they_belong(void **state)
{
	CW_SCOPED void *top = talloc_new(NULL);
	const char *path = file("a.wav"), *again = file("b.wav");
	int16_t l, r;
	uint64_t n;
	char cmd[600];

	(void)state;
	write_call(sim(top, &(struct cw_sim_conf){.seed = 1}), path);
	assert_samples(path, 76, 0, 0);
	assert_samples(path, 77, 1, 0);
	assert_samples(path, 77 + 160, 2, 0);
	assert_samples(path, 77 + 99 * 160, 100, -1000);
	assert_samples(path, 50 * 160 - 1, 50, 0);
	assert_samples(path, 50 * 160, 50, -1000);
	assert_samples(path, 77 + 150 * 160, 7, 0);
	assert_samples(path, 300 * 160, 0, 0);
	assert_samples(path, 400 * 160, 0, 9);
	look(path, 0, &l, &r, &n);
	assert_int_equal(n, 17 * 4000); /* whole blocks of half a second */

	write_call(sim(top, &(struct cw_sim_conf){.seed = 1}), again);
	snprintf(cmd, sizeof(cmd), "cmp -s %s %s", path, again);
	assert_int_equal(system(cmd), 0);
}

static void a_killed_process_leaves_a_readable_file(void **state)
{
	const char *path = file("killed.wav");
	int status, fds[2];
	char go;

	(void)state;
	assert_int_equal(pipe(fds), 0);

	pid_t child = fork();

	if (child == 0) {
		struct cw_world *w = sim(NULL, &(struct cw_sim_conf){.seed = 1});
		struct cw_recorder *r = NULL;

		if (cw_recorder_open(NULL, w, path, &r, NULL))
			_exit(1);
		for (uint64_t k = 0; k < 1000; k++) {
			frame(r, CW_SIDE_CALLER, k * 160, 5);
			(void)cw_sim_run(w, cw_now(w) + 20000);
		}
		(void)!write(fds[1], "x", 1);
		for (;;)
			(void)sleep(10);
	}
	assert_int_equal(read(fds[0], &go, 1), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_samples(path, 18 * 8000 - 1, 5, 0); /* of 20 s the last two are lost */
	close(fds[0]);
	close(fds[1]);
}

static void freed_while_writing(void **state)
{
	(void)state;
	for (unsigned steps = 0; steps < 6; steps++) {
		CW_SCOPED void *top = talloc_new(NULL);
		struct cw_world *w = sim(top, &(struct cw_sim_conf){.seed = 1});
		struct cw_recorder *r = NULL;

		assert_int_equal(cw_recorder_open(top, w, file("f.wav"), &r, NULL), 0);
		for (uint64_t k = 0; k < 400; k++)
			frame(r, CW_SIDE_CALLER, k * 160, 5);
		for (unsigned i = 0; i < steps; i++)
			(void)cw_sim_step(w);
		talloc_free(r);
		(void)cw_sim_run(w, cw_now(w) + 1000000);
	}
}

static void free_it(int err, void *arg)
{
	(void)err;
	talloc_free(arg);
	finishes++;
}

static void may_be_freed_when_finished(void **state)
{
	CW_SCOPED void *top = talloc_new(NULL);
	struct cw_world *w = sim(top, &(struct cw_sim_conf){.seed = 1});
	struct cw_recorder *r = NULL;

	(void)state;
	assert_int_equal(cw_recorder_open(top, w, file("g.wav"), &r, NULL), 0);
	frame(r, CW_SIDE_AGENT, 0, 5);
	finishes = 0;
	cw_recorder_finish(r, free_it, r);
	(void)cw_sim_run(w, 30000000);
	assert_int_equal(finishes, 1);
}

static void a_disk_that_hangs(void **state)
{
	const struct cw_sim_conf conf = {.seed = 1, .fault = {[CW_FAULT_STALL] = 1}, .fault_only = "recorder"};
	CW_SCOPED void *top = talloc_new(NULL);
	struct cw_world *w = sim(top, &conf);
	struct cw_recorder *r = NULL;

	(void)state;
	assert_int_equal(cw_recorder_open(top, w, file("h.wav"), &r, NULL), 0);
	for (uint64_t k = 0; k < 50 * 100; k++) /* 100 s */
		frame(r, CW_SIDE_CALLER, k * 160, 5);
	assert_true(cw_recorder_lost(r) > 60);
	assert_true(talloc_total_size(r) < 40 * 33000 + 20000);
	finishes = 0;
	cw_recorder_finish(r, finished, NULL);
	(void)cw_sim_run(w, cw_now(w) + 11000000);
	assert_int_equal(finishes, 1);
	assert_int_equal(finish_err, ETIMEDOUT);
}

static void slow_disk_keeps_places(void **state)
{
	const struct cw_sim_conf conf = {.seed = 1};
	CW_SCOPED void *top = talloc_new(NULL);
	struct cw_world *w = sim(top, &conf);
	struct cw_recorder *r = NULL;
	const char *path = file("s.wav");

	(void)state;
	assert_int_equal(cw_recorder_open(top, w, path, &r, NULL), 0);
	for (uint64_t k = 0; k < 50 * 60; k++) /* a minute while the disk does nothing */
		frame(r, CW_SIDE_CALLER, k * 160, (int16_t)(k / 50 + 1));
	cw_recorder_finish(r, NULL, NULL);
	(void)cw_sim_run(w, cw_now(w) + 11000000);
	assert_true(cw_recorder_lost(r) > 20);
	assert_samples(path, 59 * 8000, 60, 0); /* what is lost is silent, the rest in its place */
	assert_samples(path, 10 * 8000, 0, 0);
}

static void errors_are_told(void **state)
{
	CW_SCOPED void *top = talloc_new(NULL);
	struct cw_world *w = sim(top, &(struct cw_sim_conf){.seed = 1});
	struct cw_recorder *r = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_recorder_open(top, w, "/nonexistent/x.wav", &r, &why), ENOENT);
	assert_null(r);
	assert_true(*why.text);
}

static void survives_without_memory(void **state)
{
	CW_SCOPED void *top = talloc_new(NULL);
	struct cw_world *w = NULL;
	struct cw_recorder *r = NULL;

	(void)state;
	if (!top)
		return;

	int err = cw_sim_new(top, &(struct cw_sim_conf){.seed = 1}, &w);

	if (!err)
		err = cw_recorder_open(top, w, file("oom.wav"), &r, NULL);
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	frame(r, CW_SIDE_CALLER, 0, 5); /* without memory for its block: lost, no more */
}
CW_OOM_BODY(survives_without_memory)

CW_TEST_MAIN(CW_TEST(frames_are_where_they_belong), CW_TEST(a_killed_process_leaves_a_readable_file),
	CW_TEST(freed_while_writing), CW_TEST(may_be_freed_when_finished), CW_TEST(a_disk_that_hangs),
	CW_TEST(slow_disk_keeps_places), CW_TEST(errors_are_told), CW_TEST(survives_without_memory),
	CW_TEST_OOM(survives_without_memory))
