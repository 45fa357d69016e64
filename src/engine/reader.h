/*
 * A stored backup opened for reading: its metadata, its index, single objects.  Ours are read by index and range;
 * others' tarballs are unpacked in one streaming pass into an anonymous private file.  Indexes are cached
 * (engine/cache.h), so that the second look at a backup reads no tarball until an object is asked for.
 */
#ifndef ORLOP_ENGINE_READER_H
#define ORLOP_ENGINE_READER_H

#include "archive/index.h"
#include "archive/layout.h"
#include "archive/vbackup.h"
#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"
#include "k8s/discovery.h"
#include "store/store.h"

/* Reads velero-backup.json of name.  EK_NOTFOUND: no such backup, with the nearest name in the store. */
MUST_CHECK int reader_metadata(struct store *st, const char *name, struct vbackup *out, const struct cancel *c,
	struct err *e);

/* Appends a side file, unpacked.  EK_NOTFOUND when the backup or restore does not have it. */
MUST_CHECK int reader_side_file(struct store *st, const char *name, enum layout_file f, struct buf *out,
	const struct cancel *c, struct err *e);

struct reader;
/* Opens the objects.  b is borrowed for the reader's life; progress (may be NULL) hears of bytes whenever a foreign
 * tarball is unpacked, here or when the first object is read.  Its versioned copies that say something else than the
 * unversioned one are the index's alternates.  EK_CORRUPT: damaged index or tarball; EK_NOTFOUND: the tarball is gone. */
MUST_CHECK struct reader *reader_open(struct store *st, const struct vbackup *b,
	void (*progress)(void *ctx, uint64_t bytes), void *ctx, const struct cancel *c, struct err *e);
/* The same with the hashes of the entries, where there are any: then equal hashes are equal objects, but for what the
 * server sets.  Different ones may be the same written otherwise. */
MUST_CHECK struct reader *reader_open_hashed(struct store *st, const struct vbackup *b,
	void (*progress)(void *ctx, uint64_t bytes), void *ctx, const struct cancel *c, struct err *e);
bool reader_hashed(const struct reader *r);
/* For a reader that another thread opened: what is read from now on comes through st. */
void reader_move(struct reader *r, struct store *st);
void reader_close(struct reader *r);
void reader_closep(struct reader **r);
const struct index *reader_index(const struct reader *r);

/* Unpacks a foreign tarball of which only the cached index was read.  EK_CONFLICT: it is another one by now. */
MUST_CHECK int reader_unpack(struct reader *r, const struct cancel *c, struct err *e);

/* The tarball lacks the mark at its end: it may have been cut off between two objects. */
bool reader_cut_off(const struct reader *r);

/* EK_CORRUPT when an object says it has another name or namespace than its place in the tarball. */
MUST_CHECK int reader_check_name(const struct index_entry *en, struct str json, struct err *e);

/* The types in the archive as a discovery result, so that names resolve without a cluster ("deployments", "deploy", "Deployment";
 * of custom resources no short names are known).  Caller frees with discovery_free. */
struct discovery *reader_discovery(const struct reader *r);
/* The same of one object's type. */
struct discovery *reader_type_of(const struct index_entry *en);

/* Says which objects will be asked for, in which order: what they are in is read ahead from now on.  Others can be asked
 * for in between.  c is borrowed until the next call or the end of the reader. */
void reader_ahead(struct reader *r, const struct index_entry *const *entries, size_t n, const struct cancel *c);

/* The object's JSON; borrowed until the next call.  Fast when asked in ascending order of member and offset. */
MUST_CHECK int reader_object(struct reader *r, const struct index_entry *en, struct str *json,
	const struct cancel *c, struct err *e);

#endif
