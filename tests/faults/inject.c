/*
 * Preloaded into the program under test: lets one chosen call of the C library fail, moves the clock, shortens the
 * stall timeout.  Orders come from the environment; what was done is appended to INJECT_LOG.
 *
 *   INJECT_RECORD=FILE   nothing fails; at the end each place that called one of INJECT_CALLS is written to FILE,
 *                        a line each: "hash name times frame frame ..." (frames are MODULE+OFFSET)
 *   INJECT_SITE=HASH     the call of that place fails: the first time, or the INJECT_NTH-th
 *   INJECT_KTH=K         the K-th call of INJECT_CALLS fails, wherever it comes from
 *   INJECT_CALLS=A,B     which functions are looked at ("malloc" stands for calloc and realloc, too)
 *   INJECT_ERRNO=N       errno of the failure; 0: not a failure but a short read, write or send
 *   INJECT_REST=1        once it has failed, every later call of INJECT_CALLS fails, too
 *   INJECT_BELOW=PATH    only files below this path, and descriptors of them
 *   INJECT_CLOCK=S@K     from the K-th reading of the wall clock on it is S seconds off
 *   INJECT_STALL=S       seconds without a byte after which libcurl gives up, instead of the program's own
 *
 * A place is the chain of the nearest return addresses, so that each way to a failure is tried once, not each of the
 * thousands of calls that take the same way.  Thread safe.  glibc only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define DEPTH   8                        /* frames that make a place */
#define SITES   (1 << 15)
#define MODULES 128
#define CURLOPT_LOW_SPEED_TIME 20        /* curl.h is not needed for one number */

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

struct module { uintptr_t from, to; const char *name; };
struct site { _Atomic uint64_t hash; _Atomic unsigned times; const char *call; void *frames[DEPTH]; };

static struct module modules[MODULES];
static size_t n_modules;
static struct site sites[SITES];
static bool on, recording, rest;
static const char *calls, *below;
static int give_errno;
static uint64_t wanted_site;
static unsigned wanted_nth, wanted_kth;
static _Atomic unsigned seen_nth, seen_kth, clock_reads;
static _Atomic bool fired;
static long clock_off, clock_from, stall;
static __thread bool inside;

static bool
listed(const char *name)
{
	size_t n = strlen(name);

	for (const char *at = calls; at && (at = strstr(at, name)); at += n)
		if ((at == calls || at[-1] == ',') && (at[n] == '\0' || at[n] == ','))
			return true;
	return false;
}

static int
add_module(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size, (void)ctx;
	for (int i = 0; i < info->dlpi_phnum && n_modules < MODULES; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const char *slash = strrchr(info->dlpi_name, '/');

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		modules[n_modules++] = (struct module){ info->dlpi_addr, info->dlpi_addr + p->p_vaddr + p->p_memsz,
			*info->dlpi_name ? (slash ? slash + 1 : info->dlpi_name) : "orlop" };
	}
	return 0;
}

static const struct module *
module_of(const void *p)
{
	uintptr_t a = (uintptr_t)p;

	for (size_t i = 0; i < n_modules; i++)
		if (a >= modules[i].from && a < modules[i].to)
			return &modules[i];
	return NULL;
}

/* The same in every run: offsets and names, not addresses. */
static uint64_t
hash_of(const char *call, void *const *frames, int n)
{
	uint64_t h = 1469598103934665603u;

	for (const char *c = call; *c; c++)
		h = (h ^ (unsigned char)*c) * 1099511628211u;
	for (int i = 0; i < n; i++) {
		const struct module *m = module_of(frames[i]);

		h = (h ^ ((uintptr_t)frames[i] - (m ? m->from : 0))) * 1099511628211u;
		for (const char *c = m ? m->name : ""; *c; c++)
			h = (h ^ (unsigned char)*c) * 1099511628211u;
	}
	return h ? h : 1;
}

