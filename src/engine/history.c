/*
 * DESIGN
 *
 *   metadata of all backups, by time --> looks
 *   a few threads, each backup by one --> index and hash of the object; the object, if the backup before has another
 *   the job's thread, in order --> what has changed since the last look that had it, rows
 */
#include "engine/history.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/vec.h"
#include "data/jscan.h"
#include "engine/abreast.h"
#include "engine/catalog.h"
#include "engine/lookup.h"
#include "engine/reader.h"
#include "engine/scope.h"

#include <stdlib.h>
#include <string.h>

/* Up to so many objects, all hashes are fewer bytes than the member that the object is in. */
#define HASHES_UP_TO 4096

static const char *const texts[] = {
	[HISTORY_FIRST] = "first", [HISTORY_CREATED] = "created", [HISTORY_CHANGED] = "changed", [HISTORY_SAME] = "same",
	[HISTORY_DELETED] = "deleted",
};
_Static_assert(COUNT(texts) == HISTORY_COUNT_, "every change has its text");

const char *
history_text(enum history_change h)
{
	return texts[h];
}

/* A backup that is open, and the object in it. */
struct look {
	struct vbackup            b;
	struct reader            *r;
	const struct index_entry *en;        /* NULL: it is not in it, or why tells */
	struct err                why;
	struct buf                raw;       /* the object, once it was read */
	bool                      hashed;    /* hash is the object's */
	uint8_t                   hash[INDEX_HASH_LEN];
};

static struct look *
look_new(void)
{
	struct look *l = xcalloc(1, sizeof *l);

	l->raw = (struct buf)BUF_INIT(LIMIT_OBJECT);
	return l;
}

static void
look_free(struct look *l)
{
	if (l == NULL)
		return;
	reader_close(l->r);
	vbackup_done(&l->b);
	buf_wipe(&l->raw);
	free(l);
}

static void
look_freep(struct look **l)
{
	look_free(*l);
	*l = NULL;
}

/* What the threads tell each other of a backup. */
struct glimpse {
	bool    over, has;
	uint8_t hash[INDEX_HASH_LEN];
};

/* What is known of the object in one cluster. */
struct line {
	char        *cluster;                /* UID; "": not recorded */
	struct look *last;                   /* the newest backup that has it; NULL: none had it yet */
	bool         gone, lacked;           /* a later one lacks it; one before the first has lacked it */
};

struct history {
	struct store              *st;
	const struct history_opts *o;
	struct report             *r;
	history_fn                *fn;
	void                      *ctx;
	const struct cancel       *c;
	struct VEC_OF(struct vbackup) backups;
	struct look              **looks;            /* of the backups, until they are visited */
	struct glimpse            *glimpses;         /* of the backups; lock's */
	struct lock               *lock;
	struct VEC_OF(struct line) lines;
	size_t                     told, incomplete;
	struct buf                 a, b;
};

static void
history_done(struct history *h)
{
	for (size_t i = 0; i < h->backups.len; i++) {
		vbackup_done(&h->backups.at[i]);
		if (h->looks != NULL)
			look_free(h->looks[i]);
	}
	free(h->looks);
	free(h->glimpses);
	lock_free(h->lock);
	vec_free(&h->backups);
	for (size_t i = 0; i < h->lines.len; i++) {
		free(h->lines.at[i].cluster);
		look_free(h->lines.at[i].last);
	}
	vec_free(&h->lines);
	buf_wipe(&h->a);
	buf_wipe(&h->b);
}

static const char *
annotation(const struct vbackup *b, const char *key)
{
	const char *value = kvs_get(&b->annotations, key);

	return value != NULL ? value : "";
}

static struct line *
line_of(struct history *h, const struct vbackup *b)
{
	const char *uid = annotation(b, VB_ANNOT_CLUSTER_UID);

	for (size_t i = 0; i < h->lines.len; i++)
		if (strcmp(h->lines.at[i].cluster, uid) == 0)
			return &h->lines.at[i];
	*vec_push(&h->lines) = (struct line){ .cluster = xstrdup(uid) };
	return &h->lines.at[h->lines.len - 1];
}

/* --- which backups --- */

static int
on_backup(void *ctx, const char *name, struct str json, const struct err *why, struct err *e)
{
	struct history *h = ctx;
	struct vbackup b = { 0 };
	struct err bad;

	(void)e;
	if (why == NULL && vbackup_read(json, &b, &bad) < 0)
		why = &bad;
	if (why != NULL) {
		report_error(h->r, RESULT_ERROR, NULL, "backups", name, why);
		return 0;
	}
	if (strcmp(b.name, name) != 0 || (h->o->cluster != NULL
	    && strcmp(h->o->cluster, annotation(&b, VB_ANNOT_CLUSTER_UID)) != 0
	    && strcmp(h->o->cluster, annotation(&b, VB_ANNOT_CLUSTER_NAME)) != 0)) {
		vbackup_done(&b);
		return 0;
	}
	*vec_push(&h->backups) = b;
	return 0;
}

static int64_t
time_of(const struct vbackup *b)
{
	return b->start_unix_ns != 0 ? b->start_unix_ns : b->created_unix_ns;
}

