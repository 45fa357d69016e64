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

#include <errno.h>
#include <unistd.h>

struct reader {
	struct store         *st;
	const struct vbackup *backup;
	struct index         *ix;
	char                 *key;               /* of the tarball */
	bool                  cut_off;           /* a foreign tarball without the mark at its end */
	int                   spool;             /* objects of a foreign tarball, one after another; -1: read by range */
	struct buf            gz, member;        /* the member that was read last, packed and unpacked */
	size_t                member_no;         /* SIZE_MAX: none */
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
		err_set(e, EK_NOTFOUND, "no backup '%s' in %s (did you mean '%s'?)", name, store_url(st), near.name);
	else
		err_set(e, EK_NOTFOUND, "no backup '%s' in %s", name, store_url(st));
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

static int
load_index(struct reader *r, const struct cancel *c, struct err *e)
{
	AUTO_BUF struct buf gz = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_INDEX);
	AUTO_FREE char *key = layout_key(r->backup->name, LAYOUT_INDEX);

	if (store_get(r->st, key, &gz, c, e) < 0)
		return -1;
	if (check_index_hash(r->backup, buf_str(&gz), e) < 0 || gzip_unpack(buf_str(&gz), &text, e) < 0)
		return err_ctx(e, "%s", key);
	buf_free(&gz);
	r->ix = index_parse(buf_str(&text), e);
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

struct spooling {
	struct reader *r;
	uint64_t       at;
	struct strmap *seen;             /* tar path -> entry number + 1 */
};

static int
on_object(void *ctx, struct str path, struct str json, struct err *e)
{
	struct spooling *s = ctx;
	struct index *ix = s->r->ix;
	struct tar_path p;
	struct index_entry en = { 0 };
	struct str v = { 0 };
	AUTO_FREE char *api = NULL;
	AUTO_FREE char *kind = NULL;
	uintptr_t again;

	if (!tar_path_parse(path, &p))
		return 0;
	if (json_check(json, e) < 0)
		return err_ctx(e, STR_FMT, STR_ARG(path));
	if (jtype(str_trim(json)) != J_OBJ)
		return err_set(e, EK_CORRUPT, STR_FMT ": not a JSON object", STR_ARG(path));
	if (jget(json, "apiVersion", &v))
		api = jstr_dup(v);
	if (jget(json, "kind", &v))
		kind = jstr_dup(v);
	en.gr = p.gr;
	en.version = str_sub(str_of(api), api != NULL && strchr(api, '/') ? str_chr(str_of(api), '/') + 1 : 0,
		str_of(api).len);
	en.kind = str_of(kind);
	en.ns = p.ns;
	en.name = p.name;
	if (jpath(json, &v, "metadata", "labels", NULL))
		en.labels = v;
	en.off = s->at;
	en.size = json.len;
	index_content_hash(json, en.hash);
	if (file_write_all(s->r->spool, json.p, json.len, e) < 0)
		return err_ctx(e, "temporary file for the unpacked backup");
	s->at += json.len;
	index_add(ix, &en);
	/* Of several entries with one name the last counts, as when they are extracted (velero-format 2.1). */
	if (str_starts(path, S("./")))
		path = str_sub(path, 2, path.len);
	again = (uintptr_t)strmap_get(s->seen, path);
	if (again > 0) {
		ix->entries[again - 1] = ix->entries[--ix->n_entries];
		return 0;
	}
	strmap_put(s->seen, path, (void *)(uintptr_t)ix->n_entries);
	return 0;
}

static int
unpack_foreign(struct reader *r, void (*progress)(void *, uint64_t), void *ctx, const struct cancel *c, struct err *e)
{
	struct feed f = { .st = r->st, .key = r->key, .queue = queue_new(PIECES), .stop = { .up = c },
		.progress = progress, .ctx = ctx };
	AUTO(strmap_freep) struct strmap *seen = strmap_new();
	struct spooling s = { .r = r, .seen = seen };
	struct tar_reader_fns fns = { on_object, &s };
	struct thread *t;
	struct piece *rest;
	int rc;

	r->ix = index_new();
	r->spool = file_spool(e);
	if (r->spool < 0 || (t = thread_start("tar-feed", feed_run, &f, e)) == NULL) {
		queue_free(f.queue);
		return -1;
	}
	rc = tar_read(feed_pull, &f, &fns, false, c, e);
	r->cut_off = rc > 0;
	cancel_fire(&f.stop);
	queue_close(f.queue);
	thread_join(t);
	while ((rest = queue_pop(f.queue)) != NULL)
		free(rest);
	free(f.now);
	queue_free(f.queue);
	/* What ended the feed is the cause; that the archive ended early is its effect. */
	if (cancel_check(c, e) < 0) {
		rc = -1;
	} else if (f.result < 0 && f.e.kind != EK_CANCELED) {
		*e = f.e;
		rc = -1;
	}
	return rc < 0 ? err_ctx(e, "%s", r->key) : 0;
}

/* --- opening and reading --- */

struct reader *
reader_open(struct store *st, const struct vbackup *b, void (*progress)(void *, uint64_t), void *ctx,
	const struct cancel *c, struct err *e)
{
	AUTO(reader_closep) struct reader *r = xcalloc(1, sizeof *r);
	struct err why;

	r->st = st;
	r->backup = b;
	r->key = layout_key(b->name, LAYOUT_TARBALL);
	r->spool = -1;
	r->member_no = SIZE_MAX;
	r->gz = (struct buf)BUF_INIT(LIMIT_MEMBER);
	r->member = (struct buf)BUF_INIT(LIMIT_MEMBER);
	if (load_index(r, c, &why) == 0)
		return TAKE(r);
	if (why.kind != EK_NOTFOUND || kvs_get(&b->annotations, VB_ANNOT_INDEX_SHA256) != NULL) {
		*e = why;
		err_ctx(e, "backup '%s'", b->name);
		return NULL;
	}
	if (unpack_foreign(r, progress, ctx, c, e) < 0) {
		err_ctx(e, "backup '%s'", b->name);
		return NULL;
	}
	return TAKE(r);
}

void
reader_close(struct reader *r)
{
	if (r == NULL)
		return;
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
	buf_cut(&r->gz, 0);
	buf_cut(&r->member, 0);
	if (store_get_range(r->st, r->key, m->off, (size_t)m->size, &r->gz, c, e) < 0
	    || tar_member_unpack(m, buf_str(&r->gz), &r->member, e) < 0)
		return err_ctx(e, "%s: member %zu at byte %llu", r->key, no, (unsigned long long)m->off);
	r->member_no = no;
	return 0;
}

int
reader_object(struct reader *r, const struct index_entry *en, struct str *json, const struct cancel *c, struct err *e)
{
	if (r->spool >= 0)
		return read_spool(r, en, json, e);
	if (r->member_no != en->member && load_member(r, en->member, c, e) < 0)
		return -1;
	*json = str_sub(buf_str(&r->member), (size_t)en->off, (size_t)(en->off + en->size));
	/* The member matched its checksum, so this can only fail for an index that lies. */
	if (json->len != en->size || json_check(*json, e) < 0)
		return err_set(e, EK_CORRUPT, "%s: no object at byte %llu of member %u", r->key,
			(unsigned long long)en->off, en->member);
	return 0;
}

struct discovery *
reader_discovery(const struct reader *r)
{
	struct discovery *d = xcalloc(1, sizeof *d);
	AUTO(strmap_freep) struct strmap *seen = strmap_new();

	for (size_t i = 0; i < r->ix->n_entries; i++) {
		const struct index_entry *en = &r->ix->entries[i];
		struct api_resource *res;
		size_t dot = str_chr(en->gr, '.');

		if (!strmap_add(seen, en->gr))
			continue;
		res = vec_push(&d->all);
		*res = (struct api_resource){ .group = str_dup(str_sub(en->gr, dot + 1, en->gr.len)),
			.version = str_dup(en->version), .name = str_dup(str_sub(en->gr, 0, dot)),
			.kind = str_dup(en->kind), .gr = str_dup(en->gr), .namespaced = en->ns.len > 0,
			.preferred = true };
		res->singular = str_dup(en->kind);
		res->api_version = dot < en->gr.len ? xasprintf("%s/%s", res->group, res->version)
			: xstrdup(res->version);
	}
	return d;
}
