/* A backup in the bucket: claim, side files, metadata; and undoing it. */
#include "engine/backup_impl.h"

#include "archive/layout.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "data/jwrite.h"
#include "engine/catalog.h"
#include "engine/chain.h"
#include "engine/side_files.h"

#include <string.h>
#include <unistd.h>

#define CLEANUP_NS  (15 * NS_PER_S)
#define LARGE_FILE  (1 * MIB)

/* --- the name --- */

struct stray { const char *claim; char *key; };

/* Ends the listing with the first key that is not our claim. */
static int
on_stray(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	struct stray *s = ctx;

	(void)info;
	if (strcmp(key, s->claim) == 0)
		return 0;
	s->key = xstrdup(key);
	return err_set(e, EK_EXISTS, "%s", key);
}

/* The name has files: of a backup, or of what was or is to become one. */
static int
refuse_name(struct store *st, const char *name, const char *stray, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *meta = layout_key(name, LAYOUT_METADATA);
	struct store_info info;
	struct err why;

	if (store_head(st, meta, &info, c, &why) == 0)
		return err_set(e, EK_EXISTS, "exists already in %s", store_label(st));
	if (why.kind != EK_NOTFOUND) {
		*e = why;
		return -1;
	}
	if (stray == NULL)
		return err_set(e, EK_EXISTS, "is being made by somebody else in %s right now; if you know that run to have "
			"ended, delete its files with 'orlop backup delete %s'", store_label(st), name);
	return err_set(e, EK_EXISTS, "there are files of an unfinished run (%s): delete them with "
		"'orlop backup delete %s', or choose another name", stray, name);
}

static void
write_claim(const char *job, struct buf *doc)
{
	char host[256] = "", now[CLOCK_TEXT_MAX];
	struct err never;
	struct jw w;

	(void)gethostname(host, sizeof host - 1);
	jw_init(&w, doc, false);
	jw_obj(&w);
	jw_kv_text(&w, "host", host);
	jw_kv_int(&w, "pid", getpid());
	jw_kv_text(&w, "job", job);
	jw_kv_text(&w, "started", clock_rfc3339(now, clock_unix_ns()));
	jw_obj_end(&w);
	assert_that(jw_done(&w, &never) == 0);
}

/*
 * The claim first, then a look around: nobody else can begin, or be between its beginning and its end, when what is
 * found is judged.
 */
int
backup_claim(struct store *st, const char *name, const char *job, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *key = NULL;
	AUTO_FREE char *dir = NULL;
	AUTO_BUF struct buf doc = BUF_INIT(LIMIT_SMALL_BODY);
	struct cancel cleanup = { .deadline_mono_ns = clock_mono_ns() + CLEANUP_NS };
	struct stray stray = { 0 };
	struct err ignored;
	int rc;

	if (layout_check_name("backup", name, e) < 0)
		return -1;
	key = layout_key(name, LAYOUT_CLAIM);
	dir = layout_backup_dir(name);
	write_claim(job, &doc);
	if (store_create(st, key, buf_str(&doc), c, e) < 0)
		return e->kind == EK_EXISTS ? refuse_name(st, name, NULL, c, e) : -1;
	stray.claim = key;
	rc = store_list(st, dir, false, on_stray, &stray, c, e);
	if (stray.key != NULL)
		rc = refuse_name(st, name, stray.key, c, e);
	free(stray.key);
	if (rc < 0)
		(void)!store_delete(st, key, &cleanup, &ignored);
	return rc;
}

int
backup_abandon(struct store *st, const char *name, struct err *e)
{
	struct cancel c = { .deadline_mono_ns = clock_mono_ns() + CLEANUP_NS };
	size_t keys;

	if (catalog_delete(st, name, &keys, &c, e) < 0 && e->kind != EK_NOTFOUND)
		return err_ctx(e, "could not remove the unfinished backup '%s'", name);
	return 0;
}

/* --- the bucket --- */

