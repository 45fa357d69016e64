/* The filters of a backup or a restore. */
#include "engine/select.h"

#include "base/glob.h"
#include "base/mem.h"

struct selection {
	struct strs      inc_ns, exc_ns;             /* empty inc_ns: all */
	struct strs      inc_res, exc_res;           /* GR strings or literal names */
	bool             no_res;                     /* excluded "*" */
	enum opt_tri     cluster;
	struct selector *selector;
};

static bool
has(const struct strs *v, struct str s)
{
	for (size_t i = 0; i < v->len; i++)
		if (str_eqz(s, v->at[i]))
			return true;
	return false;
}

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
check_named(const char *what, const struct strs *in, struct err *e)
{
	return has(in, S("")) ? err_set(e, EK_INVALID, "%s: an empty resource name", what) : 0;
}

/* Returns true for "*": everything. */
static bool
add_resources(const struct strs *in, const struct discovery *d, struct strs *out, struct strs *unknown)
{
	for (size_t i = 0; i < in->len; i++) {
		const struct api_resource *r;

		if (strcmp(in->at[i], "*") == 0)
			return true;
		r = discovery_resolve(d, in->at[i]);
		if (r == NULL && unknown != NULL)
			strs_add(unknown, in->at[i]);
		strs_add(out, r != NULL ? r->gr : in->at[i]);
	}
	return false;
}

static int
check_overlap(const char *what, const struct strs *a, const struct strs *b, struct err *e)
{
	for (size_t i = 0; i < a->len; i++)
		if (has(b, str_of(a->at[i])))
			return err_set(e, EK_INVALID, "%s '%s' is both included and excluded", what, a->at[i]);
	return 0;
}

struct selection *
selection_new(const struct filter_opts *o, const struct discovery *d, struct strs *unknown, struct err *e)
{
	AUTO(selection_freep) struct selection *s = xcalloc(1, sizeof *s);

	s->cluster = o->include_cluster;
	if (add_namespaces("--include-namespaces", &o->inc_namespaces, true, &s->inc_ns, e) < 0
	    || add_namespaces("--exclude-namespaces", &o->exc_namespaces, false, &s->exc_ns, e) < 0
	    || check_overlap("namespace", &s->inc_ns, &s->exc_ns, e) < 0
	    || check_named("--include-resources", &o->inc_resources, e) < 0
	    || check_named("--exclude-resources", &o->exc_resources, e) < 0)
		return NULL;
	if (add_resources(&o->inc_resources, d, &s->inc_res, unknown)) {
		if (o->inc_resources.len > 1) {
			err_set(e, EK_INVALID, "--include-resources: '*' stands for all resources and must be alone");
			return NULL;
		}
	}
	s->no_res = add_resources(&o->exc_resources, d, &s->exc_res, unknown);
	if (check_overlap("resource", &s->inc_res, &s->exc_res, e) < 0)
		return NULL;
	if (o->selector != NULL && (s->selector = selector_parse(o->selector, e)) == NULL) {
		err_ctx(e, "--selector '%s'", o->selector);
		return NULL;
	}
	return TAKE(s);
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
	rename_in(&s->inc_res, name, gr);
	rename_in(&s->exc_res, name, gr);
}

void
selection_free(struct selection *s)
{
	if (s == NULL)
		return;
	strs_free(&s->inc_ns);
	strs_free(&s->exc_ns);
	strs_free(&s->inc_res);
	strs_free(&s->exc_res);
	selector_free(s->selector);
	free(s);
}

void
selection_freep(struct selection **s)
{
	selection_free(*s);
	*s = NULL;
}

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

bool
selection_resource_related(const struct selection *s, struct str gr, bool namespaced)
{
	if (s->no_res || has(&s->exc_res, gr))
		return false;
	if (s->inc_res.len > 0 && !has(&s->inc_res, gr))
		return false;
	return namespaced || s->cluster != OPT_NO;
}

bool
selection_resource_needed(const struct selection *s, struct str gr)
{
	return !s->no_res && !has(&s->exc_res, gr) && s->cluster != OPT_NO;
}

bool
selection_resource(const struct selection *s, struct str gr, bool namespaced)
{
	if (!selection_resource_related(s, gr, namespaced))
		return false;
	/* Namespace objects belong to what is in them, whatever narrows the namespaces. */
	return namespaced || s->cluster == OPT_YES || selection_all_namespaces(s) || str_eq(gr, S("namespaces"));
}

bool
selection_narrows(const struct selection *s)
{
	return !selection_all_namespaces(s) || s->inc_res.len > 0 || s->exc_res.len > 0 || s->no_res
		|| s->cluster != OPT_UNSET || s->selector != NULL;
}

const struct selector *
selection_selector(const struct selection *s)
{
	return s->selector;
}
