/* Tests of what changes something from the UI: forms, plan, confirmations; keys and events in, wishes out. */
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

#define NOW INT64_C(1763942400)

static const char record[] = "{\"metadata\":{\"name\":\"b1\"},\"status\":{\"phase\":\"Completed\","
	"\"startTimestamp\":\"2025-11-23T00:00:00Z\"}}";

static void
send(struct model *m, enum ev_kind kind, const char *text, enum ev_end end)
{
	struct event ev = { .kind = kind, .text = (char *)(uintptr_t)text, .len = text != NULL ? strlen(text) : 0, .end = end };
	const struct msg msg = { .kind = MSG_EVENT, .ticket = m->last_ticket, .event = &ev };

	model_apply(m, &msg);
}

static struct model *
start(bool read_only)
{
	const struct ui_options o = { .project = "retail", .location = "main", .location_url = "dir:/b", .context = "prod",
		.ascii = true, .read_only = read_only, .request = cli_request };
	struct model *m = model_new(&o);
	const struct msg clock = { .kind = MSG_TIME, .now_s = NOW, .now_ms = 1000 };

	model_apply(m, &clock);
	model_start(m);
	send(m, EV_ROW, record, END_DONE);
	send(m, EV_END, NULL, END_DONE);
	return m;
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

static void
type(struct model *m, const char *text)
{
	for (; *text != '\0'; text++) {
		const struct msg msg = { .kind = MSG_KEY, .key = (keycode)*text };

		model_apply(m, &msg);
	}
}

static bool
shows(struct model *m, const char *text)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 18);

	model_draw(m);
	canvas_dump(&m->canvas, &out);
	return strstr(buf_cstr(&out), text) != NULL;
}

/* The request of that kind that was made since the last call; the others are dropped.  NULL: none. */
static struct request *
asked(struct model *m, enum op op)
{
	struct request *found = NULL;

	for (size_t i = 0; i < m->wishes.len; i++) {
		struct wish *w = &m->wishes.at[i];

		if (w->request != NULL && w->request->op == op && found == NULL)
			found = w->request;
		else
			request_free(w->request);
		free(w->text);
	}
	m->wishes.len = 0;
	return found;
}

static void
test_backup(void **state)
{
	struct model *m = start(false);
	struct request *r;

	(void)state;
	press(m, "n");
	type(m, "adhoc");
	press(m, "Tab");
	type(m, "shop,pay-*");
	assert_true(shows(m, "orlop backup create adhoc --include-namespaces 'shop,pay-*' --location"));
	press(m, "Esc");                         /* the form is not the place for a slip */
	assert_null(asked(m, OP_BACKUP_CREATE));
	press(m, "n");
	type(m, "adhoc");
	press(m, "S-Tab S-Tab Enter");           /* from the name backwards: Cancel, Create */
	r = asked(m, OP_BACKUP_CREATE);
	assert_non_null(r);
	assert_string_equal(r->backup.name, "adhoc");
	assert_string_equal(r->location, "dir:/b");
	assert_string_equal(r->context, "prod");
	assert_true(shows(m, "adhoc"));          /* in the strip of jobs */
	request_free(r);
	model_free(m);
}

static void
test_mistakes_stay_in_the_form(void **state)
{
	struct model *m = start(false);

	(void)state;
	press(m, "n Tab Tab Tab Tab Tab Tab Tab");
	type(m, "soon");                         /* no duration */
	press(m, "Tab Tab Enter");
	assert_null(asked(m, OP_BACKUP_CREATE));
	assert_true(shows(m, "Create Backup"));
	assert_true(shows(m, "soon"));
	model_free(m);
}

/* To the plan of a restore that the rows tell of. */
static struct model *
plan(const char *const *rows)
{
	struct model *m = start(false);
	struct request *r;

	press(m, "r PgDn PgDn PgDn");
	assert_true(shows(m, "[4 Policy]"));
	press(m, "Right");                       /* none, update */
	assert_true(shows(m, "(o) update"));
	press(m, "S-Tab Enter");                 /* the button Plan */
	r = asked(m, OP_RESTORE_PLAN);
	assert_non_null(r);
	assert_string_equal(r->restore.backup, "b1");
	assert_int_equal(r->restore.policy, EXISTING_UPDATE);
	request_free(r);
	for (; *rows != NULL; rows++)
		send(m, EV_ROW, *rows, END_DONE);
	send(m, EV_END, NULL, END_DONE);
	return m;
}

