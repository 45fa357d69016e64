/* What comes from the terminal: keys, pastes, the mouse, and answers that nobody asked for.  Never waits. */
#include "ui/term_in.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "ui/term.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>

#define PASTE_MAX    (1 << 20)
#define PASTE_GAP_MS 1000        /* a paste that pauses for longer lost its end on the way */
#define DOUBLE_MS    400
#define SEQUENCE_MAX 256         /* characters of an unknown sequence that are dropped */

/* Codes that ncurses hands us for sequences of ours. */
enum { PASTE_BEGIN = KEY_MAX + 1, PASTE_END, ALT_LEFT, ALT_RIGHT };

static struct {
	bool       pasting;
	struct buf paste;
	int64_t    paste_ms;             /* when the last of it came */
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

static bool
read_mouse(struct msg *out)
{
	int64_t now = now_ms();
	MEVENT ev;

	if (getmouse(&ev) == ERR)
		return false;
	if (ev.bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED)) {
		*out = (struct msg){ .kind = MSG_WHEEL, .row = ev.bstate & BUTTON4_PRESSED ? -1 : 1 };
		return true;
	}
	if (!(ev.bstate & BUTTON1_PRESSED))
		return false;
	/* ncurses would hold a click back until it knows whether there is a second one. */
	*out = (struct msg){ .kind = MSG_CLICK, .row = ev.y, .col = ev.x,
		.twice = now - in.click_ms < DOUBLE_MS && ev.y == in.click_row && ev.x == in.click_col };
	in.click_ms = out->twice ? 0 : now;
	in.click_row = ev.y;
	in.click_col = ev.x;
	return true;
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

	if (now_ms() - in.paste_ms > PASTE_GAP_MS)
		return end_paste(out);
	while ((rc = get_wch(&c)) != ERR) {
		in.paste_ms = now_ms();
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

/* The rest of "ESC [" up to its last character, of "ESC ]" and its like up to their end. */
static void
drop_sequence(wint_t opener)
{
	wint_t c, before = 0;

	for (int i = 0; i < SEQUENCE_MAX && get_wch(&c) == OK; i++) {
		if (opener == 'O' || (opener == '[' && c >= '@' && c <= '~'))
			return;
		if (opener != '[' && (c == '\a' || (before == 0x1b && c == '\\')))
			return;
		before = c;
	}
}

/*
 * A sequence that ncurses does not know comes as its characters: an answer of the terminal to a question of an earlier
 * program, a key that terminfo does not have.  It must not become keys.  False: it was one and is gone.
 */
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
		drop_sequence(c);
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
	if (c == KEY_MOUSE)
		return read_mouse(out);
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

	if (in.pasting)
		return read_paste(out);
	while ((rc = get_wch(&c)) != ERR) {
		if (rc == KEY_CODE_YES && c == PASTE_BEGIN) {
			buf_cut(&in.paste, 0);
			in.pasting = true;
			in.paste_ms = now_ms();
			return read_paste(out);
		}
		if (rc == KEY_CODE_YES ? read_code(c, out) : c != 0x1b) {
			if (rc == OK)
				*out = (struct msg){ .kind = MSG_KEY, .key = plain_key(c) };
			return true;
		}
		*out = (struct msg){ .kind = MSG_KEY };
		if (rc == OK && read_escape(&out->key))
			return true;
	}
	return false;
}

void
term_in_start(bool mouse)
{
	in.paste = (struct buf)BUF_INIT(PASTE_MAX);
	in.pasting = false;
	define_key("\033[200~", PASTE_BEGIN);
	define_key("\033[201~", PASTE_END);
	define_key("\033[1;3D", ALT_LEFT);
	define_key("\033[1;3C", ALT_RIGHT);
	mouseinterval(0);
	if (mouse)
		mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
}

void
term_in_end(void)
{
	buf_free(&in.paste);
}
