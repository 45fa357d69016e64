/*
 * Child processes.
 *
 *	proc_run -> start (posix_spawn) -> loop { judge: cancel, time, KILL | poll | read | waitpid } -> status
 *
 * The loop ends when the child is reaped and its pipes are silent.  Pipes alone do not decide: a program may
 * close them and go on, or end and leave them to a child of its own.
 */
#include "base/proc.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS  50                      /* how late a cancel or an end may be noticed */
#define GRACE_NS (2 * NS_PER_S)          /* between TERM and KILL */
#define CHUNK    ((size_t)16 * 1024)

#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
#define HAVE_CLOSEFROM 1
#endif
#endif

extern char **environ;

enum { OUT, ERR };

struct run {
	const struct proc *proc;
	pid_t              pid;
	int                fd[2];        /* read ends of OUT and ERR, -1 when closed */
	struct buf        *to[2];
	int64_t            deadline_ns;  /* monotonic, 0 = none */
	int64_t            kill_ns;      /* when KILL is due, 0 = not ending */
	bool               reaped;
	int                wait_status;
	struct err        *e;
	bool               failed;       /* e says why */
};

static void
add_env(struct strs *env, const char *const *add)
{
	for (char **v = environ; v && *v; v++) {
		struct str name = str_sub(str_of(*v), 0, str_chr(str_of(*v), '=') + 1);
		bool replaced = false;

		for (size_t i = 0; add && add[i]; i++)
			replaced = replaced || str_starts(str_of(add[i]), name);
		if (!replaced)
			strs_add(env, *v);
	}
	for (size_t i = 0; add && add[i]; i++)
		strs_add(env, add[i]);
	*vec_push(env) = NULL;
}

/* What the child's descriptors become; out and err are the write ends of the pipes. */
static int
set_actions(posix_spawn_file_actions_t *fa, const struct proc *p, int out, int err)
{
	int rc = 0;

	if (!p->tty_stdin)
		rc = posix_spawn_file_actions_addopen(fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	/* Descriptors are given lowest first, so err cannot be STDOUT_FILENO. */
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(fa, out, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(fa, err, STDERR_FILENO);
#ifdef HAVE_CLOSEFROM
	/* Ours are all O_CLOEXEC; this is about descriptors that libraries or our own parent left open. */
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(fa, STDERR_FILENO + 1);
#endif
	if (!rc && p->cwd)
		rc = posix_spawn_file_actions_addchdir_np(fa, p->cwd);
	return rc;
}

/* No signal is blocked in the child, SIGPIPE works, and signals reach its own children through its group. */
static int
set_attributes(posix_spawnattr_t *at, const struct proc *p)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t none, dflt;

	(void)sigemptyset(&none);
	(void)sigemptyset(&dflt);
	(void)sigaddset(&dflt, SIGPIPE);
	/* Who asks on the terminal must stay in the foreground group. */
	if (!p->tty_stdin)
		flags |= POSIX_SPAWN_SETPGROUP;
	(void)posix_spawnattr_setsigmask(at, &none);
	(void)posix_spawnattr_setsigdefault(at, &dflt);
	return posix_spawnattr_setflags(at, flags);
}

static int
spawn(struct run *r, int out, int err)
{
	AUTO_STRS struct strs argv = { 0 };
	AUTO_STRS struct strs env = { 0 };
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	int rc;

	for (size_t i = 0; r->proc->argv[i]; i++)
		strs_add(&argv, r->proc->argv[i]);
	*vec_push(&argv) = NULL;
	add_env(&env, r->proc->env_add);
	if ((rc = posix_spawn_file_actions_init(&fa)) != 0)
		return rc;
	if ((rc = posix_spawnattr_init(&at)) != 0) {
		(void)posix_spawn_file_actions_destroy(&fa);
		return rc;
	}
	rc = set_actions(&fa, r->proc, out, err);
	if (!rc)
		rc = set_attributes(&at, r->proc);
	if (!rc)
		rc = posix_spawnp(&r->pid, argv.at[0], &fa, &at, argv.at, env.at);
	(void)posix_spawnattr_destroy(&at);
	(void)posix_spawn_file_actions_destroy(&fa);
	return rc;
}

static int
start(struct run *r, struct err *e)
{
	AUTO(file_close) int out = -1;
	AUTO(file_close) int err = -1;
	const char *name = r->proc->argv[0];
	struct stat st;
	int ends[2], rc;

	/* Otherwise a missing folder would look like a missing program. */
	if (r->proc->cwd && stat(r->proc->cwd, &st) < 0)
		return err_sys(e, errno, "run '%s' in '%s'", name, r->proc->cwd);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "run '%s': pipe", name);
	r->fd[OUT] = ends[0];
	out = ends[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "run '%s': pipe", name);
	r->fd[ERR] = ends[0];
	err = ends[1];
	rc = spawn(r, out, err);
	return rc ? err_sys(e, rc, "run '%s'", name) : 0;
}

