/* Reading stored backups. */
#include "engine/reader.h"

#include "archive/tarball.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "base/thread.h"
#include "data/gzip.h"
#include "data/jscan.h"
#include "engine/ahead.h"
#include "engine/cache.h"
#include "engine/chain.h"
#include "engine/short_names.h"

#include <errno.h>
#include <unistd.h>

struct reader {
	struct store         *st;
	const struct vbackup *backup;
	struct index         *ix;
	char                 *key;               /* of the tarball */
	bool                  foreign;           /* a tarball without an index of ours */
	bool                  cut_off;           /* it lacks the mark at its end */
	bool                  hashed;            /* entries have their hashes */
	int                   spool;             /* its objects, one after another; -1: not unpacked (yet) */
	void                (*progress)(void *ctx, uint64_t bytes);
	void                 *ctx;
	struct buf            gz, member;        /* the member that was read last, packed and unpacked */
	size_t                member_no;         /* SIZE_MAX: none */
	struct ahead         *ahead;             /* members that are wanted soon; NULL: nobody said which */
};

/* --- metadata and side files --- */

struct nearest {
	struct str wanted;
	char      *name;
	unsigned   distance;
};

static int
on_backup_dir(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	struct nearest *n = ctx;
	struct str name = str_sub(str_of(key), sizeof LAYOUT_BACKUPS - 1, strlen(key) - 1);
	unsigned d = str_distance(n->wanted, name);

	(void)e;
	if (info == NULL && d < n->distance) {
		free(n->name);
		n->name = str_dup(name);
		n->distance = d;
	}
	return 0;
}

static int
not_found(struct store *st, const char *name, const struct cancel *c, struct err *e)
{
	struct nearest near = { str_of(name), NULL, 4 };
	struct err ignored;

	if (store_list(st, LAYOUT_BACKUPS, true, on_backup_dir, &near, c, &ignored) == 0 && near.name != NULL)
		err_set(e, EK_NOTFOUND, "no backup '%s' in %s (did you mean '%s'?)", name, store_label(st), near.name);
	else
		err_set(e, EK_NOTFOUND, "no backup '%s' in %s", name, store_label(st));
	free(near.name);
	return -1;
}

int
reader_metadata(struct store *st, const char *name, struct vbackup *out, const struct cancel *c, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	AUTO_FREE char *key = NULL;

	if (layout_check_name("backup", name, e) < 0)
		return -1;
	key = layout_key(name, LAYOUT_METADATA);
	if (store_get(st, key, &json, c, e) < 0)
		return e->kind == EK_NOTFOUND ? not_found(st, name, c, e) : err_ctx(e, "backup '%s'", name);
	if (vbackup_read(buf_str(&json), out, e) < 0)
		return err_ctx(e, "backup '%s': %s", name, key);
	/* Velero syncs by the name inside (velero-format 7, 10); a copy under another name is not what it says. */
	if (strcmp(out->name, name) != 0) {
		err_set(e, EK_CORRUPT, "backup '%s': its metadata is of a backup '%s'", name, out->name);
		vbackup_done(out);
		return -1;
	}
	return 0;
}

int
reader_side_file(struct store *st, const char *name, enum layout_file f, struct buf *out, const struct cancel *c,
	struct err *e)
{
	AUTO_BUF struct buf gz = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_FREE char *key = layout_key(name, f);

	if (store_get(st, key, &gz, c, e) < 0)
		return err_ctx(e, "%s", key);
	if (gzip_unpack(buf_str(&gz), out, e) < 0)
		return err_ctx(e, "%s", key);
	return 0;
}

/* --- our tarballs: by index --- */

static int
check_index_hash(const struct vbackup *b, struct str gz, struct err *e)
{
	const char *want = kvs_get(&b->annotations, VB_ANNOT_INDEX_SHA256);
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX];

	if (want == NULL)
		return 0;
	sha256(gz.p, gz.len, digest);
	if (strcmp(hex_encode(hex, digest, sizeof digest), want) != 0)
		return err_set(e, EK_CORRUPT, "does not match the checksum in velero-backup.json");
	return 0;
}

