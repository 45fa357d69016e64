/* Tests of ui/screens/browse and of tables with groups: events and keys in, screen and requests out. */
#include "ui/model.h"
#include "ui/screens/screens.h"

#include "base/mem.h"
#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const objects[] = {
	("{\"resource\":\"deployments.apps\",\"kind\":\"Deployment\",\"namespace\":\"shop\",\"name\":\"web\",\"size\":900,"
		"\"labels\":{\"app\":\"web\"}}"),
	"{\"resource\":\"configmaps\",\"kind\":\"ConfigMap\",\"namespace\":\"shop\",\"name\":\"one\",\"size\":100}",
	"{\"resource\":\"configmaps\",\"kind\":\"ConfigMap\",\"namespace\":\"shop\",\"name\":\"two\",\"size\":200}",
	"{\"resource\":\"configmaps\",\"kind\":\"ConfigMap\",\"namespace\":\"data\",\"name\":\"web-x\",\"size\":50}",
	"{\"resource\":\"ingresses.extensions\",\"kind\":\"Ingress\",\"namespace\":\"shop\",\"name\":\"old\",\"size\":1}",
	"{\"resource\":\"ingresses.networking.k8s.io\",\"kind\":\"Ingress\",\"namespace\":\"shop\",\"name\":\"new\",\"size\":1}",
	"{\"resource\":\"nodes\",\"kind\":\"Node\",\"namespace\":\"\",\"name\":\"n\\u001b[31m\",\"size\":10}",
	"{\"resource\":\"storageclasses.storage.k8s.io\",\"kind\":\"StorageClass\",\"namespace\":\"\",\"name\":\"fast\",\"size\":10}",
};

static void
send_to(struct model *m, uint64_t ticket, enum ev_kind kind, const char *text, enum ev_end end)
{
	struct event ev = { .kind = kind, .text = (char *)(uintptr_t)text, .len = text != NULL ? strlen(text) : 0, .end = end };
	const struct msg msg = { .kind = MSG_EVENT, .ticket = ticket, .event = &ev };

	model_apply(m, &msg);
}

/* The last thing that was asked for. */
static const struct wish *
asked(const struct model *m)
{
	for (size_t i = m->wishes.len; i-- > 0;)
		if (m->wishes.at[i].kind == WISH_SUBMIT)
			return &m->wishes.at[i];
	fail_msg("nothing was asked for");
	return NULL;
}

static void
forget_wishes(struct model *m)
{
	for (size_t i = 0; i < m->wishes.len; i++) {
		request_free(m->wishes.at[i].request);
		free(m->wishes.at[i].text);
	}
	m->wishes.len = 0;
}

static size_t
count_asked(const struct model *m, enum op op)
{
	size_t n = 0;

	for (size_t i = 0; i < m->wishes.len; i++)
		n += m->wishes.at[i].kind == WISH_SUBMIT && m->wishes.at[i].request->op == op;
	return n;
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

static void
load_objects(struct model *m)
{
	assert_int_equal(asked(m)->request->op, OP_BACKUP_LS);
	for (size_t i = 0; i < COUNT(objects); i++)
		send_to(m, asked(m)->ticket, EV_ROW, objects[i], END_DONE);
	send_to(m, asked(m)->ticket, EV_END, NULL, END_DONE);
}

static struct model *
start(int cols, const char *arg)
{
	const struct ui_options o = { .project = "retail", .location = "main", .location_url = "dir:/b", .context = "prod",
		.ascii = true, .request = cli_request };
	struct model *m = model_new(&o);
	const struct msg size = { .kind = MSG_RESIZE, .row = 24, .col = cols };
	const struct msg clock = { .kind = MSG_TIME, .now_s = INT64_C(1763942400), .now_ms = 1000 };

	model_apply(m, &clock);
	model_apply(m, &size);
	model_start(m);
	forget_wishes(m);
	model_open(m, &screen_browse, arg);
	load_objects(m);
	return m;
}

static void
done(struct model *m)
{
	forget_wishes(m);
	model_free(m);
}

/* The names that are shown, with what stands before them: "[-] shop|[+] ConfigMap|". */
static const char *
shown(struct model *m, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);
	struct str rest, line;

	buf_cut(out, 0);
	model_draw(m);
	canvas_dump(&m->canvas, &text);
	rest = buf_str(&text);
	for (size_t row = 0; str_split(&rest, '\n', &line); row++) {
		struct str name = str_trim(line);
		size_t end = 0;

		/* Below the head line, above status and hints. */
		if (row < 5 || row > 21 || name.len == 0)
			continue;
		while (end < name.len && !(name.p[end] == ' ' && end + 1 < name.len && name.p[end + 1] == ' '))
			end++;
		buf_putf(out, STR_FMT "|", STR_ARG(str_sub(name, 0, end)));
	}
	return buf_cstr(out);
}

