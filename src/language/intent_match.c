#include "base/mem.h"
#include "language/intent_int.h"

#define STEPS_MAX         20000 /* a pattern of many stars gives up rather than stalls a lane */
#define STAR_MAX_WORDS    4
#define CAPTURE_MAX_WORDS 4

struct matcher {
	const struct intent_program *p;
	const struct cw_words *ws;
	size_t steps;
	struct intent_match now;
	struct intent_match best;
	bool found;
};

static const char fillers[] =
	"uh um er ah hmm hm please the a an just well so like okay ok yes yeah hi hello hey thanks thank you i i'd i'm we to and me my for can could would is it of some";

bool intent_is_filler(const struct cw_words *ws, size_t i)
{
	return cw_words_in(ws, i, fillers);
}

/* Endings off: "appointments", "booking", "scheduled", "john's". Both sides are treated alike, so that a crude cut does no harm. */
static size_t stem(struct cw_str w, char out[32])
{
	size_t n = w.len < 31 ? w.len : 31;

	memcpy(out, w.p, n);
	if (n > 2 && out[n - 2] == '\'' && out[n - 1] == 's')
		n -= 2;
	if (n >= 6 && memcmp(out + n - 3, "ing", 3) == 0)
		n -= 3;
	else if (n >= 5 && memcmp(out + n - 2, "ed", 2) == 0)
		n -= 2;
	else if (n >= 5 && memcmp(out + n - 3, "ies", 3) == 0)
		out[(n -= 2) - 1] = 'y';
	else if (n >= 4 && out[n - 1] == 's' && out[n - 2] != 's' && out[n - 2] != 'u' && out[n - 2] != 'i')
		n--;
	if (n >= 4 && out[n - 1] == 'e')
		n--;
	if (n >= 4 && out[n - 1] == out[n - 2] && !strchr("lsz", out[n - 1]))
		n--; /* "cancell-ing" keeps its two, "stopp-ing" loses one */
	return n;
}

static bool one_letter_off(struct cw_str a, struct cw_str b)
{
	size_t i = 0;

	if (a.len > b.len) {
		struct cw_str t = a;

		a = b;
		b = t;
	}
	if (b.len - a.len > 1)
		return false;
	while (i < a.len && a.p[i] == b.p[i])
		i++;
	if (a.len < b.len)
		return memcmp(a.p + i, b.p + i + 1, a.len - i) == 0;
	if (i == a.len)
		return true;
	if (memcmp(a.p + i + 1, b.p + i + 1, a.len - i - 1) == 0)
		return true;
	return i + 1 < a.len && a.p[i] == b.p[i + 1] && a.p[i + 1] == b.p[i] &&
	       memcmp(a.p + i + 2, b.p + i + 2, a.len - i - 2) == 0;
}

double intent_same_word(struct cw_str said, const char *wanted)
{
	struct cw_str w = cw_str(wanted);
	char a[32], b[32];

	if (cw_str_eq(said, wanted))
		return 1;

	size_t la = stem(said, a), lb = stem(w, b);

	if (la == lb && la >= 3 && memcmp(a, b, la) == 0)
		return 1;
	return said.len >= 6 && w.len >= 6 && one_letter_off(said, w) ? 0.8 : 0;
}

static void run(struct matcher *m, size_t pc, size_t i, double explained);

static void run_capture(struct matcher *m, const struct intent_insn *in, size_t pc, size_t i, double explained)
{
	size_t slot = m->now.n_captures;
	double content = 0;

	if (slot == CW_INTENT_MAX_CAPTURES)
		return;
	m->now.n_captures++;
	for (size_t n = 1; n <= CAPTURE_MAX_WORDS && i + n <= m->ws->n; n++) {
		content += !intent_is_filler(m->ws, i + n - 1);
		m->now.captures[slot].name = in->text;
		m->now.captures[slot].from = i;
		m->now.captures[slot].to = i + n;
		run(m, pc + 1, i + n, explained + content);
	}
	m->now.n_captures = slot;
}

static void run_word(struct matcher *m, const struct intent_insn *in, size_t pc, size_t i, double explained)
{
	for (;; i++) {
		double same = i < m->ws->n ? intent_same_word(m->ws->w[i], in->text) : 0;

		if (same > 0) {
			run(m, pc + 1, i + 1, explained + (intent_is_filler(m->ws, i) ? 0 : same));
			return;
		}
		/* fillers between words cost nothing, but a match does not begin with one */
		if (i >= m->ws->n || i == m->now.from || !intent_is_filler(m->ws, i))
			return;
	}
}

static void run(struct matcher *m, size_t pc, size_t i, double explained)
{
	const struct intent_insn *in = &m->p->insns[pc];

	if (++m->steps > STEPS_MAX)
		return;
	switch (in->op) {
	case OP_WORD:
		run_word(m, in, pc, i, explained);
		break;
	case OP_SPLIT:
		run(m, in->a, i, explained);
		if (in->b != in->a)
			run(m, in->b, i, explained);
		break;
	case OP_JUMP:
		run(m, in->a, i, explained);
		break;
	case OP_STAR:
		for (size_t n = 0; n <= STAR_MAX_WORDS && i + n <= m->ws->n; n++)
			run(m, pc + 1, i + n, explained);
		break;
	case OP_CAPTURE:
		run_capture(m, in, pc, i, explained);
		break;
	case OP_BEGIN:
		for (size_t k = 0; k < i; k++)
			if (!intent_is_filler(m->ws, k))
				return;
		run(m, pc + 1, i, explained);
		break;
	case OP_END:
		for (size_t k = i; k < m->ws->n; k++)
			if (!intent_is_filler(m->ws, k))
				return;
		run(m, pc + 1, i, explained);
		break;
	case OP_MATCH:
		if (m->found && explained <= m->best.explained)
			return;
		m->found = true;
		m->now.to = i;
		m->now.explained = explained;
		m->best = m->now;
		break;
	}
}

bool intent_run(const struct intent_program *p, const struct cw_words *ws, struct intent_match *ret)
{
	struct matcher m = {.p = p, .ws = ws};

	for (size_t from = 0; from <= ws->n; from++) {
		m.now = (struct intent_match){.from = from};
		run(&m, 0, from, 0);
	}
	if (m.found)
		*ret = m.best;
	return m.found && ret->to > ret->from;
}
