#include "line/journal.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "world/journal.h"

#define FRAME    160u
#define TEXT_MAX (1u << 20)

struct journal_line {
	struct cw_line line;   /* first */
	struct cw_line *below; /* NULL: replay */
	struct cw_journal *journal;
	struct cw_journal_source source;
};

static struct journal_line *of(struct cw_line *l)
{
	return (struct journal_line *)l;
}

/* ---- recording: from below ---- */

static void on_answered(const struct cw_line_info *info, void *arg)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	struct journal_line *l = arg;
	struct cw_journal *j = l->journal;

	cw_journal_put_text(&b, info->call_id);
	cw_journal_put_text(&b, info->stream_id);
	cw_journal_put_text(&b, info->from);
	cw_journal_put_text(&b, info->to);
	cw_journal_enter(j, &l->source, CW_JN_ANSWERED, b.p, b.len);
	if (l->line.ev && l->line.ev->answered) {
		const struct cw_line_info known = {
			.call_id = info->call_id, .stream_id = info->stream_id, .from = info->from, .to = info->to};

		l->line.ev->answered(&known, l->line.arg);
	}
	cw_journal_leave(j); /* the line may be gone */
}

static void on_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct journal_line *l = arg;
	struct cw_journal *j = l->journal;
	uint8_t bytes[8 + FRAME];

	memcpy(bytes, &position, 8);
	memcpy(bytes + 8, ulaw, FRAME);
	cw_journal_enter(j, &l->source, CW_JN_HEARD, bytes, sizeof(bytes));
	if (l->line.ev && l->line.ev->frame)
		l->line.ev->frame(ulaw, position, l->line.arg);
	cw_journal_leave(j);
}

static void on_dtmf(char digit, void *arg)
{
	struct journal_line *l = arg;
	struct cw_journal *j = l->journal;

	cw_journal_enter(j, &l->source, CW_JN_KEY, &digit, 1);
	if (l->line.ev && l->line.ev->dtmf)
		l->line.ev->dtmf(digit, l->line.arg);
	cw_journal_leave(j);
}

static void on_mark(uint32_t id, bool cleared, void *arg)
{
	struct journal_line *l = arg;
	struct cw_journal *j = l->journal;
	const uint64_t numbers[2] = {id, cleared};

	cw_journal_enter(j, &l->source, CW_JN_MARKED, numbers, sizeof(numbers));
	if (l->line.ev && l->line.ev->mark)
		l->line.ev->mark(id, cleared, l->line.arg);
	cw_journal_leave(j);
}

static void on_note(const char *what, const char *json, void *arg)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	struct journal_line *l = arg;
	struct cw_journal *j = l->journal;

	cw_journal_put_text(&b, what);
	cw_journal_put_text(&b, json);
	cw_journal_enter(j, &l->source, CW_JN_NOTED, b.p, b.len);
	if (l->line.ev && l->line.ev->note)
		l->line.ev->note(what, json, l->line.arg);
	cw_journal_leave(j);
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);
	struct journal_line *l = arg;
	struct cw_journal *j = l->journal;

	cw_journal_put_u64(&b, reason);
	cw_journal_put_text(&b, detail);
	cw_journal_enter(j, &l->source, CW_JN_CLOSED, b.p, b.len);
	if (l->line.ev && l->line.ev->closed)
		l->line.ev->closed(reason, detail, l->line.arg);
	cw_journal_leave(j);
}

static const struct cw_line_events events = {
	.answered = on_answered,
	.frame = on_frame,
	.dtmf = on_dtmf,
	.mark = on_mark,
	.note = on_note,
	.closed = on_closed,
};

/* ---- replay: from the journal ---- */

static int give_answered(struct journal_line *l, struct cw_str p)
{
	struct cw_line_info info = {0};

	if (!cw_journal_get_text(&p, &info.call_id) || !cw_journal_get_text(&p, &info.stream_id) ||
		!cw_journal_get_text(&p, &info.from) || !cw_journal_get_text(&p, &info.to) || !info.call_id ||
		!info.from || !info.to)
		return EBADMSG;
	if (l->line.ev->answered)
		l->line.ev->answered(&info, l->line.arg);
	return 0;
}

static int give_frame(struct journal_line *l, struct cw_str p)
{
	uint64_t position;

	if (!cw_journal_get_u64(&p, &position) || p.len != FRAME)
		return EBADMSG;
	if (l->line.ev->frame)
		l->line.ev->frame((const uint8_t *)p.p, position, l->line.arg);
	return 0;
}

