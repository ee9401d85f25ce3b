#include "caller.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audio/g711.h"
#include "speech/tts.h"
#include "world/os.h"
#include "world/sim.h"

void run_for(struct cw_world *w, uint64_t us)
{
	if (cw_world_is_sim(w))
		cw_sim_run(w, cw_now(w) + us);
	else
		cw_os_run_for(w, us);
}

/* ---- person ---- */

static bool leave(struct person *p, int where)
{
	struct cw_line *l = p->line;

	if ((int)p->free_in != where)
		return false;
	p->line = NULL;
	talloc_free(l);
	return true;
}

static void on_answered(const struct cw_line_info *info, void *arg)
{
	struct person *p = arg;
	const char *tenant = info->param(p->line, "tenant");

	assert_false(p->answered);
	p->answered = true;
	p->answered_us = cw_now(p->w);
	snprintf(p->call_id, sizeof(p->call_id), "%s", info->call_id);
	snprintf(p->stream_id, sizeof(p->stream_id), "%s", info->stream_id);
	snprintf(p->from, sizeof(p->from), "%s", info->from);
	snprintf(p->to, sizeof(p->to), "%s", info->to);
	snprintf(p->tenant, sizeof(p->tenant), "%s", tenant ? tenant : "");
	(void)leave(p, FREE_ANSWERED);
}

static void answer_frame(struct person *p, const uint8_t *heard)
{
	uint8_t out[CW_FRAME_SAMPLES];

	if (p->echo) {
		(void)cw_line_send(p->line, heard, CW_FRAME_SAMPLES);
		return;
	}
	if (p->speech && p->speech_at + CW_FRAME_SAMPLES <= p->speech_n) {
		(void)cw_line_send(p->line, p->speech + p->speech_at, CW_FRAME_SAMPLES);
		p->speech_at += CW_FRAME_SAMPLES;
		return;
	}
	if (!p->say)
		return;
	memset(out, p->say, sizeof(out));
	(void)cw_line_send(p->line, out, sizeof(out));
}

static void on_frame(const uint8_t *ulaw, uint64_t position, void *arg)
{
	struct person *p = arg;
	bool voice = false;

	assert_true(p->answered);
	assert_int_equal(p->closed, 0);
	assert_true(position >= p->next_position || !p->frames);
	if (position != p->next_position)
		p->gaps++;
	p->next_position = position + CW_FRAME_SAMPLES;
	p->frames++;
	for (unsigned i = 0; i < CW_FRAME_SAMPLES; i++)
		voice |= (ulaw[i] & 0x7F) != 0x7F;
	if (voice) {
		p->voice_frames++;
		p->last_voice_us = cw_now(p->w);
		if (!p->first_voice_us)
			p->first_voice_us = p->last_voice_us;
	}
	if (!leave(p, FREE_FRAME))
		answer_frame(p, ulaw);
}

static void on_dtmf(char digit, void *arg)
{
	struct person *p = arg;
	size_t n = strlen(p->digits);

	if (n + 1 < sizeof(p->digits))
		p->digits[n] = digit;
	(void)leave(p, FREE_DTMF);
}

static void on_mark(uint32_t id, bool cleared, void *arg)
{
	struct person *p = arg;

	p->marks++;
	p->cleared += cleared;
	p->last_mark = id;
	(void)leave(p, FREE_MARK);
}

static void on_note(const char *what, const char *json, void *arg)
{
	struct person *p = arg;

	cw_buf_fmt(&p->notes, "%s %s\n", what, json);
	(void)leave(p, FREE_NOTE);
}

static void on_closed(enum cw_end_reason reason, const char *detail, void *arg)
{
	struct person *p = arg;

	p->closed++;
	p->closed_us = cw_now(p->w);
	p->reason = reason;
	snprintf(p->detail, sizeof(p->detail), "%s", detail);
	(void)leave(p, FREE_CLOSED);
}

static const struct cw_line_events person_events = {on_answered, on_frame, on_dtmf, on_mark, on_note, on_closed};

void person_init(struct person *p, struct cw_world *w, void *owner)
{
	*p = (struct person){.w = w, .owner = owner, .notes = CW_BUF(1 << 20)};
}

void person_clear(struct person *p)
{
	cw_buf_clear(&p->notes);
	TALLOC_FREE(p->speech);
}

void person_attach(struct person *p, struct cw_line *line)
{
	p->line = line;
	p->carrier = line->side == CW_LINE_CARRIER;
	cw_line_attach(line, &person_events, p);
}

bool person_noted(const struct person *p, const char *text)
{
	return p->notes.p && strstr(p->notes.p, text);
}

struct voice {
	struct person *p;
	struct cw_buf pcm;
	bool done;
};

static void on_voice(const int16_t *pcm, size_t n, void *arg)
{
	struct voice *v = arg;

	cw_buf_put(&v->pcm, pcm, n * sizeof(*pcm));
}

