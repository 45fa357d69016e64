/*
 * DESIGN
 *
 *   tty, signals, backend's pipe --poll--> messages --model_apply--> wishes --> backend
 *                                                   \--model_draw--> cells --term_paint--> tty
 *
 * One thread, which never waits for anything but poll and its own terminal.
 */
#include "ui/ui.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/vec.h"
#include "ui/config.h"
#include "ui/editor.h"
#include "ui/plain.h"
#include "ui/screens/screens.h"
#include "ui/stay.h"
#include "ui/term.h"
#include "ui/term_out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_MS     33          /* at most so often, whatever happens */
#define FRAME_SSH_MS 100
#define MINUTE_S     60
#define EVENTS_TAKEN 4096        /* before the next frame */
#define KEYS_TAKEN   4096

/* A request under way: the backend's id and the model's ticket. */
struct pending { uint64_t id, ticket; };

struct loop {
	struct model   *m;
	struct backend *b;
	struct plain   *plain;           /* instead of a screen; NULL: a screen */
	struct { struct pending *at; size_t len, cap; } pending;
	char           *about;
	int64_t         painted_ms, frame_ms;
	bool            leaving;
	bool            gone;            /* the terminal is: nothing to read or paint, jobs go on */
	bool            stuck;           /* the terminal takes no frame at the moment */
	bool            unread;          /* curses may have more keys, of which poll does not know */
};

static int wake_pipe[2] = { -1, -1 }, signal_pipe[2] = { -1, -1 };

static void
on_signal(int sig)
{
	int kept = errno;
	char c = (char)sig;

	(void)!write(signal_pipe[1], &c, 1);
	errno = kept;
}

static int64_t
now_ms(void)
{
	return clock_mono_ns() / NS_PER_MS;
}

static void
tell_time(struct loop *l)
{
	const struct msg msg = { .kind = MSG_TIME, .now_s = clock_unix_ns() / NS_PER_S, .now_ms = now_ms() };

	model_apply(l->m, &msg);
}

/* --- wishes --- */

static void
submit(struct loop *l, struct wish *w)
{
	uint64_t id = backend_submit(l->b, w->request);

	w->request = NULL;
	*vec_push(&l->pending) = (struct pending){ id, w->ticket };
}

static void
stop(struct loop *l, uint64_t ticket)
{
	for (size_t i = 0; i < l->pending.len; i++)
		if (l->pending.at[i].ticket == ticket)
			backend_stop(l->b, l->pending.at[i].id);
}

static bool
no_color(const struct ui_options *o)
{
	const char *text = getenv("NO_COLOR");

	return o->color == COLOR_NEVER || (o->color == COLOR_AUTO && text != NULL && *text != '\0');
}

static bool
show_theme(struct loop *l, const char *name)
{
	struct theme theme;
	struct err e;

	if (l->plain != NULL)
		return true;
	if (config_theme(name, &theme, &e) < 0) {
		model_say(l->m, TOAST_WARN, "%s", e.msg);
		return false;
	}
	term_set_theme(&theme, no_color(&l->m->opts) || strcmp(name, "mono") == 0);
	term_repaint();
	return true;
}

static void
keep_setting(struct loop *l, const char *both)
{
	struct str value = str_of(both), name;
	AUTO_FREE char *n = NULL;
	struct err e;

	(void)str_split(&value, ' ', &name);
	n = str_dup(name);
	if (strcmp(n, "theme") == 0 && !show_theme(l, value.p))
		return;
	if (config_set(n, value.p, &e) < 0)
		model_say(l->m, TOAST_WARN, "%s is set for now, but not kept: %s", n, e.msg);
}

static void
suspend(const struct loop *l)
{
	if (l->plain != NULL)
		(void)raise(SIGSTOP);
	else if (!l->gone)
		term_suspend();
}

/* The terminal is given back and the shell with it; the loop goes on until the last job has ended. */
static void
detach(struct loop *l)
{
	term_end();
	for (size_t i = 0; i < l->m->jobs.len; i++) {
		const struct job *j = &l->m->jobs.at[i];

		if (!j->ended && !j->elsewhere)
			printf("%s %s goes on: orlop job watch %s\n", job_kind(j), j->name, j->id != NULL ? j->id : "");
	}
	(void)fflush(stdout);
	stay_detach();
	l->gone = true;
}

