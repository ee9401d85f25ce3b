/* Options of the recogniser, and what it is asked for: "deepgram:nova-3,endpoint=300,turns=provider" */
#include <errno.h>
#include <string.h>

#include "speech/spec.h"
#include "speech/stt_deepgram_int.h"
#include "world/url.h"

#define TERM_MAX 60 /* bytes */

/* "nova-3,endpoint=300": a first part without "=" is the model. */
static struct cw_str take_model(struct cw_str *options)
{
	struct cw_str rest = *options, first;

	if (!cw_str_split(&rest, ',', &first) || memchr(first.p, '=', first.len))
		return CW_STR_LIT("nova-3");
	*options = rest;
	return cw_str_trim(first);
}

static int check_options(const char *spec, struct cw_str options, struct cw_why *why)
{
	static const char *const keys[] = {"endpoint", "utterance_end", "turns", "replay", "deadline", NULL};
	CW_SCOPED char *rest = talloc_asprintf(
		NULL, "%.*s:%.*s", CW_STR(cw_spec_engine(spec)), (int)options.len, options.p ? options.p : "");

	return rest ? cw_spec_check(rest, keys, why) : ENOMEM;
}

static int build_query(
	struct cw_deepgram_stream *s, struct cw_str model, const char *language, double endpoint, double utterance_end)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1024);

	cw_buf_puts(&b, "model=");
	cw_url_encode(&b, model);
	cw_form_put(&b, "language", language && *language ? language : "en");
	cw_buf_puts(&b,
		"&encoding=mulaw&sample_rate=8000&channels=1&interim_results=true&smart_format=true&vad_events=true");
	cw_buf_fmt(&b, "&endpointing=%u", (unsigned)endpoint);
	if (utterance_end > 0)
		cw_buf_fmt(&b, "&utterance_end_ms=%u", (unsigned)utterance_end);
	s->query = cw_buf_take(&b, s);
	return s->query ? 0 : ENOMEM;
}

int cw_deepgram_stream_conf(struct cw_deepgram_stream *s, const struct cw_stt_conf *conf, struct cw_why *why)
{
	struct cw_str options = cw_spec_options(conf->engine), model = take_model(&options), turns;
	double endpoint = 300, utterance_end = 1000, deadline = 2200;
	int err = check_options(conf->engine, options, why);

	s->replay = 1.25;
	if (!err)
		err = cw_spec_number(options, "endpoint", 10, 5000, &endpoint, why);
	if (!err)
		err = cw_spec_number(options, "utterance_end", 1000, 5000, &utterance_end, why);
	if (!err)
		err = cw_spec_number(options, "replay", 1, 20, &s->replay, why);
	if (!err)
		err = cw_spec_number(options, "deadline", 100, 60000, &deadline, why);
	if (err)
		return err;
	if (!model.len)
		return cw_why_set(
			why, EINVAL, "recogniser '%s': a model is missing, like deepgram:nova-3", conf->engine);
	if (cw_spec_get(options, "turns", &turns)) {
		s->provider_turns = cw_str_eq(turns, "provider");
		if (!s->provider_turns && !cw_str_eq(turns, "own"))
			return cw_why_set(why, EINVAL, "recogniser '%s': turns=%.*s is neither own nor provider",
				conf->engine, CW_STR(turns));
	}
	if (conf->rate_hz != 8000)
		return cw_why_set(why, EINVAL, "recogniser '%s': sample rate %u, only 8000 is possible", conf->engine,
			conf->rate_hz);
	s->deadline_ms = (unsigned)deadline;
	s->keyterms = cw_str_starts(model, "nova-3");
	return build_query(s, model, conf->language, endpoint, utterance_end);
}

/* ---- what is expected ---- */

static bool add_term(struct cw_deepgram_stream *s, struct cw_buf *b, const char *term)
{
	unsigned tokens = (unsigned)strlen(term) / 4 + 1;
	char *copy;

	if (s->n_known >= CW_DEEPGRAM_TERMS || s->tokens + tokens > CW_DEEPGRAM_TOKENS || !*term ||
		strlen(term) > TERM_MAX)
		return false;
	for (unsigned i = 0; i < s->n_known; i++)
		if (!strcasecmp(s->known[i], term))
			return false;
	if (!s->known)
		s->known = talloc_zero_array(s, char *, CW_DEEPGRAM_TERMS);
	copy = s->known ? talloc_strdup(s->known, term) : NULL;
	if (!copy)
		return false;
	s->known[s->n_known++] = copy;
	s->tokens += tokens;
	cw_buf_puts(b, "&keyterm=");
	cw_url_encode(b, cw_str(term));
	return true;
}

/* Values first: names and places are what a recogniser does not know. Words with slots in them are no terms. */
bool cw_deepgram_terms_add(struct cw_deepgram_stream *s, const struct cw_hints *hints)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(32768);
	bool more = false;
	char *terms;

	cw_buf_puts(&b, s->terms ? s->terms : "");
	for (size_t i = 0; i < hints->n_classes; i++)
		for (size_t k = 0; k < hints->classes[i].n_values; k++)
			more |= add_term(s, &b, hints->classes[i].values[k]);
	for (size_t i = 0; i < hints->n_phrases; i++)
		if (!strchr(hints->phrases[i], '{'))
			more |= add_term(s, &b, hints->phrases[i]);
	terms = more ? cw_buf_take(&b, s) : NULL;
	if (!terms)
		return false;
	talloc_free(s->terms);
	s->terms = terms;
	return true;
}
