/* Tests of engine/policy: which resource policies are understood, and what is said of the others (velero-format 3.8). */
#include "engine/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TYPES \
	"version: v1\n" \
	"includeExcludePolicy:\n" \
	"  includedClusterScopedResources: [storageclasses, pv]\n" \
	"  excludedClusterScopedResources: []\n" \
	"  includedNamespaceScopedResources:\n" \
	"  excludedNamespaceScopedResources:\n" \
	"  - secrets\n"

static void
check_types(const struct policy *p)
{
	assert_int_equal(p->inc_cluster_resources.len, 2);
	assert_string_equal(p->inc_cluster_resources.at[0], "storageclasses");
	assert_string_equal(p->inc_cluster_resources.at[1], "pv");
	assert_int_equal(p->exc_cluster_resources.len, 0);
	assert_int_equal(p->inc_ns_resources.len, 0);
	assert_int_equal(p->exc_ns_resources.len, 1);
	assert_string_equal(p->exc_ns_resources.at[0], "secrets");
	assert_int_equal(p->volume_policies, 0);
}

static void
lists_of_types_are_read_from_both_forms(void **state)
{
	static const char *const texts[] = { TYPES,
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p}\ndata:\n  any-name: |\n"
		"    version: v1\n    includeExcludePolicy:\n      includedClusterScopedResources: [storageclasses, pv]\n"
		"      excludedNamespaceScopedResources: [secrets]\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO(policy_done) struct policy p = { 0 };
		struct err e = { 0 };

		if (policy_parse(texts[i], &p, &e) < 0)
			fail_msg("%s", e.msg);
		check_types(&p);
	}
}

#define VOLUMES(conditions) "version: v1\nvolumePolicies:\n- conditions: {" conditions "}\n  action: {type: skip}\n"

