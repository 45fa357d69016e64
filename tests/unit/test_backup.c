/* Tests of engine/backup against a scripted API server: what is in the store afterwards, and what is told. */
#include "engine/backup.h"

#include "archive/tarball.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/reader.h"
#include "engine/verify.h"
#include "net/http.h"
#include "tests/unit/api_docs.h"
#include "tests/unit/fake_api.h"
#include "tests/unit/finding.h"
#include "tests/unit/stored.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- the cluster --- */

#define RULES_MAX 64

#define CORE DISCOVERY(GROUP("", \
	TYPE("namespaces", "Namespace", "Cluster") "," TYPE("persistentvolumes", "PersistentVolume", "Cluster") "," \
	TYPE("persistentvolumeclaims", "PersistentVolumeClaim", "Namespaced") "," \
	TYPE("configmaps", "ConfigMap", "Namespaced") "," TYPE("pods", "Pod", "Namespaced")))
#define GROUPS DISCOVERY(GROUP("apps", TYPE("deployments", "Deployment", "Namespaced")) "," \
	GROUP("scheduling.k8s.io", TYPE("priorityclasses", "PriorityClass", "Cluster")) "," \
	GROUP("apiextensions.k8s.io", TYPE("customresourcedefinitions", "CustomResourceDefinition", "Cluster")) "," \
	GROUP("example.com", TYPE("widgets", "Widget", "Namespaced")))

/* Objects without their opening brace: built-in types come without apiVersion and kind in a list, not alone. */
#define META(ns, name, more) "\"metadata\":{\"name\":\"" name "\",\"namespace\":\"" ns "\"" more "}"
#define CLUSTER_META(name, more) "\"metadata\":{\"name\":\"" name "\"" more "}"
#define NAMESPACE(name) CLUSTER_META(name, "") ",\"status\":{\"phase\":\"Active\"}}"
#define VOLUME CLUSTER_META("vol", ",\"labels\":{\"disk\":\"ssd\"}") ",\"spec\":{\"claimRef\":{\"name\":\"data\"," \
	"\"namespace\":\"shop\"},\"persistentVolumeReclaimPolicy\":\"Retain\"}}"
#define SPARE_VOLUME CLUSTER_META("spare", "") ",\"spec\":{\"persistentVolumeReclaimPolicy\":\"Delete\"}}"
#define PRIORITY(name) CLUSTER_META(name, "") ",\"value\":1000}"
#define DEFINITION(name) CLUSTER_META(name, "") ",\"spec\":{}}"
#define CLAIM META("shop", "data", "") ",\"spec\":{\"volumeName\":\"vol\"}}"
#define WEB META("shop", "web", "") ",\"spec\":{\"priorityClassName\":\"high\"}}"
#define JOB META("other", "job", "") ",\"spec\":{}}"
#define DEPLOYMENT META("shop", "api", "") ",\"spec\":{\"replicas\":2}}"
#define NUMBERS META("shop", "numbers", "") ",\"data\":{\"k\":\"\\u00e9\"}}"
#define WIDGET "\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\"," META("shop", "w", "") \
	",\"spec\":{\"big\":12345678901234567890,\"max\":9223372036854775807,\"ratio\":1.10}}"

#define LIMIT_QUERY "?limit=2500"
#define LIST_OF(items) "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" items "]}"
#define LIST(path, items) { .request = "GET " path LIMIT_QUERY, .body = LIST_OF(items) }
#define OBJECT(path, api, kind, object) \
	{ .request = "GET " path, .body = "{\"apiVersion\":\"" api "\",\"kind\":\"" kind "\"," object }
#define REFUSED(path) { .request = "GET " path LIMIT_QUERY, .status = 403, .body = STATUS("Forbidden", "you may not list") }

#define DEFINITIONS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define PRIORITIES "/apis/scheduling.k8s.io/v1/priorityclasses"

static const struct fake_rule cluster[] = {
	{ .request = "GET /version", .body = "{\"gitVersion\":\"v1.33.1\",\"major\":\"1\",\"minor\":\"33\"}" },
	{ .request = "GET /api", .type = DISCOVERY_MEDIA, .body = CORE },
	{ .request = "GET /apis", .type = DISCOVERY_MEDIA, .body = GROUPS },
	{ .request = "GET /api/v1/namespaces/kube-system", .body = "{\"metadata\":{\"uid\":\"c1\"}}" },
	LIST("/api/v1/namespaces", "{" NAMESPACE("idle") ",{" NAMESPACE("other") ",{" NAMESPACE("shop")),
	LIST("/api/v1/persistentvolumes", "{" SPARE_VOLUME ",{" VOLUME),
	LIST("/api/v1/persistentvolumeclaims", "{" CLAIM),
	LIST("/api/v1/configmaps", "{" NUMBERS),
	LIST("/api/v1/pods", "{" JOB ",{" WEB),
	LIST("/apis/apps/v1/deployments", "{" DEPLOYMENT),
	LIST(PRIORITIES, "{" PRIORITY("high") ",{" PRIORITY("low")),
	LIST(DEFINITIONS, "{" DEFINITION("gadgets.example.com") ",{" DEFINITION("widgets.example.com")),
	LIST("/apis/example.com/v1/widgets", "{" WIDGET),
	LIST("/api/v1/namespaces/shop/persistentvolumeclaims", "{" CLAIM),
	LIST("/api/v1/namespaces/shop/configmaps", "{" NUMBERS),
	LIST("/api/v1/namespaces/shop/pods", "{" WEB),
	LIST("/apis/apps/v1/namespaces/shop/deployments", "{" DEPLOYMENT),
	LIST("/apis/example.com/v1/namespaces/shop/widgets", "{" WIDGET),
	LIST("/apis/example.com/v1/namespaces/other/widgets", ""),
	OBJECT("/api/v1/persistentvolumes/vol", "v1", "PersistentVolume", VOLUME),
	OBJECT(PRIORITIES "/high", "scheduling.k8s.io/v1", "PriorityClass", PRIORITY("high")),
	OBJECT(DEFINITIONS "/widgets.example.com", "apiextensions.k8s.io/v1", "CustomResourceDefinition",
		DEFINITION("widgets.example.com")),
};

