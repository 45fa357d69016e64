/* Tests of the screens of locations, validation, clusters, settings: events and keys in, screen text and wishes out. */
#include "ui/model.h"
#include "ui/screens/screens.h"

#include "base/mem.h"
#include "base/secret.h"
#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1763942400)         /* 2025-11-24T00:00:00Z */

static const char s3_main[] = "{\"name\":\"s3-main\",\"provider\":\"aws\",\"bucket\":\"acme-k8s\",\"prefix\":\"retail\","
	"\"config\":{\"region\":\"eu-central-1\"},\"account\":{\"type\":\"sts\",\"roleArn\":\"arn:aws:iam::1:role/r\","
	"\"externalId\":\"x1\"},\"default\":true,\"place\":\"acme-k8s/retail\",\"auth\":\"STS\",\"url\":\"s3://acme-k8s/retail\"}";
static const char usb[] = "{\"name\":\"usb\",\"provider\":\"dir\",\"path\":\"/mnt/usb\",\"default\":false,"
	"\"place\":\"/mnt/usb\",\"auth\":\"-\",\"url\":\"dir:/mnt/usb\"}";

static struct model *
start(const char *url)
{
	const struct ui_options o = { .project = "retail", .location = url != NULL ? "here" : NULL, .location_url = url,
		.context = "prod-eu", .ascii = true, .request = cli_request };
	struct model *m = model_new(&o);
	const struct msg size = { .kind = MSG_RESIZE, .row = 24, .col = 80 };
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
		const struct msg msg = { .kind = MSG_KEY, .key = (keycode)(unsigned char)*text };

		model_apply(m, &msg);
	}
}

static void
paste(struct model *m, const char *text)
{
	const struct msg msg = { .kind = MSG_PASTE, .text = str_of(text) };

	model_apply(m, &msg);
}

static const char *
screen(struct model *m, struct buf *out)
{
	buf_cut(out, 0);
	model_draw(m);
	canvas_dump(&m->canvas, out);
	return buf_cstr(out);
}

#define assert_shows(m, out, text) assert_non_null(strstr(screen(m, out), text))
#define assert_hides(m, out, text) assert_null(strstr(screen(m, out), text))

/* The latest request of that kind; NULL: none. */
static const struct request *
asked(const struct model *m, enum op op)
{
	for (size_t i = m->wishes.len; i-- > 0;)
		if (m->wishes.at[i].kind == WISH_SUBMIT && m->wishes.at[i].request->op == op)
			return m->wishes.at[i].request;
	return NULL;
}

static size_t
times_asked(const struct model *m, enum op op)
{
	size_t n = 0;

	for (size_t i = 0; i < m->wishes.len; i++)
		n += m->wishes.at[i].kind == WISH_SUBMIT && m->wishes.at[i].request->op == op;
	return n;
}

static void
open_locations(struct model *m)
{
	model_open(m, &screen_locations, NULL);
	send(m, EV_ROW, s3_main, END_DONE, NULL);
	send(m, EV_ROW, usb, END_DONE, NULL);
	send(m, EV_END, NULL, END_DONE, NULL);
}

static void
test_list_and_use(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start("dir:/b");

	(void)state;
	open_locations(m);
	assert_shows(m, &out, "s3-main");
	assert_shows(m, &out, "acme-k8s/retail");
	assert_shows(m, &out, "directory");
	press(m, "j U");
	assert_string_equal(m->opts.location_url, "dir:/mnt/usb");
	assert_shows(m, &out, "location usb");
	assert_string_equal(asked(m, OP_BACKUP_LIST)->location, "dir:/mnt/usb");
	model_free(m);
}

/* Nothing is removed without its name. */
static void
test_remove(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start("dir:/b");

	(void)state;
	open_locations(m);
	press(m, "j D");
	type(m, "us");
	press(m, "Tab Tab Enter");
	assert_null(asked(m, OP_LOCATION_REMOVE));
	press(m, "Esc");
	press(m, "D");
	type(m, "usb");
	press(m, "Tab Tab Enter");
	assert_non_null(asked(m, OP_LOCATION_REMOVE));
	assert_string_equal(asked(m, OP_LOCATION_REMOVE)->name, "usb");
	model_free(m);
	m = start("dir:/b");
	m->opts.read_only = true;
	open_locations(m);
	press(m, "D");
	assert_shows(m, &out, "read-only");
	model_free(m);
}

