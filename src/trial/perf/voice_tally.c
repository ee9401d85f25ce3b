/* From sentences to rows with intervals, and from rows to the ladder. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/stat_boot.h"
#include "trial/perf/voice_int.h"

#define ROUNDS 1000

static const struct voice_sound *sound(const struct cw_voice_run *r, size_t source, size_t item, size_t condition)
{
	return &r->sounds[source][item * r->n_conditions + condition];
}

static void add_entities(struct cw_entity_counts *sum, const struct cw_entity_counts *c)
{
	sum->right += c->right;
	sum->wrong += c->wrong;
	sum->missing += c->missing;
	sum->extra += c->extra;
}

static double entities_of(const struct cw_entity_counts *c)
{
	return (double)(c->right + c->wrong + c->missing);
}

struct sample { /* per sentence, as the bootstrap wants it */
	double *errors, *words, *char_errors, *chars, *right, *entities;
	size_t n;
};

static int new_sample(void *parent, size_t n, struct sample *s)
{
	double *v = talloc_zero_array(parent, double, 6 * (n + 1));

	if (!v)
		return ENOMEM;
	*s = (struct sample){v, v + n, v + 2 * n, v + 3 * n, v + 4 * n, v + 5 * n, 0};
	return 0;
}

static void add_heard(struct voice_row *row, struct sample *s, const struct voice_heard *h)
{
	const uint64_t *from[2] = {&h->words.ref, &h->chars.ref};
	uint64_t *to[2] = {&row->words.ref, &row->chars.ref};

	for (int k = 0; k < 2; k++) /* six counters in a row each */
		for (size_t i = 0; i < sizeof(struct cw_wer_counts) / sizeof(uint64_t); i++)
			to[k][i] += from[k][i];
	add_entities(&row->entities, &h->entities);
	s->errors[s->n] = (double)cw_wer_errors(&h->words);
	s->words[s->n] = (double)h->words.ref;
	s->char_errors[s->n] = (double)cw_wer_errors(&h->chars);
	s->chars[s->n] = (double)h->chars.ref;
	s->right[s->n] = (double)h->entities.right;
	s->entities[s->n++] = entities_of(&h->entities);
	row->ear_ms += h->ms;
	row->n++;
}

/* A rate with its interval; with one sentence there is a rate but no interval. */
static int rate(const double *num, const double *den, size_t n, uint64_t seed, struct cw_interval *ret)
{
	const struct cw_boot_conf conf = {.rounds = ROUNDS, .seed = seed};
	double a = 0, b = 0;
	int err = cw_stat_boot_ratio(num, den, n, &conf, ret);

	if (err || ret->known)
		return err;
	for (size_t i = 0; i < n; i++) {
		a += num[i];
		b += den[i];
	}
	*ret = (struct cw_interval){.known = false, .value = b > 0 ? a / b : NAN, .lo = NAN, .hi = NAN};
	return 0;
}

struct mean {
	double sum;
	size_t n;
};

static void add_mean(struct mean *m, struct cw_quality_value v)
{
	if (v.known) {
		m->sum += v.v;
		m->n++;
	}
}

static double mean_of(const struct mean *m)
{
	return m->n ? m->sum / (double)m->n : NAN;
}

static int make_row(void *scope, const struct cw_voice_run *r, struct voice_row *row)
{
	size_t items = r->conf.sources[row->source].n_items;
	struct mean stoi = {0}, nsim = {0}, mos = {0}, snr = {0};
	struct sample s;
	int err = new_sample(scope, items, &s);

	if (err)
		return err;
	for (size_t i = 0; i < items; i++) {
		const struct voice_sound *x = sound(r, row->source, i, row->condition);

		if (!x->done)
			continue;
		add_mean(&stoi, x->intrusive.of[CW_INTRUSIVE_STOI]);
		add_mean(&nsim, x->intrusive.of[CW_INTRUSIVE_NSIM]);
		add_mean(&mos, x->intrusive.of[CW_INTRUSIVE_MOS_NSIM]);
		add_mean(&snr, x->quality.of[CW_QUALITY_SNR_DB]);
		if (row->ear < r->conf.n_ears && x->heard[row->ear].known)
			add_heard(row, &s, &x->heard[row->ear]);
	}
	row->stoi = mean_of(&stoi);
	row->nsim = mean_of(&nsim);
	row->mos_nsim = mean_of(&mos);
	row->snr_db = mean_of(&snr);
	row->ear_ms = row->n ? row->ear_ms / (double)row->n : NAN;
	err = rate(s.errors, s.words, s.n, r->conf.seed, &row->wer);
	err = err ? err : rate(s.char_errors, s.chars, s.n, r->conf.seed, &row->cer);
	return err ? err : rate(s.right, s.entities, s.n, r->conf.seed, &row->entity_accuracy);
}

/* ---- the ladder ---- */

double voice_crossing(const double *snr, const double *accuracy, size_t n)
{
	for (size_t i = n; i-- > 1;)
		if (accuracy[i] >= VOICE_ACCURACY && accuracy[i - 1] < VOICE_ACCURACY)
			return snr[i - 1] + (snr[i] - snr[i - 1]) * (VOICE_ACCURACY - accuracy[i - 1]) /
						    (accuracy[i] - accuracy[i - 1]);
	return NAN;
}

struct ladder {
	const struct cw_voice_run *r;
	size_t source, ear, n;
	size_t condition[CW_VOICE_SNRS_MAX]; /* ascending by ratio */
	double snr[CW_VOICE_SNRS_MAX];
};

static bool whole(const struct ladder *l, size_t item)
{
	for (size_t k = 0; k < l->n; k++) {
		const struct voice_sound *s = sound(l->r, l->source, item, l->condition[k]);

		if (!s->done || !s->heard[l->ear].known)
			return false;
	}
	return true;
}

