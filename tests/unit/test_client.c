/* Requests, errors and renewed credentials against a scripted server. */
#include "config.h"

#include "k8s/client.h"
#include "k8s/server.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "tests/unit/fake_api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A server, a client of it, and a folder for credentials. */
struct bench {
	struct fake_api *api;
	struct kube_conn conn;
	struct k8s      *k;
	char             dir[64];
	struct err       e;
};

static void
bench_up(struct bench *b, const struct fake_rule *rules, size_t n)
{
	*b = (struct bench){ .dir = "/tmp/orlop-test-client-XXXXXX" };
	assert_non_null(mkdtemp(b->dir));
	b->api = fake_start(rules, n);
	b->conn.server = xstrdup(fake_url(b->api));
	b->k = k8s_new(&b->conn, &b->e);
	assert_non_null(b->k);
}

static void
bench_down(struct bench *b)
{
	k8s_freep(&b->k);
	kube_conn_done(&b->conn);
	fake_stop(b->api);
	static const char *const files[] = { "token", "plugin", "runs" };
	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO_FREE char *path = file_join(b->dir, files[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(b->dir), 0);
}

static void
assert_log(struct bench *b, const char *want)
{
	AUTO_FREE char *log = fake_log(b->api);
	assert_string_equal(log, want);
}

static void
write_file(struct bench *b, const char *name, const char *text, unsigned mode)
{
	AUTO_FREE char *path = file_join(b->dir, name);
	assert_int_equal(file_replace(path, text, strlen(text), mode, &b->e), 0);
}

/* ------------------------------------------------------------------ errors */

static const struct {
	int           status;
	const char   *body;
	enum err_kind kind;
	const char   *reason, *msg;
} answers[] = {
	{ 409, "{\"kind\":\"Status\",\"reason\":\"AlreadyExists\",\"message\":\"configmaps \\\"a\\\" already exists\"}",
		EK_EXISTS, "AlreadyExists", "configmaps \"a\" already exists (409 AlreadyExists)" },
	{ 409, "{\"kind\":\"Status\",\"reason\":\"Conflict\",\"message\":\"modified\"}",
		EK_CONFLICT, "Conflict", "modified (409 Conflict)" },
	{ 422, "{\"kind\":\"Status\",\"reason\":\"Invalid\",\"message\":\"is invalid: a: bad\",\"details\":{\"causes\":["
		"{\"message\":\"bad\",\"field\":\"a\"},{\"message\":\"worse\",\"field\":\"b\"},{\"message\":\"odd\"},"
		"{\"message\":\"third\"},{\"message\":\"fourth\"}]}}",
		EK_INVALID, "Invalid", "is invalid: a: bad; b: worse; odd; third (422 Invalid)" },
	{ 400, "{\"kind\":\"Status\",\"reason\":\"BadRequest\",\"message\":\"no\"}",
		EK_INVALID, "BadRequest", "no (400 BadRequest)" },
	{ 403, "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"secrets is forbidden\"}",
		EK_DENIED, "Forbidden", "secrets is forbidden (403 Forbidden)" },
	{ 404, "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"gone\"}",
		EK_NOTFOUND, "NotFound", "gone (404 NotFound)" },
	{ 429, "{\"kind\":\"Status\",\"reason\":\"TooManyRequests\",\"message\":\"slow\",\"details\":{\"retryAfterSeconds\":2}}",
		EK_THROTTLED, "TooManyRequests", "slow (429 TooManyRequests)" },
	{ 500, "{\"kind\":\"Status\",\"reason\":\"InternalError\",\"message\":\"failed calling webhook\"}",
		EK_UNAVAILABLE, "InternalError", "failed calling webhook (500 InternalError)" },
	{ 422, "{\"kind\":\"Status\",\"status\":\"Failure\"}", EK_INVALID, "",
		"{\"kind\":\"Status\",\"status\":\"Failure\"} (422)" },
	{ 503, "\r\n  upstream connect error  \nmore\n", EK_UNAVAILABLE, "", "upstream connect error (503)" },
	{ 404, "404 page not found\n", EK_NOTFOUND, "", "404 page not found (404)" },
	{ 502, "", EK_UNAVAILABLE, "", "no explanation (502)" },
};

static void
errors_carry_the_servers_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct err e = { 0 };
		assert_int_equal(k8s_status_err(answers[i].status, str_of(answers[i].body), 0, &e), -1);
		assert_string_equal(e.msg, answers[i].msg);
		assert_string_equal(e.reason, answers[i].reason);
		assert_int_equal(e.kind, answers[i].kind);
		assert_int_equal(e.http, answers[i].status);
		assert_int_equal(e.retry_after_ns, answers[i].status == 429 ? INT64_C(2000000000) : 0);
	}
}