static void
print_site(int fd, const char *call, uint64_t hash, unsigned times, void *const *frames)
{
	char line[2048];
	int n = snprintf(line, sizeof line, "%016llx %s %u", (unsigned long long)hash, call, times);

	for (int i = 0; i < DEPTH && frames[i] && n < (int)sizeof line - 100; i++) {
		const struct module *m = module_of(frames[i]);

		n += snprintf(line + n, sizeof line - (size_t)n, " %.40s+0x%lx", m ? m->name : "?",
			(unsigned long)((uintptr_t)frames[i] - (m ? m->from : 0)));
	}
	line[n++] = '\n';
	(void)syscall(SYS_write, fd, line, (size_t)n);
}

static void
append(const char *variable, const char *call, uint64_t hash, void *const *frames)
{
	const char *path = getenv(variable);
	long fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	print_site((int)fd, call, hash, 1, frames);
	(void)syscall(SYS_close, fd);
}

static void
record(const char *call, uint64_t hash, void *const *frames)
{
	for (size_t i = hash % SITES, n = 0; n < SITES; i = (i + 1) % SITES, n++) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong(&sites[i].hash, &none, hash)) {
			sites[i].call = call;
			memcpy(sites[i].frames, frames, sizeof sites[i].frames);
		} else if (none != hash) {
			continue;
		}
		atomic_fetch_add(&sites[i].times, 1);
		return;
	}
}

static bool
decide(const char *call, void *const *frames, int n)
{
	uint64_t hash;

	if (rest && atomic_load(&fired))
		return true;
	if (wanted_kth)
		return atomic_fetch_add(&seen_kth, 1) + 1 == wanted_kth;
	hash = hash_of(call, frames, n);
	if (recording)
		record(call, hash, frames);
	return wanted_site == hash && atomic_fetch_add(&seen_nth, 1) + 1 == wanted_nth;
}

/* True: this call is to fail. */
static bool
hit(const char *call)
{
	void *all[DEPTH + 2] = { 0 };
	bool fail;
	int n, before = errno;

	if (!on || inside || !listed(call))
		return false;
	inside = true;
	n = backtrace(all, DEPTH + 2) - 2;       /* this function and the one that stands for the call */
	fail = decide(call, all + 2, n > 0 ? n : 0);
	if (fail && !atomic_exchange(&fired, true))
		append("INJECT_LOG", call, hash_of(call, all + 2, n > 0 ? n : 0), all + 2);
	inside = false;
	errno = fail ? give_errno : before;
	return fail;
}

static bool
fd_counts(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	if (fd <= 2)
		return false;                    /* the messages under test */
	if (!below)
		return true;
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path);
	return n > 0 && strncmp(path, below, strlen(below)) == 0;
}

static bool
path_counts(int dirfd, const char *path)
{
	if (!below)
		return true;
	return path[0] == '/' ? strncmp(path, below, strlen(below)) == 0 : dirfd >= 0 && fd_counts(dirfd);
}

static long
number(const char *variable, long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtol(text, NULL, 10) : otherwise;
}

static int (*real_main)(int, char **, char **);

static void
set_up(void)
{
	void *warm[4];
	const char *clock = getenv("INJECT_CLOCK"), *at = clock ? strchr(clock, '@') : NULL;

	(void)backtrace(warm, 4);                /* loads libgcc_s now */
	(void)dl_iterate_phdr(add_module, NULL);
	calls = getenv("INJECT_CALLS");
	below = getenv("INJECT_BELOW");
	recording = getenv("INJECT_RECORD") != NULL;
	rest = getenv("INJECT_REST") != NULL;
	give_errno = (int)number("INJECT_ERRNO", ENOMEM);
	wanted_nth = (unsigned)number("INJECT_NTH", 1);
	wanted_kth = (unsigned)number("INJECT_KTH", 0);
	wanted_site = getenv("INJECT_SITE") ? strtoull(getenv("INJECT_SITE"), NULL, 16) : 0;
	stall = number("INJECT_STALL", 0);
	clock_off = number("INJECT_CLOCK", 0);
	clock_from = at ? strtol(at + 1, NULL, 10) : 0;
	(void)unsetenv("LD_PRELOAD");            /* programs that are started are not under test */
	on = calls != NULL;
}

