#include "agent/intents.h"

#include <errno.h>

#include "base/mem.h"
#include "language/intent.h"

#define INTENTS_MAX (CW_AGENT_MAX_LIST * 2)

struct builtin {
	const char *name;
	const char *const *patterns;
};

static const char *const repeat_patterns[] = {
	"(repeat|say) (that|it|this) [again]",
	"(can|could|would) you [please] repeat",
	"^[please] repeat [please]$",
	"say again",
	"^[sorry|excuse me] what [was that]$",
	"what did you say",
	"^[i beg your] pardon [me]$",
	"come again",
	"(didn't|did not|couldn't|could not|can't) (hear|catch|get|understand) (you|that|it|what)",
	"^one more time [please]$",
	NULL,
};
static const char *const start_over_patterns[] = {
	"start (over|again)",
	"begin again",
	"from the (beginning|start|top)",
	NULL,
};
static const char *const wait_patterns[] = {
	"^[okay|yes] (hold on|hang on|one moment|one second|wait) [please]$",
	"^[okay|yes] (just|wait) a (moment|second|minute) [please]$",
	"(give me|wait) (a|one) (moment|second|minute)",
	"let me (check|look|see|think|find) [it|that]$",
	NULL,
};
static const char *const person_patterns[] = {
	"(talk|speak) [to|with] [a|an|the|some] [real|live|human] (person|human|someone|somebody|being)",
	"(talk|speak) [to|with] [a|an|the|some] (agent|operator|representative|manager|technician)",
	"(real|live|actual) (person|human|agent)",
	"^[a|an|the] [human] (agent|operator|representative|person|human) [please]$",
	"(connect|transfer|put) me",
	"customer service",
	NULL,
};
static const char *const goodbye_patterns[] = {
	"(goodbye|good bye|bye bye)",
	"bye$",
	"^[okay|no] (never mind|nevermind|forget it) [thanks|thank you]$",
	"(hang|hanging) up",
	"(don't|do not) need (anything|an appointment|it)",
	NULL,
};
static const struct builtin builtins[] = {
	{CW_INTENT_REPEAT, repeat_patterns},
	{CW_INTENT_START_OVER, start_over_patterns},
	{CW_INTENT_WAIT, wait_patterns},
	{CW_INTENT_PERSON, person_patterns},
	{CW_INTENT_GOODBYE, goodbye_patterns},
};

static const char *const first_patterns[] = {"[the] first [one|time|option]", "(number|option) one", NULL};
static const char *const second_patterns[] = {"[the] second [one|time|option]", "(number|option) two", NULL};
static const char *const third_patterns[] = {"[the] third [one|time|option]", "(number|option) three", NULL};
static const char *const last_patterns[] = {"[the] last [one|time|option]", NULL};
static const char *const any_patterns[] = {
	"any [of] (them|those|these|time|one|day)",
	"(either|whichever|whatever|whenever)",
	"[the] (earliest|soonest|next available)",
	"as soon as possible",
	"(you|your) (choose|pick|choice)",
	NULL,
};
static const char *const more_patterns[] = {
	"none [of] [them|those|these] [works|work|fits|fit]",
	"(nothing|neither) [of] [them|those|these] [works|work|fits|fit]",
	"(anything|something) (else|different|later|other)",
	"(other|another|different|more|later) (time|times|day|days|one|ones|option|options|appointment)",
	"[that|those|they|it] (doesn't|does not|don't|do not|won't|will not) (work|fit|suit)",
	"(what|do you have) else",
	"^[a bit] later$",
	"next week",
	NULL,
};
static const struct builtin offer_answers[] = {
	{"more", more_patterns},
	{"first", first_patterns},
	{"second", second_patterns},
	{"third", third_patterns},
	{"last", last_patterns},
	{"any", any_patterns},
};

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

const char *const *cw_intent_builtin(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(builtins); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return builtins[i].patterns;
	return NULL;
}

