/*
 * Tests of engine/scrub: what a stored object becomes before it is created (velero-format 4.5, 4.7, 4.8).
 * Documents are written with ' for ", and \x01 for a backslash.
 */
#include "engine/kind_rules.h"
#include "engine/scrub.h"

#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Marks a quote inside a JSON string. */
#define Q "\x01'"

static char *
json(const char *text)
{
	char *s = xstrdup(text);

	for (char *p = s; *p; p++) {
		if (*p == '\'')
			*p = '"';
		else if (*p == '\x01')
			*p = '\\';
	}
	return s;
}

/* --- the restore: namespace "old" goes to "new", volume "pv-gone" is not restored, account new/builder exists --- */

static const char *
map_ns(void *ctx, struct str ns)
{
	return str_eqz(ns, "old") ? "new" : arena_strdup(ctx, ns);
}

static bool
provisioned_anew(void *ctx, struct str pv)
{
	(void)ctx;
	return str_eqz(pv, "pv-gone");
}

static bool
account_exists(void *ctx, const char *ns, struct str name)
{
	(void)ctx;
	return strcmp(ns, "new") == 0 && str_eqz(name, "builder");
}

/* Runs what a restore runs on one object; the labels of the restore are left away unless asked for. */
static enum scrub_verdict
scrub(struct arena *a, const char *gr, struct str ns, struct str name, bool preserve, struct str in, struct buf *out,
	struct err *e)
{
	struct scrub s = { .arena = a, .provisioned_anew = provisioned_anew,
		.account_exists = account_exists, .ctx = a, .preserve_node_ports = preserve, .ns = ns, .name = name,
		.target_ns = ns.len > 0 ? map_ns(a, ns) : NULL };
	struct jnode *obj = jnode_open(a, in);
	enum scrub_verdict verdict = scrub_precheck(str_of(gr), ns, name, obj);
	const struct kind_rule *rule = kind_rule(str_of(gr));

	e->kind = EK_NONE;
	if (verdict != SCRUB_KEEP)
		return verdict;
	scrub_common(obj);
	if (rule->scrub && rule->scrub(&s, obj, &verdict, e) < 0)
		return SCRUB_SKIP;
	if (verdict != SCRUB_KEEP)
		return verdict;
	scrub_finish(obj, s.target_ns, NULL, NULL);
	assert_int_equal(jnode_write(obj, out, e), 0);
	return SCRUB_KEEP;
}

struct row {
	const char *what, *gr, *ns, *name, *in;
	const char *out;             /* NULL: the object is not restored */
	enum scrub_verdict verdict;
	bool preserve;
};

static void
check(const struct row *r)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	AUTO_FREE char *in = json(r->in);
	AUTO_FREE char *want = json(r->out ? r->out : "");
	struct err e = { 0 };
	enum scrub_verdict verdict;

	verdict = scrub(&a, r->gr, str_of(r->ns), str_of(r->name), r->preserve, str_of(in), &out, &e);
	if (e.kind != EK_NONE)
		fail_msg("%s: %s", r->what, e.msg);
	if (verdict != r->verdict)
		fail_msg("%s: verdict %d", r->what, (int)verdict);
	if (strcmp(buf_cstr(&out), want) != 0)
		fail_msg("%s:\n%s\ninstead of\n%s", r->what, buf_cstr(&out), want);
}

static void
check_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&rows[i]);
}

/* --- objects of the cluster itself --- */

