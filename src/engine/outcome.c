/* What became of each object of a restore, as lines of JSON. */
#include "engine/outcome.h"

#include "archive/layout.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/gzip.h"
#include "data/jscan.h"
#include "data/jwrite.h"
#include "data/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_LEN (64 * KIB)
#define PIECE        (64 * KIB)

/* --- words --- */

static const struct outcome_word words[] = {
	{ "created",   "(created)", offsetof(struct restore_counts, created) },
	{ "updated",   "(updated)", offsetof(struct restore_counts, updated) },
	{ "merged",    "(updated)", offsetof(struct restore_counts, updated) },
	{ "recreated", "(recreated)", offsetof(struct restore_counts, updated) },
	{ "same",      "(skipped)", offsetof(struct restore_counts, skipped) },
	{ "skipped",   "(skipped)", offsetof(struct restore_counts, skipped) },
	{ "differs",   "(failed)",  offsetof(struct restore_counts, differ) },
	{ "failed",    "(failed)",  offsetof(struct restore_counts, failed) },
};

const struct outcome_word *
outcome_word(const char *word)
{
	/* Of what is not known here, no more is known than that the restore did something. */
	static const struct outcome_word other = { "", "(updated)", offsetof(struct restore_counts, updated) };

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return &words[i];
	return &other;
}

bool
outcome_is_done(const struct outcome *o)
{
	return !o->unfinished && strcmp(o->word, "failed") != 0;
}

char *
outcome_key(struct str resource, struct str from_ns, struct str name)
{
	return xasprintf(STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(resource), STR_ARG(from_ns), STR_ARG(name));
}

/* --- writing --- */

struct outcomes {
	int        fd;
	bool       broken;
	struct err why;
	struct buf line;
};

struct outcomes *
outcomes_new(const char *path, struct err *e)
{
	struct outcomes *v;
	int fd = path == NULL ? file_spool(e) : open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 && path != NULL)
		err_sys(e, errno, "%s", path);
	if (fd < 0)
		return NULL;
	v = xcalloc(1, sizeof *v);
	v->fd = fd;
	v->line = (struct buf)BUF_INIT(LINE_MAX_LEN);
	return v;
}

void
outcomes_free(struct outcomes *v)
{
	if (v == NULL)
		return;
	file_close(&v->fd);
	buf_free(&v->line);
	free(v);
}

/* The members of a line. */
static const struct { const char *key; size_t at; } members[] = {
	{ "outcome",         offsetof(struct outcome, word) },
	{ "resource",        offsetof(struct outcome, resource) },
	{ "apiVersion",      offsetof(struct outcome, api_version) },
	{ "kind",            offsetof(struct outcome, kind) },
	{ "namespace",       offsetof(struct outcome, ns) },
	{ "name",            offsetof(struct outcome, name) },
	{ "sourceResource",  offsetof(struct outcome, from_resource) },
	{ "sourceNamespace", offsetof(struct outcome, from_ns) },
	{ "uid",             offsetof(struct outcome, uid) },
	{ "resourceVersion", offsetof(struct outcome, version) },
	{ "text",            offsetof(struct outcome, text) },
	{ "next",            offsetof(struct outcome, hint) },
};

static const char **
member(struct outcome *o, size_t i)
{
	return (const char **)(void *)((char *)o + members[i].at);
}

void
outcomes_add(struct outcomes *v, const struct outcome *o)
{
	struct outcome copy = *o;
	struct jw w;

	if (v->broken)
		return;
	buf_cut(&v->line, 0);
	jw_init(&w, &v->line, false);
	jw_obj(&w);
	for (size_t i = 0; i < COUNT(members); i++)
		if ((*member(&copy, i))[0] != '\0')
			jw_kv_text(&w, members[i].key, *member(&copy, i));
	if (o->error)
		jw_kv_bool(&w, "error", true);
	if (o->unfinished)
		jw_kv_bool(&w, "unfinished", true);
	jw_obj_end(&w);
	if (jw_done(&w, &v->why) < 0 || buf_add(&v->line, "\n", 1, &v->why) < 0
	    || file_write_all(v->fd, v->line.p, v->line.len, &v->why) < 0)
		v->broken = true;
}

