/*
 * Controllers that are paused while their objects come back (--pause-controllers).  They are created with no replicas, or
 * suspended, and remember in annotations what they are to be; a label finds them again at the end, also those that a
 * restore left which did not come so far.
 */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "k8s/list.h"

#include <string.h>

#define LABEL      "orlop.dev/paused"
#define ANNOTATION "orlop.dev/paused-"
#define NS_LISTS_MAX 8

/* What stops a type, and the value that does. */
static const struct pausable { const char *gr, *field, *stopped, *plain; } pausables[] = {
	{ "deployments.apps", "replicas", "0", "1" },
	{ "statefulsets.apps", "replicas", "0", "1" },
	{ "replicasets.apps", "replicas", "0", "1" },
	{ "replicationcontrollers", "replicas", "0", "1" },
	{ "cronjobs.batch", "suspend", "true", "false" },
	{ "jobs.batch", "suspend", "true", "false" },
};

static const struct pausable *
pausable(struct str gr)
{
	for (size_t i = 0; i < COUNT(pausables); i++)
		if (str_eqz(gr, pausables[i].gr))
			return &pausables[i];
	return NULL;
}

int
item_pause(struct item *it, struct err *e)
{
	const struct pausable *p = it->rs->o->pause_controllers ? pausable(it->en->gr) : NULL;
	AUTO_ARENA struct arena arena = ARENA_INIT;
	char key[64];
	struct jnode *obj, *meta;
	struct str value;

	if (p == NULL)
		return 0;
	obj = jnode_open(&arena, buf_str(&it->body));
	value = jnode_raw(jnode_walk(obj, "spec", p->field, NULL));
	if (str_eqz(value, p->stopped))
		return 0;
	(void)snprintf(key, sizeof key, ANNOTATION "%s", p->field);
	meta = jnode_need_obj(obj, "metadata");
	jnode_set_text(jnode_need_obj(meta, "annotations"), key, value.len > 0 ? value : str_of(p->plain));
	jnode_set_text(jnode_need_obj(meta, "labels"), LABEL, S("true"));
	jnode_set_raw(jnode_need_obj(obj, "spec"), p->field, str_of(p->stopped));
	buf_cut(&it->paused, 0);
	return jnode_write(obj, &it->paused, e);
}

/* The value that a paused controller is to have; empty: it is not paused, or somebody wrote what is no value. */
static struct str
remembered(const struct pausable *p, struct jnode *obj)
{
	char key[64];
	struct str value;
	int64_t n;
	bool b;

	(void)snprintf(key, sizeof key, ANNOTATION "%s", p->field);
	value = jnode_text(jnode_walk(obj, "metadata", "annotations", key, NULL));
	return jint(value, &n) || jbool(value, &b) ? value : (struct str){ 0 };
}

void
item_show_unpaused(const struct item *it, struct jnode *live)
{
	const struct pausable *p = it->rs->o->pause_controllers ? pausable(it->en->gr) : NULL;
	struct str value = p != NULL ? remembered(p, live) : (struct str){ 0 };
	struct jnode *notes = jnode_walk(live, "metadata", "annotations", NULL);
	char key[64];

	if (value.len == 0)
		return;
	(void)snprintf(key, sizeof key, ANNOTATION "%s", p->field);
	jnode_del(notes, key);
	/* An empty list would be told as a difference that takes the note away. */
	if (jnode_first(notes) == NULL)
		jnode_del(jnode_get(live, "metadata"), "annotations");
	jnode_del(jnode_walk(live, "metadata", "labels", NULL), LABEL);
	jnode_set_raw(jnode_need_obj(live, "spec"), p->field, value);
}

/* --- putting them back --- */

struct unpausing {
	struct restore        *rs;
	const struct pausable *p;
	struct asks            asks;
	struct strs            places;           /* "namespace/name" of each */
	const struct strmap   *wanted;           /* namespaces of this restore */
	struct err             unlisted;
};

static int
on_item(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name, struct str item,
	struct err *e)
{
	struct unpausing *u = ctx;
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *obj = jnode_open(&arena, item);
	struct str value = remembered(u->p, obj);
	AUTO_FREE char *ns_text = str_dup(ns);
	AUTO_FREE char *name_text = str_dup(name);
	AUTO_FREE char *place = xasprintf("%s/%s", ns_text, name_text);
	bool owned = false;
	struct ask *a;

