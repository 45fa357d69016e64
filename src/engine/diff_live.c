/*
 * DESIGN
 *
 *   backup --entries by type, namespace, name--> targets
 *   cluster --LIST of a type--> item --found among targets--> hash: the same; else both are compared
 *                                                             not found: added, if the backup's filters would take it
 *   targets that no list met: removed
 *
 * Memory is a mark for each entry; objects themselves pass by.
 */
#include "engine/diff.h"

#include "base/glob.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "engine/diff_impl.h"
#include "engine/scope.h"
#include "k8s/list.h"

#include <string.h>

struct live {
	struct diff             d;
	const struct diff_side *a;
	struct discovery       *served, *stored;     /* types of the cluster, and of the backup */
	struct selection       *sel, *scope;         /* the user's; the backup's, NULL: not known */
	struct entries          targets;
	bool                   *met;
	struct strmap          *unlisted;            /* types that could not be listed as a whole */
	struct VEC_OF(struct k8s_list) lists;
	struct strs             heads;               /* of each list: what its items lack */
	uint64_t                seen;
	struct buf              whole;
};

static void
live_done(struct live *l)
{
	diff_done(&l->d);
	discovery_free(l->served);
	discovery_free(l->stored);
	selection_free(l->sel);
	selection_free(l->scope);
	entries_free(&l->targets);
	free(l->met);
	strmap_free(l->unlisted);
	vec_free(&l->lists);
	strs_free(&l->heads);
	buf_wipe(&l->whole);
}

/* --- one object --- */

static size_t
find(const struct live *l, const struct index_entry *key)
{
	size_t lo = 0, hi = l->targets.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = diff_order(l->targets.at[mid], key);

		if (order == 0)
			return mid;
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return SIZE_MAX;
}

/* Items of a list do not say what they are, but those of custom resources. */
static struct str
head_of(const struct live *l, const struct k8s_list *list)
{
	struct str kind;

	return jmembers_get(&list->split->top, S("kind"), &kind) ? S("") : str_of(l->heads.at[(size_t)(list - l->lists.at)]);
}

static int
compare(struct live *l, const struct index_entry *en, const struct k8s_list *list, struct str item, struct err *e)
{
	struct str head = head_of(l, list), was;
	uint8_t hash[INDEX_HASH_LEN];

	if (l->d.o->view.fields == VIEW_CONTENT && reader_hashed(l->a->r)) {
		index_split_hash(list->split, head, hash);
		if (memcmp(hash, en->hash, sizeof hash) == 0) {
			l->d.n->n[DIFF_SAME]++;
			return 0;
		}
	}
	buf_cut(&l->whole, 0);
	if (reader_object(l->a->r, en, &was, l->d.c, e) < 0)
		return -1;
	if (head.len > 0) {
		if (buf_add_str(&l->whole, head, e) < 0 || buf_add_str(&l->whole, str_sub(item, 1, item.len), e) < 0)
			return -1;
		item = buf_str(&l->whole);
	}
	return diff_objects(&l->d, en, was, item, e);
}

static int
on_item(void *ctx, struct k8s_list *list, const struct jlist_head *head, struct str ns, struct str name, struct str item,
	struct err *e)
{
	struct live *l = ctx;
	struct index_entry en = { .gr = str_of(list->res->gr), .kind = str_of(list->res->kind), .ns = ns, .name = name };
	size_t at = find(l, &en);
	int takes;

	(void)head;
	if (++l->seen % 256 == 0)
		report_progress(l->d.r, "comparing", l->seen, 0, 0);
	if (at != SIZE_MAX) {
		if (l->met[at])
			return 0;
		l->met[at] = true;
		return compare(l, l->targets.at[at], list, item, e);
	}
	(void)jmembers_get(&list->split->meta, S("labels"), &en.labels);
	takes = scope_takes(l->sel, en.gr, ns, name, en.labels, e);
	if (takes <= 0 || !scope_holds(l->scope, en.gr, ns, name, en.labels))
		return takes < 0 ? -1 : 0;
	return diff_tell(&l->d, DIFF_ADDED, &en, "", e);
}

static int
on_end(void *ctx, struct k8s_list *list, const struct err *why, struct err *e)
{
	struct live *l = ctx;

	if (why == NULL)
		return 0;
	if (why->http == 0 || why->http == 401) {
		*e = *why;
		return -1;
	}
	report_error(l->d.r, RESULT_ERROR, list->ns != NULL ? list->ns : "", list->res->gr, "*", why);
	(void)strmap_add(l->unlisted, str_of(list->res->gr));
	return 0;
}

/* --- which types --- */

