#include "call/listener.h"

#include <errno.h>

#include "audio/g711.h"
#include "audio/tone.h"
#include "base/buf.h"
#include "base/mem.h"
#include "call/guard.h"
#include "speech/stt.h"
#include "world/world.h"

#define PRE_ROLL_FRAMES 13u                      /* 260 ms before the onset are given to the recogniser */
#define RING_FRAMES     (PRE_ROLL_FRAMES + 150u) /* 3 s more: speech that goes on while a final is awaited */
#define STT_DEADLINE_US 2500000u
#define MAX_TURN_US     45000000u
#define TEXT_MAX        8192 /* of a turn; words beyond it are dropped */
#define KEY_TAIL_FRAMES 6u   /* of silence the key detector sees, to notice the release */
#define SETTLED_FRAMES  40u  /* of digital silence, then the rest of it is skipped */

enum state { QUIET, HEARING, FINISHING }; /* no turn; segment open; its final is awaited */

struct cw_listener {
	struct cw_world *world;
	struct cw_listener_conf conf;
	const struct cw_listener_events *ev;
	void *arg;
	bool *gone; /* set by the destructor while a handler runs */

	struct cw_stt *stt; /* NULL: none */
	struct cw_dtmf_rx *keys;
	struct cw_vad vad;
	struct cw_timer timer; /* the final's deadline */
	enum state state;
	enum cw_awaiting awaiting;
	uint64_t silence_us; /* that ends the turn, by the words so far */

	uint64_t turn_onset_us, turn_last_us;
	uint64_t onset_us, last_us; /* of the stretch */
	struct cw_buf said;         /* finals of the turn's earlier segments */
	struct cw_buf words;        /* those and the partial of the open one */
	double confidence;          /* the least of the segments; negative: unknown */
	bool failed;                /* a segment was lost */
	bool resumed;               /* speech went on while the final is awaited … */
	uint64_t resumed_frame;     /* … from here */
	uint64_t resumed_onset_us;
	bool cut; /* finishing because the turn is too long */

	uint64_t frame;  /* frames in the ring so far: the next goes to frame % RING_FRAMES */
	unsigned silent; /* frames of digital silence in a row */
	uint8_t ring[RING_FRAMES][CW_FRAME_SAMPLES];
};

static uint64_t now_us(const struct cw_listener *l)
{
	uint64_t now = cw_now(l->world);

	return now > l->conf.epoch_us ? now - l->conf.epoch_us : 0;
}

/* ---- words ---- */

static void join(struct cw_buf *b, const char *text)
{
	size_t n = strlen(text), room = b->max - b->len;

	if (!n || cw_buf_err(b) || n + 2 > room)
		return;
	if (b->len)
		cw_buf_putc(b, ' ');
	cw_buf_put(b, text, n);
}

static void set_words(struct cw_listener *l, const char *partial)
{
	cw_buf_reset(&l->words);
	join(&l->words, l->said.len ? l->said.p : "");
	join(&l->words, partial);
	l->silence_us = cw_turn_silence_us(&l->conf.turn, l->awaiting, cw_listener_partial(l));
}

const char *cw_listener_partial(const struct cw_listener *l)
{
	return l->words.len ? l->words.p : "";
}

/* ---- segments and turns ---- */

/* Open a segment with what the ring still has from @first on. */
static void begin_segment(struct cw_listener *l, uint64_t first)
{
	int16_t pcm[CW_FRAME_SAMPLES];

	l->state = HEARING;
	l->resumed = false;
	if (!l->stt)
		return;
	if (l->frame > first + RING_FRAMES)
		first = l->frame - RING_FRAMES;
	cw_stt_begin(l->stt);
	for (; first < l->frame; first++) {
		cw_ulaw_decode(l->ring[first % RING_FRAMES], pcm, CW_FRAME_SAMPLES);
		cw_stt_feed(l->stt, pcm, CW_FRAME_SAMPLES);
	}
}

static void begin_turn(struct cw_listener *l, uint64_t onset_us, uint64_t first)
{
	cw_buf_reset(&l->said);
	set_words(l, "");
	l->turn_onset_us = onset_us;
	l->confidence = -1;
	l->failed = l->cut = false;
	begin_segment(l, first);
}

static uint64_t pre_roll(uint64_t frame)
{
	return frame > PRE_ROLL_FRAMES ? frame - PRE_ROLL_FRAMES : 0;
}

