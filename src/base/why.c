#include "base/why.h"

#include <stdarg.h>

CW_PRINTF(6, 0)
static void fill(
	struct cw_why *why, int err, const char *file, unsigned line, unsigned column, const char *fmt, va_list ap)
{
	if (!why || why->err || !err)
		return;
	why->err = err;
	why->line = line;
	why->column = column;
	(void)snprintf(why->file, sizeof(why->file), "%s", file ? file : ""); /* a cut name still helps */
	(void)vsnprintf(why->text, sizeof(why->text), fmt, ap);
}

int cw_why_set(struct cw_why *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(why, err, NULL, 0, 0, fmt, ap);
	va_end(ap);
	return err;
}

int cw_why_at(struct cw_why *why, int err, const char *file, unsigned line, unsigned column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(why, err, file, line, column, fmt, ap);
	va_end(ap);
	return err;
}

const char *cw_why_str(const struct cw_why *why, char *out, size_t size)
{
	char place[32] = "";

	if (!size)
		return out;
	if (why->line && why->column)
		(void)snprintf(place, sizeof(place), "%u:%u", why->line, why->column);
	else if (why->line)
		(void)snprintf(place, sizeof(place), "%u", why->line);

	const char *text = why->text[0] ? why->text : why->err ? strerror(why->err) : "no error";

	(void)snprintf(out, size, "%s%s%s%s%s", why->file, why->file[0] && place[0] ? ":" : "",
		!why->file[0] && place[0] ? "line " : "", place, why->file[0] || place[0] ? ": " : "");

	size_t used = strlen(out);

	(void)snprintf(out + used, size - used, "%s", text);
	return out;
}
