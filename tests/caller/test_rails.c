/*
 * A caller on rails talks in text to agents which ask in every order, mishear, and repeat themselves.
 */
#include "testing.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/norm.h"
#include "base/rng.h"
#include "caller/rails.h"
#include "caller/rules.h"
#include "caller/say.h"

#define SEEDS 200

enum { NAME, PHONE, ADDRESS, ISSUE, ACCOUNT, FACTS };

struct desk { /* what a test's caller knows */
	struct cw_pattern *success, *failure, *account;
	struct cw_fact facts[FACTS];
	struct cw_goal goal;
	struct cw_script script;
};

static struct cw_pattern *pattern(void *parent, const char *text)
{
	struct cw_pattern *p = NULL;

	assert_int_equal(cw_pattern_new(parent, &text, 1, &p, NULL), 0);
	return p;
}

static struct desk *desk(void)
{
	struct desk *d = talloc_zero(NULL, struct desk);

	assert_non_null(d);
	d->success = pattern(d, "confirmation");
	d->failure = pattern(d, "cannot help");
	d->account = pattern(d, "customer card");
	d->facts[NAME] = (struct cw_fact){.key = "name", .value = "Maria Lopez"};
	d->facts[PHONE] = (struct cw_fact){.key = "phone", .value = "415 555 0134"};
	d->facts[ADDRESS] = (struct cw_fact){.key = "address", .value = "12 Oak Street"};
	d->facts[ISSUE] = (struct cw_fact){.key = "issue", .value = "My furnace stopped working."};
	d->facts[ACCOUNT] =
		(struct cw_fact){.key = "card", .value = "8812", .ask = d->account, .say = "It says {value}."};
	d->goal = (struct cw_goal){.goal = "Book a repair",
		.facts = d->facts,
		.n_facts = FACTS,
		.success = d->success,
		.failure = d->failure};
	d->script = (struct cw_script){.goal = &d->goal, .pardons = 1, .pardon = "Pardon?"};
	return d;
}

static struct cw_rails *rails(struct desk *d, const struct cw_persona *p, const char *language, uint64_t seed)
{
	struct cw_rails *r = NULL;

	assert_int_equal(cw_rails_new(d, &d->goal, p, language, seed, &r), 0);
	return r;
}

/* Say @agent to the caller: its words, "" for none. */
static const char *ask(struct cw_rails *r, const char *agent)
{
	cw_rails_heard(r, agent);

	const struct cw_move *m = cw_rails_choose(r, agent);

	if (!m)
		return "";
	cw_rails_take(r);
	return cw_rails_chosen(r)->words;
}

static void tells_what_is_asked_and_nothing_else(void **state)
{
	CW_SCOPED struct desk *d = desk();
	struct cw_rails *r = rails(d, NULL, "en-US", 1);
	const char *words = ask(r, "Hello, this is Comfort Air. How can I help you today?");

	(void)state;
	assert_non_null(strstr(words, "My furnace stopped working."));
	assert_null(strstr(words, "Maria"));
	words = ask(r, "Okay, no heat. What is your name?");
	assert_non_null(strstr(words, "Maria Lopez"));
	assert_null(strstr(words, "415"));
	assert_non_null(strstr(ask(r, "What is your phone number?"), "415 555 0134"));
	assert_non_null(strstr(ask(r, "I have 415 555 0134. What is the street address?"), "12 Oak Street"));
	assert_non_null(strstr(ask(r, "And the number on your customer card?"), "It says 8812."));
	assert_non_null(strstr(ask(r, "I have Monday at nine, or at one. Which one works for you?"), "first"));
	words = ask(r, "A visit for no heat, at 12 Oak Street, Monday at nine. For Maria Lopez. Is that correct?");
	assert_true(!strncmp(words, "Yes", 3));
	assert_int_equal(cw_rails_state(r), CW_RAILS_CONFIRMING);
	assert_true(strlen(ask(r, "You are all set. Your confirmation number is 4 7 1.")) > 0);
	assert_true(cw_rails_reached(r) && cw_rails_done(r) && !cw_rails_failed(r));
	assert_string_equal(ask(r, "Goodbye."), "");
}

