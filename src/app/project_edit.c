/*
 * Changes of project files.
 *
 * DESIGN: The user's text is changed by whole lines: an entry of "locations" is the lines from its dash to its last value.
 * What stands above, below or between entries stays byte for byte; comments inside of an entry go with it.  The new text is
 * read again before it replaces the old one, and must say what the old one said but for the one change: a form that
 * cannot be edited this way is refused, never damaged.
 */
#include "app/project.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/yaml.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_WAIT_NS (10 * NS_PER_S)
#define LOCK_STEP_NS (10 * NS_PER_MS)

static int
by_hand(const struct project *p, const char *why, struct err *e)
{
	return err_set(e, EK_INVALID, "%s cannot be changed by a program (%s): edit it by hand", p->file, why);
}

/* --- lines --- */

/* Where line n (1-based) begins; the end of the text when it has fewer. */
static size_t
line_start(struct str text, unsigned n)
{
	size_t at = 0;

	while (n > 1 && at < text.len) {
		const char *nl = memchr(text.p + at, '\n', text.len - at);

		at = nl != NULL ? (size_t)(nl - text.p) + 1 : text.len;
		n--;
	}
	return at;
}

static struct str
line_at(struct str text, unsigned n)
{
	return str_sub(text, line_start(text, n), line_start(text, n + 1));
}

/* libyaml counts more characters as line breaks than we do. */
static bool
odd_breaks(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] == '\r' && (i + 1 == text.len || text.p[i + 1] != '\n'))
			return true;
	return text.len > 0 && (memmem(text.p, text.len, "\xc2\x85", 2) != NULL
		|| memmem(text.p, text.len, "\xe2\x80\xa8", 3) != NULL || memmem(text.p, text.len, "\xe2\x80\xa9", 3) != NULL);
}

static size_t
indent_of(struct str line)
{
	size_t n = 0;

	while (n < line.len && line.p[n] == ' ')
		n++;
	return n;
}

static bool
has_dash(struct str line)
{
	size_t n = indent_of(line);

	return n < line.len && line.p[n] == '-' && (n + 1 == line.len || strchr(" \r\n", line.p[n + 1]) != NULL);
}

/* The line of the dash of entry i; 0: not to be found. */
static unsigned
dash_line(struct str text, const struct ynode *list, size_t i)
{
	unsigned above = i > 0 ? list->at[i - 1]->last : list->line - 1;

	for (unsigned n = list->at[i]->line; n > above; n--)
		if (has_dash(line_at(text, n)))
			return n;
	return 0;
}

/* --- composing --- */

/* Text of ours with the line ends of the file. */
static int
put(struct buf *out, const struct project *p, struct str text, struct err *e)
{
	bool crlf = strstr(p->text, "\r\n") != NULL;

	for (size_t i = 0; i < text.len; i++)
		if ((crlf && text.p[i] == '\n' && buf_add(out, "\r", 1, e) < 0) || buf_add(out, text.p + i, 1, e) < 0)
			return -1;
	return 0;
}

/* A list entry, its dash behind indent blanks. */
static int
put_entry(struct buf *out, const struct project *p, const struct location *l, size_t indent, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_CONFIG), yaml = BUF_INIT(LIMIT_CONFIG), text = BUF_INIT(2 * LIMIT_CONFIG);
	struct str rest, line;
	const char *lead = "- ";
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	location_write(l, &w);
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0 || yaml_from_json(buf_str(&json), &yaml, e) < 0)
		return -1;
	rest = str_trim(buf_str(&yaml));
	while (str_split(&rest, '\n', &line)) {
		if (line.len > 0)
			buf_putf(&text, "%*s%s", (int)indent, "", lead);
		buf_put_str(&text, line);
		buf_putc(&text, '\n');
		lead = "  ";
	}
	return put(out, p, buf_str(&text), e);
}

/* The bytes up to line n, with an end of line. */
static int
put_above(struct buf *out, const struct project *p, unsigned n, struct err *e)
{
	struct str above = str_sub(str_of(p->text), 0, line_start(str_of(p->text), n));

	if (buf_add_str(out, above, e) < 0)
		return -1;
	return above.len > 0 && above.p[above.len - 1] != '\n' ? put(out, p, S("\n"), e) : 0;
}

