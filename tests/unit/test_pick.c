/* Tests of engine/pick: which objects the entries of lists choose, and what is told of wrong ones. */
#include "engine/pick.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct discovery *cluster, *stored;
static struct index *ix;

static void
add_type(struct discovery *d, const char *group, const char *name, const char *kind, const char *short_name, bool namespaced)
{
	struct api_resource *r = vec_push(&d->all);

	*r = (struct api_resource){ .group = xstrdup(group), .version = xstrdup("v1"), .name = xstrdup(name),
		.kind = xstrdup(kind), .singular = xstrdup(kind), .namespaced = namespaced, .preferred = true };
	r->gr = *group != '\0' ? xasprintf("%s.%s", name, group) : xstrdup(name);
	r->api_version = *group != '\0' ? xasprintf("%s/v1", group) : xstrdup("v1");
	if (short_name != NULL)
		strs_add(&r->short_names, short_name);
}

static void
add_object(const char *gr, const char *kind, const char *ns, const char *name)
{
	const struct index_entry en = { .gr = str_of(gr), .version = S("v1"), .kind = str_of(kind), .ns = str_of(ns),
		.name = str_of(name) };

	(void)index_add(ix, &en);
}

static int
make(void **state)
{
	(void)state;
	cluster = xcalloc(1, sizeof *cluster);
	stored = xcalloc(1, sizeof *stored);
	ix = index_new();
	add_type(cluster, "", "configmaps", "ConfigMap", "cm", true);
	add_type(cluster, "", "nodes", "Node", "no", false);
	add_type(cluster, "networking.k8s.io", "ingresses", "Ingress", "ing", true);
	add_type(cluster, "rbac.authorization.k8s.io", "clusterroles", "ClusterRole", NULL, false);
	add_type(stored, "", "configmaps", "ConfigMap", NULL, true);
	add_type(stored, "extensions", "ingresses", "Ingress", NULL, true);
	add_type(stored, "rbac.authorization.k8s.io", "clusterroles", "ClusterRole", NULL, false);
	add_type(stored, "example.com", "widgets", "Widget", NULL, true);
	add_object("configmaps", "ConfigMap", "shop", "web");
	add_object("configmaps", "ConfigMap", "shop", "web-2");
	add_object("configmaps", "ConfigMap", "data", "web");
	add_object("configmaps", "ConfigMap", "data", "~web*");
	add_object("ingresses.extensions", "Ingress", "shop", "web");
	add_object("widgets.example.com", "Widget", "shop", "one");
	add_object("clusterroles.rbac.authorization.k8s.io", "ClusterRole", "", "web");
	add_object("clusterroles.rbac.authorization.k8s.io", "ClusterRole", "", "system:web");
	add_object("nodes", "Node", "", "one");
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	discovery_free(TAKE(cluster));
	discovery_free(TAKE(stored));
	index_free(TAKE(ix));
	return 0;
}

static void
split(struct strs *to, const char *list)
{
	struct str rest = str_of(list), piece;

	while (list != NULL && str_split(&rest, ' ', &piece)) {
		AUTO_FREE char *text = str_dup(piece);

		strs_add(to, text);
	}
}

struct given { const char *inc, *exc, *file; };

/* The chosen objects as their places in the index: "0 2 ". */
static int
choose(const struct given *g, char *out, size_t cap, struct err *e)
{
	AUTO(restore_opts_done) struct restore_opts o = { .objects = xstrdup_or_null(g->file) };
	AUTO(picks_freep) struct picks *p = NULL;
	AUTO_BUF struct buf text = BUF_INIT(4096);

	split(&o.inc_objects, g->inc);
	split(&o.exc_objects, g->exc);
	if (picks_new(&o, cluster, stored, &p, e) < 0)
		return -1;
	for (size_t i = 0; i < ix->n_entries; i++) {
		struct pick_verdict v;

		if (picks_judge(p, &ix->entries[i], &v, e) < 0)
			return -1;
		if (v.chosen)
			buf_putf(&text, "%zu ", i);
	}
	str_copy(out, cap, buf_str(&text));
	return picks_check(p, ix, e);
}

