/* Bump allocation for one parse, one object or one job; everything goes at once.  Owned by one thread. */
#ifndef ORLOP_BASE_ARENA_H
#define ORLOP_BASE_ARENA_H

#include "base/str.h"

#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t              used;   /* bytes handed out since init or reset */
};
#define ARENA_INIT { 0 }
#define AUTO_ARENA __attribute__((cleanup(arena_done)))

void *arena_alloc(struct arena *a, size_t n);              /* zeroed, aligned for any type; never NULL */
char *arena_strdup(struct arena *a, struct str s);         /* NUL-terminated */
struct str arena_str(struct arena *a, struct str s);       /* copy as slice (also NUL-terminated) */
void  arena_reset(struct arena *a);                        /* frees all but the first block, which is reused */
void  arena_done(struct arena *a);

#endif