/* The child, or its whole group when it has its own. */
static void
send_signal(const struct run *r, int sig)
{
	if (!r->reaped)
		(void)kill(r->proc->tty_stdin ? r->pid : -r->pid, sig);
}

/* Starts to end the child; e is set already. */
static void
give_up(struct run *r)
{
	r->failed = true;
	if (r->kill_ns)
		return;
	r->kill_ns = clock_mono_ns() + GRACE_NS;
	send_signal(r, SIGTERM);
}

static void
judge(struct run *r, const struct cancel *c)
{
	int64_t now = clock_mono_ns();
	char limit[FMT_MAX];

	if (r->kill_ns) {
		if (now >= r->kill_ns)
			send_signal(r, SIGKILL);
		return;
	}
	if (cancel_check(c, r->e) < 0) {
		(void)err_ctx(r->e, "run '%s'", r->proc->argv[0]);
		give_up(r);
	} else if (r->deadline_ns && now >= r->deadline_ns) {
		(void)err_set(r->e, EK_TIMEOUT, "run '%s': not done after %s", r->proc->argv[0],
			fmt_duration(limit, r->proc->timeout_ns));
		give_up(r);
	}
}

static void
keep(struct run *r, int which, const char *p, size_t n)
{
	struct buf *b = r->to[which];
	size_t left = b->max - b->len;

	if (r->failed)
		return;
	if (which == ERR) {
		buf_put(b, p, n < left ? n : left);
	} else if (buf_add(b, p, n, r->e) < 0) {
		(void)err_ctx(r->e, "output of '%s'", r->proc->argv[0]);
		give_up(r);
	}
}

/* Waits at most a tick and reads what is there.  True when something came or a pipe ended. */
static bool
read_pipes(struct run *r, int wait_ms)
{
	struct pollfd pfd[2] = {
		{ .fd = r->fd[OUT], .events = POLLIN },
		{ .fd = r->fd[ERR], .events = POLLIN },
	};
	bool busy = false;

	if (poll(pfd, 2, wait_ms) <= 0)
		return false;
	for (int i = OUT; i <= ERR; i++) {
		char chunk[CHUNK];
		ssize_t n;

		if (!pfd[i].revents)
			continue;
		n = read(r->fd[i], chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		busy = true;
		if (n > 0)
			keep(r, i, chunk, (size_t)n);
		else
			file_close(&r->fd[i]);
	}
	return busy;
}

static void
reap(struct run *r)
{
	pid_t got = waitpid(r->pid, &r->wait_status, WNOHANG);

	assert_that(got >= 0 || errno == EINTR);
	r->reaped = got == r->pid;
}

/* Short at first: most programs that have closed their pipes end at once. */
static int
tick(const struct run *r, unsigned idle)
{
	bool silent = r->fd[OUT] < 0 && r->fd[ERR] < 0;

	if (r->reaped)
		return 0;
	return silent && idle < TICK_MS ? 1 : TICK_MS;
}

static void
follow(struct run *r, const struct cancel *c)
{
	unsigned idle = 0;

	for (;;) {
		bool busy;

		judge(r, c);
		busy = read_pipes(r, tick(r, idle));
		idle = busy ? 0 : idle + 1;
		if (r->reaped && (!busy || r->failed))
			return;
		if (!r->reaped)
			reap(r);
	}
}

int
proc_run(const struct proc *p, struct buf *out, struct buf *err_out, int *status, const struct cancel *c,
	struct err *e)
{
	struct err why = { 0 };
	struct run r = { .proc = p, .fd = { -1, -1 }, .to = { out, err_out }, .e = &why };
	int rc;

	if (cancel_check(c, e) < 0)
		return err_ctx(e, "run '%s'", p->argv[0]);
	if (p->timeout_ns)
		r.deadline_ns = clock_mono_ns() + p->timeout_ns;
	rc = start(&r, &why);
	if (rc == 0)
		follow(&r, c);
	file_close(&r.fd[OUT]);
	file_close(&r.fd[ERR]);
	if (rc < 0 || r.failed) {
		*e = why;
		return -1;
	}
	*status = WIFSIGNALED(r.wait_status) ? 128 + WTERMSIG(r.wait_status) : WEXITSTATUS(r.wait_status);
	return 0;
}
