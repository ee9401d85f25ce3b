#include <errno.h>
#include <expat.h>
#include <string.h>

#include "trial/check/markup.h"

#define TEXT_MAX       (1u << 20)
#define TRIES_MAX      1000
#define PATH_MAX_BYTES 1024
#define DEPTH_MAX      200

struct reader {
	XML_Parser parser;
	const json_t *required;
	bool found[64]; /* of the paths required */
	char path[PATH_MAX_BYTES];
	size_t lengths[DEPTH_MAX]; /* of the path, per level */
	unsigned depth;
	bool first_only; /* stop behind the root element */
	bool closed, doctype, too_deep;
};

static void on_start(void *arg, const char *name, const char **attrs)
{
	struct reader *r = arg;
	size_t from = strlen(r->path), n = strlen(name);

	if (r->depth == DEPTH_MAX || from + n + 2 > sizeof(r->path)) {
		r->too_deep = true;
		XML_StopParser(r->parser, XML_FALSE);
		return;
	}
	r->lengths[r->depth++] = from;
	(void)snprintf(r->path + from, sizeof(r->path) - from, "%s%s", from ? "." : "", name); /* fits */
	for (size_t i = 0; i < json_array_size(r->required) && i < CW_COUNT(r->found); i++)
		if (!strcmp(json_string_value(json_array_get(r->required, i)), r->path))
			r->found[i] = true;
}

static void on_end(void *arg, const char *name)
{
	struct reader *r = arg;

	r->path[r->lengths[--r->depth]] = '\0';
	if (r->depth)
		return;
	r->closed = true;
	if (r->first_only)
		XML_StopParser(r->parser, XML_FALSE);
}

static void on_doctype(void *arg, const char *name, const char *system, const char *public, int internal)
{
	struct reader *r = arg;

	r->doctype = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static int lacks(const struct reader *r, struct cw_why *why)
{
	for (size_t i = 0; i < json_array_size(r->required); i++)
		if (!r->found[i])
			return cw_why_set(why, EINVAL, "the element %s is missing",
				json_string_value(json_array_get(r->required, i)));
	return 0;
}

static int parse(struct cw_str text, const json_t *required, bool first_only, struct cw_why *why)
{
	struct reader r = {.required = required, .first_only = first_only};

	if (text.len > TEXT_MAX)
		return cw_why_set(why, EINVAL, "it is longer than 1 MiB");
	r.parser = XML_ParserCreate("UTF-8");
	if (!r.parser)
		return ENOMEM;
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);

	bool ok = XML_Parse(r.parser, text.p, (int)text.len, XML_TRUE) == XML_STATUS_OK;
	enum XML_Error code = XML_GetErrorCode(r.parser);
	unsigned long line = XML_GetCurrentLineNumber(r.parser);

	XML_ParserFree(r.parser);
	if (code == XML_ERROR_NO_MEMORY)
		return ENOMEM;
	if (r.doctype)
		return cw_why_set(why, EINVAL, "it has a document type: that is not read");
	if (r.too_deep)
		return cw_why_set(why, EINVAL, "it is nested too deeply");
	if (!ok && !(first_only && r.closed))
		return cw_why_set(why, EINVAL, "line %lu: %s", line, XML_ErrorString(code));
	return lacks(&r, why);
}

int cw_xml_is(struct cw_str text, const json_t *required, struct cw_why *why)
{
	return parse(cw_str_trim(text), required, false, why);
}

int cw_xml_in(struct cw_str text, const json_t *required, struct cw_why *why)
{
	struct cw_why last = {0};
	unsigned tries = 0;

	for (size_t i = 0; i + 1 < text.len && tries < TRIES_MAX; i++) {
		struct cw_why inner = {0};
		char c = text.p[i + 1];

		if (text.p[i] != '<' || !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '?'))
			continue;
		tries++;

		int err = parse((struct cw_str){text.p + i, text.len - i}, required, true, &inner);

		if (err != EINVAL)
			return err;
		last = inner;
	}
	return cw_why_set(why, EINVAL, "%s", tries ? last.text : "there is no tag in it");
}
