/* Files beside a tarball, and those of a restore. */
#include "engine/side_files.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/gzip.h"

struct buf *
side_files_add(struct side_files *v, enum layout_file f)
{
	assert_that(v->n < SIDE_FILES_MAX);
	v->at[v->n] = (struct side_file){ f, BUF_INIT(LIMIT_SIDE_FILE) };
	return &v->at[v->n++].gz;
}

int
side_files_pack(struct side_files *v, enum layout_file f, struct str text, struct err *e)
{
	AUTO_FREE char *key = layout_key(v->name, f);

	return gzip_pack(text, side_files_add(v, f), e) < 0 ? err_ctx(e, "%s", key) : 0;
}

int
side_files_put(const struct side_files *v, struct store *st, const struct cancel *c, struct err *e)
{
	struct store_gift gifts[SIDE_FILES_MAX];
	char *keys[SIDE_FILES_MAX];
	int rc;

	for (size_t i = 0; i < v->n; i++) {
		keys[i] = layout_key(v->name, v->at[i].f);
		gifts[i] = (struct store_gift){ keys[i], buf_str(&v->at[i].gz) };
	}
	rc = store_put_many(st, gifts, v->n, c, e);
	for (size_t i = 0; i < v->n; i++)
		free(keys[i]);
	return rc;
}

void
side_files_done(struct side_files *v)
{
	for (size_t i = 0; i < v->n; i++)
		buf_free(&v->at[i].gz);
	v->n = 0;
}
