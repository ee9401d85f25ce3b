#include "cmd/config.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "base/json.h"
#include "base/yaml.h"

#define DEFAULT_FILE "callwright.yaml"
#define SECRET_MAX   4096

enum kind { TEXT, CHOICE, NUMBER, FLAG, SECRET };
enum origin { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT };

static const struct key {
	const char *name;     /* in callwright.yaml */
	const char *variable; /* in the environment */
	enum kind kind;
	size_t offset;
	const char *dflt;
	const char *choices; /* "a|b|c" */
	uint32_t min, max;
	const char *about;
} keys[] = {
#define AT(member) offsetof(struct cw_config, member)
	{"listen", "CW_LISTEN", TEXT, AT(listen), "127.0.0.1:8080", NULL, 0, 0,
		"address and port of webhook, media stream and health check"},
	{"agent", "CW_AGENT", TEXT, AT(agent), "agents/hvac.yaml", NULL, 0, 0, "agent file that answers calls"},
	{"public_url", "CW_PUBLIC_URL", TEXT, AT(public_url), "", NULL, 0, 0,
		"how Twilio reaches us, e.g. https://voice.example.com; empty: taken from the request"},
	{"twilio_auth_token", "CW_TWILIO_AUTH_TOKEN", SECRET, AT(twilio_auth_token), "", NULL, 0, 0,
		"checks Twilio's signatures; empty: unsigned calls are taken"},
	{"chat_api_key", "CW_CHAT_API_KEY", SECRET, AT(chat_api_key), "", NULL, 0, 0,
		"bearer token for chat targets of test, perf and load"},
	{"openai_api_key", "CW_OPENAI_API_KEY", SECRET, AT(openai_api_key), "", NULL, 0, 0,
		"key of the OpenAI-style server that judges and embeds; servers of your own may need none"},
	{"openai_base_url", "CW_OPENAI_BASE_URL", TEXT, AT(openai_base_url), "", NULL, 0, 0,
		"its address, e.g. http://127.0.0.1:8000/v1 (vLLM, llama.cpp, Ollama); empty: OpenAI's own"},
	{"deepgram_api_key", "CW_DEEPGRAM_API_KEY", SECRET, AT(deepgram_api_key), "", NULL, 0, 0,
		"key of recogniser and voice deepgram:MODEL; needed for Deepgram's own server"},
	{"deepgram_url", "CW_DEEPGRAM_URL", TEXT, AT(deepgram_url), "", NULL, 0, 0,
		"its address, e.g. http://127.0.0.1:8083 (callwright standin deepgram); empty: https://api.deepgram.com"},
	{"judge_model", "CW_JUDGE_MODEL", TEXT, AT(judge_model), "", NULL, 0, 0,
		"language model that decides llm-rubric and its kin, e.g. gpt-4o-mini; empty: nobody, and they end in ERROR"},
	{"judge_cache", "CW_JUDGE_CACHE", TEXT, AT(judge_cache), "", NULL, 0, 0,
		"folder of the judge's kept answers; empty: the judge folder of each run"},
	{"embed_model", "CW_EMBED_MODEL", TEXT, AT(embed_model), "", NULL, 0, 0,
		"embeddings for similar with provider: openai; empty: text-embedding-3-small"},
	{"data_dir", "CW_DATA_DIR", TEXT, AT(data_dir), "data", NULL, 0, 0,
		"folder of the database and the recordings"},
	{"stt", "CW_STT", TEXT, AT(stt), "", NULL, 0, 0,
		"recogniser for the agent, over the agent file's choice (pocketsphinx, modem, deepgram:nova-3)"},
	{"voice", "CW_VOICE", TEXT, AT(voice), "", NULL, 0, 0,
		"voice for the agent, over the agent file's choice (flite:slt, espeak:en-gb, modem, deepgram:aura-2-thalia-en)"},
	{"tls_cert", "CW_TLS_CERT", TEXT, AT(tls_cert), "", NULL, 0, 0,
		"certificate chain, PEM; with tls_key: serve https and wss"},
	{"tls_key", "CW_TLS_KEY", TEXT, AT(tls_key), "", NULL, 0, 0, "private key, PEM"},
	{"log_level", "CW_LOG_LEVEL", CHOICE, AT(log_level), "info", "error|warn|info|debug", 0, 0,
		"how much is logged"},
	{"log_format", "CW_LOG_FORMAT", CHOICE, AT(log_format), "text", "text|json", 0, 0, "human text or JSON lines"},
	{"lanes", "CW_LANES", NUMBER, AT(lanes), "1", NULL, 1, 64, "threads that serve calls; each holds thousands"},
	{"max_calls", "CW_MAX_CALLS", NUMBER, AT(max_calls), "1000", NULL, 1, 100000,
		"calls per lane at one time; further ones hear busy"},
	{"record", "CW_RECORD", FLAG, AT(record), "true", NULL, 0, 0, "keep a stereo recording of every call"},
#undef AT
};

/* What cw_config_load() really makes: the public part and where each value came from. */
struct loaded {
	struct cw_config config;
	enum origin origin[CW_COUNT(keys)];
};

