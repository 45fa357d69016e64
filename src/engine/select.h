/*
 * Which objects a backup or a restore is about: namespaces, resources, cluster scope, labels (velero-format 3.3, 3.5,
 * 4.2).  Immutable once resolved; any thread may ask.
 */
#ifndef ORLOP_ENGINE_SELECT_H
#define ORLOP_ENGINE_SELECT_H

#include "base/err.h"
#include "base/str.h"
#include "engine/options.h"
#include "k8s/discovery.h"
#include "k8s/selector.h"

#include <stdbool.h>

struct selection;

/*
 * Checks opts and resolves resource names through discovery (unknown ones stay literal, so that an include list never
 * becomes "everything"; they are added to unknown when it is not NULL).  EK_INVALID: bad glob or selector, "*" beside
 * other names, a name both included and excluded.
 */
MUST_CHECK struct selection *selection_new(const struct filter_opts *o, const struct discovery *d,
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
/* The same for a backup: what is not named comes along, what is excluded does not (velero-format 3.5). */
bool selection_resource_needed(const struct selection *s, struct str gr);
/* Does any filter leave something out? */
bool selection_narrows(const struct selection *s);
const struct selector *selection_selector(const struct selection *s);    /* NULL: none */

#endif