static void
groups_open_and_close(void **state)
{
	static const struct { const char *keys, *want; } steps[] = {
		{ "", "> [+] data|[+] shop|[+] (cluster resources)|" },
		{ "j Enter", "[+] data|> [-] shop|[+] ConfigMap|[+] Deployment|[+] Ingress.extensions|"
			"[+] Ingress.networking.k8s.io|[+] (cluster resources)|" },
		{ "l Right", "[+] data|[-] shop|>   [-] ConfigMap|one|two|[+] Deployment|[+] Ingress.extensions|"
			"[+] Ingress.networking.k8s.io|[+] (cluster resources)|" },
		{ "Right h", "[+] data|[-] shop|>   [-] ConfigMap|one|two|[+] Deployment|[+] Ingress.extensions|"
			"[+] Ingress.networking.k8s.io|[+] (cluster resources)|" },
		{ "Left Left", "[+] data|> [-] shop|[+] ConfigMap|[+] Deployment|[+] Ingress.extensions|"
			"[+] Ingress.networking.k8s.io|[+] (cluster resources)|" },
		{ "h", "[+] data|> [+] shop|[+] (cluster resources)|" },
		{ "E G", "[-] data|[-] ConfigMap|web-x|[-] shop|[-] ConfigMap|one|two|[-] Deployment|web|[-] Ingress.extensions|old|"
			"[-] Ingress.networking.k8s.io|new|[-] (cluster resources)|[-] Node|n\\x1b[31m|[-] StorageClass|" },
		{ "E", "[+] data|[+] shop|> [+] (cluster resources)|" },
		{ "V E", "[-] ConfigMap|[-] data|web-x|[-] shop|one|two|[-] Deployment|[-] shop|web|[-] Ingress.extensions|[-] shop|"
			"old|[-] Ingress.networking.k8s.io|[-] shop|new|[-] Node|n\\x1b[31m|" },
	};
	struct model *m = start(80, "b1");
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		const char *is, *want = steps[i].want;

		press(m, steps[i].keys);
		is = shown(m, &text);
		/* More rows than the screen has are cut; where the list is scrolled to is not what is tested. */
		if (strncmp(steps[i].keys, "E G", 3) == 0 ? strstr(is, "n\\x1b[31m") == NULL : strncmp(is, want, strlen(want)) != 0
		    && strstr(is, "Ingress.networking") == NULL)
			fail_msg("step %zu: '%s', not '%s'", i, is, want);
	}
	done(m);
}

