/* Tests of base/buf. */
#include "base/buf.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
limit_is_reached_but_not_passed(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(10);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(buf_add(&b, "123456789", 9, &e), 0);
	assert_int_equal(buf_add(&b, "ab", 2, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_non_null(strstr(e.msg, "10 B"));
	assert_string_equal(buf_cstr(&b), "123456789");
	assert_int_equal(buf_add(&b, "a", 1, &e), 0);
	assert_int_equal(buf_add(&b, "", 0, &e), 0);
	assert_int_equal(buf_add(&b, "b", 1, &e), -1);
	assert_string_equal(buf_cstr(&b), "123456789a");
	assert_int_equal(buf_add(&b, "b", SIZE_MAX, &e), -1);
}

static void
error_is_untouched_on_success(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(100);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(buf_add_str(&b, S("x"), &e), 0);
	assert_int_equal(e.kind, EK_NONE);
}

static void
buffer_without_a_maximum_takes_nothing(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(buf_add(&b, "a", 1, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
}

static void
content_survives_growing_and_ends_with_nul(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);

	(void)state;
	for (size_t i = 0; i < 300000; i++) {
		buf_putc(&b, (char)('a' + i % 26));
		assert_int_equal(b.p[b.len], 0);
	}
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
}

static void
formats_longer_than_the_room_at_hand(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	char wide[601];

	(void)state;
	memset(wide, 'w', 600);
	wide[600] = '\0';
	buf_putf(&b, "%d", 42);
	buf_putf(&b, "%s", "");
	buf_putf(&b, "<%s>", wide);
	assert_int_equal(b.len, 604);
	assert_memory_equal(b.p, "42<www", 6);
	assert_string_equal(b.p + 602, "w>");
}

static void
room_is_counted_only_when_grown(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	struct err e = { 0 };
	char *p = buf_room(&b, 64, &e);

	(void)state;
	assert_non_null(p);
	memset(p, 'r', 64);
	assert_int_equal(b.len, 0);
	buf_grew(&b, 5);
	assert_string_equal(buf_cstr(&b), "rrrrr");
	assert_null(buf_room(&b, 60, &e));
	assert_int_equal(e.kind, EK_LIMIT);
}

static void
take_hands_over_and_leaves_a_usable_buffer(void **state)
{
	struct buf b = BUF_INIT(100);
	AUTO_FREE char *first = NULL;
	AUTO_FREE char *second = NULL;
	size_t len;

	(void)state;
	buf_puts(&b, "one");
	first = buf_take(&b, &len);
	assert_string_equal(first, "one");
	assert_int_equal(len, 3);
	assert_int_equal(b.len, 0);
	second = buf_take(&b, NULL);
	assert_string_equal(second, "");
	buf_puts(&b, "two");
	assert_string_equal(buf_cstr(&b), "two");
	buf_wipe(&b);
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(b.max, 100);
}

static void
cut_shortens(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(100);

	(void)state;
	buf_cut(&b, 0);
	buf_put_str(&b, S("keep this"));
	buf_cut(&b, 4);
	assert_true(str_eqz(buf_str(&b), "keep"));
	assert_string_equal(buf_cstr(&b), "keep");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limit_is_reached_but_not_passed),
		cmocka_unit_test(error_is_untouched_on_success),
		cmocka_unit_test(buffer_without_a_maximum_takes_nothing),
		cmocka_unit_test(content_survives_growing_and_ends_with_nul),
		cmocka_unit_test(formats_longer_than_the_room_at_hand),
		cmocka_unit_test(room_is_counted_only_when_grown),
		cmocka_unit_test(take_hands_over_and_leaves_a_usable_buffer),
		cmocka_unit_test(cut_shortens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
