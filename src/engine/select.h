/*
 * Which objects a backup or a restore is about: namespaces, resources, cluster scope, labels, names (velero-format 3.3,
 * 3.5, 4.2).  Owned by one thread: name patterns have working memory.
 */
#ifndef ORLOP_ENGINE_SELECT_H
#define ORLOP_ENGINE_SELECT_H

#include "base/err.h"
#include "base/str.h"
#include "engine/options.h"
#include "engine/policy.h"
#include "k8s/discovery.h"
#include "k8s/selector.h"

#include <stdbool.h>

struct selection;

/*
 * Checks opts and resolves resource names through discovery (unknown ones stay literal, so that an include list never
 * becomes "everything"; they are added to unknown when it is not NULL).  EK_INVALID: bad glob, selector or pattern, "*"
 * beside other names, a name both included and excluded, a type in the list of the other scope, both styles of lists.
 */
MUST_CHECK struct selection *selection_new(const struct filter_opts *o, const struct discovery *d,
	struct strs *unknown, struct err *e);
/* Before anybody asked: adds the lists of a policy, where those of opts do not say otherwise (velero-format 3.8).
 * EK_INVALID: opts has lists of the old style, or a type is in the list of the other scope. */
MUST_CHECK int selection_add_policy(struct selection *s, const struct policy *p, const struct discovery *d,
	struct strs *unknown, struct err *e);
/* Before anybody asked: a name that stayed literal means the type gr. */
void selection_rename(struct selection *s, const char *name, const char *gr);
void selection_free(struct selection *s);
void selection_freep(struct selection **s);

bool selection_all_namespaces(const struct selection *s);        /* no include or exclude narrows it */
bool selection_namespace(const struct selection *s, struct str ns);
/* Is this type wanted at all?  For a cluster-scoped one the tri-state decides together with the namespace filter. */
bool selection_resource(const struct selection *s, struct str gr, bool namespaced);
/* For an object that another, wanted one needs (velero-format 4.2): the lists decide, and only "no" of the tri-state. */
bool selection_resource_related(const struct selection *s, struct str gr, bool namespaced);
/* The same for a backup: what is outside namespaces and not named comes along, what is excluded does not; in a
 * namespace the lists decide (velero-format 3.5, item-level checks). */
bool selection_resource_needed(const struct selection *s, struct str gr, bool namespaced);
/* Lists by scope narrow the types in namespaces, so that those outside, though none is named, are left out (3.5). */
bool selection_drops_cluster(const struct selection *s);

/* Do the labels (raw JSON object; empty: none) match the selector, or one of the OR selectors?  True without any. */
bool selection_labels(const struct selection *s, struct str labels_json);
/* 1: the patterns take this name (or there are none), 0: they do not, -1 EK_LIMIT: one takes too long on it. */
MUST_CHECK int selection_name(const struct selection *s, struct str name, struct err *e);
/* 1: an exclusion, or the "no" of the tri-state, is about this object, 0: none is, -1: as above. */
MUST_CHECK int selection_excludes(const struct selection *s, struct str gr, struct str ns, struct str name, struct err *e);
/* Do labels or names decide, object by object? */
bool selection_picks(const struct selection *s);
/* Does any filter leave something out? */
bool selection_narrows(const struct selection *s);

/* The selectors, for the server: none, one, or several of which one has to match. */
size_t selection_selectors(const struct selection *s);
const struct selector *selection_selector(const struct selection *s, size_t i);

/* The lists by scope with resolved names, those of a policy included; borrowed.  All are empty in the old style. */
struct selection_scopes { const struct strs *inc_cluster, *exc_cluster, *inc_ns, *exc_ns; };
struct selection_scopes selection_scopes(const struct selection *s);

#endif
