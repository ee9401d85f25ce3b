#include "line/twiml.h"

#include <errno.h>
#include <expat.h>
#include <string.h>
#include <strings.h>

/*
 * The schema. Attributes: "name" takes any text, "name:#" a number, "name:?" true or false, "name:a|b" one of these; "#" may
 * be among the choices. "*" lets every attribute through (SSML has a grammar of its own, which a voice may or may not obey).
 */
#define RECORDING \
	"recordingStatusCallback recordingStatusCallbackMethod:GET|POST recordingStatusCallbackEvent recordingTrack "
#define CALLEE "url method:GET|POST statusCallback statusCallbackMethod:GET|POST statusCallbackEvent "
#define MACHINE                                                                                                              \
	"machineDetection machineDetectionTimeout:# machineDetectionSpeechThreshold:# machineDetectionSpeechEndThreshold:# " \
	"machineDetectionSilenceTimeout:# amdStatusCallback amdStatusCallbackMethod:GET|POST "

static const struct element {
	const char *name;
	const char *parents;
	const char *attrs;
} elements[] = {
	{"Gather", "Response",
		"action method:GET|POST input timeout:#|auto speechTimeout:#|auto numDigits:# finishOnKey actionOnEmptyResult:? language hints "
		"profanityFilter:? speechModel partialResultCallback partialResultCallbackMethod:GET|POST enhanced:? bargeIn:? maxSpeechTime:# debug:?"},
	{"Say", "Response Gather Prompt", "voice language loop:#"},
	{"Play", "Response Gather Prompt", "loop:# digits"},
	{"Pause", "Response Gather Prompt", "length:#"},
	{"Dial", "Response",
		"action method:GET|POST timeout:# timeLimit:# callerId answerOnBridge:? hangupOnStar:? "
		"record:do-not-record|record-from-answer|record-from-ringing|record-from-answer-dual|record-from-ringing-dual|true|false " RECORDING
		"trim:trim-silence|do-not-trim ringTone referUrl referMethod:GET|POST sequential:? callReason events"},
	{"Number", "Dial", CALLEE MACHINE "sendDigits byoc callReason"},
	{"Sip", "Dial", CALLEE MACHINE "username password callReason"},
	{"Client", "Dial", CALLEE "callReason"},
	{"Conference", "Dial",
		"muted:? beep:true|false|onEnter|onExit startConferenceOnEnter:? endConferenceOnExit:? waitUrl waitMethod:GET|POST "
		"maxParticipants:# record:do-not-record|record-from-start|true|false region coach trim:trim-silence|do-not-trim statusCallbackEvent "
		"statusCallback statusCallbackMethod:GET|POST " RECORDING
		"eventCallbackUrl jitterBufferSize participantLabel"},
	{"Queue", "Dial", "url method:GET|POST reservationSid postWorkActivitySid"},
	{"Sim", "Dial", ""},
	{"Application", "Dial",
		"url method:GET|POST statusCallbackEvent statusCallback statusCallbackMethod:GET|POST customerId copyParentTo:?"},
	{"WhatsApp", "Dial", CALLEE},
	{"Record", "Response",
		"action method:GET|POST timeout:# finishOnKey maxLength:# playBeep:? trim:trim-silence|do-not-trim " RECORDING
		"transcribe:? transcribeCallback"},
	{"Redirect", "Response", "method:GET|POST"},
	{"Hangup", "Response", ""},
	{"Reject", "Response", "reason:rejected|busy"},
	{"Sms", "Response", "to from action method:GET|POST statusCallback"},
	{"Connect", "Response", "action method:GET|POST"},
	{"Start", "Response", "action method:GET|POST"},
	{"Stop", "Response", ""},
	{"Stream", "Connect Start Stop",
		"name connectorName url track:inbound_track|outbound_track|both_tracks statusCallback statusCallbackMethod:GET|POST audioFormat sampleRate"},
	{"Parameter", "Stream Application Client Siprec VirtualAgent ConversationRelay", "name value"},
	{"Identity", "Client", ""},
	{"ApplicationSid", "Application", ""},
	{"Siprec", "Start Stop", "name connectorName track statusCallback statusCallbackMethod:GET|POST"},
	{"Transcription", "Start Stop", "*"},
	{"Room", "Connect", "participantIdentity"},
	{"Conversation", "Connect", "*"},
	{"ConversationRelay", "Connect", "*"},
	{"VirtualAgent", "Connect", "*"},
	{"Autopilot", "Connect", ""},
	{"Config", "VirtualAgent", "name value"},
	{"Language", "ConversationRelay", "*"},
	{"Enqueue", "Response", "action method:GET|POST maxQueueSize:# waitUrl waitUrlMethod:GET|POST workflowSid"},
	{"Task", "Enqueue", "priority:# timeout:#"},
	{"Leave", "Response", ""},
	{"Echo", "Response", ""},
	{"Refer", "Response", "action method:GET|POST"},
	{"ReferSip", "Refer", ""},
	{"Pay", "Response", "*"},
	{"Prompt", "Response Pay", "*"},
	{"break", "Say p s", "*"},
	{"emphasis", "Say p s prosody lang", "*"},
	{"lang", "Say p s prosody emphasis", "*"},
	{"p", "Say prosody lang", "*"},
	{"phoneme", "Say p s prosody lang emphasis", "*"},
	{"prosody", "Say p s lang prosody emphasis", "*"},
	{"s", "Say p prosody lang", "*"},
	{"say-as", "Say p s prosody lang emphasis", "*"},
	{"sub", "Say p s prosody lang emphasis", "*"},
	{"w", "Say p s prosody lang emphasis", "*"},
	{"amazon:effect", "Say p s prosody lang", "*"},
};

