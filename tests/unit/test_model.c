/* Tests of ui/model: keys and events in, screen and wishes out, without a terminal. */
#include "ui/model.h"
#include "ui/screens/screens.h"

#include "base/mem.h"
#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1763942400)         /* 2025-11-24T00:00:00Z */

static const char *const records[] = {
	"{\"metadata\":{\"name\":\"nightly-1\"},\"status\":{\"phase\":\"Completed\",\"startTimestamp\":\"2025-11-23T00:00:00Z\","
		"\"expiration\":\"2025-12-23T00:00:00Z\",\"progress\":{\"itemsBackedUp\":31204}}}",
	"{\"metadata\":{\"name\":\"nightly-2\"},\"status\":{\"phase\":\"PartiallyFailed\",\"startTimestamp\":"
		"\"2025-11-22T00:00:00Z\",\"errors\":2,\"warnings\":3}}",
	"{\"metadata\":{\"name\":\"evil\\u001b[31m\"},\"status\":{\"phase\":\"Failed\"}}",
};

static struct model *
start(int rows, int cols)
{
	const struct ui_options o = { .project = "retail", .location = "s3-main", .location_url = "dir:/b", .context = "prod-eu",
		.ascii = true, .request = cli_request };
	struct model *m = model_new(&o);
	const struct msg size = { .kind = MSG_RESIZE, .row = rows, .col = cols };
	const struct msg clock = { .kind = MSG_TIME, .now_s = NOW, .now_ms = 1000 };

	model_apply(m, &clock);
	model_apply(m, &size);
	model_start(m);
	return m;
}

static void
send(struct model *m, enum ev_kind kind, const char *text, enum ev_end end, const char *why)
{
	struct event ev = { .kind = kind, .text = (char *)(uintptr_t)text, .len = text != NULL ? strlen(text) : 0, .end = end };
	const struct msg msg = { .kind = MSG_EVENT, .ticket = m->last_ticket, .event = &ev };

	if (why != NULL)
		err_set(&ev.err, EK_UNAVAILABLE, "%s", why);
	model_apply(m, &msg);
}

static void
load(struct model *m)
{
	for (size_t i = 0; i < COUNT(records); i++)
		send(m, EV_ROW, records[i], END_DONE, NULL);
	send(m, EV_END, NULL, END_DONE, NULL);
}

static void
press(struct model *m, const char *names)
{
	struct str rest = str_of(names), one;

	while (rest.len > 0 && str_split(&rest, ' ', &one)) {
		struct msg msg = { .kind = MSG_KEY };

		assert_true(key_parse(one, &msg.key));
		model_apply(m, &msg);
	}
}

static const char *
screen(struct model *m, struct buf *out)
{
	buf_cut(out, 0);
	model_draw(m);
	canvas_dump(&m->canvas, out);
	return buf_cstr(out);
}

static void
test_list(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start(24, 80);
	const char *text;

	(void)state;
	/* What others do, and the list. */
	assert_int_equal(m->wishes.len, 2);
	assert_int_equal(m->wishes.at[0].request->op, OP_JOB_LIST);
	assert_int_equal(m->wishes.at[1].kind, WISH_SUBMIT);
	assert_int_equal(m->wishes.at[1].request->op, OP_BACKUP_LIST);
	assert_string_equal(m->wishes.at[1].request->location, "dir:/b");
	load(m);
	text = screen(m, &out);
	assert_non_null(strstr(text, "prod-eu"));
	assert_non_null(strstr(text, "project retail | location s3-main"));
	assert_non_null(strstr(text, "-- Backups 3 --"));
	assert_non_null(strstr(text, " > nightly-1"));
	assert_non_null(strstr(text, "PARTIAL"));
	assert_non_null(strstr(text, "evil\\x1b[31m"));
	assert_null(strchr(text, '\x1b'));
	model_free(m);
}

static void
test_filter_prompt(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start(24, 80);

	(void)state;
	load(m);
	press(m, "/ n i g h t");
	assert_non_null(strstr(screen(m, &out), "Backups 2/3 /night"));
	press(m, "Esc");                         /* what was there before */
	assert_non_null(strstr(screen(m, &out), "Backups 3 "));
	press(m, "/ x x Enter");
	assert_non_null(strstr(screen(m, &out), "0 of 3 match /xx.  \\ clears the filter"));
	press(m, "\\");
	assert_non_null(strstr(screen(m, &out), "Backups 3 "));
	model_free(m);
}

static void
test_failure_stays_until_read(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start(24, 80);

	(void)state;
	send(m, EV_END, NULL, END_FAILED, "dir '/b': no such folder");
	assert_non_null(strstr(screen(m, &out), "dir '/b': no such folder"));
	model_free(m);
}

