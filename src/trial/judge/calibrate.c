#include "trial/judge/calibrate.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "trial/judge/question.h"
#include "trial/judge/rubric.h"

#define FILE_MAX_BYTES (32u << 20)
#define LABELS_MAX     2000
#define LEVEL          0.95

/* ---- labels ---- */

static int labels_gone(struct cw_labels *l)
{
	for (size_t i = 0; i < l->n; i++)
		json_decref(l->items[i].transcript);
	return 0;
}

static int read_label(struct cw_labels *l, const json_t *o, struct cw_label *at, struct cw_why *why)
{
	const json_t *t = json_object_get(o, "transcript"), *label = json_object_get(o, "label");

	at->id = talloc_strdup(l, cw_json_str(o, "id", ""));
	at->rubric = talloc_strdup(l, cw_json_str(o, "rubric", ""));
	if (!at->id || !at->rubric)
		return ENOMEM;
	if (!*at->id || !*at->rubric)
		return cw_why_set(why, EBADMSG, "expected {\"id\", \"rubric\", \"transcript\", \"label\"}");
	if (label && !json_is_null(label) && !json_is_boolean(label))
		return cw_why_set(why, EBADMSG, "'label' must be true (meets the rubric), false or null");
	at->label = json_is_boolean(label) ? json_is_true(label) : -1;
	if (json_is_string(t))
		at->transcript = json_pack("[{s:s, s:s}]", "speaker", "agent", "text", json_string_value(t));
	else if (json_is_array(t))
		at->transcript = json_deep_copy(t);
	else
		return cw_why_set(why, EBADMSG, "'transcript' must be a list of {speaker, text} or the agent's words");
	return at->transcript ? 0 : ENOMEM;
}

static int read_line(struct cw_labels *l, struct cw_str line, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *o = NULL;
	int err = l->n < LABELS_MAX ? cw_json_parse(line.p, line.len, &o, why) : E2BIG;

	if (err == E2BIG)
		return cw_why_set(why, err, "more than %d labels", LABELS_MAX);
	if (!err)
		err = read_label(l, o, &l->items[l->n++], why);
	return err;
}

int cw_labels_load(void *parent, const char *path, struct cw_labels **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_labels *l = talloc_zero(NULL, struct cw_labels);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX_BYTES);
	struct cw_str rest, line;
	unsigned number = 0;
	int err = l ? cw_file_read(path, FILE_MAX_BYTES, &b, why) : ENOMEM;

	if (err)
		return err;
	talloc_set_destructor(l, labels_gone);
	l->items = talloc_zero_array(l, struct cw_label, LABELS_MAX);
	if (!l->items)
		return ENOMEM;
	rest = cw_buf_str(&b);
	while (!err && cw_str_split(&rest, '\n', &line)) {
		struct cw_why inner = {0};

		number++;
		if (!cw_str_trim(line).len)
			continue;
		err = read_line(l, line, &inner);
		if (err)
			(void)cw_why_at(why, err, path, number, 0, "%s", inner.text);
	}
	if (!err)
		*ret = talloc_move(parent, &l);
	return err;
}

/* ---- counting ---- */

static int calibration_gone(struct cw_calibration *c)
{
	json_decref(c->wrong);
	return 0;
}

static int new_calibration(void *parent, const char *model, struct cw_calibration **ret)
{
	struct cw_calibration *c = talloc_zero(parent, struct cw_calibration);

	if (!c)
		return ENOMEM;
	c->model = talloc_strdup(c, model);
	c->wrong = json_array();
	talloc_set_destructor(c, calibration_gone);
	*ret = c;
	return c->model && c->wrong ? 0 : ENOMEM;
}

static int count(struct cw_calibration *c, const struct cw_label *l, bool judged, const char *reason)
{
	size_t *cells[2][2] = {{&c->table.tn, &c->table.fp}, {&c->table.fn, &c->table.tp}};

	(*cells[l->label][judged])++;
	if (judged == (l->label == 1))
		return 0;
	return json_array_append_new(c->wrong, json_pack("{s:s, s:b, s:b, s:s}", "id", l->id, "label", l->label,
						       "judge", judged, "reason", reason))
		       ? ENOMEM
		       : 0;
}

static void finish(struct cw_calibration *c)
{
	size_t passes = c->table.tp + c->table.fp, n = passes + c->table.tn + c->table.fn;

	c->quality = cw_stat_judge(&c->table, LEVEL);
	c->raw = cw_stat_rate_wilson(passes, n, LEVEL);
	c->corrected = cw_stat_rogan_gladen(passes, n, &c->table, LEVEL);
}

