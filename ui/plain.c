/*
 * DESIGN
 *
 *   a line --number, key, action, :place, /filter--> messages        model --drawn on a canvas--> its lines --new ones--> stdout
 *
 * A number is a click on the line that has it, so that nothing here knows what screens do.
 */
#include "ui/plain.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/parse.h"
#include "ui/model_impl.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS         40
#define COLS        100
#define CHOICES_MAX 128
#define LINE_LIMIT  (1024 * 1024)
#define PROGRESS_MS 10000
#define CURSOR_COL  1            /* where a table has its '>' */

struct choice { int row, col; const char *label; };      /* label: of a button, which shares its line; NULL: the line's */
struct plain {
	int           fd;
	struct buf    in;
	bool          ended;
	char         *shown;             /* which screen was printed last */
	struct strs   lines;             /* of its body */
	struct choice choices[CHOICES_MAX];
	size_t        n_choices, said;
	int64_t       progress_ms;
};

struct plain *
plain_new(int fd)
{
	struct plain *p = xcalloc(1, sizeof *p);

	p->fd = fd;
	p->in = (struct buf)BUF_INIT(LINE_LIMIT);
	p->shown = xstrdup("");
	printf("orlop, line by line. A number chooses; keys and actions by their names; N TEXT fills field N; :PLACE, /FILTER;\n"
		"'tab 2'; an empty line opens; ? helps; q goes back; :q leaves.\n");
	return p;
}

void
plain_free(struct plain *p)
{
	if (p == NULL)
		return;
	buf_free(&p->in);
	strs_free(&p->lines);
	free(p->shown);
	free(p);
}

/* --- in --- */

struct typing { struct model *m; void (*apply)(void *ctx, const struct msg *msg); void *ctx; };

static void
key(const struct typing *t, keycode k)
{
	const struct msg msg = { .kind = MSG_KEY, .key = k };

	t->apply(t->ctx, &msg);
}

static void
paste(const struct typing *t, struct str text)
{
	const struct msg msg = { .kind = MSG_PASTE, .text = text };

	t->apply(t->ctx, &msg);
}

static void
prompt(const struct typing *t, keycode with, struct str text)
{
	key(t, with);
	key(t, KEY_CTRL | 'u');
	paste(t, text);
	key(t, K_ENTER);
}

static struct form *
form_of(struct model *m)
{
	return m->dialog.fn != NULL ? &m->dialog.form : screen_form(m->top);
}

/* "3", or "3 some text" for a field.  False: no number of a choice. */
static bool
choose(const struct plain *p, const struct typing *t, struct str line)
{
	struct str number = line, rest = line;
	struct msg msg = { .kind = MSG_CLICK, .twice = true };
	uint64_t n;

	if (str_chr(line, ' ') < line.len)
		(void)str_split(&rest, ' ', &number);
	else
		rest = S("");
	if (!parse_u64(number, CHOICES_MAX, &n) || n == 0 || n > p->n_choices)
		return false;
	msg.row = p->choices[n - 1].row;
	msg.col = p->choices[n - 1].col;
	t->apply(t->ctx, &msg);
	if (rest.len > 0 && form_of(t->m) != NULL) {
		key(t, KEY_CTRL | 'u');
		paste(t, rest);
	}
	return true;
}

static bool
press(const struct typing *t, struct str line)
{
	AUTO_FREE char *id = str_dup(line);
	bool typing = form_of(t->m) != NULL;
	keycode k;

	if (str_starts(line, S("tab ")) && line.len == 5) {
		key(t, (keycode)line.p[4]);
	} else if (typing && str_eqz(line, "q")) {
		key(t, K_ESC);
	} else if (typing && str_eqz(line, ":q")) {
		model_act(t->m, "leave");
	} else if (key_parse(line, &k) && !(typing && line.len == 1)) {
		key(t, k);
	} else if (action_find(id) >= 0) {
		model_act(t->m, id);
	} else {
		return false;
	}
	return true;
}

static void
take(const struct plain *p, const struct typing *t, struct str line)
{
	bool typing = form_of(t->m) != NULL;

	if (line.len == 0)
		key(t, K_ENTER);
	else if (choose(p, t, line) || press(t, line))
		return;
	else if (!typing && line.p[0] == ':')
		prompt(t, ':', str_sub(line, 1, line.len));
	else if (!typing && line.p[0] == '/')
		prompt(t, '/', str_sub(line, 1, line.len));
	else
		model_say(t->m, TOAST_WARN, "'" STR_FMT "' is no number, key, action, :PLACE or /FILTER here", STR_ARG(str_sub(line, 0, 60)));
}

static bool
has_whole_line(const struct plain *p)
{
	return memchr(p->in.p, '\n', p->in.len) != NULL || (p->ended && p->in.len > 0);
}

bool
plain_has_line(const struct plain *p, const struct model *m)
{
	return p->in.len > 0 && has_whole_line(p) && m->top->load != LOAD_RUNNING;
}

bool
plain_read(struct plain *p, struct model *m, void (*apply)(void *ctx, const struct msg *msg), void *ctx)
{
	const struct typing t = { m, apply, ctx };
	AUTO_FREE char *own = NULL;
	struct str rest, line;
	char bytes[4096];
	ssize_t n;

	while (!p->ended && (n = read(p->fd, bytes, sizeof bytes)) >= 0) {
		p->ended = n == 0;
		if (p->in.len + (size_t)n < LINE_LIMIT)
			buf_put_str(&p->in, (struct str){ bytes, (size_t)n });
	}
	if (!plain_has_line(p, m))
		return !p->ended || p->in.len > 0;
	rest = buf_str(&p->in);
	(void)str_split(&rest, '\n', &line);
	own = str_dup(str_trim(line));
	/* What a line does may be long; what came behind it stays. */
	{
		AUTO_FREE char *behind = str_dup(rest);

		buf_cut(&p->in, 0);
		buf_puts(&p->in, behind);
	}
	take(p, &t, str_of(own));
	return true;
}

