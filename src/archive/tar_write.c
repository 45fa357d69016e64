/*
 * Writing the tarball.
 *
 *   driver              workers (a pool)         collector (a thread)
 *   ------              ----------------         --------------------
 *   tar_stream_add      gzip_pack, SHA-256       waits for each member in the order
 *   fills the open      of one member            of "ordered", gives it to sink,
 *   member of its                                notes its row, frees it
 *   type; full: to the
 *   pool and to "ordered" (bounded: this is where the driver waits)
 *
 * A member belongs to exactly one of the three at any time.  Its tar goes when it is packed, and the room that packing
 * needs belongs to the worker, so that what waits for the sink is no larger than it will be in the file.
 * Entries of a tar are self-contained, so one libarchive writer serves all members: its write callback appends to
 * whichever member is being filled.  There are two of them all the same: the one that can write any name costs three
 * times as much for an entry as the one for names that fit a plain header, and both write the same bytes for those.
 * Members are numbered when they are opened, since index lines name them from then on; the file has them in the
 * order in which they became full.
 */
#include "archive/tarball.h"

#include "archive/layout.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/vec.h"
#include "data/gzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define MEMBER_TARGET (1 * MIB)              /* a member is full from here on */
#define MEMBER_ROOM   (MEMBER_TARGET + 64 * KIB)
#define MEMBER_MAX    (LIMIT_MEMBER - MIB)   /* what does not compress grows a little */
#define MEMBER_KEEP   (4 * MIB)              /* larger buffers are not kept for the next member */
#define IN_FLIGHT     4
#define WORKERS_MAX   4
#define ENTRY_EXTRA   ((uint64_t)(8 * KIB))  /* headers, long-name record and padding of one entry, at most */
#define LINES_BATCH   (32 * KIB)
#define INDEX_SPOOL   (256 * KIB)            /* packed index lines that are kept in memory */
#define PLAIN_NAME    255                    /* no longer path fits a plain tar header */
#define FORMAT_VERSION "1.1.0\n"

struct member {
	struct task        task;
	struct tar_writer *w;
	size_t             number;    /* row in the index */
	struct buf         tar;       /* until it is packed */
	size_t             tar_len;
	uint64_t           objects_end;       /* of the last object in it */
	struct buf         gz;
	uint8_t            sha256[SHA256_LEN];
	bool               failed;
	struct err         err;
};

struct rooms VEC_OF(struct buf);

/* A file that is packed as it grows. */
struct packed {
	struct buf   text;            /* waits for gzip */
	struct gzip *gzip;
	struct buf   gz;              /* what is packed: behind that in spool */
	int          spool;           /* file; -1: none */
	uint64_t     spooled;         /* bytes in it */
	bool         no_spool;        /* there is none to be had */
	uint64_t     bytes;           /* unpacked */
};

struct tar_stream {
	struct tar_writer *w;
	struct tar_stream *next;
	char              *gr, *version, *kind;
	bool               preferred;
	struct member     *member;    /* NULL: none is open */
};

struct tar_writer {
	struct tar_writer_fns fns;

	/* The driver's. */
	struct archive       *plain_tar, *pax_tar;
	struct archive_entry *entry;
	locale_t              utf8;
	struct member        *target;     /* where libarchive's bytes go; NULL: nowhere */
	struct tar_stream    *streams;
	struct buf            plain, versioned;   /* paths of the object being written */
	struct packed         lines, hashes;      /* of the index */
	uint64_t              objects;
	bool                  finished;

	struct pool          *pool;
	struct queue         *ordered;
	struct thread        *collector;

	/* The collector's until it is joined. */
	struct sha256        *whole;
	uint64_t              gz_bytes, tar_bytes;

	atomic_bool           failed;     /* err is set; never cleared */
	atomic_bool           dropped;    /* the writer is being freed: sink gets no more */
	struct lock          *lock;       /* guards idle, rooms, err and the rows of ix */
	struct rooms          idle, rooms;/* empty buffers: for tar, and of workers for packing */
	struct err            err;
	struct index         *ix;
};

/* --- failure: the first one wins and ends everything that follows --- */

