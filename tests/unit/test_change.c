/*
 * Tests of engine/change: storage classes, image names (velero-format 4.7) and resource modifiers (4.10).
 * JSON is written with ' for ".
 */
#include "engine/change.h"
#include "engine/change_impl.h"

#include "base/limits.h"
#include "base/mem.h"

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

/* --- a restore: the cluster has the storage classes "fast" and "slow" --- */

struct world {
	struct arena arena;
	struct strs  problems;
	struct err   e;
	struct str   out;
	int          rc;
};

static void
world_done(struct world *w)
{
	strs_free(&w->problems);
	arena_done(&w->arena);
}

static bool
class_exists(void *ctx, struct str name)
{
	(void)ctx;
	return str_eqz(name, "fast") || str_eqz(name, "slow");
}

static void
problem(void *ctx, const char *text)
{
	strs_add(&((struct world *)ctx)->problems, text);
}

/* where: "type/namespace/name" */
static void
run(struct world *w, struct change *ch, const char *where, struct str doc)
{
	struct str rest = str_of(where);
	struct change_item it = { .arena = &w->arena, .class_exists = class_exists, .problem = problem, .ctx = w };
	struct jnode *obj = jnode_open(&w->arena, doc);

	assert_true(str_split(&rest, '/', &it.gr) && str_split(&rest, '/', &it.ns) && str_split(&rest, '/', &it.name));
	w->rc = change_apply(ch, &it, &obj, &w->e);
	w->out = jnode_raw(obj);
}

/* --- storage classes and images --- */

struct mapped {
	const char *classes, *images;        /* entries with blanks between them */
	const char *class_config, *image_config;
	const char *where, *doc, *want;      /* want NULL: EK_NOTFOUND */
};

static const struct mapped mapped[] = {
	{ .classes = "gold:fast bronze:slow", .where = "persistentvolumeclaims/a/b",
		.doc = "{ 'n':9007199254740993, 'spec':{'storageClassName' : 'bronze'}}",
		.want = "{'n':9007199254740993,'spec':{'storageClassName':'slow'}}" },
	{ .classes = "gold:fast", .where = "persistentvolumes//b", .doc = "{'spec':{'storageClassName':'gold'}}",
		.want = "{'spec':{'storageClassName':'fast'}}" },
	{ .classes = "gold:fast", .where = "persistentvolumeclaims/a/b",
		.doc = "{'metadata':{'annotations':{'volume.beta.kubernetes.io/storage-class':'gold'}},'spec':{}}",
		.want = "{'metadata':{'annotations':{'volume.beta.kubernetes.io/storage-class':'fast'}},'spec':{}}" },
	{ .classes = "gold:fast", .where = "statefulsets.apps/a/b",
		.doc = "{'spec':{'volumeClaimTemplates':[{'spec':{'storageClassName':'gold'}},{'spec':{'storageClassName':'old'}}]}}",
		.want = "{'spec':{'volumeClaimTemplates':[{'spec':{'storageClassName':'fast'}},{'spec':{'storageClassName':'old'}}]}}" },
	{ .classes = "gold:fast", .where = "persistentvolumeclaims/a/b", .doc = "{'spec':{'storageClassName':''}}",
		.want = "{'spec':{'storageClassName':''}}" },
	{ .classes = "gold:fast", .where = "configmaps/a/b", .doc = "{'spec':{'storageClassName':'gold'}}",
		.want = "{'spec':{'storageClassName':'gold'}}" },
	{ .classes = "gold:platinum", .where = "persistentvolumeclaims/a/b", .doc = "{'spec':{'storageClassName':'gold'}}" },
	{ .classes = "gold:platinum", .where = "persistentvolumeclaims/a/b", .doc = "{'spec':{'storageClassName':'slow'}}",
		.want = "{'spec':{'storageClassName':'slow'}}" },
	{ .class_config = "gold: fast\nbronze: slow\n", .where = "persistentvolumeclaims/a/b",
		.doc = "{'spec':{'storageClassName':'bronze'}}", .want = "{'spec':{'storageClassName':'slow'}}" },
	{ .class_config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {velero.io/plugin-config: ''}}\n"
		"data: {gold: fast}\n", .where = "persistentvolumeclaims/a/b", .doc = "{'spec':{'storageClassName':'gold'}}",
		.want = "{'spec':{'storageClassName':'fast'}}" },
	{ .image_config = "a: 'docker.io/,mirror:5000/'\nb: 'nginx,never'\n", .where = "pods/a/b",
		.doc = "{'spec':{'containers':[{'image':'docker.io/nginx:1'}],'initContainers':[{'image':'quay.io/nginx'}]}}",
		.want = "{'spec':{'containers':[{'image':'mirror:5000/nginx:1'}],'initContainers':[{'image':'quay.io/never'}]}}" },
	{ .image_config = "a: 'a,aa'\n", .where = "deployments.apps/a/b",
		.doc = "{'spec':{'template':{'spec':{'containers':[{'image':'banana'},{'name':'a'}]}}}}",
		.want = "{'spec':{'template':{'spec':{'containers':[{'image':'baanaanaa'},{'name':'a'}]}}}}" },
	{ .image_config = "case1: ' 1.1.1.1:5000 , 2.2.2.2:3000'\n", .where = "cronjobs.batch/a/b",
		.doc = "{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':[{'image':'1.1.1.1:5000/abc:test'}]}}}}}}",
		.want = "{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':[{'image':'2.2.2.2:3000/abc:test'}]}}}}}}" },
	{ .images = "a=b", .where = "widgets.example.com/a/b", .doc = "{'spec':{'containers':[{'image':'a'}]}}",
		.want = "{'spec':{'containers':[{'image':'a'}]}}" },
};