static void
test_validate(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start("dir:/b");

	(void)state;
	open_locations(m);
	press(m, "V");
	assert_string_equal(asked(m, OP_LOCATION_VALIDATE)->name, "s3-main");
	send(m, EV_ROW, "{\"step\":\"resolve\",\"status\":\"ok\",\"ms\":12,\"detail\":\"10.0.9.3\"}", END_DONE, NULL);
	send(m, EV_ROW, "{\"step\":\"write\",\"status\":\"failed\",\"ms\":3,\"detail\":\"403 AccessDenied\","
		"\"remedy\":\"allow s3:PutObject\"}", END_DONE, NULL);
	send(m, EV_END, NULL, END_DAMAGED, NULL);
	assert_shows(m, &out, "403 AccessDenied");
	assert_shows(m, &out, "Next: allow s3:PutObject");
	assert_shows(m, &out, "1 of 2 steps failed");
	press(m, "Esc");
	send(m, EV_ROW, s3_main, END_DONE, NULL);
	send(m, EV_END, NULL, END_DONE, NULL);
	assert_shows(m, &out, "FAILED");
	model_free(m);
}

/* MinIO with a pasted certificate and configuration; then what it asks is what was typed, and the secret is never seen. */
static void
test_form(void **state)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start("dir:/b");
	const struct request *r;

	(void)state;
	model_open(m, &screen_location_new, NULL);
	assert_hides(m, &out, "s3ForcePathStyle");
	type(m, "minio-dc");
	press(m, "Tab Space Tab");
	paste(m, pem);
	assert_shows(m, &out, "3 lines");
	press(m, "Tab");
	type(m, "velero");
	press(m, "Tab Tab");
	paste(m, "region=us-east-1,s3ForcePathStyle=true,s3Url=https://10.0.9.3:9000");
	assert_shows(m, &out, "https://10.0.9.3:9000");
	press(m, "Tab Tab Tab Tab Tab");
	type(m, "AKIA");
	press(m, "Tab");
	type(m, "hush-hush");
	assert_hides(m, &out, "hush");
	press(m, "F8");
	r = asked(m, OP_LOCATION_VALIDATE);
	assert_non_null(r);
	assert_string_equal(r->name, "minio-dc");
	assert_string_equal(r->access_key, "AKIA");
	assert_true(str_eqz(secret_get(r->secret), "hush-hush"));
	for (size_t i = 0; i < r->fields.len; i++)
		assert_null(strstr(r->fields.at[i], "hush"));
	send(m, EV_ROW, "{\"step\":\"write\",\"status\":\"failed\",\"ms\":3,\"detail\":\"403\",\"remedy\":\"allow it\"}", END_DONE,
		NULL);
	send(m, EV_END, NULL, END_DAMAGED, NULL);
	assert_shows(m, &out, "1 of 1 steps failed");
	press(m, "Tab Tab Tab Enter");
	assert_null(asked(m, OP_LOCATION_SAVE));
	press(m, "F7");
	assert_non_null(asked(m, OP_LOCATION_SAVE));
	send(m, EV_END, NULL, END_FAILED, "the disk is full");
	assert_shows(m, &out, "the disk is full");
	/* The draft stays, the secret does not. */
	press(m, "Esc");
	model_open(m, &screen_location_new, NULL);
	assert_shows(m, &out, "minio-dc");
	press(m, "F8");
	assert_string_equal(asked(m, OP_LOCATION_VALIDATE)->access_key, "AKIA");
	assert_true(secret_get(asked(m, OP_LOCATION_VALIDATE)->secret).len == 0);
	model_free(m);
}

static void
test_edit(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start("dir:/b");

	(void)state;
	model_open(m, &screen_location_new, "s3-main");
	send(m, EV_ROW, usb, END_DONE, NULL);
	send(m, EV_ROW, s3_main, END_DONE, NULL);
	send(m, EV_END, NULL, END_DONE, NULL);
	assert_shows(m, &out, "Edit s3-main");
	assert_shows(m, &out, "arn:aws:iam::1:role/r");
	assert_shows(m, &out, "(o) STS");
	press(m, "F8");
	assert_true(asked(m, OP_LOCATION_VALIDATE)->replace);
	assert_null(asked(m, OP_LOCATION_VALIDATE)->secret);
	model_free(m);
}

/* One dead cluster does not keep the others from being asked. */
static void
test_clusters(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start("dir:/b");

	(void)state;
	model_open(m, &screen_clusters, NULL);
	send(m, EV_ROW, "{\"name\":\"lab\",\"server\":\"https://a\",\"current\":false}", END_DONE, NULL);
	send(m, EV_ROW, "{\"name\":\"prod-us\",\"server\":\"https://b\",\"current\":true}", END_DONE, NULL);
	send(m, EV_END, NULL, END_DONE, NULL);
	assert_int_equal(times_asked(m, OP_CLUSTER_CHECK), 2);
	send(m, EV_ROW, "{\"check\":\"version\",\"status\":\"ok\",\"detail\":\"v1.33.4\"}", END_DONE, NULL);
	send(m, EV_END, NULL, END_DONE, NULL);
	m->last_ticket--;
	send(m, EV_END, NULL, END_FAILED, "connection refused");
	m->last_ticket++;
	assert_shows(m, &out, "v1.33.4");
	assert_shows(m, &out, "UNREACHABLE");
	press(m, "j Enter");
	assert_string_equal(m->opts.context, "prod-us");
	assert_shows(m, &out, "https://b");
	model_free(m);
}

