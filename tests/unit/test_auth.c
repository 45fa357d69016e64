/* Tests of k8s/auth.  Plugins are shell scripts; what is sent is read back from a server on 127.0.0.1. */
#include "k8s/auth.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define V1 "client.authentication.k8s.io/v1"
#define LIMIT_NS (30 * NS_PER_S)

/* --- a folder for each test --- */

static int
setup(void **state)
{
	char dir[] = "/tmp/test_auth.XXXXXX";

	assert_non_null(mkdtemp(dir));
	*state = xstrdup(dir);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "plugin", "token", "count", "info", "answer" };

	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_FREE char *path = file_join(*state, names[i]);

		(void)remove(path);                  /* most were not made */
	}
	assert_int_equal(rmdir(*state), 0);
	free(*state);
	return 0;
}

static void
put(void **state, const char *name, const char *text)
{
	AUTO_FREE char *path = file_join(*state, name);
	struct err e = { 0 };

	assert_int_equal(file_replace(path, text, strlen(text), 0700, &e), 0);
}

static char *
get(void **state, const char *name)
{
	AUTO_FREE char *path = file_join(*state, name);
	AUTO_BUF struct buf text = BUF_INIT(MIB);
	struct err e = { 0 };

	assert_int_equal(file_read(path, &text, &e), 0);
	return xstrdup(buf_cstr(&text));
}

static int64_t
at(const char *time)
{
	int64_t ns;

	assert_true(clock_parse_rfc3339(str_of(time), &ns));
	return ns;
}

/* --- what is sent --- */

struct echo {
	int fd;
};

/* Answers one request with its own head. */
static void
echo_run(void *arg)
{
	struct echo *s = arg;
	int fd = accept(s->fd, NULL, NULL);
	AUTO_BUF struct buf head = BUF_INIT(MIB), answer = BUF_INIT(2 * MIB);
	struct err e = { 0 };

	while (fd >= 0 && !strstr(buf_cstr(&head), "\r\n\r\n")) {
		char *room = buf_room(&head, 4096, &e);
		ssize_t n = room ? read(fd, room, 4096) : -1;

		if (n <= 0)
			break;
		buf_grew(&head, (size_t)n);
	}
	buf_putf(&answer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", head.len,
		buf_cstr(&head));
	if (file_write_all(fd, answer.p, answer.len, &e) < 0)
		print_error("%s\n", e.msg);         /* the client then fails the test */
	file_close(&fd);
}

static int
add_headers(void *ctx, struct http_call *call, bool again, struct err *e)
{
	(void)e;
	assert_false(again);
	kube_auth_headers(ctx, call);
	return 0;
}

