#include "testset.h"

#include <errno.h>

#include "trial/dataset/audit.h"
#include "trial/dataset/delta.h"
#include "trial/dataset/split.h"
#include "trial/dataset/version.h"

static const char three[] =
	"version: 1\n"
	"tests:\n"
	"  - {id: b, turns: [{say: Good morning to you, expect: [{type: contains, value: morning}]}], tags: [speaker=ann]}\n"
	"  - {id: a, turns: [{say: When do you open, expect: [{type: contains, value: nine}]}], tags: [speaker=bob]}\n"
	"  - {id: c, turns: [{say: Please cancel my visit, expect: [{type: contains, value: cancel}]}], tags: [speaker=ann]}\n";

static const struct cw_commit_conf commit = {.message = "m", .date = "2026-01-01T00:00:00Z", .tool = "test"};

static void lines_are_canonical(void **state)
{
	CW_JSON_SCOPED json_t *a = NULL, *b = NULL;
	CW_BUF_SCOPED struct cw_buf x = CW_BUF(4096), y = CW_BUF(4096);
	static const char one[] = "{\"input\":[{\"role\":\"user\",\"content\":\"h\\u00e9\"}],\"id\":\"x\",\"tags\":[]}";
	static const char two[] = "{\"id\":\"x\", \"input\":[{\"content\":\"hé\",\"role\":\"user\"}]}";
	char p[CW_DIGEST_HEX + 1], q[CW_DIGEST_HEX + 1];

	(void)state;
	assert_int_equal(cw_json_parse(one, strlen(one), &a, NULL), 0);
	assert_int_equal(cw_json_parse(two, strlen(two), &b, NULL), 0);
	assert_int_equal(cw_case_line(a, &x, p), 0);
	assert_int_equal(cw_case_line(b, &y, q), 0);
	assert_string_equal(x.p, y.p);
	/* printf '%s' '{"id":"x","input":[{"content":"hé","role":"user"}]' | sha256sum */
	assert_string_equal(p, "4fc2cb069b4606c651658e75a3a2c9bbdf1e6b74780c942fb32855c1466e93d0");
}

static void ids_are_made(void **state)
{
	char id[81];

	(void)state;
	cw_case_id("Hello, world!", id);
	assert_string_equal(id, "Hello-world");
	cw_case_id("...", id);
	assert_string_equal(id, "case");
	assert_false(cw_case_id_ok("../x"));
	assert_false(cw_case_id_ok(".x"));
	assert_true(cw_case_id_ok("a+b_c-1.2"));
}

static void licences(void **state)
{
	(void)state;
	assert_true(cw_licence_ok("CC-BY-4.0"));
	assert_true(cw_licence_ok("(MIT OR GPL-2.0+ WITH Classpath-exception-2.0) AND LicenseRef-x"));
	assert_false(cw_licence_ok(""));
	assert_false(cw_licence_ok("all rights reserved"));
	assert_false(cw_licence_ok("(MIT"));
	assert_false(cw_licence_ok("MIT OR"));
}

static void order_does_not_matter(void **state)
{
	CW_SCOPED char *one = new_dataset(), *two = new_dataset(), *file = new_path("order.yaml");
	CW_SCOPED struct cw_dataset *d = open_dataset(one), *e = open_dataset(two);
	char p[CW_DIGEST_HEX + 1], q[CW_DIGEST_HEX + 1];

	(void)state;
	write_file(file, three);
	assert_int_equal(take(d, file).added, 3);
	assert_int_equal(take(d, file).same, 3);
	assert_int_equal(cw_dataset_save(d, NULL), 0);
	for (size_t i = 3; i-- > 0;) { /* backwards into the other */
		CW_JSON_SCOPED json_t *c = NULL;
		enum cw_put put;

		assert_int_equal(cw_dataset_get(d, i, &c), 0);
		(void)json_object_del(c, "sha256");
		assert_int_equal(cw_dataset_put(e, c, false, &put, NULL), 0);
	}
	assert_int_equal(cw_dataset_save(e, NULL), 0);
	assert_string_equal(cw_dataset_id(e, 0), "a");
	assert_int_equal(cw_dataset_hash(d, p), 0);
	assert_int_equal(cw_dataset_hash(e, q), 0);
	assert_string_equal(p, q);
}

