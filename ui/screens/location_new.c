/* Adding and changing a backup location, and trying it out while it is typed in (ui.md 4.5). */
#include "base/attr.h"
#include "base/mem.h"
#include "base/secret.h"
#include "data/jdoc.h"
#include "ui/model_impl.h"
#include "ui/screens/checks.h"
#include "ui/screens/screens.h"

#include <stdlib.h>
#include <string.h>

#define STEP_ROWS 9              /* of 24 lines; more where there are more */
#define FORM_ROWS 4              /* at least: a few fields and the buttons */

static const char *const providers[] = { "AWS", "MinIO", "S3-compatible", "Directory", NULL };
static const char *const provider_words[] = { "aws", "minio", "s3", "dir" };
static const char *const accounts[] = { "Credentials", "STS", "Environment", NULL };
static const char *const account_words[] = { "credentials", "sts", "environment" };

static bool is_dir(const struct form *f) { return form_is(f, "provider", "Directory"); }
static bool is_s3(const struct form *f) { return !is_dir(f); }
static bool is_aws(const struct form *f) { return form_is(f, "provider", "AWS"); }
static bool is_own(const struct form *f) { return is_s3(f) && !is_aws(f); }
static bool is_sts(const struct form *f) { return is_s3(f) && form_is(f, "account", "STS"); }
static bool has_keys(const struct form *f) { return is_s3(f) && !form_is(f, "account", "Environment"); }
static bool has_error(const struct form *f) { return form_get(f, "error")[0] != '\0'; }

static bool
check_name(const char *v, struct buf *why)
{
	if (v[0] != '\0' && strpbrk(v, " /\\:?*") == NULL)
		return true;
	buf_puts(why, "a name of letters, digits, '-', '_' and '.'");
	return false;
}

static bool
check_bucket(const char *v, struct buf *why)
{
	size_t n = strlen(v);

	if (n >= 3 && n <= 63 && strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n)
		return true;
	buf_puts(why, "bucket names are 3-63 of a-z 0-9 . -");
	return false;
}

static bool
check_url(const char *v, struct buf *why)
{
	if (strncmp(v, "https://", 8) == 0 || strncmp(v, "http://", 7) == 0)
		return true;
	buf_puts(why, "the address of the store's API: https://HOST:PORT");
	return false;
}

static bool
check_path(const char *v, struct buf *why)
{
	if (v[0] != '\0')
		return true;
	buf_puts(why, "the folder for the backups");
	return false;
}

/* Ids are keys of location_field_set, but for those in upper case. */
static const struct field fields[] = {
	{ .id = "NAME", .label = "Location Name", .kind = FIELD_TEXT, .check = check_name },
	{ .id = "provider", .label = "Location Provider", .kind = FIELD_CHOICE, .choices = providers },
	{ .id = "path", .label = "Folder", .kind = FIELD_TEXT, .shown = is_dir, .check = check_path },
	{ .id = "certificate", .label = "Certificate", .kind = FIELD_TEXT, .shown = is_own, .lines = true,
		.hint = "a PEM file, or paste PEM; none: public CAs" },
	{ .id = "bucket", .label = "S3 Bucket", .kind = FIELD_TEXT, .shown = is_s3, .check = check_bucket },
	{ .id = "prefix", .label = "  prefix", .kind = FIELD_TEXT, .shown = is_s3 },
	{ .id = "CONFIG", .label = "Configuration", .kind = FIELD_TEXT, .shown = is_s3,
		.hint = "paste region=..,s3Url=.. to fill in" },
	{ .id = "region", .label = "  region", .kind = FIELD_TEXT, .shown = is_s3, .hint = "found out, or us-east-1" },
	{ .id = "s3Url", .label = "  s3Url", .kind = FIELD_TEXT, .shown = is_own, .hint = "https://HOST:9000", .check = check_url },
	{ .id = "s3ForcePathStyle", .label = "  s3ForcePathStyle", .kind = FIELD_CHECK, .shown = is_own,
		.hint = "required for MinIO" },
	{ .id = "account", .label = "Account", .kind = FIELD_CHOICE, .choices = accounts, .shown = is_s3 },
	{ .id = "roleArn", .label = "  role ARN", .kind = FIELD_TEXT, .shown = is_sts, .hint = "arn:aws:iam::ACCOUNT:role/NAME" },
	{ .id = "externalId", .label = "  External ID", .kind = FIELD_TEXT, .shown = is_sts, .hint = "made up" },
	{ .id = "ACCESS_KEY", .label = "  access key", .kind = FIELD_TEXT, .shown = has_keys },
	{ .id = "SECRET", .label = "  secret key", .kind = FIELD_SECRET, .shown = has_keys },
	{ .id = "accessMode", .label = "Read-only", .kind = FIELD_CHECK, .shown = is_s3, .hint = "for restores only" },
	{ .id = "error", .kind = FIELD_NOTE, .shown = has_error },
	{ .id = "validate", .label = "Validate", .kind = FIELD_BUTTON },
	{ .id = "create", .label = "Create", .kind = FIELD_BUTTON },
	{ .id = "cancel", .label = "Cancel", .kind = FIELD_BUTTON },
};

