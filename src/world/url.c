#include "world/url.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "base/mem.h"

#define URL_MAX    8192
#define FIELDS_MAX 512

/* ---- URLs ---- */

static unsigned default_port(const char *scheme)
{
	if (!strcmp(scheme, "http") || !strcmp(scheme, "ws"))
		return 80;
	if (!strcmp(scheme, "https") || !strcmp(scheme, "wss"))
		return 443;
	return 0;
}

static int parse_scheme(struct cw_url *u, struct cw_str *rest, const char *text, struct cw_why *why)
{
	const char *mark = memmem(rest->p, rest->len, "://", 3);

	if (!mark)
		return cw_why_set(why, EINVAL, "'%s' is not a URL: expected scheme://host[:port]/path", text);
	u->scheme = cw_str_dup(u, (struct cw_str){rest->p, (size_t)(mark - rest->p)});
	if (!u->scheme)
		return ENOMEM;
	for (char *c = u->scheme; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	u->port = default_port(u->scheme);
	if (!u->port)
		return cw_why_set(
			why, EINVAL, "'%s': unknown scheme '%s': expected http, https, ws or wss", text, u->scheme);
	rest->len -= (size_t)(mark + 3 - rest->p);
	rest->p = mark + 3;
	return 0;
}

static int parse_port(struct cw_url *u, struct cw_str port, const char *text, struct cw_why *why)
{
	uint32_t number;

	if (!port.len)
		return 0;
	if (cw_str_u32(port, 65535, &number) || !number)
		return cw_why_set(why, EINVAL, "'%s': bad port '%.*s': expected 1 to 65535", text, CW_STR(port));
	u->port = number;
	u->port_given = true;
	return 0;
}

static bool host_char(char c)
{
	return isalnum((unsigned char)c) || strchr("-._~:", c);
}

/* [userinfo@]host[:port], the host maybe in brackets */
static int parse_authority(struct cw_url *u, struct cw_str a, const char *text, struct cw_why *why)
{
	const char *at = memrchr(a.p, '@', a.len);

	if (at) {
		u->userinfo = cw_str_dup(u, (struct cw_str){a.p, (size_t)(at - a.p)});
		if (!u->userinfo)
			return ENOMEM;
		a.len -= (size_t)(at + 1 - a.p);
		a.p = at + 1;
	}

	struct cw_str host = a, port = {"", 0};
	bool bracket = a.len && a.p[0] == '[';
	const char *end = bracket ? memchr(a.p, ']', a.len) : memchr(a.p, ':', a.len);

	if (bracket && !end)
		return cw_why_set(why, EINVAL, "'%s': the bracket of the address is not closed", text);
	if (end) {
		host = (struct cw_str){a.p + bracket, (size_t)(end - a.p) - bracket};
		port = (struct cw_str){end + bracket, a.len - (size_t)(end + bracket - a.p)};
		if (bracket && port.len && port.p[0] != ':')
			return cw_why_set(why, EINVAL, "'%s': junk after the address", text);
		if (port.len)
			port = (struct cw_str){port.p + 1, port.len - 1};
	}
	if (!host.len)
		return cw_why_set(why, EINVAL, "'%s' has no host", text);
	for (size_t i = 0; i < host.len; i++)
		if (!host_char(host.p[i]) || (host.p[i] == ':' && !bracket))
			return cw_why_set(why, EINVAL, "'%s': the host has a character that no host name has", text);
	u->host = cw_str_dup(u, host);
	return u->host ? parse_port(u, port, text, why) : ENOMEM;
}

int cw_url_parse(void *parent, const char *text, struct cw_url **ret, struct cw_why *why)
{
	struct cw_str rest = cw_str(text);
	CW_SCOPED struct cw_url *u = talloc_zero(NULL, struct cw_url);

	if (!u)
		return ENOMEM;
	if (rest.len > URL_MAX)
		return cw_why_set(why, EINVAL, "a URL of %zu bytes: at most %d are taken", rest.len, URL_MAX);
	for (size_t i = 0; i < rest.len; i++)
		if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == 0x7F)
			return cw_why_set(
				why, EINVAL, "a URL must not contain blanks or control characters: escape them (%%20)");

	int err = parse_scheme(u, &rest, text, why);

	if (err)
		return err;

	size_t authority = strcspn(rest.p, "/?#");

	err = parse_authority(u, (struct cw_str){rest.p, authority}, text, why);
	if (err)
		return err;

	const char *path = rest.p + authority;
	size_t path_len = strcspn(path, "?#");
	const char *query = path[path_len] == '?' ? path + path_len + 1 : "";

	u->path = path_len ? talloc_strndup(u, path, path_len) : talloc_strdup(u, "/");
	u->query = talloc_strndup(u, query, strcspn(query, "#"));
	if (!u->path || !u->query)
		return ENOMEM;
	*ret = talloc_move(parent, &u);
	return 0;
}

