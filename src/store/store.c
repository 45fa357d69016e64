/* The front of every store: opening, key checks, error context. */
#include "store/store.h"
#include "store/store_impl.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MODULE   "store"

static struct store *
open_store(const char *url, bool anyhow, struct err *e)
{
	AUTO(store_place_done) struct store_place place = { 0 };
	struct store *st;

	if (store_place_parse(&place, url, e) < 0)
		return NULL;
	st = place.dir ? localdir_open(place.dir, e) : s3_open(&place, anyhow, e);
	if (!st)
		return NULL;
	st->url = store_place_url(&place);
	st->read_only = place.access_mode != NULL && strcmp(place.access_mode, "ReadOnly") == 0;
	/* In a path, '?' is a character like others. */
	st->label = place.dir ? xstrdup(st->url) : xstrndup(st->url, str_chr(str_of(st->url), '?'));
	return st;
}

struct store *
store_open(const char *url, struct err *e)
{
	return open_store(url, false, e);
}

struct store *
store_open_to_validate(const char *url, struct err *e)
{
	return open_store(url, true, e);
}

void
store_close(struct store *st)
{
	char *url, *label;

	if (!st)
		return;
	url = st->url;
	label = st->label;
	st->ops->close(st);
	free(url);
	free(label);
}

void
store_closep(struct store **st)
{
	store_close(TAKE(*st));
}

const char *
store_url(const struct store *st)
{
	return st->url;
}

const char *
store_label(const struct store *st)
{
	return st->label;
}

static int
check_key(const char *key, bool writing, struct err *e)
{
	const char *flaw = store_key_flaw(key, writing);

	return flaw ? err_set(e, EK_INVALID, "object key '%.200s': %s", key, flaw) : 0;
}

/* Before a write: nothing is sent to a location that is only to be read. */
static int
check_read_write(const struct store *st, const char *verb, const char *key, struct err *e)
{
	if (!st->read_only)
		return 0;
	return err_set(e, EK_DENIED, "%s '%s' in %s: the location is ReadOnly (accessMode): use another one, or make it "
		"ReadWrite", verb, key, st->label);
}

static int
check_write(const struct store *st, const char *verb, const char *key, struct err *e)
{
	return check_key(key, true, e) < 0 ? -1 : check_read_write(st, verb, key, e);
}

/* Passes rc on; a failure is told with what was tried. */
static int
told(int rc, const struct store *st, const char *verb, const char *key, struct err *e)
{
	return rc < 0 ? err_ctx(e, "%s '%s' in %s", verb, key, st->label) : 0;
}

int
store_exists(struct store *st, struct err *e)
{
	return st->ops->exists != NULL ? st->ops->exists(st, e) : 0;
}

int
store_put(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e)
{
	if (check_write(st, "write", key, e) < 0)
		return -1;
	return told(st->ops->put(st, key, data, c, e), st, "write", key, e);
}

int
store_create(struct store *st, const char *key, struct str data, const struct cancel *c, struct err *e)
{
	if (check_write(st, "create", key, e) < 0)
		return -1;
	return told(st->ops->create(st, key, data, c, e), st, "create", key, e);
}

static int
get(struct store *st, const char *key, const struct store_range *range, struct buf *out, const struct cancel *c,
	struct err *e)
{
	size_t before = out->len;

	if (check_key(key, false, e) < 0)
		return -1;
	if (st->ops->get(st, key, range, out, c, e) == 0)
		return 0;
	buf_cut(out, before);
	return told(-1, st, "read", key, e);
}

int
store_get(struct store *st, const char *key, struct buf *out, const struct cancel *c, struct err *e)
{
	return get(st, key, NULL, out, c, e);
}

int
store_get_range(struct store *st, const char *key, uint64_t off, size_t n, struct buf *out, const struct cancel *c,
	struct err *e)
{
	struct store_range range = { off, n };

	if (n > 0 && off > UINT64_MAX - n)
		return err_set(e, EK_INVALID, "object '%.200s': range beyond 2^64 bytes", key);
	return get(st, key, &range, out, c, e);
}

