#include "trial/scenario/keys.h"

#include "caller/noise.h"
#include "trial/check/check.h"
#include "trial/scenario/scenario.h"

#define LONG_S 600 /* longest pause or wait */

#define TEXT(key, text)                                                 \
	{                                                               \
		.name = (key), .shapes = CW_SHAPE_TEXT, .about = (text) \
	}
#define TEXTS(key, text)                                                 \
	{                                                                \
		.name = (key), .shapes = CW_SHAPE_TEXTS, .about = (text) \
	}
#define BOOL(key, text)                                                 \
	{                                                               \
		.name = (key), .shapes = CW_SHAPE_BOOL, .about = (text) \
	}
#define COUNT(key, lo, hi, text)                                                                   \
	{                                                                                          \
		.name = (key), .shapes = CW_SHAPE_COUNT, .about = (text), .min = (lo), .max = (hi) \
	}
#define NUMBER(key, lo, hi, text)                                                                   \
	{                                                                                           \
		.name = (key), .shapes = CW_SHAPE_NUMBER, .about = (text), .min = (lo), .max = (hi) \
	}
#define SECONDS(key, hi, text)                                                          \
	{                                                                               \
		.name = (key), .shapes = CW_SHAPE_SECONDS, .about = (text), .max = (hi) \
	}
#define MILLIS(key, text)                                                                \
	{                                                                                \
		.name = (key), .shapes = CW_SHAPE_MILLIS, .about = (text), .max = LONG_S \
	}
#define RATE(key, text)                                                 \
	{                                                               \
		.name = (key), .shapes = CW_SHAPE_RATE, .about = (text) \
	}
#define TABLE(key, text)                                                 \
	{                                                                \
		.name = (key), .shapes = CW_SHAPE_TABLE, .about = (text) \
	}
#define ASSERTS(key, text)                                                 \
	{                                                                  \
		.name = (key), .shapes = CW_SHAPE_ASSERTS, .about = (text) \
	}
#define DIMENSION(key, text)                                             \
	{                                                                \
		.name = (key), .shapes = CW_SHAPE_TEXTS, .about = (text) \
	}

const struct cw_rate cw_rates[CW_RATES] = {{"never", 0}, {"rare", 0.1}, {"normal", 0.25}, {"frequent", 0.5}};

/* ---- turns ---- */

static const char *const after_names[] = {"agent_end", "agent_start", "answer", "turn", NULL};
static const char *const during_names[] = {"agent", NULL};
static const struct cw_key keys_when[] = {{.name = "after",
						  .shapes = CW_SHAPE_NAME,
						  .names = after_names,
						  .about = "what the turn follows (default agent_end)"},
	{.name = "during", .shapes = CW_SHAPE_NAME, .names = during_names, .about = "inside a turn of the agent"},
	MILLIS("delay_ms", "pause after it (default 300)"), MILLIS("at_ms", "with 'during': so long inside the turn"),
	TEXTS("match", "with 'after: agent_end': only when the agent's words fit: words, or /a regular expression/"),
	{0}};
static const struct cw_key keys_noise[] = {
	{.name = "kind", .shapes = CW_SHAPE_NAME, .list = cw_noise_names, .about = "which sound", .required = true},
	COUNT("ms", 20, CW_NOISE_MAX_MS, "how long (default 500)"),
	NUMBER("level_db", -60, 0, "below full scale (default -16)"), {0}};
static const struct cw_key keys_hang_up[] = {
	{.name = "saying", .shapes = CW_SHAPE_TEXT, .about = "in the middle of these words", .required = true},
	MILLIS("after_ms", "so long after their beginning (default 800)"), {0}};
static const struct cw_key keys_aside[] = {
	{.name = "say", .shapes = CW_SHAPE_TEXT, .about = "words to somebody else in the room", .required = true},
	NUMBER("level_db", -60, 0, "below the caller's own speech (default -15)"), {0}};
