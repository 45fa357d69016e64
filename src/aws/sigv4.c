/*
 * AWS Signature Version 4.
 *
 *   canonical request = method, path, sorted query, sorted headers, names of these headers, hash of the body
 *   string to sign    = algorithm, time, scope (date/region/service/aws4_request), hash of the canonical request
 *   key               = HMAC chain over the parts of the scope, starting from the secret key
 *   signature         = HMAC(key, string to sign)
 */
#include "aws/sigv4.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/http.h"

#include <stdlib.h>
#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TEXT_MAX  (1 * MIB)                      /* of texts composed here; what a server accepts is far below */
#define REGION_MAX 64
#define DATE_LEN  8                              /* "20130524" */

/* A pair in the form in which it is sorted. */
struct sorted_pair {
	char  *name, *value;
	size_t pos;                              /* in the request: equal names keep their order */
};

bool
sigv4_is_region(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-'))
			return false;
	return s.len > 0 && s.len < REGION_MAX;
}

static int
by_name_and_value(const void *a, const void *b)
{
	const struct sorted_pair *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : strcmp(x->value, y->value);
}

static int
by_name_and_pos(const void *a, const void *b)
{
	const struct sorted_pair *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : (x->pos > y->pos) - (x->pos < y->pos);
}

/* in mapped through form_name and form_value and sorted by cmp.  Heap; pairs_free. */
static struct sorted_pair *
pairs_new(const struct sigv4_pair *in, size_t n, char *(*form_name)(struct str), char *(*form_value)(struct str),
	int (*cmp)(const void *, const void *))
{
	struct sorted_pair *p = xcalloc(n + 1, sizeof *p);

	for (size_t i = 0; i < n; i++)
		p[i] = (struct sorted_pair){ form_name(in[i].name), form_value(in[i].value), i };
	qsort(p, n, sizeof *p, cmp);
	return p;
}

static void
pairs_free(struct sorted_pair *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(p[i].name);
		secret_wipe(p[i].value, strlen(p[i].value));     /* tokens and customers' keys are among them */
		free(p[i].value);
	}
	free(p);
}

static char *
escaped(struct str s)
{
	struct buf b = BUF_INIT(TEXT_MAX);

	http_escape(&b, s, false);
	return buf_take(&b, NULL);
}

