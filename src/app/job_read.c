/* Operations that show what a location holds. */
#include "app/job_ops.h"

#include "archive/layout.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "data/jscan.h"
#include "data/jwrite.h"
#include "engine/catalog.h"
#include "engine/lookup.h"
#include "engine/restore.h"
#include "engine/scope.h"
#include "engine/view.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* --- lists --- */

struct listing { struct job *j; size_t unreadable; };

static void
unreadable(struct listing *l, const char *name, const struct err *why)
{
	struct report_fns fns = job_report_fns(l->j);

	l->unreadable++;
	fns.finding(fns.ctx, &(struct finding){ .level = RESULT_ERROR, .resource = "backups", .name = name,
		.text = why->msg });
}

static int
on_catalog(void *ctx, const char *name, struct str json, const struct err *why, struct err *e)
{
	struct listing *l = ctx;
	AUTO_BUF struct buf row = BUF_INIT(LIMIT_METADATA);
	struct err bad;
	struct jw w;

	if (json.len > 0) {
		if (json_check(json, &bad) < 0)
			unreadable(l, name, &bad);
		else
			job_row(l->j, json);
		return 0;
	}
	if (why != NULL) {
		unreadable(l, name, why);
		return 0;
	}
	/* A restore by others: its name is all there is. */
	jw_init(&w, &row, false);
	jw_obj(&w);
	jw_kv_text(&w, "kind", "Restore");
	jw_key(&w, "metadata");
	jw_obj(&w);
	jw_kv_text(&w, "name", name);
	jw_obj_end(&w);
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	job_row(l->j, buf_str(&row));
	return 0;
}

static enum ev_end
list_catalog(struct job *j, int (*list)(struct store *, catalog_fn *, void *, const struct cancel *, struct err *),
	struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	struct listing l = { .j = j };

	if (st == NULL || list(st, on_catalog, &l, job_cancel(j), e) < 0)
		return job_failed(e);
	return l.unreadable > 0 ? END_PARTIAL : END_DONE;
}

enum ev_end
op_backup_list(struct job *j, struct err *e)
{
	return list_catalog(j, catalog_backups, e);
}

enum ev_end
op_restore_list(struct job *j, struct err *e)
{
	return list_catalog(j, catalog_restores, e);
}

/* --- describe --- */

/* Adds a side file as a member; null when there is none.  -1 only for an unreachable store. */
static int
add_side(struct jw *w, const char *key, struct store *st, const char *name, enum layout_file f,
	const struct cancel *c, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SIDE_FILE);
	struct str value;
	struct err why;

	jw_key(w, key);
	if (reader_side_file(st, name, f, &json, c, &why) == 0 && vside_value(buf_str(&json), &value, &why) == 0) {
		jw_raw(w, value);
		return 0;
	}
	if (why.kind != EK_NOTFOUND && why.kind != EK_CORRUPT && why.kind != EK_LIMIT) {
		*e = why;
		return -1;
	}
	jw_null(w);
	return 0;
}

static int
on_file(void *ctx, const char *key, uint64_t size, struct err *e)
{
	struct jw *w = ctx;

	(void)e;
	jw_obj(w);
	jw_kv_text(w, "key", key);
	jw_kv_uint(w, "size", size);
	jw_obj_end(w);
	return 0;
}

/* Members of the description and the files that they come from. */
static const struct { const char *key; enum layout_file file; } sides[] = {
	{ "results",              LAYOUT_RESULTS },
	{ "resourceList",         LAYOUT_RESOURCE_LIST },
	{ "volumes",              LAYOUT_VOLUMEINFO },
	{ "itemOperations",       LAYOUT_ITEMOPERATIONS },
	{ "podVolumeBackups",     LAYOUT_PODVOLUMEBACKUPS },
	{ "volumeSnapshots",      LAYOUT_VOLUMESNAPSHOTS },
	{ "csiSnapshots",         LAYOUT_CSI_SNAPSHOTS },
	{ "csiSnapshotContents",  LAYOUT_CSI_CONTENTS },
	{ "csiSnapshotClasses",   LAYOUT_CSI_CLASSES },
};

