#include "line/twilio_msg.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 16

/* ---- base64 ---- */

static const char base64_digits[64] = {
	'A',
	'B',
	'C',
	'D',
	'E',
	'F',
	'G',
	'H',
	'I',
	'J',
	'K',
	'L',
	'M',
	'N',
	'O',
	'P',
	'Q',
	'R',
	'S',
	'T',
	'U',
	'V',
	'W',
	'X',
	'Y',
	'Z',
	'a',
	'b',
	'c',
	'd',
	'e',
	'f',
	'g',
	'h',
	'i',
	'j',
	'k',
	'l',
	'm',
	'n',
	'o',
	'p',
	'q',
	'r',
	's',
	't',
	'u',
	'v',
	'w',
	'x',
	'y',
	'z',
	'0',
	'1',
	'2',
	'3',
	'4',
	'5',
	'6',
	'7',
	'8',
	'9',
	'+',
	'/',
};

#define DIGIT(c)                                              \
	(uint8_t)((c) >= 'A' && (c) <= 'Z'   ? (c) - 'A'      \
		  : (c) >= 'a' && (c) <= 'z' ? (c) - 'a' + 26 \
		  : (c) >= '0' && (c) <= '9' ? (c) - '0' + 52 \
		  : (c) == '+'               ? 62             \
		  : (c) == '/'               ? 63             \
					     : 0x80)
#define DIGITS4(c)  DIGIT(c), DIGIT((c) + 1), DIGIT((c) + 2), DIGIT((c) + 3)
#define DIGITS16(c) DIGITS4(c), DIGITS4((c) + 4), DIGITS4((c) + 8), DIGITS4((c) + 12)
#define DIGITS64(c) DIGITS16(c), DIGITS16((c) + 16), DIGITS16((c) + 32), DIGITS16((c) + 48)

static const uint8_t base64_values[256] = {DIGITS64(0), DIGITS64(64), DIGITS64(128), DIGITS64(192)};

int cw_base64_decode(struct cw_str text, uint8_t *out, size_t *n)
{
	const uint8_t *p = (const uint8_t *)text.p;
	size_t groups = text.len / 4, pad = 0;
	unsigned bad = 0;
	uint8_t *o = out;

	if (text.len % 4)
		return EBADMSG;
	if (groups && p[text.len - 1] == '=')
		pad = p[text.len - 2] == '=' ? 2 : 1;
	for (size_t i = 0; i < groups - (pad ? 1 : 0); i++, p += 4, o += 3) {
		unsigned a = base64_values[p[0]], b = base64_values[p[1]], c = base64_values[p[2]],
			 d = base64_values[p[3]];

		bad |= a | b | c | d;
		o[0] = (uint8_t)(a << 2 | b >> 4);
		o[1] = (uint8_t)(b << 4 | c >> 2);
		o[2] = (uint8_t)(c << 6 | d);
	}
	if (pad) {
		unsigned a = base64_values[p[0]], b = base64_values[p[1]], c = pad == 1 ? base64_values[p[2]] : 0;

		bad |= a | b | c;
		*o++ = (uint8_t)(a << 2 | b >> 4);
		if (pad == 1)
			*o++ = (uint8_t)(b << 4 | c >> 2);
	}
	if (bad & 0x80)
		return EBADMSG;
	*n = (size_t)(o - out);
	return 0;
}

size_t cw_base64_encode(const uint8_t *in, size_t n, char *out)
{
	char *o = out;

	for (; n >= 3; n -= 3, in += 3, o += 4) {
		unsigned v = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];

		o[0] = base64_digits[v >> 18];
		o[1] = base64_digits[v >> 12 & 63];
		o[2] = base64_digits[v >> 6 & 63];
		o[3] = base64_digits[v & 63];
	}
	if (n) {
		unsigned v = (unsigned)in[0] << 16 | (n == 2 ? (unsigned)in[1] << 8 : 0);

		o[0] = base64_digits[v >> 18];
		o[1] = base64_digits[v >> 12 & 63];
		o[2] = n == 2 ? base64_digits[v >> 6 & 63] : '=';
		o[3] = '=';
		o += 4;
	}
	return (size_t)(o - out);
}

/* ---- scanner ---- */

#define IS(s, literal) ((s).len == sizeof(literal) - 1 && memcmp((s).p, literal, sizeof(literal) - 1) == 0)

struct scan {
	const char *p, *end;
	bool escaped; /* the last string held a backslash */
};

static bool skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
	return s->p < s->end;
}

