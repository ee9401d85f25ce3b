#include "speech/lexicon.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <flite/flite.h>

#include "base/mem.h"

#define SLOTS    (1u << 18) /* for about 134,000 lines, of which 125,000 are words */
#define WORD_MAX 64

struct cw_lexicon {
	const char *text;
	size_t len;
	uint32_t slots[SLOTS]; /* offset of the word's first line + 1 */
};

cst_lexicon *cmu_lex_init(void);

static struct cw_lexicon lexicon;
static int lexicon_err = -1; /* -1: not loaded yet */
static pthread_mutex_t lexicon_lock = PTHREAD_MUTEX_INITIALIZER;

static uint32_t hash(const char *p, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 16777619u;
	return h;
}

/* The word of the line at @p: up to a blank. */
static size_t word_len(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && *q != ' ' && *q != '\t' && *q != '\n')
		q++;
	return (size_t)(q - p);
}

static void index_line(struct cw_lexicon *l, const char *p)
{
	size_t n = word_len(p, l->text + l->len);

	if (!n || p[n - 1] == ')') /* an alternative: follows its word */
		return;
	uint32_t i = hash(p, n) & (SLOTS - 1);

	while (l->slots[i])
		i = (i + 1) & (SLOTS - 1);
	l->slots[i] = (uint32_t)(p - l->text) + 1;
}

static int load(struct cw_lexicon *l, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	unsigned lines = 0;

	if (fd < 0)
		return errno;
	if (fstat(fd, &st))
		err = errno;
	void *map = err || !st.st_size ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

	close(fd);
	if (map == MAP_FAILED)
		return err ? err : EBADMSG;
	l->text = map;
	l->len = (size_t)st.st_size;
	for (const char *p = l->text, *end = l->text + l->len; p < end && lines < SLOTS * 3 / 4; lines++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		index_line(l, p);
		p = nl ? nl + 1 : end;
	}
	return 0;
}

int cw_lexicon_get(const char *path, const struct cw_lexicon **ret, struct cw_why *why)
{
	pthread_mutex_lock(&lexicon_lock);
	if (lexicon_err) {
		lexicon_err = load(&lexicon, path);
		(void)cmu_lex_init();
	}
	int err = lexicon_err;

	pthread_mutex_unlock(&lexicon_lock);
	if (err)
		return cw_why_set(why, err, "cannot read the dictionary %s: %s; install the package pocketsphinx-en-us",
			path, strerror(err));
	*ret = &lexicon;
	return 0;
}

static const char *find(const struct cw_lexicon *l, struct cw_str word)
{
	for (uint32_t i = hash(word.p, word.len) & (SLOTS - 1); l->slots[i]; i = (i + 1) & (SLOTS - 1)) {
		const char *p = l->text + l->slots[i] - 1;

		if (word_len(p, l->text + l->len) == word.len && !memcmp(p, word.p, word.len))
			return p;
	}
	return NULL;
}

bool cw_lexicon_has(const struct cw_lexicon *l, struct cw_str word)
{
	return find(l, word) != NULL;
}

/* The word's line and its alternatives, which follow it. */
static void copy_lines(const struct cw_lexicon *l, const char *p, struct cw_str word, FILE *out)
{
	const char *end = l->text + l->len;

	for (;;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		while (n && isspace((unsigned char)p[n - 1]))
			n--;
		fprintf(out, "%.*s\n", (int)n, p);
		p = nl ? nl + 1 : end;
		if ((size_t)(end - p) <= word.len || memcmp(p, word.p, word.len) || p[word.len] != '(')
			return;
	}
}

/* flite's phones are the dictionary's in lower case with a stress figure, and a schwa which CMU counts as AH. */
static void put_phone(const char *phone, FILE *out)
{
	char name[8] = "";
	size_t n = 0;

	for (; phone[n] && !isdigit((unsigned char)phone[n]) && n < sizeof(name) - 1; n++)
		name[n] = (char)toupper((unsigned char)phone[n]);
	fprintf(out, " %s", strcmp(name, "AX") ? name : "AH");
}

static void sound_out(struct cw_str word, FILE *out)
{
	char letters[WORD_MAX];
	size_t n = 0;

	for (size_t i = 0; i < word.len && n < sizeof(letters) - 1; i++)
		if (isalpha((unsigned char)word.p[i]) || word.p[i] == '\'')
			letters[n++] = (char)tolower((unsigned char)word.p[i]);
	letters[n] = 0;
	cst_val *phones = n ? lex_lookup(cmu_lex_init(), letters, NULL, NULL) : NULL;

	if (phones) {
		fprintf(out, "%.*s", CW_STR(word));
		for (const cst_val *p = phones; p; p = val_cdr(p))
			put_phone(val_string(val_car(p)), out);
		fputc('\n', out);
	}
	delete_val(phones);
}

void cw_lexicon_write(const struct cw_lexicon *l, struct cw_str word, FILE *out)
{
	const char *line = find(l, word);

	if (line)
		copy_lines(l, line, word, out);
	else
		sound_out(word, out);
}
