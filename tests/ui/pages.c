/* The parts of the manual that come from tables of the UI, as mdoc: keys of each screen, aliases of the palette, settings, roles. */
#include "ui/keys.h"
#include "ui/screens/screens.h"
#include "ui/settings.h"
#include "ui/theme.h"

#include "base/attr.h"
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

/* mdoc takes a dot or a quote at the begin of a line, and backslashes, for its own. */
static void
put(const char *text)
{
	if (text[0] == '.' || text[0] == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++)
		if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
}

static void
put_row(const struct keymap *map, size_t i)
{
	AUTO_BUF struct buf keys = BUF_INIT(256);

	keymap_keys(map, (int)i, &keys);
	printf(".It ");
	put(buf_cstr(&keys));
	printf("\n");
	put(actions[i].text);
	printf(" (%s)\n", actions[i].id);
}

static void
keys_everywhere(const struct keymap *map)
{
	static const struct { const char *title; unsigned mask; } parts[] = {
		{ "Everywhere", IN_ANY }, { "Lists", IN_LIST }, { "Trees", IN_TREE }, { "Texts", IN_VIEWER },
		{ "Forms and questions", IN_FORM | IN_DIALOG },
	};
	bool done[256] = { false };

	for (size_t p = 0; p < COUNT(parts); p++) {
		printf(".Ss %s\n.Bl -tag -width \"Esc, q, Backspace\" -compact\n", parts[p].title);
		for (size_t i = 0; i < actions_len; i++)
			if (actions[i].screen == NULL && !done[i] && (p == 0 ? (actions[i].mask & IN_ANY) == IN_ANY
				: (actions[i].mask & parts[p].mask) != 0)) {
				done[i] = true;
				put_row(map, i);
			}
		printf(".El\n");
	}
}

static void
keys_of_screens(const struct keymap *map)
{
	static const char *const screens[] = {
		"overview", "backups", "backup", "browse", "object", "diff", "restores", "restore", "restore-new", "jobs", "job",
		"locations", "location", "location-new", "clusters",
	};

	for (size_t s = 0; s < COUNT(screens); s++) {
		printf(".Ss Screen %s\n.Bl -tag -width \"Esc, q, Backspace\" -compact\n", screens[s]);
		for (size_t i = 0; i < actions_len; i++)
			if (actions[i].screen != NULL && action_applies(&actions[i], screens[s], actions[i].mask))
				put_row(map, i);
		printf(".El\n");
	}
}

static void
palette(void)
{
	printf(".Bl -tag -width \":validate\" -compact\n");
	for (size_t i = 0; i < aliases_len; i++) {
		printf(".It :%s", aliases[i].name);
		if (aliases[i].type->needs != NULL)
			printf(" Ar %s", aliases[i].type->needs);
		printf("\nscreen %s\n", aliases[i].type->name);
	}
	printf(".El\n");
}

static void
settings(void)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < setting_rows_len; i++) {
		const struct setting *row = &setting_rows[i];

		printf(".It %s: Ar %s\n", row->name, row->words != NULL ? row->words : "name");
		put(row->help);
		printf("; default: %s.\n", row->standard);
	}
	printf(".El\n");
}

static void
roles(void)
{
	static const char *const names[] = {
#define X(id, name, attr) name,
		ROLES(X)
#undef X
	};

	for (size_t i = 0; i < COUNT(names); i++)
		printf("%s%s", names[i], i + 1 < COUNT(names) ? (i % 8 == 7 ? ",\n" : ", ") : ".\n");
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct keymap *map = keymap_new();

	if (strcmp(what, "keys") == 0) {
		keys_everywhere(map);
		keys_of_screens(map);
	} else if (strcmp(what, "palette") == 0) {
		palette();
	} else if (strcmp(what, "settings") == 0) {
		settings();
	} else if (strcmp(what, "roles") == 0) {
		roles();
	}
	keymap_free(map);
	return 0;
}