static const struct api_resource *
served_type(const struct live *l, const struct index_entry *en)
{
	size_t dot = str_chr(en->gr, '.');
	AUTO_FREE char *name = str_dup(str_sub(en->gr, 0, dot));
	AUTO_FREE char *group = str_dup(str_sub(en->gr, dot + 1, en->gr.len));
	AUTO_FREE char *version = str_dup(en->version);
	const struct api_resource *res = discovery_gvr(l->served, group, version, name);

	return res != NULL ? res : discovery_gvr(l->served, group, NULL, name);
}

/* Namespaces that are named are listed one by one: others may not be the user's to see. */
static bool
named_namespaces(const struct strs *names)
{
	for (size_t i = 0; i < names->len; i++)
		if (glob_has_magic(str_of(names->at[i])))
			return false;
	return names->len > 0;
}

static void
add_lists(struct live *l, const struct api_resource *res)
{
	const struct strs *names = &l->d.o->filter->inc_namespaces;
	bool by_ns = res->namespaced && named_namespaces(names);

	for (size_t i = 0; i == 0 || (by_ns && i < names->len); i++) {
		AUTO_FREE char *head = xasprintf("{\"apiVersion\":\"%s\",\"kind\":\"%s\",", res->api_version, res->kind);

		*vec_push(&l->lists) = (struct k8s_list){ .res = res, .ns = by_ns ? names->at[i] : NULL, .remaining = -1 };
		strs_add(&l->heads, head);
	}
}

/* Types of which the backup has objects, whether or not the filter takes any of them. */
static void
plan_lists(struct live *l)
{
	const struct index *ix = reader_index(l->a->r);
	AUTO(strmap_freep) struct strmap *seen = strmap_new();

	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *en = &ix->entries[i];
		const struct api_resource *res;

		if (!strmap_add(seen, en->gr) || !selection_resource(l->sel, en->gr, en->ns.len > 0))
			continue;
		res = served_type(l, en);
		if (res != NULL && (res->verbs & VERB_LIST) != 0)
			add_lists(l, res);
	}
}

static bool
is_served(const struct live *l, struct str gr)
{
	for (size_t i = 0; i < l->lists.len; i++)
		if (str_eqz(gr, l->lists.at[i].res->gr))
			return true;
	return false;
}

static int
tell_unmet(struct live *l, struct err *e)
{
	for (size_t i = 0; i < l->targets.len; i++) {
		const struct index_entry *en = l->targets.at[i];
		const char *why = is_served(l, en->gr) ? "" : "the cluster does not serve its type";

		if (!l->met[i] && !strmap_has(l->unlisted, en->gr) && diff_tell(&l->d, DIFF_REMOVED, en, why, e) < 0)
			return -1;
	}
	return 0;
}

static int
run(struct live *l, struct k8s *lister, struct err *e)
{
	static const struct k8s_list_fns fns = { on_item, on_end };
	AUTO_STRS struct strs unknown = { 0 };
	const char *name;
	struct k8s_info info;

	if (k8s_server_info(lister, &info, l->d.c, e) < 0 || (l->served = discovery_load(lister, l->d.c, e)) == NULL)
		return -1;
	l->stored = reader_discovery(l->a->r);
	l->scope = scope_of(l->a->b, l->stored);
	l->sel = selection_new(l->d.o->filter, l->served, &unknown, e);
	if (l->sel == NULL)
		return -1;
	name = scope_unknown(l->d.o->filter, &unknown);
	if (name != NULL)
		return err_set(e, EK_NOTFOUND, "the cluster has no type '%s'", name);
	if (diff_entries(l->a->r, l->sel, &l->targets, e) < 0)
		return -1;
	l->met = xcalloc(l->targets.len + 1, sizeof *l->met);
	plan_lists(l);
	/* One after another: what differs is read from the backup, where types stand together. */
	if (l->lists.len > 0
	    && k8s_list_run(lister, l->lists.at, l->lists.len, 1, k8s_list_page(&info), &fns, l, l->d.c, e) < 0)
		return -1;
	return tell_unmet(l, e);
}

int
diff_live(const struct diff_side *a, struct k8s *k, const struct diff_opts *o, struct report *r, diff_fn *fn, void *ctx,
	const struct cancel *c, struct diff_counts *out, struct err *e)
{
	AUTO(live_done) struct live l = { .d = DIFF_INIT(o, r, fn, ctx, c, out), .a = a, .unlisted = strmap_new(),
		.whole = BUF_INIT(2 * LIMIT_OBJECT) };
	AUTO(k8s_freep) struct k8s *lister = NULL;

	*out = (struct diff_counts){ 0 };
	lister = k8s_new(k8s_conn(k), e);
	return lister != NULL ? run(&l, lister, e) : -1;
}