static void
groups_are_marked_through_their_objects(void **state)
{
	/* keys, the list of objects that a restore is begun with */
	static const struct { const char *keys, *filter, *want; } rows[] = {
		{ "Space r", "", "*/data/*" },
		{ "j Space r", "", "*/shop/*" },
		{ "G Space r", "", "*/*" },
		{ "j Enter j Space r", "", "configmaps/shop/*" },
		{ "j Enter j Enter j Space r", "", "configmaps/shop/one" },
		{ "j Enter j Enter j Space Space r", "", "configmaps/shop/*" },
		{ "j Enter Space r", "", "*/shop/*" },
		{ "j Enter Space k k k Space r", "", "*/data/*,*/shop/*" },
		{ "j Space k Space k k r", "", "*/data/*" },               /* marked and unmarked again */
		{ "a r", "", "*/data/*,*/shop/*,*/*" },
		{ "a i j Space r", "", "*/shop/*" },
		{ "g Space r", "old|one", "configmaps/shop/one,ingresses.extensions/shop/*" },      /* of a group only what the filter shows */
		{ "G k k Space r", "web", "deployments.apps/shop/*" },
		{ "a r", "one", "configmaps/shop/one" },
		{ "a r", "-l app=web", "deployments.apps/shop/*" },
		{ "r", "", "*/data/*" },                                   /* nothing marked: the row with the cursor */
		{ "V Space r", "", "configmaps/*/*" },
		{ "V G Space r", "", "storageclasses.storage.k8s.io/*" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct model *m = start(80, "b1");

		if (rows[i].filter[0] != '\0') {
			press(m, "/");
			type(m, rows[i].filter);
			press(m, "Enter");
		}
		press(m, rows[i].keys);
		if (m->top->type != &screen_restore_new)
			fail_msg("row %zu: %s", i, m->top->type->name);
		press(m, "PgDn");
		model_draw(m);
		if (strcmp(form_get(m->top->type->form(m->top), "--include-object"), rows[i].want) != 0)
			fail_msg("row %zu: '%s', not '%s'", i, form_get(m->top->type->form(m->top), "--include-object"), rows[i].want);
		done(m);
	}
}

static void
marks_are_counted_and_seen(void **state)
{
	struct model *m = start(80, "b1");
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);

	(void)state;
	press(m, "j Enter j Enter j Space");
	model_draw(m);
	canvas_dump(&m->canvas, &text);
	assert_non_null(strstr(buf_cstr(&text), "\n -   [-] ConfigMap"));
	assert_non_null(strstr(buf_cstr(&text), "\n *     one"));
	assert_non_null(strstr(buf_cstr(&text), "8 1 marked"));
	/* What the filter hides is told. */
	press(m, "/");
	type(m, "web");
	press(m, "Enter");
	model_draw(m);
	buf_cut(&text, 0);
	canvas_dump(&m->canvas, &text);
	assert_non_null(strstr(buf_cstr(&text), "2/8 /web 1 marked, 1 hidden"));
	press(m, "m");
	assert_int_equal(m->top->type->table(m->top)->n_found, 0);
	press(m, "\\ u");
	assert_int_equal(m->top->type->table(m->top)->n_marked, 0);
	done(m);
}

static void
a_name_that_is_a_pattern_is_not_guessed_at(void **state)
{
	struct model *m = start(80, "b1");

	(void)state;
	send_to(m, 0, EV_NOTE, NULL, END_DONE);
	press(m, "R");
	send_to(m, asked(m)->ticket, EV_ROW, "{\"resource\":\"configmaps\",\"kind\":\"ConfigMap\",\"namespace\":\"shop\","
		"\"name\":\"a*\",\"size\":1}", END_DONE);
	send_to(m, asked(m)->ticket, EV_ROW, objects[1], END_DONE);
	send_to(m, asked(m)->ticket, EV_END, NULL, END_DONE);
	press(m, "E j j Space r");
	assert_ptr_equal(m->top->type, &screen_browse);
	assert_non_null(strstr(m->messages.at[m->messages.len - 1].text, "--objects-from"));
	done(m);
}

