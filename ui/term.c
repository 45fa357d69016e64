/* ncurses: the screen's cells, colors, keys, paste, mouse. */
#include "ui/term.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#define PASTE_MAX   (1 << 20)
#define COPY_MAX    74000        /* of base64: what terminals take at least */
#define ESC_LOCAL   25           /* ms to wait for the rest of a sequence */
#define ESC_SSH     100
#define PAIRS_MAX   256

/* Codes that ncurses hands us for sequences of ours. */
enum { PASTE_BEGIN = KEY_MAX + 1, PASTE_END, ALT_LEFT, ALT_RIGHT };

static struct {
	SCREEN        *screen;
	struct termios saved;
	bool           running, utf8, mouse;
	struct cell   *last;             /* as painted; NULL: nothing yet */
	int            rows, cols;
	struct { attr_t attrs; short pair; } looks[ROLE_COUNT_];
	enum depth     depth;
	struct { int32_t fg, bg; } pairs[PAIRS_MAX];
	int            n_pairs;
	struct buf     paste;
} term;

/* --- colors --- */

static enum depth
find_depth(void)
{
	const char *colorterm = getenv("COLORTERM");

	if (!has_colors())
		return DEPTH_MONO;
	if (tigetflag("RGB") > 0 || (colorterm != NULL && (strcmp(colorterm, "truecolor") == 0 || strcmp(colorterm, "24bit") == 0
	    ) && COLORS > 256))
		return DEPTH_TRUE;
	return COLORS >= 256 ? DEPTH_256 : COLORS >= 16 ? DEPTH_16 : DEPTH_8;
}

static int32_t
color_at(const struct color *c)
{
	switch (term.depth) {
	case DEPTH_TRUE: return c->rgb;
	case DEPTH_256: return c->c256;
	case DEPTH_16: return c->c16;
	default: return c->c8;
	}
}

/* Pairs are a terminal's scarce thing: each combination gets one. */
static short
pair_for(int32_t fg, int32_t bg)
{
	for (int i = 0; i < term.n_pairs; i++)
		if (term.pairs[i].fg == fg && term.pairs[i].bg == bg)
			return (short)(i + 1);
	if (term.n_pairs == PAIRS_MAX || term.n_pairs + 1 >= COLOR_PAIRS)
		return 0;
	term.pairs[term.n_pairs].fg = fg;
	term.pairs[term.n_pairs].bg = bg;
	if (init_extended_pair(++term.n_pairs, fg, bg) == ERR)
		return 0;
	return (short)term.n_pairs;
}

static attr_t
curses_attr(unsigned attr)
{
	return (attr & ATTR_BOLD ? A_BOLD : 0) | (attr & ATTR_DIM ? A_DIM : 0) | (attr & ATTR_UNDERLINE ? A_UNDERLINE : 0)
		| (attr & ATTR_REVERSE ? A_REVERSE : 0) | (attr & ATTR_ITALIC ? A_ITALIC : 0);
}

void
term_set_theme(const struct theme *t, bool mono)
{
	term.depth = mono ? DEPTH_MONO : find_depth();
	term.n_pairs = 0;
	for (size_t i = 0; i < ROLE_COUNT_; i++) {
		const struct style *s = &t->roles[i];

		term.looks[i].attrs = curses_attr(s->attr);
		term.looks[i].pair = 0;
		if (term.depth != DEPTH_MONO && (s->fg.c8 != COLOR_DEFAULT || s->bg.c8 != COLOR_DEFAULT))
			term.looks[i].pair = pair_for(color_at(&s->fg), color_at(&s->bg));
	}
	term_repaint();
}

/* --- start and end --- */

static void
put_raw(const char *s)
{
	(void)!write(STDOUT_FILENO, s, strlen(s));
}

