/* The S3 store against a scripted server: what a real one does only on a bad day.  See also tests/live/test_s3.c. */
#include "store/s3_impl.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "tests/unit/httpd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define SECRET "planted-secret-key"
#define TOKEN  "planted-session-token"

#define XML_ERROR(code, message) "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" code \
	"</Code><Message>" message "</Message><RequestId>1</RequestId></Error>"
#define LIST(inner) "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" \
	inner "</ListBucketResult>"
#define OK(call) do { if ((call) < 0) fail_msg("%s: %s", #call, e.msg); } while (0)
#define TAKEN "ETag: \"t\"\r\n"

/*
 * The script: request i must be rows[i].request ("METHOD target" up to where it ends) and gets the answer.  What
 * does not match, or comes after the last row, is answered 418 and noted.
 */
struct row {
	const char *request;
	int         status;                      /* 0: the connection is cut without an answer */
	const char *headers, *body;
	size_t      cut;                         /* send only so many bytes of the body, then cut; 0: all */
	const char *expect;                      /* must be in the request's head */
};
struct script {
	const struct row *rows;
	size_t            n, at;
	struct buf        log;                   /* all requests with their heads */
	struct buf        wrong;
	struct httpd     *httpd;
};

static void
serve(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct script *s = ctx;
	const struct row *row = s->at < s->n ? &s->rows[s->at++] : NULL;
	AUTO_FREE char *request = xasprintf("%s %s", r->method, r->target);
	AUTO_FREE char *head = str_dup(r->head);
	AUTO_BUF struct buf answer = BUF_INIT(MIB);
	struct str body;

	buf_putf(&s->log, "%s\n%s\n", request, head);
	if (!row || strncmp(request, row->request, strlen(row->request)) != 0 ||
	    (row->expect && !strstr(head, row->expect))) {
		buf_putf(&s->wrong, "%s instead of %s%s%s\n", request, row ? row->request : "nothing",
			row && row->expect ? " with " : "", row && row->expect ? row->expect : "");
		httpd_answer(c, 418, NULL, S(""));
		return;
	}
	if (!row->status) {
		httpd_cut(c);
		return;
	}
	body = str_of(row->body);
	if (!row->cut && strcmp(r->method, "HEAD") != 0) {
		httpd_answer(c, row->status, row->headers, body);
		return;
	}
	buf_putf(&answer, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n", row->status,
		row->headers ? row->headers : "", body.len);
	buf_put(&answer, body.p, row->cut);
	httpd_send(c, answer.p, answer.len);
	if (row->cut)
		httpd_cut(c);
}

static struct store *
open_at(const struct script *s, const char *params)
{
	AUTO_FREE char *url = xasprintf("s3://bkt/pre?s3Url=http://127.0.0.1:%d%s", httpd_port(s->httpd), params);
	struct err e = { 0 };
	struct store *st = store_open(url, &e);

	if (!st)
		fail_msg("%s", e.msg);
	return st;
}

#define START(script_rows) { .rows = (script_rows), .n = COUNT(script_rows), .log = BUF_INIT(16 * MIB), \
	.wrong = BUF_INIT(MIB) }

static void
script_start(struct script *s)
{
	s->httpd = httpd_new(serve, s, NULL);
}

/* Ends the server; the whole script must have been played, and no secret been sent or said. */
static void
script_end(struct script *s, const struct err *e)
{
	httpd_free(s->httpd);
	if (s->wrong.len)
		fail_msg("%s", buf_cstr(&s->wrong));
	if (s->at != s->n)
		fail_msg("%zu requests of %zu, last %s", s->at, s->n, buf_cstr(&s->log));
	assert_null(strstr(buf_cstr(&s->log), SECRET));
	assert_null(strstr(e->msg, SECRET));
	assert_null(strstr(e->msg, TOKEN));
	buf_free(&s->log);
	buf_free(&s->wrong);
}

static int
collect(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	struct strs *keys = ctx;

	(void)e;
	*vec_push(keys) = xasprintf("%s%s", key, info ? "" : " (folder)");
	return 0;
}

static int
to_buf(void *ctx, const void *p, size_t n, struct err *e)
{
	return buf_add(ctx, p, n, e);
}

