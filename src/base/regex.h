/* Patterns (PCRE2, compiled by its JIT) with a limit on the work of one match.  A pattern is used by one thread at a time. */
#ifndef ORLOP_BASE_REGEX_H
#define ORLOP_BASE_REGEX_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct regex;

/* UTF-8 pattern.  EK_INVALID: PCRE2's message and the offset. */
MUST_CHECK struct regex *regex_new(const char *pattern, struct err *e);
void regex_free(struct regex *r);
void regex_freep(struct regex **r);

/* 1: the pattern is found somewhere in text, 0: it is not, -1 EK_LIMIT: it takes too long on this text. */
MUST_CHECK int regex_search(struct regex *r, struct str text, struct err *e);

#endif
