/* Tests of archive/tarball.  Python's tarfile and gzip, GNU tar and gzip read what we write, and write what we read. */
#include "archive/layout.h"
#include "archive/tarball.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/vec.h"
#include "data/gzip.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_S INT64_C(1780000000)

/* --- helpers --- */

static char *dir;

static int
make_dir(void **state)
{
	char path[] = "/tmp/orlop-test-XXXXXX";

	(void)state;
	dir = mkdtemp(path) ? xstrdup(path) : NULL;
	return dir ? 0 : -1;
}

/* Runs a program to success; returns its output. */
static char *
run(const char *const *argv)
{
	static const char *const utf8[] = { "PYTHONUTF8=1", NULL };
	struct buf out = BUF_INIT(64 * MIB);
	AUTO_BUF struct buf errs = BUF_INIT(MIB);
	struct err e = { 0 };
	int status = -1;

	if (proc_run(&(struct proc){ .argv = argv, .env_add = utf8, .timeout_ns = 120 * NS_PER_S }, &out, &errs, &status,
	    NULL, &e) < 0)
		fail_msg("%s: %s", argv[0], e.msg);
	if (status != 0 || errs.len > 0)
		fail_msg("%s: status %d: %s", argv[0], status, buf_cstr(&errs));
	return buf_take(&out, NULL);
}

static int
remove_dir(void **state)
{
	const char *const argv[] = { "rm", "-rf", dir, NULL };

	(void)state;
	free(run(argv));
	free(TAKE(dir));
	return 0;
}

static int
to_buf(void *ctx, const void *p, size_t n, struct err *e)
{
	return buf_add(ctx, p, n, e);
}

/* Gives a text away in pieces of at most step bytes. */
struct feed {
	struct str   text;
	size_t       step;
	enum err_kind fail_at_end;
};

static int64_t
pull(void *ctx, void *p, size_t n, struct err *e)
{
	struct feed *f = ctx;
	size_t give = f->text.len < n ? f->text.len : n;

	if (f->step > 0 && give > f->step)
		give = f->step;
	if (give == 0 && f->fail_at_end != EK_NONE)
		return err_set(e, f->fail_at_end, "the line is dead");
	memcpy(p, f->text.p, give);
	f->text = str_sub(f->text, give, f->text.len);
	return (int64_t)give;
}

static int
list_object(void *ctx, struct str path, struct str json, struct err *e)
{
	(void)e;
	buf_putf(ctx, STR_FMT " %zu\n", STR_ARG(path), json.len);
	return 0;
}

static int
list_unversioned(void *ctx, struct str path, struct str json, struct err *e)
{
	struct tar_path tp;

	return tar_path_parse(path, &tp) && tp.version.len > 0 ? 0 : list_object(ctx, path, json, e);
}

/* tar_read over gz; what it found (all: both copies of each object) as "path size" lines in out. */
static int
read_all(struct str gz, bool all, size_t step, struct buf *out, struct err *e)
{
	struct feed f = { .text = gz, .step = step };
	const struct tar_reader_fns fns = { .on_object = all ? list_object : list_unversioned, .ctx = out };

	return tar_read(pull, &f, &fns, NULL, e);
}

/* --- what the tests write --- */

struct object {
	const char *gr, *version, *kind, *ns, *name, *labels;
	size_t      size;                /* about; the JSON is made from name and size */
};

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X253 X50 X50 X50 X50 X50 "yyy"
#define NS63 "n23456789-123456789-123456789-123456789-123456789-123456789-123"

static const struct object objects[] = {
	{ "pods", "v1", "Pod", "shop", "web-1", "{\"app\":\"web\"}", 2000 },
	{ "pods", "v1", "Pod", "shop", "web-2", "{\"app\":\"web\"}", 511 },
	{ "namespaces", "v1", "Namespace", "", "shop", "", 512 },
	{ "clusterroles.rbac.authorization.k8s.io", "v1", "ClusterRole", "", "system:node", "", 513 },
	{ "clusterroles.rbac.authorization.k8s.io", "v1", "ClusterRole", "", "k\xc3\xa4se & \xe2\x82\xac", "", 300 },
	{ "clusterroles.rbac.authorization.k8s.io", "v1", "ClusterRole", "", "a\xcc\x88-decomposed", "", 300 },
	{ "widgets.a-rather-long-group-name.example.org", "v1alpha1", "Widget", NS63, X253, "", 700 },
	{ "widgets.a-rather-long-group-name.example.org", "v1alpha1", "Widget", NS63, "short", "", 0 },
	{ "configmaps", "v1", "ConfigMap", "shop", "large", "", 3 * 1024 * 1024 },
	{ "configmaps", "v1", "ConfigMap", "shop", "after-large", "", 100 },
};

static void
make_json(struct buf *out, const struct object *o)
{
	uint32_t x = 12345;

	buf_cut(out, 0);
	buf_putf(out, "{\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"},\"data\":\"", o->kind, o->name);
	while (out->len < o->size) {
		x = x * 1664525 + 1013904223;
		buf_putc(out, (char)('a' + (x >> 24) % 26));
	}
	buf_puts(out, "\"}");
}

static void
add_object(struct tar_stream *s, const struct object *o)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT);
	struct str parts[3];
	struct err e = { 0 };

	make_json(&json, o);
	parts[0] = str_sub(buf_str(&json), 0, 7);
	parts[1] = S("");
	parts[2] = str_sub(buf_str(&json), 7, json.len);
	if (tar_stream_add(s, str_of(o->ns), str_of(o->name), str_of(o->labels), parts, COUNT(parts), NULL, &e) < 0)
		fail_msg("%s", e.msg);
}

