/* A request from submission to exit code. */
#include "cli/run.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/progress.h"
#include "data/jdoc.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#define FINDINGS_SHOWN 20
#define TWICE_NS (2 * NS_PER_S)

/* For the signal handler only. */
static struct cancel *volatile signal_cancel;
static volatile sig_atomic_t interrupts;
static volatile int64_t first_interrupt_ns;

static void
on_interrupt(int sig)
{
	static const char again[] = "\norlop: stopping at the next object and cleaning up; again within 2 s ends at once\n";
	int64_t now = clock_mono_ns();

	(void)sig;
	if (interrupts > 0 && now - first_interrupt_ns < TWICE_NS)
		_exit(EXIT_INTERRUPTED);
	interrupts = 1;
	first_interrupt_ns = now;
	if (signal_cancel != NULL)
		cancel_fire(signal_cancel);
	(void)!write(STDERR_FILENO, again, sizeof again - 1);
}

static void PRINTF_LIKE(2, 0)
say(const char *prefix, const char *fmt, va_list ap)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	AUTO_FREE char *text = NULL;

	text = xvasprintf(fmt, ap);
	text_visible(&out, str_of(text), false);
	fprintf(stderr, "%s%s\n", prefix, buf_cstr(&out));
}

void
cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("orlop: ", fmt, ap);
	va_end(ap);
}

void
cli_next(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("  next: ", fmt, ap);
	va_end(ap);
}

static void
show_finding(struct progress_view *p, const char *json, size_t number)
{
	struct err ignored;
	AUTO_JDOC cJSON *d = jdoc_parse(str_of(json), &ignored);
	const char *ns = jdoc_text(d, "namespace"), *resource = jdoc_text(d, "resource"), *name = jdoc_text(d, "name");
	const char *hint = jdoc_text(d, "hint"), *text = jdoc_text(d, "text"), *severity = jdoc_text(d, "severity");
	AUTO_FREE char *line = NULL;

	if (number >= FINDINGS_SHOWN)
		return;
	line = resource == NULL ? xasprintf("%s: %s", severity, text)
		: xasprintf("%s: %s %s%s%s: %s", severity, resource, ns != NULL ? ns : "",
			ns != NULL && ns[0] != '\0' ? "/" : "", name != NULL ? name : "", text);
	progress_message(p, line);
	if (hint != NULL) {
		AUTO_FREE char *next = xasprintf("  next: %s", hint);

		progress_message(p, next);
	}
}

#define STOPPED "Do what the findings above say, or let it try with --ignore CODE; 'orlop restore preflight' has them all."

#define PLAN_AGAIN "Plan again: 'orlop restore plan --save FILE', look at it, then 'orlop restore create --plan FILE'."
#define LOST "When the API server answers again, 'orlop restore create --resume' with the name of the restore continues it."