static void
a_huge_error_body_is_cut(void **state)
{
	(void)state;
	AUTO_FREE char *body = xmalloc(300001);
	struct err e = { 0 };

	memset(body, 'x', 300000);
	body[300000] = '\0';
	k8s_status_err(502, str_of(body), 0, &e);
	assert_int_equal(e.kind, EK_UNAVAILABLE);
	assert_non_null(strstr(e.msg, "x (502)"));
}

/* ------------------------------------------------------------------ single requests */

static void
a_request_sends_json_and_appends_the_answer(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "POST /api/v1/namespaces", .status = 201, .body = "{\"a\":1}" },
		{ .request = "PATCH /api/v1/namespaces/x", .body = "{}" },
		{ .request = "GET /api/v1/namespaces/x?a=%20", .body = "{\"b\":2}" },
		{ .request = "DELETE /api/v1/namespaces/x", .status = 404,
			.body = "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"no x\"}" },
	};
	struct bench b;
	AUTO_BUF struct buf out = BUF_INIT(100);
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(k8s_do(b.k, "POST", "/api/v1/namespaces", S("{\"n\":1}"), &out, NULL, &b.e), 0);
	assert_int_equal(k8s_do(b.k, "GET", "/api/v1/namespaces/x?a=%20", S(""), &out, NULL, &b.e), 0);
	assert_string_equal(buf_cstr(&out), "{\"a\":1}{\"b\":2}");
	assert_int_equal(k8s_merge_patch(b.k, "/api/v1/namespaces/x", S("{\"m\":1}"), NULL, NULL, &b.e), 0);
	assert_int_equal(k8s_do(b.k, "DELETE", "/api/v1/namespaces/x", S(""), &out, NULL, &b.e), -1);
	assert_int_equal(b.e.kind, EK_NOTFOUND);
	assert_string_equal(b.e.msg, "no x (404 NotFound)");
	assert_string_equal(buf_cstr(&out), "{\"a\":1}{\"b\":2}");
	assert_log(&b, "POST /api/v1/namespaces application/json {\"n\":1}\n"
		"GET /api/v1/namespaces/x?a=%20\n"
		"PATCH /api/v1/namespaces/x application/merge-patch+json {\"m\":1}\n"
		"DELETE /api/v1/namespaces/x\n");
	bench_down(&b);
}

static void
an_answer_beyond_the_buffer_is_refused(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = { { .request = "GET /x", .body = "12345678" } };
	struct bench b;
	AUTO_BUF struct buf fits = BUF_INIT(8), small = BUF_INIT(7);
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(k8s_do(b.k, "GET", "/x", S(""), &fits, NULL, &b.e), 0);
	assert_int_equal(k8s_do(b.k, "GET", "/x", S(""), &small, NULL, &b.e), -1);
	assert_int_equal(b.e.kind, EK_LIMIT);
	assert_int_equal(small.len, 0);
	bench_down(&b);
}

static void
reads_are_repeated_and_creates_are_not(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /x", .times = 1, .status = 500, .body = "oops" },
		{ .request = "GET /x", .body = "{}" },
		{ .request = "POST /x", .times = 1, .status = 500, .body = "oops" },
		{ .request = "POST /x", .body = "{}" },
	};
	struct bench b;
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(k8s_do(b.k, "GET", "/x", S(""), NULL, NULL, &b.e), 0);
	assert_int_equal(k8s_do(b.k, "POST", "/x", S("{}"), NULL, NULL, &b.e), -1);
	assert_string_equal(b.e.msg, "oops (500)");
	assert_log(&b, "GET /x\nGET /x\nPOST /x application/json {}\n");
	bench_down(&b);
}