/* The turn is over: tell it. Last thing done, as the handler may free us. */
static void end_turn(struct cw_listener *l)
{
	CW_BUF_SCOPED struct cw_buf text = l->words;
	struct cw_heard heard = {.text = text.len ? text.p : "",
		.confidence = l->confidence,
		.onset_us = l->turn_onset_us,
		.last_us = l->turn_last_us,
		.decided_us = now_us(l),
		.recognised = !l->failed && l->stt};

	if (heard.decided_us < heard.last_us)
		heard.decided_us = heard.last_us;
	l->words = CW_BUF(TEXT_MAX);
	cw_buf_reset(&l->said);
	cw_timer_stop(&l->timer);
	l->state = QUIET;
	if (l->resumed) /* the next one began already */
		begin_turn(l, l->resumed_onset_us, l->resumed_frame);
	else if (l->vad.speech)
		begin_turn(l, l->last_us, l->frame);
	l->ev->turn_ended(&heard, l->arg);
}

static void segment_lost(struct cw_listener *l, int err, const char *reason)
{
	l->failed = true;
	if (!CW_CALL(l, l->ev->failed(err, reason, l->arg)))
		return;
	if (l->state == FINISHING)
		end_turn(l);
}

static void final_overdue(void *arg)
{
	struct cw_listener *l = arg;

	cw_stt_cancel(l->stt);
	segment_lost(l, ETIMEDOUT, "no final transcript in time");
}

static void finish_segment(struct cw_listener *l)
{
	l->state = FINISHING;
	l->turn_last_us = l->last_us;
	l->resumed = false;
	if (!l->stt || l->failed) {
		end_turn(l);
		return;
	}
	cw_timer_start(
		&l->timer, l->conf.stt_deadline_us ? l->conf.stt_deadline_us : STT_DEADLINE_US, final_overdue, l);
	cw_stt_finish(l->stt);
}

/* ---- the recogniser's events ---- */

static void on_partial(const char *text, void *arg)
{
	struct cw_listener *l = arg;

	if (l->state != HEARING)
		return;
	set_words(l, text);
	if (l->words.len)
		l->ev->partial(l->words.p, l->arg);
}

static void on_final(const char *text, double confidence, void *arg)
{
	struct cw_listener *l = arg;

	if (l->state == QUIET)
		return;
	if (l->state == HEARING) /* an engine which ends segments by itself */
		l->turn_last_us = l->last_us;
	cw_timer_stop(&l->timer);
	join(&l->said, text);
	set_words(l, "");
	if (*text && confidence >= 0 && (l->confidence < 0 || confidence < l->confidence))
		l->confidence = confidence;
	if (l->state == FINISHING && l->resumed && !l->cut)
		begin_segment(l, l->resumed_frame); /* the turn goes on */
	else
		end_turn(l);
}

static void on_failed(int err, const char *reason, void *arg)
{
	struct cw_listener *l = arg;

	if (l->state != QUIET)
		segment_lost(l, err, reason);
}

/* ---- frames ---- */

static bool all_silent(const uint8_t *ulaw)
{
	uint64_t words[CW_FRAME_SAMPLES / 8], all = UINT64_MAX;

	memcpy(words, ulaw, sizeof(words));
	for (size_t i = 0; i < CW_COUNT(words); i++)
		all &= words[i];
	return all == UINT64_MAX;
}

/* Keys in the audio: true while one is down, *@digit when one went down. */
static bool key_down(struct cw_listener *l, const int16_t *pcm, char *digit)
{
	*digit = l->silent <= KEY_TAIL_FRAMES ? cw_dtmf_rx_feed(l->keys, pcm, CW_FRAME_SAMPLES) : 0;
	return *digit || cw_dtmf_rx_in_digit(l->keys);
}

static bool speech_begins(struct cw_listener *l, uint64_t end_us)
{
	uint64_t back = l->vad.frames - l->vad.onset_frame;
	uint64_t first = pre_roll(l->frame > back ? l->frame - back : 0);

	l->onset_us = end_us > back * CW_TICK_US ? end_us - back * CW_TICK_US : 0;
	if (l->state == QUIET) {
		begin_turn(l, l->onset_us, first);
	} else if (l->state == FINISHING && !l->resumed) {
		l->resumed = true;
		l->resumed_frame = first;
		l->resumed_onset_us = l->onset_us;
	}
	/* cppcheck-suppress autoVariables */
	return CW_CALL(l, l->ev->speech_started(l->onset_us, l->arg));
}

/* The turn detector, once per frame. */
static void consider_end(struct cw_listener *l, uint64_t end_us)
{
	uint64_t longest = l->conf.max_turn_us ? l->conf.max_turn_us : MAX_TURN_US;

	if (l->state != HEARING)
		return;
	l->cut = end_us > l->turn_onset_us + longest;
	if (l->cut || (!l->vad.speech && end_us >= l->last_us + l->silence_us))
		finish_segment(l);
}

