/* Any text on its way to a voice, and as a phrase of hints. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "speech/grammar.h"
#include "speech/speakable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4000)
		return 0;

	char *text = talloc_strndup(NULL, (const char *)data, size);
	const char *phrases[] = {text};
	struct cw_speakable *s;
	struct cw_ngram *g;

	if (text && !cw_speakable_new(text, text, &s) && s->n_words && s->words[s->n_words - 1].text_end > strlen(text))
		abort();
	struct cw_grammar *gr = cw_grammar_new(text, &(struct cw_hints){phrases, 1, NULL, 0, 0});

	if (gr && !cw_ngram_new(text, &g))
		(void)cw_grammar_count(gr, g, 1); /* running is the test */
	talloc_free(text);
	return 0;
}
