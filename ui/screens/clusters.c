/* The contexts of the kubeconfig, each with what its server answers (ui.md 4.2). */
#include "base/attr.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/jdoc.h"
#include "ui/screens/screens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASKED_MAX 8              /* at a time: a plugin for credentials may be behind each */

enum { NAME, STATE, RELEASE, API, SERVER, USER, WHY };

static const struct column columns[] = {
	[NAME] = { "CLUSTER", COL_TEXT, 12, 40, 0, false },
	[STATE] = { "STATE", COL_STATE, 11, 11, 0, false },
	[RELEASE] = { "VERSION", COL_TEXT, 8, 24, 0, false },
	[API] = { "API", COL_TEXT, 6, 8, 2, false },
	[SERVER] = { "SERVER", COL_TEXT, 16, 60, 2, false },
	[USER] = { "USER", COL_TEXT, 8, 30, 3, true },
	[WHY] = { "WHY", COL_TEXT, 24, 80, 1, false },
};

enum state { WAITING, ASKING, REACHED, UNREACHABLE };
static const struct { const char *word; enum role role; } states[] = {
	[WAITING] = { "..", ROLE_STATE_QUEUED }, [ASKING] = { "..", ROLE_STATE_RUNNING }, [REACHED] = { "ok", ROLE_STATE_OK },
	[UNREACHABLE] = { "UNREACHABLE", ROLE_STATE_FAILED },
};

struct context {
	char      *name, *server, *user, *version, *why;
	enum state state;
	uint64_t   ticket;
	int64_t    asked_ms, took_ms;
};
struct clusters {
	struct table table;
	struct { struct context *at; size_t len, cap; } contexts;
};

static void
forget(struct clusters *c)
{
	for (size_t i = 0; i < c->contexts.len; i++) {
		struct context *x = &c->contexts.at[i];

		free(x->name);
		free(x->server);
		free(x->user);
		free(x->version);
		free(x->why);
	}
	c->contexts.len = 0;
}

static void
fill(struct model *m, struct clusters *c)
{
	struct rows *rows = table_rows_new(columns, COUNT(columns));

	for (size_t i = 0; i < c->contexts.len; i++) {
		const struct context *x = &c->contexts.at[i];
		bool used = m->opts.context != NULL && strcmp(m->opts.context, x->name) == 0;
		const char *cells[COUNT(columns)] = { [NAME] = x->name, [STATE] = states[x->state].word, [RELEASE] = x->version,
			[SERVER] = x->server, [USER] = x->user, [WHY] = x->why };
		const int64_t nums[COUNT(columns)] = { 0 };
		char took[32] = "";

		if (x->state == REACHED)
			(void)snprintf(took, sizeof took, "%lldms", (long long)x->took_ms);
		cells[API] = took;
		if (used && x->state == REACHED)
			cells[STATE] = "in use";
		table_rows_add(rows, x->name, cells, nums, NULL, states[x->state].role);
	}
	table_set(&c->table, rows, m->now_s);
}

static void
open_list(struct model *m, struct screen *s)
{
	(void)m;
	table_init(&((struct clusters *)s->state)->table, columns, COUNT(columns), NAME, false);
}

static void
close_list(struct screen *s)
{
	struct clusters *c = s->state;

	table_done(&c->table);
	forget(c);
	vec_free(&c->contexts);
}

static void
load(struct model *m, struct screen *s)
{
	struct clusters *c = s->state;
	struct request *r = xcalloc(1, sizeof *r);

	for (size_t i = 0; i < c->contexts.len; i++)
		if (c->contexts.at[i].state == ASKING)
			model_cancel(m, c->contexts.at[i].ticket);
	forget(c);
	r->op = OP_CONTEXT_LIST;
	s->ticket = model_ask(m, s, r);
}

