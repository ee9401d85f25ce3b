#include <string.h>

#include "base/mem.h"
#include "base/words.h"
#include "caller/rails_int.h"

/* Phrases are folded: lower case, no accents, no punctuation; '|' stands between them. Order of the languages: en es de fr. */

struct fact_row {
	const char *key;
	const char *asks[CW_TONGUE_N];
	const char *says[CW_TONGUE_N];
};

#define PLAIN_SAYS                                                                                                   \
	{                                                                                                            \
		"It's {value}.|It is {value}.", "Es {value}.|Pues, es {value}.", "Das ist {value}.|Es ist {value}.", \
			"C'est {value}.|Alors, c'est {value}."                                                       \
	}

static const struct fact_row fact_rows[] = {
	{"name",
		{"your name|your full name|first and last name|your first name|your last name|who am i speaking|who is this|"
		 "who is calling|name please|what name|name for the",
			"su nombre|tu nombre|nombre y apellido|nombre completo|como se llama|con quien hablo|a nombre de quien",
			"ihr name|ihren namen|ihrem namen|ihr vollstandiger name|vor und nachname|wie heissen sie|mit wem spreche",
			"votre nom|nom et prenom|nom complet|comment vous appelez vous|qui est a l appareil|a quel nom"},
		{"My name is {value}.|It's {value}.|This is {value}.",
			"Me llamo {value}.|Mi nombre es {value}.|Soy {value}.",
			"Mein Name ist {value}.|Ich heiße {value}.|Hier ist {value}.",
			"Je m'appelle {value}.|Mon nom est {value}.|C'est {value}."}},
	{"phone",
		{"your phone|your telephone|phone number|telephone number|your number|number to reach|number we can reach|"
		 "callback number|call you back at|best number|your mobile|your cell",
			"su telefono|numero de telefono|su numero|tu numero|un telefono|numero de contacto|su movil|su celular",
			"ihre telefonnummer|telefonnummer|ihre nummer|ihre handynummer|ruckrufnummer|unter welcher nummer",
			"votre telephone|numero de telephone|votre numero|numero de rappel|vous joindre|quel numero"},
		{"My phone number is {value}.|It's {value}.|You can reach me at {value}.",
			"Mi número es {value}.|Es el {value}.|Mi teléfono es {value}.",
			"Meine Nummer ist {value}.|Die Nummer ist {value}.|Das ist die {value}.",
			"Mon numéro est le {value}.|C'est le {value}.|Vous pouvez me joindre au {value}."}},
	{"address",
		{"your address|street address|the address|house number|what address|where do you live|where are you located|"
		 "service address|your street",
			"su direccion|tu direccion|la direccion|que direccion|donde vive|calle y numero|su domicilio",
			"ihre adresse|ihre anschrift|die adresse|strasse und hausnummer|wo wohnen sie|hausnummer",
			"votre adresse|l adresse|quelle adresse|ou habitez vous|numero et rue|numero de rue"},
		{"The address is {value}.|It's {value}.|I live at {value}.",
			"La dirección es {value}.|Es {value}.|Vivo en {value}.",
			"Die Adresse ist {value}.|Ich wohne in der {value}.|Das ist {value}.",
			"L'adresse est {value}.|C'est {value}.|J'habite {value}."}},
	{"issue",
		{"what is the problem|what s the problem|whats the problem|what seems to be|what is wrong|what s wrong|"
		 "what is the issue|what s the issue|describe the problem|describe the issue|reason for your call|what happened|"
		 "what is going on|the nature of|is it the",
			"cual es el problema|que problema|que ocurre|que le pasa|que sucede|motivo de su llamada|en que consiste",
			"was ist das problem|welches problem|worum geht es|was ist passiert|was fehlt|grund ihres anrufs",
			"quel est le probleme|quel probleme|que se passe t il|de quoi s agit il|motif de votre appel"},
		{"{value}", "{value}", "{value}", "{value}"}},
	{"email",
		{"your email|your e mail|email address|e mail address", "su correo|correo electronico|su email",
			"ihre e mail|ihre email|e mail adresse|emailadresse",
			"votre e mail|votre email|adresse electronique|adresse e mail"},
		PLAIN_SAYS},
	{"date",
		{"what date|which date|what day|which day|date of birth|when is your birthday|when would you like",
			"que fecha|que dia|fecha de nacimiento|cuando le gustaria",
			"welches datum|welcher tag|welchem tag|geburtsdatum|wann mochten sie",
			"quelle date|quel jour|date de naissance|quand souhaitez"},
		{"{value}.|On {value}.", "El {value}.|{value}.", "Am {value}.|{value}.", "Le {value}.|{value}."}},
	{"time",
		{"what time|which time|when should|when can|time of day", "que hora|a que hora|cuando puede",
			"um wie viel uhr|wie viel uhr|welche uhrzeit|wann passt",
			"quelle heure|a quelle heure|quand pouvez"},
		{"{value}.|At {value}.", "A las {value}.|{value}.", "Um {value}.|{value}.", "À {value}.|{value}."}},
	{"zip", {"zip code|postal code|postcode|your zip", "codigo postal", "postleitzahl", "code postal"}, PLAIN_SAYS},
	{"account",
		{"account number|customer number|member number|policy number|your account",
			"numero de cuenta|numero de cliente", "kundennummer|kontonummer|vertragsnummer",
			"numero de compte|numero de client"},
		PLAIN_SAYS},
	{"choice", {"", "", "", ""}, {"{value}", "{value}", "{value}", "{value}"}},
};

