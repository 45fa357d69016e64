/* The filters of a backup or a restore. */
#include "engine/select.h"

#include "base/glob.h"
#include "base/mem.h"
#include "base/regex.h"

/* Names are GR strings, or literal where discovery does not know them. */
struct types {
	struct strs inc, exc;
	bool        all, none;              /* "*" included, "*" excluded */
};

struct selection {
	struct strs   inc_ns, exc_ns;       /* empty inc_ns: all */
	bool          scoped;               /* the lists by scope count, not "any" and "cluster" */
	struct types  any;
	enum opt_tri  cluster;
	struct types  outside, inside;      /* types outside and in namespaces */
	struct VEC_OF(struct selector *) selectors;
	struct regex *inc_names, *exc_names;
};

static bool
has(const struct strs *v, struct str s)
{
	for (size_t i = 0; i < v->len; i++)
		if (str_eqz(s, v->at[i]))
			return true;
	return false;
}

/* --- checking --- */

static int
add_namespaces(const char *what, const struct strs *in, bool star_means_all, struct strs *out, struct err *e)
{
	for (size_t i = 0; i < in->len; i++) {
		struct str p = str_of(in->at[i]);

		if (str_eq(p, S("*"))) {
			if (!star_means_all)
				return err_set(e, EK_INVALID, "%s: '*' would leave nothing", what);
			if (in->len > 1)
				return err_set(e, EK_INVALID, "%s: '*' stands for all namespaces and must be alone", what);
			continue;
		}
		if (p.len == 0)
			return err_set(e, EK_INVALID, "%s: an empty namespace name", what);
		if (glob_check(p, e) < 0)
			return err_ctx(e, "%s: '%s'", what, in->at[i]);
		strs_add(out, in->at[i]);
	}
	return 0;
}

static int
check_overlap(const char *what, const struct strs *a, const struct strs *b, struct err *e)
{
	for (size_t i = 0; i < a->len; i++)
		if (has(b, str_of(a->at[i])))
			return err_set(e, EK_INVALID, "%s '%s' is both included and excluded", what, a->at[i]);
	return 0;
}

/* A list of types as a user gives it. */
struct list {
	const char        *option;
	const struct strs *names;
	enum opt_tri       namespaced;      /* unset: types of either scope */
	const char        *other;           /* the option for types of the other scope */
};

static int
resolve(const struct list *l, const char *name, const struct discovery *d, struct strs *unknown, const char **gr,
	struct err *e)
{
	const struct api_resource *r = discovery_resolve(d, name);

	*gr = r != NULL ? r->gr : name;
	if (r == NULL && unknown != NULL)
		strs_add(unknown, name);
	if (r != NULL && l->namespaced != OPT_UNSET && r->namespaced != (l->namespaced == OPT_YES))
		return err_set(e, EK_INVALID, "%s: objects of '%s' are %s namespaces: name it in %s", l->option, name,
			r->namespaced ? "in" : "outside", l->other);
	return 0;
}

static int
add_types(const struct list *l, const struct discovery *d, struct strs *out, bool *star, struct strs *unknown,
	struct err *e)
{
	for (size_t i = 0; i < l->names->len; i++) {
		const char *name = l->names->at[i], *gr;

		if (*name == '\0')
			return err_set(e, EK_INVALID, "%s: an empty resource name", l->option);
		if (strcmp(name, "*") == 0) {
			if (l->names->len > 1)
				return err_set(e, EK_INVALID, "%s: '*' stands for all resources and must be alone", l->option);
			*star = true;
			return 0;
		}
		if (resolve(l, name, d, unknown, &gr, e) < 0)
			return -1;
		strs_add(out, gr);
	}
	return 0;
}

static int
add_lists(struct types *t, const struct list *inc, const struct list *exc, const struct discovery *d,
	struct strs *unknown, struct err *e)
{
	if (add_types(inc, d, &t->inc, &t->all, unknown, e) < 0 || add_types(exc, d, &t->exc, &t->none, unknown, e) < 0)
		return -1;
	return check_overlap("resource", &t->inc, &t->exc, e);
}

