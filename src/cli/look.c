/* Commands that look into backups: ls, cat, diff, history, grep. */
#include "cli/commands.h"

#include "base/clock.h"
#include "base/fmt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/listing.h"
#include "cli/tree.h"
#include "data/jdoc.h"
#include "data/jscan.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* --- rows --- */

static int
run_rows(struct cli *c, struct request *r, const struct column *columns, size_t n, const char *name_path)
{
	return listing_run(c, r, &(struct listing){ columns, n, name_path, NULL });
}

static bool
for_people(const struct cli *c)
{
	return c->args.output == OUT_TABLE || c->args.output == OUT_WIDE;
}

/* The request owns the options from now on. */
static struct request *
look_request(struct cli *c, enum op op)
{
	struct request *r = new_request(c, op);

	r->filter = c->args.filter;
	r->look = c->args.look;
	c->args.filter = (struct filter_opts){ 0 };
	c->args.look = (struct look_opts){ 0 };
	return r;
}

/* The text at a member of a row, made visible; "" when there is none. */
static void
put_member(struct buf *out, struct str row, const char *key)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_OBJECT);
	struct err ignored;
	struct str raw;

	if (jget(row, key, &raw) && jtype(raw) == J_STR && jstr_decode(raw, &text, &ignored) == 0)
		text_visible(out, buf_str(&text), false);
}

static void
put_place(struct buf *out, struct str row)
{
	size_t before;

	put_member(out, row, "resource");
	buf_putc(out, '/');
	before = out->len;
	put_member(out, row, "namespace");
	if (out->len > before)
		buf_putc(out, '/');
	put_member(out, row, "name");
}

static int
print(const struct buf *out)
{
	return fwrite(buf_cstr(out), 1, out->len, stdout) == out->len ? 0 : -1;
}

/* --- ls --- */

static const struct column ls_columns[] = {
	{ "RESOURCE", "resource", COL_TEXT },
	{ "NAMESPACE", "namespace", COL_TEXT },
	{ "NAME", "name", COL_TEXT },
	{ "SIZE", "size", COL_SIZE },
	{ "VERSION", "version", COL_TEXT, .wide = true },
	{ "KIND", "kind", COL_TEXT, .wide = true },
};

static int
add_to_tree(void *ctx, struct str json)
{
	tree_add(ctx, json);
	return 0;
}

static int
end_tree(void *ctx, enum ev_end end)
{
	(void)end;
	return tree_print(ctx);
}

int
backup_ls(struct cli *c)
{
	const char *by = c->args.tree;
	struct sink sink = { .row = add_to_tree, .done = end_tree };
	int code;

	if (by != NULL && strcmp(by, "namespace") != 0 && strcmp(by, "kind") != 0) {
		cli_error("--tree: '%s' is neither namespace nor kind", by);
		return EXIT_USAGE;
	}
	if (by == NULL || !for_people(c))
		return run_rows(c, look_request(c, OP_BACKUP_LS), ls_columns, COUNT(ls_columns), "resource/namespace/name");
	sink.ctx = tree_new(strcmp(by, "namespace") == 0);
	code = run_request(c, look_request(c, OP_BACKUP_LS), &sink);
	tree_free(sink.ctx);
	return code;
}

/* --- cat --- */

static int
cat_row(void *ctx, struct str json)
{
	struct rows *rows = ctx;

	return rows_add(rows, json);
}

int
backup_cat(struct cli *c)
{
	struct request *r = look_request(c, OP_BACKUP_CAT);
	struct rows *rows = rows_new(c->args.output == OUT_JSON ? OUT_JSON : OUT_YAML, false, NULL, 0, NULL, NULL);
	struct sink sink = { .row = cat_row, .ctx = rows };
	int code;

	for (size_t i = 1; i < c->args.pos.len; i++)
		strs_add(&r->objects, c->args.pos.at[i]);
	code = run_request(c, r, &sink);
	rows_free(rows);
	return code;
}

