/* What is said: built-in sentences, text files, lists of recordings. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "trial/perf/voice.h"

const struct cw_voice_item cw_voice_texts[] = {
	{.text = "My name is Maria Lopez and my furnace stopped working."},
	{.text = "My phone number is 415-555-0134."},
	{.text = "The address is 42 Maple Street."},
	{.text = "Can somebody come on Tuesday at 9:30 am?"},
	{.text = "I can pay $125 by card."},
	{.text = "My name is Peter Hudson, the number is 212-555-0187."},
	{.text = "It has to be after 3 pm on Friday."},
	{.text = "We live at 318 Cedar Lane."},
	{.text = "The bill was $80 last time."},
	{.text = "Please call me back on 650-555-0119 tomorrow."},
	{.text = "Thursday at 11 am works for me."},
	{.text = "There are 4 people in the house."},
};
const size_t cw_voice_n_texts = CW_COUNT(cw_voice_texts);

/* The next line of @rest, without its end; false: no more. */
static bool next_line(struct cw_str *rest, struct cw_str *line)
{
	const char *end;

	if (!rest->len)
		return false;
	end = memchr(rest->p, '\n', rest->len);
	*line = (struct cw_str){rest->p, end ? (size_t)(end - rest->p) : rest->len};
	rest->p += line->len + (end ? 1 : 0);
	rest->len -= line->len + (end ? 1 : 0);
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool blank(struct cw_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != ' ' && s.p[i] != '\t')
			return false;
	return true;
}

/* One more; arrays double. */
static int append(void *parent, struct cw_voice_item **items, size_t *n, struct cw_voice_item item)
{
	if (*n == talloc_array_length(*items)) {
		struct cw_voice_item *more = talloc_realloc(parent, *items, struct cw_voice_item, 2 * *n + 8);

		if (!more)
			return ENOMEM;
		*items = more;
	}
	CW_ASSERT(*items);
	(*items)[(*n)++] = item;
	return 0;
}

int cw_voice_texts_parse(void *parent, struct cw_str file, struct cw_voice_item **ret, size_t *n, struct cw_why *why)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_voice_item *items = NULL;
	struct cw_str line;
	size_t found = 0;

	if (!scope)
		return ENOMEM;
	while (next_line(&file, &line)) {
		struct cw_voice_item item = {0};

		if (blank(line) || line.p[0] == '#')
			continue;
		if (found == CW_VOICE_ITEMS_MAX)
			return cw_why_set(why, E2BIG, "more than %d sentences", CW_VOICE_ITEMS_MAX);
		item.text = talloc_strndup(scope, line.p, line.len);
		if (!item.text || append(scope, &items, &found, item))
			return ENOMEM;
	}
	if (!found)
		return cw_why_set(why, EBADMSG, "no sentence in it; expected one a line (# begins a comment)");
	*ret = talloc_steal(parent, items);
	for (size_t i = 0; i < found; i++)
		(void)talloc_steal(items, items[i].text); /* cannot fail for live memory */
	*n = found;
	return 0;
}

/* ---- index.tsv ---- */

#define COLUMNS_MAX 32

static size_t split(struct cw_str line, struct cw_str *cell)
{
	size_t n = 0;

	while (n < COLUMNS_MAX) {
		const char *tab = memchr(line.p, '\t', line.len);
		size_t len = tab ? (size_t)(tab - line.p) : line.len;

		cell[n++] = (struct cw_str){line.p, len};
		if (!tab)
			break;
		line.p += len + 1;
		line.len -= len + 1;
	}
	return n;
}

/* The first of @names (NULL-terminated) that is among the columns; @n: none. */
static size_t column(const struct cw_str *cell, size_t n, const char *const *names)
{
	for (; *names; names++)
		for (size_t i = 0; i < n; i++)
			if (cell[i].len == strlen(*names) && memcmp(cell[i].p, *names, cell[i].len) == 0)
				return i;
	return n;
}

struct index {
	void *scope;
	const char *dir, *base;
	size_t limit, file, text, group, columns;
	bool add_wav;
	struct cw_voice_source *sources;
	size_t n_sources;
};