static const struct cw_key keys_tv[] = {
	{.name = "ms", .shapes = CW_SHAPE_MILLIS, .max = LONG_S, .about = "how long", .required = true},
	NUMBER("level_db", -60, 0, "below full scale (default -30)"), {0}};
static const struct cw_key keys_echo[] = {{.name = "ms",
						  .shapes = CW_SHAPE_MILLIS,
						  .max = LONG_S,
						  .about = "how long the agent hears itself",
						  .required = true},
	COUNT("delay_ms", 1, 2000, "how much later (default 120)"),
	NUMBER("level_db", -60, 0, "how much lower (default -20)"), {0}};

static const struct cw_key keys_play[] = {{.name = "file",
						  .shapes = CW_SHAPE_TEXT,
						  .about = "a WAV file, from the folder of this file",
						  .required = true},
	{.name = "text", .about = "the words in it, when they are known", .shapes = CW_SHAPE_TEXT}, {0}};

#define ACTIONS                                                                                     \
	TEXT("say", "words the caller speaks; <pause 800ms> inside them is a silence"),             \
		{.name = "dtmf",                                                                    \
			.shapes = CW_SHAPE_DIGITS,                                                  \
			.about = "keys in quotes: 0-9 A-D * #; w waits half a second, W a second"}, \
		MILLIS("silence", "stays silent on purpose"),                                       \
		{.name = "noise",                                                                   \
			.shapes = CW_SHAPE_NAME | CW_SHAPE_MAP,                                     \
			.list = cw_noise_names,                                                     \
			.keys = keys_noise,                                                         \
			.about = "makes a sound"},                                                  \
		{.name = "play",                                                                    \
			.shapes = CW_SHAPE_TEXT | CW_SHAPE_MAP,                                     \
			.keys = keys_play,                                                          \
			.about = "plays a recording of words"},                                     \
		{.name = "aside",                                                                   \
			.shapes = CW_SHAPE_TEXT | CW_SHAPE_MAP,                                     \
			.keys = keys_aside,                                                         \
			.about = "speaks to somebody else in the room"},                            \
		{.name = "tv",                                                                      \
			.shapes = CW_SHAPE_MILLIS | CW_SHAPE_MAP,                                   \
			.max = LONG_S,                                                              \
			.keys = keys_tv,                                                            \
			.about = "a television in the room, behind all that follows"},              \
		{.name = "echo",                                                                    \
			.shapes = CW_SHAPE_MILLIS | CW_SHAPE_MAP,                                   \
			.max = LONG_S,                                                              \
			.keys = keys_echo,                                                          \
			.about = "the agent hears itself"},                                         \
	{                                                                                           \
		.name = "hang_up", .shapes = CW_SHAPE_TRUE | CW_SHAPE_MAP, .keys = keys_hang_up,    \
		.about = "hangs up; the last turn only"                                             \
	}

static const struct cw_key keys_turn[] = {ACTIONS,
	{.name = "backchannel",
		.shapes = CW_SHAPE_TEXT | CW_SHAPE_TRUE,
		.about =
			"\"mm-hmm\" (or these words) inside the agent's turn, 800 ms after its beginning unless 'when' says otherwise"},
	TEXT("name", "for reports"),
	{.name = "when", .shapes = CW_SHAPE_MAP, .keys = keys_when, .about = "when the turn comes"},
	ASSERTS("expect", "assertions on what follows this turn"), BOOL("optional", "may be skipped or never reached"),
	{0}};
static const struct cw_key keys_answer[] = {
	{.name = "match",
		.shapes = CW_SHAPE_TEXTS,
		.about = "words of the agent this answers: words, or /a regular expression/",
		.required = true},
	ACTIONS, TEXT("name", "for reports"), MILLIS("delay_ms", "pause after the agent's end (default 300)"),
	ASSERTS("expect", "assertions on what follows this answer"),
	COUNT("times", 1, 1000, "uses at most (default any number)"), {0}};

