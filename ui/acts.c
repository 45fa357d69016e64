/* Keys and clicks to actions; the actions that hold on every screen. */
#include "ui/model_impl.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/secret.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

#define CTRL_C_TWICE_MS 2000
#define NAMES_SHOWN 5

/* --- leaving --- */

static void
leave(struct model *m, const char *arg)
{
	(void)arg;
	model_wish(m, WISH_LEAVE, NULL);
}

static void
detach(struct model *m, const char *arg)
{
	(void)arg;
	model_wish(m, WISH_DETACH, NULL);
}

static void
suspend(struct model *m, const char *arg)
{
	(void)arg;
	model_wish(m, WISH_SUSPEND, NULL);
}

/* Own jobs that run; their names, a line each. */
static size_t
running(const struct model *m, struct buf *names)
{
	size_t n = 0;

	for (size_t i = 0; i < m->jobs.len; i++)
		if (!m->jobs.at[i].ended && !m->jobs.at[i].elsewhere && ++n <= NAMES_SHOWN)
			buf_putf(names, "%s %s\n", job_kind(&m->jobs.at[i]), m->jobs.at[i].name);
	return n;
}

static void
ask_to_leave(struct model *m, bool always)
{
	AUTO_BUF struct buf text = BUF_INIT(64 * 1024);
	AUTO_FREE char *title = NULL;
	size_t n = running(m, &text);

	if (n == 0 && !always) {
		leave(m, NULL);
		return;
	}
	if (n == 0) {
		model_confirm(m, &(struct confirm){ .title = "Leave orlop?", .text = "Nothing is running.", .verb = "Leave",
			.fn = leave });
		return;
	}
	buf_puts(&text, "Detach: they go on without a terminal, 'orlop job watch' shows them.\n"
		"Stop: at an object boundary. 'orlop restore create --resume NAME' goes on with a restore.");
	title = xasprintf("%zu job%s still running", n, n == 1 ? " is" : "s are");
	model_confirm(m, &(struct confirm){ .title = title, .text = buf_cstr(&text), .verb = "Stop and leave", .fn = leave,
		.other = "Detach", .other_fn = detach });
}

static void act_leave(struct model *m) { ask_to_leave(m, false); }

/* A stopped process does nothing for its jobs either. */
static void
act_suspend(struct model *m)
{
	AUTO_BUF struct buf text = BUF_INIT(64 * 1024);

	if (running(m, &text) == 0) {
		suspend(m, NULL);
		return;
	}
	buf_puts(&text, "Suspended, they stand still until fg; a cluster may close connections meanwhile.\n"
		"Detach: they go on without a terminal, 'orlop job watch' shows them.");
	model_confirm(m, &(struct confirm){ .title = "Jobs are running", .text = buf_cstr(&text), .verb = "Suspend", .fn = suspend,
		.other = "Detach", .other_fn = detach });
}

void
acts_detach(struct model *m)
{
	if (model_has_jobs(m))
		detach(m, NULL);
	else
		leave(m, NULL);
}

/* --- everywhere --- */

static void
act_back(struct model *m)
{
	struct table *t = screen_table(m->top);

	if (t != NULL && t->ranging)
		t->ranging = false;
	else if (m->top->below != NULL)
		model_back(m);
	else
		model_say(m, TOAST_INFO, "this is the first screen: F10 or :q leaves");
}

static void
act_stop(struct model *m)
{
	if (m->top->load == LOAD_RUNNING && m->top->ticket != 0) {
		model_cancel(m, m->top->ticket);
	} else if (m->stopped_ms > 0 && m->now_ms - m->stopped_ms < CTRL_C_TWICE_MS) {
		ask_to_leave(m, true);   /* habit makes it a single key */
	} else {
		m->stopped_ms = m->now_ms;
		model_say(m, TOAST_INFO, "q goes back, :q leaves; jobs keep running");
	}
}

static void
act_time(struct model *m)
{
	m->times = m->times == TIMES_UTC ? TIMES_AGE : m->times + 1;
}

