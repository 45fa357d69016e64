/* Listings of S3: objects (ListObjectsV2) and multipart uploads, page by page. */
#include "store/s3_impl.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/vec.h"
#include "data/xml.h"

#include <stdlib.h>
#include <string.h>

/* One row of a page: an object, a common prefix, or an upload. */
struct row {
	char             *key, *upload_id;
	bool              folder;
	struct store_info info;          /* of an upload: only the time */
};

struct page {
	struct row  cur;                 /* being read */
	struct { struct row *at; size_t len, cap; } rows;
	bool        truncated, url_encoded;
	char       *next, *next_upload;  /* where the next page starts */
};

static void
row_done(struct row *r)
{
	free(r->key);
	free(r->upload_id);
	*r = (struct row){ 0 };
}

static void
page_done(struct page *p)
{
	for (size_t i = 0; i < p->rows.len; i++)
		row_done(&p->rows.at[i]);
	row_done(&p->cur);
	vec_free(&p->rows);
	free(p->next);
	free(p->next_upload);
	*p = (struct page){ 0 };
}

static bool
set_text(char **to, struct str text)
{
	free(*to);
	*to = str_dup(text);
	return true;
}

static bool set_key(struct page *p, struct str t) { return set_text(&p->cur.key, t); }
static bool set_upload(struct page *p, struct str t) { return set_text(&p->cur.upload_id, t); }
static bool set_next(struct page *p, struct str t) { return set_text(&p->next, t); }
static bool set_next_upload(struct page *p, struct str t) { return set_text(&p->next_upload, t); }
static bool set_size(struct page *p, struct str t) { return parse_u64(t, INT64_MAX, &p->cur.info.size); }
static bool set_time(struct page *p, struct str t) { return clock_parse_rfc3339(t, &p->cur.info.mtime_unix_ns); }
static bool set_truncated(struct page *p, struct str t) { return parse_bool(t, &p->truncated); }

static bool
set_tag(struct page *p, struct str t)
{
	s3_etag(p->cur.info.etag, t);
	return true;
}

static bool
set_folder(struct page *p, struct str t)
{
	p->cur.folder = true;
	return set_text(&p->cur.key, t);
}

static bool
set_encoding(struct page *p, struct str t)
{
	p->url_encoded = str_eqz(t, "url");
	return true;
}

/* Elements of both documents, and those whose end completes a row. */
static const struct element {
	const char *path;
	bool (*set)(struct page *p, struct str text);
} elements[] = {
	{ "ListBucketResult/Contents/Key",                  set_key },
	{ "ListBucketResult/Contents/Size",                 set_size },
	{ "ListBucketResult/Contents/LastModified",         set_time },
	{ "ListBucketResult/Contents/ETag",                 set_tag },
	{ "ListBucketResult/CommonPrefixes/Prefix",         set_folder },
	{ "ListBucketResult/IsTruncated",                   set_truncated },
	{ "ListBucketResult/NextContinuationToken",         set_next },
	{ "ListBucketResult/EncodingType",                  set_encoding },
	{ "ListMultipartUploadsResult/Upload/Key",          set_key },
	{ "ListMultipartUploadsResult/Upload/UploadId",     set_upload },
	{ "ListMultipartUploadsResult/Upload/Initiated",    set_time },
	{ "ListMultipartUploadsResult/IsTruncated",         set_truncated },
	{ "ListMultipartUploadsResult/NextKeyMarker",       set_next },
	{ "ListMultipartUploadsResult/NextUploadIdMarker",  set_next_upload },
	{ "ListMultipartUploadsResult/EncodingType",        set_encoding },
};
static const char *const row_ends[] = {
	"ListBucketResult/Contents",
	"ListBucketResult/CommonPrefixes",
	"ListMultipartUploadsResult/Upload",
};

static int
on_text(void *ctx, const char *path, struct str text, struct err *e)
{
	for (size_t i = 0; i < COUNT(elements); i++)
		if (strcmp(path, elements[i].path) == 0 && !elements[i].set(ctx, text))
			return err_set(e, EK_CORRUPT, "the listing has an invalid %s", path);
	return 0;
}

static int
on_end(void *ctx, const char *path, struct err *e)
{
	struct page *p = ctx;

	for (size_t i = 0; i < COUNT(row_ends); i++) {
		if (strcmp(path, row_ends[i]) != 0)
			continue;
		if (!p->cur.key)
			return err_set(e, EK_CORRUPT, "the listing has a row without a key");
		*vec_push(&p->rows) = p->cur;
		p->cur = (struct row){ 0 };
	}
	return 0;
}

static int
decode(char **text, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_S3_LIST);

	if (!*text)
		return 0;
	if (!store_unescape(&out, str_of(*text), true))
		return err_set(e, EK_CORRUPT, "the listing has a wrongly encoded key");
	free(*text);
	*text = buf_take(&out, NULL);
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* One page, decoded and in order; objects and folders come in separate runs.  p is the caller's also on failure. */
static int
fetch_page(struct s3 *s, const struct s3_req *req, struct page *p, const struct cancel *c, struct err *e)
{
	static const struct xml_fns fns = { .on_text = on_text, .on_end = on_end };
	AUTO(http_resp_done) struct http_resp resp = { 0 };

	if (s3_do(&s->conn, s->http, req, &resp, c, e) < 0)
		return -1;
	if (xml_parse(buf_str(&resp.body), &fns, p, e) < 0)
		return err_ctx(e, "answer of the store");
	for (size_t i = 0; i < p->rows.len && p->url_encoded; i++)
		if (decode(&p->rows.at[i].key, e) < 0)
			return -1;
	if (p->rows.len)
		qsort(p->rows.at, p->rows.len, sizeof p->rows.at[0], by_key);
	return 0;
}

