/* The index of a tarball: memory, lines, checks, and the hash of an object's content. */
#include "archive/index.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "data/jscan.h"
#include "data/jwrite.h"

#include <inttypes.h>
#include <string.h>

#define INDEX_FORMAT   2
#define INDEX_HASH_HEX (2 * INDEX_HASH_LEN)

struct index *
index_new(void)
{
	struct index *ix = xcalloc(1, sizeof *ix);

	ix->texts = strmap_new();
	return ix;
}

void
index_free(struct index *ix)
{
	if (!ix)
		return;
	strmap_free(ix->texts);
	arena_done(&ix->arena);
	free(ix->members);
	free(ix->entries);
	free(ix->alternates);
	free(ix);
}

void
index_freep(struct index **ix)
{
	index_free(TAKE(*ix));
}

struct index_member *
index_add_member(struct index *ix)
{
	struct index_member *m;

	ix->members = vec_grow(ix->members, ix->n_members, &ix->cap_members, sizeof *ix->members);
	m = &ix->members[ix->n_members++];
	*m = (struct index_member){ 0 };
	return m;
}

/* The one copy of s; like: what the entry before has there, which is nearly always the same. */
static struct str
share(struct index *ix, struct str s, struct str like)
{
	struct str *text;

	if (s.len == 0)
		return S("");
	if (str_eq(s, like))
		return like;
	text = strmap_get(ix->texts, s);
	if (!text) {
		text = arena_alloc(&ix->arena, sizeof *text);
		*text = arena_str(&ix->arena, s);
		strmap_put(ix->texts, s, text);
	}
	return *text;
}

static struct str
keep(struct index *ix, struct str s)
{
	return s.len > 0 ? arena_str(&ix->arena, s) : S("");
}

struct index_entry *
index_add(struct index *ix, const struct index_entry *src)
{
	struct index_entry **at = src->alternate ? &ix->alternates : &ix->entries, *last;
	size_t *n = src->alternate ? &ix->n_alternates : &ix->n_entries;
	size_t *cap = src->alternate ? &ix->cap_alternates : &ix->cap_entries;
	struct index_entry en = *src, before = { 0 };

	if (*n > 0)
		before = (*at)[*n - 1];
	en.gr = share(ix, en.gr, before.gr);
	en.version = share(ix, en.version, before.version);
	en.kind = share(ix, en.kind, before.kind);
	en.ns = share(ix, en.ns, before.ns);
	en.name = keep(ix, en.name);
	en.labels = keep(ix, en.labels);
	*at = vec_grow(*at, *n, cap, sizeof en);
	last = &(*at)[(*n)++];
	*last = en;
	return last;
}

/* Labels as they came may span lines, which a file of JSON lines does not forgive. */
static void
put_labels(struct jw *w, struct str labels)
{
	char *line;

	jw_key(w, "l");
	if (str_chr(labels, '\n') == labels.len && str_chr(labels, '\r') == labels.len) {
		jw_raw(w, labels);
		return;
	}
	line = str_dup(labels);
	for (size_t i = 0; i < labels.len; i++)
		if (line[i] == '\n' || line[i] == '\r')
			line[i] = ' ';
	jw_raw(w, (struct str){ line, labels.len });
	free(line);
}

static void
end_line(struct jw *w, struct buf *out)
{
	struct err e = { 0 };
	int rc = jw_done(w, &e);

	assert_that(rc == 0);
	buf_putc(out, '\n');
}

void
index_put_line(struct buf *out, const struct index_entry *en, uint64_t *end, bool with_hash)
{
	char hex[INDEX_HASH_HEX + 1];
	struct jw w;

	jw_init(&w, out, false);
	jw_obj(&w);
	jw_kv_str(&w, "g", en->gr);
	jw_kv_str(&w, "v", en->version);
	jw_kv_str(&w, "k", en->kind);
	if (en->ns.len > 0)
		jw_kv_str(&w, "ns", en->ns);
	jw_kv_str(&w, "n", en->name);
	if (en->labels.len > 0)
		put_labels(&w, en->labels);
	jw_kv_uint(&w, "m", en->member);
	jw_kv_int(&w, "o", (int64_t)(en->off - *end));
	jw_kv_uint(&w, "s", en->size);
	*end = en->off + en->size;
	if (with_hash)
		jw_kv_str(&w, "h", (struct str){ hex_encode(hex, en->hash, INDEX_HASH_LEN), INDEX_HASH_HEX });
	if (en->alternate)
		jw_kv_bool(&w, "alt", true);
	jw_obj_end(&w);
	end_line(&w, out);
}

