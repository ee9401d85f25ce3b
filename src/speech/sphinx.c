#include "speech/sphinx.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sphinxbase/cmn.h>
#include <sphinxbase/err.h>

#include "base/mem.h"
#include "speech/lexicon.h"
#include "speech/service.h"

#define MODEL_DIR      "/usr/share/pocketsphinx/model/en-us"
#define IDLE_MAX       16  /* decoders, 7 to 13 MB each */
#define MODELS_MAX     48  /* texts, 100 … 500 KB each */
#define MEAN_FRAMES    500 /* weight of the mean a segment starts with: 5 s */
#define MEAN_LINE      0.6f /* share of the line's average in it, the rest is the call's: measured best over five voices */
#define SERVICE_WEIGHT 0.5f    /* a sentence of the background counts like this: about 220 in sum … */
#define HINTS_WEIGHT   1200.0f /* … all hints together like this many sentences … */
#define HINT_LEAST     6.0f    /* … and each at least like this */

/* Text of a model; malloc memory from open_memstream(). */
struct model {
	enum cw_sphinx_kind kind;
	uint64_t hash;
	char *dict, *lm;
	size_t dict_len, lm_len;
	unsigned refs; /* decoders being made from it: not to be dropped */
	uint64_t used;
};

struct idle {
	struct cw_sphinx_decoder d;
	uint64_t used;
};

/* Process-wide, as the engine's memory is too large for one per call. All under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct idle idle[IDLE_MAX];      /* ps NULL = free place */
static struct model models[MODELS_MAX]; /* dict NULL = free place */
static uint64_t uses;

const float cw_sphinx_mean_line[CW_SPHINX_CEPSTRA] = {50, 3, 8.5f, 9, 10.5f, -9, 8, -5, -12, 9, -7, 9, -1};

/* ---- files ---- */

static const char *model_dir(void)
{
	const char *dir = getenv("CW_POCKETSPHINX_MODEL");

	return dir && *dir ? dir : MODEL_DIR;
}

static const char *model_file(const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", model_dir(), name); /* a cut path does not exist: reported as missing */
	return out;
}

static void quiet(void *arg, err_lvl_t level, const char *fmt, ...)
{
	(void)arg;
	(void)level;
	(void)fmt;
}

/* Failures come back as codes; the engine's own talk is hundreds of lines per model. The log file is kept per thread. */
static void be_quiet(void)
{
	err_set_callback(quiet, NULL);
	err_set_logfp(NULL);
}

int cw_sphinx_check(struct cw_why *why)
{
	static const char *const needed[] = {"en-us/mdef", "en-us/means", "en-us/variances", "en-us/sendump",
		"en-us/transition_matrices", "en-us/noisedict", "cmudict-en-us.dict"};
	char path[PATH_MAX];

	for (size_t i = 0; i < CW_COUNT(needed); i++)
		if (access(model_file(needed[i], path), R_OK))
			return cw_why_set(why, ENOENT,
				"recogniser 'pocketsphinx': %s is missing; install the package pocketsphinx-en-us, or "
				"set CW_POCKETSPHINX_MODEL to the folder that holds en-us/ and cmudict-en-us.dict",
				path);
	return 0;
}

/* ---- models ---- */

static int write_dict(const struct cw_ngram *g, FILE *out)
{
	const struct cw_lexicon *lex;
	char path[PATH_MAX];
	int err = cw_lexicon_get(model_file("cmudict-en-us.dict", path), &lex, NULL);

	for (size_t i = 0; !err && i < cw_ngram_words(g); i++)
		cw_lexicon_write(lex, cw_str(cw_ngram_word(g, i)), out);
	return err ? err : ferror(out) ? EIO : 0;
}

/* All texts of a model: the n-gram counter also collects the words a grammar needs. */
static int write_texts(const struct cw_sphinx_recipe *r, struct cw_ngram *g, FILE *dict, FILE *lm)
{
	int err = 0;

	if (r->kind == CW_SPHINX_FREE)
		err = cw_service_count(g, SERVICE_WEIGHT);
	if (!err && r->grammar)
		err = cw_grammar_count(
			r->grammar, g, fmaxf(HINT_LEAST, HINTS_WEIGHT / (float)cw_grammar_phrases(r->grammar)));
	if (!err)
		err = r->kind == CW_SPHINX_FREE ? cw_ngram_write(g, lm) : cw_grammar_jsgf(r->grammar, g, lm);
	return err ? err : write_dict(g, dict);
}

