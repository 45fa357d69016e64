/* Digests through OpenSSL; hex and base64; randomness from the system. */
#include "base/hash.h"

#include "base/mem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *
ossl_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return xmalloc(n);
}

static void *
ossl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return xrealloc(p, n);
}

static void
ossl_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

/* OpenSSL 3 crashes when memory runs out while it sets itself up. */
void
hash_global_init(void)
{
	int ok = CRYPTO_set_mem_functions(ossl_malloc, ossl_realloc, ossl_free);

	assert_that(ok == 1);
}

/* Looking a digest up by name costs more than hashing a small text, so it is done once per process. */
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256_md, *sha1_md, *md5_md;

static void
fetch(void)
{
	sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
	sha1_md = EVP_MD_fetch(NULL, "SHA1", NULL);
	/* As a check sum that protocols ask for: also where the system forbids MD5 for security. */
	md5_md = EVP_MD_fetch(NULL, "MD5", "-fips");
	assert_that(sha256_md);
}

static const EVP_MD *
digest(EVP_MD **which)
{
	(void)pthread_once(&fetch_once, fetch);
	assert_that(*which);
	return *which;
}

void
sha256(const void *p, size_t n, uint8_t out[SHA256_LEN])
{
	int ok = EVP_Digest(p, n, out, NULL, digest(&sha256_md), NULL);

	assert_that(ok == 1);
}

void
hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, uint8_t out[SHA256_LEN])
{
	assert_that(key_len <= INT32_MAX);
	/* A NULL key means "the key of before" to HMAC(). */
	assert_that(HMAC(digest(&sha256_md), key_len ? key : "", (int)key_len, p, n, out, NULL));
}

void
md5(const void *p, size_t n, uint8_t out[MD5_LEN])
{
	int ok = EVP_Digest(p, n, out, NULL, digest(&md5_md), NULL);

	assert_that(ok == 1);
}

static void
begin(EVP_MD_CTX *ctx, EVP_MD **which)
{
	int ok = EVP_DigestInit_ex2(ctx, digest(which), NULL);

	assert_that(ok == 1);
}

static EVP_MD_CTX *
running(EVP_MD **which)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_that(ctx);
	begin(ctx, which);
	return ctx;
}

static void
add(EVP_MD_CTX *ctx, const void *p, size_t n)
{
	int ok = EVP_DigestUpdate(ctx, p, n);

	assert_that(ok == 1);
}

static void
end(EVP_MD_CTX *ctx, EVP_MD **which, uint8_t *out)
{
	int ok = EVP_DigestFinal_ex(ctx, out, NULL);

	assert_that(ok == 1);
	begin(ctx, which);
}

/* struct sha256 and struct sha1 are OpenSSL's contexts under another name: the type tells them apart. */
static EVP_MD_CTX *
context(void *h)
{
	return h;
}

struct sha256 *
sha256_new(void)
{
	return (void *)running(&sha256_md);
}

void
sha256_add(struct sha256 *h, const void *p, size_t n)
{
	add(context(h), p, n);
}

void
sha256_end(struct sha256 *h, uint8_t out[SHA256_LEN])
{
	end(context(h), &sha256_md, out);
}

void
sha256_free(struct sha256 *h)
{
	EVP_MD_CTX_free(context(h));
}

struct sha1 *
sha1_new(void)
{
	return (void *)running(&sha1_md);
}

void
sha1_add(struct sha1 *h, const void *p, size_t n)
{
	add(context(h), p, n);
}

void
sha1_end(struct sha1 *h, uint8_t out[SHA1_LEN])
{
	end(context(h), &sha1_md, out);
}

void
sha1_free(struct sha1 *h)
{
	EVP_MD_CTX_free(context(h));
}

char *
hex_encode(char *out, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] / 16];
		out[2 * i + 1] = digits[p[i] % 16];
	}
	out[2 * n] = '\0';
	return out;
}

/* 0 to 15, or -1 */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_decode(struct str s, uint8_t *out, size_t n)
{
	if (s.len % 2 != 0 || s.len / 2 != n)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (hex_value(s.p[i]) < 0)
			return false;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_value(s.p[2 * i]) * 16 + hex_value(s.p[2 * i + 1]));
	return true;
}

static const char b64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
b64_encode(struct buf *out, const void *p, size_t n)
{
	const uint8_t *in = p;

	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		uint32_t bits = (uint32_t)in[i] << 16;
		char quad[4];

		if (have > 1)
			bits |= (uint32_t)in[i + 1] << 8;
		if (have > 2)
			bits |= in[i + 2];
		for (size_t k = 0; k < 4; k++)
			quad[k] = k <= have ? b64_alphabet[bits >> (18 - 6 * k) & 63] : '=';
		buf_put(out, quad, sizeof quad);
	}
}

/* 0 to 63, or -1 */
static int
b64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* How many bytes s stands for if it is base64. */
static size_t
b64_room(struct str s)
{
	size_t chars = 0;

	for (size_t i = 0; i < s.len; i++)
		chars += b64_value(s.p[i]) >= 0;
	return chars / 4 * 3 + chars % 4 * 3 / 4;
}

/* Decodes into to, which has b64_room.  False when s is not base64. */
static bool
b64_bytes(char *to, struct str s)
{
	uint32_t bits = 0;
	size_t chars = 0, pads = 0;

	for (size_t i = 0; i < s.len; i++) {
		int v = b64_value(s.p[i]);

		if (str_trim(str_sub(s, i, i + 1)).len == 0)
			continue;
		if (s.p[i] == '=') {
			pads++;
			continue;
		}
		if (v < 0 || pads)
			return false;
		bits = bits << 6 | (uint32_t)v;
		if (chars % 4 != 0)
			*to++ = (char)(uint8_t)(bits >> (6 - 2 * (chars % 4)));
		chars++;
	}
	/* One character alone holds no byte, and padding, if any, fills the last group of four. */
	return chars % 4 != 1 && pads <= 2 && (pads == 0 || (chars + pads) % 4 == 0);
}

int
b64_decode(struct buf *out, struct str s, struct err *e)
{
	size_t room = b64_room(s);
	char *to = buf_room(out, room, e);

	if (!to)
		return -1;
	if (!b64_bytes(to, s)) {
		*to = '\0';
		return err_set(e, EK_INVALID, "not valid base64");
	}
	buf_grew(out, room);
	return 0;
}

void
random_bytes(void *p, size_t n)
{
	uint8_t *at = p;

	while (n > 0) {
		size_t part = n < 256 ? n : 256;     /* what getentropy gives at once */
		int rc = getentropy(at, part);

		assert_that(rc == 0);
		at += part;
		n -= part;
	}
}

char *
random_uuid(char out[UUID_MAX])
{
	uint8_t r[16];
	char hex[2 * sizeof r + 1];

	random_bytes(r, sizeof r);
	r[6] = (uint8_t)(0x40 | (r[6] & 0x0f));      /* version 4 */
	r[8] = (uint8_t)(0x80 | (r[8] & 0x3f));      /* variant of RFC 9562 */
	hex_encode(hex, r, sizeof r);
	(void)snprintf(out, UUID_MAX, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	return out;
}
