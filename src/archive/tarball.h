/*
 * The tarball B.tar.gz, both ways (velero-format 2).  Writing: entries go into gzip members of about 1 MiB of tar,
 * each of one resource type, compressed and hashed by workers while the next ones fill.  Reading: a stream that
 * refuses hostile archives, and ranged reads of single members.
 */
#ifndef ORLOP_ARCHIVE_TARBALL_H
#define ORLOP_ARCHIVE_TARBALL_H

#include "archive/index.h"
#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdint.h>

/* --- writing --- */

/*
 * A writer is driven by one thread.  Finished members are given to sink in order, on a thread of the writer's own, so
 * that uploading overlaps with filling; memory is bounded by a fixed number of members in flight (adding blocks).
 */
struct tar_writer;
struct tar_writer_fns {
	int (*sink)(void *ctx, const void *p, size_t n, struct err *e);   /* bytes of the tarball, in order */
	void *ctx;
};
/* Index lines (index_put_line) of the objects are collected compressed: see tar_writer_index. */
MUST_CHECK struct tar_writer *tar_writer_new(const struct tar_writer_fns *fns, int64_t now_unix_ns, struct err *e);

/* A stream of entries of one resource type in one version; several may be open at once (types being listed in parallel).
 * preferred: version is the cluster's preferred one of that type; others are alternates (velero-format 2.2). */
struct tar_stream;
struct tar_stream *tar_stream_open(struct tar_writer *w, struct str gr, struct str version, struct str kind, bool preferred);
/*
 * Adds one object: its unversioned copy and its "-preferredversion" copy; of an alternate the versioned copy alone.  parts are concatenated to the object's JSON
 * (so that apiVersion and kind can be put in front of an item without copying it).  labels: raw JSON or empty.
 * hash: the object's index_content_hash, if the caller has it; NULL: it is computed here.
 * EK_INVALID (its name is no file name) and EK_LIMIT (LIMIT_OBJECT, LIMIT_TAR_NAME) concern this object only: nothing
 * was written, the next may be added.  EK_* of the sink or of a worker surface here or in finish, and are final.
 */
MUST_CHECK int tar_stream_add(struct tar_stream *s, struct str ns, struct str name, struct str labels,
	const struct str *parts, size_t n_parts, const uint8_t *hash, struct err *e);
/* The sink or a worker has failed: errors are about the tarball, not about one object.  Any thread. */
bool tar_writer_failed(const struct tar_writer *w);
MUST_CHECK int tar_stream_close(struct tar_stream *s, struct err *e);     /* frees s, also on failure */

/* All streams closed: writes the end of the archive, waits for workers and sink.  Fills what the chain of checksums
 * needs.  EK_* of the sink. */
struct tar_totals {
	uint64_t objects;            /* items (not copies) */
	uint64_t tar_bytes, gz_bytes;
	uint8_t  sha256[SHA256_LEN]; /* of the whole object */
};
MUST_CHECK int tar_writer_finish(struct tar_writer *w, struct tar_totals *out, struct err *e);
/* After finish: appends the packed index file, or the packed file of hashes (index.h). */
MUST_CHECK int tar_writer_index(struct tar_writer *w, struct buf *gz, struct err *e);
MUST_CHECK int tar_writer_hashes(struct tar_writer *w, struct buf *gz, struct err *e);
/* Before finish: drops everything, open streams included, and ends the threads. */
void tar_writer_free(struct tar_writer *w);
void tar_writer_freep(struct tar_writer **w);

/* --- reading --- */

/*
 * Streams any Velero tarball: feed it the compressed bytes, it calls on_object for each regular entry that is an item
 * (both copies of it), with the object's JSON in one slice.
 * Refuses (EK_CORRUPT) absolute names, "..", NUL or invalid UTF-8 in names, sizes above LIMIT_OBJECT, more than
 * LIMIT_TARBALL unpacked bytes or a ratio above 1000:1 beyond the first 64 MiB, and anything but folders and regular files
 * (those are skipped).  Tolerates "./", GNU long names, PAX, several gzip members, a missing end-of-archive.
 * An entry that comes twice is handed over twice; the later one counts.
 */
struct tar_reader_fns {
	int (*on_object)(void *ctx, struct str path, struct str json, struct err *e);   /* -1 stops */
	void *ctx;
};
/* Returns 0, or 1 when all was read but the mark at the end of the archive is missing: something may be cut off.
 * pull: returns bytes read into p (up to n), 0 at the end, -1 on error. */
MUST_CHECK int tar_read(int64_t (*pull)(void *ctx, void *p, size_t n, struct err *e), void *pull_ctx,
	const struct tar_reader_fns *fns, const struct cancel *c, struct err *e);

/* Unpacks one member read by range and checks it against its row (SHA-256, size).  EK_CORRUPT. */
MUST_CHECK int tar_member_unpack(const struct index_member *m, struct str gz, struct buf *out, struct err *e);

#endif
