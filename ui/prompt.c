/* The prompts on the status line: filter, search, and the palette with its commands, completion and history. */
#include "ui/model_impl.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/text.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 500

/* --- commands of the palette that are no places --- */

static void
cmd_leave(struct model *m, const char *arg)
{
	(void)arg;
	model_act(m, "leave");
}

static void
cmd_detach(struct model *m, const char *arg)
{
	(void)arg;
	acts_detach(m);
}

static void
cmd_read_only(struct model *m, const char *arg)
{
	(void)arg;
	m->opts.read_only = true;
	model_say(m, TOAST_INFO, "read-only: nothing is changed until :rw");
}

static void
allow_writes(struct model *m, const char *arg)
{
	(void)arg;
	m->opts.read_only = false;
}

static void
cmd_read_write(struct model *m, const char *arg)
{
	(void)arg;
	if (m->opts.read_only)
		model_confirm(m, &(struct confirm){ .title = "Allow changes", .verb = "Allow",
			.text = "Backups, restores and deletions become possible again.\nEach still asks for itself.",
			.fn = allow_writes });
}

/* A form says what is in the way of it. */
static void
cmd_force(struct model *m, const char *arg)
{
	(void)arg;
	model_act(m, "location.force");
}

static void
cmd_theme(struct model *m, const char *arg)
{
	if (arg == NULL)
		model_say(m, TOAST_WARN, ":theme takes a name: terminal, midnight, paper, contrast, mono, or yours");
	else
		model_wish(m, WISH_THEME, arg);
}

static void
cmd_set(struct model *m, const char *arg)
{
	struct str value = str_of(arg != NULL ? arg : ""), name;
	AUTO_FREE char *n = NULL, *v = NULL;

	if (!str_split(&value, ' ', &name) || str_trim(value).len == 0) {
		model_go(m, &screen_settings, NULL);
		return;
	}
	n = str_dup(name);
	v = str_dup(str_trim(value));
	model_set(m, n, v);
}

static const struct command { const char *name; void (*run)(struct model *m, const char *arg); } commands[] = {
	{ "detach", cmd_detach }, { "force", cmd_force }, { "q", cmd_leave }, { "q!", cmd_leave }, { "ro", cmd_read_only }, { "rw", cmd_read_write }, { "set", cmd_set },
	{ "theme", cmd_theme },
};

/* --- the input --- */

void
prompt_open(struct model *m, enum prompt_kind kind)
{
	struct table *t = screen_table(m->top);
	struct pager *p = screen_pager(m->top);

	if ((kind == PROMPT_FILTER && t == NULL) || (kind == PROMPT_SEARCH && p == NULL))
		return;
	m->prompt = kind;
	m->history_at = m->history.len;
	free(m->input);
	free(m->input_before);
	m->input = xstrdup(kind == PROMPT_FILTER ? t->filter_text : kind == PROMPT_SEARCH ? p->search : "");
	m->input_before = xstrdup(m->input);
}

void
model_prompt(struct model *m, const char *question, void (*answer)(struct model *m, const char *text))
{
	m->question = question;
	m->answer = answer;
	prompt_open(m, PROMPT_QUESTION);
}

/* The list or text shows what is typed while it is typed. */
static void
show(struct model *m, const char *text)
{
	struct table *t = screen_table(m->top);
	struct pager *p = screen_pager(m->top);

	if (m->prompt == PROMPT_FILTER && t != NULL)
		table_set_filter(t, text, m->now_s);
	else if (m->prompt == PROMPT_SEARCH && p != NULL)
		(void)pager_search(p, text);
}

static void
close_prompt(struct model *m, bool keep)
{
	struct table *t = screen_table(m->top);
	struct pager *p = screen_pager(m->top);

	if (!keep)
		show(m, m->input_before);
	else if (m->prompt == PROMPT_FILTER && t != NULL && table_filter_note(t)[0] != '\0')
		model_say(m, TOAST_WARN, "%s", table_filter_note(t));
	else if (m->prompt == PROMPT_SEARCH && p != NULL && !pager_search(p, m->input))
		model_say(m, TOAST_INFO, "'%s' is not in this text", m->input);
	m->prompt = PROMPT_NONE;
}

