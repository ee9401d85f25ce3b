#include "call/recorder.h"

#include <errno.h>

#include "audio/g711.h"
#include "audio/wav.h"
#include "base/mem.h"
#include "world/world.h"

#define BLOCKS_A_SECOND 2
#define BLOCK_FRAMES    (CW_RATE_HZ / BLOCKS_A_SECOND) /* stereo samples in a block */
#define WINDOW_BLOCKS   (1 + BLOCKS_A_SECOND) /* still open for writing: the newest, and a second for what comes late */
#define WAITING_MAX     (30 * BLOCKS_A_SECOND) /* blocks on their way to the disk: 30 s */
#define CALL_MAX_BLOCKS (3 * 3600 * BLOCKS_A_SECOND)
#define LEVELS_STEP     (60 * 50)
#define LEVELS_MAX      (CALL_MAX_BLOCKS / BLOCKS_A_SECOND * 50)
#define FINISH_MAX_US   10000000u

struct block {
	int16_t samples[2 * BLOCK_FRAMES]; /* left caller, right agent */
};

/* What a job touches: a tree of its own, which outlives the recorder while a job is under way. */
struct sink {
	struct cw_wav_writer *wav;
	struct block *block; /* being written, NULL = one block of silence */
	bool close;          /* instead of a block */
	int err;             /* first error; nothing is written after it */

	struct cw_recorder *owner; /* NULL: the recorder is gone, the last job's end frees this */
	unsigned jobs;             /* started and not disposed of yet */
};

struct cw_recorder {
	struct cw_world *world;
	struct sink *sink;
	struct cw_work *job;                 /* NULL: none under way */
	struct block *window[WINDOW_BLOCKS]; /* block number n at n % WINDOW_BLOCKS; NULL = silence so far */
	uint64_t first;                      /* block number of the oldest in the window */

	struct block *waiting[WAITING_MAX]; /* ring; NULL = silence */
	unsigned waiting_first, waiting_n;
	uint64_t silent_blocks; /* to be written before the ring goes on: lost for want of room */

	uint8_t *levels[CW_SIDE_AGENT + 1];
	size_t levels_n[CW_SIDE_AGENT + 1];
	uint64_t lost;
	bool finishing, closed;
	void (*done)(int err, void *arg);
	void *arg;
	struct cw_timer timer;
};

static const int16_t silence[2 * BLOCK_FRAMES];

/* ---- the file, off the lane ---- */

static void sink_run(void *arg)
{
	struct sink *s = arg;

	if (!s->err && s->close)
		s->err = cw_wav_finish(s->wav);
	else if (!s->err)
		s->err = cw_wav_write(s->wav, s->block ? s->block->samples : silence, BLOCK_FRAMES);
	if (!s->err && !s->close)
		s->err = cw_wav_flush(s->wav);
}

static void sink_dispose(void *arg)
{
	struct sink *s = arg;

	if (--s->jobs == 0 && !s->owner)
		talloc_free(s);
}

static void next_job(struct cw_recorder *r);

static void finished(struct cw_recorder *r, int err)
{
	void (*done)(int err, void *arg) = r->done;

	cw_timer_stop(&r->timer);
	r->done = NULL;
	r->closed = true;
	if (done)
		done(err, r->arg);
}

static void job_done(void *arg)
{
	struct sink *s = arg;
	struct cw_recorder *r = s->owner;

	r->job = NULL;
	TALLOC_FREE(s->block); /* not kept: another call has more use for the memory than this one in half a second */
	if (s->close)
		finished(r, s->err);
	else
		next_job(r);
}

static void give_up(void *arg)
{
	struct cw_recorder *r = arg;

	finished(r, !r->job && r->sink->err ? r->sink->err : ETIMEDOUT);
}

static void start_job(struct cw_recorder *r)
{
	const struct cw_job job = {.run = sink_run,
		.done = job_done,
		.dispose = sink_dispose,
		.arg = r->sink,
		.blocking = true,
		.label = "recorder"};
	int err = cw_work(r, r->world, &job, &r->job);

	if (!err) {
		r->sink->jobs++;
		return;
	}
	r->job = NULL;
	r->sink->err = r->sink->err ? r->sink->err : err; /* told at the end; the call goes on */
	TALLOC_FREE(r->sink->block);
	if (r->finishing)
		cw_timer_start(&r->timer, 0, give_up, r);
}

/* One job at a time keeps the blocks in order. */
static void next_job(struct cw_recorder *r)
{
	if (r->job || r->closed)
		return;
	if (r->silent_blocks) {
		r->silent_blocks--;
	} else if (r->waiting_n) {
		r->sink->block = r->waiting[r->waiting_first];
		r->waiting_first = (r->waiting_first + 1) % WAITING_MAX;
		r->waiting_n--;
		if (r->sink->block)
			(void)talloc_steal(r->sink, r->sink->block);
	} else if (r->finishing) {
		r->sink->close = true;
	} else {
		return;
	}
	start_job(r);
}

/* ---- the window ---- */