static void
test_restore_that_changes_nothing(void **state)
{
	struct model *m = plan((const char *const[]){ "{\"action\":\"create\",\"resource\":\"configmaps\",\"kind\":\"ConfigMap\","
		"\"namespace\":\"shop\",\"name\":\"a\"}", NULL });
	struct request *r;

	(void)state;
	assert_true(shows(m, "create    ConfigMap"));
	press(m, "c");
	assert_true(shows(m, "Restore b1 into prod"));
	press(m, "Enter");                       /* Cancel has the focus */
	assert_null(asked(m, OP_RESTORE_CREATE));
	press(m, "c Right Enter");
	r = asked(m, OP_RESTORE_CREATE);
	assert_non_null(r);
	assert_string_equal(r->restore.backup, "b1");
	assert_int_equal(r->restore.policy, EXISTING_UPDATE);
	request_free(r);
	model_free(m);
}

static const char *const changing[] = { "{\"action\":\"update\",\"resource\":\"configmaps\",\"kind\":\"ConfigMap\","
	"\"namespace\":\"shop\",\"name\":\"a\",\"diff\":{\"data\":{\"x\":\"1\"}}}", NULL };

static void
test_restore_that_changes_something_is_typed(void **state)
{
	struct model *m = plan(changing);
	struct request *r;

	(void)state;
	press(m, "c");
	assert_true(shows(m, "Type prod"));
	press(m, "Tab Tab Enter");               /* the button alone is not enough */
	assert_null(asked(m, OP_RESTORE_CREATE));
	assert_true(shows(m, "letter by letter"));
	type(m, "prot");
	press(m, "Tab Tab Enter");
	assert_null(asked(m, OP_RESTORE_CREATE));
	press(m, "Backspace");
	type(m, "d");
	press(m, "Tab Tab Enter");
	r = asked(m, OP_RESTORE_CREATE);
	assert_non_null(r);
	request_free(r);
	model_free(m);
}

static void
test_other_options_need_another_plan(void **state)
{
	struct model *m = plan(changing);

	(void)state;
	press(m, "4 Right");                     /* update, apply */
	press(m, "S-Tab S-Tab Enter");           /* Next: the preflight */
	press(m, "c Right Enter");
	assert_null(asked(m, OP_RESTORE_CREATE));
	assert_true(shows(m, "the plan comes first"));
	model_free(m);
}

static void
test_stop_of_the_preflight_stops(void **state)
{
	struct model *m = plan((const char *const[]){ "{\"level\":\"stop\",\"code\":\"quota-exceeded\",\"text\":\"too much\","
		"\"remedy\":\"raise it\"}", changing[0], NULL });

	(void)state;
	assert_true(shows(m, "1 STOP"));
	press(m, "c");
	assert_true(shows(m, "1 finding of the preflight stops this restore"));
	type(m, "prod");
	press(m, "Tab Tab Enter");
	assert_null(asked(m, OP_RESTORE_CREATE));
	model_free(m);
}

static void
test_delete(void **state)
{
	struct model *m = start(false);
	struct request *r;

	(void)state;
	press(m, "D Esc");
	assert_null(asked(m, OP_BACKUP_DELETE));
	press(m, "D");
	assert_true(shows(m, "Delete backup b1"));
	type(m, "b1");
	press(m, "Tab Tab Enter");
	r = asked(m, OP_BACKUP_DELETE);
	assert_non_null(r);
	assert_string_equal(r->name, "b1");
	request_free(r);
	model_free(m);
}

static void
test_read_only(void **state)
{
	static const char *const keys[] = { "n", "r", "D" };
	struct model *m = start(true);

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		press(m, keys[i]);
		assert_true(shows(m, "read-only: :rw allows changes"));
		assert_true(shows(m, "-- Backups 1"));
	}
	press(m, ": b a c k u p Enter S-Tab S-Tab Enter");        /* the palette is no way around it */
	assert_null(asked(m, OP_BACKUP_CREATE));
	press(m, "Esc : v a l i d a t e Space x Enter");
	assert_null(asked(m, OP_LOCATION_VALIDATE));
	press(m, "Esc : r w Enter Right Enter");
	assert_true(shows(m, "READ-WRITE"));
	model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_mistakes_stay_in_the_form),
		cmocka_unit_test(test_restore_that_changes_nothing),
		cmocka_unit_test(test_restore_that_changes_something_is_typed),
		cmocka_unit_test(test_other_options_need_another_plan),
		cmocka_unit_test(test_stop_of_the_preflight_stops),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
