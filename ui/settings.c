/* The table of settings, and their file. */
#include "ui/settings.h"

#include "base/attr.h"
#include "base/glob.h"
#include "base/mem.h"
#include "data/yaml.h"

#include <string.h>

const struct setting setting_rows[] = {
	{ "theme", NULL, "terminal", "colors: terminal, midnight, paper, contrast, mono, or a file of yours" },
	{ "mouse", "auto on off", "auto", "whether the mouse is used; auto: not over SSH; from the next start on" },
	{ "times", "age local utc", "age", "how points in time are shown (t changes it for now)" },
	{ "ascii", "off on", "off", "draw with ASCII only" },
	{ "hints", "on off", "on", "keys on the last line" },
	{ "readonly", "off on", "off", "begin in read-only mode" },
};
const size_t setting_rows_len = COUNT(setting_rows);
_Static_assert(COUNT(setting_rows) <= SETTINGS_MAX, "every setting has its place");

static int
find(const char *name)
{
	for (size_t i = 0; i < COUNT(setting_rows); i++)
		if (strcmp(setting_rows[i].name, name) == 0)
			return (int)i;
	return -1;
}

void
settings_init(struct settings *s)
{
	*s = (struct settings){ 0 };
	for (size_t i = 0; i < COUNT(setting_rows); i++)
		str_copy(s->value[i], SETTING_LEN, str_of(setting_rows[i].standard));
}

const char *
settings_get(const struct settings *s, const char *name)
{
	int i = find(name);

	return i < 0 ? NULL : s->value[i];
}