static void
write_record(void)
{
	int fd;

	on = false;                              /* before this very call becomes a place */
	fd = open(getenv("INJECT_RECORD"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	for (size_t i = 0; i < SITES && fd >= 0; i++)
		if (sites[i].hash)
			print_site(fd, sites[i].call, sites[i].hash, sites[i].times, sites[i].frames);
	(void)close(fd);
}

static int
main_between(int argc, char **argv, char **envp)
{
	set_up();
	if (recording)
		(void)atexit(write_record);
	return real_main(argc, argv, envp);
}

int
__libc_start_main(int (*fn)(int, char **, char **), int argc, char **argv, int (*init)(int, char **, char **),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	int (*next)(int (*)(int, char **, char **), int, char **, int (*)(int, char **, char **), void (*)(void),
		void (*)(void), void *) = dlsym(RTLD_NEXT, "__libc_start_main");

	real_main = fn;
	return next(main_between, argc, argv, init, fini, rtld_fini, stack_end);
}

/* ------------------------------------------------------------------ memory */

void *
malloc(size_t n)
{
	return hit("malloc") ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return hit("malloc") ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return hit("malloc") ? NULL : __libc_realloc(p, n);
}

/* ------------------------------------------------------------------ calls */

#define NEXT(type, name) \
	static type (*next)(); \
	if (!next) { \
		bool was = inside; \
		inside = true; \
		next = (type (*)())dlsym(RTLD_NEXT, name); \
		inside = was; \
	}

static unsigned
mode_of(int flags, va_list ap)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, unsigned) : 0;
}

/* A full disk opens what is there. */
static bool
open_counts(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE || (give_errno != ENOSPC && give_errno != EDQUOT);
}

