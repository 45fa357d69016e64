/* The objects of a backup as a tree (ui.md 4.8): to look at, to compare with the cluster, to choose for a restore. */
#include "base/arena.h"
#include "base/attr.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "data/jdoc.h"
#include "data/yaml.h"
#include "ui/screens/changes.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

#define SIDE_COLS 110            /* from here on the object stands beside the tree */
#define OUTSIDE   "(cluster resources)"

enum { NAME, OBJECTS, SIZE, LIVE, KIND, NAMESPACE };
static const struct column columns[] = {
	[NAME] = { "NAME", COL_TEXT, 24, 120, 0, false },
	[OBJECTS] = { "OBJECTS", COL_COUNT, 7, 9, 1, false },
	[SIZE] = { "SIZE", COL_SIZE, 9, 9, 2, false },
	[LIVE] = { "LIVE", COL_STATE, 7, 8, 0, false },
	[KIND] = { "KIND", COL_TEXT, 16, 40, 3, true },
	[NAMESPACE] = { "NAMESPACE", COL_TEXT, 12, 30, 3, true },
};

/* Against the cluster. */
enum live { NOT_COMPARED, SAME, DIFFERS, GONE, NOT_KNOWN };
static const struct { const char *text; enum role role; } lives[] = {
	[NOT_COMPARED] = { "", ROLE_TEXT }, [SAME] = { "same", ROLE_PLAN_SAME }, [DIFFERS] = { "differs", ROLE_DIFF_CHANGE },
	[GONE] = { "gone", ROLE_DIFF_DEL }, [NOT_KNOWN] = { "?", ROLE_STATE_UNKNOWN },
};

struct leaf {
	const char *id;                  /* "deployments.apps/shop/web", "nodes/one" */
	const char *gr, *kind, *ns, *name, *labels;
	int64_t     size;
	enum live   live;
	bool        asked;               /* is being compared */
};

enum view { BY_NAMESPACE, BY_KIND, VIEW_COUNT_ };
static const char *const view_names[] = { [BY_NAMESPACE] = "by namespace", [BY_KIND] = "by kind" };

struct browse {
	char         *backup;
	struct arena  arena;
	struct { struct leaf *at; size_t len, cap; } leaves;     /* in the order of the view */
	struct strmap *kinds, *ambiguous;                        /* kind -> the first gr that has it; those of several */
	enum view     view;
	struct table  tree;
	/* The object with the cursor. */
	struct pager  side;
	char         *side_id;           /* of what side shows or is to show */
	uint64_t      side_ticket;       /* 0: nothing is on its way */
	int           wants_side;        /* 0: where there is room; 1, -1: the user said so */
	/* What is compared with the cluster. */
	uint64_t      live_ticket;       /* 0: nothing is */
	struct strmap *differ, *gone;    /* ids */
	char         *live_missed;       /* the first thing that could not be */
};

/* --- opening --- */

static void
forget(struct browse *b)
{
	arena_done(&b->arena);
	b->arena = (struct arena){ 0 };
	b->leaves.len = 0;
	strmap_free(b->kinds);
	strmap_free(b->ambiguous);
	b->kinds = strmap_new();
	b->ambiguous = strmap_new();
}

/* arg: the backup; newline, a filter to begin with. */
static void
open_browse(struct model *m, struct screen *s)
{
	struct browse *b = s->state;
	struct str rest = str_of(s->arg), name = { 0 };
	AUTO_FREE char *filter = NULL;

	(void)str_split(&rest, '\n', &name);
	filter = str_dup(rest);
	b->backup = str_dup(name);
	free(s->title);
	s->title = xasprintf("Browse %s", b->backup);
	table_init(&b->tree, columns, COUNT(columns), NAME, false);
	if (filter[0] != '\0') {
		b->view = BY_KIND;
		table_set_filter(&b->tree, filter, m->now_s);
	}
	pager_init(&b->side);
	forget(b);
}

static void
done_comparing(struct browse *b)
{
	free(TAKE(b->live_missed));
	strmap_free(TAKE(b->differ));
	strmap_free(TAKE(b->gone));
	b->live_ticket = 0;
}

static void
close_browse(struct screen *s)
{
	struct browse *b = s->state;

	done_comparing(b);
	free(b->backup);
	free(b->side_id);
	vec_free(&b->leaves);
	strmap_free(b->kinds);
	strmap_free(b->ambiguous);
	arena_done(&b->arena);
	table_done(&b->tree);
	pager_done(&b->side);
}

static struct request *
request(const struct browse *b, enum op op)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->op = op;
	r->name = xstrdup(b->backup);
	return r;
}

