/* The signer against AWS's published examples, and against botocore where Python has it. */
#include "aws/sigv4.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct creds
creds_of(const char *access_key, const char *secret_key)
{
	struct creds c = { 0 };

	creds_set(&c, str_of(access_key), str_of(secret_key), S(""), "test");
	return c;
}

static int64_t
unix_ns(const char *rfc3339)
{
	int64_t ns = 0;

	assert_true(clock_parse_rfc3339(str_of(rfc3339), &ns));
	return ns;
}

/* What stands behind "Signature=". */
static const char *
signature_of(const struct buf *authorization)
{
	const char *at = strstr(buf_cstr(authorization), "Signature=");

	assert_non_null(at);
	return at + strlen("Signature=");
}

#define PAIRS_MAX 8
struct vector {
	const char *name, *method, *path;
	struct { const char *name, *value; } query[PAIRS_MAX], headers[PAIRS_MAX];
	const char *payload, *signature;
};

static size_t
to_pairs(const struct vector *v, bool query, struct sigv4_pair out[PAIRS_MAX])
{
	size_t n = 0;

	for (; n < PAIRS_MAX && (query ? v->query[n].name : v->headers[n].name); n++)
		out[n] = query ? (struct sigv4_pair){ str_of(v->query[n].name), str_of(v->query[n].value) }
			: (struct sigv4_pair){ str_of(v->headers[n].name), str_of(v->headers[n].value) };
	return n;
}

static void
check_vectors(const struct vector *v, size_t n, const char *service, bool double_encode, const char *time,
	const struct creds *c)
{
	for (; n; n--, v++) {
		AUTO_BUF struct buf authorization = BUF_INIT(64 * KIB);
		struct sigv4_pair query[PAIRS_MAX], headers[PAIRS_MAX];
		uint8_t digest[SHA256_LEN];
		char hex[SHA256_HEX];
		struct sigv4_req r = { .method = v->method, .region = "us-east-1", .service = service,
			.path = str_of(v->path), .query = query, .headers = headers,
			.double_encode_path = double_encode };

		r.n_query = to_pairs(v, true, query);
		r.n_headers = to_pairs(v, false, headers);
		sha256(v->payload, strlen(v->payload), digest);
		r.payload_hash = hex_encode(hex, digest, sizeof digest);
		sigv4_sign(&r, c, unix_ns(time), &authorization);
		if (strcmp(signature_of(&authorization), v->signature) != 0)
			fail_msg("%s: %s", v->name, buf_cstr(&authorization));
	}
}

/* Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header". */
static void
s3_examples_of_aws_are_signed_as_published(void **state)
{
	static const struct vector vectors[] = {
		{ "GET object", "GET", "/test.txt", { { 0 } }, {
			{ "Host", "examplebucket.s3.amazonaws.com" },
			{ "Range", "bytes=0-9" },
			{ "x-amz-content-sha256", EMPTY_HASH },
			{ "x-amz-date", "20130524T000000Z" } },
			"", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
		{ "PUT object", "PUT", "/test%24file.text", { { 0 } }, {
			{ "Date", "Fri, 24 May 2013 00:00:00 GMT" },
			{ "Host", "examplebucket.s3.amazonaws.com" },
			{ "x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" },
			{ "x-amz-date", "20130524T000000Z" },
			{ "x-amz-storage-class", "REDUCED_REDUNDANCY" } },
			"Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
		{ "GET bucket lifecycle", "GET", "/", { { "lifecycle", "" } }, {
			{ "Host", "examplebucket.s3.amazonaws.com" },
			{ "x-amz-content-sha256", EMPTY_HASH },
			{ "x-amz-date", "20130524T000000Z" } },
			"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
		{ "list objects", "GET", "/", { { "prefix", "J" }, { "max-keys", "2" } }, {
			{ "Host", "examplebucket.s3.amazonaws.com" },
			{ "x-amz-content-sha256", EMPTY_HASH },
			{ "x-amz-date", "20130524T000000Z" } },
			"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
	};
	AUTO(creds_done) struct creds c = creds_of("AKIAIOSFODNN7EXAMPLE",
		"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

	(void)state;
	check_vectors(vectors, COUNT(vectors), "s3", false, "2013-05-24T00:00:00Z", &c);
}

#define SUITE_HEADERS { "Host", "example.amazonaws.com" }, { "X-Amz-Date", "20150830T123600Z" }

/* The "aws-sig-v4-test-suite" of the AWS General Reference. */
static void
suite_examples_of_aws_are_signed_as_published(void **state)
{
	static const struct vector vectors[] = {
		{ "get-vanilla", "GET", "/", { { 0 } }, { SUITE_HEADERS },
			"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
		{ "get-vanilla-query-order-key-case", "GET", "/", { { "Param2", "value2" }, { "Param1", "value1" } },
			{ SUITE_HEADERS },
			"", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
		{ "get-vanilla-query-unreserved", "GET", "/", { {
			"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
			"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" } }, { SUITE_HEADERS },
			"", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197" },
		{ "get-vanilla-utf8-query", "GET", "/", { { "\xe1\x88\xb4", "bar" } }, { SUITE_HEADERS },
			"", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
		{ "get-vanilla-empty-query-key", "GET", "/", { { "Param1", "value1" } }, { SUITE_HEADERS },
			"", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },
		{ "get-utf8", "GET", "/\xe1\x88\xb4", { { 0 } }, { SUITE_HEADERS },
			"", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
		{ "get-header-value-order", "GET", "/", { { 0 } }, { { "Host", "example.amazonaws.com" },
			{ "My-Header1", "value4" }, { "My-Header1", "value1" }, { "My-Header1", "value3" },
			{ "My-Header1", "value2" }, { "X-Amz-Date", "20150830T123600Z" } },
			"", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01" },
		{ "get-header-value-trim", "GET", "/", { { 0 } }, { { "Host", "example.amazonaws.com" },
			{ "My-Header1", " value1" }, { "My-Header2", " \"a   b   c\"" },
			{ "X-Amz-Date", "20150830T123600Z" } },
			"", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
		{ "post-vanilla", "POST", "/", { { 0 } }, { SUITE_HEADERS },
			"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
		{ "post-x-www-form-urlencoded", "POST", "/", { { 0 } },
			{ { "Content-Type", "application/x-www-form-urlencoded" }, SUITE_HEADERS },
			"Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
	};
	AUTO(creds_done) struct creds c = creds_of("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");

	(void)state;
	check_vectors(vectors, COUNT(vectors), "service", true, "2015-08-30T12:36:00Z", &c);
}

static void
canonical_request_and_string_to_sign_are_those_of_get_vanilla(void **state)
{
	static const struct sigv4_pair headers[] = {
		{ S("X-Amz-Date"), S("20150830T123600Z") },
		{ S("Host"), S("example.amazonaws.com") },
	};
	struct sigv4_req r = { .method = "GET", .region = "us-east-1", .service = "service", .path = S("/"),
		.headers = headers, .n_headers = COUNT(headers), .payload_hash = EMPTY_HASH };
	AUTO_BUF struct buf canonical = BUF_INIT(4 * KIB);
	AUTO_BUF struct buf names = BUF_INIT(4 * KIB);
	AUTO_BUF struct buf to_sign = BUF_INIT(4 * KIB);

	(void)state;
	sigv4_canonical(&r, &canonical, &names);
	assert_string_equal(buf_cstr(&canonical), "GET\n/\n\nhost:example.amazonaws.com\n"
		"x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n" EMPTY_HASH);
	assert_string_equal(buf_cstr(&names), "host;x-amz-date");
	sigv4_string_to_sign(&r, buf_str(&canonical), unix_ns("2015-08-30T12:36:00Z"), &to_sign);
	assert_string_equal(buf_cstr(&to_sign), "AWS4-HMAC-SHA256\n20150830T123600Z\n"
		"20150830/us-east-1/service/aws4_request\n"
		"bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
}

static void
authorization_names_key_scope_and_headers(void **state)
{
	static const struct sigv4_pair headers[] = { { S("Host"), S("h") }, { S("x-amz-date"), S("d") } };
	struct sigv4_req r = { .method = "GET", .region = "eu-west-1", .service = "s3", .path = S("/"),
		.headers = headers, .n_headers = COUNT(headers), .payload_hash = SIGV4_UNSIGNED };
	AUTO(creds_done) struct creds c = creds_of("AKID", "very-secret");
	AUTO_BUF struct buf out = BUF_INIT(4 * KIB);

	(void)state;
	sigv4_sign(&r, &c, unix_ns("2026-06-01T23:59:59Z"), &out);
	assert_true(str_starts(buf_str(&out), S("AWS4-HMAC-SHA256 Credential=AKID/20260601/eu-west-1/s3/aws4_request, "
		"SignedHeaders=host;x-amz-date, Signature=")));
	assert_int_equal(strlen(signature_of(&out)), 64);
	assert_null(strstr(buf_cstr(&out), "very-secret"));
}

static void
query_is_escaped_and_sorted_as_sent(void **state)
{
	static const struct sigv4_pair query[] = {
		{ S("prefix"), S("a b/\xc3\xa4+") }, { S("Z"), S("") }, { S("a"), S("2") }, { S("a"), S("1") },
	};
	AUTO_BUF struct buf out = BUF_INIT(KIB);

	(void)state;
	sigv4_query(query, COUNT(query), &out);
	assert_string_equal(buf_cstr(&out), "Z=&a=1&a=2&prefix=a%20b%2F%C3%A4%2B");
}

/* Prints the signature of each request given as "METHOD|SERVICE|PATH|QUERY" with a percent-encoded path and query. */
static const char oracle[] =
	"import sys\n"
	"from botocore.auth import S3SigV4Auth, SigV4Auth\n"
	"from botocore.awsrequest import AWSRequest\n"
	"from botocore.credentials import Credentials\n"
	"for line in sys.argv[1:]:\n"
	"    method, service, path, query = line.split('|')\n"
	"    url = 'https://host.example' + path + ('?' + query if query else '')\n"
	"    req = AWSRequest(method=method, url=url)\n"
	"    req.headers['x-amz-date'] = '20260601T020000Z'\n"
	"    req.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'\n"
	"    req.context['timestamp'] = '20260601T020000Z'\n"
	"    make = S3SigV4Auth if service == 's3' else SigV4Auth\n"
	"    auth = make(Credentials('AKID', 'SECRET'), service, 'eu-west-1')\n"
	"    sts = auth.string_to_sign(req, auth.canonical_request(req))\n"
	"    print(auth.signature(sts, req))\n";

static void
botocore_signs_the_same(void **state)
{
	static const struct {
		const char *arg, *method, *service, *path;
		struct sigv4_pair query[3];
		size_t n_query;
	} rows[] = {
		{ "GET|s3|/bucket/a%20b/%C3%A4%2B~x|", "GET", "s3", "/bucket/a%20b/%C3%A4%2B~x",
			{ { { 0 }, { 0 } } }, 0 },
		{ "PUT|s3|/b/k%2525|partNumber=12&uploadId=a%2Fb%3D%3D", "PUT", "s3", "/b/k%2525",
			{ { S("uploadId"), S("a/b==") }, { S("partNumber"), S("12") } }, 2 },
		{ "GET|s3|/b|delimiter=%2F&list-type=2&prefix=backups%2F%20x", "GET", "s3", "/b",
			{ { S("prefix"), S("backups/ x") }, { S("list-type"), S("2") }, { S("delimiter"), S("/") } }, 3 },
		{ "POST|s3|/b/k|uploads=", "POST", "s3", "/b/k", { { S("uploads"), S("") } }, 1 },
		{ "GET|ec2|/a%20b/c|Action=X", "GET", "ec2", "/a%20b/c", { { S("Action"), S("X") } }, 1 },
	};
	static const struct sigv4_pair headers[] = {
		{ S("host"), S("host.example") }, { S("x-amz-content-sha256"), S(SIGV4_UNSIGNED) },
		{ S("x-amz-date"), S("20260601T020000Z") },
	};
	/* The first python3 in the path may be another one than the one that Debian's packages are for. */
	static const char *const pythons[] = { "python3", "/usr/bin/python3" };
	const char *argv[COUNT(rows) + 4] = { NULL, "-c", oracle };
	struct proc p = { .argv = argv, .timeout_ns = 60 * NS_PER_S };
	AUTO_BUF struct buf out = BUF_INIT(64 * KIB);
	AUTO_BUF struct buf err_out = BUF_INIT(64 * KIB);
	AUTO(creds_done) struct creds c = creds_of("AKID", "SECRET");
	struct str rest, line;
	struct err e = { 0 };
	int status = 0;
	bool known = false;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		argv[3 + i] = rows[i].arg;
	for (size_t i = 0; i < COUNT(pythons) && !known; i++) {
		argv[0] = pythons[i];
		buf_cut(&out, 0);
		known = proc_run(&p, &out, &err_out, &status, NULL, &e) == 0 && status == 0;
	}
	if (!known) {
		print_message("skipped: python3 has no botocore\n");
		skip();
	}
	rest = buf_str(&out);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sigv4_req r = { .method = rows[i].method, .region = "eu-west-1", .service = rows[i].service,
			.path = str_of(rows[i].path), .query = rows[i].query, .n_query = rows[i].n_query,
			.headers = headers, .n_headers = COUNT(headers), .payload_hash = SIGV4_UNSIGNED,
			.double_encode_path = strcmp(rows[i].service, "s3") != 0 };
		AUTO_BUF struct buf authorization = BUF_INIT(4 * KIB);

		assert_true(str_split(&rest, '\n', &line));
		sigv4_sign(&r, &c, unix_ns("2026-06-01T02:00:00Z"), &authorization);
		if (!str_eqz(str_trim(line), signature_of(&authorization)))
			fail_msg("%s: ours %s, theirs " STR_FMT, rows[i].arg, signature_of(&authorization),
				STR_ARG(line));
	}
}

/* Amazon S3 API Reference, "Authenticating requests: using query parameters". */
static void
presigned_url_of_the_s3_reference(void **state)
{
	AUTO(creds_done) struct creds c = creds_of("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
	AUTO_BUF struct buf query = BUF_INIT(64 * KIB);
	const struct sigv4_pair headers[] = { { S("host"), S("examplebucket.s3.amazonaws.com") } };
	const struct sigv4_req r = { .method = "GET", .region = "us-east-1", .service = "s3", .path = S("/test.txt"),
		.headers = headers, .n_headers = 1, .payload_hash = SIGV4_UNSIGNED };

	(void)state;
	sigv4_presign(&r, &c, unix_ns("2013-05-24T00:00:00Z"), 86400, &query);
	assert_string_equal(buf_cstr(&query), "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
		"%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
		"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(s3_examples_of_aws_are_signed_as_published),
		cmocka_unit_test(suite_examples_of_aws_are_signed_as_published),
		cmocka_unit_test(canonical_request_and_string_to_sign_are_those_of_get_vanilla),
		cmocka_unit_test(authorization_names_key_scope_and_headers),
		cmocka_unit_test(query_is_escaped_and_sorted_as_sent),
		cmocka_unit_test(presigned_url_of_the_s3_reference),
		cmocka_unit_test(botocore_signs_the_same),
	};

	return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
