#include "trial/execute/record.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define FILE_MAX   (64u << 20)
#define PROBES_MAX 2000

/* ---- writing ---- */

static json_t *probes_json(const struct cw_call_record *r)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < r->n_probes; i++) {
		const struct cw_view_probe *p = &r->probes[i];
		json_t *body = json_string(p->body ? p->body : ""); /* NULL: not UTF-8, which no assertion could read */

		if (json_array_append_new(list, json_pack("{s:O, s:i, s:i, s:o}", "assert", p->of->conf, "err", p->err,
							"status", p->status, "body", body ? body : json_string("")))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

int cw_record_save(const struct cw_call_record *r)
{
	const struct cw_script_result *s = &r->script;
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/record.json", r->call_dir);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	CW_JSON_SCOPED json_t *j = json_pack("{s:{s:s, s:b, s:b, s:I, s:s}, s:s, s:s, s:I, s:b, s:i, s:s, s:I, s:o}",
		"script", "end", cw_script_end_name(s->end), "we_hung_up", s->we_hung_up, "unanswered", s->unanswered,
		"steps_played", (json_int_t)s->steps_played, "reason", s->reason, "end_reason",
		cw_end_reason_name(r->end_reason), "end_detail", r->end_detail ? r->end_detail : "", "end_us",
		(json_int_t)r->end_us, "timed_out", r->timed_out, "open_err", r->open_err, "open_why",
		r->open_why ? r->open_why : "", "faults", (json_int_t)r->faults, "probes", probes_json(r));
	FILE *f;
	bool good;

	if (!path || !j)
		return ENOMEM;
	cw_json_dump(&b, j);
	cw_buf_putc(&b, '\n');
	if (cw_buf_err(&b))
		return cw_buf_err(&b);
	f = fopen(path, "we");
	if (!f)
		return errno;
	errno = 0;
	good = fwrite(b.p, 1, b.len, f) == b.len;
	if (!fclose(f) && good)
		return 0;
	return errno ? errno : EIO;
}

/* ---- reading ---- */

/* The lines of one party's timeline, without the member that says whose they are. */
static int split_events(struct cw_str text, const char *view, struct cw_buf *out)
{
	CW_SCOPED char *head = talloc_asprintf(NULL, "{\"view\":\"%s\",", view);
	struct cw_str rest = text, line;
	size_t len = head ? strlen(head) : 0;

	if (!head)
		return ENOMEM;
	cw_buf_puts(out, "");
	while (cw_str_split(&rest, '\n', &line)) {
		if (line.len <= len || memcmp(line.p, head, len))
			continue;
		cw_buf_putc(out, '{');
		cw_buf_put(out, line.p + len, line.len - len);
		cw_buf_putc(out, '\n');
	}
	return cw_buf_err(out);
}

static int load_timelines(struct cw_call_record *r, const char *dir, struct cw_why *why)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/events.jsonl", dir);
	CW_BUF_SCOPED struct cw_buf all = CW_BUF(FILE_MAX);
	CW_BUF_SCOPED struct cw_buf caller = CW_BUF(FILE_MAX);
	CW_BUF_SCOPED struct cw_buf agent = CW_BUF(FILE_MAX);
	int err = path ? cw_file_read(path, FILE_MAX, &all, why) : ENOMEM;

	if (!err)
		err = split_events(cw_buf_str(&all), "caller", &caller);
	if (!err)
		err = split_events(cw_buf_str(&all), "agent", &agent);
	if (!err)
		err = cw_timeline_parse(r, caller.p, caller.len, &r->caller, why);
	if (!err && agent.len)
		err = cw_timeline_parse(r, agent.p, agent.len, &r->agent, why);
	return err;
}

struct matching {
	struct cw_call_record *r;
	const json_t *probes;
};