static const char *const everything[] = {
	"configmaps/shop/numbers", "customresourcedefinitions.apiextensions.k8s.io//gadgets.example.com",
	"customresourcedefinitions.apiextensions.k8s.io//widgets.example.com", "deployments.apps/shop/api",
	"namespaces//idle", "namespaces//other", "namespaces//shop", "persistentvolumeclaims/shop/data",
	"persistentvolumes//spare", "persistentvolumes//vol", "pods/other/job", "pods/shop/web",
	"priorityclasses.scheduling.k8s.io//high", "priorityclasses.scheduling.k8s.io//low", "widgets.example.com/shop/w",
};

/* --- one backup --- */

struct run {
	struct backup_opts o;
	const char        *cancel_in;    /* progress phase that fires the cancel; NULL: none */
	struct cancel      cancel;
	struct vbackup     b;
	struct strs        findings;     /* "error shop pods/web: text" */
	char              *asked;        /* requests, a line each */
	int                rc;
	struct err         e;
};

static void
on_finding(void *ctx, const struct finding *f)
{
	findings_add(&((struct run *)ctx)->findings, f);
}

static void
on_progress(void *ctx, const struct progress *p)
{
	struct run *run = ctx;

	if (run->cancel_in && strcmp(p->phase, run->cancel_in) == 0)
		cancel_fire(&run->cancel);
}

/* Backs up the cluster as b1; rules answer before those of the cluster. */
static void
backup(struct run *run, const struct fake_rule *rules, size_t n)
{
	struct report_fns fns = { .finding = on_finding, .progress = on_progress, .ctx = run };
	struct report *r = report_new(&fns, "backup", "b1");
	struct fake_rule all[RULES_MAX];
	struct kube_conn conn = { 0 };
	struct fake_api *server;
	struct k8s *k;

	assert_true(n + COUNT(cluster) <= RULES_MAX);
	for (size_t i = 0; i < n; i++)
		all[i] = rules[i];
	memcpy(all + n, cluster, sizeof cluster);
	server = fake_start(all, n + COUNT(cluster));
	conn.server = xstrdup(fake_url(server));
	run->o.name = xstrdup("b1");
	run->o.page = 2500;                /* as LIMIT_QUERY says */
	k = k8s_new(&conn, &run->e);
	assert_non_null(k);
	run->rc = backup_claim(stored.st, run->o.name, "job", NULL, &run->e);
	if (run->rc == 0)
		run->rc = backup_run(k, stored.st, &run->o, r, &run->cancel, &run->b, &run->e);
	run->asked = fake_log(server);
	k8s_free(k);
	fake_stop(server);
	report_free(r);
	free(conn.server);
}

static void
run_done(struct run *run)
{
	backup_opts_done(&run->o);
	vbackup_done(&run->b);
	strs_free(&run->findings);
	free(run->asked);
}
#define AUTO_RUN AUTO(run_done)

static void
check_done(const struct run *run, const char *phase, size_t errors)
{
	if (run->rc < 0)
		fail_msg("%s", run->e.msg);
	if (strcmp(run->b.phase, phase) != 0 || run->b.errors != (int64_t)errors)
		fail_msg("%s, %d errors; %s", run->b.phase, (int)run->b.errors,
			run->findings.len ? run->findings.at[0] : "no finding");
}

/* --- the store --- */

static unsigned files;

static int
count_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)path;
	(void)st;
	(void)at;
	files += type == FTW_F;
	return 0;
}

/* Files of any name below the folder of the store, temporary ones too. */
static unsigned
files_left(void)
{
	files = 0;
	assert_int_equal(nftw(stored.dir, count_file, 8, FTW_PHYS), 0);
	return files;
}

/* Keys and bytes of all that is stored. */
static char *
snapshot(void)
{
	AUTO_STRS struct strs keys = { 0 };
	struct buf all = BUF_INIT(16 * MIB);
	struct err e = { 0 };

	stored_keys(&stored, "", &keys);
	for (size_t i = 0; i < keys.len; i++) {
		AUTO_BUF struct buf data = BUF_INIT(MIB);

		assert_int_equal(store_get(stored.st, keys.at[i], &data, NULL, &e), 0);
		buf_putf(&all, "%s:", keys.at[i]);
		for (size_t j = 0; j < data.len; j++)
			buf_putf(&all, "%02x", (unsigned char)buf_cstr(&data)[j]);
		buf_putc(&all, '\n');
	}
	return buf_take(&all, NULL);
}

static char *
entry_name(const struct index_entry *en)
{
	return xasprintf(STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(en->gr), STR_ARG(en->ns), STR_ARG(en->name));
}

/* The JSON of "pods/shop/web", NULL when the backup does not have it; names gets the names of all objects, sorted. */
static char *
read_back(const struct run *run, const char *name, struct strs *names)
{
	struct err e = { 0 };
	AUTO(reader_closep) struct reader *r = reader_open(stored.st, &run->b, NULL, NULL, NULL, &e);
	char *text = NULL;

	if (!r)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < reader_index(r)->n_entries; i++) {
		const struct index_entry *en = &reader_index(r)->entries[i];
		AUTO_FREE char *full = entry_name(en);
		struct str json;

		if (names)
			strs_add(names, full);
		if (!name || strcmp(full, name) != 0)
			continue;
		assert_null(text);
		if (reader_object(r, en, &json, NULL, &e) < 0)
			fail_msg("%s: %s", name, e.msg);
		text = str_dup(json);
	}
	if (names)
		strs_sort(names);
	return text;
}

static void
check_objects(const struct run *run, const char *const *want, size_t n)
{
	AUTO_STRS struct strs names = { 0 };

	(void)read_back(run, NULL, &names);
	for (size_t i = 0; i < names.len || i < n; i++) {
		if (i < names.len && i < n && strcmp(names.at[i], want[i]) == 0)
			continue;
		fail_msg("object %zu is %s, not %s", i, i < names.len ? names.at[i] : "absent", i < n ? want[i] : "absent");
	}
	assert_int_equal(run->b.total_items, n);
}

static void
check_object(const struct run *run, const char *name, const char *want)
{
	AUTO_FREE char *text = read_back(run, name, NULL);

	if (!text)
		fail_msg("%s is not in the backup", name);
	assert_string_equal(text, want);
}

struct bytes { struct str rest; };

static int64_t
pull(void *ctx, void *p, size_t n, struct err *e)
{
	struct bytes *b = ctx;
	struct str piece = str_sub(b->rest, 0, n);

	(void)e;
	if (piece.len > 0)
		memcpy(p, piece.p, piece.len);
	b->rest = str_sub(b->rest, piece.len, b->rest.len);
	return (int64_t)piece.len;
}