#define INC_OUTSIDE "--include-cluster-scoped-resources"
#define EXC_OUTSIDE "--exclude-cluster-scoped-resources"
#define INC_INSIDE  "--include-namespace-scoped-resources"
#define EXC_INSIDE  "--exclude-namespace-scoped-resources"

static bool
old_style(const struct filter_opts *o)
{
	return o->inc_resources.len > 0 || o->exc_resources.len > 0 || o->include_cluster != OPT_UNSET;
}

static int
add_resources(struct selection *s, const struct filter_opts *o, const struct discovery *d, struct strs *unknown,
	struct err *e)
{
	const struct list inc = { "--include-resources", &o->inc_resources, OPT_UNSET, NULL };
	const struct list exc = { "--exclude-resources", &o->exc_resources, OPT_UNSET, NULL };
	const struct list inc_out = { INC_OUTSIDE, &o->inc_cluster_resources, OPT_NO, INC_INSIDE };
	const struct list exc_out = { EXC_OUTSIDE, &o->exc_cluster_resources, OPT_NO, EXC_INSIDE };
	const struct list inc_in = { INC_INSIDE, &o->inc_ns_resources, OPT_YES, INC_OUTSIDE };
	const struct list exc_in = { EXC_INSIDE, &o->exc_ns_resources, OPT_YES, EXC_OUTSIDE };

	s->cluster = o->include_cluster;
	s->scoped = o->inc_cluster_resources.len > 0 || o->exc_cluster_resources.len > 0 || o->inc_ns_resources.len > 0
		|| o->exc_ns_resources.len > 0;
	if (s->scoped && old_style(o))
		return err_set(e, EK_INVALID, "the lists by scope (" INC_OUTSIDE " ...) do not go together with "
			"--include-resources, --exclude-resources and --include-cluster-resources: use one or the other");
	if (add_lists(&s->any, &inc, &exc, d, unknown, e) < 0)
		return -1;
	return add_lists(&s->outside, &inc_out, &exc_out, d, unknown, e) < 0
		|| add_lists(&s->inside, &inc_in, &exc_in, d, unknown, e) < 0 ? -1 : 0;
}

static int
add_selector(struct selection *s, const char *option, const char *text, struct err *e)
{
	struct selector *sel = selector_parse(text, e);

	if (sel == NULL)
		return err_ctx(e, "%s '%s'", option, text);
	*vec_push(&s->selectors) = sel;
	return 0;
}

static int
add_selectors(struct selection *s, const struct filter_opts *o, struct err *e)
{
	if (o->selector != NULL && o->or_selectors.len > 0)
		return err_set(e, EK_INVALID, "--selector and --or-selector do not go together: write one --or-selector "
			"with the common part in each of its selectors");
	if (o->selector != NULL && add_selector(s, "--selector", o->selector, e) < 0)
		return -1;
	for (size_t i = 0; i < o->or_selectors.len; i++)
		if (add_selector(s, "--or-selector", o->or_selectors.at[i], e) < 0)
			return -1;
	return 0;
}

static int
add_pattern(struct regex **out, const char *option, const char *pattern, struct err *e)
{
	if (pattern == NULL)
		return 0;
	*out = regex_new(pattern, e);
	return *out != NULL ? 0 : err_ctx(e, "%s", option);
}

struct selection *
selection_new(const struct filter_opts *o, const struct discovery *d, struct strs *unknown, struct err *e)
{
	AUTO(selection_freep) struct selection *s = xcalloc(1, sizeof *s);

	if (add_namespaces("--include-namespaces", &o->inc_namespaces, true, &s->inc_ns, e) < 0
	    || add_namespaces("--exclude-namespaces", &o->exc_namespaces, false, &s->exc_ns, e) < 0
	    || check_overlap("namespace", &s->inc_ns, &s->exc_ns, e) < 0
	    || add_resources(s, o, d, unknown, e) < 0 || add_selectors(s, o, e) < 0
	    || add_pattern(&s->inc_names, "--include-names", o->inc_names, e) < 0
	    || add_pattern(&s->exc_names, "--exclude-names", o->exc_names, e) < 0)
		return NULL;
	return TAKE(s);
}

/* --- policies --- */