static void
take_terminal(void)
{
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	meta(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	idlok(stdscr, FALSE);
	leaveok(stdscr, TRUE);
	curs_set(0);
	put_raw("\033[?2004h");
	if (term.mouse)
		mousemask(BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
}

int
term_start(const struct theme *t, bool mono, bool mouse, struct err *e)
{
	const char *name = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || name == NULL || strcmp(name, "dumb") == 0
	    || tcgetattr(STDIN_FILENO, &term.saved) < 0)
		return err_set(e, EK_INVALID, "no usable terminal (TERM=%s)", name != NULL ? name : "");
	term.screen = newterm(NULL, stdout, stdin);
	if (term.screen == NULL)
		return err_set(e, EK_INVALID, "no usable terminal (TERM=%s is not known here)", name);
	term.running = true;
	term.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	term.mouse = mouse;
	term.paste = (struct buf)BUF_INIT(PASTE_MAX);
	set_escdelay(getenv("SSH_CONNECTION") != NULL ? ESC_SSH : ESC_LOCAL);
	define_key("\033[200~", PASTE_BEGIN);
	define_key("\033[201~", PASTE_END);
	define_key("\033[1;3D", ALT_LEFT);
	define_key("\033[1;3C", ALT_RIGHT);
	if (has_colors()) {
		start_color();
		use_default_colors();
	}
	take_terminal();
	term_set_theme(t, mono);
	panic_set_hook(term_restore);
	return 0;
}

void
term_restore(void)
{
	/* Not by curses: it may be in the middle of something. */
	static const char end[] = "\033[?2004l\033[?1000l\033[?1006l\033[?25h\033[0m\033[?1049l";

	if (!term.running)
		return;
	(void)!write(STDOUT_FILENO, end, sizeof end - 1);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
}

void
term_end(void)
{
	if (!term.running)
		return;
	put_raw("\033[?2004l");
	curs_set(1);
	endwin();
	delscreen(term.screen);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
	panic_set_hook(NULL);
	free(term.last);
	term.last = NULL;
	buf_free(&term.paste);
	term.running = false;
}

void
term_suspend(void)
{
	put_raw("\033[?2004l");
	curs_set(1);
	endwin();
	raise(SIGSTOP);
	take_terminal();
	term_repaint();
}

bool
term_is_utf8(void)
{
	return term.utf8;
}

void
term_size(int *rows, int *cols)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_row == 0 || w.ws_col == 0)
		w = (struct winsize){ .ws_row = (unsigned short)LINES, .ws_col = (unsigned short)COLS };
	*rows = w.ws_row;
	*cols = w.ws_col;
}

void
term_resized(void)
{
	int rows, cols;

	term_size(&rows, &cols);
	resizeterm(rows, cols);
	term_repaint();
}

/* --- in --- */

static const struct { int curses; keycode key; } keys[] = {
	{ KEY_UP, K_UP }, { KEY_DOWN, K_DOWN }, { KEY_LEFT, K_LEFT }, { KEY_RIGHT, K_RIGHT }, { KEY_HOME, K_HOME },
	{ KEY_END, K_END }, { KEY_PPAGE, K_PAGE_UP }, { KEY_NPAGE, K_PAGE_DOWN }, { KEY_IC, K_INSERT }, { KEY_DC, K_DELETE },
	{ KEY_BACKSPACE, K_BACKSPACE }, { KEY_ENTER, K_ENTER }, { KEY_BTAB, K_BACK_TAB },
	{ KEY_F(1), K_F1 }, { KEY_F(2), K_F2 }, { KEY_F(3), K_F3 }, { KEY_F(4), K_F4 }, { KEY_F(5), K_F5 }, { KEY_F(6), K_F6 },
	{ KEY_F(7), K_F7 }, { KEY_F(8), K_F8 }, { KEY_F(9), K_F9 }, { KEY_F(10), K_F10 }, { KEY_F(11), K_F11 },
	{ KEY_F(12), K_F12 }, { ALT_LEFT, K_LEFT | KEY_ALT }, { ALT_RIGHT, K_RIGHT | KEY_ALT },
};

static bool
read_mouse(struct msg *out)
{
	MEVENT ev;

	if (getmouse(&ev) == ERR)
		return false;
	if (ev.bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED)) {
		*out = (struct msg){ .kind = MSG_WHEEL, .row = ev.bstate & BUTTON4_PRESSED ? -1 : 1 };
		return true;
	}
	*out = (struct msg){ .kind = MSG_CLICK, .row = ev.y, .col = ev.x, .twice = (ev.bstate & BUTTON1_DOUBLE_CLICKED) != 0 };
	return true;
}

