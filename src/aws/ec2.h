/* Amazon EC2: snapshots of EBS volumes.  Source: Amazon EC2 API Reference (query API, version 2016-11-15). */
#ifndef ORLOP_AWS_EC2_H
#define ORLOP_AWS_EC2_H

#include "aws/creds.h"
#include "net/http.h"

/* Where EC2 is: the region's endpoint, AWS_ENDPOINT_URL_EC2 or AWS_ENDPOINT_URL if set (as in AWS's own tools). */
struct ec2 {
	struct http        *http;
	const char         *region;
	const struct creds *with;
};

/* What snapshots of volumes need (documented IAM policy). */
enum ec2_action {
	EC2_DESCRIBE_VOLUMES, EC2_DESCRIBE_SNAPSHOTS, EC2_CREATE_TAGS, EC2_CREATE_VOLUME, EC2_CREATE_SNAPSHOT,
	EC2_DELETE_SNAPSHOT, EC2_COUNT_
};
const char *ec2_permission(enum ec2_action a);   /* "ec2:CreateSnapshot" */

/*
 * May these credentials do that?  Asked with DryRun: nothing is changed.  EC2_UNDECIDED: EC2 has found fault with the
 * example (there is no volume of that name, say) before it looked at permissions.  EK_DENIED: the credentials themselves
 * are refused; network errors.
 */
enum ec2_verdict { EC2_ALLOWED, EC2_REFUSED, EC2_UNDECIDED };
MUST_CHECK int ec2_may(const struct ec2 *x, enum ec2_action a, enum ec2_verdict *out, const struct cancel *c,
	struct err *e);

#endif
