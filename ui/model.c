/* What messages do: keys to actions, events to screens, prompts, jobs, toasts. */
#include "ui/model.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "ui/screens/screens.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define INFO_MS  6000
#define WARN_MS 15000
#define MESSAGES_MAX 1000

/* --- screens --- */

static void
screen_free(struct screen *s)
{
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
	s->type->load(m, s);
}

void
model_open(struct model *m, const struct screen_type *type, const char *arg)
{
	struct screen *s = xcalloc(1, sizeof *s);

	s->type = type;
	s->state = xcalloc(1, type->state_size > 0 ? type->state_size : 1);
	s->arg = xstrdup_or_null(arg);
	s->title = xstrdup(type->crumb != NULL ? type->crumb : arg != NULL ? arg : type->name);
	s->below = m->top;
	m->top = s;
	if (type->open != NULL)
		type->open(m, s);
	model_load(m, s);
}

static void
stop_loading(struct model *m, struct screen *s)
{
	if (s->load != LOAD_RUNNING)
		return;
	*vec_push(&m->wishes) = (struct wish){ .kind = WISH_CANCEL, .ticket = s->ticket };
}

void
model_back(struct model *m)
{
	struct screen *s = m->top;

	if (s->below == NULL)
		return;
	stop_loading(m, s);
	m->top = s->below;
	screen_free(s);
}

/* --- wishes --- */

void
model_wish(struct model *m, enum wish_kind kind, const char *text)
{
	*vec_push(&m->wishes) = (struct wish){ .kind = kind, .text = xstrdup_or_null(text) };
}

uint64_t
model_submit(struct model *m, struct request *r)
{
	if (r->location == NULL)
		r->location = xstrdup_or_null(m->opts.location_url);
	if (r->kubeconfig == NULL)
		r->kubeconfig = xstrdup_or_null(m->opts.kubeconfig);
	if (r->context == NULL)
		r->context = xstrdup_or_null(m->opts.context);
	*vec_push(&m->wishes) = (struct wish){ .kind = WISH_SUBMIT, .ticket = ++m->last_ticket, .request = r };
	return m->last_ticket;
}