static int
add_path(void *ctx, struct str path, struct str json, struct err *e)
{
	(void)json;
	(void)e;
	*vec_push((struct strs *)ctx) = str_dup(path);
	return 0;
}

static void
tarball_paths(struct strs *out)
{
	AUTO_BUF struct buf gz = BUF_INIT(MIB);
	AUTO_FREE char *key = layout_key("b1", LAYOUT_TARBALL);
	struct tar_reader_fns fns = { add_path, out };
	struct err e = { 0 };
	struct bytes b;

	assert_int_equal(store_get(stored.st, key, &gz, NULL, &e), 0);
	b.rest = buf_str(&gz);
	if (tar_read(pull, &b, &fns, NULL, &e) != 0)
		fail_msg("tarball: %s", e.msg);
}

static bool
has(const struct strs *v, const char *text)
{
	for (size_t i = 0; i < v->len; i++)
		if (strcmp(v->at[i], text) == 0)
			return true;
	return false;
}

static void
check_kv(const struct kvs *v, const char *key, const char *want)
{
	const char *value = kvs_get(v, key);

	if (!value || strcmp(value, want) != 0)
		fail_msg("%s is %s, not %s", key, value ? value : "absent", want);
}

/* --- what is stored --- */

static void
a_backup_without_filters_stores_every_listed_type(void **state)
{
	AUTO_RUN struct run run = { 0 };

	(void)state;
	backup(&run, NULL, 0);
	check_done(&run, "Completed", 0);
	check_objects(&run, everything, COUNT(everything));
}

static void
every_object_has_both_paths(void **state)
{
	static const char *const want[] = {
		"resources/pods/namespaces/shop/web.json",
		"resources/pods/v1-preferredversion/namespaces/shop/web.json",
		"resources/persistentvolumes/cluster/vol.json",
		"resources/persistentvolumes/v1-preferredversion/cluster/vol.json",
		"resources/widgets.example.com/namespaces/shop/w.json",
		"resources/widgets.example.com/v1-preferredversion/namespaces/shop/w.json",
	};
	AUTO_RUN struct run run = { 0 };
	AUTO_STRS struct strs paths = { 0 };

	(void)state;
	backup(&run, NULL, 0);
	check_done(&run, "Completed", 0);
	tarball_paths(&paths);
	assert_int_equal(paths.len, 2 * COUNT(everything));
	for (size_t i = 0; i < COUNT(want); i++)
		if (!has(&paths, want[i]))
			fail_msg("%s is not in the tarball", want[i]);
}

static void
objects_get_their_kind_once_and_keep_their_numbers(void **state)
{
	AUTO_RUN struct run run = { 0 };

	(void)state;
	backup(&run, NULL, 0);
	check_done(&run, "Completed", 0);
	check_object(&run, "pods/shop/web", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"," WEB);
	check_object(&run, "deployments.apps/shop/api", "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"," DEPLOYMENT);
	check_object(&run, "namespaces//shop", "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\"," NAMESPACE("shop"));
	check_object(&run, "configmaps/shop/numbers", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"," NUMBERS);
	check_object(&run, "widgets.example.com/shop/w", "{" WIDGET);
}

static void
excluded_and_vanishing_objects_are_left_out(void **state)
{
	static const struct fake_rule rules[] = {
		LIST("/api/v1/configmaps",
			"{" META("shop", "a", ",\"labels\":{\"velero.io/exclude-from-backup\":\"true\"}") "},"
			"{" META("shop", "b", ",\"labels\":{\"velero.io/exclude-from-backup\":\"false\"}") "},"
			"{" META("shop", "c", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"") "},"
			"{" META("shop", "d", "") "}"),
	};
	static const char *const want[] = { "configmaps/shop/b", "configmaps/shop/d" };
	AUTO_RUN struct run run = { 0 };

	(void)state;
	strs_add(&run.o.filter.inc_resources, "configmaps");
	backup(&run, rules, COUNT(rules));
	check_done(&run, "Completed", 0);
	check_objects(&run, want, COUNT(want));
}

static const char *const of_shop[] = {
	"configmaps/shop/numbers", "customresourcedefinitions.apiextensions.k8s.io//widgets.example.com",
	"deployments.apps/shop/api", "namespaces//shop", "persistentvolumeclaims/shop/data", "persistentvolumes//vol",
	"pods/shop/web", "priorityclasses.scheduling.k8s.io//high", "widgets.example.com/shop/w",
};

static void
a_namespace_filter_stores_these_namespaces_and_what_they_need(void **state)
{
	AUTO_RUN struct run run = { 0 };

	(void)state;
	strs_add(&run.o.filter.inc_namespaces, "shop");
	backup(&run, NULL, 0);
	check_done(&run, "Completed", 0);
	check_objects(&run, of_shop, COUNT(of_shop));
	check_object(&run, "persistentvolumes//vol", "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolume\"," VOLUME);
	assert_null(strstr(run.asked, "namespaces/other"));
}

/* --- labels, names --- */

#define SELECTED(path, selector, items) { .request = "GET " path LIMIT_QUERY "&labelSelector=" selector, .body = LIST_OF(items) }
#define LABELS(key, value) ",\"labels\":{\"" key "\":\"" value "\"}"
#define CLAIM_OBJECT \
	OBJECT("/api/v1/namespaces/shop/persistentvolumeclaims/data", "v1", "PersistentVolumeClaim", CLAIM)

static void
what_a_selected_object_needs_comes_along(void **state)
{
#define POD "{" META("shop", "web", LABELS("app", "web")) \
	",\"spec\":{\"priorityClassName\":\"high\",\"volumes\":[{\"persistentVolumeClaim\":{\"claimName\":\"data\"}}]}}"
	static const struct fake_rule rules[] = {
		SELECTED("/api/v1/pods", "app%3Dweb", POD), SELECTED("/api/v1/persistentvolumes", "app%3Dweb", ""),
		SELECTED("/api/v1/persistentvolumeclaims", "app%3Dweb", ""), SELECTED(PRIORITIES, "app%3Dweb", ""),
		LIST("/api/v1/pods", POD), LIST("/api/v1/persistentvolumes", ""), LIST("/api/v1/persistentvolumeclaims", ""),
		LIST(PRIORITIES, ""), CLAIM_OBJECT,
	};
	static const struct { const char *selector, *names, *excluded; size_t n; const char *want[4]; } rows[] = {
		{ "app=web", NULL, NULL, 4, { "persistentvolumeclaims/shop/data", "persistentvolumes//vol", "pods/shop/web",
			"priorityclasses.scheduling.k8s.io//high" } },
		{ NULL, "^web$", NULL, 4, { "persistentvolumeclaims/shop/data", "persistentvolumes//vol", "pods/shop/web",
			"priorityclasses.scheduling.k8s.io//high" } },
		{ NULL, "^web$", "persistentvolumeclaims", 2, { "pods/shop/web", "priorityclasses.scheduling.k8s.io//high" } },
		{ NULL, "^web$", "persistentvolumes", 3, { "persistentvolumeclaims/shop/data", "pods/shop/web",
			"priorityclasses.scheduling.k8s.io//high" } },
	};
#undef POD

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static const char *const others[] = { "configmaps", "deployments", "widgets", "customresourcedefinitions",
			"namespaces" };
		AUTO_RUN struct run run = { 0 };

		for (size_t j = 0; j < COUNT(others); j++)
			strs_add(&run.o.filter.exc_resources, others[j]);
		if (rows[i].excluded)
			strs_add(&run.o.filter.exc_resources, rows[i].excluded);
		run.o.filter.selector = xstrdup_or_null(rows[i].selector);
		run.o.filter.inc_names = xstrdup_or_null(rows[i].names);
		backup(&run, rules, COUNT(rules));
		check_done(&run, "Completed", 0);
		check_objects(&run, rows[i].want, rows[i].n);
		stored_close(&stored);
		stored_open(&stored);
	}
}

