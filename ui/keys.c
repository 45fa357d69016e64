/* Names of keys, the table of actions, and the bindings in force. */
#include "ui/keys.h"

#include "base/attr.h"
#include "base/mem.h"
#include "data/yaml.h"

#include <stdlib.h>
#include <string.h>

/* Shown names; the first of those with one code is the one that is shown. */
static const struct { const char *name; keycode code; } names[] = {
	{ "Up", K_UP }, { "Down", K_DOWN }, { "Left", K_LEFT }, { "Right", K_RIGHT }, { "Home", K_HOME }, { "End", K_END },
	{ "PgUp", K_PAGE_UP }, { "PgDn", K_PAGE_DOWN }, { "Ins", K_INSERT }, { "Del", K_DELETE },
	{ "Backspace", K_BACKSPACE }, { "Enter", K_ENTER }, { "Tab", K_TAB }, { "S-Tab", K_BACK_TAB }, { "Esc", K_ESC },
	{ "Space", ' ' }, { "F1", K_F1 }, { "F2", K_F2 }, { "F3", K_F3 }, { "F4", K_F4 }, { "F5", K_F5 }, { "F6", K_F6 },
	{ "F7", K_F7 }, { "F8", K_F8 }, { "F9", K_F9 }, { "F10", K_F10 }, { "F11", K_F11 }, { "F12", K_F12 },
};

/* Terminals, multiplexers and input methods keep these for themselves, or they do harm elsewhere (ui.md 3.4). */
static const char *const never[] = { "Ctrl-K", "Ctrl-S", "Ctrl-Q", "Ctrl-\\", "Ctrl-A", "Ctrl-B", "Ctrl-Space" };