/* Two streams are open at a time, so their members come in another order than they were opened. */
static void
write_objects(struct tar_writer *w, const struct object *list, size_t n)
{
	struct tar_stream *open[2] = { NULL };
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++) {
		bool begins = i == 0 || strcmp(list[i].gr, list[i - 1].gr) != 0;

		if (begins && open[0])
			assert_int_equal(tar_stream_close(open[0], &e), 0);
		if (begins) {
			open[0] = open[1];
			open[1] = tar_stream_open(w, str_of(list[i].gr), str_of(list[i].version), str_of(list[i].kind), true);
		}
		add_object(open[1], &list[i]);
	}
	for (size_t i = 0; i < 2; i++)
		if (open[i])
			assert_int_equal(tar_stream_close(open[i], &e), 0);
}

static struct index *
unpack_index(struct tar_writer *w)
{
	AUTO_BUF struct buf gz = BUF_INIT(LIMIT_INDEX), text = BUF_INIT(LIMIT_INDEX), hashes = BUF_INIT(LIMIT_INDEX);
	struct err e = { 0 };
	struct index *ix;

	assert_int_equal(tar_writer_index(w, &gz, &e), 0);
	assert_int_equal(gzip_unpack(buf_str(&gz), &text, &e), 0);
	buf_cut(&gz, 0);
	assert_int_equal(tar_writer_hashes(w, &gz, &e), 0);
	assert_int_equal(gzip_unpack(buf_str(&gz), &hashes, &e), 0);
	ix = index_parse(buf_str(&text), buf_str(&hashes), &e);
	if (!ix)
		fail_msg("%s", e.msg);
	return ix;
}

/* A whole tarball of these objects, with its index and totals where asked for. */
static void
write_tarball(const struct object *list, size_t n, struct buf *out, struct index **ix, struct tar_totals *totals)
{
	const struct tar_writer_fns fns = { .sink = to_buf, .ctx = out };
	struct err e = { 0 };
	struct tar_totals t;
	AUTO(tar_writer_freep) struct tar_writer *w = tar_writer_new(&fns, NOW_S * NS_PER_S, &e);

	assert_non_null(w);
	write_objects(w, list, n);
	if (tar_writer_finish(w, &t, &e) < 0)
		fail_msg("%s", e.msg);
	if (ix)
		*ix = unpack_index(w);
	if (totals)
		*totals = t;
}

static char *
save(const char *name, const struct buf *b)
{
	char *path = file_join(dir, name);
	struct err e = { 0 };

	assert_int_equal(file_replace(path, b->p, b->len, 0644, &e), 0);
	return path;
}

/* --- writing --- */

/* How each entry of objects must look: name, mode, type, mtime, owner, size, digest. */
static void
expect_entry(struct buf *out, const char *path, struct str content)
{
	uint8_t digest[SHA256_LEN];
	char hex[SHA256_HEX];

	sha256(content.p, content.len, digest);
	buf_putf(out, "%s 755 0 %lld 0:0 %zu %s\n", path, (long long)NOW_S, content.len,
		hex_encode(hex, digest, sizeof digest));
}

static void
expect_object(struct buf *out, const struct object *o)
{
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT), path = BUF_INIT(LIMIT_TAR_NAME);

	make_json(&json, o);
	tar_path_put(&path, str_of(o->gr), S(""), false, str_of(o->ns), str_of(o->name));
	expect_entry(out, path.p, buf_str(&json));
	buf_cut(&path, 0);
	tar_path_put(&path, str_of(o->gr), str_of(o->version), true, str_of(o->ns), str_of(o->name));
	expect_entry(out, path.p, buf_str(&json));
}

static int
compare_lines(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Members have no fixed order. */
static char *
sort_lines(struct str text)
{
	struct { struct str *at; size_t len, cap; } lines = { 0 };
	struct buf out = BUF_INIT(SIZE_MAX);
	struct str line;

	while (str_split(&text, '\n', &line))
		*vec_push(&lines) = line;
	qsort(lines.at, lines.len, sizeof lines.at[0], compare_lines);
	for (size_t i = 0; i < lines.len; i++)
		buf_putf(&out, STR_FMT "\n", STR_ARG(lines.at[i]));
	vec_free(&lines);
	return buf_take(&out, NULL);
}

static void
python_reads_all_that_was_written(void **state)
{
	static const char script[] =
		"import hashlib, sys, tarfile\n"
		"t = tarfile.open(sys.argv[1], 'r:gz')\n"
		"for m in t:\n"
		"    h = hashlib.sha256(t.extractfile(m).read()).hexdigest()\n"
		"    print(m.name, '%o' % m.mode, int(m.type), m.mtime, '%d:%d' % (m.uid, m.gid), m.size, h)\n";
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), want = BUF_INIT(SIZE_MAX);
	AUTO_FREE char *path = NULL, *got = NULL, *sorted = NULL, *want_sorted = NULL;

	(void)state;
	write_tarball(objects, COUNT(objects), &gz, NULL, NULL);
	path = save("python.tar.gz", &gz);
	got = run((const char *const[]){ "python3", "-c", script, path, NULL });
	assert_true(str_starts(str_of(got), S("metadata/version 755 0 1780000000 0:0 6 ")));
	expect_entry(&want, "metadata/version", S("1.1.0\n"));
	for (size_t i = 0; i < COUNT(objects); i++)
		expect_object(&want, &objects[i]);
	sorted = sort_lines(str_of(got));
	want_sorted = sort_lines(buf_str(&want));
	assert_string_equal(sorted, want_sorted);
}

