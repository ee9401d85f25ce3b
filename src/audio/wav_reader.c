/* Reading: any RIFF WAVE file of integer PCM, float, mu-law or A-law, delivered as 16-bit samples. */
#include "audio/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/g711.h"
#include "audio/resample.h"
#include "base/mem.h"

#define CHANNELS_MAX    32
#define RATE_MAX_HZ     768000
#define CHUNKS_MAX      1024       /* a file of empty chunks must not keep us for long */
#define BUFFER_BYTES    16384      /* holds one frame of any format: 32 channels of 8 bytes are 256 */
#define MONO_MAX        (1u << 28) /* samples of cw_wav_load_mono(): 9 h at 8 kHz */
#define CODE_EXTENSIBLE 0xFFFE

/* How a sample is written in the file; the codes of the format tag. */
enum coding { PCM = 1, FLOAT = 3, ALAW = 6, ULAW = 7 };

struct cw_wav_reader {
	struct cw_wav_format format;
	enum coding coding;
	unsigned bits;
	size_t frame_bytes;
	uint64_t data_at, data_bytes;
	uint64_t done; /* bytes of the data read */
	uint64_t size; /* of the file */
	int fd;        /* -1: the bytes are in memory */
	const uint8_t *bytes;
	const char *name; /* for messages */
	uint8_t buffer[BUFFER_BYTES];
};

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

/* Up to @n bytes from @at; *@got may be less at the end. */
static int read_at(struct cw_wav_reader *r, uint64_t at, uint8_t *out, size_t n, size_t *got)
{
	size_t have = 0;

	if (r->fd < 0) {
		have = at >= r->size ? 0 : r->size - at < n ? (size_t)(r->size - at) : n;
		memcpy(out, r->bytes + (have ? at : 0), have);
		*got = have;
		return 0;
	}
	while (have < n) {
		ssize_t k = pread(r->fd, out + have, n - have, (off_t)(at + have));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return errno;
		if (k == 0)
			break;
		have += (size_t)k;
	}
	*got = have;
	return 0;
}

#define BAD(r, why, ...) cw_why_at((why), EBADMSG, (r)->name, 0, 0, __VA_ARGS__)

/* The sub-format of WAVE_FORMAT_EXTENSIBLE is a GUID: the code, and then always the same 14 bytes. */
static unsigned extensible_code(const uint8_t *fmt, size_t n)
{
	static const uint8_t rest[14] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};

	if (n < 40 || memcmp(fmt + 26, rest, sizeof(rest)) != 0)
		return CODE_EXTENSIBLE;
	return get16(fmt + 24);
}

static bool known_coding(unsigned code, unsigned bits)
{
	switch (code) {
	case PCM:
		return bits == 8 || bits == 16 || bits == 24 || bits == 32;
	case FLOAT:
		return bits == 32 || bits == 64;
	case ALAW:
	case ULAW:
		return bits == 8;
	default:
		return false;
	}
}

static int parse_fmt(struct cw_wav_reader *r, uint64_t at, uint32_t size, struct cw_why *why)
{
	uint8_t fmt[40];
	size_t n = 0;
	int err = read_at(r, at, fmt, size < sizeof(fmt) ? size : sizeof(fmt), &n);

	if (err)
		return cw_why_at(why, err, r->name, 0, 0, "cannot be read: %s", strerror(err));
	if (n < 16)
		return BAD(r, why, "the fmt chunk has %zu bytes, 16 are needed", n);

	unsigned code = get16(fmt), align = get16(fmt + 12);

	if (code == CODE_EXTENSIBLE)
		code = extensible_code(fmt, n);
	r->format.channels = get16(fmt + 2);
	r->format.rate_hz = get32(fmt + 4);
	r->bits = get16(fmt + 14);
	if (!known_coding(code, r->bits))
		return BAD(r, why,
			"format %u with %u bits is not known (PCM of 8, 16, 24, 32 bits, float, mu-law or A-law are)",
			code, r->bits);
	if (r->format.channels < 1 || r->format.channels > CHANNELS_MAX)
		return BAD(r, why, "%u channels, 1 to %d can be read", r->format.channels, CHANNELS_MAX);
	if (r->format.rate_hz < 1 || r->format.rate_hz > RATE_MAX_HZ)
		return BAD(r, why, "sample rate %u Hz, 1 to %d Hz can be read", r->format.rate_hz, RATE_MAX_HZ);
	r->coding = (enum coding)code;
	r->format.coding = code == ALAW ? CW_WAV_ALAW : code == ULAW ? CW_WAV_ULAW : CW_WAV_PCM16;
	r->frame_bytes = (size_t)r->format.channels * r->bits / 8;
	if (align != r->frame_bytes)
		return BAD(r, why, "a frame of %u channels with %u bits has %zu bytes, but the header says %u",
			r->format.channels, r->bits, r->frame_bytes, align);
	return 0;
}

