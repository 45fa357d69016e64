/* Which hooks a pod has: those of its annotations, else those of the file that are about it. */
#include "engine/hooks.h"

#include "base/glob.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "data/jwrite.h"
#include "k8s/selector.h"

#define FROM_ANNOTATION "<from-annotation>"
#define INIT_KEY        "init.hook.restore.velero.io/"
#define SAID_MAX        (1 * KIB)       /* of what a command wrote, in the log and in messages */

struct hooks {
	struct hook_rules rules;
};

/* What the annotations of a phase are called; NULL: there is no such thing. */
static const struct keys {
	const char *command, *container, *on_error, *exec, *wait, *ready;
} keys[][2] = {
	[HOOK_BACKUP_PRE] = {
		{ "pre.hook.backup.velero.io/command", "pre.hook.backup.velero.io/container",
			"pre.hook.backup.velero.io/on-error", "pre.hook.backup.velero.io/timeout", NULL, NULL },
		{ "hook.backup.velero.io/command", "hook.backup.velero.io/container", "hook.backup.velero.io/on-error",
			"hook.backup.velero.io/timeout", NULL, NULL } },
	[HOOK_BACKUP_POST] = {
		{ "post.hook.backup.velero.io/command", "post.hook.backup.velero.io/container",
			"post.hook.backup.velero.io/on-error", "post.hook.backup.velero.io/timeout", NULL, NULL } },
	[HOOK_RESTORE_POST] = {
		{ "post.hook.restore.velero.io/command", "post.hook.restore.velero.io/container",
			"post.hook.restore.velero.io/on-error", "post.hook.restore.velero.io/exec-timeout",
			"post.hook.restore.velero.io/wait-timeout", "post.hook.restore.velero.io/wait-for-ready" } },
};
_Static_assert(COUNT(keys) == HOOK_PHASE_COUNT_, "every phase has its annotations");

struct hooks *
hooks_new(const char *yaml, bool restore, struct err *e)
{
	struct hooks *h = xcalloc(1, sizeof *h);

	if (yaml == NULL || hook_rules_parse(yaml, restore, &h->rules, e) == 0)
		return h;
	hooks_free(h);
	return NULL;
}

void
hooks_free(struct hooks *h)
{
	if (h == NULL)
		return;
	hook_rules_done(&h->rules);
	free(h);
}

/* --- annotations --- */

static struct str
annotation(const struct hook_pod *pod, const char *key)
{
	return key != NULL ? jnode_text(jnode_walk(pod->obj, "metadata", "annotations", key, NULL)) : S("");
}

/* A list in JSON is the command's words; anything else is its only one. */
static void
read_command(struct str text, struct strs *out)
{
	AUTO_ARENA struct arena arena = ARENA_INIT;
	struct jnode *list;
	struct err ignored;
	bool texts = text.p[0] == '[' && json_check(text, &ignored) == 0;

	list = texts ? jnode_open(&arena, text) : NULL;
	for (struct jnode *n = jnode_first(list); n != NULL && texts; n = jnode_next(n))
		texts = jnode_type(n) == J_STR;
	if (!texts || jnode_first(list) == NULL) {
		AUTO_FREE char *whole = str_dup(text);

		strs_add(out, whole);
		return;
	}
	for (struct jnode *n = jnode_first(list); n != NULL; n = jnode_next(n)) {
		AUTO_FREE char *word = str_dup(jnode_text(n));

		strs_add(out, word);
	}
}

static void
unusable(const struct hook_pod *pod, const char *key, struct str text)
{
	AUTO_FREE char *why = xasprintf("annotation %s: '" STR_FMT "' is not understood and not used", key,
		STR_ARG(str_sub(text, 0, 100)));

	pod->problem(pod->ctx, why);
}

static void
read_duration(const struct hook_pod *pod, const char *key, int64_t *out)
{
	struct str text = annotation(pod, key);
	int64_t ns = 0;

	if (text.len == 0)
		return;
	if (!parse_duration(text, &ns) || ns < 0)
		unusable(pod, key, text);
	else if (ns > 0)
		*out = ns;
}

/* False: the pod has no such annotations. */
static bool
from_annotations(const struct hook_pod *pod, const struct keys *k, bool restore, struct hook *out)
{
	struct str command = annotation(pod, k->command), container = annotation(pod, k->container);
	struct str on_error = annotation(pod, k->on_error), ready = annotation(pod, k->ready);

	if (command.len == 0)
		return false;
	*out = (struct hook){ .name = FROM_ANNOTATION, .exec_ns = HOOK_EXEC_NS, .stops = !restore };
	read_command(command, &out->command);
	if (container.len > 0)
		out->container = str_dup(container);
	if (str_eqz(on_error, "Fail") || str_eqz(on_error, "Continue"))
		out->stops = str_eqz(on_error, "Fail");
	else if (on_error.len > 0)
		unusable(pod, k->on_error, on_error);
	if (ready.len > 0 && !parse_bool(ready, &out->wait_ready))
		unusable(pod, k->ready, ready);
	read_duration(pod, k->exec, &out->exec_ns);
	if (k->wait != NULL)
		read_duration(pod, k->wait, &out->wait_ns);
	return true;
}

