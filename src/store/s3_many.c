/* The S3 store: many small objects, read or written through a window of requests. */
#include "store/s3_impl.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define ETAG_MAX sizeof((struct store_info *)0)->etag

/* One request under way. */
struct slot {
	struct s3_call *call;            /* NULL: free */
	size_t          nth;
	char            line[ETAG_MAX + 32];
};

struct window {
	struct s3               *s;
	const struct store_want *want;
	size_t                   n, next, busy;  /* wanted, the next to start, under way */
	size_t                   max_each;
	store_got_fn            *fn;
	void                    *ctx;
	const struct cancel     *c;
	struct slot              slots[S3_WINDOW];
};

static struct s3_req
request_of(const struct window *w, struct slot *slot)
{
	const struct store_want *want = &w->want[slot->nth];
	struct s3_req req = { .aim = S3_GET, .method = "GET", .key = want->key, .max_body = w->max_each };

	slot->line[0] = '\0';
	if (want->etag != NULL && want->etag[0] != '\0') {
		(void)snprintf(slot->line, sizeof slot->line, "If-None-Match: \"%s\"", want->etag);
		req.headers[0] = slot->line;
	}
	return req;
}

static int
tell(const struct window *w, size_t nth, const struct http_resp *resp, const struct err *why, struct err *e)
{
	struct store_got got = { .why = why };
	char etag[ETAG_MAX] = "";
	struct str tag;

	if (why == NULL) {
		if (http_resp_header(resp, "ETag", &tag))
			s3_etag(etag, tag);
		got.same = resp->status == 304;
		got.data = buf_str(&resp->body);
	}
	got.etag = got.same ? w->want[nth].etag : etag;
	return w->fn(w->ctx, nth, &got, e);
}

/* An answer to which s3_do may know better: another region, the server's clock, a request that it calls too slow. */
static bool
worth_more(const struct err *why)
{
	return why->http >= 300 && why->http < 500 && why->kind != EK_NOTFOUND;
}

/* Alone and without a tag. */
static int
once_more(const struct window *w, size_t nth, struct err *e)
{
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct s3_req req = { .aim = S3_GET, .method = "GET", .key = w->want[nth].key, .max_body = w->max_each };
	struct err why = { 0 };
	int rc = s3_do(&w->s->conn, w->s->http, &req, &resp, w->c, &why);

	if (rc == 0)
		rc = s3_sum_check(&resp, &why);
	if (rc < 0 && cancel_check(w->c, e) < 0)
		return -1;
	return tell(w, nth, &resp, rc < 0 ? &why : NULL, e);
}

static int
start(struct window *w, struct slot *slot, struct err *e)
{
	const char *flaw = store_key_flaw(w->want[slot->nth].key, false);
	struct s3_req req = request_of(w, slot);

	if (flaw != NULL)
		return err_set(e, EK_INVALID, "%s", flaw);
	slot->call = s3_call_start(&w->s->conn, w->s->http, &req, slot, w->c, e);
	return slot->call != NULL ? 0 : -1;
}

/* Puts the next request that can be sent into a free slot. */
static int
fill(struct window *w, struct slot *slot, struct err *e)
{
	struct err why = { 0 };

	while (w->next < w->n) {
		slot->nth = w->next++;
		if (start(w, slot, &why) == 0) {
			w->busy++;
			return 0;
		}
		if (tell(w, slot->nth, NULL, &why, e) < 0)
			return -1;
	}
	return 0;
}

static int
take_next(struct window *w, struct slot **freed, struct err *e)
{
	struct s3_call *call = s3_call_next(w->s->http, w->c, e);
	struct slot *slot;
	struct err why = { 0 };
	int rc;

	if (call == NULL)
		return -1;
	slot = *freed = s3_call_tag(call);
	w->busy--;
	rc = s3_call_result(call, &why);
	if (rc == 0 && s3_call_resp(call)->status == 304 && slot->line[0] == '\0')
		rc = err_set(&why, EK_CORRUPT, "the store sent nothing but '304 Not Modified'");
	if (rc == 0 && s3_call_resp(call)->status != 304)
		rc = s3_sum_check(s3_call_resp(call), &why);
	if (rc == 0)
		rc = tell(w, slot->nth, s3_call_resp(call), NULL, e);
	else if (worth_more(&why))
		rc = once_more(w, slot->nth, e);
	else
		rc = tell(w, slot->nth, NULL, &why, e);
	s3_call_free(TAKE(slot->call));
	return rc;
}

