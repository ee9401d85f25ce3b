#include "testing.h"

#include <errno.h>
#include <string.h>

#include "world/url.h"

static void parts_of_a_url(void **state)
{
	CW_SCOPED struct cw_url *u = NULL;
	int err = cw_url_parse(NULL, "HTTPS://me:pw@Voice.example.test:8443/a/b?x=1&y=%20#frag", &u, NULL);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	assert_string_equal(u->scheme, "https");
	assert_string_equal(u->userinfo, "me:pw");
	assert_string_equal(u->host, "Voice.example.test");
	assert_int_equal(u->port, 8443);
	assert_true(u->port_given);
	assert_string_equal(u->path, "/a/b");
	assert_string_equal(u->query, "x=1&y=%20");
}
CW_OOM_BODY(parts_of_a_url)

static void defaults_and_addresses(void **state)
{
	CW_SCOPED struct cw_url *u = NULL, *v = NULL;

	(void)state;
	assert_int_equal(cw_url_parse(NULL, "ws://[::1]", &u, NULL), 0);
	assert_string_equal(u->host, "::1");
	assert_int_equal(u->port, 80);
	assert_false(u->port_given);
	assert_string_equal(u->path, "/");
	assert_string_equal(u->query, "");
	assert_int_equal(cw_url_parse(NULL, "wss://h?q", &v, NULL), 0);
	assert_int_equal(v->port, 443);
	assert_string_equal(v->query, "q");
}

static void broken_urls_are_explained(void **state)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{"", "is not a URL"},
		{"example.com/x", "is not a URL"},
		{"ftp://h/", "unknown scheme 'ftp'"},
		{"http:///x", "has no host"},
		{"http://h:0/", "bad port"},
		{"http://h:65536/", "bad port"},
		{"http://h:x/", "bad port"},
		{"http://[::1/", "not closed"},
		{"http://[::1]x/", "junk"},
		{"http://a b/", "blanks"},
		{"http://a<b/", "no host name has"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(table); i++) {
		struct cw_url *u = NULL;
		struct cw_why why = {0};

		assert_int_equal(cw_url_parse(NULL, table[i].text, &u, &why), EINVAL);
		assert_null(u);
		assert_non_null(strstr(why.text, table[i].why));
	}
}

/* RFC 3986 section 5.4, those of the examples which are paths and queries */
static void references_resolve(void **state)
{
	static const struct {
		const char *ref, *result;
	} table[] = {
		{"g", "http://a/b/c/g"},
		{"./g", "http://a/b/c/g"},
		{"g/", "http://a/b/c/g/"},
		{"/g", "http://a/g"},
		{"//g", "http://g"},
		{"?y", "http://a/b/c/d;p?y"},
		{"g?y", "http://a/b/c/g?y"},
		{"", "http://a/b/c/d;p?q"},
		{".", "http://a/b/c/"},
		{"..", "http://a/b/"},
		{"../g", "http://a/b/g"},
		{"../../g", "http://a/g"},
		{"../../../g", "http://a/g"},
		{"/./g", "http://a/g"},
		{"/../g", "http://a/g"},
		{"g.", "http://a/b/c/g."},
		{"..g", "http://a/b/c/..g"},
		{"./g/.", "http://a/b/c/g/"},
		{"g/./h", "http://a/b/c/g/h"},
		{"g/../h", "http://a/b/c/h"},
		{"http://x/y", "http://x/y"},
	};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(table); i++) {
		char *got = cw_url_resolve(NULL, "http://a/b/c/d;p?q", table[i].ref);

		assert_non_null(got);
		assert_string_equal(got, table[i].result);
		talloc_free(got);
	}
}

static void forms_decode(void **state)
{
	CW_SCOPED struct cw_form *f = NULL;
	int err = cw_form_parse(NULL, CW_STR_LIT("a=1&b=x+y%2Bz&&empty=&flag&a=2&u=caf%C3%A9"), &f);

	(void)state;
	if (cw_test_oom(err))
		return;
	assert_int_equal(err, 0);
	assert_int_equal(f->n, 6);
	assert_string_equal(cw_form_get(f, "a"), "1");
	assert_string_equal(cw_form_get(f, "b"), "x y+z");
	assert_string_equal(cw_form_get(f, "empty"), "");
	assert_string_equal(cw_form_get(f, "flag"), "");
	assert_string_equal(cw_form_get(f, "u"), "caf\xC3\xA9");
	assert_null(cw_form_get(f, "none"));
}
CW_OOM_BODY(forms_decode)

static void broken_forms_are_refused(void **state)
{
	static const char *const table[] = {"a=%", "a=%2", "a=%zz", "a=%00", "%f=1"};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(table); i++) {
		struct cw_form *f = NULL;

		assert_int_equal(cw_form_parse(NULL, cw_str(table[i]), &f), EBADMSG);
		assert_null(f);
	}

	struct cw_form *f = NULL;
	CW_BUF_SCOPED struct cw_buf many = CW_BUF(1 << 16);

	for (int i = 0; i < 513; i++)
		cw_buf_puts(&many, "a=1&");
	assert_int_equal(cw_form_parse(NULL, cw_buf_str(&many), &f), E2BIG);
}

static void forms_go_there_and_back(void **state)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1024);
	CW_SCOPED struct cw_form *f = NULL;

	(void)state;
	cw_form_put(&b, "From", "+1 415&x=y");
	cw_form_put(&b, "caf\xC3\xA9", "");
	assert_string_equal(b.p, "From=%2B1%20415%26x%3Dy&caf%C3%A9=");
	assert_int_equal(cw_form_parse(NULL, cw_buf_str(&b), &f), 0);
	assert_string_equal(cw_form_get(f, "From"), "+1 415&x=y");
	assert_string_equal(cw_form_get(f, "caf\xC3\xA9"), "");
}

CW_TEST_MAIN(CW_TEST(parts_of_a_url), CW_TEST_OOM(parts_of_a_url), CW_TEST(defaults_and_addresses),
	CW_TEST(broken_urls_are_explained), CW_TEST(references_resolve), CW_TEST(forms_decode),
	CW_TEST_OOM(forms_decode), CW_TEST(broken_forms_are_refused), CW_TEST(forms_go_there_and_back))