static void
a_group_is_compared_with_the_cluster(void **state)
{
	struct model *m = start(80, "b1");
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);
	const struct request *r;
	uint64_t ticket;

	(void)state;
	press(m, "j Enter j Enter c");
	r = asked(m)->request;
	ticket = asked(m)->ticket;
	assert_int_equal(r->op, OP_BACKUP_DIFF);
	assert_string_equal(r->look.other, "live");
	assert_int_equal(r->filter.inc_resources.len, 1);
	assert_string_equal(r->filter.inc_resources.at[0], "configmaps");
	assert_int_equal(r->filter.inc_namespaces.len, 1);
	assert_string_equal(r->filter.inc_namespaces.at[0], "shop");
	/* One at a time. */
	press(m, "c");
	assert_int_equal(count_asked(m, OP_BACKUP_DIFF), 1);
	send_to(m, ticket, EV_ROW, "{\"change\":\"removed\",\"resource\":\"configmaps\",\"namespace\":\"shop\",\"name\":\"one\"}",
		END_DONE);
	send_to(m, ticket, EV_END, NULL, END_DONE);
	model_draw(m);
	canvas_dump(&m->canvas, &text);
	assert_non_null(strstr(buf_cstr(&text), "100 B gone"));
	assert_non_null(strstr(buf_cstr(&text), "200 B same"));
	/* What is around it was not looked at; a whole namespace now, of which something cannot be listed. */
	press(m, "h c");
	ticket = asked(m)->ticket;
	assert_int_equal(asked(m)->request->filter.inc_resources.len, 1);
	send_to(m, ticket, EV_END, NULL, END_CANCELED);
	press(m, "k c");
	assert_int_equal(asked(m)->request->filter.inc_resources.len, 4);
	ticket = asked(m)->ticket;
	send_to(m, ticket, EV_ROW, "{\"change\":\"changed\",\"resource\":\"configmaps\",\"namespace\":\"shop\",\"name\":\"two\"}",
		END_DONE);
	send_to(m, ticket, EV_FINDING, "{\"severity\":\"error\",\"text\":\"403\"}", END_DONE);
	send_to(m, ticket, EV_END, NULL, END_PARTIAL);
	press(m, "j Enter");
	buf_cut(&text, 0);
	model_draw(m);
	canvas_dump(&m->canvas, &text);
	assert_non_null(strstr(buf_cstr(&text), "100 B ?"));
	assert_non_null(strstr(buf_cstr(&text), "200 B differs"));
	assert_non_null(strstr(m->messages.at[m->messages.len - 1].text, "not all was compared"));
	/* What is outside namespaces names no namespace. */
	press(m, "G c");
	assert_int_equal(asked(m)->request->filter.inc_namespaces.len, 0);
	assert_int_equal(asked(m)->request->filter.inc_resources.len, 2);
	done(m);
}

static void
the_object_stands_beside_where_there_is_room(void **state)
{
	struct model *m = start(120, "b1");
	AUTO_BUF struct buf text = BUF_INIT(SIZE_MAX);
	uint64_t first;

	(void)state;
	assert_int_equal(count_asked(m, OP_BACKUP_CAT), 0);        /* a group */
	press(m, "j Enter j Enter j");
	assert_int_equal(count_asked(m, OP_BACKUP_CAT), 1);
	first = asked(m)->ticket;
	assert_string_equal(asked(m)->request->objects.at[0], "configmaps/shop/one");
	assert_false(asked(m)->request->look.show_secrets);
	/* The next one is asked for when the first has come. */
	press(m, "j");
	assert_int_equal(count_asked(m, OP_BACKUP_CAT), 1);
	send_to(m, first, EV_ROW, "{\"kind\":\"ConfigMap\",\"data\":{\"a\":\"first\\u001b\"}}", END_DONE);
	send_to(m, first, EV_END, NULL, END_DONE);
	assert_int_equal(count_asked(m, OP_BACKUP_CAT), 2);
	assert_string_equal(asked(m)->request->objects.at[0], "configmaps/shop/two");
	send_to(m, asked(m)->ticket, EV_ROW, "{\"kind\":\"ConfigMap\",\"data\":{\"a\":\"second\"}}", END_DONE);
	send_to(m, asked(m)->ticket, EV_END, NULL, END_DONE);
	model_draw(m);
	canvas_dump(&m->canvas, &text);
	assert_non_null(strstr(buf_cstr(&text), "second"));
	press(m, "p");
	buf_cut(&text, 0);
	model_draw(m);
	canvas_dump(&m->canvas, &text);
	assert_null(strstr(buf_cstr(&text), "second"));
	done(m);
}

