#include "agent/file.h"

#include <errno.h>

#include "agent/file_int.h"
#include "base/mem.h"

static int why_state(const struct cw_reader *r, const struct cw_agent_state *s, const char *what)
{
	return cw_why_at(r->why, EINVAL, cw_yaml_file(r->y), s->line, s->column, "state '%s' %s", s->name, what);
}

static bool ends(const struct cw_agent_state *s)
{
	return s->transfer || s->hang_up;
}

struct marks {
	const struct cw_agent_file *f;
	bool *seen;
	size_t *todo;
	size_t n_todo;
};

static void mark(struct marks *m, size_t state)
{
	if (state == CW_AGENT_NOWHERE || m->seen[state])
		return;
	m->seen[state] = true;
	m->todo[m->n_todo++] = state;
}

static void mark_links(struct marks *m, const struct cw_agent_links *links)
{
	for (size_t i = 0; i < links->n; i++)
		mark(m, links->v[i].state);
}

static int marks_new(void *parent, const struct cw_agent_file *f, struct marks *m)
{
	*m = (struct marks){.f = f,
		.seen = talloc_zero_array(parent, bool, f->n_states),
		.todo = talloc_zero_array(parent, size_t, f->n_states)};
	return m->seen && m->todo ? 0 : ENOMEM;
}

static int check_reached(const struct cw_reader *r, void *mem, const struct cw_agent_file *f)
{
	struct marks m;

	if (marks_new(mem, f, &m) != 0)
		return ENOMEM;
	mark(&m, f->start);
	mark(&m, f->policies.escalate);
	mark_links(&m, &f->always);
	mark_links(&m, &f->dtmf);
	while (m.n_todo) {
		const struct cw_agent_state *s = &f->states[m.todo[--m.n_todo]];

		mark(&m, s->next);
		mark_links(&m, &s->on);
		mark_links(&m, &s->dtmf);
	}
	for (size_t i = 0; i < f->n_states; i++)
		if (!m.seen[i])
			return why_state(
				r, &f->states[i], "is never reached: no 'next', 'on', 'always' or 'dtmf' leads to it");
	return 0;
}

static bool links_lead(const struct cw_agent_links *links, const bool *good)
{
	for (size_t i = 0; i < links->n; i++)
		if (good[links->v[i].state])
			return true;
	return false;
}

/* Backwards from the states that end the call, until nothing is added. */
static int check_ends(const struct cw_reader *r, void *mem, const struct cw_agent_file *f)
{
	bool *good = talloc_zero_array(mem, bool, f->n_states), more = true;

	if (!good)
		return ENOMEM;
	while (more) {
		more = false;
		for (size_t i = 0; i < f->n_states; i++) {
			const struct cw_agent_state *s = &f->states[i];
			bool anywhere =
				cw_agent_state_asks(s) && (links_lead(&f->always, good) || links_lead(&f->dtmf, good));

			if (good[i] || !(ends(s) || anywhere || (s->next != CW_AGENT_NOWHERE && good[s->next]) ||
					       links_lead(&s->on, good) || links_lead(&s->dtmf, good)))
				continue;
			good[i] = true;
			more = true;
		}
	}
	for (size_t i = 0; i < f->n_states; i++)
		if (!good[i])
			return why_state(r, &f->states[i],
				"never leads to the end of the call: no way to 'hang_up' or 'transfer'");
	return 0;
}

/* Following `next` from a state that only speaks must come to one that waits for somebody. */
static int check_pauses(const struct cw_reader *r, const struct cw_agent_file *f)
{
	for (size_t i = 0; i < f->n_states; i++) {
		const struct cw_agent_state *s = &f->states[i];

		for (size_t steps = 0; !cw_agent_state_asks(s) && !ends(s) && s->tool == CW_TOOL_NONE; steps++) {
			if (steps > f->n_states)
				return why_state(
					r, &f->states[i], "begins a circle of states that never waits for the caller");
			s = &f->states[s->next];
		}
	}
	return 0;
}

int cw_agent_check_ways(const struct cw_reader *r, const json_t *root, const struct cw_agent_file *f)
{
	void *mem = talloc_new(NULL);
	int err = 0;

	if (!mem)
		return ENOMEM;
	if (!cw_agent_state_asks(&f->states[f->start]))
		err = cw_yaml_why(r->y,
			json_object_get(root, "start") ? json_object_get(root, "start")
						       : json_object_get(root, "states"),
			r->why, EINVAL, "the call starts in '%s', which must ask the caller something",
			f->states[f->start].name);
	if (!err && !ends(&f->states[f->policies.escalate]))
		err = cw_yaml_why(r->y, json_object_get(root, "policies"), r->why, EINVAL,
			"escalation leads to '%s', which must end the call (transfer or hang_up)",
			f->states[f->policies.escalate].name);
	if (!err)
		err = check_pauses(r, f);
	if (!err)
		err = check_reached(r, mem, f);
	if (!err)
		err = check_ends(r, mem, f);
	talloc_free(mem);
	return err;
}
