/*
 * Golden screens: plays the recorded events and keys of golden/NAME.script into the model and compares what it draws with
 * golden/NAME.txt, at three sizes in UTF-8, in ASCII, and as the attributes of the mono theme.
 *
 *   golden [--update] [NAME...]       --update writes what differs
 *
 * A script has a command a line, '#' begins a comment:
 *   without location|cluster;  read-only      how the program was begun: before the first screen
 *   open SCREEN [ARGUMENT]            by its palette name, or one of "others"; \n in the argument is a new line
 *   row|finding|note OP TEXT          an event of the latest request OP ("backup-list"); OP@N: of the Nth one
 *   rows OP FIRST LAST TEXT           a row for each number, which stands where TEXT has {}
 *   end OP [partial|damaged|canceled] that request has ended;  fail OP TEXT: in vain
 *   progress OP PHASE DONE TOTAL
 *   keys NAME...                      "j Space Enter";  type TEXT
 *   pass MS                           time
 */
#include "base/attr.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "base/parse.h"
#include "base/vec.h"
#include "ui/model.h"
#include "ui/screens/screens.h"

#include <glob.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW INT64_C(1763942400)         /* 2025-11-24T00:00:00Z */

static const char *const ops[OP_COUNT_] = {
	[OP_BACKUP_CREATE] = "backup-create", [OP_BACKUP_LIST] = "backup-list", [OP_BACKUP_DESCRIBE] = "backup-describe",
	[OP_BACKUP_LS] = "backup-ls", [OP_BACKUP_CAT] = "backup-cat", [OP_BACKUP_LOGS] = "backup-logs",
	[OP_BACKUP_VERIFY] = "backup-verify", [OP_BACKUP_DELETE] = "backup-delete", [OP_BACKUP_DIFF] = "backup-diff",
	[OP_BACKUP_HISTORY] = "backup-history", [OP_BACKUP_GREP] = "backup-grep", [OP_RESTORE_CREATE] = "restore-create",
	[OP_RESTORE_PLAN] = "restore-plan", [OP_RESTORE_PREFLIGHT] = "restore-preflight", [OP_RESTORE_LIST] = "restore-list",
	[OP_RESTORE_DESCRIBE] = "restore-describe", [OP_RESTORE_LOGS] = "restore-logs", [OP_RESTORE_UNDO] = "restore-undo",
	[OP_LOCATION_VALIDATE] = "location-validate", [OP_LOCATION_LIST] = "location-list", [OP_LOCATION_SAVE] = "location-save",
	[OP_LOCATION_REMOVE] = "location-remove", [OP_LOCATION_POLICY] = "location-policy", [OP_CONTEXT_LIST] = "context-list",
	[OP_CLUSTER_CHECK] = "cluster-check",
};

static const struct { int rows, cols; } sizes[] = { { 24, 80 }, { 40, 120 }, { 15, 60 } };
enum rendition { UTF8, ASCII, MONO };
static const char *const renditions[] = { [UTF8] = "UTF-8", [ASCII] = "ASCII", [MONO] = "mono" };

/* Screens that the palette does not lead to. */
static const struct { const char *name; const struct screen_type *type; } others[] = {
	{ "object", &screen_object }, { "location-new", &screen_location_new }, { "job", &screen_job },
};

struct asking { enum op op; uint64_t ticket; };
struct play {
	struct model *m;
	struct { struct asking *at; size_t len, cap; } asked;
	int64_t       now_ms;
	const char   *script;
	unsigned      line;
};

static _Noreturn void
bad(const struct play *p, const char *why, struct str what)
{
	fprintf(stderr, "%s:%u: %s '" STR_FMT "'\n", p->script, p->line, why, STR_ARG(what));
	exit(1);
}

static void
take_wishes(struct play *p)
{
	for (size_t i = 0; i < p->m->wishes.len; i++) {
		struct wish *w = &p->m->wishes.at[i];

		if (w->kind == WISH_SUBMIT)
			*vec_push(&p->asked) = (struct asking){ w->request->op, w->ticket };
		request_free(w->request);
		free(w->text);
	}
	p->m->wishes.len = 0;
}

static void
apply(struct play *p, const struct msg *msg)
{
	model_apply(p->m, msg);
	take_wishes(p);
}

