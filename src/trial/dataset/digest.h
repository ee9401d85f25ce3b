/*
 * digest.h: SHA-256 (FIPS 180-4) as lower-case hex
 *
 * Thread: pure; files are read blocking.
 */
#pragma once
#include <stddef.h>

#include "base/str.h"

#define CW_DIGEST_HEX 64 /* without the NUL */

struct cw_digest; /* talloc */

/* ENOMEM. */
int cw_digest_new(void *parent, struct cw_digest **ret);
void cw_digest_add(struct cw_digest *d, struct cw_str bytes);
/* Once, as the last thing. EIO: the library refused. */
int cw_digest_end(struct cw_digest *d, char hex[CW_DIGEST_HEX + 1]);

/* All at once. ENOMEM, EIO. */
int cw_digest_of(struct cw_str bytes, char hex[CW_DIGEST_HEX + 1]);
/* Of a file's bytes. ENOENT, EISDIR … */
int cw_digest_file(const char *path, char hex[CW_DIGEST_HEX + 1]);
