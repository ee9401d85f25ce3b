/* `javascript`: code of the scenario file, run by node. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "trial/check/check_int.h"
#include "trial/check/command.h"

#define LIMIT_S     10
#define LIMIT_MAX_S 60
#define OUTPUT_MAX  (256u * 1024)
#define MARK        "\x01result:"

static const char *const code_keys[] = {"value", "threshold", "config", "timeout_s", "by", NULL};

/*
 * Reads {code | file, name, output, context} from its standard input and writes what the code returned behind a mark. An expression, a function or,
 * with several lines, a function's body. What the code prints goes nowhere.
 */
static const char runner[] =
	"const fs=require('fs'),path=require('path'),url=require('url');"
	"const d=JSON.parse(fs.readFileSync(0,'utf8'));"
	"const quiet=()=>{};for(const k of ['log','info','warn','error','debug'])console[k]=quiet;"
	"async function load(){"
	"let m;if(d.file.endsWith('.mjs'))m=await import(url.pathToFileURL(d.file));else m=require(path.resolve(d.file));"
	"let f=d.name?m[d.name]:m;if(f&&typeof f!=='function'&&f.default)f=f.default;"
	"if(typeof f!=='function')throw new Error('it exports no function'+(d.name?' '+d.name:''));return f;}"
	"function inline(){"
	"if(!d.code.includes('\\n')){try{return new Function('output','context','return ('+d.code.trim().replace(/;$/,'')+'\\n)')}"
	"catch(e){if(!(e instanceof SyntaxError))throw e;}}"
	"return new (Object.getPrototypeOf(async function(){}).constructor)('output','context',d.code);}"
	"(async()=>{const f=d.file?await load():inline();let r=await f(d.output,d.context);"
	"if(typeof r==='function')r=await r(d.output,d.context);"
	"if(typeof r==='number'&&!Number.isFinite(r))throw new Error('it returned '+r);"
	"return r===undefined?{none:true}:{value:r};})()"
	".catch(e=>({thrown:String(e&&e.message||e).slice(0,500)}))"
	".then(r=>fs.writeSync(1,'\\n\\x01result:'+JSON.stringify(r)+'\\n'));";

/* What the caller said before. */
static const char *prompt_of(const struct cw_view *v, size_t play)
{
	return play == CW_PLAY_NONE ? "" : v->plays[play].text;
}

static json_t *task(const struct cw_view *v, const struct cw_assert *a, size_t play, const char *text)
{
	const char *value = cw_json_str(a->conf, "value", ""), *name = "";
	json_t *config = json_object_get(a->conf, "config");
	CW_JSON_SCOPED json_t *context =
		json_pack("{s:O?, s:s, s:O?}", "vars", a->vars, "prompt", prompt_of(v, play), "config", config);

	if (strncmp(value, "file://", 7))
		return json_pack("{s:s, s:s, s:O}", "code", value, "output", text, "context", context);
	value += 7;

	/* "file://checks.js:name" */
	const char *colon = strrchr(value, ':');
	size_t n = strlen(value);

	if (colon && colon > value && !strchr(colon, '/')) {
		n = (size_t)(colon - value);
		name = colon + 1;
	}
	return json_pack("{s:s%, s:s, s:s, s:O}", "file", value, n, "name", name, "output", text, "context", context);
}

static int run_node(const struct cw_assert *a, const json_t *t, json_t **ret, struct cw_why *why)
{
	static const char *const argv[] = {"node", "--max-old-space-size=128", "--no-warnings", "-e", runner, NULL};
	CW_BUF_SCOPED struct cw_buf input = CW_BUF(1u << 20);
	CW_BUF_SCOPED struct cw_buf output = CW_BUF(OUTPUT_MAX);
	const char *mark = NULL;
	int status = 0;

	cw_json_dump(&input, t);
	if (cw_buf_err(&input))
		return cw_why_set(why, cw_buf_err(&input), "the words are too long to be given to it");

	const struct cw_command cmd = {.argv = argv,
		.input = cw_buf_str(&input),
		.limit_ms = (unsigned)(cw_json_num(a->conf, "timeout_s", LIMIT_S) * 1000),
		.max_output = OUTPUT_MAX};
	int err = cw_command_run(&cmd, &output, &status, why);

	if (err)
		return err;
	for (const char *p = output.p; p && (p = strstr(p, MARK)); p += strlen(MARK))
		mark = p + strlen(MARK);
	if (!mark)
		return cw_why_set(why, EPROTO,
			status > 128 ? "it was ended by signal %d (128 MB of memory are allowed)"
				     : "it ended with status %d and returned nothing",
			status > 128 ? status - 128 : status);
	return cw_json_parse(mark, strlen(mark), ret, why);
}

