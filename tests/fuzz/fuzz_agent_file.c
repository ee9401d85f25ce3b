/* An agent file of any bytes is read or refused with a reason; one that is read survives a short talk. */
#include <stddef.h>
#include <stdint.h>

#include "agent/dialogue.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void talk(const struct cw_agent_file *f)
{
	static const char *const lines[] = {"yes", "my name is maria lopez",
		"four one five five five five zero one three four", "twelve oak street", "the second one", "no", "",
		"what", "banana"};
	static const char *const slots[] = {"2026-03-03T09:00", "2026-03-03T11:00"};
	struct cw_dialogue_conf conf = {.file = f, .call_id = "fuzz", .wall_us = INT64_C(1772452800000000)};
	struct cw_tool_answer answer = {.outcome = "done", .confirmation = "CW-1", .slots = slots, .n_slots = 2};
	struct cw_dialogue *d = NULL;

	CW_ASSERT(cw_dialogue_new(NULL, &conf, &d) == 0);
	(void)cw_dialogue_start(d); /* EMSGSIZE for prompts longer than an utterance may be */
	for (size_t i = 0; i < CW_COUNT(lines); i++) {
		(void)cw_dialogue_turn(d, lines[i], -1); /* as above */
		(void)cw_dialogue_dtmf(d, '1');
		(void)cw_dialogue_tool(d, &answer);
	}
	json_decref(cw_dialogue_dump(d));
	talloc_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_agent_file *f = NULL;
	struct cw_why why = {0};
	int err = cw_agent_file_parse(NULL, "fuzz.yaml", (const char *)data, size, &f, &why);

	CW_ASSERT(err == 0 || why.text[0] != '\0');
	if (!err && f->mode == CW_AGENT_DIALOGUE)
		talk(f);
	talloc_free(f);
	return 0;
}
