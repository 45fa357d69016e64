/* Reading resource modifiers (velero-format 4.10). */
#include "engine/change_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"

#include <string.h>
#include <strings.h>

#define BRACES_MAX 100       /* patterns that one groupResource with braces may stand for */

struct reading {
	const char   *name;          /* of the option, for messages */
	struct rules *out;
	struct err   *e;
};

static void
rule_done(struct rule *r)
{
	strs_free(&r->types);
	strs_free(&r->namespaces);
	regex_free(r->name);
	selector_free(r->labels);
	vec_free(&r->matches);
	vec_free(&r->ops);
	vec_free(&r->patches);
}

void
rules_done(struct rules *rs)
{
	for (size_t i = 0; i < rs->len; i++)
		rule_done(&rs->at[i]);
	vec_free(rs);
	arena_done(&rs->texts);
}

static int
at_line(const struct reading *rd, const struct ynode *n)
{
	return err_ctx(rd->e, "%s:%u", rd->name, n->line);
}

static int
refuse(const struct reading *rd, const struct ynode *n, const char *what)
{
	return err_set(rd->e, EK_INVALID, "%s:%u: %s", rd->name, n->line, what);
}

/* --- scalars --- */

/*
 * Kubernetes and Velero read YAML 1.1, where 0644 is octal and "on" is true; the tree is typed by YAML 1.2.  So what
 * differs is spelled out.
 */
static void
from_yaml11(struct ynode *n)
{
	static const struct { const char *word, *means; } words[] = {
		{ "y", "true" }, { "Y", "true" }, { "yes", "true" }, { "Yes", "true" }, { "YES", "true" },
		{ "on", "true" }, { "On", "true" }, { "ON", "true" },
		{ "n", "false" }, { "N", "false" }, { "no", "false" }, { "No", "false" }, { "NO", "false" },
		{ "off", "false" }, { "Off", "false" }, { "OFF", "false" },
	};
	size_t octal;

	for (size_t i = 0; i < n->len; i++)
		from_yaml11(n->at[i]);
	if (n->kind != Y_SCALAR || n->quoted)
		return;
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(n->text, words[i].word) == 0) {
			free(n->text);
			n->text = xstrdup(words[i].means);
			return;
		}
	octal = strspn(n->text, "01234567");
	if (n->text[0] == '0' && octal > 1 && n->text[octal] == '\0') {
		char *text = xasprintf("0o%s", n->text + 1);

		free(n->text);
		n->text = text;
	}
}

/* text as a JSON string.  Velero only puts quotes around it, so that escapes in it are JSON's. */
static int
put_text(struct buf *out, struct str text, struct err *e)
{
	size_t before = out->len;
	struct err bad;

	if (buf_add_str(out, S("\""), e) < 0 || buf_add_str(out, text, e) < 0 || buf_add_str(out, S("\""), e) < 0)
		return -1;
	if (json_check(str_sub(buf_str(out), before, out->len), &bad) == 0)
		return 0;
	buf_cut(out, before);
	return jw_quote(out, text, e);
}

static int
put_value(struct buf *out, struct str text, struct err *e)
{
	struct err bad;

	if (text.len > 0 && text.p[0] == '"' && text.p[text.len - 1] == '"')
		return put_text(out, str_sub(text, 1, text.len > 1 ? text.len - 1 : 1), e);
	if (str_eqz(text, "null"))
		return buf_add_str(out, text, e);
	if (text.len <= 5 && (strcasecmp(text.p, "true") == 0 || strcasecmp(text.p, "false") == 0))
		return buf_add_str(out, text.len == 4 ? S("true") : S("false"), e);
	if (text.len > 0 && (text.p[0] == '{' || text.p[0] == '[')) {
		if (json_check(text, &bad) < 0)
			return err_set(e, EK_INVALID, "value: %s (a text that starts with '%c' is JSON; in quotes, "
				"'\"...\"', it is a text)", bad.msg, text.p[0]);
		return buf_add_str(out, text, e);
	}
	if (jtype(text) == J_NUM && json_check(text, &bad) == 0)
		return buf_add_str(out, text, e);
	return put_text(out, text, e);
}