static bool among(const char *choices, const char *value)
{
	struct cw_str rest = cw_str(choices), one;

	while (cw_str_split(&rest, '|', &one))
		if (cw_str_eq(one, value))
			return true;
	return false;
}

static int set(struct loaded *l, size_t i, const char *value, enum origin origin, struct cw_why *why)
{
	const struct key *k = &keys[i];
	char *at = (char *)&l->config + k->offset;
	uint32_t number;

	switch (k->kind) {
	case CHOICE:
		if (!among(k->choices, value))
			return cw_why_set(why, EINVAL, "%s: '%s' is not one of %s", k->name, value, k->choices);
		/* fall through */
	case TEXT:
	case SECRET:
		*(const char **)(void *)at = talloc_strdup(l, value);
		if (!*(const char **)(void *)at)
			return ENOMEM;
		break;
	case NUMBER:
		if (cw_str_u32(cw_str(value), k->max, &number) || number < k->min)
			return cw_why_set(why, EINVAL, "%s: '%s' is not a whole number from %u to %u", k->name, value,
				k->min, k->max);
		*(uint32_t *)(void *)at = number;
		break;
	case FLAG:
		if (!among("true|false|yes|no|1|0", value))
			return cw_why_set(why, EINVAL, "%s: '%s' is neither true nor false", k->name, value);
		*(bool *)at = among("true|yes|1", value);
		break;
	}
	l->origin[i] = origin;
	return 0;
}

/* ---- sources ---- */

static int scalar_text(void *parent, const json_t *value, char **ret)
{
	if (json_is_string(value))
		*ret = talloc_strdup(parent, json_string_value(value));
	else if (json_is_boolean(value))
		*ret = talloc_strdup(parent, json_is_true(value) ? "true" : "false");
	else if (json_is_integer(value))
		*ret = talloc_asprintf(parent, "%lld", (long long)json_integer_value(value));
	else
		return EINVAL;
	return *ret ? 0 : ENOMEM;
}

static int take_member(struct loaded *l, const struct cw_yaml *y, size_t i, struct cw_why *why)
{
	const struct key *k = &keys[i];
	const json_t *value = json_object_get(cw_yaml_root(y), k->name);
	struct cw_why inner = {0};
	char *text;

	if (!value)
		return 0;
	if (k->kind == SECRET)
		return cw_yaml_why(y, value, why, EINVAL,
			"%s is a secret: put it into the environment (%s) or a file (%s_FILE)", k->name, k->variable,
			k->variable);
	if (scalar_text(l, value, &text))
		return cw_yaml_why(y, value, why, EINVAL, "%s: expected one plain value", k->name);

	int err = set(l, i, text, FROM_FILE, &inner);

	return err ? cw_yaml_why(y, value, why, err, "%s", inner.text) : 0;
}

static void note_fault(struct cw_buf *faults, const struct cw_why *fault, struct cw_why *why)
{
	char text[1200];

	if (faults)
		cw_buf_fmt(faults, "%s\n", cw_why_str(fault, text, sizeof(text)));
	if (why && !why->err)
		*why = *fault;
}

static int load_file(struct loaded *l, const char *path, struct cw_buf *faults, struct cw_why *why)
{
	const char *names[CW_COUNT(keys) + 1] = {0};
	CW_SCOPED struct cw_yaml *y = NULL;
	struct cw_why fault = {0};
	int first;

	for (size_t i = 0; i < CW_COUNT(keys); i++)
		names[i] = keys[i].name;
	first = cw_yaml_load(NULL, path, &y, &fault);
	if (!first && !json_is_object(cw_yaml_root(y)))
		first = cw_yaml_why(
			y, cw_yaml_root(y), &fault, EINVAL, "expected keys and values, like 'listen: 127.0.0.1:8080'");
	if (first) {
		note_fault(faults, &fault, why);
		return first;
	}
	first = cw_yaml_known_keys(y, cw_yaml_root(y), names, &fault);
	if (first)
		note_fault(faults, &fault, why);
	for (size_t i = 0; i < CW_COUNT(keys); i++) {
		struct cw_why one = {0};
		int err = take_member(l, y, i, &one);

		if (err)
			note_fault(faults, &one, why);
		first = first ? first : err;
	}
	return first;
}

static int read_secret(const struct key *k, const char *path, char *out, size_t size, struct cw_why *why)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return cw_why_set(why, errno, "%s_FILE: cannot read '%s': %s", k->variable, path, strerror(errno));

	size_t n = fread(out, 1, size - 1, f);

	fclose(f);
	out[n] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

static int load_variable(struct loaded *l, size_t i, struct cw_why *why)
{
	const struct key *k = &keys[i];
	const char *value = getenv(k->variable);
	char file_variable[64], secret[SECRET_MAX] = "";

	if (!value && k->kind == SECRET) {
		snprintf(file_variable, sizeof(file_variable), "%s_FILE", k->variable);

		const char *path = getenv(file_variable);

		if (!path || !*path)
			return 0;

		int err = read_secret(k, path, secret, sizeof(secret), why);

		if (err)
			return err;
		value = secret;
	}
	return value && *value ? set(l, i, value, FROM_ENVIRONMENT, why) : 0;
}

