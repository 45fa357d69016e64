/* What the files of the S3 store share: the connection, one signed request, and the multipart writer. */
#ifndef ORLOP_STORE_S3_IMPL_H
#define ORLOP_STORE_S3_IMPL_H

#include "aws/creds.h"
#include "aws/sigv4.h"
#include "net/http.h"
#include "store/store_impl.h"

/* s3_sum.c: checksums of objects, in the text form (base64) in which they are sent. */
enum s3_sum_kind { S3_SUM_NONE, S3_SUM_CRC32, S3_SUM_CRC32C, S3_SUM_SHA1, S3_SUM_SHA256, S3_SUM_COUNT_ };
#define S3_SUM_MAX 48
const char *s3_sum_name(enum s3_sum_kind kind);          /* "CRC32" */
const char *s3_sum_header(enum s3_sum_kind kind);        /* "x-amz-checksum-crc32" */
const char *s3_sum_element(enum s3_sum_kind kind);       /* "ChecksumCRC32" */
enum s3_sum_kind s3_sum_of(const char *name);            /* "" is S3_SUM_NONE */
void s3_sum(enum s3_sum_kind kind, struct str data, char out[S3_SUM_MAX]);
struct s3_sum { enum s3_sum_kind kind; uint32_t crc; struct sha1 *sha1; struct sha256 *sha256; };
void s3_sum_begin(struct s3_sum *s, enum s3_sum_kind kind);
void s3_sum_add(struct s3_sum *s, const void *p, size_t n);
void s3_sum_end(struct s3_sum *s, char out[S3_SUM_MAX]);
void s3_sum_done(struct s3_sum *s);
/* The checksum of the whole object that came with an answer; false: none that can be checked. */
bool s3_sum_sent(const struct http_resp *resp, enum s3_sum_kind kind, char out[S3_SUM_MAX]);
MUST_CHECK int s3_sum_compare(enum s3_sum_kind kind, const char *expected, const char *found, struct err *e);
/* Holds the body of an answer that is a whole object against the checksum that came with it, if one did.  EK_CORRUPT. */
MUST_CHECK int s3_sum_check(const struct http_resp *resp, struct err *e);

/* s3_dialect.c: what a location adds to each request.  Immutable after s3_dialect_init.  Strings NULL: nothing. */
struct s3_dialect {
	enum s3_sum_kind sum;
	bool             requester_pays;
	char            *encryption, *kms_key, *tagging, *storage_class;
	struct secret   *customer_key;       /* base64 */
	char            *customer_md5;
};
/* EK_INVALID: a key for encryption that is too short, or that would be sent in clear. */
MUST_CHECK int s3_dialect_init(struct s3_dialect *d, const struct store_place *place, bool tls, struct err *e);
void s3_dialect_done(struct s3_dialect *d);

/* Header lines of one request, to be signed; they point into dialect, request and themselves. */
#define S3_LINES_MAX 13
struct s3_lines {
	struct sigv4_pair at[S3_LINES_MAX];
	size_t            n;
	char              sum[S3_SUM_MAX], md5[S3_SUM_MAX];
};
struct s3_req;
void s3_dialect_lines(const struct s3_dialect *d, const struct s3_req *r, bool with_md5, struct s3_lines *out);

/*
 * A bucket and how it is reached.  Only region ever changes after s3_conn_init, and only until the first request has
 * succeeded; from then on several threads may read it, each with a session of its own.  needs_md5 may change at any time.
 */
struct s3_conn {
	struct creds_source *creds;          /* NULL: there are none, and no_creds says why */
	struct err       no_creds;
	char            *bucket;
	char            *prefix;             /* "" or "a/b/" */
	char            *region;
	char            *region_said;        /* by the URL; NULL: nothing.  The bucket may be in another */
	bool             ask_region;         /* the bucket is asked where it is before the first request */
	_Atomic bool     needs_md5;          /* the bucket wants a Content-MD5 (object lock) */
	bool             aws;                /* without a host below, it follows from the region */
	bool             tls, path_style;
	char            *host, *base;        /* "minio.example:9000"; "" or "/path" before the bucket */
	struct s3_public { bool tls; char *host, *base; } public;        /* for presigned URLs; host NULL: the same */
	char            *ca_file;
	struct buf       ca_pem;
	struct s3_dialect dialect;
	struct http_conf http;
};
/* anyhow: without credentials, too; each signed request then fails with no_creds. */
MUST_CHECK int s3_conn_init(struct s3_conn *s, const struct store_place *place, bool anyhow, struct err *e);
void s3_conn_done(struct s3_conn *s);
char *s3_conn_endpoint(const struct s3_conn *s);         /* "https://host" for messages; heap */
MUST_CHECK int s3_conn_creds(const struct s3_conn *s, const char *refused, struct creds *out, const struct cancel *c,
	struct err *e);                      /* as creds_take */
/* The path of a key, or of the bucket (NULL), as it is sent after base. */
void s3_conn_path(const struct s3_conn *s, bool path_style, const char *base, const char *key, struct buf *out);
/* Before the first request of a window; s3_do does it itself. */
MUST_CHECK int s3_conn_ready(struct s3_conn *s, struct http *h, const struct cancel *c, struct err *e);