/* A large one goes by itself and first: its memory then serves for what follows. */
static int
put_large(struct backup_work *run, struct side_files *files, struct err *e)
{
	const struct side_file *last = &files->at[files->n - 1];

	if (last->gz.len <= LARGE_FILE)
		return 0;
	if (side_files_put(files, run->st, run->c, e) < 0)
		return -1;
	for (size_t i = 0; i < files->n; i++)
		chain_add(run->b, files->at[i].f, buf_str(&files->at[i].gz));
	side_files_done(files);
	return 0;
}

int
backup_put_side_files(struct backup_work *run, struct err *e)
{
	static const enum layout_file empty_lists[] = { LAYOUT_VOLUMESNAPSHOTS, LAYOUT_PODVOLUMEBACKUPS,
		LAYOUT_ITEMOPERATIONS };
	AUTO_SIDE_FILES struct side_files files = { .name = run->o->name };
	AUTO_BUF struct buf results = BUF_INIT(LIMIT_SIDE_FILE);
	AUTO_BUF struct buf volumes = BUF_INIT(LIMIT_SIDE_FILE);

	if (tar_writer_index(run->tar, side_files_add(&files, LAYOUT_INDEX), e) < 0 || put_large(run, &files, e) < 0
	    || tar_writer_hashes(run->tar, side_files_add(&files, LAYOUT_HASHES), e) < 0 || put_large(run, &files, e) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(empty_lists); i++)
		if (side_files_pack(&files, empty_lists[i], S("[]\n"), e) < 0)
			return -1;
	if (vreslist_pack(run->list, side_files_add(&files, LAYOUT_RESOURCE_LIST), e) < 0
	    || vvolumes_write(&run->volumes, &volumes, e) < 0
	    || side_files_pack(&files, LAYOUT_VOLUMEINFO, buf_str(&volumes), e) < 0
	    || vresults_write(report_results(run->r), &results, e) < 0
	    || side_files_pack(&files, LAYOUT_RESULTS, buf_str(&results), e) < 0)
		return -1;
	report_log(run->r, "Backup completed");
	if (report_take_log(run->r, side_files_add(&files, LAYOUT_LOGS), e) < 0)
		return -1;
	for (size_t i = 0; i < files.n; i++)
		chain_add(run->b, files.at[i].f, buf_str(&files.at[i].gz));
	return side_files_put(&files, run->st, run->c, e);
}

/* --- metadata --- */

static void
describe_run(struct backup_work *run, const struct k8s_info *info)
{
	static const enum tristate tri[] = { [OPT_UNSET] = TRI_UNSET, [OPT_NO] = TRI_FALSE, [OPT_YES] = TRI_TRUE };
	struct vbackup *b = run->b;
	char uuid[UUID_MAX];

	b->name = xstrdup(run->o->name);
	b->namespace_ = xstrdup("velero");
	b->uid = xstrdup(random_uuid(uuid));
	b->start_unix_ns = b->created_unix_ns = clock_unix_ns();
	run->start_mono_ns = clock_mono_ns();
	b->expiration_unix_ns = b->start_unix_ns + run->o->ttl_ns;
	b->ttl_ns = run->o->ttl_ns;
	b->storage_location = xstrdup("default");
	b->format_version = xstrdup("1.1.0");
	b->snapshot_volumes = TRI_FALSE;
	b->include_cluster = tri[run->o->filter.include_cluster];
	strs_copy(&b->inc_namespaces, &run->o->filter.inc_namespaces);
	strs_copy(&b->exc_namespaces, &run->o->filter.exc_namespaces);
	strs_copy(&b->inc_resources, &run->o->filter.inc_resources);
	strs_copy(&b->exc_resources, &run->o->filter.exc_resources);
	kvs_set(&b->labels, VB_LABEL_STORAGE, "default");
	for (size_t i = 0; i < run->o->labels.len; i++) {
		struct str rest = str_of(run->o->labels.at[i]), key;
		AUTO_FREE char *k = NULL;

		(void)str_split(&rest, '=', &key);
		k = str_dup(key);
		kvs_set(&b->labels, k, rest.p != NULL ? rest.p : "");
	}
	kvs_set(&b->annotations, VB_ANNOT_TIMEOUT, "10m0s");
	kvs_set(&b->annotations, VB_ANNOT_GIT_VERSION, info->git_version);
	kvs_set(&b->annotations, VB_ANNOT_MAJOR, info->major);
	kvs_set(&b->annotations, VB_ANNOT_MINOR, info->minor);
	kvs_set(&b->annotations, VB_ANNOT_VERSION, PACKAGE_VERSION);
	if (run->o->filter.inc_names != NULL || run->o->filter.exc_names != NULL || run->o->policies != NULL)
		kvs_set(&b->annotations, VB_ANNOT_PICKED, "true");
	if (info->uid[0] != '\0')
		kvs_set(&b->annotations, VB_ANNOT_CLUSTER_UID, info->uid);
	if (run->o->cluster_name != NULL)
		kvs_set(&b->annotations, VB_ANNOT_CLUSTER_NAME, run->o->cluster_name);
}