uint64_t
model_start_job(struct model *m, struct request *r, const char *place)
{
	struct job *j = vec_push(&m->jobs);

	*j = (struct job){ .op = r->op, .name = xstrdup(r->name != NULL ? r->name : ""), .place = xstrdup(place),
		.start_s = m->now_s };
	j->ticket = model_submit(m, r);
	return m->last_ticket;
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

/* --- actions that hold everywhere --- */

static int64_t
now_s(const struct model *m)
{
	return m->now_s;
}

static struct table *
table_of(struct screen *s)
{
	return s->type->table != NULL ? s->type->table(s) : NULL;
}

static void
open_prompt(struct model *m, enum prompt_kind kind)
{
	struct table *t = table_of(m->top);

	if (kind == PROMPT_FILTER && t == NULL)
		return;
	m->prompt = kind;
	free(m->input);
	free(m->input_before);
	m->input = xstrdup(kind == PROMPT_FILTER ? t->filter_text : "");
	m->input_before = xstrdup(m->input);
}

static void
act_back(struct model *m)
{
	struct table *t = table_of(m->top);

	if (m->help)
		m->help = false;
	else if (t != NULL && t->ranging)
		t->ranging = false;
	else if (m->top->below != NULL)
		model_back(m);
	else
		model_say(m, TOAST_INFO, "this is the first screen: F10 or :q leaves");
}

static void
act_stop(struct model *m)
{
	if (m->top->load == LOAD_RUNNING)
		stop_loading(m, m->top);
	else
		model_say(m, TOAST_INFO, "q goes back, :q leaves; jobs keep running");
}

static void
act_time(struct model *m)
{
	m->times = m->times == TIMES_UTC ? TIMES_AGE : m->times + 1;
}

static void act_filter(struct model *m) { open_prompt(m, PROMPT_FILTER); }
static void act_palette(struct model *m) { open_prompt(m, PROMPT_PALETTE); }
static void act_help(struct model *m) { m->help = !m->help; }
static void act_refresh(struct model *m) { model_load(m, m->top); }
static void act_zoom(struct model *m) { m->zoomed = !m->zoomed; }
static void act_repaint(struct model *m) { model_wish(m, WISH_REPAINT, NULL); }
static void act_suspend(struct model *m) { model_wish(m, WISH_SUSPEND, NULL); }
static void act_leave(struct model *m) { model_wish(m, WISH_LEAVE, NULL); }

static const struct { const char *id; void (*run)(struct model *); } everywhere[] = {
	{ "back", act_back }, { "stop", act_stop }, { "time", act_time }, { "filter", act_filter },
	{ "palette", act_palette }, { "help", act_help }, { "refresh", act_refresh }, { "zoom", act_zoom },
	{ "repaint", act_repaint }, { "suspend", act_suspend }, { "leave", act_leave },
};

static void
act(struct model *m, const char *id)
{
	struct screen *s = m->top;
	struct table *t = table_of(s);

	if (s->type->act != NULL && s->type->act(m, s, id))
		return;
	if (t != NULL && table_act(t, id, now_s(m)))
		return;
	for (size_t i = 0; i < COUNT(everywhere); i++)
		if (strcmp(everywhere[i].id, id) == 0) {
			everywhere[i].run(m);
			return;
		}
}

/* --- prompts --- */

static void
close_prompt(struct model *m, bool keep)
{
	struct table *t = table_of(m->top);

	if (m->prompt == PROMPT_FILTER && t != NULL) {
		if (!keep)
			table_set_filter(t, m->input_before, now_s(m));
		else if (table_filter_note(t)[0] != '\0')
			model_say(m, TOAST_WARN, "%s", table_filter_note(t));
	}
	m->prompt = PROMPT_NONE;
}

static void
run_palette(struct model *m)
{
	AUTO_FREE char *line = xstrdup(m->input);
	struct str rest = str_trim(str_of(line)), word;
	AUTO_FREE char *alias = NULL, *arg = NULL;
	const struct screen_type *type;

	close_prompt(m, true);
	if (rest.len == 0 || !str_split(&rest, ' ', &word))
		return;
	alias = str_dup(word);
	arg = str_trim(rest).len > 0 ? str_dup(str_trim(rest)) : NULL;
	if (strcmp(alias, "q") == 0 || strcmp(alias, "q!") == 0) {
		act_leave(m);
		return;
	}
	type = screen_find(alias);
	if (type == NULL)
		model_say(m, TOAST_WARN, "no place or command '%s': ? lists them", alias);
	else
		model_open(m, type, arg);
}

static void
input_changed(struct model *m)
{
	struct table *t = table_of(m->top);

	if (m->prompt == PROMPT_FILTER && t != NULL)
		table_set_filter(t, m->input, now_s(m));
}

static void
input_add(struct model *m, struct str text)
{
	char *longer = xasprintf("%s" STR_FMT, m->input, STR_ARG(text));

	free(m->input);
	m->input = longer;
	input_changed(m);
}

static void
input_cut(struct model *m)
{
	size_t n = strlen(m->input);

	while (n > 0 && ((unsigned char)m->input[n - 1] & 0xc0) == 0x80)
		n--;
	m->input[n > 0 ? n - 1 : 0] = '\0';
	input_changed(m);
}

static void
prompt_key(struct model *m, keycode k)
{
	char utf8[4];
	size_t n;

	if (k == K_ENTER && m->prompt == PROMPT_PALETTE) {
		run_palette(m);
	} else if (k == K_ENTER) {
		close_prompt(m, true);
	} else if (k == K_ESC || k == (KEY_CTRL | 'c')) {
		close_prompt(m, false);
	} else if (k == K_BACKSPACE) {
		if (m->input[0] == '\0')
			close_prompt(m, false);
		else
			input_cut(m);
	} else if (k == (KEY_CTRL | 'u')) {
		m->input[0] = '\0';
		input_changed(m);
	} else if (k >= ' ' && k < KEY_NAMED) {
		n = text_encode(k, utf8);
		input_add(m, (struct str){ utf8, n });
	}
}

/* --- events --- */

static struct job *
job_of(struct model *m, uint64_t ticket)
{
	for (size_t i = 0; i < m->jobs.len; i++)
		if (m->jobs.at[i].ticket == ticket)
			return &m->jobs.at[i];
	return NULL;
}

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
	model_say(m, ends[ev->end].level, "%s %s%s%s", j->name, ends[ev->end].text, ev->end == END_FAILED ? ": " : "",
		ev->end == END_FAILED ? ev->err.msg : "");
}

