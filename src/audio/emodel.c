#include "audio/emodel.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"

const struct cw_emodel cw_emodel_defaults = {
	.slr_db = 8,
	.rlr_db = 2,
	.stmr_db = 15,
	.ds = 3,
	.dr = 3,
	.telr_db = 65,
	.wepl_db = 110,
	.qdu = 1,
	.bpl = 4.3,
	.burst_r = 1,
	.nc_dbm0p = -70,
	.nfor_dbmp = -64,
	.ps_dba = 35,
	.pr_dba = 35,
};

/* G.113 appendix I, tables I.1 and I.3 (the values for random loss). */
static const struct codec {
	const char *name;
	double ie, bpl;
} codecs[] = {
	{"g711", 0, 4.3}, /* a lost packet is silence */
	{"g711-plc", 0, 25.1},
	{"g723.1-6.3", 15, 16.1},
	{"g729a", 11, 19.0},
	{"gsm-efr", 5, 10.0},
};

bool cw_emodel_codec(const char *name, double *ie, double *bpl)
{
	for (size_t i = 0; i < CW_COUNT(codecs); i++)
		if (strcmp(codecs[i].name, name) == 0) {
			*ie = codecs[i].ie;
			*bpl = codecs[i].bpl;
			return true;
		}
	return false;
}

const char *const *cw_emodel_codecs(void)
{
	static const char *const names[] = {"g711", "g711-plc", "g723.1-6.3", "g729a", "gsm-efr", NULL};

	_Static_assert(CW_COUNT(names) == CW_COUNT(codecs) + 1, "each codec has its name in both lists");
	return names;
}

static double db_sum(double a, double b)
{
	return 10 * log10(pow(10, a / 10) + pow(10, b / 10));
}

/* (7-3 … 7-7): all noise, as it were at the 0 dBr point. */
static double noise(const struct cw_emodel *m)
{
	double olr = m->slr_db + m->rlr_db;
	double sent_beyond = m->ps_dba - olr - m->ds - 14;
	double nos = m->ps_dba - m->slr_db - m->ds - 100 + 0.004 * sent_beyond * sent_beyond;
	double lstr = m->stmr_db + m->dr;
	double pre = m->pr_dba + 10 * log10(1 + pow(10, (10 - lstr) / 10));
	double nor = m->rlr_db - 121 + pre + 0.008 * (pre - 35) * (pre - 35);
	double nfo = m->nfor_dbmp + m->rlr_db;

	return db_sum(db_sum(m->nc_dbm0p, nos), db_sum(nor, nfo));
}

/* (7-12): sidetone that is too loud, or not there. */
static double sidetone(const struct cw_emodel *m)
{
	double s = -10 * log10(pow(10, -m->stmr_db / 10) + exp(-m->t_ms / 4) * pow(10, -m->telr_db / 10));

	return 12 * pow(1 + pow((s - 13) / 6, 8), 1.0 / 8) - 28 * pow(1 + pow((s + 1) / 19.4, 35), 1.0 / 35) -
	       13 * pow(1 + pow((s - 3) / 33, 13), 1.0 / 13) + 29;
}

/* (7-8 … 7-17): what happens together with the voice. */
static double simultaneous(const struct cw_emodel *m, double no, double ro, double ist)
{
	double x = m->slr_db + m->rlr_db + 0.2 * (64 + no - m->rlr_db);
	double loud = 20 * (pow(1 + pow(x / 8, 8), 1.0 / 8) - x / 8);
	double q = 37 - 15 * log10(m->qdu);
	double g = 1.07 + 0.258 * q + 0.0602 * q * q;
	double y = (ro - 100) / 15 + 46 / 8.4 - g / 9;
	double z = 46.0 / 30 - g / 40;

	return loud + ist + 15 * log10(1 + pow(10, y) + pow(10, z));
}

/* (7-19 … 7-24) */
static double talker_echo(const struct cw_emodel *m, double no, double ist)
{
	double terv =
		m->telr_db - 40 * log10((1 + m->t_ms / 10) / (1 + m->t_ms / 150)) + 6 * exp(-0.3 * m->t_ms * m->t_ms);
	double roe = -1.5 * (no - m->rlr_db), re, idte;

	if (m->t_ms < 1)
		return 0;
	if (m->stmr_db < 9)
		terv += ist / 2;
	re = 80 + 2.5 * (terv - 14);
	idte = ((roe - re) / 2 + sqrt((roe - re) * (roe - re) / 4 + 100) - 1) * (1 - exp(-m->t_ms));
	return m->stmr_db > 20 ? sqrt(idte * idte + ist * ist) : idte;
}

/* (7-25, 7-26) */
static double listener_echo(const struct cw_emodel *m, double ro)
{
	double rle = 10.5 * (m->wepl_db + 7) * pow(m->tr_ms + 1, -0.25);

	return (ro - rle) / 2 + sqrt((ro - rle) * (ro - rle) / 4 + 169);
}

/* (7-27, 7-28) with the default sensitivity: sT = 1, mT = 100 ms. */
static double pure_delay(const struct cw_emodel *m)
{
	double x = m->ta_ms > 100 ? log2(m->ta_ms / 100) : 0;

	return 25 * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
}

double cw_emodel_mos(double r)
{
	if (r <= 0)
		return 1;
	if (r >= 100)
		return 4.5;
	return 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
}

static double normal_percent(double x)
{
	return 50 * erfc(-x / M_SQRT2);
}

void cw_emodel_rate(const struct cw_emodel *m, struct cw_emodel_rating *ret)
{
	double no = noise(m), ist = sidetone(m);
	double loss = m->ppl > 0 ? m->ppl / (m->ppl / m->burst_r + m->bpl) : 0;

	ret->ro = 15 - 1.5 * (m->slr_db + no);
	ret->is = simultaneous(m, no, ret->ro, ist);
	ret->idte = talker_echo(m, no, ist);
	ret->idle = listener_echo(m, ret->ro);
	ret->idd = pure_delay(m);
	ret->id = ret->idte + ret->idle + ret->idd;
	ret->ie_eff = m->ie + (95 - m->ie) * loss;
	ret->r = ret->ro - ret->is - ret->id - ret->ie_eff + m->advantage;
	ret->mos = cw_emodel_mos(ret->r);
	ret->good_or_better = normal_percent((ret->r - 60) / 16);
	ret->poor_or_worse = normal_percent((45 - ret->r) / 16);
}

bool cw_emodel_of_line(const struct cw_emodel_line *line, struct cw_emodel_rating *ret)
{
	struct cw_emodel m = cw_emodel_defaults;

	if (!(line->delay_ms >= 0) || !isfinite(line->delay_ms) || !(line->loss >= 0 && line->loss <= 1) ||
		!(line->burst_r >= 0) || !isfinite(line->burst_r))
		return false;
	if (!cw_emodel_codec(line->codec ? line->codec : "g711-plc", &m.ie, &m.bpl))
		return false;
	m.ta_ms = m.t_ms = line->delay_ms;
	m.tr_ms = 2 * line->delay_ms;
	m.ppl = 100 * line->loss;
	m.burst_r = line->burst_r > 0 ? line->burst_r : 1;
	cw_emodel_rate(&m, ret);
	return true;
}
