/* One case each in the forms of others. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "trial/dataset/dataset_int.h"
#include "trial/dataset/export_int.h"

#define CLIP_MAX (64u << 20)

static int put_json(struct cw_exporting *x, const char *before, const json_t *v, const char *after)
{
	fputs(before, x->out);
	if (!v || json_dumpf(v, x->out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)))
		return v ? EIO : ENOMEM;
	return fputs(after, x->out) == EOF ? EIO : 0;
}

static int cannot(const char **reason, const char *text)
{
	*reason = text;
	return ENOTSUP;
}

/* ---- scenario files ---- */

/* Beside the file that is written: its name without the ending, and ".clips". */
static int copy_clip(struct cw_exporting *x, json_t *play)
{
	const char *path = x->conf->path, *file = cw_json_str(play, "file", ""), *slash = strrchr(path, '/');
	size_t n = strlen(path);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(CLIP_MAX);
	CW_SCOPED char *from = cw_dataset_path(NULL, x->d, file), *folder = NULL, *to = NULL;
	const char *base = strrchr(file, '/');
	int err;

	if (strncmp(file, "audio/", 6) != 0 || strstr(file, ".."))
		return ENOENT;
	n -= n > 5 && !strcmp(path + n - 5, ".yaml") ? 5 : 0;
	folder = talloc_asprintf(NULL, "%.*s.clips", (int)n, path);
	to = folder ? talloc_asprintf(NULL, "%s%s", folder, base) : NULL;
	if (!from || !to)
		return ENOMEM;
	if (mkdir(folder, 0777) && errno != EEXIST)
		return errno;
	err = cw_file_read(from, CLIP_MAX, &b, NULL);
	if (!err)
		err = cw_file_replace(to, cw_buf_str(&b), NULL);
	if (!err && json_object_set_new(play, "file", json_string(slash ? to + (slash + 1 - path) : to)))
		err = ENOMEM;
	return err;
}

static int copy_clips(struct cw_exporting *x, json_t *turns, const char **reason)
{
	json_t *turn;
	size_t i;

	json_array_foreach (turns, i, turn) {
		json_t *play = json_object_get(turn, "play");
		int err;

		if (!play)
			continue;
		if (!x->conf->path)
			return cannot(reason, "it has clips, which go beside a file: -o FILE");
		err = copy_clip(x, play);
		if (err)
			return err == ENOENT ? cannot(reason, "a clip is missing in audio/") : err;
	}
	return 0;
}

static bool asserts(const json_t *turns)
{
	for (size_t i = 0; i < json_array_size(turns); i++)
		if (json_array_size(json_object_get(json_array_get(turns, i), "expect")))
			return true;
	return false;
}

static int put_list(struct cw_exporting *x, const char *name, const json_t *list, bool words)
{
	CW_JSON_SCOPED json_t *plain = cw_export_plain(list, words);
	int err = plain ? 0 : ENOMEM;

	if (!json_array_size(list))
		return 0;
	fprintf(x->out, "    %s:\n", name);
	for (size_t i = 0; !err && i < json_array_size(plain); i++)
		err = put_json(x, "      - ", json_array_get(plain, i), "\n");
	return err;
}

static int put_with(struct cw_exporting *x, const json_t *with)
{
	const char *key;
	json_t *v;
	int err = 0;

	json_object_foreach ((json_t *)(uintptr_t)with, key, v) { /* iterating only reads */
		CW_JSON_SCOPED json_t *plain = cw_export_plain(v, true);

		if (err || !strcmp(key, "chat"))
			continue;
		fprintf(x->out, "    %s: ", key);
		err = put_json(x, "", plain, "\n");
	}
	return err;
}

int cw_export_scenario(struct cw_exporting *x, const json_t *c, const char **reason)
{
	CW_JSON_SCOPED json_t *turns = cw_export_turns(c, x->conf->expect),
			      *answers = json_deep_copy(json_object_get(c, "answers"));
	const json_t *with = json_object_get(c, "with"), *expected = json_object_get(c, "expected");
	int err = turns ? 0 : ENOMEM;

	if (!err && !asserts(turns) && !asserts(answers) && !json_array_size(expected) &&
		!json_object_get(with, "goal"))
		return cannot(reason, "it asserts nothing, so that it could not fail");
	if (!err && !json_array_size(turns) && !json_array_size(answers) && !json_object_get(with, "goal"))
		return cannot(reason, "nobody says anything in it");
	if (!err)
		err = copy_clips(x, turns, reason);
	if (!err)
		err = copy_clips(x, answers, reason);
	if (!err)
		err = put_json(x, "  - id: ", json_object_get(c, "id"), "\n");
	if (!err && json_array_size(json_object_get(c, "tags")))
		err = put_json(x, "    tags: ", json_object_get(c, "tags"), "\n");
	if (!err)
		err = put_with(x, with);
	if (!err)
		err = put_list(x, "turns", turns, true);
	if (!err)
		err = put_list(x, "answers", answers, true);
	return err ? err : put_list(x, "assert", expected, false);
}