static void corrects_what_came_back_wrong_but_not_for_ever(void **state)
{
	CW_SCOPED struct desk *d = desk();
	struct cw_rails *r = rails(d, NULL, "en-US", 2);
	const char *wrong = "I have 415 559 0134. What is the street address?";

	(void)state;
	(void)ask(r, "How can I help?");
	(void)ask(r, "What is your phone number?");
	for (int i = 0; i < 2; i++) {
		const char *words = ask(r, wrong);

		assert_true(!strncmp(words, "No", 2));
		assert_non_null(strstr(words, "415 555 0134"));
		assert_int_equal(cw_rails_state(r), CW_RAILS_CORRECTING);
	}
	assert_non_null(strstr(ask(r, wrong), "12 Oak Street"));
	(void)ask(r, "What is your name?");
	assert_non_null(strstr(ask(r, "Thank you, Mario Lopez. Is that correct?"), "Maria Lopez"));
	assert_true(!strncmp(ask(r, "Okay, Maria Lopez at 12 Oak Street. Is that correct?"), "Yes", 3));
}

static void spells_repeats_and_admits_what_it_does_not_know(void **state)
{
	CW_SCOPED struct desk *d = desk();
	struct cw_rails *r = rails(d, NULL, "en", 3);

	(void)state;
	(void)ask(r, "How can I help?");
	(void)ask(r, "Your name?");
	assert_non_null(strstr(ask(r, "Could you spell that please?"), "M a r i a, L o p e z"));
	(void)ask(r, "What is your phone number?");
	assert_non_null(strstr(ask(r, "Sorry, I didn't catch that."), "415 555 0134"));
	(void)ask(r, "What is your zip code?");
	assert_string_equal(cw_move_kind_name(cw_rails_chosen(r)->kind), "unknown");
	assert_string_equal(ask(r, "Okay."), "");
	(void)ask(r, "Anything else?");
	assert_true(cw_rails_done(r) && !cw_rails_reached(r));
}

static void gives_up_when_asked_the_same_for_ever(void **state)
{
	CW_SCOPED struct desk *d = desk();
	struct cw_rails *r = rails(d, NULL, "en", 4);
	int n = 0;

	(void)state;
	while (cw_rails_state(r) != CW_RAILS_OVER && n < 20) {
		(void)ask(r, "What is your name?");
		n++;
	}
	assert_int_equal(n, 6);
	assert_non_null(strstr(cw_rails_reason(r), "name more than 5 times"));
	r = rails(d, NULL, "en", 5);
	assert_true(strlen(ask(r, "I am sorry, we cannot help with that.")) > 0);
	assert_true(cw_rails_failed(r) && cw_rails_state(r) == CW_RAILS_OVER);
	assert_non_null(strstr(cw_rails_reason(r), "cannot help"));
}

static void an_unanswered_question_is_not_lost(void **state)
{
	CW_SCOPED struct desk *d = desk();
	struct cw_rails *r = rails(d, NULL, "en", 6);

	(void)state;
	(void)ask(r, "How can I help?");
	assert_non_null(cw_rails_choose(r, "What is your name?")); /* and the agent speaks on before it is said */
	assert_non_null(strstr(ask(r, "We need it for the visit."), "Maria Lopez"));
	(void)cw_rails_choose(r, "What is your phone number?");
	cw_rails_drop(r);
	assert_string_equal(ask(r, "We need it for the visit."), "");
}

