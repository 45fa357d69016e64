/*
 * Large objects on S3: multipart uploads.
 *
 *   writer_add --fills--> part buffer --todo--> up to 4 uploader threads, a session each
 *        ^                                            |
 *        +------------------- idle <------------------+
 *
 * At most PARTS_MAX_LIVE buffers exist: one being filled, one per uploader.  When none is idle, writer_add waits, so
 * a slow store slows the producer and memory stays bounded.  The upload starts with the second part; a shorter
 * object is one PUT.  The first failure fires `stop`: the other uploaders end their requests, give their buffers back
 * and do nothing more, so that nobody waits forever; the upload is then aborted when no request is in flight.
 */
#include "store/s3_impl.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/vec.h"
#include "data/xml.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MODULE     "s3"
#define UPLOADERS      4
#define PARTS_MAX_LIVE (UPLOADERS + 1)
#define PARTS_PER_STEP 1000              /* then the size is doubled: 10 steps reach 5.8 TiB, beyond S3's limit */
#define ABORT_WITHIN   (10 * NS_PER_S)
#define ETAG_MAX       sizeof(((struct store_info *)0)->etag)

struct part {
	unsigned   number;
	struct buf data;
};

struct s3_writer {
	struct store_writer  base;
	struct s3           *s;
	const struct cancel *cancel;             /* the caller's; may be NULL */
	struct cancel        stop;               /* below it: fired by the first failure */
	struct part         *filling;
	unsigned             number;             /* of the part being filled */
	size_t               live;               /* buffers that exist */
	struct lock         *begin;              /* held while the upload is begun */
	bool                 begun;              /* the store was asked to, and it has not ended */
	char                *upload_id;          /* NULL: not begun, or ended */
	struct queue        *todo, *idle;
	struct thread       *threads[UPLOADERS];
	size_t               n_threads;
	struct lock         *lock;               /* guards the two below */
	struct { struct sent { char etag[ETAG_MAX], sum[S3_SUM_MAX]; } *at; size_t len, cap; } sent;
	                                         /* [number - 1]; tag "" until it is there */
	struct err           failure;            /* the first; EK_NONE if none */
};

size_t
s3_part_size(unsigned number)
{
	return S3_PART_FIRST << ((number - 1) / PARTS_PER_STEP);
}

static struct s3_writer *
writer_of(struct store_writer *w)
{
	return (struct s3_writer *)w;
}

struct store_writer *
s3_writer_open(struct store *st, const char *key, const struct cancel *c, struct err *e)
{
	struct s3_writer *w;

	(void)key;
	if (cancel_check(c, e) < 0)
		return NULL;
	w = xcalloc(1, sizeof *w);
	w->s = s3_of(st);
	w->cancel = c;
	w->stop.up = c;
	w->number = 1;
	w->lock = lock_new();
	w->begin = lock_new();
	w->todo = queue_new(PARTS_MAX_LIVE);
	w->idle = queue_new(PARTS_MAX_LIVE);
	return &w->base;
}

static void
part_free(struct part *p)
{
	if (!p)
		return;
	buf_free(&p->data);
	free(p);
}

static void
note_failure(struct s3_writer *w, const struct err *e)
{
	lock_take(w->lock);
	if (w->failure.kind == EK_NONE)
		w->failure = *e;
	lock_drop(w->lock);
	cancel_fire(&w->stop);
}

static int
check_failure(struct s3_writer *w, struct err *e)
{
	bool failed;

	if (cancel_check(w->cancel, e) < 0)      /* it is the cause of what the uploaders report then */
		return -1;
	lock_take(w->lock);
	failed = w->failure.kind != EK_NONE;
	if (failed)
		*e = w->failure;
	lock_drop(w->lock);
	return failed ? -1 : 0;
}