static void
a_login_page_is_not_an_api_server(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /version", .status = 302, .header = "Location: https://sso.example.com/" },
	};
	struct bench b;
	struct k8s_info info;
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(k8s_server_info(b.k, &info, NULL, &b.e), -1);
	assert_int_equal(b.e.kind, EK_INVALID);
	assert_non_null(strstr(b.e.msg, "redirects to https://sso.example.com/"));
	bench_down(&b);
}

/* ------------------------------------------------------------------ window */

static void
a_window_gives_back_every_call_with_its_tag(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "POST /a", .status = 201, .body = "created a" },
		{ .request = "POST /b", .status = 409,
			.body = "{\"kind\":\"Status\",\"reason\":\"AlreadyExists\",\"message\":\"b is there\"}" },
		{ .request = "GET /c", .body = "this is c" },
	};
	static const char *const want[] = { "created a", "b is there (409 AlreadyExists)", "this is c" };
	struct bench b;
	struct k8s_op ops[] = {
		{ .method = "POST", .path = "/a", .body = S("1"), .tag = &ops[0] },
		{ .method = "POST", .path = "/b", .body = S("2"), .tag = &ops[1] },
		{ .method = "GET", .path = "/c", .tag = &ops[2] },
	};
	unsigned seen = 0;
	struct http_call *call;
	bench_up(&b, rules, COUNT(rules));

	for (size_t i = 0; i < COUNT(ops); i++)
		assert_int_equal(k8s_start(b.k, &ops[i], NULL, &b.e), 0);
	assert_int_equal(k8s_in_flight(b.k), 3);
	while ((call = k8s_next(b.k, NULL, &b.e))) {
		size_t i = (size_t)((struct k8s_op *)k8s_call_tag(call) - ops);
		struct err why = { 0 };
		seen |= 1u << i;
		assert_int_equal(k8s_call_result(call, &why), i == 1 ? -1 : 0);
		if (i == 1)
			assert_string_equal(why.msg, want[i]);
		else
			assert_true(str_eqz(k8s_call_body(call), want[i]));
		http_call_free(call);
	}
	assert_int_equal(b.e.kind, EK_NONE);
	assert_int_equal(seen, 7);
	assert_int_equal(k8s_in_flight(b.k), 0);
	bench_down(&b);
}

/* What costs an API server less; refusals are read as ever. */
static void
creates_may_ask_for_no_more_than_metadata(void **state)
{
	(void)state;
	static const char metadata[] = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
	static const struct fake_rule rules[] = {
		{ .request = "POST /a", .accept = "application/json", .status = 201, .body = "whole" },
		{ .request = "POST /a", .accept = metadata, .status = 201, .body = "metadata" },
		{ .request = "PATCH /a", .accept = "application/json", .body = "whole" },
		{ .request = "PATCH /a", .accept = metadata, .body = "metadata" },
		{ .request = "GET /a", .accept = "application/json", .body = "whole" },
		{ .request = "POST /b", .accept = metadata, .status = 409,
			.body = "{\"kind\":\"Status\",\"reason\":\"AlreadyExists\",\"message\":\"b is there\"}" },
	};
	static const struct { const char *method, *path, *body; bool metadata_only; const char *want; } rows[] = {
		{ "POST", "/a", "{}", false, "whole" }, { "POST", "/a", "{}", true, "metadata" },
		{ "PATCH", "/a", "{}", false, "whole" }, { "PATCH", "/a", "{}", true, "metadata" },
		{ "GET", "/a", "", true, "whole" }, { "POST", "/b", "{}", true, "b is there (409 AlreadyExists)" },
	};
	struct bench b;
	bench_up(&b, rules, COUNT(rules));

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct k8s_op op = { .method = rows[i].method, .path = rows[i].path, .body = str_of(rows[i].body),
			.metadata_only = rows[i].metadata_only };
		assert_int_equal(k8s_start(b.k, &op, NULL, &b.e), 0);
		struct http_call *call = k8s_next(b.k, NULL, &b.e);
		assert_non_null(call);
		struct str got = k8s_call_result(call, &b.e) == 0 ? k8s_call_body(call) : str_of(b.e.msg);
		if (!str_eqz(got, rows[i].want))
			fail_msg("row %zu: " STR_FMT, i, STR_ARG(got));
		http_call_free(call);
	}
	bench_down(&b);
}