static void
load(struct model *m, struct screen *s)
{
	struct browse *b = s->state;

	forget(b);
	done_comparing(b);
	b->side_ticket = 0;
	free(TAKE(b->side_id));
	s->ticket = model_ask(m, s, request(b, OP_BACKUP_LS));
}

/* --- the tree --- */

static const char *
kept(struct browse *b, const cJSON *row, const char *key)
{
	const char *text = jdoc_text(row, key);

	return text != NULL ? arena_strdup(&b->arena, str_of(text)) : "";
}

/* "app=web,env=dev" */
static const char *
labels_of(struct browse *b, const cJSON *row)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_SMALL_BODY);
	const cJSON *label;

	jdoc_each(label, jdoc_get(row, "labels"))
		if (cJSON_IsString(label))
			buf_putf(&text, "%s%s=%s", text.len > 0 ? "," : "", label->string, label->valuestring);
	return text.len > 0 ? arena_strdup(&b->arena, buf_str(&text)) : "";
}

static void
add_leaf(struct browse *b, const cJSON *row)
{
	struct leaf l = { .gr = kept(b, row, "resource"), .kind = kept(b, row, "kind"), .ns = kept(b, row, "namespace"),
		.name = kept(b, row, "name"), .labels = labels_of(b, row), .size = jdoc_int(row, "size", -1) };
	AUTO_FREE char *id = xasprintf("%s/%s%s%s", l.gr, l.ns, l.ns[0] != '\0' ? "/" : "", l.name);
	const char *first = strmap_get(b->kinds, str_of(l.kind));

	l.id = arena_strdup(&b->arena, str_of(id));
	if (first == NULL)
		strmap_put(b->kinds, str_of(l.kind), (char *)(uintptr_t)l.gr);
	else if (strcmp(first, l.gr) != 0)
		(void)strmap_add(b->ambiguous, str_of(l.kind));
	*vec_push(&b->leaves) = l;
}

static int
kinds_cmp(const struct leaf *a, const struct leaf *b)
{
	int order = strcmp(a->kind, b->kind);

	return order != 0 ? order : strcmp(a->gr, b->gr);
}

/* What is outside namespaces comes last. */
static int
ns_cmp(const struct leaf *a, const struct leaf *b)
{
	if ((a->ns[0] == '\0') != (b->ns[0] == '\0'))
		return a->ns[0] == '\0' ? 1 : -1;
	return strcmp(a->ns, b->ns);
}

static int
namespace_first(const void *x, const void *y)
{
	int order = ns_cmp(x, y);

	order = order != 0 ? order : kinds_cmp(x, y);
	return order != 0 ? order : strcmp(((const struct leaf *)x)->name, ((const struct leaf *)y)->name);
}

static int
kind_first(const void *x, const void *y)
{
	int order = kinds_cmp(x, y);

	order = order != 0 ? order : ns_cmp(x, y);
	return order != 0 ? order : strcmp(((const struct leaf *)x)->name, ((const struct leaf *)y)->name);
}

/* The order of all, and the two levels of groups. */
static const struct {
	int (*order)(const void *, const void *);
	int (*outer)(const struct leaf *, const struct leaf *), (*inner)(const struct leaf *, const struct leaf *);
} views[] = {
	[BY_NAMESPACE] = { namespace_first, ns_cmp, kinds_cmp }, [BY_KIND] = { kind_first, kinds_cmp, ns_cmp },
};

/* "Deployment"; "Ingress.networking.k8s.io" where there are others. */
static char *
kind_text(const struct browse *b, const struct leaf *l)
{
	const char *group = strchr(l->gr, '.');

	return xasprintf("%s%s", l->kind, strmap_has(b->ambiguous, str_of(l->kind)) && group != NULL ? group : "");
}

static bool
same_group(const struct browse *b, size_t i, size_t k, unsigned depth)
{
	const struct leaf *x = &b->leaves.at[i], *y = &b->leaves.at[k];

	return views[b->view].outer(x, y) == 0 && (depth == 0 || views[b->view].inner(x, y) == 0);
}

/* Of the group at a depth that an object is in: the entry that chooses what is in it, see engine/pick.h.  Caller frees. */
static char *
group_id(const struct browse *b, const struct leaf *l, unsigned depth)
{
	bool outside = l->ns[0] == '\0';

	if (depth > 0)
		return xasprintf("%s/%s%s*", l->gr, l->ns, outside ? "" : "/");
	if (b->view == BY_KIND)
		return xasprintf("%s/%s*", l->gr, outside ? "" : "*/");
	return xasprintf("*/%s%s*", l->ns, outside ? "" : "/");
}