static void
gnu_tar_and_gzip_read_it_without_a_word(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), json = BUF_INIT(LIMIT_OBJECT);
	AUTO_FREE char *path = NULL, *list = NULL, *plain = NULL, *longest = NULL;
	struct str rest, line;
	size_t entries = 0;

	(void)state;
	write_tarball(objects, COUNT(objects), &gz, NULL, NULL);
	path = save("gnu.tar.gz", &gz);
	free(run((const char *const[]){ "gzip", "-t", path, NULL }));
	list = run((const char *const[]){ "tar", "tzvf", path, NULL });
	rest = str_of(list);
	while (str_split(&rest, '\n', &line))
		entries += str_starts(line, S("-rwxr-xr-x 0/0 "));
	assert_int_equal(entries, 1 + 2 * COUNT(objects));
	plain = run((const char *const[]){ "tar", "xOzf", path, "resources/pods/namespaces/shop/web-1.json", NULL });
	make_json(&json, &objects[0]);
	assert_string_equal(plain, buf_cstr(&json));
	longest = run((const char *const[]){ "tar", "xOzf", path,
		"resources/widgets.a-rather-long-group-name.example.org/v1alpha1-preferredversion/namespaces/" NS63 "/" X253
		".json", NULL });
	make_json(&json, &objects[6]);
	assert_string_equal(longest, buf_cstr(&json));
}

static void
our_reader_finds_all_objects(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), got = BUF_INIT(SIZE_MAX), want = BUF_INIT(SIZE_MAX);
	static const char *const locales[] = { "C", "C.UTF-8" };
	struct err e = { 0 };

	(void)state;
	write_tarball(objects, COUNT(objects), &gz, NULL, NULL);
	for (size_t i = 0; i < COUNT(objects); i++) {
		AUTO_BUF struct buf json = BUF_INIT(LIMIT_OBJECT);

		make_json(&json, &objects[i]);
		tar_path_put(&want, str_of(objects[i].gr), S(""), false, str_of(objects[i].ns), str_of(objects[i].name));
		buf_putf(&want, " %zu\n", json.len);
	}
	for (size_t i = 0; i < COUNT(locales); i++) {
		AUTO_FREE char *sorted = NULL, *want_sorted = sort_lines(buf_str(&want));

		if (!setlocale(LC_ALL, locales[i]))
			continue;
		buf_cut(&got, 0);
		assert_int_equal(read_all(buf_str(&gz), false, 0, &got, &e), 0);
		sorted = sort_lines(buf_str(&got));
		assert_string_equal(sorted, want_sorted);
	}
	(void)setlocale(LC_ALL, "C");
}

static void
index_leads_to_every_object(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), member = BUF_INIT(LIMIT_MEMBER), json = BUF_INIT(LIMIT_OBJECT);
	AUTO(index_freep) struct index *ix = NULL;
	struct tar_totals t;
	uint8_t digest[SHA256_LEN], hash[INDEX_HASH_LEN];
	struct err e = { 0 };

	(void)state;
	write_tarball(objects, COUNT(objects), &gz, &ix, &t);
	sha256(gz.p, gz.len, digest);
	assert_memory_equal(t.sha256, digest, SHA256_LEN);
	assert_memory_equal(ix->tarball_sha256, digest, SHA256_LEN);
	assert_int_equal(t.gz_bytes, gz.len);
	assert_int_equal(ix->tarball_size, gz.len);
	assert_int_equal(t.objects, COUNT(objects));
	assert_int_equal(ix->n_entries, COUNT(objects));
	for (size_t i = 0; i < COUNT(objects); i++) {
		const struct object *o = &objects[i];
		const struct index_entry *en = index_find(ix, str_of(o->gr), str_of(o->ns), str_of(o->name));
		const struct index_member *m;

		assert_non_null(en);
		assert_true(str_eqz(en->version, o->version) && str_eqz(en->kind, o->kind) && str_eqz(en->labels, o->labels));
		m = &ix->members[en->member];
		buf_cut(&member, 0);
		assert_int_equal(tar_member_unpack(m, str_sub(buf_str(&gz), m->off, m->off + m->size), &member, &e), 0);
		make_json(&json, o);
		assert_int_equal(en->size, json.len);
		assert_memory_equal(member.p + en->off, json.p, json.len);
		index_content_hash(buf_str(&json), hash);
		assert_memory_equal(en->hash, hash, sizeof hash);
	}
}

static void
members_are_about_a_mebibyte_and_cover_the_file(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX);
	AUTO(index_freep) struct index *ix = NULL;
	AUTO_FREE struct object *list = xcalloc(3000, sizeof *list);
	AUTO_FREE char *names = xcalloc(3000, 16);
	uint64_t packed = 0, unpacked = 0;

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		(void)snprintf(names + 16 * i, 16, "web-%zu", i);
		list[i] = (struct object){ "pods", "v1", "Pod", "shop", names + 16 * i, "", 2000 };
	}
	write_tarball(list, 3000, &gz, &ix, NULL);
	assert_true(ix->n_members >= 10 && ix->n_members <= 20);
	for (size_t i = 0; i < ix->n_members; i++) {
		assert_true(ix->members[i].tar_size <= MIB + 16 * KIB);
		/* One stream: in the order of the file. */
		assert_int_equal(ix->members[i].off, packed);
		assert_int_equal(ix->members[i].tar_off, unpacked);
		packed += ix->members[i].size;
		unpacked += ix->members[i].tar_size;
	}
	assert_int_equal(packed, gz.len);
	assert_int_equal(ix->members[ix->n_members - 1].tar_size, 1024);
}