static int give_mark(struct journal_line *l, struct cw_str p)
{
	uint64_t id, cleared;

	if (!cw_journal_get_u64(&p, &id) || !cw_journal_get_u64(&p, &cleared))
		return EBADMSG;
	if (l->line.ev->mark)
		l->line.ev->mark((uint32_t)id, cleared != 0, l->line.arg);
	return 0;
}

static int give_note(struct journal_line *l, struct cw_str p)
{
	const char *what, *json;

	if (!cw_journal_get_text(&p, &what) || !cw_journal_get_text(&p, &json) || !what)
		return EBADMSG;
	if (l->line.ev->note)
		l->line.ev->note(what, json, l->line.arg);
	return 0;
}

static int give_closed(struct journal_line *l, struct cw_str p)
{
	uint64_t reason;
	const char *detail;

	if (!cw_journal_get_u64(&p, &reason) || reason > CW_END_TIMEOUT || !cw_journal_get_text(&p, &detail))
		return EBADMSG;
	if (l->line.ev->closed)
		l->line.ev->closed((enum cw_end_reason)reason, detail, l->line.arg);
	return 0;
}

static int input(unsigned kind, struct cw_str payload, void *arg)
{
	struct journal_line *l = arg;

	if (!l->line.ev)
		return 0; /* nobody listens, as then */
	if (kind == CW_JN_HEARD)
		return give_frame(l, payload);
	if (kind == CW_JN_ANSWERED)
		return give_answered(l, payload);
	if (kind == CW_JN_MARKED)
		return give_mark(l, payload);
	if (kind == CW_JN_NOTED)
		return give_note(l, payload);
	if (kind == CW_JN_CLOSED)
		return give_closed(l, payload);
	if (kind != CW_JN_KEY || payload.len != 1)
		return EBADMSG;
	if (l->line.ev->dtmf)
		l->line.ev->dtmf(payload.p[0], l->line.arg);
	return 0;
}

/* ---- downwards ---- */

static void output_text(struct journal_line *l, enum cw_journal_kind kind, const char *text)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(TEXT_MAX);

	cw_journal_put_text(&b, text);
	cw_journal_output(l->journal, kind, b.p, b.len);
}

/* The line may be freed by what comes within a call downwards: nothing of it is used behind one. */
static int send_frames(struct cw_line *line, const uint8_t *ulaw, size_t n)
{
	struct cw_journal *j = of(line)->journal;

	struct cw_line *below = of(line)->below;

	cw_journal_output(j, CW_JN_FRAME, ulaw, n);
	return cw_journal_result(j, below ? cw_line_send(below, ulaw, n) : 0);
}

static int mark(struct cw_line *line, uint32_t id)
{
	struct cw_journal *j = of(line)->journal;
	struct cw_line *below = of(line)->below;
	const uint64_t number = id;

	cw_journal_output(j, CW_JN_MARK, &number, sizeof(number));
	return cw_journal_result(j, below ? cw_line_mark(below, id) : 0);
}

static int clear(struct cw_line *line)
{
	struct cw_journal *j = of(line)->journal;
	struct cw_line *below = of(line)->below;

	cw_journal_output(j, CW_JN_CLEAR, NULL, 0);
	return cw_journal_result(j, below ? cw_line_clear(below) : 0);
}

static int dtmf(struct cw_line *line, const char *digits)
{
	struct cw_journal *j = of(line)->journal;
	struct cw_line *below = of(line)->below;

	output_text(of(line), CW_JN_DIGITS, digits);
	return cw_journal_result(j, below ? cw_line_dtmf(below, digits) : 0);
}

static void hang_up(struct cw_line *line, const char *why)
{
	struct cw_line *below = of(line)->below;

	output_text(of(line), CW_JN_HANG_UP, why);
	if (below)
		cw_line_hang_up(below, why);
}

static const struct cw_line_driver driver = {
	.name = "journal",
	.send = send_frames,
	.mark = mark,
	.clear = clear,
	.dtmf = dtmf,
	.hang_up = hang_up,
};

/* ---- life ---- */

static int line_free(struct journal_line *l)
{
	cw_journal_unbind(&l->source);
	return 0;
}

int cw_journal_line_new(
	void *parent, struct cw_journal *j, struct cw_line *below, enum cw_line_side side, struct cw_line **ret)
{
	CW_SCOPED struct journal_line *l = talloc_zero(NULL, struct journal_line);

	if (!l)
		return ENOMEM;
	l->line = (struct cw_line){.driver = &driver, .side = side};
	l->journal = j;
	l->below = below;
	cw_journal_bind(j, &l->source, input, l);
	talloc_set_destructor(l, line_free);
	if (below) {
		cw_line_attach(below, &events, l);
		(void)talloc_steal(l, below);
	}
	*ret = &l->line;
	(void)talloc_move(parent, &l);
	return 0;
}
