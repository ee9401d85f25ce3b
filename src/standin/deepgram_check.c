/* Is the query well formed? */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "standin/deepgram_int.h"

int cw_deepgram_refuse(struct cw_deepgram_refusal *r, int status, const char *code, const char *fmt, ...)
{
	va_list ap;

	r->status = status;
	r->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(r->message, sizeof(r->message), fmt, ap);
	va_end(ap);
	return EINVAL;
}

enum kind { BOOL, TEXT, NUMBER, ENDPOINT };

struct parameter {
	const char *name;
	enum kind kind;
	uint32_t min, max;
};

static const struct parameter listen_parameters[] = {
	{"model", TEXT, 0, 0},
	{"language", TEXT, 0, 0},
	{"encoding", TEXT, 0, 0},
	{"sample_rate", NUMBER, 8000, 48000},
	{"channels", NUMBER, 1, 1},
	{"multichannel", BOOL, 0, 0},
	{"interim_results", BOOL, 0, 0},
	{"endpointing", ENDPOINT, 0, 60000},
	{"utterance_end_ms", NUMBER, 1, 60000},
	{"vad_events", BOOL, 0, 0},
	{"punctuate", BOOL, 0, 0},
	{"smart_format", BOOL, 0, 0},
	{"numerals", BOOL, 0, 0},
	{"profanity_filter", BOOL, 0, 0},
	{"dictation", BOOL, 0, 0},
	{"filler_words", BOOL, 0, 0},
	{"no_delay", BOOL, 0, 0},
	{"keyterm", TEXT, 0, 0},
	{"keywords", TEXT, 0, 0},
	{"redact", TEXT, 0, 0},
	{"replace", TEXT, 0, 0},
	{"search", TEXT, 0, 0},
	{"diarize", BOOL, 0, 0},
	{"diarize_model", TEXT, 0, 0},
	{"detect_entities", BOOL, 0, 0},
	{"extra", TEXT, 0, 0},
	{"tag", TEXT, 0, 0},
	{"mip_opt_out", BOOL, 0, 0},
	{"version", TEXT, 0, 0},
	{"callback", TEXT, 0, 0},
	{"callback_method", TEXT, 0, 0},
	{NULL, TEXT, 0, 0},
};
static const struct parameter speak_parameters[] = {
	{"model", TEXT, 0, 0},
	{"encoding", TEXT, 0, 0},
	{"sample_rate", NUMBER, 8000, 48000},
	{"speed", TEXT, 0, 0},
	{"mip_opt_out", BOOL, 0, 0},
	{"tag", TEXT, 0, 0},
	{NULL, TEXT, 0, 0},
};
static const struct parameter fetch_parameters[] = {
	{"model", TEXT, 0, 0},
	{"encoding", TEXT, 0, 0},
	{"sample_rate", NUMBER, 8000, 48000},
	{"speed", TEXT, 0, 0},
	{"mip_opt_out", BOOL, 0, 0},
	{"tag", TEXT, 0, 0},
	{"container", TEXT, 0, 0},
	{"bit_rate", NUMBER, 4000, 650000},
	{NULL, TEXT, 0, 0},
};

static int check_value(const struct parameter *p, const char *value, struct cw_deepgram_refusal *r)
{
	bool is_bool = !strcmp(value, "true") || !strcmp(value, "false"), ok = *value != '\0';
	uint32_t number;

	if (p->kind == BOOL)
		ok = is_bool;
	else if (p->kind == NUMBER || (p->kind == ENDPOINT && !is_bool))
		ok = !cw_str_u32(cw_str(value), p->max, &number) && number >= p->min;
	if (ok)
		return 0;
	return cw_deepgram_refuse(r, 400, "INVALID_QUERY_PARAMETER",
		"Failed to deserialize query parameters: invalid value for %s: '%.80s'", p->name, value);
}

static int parse(const char *query, const struct parameter *known, struct cw_form **ret, struct cw_deepgram_refusal *r)
{
	CW_SCOPED struct cw_form *f = NULL;

	if (cw_form_parse(NULL, cw_str(query), &f))
		return cw_deepgram_refuse(r, 400, "Bad Request", "Failed to deserialize query parameters");
	for (size_t i = 0; i < f->n; i++) {
		const struct parameter *p = known;

		if (!*f->fields[i].name)
			continue;
		while (p->name && strcmp(p->name, f->fields[i].name) != 0)
			p++;
		if (!p->name)
			return cw_deepgram_refuse(r, 400, "INVALID_QUERY_PARAMETER",
				"Failed to deserialize query parameters: unknown field `%.80s`", f->fields[i].name);
		if (check_value(p, f->fields[i].value, r))
			return EINVAL;
	}
	*ret = talloc_move(NULL, &f);
	return 0;
}

static bool is_true(const struct cw_form *f, const char *name)
{
	const char *value = cw_form_get(f, name);

	return value && !strcmp(value, "true");
}

static unsigned number(const struct cw_form *f, const char *name, unsigned dflt)
{
	const char *value = cw_form_get(f, name);
	uint32_t n = dflt;

	if (value)
		(void)cw_str_u32(cw_str(value), UINT32_MAX, &n); /* checked before */
	return n;
}

