/*
 * text: how good are sentiment, language identification and entities, on data nobody here wrote
 *
 * usage: bench_text [dev|train]   reads emotion_goemotions, intent_xsid, similarity_stsb, text_normalization_nemo in $CW_DATA (default ../shared/data)
 *
 * Sentiment: GoEmotions' labels as polarity (the grouping of its authors; curiosity, confusion, realization, surprise and neutral count as
 * neutral; comments with labels of both signs are left out). Reference: the class met most often.
 * Language: xSID validation, the part that was not counted into langid_table.c (see there).
 */
#include "base/file.h"
#include "base/mem.h"
#include "language/entity.h"
#include "language/langid.h"
#include "language/sentiment.h"

#define LABELS 28

static const char *data_file(char *out, size_t size, const char *name)
{
	const char *data = getenv("CW_DATA");

	(void)snprintf(out, size, "%s/%s", data ? data : "../shared/data", name);
	return out;
}

/* ---- sentiment ---- */

static const char *const positive =
	" admiration amusement approval caring desire excitement gratitude joy love optimism pride relief ";
static const char *const negative =
	" anger annoyance disappointment disapproval disgust embarrassment fear grief nervousness remorse sadness ";

static bool listed(const char *list, struct cw_str word)
{
	char key[40];

	(void)snprintf(key, sizeof(key), " %.*s ", CW_STR(word));
	return strstr(list, key) != NULL;
}

/* Polarity of every label by its number. */
static int read_labels(int polarity[LABELS])
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);
	char path[600];
	size_t n = 0;

	if (cw_file_read(data_file(path, sizeof(path), "emotion_goemotions/labels.txt"), 4096, &b, NULL))
		return 1;
	for (struct cw_str rest = cw_str_trim(cw_buf_str(&b)), line; n < LABELS && cw_str_split(&rest, '\n', &line);
		n++) {
		line = cw_str_trim(line);
		polarity[n] = listed(positive, line) ? 1 : listed(negative, line) ? -1 : 0;
	}
	return n != LABELS;
}

/* false: of both signs */
static bool polarity_of(struct cw_str ids, const int polarity[LABELS], int *ret)
{
	bool plus = false, minus = false;
	struct cw_str id;

	while (cw_str_split(&ids, ',', &id)) {
		uint32_t n;

		if (cw_str_u32(id, LABELS - 1, &n))
			continue;
		plus = plus || polarity[n] > 0;
		minus = minus || polarity[n] < 0;
	}
	*ret = plus - minus;
	return !(plus && minus);
}

static void print_sentiment(size_t table[3][3])
{
	static const char *const names[] = {"negative", "neutral", "positive"};
	size_t all = 0, right = 0, most = 0;
	double f1_sum = 0;

	for (int i = 0; i < 3; i++) {
		size_t gold = table[i][0] + table[i][1] + table[i][2];

		all += gold;
		right += table[i][i];
		most = gold > most ? gold : most;
	}
	printf("  %-10s %6s %10s %8s %6s\n", "", "n", "precision", "recall", "F1");
	for (int i = 0; i < 3; i++) {
		size_t gold = table[i][0] + table[i][1] + table[i][2], said = table[0][i] + table[1][i] + table[2][i];
		double p = said ? (double)table[i][i] / (double)said : 0,
		       r = gold ? (double)table[i][i] / (double)gold : 0;
		double f1 = p + r > 0 ? 2 * p * r / (p + r) : 0;

		f1_sum += f1;
		printf("  %-10s %6zu %10.3f %8.3f %6.3f\n", names[i], gold, p, r, f1);
	}
	printf("  accuracy %.3f, macro F1 %.3f; always the commonest class: accuracy %.3f, macro F1 %.3f\n",
		(double)right / (double)all, f1_sum / 3, (double)most / (double)all,
		2.0 / 3 * (double)most / (double)(all + most));
}

static int sentiment(const char *part)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(16 << 20);
	size_t table[3][3] = {{0}};
	int polarity[LABELS];
	char name[64], path[600];
	struct cw_str rest, line;

	(void)snprintf(name, sizeof(name), "emotion_goemotions/%s.tsv", part);
	if (read_labels(polarity) || cw_file_read(data_file(path, sizeof(path), name), 16 << 20, &b, NULL)) {
		fprintf(stderr, "%s: cannot be read; set CW_DATA to the folder of shared data\n", path);
		return 3;
	}
	for (rest = cw_buf_str(&b); cw_str_split(&rest, '\n', &line);) {
		struct cw_str text, ids;
		struct cw_sentiment s;
		int gold;

		if (!cw_str_split(&line, '\t', &text) || !cw_str_split(&line, '\t', &ids) ||
			!polarity_of(ids, polarity, &gold))
			continue;
		if (!cw_sentiment_read(text, "en", &s))
			table[gold + 1][s.class + 1]++;
	}
	printf("sentiment, GoEmotions %s\n", part);
	print_sentiment(table);
	return 0;
}

/* ---- language ---- */