static void
every_flipped_byte_is_found(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), out = BUF_INIT(LIMIT_MEMBER);
	AUTO(index_freep) struct index *ix = NULL;
	struct err e = { 0 };
	size_t checked = 0;

	(void)state;
	write_tarball(objects, 6, &gz, &ix, NULL);
	for (size_t k = 0; k < ix->n_members; k++) {
		const struct index_member *m = &ix->members[k];
		struct str part = str_sub(buf_str(&gz), m->off, m->off + m->size);

		for (size_t i = m->off; i < m->off + m->size; i++, checked++) {
			gz.p[i] = (char)(gz.p[i] ^ 1);
			e = (struct err){ 0 };
			assert_int_equal(tar_member_unpack(m, part, &out, &e), -1);
			assert_int_equal(e.kind, EK_CORRUPT);
			assert_int_equal(out.len, 0);
			gz.p[i] = (char)(gz.p[i] ^ 1);
		}
		assert_int_equal(tar_member_unpack(m, part, &out, &e), 0);
		assert_int_equal(out.len, m->tar_size);
		buf_cut(&out, 0);
	}
	assert_int_equal(checked, gz.len);
}

static void
member_must_be_what_its_row_says(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), out = BUF_INIT(LIMIT_MEMBER), small = BUF_INIT(1000);
	struct index_member m = { .off = 7, .tar_size = 2000 };
	AUTO_FREE char *zeros = xcalloc(1, 2000);
	struct err e = { 0 };

	(void)state;
	buf_puts(&out, "before");
	assert_int_equal(gzip_pack((struct str){ zeros, 2000 }, &gz, &e), 0);
	m.size = gz.len;
	sha256(gz.p, gz.len, m.sha256);
	assert_int_equal(tar_member_unpack(&m, str_sub(buf_str(&gz), 1, gz.len), &out, &e), -1);
	assert_int_equal(e.kind, EK_CORRUPT);
	assert_int_equal(tar_member_unpack(&m, buf_str(&gz), &small, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	for (m.tar_size = 1999; m.tar_size <= 2001; m.tar_size += 2) {
		assert_int_equal(tar_member_unpack(&m, buf_str(&gz), &out, &e), -1);
		assert_int_equal(e.kind, EK_CORRUPT);
		assert_non_null(strstr(e.msg, "member at 7"));
		assert_string_equal(buf_cstr(&out), "before");
		assert_int_equal(out.max, LIMIT_MEMBER);
	}
	m.tar_size = 2000;
	assert_int_equal(tar_member_unpack(&m, buf_str(&gz), &out, &e), 0);
	assert_int_equal(out.len, 2006);
}

static void
names_that_would_not_come_back_are_refused(void **state)
{
	static const struct { struct str ns, name; enum err_kind kind; } rows[] = {
		{ { "shop", 4 }, { "", 0 }, EK_INVALID },
		{ { "shop", 4 }, { "..", 2 }, EK_INVALID },
		{ { "shop", 4 }, { "../../x", 7 }, EK_INVALID },
		{ { "shop", 4 }, { "a/b", 3 }, EK_INVALID },
		{ { "..", 2 }, { "a", 1 }, EK_INVALID },
		{ { "a/b", 3 }, { "a", 1 }, EK_INVALID },
		{ { "shop", 4 }, { "a\0b", 3 }, EK_INVALID },
		{ { "shop", 4 }, { "a\xff", 2 }, EK_INVALID },
	};
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), got = BUF_INIT(SIZE_MAX), name = BUF_INIT(SIZE_MAX);
	const struct tar_writer_fns fns = { .sink = to_buf, .ctx = &gz };
	struct tar_totals t;
	struct err e = { 0 };
	struct str json = S("{}");
	AUTO(tar_writer_freep) struct tar_writer *w = tar_writer_new(&fns, 0, &e);
	struct tar_stream *s = tar_stream_open(w, S("pods"), S("v1"), S("Pod"), true);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(tar_stream_add(s, rows[i].ns, rows[i].name, S(""), &json, 1, NULL, &e), -1);
		assert_int_equal(e.kind, rows[i].kind);
	}
	for (size_t i = 0; i < LIMIT_TAR_NAME; i++)
		buf_putc(&name, 'x');
	assert_int_equal(tar_stream_add(s, S(""), buf_str(&name), S(""), &json, 1, NULL, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	/* The writer goes on. */
	assert_int_equal(tar_stream_add(s, S("shop"), S("good"), S(""), &json, 1, NULL, &e), 0);
	assert_int_equal(tar_stream_close(s, &e), 0);
	assert_int_equal(tar_writer_finish(w, &t, &e), 0);
	assert_int_equal(t.objects, 1);
	assert_int_equal(read_all(buf_str(&gz), true, 0, &got, &e), 0);
	assert_string_equal(buf_cstr(&got), "resources/pods/namespaces/shop/good.json 2\n"
		"resources/pods/v1-preferredversion/namespaces/shop/good.json 2\n");
}

static void
largest_object_is_stored_and_a_larger_one_is_not(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), got = BUF_INIT(SIZE_MAX), out = BUF_INIT(LIMIT_MEMBER);
	const struct tar_writer_fns fns = { .sink = to_buf, .ctx = &gz };
	AUTO_FREE char *json = xmalloc(LIMIT_OBJECT + 1);
	struct str part = { json, LIMIT_OBJECT + 1 };
	struct tar_totals t;
	struct err e = { 0 };
	AUTO(tar_writer_freep) struct tar_writer *w = tar_writer_new(&fns, 0, &e);
	AUTO(index_freep) struct index *ix = NULL;
	struct tar_stream *s = tar_stream_open(w, S("pods"), S("v1"), S("Pod"), true);

	(void)state;
	memset(json, ' ', LIMIT_OBJECT + 1);
	assert_int_equal(tar_stream_add(s, S("shop"), S("too-large"), S(""), &part, 1, NULL, &e), -1);
	assert_int_equal(e.kind, EK_LIMIT);
	assert_non_null(strstr(e.msg, "too-large"));
	part.len--;
	assert_int_equal(tar_stream_add(s, S("shop"), S("large"), S(""), &part, 1, NULL, &e), 0);
	assert_int_equal(tar_stream_close(s, &e), 0);
	assert_int_equal(tar_writer_finish(w, &t, &e), 0);
	assert_int_equal(read_all(buf_str(&gz), true, 0, &got, &e), 0);
	assert_string_equal(buf_cstr(&got), "resources/pods/namespaces/shop/large.json 16777216\n"
		"resources/pods/v1-preferredversion/namespaces/shop/large.json 16777216\n");
	ix = unpack_index(w);
	for (size_t i = 0; i < ix->n_members; i++) {
		const struct index_member *m = &ix->members[i];

		buf_cut(&out, 0);
		assert_int_equal(tar_member_unpack(m, str_sub(buf_str(&gz), m->off, m->off + m->size), &out, &e), 0);
	}
}