static void
add_words(struct strs *v, const char *words)
{
	struct str rest = str_of(words), word;

	while (words && str_split(&rest, ' ', &word)) {
		AUTO_FREE char *text = str_dup(word);

		strs_add(v, text);
	}
}

static void
classes_and_images_are_mapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mapped); i++) {
		const struct mapped *c = &mapped[i];
		AUTO(world_done) struct world w = { 0 };
		AUTO(restore_opts_done) struct restore_opts o = { 0 };
		AUTO(change_freep) struct change *ch = NULL;

		add_words(&o.class_map, c->classes);
		add_words(&o.image_map, c->images);
		o.class_config = xstrdup_or_null(c->class_config);
		o.image_config = xstrdup_or_null(c->image_config);
		ch = change_new(&o, &w.e);
		if (ch == NULL)
			fail_msg("%zu: %s", i, w.e.msg);
		run(&w, ch, c->where, json(&w.arena, c->doc));
		if (c->want == NULL) {
			assert_int_equal(w.rc, -1);
			assert_int_equal(w.e.kind, EK_NOTFOUND);
			assert_non_null(strstr(w.e.msg, "persistentvolumeclaims 'a/b'"));
			assert_non_null(strstr(w.e.msg, "'platinum'"));
		} else if (w.rc < 0 || !jsame(w.out, json(&w.arena, c->want))) {
			fail_msg("%zu: " STR_FMT, i, STR_ARG(w.out));
		}
	}
}

