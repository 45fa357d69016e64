/* Files of the UI below the XDG folders. */
#include "ui/config.h"

#include "base/attr.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/yaml.h"

#include <string.h>

#define BASES_MAX 4              /* themes upon themes */

/* Absent files are empty. */
static int
read_file(enum file_xdg where, const char *name, struct buf *out, struct err *e)
{
	AUTO_FREE char *path = file_xdg(where, name);
	struct err why;

	if (file_read(path, out, &why) == 0 || why.kind == EK_NOTFOUND)
		return 0;
	*e = why;
	return -1;
}

static int
write_file(enum file_xdg where, const char *name, struct str text, struct err *e)
{
	AUTO_FREE char *path = file_xdg(where, name);
	AUTO_FREE char *folder = file_dirname(path);

	return file_mkdirs(folder, 0700, e) < 0 ? -1 : file_replace(path, text.p, text.len, 0600, e);
}

int
config_settings(struct settings *out, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);

	settings_init(out);
	return read_file(XDG_CONFIG, "settings.yaml", &text, e) < 0 ? -1 : settings_parse(buf_str(&text), out, e);
}

void
config_keys(struct model *m)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG), conflicts = BUF_INIT(LIMIT_CONFIG);
	struct str rest, line;
	struct err e;

	if (read_file(XDG_CONFIG, "keys.yaml", &text, &e) < 0 || keymap_load(m->keys, buf_str(&text), &e) < 0)
		model_say(m, TOAST_WARN, "keys.yaml: %s", e.msg);
	if (text.len == 0)
		return;
	keymap_conflicts(m->keys, &conflicts);
	for (rest = buf_str(&conflicts); rest.len > 0 && str_split(&rest, '\n', &line);)
		model_say(m, TOAST_WARN, "keys.yaml: two actions on one key, " STR_FMT, STR_ARG(line));
}

void
config_history(struct model *m)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);
	struct str rest, line;
	struct err ignored;

	if (read_file(XDG_STATE, "history", &text, &ignored) < 0)
		return;
	for (rest = buf_str(&text); rest.len > 0 && str_split(&rest, '\n', &line);) {
		AUTO_FREE char *entry = str_dup(line);

		if (entry[0] != '\0')
			strs_add(&m->history, entry);
	}
}

/* It is a convenience: without room for it nothing is lost. */
void
config_keep_history(const struct model *m)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);
	struct err ignored;

	if (m->history.len == 0)
		return;
	for (size_t i = 0; i < m->history.len; i++)
		if (text.len + strlen(m->history.at[i]) + 2 < LIMIT_CONFIG)
			buf_putf(&text, "%s\n", m->history.at[i]);
	(void)write_file(XDG_STATE, "history", buf_str(&text), &ignored);
}

static int
read_theme(const char *name, struct buf *out, struct err *e)
{
	AUTO_FREE char *rest = xasprintf("themes/%s.yaml", name);
	AUTO_FREE char *own = file_xdg(XDG_CONFIG, rest), *shipped = xasprintf("%s/%s.yaml", THEMES_DIR, name);
	struct err why;

	if (file_read(own, out, &why) == 0)
		return 0;
	if (why.kind != EK_NOTFOUND) {
		*e = why;
		return -1;
	}
	if (file_read(shipped, out, e) == 0)
		return 0;
	return e->kind == EK_NOTFOUND ? err_set(e, EK_NOTFOUND, "no theme '%.40s': %s and %s were looked for", name, own, shipped)
		: -1;
}

static int
load_theme(const char *name, unsigned depth, struct theme *t, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO_YAML struct ynode *doc = NULL;
	const char *base;

	if (strcmp(name, "mono") == 0)
		return 0;
	if (depth == BASES_MAX)
		return err_set(e, EK_INVALID, "theme '%.40s': more than %d themes upon another", name, BASES_MAX);
	if (read_theme(name, &text, e) < 0)
		return -1;
	doc = yaml_parse(buf_str(&text), "theme", e);
	base = yaml_text(doc, "base");
	if (doc == NULL || (base != NULL && load_theme(base, depth + 1, t, e) < 0) || theme_parse(buf_str(&text), t, e) < 0)
		return err_ctx(e, "theme '%.40s'", name);
	return 0;
}

int
config_theme(const char *name, struct theme *out, struct err *e)
{
	struct theme t;

	theme_mono(&t);
	if (load_theme(name, 0, &t, e) < 0)
		return -1;
	*out = t;
	return 0;
}

int
config_set(const char *name, const char *value, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_CONFIG), changed = BUF_INIT(LIMIT_CONFIG);

	if (read_file(XDG_CONFIG, "settings.yaml", &text, e) < 0
	    || settings_edit(buf_str(&text), name, value, &changed, e) < 0)
		return -1;
	return write_file(XDG_CONFIG, "settings.yaml", buf_str(&changed), e);
}