static int language(const char *code, size_t *right_sum, size_t *sum)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4 << 20);
	char name[64], path[600], wrong[200] = "";
	size_t n = 0, right = 0, line_no = 0;
	struct cw_str rest, line;

	(void)snprintf(name, sizeof(name), "intent_xsid/%s.valid.conll", code);
	if (cw_file_read(data_file(path, sizeof(path), name), 4 << 20, &b, NULL)) {
		fprintf(stderr, "%s: cannot be read; set CW_DATA to the folder of shared data\n", path);
		return 3;
	}
	for (rest = cw_buf_str(&b); cw_str_split(&rest, '\n', &line);) {
		struct cw_langid l = {0};

		if (!cw_str_starts(line, "# text = ") && !cw_str_starts(line, "# text: "))
			continue;
		line = cw_str_trim((struct cw_str){line.p + 8, line.len - 8});
		if (line_no++ % 2 == 0)
			continue; /* counted into the tables */
		n++;
		if (cw_langid_guess(line, &l) && strcmp(l.code, code) == 0)
			right++;
		else if (strlen(wrong) < sizeof(wrong) - 60)
			(void)snprintf(wrong + strlen(wrong), sizeof(wrong) - strlen(wrong), " %s:'%.*s'", l.code,
				(int)(line.len < 40 ? line.len : 40), line.p);
	}
	printf("  %s %4zu of %4zu  %.3f  %s\n", code, right, n, n ? (double)right / (double)n : 0, wrong);
	*right_sum += right;
	*sum += n;
	return 0;
}

/* First sentences of STS-B dev: descriptions and news. */
static int language_sts(const char *code, size_t *right_sum, size_t *sum)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4 << 20);
	char name[64], path[600];
	size_t n = 0, right = 0;
	struct cw_str rest, line;

	(void)snprintf(name, sizeof(name), "similarity_stsb/stsb-%s-dev.csv", code);
	if (cw_file_read(data_file(path, sizeof(path), name), 4 << 20, &b, NULL)) {
		fprintf(stderr, "%s: cannot be read; set CW_DATA to the folder of shared data\n", path);
		return 3;
	}
	for (rest = cw_buf_str(&b); cw_str_split(&rest, '\n', &line);) {
		struct cw_langid l = {0};
		struct cw_str text = line;
		bool quoted = line.len && line.p[0] == '"';

		for (text.len = quoted; text.len < line.len; text.len++) {
			if (line.p[text.len] != (quoted ? '"' : ','))
				continue;
			if (!quoted || text.len + 1 >= line.len || line.p[text.len + 1] != '"')
				break;
			text.len++; /* a doubled quotation mark */
		}
		n++;
		right += cw_langid_guess(text, &l) && strcmp(l.code, code) == 0;
	}
	printf("  %s %4zu of %4zu  %.3f\n", code, right, n, n ? (double)right / (double)n : 0);
	*right_sum += right;
	*sum += n;
	return 0;
}

/* ---- entities: the spoken and the written form of one thing (NeMo's inverse text normalisation cases) must give the same ---- */

static int entities(const char *name, struct cw_entity_score *sum)
{
	static const struct cw_date today = {2026, 3, 2};
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
	struct cw_entity_score score = {0};
	char file[80], path[600];
	struct cw_entity_counts c;

	(void)snprintf(file, sizeof(file), "text_normalization_nemo/en/itn/test_cases_%s.txt", name);
	if (cw_file_read(data_file(path, sizeof(path), file), 1 << 20, &b, NULL)) {
		fprintf(stderr, "%s: cannot be read; set CW_DATA to the folder of shared data\n", path);
		return 3;
	}
	for (struct cw_str rest = cw_buf_str(&b), line, spoken; cw_str_split(&rest, '\n', &line);)
		if (cw_str_split(&line, '~', &spoken) && (cw_entity_score_add(&score, line, spoken, &today) ||
								 cw_entity_score_add(sum, line, spoken, &today)))
			return 1;
	c = cw_entity_total(&score);
	printf("  %-10s right %3zu  wrong %3zu  missing %3zu  extra %3zu\n", name, c.right, c.wrong, c.missing,
		c.extra);
	return 0;
}

static int all_entities(void)
{
	static const char *const files[] = {"cardinal", "decimal", "money", "date", "time", "telephone", "electronic"};
	struct cw_entity_score sum = {0};
	struct cw_entity_counts c;
	int rc = 0;

	printf("entities of spoken against written forms, NeMo en itn\n");
	for (size_t i = 0; !rc && i < CW_COUNT(files); i++)
		rc = entities(files[i], &sum);
	c = cw_entity_total(&sum);
	if (!rc)
		printf("  all        right %zu of %zu, error rate %.3f\n", c.right, c.right + c.wrong + c.missing,
			cw_entity_error_rate(&c));
	return rc;
}

int main(int argc, char **argv)
{
	static const char *const codes[] = {"en", "de", "it", "nl", "tr", "ja", "zh", "ar"};
	static const char *const sts_codes[] = {"en", "de", "es", "fr", "it", "nl", "pl", "pt", "ru", "ja", "zh"};
	int rc = sentiment(argc > 1 ? argv[1] : "dev");
	size_t right = 0, n = 0;

	if (rc)
		return rc;
	printf("language of one request, xSID validation (every second one)\n");
	for (size_t i = 0; !rc && i < CW_COUNT(codes); i++)
		rc = language(codes[i], &right, &n);
	if (!rc)
		printf("  all %zu of %zu  %.3f\n", right, n, (double)right / (double)n);
	right = n = 0;
	printf("language of one sentence, STS-B dev\n");
	for (size_t i = 0; !rc && i < CW_COUNT(sts_codes); i++)
		rc = language_sts(sts_codes[i], &right, &n);
	if (!rc)
		printf("  all %zu of %zu  %.3f\n", right, n, (double)right / (double)n);
	return rc ? rc : all_entities();
}
