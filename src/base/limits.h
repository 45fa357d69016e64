/* Every maximum in one list: what comes from outside is bounded by one of these. */
#ifndef ORLOP_BASE_LIMITS_H
#define ORLOP_BASE_LIMITS_H

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define LIMIT_CONFIG      (4 * MIB)    /* kubeconfig, project, settings, credentials */
#define LIMIT_OPTION_FILE (64 * MIB)   /* a file that an option names: rules, lists of objects */
#define LIMIT_PEM         (1 * MIB)    /* certificates and keys */
#define LIMIT_ERROR_BODY  (64 * KIB)   /* body of an HTTP error that is kept for its message */
#define LIMIT_SMALL_BODY  (1 * MIB)    /* Status, version, S3 answers other than lists */
#define LIMIT_DISCOVERY   (32 * MIB)   /* one discovery document */
#define LIMIT_S3_LIST     (8 * MIB)    /* one page of a bucket listing */
#define LIMIT_OBJECT      (16 * MIB)   /* one Kubernetes object as JSON (etcd's own default is 1.5 MiB) */
#define LIMIT_METADATA    (4 * MIB)    /* velero-backup.json */
#define LIMIT_SIDE_FILE   (256 * MIB)  /* one side file of a backup, unpacked */
#define LIMIT_INDEX       (1 * GIB)    /* the index of a backup, unpacked */
#define LIMIT_IN_FLIGHT   (16 * MIB)   /* objects on their way to the API server; one of them may go beyond */
#define LIMIT_MEMBER      (32 * MIB)   /* one gzip member of a tarball, unpacked */
#define LIMIT_TAR_NAME    (4 * KIB)    /* a path inside a tarball */
#define LIMIT_TARBALL     (1024 * GIB) /* a tarball, unpacked */
#define LIMIT_HEADERS     (64 * KIB)   /* response headers of one HTTP exchange */
#define LIMIT_EXEC_OUTPUT (1 * MIB)    /* stdout of a credential plugin */
#define LIMIT_WS_MESSAGE  (1 * MIB)    /* one message on a WebSocket */
#define LIMIT_HOOK_OUTPUT (64 * KIB)   /* stdout or stderr of a hook's command that is kept */
#define LIMIT_JSON_DEPTH  256          /* nesting of JSON and YAML */
#define LIMIT_NAME        253          /* a Kubernetes object name */
#define LIMIT_RULES       1000         /* resource modifier rules of a restore */

#endif