static void edits_by_hand_are_noticed(void **state)
{
	CW_SCOPED char *dir = new_dataset(), *path = talloc_asprintf(NULL, "%s/cases.jsonl", dir);
	CW_SCOPED struct cw_dataset *d = open_dataset(dir), *e = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
	struct cw_why why = {0};

	(void)state;
	(void)take_text(d, "t.yaml", three);
	assert_int_equal(cw_dataset_save(d, NULL), 0);
	assert_int_equal(cw_file_read(path, 1 << 20, &b, NULL), 0);
	memcpy(strstr(b.p, "morning"), "evening", 7);
	write_file(path, b.p);
	assert_int_equal(cw_dataset_open(NULL, dir, NULL, NULL, &e, &why), EBADMSG);
	assert_int_equal(why.line, 2);
	assert_non_null(strstr(why.text, "edited by hand"));
	assert_null(e);
}

struct heard {
	size_t n;
	char all[4096];
};

static void hear(const struct cw_dataset_problem *p, void *arg)
{
	struct heard *h = arg;

	h->n++;
	strncat(h->all, p->text, sizeof(h->all) - strlen(h->all) - 1);
}

static void check_finds_what_is_wrong(void **state)
{
	CW_SCOPED char *dir = new_dataset();
	CW_SCOPED struct cw_dataset *d = open_dataset(dir);
	struct heard heard = {0};
	const struct cw_audit_conf conf = {.problem = hear, .arg = &heard};
	struct cw_audit found;

	(void)state;
	(void)take_text(d, "t.yaml", three);
	assert_int_equal(cw_dataset_save(d, NULL), 0);
	assert_int_equal(cw_audit(NULL, dir, &conf, &found, NULL, NULL), 0);
	assert_int_equal(found.problems, 0);
	(void)take_text(d, "u.jsonl",
		"{\"id\":\"p\",\"input\":[{\"role\":\"user\",\"content\":\"call me at 415 678 2345\"}]}\n"
		"{\"id\":\"q\",\"input\":[{\"role\":\"user\",\"content\":\"when do you open\"}],\"split\":\"dev\"}\n"
		"{\"id\":\"r\",\"input\":[{\"role\":\"user\",\"content\":\"my number is 415 555 0142\"}]}\n"
		"{\"id\":\"s\",\"input\":[{\"play\":{\"file\":\"audio/x.wav\"}}]}\n");
	assert_int_equal(cw_dataset_save(d, NULL), 0);
	assert_int_equal(cw_audit(NULL, dir, &conf, &found, NULL, NULL), 0);
	assert_int_equal(found.problems, 3);
	assert_non_null(strstr(heard.all, "'p' holds personal data (phone)"));
	assert_non_null(strstr(heard.all, "'q' is nearly the same as 'a'"));
	assert_non_null(strstr(heard.all, "a clip must be named"));
	assert_null(strstr(heard.all, "'r' holds"));
}

static void versions_can_be_had_again(void **state)
{
	CW_SCOPED char *dir = new_dataset();
	CW_SCOPED struct cw_dataset *d = open_dataset(dir), *one = NULL, *two = NULL;
	CW_JSON_SCOPED json_t *c = NULL;
	struct cw_delta_counts counts;
	char before[CW_DIGEST_HEX + 1], after[CW_DIGEST_HEX + 1];
	FILE *out = tmpfile();
	unsigned version;

	(void)state;
	(void)take_text(d, "t.yaml", three);
	assert_int_equal(cw_dataset_save(d, NULL), 0);
	assert_int_equal(cw_dataset_hash(d, before), 0);
	assert_int_equal(cw_dataset_commit(d, &commit, &version, NULL), 0);
	assert_int_equal(version, 1);
	assert_int_equal(cw_dataset_commit(d, &commit, &version, NULL), EALREADY);
	assert_int_equal(cw_dataset_get(d, 0, &c), 0);
	(void)json_object_del(c, "sha256");
	assert_int_equal(json_object_set_new(c, "split", json_string("test")), 0);
	assert_int_equal(cw_dataset_set(d, 0, c, NULL), 0);
	(void)take_text(d, "u.jsonl", "{\"id\":\"new\",\"input\":[{\"say\":\"hi\"}]}\n");
	assert_int_equal(cw_dataset_save(d, NULL), 0);
	assert_int_equal(cw_dataset_commit(d, &commit, &version, NULL), 0);
	assert_int_equal(version, 2);
	assert_int_equal(cw_version_open(NULL, dir, 1, &one, NULL), 0);
	assert_int_equal(cw_version_open(NULL, dir, 2, &two, NULL), 0);
	assert_int_equal(cw_version_open(NULL, dir, 3, &two, NULL), ENOENT);
	assert_int_equal(cw_dataset_count(one), 3);
	assert_int_equal(cw_dataset_hash(one, after), 0);
	assert_string_equal(before, after);
	assert_non_null(out);
	assert_int_equal(cw_delta_print(one, two, false, out, &counts), 0);
	assert_int_equal(counts.added, 1);
	assert_int_equal(counts.changed, 1);
	assert_int_equal(counts.same, 2);
	assert_int_equal(counts.removed, 0);
	(void)fclose(out);
}

