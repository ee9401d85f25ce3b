#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "trial/perf/perf.h"

static const char *const usual[] = {"Hello, can you help me?", "Could you say that again, please?"};

static int forget(char *path)
{
	(void)unlink(path); /* may never have been written */
	return 0;
}

/* JSON strings are YAML strings. */
static void quoted(struct cw_buf *b, const char *text)
{
	CW_JSON_SCOPED json_t *j = json_string(text);

	cw_json_dump(b, j);
}

int cw_spoken_scenario(void *parent, const char *const *prompts, size_t n, const char **path, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1u << 20);
	char *name = talloc_strdup(parent, "/tmp/callwright-perf-XXXXXX.yaml");
	FILE *f;
	int fd;
	bool good;

	if (!name)
		return ENOMEM;
	cw_buf_puts(&b, "version: 1\nname: Prompts\ntests:\n  - id: prompts\n    turns:\n");
	for (size_t i = 0; i < (n ? n : CW_COUNT(usual)); i++) {
		cw_buf_puts(&b, "      - say: ");
		quoted(&b, n ? prompts[i] : usual[i]);
		cw_buf_putc(&b, '\n');
	}
	cw_buf_puts(&b, "      - hang_up: true\n        when: {after: agent_end}\n"
			"    assert: [{type: duration_ms, min: 0}]\n");
	fd = mkstemps(name, 5);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!f)
		return cw_why_set(why, errno, "%s cannot be written: %s", name, strerror(errno));
	talloc_set_destructor(name, forget);
	good = !cw_buf_err(&b) && fwrite(b.p, 1, b.len, f) == b.len;
	good = !fclose(f) && good;
	*path = name;
	return good ? 0 : cw_why_set(why, EIO, "%s cannot be written", name);
}
