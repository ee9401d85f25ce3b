#include "speech/tts.h"

#include <errno.h>
#include <string.h>

#include "speech/drivers.h"
#include "speech/journal.h"
#include "speech/spec.h"
#include "world/journal.h"

#define TEXT_MAX 4000

static const struct cw_tts_driver *const drivers[] = {
	&cw_tts_flite, &cw_tts_espeak, &cw_tts_modem, &cw_tts_deepgram, NULL};

const struct cw_tts_driver *const *cw_tts_drivers(void)
{
	return drivers;
}

int cw_tts_open(
	void *parent, struct cw_world *w, const struct cw_tts_conf *conf, struct cw_tts **ret, struct cw_why *why)
{
	const char *names[CW_COUNT(drivers)];
	size_t n = 0;

	if (cw_journal_of(w))
		return cw_tts_journal_open(parent, cw_journal_of(w), conf, ret, why);
	for (; drivers[n]; n++) {
		if (cw_str_eq(cw_spec_engine(conf->voice), drivers[n]->name))
			return drivers[n]->open(parent, w, conf, ret, why);
		names[n] = drivers[n]->name;
	}
	const char *near = cw_str_nearest(cw_spec_engine(conf->voice), names, n);

	return cw_why_set(why, ENOENT,
		"unknown voice '%s'%s%s%s; known engines: flite:NAME, espeak:NAME, modem, deepgram:MODEL", conf->voice,
		near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int cw_tts_say(void *parent, struct cw_tts *t, const char *text, const struct cw_tts_events *ev, void *arg,
	struct cw_tts_job **ret)
{
	if (strlen(text) > TEXT_MAX)
		return EMSGSIZE;
	return t->driver->say(parent, t, text, ev, arg, ret);
}

void cw_tts_usage(const struct cw_tts *t, struct cw_tts_usage *ret)
{
	*ret = (struct cw_tts_usage){0};
	if (t->driver->usage)
		t->driver->usage(t, ret);
}
