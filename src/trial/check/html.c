#include <string.h>
#include <strings.h>

#include "trial/check/markup.h"

#define DEPTH_MAX 200

static const char *const elements[] = {"a", "abbr", "acronym", "address", "area", "article", "aside", "audio", "b",
	"base", "bdi", "bdo", "big", "blockquote", "body", "br", "button", "canvas", "caption", "center", "cite",
	"code", "col", "colgroup", "data", "datalist", "dd", "del", "details", "dfn", "dialog", "div", "dl", "dt", "em",
	"embed", "fieldset", "figcaption", "figure", "font", "footer", "form", "frame", "frameset", "h1", "h2", "h3",
	"h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe", "img", "input", "ins", "kbd",
	"label", "legend", "li", "link", "main", "map", "mark", "menu", "meta", "meter", "nav", "noscript", "object",
	"ol", "optgroup", "option", "output", "p", "param", "picture", "pre", "progress", "q", "rp", "rt", "ruby", "s",
	"samp", "script", "search", "section", "select", "slot", "small", "source", "span", "strike", "strong", "style",
	"sub", "summary", "sup", "svg", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time",
	"title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr"};
static const char *const voids[] = {
	"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"};
/* End tag may be left out. */
static const char *const loose[] = {"li", "dt", "dd", "p", "rt", "rp", "optgroup", "option", "colgroup", "thead",
	"tbody", "tfoot", "tr", "td", "th", "html", "head", "body"};
static const char *const raw[] = {"script", "style", "textarea", "title"}; /* hold text only */

enum piece_kind { PIECE_NONE, PIECE_TEXT, PIECE_OPEN, PIECE_CLOSE, PIECE_SELF, PIECE_COMMENT, PIECE_DOCTYPE };

struct piece {
	enum piece_kind kind;
	struct cw_str name; /* of a tag */
	struct cw_str text; /* all of it */
	bool attributes;
};

static bool listed(struct cw_str name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cw_str_eq_fold(name, list[i]))
			return true;
	return false;
}