struct open_element {
	struct cw_twiml_node *node;
	struct cw_twiml_node **tail; /* where the next child goes */
	struct cw_buf text;
};

struct reader {
	XML_Parser xml;
	struct cw_twiml *doc;
	struct open_element open[CW_TWIML_DEPTH_MAX];
	unsigned depth;    /* 0: outside, 1: in Response */
	unsigned skipping; /* depth below a dropped element */
	unsigned nodes;
	unsigned code;
	int err;
	struct cw_why *why;
};

static unsigned line_of(const struct reader *r)
{
	return (unsigned)XML_GetCurrentLineNumber(r->xml);
}

static void stop(struct reader *r, int err, unsigned code, const char *what)
{
	if (r->err)
		return;
	r->err = err;
	r->code = code;
	(void)cw_why_at(r->why, err, "TwiML", line_of(r), (unsigned)XML_GetCurrentColumnNumber(r->xml) + 1, "%s", what);
	XML_StopParser(r->xml, XML_FALSE);
}

static void warn(struct reader *r, char *text)
{
	struct cw_twiml *doc = r->doc;

	if (!text) {
		stop(r, ENOMEM, 0, "out of memory");
		return;
	}
	if (doc->n_warnings < CW_TWIML_WARNINGS_MAX)
		doc->warnings[doc->n_warnings++] = (struct cw_twiml_warning){12200, line_of(r), text};
}

static const struct element *find_element(const char *name)
{
	for (size_t i = 0; i < CW_COUNT(elements); i++)
		if (!strcmp(elements[i].name, name))
			return &elements[i];
	return NULL;
}

static bool in_list(const char *list, char sep, struct cw_str word, bool fold)
{
	struct cw_str rest = cw_str(list), item;

	while (cw_str_split(&rest, sep, &item))
		if (item.len == word.len &&
			(fold ? strncasecmp(item.p, word.p, word.len) : strncmp(item.p, word.p, word.len)) == 0)
			return true;
	return false;
}

static bool value_fits(struct cw_str rule, const char *value)
{
	struct cw_str item;
	uint32_t number;

	while (cw_str_split(&rule, '|', &item)) {
		if (cw_str_eq(item, "#") && cw_str_u32(cw_str(value), UINT32_MAX, &number) == 0)
			return true;
		if (cw_str_eq(item, "?") && (!strcasecmp(value, "true") || !strcasecmp(value, "false")))
			return true;
		if (cw_str_eq_fold(item, value))
			return true;
	}
	return false;
}

/* Does attribute @name stand in @spec, and what rule follows its colon ("" = any text)? */
static bool find_rule(const char *spec, const char *name, struct cw_str *rule)
{
	struct cw_str rest = cw_str(spec), item, head;

	while (cw_str_split(&rest, ' ', &item)) {
		struct cw_str tail = item;

		if (!cw_str_split(&tail, ':', &head) || !cw_str_eq(head, name))
			continue;
		*rule = head.len < item.len ? tail : CW_STR_LIT("");
		return true;
	}
	return false;
}

