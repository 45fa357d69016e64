/* Tests of engine/reader: stored backups of ours and of others, sound and damaged. */
#include "engine/reader.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"
#include "tests/unit/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A backup opened by name; r NULL and e set when it cannot be. */
struct opened { struct vbackup b; struct reader *r; };

static void
opened_done(struct opened *o)
{
	reader_close(o->r);
	vbackup_done(&o->b);
}
#define AUTO_OPENED AUTO(opened_done)

static void
open_backup(struct opened *o, const char *name, const struct cancel *c, struct err *e)
{
	if (reader_metadata(stored.st, name, &o->b, NULL, e) < 0)
		fail_msg("%s", e->msg);
	o->r = reader_open(stored.st, &o->b, NULL, NULL, c, e);
}

static void
check_object(struct reader *r, const char *gr, const char *ns, const char *name, const char *json)
{
	const struct index_entry *en = index_find(reader_index(r), str_of(gr), str_of(ns), str_of(name));
	struct str got;
	struct err e = { 0 };

	if (!en)
		fail_msg("%s/%s/%s is not there", gr, ns ? ns : "", name);
	if (reader_object(r, en, &got, NULL, &e) < 0)
		fail_msg("%s/%s: %s", gr, name, e.msg);
	if (!str_eqz(got, json))
		fail_msg("%s/%s: " STR_FMT, gr, name, STR_ARG(got));
}

/* --- ours --- */

static void
our_objects_are_read_in_any_order(void **state)
{
	AUTO_OPENED struct opened o = { 0 };
	struct err e = { 0 };

	(void)state;
	stored_backup(&stored, "b1");
	open_backup(&o, "b1", NULL, &e);
	assert_non_null(o.r);
	assert_int_equal(reader_index(o.r)->n_entries, stored_objects_n);
	for (size_t i = 0; i < 3 * stored_objects_n; i++) {
		const struct stored_object *so = &stored_objects[(i * 5) % stored_objects_n];

		check_object(o.r, so->gr, so->ns, so->name, so->json);
	}
	assert_false(reader_cut_off(o.r));
}

static void
damage_of_ours_is_corrupt_and_says_where(void **state)
{
	static const struct { enum layout_file file; size_t at; bool opens; const char *text; } rows[] = {
		{ LAYOUT_INDEX, 30, false, "backups/b1/b1-orlop-index.json.gz" },
		{ LAYOUT_TARBALL, 300, true, "backups/b1/b1.tar.gz: member" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_OPENED struct opened o = { 0 };
		AUTO_FREE char *key = layout_key("b1", rows[i].file);
		struct err e = { 0 };
		int rc = 0;

		stored_backup(&stored, "b1");
		stored_flip(&stored, key, rows[i].at, 0x10);
		open_backup(&o, "b1", NULL, &e);
		assert_true((o.r != NULL) == rows[i].opens);
		for (size_t n = 0; o.r && rc == 0 && n < stored_objects_n; n++) {
			struct str json;

			rc = reader_object(o.r, &reader_index(o.r)->entries[n], &json, NULL, &e);
		}
		assert_int_equal(e.kind, EK_CORRUPT);
		if (!strstr(e.msg, rows[i].text))
			fail_msg("'%s' is not in '%s'", rows[i].text, e.msg);
	}
}

/* What is said to come is read ahead; what is asked for may be that, something else, or only a part of it. */
static void
what_is_read_ahead_is_what_is_asked_for(void **state)
{
	static const struct { size_t first, step, ask_step; } rows[] = {
		{ 0, 1, 1 }, { 0, 1, 3 }, { 2, 1, 1 }, { 0, 2, 1 }, { 0, 5, 5 }, { 0, 1, 0 }, { 0, 5, 1 },
	};

	(void)state;
	stored_backup(&stored, "b1");
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_OPENED struct opened o = { 0 };
		struct VEC_OF(const struct index_entry *) plan = { 0 };
		struct err e = { 0 };

		open_backup(&o, "b1", NULL, &e);
		assert_non_null(o.r);
		for (size_t n = rows[i].first; n < 2 * stored_objects_n; n += rows[i].step) {
			const struct stored_object *so = &stored_objects[n % stored_objects_n];

			*vec_push(&plan) = index_find(reader_index(o.r), str_of(so->gr), str_of(so->ns), str_of(so->name));
		}
		reader_ahead(o.r, plan.at, plan.len, NULL);
		for (size_t n = 0; rows[i].ask_step > 0 && n < 2 * stored_objects_n; n += rows[i].ask_step) {
			const struct stored_object *so = &stored_objects[n % stored_objects_n];

			check_object(o.r, so->gr, so->ns, so->name, so->json);
		}
		vec_free(&plan);
	}
}

