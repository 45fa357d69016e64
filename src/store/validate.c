/* Validation: runs the steps of a kind of store, tells of each, and leaves nothing behind. */
#include "store/validate_impl.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE  "store"
#define DETAIL_MAX  (8 * KIB)
#define CLEANUP_NS  (20 * NS_PER_S)      /* also when the user has interrupted */
#define SAMPLE_MAX  512                  /* bytes of an object that is there already */

void
facts_set(struct facts *f, enum fact which, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	free(f->at[which]);
	f->at[which] = text;
}

void
facts_done(struct facts *f)
{
	for (size_t i = 0; i < FACT_COUNT_; i++)
		free(f->at[i]);
	*f = (struct facts){ 0 };
}

void
check_warn(struct check *k, const char *reason, const char *fmt, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	(void)err_set(&k->warning, EK_CONFLICT, "%s", text);
	(void)snprintf(k->warning.reason, sizeof k->warning.reason, "%s", reason);
}

/* --- steps of every kind --- */

/* First-level folders that Velero accepts; any other makes a location Unavailable there (velero-format 1.1). */
static const char *const velero_folders[] = { "backups", "kopia", "metadata", "plugins", "restic", "restores" };

struct roots {
	size_t      good;
	struct buf *bad;
};

static int
see_root(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	struct roots *r = ctx;
	struct str name = str_sub(str_of(key), 0, strlen(key) - 1);

	(void)e;
	if (info)
		return 0;
	for (size_t i = 0; i < COUNT(velero_folders); i++)
		if (str_eqz(name, velero_folders[i])) {
			r->good++;
			return 0;
		}
	if (r->bad->max - r->bad->len > name.len + 8)
		buf_putf(r->bad, "%s" STR_FMT, r->bad->len ? " " : "", STR_ARG(name));
	else if (!str_ends(buf_str(r->bad), S("...")))
		buf_puts(r->bad, " ...");
	return 0;
}

int
check_list(struct check *k, struct err *e)
{
	AUTO_BUF struct buf bad = BUF_INIT(200);
	struct roots r = { .bad = &bad };

	if (store_list(k->st, "", true, see_root, &r, k->c, e) < 0)
		return -1;
	if (bad.len > 0) {
		(void)err_set(e, EK_INVALID, "Backup store contains invalid top-level directories: [%s]; a Velero server would "
			"call this location Unavailable", buf_cstr(&bad));
		(void)snprintf(e->reason, sizeof e->reason, "ForeignFolders");
		return -1;
	}
	buf_puts(&k->detail, r.good ? "holds backups or other data of Velero" : "empty");
	return 0;
}

static int
first_object(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	if (info == NULL || info->size == 0)
		return 0;
	*(char **)ctx = xstrdup(key);
	return err_set(e, EK_EXISTS, "that is enough");
}

/* Where nothing may be written: the beginning of what is there. */
static int
read_sample(struct check *k, struct err *e)
{
	AUTO_FREE char *key = NULL;
	AUTO_BUF struct buf got = BUF_INIT(SAMPLE_MAX);
	struct store_info info;
	struct err why = { 0 };

	if (store_list(k->st, "", false, first_object, &key, k->c, &why) < 0 && key == NULL) {
		*e = why;
		return -1;
	}
	if (key == NULL) {
		k->skip = SKIP_ALONE;
		buf_puts(&k->detail, "there is nothing to read yet");
		return 0;
	}
	if (store_head(k->st, key, &info, k->c, e) < 0 || store_get_range(k->st, key, 0,
	    info.size < SAMPLE_MAX ? (size_t)info.size : SAMPLE_MAX, &got, k->c, e) < 0)
		return -1;
	buf_putf(&k->detail, "%zu bytes of '%.200s'", got.len, key);
	return 0;
}

int
check_read(struct check *k, struct err *e)
{
	AUTO_BUF struct buf back = BUF_INIT(4 * KIB);
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX];

	if (k->st->read_only)
		return read_sample(k, e);
	if (store_get(k->st, k->key, &back, k->c, e) < 0)
		return -1;
	if (!str_eqz(buf_str(&back), k->text)) {
		(void)err_set(e, EK_CORRUPT, "read '%s' in %s: the store returned other bytes than were written", k->key,
			k->st->label);
		(void)snprintf(e->reason, sizeof e->reason, "ChangedBytes");
		return -1;
	}
	sha256(back.p, back.len, digest);
	(void)hex_encode(hex, digest, sizeof digest);
	buf_putf(&k->detail, "the same %zu bytes came back, SHA-256 %.8s...", back.len, hex);
	return 0;
}

int
check_range(struct check *k, struct err *e)
{
	const size_t from = 9, n = 4;            /* a group of the UUID */
	AUTO_BUF struct buf got = BUF_INIT(KIB);

	if (store_get_range(k->st, k->key, from, n, &got, k->c, e) < 0)
		return -1;
	if (!str_eq(buf_str(&got), str_sub(str_of(k->text), from, from + n))) {
		(void)err_set(e, EK_CORRUPT, "read bytes %zu to %zu of '%s' in %s: the store returned others", from, from + n - 1,
			k->key, k->st->label);
		(void)snprintf(e->reason, sizeof e->reason, "ChangedBytes");
		return -1;
	}
	buf_putf(&k->detail, "bytes %zu to %zu", from, from + n - 1);
	return 0;
}