/* What a load that nobody waits for any more still says is not mixed up with the next one. */
static void
test_loaded_twice(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start(24, 80);
	uint64_t first = m->last_ticket, second;

	(void)state;
	send(m, EV_ROW, records[0], END_DONE, NULL);
	press(m, "R");
	second = m->last_ticket;
	assert_true(second != first);
	m->last_ticket = first;
	send(m, EV_ROW, records[1], END_DONE, NULL);
	send(m, EV_END, NULL, END_CANCELED, NULL);
	m->last_ticket = second;
	load(m);
	assert_non_null(strstr(screen(m, &out), "Backups 3 "));
	model_free(m);
}

static void
test_palette(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start(24, 80);

	(void)state;
	load(m);
	press(m, ": r s Enter");
	assert_non_null(strstr(screen(m, &out), "2 Backups [3 Restores]"));
	press(m, "2");                           /* a place keeps its state */
	assert_non_null(strstr(screen(m, &out), " > nightly-1"));
	press(m, ": m s g Enter");
	assert_non_null(strstr(screen(m, &out), "Backups > Messages"));
	press(m, "Esc");
	assert_non_null(strstr(screen(m, &out), " > nightly-1"));
	press(m, ": r e s t o r e s Enter");
	assert_non_null(strstr(screen(m, &out), "[3 Restores]"));
	press(m, "2 : b a c Tab");               /* what it could mean is completed */
	assert_non_null(strstr(screen(m, &out), ":backup"));
	press(m, "Esc : Up Enter");
	assert_non_null(strstr(screen(m, &out), "[3 Restores]"));
	press(m, ": n o Enter");
	assert_non_null(strstr(screen(m, &out), "no place or command 'no'"));
	press(m, ": q Enter");
	assert_int_equal(m->wishes.at[m->wishes.len - 1].kind, WISH_LEAVE);
	model_free(m);
}

/* Every size, also impossible ones: nothing is drawn outside, and small ones say what is needed. */
static void
test_problems_of_a_log(void **state)
{
	struct model *m = start(24, 80);
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);

	(void)state;
	load(m);
	press(m, "Enter");
	send(m, EV_END, NULL, END_DONE, NULL);
	press(m, "4");
	send(m, EV_BYTES, "level=info msg=fine\nlevel=error msg=bad\nlevel=info msg=well\n", END_DONE, NULL);
	press(m, "e");
	/* What comes later, too. */
	send(m, EV_BYTES, "level=info msg=good\nlevel=warning msg=odd\n", END_DONE, NULL);
	(void)screen(m, &text);
	assert_non_null(strstr(buf_cstr(&text), "msg=bad"));
	assert_non_null(strstr(buf_cstr(&text), "msg=odd"));
	assert_null(strstr(buf_cstr(&text), "msg=fine"));
	assert_null(strstr(buf_cstr(&text), "msg=good"));
	press(m, "e");
	(void)screen(m, &text);
	assert_non_null(strstr(buf_cstr(&text), "msg=good"));
	model_free(m);
}

/* What other processes do is seen, and stopped through their journals; it keeps nobody from leaving. */
static void
test_jobs_of_others(void **state)
{
	struct model *m = start(24, 80);
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);
	const struct job_progress progress = { .phase = "backing up", .done = 50, .total = 100 };
	struct msg moved = { .kind = MSG_PROGRESS, .progress = &progress };
	const struct wish *last;

	(void)state;
	load(m);
	model_place(m, PLACE_JOBS);
	send(m, EV_ROW, "{\"id\":\"i1\",\"operation\":\"backup create\",\"name\":\"night\\u001b\",\"state\":\"running\","
		"\"started\":\"2025-11-23T23:59:00Z\"}", END_DONE, NULL);
	moved.ticket = m->last_ticket;
	assert_int_equal(m->jobs.len, 1);
	last = &m->wishes.at[m->wishes.len - 1];
	assert_int_equal(last->request->op, OP_JOB_WATCH);
	assert_string_equal(last->request->name, "i1");
	assert_false(model_has_jobs(m));
	model_apply(m, &moved);
	(void)screen(m, &text);
	assert_non_null(strstr(buf_cstr(&text), "night\\x1b"));
	assert_non_null(strstr(buf_cstr(&text), "50% 50/100"));
	/* Asked again: it is known. */
	press(m, "R");
	send(m, EV_ROW, "{\"id\":\"i1\",\"operation\":\"backup create\",\"name\":\"night\",\"state\":\"running\"}", END_DONE, NULL);
	send(m, EV_ROW, "{\"id\":\"i2\",\"operation\":\"restore create\",\"name\":\"old\",\"state\":\"interrupted\","
		"\"started\":\"2025-11-20T00:00:00Z\"}", END_DONE, NULL);
	send(m, EV_ROW, "{\"id\":\"i3\",\"operation\":\"restore create\",\"name\":\"r-3\",\"state\":\"partial\","
		"\"started\":\"2025-11-23T22:00:00Z\",\"ended\":\"2025-11-23T22:01:00Z\"}", END_DONE, NULL);
	assert_int_equal(m->jobs.len, 2);
	press(m, "g x");
	press(m, "Tab Enter");
	last = &m->wishes.at[m->wishes.len - 1];
	assert_int_equal(last->request->op, OP_JOB_STOP);
	assert_string_equal(last->request->name, "i1");
	model_free(m);
}

