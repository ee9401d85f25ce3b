#include "testing.h"

#include "audio/g711.h"
#include "audio/wav.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define N 20000

static int16_t pcm[N];
static char path[256];
static const struct cw_wav_format mono = {CW_WAV_PCM16, 8000, 1};

static int prepare(void **state)
{
	memset(pcm, 0, sizeof(pcm));
	add_vowel(pcm, N, 120, -20);
	snprintf(path, sizeof(path), "%s/x.wav", cw_test_tmp());
	return cw_test_setup(state);
}

static size_t bytes_of_file(uint8_t *out, size_t room)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, room, f);
	fclose(f);
	return n;
}

static void put_file(const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void written_samples_come_back(void **state)
{
	static const enum cw_wav_coding codings[] = {CW_WAV_PCM16, CW_WAV_ULAW, CW_WAV_ALAW};

	(void)state;
	for (size_t c = 0; c < CW_COUNT(codings); c++)
		for (unsigned channels = 1; channels <= 3; channels++) {
			struct cw_wav_format f = {codings[c], 8000, channels};
			struct cw_wav_writer *w;
			struct cw_wav_reader *r;
			static int16_t back[N];
			size_t frames = N / channels, got, done = 0;

			assert_int_equal(cw_wav_create(NULL, path, &f, &w, NULL), 0);
			for (size_t i = 0; i < frames; i += 333) /* no multiple of anything */
				assert_int_equal(
					cw_wav_write(w, pcm + i * channels, frames - i < 333 ? frames - i : 333), 0);
			assert_int_equal(cw_wav_finish(w), 0);
			assert_int_equal(cw_wav_write(w, pcm, 1), EBADF);
			talloc_free(w);
			assert_int_equal(cw_wav_open(NULL, path, &r, NULL), 0);
			assert_int_equal(cw_wav_frames(r), frames);
			assert_int_equal(cw_wav_format(r)->coding, codings[c]);
			assert_int_equal(cw_wav_format(r)->channels, channels);
			assert_int_equal(cw_wav_format(r)->rate_hz, 8000);
			do {
				assert_int_equal(cw_wav_read(r, back + done * channels, 777, &got), 0);
				done += got;
			} while (got);
			assert_int_equal(done, frames);
			for (size_t i = 0; i < frames * channels; i++) {
				uint8_t code;
				int16_t want = pcm[i];

				if (codings[c] == CW_WAV_ULAW) {
					cw_ulaw_encode(&pcm[i], &code, 1);
					want = cw_ulaw_table[code];
				} else if (codings[c] == CW_WAV_ALAW) {
					cw_alaw_encode(&pcm[i], &code, 1);
					want = cw_alaw_table[code];
				}
				assert_int_equal(back[i], want);
			}
			talloc_free(r);
		}
}

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* After each flush the file is whole: sizes match the length to the byte. */
static void header_is_true_after_every_flush(void **state)
{
	static uint8_t bytes[2 * N + 100];
	struct cw_wav_writer *w;
	struct cw_wav_format f = {CW_WAV_ULAW, 8000, 1};

	(void)state;
	assert_int_equal(cw_wav_create(NULL, path, &f, &w, NULL), 0);
	assert_int_equal(bytes_of_file(bytes, sizeof(bytes)), 58);
	for (unsigned k = 1; k < 6; k++) {
		assert_int_equal(cw_wav_write(w, pcm, 160), 0);
		assert_int_equal(cw_wav_flush(w), 0);

		size_t n = bytes_of_file(bytes, sizeof(bytes));

		assert_int_equal(n, 58 + 160 * k);
		assert_int_equal(word(bytes + 4) + 8, n);
		assert_int_equal(word(bytes + 54), 160 * k);
		assert_int_equal(word(bytes + 46), 160 * k); /* fact */
	}
	talloc_free(w);
}

static void odd_data_is_padded(void **state)
{
	uint8_t bytes[100];
	struct cw_wav_writer *w;
	struct cw_wav_reader *r;
	struct cw_wav_format f = {CW_WAV_ULAW, 8000, 1};

	(void)state;
	assert_int_equal(cw_wav_create(NULL, path, &f, &w, NULL), 0);
	assert_int_equal(cw_wav_write(w, pcm, 3), 0);
	talloc_free(w); /* flushes and pads as well */
	assert_int_equal(bytes_of_file(bytes, sizeof(bytes)), 62);
	assert_int_equal(word(bytes + 4), 54);
	assert_int_equal(cw_wav_open(NULL, path, &r, NULL), 0);
	assert_int_equal(cw_wav_frames(r), 3);
	talloc_free(r);
}

static void an_empty_recording_is_a_file(void **state)
{
	struct cw_wav_writer *w;
	struct cw_wav_reader *r;
	size_t got = 9;
	int16_t x;

	(void)state;
	assert_int_equal(cw_wav_create(NULL, path, &mono, &w, NULL), 0);
	assert_int_equal(cw_wav_finish(w), 0);
	talloc_free(w);
	assert_int_equal(cw_wav_open(NULL, path, &r, NULL), 0);
	assert_int_equal(cw_wav_frames(r), 0);
	assert_int_equal(cw_wav_read(r, &x, 1, &got), 0);
	assert_int_equal(got, 0);
	talloc_free(r);
}

/* The child writes for ever and tells through a pipe how much it has flushed; then it is shot, many times over. */
static void a_killed_writer_leaves_a_readable_file(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		int fds[2];
		uint32_t flushed = 0, n;
		struct cw_wav_reader *r;
		struct cw_why why = {0};

		assert_int_equal(pipe(fds), 0);

		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			struct cw_wav_writer *w;

			close(fds[0]);
			if (cw_wav_create(NULL, path, &mono, &w, NULL) != 0)
				_exit(1);
			for (n = 1;; n++)
				if (cw_wav_write(w, pcm, 160) != 0 || cw_wav_flush(w) != 0 || write(fds[1], &n, 4) != 4)
					_exit(1);
		}
		close(fds[1]);
		while (flushed < 5 + round * 17)
			assert_int_equal(read(fds[0], &flushed, 4), 4);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		while (read(fds[0], &n, 4) == 4)
			flushed = n;
		close(fds[0]);
		if (cw_wav_open(NULL, path, &r, &why) != 0)
			fail_msg("after kill: %s", why.text);
		assert_in_range(cw_wav_frames(r), flushed * UINT64_C(160), (flushed + 1) * UINT64_C(160));
		for (uint32_t k = 0; k < flushed; k++) {
			int16_t back[160];
			size_t got;

			assert_int_equal(cw_wav_read(r, back, 160, &got), 0);
			assert_int_equal(got, 160);
			assert_memory_equal(back, pcm, sizeof(back));
		}
		talloc_free(r);
	}
}

