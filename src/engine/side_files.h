/* The packed files of a backup or a restore, collected and then written together.  One thread. */
#ifndef ORLOP_ENGINE_SIDE_FILES_H
#define ORLOP_ENGINE_SIDE_FILES_H

#include "archive/layout.h"
#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"
#include "store/store.h"

#define SIDE_FILES_MAX 12

struct side_files {
	const char *name;                /* of the backup or the restore; borrowed */
	struct side_file {
		enum layout_file f;
		struct buf       gz;
	} at[SIDE_FILES_MAX];
	size_t n;
};

/* A new file, for the caller to fill with packed bytes. */
struct buf *side_files_add(struct side_files *v, enum layout_file f);
/* Packs text into a new file. */
MUST_CHECK int side_files_pack(struct side_files *v, enum layout_file f, struct str text, struct err *e);
/* Writes all of them, several at a time.  Store errors name the key. */
MUST_CHECK int side_files_put(const struct side_files *v, struct store *st, const struct cancel *c, struct err *e);
void side_files_done(struct side_files *v);
#define AUTO_SIDE_FILES AUTO(side_files_done)

#endif