static void
add_group(const struct browse *b, struct rows *rows, size_t from, unsigned depth)
{
	const struct leaf *l = &b->leaves.at[from];
	bool of_kind = (depth == 0) == (b->view == BY_KIND);
	AUTO_FREE char *kind = kind_text(b, l), *id = group_id(b, l, depth);
	int64_t nums[COUNT(columns)] = { 0 };

	for (size_t i = from; i < b->leaves.len && same_group(b, from, i, depth); i++) {
		nums[OBJECTS]++;
		nums[SIZE] += b->leaves.at[i].size > 0 ? b->leaves.at[i].size : 0;
	}
	table_rows_add(rows, id, (const char *const[COUNT(columns)]){ of_kind ? kind : l->ns[0] != '\0' ? l->ns : OUTSIDE },
		nums, NULL, ROLE_TEXT);
	table_rows_nest(rows, depth, true);
}

static void
show_tree(struct model *m, struct browse *b)
{
	struct rows *rows = table_rows_new(columns, COUNT(columns));

	if (b->leaves.len > 0)
		qsort(b->leaves.at, b->leaves.len, sizeof *b->leaves.at, views[b->view].order);
	for (size_t i = 0; i < b->leaves.len; i++) {
		const struct leaf *l = &b->leaves.at[i];
		bool outer = i == 0 || !same_group(b, i - 1, i, 0);
		/* Kinds outside namespaces need no group for their one place. */
		bool inner = !(b->view == BY_KIND && l->ns[0] == '\0');

		if (outer)
			add_group(b, rows, i, 0);
		if (inner && (outer || !same_group(b, i - 1, i, 1)))
			add_group(b, rows, i, 1);
		table_rows_add(rows, l->id, (const char *const[]){ l->name, NULL, NULL, lives[l->live].text, l->kind, l->ns },
			(const int64_t[]){ 0, -1, l->size, 0, 0, 0 }, l->labels, lives[l->live].role);
		table_rows_nest(rows, inner ? 2 : 1, false);
	}
	table_set(&b->tree, rows, m->now_s);
}

/* NULL: a group has the cursor, or nothing. */
static const struct leaf *
current(const struct browse *b)
{
	const char *id = table_current(&b->tree);

	for (size_t i = 0; id != NULL && !table_is_group(&b->tree) && i < b->leaves.len; i++)
		if (strcmp(b->leaves.at[i].id, id) == 0)
			return &b->leaves.at[i];
	return NULL;
}

/* --- the object beside it --- */

static bool
has_side(const struct browse *b, int cols)
{
	return b->wants_side > 0 || (b->wants_side == 0 && cols >= SIDE_COLS);
}

/* One request at a time: who runs through the list gets the object where they stop. */
static void
settled(struct model *m, struct screen *s)
{
	struct browse *b = s->state;
	const char *id = table_current(&b->tree);
	struct request *r;

	if (b->side_ticket != 0 || !has_side(b, s->body.cols) || id == NULL || table_is_group(&b->tree)
	    || (b->side_id != NULL && strcmp(b->side_id, id) == 0))
		return;
	free(b->side_id);
	b->side_id = xstrdup(id);
	r = request(b, OP_BACKUP_CAT);
	r->look.brief = true;
	strs_add(&r->objects, id);
	b->side_ticket = model_ask(m, s, r);
}

static void
side_event(struct browse *b, const struct event *ev)
{
	AUTO(buf_wipe) struct buf yaml = BUF_INIT(2 * LIMIT_OBJECT);
	struct err ignored;

	if (ev->kind == EV_ROW) {
		pager_clear(&b->side);
		b->side.top = 0;
		b->side.left = 0;
		if (yaml_from_json((struct str){ ev->text, ev->len }, &yaml, &ignored) == 0)
			pager_add_yaml(&b->side, buf_str(&yaml));
	} else if (ev->kind == EV_END) {
		b->side_ticket = 0;
		if (ev->end != END_FAILED)
			return;
		pager_clear(&b->side);
		pager_addf(&b->side, ROLE_STATE_FAILED, "%s", ev->err.msg);
	}
}

/* --- against the cluster --- */