static void
a_create_marked_repeatable_is_sent_again(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "POST /x", .times = 1, .status = 500, .body = "oops" },
		{ .request = "POST /x", .status = 201, .body = "{}" },
	};
	struct bench b;
	struct k8s_op op = { .method = "POST", .path = "/x", .body = S("{}"), .repeatable = true };
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(k8s_start(b.k, &op, NULL, &b.e), 0);
	struct http_call *call = k8s_next(b.k, NULL, &b.e);
	assert_non_null(call);
	assert_int_equal(k8s_call_result(call, &b.e), 0);
	assert_int_equal(http_call_resp(call)->attempts, 2);
	http_call_free(call);
	bench_down(&b);
}

static int
count_bytes(void *ctx, const void *p, size_t n, struct err *e)
{
	(void)p;
	(void)e;
	*(size_t *)ctx += n;
	return 0;
}

static void
a_window_can_be_given_up_and_used_again(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = { { .request = "GET /a", .body = "12345" } };
	struct bench b;
	size_t bytes = 0;
	struct k8s_op op = { .method = "GET", .path = "/a", .sink = count_bytes, .ctx = &bytes };
	bench_up(&b, rules, COUNT(rules));

	assert_null(k8s_next(b.k, NULL, &b.e));
	assert_int_equal(b.e.kind, EK_NONE);
	assert_int_equal(k8s_start(b.k, &op, NULL, &b.e), 0);
	assert_int_equal(k8s_start(b.k, &op, NULL, &b.e), 0);
	k8s_abort(b.k);
	assert_int_equal(k8s_in_flight(b.k), 0);
	assert_int_equal(bytes, 0);
	assert_int_equal(k8s_start(b.k, &op, NULL, &b.e), 0);
	struct http_call *call = k8s_next(b.k, NULL, &b.e);
	assert_non_null(call);
	assert_int_equal(k8s_call_result(call, &b.e), 0);
	assert_int_equal(bytes, 5);
	http_call_free(call);
	bench_down(&b);
}

/* ------------------------------------------------------------------ credentials */

static void
a_changed_token_file_is_read_again_after_401(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /x", .authorization = "Bearer new", .body = "{}" },
		{ .request = "GET /x", .status = 401,
			.body = "{\"kind\":\"Status\",\"reason\":\"Unauthorized\",\"message\":\"Unauthorized\"}" },
	};
	struct bench b;
	bench_up(&b, rules, COUNT(rules));
	b.conn.token_file = file_join(b.dir, "token");

	write_file(&b, "token", "old\n", 0600);
	assert_int_equal(k8s_do(b.k, "GET", "/x", S(""), NULL, NULL, &b.e), -1);
	assert_int_equal(b.e.kind, EK_DENIED);
	assert_int_equal(b.e.http, 401);
	assert_string_equal(b.e.msg, "Unauthorized (401 Unauthorized)");
	write_file(&b, "token", "new\n", 0600);
	assert_int_equal(k8s_do(b.k, "GET", "/x", S(""), NULL, NULL, &b.e), 0);
	bench_down(&b);
}

