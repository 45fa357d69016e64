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
	char         *selector;                          /* label selector in kubectl's syntax; NULL: none */
};

struct backup_opts {
	char              *name;             /* NULL up to app, which generates one */
	struct filter_opts filter;
	struct strs        labels;           /* "key=value" */
	int64_t            ttl_ns;
	char              *cluster_name;     /* for the annotation */
	const char        *job;              /* id for the claim, borrowed; NULL: none */
	unsigned           window;           /* types listed at once; 0: default */
	unsigned           page;             /* items per request; 0: default */
};

enum existing_policy { EXISTING_NONE, EXISTING_UPDATE };

struct restore_opts {
	char              *name;             /* as above */
	char              *backup;
	struct filter_opts filter;           /* on the original namespaces */
	struct strs        ns_map;           /* "old:new" */
	enum existing_policy policy;
	bool               preserve_node_ports;
	char              *cluster_name;     /* the target's, for the record */
	unsigned           window;           /* requests in flight; 0: default */
};

void filter_opts_done(struct filter_opts *f);
void backup_opts_done(struct backup_opts *o);
void restore_opts_done(struct restore_opts *o);

#endif