static void
error_documents_become_kinds_reasons_and_advice(void **state)
{
	static const struct {
		struct row    row;
		enum err_kind kind;
		const char   *reason, *text;
	} rows[] = {
		{ { "GET /bkt/pre/k", 404, NULL, XML_ERROR("NoSuchKey", "The key does not exist."), 0, NULL },
			EK_NOTFOUND, "NoSuchKey", "The key does not exist. (404 NoSuchKey)" },
		{ { "GET /bkt/pre/k", 404, NULL, XML_ERROR("NoSuchBucket", "No bucket."), 0, NULL },
			EK_NOTFOUND, "NoSuchBucket", "create the bucket first" },
		{ { "GET /bkt/pre/k", 403, NULL, XML_ERROR("AccessDenied", "Access Denied."), 0, NULL },
			EK_DENIED, "AccessDenied", "lacks the permission" },
		{ { "GET /bkt/pre/k", 403, NULL, XML_ERROR("InvalidAccessKeyId", "Unknown."), 0, NULL },
			EK_DENIED, "InvalidAccessKeyId", "check the access key" },
		{ { "GET /bkt/pre/k", 403, NULL, XML_ERROR("SignatureDoesNotMatch", "Mismatch."), 0, NULL },
			EK_DENIED, "SignatureDoesNotMatch", "check the secret key" },
		{ { "GET /bkt/pre/k", 400, NULL, XML_ERROR("ExpiredToken", "Expired."), 0, NULL },
			EK_DENIED, "ExpiredToken", "get new temporary credentials" },
		{ { "GET /bkt/pre/k", 400, NULL, XML_ERROR("SlowDown", "Slow down."), 0, NULL },
			EK_THROTTLED, "SlowDown", "Slow down." },
		{ { "GET /bkt/pre/k", 400, NULL, XML_ERROR("SomethingNew", "Whatever."), 0, NULL },
			EK_INVALID, "SomethingNew", "Whatever. (400 SomethingNew)" },
		{ { "GET /bkt/pre/k", 403, NULL, "<html><body>proxy says no", 0, NULL },
			EK_DENIED, "", "403 Forbidden" },
		{ { "GET /bkt/pre/k", 302, "Location: http://elsewhere/\r\n", "", 0, NULL },
			EK_INVALID, "", "unexpected answer 302; check s3Url" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct script s = { .rows = &rows[i].row, .n = 1, .log = BUF_INIT(MIB), .wrong = BUF_INIT(MIB) };
		AUTO_BUF struct buf got = BUF_INIT(MIB);
		struct err e = { 0 };
		struct store *st;

		script_start(&s);
		st = open_at(&s, "");
		assert_int_equal(store_get(st, "k", &got, NULL, &e), -1);
		store_close(st);
		script_end(&s, &e);
		assert_int_equal(e.kind, rows[i].kind);
		assert_string_equal(e.reason, rows[i].reason);
		assert_int_equal(e.http, rows[i].row.status);
		if (!strstr(e.msg, rows[i].text))
			fail_msg("'%s' is not in '%s'", rows[i].text, e.msg);
		assert_true(str_starts(str_of(e.msg), S("read 'k' in s3://bkt/pre: ")));
		assert_int_equal(got.len, 0);
	}
}

/* What is not in the table above, with an answer that is not asked for again (some are, once). */
static void
each_code_of_a_store_is_known(void **state)
{
	static const struct { const char *code; enum err_kind kind; bool again; const char *advice; } rows[] = {
		{ "NoSuchUpload", EK_NOTFOUND, false, "" },
		{ "AllAccessDisabled", EK_DENIED, false, "" },
		{ "AccountProblem", EK_DENIED, false, "" },
		{ "InvalidToken", EK_DENIED, false, "get new temporary credentials" },
		{ "InvalidTokenId", EK_DENIED, false, "check the session token" },
		{ "TokenRefreshRequired", EK_DENIED, false, "get new temporary credentials" },
		{ "RequestTimeTooSkewed", EK_DENIED, true, "set the clock of this machine" },
		{ "TemporaryRedirect", EK_INVALID, false, "" },
		{ "IllegalLocationConstraintException", EK_INVALID, false, "" },
		{ "InvalidRegion", EK_INVALID, false, "" },
		{ "InvalidBucketName", EK_INVALID, false, "correct the bucket's name" },
		{ "KeyTooLongError", EK_INVALID, false, "" },
		{ "MethodNotAllowed", EK_INVALID, false, "s3Url is the address of an S3 API" },
		{ "NotImplemented", EK_INVALID, false, "" },
		{ "InvalidRange", EK_CORRUPT, false, "shorter than expected" },
		{ "BadDigest", EK_CORRUPT, true, "damaged on its way" },
		{ "XAmzContentSHA256Mismatch", EK_CORRUPT, true, "damaged on its way" },
		{ "XAmzContentChecksumMismatch", EK_CORRUPT, true, "damaged on its way" },
		{ "InvalidDigest", EK_CORRUPT, false, "" },
		{ "InvalidStorageClass", EK_INVALID, false, "correct storageClass" },
		{ "InvalidTag", EK_INVALID, false, "correct tagging" },
		{ "InvalidEncryptionAlgorithmError", EK_INVALID, false, "correct serverSideEncryption" },
		{ "InvalidObjectState", EK_DENIED, false, "archived (Glacier)" },
		{ "ObjectLocked", EK_DENIED, false, "" },
		{ "KMS.NotFoundException", EK_DENIED, false, "check kmsKeyId" },
		{ "KMS.DisabledException", EK_DENIED, false, "enable the KMS key" },
		{ "KMS.InvalidStateException", EK_DENIED, false, "enable the KMS key" },
		{ "KMS.KMSInvalidStateException", EK_DENIED, false, "enable the KMS key" },
		{ "kms:KeyNotFound", EK_DENIED, false, "check kmsKeyId" },
		{ "KMSNotConfigured", EK_INVALID, false, "the store has no KMS" },
		{ "PreconditionFailed", EK_EXISTS, false, "" },
		{ "ConditionalRequestConflict", EK_CONFLICT, true, "" },
		{ "OperationAborted", EK_CONFLICT, true, "" },
		{ "EntityTooLarge", EK_LIMIT, false, "" },
		{ "QuotaExceeded", EK_LIMIT, false, "raise the quota" },
		{ "XMinioAdminBucketQuotaExceeded", EK_LIMIT, false, "raise the quota" },
		{ "XMinioStorageFull", EK_LIMIT, false, "the disks of the store are full" },
		{ "SlowDownRead", EK_THROTTLED, false, "" },
		{ "SlowDownWrite", EK_THROTTLED, false, "" },
		{ "TooManyRequests", EK_THROTTLED, false, "" },
		{ "RequestLimitExceeded", EK_THROTTLED, false, "" },
		{ "Throttling", EK_THROTTLED, false, "" },
		{ "ServiceUnavailable", EK_UNAVAILABLE, false, "" },
		{ "InternalError", EK_UNAVAILABLE, true, "" },
		{ "XMinioServerNotInitialized", EK_UNAVAILABLE, false, "" },
		{ "RequestTimeout", EK_TIMEOUT, true, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *body = xasprintf(XML_ERROR("%s", "Words."), rows[i].code);
		struct row row[2] = { { "GET /bkt/pre/k", 400, NULL, body, 0, NULL }, { "GET /bkt/pre/k", 400, NULL, body, 0, NULL } };
		struct script s = { .rows = row, .n = rows[i].again ? 2 : 1, .log = BUF_INIT(MIB), .wrong = BUF_INIT(MIB) };
		AUTO_BUF struct buf got = BUF_INIT(MIB);
		struct err e = { 0 };
		struct store *st;

		script_start(&s);
		st = open_at(&s, "");
		assert_int_equal(store_get(st, "k", &got, NULL, &e), -1);
		store_close(st);
		script_end(&s, &e);
		if (e.kind != rows[i].kind || strcmp(e.reason, rows[i].code) != 0 || strstr(e.msg, rows[i].advice) == NULL)
			fail_msg("%s: kind %d, '%s'", rows[i].code, e.kind, e.msg);
	}
}

static void
put_retries_slowdown_and_keeps_body(void **state)
{
	/* SHA-256 of "body": the store checks that the bytes are these. */
	static const char hash[] = "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5";
	static const struct row rows[] = {
		{ "PUT /bkt/pre/k", 503, NULL, XML_ERROR("SlowDown", "Reduce your request rate."), 0, hash },
		{ "PUT /bkt/pre/k", 200, TAKEN, "", 0, hash },
	};
	struct script s = START(rows);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	OK(store_put(st, "k", S("body"), NULL, &e));
	store_close(st);
	script_end(&s, &e);
}

static void
page_of_somebody_else_is_not_taken_for_a_stored_object(void **state)
{
	static const struct row rows[] = {
		{ "PUT /bkt/pre/k", 200, "Content-Type: text/html\r\n", "<html>Please log in</html>", 0, NULL },
	};
	struct script s = START(rows);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	assert_int_equal(store_put(st, "k", S("body"), NULL, &e), -1);
	store_close(st);
	script_end(&s, &e);
	assert_int_equal(e.kind, EK_UNAVAILABLE);
	assert_non_null(strstr(e.msg, "ETag"));
}

static void
region_named_by_the_answer_is_tried_once(void **state)
{
	static const struct row by_header[] = {
		{ "GET /bkt/pre/k", 301, "x-amz-bucket-region: eu-west-3\r\n",
			XML_ERROR("PermanentRedirect", "Elsewhere."), 0, "/us-east-1/s3/aws4_request" },
		{ "GET /bkt/pre/k", 200, NULL, "ok", 0, "/eu-west-3/s3/aws4_request" },
		{ "HEAD /bkt/pre/k", 200, NULL, "ok", 0, "/eu-west-3/s3/aws4_request" },
	};
	static const struct row by_body[] = {
		{ "GET /bkt/pre/k", 400, NULL, "<Error><Code>AuthorizationHeaderMalformed</Code><Message>Wrong region."
			"</Message><Region>eu-west-3</Region></Error>", 0, "/us-east-1/s3/aws4_request" },
		{ "GET /bkt/pre/k", 200, NULL, "ok", 0, "/eu-west-3/s3/aws4_request" },
		{ "HEAD /bkt/pre/k", 200, NULL, "ok", 0, "/eu-west-3/s3/aws4_request" },
	};
	const struct row *const scripts[] = { by_header, by_body };

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct script s = { .rows = scripts[i], .n = 3, .log = BUF_INIT(MIB), .wrong = BUF_INIT(MIB) };
		AUTO_BUF struct buf got = BUF_INIT(MIB);
		struct store_info info;
		struct err e = { 0 };
		struct store *st;

		script_start(&s);
		st = open_at(&s, "");
		OK(store_get(st, "k", &got, NULL, &e));
		OK(store_head(st, "k", &info, NULL, &e));
		store_close(st);
		script_end(&s, &e);
		assert_int_equal(info.size, 2);
	}
}

static void
wrong_region_of_the_url_is_followed_once_and_can_be_told(void **state)
{
	static const struct row rows[] = {
		{ "HEAD /bkt/pre/k", 301, "x-amz-bucket-region: eu-west-3\r\n", "", 0, "/eu-west-1/s3/" },
		{ "HEAD /bkt/pre/k", 200, NULL, "xx", 0, "/eu-west-3/s3/" },
		{ "HEAD /bkt/pre/k", 400, "x-amz-bucket-region: eu-west-2\r\n", "", 0, "/eu-west-3/s3/" },
		{ "HEAD /bkt/pre/k", 400, "x-amz-bucket-region: eu-west-1\r\n", "", 0, "/eu-west-2/s3/" },
	};
	struct script s = START(rows);
	struct store_info info;
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "&region=eu-west-1");
	OK(store_head(st, "k", &info, NULL, &e));
	assert_string_equal(s3_of(st)->conn.region_said, "eu-west-1");
	assert_string_equal(s3_of(st)->conn.region, "eu-west-3");
	assert_int_equal(store_head(st, "k", &info, NULL, &e), -1);
	store_close(st);
	script_end(&s, &e);
	assert_int_equal(e.kind, EK_INVALID);
	assert_non_null(strstr(e.msg, "set region=eu-west-1"));
}