static void
add_pasted(wint_t c)
{
	struct err ignored;
	char utf8[4];

	/* What is longer than anybody pastes is cut. */
	if (buf_add(&term.paste, utf8, text_encode((uint32_t)c, utf8), &ignored) < 0)
		return;
}

static bool
read_paste(struct msg *out)
{
	wint_t c;
	int rc;

	buf_cut(&term.paste, 0);
	/* The end of it comes, or the terminal is gone. */
	timeout(1000);
	while ((rc = get_wch(&c)) != ERR && !(rc == KEY_CODE_YES && c == PASTE_END))
		if (rc == OK)
			add_pasted(c);
	timeout(0);
	*out = (struct msg){ .kind = MSG_PASTE, .text = buf_str(&term.paste) };
	return true;
}

static keycode
plain_key(wint_t c)
{
	switch (c) {
	case '\r': case '\n': return K_ENTER;
	case '\t': return K_TAB;
	case 0x7f: case 0x08: return K_BACKSPACE;
	case 0x1b: return K_ESC;
	default: return c < ' ' ? (keycode)(c + 'a' - 1) | KEY_CTRL : (keycode)c;
	}
}

bool
term_read(struct msg *out)
{
	wint_t c;
	int rc = get_wch(&c);

	if (rc == ERR)
		return false;
	*out = (struct msg){ .kind = MSG_KEY };
	if (rc != KEY_CODE_YES) {
		out->key = plain_key(c);
		return true;
	}
	if (c == KEY_MOUSE)
		return read_mouse(out) || term_read(out);
	if (c == PASTE_BEGIN)
		return read_paste(out);
	for (size_t i = 0; i < COUNT(keys); i++)
		if (keys[i].curses == (int)c) {
			out->key = keys[i].key;
			return true;
		}
	return term_read(out);           /* a key that means nothing to us, or the end of a paste */
}

/* --- out --- */

static void
paint_cell(int row, int col, const struct cell *c)
{
	wchar_t text[2 + CELL_MARKS] = L" ";
	attr_t attrs = term.looks[c->role].attrs | curses_attr(c->attr);
	cchar_t cell;

	for (int i = 0; i <= CELL_MARKS; i++)
		text[i] = (wchar_t)c->c[i];
	if (setcchar(&cell, text, attrs, term.looks[c->role].pair, NULL) == OK)
		(void)mvadd_wch(row, col, &cell);
}

void
term_paint(const struct canvas *v)
{
	size_t n = (size_t)v->rows * (size_t)v->cols;
	bool all = term.last == NULL || term.rows != v->rows || term.cols != v->cols;

	for (int row = 0; row < v->rows; row++) {
		const struct cell *line = &v->at[row * v->cols];

		if (!all && memcmp(line, &term.last[row * v->cols], (size_t)v->cols * sizeof *line) == 0)
			continue;
		for (int col = 0; col < v->cols; col++)
			if (line[col].c[0] != 0)
				paint_cell(row, col, &line[col]);
	}
	if (all) {
		free(term.last);
		term.last = xcalloc(n, sizeof *term.last);
		term.rows = v->rows;
		term.cols = v->cols;
		clearok(stdscr, TRUE);
	}
	memcpy(term.last, v->at, n * sizeof *term.last);
	leaveok(stdscr, v->cursor_row < 0);
	if (v->cursor_row >= 0)
		(void)move(v->cursor_row, v->cursor_col);
	curs_set(v->cursor_row >= 0);
	wnoutrefresh(stdscr);
	doupdate();
}

void
term_repaint(void)
{
	free(term.last);
	term.last = NULL;
}

bool
term_copy(const char *text)
{
	AUTO_BUF struct buf code = BUF_INIT(SIZE_MAX);
	bool wrapped = getenv("TMUX") != NULL;

	b64_encode(&code, text, strlen(text));
	if (code.len > COPY_MAX)
		return false;
	put_raw(wrapped ? "\033Ptmux;\033\033]52;c;" : "\033]52;c;");
	put_raw(buf_cstr(&code));
	put_raw(wrapped ? "\a\033\\" : "\a");
	return true;
}
