/* The S3 store: whole objects.  Listing is in s3_list.c, large objects in s3_read.c and s3_multi.c, requests in s3_conn.c. */
#include "store/s3_impl.h"
#include "store/validate_impl.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "net/retry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CREATE_RETRIES 4
#define WAIT_SLICE     (50 * NS_PER_MS)  /* how late a cancel may be seen */

struct s3 *
s3_of(struct store *st)
{
	return (struct s3 *)st;
}

void
s3_etag(char out[sizeof((struct store_info *)0)->etag], struct str quoted)
{
	size_t max = sizeof((struct store_info *)0)->etag - 1;

	quoted = str_trim(quoted);
	if (quoted.len >= 2 && quoted.p[0] == '"' && quoted.p[quoted.len - 1] == '"')
		quoted = str_sub(quoted, 1, quoted.len - 1);
	if (quoted.len > max)
		quoted.len = max;
	memcpy(out, quoted.p, quoted.len);
	out[quoted.len] = '\0';
}

int
s3_head(struct store *st, const char *key, struct store_info *out, const struct cancel *c, struct err *e)
{
	struct s3 *s = s3_of(st);
	struct s3_req req = { .aim = S3_GET, .method = "HEAD", .key = key };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct store_info info = { 0 };
	struct str v;

	if (s3_do(&s->conn, s->http, &req, &resp, c, e) < 0)
		return -1;
	if (!http_resp_header(&resp, "Content-Length", &v) || !parse_u64(v, INT64_MAX, &info.size))
		return err_set(e, EK_CORRUPT, "the answer has no proper Content-Length");
	if (http_resp_header(&resp, "Last-Modified", &v) && !clock_parse_http(v, &info.mtime_unix_ns))
		return err_set(e, EK_CORRUPT, "the answer has no proper Last-Modified");
	if (http_resp_header(&resp, "ETag", &v))
		s3_etag(info.etag, v);
	*out = info;
	return 0;
}

static int
get_whole(struct s3 *s, const char *key, struct buf *out, const struct cancel *c, struct err *e)
{
	struct s3_req req = { .aim = S3_GET, .method = "GET", .key = key, .max_body = out->max - out->len };
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	if (s3_do(&s->conn, s->http, &req, &resp, c, e) < 0 || s3_sum_check(&resp, e) < 0)
		return -1;
	return buf_add_str(out, buf_str(&resp.body), e);
}

static int
s3_get(struct store *st, const char *key, const struct store_range *range, struct buf *out, const struct cancel *c,
	struct err *e)
{
	struct s3 *s = s3_of(st);
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	char line[64];
	struct s3_req req = { .aim = S3_GET, .method = "GET", .key = key, .headers = { line } };

	if (!range)
		return get_whole(s, key, out, c, e);
	if (range->n == 0)
		return 0;
	if (!buf_room(out, range->n, e))
		return -1;
	req.max_body = range->n;
	(void)snprintf(line, sizeof line, "Range: bytes=%" PRIu64 "-%" PRIu64, range->off, range->off + range->n - 1);
	if (s3_do(&s->conn, s->http, &req, &resp, c, e) < 0)
		return -1;
	/* A 200 is the object from its start: right only if that is what was asked for. */
	if ((resp.status != 206 && range->off > 0) || resp.body.len != range->n)
		return err_set(e, EK_CORRUPT, "%zu bytes from %" PRIu64 " on are needed, the store sent %zu", range->n,
			range->off, resp.body.len);
	return buf_add_str(out, buf_str(&resp.body), e);
}

int
s3_check_taken(const struct http_resp *resp, struct err *e)
{
	struct str tag;

	if (http_resp_header(resp, "ETag", &tag))
		return 0;
	return err_set(e, EK_UNAVAILABLE, "the answer has no ETag: it is not one of an S3 store; check s3Url and what "
		"stands between");
}

/*
 * A conditional PUT was refused because the key exists.  After a repeated attempt that may be our own doing: the
 * first one arrived, its answer did not.
 */
static int
refused_as_existing(struct s3 *s, const char *key, struct str data, bool repeated, const struct cancel *c,
	struct err *e)
{
	AUTO_BUF struct buf there = BUF_INIT(size_add(data.len, 1));
	struct err ignored = { 0 };

	if (repeated && get_whole(s, key, &there, c, &ignored) == 0 && str_eq(buf_str(&there), data))
		return 0;
	return err_set(e, EK_EXISTS, "it exists already");
}

/* For stores that know no conditional PUT: a window remains in which two creators both succeed. */
static int
create_after_head(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e)
{
	struct store_info info;
	struct err why = { 0 };

	if (s3_head(st, key, &info, c, &why) == 0)
		return err_set(e, EK_EXISTS, "it exists already");
	if (why.kind != EK_NOTFOUND) {
		*e = why;
		return -1;
	}
	return s3_put(st, key, data, c, e);
}

