/* Edits of single resource types: Velero's built-in restore item actions (velero-format 4.7, 4.8). */
#include "engine/scrub.h"

#include "base/mem.h"

/* --- pods --- */

static const char *const pod_container_lists[] = { "containers", "initContainers" };

/* The token volume that old clusters mounted by themselves: its secret is not restored under that name. */
static void
drop_token_volume(struct jnode *spec, struct str prefix)
{
	for (struct jnode *v = jnode_first(jnode_get(spec, "volumes")), *next; v != NULL; v = next) {
		struct str name = jnode_text(jnode_get(v, "name"));

		next = jnode_next(v);
		if (!str_starts(name, prefix))
			continue;
		for (size_t i = 0; i < COUNT(pod_container_lists); i++) {
			for (struct jnode *c = jnode_first(jnode_get(spec, pod_container_lists[i])); c != NULL;
			     c = jnode_next(c)) {
				for (struct jnode *m = jnode_first(jnode_get(c, "volumeMounts")), *n; m != NULL;
				     m = n) {
					n = jnode_next(m);
					if (str_eq(jnode_text(jnode_get(m, "name")), name))
						jnode_remove(m);
				}
			}
		}
		jnode_remove(v);
	}
}

/* Containers that earlier restores put in, to wait for data of volumes that nobody brings now. */
static void
drop_waiting(struct jnode *spec)
{
	for (struct jnode *c = jnode_first(jnode_get(spec, "initContainers")), *next; c != NULL; c = next) {
		struct jnode *name = jnode_get(c, "name");

		next = jnode_next(c);
		if (jnode_is_text(name, "restore-wait") || jnode_is_text(name, "restic-wait"))
			jnode_remove(c);
	}
}

int
scrub_pod(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	struct jnode *spec = jnode_get(obj, "spec");
	struct str account = jnode_text(jnode_get(spec, "serviceAccountName"));

	(void)verdict;
	(void)e;
	jnode_del(spec, "nodeName");
	jnode_del(spec, "priority");
	jnode_del(spec, "ephemeralContainers");  /* for debugging; the API server refuses them in a new pod */
	drop_waiting(spec);
	if (account.len > 0) {
		AUTO_FREE char *prefix = xasprintf(STR_FMT "-token-", STR_ARG(account));

		drop_token_volume(spec, arena_str(s->arena, str_of(prefix)));
	}
	return 0;
}

/* --- volumes and claims --- */

static const char *const claim_annotations[] = {
	"pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller",
	"volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner",
	"volume.kubernetes.io/selected-node", "velero.io/volume-snapshot-name", "velero.io/data-upload-name",
};

int
scrub_pvc(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	struct jnode *spec = jnode_get(obj, "spec");
	struct jnode *annotations = jnode_walk(obj, "metadata", "annotations", NULL);
	struct str volume = jnode_text(jnode_get(spec, "volumeName"));

	(void)verdict;
	(void)e;
	for (size_t i = 0; i < COUNT(claim_annotations); i++)
		jnode_del(annotations, claim_annotations[i]);
	if (volume.len == 0)
		return 0;
	/* A bound claim has its volume; what it was once made from must not be made again (velero-format 3.6). */
	jnode_del(spec, "dataSource");
	jnode_del(spec, "dataSourceRef");
	if (s->provisioned_anew(s->ctx, volume))
		jnode_del(spec, "volumeName");
	return 0;
}

int
scrub_pv(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	struct jnode *annotations = jnode_walk(obj, "metadata", "annotations", NULL);
	struct jnode *claim = jnode_walk(obj, "spec", "claimRef", NULL);

	(void)s;
	(void)verdict;
	(void)e;
	jnode_del(annotations, "pv.kubernetes.io/bind-completed");
	jnode_del(annotations, "pv.kubernetes.io/bound-by-controller");
	jnode_del(claim, "uid");
	jnode_del(claim, "resourceVersion");
	return 0;
}

/* --- services --- */

