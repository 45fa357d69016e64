/* What messages do: screens, their requests and events, jobs, toasts. */
#include "ui/model_impl.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/jdoc.h"
#include "ui/screens/records.h"
#include "ui/screens/screens.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define INFO_MS  6000
#define WARN_MS 15000
#define WHEEL_ROWS  3
#define MESSAGES_MAX 1000
#define OTHERS_S (24 * 3600)       /* what other processes ended longer ago is not shown */
#define FINDINGS_MAX 10000         /* kept of one job; the bucket has all of them */

/* --- screens --- */

struct table *
screen_table(struct screen *s)
{
	return s->type->table != NULL ? s->type->table(s) : NULL;
}

struct pager *
screen_pager(struct screen *s)
{
	return s->type->pager != NULL ? s->type->pager(s) : NULL;
}

struct form *
screen_form(struct screen *s)
{
	return s->type->form != NULL ? s->type->form(s) : NULL;
}

unsigned
screen_mask(struct screen *s)
{
	if (screen_form(s) != NULL)
		return IN_FORM;
	return screen_pager(s) != NULL ? IN_VIEWER : s->type->mask;
}

void
model_cancel(struct model *m, uint64_t ticket)
{
	*vec_push(&m->wishes) = (struct wish){ .kind = WISH_CANCEL, .ticket = ticket };
}

/* What it asked is for nobody any more. */
static void
drop_asked(struct model *m, const struct screen *s)
{
	for (size_t i = 0; i < m->asked.len;) {
		if (m->asked.at[i].by == s) {
			model_cancel(m, m->asked.at[i].ticket);
			m->asked.at[i] = m->asked.at[--m->asked.len];
		} else {
			i++;
		}
	}
}

static void
screen_free(struct model *m, struct screen *s)
{
	drop_asked(m, s);
	if (s->type->close != NULL)
		s->type->close(s);
	free(s->state);
	free(s->title);
	free(s->arg);
	free(s);
}

void
model_load(struct model *m, struct screen *s)
{
	if (s->type->load == NULL)
		return;
	s->load = LOAD_RUNNING;
	s->since_ms = m->now_ms;
	s->loaded = 0;
	/* Events of a load before this one would be taken for its own. */
	drop_asked(m, s);
	s->ticket = 0;
	s->ends_seen = m->ends;
	s->type->load(m, s);
	/* It had nothing to ask. */
	if (s->ticket == 0)
		s->load = LOAD_DONE;
}

static struct screen *
new_screen(struct model *m, const struct screen_type *type, const char *arg)
{
	struct screen *s = xcalloc(1, sizeof *s);

	s->type = type;
	s->state = xcalloc(1, type->state_size > 0 ? type->state_size : 1);
	s->arg = xstrdup_or_null(arg);
	s->title = xstrdup(type->crumb != NULL ? type->crumb : arg != NULL ? arg : type->name);
	s->below = m->top;
	s->body = area_part(canvas_all(&m->canvas), 0, 0, m->canvas.rows, m->canvas.cols);
	return s;
}

static void
forget_gone(struct model *m)
{
	for (size_t i = 0; i < m->gone.len; i++)
		free(m->gone.at[i].arg);
	m->gone.len = 0;
}

static void
open_screen(struct model *m, const struct screen_type *type, const char *arg)
{
	struct screen *s = new_screen(m, type, arg);

	m->top = s;
	if (type->open != NULL)
		type->open(m, s);
	/* It may have gone away again at once. */
	if (m->top == s)
		model_load(m, s);
}

void
model_open(struct model *m, const struct screen_type *type, const char *arg)
{
	forget_gone(m);
	open_screen(m, type, arg);
}

void
model_forward(struct model *m)
{
	struct gone g;

	if (m->gone.len == 0) {
		model_say(m, TOAST_INFO, "nothing was left with [ or Esc that could be gone to again");
		return;
	}
	g = m->gone.at[--m->gone.len];
	open_screen(m, g.type, g.arg);
	if (m->top->type == g.type && g.type->tabs != NULL)
		acts_tab(m, g.tab);
	free(g.arg);
}

static void
load_if_stale(struct model *m)
{
	if (m->top->type->live && m->top->ends_seen != m->ends && m->top->load != LOAD_RUNNING)
		model_load(m, m->top);
}

static void
come_back(struct model *m)
{
	load_if_stale(m);
	if (m->top->type->show != NULL)
		m->top->type->show(m, m->top);
}