struct location_form {
	struct form        form;
	struct check_steps steps;
	bool               tried, done, good;       /* validating has begun, has ended, with nothing that failed */
	uint64_t           trying, saving;
	char              *name, *url;              /* of what was saved */
};

/* --- fields and words --- */

static const char *
word_of(const struct form *f, const char *id)
{
	const char *v = form_get(f, id);

	for (size_t i = 0; strcmp(id, "provider") == 0 && i < COUNT(provider_words); i++)
		if (strcmp(providers[i], v) == 0)
			return provider_words[i];
	for (size_t i = 0; strcmp(id, "account") == 0 && i < COUNT(account_words); i++)
		if (strcmp(accounts[i], v) == 0)
			return account_words[i];
	if (strcmp(id, "s3ForcePathStyle") == 0)
		return form_yes(f, id) ? "true" : "false";
	if (strcmp(id, "accessMode") == 0)
		return form_yes(f, id) ? "ReadOnly" : "ReadWrite";
	return v;
}

static bool
is_key(const struct field *d)
{
	return d->kind != FIELD_NOTE && d->kind != FIELD_BUTTON && (d->id[0] < 'A' || d->id[0] > 'Z');
}

static void
fill_request(const struct model *m, const struct screen *s, struct request *r)
{
	const struct form *f = &((const struct location_form *)s->state)->form;
	const char *secret = form_get(f, "SECRET");

	r->project = xstrdup_or_null(m->opts.project);
	r->name = xstrdup(form_get(f, "NAME"));
	r->replace = s->arg != NULL;
	for (size_t i = 0; i < COUNT(fields); i++) {
		const char *id = fields[i].id;
		AUTO_FREE char *pair = NULL;

		if (!is_key(&fields[i]) || (fields[i].shown != NULL && !fields[i].shown(f))
		    || (!r->replace && word_of(f, id)[0] == '\0'))
			continue;
		/* A made-up External ID stays what it is. */
		if (strcmp(id, "externalId") == 0 && word_of(f, id)[0] == '\0')
			continue;
		pair = xasprintf("%s=%s", id, word_of(f, id));
		strs_add(&r->fields, pair);
	}
	if (!has_keys(f) || (form_get(f, "ACCESS_KEY")[0] == '\0' && secret[0] == '\0'))
		return;
	r->access_key = xstrdup(form_get(f, "ACCESS_KEY"));
	r->secret = secret_new(str_of(secret));
}

/* What a location has, by the names of its JSON. */
static void
fill_form(struct form *f, const cJSON *d)
{
	static const struct { const char *id, *path; } texts[] = {
		{ "NAME", "name" }, { "path", "path" }, { "certificate", "certificate" }, { "bucket", "bucket" },
		{ "prefix", "prefix" }, { "region", "config.region" }, { "s3Url", "config.s3Url" },
		{ "roleArn", "account.roleArn" }, { "externalId", "account.externalId" },
	};
	const char *provider = jdoc_text(d, "provider"), *account = jdoc_text(d, "account.type");
	const char *style = jdoc_text(d, "config.s3ForcePathStyle");

	for (size_t i = 0; i < COUNT(texts); i++)
		if (jdoc_text(d, texts[i].path) != NULL)
			form_set(f, texts[i].id, jdoc_text(d, texts[i].path));
	for (size_t i = 0; provider != NULL && i < COUNT(provider_words); i++)
		if (strcmp(provider_words[i], provider) == 0)
			form_set(f, "provider", providers[i]);
	form_set(f, "account", "Environment");
	for (size_t i = 0; account != NULL && i < COUNT(account_words); i++)
		if (strcmp(account_words[i], account) == 0)
			form_set(f, "account", accounts[i]);
	form_set(f, "s3ForcePathStyle", style != NULL && strcmp(style, "true") == 0 ? "yes" : "");
	form_set(f, "accessMode", jdoc_text(d, "accessMode") != NULL ? "yes" : "");
}