/* --- differences --- */

static const struct { const char *red, *green, *bold, *end; } colors[] = {
	{ "", "", "", "" }, { "\033[31m", "\033[32m", "\033[1m", "\033[0m" },
};

static bool
wants_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

static void
put_side(struct buf *out, char sign, struct str line, bool color)
{
	buf_puts(out, sign == '-' ? colors[color].red : colors[color].green);
	buf_putf(out, "  %c   ", sign);
	text_visible(out, line, false);
	buf_puts(out, colors[color].end);
	buf_putc(out, '\n');
}

static void
put_lines(struct buf *out, char sign, struct str text, bool color)
{
	struct str line;

	while (text.len > 0 && str_split(&text, '\n', &line))
		put_side(out, sign, line, color);
}

/* Bytes of whole lines that both begin with; *lines counts them. */
static size_t
same_start(struct str a, struct str b, size_t *lines)
{
	size_t start = 0;

	for (size_t i = 0; i < a.len && i < b.len && a.p[i] == b.p[i]; i++) {
		if (a.p[i] == '\n') {
			start = i + 1;
			(*lines)++;
		}
	}
	return start;
}

/* Bytes of whole lines that both end with, of what comes after the first from bytes. */
static size_t
same_end(struct str a, struct str b, size_t from)
{
	size_t end = 0;

	for (size_t i = 1; i <= a.len - from && i <= b.len - from && a.p[a.len - i] == b.p[b.len - i]; i++)
		if (i < a.len - from && i < b.len - from && a.p[a.len - i - 1] == '\n' && b.p[b.len - i - 1] == '\n')
			end = i;
	return end;
}

/* Texts of several lines: those between what is the same at both ends. */
static void
put_texts(struct buf *out, struct str a, struct str b, bool color)
{
	size_t lines = 0, from = same_start(a, b, &lines), end = same_end(a, b, from);

	buf_putf(out, ", line %zu\n", lines + 1);
	put_lines(out, '-', str_sub(a, from, a.len - end), color);
	put_lines(out, '+', str_sub(b, from, b.len - end), color);
}

static bool
is_lines(struct str raw, struct buf *text)
{
	struct err ignored;

	return jtype(raw) == J_STR && jstr_decode(raw, text, &ignored) == 0 && str_chr(buf_str(text), '\n') < text->len;
}

static void
put_change(struct buf *out, struct str change, bool color)
{
	AUTO(buf_wipe) struct buf a = BUF_INIT(LIMIT_OBJECT);
	AUTO(buf_wipe) struct buf b = BUF_INIT(LIMIT_OBJECT);
	struct str old = { 0 }, now = { 0 };

	(void)jget(change, "old", &old);
	(void)jget(change, "new", &now);
	buf_puts(out, "    ");
	put_member(out, change, "path");
	if (is_lines(old, &a) && is_lines(now, &b)) {
		put_texts(out, buf_str(&a), buf_str(&b), color);
		return;
	}
	buf_putc(out, '\n');
	if (old.len > 0)
		put_side(out, '-', old, color);
	if (now.len > 0)
		put_side(out, '+', now, color);
}

static int
print_changes(struct str row, bool color)
{
	struct str changes, change;
	struct jiter it;

	if (!jget(row, "changes", &changes) || !jiter_arr(&it, changes))
		return 0;
	while (jiter_next(&it, NULL, &change)) {
		AUTO(buf_wipe) struct buf out = BUF_INIT(SIZE_MAX);

		put_change(&out, change, color);
		if (print(&out) < 0)
			return -1;
	}
	return 0;
}