/* The head of a request that carries a's headers. */
static char *
sent(struct kube_auth *a)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof addr;
	struct echo server = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	const struct http_conf conf = { .http1_only = true };
	struct http_req req = { .method = "GET", .max_body = MIB, .prepare = add_headers, .ctx = a };
	struct http_resp resp = { 0 };
	struct err e = { 0 };
	struct thread *t;
	struct http *h;
	AUTO_FREE char *url = NULL;
	char *head;

	assert_int_equal(bind(server.fd, (struct sockaddr *)&addr, sizeof addr), 0);
	assert_int_equal(listen(server.fd, 1), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&addr, &len), 0);
	url = xasprintf("http://127.0.0.1:%d/", ntohs(addr.sin_port));
	req.url = url;
	t = thread_start("echo", echo_run, &server, &e);
	assert_non_null(t);
	h = http_new(&conf, &e);
	assert_non_null(h);
	if (http_do(h, &req, &resp, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	thread_join(t);
	head = xstrdup(buf_cstr(&resp.body));
	http_resp_done(&resp);
	http_free(h);
	file_close(&server.fd);
	return head;
}

static void
assert_sent(struct kube_auth *a, const char *line)
{
	AUTO_FREE char *head = sent(a), *wanted = xasprintf("\r\n%s\r\n", line);

	if (!strstr(head, wanted))
		fail_msg("'%s' is not in: %s", line, head);
}

/* --- connections --- */

struct kit {
	struct kube_conn  conn;
	struct kube_auth *auth;
};

static void
kit_done(struct kit *k)
{
	kube_auth_free(k->auth);
	kube_conn_done(&k->conn);
}

static void
kit_exec(struct kit *k, void **state, const char *script)
{
	k->conn.user = xstrdup("me");
	k->conn.server = xstrdup("https://h");
	k->conn.exec = xcalloc(1, sizeof *k->conn.exec);
	k->conn.exec->command = file_join(*state, "plugin");
	k->conn.exec->api_version = xstrdup(V1);
	k->auth = kube_auth_new(&k->conn);
	if (script) {
		AUTO_FREE char *text = xasprintf("#!/bin/sh\ncd '%s'\n%s\n", (char *)*state, script);

		put(state, "plugin", text);
	}
}

static int
refresh(struct kit *k, bool again, const char *now)
{
	struct err e = { 0 };
	int n = kube_auth_refresh_at(k->auth, again, at(now), LIMIT_NS, NULL, &e);

	if (n < 0)
		fail_msg("%s", e.msg);
	return n;
}

static void
assert_fails(struct kit *k, enum err_kind kind, const char *message)
{
	struct err e = { 0 };

	assert_int_equal(kube_auth_refresh_at(k->auth, false, at("2026-01-01T00:00:00Z"), LIMIT_NS, NULL, &e), -1);
	if (e.kind != kind || !strstr(e.msg, message))
		fail_msg("kind %d: %s", (int)e.kind, e.msg);
	assert_null(strstr(e.msg, "hunter2"));
}

#define ANSWER(status) "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":" status "}"
/* Counts its runs in the file count; the token is "t1", "t2", ... */
#define COUNTING "n=$(cat count 2>/dev/null || echo 0); n=$((n + 1)); echo $n >count\n"

/* --- static credentials --- */

static void
static_token_is_sent(void **state)
{
	AUTO(kit_done) struct kit k = { .conn.token = secret_new(S("hunter2")) };

	(void)state;
	k.auth = kube_auth_new(&k.conn);
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer hunter2");
	assert_int_equal(refresh(&k, true, "2026-01-01T00:00:00Z"), 1);
}

static void
password_is_sent(void **state)
{
	AUTO(kit_done) struct kit k = { .conn = { .username = xstrdup("me"), .password = secret_new(S("hunter2")) } };

	(void)state;
	k.auth = kube_auth_new(&k.conn);
	assert_sent(k.auth, "Authorization: Basic bWU6aHVudGVyMg==");
}

static void
impersonation_is_sent(void **state)
{
	AUTO(kit_done) struct kit k = { .conn = { .as_user = xstrdup("jane"), .as_uid = xstrdup("u1") } };
	AUTO_FREE char *head = NULL;

	(void)state;
	strs_add(&k.conn.as_groups, "dev");
	strs_add(&k.conn.as_groups, "ops");
	strs_add(&k.conn.as_extra, "acme%2Fscope=a=b");
	k.auth = kube_auth_new(&k.conn);
	head = sent(k.auth);
	assert_non_null(strstr(head, "\r\nImpersonate-User: jane\r\n"));
	assert_non_null(strstr(head, "\r\nImpersonate-Uid: u1\r\n"));
	assert_non_null(strstr(head, "\r\nImpersonate-Group: dev\r\n"));
	assert_non_null(strstr(head, "\r\nImpersonate-Group: ops\r\n"));
	assert_non_null(strstr(head, "\r\nImpersonate-Extra-acme%2Fscope: a=b\r\n"));
	assert_null(strstr(head, "Authorization"));
}

static void
static_certificate_is_offered(void **state)
{
	AUTO(kit_done) struct kit k = { .conn = { .cert_pem = xstrdup("C"), .key_pem = secret_new(S("K")) } };
	struct str cert, key;
	unsigned gen;

	(void)state;
	k.auth = kube_auth_new(&k.conn);
	kube_auth_client_cert(k.auth, &cert, &key, &gen);
	assert_true(str_eqz(cert, "C") && str_eqz(key, "K"));
	assert_int_equal(gen, 0);
}

/* --- token files --- */

static void
token_file_is_followed(void **state)
{
	AUTO(kit_done) struct kit k = { .conn = { .token = secret_new(S("static")) } };

	k.conn.token_file = file_join(*state, "token");
	k.auth = kube_auth_new(&k.conn);
	put(state, "token", " one\n");
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer one");
	assert_int_equal(refresh(&k, true, "2026-01-01T00:00:00Z"), 1);
	put(state, "token", "two");
	assert_int_equal(refresh(&k, true, "2026-01-01T00:00:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer two");
	put(state, "token", "three");
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer three");
	assert_int_equal(unlink(k.conn.token_file), 0);
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_int_equal(refresh(&k, true, "2026-01-01T00:00:00Z"), 1);
	assert_sent(k.auth, "Authorization: Bearer three");
}

static void
missing_token_file_falls_back_to_the_token(void **state)
{
	AUTO(kit_done) struct kit k = { .conn = { .token = secret_new(S("static")) } };

	k.conn.token_file = file_join(*state, "token");
	k.auth = kube_auth_new(&k.conn);
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer static");
}

static void
bad_token_files_are_errors(void **state)
{
	AUTO(kit_done) struct kit k = { .conn = { .token_file = file_join(*state, "token") } };

	k.auth = kube_auth_new(&k.conn);
	assert_fails(&k, EK_NOTFOUND, k.conn.token_file);
	put(state, "token", " \n");
	assert_fails(&k, EK_INVALID, "is empty");
	put(state, "token", "hunter2\r\nX-Evil: 1\n");
	assert_fails(&k, EK_INVALID, "control character");
}

/* --- plugins --- */

static void
plugin_is_asked_as_the_protocol_says(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };
	AUTO_FREE char *info = NULL;

	kit_exec(&k, state, "echo \"$KUBERNETES_EXEC_INFO|$1|$2|$A\" >info; echo '" ANSWER("{\"token\":\"t\"}") "'");
	strs_add(&k.conn.exec->args, "a b");
	strs_add(&k.conn.exec->args, "$(date)");
	strs_add(&k.conn.exec->env, "A=from kubeconfig");
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer t");
	info = get(state, "info");
	assert_string_equal(info, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\","
		"\"spec\":{\"interactive\":false}}|a b|$(date)|from kubeconfig\n");
}

static void
plugin_gets_the_cluster_when_it_wants_it(void **state)
{
	AUTO(kit_done) struct kit k = { .conn = { .tls_server_name = xstrdup("n"), .ca_pem = xstrdup("PEM"),
		.proxy_url = xstrdup("http://p"), .disable_compression = true } };
	AUTO_FREE char *info = NULL;

	kit_exec(&k, state, "echo \"$KUBERNETES_EXEC_INFO\" >info; echo '" ANSWER("{\"token\":\"t\"}") "'");
	k.conn.exec->provide_cluster_info = true;
	k.conn.exec->cluster_config = xstrdup("{\"audience\":7}");
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	info = get(state, "info");
	assert_string_equal(info, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"spec\":{\"cluster\":{"
		"\"server\":\"https://h\",\"tls-server-name\":\"n\",\"certificate-authority-data\":\"UEVN\","
		"\"proxy-url\":\"http://p\",\"disable-compression\":true,\"config\":{\"audience\":7}},"
		"\"interactive\":false}}\n");
}

static void
plugin_runs_again_a_minute_before_the_end(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };

	kit_exec(&k, state, COUNTING "echo '" ANSWER("{\"token\":\"t'$n'\","
		"\"expirationTimestamp\":\"2030-01-01T01:00:00+01:00\"}") "'");
	assert_int_equal(refresh(&k, false, "2029-12-31T23:00:00Z"), 0);
	assert_int_equal(refresh(&k, false, "2029-12-31T23:58:59Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer t1");
	assert_int_equal(refresh(&k, false, "2029-12-31T23:59:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer t2");
}

static void
short_answers_do_not_run_the_plugin_for_each_request(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };

	kit_exec(&k, state, COUNTING "echo '" ANSWER("{\"token\":\"t'$n'\","
		"\"expirationTimestamp\":\"2030-01-01T00:00:00Z\"}") "'");
	assert_int_equal(refresh(&k, false, "2029-12-31T23:59:30Z"), 0);
	assert_int_equal(refresh(&k, false, "2029-12-31T23:59:44Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer t1");
	assert_int_equal(refresh(&k, false, "2029-12-31T23:59:45Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer t2");
}

static void
expired_answer_is_replaced_by_the_next(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };

	kit_exec(&k, state, COUNTING "[ $n = 1 ] && y=2001 || y=2099\n"
		"echo '" ANSWER("{\"token\":\"t'$n'\",\"expirationTimestamp\":\"'$y'-01-01T00:00:00Z\"}") "'");
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer t2");
}

static void
refusal_brings_new_credentials(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };

	kit_exec(&k, state, COUNTING "echo '" ANSWER("{\"token\":\"t'$n'\"}") "'");
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_int_equal(refresh(&k, false, "2099-01-01T00:00:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer t1");
	assert_int_equal(refresh(&k, true, "2026-01-01T00:00:00Z"), 0);
	assert_sent(k.auth, "Authorization: Bearer t2");
}

static void
same_answer_after_a_refusal_is_nothing_better(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };

	kit_exec(&k, state, "echo '" ANSWER("{\"token\":\"t\"}") "'");
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	assert_int_equal(refresh(&k, true, "2026-01-01T00:00:00Z"), 1);
}

static void
certificate_of_the_plugin_changes_the_generation(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };
	struct str cert, key;
	unsigned gen[3];

	kit_exec(&k, state, "cat answer");
	kube_auth_client_cert(k.auth, &cert, &key, &gen[0]);
	assert_int_equal(cert.len + key.len, 0);
	put(state, "answer", ANSWER("{\"clientCertificateData\":\"C\\n1\",\"clientKeyData\":\"K1\"}"));
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
	kube_auth_client_cert(k.auth, &cert, &key, &gen[1]);
	assert_true(str_eqz(cert, "C\n1") && str_eqz(key, "K1"));
	assert_int_not_equal(gen[0], gen[1]);
	put(state, "answer", ANSWER("{\"clientCertificateData\":\"C\\n1\",\"clientKeyData\":\"K1\",\"token\":\"t\"}"));
	assert_int_equal(refresh(&k, true, "2026-01-01T00:00:00Z"), 0);
	kube_auth_client_cert(k.auth, &cert, &key, &gen[2]);
	assert_int_equal(gen[1], gen[2]);
	put(state, "answer", ANSWER("{\"clientCertificateData\":\"C2\",\"clientKeyData\":\"K2\",\"token\":\"t\"}"));
	assert_int_equal(refresh(&k, true, "2026-01-01T00:00:00Z"), 0);
	kube_auth_client_cert(k.auth, &cert, &key, &gen[0]);
	assert_true(str_eqz(cert, "C2") && str_eqz(key, "K2"));
	assert_int_not_equal(gen[0], gen[1]);
}

