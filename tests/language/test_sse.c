/* Server-sent events, cut anywhere. */
#include "testing.h"

#include <errno.h>
#include <string.h>

#include "language/sse.h"

/* Events of @text fed in pieces of @step bytes, as "name=data|name=data|". */
static const char *events_of(const char *text, size_t n, size_t step, char *out, size_t size)
{
	struct cw_sse s;
	struct cw_sse_event e;
	size_t used = 0;

	cw_sse_init(&s, 4096);
	out[0] = '\0';
	for (size_t at = 0; at < n; at += step) {
		size_t use = n - at < step ? n - at : step;

		if (cw_sse_feed(&s, text + at, use))
			break;
		while (cw_sse_next(&s, &e))
			used += (size_t)snprintf(out + used, size - used, "%s=%.*s|", e.name, CW_STR(e.data));
	}
	if (cw_sse_last(&s, &e))
		(void)snprintf(out + used, size - used, "last %s=%.*s|", e.name, CW_STR(e.data));
	cw_sse_clear(&s);
	return out;
}

static void events_are_the_same_however_they_are_cut(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"data: one\n\ndata: two\n\n", "=one|=two|"},
		{"data: one\r\n\r\ndata: two\r\n\r\n", "=one|=two|"},
		{"data: one\r\rdata: two\r\r", "=one|=two|"},
		{": a ping\n\n: another\ndata:no blank\n\n", "=no blank|"},
		{"event: delta\ndata: {\"a\":\ndata: 1}\nid: 7\nretry: 10\n\ndata: x\n\n", "delta={\"a\":\n1}|=x|"},
		{"event: lost\n\ndata: y\n\n", "=y|"},
		{"data\n\ndata:\n\n", "=|=|"},
		{"\xef\xbb\xbf"
		 "data: bom\n\n",
			"=bom|"},
		{"data: [DONE]", "last =[DONE]|"},
		{"data: one\n\ndata: [DONE]\n", "=one|last =[DONE]|"},
		{"", ""},
		{"\n\n\n", ""},
		{"unknown: field\nnocolon\n\n", ""},
	};
	char out[512];

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++)
		for (size_t step = 1; step < 9; step++)
			assert_string_equal(
				events_of(cases[i].in, strlen(cases[i].in), step, out, sizeof(out)), cases[i].out);
}

static void an_endless_event_is_refused(void **state)
{
	struct cw_sse s;
	struct cw_sse_event e;
	char line[512];
	int err = 0;

	(void)state;
	memset(line, 'x', sizeof(line));
	cw_sse_init(&s, 2048);
	for (int i = 0; i < 10 && !err; i++)
		err = cw_sse_feed(&s, line, sizeof(line));
	assert_int_equal(err, EMSGSIZE);
	assert_false(cw_sse_next(&s, &e));
	assert_false(cw_sse_last(&s, &e));
	cw_sse_clear(&s);
	cw_sse_init(&s, 2048); /* many lines of one event */
	for (int i = 0; i < 10 && !cw_sse_err(&s); i++) {
		(void)cw_sse_feed(&s, "data: ", 6); /* seen by cw_sse_err() */
		(void)cw_sse_feed(&s, line, sizeof(line));
		(void)cw_sse_feed(&s, "\n", 1);
		assert_false(cw_sse_next(&s, &e));
	}
	assert_int_equal(cw_sse_err(&s), EMSGSIZE);
	cw_sse_clear(&s);
}

CW_TEST_MAIN(CW_TEST(events_are_the_same_however_they_are_cut), CW_TEST(an_endless_event_is_refused))
