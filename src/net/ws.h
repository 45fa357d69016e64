/*
 * WebSocket, as a client (RFC 6455): messages both ways over a connection that a session makes, with its certificates,
 * names to verify and proxies.  Frames are libwslay's.  Owned by one thread, that of its session.
 */
#ifndef ORLOP_NET_WS_H
#define ORLOP_NET_WS_H

#include "net/http.h"

#include <sys/types.h>

struct ws;

struct ws_req {
	const char *url;                 /* https:// or http:// */
	const char *protocols;           /* offered, best first: "v5.channel.k8s.io, v4.channel.k8s.io" */
	int (*prepare)(void *ctx, struct http_call *call, bool again, struct err *e);   /* as in http_req; called once */
	void *ctx;
};

/*
 * Connects and agrees on a protocol.  NULL: errors as http_do; what the server answered instead is in refused, whose
 * attempts is 0 when nothing was sent: asking again is then harmless.  Nothing is repeated here.
 */
MUST_CHECK struct ws *ws_open(struct http *h, const struct ws_req *req, struct http_resp *refused, const struct cancel *c,
	struct err *e);
const char *ws_protocol(const struct ws *ws);            /* the one that the server took */

/*
 * Hands over messages (of at most LIMIT_WS_MESSAGE; valid during the call) until fn returns 1, or the other side says
 * good-bye: 0.  -1 from fn ends it with that error; a connection that ends without a word is EK_UNAVAILABLE, frames
 * against the rules are EK_CORRUPT, EK_LIMIT one that is too large.
 */
typedef int ws_fn(void *ctx, struct str message, struct err *e);
MUST_CHECK int ws_run(struct ws *ws, ws_fn *fn, void *ctx, const struct cancel *c, struct err *e);
MUST_CHECK int ws_send(struct ws *ws, struct str message, const struct cancel *c, struct err *e);   /* binary */
/* Says good-bye, without waiting for an answer, and closes the connection. */
void ws_free(struct ws *ws);
void ws_freep(struct ws **ws);

/*
 * What messages travel on.  recv and send move what they can at once: > 0 bytes, 0: would have to wait, WS_IO_END: closed
 * by the other side, WS_IO_BROKEN: e says why.  wait sleeps until one of them may go on, a tenth of a second at most.
 */
#define WS_IO_END    (-1)
#define WS_IO_BROKEN (-2)
struct ws_io {
	ssize_t (*recv)(void *ctx, void *p, size_t n, struct err *e);
	ssize_t (*send)(void *ctx, const void *p, size_t n, struct err *e);
	void    (*wait)(void *ctx, bool to_send);
	void    (*close)(void *ctx);     /* frees ctx */
	void     *ctx;
};
/* On a connection that has agreed already; early: what came behind the agreement.  Both are copied, io is closed by
 * ws_free. */
struct ws *ws_new(const struct ws_io *io, struct str protocol, struct str early);

#endif
