/* The scripted HTTP server of the unit tests: a table of rules on top of httpd. */
#include "config.h"

#include "tests/unit/fake_api.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "tests/unit/httpd.h"

#include <string.h>

struct fake_api {
	const struct fake_rule *rules;
	size_t                  n;
	struct httpd           *httpd;
	char                   *url;
	struct lock            *lock;          /* guards used and log */
	unsigned               *used;          /* by rule */
	struct buf              log;
};

static const struct fake_rule no_rule = { .status = 404, .type = "text/plain", .body = "no rule for this\n" };

static const struct fake_rule *
find_rule(struct fake_api *s, const char *request, struct str authorization, struct str accept)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct fake_rule *r = &s->rules[i];
		if (strcmp(request, r->request) != 0 || (r->times > 0 && s->used[i] == r->times))
			continue;
		if ((r->authorization && !str_eqz(authorization, r->authorization))
		    || (r->accept && !str_eqz(accept, r->accept)))
			continue;
		s->used[i]++;
		return r;
	}
	return &no_rule;
}

static void
write_log(struct fake_api *s, const char *request, struct str type, struct str body)
{
	buf_puts(&s->log, request);
	if (type.len > 0)
		buf_putf(&s->log, " " STR_FMT, STR_ARG(type));
	if (body.len > 0)
		buf_putf(&s->log, " " STR_FMT, STR_ARG(body));
	buf_putc(&s->log, '\n');
}

static void
answer(void *ctx, const struct httpd_req *req, struct httpd_conn *c)
{
	struct fake_api *s = ctx;
	AUTO_FREE char *request = xasprintf("%s %s", req->method, req->target);
	struct str type = S(""), authorization = S(""), accept = S("");

	(void)httpd_header(req->head, "Content-Type", &type);
	(void)httpd_header(req->head, "Authorization", &authorization);
	(void)httpd_header(req->head, "Accept", &accept);
	lock_take(s->lock);
	write_log(s, request, type, req->body);
	const struct fake_rule *r = find_rule(s, request, authorization, accept);
	lock_drop(s->lock);

	struct str body = str_of(r->body);
	int status = r->status ? r->status : 200;
	AUTO_FREE char *headers = xasprintf("Content-Type: %s\r\n%s%s", r->type ? r->type : "application/json",
		r->header ? r->header : "", r->header ? "\r\n" : "");
	if (r->cut == 0) {
		httpd_answer(c, status, headers, body);
		return;
	}
	AUTO_FREE char *head = xasprintf("HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n", status, headers, body.len);
	httpd_sends(c, head);
	httpd_send(c, body.p, r->cut);
	httpd_cut(c);
}

struct fake_api *
fake_start(const struct fake_rule *rules, size_t n)
{
	struct fake_api *s = xcalloc(1, sizeof *s);

	s->rules = rules;
	s->n = n;
	s->used = xcalloc(n + 1, sizeof *s->used);
	s->log = (struct buf)BUF_INIT(16 * MIB);
	s->lock = lock_new();
	s->httpd = httpd_new(answer, s, NULL);
	s->url = xasprintf("http://127.0.0.1:%d", httpd_port(s->httpd));
	return s;
}

void
fake_stop(struct fake_api *s)
{
	httpd_free(s->httpd);
	lock_free(s->lock);
	buf_free(&s->log);
	free(s->used);
	free(s->url);
	free(s);
}

const char *
fake_url(const struct fake_api *s)
{
	return s->url;
}

char *
fake_log(struct fake_api *s)
{
	lock_take(s->lock);
	char *text = xstrdup(buf_cstr(&s->log));
	lock_drop(s->lock);
	return text;
}
