/*
 * DESIGN
 *
 *   Tables in the shape of the objects: a row is a member, which holds other rows or is itself a reference.  Each level
 *   of an object is read once, whatever number of rows there is for it.
 */
#include "engine/needs.h"

#include "base/attr.h"
#include "base/mem.h"
#include "data/jscan.h"

#define CLAIMS      "persistentvolumeclaims"
#define VOLUMES     "persistentvolumes"
#define CLASSES     "storageclasses.storage.k8s.io"
#define PRIORITIES  "priorityclasses.scheduling.k8s.io"
#define DEFINITIONS "customresourcedefinitions.apiextensions.k8s.io"
#define REPLICAS_MAX 1000       /* claims of a stateful set that are told */

enum scope {
	HERE,                        /* the namespace of the object, unless ns names a member that says another */
	CLUSTER
};

struct ref {
	const char       *key;       /* member, or each element of one: "volumes[]" */
	const struct ref *in;        /* rows for the members of it */
	size_t            n;
	const char       *to;        /* gr of what it refers to; NULL with as: by apiVersion or apiGroup, and kind */
	const char       *as;        /* NULL: no reference */
	const char       *name;      /* the member of it with the name; NULL: it is the name */
	const char       *ns;        /* the member of it with the namespace */
	enum scope        scope;
	bool              velero;    /* NEEDS_VELERO, too: itself or something in it */
};
#define IN(table) .in = (table), .n = COUNT(table)

/* --- pods --- */

static const struct ref projected_refs[] = {
	{ "secret", .name = "name", .to = "secrets", .as = "volume" },
	{ "configMap", .name = "name", .to = "configmaps", .as = "volume" },
};

static const struct ref projected[] = { { "sources[]", IN(projected_refs) } };
static const struct ref node_publish[] = {
	{ "nodePublishSecretRef", .name = "name", .to = "secrets", .as = "nodePublishSecretRef" } };
static const struct ref secret_ref[] = { { "secretRef", .name = "name", .to = "secrets", .as = "volume" } };
static const struct ref secret_ref_ns[] = {
	{ "secretRef", .name = "name", .ns = "namespace", .to = "secrets", .as = "volume" } };
static const struct ref class_name[] = {
	{ "storageClassName", .to = CLASSES, .scope = CLUSTER, .as = "storageClassName" },
	{ "volumeAttributesClassName", .to = "volumeattributesclasses.storage.k8s.io", .scope = CLUSTER,
		.as = "volumeAttributesClassName" },
};
static const struct ref claim_spec[] = { { "spec", IN(class_name) } };
static const struct ref claim_template[] = { { "volumeClaimTemplate", IN(claim_spec) } };

static const struct ref volume_refs[] = {
	{ "persistentVolumeClaim", .name = "claimName", .to = CLAIMS, .as = "volume", .velero = true },
	{ "secret", .name = "secretName", .to = "secrets", .as = "volume" },
	{ "configMap", .name = "name", .to = "configmaps", .as = "volume" },
	{ "projected", IN(projected) },
	{ "ephemeral", IN(claim_template) },
	{ "csi", IN(node_publish) },
	{ "azureFile", .name = "secretName", .to = "secrets", .as = "volume" },
	{ "iscsi", IN(secret_ref) }, { "rbd", IN(secret_ref) }, { "cephfs", IN(secret_ref) },
	{ "cinder", IN(secret_ref) }, { "flexVolume", IN(secret_ref) }, { "scaleIO", IN(secret_ref) },
	{ "storageos", IN(secret_ref) },
};

static const struct ref env_from[] = {
	{ "configMapRef", .name = "name", .to = "configmaps", .as = "envFrom" },
	{ "secretRef", .name = "name", .to = "secrets", .as = "envFrom" },
};
static const struct ref value_from[] = {
	{ "configMapKeyRef", .name = "name", .to = "configmaps", .as = "env" },
	{ "secretKeyRef", .name = "name", .to = "secrets", .as = "env" },
};
static const struct ref env[] = { { "valueFrom", IN(value_from) } };
static const struct ref container[] = { { "envFrom[]", IN(env_from) }, { "env[]", IN(env) } };

static const struct ref pod_claim[] = {
	{ "resourceClaimName", .to = "resourceclaims.resource.k8s.io", .as = "resourceClaims" },
	{ "resourceClaimTemplateName", .to = "resourceclaimtemplates.resource.k8s.io", .as = "resourceClaims" },
};