const struct action actions[] = {
	{ "down", IN_ANY, NULL, { "j", "Down" }, "move down", 0, false },
	{ "up", IN_ANY, NULL, { "k", "Up" }, "move up", 0, false },
	{ "first", IN_ANY, NULL, { "g", "Home" }, "go to the first row", 0, false },
	{ "last", IN_ANY, NULL, { "G", "End" }, "go to the last row", 0, false },
	{ "half-down", IN_ANY, NULL, { "Ctrl-D" }, "move down half a page", 0, false },
	{ "half-up", IN_ANY, NULL, { "Ctrl-U" }, "move up half a page", 0, false },
	{ "page-down", IN_ANY, NULL, { "PgDn" }, "move down a page", 0, false },
	{ "page-up", IN_ANY, NULL, { "PgUp" }, "move up a page", 0, false },
	{ "left", IN_ANY, NULL, { "h", "Left" }, "scroll left, or collapse", 0, false },
	{ "right", IN_ANY, NULL, { "l", "Right" }, "scroll right, or expand", 0, false },
	{ "open", IN_LIST | IN_TREE, NULL, { "Enter" }, "open", 1, false },
	{ "back", IN_ANY | IN_DIALOG | IN_FORM, NULL, { "Esc", "q", "Backspace" }, "close, then go back", 0, false },
	{ "mark", IN_LIST | IN_TREE, NULL, { "Space" }, "mark the row and move on", 0, false },
	{ "range", IN_LIST | IN_TREE, NULL, { "v" }, "mark a range until v or Esc", 0, false },
	{ "mark-all", IN_LIST | IN_TREE, NULL, { "a" }, "mark all shown rows", 0, false },
	{ "mark-invert", IN_LIST | IN_TREE, NULL, { "i" }, "invert the marks of shown rows", 0, false },
	{ "mark-none", IN_LIST | IN_TREE, NULL, { "u" }, "take all marks away", 0, false },
	{ "marked-only", IN_LIST | IN_TREE, NULL, { "m" }, "show marked rows only", 0, false },
	{ "expand-all", IN_TREE, NULL, { "E" }, "open all groups, or close them", 0, false },
	{ "sort", IN_LIST, NULL, { ">", "s" }, "sort by the next column", 0, false },
	{ "sort-back", IN_LIST, NULL, { "<" }, "sort by the column before", 0, false },
	{ "sort-reverse", IN_LIST, NULL, { "S" }, "reverse the order", 0, false },
	{ "wide", IN_LIST | IN_TREE, NULL, { "w" }, "show all columns, or the usual ones", 0, false },
	{ "search-next", IN_VIEWER, NULL, { "n" }, "next match, change or problem", 0, false },
	{ "search-previous", IN_VIEWER, NULL, { "N" }, "match, change or problem before", 0, false },
	{ "matching-only", IN_VIEWER, NULL, { "&" }, "show matching lines only", 0, false },
	{ "problems-only", IN_VIEWER, NULL, { "e" }, "show warnings and errors of a log only", 0, false },
	{ "wrap", IN_VIEWER, NULL, { "w" }, "wrap long lines", 0, false },
	{ "follow", IN_VIEWER, NULL, { "f" }, "follow the end", 0, false },
	{ "filter", IN_ANY, NULL, { "/", "F3" }, "filter or search", 80, false },
	{ "filter-clear", IN_ANY, NULL, { "\\" }, "clear the filter", 0, false },
	{ "palette", IN_ANY, NULL, { ":", "F2", "Ctrl-P" }, "go to a place or run a command", 0, false },
	{ "actions", IN_ANY, NULL, { ".", "F9" }, "show what can be done here", 90, false },
	{ "help", IN_ANY | IN_FORM | IN_DIALOG, NULL, { "?", "F1" }, "help", 79, false },
	{ "refresh", IN_ANY, NULL, { "R", "F5" }, "load anew", 0, false },
	{ "jobs", IN_ANY, NULL, { "J" }, "show running and ended jobs", 0, false },
	{ "copy", IN_ANY, NULL, { "C" }, "copy", 0, false },
	{ "editor", IN_FORM | IN_VIEWER, NULL, { "Ctrl-E" }, "the field, or the text, in $EDITOR", 0, false },
	{ "time", IN_ANY, NULL, { "t" }, "show times as age, local or UTC", 0, false },
	{ "zoom", IN_ANY, NULL, { "z" }, "show the body only", 0, false },
	{ "repaint", IN_ANY | IN_FORM | IN_DIALOG, NULL, { "Ctrl-L" }, "paint everything anew", 0, false },
	{ "suspend", IN_ANY | IN_FORM | IN_DIALOG, NULL, { "Ctrl-Z" }, "suspend", 0, false },
	{ "stop", IN_ANY | IN_FORM | IN_DIALOG, NULL, { "Ctrl-C" }, "stop loading or close the prompt", 0, false },
	{ "history-back", IN_ANY, NULL, { "[", "Alt-Left" }, "go back in history", 0, false },
	{ "history-forward", IN_ANY, NULL, { "]", "Alt-Right" }, "go forward in history", 0, false },
	{ "next-tab", IN_ANY | IN_FORM | IN_DIALOG, NULL, { "Tab" }, "next tab or field (digits go to one)", 0, false },
	{ "previous-tab", IN_ANY | IN_FORM | IN_DIALOG, NULL, { "S-Tab" }, "previous tab or field", 0, false },
	{ "backup.new", IN_LIST, "overview backups", { "n", "b" }, "new backup", 12, true },
	{ "backup.browse", IN_LIST | IN_VIEWER, "backups backup", { "B" }, "browse", 13, false },
	{ "backup.restore", IN_LIST | IN_VIEWER | IN_TREE, "overview backups backup browse", { "r" }, "restore", 11, true },
	{ "backup.delete", IN_LIST, "backups", { "D", "Del" }, "delete", 14, true },
	{ "backup.verify", IN_LIST, "backups", { "K" }, "verify checksums", 110, false },
	{ "restore.confirm", IN_LIST, "restore-new", { "c" }, "confirm the restore", 10, true },
	{ "restore.undo", IN_LIST | IN_VIEWER, "restores restore", { "U" }, "undo: delete what it created", 12, true },
	{ "restore.retry", IN_LIST | IN_VIEWER, "restores restore", { "r" }, "try again what failed", 11, true },
	{ "next-step", IN_FORM, "restore-new", { "PgDn" }, "next step", 3, false },
	{ "previous-step", IN_FORM, "restore-new", { "PgUp" }, "step before", 0, false },
	{ "backup.diff", IN_LIST | IN_VIEWER | IN_TREE, "backups backup browse", { "d" }, "differences: two marked ones, or to the cluster", 0, false },
	{ "browse.compare", IN_TREE, "browse", { "c" }, "compare with the cluster", 13, false },
	{ "browse.search", IN_TREE, "browse", { "F" }, "search contents", 14, false },
	{ "browse.view", IN_TREE, "browse", { "V" }, "by namespace or by kind", 15, false },
	{ "browse.yaml", IN_TREE, "browse", { "y" }, "the object as YAML", 0, false },
	{ "browse.history", IN_TREE, "browse", { "H" }, "the object in all backups", 0, false },
	{ "preview", IN_TREE, "browse", { "p" }, "show or hide the object beside the tree", 0, false },
	{ "diff.swap", IN_LIST, "diff", { "x" }, "swap the sides", 20, false },
	{ "secrets", IN_ANY, "object", { "Ctrl-R" }, "show or hide values of a Secret", 20, false },
	{ "location.new", IN_LIST, "locations", { "n" }, "add a location", 12, true },
	{ "location.use", IN_LIST | IN_VIEWER, "locations location", { "U" }, "use this location", 11, false },
	{ "location.edit", IN_LIST | IN_VIEWER, "locations location", { "e" }, "edit", 13, true },
	{ "location.validate", IN_LIST | IN_VIEWER, "locations location", { "V", "F8" }, "validate", 14, true },
	{ "location.policy", IN_LIST, "locations", { "I" }, "policy", 15, false },
	{ "location.remove", IN_LIST, "locations", { "D", "Del" }, "remove", 16, true },
	{ "location.try", IN_FORM, "location-new", { "F8" }, "validate", 3, true },
	{ "location.force", IN_FORM, "location-new", { "F7" }, "create although it cannot be used", 0, true },
	{ "cluster.check", IN_LIST, "clusters", { "T" }, "test permissions", 11, false },
	{ "job.cancel", IN_ANY, "jobs job", { "x" }, "cancel the job", 10, false },
	{ "leave", IN_ANY | IN_FORM | IN_DIALOG, NULL, { "F10" }, "leave the program", 0, false },
	{ "toggle", IN_FORM, NULL, { "Space" }, "toggle the field", 0, false },
	{ "form-accept", IN_FORM | IN_DIALOG, NULL, { "Enter" }, "next field, or press the button", 2, false },
};
const size_t actions_len = COUNT(actions);