static void
set_time(struct play *p, int64_t ms)
{
	const struct msg msg = { .kind = MSG_TIME, .now_s = NOW + ms / 1000, .now_ms = ms };

	p->now_ms = ms;
	apply(p, &msg);
}

/* --- commands --- */

static struct str
word(struct str *rest)
{
	struct str w = S("");

	*rest = str_trim(*rest);
	if (rest->len > 0)
		(void)str_split(rest, ' ', &w);
	return w;
}

static int64_t
number(const struct play *p, struct str s)
{
	int64_t n;

	if (!parse_i64(s, &n))
		bad(p, "no number", s);
	return n;
}

/* "OP": the latest such request; "OP@N": the Nth one. */
static uint64_t
ticket(const struct play *p, struct str *rest)
{
	struct str nth = word(rest), name;
	int64_t wanted, seen = 0;
	uint64_t found = 0;

	(void)str_split(&nth, '@', &name);
	wanted = nth.len > 0 ? number(p, nth) : 0;
	for (size_t i = 0; i < p->asked.len; i++)
		if (ops[p->asked.at[i].op] != NULL && str_eqz(name, ops[p->asked.at[i].op]) && (wanted == 0 || ++seen == wanted))
			found = p->asked.at[i].ticket;
	if (found == 0)
		bad(p, "nobody has asked for", name);
	return found;
}

static void
send_event(struct play *p, struct str rest, enum ev_kind kind, enum ev_end end)
{
	uint64_t of = ticket(p, &rest);
	AUTO_FREE char *text = str_dup(str_trim(rest));
	struct event ev = { .kind = kind, .text = text, .len = strlen(text), .end = end };
	const struct msg msg = { .kind = MSG_EVENT, .ticket = of, .event = &ev };

	if (end == END_FAILED)
		err_set(&ev.err, EK_UNAVAILABLE, "%s", text);
	apply(p, &msg);
}

static void cmd_row(struct play *p, struct str s) { send_event(p, s, EV_ROW, END_DONE); }
static void cmd_bytes(struct play *p, struct str s) { send_event(p, s, EV_BYTES, END_DONE); }
static void cmd_finding(struct play *p, struct str s) { send_event(p, s, EV_FINDING, END_DONE); }
static void cmd_note(struct play *p, struct str s) { send_event(p, s, EV_NOTE, END_DONE); }
static void cmd_fail(struct play *p, struct str s) { send_event(p, s, EV_END, END_FAILED); }

static void
cmd_end(struct play *p, struct str rest)
{
	static const struct { const char *word; enum ev_end end; } ends[] = {
		{ "", END_DONE }, { "partial", END_PARTIAL }, { "damaged", END_DAMAGED }, { "canceled", END_CANCELED },
	};
	struct str op = word(&rest), how = str_trim(rest);

	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_eqz(how, ends[i].word)) {
			send_event(p, op, EV_END, ends[i].end);
			return;
		}
	bad(p, "no end", how);
}

static void
cmd_rows(struct play *p, struct str rest)
{
	AUTO_FREE char *op = str_dup(word(&rest));
	int64_t first = number(p, word(&rest)), last = number(p, word(&rest));
	struct str head = str_trim(rest), tail;

	tail = head;
	while (tail.len > 0 && !str_starts(tail, S("{}")))
		tail = str_sub(tail, 1, tail.len);
	if (tail.len == 0)
		bad(p, "no {} in", head);
	head = str_sub(head, 0, head.len - tail.len);
	tail = str_sub(tail, 2, tail.len);
	for (int64_t n = first; n <= last; n++) {
		AUTO_FREE char *row = xasprintf("%s " STR_FMT "%05lld" STR_FMT, op, STR_ARG(head), (long long)n, STR_ARG(tail));

		cmd_row(p, str_of(row));
	}
}

static void
cmd_progress(struct play *p, struct str rest)
{
	uint64_t of = ticket(p, &rest);
	AUTO_FREE char *phase = str_dup(word(&rest)), *done = str_dup(word(&rest)), *total = str_dup(word(&rest));
	static char kept[64];            /* phases are static text */
	struct job_progress progress = { .phase = kept };
	const struct msg msg = { .kind = MSG_PROGRESS, .ticket = of, .progress = &progress };

	(void)snprintf(kept, sizeof kept, "%s", phase);
	progress.done = (uint64_t)number(p, str_of(done));
	progress.total = (uint64_t)number(p, str_of(total));
	apply(p, &msg);
}

