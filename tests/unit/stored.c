/* Small stored backups for tests. */
#include "tests/unit/stored.h"

#include "archive/layout.h"
#include "archive/tarball.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "data/gzip.h"
#include "data/jscan.h"
#include "engine/chain.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_NS (INT64_C(1780000000) * NS_PER_S)

const struct stored_object stored_objects[] = {
	{ "namespaces", "Namespace", NULL, "shop",
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\",\"labels\":{\"team\":\"a\"}}}" },
	{ "secrets", "Secret", "shop", "key", "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"key\","
		"\"namespace\":\"shop\"},\"data\":{\"k\":\"c2VjcmV0\"}}" },
	{ "configmaps", "ConfigMap", "other", "settings", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
		"{\"name\":\"settings\",\"namespace\":\"other\",\"uid\":\"2\"},\"data\":{\"big\":\"9223372036854775807\"}}" },
	{ "configmaps", "ConfigMap", "shop", "settings", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
		"{\"name\":\"settings\",\"namespace\":\"shop\",\"uid\":\"3\"},\"data\":{\"u\":\"\\u00e9\"}}" },
	{ "deployments.apps", "Deployment", "shop", "api", "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
		"\"metadata\":{\"name\":\"api\",\"namespace\":\"shop\"},\"spec\":{\"replicas\":2}}" },
	{ "deployments.apps", "Deployment", "shop", "web", "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
		"\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\",\"labels\":{\"app\":\"web\"}},\"spec\":{\"replicas\":3}}" },
};
const size_t stored_objects_n = COUNT(stored_objects);

static void
must(int rc, const char *what, const struct err *e)
{
	if (rc < 0)
		fail_msg("%s: %s", what, e->msg);
}

static void
run(const char *const *argv)
{
	static const char *const utf8[] = { "PYTHONUTF8=1", NULL };
	AUTO_BUF struct buf out = BUF_INIT(MIB);
	AUTO_BUF struct buf errs = BUF_INIT(MIB);
	struct err e = { 0 };
	int status = -1;

	must(proc_run(&(struct proc){ .argv = argv, .env_add = utf8, .timeout_ns = 60 * NS_PER_S }, &out, &errs, &status,
		NULL, &e), argv[0], &e);
	if (status != 0)
		fail_msg("%s: status %d: %s", argv[0], status, buf_cstr(&errs));
}

void
stored_open(struct stored *s)
{
	char path[] = "/tmp/orlop-test-XXXXXX";
	AUTO_FREE char *cache = NULL;
	struct err e = { 0 };

	assert_non_null(mkdtemp(path));
	s->dir = xstrdup(path);
	cache = file_join(path, "cache");        /* the user's own stays out of it */
	assert_int_equal(setenv("XDG_CACHE_HOME", cache, 1), 0);
	s->url = xasprintf("dir:%s", path);
	s->st = store_open(s->url, &e);
	must(s->st ? 0 : -1, s->url, &e);
}

void
stored_close(struct stored *s)
{
	const char *const argv[] = { "rm", "-rf", s->dir, NULL };

	store_close(s->st);
	run(argv);
	free(s->dir);
	free(s->url);
	*s = (struct stored){ 0 };
}

char *
stored_path(const struct stored *s, const char *key)
{
	return file_join(s->dir, key);
}

void
stored_put(struct stored *s, const char *key, struct str data)
{
	struct err e = { 0 };

	must(store_put(s->st, key, data, NULL, &e), key, &e);
}

void
stored_flip(const struct stored *s, const char *key, size_t at, int mask)
{
	AUTO_FREE char *path = stored_path(s, key);
	AUTO(file_close) int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
	c = (char)(c ^ mask);
	assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
}

static int
add_key(void *ctx, const char *key, const struct store_info *info, struct err *e)
{
	(void)info;
	(void)e;
	strs_add(ctx, key);
	return 0;
}

void
stored_keys(struct stored *s, const char *prefix, struct strs *out)
{
	struct err e = { 0 };

	must(store_list(s->st, prefix, false, add_key, out, NULL, &e), prefix, &e);
}

/* --- ours --- */

static int
to_buf(void *ctx, const void *p, size_t n, struct err *e)
{
	return buf_add(ctx, p, n, e);
}

static void
put(struct stored *s, const char *name, enum layout_file f, struct str data)
{
	AUTO_FREE char *key = layout_key(name, f);

	stored_put(s, key, data);
}

