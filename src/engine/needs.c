/* Objects that others need. */
#include "engine/needs.h"

#include "base/attr.h"
#include "data/jscan.h"

static const struct str cluster_scope = { NULL, 0 };

/* A name has no escapes; anything else is no name. */
static void
tell(needs_fn *fn, void *ctx, struct str gr, struct str ns, struct str raw)
{
	struct str name;

	if (jstr_plain(raw, &name) && name.len > 0)
		fn(ctx, gr, ns, name);
}

static void
pod(struct str ns, struct str json, needs_fn *fn, void *ctx)
{
	struct str raw, volumes, volume;
	struct jiter it;

	if (jpath(json, &raw, "spec", "priorityClassName", NULL))
		tell(fn, ctx, S("priorityclasses.scheduling.k8s.io"), cluster_scope, raw);
	if (!jpath(json, &volumes, "spec", "volumes", NULL) || !jiter_arr(&it, volumes))
		return;
	while (jiter_next(&it, NULL, &volume))
		if (jpath(volume, &raw, "persistentVolumeClaim", "claimName", NULL))
			tell(fn, ctx, S("persistentvolumeclaims"), ns, raw);
}

static void
claim(struct str ns, struct str json, needs_fn *fn, void *ctx)
{
	struct str raw;

	(void)ns;
	/* Velero wants the claim to be bound; one that names its volume needs it before, too. */
	if (jpath(json, &raw, "spec", "volumeName", NULL))
		tell(fn, ctx, S("persistentvolumes"), cluster_scope, raw);
}

static bool
subject_is(struct str subject, needs_account_fn *fn, void *ctx)
{
	struct str raw, ns, name;

	return jget(subject, "kind", &raw) && jstr_eq(raw, S("ServiceAccount")) && jget(subject, "namespace", &raw)
		&& jstr_plain(raw, &ns) && jget(subject, "name", &raw) && jstr_plain(raw, &name) && fn(ctx, ns, name);
}

bool
needs_binding(struct str json, needs_account_fn *fn, void *ctx, struct str *role)
{
	struct str subjects, subject, ref, raw, name;
	struct jiter it;
	bool found = false;

	if (!jget(json, "subjects", &subjects) || !jiter_arr(&it, subjects))
		return false;
	while (!found && jiter_next(&it, NULL, &subject))
		found = subject_is(subject, fn, ctx);
	*role = cluster_scope;
	if (found && jget(json, "roleRef", &ref) && jget(ref, "kind", &raw) && jstr_eq(raw, S("ClusterRole"))
	    && jget(ref, "name", &raw) && jstr_plain(raw, &name))
		*role = name;
	return found;
}

static const struct {
	const char *gr;
	void      (*needs)(struct str ns, struct str json, needs_fn *fn, void *ctx);
} rules[] = {
	{ "pods", pod },
	{ "persistentvolumeclaims", claim },
};

static size_t
find(struct str gr)
{
	size_t i;

	for (i = 0; i < COUNT(rules) && !str_eqz(gr, rules[i].gr); i++)
		;
	return i;
}

bool
needs_any(struct str gr)
{
	return find(gr) < COUNT(rules);
}

void
needs_each(struct str gr, struct str ns, struct str json, needs_fn *fn, void *ctx)
{
	size_t i = find(gr);

	if (i < COUNT(rules))
		rules[i].needs(ns, json, fn, ctx);
}