static const struct screen_type *
screen_named(const char *name)
{
	for (size_t i = 0; i < COUNT(others); i++)
		if (strcmp(others[i].name, name) == 0)
			return others[i].type;
	return screen_find(name);
}

static char *
argument(struct str text)
{
	AUTO_BUF struct buf arg = BUF_INIT(1 << 20);

	for (size_t i = 0; i < text.len; i++) {
		bool line = text.p[i] == '\\' && i + 1 < text.len && text.p[i + 1] == 'n';

		buf_putc(&arg, line ? '\n' : text.p[i]);
		i += line;
	}
	return text.len > 0 ? buf_take(&arg, NULL) : NULL;
}

static void
cmd_open(struct play *p, struct str rest)
{
	AUTO_FREE char *name = str_dup(word(&rest)), *arg = argument(str_trim(rest));
	const struct screen_type *type = screen_named(name);

	if (type == NULL)
		bad(p, "no screen", str_of(name));
	for (size_t i = 0; i < places_len && p->m->top == NULL; i++)
		if (places[i].type == type)
			p->m->place = i;
	model_open(p->m, type, arg);
	take_wishes(p);
}

static void
cmd_without(struct play *p, struct str rest)
{
	if (str_eqz(str_trim(rest), "location"))
		p->m->opts.location = p->m->opts.location_url = NULL;
	else if (str_eqz(str_trim(rest), "cluster"))
		p->m->opts.context = p->m->opts.server = NULL;
	else
		bad(p, "it cannot be without", rest);
}

static void
cmd_read_only(struct play *p, struct str rest)
{
	(void)rest;
	p->m->opts.read_only = true;
}

static void
cmd_keys(struct play *p, struct str rest)
{
	struct str name;

	while ((name = word(&rest)).len > 0) {
		struct msg msg = { .kind = MSG_KEY };

		if (!key_parse(name, &msg.key))
			bad(p, "no key", name);
		apply(p, &msg);
	}
}

static void
cmd_type(struct play *p, struct str rest)
{
	for (size_t i = 0; i < rest.len; i++)
		apply(p, &(struct msg){ .kind = MSG_KEY, .key = (keycode)(unsigned char)rest.p[i] });
}

static void
cmd_pass(struct play *p, struct str rest)
{
	set_time(p, p->now_ms + number(p, str_trim(rest)));
}

static const struct { const char *name; void (*run)(struct play *p, struct str rest); } script_commands[] = {
	{ "without", cmd_without }, { "read-only", cmd_read_only },
	{ "open", cmd_open }, { "row", cmd_row }, { "rows", cmd_rows }, { "bytes", cmd_bytes }, { "finding", cmd_finding }, { "note", cmd_note },
	{ "end", cmd_end }, { "fail", cmd_fail }, { "progress", cmd_progress }, { "keys", cmd_keys }, { "type", cmd_type },
	{ "pass", cmd_pass },
};

static void
run_line(struct play *p, struct str line)
{
	struct str name = word(&line);

	for (size_t i = 0; i < COUNT(script_commands); i++)
		if (str_eqz(name, script_commands[i].name)) {
			script_commands[i].run(p, line);
			return;
		}
	bad(p, "no command", name);
}

/* --- drawing --- */

/* A letter for what each cell looks like without colors: bold, underlined, reverse, in capitals when bold, too. */
static void
dump_mono(const struct canvas *v, struct buf *out)
{
	struct theme mono;

	theme_mono(&mono);
	for (int row = 0; row < v->rows; row++) {
		size_t used = out->len;

		for (int col = 0; col < v->cols; col++) {
			const struct cell *c = &v->at[row * v->cols + col];
			unsigned attr = mono.roles[c->role].attr | c->attr;
			bool bold = attr & ATTR_BOLD;

			buf_putc(out, attr & ATTR_REVERSE ? (bold ? 'R' : 'r') : attr & ATTR_UNDERLINE ? (bold ? 'U' : 'u')
				: bold ? 'B' : '.');
			if (attr != 0)
				used = out->len;
		}
		buf_cut(out, used);
		buf_putc(out, '\n');
	}
}

