/* What the files of this layer share: the links of a chain, each a way to one set of credentials. */
#ifndef ORLOP_AWS_CREDS_IMPL_H
#define ORLOP_AWS_CREDS_IMPL_H

#include "aws/creds.h"
#include "data/jdoc.h"
#include "net/http.h"

enum link_kind {
	LINK_ENVIRONMENT, LINK_PROFILE, LINK_PROCESS, LINK_WEB, LINK_CONTAINER, LINK_METADATA, LINK_ROLE, LINK_COUNT_
};

/* All that asking takes is in here but for files and variables, which may change and are read each time. */
struct link {
	enum link_kind kind;
	char          *profile;          /* that says so; NULL: no profile does */
	char          *command;          /* PROCESS */
	char          *token_file;       /* WEB */
	char          *role_arn, *external_id, *session_name;    /* ROLE, WEB */
	uint32_t       duration_s;
	struct link   *base;             /* ROLE: who asks for it */
	struct creds   now;              /* its latest set; access_key is NULL before the first */
	int64_t        since_unix_ns;
};
void link_free(struct link *l);
void link_describe(const struct link *l, struct buf *out);

/* What all links of a source share. */
struct link_conf {
	char *file;                      /* instead of the usual files; NULL: those */
	char *region, *ca_file;          /* ca_file may be NULL */
	char *looked;                    /* where was looked in vain before METADATA; "" if nowhere */
	bool  imds_v1;
};
void link_conf_done(struct link_conf *x);

/* The links that conf, environment and files lead to; fills *x.  Errors as creds_source_new. */
MUST_CHECK struct link *chain_new(const struct creds_conf *conf, struct link_conf *x, struct err *e);

/* Asks for a new set. */
typedef int link_fetch(const struct link_conf *x, const struct link *l, struct creds *out, const struct cancel *c,
	struct err *e);
link_fetch process_fetch, container_fetch, metadata_fetch;

/* Reads AccessKeyId, SecretAccessKey, Expiration and the token below its name from a document.  out is filled on success. */
MUST_CHECK int creds_from_json(const cJSON *doc, const char *token_name, const char *source, struct creds *out,
	struct err *e);

/* Clocks that are far apart: what a server dates is moved into our time. */
int64_t creds_our_time(int64_t server_unix_ns, int64_t skew_ns);
#define CREDS_SKEW_MAX (5 * NS_PER_S * 60)

/* A variable's value, NULL when unset or empty. */
const char *creds_env(const char *name);

/* May stand in a header line. */
bool creds_header_safe(struct str s);

/* The body of a 2xx answer goes straight into a buffer that is wiped. */
int creds_sink(void *buf, const void *p, size_t n, struct err *e);
#define CREDS_ANSWER_MAX LIMIT_SMALL_BODY
#define CREDS_ANSWER     ((size_t)16 * 1024)     /* usual answers are shorter: the buffer need not move */

#endif