	(void)head, (void)e;
	if (value.len == 0 || !strmap_has(u->wanted, ns))
		return 0;
	for (struct jnode *o = jnode_first(jnode_walk(obj, "metadata", "ownerReferences", NULL)); o != NULL; o = jnode_next(o))
		owned |= jnode_true(jnode_get(o, "controller"));
	a = asks_add(&u->asks, "PATCH", api_path(l->res, ns_text, name_text));
	buf_putf(&a->body, "{\"metadata\":{\"labels\":{\"" LABEL "\":null},\"annotations\":{\"" ANNOTATION "%s\":null}}",
		u->p->field);
	/* Somebody has adopted it meanwhile, and knows better. */
	if (!owned)
		buf_putf(&a->body, ",\"spec\":{\"%s\":" STR_FMT "}", u->p->field, STR_ARG(value));
	buf_putc(&a->body, '}');
	strs_add(&u->places, place);
	return 0;
}

static int
on_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	(void)l, (void)e;
	if (why != NULL)
		((struct unpausing *)ctx)->unlisted = *why;
	return 0;
}

static void
still_paused(struct restore *rs, const struct pausable *p, const char *ns, const char *name, const struct err *why)
{
	struct err told = *why;

	err_ctx(&told, "is still paused");
	report_finding(rs->r, RESULT_ERROR, ns, p->gr, name, "the annotation " ANNOTATION "* says what it was; a restore with "
		"--pause-controllers puts it back", "%s", told.msg);
}

static int
put_back(struct unpausing *u, struct err *e)
{
	if (asks_run(u->rs, &u->asks, e) < 0)
		return -1;
	for (size_t i = 0; i < u->asks.len; i++) {
		struct str name = str_of(u->places.at[i]), ns = { 0 };
		AUTO_FREE char *ns_text = NULL;

		if (u->asks.at[i].rc == 0 || u->asks.at[i].why.kind == EK_NOTFOUND)
			continue;
		(void)str_split(&name, '/', &ns);
		ns_text = str_dup(ns);
		still_paused(u->rs, u->p, ns_text, name.p, &u->asks.at[i].why);
	}
	return 0;
}

static int
unpause_type(struct restore *rs, const struct pausable *p, const struct strs *namespaces, const struct strmap *wanted,
	struct err *e)
{
	static const struct k8s_list_fns fns = { on_item, on_end };
	struct unpausing u = { .rs = rs, .p = p, .wanted = wanted };
	AUTO_FREE char *group = str_dup(str_sub(str_of(p->gr), str_chr(str_of(p->gr), '.') + 1, SIZE_MAX));
	AUTO_FREE char *resource = str_dup(str_sub(str_of(p->gr), 0, str_chr(str_of(p->gr), '.')));
	const struct api_resource *res = discovery_gvr(rs->d, group, NULL, resource);
	size_t n = namespaces->len <= NS_LISTS_MAX ? namespaces->len : 1;
	AUTO_FREE struct k8s_list *lists = xcalloc(n, sizeof *lists);
	int rc;

	if (res == NULL)
		return 0;
	for (size_t i = 0; i < n; i++)
		lists[i] = (struct k8s_list){ .res = res, .ns = namespaces->len <= NS_LISTS_MAX ? namespaces->at[i] : NULL,
			.selector = LABEL };
	rc = k8s_list_run(rs->k, lists, n, 1, 0, &fns, &u, rs->c, e);
	if (rc == 0 && u.unlisted.kind != EK_NONE)
		still_paused(rs, p, NULL, NULL, &u.unlisted);
	if (rc == 0)
		rc = put_back(&u, e);
	asks_done(&u.asks);
	strs_free(&u.places);
	return rc;
}

int
restore_unpause(struct restore *rs, struct err *e)
{
	AUTO_STRS struct strs namespaces = { 0 };
	AUTO(strmap_freep) struct strmap *seen = strmap_new();

	if (!rs->o->pause_controllers)
		return 0;
	report_progress(rs->r, "starting controllers", rs->done, rs->n.selected, 0);
	for (size_t i = 0; i < rs->plan.len; i++) {
		const char *ns = rs->plan.at[i]->ns.len > 0 ? restore_map_ns(rs, rs->plan.at[i]->ns) : NULL;

		if (ns != NULL && strmap_add(seen, str_of(ns)))
			strs_add(&namespaces, ns);
	}
	for (size_t i = 0; i < COUNT(pausables) && namespaces.len > 0; i++)
		if (unpause_type(rs, &pausables[i], &namespaces, seen, e) < 0)
			return -1;
	return 0;
}

void
restore_tell_paused(struct restore *rs)
{
	static const char next[] = "'restore create --resume' with the restore's name continues it and puts them back at its end; "
		"the annotations " ANNOTATION "* say what each was";

	if (!rs->o->pause_controllers)
		return;
	if (rs->paused > 0)
		report_finding(rs->r, RESULT_WARNING, NULL, NULL, NULL, next,
			"%zu controllers stay paused, because the restore was stopped; they have the label " LABEL, rs->paused);
	else if (rs->o->runs > 0)
		report_finding(rs->r, RESULT_WARNING, NULL, NULL, NULL, next,
			"controllers that an earlier run has paused stay so, because the restore was stopped; they have the label " LABEL);
}