static void on_voice_done(int err, const char *reason, void *arg)
{
	struct voice *v = arg;

	assert_int_equal(err, 0);
	(void)reason;
	v->done = true;
}

void person_speak(struct person *p, const char *text)
{
	static const struct cw_tts_events events = {.audio = on_voice, .done = on_voice_done};
	struct voice v = {.p = p, .pcm = CW_BUF(8 << 20)};
	struct cw_tts *tts = NULL;
	struct cw_tts_job *job = NULL;

	assert_int_equal(
		cw_tts_open(NULL, p->w, &(struct cw_tts_conf){.voice = "modem", .language = "en-US"}, &tts, NULL), 0);
	assert_int_equal(cw_tts_say(tts, tts, text, &events, &v, &job), 0);
	for (unsigned i = 0; i < 1000 && !v.done; i++)
		run_for(p->w, 1 * MS);
	assert_true(v.done);
	talloc_free(tts);

	size_t n = v.pcm.len / 2, whole = (n + CW_FRAME_SAMPLES - 1) / CW_FRAME_SAMPLES * CW_FRAME_SAMPLES;

	TALLOC_FREE(p->speech);
	p->speech = talloc_zero_array(NULL, uint8_t, whole);
	memset(p->speech, CW_ULAW_SILENCE, whole);
	cw_ulaw_encode((const int16_t *)(const void *)v.pcm.p, p->speech, n);
	p->speech_n = whole;
	p->speech_at = 0;
	cw_buf_clear(&v.pcm);
}

/* ---- web ---- */

static bool signed_by(const struct web *web, struct cw_exchange *x, const struct cw_form *form)
{
	CW_BUF_SCOPED struct cw_buf url = CW_BUF(8192);
	bool post = !strcmp(cw_exchange_method(x), "POST");

	cw_buf_fmt(&url, "%s%s", web->base, cw_exchange_path(x));
	if (*cw_exchange_query(x))
		cw_buf_fmt(&url, "?%s", cw_exchange_query(x));
	return cw_twilio_signature_ok(
		web->token, url.p, post ? form : NULL, cw_exchange_header(x, "X-Twilio-Signature"));
}

static void on_request(struct cw_exchange *x, void *arg)
{
	struct web *web = arg;
	struct cw_str body = cw_exchange_body(x);
	struct cw_form *form = NULL;

	assert_int_equal(cw_form_parse(NULL, body, &form), 0);

	bool ok = signed_by(web, x, form);

	talloc_free(form);
	web->n_asked++;
	web->n_forged += !ok;
	cw_buf_fmt(&web->asked, "%s %s?%s& %.*s& %s\n", cw_exchange_method(x), cw_exchange_path(x),
		cw_exchange_query(x), CW_STR(body), ok ? "ok" : "forged");
	for (size_t i = 0; i < web->n_pages; i++) {
		const struct page *p = &web->pages[i];

		if (strcmp(p->path, cw_exchange_path(x)) != 0)
			continue;

		const struct cw_header headers[] = {
			{"Content-Type", p->type ? p->type : "text/xml"}, {"Location", p->location}};

		(void)cw_reply(x, p->status ? p->status : 200, headers, p->location ? 2 : 1, p->body,
			p->body ? strlen(p->body) : 0);
		return;
	}
	(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

static void on_upgrade(struct cw_exchange *x, void *arg)
{
	struct web *web = arg;

	if (web->upgrade)
		web->upgrade(x, web->arg);
	else
		(void)cw_reply(x, 404, NULL, 0, NULL, 0);
}

void web_open(struct web *web, struct cw_world *w, void *owner, const struct page *pages, size_t n)
{
	static const struct cw_routes routes = {on_request, on_upgrade, 0};

	*web = (struct web){.w = w,
		.pages = pages,
		.n_pages = n,
		.asked = CW_BUF(4 << 20),
		.token = "00000000000000000000000000000000"};
	assert_int_equal(cw_listen(owner, w, &(struct cw_listen_conf){.address = "127.0.0.1:0"}, &routes, web,
				 &web->listener, NULL),
		0);
	snprintf(web->base, sizeof(web->base), "http://127.0.0.1:%u", cw_server_port(web->listener));
}

void web_clear(struct web *web)
{
	cw_buf_clear(&web->asked);
}

bool web_asked(const struct web *web, const char *path, const char *field)
{
	struct cw_str rest = cw_buf_str(&web->asked), line;
	char want_path[100], want_field[300];

	snprintf(want_path, sizeof(want_path), " %s?", path);
	snprintf(want_field, sizeof(want_field), "%s&", field ? field : "");
	while (cw_str_split(&rest, '\n', &line)) {
		if (!line.len || !memmem(line.p, line.len, want_path, strlen(want_path)))
			continue;
		const char *at = memmem(line.p, line.len, want_field, strlen(want_field));

		if (!field || (at && (at[-1] == ' ' || at[-1] == '&' || at[-1] == '?')))
			return true;
	}
	return false;
}