/* The value of an operation or of a match; absent is an empty text, as for Velero. */
static int
read_value(const struct reading *rd, const struct ynode *map, struct str *out)
{
	AUTO_BUF struct buf json = BUF_INIT(2 * LIMIT_CONFIG);
	struct ynode *n = NULL;

	for (size_t i = 0; i < map->len && n == NULL; i++)
		if (strcmp(map->at[i]->key, "value") == 0)
			n = map->at[i];
	*out = S("\"\"");
	if (n == NULL || (n->kind == Y_SCALAR && n->text[0] == '\0'))
		return 0;
	if (n->kind != Y_SCALAR)
		return refuse(rd, n, "value: a text is expected; write objects and lists as JSON in quotes: '{\"a\": 1}'");
	from_yaml11(n);
	if (!n->quoted) {
		if (yaml_to_json(n, &json, rd->e) < 0)
			return at_line(rd, n);
		if (jtype(buf_str(&json)) == J_STR)
			buf_cut(&json, 0);
	}
	if (json.len == 0 && put_value(&json, str_of(n->text), rd->e) < 0)
		return at_line(rd, n);
	*out = arena_str(&rd->out->texts, buf_str(&json));
	return 0;
}

static int
read_pointer(const struct reading *rd, const struct ynode *map, const char *key, struct str *out)
{
	const char *text = yaml_text(map, key);

	if (text == NULL || text[0] == '\0')
		return err_set(rd->e, EK_INVALID, "%s:%u: '%s' is missing", rd->name, map->line, key);
	if (jpointer_check(str_of(text), rd->e) < 0) {
		(void)err_ctx(rd->e, "%s", key);
		return at_line(rd, yaml_get(map, key));
	}
	*out = arena_str(&rd->out->texts, str_of(text));
	return 0;
}

static int
check_list(const struct reading *rd, const struct ynode *n)
{
	return n == NULL || n->kind == Y_SEQ || (n->kind == Y_SCALAR && n->text[0] == '\0') ? 0
		: err_set(rd->e, EK_INVALID, "%s:%u: '%s' is a list", rd->name, n->line, n->key);
}

/* --- conditions --- */

/* The patterns that one with braces stands for. */
static int
expand(const struct reading *rd, const struct ynode *at, struct str text, struct strs *out)
{
	size_t open = str_chr(text, '{'), close = str_chr(text, '}');
	struct str choices, one;

	if (out->len >= BRACES_MAX)
		return refuse(rd, at, "too many choices in braces");
	if (open == text.len && close == text.len) {
		AUTO_FREE char *pattern = str_dup(text);

		strs_add(out, pattern);
		return 0;
	}
	choices = str_sub(text, open + 1, close);
	if (close <= open || close == text.len || str_chr(choices, '{') < choices.len)
		return refuse(rd, at, "braces are written {a,b}, and not within each other");
	while (str_split(&choices, ',', &one)) {
		AUTO_FREE char *next = xasprintf(STR_FMT STR_FMT STR_FMT, (int)open, text.p, STR_ARG(one),
			(int)(text.len - close - 1), text.p + close + 1);

		if (expand(rd, at, str_of(next), out) < 0)
			return -1;
	}
	return 0;
}

static int
read_patterns(const struct reading *rd, const struct ynode *n, struct strs *out)
{
	if (n->kind != Y_SCALAR || n->text[0] == '\0')
		return refuse(rd, n, "a text is expected");
	if (strlen(n->text) > LIMIT_NAME)
		return err_set(rd->e, EK_LIMIT, "%s:%u: longer than %d characters", rd->name, n->line, LIMIT_NAME);
	return expand(rd, n, str_of(n->text), out);
}

/* All scalars are texts here, whatever they look like. */
static void
put_texts(struct jw *w, const struct ynode *n)
{
	if (n->kind == Y_SCALAR) {
		jw_text(w, n->text);
		return;
	}
	(n->kind == Y_MAP ? jw_obj : jw_arr)(w);
	for (size_t i = 0; i < n->len; i++) {
		if (n->kind == Y_MAP)
			jw_key(w, n->at[i]->key);
		put_texts(w, n->at[i]);
	}
	(n->kind == Y_MAP ? jw_obj_end : jw_arr_end)(w);
}

