/* Gzip members by ISA-L. */
#include "data/gzip_codec.h"

#ifdef HAVE_ISAL

#include "base/mem.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdint.h>

enum { LEVEL = 1, LEVEL_BUF_SIZE = ISAL_DEF_LVL1_DEFAULT };

struct deflater {
	struct isal_zstream z;
	uint8_t             level_buf[LEVEL_BUF_SIZE];
};

/* Parts of a member's header (RFC 1952, 2.3).  ISA-L reads it, too, but takes one with a checksum that comes in
 * pieces for damaged (2.30), so it gets only what follows. */
enum part { P_FIXED, P_EXTRA_LEN, P_EXTRA, P_NAME, P_COMMENT, P_CHECKSUM, P_BODY };
enum { FLAG_CHECKSUM = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS_RESERVED = 0xe0 };

struct inflater {
	struct inflate_state s;
	enum part            part;
	unsigned             at;            /* bytes of the part that were read */
	unsigned             flags, value;  /* value: number read in this part or length of the next */
	uint32_t             crc;           /* of the header */
};

/* ISA-L never writes through its input pointers but does not say so in their types. */
static uint8_t *
input(struct str s)
{
	return (uint8_t *)(uintptr_t)s.p;
}

/* Its counters have 32 bits. */
static uint32_t
clamp(size_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static void
set_level(struct deflater *d)
{
	d->z.hist_bits = 0;                      /* isal_deflate_stateless_init forgets it: a random window */
	d->z.level = LEVEL;
	d->z.level_buf = d->level_buf;
	d->z.level_buf_size = sizeof d->level_buf;
	d->z.gzip_flag = IGZIP_GZIP;
}

size_t
codec_bound(size_t n)
{
	/* stored blocks hold 65535 bytes and cost 5; header and trailer of the member are 18 */
	return n + 5 * (n / 65535 + 1) + 18;
}

size_t
codec_pack(struct str in, char *out, size_t cap)
{
	AUTO_FREE struct deflater *d = xmalloc(sizeof *d);
	int r;

	assert_that(in.len <= CODEC_PACK_MAX);
	isal_deflate_stateless_init(&d->z);
	set_level(d);
	d->z.end_of_stream = 1;
	d->z.next_in = input(in);
	d->z.avail_in = (uint32_t)in.len;
	d->z.next_out = (uint8_t *)out;
	d->z.avail_out = clamp(cap);
	r = isal_deflate_stateless(&d->z);
	if (r == STATELESS_OVERFLOW)
		return 0;
	assert_that(r == COMP_OK && d->z.avail_in == 0);
	return d->z.total_out;
}

struct deflater *
deflater_new(void)
{
	struct deflater *d = xmalloc(sizeof *d);

	isal_deflate_init(&d->z);
	set_level(d);
	return d;
}

void
deflater_free(struct deflater *d)
{
	free(d);
}

size_t
deflater_run(struct deflater *d, struct str *in, bool last, char *out, size_t cap)
{
	uint32_t n = clamp(in->len), room = clamp(cap);
	int r;

	if (d->z.internal_state.state == ZSTATE_END)
		return 0;
	d->z.next_in = input(*in);
	d->z.avail_in = n;
	d->z.next_out = (uint8_t *)out;
	d->z.avail_out = room;
	d->z.end_of_stream = last && n == in->len;
	r = isal_deflate(&d->z);
	assert_that(r == COMP_OK);
	*in = str_sub(*in, n - d->z.avail_in, in->len);
	return room - d->z.avail_out;
}

void
inflater_reset(struct inflater *i)
{
	isal_inflate_reset(&i->s);
	i->s.crc_flag = ISAL_GZIP_NO_HDR_VER;
	i->part = P_FIXED;
	i->at = i->flags = i->value = 0;
	i->crc = 0;
}

struct inflater *
inflater_new(void)
{
	struct inflater *i = xmalloc(sizeof *i);

	isal_inflate_init(&i->s);
	inflater_reset(i);
	return i;
}

void
inflater_free(struct inflater *i)
{
	free(i);
}

static bool
has_part(const struct inflater *i, enum part p)
{
	static const unsigned flag[] = {
		[P_EXTRA_LEN] = FLAG_EXTRA, [P_EXTRA] = FLAG_EXTRA, [P_NAME] = FLAG_NAME,
		[P_COMMENT] = FLAG_COMMENT, [P_CHECKSUM] = FLAG_CHECKSUM,
	};

	if (p == P_EXTRA && i->value == 0)
		return false;
	return p == P_BODY || (i->flags & flag[p]) != 0;
}

/* One byte of the fixed part.  What is wrong with it, or NULL. */
static const char *
fixed_byte(struct inflater *i, unsigned c)
{
	switch (i->at) {
	case 0:
		return c == 0x1f ? NULL : "not gzip";
	case 1:
		return c == 0x8b ? NULL : "not gzip";
	case 2:
		return c == 8 ? NULL : "unknown compression method";
	case 3:
		i->flags = c;
		return c & FLAGS_RESERVED ? "unknown header flags" : NULL;
	default:
		return NULL;
	}
}

/* One byte of the header: moves on to the next part when this one is complete. */
static const char *
header_byte(struct inflater *i, uint8_t c)
{
	static const unsigned size[] = { [P_FIXED] = 10, [P_EXTRA_LEN] = 2, [P_CHECKSUM] = 2 };
	bool text = i->part == P_NAME || i->part == P_COMMENT;
	unsigned len = i->part == P_EXTRA ? i->value : text ? 0 : size[i->part];
	const char *wrong = i->part == P_FIXED ? fixed_byte(i, c) : NULL;

	if (wrong)
		return wrong;
	if (i->part == P_EXTRA_LEN || i->part == P_CHECKSUM)
		i->value = i->at == 0 ? c : i->value | (unsigned)c << 8;
	if (i->part != P_CHECKSUM)
		i->crc = crc32_gzip_refl(i->crc, &c, 1);
	i->at++;
	if (text ? c != 0 : i->at < len)
		return NULL;
	if (i->part == P_CHECKSUM && i->value != (i->crc & 0xffff))
		return "wrong header checksum";
	do
		i->part++;
	while (!has_part(i, i->part));
	i->at = 0;
	return NULL;
}

enum inflated
inflater_run(struct inflater *i, struct str *in, char *out, size_t *n, const char **why)
{
	uint32_t avail, room = clamp(*n);
	int r;

	for (; i->part != P_BODY && in->len > 0; *in = str_sub(*in, 1, in->len)) {
		*why = header_byte(i, (uint8_t)in->p[0]);
		if (*why) {
			*n = 0;
			return INFLATE_BAD;
		}
	}
	avail = clamp(in->len);
	i->s.next_in = input(*in);
	i->s.avail_in = avail;
	i->s.next_out = (uint8_t *)out;
	i->s.avail_out = room;
	r = isal_inflate(&i->s);
	*in = str_sub(*in, avail - i->s.avail_in, in->len);
	*n = room - i->s.avail_out;
	if (r < 0) {
		*why = r == ISAL_INCORRECT_CHECKSUM ? "wrong checksum or length" : "damaged deflate data";
		return INFLATE_BAD;
	}
	return i->s.block_state == ISAL_BLOCK_FINISH ? INFLATE_END : INFLATE_MORE;
}

#endif
