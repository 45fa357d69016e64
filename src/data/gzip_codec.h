/*
 * Inside the gzip module only: the library that does the work (gzip_isal.c or gzip_zlib.c, by configuration).
 * Everything works on one gzip member and never fails but for damaged input.
 */
#ifndef ORLOP_DATA_GZIP_CODEC_H
#define ORLOP_DATA_GZIP_CODEC_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Largest result of codec_pack for n bytes, and the largest n it accepts. */
size_t codec_bound(size_t n);
#define CODEC_PACK_MAX ((size_t)1 << 30)
/* Packs in into out as one member.  Returns its size, or 0 when cap is too small. */
size_t codec_pack(struct str in, char *out, size_t cap);

struct deflater;
struct deflater *deflater_new(void);
void deflater_free(struct deflater *d);
/* Fills out with up to cap bytes; *in loses what was read.  Less than cap: all of in was taken, and with last the
 * member is complete. */
size_t deflater_run(struct deflater *d, struct str *in, bool last, char *out, size_t cap);

struct inflater;
struct inflater *inflater_new(void);
void inflater_free(struct inflater *i);
void inflater_reset(struct inflater *i);              /* before the next member */
enum inflated { INFLATE_MORE, INFLATE_END, INFLATE_BAD };
/* Fills out with up to *n bytes and sets *n; *in loses what was read.  INFLATE_END: the member's checksum and length
 * were right, *in starts behind it.  INFLATE_BAD: *why says what is wrong. */
enum inflated inflater_run(struct inflater *i, struct str *in, char *out, size_t *n, const char **why);

#endif
