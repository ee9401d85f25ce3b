#include "language/langid.h"

#include <math.h>

#include "base/mem.h"
#include "language/langid_int.h"

#define TEXT_MAX   4000 /* bytes looked at: more do not make it surer */
#define WORD_BONUS 2.5  /* nats for a function word */
#define MARK_BONUS 3.0  /* for a letter which few languages have; at most MARKS_MAX times */
#define MARKS_MAX  2
#define DOUBT      0.4 /* trigrams of a text are not independent: their sum says too much */
#define NO_GRAM    8.5 /* cost of a trigram not in the table, for all */

enum script { LATIN, HAN, KANA, HANGUL, CYRILLIC, ARABIC, DEVANAGARI, SCRIPTS };

static const char *const codes[] = {
	"en", "es", "de", "fr", "pt", "it", "nl", "sv", "pl", "tr", "ja", "zh", "ko", "ru", "ar", "hi", NULL};

/* By hand; a word may stand in several. In the order of cw_langid_latin. */
static const char *const function_words[CW_LANGID_LATIN] = {
	" the a an is are was were be to of and in that have has i i'm you your he she it's it they we not with at this but his her from or my what "
	"how when who which there their will would can do does did don't for on please by about tell set show any some off up out all now no yes ",
	" el la los las un una de del que y en es está están por para con no se su lo al más mi tu qué cómo cuándo dónde hay soy tengo muy pero como "
	"este esta eso me te le nos sí ya o yo él ella usted gracias ",
	" der die das den dem des ein eine einen einem und ist sind war ich du er sie es wir ihr nicht mit auf für von zu zum zur im in an aus bei nach "
	"wie was wann wer wird werden habe hat haben auch oder aber mir mich mein meine dass sich noch bitte heute um am gibt ",
	" le la les un une des du de et est sont était je tu il elle nous vous ils ne pas que qui dans sur pour avec ce cette ces mon ma mes son sa ses au "
	"aux en à ou mais comment quand quel quelle y c'est j'ai l'on plus par se me te où d'un d'une qu'il ",
	" o a os as um uma de do da dos das que e em no na nos nas é são está não para com por se ao à mais meu minha seu sua como quando onde qual "
	"você eu ele ela isso este esta muito mas ou já foi tem também pelo pela ",
	" il lo la i gli le un uno una di del della dei delle che e è sono in nel nella per con non si su al alla da dal mi ti ci come quando dove quale "
	"cosa io tu lui lei noi ho ha hanno questo questa più ma o anche molto sarà c'è ",
	" de het een en is zijn van in op te dat die met voor niet ik je jij hij zij ze we wij u aan er om als maar bij naar uit wat hoe wanneer wie "
	"waar heeft heb hebben was wordt worden mijn jouw dit deze ook of nog kan ",
	" och att det i en ett som är på av för med den till inte har de jag du vi ni han hon om var från så vad hur när kan men vill min mitt mina din "
	"ska skulle eller nu här där finns mig dig sig också efter bara vid ",
	" w z i na do się nie to jest że o po za od co jak kiedy czy gdzie dla przez są był była mam ma mi mnie ja ty on ona my wy oni ten ta te tym "
	"który która ale lub jaka jaki jakie ile bardzo tak proszę ze ",
	" ve bir bu da de için ne mi mı mu mü var yok ben sen o biz siz onlar nasıl nerede kaç çok daha ile olan olarak gibi ama değil hava bana bugün "
	"yarın lütfen saat kadar en şu evet hayır her sonra ",
};