static int
upload_part(struct s3_writer *w, struct http *h, const struct part *p, struct err *e)
{
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	char number[16];
	struct sent sent = { 0 };
	struct s3_req req = { .aim = S3_PART, .method = "PUT", .key = w->base.key, .body = buf_str(&p->data),
		.max_body = LIMIT_SMALL_BODY, .n_query = 2, .query = {
			{ S("partNumber"), { number, 0 } },
			{ S("uploadId"), str_of(w->upload_id) },
		} };
	struct str tag;

	if (w->s->conn.dialect.sum != S3_SUM_NONE) {
		s3_sum(w->s->conn.dialect.sum, buf_str(&p->data), sent.sum);
		req.sum = sent.sum;
	}
	(void)snprintf(number, sizeof number, "%u", p->number);
	req.query[0].value = str_of(number);
	if (s3_do(&w->s->conn, h, &req, &resp, &w->stop, e) < 0)
		return err_ctx(e, "part %u", p->number);
	if (!http_resp_header(&resp, "ETag", &tag))
		return err_set(e, EK_CORRUPT, "part %u: the store sent no ETag", p->number);
	s3_etag(sent.etag, tag);
	lock_take(w->lock);
	w->sent.at[p->number - 1] = sent;
	lock_drop(w->lock);
	return 0;
}

static int
on_initiated(void *ctx, const char *path, struct str text, struct err *e)
{
	char **id = ctx;

	(void)e;
	if (strcmp(path, "InitiateMultipartUploadResult/UploadId") == 0 && !*id)
		*id = str_dup(text);
	return 0;
}

static int
initiate(struct s3_writer *w, struct http *h, struct err *e)
{
	static const struct xml_fns fns = { .on_text = on_initiated };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	AUTO_FREE char *id = NULL;
	struct s3_req req = { .aim = S3_INITIATE, .method = "POST", .key = w->base.key, .max_body = LIMIT_SMALL_BODY, .n_query = 1,
		.query = { { S("uploads"), S("") } } };

	if (s3_do(&w->s->conn, h, &req, &resp, &w->stop, e) < 0)
		return err_ctx(e, "start a multipart upload");
	if (xml_parse(buf_str(&resp.body), &fns, &id, e) < 0)
		return err_ctx(e, "start a multipart upload: answer of the store");
	if (!id || !*id)
		return err_set(e, EK_CORRUPT, "start a multipart upload: the store sent no UploadId");
	w->upload_id = TAKE(id);
	return 0;
}

/* The first uploader begins; the others wait for it here, and not whoever fills the parts. */
static int
begin_upload(struct s3_writer *w, struct http *h, struct err *e)
{
	int rc = 0;

	lock_take(w->begin);
	if (!w->upload_id && !cancel_is_hit(&w->stop)) {
		w->begun = true;
		rc = initiate(w, h, e);
	}
	lock_drop(w->begin);
	return rc;
}

static void
uploader(void *arg)
{
	struct s3_writer *w = arg;
	struct err e = { 0 };
	AUTO(http_freep) struct http *h = http_new(&w->s->conn.http, &e);
	struct part *p;

	if (!h || begin_upload(w, h, &e) < 0)
		note_failure(w, &e);
	while ((p = queue_pop(w->todo)) != NULL) {
		bool given;

		if (!cancel_is_hit(&w->stop) && upload_part(w, h, p, &e) < 0)
			note_failure(w, &e);
		buf_cut(&p->data, 0);
		given = queue_push(w->idle, p);  /* holds all buffers there are: never blocks, closed never */
		assert_that(given);
	}
}

/* Hands the filled part to the uploaders.  One more is started as long as there are fewer than parts under way. */
static int
flush_part(struct s3_writer *w, struct err *e)
{
	struct thread *t;
	bool given;

	if (w->number > S3_PARTS_MAX)
		return err_set(e, EK_LIMIT, "more than %d parts", S3_PARTS_MAX);
	lock_take(w->lock);
	*vec_push(&w->sent) = (struct sent){ 0 };
	lock_drop(w->lock);
	w->filling->number = w->number++;
	given = queue_push(w->todo, TAKE(w->filling));   /* holds all buffers there are: never blocks */
	assert_that(given);
	if (w->n_threads == UPLOADERS)
		return 0;
	t = thread_start("s3-upload", uploader, w, e);
	if (t)
		w->threads[w->n_threads++] = t;
	return w->n_threads ? 0 : -1;            /* fewer uploaders than wished for are enough */
}