/* A small index is fetched as fast as looked up. */
#define CACHED_FROM (64 * KIB)

/* Appends the packed index.  What the metadata's checksum proves to be it may come from the cache. */
static int
get_index(struct reader *r, const char *key, struct buf *gz, const struct cancel *c, struct err *e)
{
	const char *want = kvs_get(&r->backup->annotations, VB_ANNOT_INDEX_SHA256);
	AUTO_FREE char *cached = xasprintf("index 1\n%s", want != NULL ? want : "");
	struct err ignored;

	if (want != NULL && cache_get(str_of(cached), gz) && check_index_hash(r->backup, buf_str(gz), &ignored) == 0)
		return 0;
	buf_cut(gz, 0);
	if (store_get(r->st, key, gz, c, e) < 0)
		return -1;
	if (check_index_hash(r->backup, buf_str(gz), e) < 0)
		return err_ctx(e, "%s", key);
	if (want != NULL && gz->len >= CACHED_FROM)
		cache_put(str_of(cached), buf_str(gz));
	return 0;
}

/* Appends the hashes, if they are there and what the metadata says: without them objects have to be compared. */
static void
get_hashes(struct reader *r, struct buf *text, const struct cancel *c)
{
	const char *index = kvs_get(&r->backup->annotations, VB_ANNOT_INDEX_SHA256);
	AUTO_FREE char *cached = xasprintf("hashes 1\n%s", index != NULL ? index : "");
	AUTO_FREE char *key = layout_key(r->backup->name, LAYOUT_HASHES);
	AUTO_BUF struct buf gz = BUF_INIT(LIMIT_SIDE_FILE);
	struct err ignored;
	bool known = index != NULL && cache_get(str_of(cached), &gz)
		&& chain_check(r->backup, LAYOUT_HASHES, buf_str(&gz), &ignored) > 0;

	if (!known) {
		buf_cut(&gz, 0);
		if (store_get(r->st, key, &gz, c, &ignored) < 0
		    || chain_check(r->backup, LAYOUT_HASHES, buf_str(&gz), &ignored) <= 0)
			return;
	}
	if (gzip_unpack(buf_str(&gz), text, &ignored) == 0 && !known && index != NULL && gz.len >= CACHED_FROM)
		cache_put(str_of(cached), buf_str(&gz));
}

static int
load_index(struct reader *r, bool with_hashes, const struct cancel *c, struct err *e)
{
	AUTO_BUF struct buf gz = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_INDEX);
	AUTO_BUF struct buf hashes = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_FREE char *key = layout_key(r->backup->name, LAYOUT_INDEX);
	struct err ignored;

	if (get_index(r, key, &gz, c, e) < 0)
		return -1;
	if (gzip_unpack(buf_str(&gz), &text, e) < 0)
		return err_ctx(e, "%s", key);
	buf_free(&gz);
	if (with_hashes)
		get_hashes(r, &hashes, c);
	if (hashes.len > 0)
		r->ix = index_parse(buf_str(&text), buf_str(&hashes), &ignored);
	r->hashed = r->ix != NULL;
	if (r->ix == NULL)
		r->ix = index_parse(buf_str(&text), S(""), e);
	return r->ix == NULL ? err_ctx(e, "%s", key) : 0;
}

/* --- foreign tarballs: one pass into a private file --- */

#define PIECES 16

struct piece { size_t len; char p[]; };

/* The store pushes, the tar reader pulls: a thread and a short queue stand between them. */
struct feed {
	struct store  *st;
	const char    *key;
	struct queue  *queue;
	struct cancel  stop;              /* fired when the puller has had enough */
	struct err     e;
	int            result;
	struct piece  *now;               /* being pulled from */
	size_t         at;
	uint64_t       total;
	void         (*progress)(void *ctx, uint64_t bytes);
	void          *ctx;
};