/* --- names of keys --- */

static bool
take_prefix(struct str *s, struct str prefix)
{
	if (s->len <= prefix.len || !str_starts(*s, prefix))
		return false;
	*s = str_sub(*s, prefix.len, s->len);
	return true;
}

bool
key_parse(struct str name, keycode *out)
{
	keycode mods = 0;

	for (bool more = true; more;) {
		more = false;
		if (take_prefix(&name, S("Ctrl-"))) {
			mods |= KEY_CTRL;
			more = true;
		} else if (take_prefix(&name, S("Alt-"))) {
			mods |= KEY_ALT;
			more = true;
		}
	}
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eqz(name, names[i].name)) {
			*out = names[i].code | mods;
			return true;
		}
	if (name.len != 1 || name.p[0] <= ' ' || name.p[0] > '~')
		return false;
	/* A terminal sends the same for both cases. */
	*out = ((mods & KEY_CTRL) && name.p[0] >= 'A' && name.p[0] <= 'Z' ? (keycode)(name.p[0] | 0x20)
		: (keycode)name.p[0]) | mods;
	return true;
}

void
keycode_name(keycode k, struct buf *out)
{
	keycode plain = k & ~(KEY_CTRL | KEY_ALT);

	if (k & KEY_CTRL)
		buf_puts(out, "Ctrl-");
	if (k & KEY_ALT)
		buf_puts(out, "Alt-");
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].code == plain) {
			buf_puts(out, names[i].name);
			return;
		}
	if (plain > ' ' && plain <= '~')
		buf_putc(out, (k & KEY_CTRL) && plain >= 'a' && plain <= 'z' ? (char)(plain & ~0x20u) : (char)plain);
	else
		buf_putf(out, "U+%04X", plain);
}

int
action_find(const char *id)
{
	for (size_t i = 0; i < actions_len; i++)
		if (strcmp(actions[i].id, id) == 0)
			return (int)i;
	return -1;
}

/* --- bindings --- */

struct binding { keycode keys[KEYS_PER_ACTION]; size_t n; };
struct keymap { struct binding of[COUNT(actions)]; };

struct keymap *
keymap_new(void)
{
	struct keymap *m = xcalloc(1, sizeof *m);

	for (size_t i = 0; i < actions_len; i++)
		for (size_t k = 0; k < KEYS_PER_ACTION && actions[i].keys[k] != NULL; k++)
			assert_that(key_parse(str_of(actions[i].keys[k]), &m->of[i].keys[m->of[i].n++]));
	return m;
}

void
keymap_free(struct keymap *m)
{
	free(m);
}