static void
entries_choose_objects(void **state)
{
	static const struct { struct given given; const char *want; } rows[] = {
		{ { 0 }, "0 1 2 3 4 5 6 7 8 " },
		{ { .inc = "cm/shop/web" }, "0 " },
		{ { .inc = "ConfigMap/shop/web configmaps/data/web" }, "0 2 " },
		{ { .inc = "cm/shop/web cm/shop/web" }, "0 " },
		{ { .inc = "cm/shop/web*" }, "0 1 " },
		{ { .inc = "cm/*/web" }, "0 2 " },
		{ { .inc = "cm/*/*" }, "0 1 2 3 " },
		{ { .inc = "cm/~a$/~^w" }, "2 " },
		{ { .inc = "cm/data/~web*" }, "2 3 " },          /* as a pattern, and as it stands */
		{ { .inc = "*/shop/*" }, "0 1 4 5 " },
		{ { .inc = "*/web" }, "6 " },
		{ { .inc = "clusterrole//web" }, "6 " },
		{ { .inc = "clusterrole/system:web" }, "7 " },
		{ { .inc = "~^(Widget|ingresses)$/shop/*" }, "4 5 " },
		{ { .inc = "*s.extensions/shop/web" }, "4 " },
		{ { .inc = "ing/shop/web" }, "4 " },             /* the backup has only the old group */
		{ { .inc = "ingress/shop/web" }, "4 " },
		{ { .inc = "widget/shop/one" }, "5 " },          /* the cluster does not know the kind */
		{ { .exc = "cm/*/*" }, "4 5 6 7 8 " },
		{ { .inc = "*/*/*", .exc = "cm/*/web cm/shop/web-2" }, "3 4 5 " },
		{ { .inc = "cm/shop/web", .exc = "cm/shop/web" }, "" },
		{ { .file = "# list\n\n cm/shop/web\r\nclusterroles/web" }, "0 6 " },
		{ { .inc = "widget/*/one", .file = "cm/shop/web\n" }, "0 5 " },
		{ { .file = "node/one\ncm/shop/web\n" }, "0 8 " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		char chosen[64] = "";
		int rc = choose(&rows[i].given, chosen, sizeof chosen, &e);

		if (rc < 0 || strcmp(chosen, rows[i].want) != 0)
			fail_msg("row %zu: '%s', %s", i, chosen, e.msg);
	}
}

static void
mistakes_are_told(void **state)
{
	static const struct { struct given given; enum err_kind kind; const char *words; } rows[] = {
		{ { .inc = "web" }, EK_INVALID, "--include-object 'web': that is not KIND/NAMESPACE/NAME" },
		{ { .inc = "a/b/c/d" }, EK_INVALID, "that is not KIND/NAMESPACE/NAME" },
		{ { .inc = "/b/c" }, EK_INVALID, "that is not KIND/NAMESPACE/NAME" },
		{ { .inc = "cm/shop/" }, EK_INVALID, "that is not KIND/NAMESPACE/NAME" },
		{ { .inc = "cm/web" }, EK_INVALID, "'cm/NAMESPACE/web'" },
		{ { .inc = "cm//web" }, EK_INVALID, "'cm/NAMESPACE/web'" },
		{ { .inc = "clusterrole/shop/web" }, EK_INVALID, "write 'clusterrole/web'" },
		{ { .inc = "node/one" }, EK_INVALID, "nodes are never restored" },
		{ { .inc = "cm/shop/[" }, EK_INVALID, "'['" },
		{ { .inc = "cm/shop/~[" }, EK_INVALID, "offset" },
		{ { .inc = "cm/shop/~" }, EK_INVALID, "no pattern" },
		{ { .inc = "confgmaps/shop/web" }, EK_NOTFOUND, "did you mean 'configmaps'?" },
		{ { .inc = "ingresses.networking.k8s.io/shop/web" }, EK_NOTFOUND, "did you mean 'ingresses.extensions/shop/web'?" },
		{ { .inc = "cm/shop/wbe" }, EK_NOTFOUND, "did you mean 'configmaps/shop/web'?" },
		{ { .inc = "cm/data/web-2" }, EK_NOTFOUND, "did you mean 'configmaps/" },
		{ { .inc = "clusterrole/sytem:web" }, EK_NOTFOUND, "did you mean 'clusterroles.rbac.authorization.k8s.io/system:web'?" },
		{ { .inc = "cm/shop/nothing-near" }, EK_NOTFOUND, "'cm/shop/nothing-near': the backup has no such object" },
		{ { .inc = "cm/shop/web x*/shop/*" }, EK_NOTFOUND, "'x*/shop/*': matches nothing" },
		{ { .exc = "cm/shop/wbe" }, EK_NOTFOUND, "--exclude-object 'cm/shop/wbe'" },
		{ { .file = "" }, EK_INVALID, "--objects-from: the list has no entries" },
		{ { .file = "# nothing\n\n" }, EK_INVALID, "--objects-from: the list has no entries" },
		{ { .file = "# one\n\ncm/shop/web\nweb\n" }, EK_INVALID, "--objects-from: line 4: 'web'" },
		{ { .file = "cm/shop/web\ncm/shop/x1\ncm/shop/x2" }, EK_NOTFOUND, "line 2: 'cm/shop/x1'" },
		{ { .file = "cm/shop/x1\ncm/shop/x2\ncm/shop/x3" }, EK_NOTFOUND, "(and 2 more like it)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		char chosen[64];

		if (choose(&rows[i].given, chosen, sizeof chosen, &e) == 0)
			fail_msg("row %zu: no error", i);
		if (e.kind != rows[i].kind || strstr(e.msg, rows[i].words) == NULL)
			fail_msg("row %zu: %s", i, e.msg);
	}
}

/* Lists come from `backup ls`, which names everything. */
static void
lists_may_name_what_is_never_restored(void **state)
{
	AUTO(restore_opts_done) struct restore_opts o = { .objects = xstrdup("node/one\ncm/shop/web\nno/one\n") };
	AUTO(picks_freep) struct picks *p = NULL;
	const char *gr;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(picks_never(NULL, &gr), 0);
	assert_return_code(picks_new(&o, cluster, stored, &p, &e), 0);
	assert_int_equal(picks_never(p, &gr), 2);
	assert_string_equal(gr, "nodes");
}

static void
named_and_excluded_are_told_apart(void **state)
{
	AUTO(restore_opts_done) struct restore_opts o = { 0 };
	AUTO(picks_freep) struct picks *p = NULL;
	struct pick_verdict v;
	struct err e = { 0 };

	(void)state;
	split(&o.exc_objects, "cm/shop/*");
	assert_int_equal(picks_new(&o, cluster, stored, &p, &e), 0);
	assert_int_equal(picks_judge(p, &ix->entries[0], &v, &e), 0);
	assert_true(v.excluded && !v.chosen && !v.named);
	assert_int_equal(picks_judge(p, &ix->entries[2], &v, &e), 0);
	assert_true(!v.excluded && v.chosen && !v.named);
	assert_int_equal(picks_judge(NULL, &ix->entries[0], &v, &e), 0);
	assert_true(!v.excluded && v.chosen && !v.named);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_choose_objects),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(lists_may_name_what_is_never_restored),
		cmocka_unit_test(named_and_excluded_are_told_apart),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
