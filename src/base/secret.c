/* Tokens and keys in memory that is overwritten before it is given back. */
#include "base/secret.h"

#include "base/mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

struct secret {
	size_t len;
	char   text[];
};

struct secret *
secret_new(struct str s)
{
	struct secret *x = xmalloc(size_add(sizeof *x, size_add(s.len, 1)));

	x->len = s.len;
	if (s.len)
		memcpy(x->text, s.p, s.len);
	x->text[s.len] = '\0';
	return x;
}

struct secret *
secret_dup(const struct secret *s)
{
	return s ? secret_new(secret_get(s)) : NULL;
}

struct str
secret_get(const struct secret *s)
{
	return s ? (struct str){ s->text, s->len } : S("");
}

bool
secret_eq(const struct secret *a, const struct secret *b)
{
	if (!a || !b)
		return a == b;
	return a->len == b->len && CRYPTO_memcmp(a->text, b->text, a->len) == 0;
}

void
secret_free(struct secret *s)
{
	if (!s)
		return;
	secret_wipe(s, sizeof *s + s->len);
	free(s);
}

void
secret_freep(struct secret **s)
{
	secret_free(*s);
	*s = NULL;
}

void
secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
