/* Lists in pages and in a window, broken answers and expired tokens, against a scripted server. */
#include "config.h"

#include "k8s/list.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/gzip.h"
#include "tests/unit/fake_api.h"
#include "tests/unit/httpd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEAD(more) "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\"" more "},\"items\":["
#define ITEM(ns, name) "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"" ns "\"},\"spec\":{\"n\":12345678901234567890}}"
#define NEXT(token) ",\"continue\":\"" token "\",\"remainingItemCount\":3"
#define EXPIRED(more) "{\"kind\":\"Status\",\"reason\":\"Expired\",\"message\":\"too old\",\"metadata\":{" more "}}"

static char core[] = "", v1[] = "v1", pods_name[] = "pods", nodes_name[] = "nodes";
static const struct api_resource pods = {
	.group = core, .version = v1, .api_version = v1, .name = pods_name, .gr = pods_name, .namespaced = true };
static const struct api_resource nodes = {
	.group = core, .version = v1, .api_version = v1, .name = nodes_name, .gr = nodes_name };

/* A server, a client of it, and what its lists gave: "ns/name " for each item, "<end of pods: message> " for each end. */
struct bench {
	struct fake_api *server;
	struct kube_conn conn;
	struct k8s      *k;
	struct buf       seen;
	struct err       e;
	const char      *stop_at;      /* on_item says no at this name; on_end at "end" */
};

static void
bench_up(struct bench *b, const struct fake_rule *rules, size_t n)
{
	*b = (struct bench){ .seen = BUF_INIT(1 << 20) };
	b->server = fake_start(rules, n);
	b->conn.server = xstrdup(fake_url(b->server));
	b->k = k8s_new(&b->conn, &b->e);
	assert_non_null(b->k);
}

static void
bench_down(struct bench *b)
{
	k8s_freep(&b->k);
	kube_conn_done(&b->conn);
	buf_free(&b->seen);
	fake_stop(b->server);
}

static int
on_item(void *ctx, struct k8s_list *l, const struct jlist_head *head, struct str ns, struct str name, struct str item,
	struct err *e)
{
	struct bench *b = ctx;

	(void)l;
	assert_string_equal(head->kind, "PodList");
	assert_true(str_starts(item, S("{\"metadata\":")));
	assert_true(str_ends(item, S("{\"n\":12345678901234567890}}")));
	if (b->stop_at && str_eqz(name, b->stop_at))
		return err_set(e, EK_IO, "disk full");
	buf_putf(&b->seen, STR_FMT "/" STR_FMT " ", STR_ARG(ns), STR_ARG(name));
	return 0;
}

static int
on_end(void *ctx, struct k8s_list *l, const struct err *why, struct err *e)
{
	struct bench *b = ctx;

	if (b->stop_at && strcmp(b->stop_at, "end") == 0)
		return err_set(e, EK_IO, "no more");
	buf_putf(&b->seen, "<end of %s: %s> ", l->res->name, why ? why->msg : "complete");
	return 0;
}

static int
run(struct bench *b, struct k8s_list *lists, size_t n, unsigned window, unsigned page, const struct cancel *c)
{
	static const struct k8s_list_fns fns = { on_item, on_end };
	return k8s_list_run(b->k, lists, n, window, page, &fns, b, c, &b->e);
}

/* One list of pods, to its end: what it gave and what was asked. */
static void
assert_run(struct bench *b, struct k8s_list *l, const char *seen, const char *asked)
{
	assert_int_equal(run(b, l, 1, 5, 2, NULL), 0);
	assert_string_equal(buf_cstr(&b->seen), seen);
	if (asked) {
		AUTO_FREE char *log = fake_log(b->server);
		assert_string_equal(log, asked);
	}
}

static void
pages_follow_each_other_to_the_end(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD(NEXT("t/1+")) ITEM("a", "x") "," ITEM("a", "y") "]}" },
		{ .request = "GET /api/v1/pods?limit=2&continue=t%2F1%2B", .body = HEAD("") ITEM("b", "x") "]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods, .items = 99, .inconsistent = true };
	bench_up(&b, rules, COUNT(rules));

	assert_run(&b, &l, "a/x a/y b/x <end of pods: complete> ",
		"GET /api/v1/pods?limit=2\nGET /api/v1/pods?limit=2&continue=t%2F1%2B\n");
	assert_int_equal(l.items, 3);
	assert_int_equal(l.remaining, -1);
	assert_false(l.inconsistent);
	bench_down(&b);
}