static int
describe_backup(struct job *j, struct store *st, struct jw *w, struct err *e)
{
	const char *name = job_request(j)->name;
	const struct cancel *c = job_cancel(j);
	AUTO_BUF struct buf meta = BUF_INIT(LIMIT_METADATA);
	AUTO_FREE char *key = NULL;
	struct vbackup b = { 0 };

	if (reader_metadata(st, name, &b, c, e) < 0)
		return -1;
	vbackup_done(&b);
	key = layout_key(name, LAYOUT_METADATA);
	if (store_get(st, key, &meta, c, e) < 0 || json_check(buf_str(&meta), e) < 0)
		return -1;
	jw_obj(w);
	jw_key(w, "backup");
	jw_raw(w, str_trim(buf_str(&meta)));
	for (size_t i = 0; i < COUNT(sides); i++)
		if (add_side(w, sides[i].key, st, name, sides[i].file, c, e) < 0)
			return -1;
	jw_key(w, "files");
	jw_arr(w);
	if (catalog_files(st, name, on_file, w, c, e) < 0)
		return -1;
	jw_arr_end(w);
	jw_obj_end(w);
	return jw_done(w, e);
}

static enum ev_end
run_describe(struct job *j, int (*describe)(struct job *, struct store *, struct jw *, struct err *), struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_INDEX);
	struct jw w;

	if (st == NULL)
		return job_failed(e);
	jw_init(&w, &json, false);
	if (describe(j, st, &w, e) < 0)
		return job_failed(e);
	job_row(j, buf_str(&json));
	return END_DONE;
}

enum ev_end
op_backup_describe(struct job *j, struct err *e)
{
	return run_describe(j, describe_backup, e);
}

static int
check_restore(struct store *st, const char *name, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *dir = NULL;
	int there;

	if (layout_check_name("restore", name, e) < 0)
		return -1;
	dir = layout_restore_dir(name);
	there = store_first(st, dir, NULL, c, e);
	if (there < 0)
		return -1;
	return there > 0 ? 0 : err_set(e, EK_NOTFOUND, "no restore '%s' in %s", name, store_label(st));
}

static int
describe_restore(struct job *j, struct store *st, struct jw *w, struct err *e)
{
	const char *name = job_request(j)->name;
	const struct cancel *c = job_cancel(j);
	AUTO_BUF struct buf record = BUF_INIT(LIMIT_METADATA);
	struct err why;

	if (check_restore(st, name, c, e) < 0)
		return -1;
	jw_obj(w);
	jw_key(w, "restore");
	if (restore_get_record(st, name, &record, c, &why) == 0)
		jw_raw(w, str_trim(buf_str(&record)));
	else
		jw_null(w);
	if (add_side(w, "results", st, name, LAYOUT_RESTORE_RESULTS, c, e) < 0
	    || add_side(w, "resourceList", st, name, LAYOUT_RESTORE_RESOURCE_LIST, c, e) < 0
	    || job_outcomes(j, st, name, w, e) < 0)
		return -1;
	jw_obj_end(w);
	return jw_done(w, e);
}

enum ev_end
op_restore_describe(struct job *j, struct err *e)
{
	return run_describe(j, describe_restore, e);
}

/* --- logs --- */

static enum ev_end
send_log(struct job *j, struct store *st, enum layout_file f, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_SIDE_FILE);

	if (reader_side_file(st, job_request(j)->name, f, &text, job_cancel(j), e) < 0
	    || job_bytes(j, text.p, text.len, e) < 0)
		return job_failed(e);
	return END_DONE;
}

enum ev_end
op_backup_logs(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	struct vbackup b = { 0 };

	if (st == NULL || reader_metadata(st, job_request(j)->name, &b, job_cancel(j), e) < 0)
		return job_failed(e);
	vbackup_done(&b);
	return send_log(j, st, LAYOUT_LOGS, e);
}

enum ev_end
op_restore_logs(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);

	if (st == NULL || check_restore(st, job_request(j)->name, job_cancel(j), e) < 0)
		return job_failed(e);
	return send_log(j, st, LAYOUT_RESTORE_LOGS, e);
}

/* --- ls and cat --- */

static void
on_unpack(void *ctx, uint64_t bytes)
{
	job_set_progress(ctx, "unpacking", 0, 0, bytes);
}