static char *
lower_case(struct str s)
{
	char *p = str_dup(s);

	for (char *c = p; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return p;
}

/* Without blanks at the ends, with each run of blanks inside as one. */
static char *
squeezed(struct str s)
{
	char *p = str_dup(str_trim(s)), *to = p;

	for (const char *from = p; *from; from++)
		if (*from != ' ' || to == p || to[-1] != ' ')
			*to++ = *from;
	*to = '\0';
	return p;
}

void
sigv4_query(const struct sigv4_pair *q, size_t n, struct buf *out)
{
	struct sorted_pair *p = pairs_new(q, n, escaped, escaped, by_name_and_value);

	for (size_t i = 0; i < n; i++)
		buf_putf(out, "%s%s=%s", i ? "&" : "", p[i].name, p[i].value);
	pairs_free(p, n);
}

/* "name:value\n" each, values of one name joined by commas; the names joined by ';' go to names. */
static void
canonical_headers(const struct sigv4_req *r, struct buf *out, struct buf *names)
{
	struct sorted_pair *p = pairs_new(r->headers, r->n_headers, lower_case, squeezed, by_name_and_pos);

	for (size_t i = 0; i < r->n_headers; i++) {
		if (i && strcmp(p[i].name, p[i - 1].name) == 0) {
			buf_putf(out, ",%s", p[i].value);
			continue;
		}
		buf_putf(out, "%s%s:%s", i ? "\n" : "", p[i].name, p[i].value);
		buf_putf(names, "%s%s", i ? ";" : "", p[i].name);
	}
	buf_putc(out, '\n');
	pairs_free(p, r->n_headers);
}

void
sigv4_canonical(const struct sigv4_req *r, struct buf *out, struct buf *signed_headers)
{
	buf_putf(out, "%s\n", r->method);
	if (r->double_encode_path)
		http_escape(out, r->path, true);
	else
		buf_put_str(out, r->path);
	buf_putc(out, '\n');
	sigv4_query(r->query, r->n_query, out);
	buf_putc(out, '\n');
	canonical_headers(r, out, signed_headers);
	buf_putf(out, "\n%s\n%s", buf_cstr(signed_headers), r->payload_hash);
}

/* "20130524/us-east-1/s3/aws4_request" */
static void
put_scope(const struct sigv4_req *r, const char *amz_date, struct buf *out)
{
	buf_putf(out, "%.*s/%s/%s/aws4_request", DATE_LEN, amz_date, r->region, r->service);
}

void
sigv4_string_to_sign(const struct sigv4_req *r, struct str canonical, int64_t now_unix_ns, struct buf *out)
{
	char date[CLOCK_TEXT_MAX], hex[SHA256_HEX];
	uint8_t digest[SHA256_LEN];

	sha256(canonical.p, canonical.len, digest);
	buf_putf(out, ALGORITHM "\n%s\n", clock_amz(date, now_unix_ns));
	put_scope(r, date, out);
	buf_putf(out, "\n%s", hex_encode(hex, digest, SHA256_LEN));
}

static void
signing_key(const struct sigv4_req *r, const struct creds *c, const char *amz_date, uint8_t key[SHA256_LEN])
{
	AUTO(buf_wipe) struct buf first = BUF_INIT(TEXT_MAX);
	const struct str parts[] = { { amz_date, DATE_LEN }, str_of(r->region), str_of(r->service),
		S("aws4_request") };
	uint8_t next[SHA256_LEN];

	buf_puts(&first, "AWS4");
	buf_put_str(&first, secret_get(c->secret_key));
	hmac_sha256(first.p, first.len, parts[0].p, parts[0].len, key);
	for (size_t i = 1; i < COUNT(parts); i++) {
		hmac_sha256(key, SHA256_LEN, parts[i].p, parts[i].len, next);
		memcpy(key, next, SHA256_LEN);
	}
	secret_wipe(next, sizeof next);
}

/* The hash of a canonical request, signed. */
static void
sign_canonical(const struct sigv4_req *r, const struct creds *c, struct str canonical, int64_t now_unix_ns,
	char hex[SHA256_HEX])
{
	AUTO_BUF struct buf to_sign = BUF_INIT(TEXT_MAX);
	uint8_t key[SHA256_LEN], signature[SHA256_LEN];
	char date[CLOCK_TEXT_MAX];

	sigv4_string_to_sign(r, canonical, now_unix_ns, &to_sign);
	signing_key(r, c, clock_amz(date, now_unix_ns), key);
	hmac_sha256(key, sizeof key, to_sign.p, to_sign.len, signature);
	secret_wipe(key, sizeof key);
	(void)hex_encode(hex, signature, sizeof signature);
}

void
sigv4_sign(const struct sigv4_req *r, const struct creds *c, int64_t now_unix_ns, struct buf *authorization)
{
	AUTO(buf_wipe) struct buf canonical = BUF_INIT(TEXT_MAX);
	AUTO_BUF struct buf names = BUF_INIT(TEXT_MAX);
	char date[CLOCK_TEXT_MAX], hex[SHA256_HEX];

	sigv4_canonical(r, &canonical, &names);
	sign_canonical(r, c, buf_str(&canonical), now_unix_ns, hex);
	buf_putf(authorization, ALGORITHM " Credential=%s/", c->access_key);
	put_scope(r, clock_amz(date, now_unix_ns), authorization);
	buf_putf(authorization, ", SignedHeaders=%s, Signature=%s", buf_cstr(&names), hex);
}

void
sigv4_presign(const struct sigv4_req *r, const struct creds *c, int64_t now_unix_ns, unsigned valid_s, struct buf *query)
{
	AUTO(buf_wipe) struct buf canonical = BUF_INIT(TEXT_MAX);
	AUTO_BUF struct buf names = BUF_INIT(TEXT_MAX), again = BUF_INIT(TEXT_MAX);
	AUTO_BUF struct buf credential = BUF_INIT(TEXT_MAX);
	struct sigv4_pair pairs[SIGV4_QUERY_MAX + 6];
	struct sigv4_req with = *r;
	char date[CLOCK_TEXT_MAX], seconds[16], hex[SHA256_HEX];

	assert_that(r->n_query <= SIGV4_QUERY_MAX);
	sigv4_canonical(r, &canonical, &names);  /* for the names of the headers */
	buf_cut(&canonical, 0);
	buf_putf(&credential, "%s/", c->access_key);
	put_scope(r, clock_amz(date, now_unix_ns), &credential);
	(void)snprintf(seconds, sizeof seconds, "%u", valid_s);

	const struct sigv4_pair own[] = {
		{ S("X-Amz-Algorithm"), S(ALGORITHM) },
		{ S("X-Amz-Credential"), buf_str(&credential) },
		{ S("X-Amz-Date"), str_of(date) },
		{ S("X-Amz-Expires"), str_of(seconds) },
		{ S("X-Amz-SignedHeaders"), buf_str(&names) },
		{ S("X-Amz-Security-Token"), secret_get(c->token) },
	};

	for (size_t i = 0; i < r->n_query; i++)
		pairs[i] = r->query[i];
	for (size_t i = 0; i < COUNT(own) - (c->token ? 0 : 1); i++)
		pairs[r->n_query + i] = own[i];
	with.query = pairs;
	with.n_query = r->n_query + COUNT(own) - (c->token ? 0 : 1);
	sigv4_canonical(&with, &canonical, &again);
	sign_canonical(&with, c, buf_str(&canonical), now_unix_ns, hex);
	sigv4_query(with.query, with.n_query, query);
	buf_putf(query, "&X-Amz-Signature=%s", hex);
}