static void
namespace_selector_and_default_page_go_into_the_request(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/namespaces/shop/pods?limit=2500&labelSelector=a%20in%20%28b%2Cc%29", .body = HEAD("") "]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods, .ns = "shop", .selector = "a in (b,c)" };
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(run(&b, &l, 1, 1, 0, NULL), 0);
	assert_string_equal(buf_cstr(&b.seen), "<end of pods: complete> ");
	bench_down(&b);
}

static void
names_with_escapes_are_decoded(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD("")
			ITEM("\\u0061", "b\\\"c") ",{\"metadata\":{\"name\":\"z\"},\"spec\":{\"n\":12345678901234567890}}]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));
	assert_run(&b, &l, "a/b\"c /z <end of pods: complete> ", NULL);
	bench_down(&b);
}

static void
a_page_that_breaks_off_goes_on_where_it_was(void **state)
{
	(void)state;
	/* "a-b" sorts before "a/b": '-' is less than '/'. */
	static const char page[] = HEAD(NEXT("t1")) ITEM("a-b", "z") "," ITEM("a", "x") "," ITEM("a", "y") "]}";
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .times = 1, .body = page,
			.cut = sizeof HEAD(NEXT("t1")) ITEM("a-b", "z") "," ITEM("a", "x") ",{" - 1 },
		{ .request = "GET /api/v1/pods?limit=2", .body = page },
		{ .request = "GET /api/v1/pods?limit=2&continue=t1", .times = 1, .body = HEAD("") ITEM("b", "x") "]}", .cut = 70 },
		{ .request = "GET /api/v1/pods?limit=2&continue=t1", .body = HEAD("") ITEM("b", "x") "]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));

	assert_run(&b, &l, "a-b/z a/x a/y b/x <end of pods: complete> ",
		"GET /api/v1/pods?limit=2\nGET /api/v1/pods?limit=2\n"
		"GET /api/v1/pods?limit=2&continue=t1\nGET /api/v1/pods?limit=2&continue=t1\n");
	assert_int_equal(l.items, 4);
	assert_true(l.inconsistent);            /* the first page was read twice, of two states perhaps */
	bench_down(&b);
}

static void
a_later_page_that_breaks_off_stays_consistent(void **state)
{
	(void)state;
	static const char page[] = HEAD("") ITEM("b", "x") "," ITEM("b", "y") "]}";
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD(NEXT("t1")) ITEM("a", "x") "]}" },
		{ .request = "GET /api/v1/pods?limit=2&continue=t1", .times = 1, .body = page,
			.cut = sizeof HEAD("") ITEM("b", "x") - 1 },
		{ .request = "GET /api/v1/pods?limit=2&continue=t1", .body = page },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));
	assert_run(&b, &l, "a/x b/x b/y <end of pods: complete> ", NULL);
	assert_false(l.inconsistent);
	bench_down(&b);
}

static void
a_page_too_large_for_the_line_is_made_smaller(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2500", .body = HEAD("") ITEM("a", "x") "," ITEM("a", "y") "]}",
			.cut = sizeof HEAD("") ITEM("a", "x") - 1 },
		{ .request = "GET /api/v1/pods?limit=500", .body = HEAD(NEXT("t1")) ITEM("a", "x") "," ITEM("a", "y") "]}" },
		{ .request = "GET /api/v1/pods?limit=500&continue=t1", .body = HEAD("") ITEM("a", "z") "]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(run(&b, &l, 1, 1, 0, NULL), 0);
	assert_string_equal(buf_cstr(&b.seen), "a/x a/y a/z <end of pods: complete> ");
	bench_down(&b);
}

static void
an_answer_that_ends_early_is_asked_for_again(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .times = 1, .body = HEAD("") ITEM("a", "x") "," },
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD("") ITEM("a", "x") "," ITEM("a", "y") "]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));
	assert_run(&b, &l, "a/x a/y <end of pods: complete> ", NULL);
	bench_down(&b);
}

static void
tries_without_progress_are_counted(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD("") ITEM("a", "x") "," ITEM("a", "y") "]}",
			.cut = sizeof HEAD("") ITEM("a", "x") - 1 },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(run(&b, &l, 1, 1, 2, NULL), 0);
	assert_true(str_starts(buf_str(&b.seen), S("a/x <end of pods: ")));
	assert_null(strstr(buf_cstr(&b.seen), "complete"));
	AUTO_FREE char *log = fake_log(b.server);
	size_t asked = 0;
	for (const char *p = log; (p = strchr(p, '\n')); p++)
		asked++;
	assert_int_equal(asked, 6);             /* one with progress, five without */
	bench_down(&b);
}

