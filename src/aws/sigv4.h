/* AWS Signature Version 4: a pure function of its input (AWS General Reference, "Signature Version 4 signing process"). */
#ifndef ORLOP_AWS_SIGV4_H
#define ORLOP_AWS_SIGV4_H

#include "aws/creds.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4_pair { struct str name, value; };

struct sigv4_req {
	const char *method;
	const char *region, *service;                 /* "eu-west-1", "s3" */
	struct str  path;                             /* as sent: already percent-encoded, starts with '/' */
	const struct sigv4_pair *query;  size_t n_query;     /* not encoded, any order */
	const struct sigv4_pair *headers; size_t n_headers;  /* to be signed; "host" must be among them; any case */
	const char *payload_hash;                     /* hex SHA-256 of the body, or SIGV4_UNSIGNED */
	bool        double_encode_path;               /* every service but S3 */
};

/*
 * Appends to authorization the value of the Authorization header.  The caller sends, and has among headers:
 * x-amz-date (clock_amz of now), x-amz-content-sha256 for S3, x-amz-security-token if there is one.
 */
void sigv4_sign(const struct sigv4_req *r, const struct creds *c, int64_t now_unix_ns, struct buf *authorization);

/*
 * Appends the query string that lets anyone send the request for valid_s seconds from now on: r's own pairs, those of the
 * signature (creds->token among them), the signature.  r->payload_hash is SIGV4_UNSIGNED, as the body is nobody's yet.
 */
#define SIGV4_PRESIGN_MAX_S (7 * 24 * 3600)
#define SIGV4_QUERY_MAX     8                     /* pairs of r */
void sigv4_presign(const struct sigv4_req *r, const struct creds *c, int64_t now_unix_ns, unsigned valid_s,
	struct buf *query);

/* Looks like a region: nothing in it can change the host that it becomes part of. */
bool sigv4_is_region(struct str s);

/* The intermediate texts, for tests against AWS's published vectors. */
void sigv4_canonical(const struct sigv4_req *r, struct buf *out, struct buf *signed_headers);
void sigv4_string_to_sign(const struct sigv4_req *r, struct str canonical, int64_t now_unix_ns, struct buf *out);

/* Appends the query string (encoded, sorted) as it must be sent. */
void sigv4_query(const struct sigv4_pair *q, size_t n, struct buf *out);

#endif