static bool take(struct scan *s, char c)
{
	if (!skip_space(s) || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool scan_string(struct scan *s, struct cw_str *ret)
{
	if (!take(s, '"'))
		return false;
	s->escaped = false;

	const char *from = s->p;

	const char *p = from, *end = s->end;

	for (; p < end && *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return false;
		if (*p != '\\')
			continue;
		s->escaped = true;
		if (++p == end)
			return false;
	}
	if (p >= end)
		return false;
	*ret = (struct cw_str){from, (size_t)(p - from)};
	s->p = p + 1;
	return true;
}

/* A payload is long: look for its end with memchr() and leave the check of its characters to the decoder. */
static bool scan_payload(struct scan *s, struct cw_str *ret)
{
	if (!take(s, '"'))
		return false;

	const char *close = memchr(s->p, '"', (size_t)(s->end - s->p));

	if (!close)
		return false;
	*ret = (struct cw_str){s->p, (size_t)(close - s->p)};
	s->escaped = memchr(ret->p, '\\', ret->len) != NULL;
	s->p = close + 1;
	return true;
}

static bool skip_digits(struct scan *s)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > from;
}

static bool skip_number(struct scan *s)
{
	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else if (!skip_digits(s))
		return false;
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!skip_digits(s))
			return false;
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		return skip_digits(s);
	}
	return true;
}

static bool skip_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return false;
	s->p += n;
	return true;
}

static bool skip_value(struct scan *s, unsigned depth)
{
	struct cw_str text;
	char close;

	if (depth > DEPTH_MAX || !skip_space(s))
		return false;
	switch (*s->p) {
	case '"':
		return scan_string(s, &text);
	case 't':
		return skip_word(s, "true");
	case 'f':
		return skip_word(s, "false");
	case 'n':
		return skip_word(s, "null");
	case '{':
	case '[':
		close = *s->p++ == '{' ? '}' : ']';
		if (take(s, close))
			return true;
		do {
			if (close == '}' && (!scan_string(s, &text) || !take(s, ':')))
				return false;
			if (!skip_value(s, depth + 1))
				return false;
		} while (take(s, ','));
		return take(s, close);
	default:
		return skip_number(s);
	}
}

/* A counter, as Twilio writes it (a string) or as a number. */
static bool scan_count(struct scan *s, uint64_t *ret)
{
	struct cw_str text;

	if (!skip_space(s))
		return false;
	if (*s->p == '"') {
		if (!scan_string(s, &text))
			return false;
	} else {
		text.p = s->p;
		if (!skip_digits(s))
			return false;
		text.len = (size_t)(s->p - text.p);
	}
	return cw_str_u64(text, UINT64_MAX, ret) == 0;
}

static bool first_time(struct cw_twilio_media *m, unsigned member)
{
	bool first = !(m->members & member);

	m->members |= member;
	return first;
}

static int scan_media(struct scan *s, struct cw_twilio_media *m)
{
	if (!take(s, '{'))
		return EBADMSG;
	if (take(s, '}'))
		return 0;
	do {
		struct cw_str key;
		bool ok;

		if (!scan_string(s, &key) || !take(s, ':'))
			return EBADMSG;
		if (s->escaped)
			return ENOMSG;
		if (IS(key, "payload"))
			ok = first_time(m, CW_MEDIA_PAYLOAD) && scan_payload(s, &m->payload);
		else if (IS(key, "timestamp"))
			ok = first_time(m, CW_MEDIA_TIMESTAMP) && scan_count(s, &m->timestamp_ms);
		else if (IS(key, "chunk"))
			ok = first_time(m, CW_MEDIA_CHUNK) && scan_count(s, &m->chunk);
		else if (IS(key, "track"))
			ok = first_time(m, CW_MEDIA_TRACK) && scan_string(s, &m->track);
		else {
			m->members |= CW_MEDIA_UNKNOWN;
			ok = skip_value(s, 2);
			s->escaped = false;
		}
		if (!ok)
			return EBADMSG;
		if (s->escaped)
			return ENOMSG;
	} while (take(s, ','));
	return take(s, '}') ? 0 : EBADMSG;
}

static int scan_member(struct scan *s, struct cw_twilio_media *m, bool *event_seen, bool *media_seen)
{
	struct cw_str key, name;
	bool ok;

	if (!scan_string(s, &key) || !take(s, ':'))
		return EBADMSG;
	if (s->escaped)
		return ENOMSG;
	if (IS(key, "media")) {
		if (*media_seen)
			return EBADMSG;
		*media_seen = true;
		if (!skip_space(s))
			return EBADMSG;
		return *s->p == '{' ? scan_media(s, m) : ENOMSG;
	}
	if (IS(key, "event")) {
		ok = !*event_seen && scan_string(s, &name);
		*event_seen = true;
		if (ok && !IS(name, "media"))
			return ENOMSG;
	} else if (IS(key, "streamSid")) {
		ok = first_time(m, CW_MEDIA_STREAM_SID) && scan_string(s, &m->stream_sid);
	} else if (IS(key, "sequenceNumber")) {
		ok = first_time(m, CW_MEDIA_SEQUENCE) && scan_count(s, &m->sequence);
	} else {
		m->members |= CW_MEDIA_UNKNOWN;
		ok = skip_value(s, 1);
		s->escaped = false;
	}
	if (!ok)
		return EBADMSG;
	return s->escaped ? ENOMSG : 0;
}