static struct cw_voice_source *source_of(struct index *x, struct cw_str group)
{
	char *name = group.len ? talloc_asprintf(x->scope, "%s:%.*s", x->base, CW_STR(group))
			       : talloc_strdup(x->scope, x->base);
	struct cw_voice_source *more;

	if (!name)
		return NULL;
	for (size_t i = 0; i < x->n_sources; i++)
		if (strcmp(x->sources[i].name, name) == 0) {
			talloc_free(name);
			return &x->sources[i];
		}
	more = talloc_realloc(x->scope, x->sources, struct cw_voice_source, x->n_sources + 1);
	if (!more)
		return NULL;
	x->sources = more;
	more[x->n_sources] = (struct cw_voice_source){.name = name};
	return &more[x->n_sources++];
}

static int add_line(struct index *x, struct cw_str line, unsigned number, struct cw_why *why)
{
	struct cw_str cell[COLUMNS_MAX], file, text, group = cw_str("");
	struct cw_voice_item item, *items;
	struct cw_voice_source *s;
	size_t n = split(line, cell);
	int err;

	if (n <= x->file || n <= x->text)
		return cw_why_at(why, EBADMSG, "index.tsv", number, 0,
			"%zu columns, expected at least %zu as in the heading", n,
			1 + (x->file > x->text ? x->file : x->text));
	file = cell[x->file];
	text = cell[x->text];
	if (x->group < x->columns && x->group < n)
		group = cell[x->group];
	if (blank(file) || memchr(file.p, 0, file.len) || blank(text))
		return cw_why_at(why, EBADMSG, "index.tsv", number, 0, "no file name, or no text");
	s = source_of(x, group);
	if (!s)
		return ENOMEM;
	if (s->n_items >= (x->limit ? x->limit : CW_VOICE_ITEMS_MAX))
		return 0;
	item.path = talloc_asprintf(x->scope, "%s/%.*s%s", x->dir, CW_STR(file), x->add_wav ? ".wav" : "");
	item.text = talloc_strndup(x->scope, text.p, text.len);
	if (!item.path || !item.text)
		return ENOMEM;
	items = (struct cw_voice_item *)(uintptr_t)s->items; /* ours, still growing */
	err = append(x->scope, &items, &s->n_items, item);
	s->items = items;
	return err;
}

static int read_heading(struct index *x, struct cw_str line, struct cw_why *why)
{
	static const char *const files[] = {"file", "name", NULL},
				 *const texts[] = {"text", "word", "harvard_text", NULL},
				 *const groups[] = {"lang", "accent", "speaker", NULL};
	struct cw_str cell[COLUMNS_MAX];

	x->columns = split(line, cell);
	x->file = column(cell, x->columns, files);
	x->text = column(cell, x->columns, texts);
	x->group = column(cell, x->columns, groups);
	if (x->file == x->columns || x->text == x->columns)
		return cw_why_at(why, EBADMSG, "index.tsv", 1, 0,
			"expected a heading with the columns 'file' (or 'name') and 'text' (or 'word', 'harvard_text'), tabs between");
	x->add_wav = cell[x->file].len == 4 && memcmp(cell[x->file].p, "name", 4) == 0;
	return 0;
}

int cw_voice_index_parse(void *parent, struct cw_str tsv, const char *dir, size_t limit, struct cw_voice_source **ret,
	size_t *n, struct cw_why *why)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct index x = {.scope = scope, .dir = dir, .limit = limit};
	struct cw_str line = cw_str("");
	unsigned number = 1;
	int err;

	if (!scope)
		return ENOMEM;
	x.base = strrchr(dir, '/');
	x.base = x.base && x.base[1] ? x.base + 1 : dir;
	(void)next_line(&tsv, &line); /* an empty file has an empty heading */
	err = read_heading(&x, line, why);
	while (!err && next_line(&tsv, &line)) {
		number++;
		if (!blank(line))
			err = add_line(&x, line, number, why);
	}
	if (!err && !x.n_sources)
		err = cw_why_at(why, EBADMSG, "index.tsv", 0, 0, "no recording in it");
	if (err)
		return err;
	*ret = x.sources;
	*n = x.n_sources;
	(void)talloc_steal(parent, scope); /* the pieces stay together under one roof */
	scope = NULL;
	return 0;
}