static const char *const ask_rows[CW_ASK_N][CW_TONGUE_N] = {
	[CW_ASK_CONFIRM] = {"is that correct|is this correct|is that right|is everything correct|is it correct|did i get that right|"
			    "does that sound right|is all of that correct|is that all correct|have i got that right|can you confirm",
		"es correcto|esta bien asi|es asi|todo correcto|puede confirmar|lo confirma",
		"ist das richtig|ist das korrekt|stimmt das|ist alles richtig|stimmt alles|konnen sie das bestatigen|richtig so",
		"est ce correct|c est correct|est ce exact|c est bien ca|est ce bien cela|pouvez vous confirmer|tout est correct"},
	[CW_ASK_OFFER] =
		{"which one works|which one|which would you|which do you prefer|which time works|which slot|would either|"
		 "do any of those|does either",
			"cual prefiere|cual le viene|cual le conviene|cual de|le viene bien",
			"welcher termin|welchen termin|was passt ihnen|welcher passt|passt ihnen",
			"lequel preferez|lequel vous convient|laquelle preferez|quel creneau|vous convient"},
	[CW_ASK_MORE] = {"anything else|something else i can|is that all|will that be all",
		"algo mas|alguna otra cosa|es todo", "sonst noch etwas|noch etwas|kann ich noch|war das alles",
		"autre chose|besoin d autre|ce sera tout"},
	[CW_ASK_SPELL] = {"spell", "deletrear|deletree|deletrea|deletreo", "buchstabieren|buchstabiere",
		"epeler|epelez|epelle"},
	[CW_ASK_REPEAT] = {"didn t catch|did not catch|didn t get that|say that again|say it again|repeat that|could you repeat|"
			   "can you repeat|please repeat|didn t understand|did not understand|come again|one more time",
		"no le he entendido|no entendi|no le entendi|puede repetir|podria repetir|repita por favor|no he entendido",
		"nicht verstanden|bitte wiederholen|konnen sie das wiederholen|noch einmal bitte|noch einmal sagen",
		"pas compris|pouvez vous repeter|repetez s il vous plait|veuillez repeter|pas entendu"},
	[CW_ASK_HELP] = {"how can i help|how may i help|what can i do for you|how can we help|how may i assist|how can i assist|"
			 "what can i help",
		"en que puedo ayudar|como puedo ayudar|en que le puedo|que puedo hacer por usted|en que puedo servir",
		"wie kann ich ihnen|was kann ich fur sie|womit kann ich|wie kann ich helfen",
		"comment puis je vous aider|que puis je faire|en quoi puis je|comment puis je aider"},
	[CW_ASK_CHANGE] =
		{"what should i change|what would you like to change|what is wrong with it|which part is wrong|what needs to be changed",
			"que debo cambiar|que quiere cambiar|que es incorrecto",
			"was soll ich andern|was mochten sie andern|was ist falsch",
			"que dois je changer|que voulez vous changer|qu est ce qui est incorrect"},
	[CW_ASK_PROCEED] =
		{"shall i book|should i book|would you like me to|do you want me to|shall i go ahead|is that okay|is that ok|"
		 "would you like to book|do you want to book|would you like to schedule|does that work",
			"quiere que|le reservo|desea reservar|le parece bien",
			"soll ich|mochten sie den termin|ist das in ordnung",
			"voulez vous que je|souhaitez vous reserver|dois je|cela vous va"},
	[CW_ASK_YESNO] = {"is it|is there|are there|do you|are you|did you|have you|can you|would you|will you|does it",
		"tiene|hay|es usted|puede|quiere", "haben sie|sind sie|ist es|gibt es|konnen sie",
		"avez vous|etes vous|y a t il|pouvez vous|est ce que"},
};