int
backup_open(struct job *j, struct store *st, const char *name, bool with_hashes, struct opened *out, struct err *e)
{
	if (reader_metadata(st, name, &out->b, job_cancel(j), e) < 0)
		return -1;
	out->r = (with_hashes ? reader_open_hashed : reader_open)(st, &out->b, on_unpack, j, job_cancel(j), e);
	if (out->r == NULL)
		return -1;
	out->d = reader_discovery(out->r);
	return 0;
}

/* The backup that the request names. */
static int
open_backup(struct job *j, struct opened *o, struct err *e)
{
	o->st = location_open(j, e);
	return o->st != NULL ? backup_open(j, o->st, job_request(j)->name, false, o, e) : -1;
}

void
opened_done(struct opened *o)
{
	discovery_free(o->d);
	reader_close(o->r);
	vbackup_done(&o->b);
	store_close(o->st);
}

static void
send_entry(struct job *j, const struct index_entry *en, struct buf *row)
{
	struct err ignored;
	struct jw w;

	buf_cut(row, 0);
	jw_init(&w, row, false);
	jw_obj(&w);
	jw_kv_str(&w, "resource", en->gr);
	jw_kv_str(&w, "version", en->version);
	jw_kv_str(&w, "kind", en->kind);
	jw_kv_str(&w, "namespace", en->ns);
	jw_kv_str(&w, "name", en->name);
	jw_kv_uint(&w, "size", en->size);
	if (en->labels.len > 0) {
		jw_key(&w, "labels");
		jw_raw(&w, en->labels);
	}
	jw_obj_end(&w);
	if (jw_done(&w, &ignored) == 0)
		job_row(j, buf_str(row));
}

static bool
is_namespace(const struct index_entry *en)
{
	return str_eq(en->gr, S("namespaces"));
}

/* Marks what is shown.  A namespace need not have a name that is looked for when something in it is shown. */
static int
mark_listed(struct job *j, const struct selection *sel, const struct index *ix, bool *marks, struct err *e)
{
	AUTO(strmap_freep) struct strmap *used = strmap_new();

	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *en = &ix->entries[i];
		int take = cancel_check(job_cancel(j), e) < 0 ? -1
			: scope_takes(sel, en->gr, en->ns, en->name, en->labels, e);

		if (take < 0)
			return -1;
		marks[i] = take > 0;
		if (marks[i] && ix->entries[i].ns.len > 0)
			(void)strmap_add(used, ix->entries[i].ns);
	}
	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *en = &ix->entries[i];

		if (is_namespace(en) && strmap_has(used, en->name) && selection_resource(sel, en->gr, false)
		    && selection_labels(sel, en->labels))
			marks[i] = true;
	}
	return 0;
}

enum ev_end
op_backup_ls(struct job *j, struct err *e)
{
	AUTO_OPENED struct opened o = { 0 };
	AUTO(selection_freep) struct selection *sel = NULL;
	AUTO_BUF struct buf row = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_FREE bool *marks = NULL;
	const struct index *ix;
	size_t shown = 0;

	if (open_backup(j, &o, e) < 0)
		return job_failed(e);
	sel = selection_new(&job_request(j)->filter, o.d, NULL, e);
	if (sel == NULL)
		return job_failed(e);
	ix = reader_index(o.r);
	marks = xcalloc(ix->n_entries, sizeof *marks);
	if (mark_listed(j, sel, ix, marks, e) < 0)
		return job_failed(e);
	for (size_t i = 0; i < ix->n_entries; i++) {
		if (!marks[i])
			continue;
		if (cancel_check(job_cancel(j), e) < 0)
			return job_failed(e);
		send_entry(j, &ix->entries[i], &row);
		shown++;
	}
	if (shown == 0 && ix->n_entries > 0) {
		err_set(e, EK_NOTFOUND, "nothing in backup '%s' matches", o.b.name);
		return END_FAILED;
	}
	return END_DONE;
}