static void
mistakes_in_maps_are_refused(void **state)
{
	static const struct { const char *classes, *images, *words; } rows[] = {
		{ "gold: [a]", NULL, "--change-storage-class:1: 'gold'" },
		{ "gold: ''", NULL, "--change-storage-class:1: 'old: new'" },
		{ "- gold", NULL, "--change-storage-class:1" },
		{ "kind: ConfigMap\nbinaryData: {}", NULL, "has no data" },
		{ "a: &x b\nc: *x", NULL, "--change-storage-class:2" },
		{ NULL, "a: nginx", "--change-image-name:1: 'nginx': 'old,new'" },
		{ NULL, "a: x,y\nb: ',y'", "--change-image-name:2: ',y'" },
		{ NULL, "b: 'y, '", "--change-image-name:1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(restore_opts_done) struct restore_opts o = { 0 };
		struct err e = { 0 };

		o.class_config = xstrdup_or_null(rows[i].classes);
		o.image_config = xstrdup_or_null(rows[i].images);
		assert_null(change_new(&o, &e));
		if (e.kind != EK_INVALID || strstr(e.msg, rows[i].words) == NULL)
			fail_msg("%zu: %s", i, e.msg);
	}
}

/* --- resource modifiers --- */

static struct change *
modifiers(const char *rules, struct err *e)
{
	AUTO(restore_opts_done) struct restore_opts o = { 0 };

	o.modifiers = xasprintf("version: v1\nresourceModifierRules:\n%s", rules);
	return change_new(&o, e);
}

struct modified {
	const char *rules;                   /* from line 3 on */
	const char *where, *doc;
	const char *want;                    /* NULL: nothing changed, to the byte */
	const char *problem;                 /* words of it */
};

/* Adds "1" for each rule that matches: conditions of one rule, and what they match. */
#define IF(c) "- {conditions: {" c "}, patches: [{operation: add, path: /spec/x, value: 1}]}"
#define DO(...) "- {conditions: {groupResource: configmaps}, " __VA_ARGS__ "}"
#define X "{'spec':{'x':1}}"

static const struct modified modified[] = {
	/* types: '*' stays within a part */
	{ IF("groupResource: pods"), "pods/a/b", "{'spec':{}}", X },
	{ IF("groupResource: pods"), "pods.metrics.k8s.io/a/b", "{ 'spec': {}}" },
	{ IF("groupResource: deployments"), "deployments.apps/a/b", "{'spec':{}}" },
	{ IF("groupResource: '*'"), "pods/a/b", "{'spec':{}}", X },
	{ IF("groupResource: '*'"), "deployments.apps/a/b", "{'spec':{}}" },
	{ IF("groupResource: '*.apps'"), "deployments.apps/a/b", "{'spec':{}}", X },
	{ IF("groupResource: '*.*'"), "roles.rbac.authorization.k8s.io/a/b", "{'spec':{}}" },
	{ IF("groupResource: '**'"), "roles.rbac.authorization.k8s.io/a/b", "{'spec':{}}", X },
	{ IF("groupResource: '{pods,jobs.batch}'"), "jobs.batch/a/b", "{'spec':{}}", X },
	{ IF("groupResource: 'po?s'"), "pods/a/b", "{'spec':{}}", X },
	/* namespaces: the original ones; nothing to say about objects without one */
	{ IF("groupResource: pods, namespaces: [x, a]"), "pods/a/b", "{'spec':{}}", X },
	{ IF("groupResource: pods, namespaces: [x]"), "pods/a/b", "{'spec':{}}" },
	{ IF("groupResource: pods, namespaces: []"), "pods/a/b", "{'spec':{}}", X },
	{ IF("groupResource: pods, namespaces: ['team-*']"), "pods/team-a.b/b", "{'spec':{}}", X },
	{ IF("groupResource: nodes, namespaces: [x]"), "nodes//b", "{'spec':{}}", X },
	/* names */
	{ IF("groupResource: pods, resourceNameRegex: 'b-\\d'"), "pods/a/web-1-x", "{'spec':{}}", X },
	{ IF("groupResource: pods, resourceNameRegex: '^eb'"), "pods/a/web-1", "{'spec':{}}" },
	/* labels */
	{ IF("groupResource: pods, labelSelector: {matchLabels: {a: 1, b: x}}"), "pods/a/b",
		"{'metadata':{'labels':{'a':'1','b':'x','c':''}},'spec':{}}",
		"{'metadata':{'labels':{'a':'1','b':'x','c':''}},'spec':{'x':1}}" },
	{ IF("groupResource: pods, labelSelector: {matchLabels: {a: x}}"), "pods/a/b", "{'spec':{}}" },
	{ IF("groupResource: pods, labelSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}"), "pods/a/b",
		"{'spec':{}}", X },
	{ IF("groupResource: pods, labelSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}"), "pods/a/b",
		"{'metadata':{'labels':{'a':'c'}},'spec':{}}" },
	/* contents */
	{ IF("groupResource: pods, matches: [{path: /spec/a, value: 'yes'}, {path: /spec/n, value: '2'}]"), "pods/a/b",
		"{'spec':{'a':'yes','n':2}}", "{'spec':{'a':'yes','n':2,'x':1}}" },
	{ IF("groupResource: pods, matches: [{path: /spec/a, value: '2'}]"), "pods/a/b", "{'spec':{'a':'2'}}" },
	{ IF("groupResource: pods, matches: [{path: /spec/a, value: '\"2\"'}]"), "pods/a/b", "{'spec':{'a':'2'}}",
		"{'spec':{'a':'2','x':1}}" },
	{ IF("groupResource: pods, matches: [{path: /spec/a/b/c, value: x}]"), "pods/a/b", "{'spec':{}}" },
	/* several rules: conditions look at the object as it was, patches at what the others left */
	{ DO("patches: [{operation: replace, path: /data/a, value: two}]") "\n"
		"- {conditions: {groupResource: configmaps, matches: [{path: /data/a, value: one}]},\n"
		"   patches: [{operation: copy, from: /data/a, path: /data/b}]}\n"
		"- {conditions: {groupResource: configmaps, matches: [{path: /data/a, value: two}]},\n"
		"   patches: [{operation: add, path: /data/never, value: x}]}\n", "configmaps/a/b", "{'data':{'a':'one'}}",
		"{'data':{'a':'two','b':'two'}}" },
	/* all or nothing: a test that fails is a condition, anything else a problem */
	{ DO("patches: [{operation: add, path: /data/x, value: 1}, {operation: test, path: /data/a, value: two}]"),
		"configmaps/a/b", "{'data' :{'a':'one'}}" },
	{ DO("patches: [{operation: add, path: /data/x, value: 1}, {operation: remove, path: /data/y}]"), "configmaps/a/b",
		"{'data' :{'a':'one'}}", NULL, "rule 1 (line 3) was not applied: operation 2 (remove): '/data/y' does not exist" },
	{ DO("patches: [{operation: remove, path: /data/y}]") "\n" DO("patches: [{operation: remove, path: /data/a}]"),
		"configmaps/a/b", "{'data':{'a':'one'}}", "{'data':{}}", "rule 1 (line 3)" },
	{ DO("patches: [{operation: replace, path: /metadata/name, value: c}]"), "configmaps/a/b", "{'metadata':{'name':'b'}}",
		NULL, "'metadata.name'" },
	{ DO("mergePatches: [{patchData: '{\"kind\": null}'}]"), "configmaps/a/b", "{'kind':'ConfigMap'}", NULL, "'kind'" },
	{ DO("mergePatches: [{patchData: '{\"data\": {\"a\": null, \"b\": 9007199254740993}}'}, {patchData: 'data: {c: 1}'}]"),
		"configmaps/a/b", "{'data':{'a':'one'},'n':9007199254740995}",
		"{'data':{'b':9007199254740993,'c':1},'n':9007199254740995}" },
	{ DO("strategicPatches: [{patchData: 'data: {a: null, b: x}'}]"), "configmaps/a/b", "{'data':{'a':'one'}}",
		"{'data':{'b':'x'}}" },
	{ "- {conditions: {groupResource: widgets.example.com}, strategicPatches: [{patchData: 'spec: {}'}]}",
		"widgets.example.com/a/b", "{'spec':{'a':1}}", NULL, "use mergePatches" },
	{ "- {conditions: {groupResource: 'volumesnapshots.snapshot.storage.k8s.io'}, strategicPatches: [{patchData: 'a: {}'}]}",
		"volumesnapshots.snapshot.storage.k8s.io/a/b", "{'spec':{'a':1}}", NULL, "use mergePatches" },
	/* a pattern that never ends its work */
	{ IF("groupResource: pods, resourceNameRegex: '^(a+)+$'"), "pods/a/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-b",
		"{'spec':{}}", NULL, "takes too long" },
};

static void
modifiers_follow_velero(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(modified); i++) {
		const struct modified *c = &modified[i];
		AUTO(world_done) struct world w = { 0 };
		AUTO(change_freep) struct change *ch = modifiers(c->rules, &w.e);
		struct str doc = json(&w.arena, c->doc);

		if (ch == NULL)
			fail_msg("%s: %s", c->rules, w.e.msg);
		run(&w, ch, c->where, doc);
		assert_int_equal(w.rc, 0);
		if (c->want ? !str_eq(w.out, json(&w.arena, c->want)) : !str_eq(w.out, doc))
			fail_msg("%s\n%s: " STR_FMT, c->rules, c->where, STR_ARG(w.out));
		if (w.problems.len != (c->problem != NULL) || (c->problem && strstr(w.problems.at[0], c->problem) == NULL))
			fail_msg("%s: %s", c->rules, w.problems.len ? w.problems.at[0] : "no problem");
	}
}