static int
print_difference(void *ctx, struct str row)
{
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	bool color = *(const bool *)ctx;
	struct str change = { 0 }, why;
	char sign = '~';

	(void)jget(row, "change", &change);
	if (jstr_eq(change, S("added")))
		sign = '+';
	else if (jstr_eq(change, S("removed")))
		sign = '-';
	buf_puts(&out, sign == '+' ? colors[color].green : sign == '-' ? colors[color].red : colors[color].bold);
	buf_putf(&out, "%c ", sign);
	put_place(&out, row);
	buf_puts(&out, colors[color].end);
	if (jget(row, "why", &why)) {
		buf_puts(&out, "  (");
		put_member(&out, row, "why");
		buf_putc(&out, ')');
	}
	buf_putc(&out, '\n');
	return print(&out) < 0 ? -1 : print_changes(row, color);
}

int
backup_diff(struct cli *c)
{
	bool color = wants_color();
	struct sink sink = { .row = print_difference, .ctx = &color };
	struct request *r;

	c->args.look.other = xstrdup(c->args.pos.at[1]);
	r = look_request(c, OP_BACKUP_DIFF);
	if (!for_people(c))
		return run_rows(c, r, NULL, 0, "resource/namespace/name");
	return run_request(c, r, &sink);
}

/* --- history --- */

static const struct column history_columns[] = {
	{ "BACKUP", "backup", COL_TEXT },
	{ "CREATED", "created", COL_TIME },
	{ "CHANGE", "change", COL_TEXT },
	{ "SIZE", "size", COL_SIZE },
	{ "CLUSTER", "cluster", COL_TEXT, .wide = true },
};

static int
print_history(void *ctx, struct str row)
{
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	bool color = *(const bool *)ctx;

	buf_puts(&out, colors[color].bold);
	put_member(&out, row, "created");
	buf_puts(&out, "  ");
	put_member(&out, row, "backup");
	buf_puts(&out, "  ");
	put_member(&out, row, "change");
	buf_puts(&out, colors[color].end);
	buf_putc(&out, '\n');
	return print(&out) < 0 ? -1 : print_changes(row, color);
}

int
backup_history(struct cli *c)
{
	bool color = wants_color(), diff = c->args.look.diff;
	struct sink sink = { .row = print_history, .ctx = &color };
	struct request *r = look_request(c, OP_BACKUP_HISTORY);

	strs_add(&r->objects, c->args.pos.at[0]);
	free(TAKE(r->name));
	if (!diff || !for_people(c))
		return run_rows(c, r, history_columns, COUNT(history_columns), "backup");
	return run_request(c, r, &sink);
}

/* --- grep --- */

static int
print_match(void *ctx, struct str row)
{
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	const bool *several = ctx;
	struct str number;

	if (*several) {
		put_member(&out, row, "backup");
		buf_puts(&out, ": ");
	}
	put_place(&out, row);
	buf_puts(&out, ": ");
	if (jget(row, "count", &number)) {
		buf_put_str(&out, number);
	} else {
		put_member(&out, row, "path");
		if (jget(row, "line", &number)) {
			buf_putc(&out, ':');
			buf_put_str(&out, number);
		}
		buf_puts(&out, ": ");
		put_member(&out, row, "text");
	}
	buf_putc(&out, '\n');
	return print(&out);
}

int
backup_grep(struct cli *c)
{
	bool several = c->args.look.all_backups || c->args.pos.len > 2;
	struct sink sink = { .row = print_match, .ctx = &several };
	struct request *r;

	if (c->args.look.all_backups != (c->args.pos.len == 1)) {
		cli_error(c->args.look.all_backups ? "--all and the name of a backup do not go together"
			: "'backup grep' needs the name of a backup, or --all");
		return EXIT_USAGE;
	}
	c->args.look.once = c->args.output == OUT_NAME && !c->args.look.count;
	c->args.look.pattern = xstrdup(c->args.pos.at[0]);
	for (size_t i = 1; i < c->args.pos.len; i++)
		strs_add(&c->args.look.backups, c->args.pos.at[i]);
	r = look_request(c, OP_BACKUP_GREP);
	free(TAKE(r->name));
	if (!for_people(c))
		return run_rows(c, r, NULL, 0, several ? "backup/resource/namespace/name" : "resource/namespace/name");
	return run_request(c, r, &sink);
}
