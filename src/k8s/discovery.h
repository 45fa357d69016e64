/*
 * What an API server serves: groups, versions, resources, verbs.  Immutable after loading; any thread may read.
 * Sources: Kubernetes API Concepts ("Discovery API"), velero-format 3.1.
 */
#ifndef ORLOP_K8S_DISCOVERY_H
#define ORLOP_K8S_DISCOVERY_H

#include "base/cancel.h"
#include "base/err.h"
#include "base/vec.h"
#include "k8s/client.h"

#include <stdbool.h>

enum api_verb { VERB_LIST = 1, VERB_GET = 2, VERB_CREATE = 4, VERB_DELETE = 8, VERB_PATCH = 16, VERB_UPDATE = 32,
	VERB_WATCH = 64 };

struct api_resource {
	char        *group, *version;    /* "" and "v1"; "apps" and "v1" */
	char        *name;               /* plural: "deployments" */
	char        *kind, *singular;
	char        *gr;                 /* "deployments.apps", "pods" */
	char        *api_version;        /* "apps/v1", "v1" */
	struct strs  short_names;
	bool         namespaced;
	bool         preferred;          /* its version is the group's preferred one, or the best that has this resource */
	unsigned     verbs;              /* VERB_* */
	bool         has_status;         /* there is a /status subresource */
	unsigned     order;              /* position of its group in the server's order; group extensions is last */
};

struct discovery {
	struct { struct api_resource *at; size_t len, cap; } all;      /* every version; no subresources */
	struct strs warnings;            /* "aggregated API v1beta1.metrics.k8s.io is not available: ..." */
};

/*
 * Aggregated discovery (apidiscovery.k8s.io/v2, v2beta1), else the classic documents.  A group version that cannot be
 * had (dead aggregated API, "Stale" freshness) is a warning, not a failure.
 */
MUST_CHECK struct discovery *discovery_load(struct k8s *k, const struct cancel *c, struct err *e);
void discovery_free(struct discovery *d);
void discovery_freep(struct discovery **d);

/* The preferred version of the resource a user means: plural, singular, short name or Kind in any case, alone or with
 * ".group" or ".version.group".  Core wins over other groups for a bare name.  NULL: unknown. */
const struct api_resource *discovery_resolve(const struct discovery *d, const char *name);
/* Exact look-ups.  version NULL: the preferred one. */
const struct api_resource *discovery_gvr(const struct discovery *d, const char *group, const char *version, const char *resource);
const struct api_resource *discovery_kind(const struct discovery *d, const char *api_version, const char *kind);
/* Nearest known name for an unknown one ("did you mean"), NULL if nothing is near. */
const char *discovery_suggest(const struct discovery *d, const char *name);

/* "/apis/apps/v1/namespaces/shop/deployments/web": ns and name may be NULL, both are percent-encoded.  Heap. */
char *api_path(const struct api_resource *r, const char *ns, const char *name);

#endif
