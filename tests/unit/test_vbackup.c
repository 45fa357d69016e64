/* Tests of archive/vbackup: velero-backup.json and the side files. */
#include "archive/vbackup.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/gzip.h"
#include "data/jdoc.h"
#include "data/jscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define AT(text) at_time(S(text))

static int64_t
at_time(struct str text)
{
	int64_t t = 0;

	assert_true(clock_parse_rfc3339(text, &t));
	return t;
}

/* The example of velero-format 1.5. */
static const char example[] =
"{\n"
"  \"kind\": \"Backup\",\n"
"  \"apiVersion\": \"velero.io/v1\",\n"
"  \"metadata\": {\n"
"    \"name\": \"shop-20260601020000\",\n"
"    \"namespace\": \"velero\",\n"
"    \"uid\": \"0c0c9d2e-2f0e-4f3b-a6f6-3a5f4a1f9f10\",\n"
"    \"creationTimestamp\": \"2026-06-01T02:00:00Z\",\n"
"    \"labels\": {\n"
"      \"velero.io/schedule-name\": \"shop\",\n"
"      \"velero.io/storage-location\": \"default\"\n"
"    },\n"
"    \"annotations\": {\n"
"      \"velero.io/resource-timeout\": \"10m0s\",\n"
"      \"velero.io/source-cluster-k8s-gitversion\": \"v1.33.1\",\n"
"      \"velero.io/source-cluster-k8s-major-version\": \"1\",\n"
"      \"velero.io/source-cluster-k8s-minor-version\": \"33\"\n"
"    }\n"
"  },\n"
"  \"spec\": {\n"
"    \"metadata\": {},\n"
"    \"includedNamespaces\": [\n"
"      \"shop\"\n"
"    ],\n"
"    \"excludedNamespaceScopedResources\": [\n"
"      \"volumesnapshots.snapshot.storage.k8s.io\"\n"
"    ],\n"
"    \"excludedClusterScopedResources\": [\n"
"      \"volumesnapshotcontents.snapshot.storage.k8s.io\"\n"
"    ],\n"
"    \"snapshotVolumes\": false,\n"
"    \"ttl\": \"720h0m0s\",\n"
"    \"volumeGroupSnapshotLabelKey\": \"velero.io/volume-group\",\n"
"    \"hooks\": {},\n"
"    \"storageLocation\": \"default\",\n"
"    \"defaultVolumesToFsBackup\": false,\n"
"    \"csiSnapshotTimeout\": \"10m0s\",\n"
"    \"itemOperationTimeout\": \"4h0m0s\",\n"
"    \"snapshotMoveData\": false\n"
"  },\n"
"  \"status\": {\n"
"    \"version\": 1,\n"
"    \"formatVersion\": \"1.1.0\",\n"
"    \"expiration\": \"2026-07-01T02:00:00Z\",\n"
"    \"phase\": \"Completed\",\n"
"    \"startTimestamp\": \"2026-06-01T02:00:00Z\",\n"
"    \"completionTimestamp\": \"2026-06-01T02:00:09Z\",\n"
"    \"progress\": {\n"
"      \"totalItems\": 143,\n"
"      \"itemsBackedUp\": 143\n"
"    },\n"
"    \"hookStatus\": {}\n"
"  }\n"
"}\n";

static void
fill_example(struct vbackup *b)
{
	b->name = xstrdup("shop-20260601020000");
	b->namespace_ = xstrdup("velero");
	b->uid = xstrdup("0c0c9d2e-2f0e-4f3b-a6f6-3a5f4a1f9f10");
	b->created_unix_ns = b->start_unix_ns = AT("2026-06-01T02:00:00Z");
	kvs_set(&b->labels, VB_LABEL_STORAGE, "default");
	kvs_set(&b->labels, VB_LABEL_SCHEDULE, "shop");
	kvs_set(&b->annotations, VB_ANNOT_MINOR, "33");
	kvs_set(&b->annotations, VB_ANNOT_MAJOR, "1");
	kvs_set(&b->annotations, VB_ANNOT_GIT_VERSION, "v1.33.1");
	kvs_set(&b->annotations, VB_ANNOT_TIMEOUT, "10m0s");
	strs_add(&b->inc_namespaces, "shop");
	strs_add(&b->exc_ns_resources, "volumesnapshots.snapshot.storage.k8s.io");
	strs_add(&b->exc_cluster_resources, "volumesnapshotcontents.snapshot.storage.k8s.io");
	b->snapshot_volumes = TRI_FALSE;
	b->ttl_ns = 720 * 3600 * NS_PER_S;
	b->storage_location = xstrdup("default");
	b->format_version = xstrdup("1.1.0");
	b->phase = xstrdup("Completed");
	b->expiration_unix_ns = AT("2026-07-01T02:00:00Z");
	b->completion_unix_ns = AT("2026-06-01T02:00:09Z");
	b->total_items = b->items_backed_up = 143;
}

