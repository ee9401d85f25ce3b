/*
 * stt: word error rates of the recogniser over voices and models, and how often it takes noise for an answer
 *
 * Twenty sentences of service calls are spoken by each voice, pass 8 kHz mu-law, and are recognised segment by segment as in a
 * call, in virtual time. Printed: word errors in per cent per voice and model, and processor time per second of audio.
 * --quick: three voices, no stock model. --voice NAME: only this one. --verbose: every sentence which was misheard.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audio/g711.h"
#include "base/mem.h"
#include "base/norm.h"
#include "speech/speech.h"
#include "speech/stt.h"
#include "speech/tts.h"
#include "world/sim.h"

#define LEAD  1600 /* samples of silence before and behind the words */
#define TRAIL 2400
#define SURE  0.4 /* confidence from which on an answer would be believed */

static const char *const sentences[] = {
	"My furnace stopped working last night.",
	"The air conditioner is blowing warm air.",
	"I would like to schedule a repair for tomorrow morning.",
	"My name is Peter Hudson.",
	"My phone number is 415-555-0134.",
	"The address is 42 Maple Street.",
	"Can somebody come on Tuesday at 9:30?",
	"The thermostat shows an error code.",
	"There is water leaking from the unit.",
	"I smell gas in the basement.",
	"Yes, that is correct.",
	"No, I said Thursday, not Tuesday.",
	"Do you have anything in the afternoon?",
	"How much does a service call cost?",
	"It makes a loud rattling noise when it starts.",
	"The heater turns on, but the house stays cold.",
	"Please cancel my appointment for Friday.",
	"I want to talk to a real person.",
	"Two o'clock works for me.",
	"Thank you very much, goodbye.",
};
static const char *const slotted[] = {
	"my furnace stopped working last night",
	"the air conditioner is blowing warm air",
	"i would like to schedule a repair for {date}",
	"my name is {name}",
	"my phone number is {digits}",
	"the address is {number} {street}",
	"can somebody come on {date} at {time}",
	"the thermostat shows an error code",
	"there is water leaking from the unit",
	"i smell gas in the basement",
	"{yesno}",
	"no i said {date} not {date}",
	"do you have anything in the afternoon",
	"how much does a service call cost",
	"it makes a loud rattling noise when it starts",
	"the heater turns on but the house stays cold",
	"please cancel my appointment for {date}",
	"i want to talk to a real person",
	"{time} works for me",
	"thank you very much goodbye",
};
static const char *const names[] = {"Peter Hudson", "Mary Smith", "John Baker", "Alice Cooper", "Robert Miller",
	"Linda Gray", "David Wilson", "Susan Clark", "Tom Fisher", "Emma Stone", "Jack Turner", "Kate Russell"};
static const char *const streets[] = {"Maple Street", "Oak Avenue", "Main Street", "Cedar Lane", "Lake Road",
	"Elm Street", "Park Avenue", "River Road"};
static const struct cw_hint_class classes[] = {
	{"name", names, CW_COUNT(names)}, {"street", streets, CW_COUNT(streets)}};

/* A state which waits for yes or no; what belongs there, and what does not (words partly outside of the background as well). */
static const char *const confirm[] = {"{yesno}", "i want to talk to a person"};
static const char *const answers[] = {"Yes.", "Yes, please.", "No.", "That's right.", "No, that's wrong.",
	"Yes, that is correct.", "No thank you.", "I want to talk to a person."};
static const char *const strays[] = {"My neighbor bought a purple elephant.", "Seven pelicans flew over the harbor.",
	"Could you pass the mustard?", "We painted the fence last summer.", "The orchestra tuned their instruments.",
	"Grandfather collects antique bicycles.", "It rained on the picnic blanket.",
	"Somebody parked in front of the bakery.", "The kitten climbed up the curtain.",
	"Turn left at the second traffic light."};

static const char *const voices[] = {"flite:rms", "flite:awb", "flite:kal16", "flite:slt", "espeak:en-us"};

struct model {
	const char *title, *engine;
	struct cw_hints hints;
};

static const struct model models[] = {
	{"stock", "pocketsphinx:model=stock", {0}},
	{"domain", "pocketsphinx", {0}},
	{"phrases", "pocketsphinx", {sentences, CW_COUNT(sentences), NULL, 0, 0}},
	{"JSGF", "pocketsphinx:model=strict", {sentences, CW_COUNT(sentences), NULL, 0, 0}},
	{"slots", "pocketsphinx", {slotted, CW_COUNT(slotted), classes, CW_COUNT(classes), 0}},
	{"JSGF slots", "pocketsphinx:model=strict", {slotted, CW_COUNT(slotted), classes, CW_COUNT(classes), 0}},
};

struct clip {
	int16_t *pcm;
	size_t n;
	int err;
};

struct heard {
	char text[1024];
	double confidence;
	bool done;
};

static bool verbose;
static const char *only; /* voice */

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- speaking ---- */

