/* `assert-set`: several assertions as one, by their weighted score. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "trial/check/check_int.h"

static const char *const set_keys[] = {"assert", "threshold", NULL};

struct sum {
	double weight, score;
	size_t failed, errors, counted;
	const struct cw_check *first_bad;
};

static void add(struct sum *s, const struct cw_check *m)
{
	if (m->of->weight <= 0)
		return; /* reported only */
	s->counted++;
	s->weight += m->of->weight;
	s->score += m->of->weight * m->score;
	s->failed += m->status == CW_CHECK_FAIL;
	s->errors += m->status == CW_CHECK_ERROR;
	if (m->status != CW_CHECK_PASS && (!s->first_bad || (m->status == CW_CHECK_ERROR && s->errors == 1)))
		s->first_bad = m;
}

static int settle(void *parent, const struct cw_assert *a, const struct sum *s, struct cw_check *c)
{
	bool all = isnan(a->set_threshold);
	double score = s->weight > 0 ? s->score / s->weight : 0;

	if (s->errors)
		return cw_check_error(
			parent, c, "%s could not be decided: %s", s->first_bad->of->name, s->first_bad->reason);
	if (!s->counted)
		return cw_check_error(parent, c, "no assertion of the set has a weight: nothing was decided");
	c->score = score;
	c->status = (all ? !s->failed : score >= a->set_threshold - 1e-12) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	if (c->status == CW_CHECK_FAIL) {
		c->stage = s->first_bad ? s->first_bad->stage : NULL;
		c->at_us = s->first_bad ? s->first_bad->at_us : -1;
		c->reason = s->first_bad ? s->first_bad->of->name : "too low";
	}
	return cw_check_say(parent, &c->got, "%zu of %zu hold, score %.3g", s->counted - s->failed, s->counted, score);
}

static int run_set(void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	struct cw_check *members = talloc_zero_array(parent, struct cw_check, a->n_set + 1);
	struct sum sum = {0};
	int err = !members                  ? ENOMEM
		  : isnan(a->set_threshold) ? cw_check_say(parent, &c->expected, "all of %zu assertions", a->n_set)
					    : cw_check_say(parent, &c->expected, "a score of %g over %zu assertions",
						      a->set_threshold, a->n_set);

	for (size_t i = 0; !err && i < a->n_set; i++) {
		err = cw_check_run(members, v, &a->set[i], play, &members[i]);
		if (!err)
			add(&sum, &members[i]);
	}
	if (err)
		return err;
	c->decided_by = "members";
	c->members = members;
	c->n_members = a->n_set;
	return settle(parent, a, &sum, c);
}

const struct cw_check_kind cw_checks_set[] = {
	{"assert-set", "the assertions under `assert` hold: all, or enough for the weighted score `threshold`",
		CW_CHECK_ANYWHERE, set_keys, NULL, run_set, NULL, CW_NEEDS_SET, NULL},
	{0},
};
