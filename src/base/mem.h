/*
 * Memory and the last line of defence.  Small allocations abort through the panic hook; whatever is sized by
 * input goes into struct buf (base/buf.h), which has a maximum and reports.  Any thread.
 */
#ifndef ORLOP_BASE_MEM_H
#define ORLOP_BASE_MEM_H

#include "base/attr.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

/* Never return NULL.  A size of 0 gives a unique pointer.  Release with free(). */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrdup_or_null(const char *s);    /* NULL for NULL */
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
char *xvasprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/* Saturating size arithmetic: SIZE_MAX on overflow, which no allocation satisfies. */
size_t size_add(size_t a, size_t b);
size_t size_mul(size_t a, size_t b);

/* Cleanup function for owning pointers to heap memory: AUTO_FREE char *p. */
void auto_free(void *pp);
#define AUTO_FREE AUTO(auto_free)

/* fn runs once before the process aborts (the UI restores the terminal in it).  It must be async-signal-safe. */
void panic_set_hook(void (*fn)(void));
NORETURN void panic(const char *file, int line, const char *what);

/* A broken promise between our own functions; active in every build. */
#define assert_that(x) ((x) ? (void)0 : panic(__FILE__, __LINE__, #x))

#endif
