/* Discovery documents of both kinds from a scripted server, and the look-ups on them. */
#include "config.h"

#include "k8s/discovery.h"

#include "base/mem.h"
#include "tests/unit/fake_api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define AGGREGATED_TYPE "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
#define HEAD "{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/v2\",\"metadata\":{},\"items\":["
#define KIND(k) "\"responseKind\":{\"group\":\"\",\"version\":\"\",\"kind\":\"" k "\"}"
#define ALL "\"verbs\":[\"create\",\"delete\",\"deletecollection\",\"get\",\"list\",\"patch\",\"update\",\"watch\"]"

static const char api[] = HEAD
	"{\"metadata\":{\"creationTimestamp\":null},\"versions\":[{\"version\":\"v1\",\"freshness\":\"Current\",\"resources\":["
	"{\"resource\":\"pods\"," KIND("Pod") ",\"scope\":\"Namespaced\",\"singularResource\":\"pod\"," ALL
	",\"shortNames\":[\"po\"],\"categories\":[\"all\"],\"subresources\":["
	"{\"subresource\":\"log\"," KIND("Pod") ",\"verbs\":[\"get\"]},"
	"{\"subresource\":\"status\"," KIND("Pod") ",\"verbs\":[\"get\"]}]},"
	"{\"resource\":\"events\"," KIND("Event") ",\"scope\":\"Namespaced\",\"singularResource\":\"event\"," ALL
	",\"shortNames\":[\"ev\"]},"
	"{\"resource\":\"bindings\"," KIND("Binding") ",\"scope\":\"Namespaced\",\"singularResource\":\"binding\","
	"\"verbs\":[\"create\"]},"
	"{\"resource\":\"odd\",\"scope\":\"Namespaced\",\"verbs\":[\"get\"]},"
	"{\"resource\":\"namespaces\"," KIND("Namespace") ",\"scope\":\"Cluster\",\"singularResource\":\"namespace\"," ALL
	",\"shortNames\":[\"ns\"]}]}]}]}";

static const char apis[] = HEAD
	"{\"metadata\":{\"name\":\"extensions\"},\"versions\":[{\"version\":\"v1beta1\",\"resources\":["
	"{\"resource\":\"deployments\"," KIND("Deployment") ",\"scope\":\"Namespaced\",\"singularResource\":\"deployment\"," ALL
	"}]}]},"
	"{\"metadata\":{\"name\":\"events.k8s.io\"},\"versions\":[{\"version\":\"v1\",\"resources\":["
	"{\"resource\":\"events\"," KIND("Event") ",\"scope\":\"Namespaced\",\"singularResource\":\"event\"," ALL
	",\"shortNames\":[\"ev\"]}]}]},"
	"{\"metadata\":{\"name\":\"apps\"},\"versions\":[{\"version\":\"v1\",\"resources\":["
	"{\"resource\":\"deployments\"," KIND("Deployment") ",\"scope\":\"Namespaced\",\"singularResource\":\"deployment\"," ALL
	",\"shortNames\":[\"deploy\"],\"subresources\":[{\"subresource\":\"scale\"," KIND("Scale") "},"
	"{\"subresource\":\"status\"," KIND("Deployment") "}]}]},"
	"{\"version\":\"v1beta1\",\"resources\":["
	"{\"resource\":\"deployments\"," KIND("Deployment") ",\"scope\":\"Namespaced\",\"singularResource\":\"deployment\"," ALL
	"},{\"resource\":\"relics\"," KIND("Relic") ",\"scope\":\"Cluster\",\"singularResource\":\"relic\"," ALL "}]}]},"
	"{\"metadata\":{\"name\":\"metrics.k8s.io\"},\"versions\":[{\"version\":\"v1beta1\",\"freshness\":\"Stale\",\"resources\":["
	"{\"resource\":\"pods\"," KIND("PodMetrics") ",\"scope\":\"Namespaced\",\"verbs\":[\"get\",\"list\"]}]}]},"
	"{\"metadata\":{\"name\":\"serving.example.com\"},\"versions\":[{\"version\":\"v1\",\"resources\":["
	"{\"resource\":\"podsets\"," KIND("PodSet") ",\"scope\":\"Namespaced\",\"singularResource\":\"podset\"," ALL
	",\"shortNames\":[\"po\",\"ps\"]}]}]}"
	"]}";

