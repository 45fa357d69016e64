/* Maps from texts. */
#include "base/strmap.h"

#include "base/mem.h"

/* Its hash function falls through switch labels on purpose. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#define uthash_fatal(msg) panic(__FILE__, __LINE__, msg)
#include <uthash.h>

struct strmap_entry {
	UT_hash_handle hh;
	void          *value;
	size_t         len;
	char           key[];
};
struct strmap { struct strmap_entry *head; };

struct strmap *
strmap_new(void)
{
	return xcalloc(1, sizeof(struct strmap));
}

void
strmap_free(struct strmap *m)
{
	struct strmap_entry *en, *next;

	if (m == NULL)
		return;
	HASH_ITER(hh, m->head, en, next) {
		HASH_DEL(m->head, en);
		free(en);
	}
	free(m);
}

void
strmap_freep(struct strmap **m)
{
	strmap_free(*m);
	*m = NULL;
}

static struct strmap_entry *
find(const struct strmap *m, struct str key)
{
	const char *p = key.len ? key.p : "";
	struct strmap_entry *en;

	HASH_FIND(hh, m->head, p, key.len, en);
	return en;
}

void *
strmap_get(const struct strmap *m, struct str key)
{
	struct strmap_entry *en = find(m, key);

	return en != NULL ? en->value : NULL;
}

void
strmap_put(struct strmap *m, struct str key, void *value)
{
	struct strmap_entry *en = find(m, key);

	if (en == NULL) {
		en = xcalloc(1, sizeof *en + key.len + 1);
		en->len = key.len;
		if (key.len > 0)
			memcpy(en->key, key.p, key.len);
		HASH_ADD(hh, m->head, key, key.len, en);
	}
	en->value = value;
}

bool
strmap_has(const struct strmap *m, struct str key)
{
	return find(m, key) != NULL;
}

bool
strmap_add(struct strmap *m, struct str key)
{
	if (strmap_has(m, key))
		return false;
	strmap_put(m, key, m);
	return true;
}

size_t
strmap_len(const struct strmap *m)
{
	return HASH_COUNT(m->head);
}

void
strmap_each(const struct strmap *m, void (*fn)(void *, struct str, void *), void *ctx)
{
	for (struct strmap_entry *en = m->head; en != NULL; en = en->hh.next)
		fn(ctx, (struct str){ en->key, en->len }, en->value);
}