/* Send the oldest block of the window to the disk. */
static void retire(struct cw_recorder *r)
{
	struct block **slot = &r->window[r->first % WINDOW_BLOCKS];

	r->first++;
	if (r->waiting_n < WAITING_MAX) {
		r->waiting[(r->waiting_first + r->waiting_n++) % WAITING_MAX] = *slot;
	} else {
		struct block *oldest = r->waiting[r->waiting_first];

		/* the oldest gives way, in its place silence is written, so that all behind it stays where it belongs */
		r->waiting[r->waiting_first] = *slot;
		r->waiting_first = (r->waiting_first + 1) % WAITING_MAX;
		r->silent_blocks++;
		r->lost++;
		TALLOC_FREE(oldest);
	}
	*slot = NULL;
	next_job(r);
}

static struct block *block_at(struct cw_recorder *r, uint64_t number)
{
	while (number >= r->first + WINDOW_BLOCKS)
		retire(r);

	struct block *b = r->window[number % WINDOW_BLOCKS];

	if (b)
		return b;
	b = talloc_zero(r, struct block);
	if (!b)
		return NULL;
	r->window[number % WINDOW_BLOCKS] = b;
	return b;
}

static void note_level(struct cw_recorder *r, enum cw_side side, uint64_t position, const int16_t *pcm)
{
	size_t at = (size_t)(position / CW_FRAME_SAMPLES);
	int peak = 0;

	while (at >= talloc_array_length(r->levels[side])) {
		size_t have = talloc_array_length(r->levels[side]);
		uint8_t *more = talloc_realloc(r, r->levels[side], uint8_t, have + LEVELS_STEP);

		if (!more)
			return; /* a picture without its end */
		memset(more + have, 0, LEVELS_STEP);
		r->levels[side] = more;
	}
	for (size_t i = 0; i < CW_FRAME_SAMPLES; i++) {
		int v = pcm[i] < 0 ? -pcm[i] : pcm[i];

		peak = v > peak ? v : peak;
	}
	r->levels[side][at] = (uint8_t)(peak >> 7 > 255 ? 255 : peak >> 7);
	if (at >= r->levels_n[side])
		r->levels_n[side] = at + 1;
}

void cw_recorder_frame(struct cw_recorder *r, enum cw_side side, uint64_t position, const int16_t *pcm)
{
	CW_ASSERT(side == CW_SIDE_CALLER || side == CW_SIDE_AGENT);
	if (r->finishing)
		return;
	if (position >= (uint64_t)CALL_MAX_BLOCKS * BLOCK_FRAMES) {
		r->lost++;
		return;
	}
	note_level(r, side, position, pcm);
	for (size_t from = 0; from < CW_FRAME_SAMPLES;) {
		uint64_t at = position + from;
		size_t in_block = (size_t)(at % BLOCK_FRAMES);
		size_t n = BLOCK_FRAMES - in_block;
		struct block *b = at / BLOCK_FRAMES >= r->first ? block_at(r, at / BLOCK_FRAMES) : NULL;

		if (n > CW_FRAME_SAMPLES - from)
			n = CW_FRAME_SAMPLES - from;
		if (!b)
			r->lost++;
		for (size_t i = 0; b && i < n; i++)
			b->samples[2 * (in_block + i) + side] = pcm[from + i];
		from += n;
	}
}

/* ---- open and close ---- */

static int recorder_free(struct cw_recorder *r)
{
	cw_timer_stop(&r->timer);
	if (r->sink && r->sink->jobs)
		r->sink->owner = NULL;
	else
		talloc_free(r->sink);
	return 0;
}

int cw_recorder_open(void *parent, struct cw_world *w, const char *path, struct cw_recorder **ret, struct cw_why *why)
{
	static const struct cw_wav_format format = {.coding = CW_WAV_PCM16, .rate_hz = CW_RATE_HZ, .channels = 2};

	CW_SCOPED struct cw_recorder *r = talloc_zero(NULL, struct cw_recorder);
	if (!r)
		return ENOMEM;

	r->world = w;
	cw_timer_init(&r->timer, w);
	talloc_set_destructor(r, recorder_free);
	r->sink = talloc_zero(NULL, struct sink);
	if (!r->sink)
		return ENOMEM;
	r->sink->owner = r;

	int err = cw_wav_create(r->sink, path, &format, &r->sink->wav, why);

	if (err)
		return err;
	*ret = talloc_move(parent, &r);
	return 0;
}

void cw_recorder_finish(struct cw_recorder *r, void (*done)(int err, void *arg), void *arg)
{
	CW_ASSERT(!r->finishing);
	r->finishing = true;
	r->done = done;
	r->arg = arg;
	cw_timer_start(&r->timer, FINISH_MAX_US, give_up, r);

	uint64_t end = r->first;

	for (uint64_t n = r->first; n < r->first + WINDOW_BLOCKS; n++)
		if (r->window[n % WINDOW_BLOCKS])
			end = n + 1;
	while (r->first < end)
		retire(r);
	next_job(r);
}

size_t cw_recorder_levels(const struct cw_recorder *r, enum cw_side side, const uint8_t **levels)
{
	CW_ASSERT(side == CW_SIDE_CALLER || side == CW_SIDE_AGENT);
	*levels = r->levels[side];
	return r->levels_n[side];
}

uint64_t cw_recorder_lost(const struct cw_recorder *r)
{
	return r->lost;
}