static void
fail(struct tar_writer *w, const struct err *e)
{
	lock_take(w->lock);
	if (!atomic_load(&w->failed)) {
		w->err = *e;
		atomic_store(&w->failed, true);
	}
	lock_drop(w->lock);
}

static int
check(struct tar_writer *w, struct err *e)
{
	if (!atomic_load(&w->failed))
		return 0;
	lock_take(w->lock);
	*e = w->err;
	lock_drop(w->lock);
	return -1;
}

bool
tar_writer_failed(const struct tar_writer *w)
{
	return atomic_load(&w->failed);
}

/* --- members --- */

static void
member_free(struct member *m)
{
	if (!m)
		return;
	buf_free(&m->tar);
	buf_free(&m->gz);
	free(m);
}

static struct buf
room_take(struct tar_writer *w, struct rooms *from)
{
	struct buf b = BUF_INIT(SIZE_MAX);

	lock_take(w->lock);
	if (from->len > 0)
		b = from->at[--from->len];
	lock_drop(w->lock);
	return b;
}

static void
room_give(struct tar_writer *w, struct rooms *to, struct buf *b /* taken */)
{
	if (b->cap > MEMBER_KEEP) {
		buf_free(b);
		return;
	}
	buf_cut(b, 0);
	lock_take(w->lock);
	*vec_push(to) = *b;
	lock_drop(w->lock);
	*b = (struct buf)BUF_INIT(0);
}

static void
rooms_free(struct rooms *r)
{
	for (size_t i = 0; i < r->len; i++)
		buf_free(&r->at[i]);
	vec_free(r);
}

static void
member_pack(struct task *t)
{
	struct member *m = (struct member *)t;
	struct buf packed = room_take(m->w, &m->w->rooms);

	m->tar_len = m->tar.len;
	m->failed = gzip_pack(buf_str(&m->tar), &packed, &m->err) < 0
		|| buf_add(&m->gz, packed.p, packed.len, &m->err) < 0;
	room_give(m->w, &m->w->idle, &m->tar);
	room_give(m->w, &m->w->rooms, &packed);
	if (!m->failed)
		sha256(m->gz.p, m->gz.len, m->sha256);
}

static struct member *
member_open(struct tar_writer *w)
{
	struct member *m = xcalloc(1, sizeof *m);
	struct err e = { 0 };
	char *room;

	m->w = w;
	m->task.run = member_pack;
	m->tar = room_take(w, &w->idle);
	m->tar.max = LIMIT_MEMBER;
	m->gz = (struct buf)BUF_INIT(SIZE_MAX);
	room = buf_room(&m->tar, MEMBER_ROOM, &e);
	assert_that(room);
	lock_take(w->lock);
	m->number = w->ix->n_members;
	(void)index_add_member(w->ix);
	lock_drop(w->lock);
	return m;
}

/* Hands a full member to the workers and the collector; waits while too many are under way. */
static void
member_submit(struct tar_writer *w, struct member *m /* taken */)
{
	bool taken;

	pool_submit(w->pool, &m->task);
	taken = queue_push(w->ordered, m);
	assert_that(taken);
}

/* A finished member: to the sink, into the whole digest, into its row. */
static void
collect(struct tar_writer *w, struct member *m)
{
	struct err e = { 0 };
	struct index_member *row;

	if (m->failed) {
		fail(w, &m->err);
		return;
	}
	if (w->fns.sink(w->fns.ctx, m->gz.p, m->gz.len, &e) < 0) {
		fail(w, &e);
		return;
	}
	sha256_add(w->whole, m->gz.p, m->gz.len);
	lock_take(w->lock);
	row = &w->ix->members[m->number];
	row->off = w->gz_bytes;
	row->size = m->gz.len;
	row->tar_off = w->tar_bytes;
	row->tar_size = m->tar_len;
	memcpy(row->sha256, m->sha256, SHA256_LEN);
	lock_drop(w->lock);
	w->gz_bytes += m->gz.len;
	w->tar_bytes += m->tar_len;
}

