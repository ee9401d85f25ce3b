/*
 * url.h: the parts of http, https, ws and wss URLs, and form encoding (RFC 3986, application/x-www-form-urlencoded)
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/why.h"

struct cw_url {
	char *scheme;  /* lower case */
	char *host;    /* without brackets */
	unsigned port; /* explicit or the scheme's default */
	bool port_given;
	char *path;     /* "/" at least, as written, without the query */
	char *query;    /* without "?", "" when none */
	char *userinfo; /* or NULL */
};

/* EINVAL with @why. Everything hangs from *@ret, a talloc object under @parent. */
int cw_url_parse(void *parent, const char *text, struct cw_url **ret, struct cw_why *why);
/* Resolve @ref (absolute, "/path", "?query" or relative path) against @base (RFC 3986 section 5.2). NULL: no memory or not a URL. */
char *cw_url_resolve(void *parent, const char *base, const char *ref);

struct cw_form_field {
	char *name, *value;
};
struct cw_form {
	struct cw_form_field *fields;
	size_t n;
};
/* Decode "a=1&b=%20x+y" (at most 512 fields). EBADMSG on broken escapes, E2BIG. */
int cw_form_parse(void *parent, struct cw_str text, struct cw_form **ret);
const char *cw_form_get(const struct cw_form *f, const char *name); /* first of that name or NULL */
/* Append name=value, percent-encoded, with "&" between fields. */
void cw_form_put(struct cw_buf *b, const char *name, const char *value);
void cw_url_encode(struct cw_buf *b, struct cw_str s);
