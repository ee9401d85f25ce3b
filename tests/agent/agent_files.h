/*
 * agent_files.h: agent files for tests: the ones that ship (with engines that need no models), and a small one to spoil
 */
#pragma once
#include "testing.h"

#include "agent/file.h"

/* The shipped file with the modem as its engines, written to a temporary place; the path lives until the next call. */
static inline const char *shipped(const char *name)
{
	static char path[512];
	char line[1024];
	FILE *in = fopen(cw_test_source(name), "r"), *out;

	snprintf(path, sizeof(path), "%s/agent.yaml", cw_test_tmp());
	out = fopen(path, "w");
	assert_non_null(in);
	assert_non_null(out);
	while (fgets(line, sizeof(line), in)) {
		if (strstr(line, "stt: ["))
			fputs(strstr(line, "providers") ? "providers: {stt: [modem], tts: [modem]}\n"
							: "  stt: [modem]\n",
				out);
		else if (strncmp(line, "  tts:", 6) == 0)
			fputs("  tts: [modem]\n", out);
		else if (strncmp(line, "voice:", 6) == 0)
			fputs("voice: modem\n", out);
		else
			fputs(line, out);
	}
	fclose(in);
	fclose(out);
	return path;
}

static const char small_file[] = "version: 1\n" /* 1 */
				 "name: Small\n"
				 "language: en-US\n"
				 "providers: {stt: [modem], tts: [modem]}\n"
				 "voice: modem\n" /* 5 */
				 "greeting: \"Hello. What is your name?\"\n"
				 "slots:\n"
				 "  name: {type: name, ack: \"Hi {name.first}.\"}\n"
				 "  time: {type: appointment}\n"
				 "  kind:\n" /* 10 */
				 "    type: enum\n"
				 "    values: {red: [red, crimson], blue: blue}\n"
				 "states:\n"
				 "  name:\n"
				 "    ask: [\"Your name?\", \"Please say your name.\"]\n" /* 15 */
				 "    collect: name\n"
				 "    next: kind\n"
				 "  kind:\n"
				 "    ask: \"Red or blue?\"\n"
				 "    collect: [kind, time]\n" /* 20 */
				 "    on: {none: sorry, failed: sorry, help: sorry}\n"
				 "    next: sure\n"
				 "  sure:\n"
				 "    ask: \"{kind} for {name}?\"\n"
				 "    on: {yes: book, no: name}\n" /* 25 */
				 "  book:\n"
				 "    tool: create_booking\n"
				 "    on: {done: bye, taken: kind, failed: sorry}\n"
				 "  bye: {say: \"Done. {confirmation}.\", hang_up: true}\n"
				 "  sorry: {say: \"Sorry.\", transfer: \"+15550100\"}\n" /* 30 */
				 "always: {person: sorry}\n"
				 "intents: {help: [help, \"(help|assist) me\"]}\n"
				 "faq:\n"
				 "  - {ask: \"who are you\", answer: \"A test.\"}\n"
				 "tools:\n" /* 35 */
				 "  find_slots: {deadline_ms: 500}\n"
				 "  create_booking: {args: {name: name, slot: time}}\n"
				 "policies:\n"
				 "  escalation: {to: sorry}\n";