#define OPEN(name) \
int \
name(const char *path, int flags, ...) \
{ \
	va_list ap; \
	unsigned mode; \
	NEXT(int, #name) \
	va_start(ap, flags); \
	mode = mode_of(flags, ap); \
	va_end(ap); \
	return open_counts(flags) && path_counts(-1, path) && hit("open") ? -1 : next(path, flags, mode); \
}
#define OPENAT(name) \
int \
name(int dirfd, const char *path, int flags, ...) \
{ \
	va_list ap; \
	unsigned mode; \
	NEXT(int, #name) \
	va_start(ap, flags); \
	mode = mode_of(flags, ap); \
	va_end(ap); \
	return open_counts(flags) && path_counts(dirfd, path) && hit("open") ? -1 : next(dirfd, path, flags, mode); \
}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* A short transfer is none of a failure: half of it is done. */
static size_t
part_of(size_t n)
{
	return give_errno == 0 && n > 1 ? n / 2 : n;
}

#define TRANSFER(name, call, buffer) \
ssize_t \
name(int fd, buffer p, size_t n) \
{ \
	NEXT(ssize_t, #name) \
	if (fd_counts(fd) && hit(call)) { \
		if (give_errno) \
			return -1; \
		n = part_of(n); \
	} \
	return next(fd, p, n); \
}
TRANSFER(read, "read", void *)
TRANSFER(write, "write", const void *)

#define PTRANSFER(name, call, buffer, offset) \
ssize_t \
name(int fd, buffer p, size_t n, offset at) \
{ \
	NEXT(ssize_t, #name) \
	if (fd_counts(fd) && hit(call)) { \
		if (give_errno) \
			return -1; \
		n = part_of(n); \
	} \
	return next(fd, p, n, at); \
}
PTRANSFER(pread, "read", void *, off_t)
PTRANSFER(pread64, "read", void *, off64_t)
PTRANSFER(pwrite, "write", const void *, off_t)
PTRANSFER(pwrite64, "write", const void *, off64_t)
PTRANSFER(send, "send", const void *, int)
PTRANSFER(recv, "recv", void *, int)

/* It is closed all the same, as Linux does. */
int
close(int fd)
{
	bool fail;
	NEXT(int, "close")
	fail = fd_counts(fd) && hit("close");
	if (!fail)
		return next(fd);
	(void)next(fd);
	errno = give_errno;
	return -1;
}

#define ON_FD(name) \
int \
name(int fd) \
{ \
	NEXT(int, #name) \
	return fd_counts(fd) && hit("fsync") ? -1 : next(fd); \
}
ON_FD(fsync)
ON_FD(fdatasync)

#define ON_PATH(name, call) \
int \
name(const char *path) \
{ \
	NEXT(int, #name) \
	return path_counts(-1, path) && hit(call) ? -1 : next(path); \
}
ON_PATH(unlink, "unlink")
ON_PATH(rmdir, "unlink")

int
mkdir(const char *path, mode_t mode)
{
	NEXT(int, "mkdir")
	return path_counts(-1, path) && hit("mkdir") ? -1 : next(path, mode);
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
	NEXT(int, "mkdirat")
	return path_counts(dirfd, path) && hit("mkdir") ? -1 : next(dirfd, path, mode);
}

int
unlinkat(int dirfd, const char *path, int flags)
{
	NEXT(int, "unlinkat")
	return path_counts(dirfd, path) && hit("unlink") ? -1 : next(dirfd, path, flags);
}

int
rename(const char *from, const char *to)
{
	NEXT(int, "rename")
	return path_counts(-1, to) && hit("rename") ? -1 : next(from, to);
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	NEXT(int, "renameat")
	return path_counts(to_fd, to) && hit("rename") ? -1 : next(from_fd, from, to_fd, to);
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	NEXT(int, "linkat")
	return path_counts(to_fd, to) && hit("rename") ? -1 : next(from_fd, from, to_fd, to, flags);
}

int
socket(int domain, int type, int protocol)
{
	NEXT(int, "socket")
	return hit("socket") ? -1 : next(domain, type, protocol);
}

int
connect(int fd, const struct sockaddr *to, socklen_t len)
{
	NEXT(int, "connect")
	return hit("connect") ? -1 : next(fd, to, len);
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	NEXT(int, "poll")
	return hit("poll") ? -1 : next(fds, n, timeout);
}

int
epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	NEXT(int, "epoll_wait")
	return hit("poll") ? -1 : next(fd, events, n, timeout);
}

int
pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	NEXT(int, "pthread_create")
	return hit("pthread_create") ? give_errno : next(id, attr, fn, arg);
}

int
getentropy(void *p, size_t n)
{
	NEXT(int, "getentropy")
	return hit("getrandom") ? -1 : next(p, n);
}

ssize_t
getrandom(void *p, size_t n, unsigned flags)
{
	NEXT(ssize_t, "getrandom")
	return hit("getrandom") ? -1 : next(p, n, flags);
}

/* ------------------------------------------------------------------ clocks, libcurl */

static long
wall_offset(void)
{
	return clock_off && atomic_fetch_add(&clock_reads, 1) + 1 >= (unsigned)clock_from ? clock_off : 0;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc;
	NEXT(int, "clock_gettime")
	rc = next(id, ts);
	if (rc == 0 && id == CLOCK_REALTIME)
		ts->tv_sec += wall_offset();
	return rc;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	int rc;
	NEXT(int, "gettimeofday")
	rc = next(tv, zone);
	if (rc == 0)
		tv->tv_sec += wall_offset();
	return rc;
}

time_t
time(time_t *to)
{
	time_t now;
	NEXT(time_t, "time")
	now = next(NULL) + wall_offset();
	if (to)
		*to = now;
	return now;
}

int
curl_easy_setopt(void *easy, int option, ...)
{
	va_list ap;
	void *value;
	NEXT(int, "curl_easy_setopt")
	va_start(ap, option);
	value = va_arg(ap, void *);              /* longs, pointers and offsets are passed alike on 64 bits */
	va_end(ap);
	if (option == CURLOPT_LOW_SPEED_TIME && stall)
		return next(easy, option, stall);
	return next(easy, option, value);
}