int cw_twilio_media_scan(const char *text, size_t len, struct cw_twilio_media *ret)
{
	struct scan s = {.p = text, .end = text + len};
	struct cw_twilio_media m = {.members = 0};
	bool event_seen = false, media_seen = false;

	if (!take(&s, '{'))
		return EBADMSG;
	if (take(&s, '}'))
		return ENOMSG;
	do {
		int err = scan_member(&s, &m, &event_seen, &media_seen);

		if (err)
			return err;
	} while (take(&s, ','));
	if (!take(&s, '}') || skip_space(&s))
		return EBADMSG;
	if (!event_seen)
		return ENOMSG;
	if (!(m.members & CW_MEDIA_PAYLOAD))
		return EBADMSG;
	*ret = m;
	return 0;
}

/* ---- writers ---- */

static char *put(char *o, const char *s)
{
	return mempcpy(o, s, strlen(s));
}

static char *put_count(char *o, uint64_t v)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*o++ = digits[--n];
	return o;
}

size_t cw_twilio_media_encode(char *out, const char *stream_sid, const uint8_t *ulaw, size_t n)
{
	char *o = put(out, "{\"event\":\"media\",\"streamSid\":\"");

	o = put(o, stream_sid);
	o = put(o, "\",\"media\":{\"payload\":\"");
	o += cw_base64_encode(ulaw, n, o);
	o = put(o, "\"}}");
	return (size_t)(o - out);
}

size_t cw_twilio_media_encode_carrier(char *out, const char *stream_sid, const char *track, uint64_t sequence,
	uint64_t chunk, uint64_t timestamp_ms, const uint8_t *ulaw, size_t n)
{
	char *o = put(out, "{\"event\":\"media\",\"sequenceNumber\":\"");

	o = put_count(o, sequence);
	o = put(o, "\",\"streamSid\":\"");
	o = put(o, stream_sid);
	o = put(o, "\",\"media\":{\"track\":\"");
	o = put(o, track);
	o = put(o, "\",\"chunk\":\"");
	o = put_count(o, chunk);
	o = put(o, "\",\"timestamp\":\"");
	o = put_count(o, timestamp_ms);
	o = put(o, "\",\"payload\":\"");
	o += cw_base64_encode(ulaw, n, o);
	o = put(o, "\"}}");
	return (size_t)(o - out);
}

/* ---- what an agent sends, judged ---- */

/* Every member of @o must be one of the two names; both present and of the right type is checked by the caller. */
static const char *foreign_member(const json_t *o, const char *const *names)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)o, key, value) {
		bool known = false;

		for (size_t i = 0; names[i]; i++)
			known |= strcmp(names[i], key) == 0;
		if (!known)
			return key;
	}
	return NULL;
}

static unsigned invalid(struct cw_why *why, const char *what, const char *name)
{
	(void)cw_why_set(why, EBADMSG, "%s%s%s%s", what, name ? " '" : "", name ? name : "", name ? "'" : "");
	return 31951;
}

static unsigned check_inner(const json_t *msg, const char *event, const char *member, struct cw_why *why)
{
	const char *const names[] = {member, NULL};
	const json_t *inner = json_object_get(msg, event);
	const char *foreign;

	if (!json_is_object(inner))
		return invalid(why, "expected an object in member", event);
	if (!json_is_string(json_object_get(inner, member)))
		return invalid(why, "expected a string in member", member);
	if ((foreign = foreign_member(inner, names)))
		return invalid(why, "unexpected member", foreign);
	return 0;
}

unsigned cw_twilio_order_check(const json_t *msg, const char *stream_sid, enum cw_twilio_order *ret, struct cw_why *why)
{
	const char *event = cw_json_str(msg, "event", NULL), *sid = cw_json_str(msg, "streamSid", NULL), *foreign;
	const char *const names[] = {"event", "streamSid", event, NULL};
	unsigned code = 0;

	if (!json_is_object(msg) || !event)
		return invalid(why, "expected a JSON object with a member 'event'", NULL);
	if (!strcmp(event, "media"))
		*ret = CW_ORDER_MEDIA;
	else if (!strcmp(event, "mark"))
		*ret = CW_ORDER_MARK;
	else if (!strcmp(event, "clear"))
		*ret = CW_ORDER_CLEAR;
	else
		return invalid(why, "expected event media, mark or clear, got", event);
	if (!sid)
		return invalid(why, "expected a string in member", "streamSid");
	if (strcmp(sid, stream_sid) != 0)
		return invalid(why, "wrong streamSid", sid);
	if (*ret == CW_ORDER_MEDIA)
		code = check_inner(msg, "media", "payload", why);
	else if (*ret == CW_ORDER_MARK)
		code = check_inner(msg, "mark", "name", why);
	if (code)
		return code;
	if (*ret == CW_ORDER_CLEAR && json_object_get(msg, "clear"))
		return invalid(why, "unexpected member", "clear");
	if ((foreign = foreign_member(msg, names)))
		return invalid(why, "unexpected member", foreign);
	return 0;
}
