/* Tests of archive/layout. */
#include "archive/layout.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
keys_are_velero_s(void **state)
{
	static const struct { enum layout_file f; const char *key; } rows[] = {
		{ LAYOUT_METADATA, "backups/n-1/velero-backup.json" },
		{ LAYOUT_TARBALL, "backups/n-1/n-1.tar.gz" },
		{ LAYOUT_LOGS, "backups/n-1/n-1-logs.gz" },
		{ LAYOUT_VOLUMESNAPSHOTS, "backups/n-1/n-1-volumesnapshots.json.gz" },
		{ LAYOUT_PODVOLUMEBACKUPS, "backups/n-1/n-1-podvolumebackups.json.gz" },
		{ LAYOUT_ITEMOPERATIONS, "backups/n-1/n-1-itemoperations.json.gz" },
		{ LAYOUT_RESOURCE_LIST, "backups/n-1/n-1-resource-list.json.gz" },
		{ LAYOUT_RESULTS, "backups/n-1/n-1-results.gz" },
		{ LAYOUT_VOLUMEINFO, "backups/n-1/n-1-volumeinfo.json.gz" },
		{ LAYOUT_CSI_SNAPSHOTS, "backups/n-1/n-1-csi-volumesnapshots.json.gz" },
		{ LAYOUT_CSI_CONTENTS, "backups/n-1/n-1-csi-volumesnapshotcontents.json.gz" },
		{ LAYOUT_CSI_CLASSES, "backups/n-1/n-1-csi-volumesnapshotclasses.json.gz" },
		{ LAYOUT_HASHES, "backups/n-1/n-1-orlop-hashes.gz" },
		{ LAYOUT_INDEX, "backups/n-1/n-1-orlop-index.json.gz" },
		{ LAYOUT_CLAIM, "backups/n-1/n-1-orlop-claim.json" },
		{ LAYOUT_RESTORE_LOGS, "restores/n-1/restore-n-1-logs.gz" },
		{ LAYOUT_RESTORE_RESULTS, "restores/n-1/restore-n-1-results.gz" },
		{ LAYOUT_RESTORE_RESOURCE_LIST, "restores/n-1/restore-n-1-resource-list.json.gz" },
		{ LAYOUT_RESTORE_ITEMOPERATIONS, "restores/n-1/restore-n-1-itemoperations.json.gz" },
		{ LAYOUT_RESTORE_VOLUMEINFO, "restores/n-1/n-1-volumeinfo.json.gz" },
		{ LAYOUT_RESTORE_OUTCOMES, "restores/n-1/restore-n-1-orlop-outcomes.json.gz" },
		{ LAYOUT_RESTORE_REQUEST, "restores/n-1/restore-n-1-orlop-request.json" },
		{ LAYOUT_RESTORE_UNDO, "restores/n-1/restore-n-1-orlop-undo.json" },
		{ LAYOUT_RESTORE_PLAN, "restores/n-1/restore-n-1-orlop-plan.json.gz" },
		{ LAYOUT_RESTORE_RECORD, "restores/n-1/restore-n-1-orlop.json" },
	};
	AUTO_FREE char *backup = layout_backup_dir("n-1");
	AUTO_FREE char *restore = layout_restore_dir("n-1");

	(void)state;
	assert_int_equal(COUNT(rows), LAYOUT_COUNT_);
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_FREE char *key = layout_key("n-1", rows[i].f);

		assert_string_equal(key, rows[i].key);
	}
	assert_string_equal(backup, "backups/n-1/");
	assert_string_equal(restore, "restores/n-1/");
}

