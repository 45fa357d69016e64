/* Searching backups. */
#include "engine/grep.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/regex.h"
#include "base/vec.h"
#include "data/jfield.h"
#include "engine/scope.h"

#include <stdlib.h>

#define TOO_LONG_MAX 20                  /* fields on which the pattern may take too long */

struct grep {
	const struct grep_opts *o;
	struct regex           *pattern;
	size_t                  too_long;
	struct buf              view, decoded, text;
	/* the backup and the object at hand */
	struct report          *r;
	grep_fn                *fn;
	void                   *ctx;
	const struct index_entry *en;
	bool                    found;
};

struct grep *
grep_new(const struct grep_opts *o, struct err *e)
{
	AUTO(grep_freep) struct grep *g = xcalloc(1, sizeof *g);
	AUTO_FREE char *pattern = xasprintf("%s%s", o->ignore_case ? "(?i)" : "", o->pattern);

	g->o = o;
	g->view = (struct buf)BUF_INIT(2 * LIMIT_OBJECT);
	g->decoded = (struct buf)BUF_INIT(2 * LIMIT_OBJECT);
	g->text = (struct buf)BUF_INIT(LIMIT_OBJECT);
	g->pattern = regex_new(pattern, e);
	return g->pattern != NULL ? TAKE(g) : NULL;
}

void
grep_free(struct grep *g)
{
	if (g == NULL)
		return;
	regex_free(g->pattern);
	buf_wipe(&g->view);
	buf_wipe(&g->decoded);
	buf_wipe(&g->text);
	free(g);
}

void
grep_freep(struct grep **g)
{
	grep_free(*g);
	*g = NULL;
}

/* The message of regex_search has the text, which may be a secret. */
static int
takes_too_long(struct grep *g, struct str path, struct err *e)
{
	AUTO_FREE char *ns = str_dup(g->en->ns);
	AUTO_FREE char *gr = str_dup(g->en->gr);
	AUTO_FREE char *name = str_dup(g->en->name);

	if (++g->too_long > TOO_LONG_MAX)
		return err_set(e, EK_LIMIT, "the pattern takes too long on too many fields: write a simpler one");
	report_finding(g->r, RESULT_ERROR, ns, gr, name, "write a simpler pattern", "the pattern takes too long on " STR_FMT,
		STR_ARG(str_sub(path, 0, 200)));
	return 0;
}

static int
search_line(struct grep *g, struct str path, struct str line, uint64_t number, struct err *e)
{
	const struct grep_row row = { g->en, path, line, number };
	struct err why;
	int found = regex_search(g->pattern, line, &why);

	if (found < 0)
		return takes_too_long(g, path, e);
	if (found == 0)
		return 0;
	g->found = true;
	return g->fn(g->ctx, &row, e);
}

static int
search_lines(struct grep *g, struct str path, struct str text, struct err *e)
{
	struct str line;
	uint64_t number = 0;

	if (str_chr(text, '\n') == text.len)
		return search_line(g, path, text, 0, e);
	if (str_ends(text, S("\n")))
		text.len--;
	while (!(g->found && g->o->once) && str_split(&text, '\n', &line))
		if (search_line(g, path, line, ++number, e) < 0)
			return -1;
	return 0;
}

static int
on_field(void *ctx, struct str path, struct str value, struct err *e)
{
	struct grep *g = ctx;
	struct str text = value;

	if (g->found && g->o->once)
		return 0;
	if (jtype(value) == J_STR && !jstr_plain(value, &text)) {
		buf_cut(&g->text, 0);
		if (jstr_decode(value, &g->text, e) < 0)
			return -1;
		text = buf_str(&g->text);
	}
	return search_lines(g, path, text, e);
}

static int
search_object(struct grep *g, struct str json, struct err *e)
{
	struct str shown;

	buf_cut(&g->view, 0);
	buf_cut(&g->decoded, 0);
	g->found = false;
	if (view_put(&g->o->view, g->en->gr, json, S(""), &g->view, e) < 0)
		return -1;
	shown = buf_str(&g->view);
	if (g->o->view.show_secrets && view_is_secret(g->en->gr, shown)) {
		if (view_decode_secret(shown, &g->decoded, e) < 0)
			return -1;
		shown = buf_str(&g->decoded);
	}
	return jfield_each(shown, on_field, g, e);
}

/* --- all objects --- */

struct entries VEC_OF(const struct index_entry *);

static void
entries_free(struct entries *v)
{
	vec_free(v);
}

static int
by_offset(const void *x, const void *y)
{
	const struct index_entry *a = *(const struct index_entry *const *)x, *b = *(const struct index_entry *const *)y;

	if (a->member != b->member)
		return a->member < b->member ? -1 : 1;
	return (a->off > b->off) - (a->off < b->off);
}

static int
choose(const struct grep *g, const struct vbackup *b, const struct reader *rd, struct entries *out, struct err *e)
{
	AUTO(discovery_freep) struct discovery *d = reader_discovery(rd);
	AUTO(selection_freep) struct selection *s = NULL;
	AUTO_STRS struct strs unknown = { 0 };
	const char *name;
	const struct index *ix = reader_index(rd);

	s = selection_new(g->o->filter, d, &unknown, e);
	if (s == NULL)
		return -1;
	name = scope_unknown(g->o->filter, &unknown);
	if (name != NULL && !g->o->several)
		return err_set(e, EK_NOTFOUND, "backup '%s' has no objects of type '%s' (of custom resources no "
			"short names are known here)", b->name, name);
	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *en = &ix->entries[i];
		int takes = scope_takes(s, en->gr, en->ns, en->name, en->labels, e);

		if (takes < 0)
			return -1;
		if (takes > 0)
			*vec_push(out) = en;
	}
	if (out->len > 1)
		qsort(out->at, out->len, sizeof *out->at, by_offset);
	return 0;
}

int
grep_backup(struct grep *g, const struct vbackup *b, struct reader *rd, struct report *r, grep_fn *fn, void *ctx,
	const struct cancel *c, uint64_t *objects, struct err *e)
{
	AUTO(entries_free) struct entries entries = { 0 };

	g->r = r;
	g->fn = fn;
	g->ctx = ctx;
	if (choose(g, b, rd, &entries, e) < 0)
		return -1;
	reader_ahead(rd, entries.at, entries.len, c);
	for (size_t i = 0; i < entries.len; i++) {
		struct str json;

		if (i % 256 == 0)
			report_progress(r, "searching", i, entries.len, 0);
		g->en = entries.at[i];
		if (cancel_check(c, e) < 0 || reader_object(rd, g->en, &json, c, e) < 0 || search_object(g, json, e) < 0)
			return -1;
	}
	*objects = entries.len;
	return 0;
}
