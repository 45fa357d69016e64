/* Filters of stored backups. */
#include "engine/scope.h"

#include "base/mem.h"
#include "data/jscan.h"

/* The text of a LabelSelector; NULL: it is none. */
static char *
selector_of(struct str json)
{
	AUTO(selector_freep) struct selector *s = NULL;
	struct err ignored;

	s = selector_from_json(json, &ignored);
	return s != NULL ? xstrdup(selector_text(s)) : NULL;
}

static bool
read_selectors(const struct vbackup *b, struct filter_opts *f)
{
	struct jiter it;
	struct str val;

	if (b->selector_json != NULL && (f->selector = selector_of(str_of(b->selector_json))) == NULL)
		return false;
	if (b->or_selectors_json == NULL)
		return true;
	if (!jiter_arr(&it, str_of(b->or_selectors_json)))
		return false;
	while (jiter_next(&it, NULL, &val)) {
		AUTO_FREE char *text = selector_of(val);

		if (text == NULL)
			return false;
		strs_add(&f->or_selectors, text);
	}
	return true;
}

struct selection *
scope_of(const struct vbackup *b, const struct discovery *d)
{
	AUTO(filter_opts_done) struct filter_opts f = { 0 };
	struct err ignored;

	strs_copy(&f.inc_namespaces, &b->inc_namespaces);
	strs_copy(&f.exc_namespaces, &b->exc_namespaces);
	strs_copy(&f.inc_resources, &b->inc_resources);
	strs_copy(&f.exc_resources, &b->exc_resources);
	strs_copy(&f.inc_cluster_resources, &b->inc_cluster_resources);
	strs_copy(&f.exc_cluster_resources, &b->exc_cluster_resources);
	strs_copy(&f.inc_ns_resources, &b->inc_ns_resources);
	strs_copy(&f.exc_ns_resources, &b->exc_ns_resources);
	f.include_cluster = b->include_cluster == TRI_TRUE ? OPT_YES : b->include_cluster == TRI_FALSE ? OPT_NO : OPT_UNSET;
	return read_selectors(b, &f) ? selection_new(&f, d, NULL, &ignored) : NULL;
}

const char *
scope_unknown(const struct filter_opts *f, const struct strs *unknown)
{
	for (size_t i = 0; i < unknown->len; i++)
		for (size_t k = 0; k < f->inc_resources.len; k++)
			if (strcmp(unknown->at[i], f->inc_resources.at[k]) == 0)
				return unknown->at[i];
	return NULL;
}

int
scope_takes(const struct selection *s, struct str gr, struct str ns, struct str name, struct str labels, struct err *e)
{
	bool namespaced = ns.len > 0, is_namespace = str_eq(gr, S("namespaces"));

	if (!selection_resource(s, gr, namespaced)
	    || ((namespaced || is_namespace) && !selection_namespace(s, namespaced ? ns : name))
	    || !selection_labels(s, labels))
		return 0;
	return selection_name(s, name, e);
}

bool
scope_holds(const struct selection *s, struct str gr, struct str ns, struct str name, struct str labels)
{
	struct err ignored;
	struct str v;

	if (jget(labels, "velero.io/exclude-from-backup", &v) && jstr_eq(v, S("true")))
		return false;
	return s != NULL && scope_takes(s, gr, ns, name, labels, &ignored) > 0;
}
