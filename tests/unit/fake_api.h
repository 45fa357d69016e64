/* A scripted HTTP server for unit tests: answers from a table and remembers what was asked. */
#ifndef ORLOP_TESTS_UNIT_FAKE_API_H
#define ORLOP_TESTS_UNIT_FAKE_API_H

#include <stddef.h>

/* Rules are tried in their order; the first that fits and is not used up answers.  No rule: 404 with a text. */
struct fake_rule {
	const char *request;             /* "GET /path?query" */
	const char *authorization;       /* the header must be this; NULL: any */
	const char *accept;              /* so must this one */
	unsigned    times;               /* how often it answers; 0: always */
	int         status;              /* 0: 200 */
	const char *type;                /* Content-Type; NULL: application/json */
	const char *header;              /* another header line without line end; NULL: none */
	const char *body;
	size_t      cut;                 /* the connection breaks after so many bytes of body; 0: it does not */
};

struct fake_api;
struct fake_api *fake_start(const struct fake_rule *rules, size_t n);   /* rules are borrowed */
void fake_stop(struct fake_api *s);
const char *fake_url(const struct fake_api *s);                         /* "http://127.0.0.1:12345" */
/* Requests so far, a line each: "GET /path", " <content type>" and " <body>" when there is one. */
char *fake_log(struct fake_api *s);                                     /* heap */

#endif