static const struct ref pod_refs[] = {
	{ "priorityClassName", .to = PRIORITIES, .scope = CLUSTER, .as = "priorityClassName", .velero = true },
	{ "volumes[]", IN(volume_refs), .velero = true },
	{ "serviceAccountName", .to = "serviceaccounts", .as = "serviceAccountName" },
	{ "runtimeClassName", .to = "runtimeclasses.node.k8s.io", .scope = CLUSTER, .as = "runtimeClassName" },
	{ "imagePullSecrets[]", .name = "name", .to = "secrets", .as = "imagePullSecrets" },
	{ "containers[]", IN(container) }, { "initContainers[]", IN(container) }, { "ephemeralContainers[]", IN(container) },
	{ "resourceClaims[]", IN(pod_claim) },
};

static const struct ref pod[] = { { "spec", IN(pod_refs), .velero = true } };
static const struct ref pod_template[] = { { "template", IN(pod) } };
static const struct ref workload[] = { { "spec", IN(pod_template) } };
static const struct ref job_template[] = { { "jobTemplate", IN(workload) } };
static const struct ref cron_job[] = { { "spec", IN(job_template) } };

static const struct ref stateful_refs[] = {
	{ "template", IN(pod) },
	{ "serviceName", .to = "services", .as = "serviceName" },
	{ "volumeClaimTemplates[]", IN(claim_spec) },
};
static const struct ref stateful_set[] = { { "spec", IN(stateful_refs) } };

/* --- storage --- */

static const struct ref claim_refs[] = {
	/* Velero wants the claim to be bound; one that names its volume needs it before, too. */
	{ "volumeName", .to = VOLUMES, .scope = CLUSTER, .as = "volumeName", .velero = true },
	{ "storageClassName", .to = CLASSES, .scope = CLUSTER, .as = "storageClassName" },
	{ "volumeAttributesClassName", .to = "volumeattributesclasses.storage.k8s.io", .scope = CLUSTER,
		.as = "volumeAttributesClassName" },
};
static const struct ref claim[] = { { "spec", IN(claim_refs), .velero = true } };

#define CSI_SECRET(key) { key, .name = "name", .ns = "namespace", .to = "secrets", .as = key }
static const struct ref csi_secrets[] = {
	CSI_SECRET("controllerPublishSecretRef"), CSI_SECRET("controllerExpandSecretRef"), CSI_SECRET("nodeStageSecretRef"),
	CSI_SECRET("nodePublishSecretRef"), CSI_SECRET("nodeExpandSecretRef"),
};
static const struct ref pv_refs[] = {
	{ "storageClassName", .to = CLASSES, .scope = CLUSTER, .as = "storageClassName" },
	{ "csi", IN(csi_secrets) },
	{ "azureFile", .name = "secretName", .ns = "secretNamespace", .to = "secrets", .as = "volume" },
	{ "iscsi", IN(secret_ref_ns) }, { "rbd", IN(secret_ref_ns) }, { "cephfs", IN(secret_ref_ns) },
	{ "cinder", IN(secret_ref_ns) }, { "flexVolume", IN(secret_ref_ns) }, { "scaleIO", IN(secret_ref_ns) },
	{ "storageos", IN(secret_ref_ns) },
};
static const struct ref volume[] = { { "spec", IN(pv_refs) } };

#define CLASS_SECRET(what) { "parameters", .name = "csi.storage.k8s.io/" what "-secret-name", \
	.ns = "csi.storage.k8s.io/" what "-secret-namespace", .to = "secrets", .as = what "-secret" }
static const struct ref storage_class[] = {
	CLASS_SECRET("provisioner"), CLASS_SECRET("controller-publish"), CLASS_SECRET("controller-expand"),
	CLASS_SECRET("node-stage"), CLASS_SECRET("node-publish"), CLASS_SECRET("node-expand"),
};

/* --- network, rights, the API server's own --- */

static const struct ref backend[] = {
	{ "service", .name = "name", .to = "services", .as = "backend" },
	{ "serviceName", .to = "services", .as = "backend" },            /* networking.k8s.io/v1beta1 */
	{ "resource", .name = "name", .as = "backend" },
};
static const struct ref path_refs[] = { { "backend", IN(backend) } };
static const struct ref http[] = { { "paths[]", IN(path_refs) } };
static const struct ref rule[] = { { "http", IN(http) } };
static const struct ref ingress_refs[] = {
	{ "ingressClassName", .to = "ingressclasses.networking.k8s.io", .scope = CLUSTER, .as = "ingressClassName" },
	{ "tls[]", .name = "secretName", .to = "secrets", .as = "tls" },
	{ "defaultBackend", IN(backend) }, { "backend", IN(backend) },
	{ "rules[]", IN(rule) },
};
static const struct ref ingress_meta[] = {
	{ "annotations", .name = "kubernetes.io/ingress.class", .to = "ingressclasses.networking.k8s.io", .scope = CLUSTER,
		.as = "ingress.class" },
};
static const struct ref ingress[] = { { "spec", IN(ingress_refs) }, { "metadata", IN(ingress_meta) } };
static const struct ref class_parameters[] = {
	{ "parameters", .name = "name", .ns = "namespace", .as = "parameters" } };