enum ev_end
op_backup_cat(struct job *j, struct err *e)
{
	AUTO_OPENED struct opened o = { 0 };
	const struct request *r = job_request(j);
	const struct view view = { r->look.brief ? VIEW_UNMANAGED : VIEW_ALL, r->look.show_secrets };

	if (open_backup(j, &o, e) < 0)
		return job_failed(e);
	for (size_t i = 0; i < r->objects.len; i++) {
		AUTO(buf_wipe) struct buf shown = BUF_INIT(2 * LIMIT_OBJECT);
		const struct index_entry *en = lookup_object(reader_index(o.r), o.d, o.b.name, r->objects.at[i], e);
		struct str json;

		if (en == NULL || reader_object(o.r, en, &json, job_cancel(j), e) < 0
		    || view_put(&view, en->gr, json, S(""), &shown, e) < 0)
			return job_failed(e);
		job_row(j, buf_str(&shown));
	}
	return END_DONE;
}

/* --- download --- */

struct download {
	struct job *j;
	int         fd;                  /* -1: to the front end */
	uint64_t    done, total;
	const char *path;
};

static int
on_bytes(void *ctx, const void *p, size_t n, struct err *e)
{
	struct download *d = ctx;

	d->done += n;
	job_set_progress(d->j, "downloading", d->done, d->total, d->done);
	if (d->fd < 0)
		return job_bytes(d->j, p, n, e);
	return file_write_all(d->fd, p, n, e) < 0 ? err_ctx(e, "%s", d->path) : 0;
}

static int
download_to_file(struct download *d, struct store *st, const char *key, bool force, struct err *e)
{
	const struct request *r = job_request(d->j);
	AUTO_FREE char *temp = NULL;
	uint8_t salt[4];
	char hex[9];

	random_bytes(salt, sizeof salt);
	temp = xasprintf("%s.%s.part", r->path, hex_encode(hex, salt, sizeof salt));
	if (!force && access(r->path, F_OK) == 0)
		return err_set(e, EK_EXISTS, "%s exists already (--force replaces it)", r->path);
	d->path = temp;
	d->fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (d->fd < 0) {
		err_sys(e, errno, "%s", r->path);
		e->kind = EK_IO;                 /* not about the backup */
		return -1;
	}
	if (store_read(st, key, on_bytes, d, job_cancel(d->j), e) < 0)
		goto failed;
	if (fsync(d->fd) < 0 || rename(temp, r->path) < 0) {
		err_sys(e, errno, "%s", r->path);
		goto failed;
	}
	file_close(&d->fd);
	return 0;
failed:
	file_close(&d->fd);
	(void)unlink(temp);
	return -1;
}

/* The URL is the result itself, and nowhere else. */
static int
presign(struct job *j, struct store *st, const char *key, struct err *e)
{
	AUTO(store_presigned_done) struct store_presigned p = { 0 };
	char until[CLOCK_TEXT_MAX];

	if (store_presign(st, key, job_request(j)->presign_ns, &p, job_cancel(j), e) < 0)
		return -1;
	if (job_bytes(j, p.url, strlen(p.url), e) < 0 || job_bytes(j, "\n", 1, e) < 0)
		return -1;
	(void)clock_rfc3339(until, p.until_unix_ns);
	if (p.ends_sooner)
		job_note(j, "warning: the URL ends with the temporary credentials that signed it, by %s at the latest; long-lived keys "
			"make URLs that last", until);
	else
		job_note(j, "whoever has the URL can read the backup until %s", until);
	return 0;
}

enum ev_end
op_backup_download(struct job *j, struct err *e)
{
	AUTO(store_closep) struct store *st = location_open(j, e);
	const struct request *r = job_request(j);
	AUTO_FREE char *key = NULL;
	struct download d = { .j = j, .fd = -1 };
	struct vbackup b = { 0 };
	struct store_info info;
	int rc;

	if (st == NULL || reader_metadata(st, r->name, &b, job_cancel(j), e) < 0)
		return job_failed(e);
	vbackup_done(&b);
	key = layout_key(r->name, LAYOUT_TARBALL);
	if (store_head(st, key, &info, job_cancel(j), e) < 0)
		return job_failed(e);
	d.total = info.size;
	if (r->presign_ns > 0)
		rc = presign(j, st, key, e);
	else if (strcmp(r->path, "-") == 0)
		rc = store_read(st, key, on_bytes, &d, job_cancel(j), e);
	else
		rc = download_to_file(&d, st, key, r->force, e);
	return rc < 0 ? job_failed(e) : END_DONE;
}
