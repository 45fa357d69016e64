/*
 * Objects in one bucket (or below one folder), below one prefix.  Keys are relative to the prefix, '/'-separated,
 * never empty, never with "." or ".." segments.  A store and its writers belong to one thread; several stores on the
 * same place may be used by several threads.  Strings passed in are copied unless said otherwise.
 */
#ifndef ORLOP_STORE_STORE_H
#define ORLOP_STORE_STORE_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct store;
struct store_writer;

/*
 * Opens (without contacting it) the place named by a URL:
 *   dir:PATH
 *   s3://BUCKET[/PREFIX][?region=R&s3Url=U&s3ForcePathStyle=BOOL&caFile=F&insecureSkipTLSVerify=BOOL&profile=P]
 * (parameter values percent-decoded).  Key names and defaults are those of Velero's AWS plugin (velero-format 6.1).
 * EK_INVALID: unknown scheme or parameter (with the nearest known one), bad bucket name, relative s3Url;
 * EK_DENIED: no credentials.
 */
MUST_CHECK struct store *store_open(const char *url, struct err *e);
/* The same for store_validate: that there are no credentials, or none that can be read, is then a step's failure. */
MUST_CHECK struct store *store_open_to_validate(const char *url, struct err *e);
void store_close(struct store *st);
void store_closep(struct store **st);

/* The URL in a canonical form without secrets, for comparing two locations. */
const char *store_url(const struct store *st);
/* The same without parameters, for messages: "s3://bucket/prefix". */
const char *store_label(const struct store *st);

/* EK_NOTFOUND: there is no such folder (a dir store makes it with the first write).  A bucket is not asked: any other
 * call tells. */
MUST_CHECK int store_exists(struct store *st, struct err *e);

/* Whole small objects.  Readers of key see the old or the new object, never a mixture. */
MUST_CHECK int store_put(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e);
/* As store_put, but EK_EXISTS if key exists (conditional PUT where the store has it, else HEAD and PUT). */
MUST_CHECK int store_create(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e);
/* Appends the object to out.  EK_NOTFOUND; EK_LIMIT beyond out->max. */
MUST_CHECK int store_get(struct store *st, const char *key, struct buf *out, const struct cancel *c, struct err *e);
/* Appends n bytes from off.  EK_CORRUPT when the object is shorter than that. */
MUST_CHECK int store_get_range(struct store *st, const char *key, uint64_t off, size_t n, struct buf *out,
	const struct cancel *c, struct err *e);
/* The whole object in pieces. */
typedef int store_sink(void *ctx, const void *p, size_t n, struct err *e);
MUST_CHECK int store_read(struct store *st, const char *key, store_sink *sink, void *ctx,
	const struct cancel *c, struct err *e);

/*
 * Many small objects, several requests at a time.  fn is told of each, in any order: its bytes and tag, or that it still
 * is what etag says, or why it could not be read (EK_NOTFOUND, EK_LIMIT beyond max_each ...).  fn's -1 ends it with its
 * error; -1 else only when canceled.
 */
struct store_want { const char *key, *etag; };   /* etag: of the copy that the caller has; NULL: none */
struct store_got {
	bool              same;          /* nothing was sent: the caller's copy is up to date */
	struct str        data;          /* valid during the call */
	const char       *etag;          /* "" when the store gives none */
	const struct err *why;           /* NULL: it was read */
};
typedef int store_got_fn(void *ctx, size_t nth, const struct store_got *got, struct err *e);
MUST_CHECK int store_get_many(struct store *st, const struct store_want *want, size_t n, size_t max_each,
	store_got_fn *fn, void *ctx, const struct cancel *c, struct err *e);

/* As store_put for each of a few small objects, several at a time.  Starts nothing more after the first error, and ends when
 * nothing is under way any more; what was put stays. */
struct store_gift { const char *key; struct str data; };
MUST_CHECK int store_put_many(struct store *st, const struct store_gift *gifts, size_t n, const struct cancel *c,
	struct err *e);

/*
 * A URL with which anyone can read the object for so long (1 s to 7 days), without credentials of their own; it names
 * the host in publicUrl, where the location has one.  Nothing is asked: the object need not be there.  EK_INVALID: a
 * folder, an object that is encrypted with a key of the customer, or too short or long a time.
 */
