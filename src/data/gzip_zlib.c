/* Gzip members by zlib, for systems without ISA-L. */
#include "data/gzip_codec.h"

#ifndef HAVE_ISAL

#include "base/mem.h"

#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 };    /* 32 KiB; +16 asks zlib for gzip's header and trailer */

struct deflater { z_stream z; bool complete; };
struct inflater { z_stream z; };

static uInt
clamp(size_t n)
{
	return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

size_t
codec_bound(size_t n)
{
	return compressBound((uLong)n) + 18;
}

size_t
codec_pack(struct str in, char *out, size_t cap)
{
	struct deflater *d = deflater_new();
	size_t n = deflater_run(d, &in, true, out, cap);
	bool complete = d->complete;

	deflater_free(d);
	return complete ? n : 0;
}

struct deflater *
deflater_new(void)
{
	struct deflater *d = xcalloc(1, sizeof *d);
	int r = deflateInit2(&d->z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY);

	assert_that(r == Z_OK);
	return d;
}

void
deflater_free(struct deflater *d)
{
	if (d == NULL)
		return;
	(void)deflateEnd(&d->z);
	free(d);
}

size_t
deflater_run(struct deflater *d, struct str *in, bool last, char *out, size_t cap)
{
	uInt n = clamp(in->len), room = clamp(cap);
	int r;

	d->z.next_in = (const Bytef *)in->p;
	d->z.avail_in = n;
	d->z.next_out = (Bytef *)out;
	d->z.avail_out = room;
	r = deflate(&d->z, last && n == in->len ? Z_FINISH : Z_NO_FLUSH);
	assert_that(r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR);
	d->complete = r == Z_STREAM_END;
	*in = str_sub(*in, n - d->z.avail_in, in->len);
	return room - d->z.avail_out;
}

struct inflater *
inflater_new(void)
{
	struct inflater *i = xcalloc(1, sizeof *i);
	int r = inflateInit2(&i->z, GZIP_WINDOW);

	assert_that(r == Z_OK);
	return i;
}

void
inflater_free(struct inflater *i)
{
	if (i == NULL)
		return;
	(void)inflateEnd(&i->z);
	free(i);
}

void
inflater_reset(struct inflater *i)
{
	(void)inflateReset(&i->z);
}

enum inflated
inflater_run(struct inflater *i, struct str *in, char *out, size_t *n, const char **why)
{
	uInt avail = clamp(in->len), room = clamp(*n);
	int r;

	i->z.next_in = (const Bytef *)in->p;
	i->z.avail_in = avail;
	i->z.next_out = (Bytef *)out;
	i->z.avail_out = room;
	r = inflate(&i->z, Z_NO_FLUSH);
	*in = str_sub(*in, avail - i->z.avail_in, in->len);
	*n = room - i->z.avail_out;
	if (r == Z_STREAM_END)
		return INFLATE_END;
	if (r == Z_OK || r == Z_BUF_ERROR)
		return INFLATE_MORE;
	*why = i->z.msg ? i->z.msg : "damaged deflate data";
	return INFLATE_BAD;
}

#endif
