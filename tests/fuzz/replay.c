/* Feed every file of a corpus folder to the fuzz target once; one TAP line per file. */
#include <dirent.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX_BYTES (1 << 20)

int main(int argc, char **argv)
{
	static uint8_t bytes[FILE_MAX_BYTES];
	unsigned n = 0;

	if (argc != 2)
		return 2;

	DIR *dir = opendir(argv[1]);

	if (!dir) {
		perror(argv[1]);
		return 2;
	}
	for (struct dirent *e; (e = readdir(dir));) {
		char path[PATH_MAX];

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);

		FILE *f = fopen(path, "rb");

		if (!f)
			continue;

		size_t len = fread(bytes, 1, sizeof(bytes), f);

		fclose(f);
		(void)LLVMFuzzerTestOneInput(bytes, len); /* its value is always 0; a fault ends the process */
		printf("ok %u - %s\n", ++n, e->d_name);
	}
	closedir(dir);
	printf("1..%u\n", n);
	return n ? 0 : 2;
}
