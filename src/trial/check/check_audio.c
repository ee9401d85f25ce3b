/* Assertions on how the recording sounds and what the line did to it. */
#include <errno.h>
#include <string.h>

#include "trial/check/check_int.h"

static const char *const sound_keys[] = {"max", "min", "of", NULL};
static const char *const line_keys[] = {"max", "min", NULL};

static const struct {
	const char *name, *unit;
	enum cw_quality_of of;
} sounds[] = {
	{"loudness", " LUFS", CW_QUALITY_LOUDNESS_LUFS},
	{"clipping", "", CW_QUALITY_CLIPPING},
	{"dropouts", "", CW_QUALITY_DROPOUTS},
	{"snr", " dB", CW_QUALITY_SNR_DB},
};

static int run_sound(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	bool caller = !strcmp(cw_json_str(a->conf, "of", "agent"), "caller");
	size_t i = 0;

	while (strcmp(sounds[i].name, a->kind->name))
		CW_ASSERT(++i < CW_COUNT(sounds)); /* every name of the table is listed above */
	c->decided_by = "samples";
	if (caller)
		c->stage = "line"; /* our own clean voice went in */
	return cw_check_by_value(parent, a,
		cw_measure_quality(v, caller ? CW_SIDE_CALLER : CW_SIDE_AGENT, sounds[i].of), sounds[i].unit, c);
}

static int run_line(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	struct cw_value x = !strcmp(a->kind->name, "mos_e")  ? cw_measure_mos_e(v)
			    : !strcmp(a->kind->name, "loss") ? cw_measure_loss(v)
							     : cw_measure_jitter_ms(v);

	c->decided_by = "line";
	return cw_check_by_value(parent, a, x, strcmp(a->kind->name, "jitter_ms") ? "" : " ms", c);
}

static int validate_sound(const json_t *conf, struct cw_why *why)
{
	static const char *const sides[] = {"agent", "caller", NULL};
	int err = cw_check_needs_limits(conf, why);

	return err ? err : cw_check_one_of(conf, "of", sides, why);
}

#define SOUND(name, about)                                                                                            \
	{                                                                                                             \
		name, about, CW_CHECK_CALL_ONLY, sound_keys, validate_sound, run_sound, NULL, CW_NEEDS_VOICE, "mouth" \
	}
#define LINE(name, about)                                                                                          \
	{                                                                                                          \
		name, about, CW_CHECK_CALL_ONLY, line_keys, cw_check_needs_limits, run_line, NULL, CW_NEEDS_VOICE, \
			"line"                                                                                     \
	}

const struct cw_check_kind cw_checks_audio[] = {
	SOUND("loudness",
		"integrated loudness of the agent's recording, LUFS (`of: caller`: of what the line made of ours)"),
	SOUND("clipping", "share of its samples in flattened peaks, 0 to 1"),
	SOUND("dropouts", "holes torn into its speech: how many"),
	SOUND("snr", "its speech above its noise, dB"),
	LINE("mos_e", "opinion score (1 to 4.5) of the line by the E-model, from loss, delay and codec"),
	LINE("loss", "share of the caller's frames lost or late on the line, 0 to 1"),
	LINE("jitter_ms", "deviation of their delay"),
	{0},
};
