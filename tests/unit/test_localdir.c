/* The store on a local folder, through the store's own functions. */
#include "store/store.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/vec.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

#define OK(call) do { if ((call) < 0) fail_msg("%s: %s", #call, e.msg); } while (0)

/* A folder of the test's own; the store's root is "root" in it and does not exist yet. */
struct place {
	char          dir[32];
	char         *root;
	struct store *st;
};

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);
	AUTO_FREE char *url = NULL;
	struct err e = { 0 };

	(void)snprintf(p->dir, sizeof p->dir, "/tmp/orlop-localdir-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	p->root = file_join(p->dir, "root");
	url = xasprintf("dir:%s", p->root);
	p->st = store_open(url, &e);
	*state = p;
	return p->st ? 0 : -1;
}

static int
remove_one(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	struct place *p = *state;
	int rc = nftw(p->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	store_close(p->st);
	free(p->root);
	free(p);
	return rc;
}

static char *
path_of(const struct place *p, const char *key)
{
	return file_join(p->root, key);
}

static bool
exists(const struct place *p, const char *key)
{
	AUTO_FREE char *path = path_of(p, key);
	struct stat sb;

	return lstat(path, &sb) == 0;
}

static unsigned
mode_of(const struct place *p, const char *key)
{
	AUTO_FREE char *path = path_of(p, key);
	struct stat sb;

	assert_int_equal(lstat(path, &sb), 0);
	return sb.st_mode & 07777;
}

static void
put_raw(const struct place *p, const char *key, const char *text)
{
	AUTO_FREE char *path = path_of(p, key);
	AUTO_FREE char *dir = file_dirname(path);
	struct err e = { 0 };

	OK(file_mkdirs(dir, 0700, &e));
	OK(file_replace(path, text, strlen(text), 0600, &e));
}

static int
collect(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	struct strs *keys = ctx;

	(void)e;
	*vec_push(keys) = xasprintf("%s%s", key, info ? "" : " (folder)");
	return 0;
}

static void
check_list(struct store *st, const char *prefix, bool delimiter, const char *const *expected, size_t n)
{
	AUTO_STRS struct strs keys = { 0 };
	struct err e = { 0 };

	OK(store_list(st, prefix, delimiter, collect, &keys, NULL, &e));
	for (size_t i = 0; i < n && i < keys.len; i++)
		assert_string_equal(keys.at[i], expected[i]);
	assert_int_equal(keys.len, n);
}
#define CHECK_LIST(st, prefix, delimiter, ...) do { \
	static const char *const expected_[] = { __VA_ARGS__ }; \
	check_list(st, prefix, delimiter, expected_, COUNT(expected_)); \
} while (0)