struct bench {
	struct fake_api  *server;
	struct kube_conn  conn;
	struct k8s       *k;
	struct discovery *d;
	struct err        e;
};

static void
load(struct bench *b, const struct fake_rule *rules, size_t n)
{
	*b = (struct bench){ 0 };
	b->server = fake_start(rules, n);
	b->conn.server = xstrdup(fake_url(b->server));
	b->k = k8s_new(&b->conn, &b->e);
	assert_non_null(b->k);
	b->d = discovery_load(b->k, NULL, &b->e);
}

static void
unload(struct bench *b)
{
	discovery_freep(&b->d);
	k8s_freep(&b->k);
	kube_conn_done(&b->conn);
	fake_stop(b->server);
}

static void
load_aggregated(struct bench *b)
{
	static const struct fake_rule rules[] = {
		{ .request = "GET /api", .type = AGGREGATED_TYPE, .body = api },
		{ .request = "GET /apis", .type = AGGREGATED_TYPE, .body = apis },
	};
	load(b, rules, COUNT(rules));
	assert_non_null(b->d);
}

/* "v1 pods*, ..." in the order of the list; '*' marks the preferred version. */
static void
assert_all(const struct discovery *d, const char *want)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);

	for (size_t i = 0; i < d->all.len; i++)
		buf_putf(&text, "%s%s %s%s", i > 0 ? ", " : "", d->all.at[i].api_version, d->all.at[i].name,
			d->all.at[i].preferred ? "*" : "");
	assert_string_equal(buf_cstr(&text), want);
}

static void
aggregated_documents_give_all_versions_in_order(void **state)
{
	(void)state;
	struct bench b;
	load_aggregated(&b);

	assert_all(b.d, "v1 pods*, v1 events*, v1 bindings*, v1 namespaces*, events.k8s.io/v1 events*, "
		"apps/v1 deployments*, apps/v1beta1 deployments, apps/v1beta1 relics*, "
		"serving.example.com/v1 podsets*, extensions/v1beta1 deployments*");
	assert_int_equal(b.d->warnings.len, 1);
	assert_non_null(strstr(b.d->warnings.at[0], "aggregated API v1beta1.metrics.k8s.io is not available"));
	for (size_t i = 1; i < b.d->all.len; i++)
		assert_true(b.d->all.at[i - 1].order <= b.d->all.at[i].order);
	AUTO_FREE char *log = fake_log(b.server);
	assert_int_equal(strlen(log), strlen("GET /api\nGET /apis\n"));   /* at once, in any order */
	unload(&b);
}

static void
a_resource_says_what_can_be_done_with_it(void **state)
{
	(void)state;
	struct bench b;
	load_aggregated(&b);

	const struct api_resource *pods = discovery_gvr(b.d, "", "v1", "pods");
	assert_non_null(pods);
	assert_string_equal(pods->kind, "Pod");
	assert_string_equal(pods->singular, "pod");
	assert_string_equal(pods->gr, "pods");
	assert_string_equal(pods->group, "");
	assert_true(pods->namespaced);
	assert_true(pods->has_status);
	assert_int_equal(pods->verbs, VERB_LIST | VERB_GET | VERB_CREATE | VERB_DELETE | VERB_PATCH | VERB_UPDATE | VERB_WATCH);
	assert_int_equal(discovery_gvr(b.d, "", "v1", "bindings")->verbs, VERB_CREATE);
	assert_false(discovery_gvr(b.d, "", "v1", "namespaces")->namespaced);
	assert_false(discovery_gvr(b.d, "", "v1", "namespaces")->has_status);
	assert_string_equal(discovery_gvr(b.d, "apps", "v1", "deployments")->gr, "deployments.apps");
	unload(&b);
}