static int
by_time(const void *x, const void *y)
{
	const struct vbackup *a = x, *b = y;

	if (time_of(a) != time_of(b))
		return time_of(a) < time_of(b) ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* --- one backup --- */

static int
tell(struct history *h, const struct look *l, const struct index_entry *en, enum history_change change, struct err *e)
{
	const struct history_row row = { change, l->b.name, annotation(&l->b, VB_ANNOT_CLUSTER_NAME), time_of(&l->b),
		en->gr, en->ns, en->name, change == HISTORY_DELETED ? 0 : en->size, buf_str(&h->a), buf_str(&h->b) };

	h->told++;
	return h->fn(h->ctx, &row, e);
}

static int
read_raw(struct look *l, const struct cancel *c, struct err *e)
{
	struct str json;

	if (l->raw.len > 0)
		return 0;
	return reader_object(l->r, l->en, &json, c, e) < 0 ? -1 : buf_add_str(&l->raw, json, e);
}

static int
know_hash(struct look *l, const struct cancel *c, struct err *e)
{
	if (l->hashed)
		return 0;
	if (reader_hashed(l->r)) {
		memcpy(l->hash, l->en->hash, sizeof l->hash);
	} else {
		if (read_raw(l, c, e) < 0)
			return -1;
		index_content_hash(buf_str(&l->raw), l->hash);
	}
	l->hashed = true;
	return 0;
}

/* Fills h->a and h->b.  Hashes differ also when an object is the same and only written otherwise. */
static int
compare(struct history *h, struct look *was, struct look *l, bool *same, struct err *e)
{
	if (know_hash(l, h->c, e) < 0)
		return -1;
	*same = memcmp(was->hash, l->hash, sizeof l->hash) == 0;
	if (*same)
		return 0;
	if (read_raw(was, h->c, e) < 0 || read_raw(l, h->c, e) < 0
	    || view_put(&h->o->view, l->en->gr, buf_str(&was->raw), S(""), &h->a, e) < 0
	    || view_put(&h->o->view, l->en->gr, buf_str(&l->raw), buf_str(&was->raw), &h->b, e) < 0)
		return -1;
	*same = jsame(buf_str(&h->a), buf_str(&h->b));
	if (*same || !h->o->diff) {
		buf_cut(&h->a, 0);
		buf_cut(&h->b, 0);
	}
	return 0;
}

static int
present(struct history *h, struct line *line, struct look **l, struct err *e)
{
	enum history_change change = line->lacked ? HISTORY_CREATED : HISTORY_FIRST;
	bool same = false;
	int rc;

	if (line->last == NULL || line->gone) {
		if (line->gone)
			change = HISTORY_CREATED;
		if (know_hash(*l, h->c, e) < 0)
			return -1;
	} else {
		if (compare(h, line->last, *l, &same, e) < 0)
			return -1;
		change = same ? HISTORY_SAME : HISTORY_CHANGED;
	}
	rc = tell(h, *l, (*l)->en, change, e);
	buf_cut(&h->a, 0);
	buf_cut(&h->b, 0);
	line->gone = false;
	look_free(line->last);
	line->last = TAKE(*l);
	return rc;
}

/* By the object as it was last seen: its type need not be in this backup. */
static bool
was_asked_for(const struct vbackup *b, const struct index_entry *en)
{
	AUTO(discovery_freep) struct discovery *d = reader_type_of(en);
	AUTO(selection_freep) struct selection *s = scope_of(b, d);

	return scope_holds(s, en->gr, en->ns, en->name, en->labels);
}

static int
absent(struct history *h, struct line *line, const struct look *l, struct err *e)
{
	if (line->last == NULL) {
		line->lacked = l->b.phase != NULL && strcmp(l->b.phase, "Completed") == 0;
		return 0;
	}
	if (line->gone || !was_asked_for(&l->b, line->last->en))
		return 0;
	if (l->b.phase == NULL || strcmp(l->b.phase, "Completed") != 0) {
		h->incomplete++;
		return 0;
	}
	line->gone = true;
	return tell(h, l, line->last->en, HISTORY_DELETED, e);
}

/* What it was in the cluster before, it still is: a short name may mean something else in this backup. */
static int
find(struct look *l, const struct line *line, struct err *e)
{
	const struct index_entry *was = line->last != NULL ? line->last->en : NULL, *en = l->en;

	if (was == NULL && en == NULL && l->why.kind != EK_NOTFOUND) {
		*e = l->why;
		return -1;
	}
	if (was != NULL)
		en = index_find(reader_index(l->r), was->gr, was->ns, was->name);
	if (en != l->en) {
		buf_cut(&l->raw, 0);
		l->hashed = false;
		l->en = en;
	}
	return 0;
}

/* One that cannot be read is a finding; a store that does not answer, and what the user said wrong, end it all. */
static bool
only_this_one(const struct err *e)
{
	return e->kind == EK_CORRUPT || e->kind == EK_NOTFOUND || e->kind == EK_LIMIT;
}

static int
visit(struct history *h, struct abreast *a, size_t i, struct err *e)
{
	AUTO(look_freep) struct look *l = NULL;
	struct err why;
	int rc = abreast_take(a, i, &why);

	l = TAKE(h->looks[i]);
	if (rc == 0) {
		struct line *line = line_of(h, &l->b);

		reader_move(l->r, h->st);
		rc = find(l, line, &why);
		if (rc == 0)
			rc = l->en != NULL ? present(h, line, &l, &why) : absent(h, line, l, &why);
	}
	if (rc == 0)
		return 0;
	if (l == NULL || !only_this_one(&why)) {
		*e = why;
		return -1;
	}
	report_error(h->r, RESULT_ERROR, NULL, "backups", l->b.name, &why);
	return 0;
}

/* --- on its way --- */

static void
tell_glimpse(struct history *h, size_t i, const struct look *l)
{
	struct glimpse *g = &h->glimpses[i];

	lock_take(h->lock);
	g->has = l->hashed;
	if (g->has)
		memcpy(g->hash, l->hash, sizeof g->hash);
	g->over = true;
	lock_wake(h->lock);
	lock_drop(h->lock);
}

/* The backup before this one has another object: then both are going to be compared. */
static bool
differs_from_last(struct history *h, size_t i, const struct look *l)
{
	const struct glimpse *g;
	bool differs;

	if (i == 0 || !l->hashed)
		return false;
	g = &h->glimpses[i - 1];
	lock_take(h->lock);
	while (!g->over)
		lock_wait(h->lock);
	differs = g->has && memcmp(g->hash, l->hash, sizeof l->hash) != 0;
	lock_drop(h->lock);
	return differs;
}

static int
open_look(struct history *h, struct abreast *a, size_t i, struct store *st, const struct cancel *c, struct err *e)
{
	struct look *l = h->looks[i];
	AUTO(discovery_freep) struct discovery *d = NULL;
	uint64_t objects = l->b.total_items > 0 ? (uint64_t)l->b.total_items : 0;
	struct err ignored;

	if (abreast_hold(a, i, objects, e) < 0)
		return -1;
	l->r = (objects <= HASHES_UP_TO ? reader_open_hashed : reader_open)(st, &l->b, NULL, NULL, c, e);
	if (l->r == NULL)
		return -1;
	d = reader_discovery(l->r);
	l->en = lookup_object(reader_index(l->r), d, l->b.name, h->o->object, &l->why);
	/* What cannot be read is read again, and told, when its turn comes. */
	if (l->en != NULL)
		(void)know_hash(l, c, &ignored);
	return 0;
}

static int
look(void *ctx, struct abreast *a, size_t i, struct store *st, const struct cancel *c, struct err *e)
{
	struct history *h = ctx;
	struct look *l = h->looks[i];
	struct err ignored;
	int rc = st != NULL ? open_look(h, a, i, st, c, e) : -1;

	tell_glimpse(h, i, l);
	if (rc == 0 && differs_from_last(h, i, l))
		(void)read_raw(l, c, &ignored);
	return rc;
}

static int
visit_all(struct history *h, struct err *e)
{
	AUTO(abreast_freep) struct abreast *a = NULL;
	size_t n = h->backups.len;

	h->looks = xcalloc(n, sizeof *h->looks);
	h->glimpses = xcalloc(n, sizeof *h->glimpses);
	h->lock = lock_new();
	for (size_t i = 0; i < n; i++) {
		h->looks[i] = look_new();
		h->looks[i]->b = h->backups.at[i];
		h->backups.at[i] = (struct vbackup){ 0 };
	}
	a = abreast_new(store_url(h->st), n, look, h, h->c, e);
	if (a == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		report_progress(h->r, "reading backups", i, n, 0);
		if (cancel_check(h->c, e) < 0 || visit(h, a, i, e) < 0)
			return -1;
	}
	return 0;
}

int
history_run(struct store *st, const struct history_opts *o, struct report *r, history_fn *fn, void *ctx,
	const struct cancel *c, struct err *e)
{
	AUTO(history_done) struct history h = { .st = st, .o = o, .r = r, .fn = fn, .ctx = ctx, .c = c,
		.a = BUF_INIT(2 * LIMIT_OBJECT), .b = BUF_INIT(2 * LIMIT_OBJECT) };
	struct lookup l;

	if (lookup_parse(o->object, &l, e) < 0 || catalog_backups(st, on_backup, &h, c, e) < 0)
		return -1;
	if (h.backups.len > 1)
		qsort(h.backups.at, h.backups.len, sizeof *h.backups.at, by_time);
	if (visit_all(&h, e) < 0)
		return -1;
	if (h.incomplete > 0)
		report_note(r, "%zu backup%s that did not complete %s it: that is not taken for a deletion", h.incomplete,
			h.incomplete == 1 ? "" : "s", h.incomplete == 1 ? "lacks" : "lack");
	if (h.told == 0)
		return err_set(e, EK_NOTFOUND, "no '%s' in any backup in %s (of custom resources no "
			"short names are known here)", o->object, store_label(st));
	return 0;
}