/* Each asks for itself: one that is dead keeps no other waiting. */
static void
ask_next(struct model *m, struct screen *s)
{
	struct clusters *c = s->state;
	size_t asking = 0;

	for (size_t i = 0; i < c->contexts.len; i++)
		asking += c->contexts.at[i].state == ASKING;
	for (size_t i = 0; i < c->contexts.len && asking < ASKED_MAX; i++) {
		struct context *x = &c->contexts.at[i];
		struct request *r;

		if (x->state != WAITING)
			continue;
		r = xcalloc(1, sizeof *r);
		r->op = OP_CLUSTER_CHECK;
		r->context = xstrdup(x->name);
		r->quick = true;
		x->state = ASKING;
		x->asked_ms = m->now_ms;
		x->ticket = model_ask(m, s, r);
		asking++;
	}
}

static void
add_context(struct clusters *c, const cJSON *d)
{
	struct context x = { 0 };

	if (jdoc_text(d, "name") == NULL)
		return;
	x.name = xstrdup(jdoc_text(d, "name"));
	x.server = xstrdup_or_null(jdoc_text(d, "server"));
	x.user = xstrdup_or_null(jdoc_text(d, "user"));
	x.why = xstrdup_or_null(jdoc_text(d, "error"));
	x.state = x.why != NULL ? UNREACHABLE : WAITING;
	*vec_push(&c->contexts) = x;
}

/* The live connection says where it leads to. */
static void
take_check(struct context *x, const cJSON *d)
{
	const char *check = jdoc_text(d, "check"), *detail = jdoc_text(d, "detail");

	if (check != NULL && detail != NULL && strcmp(check, "version") == 0) {
		free(x->version);
		x->version = xstrdup(detail);
	} else if (check != NULL && detail != NULL && strcmp(check, "server") == 0) {
		free(x->server);
		x->server = xstrdup(detail);
	}
}

static void
end_check(const struct model *m, struct context *x, const struct event *ev)
{
	x->ticket = 0;
	x->state = ev->end == END_DONE ? REACHED : UNREACHABLE;
	x->took_ms = m->now_ms - x->asked_ms;
	if (ev->end == END_FAILED) {
		free(x->why);
		x->why = xstrdup(ev->err.msg);
	}
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct clusters *c = s->state;
	struct err ignored;
	AUTO_JDOC cJSON *d = ev->kind == EV_ROW ? jdoc_parse((struct str){ ev->text, ev->len }, &ignored) : NULL;
	struct context *x = NULL;

	for (size_t i = 0; i < c->contexts.len; i++)
		if (c->contexts.at[i].state == ASKING && c->contexts.at[i].ticket == ticket)
			x = &c->contexts.at[i];
	if (x == NULL && d != NULL)
		add_context(c, d);
	else if (d != NULL)
		take_check(x, d);
	else if (x != NULL && ev->kind == EV_END)
		end_check(m, x, ev);
	if (ev->kind != EV_END)
		return;
	ask_next(m, s);
	fill(m, c);
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	struct clusters *c = s->state;
	const char *name = table_current(&c->table);
	AUTO_FREE char *kept = xstrdup_or_null(name), *server = NULL;

	if (name == NULL)
		return false;
	if (strcmp(action, "cluster.check") == 0) {
		model_open(m, &screen_access, kept);
		return true;
	}
	if (strcmp(action, "open") != 0)
		return false;
	for (size_t i = 0; i < c->contexts.len; i++)
		if (strcmp(c->contexts.at[i].name, kept) == 0)
			server = xstrdup_or_null(c->contexts.at[i].server);
	model_use_context(m, kept, server);
	return true;
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	table_draw(&((struct clusters *)s->state)->table, a, m->times, m->now_s);
}

static struct table *
table(struct screen *s)
{
	return &((struct clusters *)s->state)->table;
}

const struct screen_type screen_clusters = {
	.name = "clusters", .crumb = "Clusters", .empty = "The kubeconfig has no contexts.", .mask = IN_LIST,
	.state_size = sizeof(struct clusters), .open = open_list, .close = close_list, .load = load, .event = event,
	.draw = draw, .table = table, .act = act,
};
