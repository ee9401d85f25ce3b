/* Headers of tar files: whatever the bytes, an entry a dataset may have, the end, or an error that says why. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trial/dataset/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char block[512] = {0};
	struct cw_tar_entry e;
	struct cw_why why = {0};
	unsigned sum = 0;
	int err;

	memcpy(block, data, size < 512 ? size : 512);
	if (size > 512 && data[512]) { /* with the right checksum more is reached */
		memset(block + 148, ' ', 8);
		for (int i = 0; i < 512; i++)
			sum += block[i];
		(void)snprintf((char *)block + 148, 8, "%06o", sum); /* fits */
	}
	err = cw_tar_parse(block, &e, &why);
	if (err == EBADMSG ? !why.text[0] : err && err != ENODATA)
		abort();
	if (!err && (strstr(e.name, "..") || e.name[0] == '/' || e.size > CW_TAR_BYTES_MAX ||
			    strlen(e.name) >= sizeof(e.name)))
		abort();
	return 0;
}
