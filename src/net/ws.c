/* WebSocket messages: libwslay between a connection and its owner. */
#include "net/ws.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

#include <wslay/wslay.h>

struct ws {
	struct ws_io            io;
	wslay_event_context_ptr frames;
	char                   *protocol, *early;
	size_t                  early_len, early_at;
	ws_fn                  *fn;              /* of the ws_run under way */
	void                   *ctx;
	bool                    full;            /* fn wants no more */
	bool                    ended;           /* nothing more will come */
	struct err              broken;          /* of fn, or of the connection; EK_NONE: neither */
};

/* What the callbacks tell wslay. */
static ssize_t
moved(struct ws *ws, ssize_t n)
{
	if (n > 0)
		return n;
	if (n == 0) {
		wslay_event_set_error(ws->frames, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	ws->ended = true;
	if (n == WS_IO_END)
		(void)err_set(&ws->broken, EK_UNAVAILABLE, "the server closed the connection without a word");
	wslay_event_set_error(ws->frames, WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t
on_recv(wslay_event_context_ptr frames, uint8_t *p, size_t n, int flags, void *arg)
{
	struct ws *ws = arg;
	size_t early = ws->early_len - ws->early_at;

	(void)frames, (void)flags;
	if (ws->full || ws->broken.kind != EK_NONE)
		return moved(ws, 0);
	if (early == 0)
		return moved(ws, ws->io.recv(ws->io.ctx, p, n, &ws->broken));
	if (n > early)
		n = early;
	memcpy(p, ws->early + ws->early_at, n);
	ws->early_at += n;
	return (ssize_t)n;
}

static ssize_t
on_send(wslay_event_context_ptr frames, const uint8_t *p, size_t n, int flags, void *arg)
{
	struct ws *ws = arg;

	(void)frames, (void)flags;
	return moved(ws, ws->io.send(ws->io.ctx, p, n, &ws->broken));
}

static int
on_mask(wslay_event_context_ptr frames, uint8_t *p, size_t n, void *arg)
{
	(void)frames, (void)arg;
	random_bytes(p, n);
	return 0;
}

static void
on_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct ws *ws = arg;

	(void)frames;
	if (wslay_is_ctrl_frame(m->opcode) || ws->full || ws->broken.kind != EK_NONE)
		return;
	ws->full = ws->fn(ws->ctx, (struct str){ (const char *)m->msg, m->msg_length }, &ws->broken) != 0;
}

struct ws *
ws_new(const struct ws_io *io, struct str protocol, struct str early)
{
	static const struct wslay_event_callbacks callbacks = { .recv_callback = on_recv, .send_callback = on_send,
		.genmask_callback = on_mask, .on_msg_recv_callback = on_message };
	struct ws *ws = xcalloc(1, sizeof *ws);

	ws->io = *io;
	ws->protocol = str_dup(protocol);
	ws->early = str_dup(early);
	ws->early_len = early.len;
	/* It fails for want of memory only. */
	assert_that(wslay_event_context_client_init(&ws->frames, &callbacks, ws) == 0);
	wslay_event_config_set_max_recv_msg_length(ws->frames, LIMIT_WS_MESSAGE);
	return ws;
}

const char *
ws_protocol(const struct ws *ws)
{
	return ws->protocol;
}

/* 1: once more, 0: both sides have ended it, -1. */
static int
turn(struct ws *ws, const struct cancel *c, struct err *e)
{
	if (cancel_check(c, e) < 0)
		return -1;
	if (wslay_event_want_write(ws->frames) && wslay_event_send(ws->frames) != 0 && ws->broken.kind == EK_NONE)
		return err_set(e, EK_CORRUPT, "libwslay cannot send");
	/* What breaks the rules ends reading: farewell knows more of it, and it is of no interest behind the last message. */
	if (ws->broken.kind == EK_NONE && wslay_event_want_read(ws->frames) && wslay_event_recv(ws->frames) != 0
	    && ws->broken.kind == EK_NONE && wslay_event_get_read_enabled(ws->frames))
		return err_set(e, EK_CORRUPT, "libwslay cannot receive");
	if (ws->broken.kind != EK_NONE) {
		*e = ws->broken;
		return -1;
	}
	return ws->full || wslay_event_want_read(ws->frames) || wslay_event_want_write(ws->frames);
}

/* Why no more is read. */
static int
farewell(struct ws *ws, struct err *e)
{
	unsigned code = wslay_event_get_status_code_received(ws->frames);

	(void)wslay_event_send(ws->frames);      /* that the rules were broken: a courtesy, and then it is known which */
	ws->ended = true;
	if (wslay_event_get_close_received(ws->frames)) {
		if (code == WSLAY_CODE_NORMAL_CLOSURE || code == WSLAY_CODE_NO_STATUS_RCVD || code == WSLAY_CODE_GOING_AWAY
		    || code == 0)
			return 0;
		return err_set(e, EK_UNAVAILABLE, "the server closed the WebSocket with code %u", code);
	}
	if (wslay_event_get_status_code_sent(ws->frames) == WSLAY_CODE_MESSAGE_TOO_BIG)
		return err_set(e, EK_LIMIT, "a WebSocket message of more than %zu KiB", LIMIT_WS_MESSAGE / KIB);
	return err_set(e, EK_CORRUPT, "what the server sent is no WebSocket frame (code %u)",
		(unsigned)wslay_event_get_status_code_sent(ws->frames));
}

int
ws_run(struct ws *ws, ws_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	int rc = 1;

	ws->fn = fn;
	ws->ctx = ctx;
	ws->full = false;
	while (rc > 0) {
		rc = turn(ws, c, e);
		if (rc > 0 && ws->full)
			return 0;
		if (rc > 0 && !wslay_event_get_read_enabled(ws->frames) && !wslay_event_get_close_received(ws->frames))
			rc = 0;          /* it broke the rules: nothing is to be waited for */
		if (rc > 0)
			ws->io.wait(ws->io.ctx, wslay_event_want_write(ws->frames));
	}
	return rc < 0 ? -1 : ws->full ? 0 : farewell(ws, e);
}

int
ws_send(struct ws *ws, struct str message, const struct cancel *c, struct err *e)
{
	struct wslay_event_msg m = { .opcode = WSLAY_BINARY_FRAME, .msg = (const uint8_t *)message.p,
		.msg_length = message.len };

	if (ws->ended || wslay_event_queue_msg(ws->frames, &m) != 0)
		return err_set(e, EK_UNAVAILABLE, "the WebSocket is closed");
	while (wslay_event_want_write(ws->frames)) {
		if (cancel_check(c, e) < 0)
			return -1;
		if (wslay_event_send(ws->frames) != 0) {
			*e = ws->broken;
			return -1;
		}
		if (wslay_event_want_write(ws->frames))
			ws->io.wait(ws->io.ctx, true);
	}
	return 0;
}

void
ws_free(struct ws *ws)
{
	if (ws == NULL)
		return;
	if (!ws->ended && ws->broken.kind == EK_NONE
	    && wslay_event_queue_close(ws->frames, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0) == 0)
		(void)wslay_event_send(ws->frames);      /* a courtesy: what cannot be sent at once is not */
	wslay_event_context_free(ws->frames);
	ws->io.close(ws->io.ctx);
	free(ws->protocol);
	free(ws->early);
	free(ws);
}

void
ws_freep(struct ws **ws)
{
	ws_free(*ws);
	*ws = NULL;
}