int cw_intents_for_offers(void *parent, struct cw_intents **ret, struct cw_why *why)
{
	struct cw_intent_def defs[CW_COUNT(offer_answers)] = {0};

	for (size_t i = 0; i < CW_COUNT(defs); i++) {
		defs[i].name = offer_answers[i].name;
		defs[i].patterns = offer_answers[i].patterns;
		defs[i].n_patterns = count(offer_answers[i].patterns);
	}
	return cw_intents_new(parent, defs, CW_COUNT(defs), ret, why);
}

const char *const *cw_intents_offer_phrases(void)
{
	static const char *const phrases[] = {
		"[the] (first|second|third|last) one [please]",
		"the (first|second|third)",
		"any of them",
		"the earliest",
		"none of (them|those) [work|works]",
		"(something|anything) else",
		"do you have (another|a different|a later) (day|time)",
		"next week",
		NULL,
	};

	return phrases;
}

/* ---- reading ---- */

struct collection {
	const struct cw_reader *r;
	struct cw_agent_file *f;
	struct cw_intent_def defs[INTENTS_MAX];
	size_t n;
	size_t n_named; /* those before the questions of faq */
};

/* Check each pattern alone, so that a mistake is told at its line. */
static int check_patterns(const struct cw_reader *r, const json_t *value, const char *const *patterns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cw_intent_def def = {.name = "pattern", .patterns = &patterns[i], .n_patterns = 1};
		struct cw_intents *compiled = NULL;
		struct cw_why why = {0};
		int err = cw_intents_new(r->mem, &def, 1, &compiled, &why);

		if (err)
			return cw_yaml_why(r->y, json_is_array(value) ? json_array_get(value, i) : value, r->why, err,
				"%s", why.text);
		talloc_free(compiled);
	}
	return 0;
}

int cw_agent_read_patterns(
	const struct cw_reader *r, const json_t *obj, const char *key, const char *const **ret, size_t *n)
{
	const char *const *patterns = NULL;
	size_t n_patterns = 0;
	int err = cw_read_texts(r, obj, key, &patterns, &n_patterns);

	if (!err)
		err = check_patterns(r, json_object_get(obj, key), patterns, n_patterns);
	if (err)
		return err;
	*ret = patterns;
	*n = n_patterns;
	return 0;
}

static int add(struct collection *c, const char *name, const char *const *patterns, size_t n)
{
	if (c->n == INTENTS_MAX)
		return cw_why_at(c->r->why, EINVAL, cw_yaml_file(c->r->y), 0, 0, "more than %d intents", INTENTS_MAX);
	c->defs[c->n++] = (struct cw_intent_def){.name = name, .patterns = patterns, .n_patterns = n};
	return 0;
}

/* A file's patterns for a built-in intent come on top of ours. */
static int extend_builtin(struct collection *c, const char *name, const char *const *patterns, size_t n)
{
	for (size_t i = 0; i < c->n; i++) {
		struct cw_intent_def *def = &c->defs[i];

		if (strcmp(def->name, name) != 0)
			continue;

		const char **all = talloc_array(c->r->mem, const char *, def->n_patterns + n);

		if (!all)
			return ENOMEM;
		memcpy(all, def->patterns, def->n_patterns * sizeof(*all));
		memcpy(all + def->n_patterns, patterns, n * sizeof(*all));
		def->patterns = all;
		def->n_patterns += n;
		return 0;
	}
	return add(c, name, patterns, n);
}

static int read_named(struct collection *c, const json_t *map)
{
	const char *name;
	json_t *value;
	int err = cw_read_object(c->r, map, "intents");

	for (size_t i = 0; !err && i < CW_COUNT(builtins); i++)
		err = add(c, builtins[i].name, builtins[i].patterns, count(builtins[i].patterns));
	if (err)
		return err;
	json_object_foreach ((json_t *)(uintptr_t)map, name, value) {
		const char *const *patterns = NULL;
		size_t n = 0;

		(void)value;
		if (strcmp(name, "yes") == 0 || strcmp(name, "no") == 0)
			return cw_read_why_key(
				c->r, map, name, EINVAL, "'%s' is built in and understood without patterns", name);
		err = cw_agent_read_patterns(c->r, map, name, &patterns, &n);
		if (!err)
			err = extend_builtin(c, name, patterns, n);
		if (err)
			return err;
	}
	c->n_named = c->n;
	return 0;
}