/* An empty buffer for the next part: an idle one, a new one while there may be more, or the first to become idle. */
static void
take_buffer(struct s3_writer *w)
{
	size_t size = s3_part_size(w->number);
	struct part *p = queue_try_pop(w->idle);

	if (!p && w->live < PARTS_MAX_LIVE) {
		p = xcalloc(1, sizeof *p);
		w->live++;
	}
	if (!p)
		p = queue_pop(w->idle);
	assert_that(p);
	if (p->data.max != size) {
		struct err e = { 0 };
		char *room;

		/* All at once: growing leaves holes of every size behind, and what is not filled costs nothing. */
		buf_free(&p->data);
		p->data.max = size;
		room = buf_room(&p->data, size, &e);
		assert_that(room);
	}
	w->filling = p;
}

int
s3_writer_add(struct store_writer *base, const void *data, size_t n, struct err *e)
{
	struct s3_writer *w = writer_of(base);
	const char *p = data;

	if (check_failure(w, e) < 0)
		return -1;
	while (n > 0) {
		size_t take;

		/* Only when more follows: an object of exactly one part is one PUT. */
		if (w->filling && w->filling->data.len == w->filling->data.max && flush_part(w, e) < 0)
			return -1;
		if (!w->filling) {
			take_buffer(w);
			if (check_failure(w, e) < 0)
				return -1;
		}
		take = w->filling->data.max - w->filling->data.len;
		if (take > n)
			take = n;
		if (buf_add(&w->filling->data, p, take, e) < 0)
			return -1;
		p += take;
		n -= take;
	}
	return 0;
}

/* Waits until the uploaders have taken what is queued and ended. */
static void
join_uploaders(struct s3_writer *w)
{
	queue_close(w->todo);
	for (size_t i = 0; i < w->n_threads; i++)
		thread_join(w->threads[i]);
	w->n_threads = 0;
}

static void
put_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("<>&\"", *text))
			buf_putf(out, "&#%d;", *text);
		else
			buf_putc(out, *text);
	}
}

/*
 * The store says that the upload does not exist: an earlier attempt of ours may have completed it.  The object's tag
 * tells, because it is made from those of the parts: MD5 over their MD5s, and their number.
 */
static bool
was_completed(struct s3_writer *w)
{
	AUTO_BUF struct buf sums = BUF_INIT(S3_PARTS_MAX * MD5_LEN);
	char expected[2 * MD5_LEN + 16];
	uint8_t sum[MD5_LEN];
	struct store_info info;
	struct err ignored = { 0 };

	for (size_t i = 0; i < w->sent.len; i++) {
		if (!hex_decode(str_of(w->sent.at[i].etag), sum, sizeof sum))
			return false;            /* encrypted objects have other tags */
		buf_put(&sums, sum, sizeof sum);
	}
	md5(sums.p, sums.len, sum);
	(void)hex_encode(expected, sum, sizeof sum);
	(void)snprintf(expected + 2 * MD5_LEN, sizeof expected - 2 * MD5_LEN, "-%zu", w->sent.len);
	return s3_head(&w->s->base, w->base.key, &info, w->cancel, &ignored) == 0 && strcmp(info.etag, expected) == 0;
}

static int
on_completed(void *ctx, const char *path, struct str text, struct err *e)
{
	(void)e;
	if (strcmp(path, "CompleteMultipartUploadResult/ETag") == 0 && text.len)
		*(bool *)ctx = true;
	return 0;
}

/* A 200 is promised before the work is done: only the result's own words tell that the object is there. */
static int
check_completed(struct s3_writer *w, struct str body, struct err *e)
{
	static const struct xml_fns fns = { .on_text = on_completed };
	struct err ignored = { 0 };
	bool done = false;

	if ((xml_parse(body, &fns, &done, &ignored) == 0 && done) || was_completed(w))
		return 0;
	return err_set(e, EK_UNAVAILABLE, "the answer does not say that it is done: it is not one of an S3 store; check "
		"s3Url and what stands between");
}

