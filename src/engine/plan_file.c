/* Plans of restores as files. */
#include "engine/plan_file.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/gzip.h"
#include "data/jscan.h"
#include "data/jwrite.h"
#include "data/lines.h"
#include "engine/restore_request.h"

#include <stddef.h>
#include <string.h>

#define FILE_VERSION 1
#define LINE_MAX_LEN LIMIT_OPTION_FILE          /* the options hold files */
#define HASH_TEXT    (2 * PLAN_MARK_LEN)

/* The members of an object's line. */
static const struct { const char *key; size_t at; } members[] = {
	{ "resource",        offsetof(struct plan_row, resource) },
	{ "namespace",       offsetof(struct plan_row, ns) },
	{ "name",            offsetof(struct plan_row, name) },
	{ "sourceNamespace", offsetof(struct plan_row, from_ns) },
	{ "uid",             offsetof(struct plan_row, uid) },
	{ "content",         offsetof(struct plan_row, hash) },
};

static const char **
member(struct plan_row *row, size_t i)
{
	return (const char **)(void *)((char *)row + members[i].at);
}

/* --- writing --- */

struct plan_writer {
	struct buf   packed, line;
	struct gzip *gz;
	uint64_t     rows;
};

struct plan_writer *
plan_writer_new(void)
{
	struct plan_writer *w = xcalloc(1, sizeof *w);

	w->packed = (struct buf)BUF_INIT(LIMIT_SIDE_FILE);
	w->line = (struct buf)BUF_INIT(LINE_MAX_LEN);
	w->gz = gzip_new(&w->packed);
	return w;
}

void
plan_writer_freep(struct plan_writer **w)
{
	if (*w == NULL)
		return;
	gzip_free((*w)->gz);
	buf_free(&(*w)->packed);
	buf_wipe(&(*w)->line);           /* rules may hold passwords */
	free(TAKE(*w));
}

/* Ends the line in w->line. */
static int
put_line(struct plan_writer *w, struct jw *j, struct err *e)
{
	if (jw_done(j, e) < 0 || buf_add(&w->line, "\n", 1, e) < 0 || gzip_add(w->gz, w->line.p, w->line.len, e) < 0)
		return -1;
	buf_cut(&w->line, 0);
	return 0;
}

int
plan_writer_head(struct plan_writer *w, const struct plan_ground *g, const struct restore_opts *o, struct err *e)
{
	char time[CLOCK_TEXT_MAX];
	struct jw j;

	jw_init(&j, &w->line, false);
	jw_obj(&j);
	jw_kv_uint(&j, "orlopPlan", FILE_VERSION);
	jw_kv_text(&j, "created", clock_rfc3339(time, clock_unix_ns()));
	jw_kv_text(&j, "backupId", g->backup_id);
	jw_kv_text(&j, "cluster", g->cluster);
	jw_kv_bool(&j, "server", g->server);
	jw_key(&j, "options");
	restore_request_write(o, &j);
	jw_obj_end(&j);
	return put_line(w, &j, e);
}

int
plan_writer_add(struct plan_writer *w, const struct plan_row *row, struct err *e)
{
	struct plan_row copy = *row;
	struct jw j;

	if (row->finding != NULL)
		return 0;
	jw_init(&j, &w->line, false);
	jw_obj(&j);
	jw_kv_text(&j, "action", plan_action_text(row->action));
	for (size_t i = 0; i < COUNT(members); i++)
		if ((*member(&copy, i))[0] != '\0')
			jw_kv_text(&j, members[i].key, *member(&copy, i));
	jw_obj_end(&j);
	w->rows++;
	return put_line(w, &j, e);
}

int
plan_writer_end(struct plan_writer *w, const char *path, struct err *e)
{
	struct jw j;

	jw_init(&j, &w->line, false);
	jw_obj(&j);
	jw_kv_uint(&j, "objects", w->rows);
	jw_obj_end(&j);
	if (put_line(w, &j, e) < 0 || gzip_end(w->gz, e) < 0)
		return -1;
	return file_replace(path, w->packed.p, w->packed.len, 0600, e);
}

/* --- reading --- */

struct planned {
	struct plan_ground ground;
	struct buf         packed, options;
	struct VEC_OF(struct plan_mark) marks;
	uint64_t           counts[PLAN_COUNT_];
};

struct reading {
	planned_fn *fn;
	void       *ctx;
	struct planned *head;        /* NULL: it is known */
	uint64_t    rows;
	bool        ended;
};

static int
bad(uint64_t number, const char *what, struct err *e)
{
	return err_set(e, EK_CORRUPT, "line %llu: %s", (unsigned long long)number, what);
}