static void
several_selectors_are_several_lists_and_no_object_comes_twice(void **state)
{
#define BOTH "{" META("shop", "both", ",\"labels\":{\"app\":\"web\",\"tier\":\"front\"}") "}"
	static const struct fake_rule rules[] = {
		SELECTED("/api/v1/configmaps", "app%3Dweb", BOTH ",{" META("shop", "web", LABELS("app", "web")) "}"),
		SELECTED("/api/v1/configmaps", "tier", BOTH ",{" META("shop", "tier", LABELS("tier", "x")) "}"),
	};
#undef BOTH
	static const char *const want[] = { "configmaps/shop/both", "configmaps/shop/tier", "configmaps/shop/web" };
	AUTO_RUN struct run run = { 0 };
	AUTO_STRS struct strs paths = { 0 };

	(void)state;
	strs_add(&run.o.filter.inc_resources, "configmaps");
	strs_add(&run.o.filter.or_selectors, "app=web");
	strs_add(&run.o.filter.or_selectors, "tier");
	backup(&run, rules, COUNT(rules));
	check_done(&run, "Completed", 0);
	check_objects(&run, want, COUNT(want));
	tarball_paths(&paths);
	assert_int_equal(paths.len, 2 * COUNT(want));
	assert_null(run.b.selector_json);
	assert_string_equal(run.b.or_selectors_json,
		"[{\"matchLabels\":{\"app\":\"web\"}},{\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"Exists\"}]}]");
}

static void
a_pattern_that_takes_too_long_ends_the_backup(void **state)
{
	static const struct fake_rule rules[] = {
		LIST("/api/v1/configmaps", "{" META("shop", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "") "}"),
	};
	AUTO_RUN struct run run = { 0 };

	(void)state;
	run.o.filter.exc_names = xstrdup("^(a+)+$");
	backup(&run, rules, COUNT(rules));
	assert_int_equal(run.rc, -1);
	assert_int_equal(run.e.kind, EK_LIMIT);
	assert_non_null(strstr(run.e.msg, "--exclude-names"));
	assert_int_equal(files_left(), 0);
}

static void
a_namespace_with_the_label_is_left_out_with_all_in_it(void **state)
{
	static const struct fake_rule rules[] = {
		LIST("/api/v1/namespaces", "{" CLUSTER_META("other", LABELS("velero.io/exclude-from-backup", "true"))
			",\"status\":{\"phase\":\"Active\"}},{" NAMESPACE("shop")),
	};
	const char *want[COUNT(everything)];
	AUTO_RUN struct run run = { 0 };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(everything); i++)
		if (!strstr(everything[i], "other") && !strstr(everything[i], "idle"))
			want[n++] = everything[i];
	backup(&run, rules, COUNT(rules));
	check_done(&run, "Completed", 0);
	check_objects(&run, want, n);
	assert_int_equal(run.b.exc_namespaces.len, 1);
	assert_string_equal(run.b.exc_namespaces.at[0], "other");
}

/* --- order, versions, rights --- */

static void
named_objects_are_stored_first_and_once(void **state)
{
	static const struct fake_rule rules[] = {
		LIST("/api/v1/configmaps", "{" META("other", "a", "") "},{" META("shop", "a", "") "},{" META("shop", "b", "") "}"),
		OBJECT("/api/v1/namespaces/shop/configmaps/b", "v1", "ConfigMap", META("shop", "b", "") "}"),
		OBJECT("/api/v1/namespaces/other/configmaps/a", "v1", "ConfigMap", META("other", "a", "") "}"),
	};
	static const char *const want[] = { "resources/configmaps/namespaces/shop/b.json",
		"resources/configmaps/v1-preferredversion/namespaces/shop/b.json", "resources/configmaps/namespaces/other/a.json",
		"resources/configmaps/v1-preferredversion/namespaces/other/a.json", "resources/configmaps/namespaces/shop/a.json",
		"resources/configmaps/v1-preferredversion/namespaces/shop/a.json" };
	AUTO_RUN struct run run = { 0 };
	AUTO_STRS struct strs paths = { 0 };

	(void)state;
	strs_add(&run.o.filter.inc_resources, "configmaps");
	strs_add(&run.o.ordered, "configmaps=shop/b,shop/gone, other/a,shop/b");
	strs_add(&run.o.ordered, "persistentvolumes=vol");
	backup(&run, rules, COUNT(rules));
	check_done(&run, "Completed", 0);
	assert_int_equal(run.b.warnings, 1);
	assert_true(findings_have(&run.findings, "warning shop configmaps/gone: cannot be stored first: "));
	tarball_paths(&paths);
	assert_int_equal(paths.len, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++)
		assert_string_equal(paths.at[i], want[i]);
	check_kv(&run.b.ordered, "configmaps", "shop/b,shop/gone, other/a,shop/b");
	check_kv(&run.b.ordered, "persistentvolumes", "vol");
	assert_null(strstr(run.asked, "persistentvolumes/vol"));
}

