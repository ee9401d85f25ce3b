#include "base/mem.h"

#include <unistd.h>

_Noreturn void cw_assert_failed(const char *cond, const char *file, int line, const char *func)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "callwright: %s:%d: %s(): broken promise: %s\n", file, line, func, cond);

	if (n > (int)sizeof(text) - 1)
		n = (int)sizeof(text) - 1;
	/* write() rather than stdio: the heap or the stream's lock may be what is broken; its result changes nothing now. */
	if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
		abort();
	abort();
}

void cw_libc_free(void *p)
{
	free(p);
}