static void
collector(void *arg)
{
	struct tar_writer *w = arg;
	struct member *m;

	while ((m = queue_pop(w->ordered)) != NULL) {
		pool_wait(w->pool, &m->task);
		if (!atomic_load(&w->failed) && !atomic_load(&w->dropped))
			collect(w, m);
		member_free(m);
	}
}

/* --- libarchive --- */

static la_ssize_t
on_tar_bytes(struct archive *a, void *ctx, const void *p, size_t n)
{
	struct tar_writer *w = ctx;
	struct err e = { 0 };

	/* What libarchive writes when it is freed half-way. */
	if (!w->target)
		return (la_ssize_t)n;
	if (buf_add(&w->target->tar, p, n, &e) < 0) {
		archive_set_error(a, EIO, "%s", e.msg);
		return -1;
	}
	return (la_ssize_t)n;
}

static int
tar_err(struct tar_writer *w, struct archive *tar, const char *what, struct err *e)
{
	const char *why = archive_error_string(tar);

	(void)err_set(e, EK_IO, "write '%s' to the tarball: %s", what, why ? why : "unknown error");
	fail(w, e);
	return -1;
}

static struct archive *
writer_open(struct tar_writer *w, int (*set_format)(struct archive *), struct err *e)
{
	struct archive *a = archive_write_new();

	assert_that(a);
	/* No blocks: entries reach the callback at once. */
	if (set_format(a) == ARCHIVE_OK && archive_write_set_bytes_per_block(a, 0) == ARCHIVE_OK &&
	    archive_write_open(a, w, NULL, on_tar_bytes, NULL) == ARCHIVE_OK)
		return a;
	(void)err_set(e, EK_IO, "set up the tar writer: %s", archive_error_string(a));
	archive_write_free(a);
	return NULL;
}

static int
tar_open(struct tar_writer *w, int64_t now_unix_ns, struct err *e)
{
	w->entry = archive_entry_new();
	assert_that(w->entry);
	/*
	 * libarchive converts names from the locale's character set to UTF-8; ours are UTF-8.  Without such a locale it
	 * keeps the bytes, too, and marks the entry as "BINARY", of which only GNU tar complains.
	 */
	w->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if (!w->utf8)
		w->utf8 = newlocale(LC_CTYPE_MASK, "C", NULL);
	assert_that(w->utf8);
	w->plain_tar = writer_open(w, archive_write_set_format_ustar, e);
	w->pax_tar = w->plain_tar ? writer_open(w, archive_write_set_format_pax_restricted, e) : NULL;
	if (!w->pax_tar)
		return -1;
	archive_entry_set_filetype(w->entry, AE_IFREG);
	archive_entry_set_perm(w->entry, 0755);
	archive_entry_set_mtime(w->entry, (time_t)(now_unix_ns / 1000000000), 0);
	return 0;
}

static bool
is_plain(const char *path)
{
	size_t n = 0;

	while (path[n] > ' ' && path[n] < 0x7f)
		n++;
	return path[n] == '\0' && n <= PLAIN_NAME;
}

/* One entry into the member; *offset: where its content starts. */
static int
put_entry(struct tar_writer *w, struct member *m, const char *path, const struct str *parts, size_t n_parts,
	uint64_t size, uint64_t *offset, struct err *e)
{
	struct archive *tar = w->plain_tar;
	locale_t before;
	int rc = ARCHIVE_FAILED;
	bool ok;

	w->target = m;
	archive_entry_set_pathname(w->entry, path);
	archive_entry_set_size(w->entry, (la_int64_t)size);
	before = uselocale(w->utf8);
	if (is_plain(path))
		rc = archive_write_header(tar, w->entry);
	if (rc == ARCHIVE_FAILED) {
		/* Nothing was written: the name needs an entry of its own before this one. */
		tar = w->pax_tar;
		rc = archive_write_header(tar, w->entry);
	}
	(void)uselocale(before);
	ok = rc == ARCHIVE_OK || rc == ARCHIVE_WARN;
	*offset = m->tar.len;
	for (size_t i = 0; ok && i < n_parts; i++)
		if (parts[i].len > 0)
			ok = archive_write_data(tar, parts[i].p, parts[i].len) == (la_ssize_t)parts[i].len;
	ok = ok && archive_write_finish_entry(tar) == ARCHIVE_OK;
	w->target = NULL;
	return ok ? 0 : tar_err(w, tar, path, e);
}

