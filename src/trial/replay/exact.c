#include "trial/replay/exact.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/effect.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "trial/execute/babble.h"
#include "trial/execute/calling.h"
#include "trial/execute/execute.h"
#include "trial/run/rundir.h"
#include "trial/scenario/plan.h"
#include "world/os.h"

#define RUN_MAX  (16u << 20)
#define FILE_MAX (1024u << 20)

struct replay {
	const char *call; /* its folder */
	char *run, *key, *scratch;
	json_t *description;
	struct cw_trial_conf conf;
	struct cw_plan *plan;
	const struct cw_plan_item *item;
	struct cw_exact *exact;
	struct cw_why *why;
};

/* ---- digests ---- */

/* "" when the file is not there. */
static int digest(const char *dir, const char *name, char hex[CW_SHA256_HEX])
{
	unsigned char sum[EVP_MAX_MD_SIZE], block[65536];
	EVP_MD_CTX *md = NULL;
	unsigned n = 0;
	char path[4096];
	size_t got;
	bool good;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name); /* a path that does not fit is not found */
	hex[0] = 0;
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : errno;
	md = EVP_MD_CTX_new();
	good = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	while (good && (got = fread(block, 1, sizeof(block), f)) > 0)
		good = EVP_DigestUpdate(md, block, got);
	good = good && !ferror(f) && EVP_DigestFinal_ex(md, sum, &n);
	EVP_MD_CTX_free(md);
	(void)fclose(f); /* only read */
	for (unsigned i = 0; good && i < n && i < 32; i++)
		(void)snprintf(hex + (size_t)2 * i, 3, "%02x", sum[i]); /* fits */
	return good ? 0 : EIO;
}

static int compare(struct replay *r, const char *again)
{
	struct cw_exact *x = r->exact;
	const char *const dirs[2] = {r->call, again};
	int err = 0;

	for (int i = 0; !err && i < 2; i++) {
		err = digest(dirs[i], "both.wav", x->frames[i]);
		if (!err)
			err = digest(dirs[i], "events.jsonl", x->events[i]);
	}
	x->same = !err && x->events[0][0] && !strcmp(x->events[0], x->events[1]) && !strcmp(x->frames[0], x->frames[1]);
	if (!err && !x->events[0][0])
		return cw_why_at(r->why, ENOENT, r->call, 0, 0,
			"has no events.jsonl: the run kept nothing of this call (--record none)");
	return err;
}

/* ---- the plan of then ---- */

static int read_run(struct replay *r)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/run.json", r->run);
	int err = path ? cw_json_load(path, RUN_MAX, &r->description, r->why) : ENOMEM;

	if (!err)
		err = cw_trial_conf_parse(r->run, json_object_get(r->description, "configuration"), &r->conf, r->why);
	return err;
}

static int find_item(struct replay *r)
{
	char hash[24];
	int err = cw_plan_new(r->run, &r->conf, &r->plan, r->why);

	if (err)
		return err;
	(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)r->plan->hash); /* fits */
	r->exact->changed = strcmp(hash, cw_json_str(r->description, "plan_hash", "")) != 0;
	for (size_t i = 0; i < r->plan->n; i++)
		if (!strcmp(r->plan->items[i].key, r->key))
			r->item = &r->plan->items[i];
	if (!r->item)
		return cw_why_at(r->why, ESRCH, r->call, 0, 0, "the scenario files have no such call any more");
	return 0;
}

static int crowd(struct replay *r, int16_t **pcm, size_t *n)
{
	CW_SCOPED struct cw_world *w = NULL;
	struct cw_effect_conf channel;

	if (cw_profile_find(r->item->channel, &channel, NULL) || !channel.noise || strcmp(channel.noise, "babble") != 0)
		return 0;

	int err = cw_os_new(NULL, &(struct cw_os_conf){0}, &w);

	return err ? err : cw_babble_render(r->run, w, pcm, n, r->why);
}

static void keep_verdicts(struct replay *r, const char *now)
{
	CW_BUF_SCOPED struct cw_buf b = CW_BUF(FILE_MAX);
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/results.jsonl", r->run);
	struct cw_str rest, line;

	(void)snprintf(r->exact->verdict[1], sizeof(r->exact->verdict[1]), "%s", now);
	if (!path || cw_file_read(path, FILE_MAX, &b, NULL))
		return; /* then it is not told */
	rest = cw_buf_str(&b);
	while (cw_str_split(&rest, '\n', &line)) {
		CW_JSON_SCOPED json_t *j = NULL;

		if (line.len && !cw_json_parse(line.p, line.len, &j, NULL) &&
			!strcmp(cw_json_str(j, "key", ""), r->key))
			(void)snprintf(r->exact->verdict[0], sizeof(r->exact->verdict[0]), "%s",
				cw_json_str(j, "verdict", ""));
	}
}