/* ---- the caller ---- */

static const char *const patience_names[] = {"low", "normal", "high", NULL};
static const char *const verbosity_names[] = {"terse", "normal", "chatty", NULL};
static const struct cw_key keys_patience[] = {
	SECONDS("wait_s", LONG_S, "silence of an agent that owes words, until the caller speaks up"),
	COUNT("reprompts", 0, 20, "so often, then the caller hangs up"), TEXT("say", "what it says then (\"Hello?\")"),
	{0}};
static const struct cw_key keys_pardon[] = {SECONDS("after_s", LONG_S, "silence before it asks (default 4)"),
	COUNT("times", 0, 20, "so often (default 2)"), TEXT("say", "with these words"), {0}};
static const struct cw_key keys_fact[] = {{.name = "value",
						  .shapes = CW_SHAPE_TEXT | CW_SHAPE_NUMBER,
						  .min = -1e15,
						  .max = 1e15,
						  .about = "in the words a caller would use",
						  .required = true},
	TEXTS("ask", "what the agent says to ask for it, besides the built-in phrases of the name"),
	TEXT("say", "the sentence, with {value}"), BOOL("volunteer", "told with the goal, unasked"),
	BOOL("refuse", "never told"), {0}};

#define PATIENCE                                                                                            \
	{                                                                                                   \
		.name = "patience", .shapes = CW_SHAPE_NAME | CW_SHAPE_MAP, .names = patience_names,        \
		.keys = keys_patience, .about = "how long it bears silence: low 5 s, normal 8 s, high 15 s" \
	}
#define FACTS                                                                                                 \
	{                                                                                                     \
		.name = "facts", .shapes = CW_SHAPE_FACTS, .keys = keys_fact,                                 \
		.about = "what the caller knows: {{name}} in texts; a caller with a goal tells it when asked" \
	}

static const struct cw_key keys_persona[] = {
	{.name = "verbosity", .shapes = CW_SHAPE_NAME, .names = verbosity_names, .about = "how much it talks"},
	RATE("interrupting", "per turn of the agent: speaks into it"), RATE("interrupts", "the same"),
	RATE("backchannels", "per turn of the agent: \"mm-hmm\""),
	RATE("mishears", "per question of the agent: asks to repeat it"), RATE("hearing_trouble", "the same"),
	RATE("hesitates", "per sentence: a pause in its middle"),
	RATE("coughs", "per turn of the agent: coughs into it"), PATIENCE, TEXT("voice", "voice of this caller"),
	TEXT("accent", "the same: a voice with that accent"), TEXT("language", "BCP 47: en-US"),
	NUMBER("speed", 0.5, 2, "of its voice"), {0}};
static const struct cw_key keys_caller[] = {FACTS, PATIENCE,
	{.name = "pardon",
		.shapes = CW_SHAPE_MAP,
		.keys = keys_pardon,
		.about = "asks to repeat when nothing in the script fits"},
	TEXTS("fillers", "turns of the agent that need no answer"), DIMENSION("voice", "voice or voices"),
	DIMENSION("language", "BCP 47: en-US"), NUMBER("speed", 0.5, 2, "of its voice"),
	TEXT("ear", "recogniser of the caller"),
	SECONDS("greeting_s", LONG_S, "the first turn waits so long for a greeting (default 6)"),
	SECONDS("linger_s", LONG_S, "silence after the last answer before it hangs up (default 3)"),
	SECONDS("deadlock_s", LONG_S, "both silent and nothing fits: the end (default 12)"),
	{.name = "persona", .shapes = CW_SHAPE_MAP, .keys = keys_persona, .about = "what kind of person it is"}, {0}};

/* ---- tests ---- */

static const struct cw_key keys_target[] = {
	{.name = "line", .shapes = CW_SHAPE_NAME, .list = cw_target_kinds, .about = "kind of target", .required = true},
	TEXT("file", "of line agent: the agent file"), TEXT("url", "of the others"), {0}};