static const struct ref ingress_class[] = { { "spec", IN(class_parameters) } };

static const struct ref account[] = {
	{ "secrets[]", .name = "name", .to = "secrets", .as = "secrets" },
	{ "imagePullSecrets[]", .name = "name", .to = "secrets", .as = "imagePullSecrets" },
};
static const struct ref binding[] = {
	{ "roleRef", .name = "name", .as = "roleRef" },
	{ "subjects[]", .name = "name", .ns = "namespace", .as = NEEDS_SUBJECT },
};

static const struct ref service[] = {
	{ "service", .name = "name", .ns = "namespace", .to = "services", .as = "service" } };
static const struct ref client[] = { { "clientConfig", IN(service) } };
static const struct ref webhooks[] = { { "webhooks[]", IN(client) } };
static const struct ref conversion[] = { { "webhook", IN(client) } };
static const struct ref definition_refs[] = { { "conversion", IN(conversion) } };
static const struct ref definition[] = { { "spec", IN(definition_refs) } };
static const struct ref api_service[] = { { "spec", IN(service) } };

static const struct ref scaler_refs[] = { { "scaleTargetRef", .name = "name", .as = "scaleTargetRef" } };
static const struct ref scaler[] = { { "spec", IN(scaler_refs) } };

#define ADMISSION(what) { "policyName", .to = what ".admissionregistration.k8s.io", .scope = CLUSTER, .as = "policyName" }
static const struct ref validating_refs[] = { ADMISSION("validatingadmissionpolicies") };
static const struct ref mutating_refs[] = { ADMISSION("mutatingadmissionpolicies") };
static const struct ref validating[] = { { "spec", IN(validating_refs) } };
static const struct ref mutating[] = { { "spec", IN(mutating_refs) } };

static const struct ref flow_subject[] = {
	{ "serviceAccount", .name = "name", .ns = "namespace", .to = "serviceaccounts", .as = NEEDS_SUBJECT } };
static const struct ref flow_rule[] = { { "subjects[]", IN(flow_subject) } };
static const struct ref flow_refs[] = {
	{ "priorityLevelConfiguration", .name = "name", .to = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
		.scope = CLUSTER, .as = "priorityLevelConfiguration" },
	{ "rules[]", IN(flow_rule) },
};
static const struct ref flow_schema[] = { { "spec", IN(flow_refs) } };

/* --- every object --- */

static const struct ref owners[] = { { "ownerReferences[]", .name = "name", .as = "owner" } };
static const struct ref common[] = { { "metadata", IN(owners) } };

static const struct type { const char *gr; const struct ref *in; size_t n; bool velero; } types[] = {
	{ "pods", IN(pod), .velero = true },
	{ CLAIMS, IN(claim), .velero = true },
	{ "podtemplates", IN(pod_template) },
	{ "replicationcontrollers", IN(workload) },
	{ "deployments.apps", IN(workload) },
	{ "replicasets.apps", IN(workload) },
	{ "daemonsets.apps", IN(workload) },
	{ "statefulsets.apps", IN(stateful_set) },
	{ "jobs.batch", IN(workload) },
	{ "cronjobs.batch", IN(cron_job) },
	{ VOLUMES, IN(volume) },
	{ CLASSES, IN(storage_class) },
	{ "ingresses.networking.k8s.io", IN(ingress) },
	{ "ingresses.extensions", IN(ingress) },
	{ "ingressclasses.networking.k8s.io", IN(ingress_class) },
	{ "serviceaccounts", IN(account) },
	{ "rolebindings.rbac.authorization.k8s.io", IN(binding) },
	{ "clusterrolebindings.rbac.authorization.k8s.io", IN(binding) },
	{ "mutatingwebhookconfigurations.admissionregistration.k8s.io", IN(webhooks) },
	{ "validatingwebhookconfigurations.admissionregistration.k8s.io", IN(webhooks) },
	{ "validatingadmissionpolicybindings.admissionregistration.k8s.io", IN(validating) },
	{ "mutatingadmissionpolicybindings.admissionregistration.k8s.io", IN(mutating) },
	{ DEFINITIONS, IN(definition) },
	{ "apiservices.apiregistration.k8s.io", IN(api_service) },
	{ "horizontalpodautoscalers.autoscaling", IN(scaler) },
	{ "flowschemas.flowcontrol.apiserver.k8s.io", IN(flow_schema) },
};

