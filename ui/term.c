/* ncurses: the screen's cells and colors, and taking and giving back the terminal.  What comes in: term_in.c. */
#include "ui/term.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "ui/term_in.h"
#include "ui/term_out.h"

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

#define COPY_MAX    74000        /* of base64: what terminals take at least */
#define ESC_LOCAL   25           /* ms to wait for the rest of a sequence */
#define ESC_SSH     100
#define PAIRS_MAX   256

/* Terminals whose description is not everywhere, and which understand what xterm does. */
static const char *const like_xterm[] = { "xterm-", "alacritty", "foot", "wezterm", "rxvt", "konsole", "gnome", "vte", "st-" };

static struct {
	SCREEN        *screen;
	struct termios saved;
	bool           running, utf8;
	struct cell   *last;             /* as painted; NULL: nothing yet */
	int            rows, cols;
	struct { attr_t attrs; short pair; } looks[ROLE_COUNT_];
	enum depth     depth;
	struct { int32_t fg, bg; } pairs[PAIRS_MAX];
	int            n_pairs;
	char           note[128];
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
take_terminal(void)
{
	reset_prog_mode();
	raw();
	noecho();
	nonl();
	meta(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	idlok(stdscr, FALSE);
	leaveok(stdscr, TRUE);
	(void)typeahead(-1);             /* a frame is painted as a whole, however fast keys come */
	out_begin();
	curs_set(0);
	out_commit();
	term_in_on(true);
}

/* Not by curses alone, which would wait for a terminal that takes nothing. */
static void
give_terminal_back(void)
{
	term_in_on(false);
	out_begin();
	curs_set(1);
	endwin();
	out_commit();
	out_drain();
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
}

/* A program that crashes leaves its terminal usable.  Sanitizers have their own handlers, which stay. */
static void
on_fault(int sig)
{
	static const char text[] = "orlop: crashed\n";

	term_restore();
	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	(void)raise(sig);                /* the handler is gone: SA_RESETHAND */
}

static void
watch_faults(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = (int)SA_RESETHAND | SA_NODEFER }, old;

	for (size_t i = 0; i < COUNT(faults); i++)
		if (sigaction(faults[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			(void)sigaction(faults[i], &sa, NULL);
}

static SCREEN *
open_screen(const char *name)
{
	SCREEN *screen = newterm(NULL, stdout, stdin);

	for (size_t i = 0; screen == NULL && i < COUNT(like_xterm); i++)
		if (strncmp(name, like_xterm[i], strlen(like_xterm[i])) == 0) {
			screen = newterm("xterm-256color", stdout, stdin);
			(void)snprintf(term.note, sizeof term.note, "TERM=%.60s is not known here: taken for xterm-256color", name);
		}
	return screen;
}

int
term_start(const struct theme *t, bool mono, bool mouse, struct err *e)
{
	const char *name = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || name == NULL || strcmp(name, "dumb") == 0
	    || *name == '\0' || tcgetattr(STDIN_FILENO, &term.saved) < 0)
		return err_set(e, EK_INVALID, "no usable terminal (TERM=%s)", name != NULL ? name : "");
	if (out_start(e) < 0)
		return -1;
	term.screen = open_screen(name);
	if (term.screen == NULL) {
		out_end();
		return err_set(e, EK_INVALID, "no usable terminal (TERM=%s is not known here)", name);
	}
	term.running = true;
	term.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	set_escdelay(getenv("SSH_CONNECTION") != NULL ? ESC_SSH : ESC_LOCAL);
	if (has_colors()) {
		start_color();
		use_default_colors();
	}
	term_in_start(mouse);
	take_terminal();
	term_set_theme(t, mono);
	panic_set_hook(term_restore);
	watch_faults();
	return 0;
}

void
term_restore(void)
{
	/* Not by curses: it may be in the middle of something. */
	static const char end[] = "\033[?2004l\033[?1000l\033[?1006l\033[?1l\033>\033[?25h\033[0m\033[?1049l";

	if (!term.running)
		return;
	out_now(end, sizeof end - 1);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
}

void
term_end(void)
{
	if (!term.running)
		return;
	give_terminal_back();
	delscreen(term.screen);
	panic_set_hook(NULL);
	free(term.last);
	term.last = NULL;
	term_in_end();
	term.running = false;
	out_end();
}

void
term_pause(void)
{
	give_terminal_back();
}

void
term_go_on(void)
{
	take_terminal();
	term_resized();
}

void
term_suspend(void)
{
	term_pause();
	raise(SIGSTOP);
	term_go_on();
}

const char *
term_note(void)
{
	return term.note;
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
	out_begin();
	curs_set(v->cursor_row >= 0);
	wnoutrefresh(stdscr);
	doupdate();
	out_commit();
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
	out_put(wrapped ? "\033Ptmux;\033\033]52;c;" : "\033]52;c;");
	out_put(buf_cstr(&code));
	out_put(wrapped ? "\a\033\\" : "\a");
	return true;
}
