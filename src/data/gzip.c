/* Gzip streams: members, their order, and limits.  The codec does one member. */
#include "data/gzip.h"

#include "base/mem.h"
#include "data/gzip_codec.h"

#include <inttypes.h>

enum { PIECE = 64 * 1024 };

struct gzip {
	struct deflater *d;
	struct buf      *out;
	char             piece[PIECE];
};

struct gunzip {
	struct inflater *i;
	gunzip_fn       *sink;
	void            *ctx;
	uint64_t         max_out, total;
	bool             inside;            /* a member */
	bool             any, padded;       /* a member, or zeros behind one, came before */
	char             piece[PIECE];
};

int
gzip_pack(struct str in, struct buf *out, struct err *e)
{
	AUTO(gzip_freep) struct gzip *g = NULL;
	size_t before = out->len, cap = codec_bound(in.len), n;
	char *to;

	if (in.len > CODEC_PACK_MAX) {
		g = gzip_new(out);
		if (gzip_add(g, in.p, in.len, e) == 0 && gzip_end(g, e) == 0)
			return 0;
		buf_cut(out, before);
		return -1;
	}
	if (cap > out->max - out->len)
		cap = out->max - out->len;
	to = buf_room(out, cap, e);
	if (to == NULL)
		return -1;
	n = codec_pack(in, to, cap);
	if (n == 0)
		return err_set(e, EK_LIMIT, "packed data exceeds %zu bytes", out->max);
	buf_grew(out, n);
	return 0;
}

static int
unpack_sink(void *ctx, const void *p, size_t n, struct err *e)
{
	return buf_add(ctx, p, n, e);
}

int
gzip_unpack(struct str in, struct buf *out, struct err *e)
{
	AUTO(gunzip_freep) struct gunzip *g = gunzip_new(out->max - out->len, unpack_sink, out);
	size_t before = out->len;

	if (gunzip_feed(g, in.p, in.len, e) == 0 && gunzip_end(g, e) == 0)
		return 0;
	buf_cut(out, before);
	return -1;
}

struct gunzip *
gunzip_new(uint64_t max_out, gunzip_fn *sink, void *ctx)
{
	struct gunzip *g = xmalloc(sizeof *g);

	*g = (struct gunzip){ .i = inflater_new(), .sink = sink, .ctx = ctx, .max_out = max_out };
	return g;
}

void
gunzip_free(struct gunzip *g)
{
	if (g == NULL)
		return;
	inflater_free(g->i);
	free(g);
}

void
gunzip_freep(struct gunzip **g)
{
	gunzip_free(*g);
}

/* Between members: skips padding.  True when in starts with what should be a member. */
static int
find_member(struct gunzip *g, struct str *in, struct err *e)
{
	size_t zeros = 0;

	while (g->any && zeros < in->len && in->p[zeros] == '\0')
		zeros++;
	g->padded |= zeros > 0;
	*in = str_sub(*in, zeros, in->len);
	if (in->len == 0)
		return 0;
	if (g->padded || (g->any && in->p[0] != '\x1f'))
		return err_set(e, EK_CORRUPT, "gzip: garbage behind the data");
	if (g->any)
		inflater_reset(g->i);
	g->inside = g->any = true;
	return 0;
}

static int
inflate_piece(struct gunzip *g, struct str *in, bool *full, struct err *e)
{
	const char *why = "";
	size_t n = sizeof g->piece;
	enum inflated st = inflater_run(g->i, in, g->piece, &n, &why);

	if (st == INFLATE_BAD)
		return err_set(e, EK_CORRUPT, "gzip: %s", why);
	*full = n == sizeof g->piece && st == INFLATE_MORE;
	g->inside = st == INFLATE_MORE;
	if (n > g->max_out - g->total)
		return err_set(e, EK_LIMIT, "gzip: unpacks to more than %" PRIu64 " bytes", g->max_out);
	g->total += n;
	return n > 0 ? g->sink(g->ctx, g->piece, n, e) : 0;
}

int
gunzip_feed(struct gunzip *g, const void *p, size_t n, struct err *e)
{
	struct str in = { p, n };
	bool full = false;

	while (in.len > 0 || full) {
		if (!g->inside) {
			if (find_member(g, &in, e) < 0)
				return -1;
			if (in.len == 0)
				break;
		}
		if (inflate_piece(g, &in, &full, e) < 0)
			return -1;
	}
	return 0;
}

int
gunzip_end(struct gunzip *g, struct err *e)
{
	if (g->inside || !g->any)
		return err_set(e, EK_CORRUPT, "gzip: the data is truncated");
	return 0;
}

struct gzip *
gzip_new(struct buf *out)
{
	struct gzip *g = xmalloc(sizeof *g);

	g->d = deflater_new();
	g->out = out;
	return g;
}

void
gzip_free(struct gzip *g)
{
	if (g == NULL)
		return;
	deflater_free(g->d);
	free(g);
}

void
gzip_freep(struct gzip **g)
{
	gzip_free(*g);
}

static int
deflate_all(struct gzip *g, struct str in, bool last, struct err *e)
{
	size_t n;

	do {
		n = deflater_run(g->d, &in, last, g->piece, sizeof g->piece);
		if (buf_add(g->out, g->piece, n, e) < 0)
			return -1;
	} while (n == sizeof g->piece || in.len > 0);
	return 0;
}

int
gzip_add(struct gzip *g, const void *p, size_t n, struct err *e)
{
	return n > 0 ? deflate_all(g, (struct str){ p, n }, false, e) : 0;
}

int
gzip_end(struct gzip *g, struct err *e)
{
	return deflate_all(g, S(""), true, e);
}