void
model_back(struct model *m)
{
	struct screen *s = m->top;

	if (s->below == NULL)
		return;
	*vec_push(&m->gone) = (struct gone){ s->type, xstrdup_or_null(s->arg), s->tab };
	m->top = s->below;
	screen_free(m, s);
	come_back(m);
}

void
model_place(struct model *m, size_t place)
{
	if (place >= places_len)
		return;
	if (place == m->place) {
		while (m->top->below != NULL)
			model_back(m);
		return;
	}
	forget_gone(m);
	m->places[m->place] = m->top;
	m->top = m->places[place];
	m->places[place] = NULL;
	m->place = place;
	if (m->top == NULL)
		model_open(m, places[place].type, NULL);
	else
		come_back(m);
}

static bool
is_about(const struct screen *s, const struct screen_type *type, const char *arg)
{
	return s->type == type && strcmp(s->arg != NULL ? s->arg : "", arg != NULL ? arg : "") == 0;
}

void
model_go(struct model *m, const struct screen_type *type, const char *arg)
{
	struct screen *s = m->top;

	for (size_t i = 0; arg == NULL && i < places_len; i++)
		if (places[i].type == type) {
			model_place(m, i);
			return;
		}
	/* What is typed into a form is not lost by going elsewhere. */
	while (s != NULL && !is_about(s, type, arg))
		s = screen_form(s) == NULL ? s->below : NULL;
	if (s == NULL)
		model_open(m, type, arg);
	while (s != NULL && m->top != s)
		model_back(m);
}

/* --- wishes --- */

void
model_wish(struct model *m, enum wish_kind kind, const char *text)
{
	*vec_push(&m->wishes) = (struct wish){ .kind = kind, .text = xstrdup_or_null(text) };
}

static uint64_t
submit(struct model *m, struct request *r)
{
	if (r->location == NULL)
		r->location = xstrdup(m->opts.location_url != NULL ? m->opts.location_url : "");
	if (r->kubeconfig == NULL)
		r->kubeconfig = xstrdup_or_null(m->opts.kubeconfig);
	if (r->context == NULL)
		r->context = xstrdup_or_null(m->opts.context);
	*vec_push(&m->wishes) = (struct wish){ .kind = WISH_SUBMIT, .ticket = ++m->last_ticket, .request = r };
	return m->last_ticket;
}

uint64_t
model_ask(struct model *m, struct screen *s, struct request *r)
{
	uint64_t ticket = submit(m, r);

	*vec_push(&m->asked) = (struct asked){ ticket, s };
	m->wake_ms = m->now_ms + SLOW_MS + 1;
	return ticket;
}

/* --- jobs --- */

struct job *
model_job(struct model *m, uint64_t ticket)
{
	for (size_t i = 0; i < m->jobs.len; i++)
		if (m->jobs.at[i].ticket == ticket)
			return &m->jobs.at[i];
	return NULL;
}

static const char *
name_of(const struct request *r)
{
	if (r->op == OP_BACKUP_CREATE)
		return r->backup.name;
	return r->op == OP_RESTORE_CREATE ? r->restore.name : r->name;
}

uint64_t
model_start_job(struct model *m, struct request *r)
{
	struct job j = { .op = r->op, .name = xstrdup(name_of(r) != NULL ? name_of(r) : ""),
		.place = xstrdup(m->opts.context != NULL ? m->opts.context : ""), .start_s = m->now_s };

	j.ticket = submit(m, r);
	*vec_push(&m->jobs) = j;
	m->jobs_version++;
	return j.ticket;
}

bool
model_has_jobs(const struct model *m)
{
	for (size_t i = 0; i < m->jobs.len; i++)
		if (!m->jobs.at[i].ended && !m->jobs.at[i].elsewhere)
			return true;
	return false;
}

void
model_find_jobs(struct model *m)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->op = OP_JOB_LIST;
	m->others_ticket = submit(m, r);
}

void
model_stop_job(struct model *m, const struct job *j)
{
	struct request *r;

	if (!j->elsewhere) {
		model_cancel(m, j->ticket);
		return;
	}
	r = xcalloc(1, sizeof *r);
	r->op = OP_JOB_STOP;
	r->name = xstrdup(j->id);
	(void)submit(m, r);
}

/* How a job ended, by the word in its journal. */
static enum ev_end
end_of(const char *state)
{
	static const struct { const char *word; enum ev_end end; } words[] = {
		{ "done", END_DONE }, { "partial", END_PARTIAL }, { "damaged", END_DAMAGED }, { "canceled", END_CANCELED },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i].word, state) == 0)
			return words[i].end;
	return END_FAILED;
}

