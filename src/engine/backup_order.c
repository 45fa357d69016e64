/* Objects that are stored first, in the order the user gives (velero-format 3.5, "orderedResources"). */
#include "engine/backup_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"

/* --- reading the option --- */

static int
add_item(struct backup_work *run, const struct api_resource *res, const char *entry, struct str item, struct err *e)
{
	struct str ns = { 0 }, name = item;
	size_t slash = str_chr(item, '/');

	if (slash < item.len) {
		ns = str_sub(item, 0, slash);
		name = str_sub(item, slash + 1, item.len);
	}
	if (name.len == 0 || str_chr(name, '/') < name.len || (slash < item.len && ns.len == 0))
		return err_set(e, EK_INVALID, "--ordered-resources '%s': '" STR_FMT "' is no name", entry, STR_ARG(item));
	if (res == NULL)
		return 0;
	if (res->namespaced != (ns.len > 0))
		return err_set(e, EK_INVALID, "--ordered-resources '%s': write '" STR_FMT "' as %s", entry, STR_ARG(item),
			res->namespaced ? "NAMESPACE/NAME" : "NAME: these objects are outside namespaces");
	*vec_push(&run->ordered) = backup_named_item(run, res, ns, name);
	return 0;
}

static void
tell_unknown(struct backup_work *run, const char *type)
{
	const char *near = discovery_suggest(run->d, type);

	report_finding(run->r, RESULT_WARNING, NULL, NULL, NULL, "check --ordered-resources",
		"the cluster has no resource '%s'%s%s%s", type, near != NULL ? " (did you mean '" : "",
		near != NULL ? near : "", near != NULL ? "'?)" : "");
}

/* "pods=ns1/a,ns1/b" */
static int
add_entry(struct backup_work *run, const char *entry, struct err *e)
{
	struct str rest = str_of(entry), key, item;
	const struct api_resource *res;
	AUTO_FREE char *type = NULL;
	const char *plural;

	(void)str_split(&rest, '=', &key);
	key = str_trim(key);
	if (key.len == 0 || rest.p == NULL || str_trim(rest).len == 0)
		return err_set(e, EK_INVALID, "--ordered-resources: '%s' is not like 'pods=ns1/a,ns1/b'", entry);
	type = str_dup(key);
	res = discovery_resolve(run->d, type);
	plural = res != NULL ? res->name : type;
	if (kvs_get(&run->b->ordered, plural) != NULL)
		return err_set(e, EK_INVALID, "--ordered-resources: '%s' is there twice", plural);
	kvs_set(&run->b->ordered, plural, rest.p);
	if (res == NULL)
		tell_unknown(run, type);
	while (str_split(&rest, ',', &item))
		if (add_item(run, res, entry, str_trim(item), e) < 0)
			return -1;
	return 0;
}

int
backup_order(struct backup_work *run, struct err *e)
{
	for (size_t i = 0; i < run->o->ordered.len; i++)
		if (add_entry(run, run->o->ordered.at[i], e) < 0)
			return -1;
	return 0;
}

/* --- storing --- */

/* As the server and on_item would choose from a list.  1: yes, 0: no. */
static int
wanted(struct backup_work *run, const struct named_item *it, struct str json, struct err *e)
{
	struct str labels = { 0 };

	if (it->ns != NULL && !backup_wants_namespace(run, str_of(it->ns)))
		return 0;
	(void)jpath(json, &labels, "metadata", "labels", NULL);
	return selection_labels(run->sel, labels) ? selection_name(run->sel, str_of(it->name), e) : 0;
}

static int
store_one(struct backup_work *run, struct type *t, const struct named_item *it, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT);
	struct err why;
	bool track = t->track;
	int take, rc;

	if (k8s_do(run->k, "GET", it->path, (struct str){ 0 }, &json, run->c, &why) < 0
	    || json_check(buf_str(&json), &why) < 0) {
		if (backup_ended_by(&why)) {
			*e = why;
			return err_ctx(e, "get %s", it->path);
		}
		report_finding(run->r, RESULT_WARNING, it->ns != NULL ? it->ns : "", it->res->gr, it->name,
			"check --ordered-resources", "cannot be stored first: %s", why.msg);
		return 0;
	}
	take = wanted(run, it, buf_str(&json), e);
	if (take <= 0)
		return take;
	t->check = true;
	t->track = true;
	rc = backup_store(run, t, str_of(it->ns), str_of(it->name), buf_str(&json), e);
	t->track = track;
	return rc;
}

int
backup_store_ordered(struct backup_work *run, struct err *e)
{
	for (size_t i = 0; i < run->ordered.len; i++) {
		const struct named_item *it = run->ordered.at[i];
		struct type *t = backup_type(run, it->res);

		/* The filters leave the whole type out, or it was named twice. */
		if (t == NULL || backup_was_stored(run, t, str_of(it->ns), str_of(it->name)))
			continue;
		if (store_one(run, t, it, e) < 0)
			return -1;
	}
	return 0;
}
