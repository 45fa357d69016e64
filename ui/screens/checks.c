/* Validating locations and trying permissions: each step as it comes (ui.md 4.5). */
#include "ui/model_impl.h"
#include "ui/screens/checks.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/jdoc.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

#define REMEDY_ROWS 3            /* of one text */

/* --- steps --- */

static const struct { const char *status, *word; enum role role; bool good; } words[] = {
	{ "ok", "ok", ROLE_STATE_OK, true }, { "warning", "warn", ROLE_STATE_PARTIAL, false },
	{ "failed", "FAIL", ROLE_STATE_FAILED, false }, { "denied", "DENY", ROLE_STATE_FAILED, false },
	{ "skipped", "skip", ROLE_STATE_UNKNOWN, true },
};

static char *
text(const cJSON *d, const char *path)
{
	const char *t = jdoc_text(d, path);

	return xstrdup(t != NULL ? t : "");
}

void
checks_add(struct check_steps *c, struct str json)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(json, &ignored);
	const char *name = jdoc_text(d, "step") != NULL ? jdoc_text(d, "step") : jdoc_text(d, "check");
	const char *status = jdoc_text(d, "status");
	struct check_step s = { .role = ROLE_STATE_UNKNOWN, .ms = jdoc_int(d, "ms", -1) };

	if (name == NULL || status == NULL)
		return;
	s.status = xstrdup(status);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i].status, status) == 0) {
			free(s.status);
			s.status = xstrdup(words[i].word);
			s.role = words[i].role;
			s.good = words[i].good;
			c->failed += words[i].role == ROLE_STATE_FAILED;
		}
	s.name = xstrdup(name);
	s.detail = text(d, jdoc_text(d, "detail") != NULL && jdoc_text(d, "detail")[0] != '\0' ? "detail" : "cause");
	s.remedy = text(d, "remedy");
	*vec_push(c) = s;
}

void
checks_clear(struct check_steps *c)
{
	for (size_t i = 0; i < c->len; i++) {
		free(c->at[i].name);
		free(c->at[i].status);
		free(c->at[i].detail);
		free(c->at[i].remedy);
	}
	vec_free(c);
	*c = (struct check_steps){ 0 };
}

void
checks_tell(const struct check_step *s, struct pager *p)
{
	if (s->ms >= 0)
		pager_addf(p, s->role, "%-4s %-34s %5lld ms  %s", s->status, s->name, (long long)s->ms, s->detail);
	else
		pager_addf(p, s->role, "%-4s %-34s %s", s->status, s->name, s->detail);
	if (s->remedy[0] != '\0')
		pager_addf(p, ROLE_TEXT, "     Next: %s", s->remedy);
}

static int
draw_lines(struct area a, int row, struct str text)
{
	return area_wrap(a, row, 6, a.rows - row < REMEDY_ROWS ? a.rows - row : REMEDY_ROWS, ROLE_TEXT, text);
}

static bool
is_skipped(const struct check_step *s)
{
	return s->role == ROLE_STATE_UNKNOWN;
}

static void
draw_good(const struct check_step *s, struct area a, int row, int col, int cols)
{
	int used = 5;

	(void)area_text(a, row, col, cols, s->role, str_of(s->status));
	used += area_text(a, row, col + used, cols - used, ROLE_TEXT, str_of(s->name));
	if (s->ms >= 0 && cols - used > 10)
		area_putf(a, row, col + used, ROLE_TEXT_DIM, " %lld ms", (long long)s->ms);
}

static int
draw_bad(const struct check_step *s, struct area a, int row)
{
	AUTO_FREE char *what = xasprintf("%s%s%s", s->name, s->detail[0] != '\0' ? ": " : "", s->detail);
	AUTO_FREE char *next = xasprintf("Next: %s", s->remedy);
	int used;

	(void)area_text(a, row, 1, 5, s->role, str_of(s->status));
	used = draw_lines(a, row, str_of(what));
	return used + (s->remedy[0] != '\0' ? draw_lines(a, row + used, str_of(next)) : 0);
}

void
checks_draw(const struct check_steps *c, struct area a)
{
	AUTO_BUF struct buf skipped = BUF_INIT(SIZE_MAX);
	size_t good = 0;
	int row = 0, half = a.cols / 2;

	/* What is not good is what is looked for. */
	for (size_t i = 0; i < c->len && row < a.rows; i++)
		if (!c->at[i].good)
			row += draw_bad(&c->at[i], a, row);
	for (size_t i = 0; i < c->len; i++) {
		if (is_skipped(&c->at[i])) {
			buf_putf(&skipped, "%s%s", skipped.len > 0 ? ", " : "", c->at[i].name);
		} else if (c->at[i].good && row + (int)(good / 2) < a.rows) {
			draw_good(&c->at[i], a, row + (int)(good / 2), good % 2 ? half : 1, half - 2);
			good++;
		}
	}
	row += (int)(good + 1) / 2;
	if (skipped.len > 0 && row < a.rows)
		area_putf(a, row, 1, ROLE_STATE_UNKNOWN, "skip %s", buf_cstr(&skipped));
}

