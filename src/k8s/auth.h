/*
 * Who we are to an API server: adds the Authorization and Impersonate headers to each request, runs credential
 * plugins, follows token files.  One per client, used by the thread that owns the client.
 */
#ifndef ORLOP_K8S_AUTH_H
#define ORLOP_K8S_AUTH_H

#include "base/cancel.h"
#include "base/err.h"
#include "k8s/kubeconfig.h"
#include "net/http.h"

struct kube_auth;

/* conn is borrowed and must outlive it. */
struct kube_auth *kube_auth_new(const struct kube_conn *conn);
void kube_auth_free(struct kube_auth *a);

/*
 * Makes sure that there are credentials: runs the exec plugin when its answer is missing or expired (1 minute
 * early).  again: the server refused the present ones (401): the plugin runs anew, a token file is read anew.
 * Returns 0, 1 when again is set and there is nothing better to offer, -1 (EK_DENIED: the plugin failed, with its
 * stderr; EK_NOTFOUND: not installed, with its installHint; EK_TIMEOUT after 60 s).
 */
MUST_CHECK int kube_auth_refresh(
	struct kube_auth *a, bool again, const struct cancel *c, struct err *e);

/* The same at a given time and with a given time limit for the plugin (> 0). */
MUST_CHECK int kube_auth_refresh_at(struct kube_auth *a, bool again, int64_t now_unix_ns,
	int64_t limit_ns, const struct cancel *c, struct err *e);

/* Changes whenever the credentials do, also when a look at the token file without a 401 found a new one. */
unsigned kube_auth_version(const struct kube_auth *a);

/* Adds headers to an attempt; credentials must be there (kube_auth_refresh). */
void kube_auth_headers(struct kube_auth *a, struct http_call *call);

/* Client certificate that the plugin gave, if any, else conn's.  Borrowed until the next refresh; empty if none.
 * *generation changes when it does: the caller then needs a new http session. */
void kube_auth_client_cert(struct kube_auth *a, struct str *cert_pem, struct str *key_pem,
	unsigned *generation);

#endif
