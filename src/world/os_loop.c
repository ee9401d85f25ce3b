#include "world/os_int.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct cw_poll {
	uv_poll_t uv;
	struct cw_os *os;
	cw_poll_fn *fn;
	void *arg;
};

static const struct cw_log loop_log = {.name = "world"};

int cw_os_errno(int uv_code)
{
	switch (uv_code) {
	case 0:
		return 0;
	case UV_EAI_MEMORY:
		return ENOMEM;
	case UV_EAI_CANCELED:
		return ECANCELED;
	default:
		return uv_code > UV_EAI_ADDRFAMILY && uv_code < 0 ? -uv_code : EHOSTUNREACH;
	}
}

static void warn_slow(struct cw_os *os, uint64_t now_us, uint64_t took_us)
{
	os->slow++;
	if (now_us - os->warned_us < CW_OS_WARN_US)
		return;
	cw_log_warn(&loop_log, "slow_handler", "took_us=%llu limit_us=%d since_last_warning=%u",
		(unsigned long long)took_us, CW_OS_SLOW_US, os->slow);
	os->warned_us = now_us;
	os->slow = 0;
}

void cw_os_leave(struct cw_os *os)
{
	if (--os->depth)
		return;

	uint64_t now_us = cw_os_clock(), took_us = now_us - os->entered_us;

	cw_hist_add(os->handler_times, took_us);
#ifdef CW_RELEASE
	(void)warn_slow;
#else
	if (took_us > CW_OS_SLOW_US)
		warn_slow(os, now_us, took_us);
#endif
}

/* ---- husks ---- */

void *cw_husk_new(struct cw_os *os, size_t size)
{
	void *husk = talloc_zero_size(os->husks, size);

	if (husk)
		os->n_husks++;
	return husk;
}

void cw_husk_free(struct cw_os *os, void *husk)
{
	os->n_husks--;
	talloc_free(husk);
}

/* ---- watched descriptors ---- */

static void poll_ready(uv_poll_t *uv, int status, int events)
{
	struct cw_poll *p = uv->data;
	struct cw_os *os = p->os;

	cw_os_enter(os);
	p->fn(events, cw_os_errno(status), p->arg);
	cw_os_leave(os);
}

static void poll_closed(uv_handle_t *uv)
{
	struct cw_poll *p = uv->data;

	cw_husk_free(p->os, p);
}

int cw_poll_open(struct cw_os *os, int fd, cw_poll_fn *fn, void *arg, struct cw_poll **ret)
{
	struct cw_poll *p = cw_husk_new(os, sizeof(*p));
	int err;

	if (!p)
		return ENOMEM;
	p->os = os;
	p->fn = fn;
	p->arg = arg;
	p->uv.data = p;
	err = uv_poll_init(&os->loop, &p->uv, fd);
	if (err) {
		cw_husk_free(os, p);
		return cw_os_errno(err);
	}
	*ret = p;
	return 0;
}

int cw_poll_want(struct cw_poll *p, int events)
{
	if (!events)
		return cw_os_errno(uv_poll_stop(&p->uv));
	return cw_os_errno(uv_poll_start(&p->uv, events, poll_ready));
}

void cw_poll_close(struct cw_poll *p)
{
	if (p)
		uv_close((uv_handle_t *)&p->uv, poll_closed);
}

/* ---- the alarm ---- */

void cw_os_arm(struct cw_world *w, uint64_t at_us)
{
	cw_os_of(w)->wanted_us = at_us;
}

/*
 * Runs before the loop sleeps. A timer that was only moved later leaves the alarm where it is: one wake-up too many costs less
 * than a system call for each restart.
 */
static void before_sleep(uv_prepare_t *uv)
{
	struct cw_os *os = uv->data;
	struct itimerspec when = {0};
	uint64_t at_us = os->wanted_us;

	if (at_us >= os->armed_us)
		return;
	when.it_value.tv_sec = (time_t)(at_us / 1000000);
	when.it_value.tv_nsec = (long)(at_us % 1000000 * 1000) + (at_us == 0); /* all zero would disarm */
	CW_ASSERT(timerfd_settime(os->alarm_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0);
	os->armed_us = at_us;
}

static void alarm_rang(int events, int err, void *arg)
{
	struct cw_os *os = arg;
	uint64_t times, seq, seq_end = os->base.timer_seq, now = cw_os_clock();

	(void)events;
	(void)err;
	(void)!read(os->alarm_fd, &times, sizeof(times)); /* only resets the descriptor */
	os->armed_us = UINT64_MAX;

	/* poll_ready() entered already: leave and enter around each timer so that each is one sample */
	while (cw_world_next_timer(&os->base, &seq) <= now && seq < seq_end) {
		cw_world_fire_one(&os->base);
		cw_os_leave(os);
		cw_os_enter(os);
	}
}

/* ---- the loop ---- */

int cw_os_loop_open(struct cw_os *os)
{
	int err;

	os->wanted_us = os->armed_us = UINT64_MAX;
	os->alarm_fd = -1;
	err = uv_loop_init(&os->loop);
	if (err)
		return cw_os_errno(err);
	os->loop_open = true;
	uv_prepare_init(&os->loop, &os->prepare);
	os->prepare.data = os;
	uv_prepare_start(&os->prepare, before_sleep);
	uv_unref((uv_handle_t *)&os->prepare);

	os->alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (os->alarm_fd < 0)
		return errno;
	err = cw_poll_open(os, os->alarm_fd, alarm_rang, os, &os->alarm);
	if (err)
		return err;
	return cw_poll_want(os->alarm, UV_READABLE);
}

void cw_os_loop_close(struct cw_os *os)
{
	if (!os->loop_open)
		return;
	cw_poll_close(os->alarm);
	uv_close((uv_handle_t *)&os->prepare, NULL);
	while (uv_run(&os->loop, UV_RUN_ONCE))
		;
	CW_ASSERT(uv_loop_close(&os->loop) == 0);
	CW_ASSERT(os->n_husks == 0);
	if (os->alarm_fd >= 0)
		close(os->alarm_fd);
}
