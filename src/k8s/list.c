/*
 * Lists in a window.  Each list has one page in flight:
 *
 *   start page -> bytes -> jlist -> item -> skip what was handed over -> on_item
 *       ^                                                                   |
 *       |                                                      answer is complete
 *       +-- continue token of the answer (next page) <--------------+-- none: on_end
 *       +-- the same token, skipping (the answer broke off) <-------+-- given up: on_end with the cause
 *       +-- the 410's token, or none, skipping (token expired) <----+
 *
 * The server sorts by the bytes of "namespace/name", so that what was handed over before is what is not greater than
 * the last key; only that one key is kept.
 */
#include "config.h"

#include "k8s/list.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"

#include <string.h>

/*
 * A whole list comes out of an API server's memory.  The pages behind the first may not: 1.35 read them from etcd and
 * decoded them again, which cost it up to half as much again (docs/design-notes.md).  A server that keeps answers whole
 * before it sends them (before 1.33) is asked for pages all the same, for its memory's sake; small pages are no help,
 * because it walks all that is left of a type for each.  What breaks off may have been too large for the line, as a
 * server ends an answer after a minute: the list then goes on with small pages.
 */
#define PAGE_DEFAULT 2500
#define PAGE_SMALL   500
#define TRIES        5
#define PAUSE_NS     (50 * NS_PER_MS)      /* before the second try without progress; doubles */

/*
 * Packing costs an API server time, so it is asked for only where the line is likely to cost more.  A server that is
 * near may be slow because it has much to do: more work is no help then.
 */
#define SLOW_FAR     (10 * MIB)            /* bytes a second */
#define SLOW_NEAR    (4 * MIB)
#define JUDGE_AFTER  (400 * NS_PER_MS)     /* of waiting */
#define JUDGE_BYTES  (256 * KIB)

#define KEY_MAX      (64 * KIB)            /* a name of a hostile server ends here, not in memory */

struct run {
	struct k8s                *k;
	unsigned                   page;
	const struct k8s_list_fns *fns;
	void                      *ctx;
	const struct cancel       *cancel;
	bool                       gzip;       /* the line is slow: answers shall be packed */
	uint64_t                   bytes;      /* that came, and the time that was spent on them here */
	int64_t                    busy_ns;
	bool                       stop;       /* a callback said -1; why it did so: */
	struct err                 why;
};

struct listing {
	struct run      *run;
	struct k8s_list *l;                    /* NULL: the slot is free */
	char            *path;                 /* of the request in flight */
	struct jlist    *cut;                  /* of its answer */
	struct buf       token;                /* continue token of the page in flight; empty: from the start */
	struct buf       last;                 /* key of the last item handed over */
	struct buf       key, ns, name;        /* of the item at hand; ns and name only when they hold escapes */
	struct jsplit    item;                 /* the item at hand */
	size_t           fresh;                /* items handed over in this attempt */
	unsigned         limit;                /* items per page, or K8S_LIST_WHOLE */
	unsigned         tries;                /* attempts in a row that brought nothing */
	bool             bytes;                /* the attempt gave some: beyond it the HTTP layer does not retry */
	bool             gzip;                 /* asked for in this attempt */
	bool             again;                /* the attempt was ended for asking so */
	int64_t          since_ns;             /* its first bytes: when, and what its run had then */
	uint64_t         bytes_then;
	int64_t          busy_then_ns;
	bool             skip;
	bool             unsorted;             /* an aggregated API with an order of its own */
};

static void
listing_done(struct listing *q)
{
	free(q->path);
	jlist_free(q->cut);
	buf_free(&q->token);
	buf_free(&q->last);
	buf_free(&q->key);
	buf_free(&q->ns);
	buf_free(&q->name);
	jsplit_done(&q->item);
	*q = (struct listing){ 0 };
}

/* ------------------------------------------------------------------ items */

static int
text_of(struct str raw, struct buf *decoded, struct str *out, struct err *e)
{
	if (jstr_plain(raw, out))
		return 0;
	buf_cut(decoded, 0);
	if (jstr_decode(raw, decoded, e) < 0)
		return -1;
	*out = buf_str(decoded);
	return 0;
}

static int
name_item(struct listing *q, struct str *ns, struct str *name, struct err *e)
{
	struct str raw;

	if (jmembers_get(&q->item.meta, S("name"), &raw) && text_of(raw, &q->name, name, e) < 0)
		return err_ctx(e, "metadata.name of an item");
	if (jmembers_get(&q->item.meta, S("namespace"), &raw) && text_of(raw, &q->ns, ns, e) < 0)
		return err_ctx(e, "metadata.namespace of an item");
	if (name->len == 0)
		return err_set(e, EK_CORRUPT, "an item of the list has no name");
	buf_cut(&q->key, 0);
	if (buf_add_str(&q->key, *ns, e) < 0 || buf_add(&q->key, "/", 1, e) < 0 || buf_add_str(&q->key, *name, e) < 0)
		return err_ctx(e, "name of an item");
	return 0;
}

