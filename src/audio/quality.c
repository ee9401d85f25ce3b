#include "audio/quality.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "audio/measure.h"
#include "audio/quality_int.h"
#include "base/mem.h"

static const char *const names[] = {"duration_s", "speech_s", "silence_ratio", "speech_dbov", "noise_dbov", "snr_db",
	"wada_snr_db", "peak_dbov", "clipping", "dropouts", "dropout_ratio", "clicks", "loudness_lufs", "band_low_hz",
	"band_high_hz", "dc", "clarity", NULL};

static const char *const abouts[] = {
	"length",
	"frames with speech",
	"share of the time without speech",
	"mean power while somebody speaks, less the noise, dBov",
	"mean power between words, dBov",
	"speech to noise, dB, -20 … 60 (or beyond)",
	"the same from the distribution of amplitudes (Kim and Stern 2008), dB",
	"loudest sample, dBov",
	"share of the samples in flattened peaks",
	"holes, frozen and faded repeats inside speech",
	"their share of the speech",
	"single samples that stand out",
	"EBU R 128 integrated loudness, LUFS",
	"lower edge of the band, Hz",
	"upper edge of the band, Hz",
	"mean, 1 = full scale",
	"speech-to-reverberation modulation energy ratio (after Falk 2010)",
};

_Static_assert(CW_COUNT(names) == CW_QUALITY_COUNT + 1 && CW_COUNT(abouts) == CW_QUALITY_COUNT, "one of each");

const char *cw_quality_name(enum cw_quality_of of)
{
	return names[of];
}

const char *cw_quality_about(enum cw_quality_of of)
{
	return abouts[of];
}

const char *const *cw_quality_names(void)
{
	return names;
}

bool cw_quality_by_name(const char *name, enum cw_quality_of *ret)
{
	for (size_t i = 0; i < CW_QUALITY_COUNT; i++)
		if (strcmp(names[i], name) == 0) {
			*ret = (enum cw_quality_of)i;
			return true;
		}
	return false;
}

static struct cw_quality_value number(double v, const char *reason)
{
	return isnan(v) ? cw_absent(reason) : cw_known(v);
}

/* Speech and the noise under it. */
static int set_levels(struct cw_quality *q, const int16_t *pcm, size_t n, unsigned rate_hz, const struct cw_measures *m)
{
	const char *none = "no speech";
	struct cw_snr snr;
	double speech;
	int err;

	q->of[CW_QUALITY_SPEECH_S] = number(m->seconds * m->speech_ratio, "shorter than a frame of 20 ms");
	q->of[CW_QUALITY_SILENCE_RATIO] = number(1 - m->speech_ratio, "shorter than a frame of 20 ms");
	if (isnan(m->speech_dbov)) {
		q->of[CW_QUALITY_SPEECH_DBOV] = q->of[CW_QUALITY_SNR_DB] = q->of[CW_QUALITY_WADA_SNR_DB] =
			cw_absent(none);
		q->of[CW_QUALITY_NOISE_DBOV] = number(m->noise_dbov, "digital silence");
		return 0;
	}
	err = cw_snr_measure(pcm, n, rate_hz, &snr);
	if (err)
		return err;
	q->of[CW_QUALITY_SNR_DB] = snr.snr_db;
	q->of[CW_QUALITY_WADA_SNR_DB] = snr.wada_db;
	q->of[CW_QUALITY_NOISE_DBOV] = snr.noise_dbov;
	speech = pow(10, m->speech_dbov / 10) - (snr.noise_dbov.known ? pow(10, snr.noise_dbov.v / 10) : 0);
	q->of[CW_QUALITY_SPEECH_DBOV] = speech > 0 ? cw_known(10 * log10(speech)) : cw_absent("drowned in noise");
	return 0;
}

static int set_rest(struct cw_quality *q, const int16_t *pcm, size_t n, unsigned rate_hz, const struct cw_measures *m)
{
	double speech_s = q->of[CW_QUALITY_SPEECH_S].known ? q->of[CW_QUALITY_SPEECH_S].v : 0;
	struct cw_faults f;
	int err = cw_faults_find(pcm, n, rate_hz, &f);

	if (err)
		return err;
	q->of[CW_QUALITY_CLIPPING] = n ? cw_known(f.clipping) : cw_absent("no samples");
	q->of[CW_QUALITY_DROPOUTS] = n ? cw_known(f.dropouts) : cw_absent("no samples");
	q->of[CW_QUALITY_CLICKS] = n ? cw_known(f.clicks) : cw_absent("no samples");
	q->of[CW_QUALITY_DROPOUT_RATIO] =
		speech_s > 0 ? cw_known(fmin(1, f.dropped_s / speech_s)) : cw_absent("no speech");
	q->of[CW_QUALITY_PEAK_DBOV] = number(m->peak_dbov, "digital silence");
	q->of[CW_QUALITY_LOUDNESS_LUFS] = number(m->loudness_lufs, "below -70 LUFS or shorter than 0.4 s");
	q->of[CW_QUALITY_BAND_LOW_HZ] = number(m->band_low_hz, "silence");
	q->of[CW_QUALITY_DC] = number(m->dc, "no samples");
	err = cw_band_edge(pcm, n, rate_hz, &q->of[CW_QUALITY_BAND_HIGH_HZ]);
	if (err)
		return err;
	q->of[CW_QUALITY_CLARITY] = cw_absent("no speech");
	return speech_s > 0 ? cw_clarity_measure(pcm, n, rate_hz, &q->of[CW_QUALITY_CLARITY]) : 0;
}

int cw_quality_measure(const int16_t *pcm, size_t n, unsigned rate_hz, struct cw_quality *ret)
{
	struct cw_measures m;
	struct cw_quality q;
	int err = cw_measure_recording(pcm, n, rate_hz, &m);

	if (err)
		return err;
	q.of[CW_QUALITY_DURATION_S] = cw_known((double)n / rate_hz);
	err = set_levels(&q, pcm, n, rate_hz, &m);
	err = err ? err : set_rest(&q, pcm, n, rate_hz, &m);
	if (!err)
		*ret = q;
	return err;
}

json_t *cw_values_to_json(const struct cw_quality_value *v, const char *const *name)
{
	json_t *o = json_object();

	for (size_t i = 0; o && name[i]; i++) {
		json_t *value = v[i].known ? json_real(v[i].v) : json_pack("{s:s}", "null", v[i].reason);

		if (json_object_set_new(o, name[i], value)) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

json_t *cw_quality_to_json(const struct cw_quality *q)
{
	return cw_values_to_json(q->of, names);
}

json_t *cw_quality_json(const int16_t *pcm, size_t n, unsigned rate_hz)
{
	struct cw_quality q;

	return cw_quality_measure(pcm, n, rate_hz, &q) ? NULL : cw_quality_to_json(&q);
}
