/*
 * The Kubernetes client against a real API server: ORLOP_LIVE=1 KUBECONFIG=... tests/live/test_k8s.  It works in a
 * namespace of its own, which it deletes.
 */
#include "config.h"

#include "k8s/discovery.h"
#include "k8s/list.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct kubeconfig *kc;
static struct kube_conn conn;
static struct k8s *k;
static char *ns_path;          /* of our namespace */
static char *maps_path;        /* its ConfigMaps */
static struct err e;

#define OK(call) do { if ((call) != 0) fail_msg("%s", e.msg); } while (0)

static void
need_server(void)
{
	if (k)
		return;
	print_message("skipped: ORLOP_LIVE is not set\n");
	skip();
}

static int
setup(void **state)
{
	(void)state;
	if (!getenv("ORLOP_LIVE"))
		return 0;
	http_global_init();
	kc = kubeconfig_load(NULL, &e);
	if (!kc || kubeconfig_resolve(kc, NULL, &conn, &e) < 0 || !(k = k8s_new(&conn, &e))) {
		print_error("%s\n", e.msg);
		return -1;
	}
	ns_path = xasprintf("/api/v1/namespaces/orlop-live-%ld", (long)getpid());
	maps_path = xasprintf("%s/configmaps", ns_path);
	AUTO_FREE char *body = xasprintf("{\"metadata\":{\"name\":\"orlop-live-%ld\"}}", (long)getpid());
	if (k8s_do(k, "POST", "/api/v1/namespaces", str_of(body), NULL, NULL, &e) < 0) {
		print_error("%s\n", e.msg);
		return -1;
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (k && k8s_do(k, "DELETE", ns_path, S(""), NULL, NULL, &e) < 0)
		print_error("%s\n", e.msg);
	k8s_freep(&k);
	kube_conn_done(&conn);
	kubeconfig_freep(&kc);
	free(ns_path);
	free(maps_path);
	return 0;
}

static void
discovery_resolves_what_users_write(void **state)
{
	(void)state;
	static const struct { const char *name, *gr, *api_version; } cases[] = {
		{ "po", "pods", "v1" },
		{ "deploy", "deployments.apps", "apps/v1" },
		{ "Deployment", "deployments.apps", "apps/v1" },
		{ "deployments.apps", "deployments.apps", "apps/v1" },
		{ "crd", "customresourcedefinitions.apiextensions.k8s.io", "apiextensions.k8s.io/v1" },
		{ "ns", "namespaces", "v1" },
		{ "ev", "events", "v1" },
	};
	need_server();
	AUTO(discovery_freep) struct discovery *d = discovery_load(k, NULL, &e);
	if (!d)
		fail_msg("%s", e.msg);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct api_resource *r = discovery_resolve(d, cases[i].name);
		assert_non_null(r);
		assert_string_equal(r->gr, cases[i].gr);
		assert_string_equal(r->api_version, cases[i].api_version);
	}
	assert_true(discovery_resolve(d, "deploy")->has_status);
	assert_true(discovery_resolve(d, "deploy")->namespaced);
	assert_false(discovery_resolve(d, "crd")->namespaced);
	assert_int_equal(discovery_resolve(d, "tokenreviews")->verbs, VERB_CREATE);
	assert_non_null(discovery_gvr(d, "autoscaling", "v1", "horizontalpodautoscalers"));
	assert_false(discovery_gvr(d, "autoscaling", "v1", "horizontalpodautoscalers")->preferred);
}

struct seen { size_t items; bool kube_system, ended; };

static int
on_namespace(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name,
	struct str item, struct err *why)
{
	struct seen *seen = ctx;

	(void)l;
	(void)why;
	assert_string_equal(head->kind, "NamespaceList");
	assert_int_equal(ns.len, 0);
	assert_int_equal(json_check(item, &e), 0);
	seen->items++;
	seen->kube_system |= str_eqz(name, "kube-system");
	return 0;
}

static int
on_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *unused)
{
	struct seen *seen = ctx;

	(void)l;
	(void)unused;
	if (why)
		fail_msg("%s", why->msg);
	seen->ended = true;
	return 0;
}

static void
namespaces_are_listed_page_by_page(void **state)
{
	(void)state;
	static const struct k8s_list_fns fns = { on_namespace, on_end };
	need_server();
	AUTO(discovery_freep) struct discovery *d = discovery_load(k, NULL, &e);
	assert_non_null(d);
	struct k8s_list l = { .res = discovery_resolve(d, "ns") };
	struct seen seen = { 0 };

	OK(k8s_list_run(k, &l, 1, 5, 2, &fns, &seen, NULL, &e));
	assert_true(seen.ended);
	assert_true(seen.kube_system);
	assert_true(seen.items >= 5);
	assert_int_equal(l.items, seen.items);
	assert_false(l.inconsistent);
}

