/* What may be said in each state, for recognisers: from the types of its slots, its intents and its file's own phrases. */
#include <errno.h>

#include "agent/file_int.h"
#include "agent/intents.h"
#include "base/mem.h"

#define PHRASES_MAX  1200
#define PER_PATTERN  12
#define YESNO_WEIGHT 4 /* a question that is to be answered by yes or no mostly is */
#define PER_ANYTIME  3 /* what may be said anywhere must not drown what is asked for */

static const char *const name_phrases[] = {"{first} {last}", "{first} {last}", "my name is {first} {last}",
	"this is {first} {last}", "it's {first} {last}", "the name is {first} {last}", "no my name is {first} {last}",
	"no i said {first} {last}", "{first}", NULL};
static const char *const phone_phrases[] = {"{digits}", "{digits}", "{digits}", "{digits}", "{digits}", "{digits}",
	"my number is {digits}", "my phone number is {digits}", "the number is {digits}", "it's {digits}",
	"sure it's {digits}", "no i said {digits}", "no it's {digits}", NULL};
static const char *const address_phrases[] = {"{number} {street} {kind}", "{digits} {street} {kind}",
	"it's {number} {street} {kind}", "it's {digits} {street} {kind}", "i live at {number} {street} {kind}",
	"my address is {number} {street} {kind}", "the address is {number} {street} {kind}",
	"no i said {number} {street} {kind}", "no it's {number} {street} {kind}", NULL};
static const char *const number_phrases[] = {
	"{number}", "{digits}", "it's {number}", "about {number}", "no i said {number}", NULL};
static const char *const date_phrases[] = {"{date}", "on {date}", "{date} please", "no {date}", NULL};
static const char *const time_phrases[] = {"{date} at {time}", "{date}", "{time}", "at {time}", "{date} morning",
	"{date} afternoon", "the morning", "the afternoon", "in the morning", "in the afternoon",
	"{date} at {time} please", "no {date} at {time}", "that works", NULL};
static const char *const yesno_phrases[] = {"yes", "yes", "yes", "no", "no", "yes please", "yes that's right",
	"yes that is correct", "that's correct", "that's right", "correct", "yeah", "no thanks", "no that's wrong",
	"no that's not right", NULL};

static const char *const first_names[] = {"mary", "maria", "patricia", "jennifer", "linda", "elizabeth", "barbara",
	"susan", "jessica", "sarah", "karen", "lisa", "nancy", "betty", "sandra", "margaret", "ashley", "kimberly",
	"emily", "donna", "michelle", "carol", "amanda", "melissa", "deborah", "stephanie", "rebecca", "laura", "helen",
	"anna", "alice", "emma", "grace", "julia", "rose", "james", "robert", "john", "michael", "david", "william",
	"richard", "joseph", "thomas", "charles", "christopher", "daniel", "matthew", "anthony", "mark", "donald",
	"steven", "paul", "andrew", "joshua", "kenneth", "kevin", "brian", "george", "timothy", "ronald", "edward",
	"jason", "jeffrey", "ryan", "jacob", "gary", "nicholas", "eric", "jonathan", "stephen", "larry", "peter",
	"henry", "frank", "carlos", "bob", "tom", "jim", "jack", "sam", "ben"};
static const char *const last_names[] = {"smith", "johnson", "williams", "brown", "jones", "garcia", "miller", "davis",
	"rodriguez", "martinez", "hernandez", "lopez", "gonzalez", "wilson", "anderson", "thomas", "taylor", "moore",
	"jackson", "martin", "lee", "perez", "thompson", "white", "harris", "sanchez", "clark", "ramirez", "lewis",
	"robinson", "walker", "young", "allen", "king", "wright", "scott", "torres", "hill", "flores", "green", "adams",
	"nelson", "baker", "hall", "rivera", "campbell", "mitchell", "carter", "roberts", "gomez", "phillips", "evans",
	"turner", "diaz", "parker", "cruz", "edwards", "collins", "reyes", "stewart", "morris", "morales", "murphy",
	"cook", "rogers", "cooper", "peterson", "reed", "bailey", "kelly", "howard", "ward", "cox", "richardson",
	"wood", "watson", "brooks", "bennett", "gray", "hughes", "price", "foster", "ross", "long", "fisher"};