/* "region=..,s3ForcePathStyle=..,s3Url=..": into their fields; what has none stays, and is named. */
static void
split_config(struct form *f)
{
	AUTO_FREE char *text = xstrdup(form_get(f, "CONFIG"));
	AUTO_BUF struct buf left = BUF_INIT(SIZE_MAX);
	struct str rest = str_of(text), one;

	while (rest.len > 0 && str_split(&rest, ',', &one)) {
		struct str value = str_trim(one), key;
		AUTO_FREE char *v = NULL;

		if (!str_split(&value, '=', &key))
			continue;
		v = str_dup(value);
		if (str_eqz(key, "region") || str_eqz(key, "bucket") || str_eqz(key, "prefix") || str_eqz(key, "s3Url")) {
			AUTO_FREE char *id = str_dup(key);

			form_set(f, id, v);
			if (str_eqz(key, "s3Url") && is_aws(f))
				form_set(f, "provider", "S3-compatible");
		} else if (str_eqz(key, "s3ForcePathStyle")) {
			form_set(f, "s3ForcePathStyle", strcmp(v, "true") == 0 ? "yes" : "");
		} else {
			buf_putf(&left, "%s" STR_FMT, left.len > 0 ? "," : "", STR_ARG(str_trim(one)));
		}
	}
	form_set(f, "CONFIG", buf_cstr(&left));
	if (left.len > 0)
		form_error(f, "CONFIG", "no field for this: 'orlop location add --config' takes it");
}

/* --- the draft --- */

static void
keep_draft(struct model *m, const struct form *f)
{
	strs_free(&m->location_draft);
	for (size_t i = 0; i < COUNT(fields); i++) {
		AUTO_FREE char *pair = NULL;

		if (fields[i].kind == FIELD_SECRET || fields[i].kind == FIELD_NOTE || fields[i].kind == FIELD_BUTTON)
			continue;
		pair = xasprintf("%s=%s", fields[i].id, form_get(f, fields[i].id));
		strs_add(&m->location_draft, pair);
	}
}

static void
take_draft(const struct model *m, struct form *f)
{
	for (size_t i = 0; i < m->location_draft.len; i++) {
		struct str value = str_of(m->location_draft.at[i]), key;
		AUTO_FREE char *id = NULL;

		(void)str_split(&value, '=', &key);
		id = str_dup(key);
		form_set(f, id, value.p);
	}
}

/* --- the screen --- */

static void
open_form(struct model *m, struct screen *s)
{
	struct location_form *l = s->state;

	form_init(&l->form, fields, COUNT(fields));
	form_set(&l->form, "s3ForcePathStyle", "yes");
	free(s->title);
	s->title = s->arg != NULL ? xasprintf("Edit %s", s->arg) : xstrdup("Add New Backup Location");
	if (s->arg == NULL && m->location_draft.len > 0) {
		take_draft(m, &l->form);
		model_say(m, TOAST_INFO, "the draft is as you left it, but for the secret");
	}
}

static void
close_form(struct screen *s)
{
	struct location_form *l = s->state;

	form_done(&l->form);
	checks_clear(&l->steps);
	free(l->name);
	free(l->url);
}

static void
load(struct model *m, struct screen *s)
{
	struct request *r;

	if (s->arg == NULL)
		return;
	r = xcalloc(1, sizeof *r);
	r->op = OP_LOCATION_LIST;
	r->project = xstrdup_or_null(m->opts.project);
	s->ticket = model_ask(m, s, r);
}

static void
changed(struct model *m, struct screen *s)
{
	struct location_form *l = s->state;

	form_set(&l->form, "error", "");
	if (strchr(form_get(&l->form, "CONFIG"), '=') != NULL && strchr(form_get(&l->form, "CONFIG"), ',') != NULL)
		split_config(&l->form);
	/* What was found out is about what was there. */
	l->tried = l->done = l->good = false;
	if (l->trying != 0)
		model_cancel(m, l->trying);
	l->trying = 0;
	checks_clear(&l->steps);
	if (s->arg == NULL)
		keep_draft(m, &l->form);
}

static void
validate(struct model *m, struct screen *s)
{
	struct location_form *l = s->state;
	struct request *r;

	if (!acts_may(m, "location.validate"))
		return;
	if (strchr(form_get(&l->form, "CONFIG"), '=') != NULL)
		split_config(&l->form);
	if (l->trying != 0 || !form_check(&l->form))
		return;
	r = xcalloc(1, sizeof *r);
	r->op = OP_LOCATION_VALIDATE;
	fill_request(m, s, r);
	checks_clear(&l->steps);
	form_set(&l->form, "error", "");
	l->tried = true;
	l->done = l->good = false;
	l->trying = model_ask(m, s, r);
}