static int
put_below(struct buf *out, const struct project *p, unsigned n, struct err *e)
{
	struct str text = str_of(p->text);

	return buf_add_str(out, str_sub(text, line_start(text, n), text.len), e);
}

/* "locations: []" or "locations: ~" becomes "locations:", with the comment behind it. */
static int
put_bare_key(struct buf *out, const struct project *p, unsigned n, struct err *e)
{
	struct str line = line_at(str_of(p->text), n);
	size_t colon = str_chr(line, ':'), hash = colon;

	while (hash < line.len && line.p[hash] != '#')
		hash++;
	if (buf_add_str(out, str_sub(line, 0, colon + 1), e) < 0)
		return -1;
	if (hash == line.len)
		return put(out, p, S("\n"), e);
	if (buf_add(out, " ", 1, e) < 0 || buf_add_str(out, str_sub(line, hash, line.len), e) < 0)
		return -1;
	return line.p[line.len - 1] == '\n' ? 0 : put(out, p, S("\n"), e);
}

static int
put_first(struct buf *out, const struct project *p, const struct ynode *list, const struct location *l, struct err *e)
{
	if (list == NULL) {
		AUTO_FREE char *head = xasprintf("%s%s%slocations:\n", p->text[0] == '\0' ? "project: " : "",
			p->text[0] == '\0' ? p->name : "", p->text[0] == '\0' ? "\n" : "");

		return put_above(out, p, UINT_MAX, e) < 0 || put(out, p, str_of(head), e) < 0 ? -1
			: put_entry(out, p, l, 2, e);
	}
	if (list->line != list->last)
		return by_hand(p, "'locations' is written as [...]", e);
	return put_above(out, p, list->line, e) < 0 || put_bare_key(out, p, list->line, e) < 0
		|| put_entry(out, p, l, 2, e) < 0 ? -1 : put_below(out, p, list->line + 1, e);
}

static size_t
index_of(const struct project *p, const char *name)
{
	size_t i = 0;

	while (i < p->locations.len && strcmp(p->locations.at[i].name, name) != 0)
		i++;
	return i;
}

static struct ynode *
editable(const struct project *p, struct err *e)
{
	struct ynode *root = yaml_parse(str_of(p->text), p->file, e);

	if (root != NULL && odd_breaks(str_of(p->text))) {
		(void)by_hand(p, "it has line breaks of other systems", e);
		yaml_freep(&root);
		return NULL;
	}
	return root;
}

/* --- the proof --- */

static bool
same_location(const struct location *a, const struct location *b)
{
	AUTO_BUF struct buf ja = BUF_INIT(LIMIT_CONFIG), jb = BUF_INIT(LIMIT_CONFIG);
	struct err ignored;
	struct jw w;

	jw_init(&w, &ja, false);
	jw_obj(&w);
	location_write(a, &w);
	jw_obj_end(&w);
	if (jw_done(&w, &ignored) < 0)
		return false;
	jw_init(&w, &jb, false);
	jw_obj(&w);
	location_write(b, &w);
	jw_obj_end(&w);
	return jw_done(&w, &ignored) == 0 && str_eq(buf_str(&ja), buf_str(&jb));
}

/* The text says what p says, with changed put in (or removed: cut). */
static int
prove(const struct project *p, struct str text, const struct location *changed, const char *cut, struct err *e)
{
	AUTO(project_freep) struct project *q = project_parse(text, p->name, p->file, e);
	size_t expected = p->locations.len + (changed != NULL && index_of(p, changed->name) == p->locations.len)
		- (cut != NULL);

	if (q == NULL)
		return err_ctx(e, "after the change");
	if (q->locations.len != expected || q->clusters.len != p->clusters.len)
		return by_hand(p, "its layout is unusual", e);
	for (size_t i = 0; i < q->locations.len; i++) {
		const struct location *is = &q->locations.at[i];
		size_t was = index_of(p, is->name);
		const struct location *want = changed != NULL && strcmp(is->name, changed->name) == 0 ? changed
			: was < p->locations.len ? &p->locations.at[was] : NULL;

		if (want == NULL || !same_location(is, want))
			return by_hand(p, "its layout is unusual", e);
	}
	return 0;
}

