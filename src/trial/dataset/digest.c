#include "trial/dataset/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/mem.h"

struct cw_digest {
	EVP_MD_CTX *md;
	bool bad;
};

static int end(struct cw_digest *d)
{
	EVP_MD_CTX_free(d->md);
	return 0;
}

int cw_digest_new(void *parent, struct cw_digest **ret)
{
	CW_SCOPED struct cw_digest *d = talloc_zero(NULL, struct cw_digest);

	if (!d)
		return ENOMEM;
	d->md = EVP_MD_CTX_new();
	talloc_set_destructor(d, end);
	if (!d->md || !EVP_DigestInit_ex(d->md, EVP_sha256(), NULL))
		return ENOMEM;
	*ret = talloc_move(parent, &d);
	return 0;
}

void cw_digest_add(struct cw_digest *d, struct cw_str bytes)
{
	d->bad = d->bad || !EVP_DigestUpdate(d->md, bytes.p, bytes.len);
}

int cw_digest_end(struct cw_digest *d, char hex[CW_DIGEST_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (d->bad || !EVP_DigestFinal_ex(d->md, sum, &n) || n != CW_DIGEST_HEX / 2)
		return EIO;
	for (unsigned i = 0; i < n; i++) {
		hex[(size_t)2 * i] = digits[sum[i] >> 4];
		hex[(size_t)2 * i + 1] = digits[sum[i] & 15];
	}
	hex[CW_DIGEST_HEX] = 0;
	return 0;
}

int cw_digest_of(struct cw_str bytes, char hex[CW_DIGEST_HEX + 1])
{
	CW_SCOPED struct cw_digest *d = NULL;
	int err = cw_digest_new(NULL, &d);

	if (err)
		return err;
	cw_digest_add(d, bytes);
	return cw_digest_end(d, hex);
}

int cw_digest_file(const char *path, char hex[CW_DIGEST_HEX + 1])
{
	CW_SCOPED struct cw_digest *d = NULL;
	char block[65536];
	FILE *f = fopen(path, "re");
	int err = f ? cw_digest_new(NULL, &d) : errno;
	size_t n;

	if (!f)
		return err;
	while (!err && (n = fread(block, 1, sizeof(block), f)) > 0)
		cw_digest_add(d, (struct cw_str){block, n});
	if (!err && ferror(f))
		err = EISDIR;
	(void)fclose(f); /* only read */
	return err ? err : cw_digest_end(d, hex);
}
