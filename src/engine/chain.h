/*
 * The root of the chain of checksums: velero-backup.json carries the SHA-256 of each side file, of the index, and of
 * itself (computed with its own value as zeros), in annotations.  Pure functions; any thread.
 */
#ifndef ORLOP_ENGINE_CHAIN_H
#define ORLOP_ENGINE_CHAIN_H

#include "archive/layout.h"
#include "archive/vbackup.h"
#include "base/buf.h"
#include "base/err.h"

/* Records the digest of a file's packed bytes. */
void chain_add(struct vbackup *b, enum layout_file f, struct str gz);

/* Checks a file against its annotation.  1: matches, 0: there is no annotation, -1 EK_CORRUPT. */
MUST_CHECK int chain_check(const struct vbackup *b, enum layout_file f, struct str gz, struct err *e);

/* Appends velero-backup.json with its own digest in place. */
MUST_CHECK int chain_seal(struct vbackup *b, struct buf *json, struct err *e);
/* 1: the document is as it was sealed, 0: it has no seal, -1 EK_CORRUPT. */
MUST_CHECK int chain_check_seal(struct str json, struct err *e);

#endif
