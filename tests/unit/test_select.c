/* Tests of engine/select: which objects the filters leave (velero-format 3.3, 3.5, 4.2). */
#include "engine/select.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct discovery *disc;

static void
add(const char *group, const char *name, const char *kind, const char *short_name, bool namespaced)
{
	struct api_resource *r = vec_push(&disc->all);

	*r = (struct api_resource){ .group = xstrdup(group), .version = xstrdup("v1"), .name = xstrdup(name),
		.kind = xstrdup(kind), .singular = xstrdup(""), .namespaced = namespaced, .preferred = true };
	r->gr = *group ? xasprintf("%s.%s", name, group) : xstrdup(name);
	r->api_version = *group ? xasprintf("%s/v1", group) : xstrdup("v1");
	if (short_name)
		strs_add(&r->short_names, short_name);
}

static int
make_discovery(void **state)
{
	(void)state;
	disc = xcalloc(1, sizeof *disc);
	add("", "pods", "Pod", "po", true);
	add("", "secrets", "Secret", NULL, true);
	add("", "namespaces", "Namespace", "ns", false);
	add("", "persistentvolumes", "PersistentVolume", "pv", false);
	add("apps", "deployments", "Deployment", "deploy", true);
	add("rbac.authorization.k8s.io", "clusterroles", "ClusterRole", NULL, false);
	return 0;
}

static int
drop_discovery(void **state)
{
	(void)state;
	discovery_free(TAKE(disc));
	return 0;
}

/* A list as one text, so that rows stay short. */
static void
split_at(char sep, struct strs *to, const char *list)
{
	struct str rest = str_of(list), piece;

	while (list && str_split(&rest, sep, &piece)) {
		AUTO_FREE char *text = str_dup(piece);

		strs_add(to, text);
	}
}

struct given {
	const char   *inc_ns, *exc_ns, *inc_res, *exc_res;
	enum opt_tri  cluster;
	const char   *selector;
	const char   *inc_out, *exc_out, *inc_in, *exc_in;       /* by scope */
	const char   *or_selectors;                              /* separated by "|" */
	const char   *inc_names, *exc_names;
};

static void
split(struct strs *to, const char *list)
{
	split_at(',', to, list);
}

static struct selection *
make(const struct given *g, struct strs *unknown, struct err *e)
{
	AUTO(filter_opts_done) struct filter_opts o = { .include_cluster = g->cluster };

	split(&o.inc_namespaces, g->inc_ns);
	split(&o.exc_namespaces, g->exc_ns);
	split(&o.inc_resources, g->inc_res);
	split(&o.exc_resources, g->exc_res);
	split(&o.inc_cluster_resources, g->inc_out);
	split(&o.exc_cluster_resources, g->exc_out);
	split(&o.inc_ns_resources, g->inc_in);
	split(&o.exc_ns_resources, g->exc_in);
	split_at('|', &o.or_selectors, g->or_selectors);
	o.selector = xstrdup_or_null(g->selector);
	o.inc_names = xstrdup_or_null(g->inc_names);
	o.exc_names = xstrdup_or_null(g->exc_names);
	return selection_new(&o, disc, unknown, e);
}

static void
namespaces_are_chosen_by_names_and_globs(void **state)
{
	static const struct { struct given given; const char *ns; bool wanted; } rows[] = {
		{ { 0 }, "shop", true },
		{ { .inc_ns = "*" }, "shop", true },
		{ { .inc_ns = "shop" }, "shop", true },
		{ { .inc_ns = "shop" }, "shop2", false },
		{ { .inc_ns = "shop*,db" }, "shop2", true },
		{ { .inc_ns = "shop*,db" }, "dbs", false },
		{ { .inc_ns = "team-[ab]" }, "team-b", true },
		{ { .inc_ns = "team-?" }, "team-10", false },
		{ { .exc_ns = "kube-*" }, "kube-system", false },
		{ { .exc_ns = "kube-*" }, "shop", true },
		{ { .inc_ns = "shop*", .exc_ns = "shop2" }, "shop2", false },
		{ { .inc_ns = "shop*", .exc_ns = "shop2" }, "shop1", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);

		if (!s)
			fail_msg("row %zu: %s", i, e.msg);
		if (selection_namespace(s, str_of(rows[i].ns)) != rows[i].wanted)
			fail_msg("row %zu: %s", i, rows[i].ns);
	}
}

