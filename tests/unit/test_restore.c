/* Tests of engine/restore against a scripted API server: what is asked of it, and what is told of the answers. */
#include "engine/restore.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "engine/reader.h"
#include "net/http.h"
#include "tests/unit/api_docs.h"
#include "tests/unit/finding.h"
#include "tests/unit/httpd.h"
#include "tests/unit/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- the cluster --- */

#define DISCOVERY_TYPE "Content-Type: " DISCOVERY_MEDIA "\r\n"
#define WITH_STATUS(plural, kind) "{\"resource\":\"" plural "\",\"responseKind\":{\"group\":\"\",\"version\":\"\",\"kind\":\"" \
	kind "\"},\"scope\":\"Namespaced\",\"singularResource\":\"\",\"verbs\":[\"create\",\"get\"],\"subresources\":[" \
	"{\"subresource\":\"status\",\"verbs\":[\"get\",\"update\"]}]}"
#define BUILT_IN GROUP("apps", WITH_STATUS("deployments", "Deployment")) "," \
	GROUP("apiextensions.k8s.io", TYPE("customresourcedefinitions", "CustomResourceDefinition", "Cluster"))

static const char core[] = DISCOVERY(GROUP("",
	TYPE("namespaces", "Namespace", "Cluster") "," TYPE("secrets", "Secret", "Namespaced") ","
	TYPE("configmaps", "ConfigMap", "Namespaced") "," TYPE("pods", "Pod", "Namespaced") ","
	TYPE("serviceaccounts", "ServiceAccount", "Namespaced") "," TYPE("services", "Service", "Namespaced")));
static const char groups[] = DISCOVERY(BUILT_IN);
static const char groups_with_widgets[] = DISCOVERY(BUILT_IN ","
	GROUP("example.com", TYPE("widgets", "Widget", "Namespaced")));

/* Answers to single requests; without one a POST succeeds, a PATCH too, and a GET finds nothing. */
struct rule {
	const char *request;
	int         status;              /* CANCEL: fires the restore's cancel and never answers */
	const char *body;
	unsigned    times;               /* for the first requests only; 0: all */
};
#define RULES_MAX 8
#define CANCEL (-1)

struct cluster {
	const struct rule *rules;
	size_t             n;
	bool               widgets_later;        /* served once their definition was created */
	struct httpd      *httpd;
	struct lock       *lock;                 /* guards the rest */
	struct strs        log;                  /* "POST /path body" */
	bool               widgets;
	unsigned           met[RULES_MAX];
	struct cancel      cancel;
};

/* The rule for a request; caller holds the lock. */
static const struct rule *
rule_for(struct cluster *k, const char *request)
{
	assert_true(k->n <= RULES_MAX);
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(request, k->rules[i].request) == 0 && (k->rules[i].times == 0 || k->met[i]++ < k->rules[i].times))
			return &k->rules[i];
	return NULL;
}

static void
note_request(struct cluster *k, const struct httpd_req *r)
{
	*vec_push(&k->log) = xasprintf("%s %s%s" STR_FMT, r->method, r->target, r->body.len > 0 ? " " : "",
		STR_ARG(r->body));
	k->widgets |= k->widgets_later && strcmp(r->method, "POST") == 0 && strstr(r->target, "customresource") != NULL;
}

static void
serve(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	struct cluster *k = ctx;
	AUTO_FREE char *request = xasprintf("%s %s", r->method, r->target);
	const struct rule *rule;
	bool widgets;

	lock_take(k->lock);
	note_request(k, r);
	widgets = k->widgets;
	rule = rule_for(k, request);
	lock_drop(k->lock);
	if (rule != NULL) {
		if (rule->status == CANCEL) {
			cancel_fire(&k->cancel);
			httpd_wait_eof(c);
			return;
		}
		httpd_answer(c, rule->status, "Content-Type: application/json\r\n", str_of(rule->body));
		return;
	}
	if (strcmp(request, "GET /api") == 0)
		httpd_answer(c, 200, DISCOVERY_TYPE, str_of(core));
	else if (strcmp(request, "GET /apis") == 0)
		httpd_answer(c, 200, DISCOVERY_TYPE, str_of(widgets ? groups_with_widgets : groups));
	else if (strcmp(r->method, "GET") == 0)
		httpd_answer(c, 404, NULL, S(STATUS("NotFound", "not found")));
	else
		httpd_answer(c, strcmp(r->method, "POST") == 0 ? 201 : 200, NULL, S("{}"));
}

/* --- one restore --- */

