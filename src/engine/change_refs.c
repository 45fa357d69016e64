/* Where objects name namespaces and hosts, and the maps of both. */
#include "engine/change_impl.h"

#include "base/mem.h"

#define NAMESPACE_LABEL "kubernetes.io/metadata.name"

enum what {
	WHAT_NAMESPACE,
	WHAT_SELECTOR,               /* of namespaces, which all have their name as a label */
	WHAT_ACCOUNT,                /* system:serviceaccount:NAMESPACE:NAME, system:serviceaccounts:NAMESPACE */
	WHAT_HOST,
};

/* path: members, and "*" for each member or element.  A leading "pod" is the pod of the object, or of its template. */
static const struct ref { const char *gr, *path; enum what what; } refs[] = {
	{ "clusterrolebindings.rbac.authorization.k8s.io", "subjects * namespace", WHAT_NAMESPACE },
	{ "clusterrolebindings.rbac.authorization.k8s.io", "subjects * name", WHAT_ACCOUNT },
	{ "rolebindings.rbac.authorization.k8s.io", "subjects * namespace", WHAT_NAMESPACE },
	{ "rolebindings.rbac.authorization.k8s.io", "subjects * name", WHAT_ACCOUNT },

	{ "persistentvolumes", "spec claimRef namespace", WHAT_NAMESPACE },
	{ "persistentvolumes", "spec csi * namespace", WHAT_NAMESPACE },         /* secrets for each of its operations */
	{ "persistentvolumes", "spec azureFile secretNamespace", WHAT_NAMESPACE },
	{ "persistentvolumes", "spec glusterfs endpointsNamespace", WHAT_NAMESPACE },
	{ "persistentvolumes", "spec * secretRef namespace", WHAT_NAMESPACE },
	{ "persistentvolumeclaims", "spec dataSourceRef namespace", WHAT_NAMESPACE },
	{ "storageclasses.storage.k8s.io", "parameters csi.storage.k8s.io/provisioner-secret-namespace", WHAT_NAMESPACE },
	{ "storageclasses.storage.k8s.io", "parameters csi.storage.k8s.io/controller-publish-secret-namespace", WHAT_NAMESPACE },
	{ "storageclasses.storage.k8s.io", "parameters csi.storage.k8s.io/node-stage-secret-namespace", WHAT_NAMESPACE },
	{ "storageclasses.storage.k8s.io", "parameters csi.storage.k8s.io/node-publish-secret-namespace", WHAT_NAMESPACE },
	{ "storageclasses.storage.k8s.io", "parameters csi.storage.k8s.io/controller-expand-secret-namespace", WHAT_NAMESPACE },
	{ "storageclasses.storage.k8s.io", "parameters csi.storage.k8s.io/node-expand-secret-namespace", WHAT_NAMESPACE },

	{ "mutatingwebhookconfigurations.admissionregistration.k8s.io", "webhooks * clientConfig service namespace", WHAT_NAMESPACE },
	{ "mutatingwebhookconfigurations.admissionregistration.k8s.io", "webhooks * namespaceSelector", WHAT_SELECTOR },
	{ "validatingwebhookconfigurations.admissionregistration.k8s.io", "webhooks * clientConfig service namespace", WHAT_NAMESPACE },
	{ "validatingwebhookconfigurations.admissionregistration.k8s.io", "webhooks * namespaceSelector", WHAT_SELECTOR },
	{ "validatingadmissionpolicies.admissionregistration.k8s.io", "spec matchConstraints namespaceSelector", WHAT_SELECTOR },
	{ "validatingadmissionpolicybindings.admissionregistration.k8s.io", "spec paramRef namespace", WHAT_NAMESPACE },
	{ "validatingadmissionpolicybindings.admissionregistration.k8s.io", "spec matchResources namespaceSelector", WHAT_SELECTOR },
	{ "customresourcedefinitions.apiextensions.k8s.io", "spec conversion webhook clientConfig service namespace", WHAT_NAMESPACE },
	{ "apiservices.apiregistration.k8s.io", "spec service namespace", WHAT_NAMESPACE },
	{ "flowschemas.flowcontrol.apiserver.k8s.io", "spec rules * subjects * serviceAccount namespace", WHAT_NAMESPACE },
	{ "flowschemas.flowcontrol.apiserver.k8s.io", "spec rules * resourceRules * namespaces *", WHAT_NAMESPACE },

	{ "networkpolicies.networking.k8s.io", "spec ingress * from * namespaceSelector", WHAT_SELECTOR },
	{ "networkpolicies.networking.k8s.io", "spec egress * to * namespaceSelector", WHAT_SELECTOR },
	{ "ingressclasses.networking.k8s.io", "spec parameters namespace", WHAT_NAMESPACE },
	{ "endpoints", "subsets * addresses * targetRef namespace", WHAT_NAMESPACE },
	{ "endpoints", "subsets * notReadyAddresses * targetRef namespace", WHAT_NAMESPACE },
	{ "endpointslices.discovery.k8s.io", "endpoints * targetRef namespace", WHAT_NAMESPACE },
	{ "gateways.gateway.networking.k8s.io", "spec listeners * tls certificateRefs * namespace", WHAT_NAMESPACE },
	{ "gateways.gateway.networking.k8s.io", "spec listeners * allowedRoutes namespaces selector", WHAT_SELECTOR },
	{ "httproutes.gateway.networking.k8s.io", "spec parentRefs * namespace", WHAT_NAMESPACE },
	{ "httproutes.gateway.networking.k8s.io", "spec rules * backendRefs * namespace", WHAT_NAMESPACE },
	{ "grpcroutes.gateway.networking.k8s.io", "spec parentRefs * namespace", WHAT_NAMESPACE },
	{ "grpcroutes.gateway.networking.k8s.io", "spec rules * backendRefs * namespace", WHAT_NAMESPACE },
	{ "referencegrants.gateway.networking.k8s.io", "spec from * namespace", WHAT_NAMESPACE },

	{ NULL, "pod affinity podAffinity * * namespaces *", WHAT_NAMESPACE },
	{ NULL, "pod affinity podAffinity * * namespaceSelector", WHAT_SELECTOR },
	{ NULL, "pod affinity podAffinity * * podAffinityTerm namespaces *", WHAT_NAMESPACE },
	{ NULL, "pod affinity podAffinity * * podAffinityTerm namespaceSelector", WHAT_SELECTOR },
	{ NULL, "pod affinity podAntiAffinity * * namespaces *", WHAT_NAMESPACE },
	{ NULL, "pod affinity podAntiAffinity * * namespaceSelector", WHAT_SELECTOR },
	{ NULL, "pod affinity podAntiAffinity * * podAffinityTerm namespaces *", WHAT_NAMESPACE },
	{ NULL, "pod affinity podAntiAffinity * * podAffinityTerm namespaceSelector", WHAT_SELECTOR },

	{ "ingresses.networking.k8s.io", "spec rules * host", WHAT_HOST },
	{ "ingresses.networking.k8s.io", "spec tls * hosts *", WHAT_HOST },
	{ "ingresses.extensions", "spec rules * host", WHAT_HOST },
	{ "ingresses.extensions", "spec tls * hosts *", WHAT_HOST },
	{ "gateways.gateway.networking.k8s.io", "spec listeners * hostname", WHAT_HOST },
	{ "httproutes.gateway.networking.k8s.io", "spec hostnames *", WHAT_HOST },
	{ "grpcroutes.gateway.networking.k8s.io", "spec hostnames *", WHAT_HOST },
	{ "tlsroutes.gateway.networking.k8s.io", "spec hostnames *", WHAT_HOST },
};

