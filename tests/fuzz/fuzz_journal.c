#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "world/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(unsigned kind, struct cw_str payload, void *arg)
{
	uint64_t number;
	const char *text;

	(void)kind;
	(void)arg;
	while (cw_journal_get_u64(&payload, &number) && cw_journal_get_text(&payload, &text))
		;
	return payload.len ? EBADMSG : 0;
}

/* Whatever is said to be a journal is taken or refused; what is taken is delivered, and never called the same without an end that says so. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CW_SCOPED struct cw_journal *j = NULL;
	struct cw_why why = {0};
	struct cw_journal_found found;
	struct cw_journal_source source;

	if (cw_journal_parse(NULL, data, size, "fuzz", &j, &why)) {
		CW_ASSERT(why.text[0]);
		return 0;
	}
	cw_journal_bind(j, &source, take, NULL);
	cw_journal_enter(j, NULL, CW_JN_OPEN, NULL, 0);
	cw_journal_output(j, CW_JN_FRAME, "x", 1);
	(void)cw_journal_result(j, 0);
	cw_journal_leave(j);
	cw_journal_replay(j, &found);
	CW_ASSERT(!found.same || !found.cut);
	cw_journal_unbind(&source);
	return 0;
}