/* A value as it stands in the file, and what it is in the object. */
static void
values_of_operations(void **state)
{
	static const struct { const char *yaml, *want; } rows[] = {
		{ "text", "'text'" },
		{ "'null'", "null" },
		{ "null", "null" },
		{ "''", "''" },
		{ "", "''" },
		{ "'true'", "true" },
		{ "'False'", "false" },
		{ "true", "true" },
		{ "on", "true" },
		{ "'on'", "'on'" },
		{ "'3'", "3" },
		{ "3", "3" },
		{ "0644", "420" },
		{ "'0644'", "'0644'" },
		{ "'9007199254740993'", "9007199254740993" },
		{ "'-1.5e3'", "-1.5e3" },
		{ "'1.2.3'", "'1.2.3'" },
		{ "'NaN'", "'NaN'" },
		{ "'\"3\"'", "'3'" },
		{ "'\"\"'", "''" },
		{ "'\"'", "''" },
		{ "'\"true\"'", "'true'" },
		{ "'{\"a\": [1]}'", "{'a': [1]}" },
		{ "'[]'", "[]" },
		{ "\"two\\nlines\"", "'two\\nlines'" },
		{ "'C:\\temp'", "'C:\\temp'" },
		{ "'a \\ b'", "'a \\\\ b'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(world_done) struct world w = { 0 };
		AUTO_FREE char *rules = xasprintf("- conditions:\n    groupResource: pods\n  patches:\n"
			"  - operation: add\n    path: /v\n    value: %s\n", rows[i].yaml);
		AUTO(change_freep) struct change *ch = modifiers(rules, &w.e);
		AUTO_FREE char *want = xasprintf("{'v':%s}", rows[i].want);

		if (ch == NULL)
			fail_msg("%s: %s", rows[i].yaml, w.e.msg);
		run(&w, ch, "pods/a/b", S("{}"));
		if (!str_eq(w.out, json(&w.arena, want)))
			fail_msg("%s: " STR_FMT, rows[i].yaml, STR_ARG(w.out));
	}
}

/* YAML of version 1.1 is what Velero reads. */
static void
patch_data_is_read_as_kubectl_does(void **state)
{
	static const struct { const char *yaml, *want; } rows[] = {
		{ "{spec: {mode: 0644, big: 9007199254740993, on: off, text: 'no'}}",
			"{'spec':{'mode':420,'big':9007199254740993,'on':false,'text':'no'}}" },
		{ "{\"spec\": {\"n\": 1.0, \"s\": \"0644\"}}", "{'spec':{'n': 1.0,'s': '0644'}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(world_done) struct world w = { 0 };
		AUTO_FREE char *rules = xasprintf("- conditions:\n    groupResource: pods\n  mergePatches:\n  - patchData: |\n"
			"      %s\n", rows[i].yaml);
		AUTO(change_freep) struct change *ch = modifiers(rules, &w.e);

		if (ch == NULL)
			fail_msg("%s: %s", rows[i].yaml, w.e.msg);
		run(&w, ch, "pods/a/b", S("{}"));
		if (!jsame(w.out, json(&w.arena, rows[i].want)))
			fail_msg("%s: " STR_FMT, rows[i].yaml, STR_ARG(w.out));
	}
}

static void
mistakes_in_modifiers_are_refused(void **state)
{
	static const struct { const char *yaml, *words; } rows[] = {
		{ "", "--resource-modifiers:1: 'version: v1' is expected" },
		{ "version: v2\nresourceModifierRules: []", "--resource-modifiers:1: 'version: v1'" },
		{ "version: v1", "resourceModifierRules: a list" },
		{ "version: v1\nresourceModifierRule: []", ":2: unknown key 'resourceModifierRule' (did you mean 'resourceModifierRules'?)" },
		{ "version: v1\nresourceModifierRules:\n- condition: {}", ":3: unknown key 'condition' (did you mean 'conditions'?)" },
		{ "version: v1\nresourceModifierRules:\n- patches: []", ":3: conditions need a groupResource" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: ''}", ":3: " },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}", ":3: a rule has one of" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches: [{operation: remove, path: /a}]\n"
			"  mergePatches: [{patchData: 'a: 1'}]", ":3: a rule has one of" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches:\n  - op: remove",
			":5: unknown key 'op'" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches:\n  - operation: delete\n",
			":5: operation: add, remove" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches:\n  - operation: remove\n",
			":5: 'path' is missing" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches:\n  - operation: remove\n"
			"    path: spec/x", ":6: path: 'spec/x' must start with '/'" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches:\n  - operation: move\n"
			"    path: /x", ":5: 'from' is missing" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches:\n  - operation: add\n"
			"    path: /x\n    value: {a: 1}", ":7: value: a text is expected" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  patches:\n  - operation: add\n"
			"    path: /x\n    value: '{a: 1}'", "value: " },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  mergePatches: [{patchData: '[1]'}]",
			":4: patchData: keys and values" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  mergePatches: [{patchData: {a: 1}}]",
			":4: patchData is missing" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n  mergePatches: [{patchData: 'a: ['}]",
			"--resource-modifiers:4: patchData:2: did not" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods, resourceNameRegex: '('}", ":3: pattern '('" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods, labelSelector: {matchLabel: {}}}",
			"unknown key 'matchLabel' (did you mean 'matchLabels'?)" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods, labelSelector: {matchLabels: {'a b': c}}}",
			":3: label selector: " },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: '{pods'}", ":3: braces" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: '{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}'}",
			":3: too many choices" },
		{ "version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods, matches: [{value: x}]}", "'path' is missing" },
		{ "kind: ConfigMap\ndata: {a: x, b: y}", ":2: a ConfigMap of resource modifiers has exactly one key" },
		{ "kind: ConfigMap\ndata:\n  rules.yaml: |\n    version: v1\n    resourceModifierRules:\n    - x: 1\n",
			"--resource-modifiers: data of 'rules.yaml':3: unknown key 'x'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(restore_opts_done) struct restore_opts o = { .modifiers = xstrdup(rows[i].yaml) };
		struct err e = { 0 };

		assert_null(change_new(&o, &e));
		if (e.kind != EK_INVALID || strstr(e.msg, rows[i].words) == NULL)
			fail_msg("%s\n%s", rows[i].yaml, e.msg);
	}
}

