/* Versions of the servers, types that the cluster lacks, namespaces on their way out. */
#include "base/mem.h"
#include "base/parse.h"
#include "engine/convert.h"
#include "engine/preflight_impl.h"

#include <string.h>

#define MINOR_NEWER 3            /* versions up to which nothing is removed without long notice */
#define STUCK_NS (600 * NS_PER_S)        /* as long as a restore waits for a namespace */

/* --- versions of the servers --- */

/* "33+" of a provider counts as 33. */
static bool
minor_of(const char *text, int64_t *out)
{
	struct str s = str_of(text);

	while (s.len > 0 && (s.p[s.len - 1] < '0' || s.p[s.len - 1] > '9'))
		s.len--;
	return parse_i64(s, out);
}

int
pf_check_version(struct preflight *p, struct err *e)
{
	const struct kvs *a = &p->rs->backup.annotations;
	const char *from = kvs_get(a, VB_ANNOT_GIT_VERSION), *minor = kvs_get(a, VB_ANNOT_MINOR);
	int64_t was, is;

	(void)e;
	if (from == NULL || minor == NULL || !minor_of(minor, &was) || !minor_of(p->info.minor, &is))
		return 0;
	if (is < was)
		pf_tell(p, PF_VERSION_SKEW, NULL, "fields that it does not know, or that are off there, are dropped: "
			"'restore plan --server' tells which",
			"the cluster is older (%s) than the backup's (%s)", p->info.git_version, from);
	else if (is > was + MINOR_NEWER)
		pf_tell(p, PF_VERSION_SKEW, NULL, "look at the removed API versions below, and at 'restore plan --server'",
			"the cluster is %lld versions newer (%s) than the backup's (%s)", (long long)(is - was), p->info.git_version, from);
	return 0;
}

/* --- types --- */

static bool
is_planned_type(const struct restore *rs, struct str gr)
{
	for (size_t i = 0; i < rs->plan.len && restore_is_crd(rs->plan.at[i]->gr); i++)
		if (str_eq(rs->plan.at[i]->name, gr))
			return true;
	return false;
}

/* What a user can do about a type that is not there. */
static const char *
type_remedy(const struct restore *rs, struct str gr)
{
	static const struct { const char *ends, *remedy; } known[] = {
		{ ".cattle.io", "install Rancher's components first" },
		{ ".cert-manager.io", "install cert-manager first" },
		{ ".monitoring.coreos.com", "install the Prometheus operator first" },
		{ ".snapshot.storage.k8s.io", "install the CSI snapshot controller and its definitions first" },
		{ ".gateway.networking.k8s.io", "install the Gateway API's definitions first" },
		{ ".istio.io", "install Istio first" },
		{ ".projectcalico.org", "install Calico first" },
		{ ".cilium.io", "install Cilium first" },
	};
	struct index_entry crd = { .name = gr };

	for (size_t i = 0; i < rs->ix->n_entries; i++)
		if (restore_is_crd(rs->ix->entries[i].gr) && str_eq(rs->ix->entries[i].name, crd.name))
			return "the backup holds its definition: restore it, too (--include-cluster-resources true, or "
				"--include-resources with customresourcedefinitions)";
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_ends(gr, str_of(known[i].ends)))
			return known[i].remedy;
	return "install what defines it (a CRD, an API service), or leave it out (--exclude-resources)";
}

static bool
has_any_version(const struct restore *rs, struct str gr)
{
	for (size_t i = 0; i < rs->d->all.len; i++)
		if (str_eqz(gr, rs->d->all.at[i].gr))
			return true;
	return false;
}

static struct use
use_of_type(const struct pf_type *t, uint64_t n, char **gr, char **name)
{
	*gr = str_dup(t->gr);
	*name = str_dup(t->first->name);
	return (struct use){ .by_gr = *gr, .by_ns = t->ns, .by_name = *name, .n = n };
}

static void
tell_type(struct preflight *p, const struct pf_type *t, uint64_t n, const char *why)
{
	AUTO_FREE char *gr = NULL;
	AUTO_FREE char *name = NULL;
	const char *dropped = convert_dropped(t->gr);
	struct use u = use_of_type(t, n, &gr, &name);

	if (dropped != NULL)
		pf_tell(p, PF_TYPE_MISSING, &u, "nothing to do in a restore", "%llu objects of %s are left out: %s",
			(unsigned long long)n, gr, dropped);
	else if (has_any_version(p->rs, t->gr))
		pf_tell(p, PF_VERSION_MISSING, &u, "--any-version sends them under the version that the cluster prefers",
			"%llu objects cannot be restored: %s", (unsigned long long)n, why);
	else
		pf_tell(p, PF_TYPE_MISSING, &u, type_remedy(p->rs, t->gr), "%llu objects cannot be restored: %s",
			(unsigned long long)n, why);
}

/* What comes in another version than it is stored in, of which nobody need do anything. */
static void
tell_converted(struct preflight *p, const struct pf_type *t, uint64_t n, const struct index_entry *en,
	const struct api_resource *res)
{
	const struct conversion *cv = versions_conversion(en, res);
	AUTO_FREE char *gr = NULL;
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *how = cv != NULL ? convert_text(cv) : NULL;
	struct use u = use_of_type(t, n, &gr, &name);

	if (how != NULL)
		pf_tell(p, PF_TYPE_CONVERTED, &u, "", "%llu objects are converted: %s", (unsigned long long)n, how);
	else if (!str_eq(en->version, t->version))
		pf_tell(p, PF_TYPE_CONVERTED, &u, "", "%llu objects are restored from their copies in version " STR_FMT
			", which the backup holds, too", (unsigned long long)n, STR_ARG(en->version));
}

int
pf_check_types(struct preflight *p, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < p->types.len; i++) {
		const struct pf_type *t = p->types.at[i];
		const struct index_entry *en;
		const struct api_resource *res;
		uint64_t n = 0;
		bool first = true;
		struct err why;

		/* Told once for all namespaces. */
		for (size_t k = 0; k < p->types.len; k++) {
			const struct pf_type *same = p->types.at[k];

			if (str_eq(same->gr, t->gr) && str_eq(same->version, t->version)) {
				n += same->n;
				first = first && k >= i;
			}
		}
		if (!first)
			continue;
		if (versions_choose(p->rs, t->first, &en, &res, &why) == 0)
			tell_converted(p, t, n, en, res);
		else if (!is_planned_type(p->rs, t->gr))
			tell_type(p, t, n, why.msg);
	}
	return 0;
}

/* --- namespaces --- */

int
pf_check_namespaces(struct preflight *p, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < p->nses.len; i++) {
		const struct pf_ns *ns = p->nses.at[i];
		struct use u = { .by_gr = "namespaces", .by_ns = "", .by_name = ns->name, .n = 1 };

		if (ns->deleted_unix_ns == 0)
			continue;
		if (clock_unix_ns() - ns->deleted_unix_ns > STUCK_NS)
			pf_tell(p, PF_NAMESPACE_STUCK, &u, "remove what holds it up (finalizers, a dead API service), or restore to "
				"another one (--namespace-mappings)", "has been going away for more than %d minutes%s%s",
				(int)(STUCK_NS / NS_PER_S / 60), ns->stuck[0] != '\0' ? ": " : "", ns->stuck);
		else
			pf_tell(p, PF_NAMESPACE_TERMINATING, &u, "wait until it is gone, or restore to another one "
				"(--namespace-mappings)", "is being deleted: the restore waits for its end%s%s",
				ns->stuck[0] != '\0' ? ": " : "", ns->stuck);
	}
	return 0;
}