static int make_model(const struct cw_sphinx_recipe *r, void *scratch, struct model *ret)
{
	struct model m = {.kind = r->kind, .hash = r->hash};
	struct cw_ngram *g = NULL;
	FILE *dict = open_memstream(&m.dict, &m.dict_len), *lm = open_memstream(&m.lm, &m.lm_len);
	int err = dict && lm ? cw_ngram_new(scratch, &g) : ENOMEM;

	if (!err)
		err = write_texts(r, g, dict, lm);
	talloc_free(g);
	if (dict && fclose(dict) && !err)
		err = ENOMEM;
	if (lm && fclose(lm) && !err)
		err = ENOMEM;
	if (err) {
		cw_libc_free(m.dict);
		cw_libc_free(m.lm);
		return err;
	}
	*ret = m;
	return 0;
}

static void drop_model(struct model *m)
{
	cw_libc_free(m->dict);
	cw_libc_free(m->lm);
	*m = (struct model){0};
}

/* Under the lock. */
static struct model *find_model(enum cw_sphinx_kind kind, uint64_t hash)
{
	for (size_t i = 0; i < MODELS_MAX; i++)
		if (models[i].dict && models[i].kind == kind && models[i].hash == hash)
			return &models[i];
	return NULL;
}

/* Under the lock: the place to put one more; NULL when all are in use this very moment. */
static struct model *model_place(void)
{
	struct model *best = NULL;

	for (size_t i = 0; i < MODELS_MAX; i++) {
		if (!models[i].dict)
			return &models[i];
		if (!models[i].refs && (!best || models[i].used < best->used))
			best = &models[i];
	}
	return best;
}

/* The model of @r, held by a reference: from the cache, or made. Two workers may make the same one: the first stays. */
static int hold_model(const struct cw_sphinx_recipe *r, void *scratch, struct model **ret)
{
	struct model made = {0};
	int err;

	pthread_mutex_lock(&lock);
	struct model *m = find_model(r->kind, r->hash);

	if (!m) {
		pthread_mutex_unlock(&lock);
		err = make_model(r, scratch, &made);
		if (err)
			return err;
		pthread_mutex_lock(&lock);
		m = find_model(r->kind, r->hash);
	}
	if (!m && (m = model_place())) {
		drop_model(m);
		*m = made;
		made = (struct model){0};
	}
	if (m) {
		m->refs++;
		m->used = ++uses;
	}
	pthread_mutex_unlock(&lock);
	drop_model(&made);
	*ret = m;
	return m ? 0 : ENOMEM;
}

static void let_model_go(struct model *m)
{
	pthread_mutex_lock(&lock);
	m->refs--;
	pthread_mutex_unlock(&lock);
}

/* ---- decoders ---- */

/* A file in memory with these bytes, and a path by which the engine opens it. */
static int memory_file(const char *bytes, size_t n, char path[64], int *fd)
{
	*fd = memfd_create("callwright-model", MFD_CLOEXEC);
	if (*fd < 0)
		return errno;
	for (size_t done = 0; done < n;) {
		ssize_t k = write(*fd, bytes + done, n - done);

		if (k < 0) {
			int err = errno;

			close(*fd);
			return err;
		}
		done += (size_t)k;
	}
	(void)snprintf(path, 64, "/proc/self/fd/%d", *fd); /* fits */
	return 0;
}

static cmd_ln_t *configuration(const char *dict)
{
	char mdef[PATH_MAX], means[PATH_MAX], variances[PATH_MAX], tmat[PATH_MAX], sendump[PATH_MAX], noise[PATH_MAX];

	be_quiet();
	return cmd_ln_init(NULL, ps_args(), TRUE, "-mdef", model_file("en-us/mdef", mdef), "-mean",
		model_file("en-us/means", means), "-var", model_file("en-us/variances", variances), "-tmat",
		model_file("en-us/transition_matrices", tmat), "-sendump", model_file("en-us/sendump", sendump),
		"-fdict", model_file("en-us/noisedict", noise), "-dict", dict,
		/* the front end of the model, which feat.params holds: given here as that file would win over us */
		"-lowerf", "130", "-upperf", "6800", "-nfilt", "25", "-transform", "dct", "-lifter", "22", "-feat",
		"1s_c_d_dd", "-svspec", "0-12/13-25/26-38", "-agc", "none", "-cmn", "live", "-varnorm", "no",
		/* no second pass over the words: half of the time, and the same errors within one in a hundred */
		"-fwdflat", "no",
		/* these bounds cut the time of the stock model by a quarter and no words */
		"-maxhmmpf", "5000", "-maxwpf", "20", NULL);
}

static int load_search(ps_decoder_t *ps, cmd_ln_t *config, const struct model *m)
{
	if (m->kind == CW_SPHINX_STRICT)
		return ps_set_jsgf_string(ps, "hints", m->lm) || ps_set_search(ps, "hints") ? EIO : 0;

	char path[64];
	int fd, err = memory_file(m->lm, m->lm_len, path, &fd);

	if (err)
		return err;
	ngram_model_t *lm = ngram_model_read(config, path, NGRAM_ARPA, ps_get_logmath(ps));

	close(fd);
	if (!lm)
		return EIO;
	err = ps_set_lm(ps, "hints", lm) || ps_set_search(ps, "hints") ? EIO : 0;
	ngram_model_free(lm); /* the decoder has its own reference */
	return err;
}

