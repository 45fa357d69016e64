/* What a caller asks of a backup or a restore.  Plain data, filled in by the front ends through app. */
#ifndef ORLOP_ENGINE_OPTIONS_H
#define ORLOP_ENGINE_OPTIONS_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum opt_tri { OPT_UNSET, OPT_NO, OPT_YES };

/* The filters that backups and restores share; names follow Velero's command line. */
struct filter_opts {
	struct strs   inc_namespaces, exc_namespaces;    /* names or globs; empty includes: all */
	struct strs   inc_resources, exc_resources;      /* as discovery_resolve understands; "*": all */
	enum opt_tri  include_cluster;                   /* cluster-scoped objects: by rule, none, all */
	/* The lists by scope (velero-format 3.5, "new style"): backups only, and not beside the three above. */
	struct strs   inc_cluster_resources, exc_cluster_resources;
	struct strs   inc_ns_resources, exc_ns_resources;
	char         *selector;                          /* label selector in kubectl's syntax; NULL: none */
	struct strs   or_selectors;                      /* any of these; not beside selector */
	char         *inc_names, *exc_names;             /* PCRE2, searched in names of objects; NULL: none */
};

struct backup_opts {
	char              *name;             /* NULL up to app, which generates one */
	struct filter_opts filter;
	struct strs        ordered;          /* "pods=ns/a,ns/b": stored first, in this order (velero-format 3.5) */
	char              *policies;         /* YAML of resource policies (velero-format 3.8); NULL: none */
	bool               all_versions;     /* every served API version, not only the preferred one */
	struct strs        labels;           /* "key=value" */
	int64_t            ttl_ns;
	char              *cluster_name;     /* for the annotation */
	const char        *job;              /* id for the claim, borrowed; NULL: none */
	unsigned           window;           /* types listed at once; 0: default */
	unsigned           page;             /* items per request; 0: default */
};

struct planned;

/* What becomes of objects that are in the cluster and differ from the backup. */
enum existing_policy { EXISTING_NONE, EXISTING_UPDATE, EXISTING_APPLY, EXISTING_RECREATE, EXISTING_FAIL, EXISTING_COUNT_ };
extern const char *const existing_policy_names[EXISTING_COUNT_];

struct restore_opts {
	char              *name;             /* as above */
	char              *backup;
	struct filter_opts filter;           /* on the original namespaces */
	struct strs        inc_objects, exc_objects;     /* entries as in engine/pick.h */
	char              *objects;          /* more of the former, one a line; NULL: none */
	bool               with_dependencies;            /* also what these refer to */
	struct strs        ns_map;           /* "old:new", "old-*:new-*" */
	enum existing_policy policy;
	struct strs        yes_really;       /* "KIND/[NAMESPACE/]NAME" of what EXISTING_RECREATE else never deletes */
	bool               prune;            /* removes what the backup does not have, in the chosen scope */
	bool               relink_owners;    /* owner references get the owners' new UIDs; else they are dropped */
	bool               pause_controllers;/* what starts pods does so when everything is restored */
	bool               preserve_node_ports;
	bool               restore_status;   /* of created objects; narrowed by the two lists (velero-format 4.9) */
	struct strs        inc_status, exc_status;       /* resources; a list alone means restore_status, too */
	char              *modifiers;        /* YAML of resource modifiers (velero-format 4.10); NULL: none */
	char              *hooks;            /* YAML of Velero's spec.hooks (velero-format 4.12); NULL: none but annotations */
	struct strs        class_map;        /* "old:new" storage classes */
	struct strs        image_map;        /* "old=new": registries, repositories */
	struct strs        host_map, zone_map;           /* "old:new"; a zone's new name may be empty: no requirement */
	bool               drop_node_affinity;           /* of pods and templates */
	char              *class_config, *image_config;  /* the same as YAML: Velero's ConfigMaps or their data */
	char              *priorities;       /* "a,b,-,y,z": resources restored first and last; NULL: velero-format 4.3 */
	struct strs        versions;         /* "deployments.apps=v1,v1beta1": API versions to prefer (4.11) */
	bool               any_version;      /* what the cluster does not serve is sent under its preferred version */
	struct strs        ignore;           /* codes of preflight findings that do not count; "all": no preflight */
	bool               server_dry_run;   /* a plan asks the API server, too, what it thinks of each new object */
	char              *cluster_name;     /* the target's, for the record */
	unsigned           window;           /* requests in flight; 0: found by measuring */
	char              *retry_of;         /* a restore: only objects that failed in it; NULL: all */
	/* How it is run; not part of what was asked for.  Texts are borrowed. */
	const char        *job;              /* id for the claim; NULL: none */
	const char        *outcomes;         /* a new file for what becomes of each object; NULL: an anonymous one */
	unsigned           runs;             /* a restore that was begun is continued: how often it was; 0: a new one */
	const struct planned *planned;       /* exactly this plan is executed (engine/plan_file.h); NULL: there is none */
	const char        *known;            /* outcomes of its last run; NULL: those in the store */
};

/* Looking into backups. */
struct look_opts {
	struct strs        backups;          /* grep: which */
	bool               all_backups;      /* grep: all of the location */
	char              *other;            /* diff: the second backup, or "live" */
	char              *pattern;          /* grep */
	char              *source_cluster;   /* history: name or UID of the cluster that was backed up; NULL: all */
	bool               show_secrets, all_fields, ignore_case;
	bool               once;             /* grep: the first match of an object is enough */
	bool               count;            /* grep: how many matches an object has, not which */
	bool               brief;            /* cat: without what servers keep for themselves */
	bool               diff;             /* history: what has changed */
	bool               exit_code;        /* diff: a difference ends it as partial */
};

void filter_opts_done(struct filter_opts *f);
void backup_opts_done(struct backup_opts *o);
void restore_opts_done(struct restore_opts *o);
void look_opts_done(struct look_opts *o);

#endif