static void
resources_are_chosen_by_any_of_their_names(void **state)
{
	static const struct { struct given given; const char *gr; bool namespaced, wanted; } rows[] = {
		{ { 0 }, "pods", true, true },
		{ { .inc_res = "po" }, "pods", true, true },
		{ { .inc_res = "Pod" }, "pods", true, true },
		{ { .inc_res = "pods" }, "secrets", true, false },
		{ { .inc_res = "deploy" }, "deployments.apps", true, true },
		{ { .inc_res = "deployments.apps,secrets" }, "secrets", true, true },
		{ { .inc_res = "*" }, "secrets", true, true },
		{ { .exc_res = "secrets" }, "secrets", true, false },
		{ { .exc_res = "Secret" }, "pods", true, true },
		{ { .exc_res = "*" }, "pods", true, false },
		{ { .inc_res = "widgets.example.com" }, "widgets.example.com", true, true },
		{ { .inc_res = "widgets.example.com" }, "pods", true, false },
		{ { .inc_res = "*", .exc_res = "pods" }, "pods", true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);

		if (!s)
			fail_msg("row %zu: %s", i, e.msg);
		if (selection_resource(s, str_of(rows[i].gr), rows[i].namespaced) != rows[i].wanted)
			fail_msg("row %zu: %s", i, rows[i].gr);
	}
}

static void
cluster_scope_follows_the_three_states(void **state)
{
	/* wanted by itself, because a restored object needs it, because a stored object needs it; the namespace object */
	static const struct { struct given given; const char *gr; bool itself, related, needed, ns; } rows[] = {
		{ { 0 }, "persistentvolumes", true, true, true, true },
		{ { .cluster = OPT_YES }, "persistentvolumes", true, true, true, true },
		{ { .cluster = OPT_NO }, "persistentvolumes", false, false, false, false },
		{ { .inc_ns = "shop" }, "persistentvolumes", false, true, true, true },
		{ { .exc_ns = "shop" }, "persistentvolumes", false, true, true, true },
		{ { .inc_ns = "shop", .cluster = OPT_YES }, "persistentvolumes", true, true, true, true },
		{ { .inc_ns = "shop", .cluster = OPT_NO }, "persistentvolumes", false, false, false, false },
		{ { .inc_res = "pods" }, "persistentvolumes", false, false, true, false },
		{ { .inc_res = "pods,pv" }, "persistentvolumes", true, true, true, false },
		{ { .exc_res = "pv" }, "persistentvolumes", false, false, false, true },
		{ { .exc_res = "pv", .cluster = OPT_YES }, "persistentvolumes", false, false, false, true },
		{ { .exc_in = "secrets" }, "persistentvolumes", false, true, true, true },
		{ { .inc_in = "*" }, "persistentvolumes", true, true, true, true },
		{ { .inc_out = "pv" }, "persistentvolumes", true, true, true, true },
		{ { .inc_out = "clusterroles" }, "persistentvolumes", false, true, true, true },
		{ { .inc_out = "*", .inc_ns = "shop" }, "persistentvolumes", true, true, true, true },
		{ { .exc_out = "pv" }, "persistentvolumes", false, false, false, true },
		{ { .exc_out = "*" }, "persistentvolumes", false, false, false, false },
		{ { .exc_out = "clusterroles" }, "persistentvolumes", false, true, true, true },
		{ { .exc_out = "ns" }, "persistentvolumes", false, true, true, false },
		{ { .inc_out = "*", .exc_out = "pv" }, "persistentvolumes", false, false, false, true },
		{ { .inc_ns = "shop", .exc_res = "ns" }, "clusterroles.rbac.authorization.k8s.io", false, true, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);
		struct str gr = str_of(rows[i].gr);

		if (!s)
			fail_msg("row %zu: %s", i, e.msg);
		if (selection_resource(s, gr, false) != rows[i].itself
		    || selection_resource_related(s, gr, false) != rows[i].related
		    || selection_resource_needed(s, gr, false) != rows[i].needed
		    || selection_resource(s, S("namespaces"), false) != rows[i].ns)
			fail_msg("row %zu", i);
	}
}