static void
names_that_kubernetes_refuses_are_refused(void **state)
{
	static const struct { const char *name, *why; } rows[] = {
		{ "a", NULL },
		{ "shop-20260601020000", NULL },
		{ "a.b-c.9", NULL },
		{ "0", NULL },
		{ "", "empty" },
		{ "Shop", "lower-case" },
		{ "a_b", "lower-case" },
		{ "a/b", "lower-case" },
		{ "a b", "lower-case" },
		{ "a\n", "lower-case" },
		{ "\xc3\xa4", "lower-case" },
		{ "-a", "start and end" },
		{ "a-", "start and end" },
		{ ".a", "start and end" },
		{ "a.", "start and end" },
		{ "..", "start and end" },
		{ "a..b", "start and end" },
		{ "a-.b", "start and end" },
		{ "a.-b", "start and end" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		int rc = layout_check_name("backup", rows[i].name, &e);

		assert_int_equal(rc, rows[i].why ? -1 : 0);
		assert_int_equal(e.kind, rows[i].why ? EK_INVALID : EK_NONE);
		if (rows[i].why) {
			assert_non_null(strstr(e.msg, "backup name"));
			assert_non_null(strstr(e.msg, rows[i].why));
		}
	}
}

static void
name_may_have_253_characters_but_not_254(void **state)
{
	char name[LIMIT_NAME + 2];
	struct err e = { 0 };

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(layout_check_name("restore", name, &e), -1);
	assert_non_null(strstr(e.msg, "254"));
	name[LIMIT_NAME] = '\0';
	assert_int_equal(layout_check_name("restore", name, &e), 0);
}

static void
long_label_values_end_in_six_digits_of_their_digest(void **state)
{
	char out[LAYOUT_LABEL_MAX], name[65];

	(void)state;
	assert_string_equal(layout_label(out, "short"), "short");
	memset(name, 'a', sizeof name);
	name[63] = '\0';
	assert_string_equal(layout_label(out, name), name);
	name[63] = 'a';
	name[64] = '\0';
	/* SHA-256 of 64 times 'a' begins with ffe054. */
	assert_int_equal(strlen(layout_label(out, name)), 63);
	assert_memory_equal(out, name, 57);
	assert_string_equal(out + 57, "ffe054");
}

static const struct path_row {
	const char *path;
	bool        ok;
	const char *gr, *version, *ns, *name;
	bool        preferred;
} path_rows[] = {
	{ "resources/pods/namespaces/shop/web-1.json", true, "pods", "", "shop", "web-1", false },
	{ "./resources/pods/namespaces/shop/web-1.json", true, "pods", "", "shop", "web-1", false },
	{ "resources/deployments.apps/v1-preferredversion/namespaces/shop/web.json", true, "deployments.apps", "v1",
	  "shop", "web", true },
	{ "resources/horizontalpodautoscalers.autoscaling/v2beta1/namespaces/a/b.json", true,
	  "horizontalpodautoscalers.autoscaling", "v2beta1", "a", "b", false },
	{ "resources/namespaces/cluster/shop.json", true, "namespaces", "", "", "shop", false },
	{ "resources/namespaces/v1-preferredversion/cluster/shop.json", true, "namespaces", "v1", "", "shop", true },
	{ "resources/clusterroles.rbac.authorization.k8s.io/cluster/system:node.json", true,
	  "clusterroles.rbac.authorization.k8s.io", "", "", "system:node", false },
	{ "resources/pods/namespaces/shop/x.json.json", true, "pods", "", "shop", "x.json", false },
	{ "resources/pods/namespaces/cluster/x.json", true, "pods", "", "cluster", "x", false },
	{ "metadata/version", false, NULL, NULL, NULL, NULL, false },
	{ "resources/", false, NULL, NULL, NULL, NULL, false },
	{ "resources", false, NULL, NULL, NULL, NULL, false },
	{ "", false, NULL, NULL, NULL, NULL, false },
	{ "./", false, NULL, NULL, NULL, NULL, false },
	{ "/resources/pods/cluster/x.json", false, NULL, NULL, NULL, NULL, false },
	{ "././resources/pods/cluster/x.json", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/namespaces/shop/", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/namespaces/shop", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/namespaces//x.json", false, NULL, NULL, NULL, NULL, false },
	{ "resources//cluster/x.json", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/cluster/x.yaml", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/cluster/.json", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/cluster/..json", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/cluster/...json", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/cluster/a/x.json", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/namespaces/../x.json", false, NULL, NULL, NULL, NULL, false },
	{ "resources/../cluster/x.json", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/-preferredversion/cluster/x.json", false, NULL, NULL, NULL, NULL, false },
	{ "resources/pods/v1/v1/cluster/x.json", false, NULL, NULL, NULL, NULL, false },
	{ "velero/resources/pods/cluster/x.json", false, NULL, NULL, NULL, NULL, false },
};

static void
paths_are_cut_into_their_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(path_rows); i++) {
		const struct path_row *r = &path_rows[i];
		struct tar_path tp = { .gr = S("untouched") };

		assert_int_equal(tar_path_parse(str_of(r->path), &tp), r->ok);
		if (!r->ok) {
			assert_true(str_eqz(tp.gr, "untouched"));
			continue;
		}
		assert_true(str_eqz(tp.gr, r->gr) && str_eqz(tp.version, r->version));
		assert_true(str_eqz(tp.ns, r->ns) && str_eqz(tp.name, r->name));
		assert_int_equal(tp.preferred, r->preferred);
	}
}

static void
paths_written_are_the_paths_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(path_rows); i++) {
		const struct path_row *r = &path_rows[i];
		AUTO_BUF struct buf out = BUF_INIT(LIMIT_TAR_NAME);

		if (!r->ok || r->path[0] == '.')
			continue;
		tar_path_put(&out, str_of(r->gr), str_of(r->version), r->preferred, str_of(r->ns), str_of(r->name));
		assert_string_equal(buf_cstr(&out), r->path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_velero_s),
		cmocka_unit_test(names_that_kubernetes_refuses_are_refused),
		cmocka_unit_test(name_may_have_253_characters_but_not_254),
		cmocka_unit_test(long_label_values_end_in_six_digits_of_their_digest),
		cmocka_unit_test(paths_are_cut_into_their_parts),
		cmocka_unit_test(paths_written_are_the_paths_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
