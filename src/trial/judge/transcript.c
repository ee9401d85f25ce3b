#include <errno.h>
#include <string.h>

#include "trial/judge/question.h"

struct line {
	uint64_t at_us;
	size_t order;
	const char *speaker, *text;
};

static int by_time(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void add(struct line *lines, size_t *n, uint64_t at_us, const char *speaker, const char *text)
{
	if (!text || !*text)
		return;
	lines[*n] = (struct line){at_us, *n, speaker, text};
	(*n)++;
}

/* The instant the answer to @play is over: the next words of the caller. */
static uint64_t until_us(const struct cw_view *v, size_t play)
{
	for (size_t i = play == CW_PLAY_NONE ? v->n_plays : play + 1; i < v->n_plays; i++)
		if (v->plays[i].text[0])
			return v->plays[i].onset_us;
	return UINT64_MAX;
}

json_t *cw_transcript_json(const struct cw_view *v, size_t play)
{
	bool own = v->agent && v->n_said && !v->chat;
	size_t n = 0, room = v->n_plays + (own ? v->n_said : v->n_turns) + 1;
	CW_SCOPED struct line *lines = talloc_array(NULL, struct line, room);
	uint64_t until = until_us(v, play);
	json_t *list = json_array();

	for (size_t i = 0; lines && i < v->n_plays; i++)
		add(lines, &n, v->plays[i].onset_us, "caller", v->plays[i].text);
	for (size_t i = 0; lines && own && i < v->n_said; i++)
		add(lines, &n, v->said[i].onset_us, "agent", v->said[i].heard);
	for (size_t i = 0; lines && !own && i < v->n_turns; i++)
		add(lines, &n, v->turns[i].onset_us, "agent", v->turns[i].heard);
	if (lines)
		qsort(lines, n, sizeof(*lines), by_time);
	for (size_t i = 0; lines && list && i < n; i++) {
		if (lines[i].at_us >= until)
			break;
		if (json_array_append_new(
			    list, json_pack("{s:s, s:s}", "speaker", lines[i].speaker, "text", lines[i].text))) {
			json_decref(list);
			list = NULL;
		}
	}
	if (lines)
		return list;
	json_decref(list);
	return NULL;
}
