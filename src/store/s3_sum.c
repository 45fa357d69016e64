/* Checksums of objects as S3 knows them: x-amz-checksum-* (S3 User Guide, "Checking object integrity"). */
#include "store/s3_impl.h"

#include "base/hash.h"
#include "base/mem.h"
#include "data/crc.h"

#include <assert.h>
#include <string.h>

static const struct {
	const char *name, *header, *element;
} sums[] = {
	[S3_SUM_NONE]   = { "",       "",                      "" },
	[S3_SUM_CRC32]  = { "CRC32",  "x-amz-checksum-crc32",  "ChecksumCRC32" },
	[S3_SUM_CRC32C] = { "CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C" },
	[S3_SUM_SHA1]   = { "SHA1",   "x-amz-checksum-sha1",   "ChecksumSHA1" },
	[S3_SUM_SHA256] = { "SHA256", "x-amz-checksum-sha256", "ChecksumSHA256" },
};
static_assert(COUNT(sums) == S3_SUM_COUNT_, "every checksum needs its names");

const char *
s3_sum_name(enum s3_sum_kind kind)
{
	return sums[kind].name;
}

const char *
s3_sum_header(enum s3_sum_kind kind)
{
	return sums[kind].header;
}

const char *
s3_sum_element(enum s3_sum_kind kind)
{
	return sums[kind].element;
}

enum s3_sum_kind
s3_sum_of(const char *name)
{
	enum s3_sum_kind kind = S3_SUM_NONE;

	while (kind < S3_SUM_COUNT_ && strcmp(name, sums[kind].name) != 0)
		kind++;
	assert_that(kind < S3_SUM_COUNT_);       /* store_url.c has checked it */
	return kind;
}

void
s3_sum_begin(struct s3_sum *s, enum s3_sum_kind kind)
{
	*s = (struct s3_sum){ .kind = kind };
	if (kind == S3_SUM_SHA1)
		s->sha1 = sha1_new();
	else if (kind == S3_SUM_SHA256)
		s->sha256 = sha256_new();
}

void
s3_sum_add(struct s3_sum *s, const void *p, size_t n)
{
	switch (s->kind) {
	case S3_SUM_CRC32:
		s->crc = crc32_add(s->crc, p, n);
		break;
	case S3_SUM_CRC32C:
		s->crc = crc32c_add(s->crc, p, n);
		break;
	case S3_SUM_SHA1:
		sha1_add(s->sha1, p, n);
		break;
	case S3_SUM_SHA256:
		sha256_add(s->sha256, p, n);
		break;
	case S3_SUM_NONE:
	case S3_SUM_COUNT_:
		break;
	}
}

void
s3_sum_end(struct s3_sum *s, char out[S3_SUM_MAX])
{
	AUTO_BUF struct buf text = BUF_INIT(S3_SUM_MAX);
	uint8_t raw[SHA256_LEN] = { (uint8_t)(s->crc >> 24), (uint8_t)(s->crc >> 16), (uint8_t)(s->crc >> 8),
		(uint8_t)s->crc };
	size_t n = sizeof s->crc;

	if (s->kind == S3_SUM_SHA1) {
		sha1_end(s->sha1, raw);
		n = SHA1_LEN;
	} else if (s->kind == S3_SUM_SHA256) {
		sha256_end(s->sha256, raw);
		n = SHA256_LEN;
	}
	b64_encode(&text, raw, n);
	memcpy(out, buf_cstr(&text), text.len + 1);
}

void
s3_sum_done(struct s3_sum *s)
{
	sha1_free(s->sha1);
	sha256_free(s->sha256);
	*s = (struct s3_sum){ 0 };
}

void
s3_sum(enum s3_sum_kind kind, struct str data, char out[S3_SUM_MAX])
{
	AUTO(s3_sum_done) struct s3_sum s;

	s3_sum_begin(&s, kind);
	s3_sum_add(&s, data.p, data.len);
	s3_sum_end(&s, out);
}

bool
s3_sum_sent(const struct http_resp *resp, enum s3_sum_kind kind, char out[S3_SUM_MAX])
{
	struct str v;

	/* "xxxx-3" is one over the checksums of three parts, whose sizes nobody tells. */
	if (kind == S3_SUM_NONE || !http_resp_header(resp, sums[kind].header, &v) || v.len >= S3_SUM_MAX ||
	    str_chr(v, '-') < v.len)
		return false;
	memcpy(out, v.p, v.len);
	out[v.len] = '\0';
	return true;
}

int
s3_sum_compare(enum s3_sum_kind kind, const char *expected, const char *found, struct err *e)
{
	if (strcmp(expected, found) == 0)
		return 0;
	return err_set(e, EK_CORRUPT, "what was received has the %s %s, the store says %s: it was damaged on its way or in the "
		"store", sums[kind].name, found, expected);
}

int
s3_sum_check(const struct http_resp *resp, struct err *e)
{
	char expected[S3_SUM_MAX], found[S3_SUM_MAX];

	for (enum s3_sum_kind kind = S3_SUM_NONE; kind < S3_SUM_COUNT_; kind++) {
		if (!s3_sum_sent(resp, kind, expected))
			continue;
		s3_sum(kind, buf_str(&resp->body), found);
		return s3_sum_compare(kind, expected, found, e);
	}
	return 0;
}