static int
feed_push(void *ctx, const void *p, size_t n, struct err *e)
{
	struct feed *f = ctx;
	struct piece *piece = xmalloc(sizeof *piece + n);

	piece->len = n;
	memcpy(piece->p, p, n);
	if (!queue_push(f->queue, piece)) {
		free(piece);
		return err_set(e, EK_CANCELED, "not wanted any more");
	}
	return 0;
}

static void
feed_run(void *arg)
{
	struct feed *f = arg;

	f->result = store_read(f->st, f->key, feed_push, f, &f->stop, &f->e);
	queue_close(f->queue);
}

static int64_t
feed_pull(void *ctx, void *p, size_t n, struct err *e)
{
	struct feed *f = ctx;
	size_t take;

	(void)e;
	if (f->now == NULL) {
		f->now = queue_pop(f->queue);
		f->at = 0;
		if (f->now == NULL)
			return 0;
	}
	take = f->now->len - f->at < n ? f->now->len - f->at : n;
	memcpy(p, f->now->p + f->at, take);
	f->at += take;
	f->total += take;
	if (f->at == f->now->len) {
		free(f->now);
		f->now = NULL;
		if (f->progress != NULL)
			f->progress(f->ctx, f->total);
	}
	return (int64_t)take;
}

/*
 * What the pass makes of an archive: entries of unversioned copies, alternates of versioned ones (velero-format 2.2)
 * unless the unversioned copy is of the same version and stands for both.  Of copies with one name the last counts,
 * as when they are extracted (velero-format 2.1).
 */
struct spooling {
	struct index  *ix;
	int            fd;
	uint64_t       at;
	struct strmap *seen;             /* place -> number in entries or alternates, + 1 */
	struct buf     place;
	struct buf     fresh;            /* place of the newest alternate, if nothing was spooled after it */
};

/* "gr/ns/name" of entries, "gr/ns/name/version" of alternates: no part has a '/'. */
static struct str
place_of(struct spooling *s, const struct index_entry *en, bool alternate)
{
	struct buf *b = &s->place;

	buf_cut(b, 0);
	buf_put_str(b, en->gr);
	buf_putc(b, '/');
	buf_put_str(b, en->ns);
	buf_putc(b, '/');
	buf_put_str(b, en->name);
	if (alternate) {
		buf_putc(b, '/');
		buf_put_str(b, en->version);
	}
	return buf_str(b);
}

/* The entry or alternate with the place of en; what was in it before may have been dropped. */
static struct index_entry *
find_seen(struct spooling *s, const struct index_entry *en, bool alternate)
{
	size_t no = (uintptr_t)strmap_get(s->seen, place_of(s, en, alternate));
	struct index_entry *was;

	if (no == 0 || no > (alternate ? s->ix->n_alternates : s->ix->n_entries))
		return NULL;
	was = alternate ? &s->ix->alternates[no - 1] : &s->ix->entries[no - 1];
	return str_eq(was->name, en->name) && str_eq(was->ns, en->ns) && str_eq(was->gr, en->gr)
		&& (!alternate || str_eq(was->version, en->version)) ? was : NULL;
}

/* The unversioned copy that says the same as this alternate. */
static bool
has_twin(struct spooling *s, const struct index_entry *alternate)
{
	const struct index_entry *plain = find_seen(s, alternate, false);

	return plain != NULL && str_eq(plain->version, alternate->version);
}

static void
add(struct spooling *s, const struct index_entry *en)
{
	struct index_entry *was = find_seen(s, en, en->alternate), *now = index_add(s->ix, en);
	size_t *n = en->alternate ? &s->ix->n_alternates : &s->ix->n_entries;

	buf_cut(&s->fresh, 0);
	if (was != NULL) {
		/* index_add may have moved them. */
		find_seen(s, en, en->alternate)[0] = *now;
		(*n)--;
		return;
	}
	strmap_put(s->seen, place_of(s, en, en->alternate), (void *)(uintptr_t)*n);
	if (en->alternate)
		buf_put_str(&s->fresh, buf_str(&s->place));
}

/* Velero writes the two copies of an object one after the other: the second takes the place of the first. */
static void
drop_fresh_twin(struct spooling *s, const struct index_entry *en)
{
	if (s->fresh.len > 0 && str_eq(place_of(s, en, true), buf_str(&s->fresh)))
		s->at = s->ix->alternates[--s->ix->n_alternates].off;
}