static void on_audio(const int16_t *pcm, size_t n, void *arg)
{
	struct clip *c = arg;
	int16_t *grown = talloc_realloc(talloc_parent(c), c->pcm, int16_t, c->n + n + TRAIL);

	if (!grown) {
		c->err = ENOMEM;
		return;
	}
	c->pcm = grown;
	for (size_t i = 0; i < n; i++) {
		uint8_t u;

		cw_ulaw_encode(&pcm[i], &u, 1);
		cw_ulaw_decode(&u, &c->pcm[c->n++], 1);
	}
}

static void on_spoken(int err, const char *reason, void *arg)
{
	(void)reason;
	((struct clip *)arg)->err = err;
}

static int speak(void *parent, struct cw_world *w, const char *voice, const char *text, struct clip **ret)
{
	static const struct cw_tts_events ev = {.audio = on_audio, .done = on_spoken};
	struct clip *c = talloc_zero(parent, struct clip);
	struct cw_tts *tts;
	struct cw_tts_job *job;
	struct cw_why why = {0};
	int err = cw_tts_open(parent, w, &(struct cw_tts_conf){.voice = voice, .language = "en-US"}, &tts, &why);

	if (err) {
		fprintf(stderr, "%s\n", why.text);
		return err;
	}
	c->n = LEAD;
	c->pcm = talloc_zero_array(parent, int16_t, LEAD + TRAIL);
	c->err = -1;
	err = cw_tts_say(parent, tts, text, &ev, c, &job);
	if (err)
		return err;
	cw_sim_run(w, cw_now(w) + 60000000);
	if (c->err)
		return EIO;
	memset(c->pcm + c->n, 0, TRAIL * sizeof(*c->pcm));
	c->n += TRAIL;
	*ret = c;
	return 0;
}

/* ---- hearing ---- */

static void on_final(const char *text, double confidence, void *arg)
{
	struct heard *h = arg;

	(void)snprintf(h->text, sizeof(h->text), "%s", text);
	h->confidence = confidence;
	h->done = true;
}

static void on_failed(int err, const char *reason, void *arg)
{
	(void)err;
	(void)arg;
	fprintf(stderr, "recogniser: %s\n", reason);
}

static const struct cw_stt_events stt_events = {.final = on_final, .failed = on_failed};

static int listen_open(void *parent, struct cw_world *w, const struct model *m, struct heard *h, struct cw_stt **ret)
{
	struct cw_why why = {0};
	int err = cw_stt_open(
		parent, w, &(struct cw_stt_conf){m->engine, "en-US", CW_RATE_HZ}, &stt_events, h, ret, &why);

	if (err) {
		fprintf(stderr, "%s\n", why.text);
		return err;
	}
	if (m->hints.n_phrases)
		cw_stt_expect(*ret, cw_hints_new(parent, &m->hints));
	cw_sim_run(w, cw_now(w) + 1000000);
	return 0;
}

static void hear(struct cw_world *w, struct cw_stt *stt, const int16_t *pcm, size_t n, struct heard *h)
{
	h->done = false;
	h->text[0] = 0;
	cw_stt_begin(stt);
	for (size_t at = 0; at < n; at += CW_FRAME_SAMPLES) {
		cw_stt_feed(stt, pcm + at, n - at < CW_FRAME_SAMPLES ? n - at : CW_FRAME_SAMPLES);
		cw_sim_run(w, cw_now(w) + 20000);
	}
	cw_stt_finish(stt);
	cw_sim_run(w, cw_now(w) + 5000000);
}

/* ---- the table ---- */

struct cell {
	size_t errors, words;
	double cpu_s, audio_s;
};

static int measure(struct cw_world *w, struct clip *const *clips, const struct model *m, struct cell *cell)
{
	void *scratch = talloc_new(NULL);
	struct heard h = {0};
	struct cw_stt *stt;
	int err = listen_open(scratch, w, m, &h, &stt);
	double start = cpu_s();

	for (size_t i = 0; !err && i < CW_COUNT(sentences); i++) {
		size_t words, errors;

		hear(w, stt, clips[i]->pcm, clips[i]->n, &h);
		errors = cw_norm_word_errors(cw_str(sentences[i]), cw_str(h.text), &words);
		cell->errors += errors;
		cell->words += words;
		cell->audio_s += (double)clips[i]->n / CW_RATE_HZ;
		if (errors && verbose)
			printf("    %s: \"%s\" heard as \"%s\" (%.2f)\n", m->title, sentences[i], h.text, h.confidence);
	}
	cell->cpu_s += cpu_s() - start;
	talloc_free(scratch);
	return err;
}