static void
write_tarball(struct stored *s, struct vbackup *b)
{
	AUTO_BUF struct buf gz = BUF_INIT(MIB);
	AUTO_BUF struct buf index = BUF_INIT(MIB);
	struct tar_writer_fns fns = { to_buf, &gz };
	struct tar_stream *stream = NULL;
	struct tar_totals totals;
	struct err e = { 0 };
	AUTO(tar_writer_freep) struct tar_writer *w = tar_writer_new(&fns, NOW_NS, &e);

	must(w ? 0 : -1, "tar writer", &e);
	for (size_t i = 0; i < stored_objects_n; i++) {
		const struct stored_object *o = &stored_objects[i];
		struct str body = str_of(o->json), meta, labels = { 0 };

		if (i == 0 || strcmp(o->gr, o[-1].gr) != 0) {
			if (stream)
				must(tar_stream_close(TAKE(stream), &e), "close", &e);
			stream = tar_stream_open(w, str_of(o->gr), S("v1"), str_of(o->kind), true);
		}
		if (jget(body, "metadata", &meta))
			(void)jget(meta, "labels", &labels);
		must(tar_stream_add(stream, str_of(o->ns), str_of(o->name), labels, &body, 1, NULL, &e), o->name, &e);
	}
	must(tar_stream_close(stream, &e), "close", &e);
	must(tar_writer_finish(w, &totals, &e), "finish", &e);
	must(tar_writer_index(w, &index, &e), "index", &e);
	put(s, b->name, LAYOUT_TARBALL, buf_str(&gz));
	put(s, b->name, LAYOUT_INDEX, buf_str(&index));
	chain_add(b, LAYOUT_INDEX, buf_str(&index));
	buf_cut(&index, 0);
	must(tar_writer_hashes(w, &index, &e), "hashes", &e);
	put(s, b->name, LAYOUT_HASHES, buf_str(&index));
	chain_add(b, LAYOUT_HASHES, buf_str(&index));
	b->total_items = b->items_backed_up = (int64_t)totals.objects;
}

static void
write_side_files(struct stored *s, struct vbackup *b)
{
	static const struct { enum layout_file file; const char *json; } sides[] = {
		{ LAYOUT_LOGS, "time=\"2026-05-28T20:26:40Z\" level=info msg=\"Backup completed\"\n" },
		{ LAYOUT_VOLUMESNAPSHOTS, "[]\n" }, { LAYOUT_PODVOLUMEBACKUPS, "[]\n" }, { LAYOUT_ITEMOPERATIONS, "[]\n" },
		{ LAYOUT_RESOURCE_LIST, "{\"v1/Namespace\":[\"shop\"]}\n" }, { LAYOUT_RESULTS, "{}\n" },
		{ LAYOUT_VOLUMEINFO, "[]\n" },
	};

	for (size_t i = 0; i < COUNT(sides); i++) {
		AUTO_BUF struct buf gz = BUF_INIT(MIB);
		struct err e = { 0 };

		must(gzip_pack(str_of(sides[i].json), &gz, &e), "pack", &e);
		put(s, b->name, sides[i].file, buf_str(&gz));
		chain_add(b, sides[i].file, buf_str(&gz));
	}
}

static void
describe(struct vbackup *b, const char *name)
{
	b->name = xstrdup(name);
	b->namespace_ = xstrdup("velero");
	b->uid = xstrdup("0c0c9d2e-2f0e-4f3b-a6f6-3a5f4a1f9f10");
	b->created_unix_ns = b->start_unix_ns = b->completion_unix_ns = NOW_NS;
	b->format_version = xstrdup("1.1.0");
	b->phase = xstrdup("Completed");
	b->storage_location = xstrdup("default");
}

void
stored_backup(struct stored *s, const char *name)
{
	AUTO(vbackup_done) struct vbackup b = { 0 };
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	struct err e = { 0 };

	describe(&b, name);
	kvs_set(&b.annotations, VB_ANNOT_VERSION, "0.1.0");
	write_tarball(s, &b);
	write_side_files(s, &b);
	must(chain_seal(&b, &json, &e), "seal", &e);
	put(s, name, LAYOUT_METADATA, buf_str(&json));
}

/* --- others' --- */

void
stored_foreign_metadata(struct stored *s, const char *name)
{
	AUTO(vbackup_done) struct vbackup b = { 0 };
	AUTO_BUF struct buf json = BUF_INIT(LIMIT_METADATA);
	struct err e = { 0 };

	describe(&b, name);
	must(vbackup_write(&b, &json, &e), "metadata", &e);
	put(s, name, LAYOUT_METADATA, buf_str(&json));
}

void
stored_foreign(struct stored *s, const char *name, const char *mode, const char *script)
{
	AUTO_FREE char *key = layout_key(name, LAYOUT_TARBALL);
	AUTO_FREE char *path = stored_path(s, key);
	AUTO_FREE char *text = xasprintf("import io, sys, tarfile\n"
		"tar = tarfile.open(sys.argv[1], sys.argv[2])\n"
		"def add(path, text):\n"
		"    data = text.encode()\n"
		"    info = tarfile.TarInfo(path)\n"
		"    info.size = len(data)\n"
		"    tar.addfile(info, io.BytesIO(data))\n"
		"def obj(kind, ns, name, extra='', version='v1'):\n"
		"    place = ',\"namespace\":\"%%s\"' %% ns if ns else ''\n"
		"    return '{\"apiVersion\":\"%%s\",\"kind\":\"%%s\",\"metadata\":{\"name\":\"%%s\"%%s%%s}}' %% (\n"
		"        version, kind, name, place, extra)\n"
		"%s\n"
		"tar.close()\n", script);
	const char *const argv[] = { "python3", "-c", text, path, mode, NULL };

	stored_foreign_metadata(s, name);
	run(argv);
}

/* --- fixtures --- */

struct stored stored;

int
stored_setup(void **state)
{
	(void)state;
	stored_open(&stored);
	return 0;
}

int
stored_setup_b1(void **state)
{
	(void)stored_setup(state);
	stored_backup(&stored, "b1");
	return 0;
}

int
stored_teardown(void **state)
{
	(void)state;
	stored_close(&stored);
	return 0;
}
