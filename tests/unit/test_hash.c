/* Tests of base/hash: published vectors, and text forms. */
#include "base/hash.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
sha256_of_the_published_vectors(void **state)
{
	static const struct { const char *text, *hex; } rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	struct sha256 *h = sha256_new();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].text);
		uint8_t d[SHA256_LEN];
		char hex[SHA256_HEX];

		sha256(rows[i].text, n, d);
		assert_string_equal(hex_encode(hex, d, sizeof d), rows[i].hex);
		for (size_t k = 0; k < n; k++)
			sha256_add(h, rows[i].text + k, 1);
		sha256_end(h, d);
		assert_string_equal(hex_encode(hex, d, sizeof d), rows[i].hex);
	}
	sha256_free(h);
	sha256_free(NULL);
}

static void
sha256_of_nothing_at_null(void **state)
{
	uint8_t a[SHA256_LEN], b[SHA256_LEN];

	(void)state;
	sha256(NULL, 0, a);
	sha256("", 0, b);
	assert_memory_equal(a, b, sizeof a);
}

static void
hmac_of_rfc_4231(void **state)
{
	static const char text1[] = "Hi There", text2[] = "what do ya want for nothing?";
	static const char text6[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t key[131], d[SHA256_LEN];
	char hex[SHA256_HEX];

	(void)state;
	memset(key, 0x0b, 20);
	hmac_sha256(key, 20, text1, strlen(text1), d);
	assert_string_equal(hex_encode(hex, d, sizeof d),
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_sha256("Jefe", 4, text2, strlen(text2), d);
	assert_string_equal(hex_encode(hex, d, sizeof d),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	hmac_sha256(key, sizeof key, text6, strlen(text6), d);
	assert_string_equal(hex_encode(hex, d, sizeof d),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_sha256(NULL, 0, "", 0, d);
	assert_string_equal(hex_encode(hex, d, sizeof d),
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void
md5_of_rfc_1321(void **state)
{
	uint8_t d[MD5_LEN];
	char hex[2 * MD5_LEN + 1];

	(void)state;
	md5("message digest", 14, d);
	assert_string_equal(hex_encode(hex, d, sizeof d), "f96b697d7cb7938d525a2f31aaf161d0");
}

static void
hex_decodes_either_case_and_exact_length(void **state)
{
	uint8_t out[3] = { 9, 9, 9 };

	(void)state;
	assert_true(hex_decode(S("00aBfF"), out, 3));
	assert_memory_equal(out, "\x00\xab\xff", 3);
	assert_false(hex_decode(S("00aBf"), out, 3));
	assert_false(hex_decode(S("00aB"), out, 3));
	assert_false(hex_decode(S("00aBfFf0"), out, 3));
	assert_false(hex_decode(S("11223g"), out, 3));
	assert_memory_equal(out, "\x00\xab\xff", 3);
}

static void
base64_of_rfc_4648_both_ways(void **state)
{
	static const struct { const char *plain, *text; } rows[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "+//+" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		struct err e = { 0 };

		b64_encode(&b, rows[i].plain, strlen(rows[i].plain));
		assert_string_equal(buf_cstr(&b), rows[i].text);
		buf_cut(&b, 0);
		assert_int_equal(b64_decode(&b, str_of(rows[i].text), &e), 0);
		assert_string_equal(buf_cstr(&b), rows[i].plain);
	}
}

static void
base64_is_lenient_about_padding_and_blanks_only(void **state)
{
	static const struct { const char *text, *plain; } rows[] = {
		{ "Zg", "f" }, { "Zm8", "fo" }, { " Zm\r\n9v\tYmFy \n", "foobar" }, { "Zg = =", "f" },
		{ "Z", NULL }, { "Zm9vY", NULL }, { "Zg=", NULL }, { "Zg===", NULL }, { "Zg==Zg==", NULL },
		{ "Zm9v=", NULL }, { "====", NULL }, { "Zm9-", NULL }, { "Zm9_", NULL }, { "Zm\x80v", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		struct err e = { 0 };

		buf_puts(&b, "<");
		if (b64_decode(&b, str_of(rows[i].text), &e) != (rows[i].plain ? 0 : -1))
			fail_msg("'%s'", rows[i].text);
		assert_string_equal(buf_cstr(&b) + 1, rows[i].plain ? rows[i].plain : "");
		assert_int_equal(e.kind, rows[i].plain ? EK_NONE : EK_INVALID);
	}
}

static void
base64_fills_a_buffer_to_its_maximum(void **state)
{
	AUTO_BUF struct buf full = BUF_INIT(4);
	AUTO_BUF struct buf small = BUF_INIT(3);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(b64_decode(&full, S("Zm9v\n Yg=="), &e), 0);
	assert_string_equal(buf_cstr(&full), "foob");
	assert_int_equal(b64_decode(&small, S("Zm9vYg=="), &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
}

static void
random_values_differ_and_uuids_have_their_form(void **state)
{
	uint8_t a[600] = { 0 }, b[600] = { 0 };
	char x[UUID_MAX], y[UUID_MAX];

	(void)state;
	random_bytes(a, sizeof a);
	random_bytes(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	assert_memory_not_equal(a + 300, b + 300, 300);
	assert_int_equal(strlen(random_uuid(x)), 36);
	assert_string_not_equal(x, random_uuid(y));
	for (size_t i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			assert_int_equal(x[i], '-');
		else
			assert_non_null(strchr("0123456789abcdef", x[i]));
	}
	assert_int_equal(x[14], '4');
	assert_non_null(strchr("89ab", x[19]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_the_published_vectors),
		cmocka_unit_test(sha256_of_nothing_at_null),
		cmocka_unit_test(hmac_of_rfc_4231),
		cmocka_unit_test(md5_of_rfc_1321),
		cmocka_unit_test(hex_decodes_either_case_and_exact_length),
		cmocka_unit_test(base64_of_rfc_4648_both_ways),
		cmocka_unit_test(base64_is_lenient_about_padding_and_blanks_only),
		cmocka_unit_test(base64_fills_a_buffer_to_its_maximum),
		cmocka_unit_test(random_values_differ_and_uuids_have_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