int
store_read(struct store *st, const char *key, store_sink *sink, void *ctx, const struct cancel *c, struct err *e)
{
	if (check_key(key, false, e) < 0)
		return -1;
	return told(st->ops->read(st, key, sink, ctx, c, e), st, "read", key, e);
}

int
store_presign(struct store *st, const char *key, int64_t valid_ns, struct store_presigned *out, const struct cancel *c,
	struct err *e)
{
	if (check_key(key, false, e) < 0)
		return -1;
	if (st->ops->presign == NULL)
		return err_set(e, EK_INVALID, "%s is a folder: only a store that is asked over the network can let others read "
			"by a URL", st->label);
	if (valid_ns < NS_PER_S || valid_ns > STORE_PRESIGN_MAX_NS)
		return err_set(e, EK_INVALID, "a presigned URL is valid for 1 second to 7 days (168h)");
	return told(st->ops->presign(st, key, valid_ns, out, c, e), st, "presign", key, e);
}

void
store_presigned_done(struct store_presigned *p)
{
	if (p->url)
		secret_wipe(p->url, strlen(p->url));
	free(p->url);
	*p = (struct store_presigned){ 0 };
}

int
store_head(struct store *st, const char *key, struct store_info *out, const struct cancel *c, struct err *e)
{
	struct store_info info = { 0 };

	if (check_key(key, false, e) < 0)
		return -1;
	if (st->ops->head(st, key, &info, c, e) < 0)
		return told(-1, st, "look up", key, e);
	*out = info;
	return 0;
}

/* Stands between a store and the caller's fn: failures are told with what was tried. */
struct many {
	struct store            *st;
	const struct store_want *want;
	store_got_fn            *fn;
	void                    *ctx;
};

static int
got_one(void *ctx, size_t nth, const struct store_got *got, struct err *e)
{
	const struct many *m = ctx;
	struct store_got with = *got;
	struct err why;

	if (got->why == NULL)
		return m->fn(m->ctx, nth, got, e);
	why = *got->why;
	(void)told(-1, m->st, "read", m->want[nth].key, &why);
	with.why = &why;
	return m->fn(m->ctx, nth, &with, e);
}

/* The way of stores where waiting for one costs the others nothing. */
static int
get_in_turn(struct many *m, size_t nth, size_t max, const struct cancel *c, struct err *e)
{
	const struct store_want *want = &m->want[nth];
	AUTO_BUF struct buf data = BUF_INIT(max);
	struct store_info info = { 0 };
	struct store_got got = { .etag = info.etag };
	struct err why = { 0 };

	if (check_key(want->key, false, &why) < 0 || m->st->ops->head(m->st, want->key, &info, c, &why) < 0) {
		got.why = &why;
	} else if (want->etag != NULL && info.etag[0] != '\0' && strcmp(want->etag, info.etag) == 0) {
		got.same = true;
	} else if (m->st->ops->get(m->st, want->key, NULL, &data, c, &why) < 0) {
		got.why = &why;
	} else {
		got.data = buf_str(&data);
	}
	return cancel_check(c, e) < 0 ? -1 : got_one(m, nth, &got, e);
}

int
store_get_many(struct store *st, const struct store_want *want, size_t n, size_t max_each, store_got_fn *fn, void *ctx,
	const struct cancel *c, struct err *e)
{
	struct many m = { st, want, fn, ctx };

	if (st->ops->get_many != NULL)
		return st->ops->get_many(st, want, n, max_each, got_one, &m, c, e);
	for (size_t i = 0; i < n; i++)
		if (get_in_turn(&m, i, max_each, c, e) < 0)
			return -1;
	return 0;
}