static void
lists_by_scope_choose_types_in_namespaces(void **state)
{
	static const struct { struct given given; const char *gr; bool wanted; } rows[] = {
		{ { .inc_out = "pv" }, "pods", true },
		{ { .exc_out = "*" }, "pods", true },
		{ { .inc_in = "po" }, "pods", true },
		{ { .inc_in = "po" }, "secrets", false },
		{ { .inc_in = "*" }, "secrets", true },
		{ { .exc_in = "secrets" }, "secrets", false },
		{ { .exc_in = "secrets" }, "pods", true },
		{ { .exc_in = "*" }, "pods", false },
		{ { .inc_in = "*", .exc_in = "deploy" }, "deployments.apps", false },
		{ { .inc_in = "widgets.example.com" }, "pods", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);
		struct str gr = str_of(rows[i].gr);

		if (!s)
			fail_msg("row %zu: %s", i, e.msg);
		if (selection_resource(s, gr, true) != rows[i].wanted
		    || selection_resource_needed(s, gr, true) != rows[i].wanted)
			fail_msg("row %zu: %s", i, rows[i].gr);
	}
}

static void
labels_have_to_match_one_of_the_selectors(void **state)
{
	static const struct { struct given given; const char *labels; bool wanted; } rows[] = {
		{ { 0 }, "", true },
		{ { .selector = "app=web" }, "{\"app\":\"web\"}", true },
		{ { .selector = "app=web" }, "{\"app\":\"db\"}", false },
		{ { .selector = "app=web" }, "", false },
		{ { .selector = "!app" }, "", true },
		{ { .selector = "app in (web,db),tier notin (test)" }, "{\"app\":\"db\"}", true },
		{ { .or_selectors = "app=web|tier=db" }, "{\"app\":\"web\"}", true },
		{ { .or_selectors = "app=web|tier=db" }, "{\"tier\":\"db\"}", true },
		{ { .or_selectors = "app=web|tier=db" }, "{\"tier\":\"web\"}", false },
		{ { .or_selectors = "app=web,tier=db" }, "{\"app\":\"web\"}", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);

		if (!s)
			fail_msg("row %zu: %s", i, e.msg);
		if (selection_labels(s, str_of(rows[i].labels)) != rows[i].wanted)
			fail_msg("row %zu: %s", i, rows[i].labels);
	}
}

static void
names_are_chosen_by_patterns(void **state)
{
	static const struct { struct given given; const char *name; int want; } rows[] = {
		{ { 0 }, "web", 1 },
		{ { .inc_names = "^web-[0-9]+$" }, "web-12", 1 },
		{ { .inc_names = "^web-[0-9]+$" }, "web-x", 0 },
		{ { .inc_names = "eb" }, "web", 1 },
		{ { .exc_names = "eb" }, "web", 0 },
		{ { .exc_names = "^db" }, "web", 1 },
		{ { .inc_names = "^web", .exc_names = "test$" }, "web-test", 0 },
		{ { .inc_names = "^web", .exc_names = "test$" }, "web-prod", 1 },
		{ { .inc_names = "^(?!web)" }, "db", 1 },
		{ { .inc_names = "^(a+)+$" }, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);
		int found;

		if (!s)
			fail_msg("row %zu: %s", i, e.msg);
		found = selection_name(s, str_of(rows[i].name), &e);
		if (found != rows[i].want)
			fail_msg("row %zu: %d for %s", i, found, rows[i].name);
		if (found < 0 && (e.kind != EK_LIMIT || !strstr(e.msg, "--include-names: the pattern takes too long on 'aaa")))
			fail_msg("row %zu: %s", i, e.msg);
	}
}