static void an_edited_object_is_noticed(void **state)
{
	CW_SCOPED char *dir = new_dataset();
	CW_SCOPED struct cw_dataset *d = open_dataset(dir), *one = NULL;
	CW_SCOPED char *path = NULL;
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 20);
	struct cw_why why = {0};
	unsigned version;

	(void)state;
	(void)take_text(d, "t.jsonl", "{\"id\":\"one\",\"input\":[{\"say\":\"good day\"}]}\n");
	assert_int_equal(cw_dataset_save(d, NULL), 0);
	assert_int_equal(cw_dataset_commit(d, &commit, &version, NULL), 0);
	path = talloc_asprintf(NULL, "%s/objects/%.2s.jsonl", dir, cw_dataset_sha(d, 0));
	assert_int_equal(cw_file_read(path, 1 << 20, &b, NULL), 0);
	memcpy(strstr(b.p, "good"), "nice", 4);
	write_file(path, b.p);
	assert_int_equal(cw_version_open(NULL, dir, 1, &one, &why), EBADMSG);
	assert_non_null(strstr(why.text, "was edited"));
}

static void splits_are_stable_and_keep_groups(void **state)
{
	CW_JSON_SCOPED json_t *rule = json_pack(
		"{s:f, s:f, s:f, s:i, s:s}", "train", 0.5, "dev", 0.25, "test", 0.25, "seed", 7, "by", "speaker");
	size_t counts[3] = {0};

	(void)state;
	for (int i = 0; i < 2000; i++) {
		char id[16], tag[32];

		(void)snprintf(id, sizeof(id), "c%d", i);
		(void)snprintf(tag, sizeof(tag), "speaker=%d", i / 2);

		CW_JSON_SCOPED json_t *c = json_pack("{s:s, s:[s]}", "id", id, "tags", tag);
		CW_JSON_SCOPED json_t *mate = json_pack("{s:s, s:[s]}", "id", "other", "tags", tag);
		const char *split = cw_split_of(rule, c);

		assert_string_equal(split, cw_split_of(rule, mate));
		for (size_t s = 0; s < 3; s++)
			counts[s] += !strcmp(cw_splits[s], split);
	}
	assert_in_range(counts[0], 900, 1100);
	assert_in_range(counts[1], 420, 580);
	assert_in_range(counts[2], 420, 580);
}

static void mistakes_have_their_place(void **state)
{
	static const struct {
		const char *name, *text;
		unsigned line;
		const char *says;
	} cases[] = {
		{"a.jsonl", "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n{\"messages\":[}\n", 2,
			"not valid JSON"},
		{"b.jsonl", "{\"messages\":[{\"content\":\"x\"}]}\n", 1, "messages[0]"},
		{"c.jsonl", "{\"text\":1}\n", 1, "neither a chat line"},
		{"d.jsonl", "{\"id\":\"../x\",\"input\":[{\"say\":\"x\"}]}\n", 1, "'id' must be"},
		{"e.jsonl", "{\"id\":\"x\",\"input\":[{\"say\":\"x\"}],\"split\":\"dve\"}\n", 1, "train, dev or test"},
		{"f.yaml", "tests:\n  - {id: x, turns: [{sy: x}]}\n", 2, "unknown key"},
		{"g.yaml", "tests:\n  - {id: x, turns: [{say: x}]}\n", 2, "assert"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		CW_SCOPED char *dir = new_dataset();
		CW_SCOPED struct cw_dataset *d = open_dataset(dir);
		const struct cw_take_conf conf = {0};
		struct cw_taken t = {0};
		struct cw_why why = {0};

		assert_int_not_equal(cw_take_text(d, cases[i].name, cw_str(cases[i].text), &conf, &t, &why), 0);
		assert_int_equal(why.line, cases[i].line);
		if (!strstr(why.text, cases[i].says))
			fail_msg("%s: %s", cases[i].name, why.text);
	}
}

CW_TEST_MAIN(CW_TEST(lines_are_canonical), CW_TEST(ids_are_made), CW_TEST(licences), CW_TEST(order_does_not_matter),
	CW_TEST(edits_by_hand_are_noticed), CW_TEST(check_finds_what_is_wrong), CW_TEST(versions_can_be_had_again),
	CW_TEST(an_edited_object_is_noticed), CW_TEST(splits_are_stable_and_keep_groups),
	CW_TEST(mistakes_have_their_place))