/* What an error means depends on what it is about. */
static const struct advice {
	enum ev_about about;
	enum err_kind kind;
	const char   *scheme;            /* of the location; NULL: any */
	const char   *next;
} advices[] = {
	{ ABOUT_LOCATION, EK_DENIED, "dir:", "Check who may read and write that folder." },
	{ ABOUT_LOCATION, EK_DENIED, NULL,
		"Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile, and what they permit; then "
		"'orlop location validate'." },
	{ ABOUT_LOCATION, EK_NOTFOUND, NULL, "Check the location; 'orlop location validate' tries it step by step." },
	{ ABOUT_LOCATION, EK_IO, "dir:", "Check that it is a folder, and that its disk is sound and has space." },
	{ ABOUT_LOCATION, EK_UNAVAILABLE, NULL,
		"Check the address in the location, the network and the proxy, then try again." },
	{ ABOUT_CLUSTER, EK_NOTFOUND, NULL,
		"Check --kubeconfig, --context and KUBECONFIG; 'kubectl config get-contexts' lists the contexts." },
	{ ABOUT_CLUSTER, EK_INVALID, NULL, "Correct the kubeconfig, or name another one with --kubeconfig." },
	{ ABOUT_CLUSTER, EK_DENIED, NULL,
		"Check the user of that kubeconfig context; 'orlop cluster check' lists what it may not do." },
	{ ABOUT_CLUSTER, EK_UNAVAILABLE, NULL,
		"Check the server's address in the kubeconfig, the network, the proxy and the VPN, then try again." },
	{ ABOUT_CLUSTER, EK_IO, NULL, "Check that the kubeconfig and what it names are readable files." },
	{ ABOUT_PREFLIGHT, EK_DENIED, NULL, STOPPED },
	{ ABOUT_PREFLIGHT, EK_CONFLICT, NULL, STOPPED },
	{ ABOUT_PREFLIGHT, EK_LIMIT, NULL, STOPPED },
	{ ABOUT_PLAN, EK_CONFLICT, NULL, PLAN_AGAIN },
	{ ABOUT_PLAN, EK_CORRUPT, NULL, PLAN_AGAIN },
	{ ABOUT_PLAN, EK_INVALID, NULL, PLAN_AGAIN },
	{ ABOUT_RESUME, EK_EXISTS, NULL, "'orlop restore describe' shows what became of it; 'restore list' has all of them." },
	{ ABOUT_RESUME, EK_CONFLICT, NULL, "'orlop restore describe' shows how far it is." },
	{ ABOUT_RESUME, EK_NOTFOUND, NULL, "'orlop restore list' shows which restores there are, and how they ended." },
	{ ABOUT_LOST, EK_UNAVAILABLE, NULL, LOST },
	{ ABOUT_LOST, EK_TIMEOUT, NULL, LOST },
	{ ABOUT_JOB, EK_NOTFOUND, NULL, "'orlop job list' shows the jobs of this machine." },
	{ ABOUT_JOB, EK_CONFLICT, NULL, "'orlop job list' shows how it ended." },
	{ ABOUT_JOB, EK_UNAVAILABLE, NULL, "'orlop restore create --resume NAME' continues a restore; the next backup clears up what "
		"this one left." },
	{ ABOUT_JOB, EK_CANCELED, NULL, "'orlop restore create --resume NAME' continues a restore; a backup is made anew." },
	{ ABOUT_JOB, EK_IO, NULL, "'orlop restore describe' and 'orlop backup describe' tell more of it." },
	{ ABOUT_ANSWER, EK_NOTFOUND, NULL, "The server did not find what it should have: look at its log, then try again." },
	{ ABOUT_ANSWER, EK_INVALID, NULL, "Check the server and what stands between, such as a proxy, then try again." },
	{ ABOUT_ANSWER, EK_CORRUPT, NULL, "Check the server and what stands between, such as a proxy, then try again." },
};

static const char *
advice(const struct cli *c, const struct event *end)
{
	for (size_t i = 0; i < COUNT(advices); i++) {
		const struct advice *a = &advices[i];

		if (a->about == end->about && a->kind == end->err.kind
		    && (a->scheme == NULL || str_starts(str_of(c->url), str_of(a->scheme))))
			return a->next;
	}
	return err_info(end->err.kind)->hint;
}

static int
exit_code(const struct event *end)
{
	static const int by_kind[EK_COUNT_] = {
		[EK_INVALID] = EXIT_USAGE, [EK_NOTFOUND] = EXIT_NOTHING, [EK_CORRUPT] = EXIT_DAMAGED,
	};

	switch (end->end) {
	case END_DONE: return EXIT_OK;
	case END_PARTIAL: return EXIT_PARTIAL;
	case END_DAMAGED: return EXIT_DAMAGED;
	case END_CANCELED: return EXIT_INTERRUPTED;
	case END_FAILED: break;
	}
	/* A wrong URL is the user's slip; a store that finds a request invalid is not usable. */
	if (end->about == ABOUT_LOCATION && (end->err.kind != EK_INVALID || end->err.http != 0))
		return EXIT_LOCATION;
	if (end->about == ABOUT_CLUSTER || end->about == ABOUT_LOST || (end->about == ABOUT_PREFLIGHT && end->err.kind == EK_DENIED))
		return EXIT_CLUSTER;
	/* What a server finds invalid was no word of the user's. */
	if (end->about == ABOUT_ANSWER || (end->err.kind == EK_INVALID && end->err.http != 0))
		return EXIT_FAILED;
	return by_kind[end->err.kind] != 0 ? by_kind[end->err.kind] : EXIT_FAILED;
}