static void what_a_model_says_is_held_to_the_facts(void **state)
{
	CW_SCOPED struct desk *d = desk();
	struct cw_rails *r = rails(d, NULL, "en", 7);
	struct cw_why why = {0};

	(void)state;
	(void)ask(r, "How can I help?");

	const struct cw_move *m = cw_rails_choose(r, "What is your phone number?");
	uint32_t id = m->id;

	assert_int_equal(cw_rails_offer(r, id, "Sure, reach me at 415 555 0199.", &why), EPERM);
	assert_non_null(strstr(why.text, "4155550199"));
	why = (struct cw_why){0};
	assert_int_equal(cw_rails_offer(r, id, "It's 415 555 0134, and I live at 12 Oak Street.", &why), EPERM);
	why = (struct cw_why){0};
	assert_int_equal(cw_rails_offer(r, id, "It's 415 555 0134. Ask for Maria Lopez.", &why), EPERM);
	assert_non_null(strstr(why.text, "'name' was not asked for"));
	why = (struct cw_why){0};
	assert_int_equal(cw_rails_offer(r, id, "It's 415 555 0134, call before Tuesday.", &why), EPERM);
	why = (struct cw_why){0};
	assert_int_equal(cw_rails_offer(r, id, "It's 415 555 0134, ask for Petra.", &why), EPERM);
	assert_non_null(strstr(why.text, "Petra"));
	assert_int_equal(cw_rails_offer(r, id + 1, "Hi.", &why), ESTALE);
	assert_int_equal(
		cw_rails_offer(r, id, "Oh, you can ring four one five, five five five, oh one three four.", &why), 0);
	cw_rails_take(r);
	assert_non_null(strstr(cw_rails_chosen(r)->words, "you can ring"));
	assert_int_equal(cw_rails_offer(r, id, "Hi.", &why), ESTALE);
}

static void a_sentence_of_the_file_that_contradicts_is_not_said(void **state)
{
	CW_SCOPED struct desk *d = desk();

	(void)state;
	d->facts[PHONE].say = "It's {value}, or 415 555 0177.";

	struct cw_rails *r = rails(d, NULL, "en", 8);

	(void)ask(r, "How can I help?");
	assert_string_equal(ask(r, "What is your phone number?"), "415 555 0134.");
}

static void four_languages(void **state)
{
	static const struct {
		const char *language, *help, *name, *phone, *correct, *more;
	} rows[] = {
		{"es-ES", "Buenos días, ¿en qué puedo ayudarle?", "¿Cómo se llama usted?",
			"¿Cuál es su número de teléfono?", "¿Es correcto?", "¿Necesita algo más?"},
		{"de-DE", "Guten Tag, was kann ich für Sie tun?", "Wie heißen Sie?", "Wie lautet Ihre Telefonnummer?",
			"Ist das richtig?", "Kann ich sonst noch etwas für Sie tun?"},
		{"fr-FR", "Bonjour, comment puis-je vous aider ?", "Quel est votre nom ?",
			"Quel est votre numéro de téléphone ?", "Est-ce correct ?", "Avez-vous besoin d'autre chose ?"},
	};
	static const char *const yes[] = {"Sí", "Ja", "Oui"}, *const bye[] = {
								      "Adiós", "Auf Wiederhören|Tschüss", "Au revoir"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(rows); i++) {
		for (uint64_t seed = 0; seed < 10; seed++) {
			CW_SCOPED struct desk *d = desk();
			struct cw_rails *r = rails(d, NULL, rows[i].language, seed);

			assert_non_null(strstr(ask(r, rows[i].help), "My furnace"));
			assert_non_null(strstr(ask(r, rows[i].name), "Maria Lopez"));
			assert_non_null(strstr(ask(r, rows[i].phone), "415 555 0134"));
			assert_non_null(strstr(ask(r, rows[i].correct), yes[i]));

			const char *last = ask(r, rows[i].more);

			assert_true(strstr(last, bye[i]) || strstr(last, "Tschüss") || strstr(last, "Wiederhören"));
		}
	}
}