/* What a request is about: the dialect adds headers by it.  S3_GET is HEAD, too. */
enum s3_aim { S3_OTHER, S3_PUT, S3_INITIATE, S3_PART, S3_COMPLETE, S3_GET };

struct s3_req {
	enum s3_aim        aim;
	const char        *method;
	const char        *key;              /* below the prefix; NULL: the bucket itself */
	struct sigv4_pair  query[8];
	size_t             n_query;
	const char        *headers[4];       /* further lines, NULL-terminated; not signed */
	struct str         body;
	const char        *sum;              /* checksum of the body, if it is known already */
	bool               late_error;       /* a 200 may carry an error document */
	bool               once;             /* not to be repeated when it may have reached the store */
	size_t             max_body;
	store_sink        *sink;
	void              *ctx;              /* for sink */
};

/*
 * One request, signed anew for each attempt.  Succeeds for 2xx.  Otherwise the error has the kind and the words of
 * the S3 error document, its Code in e->reason; resp holds what came back.  Retried inside: what net/http retries,
 * a wrong clock, and once the region that the answer names, a
 * Content-MD5 where the bucket wants one, other credentials where those sent have expired.
 */
MUST_CHECK int s3_do(struct s3_conn *s, struct http *h, const struct s3_req *r, struct http_resp *resp,
	const struct cancel *c, struct err *e);

/*
 * One request of a window, signed like the others.  r is copied, what it points to is borrowed until s3_call_free.
 * Nothing of s3_do's own retries happens here: what failed may be done again with it.
 */
struct s3_call;
MUST_CHECK struct s3_call *s3_call_start(const struct s3_conn *s, struct http *h, const struct s3_req *r, void *tag,
	const struct cancel *c, struct err *e);
/* The next one that has ended; NULL with EK_NONE when none is left.  It is still the caller's to free. */
MUST_CHECK struct s3_call *s3_call_next(struct http *h, const struct cancel *c, struct err *e);
/* As s3_do; a 304 is a success, too. */
MUST_CHECK int s3_call_result(const struct s3_call *call, struct err *e);
const struct http_resp *s3_call_resp(const struct s3_call *call);
void *s3_call_tag(const struct s3_call *call);
void s3_call_free(struct s3_call *call);         /* one that is under way is aborted */

struct s3 {
	struct store   base;
	struct s3_conn conn;
	struct http   *http;
};
struct s3 *s3_of(struct store *st);

MUST_CHECK int s3_put(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e);
MUST_CHECK int s3_head(struct store *st, const char *key, struct store_info *out, const struct cancel *c,
	struct err *e);
/* A login page or a proxy's greeting is a 200, too; a store that took an object says under which tag. */
MUST_CHECK int s3_check_taken(const struct http_resp *resp, struct err *e);
void s3_etag(char out[sizeof((struct store_info *)0)->etag], struct str quoted);       /* without its quotes */

/* s3_read.c */
MUST_CHECK int s3_read(struct store *st, const char *key, store_sink *sink, void *ctx, const struct cancel *c,
	struct err *e);

/* s3_presign.c */
MUST_CHECK int s3_presign(struct store *st, const char *key, int64_t valid_ns, struct store_presigned *out,
	const struct cancel *c, struct err *e);

/* s3_many.c */
#define S3_WINDOW 16
MUST_CHECK int s3_get_many(struct store *st, const struct store_want *want, size_t n, size_t max_each, store_got_fn *fn,
	void *ctx, const struct cancel *c, struct err *e);
MUST_CHECK int s3_put_many(struct store *st, const struct store_gift *gifts, size_t n, size_t *failed,
	const struct cancel *c, struct err *e);

/* s3_list.c */
MUST_CHECK int s3_list(struct store *st, const char *prefix, bool delimiter, store_list_fn *fn, void *ctx,
	const struct cancel *c, struct err *e);

/* s3_multi.c */
MUST_CHECK struct store_writer *s3_writer_open(struct store *st, const char *key, const struct cancel *c,
	struct err *e);
MUST_CHECK int s3_writer_add(struct store_writer *w, const void *p, size_t n, struct err *e);
MUST_CHECK int s3_writer_end(struct store_writer *w, struct err *e);
MUST_CHECK int s3_writer_commit(struct store_writer *w, struct err *e);
void s3_writer_free(struct store_writer *w);
MUST_CHECK int s3_abort_upload(struct s3 *s, const char *key, struct str upload_id, const struct cancel *c,
	struct err *e);

/* s3_list.c: aborts forgotten multipart uploads */
MUST_CHECK int s3_sweep(struct store *st, const char *prefix, int64_t before_unix_ns, size_t *removed,
	const struct cancel *c, struct err *e);

/* The size of part number (1 ...): constant for the first 1000, then doubled, so that 10000 parts are enough. */
#define S3_PART_FIRST (6 * MIB)
#define S3_PARTS_MAX  10000
size_t s3_part_size(unsigned number);

#endif
