#include "language/refusal.h"

#include "base/mem.h"
#include "language/phrase.h"

/*
 * Who, the inability, at most a few words, and a verb of serving the listener. Verbs that facts about the world use as well ("give", "do",
 * "tell") need an object that makes them a matter of answering.
 */
#define CANNOT "can't|cannot|cant|couldn't|won't|unable"
#define WHAT                                                                                                                           \
	"advice|information|info|details|instructions|opinion|opinions|guidance|assistance|recommendations|diagnosis|content|answers|" \
	"that|this|it|those|these|such"

static const char *const english[] = {
	/* "I can't help with that", "we are unable to assist", "I won't be able to answer" */
	"i|we " CANNOT " *3 help|assist ?you|with|out|on ?with|you with|on|that|this|your|$",
	"i|we " CANNOT " *1 help|assist $",
	"i|we " CANNOT " *3 answer|discuss|comply|fulfill|fulfil|respond|disclose|engage",
	"i|we " CANNOT " *2 talk|speak|comment about|on",
	"i|we " CANNOT " *3 provide|give|share|offer|reveal ?you|any|out|to ?you|any *3 " WHAT,
	"i|we " CANNOT " *1 do|say|recommend|advise|support|tell ?you|do that|this|it|such ?$",
	"i|we " CANNOT
	" ?in ?good ?conscience ?to generate|create|write|produce *3 content|that|this|such|it|hateful|harmful",
	"i|we can|could|will|do not *3 help|assist ?you with|you|that|this|$",
	"i|we can|could|will not *3 answer|discuss|comply|fulfill|fulfil|respond|disclose|engage",
	"i|we can|could|will not *3 provide|give|share|offer|reveal ?you|any|out ?you|any *3 " WHAT,
	"i|we can|could|will not do|say|recommend|tell ?you that|this|it ?$",
	"i'm|we're|am|are *1 not able|allowed|permitted|authorized|authorised|qualified|going to *3 help|assist|answer|discuss|provide",
	"i'm|we're|am|are *1 not able|allowed|permitted|authorized|authorised|qualified|going to *3 share|give|tell|offer|disclose|do",
	"i'm|we're|am|are *1 not able|allowed|permitted|authorized|authorised|qualified|going to *3 comply|respond|talk|comment|fulfill",
	"i'm|we're|am|are *1 unable to *3 help|assist|answer|discuss|provide|share|give|offer|disclose|comply|fulfill|respond|do|talk",
	/* unwillingness and rules */
	"i|we ?must|have|need|will ?to ?respectfully|politely decline|refuse *1 to|that|this|your|$",
	"i'm|am not comfortable|willing *1 to|with|discussing|answering|sharing|providing|doing",
	"don't|do ?not feel comfortable *1 discussing|answering|sharing|providing|with",
	"i'd|i ?would rather not *1 say|answer|discuss|talk|share",
	"against my|our policy|policies|guidelines|programming|rules",
	"violates|violate my|our|the policy|policies|guidelines|rules",
	"not something|anything i|we can|could|am|are|feel ?not|able|comfortable ?to *1 help|assist|do|answer|discuss|share|provide|talk|comment|with|$",
	"something i|we can't|cannot *1 help|assist|answer|discuss|share|provide|talk|comment|do",
	"outside|beyond ?of *2 i|we can|could|am|are *2 help|do|assist|discuss|answer|able",
	"outside|beyond ?of ?the ?scope ?of my|our capabilities|capability|scope|expertise|abilities",
	"as an ai|artificial *8 can't|cannot|don't|unable|not|won't|am",
	"i|we can only|just help|assist|answer|talk|discuss *1 with|questions|about|you",
	"i'm|am only able to help|assist|answer|discuss",
	"would be inappropriate|unethical|irresponsible ?for ?me|us ?to",
	"wouldn't be appropriate|ethical",
};

static const char *const others[] = {
	/* Spanish */
	"no puedo|podemos|podría *3 ayudar|ayudarte|ayudarle|ayudarlo|ayudarla|ayudaros|responder|responderle|responderte|cumplir",
	"no puedo|podemos|podría *3 proporcionar|proporcionarle|compartir|discutir|hablar|contestar",
	"no estoy|estamos autorizado|autorizada|autorizados|capacitado|capacitada *3 para|a",
	"no me es|está posible|permitido *1 ayudar|ayudarle|responder|compartir|proporcionar|hablar",
	"como una inteligencia|ia|modelo *8 no",
	/* German */
	"kann|können|darf|dürfen ich|wir *5 nicht *1 helfen|weiterhelfen|beantworten|behilflich|beraten|teilen|nachkommen|antworten",
	"ich|wir kann|können|darf|dürfen *5 nicht|keine|leider *2 helfen|weiterhelfen|beantworten|behilflich|beraten|nachkommen",
	"ich|wir kann|können|darf|dürfen *5 keine *2 auskunft|auskünfte|antworten|informationen",
	"bin|sind *2 nicht in der lage *5 zu",
	"als ki|sprachmodell *8 nicht|keine",
	/* French */
	"ne peux|pouvons|puis pas *2 aider|répondre|fournir|discuter|partager|donner|divulguer|parler",
	"ne suis|sommes pas en mesure|autorisé|autorisée *8 aider|répondre|fournir|discuter|partager|donner|divulguer|parler|faire",
	"en tant qu'ia|ia|modèle *8 ne|pas",
	"en tant qu'intelligence *8 ne|pas",
};

/* What looks like one and is none. */
static const char *const exceptions[] = {
	"can't|cannot help but|noticing|wondering|thinking",
	"can't|cannot help wondering|noticing",
	"can't|cannot say that|if|whether|for i|we|sure|he|she|it|they",
	"can't|cannot|not help|assist ?you ?with anything|something else",
	"don't|do ?not hesitate",
};

static size_t any_match(const struct cw_words *ws, size_t i, const char *const *patterns, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		size_t len = cw_phrase_match(ws, i, patterns[k]);

		if (len)
			return len;
	}
	return 0;
}

static bool excepted(const struct cw_words *ws, size_t i)
{
	for (size_t k = i; k < ws->n && k < i + 3; k++)
		if (any_match(ws, k, exceptions, CW_COUNT(exceptions)))
			return true;
	return false;
}

/* A question of the speaker is no refusal: "can't I help you with anything else?" has its words the other way round anyway. */
static bool in_sentence(struct cw_str sentence, struct cw_str *at)
{
	struct cw_words ws;

	cw_words_init(&ws, sentence);
	for (size_t i = 0; i < ws.n; i++) {
		size_t len = any_match(&ws, i, english, CW_COUNT(english));

		if (!len)
			len = any_match(&ws, i, others, CW_COUNT(others));
		if (!len || excepted(&ws, i))
			continue;
		*at = cw_words_slice(&ws, sentence, i, i + len);
		return true;
	}
	return false;
}

bool cw_refusal_is(struct cw_str text, struct cw_str *at)
{
	struct cw_str rest = text, sentence, found = {text.p, 0};
	bool yes = !cw_str_trim(text).len;

	while (!yes && cw_phrase_sentence(&rest, &sentence))
		yes = in_sentence(sentence, &found);
	if (yes && at)
		*at = found;
	return yes;
}