static void
set_input(struct model *m, char *text)
{
	free(m->input);
	m->input = text;
	show(m, m->input);
}

void
prompt_paste(struct model *m, struct str text)
{
	text = str_sub(text, 0, str_chr(text, '\n'));
	set_input(m, xasprintf("%s" STR_FMT, m->input, STR_ARG(text)));
}

static void
cut_last(struct model *m)
{
	size_t n = strlen(m->input);

	while (n > 0 && ((unsigned char)m->input[n - 1] & 0xc0) == 0x80)
		n--;
	set_input(m, xstrndup(m->input, n > 0 ? n - 1 : 0));
}

/* --- the palette --- */

const char *
prompt_ghost(const struct model *m)
{
	size_t n = strlen(m->input);

	if (m->prompt != PROMPT_PALETTE || n == 0)
		return "";
	for (size_t i = 0; i < aliases_len; i++)
		if (strncmp(aliases[i].name, m->input, n) == 0)
			return aliases[i].name + n;
	return "";
}

static void
recall(struct model *m, int by)
{
	if ((by < 0 && m->history_at == 0) || (by > 0 && m->history_at >= m->history.len))
		return;
	m->history_at += (size_t)by;
	set_input(m, xstrdup(m->history_at < m->history.len ? m->history.at[m->history_at] : ""));
}

static void
remember(struct model *m)
{
	if (m->history.len > 0 && strcmp(m->history.at[m->history.len - 1], m->input) == 0)
		return;
	if (m->history.len == HISTORY_MAX) {
		free(m->history.at[0]);
		memmove(m->history.at, m->history.at + 1, --m->history.len * sizeof *m->history.at);
	}
	strs_add(&m->history, m->input);
}

static void
run_line(struct model *m)
{
	AUTO_FREE char *line = xstrdup(m->input), *name = NULL, *arg = NULL;
	struct str rest = str_trim(str_of(line)), word;
	const struct screen_type *type;

	close_prompt(m, true);
	if (rest.len == 0 || !str_split(&rest, ' ', &word))
		return;
	remember(m);
	name = str_dup(word);
	arg = str_trim(rest).len > 0 ? str_dup(str_trim(rest)) : NULL;
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0) {
			commands[i].run(m, arg);
			return;
		}
	type = screen_find(name);
	if (type != NULL && type->needs != NULL && arg == NULL)
		model_say(m, TOAST_WARN, ":%s takes %s", name, type->needs);
	else if (type != NULL)
		model_go(m, type, arg);
	else
		model_say(m, TOAST_WARN, "no place or command '%s': ? lists them", name);
}

static void
answer(struct model *m)
{
	AUTO_FREE char *text = xstrdup(m->input);

	close_prompt(m, true);
	if (text[0] != '\0')
		m->answer(m, text);
}

void
prompt_key(struct model *m, keycode k)
{
	char utf8[4];

	if (k == K_ENTER && m->prompt == PROMPT_PALETTE)
		run_line(m);
	else if (k == K_ENTER && m->prompt == PROMPT_QUESTION)
		answer(m);
	else if (k == K_ENTER)
		close_prompt(m, true);
	else if (k == K_ESC || k == (KEY_CTRL | 'c') || (k == K_BACKSPACE && m->input[0] == '\0'))
		close_prompt(m, false);
	else if (k == K_BACKSPACE)
		cut_last(m);
	else if (k == (KEY_CTRL | 'u'))
		set_input(m, xstrdup(""));
	else if (k == K_TAB && prompt_ghost(m)[0] != '\0')
		set_input(m, xasprintf("%s%s", m->input, prompt_ghost(m)));
	else if ((k == K_UP || k == K_DOWN) && m->prompt == PROMPT_PALETTE)
		recall(m, k == K_UP ? -1 : 1);
	else if (k >= ' ' && k < KEY_NAMED)
		set_input(m, xasprintf("%s%.*s", m->input, (int)text_encode(k, utf8), utf8));
}
