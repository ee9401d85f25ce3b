#include "language/llm.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

static const struct cw_llm_ops *const drivers[] = {&cw_llm_openai};

const char *cw_llm_finish_name(enum cw_llm_finish f)
{
	static const char *const names[] = {"stop", "length", "tool_calls", "content_filter", "other"};

	return names[f];
}

const char *cw_llm_error_name(enum cw_llm_error_kind k)
{
	static const char *const names[CW_LLM_ERRORS] = {
		"connect", "timeout", "auth", "rate_limit", "bad_request", "server", "protocol", "cut"};

	return names[k];
}

const char *const *cw_llm_names(void)
{
	static const char *const names[] = {"openai", NULL};

	return names;
}

int cw_llm_open(
	void *parent, struct cw_world *w, const struct cw_llm_conf *conf, struct cw_llm **ret, struct cw_why *why)
{
	struct cw_str rest = cw_str(conf->spec), name;
	const char *model = conf->spec ? strchr(conf->spec, ':') : NULL;

	if (!model || !model[1])
		return cw_why_set(
			why, EINVAL, "'%s' is not DRIVER:MODEL, like openai:gpt-4o-mini", conf->spec ? conf->spec : "");
	(void)cw_str_split(&rest, ':', &name); /* there is a colon */
	for (size_t i = 0; i < CW_COUNT(drivers); i++)
		if (cw_str_eq(name, drivers[i]->name))
			return drivers[i]->open(parent, w, conf, model + 1, ret, why);
	return cw_why_set(why, ENOENT,
		"there is no language model driver '%.*s': known is openai (any server of that kind, see CW_OPENAI_BASE_URL)",
		CW_STR(name));
}

int cw_llm_ask(struct cw_llm *l, void *parent, const struct cw_llm_req *req, const struct cw_llm_events *ev, void *arg,
	struct cw_llm_ask **ret)
{
	if (!req->n_messages || !ev->done || !ev->failed)
		return EINVAL;
	return l->ops->ask(l, parent, req, ev, arg, ret);
}
