/* Small JSON documents as cJSON trees. */
#include "data/jdoc.h"

#include "base/mem.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void
jdoc_global_init(void)
{
	cJSON_Hooks ours = { .malloc_fn = xmalloc, .free_fn = free };

	cJSON_InitHooks(&ours);
}

cJSON *
jdoc_parse(struct str text, struct err *e)
{
	const char *stop = text.p;
	cJSON *d = text.len ? cJSON_ParseWithLengthOpts(text.p, text.len, &stop, 0) : NULL;

	if (d == NULL)
		(void)err_set(e, EK_CORRUPT, "malformed JSON at offset %zu", text.len ? (size_t)(stop - text.p) : 0);
	return d;
}

void
jdoc_freep(cJSON **d)
{
	cJSON_Delete(*d);
}

static void
wipe(cJSON *n)
{
	cJSON *child;

	if (n->valuestring)
		secret_wipe(n->valuestring, strlen(n->valuestring));
	jdoc_each(child, n)
		wipe(child);
}

void
jdoc_wipep(cJSON **d)
{
	if (*d)
		wipe(*d);
	jdoc_freep(d);
}

/* Is name the first key of path?  Then *rest is what follows it. */
static bool
key_is(const char *path, const char *name, const char **rest)
{
	for (; *path != '\0' && *path != '.'; path++, name++) {
		if (path[0] == '\\' && path[1] == '.')
			path++;
		if (*path != *name)
			return false;
	}
	*rest = *path == '.' ? path + 1 : path;
	return *name == '\0';
}

const cJSON *
jdoc_get(const cJSON *d, const char *path)
{
	while (*path != '\0') {
		const cJSON *c, *found = NULL;
		const char *rest = path;

		if (!cJSON_IsObject(d))
			return NULL;
		jdoc_each(c, d) {
			if (key_is(path, c->string, &rest)) {
				found = c;
				break;
			}
		}
		if (found == NULL)
			return NULL;
		d = found;
		path = rest;
	}
	return d;
}

const cJSON *
jdoc_get_nocase(const cJSON *d, const char *key)
{
	const cJSON *c;

	if (!cJSON_IsObject(d))
		return NULL;
	jdoc_each(c, d) {
		if (strcmp(c->string, key) == 0)
			return c;
	}
	jdoc_each(c, d) {
		if (strcasecmp(c->string, key) == 0)
			return c;
	}
	return NULL;
}

const char *
jdoc_text(const cJSON *d, const char *path)
{
	return cJSON_GetStringValue(jdoc_get(d, path));
}

int64_t
jdoc_int(const cJSON *d, const char *path, int64_t absent)
{
	const cJSON *n = jdoc_get(d, path);
	int64_t v;

	if (!cJSON_IsNumber(n) || !(n->valuedouble >= -0x1p53 && n->valuedouble <= 0x1p53))
		return absent;
	v = (int64_t)n->valuedouble;
	return (double)v < n->valuedouble || (double)v > n->valuedouble ? absent : v;
}

bool
jdoc_bool(const cJSON *d, const char *path, bool absent)
{
	const cJSON *b = jdoc_get(d, path);

	return cJSON_IsBool(b) ? cJSON_IsTrue(b) : absent;
}