static int
bind(struct binding *b, const struct ynode *n, struct err *e)
{
	keycode k, kept;

	if (n->kind != Y_SCALAR || !key_parse(str_of(n->text), &k))
		return err_set(e, EK_INVALID, "line %u: '%.40s' is not a key", n->line, n->text != NULL ? n->text : "");
	for (size_t i = 0; i < COUNT(never); i++)
		if (key_parse(str_of(never[i]), &kept) && kept == k)
			return err_set(e, EK_INVALID, "line %u: %s cannot be bound: terminals keep it", n->line, n->text);
	if (b->n == KEYS_PER_ACTION)
		return err_set(e, EK_INVALID, "line %u: at most %d keys", n->line, KEYS_PER_ACTION);
	b->keys[b->n++] = k;
	return 0;
}

static int
bind_all(struct keymap *m, const struct ynode *n, struct err *e)
{
	int at = action_find(n->key);
	struct binding b = { .n = 0 };

	if (at < 0)
		return err_set(e, EK_INVALID, "line %u: unknown action '%.60s'", n->line, n->key);
	if (n->kind == Y_SEQ) {
		for (size_t i = 0; i < n->len; i++)
			if (bind(&b, n->at[i], e) < 0)
				return -1;
	} else if (n->kind != Y_SCALAR) {
		return err_set(e, EK_INVALID, "line %u: '%s' takes a key, a list of keys or null", n->line, n->key);
	} else if (n->quoted || (strcmp(n->text, "null") != 0 && strcmp(n->text, "~") != 0 && n->text[0] != '\0')) {
		if (bind(&b, n, e) < 0)
			return -1;
	}
	m->of[at] = b;
	return 0;
}

int
keymap_load(struct keymap *m, struct str yaml, struct err *e)
{
	AUTO_YAML struct ynode *doc = yaml_parse(yaml, "keys", e);
	struct keymap to = *m;

	if (doc == NULL)
		return -1;
	if (doc->kind != Y_MAP)
		return err_set(e, EK_INVALID, "line 1: a map of actions to keys is expected");
	for (size_t i = 0; i < doc->len; i++)
		if (bind_all(&to, doc->at[i], e) < 0)
			return -1;
	*m = to;
	return 0;
}

static bool
has_key(const struct binding *b, keycode k)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->keys[i] == k)
			return true;
	return false;
}

/* One of the words of a list. */
static bool
lists(const char *words, struct str word)
{
	struct str rest = str_of(words), one;

	while (rest.len > 0 && str_split(&rest, ' ', &one))
		if (str_eq(one, word))
			return true;
	return false;
}

bool
action_applies(const struct action *a, const char *screen, unsigned mask)
{
	return (a->mask & mask) != 0 && (a->screen == NULL || lists(a->screen, str_of(screen)));
}

int
keymap_find(const struct keymap *m, const char *screen, unsigned mask, keycode k)
{
	int found = -1;

	/* What a screen adds goes before what holds everywhere. */
	for (size_t i = 0; i < actions_len; i++)
		if (has_key(&m->of[i], k) && action_applies(&actions[i], screen, mask)
		    && (found < 0 || actions[i].screen != NULL))
			found = (int)i;
	return found;
}

void
keymap_keys(const struct keymap *m, int action, struct buf *out)
{
	const struct binding *b = &m->of[action];

	for (size_t i = 0; i < b->n; i++) {
		if (i > 0)
			buf_puts(out, ", ");
		keycode_name(b->keys[i], out);
	}
}

void
keymap_hint(const struct keymap *m, int action, bool typing, struct buf *out)
{
	const struct binding *b = &m->of[action];

	for (size_t i = 0; i < b->n; i++)
		if (!typing || b->keys[i] >= KEY_NAMED) {
			keycode_name(b->keys[i], out);
			return;
		}
}

static bool
meet(const struct action *a, const struct action *b)
{
	struct str rest, one;

	if ((a->mask & b->mask) == 0 || (a->screen == NULL) != (b->screen == NULL))
		return false;
	if (a->screen == NULL)
		return true;
	for (rest = str_of(a->screen); rest.len > 0 && str_split(&rest, ' ', &one);)
		if (lists(b->screen, one))
			return true;
	return false;
}

void
keymap_conflicts(const struct keymap *m, struct buf *out)
{
	for (size_t i = 0; i < actions_len; i++)
		for (size_t j = i + 1; j < actions_len; j++)
			for (size_t k = 0; meet(&actions[i], &actions[j]) && k < m->of[i].n; k++)
				if (has_key(&m->of[j], m->of[i].keys[k])) {
					keycode_name(m->of[i].keys[k], out);
					buf_putf(out, ": %s and %s\n", actions[i].id, actions[j].id);
				}
}