static void
an_object_can_be_created_read_patched_and_deleted(void **state)
{
	(void)state;
	need_server();
	AUTO_FREE char *path = xasprintf("%s/cm", maps_path);
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_OBJECT);
	struct str v;

	OK(k8s_do(k, "POST", maps_path, S("{\"metadata\":{\"name\":\"cm\"},\"data\":{\"a\":\"1\",\"b\":\"2\"}}"), NULL, NULL, &e));
	OK(k8s_merge_patch(k, path, S("{\"data\":{\"a\":null,\"b\":\"3\"}}"), NULL, NULL, &e));
	OK(k8s_do(k, "GET", path, S(""), &out, NULL, &e));
	assert_true(jpath(buf_str(&out), &v, "data", NULL));
	assert_true(str_eqz(v, "{\"b\":\"3\"}"));
	OK(k8s_do(k, "DELETE", path, S(""), NULL, NULL, &e));
	assert_int_equal(k8s_do(k, "GET", path, S(""), NULL, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_int_equal(e.http, 404);
	assert_string_equal(e.reason, "NotFound");
	assert_string_equal(e.msg, "configmaps \"cm\" not found (404 NotFound)");
}

static void
refusals_have_the_right_kind(void **state)
{
	(void)state;
	need_server();
	AUTO_FREE char *path = xasprintf("%s/twice", maps_path);
	struct str body = S("{\"metadata\":{\"name\":\"twice\"}}");

	OK(k8s_do(k, "POST", maps_path, body, NULL, NULL, &e));
	assert_int_equal(k8s_do(k, "POST", maps_path, body, NULL, NULL, &e), -1);
	assert_int_equal(e.kind, EK_EXISTS);
	assert_string_equal(e.reason, "AlreadyExists");
	assert_int_equal(k8s_merge_patch(k, path, S("{\"metadata\":{\"resourceVersion\":\"1\"}}"), NULL, NULL, &e), -1);
	assert_int_equal(e.kind, EK_CONFLICT);
	assert_int_equal(e.http, 409);
	assert_int_equal(k8s_do(k, "POST", maps_path, S("{\"metadata\":{\"name\":\"No_Such Name\"}}"), NULL, NULL, &e), -1);
	assert_int_equal(e.kind, EK_INVALID);
	assert_int_equal(e.http, 422);
	assert_non_null(strstr(e.msg, "metadata.name"));
	assert_int_equal(k8s_do(k, "POST", maps_path, S("{"), NULL, NULL, &e), -1);
	assert_int_equal(e.kind, EK_INVALID);
	assert_int_equal(e.http, 400);
	assert_int_equal(k8s_do(k, "GET", "/apis/no.such.group/v1/things", S(""), NULL, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_string_equal(e.msg, "404 page not found (404)");
}

static void
a_window_of_creates_gives_every_result(void **state)
{
	(void)state;
	enum { N = 200 };
	need_server();
	AUTO_BUF struct buf bodies = BUF_INIT(MIB);
	size_t ends[N], created = 0, refused = 0;
	struct http_call *call;

	/* Each name comes twice. */
	for (size_t i = 0; i < N; i++) {
		buf_putf(&bodies, "{\"metadata\":{\"name\":\"w-%zu\"}}", i / 2);
		ends[i] = bodies.len;
	}
	for (size_t i = 0; i < N; i++) {
		size_t from = i > 0 ? ends[i - 1] : 0;
		struct k8s_op op = { .method = "POST", .path = maps_path, .body = str_sub(buf_str(&bodies), from, ends[i]) };
		OK(k8s_start(k, &op, NULL, &e));
	}
	while ((call = k8s_next(k, NULL, &e))) {
		struct err why;
		if (k8s_call_result(call, &why) == 0) {
			created++;
		} else {
			assert_int_equal(why.kind, EK_EXISTS);
			refused++;
		}
		http_call_free(call);
	}
	assert_int_equal(e.kind, EK_NONE);
	assert_int_equal(created, N / 2);
	assert_int_equal(refused, N / 2);
}

static void
the_server_says_who_it_is_and_what_we_may(void **state)
{
	(void)state;
	need_server();
	struct k8s_info info;
	bool allowed = false;

	OK(k8s_server_info(k, &info, NULL, &e));
	assert_int_equal(info.git_version[0], 'v');
	assert_string_equal(info.major, "1");
	assert_int_equal(strlen(info.uid), 36);
	OK(k8s_can_i(k, "create", "apps", "deployments", "default", &allowed, NULL, &e));
	assert_true(allowed);
}

static void
a_bad_token_is_refused(void **state)
{
	(void)state;
	need_server();
	struct kube_conn wrong = { .server = conn.server, .ca_pem = conn.ca_pem, .token = secret_new(S("wrong")) };
	AUTO(k8s_freep) struct k8s *other = k8s_new(&wrong, &e);
	assert_non_null(other);

	assert_int_equal(k8s_do(other, "GET", "/api/v1/pods", S(""), NULL, NULL, &e), -1);
	assert_int_equal(e.kind, EK_DENIED);
	assert_int_equal(e.http, 401);
	secret_free(wrong.token);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(discovery_resolves_what_users_write),
		cmocka_unit_test(namespaces_are_listed_page_by_page),
		cmocka_unit_test(an_object_can_be_created_read_patched_and_deleted),
		cmocka_unit_test(refusals_have_the_right_kind),
		cmocka_unit_test(a_window_of_creates_gives_every_result),
		cmocka_unit_test(the_server_says_who_it_is_and_what_we_may),
		cmocka_unit_test(a_bad_token_is_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