/* The first entry of every tarball, in a member of its own. */
static int
put_version(struct tar_writer *w, struct err *e)
{
	struct str content = S(FORMAT_VERSION);
	struct member *m = member_open(w);
	uint64_t offset;
	int rc;

	rc = put_entry(w, m, "metadata/version", &content, 1, content.len, &offset, e);
	member_submit(w, m);
	return rc;
}

/* --- index lines and hashes --- */

static void
packed_init(struct packed *f)
{
	*f = (struct packed){ .text = BUF_INIT(SIZE_MAX), .gz = BUF_INIT(LIMIT_INDEX), .spool = -1 };
	f->gzip = gzip_new(&f->gz);
}

static void
packed_done(struct packed *f)
{
	gzip_free(f->gzip);
	buf_free(&f->text);
	buf_free(&f->gz);
	file_close(&f->spool);
}

/* Without a place for temporary files all stays in memory. */
static void
packed_spool(struct packed *f)
{
	struct err e = { 0 };

	if (f->no_spool)
		return;
	if (f->spool < 0)
		f->spool = file_spool(&e);
	if (f->spool < 0 || lseek(f->spool, (off_t)f->spooled, SEEK_SET) < 0 ||
	    file_write_all(f->spool, f->gz.p, f->gz.len, &e) < 0) {
		f->no_spool = true;
		return;
	}
	f->spooled += f->gz.len;
	buf_cut(&f->gz, 0);
}

static int
packed_flush(struct packed *f, struct err *e)
{
	f->bytes += f->text.len;
	if (f->bytes > LIMIT_INDEX || (f->text.len > 0 && gzip_add(f->gzip, f->text.p, f->text.len, e) < 0))
		return err_set(e, EK_LIMIT, "the backup has too many objects for an index");
	buf_cut(&f->text, 0);
	if (f->gz.len >= INDEX_SPOOL)
		packed_spool(f);
	return 0;
}

