#include "testset.h"

#include <errno.h>

#include "trial/dataset/tar.h"

static void header(unsigned char block[512], const char *name, char type, const char *size)
{
	unsigned sum = 0;

	memset(block, 0, 512);
	memcpy(block, name, strlen(name));
	memcpy(block + 124, size, strlen(size));
	block[156] = (unsigned char)type;
	memcpy(block + 257, "ustar\00000", 8);
	memset(block + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += block[i];
	(void)snprintf((char *)block + 148, 8, "%06o", sum);
}

static void strangers_are_refused(void **state)
{
	static const struct {
		const char *name, *size;
		char type;
		int err;
	} cases[] = {
		{"cases.jsonl", "00000000012", '0', 0},
		{"./dataset.yaml", "00000000000", '0', 0},
		{"audio/", "00000000000", '5', 0},
		{"../cases.jsonl", "00000000001", '0', EBADMSG},
		{"/etc/passwd", "00000000001", '0', EBADMSG},
		{"audio/../x", "00000000001", '0', EBADMSG},
		{"audio/x.wav", "00000000001", '0', EBADMSG},
		{"cases.jsonl", "00000000000", '2', EBADMSG},
		{"cases.jsonl", "00000000000", '1', EBADMSG},
		{"cases.jsonl", "77777777777", '0', EBADMSG},
		{"cases.jsonl", "9", '0', EBADMSG},
		{".git/config", "00000000001", '0', EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		unsigned char block[512];
		struct cw_tar_entry e;

		header(block, cases[i].name, cases[i].type, cases[i].size);
		assert_int_equal(cw_tar_parse(block, &e, NULL), cases[i].err);
		block[0] ^= 1; /* the checksum notices */
		assert_int_equal(cw_tar_parse(block, &e, NULL), EBADMSG);
	}
}

static void packing_is_deterministic_and_comes_back(void **state)
{
	CW_SCOPED char *dir = new_dataset(), *to = new_path("unpacked");
	CW_SCOPED struct cw_dataset *d = open_dataset(dir), *e = NULL;
	char p[CW_DIGEST_HEX + 1], q[CW_DIGEST_HEX + 1];
	FILE *one = tmpfile(), *two = tmpfile();
	size_t n, m;
	int c;

	(void)state;
	assert_true(one && two);
	(void)take_text(d, "t.jsonl", "{\"id\":\"x\",\"input\":[{\"say\":\"hi\"}]}\n");
	assert_int_equal(cw_dataset_save(d, NULL), 0);
	assert_int_equal(cw_tar_pack(dir, one, &n, NULL), 0);
	assert_int_equal(cw_tar_pack(dir, two, &m, NULL), 0);
	assert_int_equal(n, 4);
	rewind(one);
	rewind(two);
	while ((c = fgetc(one)) != EOF)
		assert_int_equal(c, fgetc(two));
	rewind(one);
	assert_int_equal(cw_tar_unpack(one, "t.tar", to, &n, NULL), 0);
	e = open_dataset(to);
	assert_int_equal(cw_dataset_hash(d, p), 0);
	assert_int_equal(cw_dataset_hash(e, q), 0);
	assert_string_equal(p, q);
	rewind(one);
	assert_int_equal(cw_tar_unpack(one, "t.tar", to, &n, NULL), EEXIST);
	(void)fclose(one);
	(void)fclose(two);
}

CW_TEST_MAIN(CW_TEST(strangers_are_refused), CW_TEST(packing_is_deterministic_and_comes_back))