static void
objects_are_opened_and_searched_for(void **state)
{
	static const struct { const char *key; size_t tab; enum op op; } rows[] = {
		{ "Enter", 0, OP_BACKUP_CAT }, { "y", 0, OP_BACKUP_CAT }, { "d", 1, OP_BACKUP_DIFF }, { "H", 2, OP_BACKUP_HISTORY },
	};
	struct model *m = start(80, "b1");

	(void)state;
	press(m, "d");                   /* a group */
	assert_ptr_equal(m->top->type, &screen_browse);
	press(m, "j Enter j Enter j");
	for (size_t i = 0; i < COUNT(rows); i++) {
		press(m, rows[i].key);
		assert_ptr_equal(m->top->type, &screen_object);
		assert_int_equal(m->top->tab, rows[i].tab);
		assert_int_equal(asked(m)->request->op, rows[i].op);
		press(m, "Esc");
		assert_string_equal(table_current(m->top->type->table(m->top)), "configmaps/shop/one");
	}
	press(m, "F");
	type(m, "Post.*");
	press(m, "Enter");
	assert_ptr_equal(m->top->type, &screen_grep);
	assert_int_equal(asked(m)->request->op, OP_BACKUP_GREP);
	assert_string_equal(asked(m)->request->look.pattern, "Post.*");
	assert_false(asked(m)->request->look.ignore_case);
	assert_string_equal(asked(m)->request->look.backups.at[0], "b1");
	send_to(m, asked(m)->ticket, EV_ROW, "{\"backup\":\"b1\",\"resource\":\"configmaps\",\"namespace\":\"shop\","
		"\"name\":\"two\",\"path\":\"data.url\",\"text\":\"Postgres\"}", END_DONE);
	send_to(m, asked(m)->ticket, EV_END, NULL, END_DONE);
	press(m, "Enter");
	assert_ptr_equal(m->top->type, &screen_object);
	assert_string_equal(m->top->arg, "b1\nconfigmaps\nshop\ntwo");
	/* Back, and forward to what was left. */
	press(m, "[ [");
	assert_ptr_equal(m->top->type, &screen_browse);
	press(m, "] ]");
	assert_ptr_equal(m->top->type, &screen_object);
	assert_string_equal(m->top->arg, "b1\nconfigmaps\nshop\ntwo");
	press(m, "]");
	assert_ptr_equal(m->top->type, &screen_object);
	done(m);
}

static void
a_filter_to_begin_with(void **state)
{
	struct model *m = start(80, "b1\ncol:kind=^ConfigMap$");

	(void)state;
	assert_int_equal(m->top->type->table(m->top)->n_found, 3);
	done(m);
}

static void
the_wizard_takes_what_is_chosen(void **state)
{
	struct model *m = start(80, "b1");
	struct screen *wizard;

	(void)state;
	model_open(m, &screen_restore_new, "b1");
	wizard = m->top;
	wizard->type->pressed(m, wizard, "browse");
	assert_ptr_equal(m->top->type, &screen_browse);
	load_objects(m);
	press(m, "Space r");
	assert_ptr_equal(m->top, wizard);
	press(m, "PgDn");
	assert_string_equal(form_get(wizard->type->form(wizard), "--include-object"), "*/data/*");
	done(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_open_and_close),
		cmocka_unit_test(groups_are_marked_through_their_objects),
		cmocka_unit_test(marks_are_counted_and_seen),
		cmocka_unit_test(a_name_that_is_a_pattern_is_not_guessed_at),
		cmocka_unit_test(a_group_is_compared_with_the_cluster),
		cmocka_unit_test(the_object_stands_beside_where_there_is_room),
		cmocka_unit_test(objects_are_opened_and_searched_for),
		cmocka_unit_test(a_filter_to_begin_with),
		cmocka_unit_test(the_wizard_takes_what_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
