/* Listing and deleting what a location holds. */
#include "engine/catalog.h"

#include "archive/layout.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/vec.h"
#include "data/jscan.h"
#include "engine/cache.h"
#include "engine/restore.h"

#define CATALOG_CACHE (64 * MIB)         /* the documents of one location; more are read each time */

static int
collect_dir(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	(void)e;
	if (info == NULL)
		strs_add(ctx, key);
	return 0;
}

static int
collect_key(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	(void)info;
	(void)e;
	strs_add(ctx, key);
	return 0;
}

/* "backups/NAME/" -> NAME */
static char *
dir_name(const char *dir, const char *root)
{
	return xstrndup(dir + strlen(root), strlen(dir) - strlen(root) - 1);
}

/*
 * A list is read in one go: the names from one listing, then their documents in a window of requests.  The answers
 * of the last time are kept: with their tags, what did not change is not sent again.
 */
struct doc {
	char     *name, *key;
	char     *etag;                  /* of json; NULL: none is known */
	struct buf json;
	struct err why;
	enum { DOC_WAITING, DOC_READ, DOC_DROPPED, DOC_ABSENT, DOC_FAILED } state;
};

struct reading {
	struct store *st;
	const struct cancel *c;
	struct { struct doc *at; size_t len, cap; } docs;
	bool        needed;              /* without the document it is nothing; else it is a restore that has not ended */
	bool        changed;             /* the cache has other than this */
	size_t      told;                /* documents before this one were handed out */
	size_t      held;                /* bytes of texts */
	catalog_fn *fn;
	void       *ctx;
};

static void
doc_done(struct doc *d)
{
	free(d->name);
	free(d->key);
	free(d->etag);
	buf_free(&d->json);
}

static void
reading_done(struct reading *r)
{
	for (size_t i = 0; i < r->docs.len; i++)
		doc_done(&r->docs.at[i]);
	vec_free(&r->docs);
}

static char *
cache_key(struct store *st, const char *root)
{
	return xasprintf("catalog 1\n%s\n%s", store_url(st), root);
}

/* The cache holds, for each document, a line "length of name, of tag, of text", and these. */
static bool
next_cached(struct str *rest, struct doc *d)
{
	uint64_t len[3];
	struct str line, part[3];

	if (!str_split(rest, '\n', &line) || rest->p == NULL)
		return false;
	for (size_t i = 0; i < COUNT(len); i++) {
		struct str number;

		if (!str_split(&line, ' ', &number) || !parse_u64(number, rest->len, &len[i]))
			return false;
	}
	for (size_t i = 0; i < COUNT(len); i++) {
		if (len[i] > rest->len)
			return false;
		part[i] = str_sub(*rest, 0, (size_t)len[i]);
		*rest = str_sub(*rest, (size_t)len[i], rest->len);
	}
	*d = (struct doc){ .name = str_dup(part[0]), .etag = str_dup(part[1]), .json = BUF_INIT(LIMIT_METADATA) };
	buf_put_str(&d->json, part[2]);
	return true;
}

/* Gives the documents what the cache has of them.  Both are in ascending order of names. */
static void
take_cached(struct reading *r, const char *root)
{
	AUTO_FREE char *key = cache_key(r->st, root);
	AUTO_BUF struct buf file = BUF_INIT(CATALOG_CACHE);
	struct doc was;
	struct str rest;
	size_t i = 0, matched = 0, kept = 0;

	if (!cache_get(str_of(key), &file))
		return;
	for (rest = buf_str(&file); next_cached(&rest, &was); kept++) {
		while (i < r->docs.len && strcmp(r->docs.at[i].name, was.name) < 0)
			i++;
		if (i < r->docs.len && strcmp(r->docs.at[i].name, was.name) == 0) {
			struct doc *d = &r->docs.at[i++];

			d->etag = TAKE(was.etag);
			d->json = was.json;
			r->held += d->json.len;
			was.json = (struct buf){ 0 };
			matched++;
		}
		doc_done(&was);
	}
	r->changed = matched < kept;
}

static void
keep_cached(const struct reading *r, const char *root)
{
	AUTO_FREE char *key = cache_key(r->st, root);
	AUTO_BUF struct buf file = BUF_INIT(CATALOG_CACHE);

	for (size_t i = 0; i < r->docs.len; i++) {
		const struct doc *d = &r->docs.at[i];

		if (d->state != DOC_READ || d->etag == NULL || d->etag[0] == '\0')
			continue;
		if (CATALOG_CACHE - file.len < d->json.len + LIMIT_SMALL_BODY)
			break;
		buf_putf(&file, "%zu %zu %zu\n%s%s", strlen(d->name), strlen(d->etag), d->json.len, d->name, d->etag);
		buf_put_str(&file, buf_str(&d->json));
	}
	cache_put(str_of(key), buf_str(&file));
}

