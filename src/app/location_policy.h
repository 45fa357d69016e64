/* What an administrator has to permit, as IAM policies for exactly one location.  Any thread. */
#ifndef ORLOP_APP_LOCATION_POLICY_H
#define ORLOP_APP_LOCATION_POLICY_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* NULL: not given. */
struct policy_opts {
	bool        ebs;                 /* also volume snapshots */
	const char *kms_key;             /* ARN or id; the location's own goes without saying */
	const char *principal;           /* who may assume the role: an account or an ARN; NULL: the account of the location's role */
	const char *external_id;         /* NULL: the location's */
	const char *oidc_provider;       /* URL of the cluster's issuer */
	const char *service_account;     /* "namespace/name" */
};

/*
 * Appends JSON: what the user or role may do; who may assume the role (nothing, when the location has none and neither
 * principal nor External ID is given); and the same for a service account (nothing without oidc_provider).
 * EK_INVALID: the location is a folder, or what is given does not make a policy.
 */
MUST_CHECK int location_policy(const char *url, const struct policy_opts *o, struct buf *permissions, struct buf *trust,
	struct buf *web_identity, struct err *e);

#endif