void
index_put_head(struct buf *out, const struct index *ix, uint64_t objects)
{
	char hex[SHA256_HEX];
	struct jw w;

	jw_init(&w, out, false);
	jw_obj(&w);
	jw_kv_int(&w, "orlopIndex", INDEX_FORMAT);
	jw_kv_text(&w, "version", PACKAGE_VERSION);
	jw_key(&w, "tarball");
	jw_obj(&w);
	jw_kv_uint(&w, "size", ix->tarball_size);
	jw_kv_text(&w, "sha256", hex_encode(hex, ix->tarball_sha256, SHA256_LEN));
	jw_obj_end(&w);
	jw_kv_uint(&w, "objects", objects);
	jw_key(&w, "members");
	jw_arr(&w);
	for (size_t i = 0; i < ix->n_members; i++) {
		const struct index_member *m = &ix->members[i];

		jw_arr(&w);
		jw_uint(&w, m->off);
		jw_uint(&w, m->size);
		jw_uint(&w, m->tar_off);
		jw_uint(&w, m->tar_size);
		jw_text(&w, hex_encode(hex, m->sha256, SHA256_LEN));
		jw_arr_end(&w);
	}
	jw_arr_end(&w);
	jw_obj_end(&w);
	end_line(&w, out);
}

/* --- reading --- */

static bool
get_u64(struct str raw, uint64_t *out)
{
	int64_t v;

	if (!jint(raw, &v) || v < 0)
		return false;
	*out = (uint64_t)v;
	return true;
}

static bool
get_hex(struct str raw, uint8_t *out, size_t n)
{
	struct str text;

	return jstr_plain(raw, &text) && hex_decode(text, out, n);
}

/* A row of the header's table: [off, size, taroff, tarsize, "hex"]. */
static int
parse_member(struct index *ix, struct str row, struct err *e)
{
	struct index_member m = { 0 };
	uint64_t *const numbers[] = { &m.off, &m.size, &m.tar_off, &m.tar_size };
	struct jiter it;
	struct str val;
	size_t n = 0;
	bool ok = jiter_arr(&it, row);

	for (; ok && jiter_next(&it, NULL, &val); n++)
		ok = n < COUNT(numbers) ? get_u64(val, numbers[n]) : get_hex(val, m.sha256, sizeof m.sha256);
	if (!ok || n != COUNT(numbers) + 1)
		return err_set(e, EK_CORRUPT, "member %zu is not [offset, size, offset, size, digest]", ix->n_members);
	if (m.off > ix->tarball_size || m.size > ix->tarball_size - m.off)
		return err_set(e, EK_CORRUPT, "member %zu lies outside the tarball", ix->n_members);
	*index_add_member(ix) = m;
	return 0;
}

static int
parse_head(struct index *ix, struct str line, uint64_t *objects, struct err *e)
{
	struct str format, size, digest, count, members, row;
	struct jiter it;
	int64_t version;

	if (json_check(line, e) < 0)
		return -1;
	if (!jget(line, "orlopIndex", &format) || !jint(format, &version))
		return err_set(e, EK_CORRUPT, "not an index");
	if (version != INDEX_FORMAT)
		return err_set(e, EK_CORRUPT, "format %" PRId64 " is not known, only %d is", version, INDEX_FORMAT);
	if (!jpath(line, &size, "tarball", "size", NULL) || !get_u64(size, &ix->tarball_size))
		return err_set(e, EK_CORRUPT, "no size of the tarball");
	if (!jpath(line, &digest, "tarball", "sha256", NULL) ||
	    !get_hex(digest, ix->tarball_sha256, sizeof ix->tarball_sha256))
		return err_set(e, EK_CORRUPT, "no digest of the tarball");
	if (!jget(line, "objects", &count) || !get_u64(count, objects))
		return err_set(e, EK_CORRUPT, "no number of objects");
	if (!jget(line, "members", &members) || !jiter_arr(&it, members))
		return err_set(e, EK_CORRUPT, "no table of members");
	while (jiter_next(&it, NULL, &row))
		if (parse_member(ix, row, e) < 0)
			return -1;
	return 0;
}

