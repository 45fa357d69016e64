/* What an API server says of itself: version, the cluster's UID, where discovery starts, what we may do. */
#ifndef ORLOP_K8S_SERVER_H
#define ORLOP_K8S_SERVER_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"
#include "k8s/client.h"

#include <stdbool.h>

/* From /version and the UID of namespace kube-system (velero-format 1.5, annotations). */
struct k8s_info {
	char git_version[64], major[16], minor[16];
	char uid[64];                    /* empty when the namespace may not be read */
};

/* Discovery documents, aggregated where the server can (Kubernetes API Concepts, "Discovery API"). */
enum k8s_root { ROOT_API, ROOT_APIS, ROOT_COUNT_ };

/* Of one client; see k8s_facts. */
struct k8s_facts {
	bool            known;           /* info does not change while a job runs */
	struct k8s_info info;
	struct buf      roots[ROOT_COUNT_];      /* that came along and nobody has taken yet; empty: none */
};
void k8s_facts_done(struct k8s_facts *f);

/*
 * Asked for once, unless the UID could not be read.  The roots of discovery, which most jobs want next, are asked for at
 * the same time, each on a connection of its own, which lists then use: on a long line that saves three round trips.
 */
MUST_CHECK int k8s_server_info(struct k8s *k, struct k8s_info *out, const struct cancel *c, struct err *e);

/* Sets out to /api and /apis, for the caller to free: those that came with k8s_server_info, once, else as they are now. */
MUST_CHECK int k8s_take_roots(struct k8s *k, struct buf out[static ROOT_COUNT_], const struct cancel *c, struct err *e);

/* SelfSubjectAccessReview.  group "" is core; verb "list"...; ns NULL: in all namespaces, or cluster scope. */
MUST_CHECK int k8s_can_i(struct k8s *k, const char *verb, const char *group, const char *resource, const char *ns,
	bool *allowed, const struct cancel *c, struct err *e);

#endif
