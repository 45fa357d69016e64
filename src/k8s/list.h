/*
 * Many LISTs at once, streamed: pages are requested, cut into items and handed over while they arrive; several types
 * are in flight.  A page that breaks off is asked for again and what was handed over already is not repeated
 * (the server lists in ascending order of namespace/name).
 */
#ifndef ORLOP_K8S_LIST_H
#define ORLOP_K8S_LIST_H

#include "data/jscan.h"
#include "k8s/client.h"
#include "k8s/discovery.h"
#include "k8s/server.h"

struct k8s_list {
	const struct api_resource *res;
	const char *ns;                  /* NULL: all namespaces, or cluster scope */
	const char *selector;            /* label selector, not encoded; NULL: none */
	void       *tag;                 /* the caller's */
	const struct jsplit *split;      /* the item at hand, during on_item */
	/* results */
	size_t      items;
	int64_t     remaining;           /* the server's estimate of what follows, -1 unknown */
	bool        inconsistent;        /* not one state: a continue token expired, or the first page broke off */
};

/*
 * on_item: one object, valid during the call; its namespace and name are given (unescaped, valid during the call).
 * on_end: a list has ended; err is NULL, or says why it is not complete (then the others go on).
 * Both run on the calling thread; -1 from either ends everything.
 */
struct k8s_list_fns {
	int (*on_item)(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name,
		struct str item, struct err *e);
	int (*on_end)(void *ctx, struct k8s_list *l, const struct err *why, struct err *e);
};

/* What suits the server as items per request: K8S_LIST_WHOLE where it sends a list of any length while it makes it
 * (1.33 and later), else a number. */
#define K8S_LIST_WHOLE (~0u)
unsigned k8s_list_page(const struct k8s_info *info);

/* Runs all lists, window of them at a time, in the order given; page: items per request, or K8S_LIST_WHOLE (0: 2500).
 * Nothing else may be in flight on k, and callbacks must not use it. */
MUST_CHECK int k8s_list_run(struct k8s *k, struct k8s_list *lists, size_t n, unsigned window, unsigned page,
	const struct k8s_list_fns *fns, void *ctx, const struct cancel *c, struct err *e);

#endif
