#include "speech/stt.h"

#include <errno.h>

#include "speech/drivers.h"
#include "speech/journal.h"
#include "speech/spec.h"
#include "speech/speech.h"
#include "speech/sphinx.h"
#include "world/journal.h"

static const struct cw_stt_driver *const drivers[] = {&cw_stt_pocketsphinx, &cw_stt_modem, &cw_stt_deepgram, NULL};

const struct cw_stt_driver *const *cw_stt_drivers(void)
{
	return drivers;
}

int cw_stt_open(void *parent, struct cw_world *w, const struct cw_stt_conf *conf, const struct cw_stt_events *ev,
	void *arg, struct cw_stt **ret, struct cw_why *why)
{
	const char *names[CW_COUNT(drivers)];
	size_t n = 0;

	if (cw_journal_of(w))
		return cw_stt_journal_open(parent, cw_journal_of(w), conf, ev, arg, ret, why);
	for (; drivers[n]; n++) {
		if (cw_str_eq(cw_spec_engine(conf->engine), drivers[n]->name))
			return drivers[n]->open(parent, w, conf, ev, arg, ret, why);
		names[n] = drivers[n]->name;
	}
	const char *near = cw_str_nearest(cw_spec_engine(conf->engine), names, n);

	return cw_why_set(why, ENOENT, "unknown recogniser '%s'%s%s%s; known: pocketsphinx, modem, deepgram:MODEL",
		conf->engine, near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

void cw_stt_expect(struct cw_stt *s, const struct cw_hints *hints)
{
	if (s->driver->expect)
		s->driver->expect(s, hints);
}

void cw_stt_begin(struct cw_stt *s)
{
	s->driver->begin(s);
}

void cw_stt_feed(struct cw_stt *s, const int16_t *pcm, size_t n)
{
	s->driver->feed(s, pcm, n);
}

void cw_stt_finish(struct cw_stt *s)
{
	s->driver->finish(s);
}

void cw_stt_cancel(struct cw_stt *s)
{
	s->driver->cancel(s);
}

void cw_stt_usage(const struct cw_stt *s, struct cw_stt_usage *ret)
{
	*ret = (struct cw_stt_usage){0};
	if (s->driver->usage)
		s->driver->usage(s, ret);
}

void cw_speech_release(void)
{
	cw_sphinx_release();
}
