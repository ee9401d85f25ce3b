#include "trial/judge/settings.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

#define CONFIRM_DEFAULT 3
#define CONFIRM_MAX     7

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *first_of(const char *a, const char *b, const char *c)
{
	return a && *a ? a : b && *b ? b : c;
}

static int wipe(char *secret)
{
	explicit_bzero(secret, talloc_get_size(secret));
	return 0;
}

/* The key, or what its file holds; NULL when there is none. */
static int read_key(void *parent, const char **ret)
{
	const char *value = environment("CW_OPENAI_API_KEY"), *path = environment("CW_OPENAI_API_KEY_FILE");
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(4096);
	char *key;

	*ret = NULL;
	if (!value && !path)
		return 0;
	if (!value && cw_file_read(path, 4096, &b, NULL))
		return 0; /* as if there were none: the message says what to set */

	struct cw_str text = cw_str_trim(value ? cw_str(value) : cw_buf_str(&b));

	key = cw_str_dup(parent, text);
	if (b.p)
		explicit_bzero(b.p, b.len);
	if (!key)
		return ENOMEM;
	talloc_set_destructor(key, wipe);
	*ret = key;
	return 0;
}

static int set_spec(struct cw_judge_settings *s, const char *model)
{
	static const char hint[] =
		"set CW_JUDGE_MODEL (or judge: {model: …} in the file, or --judge) and CW_OPENAI_API_KEY or, for a server of "
		"your own, CW_OPENAI_BASE_URL";

	if (!model || (!s->url && !s->key)) {
		s->missing = talloc_asprintf(s, "no language model judges: %s", hint);
		return s->missing ? 0 : ENOMEM;
	}
	s->spec = strncmp(model, "openai:", 7) ? talloc_asprintf(s, "openai:%s", model) : talloc_strdup(s, model);
	s->model = s->spec ? s->spec + 7 : NULL;
	return s->spec ? 0 : ENOMEM;
}

static int copy(void *parent, const char *from, const char **to)
{
	*to = from ? talloc_strdup(parent, from) : NULL;
	return from && !*to ? ENOMEM : 0;
}

static int set_cache(struct cw_judge_settings *s, const struct cw_trial_conf *trial, const char *run_dir)
{
	const char *own = environment("CW_JUDGE_CACHE");

	if ((trial && trial->no_cache) || (!own && !run_dir))
		return 0;
	s->cache = own ? talloc_strdup(s, own) : talloc_asprintf(s, "%s/judge", run_dir);
	return s->cache ? 0 : ENOMEM;
}

int cw_judge_settings_new(void *parent, const struct cw_judge_spec *file, const struct cw_trial_conf *trial,
	const char *run_dir, struct cw_judge_settings **ret)
{
	CW_SCOPED struct cw_judge_settings *s = talloc_zero(NULL, struct cw_judge_settings);
	unsigned confirm = file ? file->confirm_on_fail : 0;
	int err;

	if (!s)
		return ENOMEM;
	s->confirm = confirm ? confirm : CONFIRM_DEFAULT;
	if (s->confirm > CONFIRM_MAX)
		s->confirm = CONFIRM_MAX;
	err = read_key(s, &s->key);
	if (!err)
		err = copy(s, first_of(file ? file->base_url : NULL, environment("CW_OPENAI_BASE_URL"), NULL), &s->url);
	if (!err)
		err = copy(s, environment("CW_EMBED_MODEL"), &s->embed_model);
	if (!err)
		err = set_spec(s, first_of(trial ? trial->judge : NULL, file ? file->model : NULL,
					  environment("CW_JUDGE_MODEL")));
	if (!err)
		err = set_cache(s, trial, run_dir);
	if (!err)
		*ret = talloc_move(parent, &s);
	return err;
}