/* What the user's lists name already, either way, stays as they say. */
static int
combine(const struct types *t, struct strs *to, const struct list *l, const struct discovery *d, struct strs *unknown,
	struct err *e)
{
	for (size_t i = 0; i < l->names->len; i++) {
		const char *gr;

		if (resolve(l, l->names->at[i], d, unknown, &gr, e) < 0)
			return -1;
		if (!t->all && !t->none && !has(&t->inc, str_of(gr)) && !has(&t->exc, str_of(gr)))
			strs_add(to, gr);
	}
	return 0;
}

int
selection_add_policy(struct selection *s, const struct policy *p, const struct discovery *d, struct strs *unknown,
	struct err *e)
{
	static const char inc_out[] = "includedClusterScopedResources", exc_out[] = "excludedClusterScopedResources";
	static const char inc_in[] = "includedNamespaceScopedResources", exc_in[] = "excludedNamespaceScopedResources";
	const struct list lists[] = {
		{ exc_in, &p->exc_ns_resources, OPT_YES, exc_out }, { inc_in, &p->inc_ns_resources, OPT_YES, inc_out },
		{ exc_out, &p->exc_cluster_resources, OPT_NO, exc_in }, { inc_out, &p->inc_cluster_resources, OPT_NO, inc_in },
	};
	size_t names = 0;

	for (size_t i = 0; i < COUNT(lists); i++)
		names += lists[i].names->len;
	if (names == 0)
		return 0;
	if (s->any.inc.len > 0 || s->any.exc.len > 0 || s->any.all || s->any.none || s->cluster != OPT_UNSET)
		return err_set(e, EK_INVALID, "--resource-policies: its includeExcludePolicy does not go together with "
			"--include-resources, --exclude-resources and --include-cluster-resources: use the lists by scope ("
			INC_OUTSIDE " ...)");
	s->scoped = true;
	if (combine(&s->inside, &s->inside.exc, &lists[0], d, unknown, e) < 0
	    || combine(&s->inside, &s->inside.inc, &lists[1], d, unknown, e) < 0
	    || combine(&s->outside, &s->outside.exc, &lists[2], d, unknown, e) < 0
	    || combine(&s->outside, &s->outside.inc, &lists[3], d, unknown, e) < 0)
		return err_ctx(e, "--resource-policies");
	return 0;
}

static void
rename_in(struct strs *v, const char *name, const char *gr)
{
	for (size_t i = 0; i < v->len; i++) {
		if (strcmp(v->at[i], name) == 0) {
			free(v->at[i]);
			v->at[i] = xstrdup(gr);
		}
	}
}

void
selection_rename(struct selection *s, const char *name, const char *gr)
{
	rename_in(&s->any.inc, name, gr);
	rename_in(&s->any.exc, name, gr);
}

static void
types_done(struct types *t)
{
	strs_free(&t->inc);
	strs_free(&t->exc);
}

void
selection_free(struct selection *s)
{
	if (s == NULL)
		return;
	strs_free(&s->inc_ns);
	strs_free(&s->exc_ns);
	types_done(&s->any);
	types_done(&s->outside);
	types_done(&s->inside);
	for (size_t i = 0; i < s->selectors.len; i++)
		selector_free(s->selectors.at[i]);
	vec_free(&s->selectors);
	regex_free(s->inc_names);
	regex_free(s->exc_names);
	free(s);
}

void
selection_freep(struct selection **s)
{
	selection_free(*s);
	*s = NULL;
}

/* --- namespaces --- */

bool
selection_all_namespaces(const struct selection *s)
{
	return s->inc_ns.len == 0 && s->exc_ns.len == 0;
}

static bool
any_match(const struct strs *patterns, struct str text)
{
	for (size_t i = 0; i < patterns->len; i++)
		if (glob_match(str_of(patterns->at[i]), text))
			return true;
	return false;
}

bool
selection_namespace(const struct selection *s, struct str ns)
{
	if (any_match(&s->exc_ns, ns))
		return false;
	return s->inc_ns.len == 0 || any_match(&s->inc_ns, ns);
}

/* --- types --- */

static bool
excluded(const struct types *t, struct str gr)
{
	return t->none || has(&t->exc, gr);
}