static void
metadata_has_the_shape_of_velero_s(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { 0 };
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_METADATA);
	struct err e = { 0 };

	(void)state;
	fill_example(&b);
	assert_int_equal(vbackup_write(&b, &out, &e), 0);
	assert_string_equal(buf_cstr(&out), example);
}

static void
metadata_read_and_written_is_the_same(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { 0 }, back = { 0 };
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_METADATA), again = BUF_INIT(LIMIT_METADATA);
	struct err e = { 0 };

	(void)state;
	fill_example(&b);
	strs_add(&b.exc_namespaces, "kube-*");
	strs_add(&b.inc_resources, "pods");
	strs_add(&b.exc_resources, "events");
	strs_add(&b.inc_ns_resources, "a");
	strs_add(&b.inc_cluster_resources, "b");
	b.include_cluster = TRI_TRUE;
	b.snapshot_volumes = TRI_TRUE;
	b.selector_json = xstrdup("{\"matchLabels\":{\"app\":\"web\"}}");
	b.or_selectors_json = xstrdup("[{\"matchLabels\":{\"a\":\"b\"}},{}]");
	b.failure_reason = xstrdup("disk \"full\"\n<&>");
	strs_add(&b.validation_errors, "no such location");
	b.warnings = 1;
	b.errors = 2;
	b.hooks_attempted = 3;
	b.hooks_failed = 4;
	b.volume_snapshots_attempted = 5;
	b.volume_snapshots_completed = 6;
	b.csi_snapshots_attempted = 7;
	b.csi_snapshots_completed = 8;
	assert_int_equal(vbackup_write(&b, &out, &e), 0);
	assert_int_equal(vbackup_read(buf_str(&out), &back, &e), 0);
	assert_string_equal(back.failure_reason, b.failure_reason);
	assert_string_equal(back.selector_json, b.selector_json);
	assert_int_equal(back.start_unix_ns, b.start_unix_ns);
	assert_int_equal(back.ttl_ns, b.ttl_ns);
	assert_int_equal(back.csi_snapshots_completed, 8);
	assert_int_equal(vbackup_write(&back, &again, &e), 0);
	assert_string_equal(buf_cstr(&again), buf_cstr(&out));
}

static void
backup_without_filters_includes_all_namespaces(void **state)
{
	struct vbackup b = { .name = xstrdup("b") };
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_METADATA);
	AUTO_JDOC cJSON *d = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(vbackup_write(&b, &out, &e), 0);
	vbackup_done(&b);
	d = jdoc_parse(buf_str(&out), &e);
	assert_string_equal(jdoc_get(d, "spec.includedNamespaces")->child->valuestring, "*");
	assert_null(jdoc_get(d, "spec.snapshotVolumes"));
	assert_null(jdoc_get(d, "spec.includeClusterResources"));
	assert_null(jdoc_get(d, "status.expiration"));
	assert_null(jdoc_get(d, "status.errors"));
	assert_null(jdoc_get(d, "metadata.labels"));
	assert_string_equal(jdoc_text(d, "status.formatVersion"), "1.1.0");
	assert_true(cJSON_IsObject(jdoc_get(d, "status.hookStatus")));
}