/* --- failures while writing --- */

struct bad_sink { uint64_t left; };

static int
fail_after(void *ctx, const void *p, size_t n, struct err *e)
{
	struct bad_sink *b = ctx;

	(void)p;
	if (n > b->left)
		return err_set(e, EK_DENIED, "the store says no");
	b->left -= n;
	return 0;
}

/* Adds large objects until the failure of the sink arrives, or finishes. */
static int
write_until_it_fails(struct tar_writer *w, struct err *e)
{
	AUTO_FREE char *json = xcalloc(1, 200000);
	struct str part = { json, 200000 };
	struct tar_stream *s = tar_stream_open(w, S("pods"), S("v1"), S("Pod"), true);
	struct tar_totals t;

	for (size_t i = 0; i < 200; i++) {
		struct err again = { 0 };

		if (tar_stream_add(s, S("shop"), S("x"), S(""), &part, 1, NULL, e) < 0) {
			assert_int_equal(tar_stream_close(s, &again), -1);
			assert_int_equal(again.kind, e->kind);
			return -1;
		}
	}
	if (tar_stream_close(s, e) < 0)
		return -1;
	return tar_writer_finish(w, &t, e);
}

static void
failure_of_the_sink_reaches_the_driver(void **state)
{
	static const uint64_t after[] = { 0, 200, 1000, 5000, 20000, 60000 };

	(void)state;
	for (size_t i = 0; i < COUNT(after); i++) {
		struct bad_sink bad = { after[i] };
		const struct tar_writer_fns fns = { .sink = fail_after, .ctx = &bad };
		struct err e = { 0 };
		AUTO(tar_writer_freep) struct tar_writer *w = tar_writer_new(&fns, 0, &e);

		assert_int_equal(write_until_it_fails(w, &e), -1);
		assert_int_equal(e.kind, EK_DENIED);
		assert_string_equal(e.msg, "the store says no");
	}
}

static void
writer_may_be_freed_at_any_moment(void **state)
{
	(void)state;
	for (size_t n = 0; n <= COUNT(objects); n++) {
		AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX);
		const struct tar_writer_fns fns = { .sink = to_buf, .ctx = &gz };
		struct err e = { 0 };
		struct tar_writer *w = tar_writer_new(&fns, 0, &e);

		for (size_t i = 0; i < n; i++)
			add_object(tar_stream_open(w, str_of(objects[i].gr), str_of(objects[i].version), str_of(""), true), &objects[i]);
		tar_writer_free(w);
	}
	tar_writer_free(NULL);
}

static void
empty_backup_is_a_tarball_too(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), got = BUF_INIT(SIZE_MAX);
	AUTO(index_freep) struct index *ix = NULL;
	struct err e = { 0 };

	(void)state;
	write_tarball(NULL, 0, &gz, &ix, NULL);
	assert_int_equal(ix->n_entries, 0);
	assert_int_equal(read_all(buf_str(&gz), true, 0, &got, &e), 0);
	assert_int_equal(got.len, 0);
}

/* --- reading what others wrote --- */