static void personas_differ(void **state)
{
	const struct cw_persona terse = {.verbosity = CW_VERBOSITY_TERSE}, deaf = {.mishears = 1},
				slow = {.hesitates = 1}, chatty = {.verbosity = CW_VERBOSITY_CHATTY};
	CW_SCOPED struct desk *d = desk();
	struct cw_rails *r = rails(d, &terse, "en", 9);
	unsigned volunteered = 0;

	(void)state;
	assert_string_equal(ask(r, "How can I help?"), "My furnace stopped working.");
	assert_string_equal(ask(r, "Your name and your phone number, please."), "Maria Lopez.");
	r = rails(d, &deaf, "en", 9);
	(void)ask(r, "How can I help?");
	(void)ask(r, "What is your name?");
	assert_int_equal(cw_rails_chosen(r)->kind, CW_MOVE_PARDON);
	assert_non_null(strstr(ask(r, "What is your name?"), "Maria"));
	r = rails(d, &slow, "en", 9);
	assert_non_null(strstr(ask(r, "How can I help?"), "<pause "));
	assert_int_equal(cw_say_check(cw_rails_chosen(r)->words, NULL), 0);
	d->facts[ADDRESS].volunteer = true;
	for (uint64_t seed = 0; seed < 40; seed++) {
		r = rails(d, &chatty, "en", seed);
		volunteered += strstr(ask(r, "What is your name?"), "12 Oak Street") != NULL;
	}
	assert_in_range(volunteered, 8, 32);
}

static void a_goal_is_checked(void **state)
{
	CW_SCOPED struct desk *d = desk();
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_goal_check(&d->goal, &why), 0);
	d->facts[ACCOUNT].ask = NULL;
	assert_int_equal(cw_goal_check(&d->goal, &why), EINVAL);
	assert_non_null(strstr(why.text, "card"));
	d->facts[ACCOUNT] = (struct cw_fact){.key = "phone", .value = "1"};
	assert_int_equal(cw_goal_check(&d->goal, &why), EINVAL);
	d->facts[ACCOUNT] = (struct cw_fact){.key = "zip", .value = ""};
	assert_int_equal(cw_goal_check(&d->goal, &why), EINVAL);
	d->facts[ACCOUNT] = (struct cw_fact){.key = "zip", .value = "1", .say = "nothing"};
	assert_int_equal(cw_goal_check(&d->goal, &why), EINVAL);
	d->goal.n_facts = CW_FACTS_MAX + 1;
	assert_int_equal(cw_goal_check(&d->goal, &why), EINVAL);
	d->goal.n_facts = 2;
	d->goal.success = NULL;
	assert_int_equal(cw_goal_check(&d->goal, &why), EINVAL);
}

/* ---- any agent, any seed ---- */

struct asked {
	bool facts[FACTS];
};

static const char *const questions[FACTS] = {"What is your name?", "What is your phone number?",
	"What is the street address?", "What is the problem?", "Please read me your customer card."};

/* What a muddled agent says next; notes which facts it has asked for. */
static void next_question(struct cw_rng *rng, struct asked *a, unsigned turn, char *out, size_t size)
{
	static const char *const others[] = {"Okay, Maria Lopes. Is that correct?",
		"I have 415 555 0194. Is that right?", "Sorry, I didn't catch that.", "Can you spell that?",
		"I have Monday at nine. Which one works for you?", "Hmm.", "Anything else?", "What should I change?",
		"Would you like me to book that?", "It is 20 Elk Street, right? Is that correct?", "Do you have a dog?",
		"What is your email address?", ""};
	uint32_t what = cw_rng_below(rng, 10);
	size_t fact = cw_rng_below(rng, FACTS);

	if (turn > 12 && what == 0) {
		(void)snprintf(out, size, "Your confirmation number is 4711. Goodbye.");
	} else if (what < 6) {
		a->facts[fact] = true;
		(void)snprintf(out, size, "%s", questions[fact]);
		if (what == 5) {
			fact = cw_rng_below(rng, FACTS);
			a->facts[fact] = true;
			(void)snprintf(out + strlen(out), size - strlen(out), " And %s", questions[fact]);
		}
	} else {
		(void)snprintf(out, size, "%s", others[cw_rng_below(rng, CW_COUNT(others))]);
	}
}

