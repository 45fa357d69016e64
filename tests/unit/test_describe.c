/* Tests of cli/describe: what people read about a backup and a restore. */
#include "cli/describe.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef void describe_fn(const cJSON *doc, bool details, struct buf *out);

static char *
described(describe_fn *describe, const char *json, bool details)
{
	struct buf out = BUF_INIT(SIZE_MAX);
	struct err e = { 0 };
	AUTO_JDOC cJSON *d = jdoc_parse(str_of(json), &e);

	if (d == NULL)
		fail_msg("%s", e.msg);
	describe(d, details, &out);
	return out.p != NULL ? buf_take(&out, NULL) : xstrdup("");
}

static void
has(const char *text, const char *wanted)
{
	if (strstr(text, wanted) == NULL)
		fail_msg("no '%s' in\n%s", wanted, text);
}

static const char backup[] = "{\"backup\":{\"metadata\":{\"name\":\"b1\",\"namespace\":\"velero\","
	"\"labels\":{\"team\":\"shop\"},\"annotations\":{\"a\":\"b\",\"orlop.dev/index-sha256\":\"00ff\"}},"
	"\"spec\":{\"includedNamespaces\":[\"shop\",\"web-*\"],\"excludedResources\":[\"events\"],"
	"\"includeClusterResources\":false,\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}},"
	"\"orLabelSelectors\":[{\"matchLabels\":{\"x\":\"y\"}}],\"storageLocation\":\"default\",\"ttl\":\"720h0m0s\","
	"\"snapshotVolumes\":true,\"csiSnapshotTimeout\":\"10m0s\",\"hooks\":{}},"
	"\"status\":{\"phase\":\"PartiallyFailed\",\"errors\":2,\"warnings\":1,\"formatVersion\":\"1.1.0\","
	"\"validationErrors\":[\"bad ttl\"],\"progress\":{\"totalItems\":40,\"itemsBackedUp\":38}}},"
	"\"results\":{\"errors\":{\"velero\":[\"of the run\"],\"cluster\":[\"of a node\"],"
	"\"namespaces\":{\"shop\":[\"of a pod\"]}},\"warnings\":{}},"
	"\"resourceList\":{\"v1/Pod\":[\"shop/a\",\"shop/b\"]},"
	"\"volumes\":[{\"pvName\":\"pv1\",\"pvcName\":\"data\",\"pvcNamespace\":\"shop\",\"skipped\":true,"
	"\"skippedReason\":\"no snapshots\"},{\"pvName\":\"pv2\",\"backupMethod\":\"CSISnapshot\"}],"
	"\"itemOperations\":[{},{}],\"files\":[{\"key\":\"x\",\"size\":1024},{\"key\":\"y\",\"size\":512}]}";

static void
volumes_are_shown_as_all_ages_of_velero_told_of_them(void **state)
{
	AUTO_FREE char *text = described(describe_backup,
		"{\"backup\":{},\"volumes\":[{\"PVName\":\"pv1\",\"pvcname\":\"db\",\"PVCNamespace\":\"shop\",\"BackupMethod\":\"CSISnapshot\"}],"
		"\"podVolumeBackups\":[{\"spec\":{\"pod\":{\"namespace\":\"shop\",\"name\":\"web\"},\"volume\":\"data\"},"
		"\"status\":{\"phase\":\"Completed\"}},{}],"
		"\"volumeSnapshots\":[{\"spec\":{\"persistentVolumeName\":\"pv2\",\"providerVolumeID\":\"vol-1\"},"
		"\"status\":{\"providerSnapshotID\":\"snap-1\",\"phase\":\"Failed\"}}],"
		"\"csiSnapshots\":[{\"metadata\":{\"namespace\":\"shop\",\"name\":\"vs\"},\"spec\":{\"source\":"
		"{\"persistentVolumeClaimName\":\"db\"}},\"status\":{\"boundVolumeSnapshotContentName\":\"vsc\",\"restoreSize\":\"8Gi\"}},7],"
		"\"csiSnapshotContents\":[{\"metadata\":{\"name\":\"vsc\"},\"spec\":{\"driver\":\"ebs\"},\"status\":"
		"{\"snapshotHandle\":\"h-1\"}}]}", false);

	(void)state;
	has(text, "\n  pv1 (claim shop/db): CSISnapshot\n");
	has(text, "\nPod volume backups:\n  shop/web volume data: Completed\n  -/- volume -: -\n");
	has(text, "\nVolume snapshots:\n  pv2: snap-1 of vol-1, Failed\n");
	has(text, "\nCSI volume snapshots:\n  shop/vs (claim db): h-1 of driver ebs, 8Gi\n  -/- (claim -): - of driver -, -\n");
}

