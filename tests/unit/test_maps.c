/* Tests of the maps of a restore (engine/maps, engine/change): images, hosts, zones, namespaces that objects name, and
 * entries that match nothing.  JSON is written with ' for ". */
#include "engine/change.h"
#include "engine/maps.h"

#include "base/mem.h"
#include "data/jscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct str
json(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, str_of(text));

	for (char *p = s; *p; p++)
		if (*p == '\'')
			*p = '"';
	return str_of(s);
}

static void
add_words(struct strs *v, const char *words)
{
	struct str rest = str_of(words), word;

	while (words && str_split(&rest, ' ', &word)) {
		AUTO_FREE char *text = str_dup(word);

		strs_add(v, text);
	}
}

static const char *
map_ns(void *ctx, struct str ns)
{
	return arena_strdup(ctx, str_eqz(ns, "old") ? S("new") : ns);
}

static bool
any_class(void *ctx, struct str name)
{
	(void)ctx;
	return name.len > 0;
}

static bool
fast_class(void *ctx, struct str name)
{
	(void)ctx;
	return str_eqz(name, "fast");
}

struct row {
	const char *images, *hosts, *zones;  /* entries with blanks between them */
	bool        namespaces, drop;        /* "old" becomes "new"; node affinity goes */
	const char *gr, *doc, *want;
};

#define REQUIRED "'requiredDuringSchedulingIgnoredDuringExecution'"
#define PREFERRED "'preferredDuringSchedulingIgnoredDuringExecution'"