static void
hostile_region_is_not_believed(void **state)
{
	static const struct row rows[] = {
		{ "GET /bkt/pre/k", 301, "x-amz-bucket-region: evil.example/\r\n", XML_ERROR("PermanentRedirect", "x"),
			0, NULL },
	};
	struct script s = START(rows);
	AUTO_BUF struct buf got = BUF_INIT(MIB);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	assert_int_equal(store_get(st, "k", &got, NULL, &e), -1);
	store_close(st);
	script_end(&s, &e);
	assert_null(strstr(e.msg, "evil"));
}

static void
skewed_clock_is_corrected_from_the_servers_date(void **state)
{
	static const struct row rows[] = {
		{ "PUT /bkt/pre/k", 403, "Date: Sat, 01 Jun 2080 02:00:00 GMT\r\n",
			XML_ERROR("RequestTimeTooSkewed", "Too far."), 0, NULL },
		{ "PUT /bkt/pre/k", 200, TAKEN, "", 0, "x-amz-date: 20800601T02" },
	};
	struct script s = START(rows);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	OK(store_put(st, "k", S("body"), NULL, &e));
	store_close(st);
	script_end(&s, &e);
}

/* Its refusal comes without the word for it. */
static void
skewed_clock_is_corrected_for_a_look_up_too(void **state)
{
	static const struct row rows[] = {
		{ "HEAD /bkt/pre/k", 403, "Date: Sat, 01 Jun 2080 02:00:00 GMT\r\n", "", 0, NULL },
		{ "HEAD /bkt/pre/k", 200, NULL, "xx", 0, "x-amz-date: 20800601T02" },
	};
	static const struct row denied[] = {
		{ "HEAD /bkt/pre/k", 403, NULL, "", 0, NULL },
	};
	struct script s = START(rows), no = START(denied);
	struct store_info info;
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	OK(store_head(st, "k", &info, NULL, &e));
	assert_int_equal(info.size, 2);
	store_close(st);
	script_end(&s, &e);
	script_start(&no);
	st = open_at(&no, "");
	assert_int_equal(store_head(st, "k", &info, NULL, &e), -1);
	assert_int_equal(e.kind, EK_DENIED);
	store_close(st);
	script_end(&no, &e);
}

