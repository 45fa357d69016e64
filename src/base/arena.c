/* Bump allocation in a chain of blocks, newest first. */
#include "base/arena.h"

#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FIRST ((size_t)8 * 1024)
#define BLOCK_MOST  ((size_t)256 * 1024)
#define ALIGN       _Alignof(max_align_t)

struct arena_block {
	struct arena_block *older;
	size_t              cap, used;
	_Alignas(max_align_t) char data[];
};

static struct arena_block *
block_new(struct arena *a, size_t n)
{
	size_t cap = a->head ? size_mul(a->head->cap, 2) : BLOCK_FIRST;
	struct arena_block *b;

	if (cap > BLOCK_MOST)
		cap = BLOCK_MOST;
	if (cap < n)
		cap = n;
	b = xmalloc(size_add(sizeof *b, cap));
	*b = (struct arena_block){ .older = a->head, .cap = cap };
	a->head = b;
	return b;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t rounded = size_add(n ? n : 1, ALIGN - 1) / ALIGN * ALIGN;
	struct arena_block *b = a->head;
	void *p;

	if (!b || rounded > b->cap - b->used)
		b = block_new(a, rounded);
	p = b->data + b->used;
	b->used += rounded;
	a->used += n;
	return memset(p, 0, n);
}

char *
arena_strdup(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, size_add(s.len, 1));

	if (s.len)
		memcpy(p, s.p, s.len);
	return p;
}

struct str
arena_str(struct arena *a, struct str s)
{
	return (struct str){ arena_strdup(a, s), s.len };
}

/* Frees blocks from the newest on while another one stands behind them. */
void
arena_reset(struct arena *a)
{
	while (a->head && a->head->older) {
		struct arena_block *b = a->head;

		a->head = b->older;
		free(b);
	}
	if (a->head)
		a->head->used = 0;
	a->used = 0;
}

void
arena_done(struct arena *a)
{
	arena_reset(a);
	free(a->head);
	*a = (struct arena)ARENA_INIT;
}
