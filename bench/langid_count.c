/*
 * langid_count: makes src/language/langid_table.c
 *
 * usage: CW_DATA=…/shared/data bench_langid_count >src/language/langid_table.c
 *
 * Counts runs of three letters in the training part of STS-B (en de es fr it nl pl pt), in every second request of xSID validation (en de it nl tr)
 * and in the sentences below, which we wrote for languages that have little or none of these. Of each language the commonest are kept; add-half
 * smoothing. Only counts get into the table, no text.
 */
#include <math.h>

#include "base/file.h"
#include "base/mem.h"
#include "language/langid_int.h"

#define KEEP      230
#define GRAMS_MAX 60000

static const char *const own[][2] = {
	{"sv", "hej jag heter anna och jag skulle vilja boka en tid för service av min värmepanna. när kan ni komma? kan någon komma redan på torsdag "
	       "eftermiddag eller fredag morgon? det går bra klockan tio. mitt telefonnummer är noll sju noll ett två tre. tack så mycket för hjälpen "
	       "och ha en bra dag. vad kostar det? det är ganska dyrt men vi måste få det lagat. var ligger ert kontor? vi bor på storgatan fem i "
	       "göteborg. jag förstår inte vad du säger, kan du upprepa det? hur blir vädret i morgon? det ska regna hela dagen och blåsa mycket. sätt ett "
	       "larm till klockan sju. påminn mig om att köpa mjölk och bröd. spela musik av abba. lägg till låten i min spellista. vilka filmer visas på bion "
	       "ikväll? jag vill inte ha det längre, så jag tänker säga upp avtalet. barnen leker i trädgården medan mannen sitter och läser en bok. "
	       "kvinnan skär löken i små bitar. en hund springer över gräset. flickan rider på en häst. två personer åker skidor nerför backen. polisen säger att "
	       "ingen skadades vid olyckan. regeringen har beslutat att höja skatten nästa år. statsministern reste till tyskland under veckan. hon har arbetat "
	       "här sedan tjugohundra tio. det finns inga lediga platser kvar, tyvärr. ursäkta, jag hörde inte. självklart, det ordnar vi. är det något annat "
	       "jag kan hjälpa dig med? nej tack, det var allt. välkommen åter. huset byggdes för länge sedan av en fattig bonde. varje morgon dricker "
	       "han kaffe och äter smörgås. skolan börjar igen efter sommaren. boken handlar om ett barn som växer upp i skogen. man måste alltid vara "
	       "försiktig när man kör bil på vintern. det är roligt att lära sig nya språk. mina föräldrar kommer från norra sverige."},
	{"tr", "merhaba adım ayşe, kombim çalışmıyor ve bir randevu almak istiyorum. ne zaman gelebilirsiniz? yarın öğleden sonra ya da cuma sabahı uygun "
	       "olur. telefon numaram beş yüz otuz iki. teşekkür ederim, iyi günler. bu ne kadar tutar? biraz pahalı ama yapılması gerekiyor. adresim atatürk "
	       "caddesi numara beş. anlamadım, tekrar eder misiniz? yarın hava nasıl olacak? bütün gün yağmur yağacak. saat yediye alarm kur. bana süt "
	       "almayı hatırlat. bu şarkıyı çalma listeme ekle. bu akşam sinemada hangi filmler var? artık istemiyorum, aboneliğimi iptal etmek istiyorum. "
	       "çocuklar bahçede oynuyor, adam ise kitap okuyor. kadın soğanı küçük parçalara kesiyor. bir köpek çimenlerin üzerinde koşuyor. kız ata biniyor. "
	       "polis kazada kimsenin yaralanmadığını söyledi. hükümet gelecek yıl vergileri artırmaya karar verdi. başbakan geçen hafta almanya'ya gitti. iki bin "
	       "ondan beri burada çalışıyor. ne yazık ki boş yer kalmadı. tabii ki, hemen hallediyoruz. başka bir konuda yardımcı olabilir miyim? hayır, hepsi bu "
	       "kadar. her sabah kahve içiyor ve ekmek yiyor. okul yazdan sonra yeniden başlıyor. kışın araba kullanırken dikkatli olmak gerekir. yeni "
	       "diller öğrenmek eğlencelidir. annem ve babam izmir'den geliyor."},
};

struct count {
	char gram[8];
	unsigned n[CW_LANGID_LATIN];
	bool kept;
};

static struct counts {
	struct count c[GRAMS_MAX];
	size_t n;
	double sum[CW_LANGID_LATIN];
	double add[CW_LANGID_LATIN]; /* smoothing: half of what one trigram counted, at the rarest */
	size_t language;             /* being read */
	unsigned weight;
} counts;

