#include "speech/deepgram.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "speech/provider.h"

#define MESSAGE_MAX (256u << 10)

static int wipe(char *secret)
{
	explicit_bzero(secret, talloc_get_size(secret));
	return 0;
}

int cw_deepgram_init(struct cw_deepgram *d, void *parent, const char *who, struct cw_why *why)
{
	const char *url = cw_provider_env("CW_DEEPGRAM_URL");
	CW_SCOPED char *key = NULL;
	char *authorization = NULL;
	int err = cw_provider_secret(NULL, "CW_DEEPGRAM_API_KEY", &key, why), len;

	if (err)
		return err;
	url = url ? url : CW_DEEPGRAM_URL;
	if (!key && !strcmp(url, CW_DEEPGRAM_URL))
		return cw_why_set(why, EINVAL,
			"%s needs a key: set CW_DEEPGRAM_API_KEY (or CW_DEEPGRAM_API_KEY_FILE), or CW_DEEPGRAM_URL to a server of your own",
			who);
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return cw_why_set(why, EINVAL, "CW_DEEPGRAM_URL: '%s' does not begin with https:// or http://", url);
	len = (int)strlen(url);
	while (len && url[len - 1] == '/')
		len--;
	d->http = talloc_strndup(parent, url, (size_t)len);
	d->ws = talloc_asprintf(parent, "ws%.*s", len - 4, url + 4);
	if (key) {
		authorization = talloc_asprintf(parent, "Token %s", key);
		if (authorization)
			talloc_set_destructor(authorization, wipe);
	}
	d->authorization = authorization;
	return d->http && d->ws && (authorization || !key) ? 0 : ENOMEM;
}

/* ---- messages ---- */

static struct cw_str text_of(const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	return (struct cw_str){json_is_string(value) ? json_string_value(value) : "", json_string_length(value)};
}

static bool seconds(const json_t *o, const char *key, double *ret)
{
	const json_t *value = json_object_get(o, key);

	*ret = json_number_value(value);
	return json_is_number(value) && *ret >= 0 && *ret < 1e6;
}

static int parse_results(struct cw_deepgram_msg *m)
{
	const json_t *channel = json_object_get(m->json, "channel");
	const json_t *best = json_array_get(json_object_get(channel, "alternatives"), 0);

	if (!json_is_object(channel) || !seconds(m->json, "start", &m->start) ||
		!seconds(m->json, "duration", &m->duration))
		return EBADMSG;
	if (best && !json_is_string(json_object_get(best, "transcript")))
		return EBADMSG;
	m->text = text_of(best, "transcript");
	m->confidence = cw_json_num(best, "confidence", -1);
	if (!(m->confidence >= 0 && m->confidence <= 1))
		m->confidence = -1;
	m->is_final = cw_json_bool(m->json, "is_final", false);
	m->speech_final = cw_json_bool(m->json, "speech_final", false);
	m->from_finalize = cw_json_bool(m->json, "from_finalize", false);
	return 0;
}

int cw_deepgram_parse(struct cw_str bytes, struct cw_deepgram_msg *ret)
{
	static const char *const names[] = {
		"Results", "SpeechStarted", "UtteranceEnd", "Metadata", "Flushed", "Cleared", "Warning", "Error"};
	struct cw_deepgram_msg m = {.kind = CW_DEEPGRAM_OTHER, .confidence = -1};
	const char *type;
	int err = bytes.len > MESSAGE_MAX ? EBADMSG : cw_json_parse(bytes.p, bytes.len, &m.json, NULL);

	if (err)
		return err == ENOMEM ? ENOMEM : EBADMSG;
	type = cw_json_str(m.json, "type", "");
	for (size_t i = 0; i < CW_COUNT(names); i++)
		if (!strcmp(names[i], type))
			m.kind = (enum cw_deepgram_kind)i;
	if (!*type)
		err = EBADMSG;
	else if (m.kind == CW_DEEPGRAM_RESULTS)
		err = parse_results(&m);
	else
		m.text = text_of(m.json, "description");
	if (err)
		json_decref(m.json);
	else
		*ret = m;
	return err;
}

void cw_deepgram_msg_clear(struct cw_deepgram_msg *m)
{
	json_decref(m->json);
	m->json = NULL;
}

/* ---- errors ---- */

static void put_printable(struct cw_str text, char out[CW_DEEPGRAM_TEXT_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < text.len && n < CW_DEEPGRAM_TEXT_MAX / 2; i++)
		out[n++] = (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7F ? ' ' : text.p[i];
	out[n] = '\0';
}

void cw_deepgram_error_text(struct cw_str body, char out[CW_DEEPGRAM_TEXT_MAX])
{
	CW_JSON_SCOPED json_t *j = NULL;
	struct cw_str text;

	if (cw_json_parse(body.p, body.len, &j, NULL)) {
		put_printable(cw_str_trim(body), out);
		return;
	}
	text = text_of(j, "err_msg");
	if (!text.len)
		text = text_of(j, "message");
	if (!text.len)
		text = text_of(j, "err_code");
	put_printable(text, out);
}

int cw_deepgram_status(int status)
{
	switch (status) {
	case 401:
	case 403:
		return EACCES;
	case 402:
		return EDQUOT;
	case 408:
	case 499:
		return ETIMEDOUT;
	case 429:
		return EBUSY;
	default:
		return status >= 500 ? EREMOTEIO : status >= 400 ? EINVAL : EPROTO;
	}
}

static const char *status_text(int status)
{
	switch (status) {
	case 400:
		return "400: a parameter is wrong";
	case 401:
		return "401: the key is wrong (CW_DEEPGRAM_API_KEY)";
	case 402:
		return "402: no credit left";
	case 403:
		return "403: the key may not use this model";
	case 404:
		return "404: nothing at this address (CW_DEEPGRAM_URL)";
	case 429:
		return "429: too many connections";
	default:
		return NULL;
	}
}

int cw_deepgram_closed(int err, unsigned code, char out[CW_DEEPGRAM_TEXT_MAX])
{
	const char *known = err == EACCES ? status_text((int)code) : NULL;

	if (known) {
		(void)snprintf(out, CW_DEEPGRAM_TEXT_MAX, "deepgram refused: %s", known);
		return cw_deepgram_status((int)code);
	}
	if (err == EACCES) {
		(void)snprintf(out, CW_DEEPGRAM_TEXT_MAX, "deepgram refused with status %u", code);
		return cw_deepgram_status((int)code);
	}
	if (err) {
		(void)snprintf(out, CW_DEEPGRAM_TEXT_MAX, "deepgram: %s", strerror(err));
		return err;
	}
	(void)snprintf(out, CW_DEEPGRAM_TEXT_MAX, "deepgram closed the link (%u%s)", code,
		code == 1008   ? ", the audio or text cannot be read"
		: code == 1011 ? ", a timeout or a fault of theirs"
			       : "");
	return code == 1008 || code == 1003 || code == 1009 ? EPROTO : ECONNRESET;
}
