#include "trial/dataset/split.h"

#include <errno.h>
#include <string.h>

#include "trial/dataset/dataset.h"

/* What stands behind "by=" or "by:" in one of the tags. */
static const char *tag_value(const json_t *c, const char *by)
{
	const json_t *tags = json_object_get(c, "tags");
	size_t n = strlen(by);

	for (size_t i = 0; i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		if (tag && !strncmp(tag, by, n) && (tag[n] == '=' || tag[n] == ':') && tag[n + 1])
			return tag + n + 1;
	}
	return NULL;
}

static const char *speaker(const json_t *c)
{
	const json_t *with = json_object_get(c, "with"), *caller = json_object_get(with, "caller");
	const char *own = cw_json_str(json_object_get(c, "provenance"), "speaker", NULL);

	return own ? own : cw_json_str(caller, "voice", cw_json_str(with, "voice", NULL));
}

char *cw_split_group(void *parent, const json_t *splits, const json_t *c)
{
	const char *by = cw_json_str(splits, "by", ""), *value = by[0] ? tag_value(c, by) : NULL;

	if (!value && !strcmp(by, "speaker"))
		value = speaker(c);
	return value ? talloc_asprintf(parent, "%s=%s", by, value) : talloc_strdup(parent, cw_json_str(c, "id", ""));
}

/* 0 … 1 from the first 52 bits. */
static double place_of(const char hex[CW_DIGEST_HEX + 1])
{
	uint64_t v = 0;

	for (int i = 0; i < 13; i++)
		v = v << 4 | (uint64_t)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
	return (double)v / (double)(1ull << 52);
}

const char *cw_split_of(const json_t *splits, const json_t *c)
{
	CW_SCOPED char *group = cw_split_group(NULL, splits, c);
	CW_SCOPED char *text =
		group ? talloc_asprintf(NULL, "%lld\n%s", (long long)cw_json_int(splits, "seed", 1), group) : NULL;
	char hex[CW_DIGEST_HEX + 1];
	double place, edge = 0;

	if (!text || cw_digest_of(cw_str(text), hex))
		return NULL;
	place = place_of(hex);
	for (size_t i = 0; cw_splits[i + 1]; i++) {
		edge += cw_json_num(splits, cw_splits[i], 0);
		if (place < edge)
			return cw_splits[i];
	}
	return cw_json_num(splits, "test", 0) > 0 ? "test" : cw_json_num(splits, "dev", 0) > 0 ? "dev" : "train";
}

static int check_shares(const json_t *splits, struct cw_why *why)
{
	double sum = 0;

	for (size_t i = 0; cw_splits[i]; i++) {
		double share = cw_json_num(splits, cw_splits[i], 0);

		if (!(share >= 0 && share <= 1))
			return cw_why_set(why, EINVAL, "the share of %s is %g: from 0 to 1", cw_splits[i], share);
		sum += share;
	}
	if (sum < 0.999999 || sum > 1.000001)
		return cw_why_set(why, EINVAL, "train, dev and test must add up to 1, not %g", sum);
	return 0;
}

static int assign(struct cw_dataset *d, size_t i, const json_t *splits, size_t counts[3], struct cw_why *why)
{
	CW_JSON_SCOPED json_t *c = NULL;
	int err = cw_dataset_get(d, i, &c);
	const char *split = err ? NULL : cw_split_of(splits, c);

	if (!split)
		return err ? err : ENOMEM;
	for (size_t s = 0; cw_splits[s]; s++)
		counts[s] += cw_splits[s] == split;
	if (!strcmp(cw_json_str(c, "split", ""), split))
		return 0;
	return json_object_set_new(c, "split", json_string(split)) ? ENOMEM : cw_dataset_set(d, i, c, why);
}

int cw_split(struct cw_dataset *d, json_t *splits, size_t counts[3], struct cw_why *why)
{
	int err = check_shares(splits, why);

	memset(counts, 0, 3 * sizeof(counts[0]));
	for (size_t i = 0; !err && i < cw_dataset_count(d); i++)
		err = assign(d, i, splits, counts, why);
	if (err)
		return cw_why_set(why, err, "%s", strerror(err));
	return json_object_set(cw_dataset_meta(d), "splits", splits) ? ENOMEM : 0;
}