/* The next page's start moves from p into *at; a page that points to itself would never end. */
static int
advance(char **at, char **next, struct err *e)
{
	if (!*next || (*at && strcmp(*at, *next) == 0))
		return err_set(e, EK_CORRUPT, "the listing does not go on after a page");
	free(*at);
	*at = TAKE(*next);
	return 0;
}

/* Hands out the rows; the key without the store's own prefix. */
static int
emit(const struct s3 *s, const struct page *p, store_list_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	struct str root = str_of(s->conn.prefix);

	for (size_t i = 0; i < p->rows.len; i++) {
		const struct row *r = &p->rows.at[i];

		if (cancel_check(c, e) < 0)
			return -1;
		/* The marker object that some tools make for a folder has the prefix itself as its key. */
		if (!str_starts(str_of(r->key), root) || strlen(r->key) == root.len)
			continue;
		if (fn(ctx, r->key + root.len, r->folder ? NULL : &r->info, e) < 0)
			return -1;
	}
	return 0;
}

int
s3_list(struct store *st, const char *prefix, bool delimiter, store_list_fn *fn, void *ctx, const struct cancel *c,
	struct err *e)
{
	struct s3 *s = s3_of(st);
	AUTO_FREE char *full = xasprintf("%s%s", s->conn.prefix, prefix);
	AUTO_FREE char *token = NULL;
	bool more;

	do {
		AUTO(page_done) struct page page = { 0 };
		struct s3_req req = { .method = "GET", .max_body = LIMIT_S3_LIST, .n_query = 3, .query = {
			{ S("list-type"), S("2") },
			{ S("encoding-type"), S("url") },
			{ S("prefix"), str_of(full) },
		} };

		if (delimiter)
			req.query[req.n_query++] = (struct sigv4_pair){ S("delimiter"), S("/") };
		if (token)
			req.query[req.n_query++] = (struct sigv4_pair){ S("continuation-token"), str_of(token) };
		if (fetch_page(s, &req, &page, c, e) < 0 || emit(s, &page, fn, ctx, c, e) < 0)
			return -1;
		more = page.truncated;
		if (more && advance(&token, &page.next, e) < 0)
			return -1;
	} while (more);
	return 0;
}

/* Aborts those uploads of a page that are below prefix (of the bucket) and old. */
static int
abort_old(struct s3 *s, const struct page *p, const char *prefix, int64_t before_unix_ns, size_t *removed,
	const struct cancel *c, struct err *e)
{
	for (size_t i = 0; i < p->rows.len; i++) {
		const struct row *r = &p->rows.at[i];
		struct err why = { 0 };

		if (!r->upload_id || !str_starts(str_of(r->key), str_of(prefix)) ||
		    r->info.mtime_unix_ns >= before_unix_ns)
			continue;
		if (s3_abort_upload(s, r->key + strlen(s->conn.prefix), str_of(r->upload_id), c, &why) == 0) {
			(*removed)++;
		} else if (why.kind != EK_NOTFOUND) {    /* somebody else may have ended it */
			*e = why;
			return -1;
		}
	}
	return 0;
}

int
s3_sweep(struct store *st, const char *prefix, int64_t before_unix_ns, size_t *removed, const struct cancel *c,
	struct err *e)
{
	struct s3 *s = s3_of(st);
	AUTO_FREE char *full = xasprintf("%s%s", s->conn.prefix, prefix);
	AUTO_FREE char *key = NULL;
	AUTO_FREE char *upload = NULL;
	bool more;

	do {
		AUTO(page_done) struct page page = { 0 };
		struct s3_req req = { .method = "GET", .max_body = LIMIT_S3_LIST, .n_query = 2, .query = {
			{ S("uploads"), S("") },
			{ S("encoding-type"), S("url") },
		} };

		/* MinIO takes a prefix here for a whole key and finds nothing else; so only AWS is told. */
		if (s->conn.aws)
			req.query[req.n_query++] = (struct sigv4_pair){ S("prefix"), str_of(full) };
		if (key)
			req.query[req.n_query++] = (struct sigv4_pair){ S("key-marker"), str_of(key) };
		if (upload)
			req.query[req.n_query++] = (struct sigv4_pair){ S("upload-id-marker"), str_of(upload) };
		if (fetch_page(s, &req, &page, c, e) < 0)
			return -1;
		if (abort_old(s, &page, full, before_unix_ns, removed, c, e) < 0)
			return -1;
		more = page.truncated;
		if (!more)
			break;
		if (page.url_encoded && decode(&page.next, e) < 0)
			return -1;
		/* Many uploads of one key: the key stays, the upload moves on. */
		if (page.next_upload && (!upload || strcmp(upload, page.next_upload) != 0)) {
			free(upload);
			upload = TAKE(page.next_upload);
			free(key);
			key = TAKE(page.next);
		} else if (advance(&key, &page.next, e) < 0) {
			return -1;
		}
	} while (more);
	return 0;
}