static void
failing_plugin_is_quoted(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };

	kit_exec(&k, state, "echo 'no session' >&2; echo >&2; echo ' run: login' >&2; echo hunter2; exit 3");
	assert_fails(&k, EK_DENIED, "/plugin' of user 'me': it failed with exit code 3: no session; run: login");
}

static void
missing_plugin_shows_its_install_hint(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };

	kit_exec(&k, state, NULL);
	assert_fails(&k, EK_NOTFOUND, "it is not installed");
	k.conn.exec->install_hint = xstrdup("apt install plugin");
	assert_fails(&k, EK_NOTFOUND, "it is not installed: apt install plugin");
	free(k.conn.exec->command);
	k.conn.exec->command = xstrdup("no-such-plugin-in-path");
	assert_fails(&k, EK_NOTFOUND, "credential plugin 'no-such-plugin-in-path' of user 'me': it is not installed");
}

static void
hanging_plugin_is_ended(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };
	struct err e = { 0 };

	kit_exec(&k, state, "exec sleep 600");
	assert_int_equal(kube_auth_refresh_at(k.auth, false, 0, 100 * NS_PER_MS, NULL, &e), -1);
	assert_int_equal(e.kind, EK_TIMEOUT);
	assert_non_null(strstr(e.msg, "credential plugin '"));
}

