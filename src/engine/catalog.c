/* Listing and deleting what a location holds. */
#include "engine/catalog.h"

#include "archive/layout.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/jscan.h"

static int
collect_dir(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	(void)e;
	if (info == NULL)
		strs_add(ctx, key);
	return 0;
}

static int
collect_key(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	(void)info;
	(void)e;
	strs_add(ctx, key);
	return 0;
}

/* "backups/NAME/" -> NAME */
static char *
dir_name(const char *dir, const char *root)
{
	return xstrndup(dir + strlen(root), strlen(dir) - strlen(root) - 1);
}

static int
each(struct store *st, const char *root, enum layout_file f, bool needed, catalog_fn *fn, void *ctx,
	const struct cancel *c, struct err *e)
{
	AUTO_STRS struct strs dirs = { 0 };

	if (store_list(st, root, true, collect_dir, &dirs, c, e) < 0)
		return err_ctx(e, "list %s", store_url(st));
	for (size_t i = 0; i < dirs.len; i++) {
		AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
		AUTO_FREE char *name = dir_name(dirs.at[i], root);
		AUTO_FREE char *key = layout_key(name, f);
		struct err why;
		int rc;

		if (store_get(st, key, &json, c, &why) == 0) {
			rc = fn(ctx, name, buf_str(&json), NULL, e);
		} else if (why.kind == EK_CANCELED) {
			*e = why;
			rc = -1;
		} else if (why.kind == EK_NOTFOUND) {
			rc = needed ? 0 : fn(ctx, name, (struct str){ 0 }, NULL, e);
		} else {
			rc = fn(ctx, name, (struct str){ 0 }, &why, e);
		}
		if (rc < 0)
			return -1;
	}
	return 0;
}

int
catalog_backups(struct store *st, catalog_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	return each(st, LAYOUT_BACKUPS, LAYOUT_METADATA, true, fn, ctx, c, e);
}

int
catalog_restores(struct store *st, catalog_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	return each(st, LAYOUT_RESTORES, LAYOUT_RESTORE_RECORD, false, fn, ctx, c, e);
}

/* Deletes first (if it is among them), then all others, last (if it is among them) at the end. */
static int
delete_keys(struct store *st, const struct strs *keys, const char *first, const char *last, size_t *n,
	const struct cancel *c, struct err *e)
{
	for (int pass = 0; pass < 3; pass++) {
		for (size_t i = 0; i < keys->len; i++) {
			int turn = strcmp(keys->at[i], first) == 0 ? 0 : strcmp(keys->at[i], last) == 0 ? 2 : 1;

			if (turn != pass)
				continue;
			if (cancel_check(c, e) < 0 || store_delete(st, keys->at[i], c, e) < 0)
				return err_ctx(e, "delete %s", keys->at[i]);
			(*n)++;
		}
	}
	return 0;
}

int
catalog_delete(struct store *st, const char *name, size_t *keys, const struct cancel *c, struct err *e)
{
	AUTO_STRS struct strs found = { 0 };
	AUTO_FREE char *dir = layout_backup_dir(name);
	AUTO_FREE char *meta = layout_key(name, LAYOUT_METADATA);
	AUTO_FREE char *claim = layout_key(name, LAYOUT_CLAIM);

	*keys = 0;
	if (layout_check_name("backup", name, e) < 0 || store_list(st, dir, false, collect_key, &found, c, e) < 0)
		return -1;
	if (found.len == 0)
		return err_set(e, EK_NOTFOUND, "no backup '%s' in %s", name, store_url(st));
	return delete_keys(st, &found, meta, claim, keys, c, e);
}

int
catalog_sweep(struct store *st, const char *name, size_t *keys, const struct cancel *c, struct err *e)
{
	AUTO_STRS struct strs found = { 0 };
	AUTO_FREE char *dir = layout_backup_dir(name);
	AUTO_FREE char *meta = layout_key(name, LAYOUT_METADATA);
	AUTO_FREE char *claim = layout_key(name, LAYOUT_CLAIM);
	struct store_info info;
	size_t uploads = 0;

	*keys = 0;
	if (layout_check_name("backup", name, e) < 0)
		return -1;
	if (store_head(st, meta, &info, c, e) < 0) {
		if (e->kind != EK_NOTFOUND || store_list(st, dir, false, collect_key, &found, c, e) < 0
		    || delete_keys(st, &found, meta, claim, keys, c, e) < 0)
			return -1;
	} else {
		/* It was finished after all; only its claim may be left. */
		if (store_delete(st, claim, c, e) < 0)
			return -1;
	}
	if (store_sweep(st, dir, clock_unix_ns(), &uploads, c, e) < 0)
		return -1;
	*keys += uploads;
	return 0;
}

char *
catalog_claim(struct store *st, const char *name, const struct cancel *c)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_FREE char *key = NULL;
	struct str raw;
	struct err e;

	if (layout_check_name("backup", name, &e) < 0)
		return NULL;
	key = layout_key(name, LAYOUT_CLAIM);
	if (store_get(st, key, &json, c, &e) < 0 || json_check(buf_str(&json), &e) < 0
	    || !jget(buf_str(&json), "job", &raw))
		return NULL;
	return jstr_dup(raw);
}

struct files { catalog_file_fn *fn; void *ctx; };

static int
on_file(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	struct files *f = ctx;

	return f->fn(f->ctx, key, info != NULL ? info->size : 0, e);
}

int
catalog_files(struct store *st, const char *name, catalog_file_fn *fn, void *ctx, const struct cancel *c, struct err *e)
{
	AUTO_FREE char *dir = layout_backup_dir(name);
	struct files f = { fn, ctx };

	return store_list(st, dir, false, on_file, &f, c, e);
}