/* A name without a way out of its folder. */
static bool
is_name(const char *v)
{
	return v[0] != '\0' && v[0] != '.' && strlen(v) < SETTING_LEN
		&& strspn(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == strlen(v);
}

static bool
allowed(const struct setting *row, const char *value)
{
	struct str rest = str_of(row->words), one;

	if (row->words == NULL)
		return is_name(value);
	while (rest.len > 0 && str_split(&rest, ' ', &one))
		if (str_eqz(one, value))
			return true;
	return false;
}

int
settings_set(struct settings *s, const char *name, const char *value, struct err *e)
{
	int i = find(name);

	if (i < 0)
		return err_set(e, EK_INVALID, "no setting '%.40s': ':set' lists them", name);
	/* YAML 1.1 and people write booleans in many ways. */
	if (strcmp(value, "true") == 0 || strcmp(value, "yes") == 0)
		value = "on";
	else if (strcmp(value, "false") == 0 || strcmp(value, "no") == 0)
		value = "off";
	if (!allowed(&setting_rows[i], value))
		return err_set(e, EK_INVALID, "%s: '%.40s' is not %s", name, value,
			setting_rows[i].words != NULL ? setting_rows[i].words : "a name");
	str_copy(s->value[i], SETTING_LEN, str_of(value));
	return 0;
}

const char *
settings_next(const struct settings *s, const char *name, char out[SETTING_LEN])
{
	static const char themes[] = "terminal midnight paper contrast mono";
	int i = find(name);
	struct str rest, one, first = S("");
	bool take = false;

	if (i < 0)
		return NULL;
	rest = str_of(setting_rows[i].words != NULL ? setting_rows[i].words : themes);
	while (rest.len > 0 && str_split(&rest, ' ', &one)) {
		if (first.len == 0)
			first = one;
		if (take) {
			str_copy(out, SETTING_LEN, one);
			return out;
		}
		take = str_eqz(one, s->value[i]);
	}
	str_copy(out, SETTING_LEN, first);
	return out;
}

/* --- contexts --- */

struct context_rule
settings_context(const struct settings *s, const char *context)
{
	struct context_rule all = { 0 };

	for (size_t i = 0; context != NULL && i < s->n_contexts; i++) {
		const struct context_rule *r = &s->contexts[i];

		if (!glob_match(str_of(r->pattern), str_of(context)))
			continue;
		all.danger |= r->danger;
		all.readonly |= r->readonly;
		all.typed |= r->typed;
	}
	return all;
}

static int
parse_rule(const struct ynode *n, struct context_rule *out, struct err *e)
{
	static const char *const on[] = { "true", "on", "yes" };

	if (n->kind != Y_MAP)
		return err_set(e, EK_INVALID, "settings.yaml:%u: '%.40s' takes a map of banner, readonly and confirm", n->line, n->key);
	if (glob_check(str_of(n->key), e) < 0)
		return err_ctx(e, "settings.yaml:%u", n->line);
	*out = (struct context_rule){ 0 };
	str_copy(out->pattern, sizeof out->pattern, str_of(n->key));
	for (size_t i = 0; i < n->len; i++) {
		const struct ynode *v = n->at[i];
		const char *text = v->kind == Y_SCALAR ? v->text : "";

		if (strcmp(v->key, "banner") == 0 && strcmp(text, "danger") == 0)
			out->danger = true;
		else if (strcmp(v->key, "confirm") == 0 && strcmp(text, "typed") == 0)
			out->typed = true;
		else if (strcmp(v->key, "readonly") == 0)
			for (size_t k = 0; k < COUNT(on); k++)
				out->readonly |= strcmp(text, on[k]) == 0;
		else
			return err_set(e, EK_INVALID, "settings.yaml:%u: '%.40s: %.40s' is none of 'banner: danger', 'readonly: on', "
				"'confirm: typed'", v->line, v->key, text);
	}
	return 0;
}

static int
parse_contexts(const struct ynode *n, struct settings *to, struct err *e)
{
	if (n->kind != Y_MAP)
		return err_set(e, EK_INVALID, "settings.yaml:%u: 'contexts' takes a map of patterns", n->line);
	if (n->len > CONTEXTS_MAX)
		return err_set(e, EK_INVALID, "settings.yaml:%u: more than %d patterns", n->line, CONTEXTS_MAX);
	for (to->n_contexts = 0; to->n_contexts < n->len; to->n_contexts++)
		if (parse_rule(n->at[to->n_contexts], &to->contexts[to->n_contexts], e) < 0)
			return -1;
	return 0;
}

int
settings_parse(struct str yaml, struct settings *s, struct err *e)
{
	AUTO_YAML struct ynode *doc = yaml_parse(yaml, "settings.yaml", e);
	struct settings to = *s;
	struct err why;

	if (doc == NULL)
		return -1;
	if (doc->kind != Y_MAP)
		return err_set(e, EK_INVALID, "settings.yaml: a map of settings is expected");
	for (size_t i = 0; i < doc->len; i++) {
		const struct ynode *n = doc->at[i];

		if (strcmp(n->key, "contexts") == 0) {
			if (parse_contexts(n, &to, e) < 0)
				return -1;
			continue;
		}
		if (n->kind != Y_SCALAR)
			return err_set(e, EK_INVALID, "settings.yaml:%u: '%.40s' takes a word", n->line, n->key);
		if (settings_set(&to, n->key, n->text, &why) < 0)
			return err_set(e, EK_INVALID, "settings.yaml:%u: %s", n->line, why.msg);
	}
	*s = to;
	return 0;
}

int
settings_edit(struct str yaml, const char *name, const char *value, struct buf *out, struct err *e)
{
	AUTO_YAML struct ynode *doc = yaml_parse(yaml, "settings.yaml", e);
	const struct ynode *n = yaml_get(doc, name);
	struct str rest = yaml, line;
	unsigned at = 0;

	if (doc == NULL)
		return -1;
	if (doc->flow || (n != NULL && (n->kind != Y_SCALAR || n->last != n->line)))
		return err_set(e, EK_INVALID, "settings.yaml has a form that is not changed by lines: do it by hand");
	while (rest.len > 0 && str_split(&rest, '\n', &line)) {
		size_t comment = str_chr(line, '#');

		if (n == NULL || ++at != n->line)
			buf_put_str(out, line);
		else if (comment < line.len)
			buf_putf(out, "%s: %s  " STR_FMT, name, value, STR_ARG(str_sub(line, comment, line.len)));
		else
			buf_putf(out, "%s: %s", name, value);
		buf_putc(out, '\n');
	}
	if (n == NULL)
		buf_putf(out, "%s: %s\n", name, value);
	return 0;
}
