/*
 * Gzip (RFC 1952) over ISA-L, or zlib where it is missing.  Any thread; a stream belongs to one.
 */
#ifndef ORLOP_DATA_GZIP_H
#define ORLOP_DATA_GZIP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

/* Appends one complete gzip member (no name, mtime 0).  Fast level.  EK_LIMIT from out only. */
MUST_CHECK int gzip_pack(struct str in, struct buf *out, struct err *e);

/* Appends the content of all members in in.  EK_CORRUPT: damaged, truncated or trailing garbage (zero padding is
 * tolerated); EK_LIMIT: more than out->max. */
MUST_CHECK int gzip_unpack(struct str in, struct buf *out, struct err *e);

/* Streaming decompression: chunks in, chunks to sink.  Memory is bounded by the window and one 64 KiB piece. */
struct gunzip;
typedef int gunzip_fn(void *ctx, const void *p, size_t n, struct err *e);     /* -1 stops the stream */
struct gunzip *gunzip_new(uint64_t max_out, gunzip_fn *sink, void *ctx);
void gunzip_free(struct gunzip *g);
void gunzip_freep(struct gunzip **g);
MUST_CHECK int gunzip_feed(struct gunzip *g, const void *p, size_t n, struct err *e);
MUST_CHECK int gunzip_end(struct gunzip *g, struct err *e);                   /* EK_CORRUPT: ended inside a member */

/* Streaming compression into one buffer that the caller drains between calls. */
struct gzip;
struct gzip *gzip_new(struct buf *out);
void gzip_free(struct gzip *g);
void gzip_freep(struct gzip **g);
MUST_CHECK int gzip_add(struct gzip *g, const void *p, size_t n, struct err *e);
MUST_CHECK int gzip_end(struct gzip *g, struct err *e);                       /* writes the trailer */

#endif