static int take_encoding(const struct cw_form *f, struct cw_deepgram_asked *a, struct cw_deepgram_refusal *r)
{
	const char *encoding = cw_form_get(f, "encoding");

	if (!encoding)
		return cw_deepgram_refuse(r, 400, "Bad Request",
			"This stand-in needs encoding= and sample_rate=: it reads no containers");
	if (!strcmp(encoding, "mulaw"))
		a->encoding = CW_DEEPGRAM_MULAW;
	else if (!strcmp(encoding, "alaw"))
		a->encoding = CW_DEEPGRAM_ALAW;
	else if (!strcmp(encoding, "linear16"))
		a->encoding = CW_DEEPGRAM_LINEAR16;
	else
		return cw_deepgram_refuse(r, 400, "INVALID_QUERY_PARAMETER",
			"Failed to deserialize query parameters: encoding '%.40s' (this stand-in knows mulaw, alaw, linear16)",
			encoding);
	return 0;
}

static int check_keyterms(const struct cw_form *f, const char *model, struct cw_deepgram_refusal *r)
{
	size_t tokens = 0, n = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->fields[i].name, "keyterm") != 0)
			continue;
		n++;
		tokens += strlen(f->fields[i].value) / 4 + 1;
	}
	if (n && strncmp(model, "nova-3", 6) != 0)
		return cw_deepgram_refuse(r, 400, "Bad Request", "Keyterms are only supported with nova-3 models.");
	if (cw_form_get(f, "keywords") && *cw_form_get(f, "keywords") && !strncmp(model, "nova-3", 6))
		return cw_deepgram_refuse(
			r, 400, "Bad Request", "Keywords are not supported with nova-3 models: use keyterm.");
	if (n > 100 || tokens > 500)
		return cw_deepgram_refuse(r, 400, "Bad Request",
			"Keyterm limit exceeded. The maximum number of tokens across all keyterms is 500.");
	return 0;
}

static bool is_model(const char *model, const char *const *families)
{
	for (; *families; families++)
		if (!strncmp(model, *families, strlen(*families)))
			return true;
	return false;
}

int cw_deepgram_check_listen(const char *query, struct cw_deepgram_asked *ret, struct cw_deepgram_refusal *r)
{
	static const char *const families[] = {"nova", "enhanced", "base", NULL};
	CW_SCOPED struct cw_form *f = NULL;
	const char *model, *endpoint;

	if (parse(query, listen_parameters, &f, r))
		return EINVAL;
	model = cw_form_get(f, "model");
	endpoint = cw_form_get(f, "endpointing");
	(void)snprintf(ret->model, sizeof(ret->model), "%s", model ? model : "base");
	if (!is_model(ret->model, families))
		return cw_deepgram_refuse(r, 400, "Bad Request", "No such model/language/tier combination found.");
	if (take_encoding(f, ret, r) || check_keyterms(f, ret->model, r))
		return EINVAL;
	if (!cw_form_get(f, "sample_rate"))
		return cw_deepgram_refuse(r, 400, "Bad Request", "sample_rate is required with encoding");
	ret->rate_hz = number(f, "sample_rate", 8000);
	ret->interim = is_true(f, "interim_results");
	ret->vad_events = is_true(f, "vad_events");
	ret->utterance_end_ms = number(f, "utterance_end_ms", 0);
	ret->endpoint_ms = endpoint && !strcmp(endpoint, "false")      ? 0
			   : endpoint && strcmp(endpoint, "true") != 0 ? number(f, "endpointing", 10)
								       : 10;
	if (ret->utterance_end_ms && !ret->interim)
		return cw_deepgram_refuse(r, 400, "Bad Request", "utterance_end_ms requires interim_results=true");
	return 0;
}

static int check_rate(const struct cw_deepgram_asked *a, struct cw_deepgram_refusal *r)
{
	static const unsigned rates[] = {8000, 16000, 24000, 32000, 48000};
	size_t n = a->encoding == CW_DEEPGRAM_LINEAR16 ? CW_COUNT(rates) : 2;

	for (size_t i = 0; i < n; i++)
		if (rates[i] == a->rate_hz)
			return 0;
	return cw_deepgram_refuse(r, 400, "Bad Request",
		"Unsupported audio format: sample_rate %u is not applicable to the encoding", a->rate_hz);
}

int cw_deepgram_check_speak(const char *query, bool rest, struct cw_deepgram_asked *ret, struct cw_deepgram_refusal *r)
{
	static const char *const families[] = {"aura-", NULL};
	CW_SCOPED struct cw_form *f = NULL;
	const char *model, *speed, *container;

	if (parse(query, rest ? fetch_parameters : speak_parameters, &f, r))
		return EINVAL;
	model = cw_form_get(f, "model");
	speed = cw_form_get(f, "speed");
	container = cw_form_get(f, "container");
	(void)snprintf(ret->model, sizeof(ret->model), "%s", model ? model : "aura-asteria-en");
	if (!is_model(ret->model, families))
		return cw_deepgram_refuse(r, 400, "Bad Request", "No such model/version combination found.");
	ret->speed = 1;
	if (speed && (cw_str_double(cw_str(speed), &ret->speed) || ret->speed < 0.7 || ret->speed > 1.5))
		return cw_deepgram_refuse(r, 400, "INVALID_QUERY_PARAMETER",
			"Failed to deserialize query parameters: speed must be from 0.7 to 1.5");
	if (!rest && !cw_form_get(f, "encoding"))
		ret->encoding = CW_DEEPGRAM_LINEAR16;
	else if (take_encoding(f, ret, r))
		return EINVAL;
	if (container && strcmp(container, "none") != 0 && strcmp(container, "wav") != 0)
		return cw_deepgram_refuse(
			r, 400, "Bad Request", "Unsupported audio format: container '%.20s'", container);
	ret->wav = rest && !(container && !strcmp(container, "none"));
	ret->rate_hz = number(f, "sample_rate", ret->encoding == CW_DEEPGRAM_LINEAR16 ? 24000 : 8000);
	return check_rate(ret, r);
}
