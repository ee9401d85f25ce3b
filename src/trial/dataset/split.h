/*
 * split.h: which part of a dataset a case belongs to: train, dev or test
 *
 * Decided by the SHA-256 of the seed and of the case's group alone: the same on every machine, and a case stays where it is when others come
 * or go. Cases of one group are never torn apart. A group is what the tag `BY=value` (or `BY:value`) says; "speaker" is also what
 * provenance.speaker or the caller's voice says. Without `by`, or where a case has no such tag, the group is the case's id.
 * Thread: pure.
 */
#pragma once
#include "base/json.h"

struct cw_dataset;

/* @splits: {train, dev, test, seed, by} of dataset.yaml. */
const char *cw_split_of(const json_t *splits, const json_t *c);
/* The group's name under @parent. NULL: no memory. */
char *cw_split_group(void *parent, const json_t *splits, const json_t *c);
/* Assign every case anew and note @splits in dataset.yaml. EINVAL: shares below 0 or another sum than 1. @counts: cases by split. */
int cw_split(struct cw_dataset *d, json_t *splits, size_t counts[3], struct cw_why *why);
