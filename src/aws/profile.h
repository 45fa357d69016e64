/*
 * AWS's shared files: sections "[name]" (credentials file) and "[profile name]" (config file) of "key = value" lines.
 * Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
 */
#ifndef ORLOP_AWS_PROFILE_H
#define ORLOP_AWS_PROFILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* What is read of a profile; profile.c has their names. */
enum profile_key {
	PROFILE_ACCESS_KEY, PROFILE_SECRET_KEY, PROFILE_TOKEN,
	PROFILE_ROLE_ARN, PROFILE_EXTERNAL_ID, PROFILE_SESSION_NAME, PROFILE_DURATION,
	PROFILE_SOURCE_PROFILE, PROFILE_CREDENTIAL_SOURCE, PROFILE_PROCESS, PROFILE_TOKEN_FILE,
	PROFILE_REGION, PROFILE_CA_BUNDLE, PROFILE_MFA, PROFILE_SSO_SESSION, PROFILE_SSO_URL,
	PROFILE_KEY_COUNT_
};
struct profile { struct str v[PROFILE_KEY_COUNT_]; };    /* empty: not given */

/* Up to two files in memory, which is wiped.  One thread. */
struct profiles {
	struct profile_file {
		char      *path;         /* NULL: there is no such file */
		struct buf text;
		bool       config;       /* sections are "[profile name]" or "[default]" */
		bool       both;         /* either form of section */
		bool       missing;
	} file[2];                       /* what the first says counts more */
};

/*
 * Reads only's text as credentials and as configuration, or where NULL what AWS_SHARED_CREDENTIALS_FILE and
 * AWS_CONFIG_FILE or their defaults below HOME name; these may be missing.  EK_INVALID: unreadable or malformed, with the
 * number of the line, never its text.
 */
MUST_CHECK int profiles_read(struct profiles *p, const char *only, struct err *e);
void profiles_done(struct profiles *p);

/* False: no file has such a profile.  The values are borrowed. */
bool profiles_find(const struct profiles *p, const char *name, struct profile *out);

/* Appends the files' paths: "/home/x/.aws/credentials and /home/x/.aws/config". */
void profiles_where(const struct profiles *p, struct buf *out);

#endif
