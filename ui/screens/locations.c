/* The project's backup locations (ui.md 4.4), and one of them with the clusters whose backups it holds. */
#include "base/attr.h"
#include "base/mem.h"
#include "data/jdoc.h"
#include "data/yaml.h"
#include "ui/screens/records.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

enum { NAME, PROVIDER, PLACE, REGION, AUTH, CHECK, AGE, ACCESS };

static const struct column columns[] = {
	[NAME] = { "NAME", COL_TEXT, 12, 32, 0, false },
	[PROVIDER] = { "PROVIDER", COL_TEXT, 9, 10, 1, false },
	[PLACE] = { "BUCKET/PREFIX", COL_TEXT, 16, 48, 0, false },
	[REGION] = { "REGION", COL_TEXT, 9, 16, 3, false },
	[AUTH] = { "AUTH", COL_TEXT, 6, 20, 2, false },
	[CHECK] = { "CHECK", COL_STATE, 6, 8, 0, false },
	[AGE] = { "CHECKED", COL_AGE, 7, 17, 2, false },
	[ACCESS] = { "ACCESS", COL_TEXT, 9, 10, 4, true },
};

static const struct { const char *word, *shown; } providers[] = {
	{ "aws", "AWS" }, { "minio", "MinIO" }, { "s3", "S3" }, { "dir", "directory" },
};

struct locations {
	struct table table;
	struct strs  json;               /* of the rows */
	struct strs  coming;
	bool         removing;
	uint64_t     asked;              /* removal or policy */
	struct buf   policy;
};

static const char *
provider_shown(const char *word)
{
	for (size_t i = 0; word != NULL && i < COUNT(providers); i++)
		if (strcmp(providers[i].word, word) == 0)
			return providers[i].shown;
	return word;
}

static void
add_row(struct model *m, struct rows *rows, const char *json)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(str_of(json), &ignored);
	const char *name = jdoc_text(d, "name");
	const struct checked *c = name != NULL ? model_checked_at(m, name) : NULL;
	const char *cells[COUNT(columns)] = { [NAME] = name, [PROVIDER] = provider_shown(jdoc_text(d, "provider")),
		[PLACE] = jdoc_text(d, "place"), [REGION] = jdoc_text(d, "config.region"), [AUTH] = jdoc_text(d, "auth"),
		[CHECK] = c == NULL ? "-" : c->good ? "ok" : "FAILED",
		[ACCESS] = jdoc_text(d, "accessMode") != NULL ? jdoc_text(d, "accessMode") : "ReadWrite" };
	const int64_t nums[COUNT(columns)] = { [AGE] = c != NULL ? c->at_s : 0 };

	if (name != NULL)
		table_rows_add(rows, name, cells, nums, NULL,
			c == NULL ? ROLE_STATE_UNKNOWN : c->good ? ROLE_STATE_OK : ROLE_STATE_FAILED);
}

static void
fill(struct model *m, struct locations *l)
{
	struct rows *rows = table_rows_new(columns, COUNT(columns));

	for (size_t i = 0; i < l->json.len; i++)
		add_row(m, rows, l->json.at[i]);
	table_set(&l->table, rows, m->now_s);
}

static void
open_list(struct model *m, struct screen *s)
{
	struct locations *l = s->state;

	(void)m;
	table_init(&l->table, columns, COUNT(columns), NAME, false);
	l->policy = (struct buf)BUF_INIT(1024 * 1024);
}

static void
close_list(struct screen *s)
{
	struct locations *l = s->state;

	table_done(&l->table);
	strs_free(&l->json);
	strs_free(&l->coming);
	buf_free(&l->policy);
}

static struct request *
request_of(const struct model *m, enum op op, const char *name)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->op = op;
	r->project = xstrdup_or_null(m->opts.project);
	r->name = xstrdup_or_null(name);
	return r;
}

static void
load(struct model *m, struct screen *s)
{
	struct locations *l = s->state;

	strs_free(&l->coming);
	s->ticket = model_ask(m, s, request_of(m, OP_LOCATION_LIST, NULL));
}

