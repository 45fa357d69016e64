/*
 * A small HTTP/1.1 server on 127.0.0.1 for tests: each connection has a thread, each request goes to one function
 * of the test, which sends whatever it likes, well-formed or not.  Also certificates made on the spot.
 */
#ifndef ORLOP_TESTS_UNIT_HTTPD_H
#define ORLOP_TESTS_UNIT_HTTPD_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct httpd;
struct httpd_conn;

struct httpd_req {
	const char *method, *target;
	struct str  head;                /* header lines as received */
	struct str  body;
	unsigned    nth;                 /* of the server, from 0 */
	unsigned    on_conn;             /* of this connection, from 0 */
};

/* Runs on the connection's thread. */
typedef void httpd_fn(void *ctx, const struct httpd_req *r, struct httpd_conn *c);

/* cert, key: PEM, NULL for plain HTTP.  client_ca: PEM; clients must then show a certificate of that CA. */
struct httpd_tls { const char *cert, *key, *client_ca; };

struct httpd *httpd_new(httpd_fn *fn, void *ctx, const struct httpd_tls *tls);
void httpd_free(struct httpd *s);                /* cuts what is open, waits for every thread */
int  httpd_port(const struct httpd *s);
unsigned httpd_requests(struct httpd *s);        /* seen so far */
unsigned httpd_most_conns(struct httpd *s);      /* most connections open at one time */

void httpd_send(struct httpd_conn *c, const void *p, size_t n);
void httpd_sends(struct httpd_conn *c, const char *text);
/* "HTTP/1.1 <status>", the extra header lines (each with \r\n; may be NULL), Content-Length and body. */
void httpd_answer(struct httpd_conn *c, int status, const char *headers, struct str body);
void httpd_cut(struct httpd_conn *c);            /* closes after what was sent */
void httpd_reset(struct httpd_conn *c);          /* the same with a TCP reset */
void httpd_wait_eof(struct httpd_conn *c);       /* until the client closes (or the server is freed) */
const char *httpd_sni(struct httpd_conn *c);     /* name the client asked for, NULL if none */
bool httpd_header(struct str head, const char *name, struct str *value);

/* A CA with two certificates; everything PEM on the heap. */
struct pki { char *ca, *server, *server_key, *client, *client_key; };
void pki_make(struct pki *p, const char *ca_name, const char *server_names);   /* "DNS:a.test,IP:127.0.0.1" */
/* The same with a server's certificate that is good from and until so many seconds from now. */
void pki_make_valid(struct pki *p, const char *ca_name, const char *server_names, long from_s, long until_s);
void pki_done(struct pki *p);

#endif
