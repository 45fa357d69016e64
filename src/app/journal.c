/* Journals of jobs. */
#include "app/journal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include "data/jdoc.h"
#include "data/jwrite.h"

#include <dirent.h>
#include <unistd.h>

#define KEEP_JOBS 200

struct journal {
	char *dir;
	int   lock;
};

static void
closedirp(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
}

/* Names of jobs, oldest first: they begin with their time. */
static void
list_jobs(const char *root, struct strs *out)
{
	AUTO(closedirp) DIR *d = opendir(root);
	struct dirent *en;

	while (d != NULL && (en = readdir(d)) != NULL)
		if (en->d_name[0] != '.')
			strs_add(out, en->d_name);
	strs_sort(out);
}

/* With what a killed run left in it, whatever its name. */
static void
remove_job(const char *dir)
{
	AUTO(closedirp) DIR *d = opendir(dir);
	struct dirent *en;

	while (d != NULL && (en = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), en->d_name, 0);
	(void)rmdir(dir);
}

static bool
has_result(const char *dir)
{
	AUTO_FREE char *path = file_join(dir, "result.json");

	return access(path, F_OK) == 0;
}

static void
rotate(const char *root)
{
	AUTO_STRS struct strs jobs = { 0 };

	list_jobs(root, &jobs);
	for (size_t i = 0; i + KEEP_JOBS < jobs.len; i++) {
		AUTO_FREE char *dir = file_join(root, jobs.at[i]);

		if (has_result(dir))
			remove_job(dir);
	}
}

static int
write_json(const char *dir, const char *file, const char *const *pairs, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_FREE char *path = file_join(dir, file);
	struct jw w;

	jw_init(&w, &json, true);
	jw_obj(&w);
	for (; pairs[0] != NULL; pairs += 2)
		jw_kv_text(&w, pairs[0], pairs[1]);
	jw_obj_end(&w);
	if (jw_done(&w, e) < 0)
		return -1;
	return file_replace(path, json.p, json.len, 0600, e);
}

struct journal *
journal_start(const char *operation, const char *location, const char *name, struct err *e)
{
	AUTO_FREE char *root = file_xdg(XDG_STATE, "jobs");
	AUTO_FREE char *lock_path = NULL;
	struct journal *j = xcalloc(1, sizeof *j);
	int64_t now = clock_unix_ns();
	char stamp[CLOCK_TEXT_MAX], time[CLOCK_TEXT_MAX], hex[9];
	uint8_t salt[4];

	random_bytes(salt, sizeof salt);
	j->dir = xasprintf("%s/%s-%s", root, clock_compact(stamp, now), hex_encode(hex, salt, sizeof salt));
	j->lock = -1;
	lock_path = file_join(j->dir, "lock");
	rotate(root);
	/* The lock comes before job.json: whoever finds the one can rely on the other. */
	if (file_mkdirs(j->dir, 0700, e) < 0 || (j->lock = file_lock(lock_path, e)) < 0
	    || write_json(j->dir, "job.json", (const char *const[]){ "operation", operation, "location", location,
		    "name", name, "started", clock_rfc3339(time, now), NULL }, e) < 0) {
		file_close(&j->lock);
		remove_job(j->dir);
		free(j->dir);
		free(j);
		return NULL;
	}
	return j;
}

static void
write_result(const char *dir, const char *result, const char *message)
{
	char time[CLOCK_TEXT_MAX];
	struct err ignored;

	/* A disk that takes no result must not make the next run look for leftovers for ever. */
	if (write_json(dir, "result.json", (const char *const[]){ "result", result, "message", message, "ended",
		    clock_rfc3339(time, clock_unix_ns()), NULL }, &ignored) < 0)
		remove_job(dir);
}

void
journal_end(struct journal *j, const char *result, const char *message)
{
	if (j == NULL)
		return;
	write_result(j->dir, result, message);
	file_close(&j->lock);
	free(j->dir);
	free(j);
}

const char *
journal_id(const struct journal *j)
{
	return j != NULL ? strrchr(j->dir, '/') + 1 : NULL;
}

char *
journal_file(const char *id, const char *file)
{
	AUTO_FREE char *root = file_xdg(XDG_STATE, "jobs");
	AUTO_FREE char *dir = NULL;

	if (id == NULL || id[0] == '.' || id[0] == '\0' || strchr(id, '/') != NULL)
		return NULL;
	dir = file_join(root, id);
	return file_join(dir, file);
}

int
journal_seize(const char *id)
{
	/* The id comes out of a bucket: it must be a name. */
	AUTO_FREE char *asked = journal_file(id, "job.json");
	AUTO_FREE char *lock_path = journal_file(id, "lock");
	struct err ignored;

	return asked != NULL && access(asked, F_OK) == 0 ? file_lock(lock_path, &ignored) : -1;
}

static void
check_job(const char *dir, journal_fn *fn, void *ctx)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_FREE char *path = file_join(dir, "job.json");
	AUTO_FREE char *lock_path = file_join(dir, "lock");
	AUTO(file_close) int lock = -1;
	AUTO_JDOC cJSON *doc = NULL;
	const char *operation, *location, *name;
	struct err e;

	if (has_result(dir) || (lock = file_lock(lock_path, &e)) < 0)
		return;
	if (file_read(path, &json, &e) < 0) {
		/* It died before it had begun. */
		if (e.kind == EK_NOTFOUND)
			remove_job(dir);
		return;
	}
	doc = jdoc_parse(buf_str(&json), &e);
	operation = jdoc_text(doc, "operation");
	location = jdoc_text(doc, "location");
	name = jdoc_text(doc, "name");
	if (operation == NULL || location == NULL || name == NULL)
		return;
	if (fn(ctx, strrchr(dir, '/') + 1, operation, location, name) == 0)
		write_result(dir, "interrupted", "");
}

void
journal_interrupted(journal_fn *fn, void *ctx)
{
	AUTO_FREE char *root = file_xdg(XDG_STATE, "jobs");
	AUTO_STRS struct strs jobs = { 0 };

	list_jobs(root, &jobs);
	for (size_t i = 0; i < jobs.len; i++) {
		AUTO_FREE char *dir = file_join(root, jobs.at[i]);

		check_job(dir, fn, ctx);
	}
}
