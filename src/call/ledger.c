#include "call/ledger.h"

#include <errno.h>
#include <string.h>

#include "audio/g711.h"
#include "base/mem.h"
#include "base/str.h"
#include "language/sentence.h"

#define TEXT_MAX         8192
#define AUDIO_STEP       8192u /* samples: grows by about a second */
#define SAMPLES_PER_BYTE 520u  /* of text, 65 ms: a voice's pace, until the true length is known */

static int add_piece(struct cw_utterance *u, size_t at, size_t len)
{
	if (u->n == talloc_array_length(u->pieces)) {
		struct cw_piece *more = talloc_realloc(u, u->pieces, struct cw_piece, u->n ? 2 * u->n : 4);

		if (!more)
			return ENOMEM;
		u->pieces = more;
	}
	u->pieces[u->n++] = (struct cw_piece){.text_at = at, .text_len = len};
	return 0;
}

static int new_utterance(uint32_t id, const char *text, struct cw_utterance **ret)
{
	CW_SCOPED struct cw_utterance *u = talloc_zero(NULL, struct cw_utterance);
	if (!u)
		return ENOMEM;

	u->id = id;
	u->text = talloc_strdup(u, text);
	u->scratch = talloc_array(u, char, strlen(text) + 1);
	if (!u->text || !u->scratch)
		return ENOMEM;
	*ret = u;
	u = NULL;
	return 0;
}

int cw_utterance_new(void *parent, uint32_t id, const char *text, struct cw_utterance **ret)
{
	static const struct cw_sentence_conf conf = {.min_bytes = 12};
	CW_SCOPED struct cw_utterance *u = NULL;
	struct cw_str rest, piece;

	if (strlen(text) > TEXT_MAX)
		return EMSGSIZE;

	int err = new_utterance(id, text, &u);

	if (err)
		return err;
	rest = cw_str(u->text);
	while (!err && cw_sentence_next(&rest, false, &conf, &piece))
		err = add_piece(u, (size_t)(piece.p - u->text), piece.len);
	if (err)
		return err;
	if (!u->n)
		return EINVAL;
	*ret = talloc_move(parent, &u);
	return 0;
}

int cw_utterance_of_pcm(
	void *parent, uint32_t id, const int16_t *pcm, size_t n, const char *text, struct cw_utterance **ret)
{
	CW_SCOPED struct cw_utterance *u = NULL;

	if (!n)
		return EINVAL;
	if (n > CW_PIECE_MAX_SAMPLES || (text && strlen(text) > TEXT_MAX))
		return EMSGSIZE;

	int err = new_utterance(id, text ? text : "", &u);

	if (!err)
		err = add_piece(u, 0, strlen(u->text));
	if (!err)
		err = cw_piece_audio(u, &u->pieces[0], pcm, n);
	if (err)
		return err;
	u->pieces[0].asked = u->pieces[0].done = true;
	*ret = talloc_move(parent, &u);
	return 0;
}

int cw_piece_audio(struct cw_utterance *u, struct cw_piece *p, const int16_t *pcm, size_t n)
{
	size_t have = talloc_array_length(p->ulaw);

	if (n > CW_PIECE_MAX_SAMPLES - p->n)
		return EFBIG;
	if (p->n + n > have) {
		size_t want = (p->n + n + AUDIO_STEP - 1) / AUDIO_STEP * AUDIO_STEP;
		uint8_t *more = talloc_realloc(u, p->ulaw, uint8_t, want);

		if (!more)
			return ENOMEM;
		p->ulaw = more;
	}
	cw_ulaw_encode(pcm, p->ulaw + p->n, n);
	for (size_t i = n; i-- > 0;) {
		if ((~p->ulaw[p->n + i] & 0x7F) < CW_AUDIBLE_CODE)
			continue;
		p->audible_n = p->n + i + 1;
		break;
	}
	p->n += n;
	return 0;
}

int cw_piece_word(struct cw_utterance *u, struct cw_piece *p, size_t text_end, size_t sample_end)
{
	size_t have = talloc_array_length(p->words);

	if (text_end > p->text_len)
		text_end = p->text_len;
	if (p->words_n && text_end <= p->words[p->words_n - 1].text_end)
		return 0; /* engines repeat themselves: the first place counts */
	if (p->words_n == have) {
		struct cw_word *more = talloc_realloc(u, p->words, struct cw_word, have ? 2 * have : 16);

		if (!more)
			return ENOMEM;
		p->words = more;
	}
	p->words[p->words_n++] = (struct cw_word){text_end, sample_end};
	return 0;
}

/* Length of the piece's audio: known, or guessed from its text. */
static size_t whole_length(const struct cw_piece *p)
{
	size_t guess = p->text_len * SAMPLES_PER_BYTE;

	return (p->done && !p->err) || p->n > guess ? p->n : guess;
}

/* The end of the word which @at is in or before. */
static size_t word_end(const char *text, size_t len, size_t at)
{
	while (at < len && text[at] == ' ')
		at++;
	while (at < len && text[at] != ' ')
		at++;
	return at;
}

/* By the characters: the last word whose share of the audio was heard. */
static size_t interpolate(const struct cw_utterance *u, const struct cw_piece *p)
{
	const char *text = u->text + p->text_at;
	size_t heard = 0, total = whole_length(p);

	for (size_t end; heard < p->text_len; heard = end) {
		end = word_end(text, p->text_len, heard);
		if (end == heard || (uint64_t)total * end > (uint64_t)p->heard * p->text_len)
			break;
	}
	return heard;
}

bool cw_piece_heard_out(const struct cw_piece *p)
{
	return p->done && p->heard >= p->n;
}

size_t cw_piece_text_heard(const struct cw_utterance *u, const struct cw_piece *p)
{
	size_t heard = 0;

	if (cw_piece_heard_out(p) && !p->err)
		return p->text_len;
	if (!p->words_n)
		return interpolate(u, p);
	for (size_t i = 0; i < p->words_n && p->words[i].sample_end <= p->heard; i++)
		heard = p->words[i].text_end;
	return heard;
}

size_t cw_piece_resume_at(const struct cw_utterance *u, const struct cw_piece *p)
{
	size_t at = 0;

	if (cw_piece_heard_out(p))
		return p->n;
	if (p->words_n) {
		for (size_t i = 0; i < p->words_n && p->words[i].sample_end <= p->heard; i++)
			at = p->words[i].sample_end;
	} else if (p->text_len) {
		at = (size_t)((uint64_t)whole_length(p) * interpolate(u, p) / p->text_len);
	} else {
		at = p->heard;
	}
	return at < p->heard ? at : p->heard;
}

const char *cw_utterance_heard(struct cw_utterance *u, size_t *len)
{
	size_t end = 0;

	for (unsigned i = 0; i < u->n; i++) {
		size_t n = cw_piece_text_heard(u, &u->pieces[i]);

		if (n)
			end = u->pieces[i].text_at + n;
		if (n < u->pieces[i].text_len)
			break;
	}
	memcpy(u->scratch, u->text, end);
	u->scratch[end] = '\0';
	if (len)
		*len = end;
	return u->scratch;
}

void cw_utterance_rewind(struct cw_utterance *u)
{
	u->at = u->n;
	for (unsigned i = u->n; i-- > 0;) {
		struct cw_piece *p = &u->pieces[i];

		p->sent = cw_piece_resume_at(u, p);
		if (!cw_piece_heard_out(p))
			u->at = i;
	}
	u->marked = u->confirmed = false;
}
