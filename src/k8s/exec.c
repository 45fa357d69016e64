/* Commands in containers: a message is a channel's number and a piece of it; the last word is a Status on channel 3. */
#include "k8s/exec.h"

#include "base/clock.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "data/jdoc.h"

#define PROTOCOLS "v5.channel.k8s.io, v4.channel.k8s.io"

enum channel { CHANNEL_OUT = 1, CHANNEL_ERR = 2, CHANNEL_STATUS = 3 };

struct talk {
	struct k8s_exec_result *r;
	struct buf              status;
	bool                    ended;
};

void
k8s_exec_result_done(struct k8s_exec_result *r)
{
	buf_free(&r->out);
	buf_free(&r->err);
}

static void
keep(struct k8s_exec_result *r, struct buf *b, struct str piece)
{
	size_t room = b->max - b->len;

	if (piece.len > room)
		r->cut = true;
	buf_put_str(b, str_sub(piece, 0, room));
}

/* Of a command that could not be run there is no exit status, but a reason in the words of the container runtime. */
static const struct { const char *words; enum err_kind kind; } causes[] = {
	{ "container not found", EK_NOTFOUND },
	{ "is not valid for pod", EK_NOTFOUND },
	{ "executable file not found", EK_INVALID },
	{ "no such file or directory", EK_INVALID },
	{ "permission denied", EK_INVALID },
};

static int
not_run(const cJSON *doc, struct str text, struct err *e)
{
	AUTO_BUF struct buf status = BUF_INIT(2 * LIMIT_ERROR_BODY);
	int code = (int)jdoc_int(doc, "code", 500);

	/* On this channel it may come without saying what it is. */
	buf_putf(&status, "{\"kind\":\"Status\"," STR_FMT, STR_ARG(str_sub(text, str_chr(text, '{') + 1, text.len)));
	(void)k8s_status_err(code, buf_str(&status), 0, e);
	for (size_t i = 0; i < COUNT(causes); i++)
		if (strstr(e->msg, causes[i].words) != NULL) {
			e->kind = causes[i].kind;
			break;
		}
	return -1;
}

/* 1: it is the last word and r->code is set, -1: the command was not run. */
static int
last_word(struct talk *t, const cJSON *doc, struct err *e)
{
	const char *status = jdoc_text(doc, "status"), *reason = jdoc_text(doc, "reason");
	const cJSON *cause;
	uint64_t code;

	t->ended = true;
	if (status != NULL && strcmp(status, "Success") == 0) {
		t->r->code = 0;
		return 1;
	}
	jdoc_each(cause, jdoc_get(doc, "details.causes")) {
		const char *type = jdoc_text(cause, "reason"), *text = jdoc_text(cause, "message");

		if (reason != NULL && strcmp(reason, "NonZeroExitCode") == 0 && type != NULL && strcmp(type, "ExitCode") == 0
		    && parse_u64(str_of(text), INT32_MAX, &code) && code > 0) {
			t->r->code = (int)code;
			return 1;
		}
	}
	return not_run(doc, buf_str(&t->status), e);
}

static int
on_message(void *ctx, struct str message, struct err *e)
{
	struct talk *t = ctx;
	struct str piece = str_sub(message, 1, message.len);
	struct err incomplete;

	if (piece.len == 0)
		return 0;
	switch ((unsigned char)message.p[0]) {
	case CHANNEL_OUT:
		keep(t->r, &t->r->out, piece);
		return 0;
	case CHANNEL_ERR:
		keep(t->r, &t->r->err, piece);
		return 0;
	case CHANNEL_STATUS: {
		if (buf_add_str(&t->status, piece, e) < 0)
			return err_ctx(e, "the command's status");
		AUTO_JDOC cJSON *doc = jdoc_parse(buf_str(&t->status), &incomplete);
		return doc == NULL || !cJSON_IsObject(doc) ? 0 : last_word(t, doc, e);
	}
	default:
		return 0;
	}
}

int
k8s_exec_talk(struct ws *ws, struct k8s_exec_result *r, const struct cancel *c, struct err *e)
{
	struct talk t = { .r = r, .status = BUF_INIT(LIMIT_ERROR_BODY) };
	int rc = ws_run(ws, on_message, &t, c, e);

	if (rc == 0 && !t.ended)
		rc = err_set(e, EK_UNAVAILABLE, "the server closed the connection without the command's exit status");
	buf_free(&t.status);
	return rc;
}

static char *
exec_path(const struct k8s_exec *x)
{
	AUTO_BUF struct buf path = BUF_INIT(LIMIT_OBJECT);

	buf_puts(&path, "/api/v1/namespaces/");
	http_escape(&path, str_of(x->ns), false);
	buf_puts(&path, "/pods/");
	http_escape(&path, str_of(x->pod), false);
	buf_puts(&path, "/exec?stdout=true&stderr=true&container=");
	http_escape(&path, str_of(x->container), false);
	for (size_t i = 0; i < x->command->len; i++) {
		buf_puts(&path, "&command=");
		http_escape(&path, str_of(x->command->at[i]), false);
	}
	return buf_take(&path, NULL);
}

int
k8s_exec(struct k8s *k, const struct k8s_exec *x, struct k8s_exec_result *r, const struct cancel *c, struct err *e)
{
	struct cancel limit = { .up = c, .deadline_mono_ns = clock_mono_ns() + x->timeout_ns };
	AUTO_FREE char *path = exec_path(x);
	AUTO(ws_freep) struct ws *ws = k8s_ws(k, path, PROTOCOLS, &limit, e);
	char text[FMT_MAX];

	if (ws != NULL && k8s_exec_talk(ws, r, &limit, e) == 0)
		return 0;
	if (e->kind == EK_TIMEOUT && cancel_is_hit(&limit) && !cancel_is_hit(c))
		return err_set(e, EK_TIMEOUT, "the command did not end within %s; it may go on in the container",
			fmt_duration(text, x->timeout_ns));
	return -1;
}