static void
forget(struct reading *r, struct doc *d)
{
	r->held -= d->json.len;
	buf_free(&d->json);
	free(TAKE(d->etag));
}

static int
tell_one(struct reading *r, struct doc *d, struct err *e)
{
	struct str json = d->state == DOC_READ ? buf_str(&d->json) : (struct str){ 0 };

	if (d->state == DOC_ABSENT && r->needed)
		return 0;
	if (d->state == DOC_READ && d->json.len == 0) {
		err_set(&d->why, EK_CORRUPT, "%s: is empty", d->key);
		d->state = DOC_FAILED;
	}
	return r->fn(r->ctx, d->name, json, d->state == DOC_FAILED ? &d->why : NULL, e);
}

/* In order, as far as the answers have come. */
static int
tell(struct reading *r, struct err *e)
{
	for (; r->told < r->docs.len && r->docs.at[r->told].state != DOC_WAITING; r->told++) {
		struct doc *d = &r->docs.at[r->told];

		if (d->state == DOC_ABSENT && !r->needed && restore_get_record(r->st, d->name, &d->json, r->c, &d->why) == 0)
			d->state = DOC_READ;
		else if (d->state == DOC_DROPPED)
			d->state = store_get(r->st, d->key, &d->json, r->c, &d->why) == 0 ? DOC_READ : DOC_FAILED;
		if (tell_one(r, d, e) < 0)
			return -1;
		if (r->held > CATALOG_CACHE)
			forget(r, d);
	}
	return 0;
}

static int
on_got(void *ctx, size_t nth, const struct store_got *got, struct err *e)
{
	struct reading *r = ctx;
	struct doc *d = &r->docs.at[nth];

	d->state = DOC_READ;
	if (got->why != NULL) {
		d->state = got->why->kind == EK_NOTFOUND ? DOC_ABSENT : DOC_FAILED;
		d->why = *got->why;
	} else if (!got->same) {
		r->held -= d->json.len;
		buf_cut(&d->json, 0);
		if (buf_add_str(&d->json, got->data, e) < 0)
			return -1;
		r->held += d->json.len;
		free(d->etag);
		d->etag = xstrdup(got->etag);
	}
	r->changed = r->changed || (d->state == DOC_READ ? !got->same : d->etag != NULL);
	/* One slow answer must not pile up all others before it. */
	if (nth > r->told && d->state == DOC_READ && r->held > CATALOG_CACHE) {
		forget(r, d);
		d->state = DOC_DROPPED;
	}
	return tell(r, e);
}

static int
by_name(const void *a, const void *b)
{
	const struct doc *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The documents of root; in order of names, which is not the order of keys: "a-b/" stands before "a/". */
static int
find_docs(struct reading *r, const char *root, enum layout_file f, struct err *e)
{
	AUTO_STRS struct strs dirs = { 0 };

	if (store_list(r->st, root, true, collect_dir, &dirs, r->c, e) < 0)
		return err_ctx(e, "list %s", store_label(r->st));
	for (size_t i = 0; i < dirs.len; i++) {
		char *name = dir_name(dirs.at[i], root);

		*vec_push(&r->docs) = (struct doc){ .name = name, .key = layout_key(name, f),
			.json = BUF_INIT(LIMIT_METADATA) };
	}
	if (r->docs.len > 1)
		qsort(r->docs.at, r->docs.len, sizeof r->docs.at[0], by_name);
	return 0;
}

static int
each(struct store *st, const char *root, enum layout_file f, bool needed, catalog_fn *fn, void *ctx,
	const struct cancel *c, struct err *e)
{
	AUTO(reading_done) struct reading r = { .st = st, .c = c, .needed = needed, .fn = fn, .ctx = ctx };
	AUTO_FREE struct store_want *want = NULL;

	if (find_docs(&r, root, f, e) < 0)
		return -1;
	take_cached(&r, root);
	want = xcalloc(r.docs.len + 1, sizeof *want);
	for (size_t i = 0; i < r.docs.len; i++)
		want[i] = (struct store_want){ r.docs.at[i].key, r.docs.at[i].etag };
	if (store_get_many(st, want, r.docs.len, LIMIT_METADATA, on_got, &r, c, e) < 0)
		return -1;
	if (r.changed)
		keep_cached(&r, root);
	return 0;
}

int
catalog_backups(struct store *st, catalog_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	return each(st, LAYOUT_BACKUPS, LAYOUT_METADATA, true, fn, ctx, c, e);
}

int
catalog_restores(struct store *st, catalog_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	return each(st, LAYOUT_RESTORES, LAYOUT_RESTORE_RECORD, false, fn, ctx, c, e);
}

/* Deletes first (if it is among them), then all others, last (if it is among them) at the end. */
static int
delete_keys(struct store *st, const struct strs *keys, const char *first, const char *last, size_t *n,
	const struct cancel *c, struct err *e)
{
	for (int pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < keys->len; i++) {
			int turn = strcmp(keys->at[i], first) == 0 ? 0 : strcmp(keys->at[i], last) == 0 ? 2 : 1;

			if (turn != pass)
				continue;
			if (cancel_check(c, e) < 0 || store_delete(st, keys->at[i], c, e) < 0)
				return err_ctx(e, "delete %s", keys->at[i]);
			(*n)++;
		}
	}
	return 0;
}

