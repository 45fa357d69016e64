/*
 * Writing the tarball.
 *
 *   driver              workers (a pool)         collector (a thread)
 *   ------              ----------------         --------------------
 *   tar_stream_add      gzip_pack, SHA-256       waits for each member in the order
 *   fills the open      of one member            of "ordered", gives it to sink,
 *   member of its                                notes its row, puts it to "idle"
 *   type; full: to the
 *   pool and to "ordered" (bounded: this is where the driver waits)
 *
 * A member belongs to exactly one of the three at any time.  Entries of a tar are self-contained, so one libarchive
 * writer serves all members: its write callback appends to whichever member is being filled.
 * Members are numbered when they are opened, since index lines name them from then on; the file has them in the
 * order in which they became full.
 */
#include "archive/tarball.h"

#include "archive/layout.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "data/gzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdatomic.h>
#include <string.h>

#define MEMBER_TARGET (1 * MIB)              /* a member is full from here on */
#define MEMBER_ROOM   (MEMBER_TARGET + 64 * KIB)
#define MEMBER_MAX    (LIMIT_MEMBER - MIB)   /* what does not compress grows a little */
#define MEMBER_KEEP   (4 * MIB)              /* larger buffers are not kept for the next member */
#define IN_FLIGHT     6
#define WORKERS_MAX   4
#define ENTRY_EXTRA   ((uint64_t)(8 * KIB))  /* headers, long-name record and padding of one entry, at most */
#define LINES_BATCH   (32 * KIB)
#define FORMAT_VERSION "1.1.0\n"