/* ---- one question ---- */

/* Is it nothing but words and assertions on what follows? */
static int one_question(struct cw_exporting *x, const json_t *c, json_t **turns, json_t **list, const char **reason)
{
	const json_t *expected = json_object_get(c, "expected");
	const char *key;
	json_t *v, *turn;

	*turns = cw_export_turns(c, x->conf->expect);
	*list = json_array();
	turn = json_array_get(*turns, 0);
	if (json_array_size(*turns) != 1 || !json_object_get(turn, "say") ||
		json_array_size(json_object_get(c, "answers")))
		return *turns && *list ? cannot(reason, "it is more than one question: this form holds one") : ENOMEM;
	json_object_foreach (turn, key, v) {
		if (strcmp(key, "say") != 0 && strcmp(key, "expect") != 0 && strcmp(key, "name") != 0)
			return cannot(reason, "its turn does more than to say something");
	}
	json_object_foreach (json_object_get(c, "with"), key, v) {
		if (strcmp(key, "description") != 0 && strcmp(key, "threshold") != 0 && strcmp(key, "chat") != 0)
			return cannot(reason, "caller, voice, limits … cannot be said in this form");
	}
	if (json_array_extend(*list, json_object_get(turn, "expect") ? json_object_get(turn, "expect") : *list) ||
		(expected && json_array_extend(*list, (json_t *)(uintptr_t)expected)))
		return ENOMEM;
	return json_array_size(*list) ? 0 : cannot(reason, "it asserts nothing, so that it could not fail");
}

static void put_cell(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n") && *text != ' ') {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_plain_cell(struct cw_exporting *x, const char *text)
{
	CW_JSON_SCOPED json_t *given = json_string(text), *plain = cw_export_plain(given, true);

	fputc(',', x->out);
	put_cell(x->out, plain ? json_string_value(plain) : text);
}

/* What stands behind "KEY=" in its tags, or "". */
static const char *tag_of(const json_t *c, const char *key)
{
	const json_t *tags = json_object_get(c, "tags");
	size_t n = strlen(key);

	for (size_t i = 0; i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		if (tag && !strncmp(tag, key, n) && tag[n] == '=')
			return tag + n + 1;
	}
	return "";
}

static size_t bare_tags(const json_t *c)
{
	const json_t *tags = json_object_get(c, "tags");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(tags); i++)
		n += !strchr(json_string_value(json_array_get(tags, i)), '=');
	return n;
}

int cw_export_row(struct cw_exporting *x, const json_t *c, const char **reason)
{
	CW_JSON_SCOPED json_t *turns = NULL, *list = NULL, *texts = NULL;
	const json_t *with = json_object_get(c, "with"), *threshold = json_object_get(with, "threshold");
	int err = one_question(x, c, &turns, &list, reason);
	const char *key;
	json_t *unused;

	if (err)
		return err;
	texts = cw_export_shorthands(list, reason);
	if (!texts)
		return **reason ? ENOTSUP : ENOMEM;
	put_cell(x->out, cw_json_str(c, "id", ""));
	put_plain_cell(x, cw_json_str(json_array_get(turns, 0), "say", ""));
	put_plain_cell(x, cw_json_str(with, "description", ""));
	fputc(',', x->out);
	if (threshold)
		fprintf(x->out, "%.15g", json_number_value(threshold));
	json_object_foreach (x->columns, key, unused) {
		put_plain_cell(x, tag_of(c, key));
	}
	for (size_t i = 0; i < x->n_expects; i++)
		put_plain_cell(x, i < json_array_size(texts) ? json_string_value(json_array_get(texts, i)) : "");
	x->done->tags_lost += bare_tags(c);
	return fputc('\n', x->out) == EOF ? EIO : 0;
}