/* Appends what is packed. */
static int
packed_get(const struct packed *f, struct buf *out, struct err *e)
{
	uint64_t off = 0;
	char *to = buf_room(out, f->spooled, e);

	if (!to)
		return -1;
	while (off < f->spooled) {
		ssize_t n = pread(f->spool, to + off, f->spooled - off, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_sys(e, errno, "read a temporary file")
				: err_set(e, EK_IO, "a temporary file has become shorter");
		off += (uint64_t)n;
	}
	buf_grew(out, f->spooled);
	return buf_add(out, f->gz.p, f->gz.len, e);
}

static int
flush_lines(struct tar_writer *w, struct err *e)
{
	if (packed_flush(&w->lines, e) == 0 && packed_flush(&w->hashes, e) == 0)
		return 0;
	fail(w, e);
	return -1;
}

static int
note_object(struct tar_stream *s, uint64_t offset, uint64_t size, struct str ns, struct str name, struct str labels,
	const uint8_t *hash, struct err *e)
{
	struct tar_writer *w = s->w;
	struct index_entry en = {
		.gr = str_of(s->gr), .version = str_of(s->version), .kind = str_of(s->kind),
		.ns = ns, .name = name, .labels = labels,
		.member = (uint32_t)s->member->number, .off = offset, .size = size, .alternate = !s->preferred,
	};

	if (hash)
		memcpy(en.hash, hash, sizeof en.hash);
	else
		index_content_hash((struct str){ s->member->tar.p + offset, size }, en.hash);
	index_put_line(&w->lines.text, &en, &s->member->objects_end, false);
	buf_put(&w->hashes.text, en.hash, sizeof en.hash);
	w->objects++;
	return w->lines.text.len < LINES_BATCH ? 0 : flush_lines(w, e);
}

/* --- the writer --- */

struct tar_writer *
tar_writer_new(const struct tar_writer_fns *fns, int64_t now_unix_ns, struct err *e)
{
	AUTO(tar_writer_freep) struct tar_writer *w = xcalloc(1, sizeof *w);
	unsigned cpus = thread_cpus();

	w->fns = *fns;
	w->plain = w->versioned = (struct buf)BUF_INIT(SIZE_MAX);
	packed_init(&w->lines);
	packed_init(&w->hashes);
	w->ix = index_new();
	w->lock = lock_new();
	w->whole = sha256_new();
	w->ordered = queue_new(IN_FLIGHT);
	w->pool = pool_new(cpus < WORKERS_MAX ? cpus : WORKERS_MAX, e);
	if (!w->pool)
		return NULL;
	w->collector = thread_start("tarball", collector, w, e);
	if (!w->collector || tar_open(w, now_unix_ns, e) < 0 || put_version(w, e) < 0)
		return NULL;
	return TAKE(w);
}

/* Ends the collector after what it still has. */
static void
join(struct tar_writer *w)
{
	if (w->ordered)
		queue_close(w->ordered);
	thread_join(TAKE(w->collector));
}

/* Collector and workers have ended: nobody else looks at the lists. */
static void
free_rooms(struct tar_writer *w)
{
	rooms_free(&w->idle);
	rooms_free(&w->rooms);
}

static void
stream_free(struct tar_stream *s)
{
	member_free(s->member);
	free(s->gr);
	free(s->version);
	free(s->kind);
	free(s);
}

void
tar_writer_free(struct tar_writer *w)
{
	struct tar_stream *s;

	if (!w)
		return;
	atomic_store(&w->dropped, true);
	join(w);
	pool_free(w->pool);
	queue_free(w->ordered);
	while ((s = w->streams) != NULL) {
		w->streams = s->next;
		stream_free(s);
	}
	free_rooms(w);
	archive_entry_free(w->entry);
	archive_write_free(w->plain_tar);
	archive_write_free(w->pax_tar);
	if (w->utf8)
		freelocale(w->utf8);
	packed_done(&w->lines);
	packed_done(&w->hashes);
	buf_free(&w->plain);
	buf_free(&w->versioned);
	index_free(w->ix);
	sha256_free(w->whole);
	lock_free(w->lock);
	free(w);
}

void
tar_writer_freep(struct tar_writer **w)
{
	tar_writer_free(TAKE(*w));
}

struct tar_stream *
tar_stream_open(struct tar_writer *w, struct str gr, struct str version, struct str kind, bool preferred)
{
	struct tar_stream *s = xcalloc(1, sizeof *s);

	s->w = w;
	s->gr = str_dup(gr);
	s->version = str_dup(version);
	s->kind = str_dup(kind);
	s->preferred = preferred;
	s->next = w->streams;
	w->streams = s;
	return s;
}

/* Names come from a server: what would not be read back as this very object is refused. */
static int
set_path(struct buf *path, const struct tar_stream *s, struct str version, struct str ns, struct str name,
	struct err *e)
{
	struct str gr = str_of(s->gr);
	struct tar_path tp;

	buf_cut(path, 0);
	tar_path_put(path, gr, version, s->preferred, ns, name);
	if (path->len > LIMIT_TAR_NAME)
		return err_set(e, EK_LIMIT, "'%.300s...': the name is too long to be stored", path->p);
	if (strlen(path->p) != path->len || !text_is_utf8(buf_str(path)) || !tar_path_parse(buf_str(path), &tp) ||
	    !str_eq(tp.gr, gr) || !str_eq(tp.version, version) || !str_eq(tp.ns, ns) || !str_eq(tp.name, name))
		return err_set(e, EK_INVALID, "'%s' is no name for a file in a backup", path->p);
	return 0;
}

static int
check_object(struct tar_stream *s, struct str ns, struct str name, uint64_t size, struct err *e)
{
	struct tar_writer *w = s->w;

	if (set_path(&w->plain, s, S(""), ns, name, e) < 0 ||
	    set_path(&w->versioned, s, str_of(s->version), ns, name, e) < 0)
		return -1;
	if (size > LIMIT_OBJECT)
		return err_set(e, EK_LIMIT, "'%s' has %" PRIu64 " bytes, at most %zu can be stored", w->plain.p, size,
			LIMIT_OBJECT);
	return 0;
}

static void
stream_cut(struct tar_stream *s)
{
	if (s->member)
		member_submit(s->w, TAKE(s->member));
}

/* A member that has room for copies of an object. */
static void
stream_room(struct tar_stream *s, uint64_t size, unsigned copies)
{
	if (s->member && s->member->tar.len + copies * (size + ENTRY_EXTRA) > MEMBER_MAX)
		stream_cut(s);
	if (!s->member)
		s->member = member_open(s->w);
}

int
tar_stream_add(struct tar_stream *s, struct str ns, struct str name, struct str labels, const struct str *parts,
	size_t n_parts, const uint8_t *hash, struct err *e)
{
	struct tar_writer *w = s->w;
	uint64_t size = 0, offset, ignored;

	for (size_t i = 0; i < n_parts; i++)
		size += parts[i].len;
	if (check(w, e) < 0 || check_object(s, ns, name, size, e) < 0)
		return -1;
	stream_room(s, size, s->preferred ? 2 : 1);
	if (put_entry(w, s->member, s->preferred ? w->plain.p : w->versioned.p, parts, n_parts, size, &offset, e) < 0 ||
	    note_object(s, offset, size, ns, name, labels, hash, e) < 0)
		return -1;
	if (s->preferred) {
		/* Only objects of half a member's maximum have their copies in two members. */
		stream_room(s, size, 1);
		if (put_entry(w, s->member, w->versioned.p, parts, n_parts, size, &ignored, e) < 0)
			return -1;
	}
	if (s->member->tar.len >= MEMBER_TARGET)
		stream_cut(s);
	return 0;
}

int
tar_stream_close(struct tar_stream *s, struct err *e)
{
	struct tar_writer *w = s->w;
	struct tar_stream **at = &w->streams;

	stream_cut(s);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	stream_free(s);
	return check(w, e);
}

/* The end of the archive, in a member of its own. */
static int
put_end(struct tar_writer *w, struct err *e)
{
	struct member *m = member_open(w);
	int rc;

	w->target = m;
	rc = archive_write_close(w->pax_tar);
	w->target = NULL;
	member_submit(w, m);
	return rc == ARCHIVE_OK ? 0 : tar_err(w, w->pax_tar, "end of archive", e);
}

int
tar_writer_finish(struct tar_writer *w, struct tar_totals *out, struct err *e)
{
	struct index *ix = w->ix;

	assert_that(!w->streams && !w->finished);
	if (check(w, e) < 0 || put_end(w, e) < 0 || flush_lines(w, e) < 0)
		return -1;
	join(w);
	/* What follows needs memory of its own: packing the index and the lists of the backup. */
	free_rooms(w);
	if (check(w, e) < 0 || gzip_end(w->lines.gzip, e) < 0 || gzip_end(w->hashes.gzip, e) < 0)
		return -1;
	sha256_end(w->whole, ix->tarball_sha256);
	ix->tarball_size = w->gz_bytes;
	w->finished = true;
	*out = (struct tar_totals){ .objects = w->objects, .tar_bytes = w->tar_bytes, .gz_bytes = w->gz_bytes };
	memcpy(out->sha256, ix->tarball_sha256, SHA256_LEN);
	return 0;
}

int
tar_writer_index(struct tar_writer *w, struct buf *gz, struct err *e)
{
	AUTO_BUF struct buf head = BUF_INIT(SIZE_MAX);
	size_t before = gz->len;

	assert_that(w->finished);
	index_put_head(&head, w->ix, w->objects);
	if (gzip_pack(buf_str(&head), gz, e) < 0 || packed_get(&w->lines, gz, e) < 0) {
		buf_cut(gz, before);
		return err_ctx(e, "index of the tarball");
	}
	return 0;
}

int
tar_writer_hashes(struct tar_writer *w, struct buf *gz, struct err *e)
{
	size_t before = gz->len;

	assert_that(w->finished);
	if (packed_get(&w->hashes, gz, e) < 0) {
		buf_cut(gz, before);
		return err_ctx(e, "hashes of the objects");
	}
	return 0;
}
