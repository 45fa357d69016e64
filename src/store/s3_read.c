/*
 * The S3 store: an object in pieces.
 *
 * A HEAD tells size, tag and checksum.  A small object is one stream that goes on where it broke off.  Of a large one the first
 * range tells how fast a connection is.  Stores and networks far away limit each connection: then the rest is read through
 * a window of ranges, each on a connection of its own, and handed on in order, so at most RANGES of them are in memory.
 * Where one connection is fast already, several would only cost more.  If-Match keeps all of it one object.
 *
 * A store tells the checksum of an object that was uploaded in parts either of the whole, or ("sum-N") as one over the
 * checksums of N parts.  Their sizes follow from that of the first; where a comparison fails, each part is asked for its
 * size before the data is blamed.
 */
#include "store/s3_impl.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE     "s3"
#define RESUMES        4                 /* of a broken download without a byte of progress in between */
#define RANGE_SIZE     (4 * MIB)
#define RANGES         4
#define PARALLEL_FROM  (16 * MIB)
#define RANGE_NS       ((int64_t)RANGE_SIZE * NS_PER_S / (int64_t)(128 * MIB))  /* in less, a connection is no bottleneck: 128 MiB/s */

struct download {
	struct s3           *s;
	const char          *key;
	const struct cancel *c;
	store_sink          *sink;
	void                *ctx;
	uint64_t             size;               /* 0: unknown, or nothing */
	char                 same[128];          /* the header that keeps it one object; "": no tag is known */
	bool                 headed;             /* what follows is known from a HEAD */
	char                 expected[S3_SUM_MAX];       /* "": the store has told no checksum that can be checked */
	struct s3_sum        sum;                /* of what was received of the object, or of the present part */
	unsigned             parts;              /* 0: the checksum is one of the whole */
	bool                 doubling;           /* the parts are as our own writer makes them; else all are like the first */
	struct s3_sum        over;               /* over the checksums of parts */
	unsigned             number;             /* of the present part: 1 ... */
	uint64_t             first, left;        /* size of the first part; bytes that the present part lacks */
	uint64_t             got;
	int64_t              sink_ns;            /* that the sink took */
	bool                 refused;            /* the sink's error: final */
};

static void
download_done(struct download *d)
{
	s3_sum_done(&d->sum);
	s3_sum_done(&d->over);
}

/* --- checksums --- */

static uint64_t
size_of_part(const struct download *d, unsigned number)
{
	return d->doubling ? s3_part_size(number) : d->first;
}

static void
end_part(struct download *d)
{
	AUTO_BUF struct buf raw = BUF_INIT(S3_SUM_MAX);
	enum s3_sum_kind kind = d->sum.kind;
	char text[S3_SUM_MAX];
	struct err ignored;

	s3_sum_end(&d->sum, text);
	if (b64_decode(&raw, str_of(text), &ignored) == 0)
		s3_sum_add(&d->over, raw.p, raw.len);
	s3_sum_done(&d->sum);
	s3_sum_begin(&d->sum, kind);
	d->left = size_of_part(d, ++d->number);
}

static void
sum_add(struct download *d, const char *p, size_t n)
{
	while (d->parts > 0 && n >= d->left) {
		size_t take = (size_t)d->left;

		s3_sum_add(&d->sum, p, take);
		p += take;
		n -= take;
		end_part(d);
	}
	if (n > 0)
		s3_sum_add(&d->sum, p, n);
	if (d->parts > 0)
		d->left -= n;
}

/* The object's first part, or another: 0 and its size. */
static int
head_part(const struct download *d, unsigned number, uint64_t *size, struct err *e)
{
	char text[16];
	struct s3_req req = { .aim = S3_GET, .method = "HEAD", .key = d->key, .n_query = 1,
		.query = { { S("partNumber"), { text, 0 } } }, .headers = { d->same } };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct str v;

	(void)snprintf(text, sizeof text, "%u", number);
	req.query[0].value = str_of(text);
	if (s3_do(&d->s->conn, d->s->http, &req, &resp, d->c, e) < 0)
		return -1;
	if (!http_resp_header(&resp, "Content-Length", &v) || !parse_u64(v, INT64_MAX, size))
		return err_set(e, EK_CORRUPT, "the answer has no proper Content-Length");
	return 0;
}

static bool
as_our_writer(uint64_t size, uint64_t first, unsigned parts)
{
	unsigned n = 0;

	if (first != s3_part_size(1))
		return false;
	while (size > 0 && n < S3_PARTS_MAX) {
		uint64_t part = s3_part_size(++n);

		size = size > part ? size - part : 0;
	}
	return size == 0 && n == parts;
}