static void write_errors_are_told(void **state)
{
	struct cw_wav_writer *w = NULL;
	struct cw_why why = {0};
	struct cw_wav_format bad = {CW_WAV_PCM16, 8000, 0};

	(void)state;
	assert_int_equal(cw_wav_create(NULL, "/nonexistent/x.wav", &mono, &w, &why), ENOENT);
	assert_string_equal(why.file, "/nonexistent/x.wav");
	assert_int_equal(cw_wav_create(NULL, path, &bad, &w, NULL), EINVAL);
	bad.channels = 1;
	bad.coding = (enum cw_wav_coding)3;
	assert_int_equal(cw_wav_create(NULL, path, &bad, &w, NULL), EINVAL);
	assert_null(w);
}

/* A disk that is full from 64 KiB on: the first error stays, and header and samples up to there are good. */
static void a_full_disk_leaves_what_fitted(void **state)
{
	struct rlimit full = {65536, RLIM_INFINITY}, before;
	struct cw_wav_writer *w = NULL;
	struct cw_wav_reader *r;
	int err = 0;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	full.rlim_max = before.rlim_max;
	assert_int_equal(cw_wav_create(NULL, path, &mono, &w, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	for (int i = 0; i < 4 && !err; i++)
		err = cw_wav_write(w, pcm, N);
	assert_int_equal(err, EFBIG);
	assert_int_equal(cw_wav_write(w, pcm, 1), EFBIG);
	assert_int_equal(cw_wav_finish(w), EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	talloc_free(w);
	assert_int_equal(cw_wav_open(NULL, path, &r, NULL), 0);
	assert_in_range(cw_wav_frames(r), 16000, 32768);
	talloc_free(r);
}

struct bytes {
	uint8_t p[4096];
	size_t n;
};

static void add(struct bytes *b, const void *p, size_t n)
{
	assert_true(b->n + n <= sizeof(b->p));
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void add16(struct bytes *b, unsigned v)
{
	add(b, (const uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void add32(struct bytes *b, uint32_t v)
{
	add16(b, v & 0xFFFF);
	add16(b, v >> 16);
}

static void add_fmt(struct bytes *b, unsigned code, unsigned channels, unsigned bits)
{
	add(b, "fmt ", 4);
	add32(b, 16);
	add16(b, code);
	add16(b, channels);
	add32(b, 8000);
	add32(b, 8000 * channels * bits / 8);
	add16(b, channels * bits / 8);
	add16(b, bits);
}

static struct bytes riff(void)
{
	struct bytes b = {.n = 0};

	add(&b, "RIFF", 4);
	add32(&b, 0);
	add(&b, "WAVE", 4);
	return b;
}

static void finish_riff(struct bytes *b)
{
	uint32_t n = (uint32_t)b->n - 8;

	memcpy(b->p + 4, (const uint8_t[]){(uint8_t)n, (uint8_t)(n >> 8), 0, 0}, 4);
}

static void assert_reads(const struct bytes *b, const int16_t *want, size_t n)
{
	struct cw_wav_reader *r;
	struct cw_why why = {0};
	int16_t back[64];
	size_t got;

	if (cw_wav_parse(NULL, b->p, b->n, &r, &why) != 0)
		fail_msg("%s", why.text);
	assert_int_equal(cw_wav_frames(r), n);
	assert_int_equal(cw_wav_read(r, back, 64, &got), 0);
	assert_int_equal(got, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(back[i], want[i]);
	talloc_free(r);
}

static void all_sample_formats_are_read(void **state)
{
	static const int16_t want[4] = {0, 16384, -32768, 256};
	static const uint8_t pcm8[] = {128, 192, 0, 129};
	static const uint8_t pcm24[] = {0, 0, 0, 0xFF, 0, 0x40, 0, 0, 0x80, 7, 0, 1};
	static const uint8_t pcm32[] = {0, 0, 0, 0, 1, 2, 0, 0x40, 0, 0, 0, 0x80, 0, 0, 0, 1};
	static const float real32[] = {0, 0.5f, -1, 256 / 32768.0f};
	static const double real64[] = {0, 0.5, -1, 256 / 32768.0};
	static const struct {
		unsigned code, bits;
		const void *bytes;
		size_t n;
	} files[] = {{1, 8, pcm8, sizeof(pcm8)}, {1, 24, pcm24, sizeof(pcm24)}, {1, 32, pcm32, sizeof(pcm32)},
		{3, 32, real32, sizeof(real32)}, {3, 64, real64, sizeof(real64)}};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(files); i++) {
		struct bytes b = riff();

		add_fmt(&b, files[i].code, 1, files[i].bits);
		add(&b, "data", 4);
		add32(&b, (uint32_t)files[i].n);
		add(&b, files[i].bytes, files[i].n);
		finish_riff(&b);
		assert_reads(&b, want, 4);
	}
}

static void floats_out_of_range_are_clipped(void **state)
{
	static const float real[] = {2, -2, (float)NAN, (float)INFINITY};
	static const int16_t want[] = {32767, -32768, 0, 32767};
	struct bytes b = riff();

	(void)state;
	add_fmt(&b, 3, 1, 32);
	add(&b, "data", 4);
	add32(&b, sizeof(real));
	add(&b, real, sizeof(real));
	finish_riff(&b);
	assert_reads(&b, want, 4);
}

static void extensible_format_and_odd_chunks_are_read(void **state)
{
	static const uint8_t guid_rest[14] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};
	static const int16_t want[] = {1, 2, 3};
	struct bytes b = riff();

	(void)state;
	add(&b, "LIST", 4);
	add32(&b, 3);
	add(&b, "abc\0", 4); /* odd: padded */
	add(&b, "fmt ", 4);
	add32(&b, 40);
	add16(&b, 0xFFFE);
	add16(&b, 1);
	add32(&b, 8000);
	add32(&b, 16000);
	add16(&b, 2);
	add16(&b, 16);
	add16(&b, 22);
	add16(&b, 16);
	add32(&b, 4);
	add16(&b, 1);
	add(&b, guid_rest, sizeof(guid_rest));
	add(&b, "junk", 4);
	add32(&b, 0);
	add(&b, "data", 4);
	add32(&b, 6);
	add(&b, want, 6);
	finish_riff(&b);
	assert_reads(&b, want, 3);
}

static void untrue_data_sizes_are_replaced_by_the_length(void **state)
{
	static const uint32_t sizes[] = {0, UINT32_MAX, 1000, 0x7FFFFFFF};
	static const int16_t want[] = {5, 6, 7};

	(void)state;
	for (size_t i = 0; i < CW_COUNT(sizes); i++) {
		struct bytes b = riff();

		add_fmt(&b, 1, 1, 16);
		add(&b, "data", 4);
		add32(&b, sizes[i]);
		add(&b, want, 6);
		add(&b, "x", 1); /* half a sample */
		assert_reads(&b, want, 3);
	}
}

static void garbage_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *reason;
	} cases[] = {
		{"", 0, "not a WAV"},
		{"RIFF", 4, "not a WAV"},
		{"OggS\0\0\0\0WAVE", 12, "not a WAV"},
		{"RIFF\4\0\0\0WAVE", 12, "no data chunk"},
		{"RIFF\4\0\0\0WAVEdata\4\0\0\0abcd", 24, "before the fmt"},
		{"RIFF\4\0\0\0WAVEfmt \4\0\0\0abcd", 24, "16 are needed"},
		{"RIFF\4\0\0\0WAVEfmt \4\0\0\0", 20, "16 are needed"},
	};
	static const struct {
		unsigned code, channels, bits;
		const char *reason;
	} formats[] = {{2, 1, 4, "not known"}, {85, 2, 0, "not known"}, {1, 0, 16, "channels"},
		{1, 60000, 16, "channels"}, {1, 1, 12, "not known"}, {0xFFFE, 1, 16, "not known"}};
	struct cw_wav_reader *r = NULL;

	(void)state;
	for (size_t i = 0; i < CW_COUNT(cases); i++) {
		struct cw_why why = {0};

		assert_int_equal(cw_wav_parse(NULL, cases[i].bytes, cases[i].n, &r, &why), EBADMSG);
		if (!strstr(why.text, cases[i].reason))
			fail_msg("case %zu: '%s'", i, why.text);
	}
	for (size_t i = 0; i < CW_COUNT(formats); i++) {
		struct bytes b = riff();
		struct cw_why why = {0};

		add_fmt(&b, formats[i].code, formats[i].channels, formats[i].bits);
		add(&b, "data\0\0\0\0", 8);
		assert_int_equal(cw_wav_parse(NULL, b.p, b.n, &r, &why), EBADMSG);
		if (!strstr(why.text, formats[i].reason))
			fail_msg("format %zu: '%s'", i, why.text);
	}
	assert_null(r);
}

static void open_errors_name_the_file(void **state)
{
	struct cw_wav_reader *r = NULL;
	struct cw_why why = {0};

	(void)state;
	assert_int_equal(cw_wav_open(NULL, "/nonexistent.wav", &r, &why), ENOENT);
	assert_string_equal(why.file, "/nonexistent.wav");
	why = (struct cw_why){0};
	assert_int_equal(cw_wav_open(NULL, "/tmp", &r, &why), EINVAL);
	assert_non_null(strstr(why.text, "regular file"));
	put_file("hello", 5);
	why = (struct cw_why){0};
	assert_int_equal(cw_wav_open(NULL, path, &r, &why), EBADMSG);
	assert_string_equal(why.file, path);
	assert_null(r);
}

static void stereo_is_loaded_as_mono_at_another_rate(void **state)
{
	static int16_t both[2 * 16000];
	struct cw_wav_format f = {CW_WAV_PCM16, 16000, 2};
	struct cw_wav_writer *w;
	int16_t *back;
	size_t n;
	double sum = 0;

	(void)state;
	for (int i = 0; i < 16000; i++)
		both[2 * i] = (int16_t)lrint(20000 * sin(2 * M_PI * 440 * i / 16000));
	assert_int_equal(cw_wav_create(NULL, path, &f, &w, NULL), 0);
	assert_int_equal(cw_wav_write(w, both, 16000), 0);
	talloc_free(w);
	assert_int_equal(cw_wav_load_mono(NULL, path, 8000, &back, &n, NULL), 0);
	assert_int_equal(n, 8000);
	for (size_t i = 100; i < n - 100; i++) /* in phase: the filter's delay is taken out */
		sum += fabs(back[i] - 10000 * sin(2 * M_PI * 440 * (double)i / 8000));
	assert_true(sum / (double)n < 100);
	talloc_free(back);
}

static void allocation_failures(void **state)
{
	struct cw_wav_writer *w;
	struct cw_wav_reader *r;
	struct bytes b = riff();
	int16_t *back;
	size_t n;
	void *scope = talloc_new(NULL);

	(void)state;
	add_fmt(&b, 1, 1, 16);
	add(&b, "data\4\0\0\0abcd", 12);
	if (!scope)
		return;
	if (!cw_test_oom(cw_wav_create(scope, path, &mono, &w, NULL)) && !cw_test_oom(cw_wav_write(w, pcm, N)) &&
		!cw_test_oom(cw_wav_finish(w)) && !cw_test_oom(cw_wav_parse(scope, b.p, b.n, &r, NULL)) &&
		!cw_test_oom(cw_wav_load_mono(scope, path, 16000, &back, &n, NULL)))
		assert_int_equal(n, 2 * N);
	talloc_free(scope);
}
CW_OOM_BODY(allocation_failures)

#define WAV_TEST(f) cmocka_unit_test_setup_teardown(f, prepare, cw_test_teardown)

CW_TEST_MAIN(WAV_TEST(written_samples_come_back), WAV_TEST(header_is_true_after_every_flush),
	WAV_TEST(odd_data_is_padded), WAV_TEST(an_empty_recording_is_a_file),
	WAV_TEST(a_killed_writer_leaves_a_readable_file), WAV_TEST(write_errors_are_told),
	WAV_TEST(a_full_disk_leaves_what_fitted), WAV_TEST(all_sample_formats_are_read),
	WAV_TEST(floats_out_of_range_are_clipped), WAV_TEST(extensible_format_and_odd_chunks_are_read),
	WAV_TEST(untrue_data_sizes_are_replaced_by_the_length), WAV_TEST(garbage_is_refused_with_a_reason),
	WAV_TEST(open_errors_name_the_file), WAV_TEST(stereo_is_loaded_as_mono_at_another_rate),
	WAV_TEST(allocation_failures_oom))
