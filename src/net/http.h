/*
 * HTTP over libcurl.  A session belongs to one thread and keeps its connections; several requests may be in flight
 * (a window), each call here looks blocking.  Retries with backoff happen inside, because this is the only place
 * that knows whether anything was sent or delivered.
 */
#ifndef ORLOP_NET_HTTP_H
#define ORLOP_NET_HTTP_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"
#include "base/secret.h"
#include "net/tls_facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once per process, before any thread (curl_global_init with our allocator). */
void http_global_init(void);

/* What all requests of a session share.  Strings and blobs are copied by http_new. */
struct http_conf {
	const char *user_agent;
	const char *ca_file;             /* PEM file, or */
	struct str  ca_pem;              /* PEM text; neither: the system's certificates */
	bool        insecure;            /* no verification: only on the user's explicit word */
	const char *tls_server_name;     /* verify (and send as SNI) this name instead of the URL's host; NULL = URL's */
	struct str  cert_pem, key_pem;   /* client certificate */
	const char *proxy;               /* URL; NULL: from the environment (HTTPS_PROXY, NO_PROXY ...) as libcurl does */
	int64_t     connect_timeout_ns;  /* 0: 10 s */
	int64_t     stall_timeout_ns;    /* no byte in either direction for so long is EK_TIMEOUT; 0: 60 s */
	unsigned    max_connections;     /* per host; 0: 8 */
	/*
	 * Sessions that may use HTTP/2 and those that may not are kept apart: libcurl 7.88 lets a request share a connection
	 * that turns out to speak HTTP/1.1 with another one, and their answers get mixed up.
	 */
	bool        http1_only;
	/*
	 * Further attempts for errors that err_info() calls retryable; 0 = none.  A server that has answered before and
	 * now refuses connections is starting anew: it gets two more, which is up to half a minute in all for five.
	 */
	unsigned    retries;
};

struct http;
struct http *http_new(const struct http_conf *conf, struct err *e);
void http_free(struct http *h);                          /* aborts what is in flight */
void http_freep(struct http **h);

struct http_call;
struct http_resp;

/*
 * A request.  Everything pointed to is borrowed until the call has ended (http_do returned, or http_next gave it).
 * Header lines are "Name: value".
 */
struct http_req {
	const char        *method;       /* "GET", "PUT", ... */
	const char        *url;
	const char *const *headers;      /* NULL-terminated; may be NULL */
	struct str         body;         /* sent with Content-Length; rewound for retries */
	bool               idempotent;   /* may be repeated after it may have reached the server (GET, PUT, DELETE ...) */
	bool               gzip;         /* a packed body is welcome: it is unpacked here */
	size_t             max_body;     /* of a response kept in http_resp.body; more is EK_LIMIT */
	int64_t            timeout_ns;   /* for one attempt; 0 = none beyond the stall timeout */
	/*
	 * Called before each attempt to add headers that age (signatures, tokens) with http_call_header().  -1 ends
	 * the call with that error.  again: the previous attempt answered 401; return 1 to say "nothing better to offer".
	 */
	int (*prepare)(void *ctx, struct http_call *call, bool again, struct err *e);
	/*
	 * Receives the body of a 2xx response in pieces instead of http_resp.body.  -1 ends the call with that error.
	 * After a first piece was delivered the call is not retried.
	 */
	int (*sink)(void *ctx, const void *p, size_t n, struct err *e);
	/* May be NULL.  Of a status that is worth another attempt in general: this answer is the last word. */
	bool (*settled)(const struct http_resp *resp);
	void *ctx;                       /* for prepare and sink */
};
void http_call_header(struct http_call *call, const char *line);         /* copies; in prepare only */
/* The same for "name: value"; its own copies are wiped, since the value may be a token. */
void http_call_field(struct http_call *call, const char *name, struct str value);

