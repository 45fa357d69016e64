/* Checking a stored backup. */
#include "engine/verify.h"

#include "archive/index.h"
#include "archive/layout.h"
#include "archive/tarball.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/gzip.h"
#include "data/jscan.h"
#include "engine/chain.h"
#include "engine/reader.h"

struct verify {
	struct store         *st;
	const char           *name;
	verify_fn            *fn;
	void                 *ctx;
	void                (*progress)(void *ctx, uint64_t bytes);
	const struct cancel  *c;
	struct verify_counts *n;
	struct vbackup        b;
	struct index         *ix;
	char                 *hashes;         /* of the objects; NULL: not known */
	size_t                hashes_len;
	/* streaming the tarball */
	const struct index_member **order;    /* members in the order of the file */
	const struct index_entry  **objects;  /* entries by member and offset */
	size_t                next_member, next_object;
	struct buf            gz, tar;
	uint64_t              at;
	struct sha256        *whole;
};

static void
tell(struct verify *v, const char *what, const char *name, const struct err *why)
{
	if (why != NULL)
		v->n->damaged++;
	v->fn(v->ctx, what, name, why);
}

/* --- files --- */

static int
check_metadata(struct verify *v, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	AUTO_FREE char *key = layout_key(v->name, LAYOUT_METADATA);
	struct err why, ignored;
	bool sound, readable;

	/* Unreadable metadata is damage; an absent one is no backup. */
	if (store_get(v->st, key, &json, v->c, e) < 0)
		return e->kind == EK_NOTFOUND ? reader_metadata(v->st, v->name, &v->b, v->c, e) : -1;
	v->n->files++;
	sound = chain_check_seal(buf_str(&json), &why) >= 0;
	readable = vbackup_read(buf_str(&json), &v->b, sound ? &why : &ignored) == 0;
	if (readable && sound && strcmp(v->b.name, v->name) != 0)
		sound = err_set(&why, EK_CORRUPT, "is of a backup '%s'", v->b.name) == 0;
	tell(v, "file", key, sound && readable ? NULL : &why);
	return readable && strcmp(v->b.name, v->name) == 0 ? 0 : 1;
}

static int
check_side_files(struct verify *v, struct err *e)
{
	static const enum layout_file files[] = { LAYOUT_HASHES, LAYOUT_INDEX, LAYOUT_RESOURCE_LIST, LAYOUT_RESULTS, LAYOUT_VOLUMEINFO,
		LAYOUT_VOLUMESNAPSHOTS, LAYOUT_PODVOLUMEBACKUPS, LAYOUT_ITEMOPERATIONS, LAYOUT_LOGS };

	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO_BUF struct buf gz = BUF_INIT(LIMIT_SIDE_FILE);
		AUTO_BUF struct buf text = BUF_INIT(LIMIT_INDEX);
		AUTO_FREE char *key = layout_key(v->name, files[i]);
		struct err why;
		bool sound;

		if (store_get(v->st, key, &gz, v->c, &why) < 0) {
			if (why.kind != EK_NOTFOUND) {
				*e = why;
				return -1;
			}
			/* Only a file that was there when the backup was made can be missing. */
			if (chain_check(&v->b, files[i], S(""), &why) < 0) {
				err_set(&why, EK_NOTFOUND, "is missing");
				tell(v, "file", key, &why);
			}
			continue;
		}
		v->n->files++;
		sound = chain_check(&v->b, files[i], buf_str(&gz), &why) >= 0 && gzip_unpack(buf_str(&gz), &text, &why) == 0;
		if (sound && files[i] == LAYOUT_HASHES)
			v->hashes = buf_take(&text, &v->hashes_len);
		if (sound && files[i] == LAYOUT_INDEX)
			sound = (v->ix = index_parse(buf_str(&text), (struct str){ v->hashes, v->hashes_len }, &why)) != NULL;
		tell(v, "file", key, sound ? NULL : &why);
	}
	return 0;
}

/* --- our tarball: member after member --- */

/* Entries, then alternates. */
static size_t
n_objects(const struct index *ix)
{
	return ix->n_entries + ix->n_alternates;
}

