/*
 * Reading tarballs: any Velero writes or others repacked, as a stream; ours also by member.
 * libarchive pulls; the gzip layer is ours, so that the same limits hold wherever something is unpacked.
 */
#include "archive/tarball.h"

#include "archive/layout.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/gzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <string.h>

#define END_MARK   1024                  /* zeros that end an archive */
#define PULL_SIZE  (64 * KIB)
/* Gzip grows at most 1032 times, so what is unpacked of one feed stays small. */
#define FEED_SIZE  (4 * KIB)
#define PIECE_MAX  (8 * MIB)
#define RATIO_MAX  1000
#define RATIO_FROM (64 * MIB)

struct source {
	int64_t (*pull)(void *ctx, void *p, size_t n, struct err *e);
	void                *pull_ctx;
	const struct cancel *cancel;
	struct gunzip       *gunzip;
	char                *in;         /* PULL_SIZE bytes */
	size_t               in_at, in_len;
	bool                 ended;
	uint64_t             packed, unpacked;
	uint64_t             zeros;      /* at the end of what was unpacked so far */
	struct buf           piece;      /* what libarchive looks at */
	bool                 failed;
	struct err           err;
};

static size_t
trailing_zeros(const char *p, size_t n)
{
	size_t at = n;

	while (at > 0 && p[at - 1] == '\0')
		at--;
	return n - at;
}

static int
on_unpacked(void *ctx, const void *p, size_t n, struct err *e)
{
	struct source *s = ctx;
	size_t zeros = trailing_zeros(p, n);

	s->unpacked += n;
	s->zeros = zeros < n ? zeros : s->zeros + n;
	if (s->unpacked > LIMIT_TARBALL)
		return err_set(e, EK_CORRUPT, "unpacks to more than %zu bytes", LIMIT_TARBALL);
	if (s->unpacked > RATIO_FROM && s->unpacked / RATIO_MAX > s->packed)
		return err_set(e, EK_CORRUPT, "%" PRIu64 " packed bytes unpack to more than %d times as many", s->packed,
			RATIO_MAX);
	return buf_add(&s->piece, p, n, e);
}

/* Feeds a little more into gunzip. */
static int
source_step(struct source *s, struct err *e)
{
	size_t n;

	if (s->in_at == s->in_len) {
		int64_t got;

		if (cancel_check(s->cancel, e) < 0)
			return -1;
		got = s->pull(s->pull_ctx, s->in, PULL_SIZE, e);
		if (got < 0)
			return -1;
		if (got == 0) {
			s->ended = true;
			return gunzip_end(s->gunzip, e);
		}
		s->in_at = 0;
		s->in_len = (size_t)got;
	}
	n = s->in_len - s->in_at < FEED_SIZE ? s->in_len - s->in_at : FEED_SIZE;
	s->packed += n;
	s->in_at += n;
	return gunzip_feed(s->gunzip, s->in + s->in_at - n, n, e);
}

/* The next unpacked bytes are in s->piece; none at the end. */
static int
source_next(struct source *s)
{
	buf_cut(&s->piece, 0);
	while (!s->failed && !s->ended && s->piece.len == 0)
		s->failed = source_step(s, &s->err) < 0;
	return s->failed ? -1 : 0;
}

static la_ssize_t
on_read(struct archive *a, void *ctx, const void **p)
{
	struct source *s = ctx;

	if (source_next(s) < 0) {
		archive_set_error(a, EIO, "%s", s->err.msg);
		return -1;
	}
	*p = s->piece.p;
	return (la_ssize_t)s->piece.len;
}

struct reader {
	struct source               source;
	struct archive             *tar;
	locale_t                    c_locale;
	const struct tar_reader_fns *fns;
	struct buf                  last;     /* name of the entry before, for messages */
	struct buf                  json;
};

static void
reader_done(struct reader *r)
{
	(void)archive_read_free(r->tar);
	if (r->c_locale)
		freelocale(r->c_locale);
	gunzip_free(r->source.gunzip);
	free(r->source.in);
	buf_free(&r->source.piece);
	buf_free(&r->last);
	buf_free(&r->json);
}

/* The failure of the source if it was that, else what libarchive says; with the place. */
static int
read_err(struct reader *r, struct err *e)
{
	const char *why = archive_error_string(r->tar);

	if (r->source.failed)
		*e = r->source.err;
	else
		(void)err_set(e, EK_CORRUPT, "%s", why ? why : "not a tar archive");
	if (e->kind != EK_CORRUPT)
		return -1;
	if (r->last.len > 0)
		return err_ctx(e, "tarball, in or after entry '%.200s'", r->last.p);
	return err_ctx(e, "tarball, at its start");
}

/*
 * libarchive converts the names of PAX records from UTF-8 to the locale, composing characters on the way.  In the C
 * locale it can't, and hands out the bytes, which is what we want: names are bytes.
 */
static int
next_header(struct reader *r, struct archive_entry **en)
{
	locale_t before = uselocale(r->c_locale);
	int rc = archive_read_next_header(r->tar, en);

	(void)uselocale(before);
	return rc;
}

