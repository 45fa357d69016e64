/* Checks data/gzip.h against zlib. */
#include "base/limits.h"
#include "base/mem.h"
#include "data/gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

/* Numerical Recipes' generator: the same bytes in every run. */
static uint32_t
next_random(uint32_t *seed)
{
	return (*seed = *seed * 1664525 + 1013904223) >> 8;
}

/* n bytes: random ones, or repetitive text. */
static void
fill(struct buf *b, size_t n, bool random)
{
	uint32_t seed = 42;

	while (b->len < n)
		if (random)
			buf_putc(b, (char)next_random(&seed));
		else
			buf_putf(b, "{\"name\":\"pod-%u\"},", next_random(&seed) % 1000);
	buf_cut(b, n);
}

static void
assert_same(const struct buf *a, const struct buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(buf_cstr(a), buf_cstr(b), a->len);
}

/* One member by zlib into out; level 0 stores. */
static void
zlib_pack(struct str in, int level, struct buf *out)
{
	struct err e;
	z_stream z = { 0 };
	size_t room = in.len + in.len / 100 + 1000;

	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.len;
	z.next_out = (Bytef *)buf_room(out, room, &e);
	z.avail_out = (uInt)room;
	assert_non_null(z.next_out);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_grew(out, room - z.avail_out);
	(void)deflateEnd(&z);
}

static void
zlib_unpack(struct str in, struct buf *out)
{
	z_stream z = { 0 };
	struct err e;
	int r;

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.len;
	do {
		z.next_out = (Bytef *)buf_room(out, 64 * KIB, &e);
		z.avail_out = 64 * KIB;
		assert_non_null(z.next_out);
		r = inflate(&z, Z_NO_FLUSH);
		buf_grew(out, 64 * KIB - z.avail_out);
	} while (r == Z_OK);
	assert_int_equal(r, Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	(void)inflateEnd(&z);
}

static const size_t sizes[] = { 0, 1, 2, 100, 65534, 65535, 65536, 65537, 131072, 200000, 1048576, 3000001 };

static void
packed_data_is_one_member_for_zlib(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		AUTO_BUF struct buf in = BUF_INIT(4 * MIB), packed = BUF_INIT(8 * MIB), back = BUF_INIT(8 * MIB);
		struct err e;
		fill(&in, sizes[i / 2], i % 2);
		buf_puts(&packed, "kept");
		assert_int_equal(gzip_pack(buf_str(&in), &packed, &e), 0);
		assert_memory_equal(packed.p, "kept\x1f\x8b\x08\x00\x00\x00\x00\x00", 12);
		zlib_unpack(str_sub(buf_str(&packed), 4, packed.len), &back);
		assert_same(&in, &back);
	}
}

static void
pack_needs_no_more_room_than_its_result(void **state)
{
	(void)state;
	for (int random = 0; random < 2; random++) {
		AUTO_BUF struct buf in = BUF_INIT(MIB), packed = BUF_INIT(2 * MIB), small = BUF_INIT(0);
		struct err e = { 0 };
		fill(&in, 300000, random);
		assert_int_equal(gzip_pack(buf_str(&in), &packed, &e), 0);
		small.max = packed.len - 1;
		assert_int_equal(gzip_pack(buf_str(&in), &small, &e), -1);
		assert_int_equal(e.kind, EK_LIMIT);
		assert_int_equal(small.len, 0);
		small.max = packed.len + 64;
		assert_int_equal(gzip_pack(buf_str(&in), &small, &e), 0);
		assert_same(&packed, &small);
	}
}

static void
streamed_data_is_one_member_for_zlib(void **state)
{
	static const size_t pieces[] = { 7, 1000, 65536, 1000000 };

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(pieces); i++) {
		AUTO_BUF struct buf in = BUF_INIT(4 * MIB), out = BUF_INIT(MIB), all = BUF_INIT(8 * MIB), back = BUF_INIT(8 * MIB);
		AUTO(gzip_freep) struct gzip *g = gzip_new(&out);
		struct err e;
		fill(&in, i % 2 ? 700000 : 2000000, i % 2);
		for (size_t at = 0; at < in.len; at += pieces[i / 2]) {
			struct str s = str_sub(buf_str(&in), at, at + pieces[i / 2]);
			assert_int_equal(gzip_add(g, s.p, s.len, &e), 0);
			buf_put_str(&all, buf_str(&out));
			buf_cut(&out, 0);
		}
		assert_int_equal(gzip_end(g, &e), 0);
		buf_put_str(&all, buf_str(&out));
		zlib_unpack(buf_str(&all), &back);
		assert_same(&in, &back);
	}
}

static void
empty_stream_is_a_member(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(MIB), back = BUF_INIT(MIB);
	AUTO(gzip_freep) struct gzip *g = gzip_new(&out);
	struct err e;

	(void)state;
	assert_int_equal(gzip_end(g, &e), 0);
	zlib_unpack(buf_str(&out), &back);
	assert_int_equal(back.len, 0);
	assert_int_equal(gzip_unpack(buf_str(&out), &back, &e), 0);
	assert_int_equal(back.len, 0);
}