static const char *const move_rows[CW_MOVE_N][CW_TONGUE_N] = {
	[CW_MOVE_OPEN] = {"{value}|Hi. {value}|Hello. {value}", "{value}|Hola. {value}|Buenos días. {value}",
		"{value}|Guten Tag. {value}|Hallo. {value}", "{value}|Bonjour. {value}|Bonjour, madame. {value}"},
	[CW_MOVE_TELL] = PLAIN_SAYS,
	[CW_MOVE_CORRECT] = {"No, it's {value}.|No, that's wrong. It is {value}.|No, I said {value}.",
		"No, es {value}.|No, eso no es correcto. Es {value}.|No, dije {value}.",
		"Nein, {value}.|Nein, das stimmt nicht. Richtig ist {value}.|Nein, ich sagte {value}.",
		"Non, c'est {value}.|Non, ce n'est pas correct. C'est {value}.|Non, j'ai dit {value}."},
	[CW_MOVE_YES] = {"Yes, that is correct.|Yes, that's right.|Yes.", "Sí, es correcto.|Sí, así es.|Sí.",
		"Ja, das ist richtig.|Ja, das stimmt.|Ja.", "Oui, c'est correct.|Oui, c'est ça.|Oui."},
	[CW_MOVE_NO] = {"No.|No, thank you.", "No.|No, gracias.", "Nein.|Nein, danke.", "Non.|Non, merci."},
	[CW_MOVE_CHOOSE] = {"The first one, please.|The first one.|I take the first one.",
		"La primera, por favor.|La primera opción.|Me quedo con la primera.",
		"Den ersten, bitte.|Den ersten Termin.|Ich nehme den ersten.",
		"Le premier, s'il vous plaît.|Le premier.|Je prends le premier."},
	[CW_MOVE_SPELL] = {"{value}.|Sure. {value}.", "{value}.|Claro. {value}.", "{value}.|Gern. {value}.",
		"{value}.|Bien sûr. {value}."},
	[CW_MOVE_REPEAT] = {"I said, {value}|Again: {value}|Yes, {value}",
		"Decía: {value}|Otra vez: {value}|Le repito: {value}",
		"Noch einmal: {value}|Ich sagte: {value}|Also: {value}",
		"Je disais : {value}|Encore une fois : {value}|Je répète : {value}"},
	[CW_MOVE_PARDON] = {"Sorry, could you say that again?|Sorry, what was that?|I'm sorry, can you repeat that?",
		"Perdón, ¿puede repetirlo?|Disculpe, ¿cómo ha dicho?|Perdone, no le he oído bien.",
		"Entschuldigung, können Sie das wiederholen?|Wie bitte?|Entschuldigung, ich habe Sie nicht verstanden.",
		"Pardon, pouvez-vous répéter ?|Excusez-moi, je n'ai pas entendu.|Pardon, comment ?"},
	[CW_MOVE_UNKNOWN] = {"I don't know that, sorry.|I'm not sure.|Sorry, I don't have that.",
		"No lo sé, lo siento.|No estoy seguro.|Eso no lo tengo.",
		"Das weiß ich leider nicht.|Da bin ich nicht sicher.|Das habe ich leider nicht.",
		"Je ne sais pas, désolé.|Je ne suis pas sûr.|Je ne l'ai pas, désolé."},
	[CW_MOVE_REFUSE] = {"I would rather not say.|I prefer not to give that.",
		"Prefiero no decirlo.|Eso no se lo doy.", "Das möchte ich nicht sagen.|Das gebe ich nicht an.",
		"Je préfère ne pas le dire.|Je ne souhaite pas le donner."},
	[CW_MOVE_DONE] = {"No, that is all. Thank you. Goodbye.|No, thank you. Goodbye.|That's all, thanks. Bye.",
		"No, eso es todo. Gracias. Adiós.|No, gracias. Adiós.|Nada más, gracias. Adiós.",
		"Nein, das ist alles. Danke. Auf Wiederhören.|Nein, danke. Auf Wiederhören.|Das war alles, danke. Tschüss.",
		"Non, c'est tout. Merci. Au revoir.|Non, merci. Au revoir.|C'est tout, merci. Au revoir."},
	[CW_MOVE_THANK] = {"Thank you. Goodbye.|Great, thank you. Bye.|Perfect, thanks a lot. Goodbye.",
		"Gracias. Adiós.|Muy bien, gracias. Adiós.|Perfecto, muchas gracias. Adiós.",
		"Danke. Auf Wiederhören.|Sehr gut, danke. Tschüss.|Prima, vielen Dank. Auf Wiederhören.",
		"Merci. Au revoir.|Très bien, merci. Au revoir.|Parfait, merci beaucoup. Au revoir."},
	[CW_MOVE_GIVE_UP] = {"I will try again later. Goodbye.|This does not work. I'll call back later. Goodbye.",
		"Lo intentaré más tarde. Adiós.|Así no funciona. Llamaré más tarde. Adiós.",
		"Ich versuche es später noch einmal. Auf Wiederhören.|So geht das nicht. Ich rufe später wieder an.",
		"Je réessaierai plus tard. Au revoir.|Cela ne marche pas. Je rappellerai plus tard. Au revoir."},
};