static int
item_found(void *ctx, const struct jlist_head *head, struct str item, struct err *e)
{
	struct listing *q = ctx;
	struct run *run = q->run;
	struct str ns = S(""), name = S("");

	(void)jsplit(&q->item, item);            /* what is no object has no name */
	if (name_item(q, &ns, &name, e) < 0)
		return -1;
	if (str_cmp(buf_str(&q->key), buf_str(&q->last)) <= 0) {
		if (q->skip)
			return 0;
		q->unsorted = true;
	}
	struct buf last = q->last;
	q->last = q->key;
	q->key = last;
	q->fresh++;
	q->l->items++;
	q->l->split = &q->item;
	if (run->fns->on_item(run->ctx, q->l, head, ns, name, item, &run->why) < 0) {
		run->stop = true;
		*e = run->why;
		return -1;
	}
	return 0;
}

/* All lists share the line, so what counts is what came for all of them. */
static bool
is_slow(const struct listing *q, int64_t now_ns)
{
	const struct run *run = q->run;
	int64_t waited_ns = now_ns - q->since_ns - (run->busy_ns - q->busy_then_ns);
	uint64_t bytes = run->bytes - q->bytes_then;
	uint64_t slow = k8s_is_far(run->k) ? SLOW_FAR : SLOW_NEAR;

	return waited_ns >= JUDGE_AFTER && bytes >= JUDGE_BYTES
		&& bytes / (uint64_t)(waited_ns / NS_PER_MS) < slow / (NS_PER_S / NS_PER_MS);
}

static int
bytes_came(void *ctx, const void *p, size_t n, struct err *e)
{
	struct listing *q = ctx;
	struct run *run = q->run;
	int64_t now_ns = clock_mono_ns();
	int rc;

	if (!q->bytes) {
		q->since_ns = now_ns;
		q->bytes_then = run->bytes;
		q->busy_then_ns = run->busy_ns;
	}
	q->bytes = true;
	run->bytes += n;
	if (!q->gzip && !q->unsorted && is_slow(q, now_ns)) {
		run->gzip = q->again = true;
		return err_set(e, EK_UNAVAILABLE, "the line is slow: the list is asked for again, packed");
	}
	rc = jlist_feed(q->cut, p, n, e);
	run->busy_ns += clock_mono_ns() - now_ns;
	return rc;
}

/* ------------------------------------------------------------------ pages */

static char *
page_path(const struct listing *q)
{
	const struct k8s_list *l = q->l;
	AUTO_FREE char *base = api_path(l->res, l->ns, NULL);
	struct str selector = str_of(l->selector);
	struct buf path = BUF_INIT(strlen(base) + 3 * (selector.len + q->token.len) + 128);

	buf_puts(&path, base);
	if (q->limit != K8S_LIST_WHOLE)
		buf_putf(&path, "&limit=%u", q->limit);
	if (selector.len > 0) {
		buf_puts(&path, "&labelSelector=");
		http_escape(&path, selector, false);
	}
	if (q->token.len > 0) {
		buf_puts(&path, "&continue=");
		http_escape(&path, buf_str(&q->token), false);
	}
	if (path.len > strlen(base))
		path.p[strlen(base)] = '?';
	return buf_take(&path, NULL);
}

static int
end_list(struct listing *q, const struct err *why, struct err *e)
{
	struct run *run = q->run;
	struct k8s_list *l = q->l;

	listing_done(q);
	return run->fns->on_end(run->ctx, l, why, e);
}

/* Asks for the page of q->token. */
static int
start_page(struct listing *q, struct err *e)
{
	struct run *run = q->run;
	struct err why;

	free(q->path);
	q->path = page_path(q);
	jlist_free(q->cut);
	q->cut = jlist_new(LIMIT_OBJECT, item_found, q);
	q->fresh = 0;
	q->bytes = q->again = false;
	q->gzip = run->gzip;
	struct k8s_op op = { .method = "GET", .path = q->path, .sink = bytes_came, .ctx = q, .tag = q,
		.gzip = q->gzip, .own_line = true };
	if (k8s_start(run->k, &op, run->cancel, &why) == 0)
		return 0;
	if (why.kind == EK_CANCELED) {
		*e = why;
		return -1;
	}
	return end_list(q, &why, e);
}

static void
set_token(struct listing *q, struct str token)
{
	buf_cut(&q->token, 0);
	buf_put_str(&q->token, token);
}

static int
page_complete(struct listing *q, struct err *e)
{
	const struct jlist_head *head = jlist_head(q->cut);
	struct str next = str_of(head->continue_);

	q->l->remaining = head->remaining;
	if (next.len == 0)
		return end_list(q, NULL, e);
	if (q->fresh == 0 && str_eq(next, buf_str(&q->token))) {
		struct err why;
		err_set(&why, EK_CORRUPT, "the server repeats a page of the list");
		return end_list(q, &why, e);
	}
	set_token(q, next);
	q->tries = 0;
	return start_page(q, e);
}