static int match_probe(const struct cw_assert *a, void *arg)
{
	struct matching *m = arg;
	size_t i;
	json_t *p;

	json_array_foreach (m->probes, i, p) {
		struct cw_view_probe *to = &m->r->probes[m->r->n_probes];

		if (m->r->n_probes == PROBES_MAX || !json_equal(json_object_get(p, "assert"), a->conf))
			continue;
		*to = (struct cw_view_probe){.of = a,
			.err = (int)cw_json_int(p, "err", 0),
			.status = (int)cw_json_int(p, "status", 0),
			.body = talloc_strdup(m->r, cw_json_str(p, "body", ""))};
		if (!to->body)
			return ENOMEM;
		m->r->n_probes++;
		break;
	}
	return 0;
}

static bool find_ends(struct cw_call_record *r, const char *script, const char *line)
{
	int s = 0, l = 0;

	while (s < CW_SCRIPT_END_N && strcmp(cw_script_end_name((enum cw_script_end)s), script))
		s++;
	while (l <= CW_END_TIMEOUT && strcmp(cw_end_reason_name((enum cw_end_reason)l), line))
		l++;
	r->script.end = (enum cw_script_end)s;
	r->end_reason = (enum cw_end_reason)l;
	return s < CW_SCRIPT_END_N && l <= CW_END_TIMEOUT;
}

static int read_record(struct cw_call_record *r, const json_t *j)
{
	const json_t *s = json_object_get(j, "script");
	struct matching m = {.r = r, .probes = json_object_get(j, "probes")};

	if (!find_ends(r, cw_json_str(s, "end", ""), cw_json_str(j, "end_reason", "")))
		return EBADMSG;
	r->script.we_hung_up = cw_json_bool(s, "we_hung_up", false);
	r->script.unanswered = cw_json_bool(s, "unanswered", false);
	r->script.steps_played = (size_t)cw_json_int(s, "steps_played", 0);
	(void)snprintf(r->script.reason, sizeof(r->script.reason), "%s", cw_json_str(s, "reason", "")); /* may be cut */
	r->end_detail = talloc_strdup(r, cw_json_str(j, "end_detail", ""));
	r->end_us = (uint64_t)cw_json_int(j, "end_us", 0);
	r->timed_out = cw_json_bool(j, "timed_out", false);
	r->open_err = (int)cw_json_int(j, "open_err", 0);
	r->open_why = talloc_strdup(r, cw_json_str(j, "open_why", ""));
	r->faults = (unsigned)cw_json_int(j, "faults", 0);
	r->probes = talloc_zero_array(r, struct cw_view_probe, PROBES_MAX);
	if (!r->end_detail || !r->open_why || !r->probes)
		return ENOMEM;
	return cw_judge_each_assert(r->item->test, match_probe, &m);
}

static int present(struct cw_call_record *r, const char *dir, const char *name, const char **ret)
{
	char *path = talloc_asprintf(r, "%s/%s", dir, name);

	*ret = path && !access(path, R_OK) ? path : NULL;
	return path ? 0 : ENOMEM;
}

int cw_record_load(void *parent, const char *dir, const struct cw_plan_item *item, const struct cw_trial_conf *trial,
	struct cw_call_record **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_call_record *r = talloc_zero(NULL, struct cw_call_record);
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/record.json", dir);
	CW_JSON_SCOPED json_t *j = NULL;
	int err;

	if (!r || !path)
		return ENOMEM;
	r->item = item;
	r->trial = trial;
	if (access(dir, R_OK))
		return cw_why_set(
			why, ENOENT, "nothing was kept of this call (--record none, or its folder was removed)");
	if (access(path, R_OK))
		return cw_why_set(why, ENOENT, "%s is missing: this call was made by an older version", path);
	err = cw_json_load(path, FILE_MAX, &j, why);
	if (!err)
		err = read_record(r, j);
	if (!err)
		err = load_timelines(r, dir, why);
	if (!err)
		err = present(r, dir, "both.wav", &r->wav_path);
	if (!err && r->agent)
		err = present(r, dir, "agent.db", &r->db_path);
	if (err)
		return cw_why_set(why, err, "%s: %s", path, strerror(err)); /* kept when a deeper reason is there */
	*ret = talloc_move(parent, &r);
	return 0;
}