static void
edit(struct loop *l, const char *text)
{
	AUTO(buf_wipe) struct buf edited = BUF_INIT(LIMIT_OBJECT);
	struct msg msg = { .kind = MSG_EDITED };
	struct err e;
	int rc;

	if (l->plain == NULL)
		term_pause();
	/* What is looked at is YAML, and what is pasted looks no worse for it. */
	rc = editor_run(str_of(text), ".yaml", &edited, &e);
	if (l->plain == NULL)
		term_go_on();
	msg.text = buf_str(&edited);
	if (rc < 0)
		model_say(l->m, TOAST_WARN, "%s", e.msg);
	else
		model_apply(l->m, &msg);
}

static void
fulfil(struct loop *l, struct wish *w)
{
	switch (w->kind) {
	case WISH_SUBMIT:
		submit(l, w);
		break;
	case WISH_CANCEL:
		stop(l, w->ticket);
		break;
	case WISH_COPY:
		if (l->plain != NULL)
			puts(w->text);
		else if (!term_copy(w->text))
			model_say(l->m, TOAST_WARN, "too long for the clipboard");
		break;
	case WISH_EDIT:
		edit(l, w->text);
		break;
	case WISH_SET:
		keep_setting(l, w->text);
		break;
	case WISH_THEME:
		(void)show_theme(l, w->text);
		break;
	case WISH_REPAINT:
		if (l->plain == NULL)
			term_repaint();
		break;
	case WISH_SUSPEND:
		suspend(l);
		break;
	case WISH_DETACH:
		detach(l);
		break;
	case WISH_LEAVE:
		l->leaving = true;
		break;
	}
	/* It may have been a Secret's. */
	if (w->text != NULL)
		secret_wipe(w->text, strlen(w->text));
	free(w->text);
}

static void
fulfil_all(struct loop *l)
{
	/* A wish may lead to another one. */
	for (size_t i = 0; i < l->m->wishes.len; i++) {
		struct wish w = l->m->wishes.at[i];

		l->m->wishes.at[i] = (struct wish){ .kind = w.kind };
		fulfil(l, &w);
	}
	l->m->wishes.len = 0;
}

/* --- what comes in --- */

static void
apply(struct loop *l, const struct msg *msg)
{
	model_apply(l->m, msg);
	fulfil_all(l);
}

static void
take_event(struct loop *l, const struct event *ev)
{
	struct msg msg = { .kind = MSG_EVENT, .event = ev };
	struct job_progress progress;
	size_t i = 0;

	while (i < l->pending.len && l->pending.at[i].id != ev->id)
		i++;
	if (i == l->pending.len)
		return;
	msg.ticket = l->pending.at[i].ticket;
	if (ev->kind == EV_PROGRESS) {
		backend_progress(l->b, ev->id, &progress);
		msg.kind = MSG_PROGRESS;
		msg.progress = &progress;
	}
	if (ev->kind == EV_END)
		l->pending.at[i] = l->pending.at[--l->pending.len];
	apply(l, &msg);
}

static void
take_events(struct loop *l)
{
	char bytes[256];
	struct event *ev;

	while (read(wake_pipe[0], bytes, sizeof bytes) > 0)
		;
	for (int i = 0; i < EVENTS_TAKEN && (ev = backend_try_next(l->b)) != NULL; i++) {
		take_event(l, ev);
		event_free(ev);
	}
}

static void
apply_line(void *ctx, const struct msg *msg)
{
	apply(ctx, msg);
}

/* The terminal has gone.  Jobs that run are not stopped by that. */
static void
hang_up(struct loop *l)
{
	l->gone = true;
}

static void
take_keys(struct loop *l)
{
	struct msg msg;
	int n = 0;

	if (l->plain != NULL) {
		if (!plain_read(l->plain, l->m, apply_line, l))
			hang_up(l);      /* nobody is left to ask: jobs end, then it does */
		fulfil_all(l);
		return;
	}
	for (; n < KEYS_TAKEN && !l->leaving && !l->gone && term_read(&msg); n++)
		apply(l, &msg);
	l->unread = n == KEYS_TAKEN;
}