static int
put_parts(const struct s3_writer *w, struct buf *doc, struct err *e)
{
	const char *element = s3_sum_element(w->s->conn.dialect.sum);

	buf_puts(doc, "<CompleteMultipartUpload>");
	for (size_t i = 0; i < w->sent.len; i++) {
		const struct sent *p = &w->sent.at[i];

		if (!p->etag[0])
			return err_set(e, EK_CORRUPT, "part %zu was not uploaded", i + 1);
		buf_putf(doc, "<Part><PartNumber>%zu</PartNumber><ETag>&quot;", i + 1);
		put_escaped(doc, p->etag);
		buf_puts(doc, "&quot;</ETag>");
		if (p->sum[0])
			buf_putf(doc, "<%s>%s</%s>", element, p->sum, element);
		buf_puts(doc, "</Part>");
	}
	buf_puts(doc, "</CompleteMultipartUpload>");
	return 0;
}

static int
complete(struct s3_writer *w, struct err *e)
{
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	AUTO_BUF struct buf doc = BUF_INIT(LIMIT_S3_LIST);
	struct s3_req req = { .aim = S3_COMPLETE, .method = "POST", .key = w->base.key, .max_body = LIMIT_SMALL_BODY, .late_error = true,
		.n_query = 1, .query = { { S("uploadId"), str_of(w->upload_id) } } };
	struct err why = { 0 };

	if (put_parts(w, &doc, e) < 0)
		return -1;
	req.body = buf_str(&doc);
	if (s3_do(&w->s->conn, w->s->http, &req, &resp, w->cancel, &why) == 0) {
		if (check_completed(w, buf_str(&resp.body), e) < 0)
			return err_ctx(e, "complete the multipart upload");
	} else if (strcmp(why.reason, "NoSuchUpload") != 0 || !was_completed(w)) {
		*e = why;
		return err_ctx(e, "complete the multipart upload");
	}
	free(TAKE(w->upload_id));
	w->begun = false;
	return 0;
}

int
s3_writer_end(struct store_writer *base, struct err *e)
{
	struct s3_writer *w = writer_of(base);

	return w->number > 1 && w->filling && w->filling->data.len ? flush_part(w, e) : 0;
}

int
s3_writer_commit(struct store_writer *base, struct err *e)
{
	struct s3_writer *w = writer_of(base);
	struct str whole = w->filling ? buf_str(&w->filling->data) : S("");

	if (check_failure(w, e) < 0)
		return -1;
	if (w->number == 1)
		return s3_put(&w->s->base, base->key, whole, w->cancel, e);
	if (whole.len && flush_part(w, e) < 0)
		return -1;
	join_uploaders(w);
	if (check_failure(w, e) < 0)
		return -1;
	return complete(w, e);
}

int
s3_abort_upload(struct s3 *s, const char *key, struct str upload_id, const struct cancel *c, struct err *e)
{
	struct s3_req req = { .method = "DELETE", .key = key, .max_body = LIMIT_SMALL_BODY, .n_query = 1,
		.query = { { S("uploadId"), upload_id } } };
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	return s3_do(&s->conn, s->http, &req, &resp, c, e);
}

/* Undoes an upload that was not completed: also after a cancel, hence with a deadline of its own. */
static void
abort_upload(struct s3_writer *w)
{
	struct cancel within = { .deadline_mono_ns = clock_mono_ns() + ABORT_WITHIN };
	struct err e = { 0 };
	size_t n = 0;
	int rc;

	if (!w->begun)
		return;
	/* Canceled before the store has said its id: it is asked for what there is of this key. */
	if (!w->upload_id)
		rc = s3_sweep(&w->s->base, w->base.key, INT64_MAX, &n, &within, &e);
	else
		rc = s3_abort_upload(w->s, w->base.key, str_of(w->upload_id), &within, &e);
	if (rc < 0)
		LOG_DBG("abort the upload of %s: %s", w->base.key, e.msg);   /* store_sweep finds it later */
	free(TAKE(w->upload_id));
	w->begun = false;
}

void
s3_writer_free(struct store_writer *base)
{
	struct s3_writer *w = writer_of(base);
	struct part *p;

	cancel_fire(&w->stop);
	join_uploaders(w);
	abort_upload(w);
	part_free(w->filling);
	while ((p = queue_try_pop(w->todo)) != NULL)
		part_free(p);
	while ((p = queue_try_pop(w->idle)) != NULL)
		part_free(p);
	queue_free(w->todo);
	queue_free(w->idle);
	lock_free(w->lock);
	lock_free(w->begin);
	vec_free(&w->sent);
	free(w);
}
