/* A file of hooks: Velero's spec.hooks of a backup or a restore, read strictly. */
#include "engine/hooks.h"

#include "base/glob.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "data/yaml.h"
#include "k8s/selector.h"

#include <string.h>

#define FILE_NAME "--hooks"

static int
refuse(const struct ynode *n, struct err *e, const char *why)
{
	return err_set(e, EK_INVALID, FILE_NAME ":%u: %s", n->line, why);
}

/* The member; NULL: absent or null. */
static const struct ynode *
member(const struct ynode *map, const char *key)
{
	const struct ynode *n = yaml_get(map, key);

	return n != NULL && n->kind == Y_SCALAR && yaml_text(map, key) == NULL ? NULL : n;
}

/* A list of what is not scalar; absent: NULL and 0. */
static int
list_of(const struct ynode *map, const char *key, const struct ynode **out, struct err *e)
{
	*out = member(map, key);
	if (*out != NULL && (*out)->kind != Y_SEQ)
		return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: a list is expected", (*out)->line, key);
	return 0;
}

static int
texts_of(const struct ynode *map, const char *key, struct strs *out, struct err *e)
{
	const struct ynode *list;

	if (list_of(map, key, &list, e) < 0)
		return -1;
	for (size_t i = 0; list != NULL && i < list->len; i++) {
		if (list->at[i]->kind != Y_SCALAR)
			return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: a list of texts is expected", list->at[i]->line, key);
		strs_add(out, list->at[i]->text);
	}
	return 0;
}

static int
namespaces_of(const struct ynode *map, const char *key, struct strs *out, struct err *e)
{
	if (texts_of(map, key, out, e) < 0)
		return -1;
	for (size_t i = 0; i < out->len; i++)
		if (glob_check(str_of(out->at[i]), e) < 0)
			return err_ctx(e, FILE_NAME ":%u: %s", yaml_get(map, key)->line, key);
	return 0;
}

static int
duration_of(const struct ynode *map, const char *key, int64_t *out, struct err *e)
{
	const char *text = yaml_text(map, key);

	if (member(map, key) == NULL)
		return 0;
	if (text == NULL || !parse_duration(str_of(text), out) || *out < 0)
		return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: '%.100s' is no duration like 30s or 5m", yaml_get(map, key)->line,
			key, text != NULL ? text : "");
	return 0;
}

static int
text_of(const struct ynode *map, const char *key, char **out, struct err *e)
{
	const struct ynode *n = member(map, key);

	if (n == NULL)
		return 0;
	if (n->kind != Y_SCALAR || n->text[0] == '\0')
		return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: a text is expected", n->line, key);
	*out = xstrdup(n->text);
	return 0;
}

/* --- actions --- */

static int
parse_exec(const struct ynode *n, bool restore, struct hook *out, struct err *e)
{
	static const char *const backup_keys[] = { "container", "command", "onError", "timeout", NULL };
	static const char *const restore_keys[] = { "container", "command", "onError", "execTimeout", "waitTimeout",
		"waitForReady", NULL };
	const char *on_error = yaml_text(n, "onError"), *ready = yaml_text(n, "waitForReady");

	if (yaml_only(n, FILE_NAME, restore ? restore_keys : backup_keys, e) < 0
	    || text_of(n, "container", &out->container, e) < 0 || texts_of(n, "command", &out->command, e) < 0
	    || duration_of(n, restore ? "execTimeout" : "timeout", &out->exec_ns, e) < 0
	    || duration_of(n, "waitTimeout", &out->wait_ns, e) < 0)
		return -1;
	if (out->command.len == 0 || out->command.at[0][0] == '\0')
		return refuse(n, e, "exec: a command is needed, a list: [\"/bin/sh\", \"-c\", \"...\"]");
	if (member(n, "onError") != NULL && (on_error == NULL
	    || (strcmp(on_error, "Fail") != 0 && strcmp(on_error, "Continue") != 0)))
		return err_set(e, EK_INVALID, FILE_NAME ":%u: onError: '%.100s' is neither Fail nor Continue",
			yaml_get(n, "onError")->line, on_error != NULL ? on_error : "");
	if (ready != NULL && !parse_bool(str_of(ready), &out->wait_ready))
		return refuse(yaml_get(n, "waitForReady"), e, "waitForReady: true or false");
	/* Without a word a backup's hooks stop, a restore's go on. */
	out->stops = on_error != NULL ? strcmp(on_error, "Fail") == 0 : !restore;
	if (out->exec_ns == 0)
		out->exec_ns = HOOK_EXEC_NS;
	return 0;
}