static void
session_token_is_sent_and_signed(void **state)
{
	static const struct row rows[] = {
		{ "DELETE /bkt/pre/k", 204, NULL, "", 0, "x-amz-security-token: " TOKEN "\r\n" },
		{ "DELETE /bkt/pre/k", 204, NULL, "", 0,
			"SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token" },
	};
	struct script s = START(rows);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	assert_int_equal(setenv("AWS_SESSION_TOKEN", TOKEN, 1), 0);
	st = open_at(&s, "");
	assert_int_equal(unsetenv("AWS_SESSION_TOKEN"), 0);
	OK(store_delete(st, "k", NULL, &e));
	OK(store_delete(st, "k", NULL, &e));
	assert_null(strstr(store_url(st), TOKEN));
	store_close(st);
	script_end(&s, &e);
}

/* Runs store_create("k", "mine") against the script; the kind of its error, EK_NONE if it succeeded. */
static enum err_kind
create(const struct row *rows, size_t n)
{
	struct script s = { .rows = rows, .n = n, .log = BUF_INIT(MIB), .wrong = BUF_INIT(MIB) };
	struct err e = { 0 };
	struct store *st;
	int rc;

	script_start(&s);
	st = open_at(&s, "");
	rc = store_create(st, "k", S("mine"), NULL, &e);
	store_close(st);
	script_end(&s, &e);
	assert_int_equal(rc, e.kind == EK_NONE ? 0 : -1);
	return e.kind;
}

#define PUT_IF_ABSENT(status, body) { "PUT /bkt/pre/k", status, TAKEN, body, 0, "If-None-Match: *" }
#define REFUSED PUT_IF_ABSENT(412, XML_ERROR("PreconditionFailed", "It exists."))
#define UNKNOWN PUT_IF_ABSENT(501, XML_ERROR("NotImplemented", "No such header."))

static void
create_is_conditional(void **state)
{
	static const struct row made[] = { PUT_IF_ABSENT(200, "") };
	static const struct row refused[] = { REFUSED };

	(void)state;
	assert_int_equal(create(made, COUNT(made)), EK_NONE);
	assert_int_equal(create(refused, COUNT(refused)), EK_EXISTS);
}

static void
create_looks_first_where_conditions_are_unknown(void **state)
{
	static const struct row absent[] = { UNKNOWN, { "HEAD /bkt/pre/k", 404, NULL, "", 0, NULL },
		{ "PUT /bkt/pre/k", 200, TAKEN, "", 0, NULL } };
	static const struct row present[] = { UNKNOWN, { "HEAD /bkt/pre/k", 200, NULL, "xx", 0, NULL } };
	static const struct row denied[] = { UNKNOWN, { "HEAD /bkt/pre/k", 403, NULL, "", 0, NULL } };

	(void)state;
	assert_int_equal(create(absent, COUNT(absent)), EK_NONE);
	assert_int_equal(create(present, COUNT(present)), EK_EXISTS);
	assert_int_equal(create(denied, COUNT(denied)), EK_DENIED);
}

static void
create_whose_answer_was_lost_recognizes_its_own_object(void **state)
{
	static const struct row ours[] = { PUT_IF_ABSENT(0, ""), REFUSED,
		{ "GET /bkt/pre/k", 200, NULL, "mine", 0, NULL } };
	static const struct row theirs[] = { PUT_IF_ABSENT(0, ""), REFUSED,
		{ "GET /bkt/pre/k", 200, NULL, "yours", 0, NULL } };

	(void)state;
	assert_int_equal(create(ours, COUNT(ours)), EK_NONE);
	assert_int_equal(create(theirs, COUNT(theirs)), EK_EXISTS);
}