/* The size of the data chunk is not to be trusted in files of interrupted or piped writers: then the file's length counts. */
static uint64_t data_size(const struct cw_wav_reader *r, uint64_t at, uint32_t size, uint32_t riff_size)
{
	uint64_t left = r->size - at;
	bool finished = (uint64_t)riff_size + 8 == r->size || (uint64_t)riff_size + 9 == r->size;

	if (size == UINT32_MAX || size > left || (size == 0 && !finished))
		return left;
	return size;
}

static int parse_chunks(struct cw_wav_reader *r, struct cw_why *why)
{
	uint8_t head[12];
	uint64_t at = sizeof(head);
	uint32_t riff_size;
	size_t n = 0;
	int err = read_at(r, 0, head, sizeof(head), &n);

	if (err)
		return cw_why_at(why, err, r->name, 0, 0, "cannot be read: %s", strerror(err));
	if (n < sizeof(head) || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0)
		return BAD(r, why, "not a WAV file: it does not begin with RIFF ... WAVE");
	riff_size = get32(head + 4);
	for (unsigned k = 0; k < CHUNKS_MAX; k++) {
		err = read_at(r, at, head, 8, &n);
		if (err)
			return cw_why_at(why, err, r->name, 0, 0, "cannot be read: %s", strerror(err));
		if (n < 8)
			return BAD(r, why, "no data chunk up to the end of the file");

		uint32_t size = get32(head + 4);

		at += 8;
		if (memcmp(head, "data", 4) == 0) {
			if (!r->frame_bytes)
				return BAD(r, why, "the data chunk comes before the fmt chunk");
			r->data_at = at;
			r->data_bytes = data_size(r, at, size, riff_size);
			r->data_bytes -= r->data_bytes % r->frame_bytes;
			return 0;
		}
		if (memcmp(head, "fmt ", 4) == 0) {
			err = parse_fmt(r, at, size, why);
			if (err)
				return err;
		}
		at += (uint64_t)size + (size & 1);
	}
	return BAD(r, why, "no data chunk among the first %d chunks", CHUNKS_MAX);
}

static int release(struct cw_wav_reader *r)
{
	if (r->fd >= 0)
		(void)close(r->fd); /* read only: nothing can be lost */
	return 0;
}

static struct cw_wav_reader *reader_new(const char *name)
{
	struct cw_wav_reader *r = talloc_zero(NULL, struct cw_wav_reader);

	if (!r)
		return NULL;
	r->fd = -1;
	talloc_set_destructor(r, release);
	r->name = talloc_strdup(r, name);
	if (!r->name)
		TALLOC_FREE(r);
	return r;
}

int cw_wav_open(void *parent, const char *path, struct cw_wav_reader **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_wav_reader *r = reader_new(path);
	struct stat st;
	int err;

	if (!r)
		return ENOMEM;
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &st) != 0)
		return cw_why_at(why, errno, path, 0, 0, "cannot be opened: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return cw_why_at(why, EINVAL, path, 0, 0, "is not a regular file");
	r->size = (uint64_t)st.st_size;
	err = parse_chunks(r, why);
	if (err)
		return err;
	*ret = talloc_move(parent, &r);
	return 0;
}

int cw_wav_parse(void *parent, const void *bytes, size_t n, struct cw_wav_reader **ret, struct cw_why *why)
{
	CW_SCOPED struct cw_wav_reader *r = reader_new("WAV data");
	int err;

	if (!r)
		return ENOMEM;
	r->bytes = talloc_memdup(r, n ? bytes : "", n ? n : 1);
	if (!r->bytes)
		return ENOMEM;
	r->size = n;
	err = parse_chunks(r, why);
	if (err)
		return err;
	*ret = talloc_move(parent, &r);
	return 0;
}

const struct cw_wav_format *cw_wav_format(const struct cw_wav_reader *r)
{
	return &r->format;
}

uint64_t cw_wav_frames(const struct cw_wav_reader *r)
{
	return r->data_bytes / r->frame_bytes;
}