static void
a_configmap_with_one_key_is_read(void **state)
{
	AUTO(world_done) struct world w = { 0 };
	AUTO(restore_opts_done) struct restore_opts o = { .modifiers = xstrdup("apiVersion: v1\nkind: ConfigMap\n"
		"metadata: {name: rules, namespace: velero}\ndata:\n  any.yaml: |\n    version: V1\n    resourceModifierRules:\n"
		"    - conditions: {groupResource: pods}\n      patches:\n      - {operation: remove, path: /spec}\n") };
	AUTO(change_freep) struct change *ch = change_new(&o, &w.e);

	(void)state;
	assert_non_null(ch);
	run(&w, ch, "pods/a/b", S("{\"spec\":1}"));
	assert_true(str_eqz(w.out, "{}"));
}

static void
rules_have_a_limit(void **state)
{
	(void)state;
	for (size_t n = LIMIT_RULES; n <= LIMIT_RULES + 1; n++) {
		AUTO_BUF struct buf yaml = BUF_INIT(MIB);
		AUTO(change_freep) struct change *ch = NULL;
		struct err e = { 0 };

		for (size_t i = 0; i < n; i++)
			buf_puts(&yaml, IF("groupResource: pods") "\n");
		ch = modifiers(buf_cstr(&yaml), &e);
		if (n == LIMIT_RULES)
			assert_non_null(ch);
		else
			assert_true(ch == NULL && e.kind == EK_LIMIT);
	}
}