static bool attr_ok(struct reader *r, const struct element *e, const char *name, const char *value)
{
	struct cw_str rule;

	if (!strcmp(e->attrs, "*"))
		return true;
	if (!find_rule(e->attrs, name, &rule)) {
		warn(r, talloc_asprintf(
				r->doc, "<%s> has no attribute '%s' (names are case-sensitive)", e->name, name));
		return false;
	}
	if (!rule.len || value_fits(rule, value))
		return true;
	warn(r, talloc_asprintf(r->doc, "<%s %s=\"%s\">: expected %s", e->name, name, value,
			cw_str_eq(rule, "#")   ? "a whole number"
			: cw_str_eq(rule, "?") ? "true or false"
					       : rule.p));
	return false;
}

static int add_attrs(struct reader *r, struct cw_twiml_node *n, const struct element *e, const char **attrs)
{
	unsigned count = 0;

	while (attrs[2 * count])
		count++;
	n->attrs = talloc_array(r->doc, struct cw_twiml_attr, count);
	if (!n->attrs)
		return ENOMEM;
	for (; *attrs; attrs += 2) {
		if (!attr_ok(r, e, attrs[0], attrs[1]))
			continue;

		struct cw_twiml_attr *a = &n->attrs[n->n_attrs++];

		a->name = talloc_strdup(r->doc, attrs[0]);
		a->value = talloc_strdup(r->doc, attrs[1]);
		if (!a->name || !a->value)
			return ENOMEM;
	}
	return 0;
}

static const char *parent_name(const struct reader *r)
{
	return r->depth == 1 ? "Response" : r->open[r->depth - 1].node->name;
}

static void open_root(struct reader *r, const char *name)
{
	if (strcmp(name, "Response") != 0) {
		stop(r, EBADMSG, 12102, "the root element must be <Response> (names are case-sensitive)");
		return;
	}
	r->open[0] = (struct open_element){.tail = &r->doc->first, .text = CW_BUF(CW_TWIML_MAX)};
	r->depth = 1;
}

static void XMLCALL on_start(void *arg, const char *name, const char **attrs)
{
	struct reader *r = arg;
	const struct element *e;

	if (r->err)
		return;
	if (!r->depth) {
		open_root(r, name);
		return;
	}
	if (r->skipping) {
		r->skipping++;
		return;
	}
	e = find_element(name);
	if (!e || !in_list(e->parents, ' ', cw_str(parent_name(r)), false)) {
		warn(r, e ? talloc_asprintf(r->doc, "<%s> may not stand in <%s>: ignored", name, parent_name(r))
			  : talloc_asprintf(r->doc, "unknown element <%s> (names are case-sensitive): ignored", name));
		r->skipping = 1;
		return;
	}
	if (r->depth == CW_TWIML_DEPTH_MAX || ++r->nodes > CW_TWIML_NODES_MAX) {
		stop(r, EMSGSIZE, 12100, "too many elements, or too deeply nested");
		return;
	}

	struct cw_twiml_node *n = talloc_zero(r->doc, struct cw_twiml_node);

	if (!n || add_attrs(r, n, e, attrs)) {
		stop(r, ENOMEM, 0, "out of memory");
		return;
	}
	n->name = e->name;
	n->line = line_of(r);
	n->text = "";
	*r->open[r->depth - 1].tail = n;
	r->open[r->depth - 1].tail = &n->next;
	r->open[r->depth++] = (struct open_element){.node = n, .tail = &n->first, .text = CW_BUF(CW_TWIML_MAX)};
}

