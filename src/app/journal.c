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
#include <fcntl.h>
#include <stdio.h>
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

void
journal_note(const struct journal *j, const struct journal_progress *p)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_FREE char *path = file_join(j->dir, "progress.json"), *part = file_join(j->dir, "progress.part");
	AUTO(file_close) int fd = -1;
	struct err ignored;
	struct jw w;

	jw_init(&w, &json, false);
	jw_obj(&w);
	jw_kv_text(&w, "phase", p->phase);
	jw_kv_uint(&w, "done", p->done);
	jw_kv_uint(&w, "total", p->total);
	jw_kv_uint(&w, "bytes", p->bytes);
	jw_kv_uint(&w, "warnings", p->warnings);
	jw_kv_uint(&w, "errors", p->errors);
	jw_obj_end(&w);
	if (jw_done(&w, &ignored) < 0)
		return;
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, json.p, json.len) == (ssize_t)json.len)
		(void)rename(part, path);
}

bool
journal_asked_to_stop(const struct journal *j)
{
	AUTO_FREE char *path = file_join(j->dir, "stop");

	return access(path, F_OK) == 0;
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

/* --- following --- */

void
journal_entry_done(struct journal_entry *e)
{
	char **texts[] = { &e->id, &e->operation, &e->location, &e->name, &e->started, &e->ended, &e->state, &e->message, &e->phase };

	for (size_t i = 0; i < COUNT(texts); i++)
		free(*texts[i]);
	*e = (struct journal_entry){ 0 };
}

/* NULL: there is no such file, or it is none of ours. */
static cJSON *
read_doc(const char *id, const char *file, struct err *e)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_SMALL_BODY);
	AUTO_FREE char *path = journal_file(id, file);

	if (path == NULL) {
		err_set(e, EK_NOTFOUND, "there is no job '%s'", id);
		return NULL;
	}
	return file_read(path, &json, e) == 0 ? jdoc_parse(buf_str(&json), e) : NULL;
}

static char *
text_of(const cJSON *doc, const char *key, const char *absent)
{
	const char *text = jdoc_text(doc, key);

	return xstrdup_or_null(text != NULL ? text : absent);
}

static uint64_t
number_of(const cJSON *doc, const char *key)
{
	int64_t n = jdoc_int(doc, key, 0);

	return n > 0 ? (uint64_t)n : 0;
}

static bool
is_running(const char *id)
{
	AUTO_FREE char *lock_path = journal_file(id, "lock");

	return file_is_locked(lock_path);
}

int
journal_read(const char *id, struct journal_entry *out, struct err *e)
{
	AUTO_JDOC cJSON *asked = read_doc(id, "job.json", e), *progress = NULL, *result = NULL;
	struct err ignored;
	bool running;

	if (asked == NULL)
		return e->kind == EK_NOTFOUND ? err_set(e, EK_NOTFOUND, "there is no job '%s'", id) : err_ctx(e, "job '%s'", id);
	running = is_running(id);
	/* After the lock: what has ended since then has its result. */
	result = read_doc(id, "result.json", &ignored);
	progress = read_doc(id, "progress.json", &ignored);
	*out = (struct journal_entry){ .id = xstrdup(id), .operation = text_of(asked, "operation", ""),
		.location = text_of(asked, "location", ""), .name = text_of(asked, "name", ""),
		.started = text_of(asked, "started", ""), .ended = text_of(result, "ended", NULL),
		.state = text_of(result, "result", running ? "running" : "interrupted"),
		.message = text_of(result, "message", ""), .phase = text_of(progress, "phase", NULL) };
	out->progress = (struct journal_progress){ out->phase, number_of(progress, "done"), number_of(progress, "total"),
		number_of(progress, "bytes"), number_of(progress, "warnings"), number_of(progress, "errors") };
	return 0;
}

void
journal_ids(struct strs *out)
{
	AUTO_FREE char *root = file_xdg(XDG_STATE, "jobs");

	list_jobs(root, out);
}

int
journal_stop(const char *id, struct err *e)
{
	AUTO_FREE char *path = NULL;
	struct journal_entry entry;
	bool running;

	if (journal_read(id, &entry, e) < 0)
		return -1;
	running = strcmp(entry.state, "running") == 0;
	if (!running)
		(void)err_set(e, EK_CONFLICT, "job '%s' does not run: %s", id, entry.state);
	journal_entry_done(&entry);
	path = journal_file(id, "stop");
	return running ? file_replace(path, "", 0, 0600, e) : -1;
}