/* ---- what it returned ---- */

static int by_score(void *parent, const struct cw_assert *a, double score, struct cw_check *c)
{
	double threshold = cw_json_num(a->conf, "threshold", NAN);

	c->score = fmin(fmax(score, 0), 1);
	c->status = (isnan(threshold) ? score > 0 : score >= threshold) ? CW_CHECK_PASS : CW_CHECK_FAIL;
	return cw_check_say(parent, &c->got, "%g", score);
}

static int by_object(void *parent, const struct cw_assert *a, const json_t *r, struct cw_check *c)
{
	const json_t *pass = json_object_get(r, "pass"), *score = json_object_get(r, "score");
	const char *reason = cw_json_str(r, "reason", "");
	double threshold = cw_json_num(a->conf, "threshold", NAN);

	if (!json_is_boolean(pass) || (score && !json_is_number(score)))
		return cw_check_error(
			parent, c, "it returned an object that is not {pass: true or false, score, reason}");
	c->score = score ? fmin(fmax(json_number_value(score), 0), 1) : (double)json_is_true(pass);
	c->status = json_is_true(pass) && (isnan(threshold) || c->score >= threshold) ? CW_CHECK_PASS : CW_CHECK_FAIL;

	int err = cw_check_say(parent, &c->reason, "%.300s", reason);

	return err ? err
		   : cw_check_say(parent, &c->got, "%s, score %g", json_is_true(pass) ? "pass" : "no pass", c->score);
}

static int settle(void *parent, const struct cw_assert *a, const json_t *result, struct cw_check *c)
{
	const json_t *r = json_object_get(result, "value");
	const char *thrown = cw_json_str(result, "thrown", NULL);

	if (thrown)
		return cw_check_error(parent, c, "the code failed: %s", thrown);
	if (json_is_boolean(r)) {
		c->got = json_is_true(r) ? "true" : "false";
		c->status = json_is_true(r) ? CW_CHECK_PASS : CW_CHECK_FAIL;
		return 0;
	}
	if (json_is_number(r))
		return by_score(parent, a, json_number_value(r), c);
	if (json_is_object(r))
		return by_object(parent, a, r, c);
	return cw_check_error(parent, c,
		"the code returned nothing that can be judged: true, false, a number or {pass, score, reason}");
}

static int run_javascript(
	void *parent, const struct cw_view *v, const struct cw_assert *a, size_t play, struct cw_check *c)
{
	CW_JSON_SCOPED json_t *t = NULL;
	CW_JSON_SCOPED json_t *result = NULL;
	struct cw_why why = {0};
	const char *text = NULL;
	int err = cw_check_say(parent, &c->expected, "%.200s", cw_json_str(a->conf, "value", ""));

	if (!err)
		err = cw_check_one_text(parent, v, a, play, c, &text);
	if (err || !text)
		return err;
	c->decided_by = "node";
	t = task(v, a, play, text);
	if (!t)
		return ENOMEM;
	err = run_node(a, t, &result, &why);
	if (err == ENOMEM)
		return err;
	if (err == ENOENT)
		return cw_check_error(parent, c,
			"javascript is run by node, which is not in PATH: install it or remove the assertion");
	return err ? cw_check_error(parent, c, "%s", why.text) : settle(parent, a, result, c);
}

static int validate(const json_t *conf, struct cw_why *why)
{
	const json_t *limit = json_object_get(conf, "timeout_s"), *threshold = json_object_get(conf, "threshold");
	int err = cw_check_needs_text(conf, why);

	if (!err && threshold && !json_is_number(threshold))
		return cw_why_set(why, EINVAL, "'threshold' must be a number: the score that is enough");
	if (!err && limit &&
		(!json_is_number(limit) || !(json_number_value(limit) > 0 && json_number_value(limit) <= LIMIT_MAX_S)))
		return cw_why_set(why, EINVAL, "'timeout_s' must be above 0 and at most %d", LIMIT_MAX_S);
	return err ? err : cw_check_valid_by(conf, why);
}

const struct cw_check_kind cw_checks_code[] = {
	{"javascript", "code returns true, a score or {pass, score, reason}; run by node", CW_CHECK_ANYWHERE, code_keys,
		validate, run_javascript, NULL, CW_NEEDS_VARS | CW_NEEDS_CODE, NULL},
	{0},
};