static void
draw(const char *path, struct str script, int rows, int cols, enum rendition r, struct buf *out)
{
	const struct ui_options o = { .project = "retail", .location = "s3-main", .location_url = "s3://main?region=eu",
		.context = "prod-eu", .server = "https://10.0.4.7:6443", .ascii = r != UTF8, .request = cli_request,
		.about = "terminal  xterm-256color, 256 colors\nsettings  /home/op/.config/orlop/settings.yaml\n" };
	struct play p = { .m = model_new(&o), .script = path };
	struct str line;

	set_time(&p, 1000);
	apply(&p, &(struct msg){ .kind = MSG_RESIZE, .row = rows, .col = cols });
	while (script.len > 0 && str_split(&script, '\n', &line)) {
		p.line++;
		if (str_trim(line).len > 0 && line.p[0] != '#') {
			run_line(&p, line);
			if (p.m->top != NULL)
				model_draw(p.m); /* as the loop does: some things know their size only then */
		}
	}
	model_draw(p.m);
	buf_putf(out, "== %dx%d %s\n", cols, rows, renditions[r]);
	if (r == MONO)
		dump_mono(&p.m->canvas, out);
	else
		canvas_dump(&p.m->canvas, out);
	vec_free(&p.asked);
	model_free(p.m);
}

/* --- comparing --- */

static void
tell_difference(const char *path, struct str want, struct str got)
{
	struct str a, b, block = S("");
	int told = 0;

	while ((want.len > 0 || got.len > 0) && told < 12) {
		a = b = S("");
		if (want.len > 0)
			(void)str_split(&want, '\n', &a);
		if (got.len > 0)
			(void)str_split(&got, '\n', &b);
		if (str_starts(b, S("== ")))
			block = b;
		if (str_eq(a, b))
			continue;
		if (told++ == 0)
			fprintf(stderr, "%s: " STR_FMT "\n", path, STR_ARG(block));
		fprintf(stderr, "  -" STR_FMT "\n  +" STR_FMT "\n", STR_ARG(a), STR_ARG(b));
	}
}

/* False: it differs. */
static bool
check(const char *dir, const char *name, bool update)
{
	AUTO_FREE char *script_path = xasprintf("%s/%s.script", dir, name), *path = xasprintf("%s/%s.txt", dir, name);
	AUTO_BUF struct buf script = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20), got = BUF_INIT(1 << 20);
	struct err e;

	if (file_read(script_path, &script, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return false;
	}
	for (size_t s = 0; s < COUNT(sizes); s++)
		for (enum rendition r = UTF8; r <= MONO; r++)
			draw(script_path, buf_str(&script), sizes[s].rows, sizes[s].cols, r, &got);
	if (file_read(path, &want, &e) < 0)
		buf_cut(&want, 0);
	if (str_eq(buf_str(&want), buf_str(&got)))
		return true;
	if (!update) {
		tell_difference(path, buf_str(&want), buf_str(&got));
		return false;
	}
	FILE *f = fopen(path, "w");
	bool written = f != NULL && fwrite(got.p, 1, got.len, f) == got.len;

	if (f != NULL && fclose(f) != 0)
		written = false;
	fprintf(stderr, "%s: %s\n", path, written ? "updated" : "cannot be written");
	return written;
}

/* All scripts that there are. */
static int
check_all(const char *dir, bool update)
{
	AUTO_FREE char *pattern = xasprintf("%s/*.script", dir);
	glob_t found;
	int wrong = 0;

	if (glob(pattern, 0, NULL, &found) != 0) {
		fprintf(stderr, "no scripts: %s\n", pattern);
		return 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *name = strrchr(found.gl_pathv[i], '/') + 1;
		AUTO_FREE char *bare = str_dup(str_sub(str_of(name), 0, strlen(name) - strlen(".script")));

		wrong += !check(dir, bare, update);
	}
	globfree(&found);
	return wrong;
}

int
main(int argc, char **argv)
{
	bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
	const char *src = getenv("srcdir");
	AUTO_FREE char *dir = xasprintf("%s/tests/ui/golden", src != NULL ? src : ".");
	int first = 1 + update, wrong = 0;

	setenv("TZ", "UTC0", 1);
	tzset();
	setlocale(LC_ALL, "C.UTF-8");
	for (int i = first; i < argc; i++)
		wrong += !check(dir, argv[i], update);
	if (argc == first)
		wrong = check_all(dir, update);
	if (wrong > 0)
		fprintf(stderr, "%d golden screens differ; if they are right now: make golden\n", wrong);
	return wrong > 0;
}