static void
names_resolve_as_users_write_them(void **state)
{
	(void)state;
	static const struct { const char *name, *api_version, *plural; } cases[] = {
		{ "pods", "v1", "pods" }, { "pod", "v1", "pods" }, { "po", "v1", "pods" }, { "Pod", "v1", "pods" },
		{ "PODS", "v1", "pods" }, { "pods.v1", "v1", "pods" }, { "ps", "serving.example.com/v1", "podsets" },
		{ "po.serving.example.com", "serving.example.com/v1", "podsets" },
		{ "ev", "v1", "events" }, { "events", "v1", "events" }, { "events.events.k8s.io", "events.k8s.io/v1", "events" },
		{ "deploy", "apps/v1", "deployments" }, { "Deployment", "apps/v1", "deployments" },
		{ "deployments", "apps/v1", "deployments" }, { "deployments.apps", "apps/v1", "deployments" },
		{ "Deployment.v1.apps", "apps/v1", "deployments" },
		{ "deployments.v1beta1.apps", "apps/v1beta1", "deployments" },
		{ "deployments.extensions", "extensions/v1beta1", "deployments" },
		{ "relic", "apps/v1beta1", "relics" }, { "relics.apps", "apps/v1beta1", "relics" },
		{ "ns", "v1", "namespaces" },
		{ "", NULL, NULL }, { "widgets", NULL, NULL }, { "pods.apps", NULL, NULL }, { "deployments.v2.apps", NULL, NULL },
		{ ".apps", NULL, NULL }, { "pods/status", NULL, NULL }, { "odd", NULL, NULL },
	};
	struct bench b;
	load_aggregated(&b);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct api_resource *r = discovery_resolve(b.d, cases[i].name);
		if (!cases[i].plural) {
			assert_null(r);
			continue;
		}
		assert_non_null(r);
		assert_string_equal(r->name, cases[i].plural);
		assert_string_equal(r->api_version, cases[i].api_version);
	}
	unload(&b);
}

static void
exact_look_ups_find_one_version(void **state)
{
	(void)state;
	struct bench b;
	load_aggregated(&b);

	assert_string_equal(discovery_gvr(b.d, "apps", NULL, "deployments")->version, "v1");
	assert_string_equal(discovery_gvr(b.d, "apps", NULL, "relics")->version, "v1beta1");
	assert_string_equal(discovery_gvr(b.d, "apps", "v1beta1", "deployments")->version, "v1beta1");
	assert_null(discovery_gvr(b.d, "apps", "v1", "relics"));
	assert_null(discovery_gvr(b.d, "", NULL, "deployments"));
	assert_string_equal(discovery_kind(b.d, "apps/v1", "Deployment")->gr, "deployments.apps");
	assert_string_equal(discovery_kind(b.d, "v1", "Event")->gr, "events");
	assert_null(discovery_kind(b.d, "v1", "event"));
	assert_null(discovery_kind(b.d, "apps/v2", "Deployment"));
	unload(&b);
}

static void
unknown_names_get_a_near_one(void **state)
{
	(void)state;
	static const struct { const char *name, *near; } cases[] = {
		{ "deploymnets", "deployments" }, { "Deploymet", "deployment" }, { "pdos", "pods" },
		{ "deployments.aps", "deployments.apps" }, { "namspace", "namespace" },
		{ "completely-else", NULL }, { "xy", NULL },
	};
	struct bench b;
	load_aggregated(&b);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *near = discovery_suggest(b.d, cases[i].name);
		if (cases[i].near)
			assert_string_equal(near, cases[i].near);
		else
			assert_null(near);
	}
	unload(&b);
}

/* ------------------------------------------------------------------ classic documents */