static const struct cw_key keys_goal[] = {
	{.name = "say", .shapes = CW_SHAPE_TEXT, .about = "the caller's first words", .required = true},
	TEXT("about", "what it wants, for reports and models"), {0}};

#define TARGET                                                                                        \
	{                                                                                             \
		.name = "target", .shapes = CW_SHAPE_TEXT | CW_SHAPE_MAP, .keys = keys_target,        \
		.about = "\"agent:FILE\", \"twilio:URL\", \"chat:URL\" …, or {line: …, url: …}" \
	}
#define SHARED                                                                                                                      \
	DIMENSION("language", "BCP 47: en-US"), DIMENSION("voice", "voice of the caller: flite:slt"),                               \
		DIMENSION("channel", "audio profile of the line: clean, pstn_g711, mobile_lossy …"),                                \
		TEXT("ear", "recogniser of the caller"), COUNT("repeat", 1, 100000, "calls per slice"),                             \
		SECONDS("timeout_s", 3600, "limit of one call (default 180)"),                                                      \
		TEXTS("hints",                                                                                                      \
			"what the agent may say, for the caller's recogniser: a list, a file with a phrase a line, an agent file"), \
		TEXTS("agent_phrases", "the same")
#define MATRIX                                                                                                           \
	{                                                                                                                \
		.name = "matrix", .shapes = CW_SHAPE_MATRIX,                                                             \
		.about =                                                                                                 \
			"lists of languages, voices, channels and of values for variables: every combination is a slice" \
	}
#define TEST_REST                                                                                                \
	TEXT("description", "for reports"), TEXTS("tags", "to choose by"), TABLE("vars", "values for {{name}}"), \
		{.name = "caller", .shapes = CW_SHAPE_MAP, .keys = keys_caller, .about = "who calls"},           \
		{.name = "turns",                                                                                \
			.shapes = CW_SHAPE_MAPS,                                                                 \
			.keys = keys_turn,                                                                       \
			.max = CW_SCENARIO_STEPS_MAX,                                                            \
			.about = "what the caller does, in order"},                                              \
		{.name = "answers",                                                                              \
			.shapes = CW_SHAPE_MAPS,                                                                 \
			.keys = keys_answer,                                                                     \
			.max = CW_SCENARIO_STEPS_MAX,                                                            \
			.about = "what the caller says when asked, in any order"},                               \
		{.name = "goal",                                                                                 \
			.shapes = CW_SHAPE_TEXT | CW_SHAPE_MAP,                                                  \
			.keys = keys_goal,                                                                       \
			.about = "what the caller wants: instead of turns, or behind them"},                     \
		{.name = "success",                                                                              \
			.shapes = CW_SHAPE_TEXTS,                                                                \
			.about = "with 'goal': words of the agent that mean it is reached"},                     \
		TEXTS("failure", "with 'goal': words of the agent that mean it will not be"),                    \
		COUNT("max_turns", 1, 500, "with 'goal': own turns, then the caller gives up (default 40)"),     \
		COUNT("max_asks", 1, 100, "with 'goal': the same thing asked so often (default 5)"), FACTS,      \
		{.name = "persona",                                                                              \
			.shapes = CW_SHAPE_MAP,                                                                  \
			.keys = keys_persona,                                                                    \
			.about = "what kind of person the caller is"},                                           \
		ASSERTS("assert", "assertions on the whole call"),                                               \
		NUMBER("threshold", 0.001, 1,                                                                    \
			"share of the weighted score that is enough to pass (default: everything must hold)"),   \
		TARGET, MATRIX, SHARED,                                                                          \
	{                                                                                                        \
		.name = "cases", .shapes = CW_SHAPE_TABLE | CW_SHAPE_MAPS,                                       \
		.about = "one test for each: mappings of variables, or file://FILE.csv"                          \
	}

