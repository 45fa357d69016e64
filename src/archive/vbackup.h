/*
 * velero-backup.json and the side files (velero-format 1.5, 1.6) to and from plain structs.  Readers are tolerant
 * (velero-format 8): unknown fields, null, missing status, any formatVersion.  Any thread.
 */
#ifndef ORLOP_ARCHIVE_VBACKUP_H
#define ORLOP_ARCHIVE_VBACKUP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum tristate { TRI_UNSET, TRI_FALSE, TRI_TRUE };

struct kv { char *key, *value; };
struct kvs VEC_OF(struct kv);
void kvs_set(struct kvs *v, const char *key, const char *value);       /* copies; replaces an existing key */
const char *kvs_get(const struct kvs *v, const char *key);             /* NULL: absent */
void kvs_free(struct kvs *v);

/* Annotations of ours. */
#define VB_ANNOT_INDEX_SHA256   "orlop.dev/index-sha256"
#define VB_ANNOT_CLUSTER_UID    "orlop.dev/source-cluster-uid"
#define VB_ANNOT_CLUSTER_NAME   "orlop.dev/source-cluster-name"
#define VB_ANNOT_VERSION        "orlop.dev/version"
#define VB_ANNOT_PICKED         "orlop.dev/picked"      /* names or a policy chose objects: others were there, too */
/* Velero's. */
#define VB_ANNOT_GIT_VERSION    "velero.io/source-cluster-k8s-gitversion"
#define VB_ANNOT_MAJOR          "velero.io/source-cluster-k8s-major-version"
#define VB_ANNOT_MINOR          "velero.io/source-cluster-k8s-minor-version"
#define VB_ANNOT_TIMEOUT        "velero.io/resource-timeout"
#define VB_LABEL_STORAGE        "velero.io/storage-location"
#define VB_LABEL_SCHEDULE       "velero.io/schedule-name"
#define VB_LABEL_BACKUP         "velero.io/backup-name"
#define VB_LABEL_RESTORE        "velero.io/restore-name"

struct vbackup {
	char *name, *namespace_, *uid;
	struct kvs labels, annotations;
	int64_t created_unix_ns;
	/* spec */
	struct strs inc_namespaces, exc_namespaces, inc_resources, exc_resources;
	struct strs inc_cluster_resources, exc_cluster_resources;       /* ...ClusterScopedResources */
	struct strs inc_ns_resources, exc_ns_resources;                 /* ...NamespaceScopedResources */
	enum tristate include_cluster;
	char *selector_json;            /* labelSelector object, NULL: none */
	char *or_selectors_json;        /* array, NULL: none */
	struct kvs ordered;             /* orderedResources: plural name to "ns/name,..." */
	enum tristate snapshot_volumes;
	int64_t ttl_ns;
	char *storage_location;
	/* status */
	char *format_version, *phase, *failure_reason;
	int64_t start_unix_ns, completion_unix_ns, expiration_unix_ns;  /* 0: absent */
	int64_t warnings, errors, total_items, items_backed_up;
	int64_t hooks_attempted, hooks_failed;
	int64_t volume_snapshots_attempted, volume_snapshots_completed;
	int64_t csi_snapshots_attempted, csi_snapshots_completed;
	struct strs validation_errors;
};
void vbackup_done(struct vbackup *b);
/* Appends pretty JSON as Velero writes it. */
MUST_CHECK int vbackup_write(const struct vbackup *b, struct buf *out, struct err *e);
/* EK_CORRUPT: not JSON, or not a velero.io Backup with a name. */
MUST_CHECK int vbackup_read(struct str json, struct vbackup *out, struct err *e);

/* Results ("-results.gz"): findings per place, as Velero groups them. */
enum result_level { RESULT_WARNING, RESULT_ERROR };
struct vresults;
struct vresults *vresults_new(void);
void vresults_free(struct vresults *r);
void vresults_freep(struct vresults **r);
/* ns NULL: about the run itself ("velero"); "": cluster-scoped; else the namespace. */
void vresults_add(struct vresults *r, enum result_level l, const char *ns, const char *text);
size_t vresults_count(const struct vresults *r, enum result_level l);
MUST_CHECK int vresults_write(const struct vresults *r, struct buf *json, struct err *e);

/* Resource list ("-resource-list.json.gz"): "<apiVersion>/<Kind>" to sorted names. */
struct vreslist;
struct vreslist *vreslist_new(void);
void vreslist_free(struct vreslist *r);
void vreslist_freep(struct vreslist **r);
/* suffix: "" for backups, "(created)" etc. for restores. */
void vreslist_add(struct vreslist *r, struct str api_version, struct str kind, struct str ns, struct str name, const char *suffix);
MUST_CHECK int vreslist_write(const struct vreslist *r, struct buf *json, struct err *e);
/* Appends the same as a gzip file, without having it in memory unpacked. */
MUST_CHECK int vreslist_pack(const struct vreslist *r, struct buf *gz, struct err *e);

/* Volume info ("-volumeinfo.json.gz"). */
struct vvolume {
	char *pvc_name, *pvc_namespace, *pv_name;
	char *method;                   /* NativeSnapshot, PodVolumeBackup, CSISnapshot; NULL: skipped */
	bool  data_moved, skipped;
	char *skipped_reason;
	char *reclaim_policy;           /* pvInfo; NULL: none */
	char *labels_json;              /* pvInfo.labels as raw JSON, NULL: null */
	char *result;
};
struct vvolumes VEC_OF(struct vvolume);
void vvolumes_free(struct vvolumes *v);
MUST_CHECK int vvolumes_write(const struct vvolumes *v, struct buf *json, struct err *e);
MUST_CHECK int vvolumes_read(struct str json, struct vvolumes *out, struct err *e);

/* The value of a JSON side file: the first one in it, as Velero's readers do.  A slice of file.  EK_CORRUPT. */
MUST_CHECK int vside_value(struct str file, struct str *value, struct err *e);

/* One line of "-logs.gz" in Velero's logfmt; pairs are extra key/value texts, NULL-terminated. */
void vlog_line(struct buf *out, int64_t now_unix_ns, const char *level, const char *msg, ...) __attribute__((sentinel));

#endif