static void
an_unsorted_list_that_breaks_off_is_given_up(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD("") ITEM("b", "x") "," ITEM("a", "y") "," ITEM("a", "z") "]}",
			.cut = sizeof HEAD("") ITEM("b", "x") "," ITEM("a", "y") - 1 },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(run(&b, &l, 1, 1, 2, NULL), 0);
	assert_true(str_starts(buf_str(&b.seen), S("b/x a/y <end of pods: ")));
	assert_null(strstr(buf_cstr(&b.seen), "complete"));
	bench_down(&b);
}

static void
an_expired_token_is_replaced_by_the_servers(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD(NEXT("t1")) ITEM("a", "x") "," ITEM("a", "y") "]}" },
		{ .request = "GET /api/v1/pods?limit=2&continue=t1", .status = 410, .body = EXPIRED("\"continue\":\"t\\u0032\"") },
		{ .request = "GET /api/v1/pods?limit=2&continue=t2", .body = HEAD("") ITEM("b", "x") "]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));
	assert_run(&b, &l, "a/x a/y b/x <end of pods: complete> ", NULL);
	assert_true(l.inconsistent);
	bench_down(&b);
}

static void
an_expired_token_without_another_starts_over_and_skips(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .times = 1,
			.body = HEAD(NEXT("t1")) ITEM("a", "x") "," ITEM("b", "y") "]}" },
		{ .request = "GET /api/v1/pods?limit=2&continue=t1", .status = 410, .body = EXPIRED("") },
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD(NEXT("u1")) ITEM("a", "new") "," ITEM("a", "x") "]}" },
		{ .request = "GET /api/v1/pods?limit=2&continue=u1", .body = HEAD("") ITEM("b", "y") "," ITEM("c", "z") "]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));
	assert_run(&b, &l, "a/x b/y c/z <end of pods: complete> ", NULL);
	assert_int_equal(l.items, 3);
	assert_true(l.inconsistent);
	bench_down(&b);
}

static void
a_token_that_always_expires_ends_the_list(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .status = 410, .body = EXPIRED("") },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));
	assert_run(&b, &l, "<end of pods: too old (410 Expired)> ", NULL);
	bench_down(&b);
}

static void
a_page_that_leads_to_itself_ends_the_list(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD(NEXT("t1")) ITEM("a", "x") "]}" },
		{ .request = "GET /api/v1/pods?limit=2&continue=t1", .body = HEAD(NEXT("t1")) "]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));
	assert_run(&b, &l, "a/x <end of pods: the server repeats a page of the list> ", NULL);
	bench_down(&b);
}

static void
a_refused_or_vanished_type_does_not_stop_the_others(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/nodes?limit=2", .times = 1, .status = 403,
			.body = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"not yours\"}" },
		{ .request = "GET /api/v1/nodes?limit=2", .times = 1, .status = 404, .body = "404 page not found\n" },
		{ .request = "GET /api/v1/nodes?limit=2", .times = 1, .body = "<html>" },
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD("") ITEM("a", "x") "]}" },
	};
	struct bench b;
	struct k8s_list lists[] = { { .res = &nodes }, { .res = &nodes }, { .res = &nodes }, { .res = &pods } };
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(run(&b, lists, COUNT(lists), 1, 2, NULL), 0);
	assert_true(str_starts(buf_str(&b.seen), S("<end of nodes: not yours (403 Forbidden)> "
		"<end of nodes: 404 page not found (404)> <end of nodes: list response: ")));
	assert_true(str_ends(buf_str(&b.seen), S("a/x <end of pods: complete> ")));
	bench_down(&b);
}

static void
missing_credentials_end_each_list(void **state)
{
	(void)state;
	struct bench b;
	struct k8s_list lists[] = { { .res = &pods }, { .res = &nodes } };
	bench_up(&b, NULL, 0);
	b.conn.token_file = xstrdup("/nonexistent/token");

	assert_int_equal(run(&b, lists, COUNT(lists), 1, 2, NULL), 0);
	assert_true(str_starts(buf_str(&b.seen), S("<end of pods: token file")));
	assert_non_null(strstr(buf_cstr(&b.seen), "<end of nodes: token file"));
	bench_down(&b);
}

