/* Runs $VISUAL or $EDITOR as a child in the foreground. */
#include "ui/editor.h"

#include "base/attr.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRIVATE_DIR 0700

extern char **environ;

/* The terminal's keys are meant for the editor. */
static const int kept_away[] = { SIGINT, SIGQUIT, SIGTSTP };

static const char *
command(void)
{
	static const char *const names[] = { "VISUAL", "EDITOR" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (getenv(names[i]) != NULL && getenv(names[i])[0] != '\0')
			return getenv(names[i]);
	return "vi";
}

static int
spawn(const char *path, pid_t *out)
{
	AUTO_FREE char *line = xasprintf("%s \"$1\"", command());
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, line, (char[]){ "orlop" }, (char *)(uintptr_t)path, NULL };
	posix_spawnattr_t attr;
	sigset_t usual;
	int rc;

	sigemptyset(&usual);
	for (size_t i = 0; i < COUNT(kept_away); i++)
		sigaddset(&usual, kept_away[i]);
	sigaddset(&usual, SIGPIPE);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigdefault(&attr, &usual);
	rc = posix_spawn(out, "/bin/sh", NULL, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	return rc;
}

static int
wait_for(pid_t child)
{
	int status;

	for (;;) {
		if (waitpid(child, &status, WUNTRACED) != child) {
			if (errno != EINTR)
				return -1;
		} else if (WIFSTOPPED(status)) {
			(void)raise(SIGSTOP);
			(void)kill(child, SIGCONT);
		} else {
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
	}
}

static int
edit(const char *path, struct err *e)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before[COUNT(kept_away)];
	pid_t child;
	int rc;

	for (size_t i = 0; i < COUNT(kept_away); i++)
		(void)sigaction(kept_away[i], &ignore, &before[i]);
	rc = spawn(path, &child);
	if (rc != 0) {
		rc = err_set(e, EK_LIMIT, "the editor could not be started: %s", strerror(rc));
	} else {
		rc = wait_for(child);
		if (rc == 127)
			rc = err_set(e, EK_NOTFOUND, "there is no editor '%.60s': set EDITOR", command());
		else if (rc != 0)
			rc = err_set(e, EK_IO, "'%.60s' ended with %d: nothing is changed", command(), rc);
	}
	for (size_t i = 0; i < COUNT(kept_away); i++)
		(void)sigaction(kept_away[i], &before[i], NULL);
	return rc;
}

int
editor_run(struct str text, const char *suffix, struct buf *out, struct err *e)
{
	AUTO_FREE char *folder = file_xdg(XDG_RUNTIME, NULL), *path = xasprintf("%s/edit-XXXXXX%s", folder, suffix);
	int fd, rc = -1;

	if (file_mkdirs(folder, PRIVATE_DIR, e) < 0)
		return -1;
	fd = mkostemps(path, (int)strlen(suffix), O_CLOEXEC);
	if (fd < 0)
		return err_set(e, EK_IO, "%s: %s", path, strerror(errno));
	if (write(fd, text.p, text.len) != (ssize_t)text.len)
		(void)err_set(e, EK_IO, "%s: %s", path, strerror(errno));
	else
		rc = edit(path, e);
	(void)close(fd);
	if (rc == 0)
		rc = file_read(path, out, e);
	(void)unlink(path);
	return rc;
}