/* What came back.  Valid until http_resp_done / http_call_free. */
struct http_resp {
	int        status;               /* 0: no response */
	struct buf body;                 /* empty when a sink took it; of errors at most LIMIT_ERROR_BODY, rest dropped */
	struct buf head;                 /* header lines of the final response, "Name: value\n" each */
	uint64_t   bytes;                /* body bytes received */
	unsigned   attempts;             /* > 1: an earlier one may have been carried out, too (a 409 may be our own) */
	unsigned   throttled;            /* attempts that the server turned away: it is asked too much (429, 503) */
	int64_t    elapsed_ns;           /* of the last attempt */
};
void http_resp_done(struct http_resp *r);
/* Value of a response header (any case), trimmed; false when absent. */
bool http_resp_header(const struct http_resp *r, const char *name, struct str *value);

/*
 * One request, to its end.  0 when a response with status < 400 arrived.  Otherwise -1: transport errors as
 * EK_UNAVAILABLE (refused, reset, DNS), EK_TIMEOUT, EK_DENIED (TLS verification, with what to do), EK_CANCELED;
 * statuses >= 400 by http_status_err with the body left in resp for the caller to explain.
 * Some transport errors have a word in e->reason: those of net/tls_facts.h and these.
 */
#define HTTP_REASON_DNS      "NameNotFound"
#define HTTP_REASON_REFUSED  "ConnectionRefused"
#define HTTP_REASON_CONNECT  "ConnectTimeout"    /* no connection in time */
#define HTTP_REASON_NO_TLS   "NotTLS"            /* https:// for a server that speaks something else */
#define HTTP_REASON_TLS      "TLSHandshake"      /* no agreement; but not about the server's certificate */
#define HTTP_REASON_TLS_CLIENT "TLSClientCertificate"    /* the server asks for one, or for another one */
#define HTTP_REASON_NO_HTTP  "NotHTTP"           /* what came back is not HTTP: TLS, perhaps */
#define HTTP_REASON_PROXY    "Proxy"
MUST_CHECK int http_do(struct http *h, const struct http_req *req, struct http_resp *resp,
	const struct cancel *c, struct err *e);

/*
 * Window.  http_start queues a call and returns at once; tag comes back with it.  http_next waits for the next one
 * to end and returns it (NULL with EK_CANCELED, or NULL with e->kind == EK_NONE when nothing is in flight).  The
 * caller inspects it and frees it; its order is the order of completion.
 */
struct http_call *http_start(struct http *h, const struct http_req *req, void *tag);
struct http_call *http_next(struct http *h, const struct cancel *c, struct err *e);
size_t http_in_flight(const struct http *h);
void  *http_call_tag(const struct http_call *call);
struct http_resp *http_call_resp(struct http_call *call);
/* 0 or -1 with the call's error, as http_do would have returned. */
MUST_CHECK int http_call_result(const struct http_call *call, struct err *e);
void   http_call_free(struct http_call *call);
void   http_call_freep(struct http_call **call);

/* Maps a status >= 400 to a kind (401/403 DENIED, 404 NOTFOUND, 409 CONFLICT, 429 THROTTLED, 503 UNAVAILABLE ...),
 * fills e->http; Retry-After, if any, goes to e->retry_after_ns.  Always returns -1. */
int http_status_err(const struct http_resp *r, struct err *e);

/* The shortest time that a request of this session waited for its answer: the way to the server and back, and a little
 * more.  0 while unknown. */
int64_t http_round_trip_ns(const struct http *h);

/* Server's clock minus ours from the last Date header seen, 0 while unknown. */
int64_t http_clock_skew_ns(const struct http *h);

/* How the session's last attempt got to its server.  Times count from its start; 0: it did not get so far. */
struct http_route {
	int64_t resolved_ns, connected_ns, secured_ns, ended_ns;
	char    address[80];             /* "10.0.9.3 port 9000"; "" while unknown */
	bool    proxied;                 /* through a tunnel of a proxy, whose address that is */
};
const struct http_route *http_route(const struct http *h);

/* The certificate of the session's last handshake, NULL when there was none (plain HTTP, no answer). */
const struct tls_facts *http_tls_facts(const struct http *h);

/* Appends s with every byte outside A-Z a-z 0-9 - . _ ~ (and '/' when keep_slash) as %XX (RFC 3986). */
void http_escape(struct buf *out, struct str s, bool keep_slash);

#endif