static int add_labels(struct cw_questions *q, const struct cw_labels *labels)
{
	int err = 0;

	for (size_t i = 0; !err && i < labels->n; i++)
		if (labels->items[i].label >= 0)
			err = cw_questions_add_plain(
				q, labels->items[i].rubric, labels->items[i].transcript, CW_THRESHOLD_DEFAULT);
	return err;
}

int cw_calibrate(void *parent, const struct cw_labels *labels, const struct cw_judge_settings *s,
	struct cw_calibration **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_calibration *c = NULL;
	struct cw_questions *q = NULL;
	const struct cw_view_answer *answers;
	size_t n = 0, k = 0;
	int err;

	if (!s->spec) {
		(void)cw_why_set(why, EINVAL, "%s", s->missing);
		return EINVAL;
	}
	err = new_calibration(NULL, s->model, &c);
	if (!err)
		err = cw_rubric_hash(s->model, c->hash);
	if (!err)
		err = cw_questions_new(c, NULL, s, &q);
	if (!err)
		err = add_labels(q, labels);
	if (!err && !cw_questions_count(q))
		err = cw_why_set(why, EINVAL, "no line has a label that is true or false");
	if (!err)
		err = cw_questions_ask_now(q);
	if (err)
		return err;
	answers = cw_questions_answers(q, &n);
	for (size_t i = 0; !err && i < labels->n; i++) {
		const struct cw_view_answer *a = labels->items[i].label >= 0 ? &answers[k++] : NULL;

		if (a && !a->decided && !c->undecided++)
			(void)cw_why_set(why, EIO, "%s: %s", labels->items[i].id, a->reason);
		if (a && a->decided)
			err = count(c, &labels->items[i], a->pass, a->reason);
		c->unsure += a && a->unsure;
	}
	c->n = n;
	if (!err && c->undecided == n)
		return EIO; /* @why has the first reason */
	finish(c);
	if (!err)
		*ret = talloc_move(parent, &c);
	return err;
}

static const struct cw_label *find_label(const struct cw_labels *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].label >= 0 && !strcmp(l->items[i].id, id))
			return &l->items[i];
	return NULL;
}

int cw_agree(void *parent, const struct cw_labels *a, const struct cw_labels *b, struct cw_calibration **ret,
	struct cw_why *why)
{
	CW_SCOPED struct cw_calibration *c = NULL;
	int err = new_calibration(NULL, "labels", &c);

	for (size_t i = 0; !err && i < a->n; i++) {
		const struct cw_label *other = a->items[i].label >= 0 ? find_label(b, a->items[i].id) : NULL;

		c->n += other != NULL;
		if (other)
			err = count(c, &a->items[i], other->label == 1, "");
	}
	if (!err && !c->n)
		err = cw_why_set(why, EINVAL, "the two files share no id that is labelled in both");
	if (err)
		return err;
	finish(c);
	*ret = talloc_move(parent, &c);
	return 0;
}

/* ---- keeping ---- */

char *cw_calibration_path(void *parent, const char *labels)
{
	size_t n = strlen(labels), cut = n > 6 && !strcmp(labels + n - 6, ".jsonl") ? n - 6 : n;

	return talloc_asprintf(parent, "%.*s.calibration.json", (int)cut, labels);
}

static json_t *interval_json(struct cw_interval x)
{
	return x.known ? json_pack("{s:f, s:f, s:f}", "value", x.value, "lo", x.lo, "hi", x.hi) : json_null();
}

int cw_calibration_save(const struct cw_calibration *c, const char *path, struct cw_why *why)
{
	const struct cw_judge_quality *q = &c->quality;
	CW_JSON_SCOPED json_t *j =
		json_pack("{s:s, s:s, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O}",
			"judge_hash", c->hash, "model", c->model, "n", (json_int_t)c->n, "undecided",
			(json_int_t)c->undecided, "unsure", (json_int_t)c->unsure, "confusion", "tp",
			(json_int_t)c->table.tp, "fp", (json_int_t)c->table.fp, "fn", (json_int_t)c->table.fn, "tn",
			(json_int_t)c->table.tn, "accuracy", interval_json(q->accuracy), "kappa",
			interval_json(q->kappa), "sensitivity", interval_json(q->sensitivity), "specificity",
			interval_json(q->specificity), "precision", interval_json(q->precision), "pass_rate",
			interval_json(c->raw), "pass_rate_corrected", interval_json(c->corrected), "wrong", c->wrong);

	return j ? cw_json_save(path, j, true, why) : ENOMEM;
}