static void
root_is_made_by_the_first_write_and_is_private(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf got = BUF_INIT(KIB);
	struct err e = { 0 };

	check_list(p->st, "", false, NULL, 0);
	assert_int_equal(store_get(p->st, "a", &got, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	OK(store_delete(p->st, "a", NULL, &e));
	assert_false(exists(p, ""));
	OK(store_put(p->st, "backups/b/f", S("x"), NULL, &e));
	assert_int_equal(mode_of(p, ""), 0700);
	assert_int_equal(mode_of(p, "backups/b"), 0700);
	assert_int_equal(mode_of(p, "backups/b/f"), 0600);
}

static void
put_get_range_and_head_agree(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf got = BUF_INIT(KIB);
	struct store_info info, later;
	struct err e = { 0 };

	OK(store_put(p->st, "k", S("first"), NULL, &e));
	OK(store_head(p->st, "k", &info, NULL, &e));
	OK(store_put(p->st, "k", S("0123456789"), NULL, &e));
	OK(store_get(p->st, "k", &got, NULL, &e));
	OK(store_get_range(p->st, "k", 8, 2, &got, NULL, &e));
	OK(store_get_range(p->st, "k", 10, 0, &got, NULL, &e));
	assert_string_equal(buf_cstr(&got), "012345678989");
	assert_int_equal(store_get_range(p->st, "k", 8, 3, &got, NULL, &e), -1);
	assert_int_equal(e.kind, EK_CORRUPT);
	assert_int_equal(got.len, 12);
	OK(store_head(p->st, "k", &later, NULL, &e));
	assert_int_equal(later.size, 10);
	assert_string_not_equal(later.etag, info.etag);
}

static void
get_refuses_what_exceeds_the_buffer(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf got = BUF_INIT(9);
	struct err e = { 0 };

	OK(store_put(p->st, "k", S("0123456789"), NULL, &e));
	assert_int_equal(store_get(p->st, "k", &got, NULL, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_int_equal(got.len, 0);
}

static void
create_keeps_the_first_and_leaves_no_temporary_file(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf got = BUF_INIT(KIB);
	struct err e = { 0 };
	size_t removed = 9;

	OK(store_create(p->st, "b/k", S("first"), NULL, &e));
	assert_int_equal(store_create(p->st, "b/k", S("second"), NULL, &e), -1);
	assert_int_equal(e.kind, EK_EXISTS);
	OK(store_get(p->st, "b/k", &got, NULL, &e));
	assert_string_equal(buf_cstr(&got), "first");
	OK(store_sweep(p->st, "", INT64_MAX, &removed, NULL, &e));
	assert_int_equal(removed, 0);
}

struct racer {
	const struct place *p;
	unsigned            won;
};

static void
race(void *arg)
{
	struct racer *r = arg;
	AUTO(store_closep) struct store *st = NULL;
	struct err e = { 0 };

	st = store_open(store_url(r->p->st), &e);
	assert_that(st);
	for (int i = 0; i < 100; i++) {
		AUTO_FREE char *key = xasprintf("r/%d/k", i);

		if (store_create(st, key, S("x"), NULL, &e) == 0)
			r->won++;
		else
			assert_that(e.kind == EK_EXISTS);
	}
}

static void
create_has_one_winner_among_threads(void **state)
{
	struct racer a = { .p = *state }, b = { .p = *state };
	struct err e = { 0 };
	struct thread *ta = thread_start("a", race, &a, &e), *tb = thread_start("b", race, &b, &e);

	assert_non_null(ta);
	assert_non_null(tb);
	thread_join(ta);
	thread_join(tb);
	assert_int_equal(a.won + b.won, 100);
}

/* One thread empties the folder that the other one writes into. */
static void
put_and_delete(void *arg)
{
	struct racer *r = arg;
	AUTO(store_closep) struct store *st = NULL;
	struct err e = { 0 };

	st = store_open(store_url(r->p->st), &e);
	assert_that(st);
	for (int i = 0; i < 300; i++) {
		AUTO_FREE char *key = xasprintf("f/g/%p", arg);

		if (store_put(st, key, S("x"), NULL, &e) == 0 && store_delete(st, key, NULL, &e) == 0)
			r->won++;
	}
}

static void
writers_survive_the_removal_of_folders_that_became_empty(void **state)
{
	struct racer a = { .p = *state }, b = { .p = *state };
	struct err e = { 0 };
	struct thread *ta = thread_start("a", put_and_delete, &a, &e), *tb = thread_start("b", put_and_delete, &b, &e);

	assert_non_null(ta);
	assert_non_null(tb);
	thread_join(ta);
	thread_join(tb);
	assert_int_equal(a.won, 300);
	assert_int_equal(b.won, 300);
	assert_false(exists(a.p, "f"));
	assert_true(exists(a.p, ""));
}

static void
listing_is_in_byte_order_of_whole_keys(void **state)
{
	static const char *const keys[] = { "a/x", "a.b", "a-", "a0", "a/x.y/z", "B", "\xc3\xa4", "b/.h" };
	struct place *p = *state;
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(keys); i++)
		OK(store_put(p->st, keys[i], S("x"), NULL, &e));
	/* Unlike in S3, what is an object cannot be a folder too. */
	assert_int_equal(store_put(p->st, "a/x/y", S("x"), NULL, &e), -1);
	CHECK_LIST(p->st, "", false, "B", "a-", "a.b", "a/x", "a/x.y/z", "a0", "b/.h", "\xc3\xa4");
	CHECK_LIST(p->st, "", true, "B", "a-", "a.b", "a/ (folder)", "a0", "b/ (folder)", "\xc3\xa4");
	CHECK_LIST(p->st, "a", false, "a-", "a.b", "a/x", "a/x.y/z", "a0");
	CHECK_LIST(p->st, "a/x", true, "a/x", "a/x.y/ (folder)");
	CHECK_LIST(p->st, "a/", true, "a/x", "a/x.y/ (folder)");
	CHECK_LIST(p->st, "a/x.y/", true, "a/x.y/z");
	check_list(p->st, "a/y", false, NULL, 0);
	check_list(p->st, "no/such/", false, NULL, 0);
}

static void
folders_without_objects_are_no_prefixes(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *empty = path_of(p, "hollow/deep/er");
	struct err e = { 0 };

	OK(store_put(p->st, "backups/b/f", S("x"), NULL, &e));
	OK(file_mkdirs(empty, 0700, &e));
	put_raw(p, "left/.f.orlop-tmp-0011223344556677", "half");
	CHECK_LIST(p->st, "", true, "backups/ (folder)");
	CHECK_LIST(p->st, "", false, "backups/b/f");
}

static void
writer_shows_nothing_before_commit(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf got = BUF_INIT(KIB);
	struct err e = { 0 };
	struct store_writer *w = store_writer_open(p->st, "b/o", NULL, &e);

	assert_non_null(w);
	OK(store_writer_add(w, "abc", 3, &e));
	check_list(p->st, "", false, NULL, 0);
	assert_int_equal(store_get(p->st, "b/o", &got, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	OK(store_writer_add(w, "def", 3, &e));
	OK(store_writer_commit(w, &e));
	OK(store_get(p->st, "b/o", &got, NULL, &e));
	assert_string_equal(buf_cstr(&got), "abcdef");
	CHECK_LIST(p->st, "", false, "b/o");
}

static void
aborted_and_canceled_writers_leave_nothing(void **state)
{
	struct place *p = *state;
	struct cancel c = { 0 };
	struct err e = { 0 };
	struct store_writer *w = store_writer_open(p->st, "b/o", NULL, &e);

	assert_non_null(w);
	OK(store_writer_add(w, "abc", 3, &e));
	store_writer_abort(w);
	w = store_writer_open(p->st, "b/o", &c, &e);
	assert_non_null(w);
	OK(store_writer_add(w, "abc", 3, &e));
	cancel_fire(&c);
	assert_int_equal(store_writer_add(w, "def", 3, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	assert_int_equal(store_writer_commit(w, &e), -1);
	assert_false(exists(p, "b"));
}

static void
sweep_removes_old_temporary_files_only(void **state)
{
	struct place *p = *state;
	size_t removed = 9;
	struct err e = { 0 };

	OK(store_put(p->st, "backups/b/f", S("x"), NULL, &e));
	put_raw(p, "backups/b/.f.orlop-tmp-0011223344556677", "half");
	put_raw(p, "backups/gone/.f.orlop-tmp-0011223344556677", "half");
	put_raw(p, "restores/.f.orlop-tmp-0011223344556677", "half");
	OK(store_sweep(p->st, "backups/", clock_unix_ns() - 3600 * NS_PER_S, &removed, NULL, &e));
	assert_int_equal(removed, 0);
	OK(store_sweep(p->st, "backups/", INT64_MAX, &removed, NULL, &e));
	assert_int_equal(removed, 2);
	assert_false(exists(p, "backups/gone"));
	assert_true(exists(p, "restores/.f.orlop-tmp-0011223344556677"));
	CHECK_LIST(p->st, "", false, "backups/b/f");
}

static void
names_of_temporary_files_are_not_keys(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };

	assert_int_equal(store_put(p->st, "a/.f.orlop-tmp-1", S("x"), NULL, &e), -1);
	assert_int_equal(e.kind, EK_INVALID);
	assert_false(exists(p, "a"));
}

static void
delete_removes_emptied_folders_but_not_the_root(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };

	OK(store_put(p->st, "a/b/c/f", S("x"), NULL, &e));
	OK(store_put(p->st, "a/g", S("x"), NULL, &e));
	OK(store_delete(p->st, "a/b/c/f", NULL, &e));
	assert_false(exists(p, "a/b"));
	assert_true(exists(p, "a/g"));
	OK(store_delete(p->st, "a/b/c/f", NULL, &e));
	OK(store_delete(p->st, "a/", NULL, &e));
	OK(store_delete(p->st, "a/g", NULL, &e));
	assert_false(exists(p, "a"));
	assert_true(exists(p, ""));
}

static int
delete_it(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	(void)info;
	return store_delete(ctx, key, NULL, e);
}

static void
objects_may_be_deleted_while_they_are_listed(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };

	OK(store_put(p->st, "a/b/1", S("x"), NULL, &e));
	OK(store_put(p->st, "a/b/2", S("x"), NULL, &e));
	OK(store_put(p->st, "a/c", S("x"), NULL, &e));
	OK(store_list(p->st, "a/", false, delete_it, p->st, NULL, &e));
	check_list(p->st, "", false, NULL, 0);
	assert_false(exists(p, "a"));
}

static void
links_do_not_lead_out_of_the_root(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *outside = file_join(p->dir, "outside");
	AUTO_FREE char *secret = file_join(outside, "secret");
	AUTO_FREE char *dir_link = path_of(p, "backups/dirlink"), *file_link = path_of(p, "backups/filelink");
	AUTO_BUF struct buf got = BUF_INIT(KIB);
	struct store_info info;
	struct err e = { 0 };

	OK(store_put(p->st, "backups/real", S("x"), NULL, &e));
	OK(file_mkdirs(outside, 0700, &e));
	OK(file_replace(secret, "secret", 6, 0600, &e));
	assert_int_equal(symlink(outside, dir_link), 0);
	assert_int_equal(symlink(secret, file_link), 0);
	CHECK_LIST(p->st, "", false, "backups/real");
	check_list(p->st, "backups/dirlink/", false, NULL, 0);
	assert_int_equal(store_get(p->st, "backups/dirlink/secret", &got, NULL, &e), -1);
	assert_int_equal(store_get(p->st, "backups/filelink", &got, NULL, &e), -1);
	assert_int_equal(store_head(p->st, "backups/filelink", &info, NULL, &e), -1);
	assert_int_equal(store_put(p->st, "backups/dirlink/new", S("x"), NULL, &e), -1);
	OK(store_delete(p->st, "backups/dirlink/secret", NULL, &e));
	OK(store_put(p->st, "backups/filelink", S("mine"), NULL, &e));
	OK(file_read(secret, &got, &e));
	assert_string_equal(buf_cstr(&got), "secret");
}

static void
special_files_are_no_objects(void **state)
{
	struct place *p = *state;
	AUTO_FREE char *fifo = path_of(p, "b/fifo");
	AUTO_BUF struct buf got = BUF_INIT(KIB);
	struct err e = { 0 };

	OK(store_put(p->st, "b/f", S("x"), NULL, &e));
	assert_int_equal(mkfifo(fifo, 0600), 0);
	CHECK_LIST(p->st, "", false, "b/f");
	assert_int_equal(store_get(p->st, "b/fifo", &got, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_int_equal(store_get(p->st, "b", &got, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
}

static int
count_bytes(void *ctx, const void *p, size_t n, struct err *e)
{
	(void)p;
	(void)e;
	*(size_t *)ctx += n;
	return 0;
}

static int
refuse(void *ctx, const void *p, size_t n, struct err *e)
{
	(void)ctx;
	(void)p;
	(void)n;
	return err_set(e, EK_LIMIT, "enough");
}

static void
read_delivers_everything_in_pieces(void **state)
{
	static const size_t sizes[] = { 0, 1, 256 * KIB - 1, 256 * KIB, 512 * KIB, MIB + 3 };
	struct place *p = *state;
	AUTO_FREE char *data = xcalloc(1, 2 * MIB);
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		size_t got = 0;

		OK(store_put(p->st, "k", (struct str){ data, sizes[i] }, NULL, &e));
		OK(store_read(p->st, "k", count_bytes, &got, NULL, &e));
		assert_int_equal(got, sizes[i]);
	}
	assert_int_equal(store_read(p->st, "k", refuse, NULL, NULL, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
}

static void
canceled_operations_do_nothing(void **state)
{
	struct place *p = *state;
	struct cancel c = { .hit = true };
	struct err e = { 0 };
	AUTO_STRS struct strs keys = { 0 };
	size_t got = 0;

	OK(store_put(p->st, "k", S("x"), NULL, &e));
	assert_int_equal(store_put(p->st, "l", S("x"), &c, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
	assert_int_equal(store_delete(p->st, "k", &c, &e), -1);
	assert_int_equal(store_list(p->st, "", false, collect, &keys, &c, &e), -1);
	assert_int_equal(store_read(p->st, "k", count_bytes, &got, &c, &e), -1);
	CHECK_LIST(p->st, "", false, "k");
}

static void
note_step(void *ctx, const struct store_step *step)
{
	static const char *const words[] = { "ok", "warning", "failed", "skipped" };

	buf_putf(ctx, "%s %s\n", step->name, words[step->status]);
	assert_true(step->status != STEP_FAILED || (step->cause[0] != '\0' && step->remedy[0] != '\0'));
}

static void
validation_passes_on_a_folder_that_does_not_exist_yet(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf log = BUF_INIT(16 * KIB);
	struct err e = { 0 };

	OK(store_validate(p->st, false, note_step, &log, NULL, &e));
	assert_string_equal(buf_cstr(&log), "folder ok\nspace ok\nlist ok\nwrite ok\nread ok\nrange ok\nconditional ok\ndelete ok\n");
	assert_false(exists(p, "plugins"));
}

static void
validation_names_folders_that_velero_refuses(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf log = BUF_INIT(16 * KIB);
	struct err e = { 0 };

	OK(store_put(p->st, "kopia/x", S("x"), NULL, &e));
	OK(store_put(p->st, "holiday/1.jpg", S("x"), NULL, &e));
	OK(store_put(p->st, "work/x", S("x"), NULL, &e));
	OK(store_put(p->st, "loose-object", S("x"), NULL, &e));
	assert_int_equal(store_validate(p->st, false, note_step, &log, NULL, &e), -1);
	assert_int_equal(e.kind, EK_INVALID);
	assert_non_null(strstr(e.msg, "Backup store contains invalid top-level directories: [holiday work]"));
	assert_non_null(strstr(buf_cstr(&log), "list failed\nwrite ok\n"));
	assert_string_equal(e.reason, "ForeignFolders");
}

static void
validation_says_that_a_file_is_no_folder(void **state)
{
	struct place *p = *state;
	AUTO_BUF struct buf log = BUF_INIT(16 * KIB);
	struct err e = { 0 };

	OK(file_replace(p->root, "x", 1, 0600, &e));
	assert_int_equal(store_validate(p->st, false, note_step, &log, NULL, &e), -1);
	assert_non_null(strstr(e.msg, "Not a directory"));
	assert_non_null(strstr(e.msg, p->root));
}

#ifdef __linux__
static bool
write_text(const char *path, const char *text)
{
	AUTO(file_close) int fd = open(path, O_WRONLY);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Lets this process mount: root in a name space of its own. */
static bool
may_mount(void)
{
	AUTO_FREE char *users = xasprintf("0 %u 1", (unsigned)geteuid());
	AUTO_FREE char *groups = xasprintf("0 %u 1", (unsigned)getegid());

	if (geteuid() == 0)
		return unshare(CLONE_NEWNS) == 0;
	return unshare(CLONE_NEWNS | CLONE_NEWUSER) == 0 && write_text("/proc/self/setgroups", "deny") &&
		write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
}

/* Puts a disk of 256 KiB at dir, for this process only.  False: this machine does not let us. */
static bool
mount_small_disk(const char *dir)
{
	return may_mount() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=700") == 0;
}
#else
static bool
mount_small_disk(const char *dir)
{
	(void)dir;
	return false;
}
#endif

enum { DISK_DONE, DISK_SKIPPED, DISK_WRONG };

/* In a process of its own. */
static int
fill_small_disk(const struct place *p)
{
	AUTO_FREE char *data = xcalloc(1, MIB);
	AUTO_STRS struct strs keys = { 0 };
	struct err e = { 0 };
	size_t removed = 0;

	if (!mount_small_disk(p->dir))
		return DISK_SKIPPED;
	if (store_put(p->st, "b/k", (struct str){ data, MIB }, NULL, &e) == 0 || e.kind != EK_IO ||
	    !strstr(e.msg, "no space left on the disk (or in the quota) of '") || !strstr(e.msg, p->root)) {
		print_error("%s\n", e.msg);
		return DISK_WRONG;
	}
	if (store_list(p->st, "", false, collect, &keys, NULL, &e) < 0 || keys.len > 0 ||
	    store_sweep(p->st, "", INT64_MAX, &removed, NULL, &e) < 0 || removed > 0)
		return DISK_WRONG;
	return DISK_DONE;
}

static void
full_disk_is_named_with_its_folder_and_leaves_nothing(void **state)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(fill_small_disk(*state));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == DISK_SKIPPED) {
		print_message("skipped: no permission to mount a small disk\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), DISK_DONE);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(root_is_made_by_the_first_write_and_is_private),
		TEST(put_get_range_and_head_agree),
		TEST(get_refuses_what_exceeds_the_buffer),
		TEST(create_keeps_the_first_and_leaves_no_temporary_file),
		TEST(create_has_one_winner_among_threads),
		TEST(writers_survive_the_removal_of_folders_that_became_empty),
		TEST(listing_is_in_byte_order_of_whole_keys),
		TEST(folders_without_objects_are_no_prefixes),
		TEST(writer_shows_nothing_before_commit),
		TEST(aborted_and_canceled_writers_leave_nothing),
		TEST(sweep_removes_old_temporary_files_only),
		TEST(names_of_temporary_files_are_not_keys),
		TEST(delete_removes_emptied_folders_but_not_the_root),
		TEST(objects_may_be_deleted_while_they_are_listed),
		TEST(links_do_not_lead_out_of_the_root),
		TEST(special_files_are_no_objects),
		TEST(read_delivers_everything_in_pieces),
		TEST(canceled_operations_do_nothing),
		TEST(validation_passes_on_a_folder_that_does_not_exist_yet),
		TEST(validation_names_folders_that_velero_refuses),
		TEST(validation_says_that_a_file_is_no_folder),
		TEST(full_disk_is_named_with_its_folder_and_leaves_nothing),
	};

	return cmocka_run_group_tests_name("localdir", tests, NULL, NULL);
}