static void
a_window_lists_every_type_once(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/namespaces/a/pods?limit=2", .body = HEAD(NEXT("t1")) ITEM("a", "1") "," ITEM("a", "2") "]}" },
		{ .request = "GET /api/v1/namespaces/a/pods?limit=2&continue=t1", .body = HEAD("") ITEM("a", "3") "]}" },
		{ .request = "GET /api/v1/namespaces/b/pods?limit=2", .body = HEAD("") ITEM("b", "1") "]}" },
		{ .request = "GET /api/v1/namespaces/c/pods?limit=2", .body = HEAD("") ITEM("c", "1") "]}" },
	};
	struct bench b;
	struct k8s_list lists[] = {
		{ .res = &pods, .ns = "a" }, { .res = &pods, .ns = "b" }, { .res = &pods, .ns = "c" }, { .res = &pods, .ns = "b" } };
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(run(&b, lists, COUNT(lists), 3, 2, NULL), 0);
	assert_int_equal(lists[0].items, 3);
	for (size_t i = 1; i < COUNT(lists); i++)
		assert_int_equal(lists[i].items, 1);
	assert_int_equal(k8s_in_flight(b.k), 0);
	bench_down(&b);
}

static void
a_callback_that_says_no_ends_everything(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods?limit=2", .body = HEAD("") ITEM("a", "x") "," ITEM("a", "y") "]}" },
	};
	static const struct { const char *stop_at, *seen, *msg; } cases[] = {
		{ "y", "a/x ", "disk full" },
		{ "end", "a/x a/y ", "no more" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bench b;
		struct k8s_list lists[] = { { .res = &pods }, { .res = &pods }, { .res = &pods } };
		bench_up(&b, rules, COUNT(rules));
		b.stop_at = cases[i].stop_at;
		assert_int_equal(run(&b, lists, COUNT(lists), 1, 2, NULL), -1);
		assert_string_equal(buf_cstr(&b.seen), cases[i].seen);
		assert_string_equal(b.e.msg, cases[i].msg);
		assert_int_equal(k8s_in_flight(b.k), 0);
		bench_down(&b);
	}
}

static void
a_cancel_ends_everything(void **state)
{
	(void)state;
	struct bench b;
	struct cancel c = { 0 };
	struct k8s_list lists[] = { { .res = &pods }, { .res = &pods } };
	bench_up(&b, NULL, 0);
	cancel_fire(&c);

	assert_int_equal(run(&b, lists, COUNT(lists), 5, 2, &c), -1);
	assert_int_equal(b.e.kind, EK_CANCELED);
	assert_string_equal(buf_cstr(&b.seen), "");
	assert_int_equal(k8s_in_flight(b.k), 0);
	bench_down(&b);
}

static void
a_whole_list_has_no_limit(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods", .body = HEAD("") ITEM("a", "x") "]}" },
		{ .request = "GET /api/v1/nodes?labelSelector=a%3Db", .body = HEAD("") ITEM("", "n") "]}" },
	};
	struct bench b;
	struct k8s_list lists[] = { { .res = &pods }, { .res = &nodes, .selector = "a=b" } };
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(run(&b, lists, COUNT(lists), 1, K8S_LIST_WHOLE, NULL), 0);
	assert_string_equal(buf_cstr(&b.seen), "a/x <end of pods: complete> /n <end of nodes: complete> ");
	bench_down(&b);
}

static void
a_whole_list_that_breaks_off_goes_on_in_pages(void **state)
{
	(void)state;
	static const struct fake_rule rules[] = {
		{ .request = "GET /api/v1/pods", .body = HEAD("") ITEM("a", "x") "," ITEM("a", "y") "]}",
			.cut = sizeof HEAD("") ITEM("a", "x") - 1 },
		{ .request = "GET /api/v1/pods?limit=500", .body = HEAD(NEXT("t1")) ITEM("a", "x") "]}" },
		{ .request = "GET /api/v1/pods?limit=500&continue=t1", .body = HEAD("") ITEM("a", "y") "]}" },
	};
	struct bench b;
	struct k8s_list l = { .res = &pods };
	bench_up(&b, rules, COUNT(rules));

	assert_int_equal(run(&b, &l, 1, 1, K8S_LIST_WHOLE, NULL), 0);
	assert_string_equal(buf_cstr(&b.seen), "a/x a/y <end of pods: complete> ");
	assert_true(l.inconsistent);
	bench_down(&b);
}