/* Cuts the object as its checksum over parts was made; false: it cannot be told how. */
static bool
find_parts(struct download *d, unsigned parts)
{
	struct err ignored = { 0 };

	if (head_part(d, 1, &d->first, &ignored) < 0 || d->first == 0)
		return false;
	if ((d->size + d->first - 1) / d->first != parts) {
		if (!as_our_writer(d->size, d->first, parts))
			return false;
		d->doubling = true;
	}
	d->parts = parts;
	d->number = 1;
	d->left = d->first;
	return true;
}

/* Is each part as large as was assumed? */
static bool
parts_are_so(struct download *d)
{
	uint64_t rest = d->size, size;
	struct err ignored;

	for (unsigned i = 1; i <= d->parts; i++) {
		uint64_t part = size_of_part(d, i) < rest ? size_of_part(d, i) : rest;

		if (head_part(d, i, &size, &ignored) < 0 || size != part)
			return false;
		rest -= part;
	}
	return rest == 0;
}

static int
check_sum(struct download *d, struct err *e)
{
	enum s3_sum_kind kind = d->sum.kind;
	char found[S3_SUM_MAX];
	struct err why = { 0 };

	if (!*d->expected)
		return 0;
	if (d->parts > 0) {
		size_t n;

		if (d->number <= d->parts)               /* the last part is shorter */
			end_part(d);
		s3_sum_end(&d->over, found);
		n = strlen(found);
		(void)snprintf(found + n, sizeof found - n, "-%u", d->parts);
	} else {
		s3_sum_end(&d->sum, found);
	}
	if (s3_sum_compare(kind, d->expected, found, &why) == 0)
		return 0;
	if (d->parts > 0 && !parts_are_so(d)) {
		LOG_DBG("%s: parts of different sizes: no checksum is compared", d->key);
		return 0;
	}
	*e = why;
	return -1;
}

/* --- what is there --- */

static void
take_sum(struct download *d, const struct http_resp *resp)
{
	for (enum s3_sum_kind kind = S3_SUM_CRC32; kind < S3_SUM_COUNT_; kind++) {
		struct str v, count;
		uint64_t parts = 0;
		size_t dash;

		if (!http_resp_header(resp, s3_sum_header(kind), &v) || v.len >= S3_SUM_MAX)
			continue;
		dash = str_chr(v, '-');
		count = str_sub(v, dash + 1, v.len);
		if (dash < v.len && (!parse_u64(count, S3_PARTS_MAX, &parts) || parts == 0 || !find_parts(d, (unsigned)parts)))
			return;
		s3_sum_begin(&d->sum, kind);
		if (parts > 0)
			s3_sum_begin(&d->over, kind);
		str_copy(d->expected, sizeof d->expected, v);
		return;
	}
}

/* 0: it is known, or the store would not say, and whoever reads it will be told why. */
static int
look(struct download *d, struct err *e)
{
	struct s3_req req = { .aim = S3_GET, .method = "HEAD", .key = d->key };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	struct err why = { 0 };
	struct str v;

	if (s3_do(&d->s->conn, d->s->http, &req, &resp, d->c, &why) < 0) {
		if (resp.status >= 400 && resp.status < 500)
			return 0;
		*e = why;
		return -1;
	}
	if (!http_resp_header(&resp, "Content-Length", &v) || !parse_u64(v, INT64_MAX, &d->size))
		return 0;
	d->headed = true;
	if (http_resp_header(&resp, "ETag", &v) && v.len < sizeof d->same - 16)
		(void)snprintf(d->same, sizeof d->same, "If-Match: " STR_FMT, STR_ARG(v));
	take_sum(d, &resp);
	return 0;
}

static int
replaced(struct err *e)
{
	return err_set(e, EK_CONFLICT, "the object was replaced while it was read");
}

static bool
is_replaced(const struct err *why)
{
	return strcmp(why->reason, "PreconditionFailed") == 0;
}

static int
hand_on(void *ctx, const void *p, size_t n, struct err *e)
{
	struct download *d = ctx;
	int64_t start = clock_mono_ns();

	if (d->sink(d->ctx, p, n, e) < 0) {
		d->refused = true;
		return -1;
	}
	d->got += n;
	sum_add(d, p, n);
	d->sink_ns += clock_mono_ns() - start;
	return 0;
}

/* --- one stream --- */