/* Velero refuses a tarball with such names, too. */
static int
check_name(struct str name, struct err *e)
{
	struct str rest = name, folder;

	if (name.len == 0)
		return err_set(e, EK_CORRUPT, "tarball: an entry without a name");
	if (name.len > LIMIT_TAR_NAME)
		return err_set(e, EK_CORRUPT, "tarball: entry '%.200s...' has a name of %zu bytes", name.p, name.len);
	if (!text_is_utf8(name))
		return err_set(e, EK_CORRUPT, "tarball: the name of entry '%.200s' is not UTF-8", name.p);
	if (name.p[0] == '/')
		return err_set(e, EK_CORRUPT, "tarball: entry '%.200s' has an absolute name", name.p);
	while (str_split(&rest, '/', &folder))
		if (str_eq(folder, S("..")))
			return err_set(e, EK_CORRUPT, "tarball: entry '%.200s' points outside the archive", name.p);
	return 0;
}

static int
read_json(struct reader *r, uint64_t size, struct err *e)
{
	char *room;
	size_t at = 0;

	buf_cut(&r->json, 0);
	room = buf_room(&r->json, (size_t)size, e);
	if (!room)
		return -1;
	while (at < size) {
		la_ssize_t n = archive_read_data(r->tar, room + at, (size_t)size - at);

		if (n < 0)
			return read_err(r, e);
		if (n == 0)
			return err_set(e, EK_CORRUPT, "tarball: entry '%.200s' is shorter than its header says", r->last.p);
		at += (size_t)n;
	}
	buf_grew(&r->json, (size_t)size);
	return 0;
}

static int
read_entry(struct reader *r, struct archive_entry *en, struct err *e)
{
	struct str name = str_of(archive_entry_pathname(en));
	struct tar_path tp;
	la_int64_t size = archive_entry_size(en);

	if (check_name(name, e) < 0)
		return -1;
	buf_cut(&r->last, 0);
	buf_put_str(&r->last, name);
	if (archive_entry_filetype(en) != AE_IFREG || archive_entry_hardlink(en))
		return 0;
	if (size < 0 || (uint64_t)size > LIMIT_OBJECT)
		return err_set(e, EK_CORRUPT, "tarball: entry '%.200s' claims %" PRId64 " bytes, more than the limit of %zu",
			name.p, (int64_t)size, LIMIT_OBJECT);
	if (!tar_path_parse(name, &tp))
		return 0;
	if (read_json(r, (uint64_t)size, e) < 0)
		return -1;
	return r->fns->on_object(r->fns->ctx, buf_str(&r->last), buf_str(&r->json), e);
}

static int
read_entries(struct reader *r, struct err *e)
{
	struct archive_entry *en;
	int rc;

	/* A warning is about the conversion of a name, see next_header. */
	while ((rc = next_header(r, &en)) == ARCHIVE_OK || rc == ARCHIVE_WARN)
		if (cancel_check(r->source.cancel, e) < 0 || read_entry(r, en, e) < 0)
			return -1;
	if (rc != ARCHIVE_EOF)
		return read_err(r, e);
	/* To the end of the file, where the last check sum is; libarchive may have met its failure and kept quiet. */
	do {
		if (source_next(&r->source) < 0)
			return read_err(r, e);
	} while (!r->source.ended);
	return r->source.zeros >= END_MARK ? 0 : 1;
}

int
tar_read(int64_t (*pull)(void *ctx, void *p, size_t n, struct err *e), void *pull_ctx,
	const struct tar_reader_fns *fns, const struct cancel *c, struct err *e)
{
	AUTO(reader_done) struct reader r = {
		.source = { .pull = pull, .pull_ctx = pull_ctx, .cancel = c, .piece = BUF_INIT(PIECE_MAX) },
		.fns = fns, .last = BUF_INIT(LIMIT_TAR_NAME), .json = BUF_INIT(LIMIT_OBJECT),
	};

	r.source.in = xmalloc(PULL_SIZE);
	r.source.gunzip = gunzip_new(UINT64_MAX, on_unpacked, &r.source);
	r.c_locale = newlocale(LC_ALL_MASK, "C", NULL);
	r.tar = archive_read_new();
	assert_that(r.tar && r.c_locale);
	if (archive_read_support_format_tar(r.tar) != ARCHIVE_OK)
		return read_err(&r, e);
	if (archive_read_open(r.tar, &r.source, NULL, on_read, NULL) != ARCHIVE_OK)
		return read_err(&r, e);
	return read_entries(&r, e);
}

int
tar_member_unpack(const struct index_member *m, struct str gz, struct buf *out, struct err *e)
{
	uint8_t digest[SHA256_LEN];
	size_t before = out->len, max = out->max;
	int rc;

	if (gz.len != m->size)
		return err_set(e, EK_CORRUPT, "tarball member at %" PRIu64 ": %zu of %" PRIu64 " bytes", m->off, gz.len, m->size);
	sha256(gz.p, gz.len, digest);
	if (memcmp(digest, m->sha256, SHA256_LEN) != 0)
		return err_set(e, EK_CORRUPT, "tarball member at %" PRIu64 ": its bytes do not have the SHA-256 of the index",
			m->off);
	if (m->tar_size > max - before)
		return err_set(e, EK_LIMIT, "tarball member at %" PRIu64 ": %" PRIu64 " bytes are too many", m->off, m->tar_size);
	out->max = before + (size_t)m->tar_size;
	rc = gzip_unpack(gz, out, e);
	out->max = max;
	if (rc == 0 && out->len - before == m->tar_size)
		return 0;
	buf_cut(out, before);
	return err_set(e, EK_CORRUPT, "tarball member at %" PRIu64 ": does not unpack to the %" PRIu64 " bytes of the index",
		m->off, m->tar_size);
}