static void
test_first_run(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start(NULL);

	(void)state;
	assert_shows(m, &out, "Welcome.");
	send(m, EV_ROW, "{\"name\":\"lab\",\"current\":true}", END_DONE, NULL);
	send(m, EV_END, NULL, END_DONE, NULL);
	assert_shows(m, &out, "found 1 context, the current one is lab");
	press(m, "Enter");
	assert_shows(m, &out, "Add New Backup Location");
	model_free(m);
}

static void
test_settings(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start("dir:/b");

	(void)state;
	press(m, ":");
	type(m, "set times utc");
	press(m, "Enter");
	assert_int_equal(m->times, TIMES_UTC);
	assert_string_equal(m->wishes.at[m->wishes.len - 1].text, "times utc");
	press(m, ":");
	type(m, "set times never");
	press(m, "Enter");
	assert_shows(m, &out, "'never' is not age local utc");
	press(m, ":");
	type(m, "set hints off");
	press(m, "Enter");
	assert_hides(m, &out, "? help");
	press(m, ":");
	type(m, "settings");
	press(m, "Enter");
	assert_shows(m, &out, "utc");
	model_free(m);
}

static void
test_settings_file(void **state)
{
	static const struct { const char *before, *name, *value, *after; } rows[] = {
		{ "", "theme", "paper", "theme: paper\n" },
		{ "# mine\ntheme: midnight  # nice\ntimes: utc\n", "theme", "paper", "# mine\ntheme: paper  # nice\ntimes: utc\n" },
		{ "times: utc", "hints", "off", "times: utc\nhints: off\n" },
	};
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct settings s;
	struct err e;

	(void)state;
	memset(&s, 0x55, sizeof s);              /* what a caller's stack may hold */
	settings_init(&s);
	assert_false(settings_context(&s, "prod-eu").danger);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_cut(&out, 0);
		assert_int_equal(settings_edit(str_of(rows[i].before), rows[i].name, rows[i].value, &out, &e), 0);
		assert_string_equal(buf_cstr(&out), rows[i].after);
		settings_init(&s);
		assert_int_equal(settings_parse(buf_str(&out), &s, &e), 0);
		assert_string_equal(settings_get(&s, rows[i].name), rows[i].value);
	}
	settings_init(&s);
	assert_int_equal(settings_parse(str_of("theme: paper\ncolour: red\n"), &s, &e), -1);
	assert_non_null(strstr(e.msg, "settings.yaml:2: no setting 'colour'"));
	assert_string_equal(settings_get(&s, "theme"), "terminal");
	assert_int_equal(settings_parse(str_of("theme: ../../etc/passwd\n"), &s, &e), -1);
	assert_int_equal(settings_parse(str_of("contexts:\n  prod-*: {banner: pink}\n"), &s, &e), -1);
	assert_non_null(strstr(e.msg, "settings.yaml:2: 'banner: pink'"));
	assert_int_equal(settings_parse(str_of("contexts: {\"prod-*\": {banner: danger, readonly: on}, \"*-eu\": {confirm: typed}}\n"),
		&s, &e), 0);
	assert_true(settings_context(&s, "prod-eu").danger && settings_context(&s, "prod-eu").typed);
	assert_true(settings_context(&s, "prod-us").readonly && !settings_context(&s, "prod-us").typed);
	assert_false(settings_context(&s, "lab").danger || settings_context(&s, NULL).danger);
}

/* The word PROD, read-only, and the name to be typed, by the context's name. */
static void
test_contexts(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct model *m = start("dir:/b");
	struct err e;

	(void)state;
	assert_int_equal(settings_parse(str_of("contexts: {\"prod-*\": {banner: danger, readonly: on}}\n"), &m->settings, &e), 0);
	model_take_settings(m);
	model_draw(m);
	canvas_dump(&m->canvas, &out);
	assert_non_null(strstr(buf_cstr(&out), " PROD  prod-eu"));
	assert_non_null(strstr(buf_cstr(&out), "READ-ONLY"));
	press(m, ": r w Enter Tab Enter");
	assert_false(m->opts.read_only);
	model_use_context(m, "lab", NULL);
	assert_false(m->rule.danger || m->opts.read_only);
	model_use_context(m, "prod-us", NULL);
	assert_true(m->rule.danger && m->opts.read_only);
	model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_and_use), cmocka_unit_test(test_remove), cmocka_unit_test(test_validate),
		cmocka_unit_test(test_form), cmocka_unit_test(test_edit), cmocka_unit_test(test_clusters),
		cmocka_unit_test(test_first_run), cmocka_unit_test(test_settings), cmocka_unit_test(test_settings_file),
		cmocka_unit_test(test_contexts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
