/* HTTP sessions over TLS and through proxies: who is trusted, which name is verified, what users are told. */
#include "tests/unit/http_rig.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* The twin's CA has the name of the first one, but another key. */
static struct pki pki, twin, other, expired, early;

/* Answers with the name the client asked for and the Host header. */
static void
say_names(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	AUTO_BUF struct buf out = BUF_INIT(KIB);
	const char *sni = httpd_sni(c);
	struct str host = { 0 };

	(void)ctx;
	(void)httpd_header(r->head, "Host", &host);
	buf_putf(&out, "%s " STR_FMT, sni ? sni : "-", STR_ARG(host));
	httpd_answer(c, 200, NULL, buf_str(&out));
}

/* One GET; kind of its error; the body goes to body. */
static enum err_kind
fetch(const struct http_conf *conf, const char *url, struct buf *body, struct err *e)
{
	struct http_req req = { .method = "GET", .url = url, .idempotent = true, .max_body = KIB };
	AUTO(http_freep) struct http *h = http_new(conf, e);
	struct http_resp resp;
	int rc;

	if (!h)
		return e->kind;
	rc = http_do(h, &req, &resp, NULL, e);
	if (body)
		buf_put_str(body, buf_str(&resp.body));
	http_resp_done(&resp);
	return rc < 0 ? e->kind : EK_NONE;
}

static void
server_is_verified_against_the_given_ca_and_name(void **state)
{
	const struct str ca = str_of(pki.ca);
	const struct { struct http_conf conf; const char *host; enum err_kind kind; const char *says; } rows[] = {
		{ { .ca_pem = ca }, "127.0.0.1", EK_NONE, "- 127.0.0.1:" },
		{ { .ca_pem = ca }, "localhost", EK_DENIED, "it is for api.test, 127.0.0.1; use a name that is in it" },
		{ { .ca_pem = ca, .tls_server_name = "api.test" }, "localhost", EK_NONE, "api.test localhost:" },
		{ { .ca_pem = ca, .tls_server_name = "api.test" }, "127.0.0.1", EK_NONE, "api.test 127.0.0.1:" },
		{ { .ca_pem = ca, .tls_server_name = "127.0.0.1" }, "localhost", EK_NONE, "- localhost:" },
		{ { .ca_pem = ca, .tls_server_name = "evil.test" }, "127.0.0.1", EK_DENIED, "evil.test" },
		{ { .ca_pem = ca, .http1_only = true }, "127.0.0.1", EK_NONE, "" },
		{ { .ca_pem = str_of(other.ca) }, "127.0.0.1", EK_DENIED, "certificate-authority" },
		{ { .ca_pem = str_of(twin.ca) }, "127.0.0.1", EK_DENIED, "certificate-authority" },
		{ { .retries = 3 }, "127.0.0.1", EK_DENIED, "--certificate or caFile" },
		{ { .insecure = true }, "localhost", EK_NONE, "localhost localhost:" },
		{ { .insecure = true, .tls_server_name = "api.test" }, "localhost", EK_NONE, "api.test localhost:" },
	};
	struct httpd *s = httpd_new(say_names, NULL, &(struct httpd_tls){ .cert = pki.server, .key = pki.server_key });

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *url = xasprintf("https://%s:%d/x", rows[i].host, httpd_port(s));
		AUTO_BUF struct buf body = BUF_INIT(KIB);
		struct err e = { 0 };

		if (fetch(&rows[i].conf, url, &body, &e) != rows[i].kind)
			fail_msg("row %zu: %s", i, e.msg);
		assert_has(e.kind == EK_NONE ? buf_cstr(&body) : e.msg, rows[i].says);
	}
	httpd_free(s);
}

/* Dates and issuers of a certificate are told, and the word that programs tell the cases by. */
static void
flaws_are_told_with_dates_and_names(void **state)
{
	const struct { const struct pki *shown; const char *ca; const char *reason, *says; } rows[] = {
		{ &expired, expired.ca, "TLSExpired", "'server' has expired on 20" },
		{ &early, early.ca, "TLSNotYetValid", "'server' is not yet valid, only from 20" },
		{ &pki, other.ca, "TLSUnknownIssuer", "'server' is issued by 'test CA', which is not a trusted CA" },
		{ &pki, twin.ca, "TLSWrongKey", "two of the name 'test CA'" },
		{ &pki, pki.ca, TLS_REASON_NAME, "it is for api.test, 127.0.0.1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct httpd *s = httpd_new(say_names, NULL,
			&(struct httpd_tls){ .cert = rows[i].shown->server, .key = rows[i].shown->server_key });
		AUTO_FREE char *url = xasprintf("https://localhost:%d/x", httpd_port(s));
		struct http_conf conf = { .ca_pem = str_of(rows[i].ca) };
		struct err e = { 0 };

		assert_int_equal(fetch(&conf, url, NULL, &e), EK_DENIED);
		assert_has(e.msg, rows[i].says);
		assert_string_equal(e.reason, rows[i].reason);
		httpd_free(s);
	}
}

