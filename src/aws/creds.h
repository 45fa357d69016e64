/*
 * AWS credentials: where they come from, how they look, and new ones before they end.
 *
 * Sources, in the order they are asked (AWS SDKs and Tools Reference Guide, "Standardized credential providers"): what the
 * configuration names (a file, a profile, a role), then environment, web identity (IRSA), profile, container endpoint
 * (ECS, EKS Pod Identity), instance metadata.
 */
#ifndef ORLOP_AWS_CREDS_H
#define ORLOP_AWS_CREDS_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stdint.h>

/* One set.  token is NULL for long-lived keys. */
struct creds {
	char          *access_key;
	struct secret *secret_key;
	struct secret *token;
	int64_t        expires_unix_ns;  /* 0: never, as far as is known */
	const char    *source;           /* "environment", "role", "instance metadata": for messages; static text */
};
void creds_done(struct creds *c);
/* Copies given keys (token may be empty). */
void creds_set(struct creds *out, struct str access_key, struct str secret_key, struct str token, const char *source);
void creds_copy(struct creds *out, const struct creds *from);

/* What the user said; NULL or 0: nothing.  Copied. */
struct creds_conf {
	const char *file;                /* AWS INI, read as credentials and as configuration (Velero's credentialsFile); the
	                                    environment and the usual files are then not asked, as in Velero */
	const char *profile;             /* in file or in the usual files; the environment's keys are then not asked */
	const char *role_arn, *external_id, *session_name;   /* a role to assume with what the rest gives */
	uint32_t    duration_s;          /* of an assumed role; 0: the service's default */
	const char *region;              /* of STS; NULL: from environment or profile, else us-east-1 */
	const char *ca_file;             /* for STS behind a private certificate; NULL: AWS_CA_BUNDLE, else the system's */
	bool        imds_v1;             /* may fall back to instance metadata without a token */
};

/* A source of credentials.  Any thread: those who wait for new ones wait together. */
struct creds_source;
/* Reads files and environment, contacts nobody.  EK_DENIED: nothing is configured anywhere, and the message lists where
 * was looked; EK_INVALID: a profile that does not exist or leads to itself, an unreadable or malformed file. */
MUST_CHECK struct creds_source *creds_source_new(const struct creds_conf *conf, struct err *e);
void creds_source_free(struct creds_source *s);
void creds_source_freep(struct creds_source **s);

/*
 * Fills out with a set that is good for some more minutes, asking for a new one where the present one is about to end.
 * refused: access key of a set that a service has just called expired or unknown, NULL: none; then 1 says that there is
 * nothing better (long-lived keys), 0 that out is another set.  Network errors with the source's name; EK_DENIED with cause
 * and remedy: the role cannot be assumed (and by whom it was tried), the External ID differs, the hop limit of the instance
 * metadata, a program that failed (with the last line of its stderr, never its stdout).
 */
MUST_CHECK int creds_take(struct creds_source *s, const char *refused, struct creds *out, const struct cancel *c,
	struct err *e);

/* Appends how credentials are come by, without secrets: "role arn:aws:iam::1:role/b (External ID given), assumed with
 * profile 'prod' of ~/.aws/credentials". */
void creds_describe(const struct creds_source *s, struct buf *out);

#endif
