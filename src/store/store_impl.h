/* What a kind of store provides, and what the URL says.  For the files of this layer; app reads struct store_place, too. */
#ifndef ORLOP_STORE_STORE_IMPL_H
#define ORLOP_STORE_STORE_IMPL_H

#include "store/store.h"

#define STORE_KEY_MAX 1024               /* bytes of a key with the store's prefix: S3's limit, held everywhere */

struct store_range { uint64_t off; size_t n; };

/*
 * As the functions of the same name in store.h, after the key has been checked; store.c adds key and place to
 * their errors.
 */
struct store_ops {
	void (*close)(struct store *st);
	const struct checks *checks;                             /* validate_impl.h */
	/* NULL, but for a folder: looks for it, and appends to detail what it found; the bytes that may still be written. */
	int  (*probe)(struct store *st, struct buf *detail, const struct cancel *c, struct err *e);
	int  (*space)(struct store *st, uint64_t *bytes, struct err *e);
	int  (*exists)(struct store *st, struct err *e);         /* NULL: any other call tells */
	int  (*put)(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e);
	int  (*create)(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e);
	/* range NULL: the whole object.  May leave a part in out when it fails. */
	int  (*get)(struct store *st, const char *key, const struct store_range *range, struct buf *out,
		const struct cancel *c, struct err *e);
	int  (*read)(struct store *st, const char *key, store_sink *sink, void *ctx, const struct cancel *c,
		struct err *e);
	int  (*presign)(struct store *st, const char *key, int64_t valid_ns, struct store_presigned *out,
		const struct cancel *c, struct err *e);          /* NULL: not possible */
	int  (*head)(struct store *st, const char *key, struct store_info *out, const struct cancel *c, struct err *e);
	/* NULL: head and get, one after another. */
	int  (*get_many)(struct store *st, const struct store_want *want, size_t n, size_t max_each, store_got_fn *fn,
		void *ctx, const struct cancel *c, struct err *e);
	/* NULL: put, one after another.  On failure *failed is the index of the one that e is about. */
	int  (*put_many)(struct store *st, const struct store_gift *gifts, size_t n, size_t *failed,
		const struct cancel *c, struct err *e);
	/* May hand out keys that store.h forbids; store.c drops them. */
	int  (*list)(struct store *st, const char *prefix, bool delimiter, store_list_fn *fn, void *ctx,
		const struct cancel *c, struct err *e);
	/* EK_NOTFOUND counts as success. */
	int  (*del)(struct store *st, const char *key, const struct cancel *c, struct err *e);
	int  (*sweep)(struct store *st, const char *prefix, int64_t before_unix_ns, size_t *removed,
		const struct cancel *c, struct err *e);

	struct store_writer *(*writer_open)(struct store *st, const char *key, const struct cancel *c, struct err *e);
	int  (*writer_add)(struct store_writer *w, const void *p, size_t n, struct err *e);
	int  (*writer_end)(struct store_writer *w, struct err *e);       /* NULL: nothing to do */
	int  (*writer_commit)(struct store_writer *w, struct err *e);
	/* Undoes what was not committed; frees. */
	void (*writer_free)(struct store_writer *w);
};

/* First member of each kind's own struct. */
struct store {
	const struct store_ops *ops;
	char *url;                               /* canonical, without secrets */
	char *label;                             /* the same without parameters, for messages */
	bool  read_only;                         /* what would write is refused before anything is sent */
};
struct store_writer {
	struct store *st;
	char         *key;
};

/* The parts of a URL; those not given are NULL or false. */
struct store_place {
	char *dir;                               /* dir: absolute path; all others unused */
	char *bucket, *prefix;                   /* prefix: "" or "a/b", no '/' at its ends */
	char *region, *s3_url, *public_url, *ca_file, *ca_cert;      /* ca_cert: base64 of PEM */
	char *profile, *credentials_file, *role_arn, *external_id;
	char *kms_key, *encryption, *customer_key_file;
	char *tagging, *checksum, *storage_class;                    /* checksum: "" is "none", NULL the default */
	char *access_mode, *signature_version;
	bool  path_style, insecure, requester_pays, imds_v1, shared_config;
};
MUST_CHECK int store_place_parse(struct store_place *out, const char *url, struct err *e);
void store_place_done(struct store_place *p);
char *store_place_url(const struct store_place *p);      /* canonical; heap */

/* A text that says what is wrong with the key, NULL if nothing.  Foreign objects may have empty segments ("a//b",
 * "a/"); what we write has none. */
const char *store_key_flaw(const char *key, bool writing);

/* Appends s with %XX decoded (and '+' as blank when plus).  False: malformed, or a NUL. */
bool store_unescape(struct buf *out, struct str s, bool plus);

/* Each kind's constructor; ops is set, url and label are filled by store.c.  anyhow: also without credentials. */
MUST_CHECK struct store *localdir_open(const char *path, struct err *e);
MUST_CHECK struct store *s3_open(const struct store_place *place, bool anyhow, struct err *e);

#endif
