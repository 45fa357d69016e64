/*
 * The query API of AWS's older services (STS, EC2): one signed POST of a form, XML back.  For this layer only.
 * Source: AWS General Reference, "Making API requests"; the service's own API Reference.
 */
#ifndef ORLOP_AWS_QUERY_H
#define ORLOP_AWS_QUERY_H

#include "aws/creds.h"
#include "base/hash.h"
#include "net/http.h"

/* A service: its name in signatures and host names, where its address may be set instead, and its version. */
struct query_service {
	const char *name;                /* "sts" */
	const char *title;               /* "STS", for messages */
	const char *variable;            /* "AWS_ENDPOINT_URL_STS"; AWS_ENDPOINT_URL is asked after it */
	const char *version;
};

/* One request, and what was answered with a 2xx.  Both are wiped: tokens stand in them. */
struct query {
	const struct query_service *service;
	struct http        *http;
	const char         *region;
	const struct creds *with;        /* NULL: not signed */
	struct buf          url, host, path;
	struct buf          body, answer;
	char                hash[SHA256_HEX];
	int64_t             skew_ns;     /* that the last attempt was signed with */
};

/* Begins the form; region and with are borrowed until query_done.  EK_INVALID: the region, or the address in a variable. */
MUST_CHECK int query_init(struct query *q, const struct query_service *service, struct http *http, const char *region,
	const struct creds *with, const char *action, struct err *e);
void query_done(struct query *q);
void query_add(struct query *q, const char *name, struct str value);
/* Errors as http_do; resp holds what came with a status >= 400.  May be called again. */
MUST_CHECK int query_send(struct query *q, struct http_resp *resp, const struct cancel *c, struct err *e);
/* Was it signed with a time that is far from the service's? */
bool query_was_skewed(const struct query *q, const struct err *e);

/* What an answer of >= 400 says; code is "" when it is not in the form of such a service. */
struct query_refusal {
	char code[sizeof((struct err *)0)->reason];
	char message[400];
};
void query_refused(const struct http_resp *resp, struct query_refusal *out);

#endif
