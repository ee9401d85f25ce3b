/* The audio profiles by name. */
#include "audio/effect.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const struct profile {
	const char *name;
	struct cw_effect_conf conf;
} profiles[] = {
	{"clean", {.gain_db = 0}},
	{"pstn_g711", {.band_low_hz = 300, .band_high_hz = 3400, .noise = "white", .snr_db = 38}},
	{"mobile_lossy", {.band_low_hz = 200,
				 .band_high_hz = 3400,
				 .noise = "white",
				 .snr_db = 30,
				 .loss_p = 0.02f,
				 .loss_r = 0.4f}},
	{"voip_jitter", {.jitter_ms = 30, .loss_p = 0.003f, .loss_r = 0.7f}},
	{"cafe", {.band_low_hz = 200, .band_high_hz = 3400, .noise = "babble", .snr_db = 12}},
	{"street", {.band_low_hz = 200,
			   .band_high_hz = 3400,
			   .noise = "traffic",
			   .snr_db = 10,
			   .loss_p = 0.003f,
			   .loss_r = 0.5f}},
	{"car", {.band_low_hz = 150,
			.band_high_hz = 3400,
			.noise = "car",
			.snr_db = 8,
			.loss_p = 0.005f,
			.loss_r = 0.5f}},
	{"speakerphone", {.gain_db = -6,
				 .band_low_hz = 300,
				 .band_high_hz = 3200,
				 .noise = "pink",
				 .snr_db = 22,
				 .echo_ms = 32,
				 .echo_db = 7}},
	{"echo", {.band_low_hz = 200, .band_high_hz = 3400, .echo_ms = 180, .echo_db = 14}},
	{"hot_mic", {.gain_db = 18, .band_low_hz = 200, .band_high_hz = 3400, .clip_db = 1}},
	{"quiet", {.gain_db = -18, .band_low_hz = 300, .band_high_hz = 3400, .noise = "white", .snr_db = 22}},
	{"fast", {.speed = 1.25f}},
	{"slow", {.speed = 0.8f}},
};

const char *const *cw_profile_names(void)
{
	static const char *const names[] = {"clean", "pstn_g711", "mobile_lossy", "voip_jitter", "cafe", "street",
		"car", "speakerphone", "echo", "hot_mic", "quiet", "fast", "slow", NULL};

	_Static_assert(CW_COUNT(names) == CW_COUNT(profiles) + 1, "each profile has its name in both lists");
	return names;
}

int cw_profile_find(const char *name, struct cw_effect_conf *ret, struct cw_why *why)
{
	const char *near;

	for (size_t i = 0; i < CW_COUNT(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0) {
			*ret = profiles[i].conf;
			return 0;
		}
	near = cw_str_nearest(cw_str(name), cw_profile_names(), CW_COUNT(profiles));
	if (near)
		return cw_why_set(why, ENOENT, "unknown audio profile '%s', did you mean '%s'?", name, near);
	return cw_why_set(why, ENOENT,
		"unknown audio profile '%s' (known are clean, pstn_g711, mobile_lossy, voip_jitter, cafe, street, "
		"car, speakerphone, echo, hot_mic, quiet, fast, slow)",
		name);
}