static void
backup_shows_what_it_holds_and_what_failed(void **state)
{
	static const char *const wanted[] = {
		"Name:                 b1\n", "Namespace:            velero\n", "Labels:               team=shop\n",
		"Annotations:          a=b\n", "(1 checksum:", "Phase:                PartiallyFailed\n",
		"Validation errors:    bad ttl\n", "Errors:               2\n", "Warnings:             1\n",
		"Namespaces:           shop, web-*\n", "Resources:            *\n  excluded:           events\n",
		"Cluster-scoped:       false\n", "Label selector:       {\"matchLabels\":{\"app\":\"web\"}}\n",
		"Or label selectors:   [{\"matchLabels\":{\"x\":\"y\"}}]\n", "Snapshot volumes:     true\n",
		"CSI snapshot timeout: 10m0s\n", "TTL:                  720h0m0s\n", "Hooks:                <none>\n",
		"Items in total:       40\n", "Items backed up:      38\n", "Size:                 1.5 KiB\n",
		"Item operations:      2\n", "\nErrors:\n  run: of the run\n  cluster: of a node\n  shop: of a pod\n",
		"\nResource list:\n  v1/Pod: 2\n", "  pv1 (claim shop/data): no snapshots\n",
		"  pv2 (claim -/-): CSISnapshot\n",
	};
	AUTO_FREE char *text = described(describe_backup, backup, false);

	(void)state;
	for (size_t i = 0; i < COUNT(wanted); i++)
		has(text, wanted[i]);
	assert_null(strstr(text, "00ff"));
	assert_null(strstr(text, "shop/a"));
}

static void
details_show_every_object_and_every_checksum(void **state)
{
	AUTO_FREE char *text = described(describe_backup, backup, true);

	(void)state;
	has(text, "  v1/Pod: 2\n    - shop/a\n    - shop/b\n");
	has(text, "orlop.dev/index-sha256=00ff\n");
}

/* As little as a reader has to accept (velero-format 8). */
static void
document_with_nothing_in_it_is_described(void **state)
{
	static const char *const docs[] = { "{}", "{\"backup\":{}}", "{\"backup\":null,\"results\":null,\"volumes\":null}",
		"{\"backup\":{\"metadata\":{\"labels\":[1],\"annotations\":7},\"spec\":{\"includedNamespaces\":[7,null]},"
		"\"status\":{\"errors\":\"many\"}},\"results\":{\"errors\":[7]},\"resourceList\":{\"x\":7},\"files\":[7],"
		"\"volumes\":[7]}" };

	(void)state;
	for (size_t i = 0; i < COUNT(docs); i++) {
		AUTO_FREE char *a = described(describe_backup, docs[i], true);
		AUTO_FREE char *b = described(describe_restore, docs[i], true);

		has(a, "Name:                 <none>\n");
		has(a, "Namespaces:           *\n");
		has(b, "not a restore by orlop");
	}
}

static void
hostile_text_is_made_visible(void **state)
{
	static const char evil[] = "\\u001b]0;x\\u0007\\n\\u202e";
	AUTO_FREE char *doc = xasprintf("{\"backup\":{\"metadata\":{\"name\":\"%s\",\"labels\":{\"%s\":\"%s\"}},"
		"\"status\":{\"phase\":\"%s\",\"failureReason\":\"%s\",\"validationErrors\":[\"%s\"]},"
		"\"spec\":{\"includedNamespaces\":[\"%s\"],\"labelSelector\":{\"%s\":\"%s\"}}},"
		"\"results\":{\"errors\":{\"velero\":[\"%s\"],\"namespaces\":{\"%s\":[\"%s\"]}}},"
		"\"resourceList\":{\"%s\":[\"%s\"]},\"volumes\":[{\"pvName\":\"%s\",\"skippedReason\":\"%s\"}]}",
		evil, evil, evil, evil, evil, evil, evil, evil, evil, evil, evil, evil, evil, evil, evil, evil);
	AUTO_FREE char *text = described(describe_backup, doc, true);

	(void)state;
	has(text, "\\x1b]0;x\\x07\\x0a<U+202E>");
	for (const char *p = text; *p != '\0'; p++)
		assert_true((unsigned char)*p >= ' ' || *p == '\n');
	assert_null(strstr(text, "\xe2\x80\xae"));
}

static void
restore_shows_its_record_and_what_became_of_objects(void **state)
{
	AUTO_FREE char *text = described(describe_restore, "{\"restore\":{\"metadata\":{\"name\":\"r1\","
		"\"annotations\":{\"orlop.dev/target-cluster-name\":\"east\"}},\"spec\":{\"backupName\":\"b1\","
		"\"existingResourcePolicy\":\"update\"},\"status\":{\"phase\":\"Completed\",\"errors\":0,\"warnings\":1,"
		"\"progress\":{\"totalItems\":9,\"itemsRestored\":9}}},\"results\":{\"errors\":{},"
		"\"warnings\":{\"namespaces\":{\"shop\":[\"differs\"]}}},\"resourceList\":{\"v1/Pod\":[\"shop/a(created)\"]}}",
		true);

	(void)state;
	has(text, "Name:                 r1\n");
	has(text, "Backup:               b1\n");
	has(text, "orlop.dev/target-cluster-name=east\n");
	has(text, "Existing objects:     update\n");
	has(text, "Items restored:       9\n");
	has(text, "\nWarnings:\n  shop: differs\n");
	has(text, "    - shop/a(created)\n");
	assert_null(strstr(text, "\nErrors:\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backup_shows_what_it_holds_and_what_failed),
		cmocka_unit_test(volumes_are_shown_as_all_ages_of_velero_told_of_them),
		cmocka_unit_test(details_show_every_object_and_every_checksum),
		cmocka_unit_test(document_with_nothing_in_it_is_described),
		cmocka_unit_test(hostile_text_is_made_visible),
		cmocka_unit_test(restore_shows_its_record_and_what_became_of_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
