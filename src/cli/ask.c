/* Questions on the terminal: secrets without echo. */
#include "cli/ask.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

enum { CTRL_C = 3, CTRL_D = 4, CTRL_U = 21, BACKSPACE = 8, ERASE = 127 };

static void
interrupt_read(int sig)
{
	(void)sig;                               /* that read() ends is all it is for */
}

/* Byte by byte, in a terminal that interprets none of them.  -1: EK_CANCELED. */
static int
read_line(struct buf *line, struct err *e)
{
	for (;;) {
		unsigned char c;
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno != EINTR)
			return err_sys(e, errno, "read from the terminal");
		if (n < 0 || c == CTRL_C)
			return err_set(e, EK_CANCELED, "interrupted");
		if (n == 0 || c == CTRL_D || c == '\n' || c == '\r')
			return 0;
		if (c == CTRL_U)
			buf_cut(line, 0);
		else if ((c == BACKSPACE || c == ERASE) && line->len > 0)
			buf_cut(line, line->len - 1);
		else if (c >= ' ' && c != ERASE && buf_add(line, &c, 1, e) < 0)
			return -1;
	}
}

static int
read_hidden(struct buf *line, struct err *e)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = interrupt_read }, old[COUNT(signals)];
	struct termios shown, hidden;
	int rc;

	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return err_sys(e, errno, "terminal");
	hidden = shown;
	hidden.c_lflag &= (tcflag_t)~(ECHO | ECHONL | ICANON | ISIG);
	hidden.c_cc[VMIN] = 1;
	hidden.c_cc[VTIME] = 0;
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &sa, &old[i]);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) < 0) {
		rc = err_sys(e, errno, "terminal");
	} else {
		rc = read_line(line, e);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	}
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	return rc;
}

struct secret *
ask_secret(const char *prompt, struct err *e)
{
	/* Full size at once: no copies are left behind by growing. */
	AUTO(buf_wipe) struct buf line = BUF_INIT(4 * KIB);
	int rc;

	if (!isatty(STDIN_FILENO)) {
		err_set(e, EK_INVALID, "there is no terminal to ask for the secret on: --secret-key-file FILE takes it from a file "
			"('-': stdin)");
		return NULL;
	}
	if (buf_room(&line, line.max, e) == NULL)
		return NULL;
	fputs(prompt, stderr);
	fflush(stderr);
	rc = read_hidden(&line, e);
	fputc('\n', stderr);
	if (rc < 0)
		return NULL;
	if (line.len == 0) {
		err_set(e, EK_INVALID, "no secret was typed");
		return NULL;
	}
	return secret_new(buf_str(&line));
}

bool
ask_yes(const char *question)
{
	char answer[16] = "";

	fprintf(stderr, "%s [y/N] ", question);
	if (fgets(answer, sizeof answer, stdin) == NULL) {
		fputc('\n', stderr);
		return false;
	}
	return answer[0] == 'y' || answer[0] == 'Y';
}

bool
ask_typed(const char *question, const char *answer)
{
	char line[512] = "";

	fputs(question, stderr);
	if (fgets(line, sizeof line, stdin) == NULL) {
		fputc('\n', stderr);
		return false;
	}
	return str_eqz(str_trim(str_of(line)), answer);
}