struct mapping {
	const struct change_item *it;
	struct name_map          *hosts;
	enum what                 what;
};

static void
map_namespace(const struct mapping *m, struct jnode *n)
{
	struct str old = jnode_text(n);
	const char *to;

	if (old.len == 0 || str_eq(old, S("*")))
		return;
	to = m->it->map_ns(m->it->ctx, old);
	if (!str_eqz(old, to))
		jnode_replace_text(n, str_of(to));
}

static void
map_selector(const struct mapping *m, struct jnode *selector)
{
	map_namespace(m, jnode_walk(selector, "matchLabels", NAMESPACE_LABEL, NULL));
	for (struct jnode *x = jnode_first(jnode_get(selector, "matchExpressions")); x != NULL; x = jnode_next(x))
		if (jnode_is_text(jnode_get(x, "key"), NAMESPACE_LABEL))
			for (struct jnode *v = jnode_first(jnode_get(x, "values")); v != NULL; v = jnode_next(v))
				map_namespace(m, v);
}

static void
map_account(const struct mapping *m, struct jnode *n)
{
	static const struct str one = { "system:serviceaccount:", 22 }, all = { "system:serviceaccounts:", 23 };
	struct str text = jnode_text(n), head = str_starts(text, one) ? one : all, rest, ns;
	AUTO_FREE char *changed = NULL;

	if (!str_starts(text, head))
		return;
	rest = str_sub(text, head.len, text.len);
	ns = str_sub(rest, 0, str_chr(rest, ':'));
	if (ns.len == 0)
		return;
	changed = xasprintf(STR_FMT "%s" STR_FMT, STR_ARG(head), m->it->map_ns(m->it->ctx, ns),
		STR_ARG(str_sub(rest, ns.len, rest.len)));
	if (!str_eqz(text, changed))
		jnode_replace_text(n, str_of(changed));
}