static int
spool(struct spooling *s, struct str json, struct err *e)
{
	if (lseek(s->fd, (off_t)s->at, SEEK_SET) < 0)
		return err_sys(e, errno, "temporary file for the unpacked backup");
	if (file_write_all(s->fd, json.p, json.len, e) < 0)
		return err_ctx(e, "temporary file for the unpacked backup");
	s->at += json.len;
	return 0;
}

/* "apps/v1" -> "v1" */
static struct str
version_in(const char *api)
{
	struct str s = str_of(api);
	size_t slash = str_chr(s, '/');

	return slash < s.len ? str_sub(s, slash + 1, s.len) : s;
}

static int
on_object(void *ctx, struct str path, struct str json, struct err *e)
{
	struct spooling *s = ctx;
	struct tar_path p;
	struct index_entry en;
	struct str v = { 0 };
	AUTO_FREE char *api = NULL;
	AUTO_FREE char *kind = NULL;

	if (!tar_path_parse(path, &p))
		return 0;
	if (jget(json, "apiVersion", &v))
		api = jstr_dup(v);
	en = (struct index_entry){ .gr = p.gr, .ns = p.ns, .name = p.name, .version = version_in(api),
		.alternate = p.version.len > 0 };
	if (en.alternate && en.version.len == 0)
		en.version = p.version;
	if (en.alternate && has_twin(s, &en))
		return 0;
	if (json_check(json, e) < 0)
		return err_ctx(e, STR_FMT, STR_ARG(path));
	if (jtype(str_trim(json)) != J_OBJ)
		return err_set(e, EK_CORRUPT, STR_FMT ": not a JSON object", STR_ARG(path));
	if (jget(json, "kind", &v))
		kind = jstr_dup(v);
	en.kind = str_of(kind);
	if (jpath(json, &v, "metadata", "labels", NULL) && jtype(v) == J_OBJ)
		en.labels = v;
	if (!en.alternate)
		drop_fresh_twin(s, &en);
	en.off = s->at;
	en.size = json.len;
	index_content_hash(json, en.hash);
	add(s, &en);
	return spool(s, json, e);
}

/* Alternates that came long before their unversioned copy. */
static void
drop_twins(struct spooling *s)
{
	struct index *ix = s->ix;
	size_t n = 0;

	for (size_t i = 0; i < ix->n_alternates; i++)
		if (!has_twin(s, &ix->alternates[i]))
			ix->alternates[n++] = ix->alternates[i];
	ix->n_alternates = n;
}

/* Feeds the tarball through s.  1: it lacks the mark at its end. */
static int
feed_through(struct reader *r, struct spooling *s, const struct cancel *c, struct err *e)
{
	struct feed f = { .st = r->st, .key = r->key, .queue = queue_new(PIECES), .stop = { .up = c },
		.progress = r->progress, .ctx = r->ctx };
	struct tar_reader_fns fns = { on_object, s };
	struct thread *t = thread_start("tar-feed", feed_run, &f, e);
	struct piece *rest;
	int rc;

	if (t == NULL) {
		queue_free(f.queue);
		return -1;
	}
	rc = tar_read(feed_pull, &f, &fns, c, e);
	cancel_fire(&f.stop);
	queue_close(f.queue);
	thread_join(t);
	while ((rest = queue_pop(f.queue)) != NULL)
		free(rest);
	free(f.now);
	queue_free(f.queue);
	/* What ended the feed is the cause; that the archive ended early is its effect. */
	if (cancel_check(c, e) < 0)
		return -1;
	if (f.result < 0 && f.e.kind != EK_CANCELED) {
		*e = f.e;
		return -1;
	}
	return rc;
}