static void
test_undo_from_details(void **state)
{
	struct model *m = start(24, 80);
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);

	(void)state;
	model_open(m, &screen_restore, "r-1");
	send(m, EV_END, NULL, END_DONE, NULL);
	press(m, "U");
	assert_non_null(strstr(screen(m, &text), "Undo restore r-1"));
	assert_int_equal(m->jobs.len, 0);
	press(m, "r - 1 Tab Tab Enter");
	assert_int_equal(m->jobs.len, 1);
	assert_int_equal(m->jobs.at[0].op, OP_RESTORE_UNDO);
	model_free(m);
}

static void
test_sizes(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	struct model *m = start(24, 80);

	(void)state;
	load(m);
	for (int rows = 1; rows < 50; rows += 3)
		for (int cols = 1; cols < 200; cols += 7) {
			const struct msg size = { .kind = MSG_RESIZE, .row = rows, .col = cols };

			model_apply(m, &size);
			(void)screen(m, &out);
			if (cols >= 60 && rows < 15)
				assert_non_null(strstr(buf_cstr(&out), "orlop needs 60x15"));
		}
	model_free(m);
}

static bool
writes(enum op op)
{
	return op == OP_BACKUP_CREATE || op == OP_BACKUP_DELETE || op == OP_RESTORE_CREATE || op == OP_RESTORE_UNDO;
}

/* Something asks before it is done: a dialog, or a form with a button. */
static bool
is_guarded(struct model *m)
{
	return m->dialog.fn != NULL || (m->top->type->form != NULL && m->top->type->form(m->top) != NULL);
}

/* Any keys in any order: no wish to write appears from nowhere, and the model stays sound. */
static void
test_monkey(void **state)
{
	static const char *const keys[] = { "j", "k", "g", "G", "Space", "v", "a", "i", "u", "m", ">", "<", "S", "w", "/", "\\", ":",
		"Esc", "Enter", "Backspace", "?", "R", "t", "z", "Ctrl-D", "Ctrl-U", "PgDn", "PgUp", "h", "l", "q", "r", "s", "Ctrl-C",
		"n", "D", "K", "c", "U", "x", "J", ".", "C", "Tab", "S-Tab", "1", "2", "3", "5", "6", "N", "&", "Left", "Right" };
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	struct model *m = start(24, 80);
	unsigned seed = 1;

	(void)state;
	load(m);
	for (int i = 0; i < 20000; i++) {
		bool guarded;

		seed = seed * 1103515245u + 12345u;
		guarded = is_guarded(m);
		press(m, keys[seed >> 16 & 0x7fff ? (seed >> 16 & 0x7fff) % COUNT(keys) : 0]);
		if (i % 16 == 0)
			(void)screen(m, &out);
		if (m->top->load == LOAD_RUNNING)
			load(m);
		for (size_t w = 0; w < m->wishes.len; w++) {
			struct request *r = m->wishes.at[w].request;

			assert_true(r == NULL || guarded || !writes(r->op));
			request_free(r);
			free(m->wishes.at[w].text);
		}
		m->wishes.len = 0;
	}
	model_free(m);
}

static void
later(struct model *m, int64_t ms)
{
	const struct msg clock = { .kind = MSG_TIME, .now_s = NOW + ms / 1000, .now_ms = 1000 + ms };

	model_apply(m, &clock);
}

/* Clicks on where a text stands on the screen. */
static void
click(struct model *m, const char *text)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	const char *at = strstr(screen(m, &out), text), *line = at;
	struct msg msg = { .kind = MSG_CLICK };

	assert_non_null(at);
	while (line > buf_cstr(&out) && line[-1] != '\n')
		line--;
	msg.col = (int)(at - line);
	for (const char *p = buf_cstr(&out); p < line; p++)
		msg.row += *p == '\n';
	model_apply(m, &msg);
}

