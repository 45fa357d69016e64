/* Short names of built-in types, as an API server 1.35 tells them (kubectl api-resources). */
#include "engine/short_names.h"

#include "base/attr.h"

static const struct { const char *gr, *name; } rows[] = {
	{ "certificatesigningrequests.certificates.k8s.io", "csr" }, { "configmaps", "cm" }, { "cronjobs.batch", "cj" },
	{ "customresourcedefinitions.apiextensions.k8s.io", "crd" }, { "customresourcedefinitions.apiextensions.k8s.io", "crds" },
	{ "daemonsets.apps", "ds" }, { "deployments.apps", "deploy" }, { "endpoints", "ep" }, { "events", "ev" },
	{ "horizontalpodautoscalers.autoscaling", "hpa" }, { "ingresses.networking.k8s.io", "ing" },
	{ "ipaddresses.networking.k8s.io", "ip" }, { "limitranges", "limits" }, { "namespaces", "ns" },
	{ "networkpolicies.networking.k8s.io", "netpol" }, { "nodes", "no" }, { "persistentvolumeclaims", "pvc" },
	{ "persistentvolumes", "pv" }, { "poddisruptionbudgets.policy", "pdb" }, { "pods", "po" },
	{ "priorityclasses.scheduling.k8s.io", "pc" }, { "replicasets.apps", "rs" }, { "replicationcontrollers", "rc" },
	{ "resourcequotas", "quota" }, { "serviceaccounts", "sa" }, { "services", "svc" }, { "statefulsets.apps", "sts" },
	{ "storageclasses.storage.k8s.io", "sc" }, { "volumeattributesclasses.storage.k8s.io", "vac" },
};

void
short_names_add(struct strs *names, struct str gr)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_eqz(gr, rows[i].gr))
			strs_add(names, rows[i].name);
}
