/* Growth of typed arrays, and the list of owned texts. */
#include "base/vec.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void *
vec_grow(void *at, size_t len, size_t *cap, size_t size)
{
	if (len < *cap)
		return at;
	*cap = *cap ? size_mul(*cap, 2) : 8;
	return xreallocarray(at, *cap, size);
}

void
strs_add(struct strs *v, const char *s)
{
	*vec_push(v) = xstrdup(s);
}

void
strs_copy(struct strs *to, const struct strs *from)
{
	for (size_t i = 0; i < from->len; i++)
		strs_add(to, from->at[i]);
}

void
strs_free(struct strs *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(v->at[i]);
	vec_free(v);
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strs_sort(struct strs *v)
{
	if (v->len)
		qsort(v->at, v->len, sizeof *v->at, compare_texts);
}
