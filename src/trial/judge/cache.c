#include "trial/judge/cache.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "base/file.h"

#define ANSWER_MAX (1u << 20)

static int path_of(const char *folder, struct cw_str key, char *out, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[65];
	unsigned n = 0;

	if (!EVP_Digest(key.p, key.len, digest, &n, EVP_sha256(), NULL))
		return ENOMEM;
	for (unsigned i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]); /* fits */
	return (size_t)snprintf(out, size, "%s/%s", folder, hex) < size ? 0 : ENAMETOOLONG;
}

int cw_cache_get(const char *folder, struct cw_str key, struct cw_buf *ret)
{
	char path[4096];
	int err = folder ? path_of(folder, key, path, sizeof(path)) : ENOENT;

	return err ? err : cw_file_read(path, ANSWER_MAX, ret, NULL);
}

void cw_cache_put(const char *folder, struct cw_str key, struct cw_str answer)
{
	char path[4096];

	if (!folder || path_of(folder, key, path, sizeof(path)))
		return;
	(void)mkdir(folder, 0777);                 /* it may be there; if not, the write below fails */
	(void)cw_file_replace(path, answer, NULL); /* not kept: asked again next time */
}