/* A credential plugin whose n-th run (n = 1, 2, ...) gives token "t<n>" and, if so wanted, certificate n. */
static void
use_plugin(struct bench *b, bool cert)
{
	AUTO_FREE char *script = xasprintf("#!/bin/sh\n"
		"echo x >> %s/runs\n"
		"n=$(wc -l < %s/runs | tr -d ' ')\n"
		"printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{%s}}' %s\n",
		b->dir, b->dir,
		cert ? "\"token\":\"t%s\",\"clientCertificateData\":\"-----BEGIN CERTIFICATE-----\\\\n%s\\\\n"
			"-----END CERTIFICATE-----\\\\n\",\"clientKeyData\":\"-----BEGIN PRIVATE KEY-----\\\\nx\\\\n"
			"-----END PRIVATE KEY-----\\\\n\""
			: "\"token\":\"t%s\"",
		cert ? "$n $n" : "$n");
	write_file(b, "plugin", script, 0700);
	b->conn.exec = xcalloc(1, sizeof *b->conn.exec);
	b->conn.exec->command = file_join(b->dir, "plugin");
	b->conn.exec->api_version = xstrdup("client.authentication.k8s.io/v1");
	b->conn.exec->interactive = KUBE_EXEC_NEVER;
	k8s_freep(&b->k);
	b->k = k8s_new(&b->conn, &b->e);
	assert_non_null(b->k);
}

static size_t
plugin_runs(struct bench *b)
{
	AUTO_FREE char *path = file_join(b->dir, "runs");
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size / 2;
}

static void
a_refused_window_asks_the_plugin_once(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /x", .authorization = "Bearer t2", .body = "{}" },
		{ .request = "GET /x", .status = 401, .body = "no" },
	};
	struct bench b;
	struct k8s_op op = { .method = "GET", .path = "/x" };
	bench_up(&b, rules, COUNT(rules));
	use_plugin(&b, false);

	for (int i = 0; i < 6; i++)
		assert_int_equal(k8s_start(b.k, &op, NULL, &b.e), 0);
	for (int i = 0; i < 6; i++) {
		struct http_call *call = k8s_next(b.k, NULL, &b.e);
		assert_non_null(call);
		assert_int_equal(k8s_call_result(call, &b.e), 0);
		http_call_free(call);
	}
	assert_int_equal(plugin_runs(&b), 2);
	bench_down(&b);
}

static void
a_new_certificate_repeats_the_refused_calls_in_a_new_session(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /x", .authorization = "Bearer t2", .body = "{}" },
		{ .request = "GET /x", .status = 401, .body = "no" },
	};
	struct bench b;
	struct k8s_op op = { .method = "GET", .path = "/x" };
	bench_up(&b, rules, COUNT(rules));
	use_plugin(&b, true);

	for (int i = 0; i < 3; i++)
		assert_int_equal(k8s_start(b.k, &op, NULL, &b.e), 0);
	for (int i = 0; i < 3; i++) {
		struct http_call *call = k8s_next(b.k, NULL, &b.e);
		assert_non_null(call);
		assert_int_equal(k8s_call_result(call, &b.e), 0);
		http_call_free(call);
	}
	assert_int_equal(plugin_runs(&b), 2);
	assert_int_equal(k8s_do(b.k, "GET", "/x", S(""), NULL, NULL, &b.e), 0);
	assert_int_equal(plugin_runs(&b), 2);
	bench_down(&b);
}

static void
credentials_refused_for_good_end_the_call(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = { { .request = "GET /x", .status = 401, .body = "never" } };
	struct bench b;
	bench_up(&b, rules, COUNT(rules));
	use_plugin(&b, true);

	assert_int_equal(k8s_do(b.k, "GET", "/x", S(""), NULL, NULL, &b.e), -1);
	assert_int_equal(b.e.kind, EK_DENIED);
	assert_string_equal(b.e.msg, "never (401)");
	assert_true(plugin_runs(&b) <= 3);
	bench_down(&b);
}

/* ------------------------------------------------------------------ facts */

static void
server_info_works_without_the_right_to_read_kube_system(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /version", .body = "{\"gitVersion\":\"v1.35.4\",\"major\":\"1\",\"minor\":\"35\"}" },
		{ .request = "GET /api/v1/namespaces/kube-system", .times = 1, .status = 403, .body = "no" },
		{ .request = "GET /api/v1/namespaces/kube-system", .body = "{\"metadata\":{\"uid\":\"u-1\"}}" },
	};
	struct bench b;
	struct k8s_info info;
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(k8s_server_info(b.k, &info, NULL, &b.e), 0);
	assert_string_equal(info.git_version, "v1.35.4");
	assert_string_equal(info.major, "1");
	assert_string_equal(info.minor, "35");
	assert_string_equal(info.uid, "");
	assert_int_equal(k8s_server_info(b.k, &info, NULL, &b.e), 0);
	assert_string_equal(info.uid, "u-1");
	bench_down(&b);
}