/* --- edits of a text --- */

int
project_text_put(const struct project *p, const struct location *l, struct buf *out, struct err *e)
{
	AUTO_YAML struct ynode *root = editable(p, e);
	const struct ynode *list = yaml_get(root, "locations");
	size_t i = index_of(p, l->name), before = out->len;
	unsigned dash, from, to;
	int rc;

	if (root == NULL)
		return -1;
	if (p->locations.len == 0) {
		rc = put_first(out, p, list, l, e);
	} else {
		dash = dash_line(str_of(p->text), list, i < p->locations.len ? i : 0);
		if (list->flow || dash == 0)
			return by_hand(p, "'locations' is written as [...]", e);
		to = (i < p->locations.len ? list->at[i] : list)->last + 1;
		from = i < p->locations.len ? dash : to;
		rc = put_above(out, p, from, e) < 0
			|| put_entry(out, p, l, indent_of(line_at(str_of(p->text), dash)), e) < 0 ? -1 : put_below(out, p, to, e);
	}
	if (rc == 0 && prove(p, str_sub(buf_str(out), before, out->len), l, NULL, e) == 0)
		return 0;
	buf_cut(out, before);
	return -1;
}

/* p with another text; NULL: e. */
static struct project *
reparsed(const struct project *p, struct str text, struct err *e)
{
	return project_parse(text, p->name, p->file, e);
}

int
project_text_default(const struct project *p, const char *location, struct buf *out, struct err *e)
{
	AUTO_YAML struct ynode *root = editable(p, e);
	const struct ynode *n = yaml_get(root, "defaultLocation"), *head = yaml_get(root, "project");
	AUTO_FREE char *line = xasprintf("defaultLocation: %s\n", location != NULL ? location : "");
	AUTO(project_freep) struct project *q = NULL;
	size_t before = out->len;
	unsigned from, to;

	if (root == NULL)
		return -1;
	if (n != NULL) {
		from = n->line;
		to = n->last + 1;
	} else {
		from = to = head != NULL ? head->last + 1 : root->len > 0 ? root->at[0]->line : 1;
	}
	if (put_above(out, p, from, e) < 0 || (location != NULL && put(out, p, str_of(line), e) < 0)
	    || put_below(out, p, to, e) < 0)
		goto undo;
	if (prove(p, str_sub(buf_str(out), before, out->len), NULL, NULL, e) < 0)
		goto undo;
	q = reparsed(p, str_sub(buf_str(out), before, out->len), e);
	if (q != NULL && (location == NULL) == (q->default_location == NULL)
	    && (location == NULL || strcmp(q->default_location, location) == 0))
		return 0;
	(void)by_hand(p, "its layout is unusual", e);
undo:
	buf_cut(out, before);
	return -1;
}

int
project_text_cut(const struct project *p, const char *location, struct buf *out, struct err *e)
{
	AUTO_YAML struct ynode *root = NULL;
	AUTO(project_freep) struct project *without = NULL;
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);
	const struct ynode *list;
	size_t i = index_of(p, location), before = out->len;
	unsigned dash;

	if (project_location(p, location, e) == NULL)
		return -1;
	/* First what points at it. */
	if (p->default_location != NULL && strcmp(p->default_location, location) == 0) {
		if (project_text_default(p, NULL, &text, e) < 0 || (without = reparsed(p, buf_str(&text), e)) == NULL)
			return -1;
		p = without;
	}
	root = editable(p, e);
	if (root == NULL)
		return -1;
	list = yaml_get(root, "locations");
	dash = dash_line(str_of(p->text), list, i);
	if (list->flow || dash == 0)
		return by_hand(p, "'locations' is written as [...]", e);
	if (put_above(out, p, dash, e) == 0 && put_below(out, p, list->at[i]->last + 1, e) == 0
	    && prove(p, str_sub(buf_str(out), before, out->len), NULL, location, e) == 0)
		return 0;
	buf_cut(out, before);
	return -1;
}

