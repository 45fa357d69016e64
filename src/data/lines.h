/* Text that arrives in pieces, cut into lines.  Owned by one thread. */
#ifndef ORLOP_DATA_LINES_H
#define ORLOP_DATA_LINES_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* line: without its end, valid during the call; number: from 1.  -1 ends it. */
typedef int line_fn(void *ctx, struct str line, uint64_t number, struct err *e);

struct lines {
	struct buf rest;             /* of a line that is not complete yet */
	uint64_t   number;
	line_fn   *fn;
	void      *ctx;
};
#define LINES_INIT(max_, fn_, ctx_) { .rest = BUF_INIT(max_), .fn = (fn_), .ctx = (ctx_) }
void lines_done(struct lines *l);
#define AUTO_LINES __attribute__((cleanup(lines_done)))

/* One more piece; l is a struct lines, so that this can be a gunzip_fn.  EK_LIMIT: a line exceeds max. */
MUST_CHECK int lines_add(void *l, const void *p, size_t n, struct err *e);

#endif