static const struct row rows[] = {
	{ .images = "docker.io=r.local/hub quay.io/old/=r.local:5000/q/", .gr = "pods",
		.doc = "{'spec':{'containers':[{'image':'nginx'},{'image':'foo/bar:1'},{'image':'docker.io/library/x@sha256:00'},"
		"{'image':'quay.io/old/a:1'},{'image':'quay.io/older/a'},{'image':'docker.io.evil/x'},{'image':'localhost/x'}],"
		"'initContainers':[{'image':'index.docker.io/nginx:2'}],'volumes':[{'image':{'reference':'quay.io/old/v'}}]}}",
		.want = "{'spec':{'containers':[{'image':'r.local/hub/library/nginx'},{'image':'r.local/hub/foo/bar:1'},"
		"{'image':'r.local/hub/library/x@sha256:00'},{'image':'r.local:5000/q/a:1'},{'image':'quay.io/older/a'},"
		"{'image':'docker.io.evil/x'},{'image':'localhost/x'}],'initContainers':[{'image':'r.local/hub/library/nginx:2'}],"
		"'volumes':[{'image':{'reference':'r.local:5000/q/v'}}]}}" },
	{ .images = "nginx:1=old/nginx:1 nginx=other/web host:5000=host:6000 docker.io/library=lib", .gr = "cronjobs.batch",
		.doc = "{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':[{'image':'nginx:2'},{'image':'nginx:1.5'},"
		"{'image':'nginxx'},{'image':'host:5000/a'},{'image':'docker.io/nginx'}]}}}}}}",
		.want = "{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':[{'image':'other/web:2'},{'image':'other/web:1.5'},"
		"{'image':'lib/nginxx'},{'image':'host:6000/a'},{'image':'other/web'}]}}}}}}" },
	{ .images = "nginx:1=old/nginx:1 nginx=other/web", .gr = "deployments.apps",
		.doc = "{'spec':{'template':{'spec':{'containers':[{'image':'nginx:1'},{'image':'nginx:1@sha256:00'},{'name':'x'}]}}}}",
		.want = "{'spec':{'template':{'spec':{'containers':[{'image':'old/nginx:1'},{'image':'old/nginx:1@sha256:00'},{'name':'x'}]}}}}" },
	{ .hosts = "*.old.example:*.new.example www.old.example:new.example", .gr = "ingresses.networking.k8s.io",
		.doc = "{'spec':{'rules':[{'host':'www.old.example'},{'host':'a.b.old.example'},{'host':'*.old.example'},"
		"{'host':'old.example'},{}],'tls':[{'hosts':['www.old.example','x.old.example'],'secretName':'www.old.example'}]}}",
		.want = "{'spec':{'rules':[{'host':'new.example'},{'host':'a.b.new.example'},{'host':'*.new.example'},"
		"{'host':'old.example'},{}],'tls':[{'hosts':['new.example','x.new.example'],'secretName':'www.old.example'}]}}" },
	{ .hosts = "a:b", .gr = "httproutes.gateway.networking.k8s.io", .doc = "{'spec':{'hostnames':['a','c']}}",
		.want = "{'spec':{'hostnames':['b','c']}}" },
	{ .zones = "z1:y1 z2:y1 gone:", .gr = "deployments.apps",
		.doc = "{'spec':{'template':{'spec':{'nodeSelector':{'topology.kubernetes.io/zone':'z1','x':'z1'},'affinity':{'nodeAffinity':"
		"{" REQUIRED ":{'nodeSelectorTerms':[{'matchExpressions':[{'key':"
		"'failure-domain.beta.kubernetes.io/zone','operator':'In','values':['z1','z2','gone','z9']},{'key':'x','values':['z1']}]}]},"
		PREFERRED ":[{'weight':1,'preference':{'matchExpressions':[{'key':"
		"'topology.kubernetes.io/zone','operator':'In','values':['gone']}]}}]}}}}}}",
		.want = "{'spec':{'template':{'spec':{'nodeSelector':{'topology.kubernetes.io/zone':'y1','x':'z1'},'affinity':{'nodeAffinity':"
		"{" REQUIRED ":{'nodeSelectorTerms':[{'matchExpressions':[{'key':"
		"'failure-domain.beta.kubernetes.io/zone','operator':'In','values':['y1','z9']},{'key':'x','values':['z1']}]}]}}}}}}}" },
	{ .zones = "gone:", .gr = "persistentvolumes",   /* either term was enough: nothing is demanded any more */
		.doc = "{'metadata':{'labels':{'topology.kubernetes.io/zone':'gone'}},'spec':{'nodeAffinity':{'required':{'nodeSelectorTerms':"
		"[{'matchExpressions':[{'key':'topology.ebs.csi.aws.com/zone','operator':'In','values':['gone']}]},"
		"{'matchExpressions':[{'key':'x','operator':'Exists'}]}]}}}}",
		.want = "{'metadata':{'labels':{}},'spec':{}}" },
	{ .zones = "a:b", .gr = "storageclasses.storage.k8s.io",
		.doc = "{'allowedTopologies':[{'matchLabelExpressions':[{'key':'topology.kubernetes.io/zone','values':['a','c']}]}]}",
		.want = "{'allowedTopologies':[{'matchLabelExpressions':[{'key':'topology.kubernetes.io/zone','values':['b','c']}]}]}" },
	{ .drop = true, .gr = "pods",
		.doc = "{'spec':{'nodeSelector':{'a':'b'},'affinity':{'nodeAffinity':{'x':1},'podAffinity':{'y':2}},'n':9007199254740993}}",
		.want = "{'spec':{'affinity':{'podAffinity':{'y':2}},'n':9007199254740993}}" },
	{ .drop = true, .gr = "persistentvolumes", .doc = "{'spec':{'nodeAffinity':{'required':{'a':1}}}}",
		.want = "{'spec':{'nodeAffinity':{'required':{'a':1}}}}" },
	{ .namespaces = true, .gr = "clusterrolebindings.rbac.authorization.k8s.io",
		.doc = "{'subjects':[{'kind':'ServiceAccount','name':'old','namespace':'old'},{'kind':'User','name':"
		"'system:serviceaccount:old:x'},{'kind':'Group','name':'system:serviceaccounts:old'},{'kind':'Group','name':"
		"'system:serviceaccounts'},{'name':'c','namespace':'other'}],'roleRef':{'name':'old'}}",
		.want = "{'subjects':[{'kind':'ServiceAccount','name':'old','namespace':'new'},{'kind':'User','name':"
		"'system:serviceaccount:new:x'},{'kind':'Group','name':'system:serviceaccounts:new'},{'kind':'Group','name':"
		"'system:serviceaccounts'},{'name':'c','namespace':'other'}],'roleRef':{'name':'old'}}" },
	{ .namespaces = true, .gr = "persistentvolumes",
		.doc = "{'spec':{'claimRef':{'namespace':'old','name':'old'},'csi':{'driver':'old','nodeStageSecretRef':{'namespace':'old'}}}}",
		.want = "{'spec':{'claimRef':{'namespace':'new','name':'old'},'csi':{'driver':'old','nodeStageSecretRef':{'namespace':'new'}}}}" },
	{ .namespaces = true, .gr = "validatingwebhookconfigurations.admissionregistration.k8s.io",
		.doc = "{'webhooks':[{'clientConfig':{'service':{'namespace':'old','name':'s'}},'namespaceSelector':{'matchExpressions':"
		"[{'key':'kubernetes.io/metadata.name','operator':'NotIn','values':['kube-system','old']},{'key':'x','values':['old']}]}}]}",
		.want = "{'webhooks':[{'clientConfig':{'service':{'namespace':'new','name':'s'}},'namespaceSelector':{'matchExpressions':"
		"[{'key':'kubernetes.io/metadata.name','operator':'NotIn','values':['kube-system','new']},{'key':'x','values':['old']}]}}]}" },
	{ .namespaces = true, .gr = "networkpolicies.networking.k8s.io",
		.doc = "{'spec':{'ingress':[{'from':[{'namespaceSelector':{'matchLabels':{'kubernetes.io/metadata.name':'old','team':'old'}}}]}]}}",
		.want = "{'spec':{'ingress':[{'from':[{'namespaceSelector':{'matchLabels':{'kubernetes.io/metadata.name':'new','team':'old'}}}]}]}}" },
	{ .namespaces = true, .gr = "pods",
		.doc = "{'spec':{'affinity':{'podAntiAffinity':{" REQUIRED ":[{'namespaces':['old','x']}],"
		PREFERRED ":[{'podAffinityTerm':{'namespaces':['old']}}]}}}}",
		.want = "{'spec':{'affinity':{'podAntiAffinity':{" REQUIRED ":[{'namespaces':['new','x']}],"
		PREFERRED ":[{'podAffinityTerm':{'namespaces':['new']}}]}}}}" },
	{ .namespaces = true, .gr = "endpointslices.discovery.k8s.io", .doc = "{'endpoints':[{'targetRef':{'namespace':'old'}},null,1]}",
		.want = "{'endpoints':[{'targetRef':{'namespace':'new'}},null,1]}" },
	{ .namespaces = true, .hosts = "a:b", .zones = "a:b", .drop = true, .gr = "pods",      /* any shape is survived */
		.doc = "{'spec':{'affinity':[],'nodeSelector':'x','containers':{'a':1},'volumes':[1,null]}}",
		.want = "{'spec':{'containers':{'a':1},'volumes':[1,null]}}" },
	{ .namespaces = true, .gr = "configmaps", .doc = "{'data':{'namespace':'old'}}", .want = "{'data':{'namespace':'old'}}" },
};