static int
parse_init(const struct ynode *n, struct strs *out, struct err *e)
{
	static const char *const known[] = { "initContainers", "timeout", NULL };
	static const char *const needed[] = { "name", "image", "command" };
	const struct ynode *list;
	int64_t unused = 0;

	/* Velero, too, only takes note of the time. */
	if (yaml_only(n, FILE_NAME, known, e) < 0 || list_of(n, "initContainers", &list, e) < 0
	    || duration_of(n, "timeout", &unused, e) < 0)
		return -1;
	if (list == NULL || list->len == 0)
		return refuse(n, e, "init: initContainers are needed");
	for (size_t i = 0; i < list->len; i++) {
		AUTO_BUF struct buf json = BUF_INIT(LIMIT_CONFIG);
		const struct ynode *box = list->at[i];
		AUTO_STRS struct strs command = { 0 };

		if (box->kind != Y_MAP)
			return refuse(box, e, "initContainers: containers are expected");
		for (size_t k = 0; k < COUNT(needed); k++)
			if (member(box, needed[k]) == NULL)
				return err_set(e, EK_INVALID, FILE_NAME ":%u: an init container needs %s", box->line, needed[k]);
		if (texts_of(box, "command", &command, e) < 0)
			return -1;
		if (command.len == 0)
			return refuse(box, e, "an init container needs a command");
		if (yaml_to_json(box, &json, e) < 0)
			return err_ctx(e, FILE_NAME ":%u", box->line);
		strs_add(out, buf_cstr(&json));
	}
	return 0;
}

static int
parse_actions(const struct ynode *rule, const char *key, enum hook_phase phase, struct hook_rule *out, struct err *e)
{
	static const char *const backup_keys[] = { "exec", NULL };
	static const char *const restore_keys[] = { "exec", "init", NULL };
	bool restore = phase == HOOK_RESTORE_POST;
	const struct ynode *list;

	if (list_of(rule, key, &list, e) < 0)
		return -1;
	for (size_t i = 0; list != NULL && i < list->len; i++) {
		const struct ynode *n = list->at[i], *exec = member(n, "exec"), *init = member(n, "init");
		struct hook_action *a;

		if (yaml_only(n, FILE_NAME, restore ? restore_keys : backup_keys, e) < 0)
			return -1;
		if ((exec != NULL) == (init != NULL))
			return refuse(n, e, restore ? "a hook is either exec or init" : "a hook is exec");
		a = vec_push(&out->actions);
		*a = (struct hook_action){ .phase = phase, .exec = { .name = out->name } };
		if (exec != NULL ? parse_exec(exec, restore, &a->exec, e) < 0 : parse_init(init, &a->init, e) < 0)
			return -1;
	}
	return 0;
}

/* --- rules --- */

