/* All an agent may say, as patterns: what a tester's ear expects. */
#include <errno.h>

#include "agent/file_int.h"
#include "agent/template.h"
#include "base/mem.h"

#define PHRASES_MAX 1000
#define PHRASE_MAX  2000 /* bytes */

struct list {
	struct cw_agent_file *f;
	const char **v;
	size_t n;
	int err;
};

/* What a placeholder stands for, in the classes of speech/hints.h. */
static void spoken_class(struct cw_buf *b, struct cw_str name, void *arg)
{
	static const char *const by_type[CW_SLOT_TYPE_N] = {
		[CW_SLOT_TEXT] = "",
		[CW_SLOT_NAME] = "{name}",
		[CW_SLOT_PHONE] = "{digits}",
		[CW_SLOT_ADDRESS] = "{address}",
		[CW_SLOT_ENUM] = "{issue}",
		[CW_SLOT_NUMBER] = "{number}",
		[CW_SLOT_DATE] = "{date}",
		[CW_SLOT_APPOINTMENT] = "{date} at {time}",
	};
	const struct list *l = arg;
	struct cw_str slot = {
		name.p, name.len > 6 && memcmp(name.p + name.len - 6, ".first", 6) == 0 ? name.len - 6 : name.len};

	if (cw_str_eq(name, "offers"))
		cw_buf_puts(b, "{date} at {time}, {date} at {time}, or {date} at {time}");
	else if (cw_str_eq(name, "confirmation") || cw_str_eq(name, "heard"))
		cw_buf_puts(b, "{digits}");
	else if (cw_str_eq(name, "agent"))
		cw_buf_puts(b, l->f->name);
	for (size_t i = 0; i < l->f->n_slots; i++)
		if (cw_str_eq(slot, l->f->slots[i].name))
			cw_buf_puts(b, l->f->slots[i].type == CW_SLOT_ENUM ? "\x01" : by_type[l->f->slots[i].type]);
}

static void add_text(struct list *l, const char *text)
{
	char *copy = talloc_strdup(l->v, text);

	if (!copy)
		l->err = ENOMEM;
	else if (l->n < PHRASES_MAX)
		l->v[l->n++] = copy;
}

/* A prompt with an enum slot (marked by byte 1) becomes one phrase per value. */
static void add_values(struct list *l, const struct cw_agent_slot *slot, const char *text)
{
	for (size_t i = 0; i < slot->n_values + (slot->otherwise != NULL); i++) {
		const char *value = i < slot->n_values ? slot->values[i] : slot->otherwise;
		struct cw_buf b = CW_BUF(PHRASE_MAX);

		for (const char *p = text; *p; p++) {
			if (*p == '\x01')
				cw_buf_puts(&b, value);
			else
				cw_buf_putc(&b, *p);
		}
		if (b.p && !cw_buf_err(&b))
			add_text(l, b.p);
		cw_buf_clear(&b);
	}
}

static const struct cw_agent_slot *enum_in(const struct list *l, const char *prompt)
{
	struct cw_str rest = cw_str(prompt), before, name;

	while (cw_template_next(&rest, &before, &name))
		for (size_t i = 0; name.p && i < l->f->n_slots; i++)
			if (l->f->slots[i].type == CW_SLOT_ENUM && cw_str_eq(name, l->f->slots[i].name))
				return &l->f->slots[i];
	return NULL;
}

static void add(struct list *l, const char *prompt)
{
	struct cw_buf b = CW_BUF(PHRASE_MAX);
	const struct cw_agent_slot *slot = prompt ? enum_in(l, prompt) : NULL;

	if (!prompt)
		return;
	cw_template_render(&b, prompt, spoken_class, l);
	if (cw_buf_err(&b) == ENOMEM)
		l->err = ENOMEM;
	else if (b.p && slot)
		add_values(l, slot, b.p);
	else if (b.p)
		add_text(l, b.p);
	cw_buf_clear(&b);
}

static void add_all(struct list *l, const char *const *prompts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(l, prompts[i]);
}

static void add_states(struct list *l)
{
	for (size_t i = 0; i < l->f->n_states; i++) {
		add(l, l->f->states[i].say);
		add_all(l, l->f->states[i].ask, l->f->states[i].n_ask);
	}
}

/* Acknowledgements, and the sentences the machine makes itself (moves.c, understand.c). */
static void add_slots(struct list *l)
{
	for (size_t i = 0; i < l->f->n_slots; i++) {
		const struct cw_agent_slot *s = &l->f->slots[i];
		char text[256];

		add(l, s->ack);
		add(l, s->partial);
		add(l, s->invalid);
		snprintf(text, sizeof(text), "Okay, the %s is {%s}.", s->label, s->name);
		add(l, text);
		snprintf(text, sizeof(text), "Okay, let us change the %s.", s->label);
		add(l, text);
		if (!s->ack && s->confirm != CW_CONFIRM_NEVER) {
			snprintf(text, sizeof(text), "Okay, {%s}.", s->name);
			add(l, text);
		}
		if (s->confirm == CW_CONFIRM_ALWAYS || s->confirm == CW_CONFIRM_UNSURE) {
			snprintf(text, sizeof(text), "I have {%s}. Is that right?", s->name);
			add(l, text);
		}
	}
}

static void add_sentences(struct list *l)
{
	static const char *const sentences[] = {
		"Okay, let us start over.",
		"Sure, take your time.",
		"Okay.",
		"I am sorry, nothing is free then.",
		"I am sorry, that time is not free.",
		"Those are all the times I have.",
		"Let me see.",
		"Which one?",
		"And what is the area code?",
		"I have {heard} so far. Please go on.",
		"I heard {heard}, and that does not look right.",
	};
	const struct cw_agent_policies *p = &l->f->policies;

	add_all(l, sentences, CW_COUNT(sentences));
	add(l, p->consent);
	add(l, p->filler);
	add(l, p->fallback);
	add(l, p->idle_goodbye);
	add_all(l, p->idle_prompts, p->n_idle_prompts);
	add_all(l, p->not_understood, p->n_not_understood);
	for (size_t i = 0; i < l->f->n_faq; i++)
		add(l, l->f->faq[i].answer);
}

int cw_agent_make_phrases(struct cw_agent_file *f)
{
	struct list l = {.f = f, .v = talloc_zero_array(f, const char *, PHRASES_MAX + 1)};

	if (!l.v)
		return ENOMEM;
	add(&l, f->greeting);
	add_states(&l);
	add_slots(&l);
	add_sentences(&l);
	f->phrases = l.v;
	return l.err;
}