struct run {
	struct cluster         cluster;
	struct restore_opts    o;
	struct restore_counts  n;
	struct strs            findings;     /* "warning shop secrets/key: text" */
	struct strs            notes;
	int                    rc;
	struct err             e;
};

static void
on_finding(void *ctx, const struct finding *f)
{
	findings_add(&((struct run *)ctx)->findings, f);
}

static void
on_note(void *ctx, const char *text)
{
	strs_add(&((struct run *)ctx)->notes, text);
}

static void
on_progress(void *ctx, const struct progress *p)
{
	(void)ctx;
	assert_true(p->total == 0 || p->done <= p->total);
}

static void
restore(struct run *run, const char *backup, const struct rule *rules, size_t n)
{
	struct kube_conn conn = { 0 };
	struct report_fns fns = { .finding = on_finding, .progress = on_progress, .note = on_note, .ctx = run };
	struct report *r = report_new(&fns, "restore", "r1");
	struct k8s *k;

	run->cluster.rules = rules;
	run->cluster.n = n;
	run->cluster.lock = lock_new();
	run->cluster.httpd = httpd_new(serve, &run->cluster, NULL);
	conn.server = xasprintf("http://127.0.0.1:%d", httpd_port(run->cluster.httpd));
	run->o.name = xstrdup("r1");
	run->o.backup = xstrdup(backup);
	strs_add(&run->o.ignore, "all");         /* questions of the preflight are not what is looked at here */
	k = k8s_new(&conn, &run->e);
	assert_non_null(k);
	run->rc = restore_run(k, stored.st, &run->o, r, &run->cluster.cancel, &run->n, &run->e);
	k8s_free(k);
	httpd_free(run->cluster.httpd);
	lock_free(run->cluster.lock);
	report_free(r);
	free(conn.server);
}

static void
run_done(struct run *run)
{
	restore_opts_done(&run->o);
	strs_free(&run->findings);
	strs_free(&run->notes);
	strs_free(&run->cluster.log);
}
#define AUTO_RUN AUTO(run_done)

/* Position of the first request that starts so; -1: there is none. */
static int
asked(const struct run *run, const char *start)
{
	for (size_t i = 0; i < run->cluster.log.len; i++)
		if (strncmp(run->cluster.log.at[i], start, strlen(start)) == 0)
			return (int)i;
	return -1;
}

static void
check_counts(const struct run *run, uint64_t selected, uint64_t created, uint64_t updated, uint64_t skipped,
	uint64_t differ, uint64_t failed)
{
	const struct restore_counts *n = &run->n;

	if (run->rc < 0)
		fail_msg("%s", run->e.msg);
	if (n->selected != selected || n->created != created || n->updated != updated || n->skipped != skipped
	    || n->differ != differ || n->failed != failed)
		fail_msg("selected %d created %d updated %d skipped %d differ %d failed %d; %s", (int)n->selected,
			(int)n->created, (int)n->updated, (int)n->skipped, (int)n->differ, (int)n->failed,
			run->findings.len ? run->findings.at[0] : "no finding");
}

static void
stored_remove_restore(void)
{
	struct err e = { 0 };

	for (int f = LAYOUT_RESTORE_LOGS; f <= LAYOUT_RESTORE_RECORD; f++) {
		AUTO_FREE char *key = layout_key("r1", (enum layout_file)f);

		assert_int_equal(store_delete(stored.st, key, NULL, &e), 0);
	}
}

/* --- cases --- */

static void
everything_is_created_in_order_and_recorded(void **state)
{
	AUTO_RUN struct run run = { 0 };
	AUTO_STRS struct strs keys = { 0 };
	AUTO_BUF struct buf list = BUF_INIT(MIB);
	int ns, secret, map, deployment;

	(void)state;
	restore(&run, "b1", NULL, 0);
	check_counts(&run, 7, 7, 0, 0, 0, 0);
	ns = asked(&run, "POST /api/v1/namespaces {\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\","
		"\"labels\":{\"team\":\"a\"}}}");
	secret = asked(&run, "POST /api/v1/namespaces/shop/secrets?fieldManager=orlop {");
	map = asked(&run, "POST /api/v1/namespaces/other/configmaps?fieldManager=orlop {");
	deployment = asked(&run, "POST /apis/apps/v1/namespaces/shop/deployments?fieldManager=orlop {");
	assert_true(0 <= ns && ns < secret && secret < map && map < deployment);
	assert_true(asked(&run, "POST /api/v1/namespaces {\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
		"\"metadata\":{\"name\":\"other\"}}") >= 0);
	assert_non_null(strstr(run.cluster.log.at[map], "\"labels\":{\"velero.io/backup-name\":\"b1\","
		"\"velero.io/restore-name\":\"r1\"}"));
	assert_null(strstr(run.cluster.log.at[map], "uid"));
	stored_keys(&stored, "restores/r1/", &keys);
	assert_int_equal(keys.len, 8);
	assert_int_equal(reader_side_file(stored.st, "r1", LAYOUT_RESTORE_RESOURCE_LIST, &list, NULL, &run.e), 0);
	assert_non_null(strstr(buf_cstr(&list), "shop/web(created)"));
}