/* --- running them --- */

struct run {
	struct check   check;
	unsigned       passed;                   /* bits of steps, by index */
	store_step_fn *on_step;
	void          *ctx;
};

static void
tell(const struct run *r, const struct store_step *row)
{
	LOG_DBG("validate %s: %d in %lld us: %s%s", row->name, row->status, (long long)(row->took_ns / NS_PER_US),
		row->detail, row->cause);
	if (r->on_step != NULL)
		r->on_step(r->ctx, row);
}

/* The name of a step that this one needs and that has not passed, NULL if there is none. */
static const char *
missing(const struct run *r, const struct checks *all, const struct check_step *step)
{
	/* Where nothing is written, what is read is there already. */
	for (size_t i = 0; i < all->n; i++)
		if ((step->needs & ~r->passed & (1u << i)) != 0 && !(all->steps[i].writes && r->check.st->read_only))
			return all->steps[i].name;
	return NULL;
}

static bool
skipped(const struct run *r, const struct checks *all, const struct check_step *step)
{
	const char *needed = missing(r, all, step);
	AUTO_FREE char *why = NULL;

	if (step->writes && r->check.st->read_only)
		why = xstrdup("accessMode is ReadOnly: nothing is written");
	else if (needed != NULL)
		why = xasprintf("needs '%s'", needed);
	if (why == NULL)
		return false;
	tell(r, &(struct store_step){ .name = step->name, .status = STEP_SKIPPED, .detail = why, .cause = "",
		.remedy = "" });
	return true;
}

static void
begin_step(struct check *k, const struct check_step *step)
{
	buf_cut(&k->detail, 0);
	k->warning = (struct err){ 0 };
	k->skip = SKIP_NOTHING;
	k->took_ns = -1;
	if (step->action != NULL) {
		facts_set(&k->facts, FACT_ACTION, "%s", step->action);
		facts_set(&k->facts, FACT_RESOURCE, "%s", k->facts.at[step->resource] != NULL
			? k->facts.at[step->resource] : "");
	}
}

/* AWS says which permission it is: "... is not authorized to perform: s3:PutObject on resource: ..." */
static void
note_action(struct check *k, const struct err *why)
{
	static const char mark[] = "perform: ";
	const char *at = strstr(why->msg, mark);

	if (at != NULL)
		facts_set(&k->facts, FACT_ACTION, "%.*s", (int)strcspn(at + sizeof mark - 1, " ;,"), at + sizeof mark - 1);
}

static int
run_step(struct run *r, size_t nth, const struct check_step *step, struct err *e)
{
	struct check *k = &r->check;
	AUTO_BUF struct buf remedy = BUF_INIT(DETAIL_MAX);
	struct store_step row = { .name = step->name, .cause = "" };
	int64_t start = clock_mono_ns();
	struct err why = { 0 };
	int rc;

	begin_step(k, step);
	rc = step->run(k, &why);
	if (rc < 0 && (why.kind == EK_CANCELED || cancel_is_hit(k->c))) {
		*e = why;
		return -1;
	}
	row.took_ns = k->took_ns >= 0 ? k->took_ns : clock_mono_ns() - start;
	row.detail = buf_cstr(&k->detail);
	if (rc == 0 && k->skip != SKIP_NOTHING) {
		row.status = STEP_SKIPPED;
	} else if (rc == 0 && k->warning.kind == EK_NONE) {
		row.status = STEP_OK;
	} else {
		const struct err *cause = rc < 0 ? &why : &k->warning;

		row.status = rc < 0 ? STEP_FAILED : STEP_WARNING;
		row.cause = cause->msg;
		note_action(k, cause);
		remedy_of(step->name, cause, &k->facts, &remedy);
	}
	row.remedy = buf_cstr(&remedy);
	if (rc == 0 && k->skip != SKIP_WITH_REST)
		r->passed |= 1u << nth;
	tell(r, &row);
	if (rc < 0)
		*e = why;
	return rc;
}

int
store_validate(struct store *st, bool volumes, store_step_fn *on_step, void *ctx, const struct cancel *c, struct err *e)
{
	const struct checks *all = st->ops->checks;
	struct run r = { .check = { .st = st, .c = c, .detail = BUF_INIT(DETAIL_MAX) }, .on_step = on_step, .ctx = ctx };
	struct cancel cleanup;
	struct err first = { 0 };

	(void)snprintf(r.check.key, sizeof r.check.key, PROBE_FOLDER "%s", random_uuid(r.check.text));
	facts_set(&r.check.facts, FACT_PROBE, "%s", r.check.key);
	all->begin(&r.check);
	for (size_t i = 0; i < all->n && first.kind != EK_CANCELED; i++) {
		struct err why = { 0 };

		if (all->steps[i].volumes && !volumes)
			continue;
		if (!skipped(&r, all, &all->steps[i]) && run_step(&r, i, &all->steps[i], &why) < 0
		    && (first.kind == EK_NONE || why.kind == EK_CANCELED))
			first = why;
	}
	cleanup = (struct cancel){ .deadline_mono_ns = clock_mono_ns() + CLEANUP_NS };
	all->end(&r.check, &cleanup);
	facts_done(&r.check.facts);
	buf_free(&r.check.detail);
	if (first.kind == EK_NONE)
		return 0;
	*e = first;
	return -1;
}
