#include "cmd/env_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

#define FILE_MAX (1u << 20)

static struct cw_str trim(struct cw_str s)
{
	while (s.len && strchr(" \t\r", s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && strchr(" \t\r", s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool is_name(struct cw_str s)
{
	bool good = s.len && !(s.p[0] >= '0' && s.p[0] <= '9');

	for (size_t i = 0; good && i < s.len; i++)
		good = s.p[i] && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", s.p[i]);
	return good;
}

static struct cw_str unquote(struct cw_str s)
{
	if (s.len >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.len - 1] == s.p[0])
		return (struct cw_str){s.p + 1, s.len - 2};
	return s;
}

int cw_env_parse(const char *path, struct cw_str text, cw_env_fn *fn, void *arg, struct cw_why *why)
{
	struct cw_str rest = text, line;

	for (unsigned n = 1; cw_str_split(&rest, '\n', &line); n++) {
		const char *equals;
		struct cw_str name;
		int err;

		line = trim(line);
		if (!line.len || line.p[0] == '#')
			continue;
		if (line.len > 7 && !memcmp(line.p, "export ", 7))
			line = trim((struct cw_str){line.p + 7, line.len - 7});
		equals = memchr(line.p, '=', line.len);
		name = equals ? trim((struct cw_str){line.p, (size_t)(equals - line.p)}) : line;
		if (!equals || !is_name(name))
			return cw_why_at(why, EINVAL, path, n, 0, "expected NAME=VALUE");
		err = fn(name, unquote(trim((struct cw_str){equals + 1, line.len - (size_t)(equals + 1 - line.p)})),
			arg);
		if (err)
			return err;
	}
	return 0;
}

static int set_one(struct cw_str name, struct cw_str value, void *arg)
{
	CW_SCOPED char *n = talloc_strndup(NULL, name.p, name.len);
	CW_SCOPED char *v = talloc_strndup(NULL, value.p, value.len);

	return n && v && !setenv(n, v, 0) ? 0 : ENOMEM;
}

int cw_env_load(const char *path, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	int err = cw_file_read(path, FILE_MAX, &b, why);

	return err ? err : cw_env_parse(path, cw_buf_str(&b), set_one, NULL, why);
}