static void
session_knows_the_way_and_the_certificate(void **state)
{
	struct httpd *s = httpd_new(say_names, NULL, &(struct httpd_tls){ .cert = pki.server, .key = pki.server_key });
	AUTO_FREE char *url = xasprintf("https://127.0.0.1:%d/x", httpd_port(s));
	AUTO_FREE char *address = xasprintf("127.0.0.1 port %d", httpd_port(s));
	struct http_req req = { .method = "GET", .url = url, .idempotent = true, .max_body = KIB };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct err e = { 0 };
	AUTO(http_freep) struct http *h = http_new(&(struct http_conf){ .ca_pem = str_of(pki.ca) }, &e);
	const struct tls_facts *f;
	const struct http_route *way;

	(void)state;
	assert_null(http_tls_facts(h));
	assert_int_equal(http_do(h, &req, &resp, NULL, &e), 0);
	f = http_tls_facts(h);
	assert_non_null(f);
	assert_string_equal(f->protocol, "TLSv1.3");
	assert_string_equal(f->leaf.subject, "server");
	assert_string_equal(f->end, "test CA");
	assert_string_equal(f->names, "api.test, 127.0.0.1");
	assert_int_equal(f->flaw, TLS_FLAWLESS);
	assert_true(f->leaf.from_unix_ns < clock_unix_ns() && clock_unix_ns() < f->leaf.until_unix_ns);
	way = http_route(h);
	assert_string_equal(way->address, address);
	assert_true(0 < way->connected_ns && way->connected_ns <= way->secured_ns && way->secured_ns <= way->ended_ns);
	httpd_free(s);
}

static void
ca_file_works_and_bad_pem_is_refused_when_the_session_starts(void **state)
{
	char good[] = "/tmp/orlop-test-ca-XXXXXX", bad[] = "/tmp/orlop-test-ca-XXXXXX";
	int good_fd = mkstemp(good), bad_fd = mkstemp(bad);
	const struct { struct http_conf conf; enum err_kind kind; const char *says; } rows[] = {
		{ { .ca_file = good }, EK_NONE, "" },
		{ { .ca_file = bad }, EK_INVALID, bad },
		{ { .ca_file = "/no/such/ca.pem" }, EK_NOTFOUND, "/no/such/ca.pem" },
		{ { .ca_pem = S("junk") }, EK_INVALID, "CA certificate: no PEM block in it" },
		{ { .cert_pem = str_of(pki.client) }, EK_INVALID, "private key is missing" },
		{ { .key_pem = str_of(pki.client_key) }, EK_INVALID, "certificate is missing" },
		{ { .ca_file = good, .cert_pem = str_of(pki.client), .key_pem = str_of(pki.server_key) }, EK_INVALID,
			"client certificate or its key cannot be used" },
	};
	struct httpd *s = httpd_new(say_names, NULL, &(struct httpd_tls){ .cert = pki.server, .key = pki.server_key });
	AUTO_FREE char *url = xasprintf("https://127.0.0.1:%d/x", httpd_port(s));
	struct err e = { 0 };

	(void)state;
	assert_true(good_fd >= 0 && bad_fd >= 0);
	assert_int_equal(file_write_all(good_fd, pki.ca, strlen(pki.ca), &e), 0);
	assert_int_equal(file_write_all(bad_fd, "junk", 4, &e), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		e = (struct err){ 0 };
		if (fetch(&rows[i].conf, url, NULL, &e) != rows[i].kind)
			fail_msg("row %zu: %s", i, e.msg);
		assert_has(e.msg, rows[i].says);
	}
	file_close(&good_fd);
	file_close(&bad_fd);
	(void)unlink(good);
	(void)unlink(bad);
	httpd_free(s);
}

static void
client_certificate_is_shown_and_its_refusal_explained(void **state)
{
	const struct str ca = str_of(pki.ca);
	const struct { struct http_conf conf; enum err_kind kind; const char *says; } rows[] = {
		{ { .ca_pem = ca, .cert_pem = str_of(pki.client), .key_pem = str_of(pki.client_key) }, EK_NONE, "" },
		{ { .ca_pem = ca }, EK_DENIED, "the server wants a client certificate" },
		{ { .ca_pem = ca, .cert_pem = str_of(other.client), .key_pem = str_of(other.client_key) },
			EK_DENIED, "does not accept the client certificate" },
		{ { .ca_pem = ca, .cert_pem = str_of(twin.client), .key_pem = str_of(twin.client_key) },
			EK_DENIED, "does not accept the client certificate" },
	};
	struct httpd *s = httpd_new(say_names, NULL,
		&(struct httpd_tls){ .cert = pki.server, .key = pki.server_key, .client_ca = pki.ca });
	AUTO_FREE char *url = xasprintf("https://127.0.0.1:%d/x", httpd_port(s));

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		if (fetch(&rows[i].conf, url, NULL, &e) != rows[i].kind)
			fail_msg("row %zu: %s", i, e.msg);
		assert_has(e.msg, rows[i].says);
	}
	httpd_free(s);
}

