/*
 * DESIGN
 *
 * Who has the name of a restore, and who works on it.  All by files that are created only if absent:
 *
 *   restore-R-orlop-request.json     what was asked, and the record until the restore has ended: that is written once, as
 *                                    some buckets keep what they have.  Stays.  Whoever creates it has the name.
 *   restore-R-orlop-plan.json.gz     the plan that it executes, if it does; stays
 *   restore-R-orlop-run-000001.json  who began it; goes when that run has ended, whatever its end was
 *   restore-R-orlop-run-000002.json  who continued it when 1 was dead: of two at once, one creates it
 *
 * A run that was killed leaves its file.  That it is dead is for the caller to know: by the lock of its journal.
 */
#include "engine/restore_impl.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/parse.h"
#include "data/jdoc.h"
#include "data/jwrite.h"
#include "engine/restore_request.h"
#include "k8s/server.h"

#include <string.h>
#include <unistd.h>

/* --- the request --- */

static int
request_json(struct restore *rs, const char *cluster, struct buf *out, struct err *e)
{
	AUTO_BUF struct buf record = BUF_INIT(LIMIT_METADATA);
	char time[CLOCK_TEXT_MAX], id[SHA256_HEX];
	struct jw w;

	if (restore_describe(rs, "InProgress", NULL, &record, e) < 0)
		return -1;
	jw_init(&w, out, true);
	jw_obj(&w);
	jw_kv_uint(&w, "version", 1);
	jw_kv_text(&w, "started", clock_rfc3339(time, rs->start_unix_ns));
	jw_kv_text(&w, "backup", restore_backup_id(&rs->backup, id));
	jw_kv_text(&w, "cluster", cluster);
	if (rs->o->planned != NULL)
		jw_kv_bool(&w, "planned", true);
	jw_key(&w, "options");
	restore_request_write(rs->o, &w);
	jw_key(&w, "record");
	jw_raw(&w, buf_str(&record));
	jw_obj_end(&w);
	return jw_done(&w, e);
}

static int
get_request(struct store *st, const char *name, struct buf *out, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *key = layout_key(name, LAYOUT_RESTORE_REQUEST);

	if (store_get(st, key, out, c, e) == 0)
		return json_check(buf_str(out), e) < 0 ? err_ctx(e, "%s", key) : 0;
	return e->kind == EK_NOTFOUND ? err_set(e, EK_NOTFOUND, "%s has no restore '%s' that wrote down what was asked of it",
		store_label(st), name) : -1;
}

int
restore_get_record(struct store *st, const char *name, struct buf *out, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *key = layout_key(name, LAYOUT_RESTORE_RECORD);
	AUTO_BUF struct buf request = BUF_INIT(LIMIT_METADATA);
	struct str record;

	if (store_get(st, key, out, c, e) == 0)
		return json_check(buf_str(out), e) < 0 ? err_ctx(e, "%s", key) : 0;
	if (e->kind != EK_NOTFOUND || get_request(st, name, &request, c, e) < 0)
		return -1;
	return jget(buf_str(&request), "record", &record) ? buf_add_str(out, record, e)
		: err_set(e, EK_CORRUPT, "the request of restore '%s' has no record", name);
}

/* --- runs --- */

static int
last_key(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	char **last = ctx;

	(void)info, (void)e;
	free(*last);
	*last = xstrdup(key);
	return 0;
}

/* *number: of the last run whose file is there; 0: none. */
static int
last_run(struct store *st, const char *name, uint64_t *number, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *prefix = layout_restore_run(name, 0);
	AUTO_FREE char *key = NULL;
	struct str digits;

	*number = 0;
	if (store_list(st, prefix, false, last_key, &key, c, e) < 0)
		return -1;
	if (key == NULL)
		return 0;
	digits = str_sub(str_of(key), strlen(prefix), strlen(key) - strlen(".json"));
	while (digits.len > 1 && digits.p[0] == '0')
		digits = str_sub(digits, 1, digits.len);
	return parse_u64(digits, 999999, number) ? 0 : err_set(e, EK_CORRUPT, "%s: unexpected file", key);
}

