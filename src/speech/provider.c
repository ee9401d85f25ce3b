#include "speech/provider.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 4096

const char *cw_provider_env(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value ? value : NULL;
}

static int wipe(char *secret)
{
	explicit_bzero(secret, talloc_get_size(secret));
	return 0;
}

static int read_file(const char *variable, const char *path, char out[SECRET_MAX], struct cw_why *why)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return cw_why_set(why, EINVAL, "%s: cannot read '%s': %s", variable, path, strerror(errno));
	n = fread(out, 1, SECRET_MAX - 1, f);
	(void)fclose(f); /* only read */
	out[n] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

int cw_provider_secret(void *parent, const char *variable, char **ret, struct cw_why *why)
{
	char name[80], text[SECRET_MAX] = "";
	const char *value = cw_provider_env(variable), *path;
	int err = 0;

	(void)snprintf(name, sizeof(name), "%s_FILE", variable);
	path = value ? NULL : cw_provider_env(name);
	if (path)
		err = read_file(name, path, text, why);
	if (err)
		return err;
	*ret = NULL;
	if (!value && !*text)
		return 0;
	*ret = talloc_strdup(parent, value ? value : text);
	explicit_bzero(text, sizeof(text));
	if (!*ret)
		return ENOMEM;
	talloc_set_destructor(*ret, wipe);
	return 0;
}
