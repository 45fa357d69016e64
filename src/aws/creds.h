/* AWS credentials: where they come from and how they look.  More sources join here as rows of one table. */
#ifndef ORLOP_AWS_CREDS_H
#define ORLOP_AWS_CREDS_H

#include "base/err.h"
#include "base/secret.h"

/* One set.  token is NULL for long-lived keys. */
struct creds {
	char          *access_key;
	struct secret *secret_key;
	struct secret *token;
	const char    *source;         /* "environment", "location": for messages; static text */
};
void creds_done(struct creds *c);

/*
 * Fills out from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, else from the shared credentials file
 * (AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials; section AWS_PROFILE or "default"; keys aws_access_key_id,
 * aws_secret_access_key, aws_session_token).  profile names the section instead, and the environment's keys are then
 * not asked, as in AWS's own tools; NULL: no such wish.  EK_DENIED: nothing found, and the message lists where was
 * looked.  Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
 */
MUST_CHECK int creds_load(struct creds *out, const char *profile, struct err *e);

/* Copies given keys (token may be empty). */
void creds_set(struct creds *out, struct str access_key, struct str secret_key, struct str token, const char *source);

#endif