static void
test_mouse_on_the_frame(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start(24, 80);

	(void)state;
	load(m);
	click(m, "NAME  ");
	assert_non_null(strstr(screen(m, &out), "sort NAME --"));
	assert_true(strstr(buf_cstr(&out), "evil") < strstr(buf_cstr(&out), "nightly-2"));
	click(m, "NAME  ");
	assert_non_null(strstr(screen(m, &out), "sort NAME desc"));
	click(m, "3 Restores");
	assert_ptr_equal(m->top->type, &screen_restores);
	click(m, "2 Backups");
	click(m, "? help");
	assert_ptr_equal(m->top->type, &screen_help);
	click(m, "Backups >");
	assert_ptr_equal(m->top->type, &screen_backups);
	model_open(m, &screen_object, "nightly-1\nConfigMap\nshop\none");
	click(m, "3 History");
	assert_int_equal(m->top->tab, 2);
	press(m, ":");                           /* what is typed is not lost to a click */
	click(m, "Backups >");
	assert_ptr_equal(m->top->type, &screen_object);
	model_free(m);
}

/* From change to change, also on the last page, where nothing scrolls any more. */
static void
test_changes(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16), text = BUF_INIT(1 << 16);
	struct model *m = start(24, 80);
	const struct pager *p;

	(void)state;
	buf_puts(&text, "a against b\n");
	for (int i = 0; i < 12; i++)
		buf_putf(&text, "~ spec.f%d\n- old\n+ new\n", i);
	model_open(m, &screen_diff_text, buf_cstr(&text));
	p = m->top->type->pager(m->top);
	(void)screen(m, &out);
	press(m, "w n n");
	assert_int_equal(p->top, 6);
	press(m, "n n n n n n n n n");
	assert_int_equal(p->found, 33);
	assert_int_equal(p->top + (size_t)p->page, 36);
	press(m, "N");
	assert_int_equal(p->found, 30);
	press(m, "n n");                         /* and from the top again */
	assert_int_equal(p->found, 0);
	model_free(m);
}

/* The palette goes back to what is open already; what is being typed stays. */
static void
test_crumbs(void **state)
{
	struct model *m = start(24, 80);
	size_t depth = 0;

	(void)state;
	load(m);
	for (int i = 0; i < 5; i++)
		press(m, "F2 m s g Enter F2 s e t Enter");
	for (const struct screen *s = m->top; s != NULL; s = s->below)
		depth++;
	assert_int_equal(depth, 3);
	assert_ptr_equal(m->top->type, &screen_settings);
	press(m, "F2 m s g Enter");
	assert_ptr_equal(m->top->type, &screen_messages);
	model_open(m, &screen_backup_new, NULL);
	model_go(m, &screen_messages, NULL);
	assert_ptr_equal(m->top->below->type, &screen_backup_new);
	model_free(m);
}

/* A tab that takes time says so, and can be stopped. */
static void
test_slow_history(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start(24, 80);

	(void)state;
	load(m);
	model_open(m, &screen_object, "nightly-1\nConfigMap\nshop\none");
	send(m, EV_ROW, "{\"kind\":\"ConfigMap\"}", END_DONE, NULL);
	send(m, EV_END, NULL, END_DONE, NULL);
	press(m, "3");
	assert_null(strstr(screen(m, &out), "so far"));
	assert_true(m->wake_ms > m->now_ms);
	later(m, 200);
	assert_non_null(strstr(screen(m, &out), "Looking into the backups.. 0 so far   Ctrl-C stops"));
	send(m, EV_ROW, "{\"backup\":\"nightly-1\",\"change\":\"same\"}", END_DONE, NULL);
	assert_non_null(strstr(screen(m, &out), "1 so far"));
	press(m, "Ctrl-C");
	assert_int_equal(m->wishes.at[m->wishes.len - 1].kind, WISH_CANCEL);
	assert_int_equal(m->wishes.at[m->wishes.len - 1].ticket, m->last_ticket);
	send(m, EV_END, NULL, END_CANCELED, NULL);
	assert_null(strstr(screen(m, &out), "so far"));
	model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_filter_prompt),
		cmocka_unit_test(test_failure_stays_until_read),
		cmocka_unit_test(test_loaded_twice),
		cmocka_unit_test(test_palette),
		cmocka_unit_test(test_problems_of_a_log),
		cmocka_unit_test(test_jobs_of_others),
		cmocka_unit_test(test_undo_from_details),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_mouse_on_the_frame),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_crumbs),
		cmocka_unit_test(test_slow_history),
		cmocka_unit_test(test_monkey),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
