/* What objects need: Velero's items, and everything that they refer to. */
#include "engine/needs.h"

#include "base/buf.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
note(void *ctx, const struct need *n)
{
	struct buf *out = ctx;

	buf_putf(out, STR_FMT "/" STR_FMT "/" STR_FMT ";", STR_ARG(n->gr), STR_ARG(n->ns), STR_ARG(n->name));
}

static void
each_object_names_what_it_needs(void **state)
{
	static const struct { const char *gr, *json, *want; } rows[] = {
		{ "pods", "{\"spec\":{\"priorityClassName\":\"high\",\"volumes\":[{\"name\":\"a\",\"persistentVolumeClaim\":"
			"{\"claimName\":\"data\"}},{\"name\":\"b\",\"emptyDir\":{}}]}}",
			"priorityclasses.scheduling.k8s.io//high;persistentvolumeclaims/shop/data;" },
		{ "pods", "{\"spec\":{\"volumes\":null}}", "" },
		{ "pods", "{\"metadata\":{}}", "" },
		{ "persistentvolumeclaims", "{\"spec\":{\"volumeName\":\"pv-1\"},\"status\":{\"phase\":\"Bound\"}}",
			"persistentvolumes//pv-1;" },
		{ "persistentvolumeclaims", "{\"spec\":{\"volumeName\":\"pv-1\"}}", "persistentvolumes//pv-1;" },
		{ "persistentvolumeclaims", "{\"spec\":{\"volumeName\":\"\"}}", "" },
		{ "persistentvolumeclaims", "{\"spec\":{\"volumeName\":7}}", "" },
		{ "configmaps", "{\"spec\":{\"volumeName\":\"pv-1\"}}", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(LIMIT_TAR_NAME);

		needs_each(str_of(rows[i].gr), S("shop"), str_of(rows[i].json), NEEDS_VELERO, note, &out);
		if (strcmp(buf_cstr(&out), rows[i].want) != 0)
			fail_msg("%s %s: '%s'", rows[i].gr, rows[i].json, buf_cstr(&out));
	}
}

/* As above, with what for; kinds as "group kind", optional ones in brackets. */
static void
note_all(void *ctx, const struct need *n)
{
	struct buf *out = ctx;
	bool by_kind = n->gr.len == 0;

	buf_putf(out, "%s" STR_FMT "%s" STR_FMT "/" STR_FMT "/" STR_FMT "=%s%s;", n->optional ? "[" : "",
		STR_ARG(by_kind ? n->group : n->gr), by_kind ? " " : "", STR_ARG(n->kind), STR_ARG(n->ns), STR_ARG(n->name),
		n->as, n->optional ? "]" : "");
}

#define DEFINITION(gr) "[customresourcedefinitions.apiextensions.k8s.io//" gr "=definition];"
#define POD(spec) "{\"spec\":{" spec "}}"
#define TEMPLATE(spec) "{\"spec\":{\"template\":" POD(spec) "}}"
#define ENV_FROM "\"containers\":[{},{\"envFrom\":[{\"secretRef\":{\"name\":\"s\"}}]}]"

static void
all_references_are_known(void **state)
{
	static const struct { const char *gr, *json, *want; } rows[] = {
		{ "pods", POD(ENV_FROM), "secrets/shop/s=envFrom;" },
		{ "deployments.apps", TEMPLATE(ENV_FROM), "secrets/shop/s=envFrom;" },
		{ "daemonsets.apps", TEMPLATE(ENV_FROM), "secrets/shop/s=envFrom;" },
		{ "replicasets.apps", TEMPLATE(ENV_FROM), "secrets/shop/s=envFrom;" },
		{ "statefulsets.apps", TEMPLATE(ENV_FROM), "secrets/shop/s=envFrom;" },
		{ "jobs.batch", TEMPLATE(ENV_FROM), "secrets/shop/s=envFrom;" },
		{ "replicationcontrollers", TEMPLATE(ENV_FROM), "secrets/shop/s=envFrom;" },
		{ "podtemplates", "{\"template\":" POD(ENV_FROM) "}", "secrets/shop/s=envFrom;" },
		{ "cronjobs.batch", "{\"spec\":{\"jobTemplate\":" TEMPLATE(ENV_FROM) "}}", "secrets/shop/s=envFrom;" },
		{ "pods", POD("\"initContainers\":[{\"env\":[{\"name\":\"A\",\"value\":\"b\"},{\"valueFrom\":{\"configMapKeyRef\":"
			"{\"name\":\"c\",\"key\":\"k\",\"optional\":true}}},{\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\"}}}]}]"),
			"[configmaps/shop/c=env];secrets/shop/s=env;" },
		{ "pods", POD("\"serviceAccountName\":\"runner\",\"serviceAccount\":\"runner\",\"runtimeClassName\":\"sealed\","
			"\"priorityClassName\":\"high\",\"imagePullSecrets\":[{\"name\":\"pull\"}]"),
			"serviceaccounts/shop/runner=serviceAccountName;runtimeclasses.node.k8s.io//sealed=runtimeClassName;"
			"priorityclasses.scheduling.k8s.io//high=priorityClassName;secrets/shop/pull=imagePullSecrets;" },
		/* what every cluster has */
		{ "pods", POD("\"serviceAccountName\":\"default\",\"priorityClassName\":\"system-node-critical\",\"volumes\":[{"
			"\"projected\":{\"sources\":[{\"configMap\":{\"name\":\"kube-root-ca.crt\"}}]}}]"), "" },
		{ "pods", POD("\"volumes\":[{\"secret\":{\"secretName\":\"a\",\"optional\":true}},{\"configMap\":{\"name\":\"b\"}},"
			"{\"projected\":{\"sources\":[{\"secret\":{\"name\":\"c\"}},{\"configMap\":{\"name\":\"d\"}}]}},"
			"{\"csi\":{\"nodePublishSecretRef\":{\"name\":\"e\"}}},{\"rbd\":{\"secretRef\":{\"name\":\"f\"}}},"
			"{\"ephemeral\":{\"volumeClaimTemplate\":{\"spec\":{\"storageClassName\":\"fast\"}}}}]"),
			"[secrets/shop/a=volume];configmaps/shop/b=volume;secrets/shop/c=volume;configmaps/shop/d=volume;"
			"secrets/shop/e=nodePublishSecretRef;secrets/shop/f=volume;storageclasses.storage.k8s.io//fast=storageClassName;" },
		{ "persistentvolumeclaims", "{\"spec\":{\"storageClassName\":\"fast\",\"volumeName\":\"pv\"}}",
			"storageclasses.storage.k8s.io//fast=storageClassName;persistentvolumes//pv=volumeName;" },
		{ "persistentvolumes", "{\"spec\":{\"csi\":{\"nodeStageSecretRef\":{\"name\":\"s\",\"namespace\":\"kube\"}},"
			"\"storageClassName\":\"\"}}", "secrets/kube/s=nodeStageSecretRef;" },
		{ "storageclasses.storage.k8s.io", "{\"parameters\":{\"csi.storage.k8s.io/provisioner-secret-name\":\"s\","
			"\"csi.storage.k8s.io/provisioner-secret-namespace\":\"kube\",\"csi.storage.k8s.io/node-stage-secret-name\":"
			"\"${pvc.name}\",\"csi.storage.k8s.io/node-stage-secret-namespace\":\"kube\"}}",
			"secrets/kube/s=provisioner-secret;" DEFINITION("storageclasses.storage.k8s.io") },
		{ "statefulsets.apps", "{\"metadata\":{\"name\":\"db\"},\"spec\":{\"serviceName\":\"db\",\"replicas\":2,\"ordinals\":"
			"{\"start\":3},\"volumeClaimTemplates\":[{\"metadata\":{\"name\":\"store\"},\"spec\":{}}]}}",
			"services/shop/db=serviceName;[persistentvolumeclaims/shop/store-db-3=volumeClaimTemplates];"
			"[persistentvolumeclaims/shop/store-db-4=volumeClaimTemplates];" },
		{ "ingresses.networking.k8s.io", "{\"spec\":{\"ingressClassName\":\"outer\",\"tls\":[{\"secretName\":\"t\"},{}],"
			"\"defaultBackend\":{\"resource\":{\"apiGroup\":\"example.com\",\"kind\":\"Bucket\",\"name\":\"b\"}},\"rules\":[{"
			"\"http\":{\"paths\":[{\"backend\":{\"service\":{\"name\":\"web\"}}}]}}]}}",
			"ingressclasses.networking.k8s.io//outer=ingressClassName;secrets/shop/t=tls;example.com Bucket/shop/b=backend;"
			"services/shop/web=backend;" DEFINITION("ingresses.networking.k8s.io") },
		{ "validatingwebhookconfigurations.admissionregistration.k8s.io", "{\"webhooks\":[{\"clientConfig\":{\"service\":"
			"{\"name\":\"hook\",\"namespace\":\"guard\"}}},{\"clientConfig\":{\"url\":\"https://a\"}}]}",
			"services/guard/hook=service;" DEFINITION("validatingwebhookconfigurations.admissionregistration.k8s.io") },
		{ "apiservices.apiregistration.k8s.io", "{\"spec\":{\"service\":{\"name\":\"api\",\"namespace\":\"x\"}}}",
			"services/x/api=service;" DEFINITION("apiservices.apiregistration.k8s.io") },
		{ "customresourcedefinitions.apiextensions.k8s.io", "{\"spec\":{\"conversion\":{\"webhook\":{\"clientConfig\":{\"service\":"
			"{\"name\":\"c\",\"namespace\":\"x\"}}}}}}",
			"services/x/c=service;" DEFINITION("customresourcedefinitions.apiextensions.k8s.io") },
		{ "rolebindings.rbac.authorization.k8s.io", "{\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\","
			"\"name\":\"r\"},\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"a\",\"namespace\":\"x\"},{\"kind\":"
			"\"ServiceAccount\",\"name\":\"default\",\"namespace\":\"x\"}]}",
			"rbac.authorization.k8s.io Role/shop/r=roleRef; ServiceAccount/x/a=subject;"
			DEFINITION("rolebindings.rbac.authorization.k8s.io") },
		{ "serviceaccounts", "{\"secrets\":[{\"name\":\"a\"}],\"imagePullSecrets\":[{\"name\":\"b\"}]}",
			"secrets/shop/a=secrets;secrets/shop/b=imagePullSecrets;" },
		{ "horizontalpodautoscalers.autoscaling", "{\"spec\":{\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":"
			"\"Deployment\",\"name\":\"web\"}}}", "apps Deployment/shop/web=scaleTargetRef;" },
		{ "configmaps", "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"example.com/v1\",\"kind\":\"App\",\"name\":\"web\"},"
			"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\"}]}}", "example.com App/shop/web=owner; Pod/shop/p=owner;" },
		{ "apps.example.com", "{}", DEFINITION("apps.example.com") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(LIMIT_TAR_NAME);

		needs_each(str_of(rows[i].gr), S("shop"), str_of(rows[i].json), NEEDS_ALL, note_all, &out);
		if (strcmp(buf_cstr(&out), rows[i].want) != 0)
			fail_msg("%s %s: '%s'", rows[i].gr, rows[i].json, buf_cstr(&out));
	}
}

static void
only_pods_and_claims_are_asked(void **state)
{
	(void)state;
	assert_true(needs_any(S("pods"), NEEDS_VELERO));
	assert_true(needs_any(S("persistentvolumeclaims"), NEEDS_VELERO));
	assert_false(needs_any(S("pods.metrics.k8s.io"), NEEDS_VELERO));
	assert_false(needs_any(S(""), NEEDS_VELERO));
}

static void
kinds_become_types(void **state)
{
	struct api_resource all[] = {
		{ .group = (char[]){ "apps" }, .kind = (char[]){ "Deployment" }, .gr = (char[]){ "deployments.apps" }, .namespaced = true },
		{ .group = (char[]){ "" }, .kind = (char[]){ "Node" }, .gr = (char[]){ "nodes" } },
	};
	const struct discovery d = { .all = { all, COUNT(all), COUNT(all) } };
	struct need by_gr = { .gr = S("secrets"), .ns = S("shop") }, deployment = { .group = S("apps"), .kind = S("Deployment"), .ns = S("shop") };
	struct need node = { .kind = S("Node"), .ns = S("shop") }, other = { .group = S("apps"), .kind = S("Node") };

	(void)state;
	assert_true(needs_resolve(&by_gr, &d) && str_eq(by_gr.gr, S("secrets")) && str_eq(by_gr.ns, S("shop")));
	assert_true(needs_resolve(&deployment, &d) && str_eq(deployment.gr, S("deployments.apps")) && deployment.ns.len > 0);
	assert_true(needs_resolve(&node, &d) && str_eq(node.gr, S("nodes")) && node.ns.len == 0);
	assert_false(needs_resolve(&other, &d));
}

static bool
is_runner(void *ctx, struct str ns, struct str name)
{
	unsigned *asked = ctx;

	++*asked;
	return str_eq(ns, S("shop")) && str_eq(name, S("runner"));
}

#define BINDING(subjects, role) "{\"roleRef\":{\"kind\":\"" role "\",\"name\":\"run\"},\"subjects\":" subjects "}"
#define ACCOUNT(ns, name) "{\"kind\":\"ServiceAccount\",\"name\":\"" name "\",\"namespace\":\"" ns "\"}"

static void
a_binding_is_needed_by_the_accounts_it_names(void **state)
{
	static const struct { const char *json; bool needed; const char *role; unsigned asked; } rows[] = {
		{ BINDING("[" ACCOUNT("shop", "runner") "]", "ClusterRole"), true, "run", 1 },
		{ BINDING("[" ACCOUNT("shop", "other") "," ACCOUNT("shop", "runner") "," ACCOUNT("a", "b") "]", "ClusterRole"),
			true, "run", 2 },
		{ BINDING("[" ACCOUNT("data", "runner") "]", "ClusterRole"), false, "", 1 },
		{ BINDING("[{\"kind\":\"User\",\"name\":\"runner\",\"namespace\":\"shop\"}]", "ClusterRole"), false, "", 0 },
		{ BINDING("[{\"kind\":\"ServiceAccount\",\"name\":\"runner\"}]", "ClusterRole"), false, "", 0 },
		{ BINDING("[" ACCOUNT("shop", "runner") "]", "Role"), true, "", 1 },
		{ BINDING("null", "ClusterRole"), false, "", 0 },
		{ "{}", false, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str role = { 0 };
		unsigned asked = 0;

		if (needs_binding(str_of(rows[i].json), is_runner, &asked, &role) != rows[i].needed
		    || !str_eqz(role, rows[i].role) || asked != rows[i].asked)
			fail_msg("row %zu: '" STR_FMT "', %u asked", i, STR_ARG(role), asked);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_object_names_what_it_needs),
		cmocka_unit_test(all_references_are_known),
		cmocka_unit_test(kinds_become_types),
		cmocka_unit_test(only_pods_and_claims_are_asked),
		cmocka_unit_test(a_binding_is_needed_by_the_accounts_it_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
