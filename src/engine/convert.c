/* Which versions of which types can be rewritten. */
#include "engine/convert_impl.h"

#include "base/attr.h"
#include "base/mem.h"

#define RBAC(type) \
	{ type ".rbac.authorization.k8s.io", "v1beta1", type ".rbac.authorization.k8s.io", "v1", NULL }
#define WORKLOADS(type) \
	{ type ".extensions", "v1beta1", type ".apps", "v1", convert_workload }, \
	{ type ".apps", "v1beta1", type ".apps", "v1", convert_workload }, \
	{ type ".apps", "v1beta2", type ".apps", "v1", convert_workload }
#define FLOW(type, edit) \
	{ type ".flowcontrol.apiserver.k8s.io", "v1beta1", type ".flowcontrol.apiserver.k8s.io", "v1", edit }, \
	{ type ".flowcontrol.apiserver.k8s.io", "v1beta2", type ".flowcontrol.apiserver.k8s.io", "v1", edit }, \
	{ type ".flowcontrol.apiserver.k8s.io", "v1beta3", type ".flowcontrol.apiserver.k8s.io", "v1", edit }
#define SAME(gr, from, edit) { gr, from, gr, "v1", edit }

static const struct conversion table[] = {
	WORKLOADS("daemonsets"),
	WORKLOADS("deployments"),
	WORKLOADS("replicasets"),
	WORKLOADS("statefulsets"),
	{ "ingresses.extensions", "v1beta1", "ingresses.networking.k8s.io", "v1", convert_ingress },
	SAME("ingresses.networking.k8s.io", "v1beta1", convert_ingress),
	SAME("ingressclasses.networking.k8s.io", "v1beta1", convert_ingress_class),
	{ "networkpolicies.extensions", "v1beta1", "networkpolicies.networking.k8s.io", "v1", NULL },
	SAME("ipaddresses.networking.k8s.io", "v1beta1", NULL),
	SAME("servicecidrs.networking.k8s.io", "v1beta1", NULL),
	SAME("cronjobs.batch", "v1beta1", NULL),
	SAME("poddisruptionbudgets.policy", "v1beta1", convert_pdb),
	{ "horizontalpodautoscalers.autoscaling", "v2beta1", "horizontalpodautoscalers.autoscaling", "v2", convert_hpa },
	{ "horizontalpodautoscalers.autoscaling", "v2beta2", "horizontalpodautoscalers.autoscaling", "v2", NULL },
	SAME("endpointslices.discovery.k8s.io", "v1beta1", convert_endpoint_slice),
	SAME("customresourcedefinitions.apiextensions.k8s.io", "v1beta1", convert_crd),
	FLOW("flowschemas", NULL),
	FLOW("prioritylevelconfigurations", convert_priority_level),
	SAME("runtimeclasses.node.k8s.io", "v1beta1", NULL),
	SAME("runtimeclasses.node.k8s.io", "v1alpha1", convert_runtime_class),
	SAME("priorityclasses.scheduling.k8s.io", "v1beta1", NULL),
	SAME("priorityclasses.scheduling.k8s.io", "v1alpha1", NULL),
	SAME("csidrivers.storage.k8s.io", "v1beta1", NULL),
	SAME("csinodes.storage.k8s.io", "v1beta1", NULL),
	SAME("csistoragecapacities.storage.k8s.io", "v1beta1", NULL),
	SAME("storageclasses.storage.k8s.io", "v1beta1", NULL),
	SAME("volumeattributesclasses.storage.k8s.io", "v1beta1", NULL),
	SAME("volumesnapshotclasses.snapshot.storage.k8s.io", "v1beta1", NULL),
	RBAC("clusterroles"),
	RBAC("clusterrolebindings"),
	RBAC("roles"),
	RBAC("rolebindings"),
	SAME("mutatingwebhookconfigurations.admissionregistration.k8s.io", "v1beta1", convert_webhooks),
	SAME("validatingwebhookconfigurations.admissionregistration.k8s.io", "v1beta1", convert_webhooks),
	SAME("validatingadmissionpolicies.admissionregistration.k8s.io", "v1beta1", NULL),
	SAME("validatingadmissionpolicybindings.admissionregistration.k8s.io", "v1beta1", NULL),
	SAME("apiservices.apiregistration.k8s.io", "v1beta1", NULL),
	SAME("leases.coordination.k8s.io", "v1beta1", NULL),
	SAME("certificatesigningrequests.certificates.k8s.io", "v1beta1", convert_csr),
};

