#include "speech/grammar.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/norm.h"
#include "base/rng.h"
#include "speech/slots.h"

#define EXAMPLES_MIN 24   /* of a phrase with slots */
#define EXAMPLES_MAX 4000 /* larger classes are cut there */
#define SENTENCE_MAX 1024

/* A stretch of a phrase: words, or a slot. */
struct part {
	char *words;                       /* NULL for a slot */
	const struct cw_hint_class *class; /* of the given ones */
	const struct cw_slot *slot;        /* or built in */
};

struct phrase {
	struct part *parts;
	size_t n_parts;
};

struct cw_grammar {
	struct phrase *phrases;
	size_t n_phrases;
	struct cw_hint_class *classes; /* values normalised */
	size_t n_classes;
	uint64_t hash;
};

static const struct cw_hint_class *find_class(const struct cw_grammar *gr, struct cw_str name)
{
	for (size_t i = 0; i < gr->n_classes; i++)
		if (cw_str_eq(name, gr->classes[i].name))
			return &gr->classes[i];
	return NULL;
}

/* An unknown class counts as any name: nothing is better known about it. */
static void set_slot(struct part *p, const struct cw_grammar *gr, struct cw_str name)
{
	p->class = find_class(gr, name);
	if (!p->class)
		p->slot = cw_slot_find(name);
}

static int add_part(struct phrase *ph, const struct cw_grammar *gr, struct cw_str text, bool slot)
{
	struct part *parts = talloc_realloc(gr->phrases, ph->parts, struct part, ph->n_parts + 1);

	if (!parts)
		return ENOMEM;
	ph->parts = parts;
	struct part *p = &parts[ph->n_parts];

	*p = (struct part){0};
	if (slot) {
		set_slot(p, gr, text);
		ph->n_parts += p->class || p->slot;
		return 0;
	}
	p->words = cw_norm_spoken(parts, text);
	if (!p->words)
		return ENOMEM;
	ph->n_parts += p->words[0] != 0;
	return 0;
}

static int parse_phrase(struct phrase *ph, const struct cw_grammar *gr, struct cw_str text)
{
	while (text.len) {
		const char *open = memchr(text.p, '{', text.len);
		const char *close = open ? memchr(open, '}', text.len - (size_t)(open - text.p)) : NULL;
		size_t before = close ? (size_t)(open - text.p) : text.len;

		if (before && add_part(ph, gr, (struct cw_str){text.p, before}, false))
			return ENOMEM;
		if (!close)
			return 0;
		if (add_part(ph, gr, (struct cw_str){open + 1, (size_t)(close - open - 1)}, true))
			return ENOMEM;
		text.len -= (size_t)(close + 1 - text.p);
		text.p = close + 1;
	}
	return 0;
}

static int copy_classes(struct cw_grammar *gr, const struct cw_hints *h)
{
	gr->classes = talloc_zero_array(gr, struct cw_hint_class, h->n_classes + 1);
	for (size_t i = 0; gr->classes && i < h->n_classes; i++) {
		const struct cw_hint_class *from = &h->classes[i];
		const char **values = talloc_zero_array(gr->classes, const char *, from->n_values + 1);

		gr->classes[i].name = talloc_strdup(gr->classes, from->name);
		if (!values || !gr->classes[i].name)
			return ENOMEM;
		for (size_t k = 0; k < from->n_values; k++)
			if (!(values[k] = cw_norm_spoken(values, cw_str(from->values[k]))))
				return ENOMEM;
		gr->classes[i].values = values;
		gr->classes[i].n_values = from->n_values;
	}
	gr->n_classes = h->n_classes;
	return gr->classes ? 0 : ENOMEM;
}

struct cw_grammar *cw_grammar_new(void *parent, const struct cw_hints *hints)
{
	CW_SCOPED struct cw_grammar *gr = talloc_zero(NULL, struct cw_grammar);

	if (!gr || copy_classes(gr, hints))
		return NULL;
	gr->hash = hints->hash;
	gr->phrases = talloc_zero_array(gr, struct phrase, hints->n_phrases + 1);
	if (!gr->phrases)
		return NULL;
	for (; gr->n_phrases < hints->n_phrases; gr->n_phrases++)
		if (parse_phrase(&gr->phrases[gr->n_phrases], gr, cw_str(hints->phrases[gr->n_phrases])))
			return NULL;
	return talloc_move(parent, &gr);
}

size_t cw_grammar_phrases(const struct cw_grammar *gr)
{
	return gr->n_phrases;
}

/* ---- examples ---- */