static void assert_no_rule_broken(const struct desk *d, const struct asked *a, const char *words)
{
	static const char *const marks[FACTS] = {"Lopez", "555", "Oak", "furnace", "8812"};
	char digits[64];
	CW_SCOPED char *plain = cw_say_plain(NULL, words);

	for (size_t i = 0; i < FACTS; i++)
		if (!a->facts[i] && i != ISSUE && strstr(plain, marks[i]))
			fail_msg("'%s' was not asked for: %s", d->facts[i].key, plain);
	if (cw_norm_digits(cw_str(plain), digits, sizeof(digits)) >= 7 && !strstr(digits, "4155550134"))
		fail_msg("contradiction: %s", plain);
	if (strstr(plain, "Lopes") || strstr(plain, "Elk") || strstr(plain, "0194"))
		fail_msg("took over what was misheard: %s", plain);
	assert_int_equal(cw_say_check(words, NULL), 0);
}

static void one_conversation(uint64_t seed)
{
	CW_SCOPED struct desk *d = desk();
	struct cw_rng rng;
	struct asked a = {0};
	unsigned turn = 0;

	cw_rng_init(&rng, seed);

	const struct cw_persona p = {.verbosity = (enum cw_verbosity)(seed % CW_VERBOSITY_N),
		.mishears = 0.2 * (double)(seed % 2),
		.hesitates = 0.3 * (double)(seed % 3)};

	d->script.persona = &p;

	struct cw_rules *r = NULL;

	assert_int_equal(cw_rules_new(d, &d->script, "en-US", seed, &r), 0);
	for (; turn < 200; turn++) {
		char agent[256];
		struct cw_next_action next;

		next_question(&rng, &a, turn, agent, sizeof(agent));
		cw_rules_answer(r, agent, &next);
		if (next.next == CW_NEXT_STEP && next.words)
			assert_no_rule_broken(d, &a, next.words);
		if (next.next != CW_NEXT_STEP && next.next != CW_NEXT_PARDON && next.next != CW_NEXT_WAIT)
			break;
		if (next.next == CW_NEXT_STEP && next.step->act == CW_ACT_HANG_UP)
			break;
	}
	assert_true(turn < 60); /* every conversation ends */
}

static void no_rule_is_broken_whatever_the_agent_says(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++)
		one_conversation(seed);
}

static void the_same_seed_says_the_same(void **state)
{
	CW_SCOPED struct desk *d = desk();

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct cw_rails *a = rails(d, NULL, "en", seed), *b = rails(d, NULL, "en", seed);

		for (size_t i = 0; i < FACTS; i++) {
			CW_SCOPED char *words = talloc_strdup(NULL, ask(a, questions[i]));

			assert_string_equal(words, ask(b, questions[i]));
		}
	}
}

CW_TEST_MAIN(CW_TEST(tells_what_is_asked_and_nothing_else), CW_TEST(corrects_what_came_back_wrong_but_not_for_ever),
	CW_TEST(spells_repeats_and_admits_what_it_does_not_know), CW_TEST(gives_up_when_asked_the_same_for_ever),
	CW_TEST(an_unanswered_question_is_not_lost), CW_TEST(what_a_model_says_is_held_to_the_facts),
	CW_TEST(a_sentence_of_the_file_that_contradicts_is_not_said), CW_TEST(four_languages), CW_TEST(personas_differ),
	CW_TEST(a_goal_is_checked), CW_TEST(no_rule_is_broken_whatever_the_agent_says),
	CW_TEST(the_same_seed_says_the_same))