#define CLASSIC_ROOTS \
	{ .request = "GET /api", .body = "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}" }, \
	{ .request = "GET /apis", .body = "{\"kind\":\"APIGroupList\",\"groups\":[" \
		"{\"name\":\"extensions\",\"versions\":[{\"groupVersion\":\"extensions/v1beta1\",\"version\":\"v1beta1\"}]}," \
		"{\"name\":\"apps\",\"versions\":[{\"groupVersion\":\"apps/v2\",\"version\":\"v2\"}," \
		"{\"groupVersion\":\"apps/v1\",\"version\":\"v1\"}],\"preferredVersion\":{\"version\":\"v1\"}}," \
		"{\"name\":\"metrics.k8s.io\",\"versions\":[{\"version\":\"v1beta1\"}],\"preferredVersion\":{\"version\":\"v1beta1\"}}]}" }

#define CLASSIC_PARTS \
	{ .request = "GET /api/v1", .body = "{\"resources\":[" \
		"{\"name\":\"pods/status\",\"kind\":\"Pod\",\"namespaced\":true,\"verbs\":[\"get\"]}," \
		"{\"name\":\"pods\",\"singularName\":\"pod\",\"kind\":\"Pod\",\"namespaced\":true,\"verbs\":[\"list\",\"get\"]," \
		"\"shortNames\":[\"po\"]}," \
		"{\"name\":\"pods/log\",\"kind\":\"Pod\",\"namespaced\":true,\"verbs\":[\"get\"]}," \
		"{\"name\":\"nodes\",\"singularName\":\"\",\"kind\":\"Node\",\"namespaced\":false,\"verbs\":[\"list\"]}]}" }, \
	{ .request = "GET /apis/apps/v1", .body = "{\"resources\":[{\"name\":\"deployments\",\"kind\":\"Deployment\"," \
		"\"namespaced\":true,\"verbs\":[\"list\"]}]}" }, \
	{ .request = "GET /apis/apps/v2", .body = "{\"resources\":[{\"name\":\"deployments\",\"kind\":\"Deployment\"," \
		"\"namespaced\":true,\"verbs\":[\"list\"]},{\"name\":\"news\",\"kind\":\"New\",\"verbs\":[\"list\"]}]}" }, \
	{ .request = "GET /apis/extensions/v1beta1", .body = "{\"resources\":[]}" }

static void
classic_documents_are_read_where_there_are_no_others(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = { CLASSIC_ROOTS, CLASSIC_PARTS,
		{ .request = "GET /apis/metrics.k8s.io/v1beta1", .status = 404, .body = "the backend is dead" } };
	struct bench b;
	load(&b, rules, COUNT(rules));

	assert_non_null(b.d);
	assert_all(b.d, "v1 pods*, v1 nodes*, apps/v1 deployments*, apps/v2 deployments, apps/v2 news*");
	assert_true(discovery_resolve(b.d, "po")->has_status);
	assert_false(discovery_resolve(b.d, "nodes")->has_status);
	assert_false(discovery_resolve(b.d, "nodes")->namespaced);
	assert_int_equal(b.d->warnings.len, 1);
	assert_string_equal(b.d->warnings.at[0],
		"aggregated API v1beta1.metrics.k8s.io is not available: the backend is dead (404)");
	unload(&b);
}

static void
a_damaged_group_version_is_a_warning(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = { CLASSIC_ROOTS, CLASSIC_PARTS,
		{ .request = "GET /apis/metrics.k8s.io/v1beta1", .body = "{\"resources\":[" } };
	struct bench b;
	load(&b, rules, COUNT(rules));

	assert_non_null(b.d);
	assert_int_equal(b.d->warnings.len, 1);
	assert_non_null(discovery_resolve(b.d, "deployments"));
	unload(&b);
}