/* The continue token has expired.  The server offers one for the rest as it is now, or the list starts over. */
static void
token_expired(struct listing *q, struct str status)
{
	AUTO_BUF struct buf token = BUF_INIT(q->token.max);
	struct err none;
	struct str raw;

	if (json_check(status, &none) < 0 || !jpath(status, &raw, "metadata", "continue", NULL) ||
		jstr_decode(raw, &token, &none) < 0)
		buf_cut(&token, 0);
	set_token(q, buf_str(&token));
	q->l->inconsistent = true;
}

/* Without what came already. */
static int
ask_again(struct listing *q, struct err *e)
{
	/* Only a token pins the state that is read. */
	q->l->inconsistent |= q->token.len == 0 && q->l->items > 0;
	q->skip = true;
	return start_page(q, e);
}

static int
page_failed(struct listing *q, const struct err *why, bool broke_off, struct str body, struct err *e)
{
	bool expired = why->http == 410;

	if (why->kind == EK_CANCELED) {
		*e = *why;
		return -1;
	}
	q->tries = q->fresh > 0 ? 0 : q->tries + 1;
	if ((!expired && !broke_off) || q->unsorted || q->tries >= TRIES)
		return end_list(q, why, e);
	if (q->tries > 0)
		clock_sleep_ns(PAUSE_NS << (q->tries - 1));
	if (expired)
		token_expired(q, body);
	else if (q->limit > PAGE_SMALL)
		q->limit = PAGE_SMALL;
	return ask_again(q, e);
}

static int
page_ended(struct http_call *call, struct err *e)
{
	struct listing *q = k8s_call_tag(call);
	struct err why;
	int r = k8s_call_result(call, &why);

	if (q->run->stop) {
		*e = q->run->why;
		return -1;
	}
	if (q->again)
		return ask_again(q, e);
	/* What ended before its first byte was tried again already, inside the session. */
	bool broke_off = r == 0 || (q->bytes && err_info(why.kind)->retry);
	if (r == 0 && jlist_end(q->cut, &why) == 0)
		return page_complete(q, e);
	return page_failed(q, &why, broke_off, k8s_call_body(call), e);
}

/* ------------------------------------------------------------------ run */

/* "33+" is a number, too. */
static uint64_t
leading_number(const char *text)
{
	struct str s = { text, strspn(text, "0123456789") };
	uint64_t v = 0;

	return parse_u64(s, UINT32_MAX, &v) ? v : 0;
}

unsigned
k8s_list_page(const struct k8s_info *info)
{
	uint64_t major = leading_number(info->major), minor = leading_number(info->minor);

	return major > 1 || (major == 1 && minor >= 33) ? K8S_LIST_WHOLE : PAGE_DEFAULT;
}

static int
start_list(struct run *run, struct listing *slots, struct k8s_list *l, struct err *e)
{
	while (slots->l)
		slots++;
	*slots = (struct listing){
		.run = run, .l = l, .limit = run->page,
		.token = BUF_INIT(KEY_MAX), .last = BUF_INIT(KEY_MAX), .key = BUF_INIT(KEY_MAX),
		.ns = BUF_INIT(KEY_MAX), .name = BUF_INIT(KEY_MAX),
	};
	l->items = 0;
	l->remaining = -1;
	l->inconsistent = false;
	return start_page(slots, e);
}

static int
run_lists(struct run *run, struct listing *slots, unsigned window, struct k8s_list *lists, size_t n, struct err *e)
{
	for (size_t next = 0;;) {
		while (next < n && k8s_in_flight(run->k) < window)
			if (start_list(run, slots, &lists[next++], e) < 0)
				return -1;
		if (k8s_in_flight(run->k) == 0)
			return 0;
		struct http_call *call = k8s_next(run->k, run->cancel, e);
		if (!call)
			return -1;
		int r = page_ended(call, e);
		http_call_free(call);
		if (r < 0)
			return -1;
	}
}

int
k8s_list_run(struct k8s *k, struct k8s_list *lists, size_t n, unsigned window, unsigned page,
	const struct k8s_list_fns *fns, void *ctx, const struct cancel *c, struct err *e)
{
	struct run run = { .k = k, .page = page > 0 ? page : PAGE_DEFAULT, .fns = fns, .ctx = ctx, .cancel = c };
	AUTO_FREE struct listing *slots = xcalloc(window, sizeof *slots);

	assert_that(window > 0 && k8s_in_flight(k) == 0);
	int r = run_lists(&run, slots, window, lists, n, e);
	if (r < 0)
		k8s_abort(k);
	for (unsigned i = 0; i < window; i++)
		listing_done(&slots[i]);
	return r;
}