static void
listing_joins_pages_decodes_keys_and_sorts_folders_in(void **state)
{
	static const struct row rows[] = {
		{ "GET /bkt?delimiter=%2F&encoding-type=url&list-type=2&prefix=pre%2Fd%2F", 200, NULL, LIST(
			"<IsTruncated>true</IsTruncated><NextContinuationToken>t/1=</NextContinuationToken>"
			"<Contents><Key>pre/d/a+b%2Bc%C3%A4</Key><Size>5</Size><ETag>&quot;x&quot;</ETag>"
			"<LastModified>2026-06-01T02:00:00.000Z</LastModified></Contents>"
			"<Contents><Key>pre/d/z</Key><Size>1</Size></Contents>"
			"<CommonPrefixes><Prefix>pre/d/m/</Prefix></CommonPrefixes>"
			"<EncodingType>url</EncodingType>"), 0, NULL },
		{ "GET /bkt?continuation-token=t%2F1%3D&delimiter=%2F&encoding-type=url&list-type=2&prefix=pre%2Fd%2F",
			200, NULL, LIST("<IsTruncated>false</IsTruncated><Contents><Key>pre/d/../x</Key></Contents>"
			"<Contents><Key>pre/d/zz%</Key></Contents><Contents><Key>pre/</Key></Contents>"), 0, NULL },
	};
	/* The second page says nothing about its encoding: its keys are taken as they are. */
	static const char *const expected[] = { "d/a b+c\xc3\xa4", "d/m/ (folder)", "d/z", "d/zz%" };
	struct script s = START(rows);
	AUTO_STRS struct strs keys = { 0 };
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	OK(store_list(st, "d/", true, collect, &keys, NULL, &e));
	store_close(st);
	script_end(&s, &e);
	assert_int_equal(keys.len, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_string_equal(keys.at[i], expected[i]);
}

static void
damaged_listings_are_errors_not_short_listings(void **state)
{
	static const char *const bodies[] = {
		LIST("<IsTruncated>true</IsTruncated>"),
		LIST("<Contents><Size>1</Size></Contents>"),
		LIST("<Contents><Key>pre/a</Key><Size>-1</Size></Contents>"),
		LIST("<EncodingType>url</EncodingType><Contents><Key>pre/%zz</Key></Contents>"),
		"<ListBucketResult><Contents><Key>pre/a</Key></Contents>",
		"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		const struct row row = { "GET /bkt?", 200, NULL, bodies[i], 0, NULL };
		struct script s = { .rows = &row, .n = 1, .log = BUF_INIT(MIB), .wrong = BUF_INIT(MIB) };
		AUTO_STRS struct strs keys = { 0 };
		struct err e = { 0 };
		struct store *st;

		script_start(&s);
		st = open_at(&s, "");
		if (store_list(st, "", false, collect, &keys, NULL, &e) == 0)
			fail_msg("accepted: %s", bodies[i]);
		store_close(st);
		script_end(&s, &e);
		assert_int_equal(e.kind, EK_CORRUPT);
	}
}

#define UPLOADS(inner) "<ListMultipartUploadsResult>" inner "</ListMultipartUploadsResult>"
#define UPLOAD(key, id, year) "<Upload><Key>" key "</Key><UploadId>" id "</UploadId><Initiated>" year \
	"-01-01T00:00:00Z</Initiated></Upload>"

static void
sweep_goes_through_all_pages_and_spares_young_and_foreign_uploads(void **state)
{
	static const struct row rows[] = {
		{ "GET /bkt?encoding-type=url&uploads=", 200, NULL, UPLOADS("<EncodingType>url</EncodingType>"
			"<IsTruncated>true</IsTruncated><NextKeyMarker>pre/b/a+b</NextKeyMarker>"
			"<NextUploadIdMarker>2</NextUploadIdMarker>" UPLOAD("other/b/x", "0", "2020")
			UPLOAD("pre/b/a+b", "1", "2020") UPLOAD("pre/b/young", "2", "2030")), 0, NULL },
		{ "DELETE /bkt/pre/b/a%20b?uploadId=1", 204, NULL, "", 0, NULL },
		{ "GET /bkt?encoding-type=url&key-marker=pre%2Fb%2Fa%20b&upload-id-marker=2&uploads=", 200, NULL,
			UPLOADS(UPLOAD("pre/b/c", "3", "2020") UPLOAD("pre/b/d", "4", "2020")), 0, NULL },
		{ "DELETE /bkt/pre/b/c?uploadId=3", 404, NULL, XML_ERROR("NoSuchUpload", "Gone."), 0, NULL },
		{ "DELETE /bkt/pre/b/d?uploadId=4", 204, NULL, "", 0, NULL },
	};
	struct script s = START(rows);
	struct err e = { 0 };
	size_t removed = 0;
	int64_t before = 0;
	struct store *st;

	(void)state;
	assert_true(clock_parse_rfc3339(S("2026-01-01T00:00:00Z"), &before));
	script_start(&s);
	st = open_at(&s, "");
	OK(store_sweep(st, "b/", before, &removed, NULL, &e));
	store_close(st);
	script_end(&s, &e);
	assert_int_equal(removed, 2);
}

static void
broken_download_goes_on_where_it_stopped(void **state)
{
	static const struct row rows[] = {
		{ "HEAD /bkt/pre/k", 200, "ETag: \"v1\"\r\n", "0123456789", 0, NULL },
		{ "GET /bkt/pre/k", 200, "ETag: \"v1\"\r\n", "0123456789", 4, "If-Match: \"v1\"\r\n" },
		{ "GET /bkt/pre/k", 206, NULL, "456789", 3, "Range: bytes=4-\r\nIf-Match: \"v1\"\r\n" },
		{ "GET /bkt/pre/k", 206, NULL, "789", 0, "Range: bytes=7-\r\nIf-Match: \"v1\"\r\n" },
	};
	struct script s = START(rows);
	AUTO_BUF struct buf got = BUF_INIT(MIB);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	OK(store_read(st, "k", to_buf, &got, NULL, &e));
	store_close(st);
	script_end(&s, &e);
	assert_string_equal(buf_cstr(&got), "0123456789");
}

static void
broken_download_of_a_replaced_object_fails(void **state)
{
	static const struct row rows[] = {
		{ "HEAD /bkt/pre/k", 403, NULL, "", 0, NULL },     /* then the first answer tells the tag */
		{ "GET /bkt/pre/k", 200, "ETag: \"v1\"\r\n", "0123456789", 4, NULL },
		{ "GET /bkt/pre/k", 412, NULL, XML_ERROR("PreconditionFailed", "x"), 0, "If-Match: \"v1\"\r\n" },
	};
	struct script s = START(rows);
	AUTO_BUF struct buf got = BUF_INIT(MIB);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	assert_int_equal(store_read(st, "k", to_buf, &got, NULL, &e), -1);
	store_close(st);
	script_end(&s, &e);
	assert_int_equal(e.kind, EK_CONFLICT);
}

static void
short_range_is_corrupt(void **state)
{
	static const struct row rows[] = {
		{ "GET /bkt/pre/k", 206, NULL, "34", 0, "Range: bytes=3-6\r\n" },
		{ "GET /bkt/pre/k", 416, NULL, XML_ERROR("InvalidRange", "x"), 0, "Range: bytes=3-6\r\n" },
	};
	struct script s = START(rows);
	AUTO_BUF struct buf got = BUF_INIT(MIB);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(store_get_range(st, "k", 3, 4, &got, NULL, &e), -1);
		assert_int_equal(e.kind, EK_CORRUPT);
		assert_int_equal(got.len, 0);
	}
	store_close(st);
	script_end(&s, &e);
}