struct store_presigned {
	char   *url;                     /* whoever has it can read the object; owned */
	int64_t until_unix_ns;
	bool    ends_sooner;             /* with the credentials, which end before that */
};
#define STORE_PRESIGN_MAX_NS ((int64_t)7 * 24 * 3600 * 1000000000)
MUST_CHECK int store_presign(struct store *st, const char *key, int64_t valid_ns, struct store_presigned *out,
	const struct cancel *c, struct err *e);
void store_presigned_done(struct store_presigned *p);

/* Size, time and tag of an object.  EK_NOTFOUND. */
struct store_info {
	uint64_t size;
	int64_t  mtime_unix_ns;
	char     etag[80];               /* S3: the ETag without quotes; dir: mtime and size */
};
MUST_CHECK int store_head(struct store *st, const char *key, struct store_info *out, const struct cancel *c, struct err *e);

/*
 * Lists keys that start with prefix, in ascending byte order, every page of it.  With delimiter set, keys are rolled
 * up at the first '/' after prefix: fn then gets "dir/" with info NULL.  fn's -1 ends the listing with its error.
 */
typedef int store_list_fn(void *ctx, const char *key, const struct store_info *info, struct err *e);
MUST_CHECK int store_list(struct store *st, const char *prefix, bool delimiter, store_list_fn *fn, void *ctx,
	const struct cancel *c, struct err *e);

/* Is there anything below prefix?  1, and *key (heap; may be NULL to drop it) is the first key or "folder/"; 0: nothing.
 * One page of a listing at most. */
MUST_CHECK int store_first(struct store *st, const char *prefix, char **key, const struct cancel *c, struct err *e);

/* Deletes one object; deleting what is not there succeeds. */
MUST_CHECK int store_delete(struct store *st, const char *key, const struct cancel *c, struct err *e);

/*
 * A large object, written front to back.  Nothing is visible before store_writer_commit succeeds; abort (or a
 * failure) leaves nothing behind, as far as the store still answers.  S3: multipart upload in parallel parts with
 * memory bounded by a few parts; a short object becomes one PUT.  dir: temporary file, fsync, rename.
 */
MUST_CHECK struct store_writer *store_writer_open(struct store *st, const char *key, const struct cancel *c, struct err *e);
MUST_CHECK int store_writer_add(struct store_writer *w, const void *p, size_t n, struct err *e);
/* Nothing more will be added: what is left of a long object is on its way when this returns. */
MUST_CHECK int store_writer_end(struct store_writer *w, struct err *e);
MUST_CHECK int store_writer_commit(struct store_writer *w, struct err *e);    /* frees w, also on failure (aborted) */
void store_writer_abort(struct store_writer *w);                              /* frees w; NULL is fine */

/*
 * Removes what an interrupted writer left below prefix (dir: temporary files; S3: multipart uploads) when it is older
 * than before_unix_ns.  *removed counts them.
 */
MUST_CHECK int store_sweep(struct store *st, const char *prefix, int64_t before_unix_ns, size_t *removed,
	const struct cancel *c, struct err *e);

/*
 * Tries what backups need, and with volumes, for a bucket, also the permissions that snapshots of EBS volumes need: step by
 * step, with a probe below "plugins/orlop/" (a folder Velero tolerates, velero-format 1.1).
 * on_step (may be NULL) is told of each step as it ends.  After a failure the steps that need it are told as skipped, the
 * others take place; so do all that only read where the location is read only.  Returns the first failure.  Nothing is left
 * behind, also after a failure and when c fires (cleaning up then takes some seconds at most): only a bucket that keeps old
 * versions may keep the probe's, which is a warning.
 */
enum store_step_status { STEP_OK, STEP_WARNING, STEP_FAILED, STEP_SKIPPED };
struct store_step {                      /* valid during the call */
	const char            *name;     /* "connect": always the same word */
	enum store_step_status status;
	int64_t                took_ns;
	const char            *detail;   /* what was found; skipped: why; may be "" */
	const char            *cause;    /* of a failure or a warning, else "" */
	const char            *remedy;   /* what the user can do about it, else "" */
};
typedef void store_step_fn(void *ctx, const struct store_step *step);
MUST_CHECK int store_validate(struct store *st, bool volumes, store_step_fn *on_step, void *ctx, const struct cancel *c, struct err *e);

#endif