static int read_question(struct collection *c, const json_t *entry, struct cw_agent_faq *faq)
{
	static const char *const keys[] = {"ask", "answer", NULL};
	const char *const *patterns = NULL;
	size_t n = 0;
	int err;

	if (!json_is_object(entry))
		return cw_yaml_why(c->r->y, entry, c->r->why, EINVAL, "an entry of 'faq' needs 'ask' and 'answer'");
	err = cw_yaml_known_keys(c->r->y, entry, keys, c->r->why);
	if (!err)
		err = cw_agent_read_patterns(c->r, entry, "ask", &patterns, &n);
	if (!err)
		err = cw_read_text(c->r, entry, "answer", &faq->answer);
	if (!err && (!patterns || !faq->answer))
		err = cw_yaml_why(c->r->y, entry, c->r->why, EINVAL, "an entry of 'faq' needs 'ask' and 'answer'");
	if (err)
		return err;

	const char *name = talloc_asprintf(c->r->mem, "faq.%zu", c->f->n_faq);

	return name ? add(c, name, patterns, n) : ENOMEM;
}

static int read_faq(struct collection *c, const json_t *list)
{
	struct cw_agent_file *f = c->f;

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > CW_AGENT_MAX_LIST)
		return cw_yaml_why(c->r->y, list, c->r->why, EINVAL, "'faq' must be a list of at most %d entries",
			CW_AGENT_MAX_LIST);
	f->faq = talloc_zero_array(f, struct cw_agent_faq, json_array_size(list) + 1);
	if (!f->faq)
		return ENOMEM;
	for (; f->n_faq < json_array_size(list); f->n_faq++) {
		int err = read_question(c, json_array_get(list, f->n_faq), &f->faq[f->n_faq]);

		if (err)
			return err;
	}
	return 0;
}

static int keep_patterns(struct collection *c)
{
	struct cw_agent_intent *kept = talloc_zero_array(c->f, struct cw_agent_intent, c->n + 1);

	if (!kept)
		return ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		kept[i] = (struct cw_agent_intent){c->defs[i].name, c->defs[i].patterns, c->defs[i].n_patterns};
	c->f->intent_defs = kept;
	c->f->n_intent_defs = c->n;
	return 0;
}

static int keep_names(struct collection *c)
{
	const char **names = talloc_zero_array(c->f, const char *, c->n_named + 1);

	if (!names)
		return ENOMEM;
	for (size_t i = 0; i < c->n_named; i++)
		names[i] = c->defs[i].name;
	c->f->intent_names = names;
	return 0;
}

int cw_agent_read_intents(const struct cw_reader *r, const json_t *root, struct cw_agent_file *f)
{
	CW_SCOPED struct collection *c = talloc_zero(NULL, struct collection);
	int err;

	if (!c)
		return ENOMEM;
	c->r = r;
	c->f = f;
	err = read_named(c, json_object_get(root, "intents"));
	if (!err)
		err = read_faq(c, json_object_get(root, "faq"));
	if (!err)
		err = keep_names(c);
	if (!err)
		err = keep_patterns(c);
	if (!err)
		err = cw_intents_for_offers(f, &f->offer_answers, r->why);
	if (!err)
		err = cw_intents_new(f, c->defs, c->n, &f->intents, r->why);
	return err;
}

/* ---- expansion ---- */

#define EXPAND_DEPTH 6

static size_t expand(void *parent, struct cw_str s, const char **out, size_t max, unsigned depth);