static int make_decoder(const struct model *m, ps_decoder_t **ret)
{
	char path[64];
	int fd, err = memory_file(m->dict, m->dict_len, path, &fd);

	if (err)
		return err;
	cmd_ln_t *config = configuration(path);
	ps_decoder_t *ps = config ? ps_init(config) : NULL;

	close(fd);
	err = ps ? load_search(ps, config, m) : EIO;
	if (config)
		cmd_ln_free_r(config);
	if (err) {
		ps_free(ps);
		return err;
	}
	*ret = ps;
	return 0;
}

static int make_stock_decoder(ps_decoder_t **ret)
{
	char dict[PATH_MAX], lm[PATH_MAX];
	cmd_ln_t *config = configuration(model_file("cmudict-en-us.dict", dict));

	if (!config)
		return ENOMEM;
	cmd_ln_set_str_r(config, "-lm", model_file("en-us.lm.bin", lm));
	*ret = ps_init(config);
	cmd_ln_free_r(config);
	return *ret ? 0 : EIO;
}

static bool take_idle(enum cw_sphinx_kind kind, uint64_t hash, struct cw_sphinx_decoder *ret)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < IDLE_MAX && !found; i++) {
		if (!idle[i].d.ps || idle[i].d.kind != kind || idle[i].d.hash != hash)
			continue;
		*ret = idle[i].d;
		idle[i].d.ps = NULL;
		found = true;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

int cw_sphinx_take(const struct cw_sphinx_recipe *recipe, void *scratch, struct cw_sphinx_decoder *ret)
{
	struct model *m;
	int err;

	if (take_idle(recipe->kind, recipe->hash, ret)) {
		if (ret->dirty)
			(void)ps_end_utt(ret->ps); /* of a segment which was cancelled: its result is not wanted */
		ret->dirty = false;
		return 0;
	}
	*ret = (struct cw_sphinx_decoder){.kind = recipe->kind, .hash = recipe->hash};
	if (recipe->kind == CW_SPHINX_STOCK)
		return make_stock_decoder(&ret->ps);
	err = hold_model(recipe, scratch, &m);
	if (err)
		return err;
	err = make_decoder(m, &ret->ps);
	let_model_go(m);
	return err;
}

void cw_sphinx_give(struct cw_sphinx_decoder *d)
{
	struct idle *place = &idle[0];
	ps_decoder_t *old;

	if (!d->ps)
		return;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < IDLE_MAX && place->d.ps; i++)
		if (!idle[i].d.ps || idle[i].used < place->used)
			place = &idle[i];
	old = place->d.ps;
	*place = (struct idle){.d = *d, .used = ++uses};
	pthread_mutex_unlock(&lock);
	d->ps = NULL;
	ps_free(old);
}

bool cw_sphinx_ready(enum cw_sphinx_kind kind, uint64_t hash)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < IDLE_MAX; i++)
		found = found || (idle[i].d.ps && idle[i].d.kind == kind && idle[i].d.hash == hash);
	pthread_mutex_unlock(&lock);
	return found;
}

void cw_sphinx_release(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < IDLE_MAX; i++) {
		ps_free(idle[i].d.ps);
		idle[i] = (struct idle){0};
	}
	for (size_t i = 0; i < MODELS_MAX; i++)
		if (!models[i].refs)
			drop_model(&models[i]);
	pthread_mutex_unlock(&lock);
}

/* ---- cepstral mean ---- */

/* The engine itself moves its mean only every eight seconds, or between utterances. */
void cw_sphinx_mean_set(struct cw_sphinx_decoder *d, const float mean[CW_SPHINX_CEPSTRA])
{
	cmn_t *cmn = ps_get_feat(d->ps)->cmn_struct;

	for (int i = 0; i < cmn->veclen && i < CW_SPHINX_CEPSTRA; i++) {
		cmn->cmn_mean[i] = MEAN_LINE * cw_sphinx_mean_line[i] + (1 - MEAN_LINE) * mean[i];
		cmn->sum[i] = cmn->cmn_mean[i] * MEAN_FRAMES;
	}
	cmn->nframe = MEAN_FRAMES;
}

void cw_sphinx_mean_adapt(struct cw_sphinx_decoder *d)
{
	cmn_live_update(ps_get_feat(d->ps)->cmn_struct);
}

void cw_sphinx_mean_get(struct cw_sphinx_decoder *d, float mean[CW_SPHINX_CEPSTRA])
{
	cmn_live_get(ps_get_feat(d->ps)->cmn_struct, mean);
}