static int check_whole(const struct cw_config *c, struct cw_why *why)
{
	const char *colon = strrchr(c->listen, ':');
	uint32_t port;

	if (!colon || cw_str_u32(cw_str(colon + 1), 65535, &port))
		return cw_why_set(why, EINVAL, "listen: '%s' is not ADDRESS:PORT, like 127.0.0.1:8080", c->listen);
	if (!*c->tls_cert != !*c->tls_key)
		return cw_why_set(why, EINVAL, "tls_cert and tls_key belong together: set both or none");
	if (*c->public_url && strncmp(c->public_url, "https://", 8) != 0 && strncmp(c->public_url, "http://", 7) != 0)
		return cw_why_set(
			why, EINVAL, "public_url: '%s' does not begin with https:// or http://", c->public_url);
	return 0;
}

/* Engines read the environment: what the file says must stand there too. Before any thread is started. */
static void export_address(const struct loaded *l)
{
	if (*l->config.deepgram_url)
		(void)setenv("CW_DEEPGRAM_URL", l->config.deepgram_url, 0); /* without memory Deepgram's own is asked */
}

int cw_config_load(void *parent, const char *path, struct cw_config **ret, struct cw_buf *faults, struct cw_why *why)
{
	CW_SCOPED struct loaded *l = talloc_zero(NULL, struct loaded);
	int first = 0;

	if (!l)
		return ENOMEM;
	for (size_t i = 0; i < CW_COUNT(keys); i++)
		if (set(l, i, keys[i].dflt, FROM_DEFAULT, NULL))
			return ENOMEM;
	if (path || access(DEFAULT_FILE, F_OK) == 0)
		first = load_file(l, path ? path : DEFAULT_FILE, faults, why);
	for (size_t i = 0; i <= CW_COUNT(keys); i++) {
		struct cw_why one = {0};
		int err = i < CW_COUNT(keys) ? load_variable(l, i, &one) : check_whole(&l->config, &one);

		if (err)
			note_fault(faults, &one, why);
		first = first ? first : err;
	}
	if (first)
		return first;

	export_address(l);

	struct loaded *owned = talloc_move(parent, &l);

	*ret = &owned->config;
	return 0;
}

/* ---- showing ---- */

void cw_config_dump(struct cw_buf *b, const struct cw_config *c)
{
	static const char *const origins[] = {"default", "file", "environment"};
	const struct loaded *l = (const struct loaded *)c;

	for (size_t i = 0; i < CW_COUNT(keys); i++) {
		const struct key *k = &keys[i];
		const char *at = (const char *)c + k->offset;

		cw_buf_fmt(b, "%-18s ", k->name);
		if (k->kind == NUMBER)
			cw_buf_fmt(b, "%-24u", *(const uint32_t *)(const void *)at);
		else if (k->kind == FLAG)
			cw_buf_fmt(b, "%-24s", *(const bool *)at ? "true" : "false");
		else if (k->kind == SECRET)
			cw_buf_fmt(b, "%-24s", **(const char *const *)(const void *)at ? "***" : "(not set)");
		else
			cw_buf_fmt(b, "%-24s", *(const char *const *)(const void *)at);
		cw_buf_fmt(b, " # %s\n", origins[l->origin[i]]);
	}
}

void cw_config_example(struct cw_buf *b)
{
	cw_buf_puts(b,
		"# Every variable Callwright reads, with its default. Copy to .env and load it, or set them where the program runs.\n"
		"# The same keys in lower case without CW_ may stand in callwright.yaml; secrets may not.\n"
		"# `callwright config show` prints what is in force and where it came from; `callwright config check` names each fault.\n");
	for (size_t i = 0; i < CW_COUNT(keys); i++) {
		const struct key *k = &keys[i];

		cw_buf_fmt(b, "\n# %s", k->about);
		if (k->choices)
			cw_buf_fmt(b, " (%s)", k->choices);
		if (k->kind == NUMBER)
			cw_buf_fmt(b, " (%u to %u)", k->min, k->max);
		if (k->kind == SECRET)
			cw_buf_fmt(b, "; secret: or put it into a file and set %s_FILE to its path", k->variable);
		cw_buf_fmt(b, "\n%s=%s\n", k->variable, k->dflt);
	}
	cw_buf_puts(b,
		"\n# Where the recogniser's model stands, when not where Debian puts it\nCW_POCKETSPHINX_MODEL=\n"
		"\n# No colours on the terminal when set to anything (https://no-color.org)\nNO_COLOR=\n");
}

static const char *from_environment(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value ? value : NULL;
}

const char *cw_config_auth_token(void)
{
	return from_environment("CW_TWILIO_AUTH_TOKEN");
}

const char *cw_config_chat_key(void)
{
	return from_environment("CW_CHAT_API_KEY");
}