/* Texts of the policies behind their titles, which the answer has one after another. */
static void
add_policy(struct locations *l, const struct event *ev)
{
	static const struct { const char *name, *title; } titles[] = {
		{ "policy", "What the user or role must be permitted (IAM policy)" },
		{ "trustPolicy", "Who may assume the role (its trust policy)" },
		{ "webIdentityTrustPolicy", "Who may assume the role from within the cluster (its trust policy)" },
	};
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);
	const char *name = jdoc_text(d, "name"), *text = jdoc_text(d, "text");

	for (size_t i = 0; name != NULL && text != NULL && i < COUNT(titles); i++)
		if (strcmp(titles[i].name, name) == 0)
			buf_putf(&l->policy, "%s\n\n%s\n\n", titles[i].title, text);
}

static void
asked_event(struct model *m, struct screen *s, const struct event *ev)
{
	struct locations *l = s->state;

	if (ev->kind == EV_ROW)
		add_policy(l, ev);
	if (ev->kind != EV_END)
		return;
	l->asked = 0;
	if (ev->end == END_FAILED) {
		model_say(m, TOAST_ERROR, "%s", ev->err.msg);
	} else if (l->removing) {
		model_say(m, TOAST_INFO, "the location was removed from the project; what is stored in it stays");
		model_load(m, s);
	} else if (m->top == s) {
		model_open(m, &screen_text, buf_cstr(&l->policy));
	}
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct locations *l = s->state;

	if (ticket == l->asked) {
		asked_event(m, s, ev);
	} else if (ev->kind == EV_ROW) {
		strs_add(&l->coming, ev->text);
	} else if (ev->kind == EV_END && ev->end != END_FAILED) {
		strs_free(&l->json);
		l->json = l->coming;
		l->coming = (struct strs){ 0 };
		fill(m, l);
	}
}

/* What the other screens have done to them. */
static void
show(struct model *m, struct screen *s)
{
	model_load(m, s);
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	table_draw(&((struct locations *)s->state)->table, a, m->times, m->now_s);
}

static struct table *
table(struct screen *s)
{
	return &((struct locations *)s->state)->table;
}

/* --- what can be done with them --- */

/* The row's JSON; NULL: none. */
static const char *
json_of(const struct locations *l, const char *name)
{
	for (size_t i = 0; i < l->json.len; i++) {
		struct err ignored;
		AUTO_JDOC cJSON *d = jdoc_parse(str_of(l->json.at[i]), &ignored);
		const char *n = jdoc_text(d, "name");

		if (n != NULL && strcmp(n, name) == 0)
			return l->json.at[i];
	}
	return NULL;
}

static void
use(struct model *m, const struct locations *l, const char *name)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(str_of(json_of(l, name)), &ignored);
	AUTO_FREE char *url = xstrdup_or_null(jdoc_text(d, "url"));
	AUTO_FREE char *kept = xstrdup(name);

	if (url != NULL)
		model_use_location(m, kept, url);
}

static void
remove_it(struct model *m, const char *name)
{
	struct screen *s = m->top;

	if (s->type != &screen_locations)
		return;
	((struct locations *)s->state)->removing = true;
	((struct locations *)s->state)->asked = model_ask(m, s, request_of(m, OP_LOCATION_REMOVE, name));
}

static void
ask_remove(struct model *m, const char *name)
{
	AUTO_FREE char *title = xasprintf("Remove location %s", name);

	model_confirm(m, &(struct confirm){ .title = title, .verb = "Remove", .word = name, .fn = remove_it, .arg = name,
		.text = "The project forgets it, and its stored keys are deleted.\nThe backups in it stay where they are." });
}

static void
ask_policy(struct model *m, struct screen *s, const char *name)
{
	struct locations *l = s->state;
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(str_of(json_of(l, name)), &ignored);
	struct request *r = request_of(m, OP_LOCATION_POLICY, name);

	r->location = xstrdup_or_null(jdoc_text(d, "url"));
	l->removing = false;
	buf_cut(&l->policy, 0);
	buf_putf(&l->policy, "Policy for %s\n", name);
	l->asked = model_ask(m, s, r);
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	struct locations *l = s->state;
	const char *name = table_current(&l->table);
	AUTO_BUF struct buf names = BUF_INIT(SIZE_MAX);

	if (strcmp(action, "location.new") == 0)
		model_open(m, &screen_location_new, NULL);
	else if (name == NULL)
		return false;
	else if (strcmp(action, "location.edit") == 0)
		model_open(m, &screen_location_new, name);
	else if (strcmp(action, "open") == 0)
		model_open(m, &screen_location, json_of(l, name));
	else if (strcmp(action, "location.use") == 0)
		use(m, l, name);
	else if (strcmp(action, "location.policy") == 0)
		ask_policy(m, s, name);
	else if (strcmp(action, "location.remove") == 0)
		ask_remove(m, name);
	else if (strcmp(action, "location.validate") == 0 && records_chosen(&l->table, &names) > 0)
		model_open(m, &screen_validate, buf_cstr(&names));
	else
		return false;
	return true;
}