static const struct index_entry *
nth_object(const struct index *ix, size_t i)
{
	return i < ix->n_entries ? &ix->entries[i] : &ix->alternates[i - ix->n_entries];
}

static void
tell_object(struct verify *v, const struct index_entry *en, const struct err *why)
{
	AUTO_FREE char *name = xasprintf(STR_FMT "/" STR_FMT "%s" STR_FMT "%s" STR_FMT "%s", STR_ARG(en->gr),
		STR_ARG(en->ns), en->ns.len > 0 ? "/" : "", STR_ARG(en->name), en->alternate ? " (" : "",
		STR_ARG(en->alternate ? en->version : S("")), en->alternate ? ")" : "");

	tell(v, "object", name, why);
}

static void
check_object(struct verify *v, const struct index_entry *en)
{
	struct str json = str_sub(buf_str(&v->tar), (size_t)en->off, (size_t)(en->off + en->size));
	uint8_t hash[INDEX_HASH_LEN];
	struct err why;

	v->n->objects += !en->alternate;
	if (json_check(json, &why) < 0 || reader_check_name(en, json, &why) < 0) {
		tell_object(v, en, &why);
		return;
	}
	index_content_hash(json, hash);
	if (v->hashes_len > 0 && memcmp(hash, en->hash, sizeof hash) != 0) {
		err_set(&why, EK_CORRUPT, "does not match its checksum");
		tell_object(v, en, &why);
	}
}

static void
check_member(struct verify *v)
{
	const struct index_member *m = v->order[v->next_member];
	AUTO_FREE char *name = xasprintf("%s at byte %llu", v->name, (unsigned long long)m->off);
	size_t no = (size_t)(m - v->ix->members);
	struct err why;
	bool sound;

	buf_cut(&v->tar, 0);
	sound = tar_member_unpack(m, buf_str(&v->gz), &v->tar, &why) == 0;
	if (!sound)
		tell(v, "member", name, &why);
	/* Objects of one member stand together; members may come in another order than their numbers. */
	for (size_t lo = 0, hi = n_objects(v->ix); lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;

		if (v->objects[mid]->member < no)
			lo = mid + 1;
		else
			hi = mid;
		v->next_object = lo;
	}
	for (; v->next_object < n_objects(v->ix) && v->objects[v->next_object]->member == no; v->next_object++) {
		if (sound)
			check_object(v, v->objects[v->next_object]);
		else
			tell_object(v, v->objects[v->next_object], &why);
	}
	v->next_member++;
	buf_cut(&v->gz, 0);
}

static int
on_bytes(void *ctx, const void *p, size_t n, struct err *e)
{
	struct verify *v = ctx;
	struct str in = { p, n };

	sha256_add(v->whole, p, n);
	while (in.len > 0 && v->next_member < v->ix->n_members) {
		const struct index_member *m = v->order[v->next_member];
		size_t want = (size_t)m->size - v->gz.len, take = in.len < want ? in.len : want;

		if (buf_add(&v->gz, in.p, take, e) < 0)
			return -1;
		in = str_sub(in, take, in.len);
		if (v->gz.len == m->size)
			check_member(v);
	}
	v->at += n;
	if (v->progress != NULL)
		v->progress(v->ctx, v->at);
	return 0;
}

static int
cmp_members(const void *a, const void *b)
{
	const struct index_member *x = *(const struct index_member *const *)a;
	const struct index_member *y = *(const struct index_member *const *)b;

	return (x->off > y->off) - (x->off < y->off);
}

static int
cmp_objects(const void *a, const void *b)
{
	const struct index_entry *x = *(const struct index_entry *const *)a;
	const struct index_entry *y = *(const struct index_entry *const *)b;

	if (x->member != y->member)
		return x->member < y->member ? -1 : 1;
	return (x->off > y->off) - (x->off < y->off);
}

