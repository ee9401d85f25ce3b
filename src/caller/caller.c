#include "caller/caller.h"

#include <errno.h>

#include "base/mem.h"
#include "call/party.h"
#include "caller/backdrop.h"
#include "world/world.h"

struct cw_caller {
	struct cw_script_run *run;
	struct cw_party *party;
	struct cw_effects *effects;
	struct cw_backdrop *backdrop;
};

static struct cw_party_conf party_conf(const struct cw_caller *c, const struct cw_caller_conf *conf)
{
	return (struct cw_party_conf){
		.side = CW_SIDE_CALLER,
		.listener = {.stt = conf->ear, .language = conf->language, .vad = cw_vad_defaults},
		.speaker = {.voice = conf->voice,
			.language = conf->language,
			.speed = conf->speed,
			.effects = c->effects,
			.mix = cw_backdrop_mix,
			.mix_arg = c->backdrop},
		.idle_us = UINT64_MAX, /* the script has a patience of its own */
		.timeline = conf->timeline,
		.timeline_ear = true,
		.epoch_us = conf->epoch_us,
		.recorder = conf->recorder,
		.tap = cw_backdrop_hear,
		.tap_arg = c->backdrop,
	};
}

int cw_caller_open(void *parent, struct cw_world *w, const struct cw_caller_conf *conf, struct cw_line *line,
	struct cw_caller **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_caller *c = talloc_zero(NULL, struct cw_caller);
	int err;

	if (!c)
		return ENOMEM;
	if (conf->channel) {
		err = cw_effects_new(c, conf->channel, cw_rng(w), &c->effects);
		if (err)
			return cw_why_set(why, err, "the line conditions cannot be set up");
	}

	err = cw_backdrop_new(c, &c->backdrop);
	if (err)
		return err;

	const struct cw_script_conf sc = {
		.script = conf->script, .language = conf->language, .seed = conf->seed, .backdrop = c->backdrop};

	err = cw_script_new(c, w, &sc, &c->run);
	if (err)
		return err;

	struct cw_party_conf pc = party_conf(c, conf);

	err = cw_party_new(c, w, &pc, line, &cw_script_mind, c->run, &c->party, why);
	if (err)
		return err;
	cw_script_bind(c->run, c->party);
	cw_script_on_closed(c->run, conf->closed, conf->arg);
	if (conf->hints)
		cw_party_expect(c->party, CW_AWAIT_ANYTHING, conf->hints);
	*ret = talloc_move(parent, &c);
	return 0;
}

const struct cw_script_result *cw_caller_result(const struct cw_caller *c)
{
	return cw_script_result(c->run);
}

uint64_t cw_caller_lost(const struct cw_caller *c)
{
	return c->effects ? cw_effects_lost(c->effects) : 0;
}

void cw_caller_drop(struct cw_caller *c, const char *reason)
{
	cw_party_drop(c->party, reason);
}
