/*
 * tar.h: a dataset as one file (POSIX.1-1988 ustar), the same bytes for the same content
 *
 * Written: the files that belong to a dataset and no others, sorted by name, mode 0644, owner 0, time 0. Read: plain files and folders
 * with the names a dataset has, below the folder; links, devices, other names, "..", files twice, sizes beyond the limits and wrong checksums are errors.
 * Blocking.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/str.h"
#include "base/why.h"

#define CW_TAR_FILES_MAX 200000
#define CW_TAR_BYTES_MAX (4ull << 30)

struct cw_tar_entry {
	char name[256];
	uint64_t size;
	bool folder;
};

/* Read a header of 512 bytes. 0; ENODATA: a block of zeros (the end); EBADMSG: @why says what is wrong with it (without a place). */
int cw_tar_parse(const unsigned char block[512], struct cw_tar_entry *ret, struct cw_why *why);
/* May a dataset have a file (or folder) of this name? */
bool cw_tar_name_ok(const char *name, bool folder);

/* @dir as a tar. ENOENT … with @why. */
int cw_tar_pack(const char *dir, FILE *out, size_t *files, struct cw_why *why);
/* Into the new folder @dir. EEXIST, EBADMSG (with the byte at which), EFBIG. */
int cw_tar_unpack(FILE *in, const char *name, const char *dir, size_t *files, struct cw_why *why);
