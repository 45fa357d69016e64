/*
 * What the parts of a preflight share: preflight.c (course, codes), preflight_gather.c (what the backup's objects refer
 * to), preflight_target.c (what the cluster has), and the checks: preflight_types.c, _access.c, _refs.c, _storage.c,
 * _quota.c, _place.c, _webhook.c.
 */
#ifndef ORLOP_ENGINE_PREFLIGHT_IMPL_H
#define ORLOP_ENGINE_PREFLIGHT_IMPL_H

#include "engine/podsec.h"
#include "engine/preflight.h"
#include "engine/restore_impl.h"
#include "k8s/list.h"
#include "k8s/server.h"

enum preflight_code {
	PF_VERSION_SKEW, PF_TYPE_MISSING, PF_VERSION_MISSING, PF_TYPE_CONVERTED,
	PF_ACCESS_DENIED, PF_ACCESS_PARTIAL,
	PF_NAMESPACE_STUCK, PF_NAMESPACE_TERMINATING,
	PF_STORAGE_CLASS_MISSING, PF_STORAGE_CLASS_DIFFERS, PF_PROVISIONER_MISSING, PF_SNAPSHOT_CLASS_MISSING,
	PF_SNAPSHOT_CLASS_DIFFERS, PF_VOLUME_DATA,
	PF_QUOTA_EXCEEDED, PF_QUOTA_TIGHT, PF_POD_SECURITY, PF_WEBHOOK_DEAD,
	PF_NODE_PORT_TAKEN, PF_CLUSTER_IP_TAKEN,
	PF_PRIORITY_CLASS_MISSING, PF_RUNTIME_CLASS_MISSING, PF_PULL_SECRET_MISSING, PF_ACCOUNT_MISSING, PF_CONFIG_MISSING,
	PF_INGRESS_CLASS_MISSING, PF_GATEWAY_CLASS_MISSING, PF_NO_NODE, PF_GITOPS, PF_NOT_CHECKED,
	PF_CODES_
};

/* What selected objects refer to, need or collide with. */
enum use_kind {
	USE_STORAGE_CLASS, USE_SNAPSHOT_CLASS, USE_PRIORITY_CLASS, USE_RUNTIME_CLASS, USE_INGRESS_CLASS, USE_GATEWAY_CLASS,
	USE_PULL_SECRET, USE_ACCOUNT, USE_CONFIG_MAP, USE_SECRET,
	USE_PROVISIONER,             /* of storage classes that are to be restored */
	USE_NODE_PORT, USE_CLUSTER_IP,
	USE_NODES,                   /* name: {"s": node selector, "a": required affinity} */
	USE_POD_SECURITY,            /* name: what is violated */
	USE_OWNER,                   /* name: the controller */
	USE_EXEC,                    /* commands run in pods of the namespace */
	USE_KINDS_
};

/* Something that objects use.  Texts are the preflight's. */
struct use {
	enum use_kind kind;
	const char   *ns, *name;     /* ns: in the cluster; "" for what is outside namespaces */
	const char   *by_gr, *by_ns, *by_name;   /* the first object that uses it, where it is restored to */
	uint64_t      n;             /* objects that use it */
	bool          there;         /* in the cluster, or about to be restored */
	const char   *holder;        /* of a port or address: who has it in the cluster; NULL: nobody */
};

/* A type and version that is restored, in one target namespace. */
struct pf_type { struct str gr, version; const char *ns; const struct index_entry *first; uint64_t n; };

struct quota_use { const char *resource; int64_t milli; };
/* A target namespace. */
struct pf_ns {
	const char       *name;
	bool              exists;
	int64_t           deleted_unix_ns;       /* 0: it is not going away */
	const char       *stuck;                 /* why it cannot go away; "": nothing known */
	enum podsec_level level;
	const char       *labels;                /* as they will be: raw JSON, "" for none */
	const char       *source;                /* the first namespace of the backup that goes here */
	struct strs       quotas;                /* ResourceQuota objects, raw JSON */
	struct strmap    *has;                   /* "gr/name" of what is there; NULL: without quotas, nobody asked */
	struct { struct quota_use *at; size_t len, cap; } sums;          /* of what is to be created */
	struct { struct quota_use *at; size_t len, cap; } later;         /* of what controllers will make of it */
};