enum field { F_G, F_V, F_K, F_NS, F_N, F_L, F_M, F_O, F_S, F_H, F_ALT, F_COUNT_ };

static const struct {
	struct str key;
	bool       optional;
} fields[] = {
	[F_G]  = { { "g", 1 }, false },
	[F_V]  = { { "v", 1 }, true },
	[F_K]  = { { "k", 1 }, true },
	[F_NS] = { { "ns", 2 }, true },
	[F_N]  = { { "n", 1 }, false },
	[F_L]  = { { "l", 1 }, true },
	[F_M]  = { { "m", 1 }, false },
	[F_O]  = { { "o", 1 }, false },
	[F_S]  = { { "s", 1 }, false },
	[F_H]  = { { "h", 1 }, true },
	[F_ALT] = { { "alt", 3 }, true },
};

/* Sorts the members of a line into vals; unknown ones are for later formats and ignored. */
static int
split_line(struct str line, struct str vals[F_COUNT_], struct err *e)
{
	struct jiter it;
	struct str key, val;
	size_t next = 0;

	if (json_check(line, e) < 0)
		return -1;
	if (!jiter_obj(&it, line))
		return err_set(e, EK_CORRUPT, "not a JSON object");
	while (jiter_next(&it, &key, &val))
		/* They come in this order when we wrote them: a hundred thousand lines should not search for each. */
		for (size_t k = 0; k < F_COUNT_; k++) {
			size_t i = (next + k) % F_COUNT_;

			if (str_eq(key, fields[i].key)) {
				vals[i] = val;
				next = i + 1;
				break;
			}
		}
	for (size_t i = 0; i < F_COUNT_; i++)
		if (vals[i].len == 0 && !fields[i].optional)
			return err_set(e, EK_CORRUPT, "'" STR_FMT "' is missing", STR_ARG(fields[i].key));
	return 0;
}

/* The text of a string value: a slice of the line, or decoded into the arena. */
static int
get_text(struct index *ix, struct str raw, struct str *out, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_OBJECT);

	if (raw.len == 0) {
		*out = S("");
		return 0;
	}
	if (jstr_plain(raw, out))
		return 0;
	if (jstr_decode(raw, &text, e) < 0)
		return err_set(e, EK_CORRUPT, "a name is not a string");
	*out = arena_str(&ix->arena, buf_str(&text));
	return 0;
}

/* What reading a file needs besides the index that becomes of it. */
struct reading {
	struct index *ix;
	uint64_t     *ends;          /* of the last object of each member */
	uint64_t      objects;       /* that the first line promises */
	struct str    hashes;
};

static int
get_place(struct reading *r, const struct str vals[F_COUNT_], struct index_entry *en, struct err *e)
{
	const struct index_member *m;
	uint64_t member, back;
	int64_t gap;

	if (!get_u64(vals[F_M], &member) || !jint(vals[F_O], &gap) || !get_u64(vals[F_S], &en->size))
		return err_set(e, EK_CORRUPT, "member, offset or size is not a number");
	if (member >= r->ix->n_members)
		return err_set(e, EK_CORRUPT, "there is no member %" PRIu64, member);
	m = &r->ix->members[member];
	back = gap < 0 ? -(uint64_t)gap : 0;
	en->off = r->ends[member] + (uint64_t)gap;
	if (back > r->ends[member] || en->off > m->tar_size || en->size > m->tar_size - en->off)
		return err_set(e, EK_CORRUPT, "the object lies outside member %" PRIu64, member);
	r->ends[member] = en->off + en->size;
	en->member = (uint32_t)member;
	return 0;
}

