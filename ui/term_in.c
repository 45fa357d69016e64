/* What comes from the terminal: keys, pastes, the mouse, and answers that nobody asked for.  Never waits. */
#include "ui/term_in.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/text.h"
#include "ui/term.h"
#include "ui/term_out.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

#define PASTE_MAX    (1 << 20)
#define GAP_MS       1000        /* a paste or sequence that pauses for longer lost its end on the way */
#define DOUBLE_MS    400
#define SEQUENCE_MAX 256

/* Codes that ncurses hands us for sequences of ours. */
enum { PASTE_BEGIN = KEY_MAX + 1, PASTE_END, ALT_LEFT, ALT_RIGHT };

static struct {
	bool       pasting, mouse;
	struct buf paste;
	wint_t     opener;               /* of a sequence that has begun; 0: none */
	char       seq[SEQUENCE_MAX];
	size_t     n_seq;
	int64_t    last_ms;              /* when the last of a paste or sequence came */
	int64_t    click_ms;
	int        click_row, click_col;
} in;

static const struct { int curses; keycode key; } keys[] = {
	{ KEY_UP, K_UP }, { KEY_DOWN, K_DOWN }, { KEY_LEFT, K_LEFT }, { KEY_RIGHT, K_RIGHT }, { KEY_HOME, K_HOME },
	{ KEY_END, K_END }, { KEY_PPAGE, K_PAGE_UP }, { KEY_NPAGE, K_PAGE_DOWN }, { KEY_IC, K_INSERT }, { KEY_DC, K_DELETE },
	{ KEY_BACKSPACE, K_BACKSPACE }, { KEY_ENTER, K_ENTER }, { KEY_BTAB, K_BACK_TAB },
	{ KEY_F(1), K_F1 }, { KEY_F(2), K_F2 }, { KEY_F(3), K_F3 }, { KEY_F(4), K_F4 }, { KEY_F(5), K_F5 }, { KEY_F(6), K_F6 },
	{ KEY_F(7), K_F7 }, { KEY_F(8), K_F8 }, { KEY_F(9), K_F9 }, { KEY_F(10), K_F10 }, { KEY_F(11), K_F11 },
	{ KEY_F(12), K_F12 }, { ALT_LEFT, K_LEFT | KEY_ALT }, { ALT_RIGHT, K_RIGHT | KEY_ALT },
};

static int64_t
now_ms(void)
{
	return clock_mono_ns() / NS_PER_MS;
}

/* --- mouse --- */

/* Bits of a report's button. */
enum { BUTTON_FIRST = 0, BUTTON_MODIFIERS = 4 | 8 | 16, BUTTON_WHEEL_UP = 64, BUTTON_WHEEL_DOWN = 65 };

/* A report of something pressed; row and col count from 0.  False: it means nothing to us. */
static bool
take_press(int button, int row, int col, struct msg *out)
{
	int64_t now = now_ms();

	button &= ~BUTTON_MODIFIERS;
	if (button == BUTTON_WHEEL_UP || button == BUTTON_WHEEL_DOWN) {
		*out = (struct msg){ .kind = MSG_WHEEL, .row = button == BUTTON_WHEEL_UP ? -1 : 1 };
		return true;
	}
	if (button != BUTTON_FIRST || row < 0 || col < 0)
		return false;
	*out = (struct msg){ .kind = MSG_CLICK, .row = row, .col = col,
		.twice = now - in.click_ms < DOUBLE_MS && row == in.click_row && col == in.click_col };
	in.click_ms = out->twice ? 0 : now;
	in.click_row = row;
	in.click_col = col;
	return true;
}

/* "<BUTTON;COLUMN;ROW", the way of mode 1006. */
static bool
take_report(struct str s, struct msg *out)
{
	uint64_t n[3];
	struct str part;

	s = str_sub(s, 1, s.len);
	for (size_t i = 0; i < COUNT(n); i++)
		if (!str_split(&s, ';', &part) || !parse_u64(part, INT16_MAX, &n[i]))
			return false;
	return take_press((int)n[0], (int)n[2] - 1, (int)n[1] - 1, out);
}

/* --- paste --- */

static void
add_pasted(wint_t c)
{
	struct err ignored;
	char utf8[4];

	/* Terminals send a line's end as the key does.  What is longer than anybody pastes is cut. */
	if (buf_add(&in.paste, utf8, text_encode(c == '\r' ? '\n' : (uint32_t)c, utf8), &ignored) < 0)
		return;
}

static bool
end_paste(struct msg *out)
{
	in.pasting = false;
	*out = (struct msg){ .kind = MSG_PASTE, .text = buf_str(&in.paste) };
	return true;
}

/* What is there of a paste; true: out has all of it. */
static bool
read_paste(struct msg *out)
{
	wint_t c;
	int rc;

	if (now_ms() - in.last_ms > GAP_MS)
		return end_paste(out);
	while ((rc = get_wch(&c)) != ERR) {
		in.last_ms = now_ms();
		if (rc == KEY_CODE_YES && c == PASTE_END)
			return end_paste(out);
		if (rc == OK)
			add_pasted(c);
	}
	return false;
}

/* --- keys --- */

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

