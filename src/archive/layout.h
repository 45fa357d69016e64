/* Names inside the bucket and inside the tarball: Velero's layout (velero-format 1.2, 2.2), one table each.  Any thread. */
#ifndef ORLOP_ARCHIVE_LAYOUT_H
#define ORLOP_ARCHIVE_LAYOUT_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

enum layout_file {
	LAYOUT_METADATA,          /* backups/B/velero-backup.json: written last */
	LAYOUT_TARBALL,           /* backups/B/B.tar.gz */
	LAYOUT_LOGS,
	LAYOUT_VOLUMESNAPSHOTS,
	LAYOUT_PODVOLUMEBACKUPS,
	LAYOUT_ITEMOPERATIONS,
	LAYOUT_RESOURCE_LIST,
	LAYOUT_RESULTS,
	LAYOUT_VOLUMEINFO,
	LAYOUT_CSI_SNAPSHOTS,     /* these three: Velero up to 1.16 or 1.17, read only */
	LAYOUT_CSI_CONTENTS,
	LAYOUT_CSI_CLASSES,
	LAYOUT_INDEX,             /* backups/B/B-orlop-index.json.gz: ours */
	LAYOUT_HASHES,            /* backups/B/B-orlop-hashes.gz: ours */
	LAYOUT_CLAIM,             /* backups/B/B-orlop-claim.json: ours, there while the backup is being made */
	LAYOUT_RESTORE_LOGS,      /* restores/R/restore-R-logs.gz, from here on name is the restore's */
	LAYOUT_RESTORE_RESULTS,
	LAYOUT_RESTORE_RESOURCE_LIST,
	LAYOUT_RESTORE_ITEMOPERATIONS,
	LAYOUT_RESTORE_VOLUMEINFO,
	LAYOUT_RESTORE_OUTCOMES,  /* ours: what became of each object, a line of JSON each */
	LAYOUT_RESTORE_REQUEST,   /* ours: what was asked for; created only if absent: whoever has it has the name */
	LAYOUT_RESTORE_RECORD,    /* restores/R/restore-R-orlop.json: ours, the Restore as Velero would describe it */
	LAYOUT_RESTORE_UNDO,      /* ours: that it was undone */
	LAYOUT_RESTORE_PLAN,      /* ours: the plan that it executes, should it be continued */
	LAYOUT_COUNT_
};
char *layout_key(const char *name, enum layout_file f);   /* heap */
char *layout_backup_dir(const char *name);                /* "backups/NAME/" */
char *layout_restore_dir(const char *name);               /* "restores/NAME/" */
/* Ours: who works on a restore.  One for each time it was begun or continued, numbered from 1; the last one counts, and it goes
 * when that run has ended.  Number 0: what all of them begin with. */
char *layout_restore_run(const char *name, unsigned number);
#define LAYOUT_BACKUPS  "backups/"
#define LAYOUT_RESTORES "restores/"

/* DNS-1123 subdomain of at most 253 characters (velero-format 3.9).  EK_INVALID says which rule is broken; what is "backup" or "restore". */
MUST_CHECK int layout_check_name(const char *what, const char *name, struct err *e);

/* A label value that stands for name: up to 63 bytes unchanged, else 57 bytes and 6 hex digits of its SHA-256. */
#define LAYOUT_LABEL_MAX 64
char *layout_label(char out[LAYOUT_LABEL_MAX], const char *name);

/* A path inside the tarball, cut up.  Slices borrow from the path. */
struct tar_path {
	struct str gr;            /* "deployments.apps" */
	struct str version;       /* "v1"; empty for the unversioned copy */
	bool       preferred;     /* "-preferredversion" */
	struct str ns;            /* empty: cluster-scoped */
	struct str name;          /* object name */
};
/* Accepts "resources/..." with an optional leading "./".  False: not an item (metadata/version, folders, foreign files). */
bool tar_path_parse(struct str path, struct tar_path *out);
/* Appends the path of an item; version empty: the unversioned copy. */
struct buf;
void tar_path_put(struct buf *out, struct str gr, struct str version, bool preferred, struct str ns, struct str name);

#endif