/* The end of the group that opens at s.p[0], as an index behind its closing bracket. */
static size_t group_end(struct cw_str s)
{
	int depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		depth += s.p[i] == '(' || s.p[i] == '[';
		depth -= s.p[i] == ')' || s.p[i] == ']';
		if (depth == 0)
			return i + 1;
	}
	return s.len;
}

static bool next_alternative(struct cw_str *rest, struct cw_str *part)
{
	int depth = 0;
	size_t i = 0;

	if (!rest->p)
		return false;
	for (; i < rest->len; i++) {
		depth += rest->p[i] == '(' || rest->p[i] == '[';
		depth -= rest->p[i] == ')' || rest->p[i] == ']';
		if (depth == 0 && rest->p[i] == '|')
			break;
	}
	*part = (struct cw_str){rest->p, i};
	*rest = i < rest->len ? (struct cw_str){rest->p + i + 1, rest->len - i - 1} : (struct cw_str){0};
	return true;
}

static size_t expand_group(
	void *parent, struct cw_str inner, bool optional, const char **out, size_t max, unsigned depth)
{
	struct cw_str rest = inner, part;
	size_t n = 0;

	if (optional && max > 0)
		out[n++] = "";
	while (n < max && next_alternative(&rest, &part))
		n += expand(parent, part, out + n, max - n, depth + 1);
	return n;
}

/* One word, or nothing for what stands for unknown words. */
static size_t word_option(void *parent, struct cw_str word, const char **out)
{
	while (word.len && word.p[0] == '^')
		word = (struct cw_str){word.p + 1, word.len - 1};
	while (word.len && word.p[word.len - 1] == '$')
		word.len--;
	if (word.len == 0 || word.p[0] == '*' || word.p[0] == '{') {
		out[0] = "";
		return 1;
	}
	out[0] = cw_str_dup(parent, word);
	return out[0] ? 1 : 0;
}

static size_t next_options(void *parent, struct cw_str *s, const char **out, size_t max, unsigned depth)
{
	size_t end = 0;

	if (*s->p == '(' || *s->p == '[') {
		end = group_end(*s);

		struct cw_str group = {s->p, end};
		struct cw_str inner = {group.p + 1, end >= 2 ? end - 2 : 0};

		*s = (struct cw_str){s->p + end, s->len - end};
		return depth < EXPAND_DEPTH ? expand_group(parent, inner, *group.p == '[', out, max, depth) : 0;
	}
	while (end < s->len && !strchr(" ([", s->p[end]))
		end++;

	struct cw_str word = {s->p, end};

	*s = (struct cw_str){s->p + end, s->len - end};
	return word_option(parent, word, out);
}

/* Each sentence so far with each option behind it. */
static size_t multiply(void *parent, const char **out, size_t n, size_t max, const char **options, size_t n_options)
{
	const char *old[64];
	size_t made = 0;

	n = n < CW_COUNT(old) ? n : CW_COUNT(old);
	memcpy(old, out, n * sizeof(*old));
	for (size_t o = 0; o < n_options; o++) {
		for (size_t i = 0; i < n && made < max; i++) {
			bool blank = *old[i] && *options[o];
			const char *text = talloc_asprintf(parent, "%s%s%s", old[i], blank ? " " : "", options[o]);

			if (!text)
				return 0;
			out[made++] = text;
		}
	}
	return made;
}

static size_t expand(void *parent, struct cw_str s, const char **out, size_t max, unsigned depth)
{
	const char *options[64];
	size_t n = 1;

	max = max < CW_COUNT(options) ? max : CW_COUNT(options);
	if (max == 0)
		return 0;
	out[0] = "";
	for (s = cw_str_trim(s); s.len && n; s = cw_str_trim(s)) {
		size_t n_options = next_options(parent, &s, options, max, depth);

		n = multiply(parent, out, n, max, options, n_options);
	}
	return n;
}

size_t cw_intent_expand(void *parent, const char *pattern, const char **out, size_t max)
{
	size_t n = expand(parent, cw_str(pattern), out, max, 0);
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (*out[i])
			out[kept++] = out[i];
	return kept;
}
