#include "trial/scenario/plan.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "caller/pattern.h"

#define DEPTH_MAX 8
#define FILES_MAX 2000

const char *cw_record_name(enum cw_record r)
{
	static const char *const names[CW_RECORD_N] = {"stereo", "mono", "none"};

	return names[r];
}

int cw_record_of(const char *name, enum cw_record *ret)
{
	for (int r = 0; r < CW_RECORD_N; r++) {
		if (!strcmp(cw_record_name((enum cw_record)r), name)) {
			*ret = (enum cw_record)r;
			return 0;
		}
	}
	return EINVAL;
}

/* ---- files ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_scenario_name(const char *name)
{
	size_t n = strlen(name);

	return (n > 5 && !strcmp(name + n - 5, ".yaml")) || (n > 4 && !strcmp(name + n - 4, ".yml"));
}

static int add_path(
	struct cw_plan *p, const char *path, const struct cw_trial_conf *conf, unsigned depth, struct cw_why *why);

static int add_file(struct cw_plan *p, const char *path, const struct cw_trial_conf *conf, struct cw_why *why)
{
	const struct cw_scenario_conf sc = {.vars = conf->vars, .n_vars = conf->n_vars};

	if (p->n_scenarios == FILES_MAX)
		return cw_why_set(why, E2BIG, "more than %d scenario files", FILES_MAX);
	for (size_t i = 0; i < p->n_scenarios; i++)
		if (!strcmp(p->scenarios[i]->file, path))
			return 0;

	struct cw_scenario **grown = talloc_realloc(p, p->scenarios, struct cw_scenario *, p->n_scenarios + 1);

	if (!grown)
		return ENOMEM;
	p->scenarios = grown;

	int err = cw_scenario_load(p, path, &sc, &grown[p->n_scenarios], why);

	if (!err)
		p->n_scenarios++;
	return err;
}

static int read_names(void *parent, DIR *dir, char ***ret, size_t *n)
{
	*ret = NULL;
	*n = 0;
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.' || *n == FILES_MAX)
			continue;

		char **grown = talloc_realloc(parent, *ret, char *, *n + 1);

		if (!grown)
			return ENOMEM;
		*ret = grown;
		grown[*n] = talloc_strdup(parent, e->d_name);
		if (!grown[(*n)++])
			return ENOMEM;
	}
	return 0;
}

static int add_folder(
	struct cw_plan *p, const char *path, const struct cw_trial_conf *conf, unsigned depth, struct cw_why *why)
{
	CW_SCOPED char *scratch = talloc_strdup(NULL, path);
	DIR *dir = opendir(path);
	char **names;
	size_t n;

	if (!dir)
		return cw_why_at(why, errno, path, 0, 0, "cannot be opened: %s", strerror(errno));
	if (!scratch) {
		(void)closedir(dir); /* it was only read */
		return ENOMEM;
	}

	int err = read_names(scratch, dir, &names, &n);

	(void)closedir(dir); /* it was only read */
	if (n)
		qsort(names, n, sizeof(*names), compare);
	while (scratch[0] && scratch[strlen(scratch) - 1] == '/')
		scratch[strlen(scratch) - 1] = 0;
	for (size_t i = 0; !err && i < n; i++) {
		char *full = talloc_asprintf(scratch, "%s/%s", scratch, names[i]);
		struct stat st;

		if (!full)
			return ENOMEM;
		if (!stat(full, &st) && (S_ISDIR(st.st_mode) || is_scenario_name(names[i])))
			err = add_path(p, full, conf, depth + 1, why);
	}
	return err;
}

static int add_path(
	struct cw_plan *p, const char *path, const struct cw_trial_conf *conf, unsigned depth, struct cw_why *why)
{
	struct stat st;