/* Whether field managers or the last applied configuration say that the user chose this node port. */
struct port_choice {
	struct jnode *applied;       /* last-applied object, NULL: none */
	struct jnode *managed;       /* metadata.managedFields */
};

static bool
same_port(struct jnode *a, struct jnode *b)
{
	struct str name = jnode_text(jnode_get(a, "name"));
	int64_t pa = 0, pb = 0;

	if (name.len > 0)
		return str_eq(name, jnode_text(jnode_get(b, "name")));
	return jnode_int(jnode_get(a, "port"), &pa) && jnode_int(jnode_get(b, "port"), &pb) && pa == pb;
}

static bool
port_chosen(const struct port_choice *c, struct jnode *port)
{
	AUTO_FREE char *key = NULL;
	struct str protocol = jnode_text(jnode_get(port, "protocol"));
	int64_t number = 0;

	if (c->applied != NULL) {
		for (struct jnode *p = jnode_first(jnode_walk(c->applied, "spec", "ports", NULL)); p != NULL;
		     p = jnode_next(p)) {
			int64_t chosen = 0;

			if (same_port(port, p) && jnode_int(jnode_get(p, "nodePort"), &chosen) && chosen != 0)
				return true;
		}
		return false;
	}
	if (!jnode_int(jnode_get(port, "port"), &number))
		return false;
	key = xasprintf("k:{\"port\":%lld,\"protocol\":\"" STR_FMT "\"}", (long long)number, STR_ARG(protocol));
	for (struct jnode *m = jnode_first(c->managed); m != NULL; m = jnode_next(m))
		if (jnode_walk(m, "fieldsV1", "f:spec", "f:ports", key, "f:nodePort", NULL) != NULL)
			return true;
	return false;
}

static bool
health_port_chosen(const struct port_choice *c)
{
	int64_t chosen = 0;

	if (c->applied != NULL)
		return jnode_int(jnode_walk(c->applied, "spec", "healthCheckNodePort", NULL), &chosen) && chosen != 0;
	for (struct jnode *m = jnode_first(c->managed); m != NULL; m = jnode_next(m))
		if (jnode_walk(m, "fieldsV1", "f:spec", "f:healthCheckNodePort", NULL) != NULL)
			return true;
	return false;
}

int
scrub_service(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	struct jnode *spec = jnode_get(obj, "spec");
	struct str applied = jnode_text(jnode_walk(obj, "metadata", "annotations",
		"kubectl.kubernetes.io/last-applied-configuration", NULL));
	struct port_choice choice = { .managed = jnode_walk(obj, "metadata", "managedFields", NULL) };

	(void)verdict;
	if (!jnode_is_text(jnode_get(spec, "clusterIP"), "None")) {
		jnode_del(spec, "clusterIP");
		jnode_del(spec, "clusterIPs");
	}
	if (s->preserve_node_ports || jnode_is_text(jnode_get(spec, "type"), "ExternalName"))
		return 0;
	if (applied.len > 0) {
		if (json_check(applied, e) < 0)
			return err_ctx(e, "annotation kubectl.kubernetes.io/last-applied-configuration");
		choice.applied = jnode_open(s->arena, applied);
	}
	for (struct jnode *p = jnode_first(jnode_get(spec, "ports")); p != NULL; p = jnode_next(p))
		if (!port_chosen(&choice, p))
			jnode_del(p, "nodePort");
	if (!health_port_chosen(&choice))
		jnode_del(spec, "healthCheckNodePort");
	return 0;
}

/* --- accounts, secrets, access --- */

int
scrub_service_account(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	AUTO_FREE char *prefix = xasprintf(STR_FMT "-token-", STR_ARG(s->name));
	struct jnode *last = NULL;

	(void)verdict;
	(void)e;
	for (struct jnode *r = jnode_first(jnode_get(obj, "secrets")); r != NULL; r = jnode_next(r))
		if (str_starts(jnode_text(jnode_get(r, "name")), str_of(prefix)))
			last = r;
	if (last != NULL)
		jnode_remove(last);
	return 0;
}

