#include "line/playout.h"

#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "base/mem.h"

#define RING_START  8000u /* bytes: one second */
#define MARKS_START 16u
#define MARKS_MAX   1024u
#define GAP_FRAMES  10u /* a silence of 200 ms is a pause, a shorter one an underrun */

struct mark {
	uint64_t at; /* reached when this many bytes were played */
	bool cleared;
	char name[CW_PLAYOUT_NAME];
};

struct cw_playout {
	uint8_t *ring;
	size_t cap, max;
	uint64_t put, played; /* bytes since the start; put - played are in the ring */
	struct mark *marks;   /* ring of marks_cap */
	unsigned marks_cap, marks_first, marks_n;
	unsigned dry_frames; /* frames without audio since it ran out; 0 = audio flows */
	bool spoke;          /* some audio was played since new() or the last clear */
	uint64_t underruns, dropped;
};

int cw_playout_new(void *parent, size_t max_bytes, struct cw_playout **ret)
{
	CW_SCOPED struct cw_playout *p = talloc_zero(NULL, struct cw_playout);
	if (!p)
		return ENOMEM;

	p->max = max_bytes;
	p->cap = max_bytes < RING_START ? max_bytes : RING_START;
	p->ring = talloc_array(p, uint8_t, p->cap);
	p->marks_cap = MARKS_START;
	p->marks = talloc_array(p, struct mark, p->marks_cap);
	if (!p->ring || !p->marks)
		return ENOMEM;

	*ret = talloc_move(parent, &p);
	return 0;
}

static void copy_out(const struct cw_playout *p, uint64_t from, uint8_t *out, size_t n)
{
	size_t at = from % p->cap;
	size_t first = n < p->cap - at ? n : p->cap - at;

	memcpy(out, p->ring + at, first);
	memcpy(out + first, p->ring, n - first);
}

static void copy_in(struct cw_playout *p, const uint8_t *in, size_t n)
{
	size_t at = p->put % p->cap;
	size_t first = n < p->cap - at ? n : p->cap - at;

	memcpy(p->ring + at, in, first);
	memcpy(p->ring, in + first, n - first);
	p->put += n;
}

/* Positions stay what they are: the bytes move to where the new size puts them. */
static int grow(struct cw_playout *p, size_t need)
{
	size_t cap = p->cap;

	while (cap < need)
		cap = cap > p->max / 2 ? p->max : 2 * cap;

	uint8_t *ring = talloc_array(p, uint8_t, cap);

	if (!ring)
		return ENOBUFS;
	for (uint64_t from = p->played; from < p->put;) {
		size_t n = cap - from % cap;

		if (n > p->put - from)
			n = p->put - from;
		copy_out(p, from, ring + from % cap, n);
		from += n;
	}
	talloc_free(p->ring);
	p->ring = ring;
	p->cap = cap;
	return 0;
}

int cw_playout_put(struct cw_playout *p, const uint8_t *ulaw, size_t n)
{
	size_t used = cw_playout_buffered(p);

	if (n > p->max - used || (n > p->cap - used && grow(p, used + n))) {
		p->dropped += n;
		return ENOBUFS;
	}
	copy_in(p, ulaw, n);
	return 0;
}

static int grow_marks(struct cw_playout *p)
{
	unsigned cap = 2 * p->marks_cap;

	if (cap > MARKS_MAX)
		return ENOBUFS;

	struct mark *marks = talloc_array(p, struct mark, cap);

	if (!marks)
		return ENOBUFS;
	for (unsigned i = 0; i < p->marks_n; i++)
		marks[i] = p->marks[(p->marks_first + i) % p->marks_cap];
	talloc_free(p->marks);
	p->marks = marks;
	p->marks_cap = cap;
	p->marks_first = 0;
	return 0;
}

int cw_playout_mark(struct cw_playout *p, const char *name)
{
	size_t len = strlen(name);

	if (len >= CW_PLAYOUT_NAME)
		return EMSGSIZE;
	if (p->marks_n == p->marks_cap && grow_marks(p))
		return ENOBUFS;
	CW_ASSERT(p->marks_cap);

	struct mark *m = &p->marks[(p->marks_first + p->marks_n++) % p->marks_cap];

	m->at = p->put;
	m->cleared = false;
	memcpy(m->name, name, len + 1);
	return 0;
}

bool cw_playout_next(struct cw_playout *p, uint8_t out[160])
{
	size_t n = cw_playout_buffered(p);

	if (n > CW_FRAME_SAMPLES)
		n = CW_FRAME_SAMPLES;
	copy_out(p, p->played, out, n);
	memset(out + n, CW_ULAW_SILENCE, CW_FRAME_SAMPLES - n);
	p->played += n;
	if (n && p->dry_frames && p->dry_frames < GAP_FRAMES)
		p->underruns++;
	if (n == CW_FRAME_SAMPLES)
		p->dry_frames = 0;
	else if (n || (p->spoke && p->dry_frames < GAP_FRAMES))
		p->dry_frames = n ? 1 : p->dry_frames + 1;
	if (n)
		p->spoke = true;
	return n > 0;
}

const char *cw_playout_reached(struct cw_playout *p, bool *cleared)
{
	if (!p->marks_n)
		return NULL;

	struct mark *m = &p->marks[p->marks_first];

	if (m->at > p->played)
		return NULL;
	*cleared = m->cleared;
	p->marks_first = (p->marks_first + 1) % p->marks_cap;
	p->marks_n--;
	return m->name;
}

void cw_playout_clear(struct cw_playout *p)
{
	for (unsigned i = 0; i < p->marks_n; i++) {
		struct mark *m = &p->marks[(p->marks_first + i) % p->marks_cap];

		if (m->at > p->played)
			m->cleared = true;
	}
	p->played = p->put;
	p->spoke = false;
	p->dry_frames = 0;
}

void cw_playout_reset(struct cw_playout *p)
{
	cw_playout_clear(p);
	p->marks_n = 0;
}

size_t cw_playout_buffered(const struct cw_playout *p)
{
	return (size_t)(p->put - p->played);
}

uint64_t cw_playout_underruns(const struct cw_playout *p)
{
	return p->underruns;
}

uint64_t cw_playout_dropped(const struct cw_playout *p)
{
	return p->dropped;
}