static void
selectors_that_are_no_json_are_refused(void **state)
{
	static const struct { const char *selector, *selectors; } rows[] = {
		{ "{", NULL }, { "[]", NULL }, { "{}, \"phase\": \"x\"", NULL }, { NULL, "{}" }, { NULL, "[1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(vbackup_done) struct vbackup b = { .name = xstrdup("b") };
		AUTO_BUF struct buf out = BUF_INIT(LIMIT_METADATA);
		struct err e = { 0 };

		b.selector_json = rows[i].selector ? xstrdup(rows[i].selector) : NULL;
		b.or_selectors_json = rows[i].selectors ? xstrdup(rows[i].selectors) : NULL;
		assert_int_equal(vbackup_write(&b, &out, &e), -1);
		assert_non_null(strstr(e.msg, "abelSelector"));
		assert_int_equal(out.len, 0);
	}
}

static void
metadata_larger_than_its_limit_leaves_the_buffer_alone(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { .name = xstrdup("b") };
	AUTO_BUF struct buf out = BUF_INIT(100);
	struct err e = { 0 };

	(void)state;
	buf_puts(&out, "before");
	assert_int_equal(vbackup_write(&b, &out, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_string_equal(buf_cstr(&out), "before");
}

static void
foreign_metadata_is_tolerated(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(vbackup_read(S(
		"{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\",\"new\":{},"
		"\"metadata\":{\"name\":\"old\",\"creationTimestamp\":null,\"labels\":null,\"annotations\":{\"a\":1,\"b\":\"c\"}},"
		"\"spec\":{\"includedNamespaces\":null,\"excludedNamespaces\":[\"a\",7,null,\"b\"],\"ttl\":\"0s\","
		"\"includeClusterResources\":null,\"labelSelector\":null,\"hooks\":{\"resources\":null}},"
		"\"status\":{\"version\":1,\"phase\":\"SomethingNew\",\"expiration\":\"soon\",\"errors\":\"many\","
		"\"warnings\":-3,\"progress\":null,\"startTimestamp\":\"2019-06-01T02:00:00.5+02:00\"}}trailing"), &b, &e), 0);
	assert_string_equal(b.name, "old");
	assert_null(b.namespace_);
	assert_int_equal(b.labels.len, 0);
	assert_int_equal(b.annotations.len, 1);
	assert_string_equal(kvs_get(&b.annotations, "b"), "c");
	assert_null(kvs_get(&b.annotations, "a"));
	assert_int_equal(b.exc_namespaces.len, 2);
	assert_int_equal(b.include_cluster, TRI_UNSET);
	assert_null(b.selector_json);
	assert_string_equal(b.format_version, "1");
	assert_string_equal(b.phase, "SomethingNew");
	assert_int_equal(b.expiration_unix_ns, 0);
	assert_int_equal(b.errors, 0);
	assert_int_equal(b.warnings, 0);
	assert_int_equal(b.start_unix_ns, AT("2019-06-01T00:00:00Z") + NS_PER_S / 2);
}

static void
backup_without_a_status_is_read(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(vbackup_read(
		S("{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"b\"}}"), &b, &e), 0);
	assert_null(b.phase);
	assert_null(b.format_version);
}

static void
what_is_no_backup_is_refused(void **state)
{
	static const struct { const char *json, *why; } rows[] = {
		{ "", "velero-backup.json" },
		{ "{\"apiVersion\":", "velero-backup.json" },
		{ "[]", "not a Backup" },
		{ "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"\xff\"}}", "not UTF-8" },
		{ "{\"kind\":\"Backup\",\"metadata\":{\"name\":\"b\"}}", "not a Backup" },
		{ "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Restore\",\"metadata\":{\"name\":\"b\"}}", "not a Backup" },
		{ "{\"apiVersion\":\"v1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"b\"}}", "not a Backup" },
		{ "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\"}", "no name" },
		{ "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"\"}}", "no name" },
		{ "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\",\"metadata\":{\"name\":7}}", "no name" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct vbackup b = { .warnings = 42 };
		struct err e = { 0 };

		assert_int_equal(vbackup_read(str_of(rows[i].json), &b, &e), -1);
		assert_int_equal(e.kind, EK_CORRUPT);
		assert_non_null(strstr(e.msg, rows[i].why));
		assert_int_equal(b.warnings, 42);
	}
}

/* --- results --- */

static void
results_have_the_shape_of_velero_s(void **state)
{
	AUTO(vresults_freep) struct vresults *r = vresults_new();
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SIDE_FILE);
	struct err e = { 0 };

	(void)state;
	vresults_add(r, RESULT_WARNING, "shop", "b");
	vresults_add(r, RESULT_WARNING, "shop", "a <&>");
	vresults_add(r, RESULT_WARNING, "alpha", "c");
	vresults_add(r, RESULT_WARNING, NULL, "run");
	vresults_add(r, RESULT_WARNING, "", "cluster");
	assert_int_equal(vresults_count(r, RESULT_WARNING), 5);
	assert_int_equal(vresults_count(r, RESULT_ERROR), 0);
	assert_int_equal(vresults_write(r, &json, &e), 0);
	assert_string_equal(buf_cstr(&json),
		"{\"errors\":{},\"warnings\":{\"velero\":[\"run\"],\"cluster\":[\"cluster\"],\"namespaces\":"
		"{\"alpha\":[\"c\"],\"shop\":[\"b\",\"a \\u003c\\u0026\\u003e\"]}}}\n");
}

/* --- resource list --- */

static void
resource_list_is_sorted(void **state)
{
	AUTO(vreslist_freep) struct vreslist *r = vreslist_new();
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SIDE_FILE);
	struct err e = { 0 };

	(void)state;
	vreslist_add(r, S("v1"), S("Pod"), S("shop"), S("web-2"), "");
	vreslist_add(r, S("v1"), S("Namespace"), S(""), S("shop"), "");
	vreslist_add(r, S("v1"), S("Pod"), S("shop"), S("web-1"), "");
	vreslist_add(r, S("apps/v1"), S("Deployment"), S("shop"), S("web"), "(created)");
	assert_int_equal(vreslist_write(r, &json, &e), 0);
	assert_string_equal(buf_cstr(&json), "{\"apps/v1/Deployment\":[\"shop/web(created)\"],\"v1/Namespace\":[\"shop\"],"
		"\"v1/Pod\":[\"shop/web-1\",\"shop/web-2\"]}\n");
}

static void
long_resource_list_is_packed_as_it_is_written(void **state)
{
	AUTO(vreslist_freep) struct vreslist *r = vreslist_new();
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SIDE_FILE), gz = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_FREE char *common = xcalloc(1, 301);
	struct err e = { 0 };

	(void)state;
	memset(common, 'n', 300);                /* more than names share in memory */
	for (unsigned i = 0; i < 5000; i++) {
		AUTO_FREE char *name = xasprintf("%s-%05u", i % 2 == 0 ? common : "web", i);

		vreslist_add(r, S("v1"), i % 3 == 0 ? S("Pod") : S("Secret"), S("shop"), str_of(name), "");
	}
	vreslist_add(r, S("v1"), S("Pod"), S("shop"), str_of(common), "");       /* the start of others */
	assert_int_equal(vreslist_write(r, &json, &e), 0);
	assert_int_equal(vreslist_pack(r, &gz, &e), 0);
	assert_int_equal(gzip_unpack(buf_str(&gz), &text, &e), 0);
	assert_string_equal(buf_cstr(&text), buf_cstr(&json));

	struct str kinds, val, before = { 0 };
	struct jiter it;
	size_t n = 0;

	assert_true(jget(buf_str(&json), "v1/Pod", &kinds) && jiter_arr(&it, kinds));
	for (; jiter_next(&it, NULL, &val); n++, before = val)
		assert_true(str_cmp(before, val) < 0 || str_starts(val, str_sub(before, 0, before.len - 1)));
	assert_int_equal(n, 5000 / 3 + 1 + 1);
}

/* --- volume info --- */

static void
skipped_volume_has_the_shape_of_velero_s(void **state)
{
	AUTO(vvolumes_free) struct vvolumes v = { 0 }, back = { 0 };
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SIDE_FILE), again = BUF_INIT(LIMIT_SIDE_FILE);
	struct err e = { 0 };

	(void)state;
	*vec_push(&v) = (struct vvolume){
		.pvc_name = xstrdup("db"), .pvc_namespace = xstrdup("shop"), .pv_name = xstrdup("pvc-1f"), .skipped = true,
		.skipped_reason = xstrdup("volumeSnapshot: volume data not backed up;"), .reclaim_policy = xstrdup("Delete"),
	};
	assert_int_equal(vvolumes_write(&v, &json, &e), 0);
	assert_string_equal(buf_cstr(&json),
		"[{\"pvcName\":\"db\",\"pvcNamespace\":\"shop\",\"pvName\":\"pvc-1f\",\"snapshotDataMoved\":false,"
		"\"preserveLocalSnapshot\":false,\"skipped\":true,\"skippedReason\":\"volumeSnapshot: volume data not backed up;\","
		"\"pvInfo\":{\"reclaimPolicy\":\"Delete\",\"labels\":null}}]\n");
	v.at[0].labels_json = xstrdup("{\"a\":\"b\"}");
	v.at[0].method = xstrdup("CSISnapshot");
	v.at[0].result = xstrdup("succeeded");
	buf_cut(&json, 0);
	assert_int_equal(vvolumes_write(&v, &json, &e), 0);
	assert_int_equal(vvolumes_read(buf_str(&json), &back, &e), 0);
	assert_int_equal(back.len, 1);
	assert_string_equal(back.at[0].labels_json, "{\"a\":\"b\"}");
	assert_string_equal(back.at[0].method, "CSISnapshot");
	assert_int_equal(vvolumes_write(&back, &again, &e), 0);
	assert_string_equal(buf_cstr(&again), buf_cstr(&json));
}