static void
a_senseless_order_is_refused(void **state)
{
	static const struct { const char *order, *text; } rows[] = {
		{ "pods", "'pods' is not like" }, { "pods=", "'pods=' is not like" }, { "=a/b", "'=a/b' is not like" },
		{ "pods=web", "write 'web' as NAMESPACE/NAME" }, { "persistentvolumes=shop/vol", "outside namespaces" },
		{ "pods=shop/", "'shop/' is no name" }, { "pods=shop/a,", "'' is no name" }, { "pods=/a", "'/a' is no name" },
		{ "pods=a/b/c", "'a/b/c' is no name" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_RUN struct run run = { 0 };

		strs_add(&run.o.ordered, rows[i].order);
		backup(&run, NULL, 0);
		if (run.rc == 0 || run.e.kind != EK_INVALID || !strstr(run.e.msg, rows[i].text))
			fail_msg("row %zu: %d %s", i, run.rc, run.rc < 0 ? run.e.msg : "done");
		assert_int_equal(files_left(), 0);
	}
}

#define SERVED(name, types) "{\"version\":\"" name "\",\"resources\":[" types "],\"freshness\":\"Current\"}"
#define SCALER TYPE("scalers", "Scaler", "Namespaced")

static void
all_versions_are_stored_and_only_the_preferred_counts(void **state)
{
	static const struct fake_rule rules[] = {
		{ .request = "GET /api", .type = DISCOVERY_MEDIA, .body = DISCOVERY(GROUP("",
			TYPE("namespaces", "Namespace", "Cluster"))) },
		{ .request = "GET /apis", .type = DISCOVERY_MEDIA, .body = DISCOVERY(
			"{\"metadata\":{\"name\":\"scale.io\"},\"versions\":[" SERVED("v2", SCALER) "," SERVED("v1", SCALER) "]},"
			GROUP("apps", TYPE("deployments", "Deployment", "Namespaced")) ","
			GROUP("extensions", TYPE("deployments", "Deployment", "Namespaced"))) },
		LIST("/apis/scale.io/v2/scalers", "{\"apiVersion\":\"scale.io/v2\",\"kind\":\"Scaler\"," META("shop", "s", "") "}"),
		LIST("/apis/scale.io/v1/scalers", "{\"apiVersion\":\"scale.io/v1\",\"kind\":\"Scaler\"," META("shop", "s", "") "}"),
	};
	static const char *const want[] = { "deployments.apps/shop/api", "namespaces//idle", "namespaces//other",
		"namespaces//shop", "scalers.scale.io/shop/s" };
	AUTO_RUN struct run run = { .o = { .all_versions = true } };
	AUTO_RUN struct run usual = { 0 };
	AUTO_STRS struct strs paths = { 0 };

	(void)state;
	backup(&run, rules, COUNT(rules));
	check_done(&run, "Completed", 0);
	check_objects(&run, want, COUNT(want));
	check_object(&run, "scalers.scale.io/shop/s",
		"{\"apiVersion\":\"scale.io/v2\",\"kind\":\"Scaler\"," META("shop", "s", "") "}");
	tarball_paths(&paths);
	assert_int_equal(paths.len, 2 * COUNT(want) + 1);
	assert_true(has(&paths, "resources/scalers.scale.io/v1/namespaces/shop/s.json"));
	assert_true(has(&paths, "resources/scalers.scale.io/v2-preferredversion/namespaces/shop/s.json"));
	assert_null(strstr(run.asked, "/apis/extensions"));
	stored_close(&stored);
	stored_open(&stored);
	backup(&usual, rules, COUNT(rules));
	check_done(&usual, "Completed", 0);
	check_objects(&usual, want, COUNT(want));
	assert_null(strstr(usual.asked, "/apis/scale.io/v1"));
}

#define RIGHTS "/apis/rbac.authorization.k8s.io/v1/"
#define BINDING(name, ns, account, role) "{" CLUSTER_META(name, "") ",\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":\"" role \
	"\"},\"subjects\":[{\"kind\":\"ServiceAccount\",\"namespace\":\"" ns "\",\"name\":\"" account "\"}]}"
#define WITH_RIGHTS \
	{ .request = "GET /api", .type = DISCOVERY_MEDIA, .body = DISCOVERY(GROUP("", \
		TYPE("namespaces", "Namespace", "Cluster") "," TYPE("serviceaccounts", "ServiceAccount", "Namespaced"))) }, \
	{ .request = "GET /apis", .type = DISCOVERY_MEDIA, .body = DISCOVERY(GROUP("rbac.authorization.k8s.io", \
		TYPE("clusterroles", "ClusterRole", "Cluster") "," \
		TYPE("clusterrolebindings", "ClusterRoleBinding", "Cluster"))) }, \
	LIST("/api/v1/namespaces/shop/serviceaccounts", "{" META("shop", "runner", "") "}")

static void
the_rights_of_stored_accounts_come_along(void **state)
{
	static const struct fake_rule rules[] = { WITH_RIGHTS,
		LIST(RIGHTS "clusterrolebindings", BINDING("b1", "shop", "runner", "r1") "," BINDING("b2", "other", "runner", "r2") ","
			BINDING("b3", "shop", "runner", "r1") "," BINDING("b4", "shop", "runner", "gone")),
		OBJECT(RIGHTS "clusterroles/r1", "rbac.authorization.k8s.io/v1", "ClusterRole", CLUSTER_META("r1", "") "}"),
	};
	static const char *const want[] = { "clusterrolebindings.rbac.authorization.k8s.io//b1",
		"clusterrolebindings.rbac.authorization.k8s.io//b3", "clusterrolebindings.rbac.authorization.k8s.io//b4",
		"clusterroles.rbac.authorization.k8s.io//r1", "namespaces//shop", "serviceaccounts/shop/runner" };
	AUTO_RUN struct run run = { 0 };

	(void)state;
	strs_add(&run.o.filter.inc_namespaces, "shop");
	backup(&run, rules, COUNT(rules));
	check_done(&run, "Completed", 0);
	check_objects(&run, want, COUNT(want));
}

static void
who_may_not_see_bindings_gets_a_warning(void **state)
{
	static const struct fake_rule rules[] = { WITH_RIGHTS, REFUSED(RIGHTS "clusterrolebindings") };
	static const char *const want[] = { "namespaces//shop", "serviceaccounts/shop/runner" };
	AUTO_RUN struct run run = { 0 };

	(void)state;
	strs_add(&run.o.filter.inc_namespaces, "shop");
	backup(&run, rules, COUNT(rules));
	check_done(&run, "Completed", 0);
	check_objects(&run, want, COUNT(want));
	assert_true(findings_have(&run.findings, "warning  clusterrolebindings.rbac.authorization.k8s.io/: you may not list"));
}

static void
a_bound_claim_is_stored_without_its_past(void **state)
{
#define BOUND ",\"status\":{\"phase\":\"Bound\"}}"
	static const struct { const char *stored, *listed; } rows[] = {
		{ "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\"," META("shop", "data", ",\"labels\":{\"a\":\"b\"}")
			",\"spec\":{\"volumeName\":\"v\",\"big\":9223372036854775807,\"x\":1.10}" BOUND,
		  "{" META("shop", "data", ",\"labels\":{\"velero.io/restore-name\":\"r\",\"a\":\"b\",\"velero.io/backup-name\":\"old\"}")
			",\"spec\":{\"dataSource\":{\"name\":\"s\"},\"volumeName\":\"v\",\"selector\":{\"matchLabels\":{\"d\":\"e\"}},"
			"\"big\":9223372036854775807,\"x\":1.10,\"dataSourceRef\":{}}" BOUND },
		/* A selector without a class chooses the volume; this backup's own name may stay. */
		{ "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\"," META("shop", "data", ",\"labels\":{\"velero.io/backup-name\":\"b1\"}")
			",\"spec\":{\"volumeName\":\"v\",\"storageClassName\":\"\",\"selector\":{\"matchLabels\":{\"d\":\"e\"}}}" BOUND,
		  "{" META("shop", "data", ",\"labels\":{\"velero.io/backup-name\":\"b1\"}") ",\"spec\":{\"volumeName\":\"v\","
			"\"storageClassName\":\"\",\"selector\":{\"matchLabels\":{\"velero.io/x\":\"y\",\"d\":\"e\"}}}" BOUND },
		/* Not bound: as it is. */
		{ "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\"," META("shop", "data", LABELS("velero.io/restore-name", "r"))
			",\"spec\":{\"volumeName\":\"v\",\"dataSource\":{}},\"status\":{\"phase\":\"Pending\"}}",
		  "{" META("shop", "data", LABELS("velero.io/restore-name", "r"))
			",\"spec\":{\"volumeName\":\"v\",\"dataSource\":{}},\"status\":{\"phase\":\"Pending\"}}" },
		{ "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\"," META("shop", "data", "") ",\"spec\":{\"dataSource\":{}}" BOUND,
		  "{" META("shop", "data", "") ",\"spec\":{\"dataSource\":{}}" BOUND },
	};
#undef BOUND

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *list = xasprintf(LIST_OF("%s"), rows[i].listed);
		const struct fake_rule rule = { .request = "GET /api/v1/persistentvolumeclaims" LIMIT_QUERY, .body = list };
		AUTO_RUN struct run run = { 0 };

		backup(&run, &rule, 1);
		check_done(&run, "Completed", 0);
		check_object(&run, "persistentvolumeclaims/shop/data", rows[i].stored);
		stored_close(&stored);
		stored_open(&stored);
	}
}