static void
objects_are_mapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		AUTO_ARENA struct arena a = ARENA_INIT;
		AUTO(restore_opts_done) struct restore_opts o = { .drop_node_affinity = r->drop };
		AUTO(change_freep) struct change *ch = NULL;
		struct change_item it = { .arena = &a, .gr = str_of(r->gr), .map_ns = map_ns, .class_exists = any_class, .ctx = &a };
		struct jnode *obj = jnode_open(&a, json(&a, r->doc));
		struct err e;

		add_words(&o.image_map, r->images);
		add_words(&o.host_map, r->hosts);
		add_words(&o.zone_map, r->zones);
		add_words(&o.ns_map, r->namespaces ? "old:new" : NULL);
		ch = change_new(&o, &e);
		if (ch == NULL)
			fail_msg("row %zu: %s", i, e.msg);
		assert_int_equal(change_apply(ch, &it, &obj, &e), 0);
		if (!jsame(jnode_raw(obj), json(&a, r->want)))
			fail_msg("row %zu: " STR_FMT, i, STR_ARG(jnode_raw(obj)));
		if (!jsame(json(&a, r->doc), json(&a, r->want)))
			assert_true(change_concerns(ch, it.gr));
	}
}

static void
entries_of_maps_are_checked(void **state)
{
	static const struct { const char *hosts, *zones, *text; } bad[] = {
		{ "a", NULL, "--host-mappings: 'a' is not OLD:NEW" },
		{ "a:", NULL, "--host-mappings: 'a:' is not OLD:NEW" },
		{ "a:b:c", NULL, "is not OLD:NEW" },
		{ ":b", NULL, "is not OLD:NEW" },
		{ "*.a:b", NULL, "'*.a:b': a pattern has one '*' on each side" },
		{ "a:*", NULL, "one '*'" },
		{ "*.*:*", NULL, "one '*'" },
		{ NULL, ":a", "--zone-mappings: ':a'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO(restore_opts_done) struct restore_opts o = { 0 };
		struct err e;

		add_words(&o.host_map, bad[i].hosts);
		add_words(&o.zone_map, bad[i].zones);
		assert_null(change_new(&o, &e));
		assert_int_equal(e.kind, EK_INVALID);
		if (strstr(e.msg, bad[i].text) == NULL)
			fail_msg("%zu: %s", i, e.msg);
	}
}

static void
exact_names_win_over_patterns_and_the_first_pattern_wins(void **state)
{
	static const struct { const char *name, *want; } names[] = {
		{ "team-a", "dr-a" }, { "team-b", "special" }, { "team-", NULL }, { "x-team-a", NULL }, { "team-a-prod", "dr-a-prod" },
		{ "b-prod", "p-b" }, { "other", NULL },
	};
	AUTO_STRS struct strs entries = { 0 };
	AUTO_ARENA struct arena a = ARENA_INIT;
	struct name_map m = { 0 };
	struct err e;
	struct str to;

	(void)state;
	add_words(&entries, "team-*:dr-* *-prod:p-* team-b:special unused:x");
	assert_int_equal(name_map_read(&m, &entries, ':', MAP_PATTERNS, "--m", &e), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		bool found = name_map_get(&m, str_of(names[i].name), &a, &to);

		if (found != (names[i].want != NULL) || (found && !str_eqz(to, names[i].want)))
			fail_msg("%s", names[i].name);
	}
	assert_false(name_map_all_used(&m));
	assert_int_equal(name_map_check(&m, ':', "--m", &e), -1);
	assert_non_null(strstr(e.msg, "--m: 'unused:x' matches nothing"));
	assert_true(name_map_get(&m, S("unused"), &a, &to));
	assert_int_equal(name_map_check(&m, ':', "--m", &e), 0);
	name_map_done(&m);
}

static void
entries_that_match_nothing_are_told(void **state)
{
	static const struct { const char *classes, *images, *hosts, *zones, *text; } maps[] = {
		{ "gold:fast nowhere:slow", NULL, NULL, NULL, "--storage-class-mappings: 'nowhere:slow' matches nothing" },
		{ "gold:platinum", NULL, NULL, NULL, "storage class 'platinum'" },
		{ NULL, "docker.io=x quay.io=y", NULL, NULL, "--image-mappings: 'quay.io=y' matches nothing" },
		{ NULL, NULL, "a:b", NULL, "--host-mappings: 'a:b' matches nothing" },
		{ NULL, NULL, NULL, "a:", "--zone-mappings: 'a:' matches nothing" },
		{ "gold:fast", "docker.io=x", NULL, NULL, NULL },
	};
	static const char *const docs[][2] = {
		{ "persistentvolumeclaims", "{'spec':{'storageClassName':'gold'}}" },
		{ "pods", "{'spec':{'containers':[{'image':'nginx'}]}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(maps); i++) {
		AUTO_ARENA struct arena a = ARENA_INIT;
		AUTO(restore_opts_done) struct restore_opts o = { 0 };
		AUTO(change_freep) struct change *ch = NULL;
		struct err e;

		add_words(&o.class_map, maps[i].classes);
		add_words(&o.image_map, maps[i].images);
		add_words(&o.host_map, maps[i].hosts);
		add_words(&o.zone_map, maps[i].zones);
		ch = change_new(&o, &e);
		assert_non_null(ch);
		for (size_t k = 0; k < COUNT(docs); k++) {
			struct change_item it = { .arena = &a, .gr = str_of(docs[k][0]), .map_ns = map_ns,
				.class_exists = any_class, .ctx = &a };

			if (change_unproven(ch, it.gr))
				assert_int_equal(change_look(ch, &it, jnode_open(&a, json(&a, docs[k][1])), &e), 0);
		}
		assert_int_equal(change_check(ch, fast_class, NULL, &e), maps[i].text ? -1 : 0);
		if (maps[i].text && (e.kind != EK_NOTFOUND || strstr(e.msg, maps[i].text) == NULL))
			fail_msg("%zu: %s", i, e.msg);
		if (maps[i].text == NULL)
			assert_false(change_unproven(ch, S("persistentvolumeclaims")) || change_unproven(ch, S("pods")));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_mapped),
		cmocka_unit_test(entries_of_maps_are_checked),
		cmocka_unit_test(exact_names_win_over_patterns_and_the_first_pattern_wins),
		cmocka_unit_test(entries_that_match_nothing_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
