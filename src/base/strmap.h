/* Texts to pointers, and sets of texts (uthash behind our own names).  Owned by one thread. */
#ifndef ORLOP_BASE_STRMAP_H
#define ORLOP_BASE_STRMAP_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct strmap;
struct strmap *strmap_new(void);
void   strmap_free(struct strmap *m);                            /* values are the caller's */
void   strmap_freep(struct strmap **m);
void  *strmap_get(const struct strmap *m, struct str key);       /* NULL: absent */
void   strmap_put(struct strmap *m, struct str key, void *value);/* copies key; value is not NULL */
bool   strmap_has(const struct strmap *m, struct str key);
bool   strmap_add(struct strmap *m, struct str key);             /* as a set; true: it was not there */
size_t strmap_len(const struct strmap *m);
/* In order of insertion. */
void   strmap_each(const struct strmap *m, void (*fn)(void *ctx, struct str key, void *value), void *ctx);

#endif