/* --- strategic merge patches --- */

#define POD(list) "{'spec':{'containers':[" list "]}}"

static const struct strategic {
	const char *gr, *patch, *doc, *want;     /* want NULL: EK_INVALID */
} strategic[] = {
	/* an element is found by its key, and what else it has stays; new elements come first, as for kubectl */
	{ "pods", POD("{'name':'b','image':'x'}"), POD("{'name':'a','image':'1'},{'name':'b','image':'2','tty':true}"),
		POD("{'name':'a','image':'1'},{'name':'b','image':'x','tty':true}") },
	{ "pods", POD("{'name':'new'}"), POD("{'name':'a'},{'name':'b'}"), POD("{'name':'new'},{'name':'a'},{'name':'b'}") },
	{ "pods", POD("{'name':'b','x':1},{'name':'a','x':2}"), POD("{'name':'a'},{'name':'b'},{'name':'c'}"),
		POD("{'name':'b','x':1},{'name':'a','x':2},{'name':'c'}") },
	{ "pods", POD("{'name':'a','$patch':'delete'}"), POD("{'name':'a'},{'name':'b'}"), POD("{'name':'b'}") },
	{ "pods", POD("{'$patch':'replace'},{'name':'n'}"), POD("{'name':'a'},{'name':'b'}"), POD("{'name':'n'}") },
	{ "pods", POD("{'name':'a','$patch':'merge','x':1}"), POD("{'name':'a'}"), POD("{'name':'a','x':1}") },
	{ "pods", POD("{'name':'a','image':null,'env':[{'name':'V','value':'2'}]}"),
		POD("{'name':'a','image':'i','env':[{'name':'U','value':'1'},{'name':'V','value':'1'}]}"),
		POD("{'name':'a','env':[{'name':'U','value':'1'},{'name':'V','value':'2'}]}") },
	{ "pods", POD("{'name':'a','ports':[{'containerPort':80,'name':'http'}]}"),
		POD("{'name':'a','ports':[{'containerPort':80},{'containerPort':81}]}"),
		POD("{'name':'a','ports':[{'containerPort':80,'name':'http'},{'containerPort':81}]}") },
	{ "pods", POD("{'image':'x'}"), POD("{'name':'a'}"), NULL },
	{ "pods", POD("'x'"), POD("{'name':'a'}"), NULL },
	/* lists without a key are replaced */
	{ "pods", "{'spec':{'tolerations':[{'key':'b','value':null}]}}", "{'spec':{'tolerations':[{'key':'a'}]}}",
		"{'spec':{'tolerations':[{'key':'b'}]}}" },
	{ "pods", POD("{'name':'a','command':['x']}"), POD("{'name':'a','command':['a','b']}"), POD("{'name':'a','command':['x']}") },
	{ "configmaps", "{'data':[1]}", "{'data':[2,3]}", "{'data':[1]}" },
	/* where the same name means something else */
	{ "services", "{'spec':{'ports':[{'port':80,'targetPort':8080}]}}", "{'spec':{'ports':[{'port':80,'name':'a'},{'port':81}]}}",
		"{'spec':{'ports':[{'port':80,'name':'a','targetPort':8080},{'port':81}]}}" },
	{ "networkpolicies.networking.k8s.io", "{'spec':{'ingress':[{'ports':[{'port':1}]}]}}", "{'spec':{'ingress':[{'ports':[{'port':2}]}]}}",
		"{'spec':{'ingress':[{'ports':[{'port':1}]}]}}" },
	{ "cronjobs.batch",
		"{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'volumes':[{'name':'v','emptyDir':{}}]}}}}}}",
		"{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'volumes':[{'name':'w'}]}}}}}}",
		"{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'volumes':[{'name':'v','emptyDir':{}},{'name':'w'}]}}}}}}" },
	{ "poddisruptionbudgets.policy", "{'spec':{'selector':{'matchLabels':{'a':'b'}}}}", "{'spec':{'selector':{'matchLabels':{'c':'d'}}}}",
		"{'spec':{'selector':{'matchLabels':{'a':'b'}}}}" },
	{ "mutatingwebhookconfigurations.admissionregistration.k8s.io", "{'webhooks':[{'name':'a','failurePolicy':'Ignore'}]}",
		"{'webhooks':[{'name':'a','x':1}]}", "{'webhooks':[{'name':'a','x':1,'failurePolicy':'Ignore'}]}" },
	/* sets of scalars */
	{ "secrets", "{'metadata':{'finalizers':['b','c']}}", "{'metadata':{'finalizers':['a','b']}}",
		"{'metadata':{'finalizers':['a','b','c']}}" },
	{ "secrets", "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a','x']}}", "{'metadata':{'finalizers':['a','b']}}",
		"{'metadata':{'finalizers':['b']}}" },
	{ "secrets", "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a']}}", "{'metadata':{}}", "{'metadata':{}}" },
	/* directives of objects */
	{ "deployments.apps", "{'spec':{'strategy':{'$retainKeys':['type'],'type':'Recreate'}}}",
		"{'spec':{'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':1}}}}", "{'spec':{'strategy':{'type':'Recreate'}}}" },
	{ "deployments.apps", "{'spec':{'strategy':{'$retainKeys':['type'],'x':1}}}", "{'spec':{'strategy':{}}}", NULL },
	{ "pods", "{'metadata':{'labels':{'$patch':'replace','a':'b'}}}", "{'metadata':{'labels':{'c':'d'}}}",
		"{'metadata':{'labels':{'a':'b'}}}" },
	{ "pods", "{'metadata':{'labels':{'$patch':'delete'}}}", "{'metadata':{'labels':{'c':'d'}}}", "{'metadata':{'labels':{}}}" },
	{ "pods", "{'metadata':{'labels':{'$patch':'remove'}}}", "{'metadata':{'labels':{'c':'d'}}}", NULL },
	/* no directive gets into an object */
	{ "pods", "{'spec':{'volumes':[{'$patch':'delete','name':'x'},{'name':'y','n':null}],'a':{'$retainKeys':['b'],'b':1}}}",
		"{'spec':{}}", "{'spec':{'volumes':[{'name':'y'}],'a':{'b':1}}}" },
	{ "pods", "{'spec':{'a':{'$patch':'delete'}}}", "{'spec':{'a':1}}", "{'spec':{}}" },
	/* order */
	{ "pods", "{'spec':{'$setElementOrder/containers':[{'name':'b'},{'name':'a'}]}}", POD("{'name':'a'},{'name':'b'},{'name':'c'}"),
		POD("{'name':'b'},{'name':'a'},{'name':'c'}") },
	{ "pods", "{'spec':{'$setElementOrder/containers':[{'name':'a'},{'name':'n'}],'containers':[{'name':'n'}]}}", POD("{'name':'a'}"),
		POD("{'name':'a'},{'name':'n'}") },
	{ "pods", "{'spec':{'$setElementOrder/containers':[{'name':'a'}],'containers':[{'name':'n'}]}}", POD("{'name':'a'}"), NULL },
	{ "pods", "{'spec':{'$setElementOrder/containers':[{'name':'a'},{'name':'n'}],'containers':[{'name':'n'},{'name':'a'}]}}",
		POD("{'name':'a'}"), NULL },
	{ "pods", "{'spec':{'$setElementOrder/tolerations':[]}}", "{'spec':{}}", NULL },
	{ "widgets.example.com", "{'spec':{}}", "{'spec':{}}", NULL },
};