static bool known(struct cw_str name)
{
	return listed(name, elements, CW_COUNT(elements)) || memchr(name.p, '-', name.len);
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool name_char(char c)
{
	return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':';
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* Length of a tag at @s, quotes respected; 0: it is not closed. */
static size_t tag_length(struct cw_str s, bool *attributes)
{
	char quote = 0;

	*attributes = false;
	for (size_t i = 1; i < s.len; i++) {
		char c = s.p[i];

		if (quote) {
			quote = c == quote ? 0 : quote;
			continue;
		}
		if (c == '=')
			*attributes = true;
		if ((c == '"' || c == '\'') && *attributes)
			quote = c;
		else if (c == '>')
			return i + 1;
		else if (c == '<')
			return 0;
	}
	return 0;
}

static bool take_special(struct cw_str s, struct piece *p)
{
	if (cw_str_starts(s, "<!--")) {
		const char *end = s.len >= 7 ? memmem(s.p + 4, s.len - 4, "-->", 3) : NULL;

		if (!end)
			return false;
		*p = (struct piece){.kind = PIECE_COMMENT, .text = {s.p, (size_t)(end - s.p) + 3}};
		return true;
	}
	if (s.len > 10 && !strncasecmp(s.p, "<!doctype", 9) && blank(s.p[9])) {
		const char *end = memchr(s.p, '>', s.len);

		if (!end)
			return false;
		*p = (struct piece){.kind = PIECE_DOCTYPE, .text = {s.p, (size_t)(end - s.p) + 1}};
		return true;
	}
	return false;
}

static bool take_tag(struct cw_str s, struct piece *p)
{
	bool close = s.len > 1 && s.p[1] == '/', attributes;
	size_t from = close ? 2 : 1, to = from, n;

	if (from >= s.len || !letter(s.p[from]))
		return false;
	while (to < s.len && name_char(s.p[to]))
		to++;
	n = tag_length(s, &attributes);
	if (!n || (to < s.len && !blank(s.p[to]) && s.p[to] != '>' && s.p[to] != '/'))
		return false;
	*p = (struct piece){.kind = close                        ? PIECE_CLOSE
				    : s.p[n - 2] == '/' && n > 2 ? PIECE_SELF
								 : PIECE_OPEN,
		.name = {s.p + from, to - from},
		.text = {s.p, n},
		.attributes = attributes};
	return true;
}

/* The next piece of *@rest. */
static struct piece next(struct cw_str *rest)
{
	struct piece p = {.kind = PIECE_NONE};
	size_t n = 1;

	if (!rest->len)
		return p;
	if (rest->p[0] != '<' || (!take_special(*rest, &p) && !take_tag(*rest, &p))) {
		while (n < rest->len && rest->p[n] != '<')
			n++;
		p = (struct piece){.kind = PIECE_TEXT, .text = {rest->p, n}};
	}
	rest->p += p.text.len;
	rest->len -= p.text.len;
	return p;
}

/* ---- the whole text ---- */

struct open_tags {
	struct cw_str names[DEPTH_MAX];
	size_t n;
};

static bool close_tag(struct open_tags *o, struct cw_str name)
{
	for (size_t i = o->n; i > 0; i--) {
		struct cw_str top = o->names[i - 1];

		if (top.len == name.len && !strncasecmp(top.p, name.p, name.len)) {
			o->n = i - 1;
			return true;
		}
		if (!listed(top, loose, CW_COUNT(loose)))
			return false;
	}
	return false;
}

/* What stands between <script> and </script> is no markup. */
static bool skip_raw(struct cw_str name, struct cw_str *rest)
{
	if (!listed(name, raw, CW_COUNT(raw)))
		return true;
	for (size_t i = 0; i + name.len + 2 <= rest->len; i++)
		if (rest->p[i] == '<' && rest->p[i + 1] == '/' && !strncasecmp(rest->p + i + 2, name.p, name.len)) {
			rest->p += i;
			rest->len -= i;
			return true;
		}
	return false;
}

static const char *take(struct open_tags *o, const struct piece *p, struct cw_str *rest)
{
	switch (p->kind) {
	case PIECE_TEXT:
		if (!o->n && cw_str_trim(p->text).len)
			return "there is text outside of the tags";
		return cw_str_starts(p->text, "<") ? "there is a '<' which begins no tag" : NULL;
	case PIECE_OPEN:
		if (!known(p->name))
			return "there is a tag that HTML does not have";
		if (listed(p->name, voids, CW_COUNT(voids)))
			return NULL;
		if (o->n == DEPTH_MAX)
			return "it is nested too deeply";
		o->names[o->n++] = p->name;
		return skip_raw(p->name, rest) ? NULL : "an element is not closed";
	case PIECE_SELF:
		return known(p->name) ? NULL : "there is a tag that HTML does not have";
	case PIECE_CLOSE:
		return close_tag(o, p->name) ? NULL : "an end tag closes nothing";
	default:
		return NULL;
	}
}

bool cw_html_is(struct cw_str text, const char **why)
{
	struct cw_str rest = cw_str_trim(text);
	struct open_tags o = {.n = 0};
	bool tags = false;

	*why = "it does not begin with a tag";
	if (!rest.len || rest.p[0] != '<' || cw_str_starts(rest, "<?"))
		return false;
	for (struct piece p; (p = next(&rest)).kind != PIECE_NONE;) {
		*why = take(&o, &p, &rest);
		if (*why)
			return false;
		tags = tags || p.kind == PIECE_OPEN || p.kind == PIECE_SELF;
	}
	while (o.n && listed(o.names[o.n - 1], loose, CW_COUNT(loose)))
		o.n--;
	*why = o.n ? "an element is not closed" : tags ? NULL : "it has no elements";
	return !*why;
}

/* ---- within a text ---- */

/* &amp; &#123; &#x1f; */
static bool entity(struct cw_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		size_t n = 1;

		if (s.p[i] != '&')
			continue;
		while (i + n < s.len && n < 12 && (name_char(s.p[i + n]) || s.p[i + n] == '#'))
			n++;
		if (n > 2 && i + n < s.len && s.p[i + n] == ';')
			return true;
	}
	return false;
}

bool cw_html_in(struct cw_str text)
{
	unsigned signs = entity(text);

	for (struct piece p; (p = next(&text)).kind != PIECE_NONE;) {
		bool tag = p.kind == PIECE_OPEN || p.kind == PIECE_SELF || p.kind == PIECE_CLOSE;

		if (tag && known(p.name))
			signs += 1 + p.attributes + (p.kind == PIECE_SELF);
		else if (p.kind == PIECE_COMMENT || p.kind == PIECE_DOCTYPE)
			signs++;
	}
	return signs >= 2;
}