/* What every cluster makes by itself. */
static const struct { const char *gr, *name; } everywhere[] = {
	{ "serviceaccounts", "default" },
	{ "configmaps", "kube-root-ca.crt" },
	{ PRIORITIES, "system-cluster-critical" },
	{ PRIORITIES, "system-node-critical" },
};

/* --- walking --- */

struct walk {
	struct str        ns;        /* of the object */
	enum needs_level  level;
	needs_fn         *fn;
	void             *ctx;
};

static bool
is_everywhere(const struct need *n)
{
	for (size_t i = 0; i < COUNT(everywhere); i++)
		if (str_eqz(n->gr, everywhere[i].gr) && str_eqz(n->name, everywhere[i].name))
			return true;
	return str_eq(n->kind, S("ServiceAccount")) && n->group.len == 0 && str_eq(n->name, S("default"));
}

/* A name has no escapes and is no template ("${pvc.namespace}"); anything else is no name. */
static bool
plain_name(struct str raw, struct str *name)
{
	return jstr_plain(raw, name) && name->len > 0 && str_chr(*name, '$') == name->len;
}

static void
tell(const struct walk *w, const struct need *n)
{
	if (w->level == NEEDS_VELERO || !is_everywhere(n))
		w->fn(w->ctx, n);
}

/* The group of an apiVersion is what stands before its slash. */
static bool
read_kind(struct str obj, struct need *n)
{
	struct str raw, version;

	if (!jget(obj, "kind", &raw) || !jstr_plain(raw, &n->kind))
		return false;
	n->group = (struct str){ 0 };
	if (jget(obj, "apiGroup", &raw))
		return jtype(raw) == J_NULL || jstr_plain(raw, &n->group);
	if (!jget(obj, "apiVersion", &raw))
		return true;
	if (!jstr_plain(raw, &version))
		return false;
	if (str_chr(version, '/') < version.len)
		n->group = str_sub(version, 0, str_chr(version, '/'));
	return true;
}

static void
tell_ref(const struct walk *w, const struct ref *r, struct str val)
{
	struct need n = { .gr = str_of(r->to), .as = r->as };
	struct str raw = val;

	if (r->name != NULL && !jget(val, r->name, &raw))
		return;
	if (!plain_name(raw, &n.name) || (r->to == NULL && !read_kind(val, &n)))
		return;
	if (r->scope == HERE)
		n.ns = w->ns;
	if (r->ns != NULL && jget(val, r->ns, &raw) && jtype(raw) != J_NULL && !plain_name(raw, &n.ns))
		return;
	if (r->name != NULL && jget(val, "optional", &raw))
		(void)jbool(raw, &n.optional);
	tell(w, &n);
}

static void walk_members(const struct walk *w, const struct ref *refs, size_t n, struct str obj);

static void
walk_value(const struct walk *w, const struct ref *r, struct str val)
{
	if (r->as != NULL)
		tell_ref(w, r, val);
	else
		walk_members(w, r->in, r->n, val);
}

/* Is key that of the row, and is it a list of such? */
static bool
row_is(const struct ref *r, struct str key, bool *list)
{
	struct str want = str_of(r->key);

	*list = str_ends(want, S("[]"));
	return str_eq(key, *list ? str_sub(want, 0, want.len - 2) : want);
}

/* The tables are as deep as they are written: this ends. */
static void
walk_members(const struct walk *w, const struct ref *refs, size_t n, struct str obj)
{
	struct jiter it, elements;
	struct str key, val, element;
	bool list;

	if (!jiter_obj(&it, obj))
		return;
	while (jiter_next(&it, &key, &val)) {
		for (size_t i = 0; i < n; i++) {
			if ((w->level == NEEDS_VELERO && !refs[i].velero) || !row_is(&refs[i], key, &list))
				continue;
			if (!list)
				walk_value(w, &refs[i], val);
			else if (jiter_arr(&elements, val))
				while (jiter_next(&elements, NULL, &element))
					walk_value(w, &refs[i], element);
		}
	}
}

/* --- what is named by rule --- */