static void
reset_early(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	(void)ctx, (void)r;
	httpd_reset(c);
}

static void
reset_connection_is_an_error_not_a_signal(void **state)
{
	struct httpd *s = httpd_new(reset_early, NULL, &(struct httpd_tls){ .cert = pki.server, .key = pki.server_key });
	AUTO_FREE char *url = xasprintf("https://127.0.0.1:%d/x", httpd_port(s));
	AUTO_FREE char *body = xcalloc(1, 8 * MIB);
	struct err e = { 0 };
	AUTO(http_freep) struct http *h = http_new(&(struct http_conf){ .ca_pem = str_of(pki.ca), .retries = 2 }, &e);
	struct http_req req = { .method = "PUT", .url = url, .body = { body, 8 * MIB }, .idempotent = true };

	(void)state;
	for (int i = 0; i < 4; i++)
		(void)http_start(h, &req, NULL);
	for (int i = 0; i < 4; i++) {
		AUTO(http_call_freep) struct http_call *call = http_next(h, NULL, &e);

		assert_non_null(call);
		assert_int_equal(http_call_result(call, &e), -1);
		assert_int_equal(e.kind, EK_UNAVAILABLE);
		assert_int_equal(http_call_resp(call)->attempts, 3);
	}
	httpd_free(s);
}

/* Speaks no TLS: takes the client's hello and stays silent. */
static void
handshake_without_answer_times_out_as_no_connection(void **state)
{
	struct httpd *s = httpd_new(say_names, NULL, NULL);
	AUTO_FREE char *url = xasprintf("https://127.0.0.1:%d/x", httpd_port(s));
	struct http_conf conf = { .ca_pem = str_of(pki.ca), .connect_timeout_ns = 100 * NS_PER_MS };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(fetch(&conf, url, NULL, &e), EK_TIMEOUT);
	assert_has(e.msg, "no connection within 1");
	httpd_free(s);
}

static void
be_proxy(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	(void)ctx;
	if (strcmp(r->method, "CONNECT") == 0)
		httpd_answer(c, 407, "Connection: close\r\n", S(""));
	else
		httpd_answer(c, 200, NULL, str_of(r->target));
}

static void
proxy_is_used_and_its_refusal_named(void **state)
{
	struct httpd *s = httpd_new(be_proxy, NULL, NULL);
	AUTO_FREE char *proxy = xasprintf("http://127.0.0.1:%d", httpd_port(s));
	AUTO_BUF struct buf body = BUF_INIT(KIB);
	struct http_conf conf = { .proxy = proxy };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(fetch(&conf, "http://bucket.invalid/key", &body, &e), EK_NONE);
	assert_string_equal(buf_cstr(&body), "http://bucket.invalid/key");
	assert_int_equal(fetch(&conf, "https://bucket.invalid/key", NULL, &e), EK_DENIED);
	assert_has(e.msg, "GET https://bucket.invalid/key: the proxy answered 407");
	httpd_free(s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_is_verified_against_the_given_ca_and_name),
		cmocka_unit_test(flaws_are_told_with_dates_and_names),
		cmocka_unit_test(session_knows_the_way_and_the_certificate),
		cmocka_unit_test(ca_file_works_and_bad_pem_is_refused_when_the_session_starts),
		cmocka_unit_test(client_certificate_is_shown_and_its_refusal_explained),
		cmocka_unit_test(reset_connection_is_an_error_not_a_signal),
		cmocka_unit_test(handshake_without_answer_times_out_as_no_connection),
		cmocka_unit_test(proxy_is_used_and_its_refusal_named),
	};
	int failed;

	rig_global_init();
	pki_make(&pki, "test CA", "DNS:api.test,IP:127.0.0.1");
	pki_make(&twin, "test CA", "DNS:api.test");
	pki_make(&other, "other CA", "DNS:api.test");
	pki_make_valid(&expired, "test CA", "DNS:localhost", -7200, -3600);
	pki_make_valid(&early, "test CA", "DNS:localhost", 3600, 7200);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	pki_done(&pki);
	pki_done(&twin);
	pki_done(&other);
	pki_done(&expired);
	pki_done(&early);
	return failed;
}