static double accuracy_of(const struct ladder *l, size_t condition, const size_t *item, size_t n)
{
	double right = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		const struct voice_sound *s = sound(l->r, l->source, item[i], condition);

		if (!s->done || !s->heard[l->ear].known)
			continue;
		right += (double)s->heard[l->ear].entities.right;
		all += entities_of(&s->heard[l->ear].entities);
	}
	return all > 0 ? right / all : NAN;
}

struct drawn {
	const struct ladder *l;
	const size_t *items; /* those heard at every ratio */
	size_t *draw;
};

static double crossing_of_draw(const size_t *index, size_t n, void *arg)
{
	const struct drawn *d = arg;
	double accuracy[CW_VOICE_SNRS_MAX];

	for (size_t i = 0; i < n; i++)
		d->draw[i] = d->items[index[i]];
	for (size_t k = 0; k < d->l->n; k++)
		accuracy[k] = accuracy_of(d->l, d->l->condition[k], d->draw, n);
	return voice_crossing(d->l->snr, accuracy, d->l->n);
}

static const char *why_absent(const struct voice_rung *g, size_t items)
{
	if (!items)
		return "no sentence was heard at every ratio";
	if (isnan(g->best))
		return "no entities in these sentences";
	if (g->control < VOICE_ACCURACY)
		return "our own ear stays below 90 % even without a line: nothing can be said of the line";
	if (g->best < VOICE_ACCURACY)
		return "below 90 % at the highest ratio already";
	if (g->worst >= VOICE_ACCURACY)
		return "still above 90 % at the lowest ratio";
	return "does not cross 90 % from above";
}

static int make_rung(void *scope, const struct ladder *l, struct voice_rung *g)
{
	size_t items = l->r->conf.sources[l->source].n_items, n = 0;
	size_t *list = talloc_array(scope, size_t, 2 * items + 1);
	struct drawn d = {.l = l, .items = list, .draw = list ? list + items : NULL};
	const struct cw_boot_conf conf = {.rounds = ROUNDS, .seed = l->r->conf.seed};
	double value;

	if (!list)
		return ENOMEM;
	for (size_t i = 0; i < items; i++)
		if (whole(l, i))
			list[n++] = i;
	g->control = accuracy_of(l, 0, list, n);
	g->best = accuracy_of(l, l->condition[l->n - 1], list, n);
	g->worst = accuracy_of(l, l->condition[0], list, n);
	for (size_t i = 0; i < n; i++)
		d.draw[i] = i;
	{
		size_t *same = talloc_memdup(scope, d.draw, (n + 1) * sizeof(*same));

		if (!same)
			return ENOMEM;
		value = crossing_of_draw(same, n, &d);
	}
	g->snr_db = (struct cw_interval){.value = value, .lo = NAN, .hi = NAN};
	if (isnan(value) || g->control < VOICE_ACCURACY) {
		g->snr_db.value = NAN;
		g->absent = why_absent(g, n);
		return 0;
	}
	if (n >= CW_BOOT_MIN_N) {
		int err = cw_stat_boot(n, crossing_of_draw, &d, &conf, &g->snr_db);

		if (err)
			return err;
		g->snr_db.value = value;
	}
	return 0;
}

static void set_ladder(struct ladder *l, const char *channel)
{
	l->n = 0;
	for (size_t k = 1; k < l->r->n_conditions; k++) {
		const struct voice_condition *c = &l->r->conditions[k];
		size_t at = l->n;

		if (strcmp(c->channel, channel) != 0)
			continue;
		for (; at > 0 && l->snr[at - 1] > c->snr_db; at--) {
			l->snr[at] = l->snr[at - 1];
			l->condition[at] = l->condition[at - 1];
		}
		l->snr[at] = c->snr_db;
		l->condition[at] = k;
		l->n++;
	}
}

static int make_rungs(void *scope, void *parent, const struct cw_voice_run *r, struct voice_tally *t)
{
	const struct cw_voice_conf *c = &r->conf;

	if (c->n_snrs < 2 || !c->n_ears)
		return 0;
	t->rungs = talloc_zero_array(parent, struct voice_rung, c->n_sources * c->n_channels * c->n_ears + 1);
	if (!t->rungs)
		return ENOMEM;
	for (size_t s = 0; s < c->n_sources; s++)
		for (size_t k = 0; k < c->n_channels; k++)
			for (size_t e = 0; e < c->n_ears; e++) {
				struct ladder l = {.r = r, .source = s, .ear = e};
				struct voice_rung *g = &t->rungs[t->n_rungs++];
				int err;

				*g = (struct voice_rung){.source = s, .ear = e, .channel = c->channels[k]};
				set_ladder(&l, c->channels[k]);
				err = make_rung(scope, &l, g);
				if (err)
					return err;
			}
	return 0;
}

int voice_tally(void *parent, const struct cw_voice_run *r, struct voice_tally *ret)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	size_t ears = r->conf.n_ears ? r->conf.n_ears : 1;
	struct voice_tally t = {0};

	t.rows = talloc_zero_array(parent, struct voice_row, r->conf.n_sources * r->n_conditions * ears + 1);
	if (!scope || !t.rows)
		return ENOMEM;
	for (size_t s = 0; s < r->conf.n_sources; s++)
		for (size_t e = 0; e < ears; e++)
			for (size_t k = 0; k < r->n_conditions; k++) {
				struct voice_row *row = &t.rows[t.n_rows++];
				int err;

				*row = (struct voice_row){
					.source = s, .condition = k, .ear = r->conf.n_ears ? e : r->conf.n_ears};
				err = make_row(scope, r, row);
				if (err)
					return err;
			}
	*ret = t;
	return make_rungs(scope, parent, r, ret);
}
