/* What a function prints on stdout, as a text. */
#ifndef ORLOP_TESTS_CAPTURE_H
#define ORLOP_TESTS_CAPTURE_H

/* Runs fn(ctx) with stdout going to a file; heap, the caller frees.  Aborts when that cannot be had. */
char *captured(void (*fn)(void *ctx), void *ctx);

#endif
