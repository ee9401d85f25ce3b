#include "trial/execute/stages.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/norm.h"
#include "trial/scenario/plan.h"
#include "trial/view/attribution.h"

#define WORDS_MAX 20 /* texts of one assertion that are followed */

struct wanted {
	const char *words[WORDS_MAX];
	size_t n;
};

static void add(struct wanted *w, const json_t *text)
{
	if (json_is_string(text) && json_string_length(text) && w->n < WORDS_MAX)
		w->words[w->n++] = json_string_value(text);
}

/* Words which the assertion wanted to be there. */
static void wanted_by(const struct cw_assert *a, struct wanted *w)
{
	static const char *const kinds[] = {"contains", "icontains", "contains-all", "icontains-all", "equals",
		"starts-with", "spoken_contains", "entity", "requires_context"};
	const char *name = a->name, *key;
	json_t *value = json_object_get(a->conf, "value"), *args = json_object_get(a->conf, "args"), *item;
	bool text = false;
	size_t i;

	w->n = 0;
	if (a->negate)
		return;
	for (i = 0; i < CW_COUNT(kinds); i++)
		text = text || !strcmp(kinds[i], name);
	if (text) {
		add(w, value);
		json_array_foreach (value, i, item)
			add(w, item);
	}
	json_object_foreach (args, key, item)
		add(w, item);
}

/* Was it there all the same (one of several values)? */
static int missing(const struct cw_view *v, const struct cw_check *c, const char *words, bool *ret)
{
	CW_SCOPED char *heard = cw_view_heard(NULL, v, c->play);
	CW_SCOPED char *said = v->agent ? cw_view_said(NULL, v, c->play) : NULL;

	*ret = false;
	if (!heard || (v->agent && !said))
		return ENOMEM;
	*ret = json_object_get(c->of->conf, "args") || !cw_norm_contains(cw_str(heard), cw_str(words)) ||
	       (said && !cw_norm_contains(cw_str(said), cw_str(words)));
	return 0;
}

static int charge_check(struct cw_attribution *a, const struct cw_view *v, struct cw_check *c)
{
	const struct cw_charge *charge = NULL;
	struct wanted w;
	int err = 0;

	wanted_by(c->of, &w);
	for (size_t i = 0; !err && !charge && i < w.n; i++) {
		bool yes = false;

		err = missing(v, c, w.words[i], &yes);
		if (!err && yes)
			err = cw_attribution_words(a, w.words[i], &charge);
	}
	if (!err && charge && charge->stage != CW_STAGE_UNKNOWN)
		c->stage = cw_stage_name(charge->stage);
	for (size_t i = 0; !err && i < c->n_members; i++)
		if (c->members[i].status == CW_CHECK_FAIL)
			err = charge_check(a, v, &c->members[i]);
	return err;
}

static bool any_failed(const struct cw_check *checks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (checks[i].status == CW_CHECK_FAIL)
			return true;
	return false;
}

/* What the caller's ear may have to hear of the caller's own words. */
static int own_hints(void *parent, const struct cw_view *v, struct cw_hints *hints)
{
	const char **phrases = talloc_zero_array(parent, const char *, v->n_plays + 1);

	*hints = (struct cw_hints){.phrases = phrases};
	if (!phrases)
		return ENOMEM;
	for (size_t i = 0; i < v->n_plays; i++)
		if (!strcmp(v->plays[i].action, "say"))
			phrases[hints->n_phrases++] = v->plays[i].text;
	return 0;
}

static int open_hear(void *parent, const struct cw_call_record *r, const struct cw_view *v, struct cw_hear **ret)
{
	const struct cw_plan_item *it = r->item;
	struct cw_hints hints;
	int err = own_hints(parent, v, &hints);

	*ret = NULL;
	if (err || v->chat || !v->pcm[CW_SIDE_CALLER] || !it->voice || !it->ear)
		return err;

	const struct cw_hear_conf conf = {.ear = it->ear,
		.voice = it->voice,
		.language = it->language,
		.speed = it->test->speed,
		.hints = hints.n_phrases ? &hints : NULL};

	return cw_hear_new(parent, &conf, ret);
}

int cw_stages_find(void *parent, const struct cw_call_record *r, const struct cw_view *v, struct cw_check *checks,
	size_t n, json_t **ret)
{
	CW_SCOPED void *scratch = talloc_new(NULL);
	struct cw_attribution *a = NULL;
	struct cw_hear *hear = NULL;

	*ret = NULL;
	if (!any_failed(checks, n))
		return 0;
	if (!scratch)
		return ENOMEM;

	int err = open_hear(scratch, r, v, &hear);

	if (!err)
		err = cw_attribution_new(scratch, v, hear, &a);
	if (!err)
		err = cw_attribution_scan(a);
	for (size_t i = 0; !err && i < n; i++)
		if (checks[i].status == CW_CHECK_FAIL)
			err = charge_check(a, v, &checks[i]);
	if (err)
		return err;
	*ret = cw_attribution_json(a);
	return *ret ? 0 : ENOMEM;
}
