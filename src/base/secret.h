/* Tokens and keys: no printf path, wiped when freed, compared in constant time. */
#ifndef ORLOP_BASE_SECRET_H
#define ORLOP_BASE_SECRET_H

#include "base/str.h"

#include <stdbool.h>

struct secret;
struct secret *secret_new(struct str s);                 /* copies; the caller wipes its own copy */
struct secret *secret_dup(const struct secret *s);       /* NULL gives NULL */
struct str     secret_get(const struct secret *s);       /* borrowed, NUL-terminated; empty for NULL */
bool           secret_eq(const struct secret *a, const struct secret *b);
void           secret_free(struct secret *s);
void           secret_freep(struct secret **s);          /* for AUTO(secret_freep) */
void           secret_wipe(void *p, size_t n);           /* overwrites memory, not optimized away */

#endif