/* The objects in the group with the cursor, or in the one around the object with it: *from up to *to. */
static bool
find_branch(const struct browse *b, size_t *from, size_t *to)
{
	const char *id = table_current(&b->tree);
	bool group = table_is_group(&b->tree);
	size_t n = b->leaves.len, i = 0;
	unsigned depth = 0;

	for (; id != NULL && i < n; i++) {
		const struct leaf *l = &b->leaves.at[i];
		AUTO_FREE char *outer = group_id(b, l, 0), *inner = group_id(b, l, 1);

		depth = strcmp(id, outer) != 0;
		if (group ? depth == 0 || strcmp(id, inner) == 0 : strcmp(id, l->id) == 0)
			break;
	}
	if (id == NULL || i == n)
		return false;
	for (*from = i; *from > 0 && same_group(b, *from - 1, i, depth);)
		--*from;
	for (*to = i; *to < n && same_group(b, i, *to, depth);)
		++*to;
	return true;
}

static void
compare(struct model *m, struct screen *s)
{
	struct browse *b = s->state;
	struct request *r;
	size_t from, to;
	bool one = true;

	if (b->live_ticket != 0 || !find_branch(b, &from, &to)) {
		model_say(m, TOAST_INFO, b->live_ticket != 0 ? "a comparison is under way" : "there is nothing to compare");
		return;
	}
	r = request(b, OP_BACKUP_DIFF);
	r->look.other = xstrdup("live");
	for (size_t i = from; i < to; i++) {
		struct leaf *l = &b->leaves.at[i];

		l->asked = true;
		one &= strcmp(l->ns, b->leaves.at[from].ns) == 0;
		if (i == from || strcmp(l->gr, l[-1].gr) != 0)
			strs_add(&r->filter.inc_resources, l->gr);
	}
	if (one && b->leaves.at[from].ns[0] != '\0')
		strs_add(&r->filter.inc_namespaces, b->leaves.at[from].ns);
	b->differ = strmap_new();
	b->gone = strmap_new();
	b->live_ticket = model_ask(m, s, r);
	model_say(m, TOAST_INFO, "comparing %zu objects with the cluster", to - from);
}

static void
live_row(struct browse *b, const cJSON *row)
{
	const char *change = jdoc_text(row, "change"), *gr = jdoc_text(row, "resource"), *ns = jdoc_text(row, "namespace"),
		*name = jdoc_text(row, "name");
	AUTO_FREE char *id = NULL;

	if (change == NULL || gr == NULL || name == NULL)
		return;
	id = xasprintf("%s/%s%s%s", gr, ns != NULL ? ns : "", ns != NULL && ns[0] != '\0' ? "/" : "", name);
	(void)strmap_add(strcmp(change, "removed") == 0 ? b->gone : b->differ, str_of(id));
}

/* What nobody told of is the same, if all was compared. */
static enum live
live_of(const struct browse *b, const struct leaf *l)
{
	if (strmap_has(b->gone, str_of(l->id)))
		return GONE;
	if (strmap_has(b->differ, str_of(l->id)))
		return DIFFERS;
	return b->live_missed != NULL ? NOT_KNOWN : SAME;
}

static void
live_end(struct model *m, struct browse *b, const struct event *ev)
{
	size_t n[COUNT(lives)] = { 0 };
	bool done = ev->end != END_FAILED && ev->end != END_CANCELED;

	for (size_t i = 0; i < b->leaves.len; i++) {
		struct leaf *l = &b->leaves.at[i];

		if (l->asked && done)
			n[l->live = live_of(b, l)]++;
		l->asked = false;
	}
	if (ev->end == END_FAILED)
		model_say(m, TOAST_ERROR, "%s", ev->err.msg);
	else if (b->live_missed != NULL)
		model_say(m, TOAST_WARN, "not all was compared: %s", b->live_missed);
	else if (done)
		model_say(m, TOAST_INFO, "in the cluster: %zu same, %zu differ, %zu gone", n[SAME], n[DIFFERS], n[GONE]);
	done_comparing(b);
	show_tree(m, b);
}

static void
live_event(struct model *m, struct browse *b, const struct event *ev)
{
	struct err ignored;

	if (ev->kind == EV_ROW) {
		AUTO(jdoc_wipep) cJSON *row = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);

		live_row(b, row);
	} else if (ev->kind == EV_FINDING && b->live_missed == NULL) {
		b->live_missed = finding_text((struct str){ ev->text, ev->len });
	} else if (ev->kind == EV_END) {
		live_end(m, b, ev);
	}
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct browse *b = s->state;
	struct err ignored;

	if (ticket == b->side_ticket) {
		side_event(b, ev);
	} else if (ticket == b->live_ticket) {
		live_event(m, b, ev);
	} else if (ev->kind == EV_ROW) {
		AUTO_JDOC cJSON *row = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);

		add_leaf(b, row);
	} else if (ev->kind == EV_END) {
		show_tree(m, b);
	}
}

