/* Allocators that do not fail, saturating sizes, and the way down when something is broken. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void (*_Atomic panic_hook)(void);

void
panic_set_hook(void (*fn)(void))
{
	atomic_store(&panic_hook, fn);
}

static void
say(const char *s)
{
	/* Nothing is left to do when even standard error is gone. */
	if (write(STDERR_FILENO, s, strlen(s)) < 0)
		return;
}

void
panic(const char *file, int line, const char *what)
{
	/* Exchanged, so that a failure inside the hook does not come back here forever. */
	void (*hook)(void) = atomic_exchange(&panic_hook, NULL);
	char where[32];

	if (hook)
		hook();
	(void)snprintf(where, sizeof where, ":%d: ", line);
	say("orlop: internal error: ");
	say(file);
	say(where);
	say(what);
	say("\n");
	abort();
}

static void *
checked(void *p)
{
	if (!p)
		panic(__FILE__, __LINE__, "out of memory");
	return p;
}

/* malloc(0) may be NULL, which would look like a failure. */
static size_t
at_least_one(size_t n)
{
	return n ? n : 1;
}

void *
xmalloc(size_t n)
{
	return checked(malloc(at_least_one(n)));
}

void *
xcalloc(size_t n, size_t size)
{
	return checked(calloc(at_least_one(n), at_least_one(size)));
}

void *
xrealloc(void *p, size_t n)
{
	return checked(realloc(p, at_least_one(n)));
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	return xrealloc(p, size_mul(n, size));
}

char *
xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xmalloc(n), s, n);
}

char *
xstrdup_or_null(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

char *
xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = xmalloc(size_add(len, 1));

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *
xvasprintf(const char *fmt, va_list ap)
{
	char *p = NULL;

	return checked(vasprintf(&p, fmt, ap) < 0 ? NULL : p);
}

char *
xasprintf(const char *fmt, ...)
{
	char *p;
	va_list ap;

	va_start(ap, fmt);
	p = xvasprintf(fmt, ap);
	va_end(ap);
	return p;
}

size_t
size_add(size_t a, size_t b)
{
	return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

size_t
size_mul(size_t a, size_t b)
{
	return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b;
}

void
auto_free(void *pp)
{
	void *p;

	/* The variable has some object pointer type; memcpy reads it whatever that type is. */
	memcpy(&p, pp, sizeof p);
	free(p);
}