static void
servers_that_stream_are_asked_for_whole_lists(void **state)
{
	static const struct { struct k8s_info info; bool whole; } rows[] = {
		{ { .major = "1", .minor = "35" }, true }, { { .major = "1", .minor = "33+" }, true },
		{ { .major = "1", .minor = "32" }, false }, { { .major = "1", .minor = "9+" }, false },
		{ { .major = "2", .minor = "0" }, true }, { { .major = "", .minor = "" }, false },
		{ { .major = "1", .minor = "x" }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(k8s_list_page(&rows[i].info), rows[i].whole ? K8S_LIST_WHOLE : 2500);
}

/* Sends half of a list at a snail's pace, unless it may pack it. */
static void
answer_slowly(void *ctx, const struct httpd_req *r, struct httpd_conn *c)
{
	static const char list[] = HEAD("") ITEM("a", "x") "," ITEM("a", "y") "]}";
	AUTO_BUF struct buf gz = BUF_INIT(LIMIT_SMALL_BODY), blanks = BUF_INIT(LIMIT_SMALL_BODY);
	struct err e = { 0 };
	struct str coding;

	(void)ctx;
	if (httpd_header(r->head, "Accept-Encoding", &coding) && str_eqz(coding, "gzip")) {
		assert_int_equal(gzip_pack(str_of(list), &gz, &e), 0);
		httpd_answer(c, 200, "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", buf_str(&gz));
		return;
	}
	for (size_t i = 0; i < 256 * KIB; i++)
		buf_putc(&blanks, ' ');
	httpd_sends(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n");
	httpd_send(c, list, sizeof HEAD("") ITEM("a", "x") ",");
	httpd_send(c, blanks.p, blanks.len);
	clock_sleep_ns(500 * NS_PER_MS);
	httpd_send(c, blanks.p, blanks.len);
	httpd_wait_eof(c);
}

static void
a_list_over_a_slow_line_is_asked_for_again_packed(void **state)
{
	(void)state;
	struct httpd *server = httpd_new(answer_slowly, NULL, NULL);
	struct bench b = { .seen = BUF_INIT(1 << 20) };
	struct k8s_list l = { .res = &pods };

	b.conn.server = xasprintf("http://127.0.0.1:%d", httpd_port(server));
	b.k = k8s_new(&b.conn, &b.e);
	assert_int_equal(run(&b, &l, 1, 1, 0, NULL), 0);
	assert_string_equal(buf_cstr(&b.seen), "a/x a/y <end of pods: complete> ");
	assert_true(l.inconsistent);
	assert_int_equal(httpd_requests(server), 2);
	k8s_freep(&b.k);
	kube_conn_done(&b.conn);
	buf_free(&b.seen);
	httpd_free(server);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_follow_each_other_to_the_end),
		cmocka_unit_test(namespace_selector_and_default_page_go_into_the_request),
		cmocka_unit_test(names_with_escapes_are_decoded),
		cmocka_unit_test(a_page_that_breaks_off_goes_on_where_it_was),
		cmocka_unit_test(a_later_page_that_breaks_off_stays_consistent),
		cmocka_unit_test(a_page_too_large_for_the_line_is_made_smaller),
		cmocka_unit_test(an_answer_that_ends_early_is_asked_for_again),
		cmocka_unit_test(tries_without_progress_are_counted),
		cmocka_unit_test(an_unsorted_list_that_breaks_off_is_given_up),
		cmocka_unit_test(an_expired_token_is_replaced_by_the_servers),
		cmocka_unit_test(an_expired_token_without_another_starts_over_and_skips),
		cmocka_unit_test(a_token_that_always_expires_ends_the_list),
		cmocka_unit_test(a_page_that_leads_to_itself_ends_the_list),
		cmocka_unit_test(a_refused_or_vanished_type_does_not_stop_the_others),
		cmocka_unit_test(missing_credentials_end_each_list),
		cmocka_unit_test(a_window_lists_every_type_once),
		cmocka_unit_test(a_callback_that_says_no_ends_everything),
		cmocka_unit_test(a_cancel_ends_everything),
		cmocka_unit_test(a_whole_list_has_no_limit),
		cmocka_unit_test(a_whole_list_that_breaks_off_goes_on_in_pages),
		cmocka_unit_test(servers_that_stream_are_asked_for_whole_lists),
		cmocka_unit_test(a_list_over_a_slow_line_is_asked_for_again_packed),
	};
	http_global_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
