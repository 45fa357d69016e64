/* The edits that turn objects of old API versions into their newer form.  What is stored was read from an API server, so
 * that the old version's defaults stand in it; they are set here only where the new version's differ in effect. */
#include "engine/convert_impl.h"

#include "base/attr.h"

/* --- apps --- */

void
convert_workload(struct convert_run *run, struct jnode *obj)
{
	struct jnode *spec = jnode_get(obj, "spec");
	struct jnode *labels = jnode_walk(spec, "template", "metadata", "labels", NULL);

	(void)run;
	(void)jnode_del(spec, "rollbackTo");
	(void)jnode_del(spec, "templateGeneration");
	/* Old versions took it from the template; the new one demands it. */
	if (jnode_first(labels) != NULL && jnode_first(jnode_get(spec, "selector")) == NULL) {
		struct jnode *selector = jnode_set_raw(spec, "selector", S("{}"));

		(void)jnode_set_raw(selector, "matchLabels", jnode_raw(labels));
	}
}

/* --- networking --- */

static void
ingress_backend(struct jnode *b)
{
	struct jnode *name = jnode_get(b, "serviceName"), *port = jnode_get(b, "servicePort");
	struct jnode *service;

	if (name == NULL && port == NULL)
		return;                  /* a resource, or the new form already */
	service = jnode_need_obj(b, "service");
	convert_move(b, "serviceName", service, "name");
	if (jnode_type(port) == J_STR && jnode_text(port).len > 0)
		(void)jnode_set_raw(jnode_need_obj(service, "port"), "name", jnode_raw(port));
	else if (jnode_type(port) == J_NUM)
		(void)jnode_set_raw(jnode_need_obj(service, "port"), "number", jnode_raw(port));
	(void)jnode_del(b, "servicePort");
}

void
convert_ingress(struct convert_run *run, struct jnode *obj)
{
	struct jnode *spec = jnode_get(obj, "spec");

	(void)run;
	convert_move(spec, "backend", spec, "defaultBackend");
	ingress_backend(jnode_get(spec, "defaultBackend"));
	for (struct jnode *r = jnode_first(jnode_get(spec, "rules")); r != NULL; r = jnode_next(r)) {
		for (struct jnode *p = jnode_first(jnode_walk(r, "http", "paths", NULL)); p != NULL; p = jnode_next(p)) {
			convert_default(p, "pathType", S("\"ImplementationSpecific\""));
			ingress_backend(jnode_get(p, "backend"));
		}
	}
}

void
convert_ingress_class(struct convert_run *run, struct jnode *obj)
{
	(void)run;
	convert_default(jnode_walk(obj, "spec", "parameters", NULL), "scope", S("\"Cluster\""));
}

void
convert_endpoint_slice(struct convert_run *run, struct jnode *obj)
{
	(void)run;
	if (jnode_is_text(jnode_get(obj, "addressType"), "IP"))
		(void)jnode_set_text(obj, "addressType", S("IPv4"));
	for (struct jnode *p = jnode_first(jnode_get(obj, "endpoints")); p != NULL; p = jnode_next(p)) {
		struct jnode *topology = jnode_get(p, "topology");

		convert_move(topology, "kubernetes.io/hostname", p, "nodeName");
		convert_move(topology, "topology.kubernetes.io/zone", p, "zone");
		/* The rest would be deprecatedTopology, which the new version shows but does not take. */
		(void)jnode_del(p, "topology");
	}
}

/* --- policy --- */

void
convert_pdb(struct convert_run *run, struct jnode *obj)
{
	struct jnode *spec = jnode_get(obj, "spec"), *selector = jnode_get(spec, "selector");

	if (jnode_type(selector) != J_OBJ || jnode_first(jnode_get(selector, "matchLabels")) != NULL
	    || jnode_first(jnode_get(selector, "matchExpressions")) != NULL)
		return;
	/* An empty selector chose nothing and now chooses everything; none at all chooses nothing. */
	(void)jnode_del(spec, "selector");
	convert_note(run, "its empty selector was taken out: it protects no pod, as in policy/v1beta1; in policy/v1 an empty "
		"selector means all pods of the namespace");
}

/* --- flow control --- */

#define KEEP_ZERO "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"

void
convert_priority_level(struct convert_run *run, struct jnode *obj)
{
	struct jnode *limited = jnode_walk(obj, "spec", "limited", NULL);
	struct jnode *annotations = jnode_walk(obj, "metadata", "annotations", NULL);
	int64_t shares;

	(void)run;
	convert_move(limited, "assuredConcurrencyShares", limited, "nominalConcurrencyShares");
	/* Zero meant the default. */
	if (jnode_int(jnode_get(limited, "nominalConcurrencyShares"), &shares) && shares == 0
	    && jnode_get(annotations, KEEP_ZERO) == NULL)
		(void)jnode_del(limited, "nominalConcurrencyShares");
	(void)jnode_del(annotations, KEEP_ZERO);
}

/* --- node --- */

void
convert_runtime_class(struct convert_run *run, struct jnode *obj)
{
	struct jnode *spec = jnode_get(obj, "spec");

	(void)run;
	convert_move(spec, "runtimeHandler", obj, "handler");
	convert_move(spec, "overhead", obj, "overhead");
	convert_move(spec, "scheduling", obj, "scheduling");
	(void)jnode_del(obj, "spec");
}

/* --- admission --- */

void
convert_webhooks(struct convert_run *run, struct jnode *obj)
{
	static const struct { const char *key; struct str value; } defaults[] = {
		{ "failurePolicy", { "\"Ignore\"", 8 } }, { "matchPolicy", { "\"Exact\"", 7 } }, { "timeoutSeconds", { "30", 2 } },
		{ "admissionReviewVersions", { "[\"v1beta1\"]", 11 } },
	};
	bool unknown = false;

	for (struct jnode *w = jnode_first(jnode_get(obj, "webhooks")); w != NULL; w = jnode_next(w)) {
		struct jnode *effects = jnode_get(w, "sideEffects");

		for (size_t i = 0; i < COUNT(defaults); i++)
			convert_default(w, defaults[i].key, defaults[i].value);
		if (jnode_is_text(effects, "None") || jnode_is_text(effects, "NoneOnDryRun"))
			continue;
		(void)jnode_set_text(w, "sideEffects", S("None"));
		unknown = true;
	}
	if (unknown)
		convert_note(run, "sideEffects is None now, which it did not promise: the new version knows None and NoneOnDryRun "
			"only, and calls it in dry runs, too");
}

/* --- certificates --- */

void
convert_csr(struct convert_run *run, struct jnode *obj)
{
	struct str signer = jnode_text(jnode_walk(obj, "spec", "signerName", NULL));

	if (signer.len > 0 && !str_eq(signer, S("kubernetes.io/legacy-unknown")))
		return;
	run->dropped = true;
	convert_note(run, "certificates.k8s.io/v1 has no signer kubernetes.io/legacy-unknown: request the certificate anew");
}