const struct screen_type screen_locations = {
	.name = "locations", .crumb = "Backup Locations", .empty = "No backup locations yet. n adds one.", .mask = IN_LIST,
	.state_size = sizeof(struct locations), .open = open_list, .close = close_list, .load = load, .event = event,
	.show = show, .draw = draw, .table = table, .act = act,
};

/* --- one of them; arg: its JSON --- */

struct one {
	struct pager pager;
	struct strs  clusters;           /* of each backup */
};

static void
open_one(struct model *m, struct screen *s)
{
	struct one *o = s->state;
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(str_of(s->arg), &ignored);
	AUTO_BUF struct buf yaml = BUF_INIT(1024 * 1024);

	(void)m;
	pager_init(&o->pager);
	free(s->title);
	s->title = xstrdup(jdoc_text(d, "name") != NULL ? jdoc_text(d, "name") : "?");
	if (yaml_from_json(str_of(s->arg), &yaml, &ignored) == 0)
		pager_add_yaml(&o->pager, buf_str(&yaml));
}

static void
close_one(struct screen *s)
{
	struct one *o = s->state;

	pager_done(&o->pager);
	strs_free(&o->clusters);
}

static void
load_one(struct model *m, struct screen *s)
{
	struct one *o = s->state;
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(str_of(s->arg), &ignored);
	struct request *r = request_of(m, OP_BACKUP_LIST, NULL);

	r->location = xstrdup_or_null(jdoc_text(d, "url"));
	strs_free(&o->clusters);
	s->ticket = model_ask(m, s, r);
}

static void
tell_clusters(struct one *o)
{
	strs_sort(&o->clusters);
	pager_addf(&o->pager, ROLE_TITLE, "\nClusters found in it");
	if (o->clusters.len == 0)
		pager_addf(&o->pager, ROLE_TEXT, "  none: it holds no backups");
	for (size_t i = 0, n = 1; i < o->clusters.len; i += n) {
		for (n = 1; i + n < o->clusters.len && strcmp(o->clusters.at[i], o->clusters.at[i + n]) == 0;)
			n++;
		pager_addf(&o->pager, ROLE_TEXT, "  %-40s %zu backup%s", o->clusters.at[i], n, n == 1 ? "" : "s");
	}
}

static void
event_one(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct one *o = s->state;
	struct err ignored;

	(void)m;
	(void)ticket;
	if (ev->kind == EV_ROW) {
		AUTO_JDOC cJSON *d = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);
		const char *name = jdoc_text(d, "metadata.annotations.orlop\\.dev/source-cluster-name");

		strs_add(&o->clusters, name != NULL ? name : "(cluster without a name)");
	} else if (ev->kind == EV_END && ev->end == END_FAILED) {
		pager_addf(&o->pager, ROLE_STATE_FAILED, "\n%s", ev->err.msg);
	} else if (ev->kind == EV_END) {
		tell_clusters(o);
	}
}

static bool
act_one(struct model *m, struct screen *s, const char *action)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(str_of(s->arg), &ignored);
	const char *name = jdoc_text(d, "name"), *url = jdoc_text(d, "url");

	if (name == NULL || url == NULL)
		return false;
	if (strcmp(action, "location.use") == 0)
		model_use_location(m, name, url);
	else if (strcmp(action, "location.validate") == 0)
		model_open(m, &screen_validate, name);
	else if (strcmp(action, "location.edit") == 0)
		model_open(m, &screen_location_new, name);
	else
		return false;
	return true;
}

static void
draw_one(struct model *m, struct screen *s, struct area a)
{
	(void)m;
	pager_draw(&((struct one *)s->state)->pager, a);
}

static struct pager *
one_pager(struct screen *s)
{
	return &((struct one *)s->state)->pager;
}

const struct screen_type screen_location = {
	.name = "location", .mask = IN_VIEWER, .state_size = sizeof(struct one), .open = open_one, .close = close_one,
	.load = load_one, .event = event_one, .draw = draw_one, .pager = one_pager, .act = act_one,
};