static int again(struct replay *r)
{
	CW_SCOPED struct cw_exec_result *result = NULL;
	CW_SCOPED char *calls = talloc_asprintf(NULL, "%s/calls", r->scratch);
	CW_SCOPED char *folder = talloc_asprintf(NULL, "%s/calls/%s", r->scratch, r->key);
	int16_t *babble = NULL;
	size_t n_babble = 0;
	int err = calls && folder ? crowd(r, &babble, &n_babble) : ENOMEM;

	if (err)
		return err;
	if (mkdir(calls, 0700))
		return cw_why_set(r->why, errno, "folder %s cannot be made: %s", calls, strerror(errno));

	const struct cw_exec_conf xc = {
		.item = r->item, .trial = &r->conf, .run_dir = r->scratch, .babble = babble, .n_babble = n_babble};

	err = cw_execution_simulate(r->run, &xc, &result);
	if (err)
		return cw_why_set(r->why, err, "the call could not be simulated again: %s", strerror(err));
	keep_verdicts(r, cw_verdict_name(result->verdict));
	return compare(r, folder);
}

/* ---- from the journal of a call in real time ---- */

static int read_journal(struct replay *r, struct cw_journal **ret)
{
	CW_SCOPED char *path = talloc_asprintf(NULL, "%s/journal.bin", r->call);

	if (!path)
		return ENOMEM;
	if (access(path, F_OK))
		return cw_why_at(r->why, ENOTSUP, r->call, 0, 0,
			"was a call in real time, which the clock and the network of that day took part in, and kept no journal of them (callwright "
			"test --journal): make a test of it (--to-test), or call again with its caller's audio (without --exact)");
	return cw_journal_load(r->run, path, ret, r->why);
}

/* When t = 0 was on the journal's clock; a journal of another call is not this call's. */
static int read_head(struct replay *r, struct cw_journal *j, uint64_t *t0_us)
{
	CW_JSON_SCOPED json_t *head = NULL;
	int err = cw_json_parse(cw_journal_head(j), strlen(cw_journal_head(j)), &head, r->why);
	json_int_t t0 = err ? -1 : cw_json_int(head, "t0_us", -1);

	if (err)
		return err;
	if (t0 < 0 || strcmp(cw_json_str(head, "key", ""), r->key) != 0)
		return cw_why_at(r->why, EBADMSG, r->call, 0, 0, "journal.bin is of the call '%s', not of this one",
			cw_json_str(head, "key", "?"));
	*t0_us = (uint64_t)t0;
	return 0;
}

static void keep_found(struct cw_exact *x)
{
	for (int i = 0; i < 2; i++) {
		(void)snprintf(x->frames[i], sizeof(x->frames[i]), "%s", x->found.frames_sha[i]); /* fits */
		(void)snprintf(x->events[i], sizeof(x->events[i]), "%s", x->found.events_sha[i]);
	}
	x->same = x->found.same;
}

static int replay_journal(struct replay *r)
{
	struct cw_effect_conf channel = {0};
	struct cw_calling_conf cc = {.item = r->item, .channel = &channel};
	CW_SCOPED struct cw_world *w = NULL;
	struct cw_journal *j = NULL;
	int16_t *babble = NULL;
	size_t n_babble = 0;
	uint64_t began;
	int err = read_journal(r, &j);

	r->exact->journal = true;
	if (!err)
		err = read_head(r, j, &cc.epoch_us);
	if (!err)
		err = crowd(r, &babble, &n_babble);
	if (!err)
		err = cw_exec_channel(r->item, babble, n_babble, &channel, r->why);
	if (!err)
		err = cw_os_new(NULL, &(struct cw_os_conf){0}, &w);
	if (err)
		return err;
	began = cw_now(w);
	err = cw_calling_replay(j, &cc, &r->exact->found, r->why);
	r->exact->took_us = cw_now(w) - began;
	if (!err) {
		keep_verdicts(r, "");
		keep_found(r->exact);
	}
	return err;
}

/* ---- folders ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path) && errno != ENOENT ? errno : 0;
}

static int split_path(struct replay *r, const char *call)
{
	CW_SCOPED char *real = talloc_size(NULL, PATH_MAX);
	char *slash;

	if (!real)
		return ENOMEM;
	if (!realpath(call, real))
		return cw_why_at(r->why, errno, call, 0, 0, "%s: expected the folder of a call, calls/KEY of a run",
			strerror(errno));
	slash = strrchr(real, '/');
	r->run = talloc_strdup(NULL, real);
	r->key = r->run && slash ? talloc_strdup(r->run, slash + 1) : NULL;
	if (!r->key)
		return ENOMEM;
	for (int i = 0; i < 2; i++) {
		slash = strrchr(r->run, '/');
		if (!slash || slash == r->run)
			return cw_why_at(r->why, EINVAL, call, 0, 0, "is not calls/KEY of a run");
		*slash = 0;
	}
	return 0;
}

static int replay_in(struct replay *r)
{
	char scratch[] = "/tmp/callwright-replay-XXXXXX";
	int err;

	if (!mkdtemp(scratch))
		return cw_why_set(r->why, errno, "no temporary folder: %s", strerror(errno));
	r->scratch = scratch;
	err = again(r);
	r->scratch = NULL;
	(void)nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* what stays is the system's to clear */
	return err;
}

int cw_exact_replay(const char *call, struct cw_exact *ret, struct cw_why *why)
{
	struct replay r = {.call = call, .exact = ret, .why = why};
	int err;

	*ret = (struct cw_exact){0};
	err = split_path(&r, call);
	if (!err)
		err = read_run(&r);
	if (!err)
		err = find_item(&r);
	if (!err)
		err = r.conf.sim ? replay_in(&r) : replay_journal(&r);
	json_decref(r.description);
	(void)talloc_free(r.run);
	return err;
}
