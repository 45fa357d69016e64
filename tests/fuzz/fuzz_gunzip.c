/* Gzip: chunks do not matter, what zlib unpacks we unpack to the same bytes, and packing is undone by unpacking. */
#include "base/buf.h"
#include "base/limits.h"
#include "data/gzip.h"
#include "tests/fuzz/fuzz.h"

#include <zlib.h>

#define MAX_OUT (4 * MIB)

static int
collect(void *ctx, const void *p, size_t n, struct err *e)
{
	return buf_add(ctx, p, n, e);
}

static enum err_kind
unpack_chunks(struct str in, struct fuzz_chunks c, struct buf *out)
{
	AUTO(gunzip_freep) struct gunzip *g = gunzip_new(MAX_OUT, collect, out);
	struct err e = { 0 };

	for (size_t at = 0, n; at < in.len; at += n) {
		n = fuzz_chunk(&c, in.len - at);
		AUTO_FREE char *copy = xmalloc(n);
		memcpy(copy, in.p + at, n);
		if (gunzip_feed(g, copy, n, &e) < 0)
			return e.kind;
	}
	(void)(gunzip_end(g, &e) < 0);
	return e.kind;
}

/* One member by zlib: its packed size, or 0. */
static size_t
zlib_member(struct str in, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.len };
	struct err e;
	int r = Z_OK;

	assert_that(inflateInit2(&z, 15 + 16) == Z_OK);
	while (r == Z_OK) {
		char piece[4096];
		z.next_out = (Bytef *)piece;
		z.avail_out = sizeof piece;
		r = inflate(&z, Z_NO_FLUSH);
		if (buf_add(out, piece, sizeof piece - z.avail_out, &e) < 0)
			r = Z_MEM_ERROR;
	}
	(void)inflateEnd(&z);
	return r == Z_STREAM_END ? in.len - z.avail_in : 0;
}

/* All members, and zeros behind the last. */
static bool
zlib_unpack(struct str in, struct buf *out)
{
	size_t n;

	do {
		n = zlib_member(in, out);
		in = str_sub(in, n, in.len);
	} while (n > 0 && in.len > 0 && in.p[0] != '\0');
	while (in.len > 0 && in.p[0] == '\0')
		in = str_sub(in, 1, in.len);
	return n > 0 && in.len == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf whole = BUF_INIT(MAX_OUT), pieces = BUF_INIT(MAX_OUT), by_zlib = BUF_INIT(MAX_OUT);
	AUTO_BUF struct buf packed = BUF_INIT(2 * size + KIB);
	struct str in = { (const char *)data, size };
	struct err e = { 0 };
	enum err_kind k;

	k = gzip_unpack(in, &whole, &e) < 0 ? e.kind : EK_NONE;
	assert_that(k == EK_NONE || k == EK_CORRUPT || k == EK_LIMIT);
	assert_that(unpack_chunks(in, fuzz_chunks_of(data, size), &pieces) == k);
	if (k == EK_NONE)
		assert_that(str_eq(buf_str(&whole), buf_str(&pieces)));
	if (zlib_unpack(in, &by_zlib))
		assert_that(k == EK_NONE && str_eq(buf_str(&whole), buf_str(&by_zlib)));

	buf_cut(&whole, 0);
	assert_that(gzip_pack(in, &packed, &e) == 0);
	assert_that(gzip_unpack(buf_str(&packed), &whole, &e) == 0 && str_eq(buf_str(&whole), in));
	return 0;
}