/* Runs of white space become one blank; none at the ends. */
static char *squeeze(void *parent, struct cw_str s)
{
	char *out = talloc_array(parent, char, s.len + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < s.len; i++) {
		bool blank = strchr(" \t\r\n", s.p[i]) != NULL && s.p[i];

		if (!blank)
			out[n++] = s.p[i];
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	if (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return out;
}

static bool is_ssml(const struct cw_twiml_node *n)
{
	return n->name[0] >= 'a' && n->name[0] <= 'z';
}

/* What SSML holds is spoken as part of the element around it. */
static void close_element(struct reader *r)
{
	struct open_element *o = &r->open[r->depth];
	struct open_element *outer = &r->open[r->depth - 1];
	char *text = squeeze(r->doc, cw_buf_str(&o->text));

	if (!text || cw_buf_err(&o->text)) {
		stop(r, ENOMEM, 0, "out of memory");
	} else {
		o->node->text = text;
		if (is_ssml(o->node)) {
			const char *spoken =
				strcmp(o->node->name, "sub") ? text : cw_twiml_attr(o->node, "alias", text);
			bool breaks = !strcmp(o->node->name, "break") || !strcmp(o->node->name, "p") ||
				      !strcmp(o->node->name, "s");

			cw_buf_puts(&outer->text, breaks ? " " : "");
			cw_buf_puts(&outer->text, spoken);
			cw_buf_puts(&outer->text, breaks ? " " : "");
		}
	}
	cw_buf_clear(&o->text);
}

static void XMLCALL on_end(void *arg, const char *name)
{
	struct reader *r = arg;

	(void)name;
	if (r->err)
		return;
	if (r->skipping) {
		r->skipping--;
		return;
	}
	r->depth--;
	if (r->depth)
		close_element(r);
	else
		cw_buf_clear(&r->open[0].text);
}

static void XMLCALL on_text(void *arg, const char *text, int len)
{
	struct reader *r = arg;

	if (r->err || r->skipping || r->depth < 2)
		return;
	cw_buf_put(&r->open[r->depth - 1].text, text, (size_t)len);
}

static void XMLCALL on_doctype(void *arg, const char *name, const char *sysid, const char *pubid, int internal)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)internal;
	stop(arg, EBADMSG, 12100, "a document type declaration has no place in TwiML");
}

static int run(struct reader *r, const char *text, size_t len)
{
	XML_SetUserData(r->xml, r);
	XML_SetElementHandler(r->xml, on_start, on_end);
	XML_SetCharacterDataHandler(r->xml, on_text);
	XML_SetStartDoctypeDeclHandler(r->xml, on_doctype);
	if (XML_Parse(r->xml, text, (int)len, XML_TRUE) == XML_STATUS_ERROR && !r->err) {
		bool memory = XML_GetErrorCode(r->xml) == XML_ERROR_NO_MEMORY;

		stop(r, memory ? ENOMEM : EBADMSG, memory ? 0 : 12100, XML_ErrorString(XML_GetErrorCode(r->xml)));
	}
	while (r->depth)
		cw_buf_clear(&r->open[--r->depth].text);
	return r->err;
}

int cw_twiml_parse(
	void *parent, const char *text, size_t len, struct cw_twiml **ret, unsigned *code, struct cw_why *why)
{
	CW_SCOPED struct cw_twiml *doc = talloc_zero(NULL, struct cw_twiml);
	struct reader r = {.doc = doc, .why = why};

	if (!doc)
		return ENOMEM;
	if (len > CW_TWIML_MAX) {
		*code = 11750;
		return cw_why_set(
			why, EMSGSIZE, "the TwiML document has %zu bytes, at most %u are taken", len, CW_TWIML_MAX);
	}
	r.xml = XML_ParserCreate(NULL);
	if (!r.xml)
		return ENOMEM;

	int err = run(&r, text, len);

	XML_ParserFree(r.xml);
	*code = r.code;
	if (err)
		return err;
	*ret = talloc_move(parent, &doc);
	return 0;
}

const char *cw_twiml_attr(const struct cw_twiml_node *n, const char *name, const char *dflt)
{
	for (unsigned i = 0; i < n->n_attrs; i++)
		if (!strcmp(n->attrs[i].name, name))
			return n->attrs[i].value;
	return dflt;
}

bool cw_twiml_attr_bool(const struct cw_twiml_node *n, const char *name, bool dflt)
{
	const char *v = cw_twiml_attr(n, name, NULL);

	return v ? strcasecmp(v, "true") == 0 : dflt;
}

unsigned cw_twiml_attr_uint(const struct cw_twiml_node *n, const char *name, unsigned dflt)
{
	uint32_t v = dflt;

	(void)cw_str_u32(
		cw_str(cw_twiml_attr(n, name, "")), UINT32_MAX, &v); /* absent or a word ("auto"): the default stays */
	return v;
}

void cw_twiml_dump(struct cw_buf *b, const struct cw_twiml *t)
{
	for (const struct cw_twiml_node *n = t->first; n; n = n->next) {
		cw_buf_puts(b, n == t->first ? "" : " ");
		cw_buf_puts(b, n->name);
	}
}