/* So many that each value of the largest class occurs, and built-in slots are seen from many sides. */
static unsigned examples_of(const struct phrase *ph)
{
	size_t n = 1;

	for (size_t i = 0; i < ph->n_parts; i++) {
		size_t want = ph->parts[i].slot    ? ph->parts[i].slot->examples
			      : ph->parts[i].class ? ph->parts[i].class->n_values
						   : 1;

		if (!ph->parts[i].words && want < EXAMPLES_MIN)
			want = EXAMPLES_MIN;
		n = want > n ? want : n;
	}
	return n > EXAMPLES_MAX ? EXAMPLES_MAX : (unsigned)n;
}

static size_t put(char *out, size_t at, const char *words)
{
	size_t len = strlen(words), blank = at > 0;

	if (!len || at + blank + len >= SENTENCE_MAX)
		return at;
	if (blank)
		out[at++] = ' ';
	memcpy(out + at, words, len + 1);
	return at + len;
}

static size_t example(const struct phrase *ph, unsigned nth, struct cw_rng *rng, char *out)
{
	size_t at = 0;
	char value[CW_SLOT_WORDS];

	for (size_t i = 0; i < ph->n_parts; i++) {
		const struct part *p = &ph->parts[i];

		if (p->words) {
			at = put(out, at, p->words);
		} else if (p->class && p->class->n_values) {
			/* the first slot takes its values in turn, others at random */
			size_t k = i <= 1 ? nth % p->class->n_values : cw_rng_below(rng, (uint32_t)p->class->n_values);

			at = put(out, at, p->class->values[k]);
		} else if (p->slot) {
			p->slot->example(rng, value);
			at = put(out, at, value);
		}
	}
	return at;
}

int cw_grammar_count(const struct cw_grammar *gr, struct cw_ngram *g, float weight)
{
	struct cw_rng rng;
	char sentence[SENTENCE_MAX];
	int err = 0;

	cw_rng_init(&rng, gr->hash);
	for (size_t i = 0; !err && i < gr->n_phrases; i++) {
		unsigned n = examples_of(&gr->phrases[i]);

		for (unsigned k = 0; !err && k < n; k++) {
			size_t len = example(&gr->phrases[i], k, &rng, sentence);

			if (len)
				err = cw_ngram_add(g, (struct cw_str){sentence, len}, weight / (float)n);
		}
	}
	return err;
}

/* ---- JSGF ---- */

static void write_classes(const struct cw_grammar *gr, FILE *out)
{
	for (size_t i = 0; i < gr->n_classes; i++) {
		const char *between = "";

		if (!gr->classes[i].n_values)
			continue;
		fprintf(out, "<c%zu> = ", i);
		for (size_t k = 0; k < gr->classes[i].n_values; k++) {
			if (!gr->classes[i].values[k][0])
				continue;
			fprintf(out, "%s%s", between, gr->classes[i].values[k]);
			between = " | ";
		}
		fputs(";\n", out);
	}
}

static bool can_write(const struct phrase *ph)
{
	for (size_t i = 0; i < ph->n_parts; i++)
		if (ph->parts[i].class && !ph->parts[i].class->n_values)
			return false;
	return ph->n_parts > 0;
}

static void write_phrase(const struct cw_grammar *gr, const struct phrase *ph, FILE *out)
{
	for (size_t i = 0; i < ph->n_parts; i++) {
		const struct part *p = &ph->parts[i];

		if (p->words)
			fprintf(out, " %s", p->words);
		else if (p->class)
			fprintf(out, " <c%zu>", (size_t)(p->class - gr->classes));
		else
			fprintf(out, " <%s>", p->slot->name);
	}
}

/* The words of the built-in rules, for the dictionary: whatever stands outside of <names> and signs. */
static int count_rule_words(struct cw_ngram *g)
{
	const char *p = cw_slot_rules;
	int err = 0;

	while (!err && *p) {
		size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz'");

		if (n)
			err = cw_ngram_add(g, (struct cw_str){p, n}, 1);
		else
			n = *p == '<' ? strcspn(p, ">") : 1;
		p += n;
	}
	return err;
}

int cw_grammar_jsgf(const struct cw_grammar *gr, struct cw_ngram *g, FILE *out)
{
	const char *between = "";
	int err = count_rule_words(g);

	if (err)
		return err;
	fputs("#JSGF V1.0;\ngrammar hints;\n", out);
	fputs(cw_slot_rules, out);
	write_classes(gr, out);
	fputs("public <phrase> =", out);
	for (size_t i = 0; i < gr->n_phrases; i++) {
		if (!can_write(&gr->phrases[i]))
			continue;
		fputs(between, out);
		write_phrase(gr, &gr->phrases[i], out);
		between = "\n\t|";
	}
	fputs(";\n", out);
	return ferror(out) ? EIO : 0;
}
