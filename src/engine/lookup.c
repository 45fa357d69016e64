/* Finding an object in a backup. */
#include "engine/lookup.h"

#include "base/mem.h"

int
lookup_parse(const char *what, struct lookup *out, struct err *e)
{
	struct str rest = str_of(what);
	struct lookup l = { 0 };

	if (str_split(&rest, '/', &l.kind) && rest.p != NULL && str_chr(rest, '/') < rest.len)
		(void)str_split(&rest, '/', &l.ns);
	l.name = rest;
	if (l.kind.len == 0 || l.name.len == 0 || str_chr(rest, '/') < rest.len)
		return err_set(e, EK_INVALID, "'%s' is not KIND/NAME or KIND/NAMESPACE/NAME", what);
	*out = l;
	return 0;
}

const struct index_entry *
lookup_object(const struct index *ix, const struct discovery *d, const char *backup, const char *what, struct err *e)
{
	const struct index_entry *found = NULL;
	const struct api_resource *res;
	AUTO_FREE char *kind = NULL;
	struct lookup l;

	if (lookup_parse(what, &l, e) < 0)
		return NULL;
	kind = str_dup(l.kind);
	res = discovery_resolve(d, kind);
	if (res == NULL) {
		err_set(e, EK_NOTFOUND, "backup '%s' has no objects of type '%s' (of custom resources no "
			"short names are known here)", backup, kind);
		return NULL;
	}
	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *en = &ix->entries[i];

		if (!str_eqz(en->gr, res->gr) || !str_eq(en->name, l.name) || (l.ns.len > 0 && !str_eq(en->ns, l.ns)))
			continue;
		if (found != NULL) {
			err_set(e, EK_INVALID, "'%s' is in several namespaces, " STR_FMT " and " STR_FMT
				" among them: say %s/NAMESPACE/" STR_FMT, what, STR_ARG(found->ns), STR_ARG(en->ns),
				kind, STR_ARG(l.name));
			return NULL;
		}
		found = en;
	}
	if (found == NULL)
		err_set(e, EK_NOTFOUND, "no '%s' in backup '%s'", what, backup);
	return found;
}
