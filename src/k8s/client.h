/*
 * A connection to one API server: paths in, bytes out, Status documents as errors.  Used by one thread at a time; a job
 * has its own client.  Source: Kubernetes API Concepts.
 */
#ifndef ORLOP_K8S_CLIENT_H
#define ORLOP_K8S_CLIENT_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"
#include "k8s/kubeconfig.h"
#include "net/http.h"
#include "net/ws.h"

struct k8s;
struct k8s_facts;

/* Connects lazily.  conn is borrowed: it must outlive the client.  Retries: 5 with backoff. */
MUST_CHECK struct k8s *k8s_new(const struct kube_conn *conn, struct err *e);
void k8s_free(struct k8s *k);
void k8s_freep(struct k8s **k);
const struct kube_conn *k8s_conn(const struct k8s *k);
/* What k8s/server.h keeps here. */
struct k8s_facts *k8s_facts(struct k8s *k);

/* One request.  path starts with '/' and is percent-encoded, query included.  body may be empty.  A 2xx body is
 * appended to out (its max bounds it); out may be NULL to drop it.  method GET/POST/PUT/DELETE; for a patch see k8s_patch.
 * Errors carry the server's Status: reason, message, first causes; EK_EXISTS for reason AlreadyExists, EK_CONFLICT for
 * Conflict, EK_INVALID for Invalid and BadRequest, EK_DENIED, EK_NOTFOUND, EK_THROTTLED, EK_UNAVAILABLE ...
 */
MUST_CHECK int k8s_do(struct k8s *k, const char *method, const char *path, struct str body, struct buf *out,
	const struct cancel *c, struct err *e);
/* PATCH with application/merge-patch+json. */
MUST_CHECK int k8s_merge_patch(struct k8s *k, const char *path, struct str patch, struct buf *out,
	const struct cancel *c, struct err *e);

/* A WebSocket to path, with one of these protocols (see net/ws.h).  Tried again only when nothing can have begun.  It must be
 * freed before k is used for anything else. */
MUST_CHECK struct ws *k8s_ws(struct k8s *k, const char *path, const char *protocols, const struct cancel *c, struct err *e);

/*
 * Window for many requests: start up to the caller's bound, then take them back one by one.  body is borrowed until
 * the call came back.  k8s_next returns NULL with e->kind EK_NONE when nothing is in flight.  The result of a call:
 * k8s_call_result (as k8s_do would have returned), its body: k8s_call_body (borrowed until http_call_free).
 */
struct k8s_op {
	const char *method;              /* "POST", "PATCH" (merge patch), ... */
	const char *path;                /* borrowed until it came back */
	struct str  body;
	size_t      max_body;            /* of the answer; 0: LIMIT_OBJECT */
	int       (*sink)(void *ctx, const void *p, size_t n, struct err *e);   /* NULL: body is kept */
	void       *ctx;                 /* for sink */
	void       *tag;
	const char *accept;              /* "Accept: TYPES" instead of JSON; borrowed */
	/*
	 * Over HTTP/1.1, with nothing else on the connection meanwhile: five lists in flight take a third less time, of the
	 * server too, than as HTTP/2 streams of one connection.  Many small requests are better off with HTTP/2.  All of a
	 * window are alike in this.
	 */
	bool        own_line;
	bool        gzip;                /* the answer may come packed: it is unpacked on the way */
	bool        repeatable;          /* a POST whose effect can be recognized: may be sent again after it may have
	                                    arrived (EK_EXISTS is then possibly our own doing: http_resp.attempts) */
	bool        apply;               /* the PATCH is a server-side apply: JSON of the object */
	bool        metadata_only;       /* of what has a body: the answer may be no more than the object's metadata
	                                    (PartialObjectMetadata); errors come as Status in any case */
};
MUST_CHECK int k8s_start(struct k8s *k, const struct k8s_op *op, const struct cancel *c, struct err *e);
struct http_call *k8s_next(struct k8s *k, const struct cancel *c, struct err *e);
/* By the requests so far: the way to the server is so long that bytes and round trips cost more than processor time. */
bool   k8s_is_far(const struct k8s *k);
size_t k8s_in_flight(const struct k8s *k);
/* Drops all that is in flight and the connections: the end of a window that was given up.  k can be used again. */
void   k8s_abort(struct k8s *k);
void  *k8s_call_tag(const struct http_call *call);
MUST_CHECK int k8s_call_result(struct http_call *call, struct err *e);
struct str k8s_call_body(struct http_call *call);

/* Fills e from an API server's error answer (Status or other body).  Always returns -1. */
int k8s_status_err(int http_status, struct str body, int64_t retry_after_ns, struct err *e);

#endif