/* --- the file --- */

static bool
in_globs(const struct strs *globs, const char *text)
{
	for (size_t i = 0; i < globs->len; i++)
		if (glob_match(str_of(globs->at[i]), str_of(text)))
			return true;
	return false;
}

static bool
concerns(const struct hook_rule *rule, const struct hook_pod *pod)
{
	struct jnode *labels = jnode_walk(pod->obj, "metadata", "labels", NULL);

	return (rule->inc_namespaces.len == 0 || in_globs(&rule->inc_namespaces, pod->ns))
		&& !in_globs(&rule->exc_namespaces, pod->ns)
		&& selector_match(rule->labels, labels != NULL ? jnode_raw(labels) : S(""));
}

static void
from_file(const struct hooks *h, const struct hook_pod *pod, enum hook_phase phase, struct hook_vec *out)
{
	for (size_t i = 0; i < h->rules.len; i++) {
		const struct hook_rule *rule = &h->rules.at[i];

		for (size_t k = 0; k < rule->actions.len && concerns(rule, pod); k++) {
			const struct hook_action *a = &rule->actions.at[k];
			struct hook *hook;

			if (a->phase != phase || a->exec.command.len == 0)
				continue;
			hook = vec_push(out);
			*hook = a->exec;
			hook->name = rule->name;
			hook->container = xstrdup_or_null(a->exec.container);
			hook->command = (struct strs){ 0 };
			strs_copy(&hook->command, &a->exec.command);
		}
	}
}

/* --- commands --- */

static bool
has_container(const struct hook_pod *pod, const char *name)
{
	for (struct jnode *c = jnode_first(jnode_walk(pod->obj, "spec", "containers", NULL)); c != NULL; c = jnode_next(c))
		if (jnode_is_text(jnode_get(c, "name"), name))
			return true;
	return false;
}

/* Names the containers; drops what none can run, as Velero does. */
static void
settle_containers(const struct hook_pod *pod, struct hook_vec *v)
{
	struct str first = jnode_text(jnode_get(jnode_first(jnode_walk(pod->obj, "spec", "containers", NULL)), "name"));
	size_t kept = 0;

	for (size_t i = 0; i < v->len; i++) {
		struct hook *hook = &v->at[i];

		if (hook->container == NULL)
			hook->container = str_dup(first);
		if (has_container(pod, hook->container)) {
			v->at[kept++] = *hook;
			continue;
		}
		AUTO_FREE char *why = xasprintf("hook '%s': the pod has no container '%.100s': it does not run", hook->name,
			hook->container);
		struct hook_vec one = { .at = xmalloc(sizeof *hook), .len = 1, .cap = 1 };

		pod->problem(pod->ctx, why);
		one.at[0] = *hook;
		hook_vec_done(&one);
	}
	v->len = kept;
}

void
hooks_commands(const struct hooks *h, const struct hook_pod *pod, enum hook_phase phase, struct hook_vec *out)
{
	struct hook_vec found = { 0 };
	struct hook own;

	for (size_t i = 0; i < COUNT(keys[phase]) && found.len == 0; i++)
		if (keys[phase][i].command != NULL && from_annotations(pod, &keys[phase][i], phase == HOOK_RESTORE_POST, &own))
			*vec_push(&found) = own;
	if (found.len == 0)
		from_file(h, pod, phase, &found);
	settle_containers(pod, &found);
	for (size_t i = 0; i < found.len; i++)
		*vec_push(out) = found.at[i];
	vec_free(&found);
}

/* --- init containers --- */

/* The same pod gets the same name each time, so that a second restore finds it unchanged. */
static void
init_name(const struct hook_pod *pod, struct str image, struct str command, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_OBJECT);
	uint8_t sum[SHA256_LEN];
	char hex[SHA256_HEX];

	buf_putf(&text, "%s/" STR_FMT "\n" STR_FMT "\n" STR_FMT, pod->ns, STR_ARG(pod->name), STR_ARG(image), STR_ARG(command));
	sha256(text.p, text.len, sum);
	buf_putf(out, "velero-restore-init-%.8s", hex_encode(hex, sum, sizeof sum));
}