static int16_t from_real(double x)
{
	double v = x * 32768;

	return (int16_t)(v >= 32767 ? 32767 : v >= -32768 ? lrint(v) : v < -32768 ? -32768 : 0); /* not a number: 0 */
}

static int16_t float_sample(const uint8_t *p, unsigned bits)
{
	float f;
	double d;

	if (bits == 32) {
		memcpy(&f, p, sizeof(f));
		return from_real((double)f);
	}
	memcpy(&d, p, sizeof(d));
	return from_real(d);
}

/* Wider PCM is cut to its upper 16 bits. */
static void decode(const struct cw_wav_reader *r, const uint8_t *in, int16_t *out, size_t n)
{
	unsigned bytes = r->bits / 8;

	switch (r->coding) {
	case ULAW:
		cw_ulaw_decode(in, out, n);
		return;
	case ALAW:
		cw_alaw_decode(in, out, n);
		return;
	case FLOAT:
		for (size_t i = 0; i < n; i++)
			out[i] = float_sample(in + i * bytes, r->bits);
		return;
	case PCM:
		for (size_t i = 0; i < n; i++)
			out[i] = bytes == 1 ? (int16_t)((in[i] - 128) * 256) : (int16_t)get16(in + (i + 1) * bytes - 2);
		return;
	}
}

int cw_wav_read(struct cw_wav_reader *r, int16_t *out, size_t n_frames, size_t *got)
{
	size_t total = 0;

	while (total < n_frames && r->done < r->data_bytes) {
		size_t want = BUFFER_BYTES / r->frame_bytes, have = 0;
		uint64_t left = (r->data_bytes - r->done) / r->frame_bytes;
		int err;

		want = want < n_frames - total ? want : n_frames - total;
		want = want < left ? want : (size_t)left;
		err = read_at(r, r->data_at + r->done, r->buffer, want * r->frame_bytes, &have);
		if (err)
			return err;
		have /= r->frame_bytes;
		if (!have)
			break; /* the file became shorter under us */
		decode(r, r->buffer, out + total * r->format.channels, have * r->format.channels);
		r->done += have * r->frame_bytes;
		total += have;
	}
	*got = total;
	return 0;
}

/* Read all of @r as the mean of its channels; the work space hangs from @scope as well. */
static int read_mono(void *scope, struct cw_wav_reader *r, int16_t **ret, size_t *n)
{
	enum { BLOCK = 1024 };
	unsigned channels = r->format.channels;
	size_t total = (size_t)cw_wav_frames(r), done = 0, got = 1;
	int16_t *block = talloc_array(scope, int16_t, (size_t)BLOCK * channels);
	int16_t *pcm = talloc_array(scope, int16_t, total ? total : 1);

	CW_ASSERT(channels);
	if (!block || !pcm)
		return ENOMEM;
	while (done < total && got) {
		int err = cw_wav_read(r, block, total - done < BLOCK ? total - done : BLOCK, &got);

		if (err)
			return err;
		for (size_t i = 0; i < got; i++) {
			int sum = 0;

			for (unsigned c = 0; c < channels; c++)
				sum += block[i * channels + c];
			pcm[done + i] = (int16_t)(sum / (int)channels);
		}
		done += got;
	}
	*ret = pcm;
	*n = done;
	return 0;
}

int cw_wav_load_mono(void *parent, const char *path, unsigned rate_hz, int16_t **ret, size_t *n, struct cw_why *why)
{
	CW_SCOPED void *scope = talloc_new(NULL);
	struct cw_wav_reader *r = NULL;
	int16_t *pcm = NULL, *out = NULL;
	size_t len = 0, n_out = 0;
	int err;

	if (!scope)
		return ENOMEM;
	err = cw_wav_open(scope, path, &r, why);
	if (err)
		return err;
	CW_ASSERT(r);
	if ((double)cw_wav_frames(r) * rate_hz / r->format.rate_hz > MONO_MAX || cw_wav_frames(r) > MONO_MAX)
		return cw_why_at(why, EFBIG, path, 0, 0, "is too long to be loaded whole");
	err = read_mono(scope, r, &pcm, &len);
	if (!err)
		err = cw_resample(scope, r->format.rate_hz, rate_hz, pcm, len, &out, &n_out);
	if (err == EINVAL)
		return cw_why_at(
			why, err, path, 0, 0, "cannot be converted from %u to %u Hz", r->format.rate_hz, rate_hz);
	if (err)
		return cw_why_at(why, err, path, 0, 0, "cannot be loaded: %s", strerror(err));
	*ret = talloc_steal(parent, out);
	*n = n_out;
	return 0;
}