/* Letters and the languages (by number) that have them. */
static const struct mark {
	uint32_t letter;
	const char *who;
} marks[] = {
	{0xdf, "de"},
	{0xe4, "de sv"},
	{0xf6, "de sv tr"},
	{0xfc, "de tr"},
	{0xe5, "sv"},
	{0xf1, "es"},
	{0xbf, "es"},
	{0xa1, "es"},
	{0xe3, "pt"},
	{0xf5, "pt"},
	{0xe2, "pt fr"},
	{0xea, "pt fr"},
	{0xf4, "pt fr"},
	{0xe7, "fr pt tr"},
	{0xe8, "fr it"},
	{0xf9, "it fr"},
	{0xec, "it"},
	{0xf2, "it"},
	{0xe0, "fr it pt"},
	{0xeb, "nl fr"},
	{0xef, "nl fr"},
	{0xee, "fr"},
	{0x153, "fr"},
	{0x105, "pl"},
	{0x119, "pl"},
	{0x142, "pl"},
	{0x15b, "pl"},
	{0x17a, "pl"},
	{0x17c, "pl"},
	{0x107, "pl"},
	{0x144, "pl"},
	{0x11f, "tr"},
	{0x15f, "tr"},
	{0x131, "tr"},
};

static enum script script_of(uint32_t c)
{
	if (c < 0x250 || (c >= 0x1e00 && c < 0x1f00))
		return LATIN;
	if (c >= 0x400 && c < 0x530)
		return CYRILLIC;
	if ((c >= 0x600 && c < 0x780) || (c >= 0xfb50 && c < 0xff00))
		return ARABIC;
	if (c >= 0x900 && c < 0x980)
		return DEVANAGARI;
	if (c >= 0x3040 && c < 0x3100)
		return KANA;
	if ((c >= 0xac00 && c < 0xd7b0) || (c >= 0x1100 && c < 0x1200))
		return HANGUL;
	return (c >= 0x3400 && c < 0xa000) || (c >= 0xf900 && c < 0xfb00) ? HAN : SCRIPTS;
}

static size_t cut(size_t len)
{
	return len < TEXT_MAX ? len : TEXT_MAX;
}

/* Letters of each script. Names stand in Latin letters everywhere, so others weigh more; a sign of a script without an alphabet is most of a word. */
static void count_scripts(struct cw_str text, unsigned counts[SCRIPTS])
{
	static const unsigned weights[SCRIPTS] = {
		[LATIN] = 1, [HAN] = 5, [KANA] = 5, [HANGUL] = 5, [CYRILLIC] = 2, [ARABIC] = 2, [DEVANAGARI] = 2};
	size_t n;

	for (size_t i = 0; i < text.len; i += n) {
		uint32_t c = cw_char_next((struct cw_str){text.p + i, text.len - i}, &n);
		enum script s = script_of(c);

		if (s != SCRIPTS && cw_char_is_word(c) && !(c >= '0' && c <= '9') && c != 0xfffd)
			counts[s] += weights[s];
	}
}

/* ---- Latin script ---- */

static int compare_gram(const void *key, const void *entry)
{
	return strcmp(key, ((const struct cw_langid_gram *)entry)->gram);
}

static unsigned digit_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : c <= 'Z' ? (unsigned)(c - 'A') + 10 : (unsigned)(c - 'a') + 36;
}

static void add_gram(const char *gram, void *arg)
{
	double *score = arg;
	const struct cw_langid_gram *g =
		bsearch(gram, cw_langid_grams, cw_langid_grams_n, sizeof(*cw_langid_grams), compare_gram);

	for (size_t l = 0; g && l < CW_LANGID_LATIN; l++)
		score[l] += NO_GRAM - (double)digit_value(g->cost[l]) / CW_LANGID_STEP;
}

static bool listed(const char *list, struct cw_str word)
{
	char key[32];

	if (!word.len || word.len > sizeof(key) - 3)
		return false;
	key[0] = ' ';
	memcpy(key + 1, word.p, word.len);
	key[word.len + 1] = ' ';
	key[word.len + 2] = 0;
	return strstr(list, key) != NULL;
}

static void add_words(struct cw_str text, double *score)
{
	struct cw_words ws;

	cw_words_init(&ws, text);
	for (size_t i = 0; i < ws.n; i++)
		for (size_t l = 0; l < CW_LANGID_LATIN; l++)
			if (listed(function_words[l], ws.w[i]))
				score[l] += WORD_BONUS;
}

