#include "audio/resample.h"

#include <errno.h>
#include <string.h>

#include <speex/speex_resampler.h>

#include "base/mem.h"

#define RATE_MIN_HZ 4000
#define RATE_MAX_HZ 192000
#define QUALITY     3

struct cw_resampler {
	SpeexResamplerState *speex; /* NULL when the rates are equal */
	unsigned in_hz, out_hz;
};

static int release(struct cw_resampler *r)
{
	if (r->speex)
		speex_resampler_destroy(r->speex);
	return 0;
}

int cw_resampler_new(void *parent, unsigned in_hz, unsigned out_hz, struct cw_resampler **ret)
{
	int err = 0;

	if (in_hz < RATE_MIN_HZ || in_hz > RATE_MAX_HZ || out_hz < RATE_MIN_HZ || out_hz > RATE_MAX_HZ)
		return EINVAL;

	CW_SCOPED struct cw_resampler *r = talloc_zero(NULL, struct cw_resampler);

	if (!r)
		return ENOMEM;
	talloc_set_destructor(r, release);
	r->in_hz = in_hz;
	r->out_hz = out_hz;
	if (in_hz != out_hz) {
		r->speex = speex_resampler_init(1, in_hz, out_hz, QUALITY, &err);
		if (!r->speex)
			return err == RESAMPLER_ERR_ALLOC_FAILED ? ENOMEM : EINVAL;
	}
	*ret = talloc_move(parent, &r);
	return 0;
}

void cw_resampler_run(struct cw_resampler *r, const int16_t *in, size_t *n_in, int16_t *out, size_t *n_out)
{
	if (!r->speex) {
		size_t n = *n_in < *n_out ? *n_in : *n_out;

		memmove(out, in, n * sizeof(*out));
		*n_in = *n_out = n;
		return;
	}

	spx_uint32_t used = *n_in < UINT32_MAX ? (spx_uint32_t)*n_in : UINT32_MAX;
	spx_uint32_t made = *n_out < UINT32_MAX ? (spx_uint32_t)*n_out : UINT32_MAX;

	(void)speex_resampler_process_int(r->speex, 0, in, &used, out, &made); /* fails for overlapping arrays only */
	*n_in = used;
	*n_out = made;
}

size_t cw_resampler_room(const struct cw_resampler *r, size_t n_in)
{
	return (size_t)(((uint64_t)n_in * r->out_hz + r->in_hz - 1) / r->in_hz) + 1;
}

void cw_resampler_reset(struct cw_resampler *r)
{
	if (r->speex)
		(void)speex_resampler_reset_mem(r->speex); /* cannot fail for a live object */
}

/* Feed @in, then silence until the filter's tail has come out; the head of its delay is skipped. */
static size_t convert_all(struct cw_resampler *r, const int16_t *in, size_t n_in, int16_t *out, size_t n_out)
{
	static const int16_t silence[1024];
	size_t used = 0, made = 0;

	if (r->speex)
		(void)speex_resampler_skip_zeros(r->speex); /* cannot fail for a live object */
	while (made < n_out) {
		size_t in_now = used < n_in ? n_in - used : CW_COUNT(silence), out_now = n_out - made;

		cw_resampler_run(r, used < n_in ? in + used : silence, &in_now, out + made, &out_now);
		if (!in_now && !out_now)
			break;
		used += used < n_in ? in_now : 0;
		made += out_now;
	}
	return made;
}

int cw_resample(
	void *parent, unsigned in_hz, unsigned out_hz, const int16_t *in, size_t n_in, int16_t **ret, size_t *n_out)
{
	struct cw_resampler *r;
	int err = cw_resampler_new(NULL, in_hz, out_hz, &r);

	if (err)
		return err;

	CW_SCOPED struct cw_resampler *scope = r;
	size_t n = (size_t)(((uint64_t)n_in * out_hz + in_hz - 1) / in_hz);
	int16_t *out = talloc_array(parent, int16_t, n ? n : 1);

	if (!out)
		return ENOMEM;
	*n_out = convert_all(scope, in, n_in, out, n);
	*ret = out;
	return 0;
}