static const char *const streets[] = {"oak", "main", "maple", "elm", "pine", "cedar", "park", "lake", "hill",
	"washington", "lincoln", "church", "spring", "river", "sunset", "forest", "highland", "walnut", "chestnut",
	"willow", "birch", "spruce", "cherry", "franklin", "jefferson", "jackson", "madison", "adams", "center",
	"market", "mill", "north", "south", "east", "west", "first", "second", "third", "fourth", "fifth", "sixth",
	"seventh", "eighth", "ninth", "tenth", "broad", "high", "king", "green", "garden", "valley", "meadow", "ridge",
	"school", "union", "liberty", "mission", "bay", "ocean", "beach"};
/* Nearly half of all are streets: what is listed oftener weighs more. */
static const char *const kinds[] = {"street", "street", "street", "street", "street", "street", "avenue", "avenue",
	"avenue", "road", "road", "drive", "drive", "lane", "court", "place", "way", "boulevard", "circle", "terrace"};

static const struct cw_hint_class classes[] = {
	{"first", first_names, CW_COUNT(first_names)},
	{"last", last_names, CW_COUNT(last_names)},
	{"street", streets, CW_COUNT(streets)},
	{"kind", kinds, CW_COUNT(kinds)},
};

struct list {
	void *mem;
	const char *v[PHRASES_MAX];
	size_t n;
};

static void add(struct list *l, const char *phrase)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == phrase)
			return;
	if (l->n < PHRASES_MAX && phrase)
		l->v[l->n++] = phrase;
}

static void add_all(struct list *l, const char *const *phrases)
{
	for (; *phrases && l->n < PHRASES_MAX; phrases++)
		l->v[l->n++] = *phrases; /* one given twice is meant to weigh more */
}

static void add_pattern(struct list *l, const char *pattern, size_t max)
{
	size_t room = PHRASES_MAX - l->n;

	l->n += cw_intent_expand(l->mem, pattern, l->v + l->n, room < max ? room : max);
}

static void add_slot(struct list *l, const struct cw_agent_slot *s)
{
	static const char *const *const by_type[CW_SLOT_TYPE_N] = {
		[CW_SLOT_NAME] = name_phrases,
		[CW_SLOT_PHONE] = phone_phrases,
		[CW_SLOT_ADDRESS] = address_phrases,
		[CW_SLOT_NUMBER] = number_phrases,
		[CW_SLOT_DATE] = date_phrases,
		[CW_SLOT_APPOINTMENT] = time_phrases,
	};

	if (by_type[s->type])
		add_all(l, by_type[s->type]);
	for (size_t i = 0; i < s->n_patterns; i++)
		add_pattern(l, s->patterns[i], PER_PATTERN);
	for (size_t i = 0; i < s->n_hints; i++)
		add_pattern(l, s->hints[i], PER_PATTERN);
	if (s->type == CW_SLOT_APPOINTMENT)
		for (const char *const *p = cw_intents_offer_phrases(); *p; p++)
			add_pattern(l, *p, PER_PATTERN);
}