static void
no_volumes_is_an_empty_array_in_all_its_forms(void **state)
{
	static const char *const forms[] = { "null", "null\n", "[]", "[]\n", "[null,1,\"x\"]" };
	struct vvolumes none = { 0 };
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SIDE_FILE);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(vvolumes_write(&none, &json, &e), 0);
	assert_string_equal(buf_cstr(&json), "[]\n");
	for (size_t i = 0; i < COUNT(forms); i++) {
		AUTO(vvolumes_free) struct vvolumes v = { 0 };

		assert_int_equal(vvolumes_read(str_of(forms[i]), &v, &e), 0);
		assert_int_equal(v.len, 0);
	}
}

/* As Go's decoder: the exact key first, then any case. */
static void
keys_of_volume_info_may_have_any_case(void **state)
{
	AUTO(vvolumes_free) struct vvolumes v = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(vvolumes_read(S("[{\"PVCName\":\"no\",\"pvcName\":\"db\",\"PVNAME\":\"pv\",\"Skipped\":true,"
		"\"PVInfo\":{\"ReclaimPolicy\":\"Retain\",\"labels\":null}}]\n[7]\n"), &v, &e), 0);
	assert_int_equal(v.len, 1);
	assert_string_equal(v.at[0].pvc_name, "db");
	assert_string_equal(v.at[0].pv_name, "pv");
	assert_true(v.at[0].skipped);
	assert_string_equal(v.at[0].reclaim_policy, "Retain");
	assert_null(v.at[0].labels_json);
}

