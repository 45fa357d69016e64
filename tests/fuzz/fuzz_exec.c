/*
 * What a server says to a command in a container: frames, channels, status.  Whatever it is, talking ends, with an error
 * or an exit status, and no more is kept than was asked for.  The same bytes in small pieces mean the same.
 */
#include "base/mem.h"
#include "k8s/exec.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define KEPT 64

struct wire { const uint8_t *p; size_t n, piece; };

static ssize_t
wire_recv(void *ctx, void *p, size_t n, struct err *e)
{
	struct wire *w = ctx;

	(void)e;
	if (w->n == 0)
		return WS_IO_END;
	if (n > w->n)
		n = w->n;
	if (w->piece > 0 && n > w->piece)
		n = w->piece;
	memcpy(p, w->p, n);
	w->p += n;
	w->n -= n;
	return (ssize_t)n;
}

static ssize_t
wire_send(void *ctx, const void *p, size_t n, struct err *e)
{
	(void)ctx, (void)p, (void)e;
	return (ssize_t)n;
}

static void
wire_wait(void *ctx, bool to_send)
{
	(void)ctx, (void)to_send;
}

static void
wire_close(void *ctx)
{
	(void)ctx;
}

static int
talk(const uint8_t *data, size_t size, size_t piece, struct k8s_exec_result *r)
{
	struct wire w = { data, size, piece };
	struct ws_io io = { wire_recv, wire_send, wire_wait, wire_close, &w };
	struct ws *ws = ws_new(&io, S("v5.channel.k8s.io"), S(""));
	struct err e = { 0 };
	int rc = k8s_exec_talk(ws, r, NULL, &e);

	assert_that((rc < 0) == (e.kind != EK_NONE));
	assert_that(r->out.len <= KEPT && r->err.len <= KEPT && r->code >= 0);
	ws_free(ws);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(k8s_exec_result_done) struct k8s_exec_result whole = K8S_EXEC_RESULT(KEPT), pieces = K8S_EXEC_RESULT(KEPT);
	int a = talk(data, size, 0, &whole), b = talk(data, size, 3, &pieces);

	assert_that(a == b && whole.code == pieces.code && whole.cut == pieces.cut);
	assert_that(str_eq(buf_str(&whole.out), buf_str(&pieces.out)) && str_eq(buf_str(&whole.err), buf_str(&pieces.err)));
	return 0;
}
