#include <errno.h>
#include <string.h>

#include "base/rng.h"
#include "speech/confuse.h"
#include "speech/drivers.h"
#include "speech/modem.h"
#include "speech/spec.h"
#include "world/world.h"

#define SIM_COST_US 60000
#define TEXT_MAX    4096 /* of a segment; words beyond it are dropped */

/*
 * Demodulation happens in feed(), on the lane: a frame costs less than handing it over would. Handlers run from a timer or a
 * finished job, never inside feed().
 */
struct stream {
	struct cw_stt stt;
	struct cw_world *world;
	struct cw_stt_events ev;
	void *arg;
	struct cw_rng rng;
	double wer;
	struct cw_modem_rx rx;
	struct cw_timer partial_timer, final_timer;
	struct cw_work *final_work;
	bool listening; /* between begin and finish */
	bool in_word;   /* `word` waits for its continuation */
	uint32_t ok_before, bad_before;
	size_t word_len, len;
	char word[512];
	char text[TEXT_MAX];
};

static void append(struct stream *s, struct cw_str word)
{
	size_t blank = s->len > 0;

	if (!word.len || s->len + blank + word.len >= sizeof(s->text))
		return;
	if (blank)
		s->text[s->len++] = ' ';
	memcpy(s->text + s->len, word.p, word.len);
	s->len += word.len;
	s->text[s->len] = 0;
}

static void on_partial(void *arg)
{
	struct stream *s = arg;
	char text[TEXT_MAX];

	memcpy(text, s->text, s->len + 1);
	s->ev.partial(text, s->arg);
}

static void on_packet(struct cw_str part, bool continues, void *arg)
{
	struct stream *s = arg;
	char misheard[sizeof(s->word) + CW_CONFUSE_ROOM];

	if (s->word_len + part.len < sizeof(s->word)) {
		memcpy(s->word + s->word_len, part.p, part.len);
		s->word_len += part.len;
	}
	s->in_word = continues;
	if (continues)
		return;
	struct cw_str word = {s->word, s->word_len};

	s->word_len = 0;
	if (s->wer > 0)
		word = cw_confuse(&s->rng, s->wer, word, misheard, sizeof(misheard));
	append(s, word);
	if (s->ev.partial && !cw_timer_active(&s->partial_timer))
		cw_timer_start(&s->partial_timer, 0, on_partial, s);
}

static void stream_cancel(struct cw_stt *stt)
{
	struct stream *s = (struct stream *)stt;

	s->listening = false;
	cw_timer_stop(&s->partial_timer);
	cw_timer_stop(&s->final_timer);
	talloc_free(s->final_work);
	s->final_work = NULL;
}

static void stream_begin(struct cw_stt *stt)
{
	struct stream *s = (struct stream *)stt;

	stream_cancel(stt);
	cw_modem_rx_reset(&s->rx);
	s->ok_before = s->rx.words_ok;
	s->bad_before = s->rx.words_bad;
	s->len = s->word_len = 0;
	s->text[0] = 0;
	s->listening = true;
}

static void stream_feed(struct cw_stt *stt, const int16_t *pcm, size_t n)
{
	struct stream *s = (struct stream *)stt;

	if (s->listening)
		cw_modem_rx_feed(&s->rx, pcm, n);
}

/* Share of the words begun that arrived whole, and as much less sure as errors are injected. */
static double confidence(const struct stream *s)
{
	uint32_t ok = s->rx.words_ok - s->ok_before, bad = s->rx.words_bad - s->bad_before;

	return ok + bad ? (double)ok / (ok + bad) * (1 - s->wer) : 0;
}

static void on_final(void *arg)
{
	struct stream *s = arg;
	char text[TEXT_MAX];

	s->final_work = NULL;
	memcpy(text, s->text, s->len + 1);
	s->ev.final(text, confidence(s), s->arg);
}

static void nothing_to_prepare(void *arg)
{
	(void)arg;
}

static void on_no_memory(void *arg)
{
	struct stream *s = arg;

	s->ev.failed(ENOMEM, "no memory for the final result", s->arg);
}

static void stream_finish(struct cw_stt *stt)
{
	struct stream *s = (struct stream *)stt;

	if (!s->listening)
		return;
	stream_cancel(stt);
	if (!cw_world_is_sim(s->world)) {
		cw_timer_start(&s->final_timer, 0, on_final, s);
		return;
	}
	struct cw_job job = {.run = nothing_to_prepare,
		.done = on_final,
		.arg = s,
		.sim_cost_us = SIM_COST_US,
		.label = "stt.modem"};

	if (cw_work(s, s->world, &job, &s->final_work))
		cw_timer_start(&s->final_timer, 0, on_no_memory, s);
}

static int stream_destroy(struct stream *s)
{
	cw_timer_stop(&s->partial_timer);
	cw_timer_stop(&s->final_timer);
	return 0;
}

static int stream_open(void *parent, struct cw_world *w, const struct cw_stt_conf *conf, const struct cw_stt_events *ev,
	void *arg, struct cw_stt **ret, struct cw_why *why)
{
	static const char *const keys[] = {"wer", NULL};
	double wer = 0;
	int err = cw_spec_check(conf->engine, keys, why);

	if (!err)
		err = cw_spec_number(cw_spec_options(conf->engine), "wer", 0, 1, &wer, why);
	if (!err && conf->rate_hz != 8000)
		err = cw_why_set(
			why, EINVAL, "recogniser 'modem': sample rate %u, only 8000 is possible", conf->rate_hz);
	if (err)
		return err;

	struct stream *s = talloc_zero(parent, struct stream);

	if (!s)
		return ENOMEM;
	s->stt.driver = &cw_stt_modem;
	s->world = w;
	s->ev = *ev;
	s->arg = arg;
	s->wer = wer;
	if (wer > 0)
		cw_rng_fork(cw_rng(w), "stt.modem", &s->rng);
	cw_modem_rx_init(&s->rx, on_packet, s);
	cw_timer_init(&s->partial_timer, w);
	cw_timer_init(&s->final_timer, w);
	talloc_set_destructor(s, stream_destroy);
	*ret = &s->stt;
	return 0;
}

const struct cw_stt_driver cw_stt_modem = {
	.name = "modem",
	.about = "hears the voice 'modem' exactly, or with injected word errors (option: wer=0…1)",
	.open = stream_open,
	.begin = stream_begin,
	.feed = stream_feed,
	.finish = stream_finish,
	.cancel = stream_cancel,
};