static void
canceled_plugin_is_ended(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };
	struct cancel c = { 0 };
	struct err e = { 0 };

	kit_exec(&k, state, "exec sleep 600");
	cancel_fire(&c);
	assert_int_equal(kube_auth_refresh_at(k.auth, false, 0, LIMIT_NS, &c, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
}

static void
huge_output_is_refused(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };

	kit_exec(&k, state, "head -c 1048577 /dev/zero");
	assert_fails(&k, EK_LIMIT, "credential plugin '");
}

static void
question_needs_a_terminal(void **state)
{
	AUTO(kit_done) struct kit k = { 0 };

	kit_exec(&k, state, "echo '" ANSWER("{\"token\":\"t\"}") "'");
	k.conn.exec->interactive = KUBE_EXEC_ALWAYS;
	assert_fails(&k, EK_DENIED, "standard input is not a terminal");
	k.conn.exec->interactive = KUBE_EXEC_IF_AVAILABLE;
	assert_int_equal(refresh(&k, false, "2026-01-01T00:00:00Z"), 0);
}

static void
wrong_answers_are_refused(void **state)
{
	static const struct { const char *answer, *message; enum err_kind kind; } cases[] = {
		{ "", "not an ExecCredential", EK_CORRUPT },
		{ "hunter2", "not an ExecCredential", EK_CORRUPT },
		{ "{}", "not an ExecCredential, but of kind ''", EK_DENIED },
		{ "[\"hunter2\"]", "not an ExecCredential", EK_DENIED },
		{ "{\"kind\":\"Status\"}", "but of kind 'Status'", EK_DENIED },
		{ "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "beta1\",\"status\":{\"token\":\"hunter2\"}}",
			"configured for apiVersion " V1 ", but answered with '" V1 "beta1'", EK_DENIED },
		{ "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\"}", "has no status", EK_DENIED },
		{ ANSWER("null"), "", EK_DENIED },
		{ ANSWER("{}"), "neither a token nor a certificate", EK_DENIED },
		{ ANSWER("{\"token\":\"\"}"), "neither a token nor a certificate", EK_DENIED },
		{ ANSWER("{\"token\":7}"), "neither a token nor a certificate", EK_DENIED },
		{ ANSWER("{\"clientCertificateData\":\"C\"}"), "certificate without a key", EK_DENIED },
		{ ANSWER("{\"clientKeyData\":\"hunter2\"}"), "key without a certificate", EK_DENIED },
		{ ANSWER("{\"token\":\"hunter2\\r\\nX: y\"}"), "control character", EK_DENIED },
		{ ANSWER("{\"token\":\"hunter2\",\"expirationTimestamp\":\"soon\"}"), "'soon' is not a time", EK_DENIED },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO(kit_done) struct kit k = { 0 };

		kit_exec(&k, state, "cat answer");
		put(state, "answer", cases[i].answer);
		assert_fails(&k, cases[i].kind, cases[i].message);
	}
}

