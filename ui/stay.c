/* The process before the UI: it waits, and does what happens to it to the other one. */
#include "ui/stay.h"

#include "base/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int   let_go = -1;        /* in the UI's process: its parent is released by a byte here */
static pid_t parent;

/* The shell sees what became of the child, as if there were no process between. */
static _Noreturn void
end_like(int status)
{
	if (WIFSIGNALED(status)) {
		sigset_t all;

		(void)signal(WTERMSIG(status), SIG_DFL);
		(void)raise(WTERMSIG(status));
		sigfillset(&all);
		(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static _Noreturn void
stand_in(pid_t child, int released, const sigset_t *watched)
{
	char byte;

	for (;;) {
		int sig = sigwaitinfo(watched, NULL), status;

		if (sig == SIGCHLD) {
			if (read(released, &byte, 1) == 1)
				_exit(EXIT_SUCCESS);
			if (waitpid(child, &status, WNOHANG | WUNTRACED) != child)
				continue;
			if (!WIFSTOPPED(status))
				end_like(status);
			(void)raise(SIGSTOP);
			(void)kill(child, SIGCONT);
		} else if (sig > 0) {
			(void)kill(child, sig);
		}
	}
}

int
stay_fork(struct err *e)
{
	static const int passed_on[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT };
	sigset_t watched, before;
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(e, EK_LIMIT, "pipe: %s", strerror(errno));
	sigemptyset(&watched);
	for (size_t i = 0; i < COUNT(passed_on); i++)
		sigaddset(&watched, passed_on[i]);
	(void)sigprocmask(SIG_BLOCK, &watched, &before);
	child = fork();
	if (child < 0) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		(void)close(fds[0]);
		(void)close(fds[1]);
		return err_set(e, EK_LIMIT, "fork: %s", strerror(errno));
	}
	if (child > 0)
		stand_in(child, fds[0], &watched);
	(void)close(fds[0]);
	let_go = fds[1];
	parent = getppid();
	/* Without the process that the shell knows, the terminal is somebody else's. */
	(void)prctl(PR_SET_PDEATHSIG, SIGHUP);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return 0;
}

void
stay_detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && null >= 0; fd++)
		(void)dup2(null, fd);
	if (null >= 0)
		(void)close(null);
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, 0);
	(void)!write(let_go, "", 1);
	if (getppid() == parent)
		(void)kill(parent, SIGCHLD);
}