/* --- resource policies --- */

static void
policies_choose_types_and_are_recorded(void **state)
{
	static const char *const want[] = { "configmaps/shop/numbers", "namespaces//shop", "persistentvolumeclaims/shop/data",
		"persistentvolumes//spare", "persistentvolumes//vol", "pods/shop/web", "priorityclasses.scheduling.k8s.io//high" };
	AUTO_RUN struct run run = { 0 };

	(void)state;
	run.o.policies = xstrdup("version: v1\nvolumePolicies:\n- action: {type: skip}\nincludeExcludePolicy:\n"
		"  includedClusterScopedResources: [persistentvolumes]\n"
		"  excludedNamespaceScopedResources: [deployments, widgets.example.com]\n");
	strs_add(&run.o.filter.inc_namespaces, "shop");
	backup(&run, NULL, 0);
	check_done(&run, "Completed", 0);
	check_objects(&run, want, COUNT(want));
	assert_true(findings_have(&run.findings, "the 1 volume policies have no effect"));
	assert_int_equal(run.b.inc_cluster_resources.len, 1);
	assert_int_equal(run.b.exc_ns_resources.len, 2);
	assert_string_equal(run.b.exc_ns_resources.at[0], "deployments.apps");
}

static void
bad_policies_are_refused_before_anything_is_asked(void **state)
{
	AUTO_RUN struct run run = { 0 };

	(void)state;
	run.o.policies = xstrdup("version: v3\n");
	backup(&run, NULL, 0);
	assert_int_equal(run.rc, -1);
	assert_int_equal(run.e.kind, EK_INVALID);
	assert_string_equal(run.asked, "");
	assert_int_equal(files_left(), 0);
}

/* --- what goes wrong --- */

static void
a_forbidden_type_is_an_error_and_the_others_are_stored(void **state)
{
	static const struct fake_rule rules[] = { REFUSED("/api/v1/pods") };
	const char *want[COUNT(everything)];
	AUTO_RUN struct run run = { 0 };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(everything); i++)
		if (strncmp(everything[i], "pods/", 5) != 0)
			want[n++] = everything[i];
	backup(&run, rules, COUNT(rules));
	check_done(&run, "PartiallyFailed", 1);
	check_objects(&run, want, n);
	assert_true(findings_have(&run.findings, "error  pods/: you may not list (403 Forbidden)"));
}

static void
a_server_that_goes_away_ends_the_backup_and_leaves_nothing(void **state)
{
	/* What broke off is asked for again in smaller pages. */
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods" LIMIT_QUERY, .body = LIST_OF("{" JOB ",{" WEB), .cut = 60 },
		{ .request = "GET /api/v1/pods?limit=500", .body = LIST_OF("{" JOB ",{" WEB), .cut = 60 },
	};
	AUTO_RUN struct run run = { 0 };

	(void)state;
	backup(&run, rules, COUNT(rules));
	assert_int_equal(run.rc, -1);
	assert_int_equal(run.e.kind, EK_UNAVAILABLE);
	assert_non_null(strstr(run.e.msg, "list pods: "));
	assert_int_equal(files_left(), 0);
}

static void
a_server_that_goes_away_at_what_objects_need_ends_the_backup_too(void **state)
{
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/persistentvolumes/vol", .body = "{\"metadata\":{}}", .cut = 3 },
	};
	AUTO_RUN struct run run = { 0 };

	(void)state;
	strs_add(&run.o.filter.inc_namespaces, "shop");
	backup(&run, rules, COUNT(rules));
	assert_int_equal(run.rc, -1);
	assert_non_null(strstr(run.e.msg, "get /api/v1/persistentvolumes/vol: "));
	assert_int_equal(files_left(), 0);
}

