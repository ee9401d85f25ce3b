/*
 * probe.c: what the shell suites cannot see: JSON lines, WAV headers, sockets that carry junk
 *
 *   probe lines FILE            every line is a whole JSON object: prints how many
 *   probe pick FILE PATH...     of every line (or of the whole document) the values at the paths, tabs between; PATH is a.0.b
 *   probe wav FILE              header and length agree: prints rate, channels and frames
 *   probe left STEREO MONO      the left channel of a recording as a file of its own
 *   probe sanitizer             what this build is instrumented with: address, thread or none
 *
 * The WAV header is read here byte by byte and not by audio/wav.c, which forgives what a player need not.
 * Exit: 0 fine, 1 not as it should be (said on stderr), 2 usage.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "audio/wav.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define FILE_MAX (256u << 20)

static int complain(const char *path, const char *fmt, ...) CW_PRINTF(2, 3);
static int complain(const char *path, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", path);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

static int load(const char *path, struct cw_buf *b)
{
	struct cw_why why = {0};

	return cw_file_read(path, FILE_MAX, b, &why) ? complain(path, "%s", why.text) : 0;
}

/* ---- JSON ---- */

static int each_line(const char *path, int (*fn)(const json_t *line, void *arg), void *arg)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	size_t at = 0, number = 0;

	if (load(path, &b))
		return 1;
	while (at < b.len) {
		const char *end = memchr(b.p + at, '\n', b.len - at);
		CW_JSON_SCOPED json_t *line = NULL;

		number++;
		if (!end)
			return complain(path, "line %zu is torn", number);
		if (cw_json_parse(b.p + at, (size_t)(end - b.p) - at, &line, NULL) || !json_is_object(line))
			return complain(path, "line %zu is no JSON object", number);

		int code = fn(line, arg);

		if (code)
			return code;
		at = (size_t)(end - b.p) + 1;
	}
	return 0;
}

static int count(const json_t *line, void *arg)
{
	size_t *n = arg;

	(void)line;
	++*n;
	return 0;
}

static int lines(const char *path)
{
	size_t n = 0;
	int code = each_line(path, count, &n);

	if (!code)
		printf("%zu\n", n);
	return code;
}

static const json_t *at_path(const json_t *j, const char *path)
{
	struct cw_str rest = cw_str(path), part;

	while (j && cw_str_split(&rest, '.', &part)) {
		char key[128];
		uint32_t index;

		if (json_is_array(j)) {
			j = cw_str_u32(part, 1000000, &index) ? NULL : json_array_get(j, index);
			continue;
		}
		(void)snprintf(key, sizeof(key), "%.*s", CW_STR(part)); /* a longer key is not there */
		j = json_object_get(j, key);
	}
	return j;
}

static int pick_line(const json_t *line, void *arg)
{
	char **paths = arg;

	for (size_t i = 0; paths[i]; i++) {
		const json_t *v = at_path(line, paths[i]);
		CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);

		if (v && !json_is_string(v))
			cw_json_dump(&b, v);
		printf("%s%s", i ? "\t" : "", json_is_string(v) ? json_string_value(v) : b.len ? b.p : "");
	}
	putchar('\n');
	return 0;
}

static int pick(const char *path, char **paths)
{
	CW_JSON_SCOPED json_t *whole = NULL;

	if (cw_json_load(path, FILE_MAX, &whole, NULL) == 0)
		return pick_line(whole, paths);
	return each_line(path, pick_line, paths);
}

/* ---- WAV ---- */

static uint32_t le(const char *p, int bytes)
{
	uint32_t v = 0;

	for (int i = bytes; i-- > 0;)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

/* The plain form of 44 bytes, as written; the data may go on behind what the header tells (a kill between the two). */
static int wav(const char *path)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);

	if (load(path, &b))
		return 1;
	if (b.len < 44 || memcmp(b.p, "RIFF", 4) || memcmp(b.p + 8, "WAVEfmt ", 8) || memcmp(b.p + 36, "data", 4))
		return complain(path, "no WAV header in %zu bytes", b.len);

	uint32_t riff = le(b.p + 4, 4), rate = le(b.p + 24, 4), data = le(b.p + 40, 4);
	uint32_t channels = le(b.p + 22, 2), bits = le(b.p + 34, 2), block = le(b.p + 32, 2);

	if (le(b.p + 20, 2) != 1 || bits != 16 || block != channels * 2 || le(b.p + 28, 4) != rate * block)
		return complain(path, "not 16-bit PCM, or its numbers do not agree");
	if (riff + 8 != data + 44)
		return complain(path, "RIFF says %u bytes, data %u", riff, data);
	if (data + 44 > b.len || data % block)
		return complain(path, "header tells %u bytes of audio, the file holds %zu", data, b.len - 44);
	printf("%u %u %u\n", rate, channels, data / block);
	return 0;
}

static int left(const char *from, const char *to)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	static const struct cw_wav_format mono = {CW_WAV_PCM16, 8000, 1};
	struct cw_wav_reader *r;
	struct cw_wav_writer *w;
	int16_t stereo[2 * 800], one[800];
	size_t got = 1;

	if (cw_wav_open(scope, from, &r, NULL) || cw_wav_format(r)->channels != 2 ||
		cw_wav_create(scope, to, &mono, &w, NULL))
		return complain(from, "cannot be read as stereo, or %s not be written", to);
	while (got) {
		if (cw_wav_read(r, stereo, 800, &got))
			return complain(from, "breaks off");
		for (size_t i = 0; i < got; i++)
			one[i] = stereo[2 * i];
		if (cw_wav_write(w, one, got))
			return complain(to, "cannot be written");
	}
	return cw_wav_finish(w);
}

/* ---- */

static const char *sanitizer(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return "address";
#elif defined(__SANITIZE_THREAD__)
	return "thread";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return "address";
#elif __has_feature(thread_sanitizer)
	return "thread";
#endif
#endif
	return "none";
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "sanitizer"))
		return puts(sanitizer()) < 0;
	if (argc == 3 && !strcmp(argv[1], "lines"))
		return lines(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "wav"))
		return wav(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "left"))
		return left(argv[2], argv[3]);
	if (argc > 3 && !strcmp(argv[1], "pick"))
		return pick(argv[2], argv + 3);
	fputs("usage: probe lines|wav FILE, probe left STEREO MONO, probe pick FILE PATH..., probe sanitizer\n",
		stderr);
	return 2;
}