void cw_listener_frame(struct cw_listener *l, const uint8_t *ulaw, uint64_t end_us, int16_t *pcm)
{
	static const int16_t nothing[CW_FRAME_SAMPLES];
	bool silent = all_silent(ulaw), masked = false;
	char digit;

	l->silent = silent ? l->silent + 1 : 0;
	if (silent)
		memset(pcm, 0, sizeof(nothing));
	else
		cw_ulaw_decode(ulaw, pcm, CW_FRAME_SAMPLES);
	if (l->silent > SETTLED_FRAMES && l->state == QUIET && !l->vad.speech)
		return; /* the ring is full of silence already */

	masked = key_down(l, pcm, &digit);
	if (masked || silent)
		memset(l->ring[l->frame % RING_FRAMES], CW_ULAW_SILENCE, CW_FRAME_SAMPLES);
	else
		memcpy(l->ring[l->frame % RING_FRAMES], ulaw, CW_FRAME_SAMPLES);
	l->frame++;
	if (digit && !CW_CALL(l, l->ev->dtmf(digit, true, l->arg)))
		return;

	const int16_t *heard = masked ? nothing : pcm;
	enum cw_vad_event event = cw_vad_feed(&l->vad, heard);

	if (l->vad.speech && l->vad.frame_speech)
		l->last_us = end_us;
	if (l->state == HEARING && l->stt && !l->failed)
		cw_stt_feed(l->stt, heard, CW_FRAME_SAMPLES);
	if (event == CW_VAD_STARTED && !speech_begins(l, end_us))
		return;
	if (event == CW_VAD_ENDED && !CW_CALL(l, l->ev->speech_ended(l->onset_us, l->last_us, l->arg)))
		return;
	consider_end(l, end_us);
}

void cw_listener_dtmf(struct cw_listener *l, char digit)
{
	l->ev->dtmf(digit, false, l->arg);
}

void cw_listener_expect(struct cw_listener *l, enum cw_awaiting awaiting, const struct cw_hints *hints)
{
	l->awaiting = awaiting;
	l->silence_us = cw_turn_silence_us(&l->conf.turn, awaiting, cw_listener_partial(l));
	if (l->stt && hints)
		cw_stt_expect(l->stt, hints);
}

void cw_listener_stop(struct cw_listener *l)
{
	if (l->stt && l->state != QUIET)
		cw_stt_cancel(l->stt);
	cw_timer_stop(&l->timer);
	l->state = QUIET;
	l->vad.speech = l->resumed = false;
}

bool cw_listener_speech(const struct cw_listener *l)
{
	return l->vad.speech;
}

bool cw_listener_in_turn(const struct cw_listener *l)
{
	return l->state != QUIET || l->vad.speech;
}

uint64_t cw_listener_last_us(const struct cw_listener *l)
{
	return l->last_us;
}

float cw_listener_level_db(const struct cw_listener *l)
{
	return l->vad.level_db;
}

/* ---- life ---- */

static int listener_free(struct cw_listener *l)
{
	if (l->gone)
		*l->gone = true;
	cw_timer_stop(&l->timer);
	cw_buf_clear(&l->said);
	cw_buf_clear(&l->words);
	return 0;
}

int cw_listener_new(void *parent, struct cw_world *w, const struct cw_listener_conf *conf,
	const struct cw_listener_events *ev, void *arg, struct cw_listener **ret, struct cw_why *why)
{
	static const struct cw_stt_events stt_events = {.partial = on_partial, .final = on_final, .failed = on_failed};

	CW_SCOPED struct cw_listener *l = talloc_zero(NULL, struct cw_listener);
	if (!l)
		return ENOMEM;

	l->world = w;
	l->conf = *conf;
	l->ev = ev;
	l->arg = arg;
	l->said = CW_BUF(TEXT_MAX);
	l->words = CW_BUF(TEXT_MAX);
	cw_timer_init(&l->timer, w);
	cw_vad_init(&l->vad, conf->vad.onset_frames ? &conf->vad : NULL);
	memset(l->ring, CW_ULAW_SILENCE, sizeof(l->ring));
	talloc_set_destructor(l, listener_free);

	int err = cw_dtmf_rx_new(l, &l->keys);

	if (err)
		return err;
	if (conf->stt) {
		const struct cw_stt_conf stt = {.engine = conf->stt, .language = conf->language, .rate_hz = CW_RATE_HZ};

		err = cw_stt_open(l, w, &stt, &stt_events, l, &l->stt, why);
		if (err)
			return err;
	}
	l->conf.stt = l->conf.language = NULL; /* theirs */
	*ret = talloc_move(parent, &l);
	return 0;
}