static void
damage_that_is_read_ahead_costs_its_member_only(void **state)
{
	AUTO_OPENED struct opened o = { 0 };
	struct VEC_OF(const struct index_entry *) plan = { 0 };
	struct err e = { 0 };
	size_t sound = 0, damaged = 0;

	(void)state;
	stored_backup(&stored, "b1");
	stored_flip(&stored, "backups/b1/b1.tar.gz", 300, 0x10);
	open_backup(&o, "b1", NULL, &e);
	assert_non_null(o.r);
	for (size_t n = 0; n < stored_objects_n; n++)
		*vec_push(&plan) = &reader_index(o.r)->entries[n];
	reader_ahead(o.r, plan.at, plan.len, NULL);
	for (size_t n = 0; n < plan.len; n++) {
		struct str json;

		if (reader_object(o.r, plan.at[n], &json, NULL, &e) == 0) {
			sound++;
			continue;
		}
		assert_int_equal(e.kind, EK_CORRUPT);
		assert_non_null(strstr(e.msg, "backups/b1/b1.tar.gz: member"));
		damaged++;
	}
	assert_in_range(damaged, 1, stored_objects_n - 1);
	assert_int_equal(sound + damaged, stored_objects_n);
	vec_free(&plan);
}

static void
a_lost_index_is_not_taken_for_a_backup_of_others(void **state)
{
	AUTO_OPENED struct opened o = { 0 };
	struct err e = { 0 };

	(void)state;
	stored_backup(&stored, "b1");
	assert_int_equal(store_delete(stored.st, "backups/b1/b1-orlop-index.json.gz", NULL, &e), 0);
	open_backup(&o, "b1", NULL, &e);
	assert_null(o.r);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_non_null(strstr(e.msg, "b1-orlop-index.json.gz"));
}

/* --- metadata and side files --- */

static void
metadata_must_be_what_its_folder_says(void **state)
{
	static const struct { const char *name, *json; enum err_kind kind; const char *text; } rows[] = {
		{ "b2", NULL, EK_NOTFOUND, "did you mean 'b1'" },
		{ "something-else", NULL, EK_NOTFOUND, "no backup 'something-else'" },
		{ "Bad", NULL, EK_INVALID, "Bad" },
		{ "b3", "{\"kind\":\"Backup\",\"apiVersion\":\"velero.io/v1\",\"metadata\":{\"name\":\"b1\"}}", EK_CORRUPT,
			"of a backup 'b1'" },
		{ "b4", "{", EK_CORRUPT, "backups/b4/velero-backup.json" },
		{ "b5", "{\"kind\":\"Restore\",\"apiVersion\":\"velero.io/v1\",\"metadata\":{\"name\":\"b5\"}}", EK_CORRUPT, "b5" },
	};

	(void)state;
	stored_backup(&stored, "b1");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct vbackup b = { 0 };
		struct err e = { 0 };

		if (rows[i].json) {
			AUTO_FREE char *key = layout_key(rows[i].name, LAYOUT_METADATA);

			stored_put(&stored, key, str_of(rows[i].json));
		}
		assert_int_equal(reader_metadata(stored.st, rows[i].name, &b, NULL, &e), -1);
		if (e.kind != rows[i].kind || !strstr(e.msg, rows[i].text))
			fail_msg("%s: %d %s", rows[i].name, (int)e.kind, e.msg);
	}
}