/* Hands on what was packed so far. */
static int
drain(struct buf *packed, struct store_writer *w, struct err *e)
{
	if (packed->len > 0 && store_writer_add(w, packed->p, packed->len, e) < 0)
		return -1;
	buf_cut(packed, 0);
	return 0;
}

static int
pack(int fd, struct gzip *gz, struct buf *packed, struct store_writer *w, struct err *e)
{
	AUTO_FREE char *piece = xmalloc(PIECE);
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, piece, PIECE, at);

		if (n < 0)
			return err_sys(e, errno, "read the outcomes");
		if (n == 0)
			break;
		at += n;
		if (gzip_add(gz, piece, (size_t)n, e) < 0 || drain(packed, w, e) < 0)
			return -1;
	}
	return gzip_end(gz, e) < 0 ? -1 : drain(packed, w, e);
}

int
outcomes_put(struct outcomes *v, struct store *st, const char *name, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *key = layout_key(name, LAYOUT_RESTORE_OUTCOMES);
	AUTO_BUF struct buf packed = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO(gzip_freep) struct gzip *gz = NULL;
	struct store_writer *w;

	if (v->broken) {
		*e = v->why;
		return err_ctx(e, "outcomes of the objects");
	}
	w = store_writer_open(st, key, c, e);
	if (w == NULL)
		return err_ctx(e, "%s", key);
	gz = gzip_new(&packed);
	if (pack(v->fd, gz, &packed, w, e) < 0) {
		store_writer_abort(w);
		return err_ctx(e, "%s", key);
	}
	return store_writer_commit(w, e) < 0 ? err_ctx(e, "%s", key) : 0;
}

/* --- reading --- */

struct reading { outcome_fn *fn; void *ctx; };

static int
take_line(void *ctx, struct str line, uint64_t number, struct err *e)
{
	struct reading *x = ctx;
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct outcome o = { 0 };
	struct str raw;
	struct err why;

	if (json_check(line, &why) < 0)
		return err_set(e, EK_CORRUPT, "outcomes, line %llu: %s", (unsigned long long)number, why.msg);
	for (size_t i = 0; i < COUNT(members); i++) {
		AUTO_FREE char *text = jget(line, members[i].key, &raw) ? jstr_dup(raw) : NULL;

		*member(&o, i) = text != NULL ? arena_strdup(&arena, str_of(text)) : "";
	}
	if (o.word[0] == '\0' || o.resource[0] == '\0' || o.name[0] == '\0')
		return err_set(e, EK_CORRUPT, "outcomes, line %llu: no outcome of an object", (unsigned long long)number);
	if (jget(line, "error", &raw))
		(void)jbool(raw, &o.error);
	if (jget(line, "unfinished", &raw))
		(void)jbool(raw, &o.unfinished);
	return x->fn(x->ctx, &o, e);
}

static int
unpack(void *ctx, const void *p, size_t n, struct err *e)
{
	return gunzip_feed(ctx, p, n, e);
}

int
outcomes_read(struct store *st, const char *name, outcome_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *key = layout_key(name, LAYOUT_RESTORE_OUTCOMES);
	struct reading x = { fn, ctx };
	AUTO_LINES struct lines l = LINES_INIT(LINE_MAX_LEN, take_line, &x);
	AUTO(gunzip_freep) struct gunzip *g = gunzip_new(LIMIT_INDEX, lines_add, &l);
	int rc = store_read(st, key, unpack, g, c, e);

	if (rc == 0)
		rc = gunzip_end(g, e);
	return rc < 0 ? err_ctx(e, "%s", key) : 0;
}

int
outcomes_read_file(const char *path, outcome_fn *fn, void *ctx, struct err *e)
{
	struct reading x = { fn, ctx };
	AUTO_LINES struct lines l = LINES_INIT(LINE_MAX_LEN, take_line, &x);
	AUTO_FREE char *piece = xmalloc(PIECE);
	AUTO(file_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd < 0)
		return err_sys(e, errno, "%s", path);
	while ((n = read(fd, piece, PIECE)) > 0)
		if (lines_add(&l, piece, (size_t)n, e) < 0)
			break;
	if (n < 0)
		return err_sys(e, errno, "%s", path);
	return n > 0 ? err_ctx(e, "%s", path) : 0;
}
