/*
 * audit.h: is a dataset fit to be given away? What `callwright dataset check` looks at
 *
 * Every file parses and has the hashes it should have, ids are unique, clips are there and are what their names say, every version can be had; no
 * personal data (language/pii.h; numbers and addresses that belong to nobody, as 555-01xx and example.com, are none); no two cases the same, or nearly so
 * (cosine of the words above 0.95, language/embed.h lexical): in two splits that is a leak. Up to 1,000 cases every pair is compared, above
 * that those pairs which share one of eight bands of four minhashes of their words (of two that share 9 in 10 words 1 in 100 is missed).
 * Blocking.
 */
#pragma once
#include "trial/dataset/dataset.h"

struct cw_audit_conf {
	bool allow_personal, allow_duplicates;
	cw_dataset_problem_fn *problem;
	void *arg;
};

struct cw_audit {
	size_t cases, clips, versions;
	size_t problems;
	size_t opened, edited; /* of the problems: seen when opening it, and those of them which saving would settle */
};

/* EINVAL … only when nothing could be looked at; what is found goes to conf->problem. @ret may be NULL, else the dataset (to be saved: accepted). */
int cw_audit(void *parent, const char *dir, const struct cw_audit_conf *conf, struct cw_audit *found,
	struct cw_dataset **ret, struct cw_why *why);
