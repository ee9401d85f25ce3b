#include "line/line.h"

#include <errno.h>

#include "base/mem.h"

const char *cw_end_reason_name(enum cw_end_reason r)
{
	static const char *const names[] = {
		[CW_END_NONE] = "none",
		[CW_END_LOCAL] = "local",
		[CW_END_REMOTE] = "remote",
		[CW_END_LOST] = "lost",
		[CW_END_REFUSED] = "refused",
		[CW_END_UNREACHABLE] = "unreachable",
		[CW_END_PROTOCOL] = "protocol",
		[CW_END_TIMEOUT] = "timeout",
	};

	CW_ASSERT((size_t)r < CW_COUNT(names));
	return names[r];
}

void cw_line_attach(struct cw_line *l, const struct cw_line_events *ev, void *arg)
{
	l->ev = ev;
	l->arg = arg;
}

int cw_line_send(struct cw_line *l, const uint8_t *ulaw, size_t n)
{
	return l->driver->send(l, ulaw, n);
}

int cw_line_mark(struct cw_line *l, uint32_t id)
{
	return l->driver->mark(l, id);
}

int cw_line_clear(struct cw_line *l)
{
	return l->driver->clear(l);
}

int cw_line_dtmf(struct cw_line *l, const char *digits)
{
	return l->driver->dtmf ? l->driver->dtmf(l, digits) : ENOTSUP;
}

void cw_line_hang_up(struct cw_line *l, const char *why)
{
	l->driver->hang_up(l, why);
}