/* Fills the spool and a new index of it, whose one member is the spool. */
static struct index *
unpack(struct reader *r, const struct cancel *c, struct err *e)
{
	AUTO(strmap_freep) struct strmap *seen = strmap_new();
	AUTO(index_freep) struct index *ix = index_new();
	AUTO(file_close) int fd = file_spool(e);
	struct spooling s = { .ix = ix, .fd = fd, .seen = seen, .place = BUF_INIT(LIMIT_TAR_NAME * 2),
		.fresh = BUF_INIT(LIMIT_TAR_NAME * 2) };
	int rc = fd < 0 ? -1 : feed_through(r, &s, c, e);

	drop_twins(&s);
	buf_free(&s.place);
	buf_free(&s.fresh);
	if (rc < 0) {
		err_ctx(e, "%s", r->key);
		return NULL;
	}
	index_add_member(ix)->tar_size = s.at;
	r->cut_off = rc > 0;
	r->spool = fd;
	fd = -1;
	return TAKE(ix);
}

/* --- the index of a foreign tarball, for the next time --- */

/* Heap; NULL: nothing tells this tarball from another one under the same name. */
static char *
foreign_key(const struct reader *r, const struct store_info *info)
{
	if (info->etag[0] == '\0' || info->size < CACHED_FROM)
		return NULL;
	return xasprintf("foreign 1\n%s\n%s\n%s\n%llu", store_url(r->st), r->key, info->etag,
		(unsigned long long)info->size);
}

/* What is cached is one byte, '1' for a tarball that is cut off, and the packed index. */
static bool
load_cached(struct reader *r, const struct store_info *info)
{
	AUTO_FREE char *key = foreign_key(r, info);
	AUTO_BUF struct buf file = BUF_INIT(CACHE_MAX);
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_INDEX);
	struct err ignored;

	if (key == NULL || !cache_get(str_of(key), &file) || file.len == 0
	    || gzip_unpack(str_sub(buf_str(&file), 1, file.len), &text, &ignored) < 0)
		return false;
	r->ix = index_parse(buf_str(&text), S(""), &ignored);
	r->cut_off = file.p[0] == '1';
	return r->ix != NULL;
}

static void
keep_cached(const struct reader *r, struct index *ix, const struct store_info *info, const struct cancel *c)
{
	AUTO_FREE char *key = foreign_key(r, info);
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_INDEX);
	AUTO_BUF struct buf file = BUF_INIT(CACHE_MAX);
	struct store_info after;
	struct err ignored;
	uint64_t end = 0;

	/* It may have been replaced while it was read. */
	if (key == NULL || store_head(r->st, r->key, &after, c, &ignored) < 0 || strcmp(info->etag, after.etag) != 0)
		return;
	ix->members[0].size = ix->tarball_size = info->size;
	index_put_head(&text, ix, ix->n_entries + ix->n_alternates);
	for (size_t i = 0; i < ix->n_entries; i++)
		index_put_line(&text, &ix->entries[i], &end, true);
	for (size_t i = 0; i < ix->n_alternates; i++)
		index_put_line(&text, &ix->alternates[i], &end, true);
	buf_putc(&file, r->cut_off ? '1' : '0');
	if (gzip_pack(buf_str(&text), &file, &ignored) == 0)
		cache_put(str_of(key), buf_str(&file));
}

static bool
same_entries(const struct index_entry *a, size_t n_a, const struct index_entry *b, size_t n_b)
{
	for (size_t i = 0; i < n_a && n_a == n_b; i++)
		if (a[i].off != b[i].off || a[i].size != b[i].size || memcmp(a[i].hash, b[i].hash, sizeof a[i].hash) != 0)
			return false;
	return n_a == n_b;
}

/* The index came from the cache, and now the objects are needed. */
int
reader_unpack(struct reader *r, const struct cancel *c, struct err *e)
{
	AUTO(index_freep) struct index *ix = NULL;
	struct store_info info;

	if (!r->foreign || r->spool >= 0)
		return 0;
	if (store_head(r->st, r->key, &info, c, e) < 0)
		return -1;
	ix = unpack(r, c, e);
	if (ix == NULL)
		return -1;
	if (same_entries(ix->entries, ix->n_entries, r->ix->entries, r->ix->n_entries)
	    && same_entries(ix->alternates, ix->n_alternates, r->ix->alternates, r->ix->n_alternates))
		return 0;
	keep_cached(r, ix, &info, c);
	file_close(&r->spool);
	return err_set(e, EK_CONFLICT, "%s has changed since it was listed: try again", r->key);
}