static void
what_a_cluster_keeps_for_itself_is_left_alone(void **state)
{
	static const struct row rows[] = {
		{ "its CA", "configmaps", "shop", "kube-root-ca.crt", "{'data':{'ca.crt':'x'}}", NULL, SCRUB_SKIP },
		{ "its address", "services", "default", "kubernetes", "{'spec':{}}", NULL, SCRUB_SKIP },
		{ "a service of that name elsewhere", "services", "shop", "kubernetes", "{'spec':{}}",
			"{'spec':{},'metadata':{'namespace':'shop'}}" },
		{ "its identity", "leases.coordination.k8s.io", "kube-system", "apiserver-x",
			"{'metadata':{'labels':{'apiserver.kubernetes.io/identity':'kube-apiserver'}}}", NULL, SCRUB_SKIP },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

/* --- every object --- */

static void
server_set_fields_go_and_everything_else_stays_byte_by_byte(void **state)
{
	static const struct row rows[] = {
		{ "all server-set fields", "configmaps", NULL, "a",
			"{'apiVersion':'v1','kind':'ConfigMap','metadata':{'generateName':'a-','selfLink':'/x','uid':'1',"
			"'resourceVersion':'7','generation':3,'creationTimestamp':'2026-01-01T00:00:00Z',"
			"'deletionTimestamp':'2026-01-01T00:00:00Z','deletionGracePeriodSeconds':30,"
			"'ownerReferences':[{'uid':'2'}],'managedFields':[{'manager':'m'}],'name':'a'},'status':{'x':1}}",
			"{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'a'}}" },
		{ "labels, annotations and finalizers", "configmaps", NULL, "a",
			"{'metadata':{'name':'a','labels':{'pod-template-hash':'1'},'annotations':{'a':'b'},"
			"'finalizers':['x/y']},'immutable':true}",
			"{'metadata':{'name':'a','labels':{'pod-template-hash':'1'},'annotations':{'a':'b'},"
			"'finalizers':['x/y']},'immutable':true}" },
		{ "numbers, escapes and blanks", "widgets.example.com", "shop", "w",
			"{ 'spec' : {'big': 9223372036854775807, 'bigger':123456789012345678901234567890,'f':1.0,'g':0.10,"
			"'h':1e+06,'neg':-0,'q':'1Gi','u':'\x01u00e9\xc3\xa9','s':'a\x01/b'} ,'metadata':{'uid':'1','namespace':'shop'}}",
			"{'spec':{'big': 9223372036854775807, 'bigger':123456789012345678901234567890,'f':1.0,'g':0.10,"
			"'h':1e+06,'neg':-0,'q':'1Gi','u':'\x01u00e9\xc3\xa9','s':'a\x01/b'},'metadata':{'namespace':'shop'}}" },
		{ "a mapped namespace", "configmaps", "old", "a", "{'metadata':{'name':'a','namespace':'old'}}",
			"{'metadata':{'name':'a','namespace':'new'}}" },
		{ "a deployment is restored as stored", "deployments.apps", "old", "web",
			"{'metadata':{'name':'web','namespace':'old','generation':4},'spec':{'replicas':2,'template':{'spec':"
			"{'nodeName':'n','priority':1}}},'status':{'replicas':2}}",
			"{'metadata':{'name':'web','namespace':'new'},'spec':{'replicas':2,'template':{'spec':"
			"{'nodeName':'n','priority':1}}}}" },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

static void
restored_objects_are_labeled_with_their_origin(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "{'metadata':{'name':'a'}}", "{'metadata':{'name':'a','labels':{'velero.io/backup-name':'b',"
			"'velero.io/restore-name':'r'}}}" },
		{ "{'metadata':{'labels':null}}", "{'metadata':{'labels':{'velero.io/backup-name':'b',"
			"'velero.io/restore-name':'r'}}}" },
		{ "{'metadata':{'labels':{'velero.io/restore-name':'older','x':'y'}}}", "{'metadata':{'labels':"
			"{'velero.io/restore-name':'r','x':'y','velero.io/backup-name':'b'}}}" },
		{ "{'kind':'X'}", "{'kind':'X','metadata':{'labels':{'velero.io/backup-name':'b',"
			"'velero.io/restore-name':'r'}}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena a = ARENA_INIT;
		AUTO_BUF struct buf out = BUF_INIT(MIB);
		AUTO_FREE char *in = json(rows[i].in);
		AUTO_FREE char *want = json(rows[i].out);
		struct jnode *obj = jnode_open(&a, str_of(in));
		struct err e;

		scrub_finish(obj, NULL, "b", "r");
		assert_int_equal(jnode_write(obj, &out, &e), 0);
		assert_string_equal(buf_cstr(&out), want);
	}
}

static void
owners_of_fields_come_back_by_the_create_or_by_a_patch(void **state)
{
#define KUBELET "{'manager':'kubelet','operation':'Update','subresource':'status'}"
#define HELM "{'manager':'helm','operation':'Update'}"
#define APPLY "{'manager':'a','operation':'Apply'}"
#define SCALE "{'manager':'hpa','operation':'Update','subresource':'scale'}"
	static const struct { const char *managed; bool status; const char *manager, *status_manager, *fields; } rows[] = {
		{ "[" HELM "]", false, "helm", "orlop", "" },
		{ "[" KUBELET "," HELM "]", false, "helm", "orlop", "" },
		{ "[" KUBELET "," HELM "]", true, "helm", "kubelet", "" },
		{ "[" HELM ",{'manager':'b','operation':'Update'}]", false, "orlop", "orlop",
			"[" HELM ",{'manager':'b','operation':'Update'}]" },
		{ "[" APPLY "," KUBELET "]", false, "orlop", "orlop", "[" APPLY "]" },
		{ "[" APPLY "," KUBELET "]", true, "orlop", "orlop", "[" APPLY "," KUBELET "]" },
		{ "[" HELM "," KUBELET "," KUBELET "]", true, "orlop", "orlop", "[" HELM "," KUBELET "," KUBELET "]" },
		{ "[" HELM "," SCALE "]", false, "orlop", "orlop", "[" HELM "," SCALE "]" },
		{ "[]", true, "orlop", "orlop", "" },
		{ "[null,1,'x']", false, "orlop", "orlop", "" },
		{ "null", false, "orlop", "orlop", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_ARENA struct arena a = ARENA_INIT;
		AUTO_FREE char *managed = json(rows[i].managed);
		AUTO_FREE char *fields = json(rows[i].fields);
		AUTO_FREE char *in = xasprintf("{\"metadata\":{\"managedFields\":%s}}", managed);
		struct scrub_owners got = scrub_owners(&a, jnode_open(&a, str_of(in)), rows[i].status);

		if (!str_eqz(got.manager, rows[i].manager) || !str_eqz(got.status_manager, rows[i].status_manager)
		    || !str_eqz(got.fields, fields))
			fail_msg("%s: '" STR_FMT "' '" STR_FMT "' '" STR_FMT "'", in, STR_ARG(got.manager),
				STR_ARG(got.status_manager), STR_ARG(got.fields));
	}
}

/* --- pods and jobs --- */

static void
completed_and_mirror_objects_are_left_out(void **state)
{
	static const struct row rows[] = {
		{ "failed pod", "pods", "old", "p", "{'status':{'phase':'Failed'}}", NULL, SCRUB_COMPLETED },
		{ "succeeded pod", "pods", "old", "p", "{'status':{'phase':'Succeeded'}}", NULL, SCRUB_COMPLETED },
		{ "completed job", "jobs.batch", "old", "j", "{'status':{'completionTime':'2026-01-01T00:00:00Z'}}", NULL,
			SCRUB_COMPLETED },
		{ "mirror pod", "pods", "old", "p", "{'metadata':{'annotations':{'kubernetes.io/config.mirror':'x'}},"
			"'status':{'phase':'Running'}}", NULL, SCRUB_SKIP },
		{ "running pod", "pods", NULL, "p", "{'status':{'phase':'Running'},'metadata':{}}", "{'metadata':{}}" },
		{ "suspended job", "jobs.batch", NULL, "j", "{'status':{'conditions':[]},'metadata':{}}", "{'metadata':{}}" },
		{ "empty completion time", "jobs.batch", NULL, "j", "{'status':{'completionTime':''},'metadata':{}}",
			"{'metadata':{}}" },
		{ "something else that failed", "widgets.example.com", NULL, "w", "{'status':{'phase':'Failed'},"
			"'metadata':{}}", "{'metadata':{}}" },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

static void
pods_lose_their_node_and_the_tokens_of_old_clusters(void **state)
{
	static const struct row rows[] = {
		{ "node and priority", "pods", NULL, "p", "{'metadata':{},'spec':{'nodeName':'n1','priority':1000,"
			"'priorityClassName':'high','hostNetwork':true}}",
			"{'metadata':{},'spec':{'priorityClassName':'high','hostNetwork':true}}" },
		{ "token volume and its mounts", "pods", NULL, "p",
			"{'metadata':{},'spec':{'serviceAccountName':'web','volumes':[{'name':'data'},{'name':'web-token-x7'}],"
			"'containers':[{'name':'a','volumeMounts':[{'name':'web-token-x7','mountPath':'/t'},{'name':'data'}]},"
			"{'name':'b'}],'initContainers':[{'name':'i','volumeMounts':[{'name':'web-token-x7'}]}]}}",
			"{'metadata':{},'spec':{'serviceAccountName':'web','volumes':[{'name':'data'}],"
			"'containers':[{'name':'a','volumeMounts':[{'name':'data'}]},"
			"{'name':'b'}],'initContainers':[{'name':'i','volumeMounts':[]}]}}" },
		{ "several token volumes", "pods", NULL, "p",
			"{'metadata':{},'spec':{'serviceAccountName':'web','volumes':[{'name':'web-token-a'},"
			"{'name':'web-token-b'}]}}",
			"{'metadata':{},'spec':{'serviceAccountName':'web','volumes':[]}}" },
		{ "projected tokens stay", "pods", NULL, "p",
			"{'metadata':{},'spec':{'serviceAccountName':'web','volumes':[{'name':'kube-api-access-z'}]}}",
			"{'metadata':{},'spec':{'serviceAccountName':'web','volumes':[{'name':'kube-api-access-z'}]}}" },
		{ "another account's token stays", "pods", NULL, "p",
			"{'metadata':{},'spec':{'serviceAccountName':'web','volumes':[{'name':'api-token-z'}]}}",
			"{'metadata':{},'spec':{'serviceAccountName':'web','volumes':[{'name':'api-token-z'}]}}" },
		{ "containers that waited for data", "pods", NULL, "p",
			"{'metadata':{},'spec':{'initContainers':[{'name':'restore-wait'},{'name':'i'},{'name':'restic-wait'}]}}",
			"{'metadata':{},'spec':{'initContainers':[{'name':'i'}]}}" },
		{ "a pod without an account", "pods", NULL, "p",
			"{'metadata':{},'spec':{'volumes':[{'name':'-token-z'}]}}",
			"{'metadata':{},'spec':{'volumes':[{'name':'-token-z'}]}}" },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

static void
jobs_lose_the_labels_that_tie_them_to_their_uid(void **state)
{
	static const struct row rows[] = {
		{ "both labels", "jobs.batch", NULL, "j",
			"{'metadata':{},'spec':{'selector':{'matchLabels':{'controller-uid':'1',"
			"'batch.kubernetes.io/controller-uid':'1'}},'template':{'metadata':{'labels':{'controller-uid':'1',"
			"'batch.kubernetes.io/controller-uid':'1','job-name':'j','batch.kubernetes.io/job-name':'j'}}}}}",
			"{'metadata':{},'spec':{'selector':{'matchLabels':{}},'template':{'metadata':{'labels':{"
			"'job-name':'j','batch.kubernetes.io/job-name':'j'}}}}}" },
		{ "no selector", "jobs.batch", NULL, "j", "{'metadata':{},'spec':{'suspend':true}}",
			"{'metadata':{},'spec':{'suspend':true}}" },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

/* --- services --- */

#define APPLIED(spec) "'annotations':{'kubectl.kubernetes.io/last-applied-configuration':'" spec "'}"
#define MANAGED(fields) "'managedFields':[{'manager':'m','fieldsV1':{'f:spec':{" fields "}}}]"

static void
services_get_new_addresses(void **state)
{
	static const struct row rows[] = {
		{ "cluster IPs", "services", NULL, "s", "{'metadata':{},'spec':{'clusterIP':'10.0.0.1',"
			"'clusterIPs':['10.0.0.1','fd00::1'],'type':'ClusterIP','ports':[{'port':80}]}}",
			"{'metadata':{},'spec':{'type':'ClusterIP','ports':[{'port':80}]}}" },
		{ "headless", "services", NULL, "s", "{'metadata':{},'spec':{'clusterIP':'None','clusterIPs':['None']}}",
			"{'metadata':{},'spec':{'clusterIP':'None','clusterIPs':['None']}}" },
		{ "external name", "services", NULL, "s", "{'metadata':{},'spec':{'type':'ExternalName',"
			"'externalName':'x','ports':[{'port':80,'nodePort':30000}]}}",
			"{'metadata':{},'spec':{'type':'ExternalName','externalName':'x','ports':[{'port':80,'nodePort':30000}]}}" },
		{ "preserved node ports", "services", NULL, "s", "{'metadata':{},'spec':{'type':'LoadBalancer',"
			"'healthCheckNodePort':31000,'clusterIP':'10.0.0.1','ports':[{'port':80,'nodePort':30000}]}}",
			"{'metadata':{},'spec':{'type':'LoadBalancer','healthCheckNodePort':31000,"
			"'ports':[{'port':80,'nodePort':30000}]}}", SCRUB_KEEP, true },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

static void
node_ports_stay_only_where_the_user_chose_them(void **state)
{
	static const struct row rows[] = {
		{ "nobody says anything", "services", NULL, "s", "{'metadata':{},'spec':{'type':'NodePort',"
			"'ports':[{'port':80,'nodePort':30000}]}}",
			"{'metadata':{},'spec':{'type':'NodePort','ports':[{'port':80}]}}" },
		{ "applied, by name", "services", NULL, "s", "{'metadata':{"
			APPLIED("{" Q "spec" Q ":{" Q "ports" Q ":[{" Q "name" Q ":" Q "a" Q "," Q "port" Q ":80," Q "nodePort" Q ":30000},"
				"{" Q "name" Q ":" Q "b" Q "," Q "port" Q ":81}]}}")
			"},'spec':{'ports':[{'name':'a','port':8080,'nodePort':30000},{'name':'b','port':81,'nodePort':30001}]}}",
			"{'metadata':{"
			APPLIED("{" Q "spec" Q ":{" Q "ports" Q ":[{" Q "name" Q ":" Q "a" Q "," Q "port" Q ":80," Q "nodePort" Q ":30000},"
				"{" Q "name" Q ":" Q "b" Q "," Q "port" Q ":81}]}}")
			"},'spec':{'ports':[{'name':'a','port':8080,'nodePort':30000},{'name':'b','port':81}]}}" },
		{ "applied, by number", "services", NULL, "s", "{'metadata':{"
			APPLIED("{" Q "spec" Q ":{" Q "ports" Q ":[{" Q "port" Q ":80," Q "nodePort" Q ":30000}]}}")
			"},'spec':{'ports':[{'port':80,'nodePort':30000},{'port':81,'nodePort':30001}]}}",
			"{'metadata':{"
			APPLIED("{" Q "spec" Q ":{" Q "ports" Q ":[{" Q "port" Q ":80," Q "nodePort" Q ":30000}]}}")
			"},'spec':{'ports':[{'port':80,'nodePort':30000},{'port':81}]}}" },
		{ "applied wins over managed fields", "services", NULL, "s", "{'metadata':{"
			APPLIED("{" Q "spec" Q ":{}}") ","
			MANAGED("'f:ports':{'k:{\x01'port\x01':80,\x01'protocol\x01':\x01'TCP\x01'}':{'f:nodePort':{}}}")
			"},'spec':{'ports':[{'port':80,'protocol':'TCP','nodePort':30000}]}}",
			"{'metadata':{" APPLIED("{" Q "spec" Q ":{}}")
			"},'spec':{'ports':[{'port':80,'protocol':'TCP'}]}}" },
		{ "managed fields, by port and protocol", "services", NULL, "s", "{'metadata':{"
			MANAGED("'f:ports':{'k:{\x01'port\x01':80,\x01'protocol\x01':\x01'TCP\x01'}':{'f:nodePort':{}},"
				"'k:{\x01'port\x01':53,\x01'protocol\x01':\x01'UDP\x01'}':{'f:port':{}}}")
			"},'spec':{'ports':[{'port':80,'protocol':'TCP','nodePort':30000},"
			"{'port':53,'protocol':'UDP','nodePort':30001},{'port':80,'protocol':'UDP','nodePort':30002}]}}",
			"{'metadata':{},'spec':{'ports':[{'port':80,'protocol':'TCP','nodePort':30000},"
			"{'port':53,'protocol':'UDP'},{'port':80,'protocol':'UDP'}]}}" },
		{ "health check port", "services", NULL, "s", "{'metadata':{},'spec':{'type':'LoadBalancer',"
			"'externalTrafficPolicy':'Local','healthCheckNodePort':31000,'ports':[]}}",
			"{'metadata':{},'spec':{'type':'LoadBalancer','externalTrafficPolicy':'Local','ports':[]}}" },
		{ "health check port, managed", "services", NULL, "s", "{'metadata':{" MANAGED("'f:healthCheckNodePort':{}")
			"},'spec':{'healthCheckNodePort':31000}}",
			"{'metadata':{},'spec':{'healthCheckNodePort':31000}}" },
		{ "health check port, applied", "services", NULL, "s", "{'metadata':{"
			APPLIED("{" Q "spec" Q ":{" Q "healthCheckNodePort" Q ":31000}}")
			"},'spec':{'healthCheckNodePort':31000}}",
			"{'metadata':{"
			APPLIED("{" Q "spec" Q ":{" Q "healthCheckNodePort" Q ":31000}}")
			"},'spec':{'healthCheckNodePort':31000}}" },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

static void
a_service_with_broken_last_applied_is_an_error_that_names_it(void **state)
{
	AUTO_ARENA struct arena a = ARENA_INIT;
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	AUTO_FREE char *in = json("{'metadata':{" APPLIED("{broken") "},'spec':{'ports':[]}}");
	struct err e = { 0 };

	(void)state;
	(void)scrub(&a, "services", S("old"), S("s"), false, str_of(in), &out, &e);
	assert_int_equal(e.kind, EK_CORRUPT);
	assert_non_null(strstr(e.msg, "last-applied-configuration"));
}

/* --- volumes --- */

static void
claims_and_volumes_lose_what_binds_them(void **state)
{
	static const struct row rows[] = {
		{ "claim annotations", "persistentvolumeclaims", NULL, "c",
			"{'metadata':{'annotations':{'pv.kubernetes.io/bind-completed':'yes',"
			"'pv.kubernetes.io/bound-by-controller':'yes','volume.kubernetes.io/storage-provisioner':'p',"
			"'volume.beta.kubernetes.io/storage-provisioner':'p','volume.kubernetes.io/selected-node':'n',"
			"'velero.io/volume-snapshot-name':'v','velero.io/data-upload-name':'d','mine':'x'}},"
			"'spec':{'storageClassName':'fast'}}",
			"{'metadata':{'annotations':{'mine':'x'}},'spec':{'storageClassName':'fast'}}" },
		{ "claim of a restored volume", "persistentvolumeclaims", NULL, "c", "{'metadata':{},'spec':{'volumeName':'pv'}}",
			"{'metadata':{},'spec':{'volumeName':'pv'}}" },
		{ "claim of a volume that is provisioned anew", "persistentvolumeclaims", NULL, "c",
			"{'metadata':{},'spec':{'volumeName':'pv-gone','accessModes':['ReadWriteOnce']}}",
			"{'metadata':{},'spec':{'accessModes':['ReadWriteOnce']}}" },
		{ "a bound claim is not filled again", "persistentvolumeclaims", NULL, "c",
			"{'metadata':{},'spec':{'volumeName':'pv','dataSource':{'name':'s'},'dataSourceRef':{'name':'s'}}}",
			"{'metadata':{},'spec':{'volumeName':'pv'}}" },
		{ "an unbound claim keeps its source", "persistentvolumeclaims", NULL, "c",
			"{'metadata':{},'spec':{'dataSource':{'name':'s'}}}",
			"{'metadata':{},'spec':{'dataSource':{'name':'s'}}}" },
		{ "volume", "persistentvolumes", NULL, "pv",
			"{'metadata':{'annotations':{'pv.kubernetes.io/bind-completed':'yes',"
			"'pv.kubernetes.io/bound-by-controller':'yes','pv.kubernetes.io/provisioned-by':'p'}},'spec':{'claimRef':"
			"{'kind':'PersistentVolumeClaim','namespace':'old','name':'c','uid':'1','resourceVersion':'2'}}}",
			"{'metadata':{'annotations':{'pv.kubernetes.io/provisioned-by':'p'}},'spec':{'claimRef':"
			"{'kind':'PersistentVolumeClaim','namespace':'old','name':'c'}}}" },
		{ "unclaimed volume", "persistentvolumes", NULL, "pv", "{'metadata':{},'spec':{'capacity':{'storage':'1Gi'}}}",
			"{'metadata':{},'spec':{'capacity':{'storage':'1Gi'}}}" },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

/* --- accounts, secrets --- */

static void
service_accounts_lose_their_old_token(void **state)
{
	static const struct row rows[] = {
		{ "one token", "serviceaccounts", NULL, "web", "{'metadata':{},'secrets':[{'name':'pull'},{'name':'web-token-x'}]}",
			"{'metadata':{},'secrets':[{'name':'pull'}]}" },
		{ "of several the last", "serviceaccounts", NULL, "web",
			"{'metadata':{},'secrets':[{'name':'web-token-x'},{'name':'web-token-y'}]}",
			"{'metadata':{},'secrets':[{'name':'web-token-x'}]}" },
		{ "another account's", "serviceaccounts", NULL, "web", "{'metadata':{},'secrets':[{'name':'webs-token-x'}]}",
			"{'metadata':{},'secrets':[{'name':'webs-token-x'}]}" },
		{ "none", "serviceaccounts", NULL, "web", "{'metadata':{},'imagePullSecrets':[{'name':'web-token-x'}]}",
			"{'metadata':{},'imagePullSecrets':[{'name':'web-token-x'}]}" },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

#define TOKEN(account) "'metadata':{'annotations':{'kubernetes.io/service-account.name':'" account "'," \
	"'kubernetes.io/service-account.uid':'1'}},'type':'kubernetes.io/service-account-token'," \
	"'data':{'token':'x','ca.crt':'y','namespace':'z'}}"

static void
token_secrets_are_emptied_or_left_to_the_cluster(void **state)
{
	static const struct row rows[] = {
		{ "made by the cluster for an account that is there", "secrets", "old", "builder-token-x1", "{" TOKEN("builder"),
			NULL, SCRUB_SKIP },
		{ "of an account that is not there", "secrets", NULL, "deployer-token-x1", "{" TOKEN("deployer"),
			"{'metadata':{'annotations':{'kubernetes.io/service-account.name':'deployer'}},"
			"'type':'kubernetes.io/service-account-token','data':{'namespace':'z'}}" },
		{ "made by the user", "secrets", "old", "my-key", "{" TOKEN("builder"),
			"{'metadata':{'annotations':{'kubernetes.io/service-account.name':'builder'},'namespace':'new'},"
			"'type':'kubernetes.io/service-account-token','data':{'namespace':'z'}}" },
		{ "any other secret", "secrets", NULL, "builder-token-x1",
			"{'metadata':{},'type':'Opaque','data':{'token':'x','ca.crt':'y'}}",
			"{'metadata':{},'type':'Opaque','data':{'token':'x','ca.crt':'y'}}" },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

/* --- the API's own objects --- */

static void
webhooks_definitions_and_api_services_become_acceptable(void **state)
{
	static const struct row rows[] = {
		{ "side effects", "validatingwebhookconfigurations.admissionregistration.k8s.io", NULL, "w",
			"{'apiVersion':'admissionregistration.k8s.io/v1','metadata':{},'webhooks':[{'sideEffects':'Some'},"
			"{'sideEffects':'None'},{'sideEffects':'NoneOnDryRun'},{'sideEffects':'Unknown'}]}",
			"{'apiVersion':'admissionregistration.k8s.io/v1','metadata':{},'webhooks':[{'sideEffects':'None'},"
			"{'sideEffects':'None'},{'sideEffects':'NoneOnDryRun'},{'sideEffects':'None'}]}" },
		{ "side effects of a mutating one", "mutatingwebhookconfigurations.admissionregistration.k8s.io", NULL, "w",
			"{'apiVersion':'admissionregistration.k8s.io/v1','metadata':{},'webhooks':[{}]}",
			"{'apiVersion':'admissionregistration.k8s.io/v1','metadata':{},'webhooks':[{'sideEffects':'None'}]}" },
		{ "old webhooks stay", "validatingwebhookconfigurations.admissionregistration.k8s.io", NULL, "w",
			"{'apiVersion':'admissionregistration.k8s.io/v1beta1','metadata':{},'webhooks':[{'sideEffects':'Some'}]}",
			"{'apiVersion':'admissionregistration.k8s.io/v1beta1','metadata':{},'webhooks':[{'sideEffects':'Some'}]}" },
		{ "unknown fields preserved", "customresourcedefinitions.apiextensions.k8s.io", NULL, "c",
			"{'apiVersion':'apiextensions.k8s.io/v1','metadata':{},'spec':{'preserveUnknownFields':true,'versions':["
			"{'schema':{'openAPIV3Schema':{'type':'object'}}},{'schema':{'openAPIV3Schema':{}}},{}]},'status':{}}",
			"{'apiVersion':'apiextensions.k8s.io/v1','metadata':{},'spec':{'preserveUnknownFields':false,'versions':["
			"{'schema':{'openAPIV3Schema':{'type':'object','x-kubernetes-preserve-unknown-fields':true}}},"
			"{'schema':{'openAPIV3Schema':{'x-kubernetes-preserve-unknown-fields':true}}},{}]}}" },
		{ "a usual definition", "customresourcedefinitions.apiextensions.k8s.io", NULL, "c",
			"{'apiVersion':'apiextensions.k8s.io/v1','metadata':{},'spec':{'preserveUnknownFields':false,"
			"'versions':[{'schema':{'openAPIV3Schema':{}}}]}}",
			"{'apiVersion':'apiextensions.k8s.io/v1','metadata':{},'spec':{'preserveUnknownFields':false,"
			"'versions':[{'schema':{'openAPIV3Schema':{}}}]}}" },
		{ "who asked for a certificate", "certificatesigningrequests.certificates.k8s.io", NULL, "c",
			"{'metadata':{},'spec':{'request':'x','username':'u','uid':'1','groups':['g'],'extra':{'a':['b']}}}",
			"{'metadata':{},'spec':{'request':'x'}}" },
		{ "API service of the server itself", "apiservices.apiregistration.k8s.io", NULL, "v1.",
			"{'metadata':{'labels':{'kube-aggregator.kubernetes.io/automanaged':'onstart'}}}", NULL, SCRUB_SKIP },
		{ "API service of an add-on", "apiservices.apiregistration.k8s.io", NULL, "v1.x",
			"{'metadata':{'labels':{'a':'b'}},'spec':{}}", "{'metadata':{'labels':{'a':'b'}},'spec':{}}" },
	};

	(void)state;
	check_all(rows, COUNT(rows));
}

/* --- hostile objects --- */

static void
objects_of_any_shape_are_survived(void **state)
{
	static const char *const docs[] = {
		"{}", "[]", "null", "1", "'x'", "{'metadata':null,'spec':null,'status':null}",
		"{'metadata':[],'spec':[],'status':[],'subjects':{},'secrets':{},'webhooks':{},'data':[]}",
		"{'metadata':{'annotations':[],'labels':'x','managedFields':{}},'spec':{'ports':{},'volumes':{},"
		"'serviceAccountName':1,'containers':null,'claimRef':'x','selector':[],'template':1,'versions':{}}}",
		"{'metadata':{'annotations':{'kubernetes.io/service-account.name':null}},"
		"'type':'kubernetes.io/service-account-token','data':null}",
		"{'spec':{'serviceAccountName':'a','volumes':[null,1,[],{'name':'a-token-x'}],'containers':[1,null,"
		"{'volumeMounts':{}}],'ports':[null,1,[{}],{'port':'x'},{'port':1e3}]},'subjects':[null,1,{'namespace':1}],"
		"'webhooks':[null,1,{'sideEffects':null}]}",
		"{'spec':{'preserveUnknownFields':true,'versions':[null,1,{'schema':[]}]},"
		"'apiVersion':'apiextensions.k8s.io/v1'}",
	};
	const struct kind_rule *r;

	(void)state;
	for (size_t i = 0; (r = kind_rule_at(i)) != NULL; i++) {
		for (size_t d = 0; d < COUNT(docs); d++) {
			AUTO_ARENA struct arena a = ARENA_INIT;
			AUTO_BUF struct buf out = BUF_INIT(MIB);
			AUTO_FREE char *in = json(docs[d]);
			struct err e = { 0 };

			assert_int_equal(json_check(str_of(in), &e), 0);
			if (scrub(&a, r->gr, S("old"), S("n"), false, str_of(in), &out, &e) == SCRUB_KEEP
			    && json_check(buf_str(&out), &e) < 0)
				fail_msg("%s: %s became %s", r->gr, in, buf_cstr(&out));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_cluster_keeps_for_itself_is_left_alone),
		cmocka_unit_test(server_set_fields_go_and_everything_else_stays_byte_by_byte),
		cmocka_unit_test(restored_objects_are_labeled_with_their_origin),
		cmocka_unit_test(owners_of_fields_come_back_by_the_create_or_by_a_patch),
		cmocka_unit_test(completed_and_mirror_objects_are_left_out),
		cmocka_unit_test(pods_lose_their_node_and_the_tokens_of_old_clusters),
		cmocka_unit_test(jobs_lose_the_labels_that_tie_them_to_their_uid),
		cmocka_unit_test(services_get_new_addresses),
		cmocka_unit_test(node_ports_stay_only_where_the_user_chose_them),
		cmocka_unit_test(a_service_with_broken_last_applied_is_an_error_that_names_it),
		cmocka_unit_test(claims_and_volumes_lose_what_binds_them),
		cmocka_unit_test(service_accounts_lose_their_old_token),
		cmocka_unit_test(token_secrets_are_emptied_or_left_to_the_cluster),
		cmocka_unit_test(webhooks_definitions_and_api_services_become_acceptable),
		cmocka_unit_test(objects_of_any_shape_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
