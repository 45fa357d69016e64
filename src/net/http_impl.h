/* What the files of this layer share: a session, a call and its current attempt.  For them only. */
#ifndef ORLOP_NET_HTTP_IMPL_H
#define ORLOP_NET_HTTP_IMPL_H

#include "net/http.h"

#include "base/vec.h"

#include <curl/curl.h>

struct easies VEC_OF(CURL *);

/*
 * A call is in exactly one of three lists until it is handed out:
 *   waiting   for its turn or its backoff, in order of due_mono_ns
 *   active    an attempt is under way (in the multi handle, or about to be)
 *   done      ended, not yet returned by http_next
 */
struct http {
	char             *user_agent, *tls_server_name, *proxy;
	struct buf        ca, cert, key;         /* PEM; ca empty: the system's */
	bool              insecure, http1_only;
	int64_t           connect_ns, stall_ns;
	unsigned          retries;
	bool              answered;              /* some attempt had a response */
	CURLM            *multi;
	int               epoll;                 /* the sockets that libcurl waits for */
	int64_t           timer_mono_ns;         /* when it wants to be called without one; INT64_MAX: not at all */
	struct easies     idle;                  /* handles kept for the next attempts */
	struct http_call *waiting, *active, *done;
	size_t            in_flight;             /* of the window: started and not yet returned */
	uint64_t          ended;                 /* counter: a turn sees that something happened */
	int64_t           skew_ns;
	int64_t           round_trip_ns;         /* 0: unknown */
	struct tls_facts  tls;                   /* of the last handshake */
	struct http_route route;                 /* of the last attempt */
	bool              in_callback;           /* a sink runs: libcurl must not be entered */
};

enum call_state { CALL_WAITING, CALL_ACTIVE, CALL_DONE, CALL_OUT };

struct http_call {
	struct http_call  *prev, *next;          /* in the list of its state */
	struct http       *h;
	enum call_state    state;
	bool               solo;                 /* http_do's: not part of the window */
	struct http_req    req;
	char              *shown;                /* "GET https://host:port/path": no secrets in it */
	void              *tag;
	struct http_resp   resp;
	struct err         err;                  /* EK_NONE: it succeeded */
	int64_t            due_mono_ns;
	unsigned           retried;              /* attempts after retryable errors */
	bool               renewed;              /* the one attempt after a 401 was used */

	/* the current attempt */
	CURL              *easy;
	struct curl_slist *headers, *connect_to;
	bool               bad_header;           /* a header with a line break: not sent */
	bool               issued;               /* on a connection: something may have been sent */
	bool               head_done;
	size_t             head_bytes;
	bool               sunk;                 /* the sink got a piece */
	struct err         broken;               /* why a callback ended the transfer */
	bool               broken_by_us;         /* it lacks the request's name; else the sink's */
	char               errbuf[CURL_ERROR_SIZE];
};

/* http.c: the lists */
void call_to_list(struct http_call *call, enum call_state state);
CURL *easy_get(struct http *h);
void easy_put(struct http *h, CURL *easy);

/* http_call.c: begin leads to ACTIVE or DONE, end to WAITING or DONE or one more attempt. */
void attempt_begin(struct http_call *call);
void attempt_end(struct http_call *call, CURLcode code);
void attempt_drop(struct http_call *call);       /* takes it out of libcurl, if it is in there */
void call_drop_headers(struct http_call *call);  /* wipes and frees them */

/* http_setup.c: fills the easy handle for the next attempt.  -1: it cannot be sent as it is. */
MUST_CHECK int attempt_setup(struct http_call *call, struct err *e);
char *request_shown(const struct http_req *req);
/* The host and port of "https://user@host:443/path"; *rest is what follows them. */
struct str url_authority(const char *url, const char **rest);

/* http_err.c: true and e, if the attempt that ended with this code failed. */
bool attempt_failed(const struct http_call *call, CURLcode code, struct err *e);
void attempt_err_ctx(const struct http_call *call, struct err *e);    /* names the request */

#endif