int
store_put_many(struct store *st, const struct store_gift *gifts, size_t n, const struct cancel *c, struct err *e)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++)
		if (check_write(st, "write", gifts[i].key, e) < 0)
			return -1;
	if (st->ops->put_many != NULL)
		return st->ops->put_many(st, gifts, n, &failed, c, e) < 0
			? told(-1, st, "write", gifts[failed].key, e) : 0;
	for (size_t i = 0; i < n; i++)
		if (store_put(st, gifts[i].key, gifts[i].data, c, e) < 0)
			return -1;
	return 0;
}

/* Stands between a store and the caller's fn, to tell the caller's errors from ours and to hold keys back. */
struct listing {
	store_list_fn *fn;
	void          *ctx;
	bool           stopped;
};

static int
list_one(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	struct listing *l = ctx;

	if (store_key_flaw(key, false))
		return 0;
	if (l->fn(l->ctx, key, info, e) == 0)
		return 0;
	l->stopped = true;
	return -1;
}

int
store_list(struct store *st, const char *prefix, bool delimiter, store_list_fn *fn, void *ctx,
	const struct cancel *c, struct err *e)
{
	struct listing l = { .fn = fn, .ctx = ctx };

	if (*prefix && check_key(prefix, false, e) < 0)
		return -1;
	if (st->ops->list(st, prefix, delimiter, list_one, &l, c, e) == 0)
		return 0;
	return l.stopped ? -1 : told(-1, st, "list", prefix, e);
}

static int
stop_at_first(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	(void)info;
	*(char **)ctx = xstrdup(key);
	return err_set(e, EK_EXISTS, "that is enough");
}

int
store_first(struct store *st, const char *prefix, char **key, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *first = NULL;
	struct err why;

	if (store_list(st, prefix, true, stop_at_first, &first, c, &why) < 0 && first == NULL) {
		*e = why;
		return -1;
	}
	if (first == NULL)
		return 0;
	if (key != NULL)
		*key = TAKE(first);
	return 1;
}

int
store_delete(struct store *st, const char *key, const struct cancel *c, struct err *e)
{
	struct err why = { 0 };

	if (check_key(key, false, e) < 0 || check_read_write(st, "delete", key, e) < 0)
		return -1;
	if (st->ops->del(st, key, c, &why) == 0 || why.kind == EK_NOTFOUND)
		return 0;
	*e = why;
	return told(-1, st, "delete", key, e);
}

struct store_writer *
store_writer_open(struct store *st, const char *key, const struct cancel *c, struct err *e)
{
	struct store_writer *w;

	if (check_write(st, "write", key, e) < 0)
		return NULL;
	w = st->ops->writer_open(st, key, c, e);
	if (!w) {
		(void)told(-1, st, "write", key, e);
		return NULL;
	}
	w->st = st;
	w->key = xstrdup(key);
	return w;
}

int
store_writer_add(struct store_writer *w, const void *p, size_t n, struct err *e)
{
	return told(w->st->ops->writer_add(w, p, n, e), w->st, "write", w->key, e);
}

int
store_writer_end(struct store_writer *w, struct err *e)
{
	if (w->st->ops->writer_end == NULL)
		return 0;
	return told(w->st->ops->writer_end(w, e), w->st, "write", w->key, e);
}

int
store_writer_commit(struct store_writer *w, struct err *e)
{
	int rc = told(w->st->ops->writer_commit(w, e), w->st, "write", w->key, e);

	store_writer_abort(w);                   /* undoes only what was not committed */
	return rc;
}

void
store_writer_abort(struct store_writer *w)
{
	char *key;

	if (!w)
		return;
	key = w->key;
	w->st->ops->writer_free(w);
	free(key);
}

int
store_sweep(struct store *st, const char *prefix, int64_t before_unix_ns, size_t *removed, const struct cancel *c,
	struct err *e)
{
	size_t n = 0;

	if ((*prefix && check_key(prefix, false, e) < 0) || check_read_write(st, "clean up", prefix, e) < 0)
		return -1;
	if (st->ops->sweep(st, prefix, before_unix_ns, &n, c, e) < 0)
		return told(-1, st, "clean up", prefix, e);
	*removed = n;
	return 0;
}