static bool
taken(const struct types *t, struct str gr)
{
	return !excluded(t, gr) && (t->inc.len == 0 || has(&t->inc, gr));
}

static bool
narrows(const struct types *t)
{
	return t->inc.len > 0 || t->exc.len > 0 || t->none;
}

static bool
names_outside(const struct selection *s)
{
	return narrows(&s->outside) || s->outside.all;
}

/* Types outside namespaces have to be named, unless the lists leave nothing out at all (velero-format 3.5). */
static bool
scoped_resource(const struct selection *s, struct str gr, bool namespaced)
{
	const struct types *out = &s->outside;

	if (namespaced)
		return taken(&s->inside, gr);
	if (excluded(out, gr))
		return false;
	return out->all || has(&out->inc, gr) || str_eq(gr, S("namespaces"))
		|| (!names_outside(s) && !narrows(&s->inside) && selection_all_namespaces(s));
}

bool
selection_drops_cluster(const struct selection *s)
{
	return s->scoped && selection_all_namespaces(s) && !names_outside(s) && narrows(&s->inside);
}

bool
selection_resource_related(const struct selection *s, struct str gr, bool namespaced)
{
	if (s->scoped)
		return namespaced ? taken(&s->inside, gr) : !excluded(&s->outside, gr);
	return taken(&s->any, gr) && (namespaced || s->cluster != OPT_NO);
}

bool
selection_resource_needed(const struct selection *s, struct str gr, bool namespaced)
{
	if (namespaced)
		return selection_resource(s, gr, true);
	return !excluded(s->scoped ? &s->outside : &s->any, gr) && s->cluster != OPT_NO;
}

bool
selection_resource(const struct selection *s, struct str gr, bool namespaced)
{
	if (s->scoped)
		return scoped_resource(s, gr, namespaced);
	if (!selection_resource_related(s, gr, namespaced))
		return false;
	/* Namespace objects belong to what is in them, whatever narrows the namespaces. */
	return namespaced || s->cluster == OPT_YES || selection_all_namespaces(s) || str_eq(gr, S("namespaces"));
}

struct selection_scopes
selection_scopes(const struct selection *s)
{
	return (struct selection_scopes){ &s->outside.inc, &s->outside.exc, &s->inside.inc, &s->inside.exc };
}

/* --- objects --- */

bool
selection_labels(const struct selection *s, struct str labels_json)
{
	for (size_t i = 0; i < s->selectors.len; i++)
		if (selector_match(s->selectors.at[i], labels_json))
			return true;
	return s->selectors.len == 0;
}

static int
name_excluded(const struct selection *s, struct str name, struct err *e)
{
	int found = s->exc_names != NULL ? regex_search(s->exc_names, name, e) : 0;

	return found < 0 ? err_ctx(e, "--exclude-names") : found;
}

int
selection_excludes(const struct selection *s, struct str gr, struct str ns, struct str name, struct err *e)
{
	if (excluded(&s->any, gr) || (ns.len == 0 && s->cluster == OPT_NO) || any_match(&s->exc_ns, ns)
	    || (str_eq(gr, S("namespaces")) && any_match(&s->exc_ns, name)))
		return 1;
	return name_excluded(s, name, e);
}

int
selection_name(const struct selection *s, struct str name, struct err *e)
{
	int found = name_excluded(s, name, e);

	if (found != 0)
		return found < 0 ? -1 : 0;
	if (s->inc_names == NULL)
		return 1;
	found = regex_search(s->inc_names, name, e);
	return found < 0 ? err_ctx(e, "--include-names") : found;
}

bool
selection_picks(const struct selection *s)
{
	return s->selectors.len > 0 || s->inc_names != NULL || s->exc_names != NULL;
}

bool
selection_narrows(const struct selection *s)
{
	return !selection_all_namespaces(s) || narrows(&s->any) || s->cluster != OPT_UNSET || s->scoped
		|| selection_picks(s);
}

size_t
selection_selectors(const struct selection *s)
{
	return s->selectors.len;
}

const struct selector *
selection_selector(const struct selection *s, size_t i)
{
	return s->selectors.at[i];
}