static int table(void *root, struct cw_world *w, bool quick)
{
	struct cell sums[CW_COUNT(models)] = {{0}};
	struct clip *clips[CW_COUNT(sentences)];
	int err = 0;

	printf("Word errors in %%, %zu sentences of service calls, 8 kHz mu-law\n%-14s", CW_COUNT(sentences), "voice");
	for (size_t m = quick; m < CW_COUNT(models); m++)
		printf("%12s", models[m].title);
	printf("\n");
	for (size_t v = quick ? 2 : 0; !err && v < CW_COUNT(voices); v++) {
		if (only && strcmp(only, voices[v]))
			continue;
		for (size_t i = 0; !err && i < CW_COUNT(sentences); i++)
			err = speak(root, w, voices[v], sentences[i], &clips[i]);
		printf("%-14s", voices[v]);
		for (size_t m = quick; !err && m < CW_COUNT(models); m++) {
			struct cell c = {0};

			err = measure(w, clips, &models[m], &c);
			printf("%12.1f", 100.0 * (double)c.errors / (double)(c.words ? c.words : 1));
			fflush(stdout);
			sums[m].cpu_s += c.cpu_s;
			sums[m].audio_s += c.audio_s;
		}
		printf("\n");
	}
	printf("%-14s", "of real time");
	for (size_t m = quick; m < CW_COUNT(models); m++)
		printf("%12.3f", sums[m].audio_s > 0 ? sums[m].cpu_s / sums[m].audio_s : 0);
	printf("\n\n");
	return err;
}

/* ---- rejection: is something which is no answer taken for one? ---- */

static bool is_answer(const char *text)
{
	static const char *const told[] = {
		"yes", "yeah", "yep", "no", "nope", "right", "correct", "sure", "okay", "wrong", "person"};
	struct cw_str rest = cw_str(text), word;

	while (rest.len && cw_str_split(&rest, ' ', &word))
		for (size_t i = 0; i < CW_COUNT(told); i++)
			if (cw_str_eq(word, told[i]))
				return true;
	return false;
}

static void noise(int16_t *pcm, size_t n, unsigned kind, struct cw_rng *rng)
{
	double pink = 0;

	for (size_t i = 0; i < n; i++) {
		double white = cw_rng_normal(rng), burst = kind == 2 ? fmax(0, sin((double)i / 900.0)) : 1;

		pink = 0.95 * pink + white;
		pcm[i] = (int16_t)(burst * (kind == 0 ? 1500 * white : 700 * pink));
	}
}

static void tell(const char *what, const char *said, const struct heard *h)
{
	if (verbose)
		printf("    %s \"%s\" heard as \"%s\" (%.2f)\n", what, said, h->text, h->confidence);
}

static int rejection(void *root, struct cw_world *w, const char *engine)
{
	const struct model m = {engine, engine, {confirm, CW_COUNT(confirm), NULL, 0, 0}};
	unsigned good = 0, n_good = 0, bad = 0, n_bad = 0, bad_noise = 0, n_noise = 0;
	struct heard h = {0};
	struct cw_stt *stt;
	struct clip *c;
	struct cw_rng rng;
	static int16_t pcm[2 * CW_RATE_HZ];
	int err = listen_open(root, w, &m, &h, &stt);

	for (size_t v = 0; !err && v < CW_COUNT(voices); v++) {
		if (only && strcmp(only, voices[v]))
			continue;
		for (size_t i = 0; !err && i < CW_COUNT(answers); i++, n_good++) {
			err = speak(root, w, voices[v], answers[i], &c);
			if (!err)
				hear(w, stt, c->pcm, c->n, &h);
			good += is_answer(h.text) && h.confidence >= SURE;
			tell("answer", answers[i], &h);
		}
		for (size_t i = 0; !err && i < CW_COUNT(strays); i++, n_bad++) {
			err = speak(root, w, voices[v], strays[i], &c);
			if (!err)
				hear(w, stt, c->pcm, c->n, &h);
			bad += is_answer(h.text) && h.confidence >= SURE;
			tell("stray", strays[i], &h);
		}
	}
	cw_rng_init(&rng, 4);
	for (unsigned i = 0; !err && i < 30; i++, n_noise++) {
		noise(pcm, CW_COUNT(pcm), i % 3, &rng);
		hear(w, stt, pcm, CW_COUNT(pcm), &h);
		bad_noise += is_answer(h.text) && h.confidence >= SURE;
		tell("noise", "", &h);
	}
	printf("%-28s%8u of %u%14u of %u%14u of %u\n", engine, good, n_good, bad, n_bad, bad_noise, n_noise);
	return err;
}

int main(int argc, char **argv)
{
	bool quick = false;
	void *root = talloc_new(NULL);
	struct cw_world *w;

	for (int i = 1; i < argc; i++) {
		quick = quick || !strcmp(argv[i], "--quick");
		verbose = verbose || !strcmp(argv[i], "--verbose");
		only = i + 1 < argc && !strcmp(argv[i], "--voice") ? argv[i + 1] : only;
	}
	int err = root ? cw_sim_new(root, &(struct cw_sim_conf){.seed = 1}, &w) : ENOMEM;

	if (!err)
		err = table(root, w, quick);
	if (!err)
		printf("A yes/no question: taken for an answer with confidence >= %.2f\n%-28s%13s%19s%17s\n", SURE,
			"recogniser", "answers", "other speech", "noise");
	if (!err)
		err = rejection(root, w, "pocketsphinx");
	if (!err && !quick)
		err = rejection(root, w, "pocketsphinx:model=strict");
	talloc_free(root);
	cw_speech_release();
	if (err)
		fprintf(stderr, "stt: %s\n", strerror(err));
	return err ? 1 : 0;
}