/* --- sequences that ncurses does not know: reports of the mouse, answers to what an earlier program asked --- */

static void
begin_sequence(wint_t opener)
{
	in.opener = opener;
	in.n_seq = 0;
	in.last_ms = now_ms();
}

/* Whether c, which came after what there is, is its last character. */
static bool
ends_sequence(wint_t c)
{
	switch (in.opener) {
	case 'O': return true;
	case '[': return c >= '@' && c <= '~';
	case 'M': return in.n_seq == 2;
	default: return c == '\a' || (c == '\\' && in.n_seq > 0 && in.seq[(in.n_seq - 1) % SEQUENCE_MAX] == 0x1b);
	}
}

/* The sequence that c ended; true: it is a message. */
static bool
take_sequence(wint_t c, struct msg *out)
{
	wint_t opener = in.opener;
	struct str s = { in.seq, in.n_seq };

	in.opener = 0;
	if (opener == '[' && c == 'M' && s.len == 0) {
		begin_sequence('M');             /* three characters follow: the way without mode 1006 */
		return false;
	}
	if (opener == 'M')
		return take_press(in.seq[0] - ' ', (int)c - '!', in.seq[1] - '!', out);
	return opener == '[' && c == 'M' && s.p[0] == '<' && take_report(s, out);
}

/* What is there of a sequence; true: out is what it meant.  Else in.opener tells whether more is to come. */
static bool
read_sequence(struct msg *out)
{
	wint_t c;
	int rc = OK;

	while (in.opener != 0 && now_ms() - in.last_ms <= GAP_MS && (rc = get_wch(&c)) == OK) {
		in.last_ms = now_ms();
		if (c == 0x1b && (in.opener == '[' || in.opener == 'O' || in.opener == 'M')) {
			(void)unget_wch((wchar_t)c);     /* it broke off, and another one begins */
			in.opener = 0;
		} else if (ends_sequence(c)) {
			if (take_sequence(c, out))
				return true;
		} else if (in.n_seq < SEQUENCE_MAX) {
			in.seq[in.n_seq++] = (char)(c < 0x7f ? c : '?');
		} else {
			in.opener = 0;           /* it has no end: what follows may be keys */
		}
	}
	if (rc == KEY_CODE_YES)
		(void)ungetch((int)c);
	if (rc == KEY_CODE_YES || now_ms() - in.last_ms > GAP_MS)
		in.opener = 0;
	return false;
}

/* What follows an escape.  False: it is no key but a sequence, which has begun. */
static bool
read_escape(keycode *out)
{
	wint_t c;
	int rc = get_wch(&c);

	if (rc != OK || c == 0x1b) {
		if (rc == OK)
			(void)unget_wch((wchar_t)c);
		else if (rc == KEY_CODE_YES)
			(void)ungetch((int)c);
		*out = K_ESC;
		return true;
	}
	switch (c) {
	case '[': case 'O': case ']': case 'P': case 'X': case '^': case '_':
		begin_sequence(c);
		return false;
	default:
		*out = plain_key(c) | KEY_ALT;
		return true;
	}
}

/* False: none that means anything to us. */
static bool
read_code(wint_t c, struct msg *out)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (keys[i].curses == (int)c) {
			*out = (struct msg){ .kind = MSG_KEY, .key = keys[i].key };
			return true;
		}
	return false;
}

bool
term_read(struct msg *out)
{
	wint_t c;
	int rc;

	for (;;) {
		if (in.pasting)
			return read_paste(out);
		if (in.opener != 0) {
			if (read_sequence(out))
				return true;
			if (in.opener != 0)
				return false;
		}
		rc = get_wch(&c);
		if (rc == ERR)
			return false;
		if (rc == KEY_CODE_YES && c == PASTE_BEGIN) {
			buf_cut(&in.paste, 0);
			in.pasting = true;
			in.last_ms = now_ms();
		} else if (rc == KEY_CODE_YES) {
			if (read_code(c, out))
				return true;
		} else {
			*out = (struct msg){ .kind = MSG_KEY, .key = plain_key(c) };
			if (c != 0x1b || read_escape(&out->key))
				return true;
		}
	}
}

void
term_in_start(bool mouse)
{
	const char *reports = tigetstr("kmous");

	in.paste = (struct buf)BUF_INIT(PASTE_MAX);
	in.pasting = false;
	in.opener = 0;
	in.mouse = mouse && reports != NULL && reports != (char *)-1;
	keypad(stdscr, TRUE);            /* reads the terminal's keys; ours come on top */
	define_key("\033[200~", PASTE_BEGIN);
	define_key("\033[201~", PASTE_END);
	define_key("\033[1;3D", ALT_LEFT);
	define_key("\033[1;3C", ALT_RIGHT);
	/* ncurses waits for the rest of a report, for as long as it takes. */
	define_key(NULL, KEY_MOUSE);
}

void
term_in_on(bool on)
{
	out_put(on ? "\033[?2004h" : "\033[?2004l");
	if (in.mouse)
		out_put(on ? "\033[?1000h\033[?1006h" : "\033[?1006l\033[?1000l");
}

void
term_in_end(void)
{
	buf_free(&in.paste);
}