/* Open addressing over a table that is never full. */
static struct count *find(const char *gram)
{
	static uint32_t slots[1 << 18];
	uint64_t h = 1469598103934665603u;

	for (const char *p = gram; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	for (size_t i = h & (CW_COUNT(slots) - 1);; i = (i + 1) & (CW_COUNT(slots) - 1)) {
		if (!slots[i]) {
			CW_ASSERT(counts.n < GRAMS_MAX);
			slots[i] = (uint32_t)++counts.n;
			(void)snprintf(counts.c[counts.n - 1].gram, sizeof(counts.c[0].gram), "%s", gram);
		}
		if (strcmp(counts.c[slots[i] - 1].gram, gram) == 0)
			return &counts.c[slots[i] - 1];
	}
}

static void take(const char *gram, void *arg)
{
	(void)arg;
	if (strlen(gram) > 6) /* letters of other scripts */
		return;
	find(gram)->n[counts.language] += counts.weight;
	counts.sum[counts.language] += counts.weight;
}

static void read_lines(const char *path, bool xsid)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(8 << 20);
	size_t n = 0;

	if (cw_file_read(path, 8 << 20, &b, NULL))
		return;
	for (struct cw_str rest = cw_buf_str(&b), line; cw_str_split(&rest, '\n', &line);) {
		if (xsid && !cw_str_starts(line, "# text = ") && !cw_str_starts(line, "# text: "))
			continue;
		if (xsid && n++ % 2)
			continue; /* bench_text looks at these */
		if (xsid)
			line = (struct cw_str){line.p + 8, line.len - 8};
		cw_langid_each_gram(line, take, NULL);
	}
}

static void read_all(void)
{
	const char *data = getenv("CW_DATA");
	char path[600];

	for (size_t l = 0; l < CW_LANGID_LATIN; l++) {
		counts.language = l;
		counts.weight = 1;
		(void)snprintf(path, sizeof(path), "%s/similarity_stsb/stsb-%s-train.csv",
			data ? data : "../shared/data", cw_langid_latin[l]);
		read_lines(path, false);
		counts.add[l] = counts.sum[l] > 0 ? 0.5 : 10;
		counts.weight = 20; /* few, but what callers say */
		(void)snprintf(path, sizeof(path), "%s/intent_xsid/%s.valid.conll", data ? data : "../shared/data",
			cw_langid_latin[l]);
		read_lines(path, true);
		for (size_t i = 0; i < CW_COUNT(own); i++)
			if (strcmp(own[i][0], cw_langid_latin[l]) == 0)
				cw_langid_each_gram(cw_str(own[i][1]), take, NULL);
	}
}

static int by_count(const void *a, const void *b)
{
	const struct count *x = a, *y = b;
	unsigned n = x->n[counts.language], m = y->n[counts.language];

	return n > m ? -1 : n < m ? 1 : strcmp(x->gram, y->gram);
}

static int by_gram(const void *a, const void *b)
{
	const struct count *x = a, *y = b;

	return strcmp(x->gram, y->gram);
}

static void print_row(const struct count *c, double different)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	printf("{\"%s\", \"", c->gram);
	for (size_t l = 0; l < CW_LANGID_LATIN; l++) {
		double p = (c->n[l] + counts.add[l]) / (counts.sum[l] + counts.add[l] * different);
		long v = lround(-log(p) * CW_LANGID_STEP);

		putchar(digits[v < 0 ? 0 : v > 61 ? 61 : v]);
	}
	printf("\"},");
}

int main(void)
{
	double different = 0;
	size_t kept = 0;

	read_all();
	for (counts.language = 0; counts.language < CW_LANGID_LATIN; counts.language++) {
		qsort(counts.c, counts.n, sizeof(*counts.c), by_count);
		for (size_t i = 0; i < KEEP; i++)
			counts.c[i].kept = true;
	}
	qsort(counts.c, counts.n, sizeof(*counts.c), by_gram);
	printf("#include \"language/langid_int.h\"\n\n"
	       "/* Made by bench/langid_count.c, which says from what; do not change by hand. One digit per language in the order of cw_langid_latin. */\n\n"
	       "/* clang-format off */\n"
	       "const struct cw_langid_gram cw_langid_grams[] = {");
	for (size_t i = 0; i < counts.n; i++)
		different += counts.c[i].kept;
	for (size_t i = 0; i < counts.n; i++) {
		if (!counts.c[i].kept)
			continue;
		printf("%s", kept++ % 4 ? " " : "\n\t");
		print_row(&counts.c[i], different);
	}
	printf("\n};\n/* clang-format on */\nconst size_t cw_langid_grams_n = sizeof(cw_langid_grams) / sizeof(cw_langid_grams[0]);\n");
	return 0;
}