/* "No, the phone number is wrong": what is said to a read-back besides yes and no. */
static void add_objections(struct list *l, const struct cw_agent_file *f)
{
	static const char *const forms[][2] = {{"no the ", " is wrong"}, {"the ", " is wrong"}, {"change the ", ""},
		{"no change the ", ""}, {"the ", ""}};
	static const char *const values[CW_SLOT_TYPE_N] = {
		[CW_SLOT_NAME] = " is {first} {last}",
		[CW_SLOT_PHONE] = " is {digits}",
		[CW_SLOT_ADDRESS] = " is {number} {street} {kind}",
		[CW_SLOT_NUMBER] = " is {number}",
		[CW_SLOT_DATE] = " is {date}",
		[CW_SLOT_APPOINTMENT] = " to {date} at {time}",
	};

	for (size_t i = 0; i < f->n_slots; i++) {
		const struct cw_agent_slot *s = &f->slots[i];
		bool time = s->type == CW_SLOT_APPOINTMENT;

		for (size_t k = 0; k < CW_COUNT(forms); k++)
			add(l, talloc_asprintf(l->mem, "%s%s%s", forms[k][0], s->label, forms[k][1]));
		if (values[s->type])
			add(l, talloc_asprintf(
				       l->mem, "no %s %s%s", time ? "change the" : "the", s->label, values[s->type]));
	}
}

/* What leads on from here counts as much as an answer; the rest may be said anywhere and gets less room. */
static void add_intents(struct list *l, const struct cw_agent_file *f, const struct cw_agent_state *s)
{
	bool digits = cw_agent_state_collects(f, s, CW_SLOT_PHONE) != CW_AGENT_NOWHERE ||
		      cw_agent_state_collects(f, s, CW_SLOT_NUMBER) != CW_AGENT_NOWHERE;
	size_t anytime = digits ? 1 : PER_ANYTIME; /* digits are easily drowned */

	for (size_t i = 0; i < f->n_intent_defs; i++) {
		const struct cw_agent_intent *def = &f->intent_defs[i];
		bool leads = cw_agent_links_find(&s->on, def->name) != CW_AGENT_NOWHERE;

		for (size_t k = 0; k < def->n_patterns; k++)
			add_pattern(l, def->patterns[k], leads ? PER_PATTERN : anytime);
	}
}

static const struct cw_hints *finish(struct cw_agent_file *f, struct list *l)
{
	struct cw_hints hints = {
		.phrases = l->v, .n_phrases = l->n, .classes = classes, .n_classes = CW_COUNT(classes)};

	return cw_hints_new(f, &hints);
}

static bool takes_anything(const struct cw_agent_file *f, const struct cw_agent_state *s)
{
	for (size_t i = 0; i < s->n_collect; i++)
		if (f->slots[s->collect[i]].type == CW_SLOT_TEXT && f->slots[s->collect[i]].n_hints == 0)
			return true;
	return false;
}

static void collect(struct list *l, const struct cw_agent_file *f, const struct cw_agent_state *s)
{
	bool yesno = cw_agent_links_find(&s->on, "yes") != CW_AGENT_NOWHERE;

	l->n = 0;
	for (size_t i = 0; i < s->n_collect; i++)
		add_slot(l, &f->slots[s->collect[i]]);
	for (unsigned k = 0; yesno && k < YESNO_WEIGHT; k++)
		add_all(l, yesno_phrases);
	if (s->n_collect == 0)
		add_objections(l, f);
	for (size_t i = 0; s->n_collect == 0 && !yesno && i < f->n_slots; i++)
		add_slot(l, &f->slots[i]);
	add_intents(l, f, s);
}

int cw_agent_make_hints(struct cw_agent_file *f)
{
	CW_SCOPED struct list *l = talloc_zero(NULL, struct list);

	if (!l)
		return ENOMEM;
	l->mem = l;
	for (size_t i = 0; i < f->n_states; i++) {
		struct cw_agent_state *s = &f->states[i];

		if (!cw_agent_state_asks(s) || takes_anything(f, s))
			continue;
		collect(l, f, s);
		s->hints = finish(f, l);
		if (!s->hints)
			return ENOMEM;
		talloc_free_children(l);
	}
	l->n = 0;
	add_all(l, yesno_phrases);
	for (size_t i = 0; i < f->n_slots; i++)
		if (f->slots[i].confirm == CW_CONFIRM_ALWAYS || f->slots[i].confirm == CW_CONFIRM_UNSURE)
			add_slot(l, &f->slots[i]);
	f->yesno_hints = finish(f, l);
	return f->yesno_hints ? 0 : ENOMEM;
}