const struct cw_key cw_keys_test[] = {
	{.name = "id", .shapes = CW_SHAPE_ID, .about = "names the test and its folder", .required = true}, TEST_REST,
	{0}};
static const struct cw_key keys_default_test[] = {TEST_REST, {0}};

/* ---- files ---- */

static const struct cw_key keys_defaults[] = {SHARED, NUMBER("speed", 0.5, 2, "of the caller's voice"), {0}};
static const struct cw_key keys_gates[] = {
	NUMBER("pass_rate_lower_bound", 0, 1, "lower end of the 95 % interval of the pass rate"),
	NUMBER("p95_response_ms", 0, 600000, "limit of the 95th percentile"),
	NUMBER("invalid_rate", 0, 1, "limit of the share of invalid calls"), {0}};
static const struct cw_key keys_judge[] = {TEXT("model", "as its server calls it"),
	TEXT("base_url", "of an OpenAI-style server"), TEXT("calibration", "JSONL with labels"),
	NUMBER("min_kappa", -1, 1, "lower bound of kappa below which the judge is not believed"),
	COUNT("confirm_on_fail", 1, 99, "votes a failing verdict needs"), {0}};

#define FILE_REST                                                                                               \
	COUNT("version", 1, 1, "of this form"), TEXT("name", "of the file, for reports"),                       \
		TEXT("description", "for reports"), TARGET,                                                     \
		{.name = "defaults", .shapes = CW_SHAPE_MAP, .keys = keys_defaults, .about = "for every test"}, \
		MATRIX,                                                                                         \
		{.name = "judge",                                                                               \
			.shapes = CW_SHAPE_MAP,                                                                 \
			.keys = keys_judge,                                                                     \
			.about = "who decides llm-rubric and its kin"},                                         \
	{                                                                                                       \
		.name = "gates", .shapes = CW_SHAPE_MAP, .keys = keys_gates, .about = "limits over all calls"   \
	}

static const char *const sentiment_names[] = {"positive", "neutral", "negative", NULL};
const struct cw_key cw_keys_expected[] = {TEXTS("contains", "every text must occur in the answer"),
	BOOL("exact_match", "on word borders"),
	BOOL("requires_context", "goes on in the conversation of the entry before"),
	{.name = "sentiment",
		.shapes = CW_SHAPE_NAME,
		.names = sentiment_names,
		.about = "what the answer sounds like"},
	{0}};
const struct cw_key cw_keys_entry[] = {
	{.name = "id", .shapes = CW_SHAPE_ID, .about = "names the entry", .required = true},
	{.name = "input", .shapes = CW_SHAPE_TEXT, .about = "what the caller says", .required = true},
	{.name = "expected",
		.shapes = CW_SHAPE_MAP,
		.keys = cw_keys_expected,
		.about = "what the answer must be",
		.required = true},
	TEXT("description", "for reports"), {0}};
const struct cw_key cw_keys_full[] = {FILE_REST,
	{.name = "defaultTest",
		.shapes = CW_SHAPE_MAP,
		.keys = keys_default_test,
		.about = "keys for every test that has them not; vars, facts and assertions are put together"},
	TABLE("assertionTemplates", "assertions to refer to: {$ref: \"#/assertionTemplates/NAME\"}"),
	{.name = "tests",
		.shapes = CW_SHAPE_MAPS,
		.keys = cw_keys_test,
		.min = 1,
		.max = CW_SCENARIO_TESTS_MAX,
		.about = "the tests",
		.required = true},
	{0}};
const struct cw_key cw_keys_short[] = {FILE_REST,
	{.name = "scenarios",
		.shapes = CW_SHAPE_MAPS,
		.keys = cw_keys_entry,
		.min = 1,
		.max = CW_SCENARIO_TESTS_MAX,
		.about = "inputs and what the answers must be",
		.required = true},
	{0}};