static int
run_json(const struct restore *rs, struct buf *out, struct err *e)
{
	char time[CLOCK_TEXT_MAX], host[256] = "";
	struct jw w;

	(void)gethostname(host, sizeof host - 1);
	jw_init(&w, out, true);
	jw_obj(&w);
	jw_kv_text(&w, "job", rs->o->job != NULL ? rs->o->job : "");
	jw_kv_text(&w, "host", host);
	jw_kv_text(&w, "started", clock_rfc3339(time, rs->start_unix_ns));
	jw_obj_end(&w);
	return jw_done(&w, e);
}

/* --- claiming --- */

static int
claim_new(struct restore *rs, struct str request, struct str run, struct err *e)
{
	AUTO_FREE char *request_key = layout_key(rs->o->name, LAYOUT_RESTORE_REQUEST);
	AUTO_FREE char *run_key = layout_restore_run(rs->o->name, 1);

	if (store_create(rs->st, request_key, request, rs->c, e) < 0)
		return -1;
	if (rs->o->planned != NULL) {
		AUTO_FREE char *plan_key = layout_key(rs->o->name, LAYOUT_RESTORE_PLAN);

		if (store_put(rs->st, plan_key, planned_packed(rs->o->planned), rs->c, e) < 0)
			return -1;
	}
	return store_put(rs->st, run_key, run, rs->c, e);
}

static int
check_ground(struct store *st, const char *name, const char *member, const char *is, const char *said, const struct cancel *c,
	struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	struct str raw;

	if (get_request(st, name, &json, c, e) < 0)
		return -1;
	return jget(buf_str(&json), member, &raw) && jstr_eq(raw, str_of(is)) ? 0 : err_set(e, EK_CONFLICT, "%s", said);
}

int
restore_check_cluster(struct store *st, const char *name, const char *uid, const struct cancel *c, struct err *e)
{
	return check_ground(st, name, "cluster", uid, "it was begun in another cluster: --context names the right one", c, e);
}

static int
same_ground(struct restore *rs, const char *cluster, struct err *e)
{
	char id[SHA256_HEX];

	if (restore_check_cluster(rs->st, rs->o->name, cluster, rs->c, e) < 0)
		return -1;
	return check_ground(rs->st, rs->o->name, "backup", restore_backup_id(&rs->backup, id),
		"the backup is another one by now than when it was begun", rs->c, e);
}

static int
claim_again(struct restore *rs, const char *cluster, struct str run, struct err *e)
{
	AUTO_FREE char *run_key = layout_restore_run(rs->o->name, rs->o->runs + 1);

	if (same_ground(rs, cluster, e) < 0)
		return -1;
	if (store_create(rs->st, run_key, run, rs->c, e) == 0)
		return 0;
	return e->kind == EK_EXISTS ? err_set(e, EK_EXISTS, "somebody else continues restore '%s' already", rs->o->name) : -1;
}

int
restore_claim(struct restore *rs, struct err *e)
{
	AUTO_BUF struct buf request = BUF_INIT(LIMIT_METADATA);
	AUTO_BUF struct buf run = BUF_INIT(LIMIT_SMALL_BODY);
	struct k8s_info info = { 0 };
	struct err why;

	/* Who may not ask which cluster it is has nothing to compare later. */
	if (k8s_server_info(rs->k, &info, rs->c, &why) < 0 && why.kind == EK_CANCELED) {
		*e = why;
		return -1;
	}
	if (run_json(rs, &run, e) < 0)
		return -1;
	if (rs->o->runs > 0) {
		rs->claimed = claim_again(rs, info.uid, buf_str(&run), e) == 0;
		return rs->claimed ? 0 : -1;
	}
	if (request_json(rs, info.uid, &request, e) < 0)
		return -1;
	rs->claimed = claim_new(rs, buf_str(&request), buf_str(&run), &why) == 0;
	if (rs->claimed)
		return 0;
	if (why.kind == EK_EXISTS || why.kind == EK_CANCELED) {
		*e = why;
		return why.kind == EK_EXISTS ? err_set(e, EK_EXISTS, "exists already in %s", store_label(rs->st)) : -1;
	}
	/* One may restore from where one may not write. */
	report_note(rs->r, "should it be stopped, this restore cannot be continued: %s", why.msg);
	return 0;
}