/* Python that writes all cases into the folder argv[1]. */
static const char cases_py[] =
	"import gzip, io, sys, tarfile\n"
	"R = 'resources/pods/namespaces/shop/'\n"
	"def entry(t, name, data=b'{}', kind=tarfile.REGTYPE, link='', size=None):\n"
	"    i = tarfile.TarInfo(name)\n"
	"    i.type, i.linkname, i.mode = kind, link, 0o755\n"
	"    i.size = len(data) if size is None else size\n"
	"    if kind != tarfile.REGTYPE: i.size, data = 0, b''\n"
	"    t.addfile(i, io.BytesIO(data))\n"
	"def tar(fill, fmt=tarfile.USTAR_FORMAT, **kw):\n"
	"    b = io.BytesIO()\n"
	"    t = tarfile.open(fileobj=b, mode='w', format=fmt, **kw)\n"
	"    fill(t)\n"
	"    t.close()\n"
	"    return b.getvalue()\n"
	"def names(*l, **kw): return lambda: gzip.compress(tar(lambda t: [entry(t, n) for n in l], **kw))\n"
	"def one(*a, **kw): return lambda: gzip.compress(tar(lambda t: (entry(t, R + 'a.json'), entry(t, *a, **kw), "
		"entry(t, R + 'z.json'))))\n"
	"def header(change):\n"
	"    def make():\n"
	"        b = bytearray(tar(lambda t: (entry(t, R + 'a.json'), entry(t, R + 'b.json'))))\n"
	"        change(b)\n"
	"        b[1024 + 148:1024 + 156] = b' ' * 8\n"
	"        b[1024 + 148:1024 + 156] = b'%06o\\0 ' % sum(b[1024:1536])\n"
	"        return gzip.compress(bytes(b))\n"
	"    return make\n"
	"def put(at, what):\n"
	"    def change(b): b[1024 + at:1024 + at + len(what)] = what\n"
	"    return change\n"
	"def members():\n"
	"    t = tar(lambda t: [entry(t, R + '%d.json' % i) for i in range(3)])\n"
	"    return b''.join(gzip.compress(t[i:i + 700]) for i in range(0, len(t), 700))\n"
	"def bomb(): return gzip.compress(tar(lambda t: [entry(t, 'junk/%d' % i, bytes(15 << 20)) for i in range(8)]))\n"
	"def checksum():\n"
	"    b = bytearray(tar(lambda t: (entry(t, R + 'a.json'), entry(t, R + 'b.json'))))\n"
	"    b[1024 + 5] ^= 1\n"
	"    return gzip.compress(bytes(b))\n"
	"whole = tar(lambda t: (entry(t, R + 'a.json'), entry(t, R + 'b.json')))\n"
	"PAX, GNU = tarfile.PAX_FORMAT, tarfile.GNU_FORMAT\n"
	"cases = {\n"
	" 'plain': names(R + 'a.json', R + 'b.json'),\n"
	" 'dot': names('./' + R + 'a.json', './metadata/version'),\n"
	" 'gnu': names(R + 'x' * 250 + '.json', fmt=GNU),\n"
	" 'pax': names(R + 'x' * 250 + '.json', fmt=PAX),\n"
	" 'pax-utf8': names(R + 'k\\u00e4se.json', R + 'a\\u0308.json', fmt=PAX),\n"
	" 'ustar-utf8': names(R + 'k\\u00e4se.json', encoding='utf-8'),\n"
	" 'directories': one('resources/pods', kind=tarfile.DIRTYPE),\n"
	" 'symlink': one(R + 'l.json', kind=tarfile.SYMTYPE, link='/etc/passwd'),\n"
	" 'hardlink': one(R + 'l.json', kind=tarfile.LNKTYPE, link=R + 'a.json'),\n"
	" 'device': one(R + 'd.json', kind=tarfile.CHRTYPE),\n"
	" 'fifo': one(R + 'f.json', kind=tarfile.FIFOTYPE),\n"
	" 'duplicate': one(R + 'a.json', b'{\"a\":1}'),\n"
	" 'empty': one(R + 'e.json', b''),\n"
	" 'members': members,\n"
	" 'no-end': lambda: gzip.compress(whole[:2048]),\n"
	" 'padding': lambda: gzip.compress(whole) + bytes(512),\n"
	" 'dotdot': one('resources/pods/../../x.json'),\n"
	" 'dotdot-first': one('../x'),\n"
	" 'dotdot-last': one('resources/..', kind=tarfile.DIRTYPE),\n"
	" 'dotdot-link': one('resources/../../l', kind=tarfile.SYMTYPE, link='x'),\n"
	" 'absolute': one('/etc/cron.d/x'),\n"
	" 'not-utf8': header(put(30, b'\\xff')),\n"
	" 'not-utf8-pax': names(R + 'a\\udcff' + 'x' * 120 + '.json', fmt=PAX, errors='surrogateescape'),\n"
	" 'long-name': names(R + 'x' * 5000 + '.json', fmt=GNU),\n"
	" 'size-limit': header(put(124, b'00100000001\\0')),\n"
	" 'size-huge': header(put(124, b'77777777777\\0')),\n"
	" 'size-base256': header(put(124, b'\\x80' + b'\\x7f' * 11)),\n"
	" 'size-negative': header(put(124, b'\\xff' * 12)),\n"
	" 'size-text': header(put(124, b'banana\\0')),\n"
	" 'checksum': checksum,\n"
	" 'bomb': bomb,\n"
	" 'no-tar': lambda: gzip.compress(b'hello, this is no tar archive\\n' * 100),\n"
	" 'no-gzip': lambda: b'hello, this is no gzip file\\n' * 100,\n"
	" 'no-bytes': lambda: b'',\n"
	" 'empty-gzip': lambda: gzip.compress(b''),\n"
	" 'bare-tar': lambda: whole,\n"
	" 'garbage-after': lambda: gzip.compress(whole) + b'garbage',\n"
	" 'bad-crc': lambda: gzip.compress(whole)[:-8] + b'\\1\\2\\3\\4' + gzip.compress(whole)[-4:],\n"
	" 'cut-gzip': lambda: gzip.compress(whole)[:-9],\n"
	"}\n"
	"for name, make in cases.items():\n"
	"    with open(sys.argv[1] + '/' + name, 'wb') as f: f.write(make())\n";

