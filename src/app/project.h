/*
 * Projects: named sets of clusters, backup locations and schedules, each one YAML file without secrets,
 * $XDG_CONFIG_HOME/orlop/projects/<name>.yaml, and beside them the keys of locations, a private file each.  The project
 * "default" needs no file.  Any thread; files are changed under a lock, atomically, line by line: what the user wrote stays.
 */
#ifndef ORLOP_APP_PROJECT_H
#define ORLOP_APP_PROJECT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/jwrite.h"

#include <stdbool.h>

#define PROJECT_DEFAULT "default"

enum provider { PROVIDER_AWS, PROVIDER_MINIO, PROVIDER_S3, PROVIDER_DIR, PROVIDER_COUNT_ };
enum account { ACCOUNT_ENVIRONMENT, ACCOUNT_CREDENTIALS, ACCOUNT_STS, ACCOUNT_COUNT_ };

/* Keys of "config", with the names and the meaning of Velero's AWS plugin. */
enum config_key { CONFIG_REGION, CONFIG_S3_URL, CONFIG_PUBLIC_URL, CONFIG_PATH_STYLE, CONFIG_KMS_KEY, CONFIG_ENCRYPTION,
	CONFIG_CUSTOMER_KEY, CONFIG_TAGGING, CONFIG_CHECKSUM, CONFIG_SIGNATURE, CONFIG_SHARED, CONFIG_COUNT_ };

/* One backup location.  Texts are owned, NULL when unset. */
struct location {
	char         *name;
	enum provider provider;
	char         *bucket, *prefix;           /* prefix without '/' at its ends */
	char         *certificate;               /* path, or PEM text */
	char         *path;                      /* of PROVIDER_DIR */
	char         *config[CONFIG_COUNT_];
	enum account  account;
	char         *role_arn, *external_id, *profile;
	char         *storage_class;
	bool          read_only, requester_pays, insecure, imds_v1;
	unsigned      line;                      /* in the project's file; 0: not from there */
};
void location_done(struct location *l);
void location_copy(struct location *out, const struct location *from);

const char *provider_word(enum provider p);              /* "aws", as in the file */
const char *account_word(enum account a);
const char *config_word(enum config_key k);              /* "s3ForcePathStyle" */
MUST_CHECK bool provider_parse(const char *word, enum provider *out);

/* Sets a key of "config"; Velero's others (profile, caCert, bucket ...) go to where they are kept.  EK_INVALID: unknown, with the
 * nearest one; no boolean; a secret, with where it belongs.  The value is never repeated. */
MUST_CHECK int location_set(struct location *l, const char *key, const char *value, struct err *e);
/* Whether a key is called like something secret. */
bool location_secret_key(const char *key);
/* Whether the fields make sense together, every value included.  EK_INVALID. */
MUST_CHECK int location_check(const struct location *l, struct err *e);
/* Members of an object, as in the file. */
void location_write(const struct location *l, struct jw *w);
/* "bucket/prefix" or the path; heap. */
char *location_place(const struct location *l);

struct cluster_entry { char *name, *context, *kubeconfig; };

struct project {
	char *name, *file;                       /* file: where it is, or would be */
	bool  there;                             /* the file exists */
	char *default_location;
	struct location_vec VEC_OF(struct location) locations;
	struct cluster_vec VEC_OF(struct cluster_entry) clusters;
	char *text;                              /* of the file */
};
void project_free(struct project *p);
void project_freep(struct project **p);

/* Names of projects and locations: letters, digits, '-', '_' and '.', a letter or digit first.  what: "project", for the message. */
MUST_CHECK int project_check_name(const char *what, const char *name, struct err *e);

/* The project's name: explicit_name, else $ORLOP_PROJECT, else what project_use has chosen, else "default".  Heap. */
MUST_CHECK char *project_current(const char *explicit_name, struct err *e);
/* EK_NOTFOUND: no such project, with the nearest one; EK_INVALID: file and line, with the nearest known key. */
MUST_CHECK struct project *project_load(const char *name, struct err *e);
/* One file's text as the file of the project; name NULL: whatever it says. */
MUST_CHECK struct project *project_parse(struct str text, const char *name, const char *file, struct err *e);
/* Names of all projects that have a file, and "default"; sorted. */
MUST_CHECK int project_names(struct strs *out, struct err *e);
/* EK_EXISTS. */
MUST_CHECK int project_create(const char *name, struct err *e);
/* Makes it the current one.  EK_NOTFOUND. */
MUST_CHECK int project_use(const char *name, struct err *e);

/* Borrowed from p.  EK_NOTFOUND, with the nearest name and those there are. */
MUST_CHECK const struct location *project_location(const struct project *p, const char *name, struct err *e);
const struct cluster_entry *project_cluster(const struct project *p, const char *name);   /* NULL: none of that name */
/* The one to use when none is named: defaultLocation, or the only one.  NULL: neither. */
const struct location *project_default_location(const struct project *p);

/*
 * Changes of the file: all of it is read again under the lock, and what is not concerned stays byte for byte.  EK_INVALID: the
 * file has a form that cannot be edited by lines ([lists] or {maps} where entries should be); EK_CONFLICT: the lock was
 * not to be had for ten seconds.
 */
struct location_put {
	const struct location *l;
	bool       replace, make_default;        /* replace: the one of its name; make_default: "defaultLocation" */
	struct str keys;                         /* AWS INI to store for it; empty: as they are */
};
/* EK_EXISTS when adding, EK_NOTFOUND when replacing.  Keys that the location has no use for any more are removed. */
MUST_CHECK int project_put_location(const char *project, const struct location_put *put, struct err *e);
/* Its keys go, too.  EK_NOTFOUND. */
MUST_CHECK int project_remove_location(const char *project, const char *name, struct err *e);

/* What these do to the text: l added or put in the place of the one of its name; removed; named as defaultLocation (NULL: none). */
MUST_CHECK int project_text_put(const struct project *p, const struct location *l, struct buf *out, struct err *e);
MUST_CHECK int project_text_cut(const struct project *p, const char *location, struct buf *out, struct err *e);
MUST_CHECK int project_text_default(const struct project *p, const char *location, struct buf *out, struct err *e);

/* Where the keys of a location are (AWS INI); heap. */
char *location_keys_path(const char *project, const char *location);
/* EK_NOTFOUND: none are stored here; EK_DENIED: others can read them. */
MUST_CHECK int location_keys_check(const char *project, const char *location, struct err *e);

/* The URL for everything below: store/store.h.  Heap; relative paths are those of the project file's folder.  Keys are not looked at. */
char *location_url(const struct project *p, const struct location *l);

/* path with "~/" and relative paths resolved against base's folder; heap, NULL for NULL. */
char *project_path(const char *base_file, const char *path);

#endif