	if (stat(path, &st))
		return cw_why_at(why, errno, path, 0, 0, "cannot be opened: %s", strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return add_file(p, path, conf, why);
	if (depth > DEPTH_MAX)
		return cw_why_at(why, ELOOP, path, 0, 0, "folders are nested deeper than %d levels", DEPTH_MAX);
	return add_folder(p, path, conf, depth, why);
}

/* ---- choosing and multiplying ---- */

static bool has_tag(const struct cw_test *t, const struct cw_list *tags)
{
	for (size_t i = 0; i < tags->n; i++)
		for (size_t k = 0; k < t->tags.n; k++)
			if (!strcmp(tags->items[i], t->tags.items[k]))
				return true;
	return !tags->n;
}

static int chosen(const struct cw_test *t, const struct cw_trial_conf *conf, bool *ret, struct cw_why *why)
{
	*ret = has_tag(t, &conf->tags);
	if (!*ret || !conf->filter)
		return 0;
	return cw_pattern_regex(conf->filter, cw_str(t->id), ret, why);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t hash_text(uint64_t h, const char *text)
{
	for (const char *p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return mix(h + 0x9e3779b97f4a7c15u);
}

/* Names become folders: only plain characters. */
static void file_safe(char *text)
{
	for (char *p = text; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+=", *p))
			*p = '_';
}

static bool id_is_shared(const struct cw_plan *p, const struct cw_scenario *s, const char *id)
{
	for (size_t i = 0; i < p->n_scenarios; i++)
		for (size_t k = 0; p->scenarios[i] != s && k < p->scenarios[i]->n_tests; k++)
			if (!strcmp(p->scenarios[i]->tests[k]->id, id))
				return true;
	return false;
}

/* File name without folders and extension, when two files use the same id; else "". */
static char *prefix(void *parent, const struct cw_plan *p, const struct cw_scenario *s, const char *id)
{
	const char *slash = strrchr(s->file, '/');
	const char *base = slash ? slash + 1 : s->file;

	if (!id_is_shared(p, s, id))
		return talloc_strdup(parent, "");
	return talloc_asprintf(parent, "%.*s.", (int)strcspn(base, "."), base);
}

char *cw_plan_target_name(void *parent, const struct cw_list *targets, size_t i)
{
	int len = (int)strcspn(targets->items[i], ":");
	unsigned same = 0;

	for (size_t k = 0; k < i; k++)
		same += !strncmp(targets->items[k], targets->items[i], (size_t)len + 1);
	return same ? talloc_asprintf(parent, "%.*s%u", len, targets->items[i], same + 1)
		    : talloc_strndup(parent, targets->items[i], (size_t)len);
}

/* The seed does not depend on the target: the same caller calls all of them. */
static int fill_names(struct cw_plan *p, struct cw_plan_item *it, const struct cw_trial_conf *conf)
{
	const char *variant = it->test->variant, *target = it->target_name;
	char *caller = talloc_asprintf(
		p->items, "%s.%s.%s%s%s", it->language, it->voice, it->channel, *variant ? "." : "", variant);
	char *slice = caller ? talloc_asprintf(p->items, "%s%s%s", caller, *target ? "." : "", target) : NULL;
	CW_SCOPED char *pre = prefix(NULL, p, it->scenario, it->test->id);
	CW_SCOPED char *stem = talloc_asprintf(NULL, "%s%s.%s", pre ? pre : "", it->test->id, caller ? caller : "");
	char *key = talloc_asprintf(p->items, "%s%s%s.%u", stem ? stem : "", *target ? "." : "", target, it->repeat);

	if (!slice || !pre || !stem || !key)
		return ENOMEM;
	file_safe(slice);
	file_safe(key);
	it->slice = slice;
	it->key = key;
	it->seed = mix(conf->seed + it->repeat - 1 + hash_text(0xcbf29ce484222325u, stem));
	if (!it->seed)
		it->seed = 1; /* 0 means "from the kernel" to a world */
	return 0;
}

static int add_item(struct cw_plan *p, const struct cw_plan_item *from, const struct cw_trial_conf *conf)
{
	struct cw_plan_item *it = &p->items[p->n];

	*it = *from;

	int err = fill_names(p, it, conf);

	if (!err)
		p->n++;
	return err;
}

static const char *sim_voice(const struct cw_trial_conf *conf)
{
	return conf->sim ? "modem" : "flite:rms";
}

static struct cw_list voices_of(const struct cw_test *t, const struct cw_trial_conf *conf, const char **only)
{
	if (conf->voices.n)
		return conf->voices;
	*only = sim_voice(conf);
	if (conf->sim || !t->matrix.voices.n)
		return (struct cw_list){only, 1};
	return t->matrix.voices;
}

static const char *ear_of(const struct cw_test *t, const struct cw_trial_conf *conf, const char *voice)
{
	if (conf->ear)
		return conf->ear;
	if (conf->sim)
		return "modem";
	if (t->ear)
		return t->ear;
	return cw_str_starts(cw_str(voice), "modem") ? "modem" : "pocketsphinx";
}

/* Text has neither voice nor channel. */
static bool is_text(const char *target)
{
	return cw_str_starts(cw_str(target), "chat:");
}

static struct cw_plan_item item_of(const struct cw_scenario *s, const struct cw_test *t,
	const struct cw_trial_conf *conf, const char *target, const char *voice)
{
	const char *agent = conf->sim || cw_str_starts(cw_str(voice), "modem") ? "modem" : NULL;

	return (struct cw_plan_item){
		.scenario = s,
		.test = t,
		.target = target,
		.target_name = "",
		.voice = voice,
		.ear = ear_of(t, conf, voice),
		.agent_stt = conf->agent_stt ? conf->agent_stt : agent,
		.agent_voice = conf->agent_voice ? conf->agent_voice : agent,
	};
}

static int make_room(struct cw_plan *p, const struct cw_test *t, size_t n, struct cw_why *why)
{
	if (p->n + n > CW_PLAN_MAX)
		return cw_why_at(why, E2BIG, t->file, t->line, 0,
			"more than %d executions: fewer repeats or a smaller matrix", CW_PLAN_MAX);

	struct cw_plan_item *grown = talloc_realloc(p, p->items, struct cw_plan_item, p->n + n + 1);

	if (!grown)
		return ENOMEM;
	p->items = grown;
	return 0;
}

static int multiply(struct cw_plan *p, const struct cw_scenario *s, const struct cw_test *t,
	const struct cw_trial_conf *conf, const char *target, const char *target_name, struct cw_why *why)
{
	static const char *text = "text";
	const struct cw_list none = {&text, 1};
	const struct cw_list languages = conf->languages.n ? conf->languages : t->matrix.languages;
	const char *only;
	struct cw_list voices = voices_of(t, conf, &only),
		       channels = conf->channels.n ? conf->channels : t->matrix.channels;
	unsigned repeat = conf->repeat ? conf->repeat : t->repeat;

	if (is_text(target))
		voices = channels = none;

	size_t n = languages.n * channels.n * voices.n * repeat;
	int err = make_room(p, t, n, why);

	for (size_t i = 0; !err && i < n; i++) {
		size_t cell = i / repeat;
		struct cw_plan_item it = item_of(s, t, conf, target, voices.items[cell / channels.n % voices.n]);

		it.repeat = (unsigned)(i % repeat) + 1;
		it.channel = channels.items[cell % channels.n];
		it.language = languages.items[cell / channels.n / voices.n];
		it.target_name = target_name;
		err = add_item(p, &it, conf);
	}
	return err;
}

static int multiply_by_targets(struct cw_plan *p, const struct cw_scenario *s, const struct cw_test *t,
	const struct cw_trial_conf *conf, struct cw_why *why)
{
	const char *one = conf->target ? conf->target : t->target;
	int err = 0;

	if (!one)
		return cw_why_at(why, EINVAL, t->file, t->line, 0,
			"test '%s' has no target: give --target agent:FILE, twilio:URL or chat:URL, or 'target' in the file",
			t->id);
	if (conf->targets.n < 2)
		return multiply(p, s, t, conf, one, "", why);
	for (size_t i = 0; !err && i < conf->targets.n; i++) {
		char *name = cw_plan_target_name(p, &conf->targets, i);

		err = name ? multiply(p, s, t, conf, conf->targets.items[i], name, why) : ENOMEM;
	}
	return err;
}

static uint64_t hash_plan(const struct cw_plan *p, const struct cw_trial_conf *conf)
{
	uint64_t h = mix(conf->seed + (uint64_t)(conf->faults * 1e9) + conf->sim);

	for (size_t i = 0; i < p->n_scenarios; i++)
		h = mix(h ^ p->scenarios[i]->hash);
	for (size_t i = 0; i < p->n; i++) {
		h = hash_text(h, p->items[i].key);
		h = hash_text(h, p->items[i].target);
	}
	return h;
}

int cw_plan_new(void *parent, const struct cw_trial_conf *conf, struct cw_plan **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_plan *p = talloc_zero(NULL, struct cw_plan);
	int err = p ? 0 : ENOMEM;

	for (size_t i = 0; !err && i < conf->n_files; i++)
		err = add_path(p, conf->files[i], conf, 0, why);
	for (size_t i = 0; !err && i < p->n_scenarios; i++) {
		for (size_t k = 0; !err && k < p->scenarios[i]->n_tests; k++) {
			bool yes = false;

			err = chosen(p->scenarios[i]->tests[k], conf, &yes, why);
			if (!err && yes)
				err = multiply_by_targets(p, p->scenarios[i], p->scenarios[i]->tests[k], conf, why);
		}
	}
	if (err)
		return err;
	if (conf->first && p->n > conf->first)
		p->n = conf->first;
	p->hash = hash_plan(p, conf);
	*ret = talloc_move(parent, &p);
	return 0;
}

/* ---- doing one again ---- */

/* A word for the shell: quoted unless it is plain. */
static void put_word(struct cw_buf *b, const char *word)
{
	cw_buf_putc(b, ' ');
	if (word[0] && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+=:/@,%^") ==
			       strlen(word)) {
		cw_buf_puts(b, word);
		return;
	}
	cw_buf_putc(b, '\'');
	for (const char *p = word; *p; p++) {
		if (*p == '\'')
			cw_buf_puts(b, "'\\''");
		else
			cw_buf_putc(b, *p);
	}
	cw_buf_putc(b, '\'');
}

static void put_option(struct cw_buf *b, const char *option, const char *value)
{
	if (!value)
		return;
	cw_buf_fmt(b, " %s", option);
	put_word(b, value);
}

/* A regular expression that fits this id and no other. */
static void put_filter(struct cw_buf *b, const char *id)
{
	CW_BUF_SCOPED struct cw_buf f = CW_BUF(1024);

	cw_buf_putc(&f, '^');
	for (const char *p = id; *p; p++) {
		if (*p == '.' || *p == '+')
			cw_buf_putc(&f, '\\');
		cw_buf_putc(&f, *p);
	}
	cw_buf_putc(&f, '$');
	put_option(b, "-k", cw_buf_err(&f) ? id : f.p);
}

static void put_vars(struct cw_buf *b, const struct cw_opt_pair *vars, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CW_SCOPED char *pair = talloc_asprintf(NULL, "%s=%s", vars[i].name, vars[i].value);

		put_option(b, "--var", pair);
	}
}

static bool is_given(const struct cw_trial_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_vars; i++)
		if (!strcmp(conf->vars[i].name, name))
			return true;
	return false;
}

char *cw_plan_rerun(void *parent, const struct cw_plan_item *it, const struct cw_trial_conf *conf)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(16384);

	cw_buf_puts(&b, "callwright test");
	put_word(&b, it->scenario->file);
	put_filter(&b, it->test->id);
	if (conf->sim)
		cw_buf_puts(&b, " --sim");
	put_option(&b, "--target", conf->targets.n > 1 ? it->target : conf->target);
	cw_buf_fmt(&b, " --seed %llu -n 1", (unsigned long long)(conf->seed + it->repeat - 1));
	if (conf->languages.n || it->test->matrix.languages.n > 1)
		put_option(&b, "--language", it->language);
	if (!is_text(it->target) && (conf->voices.n || (!conf->sim && it->test->matrix.voices.n > 1)))
		put_option(&b, "--voice", it->voice);
	if (!is_text(it->target) && (conf->channels.n || it->test->matrix.channels.n > 1))
		put_option(&b, "--profile", it->channel);
	put_option(&b, "--stt", conf->ear);
	put_option(&b, "--agent-stt", conf->agent_stt);
	put_option(&b, "--agent-voice", conf->agent_voice);
	if (conf->faults > 0)
		cw_buf_fmt(&b, " --faults %g", conf->faults);
	if (conf->timeout_us)
		cw_buf_fmt(&b, " --timeout %llums", (unsigned long long)(conf->timeout_us / 1000));
	if (conf->record != CW_RECORD_STEREO)
		cw_buf_fmt(&b, " --record %s", cw_record_name(conf->record));
	put_vars(&b, conf->vars, conf->n_vars);
	for (size_t i = 0; i < it->test->n_chosen; i++)
		if (!is_given(conf, it->test->chosen[i].name))
			put_vars(&b, &it->test->chosen[i], 1);
	return cw_buf_err(&b) ? NULL : cw_buf_take(&b, parent);
}