static const char *const small_talk[CW_TONGUE_N] = {"Sure, no problem.|Of course.|Well, let me see.|Okay, so.",
	"Claro que sí.|Por supuesto.|A ver, un momento.|Bueno, pues.",
	"Ja, gerne.|Natürlich.|Moment, mal sehen.|Also gut.",
	"Oui, bien sûr.|Pas de problème.|Attendez, voyons.|Bon, alors."};
static const char *const backchannels[CW_TONGUE_N] = {
	"Mm-hmm.|Uh-huh.|Okay.", "Mm-hmm.|Ajá.|Vale.|Sí.", "Mm-hmm.|Aha.|Okay.|Ja.", "Mm-hmm.|Oui.|D'accord.|Ah oui."};
static const char *const interjections[CW_TONGUE_N] = {"Sorry, wait a second.|Hold on, please.|Wait, excuse me.",
	"Perdón, espere un segundo.|Un momento, por favor.|Espere, disculpe.",
	"Entschuldigung, Moment bitte.|Warten Sie kurz.|Einen Augenblick, bitte.",
	"Pardon, attendez une seconde.|Un instant, s'il vous plaît.|Attendez, excusez-moi."};

static const char dates[] =
	" january february march april june july august september october november december monday tuesday wednesday thursday"
	" friday saturday sunday tomorrow today enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
	" diciembre lunes martes miercoles jueves viernes sabado domingo januar februar marz mai juni juli oktober dezember montag"
	" dienstag mittwoch donnerstag freitag samstag sonntag heute janvier fevrier mars avril juin juillet aout septembre octobre"
	" novembre decembre lundi mardi mercredi jeudi vendredi samedi dimanche demain ";

enum cw_tongue cw_tongue_of(const char *language)
{
	static const char codes[CW_TONGUE_N][3] = {"en", "es", "de", "fr"};

	for (int t = 0; language && t < CW_TONGUE_N; t++)
		if (!strncmp(language, codes[t], 2) && (!language[2] || language[2] == '-' || language[2] == '_'))
			return (enum cw_tongue)t;
	return CW_TONGUE_EN;
}

