#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "base/str.h"

#define LINE_MAX_BYTES    4096 /* a longer line is cut; short enough for the stack of any thread */
#define PAIRS_MAX_BYTES   2048
#define CONTEXT_MAX_DEPTH 8
#define HEAD_RESERVE      256 /* bytes kept free while the head is written, for the fixed text after it */

/* The one writable global (see the header). Fields are separate atomics: a line logged while the sink changes may mix old and
 * new settings, which harms nobody. */
static struct {
	_Atomic int level;
	atomic_bool json, color;
	_Atomic int fd;
} sink = {CW_LOG_WARN, false, false, 2};

struct line {
	char p[LINE_MAX_BYTES];
	size_t len;
};

struct pair {
	struct cw_str key, value;
	bool quoted;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const level_colors[] = {"\033[31m", "\033[33m", "\033[32m", "\033[90m"};

void cw_log_open(const struct cw_log_conf *conf)
{
	atomic_store(&sink.level, (int)conf->level);
	atomic_store(&sink.json, conf->json);
	atomic_store(&sink.color, conf->color);
	atomic_store(&sink.fd, conf->fd);
}

bool cw_log_on(enum cw_log_level level)
{
	return (int)level <= atomic_load_explicit(&sink.level, memory_order_relaxed);
}

static void put(struct line *l, const char *p, size_t n)
{
	size_t room = sizeof(l->p) - 1 - l->len; /* the newline always fits */

	if (n > room)
		n = room;
	memcpy(l->p + l->len, p, n);
	l->len += n;
}

static void puts_line(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* Bytes of the UTF-8 character at @p, 0 when it is not one (then the byte is shown as U+FFFD). */
static size_t utf8_len(const char *p, size_t n)
{
	unsigned char c = (unsigned char)p[0];
	size_t len = c < 0x80                ? 1
		     : c >= 0xc2 && c < 0xe0 ? 2
		     : c >= 0xe0 && c < 0xf0 ? 3
		     : c >= 0xf0 && c < 0xf5 ? 4
					     : 0;

	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
	if (len < 3)
		return len;

	unsigned char d = (unsigned char)p[1];
	bool bad = (c == 0xe0 && d < 0xa0) || (c == 0xed && d >= 0xa0) || (c == 0xf0 && d < 0x90) ||
		   (c == 0xf4 && d >= 0x90);

	return bad ? 0 : len;
}

/* JSON string content; whole characters only, and @reserve bytes are left for what must follow. */
static void put_escaped(struct line *l, struct cw_str s, size_t reserve)
{
	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_len(s.p + i, s.len - i);
		unsigned char c = (unsigned char)s.p[i];
		char esc[8];

		if (sizeof(l->p) - 1 - l->len < reserve + sizeof(esc))
			return;
		if (!n)
			(void)snprintf(esc, sizeof(esc), "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			(void)snprintf(esc, sizeof(esc), "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			(void)snprintf(esc, sizeof(esc), "\\u%04x", c);
		else
			(void)snprintf(esc, sizeof(esc), "%.*s", (int)n, s.p + i);
		puts_line(l, esc);
		i += n ? n : 1;
	}
}

static bool ends_with_fold(struct cw_str s, const char *tail)
{
	size_t n = strlen(tail);

	return s.len >= n && cw_str_eq_fold((struct cw_str){s.p + s.len - n, n}, tail);
}

static bool is_secret(struct cw_str key)
{
	static const char *const tails[] = {"token", "secret", "password", "key", "authorization"};

	for (size_t i = 0; i < CW_COUNT(tails); i++)
		if (ends_with_fold(key, tails[i]))
			return true;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next key=value of @rest; a word without '=' is a pair without value. A quoted value ends at a quote before a blank or the
 * end, so that quotes inside (from foreign text) do not begin pairs of their own. */
static bool next_pair(struct cw_str *rest, struct pair *ret)
{
	size_t i = 0;

	while (rest->len && is_blank(rest->p[0])) {
		rest->p++;
		rest->len--;
	}
	if (!rest->len)
		return false;
	*ret = (struct pair){0};
	while (i < rest->len && rest->p[i] != '=' && !is_blank(rest->p[i]))
		i++;
	ret->key = (struct cw_str){rest->p, i};
	if (i < rest->len && rest->p[i] == '=') {
		size_t from = ++i;

		ret->quoted = i < rest->len && rest->p[i] == '"';
		if (ret->quoted) {
			for (from = ++i; i < rest->len; i++)
				if (rest->p[i] == '"' && (i + 1 == rest->len || is_blank(rest->p[i + 1])))
					break;
		} else if (ends_with_fold(ret->key, "authorization")) {
			i = rest->len; /* "Bearer abc": all the rest may be secret */
		} else {
			while (i < rest->len && !is_blank(rest->p[i]))
				i++;
		}
		ret->value = (struct cw_str){rest->p + from, i - from};
		if (ret->quoted && i < rest->len)
			i++;
	}
	rest->p += i;
	rest->len -= i;
	return true;
}

static bool is_json_number(struct cw_str s)
{
	double v;
	size_t digits = s.len && s.p[0] == '-' ? 1 : 0;

	if (s.len > 18 || cw_str_double(s, &v) || s.p[0] == '+' || s.p[0] == '.' || s.p[s.len - 1] == '.')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == 'e' || s.p[i] == 'E' || (s.p[i] == '.' && (i == digits)))
			return false;
	return !(s.len > digits + 1 && s.p[digits] == '0' && s.p[digits + 1] != '.');
}

/* Keys of the head: a pair of that name gets a "_" in front so that a line never has a key twice. */
static bool is_head_key(struct cw_str key)
{
	return cw_str_eq(key, "time") || cw_str_eq(key, "level") || cw_str_eq(key, "event") || cw_str_eq(key, "log");
}

static void put_json_pair(struct line *l, const struct pair *p)
{
	bool secret = is_secret(p->key);
	struct cw_str value = secret ? CW_STR_LIT("***") : p->value;
	bool bare = !secret && !p->quoted &&
		    (cw_str_eq(value, "true") || cw_str_eq(value, "false") || is_json_number(value));

	/* Room for the whole of the key and the marks around it, or the pair is left out. */
	if (sizeof(l->p) - l->len < p->key.len * 6 + 64)
		return;
	puts_line(l, is_head_key(p->key) ? ",\"_" : ",\"");
	put_escaped(l, p->key, 32);
	if (!p->value.p) {
		puts_line(l, "\":true");
		return;
	}
	puts_line(l, bare ? "\":" : "\":\"");
	put_escaped(l, value, 16);
	if (!bare)
		puts_line(l, "\"");
}

static void put_text_pair(struct line *l, const struct pair *p)
{
	bool secret = is_secret(p->key);

	puts_line(l, " ");
	put_escaped(l, p->key, 32);
	if (!p->value.p)
		return;
	puts_line(l, p->quoted && !secret ? "=\"" : "=");
	put_escaped(l, secret ? CW_STR_LIT("***") : p->value, 16);
	if (p->quoted && !secret)
		puts_line(l, "\"");
}

static size_t chain(const struct cw_log *ctx, const struct cw_log *out[CONTEXT_MAX_DEPTH])
{
	size_t n = 0;

	for (; ctx && n < CONTEXT_MAX_DEPTH; ctx = ctx->parent)
		out[n++] = ctx;
	return n;
}

/* Is there a context of the same name further inside? Its id is the one to show: a line has a key once. */
static bool named_again(const struct cw_log *const *up, size_t at)
{
	for (size_t i = at; i-- > 0;)
		if (up[i]->id && strcmp(up[i]->name, up[at]->name) == 0)
			return true;
	return false;
}

static void begin_json(struct line *l, const struct timespec *now, enum cw_log_level level, const struct cw_log *ctx,
	const char *event)
{
	const struct cw_log *up[CONTEXT_MAX_DEPTH];
	size_t n = chain(ctx, up);
	struct tm tm;
	char when[48], head[128];

	gmtime_r(&now->tv_sec, &tm);
	(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(head, sizeof(head), "{\"time\":\"%s.%06ldZ\",\"level\":\"%s\",\"event\":\"", when,
		now->tv_nsec / 1000, level_names[level]);
	puts_line(l, head);
	put_escaped(l, cw_str(event), HEAD_RESERVE);
	puts_line(l, "\"");
	if (n)
		puts_line(l, ",\"log\":\"");
	for (size_t i = n; i-- > 0;) {
		put_escaped(l, cw_str(up[i]->name), HEAD_RESERVE);
		if (i)
			puts_line(l, ".");
	}
	if (n)
		puts_line(l, "\"");
	for (size_t i = n; i-- > 0;) {
		char key[64];

		if (!up[i]->id || named_again(up, i))
			continue;
		(void)snprintf(key, sizeof(key), "%s_id", up[i]->name);
		/* Ids are names for people to search by, not credentials: no masking, always text. */
		puts_line(l, ",\"");
		put_escaped(l, cw_str(key), HEAD_RESERVE);
		puts_line(l, "\":\"");
		put_escaped(l, cw_str(up[i]->id), HEAD_RESERVE);
		puts_line(l, "\"");
	}
}

static void begin_text(struct line *l, const struct timespec *now, enum cw_log_level level, const struct cw_log *ctx,
	const char *event)
{
	const struct cw_log *up[CONTEXT_MAX_DEPTH];
	size_t n = chain(ctx, up);
	bool color = atomic_load(&sink.color);
	struct tm tm;
	char head[64];

	localtime_r(&now->tv_sec, &tm);
	(void)snprintf(
		head, sizeof(head), "%02d:%02d:%02d.%03ld ", tm.tm_hour, tm.tm_min, tm.tm_sec, now->tv_nsec / 1000000);
	puts_line(l, head);
	if (color)
		puts_line(l, level_colors[level]);
	(void)snprintf(head, sizeof(head), "%-5s ", level_names[level]);
	puts_line(l, head);
	if (color)
		puts_line(l, "\033[0m");
	for (size_t i = n; i-- > 0;) {
		put_escaped(l, cw_str(up[i]->name), HEAD_RESERVE);
		if (up[i]->id) {
			puts_line(l, "[");
			put_escaped(l, cw_str(up[i]->id), HEAD_RESERVE);
			puts_line(l, "]");
		}
		puts_line(l, i ? "." : ": ");
	}
	put_escaped(l, cw_str(event), HEAD_RESERVE);
}

static void write_line(const struct line *l)
{
	int fd = atomic_load(&sink.fd);
	size_t done = 0;

	while (done < l->len) {
		ssize_t n = write(fd, l->p + done, l->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nowhere to complain: the log is what failed */
		done += (size_t)n;
	}
}

void cw_log_write(const struct cw_log *ctx, enum cw_log_level level, const char *event, const char *fmt, ...)
{
	char pairs[PAIRS_MAX_BYTES];
	struct line l;
	struct timespec now;
	struct pair pair;
	va_list ap;
	int errno_before = errno;

	if (!cw_log_on(level))
		return;
	clock_gettime(
		CLOCK_REALTIME, &now); /* below the world: a log line tells the real time, also of a simulated call */
	va_start(ap, fmt);

	int n = vsnprintf(pairs, sizeof(pairs), fmt, ap);

	va_end(ap);

	size_t len = n < 0 ? 0 : (size_t)n < sizeof(pairs) ? (size_t)n : sizeof(pairs) - 1;
	struct cw_str rest = {pairs, len};
	bool json = atomic_load(&sink.json);

	l.len = 0;
	(json ? begin_json : begin_text)(&l, &now, level, ctx, event);
	while (next_pair(&rest, &pair))
		(json ? put_json_pair : put_text_pair)(&l, &pair);
	if (json)
		puts_line(&l, "}");
	l.p[l.len++] = '\n';
	write_line(&l);
	errno = errno_before;
}
