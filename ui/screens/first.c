/* The first run (ui.md 4.1): what there is, and the steps to the first backup. */
#include "base/attr.h"
#include "base/mem.h"
#include "data/jdoc.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

static const struct field fields[] = {
	{ .id = "welcome", .kind = FIELD_NOTE,
		.value = "Welcome. orlop backs up Kubernetes clusters to object storage and restores them.\n\n" },
	{ .id = "terminal", .label = "1 Terminal", .kind = FIELD_NOTE },
	{ .id = "clusters", .label = "2 Clusters", .kind = FIELD_NOTE },
	{ .id = "project", .label = "3 Project", .kind = FIELD_NOTE },
	{ .id = "location", .label = "4 Location", .kind = FIELD_NOTE },
	{ .id = "readonly", .label = "5 Read-only", .kind = FIELD_CHECK, .hint = "changes nothing until you say :rw" },
	{ .id = "nothing", .kind = FIELD_NOTE, .value = "\nNothing has been written to any cluster." },
	{ .id = "choose", .label = "Choose a cluster", .kind = FIELD_BUTTON },
	{ .id = "add", .label = "Add a location", .kind = FIELD_BUTTON },
	{ .id = "start", .label = "Start", .kind = FIELD_BUTTON },
};

struct first { struct form form; size_t contexts; char *current; };

static void
tell(struct model *m, struct first *x)
{
	form_setf(&x->form, "terminal", "%dx%d, %s", m->canvas.cols, m->canvas.rows, m->canvas.ascii ? "ASCII" : "UTF-8");
	form_setf(&x->form, "project", "%s: a project groups clusters and locations (orlop project create)", m->opts.project);
	form_setf(&x->form, "location", "%s", m->opts.location != NULL ? m->opts.location
		: "none yet: a bucket, or a directory to begin with");
}

static void
open_form(struct model *m, struct screen *s)
{
	struct first *x = s->state;

	form_init(&x->form, fields, COUNT(fields));
	form_set(&x->form, "clusters", "looking for a kubeconfig");
	tell(m, x);
	form_focus(&x->form, "add");
}

static void
close_form(struct screen *s)
{
	struct first *x = s->state;

	form_done(&x->form);
	free(x->current);
}

static void
load(struct model *m, struct screen *s)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->op = OP_CONTEXT_LIST;
	((struct first *)s->state)->contexts = 0;
	s->ticket = model_ask(m, s, r);
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct first *x = s->state;
	struct err ignored;

	(void)m;
	(void)ticket;
	if (ev->kind == EV_ROW) {
		AUTO_JDOC cJSON *d = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);

		x->contexts++;
		if (jdoc_bool(d, "current", false)) {
			free(x->current);
			x->current = xstrdup_or_null(jdoc_text(d, "name"));
		}
	} else if (ev->kind == EV_END && ev->end == END_FAILED) {
		form_setf(&x->form, "clusters", "%s", ev->err.msg);
	} else if (ev->kind == EV_END) {
		form_setf(&x->form, "clusters", "found %zu context%s%s%s", x->contexts, x->contexts == 1 ? "" : "s",
			x->current != NULL ? ", the current one is " : "", x->current != NULL ? x->current : "");
	}
}

static void
pressed(struct model *m, struct screen *s, const char *button)
{
	bool read_only = form_yes(&((struct first *)s->state)->form, "readonly");

	if (strcmp(button, "choose") == 0)
		model_open(m, &screen_clusters, NULL);
	else if (strcmp(button, "add") == 0)
		model_open(m, &screen_location_new, NULL);
	else
		model_back(m);
	if (strcmp(button, "start") == 0)
		m->opts.read_only |= read_only;
}

static void
show(struct model *m, struct screen *s)
{
	tell(m, s->state);
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	(void)form_draw(&((struct first *)s->state)->form, a, m->dialog.fn == NULL);
}

static struct form *
form(struct screen *s)
{
	return &((struct first *)s->state)->form;
}

const struct screen_type screen_first = {
	.name = "first", .crumb = "Welcome", .mask = IN_FORM, .state_size = sizeof(struct first), .open = open_form,
	.close = close_form, .load = load, .event = event, .show = show, .draw = draw, .form = form,
	.pressed = pressed,
};
