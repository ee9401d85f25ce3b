/*
 * caller.h: what the tests of Twilio's two sides share: a world of either kind, somebody on a line, and a web server which
 * plays an agent from a table of documents
 */
#pragma once
#include "testing.h"

#include "base/buf.h"
#include "line/twilio.h"
#include "world/url.h"
#include "world/world.h"

#define MS UINT64_C(1000)
#define S  UINT64_C(1000000)

void run_for(struct cw_world *w, uint64_t us);

/* Somebody on a line, either side: counts what comes and says frames of one value in answer, or what is queued. */
struct person {
	struct cw_world *w;
	struct cw_line *line;
	void *owner; /* parent of what this person makes */
	bool answered;
	uint64_t answered_us, closed_us, first_voice_us, last_voice_us;
	unsigned frames, voice_frames, gaps;
	uint64_t next_position;
	char digits[32];
	unsigned marks, cleared;
	uint32_t last_mark;
	unsigned closed;
	enum cw_end_reason reason;
	char detail[300];
	struct cw_buf notes; /* "what json\n" … */
	char call_id[64], stream_id[64], from[32], to[32], tenant[32];
	bool carrier;    /* sends one frame for each it hears */
	uint8_t say;     /* what it says, 0: nothing */
	uint8_t *speech; /* instead of @say: mu-law, sent frame by frame */
	size_t speech_n, speech_at;
	enum { FREE_NEVER, FREE_ANSWERED, FREE_FRAME, FREE_NOTE, FREE_MARK, FREE_DTMF, FREE_CLOSED } free_in;
	bool echo; /* agent: every frame goes back */
};
void person_init(struct person *p, struct cw_world *w, void *owner);
void person_clear(struct person *p);
void person_attach(struct person *p, struct cw_line *line);
bool person_noted(const struct person *p, const char *text);
/* Queue a sentence, spoken by the modem voice. */
void person_speak(struct person *p, const char *text);

/* A listener which answers each path with a document and remembers what was asked. */
struct page {
	const char *path, *body, *type; /* type NULL = text/xml */
	int status;                     /* 0 = 200 */
	const char *location;
};
struct web {
	struct cw_world *w;
	struct cw_server *listener;
	const struct page *pages;
	size_t n_pages;
	struct cw_buf asked; /* "METHOD path?query a=1&b=2 ok\n" …: parameters sorted as sent; ok or forged */
	const char *token;
	unsigned n_asked, n_forged;
	void (*upgrade)(struct cw_exchange *x, void *arg);
	void *arg;
	char base[64]; /* "http://127.0.0.1:PORT" */
};
void web_open(struct web *web, struct cw_world *w, void *owner, const struct page *pages, size_t n);
void web_clear(struct web *web);
/* Was there a request to @path whose parameters hold @field (as "Name=value", form-encoded)? NULL field: any. */
bool web_asked(const struct web *web, const char *path, const char *field);