static void
damaged_side_files_are_refused(void **state)
{
	static const char *const texts[] = { "", "{}", "7", "{\"errors\":", "[] []", "\"\"", "[\n]]" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct vvolumes v = { 0 };
		struct err e = { 0 };

		if (vvolumes_read(str_of(texts[i]), &v, &e) == 0)
			fail_msg("'%s' is taken", texts[i]);
		assert_int_equal(e.kind, EK_CORRUPT);
		assert_non_null(strstr(e.msg, "volume info"));
	}
}

/* --- log --- */

static void
log_lines_are_logfmt(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(4096);

	(void)state;
	vlog_line(&out, AT("2026-06-01T02:00:01Z"), "info", "Backing up item", "backup", "velero/B", "name", "system:node",
		"resource", "deployments.apps", "error", "say \"no\"\nback\\slash", NULL);
	assert_string_equal(buf_cstr(&out),
		"time=\"2026-06-01T02:00:01Z\" level=info msg=\"Backing up item\" backup=velero/B name=\"system:node\" "
		"resource=deployments.apps error=\"say \\\"no\\\"\\\\x0aback\\\\slash\"\n");
}

static void
full_log_drops_whole_lines(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(80);
	size_t one;

	(void)state;
	vlog_line(&out, 0, "info", "one", NULL);
	one = out.len;
	assert_true(one > 0);
	vlog_line(&out, 0, "info", "two", NULL);
	assert_int_equal(out.len, one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_has_the_shape_of_velero_s),
		cmocka_unit_test(metadata_read_and_written_is_the_same),
		cmocka_unit_test(backup_without_filters_includes_all_namespaces),
		cmocka_unit_test(selectors_that_are_no_json_are_refused),
		cmocka_unit_test(metadata_larger_than_its_limit_leaves_the_buffer_alone),
		cmocka_unit_test(foreign_metadata_is_tolerated),
		cmocka_unit_test(backup_without_a_status_is_read),
		cmocka_unit_test(what_is_no_backup_is_refused),
		cmocka_unit_test(results_have_the_shape_of_velero_s),
		cmocka_unit_test(resource_list_is_sorted),
		cmocka_unit_test(long_resource_list_is_packed_as_it_is_written),
		cmocka_unit_test(skipped_volume_has_the_shape_of_velero_s),
		cmocka_unit_test(no_volumes_is_an_empty_array_in_all_its_forms),
		cmocka_unit_test(keys_of_volume_info_may_have_any_case),
		cmocka_unit_test(damaged_side_files_are_refused),
		cmocka_unit_test(log_lines_are_logfmt),
		cmocka_unit_test(full_log_drops_whole_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
