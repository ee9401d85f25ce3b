#include "scene.h"

#include <errno.h>

#include "base/mem.h"
#include "testing.h"

static void append(char *to, size_t size, const char *text)
{
	size_t n = strlen(to);

	snprintf(to + n, size - n, "%s", text);
}

/* Count, and free the party when this is the place. False: it is gone. */
static bool happened(struct actor *a, enum scene_event e)
{
	if (a->count[AT_CLOSED])
		fail_msg("told of event %d after closed", e);
	a->count[e]++;
	if (a->free_at != e || !a->party)
		return true;
	talloc_free(a->party);
	a->party = NULL;
	return false;
}

static void next_line(struct actor *a)
{
	const char *line = a->lines ? a->lines[a->at] : NULL;

	if (!line) {
		if (a->owes_nothing)
			cw_party_owe(a->party, false, NULL);
		return;
	}
	a->at++;
	(void)cw_party_say(a->party, line, NULL);
	if (a->hang_up && !a->lines[a->at])
		cw_party_hang_up(a->party, "said everything");
}

static void answered(void *mind, const struct cw_line_info *info)
{
	struct actor *a = mind;

	(void)info;
	if (happened(a, AT_ANSWERED) && a->first)
		next_line(a);
}

static void speech_started(void *mind, uint64_t onset_us)
{
	(void)onset_us;
	(void)happened(mind, AT_SPEECH);
}

static void partial(void *mind, const char *text)
{
	(void)text;
	(void)happened(mind, AT_PARTIAL);
}

static void turn_ended(void *mind, const struct cw_heard *h)
{
	struct actor *a = mind;

	append(a->heard, sizeof(a->heard), h->text);
	append(a->heard, sizeof(a->heard), "|");
	if (!happened(a, AT_TURN))
		return;
	if (a->on_turn)
		a->on_turn(a, h);
	else
		next_line(a);
}

static void backchannel(void *mind, const char *text)
{
	struct actor *a = mind;

	append(a->murmur, sizeof(a->murmur), text);
	(void)happened(a, AT_BACKCHANNEL);
}

static void interrupted(void *mind, const char *heard)
{
	struct actor *a = mind;

	snprintf(a->cut_at, sizeof(a->cut_at), "%s", heard);
	(void)happened(a, AT_INTERRUPTED);
}

static void dtmf(void *mind, char digit)
{
	struct actor *a = mind;

	append(a->digits, sizeof(a->digits), (char[2]){digit, 0});
	(void)happened(a, AT_DTMF);
}

static void spoke(void *mind, const struct cw_spoken *s)
{
	struct actor *a = mind;

	a->last = *s;
	a->last.heard = a->last.unheard = NULL;
	(void)happened(a, AT_SPOKE);
}

static void overdue(void *mind, enum cw_overdue level, uint64_t waited_us)
{
	struct actor *a = mind;

	(void)waited_us;
	if (!happened(a, AT_OVERDUE))
		return;
	if (a->on_overdue)
		a->on_overdue(a, level);
	else if (a->overdue_say)
		(void)cw_party_say(a->party, a->overdue_say, NULL);
}

static void idle(void *mind, uint64_t silent_us)
{
	(void)silent_us;
	(void)happened(mind, AT_IDLE);
}

static void closed(void *mind, enum cw_end_reason reason, const char *detail)
{
	struct actor *a = mind;

	(void)detail;
	a->reason = reason;
	(void)happened(a, AT_CLOSED);
}

static const struct cw_mind_ops ops = {.name = "actor",
	.answered = answered,
	.speech_started = speech_started,
	.partial = partial,
	.turn_ended = turn_ended,
	.backchannel = backchannel,
	.interrupted = interrupted,
	.dtmf = dtmf,
	.spoke = spoke,
	.overdue = overdue,
	.idle = idle,
	.closed = closed};

int scene_new(void *parent, const struct scene_conf *conf, struct scene **ret)
{
	CW_SCOPED struct scene *s = talloc_zero(NULL, struct scene);
	if (!s)
		return ENOMEM;

	int err = cw_sim_new(s, &conf->sim, &s->world);

	if (!err)
		err = cw_timeline_new(s, &s->timeline);
	if (!err)
		err = cw_loop_new(s, s->world, &conf->loop, &s->agent_line, &s->caller_line);
	if (err)
		return err;
	s->agent.scene = s->caller.scene = s;
	s->agent.free_at = s->caller.free_at = AT_N;
	*ret = talloc_move(parent, &s);
	return 0;
}

static int start(
	struct scene *s, const struct cw_party_conf *given, enum cw_side side, struct actor *a, struct cw_line *line)
{
	struct cw_party_conf conf = *given;
	struct cw_why why = {0};

	conf.side = side;
	conf.timeline = s->timeline;
	conf.timeline_ear = true;
	if (!conf.listener.stt)
		conf.listener.stt = "modem";
	if (!conf.speaker.voice)
		conf.speaker.voice = "modem";
	return cw_party_new(s, s->world, &conf, line, &ops, a, &a->party, &why);
}

int scene_start(struct scene *s, const struct scene_conf *conf)
{
	int err = start(s, &conf->agent, CW_SIDE_AGENT, &s->agent, s->agent_line);

	if (!err && !conf->no_caller)
		err = start(s, &conf->caller, CW_SIDE_CALLER, &s->caller, s->caller_line);
	return err;
}

bool scene_play(struct scene *s, uint64_t until_us)
{
	while (cw_now(s->world) < until_us && !(s->agent.count[AT_CLOSED] && s->caller.count[AT_CLOSED]))
		if (!cw_sim_step(s->world))
			break;
	return s->agent.count[AT_CLOSED] && s->caller.count[AT_CLOSED];
}

const struct cw_event *scene_event(const struct scene *s, enum cw_event_kind kind, enum cw_side side, unsigned n)
{
	const struct cw_event *e;
	size_t from = 0;

	do
		e = cw_timeline_next(s->timeline, &from, kind, side);
	while (e && n--);
	if (!e) {
		scene_dump(s);
		fail_msg("no such event: %s of %s", cw_event_name(kind), cw_side_name(side));
	}
	return e;
}

unsigned scene_count(const struct scene *s, enum cw_event_kind kind, enum cw_side side)
{
	unsigned n = 0;

	for (size_t from = 0; cw_timeline_next(s->timeline, &from, kind, side);)
		n++;
	return n;
}

void scene_dump(const struct scene *s)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(1 << 22);

	cw_timeline_encode(&b, s->timeline);
	fprintf(stderr, "%s", b.len ? b.p : "");
}
