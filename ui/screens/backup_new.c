/* Making a backup (ui.md 4.10). */
#include "base/attr.h"
#include "base/mem.h"
#include "ui/command.h"
#include "ui/model_impl.h"
#include "ui/screens/screens.h"

#include <string.h>

#define COMMAND_COLS 76

static const char *const cluster_resources[] = { "auto", "true", "false", NULL };

static const struct field fields[] = {
	{ .id = "NAME", .label = "Backup name", .kind = FIELD_TEXT, .hint = "made up from the cluster and the time" },
	{ .id = "--include-namespaces", .label = "Namespaces", .kind = FIELD_TEXT, .hint = "all; or names, patterns: a,b-*" },
	{ .id = "--exclude-namespaces", .label = "  but not", .kind = FIELD_TEXT },
	{ .id = "--include-resources", .label = "Kinds of objects", .kind = FIELD_TEXT, .hint = "all; or deployments,secrets,.." },
	{ .id = "--exclude-resources", .label = "  but not", .kind = FIELD_TEXT },
	{ .id = "--include-cluster-resources", .label = "Outside namespaces", .kind = FIELD_CHOICE, .choices = cluster_resources },
	{ .id = "--selector", .label = "Label selector", .kind = FIELD_TEXT, .hint = "app=web,env!=dev" },
	{ .id = "--ttl", .label = "Expires after", .kind = FIELD_TEXT, .hint = "720h: 30 days" },
	{ .id = "--resource-policies", .label = "Resource policies", .kind = FIELD_TEXT, .hint = "a file" },
	{ .id = "location", .label = "Backup location", .kind = FIELD_NOTE },
	{ .id = "", .kind = FIELD_NOTE, .value = "\nSame as command:" },
	{ .id = "command", .kind = FIELD_NOTE },
	{ .id = "error", .kind = FIELD_NOTE },
	{ .id = "create", .label = "Create Backup", .kind = FIELD_BUTTON },
	{ .id = "cancel", .label = "Cancel", .kind = FIELD_BUTTON },
};

static void
put_words(const struct model *m, const struct form *f, struct strs *words)
{
	strs_add(words, "backup");
	strs_add(words, "create");
	command_add(words, f);
	command_add_place(words, m);
}

static void
changed(struct model *m, struct screen *s)
{
	AUTO_STRS struct strs words = { 0 };
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);

	put_words(m, s->state, &words);
	command_text(&words, COMMAND_COLS, &text);
	form_set(s->state, "command", buf_cstr(&text));
	form_set(s->state, "error", "");
}

static void
open_form(struct model *m, struct screen *s)
{
	form_init(s->state, fields, COUNT(fields));
	form_set(s->state, "location", m->opts.location != NULL ? m->opts.location : "none");
	changed(m, s);
}

static void
close_form(struct screen *s)
{
	form_done(s->state);
}

static void
create(struct model *m, struct screen *s)
{
	AUTO_STRS struct strs words = { 0 };
	struct request *r;
	struct err e;
	const char *why;

	if (!acts_allowed(m, &actions[action_find("backup.new")], &why)) {
		form_set(s->state, "error", why);
		return;
	}
	put_words(m, s->state, &words);
	r = command_request(m, &words, &e);
	if (r == NULL) {
		form_setf(s->state, "error", "\n%s", e.msg);
		return;
	}
	(void)model_start_job(m, r);
	model_back(m);
	model_say(m, TOAST_INFO, "the backup has begun: J shows it");
}

static void
pressed(struct model *m, struct screen *s, const char *button)
{
	if (strcmp(button, "create") == 0)
		create(m, s);
	else
		model_back(m);
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	(void)form_draw(s->state, a, m->dialog.fn == NULL);
}

static struct form *
form(struct screen *s)
{
	return s->state;
}

const struct screen_type screen_backup_new = {
	.name = "backup-new", .crumb = "Create Backup", .mask = IN_FORM, .state_size = sizeof(struct form),
	.open = open_form, .close = close_form, .draw = draw, .form = form, .changed = changed, .pressed = pressed,
};