static void
show_end(const struct cli *c, const struct event *ev, size_t findings)
{
	const char *next = ev->end == END_FAILED ? advice(c, ev) : "";

	if (findings > FINDINGS_SHOWN)
		fprintf(stderr, "... and %zu more: 'describe' and 'logs' have them all\n", findings - FINDINGS_SHOWN);
	if (ev->end == END_CANCELED)
		cli_error("stopped: %s", ev->err.msg);
	if (ev->end != END_FAILED)
		return;
	cli_error("%s", ev->err.msg);
	if (next[0] != '\0')
		cli_next("%s", next);
}

static int
take_event(struct event *ev, struct backend *b, struct progress_view *p, const struct sink *sink, size_t *findings)
{
	struct job_progress now;
	struct str data = { ev->text, ev->len };

	switch (ev->kind) {
	case EV_PROGRESS:
		backend_progress(b, ev->id, &now);
		progress_update(p, &now);
		return 0;
	case EV_NOTE:
		progress_message(p, ev->text);
		return 0;
	case EV_FINDING:
		show_finding(p, ev->text, (*findings)++);
		return 0;
	case EV_ROW:
		return sink->row != NULL ? sink->row(sink->ctx, data) : 0;
	case EV_BYTES:
		return sink->bytes != NULL ? sink->bytes(sink->ctx, data) : 0;
	case EV_JOB:
	case EV_END:
		break;
	}
	return 0;
}

int
run_request(struct cli *c, struct request *r, const struct sink *sink)
{
	/* What others can follow goes on when the terminal goes away: see cli/jobs.c. */
	bool goes_on = r->op == OP_BACKUP_CREATE || r->op == OP_RESTORE_CREATE;
	struct sigaction sa = { .sa_handler = on_interrupt }, ignore = { .sa_handler = SIG_IGN }, old_int, old_term, old_hup;
	struct progress_view *p;
	struct backend *b;
	struct err e;
	size_t findings = 0;
	int code = EXIT_FAILED;

	b = backend_new(&e);
	if (b == NULL) {
		cli_error("%s", e.msg);
		request_free(r);
		return EXIT_FAILED;
	}
	sigemptyset(&sa.sa_mask);
	signal_cancel = backend_cancel(b);
	sigaction(SIGINT, &sa, &old_int);
	sigaction(SIGTERM, &sa, &old_term);
	sigaction(SIGHUP, goes_on ? &ignore : NULL, &old_hup);
	p = progress_new(c->args.quiet);
	(void)backend_submit(b, r);
	for (bool over = false; !over;) {
		AUTO(event_freep) struct event *ev = backend_next(b);

		if (c->stdout_error == 0 && take_event(ev, b, p, sink, &findings) < 0) {
			c->stdout_error = errno != 0 ? errno : EIO;
			cancel_fire(backend_cancel(b));
		}
		if (ev->kind != EV_END)
			continue;
		over = true;
		progress_end(p);
		code = exit_code(ev);
		if (c->stdout_error == 0)
			show_end(c, ev, findings);
		if (c->stdout_error == 0 && (ev->end == END_DONE || ev->end == END_PARTIAL || ev->end == END_DAMAGED)
		    && sink->done != NULL && sink->done(sink->ctx, ev->end) < 0)
			c->stdout_error = errno != 0 ? errno : EIO;
	}
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	sigaction(SIGHUP, &old_hup, NULL);
	signal_cancel = NULL;
	progress_free(p);
	backend_free(b);
	return code;
}