/* --- what can be done --- */

static void
open_object(struct model *m, const struct browse *b, unsigned tab)
{
	const struct leaf *l = current(b);
	AUTO_FREE char *arg = l == NULL ? NULL
		: xasprintf("%s\n%s\n%s\n%s\n%u", b->backup, l->gr, l->ns, l->name, tab);

	if (l == NULL)
		model_say(m, TOAST_INFO, "that is about one object: Enter opens the group");
	else
		model_open(m, &screen_object, arg);
}

struct picking { struct buf picks; size_t odd; };

/* Ids are entries, unless a name has what means something in one: such a name is not for a list of them. */
static void
add_pick(void *ctx, const char *id, bool group)
{
	struct picking *p = ctx;

	p->odd += !group && strpbrk(id, "*?[]{},~\\") != NULL;
	buf_putf(&p->picks, "%s%s", p->picks.len > 0 ? "," : "", id);
}

/* What is marked goes into the form that it is chosen for, or into a new one. */
static void
restore(struct model *m, struct screen *s)
{
	struct browse *b = s->state;
	AUTO_BUF struct buf arg = BUF_INIT(SIZE_MAX);
	struct picking p = { .picks = BUF_INIT(SIZE_MAX) };

	if (b->tree.n_marked == 0)
		(void)table_act(&b->tree, "mark", m->now_s);
	table_each_branch(&b->tree, add_pick, &p);
	buf_putf(&arg, "%s\n%s", b->backup, buf_cstr(&p.picks));
	if (p.odd > 0) {
		model_say(m, TOAST_WARN, "a marked name has characters of patterns: --objects-from takes it from a file");
	} else if (s->below != NULL && s->below->type == &screen_restore_new) {
		restore_new_choose(m, s->below, buf_cstr(&p.picks));
		model_back(m);
	} else {
		model_open(m, &screen_restore_new, buf_cstr(&arg));
	}
	buf_free(&p.picks);
}

static void
search(struct model *m, const char *pattern)
{
	const struct browse *b = m->top->state;
	AUTO_FREE char *arg = xasprintf("%s\n%s", b->backup, pattern);

	model_open(m, &screen_grep, arg);
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	struct browse *b = s->state;

	if (strcmp(action, "open") == 0) {
		table_is_group(&b->tree) ? table_toggle(&b->tree, m->now_s) : open_object(m, b, 0);
	} else if (strcmp(action, "browse.view") == 0) {
		b->view = (b->view + 1) % VIEW_COUNT_;
		show_tree(m, b);
		model_say(m, TOAST_INFO, "%s", view_names[b->view]);
	} else if (strcmp(action, "browse.yaml") == 0) {
		open_object(m, b, 0);
	} else if (strcmp(action, "backup.diff") == 0) {
		open_object(m, b, 1);
	} else if (strcmp(action, "browse.history") == 0) {
		open_object(m, b, 2);
	} else if (strcmp(action, "browse.compare") == 0) {
		compare(m, s);
	} else if (strcmp(action, "browse.search") == 0) {
		model_prompt(m, "search contents: ", search);
	} else if (strcmp(action, "preview") == 0) {
		b->wants_side = has_side(b, s->body.cols) ? -1 : 1;
	} else if (strcmp(action, "backup.restore") == 0) {
		restore(m, s);
	} else {
		return false;
	}
	return true;
}

/* --- on the screen --- */

static struct table *
table(struct screen *s)
{
	return &((struct browse *)s->state)->tree;
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	struct browse *b = s->state;
	int left = has_side(b, a.cols) ? a.cols * 56 / 100 : a.cols;

	table_draw(&b->tree, area_part(a, 0, 0, a.rows, left), m->times, m->now_s);
	if (left == a.cols)
		return;
	for (int row = 0; row < a.rows; row++)
		(void)area_glyph(a, row, left, GLYPH_COLUMN, ROLE_RULE);
	if (table_is_group(&b->tree) || b->side_id == NULL)
		return;
	(void)area_text(a, 0, left + 2, -1, ROLE_TABLE_HEAD, str_of(b->side_id));
	pager_draw(&b->side, area_part(a, 1, left + 2, a.rows - 1, a.cols - left - 2));
}

const struct screen_type screen_browse = {
	.name = "browse", .needs = "a backup", .empty = "The backup has no objects.", .mask = IN_TREE,
	.state_size = sizeof(struct browse),
	.open = open_browse, .close = close_browse, .load = load, .event = event, .settled = settled, .act = act, .draw = draw,
	.table = table,
};