static const struct fact_row *row_of(const char *key)
{
	for (size_t i = 0; key && i < CW_COUNT(fact_rows); i++)
		if (!strcmp(fact_rows[i].key, key))
			return &fact_rows[i];
	return NULL;
}

const char *cw_ask_phrases(enum cw_ask a, enum cw_tongue t)
{
	return ask_rows[a][t];
}

const char *cw_fact_phrases(const char *key, enum cw_tongue t)
{
	const struct fact_row *row = row_of(key);

	return row ? row->asks[t] : NULL;
}

/* One of the '|'-separated texts. */
static struct cw_str draw(const char *texts, struct cw_rng *rng)
{
	uint32_t n = 1;

	for (const char *p = texts; *p; p++)
		n += *p == '|';

	uint32_t skip = cw_rng_below(rng, n);
	const char *from = texts;

	while (skip--)
		from = strchr(from, '|') + 1;

	const char *to = strchrnul(from, '|');

	return (struct cw_str){from, (size_t)(to - from)};
}

struct cw_str cw_move_template(enum cw_move_kind kind, const char *key, enum cw_tongue t, struct cw_rng *rng)
{
	const struct fact_row *row = kind == CW_MOVE_TELL ? row_of(key) : NULL;

	return draw(row ? row->says[t] : move_rows[kind][t], rng);
}

struct cw_str cw_rails_small_talk(enum cw_tongue t, struct cw_rng *rng)
{
	return draw(small_talk[t], rng);
}

struct cw_str cw_rails_backchannel(enum cw_tongue t, struct cw_rng *rng)
{
	return draw(backchannels[t], rng);
}

struct cw_str cw_rails_interjection(enum cw_tongue t, struct cw_rng *rng)
{
	return draw(interjections[t], rng);
}

/* ---- folding ---- */

/* Letters of the four languages without their accents; others stay. */
static const char *bare(uint32_t c, char one[5])
{
	static const struct {
		uint32_t from, to;
		const char *is;
	} rows[] = {{0xe0, 0xe5, "a"}, {0xe7, 0xe7, "c"}, {0xe8, 0xeb, "e"}, {0xec, 0xef, "i"}, {0xf1, 0xf1, "n"},
		{0xf2, 0xf6, "o"}, {0xf9, 0xfc, "u"}, {0xdf, 0xdf, "ss"}, {0x153, 0x153, "oe"}};

	for (size_t i = 0; i < CW_COUNT(rows); i++)
		if (c >= rows[i].from && c <= rows[i].to)
			return rows[i].is;
	one[cw_char_put(c, one)] = '\0';
	return one;
}

char *cw_rails_fold(void *parent, const char *text)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(64 * 1024);
	struct cw_str s = cw_str(text);
	bool gap = true;

	cw_buf_putc(&b, ' ');
	while (s.len) {
		size_t n = 1;
		uint32_t c = cw_char_lower(cw_char_next(s, &n));
		char one[5];

		s = (struct cw_str){s.p + n, s.len - n};
		if (!cw_char_is_word(c) || c == '\'') {
			if (!gap)
				cw_buf_putc(&b, ' ');
			gap = true;
			continue;
		}
		cw_buf_puts(&b, bare(c, one));
		gap = false;
	}
	if (!gap)
		cw_buf_putc(&b, ' ');
	return cw_buf_take(&b, parent);
}

bool cw_phrases_fit(const char *phrases, const char *text)
{
	while (phrases && *phrases) {
		const char *to = strchrnul(phrases, '|');
		size_t n = (size_t)(to - phrases);

		for (const char *at = text; n && (at = memmem(at, strlen(at), phrases, n)); at++)
			if (at > text && at[-1] == ' ' && at[n] == ' ')
				return true;
		phrases = *to ? to + 1 : to;
	}
	return false;
}

bool cw_names_a_date(const char *folded_word)
{
	char word[40];
	int n = snprintf(word, sizeof(word), " %s ", folded_word);

	return n > 0 && (size_t)n < sizeof(word) && strstr(dates, word);
}