static int64_t
number_at(struct str json, const char *at, const char *member, int64_t otherwise)
{
	struct str raw;
	int64_t n;

	return (member != NULL ? jpath(json, &raw, "spec", at, member, NULL) : jpath(json, &raw, "spec", at, NULL))
		&& jint(raw, &n) && n >= 0 ? n : otherwise;
}

/* The claims of a stateful set are called TEMPLATE-SET-NUMBER; those that are not there are made. */
static void
tell_claims(const struct walk *w, struct str json)
{
	struct str templates, template, raw, set, name;
	int64_t first = number_at(json, "ordinals", "start", 0), replicas = number_at(json, "replicas", NULL, 1);
	struct jiter it;

	if (!jpath(json, &raw, "metadata", "name", NULL) || !plain_name(raw, &set)
	    || !jpath(json, &templates, "spec", "volumeClaimTemplates", NULL) || !jiter_arr(&it, templates))
		return;
	while (jiter_next(&it, NULL, &template)) {
		if (!jpath(template, &raw, "metadata", "name", NULL) || !plain_name(raw, &name))
			continue;
		for (int64_t i = 0; i < replicas && i < REPLICAS_MAX; i++) {
			AUTO_FREE char *claim_name = xasprintf(STR_FMT "-" STR_FMT "-%lld", STR_ARG(name), STR_ARG(set),
				(long long)(first + i));
			const struct need n = { .gr = S(CLAIMS), .ns = w->ns, .name = str_of(claim_name),
				.as = "volumeClaimTemplates", .optional = true };

			tell(w, &n);
		}
	}
}

/* The definition of a custom resource has its type's name (velero-format 3.6); a group of theirs has a dot.  Not every type
 * with such a group has one. */
static void
tell_definition(const struct walk *w, struct str gr)
{
	struct str group = str_sub(gr, str_chr(gr, '.') + 1, gr.len);
	const struct need n = { .gr = S(DEFINITIONS), .name = gr, .as = "definition", .optional = true };

	if (str_chr(group, '.') < group.len)
		tell(w, &n);
}

static const struct type *
find(struct str gr)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (str_eqz(gr, types[i].gr))
			return &types[i];
	return NULL;
}

bool
needs_any(struct str gr, enum needs_level level)
{
	const struct type *t = find(gr);

	return level == NEEDS_ALL || (t != NULL && t->velero);
}

void
needs_each(struct str gr, struct str ns, struct str json, enum needs_level level, needs_fn *fn, void *ctx)
{
	const struct walk w = { ns, level, fn, ctx };
	const struct type *t = find(gr);

	if (t != NULL && (level == NEEDS_ALL || t->velero))
		walk_members(&w, t->in, t->n, json);
	if (level != NEEDS_ALL)
		return;
	walk_members(&w, common, COUNT(common), json);
	if (str_eq(gr, S("statefulsets.apps")))
		tell_claims(&w, json);
	tell_definition(&w, gr);
}

bool
needs_resolve(struct need *n, const struct discovery *d)
{
	if (n->gr.len > 0)
		return true;
	for (size_t i = 0; i < d->all.len; i++) {
		const struct api_resource *r = &d->all.at[i];

		if (!str_eqz(n->group, r->group) || !str_eqz(n->kind, r->kind))
			continue;
		n->gr = str_of(r->gr);
		if (!r->namespaced)
			n->ns = (struct str){ 0 };
		return true;
	}
	return false;
}

/* --- bindings --- */

static bool
subject_is(struct str subject, needs_account_fn *fn, void *ctx)
{
	struct str raw, ns, name;

	return jget(subject, "kind", &raw) && jstr_eq(raw, S("ServiceAccount")) && jget(subject, "namespace", &raw)
		&& jstr_plain(raw, &ns) && jget(subject, "name", &raw) && jstr_plain(raw, &name) && fn(ctx, ns, name);
}

bool
needs_binding(struct str json, needs_account_fn *fn, void *ctx, struct str *role)
{
	struct str subjects, subject, ref, raw, name;
	struct jiter it;
	bool found = false;

	if (!jget(json, "subjects", &subjects) || !jiter_arr(&it, subjects))
		return false;
	while (!found && jiter_next(&it, NULL, &subject))
		found = subject_is(subject, fn, ctx);
	*role = (struct str){ 0 };
	if (found && jget(json, "roleRef", &ref) && jget(ref, "kind", &raw) && jstr_eq(raw, S("ClusterRole"))
	    && jget(ref, "name", &raw) && jstr_plain(raw, &name))
		*role = name;
	return found;
}
