/* CRC-32 and CRC-32C against published values and bit by bit. */
#include "data/crc.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

/* The definition: the polynomial reflected, one bit a step. */
static uint32_t
slowly(uint32_t polynomial, const unsigned char *p, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < 8 * n; i++) {
		uint32_t bit = (crc ^ ((uint32_t)p[i / 8] >> (i % 8))) & 1;

		crc = (crc >> 1) ^ (bit ? polynomial : 0);
	}
	return ~crc;
}

static void
published_values(void **state)
{
	static const unsigned char zeros[32];

	(void)state;
	assert_int_equal(crc32_add(0, "", 0), 0);
	assert_int_equal(crc32c_add(0, "", 0), 0);
	assert_int_equal(crc32_add(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(crc32c_add(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c_add(0, zeros, sizeof zeros), 0x8a9136aa);       /* RFC 3720, B.4 */
}

static void
any_length_in_any_pieces(void **state)
{
	unsigned char data[1000];

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)(i * i * 31 + i / 7);
	for (size_t n = 0; n <= sizeof data; n += 13) {
		size_t cut = n / 3;

		assert_int_equal(crc32_add(crc32_add(0, data, cut), data + cut, n - cut), slowly(0xedb88320, data, n));
		assert_int_equal(crc32c_add(crc32c_add(0, data, cut), data + cut, n - cut), slowly(0x82f63b78, data, n));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_values),
		cmocka_unit_test(any_length_in_any_pieces),
	};

	return cmocka_run_group_tests_name("crc", tests, NULL, NULL);
}