int
s3_get_many(struct store *st, const struct store_want *want, size_t n, size_t max_each, store_got_fn *fn, void *ctx,
	const struct cancel *c, struct err *e)
{
	struct window w = { .s = s3_of(st), .want = want, .n = n, .max_each = max_each, .fn = fn, .ctx = ctx, .c = c };
	struct slot *slot = NULL;
	int rc = n > 0 ? s3_conn_ready(&w.s->conn, w.s->http, c, e) : 0;

	for (size_t i = 0; i < S3_WINDOW && rc == 0; i++)
		rc = fill(&w, &w.slots[i], e);
	while (rc == 0 && w.busy > 0) {
		rc = take_next(&w, &slot, e);
		if (rc == 0)
			rc = fill(&w, slot, e);
	}
	for (size_t i = 0; i < S3_WINDOW; i++)
		s3_call_free(w.slots[i].call);
	return rc;
}

/* --- putting --- */

/* A window of puts: tags are the gifts themselves. */
struct puts {
	struct store            *st;
	struct s3               *s;
	const struct store_gift *gifts;
	struct s3_call         **calls;  /* of each gift; NULL: not under way */
	const struct cancel     *c;
};

static int
put_start(struct puts *w, size_t nth, struct err *e)
{
	struct s3_req req = { .aim = S3_PUT, .method = "PUT", .key = w->gifts[nth].key, .body = w->gifts[nth].data,
		.max_body = LIMIT_SMALL_BODY };

	w->calls[nth] = s3_call_start(&w->s->conn, w->s->http, &req, &w->calls[nth], w->c, e);
	return w->calls[nth] != NULL ? 0 : -1;
}

/* *nth: the one that has ended. */
static int
put_next(struct puts *w, size_t *nth, struct err *e)
{
	struct s3_call *call = s3_call_next(w->s->http, w->c, e), **at;
	struct err why = { 0 };
	int rc;

	if (call == NULL)
		return -1;
	at = s3_call_tag(call);
	*nth = (size_t)(at - w->calls);
	rc = s3_call_result(call, &why);
	if (rc == 0)
		rc = s3_check_taken(s3_call_resp(call), &why);
	s3_call_free(TAKE(*at));
	if (rc < 0 && worth_more(&why))
		return s3_put(w->st, w->gifts[*nth].key, w->gifts[*nth].data, w->c, e);
	if (rc < 0)
		*e = why;
	return rc;
}

int
s3_put_many(struct store *st, const struct store_gift *gifts, size_t n, size_t *failed, const struct cancel *c,
	struct err *e)
{
	AUTO_FREE struct s3_call **calls = xcalloc(n + 1, sizeof(struct s3_call *));
	struct puts w = { st, s3_of(st), gifts, calls, c };
	size_t begun = 0, done = 0, nth;
	struct err ignored;
	int rc = n > 0 ? s3_conn_ready(&w.s->conn, w.s->http, c, e) : 0;

	*failed = 0;
	while (rc == 0 && done < n) {
		if (begun < n && begun - done < S3_WINDOW) {
			*failed = begun;
			rc = put_start(&w, begun++, e);
			continue;
		}
		rc = put_next(&w, failed, e);
		done++;
	}
	/* What is under way may arrive: the caller, who cleans up, must not be faster. */
	while (http_in_flight(w.s->http) > 0 && !cancel_is_hit(c))
		(void)!put_next(&w, &nth, &ignored);
	for (size_t i = 0; i < begun; i++)
		s3_call_free(calls[i]);
	return rc;
}