/* --- out --- */

static void
add_choice(struct plain *p, int row, int col, const char *label)
{
	if (p->n_choices < CHOICES_MAX)
		p->choices[p->n_choices++] = (struct choice){ row, col, label };
}

static void
find_choices(struct plain *p, struct model *m)
{
	const struct area at = m->dialog.fn != NULL ? m->dialog.body : m->top->body;
	const struct form *f = form_of(m);
	const struct table *t = screen_table(m->top);
	int row, col;

	p->n_choices = 0;
	for (size_t i = 0; f != NULL && i < f->n; i++)
		if (form_place(f, i, &row, &col))
			add_choice(p, at.row + row, at.col + col, f->fields[i].kind == FIELD_BUTTON ? f->fields[i].label : NULL);
	for (int i = 0; f == NULL && t != NULL && i < t->page && t->top + (size_t)i < t->n_shown; i++)
		add_choice(p, at.row + 1 + i, at.col, NULL);
}

/* The lines of the canvas, and which screen they are. */
static char *
draw(struct model *m, struct strs *lines)
{
	AUTO_BUF struct buf text = BUF_INIT(LINE_LIMIT);
	struct str rest, line;

	if (m->canvas.rows != ROWS || m->canvas.cols != COLS)
		canvas_resize(&m->canvas, ROWS, COLS);
	model_draw(m);
	canvas_dump(&m->canvas, &text);
	for (rest = buf_str(&text); rest.len > 0 && str_split(&rest, '\n', &line);) {
		AUTO_FREE char *own = str_dup(line);

		strs_add(lines, own);
	}
	return xasprintf("%s\n%s\n%zu\n%s", m->top->type->name, m->top->arg != NULL ? m->top->arg : "", m->top->tab,
		m->dialog.fn != NULL ? m->dialog.title : "");
}

/* Without the rule that it stands in. */
static void
print_title(const char *line)
{
	struct str title = str_of(line);
	const char *end;

	while (title.len > 0 && (title.p[0] == '-' || title.p[0] == ' '))
		title = str_sub(title, 1, title.len);
	end = memmem(title.p, title.len, " --", 3);
	if (end != NULL)
		title = str_sub(title, 0, (size_t)(end - title.p));
	printf("\n== " STR_FMT "\n", STR_ARG(title));
}

static void
print_line(const struct plain *p, int row, const char *line)
{
	bool numbered = false;

	for (size_t i = 0; i < p->n_choices; i++)
		if (p->choices[i].row == row) {
			if (p->choices[i].label != NULL)
				printf("%3zu [ %s ]\n", i + 1, p->choices[i].label);
			else
				printf("%3zu %s\n", i + 1, line);
			numbered = true;
		}
	if (!numbered && line[strspn(line, " ")] != '\0')
		printf("    %s\n", line);
}

static void
print_body(struct plain *p, const struct model *m, const struct strs *lines, bool all)
{
	const struct area body = m->top->body;
	int first = body.row - 1;        /* the rule with title and count */

	for (int row = first < 0 ? 0 : first; row < body.row + body.rows && row < (int)lines->len; row++) {
		char *line = lines->at[row];
		size_t before = (size_t)(row - (first < 0 ? 0 : first));
		bool known = !all && before < p->lines.len;

		/* A number says which row is meant; the cursor need not be followed. */
		if (row > first && screen_table(m->top) != NULL && strlen(line) > CURSOR_COL && line[CURSOR_COL] == '>')
			line[CURSOR_COL] = ' ';
		if (known && strcmp(p->lines.at[before], line) == 0)
			continue;
		if (row == first)
			print_title(line);
		else
			print_line(p, row, line);
	}
}

static void
keep_body(struct plain *p, const struct model *m, const struct strs *lines)
{
	int first = m->top->body.row - 1;

	strs_free(&p->lines);
	for (int row = first < 0 ? 0 : first; row < (int)lines->len; row++)
		strs_add(&p->lines, lines->at[row]);
}

static void
print_progress(struct plain *p, const struct model *m)
{
	if (m->now_ms - p->progress_ms < PROGRESS_MS)
		return;
	for (size_t i = 0; i < m->jobs.len; i++) {
		const struct job *j = &m->jobs.at[i];

		if (!j->ended && j->progress.total > 0) {
			printf("progress %s %s %llu%%\n", job_kind(j), j->name,
				(unsigned long long)(j->progress.done * 100 / j->progress.total));
			p->progress_ms = m->now_ms;
		}
	}
}

void
plain_print(struct plain *p, struct model *m)
{
	AUTO_STRS struct strs lines = { 0 };
	AUTO_FREE char *screen = NULL;

	print_progress(p, m);
	for (; p->said < m->messages.len; p->said++)
		printf("%s: %s\n", m->messages.at[p->said].level == TOAST_INFO ? "note"
			: m->messages.at[p->said].level == TOAST_WARN ? "warning" : "error", m->messages.at[p->said].text);
	if (m->top->load != LOAD_RUNNING) {
		screen = draw(m, &lines);
		find_choices(p, m);
		print_body(p, m, &lines, strcmp(screen, p->shown) != 0);
		keep_body(p, m, &lines);
		free(p->shown);
		p->shown = TAKE(screen);
	}
	(void)fflush(stdout);
}