int
scrub_secret(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	AUTO_FREE char *prefix = NULL;
	struct jnode *annotations = jnode_walk(obj, "metadata", "annotations", NULL);
	struct str account = jnode_text(jnode_get(annotations, "kubernetes.io/service-account.name"));

	(void)e;
	if (!jnode_is_text(jnode_get(obj, "type"), "kubernetes.io/service-account-token"))
		return 0;
	prefix = xasprintf(STR_FMT "-token-", STR_ARG(account));
	if (account.len > 0 && s->target_ns != NULL && str_starts(s->name, str_of(prefix))
	    && s->account_exists(s->ctx, s->target_ns, account)) {
		*verdict = SCRUB_SKIP;           /* the account in the target has a token of its own */
		return 0;
	}
	jnode_del(annotations, "kubernetes.io/service-account.uid");
	jnode_del(jnode_get(obj, "data"), "token");
	jnode_del(jnode_get(obj, "data"), "ca.crt");
	return 0;
}

/* --- the rest --- */

int
scrub_job(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	struct jnode *selector = jnode_walk(obj, "spec", "selector", "matchLabels", NULL);
	struct jnode *labels = jnode_walk(obj, "spec", "template", "metadata", "labels", NULL);

	(void)s;
	(void)verdict;
	(void)e;
	jnode_del(selector, "controller-uid");
	jnode_del(selector, "batch.kubernetes.io/controller-uid");
	jnode_del(labels, "controller-uid");
	jnode_del(labels, "batch.kubernetes.io/controller-uid");
	return 0;
}

int
scrub_webhooks(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	(void)s;
	(void)verdict;
	(void)e;
	if (!jnode_is_text(jnode_get(obj, "apiVersion"), "admissionregistration.k8s.io/v1"))
		return 0;
	for (struct jnode *w = jnode_first(jnode_get(obj, "webhooks")); w != NULL; w = jnode_next(w)) {
		struct jnode *effects = jnode_get(w, "sideEffects");

		if (!jnode_is_text(effects, "None") && !jnode_is_text(effects, "NoneOnDryRun"))
			jnode_set_text(w, "sideEffects", S("None"));
	}
	return 0;
}

int
scrub_crd(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	struct jnode *spec = jnode_get(obj, "spec");

	(void)s;
	(void)verdict;
	(void)e;
	if (!jnode_is_text(jnode_get(obj, "apiVersion"), "apiextensions.k8s.io/v1")
	    || !jnode_true(jnode_get(spec, "preserveUnknownFields")))
		return 0;
	jnode_set_bool(spec, "preserveUnknownFields", false);
	for (struct jnode *v = jnode_first(jnode_get(spec, "versions")); v != NULL; v = jnode_next(v)) {
		struct jnode *schema = jnode_walk(v, "schema", "openAPIV3Schema", NULL);

		if (schema != NULL)
			jnode_set_bool(schema, "x-kubernetes-preserve-unknown-fields", true);
	}
	return 0;
}

int
scrub_api_service(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	(void)s;
	(void)e;
	if (jnode_walk(obj, "metadata", "labels", "kube-aggregator.kubernetes.io/automanaged", NULL) != NULL)
		*verdict = SCRUB_SKIP;           /* the API server keeps these itself */
	return 0;
}

int
scrub_ip_address(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	(void)s;
	(void)e;
	/* Allocated with a service, which gets a new address: the old one would be occupied by nobody. */
	if (jnode_is_text(jnode_walk(obj, "metadata", "labels", "ipaddress.kubernetes.io/managed-by", NULL),
		    "ipallocator.k8s.io"))
		*verdict = SCRUB_SKIP;
	return 0;
}

int
scrub_signing_request(const struct scrub *s, struct jnode *obj, enum scrub_verdict *verdict, struct err *e)
{
	static const char *const requester[] = { "username", "uid", "groups", "extra" };

	(void)s;
	(void)verdict;
	(void)e;
	/* Who asks is set by the API server, to whoever sends it. */
	for (size_t i = 0; i < COUNT(requester); i++)
		jnode_del(jnode_get(obj, "spec"), requester[i]);
	return 0;
}