static void
act_filter(struct model *m)
{
	prompt_open(m, screen_pager(m->top) != NULL ? PROMPT_SEARCH : PROMPT_FILTER);
}

/* The row with the cursor, or all of a text. */
static void
act_copy(struct model *m)
{
	struct pager *p = screen_pager(m->top);
	struct table *t = screen_table(m->top);
	AUTO_FREE char *text = p != NULL ? str_dup(buf_str(&p->text)) : NULL;

	if (p == NULL && t != NULL && table_current(t) != NULL)
		text = xstrdup(table_current_cell(t, 0));
	if (text == NULL || text[0] == '\0') {
		model_say(m, TOAST_INFO, "there is nothing to copy here");
		return;
	}
	model_wish(m, WISH_COPY, text);
	model_say(m, TOAST_INFO, "copied %zu characters", strlen(text));
}

/* A field of a form, to be changed; a text, to be looked at with other means. */
static void
act_editor(struct model *m)
{
	struct form *f = screen_form(m->top);
	struct pager *p = screen_pager(m->top);
	AUTO_FREE char *text = p != NULL ? str_dup(buf_str(&p->text)) : NULL;

	if (f != NULL && f->fields[f->focus].kind != FIELD_TEXT)
		model_say(m, TOAST_INFO, "this is no text to edit");
	else if (f != NULL)
		model_wish(m, WISH_EDIT, form_get(f, f->fields[f->focus].id));
	else if (text != NULL)
		model_wish(m, WISH_EDIT, text);
	if (text != NULL)
		secret_wipe(text, strlen(text));
}

void
acts_tab(struct model *m, size_t tab)
{
	struct screen *s = m->top;
	size_t n = 0;

	if (s->type->tabs == NULL) {
		model_place(m, tab);
		return;
	}
	while (s->type->tabs[n] != NULL)
		n++;
	if (tab >= n)
		return;
	s->tab = tab;
	if (s->type->show != NULL)
		s->type->show(m, s);
}

static void
step_tab(struct model *m, int by)
{
	size_t n = 0, at = m->top->tab;

	if (m->top->type->tabs == NULL) {
		n = places_len;
		at = m->place;
	} else {
		while (m->top->type->tabs[n] != NULL)
			n++;
	}
	acts_tab(m, (at + n + (size_t)(by + (int)n)) % n);
}

static void act_palette(struct model *m) { prompt_open(m, PROMPT_PALETTE); }
static void act_refresh(struct model *m) { model_load(m, m->top); }
static void act_zoom(struct model *m) { m->zoomed = !m->zoomed; }
static void act_repaint(struct model *m) { model_wish(m, WISH_REPAINT, NULL); }
static void act_next_tab(struct model *m) { step_tab(m, 1); }
static void act_previous_tab(struct model *m) { step_tab(m, -1); }

static void act_forward(struct model *m) { model_forward(m); }

static void
open_over(struct model *m, const struct screen_type *type)
{
	if (m->top->type != type)
		model_open(m, type, NULL);
}

static void act_help(struct model *m) { open_over(m, &screen_help); }
static void act_actions(struct model *m) { open_over(m, &screen_actions); }
static void act_jobs(struct model *m) { open_over(m, &screen_jobs); }

static const struct { const char *id; void (*run)(struct model *); } everywhere[] = {
	{ "back", act_back }, { "stop", act_stop }, { "time", act_time }, { "filter", act_filter },
	{ "palette", act_palette }, { "help", act_help }, { "refresh", act_refresh }, { "zoom", act_zoom },
	{ "repaint", act_repaint }, { "suspend", act_suspend }, { "leave", act_leave }, { "copy", act_copy }, { "editor", act_editor },
	{ "actions", act_actions }, { "jobs", act_jobs }, { "next-tab", act_next_tab }, { "previous-tab", act_previous_tab },
	{ "history-back", act_back }, { "history-forward", act_forward }, { "next-step", act_next_tab }, { "previous-step", act_previous_tab },
};

bool
acts_allowed(const struct model *m, const struct action *a, const char **why)
{
	*why = m->opts.read_only && a->writes ? "read-only: :rw allows changes" : NULL;
	return *why == NULL;
}

