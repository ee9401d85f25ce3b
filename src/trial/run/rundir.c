#include "trial/run/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define RUN_MAX     (16u << 20)
#define RESULTS_MAX (1u << 30)

struct cw_rundir {
	char *path;
	json_t *run;
	int fd; /* results.jsonl, -1 = not open */
};

static int rundir_end(struct cw_rundir *d)
{
	json_decref(d->run);
	if (d->fd >= 0)
		(void)close(d->fd); /* every line was written with its error looked at */
	return 0;
}

static struct cw_rundir *new_rundir(void)
{
	struct cw_rundir *d = talloc_zero(NULL, struct cw_rundir);

	if (d) {
		d->fd = -1;
		talloc_set_destructor(d, rundir_end);
	}
	return d;
}

static int make(const char *path, struct cw_why *why)
{
	if (!mkdir(path, 0777) || errno == EEXIST)
		return 0;
	return cw_why_set(why, errno, "folder %s cannot be made: %s", path, strerror(errno));
}

/* All folders of @path. */
static int make_path(const char *path, struct cw_why *why)
{
	CW_SCOPED char *p = talloc_strdup(NULL, path);
	int err = p ? 0 : ENOMEM;

	for (char *slash = p; !err && slash && (slash = strchr(slash + 1, '/'));) {
		*slash = 0;
		err = make(p, why);
		*slash = '/';
	}
	return err ? err : make(path, why);
}

static int open_results(struct cw_rundir *d, int flags, struct cw_why *why)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/results.jsonl", d->path); /* a path that does not fit fails to open */
	d->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0666);
	if (d->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return cw_why_set(why, EEXIST, "%s holds a run already: give another --out, or go on with --resume %s",
			d->path, d->path);
	return cw_why_set(why, errno, "%s cannot be written: %s", path, strerror(errno));
}

int cw_rundir_new(
	void *parent, const char *out, int64_t wall_us, const char *id, struct cw_rundir **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_rundir *d = new_rundir();
	time_t seconds = (time_t)(wall_us / 1000000);
	struct tm tm;
	char stamp[32];

	if (!d)
		return ENOMEM;
	(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&seconds, &tm)); /* fits */
	d->path = out ? talloc_strdup(d, out) : talloc_asprintf(d, "runs/%s-%s", stamp, id);
	if (!d->path)
		return ENOMEM;

	CW_SCOPED char *calls = talloc_asprintf(NULL, "%s/calls", d->path);
	int err = calls ? make_path(calls, why) : ENOMEM;

	if (!err)
		err = open_results(d, O_EXCL, why);
	if (err)
		return err;
	*ret = talloc_move(parent, &d);
	return 0;
}

/* ---- what a killed run left ---- */

static int newest(void *parent, char **ret, struct cw_why *why)
{
	DIR *dir = opendir("runs");
	char best[NAME_MAX + 1] = "";

	for (struct dirent *e; dir && (e = readdir(dir));)
		if (e->d_name[0] != '.' && strcmp(e->d_name, best) > 0)
			(void)snprintf(best, sizeof(best), "%s", e->d_name); /* fits */
	if (dir)
		(void)closedir(dir); /* it was only read */
	if (!best[0])
		return cw_why_set(why, ENOENT, "there is no run under runs/ to go on with: give --resume FOLDER");
	*ret = talloc_asprintf(parent, "runs/%s", best);
	return *ret ? 0 : ENOMEM;
}

/* Whole lines that are JSON objects with a key; *@good gets their length in bytes: what follows is torn. */
static int read_lines(struct cw_str text, json_t *results, size_t *good)
{
	size_t at = 0;

	while (at < text.len) {
		const char *end = memchr(text.p + at, '\n', text.len - at);
		json_t *line = NULL;

		if (!end || cw_json_parse(text.p + at, (size_t)(end - text.p) - at, &line, NULL))
			break;
		if (!cw_json_str(line, "key", NULL)) {
			json_decref(line);
			break;
		}
		if (json_array_append_new(results, line))
			return ENOMEM;
		at = (size_t)(end - text.p) + 1;
	}
	*good = at;
	return 0;
}