/* Every member of options is one that this program knows: what it does not know it cannot do. */
static int
check_options(struct str options, struct err *e)
{
	struct jiter it;
	struct str key, v;

	if (!jiter_obj(&it, options))
		return bad(1, "no options", e);
	while (jiter_next(&it, &key, &v)) {
		bool known = false;

		for (size_t i = 0; i < request_fields_len && !known; i++)
			known = str_eqz(key, request_fields[i].key);
		if (!known)
			return err_set(e, EK_INVALID, "it was made by another version of orlop, with an option '" STR_FMT
				"' that this one does not know", STR_ARG(key));
	}
	return 0;
}

static bool
take_text(struct str line, const char *key, char *out, size_t cap)
{
	struct str raw, text;

	if (!jget(line, key, &raw) || !jstr_plain(raw, &text) || text.len >= cap)
		return false;
	str_copy(out, cap, text);
	return true;
}

static int
take_head(struct planned *p, struct str line, struct err *e)
{
	struct restore_opts o = { 0 };
	struct str raw;
	int64_t version;
	int rc;

	if (!jget(line, "orlopPlan", &raw) || !jint(raw, &version))
		return bad(1, "it is no plan of a restore", e);
	if (version != FILE_VERSION)
		return err_set(e, EK_INVALID, "it is a plan of version %lld, and this orlop reads version %d", (long long)version,
			FILE_VERSION);
	if (!take_text(line, "backupId", p->ground.backup_id, sizeof p->ground.backup_id)
	    || !take_text(line, "cluster", p->ground.cluster, sizeof p->ground.cluster)
	    || !jget(line, "server", &raw) || !jbool(raw, &p->ground.server) || !jget(line, "options", &raw))
		return bad(1, "it does not say what it is a plan of", e);
	if (check_options(raw, e) < 0)
		return -1;
	rc = restore_request_merge(raw, &o, e);
	if (rc == 0 && o.backup == NULL)
		rc = bad(1, "it names no backup", e);
	restore_opts_done(&o);
	return rc < 0 ? -1 : buf_add_str(&p->options, raw, e);
}

/* The action of a line, PLAN_COUNT_ for none. */
static enum plan_action
action_of(struct str raw)
{
	enum plan_action a = 0;

	while (a < PLAN_COUNT_ && !jstr_eq(raw, str_of(plan_action_text(a))))
		a++;
	return a;
}

/* False: there is something else in it than there may be. */
static bool
take_members(struct str line, struct plan_row *row, struct arena *arena)
{
	unsigned seen = 0;
	struct jiter it;
	struct str key, raw;

	if (!jiter_obj(&it, line))
		return false;
	row->action = PLAN_COUNT_;
	for (size_t i = 0; i < COUNT(members); i++)
		*member(row, i) = "";
	while (jiter_next(&it, &key, &raw)) {
		AUTO_FREE char *text = jstr_dup(raw);
		size_t i = 0;

		if (str_eq(key, S("action")) && row->action == PLAN_COUNT_) {
			row->action = action_of(raw);
			continue;
		}
		while (i < COUNT(members) && !str_eqz(key, members[i].key))
			i++;
		if (i == COUNT(members) || text == NULL || (seen & 1U << i) != 0)
			return false;
		seen |= 1U << i;
		*member(row, i) = arena_strdup(arena, str_of(text));
	}
	return true;
}

static bool
makes_sense(const struct plan_row *row)
{
	return row->action < PLAN_COUNT_ && row->resource[0] != '\0' && row->name[0] != '\0'
		&& (row->hash[0] == '\0' || (strlen(row->hash) == HASH_TEXT && row->uid[0] != '\0'));
}

static int
take_line(void *ctx, struct str line, uint64_t number, struct err *e)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct plan_row row = { .why = "", .kind = "", .version = "" };
	struct reading *x = ctx;
	struct str raw;
	struct err why;
	int64_t rows;

	if (json_check(line, &why) < 0)
		return bad(number, why.msg, e);
	if (x->ended)
		return bad(number, "there is something behind the end", e);
	if (number == 1)
		return x->head != NULL ? take_head(x->head, line, e) : 0;
	if (jget(line, "objects", &raw)) {
		x->ended = true;
		return jint(raw, &rows) && rows >= 0 && (uint64_t)rows == x->rows ? 0 : bad(number, "objects are missing", e);
	}
	if (!take_members(line, &row, &arena) || !makes_sense(&row))
		return bad(number, "it says nothing of an object", e);
	x->rows++;
	return x->fn(x->ctx, &row, e);
}