/* Of a Content-Range that tells nothing but the size; 0: not told. */
static uint64_t
size_of_416(const struct http_resp *resp)
{
	struct str v;
	uint64_t size;

	if (!http_resp_header(resp, "Content-Range", &v) || !str_starts(v, S("bytes */")) ||
	    !parse_u64(str_sub(v, 8, v.len), INT64_MAX, &size))
		return 0;
	return size;
}

/* From where it is to the end. */
static int
read_stream(struct download *d, struct err *e)
{
	char range[64] = "";
	struct s3_req req = { .aim = S3_GET, .method = "GET", .key = d->key, .sink = hand_on, .ctx = d,
		.headers = { *d->same ? d->same : NULL } };
	unsigned idle = 0;

	if (d->got > 0) {
		(void)snprintf(range, sizeof range, "Range: bytes=%" PRIu64 "-", d->got);
		req.headers[0] = range;
		req.headers[1] = d->same;
	}

	if (!d->headed)
		s3_sum_begin(&d->sum, d->s->conn.dialect.sum);
	for (;;) {
		AUTO(http_resp_done) struct http_resp resp = { 0 };
		struct err why = { 0 };
		uint64_t before = d->got;
		struct str tag;
		int rc = s3_do(&d->s->conn, d->s->http, &req, &resp, d->c, &why);

		if (before == 0 && !d->headed && !s3_sum_sent(&resp, d->sum.kind, d->expected))
			d->expected[0] = '\0';
		if (rc == 0) {
			if (before == 0 || resp.status == 206)
				return check_sum(d, e);
			return err_set(e, EK_CORRUPT, "the store does not continue a broken download");
		}
		idle = d->got > before ? 0 : idle + 1;
		/* Broken off behind the last byte: there is no rest to ask for. */
		if (before > 0 && resp.status == 416 && size_of_416(&resp) == d->got)
			return check_sum(d, e);
		if (is_replaced(&why))
			return replaced(e);
		/* Without a tag nothing proves that the rest belongs to the same object. */
		if (before == 0 && !*d->same && http_resp_header(&resp, "ETag", &tag) && tag.len < sizeof d->same - 16)
			(void)snprintf(d->same, sizeof d->same, "If-Match: " STR_FMT, STR_ARG(tag));
		if (d->refused || d->got == 0 || !*d->same || idle >= RESUMES || !err_info(why.kind)->retry) {
			*e = why;
			return -1;
		}
		(void)snprintf(range, sizeof range, "Range: bytes=%" PRIu64 "-", d->got);
		req.headers[0] = range;
		req.headers[1] = d->same;
	}
}

/* --- ranges --- */

struct slot {
	struct s3_call  *call;           /* NULL: not under way */
	struct http_resp again;          /* of a range that was asked for once more */
	struct str       data;           /* that has come; points into one of the two */
	bool             done;
	char             line[64];
};

struct ranges {
	struct download *d;
	struct http     *h;              /* of its own, with as many connections as ranges */
	uint64_t         n, begun, given;
	struct slot      slots[RANGES];
};

static void
slot_clear(struct slot *slot)
{
	s3_call_free(TAKE(slot->call));
	http_resp_done(&slot->again);
	*slot = (struct slot){ 0 };
}

static void
ranges_done(struct ranges *r)
{
	for (size_t i = 0; i < RANGES; i++)
		slot_clear(&r->slots[i]);
	http_free(r->h);
}

static size_t
range_len(const struct ranges *r, uint64_t nth)
{
	uint64_t left = r->d->size - nth * RANGE_SIZE;

	return left < RANGE_SIZE ? (size_t)left : RANGE_SIZE;
}

static struct s3_req
range_req(const struct ranges *r, uint64_t nth, struct slot *slot)
{
	uint64_t from = nth * RANGE_SIZE;

	(void)snprintf(slot->line, sizeof slot->line, "Range: bytes=%" PRIu64 "-%" PRIu64, from,
		from + range_len(r, nth) - 1);
	return (struct s3_req){ .aim = S3_GET, .method = "GET", .key = r->d->key, .max_body = range_len(r, nth),
		.headers = { slot->line, r->d->same } };
}

static int
begin_range(struct ranges *r, struct err *e)
{
	struct slot *slot = &r->slots[r->begun % RANGES];
	struct s3_req req = range_req(r, r->begun, slot);

	slot->call = s3_call_start(&r->d->s->conn, r->h, &req, slot, r->d->c, e);
	if (slot->call == NULL)
		return -1;
	r->begun++;
	return 0;
}