static int
check_ours(struct verify *v, const char *key, struct err *e)
{
	uint8_t digest[SHA256_LEN];
	struct err why;
	int rc;

	v->order = xcalloc(v->ix->n_members + 1, sizeof *v->order);
	v->objects = xcalloc(n_objects(v->ix) + 1, sizeof *v->objects);
	for (size_t i = 0; i < v->ix->n_members; i++)
		v->order[i] = &v->ix->members[i];
	for (size_t i = 0; i < n_objects(v->ix); i++)
		v->objects[i] = nth_object(v->ix, i);
	qsort(v->order, v->ix->n_members, sizeof *v->order, cmp_members);
	qsort(v->objects, n_objects(v->ix), sizeof *v->objects, cmp_objects);
	v->gz = v->tar = (struct buf)BUF_INIT(LIMIT_MEMBER);
	v->whole = sha256_new();
	rc = store_read(v->st, key, on_bytes, v, v->c, e);
	if (rc < 0 && e->kind == EK_NOTFOUND) {
		tell(v, "tarball", key, e);
		rc = 0;
	} else if (rc == 0) {
		sha256_end(v->whole, digest);
		while (v->next_member < v->ix->n_members)
			check_member(v);
		if (v->at != v->ix->tarball_size)
			err_set(&why, EK_CORRUPT, "has %llu bytes, not %llu", (unsigned long long)v->at,
				(unsigned long long)v->ix->tarball_size);
		else if (memcmp(digest, v->ix->tarball_sha256, sizeof digest) != 0)
			err_set(&why, EK_CORRUPT, "does not match its checksum in the index");
		else
			why.kind = EK_NONE;
		v->n->files++;
		tell(v, "tarball", key, why.kind != EK_NONE ? &why : NULL);
	}
	free(v->order);
	free(v->objects);
	buf_free(&v->gz);
	buf_free(&v->tar);
	sha256_free(v->whole);
	return rc;
}

/* --- a tarball without our index: it must unpack and parse --- */

static void
foreign_progress(void *ctx, uint64_t bytes)
{
	struct verify *v = ctx;

	if (v->progress != NULL)
		v->progress(v->ctx, bytes);
}

static int
check_foreign(struct verify *v, const char *key, struct err *e)
{
	AUTO(reader_closep) struct reader *r = reader_open(v->st, &v->b, foreign_progress, v, v->c, e);
	const struct index *ix = r != NULL ? reader_index(r) : NULL;
	struct err why;

	v->n->files++;
	if (r == NULL || reader_unpack(r, v->c, e) < 0) {
		if (e->kind != EK_CORRUPT && e->kind != EK_NOTFOUND && e->kind != EK_LIMIT)
			return -1;
		tell(v, "tarball", key, e);
		return 0;
	}
	for (size_t i = 0; i < n_objects(ix); i++) {
		const struct index_entry *en = nth_object(ix, i);
		struct str json;

		if (reader_object(r, en, &json, v->c, e) < 0)
			return -1;
		v->n->objects += !en->alternate;
		if (reader_check_name(en, json, &why) < 0)
			tell_object(v, en, &why);
	}
	err_set(&why, EK_CORRUPT, "has no mark at its end: it may have been cut off");
	tell(v, "tarball", key, reader_cut_off(r) ? &why : NULL);
	return 0;
}

int
verify_run(struct store *st, const char *name, verify_fn *fn, void *ctx, void (*progress)(void *, uint64_t),
	const struct cancel *c, struct verify_counts *out, struct err *e)
{
	AUTO_FREE char *key = NULL;
	struct verify_counts n = { 0 };
	struct verify v = { .st = st, .name = name, .fn = fn, .ctx = ctx, .progress = progress, .c = c, .n = &n };
	int rc;

	if (layout_check_name("backup", name, e) < 0)
		return -1;
	key = layout_key(name, LAYOUT_TARBALL);
	rc = check_metadata(&v, e);
	if (rc == 0)
		rc = check_side_files(&v, e);
	if (rc == 0) {
		bool indexed = kvs_get(&v.b.annotations, VB_ANNOT_INDEX_SHA256) != NULL;

		if (v.ix != NULL)
			rc = check_ours(&v, key, e);
		else if (!indexed)
			rc = check_foreign(&v, key, e);
	}
	index_free(v.ix);
	free(v.hashes);
	vbackup_done(&v.b);
	*out = n;
	return rc < 0 ? -1 : 0;
}