static void add_marks(struct cw_str text, double *score)
{
	unsigned met[CW_COUNT(marks)] = {0};
	size_t n;

	for (size_t i = 0; i < text.len; i += n) {
		uint32_t c = cw_char_lower(cw_char_next((struct cw_str){text.p + i, text.len - i}, &n));

		for (size_t k = 0; c > 0x7f && k < CW_COUNT(marks); k++)
			if (marks[k].letter == c && met[k]++ < MARKS_MAX)
				for (size_t l = 0; l < CW_LANGID_LATIN; l++)
					score[l] += strstr(marks[k].who, cw_langid_latin[l]) ? MARK_BONUS : 0;
	}
}

/* Shares of the Latin languages, adding up to @share. */
static void rank_latin(struct cw_str text, double share, double out[CW_LANGID_LATIN])
{
	double score[CW_LANGID_LATIN] = {0}, best, sum = 0;

	cw_langid_each_gram(text, add_gram, score);
	add_words(text, score);
	add_marks(text, score);
	best = score[0];
	for (size_t l = 1; l < CW_LANGID_LATIN; l++)
		best = score[l] > best ? score[l] : best;
	for (size_t l = 0; l < CW_LANGID_LATIN; l++)
		sum += out[l] = exp(DOUBT * (score[l] - best));
	for (size_t l = 0; l < CW_LANGID_LATIN; l++)
		out[l] *= share / sum;
}

/* ---- all ---- */

struct share {
	const char *code;
	double value;
};

static int by_share(const void *a, const void *b)
{
	double x = ((const struct share *)a)->value, y = ((const struct share *)b)->value;

	return x > y ? -1 : x < y;
}

size_t cw_langid_rank(struct cw_str text, struct cw_langid *out, size_t max)
{
	struct share shares[CW_LANGID_LATIN + 6];
	double latin[CW_LANGID_LATIN] = {0};
	unsigned counts[SCRIPTS] = {0}, all = 0;
	size_t n = 0;

	text.len = cut(text.len);
	count_scripts(text, counts);
	for (size_t s = 0; s < SCRIPTS; s++)
		all += counts[s];
	if (!all)
		return 0;
	if (counts[LATIN])
		rank_latin(text, (double)counts[LATIN] / all, latin);
	for (size_t l = 0; l < CW_LANGID_LATIN; l++)
		shares[n++] = (struct share){cw_langid_latin[l], latin[l]};
	/* Japanese is written in both; Chinese has no kana */
	shares[n++] = (struct share){"ja", counts[KANA] ? (double)(counts[KANA] + counts[HAN]) / all : 0};
	shares[n++] = (struct share){"zh", counts[KANA] ? 0 : (double)counts[HAN] / all};
	shares[n++] = (struct share){"ko", (double)counts[HANGUL] / all};
	shares[n++] = (struct share){"ru", (double)counts[CYRILLIC] / all};
	shares[n++] = (struct share){"ar", (double)counts[ARABIC] / all};
	shares[n++] = (struct share){"hi", (double)counts[DEVANAGARI] / all};
	qsort(shares, n, sizeof(*shares), by_share);
	for (size_t i = 0; i < n && i < max; i++) {
		memcpy(out[i].code, shares[i].code, sizeof(out[i].code));
		out[i].confidence = shares[i].value;
	}
	return n < max ? n : max;
}

bool cw_langid_guess(struct cw_str text, struct cw_langid *ret)
{
	return cw_langid_rank(text, ret, 1) == 1;
}

bool cw_langid_tag_is(const char *tag, const char *code)
{
	size_t n = strlen(code);

	return strncasecmp(tag, code, n) == 0 && (tag[n] == 0 || tag[n] == '-' || tag[n] == '_');
}

const char *const *cw_langid_codes(void)
{
	return codes;
}