static int
get_hash(struct reading *r, struct str raw, struct index_entry *en, struct err *e)
{
	if (raw.len > 0 && !get_hex(raw, en->hash, sizeof en->hash))
		return err_set(e, EK_CORRUPT, "the hash is not %d hex digits", INDEX_HASH_HEX);
	if (r->hashes.len > 0) {
		memcpy(en->hash, r->hashes.p, sizeof en->hash);
		r->hashes = str_sub(r->hashes, sizeof en->hash, r->hashes.len);
	}
	return 0;
}

static int
parse_entry(struct reading *r, struct str line, struct err *e)
{
	struct index *ix = r->ix;
	struct str vals[F_COUNT_] = { 0 };
	struct index_entry en = { 0 };

	if (ix->n_entries + ix->n_alternates == r->objects)
		return err_set(e, EK_CORRUPT, "more objects than the first line says, which are %" PRIu64, r->objects);
	if (split_line(line, vals, e) < 0 || get_place(r, vals, &en, e) < 0 || get_hash(r, vals[F_H], &en, e) < 0)
		return -1;
	if (get_text(ix, vals[F_G], &en.gr, e) < 0 || get_text(ix, vals[F_V], &en.version, e) < 0 ||
	    get_text(ix, vals[F_K], &en.kind, e) < 0 || get_text(ix, vals[F_NS], &en.ns, e) < 0 ||
	    get_text(ix, vals[F_N], &en.name, e) < 0)
		return -1;
	if (en.gr.len == 0 || en.name.len == 0)
		return err_set(e, EK_CORRUPT, "an object without resource or name");
	if (vals[F_L].len > 0 && jtype(vals[F_L]) != J_OBJ)
		return err_set(e, EK_CORRUPT, "labels are not an object");
	en.labels = vals[F_L];
	if (vals[F_ALT].len > 0 && !jbool(vals[F_ALT], &en.alternate))
		return err_set(e, EK_CORRUPT, "'alt' is neither true nor false");
	(void)index_add(ix, &en);
	return 0;
}

/* The first line, and what it says about the others. */
static int
begin_reading(struct reading *r, struct str line, struct err *e)
{
	if (parse_head(r->ix, line, &r->objects, e) < 0)
		return err_ctx(e, "index line 1");
	if (r->hashes.len > 0 && (r->objects > SIZE_MAX / INDEX_HASH_LEN || r->hashes.len != r->objects * INDEX_HASH_LEN))
		return err_set(e, EK_CORRUPT, "there are %zu bytes of hashes for %" PRIu64 " objects", r->hashes.len, r->objects);
	r->ends = xcalloc(r->ix->n_members + 1, sizeof *r->ends);
	return 0;
}

static int
read_lines(struct reading *r, struct str text, struct err *e)
{
	struct str line;

	(void)str_split(&text, '\n', &line);
	if (begin_reading(r, line, e) < 0)
		return -1;
	for (size_t number = 2; str_split(&text, '\n', &line); number++)
		if (parse_entry(r, line, e) < 0)
			return err_ctx(e, "index line %zu", number);
	if (r->ix->n_entries + r->ix->n_alternates < r->objects)
		return err_set(e, EK_CORRUPT, "the index has %zu objects, its first line says %" PRIu64,
			r->ix->n_entries + r->ix->n_alternates, r->objects);
	return 0;
}

struct index *
index_parse(struct str text, struct str hashes, struct err *e)
{
	AUTO(index_freep) struct index *ix = index_new();
	struct reading r = { .ix = ix, .hashes = hashes };
	int rc;

	/* Without this a lost last line feed would be noticed by nobody. */
	if (!str_ends(text, S("\n"))) {
		(void)err_set(e, EK_CORRUPT, "the index is empty or ends inside a line");
		return NULL;
	}
	text.len--;
	rc = read_lines(&r, text, e);
	free(r.ends);
	return rc == 0 ? TAKE(ix) : NULL;
}