static int
read_selector(const struct reading *rd, const struct ynode *n, struct rule *r)
{
	static const char *const keys[] = { "matchLabels", "matchExpressions", NULL };
	static const char *const parts[] = { "key", "operator", "values", NULL };
	AUTO_BUF struct buf json = BUF_INIT(8 * LIMIT_CONFIG);
	const struct ynode *list = yaml_get(n, "matchExpressions");
	struct jw w;

	if (n == NULL)
		return 0;
	if (yaml_only(n, rd->name, keys, rd->e) < 0 || check_list(rd, list) < 0)
		return -1;
	for (size_t i = 0; list && i < list->len; i++)
		if (yaml_only(list->at[i], rd->name, parts, rd->e) < 0)
			return -1;
	if (n->kind != Y_MAP)
		return 0;
	jw_init(&w, &json, false);
	put_texts(&w, n);
	if (jw_done(&w, rd->e) < 0 || (r->labels = selector_from_json(buf_str(&json), rd->e)) == NULL)
		return at_line(rd, n);
	return 0;
}

static int
read_matches(const struct reading *rd, const struct ynode *list, struct rule *r)
{
	static const char *const keys[] = { "path", "value", NULL };

	if (check_list(rd, list) < 0)
		return -1;
	for (size_t i = 0; list && i < list->len; i++) {
		struct jpatch_op op = { .what = JPATCH_TEST };

		if (yaml_only(list->at[i], rd->name, keys, rd->e) < 0
		    || read_pointer(rd, list->at[i], "path", &op.path) < 0 || read_value(rd, list->at[i], &op.value) < 0)
			return -1;
		*vec_push(&r->matches) = op;
	}
	return 0;
}

static int
read_conditions(const struct reading *rd, const struct ynode *rule, struct rule *r)
{
	static const char *const keys[] = { "groupResource", "namespaces", "resourceNameRegex", "labelSelector", "matches",
		NULL };
	const struct ynode *c = yaml_get(rule, "conditions"), *type = yaml_get(c, "groupResource");
	const struct ynode *namespaces = yaml_get(c, "namespaces");
	const char *pattern = yaml_text(c, "resourceNameRegex");

	if (yaml_only(c, rd->name, keys, rd->e) < 0)
		return -1;
	if (type == NULL)
		return refuse(rd, c ? c : rule, "conditions need a groupResource, like deployments.apps or pods");
	if (read_patterns(rd, type, &r->types) < 0 || check_list(rd, namespaces) < 0)
		return -1;
	for (size_t i = 0; namespaces && i < namespaces->len; i++)
		if (read_patterns(rd, namespaces->at[i], &r->namespaces) < 0)
			return -1;
	if (pattern && pattern[0] != '\0' && (r->name = regex_new(pattern, rd->e)) == NULL)
		return at_line(rd, yaml_get(c, "resourceNameRegex"));
	if (read_selector(rd, yaml_get(c, "labelSelector"), r) < 0)
		return -1;
	return read_matches(rd, yaml_get(c, "matches"), r);
}

/* --- patches --- */

static int
read_op(const struct reading *rd, const struct ynode *n, struct rule *r)
{
	static const char *const keys[] = { "operation", "path", "from", "value", NULL };
	struct jpatch_op op = { 0 };
	const char *what = yaml_text(n, "operation");

	if (yaml_only(n, rd->name, keys, rd->e) < 0)
		return -1;
	if (what == NULL || !jpatch_find(str_of(what), &op.what))
		return refuse(rd, n, "operation: add, remove, replace, move, copy or test is expected");
	if (read_pointer(rd, n, "path", &op.path) < 0)
		return -1;
	if ((op.what == JPATCH_MOVE || op.what == JPATCH_COPY) && read_pointer(rd, n, "from", &op.from) < 0)
		return -1;
	if (read_value(rd, n, &op.value) < 0)
		return -1;
	*vec_push(&r->ops) = op;
	return 0;
}