static int
read_lines(struct str packed, struct reading *x, struct err *e)
{
	AUTO_LINES struct lines l = LINES_INIT(LINE_MAX_LEN, take_line, x);
	AUTO(gunzip_freep) struct gunzip *g = gunzip_new(LIMIT_INDEX, lines_add, &l);

	if (gunzip_feed(g, packed.p, packed.len, e) < 0 || gunzip_end(g, e) < 0)
		return -1;
	return x->ended && l.rest.len == 0 ? 0 : err_set(e, EK_CORRUPT, "the end of it is missing");
}

static void
digest(uint8_t out[PLAN_MARK_LEN], const char *what, struct str a, struct str b, struct str c)
{
	AUTO_FREE char *text = xasprintf("%s\n" STR_FMT "\n" STR_FMT "\n" STR_FMT, what, STR_ARG(a), STR_ARG(b), STR_ARG(c));
	uint8_t sum[SHA256_LEN];

	sha256(text, strlen(text), sum);
	memcpy(out, sum, PLAN_MARK_LEN);
}

static void
key_of(uint8_t out[PLAN_MARK_LEN], bool deletion, struct str resource, struct str ns, struct str name)
{
	digest(out, deletion ? "delete" : "", resource, ns, name);
}

static int
add_mark(void *ctx, const struct plan_row *row, struct err *e)
{
	struct planned *p = ctx;
	struct plan_mark *m = vec_push(&p->marks);
	bool deletion = row->action == PLAN_DELETE;

	(void)e;
	*m = (struct plan_mark){ .action = row->action };
	key_of(m->key, deletion, str_of(row->resource), str_of(deletion ? row->ns : row->from_ns), str_of(row->name));
	digest(m->live, "", str_of(row->uid), str_of(row->hash), (struct str){ 0 });
	p->counts[row->action]++;
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct plan_mark *x = a, *y = b;

	return memcmp(x->key, y->key, PLAN_MARK_LEN);
}

struct planned *
planned_parse(struct str packed, struct err *e)
{
	AUTO(planned_freep) struct planned *p = xcalloc(1, sizeof *p);
	struct reading x = { .fn = add_mark, .ctx = p, .head = p };

	p->packed = (struct buf)BUF_INIT(LIMIT_SIDE_FILE);
	p->options = (struct buf)BUF_INIT(LINE_MAX_LEN);
	if (read_lines(packed, &x, e) < 0 || buf_add_str(&p->packed, packed, e) < 0)
		return NULL;
	if (p->marks.len > 1)
		qsort(p->marks.at, p->marks.len, sizeof *p->marks.at, by_key);
	for (size_t i = 1; i < p->marks.len; i++)
		if (by_key(&p->marks.at[i - 1], &p->marks.at[i]) == 0) {
			err_set(e, EK_CORRUPT, "it names an object twice");
			return NULL;
		}
	return TAKE(p);
}

void
planned_free(struct planned *p)
{
	if (p == NULL)
		return;
	buf_free(&p->packed);
	buf_wipe(&p->options);
	vec_free(&p->marks);
	free(p);
}

void
planned_freep(struct planned **p)
{
	planned_free(*p);
}

const struct plan_ground *
planned_ground(const struct planned *p)
{
	return &p->ground;
}

struct str
planned_options(const struct planned *p)
{
	return buf_str(&p->options);
}

struct str
planned_packed(const struct planned *p)
{
	return buf_str(&p->packed);
}

size_t
planned_len(const struct planned *p)
{
	return p->marks.len;
}

uint64_t
planned_count(const struct planned *p, enum plan_action a)
{
	return p->counts[a];
}

const struct plan_mark *
planned_find(const struct planned *p, bool deletion, struct str resource, struct str from_ns, struct str name)
{
	struct plan_mark wanted;

	key_of(wanted.key, deletion, resource, from_ns, name);
	return p->marks.len == 0 ? NULL : bsearch(&wanted, p->marks.at, p->marks.len, sizeof wanted, by_key);
}

bool
plan_mark_is(const struct plan_mark *m, struct str uid, struct str hash)
{
	uint8_t live[PLAN_MARK_LEN];

	digest(live, "", uid, hash, (struct str){ 0 });
	return memcmp(live, m->live, sizeof live) == 0;
}

int
planned_each(const struct planned *p, planned_fn *fn, void *ctx, struct err *e)
{
	struct reading x = { .fn = fn, .ctx = ctx };

	return read_lines(buf_str(&p->packed), &x, e);
}