static void
map_host(const struct mapping *m, struct jnode *n)
{
	struct str old = jnode_text(n), to;

	if (old.len > 0 && name_map_get(m->hosts, old, m->it->arena, &to))
		jnode_replace_text(n, to);
}

static void
map_one(const struct mapping *m, struct jnode *n)
{
	switch (m->what) {
	case WHAT_NAMESPACE:
		map_namespace(m, n);
		break;
	case WHAT_SELECTOR:
		map_selector(m, n);
		break;
	case WHAT_ACCOUNT:
		map_account(m, n);
		break;
	case WHAT_HOST:
		map_host(m, n);
		break;
	}
}

/* Follows path from n; depth of recursion: parts of the path. */
static void
walk(const struct mapping *m, struct jnode *n, struct str path)
{
	struct str part;

	while (n != NULL && str_split(&path, ' ', &part)) {
		char key[80];

		if (str_eq(part, S("*"))) {
			for (struct jnode *c = jnode_first(n); c != NULL; c = jnode_next(c))
				walk(m, c, path);
			return;
		}
		str_copy(key, sizeof key, part);
		n = jnode_get(n, key);
	}
	if (n != NULL)
		map_one(m, n);
}

static bool
concerns(const struct ref *r, struct str gr)
{
	return r->gr != NULL ? str_eqz(gr, r->gr) : change_has_pod(gr);
}

bool
refs_concern(struct str gr, bool hosts)
{
	for (size_t i = 0; i < COUNT(refs); i++)
		if ((refs[i].what == WHAT_HOST) == hosts && concerns(&refs[i], gr))
			return true;
	return false;
}

void
refs_map(const struct change_item *it, struct name_map *hosts, struct jnode *obj)
{
	for (size_t i = 0; i < COUNT(refs); i++) {
		const struct ref *r = &refs[i];
		struct mapping m = { it, hosts, r->what };
		struct str path = str_of(r->path), pod;

		if ((r->what == WHAT_HOST) != (hosts != NULL) || !concerns(r, it->gr))
			continue;
		if (r->gr == NULL)
			(void)str_split(&path, ' ', &pod);
		walk(&m, r->gr == NULL ? change_pod(it->gr, obj) : obj, path);
	}
}