/* Types of theirs have no underscore, and no members but these. */
static bool promptfoo_knows(const json_t *asserts)
{
	static const char *const known[] = {"type", "value", "threshold", "weight", "metric", NULL};
	static const char *const ours[] = {"sentiment", "intent", "entity", NULL};
	const char *key;
	json_t *v;

	for (size_t i = 0; i < json_array_size(asserts); i++) {
		json_t *a = json_array_get(asserts, i);
		const char *type = cw_json_str(a, "type", "");

		type += strncmp(type, "not-", 4) ? 0 : 4;
		for (size_t k = 0; ours[k]; k++)
			if (!strcmp(ours[k], type))
				return false;
		if (strchr(type, '_'))
			return false;
		json_object_foreach (a, key, v) {
			size_t k = 0;

			while (known[k] && strcmp(known[k], key) != 0)
				k++;
			if (!known[k])
				return false;
		}
	}
	return true;
}

int cw_export_promptfoo(struct cw_exporting *x, const json_t *c, const char **reason)
{
	CW_JSON_SCOPED json_t *turns = NULL, *list = NULL, *said = NULL, *plain = NULL, *metadata = json_object();
	const json_t *tags = json_object_get(c, "tags"),
		     *threshold = json_object_get(json_object_get(c, "with"), "threshold");
	int err = one_question(x, c, &turns, &list, reason);

	if (err)
		return err;
	if (!promptfoo_knows(list))
		return cannot(reason, "promptfoo has no such assertion");
	for (size_t i = 0; i < json_array_size(tags); i++) {
		struct cw_str rest = cw_str(json_string_value(json_array_get(tags, i))), key;

		if (memchr(rest.p, '=', rest.len) && cw_str_split(&rest, '=', &key) && key.len &&
			json_object_setn_new(metadata, key.p, key.len, json_string(rest.p)))
			return ENOMEM;
	}
	said = cw_export_plain(json_object_get(json_array_get(turns, 0), "say"), true);
	plain = cw_export_plain(list, false);
	err = put_json(x, "  - description: ", json_object_get(c, "id"), "\n");
	if (!err)
		err = put_json(x, "    vars: {\"input\": ", said, "}\n");
	if (!err && json_object_size(metadata))
		err = put_json(x, "    metadata: ", metadata, "\n");
	if (!err && threshold)
		err = put_json(x, "    threshold: ", threshold, "\n");
	fputs("    assert:\n", x->out);
	for (size_t i = 0; !err && i < json_array_size(plain); i++)
		err = put_json(x, "      - ", json_array_get(plain, i), "\n");
	x->done->tags_lost += bare_tags(c);
	return err;
}

/* ---- chat fine-tuning ---- */

/* The words an assertion knows to be the right answer. */
static json_t *answer_of(const json_t *turn)
{
	const json_t *list = json_object_get(turn, "expect");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *a = json_array_get(list, i);
		const char *type = cw_json_str(a, "type", "");

		if ((!strcmp(type, "equals") || !strcmp(type, "similar")) &&
			json_string_length(json_object_get(a, "value")))
			return json_object_get(a, "value");
	}
	return NULL;
}

static int messages_of(const json_t *c, json_t *messages, const char **reason)
{
	const json_t *input = json_object_get(c, "input");

	for (size_t i = 0; i < json_array_size(input); i++) {
		json_t *one = json_array_get(input, i), *answer = answer_of(one);

		if (json_object_get(one, "role")) {
			if (json_array_append(messages, one))
				return ENOMEM;
			continue;
		}
		if (!json_object_get(one, "say") || !answer)
			return cannot(reason, "the words of an answer are not known (no `equals` or `similar`)");
		if (json_array_append_new(messages,
			    json_pack("{s:s, s:O}", "role", "user", "content", json_object_get(one, "say"))) ||
			json_array_append_new(
				messages, json_pack("{s:s, s:O}", "role", "assistant", "content", answer)))
			return ENOMEM;
	}
	return 0;
}

int cw_export_chat(struct cw_exporting *x, const json_t *c, const char **reason)
{
	CW_JSON_SCOPED json_t *messages = json_array(), *line = NULL;
	json_t *rest = json_object_get(json_object_get(c, "with"), "chat");
	const char *last;
	int err = messages ? messages_of(c, messages, reason) : ENOMEM;

	if (err)
		return err;
	last = cw_json_str(json_array_get(messages, json_array_size(messages) - 1), "role", "");
	if (strcmp(last, "assistant") != 0)
		return cannot(reason, "its last message is not the assistant's: nothing could be learned from it");
	line = json_pack("{s:O}", "messages", messages);
	if (!line || (rest && json_object_update(line, rest)))
		return ENOMEM;
	if (json_dumpf(line, x->out, JSON_COMPACT | JSON_REAL_PRECISION(15)) || fputc('\n', x->out) == EOF)
		return EIO;
	x->done->tags_lost += json_array_size(json_object_get(c, "tags"));
	return 0;
}