static void
volume_policies_are_checked_and_counted(void **state)
{
	static const struct { const char *yaml; size_t count; } rows[] = {
		{ "version: v1\n", 0 },
		{ "version: v1\nvolumePolicies: []\n", 0 },
		{ "version: v1\nvolumePolicies: null\nincludeExcludePolicy: ~\n", 0 },
		{ VOLUMES(""), 1 },
		{ VOLUMES("capacity: '10Gi,100Gi', storageClass: [gp3, ebs]"), 1 },
		{ VOLUMES("capacity: ',1.5Ti'") "- action: {type: snapshot}\n", 2 },
		{ VOLUMES("capacity: '10M, 0'"), 1 },
		{ VOLUMES("capacity: '0,500m'"), 1 },
		{ VOLUMES("nfs: {}, csi: {}"), 1 },
		{ VOLUMES("nfs: {server: a, path: /p}, csi: {driver: d, volumeAttributes: {k: v}}"), 1 },
		{ VOLUMES("volumeTypes: [emptyDir, csi], pvcLabels: {tier: db}, pvcPhase: [Bound, Lost]"), 1 },
		{ VOLUMES("pvcVolumeMode: Block, pvcAccessModes: [ReadWriteOnce]"), 1 },
		{ "version: v1\nvolumePolicies:\n- action: {type: custom, parameters: {a: {b: c}}}\n- action: {type: fs-backup}\n", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(policy_done) struct policy p = { 0 };
		struct err e = { 0 };

		if (policy_parse(rows[i].yaml, &p, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		if (p.volume_policies != rows[i].count)
			fail_msg("row %zu: %zu policies", i, p.volume_policies);
	}
}

static void
everything_else_is_refused_with_its_line(void **state)
{
	static const struct { const char *yaml, *text; } rows[] = {
		{ "", "'version: v1' is expected" },
		{ "- a\n", ":1: keys and values expected" },
		{ "version: v2\n", "'version: v1' is expected, not 'v2'" },
		{ "version: v1\nversion: v1\n", "version" },
		{ "version: v1\nvolumePolicys: []\n", ":2: unknown key 'volumePolicys' (did you mean 'volumePolicies'?)" },
		{ "version: v1\nnamespacedFilterPolicies: []\n", ":2: namespacedFilterPolicies is not supported" },
		{ "version: v1\nvolumePolicies: {}\n", ":2: volumePolicies: a list is expected" },
		{ "version: v1\nvolumePolicies: [skip]\n", ":2: a volume policy has conditions and an action" },
		{ "version: v1\nvolumePolicies:\n- conditions: {}\n", ":3: the type of an action is skip" },
		{ "version: v1\nvolumePolicies:\n- action: {type: keep}\n", "not 'keep'" },
		{ "version: v1\nvolumePolicies:\n- action: {typ: skip}\n", "unknown key 'typ' (did you mean 'type'?)" },
		{ "version: v1\nvolumePolicies:\n- actoin: {type: skip}\n", "unknown key 'actoin' (did you mean 'action'?)" },
		{ VOLUMES("capacity: 10Gi"), ":3: capacity: '10Gi' is not like '10Gi,100Gi'" },
		{ VOLUMES("capacity: '1,2,3'"), "capacity: '1,2,3'" },
		{ VOLUMES("capacity: '1,2Gb'"), "capacity: '1,2Gb'" },
		{ VOLUMES("capacity: '-1,2'"), "capacity: '-1,2'" },
		{ VOLUMES("capacity: '.,2'"), "capacity: '.,2'" },
		{ VOLUMES("capacity: '2Gi,1Gi'"), "ends before it begins" },
		{ VOLUMES("capacity: [1]"), "capacity: a text is expected" },
		{ VOLUMES("storageClass: gp3"), "storageClass: a list is expected" },
		{ VOLUMES("storageClass: [[gp3]]"), "storageClass: a list of texts is expected" },
		{ VOLUMES("storageClass: ['']"), "storageClass: a list of texts is expected" },
		{ VOLUMES("nfs: {host: a}"), "unknown key 'host'" },
		{ VOLUMES("csi: {volumeAttributes: {a: b}}"), "csi: volumeAttributes need a driver" },
		{ VOLUMES("csi: {driver: d, volumeAttributes: [a]}"), "volumeAttributes: keys and values are expected" },
		{ VOLUMES("volumeTypes: [floppy]"), "volumeTypes: unknown 'floppy'" },
		{ VOLUMES("pvcPhase: [bound]"), "pvcPhase: unknown 'bound'" },
		{ VOLUMES("pvcLabels: {a: [b]}"), "pvcLabels: 'a' is no text" },
		{ VOLUMES("storageclass: [a]"), "(did you mean 'storageClass'?)" },
		{ "version: v1\nincludeExcludePolicy: [a]\n", ":2: keys and values expected" },
		{ "version: v1\nincludeExcludePolicy:\n  includedNamespaces: [a]\n", ":3: unknown key 'includedNamespaces'" },
		{ "version: v1\nincludeExcludePolicy:\n  excludedClusterScopedResources: ['*']\n",
			":3: excludedClusterScopedResources: '*' is not allowed here" },
		{ "version: v1\nincludeExcludePolicy: {includedNamespaceScopedResources: [a], excludedNamespaceScopedResources: [a]}\n",
			"resource 'a' is both included and excluded" },
		{ "kind: ConfigMap\n", "exactly one key" },
		{ "kind: ConfigMap\ndata: {}\n", "exactly one key" },
		{ "kind: ConfigMap\ndata: {a: x, b: y}\n", "exactly one key" },
		{ "kind: ConfigMap\ndata: {p: \"version: v3\"}\n", "'p' of the ConfigMap: --resource-policies: 'version: v1' is expected" },
		{ "version: [\n", "--resource-policies" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy p = { .volume_policies = 77 };
		struct err e = { 0 };

		if (policy_parse(rows[i].yaml, &p, &e) == 0)
			fail_msg("row %zu was accepted", i);
		assert_int_equal(e.kind, EK_INVALID);
		if (strstr(e.msg, rows[i].text) == NULL)
			fail_msg("row %zu: '%s' is not in '%s'", i, rows[i].text, e.msg);
		assert_int_equal(p.volume_policies, 77);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_types_are_read_from_both_forms),
		cmocka_unit_test(volume_policies_are_checked_and_counted),
		cmocka_unit_test(everything_else_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
