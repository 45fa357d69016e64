/* Tests of engine/verify: a change anywhere in a stored backup is found, and what it hits is named. */
#include "engine/verify.h"

#include "archive/layout.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/reader.h"
#include "tests/unit/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What verify told: "file backups/b1/... ok", "object secrets/shop/key damaged" ... */
struct told { struct strs lines; struct verify_counts n; uint64_t progress; };

static void
told_done(struct told *t)
{
	strs_free(&t->lines);
}

static void
on_checked(void *ctx, const char *what, const char *name, const struct err *why)
{
	struct told *t = ctx;
	AUTO_FREE char *line = xasprintf("%s %s %s", what, name,
		!why ? "ok" : why->kind == EK_NOTFOUND ? "missing" : "damaged");

	strs_add(&t->lines, line);
}

static void
on_progress(void *ctx, uint64_t bytes)
{
	struct told *t = ctx;

	assert_true(bytes >= t->progress);
	t->progress = bytes;
}

static bool
has(const struct told *t, const char *line)
{
	for (size_t i = 0; i < t->lines.len; i++)
		if (strcmp(t->lines.at[i], line) == 0)
			return true;
	return false;
}

static void
verify(const char *name, struct told *t)
{
	struct err e = { 0 };

	if (verify_run(stored.st, name, on_checked, t, on_progress, NULL, &t->n, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
a_sound_backup_is_said_to_be_sound(void **state)
{
	AUTO(told_done) struct told t = { 0 };

	(void)state;
	verify("b1", &t);
	for (size_t i = 0; i < t.lines.len; i++)
		if (!strstr(t.lines.at[i], " ok"))
			fail_msg("%s", t.lines.at[i]);
	assert_int_equal(t.n.damaged, 0);
	assert_int_equal(t.n.objects, stored_objects_n);
	assert_int_equal(t.n.files, 11);
	assert_true(has(&t, "file backups/b1/velero-backup.json ok"));
	assert_true(has(&t, "tarball backups/b1/b1.tar.gz ok"));
	assert_true(t.progress > 0);
}

/* The objects whose member holds this byte of the tarball must all be named, and no others. */
static void
check_named(const struct told *t, const struct index *ix, size_t at)
{
	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *en = &ix->entries[i];
		const struct index_member *m = &ix->members[en->member];
		AUTO_FREE char *line = xasprintf("object " STR_FMT "/" STR_FMT "%s" STR_FMT " damaged", STR_ARG(en->gr),
			STR_ARG(en->ns), en->ns.len ? "/" : "", STR_ARG(en->name));

		if (has(t, line) != (at >= m->off && at < m->off + m->size))
			fail_msg("byte %zu of the tarball: '%s' is %sthere", at, line, has(t, line) ? "" : "not ");
	}
}

static void
a_flipped_byte_anywhere_is_found_and_what_it_hits_is_named(void **state)
{
	AUTO_STRS struct strs keys = { 0 };
	AUTO(vbackup_done) struct vbackup b = { 0 };
	AUTO(reader_closep) struct reader *r = NULL;
	struct err e = { 0 };
	size_t bytes = 0;

	(void)state;
	assert_int_equal(reader_metadata(stored.st, "b1", &b, NULL, &e), 0);
	r = reader_open(stored.st, &b, NULL, NULL, NULL, &e);
	assert_non_null(r);
	stored_keys(&stored, "backups/b1/", &keys);
	assert_int_equal(keys.len, 11);
	for (size_t k = 0; k < keys.len; k++) {
		const char *key = keys.at[k];
		bool tarball = strstr(key, ".tar.gz") != NULL;
		AUTO_FREE char *damaged = xasprintf("%s %s damaged", tarball ? "tarball" : "file", key);
		struct store_info info;

		assert_int_equal(store_head(stored.st, key, &info, NULL, &e), 0);
		for (size_t at = 0; at < info.size; at++) {
			AUTO(told_done) struct told t = { 0 };

			stored_flip(&stored, key, at, at % 2 ? 0x01 : 0x20);
			verify("b1", &t);
			if (t.n.damaged == 0 || !has(&t, damaged))
				fail_msg("byte %zu of %s can change", at, key);
			if (tarball)
				check_named(&t, reader_index(r), at);
			stored_flip(&stored, key, at, at % 2 ? 0x01 : 0x20);
			bytes++;
		}
	}
	assert_true(bytes > 1000);
	a_sound_backup_is_said_to_be_sound(state);
}

static void
a_lost_file_is_missed(void **state)
{
	static const struct { enum layout_file file; const char *line; } rows[] = {
		{ LAYOUT_TARBALL, "tarball backups/b1/b1.tar.gz missing" },
		{ LAYOUT_HASHES, "file backups/b1/b1-orlop-hashes.gz missing" },
		{ LAYOUT_INDEX, "file backups/b1/b1-orlop-index.json.gz missing" },
		{ LAYOUT_LOGS, "file backups/b1/b1-logs.gz missing" },
		{ LAYOUT_RESULTS, "file backups/b1/b1-results.gz missing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(told_done) struct told t = { 0 };
		AUTO_FREE char *key = layout_key("b1", rows[i].file);
		AUTO_FREE char *path = stored_path(&stored, key);
		AUTO_FREE char *away = xasprintf("%s/away", stored.dir);

		assert_int_equal(rename(path, away), 0);
		verify("b1", &t);
		assert_int_equal(rename(away, path), 0);
		if (!has(&t, rows[i].line) || t.n.damaged == 0)
			fail_msg("%s is not told", rows[i].line);
	}
}

static void
a_shortened_or_longer_tarball_is_found(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(MIB);
	AUTO_FREE char *key = layout_key("b1", LAYOUT_TARBALL);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(store_get(stored.st, key, &gz, NULL, &e), 0);
	for (size_t n = 0; n < gz.len; n += 37) {
		AUTO(told_done) struct told t = { 0 };

		stored_put(&stored, key, str_sub(buf_str(&gz), 0, n));
		verify("b1", &t);
		if (!has(&t, "tarball backups/b1/b1.tar.gz damaged"))
			fail_msg("%zu of %zu bytes seem enough", n, gz.len);
	}
	{
		AUTO(told_done) struct told t = { 0 };
		size_t len = gz.len;

		buf_putc(&gz, '\0');
		stored_put(&stored, key, buf_str(&gz));
		verify("b1", &t);
		assert_true(has(&t, "tarball backups/b1/b1.tar.gz damaged"));
		stored_put(&stored, key, str_sub(buf_str(&gz), 0, len));
	}
	a_sound_backup_is_said_to_be_sound(state);
}

static void
a_backup_of_others_is_unpacked_and_parsed(void **state)
{
	(void)state;
	{
		AUTO(told_done) struct told t = { 0 };

		stored_foreign(&stored, "velero", "w:gz", "add('metadata/version', '1.1.0\\n')\n"
			"add('resources/pods/namespaces/a/p.json', obj('Pod', 'a', 'p'))\n");
		verify("velero", &t);
		assert_int_equal(t.n.damaged, 0);
		assert_int_equal(t.n.objects, 1);
	}
	{
		AUTO(told_done) struct told t = { 0 };

		stored_foreign(&stored, "velero", "w:gz",
			"add('resources/pods/namespaces/a/p.json', obj('Pod', 'a', 'p'))\n"
			"add('resources/pods/v1beta1/namespaces/a/p.json', obj('Pod', 'a', 'q', '', 'v1beta1'))\n");
		verify("velero", &t);
		assert_int_equal(t.n.objects, 1);
		assert_int_equal(t.n.damaged, 1);
		assert_true(has(&t, "object pods/a/p (v1beta1) damaged"));
	}
	{
		AUTO(told_done) struct told t = { 0 };

		stored_flip(&stored, "backups/velero/velero.tar.gz", 40, 0xff);
		verify("velero", &t);
		assert_int_equal(t.n.damaged, 1);
		assert_true(has(&t, "tarball backups/velero/velero.tar.gz damaged"));
	}
}

static void
what_is_not_there_is_no_damage_but_not_found(void **state)
{
	struct told t = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(verify_run(stored.st, "b2", on_checked, &t, on_progress, NULL, &t.n, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_non_null(strstr(e.msg, "did you mean 'b1'"));
	assert_int_equal(verify_run(stored.st, "../b1", on_checked, &t, on_progress, NULL, &t.n, &e), -1);
	assert_int_equal(e.kind, EK_INVALID);
	assert_int_equal(t.lines.len, 0);
}

static void
a_cancel_ends_it(void **state)
{
	AUTO(told_done) struct told t = { 0 };
	struct cancel c = { 0 };
	struct err e = { 0 };

	(void)state;
	cancel_fire(&c);
	assert_int_equal(verify_run(stored.st, "b1", on_checked, &t, on_progress, &c, &t.n, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_backup_is_said_to_be_sound),
		cmocka_unit_test(a_flipped_byte_anywhere_is_found_and_what_it_hits_is_named),
		cmocka_unit_test(a_lost_file_is_missed),
		cmocka_unit_test(a_shortened_or_longer_tarball_is_found),
		cmocka_unit_test(what_is_not_there_is_no_damage_but_not_found),
		cmocka_unit_test(a_backup_of_others_is_unpacked_and_parsed),
		cmocka_unit_test(a_cancel_ends_it),
	};

	return cmocka_run_group_tests(tests, stored_setup_b1, stored_teardown);
}