/* One that runs is followed from now on; one that ended a while ago is history. */
static void
add_other(struct model *m, const cJSON *row)
{
	const char *id = jdoc_text(row, "id"), *state = jdoc_text(row, "state"), *operation = jdoc_text(row, "operation");
	bool running = state != NULL && strcmp(state, "running") == 0;
	struct job j = { .elsewhere = true, .ended = !running, .start_s = record_time(row, "started"),
		.end_s = record_time(row, "ended"), .end_ms = INT64_MIN / 2 };
	struct request *r;

	if (id == NULL || state == NULL || operation == NULL || (!running && m->now_s - j.start_s > OTHERS_S))
		return;
	for (size_t i = 0; i < m->jobs.len; i++)
		if (m->jobs.at[i].id != NULL && strcmp(m->jobs.at[i].id, id) == 0)
			return;
	j.op = strcmp(operation, "backup create") == 0 ? OP_BACKUP_CREATE : OP_RESTORE_CREATE;
	j.id = xstrdup(id);
	j.name = xstrdup(jdoc_text(row, "name") != NULL ? jdoc_text(row, "name") : "");
	j.place = xstrdup("");
	j.progress.done = (uint64_t)jdoc_int(row, "done", 0);
	j.progress.total = (uint64_t)jdoc_int(row, "total", 0);
	if (running) {
		r = xcalloc(1, sizeof *r);
		r->op = OP_JOB_WATCH;
		r->name = xstrdup(id);
		j.ticket = submit(m, r);
	} else {
		j.end = end_of(state);
		(void)err_set(&j.err, EK_IO, "%s %.300s", state, jdoc_text(row, "message") != NULL ? jdoc_text(row, "message") : "");
		j.ticket = ++m->last_ticket;
	}
	*vec_push(&m->jobs) = j;
	m->jobs_version++;
}

static void
others_event(struct model *m, const struct event *ev)
{
	struct err ignored;
	AUTO_JDOC cJSON *row = ev->kind == EV_ROW ? jdoc_parse((struct str){ ev->text, ev->len }, &ignored) : NULL;

	if (row != NULL)
		add_other(m, row);
	else if (ev->kind == EV_END)
		m->others_ticket = 0;
}

/* --- messages --- */

void
model_say(struct model *m, enum toast_level level, const char *fmt, ...)
{
	va_list ap;

	if (m->messages.len == MESSAGES_MAX) {
		free(m->messages.at[0].text);
		memmove(m->messages.at, m->messages.at + 1, --m->messages.len * sizeof *m->messages.at);
	}
	va_start(ap, fmt);
	*vec_push(&m->messages) = (struct message){ level, m->now_s, xvasprintf(fmt, ap) };
	va_end(ap);
	m->toast_until_ms = level == TOAST_ERROR ? INT64_MAX : m->now_ms + (level == TOAST_WARN ? WARN_MS : INFO_MS);
}

/* --- events --- */

static void
end_job(struct model *m, struct job *j, const struct event *ev)
{
	static const struct { const char *text; enum toast_level level; } ends[] = {
		[END_DONE] = { "done", TOAST_INFO }, [END_PARTIAL] = { "done, with errors", TOAST_WARN },
		[END_DAMAGED] = { "found damage", TOAST_ERROR }, [END_FAILED] = { "failed", TOAST_ERROR },
		[END_CANCELED] = { "canceled", TOAST_WARN },
	};

	j->ended = true;
	j->end = ev->end;
	j->err = ev->err;
	j->end_s = m->now_s;
	j->end_ms = m->now_ms;
	m->ends++;
	load_if_stale(m);
	model_say(m, ends[ev->end].level, "%s %s %s%s%s", job_kind(j), j->name, ends[ev->end].text, ev->end == END_FAILED ? ": " : "",
		ev->end == END_FAILED ? ev->err.msg : "");
}

/* What was made tells the name that was made up for it. */
static void
job_row(struct job *j, const struct event *ev)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = j->name[0] == '\0' ? jdoc_parse((struct str){ ev->text, ev->len }, &ignored) : NULL;
	const char *name = jdoc_text(d, "metadata.name") != NULL ? jdoc_text(d, "metadata.name") : jdoc_text(d, "name");

	strs_add(&j->rows, ev->text);
	if (name != NULL) {
		free(j->name);
		j->name = xstrdup(name);
	}
}