/* --- the screens: arg is a line for each that is checked, one after another --- */

struct checking {
	struct pager       pager;
	struct check_steps steps;
	size_t             at;           /* line of arg */
	size_t             bad;
};

static char *
line_of(const char *arg, size_t n)
{
	struct str rest = str_of(arg), line;

	while (rest.len > 0 && str_split(&rest, '\n', &line))
		if (n-- == 0)
			return str_dup(line);
	return NULL;
}

static void
ask(struct model *m, struct screen *s, enum op op)
{
	struct checking *c = s->state;
	AUTO_FREE char *what = line_of(s->arg, c->at);
	struct request *r;

	if (what == NULL)
		return;
	if (strchr(s->arg, '\n') != NULL)
		pager_addf(&c->pager, ROLE_TITLE, "%s%s", c->at > 0 ? "\n" : "", what);
	checks_clear(&c->steps);
	r = xcalloc(1, sizeof *r);
	r->op = op;
	if (op == OP_CLUSTER_CHECK) {
		r->context = TAKE(what);
	} else {
		r->project = xstrdup_or_null(m->opts.project);
		r->name = TAKE(what);
		r->replace = true;
	}
	s->ticket = model_ask(m, s, r);
}

static void
end(struct model *m, struct screen *s, enum op op, const struct event *ev)
{
	struct checking *c = s->state;
	AUTO_FREE char *what = line_of(s->arg, c->at);
	bool good = ev->end == END_DONE;

	if (ev->end == END_FAILED)
		pager_addf(&c->pager, ROLE_STATE_FAILED, "%s", ev->err.msg);
	else if (good)
		pager_addf(&c->pager, ROLE_STATE_OK, "%s", op == OP_CLUSTER_CHECK ? "nothing is missing" : "it can be used");
	else if (ev->end == END_DAMAGED)
		pager_addf(&c->pager, ROLE_STATE_FAILED, "%zu of %zu steps failed", c->steps.failed, c->steps.len);
	if (op == OP_LOCATION_VALIDATE && what != NULL && ev->end != END_CANCELED)
		model_checked(m, what, good);
	c->bad += !good;
	if (ev->end == END_CANCELED)
		return;
	c->at++;
	ask(m, s, op);
}

static void
on_event(struct model *m, struct screen *s, enum op op, const struct event *ev)
{
	struct checking *c = s->state;
	size_t before = c->steps.len;

	if (ev->kind == EV_ROW) {
		checks_add(&c->steps, (struct str){ ev->text, ev->len });
		if (c->steps.len > before)
			checks_tell(&c->steps.at[before], &c->pager);
	} else if (ev->kind == EV_NOTE) {
		pager_addf(&c->pager, ROLE_TEXT_DIM, "%s", ev->text);
	} else if (ev->kind == EV_END) {
		end(m, s, op, ev);
	}
}

static void
open_checks(struct model *m, struct screen *s)
{
	struct checking *c = s->state;

	(void)m;
	pager_init(&c->pager);
	c->pager.wrap = true;
	free(s->title);
	s->title = xasprintf("%s", s->type == &screen_access ? "Permissions" : "Validate");
}

static void
close_checks(struct screen *s)
{
	struct checking *c = s->state;

	pager_done(&c->pager);
	checks_clear(&c->steps);
}

static void
start(struct model *m, struct screen *s, enum op op)
{
	struct checking *c = s->state;

	pager_clear(&c->pager);
	c->at = c->bad = 0;
	ask(m, s, op);
}

/* It puts a probe into the bucket. */
static void
load_validate(struct model *m, struct screen *s)
{
	if (acts_may(m, "location.validate"))
		start(m, s, OP_LOCATION_VALIDATE);
}

static void load_access(struct model *m, struct screen *s) { start(m, s, OP_CLUSTER_CHECK); }

static void
event_validate(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	(void)ticket;
	on_event(m, s, OP_LOCATION_VALIDATE, ev);
}

static void
event_access(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	(void)ticket;
	on_event(m, s, OP_CLUSTER_CHECK, ev);
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	(void)m;
	pager_draw(&((struct checking *)s->state)->pager, a);
}

static struct pager *
pager(struct screen *s)
{
	return &((struct checking *)s->state)->pager;
}

const struct screen_type screen_validate = {
	.name = "validate", .needs = "a location's name", .mask = IN_VIEWER, .state_size = sizeof(struct checking),
	.open = open_checks, .close = close_checks, .load = load_validate, .event = event_validate, .draw = draw, .pager = pager,
};

const struct screen_type screen_access = {
	.name = "access", .needs = "a context's name", .mask = IN_VIEWER, .state_size = sizeof(struct checking),
	.open = open_checks, .close = close_checks, .load = load_access, .event = event_access, .draw = draw, .pager = pager,
};