static void
save(struct model *m, struct screen *s, bool force)
{
	struct location_form *l = s->state;
	struct request *r;
	const char *why;

	if (!acts_allowed(m, &actions[action_find("location.new")], &why)) {
		form_set(&l->form, "error", why);
		return;
	}
	if (l->saving != 0 || !form_check(&l->form))
		return;
	if (l->tried && !l->good && !force) {
		form_set(&l->form, "error", !l->done ? "off: it is being validated (:force or F7 creates anyway)"
			: "off: it cannot be used yet (:force or F7 creates anyway)");
		return;
	}
	r = xcalloc(1, sizeof *r);
	r->op = OP_LOCATION_SAVE;
	fill_request(m, s, r);
	l->saving = model_ask(m, s, r);
}

static void
saved(struct model *m, struct location_form *l)
{
	AUTO_FREE char *name = TAKE(l->name), *url = TAKE(l->url);
	bool first = m->opts.location_url == NULL, tried = l->done, good = l->good;

	strs_free(&m->location_draft);
	if (tried)
		model_checked(m, name, good);
	model_back(m);
	model_say(m, TOAST_INFO, "location %s is saved", name);
	/* There was nothing to look at before. */
	if (first && url != NULL)
		model_use_location(m, name, url);
}

static void
take_row(struct location_form *l, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = NULL;
	const char *name;

	if (ticket == l->trying) {
		checks_add(&l->steps, (struct str){ ev->text, ev->len });
		return;
	}
	d = jdoc_parse((struct str){ ev->text, ev->len }, &ignored);
	name = jdoc_text(d, "name");
	if (name == NULL)
		return;
	if (ticket == l->saving) {
		free(l->name);
		free(l->url);
		l->name = xstrdup(name);
		l->url = xstrdup_or_null(jdoc_text(d, "url"));
	} else if (s->arg != NULL && strcmp(name, s->arg) == 0) {
		fill_form(&l->form, d);
	}
}

static void
event(struct model *m, struct screen *s, uint64_t ticket, const struct event *ev)
{
	struct location_form *l = s->state;

	if (ev->kind == EV_ROW)
		take_row(l, s, ticket, ev);
	if (ev->kind != EV_END)
		return;
	if (ev->end == END_FAILED)
		form_setf(&l->form, "error", "%s", ev->err.msg);
	if (ticket == l->trying) {
		l->trying = 0;
		l->done = true;
		l->good = ev->end == END_DONE;
	} else if (ticket == l->saving) {
		l->saving = 0;
		if (ev->end == END_DONE && m->top == s)
			saved(m, l);
	}
}

static void
pressed(struct model *m, struct screen *s, const char *button)
{
	if (strcmp(button, "validate") == 0) {
		validate(m, s);
	} else if (strcmp(button, "create") == 0) {
		save(m, s, false);
	} else {
		if (s->arg == NULL)
			strs_free(&m->location_draft);
		model_back(m);
	}
}

static bool
act(struct model *m, struct screen *s, const char *action)
{
	if (strcmp(action, "location.try") == 0)
		validate(m, s);
	else if (strcmp(action, "location.force") == 0)
		save(m, s, true);
	else
		return false;
	return true;
}

static void
draw(struct model *m, struct screen *s, struct area a)
{
	struct location_form *l = s->state;
	int rows = a.rows / 2 > STEP_ROWS ? a.rows / 2 : STEP_ROWS;
	struct area below;

	rows = rows < a.rows - FORM_ROWS ? rows : a.rows - FORM_ROWS;
	if (!l->tried) {
		(void)form_draw(&l->form, a, m->dialog.fn == NULL);
		return;
	}
	(void)form_draw(&l->form, area_part(a, 0, 0, a.rows - rows, a.cols), m->dialog.fn == NULL);
	below = area_part(a, a.rows - rows, 0, rows, a.cols);
	area_rule(below, 0, ROLE_RULE);
	if (!l->done)
		area_putf(below, 0, 2, ROLE_TITLE, " Validate: %zu steps so far ", l->steps.len);
	else if (l->good)
		area_putf(below, 0, 2, ROLE_STATE_OK, " Validate: %zu steps, it can be used ", l->steps.len);
	else
		area_putf(below, 0, 2, ROLE_STATE_FAILED, " Validate: %zu of %zu steps failed ", l->steps.failed, l->steps.len);
	checks_draw(&l->steps, area_part(below, 1, 0, rows - 1, a.cols));
}

static struct form *
form(struct screen *s)
{
	return &((struct location_form *)s->state)->form;
}

const struct screen_type screen_location_new = {
	.name = "location-new", .mask = IN_FORM, .state_size = sizeof(struct location_form), .open = open_form,
	.close = close_form, .load = load, .event = event, .draw = draw, .form = form, .changed = changed, .pressed = pressed,
	.act = act,
};