/* Waits before further attempt nth, as net/http does between its own. */
static int
wait_before(unsigned nth, const struct err *why, const struct cancel *c, struct err *e)
{
	int64_t until;
	uint64_t random;

	random_bytes(&random, sizeof random);
	until = clock_mono_ns() + retry_delay_ns(nth, why->retry_after_ns, random);
	while (!cancel_is_hit(c) && clock_mono_ns() < until)
		clock_sleep_ns(WAIT_SLICE);
	return cancel_check(c, e);
}

/*
 * A conditional PUT.  It is repeated here and not in net/http (nor silently on a new connection), because a refusal
 * means something else once an earlier attempt may have arrived.
 */
static int
s3_create(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e)
{
	struct s3 *s = s3_of(st);
	struct s3_req req = { .aim = S3_PUT, .method = "PUT", .key = key, .body = data, .max_body = LIMIT_SMALL_BODY, .once = true,
		.headers = { "If-None-Match: *" } };

	for (unsigned tries = 0;; tries++) {
		AUTO(http_resp_done) struct http_resp resp = { 0 };
		struct err why = { 0 };

		if (s3_do(&s->conn, s->http, &req, &resp, c, &why) == 0 && s3_check_taken(&resp, &why) == 0)
			return 0;
		if (resp.status == 412)
			return refused_as_existing(s, key, data, tries > 0, c, e);
		if (resp.status == 501 || strcmp(why.reason, "NotImplemented") == 0)
			return create_after_head(st, key, data, c, e);
		if (!err_info(why.kind)->retry || tries == CREATE_RETRIES) {
			*e = why;
			return -1;
		}
		if (wait_before(tries, &why, c, e) < 0)
			return -1;
	}
}

int
s3_put(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e)
{
	struct s3 *s = s3_of(st);
	struct s3_req req = { .aim = S3_PUT, .method = "PUT", .key = key, .body = data, .max_body = LIMIT_SMALL_BODY };
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	return s3_do(&s->conn, s->http, &req, &resp, c, e) < 0 ? -1 : s3_check_taken(&resp, e);
}

/* A refused delete may be the bucket's retention: the object itself tells, to those who may ask. */
static void
explain_lock(struct s3 *s, const char *key, const struct cancel *c, struct err *e)
{
	struct s3_req req = { .aim = S3_GET, .method = "HEAD", .key = key };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct err ignored = { 0 }, whole = *e;
	struct str mode = S("retention"), until, hold;

	if (s3_do(&s->conn, s->http, &req, &resp, c, &ignored) < 0)
		return;
	(void)http_resp_header(&resp, "x-amz-object-lock-mode", &mode);
	if (http_resp_header(&resp, "x-amz-object-lock-retain-until-date", &until))
		(void)err_set(e, EK_DENIED, "object lock (" STR_FMT ") keeps it until " STR_FMT "; delete it after that (%s)",
			STR_ARG(mode), STR_ARG(until), whole.msg);
	else if (http_resp_header(&resp, "x-amz-object-lock-legal-hold", &hold) && str_eqz(hold, "ON"))
		(void)err_set(e, EK_DENIED, "a legal hold keeps it; who set it must end it (%s)", whole.msg);
	else
		return;
	e->http = whole.http;
	memcpy(e->reason, whole.reason, sizeof e->reason);
}

static int
s3_del(struct store *st, const char *key, const struct cancel *c, struct err *e)
{
	struct s3 *s = s3_of(st);
	struct s3_req req = { .method = "DELETE", .key = key, .max_body = LIMIT_SMALL_BODY };
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	if (s3_do(&s->conn, s->http, &req, &resp, c, e) == 0)
		return 0;
	if (strcmp(e->reason, "NoSuchBucket") == 0)
		e->kind = EK_INVALID;            /* not to be taken for an object that is gone already */
	else if (resp.status == 403 || resp.status == 400 || resp.status == 409)
		explain_lock(s, key, c, e);
	return -1;
}

static void
s3_close(struct store *st)
{
	struct s3 *s = s3_of(st);

	http_free(s->http);
	s3_conn_done(&s->conn);
	free(s);
}

static const struct store_ops s3_ops = {
	.close = s3_close,
	.checks = &s3_checks,
	.put = s3_put,
	.create = s3_create,
	.get = s3_get,
	.read = s3_read,
	.presign = s3_presign,
	.head = s3_head,
	.get_many = s3_get_many,
	.put_many = s3_put_many,
	.list = s3_list,
	.del = s3_del,
	.sweep = s3_sweep,
	.writer_open = s3_writer_open,
	.writer_add = s3_writer_add,
	.writer_end = s3_writer_end,
	.writer_commit = s3_writer_commit,
	.writer_free = s3_writer_free,
};

struct store *
s3_open(const struct store_place *place, bool anyhow, struct err *e)
{
	struct s3 *s = xcalloc(1, sizeof *s);

	s->base.ops = &s3_ops;
	if (s3_conn_init(&s->conn, place, anyhow, e) == 0)
		s->http = http_new(&s->conn.http, e);
	if (s->http)
		return &s->base;
	s3_close(&s->base);
	return NULL;
}
