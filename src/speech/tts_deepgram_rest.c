/* A sentence by HTTP, where there is no WebSocket. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "speech/tts_deepgram_int.h"

#define PIECE_MAX 1000u /* bytes of a request: what all models take */
#define ERROR_MAX 2048u

static void fetch_piece(struct cw_tts_job *j);

size_t cw_deepgram_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

/* "audio/mulaw;rate=8000": anything else would be noise. */
static bool is_our_audio(const char *type)
{
	const char *rate = strcasestr(type, "rate=");

	return (strcasestr(type, "mulaw") || strcasestr(type, "basic")) && (!rate || !strncmp(rate + 5, "8000", 4));
}

static void on_headers(int status, const struct cw_header *headers, size_t n, void *arg)
{
	struct cw_tts_job *j = arg;

	j->status = status;
	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(headers[i].name, "content-type"))
			j->wrong_type = status == 200 && !is_our_audio(headers[i].value);
}

static void on_data(const void *bytes, size_t n, void *arg)
{
	struct cw_tts_job *j = arg;

	if (j->status == 200 && !j->wrong_type)
		(void)cw_deepgram_job_audio(j, bytes, n); /* the job may be gone */
	else if (n <= ERROR_MAX - j->body.len)
		cw_buf_put(&j->body, bytes, n);
}

static void on_closed(int err, void *arg)
{
	struct cw_tts_job *j = arg;
	char text[CW_DEEPGRAM_TEXT_MAX], reason[CW_DEEPGRAM_TEXT_MAX + 40];

	j->http = NULL;
	if (err) {
		(void)snprintf(reason, sizeof(reason), "deepgram: %s", strerror(err));
	} else if (j->wrong_type) {
		err = EPROTO;
		(void)snprintf(reason, sizeof(reason), "deepgram sent something else than mu-law of 8000 Hz");
	} else if (j->status != 200) {
		err = cw_deepgram_status(j->status);
		cw_deepgram_error_text(cw_buf_str(&j->body), text);
		(void)snprintf(reason, sizeof(reason), "deepgram answered %d: %s", j->status, text);
	}
	cw_buf_clear(&j->body);
	if (err || !j->text[j->at])
		cw_deepgram_job_end(j, err, reason);
	else
		fetch_piece(j);
}

static int ask(struct cw_tts_job *j, struct cw_str text)
{
	static const struct cw_http_events events = {.headers = on_headers, .data = on_data, .closed = on_closed};
	struct cw_deepgram_voice *v = j->voice;
	CW_JSON_SCOPED json_t *o = json_pack("{s:o}", "text", json_stringn(text.p, text.len));
	CW_SCOPED char *url = talloc_asprintf(NULL, "%s/v1/speak?%s&container=none", v->server.http, v->query);
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(16384);
	const struct cw_header headers[] = {
		{"Content-Type", "application/json"}, {"Authorization", v->server.authorization}};
	struct cw_http_req req = {.method = "POST",
		.url = url,
		.headers = headers,
		.n_headers = v->server.authorization ? 2 : 1,
		.deadlines = {.connect_us = CW_DEEPGRAM_FIRST_US,
			.first_byte_us = CW_DEEPGRAM_FIRST_US,
			.idle_us = CW_DEEPGRAM_GAP_US}};

	cw_json_dump(&b, o);
	if (!o)
		return EINVAL;
	if (!url || cw_buf_err(&b))
		return ENOMEM;
	req.body = b.p;
	req.body_len = b.len;
	return cw_http_request(j, v->world, &req, &events, j, &j->http);
}

static void fetch_piece(struct cw_tts_job *j)
{
	struct cw_str rest = cw_str(j->text + j->at);
	size_t n = cw_deepgram_cut(rest, PIECE_MAX);
	int err = ask(j, (struct cw_str){rest.p, n});

	j->at += n;
	if (err) {
		j->http = NULL;
		cw_deepgram_job_end(
			j, err, err == EINVAL ? "the text is no UTF-8, or CW_DEEPGRAM_URL no address" : strerror(err));
	}
}

void cw_deepgram_fetch(struct cw_tts_job *j)
{
	j->state = CW_DEEPGRAM_FETCHING;
	j->at = 0;
	j->body = CW_BUF(ERROR_MAX);
	j->voice->usage.characters += cw_deepgram_characters(j->text);
	fetch_piece(j);
}
