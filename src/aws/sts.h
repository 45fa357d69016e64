/* AWS Security Token Service: roles for credentials.  Source: AWS STS API Reference (query API, version 2011-06-15). */
#ifndef ORLOP_AWS_STS_H
#define ORLOP_AWS_STS_H

#include "aws/creds.h"
#include "net/http.h"

/* Where STS is: the regional endpoint, AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL if set (as in AWS's own tools). */
struct sts {
	struct http *http;
	const char  *region;
};

struct sts_role { const char *arn, *session_name, *external_id; uint32_t duration_s; };

/* EK_DENIED names the role, and who asked (GetCallerIdentity, where it answers). */
MUST_CHECK int sts_assume_role(const struct sts *s, const struct creds *with, const struct sts_role *role,
	struct creds *out, const struct cancel *c, struct err *e);
/* token: the OIDC token's text; not signed. */
MUST_CHECK int sts_assume_role_with_web_identity(const struct sts *s, struct str token, const struct sts_role *role,
	struct creds *out, const struct cancel *c, struct err *e);
/* The caller's ARN; heap. */
MUST_CHECK char *sts_caller(const struct sts *s, const struct creds *with, const struct cancel *c, struct err *e);

#endif