static void
a_needed_object_that_is_damaged_costs_itself_only(void **state)
{
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/persistentvolumes/vol", .body = "{\"metadata\":" },
	};
	AUTO_RUN struct run run = { 0 };

	(void)state;
	strs_add(&run.o.filter.inc_namespaces, "shop");
	backup(&run, rules, COUNT(rules));
	check_done(&run, "PartiallyFailed", 1);
}

static void
who_may_not_list_namespaces_backs_up_those_he_names(void **state)
{
	static const struct fake_rule rules[] = { REFUSED("/api/v1/namespaces") };
	const char *want[COUNT(of_shop)];
	AUTO_RUN struct run run = { 0 };
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(of_shop); i++)
		if (strcmp(of_shop[i], "namespaces//shop") != 0)
			want[n++] = of_shop[i];
	strs_add(&run.o.filter.inc_namespaces, "shop");
	backup(&run, rules, COUNT(rules));
	check_done(&run, "PartiallyFailed", 1);
	check_objects(&run, want, n);
	assert_true(findings_have(&run.findings, "error  namespaces/: you may not list (403 Forbidden)"));
}

static void
a_name_that_is_taken_is_refused_and_nothing_is_changed(void **state)
{
	static const struct { bool finished; const char *key, *text; } rows[] = {
		{ true, NULL, "exists already in dir:" },
		{ false, "backups/b1/b1-orlop-claim.json", "is being made by somebody else in dir:" },
		{ false, "backups/b1/b1.tar.gz", "unfinished run (backups/b1/b1.tar.gz)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_RUN struct run run = { 0 };
		AUTO_FREE char *before = NULL;
		AUTO_FREE char *after = NULL;

		if (rows[i].finished)
			stored_backup(&stored, "b1");
		else
			stored_put(&stored, rows[i].key, S("{}"));
		before = snapshot();
		backup(&run, NULL, 0);
		after = snapshot();
		assert_int_equal(run.rc, -1);
		if (run.e.kind != EK_EXISTS || !strstr(run.e.msg, rows[i].text))
			fail_msg("row %zu: %d %s", i, (int)run.e.kind, run.e.msg);
		assert_string_equal(after, before);
		assert_string_equal(run.asked, "");
		stored_close(&stored);
		stored_open(&stored);
	}
}

static void
a_canceled_backup_leaves_nothing(void **state)
{
	static const char *const phases[] = { "connecting", "listing", "uploading", "finishing" };
	AUTO_BUF struct buf many = BUF_INIT(MIB);

	(void)state;
	/* Progress is told now and then: a list that is long enough. */
	buf_puts(&many, "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":[");
	for (int i = 100; i < 300; i++)
		buf_putf(&many, "%s{\"metadata\":{\"name\":\"c%d\",\"namespace\":\"shop\"}}", i > 100 ? "," : "", i);
	buf_puts(&many, "]}");
	for (size_t i = 0; i < COUNT(phases); i++) {
		const struct fake_rule rule = { .request = "GET /api/v1/configmaps" LIMIT_QUERY, .body = buf_cstr(&many) };
		AUTO_RUN struct run run = { .cancel_in = phases[i] };

		backup(&run, &rule, 1);
		if (run.rc == 0 || run.e.kind != EK_CANCELED)
			fail_msg("%s: %d %s", phases[i], run.rc, run.rc < 0 ? run.e.msg : "done");
		assert_int_equal(files_left(), 0);
	}
}

static void
a_filter_that_matches_nothing_is_told_and_leaves_nothing(void **state)
{
	static const struct { const char *ns, *resource, *finding; } rows[] = {
		{ "nowhere", NULL, "error - namespaces/nowhere: namespace 'nowhere' does not exist" },
		{ NULL, "widgtes", "the cluster has no resource 'widgtes' (did you mean 'widgets'?)" },
		{ "other", "widgets", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_RUN struct run run = { 0 };

		if (rows[i].ns)
			strs_add(&run.o.filter.inc_namespaces, rows[i].ns);
		if (rows[i].resource)
			strs_add(&run.o.filter.inc_resources, rows[i].resource);
		backup(&run, NULL, 0);
		if (run.rc == 0 || run.e.kind != EK_NOTFOUND)
			fail_msg("row %zu: %d %s", i, run.rc, run.rc < 0 ? run.e.msg : "done");
		if (rows[i].finding ? !findings_have(&run.findings, rows[i].finding) : run.findings.len > 0)
			fail_msg("row %zu: %s", i, run.findings.len ? run.findings.at[0] : "no finding");
		assert_int_equal(files_left(), 0);
	}
}

/* --- what is told of a backup --- */

static void
the_metadata_describes_the_backup(void **state)
{
	AUTO_RUN struct run run = { .o = { .ttl_ns = 72 * 3600 * NS_PER_S } };
	AUTO(vbackup_done) struct vbackup b = { 0 };

	(void)state;
	run.o.cluster_name = xstrdup("prod");
	strs_add(&run.o.labels, "team=a");
	strs_add(&run.o.filter.inc_namespaces, "shop");
	strs_add(&run.o.filter.exc_resources, "pods");
	backup(&run, NULL, 0);
	check_done(&run, "Completed", 0);
	if (reader_metadata(stored.st, "b1", &b, NULL, &run.e) < 0)
		fail_msg("%s", run.e.msg);
	assert_string_equal(b.name, "b1");
	assert_string_equal(b.phase, "Completed");
	assert_string_equal(b.format_version, "1.1.0");
	assert_int_equal(b.total_items, 7);
	assert_int_equal(b.items_backed_up, 7);
	assert_int_equal(b.errors, 0);
	assert_int_equal(b.warnings, 1);
	assert_int_equal(b.ttl_ns, run.o.ttl_ns);
	/* The file has whole seconds. */
	assert_int_equal(b.expiration_unix_ns, b.start_unix_ns + run.o.ttl_ns);
	assert_true(b.completion_unix_ns >= b.start_unix_ns);
	assert_int_equal(b.inc_namespaces.len, 1);
	assert_string_equal(b.inc_namespaces.at[0], "shop");
	assert_int_equal(b.exc_resources.len, 1);
	assert_string_equal(b.exc_resources.at[0], "pods");
	check_kv(&b.labels, "team", "a");
	check_kv(&b.labels, VB_LABEL_STORAGE, "default");
	check_kv(&b.annotations, VB_ANNOT_GIT_VERSION, "v1.33.1");
	check_kv(&b.annotations, VB_ANNOT_MAJOR, "1");
	check_kv(&b.annotations, VB_ANNOT_MINOR, "33");
	check_kv(&b.annotations, VB_ANNOT_CLUSTER_UID, "c1");
	check_kv(&b.annotations, VB_ANNOT_CLUSTER_NAME, "prod");
	assert_true(findings_have(&run.findings, "the data of 1 persistent volumes is not part of this backup"));
}

static void
on_checked(void *ctx, const char *what, const char *name, const struct err *why)
{
	(void)ctx;
	if (why)
		fail_msg("%s %s: %s", what, name, why->msg);
}

static void
on_bytes(void *ctx, uint64_t bytes)
{
	(void)ctx;
	(void)bytes;
}

static void
all_files_are_there_and_sound(void **state)
{
	static const struct { enum layout_file file; const char *holds; } rows[] = {
		{ LAYOUT_INDEX, "\"orlopIndex\":2" }, { LAYOUT_VOLUMESNAPSHOTS, "[]" }, { LAYOUT_PODVOLUMEBACKUPS, "[]" },
		{ LAYOUT_ITEMOPERATIONS, "[]" }, { LAYOUT_RESOURCE_LIST, "apps/v1/Deployment" },
		{ LAYOUT_RESULTS, "you may not list" }, { LAYOUT_VOLUMEINFO, "\"vol\"" }, { LAYOUT_LOGS, "Backup completed" },
	};
	static const struct fake_rule rules[] = { REFUSED("/api/v1/configmaps") };
	AUTO_RUN struct run run = { 0 };
	AUTO_STRS struct strs keys = { 0 };
	struct verify_counts n = { 0 };

	(void)state;
	backup(&run, rules, COUNT(rules));
	check_done(&run, "PartiallyFailed", 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf text = BUF_INIT(MIB);

		if (reader_side_file(stored.st, "b1", rows[i].file, &text, NULL, &run.e) < 0)
			fail_msg("file %d: %s", (int)rows[i].file, run.e.msg);
		if (!strstr(buf_cstr(&text), rows[i].holds))
			fail_msg("file %d has no %s: %s", (int)rows[i].file, rows[i].holds, buf_cstr(&text));
	}
	/* The side files, the tarball, the metadata, hashes; the claim is gone. */
	stored_keys(&stored, "", &keys);
	assert_int_equal(keys.len, COUNT(rows) + 3);
	assert_int_equal(files_left(), keys.len);
	if (verify_run(stored.st, "b1", on_checked, NULL, on_bytes, NULL, &n, &run.e) < 0)
		fail_msg("%s", run.e.msg);
	assert_int_equal(n.damaged, 0);
	assert_int_equal(n.objects, COUNT(everything) - 1);
}

static void
each_volume_is_told_as_skipped(void **state)
{
	AUTO_RUN struct run run = { 0 };
	AUTO(vvolumes_free) struct vvolumes v = { 0 };
	AUTO_BUF struct buf json = BUF_INIT(MIB);

	(void)state;
	backup(&run, NULL, 0);
	check_done(&run, "Completed", 0);
	if (reader_side_file(stored.st, "b1", LAYOUT_VOLUMEINFO, &json, NULL, &run.e) < 0
	    || vvolumes_read(buf_str(&json), &v, &run.e) < 0)
		fail_msg("%s", run.e.msg);
	assert_int_equal(v.len, 2);
	assert_string_equal(v.at[0].pv_name, "spare");
	assert_true(v.at[0].skipped);
	assert_string_equal(v.at[0].reclaim_policy, "Delete");
	assert_string_equal(v.at[1].pv_name, "vol");
	assert_string_equal(v.at[1].pvc_name, "data");
	assert_string_equal(v.at[1].pvc_namespace, "shop");
	assert_true(v.at[1].skipped);
	assert_non_null(strstr(v.at[1].skipped_reason, "not part of this backup"));
	assert_string_equal(v.at[1].reclaim_policy, "Retain");
	assert_string_equal(v.at[1].labels_json, "{\"disk\":\"ssd\"}");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, stored_setup, stored_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_backup_without_filters_stores_every_listed_type),
		CASE(every_object_has_both_paths),
		CASE(objects_get_their_kind_once_and_keep_their_numbers),
		CASE(excluded_and_vanishing_objects_are_left_out),
		CASE(a_namespace_filter_stores_these_namespaces_and_what_they_need),
		CASE(what_a_selected_object_needs_comes_along),
		CASE(several_selectors_are_several_lists_and_no_object_comes_twice),
		CASE(a_pattern_that_takes_too_long_ends_the_backup),
		CASE(a_namespace_with_the_label_is_left_out_with_all_in_it),
		CASE(named_objects_are_stored_first_and_once),
		CASE(a_senseless_order_is_refused),
		CASE(all_versions_are_stored_and_only_the_preferred_counts),
		CASE(the_rights_of_stored_accounts_come_along),
		CASE(who_may_not_see_bindings_gets_a_warning),
		CASE(a_bound_claim_is_stored_without_its_past),
		CASE(policies_choose_types_and_are_recorded),
		CASE(bad_policies_are_refused_before_anything_is_asked),
		CASE(a_forbidden_type_is_an_error_and_the_others_are_stored),
		CASE(a_server_that_goes_away_ends_the_backup_and_leaves_nothing),
		CASE(a_server_that_goes_away_at_what_objects_need_ends_the_backup_too),
		CASE(a_needed_object_that_is_damaged_costs_itself_only),
		CASE(who_may_not_list_namespaces_backs_up_those_he_names),
		CASE(a_name_that_is_taken_is_refused_and_nothing_is_changed),
		CASE(a_canceled_backup_leaves_nothing),
		CASE(a_filter_that_matches_nothing_is_told_and_leaves_nothing),
		CASE(the_metadata_describes_the_backup),
		CASE(all_files_are_there_and_sound),
		CASE(each_volume_is_told_as_skipped),
	};

	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