/* What the lists of the command line say wins over a policy, either way. */
static void
a_policy_adds_to_the_lists_by_scope(void **state)
{
	static const struct { struct given given; const char *inc_out, *exc_out, *inc_in, *exc_in, *gr; bool namespaced, wanted; }
	rows[] = {
		{ { 0 }, NULL, NULL, NULL, "secrets", "secrets", true, false },
		{ { 0 }, NULL, NULL, NULL, "secrets", "pods", true, true },
		{ { 0 }, NULL, NULL, NULL, "secrets", "persistentvolumes", false, false },
		{ { 0 }, NULL, NULL, "po", NULL, "secrets", true, false },
		{ { 0 }, "pv", NULL, NULL, NULL, "persistentvolumes", false, true },
		{ { 0 }, "pv", NULL, NULL, NULL, "clusterroles.rbac.authorization.k8s.io", false, false },
		{ { 0 }, NULL, "pv", NULL, NULL, "persistentvolumes", false, false },
		{ { .inc_in = "secrets" }, NULL, NULL, NULL, "secrets", "secrets", true, true },
		{ { .inc_in = "*" }, NULL, NULL, NULL, "secrets", "secrets", true, true },
		{ { .exc_in = "pods" }, NULL, NULL, "pods", NULL, "pods", true, false },
		{ { .inc_in = "pods" }, NULL, NULL, "secrets", NULL, "secrets", true, true },
		{ { .exc_out = "*" }, "pv", NULL, NULL, NULL, "persistentvolumes", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);
		AUTO(policy_done) struct policy p = { 0 };

		if (!s)
			fail_msg("row %zu: %s", i, e.msg);
		split(&p.inc_cluster_resources, rows[i].inc_out);
		split(&p.exc_cluster_resources, rows[i].exc_out);
		split(&p.inc_ns_resources, rows[i].inc_in);
		split(&p.exc_ns_resources, rows[i].exc_in);
		if (selection_add_policy(s, &p, disc, NULL, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		if (selection_resource(s, str_of(rows[i].gr), rows[i].namespaced) != rows[i].wanted)
			fail_msg("row %zu: %s", i, rows[i].gr);
		assert_true(selection_narrows(s));
	}
}

static void
a_policy_is_refused_beside_the_old_lists(void **state)
{
	static const struct { struct given given; const char *inc_out, *text; } rows[] = {
		{ { .inc_res = "pods" }, "pv", "includeExcludePolicy does not go together with --include-resources" },
		{ { .exc_res = "*" }, "pv", "does not go together" },
		{ { .cluster = OPT_YES }, "pv", "does not go together" },
		{ { 0 }, "pods", "includedClusterScopedResources: objects of 'pods' are in namespaces" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);
		AUTO(policy_done) struct policy p = { 0 }, none = { 0 };

		assert_non_null(s);
		assert_int_equal(selection_add_policy(s, &none, disc, NULL, &e), 0);
		split(&p.inc_cluster_resources, rows[i].inc_out);
		assert_int_equal(selection_add_policy(s, &p, disc, NULL, &e), -1);
		assert_int_equal(e.kind, EK_INVALID);
		if (!strstr(e.msg, rows[i].text))
			fail_msg("row %zu: %s", i, e.msg);
	}
}

static void
it_is_known_when_lists_by_scope_drop_what_is_outside_namespaces(void **state)
{
	static const struct { struct given given; bool drops; } rows[] = {
		{ { 0 }, false },
		{ { .exc_res = "secrets" }, false },
		{ { .exc_in = "secrets" }, true },
		{ { .inc_in = "pods" }, true },
		{ { .inc_in = "*" }, false },
		{ { .exc_in = "secrets", .inc_out = "*" }, false },
		{ { .exc_in = "secrets", .exc_out = "*" }, false },
		{ { .exc_in = "secrets", .inc_ns = "shop" }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);

		assert_non_null(s);
		if (selection_drops_cluster(s) != rows[i].drops)
			fail_msg("row %zu", i);
	}
}

static void
senseless_filters_are_refused_with_the_reason(void **state)
{
	static const struct { struct given given; const char *text; } rows[] = {
		{ { .inc_ns = "*,shop" }, "must be alone" },
		{ { .exc_ns = "*" }, "would leave nothing" },
		{ { .inc_ns = "shop", .exc_ns = "shop" }, "namespace 'shop' is both included and excluded" },
		{ { .inc_ns = "a{b,c}" }, "--include-namespaces" },
		{ { .exc_ns = "a[" }, "--exclude-namespaces" },
		{ { .inc_ns = "a**" }, "a**" },
		{ { .inc_ns = "," }, "empty namespace name" },
		{ { .inc_res = "*,pods" }, "must be alone" },
		{ { .inc_res = "pods,*" }, "must be alone" },
		{ { .inc_res = "po", .exc_res = "pods" }, "resource 'pods' is both included and excluded" },
		{ { .inc_res = "" }, "empty resource name" },
		{ { .exc_res = "pods," }, "empty resource name" },
		{ { .selector = "a in b" }, "--selector 'a in b'" },
		{ { .or_selectors = "a=b|c=(" }, "--or-selector 'c=('" },
		{ { .or_selectors = "a=b", .selector = "c=d" }, "--selector and --or-selector do not go together" },
		{ { .inc_names = "a(" }, "--include-names: pattern 'a('" },
		{ { .exc_names = "[" }, "--exclude-names: pattern '['" },
		{ { .inc_res = "pods", .inc_in = "pods" }, "do not go together" },
		{ { .exc_res = "pods", .exc_out = "pv" }, "do not go together" },
		{ { .cluster = OPT_NO, .inc_out = "pv" }, "do not go together" },
		{ { .inc_out = "pods" }, "--include-cluster-scoped-resources: objects of 'pods' are in namespaces: name it in "
			"--include-namespace-scoped-resources" },
		{ { .exc_in = "pv" }, "objects of 'pv' are outside namespaces: name it in --exclude-cluster-scoped-resources" },
		{ { .inc_in = "pods", .exc_in = "po" }, "resource 'pods' is both included and excluded" },
		{ { .inc_out = "*,pv" }, "must be alone" },
		{ { .exc_in = "" }, "empty resource name" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);

		if (s)
			fail_msg("row %zu was accepted", i);
		assert_int_equal(e.kind, EK_INVALID);
		if (!strstr(e.msg, rows[i].text))
			fail_msg("row %zu: '%s' is not in '%s'", i, rows[i].text, e.msg);
	}
}

static void
an_unknown_resource_is_told_and_never_becomes_everything(void **state)
{
	AUTO_STRS struct strs unknown = { 0 };
	struct given given = { .inc_res = "pdos,pods", .exc_res = "gadgets" };
	struct err e = { 0 };
	AUTO(selection_freep) struct selection *s = make(&given, &unknown, &e);

	(void)state;
	assert_non_null(s);
	assert_int_equal(unknown.len, 2);
	assert_string_equal(unknown.at[0], "pdos");
	assert_string_equal(unknown.at[1], "gadgets");
	assert_false(selection_resource(s, S("secrets"), true));
	assert_true(selection_resource(s, S("pods"), true));
}

static void
a_literal_name_can_be_given_its_meaning_later(void **state)
{
	struct given given = { .inc_res = "Widget,pods" };
	struct err e = { 0 };
	AUTO(selection_freep) struct selection *s = make(&given, NULL, &e);

	(void)state;
	assert_non_null(s);
	assert_false(selection_resource(s, S("widgets.example.com"), true));
	selection_rename(s, "Widget", "widgets.example.com");
	assert_true(selection_resource(s, S("widgets.example.com"), true));
	assert_true(selection_resource(s, S("pods"), true));
}

static void
what_narrows_is_known(void **state)
{
	static const struct { struct given given; bool narrows, all_ns; } rows[] = {
		{ { 0 }, false, true },
		{ { .inc_ns = "*", .inc_res = "*" }, false, true },
		{ { .inc_ns = "a" }, true, false },
		{ { .exc_ns = "a" }, true, false },
		{ { .inc_res = "pods" }, true, true },
		{ { .exc_res = "pods" }, true, true },
		{ { .exc_res = "*" }, true, true },
		{ { .cluster = OPT_NO }, true, true },
		{ { .selector = "a=b" }, true, true },
		{ { .or_selectors = "a=b" }, true, true },
		{ { .inc_names = "a" }, true, true },
		{ { .exc_names = "a" }, true, true },
		{ { .inc_out = "pv" }, true, true },
		{ { .exc_in = "pods" }, true, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(selection_freep) struct selection *s = make(&rows[i].given, NULL, &e);

		assert_non_null(s);
		if (selection_narrows(s) != rows[i].narrows || selection_all_namespaces(s) != rows[i].all_ns)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespaces_are_chosen_by_names_and_globs),
		cmocka_unit_test(resources_are_chosen_by_any_of_their_names),
		cmocka_unit_test(cluster_scope_follows_the_three_states),
		cmocka_unit_test(lists_by_scope_choose_types_in_namespaces),
		cmocka_unit_test(labels_have_to_match_one_of_the_selectors),
		cmocka_unit_test(names_are_chosen_by_patterns),
		cmocka_unit_test(a_policy_adds_to_the_lists_by_scope),
		cmocka_unit_test(a_policy_is_refused_beside_the_old_lists),
		cmocka_unit_test(it_is_known_when_lists_by_scope_drop_what_is_outside_namespaces),
		cmocka_unit_test(senseless_filters_are_refused_with_the_reason),
		cmocka_unit_test(an_unknown_resource_is_told_and_never_becomes_everything),
		cmocka_unit_test(a_literal_name_can_be_given_its_meaning_later),
		cmocka_unit_test(what_narrows_is_known),
	};

	return cmocka_run_group_tests(tests, make_discovery, drop_discovery);
}