static int
open_foreign(struct reader *r, const struct cancel *c, struct err *e)
{
	struct store_info info;

	r->foreign = r->hashed = true;
	if (store_head(r->st, r->key, &info, c, e) < 0)
		return -1;
	if (load_cached(r, &info))
		return 0;
	r->ix = unpack(r, c, e);
	if (r->ix == NULL)
		return -1;
	keep_cached(r, r->ix, &info, c);
	return 0;
}

/* --- opening and reading --- */

static struct reader *
open_reader(struct store *st, const struct vbackup *b, bool with_hashes, void (*progress)(void *, uint64_t), void *ctx,
	const struct cancel *c, struct err *e)
{
	AUTO(reader_closep) struct reader *r = xcalloc(1, sizeof *r);
	struct err why;

	r->st = st;
	r->backup = b;
	r->key = layout_key(b->name, LAYOUT_TARBALL);
	r->spool = -1;
	r->progress = progress;
	r->ctx = ctx;
	r->member_no = SIZE_MAX;
	r->gz = (struct buf)BUF_INIT(LIMIT_MEMBER);
	r->member = (struct buf)BUF_INIT(LIMIT_MEMBER);
	if (load_index(r, with_hashes, c, &why) == 0)
		return TAKE(r);
	if (why.kind != EK_NOTFOUND || kvs_get(&b->annotations, VB_ANNOT_INDEX_SHA256) != NULL) {
		*e = why;
		err_ctx(e, "backup '%s'", b->name);
		return NULL;
	}
	if (open_foreign(r, c, e) < 0) {
		err_ctx(e, "backup '%s'", b->name);
		return NULL;
	}
	return TAKE(r);
}

struct reader *
reader_open(struct store *st, const struct vbackup *b, void (*progress)(void *, uint64_t), void *ctx,
	const struct cancel *c, struct err *e)
{
	return open_reader(st, b, false, progress, ctx, c, e);
}

struct reader *
reader_open_hashed(struct store *st, const struct vbackup *b, void (*progress)(void *, uint64_t), void *ctx,
	const struct cancel *c, struct err *e)
{
	return open_reader(st, b, true, progress, ctx, c, e);
}

bool
reader_hashed(const struct reader *r)
{
	return r->hashed;
}

void
reader_move(struct reader *r, struct store *st)
{
	r->st = st;
}

void
reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	ahead_free(r->ahead);
	file_close(&r->spool);
	index_free(r->ix);
	buf_free(&r->gz);
	buf_free(&r->member);
	free(r->key);
	free(r);
}

void
reader_closep(struct reader **r)
{
	reader_close(*r);
	*r = NULL;
}

bool
reader_cut_off(const struct reader *r)
{
	return r->cut_off;
}

int
reader_check_name(const struct index_entry *en, struct str json, struct err *e)
{
	struct str meta = { 0 }, ns = S("\"\""), name = S("\"\"");

	(void)jget(json, "metadata", &meta);
	(void)jget(meta, "namespace", &ns);
	(void)jget(meta, "name", &name);
	if (jstr_eq(name, en->name) && jstr_eq(ns, en->ns))
		return 0;
	return err_set(e, EK_CORRUPT, "is another object inside: its metadata says " STR_FMT " in namespace " STR_FMT,
		STR_ARG(name), STR_ARG(ns));
}

const struct index *
reader_index(const struct reader *r)
{
	return r->ix;
}

static int
read_spool(struct reader *r, const struct index_entry *en, struct str *json, struct err *e)
{
	char *p;
	size_t done = 0;

	buf_cut(&r->member, 0);
	if ((p = buf_room(&r->member, en->size, e)) == NULL)
		return -1;
	while (done < en->size) {
		ssize_t n = pread(r->spool, p + done, en->size - done, (off_t)(en->off + done));

		if (n <= 0)
			return err_sys(e, n == 0 ? EIO : errno, "temporary file for the unpacked backup");
		done += (size_t)n;
	}
	buf_grew(&r->member, en->size);
	*json = buf_str(&r->member);
	return 0;
}