static int
take_range(const struct ranges *r, uint64_t nth, const struct http_resp *resp, struct slot *slot, struct err *e)
{
	if (resp->status != 206 || resp->body.len != range_len(r, nth))
		return err_set(e, EK_CORRUPT, "%zu bytes from %" PRIu64 " on are needed, the store sent %zu (%d)",
			range_len(r, nth), nth * RANGE_SIZE, resp->body.len, resp->status);
	slot->data = buf_str(&resp->body);
	slot->done = true;
	return 0;
}

/* Alone, with all that one request knows to help itself. */
static int
once_more(const struct ranges *r, uint64_t nth, struct slot *slot, struct err *e)
{
	struct s3_req req = range_req(r, nth, slot);

	s3_call_free(TAKE(slot->call));
	if (s3_do(&r->d->s->conn, r->d->s->http, &req, &slot->again, r->d->c, e) < 0)
		return is_replaced(e) ? replaced(e) : -1;
	return take_range(r, nth, &slot->again, slot, e);
}

static int
await_range(struct ranges *r, struct err *e)
{
	struct s3_call *call = s3_call_next(r->h, r->d->c, e);
	struct err why = { 0 };
	struct slot *slot;
	uint64_t nth;

	if (call == NULL)
		return -1;
	slot = s3_call_tag(call);
	/* The window is RANGES wide: one number in it belongs to this slot. */
	nth = r->given;
	while (&r->slots[nth % RANGES] != slot)
		nth++;
	if (s3_call_result(call, &why) == 0 && take_range(r, nth, s3_call_resp(call), slot, &why) == 0)
		return 0;
	if (is_replaced(&why))
		return replaced(e);
	LOG_DBG("range %" PRIu64 " once more: %s", nth, why.msg);
	return once_more(r, nth, slot, e);
}

static int
read_ranges(struct download *d, struct err *e)
{
	AUTO(ranges_done) struct ranges r = { .d = d, .n = (d->size + RANGE_SIZE - 1) / RANGE_SIZE,
		.begun = d->got / RANGE_SIZE, .given = d->got / RANGE_SIZE };
	struct http_conf conf = d->s->conn.http;

	/* HTTP/2 would send all of it through one connection. */
	conf.http1_only = true;
	conf.max_connections = RANGES;
	r.h = http_new(&conf, e);
	if (r.h == NULL)
		return -1;
	while (r.given < r.n) {
		struct slot *slot = &r.slots[r.given % RANGES];

		while (r.begun < r.n && r.begun - r.given < RANGES)
			if (begin_range(&r, e) < 0)
				return -1;
		if (!slot->done) {
			if (await_range(&r, e) < 0)
				return -1;
			continue;
		}
		if (hand_on(d, slot->data.p, slot->data.len, e) < 0)
			return -1;
		slot_clear(slot);
		r.given++;
	}
	return check_sum(d, e);
}

/* The first range, alone: 1, and it went fast; 0: slowly.  What fails here is done again by whoever reads on. */
static int
read_first(struct download *d, struct err *e)
{
	char line[64];
	struct s3_req req = { .aim = S3_GET, .method = "GET", .key = d->key, .sink = hand_on, .ctx = d,
		.headers = { line, d->same } };
	AUTO(http_resp_done) struct http_resp resp = { 0 };
	int64_t start = clock_mono_ns(), took;
	struct err why = { 0 };

	(void)snprintf(line, sizeof line, "Range: bytes=0-%zu", (size_t)RANGE_SIZE - 1);
	if (s3_do(&d->s->conn, d->s->http, &req, &resp, d->c, &why) < 0) {
		if (is_replaced(&why))
			return replaced(e);
		if (!d->refused && why.kind != EK_CANCELED)
			return 1;
		*e = why;
		return -1;
	}
	took = clock_mono_ns() - start - d->sink_ns;
	LOG_DBG("%s: the first range took %lld us", d->key, (long long)(took / NS_PER_US));
	return d->got != RANGE_SIZE || took < RANGE_NS;
}

int
s3_read(struct store *st, const char *key, store_sink *sink, void *ctx, const struct cancel *c, struct err *e)
{
	AUTO(download_done) struct download d = { .s = s3_of(st), .key = key, .c = c, .sink = sink, .ctx = ctx };
	int fast = 1;

	if (look(&d, e) < 0)
		return -1;
	if (d.size >= PARALLEL_FROM && *d.same)
		fast = read_first(&d, e);
	if (fast < 0)
		return -1;
	if (d.headed && d.size > 0 && d.got == d.size)   /* a store that knows no ranges has sent it all */
		return check_sum(&d, e);
	return fast ? read_stream(&d, e) : read_ranges(&d, e);
}