static int
make_cases(void **state)
{
	if (make_dir(state) < 0)
		return -1;
	free(run((const char *const[]){ "python3", "-c", cases_py, dir, NULL }));
	return 0;
}

static void
get_case(const char *name, struct buf *out)
{
	AUTO_FREE char *path = file_join(dir, name);
	struct err e = { 0 };

	buf_cut(out, 0);
	assert_int_equal(file_read(path, out, &e), 0);
}

#define R "resources/pods/namespaces/shop/"

static void
foreign_tarballs_are_read(void **state)
{
	static const struct { const char *name, *found; } rows[] = {
		{ "plain", R "a.json 2\n" R "b.json 2\n" },
		{ "dot", "./" R "a.json 2\n" },
		{ "gnu", R X50 X50 X50 X50 X50 ".json 2\n" },
		{ "pax", R X50 X50 X50 X50 X50 ".json 2\n" },
		{ "pax-utf8", R "k\xc3\xa4se.json 2\n" R "a\xcc\x88.json 2\n" },
		{ "ustar-utf8", R "k\xc3\xa4se.json 2\n" },
		{ "directories", R "a.json 2\n" R "z.json 2\n" },
		{ "symlink", R "a.json 2\n" R "z.json 2\n" },
		{ "hardlink", R "a.json 2\n" R "z.json 2\n" },
		{ "device", R "a.json 2\n" R "z.json 2\n" },
		{ "fifo", R "a.json 2\n" R "z.json 2\n" },
		{ "duplicate", R "a.json 2\n" R "a.json 7\n" R "z.json 2\n" },
		{ "empty", R "a.json 2\n" R "e.json 0\n" R "z.json 2\n" },
		{ "members", R "0.json 2\n" R "1.json 2\n" R "2.json 2\n" },
		{ "no-end", R "a.json 2\n" R "b.json 2\n" },
		{ "padding", R "a.json 2\n" R "b.json 2\n" },
	};
	static const char *const locales[] = { "C", "C.UTF-8" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf gz = BUF_INIT(64 * MIB), got = BUF_INIT(MIB);
		struct err e = { 0 };

		get_case(rows[i].name, &gz);
		for (size_t k = 0; k < COUNT(locales); k++) {
			if (!setlocale(LC_ALL, locales[k]))
				continue;
			buf_cut(&got, 0);
			if (read_all(buf_str(&gz), false, k, &got, &e) < 0)
				fail_msg("%s: %s", rows[i].name, e.msg);
			assert_string_equal(buf_cstr(&got), rows[i].found);
		}
	}
	(void)setlocale(LC_ALL, "C");
}