const struct index_entry *
index_find(const struct index *ix, struct str gr, struct str ns, struct str name)
{
	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *en = &ix->entries[i];

		if (str_eq(en->name, name) && str_eq(en->ns, ns) && str_eq(en->gr, gr))
			return en;
	}
	return NULL;
}

/* --- content hash --- */

static const struct str server_set[] = { { "uid", 3 }, { "resourceVersion", 15 }, { "generation", 10 },
	{ "creationTimestamp", 17 }, { "selfLink", 8 }, { "managedFields", 13 }, { "deletionTimestamp", 17 },
	{ "deletionGracePeriodSeconds", 26 } };

/* Bytes that stay are hashed as runs from the first member kept to the last before one that is left out. */
struct run {
	struct sha256 *h;
	const char    *from, *to;    /* from NULL: no run is open */
	bool           comma;        /* something of this object was hashed before */
};

static void
run_end(struct run *r)
{
	if (!r->from)
		return;
	if (r->comma)
		sha256_add(r->h, ",", 1);
	sha256_add(r->h, r->from, (size_t)(r->to - r->from));
	r->comma = true;
	r->from = NULL;
}

/* The bytes [from, to) stay. */
static void
run_keep(struct run *r, const char *from, const char *to)
{
	if (!r->from)
		r->from = from;
	r->to = to;
}

static bool
is_server_set(struct str key)
{
	for (size_t i = 0; i < COUNT(server_set); i++)
		if (str_eq(key, server_set[i]))
			return true;
	return false;
}

static void
hash_metadata(struct sha256 *h, const struct jmembers *meta)
{
	struct run r = { .h = h };

	for (size_t i = 0; i < meta->len; i++) {
		const struct jmember *m = &meta->at[i];

		if (is_server_set(m->key))
			run_end(&r);
		else
			run_keep(&r, m->key.p - 1, m->val.p + m->val.len);
	}
	run_end(&r);
}

/* The members of head are the start of a run; it goes on in the object unless that starts with what is left out. */
static void
hash_head(struct run *r, struct str head, const struct jsplit *o)
{
	bool goes_on = o->top.len > 0 && !str_eq(o->top.at[0].key, S("status"));

	sha256_add(r->h, head.p + 1, head.len - (goes_on ? 1 : 2));
	r->comma = !goes_on;
	if (goes_on)
		run_keep(r, o->obj.p + 1, NULL);
}

void
index_split_hash(const struct jsplit *o, struct str head, uint8_t out[INDEX_HASH_LEN])
{
	struct sha256 *h = sha256_new();
	struct run r = { .h = h };
	uint8_t digest[SHA256_LEN];
	bool meta = false;

	if (head.len > 0)
		hash_head(&r, head, o);
	for (size_t i = 0; i < o->top.len; i++) {
		const struct jmember *m = &o->top.at[i];

		if (str_eq(m->key, S("status"))) {
			run_end(&r);
		} else if (!meta && str_eq(m->key, S("metadata")) && jtype(m->val) == J_OBJ) {
			meta = true;
			run_keep(&r, m->key.p - 1, m->val.p + 1);
			run_end(&r);
			hash_metadata(h, &o->meta);
			sha256_add(h, "}", 1);
		} else {
			run_keep(&r, m->key.p - 1, m->val.p + m->val.len);
		}
	}
	run_end(&r);
	sha256_end(h, digest);
	sha256_free(h);
	memcpy(out, digest, INDEX_HASH_LEN);
}

void
index_content_hash(struct str object, uint8_t out[INDEX_HASH_LEN])
{
	AUTO_JSPLIT struct jsplit o = { 0 };
	uint8_t digest[SHA256_LEN];

	if (jsplit(&o, object)) {
		index_split_hash(&o, S(""), out);
		return;
	}
	sha256(object.p, object.len, digest);
	memcpy(out, digest, INDEX_HASH_LEN);
}