static void
job_event(struct model *m, struct job *j, const struct event *ev)
{
	if (ev->kind == EV_FINDING)
		strs_add(&j->findings, ev->text);
	else if (ev->kind == EV_END)
		end_job(m, j, ev);
}

static void
screen_event(struct model *m, struct screen *s, const struct event *ev)
{
	if (ev->kind == EV_ROW)
		s->loaded++;
	if (ev->kind == EV_END) {
		s->load = ev->end == END_FAILED ? LOAD_FAILED : LOAD_DONE;
		s->why = ev->err;
		s->ticket = 0;
		s->done_s = m->now_s;
	}
	s->type->event(m, s, ev);
}

static void
on_event(struct model *m, uint64_t ticket, const struct event *ev)
{
	struct job *j = job_of(m, ticket);

	if (j != NULL)
		job_event(m, j, ev);
	for (struct screen *s = m->top; s != NULL; s = s->below)
		if (s->ticket == ticket) {
			screen_event(m, s, ev);
			return;
		}
}

static void
on_key(struct model *m, keycode k)
{
	int a;

	if (m->toast_until_ms == INT64_MAX)
		m->toast_until_ms = 0;
	if (m->prompt != PROMPT_NONE) {
		prompt_key(m, k);
		return;
	}
	a = keymap_find(m->keys, m->top->type->name, m->top->type->mask, k);
	if (a >= 0)
		act(m, actions[a].id);
}

static void
on_click(struct model *m, const struct msg *msg)
{
	struct table *t = table_of(m->top);
	int first = m->zoomed ? 0 : HEADER_ROWS;

	if (t != NULL && table_click(t, msg->row - first - 1, now_s(m)) && msg->twice)
		act(m, "open");
}

void
model_apply(struct model *m, const struct msg *msg)
{
	struct job *j;

	m->dirty = true;
	switch (msg->kind) {
	case MSG_KEY:
		on_key(m, msg->key);
		break;
	case MSG_PASTE:
		/* What is pasted is never taken for keys. */
		if (m->prompt != PROMPT_NONE)
			input_add(m, str_sub(msg->text, 0, str_chr(msg->text, '\n')));
		break;
	case MSG_CLICK:
		on_click(m, msg);
		break;
	case MSG_WHEEL:
		for (int i = 0; i < 3; i++)
			act(m, msg->row < 0 ? "up" : "down");
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
		j = job_of(m, msg->ticket);
		if (j != NULL)
			j->progress = *msg->progress;
		break;
	}
}

struct model *
model_new(const struct ui_options *o)
{
	struct model *m = xcalloc(1, sizeof *m);

	m->opts = *o;
	m->keys = keymap_new();
	m->canvas.ascii = o->ascii;
	m->input = xstrdup("");
	m->input_before = xstrdup("");
	canvas_resize(&m->canvas, 24, 80);
	return m;
}

void
model_free(struct model *m)
{
	while (m->top != NULL) {
		struct screen *s = m->top;

		m->top = s->below;
		screen_free(s);
	}
	for (size_t i = 0; i < m->messages.len; i++)
		free(m->messages.at[i].text);
	for (size_t i = 0; i < m->jobs.len; i++) {
		free(m->jobs.at[i].name);
		free(m->jobs.at[i].place);
		strs_free(&m->jobs.at[i].findings);
	}
	for (size_t i = 0; i < m->wishes.len; i++) {
		request_free(m->wishes.at[i].request);
		free(m->wishes.at[i].text);
	}
	vec_free(&m->messages);
	vec_free(&m->jobs);
	vec_free(&m->wishes);
	keymap_free(m->keys);
	canvas_done(&m->canvas);
	free(m->input);
	free(m->input_before);
	free(m);
}