static void
job_event(struct model *m, struct job *j, const struct event *ev)
{
	m->jobs_version++;
	if (ev->kind == EV_JOB && j->id == NULL)
		j->id = xstrdup(ev->text);
	else if (ev->kind == EV_FINDING && j->findings.len < FINDINGS_MAX)
		strs_add(&j->findings, ev->text);
	else if (ev->kind == EV_ROW && j->rows.len < FINDINGS_MAX)
		job_row(j, ev);
	else if (ev->kind == EV_END)
		end_job(m, j, ev);
}

static void
screen_event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	if (ticket == s->ticket && ev->kind == EV_ROW)
		s->loaded++;
	if (ticket == s->ticket && ev->kind == EV_END) {
		s->load = ev->end == END_FAILED ? LOAD_FAILED : LOAD_DONE;
		s->why = ev->err;
		s->ticket = 0;
		s->done_s = m->now_s;
	}
	s->type->event(m, s, ticket, ev);
}

static void
on_event(struct model *m, uint64_t ticket, const struct event *ev)
{
	struct job *j = model_job(m, ticket);

	if (ticket == m->others_ticket)
		others_event(m, ev);
	if (j != NULL)
		job_event(m, j, ev);
	for (size_t i = 0; i < m->asked.len; i++)
		if (m->asked.at[i].ticket == ticket) {
			struct screen *s = m->asked.at[i].by;

			if (ev->kind == EV_END)
				m->asked.at[i] = m->asked.at[--m->asked.len];
			screen_event(m, s, ticket, ev);
			return;
		}
}

static void
on_paste(struct model *m, struct str text)
{
	struct form *f = screen_form(m->top);

	/* What is pasted is never taken for keys. */
	if (m->dialog.fn != NULL) {
		dialog_paste(&m->dialog, text);
	} else if (m->prompt != PROMPT_NONE) {
		prompt_paste(m, text);
	} else if (f != NULL) {
		form_paste(f, text);
		if (m->top->type->changed != NULL)
			m->top->type->changed(m, m->top);
	}
}

/* What was changed in a text that is only looked at is nobody's. */
static void
on_edited(struct model *m, struct str text)
{
	struct form *f = screen_form(m->top);

	if (f == NULL)
		return;
	form_set(f, f->fields[f->focus].id, "");
	form_paste(f, text);
	if (m->top->type->changed != NULL)
		m->top->type->changed(m, m->top);
}

static void
on_progress(struct model *m, const struct msg *msg)
{
	struct job *j = model_job(m, msg->ticket);

	if (j == NULL)
		return;
	j->progress = *msg->progress;
	m->jobs_version++;
}

void
model_confirm(struct model *m, const struct confirm *c)
{
	dialog_open(&m->dialog, c);
}

void
model_apply(struct model *m, const struct msg *msg)
{
	bool moves = msg->kind != MSG_TIME && msg->kind != MSG_PROGRESS;

	m->dirty = true;
	switch (msg->kind) {
	case MSG_KEY:
		acts_key(m, msg->key);
		break;
	case MSG_PASTE:
		on_paste(m, msg->text);
		break;
	case MSG_EDITED:
		on_edited(m, msg->text);
		break;
	case MSG_CLICK:
		acts_click(m, msg);
		break;
	case MSG_WHEEL:
		for (int i = 0; i < WHEEL_ROWS; i++)
			model_act(m, msg->row < 0 ? "up" : "down");
		break;
	case MSG_RESIZE:
		canvas_resize(&m->canvas, msg->row, msg->col);
		break;
	case MSG_TIME:
		m->now_s = msg->now_s;
		m->now_ms = msg->now_ms;
		break;
	case MSG_EVENT:
		on_event(m, msg->ticket, msg->event);
		break;
	case MSG_PROGRESS:
		on_progress(m, msg);
		break;
	}
	if (moves && m->top != NULL && m->top->type->settled != NULL)
		m->top->type->settled(m, m->top);
}

void
model_start(struct model *m)
{
	model_find_jobs(m);
	m->place = PLACE_BACKUPS;
	model_open(m, places[PLACE_BACKUPS].type, NULL);
	if (m->opts.location_url == NULL)
		model_open(m, &screen_first, NULL);
}

/* --- what all of it is about --- */

static void
free_stack(struct model *m, struct screen *s)
{
	while (s != NULL) {
		struct screen *below = s->below;

		screen_free(m, s);
		s = below;
	}
}

static void
set(char **own, const char **at, const char *text)
{
	char *copy = xstrdup_or_null(text);

	free(*own);
	*own = copy;
	*at = copy;
}