/* Remove "." and ".." segments in place (RFC 3986 section 5.2.4). */
static void remove_dots(char *path)
{
	char *out = path, *in = path;

	while (*in) {
		size_t n = 1 + strcspn(in + 1, "/");

		if (n == 2 && !strncmp(in, "/.", 2)) {
			in += 2;
			if (!*in)
				*out++ = '/';
		} else if (n == 3 && !strncmp(in, "/..", 3)) {
			in += 3;
			while (out > path && *--out != '/')
				;
			if (!*in)
				*out++ = '/';
		} else {
			memmove(out, in, n);
			out += n;
			in += n;
		}
	}
	*out = '\0';
}

char *cw_url_resolve(void *parent, const char *base, const char *ref)
{
	CW_SCOPED struct cw_url *b = NULL;

	if (strstr(ref, "://"))
		return talloc_strdup(parent, ref);
	if (cw_url_parse(NULL, base, &b, NULL) || !b)
		return NULL;
	if (ref[0] == '/' && ref[1] == '/')
		return talloc_asprintf(parent, "%s:%s", b->scheme, ref);

	size_t ref_path = strcspn(ref, "?#");
	size_t ref_query = strcspn(ref + ref_path, "#");
	size_t keep = ref[0] == '/' ? 0 : (size_t)(strrchr(b->path, '/') - b->path) + 1;
	char *path = ref_path ? talloc_asprintf(b, "%.*s%.*s", (int)keep, b->path, (int)ref_path, ref)
			      : talloc_strdup(b, b->path);

	if (!path)
		return NULL;
	if (ref_path)
		remove_dots(path);

	const char *authority_end = strstr(base, "://") + 3;
	int authority = (int)(authority_end - base + (ptrdiff_t)strcspn(authority_end, "/?#"));
	bool own_query = !ref_path && !ref_query && b->query[0];

	return talloc_asprintf(parent, "%.*s%s%s%s%.*s", authority, base, path, own_query ? "?" : "",
		own_query ? b->query : "", (int)ref_query, ref + ref_path);
}

/* ---- forms ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int decode(void *parent, struct cw_str s, char **ret)
{
	char *out = talloc_size(parent, s.len + 1);
	size_t n = 0;

	if (!out)
		return ENOMEM;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '%') {
			bool whole = s.len - i >= 3;
			int hi = whole ? hex(s.p[i + 1]) : -1;
			int lo = whole ? hex(s.p[i + 2]) : -1;

			if (hi < 0 || lo < 0 || (hi == 0 && lo == 0)) {
				talloc_free(out);
				return EBADMSG;
			}
			out[n++] = (char)(hi * 16 + lo);
			i += 2;
		} else {
			out[n++] = s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	out[n] = '\0';
	*ret = out;
	return 0;
}

int cw_form_parse(void *parent, struct cw_str text, struct cw_form **ret)
{
	CW_SCOPED struct cw_form *f = talloc_zero(NULL, struct cw_form);
	struct cw_str field;

	if (!f)
		return ENOMEM;
	while (cw_str_split(&text, '&', &field)) {
		struct cw_str name;

		if (!field.len)
			continue;
		if (f->n == FIELDS_MAX)
			return E2BIG;
		if (f->n % 16 == 0) {
			f->fields = talloc_realloc(f, f->fields, struct cw_form_field, f->n + 16);
			if (!f->fields)
				return ENOMEM;
		}
		(void)cw_str_split(&field, '=', &name); /* a field without "=" is a name with an empty value */

		struct cw_form_field *to = &f->fields[f->n];
		int err = decode(f, name, &to->name);

		if (!err)
			err = decode(f, field, &to->value);
		if (err)
			return err;
		f->n++;
	}
	*ret = talloc_move(parent, &f);
	return 0;
}

const char *cw_form_get(const struct cw_form *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->fields[i].name, name))
			return f->fields[i].value;
	return NULL;
}

void cw_url_encode(struct cw_buf *b, struct cw_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (isalnum(c) || (c && strchr("-._~", c)))
			cw_buf_putc(b, (char)c);
		else
			cw_buf_fmt(b, "%%%02X", c);
	}
}

void cw_form_put(struct cw_buf *b, const char *name, const char *value)
{
	if (b->len)
		cw_buf_putc(b, '&');
	cw_url_encode(b, cw_str(name));
	cw_buf_putc(b, '=');
	cw_url_encode(b, cw_str(value));
}
