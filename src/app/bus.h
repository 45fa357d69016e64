/*
 * What passes between a front end and the backend: requests in, events out, nothing else.  Requests and
 * events are owned by whoever holds them.  Every accepted request gets exactly one EV_END, as its last event.
 */
#ifndef ORLOP_APP_BUS_H
#define ORLOP_APP_BUS_H

#include "base/cancel.h"
#include "base/err.h"
#include "base/secret.h"
#include "engine/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum op {
	OP_BACKUP_CREATE, OP_BACKUP_LIST, OP_BACKUP_DESCRIBE, OP_BACKUP_LS, OP_BACKUP_CAT, OP_BACKUP_LOGS,
	OP_BACKUP_DOWNLOAD, OP_BACKUP_VERIFY, OP_BACKUP_DELETE,
	OP_BACKUP_DIFF, OP_BACKUP_HISTORY, OP_BACKUP_GREP,
	OP_RESTORE_CREATE, OP_RESTORE_PLAN, OP_RESTORE_PREFLIGHT, OP_RESTORE_LIST, OP_RESTORE_DESCRIBE, OP_RESTORE_LOGS,
	OP_RESTORE_UNDO,
	OP_LOCATION_VALIDATE, OP_LOCATION_LIST, OP_LOCATION_SAVE, OP_LOCATION_REMOVE, OP_LOCATION_POLICY,
	OP_CONTEXT_LIST, OP_CLUSTER_CHECK,
	OP_JOB_LIST, OP_JOB_WATCH, OP_JOB_STOP,
	OP_COUNT_
};

/* Fields that an operation does not use stay empty. */
struct request {
	enum op             op;
	char               *location;        /* URL */
	char               *kubeconfig;      /* file; NULL: kubectl's rules */
	char               *context;         /* NULL: current */
	char               *name;            /* backup, restore, location, or a job's id or name */
	char               *project;         /* NULL: the current one */
	char               *path;            /* where a download goes ("-" is EV_BYTES), or a plan; the plan that a restore executes */
	struct strs         objects;         /* cat, history: "KIND/NAME" or "KIND/NAMESPACE/NAME" */
	struct filter_opts  filter;          /* ls, diff, grep */
	struct backup_opts  backup;
	struct restore_opts restore;
	struct look_opts    look;
	/* save, and validate of a location by its fields or by name: "KEY=VALUE" as of location_field_set, and the keys, NULL for those stored. */
	struct strs         fields;
	char               *access_key;
	struct secret      *secret;
	bool                replace;         /* the location of that name is there, and changed */
	int64_t             presign_ns;      /* download: print a URL that is valid for so long instead; 0: no */
	bool                force;
	bool                volumes;         /* validate: also what snapshots of EBS volumes need */
	bool                quick;           /* check: only which version answers */
	bool                dry_run;         /* undo: only tell */
	bool                confirmed;       /* restore: the user agreed to what a plan deletes */
	bool                resume;          /* restore.name: a restore that was stopped is continued */
};
void request_free(struct request *r);

enum ev_kind {
	EV_PROGRESS,     /* look at backend_progress; never more than one waiting per job */
	EV_NOTE,         /* text: a sentence for the user */
	EV_FINDING,      /* text: JSON {"severity","namespace","resource","name","text","hint"} */
	EV_ROW,          /* text: one JSON value, a part of the result */
	EV_BYTES,        /* text: raw bytes of the result */
	EV_JOB,          /* text: the id by which other processes can follow it */
	EV_END
};
enum ev_end {
	END_DONE,
	END_PARTIAL,     /* done, with errors about single objects */
	END_DAMAGED,     /* verify found damage, validate or check found a no */
	END_FAILED,
	END_CANCELED
};
/* What the error of END_FAILED is about. */
enum ev_about {
	ABOUT_NOTHING, ABOUT_LOCATION, ABOUT_CLUSTER,
	ABOUT_PREFLIGHT, /* the restore was not begun */
	ABOUT_PLAN,      /* a plan's file, or that it does not hold any more */
	ABOUT_RESUME,    /* a restore that is to be continued or tried again */
	ABOUT_LOST,      /* the cluster, which went away in the middle of a restore */
	ABOUT_JOB,       /* a job that is watched or to be stopped; EK_IO: it failed */
	ABOUT_ANSWER     /* what one of them said in the middle of the work: no slip of the user, no damaged backup */
};

struct event {
	uint64_t      id;
	enum ev_kind  kind;
	char         *text;              /* NUL-terminated */
	size_t        len;
	enum ev_end   end;               /* EV_END */
	enum ev_about about;
	struct err    err;               /* END_FAILED, END_CANCELED */
};
void event_free(struct event *ev);
void event_freep(struct event **ev);

#endif