static void
strategic_patches_follow_the_api_server(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strategic); i++) {
		const struct strategic *c = &strategic[i];
		AUTO_ARENA struct arena a = ARENA_INIT;
		struct jnode *n = jnode_open(&a, json(&a, c->doc));
		struct err e = { 0 };
		int rc = strategic_merge(n, &a, str_of(c->gr), json(&a, c->patch), &e);

		if (c->want == NULL) {
			if (rc == 0 || e.kind != EK_INVALID)
				fail_msg("%s: " STR_FMT, c->patch, STR_ARG(jnode_raw(n)));
		} else if (rc < 0) {
			fail_msg("%s: %s", c->patch, e.msg);
		} else if (!jsame(jnode_raw(n), json(&a, c->want))) {
			fail_msg("%s: " STR_FMT, c->patch, STR_ARG(jnode_raw(n)));
		}
	}
}

static void
only_what_is_concerned_is_asked(void **state)
{
	AUTO(restore_opts_done) struct restore_opts o = { 0 };
	struct err e;
	AUTO(change_freep) struct change *none = change_new(&o, &e), *some = NULL;

	(void)state;
	assert_false(change_concerns(none, S("pods")));
	strs_add(&o.class_map, "a:b");
	strs_add(&o.image_map, "a=b");
	o.modifiers = xstrdup("version: v1\nresourceModifierRules:\n" IF("groupResource: '*.example.com'"));
	some = change_new(&o, &e);
	assert_true(change_concerns(some, S("pods")));
	assert_true(change_concerns(some, S("persistentvolumes")));
	assert_true(change_concerns(some, S("widgets.example.com")));
	assert_false(change_concerns(some, S("configmaps")));
}