static void
init_from_annotations(const struct hook_pod *pod, struct str image, struct buf *out)
{
	struct str name = annotation(pod, INIT_KEY "container-name"), command = annotation(pod, INIT_KEY "command");
	AUTO_BUF struct buf own = BUF_INIT(KIB);
	AUTO_STRS struct strs words = { 0 };
	struct err ignored;
	struct jw w;

	if (name.len == 0) {
		init_name(pod, image, command, &own);
		name = buf_str(&own);
	}
	if (command.len > 0)
		read_command(command, &words);
	jw_init(&w, out, false);
	jw_obj(&w);
	jw_kv_str(&w, "name", name);
	jw_kv_str(&w, "image", image);
	if (words.len > 0)
		jw_kv_strs(&w, "command", &words);
	jw_obj_end(&w);
	assert_that(jw_done(&w, &ignored) == 0);         /* annotations are small against its limit */
}

static struct strs
init_containers(const struct hooks *h, const struct hook_pod *pod)
{
	struct str image = annotation(pod, INIT_KEY "container-image");
	struct strs found = { 0 };

	if (image.len > 0) {
		AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT);

		init_from_annotations(pod, image, &json);
		strs_add(&found, buf_cstr(&json));
		return found;
	}
	for (size_t i = 0; i < h->rules.len; i++)
		for (size_t k = 0; k < h->rules.at[i].actions.len && concerns(&h->rules.at[i], pod); k++)
			strs_copy(&found, &h->rules.at[i].actions.at[k].init);
	return found;
}

/* What the API server adds by itself, so that the pod equals the one that it makes of it. */
static void
add_defaults(struct jnode *box)
{
	struct str image = jnode_text(jnode_get(box, "image"));
	struct str last = str_sub(image, str_rchr(image, '/') < image.len ? str_rchr(image, '/') + 1 : 0, image.len);
	bool newest = str_chr(last, '@') == last.len && (str_chr(last, ':') == last.len || str_ends(last, S(":latest")));
	const struct { const char *key, *text; } defaults[] = { { "imagePullPolicy", newest ? "Always" : "IfNotPresent" },
		{ "terminationMessagePath", "/dev/termination-log" }, { "terminationMessagePolicy", "File" } };

	for (size_t i = 0; i < COUNT(defaults); i++)
		if (jnode_get(box, defaults[i].key) == NULL)
			(void)jnode_set_text(box, defaults[i].key, str_of(defaults[i].text));
}

size_t
hooks_add_init(const struct hooks *h, struct arena *arena, const struct hook_pod *pod)
{
	AUTO_STRS struct strs boxes = init_containers(h, pod);
	struct jnode *spec = jnode_need_obj(pod->obj, "spec"), *list = jnode_get(spec, "initContainers"), *at;

	if (boxes.len == 0)
		return 0;
	if (jnode_type(list) != J_ARR)
		list = jnode_set_raw(spec, "initContainers", S("[]"));
	at = jnode_first(list);
	if (at != NULL && jnode_is_text(jnode_get(at, "name"), "restore-wait"))
		at = jnode_next(at);
	for (size_t i = 0; i < boxes.len; i++) {
		struct jnode *box = jnode_open(arena, arena_str(arena, str_of(boxes.at[i])));
		struct str json;

		add_defaults(box);
		json = jnode_raw(box);
		if (at != NULL)
			(void)jnode_insert_raw(at, json);
		else
			(void)jnode_append_raw(list, json);
	}
	return boxes.len;
}

/* --- running --- */

static void
put_said(struct buf *out, const char *what, struct str text)
{
	text = str_trim(text);
	if (text.len > 0)
		buf_putf(out, "; %s: " STR_FMT "%s", what, STR_ARG(str_sub(text, 0, SAID_MAX)), text.len > SAID_MAX ? " ..." : "");
}

int
hook_run(struct k8s *k, const char *ns, const char *pod, const struct hook *hook, struct buf *said,
	const struct cancel *c, struct err *e)
{
	AUTO(k8s_exec_result_done) struct k8s_exec_result r = K8S_EXEC_RESULT(LIMIT_HOOK_OUTPUT);
	struct k8s_exec x = { .ns = ns, .pod = pod, .container = hook->container, .command = &hook->command,
		.timeout_ns = hook->exec_ns };
	int rc = k8s_exec(k, &x, &r, c, e);
	struct str last = str_trim(buf_str(&r.err));

	put_said(said, "stdout", buf_str(&r.out));
	put_said(said, "stderr", buf_str(&r.err));
	if (rc == 0 && r.code != 0) {
		last = str_sub(last, last.len > 200 ? last.len - 200 : 0, last.len);
		rc = err_set(e, EK_INVALID, "the command failed with exit status %d%s" STR_FMT, r.code,
			last.len > 0 ? ": " : "", STR_ARG(last));
	}
	return rc;
}