static void
hostile_tarballs_are_refused(void **state)
{
	static const struct { const char *name, *why; } rows[] = {
		{ "dotdot", "outside" },
		{ "dotdot-first", "outside" },
		{ "dotdot-last", "outside" },
		{ "dotdot-link", "outside" },
		{ "absolute", "absolute" },
		{ "not-utf8", "UTF-8" },
		{ "not-utf8-pax", "UTF-8" },
		{ "long-name", "name of" },
		{ "size-limit", R "b.json' claims 16777217 bytes" },
		{ "size-huge", R "b.json' claims" },
		{ "size-base256", R },
		{ "size-negative", R },
		{ "checksum", R "a.json" },
		{ "bomb", "1000 times" },
		{ "no-tar", "at its start" },
		{ "no-gzip", "at its start" },
		{ "no-bytes", "at its start" },
		{ "empty-gzip", "at its start" },
		{ "bare-tar", "at its start" },
		{ "garbage-after", "garbage" },
		{ "bad-crc", "tarball" },
		{ "cut-gzip", "tarball" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf gz = BUF_INIT(64 * MIB), got = BUF_INIT(MIB);
		struct err e = { 0 };

		get_case(rows[i].name, &gz);
		if (read_all(buf_str(&gz), true, 0, &got, &e) == 0)
			fail_msg("%s is read: %s", rows[i].name, buf_cstr(&got));
		if (e.kind != EK_CORRUPT || !strstr(e.msg, rows[i].why))
			fail_msg("%s: %s: %s", rows[i].name, err_info(e.kind)->text, e.msg);
	}
}

/* Cut at a block inside an entry: refused.  At an entry's end: what came before, and the
 * missing mark at the end of the archive is told. */
static void
truncated_tar_is_refused_or_read_up_to_the_cut(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(MIB), tar = BUF_INIT(MIB);
	struct err e = { 0 };

	(void)state;
	get_case("plain", &gz);
	assert_int_equal(gzip_unpack(buf_str(&gz), &tar, &e), 0);
	for (size_t len = 512; len < 4 * 1024; len += 512) {
		AUTO_BUF struct buf cut = BUF_INIT(MIB), got = BUF_INIT(MIB);

		assert_int_equal(gzip_pack(str_sub(buf_str(&tar), 0, len), &cut, &e), 0);
		e = (struct err){ 0 };
		if (len == 512 || len == 1536) {
			assert_int_equal(read_all(buf_str(&cut), true, 0, &got, &e), -1);
			assert_int_equal(e.kind, EK_CORRUPT);
			assert_non_null(strstr(e.msg, len == 512 ? "a.json" : "b.json"));
		} else {
			assert_int_equal(read_all(buf_str(&cut), true, 0, &got, &e), len < 3 * 1024 ? 1 : 0);
			assert_string_equal(buf_cstr(&got), len < 2048 ? R "a.json 2\n" : R "a.json 2\n" R "b.json 2\n");
		}
	}
}

static void
truncated_gzip_is_always_refused(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(MIB);

	(void)state;
	get_case("plain", &gz);
	for (size_t len = 0; len < gz.len; len++) {
		AUTO_BUF struct buf got = BUF_INIT(MIB);
		struct err e = { 0 };

		assert_int_equal(read_all(str_sub(buf_str(&gz), 0, len), true, len % 3, &got, &e), -1);
		assert_int_equal(e.kind, EK_CORRUPT);
	}
}

static int
stop(void *ctx, struct str path, struct str json, struct err *e)
{
	(void)path;
	(void)json;
	++*(int *)ctx;
	return err_set(e, EK_CONFLICT, "enough");
}

static void
reading_ends_when_the_caller_says_so(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(MIB), got = BUF_INIT(MIB);
	struct feed f, dead;
	int calls = 0;
	const struct tar_reader_fns stopping = { .on_object = stop, .ctx = &calls };
	const struct tar_reader_fns listing = { .on_object = list_object, .ctx = &got };
	struct cancel c = { 0 };
	struct err e = { 0 };

	(void)state;
	get_case("plain", &gz);
	f = (struct feed){ .text = buf_str(&gz) };
	assert_int_equal(tar_read(pull, &f, &stopping, NULL, &e), -1);
	assert_int_equal(e.kind, EK_CONFLICT);
	assert_string_equal(e.msg, "enough");
	assert_int_equal(calls, 1);

	dead = (struct feed){ .text = str_sub(buf_str(&gz), 0, 50), .fail_at_end = EK_UNAVAILABLE };
	assert_int_equal(tar_read(pull, &dead, &listing, NULL, &e), -1);
	assert_int_equal(e.kind, EK_UNAVAILABLE);
	assert_string_equal(e.msg, "the line is dead");

	cancel_fire(&c);
	f = (struct feed){ .text = buf_str(&gz) };
	assert_int_equal(tar_read(pull, &f, &listing, &c, &e), -1);
	assert_int_equal(e.kind, EK_CANCELED);
}

/* Lines that pack badly, more of them than are kept in memory.  Heap: the unpacked index. */
static char *
long_index(void)
{
	AUTO_BUF struct buf gz = BUF_INIT(SIZE_MAX), index_gz = BUF_INIT(LIMIT_INDEX), text = BUF_INIT(LIMIT_INDEX);
	const struct tar_writer_fns fns = { .sink = to_buf, .ctx = &gz };
	struct err e = { 0 };
	struct tar_totals t;
	struct str json = S("{}");
	AUTO(tar_writer_freep) struct tar_writer *w = tar_writer_new(&fns, 0, &e);
	struct tar_stream *s = tar_stream_open(w, S("configmaps"), S("v1"), S("ConfigMap"), true);

	for (unsigned i = 0; i < 12000; i++) {
		uint8_t digest[SHA256_LEN];
		char name[SHA256_HEX];

		sha256(&i, sizeof i, digest);
		hex_encode(name, digest, sizeof digest);
		assert_int_equal(tar_stream_add(s, S("shop"), str_of(name), S(""), &json, 1, digest, &e), 0);
	}
	assert_int_equal(tar_stream_close(s, &e), 0);
	assert_int_equal(tar_writer_finish(w, &t, &e), 0);
	assert_int_equal(tar_writer_index(w, &index_gz, &e), 0);
	assert_true(index_gz.len > 384 * KIB);
	assert_int_equal(gzip_unpack(buf_str(&index_gz), &text, &e), 0);
	return buf_take(&text, NULL);
}

static void
long_index_is_whole_with_and_without_a_place_for_temporary_files(void **state)
{
	AUTO_FREE char *with = NULL, *without = NULL;
	AUTO(index_freep) struct index *ix = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(setenv("TMPDIR", dir, 1), 0);
	with = long_index();
	assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
	without = long_index();
	(void)unsetenv("TMPDIR");
	assert_string_equal(with, without);
	ix = index_parse(str_of(with), S(""), &e);
	assert_non_null(ix);
	assert_int_equal(ix->n_entries, 12000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(python_reads_all_that_was_written),
		cmocka_unit_test(gnu_tar_and_gzip_read_it_without_a_word),
		cmocka_unit_test(our_reader_finds_all_objects),
		cmocka_unit_test(index_leads_to_every_object),
		cmocka_unit_test(members_are_about_a_mebibyte_and_cover_the_file),
		cmocka_unit_test(every_flipped_byte_is_found),
		cmocka_unit_test(member_must_be_what_its_row_says),
		cmocka_unit_test(names_that_would_not_come_back_are_refused),
		cmocka_unit_test(largest_object_is_stored_and_a_larger_one_is_not),
		cmocka_unit_test(failure_of_the_sink_reaches_the_driver),
		cmocka_unit_test(writer_may_be_freed_at_any_moment),
		cmocka_unit_test(empty_backup_is_a_tarball_too),
		cmocka_unit_test(foreign_tarballs_are_read),
		cmocka_unit_test(hostile_tarballs_are_refused),
		cmocka_unit_test(truncated_tar_is_refused_or_read_up_to_the_cut),
		cmocka_unit_test(truncated_gzip_is_always_refused),
		cmocka_unit_test(reading_ends_when_the_caller_says_so),
		cmocka_unit_test(long_index_is_whole_with_and_without_a_place_for_temporary_files),
	};

	return cmocka_run_group_tests(tests, make_cases, remove_dir);
}