static int
load_member(struct reader *r, size_t no, const struct cancel *c, struct err *e)
{
	const struct index_member *m = &r->ix->members[no];

	r->member_no = SIZE_MAX;
	if (r->ahead != NULL && ahead_has(r->ahead, (uint32_t)no)) {
		if (ahead_take(r->ahead, (uint32_t)no, &r->member, e) < 0)
			return err_ctx(e, "%s: member %zu at byte %llu", r->key, no, (unsigned long long)m->off);
		r->member_no = no;
		return 0;
	}
	buf_cut(&r->gz, 0);
	buf_cut(&r->member, 0);
	if (store_get_range(r->st, r->key, m->off, (size_t)m->size, &r->gz, c, e) < 0
	    || tar_member_unpack(m, buf_str(&r->gz), &r->member, e) < 0)
		return err_ctx(e, "%s: member %zu at byte %llu", r->key, no, (unsigned long long)m->off);
	r->member_no = no;
	return 0;
}

void
reader_ahead(struct reader *r, const struct index_entry *const *entries, size_t n, const struct cancel *c)
{
	struct VEC_OF(uint32_t) members = { 0 };
	struct err e;

	for (size_t i = 0; i < n && !r->foreign; i++)
		if (members.len == 0 || members.at[members.len - 1] != entries[i]->member)
			*vec_push(&members) = entries[i]->member;
	ahead_free(TAKE(r->ahead));
	/* Without a second connection everything is read when it is asked for, as ever. */
	if (members.len > 1)
		r->ahead = ahead_new(store_url(r->st), r->key, r->ix, members.at, members.len, c, &e);
	vec_free(&members);
}

int
reader_object(struct reader *r, const struct index_entry *en, struct str *json, const struct cancel *c, struct err *e)
{
	if (r->foreign)
		return reader_unpack(r, c, e) < 0 ? -1 : read_spool(r, en, json, e);
	if (r->member_no != en->member && load_member(r, en->member, c, e) < 0)
		return -1;
	*json = str_sub(buf_str(&r->member), (size_t)en->off, (size_t)(en->off + en->size));
	/* The member matched its checksum, so this can only fail for an index that lies. */
	if (json->len != en->size || json_check(*json, e) < 0)
		return err_set(e, EK_CORRUPT, "%s: no object at byte %llu of member %u", r->key,
			(unsigned long long)en->off, en->member);
	return 0;
}

/* A type by one of its objects. */
static void
add_type(struct discovery *d, const struct index_entry *en)
{
	struct api_resource *res = vec_push(&d->all);
	size_t dot = str_chr(en->gr, '.');

	*res = (struct api_resource){ .group = str_dup(str_sub(en->gr, dot + 1, en->gr.len)),
		.version = str_dup(en->version), .name = str_dup(str_sub(en->gr, 0, dot)),
		.kind = str_dup(en->kind), .gr = str_dup(en->gr), .namespaced = en->ns.len > 0,
		.preferred = true };
	res->singular = str_dup(en->kind);
	res->api_version = dot < en->gr.len ? xasprintf("%s/%s", res->group, res->version)
		: xstrdup(res->version);
	short_names_add(&res->short_names, en->gr);
}

struct discovery *
reader_discovery(const struct reader *r)
{
	struct discovery *d = xcalloc(1, sizeof *d);
	AUTO(strmap_freep) struct strmap *seen = strmap_new();

	for (size_t i = 0; i < r->ix->n_entries; i++)
		if (strmap_add(seen, r->ix->entries[i].gr))
			add_type(d, &r->ix->entries[i]);
	return d;
}

struct discovery *
reader_type_of(const struct index_entry *en)
{
	struct discovery *d = xcalloc(1, sizeof *d);

	add_type(d, en);
	return d;
}