/* A webhook configuration's hook that a service answers. */
struct hook { const char *config, *json; };

/* A storage class or volume snapshot class, of the cluster or of the backup; raw JSON. */
struct class { const char *name, *json; bool is_default; };

struct preflight {
	struct restore  *rs;
	preflight_fn    *fn;
	void            *ctx;
	struct preflight_counts *n;
	unsigned         told[PF_CODES_];
	struct err       first;              /* the first finding that stops; EK_NONE: none */
	struct arena     arena;
	struct strmap   *used;               /* kind, ns, name -> struct use */
	struct { struct use **at; size_t len, cap; } uses;
	struct strmap   *typed;              /* gr, version, ns -> struct pf_type */
	struct { struct pf_type **at; size_t len, cap; } types;
	struct strmap   *ns_by_name;         /* -> struct pf_ns */
	struct { struct pf_ns **at; size_t len, cap; } nses;
	/* the cluster */
	struct k8s_info  info;
	unsigned         page;
	struct strmap   *have;               /* kind, name of classes, provisioners */
	struct { struct class *at; size_t len, cap; } classes, stored_classes,
		snapshot_classes, stored_snapshot_classes;
	struct { struct hook *at; size_t len, cap; } hooks;
	size_t           nodes;              /* of the cluster */
	bool             argo, flux;         /* their controllers are in the cluster */
	struct buf       unlisted;           /* types that could not be listed */
	bool             ns_unknown;         /* namespaces could not be listed */
	bool             unknown[USE_KINDS_];        /* could not be looked for: not missed */
};

/* --- preflight.c --- */

/* One finding.  u NULL: about the cluster.  */
void pf_tell(struct preflight *p, enum preflight_code code, const struct use *u, const char *remedy, const char *fmt, ...)
	PRINTF_LIKE(5, 6);
/* Remembers that an object uses something; en NULL: nobody in particular.  ns, name: where that is in the cluster. */
struct use *pf_use(struct preflight *p, enum use_kind kind, const char *ns, struct str name, const struct index_entry *en);
/* NULL: nobody uses it. */
struct use *pf_used(const struct preflight *p, enum use_kind kind, const char *ns, struct str name);
/* Uses of one kind: the one at or after i, or NULL. */
struct use *pf_next(const struct preflight *p, enum use_kind kind, size_t *i);
struct pf_ns *pf_ns(struct preflight *p, const char *target);            /* NULL: nothing is restored there */
const char *pf_target(struct preflight *p, const struct index_entry *en); /* "" for cluster-scoped */

/* --- preflight_gather.c --- */

/* Types and namespaces that are restored; by the index alone. */
void pf_gather_index(struct preflight *p);
/* What the objects themselves say. */
MUST_CHECK int pf_gather_objects(struct preflight *p, struct err *e);
/* A pod spec in an object: NULL for types without.  *meta: the metadata that the pod gets. */
struct jnode *pf_pod_spec(struct str gr, struct jnode *obj, struct jnode **meta);

/* --- preflight_target.c --- */

/* Target namespaces, their quotas, and what is in those that have some. */
MUST_CHECK int pf_target_namespaces(struct preflight *p, struct err *e);
/* What the cluster has of everything that is used. */
MUST_CHECK int pf_target_rest(struct preflight *p, struct err *e);
/* Keys of p->have. */
bool pf_has(const struct preflight *p, enum use_kind kind, struct str name);

/* --- the checks; see the table in preflight.c --- */

typedef int pf_check_fn(struct preflight *p, struct err *e);
pf_check_fn pf_check_version, pf_check_types, pf_check_access, pf_check_namespaces, pf_check_refs, pf_check_storage,
	pf_check_volumes, pf_check_quota, pf_check_pod_security, pf_check_webhooks, pf_check_ports, pf_check_nodes, pf_check_owners;

/* What an object that is to be created counts in its namespace's quotas. */
void pf_count_quota(struct preflight *p, struct pf_ns *ns, const struct index_entry *en, struct jnode *obj);

#endif