/* What the places show is about what was used before. */
static void
start_over(struct model *m, size_t place)
{
	struct screen *old = m->top;

	for (size_t i = 0; i < PLACES_MAX; i++) {
		free_stack(m, m->places[i]);
		m->places[i] = NULL;
	}
	m->top = NULL;
	free_stack(m, old);
	m->place = place;
	model_open(m, places[place].type, NULL);
}

/* What is set for the context.  What is read-only stays so in the next one, too: only :rw ends it. */
static void
take_rule(struct model *m)
{
	m->rule = settings_context(&m->settings, m->opts.context);
	m->opts.read_only |= m->rule.readonly;
}

void
model_use_location(struct model *m, const char *name, const char *url)
{
	set(&m->used_location, &m->opts.location, name);
	set(&m->used_url, &m->opts.location_url, url);
	start_over(m, PLACE_BACKUPS);
	model_say(m, TOAST_INFO, "location %s", m->used_location);
}

void
model_use_context(struct model *m, const char *name, const char *server)
{
	set(&m->used_context, &m->opts.context, name);
	set(&m->used_server, &m->opts.server, server);
	take_rule(m);
	start_over(m, PLACE_OVERVIEW);
	model_say(m, TOAST_INFO, "cluster %s", m->used_context);
}

void
model_checked(struct model *m, const char *location, bool good)
{
	for (size_t i = 0; i < m->checked.len; i++)
		if (strcmp(m->checked.at[i].name, location) == 0) {
			m->checked.at[i].good = good;
			m->checked.at[i].at_s = m->now_s;
			return;
		}
	*vec_push(&m->checked) = (struct checked){ xstrdup(location), good, m->now_s };
}

const struct checked *
model_checked_at(const struct model *m, const char *location)
{
	for (size_t i = 0; i < m->checked.len; i++)
		if (strcmp(m->checked.at[i].name, location) == 0)
			return &m->checked.at[i];
	return NULL;
}

/* --- settings --- */

void
model_take_settings(struct model *m)
{
	static const char *const times[] = { [TIMES_AGE] = "age", [TIMES_LOCAL] = "local", [TIMES_UTC] = "utc" };

	for (size_t i = 0; i < COUNT(times); i++)
		if (strcmp(settings_get(&m->settings, "times"), times[i]) == 0)
			m->times = (enum times)i;
	take_rule(m);
	m->canvas.ascii = m->opts.ascii || strcmp(settings_get(&m->settings, "ascii"), "on") == 0;
}

void
model_set(struct model *m, const char *name, const char *value)
{
	AUTO_FREE char *both = NULL;
	struct err e;

	if (settings_set(&m->settings, name, value, &e) < 0) {
		model_say(m, TOAST_WARN, "%s", e.msg);
		return;
	}
	both = xasprintf("%s %s", name, settings_get(&m->settings, name));
	model_take_settings(m);
	model_wish(m, WISH_SET, both);
}

struct model *
model_new(const struct ui_options *o)
{
	struct model *m = xcalloc(1, sizeof *m);

	m->opts = *o;
	m->keys = keymap_new();
	settings_init(&m->settings);
	m->canvas.ascii = o->ascii;
	m->input = xstrdup("");
	m->input_before = xstrdup("");
	canvas_resize(&m->canvas, 24, 80);
	return m;
}

void
model_free(struct model *m)
{
	free_stack(m, m->top);
	for (size_t i = 0; i < PLACES_MAX; i++)
		free_stack(m, m->places[i]);
	for (size_t i = 0; i < m->messages.len; i++)
		free(m->messages.at[i].text);
	for (size_t i = 0; i < m->jobs.len; i++) {
		free(m->jobs.at[i].name);
		free(m->jobs.at[i].place);
		free(m->jobs.at[i].id);
		strs_free(&m->jobs.at[i].findings);
		strs_free(&m->jobs.at[i].rows);
	}
	for (size_t i = 0; i < m->wishes.len; i++) {
		request_free(m->wishes.at[i].request);
		free(m->wishes.at[i].text);
	}
	forget_gone(m);
	vec_free(&m->gone);
	vec_free(&m->messages);
	vec_free(&m->jobs);
	vec_free(&m->wishes);
	vec_free(&m->asked);
	for (size_t i = 0; i < m->checked.len; i++)
		free(m->checked.at[i].name);
	vec_free(&m->checked);
	strs_free(&m->location_draft);
	free(m->used_location);
	free(m->used_url);
	free(m->used_context);
	free(m->used_server);
	strs_free(&m->history);
	dialog_done(&m->dialog);
	keymap_free(m->keys);
	canvas_done(&m->canvas);
	free(m->input);
	free(m->input_before);
	free(m);
}