struct member {
	struct task        task;
	struct member     *next;      /* in the writer's list of idle ones */
	size_t             number;    /* row in the index */
	struct buf         tar, gz;
	uint8_t            sha256[SHA256_LEN];
	bool               failed;
	struct err         err;
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
	struct archive       *tar;
	struct archive_entry *entry;
	locale_t              utf8;
	struct member        *target;     /* where libarchive's bytes go; NULL: nowhere */
	struct tar_stream    *streams;
	struct buf            plain, versioned;   /* paths of the object being written */
	struct buf            lines;      /* index lines waiting for index_gz */
	struct buf            index;      /* the packed lines */
	struct gzip          *index_gz;
	uint64_t              index_bytes;
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
	struct lock          *lock;       /* guards idle, err and the rows of ix */
	struct member        *idle;
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

static void
member_pack(struct task *t)
{
	struct member *m = (struct member *)t;

	if (gzip_pack(buf_str(&m->tar), &m->gz, &m->err) < 0) {
		m->failed = true;
		return;
	}
	sha256(m->gz.p, m->gz.len, m->sha256);
}

static struct member *
member_open(struct tar_writer *w)
{
	struct member *m;
	struct err e = { 0 };
	char *room;

	lock_take(w->lock);
	m = w->idle;
	if (m)
		w->idle = m->next;
	lock_drop(w->lock);
	if (!m) {
		m = xcalloc(1, sizeof *m);
		m->task.run = member_pack;
		m->tar = (struct buf)BUF_INIT(LIMIT_MEMBER);
		m->gz = (struct buf)BUF_INIT(SIZE_MAX);
		room = buf_room(&m->tar, MEMBER_ROOM, &e);
		assert_that(room);
	}
	lock_take(w->lock);
	m->number = w->ix->n_members;
	(void)index_add_member(w->ix);
	lock_drop(w->lock);
	return m;
}

/* Gives a member away, empty again. */
static void
member_retire(struct tar_writer *w, struct member *m)
{
	if (m->tar.cap > MEMBER_KEEP || m->gz.cap > MEMBER_KEEP) {
		member_free(m);
		return;
	}
	buf_cut(&m->tar, 0);
	buf_cut(&m->gz, 0);
	lock_take(w->lock);
	m->next = w->idle;
	w->idle = m;
	lock_drop(w->lock);
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
	row->tar_size = m->tar.len;
	memcpy(row->sha256, m->sha256, SHA256_LEN);
	lock_drop(w->lock);
	w->gz_bytes += m->gz.len;
	w->tar_bytes += m->tar.len;
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
		member_retire(w, m);
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
tar_err(struct tar_writer *w, const char *what, struct err *e)
{
	const char *why = archive_error_string(w->tar);

	(void)err_set(e, EK_IO, "write '%s' to the tarball: %s", what, why ? why : "unknown error");
	fail(w, e);
	return -1;
}

static int
tar_open(struct tar_writer *w, int64_t now_unix_ns, struct err *e)
{
	w->tar = archive_write_new();
	w->entry = archive_entry_new();
	assert_that(w->tar && w->entry);
	/*
	 * libarchive converts names from the locale's character set to UTF-8; ours are UTF-8.  Without such a locale it
	 * keeps the bytes, too, and marks the entry as "BINARY", of which only GNU tar complains.
	 */
	w->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if (!w->utf8)
		w->utf8 = newlocale(LC_CTYPE_MASK, "C", NULL);
	assert_that(w->utf8);
	/* No blocks: entries reach the callback at once. */
	if (archive_write_set_format_pax_restricted(w->tar) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(w->tar, 0) != ARCHIVE_OK ||
	    archive_write_open(w->tar, w, NULL, on_tar_bytes, NULL) != ARCHIVE_OK)
		return err_set(e, EK_IO, "set up the tar writer: %s", archive_error_string(w->tar));
	archive_entry_set_filetype(w->entry, AE_IFREG);
	archive_entry_set_perm(w->entry, 0755);
	archive_entry_set_mtime(w->entry, (time_t)(now_unix_ns / 1000000000), 0);
	return 0;
}

/* One entry into the member; *offset: where its content starts. */
static int
put_entry(struct tar_writer *w, struct member *m, const char *path, const struct str *parts, size_t n_parts,
	uint64_t size, uint64_t *offset, struct err *e)
{
	locale_t before;
	int rc;
	bool ok;

	w->target = m;
	archive_entry_set_pathname(w->entry, path);
	archive_entry_set_size(w->entry, (la_int64_t)size);
	before = uselocale(w->utf8);
	rc = archive_write_header(w->tar, w->entry);
	(void)uselocale(before);
	ok = rc == ARCHIVE_OK || rc == ARCHIVE_WARN;
	*offset = m->tar.len;
	for (size_t i = 0; ok && i < n_parts; i++)
		if (parts[i].len > 0)
			ok = archive_write_data(w->tar, parts[i].p, parts[i].len) == (la_ssize_t)parts[i].len;
	ok = ok && archive_write_finish_entry(w->tar) == ARCHIVE_OK;
	w->target = NULL;
	return ok ? 0 : tar_err(w, path, e);
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

/* --- index lines --- */

static int
flush_lines(struct tar_writer *w, struct err *e)
{
	if (w->lines.len == 0)
		return 0;
	w->index_bytes += w->lines.len;
	if (w->index_bytes > LIMIT_INDEX || gzip_add(w->index_gz, w->lines.p, w->lines.len, e) < 0) {
		(void)err_set(e, EK_LIMIT, "the backup has too many objects for an index");
		fail(w, e);
		return -1;
	}
	buf_cut(&w->lines, 0);
	return 0;
}

static int
note_object(struct tar_stream *s, uint64_t offset, uint64_t size, struct str ns, struct str name, struct str labels,
	struct err *e)
{
	struct tar_writer *w = s->w;
	struct index_entry en = {
		.gr = str_of(s->gr), .version = str_of(s->version), .kind = str_of(s->kind),
		.ns = ns, .name = name, .labels = labels,
		.member = (uint32_t)s->member->number, .off = offset, .size = size, .alternate = !s->preferred,
	};

	index_content_hash((struct str){ s->member->tar.p + offset, size }, en.hash);
	index_put_line(&w->lines, &en);
	w->objects++;
	return w->lines.len < LINES_BATCH ? 0 : flush_lines(w, e);
}

/* --- the writer --- */

struct tar_writer *
tar_writer_new(const struct tar_writer_fns *fns, int64_t now_unix_ns, struct err *e)
{
	AUTO(tar_writer_freep) struct tar_writer *w = xcalloc(1, sizeof *w);
	unsigned cpus = thread_cpus();

	w->fns = *fns;
	w->plain = w->versioned = (struct buf)BUF_INIT(SIZE_MAX);
	w->lines = (struct buf)BUF_INIT(SIZE_MAX);
	w->index = (struct buf)BUF_INIT(LIMIT_INDEX);
	w->index_gz = gzip_new(&w->index);
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

/* The collector has ended: nobody else looks at the list. */
static void
free_idle(struct tar_writer *w)
{
	struct member *m;

	while ((m = w->idle) != NULL) {
		w->idle = m->next;
		member_free(m);
	}
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
	free_idle(w);
	archive_entry_free(w->entry);
	archive_write_free(w->tar);
	if (w->utf8)
		freelocale(w->utf8);
	gzip_free(w->index_gz);
	buf_free(&w->plain);
	buf_free(&w->versioned);
	buf_free(&w->lines);
	buf_free(&w->index);
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
	size_t n_parts, struct err *e)
{
	struct tar_writer *w = s->w;
	uint64_t size = 0, offset, ignored;

	for (size_t i = 0; i < n_parts; i++)
		size += parts[i].len;
	if (check(w, e) < 0 || check_object(s, ns, name, size, e) < 0)
		return -1;
	stream_room(s, size, s->preferred ? 2 : 1);
	if (put_entry(w, s->member, s->preferred ? w->plain.p : w->versioned.p, parts, n_parts, size, &offset, e) < 0 ||
	    note_object(s, offset, size, ns, name, labels, e) < 0)
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
	rc = archive_write_close(w->tar);
	w->target = NULL;
	member_submit(w, m);
	return rc == ARCHIVE_OK ? 0 : tar_err(w, "end of archive", e);
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
	free_idle(w);
	if (check(w, e) < 0 || gzip_end(w->index_gz, e) < 0)
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
	if (gzip_pack(buf_str(&head), gz, e) < 0 || buf_add(gz, w->index.p, w->index.len, e) < 0) {
		buf_cut(gz, before);
		return err_ctx(e, "index of the tarball");
	}
	return 0;
}