static int
read_data(const struct reading *rd, const struct ynode *n, struct rule *r)
{
	static const char *const keys[] = { "patchData", NULL };
	AUTO_BUF struct buf json = BUF_INIT(8 * LIMIT_CONFIG);
	AUTO_YAML struct ynode *data = NULL;
	const char *text = yaml_text(n, "patchData");
	struct err bad;

	if (yaml_only(n, rd->name, keys, rd->e) < 0)
		return -1;
	if (text == NULL)
		return refuse(rd, n, "patchData is missing: the patch as YAML or JSON text, for example after '|'");
	if (json_check(str_of(text), &bad) == 0) {
		/* JSON keeps its bytes */
		if (buf_add_str(&json, str_of(text), rd->e) < 0)
			return -1;
	} else {
		data = yaml_parse(str_of(text), "patchData", rd->e);
		if (data == NULL)
			return at_line(rd, n);
		from_yaml11(data);
		if (yaml_to_json(data, &json, rd->e) < 0)
			return at_line(rd, n);
	}
	if (jtype(str_trim(buf_str(&json))) != J_OBJ)
		return refuse(rd, n, "patchData: keys and values are expected");
	*vec_push(&r->patches) = arena_str(&rd->out->texts, str_trim(buf_str(&json)));
	return 0;
}

static int
read_patches(const struct reading *rd, const struct ynode *rule, struct rule *r)
{
	static const struct {
		const char *key;
		int (*read)(const struct reading *rd, const struct ynode *n, struct rule *r);
	} kinds[] = {
		[PATCH_JSON] = { "patches", read_op },
		[PATCH_MERGE] = { "mergePatches", read_data },
		[PATCH_STRATEGIC] = { "strategicPatches", read_data },
	};
	size_t given = 0;

	for (size_t k = 0; k < COUNT(kinds); k++) {
		const struct ynode *list = yaml_get(rule, kinds[k].key);

		if (check_list(rd, list) < 0)
			return -1;
		for (size_t i = 0; list && i < list->len; i++)
			if (kinds[k].read(rd, list->at[i], r) < 0)
				return -1;
		if (list && list->len > 0) {
			r->kind = (enum patch_kind)k;
			given++;
		}
	}
	if (given != 1)
		return refuse(rd, rule, "a rule has one of patches, mergePatches, strategicPatches");
	return 0;
}

/* --- rules --- */

static int
read_rules(const struct reading *rd, const struct ynode *doc)
{
	static const char *const top_keys[] = { "version", "resourceModifierRules", NULL };
	static const char *const keys[] = { "conditions", "patches", "mergePatches", "strategicPatches", NULL };
	const char *version = yaml_text(doc, "version");
	const struct ynode *list = yaml_get(doc, "resourceModifierRules");

	if (yaml_only(doc, rd->name, top_keys, rd->e) < 0)
		return -1;
	if (version == NULL || strcasecmp(version, "v1") != 0)
		return refuse(rd, version ? yaml_get(doc, "version") : doc, "'version: v1' is expected");
	if (list == NULL || list->kind != Y_SEQ || list->len == 0)
		return refuse(rd, list ? list : doc, "resourceModifierRules: a list of rules is expected");
	if (list->len > LIMIT_RULES)
		return err_set(rd->e, EK_LIMIT, "%s: more than %d rules", rd->name, LIMIT_RULES);
	for (size_t i = 0; i < list->len; i++) {
		struct rule *r = vec_push(rd->out);

		*r = (struct rule){ .line = list->at[i]->line };
		if (yaml_only(list->at[i], rd->name, keys, rd->e) < 0 || read_conditions(rd, list->at[i], r) < 0
		    || read_patches(rd, list->at[i], r) < 0)
			return -1;
	}
	return 0;
}

int
rules_parse(const char *yaml, const char *name, struct rules *out, struct err *e)
{
	struct reading rd = { .name = name, .out = out, .e = e };
	AUTO_YAML struct ynode *doc = yaml_parse(str_of(yaml), name, e), *inner = NULL;
	AUTO_FREE char *inner_name = NULL;
	const struct ynode *data;

	if (doc == NULL || change_data(doc, name, &data, e) < 0)
		return -1;
	if (data == doc)
		return read_rules(&rd, doc);
	if (data->len != 1 || data->at[0]->kind != Y_SCALAR)
		return refuse(&rd, data, "a ConfigMap of resource modifiers has exactly one key, whose value is the text of "
			"the rules");
	inner_name = xasprintf("%s: data of '%.100s'", name, data->at[0]->key);
	inner = yaml_parse(str_of(data->at[0]->text), inner_name, e);
	if (inner == NULL)
		return -1;
	rd.name = inner_name;
	return read_rules(&rd, inner);
}