static void
side_files_are_unpacked(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(MIB);
	struct err e = { 0 };

	(void)state;
	stored_backup(&stored, "b1");
	assert_int_equal(reader_side_file(stored.st, "b1", LAYOUT_VOLUMEINFO, &text, NULL, &e), 0);
	assert_string_equal(buf_cstr(&text), "[]\n");
	assert_int_equal(reader_side_file(stored.st, "b2", LAYOUT_VOLUMEINFO, &text, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	stored_put(&stored, "backups/b1/b1-volumeinfo.json.gz", S("[]"));
	assert_int_equal(reader_side_file(stored.st, "b1", LAYOUT_VOLUMEINFO, &text, NULL, &e), -1);
	assert_int_equal(e.kind, EK_CORRUPT);
	assert_non_null(strstr(e.msg, "backups/b1/b1-volumeinfo.json.gz"));
}

/* --- others' --- */

static void
tarballs_of_others_are_read_without_an_index(void **state)
{
	static const char *const modes[] = { "w:gz" };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		AUTO_OPENED struct opened o = { 0 };
		const struct index_entry *en;
		struct err e = { 0 };

		stored_foreign(&stored, "v", modes[i],
			"add('metadata/version', '1.1.0\\n')\n"
			"d = tarfile.TarInfo('resources/pods/'); d.type = tarfile.DIRTYPE; tar.addfile(d)\n"
			"add('resources/pods/namespaces/a/p.json', obj('Pod', 'a', 'p', ',\"labels\":{\"x\":\"y\"}'))\n"
			"add('resources/pods/v1-preferredversion/namespaces/a/p.json', obj('Pod', 'a', 'p'))\n"
			"add('./resources/clusterroles.rbac.authorization.k8s.io/cluster/system:node.json',"
			"    obj('ClusterRole', '', 'system:node', '', 'rbac.authorization.k8s.io/v1'))\n"
			"add('resources/configmaps/namespaces/a/' + 'n' * 253 + '.json', obj('ConfigMap', 'a', 'n' * 253))\n"
			"add('unknown/file', 'x')\n");
		open_backup(&o, "v", NULL, &e);
		if (!o.r)
			fail_msg("%s", e.msg);
		assert_int_equal(reader_index(o.r)->n_entries, 3);
		check_object(o.r, "pods", "a", "p", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","
			"\"namespace\":\"a\",\"labels\":{\"x\":\"y\"}}}");
		check_object(o.r, "clusterroles.rbac.authorization.k8s.io", NULL, "system:node",
			"{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRole\",\"metadata\":"
			"{\"name\":\"system:node\"}}");
		en = index_find(reader_index(o.r), S("clusterroles.rbac.authorization.k8s.io"), S(""), S("system:node"));
		assert_true(str_eqz(en->version, "v1"));
		assert_true(str_eqz(en->kind, "ClusterRole"));
		assert_true(str_eqz(index_find(reader_index(o.r), S("pods"), S("a"), S("p"))->labels, "{\"x\":\"y\"}"));
		assert_false(reader_cut_off(o.r));
	}
}

/* velero-format 2.1: as if the archive were extracted. */
static void
of_entries_with_one_name_the_last_counts(void **state)
{
	AUTO_OPENED struct opened o = { 0 };
	const struct index_entry *en;
	struct err e = { 0 };

	(void)state;
	stored_foreign(&stored, "v", "w:gz",
		"add('resources/widgets.example.com/namespaces/a/w.json',"
		"    obj('Widget', 'a', 'w', ',\"labels\":{\"x\":\"old\"}', 'example.com/v1'))\n"
		"add('resources/pods/namespaces/a/p.json', obj('Pod', 'a', 'p'))\n"
		"add('./resources/widgets.example.com/namespaces/a/w.json',"
		"    obj('Gadget', 'a', 'w', ',\"labels\":{\"x\":\"new\"}', 'example.com/v2'))\n");
	open_backup(&o, "v", NULL, &e);
	assert_non_null(o.r);
	assert_int_equal(reader_index(o.r)->n_entries, 2);
	en = index_find(reader_index(o.r), S("widgets.example.com"), S("a"), S("w"));
	assert_true(str_eqz(en->labels, "{\"x\":\"new\"}"));
	assert_true(str_eqz(en->version, "v2"));
	assert_true(str_eqz(en->kind, "Gadget"));
	check_object(o.r, "widgets.example.com", "a", "w", "{\"apiVersion\":\"example.com/v2\",\"kind\":\"Gadget\","
		"\"metadata\":{\"name\":\"w\",\"namespace\":\"a\",\"labels\":{\"x\":\"new\"}}}");
	check_object(o.r, "pods", "a", "p", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","
		"\"namespace\":\"a\"}}");
}

/* "version/kind:name" of the alternates, in order. */
static void
check_alternates(struct reader *r, const char *want)
{
	const struct index *ix = reader_index(r);
	AUTO_BUF struct buf got = BUF_INIT(MIB);

	for (size_t i = 0; i < ix->n_alternates; i++) {
		const struct index_entry *en = &ix->alternates[i];
		AUTO_FREE char *inside = NULL;
		struct str json, api = { 0 };
		struct err e = { 0 };

		if (reader_object(r, en, &json, NULL, &e) < 0)
			fail_msg("%s", e.msg);
		assert_true(en->alternate);
		assert_true(jget(json, "apiVersion", &api));
		inside = jstr_dup(api);
		buf_putf(&got, "%s" STR_FMT "=%s:" STR_FMT, i > 0 ? " " : "", STR_ARG(en->version), inside, STR_ARG(en->name));
	}
	assert_string_equal(buf_cstr(&got), want);
}

#define OBJ(path, name, version) "add('resources/hpas.autoscaling/" path "namespaces/a/" name ".json'," \
	" obj('Hpa', 'a', '" name "', '', 'autoscaling/" version "'))\n"

/* velero-format 2.2: copies by version, in any order. */
static void
versioned_copies_that_differ_are_alternates(void **state)
{
	static const struct { const char *script; size_t entries; const char *alternates, *version; } rows[] = {
		{ OBJ("", "x", "v2") OBJ("v2-preferredversion/", "x", "v2"), 1, "", "v2" },
		{ OBJ("v2-preferredversion/", "x", "v2") OBJ("", "x", "v2"), 1, "", "v2" },
		{ OBJ("", "x", "v2") OBJ("v2-preferredversion/", "x", "v2") OBJ("v1/", "x", "v1"), 1, "v1=autoscaling/v1:x", "v2" },
		{ OBJ("v1/", "x", "v1") OBJ("v2-preferredversion/", "x", "v2") OBJ("", "x", "v2"), 1, "v1=autoscaling/v1:x", "v2" },
		{ OBJ("v2-preferredversion/", "x", "v2") OBJ("v1/", "x", "v1") OBJ("", "y", "v2") OBJ("", "x", "v2"), 2,
			"v1=autoscaling/v1:x", "v2" },
		{ OBJ("v1/", "x", "v1"), 0, "v1=autoscaling/v1:x", NULL },
		{ OBJ("v1/", "x", "v1") OBJ("v1/", "x", "v1"), 0, "v1=autoscaling/v1:x", NULL },
		{ OBJ("v2/", "x", "v2") OBJ("", "x", "v2") OBJ("v1/", "x", "v1") OBJ("", "x", "v1"), 1, "", "v1" },
		/* Velero stores an older definition under the path of the preferred version: what is inside counts. */
		{ OBJ("", "x", "v1") OBJ("v2-preferredversion/", "x", "v1"), 1, "", "v1" },
		{ OBJ("v2/", "x", "v2") OBJ("v1/", "x", "v1") OBJ("v1/", "y", "v1") OBJ("", "y", "v2"), 1,
			"v2=autoscaling/v2:x v1=autoscaling/v1:x v1=autoscaling/v1:y", "v2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_OPENED struct opened o = { 0 };
		struct err e = { 0 };

		stored_foreign(&stored, "v", "w:gz", rows[i].script);
		open_backup(&o, "v", NULL, &e);
		if (!o.r)
			fail_msg("row %zu: %s", i, e.msg);
		assert_int_equal(reader_index(o.r)->n_entries, rows[i].entries);
		check_alternates(o.r, rows[i].alternates);
		if (rows[i].version)
			assert_true(str_eqz(reader_index(o.r)->entries[0].version, rows[i].version));
	}
}

/* Far above the size from which on an index is worth to be cached. */
#define LARGE "import random; random.seed(1)\n" \
	"for i in range(300):\n" \
	"    add('resources/configmaps/namespaces/a/c%d.json' % i, obj('ConfigMap', 'a', 'c%d' % i," \
	"        ',\"labels\":{\"x\":\"%0600x\"}' % random.getrandbits(2400)))\n" \
	"add('resources/configmaps/v2/namespaces/a/c7.json', obj('ConfigMap', 'a', 'c7', '', 'v2'))\n"

static void
count_bytes(void *ctx, uint64_t bytes)
{
	*(uint64_t *)ctx = bytes;
}

static void
reopen(struct opened *o, uint64_t *unpacked, struct err *e)
{
	opened_done(o);
	*o = (struct opened){ 0 };
	*unpacked = 0;
	assert_int_equal(reader_metadata(stored.st, "v", &o->b, NULL, e), 0);
	o->r = reader_open(stored.st, &o->b, count_bytes, unpacked, NULL, e);
	if (!o->r)
		fail_msg("%s", e->msg);
	assert_int_equal(reader_index(o->r)->n_entries, 300);
	assert_int_equal(reader_index(o->r)->n_alternates, 1);
}

static void
the_second_look_reads_no_tarball_until_an_object_is_needed(void **state)
{
	AUTO_OPENED struct opened o = { 0 };
	AUTO_FREE char *path = stored_path(&stored, "backups/v/v.tar.gz");
	AUTO_BUF struct buf first = BUF_INIT(MIB);
	uint64_t unpacked;
	struct str json;
	struct err e = { 0 };

	(void)state;
	stored_foreign(&stored, "v", "w:gz", LARGE);
	reopen(&o, &unpacked, &e);
	assert_true(unpacked > 0);
	assert_int_equal(reader_object(o.r, &reader_index(o.r)->entries[150], &json, NULL, &e), 0);
	buf_put_str(&first, json);
	reopen(&o, &unpacked, &e);
	assert_int_equal(unpacked, 0);
	check_alternates(o.r, "v2=v2:c7");
	assert_int_equal(reader_object(o.r, &reader_index(o.r)->entries[150], &json, NULL, &e), 0);
	assert_true(unpacked > 0);
	assert_true(str_eq(json, buf_str(&first)));
	/* Another file under the same name is another backup. */
	stored_foreign(&stored, "v", "w:gz", LARGE "add('resources/x/cluster/y/z', 'z')\n");
	reopen(&o, &unpacked, &e);
	assert_true(unpacked > 0);
	assert_int_equal(reader_unpack(o.r, NULL, &e), 0);
	/* One that is replaced between the look and the reading, too; the next look sees it. */
	reopen(&o, &unpacked, &e);
	assert_int_equal(unpacked, 0);
	stored_foreign(&stored, "v", "w:gz", LARGE "add('resources/configmaps/namespaces/a/c1.json', obj('X', 'a', 'c1'))\n");
	assert_int_equal(reader_object(o.r, &reader_index(o.r)->entries[0], &json, NULL, &e), -1);
	assert_int_equal(e.kind, EK_CONFLICT);
	reopen(&o, &unpacked, &e);
	assert_int_equal(unpacked, 0);
	assert_int_equal(reader_object(o.r, &reader_index(o.r)->entries[1], &json, NULL, &e), 0);
	reopen(&o, &unpacked, &e);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(reader_unpack(o.r, NULL, &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
}

static void
damaged_and_hostile_tarballs_are_corrupt(void **state)
{
	static const char *const scripts[] = {
		"add('../evil', 'x')",
		"add('/resources/pods/namespaces/a/p.json', obj('Pod', 'a', 'p'))",
		"add('resources/pods/namespaces/a/../../p.json', obj('Pod', 'a', 'p'))",
		"add('resources/pods/namespaces/a/p.json', '{\"kind\":')",
		"add('resources/pods/namespaces/a/p.json', '')",
		"add('resources/pods/namespaces/a/p.json', '\"a pod\"')",
		"add('resources/pods/namespaces/a/p.json', '[1,2]')",
		"add('resources/pods/namespaces/a/p.json', 'null')",
		"add('resources/pods/namespaces/a/p.json', '[' * 100000)",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		AUTO_OPENED struct opened o = { 0 };
		struct err e = { 0 };

		stored_foreign(&stored, "v", "w:gz", scripts[i]);
		open_backup(&o, "v", NULL, &e);
		if (o.r)
			fail_msg("accepted: %s", scripts[i]);
		assert_int_equal(e.kind, EK_CORRUPT);
		if (!strstr(e.msg, "backup 'v'") || !strstr(e.msg, "backups/v/v.tar.gz"))
			fail_msg("%s", e.msg);
	}
}

static void
a_flipped_byte_in_a_tarball_of_others_is_corrupt(void **state)
{
	struct store_info info;
	struct err e = { 0 };

	(void)state;
	stored_foreign(&stored, "v", "w:gz", "add('resources/pods/namespaces/a/p.json', obj('Pod', 'a', 'p'))\n");
	assert_int_equal(store_head(stored.st, "backups/v/v.tar.gz", &info, NULL, &e), 0);
	/* Nobody checks the time, the system and the file's name in the header. */
	for (size_t at = sizeof "\x1f\x8b\x08\x08TIMEvv" "v.tar" - 1; at < info.size; at++) {
		AUTO_OPENED struct opened o = { 0 };

		stored_flip(&stored, "backups/v/v.tar.gz", at, 0xff);
		open_backup(&o, "v", NULL, &e);
		if (o.r)
			fail_msg("byte %zu can change", at);
		assert_int_equal(e.kind, EK_CORRUPT);
		stored_flip(&stored, "backups/v/v.tar.gz", at, 0xff);
	}
}

static void
a_shortened_tarball_of_others_is_corrupt(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(MIB);
	struct err e = { 0 };

	(void)state;
	stored_foreign(&stored, "v", "w:gz", "add('resources/pods/namespaces/a/p.json', obj('Pod', 'a', 'p'))\n");
	assert_int_equal(store_get(stored.st, "backups/v/v.tar.gz", &gz, NULL, &e), 0);
	for (size_t n = 0; n < gz.len; n++) {
		AUTO_OPENED struct opened o = { 0 };

		stored_put(&stored, "backups/v/v.tar.gz", str_sub(buf_str(&gz), 0, n));
		open_backup(&o, "v", NULL, &e);
		if (o.r)
			fail_msg("%zu of %zu bytes seem enough", n, gz.len);
		assert_int_equal(e.kind, EK_CORRUPT);
	}
}

static void
a_tarball_that_is_gone_is_not_found(void **state)
{
	AUTO_OPENED struct opened o = { 0 };
	struct err e = { 0 };

	(void)state;
	stored_foreign_metadata(&stored, "v");
	open_backup(&o, "v", NULL, &e);
	assert_null(o.r);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_non_null(strstr(e.msg, "backups/v/v.tar.gz"));
}

static void
stop_unpacking(void *ctx, uint64_t bytes)
{
	(void)bytes;
	cancel_fire(ctx);
}

static void
a_canceled_unpacking_is_canceled_wherever_it_stood(void **state)
{
	static const char *const scripts[] = {
		"for i in range(2000): add('resources/pods/namespaces/a/p%d.json' % i, obj('Pod', 'a', 'p%d' % i))\n",
		"add('resources/pods/namespaces/a/p.json', obj('Pod', 'a', 'p'))\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		AUTO_OPENED struct opened o = { 0 };
		struct cancel c = { 0 };
		struct err e = { 0 };

		stored_foreign(&stored, "v", "w:gz", scripts[i]);
		assert_int_equal(reader_metadata(stored.st, "v", &o.b, NULL, &e), 0);
		o.r = reader_open(stored.st, &o.b, stop_unpacking, &c, &c, &e);
		assert_null(o.r);
		assert_int_equal(e.kind, EK_CANCELED);
	}
	{
		AUTO_OPENED struct opened o = { 0 };
		struct cancel c = { 0 };
		struct err e = { 0 };

		cancel_fire(&c);
		open_backup(&o, "v", &c, &e);
		assert_null(o.r);
		assert_int_equal(e.kind, EK_CANCELED);
	}
}

static void
types_resolve_without_a_cluster(void **state)
{
	AUTO_OPENED struct opened o = { 0 };
	AUTO(discovery_freep) struct discovery *d = NULL;
	const struct api_resource *res;
	struct err e = { 0 };

	(void)state;
	stored_backup(&stored, "b1");
	open_backup(&o, "b1", NULL, &e);
	assert_non_null(o.r);
	d = reader_discovery(o.r);
	assert_int_equal(d->all.len, 4);
	res = discovery_resolve(d, "deployment");
	assert_non_null(res);
	assert_string_equal(res->gr, "deployments.apps");
	assert_string_equal(res->api_version, "apps/v1");
	assert_true(res->namespaced);
	assert_non_null(discovery_resolve(d, "ConfigMap"));
	assert_false(discovery_resolve(d, "namespaces")->namespaced);
	assert_null(discovery_resolve(d, "pods"));
}

static void
an_object_must_be_what_its_place_says(void **state)
{
	static const struct { const char *json; bool ok; } rows[] = {
		{ "{\"metadata\":{\"name\":\"p\",\"namespace\":\"a\"}}", true },
		{ "{\"metadata\":{\"name\":\"q\",\"namespace\":\"a\"}}", false },
		{ "{\"metadata\":{\"name\":\"p\",\"namespace\":\"kube-system\"}}", false },
		{ "{\"metadata\":{\"name\":\"p\"}}", false },
		{ "{\"metadata\":{\"name\":1,\"namespace\":\"a\"}}", false },
		{ "{}", false },
		{ "[]", false },
	};
	struct index_entry en = { .ns = S("a"), .name = S("p") };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		if ((reader_check_name(&en, str_of(rows[i].json), &e) == 0) != rows[i].ok)
			fail_msg("%s", rows[i].json);
		assert_int_equal(e.kind, rows[i].ok ? EK_NONE : EK_CORRUPT);
	}
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, stored_setup, stored_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(our_objects_are_read_in_any_order),
		CASE(what_is_read_ahead_is_what_is_asked_for),
		CASE(damage_that_is_read_ahead_costs_its_member_only),
		CASE(damage_of_ours_is_corrupt_and_says_where),
		CASE(a_lost_index_is_not_taken_for_a_backup_of_others),
		CASE(metadata_must_be_what_its_folder_says),
		CASE(side_files_are_unpacked),
		CASE(tarballs_of_others_are_read_without_an_index),
		CASE(of_entries_with_one_name_the_last_counts),
		CASE(versioned_copies_that_differ_are_alternates),
		CASE(the_second_look_reads_no_tarball_until_an_object_is_needed),
		CASE(damaged_and_hostile_tarballs_are_corrupt),
		CASE(a_flipped_byte_in_a_tarball_of_others_is_corrupt),
		CASE(a_shortened_tarball_of_others_is_corrupt),
		CASE(a_tarball_that_is_gone_is_not_found),
		CASE(a_canceled_unpacking_is_canceled_wherever_it_stood),
		CASE(types_resolve_without_a_cluster),
		CASE(an_object_must_be_what_its_place_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