static void
resize(struct loop *l)
{
	struct msg msg = { .kind = MSG_RESIZE };

	term_resized();
	term_size(&msg.row, &msg.col);
	apply(l, &msg);
}

static void
take_signals(struct loop *l)
{
	char sigs[64];
	ssize_t n;
	bool resized = false;

	while ((n = read(signal_pipe[0], sigs, sizeof sigs)) > 0)
		for (ssize_t i = 0; i < n; i++)
			switch (sigs[i]) {
			case SIGWINCH: case SIGCONT:
				resized = true;
				break;
			case SIGTSTP:
				suspend(l);
				resized = true;
				break;
			case SIGHUP:
				hang_up(l);
				break;
			default:
				l->leaving = true;
			}
	if (resized && !l->gone && l->plain == NULL)
		resize(l);
}

/* --- the loop --- */

static int
pipe_of(int fds[2])
{
	return pipe2(fds, O_CLOEXEC | O_NONBLOCK);
}

static void
watch_signals(void)
{
	static const int watched[] = { SIGWINCH, SIGCONT, SIGTSTP, SIGTERM, SIGHUP, SIGINT };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	for (size_t i = 0; i < COUNT(watched); i++)
		(void)sigaction(watched[i], &sa, NULL);
}

/* Milliseconds until something is to be shown that nobody tells us of: the next frame, the end of a toast, a minute, that
 * something is slow. */
static int
patience(const struct loop *l)
{
	int64_t now = now_ms(), wait = (MINUTE_S - clock_unix_ns() / NS_PER_S % MINUTE_S) * 1000;

	const int64_t ends[] = { l->m->toast_until_ms, l->m->wake_ms };

	for (size_t i = 0; i < COUNT(ends); i++)
		if (ends[i] > now && ends[i] - now < wait)
			wait = ends[i] - now;
	if (l->m->dirty && !l->stuck && !l->gone)
		wait = l->painted_ms + l->frame_ms - now;
	if (l->plain != NULL && plain_has_line(l->plain, l->m))
		return 0;
	return wait < 0 || l->unread ? 0 : (int)wait;
}

static void
paint(struct loop *l)
{
	if (!l->m->dirty || l->gone || now_ms() - l->painted_ms < l->frame_ms)
		return;
	if (l->plain != NULL) {
		plain_print(l->plain, l->m);
		l->m->dirty = false;
		l->painted_ms = now_ms();
		return;
	}
	/* A slow line gets the latest frame when it has room, and no queue of old ones. */
	l->stuck = !out_flush();
	if (l->stuck)
		return;
	model_draw(l->m);
	term_paint(&l->m->canvas);
	l->painted_ms = now_ms();
	l->stuck = !out_flush();
}

static void
run(struct loop *l)
{
	struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { wake_pipe[0], POLLIN, 0 }, { signal_pipe[0], POLLIN, 0 },
		{ -1, POLLOUT, 0 } };

	while (!l->leaving && (!l->gone || model_has_jobs(l->m))) {
		int n;

		fds[0].fd = l->gone ? -1 : STDIN_FILENO;
		fds[3].fd = l->stuck && !l->gone ? out_fd() : -1;
		n = poll(fds, COUNT(fds), patience(l));
		if (n < 0 && errno != EINTR)
			return;
		if (n <= 0)
			fds[0].revents = fds[1].revents = fds[2].revents = 0;
		tell_time(l);
		if (fds[2].revents)
			take_signals(l);
		if (l->plain == NULL && (fds[0].revents & (POLLHUP | POLLERR))) {
			hang_up(l);
		} else if (fds[0].revents || l->unread || (l->plain != NULL && plain_has_line(l->plain, l->m))) {
			take_keys(l);
			l->painted_ms = 0;       /* what was typed is shown at once */
		}
		if (fds[1].revents)
			take_events(l);
		if (fds[3].fd >= 0)
			l->stuck = !out_flush();
		paint(l);
	}
}