static void
addresses_follow_the_bucket_the_host_and_the_style(void **state)
{
	static const struct { const char *url, *endpoint; bool path_style; } rows[] = {
		{ "s3://bkt", "https://bkt.s3.us-east-1.amazonaws.com", false },
		{ "s3://bkt?region=eu-west-1", "https://bkt.s3.eu-west-1.amazonaws.com", false },
		{ "s3://bkt?region=cn-north-1", "https://bkt.s3.cn-north-1.amazonaws.com.cn", false },
		{ "s3://b.k.t?region=eu-west-1", "https://s3.eu-west-1.amazonaws.com", true },
		{ "s3://B_k?region=eu-west-1", "https://s3.eu-west-1.amazonaws.com", true },
		{ "s3://bkt?region=eu-west-1&s3ForcePathStyle=true", "https://s3.eu-west-1.amazonaws.com", true },
		{ "s3://bkt?s3Url=https://minio.example:9000", "https://bkt.minio.example:9000", false },
		{ "s3://b.k.t?s3Url=http://minio.example", "http://b.k.t.minio.example", false },
		{ "s3://b.k.t?s3Url=https://minio.example", "https://minio.example", true },
		{ "s3://bkt?s3Url=https://minio.example:443/", "https://bkt.minio.example", false },
		{ "s3://bkt?s3Url=http://10.0.0.1:9000", "http://10.0.0.1:9000", true },
		{ "s3://bkt?s3Url=http://[::1]:9000", "http://[::1]:9000", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(store_closep) struct store *st = NULL;
		AUTO_FREE char *endpoint = NULL;
		struct err e = { 0 };

		st = store_open(rows[i].url, &e);
		if (!st)
			fail_msg("%s: %s", rows[i].url, e.msg);
		endpoint = s3_conn_endpoint(&s3_of(st)->conn);
		assert_string_equal(endpoint, rows[i].endpoint);
		assert_int_equal(s3_of(st)->conn.path_style, rows[i].path_style);
	}
}

static void
prefix_and_key_together_are_bounded(void **state)
{
	AUTO_BUF struct buf key = BUF_INIT(4 * KIB);
	AUTO(store_closep) struct store *st = NULL;
	struct err e = { 0 };

	(void)state;
	st = store_open("s3://bkt/pre?s3Url=http://127.0.0.1:9", &e);
	assert_non_null(st);
	while (key.len < 1021)
		buf_putc(&key, 'k');
	assert_int_equal(store_put(st, buf_cstr(&key), S("x"), NULL, &e), -1);
	assert_int_equal(e.kind, EK_INVALID);
}

/* Everything that a location may add, and on which requests; all of it signed. */
static void
what_the_location_says_is_sent_and_signed(void **state)
{
	static const struct { const char *params, *request, *expect; } rows[] = {
		{ "&checksumAlgorithm=CRC32", "PUT", "x-amz-checksum-crc32: y/Q5Jg==\r\n" },
		{ "&checksumAlgorithm=CRC32C", "PUT", "x-amz-checksum-crc32c: 4waSgw==\r\n" },
		{ "&checksumAlgorithm=SHA1", "PUT", "x-amz-checksum-sha1: 98O8HYCOBHMq32eZZczDTKeuNEE=\r\n" },
		{ "&checksumAlgorithm=SHA256", "PUT", "x-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=" },
		{ "&checksumAlgorithm=CRC32", "PUT", "SignedHeaders=host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date," },
		{ "", "PUT", "SignedHeaders=host;x-amz-content-sha256;x-amz-date," },
		{ "&checksumAlgorithm=", "HEAD", "SignedHeaders=host;x-amz-content-sha256;x-amz-date," },
		{ "&checksumAlgorithm=CRC32", "HEAD", "x-amz-checksum-mode: ENABLED\r\n" },
		{ "&tagging=a=b%26c=d e", "PUT", "x-amz-tagging: a=b&c=d%20e\r\n" },
		{ "&tagging=a=b", "HEAD", "SignedHeaders=host;x-amz-content-sha256;x-amz-date," },
		{ "&storageClass=STANDARD_IA", "PUT", "x-amz-storage-class: STANDARD_IA\r\n" },
		{ "&serverSideEncryption=AES256", "PUT", "x-amz-server-side-encryption: AES256\r\n" },
		{ "&kmsKeyId=arn:aws:kms:x:1:key/y", "PUT", "x-amz-server-side-encryption: aws:kms\r\n" },
		{ "&kmsKeyId=arn:aws:kms:x:1:key/y", "PUT",
			"x-amz-server-side-encryption-aws-kms-key-id: arn:aws:kms:x:1:key/y\r\n" },
		{ "&kmsKeyId=k", "PUT", ";x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms-key-id," },
		{ "&kmsKeyId=k", "HEAD", "SignedHeaders=host;x-amz-content-sha256;x-amz-date," },
		{ "&requesterPays=true", "PUT", "x-amz-request-payer: requester\r\n" },
		{ "&requesterPays=true", "HEAD", "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-request-payer," },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct row row = { rows[i].request, 200, TAKEN, "", 0, rows[i].expect };
		struct script s = { .rows = &row, .n = 1, .log = BUF_INIT(MIB), .wrong = BUF_INIT(MIB) };
		struct store_info info;
		struct err e = { 0 };
		struct store *st;

		script_start(&s);
		st = open_at(&s, rows[i].params);
		if (strcmp(rows[i].request, "PUT") == 0)
			OK(store_put(st, "k", S("123456789"), NULL, &e));
		else
			OK(store_head(st, "k", &info, NULL, &e));
		store_close(st);
		script_end(&s, &e);
	}
}

static void
checksum_of_the_store_is_held_against_what_came(void **state)
{
	static const struct { const char *headers; enum err_kind get, read; } rows[] = {
		{ "x-amz-checksum-crc32: y/Q5Jg==\r\n", EK_NONE, EK_NONE },
		{ "x-amz-checksum-crc32: y/Q5Jw==\r\n", EK_CORRUPT, EK_CORRUPT },
		{ "x-amz-checksum-sha1: AAAA\r\n", EK_CORRUPT, EK_CORRUPT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row script[] = {
			{ "GET /bkt/pre/k", 200, rows[i].headers, "123456789", 0, "x-amz-checksum-mode: ENABLED" },
			{ "HEAD /bkt/pre/k", 200, rows[i].headers, "123456789", 0, "x-amz-checksum-mode: ENABLED" },
			{ "GET /bkt/pre/k", 200, rows[i].headers, "123456789", 0, "x-amz-checksum-mode: ENABLED" },
		};
		struct script s = { .rows = script, .n = 3, .log = BUF_INIT(MIB), .wrong = BUF_INIT(MIB) };
		AUTO_BUF struct buf got = BUF_INIT(MIB);
		struct err get = { 0 }, read = { 0 };
		struct store *st;

		script_start(&s);
		st = open_at(&s, "&checksumAlgorithm=CRC32");
		assert_int_equal(store_get(st, "k", &got, NULL, &get), rows[i].get == EK_NONE ? 0 : -1);
		assert_int_equal(store_read(st, "k", to_buf, &got, NULL, &read), rows[i].read == EK_NONE ? 0 : -1);
		store_close(st);
		script_end(&s, &get);
		assert_int_equal(get.kind, rows[i].get);
		assert_int_equal(read.kind, rows[i].read);
		assert_true(read.kind == EK_NONE || strstr(read.msg, "damaged") != NULL);
	}
}

/* "sum-N": one over the sums of N parts, whose sizes are asked for. */
static void
checksum_over_parts_is_held_against_what_came(void **state)
{
#define PART(n, body)  { "HEAD /bkt/pre/k?partNumber=" #n, 206, "ETag: \"v\"\r\n", body, 0, NULL }
#define WHOLE(sum) { "HEAD /bkt/pre/k", 200, "ETag: \"v\"\r\nx-amz-checksum-sha256: " sum "\r\n", "123456789", 0, NULL }
#define BYTES { "GET /bkt/pre/k", 200, NULL, "123456789", 0, "If-Match: \"v\"\r\n" }
	static const struct row right[] = { WHOLE("RWtJBRAdYQ9Y6rETLya5JMkap8fADJo5biSsdBWQ50E=-3"), PART(1, "1234"), BYTES };
	static const struct row wrong[] = { WHOLE("LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=-3"), PART(1, "1234"), BYTES, PART(1, "1234"), PART(2, "5678"), PART(3, "9") };
	static const struct row uneven[] = { WHOLE("LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=-3"), PART(1, "1234"), BYTES, PART(1, "1234"), PART(2, "567") };
	static const struct row untold[] = { WHOLE("LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=-3"), PART(1, "123456789"), BYTES };
	static const struct row refused[] = { WHOLE("LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=-3"), { "HEAD /bkt/pre/k?partNumber=1", 403, NULL, "", 0, NULL }, BYTES };
	static const struct { const struct row *rows; size_t n; enum err_kind kind; } cases[] = {
		{ right, COUNT(right), EK_NONE }, { wrong, COUNT(wrong), EK_CORRUPT }, { uneven, COUNT(uneven), EK_NONE },
		{ untold, COUNT(untold), EK_NONE }, { refused, COUNT(refused), EK_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct script s = { .rows = cases[i].rows, .n = cases[i].n, .log = BUF_INIT(MIB), .wrong = BUF_INIT(MIB) };
		AUTO_BUF struct buf got = BUF_INIT(MIB);
		struct err e = { 0 };
		struct store *st;

		script_start(&s);
		st = open_at(&s, "&checksumAlgorithm=CRC32");
		assert_int_equal(store_read(st, "k", to_buf, &got, NULL, &e), cases[i].kind == EK_NONE ? 0 : -1);
		store_close(st);
		script_end(&s, &e);
		assert_int_equal(e.kind, cases[i].kind);
		assert_string_equal(buf_cstr(&got), "123456789");
	}
}

static void
object_lock_gets_the_md5_that_it_wants(void **state)
{
	static const struct row rows[] = {
		{ "PUT /bkt/pre/k", 400, NULL, XML_ERROR("InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required "
			"for Put Object requests with Object Lock parameters"), 0, NULL },
		{ "PUT /bkt/pre/k", 200, TAKEN, "", 0, "content-md5: JfnnlDI7RTiF9RgfG2JNCw==" },
		{ "PUT /bkt/pre/l", 200, TAKEN, "", 0, "SignedHeaders=content-md5;host;" },
	};
	struct script s = START(rows);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	OK(store_put(st, "k", S("123456789"), NULL, &e));
	OK(store_put(st, "l", S("123456789"), NULL, &e));
	store_close(st);
	script_end(&s, &e);
}

static void
refused_delete_is_explained_by_its_retention(void **state)
{
	static const struct row rows[] = {
		{ "DELETE /bkt/pre/k", 403, NULL, XML_ERROR("AccessDenied", "Access Denied."), 0, NULL },
		{ "HEAD /bkt/pre/k", 200, "x-amz-object-lock-mode: COMPLIANCE\r\n"
			"x-amz-object-lock-retain-until-date: 2031-01-02T03:04:05Z\r\n", "x", 0, NULL },
		{ "DELETE /bkt/pre/k", 403, NULL, XML_ERROR("AccessDenied", "Access Denied."), 0, NULL },
		{ "HEAD /bkt/pre/k", 200, "x-amz-object-lock-legal-hold: ON\r\n", "x", 0, NULL },
		{ "DELETE /bkt/pre/k", 403, NULL, XML_ERROR("AccessDenied", "Access Denied."), 0, NULL },
		{ "HEAD /bkt/pre/k", 403, NULL, "", 0, NULL },
	};
	static const char *const texts[] = { "(COMPLIANCE) keeps it until 2031-01-02T03:04:05Z", "legal hold", "lacks the permission" };
	struct script s = START(rows);
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	st = open_at(&s, "");
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(store_delete(st, "k", NULL, &e), -1);
		assert_int_equal(e.kind, EK_DENIED);
		if (!strstr(e.msg, texts[i]))
			fail_msg("'%s' is not in '%s'", texts[i], e.msg);
	}
	store_close(st);
	script_end(&s, &e);
}

/* AWS but for its address, without a region: the bucket is asked first, whatever it answers. */
static void
bucket_is_asked_for_its_region_where_nobody_names_one(void **state)
{
	static const struct row rows[] = {
		{ "HEAD /bkt", 403, "x-amz-bucket-region: eu-central-1\r\n", "", 0, "/us-east-1/s3/" },
		{ "PUT /bkt/pre/k", 200, TAKEN, "", 0, "/eu-central-1/s3/" },
		{ "PUT /bkt/pre/k", 200, TAKEN, "", 0, "x-amz-checksum-crc32: " },
	};
	struct script s = START(rows);
	AUTO_FREE char *endpoint = NULL;
	struct err e = { 0 };
	struct store *st;

	(void)state;
	script_start(&s);
	endpoint = xasprintf("http://127.0.0.1:%d", httpd_port(s.httpd));
	assert_int_equal(setenv("AWS_ENDPOINT_URL_S3", endpoint, 1), 0);
	st = store_open("s3://bkt/pre", &e);
	assert_int_equal(unsetenv("AWS_ENDPOINT_URL_S3"), 0);
	assert_non_null(st);
	OK(store_put(st, "k", S("a"), NULL, &e));
	OK(store_put(st, "k", S("a"), NULL, &e));
	store_close(st);
	script_end(&s, &e);
}

static void
read_only_location_is_sent_no_write(void **state)
{
	static const struct row rows[] = { { "GET /bkt/pre/k", 200, NULL, "x", 0, NULL } };
	struct script s = START(rows);
	AUTO_BUF struct buf got = BUF_INIT(MIB);
	struct store_gift gift = { "k", S("x") };
	struct err e = { 0 };
	struct store *st;
	size_t n;

	(void)state;
	script_start(&s);
	st = open_at(&s, "&accessMode=ReadOnly");
	OK(store_get(st, "k", &got, NULL, &e));
	assert_int_equal(store_put(st, "k", S("x"), NULL, &e), -1);
	assert_int_equal(store_create(st, "k", S("x"), NULL, &e), -1);
	assert_int_equal(store_put_many(st, &gift, 1, NULL, &e), -1);
	assert_int_equal(store_delete(st, "k", NULL, &e), -1);
	assert_int_equal(store_sweep(st, "", 0, &n, NULL, &e), -1);
	assert_null(store_writer_open(st, "k", NULL, &e));
	assert_int_equal(e.kind, EK_DENIED);
	assert_non_null(strstr(e.msg, "ReadOnly (accessMode)"));
	store_close(st);
	script_end(&s, &e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_documents_become_kinds_reasons_and_advice),
		cmocka_unit_test(each_code_of_a_store_is_known),
		cmocka_unit_test(put_retries_slowdown_and_keeps_body),
		cmocka_unit_test(page_of_somebody_else_is_not_taken_for_a_stored_object),
		cmocka_unit_test(region_named_by_the_answer_is_tried_once),
		cmocka_unit_test(wrong_region_of_the_url_is_followed_once_and_can_be_told),
		cmocka_unit_test(hostile_region_is_not_believed),
		cmocka_unit_test(skewed_clock_is_corrected_from_the_servers_date),
		cmocka_unit_test(skewed_clock_is_corrected_for_a_look_up_too),
		cmocka_unit_test(session_token_is_sent_and_signed),
		cmocka_unit_test(create_is_conditional),
		cmocka_unit_test(create_looks_first_where_conditions_are_unknown),
		cmocka_unit_test(create_whose_answer_was_lost_recognizes_its_own_object),
		cmocka_unit_test(listing_joins_pages_decodes_keys_and_sorts_folders_in),
		cmocka_unit_test(damaged_listings_are_errors_not_short_listings),
		cmocka_unit_test(sweep_goes_through_all_pages_and_spares_young_and_foreign_uploads),
		cmocka_unit_test(broken_download_goes_on_where_it_stopped),
		cmocka_unit_test(broken_download_of_a_replaced_object_fails),
		cmocka_unit_test(short_range_is_corrupt),
		cmocka_unit_test(addresses_follow_the_bucket_the_host_and_the_style),
		cmocka_unit_test(prefix_and_key_together_are_bounded),
		cmocka_unit_test(what_the_location_says_is_sent_and_signed),
		cmocka_unit_test(checksum_of_the_store_is_held_against_what_came),
		cmocka_unit_test(checksum_over_parts_is_held_against_what_came),
		cmocka_unit_test(object_lock_gets_the_md5_that_it_wants),
		cmocka_unit_test(refused_delete_is_explained_by_its_retention),
		cmocka_unit_test(bucket_is_asked_for_its_region_where_nobody_names_one),
		cmocka_unit_test(read_only_location_is_sent_no_write),
	};

	(void)unsetenv("AWS_REGION");
	(void)unsetenv("AWS_DEFAULT_REGION");
	(void)unsetenv("AWS_SESSION_TOKEN");
	(void)setenv("AWS_ACCESS_KEY_ID", "AKIDTEST", 1);
	(void)setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
	(void)setenv("NO_PROXY", "127.0.0.1", 1);
	http_global_init();
	return cmocka_run_group_tests_name("s3", tests, NULL, NULL);
}