static void
roots_come_with_the_server_info_once(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /version", .body = "{\"gitVersion\":\"v1.35.4\",\"major\":\"1\",\"minor\":\"35\"}" },
		{ .request = "GET /api/v1/namespaces/kube-system", .body = "{\"metadata\":{\"uid\":\"u-1\"}}" },
		{ .request = "GET /apis", .times = 1, .body = "{\"groups\":1}" },
		{ .request = "GET /apis", .body = "{\"groups\":2}" },
		{ .request = "GET /api", .times = 2, .body = "{\"versions\":1}" },
		{ .request = "GET /api", .status = 403, .body = "no" },
	};
	static const char *const apis[] = { "{\"groups\":1}", "{\"groups\":2}" };
	struct buf roots[ROOT_COUNT_];
	struct bench b;
	struct k8s_info info;
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(k8s_server_info(b.k, &info, NULL, &b.e), 0);
	for (size_t i = 0; i < COUNT(apis); i++) {
		assert_int_equal(k8s_take_roots(b.k, roots, NULL, &b.e), 0);
		assert_string_equal(buf_cstr(&roots[ROOT_API]), "{\"versions\":1}");
		assert_string_equal(buf_cstr(&roots[ROOT_APIS]), apis[i]);
		buf_free(&roots[ROOT_API]);
		buf_free(&roots[ROOT_APIS]);
	}
	assert_int_equal(k8s_take_roots(b.k, roots, NULL, &b.e), -1);
	assert_string_equal(b.e.msg, "GET /api: no (403)");
	bench_down(&b);
}

static void
can_i_asks_for_a_review_of_oneself(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", .times = 1, .status = 201,
			.body = "{\"status\":{\"allowed\":true}}" },
		{ .request = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", .status = 201,
			.body = "{\"status\":{\"allowed\":false}}" },
	};
	struct bench b;
	bool allowed = false;
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(k8s_can_i(b.k, "list", "apps", "deployments", "shop", &allowed, NULL, &b.e), 0);
	assert_true(allowed);
	assert_int_equal(k8s_can_i(b.k, "list", "", "secrets", NULL, &allowed, NULL, &b.e), 0);
	assert_false(allowed);
	assert_log(&b, "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews application/json "
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\",\"spec\":{"
		"\"resourceAttributes\":{\"verb\":\"list\",\"group\":\"apps\",\"resource\":\"deployments\",\"namespace\":\"shop\"}}}\n"
		"POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews application/json "
		"{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\",\"spec\":{"
		"\"resourceAttributes\":{\"verb\":\"list\",\"group\":\"\",\"resource\":\"secrets\"}}}\n");
	bench_down(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_carry_the_servers_words),
		cmocka_unit_test(a_huge_error_body_is_cut),
		cmocka_unit_test(a_request_sends_json_and_appends_the_answer),
		cmocka_unit_test(an_answer_beyond_the_buffer_is_refused),
		cmocka_unit_test(reads_are_repeated_and_creates_are_not),
		cmocka_unit_test(a_login_page_is_not_an_api_server),
		cmocka_unit_test(roots_come_with_the_server_info_once),
		cmocka_unit_test(a_window_gives_back_every_call_with_its_tag),
		cmocka_unit_test(creates_may_ask_for_no_more_than_metadata),
		cmocka_unit_test(a_create_marked_repeatable_is_sent_again),
		cmocka_unit_test(a_window_can_be_given_up_and_used_again),
		cmocka_unit_test(a_changed_token_file_is_read_again_after_401),
		cmocka_unit_test(a_refused_window_asks_the_plugin_once),
		cmocka_unit_test(a_new_certificate_repeats_the_refused_calls_in_a_new_session),
		cmocka_unit_test(credentials_refused_for_good_end_the_call),
		cmocka_unit_test(server_info_works_without_the_right_to_read_kube_system),
		cmocka_unit_test(can_i_asks_for_a_review_of_oneself),
	};
	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
