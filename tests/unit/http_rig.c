/* The fixture of the HTTP tests. */
#include "tests/unit/http_rig.h"

#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void
rig_global_init(void)
{
	/* The user's proxies are not for the loopback. */
	static const char *const proxies[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };

	for (size_t i = 0; i < COUNT(proxies); i++)
		assert_that(unsetenv(proxies[i]) == 0);
	http_global_init();
}

void
rig_open(struct rig *r, httpd_fn *fn, void *ctx, const struct http_conf *conf)
{
	struct err e = { 0 };

	r->s = httpd_new(fn, ctx, NULL);
	r->h = http_new(conf, &e);
	assert_non_null(r->h);
	r->url = xasprintf("http://127.0.0.1:%d/a/b?token=planted-secret", httpd_port(r->s));
}

void
rig_close(struct rig *r)
{
	http_free(r->h);
	httpd_free(r->s);
	free(r->url);
}

struct http_req
rig_get(const struct rig *r)
{
	return (struct http_req){ .method = "GET", .url = r->url, .idempotent = true, .max_body = MIB };
}

struct http_req
rig_post(const struct rig *r)
{
	return (struct http_req){ .method = "POST", .url = r->url, .body = S("{}"), .max_body = MIB };
}

enum err_kind
rig_run(struct rig *r, const struct http_req *req, struct http_resp *resp, struct err *e)
{
	*e = (struct err){ 0 };
	return http_do(r->h, req, resp, NULL, e) == 0 ? EK_NONE : e->kind;
}

void
assert_str(struct str got, const char *want)
{
	if (!str_eqz(got, want))
		fail_msg("got '" STR_FMT "', want '%s'", STR_ARG(got), want);
}

void
assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' lacks '%s'", text, part);
}
