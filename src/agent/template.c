#include "agent/template.h"

bool cw_template_next(struct cw_str *rest, struct cw_str *before, struct cw_str *name)
{
	*before = *rest;
	*name = (struct cw_str){0};
	if (rest->len == 0)
		return false;

	const char *open = memchr(rest->p, '{', rest->len);

	if (!open) {
		*rest = (struct cw_str){rest->p + rest->len, 0};
		return true;
	}
	before->len = (size_t)(open - rest->p);

	size_t left = rest->len - before->len - 1;
	const char *close = memchr(open + 1, '}', left);

	*name = (struct cw_str){open + 1, close ? (size_t)(close - open - 1) : 0};
	if (name->len == 0)
		return false;
	*rest = (struct cw_str){close + 1, left - name->len - 1};
	return true;
}

void cw_template_render(struct cw_buf *b, const char *text, cw_template_fn *fn, void *arg)
{
	struct cw_str rest = cw_str(text), before, name;

	while (cw_template_next(&rest, &before, &name)) {
		cw_buf_put(b, before.p, before.len);
		if (name.p)
			fn(b, name, arg);
	}
}