int
catalog_delete(struct store *st, const char *name, size_t *keys, const struct cancel *c, struct err *e)
{
	AUTO_STRS struct strs found = { 0 };
	AUTO_FREE char *dir = layout_backup_dir(name);
	AUTO_FREE char *meta = layout_key(name, LAYOUT_METADATA);
	AUTO_FREE char *claim = layout_key(name, LAYOUT_CLAIM);

	*keys = 0;
	if (layout_check_name("backup", name, e) < 0 || store_list(st, dir, false, collect_key, &found, c, e) < 0)
		return -1;
	if (found.len == 0)
		return err_set(e, EK_NOTFOUND, "no backup '%s' in %s", name, store_label(st));
	return delete_keys(st, &found, meta, claim, keys, c, e);
}

/* *job (heap): who claims the name; NULL: nobody, or it cannot be told. */
static int
read_claim(struct store *st, const char *name, char **job, const struct cancel *c, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_FREE char *key = layout_key(name, LAYOUT_CLAIM);
	struct str raw;
	struct err why;

	*job = NULL;
	if (store_get(st, key, &json, c, &why) < 0) {
		if (why.kind == EK_NOTFOUND || why.kind == EK_LIMIT)
			return 0;
		*e = why;
		return -1;
	}
	if (json_check(buf_str(&json), &why) == 0 && jget(buf_str(&json), "job", &raw))
		*job = jstr_dup(raw);
	return 0;
}

/*
 * As long as the dead run's claim stands nobody can take the name: everything below it is the dead run's.  So the claim
 * goes last, and without it nothing is touched.
 */
int
catalog_sweep(struct store *st, const char *name, const char *job, size_t *keys, const struct cancel *c, struct err *e)
{
	AUTO_STRS struct strs found = { 0 };
	AUTO_FREE char *dir = layout_backup_dir(name);
	AUTO_FREE char *meta = layout_key(name, LAYOUT_METADATA);
	AUTO_FREE char *claim = layout_key(name, LAYOUT_CLAIM);
	AUTO_FREE char *claims = NULL;
	struct store_info info;

	*keys = 0;
	if (layout_check_name("backup", name, e) < 0 || read_claim(st, name, &claims, c, e) < 0)
		return -1;
	if (claims == NULL || strcmp(claims, job) != 0)
		return 0;
	if (store_sweep(st, dir, clock_unix_ns(), keys, c, e) < 0)
		return -1;
	/* It was finished after all; only its claim is left. */
	if (store_head(st, meta, &info, c, e) == 0)
		return store_delete(st, claim, c, e);
	if (e->kind != EK_NOTFOUND || store_list(st, dir, false, collect_key, &found, c, e) < 0
	    || delete_keys(st, &found, meta, claim, keys, c, e) < 0)
		return -1;
	return 0;
}

char *
catalog_claim(struct store *st, const char *name, const struct cancel *c)
{
	char *job = NULL;
	struct err ignored;

	if (layout_check_name("backup", name, &ignored) < 0 || read_claim(st, name, &job, c, &ignored) < 0)
		return NULL;
	return job;
}

struct files { catalog_file_fn *fn; void *ctx; };

static int
on_file(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	struct files *f = ctx;

	return f->fn(f->ctx, key, info != NULL ? info->size : 0, e);
}

int
catalog_files(struct store *st, const char *name, catalog_file_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *dir = layout_backup_dir(name);
	struct files f = { fn, ctx };

	return store_list(st, dir, false, on_file, &f, c, e);
}
