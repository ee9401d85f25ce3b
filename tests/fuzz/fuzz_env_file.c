/* Lines of any bytes give names and values inside them, or a line that is told. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "cmd/env_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int look(struct cw_str name, struct cw_str value, void *arg)
{
	const struct cw_str *all = arg;

	CW_ASSERT(name.len && name.p >= all->p && name.p + name.len <= all->p + all->len);
	CW_ASSERT(value.p >= all->p && value.p + value.len <= all->p + all->len);
	CW_ASSERT(!memchr(name.p, '=', name.len) && !memchr(value.p, '\n', value.len));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_str all = {(const char *)data, size};
	struct cw_why why = {0};
	int err = cw_env_parse("env", all, look, &all, &why);

	CW_ASSERT(!err || (err == EINVAL && why.line > 0));
	return 0;
}