bool
acts_may(struct model *m, const char *action)
{
	const char *why;
	int a = action_find(action);
	bool may = a < 0 || acts_allowed(m, &actions[a], &why);

	if (!may)
		model_say(m, TOAST_WARN, "%s", why);
	return may;
}

void
model_act(struct model *m, const char *id)
{
	struct screen *s = m->top;
	struct table *t = screen_table(s);
	struct pager *p = screen_pager(s);

	if (!acts_may(m, id))
		return;
	if ((s->type->act != NULL && s->type->act(m, s, id)) || (t != NULL && table_act(t, id, m->now_s))
	    || (p != NULL && pager_act(p, id)))
		return;
	for (size_t i = 0; i < COUNT(everywhere); i++)
		if (strcmp(everywhere[i].id, id) == 0) {
			everywhere[i].run(m);
			return;
		}
}

/* --- keys and clicks --- */

static void
dialog_answer(struct model *m, enum dialog_did did)
{
	struct dialog d = m->dialog;

	if (did == DIALOG_STAYS)
		return;
	/* It may open the next one. */
	m->dialog = (struct dialog){ 0 };
	if (did == DIALOG_YES)
		d.fn(m, d.arg);
	else if (did == DIALOG_OTHER)
		d.other_fn(m, d.arg);
	dialog_done(&d);
}

static bool
form_answer(struct model *m, struct form *f, enum form_did did)
{
	struct screen *s = m->top;

	if (did == FORM_CHANGED && s->type->changed != NULL)
		s->type->changed(m, s);
	if (did == FORM_PRESSED)
		s->type->pressed(m, s, f->pressed);
	return did != FORM_NOT_MINE;
}

void
acts_key(struct model *m, keycode k)
{
	struct form *f = screen_form(m->top);
	int a;

	if (m->toast_until_ms == INT64_MAX)
		m->toast_until_ms = 0;
	if (m->dialog.fn != NULL) {
		dialog_answer(m, dialog_key(&m->dialog, k));
		return;
	}
	if (m->prompt != PROMPT_NONE) {
		prompt_key(m, k);
		return;
	}
	if (f != NULL && form_answer(m, f, form_key(f, k)))
		return;
	if (k >= '1' && k <= '9' && (f == NULL || m->top->type->tabs != NULL)) {
		acts_tab(m, k - '1');
		return;
	}
	a = keymap_find(m->keys, m->top->type->name, screen_mask(m->top), k);
	if (a >= 0)
		model_act(m, actions[a].id);
}

static void
go_back(struct model *m, size_t screens)
{
	while (screens-- > 0 && m->top->below != NULL)
		model_back(m);
}

/* False: there is nothing of the frame. */
static bool
click_frame(struct model *m, int row, int col)
{
	const struct spot *s = m->spots;

	while (s < m->spots + m->n_spots && (s->row != row || col < s->col || col >= s->col + s->cols))
		s++;
	if (s == m->spots + m->n_spots)
		return false;
	switch (s->kind) {
	case SPOT_PLACE:
		model_place(m, s->arg);
		break;
	case SPOT_TAB:
		acts_tab(m, s->arg);
		break;
	case SPOT_CRUMB:
		go_back(m, s->arg);
		break;
	case SPOT_ACTION:
		model_act(m, actions[s->arg].id);
		break;
	}
	return true;
}

void
acts_click(struct model *m, const struct msg *msg)
{
	struct screen *s = m->top;
	struct form *f = screen_form(s);
	struct table *t = screen_table(s);
	int row = msg->row - s->body.row, col = msg->col - s->body.col;

	if (m->dialog.fn != NULL)
		dialog_answer(m, dialog_click(&m->dialog, msg->row, msg->col));
	else if (m->prompt == PROMPT_NONE && click_frame(m, msg->row, msg->col))
		return;
	else if (f != NULL)
		(void)form_answer(m, f, form_click(f, row, col));
	else if (t != NULL && table_click(t, row, col, m->now_s) && msg->twice)
		model_act(m, "open");
}
