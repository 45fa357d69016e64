/* Digests and their text forms (OpenSSL's libcrypto).  Any thread. */
#ifndef ORLOP_BASE_HASH_H
#define ORLOP_BASE_HASH_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once per process, before anything uses OpenSSL: its memory comes from our allocator, which does not fail. */
void hash_global_init(void);

#define SHA256_LEN 32
#define SHA256_HEX (2 * SHA256_LEN + 1)
#define SHA1_LEN 20
#define MD5_LEN 16

void sha256(const void *p, size_t n, uint8_t out[SHA256_LEN]);
void hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, uint8_t out[SHA256_LEN]);
void md5(const void *p, size_t n, uint8_t out[MD5_LEN]);

struct sha256;                                                   /* a running digest */
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *h, const void *p, size_t n);
void sha256_end(struct sha256 *h, uint8_t out[SHA256_LEN]);      /* then starts anew */
void sha256_free(struct sha256 *h);

/* SHA-1, as a check sum that protocols ask for. */
struct sha1;
struct sha1 *sha1_new(void);
void sha1_add(struct sha1 *h, const void *p, size_t n);
void sha1_end(struct sha1 *h, uint8_t out[SHA1_LEN]);
void sha1_free(struct sha1 *h);

char *hex_encode(char *out, const uint8_t *p, size_t n);         /* lower case, out holds 2n+1; returns out */
MUST_CHECK bool hex_decode(struct str s, uint8_t *out, size_t n);/* exactly n bytes, either case */
void b64_encode(struct buf *out, const void *p, size_t n);       /* standard alphabet with padding */
/* Standard alphabet, padding optional, white space ignored.  EK_INVALID for other characters. */
MUST_CHECK int b64_decode(struct buf *out, struct str s, struct err *e);

/* Cryptographic random bytes; aborts if the system has none. */
void random_bytes(void *p, size_t n);
#define UUID_MAX 37
char *random_uuid(char out[UUID_MAX]);                           /* version 4, lower case */

#endif