/* Resolved names where there are any, so that they mean the same to others; "*" is not resolved. */
static void
describe_scopes(struct backup_work *run)
{
	const struct filter_opts *f = &run->o->filter;
	struct selection_scopes s = selection_scopes(run->sel);
	struct vbackup *b = run->b;

	strs_copy(&b->inc_cluster_resources, s.inc_cluster->len > 0 ? s.inc_cluster : &f->inc_cluster_resources);
	strs_copy(&b->exc_cluster_resources, s.exc_cluster->len > 0 ? s.exc_cluster : &f->exc_cluster_resources);
	strs_copy(&b->inc_ns_resources, s.inc_ns->len > 0 ? s.inc_ns : &f->inc_ns_resources);
	strs_copy(&b->exc_ns_resources, s.exc_ns->len > 0 ? s.exc_ns : &f->exc_ns_resources);
}

static int
describe_selectors(struct backup_work *run, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_CONFIG);
	bool any_of = run->o->filter.or_selectors.len > 0;
	struct jw w;

	if (selection_selectors(run->sel) == 0)
		return 0;
	jw_init(&w, &json, false);
	if (any_of)
		jw_arr(&w);
	for (size_t i = 0; i < selection_selectors(run->sel); i++)
		selector_json(selection_selector(run->sel, i), &w);
	if (any_of)
		jw_arr_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	*(any_of ? &run->b->or_selectors_json : &run->b->selector_json) = buf_take(&json, NULL);
	return 0;
}

int
backup_describe(struct backup_work *run, const struct k8s_info *info, struct err *e)
{
	describe_run(run, info);
	describe_scopes(run);
	return describe_selectors(run, e);
}

int
backup_publish(struct backup_work *run, struct err *e)
{
	struct vbackup *b = run->b;
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	AUTO_FREE char *key = layout_key(b->name, LAYOUT_METADATA);
	AUTO_FREE char *claim_key = layout_key(b->name, LAYOUT_CLAIM);
	struct err why;

	b->warnings = (int64_t)report_count(run->r, RESULT_WARNING);
	b->errors = (int64_t)report_count(run->r, RESULT_ERROR);
	b->phase = xstrdup(b->errors > 0 ? "PartiallyFailed" : "Completed");
	b->total_items = b->items_backed_up = (int64_t)run->items;
	/* Never before the start, whatever was done to the clock meanwhile. */
	b->completion_unix_ns = b->start_unix_ns + clock_mono_ns() - run->start_mono_ns;
	if (chain_seal(b, &json, e) < 0 || store_create(run->st, key, buf_str(&json), run->c, e) < 0)
		return err_ctx(e, "upload %s", key);
	if (store_delete(run->st, claim_key, run->c, &why) < 0)
		report_note(run->r, "backup '%s' is complete, but its claim %s could not be deleted: %s", b->name,
			claim_key, why.msg);
	return 0;
}
