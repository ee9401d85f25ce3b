/* Writing. The reader is wav_reader.c. */
#include "audio/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "audio/g711.h"
#include "base/mem.h"

#define BUFFER_BYTES 8192
#define HEADER_PCM   44 /* RIFF, fmt of 16 bytes, data */
#define HEADER_G711  58 /* fmt of 18 bytes, fact; what readers expect of anything but PCM */
#define CHANNELS_MAX 8
#define RATE_MAX_HZ  192000
#define DATA_MAX     (UINT32_MAX - 128)

struct cw_wav_writer {
	struct cw_wav_format format;
	int fd;
	size_t header_bytes;
	size_t sample_bytes;
	uint64_t data_bytes; /* in the file */
	size_t filled;       /* in the buffer */
	int err;             /* the first one; sticky */
	uint8_t buffer[BUFFER_BYTES];
};

static uint8_t *put_tag(uint8_t *p, const char *tag)
{
	memcpy(p, tag, 4);
	return p + 4;
}

static uint8_t *put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v & 0xFFFF), v >> 16);
}

static size_t make_header(const struct cw_wav_writer *w, uint8_t out[HEADER_G711])
{
	const struct cw_wav_format *f = &w->format;
	unsigned align = (unsigned)w->sample_bytes * f->channels;
	uint32_t data = (uint32_t)w->data_bytes;
	uint8_t *p = put_tag(out, "RIFF");

	p = put32(p, (uint32_t)w->header_bytes - 8 + data + (data & 1));
	p = put_tag(put_tag(p, "WAVE"), "fmt ");
	p = put32(p, f->coding == CW_WAV_PCM16 ? 16 : 18);
	p = put16(put16(p, (unsigned)f->coding), f->channels);
	p = put32(put32(p, f->rate_hz), f->rate_hz * align);
	p = put16(put16(p, align), (unsigned)w->sample_bytes * 8);
	if (f->coding != CW_WAV_PCM16) {
		p = put_tag(put16(p, 0), "fact");
		p = put32(put32(p, 4), data / align);
	}
	p = put32(put_tag(p, "data"), data);
	return (size_t)(p - out);
}

static int write_all(int fd, const uint8_t *bytes, size_t n, off_t at)
{
	while (n) {
		ssize_t done = pwrite(fd, bytes, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		if (done == 0)
			return EIO;
		bytes += done;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

static int write_header(struct cw_wav_writer *w)
{
	uint8_t header[HEADER_G711];
	size_t n = make_header(w, header);

	return write_all(w->fd, header, n, 0);
}

/* First the samples, then the header which counts them: a kill between both leaves a shorter but true file. */
int cw_wav_flush(struct cw_wav_writer *w)
{
	if (w->err || w->fd < 0 || !w->filled)
		return w->err;
	w->err = write_all(w->fd, w->buffer, w->filled, (off_t)(w->header_bytes + w->data_bytes));
	if (w->err)
		return w->err;
	w->data_bytes += w->filled;
	w->filled = 0;
	w->err = write_header(w);
	return w->err;
}

int cw_wav_finish(struct cw_wav_writer *w)
{
	int err = cw_wav_flush(w);

	if (w->fd < 0)
		return err;
	if (!err && (w->data_bytes & 1)) /* chunks have an even length; the size does not count the pad */
		err = write_all(w->fd, (const uint8_t[]){0}, 1, (off_t)(w->header_bytes + w->data_bytes));
	if (close(w->fd) != 0 && !err)
		err = errno;
	w->fd = -1;
	w->err = err;
	return err;
}

static int end(struct cw_wav_writer *w)
{
	(void)cw_wav_finish(w); /* nobody is left to hear of an error: who cares calls cw_wav_finish() before */
	return 0;
}

/* The file gets its name when it has a header: at no moment does @path name a file without one. */
static int create_with_header(struct cw_wav_writer *w, const char *path)
{
	CW_SCOPED char *fresh = talloc_asprintf(NULL, "%s.new", path);
	int err;

	if (!fresh)
		return ENOMEM;
	w->fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (w->fd < 0)
		return errno;
	err = write_header(w);
	if (!err && rename(fresh, path) != 0)
		err = errno;
	if (!err)
		return 0;
	(void)close(w->fd); /* the first error counts */
	(void)unlink(fresh);
	w->fd = -1;
	return err;
}

int cw_wav_create(
	void *parent, const char *path, const struct cw_wav_format *f, struct cw_wav_writer **ret, struct cw_why *why)
{
	if (f->coding != CW_WAV_PCM16 && f->coding != CW_WAV_ALAW && f->coding != CW_WAV_ULAW)
		return cw_why_at(why, EINVAL, path, 0, 0, "coding %d cannot be written (use PCM 16, mu-law or A-law)",
			(int)f->coding);
	if (f->channels < 1 || f->channels > CHANNELS_MAX || f->rate_hz < 1 || f->rate_hz > RATE_MAX_HZ)
		return cw_why_at(why, EINVAL, path, 0, 0,
			"%u channels at %u Hz cannot be written (1 to %d channels, up to %d Hz)", f->channels,
			f->rate_hz, CHANNELS_MAX, RATE_MAX_HZ);

	CW_SCOPED struct cw_wav_writer *w = talloc_zero(NULL, struct cw_wav_writer);

	if (!w)
		return ENOMEM;
	w->format = *f;
	w->sample_bytes = f->coding == CW_WAV_PCM16 ? 2 : 1;
	w->header_bytes = f->coding == CW_WAV_PCM16 ? HEADER_PCM : HEADER_G711;
	w->err = create_with_header(w, path);
	if (w->err)
		return cw_why_at(why, w->err, path, 0, 0, "cannot be created: %s", strerror(w->err));
	talloc_set_destructor(w, end);
	*ret = talloc_move(parent, &w);
	return 0;
}

static void encode(const struct cw_wav_writer *w, const int16_t *samples, size_t n, uint8_t *out)
{
	switch (w->format.coding) {
	case CW_WAV_ULAW:
		cw_ulaw_encode(samples, out, n);
		break;
	case CW_WAV_ALAW:
		cw_alaw_encode(samples, out, n);
		break;
	case CW_WAV_PCM16:
		for (size_t i = 0; i < n; i++)
			(void)put16(out + 2 * i, (uint16_t)samples[i]);
		break;
	}
}

int cw_wav_write(struct cw_wav_writer *w, const int16_t *samples, size_t n_frames)
{
	size_t frame_bytes = w->sample_bytes * w->format.channels;

	if (w->fd < 0)
		return EBADF;
	while (n_frames && !w->err) {
		size_t fit = (BUFFER_BYTES - w->filled) / frame_bytes;
		size_t now = fit < n_frames ? fit : n_frames;
		size_t n = now * w->format.channels;

		if (w->data_bytes + w->filled + now * frame_bytes > DATA_MAX) {
			(void)cw_wav_flush(w); /* its error would hide the cause */
			return EFBIG;
		}
		encode(w, samples, n, w->buffer + w->filled);
		w->filled += now * frame_bytes;
		samples += n;
		n_frames -= now;
		if (BUFFER_BYTES - w->filled < frame_bytes)
			(void)cw_wav_flush(w); /* the error stays in w->err */
	}
	return w->err;
}