static int read_results(struct cw_rundir *d, json_t *results, struct cw_why *why)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(RESULTS_MAX);
	char path[4096];
	size_t good = 0;

	(void)snprintf(path, sizeof(path), "%s/results.jsonl", d->path); /* a path that does not fit fails to open */

	int err = cw_file_read(path, RESULTS_MAX, &b, why);

	if (err == ENOENT)
		return 0;
	if (!err)
		err = read_lines(cw_buf_str(&b), results, &good);
	if (!err && good < b.len && truncate(path, (off_t)good))
		return cw_why_set(why, errno, "the torn last line of %s cannot be cut off: %s", path, strerror(errno));
	return err;
}

int cw_rundir_open(void *parent, const char *path, struct cw_rundir **ret, json_t **results, struct cw_why *why)
{
	CW_SCOPED struct cw_rundir *d = new_rundir();
	CW_JSON_SCOPED json_t *lines = json_array();
	char file[4096];
	int err = d && lines ? 0 : ENOMEM;

	if (!err && !strcmp(path, "last"))
		err = newest(d, &d->path, why);
	else if (!err)
		err = (d->path = talloc_strdup(d, path)) ? 0 : ENOMEM;
	if (err)
		return err;
	(void)snprintf(file, sizeof(file), "%s/run.json", d->path); /* a path that does not fit fails to open */
	err = cw_json_load(file, RUN_MAX, &d->run, why);
	if (!err)
		err = read_results(d, lines, why);
	if (!err)
		err = open_results(d, 0, why);
	if (err)
		return err;
	*results = json_incref(lines);
	*ret = talloc_move(parent, &d);
	return 0;
}

/* ---- writing ---- */

const char *cw_rundir_path(const struct cw_rundir *d)
{
	return d->path;
}

json_t *cw_rundir_run(const struct cw_rundir *d)
{
	return d->run;
}

int cw_rundir_describe(struct cw_rundir *d, json_t *run, struct cw_why *why)
{
	char file[4096];

	if (!run)
		return ENOMEM;
	json_decref(d->run);
	d->run = run;
	(void)snprintf(file, sizeof(file), "%s/run.json", d->path); /* a path that does not fit fails to open */
	return cw_json_save(file, run, true, why);
}