static void dump_interval(struct cw_buf *b, const char *name, struct cw_interval x, const char *about)
{
	if (x.known)
		cw_buf_fmt(b, "%-14s %6.3f  [%.3f, %.3f]  %s\n", name, x.value, x.lo, x.hi, about);
	else
		cw_buf_fmt(b, "%-14s      -  not estimable from these labels\n", name);
}

void cw_calibration_dump(struct cw_buf *b, const struct cw_calibration *c)
{
	const struct cw_judge_quality *q = &c->quality;
	json_t *one;
	size_t i;

	cw_buf_fmt(b, "%zu labels by %s: %zu true pass, %zu true fail, %zu passed wrongly, %zu failed wrongly", c->n,
		c->model, c->table.tp, c->table.tn, c->table.fp, c->table.fn);
	cw_buf_fmt(b, ", %zu undecided, %zu unsure\n\n", c->undecided, c->unsure);
	dump_interval(b, "accuracy", q->accuracy, "agreement (95 %)");
	dump_interval(b, "kappa", q->kappa, "agreement beyond chance");
	dump_interval(b, "sensitivity", q->sensitivity, "of what meets its rubric, how much is passed");
	dump_interval(b, "specificity", q->specificity, "of what does not, how much is failed");
	dump_interval(b, "pass rate", c->raw, "as judged");
	dump_interval(b, "corrected", c->corrected, "as it would be with a faultless judge (Rogan and Gladen)");
	json_array_foreach (c->wrong, i, one)
		cw_buf_fmt(b, "%s%s: label %s, other %s%s%s\n", i ? "" : "\nDisagreements:\n",
			cw_json_str(one, "id", ""), cw_json_bool(one, "label", false) ? "pass" : "fail",
			cw_json_bool(one, "judge", false) ? "pass" : "fail",
			*cw_json_str(one, "reason", "") ? ": " : "", cw_json_str(one, "reason", ""));
}

/* ---- the gate ---- */

/* @path as seen from the scenario file. */
static char *beside(void *parent, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	return *path == '/' || !slash ? talloc_strdup(parent, path)
				      : talloc_asprintf(parent, "%.*s/%s", (int)(slash - file), file, path);
}

static int judge_by_file(const char *path, const char *model, double floor, struct cw_why *why)
{
	CW_JSON_SCOPED json_t *j = NULL;
	char hash[65];
	double lo;

	if (cw_json_load(path, FILE_MAX_BYTES, &j, NULL))
		return cw_why_set(why, EPERM,
			"the judge is not calibrated: %s is not there; run 'callwright judge calibrate' on its labels",
			path);
	if (cw_rubric_hash(model, hash))
		return ENOMEM;
	if (strcmp(cw_json_str(j, "judge_hash", ""), hash) != 0)
		return cw_why_set(why, EPERM,
			"%s belongs to another judge (%s; now %s, or its prompts changed): run 'callwright judge calibrate' again",
			path, cw_json_str(j, "model", "?"), model);
	lo = cw_json_num(json_object_get(j, "kappa"), "lo", -1);
	if (lo < floor)
		return cw_why_set(why, EPERM,
			"the judge agrees too little with people: kappa's lower bound is %.3f, min_kappa %.3f (%s)", lo,
			floor, path);
	return 0;
}

int cw_judge_gate(
	const struct cw_judge_spec *spec, const char *file, const struct cw_trial_conf *trial, struct cw_why *why)
{
	CW_SCOPED struct cw_judge_settings *s = NULL;
	CW_SCOPED char *labels = NULL, *path = NULL;
	int err;

	if (!spec->given || !spec->calibration)
		return 0;
	err = cw_judge_settings_new(NULL, spec, trial, NULL, &s);
	if (err)
		return err;
	if (!s->spec)
		return cw_why_set(why, EPERM, "%s asks for a calibrated judge, but %s", file, s->missing);
	labels = beside(NULL, file, spec->calibration);
	path = labels ? cw_calibration_path(NULL, labels) : NULL;
	return path ? judge_by_file(path, s->model, spec->min_kappa > -1 ? spec->min_kappa : 0, why) : ENOMEM;
}
