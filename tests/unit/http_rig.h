/* One test server, one HTTP session and a URL between them, and the requests that most tests make. */
#ifndef ORLOP_TESTS_UNIT_HTTP_RIG_H
#define ORLOP_TESTS_UNIT_HTTP_RIG_H

#include "net/http.h"
#include "tests/unit/httpd.h"

struct rig {
	struct httpd *s;
	struct http  *h;
	char         *url;               /* with a query that no message may show */
};

void rig_global_init(void);              /* once per program, before anything else */
void rig_open(struct rig *r, httpd_fn *fn, void *ctx, const struct http_conf *conf);
void rig_close(struct rig *r);
struct http_req rig_get(const struct rig *r);
struct http_req rig_post(const struct rig *r);    /* body "{}", not idempotent */

/* Runs the request; the kind of its error, EK_NONE if it succeeded. */
enum err_kind rig_run(struct rig *r, const struct http_req *req, struct http_resp *resp, struct err *e);

void assert_str(struct str got, const char *want);
void assert_has(const char *text, const char *part);

#endif
