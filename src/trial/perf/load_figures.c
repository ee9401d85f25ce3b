#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "trial/perf/load_int.h"
#include "world/world.h"

const char *const cw_load_latency_name[CW_LOAD_LATENCIES] = {
	"answer", "first_word", "response", "response_intended", "harness_lag"};

void cw_load_counts_add(struct cw_load_counts *into, const struct cw_load_counts *from)
{
	into->intended += from->intended;
	into->dialled += from->dialled;
	into->finished += from->finished;
	for (int v = 0; v < CW_VERDICT_N; v++)
		into->verdict[v] += from->verdict[v];
	into->unreachable += from->unreachable;
	into->waited += from->waited;
	into->given_up += from->given_up;
	into->late += from->late;
	into->silent += from->silent;
	into->early += from->early;
	into->live += from->live;
	into->peak += from->peak;
}

/* ---- answers ---- */

static uint64_t from_ms(double ms)
{
	return ms > 0 ? (uint64_t)(ms * 1000) : 0;
}

/* The k-th thing said in the result is the k-th in the tap: both are in the order of the call. */
static double count_answers(struct cw_load_lane *l, const struct cw_load_call *c, bool *late)
{
	json_t *turns = json_object_get(c->result->json, "turns"), *turn;
	double worst = NAN;
	size_t i, said = 0;

	json_array_foreach (turns, i, turn) {
		const json_t *ms = json_object_get(turn, "response_ms");
		bool speech = !strcmp(cw_json_str(turn, "action", ""), "say");
		uint64_t behind = speech && said < c->tap->n ? cw_tap_late_us(&c->tap->turns[said]) : 0;

		said += speech;
		*late = *late || behind > CW_LOAD_LATE_US;
		if (!json_is_number(ms)) {
			l->counts.silent += speech;
			continue;
		}

		double v = json_number_value(ms), from_intended = fmax(0, v) + (double)behind / 1000;

		l->counts.early += v < 0;
		cw_hist_add(l->hist[CW_LOAD_RESPONSE], from_ms(v));
		cw_hist_add(l->hist[CW_LOAD_INTENDED], from_ms(from_intended));
		worst = isnan(worst) ? from_intended : fmax(worst, from_intended);
	}
	return worst;
}

static void count_beginning(struct cw_load_lane *l, const struct cw_load_call *c)
{
	const json_t *first = json_object_get(json_object_get(c->result->json, "measures"), "first_word_ms");
	uint64_t answer = c->dialled_us - c->intended_us + c->tap->answered_us;

	if (!c->tap->answered)
		return;
	cw_hist_add(l->hist[CW_LOAD_ANSWER], answer);
	if (json_is_number(first))
		cw_hist_add(l->hist[CW_LOAD_FIRST_WORD], answer + from_ms(json_number_value(first)));
}

/* ---- what went wrong ---- */

/* Figures differ from call to call: reasons that are equal but for them are one kind. */
static bool alike(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a >= '0' && *a <= '9')
			a++;
		while (*b >= '0' && *b <= '9')
			b++;
		if (*a != *b)
			return false;
		if (!*a)
			return true;
	}
}

static void count_reason(struct cw_load_lane *l, const struct cw_load_call *c)
{
	const char *text = cw_json_str(c->result->json, "reason", "");
	struct cw_load_reason *r = l->reasons;

	for (size_t i = 0; i < l->n_reasons; i++, r++) {
		if (r->verdict == c->result->verdict && r->text && alike(r->text, text)) {
			r->n++;
			return;
		}
	}
	if (l->n_reasons == CW_LOAD_REASONS_MAX)
		return;
	*r = (struct cw_load_reason){.verdict = c->result->verdict, .n = 1};
	r->text = talloc_strdup(l, text);
	r->key = talloc_strdup(l, c->key);
	l->n_reasons += r->text && r->key;
}

/* A folder of one call: files only. */
static void remove_folder(const char *run_dir, const char *key)
{
	char path[4096];
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/calls/%s", run_dir, key); /* too long: not found */
	d = opendir(path);
	if (!d)
		return;
	for (const struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0); /* what stays keeps the folder */
	(void)closedir(d);
	(void)rmdir(path);
}

static void keep_failure(struct cw_load_lane *l, const struct cw_load_call *c, uint64_t failures)
{
	count_reason(l, c);
	if (failures > CW_LOAD_KEPT_MAX / l->conf->lanes)
		remove_folder(l->run_dir, c->key);
	if (!cw_buf_err(&l->lines)) {
		cw_json_dump(&l->lines, c->result->json);
		cw_buf_putc(&l->lines, '\n');
	}
}

/* ---- the sample of the knee curve ---- */

static void add_sample(struct cw_load_lane *l, const struct cw_load_sample *s)
{
	if (l->n_samples == l->samples_room) {
		size_t room = l->samples_room ? 2 * l->samples_room : 1024;
		struct cw_load_sample *more =
			room <= CW_LOAD_SAMPLES_MAX ? talloc_realloc(l, l->samples, struct cw_load_sample, room) : NULL;

		if (!more)
			return; /* the curve is drawn from those before */
		l->samples = more;
		l->samples_room = room;
	}
	l->samples[l->n_samples++] = *s;
}

void cw_load_count(struct cw_load_lane *l, const struct cw_load_call *c)
{
	bool late = c->stalled;
	enum cw_verdict v = c->result ? c->result->verdict : CW_VERDICT_ERROR;

	l->counts.verdict[v]++;
	if (!c->result)
		return;
	l->counts.unreachable += c->result->unreachable;
	if (!l->conf->concurrency && c->dialled_us > c->intended_us + CW_LOAD_LATE_US)
		late = true; /* under --concurrency waiting is what was asked for, and counted apart */
	count_beginning(l, c);

	const struct cw_load_sample s = {
		.concurrency = c->concurrency,
		.worst_ms = count_answers(l, c, &late),
		.end_s = (double)(cw_now(l->world) - l->start_us) / 1e6,
		.passed = v == CW_VERDICT_PASS,
		.decided = v == CW_VERDICT_PASS || v == CW_VERDICT_FAIL || c->result->unreachable,
	};

	add_sample(l, &s);
	l->counts.late += late;
	if (v != CW_VERDICT_PASS)
		keep_failure(l, c, l->counts.finished - l->counts.verdict[CW_VERDICT_PASS]);
}
