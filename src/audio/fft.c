#include "audio/fft.h"

#include <errno.h>
#include <pthread.h>

#include "base/mem.h"

/* FFTW makes and destroys plans in tables of its own without a lock; running them is safe. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

static int release(struct cw_fft *f)
{
	(void)pthread_mutex_lock(&planner); /* a plain mutex, unlocked by its owner: cannot fail */
	if (f->forward)
		fftwf_destroy_plan(f->forward);
	if (f->inverse)
		fftwf_destroy_plan(f->inverse);
	(void)pthread_mutex_unlock(&planner);
	return 0;
}

int cw_fft_new(void *parent, size_t n, struct cw_fft **ret)
{
	CW_SCOPED struct cw_fft *f = talloc_zero(NULL, struct cw_fft);

	if (!f)
		return ENOMEM;
	f->n = n;
	f->in = talloc_zero_array(f, float, n);
	f->out = talloc_zero_array(f, fftwf_complex, n / 2 + 1);
	if (!f->in || !f->out)
		return ENOMEM;
	talloc_set_destructor(f, release);
	(void)pthread_mutex_lock(&planner);
	f->forward = fftwf_plan_dft_r2c_1d((int)n, f->in, f->out, FFTW_ESTIMATE | FFTW_UNALIGNED);
	f->inverse = fftwf_plan_dft_c2r_1d((int)n, f->out, f->in, FFTW_ESTIMATE | FFTW_UNALIGNED);
	(void)pthread_mutex_unlock(&planner);
	if (!f->forward || !f->inverse)
		return ENOMEM;
	*ret = talloc_move(parent, &f);
	return 0;
}

void cw_fft_forward(struct cw_fft *f)
{
	fftwf_execute(f->forward);
}

void cw_fft_inverse(struct cw_fft *f)
{
	fftwf_execute(f->inverse);
}