static void
streaming_reports_a_full_buffer(void **state)
{
	AUTO_BUF struct buf in = BUF_INIT(MIB), out = BUF_INIT(1000);
	AUTO(gzip_freep) struct gzip *g = gzip_new(&out);
	struct err e;

	(void)state;
	fill(&in, 500000, true);
	if (gzip_add(g, in.p, in.len, &e) == 0)
		assert_int_equal(gzip_end(g, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
}

/* Three members of different origin, then zero padding. */
static void
make_members(struct buf *packed, struct buf *plain)
{
	AUTO_BUF struct buf text = BUF_INIT(MIB), noise = BUF_INIT(MIB);
	struct err e;

	fill(&text, 300000, false);
	fill(&noise, 70000, true);
	zlib_pack(buf_str(&text), 9, packed);
	assert_int_equal(gzip_pack(buf_str(&noise), packed, &e), 0);
	zlib_pack(buf_str(&noise), 0, packed);
	assert_int_equal(gzip_pack(S(""), packed, &e), 0);
	for (int i = 0; i < 700; i++)
		buf_putc(packed, '\0');
	buf_put_str(plain, buf_str(&text));
	buf_put_str(plain, buf_str(&noise));
	buf_put_str(plain, buf_str(&noise));
}

static int
collect(void *ctx, const void *p, size_t n, struct err *e)
{
	assert_true(n > 0 && n <= 64 * KIB);
	return buf_add(ctx, p, n, e);
}

static void
all_members_are_unpacked_in_any_chunks(void **state)
{
	static const size_t chunks[] = { 1, 2, 3, 7, 64, 1000, 65536, 1048576 };
	AUTO_BUF struct buf packed = BUF_INIT(MIB), plain = BUF_INIT(MIB);

	(void)state;
	make_members(&packed, &plain);
	for (size_t i = 0; i < COUNT(chunks); i++) {
		AUTO_BUF struct buf back = BUF_INIT(MIB);
		AUTO(gunzip_freep) struct gunzip *g = gunzip_new(MIB, collect, &back);
		struct err e = { 0 };
		for (size_t at = 0; at < packed.len; at += chunks[i]) {
			/* an exact heap copy shows reads behind the chunk */
			struct str s = str_sub(buf_str(&packed), at, at + chunks[i]);
			AUTO_FREE char *copy = xmalloc(s.len);
			memcpy(copy, s.p, s.len);
			if (gunzip_feed(g, copy, s.len, &e) < 0)
				fail_msg("chunks of %zu: %s", chunks[i], e.msg);
		}
		assert_int_equal(gunzip_end(g, &e), 0);
		assert_same(&plain, &back);
	}
}

static void
unpack_appends_and_limits(void **state)
{
	AUTO_BUF struct buf packed = BUF_INIT(MIB), plain = BUF_INIT(MIB), back = BUF_INIT(0);
	struct err e = { 0 };

	(void)state;
	make_members(&packed, &plain);
	back.max = plain.len + 1;
	buf_putc(&back, 'x');
	assert_int_equal(gzip_unpack(buf_str(&packed), &back, &e), 0);
	assert_int_equal(back.len, plain.len + 1);
	assert_memory_equal(back.p + 1, plain.p, plain.len);
	buf_cut(&back, 1);
	back.max = plain.len;
	assert_int_equal(gzip_unpack(buf_str(&packed), &back, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_string_equal(buf_cstr(&back), "x");
}

static void
every_truncation_is_corrupt(void **state)
{
	AUTO_BUF struct buf packed = BUF_INIT(MIB);
	struct err e;

	(void)state;
	assert_int_equal(gzip_pack(S("some text, some text"), &packed, &e), 0);
	size_t first = packed.len;
	assert_int_equal(gzip_pack(S("more"), &packed, &e), 0);
	for (size_t n = 0; n < packed.len; n++) {
		AUTO_BUF struct buf back = BUF_INIT(MIB);
		int r = gzip_unpack(str_sub(buf_str(&packed), 0, n), &back, &e);
		assert_int_equal(r, n == first ? 0 : -1);
		if (r < 0)
			assert_int_equal(e.kind, EK_CORRUPT);
		assert_int_equal(back.len > 0, n == first);
	}
}

static void
damage_is_found(void **state)
{
	AUTO_BUF struct buf in = BUF_INIT(MIB), packed = BUF_INIT(MIB);
	struct err e;

	(void)state;
	fill(&in, 5000, false);
	assert_int_equal(gzip_pack(buf_str(&in), &packed, &e), 0);
	/* time, flags of the compressor and system in the header (bytes 4 to 9) mean nothing */
	for (size_t i = 10; i < packed.len; i++) {
		AUTO_BUF struct buf back = BUF_INIT(MIB);
		packed.p[i] ^= 0x10;
		if (gzip_unpack(buf_str(&packed), &back, &e) == 0)
			fail_msg("byte %zu", i);
		assert_true(e.kind == EK_CORRUPT || e.kind == EK_LIMIT);
		packed.p[i] ^= 0x10;
	}
}

static void
garbage_is_corrupt(void **state)
{
	static const struct { const char *tail; size_t n; } tails[] = { { "x", 1 }, { "\0x", 2 }, { "\x1f", 1 }, { "\x1f\x8b\x09", 3 } };
	static const char *const whole[] = { "", "plain text, not gzip at all", "\x1f\x8b", "PK\3\4" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(tails); i++) {
		AUTO_BUF struct buf packed = BUF_INIT(MIB), back = BUF_INIT(MIB);
		assert_int_equal(gzip_pack(S("text"), &packed, &e), 0);
		buf_put(&packed, tails[i].tail, tails[i].n);
		assert_int_equal(gzip_unpack(buf_str(&packed), &back, &e), -1);
		assert_int_equal(e.kind, EK_CORRUPT);
		assert_int_equal(back.len, 0);
	}
	for (size_t i = 0; i < COUNT(whole); i++) {
		AUTO_BUF struct buf back = BUF_INIT(MIB);
		assert_int_equal(gzip_unpack(str_of(whole[i]), &back, &e), -1);
		assert_int_equal(e.kind, EK_CORRUPT);
	}
}

static int
stop(void *ctx, const void *p, size_t n, struct err *e)
{
	(void)ctx;
	(void)p;
	(void)n;
	return err_set(e, EK_CANCELED, "enough");
}

static void
sink_stops_the_stream_with_its_error(void **state)
{
	AUTO(gunzip_freep) struct gunzip *g = gunzip_new(MIB, stop, NULL);
	AUTO_BUF struct buf packed = BUF_INIT(MIB);
	struct err e;

	(void)state;
	assert_int_equal(gzip_pack(S("text"), &packed, &e), 0);
	assert_int_equal(gunzip_feed(g, packed.p, packed.len, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
}

static void
header_fields_are_skipped(void **state)
{
	/* extra field, name, comment and header checksum, as gzip(1) and others may write them */
	static const char head[] = "\x1f\x8b\x08\x1e\x01\x02\x03\x04\x00\x03\x02\x00xyname\0comment\0";
	AUTO_BUF struct buf plain = BUF_INIT(MIB), packed = BUF_INIT(MIB);
	struct err e;

	(void)state;
	assert_int_equal(gzip_pack(S("content"), &plain, &e), 0);
	buf_put(&packed, head, sizeof head - 1);
	unsigned long crc = crc32(0, (const Bytef *)head, sizeof head - 1);
	buf_putc(&packed, (char)(crc & 0xff));
	buf_putc(&packed, (char)(crc >> 8 & 0xff));
	buf_put_str(&packed, str_sub(buf_str(&plain), 10, plain.len));
	for (size_t chunk = 1; chunk < 50; chunk++) {
		AUTO_BUF struct buf back = BUF_INIT(MIB);
		AUTO(gunzip_freep) struct gunzip *g = gunzip_new(MIB, collect, &back);
		for (size_t at = 0; at < packed.len; at += chunk) {
			struct str s = str_sub(buf_str(&packed), at, at + chunk);
			if (gunzip_feed(g, s.p, s.len, &e) < 0)
				fail_msg("chunk %zu: %s", chunk, e.msg);
		}
		assert_int_equal(gunzip_end(g, &e), 0);
		assert_string_equal(buf_cstr(&back), "content");
	}
}

/* Distances must not depend on what memory held before. */
static void
pack_finds_repetitions_whatever_memory_held(void **state)
{
	AUTO_BUF struct buf in = BUF_INIT(LIMIT_MEMBER), out = BUF_INIT(LIMIT_MEMBER);
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < 8; i++)
		fill(&in, in.len + 4 * KIB, true);
	for (int round = 0; round < 4; round++) {
		/* The second time it is memory that the next allocation gets. */
		uint16_t *used = xmalloc(4 * MIB);
		volatile uint16_t *to = used;

		for (size_t i = 0; i < 4 * MIB / sizeof *to; i++)
			to[i] = 1;
		free(used);
		buf_cut(&out, 0);
		assert_int_equal(gzip_pack(buf_str(&in), &out, &e), 0);
		assert_true(out.len < 8 * KIB);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed_data_is_one_member_for_zlib),
		cmocka_unit_test(pack_needs_no_more_room_than_its_result),
		cmocka_unit_test(streamed_data_is_one_member_for_zlib),
		cmocka_unit_test(empty_stream_is_a_member),
		cmocka_unit_test(streaming_reports_a_full_buffer),
		cmocka_unit_test(all_members_are_unpacked_in_any_chunks),
		cmocka_unit_test(unpack_appends_and_limits),
		cmocka_unit_test(every_truncation_is_corrupt),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(garbage_is_corrupt),
		cmocka_unit_test(sink_stops_the_stream_with_its_error),
		cmocka_unit_test(header_fields_are_skipped),
		cmocka_unit_test(pack_finds_repetitions_whatever_memory_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