static void
globs_know_separators(void **state)
{
	static const struct { const char *pattern, *text; char sep; bool hit; } rows[] = {
		{ "", "", '.', true }, { "", "a", '.', false }, { "*", "", '.', true }, { "a*c", "abbc", '.', true },
		{ "a*c", "ab.c", '.', false }, { "a**c", "ab.c", '.', true }, { "a*c", "ab.c", 0, true }, { "?", ".", '.', false },
		{ "?", ".", 0, true }, { "[ab]c", "bc", '.', true }, { "[!ab]c", "bc", '.', false }, { "[a-c]*", "b", '.', true },
		{ "[", "[", '.', true }, { "[]", "[]", '.', true }, { "[!", "[!", '.', true }, { "\\*", "*", '.', true },
		{ "\\*", "a", '.', false }, { "a\\", "a\\", '.', true }, { "*.*.*", "a.b.c", '.', true },
		{ "*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", '.', false },
		{ "***", "a.b", '.', true }, { "[a", "[a", '.', true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (change_glob(str_of(rows[i].pattern), str_of(rows[i].text), rows[i].sep) != rows[i].hit)
			fail_msg("%s and %s", rows[i].pattern, rows[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_and_images_are_mapped),
		cmocka_unit_test(mistakes_in_maps_are_refused),
		cmocka_unit_test(modifiers_follow_velero),
		cmocka_unit_test(values_of_operations),
		cmocka_unit_test(patch_data_is_read_as_kubectl_does),
		cmocka_unit_test(mistakes_in_modifiers_are_refused),
		cmocka_unit_test(a_configmap_with_one_key_is_read),
		cmocka_unit_test(rules_have_a_limit),
		cmocka_unit_test(strategic_patches_follow_the_api_server),
		cmocka_unit_test(only_what_is_concerned_is_asked),
		cmocka_unit_test(globs_know_separators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