#define UNIT(fn) cmocka_unit_test(fn)
#define WITH_FOLDER(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(static_token_is_sent),
		UNIT(password_is_sent),
		UNIT(impersonation_is_sent),
		UNIT(static_certificate_is_offered),
		WITH_FOLDER(token_file_is_followed),
		WITH_FOLDER(missing_token_file_falls_back_to_the_token),
		WITH_FOLDER(bad_token_files_are_errors),
		WITH_FOLDER(plugin_is_asked_as_the_protocol_says),
		WITH_FOLDER(plugin_gets_the_cluster_when_it_wants_it),
		WITH_FOLDER(plugin_runs_again_a_minute_before_the_end),
		WITH_FOLDER(short_answers_do_not_run_the_plugin_for_each_request),
		WITH_FOLDER(expired_answer_is_replaced_by_the_next),
		WITH_FOLDER(refusal_brings_new_credentials),
		WITH_FOLDER(same_answer_after_a_refusal_is_nothing_better),
		WITH_FOLDER(certificate_of_the_plugin_changes_the_generation),
		WITH_FOLDER(failing_plugin_is_quoted),
		WITH_FOLDER(missing_plugin_shows_its_install_hint),
		WITH_FOLDER(hanging_plugin_is_ended),
		WITH_FOLDER(canceled_plugin_is_ended),
		WITH_FOLDER(huge_output_is_refused),
		WITH_FOLDER(question_needs_a_terminal),
		WITH_FOLDER(wrong_answers_are_refused),
	};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* The same whether the tests run on a terminal and behind a proxy or not. */
	(void)dup2(null, STDIN_FILENO);
	(void)setenv("no_proxy", "127.0.0.1", 1);
	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