static const struct { const char *gr, *why; } dropped[] = {
	{ "podsecuritypolicies.policy", "Kubernetes 1.25 and later have no PodSecurityPolicy: label namespaces with the "
		"pod-security.kubernetes.io levels instead" },
	{ "podsecuritypolicies.extensions", "Kubernetes 1.25 and later have no PodSecurityPolicy: label namespaces with the "
		"pod-security.kubernetes.io levels instead" },
	{ "podpresets.settings.k8s.io", "Kubernetes 1.20 and later have no PodPreset: write its settings into the pods' "
		"templates" },
};

const struct conversion *
convert_find(struct str gr, struct str from)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (str_eqz(gr, table[i].gr) && str_eqz(from, table[i].from))
			return &table[i];
	return NULL;
}

/* "networking.k8s.io/" of "ingresses.networking.k8s.io"; "" of "pods". */
static char *
group_part(const char *gr)
{
	const char *dot = strchr(gr, '.');

	return dot != NULL ? xasprintf("%s/", dot + 1) : xstrdup("");
}

char *
convert_text(const struct conversion *cv)
{
	AUTO_FREE char *from = group_part(cv->gr);
	AUTO_FREE char *to = group_part(cv->to_gr);

	return xasprintf("apiVersion %s%s -> %s%s", from, cv->from, to, cv->to);
}

const struct conversion *
convert_at(size_t i)
{
	return i < COUNT(table) ? &table[i] : NULL;
}

const struct conversion *
convert_served(const struct discovery *d, struct str gr, struct str from, const struct api_resource **res)
{
	const struct conversion *cv = convert_find(gr, from);
	const struct api_resource *found;
	struct str to, resource;

	if (cv == NULL)
		return NULL;
	to = str_of(cv->to_gr);
	(void)str_split(&to, '.', &resource);
	{
		AUTO_FREE char *name = str_dup(resource);

		found = discovery_gvr(d, to.p, cv->to, name);
	}
	if (found == NULL)
		return NULL;
	if (res != NULL)
		*res = found;
	return cv;
}

const char *
convert_dropped(struct str gr)
{
	for (size_t i = 0; i < COUNT(dropped); i++)
		if (str_eqz(gr, dropped[i].gr))
			return dropped[i].why;
	return NULL;
}

void
convert_note(struct convert_run *run, const char *text)
{
	run->note(run->ctx, text);
}

void
convert_move(struct jnode *from, const char *key, struct jnode *to, const char *new_key)
{
	struct jnode *n = jnode_get(from, key);

	if (n == NULL)
		return;
	if (jnode_get(to, new_key) == NULL)
		(void)jnode_set_raw(to, new_key, jnode_raw(n));
	(void)jnode_del(from, key);
}

void
convert_default(struct jnode *obj, const char *key, struct str value)
{
	enum jtype t = jnode_type(jnode_get(obj, key));

	if (t == J_NONE || t == J_NULL)
		(void)jnode_set_raw(obj, key, value);
}

bool
convert_object(const struct conversion *cv, struct jnode *obj, convert_note_fn *note, void *ctx)
{
	struct convert_run run = { .note = note, .ctx = ctx };
	struct str group = str_of(cv->to_gr), resource;
	AUTO_FREE char *api_version = NULL;

	(void)str_split(&group, '.', &resource);
	api_version = xasprintf(STR_FMT "/%s", STR_ARG(group), cv->to);
	(void)jnode_set_text(obj, "apiVersion", str_of(api_version));
	if (cv->edit != NULL)
		cv->edit(&run, obj);
	return !run.dropped;
}