/* Program and terminal, for the screen that tells of them. */
static char *
about_text(void)
{
	static const char *const names[] = { "TERM", "COLORTERM", "LANG", "LC_ALL", "NO_COLOR", "SSH_CONNECTION", "TMUX" };
	AUTO_BUF struct buf out = BUF_INIT(64 * 1024);
	AUTO_FREE char *config = file_xdg(XDG_CONFIG, NULL), *state = file_xdg(XDG_STATE, NULL);

	buf_putf(&out, "settings  %s\njournals  %s\nthemes    %s\n\n", config, state, THEMES_DIR);
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = getenv(names[i]);
		bool address = strcmp(names[i], "SSH_CONNECTION") == 0;

		buf_putf(&out, "%-14s %s\n", names[i], value == NULL ? "unset" : address ? "set" : value);
	}
	return buf_take(&out, NULL);
}

static bool
wants_mouse(const struct settings *s)
{
	const char *word = settings_get(s, "mouse");

	return strcmp(word, "auto") == 0 ? getenv("SSH_CONNECTION") == NULL : strcmp(word, "on") == 0;
}

/* Settings that are wrong are told, and the defaults hold: no file keeps the program from starting. */
static int
dress(struct loop *l, struct ui_options *opts, struct err *e)
{
	struct settings settings;
	struct err bad_settings, bad_theme;
	struct theme theme;
	bool good = config_settings(&settings, &bad_settings) == 0, dressed;
	const char *name = opts->theme != NULL ? opts->theme : settings_get(&settings, "theme");

	theme_mono(&theme);
	if (opts->plain) {
		(void)fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
		l->plain = plain_new(STDIN_FILENO);
	}
	dressed = config_theme(name, &theme, &bad_theme) == 0;
	if (l->plain == NULL && term_start(&theme, no_color(opts) || strcmp(theme.name, "mono") == 0, wants_mouse(&settings), e) < 0)
		return -1;
	opts->ascii |= l->plain != NULL || !term_is_utf8();
	opts->read_only |= strcmp(settings_get(&settings, "readonly"), "on") == 0;
	opts->about = l->about = about_text();
	l->m = model_new(opts);
	l->m->settings = settings;
	model_take_settings(l->m);
	tell_time(l);
	config_keys(l->m);
	config_history(l->m);
	if (!good)
		model_say(l->m, TOAST_WARN, "%s", bad_settings.msg);
	/* What nobody has chosen is not missed where nothing is installed. */
	if (!dressed && (bad_theme.kind != EK_NOTFOUND || strcmp(name, "terminal") != 0))
		model_say(l->m, TOAST_WARN, "%s", bad_theme.msg);
	return 0;
}

static int
start(struct loop *l, const struct ui_options *o, struct err *e)
{
	struct ui_options opts = *o;
	struct msg size = { .kind = MSG_RESIZE };

	if (pipe_of(wake_pipe) < 0 || pipe_of(signal_pipe) < 0)
		return err_set(e, EK_LIMIT, "pipes: %s", strerror(errno));
	l->b = backend_new(e);
	if (l->b == NULL)
		return -1;
	backend_wake(l->b, wake_pipe[1]);
	watch_signals();                 /* before curses, which then leaves SIGWINCH to us */
	if (dress(l, &opts, e) < 0)
		return -1;
	if (l->plain == NULL)
		term_size(&size.row, &size.col);
	model_start(l->m);
	if (term_note()[0] != '\0')
		model_say(l->m, TOAST_WARN, "%s", term_note());
	if (l->plain == NULL)
		apply(l, &size);
	fulfil_all(l);
	return 0;
}

int
ui_run(const struct ui_options *o)
{
	struct loop l = { .frame_ms = getenv("SSH_CONNECTION") != NULL ? FRAME_SSH_MS : FRAME_MS };
	struct err e;
	int rc = stay_fork(&e);

	if (rc == 0)
		rc = start(&l, o, &e);
	if (rc == 0)
		run(&l);
	term_end();
	if (rc < 0)
		fprintf(stderr, "orlop: %s. 'orlop --plain' works without one, and the commands do: orlop help\n", e.msg);
	if (l.m != NULL) {
		config_keep_history(l.m);
		model_free(l.m);
	}
	plain_free(l.plain);
	free(l.about);
	backend_free(l.b);
	vec_free(&l.pending);
	return rc < 0 ? 2 : 0;
}