int cw_rundir_append(const struct cw_rundir *d, struct cw_str lines, struct cw_why *why)
{
	for (size_t done = 0; done < lines.len;) {
		ssize_t n = write(d->fd, lines.p + done, lines.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cw_why_set(
				why, errno, "%s/results.jsonl cannot be written: %s", d->path, strerror(errno));
		done += (size_t)n;
	}
	return 0;
}

/* ---- configuration ---- */

static json_t *list_json(const char *const *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++)
		if (json_array_append_new(list, json_string(items[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *vars_json(const struct cw_trial_conf *c)
{
	json_t *o = json_object();

	for (size_t i = 0; o && i < c->n_vars; i++)
		if (json_object_set_new(o, c->vars[i].name, json_string(c->vars[i].value))) {
			json_decref(o);
			return NULL;
		}
	return o;
}

json_t *cw_trial_conf_json(const struct cw_trial_conf *c)
{
	char seed[24];

	(void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)c->seed); /* fits; JSON numbers end at 63 bits */
	return json_pack(
		"{s:o, s:s*, s:b, s:s, s:I, s:I, s:s*, s:o, s:I, s:o, s:o, s:o, s:s*, s:s*, s:s*, s:I, s:b, s:s, s:f, s:o}",
		"files", list_json(c->files, c->n_files), "target", c->target, "sim", c->sim, "seed", seed, "repeat",
		(json_int_t)c->repeat, "jobs", (json_int_t)c->jobs, "filter", c->filter, "tags",
		list_json(c->tags.items, c->tags.n), "first", (json_int_t)c->first, "voices",
		list_json(c->voices.items, c->voices.n), "languages", list_json(c->languages.items, c->languages.n),
		"channels", list_json(c->channels.items, c->channels.n), "ear", c->ear, "agent_stt", c->agent_stt,
		"agent_voice", c->agent_voice, "timeout_ms", (json_int_t)(c->timeout_us / 1000), "fail_fast",
		c->fail_fast, "record", cw_record_name(c->record), "faults", c->faults, "vars", vars_json(c));
}

static int parse_list(void *parent, const json_t *j, const char *key, struct cw_list *ret)
{
	const json_t *list = json_object_get(j, key);
	size_t n = json_array_size(list);

	*ret = (struct cw_list){.items = talloc_zero_array(parent, const char *, n + 1), .n = n};
	if (!ret->items)
		return ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text)
			return EBADMSG;
		ret->items[i] = talloc_strdup(ret->items, text);
		if (!ret->items[i])
			return ENOMEM;
	}
	return 0;
}

static int parse_text(void *parent, const json_t *j, const char *key, const char **ret)
{
	const char *text = cw_json_str(j, key, NULL);

	*ret = text ? talloc_strdup(parent, text) : NULL;
	return text && !*ret ? ENOMEM : 0;
}

static int parse_vars(void *parent, const json_t *j, struct cw_trial_conf *c)
{
	json_t *o = json_object_get(j, "vars"), *value;
	struct cw_opt_pair *pairs = talloc_zero_array(parent, struct cw_opt_pair, json_object_size(o) + 1);
	const char *key;

	if (!pairs)
		return ENOMEM;
	json_object_foreach (o, key, value) {
		struct cw_opt_pair *p = &pairs[c->n_vars];

		if (!json_is_string(value))
			return EBADMSG;
		p->name = talloc_strdup(pairs, key);
		p->value = talloc_strdup(pairs, json_string_value(value));
		if (!p->name || !p->value)
			return ENOMEM;
		c->n_vars++;
	}
	c->vars = pairs;
	return 0;
}

static int parse_lists(void *parent, const json_t *j, struct cw_trial_conf *c)
{
	struct cw_list files;
	int err = parse_list(parent, j, "files", &files);

	c->files = (const char *const *)files.items;
	c->n_files = files.n;
	if (!err)
		err = parse_list(parent, j, "tags", &c->tags);
	if (!err)
		err = parse_list(parent, j, "voices", &c->voices);
	if (!err)
		err = parse_list(parent, j, "languages", &c->languages);
	return err ? err : parse_list(parent, j, "channels", &c->channels);
}

int cw_trial_conf_parse(void *parent, const json_t *j, struct cw_trial_conf *ret, struct cw_why *why)
{
	struct cw_trial_conf c = {
		.sim = cw_json_bool(j, "sim", false),
		.repeat = (unsigned)cw_json_int(j, "repeat", 0),
		.jobs = (unsigned)cw_json_int(j, "jobs", 0),
		.first = (unsigned)cw_json_int(j, "first", 0),
		.timeout_us = (uint64_t)cw_json_int(j, "timeout_ms", 0) * 1000,
		.fail_fast = cw_json_bool(j, "fail_fast", false),
		.faults = cw_json_num(j, "faults", 0),
	};
	const struct {
		const char *key;
		const char **to;
	} texts[] = {{"target", &c.target}, {"filter", &c.filter}, {"ear", &c.ear}, {"agent_stt", &c.agent_stt},
		{"agent_voice", &c.agent_voice}};
	int err = parse_lists(parent, j, &c);

	for (size_t i = 0; !err && i < CW_COUNT(texts); i++)
		err = parse_text(parent, j, texts[i].key, texts[i].to);
	if (!err)
		err = parse_vars(parent, j, &c);
	if (!err && (cw_str_u64(cw_str(cw_json_str(j, "seed", "")), UINT64_MAX, &c.seed) ||
			    cw_record_of(cw_json_str(j, "record", ""), &c.record)))
		err = EBADMSG;
	if (err)
		return err == ENOMEM ? err : cw_why_set(why, EBADMSG, "run.json is damaged: this run cannot go on");
	*ret = c;
	return 0;
}