/* --- files --- */

/* Holds the project's lock; waits for others, who need milliseconds. */
static int
lock(const char *file, struct err *e)
{
	AUTO_FREE char *folder = file_dirname(file);
	AUTO_FREE char *name = xasprintf(".%s.lock", strrchr(file, '/') + 1);
	AUTO_FREE char *path = file_join(folder, name);
	int64_t end = clock_mono_ns() + LOCK_WAIT_NS;
	int fd;

	if (file_mkdirs(folder, 0700, e) < 0)
		return -1;
	while ((fd = file_lock(path, e)) < 0 && e->kind == EK_CONFLICT && clock_mono_ns() < end)
		clock_sleep_ns(LOCK_STEP_NS);
	return fd;
}

/* Where links lead: somebody may keep the file elsewhere, under version control. */
static int
save(const struct project *p, struct str text, struct err *e)
{
	AUTO_FREE char *real = realpath(p->file, NULL);
	struct stat st;
	unsigned mode = real != NULL && stat(real, &st) == 0 ? st.st_mode & 0777 : 0600;

	return file_replace(real != NULL ? real : p->file, text.p, text.len, mode, e);
}

static int
write_keys(const char *project, const char *location, struct str ini, struct err *e)
{
	AUTO_FREE char *path = location_keys_path(project, location);
	AUTO_FREE char *folder = file_dirname(path);

	if (file_mkdirs(folder, 0700, e) < 0)
		return -1;
	return file_replace(path, ini.p, ini.len, 0600, e);
}

static int
remove_keys(const char *project, const char *location, struct err *e)
{
	AUTO_FREE char *path = location_keys_path(project, location);

	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(e, errno, "remove the keys '%s'", path);
	return 0;
}

/* The text after the change; the lock is held. */
static int
changed_text(const struct project *p, const struct location_put *c, struct buf *out, struct err *e)
{
	AUTO(project_freep) struct project *next = NULL;
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);

	if (project_text_put(p, c->l, &text, e) < 0)
		return -1;
	if (!c->make_default)
		return buf_add_str(out, buf_str(&text), e);
	next = reparsed(p, buf_str(&text), e);
	return next == NULL ? -1 : project_text_default(next, c->l->name, out, e);
}

int
project_put_location(const char *project, const struct location_put *c, struct err *e)
{
	AUTO(project_freep) struct project *first = project_load(project, e), *p = NULL;
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO(file_close) int fd = -1;
	bool there;

	if (first == NULL || project_check_name("location", c->l->name, e) < 0 || location_check(c->l, e) < 0)
		return -1;
	fd = lock(first->file, e);
	if (fd < 0 || (p = project_load(project, e)) == NULL)
		return -1;
	there = index_of(p, c->l->name) < p->locations.len;
	if (there && !c->replace)
		return err_set(e, EK_EXISTS, "location '%s' is in project '%s' already; --replace changes it", c->l->name,
			project);
	if (!there && c->replace && project_location(p, c->l->name, e) == NULL)
		return -1;
	if (changed_text(p, c, &text, e) < 0)
		return -1;
	if (c->keys.len > 0 && write_keys(project, c->l->name, c->keys, e) < 0)
		return -1;
	if (save(p, buf_str(&text), e) < 0) {
		struct err ignored;

		if (!there)
			(void)remove_keys(project, c->l->name, &ignored);
		return -1;
	}
	return c->l->account == ACCOUNT_ENVIRONMENT ? remove_keys(project, c->l->name, e) : 0;
}

int
project_remove_location(const char *project, const char *name, struct err *e)
{
	AUTO(project_freep) struct project *first = project_load(project, e), *p = NULL;
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO(file_close) int fd = -1;

	if (first == NULL || project_location(first, name, e) == NULL)
		return -1;
	fd = lock(first->file, e);
	if (fd < 0 || (p = project_load(project, e)) == NULL || project_text_cut(p, name, &text, e) < 0)
		return -1;
	return save(p, buf_str(&text), e) < 0 ? -1 : remove_keys(project, name, e);
}