#define SECRET_PATH "/api/v1/namespaces/shop/secrets"
#define SECRET(data) "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"key\",\"namespace\":\"shop\"," \
	"\"uid\":\"9\",\"resourceVersion\":\"5\",\"labels\":{\"velero.io/restore-name\":\"r0\"}},\"data\":" data "}"
#define EXISTS { "POST " SECRET_PATH "?fieldManager=orlop", 409, STATUS("AlreadyExists", "secrets \\\"key\\\" already exists") }

static void
what_is_there_already_is_compared(void **state)
{
	static const struct {
		const char *what;
		struct rule rules[4];
		enum existing_policy policy;
		uint64_t created, updated, skipped, differ, failed;
		const char *patch, *finding;
	} rows[] = {
		{ "the same", { EXISTS, { "GET " SECRET_PATH "/key", 200, SECRET("{\"k\":\"c2VjcmV0\"}") } },
			EXISTING_NONE, 6, 0, 1, 0, 0, NULL, NULL },
		{ "the same, to be updated", { EXISTS, { "GET " SECRET_PATH "/key", 200, SECRET("{\"k\":\"c2VjcmV0\"}") } },
			EXISTING_UPDATE, 6, 0, 1, 0, 0, "{\"metadata\":{\"labels\":{\"velero.io/backup-name\":\"b1\","
			"\"velero.io/restore-name\":\"r1\"}}}", NULL },
		{ "another", { EXISTS, { "GET " SECRET_PATH "/key", 200, SECRET("{\"x\":\"\"}") } },
			EXISTING_NONE, 6, 0, 0, 1, 0, NULL, "warning shop secrets/key: could not restore, Secret:key already "
			"exists. Warning: the in-cluster version is different than the backed-up version" },
		{ "another, to be updated", { EXISTS, { "GET " SECRET_PATH "/key", 200, SECRET("{\"x\":\"\"}") } },
			EXISTING_UPDATE, 6, 1, 0, 0, 0, "{\"data\":{\"k\":\"c2VjcmV0\",\"x\":null},\"metadata\":{\"labels\":"
			"{\"velero.io/backup-name\":\"b1\",\"velero.io/restore-name\":\"r1\"}}}", NULL },
		{ "going away, and not to be told from another", { EXISTS, { "GET " SECRET_PATH "/key", 200, "{\"metadata\":{\"name\":\"key\","
			"\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"}}" } },
			EXISTING_NONE, 6, 0, 0, 0, 1, NULL, "error shop secrets/key: is being deleted" },
		{ "gone in the meantime", { EXISTS }, EXISTING_NONE, 6, 0, 0, 0, 1, NULL, "already exists" },
		{ "refused", { { "POST " SECRET_PATH "?fieldManager=orlop", 403, STATUS("Forbidden", "no way") } },
			EXISTING_NONE, 6, 0, 0, 0, 1, NULL, "error shop secrets/key: no way (403 Forbidden)" },
		{ "not JSON", { EXISTS, { "GET " SECRET_PATH "/key", 200, "<html>" } }, EXISTING_NONE, 6, 0, 0, 0, 1, NULL,
			"answer of the API server" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_RUN struct run run = { .o = { .policy = rows[i].policy } };
		AUTO_FREE char *patch = xasprintf("PATCH " SECRET_PATH "/key %s", rows[i].patch ? rows[i].patch : "");
		size_t n = 0;

		while (n < COUNT(rows[i].rules) && rows[i].rules[n].request)
			n++;
		restore(&run, "b1", rows[i].rules, n);
		check_counts(&run, 7, rows[i].created, rows[i].updated, rows[i].skipped, rows[i].differ, rows[i].failed);
		if ((asked(&run, "PATCH") >= 0) != (rows[i].patch != NULL))
			fail_msg("%s: patched or not", rows[i].what);
		if (rows[i].patch && asked(&run, patch) < 0)
			fail_msg("%s: %s", rows[i].what, run.cluster.log.at[asked(&run, "PATCH")]);
		if (rows[i].finding ? !findings_have(&run.findings, rows[i].finding) : run.findings.len > 0)
			fail_msg("%s: %s", rows[i].what, run.findings.len ? run.findings.at[0] : "no finding");
		stored_remove_restore();
	}
}

static void
a_refused_update_is_a_warning_and_counts_as_different(void **state)
{
	static const struct rule rules[] = {
		EXISTS, { "GET " SECRET_PATH "/key", 200, SECRET("{\"x\":\"\"}") },
		{ "PATCH " SECRET_PATH "/key", 422, STATUS("Invalid", "field is immutable") },
	};
	AUTO_RUN struct run run = { .o = { .policy = EXISTING_UPDATE } };

	(void)state;
	restore(&run, "b1", rules, COUNT(rules));
	/* The patch of the labels alone is refused, too. */
	check_counts(&run, 7, 6, 0, 0, 0, 1);
	assert_true(findings_have(&run.findings, "warning shop secrets/key: field is immutable"));
	assert_true(findings_have(&run.findings, "error shop secrets/key: field is immutable"));
}

static void
a_cancel_with_requests_under_way_ends_cleanly(void **state)
{
	static const struct rule rules[] = {
		{ "POST /apis/apps/v1/namespaces/shop/deployments?fieldManager=orlop", CANCEL, NULL },
	};
	AUTO_RUN struct run run = { 0 };
	AUTO_STRS struct strs keys = { 0 };

	(void)state;
	restore(&run, "b1", rules, COUNT(rules));
	assert_int_equal(run.rc, -1);
	assert_int_equal(run.e.kind, EK_CANCELED);
	assert_int_equal(run.n.created, 5);
	assert_int_equal(run.findings.len, 0);
	/* With its record, and nobody works on it any more. */
	stored_keys(&stored, "restores/", &keys);
	assert_int_equal(keys.len, 8);
	for (size_t i = 0; i < keys.len; i++)
		assert_null(strstr(keys.at[i], "-run-"));
}

static void
a_record_that_cannot_be_written_is_noted_and_undoes_nothing(void **state)
{
	AUTO_RUN struct run run = { 0 };

	(void)state;
	/* A file where the folder of restores would be. */
	stored_put(&stored, "restores", S("x"));
	restore(&run, "b1", NULL, 0);
	check_counts(&run, 7, 7, 0, 0, 0, 0);
	assert_int_equal(run.notes.len, 2);
	assert_non_null(strstr(run.notes.at[0], "cannot be continued"));
	assert_non_null(strstr(run.notes.at[1], "the record of this restore could not be written"));
}

static void
who_may_not_create_namespaces_restores_into_those_that_are_there(void **state)
{
	static const struct rule rules[] = {
		{ "POST /api/v1/namespaces", 403, STATUS("Forbidden", "cannot create namespaces") },
		{ "GET /api/v1/namespaces/shop", 200, "{\"metadata\":{\"name\":\"shop\"},\"status\":{\"phase\":\"Active\"}}" },
	};
	AUTO_RUN struct run run = { 0 };

	(void)state;
	restore(&run, "b1", rules, COUNT(rules));
	/* shop is there; other is not, and so its config map fails, too. */
	check_counts(&run, 7, 4, 0, 1, 0, 2);
	assert_true(findings_have(&run.findings, "error - namespaces/other: cannot create namespaces"));
	assert_true(findings_have(&run.findings, "error other configmaps/settings: namespace 'other' could not be made ready"));
	assert_true(asked(&run, "POST /api/v1/namespaces/other/configmaps") < 0);
}

static void
namespaces_are_mapped(void **state)
{
	AUTO_RUN struct run run = { 0 };

	(void)state;
	strs_add(&run.o.ns_map, "shop:shop2");
	strs_add(&run.o.filter.inc_namespaces, "shop");
	restore(&run, "b1", NULL, 0);
	check_counts(&run, 5, 5, 0, 0, 0, 0);
	assert_true(asked(&run, "POST /api/v1/namespaces {\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":"
		"{\"name\":\"shop2\",\"labels\":{\"team\":\"a\"}}}") >= 0);
	assert_true(asked(&run, "POST /api/v1/namespaces/shop2/secrets?fieldManager=orlop {\"apiVersion\":\"v1\","
		"\"kind\":\"Secret\",\"metadata\":{\"name\":\"key\",\"namespace\":\"shop2\"") >= 0);
	assert_true(asked(&run, "POST /api/v1/namespaces/shop/") < 0);
}

/* A node port is refused before the name is looked at (velero-format 4.5, step 12). */
static void
a_service_whose_port_is_its_own_is_there_already(void **state)
{
	static const struct rule rules[] = {
		{ "POST /api/v1/namespaces/a/services?fieldManager=orlop", 422,
			STATUS("Invalid", "Service is invalid: spec.ports[0].nodePort: provided port is already allocated") },
		{ "GET /api/v1/namespaces/a/services/mine", 200, "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":"
			"{\"name\":\"mine\",\"namespace\":\"a\"},\"spec\":{\"clusterIP\":\"10.0.0.7\"}}" },
	};
	AUTO_RUN struct run run = { 0 };

	(void)state;
	stored_foreign(&stored, "v", "w:gz", "add('resources/services/namespaces/a/mine.json', obj('Service', 'a', 'mine'))\n"
		"add('resources/services/namespaces/a/stolen.json', obj('Service', 'a', 'stolen'))\n");
	restore(&run, "v", rules, COUNT(rules));
	check_counts(&run, 3, 1, 0, 1, 0, 1);
	assert_true(findings_have(&run.findings, "error a services/stolen: Service is invalid: spec.ports[0].nodePort: provided port is "
		"already allocated"));
}

static void
completed_pods_do_not_count(void **state)
{
	AUTO_RUN struct run run = { 0 };

	(void)state;
	stored_foreign(&stored, "v", "w:gz",
		"for i in range(40): add('resources/pods/namespaces/a/p%d.json' % i,"
		"    obj('Pod', 'a', 'p%d' % i)[:-1] + ',\"status\":{\"phase\":\"Succeeded\"}}')\n"
		"for i in range(40): add('resources/pods/namespaces/a/q%d.json' % i, obj('Pod', 'a', 'q%d' % i))\n");
	restore(&run, "v", NULL, 0);
	check_counts(&run, 41, 41, 0, 0, 0, 0);
	assert_true(asked(&run, "POST /api/v1/namespaces/a/pods?fieldManager=orlop {\"apiVersion\":\"v1\",\"kind\":\"Pod\","
		"\"metadata\":{\"name\":\"p1\"") < 0);
}

static void
custom_resources_wait_for_their_definition(void **state)
{
	static const struct rule rules[] = {
		{ "GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com", 200,
			"{\"status\":{\"conditions\":[{\"type\":\"Established\",\"status\":\"True\"},"
			"{\"type\":\"NamesAccepted\",\"status\":\"True\"}]}}" },
	};
	AUTO_RUN struct run run = { .cluster = { .widgets_later = true } };

	(void)state;
	stored_foreign(&stored, "v", "w:gz",
		"add('resources/widgets.example.com/namespaces/a/w.json', obj('Widget', 'a', 'w', '', 'example.com/v1'))\n"
		"add('resources/customresourcedefinitions.apiextensions.k8s.io/cluster/widgets.example.com.json',"
		"    obj('CustomResourceDefinition', '', 'widgets.example.com', '', 'apiextensions.k8s.io/v1'))\n");
	/* A name that only the backup can explain, as long as the definition is not there. */
	strs_add(&run.o.filter.inc_resources, "Widget");
	strs_add(&run.o.filter.inc_resources, "customresourcedefinitions");
	restore(&run, "v", rules, COUNT(rules));
	check_counts(&run, 3, 3, 0, 0, 0, 0);
	assert_true(asked(&run, "POST /apis/example.com/v1/namespaces/a/widgets?fieldManager=orlop {") >= 0);
	assert_int_equal(run.findings.len, 0);
}

#define CRD_PATH "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define CRD_STATE(established, accepted) "{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"CustomResourceDefinition\"," \
	"\"metadata\":{\"name\":\"widgets.example.com\"},\"status\":{\"conditions\":[{\"type\":\"Established\",\"status\":\"" \
	established "\"},{\"type\":\"NamesAccepted\",\"status\":\"" accepted "\",\"message\":\"widgets is taken\"}]}}"

/* Of a restore that was stopped, or whose answer was lost: the definition is there, but does not serve yet. */
static void
a_definition_that_is_there_and_not_ready_is_waited_for(void **state)
{
	static const struct rule rules[] = {
		{ "POST " CRD_PATH "?fieldManager=orlop", 409, STATUS("AlreadyExists", "already exists"), 0 },
		{ "GET " CRD_PATH "/widgets.example.com", 200, CRD_STATE("False", "Unknown"), 3 },
		{ "GET " CRD_PATH "/widgets.example.com", 200, CRD_STATE("True", "True"), 0 },
	};
	AUTO_RUN struct run run = { .cluster = { .widgets_later = true } };
	int posted;

	(void)state;
	stored_foreign(&stored, "v", "w:gz",
		"add('resources/widgets.example.com/namespaces/a/w.json', obj('Widget', 'a', 'w', '', 'example.com/v1'))\n"
		"add('resources/customresourcedefinitions.apiextensions.k8s.io/cluster/widgets.example.com.json',"
		"    obj('CustomResourceDefinition', '', 'widgets.example.com', '', 'apiextensions.k8s.io/v1'))\n");
	restore(&run, "v", rules, COUNT(rules));
	check_counts(&run, 3, 2, 0, 1, 0, 0);
	posted = asked(&run, "POST /apis/example.com/v1/namespaces/a/widgets");
	assert_true(posted > 0);
	/* The look at what exists, two that say "not yet", and the one that says "ready". */
	assert_int_equal(run.cluster.met[1], 4);
}

static void
a_definition_whose_names_are_taken_is_not_waited_for(void **state)
{
	static const struct rule rules[] = {
		{ "GET " CRD_PATH "/widgets.example.com", 200, CRD_STATE("False", "False"), 0 },
	};
	AUTO_RUN struct run run = { 0 };

	(void)state;
	stored_foreign(&stored, "v", "w:gz",
		"add('resources/customresourcedefinitions.apiextensions.k8s.io/cluster/widgets.example.com.json',"
		"    obj('CustomResourceDefinition', '', 'widgets.example.com', '', 'apiextensions.k8s.io/v1'))\n");
	restore(&run, "v", rules, COUNT(rules));
	check_counts(&run, 1, 1, 0, 0, 0, 0);
	assert_true(findings_have(&run.findings, "error  customresourcedefinitions.apiextensions.k8s.io/widgets.example.com: its names are not "
		"accepted: widgets is taken; delete the definition that has them"));
}

/* A deployment with a status and, if several, two managers. */
static void
store_deployment(bool several)
{
	AUTO_FREE char *script = xasprintf("add('resources/deployments.apps/namespaces/a/d.json', '{\"apiVersion\":\"apps/v1\","
		"\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\",\"namespace\":\"a\",\"managedFields\":[{\"manager\":\"helm\","
		"\"operation\":\"Update\"}%s,{\"manager\":\"ctl\",\"operation\":\"Update\",\"subresource\":\"status\"}]},"
		"\"status\":{\"replicas\":3}}')\n", several ? ",{\"manager\":\"argo\",\"operation\":\"Apply\"}" : "");

	stored_foreign(&stored, "v", "w:gz", script);
}

#define DEPLOYMENTS "/apis/apps/v1/namespaces/a/deployments"
#define OWNERS "PATCH " DEPLOYMENTS "/d {\"metadata\":{\"managedFields\":[{\"manager\":\"helm\",\"operation\":\"Update\"}," \
	"{\"manager\":\"argo\",\"operation\":\"Apply\"}"

static void
status_and_owners_come_after_the_create(void **state)
{
	static const struct rule conflict = { "PUT " DEPLOYMENTS "/d/status?fieldManager=ctl", 409, STATUS("Conflict", "changed"), 2 };
	static const struct rule always = { "PUT " DEPLOYMENTS "/d/status?fieldManager=ctl", 409, STATUS("Conflict", "changed"), 0 };
	static const struct rule invalid = { "PUT " DEPLOYMENTS "/d/status?fieldManager=ctl", 422, STATUS("Invalid", "bad"), 0 };
	static const struct rule gone = { "PATCH " DEPLOYMENTS "/d", 404, STATUS("NotFound", "gone"), 0 };
	static const struct rule refused = { "PATCH " DEPLOYMENTS "/d", 422, STATUS("Invalid", "no such field"), 0 };
	static const struct {
		const char *what;
		bool several, status;
		const struct rule *rule;
		const char *asked, *finding;
	} rows[] = {
		{ "one request", false, false, NULL, "POST " DEPLOYMENTS "?fieldManager=helm", NULL },
		{ "its status", false, true, NULL, "PUT " DEPLOYMENTS "/d/status?fieldManager=ctl {\"apiVersion\":\"apps/v1\","
			"\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\",\"namespace\":\"a\",\"labels\":"
			"{\"velero.io/backup-name\":\"v\",\"velero.io/restore-name\":\"r1\"},\"resourceVersion\":\"7\"},"
			"\"status\":{\"replicas\":3}}", NULL },
		{ "changed meanwhile", false, true, &conflict, "PUT " DEPLOYMENTS "/d/status?fieldManager=ctl {\"apiVersion\":\"apps/v1\","
			"\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\",\"namespace\":\"a\",\"labels\":"
			"{\"velero.io/backup-name\":\"v\",\"velero.io/restore-name\":\"r1\"},\"resourceVersion\":\"8\"}", NULL },
		{ "changed all the time", false, true, &always, "GET " DEPLOYMENTS "/d",
			"warning a deployments.apps/d: the status was not restored: changed" },
		{ "refused", false, true, &invalid, NULL, "warning a deployments.apps/d: the status was not restored: bad" },
		{ "owners", true, false, NULL, OWNERS "]}}", NULL },
		{ "owners and status", true, true, NULL,
			OWNERS ",{\"manager\":\"ctl\",\"operation\":\"Update\",\"subresource\":\"status\"}]}}", NULL },
		{ "gone", true, false, &gone, OWNERS, "warning a deployments.apps/d: who owns its fields was not restored: gone" },
		{ "owners refused", true, false, &refused, OWNERS,
			"error a deployments.apps/d: who owns its fields was not restored: no such field" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_RUN struct run run = { .o = { .restore_status = rows[i].status } };
		struct rule rules[] = {
			{ "POST " DEPLOYMENTS "?fieldManager=helm", 201, "{\"metadata\":{\"resourceVersion\":\"7\"}}", 0 },
			{ "POST " DEPLOYMENTS "?fieldManager=orlop", 201, "{\"metadata\":{\"resourceVersion\":\"7\"}}", 0 },
			{ "GET " DEPLOYMENTS "/d", 200, "{\"metadata\":{\"resourceVersion\":\"8\"}}", 0 },
			{ "GET /none", 200, "", 0 },
		};

		if (rows[i].rule)
			rules[3] = *rows[i].rule;
		if (i == 0 || rows[i].several != rows[i - 1].several)
			store_deployment(rows[i].several);
		restore(&run, "v", rules, COUNT(rules));
		/* Whatever comes after the create, it was created. */
		check_counts(&run, 2, 2, 0, 0, 0, 0);
		if (rows[i].asked && asked(&run, rows[i].asked) < 0)
			fail_msg("%s: not asked; last: %s", rows[i].what, run.cluster.log.at[run.cluster.log.len - 1]);
		if (!rows[i].status && asked(&run, "PUT") >= 0)
			fail_msg("%s: status was written", rows[i].what);
		if (!rows[i].several && asked(&run, "PATCH") >= 0)
			fail_msg("%s: patched", rows[i].what);
		if (rows[i].finding ? !findings_have(&run.findings, rows[i].finding) : run.findings.len > 0)
			fail_msg("%s: %s", rows[i].what, run.findings.len ? run.findings.at[0] : "no finding");
		stored_remove_restore();
	}
}

/* The user's next step follows from the API server's words. */
static void
refusals_tell_the_next_step(void **state)
{
	static const struct { int status; const char *body, *hint; } rows[] = {
		{ 403, STATUS("Forbidden", "secrets \\\"key\\\" is forbidden: exceeded quota: q"), "raise the quota" },
		{ 400, STATUS("", "admission webhook \\\"w\\\" denied the request: no"), "--resource-modifiers" },
		{ 400, STATUS("BadRequest", "Internal error occurred: failed calling webhook \\\"w\\\""), "webhook does not answer" },
		{ 403, STATUS("Forbidden", "unable to create new content in namespace shop because it is being terminated"),
			"when the namespace is gone" },
		{ 403, STATUS("Forbidden", "User \\\"u\\\" cannot create resource \\\"secrets\\\""), "orlop cluster check" },
		{ 403, STATUS("Forbidden", "error looking up service account shop/web: not found"), "service account first" },
		{ 422, STATUS("Invalid", "spec.x: Invalid value"), "--resource-modifiers" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_RUN struct run run = { 0 };
		const struct rule rules[] = { { "POST " SECRET_PATH "?fieldManager=orlop", rows[i].status, rows[i].body, 0 } };

		strs_add(&run.o.filter.inc_resources, "secrets");
		restore(&run, "b1", rules, COUNT(rules));
		check_counts(&run, 2, 1, 0, 0, 0, 1);
		if (!findings_have(&run.findings, rows[i].hint))
			fail_msg("row %zu: %s", i, run.findings.len ? run.findings.at[0] : "no finding");
		stored_remove_restore();
	}
}

static void
what_is_not_restored_or_missing_is_told(void **state)
{
	AUTO_RUN struct run run = { 0 };

	(void)state;
	stored_foreign(&stored, "v", "w:gz",
		"add('resources/pods/namespaces/a/p.json', obj('Pod', 'a', 'p')[:-1] +"
		"    ',\"spec\":{\"volumes\":[{\"persistentVolumeClaim\":{\"claimName\":\"lost\"}}]}}')\n"
		"add('resources/volumesnapshots.snapshot.storage.k8s.io/namespaces/a/s.json',"
		"    obj('VolumeSnapshot', 'a', 's', '', 'snapshot.storage.k8s.io/v1'))\n"
		"add('resources/gadgets.example.com/namespaces/a/g.json', obj('Gadget', 'a', 'g', '', 'example.com/v1'))\n"
		"add('resources/pods/namespaces/a/liar.json', obj('Pod', 'kube-system', 'liar'))\n");
	strs_add(&run.o.filter.exc_resources, "confgimaps");
	restore(&run, "v", NULL, 0);
	check_counts(&run, 4, 2, 0, 0, 0, 2);
	assert_true(findings_have(&run.findings, "neither the cluster nor the backup has a resource 'confgimaps'"));
	assert_true(findings_have(&run.findings, "warning a persistentvolumeclaims/lost: a restored object needs it"));
	assert_true(findings_have(&run.findings, "volumesnapshots.snapshot.storage.k8s.io/: 1 objects are not restored"));
	assert_true(findings_have(&run.findings, "error a gadgets.example.com/g: the cluster does not serve gadgets"));
	assert_true(findings_have(&run.findings, "error a pods/liar: is another object inside"));
}

static void
a_restore_that_cannot_run_says_why(void **state)
{
	static const struct { const char *backup, *map, *resource; enum err_kind kind; const char *text, *order; } rows[] = {
		{ "none", NULL, NULL, EK_NOTFOUND, "no backup 'none'", NULL },
		{ "b1", "a:b:c", NULL, EK_INVALID, "'a:b:c' is not OLD:NEW", NULL },
		{ "b1", ":b", NULL, EK_INVALID, "not OLD:NEW", NULL },
		{ "b1", "a", NULL, EK_INVALID, "not OLD:NEW", NULL },
		{ "b1", NULL, "nodes", EK_INVALID, "nodes are never restored", NULL },
		{ "b1", NULL, "pods", EK_NOTFOUND, "nothing in backup 'b1' matches", NULL },
		{ "b1", NULL, NULL, EK_INVALID, "more than one '-'", "pods,-,secrets,-,cm" },
		{ "b1", NULL, NULL, EK_INVALID, "an empty name", "pods,,secrets" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_RUN struct run run = { 0 };

		if (rows[i].map)
			strs_add(&run.o.ns_map, rows[i].map);
		if (rows[i].resource)
			strs_add(&run.o.filter.inc_resources, rows[i].resource);
		run.o.priorities = xstrdup_or_null(rows[i].order);
		restore(&run, rows[i].backup, NULL, 0);
		assert_int_equal(run.rc, -1);
		if (run.e.kind != rows[i].kind || !strstr(run.e.msg, rows[i].text))
			fail_msg("row %zu: %d %s", i, (int)run.e.kind, run.e.msg);
		assert_true(asked(&run, "POST") < 0);
	}
	{
		AUTO_RUN struct run run = { 0 };

		stored_put(&stored, "restores/r1/restore-r1-logs.gz", S("x"));
		restore(&run, "b1", NULL, 0);
		assert_int_equal(run.e.kind, EK_EXISTS);
	}
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, stored_setup_b1, stored_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(everything_is_created_in_order_and_recorded),
		CASE(what_is_there_already_is_compared),
		CASE(a_refused_update_is_a_warning_and_counts_as_different),
		CASE(a_cancel_with_requests_under_way_ends_cleanly),
		CASE(a_record_that_cannot_be_written_is_noted_and_undoes_nothing),
		CASE(who_may_not_create_namespaces_restores_into_those_that_are_there),
		CASE(namespaces_are_mapped),
		CASE(a_service_whose_port_is_its_own_is_there_already),
		CASE(completed_pods_do_not_count),
		CASE(custom_resources_wait_for_their_definition),
		CASE(a_definition_that_is_there_and_not_ready_is_waited_for),
		CASE(a_definition_whose_names_are_taken_is_not_waited_for),
		CASE(status_and_owners_come_after_the_create),
		CASE(refusals_tell_the_next_step),
		CASE(what_is_not_restored_or_missing_is_told),
		CASE(a_restore_that_cannot_run_says_why),
	};

	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