static bool
means_pods(const char *name)
{
	static const char *const names[] = { "pods", "pod", "po", "*" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Only pods have hooks: to name something else is a mistake. */
static int
check_resources(const struct ynode *rule, struct err *e)
{
	AUTO_STRS struct strs in = { 0 }, out = { 0 };

	if (texts_of(rule, "includedResources", &in, e) < 0 || texts_of(rule, "excludedResources", &out, e) < 0)
		return -1;
	for (size_t i = 0; i < in.len; i++)
		if (!means_pods(in.at[i]))
			return err_set(e, EK_INVALID, FILE_NAME ":%u: includedResources: '%.100s': only pods have hooks",
				yaml_get(rule, "includedResources")->line, in.at[i]);
	for (size_t i = 0; i < out.len; i++)
		if (means_pods(out.at[i]))
			return refuse(yaml_get(rule, "excludedResources"), e, "excludedResources: only pods have hooks: nothing is left");
	return 0;
}

static int
parse_labels(const struct ynode *rule, struct selector **out, struct err *e)
{
	static const char *const known[] = { "matchLabels", "matchExpressions", NULL };
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_CONFIG);
	const struct ynode *n = member(rule, "labelSelector");

	if (n == NULL)
		return 0;
	if (yaml_only(n, FILE_NAME, known, e) < 0 || yaml_to_json(n, &json, e) < 0)
		return -1;
	*out = selector_from_json(buf_str(&json), e);
	return *out == NULL ? err_ctx(e, FILE_NAME ":%u: labelSelector", n->line) : 0;
}

static int
parse_rule(const struct ynode *n, bool restore, struct hook_rule *out, struct err *e)
{
	static const char *const backup_keys[] = { "name", "includedNamespaces", "excludedNamespaces", "includedResources",
		"excludedResources", "labelSelector", "pre", "post", NULL };
	static const char *const restore_keys[] = { "name", "includedNamespaces", "excludedNamespaces", "includedResources",
		"excludedResources", "labelSelector", "postHooks", NULL };

	if (yaml_only(n, FILE_NAME, restore ? restore_keys : backup_keys, e) < 0 || text_of(n, "name", &out->name, e) < 0)
		return -1;
	if (out->name == NULL)
		return refuse(n, e, "an entry of resources needs a name");
	if (namespaces_of(n, "includedNamespaces", &out->inc_namespaces, e) < 0
	    || namespaces_of(n, "excludedNamespaces", &out->exc_namespaces, e) < 0
	    || check_resources(n, e) < 0 || parse_labels(n, &out->labels, e) < 0)
		return -1;
	if (restore ? parse_actions(n, "postHooks", HOOK_RESTORE_POST, out, e) < 0
	    : parse_actions(n, "pre", HOOK_BACKUP_PRE, out, e) < 0 || parse_actions(n, "post", HOOK_BACKUP_POST, out, e) < 0)
		return -1;
	if (out->actions.len == 0)
		return refuse(n, e, restore ? "no postHooks" : "neither pre nor post hooks");
	return 0;
}

int
hook_rules_parse(const char *yaml, bool restore, struct hook_rules *out, struct err *e)
{
	static const char *const known[] = { "resources", NULL };
	AUTO_YAML struct ynode *doc = yaml_parse(str_of(yaml), FILE_NAME, e);
	const struct ynode *list;

	if (doc == NULL || yaml_only(doc, FILE_NAME, known, e) < 0 || list_of(doc, "resources", &list, e) < 0)
		return -1;
	if (list == NULL || list->len == 0)
		return refuse(doc, e, "no hooks: 'resources:' with a list is expected");
	for (size_t i = 0; i < list->len; i++) {
		struct hook_rule *rule = vec_push(out);

		*rule = (struct hook_rule){ 0 };
		if (list->at[i]->kind != Y_MAP)
			return refuse(list->at[i], e, "resources: keys and values are expected");
		if (parse_rule(list->at[i], restore, rule, e) < 0)
			return -1;
	}
	return 0;
}

static void
hook_done(struct hook *h)
{
	free(h->container);
	strs_free(&h->command);
}

void
hook_vec_done(struct hook_vec *v)
{
	for (size_t i = 0; i < v->len; i++)
		hook_done(&v->at[i]);
	vec_free(v);
}

void
hook_rules_done(struct hook_rules *v)
{
	for (size_t i = 0; i < v->len; i++) {
		struct hook_rule *r = &v->at[i];

		for (size_t k = 0; k < r->actions.len; k++) {
			hook_done(&r->actions.at[k].exec);
			strs_free(&r->actions.at[k].init);
		}
		vec_free(&r->actions);
		strs_free(&r->inc_namespaces);
		strs_free(&r->exc_namespaces);
		selector_free(r->labels);
		free(r->name);
	}
	vec_free(v);
}
