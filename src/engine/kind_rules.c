/* The table of resource types. */
#include "engine/kind_rules.h"

#include "base/attr.h"

static const struct kind_rule rules[] = {
	/* High priorities of velero-format 4.3, in their order. */
	{ "customresourcedefinitions.apiextensions.k8s.io", 10, .scrub = scrub_crd },
	{ "namespaces", 20 },
	{ "storageclasses.storage.k8s.io", 30 },
	{ "volumesnapshotclasses.snapshot.storage.k8s.io", 40 },
	/* Each points at a snapshot in the storage system and deletes it with itself: a copy is dangerous. */
	{ "volumesnapshotcontents.snapshot.storage.k8s.io", 50, .not_stored = true },
	{ "volumesnapshots.snapshot.storage.k8s.io", 60, .not_stored = true },
	/* Each orders a copy of a volume: a second one would start it again. */
	{ "datauploads.velero.io", 70, .not_stored = true },
	{ "persistentvolumes", 80, .scrub = scrub_pv },
	{ "persistentvolumeclaims", 90, .scrub = scrub_pvc },
	{ "clusterroles.rbac.authorization.k8s.io", 100 },
	{ "roles.rbac.authorization.k8s.io", 110 },
	{ "serviceaccounts", 120, .scrub = scrub_service_account },
	{ "clusterrolebindings.rbac.authorization.k8s.io", 130 },
	{ "rolebindings.rbac.authorization.k8s.io", 140 },
	{ "secrets", 150, .scrub = scrub_secret },
	{ "configmaps", 160 },
	{ "limitranges", 170 },
	{ "priorityclasses.scheduling.k8s.io", 180 },
	{ "pods", 190, .scrub = scrub_pod },
	{ "replicasets.apps", 200 },
	{ "clusterclasses.cluster.x-k8s.io", 210 },
	{ "endpoints", 220 },
	{ "services", 230, .scrub = scrub_service },

	/* No order of their own. */
	{ "apiservices.apiregistration.k8s.io", RANK_OTHER, .scrub = scrub_api_service },
	{ "certificatesigningrequests.certificates.k8s.io", RANK_OTHER, .scrub = scrub_signing_request },
	{ "ipaddresses.networking.k8s.io", RANK_OTHER, .scrub = scrub_ip_address },
	{ "jobs.batch", RANK_OTHER, .scrub = scrub_job },
	{ "mutatingwebhookconfigurations.admissionregistration.k8s.io", RANK_OTHER, .scrub = scrub_webhooks },
	{ "validatingwebhookconfigurations.admissionregistration.k8s.io", RANK_OTHER, .scrub = scrub_webhooks },

	/* Low priorities. */
	{ "clusterbootstraps.run.tanzu.vmware.com", 2010 },
	{ "clusters.cluster.x-k8s.io", 2020 },
	{ "clusterresourcesets.addons.cluster.x-k8s.io", 2030 },
	{ "apps.kappctrl.k14s.io", 2040 },
	{ "packageinstalls.packaging.carvel.dev", 2050 },

	/* Never restored (velero-format 4.2). */
	{ "nodes", RANK_OTHER, .never = true },
	{ "events", RANK_OTHER, .never = true },
	/* The same objects as "events" (velero-format 3.1). */
	{ "events.events.k8s.io", RANK_OTHER, .never = true, .not_stored = true },
	{ "backups.velero.io", RANK_OTHER, .never = true },
	{ "restores.velero.io", RANK_OTHER, .never = true },
	{ "resticrepositories.velero.io", RANK_OTHER, .never = true },
	{ "backuprepositories.velero.io", RANK_OTHER, .never = true },
	{ "csinodes.storage.k8s.io", RANK_OTHER, .never = true },
	{ "volumeattachments.storage.k8s.io", RANK_OTHER, .never = true },
};

static const struct kind_rule plain = { "", RANK_OTHER };

const struct kind_rule *
kind_rule(struct str gr)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (str_eqz(gr, rules[i].gr))
			return &rules[i];
	return &plain;
}

const struct kind_rule *
kind_rule_at(size_t i)
{
	return i < COUNT(rules) ? &rules[i] : NULL;
}

int
kind_cmp(struct str gr_a, struct str gr_b)
{
	int a = kind_rule(gr_a)->rank, b = kind_rule(gr_b)->rank;

	return a != b ? (a > b) - (a < b) : str_cmp(gr_a, gr_b);
}
