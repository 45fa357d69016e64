/*
 * kubeconfig: files merged by kubectl's rules, one context resolved into what a connection needs.
 * Source: Kubernetes documentation "Organizing Cluster Access Using kubeconfig Files" and client-go's tools/clientcmd.
 */
#ifndef ORLOP_K8S_KUBECONFIG_H
#define ORLOP_K8S_KUBECONFIG_H

#include "base/err.h"
#include "base/secret.h"
#include "base/vec.h"

#include <stdbool.h>

struct kubeconfig;

/*
 * Reads explicit_path if not NULL; else every file of $KUBECONFIG (':'-separated, missing ones skipped, the first to
 * set a value wins; a map entry's relative paths are relative to its own file); else ~/.kube/config; else, inside a
 * pod (KUBERNETES_SERVICE_HOST and the service account's token file), one context "in-cluster".
 * EK_NOTFOUND: none of these, and the message lists where was looked.  EK_INVALID names file and line.
 */
MUST_CHECK struct kubeconfig *kubeconfig_load(const char *explicit_path, struct err *e);

/* What kubeconfig_load takes from the process; any text may be NULL. */
struct kubeconfig_env {
	const char *kubeconfig, *home;                     /* $KUBECONFIG, $HOME */
	const char *service_host, *service_port;           /* $KUBERNETES_SERVICE_HOST, $KUBERNETES_SERVICE_PORT */
	const char *account_dir;                           /* where a pod finds token, ca.crt and namespace */
};
MUST_CHECK struct kubeconfig *kubeconfig_load_from(const char *explicit_path, const struct kubeconfig_env *env,
	struct err *e);
/* One file's text, as if it had been read from path. */
MUST_CHECK struct kubeconfig *kubeconfig_parse(struct str text, const char *path, struct err *e);
void kubeconfig_free(struct kubeconfig *kc);
void kubeconfig_freep(struct kubeconfig **kc);

const char *kubeconfig_current(const struct kubeconfig *kc);             /* current-context; NULL when unset */
void kubeconfig_contexts(const struct kubeconfig *kc, struct strs *out); /* names, in file order */

/* Whether a plugin may ask the user. */
enum kube_interactive { KUBE_EXEC_NEVER, KUBE_EXEC_IF_AVAILABLE, KUBE_EXEC_ALWAYS };

/* An exec credential plugin (client.authentication.k8s.io). */
struct kube_exec {
	char       *command;
	struct strs args, env;           /* env: "NAME=value" */
	char       *api_version;
	char       *install_hint;        /* may be NULL */
	char       *cluster_config;      /* JSON for spec.cluster.config, from the cluster's extension; may be NULL */
	bool        provide_cluster_info;
	enum kube_interactive interactive;
};

/* Everything about one context's connection.  Strings are NULL when unset. */
struct kube_conn {
	char          *context, *cluster, *user, *namespace_;
	char          *server;                       /* without trailing '/' */
	char          *tls_server_name, *proxy_url;
	char          *ca_pem;                       /* from data or file; NULL: system certificates */
	bool           insecure, disable_compression;
	char          *cert_pem;
	struct secret *key_pem;
	struct secret *token;                        /* static token */
	char          *token_file;                   /* wins over token; re-read when it changes */
	char          *username;
	struct secret *password;
	char          *as_user, *as_uid;             /* impersonation */
	struct strs    as_groups, as_extra;          /* as_extra: "key=value", the key percent-encoded */
	struct kube_exec *exec;                      /* NULL: none */
};

/* No control characters: the text may stand in an HTTP header. */
bool kube_header_safe(struct str s);

/*
 * Resolves context (NULL: the current one).  EK_NOTFOUND: no such context, with the nearest name; EK_INVALID: it
 * names a missing cluster or user, an unreadable certificate file, data that is not base64, or a legacy
 * auth-provider (the message names the exec plugin that replaces it: gcp gke-gcloud-auth-plugin, azure kubelogin,
 * oidc kubelogin (int128)).
 * As in client-go: data fields win over files, a static token, password or client certificate wins over the exec
 * plugin (exec is then NULL), token and password together are refused, and nothing secret goes to a server without TLS.
 */
MUST_CHECK int kubeconfig_resolve(const struct kubeconfig *kc, const char *context, struct kube_conn *out, struct err *e);
void kube_conn_done(struct kube_conn *c);

#endif
