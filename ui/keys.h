/*
 * Keys and what they do: the one table from which handling, help, hints, the menu of actions, the palette and the manual
 * come.  UI thread.
 */
#ifndef ORLOP_UI_KEYS_H
#define ORLOP_UI_KEYS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key: a Unicode character or one of these, and modifiers. */
enum key_code {
	KEY_NAMED = 0x110000,
	K_UP, K_DOWN, K_LEFT, K_RIGHT, K_HOME, K_END, K_PAGE_UP, K_PAGE_DOWN, K_INSERT, K_DELETE, K_BACKSPACE, K_ENTER,
	K_TAB, K_BACK_TAB, K_ESC,
	K_F1, K_F2, K_F3, K_F4, K_F5, K_F6, K_F7, K_F8, K_F9, K_F10, K_F11, K_F12
};
#define KEY_CTRL  0x1000000u
#define KEY_ALT   0x2000000u
typedef uint32_t keycode;

/* "j", "Ctrl-D", "Alt-Left", "F5", "Space".  False: no such key. */
bool key_parse(struct str name, keycode *out);
void keycode_name(keycode k, struct buf *out);

/* Where an action can be used. */
enum key_mask {
	IN_LIST = 1, IN_TREE = 2, IN_VIEWER = 4, IN_FORM = 8, IN_DIALOG = 16,
	IN_ANY = IN_LIST | IN_TREE | IN_VIEWER
};

#define KEYS_PER_ACTION 4
struct action {
	const char *id;                      /* "down", "backup.delete": what a key file binds */
	unsigned    mask;
	const char *screen;                  /* NULL: all of the mask; else names of screen types, with blanks between them */
	const char *keys[KEYS_PER_ACTION];   /* defaults; NULL ends them */
	const char *text;                    /* what help says */
	unsigned    hint;                    /* place among the hints; 0: none */
	bool        writes;                  /* changes a cluster, a bucket or a file: off in read-only mode */
};
extern const struct action actions[];
extern const size_t actions_len;
int action_find(const char *id);         /* index; -1: none */
bool action_applies(const struct action *a, const char *screen, unsigned mask);

/* The bindings in force: defaults and the user's file. */
struct keymap;
struct keymap *keymap_new(void);
void keymap_free(struct keymap *m);
/* keys.yaml: "ID: key", "ID: [key, key]", "ID: null".  EK_INVALID with line; the map is then unchanged. */
MUST_CHECK int keymap_load(struct keymap *m, struct str yaml, struct err *e);
/* The action that k means on a screen of that name and kind; -1: none. */
int keymap_find(const struct keymap *m, const char *screen, unsigned mask, keycode k);
/* Its keys as shown, "j, Down".  Empty: unbound. */
void keymap_keys(const struct keymap *m, int action, struct buf *out);
/* One of them, for hints: where text is typed, none that types a letter. */
void keymap_hint(const struct keymap *m, int action, bool typing, struct buf *out);
/* Two actions of one screen on one key: "KEY: ID and ID", one line each.  Empty: none. */
void keymap_conflicts(const struct keymap *m, struct buf *out);

#endif