static void
a_server_that_refuses_us_is_an_error(void **state)
{
	(void)state;
	static const struct { const char *request; int status; enum err_kind kind; } cases[] = {
		{ "GET /api", 401, EK_DENIED }, { "GET /apis", 403, EK_DENIED }, { "GET /api/v1", 403, EK_DENIED },
		{ "GET /apis/apps/v1", 401, EK_DENIED },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct fake_rule rules[] = {
			{ .request = cases[i].request, .status = cases[i].status, .body = "you may not" },
			CLASSIC_ROOTS, CLASSIC_PARTS };
		struct bench b;
		load(&b, rules, COUNT(rules));
		assert_null(b.d);
		assert_int_equal(b.e.kind, cases[i].kind);
		assert_non_null(strstr(b.e.msg, cases[i].request));
		assert_non_null(strstr(b.e.msg, "you may not"));
		unload(&b);
	}
}

static void
a_web_server_is_not_an_api_server(void **state)
{
	(void)state;
	struct bench b;
	load(&b, NULL, 0);
	assert_null(b.d);
	assert_int_equal(b.e.kind, EK_UNAVAILABLE);
	assert_non_null(strstr(b.e.msg, "GET /api"));
	unload(&b);

	/* Half of an API server would make half a backup. */
	static const struct fake_rule half[] = { { .request = "GET /api", .body = "{\"kind\":\"APIVersions\",\"versions\":[]}" } };
	load(&b, half, COUNT(half));
	assert_null(b.d);
	assert_int_equal(b.e.kind, EK_UNAVAILABLE);
	assert_non_null(strstr(b.e.msg, "GET /apis"));
	unload(&b);

	static const struct fake_rule html[] = { { .request = "GET /api", .type = "text/html", .body = "<html>" } };
	load(&b, html, COUNT(html));
	assert_null(b.d);
	assert_int_equal(b.e.kind, EK_UNAVAILABLE);
	assert_non_null(strstr(b.e.msg, "not the answer of an API server"));
	unload(&b);
}

/* ------------------------------------------------------------------ paths */

static void
paths_are_encoded(void **state)
{
	(void)state;
	static char core[] = "", v1[] = "v1", pods[] = "pods", rbac[] = "rbac.authorization.k8s.io",
		rbac_v1[] = "rbac.authorization.k8s.io/v1", roles[] = "clusterroles";
	const struct api_resource pod = { .group = core, .version = v1, .api_version = v1, .name = pods, .namespaced = true };
	const struct api_resource role = { .group = rbac, .version = v1, .api_version = rbac_v1, .name = roles };
	const struct { const struct api_resource *r; const char *ns, *name, *want; } cases[] = {
		{ &pod, NULL, NULL, "/api/v1/pods" },
		{ &pod, "shop", NULL, "/api/v1/namespaces/shop/pods" },
		{ &pod, "shop", "web-1", "/api/v1/namespaces/shop/pods/web-1" },
		{ &pod, "../x", "a/b?c", "/api/v1/namespaces/..%2Fx/pods/a%2Fb%3Fc" },
		{ &role, NULL, "system:node", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode" },
		{ &role, "shop", NULL, "/apis/rbac.authorization.k8s.io/v1/clusterroles" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *path = api_path(cases[i].r, cases[i].ns, cases[i].name);
		assert_string_equal(path, cases[i].want);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(aggregated_documents_give_all_versions_in_order),
		cmocka_unit_test(a_resource_says_what_can_be_done_with_it),
		cmocka_unit_test(names_resolve_as_users_write_them),
		cmocka_unit_test(exact_look_ups_find_one_version),
		cmocka_unit_test(unknown_names_get_a_near_one),
		cmocka_unit_test(classic_documents_are_read_where_there_are_no_others),
		cmocka_unit_test(a_damaged_group_version_is_a_warning),
		cmocka_unit_test(a_server_that_refuses_us_is_an_error),
		cmocka_unit_test(a_web_server_is_not_an_api_server),
		cmocka_unit_test(paths_are_encoded),
	};
	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