bool
restore_has_claim(struct restore *rs)
{
	uint64_t number;
	struct err ignored;

	/* A store that does not answer says nothing against us. */
	return last_run(rs->st, rs->o->name, &number, rs->c, &ignored) < 0 || number == rs->o->runs + 1;
}

void
restore_unclaim(struct restore *rs)
{
	struct err why;

	if (!rs->claimed)
		return;
	/* Also those of dead runs; the last one goes last, so that the name is never free in between. */
	for (unsigned i = 1; i <= rs->o->runs + 1; i++) {
		AUTO_FREE char *key = layout_restore_run(rs->o->name, i);

		if (store_delete(rs->st, key, rs->c, &why) < 0) {
			report_note(rs->r, "%s could not be deleted: %s", key, why.msg);
			return;
		}
	}
}

/* --- what is left --- */

void
restore_left_done(struct restore_left *l)
{
	free(l->job);
	free(l->host);
	planned_free(l->plan);
	*l = (struct restore_left){ 0 };
}

static int
check_unended(struct store *st, const char *name, const struct cancel *c, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	AUTO_FREE char *key = layout_key(name, LAYOUT_RESTORE_RECORD);
	AUTO_JDOC cJSON *d = NULL;
	const char *phase;

	if (store_get(st, key, &json, c, e) < 0)
		return e->kind == EK_NOTFOUND ? 0 : -1;
	d = jdoc_parse(buf_str(&json), e);
	if (d == NULL)
		return err_ctx(e, "%s", key);
	phase = jdoc_text(d, "status.phase");
	if (phase == NULL || (strcmp(phase, "Completed") != 0 && strcmp(phase, "PartiallyFailed") != 0))
		return 0;
	return err_set(e, EK_EXISTS, "restore '%s' has ended (%s), there is nothing left to continue%s", name, phase,
		phase[0] == 'P' ? ": --retry-failed tries again what failed" : "");
}

static int
read_left(struct store *st, const char *name, struct restore_left *left, const struct cancel *c, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_FREE char *key = NULL;
	AUTO_JDOC cJSON *d = NULL;
	uint64_t number;

	if (last_run(st, name, &number, c, e) < 0)
		return -1;
	left->runs = number > 0 ? (unsigned)number : 1;
	if (number == 0)
		return 0;
	key = layout_restore_run(name, (unsigned)number);
	if (store_get(st, key, &json, c, e) < 0)
		return -1;
	d = jdoc_parse(buf_str(&json), e);
	if (d == NULL)
		return err_ctx(e, "%s", key);
	left->job = xstrdup(jdoc_text(d, "job") != NULL ? jdoc_text(d, "job") : "");
	left->host = xstrdup(jdoc_text(d, "host") != NULL ? jdoc_text(d, "host") : "");
	return 0;
}

/* The plan that it executes.  *out NULL: it was begun without one. */
static int
read_plan(struct store *st, const char *name, struct str request, struct planned **out, const struct cancel *c,
	struct err *e)
{
	AUTO_FREE char *key = layout_key(name, LAYOUT_RESTORE_PLAN);
	AUTO_BUF struct buf packed = BUF_INIT(LIMIT_SIDE_FILE);
	struct str raw;
	bool planned = false;

	*out = NULL;
	if (!jget(request, "planned", &raw) || !jbool(raw, &planned) || !planned)
		return 0;
	if (store_get(st, key, &packed, c, e) < 0 || (*out = planned_parse(buf_str(&packed), e)) == NULL)
		return err_ctx(e, "the plan that restore '%s' executes", name);
	return 0;
}

int
restore_recall(struct store *st, const char *name, struct restore_opts *o, struct restore_left *left,
	const struct cancel *c, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	struct str options;

	if (layout_check_name("restore", name, e) < 0 || (left != NULL && check_unended(st, name, c, e) < 0)
	    || get_request(st, name, &json, c, e) < 0)
		return -1;
	if (!jget(buf_str(&json), "options", &options))
		return err_set(e, EK_CORRUPT, "the request of restore '%s' has no options", name);
	if (restore_request_merge(options, o, e) < 0)
		return err_ctx(e, "restore '%s'", name);
	if (left == NULL)
		return 0;
	return read_left(st, name, left, c, e) < 0 ? -1 : read_plan(st, name, buf_str(&json), &left->plan, c, e);
}
