/* Tests of engine/kind_rules: the order of a restore and what is never restored (velero-format 4.2, 4.3). */
#include "engine/kind_rules.h"

#include "base/strmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* velero-format 4.3; names without a group are resolved as discovery would. */
static const char *const order[] = {
	"customresourcedefinitions.apiextensions.k8s.io", "namespaces", "storageclasses.storage.k8s.io",
	"volumesnapshotclasses.snapshot.storage.k8s.io", "volumesnapshotcontents.snapshot.storage.k8s.io",
	"volumesnapshots.snapshot.storage.k8s.io", "datauploads.velero.io", "persistentvolumes", "persistentvolumeclaims",
	"clusterroles.rbac.authorization.k8s.io", "roles.rbac.authorization.k8s.io", "serviceaccounts",
	"clusterrolebindings.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io", "secrets", "configmaps",
	"limitranges", "priorityclasses.scheduling.k8s.io", "pods", "replicasets.apps", "clusterclasses.cluster.x-k8s.io",
	"endpoints", "services",
	/* all others, by name */
	"apiservices.apiregistration.k8s.io", "cronjobs.batch", "deployments.apps", "jobs.batch",
	"mutatingwebhookconfigurations.admissionregistration.k8s.io", "statefulsets.apps", "widgets.example.com",
	/* low priorities */
	"clusterbootstraps.run.tanzu.vmware.com", "clusters.cluster.x-k8s.io",
	"clusterresourcesets.addons.cluster.x-k8s.io", "apps.kappctrl.k14s.io", "packageinstalls.packaging.carvel.dev",
};

static void
types_are_restored_in_velero_s_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(order); i++) {
		for (size_t j = 0; j < COUNT(order); j++) {
			int c = kind_cmp(str_of(order[i]), str_of(order[j]));

			if ((c > 0) - (c < 0) != (i > j) - (i < j))
				fail_msg("%s against %s: %d", order[i], order[j], c);
		}
	}
}

static void
what_belongs_to_the_cluster_itself_is_never_restored(void **state)
{
	static const char *const never[] = {
		"nodes", "events", "events.events.k8s.io", "backups.velero.io", "restores.velero.io",
		"resticrepositories.velero.io", "csinodes.storage.k8s.io", "volumeattachments.storage.k8s.io",
		"backuprepositories.velero.io",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(never); i++)
		if (!kind_rule(str_of(never[i]))->never)
			fail_msg("%s would be restored", never[i]);
	for (size_t i = 0; i < COUNT(order); i++)
		if (kind_rule(str_of(order[i]))->never)
			fail_msg("%s would not be restored", order[i]);
}

static void
events_are_stored_once(void **state)
{
	(void)state;
	assert_false(kind_rule(S("events"))->not_stored);
	assert_true(kind_rule(S("events.events.k8s.io"))->not_stored);
}

static void
a_type_has_one_row(void **state)
{
	AUTO(strmap_freep) struct strmap *seen = strmap_new();
	const struct kind_rule *r;

	(void)state;
	for (size_t i = 0; (r = kind_rule_at(i)) != NULL; i++) {
		if (!strmap_add(seen, str_of(r->gr)))
			fail_msg("%s has two rows", r->gr);
		assert_ptr_equal(kind_rule(str_of(r->gr)), r);
	}
	assert_true(strmap_len(seen) > COUNT(order) / 2);
}

static void
an_unknown_type_has_the_default_row(void **state)
{
	const struct kind_rule *r = kind_rule(S("pods.metrics.k8s.io"));

	(void)state;
	assert_non_null(r);
	assert_int_equal(r->rank, RANK_OTHER);
	assert_false(r->never || r->not_stored);
	assert_null(r->scrub);
	assert_ptr_equal(kind_rule(S("")), r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_restored_in_velero_s_order),
		cmocka_unit_test(what_belongs_to_the_cluster_itself_is_never_restored),
		cmocka_unit_test(events_are_stored_once),
		cmocka_unit_test(a_type_has_one_row),
		cmocka_unit_test(an_unknown_type_has_the_default_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
