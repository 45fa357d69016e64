/* Tests of archive/index. */
#include "archive/index.h"

#include "base/limits.h"
#include "base/mem.h"
#include "data/jscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX32 "000102030405060708090a0b0c0d0e0f"
#define HEAD(objects) "{\"orlopIndex\":2,\"version\":\"0.1.0\",\"tarball\":{\"size\":300,\"sha256\":\"" HEX64 "\"}," \
	"\"objects\":" objects ",\"members\":[[0,100,0,1024,\"" HEX64 "\"],[100,200,1024,4096,\"" HEX64 "\"]]}\n"
#define LINE(n, m, o, s) "{\"g\":\"pods\",\"v\":\"v1\",\"k\":\"Pod\",\"ns\":\"shop\",\"n\":\"" n "\",\"m\":" m \
	",\"o\":" o ",\"s\":" s ",\"h\":\"" HEX32 "\"}\n"

static void
put_index(struct buf *out, const struct index *ix)
{
	uint64_t ends[2] = { 0 };

	index_put_head(out, ix, ix->n_entries);
	for (size_t i = 0; i < ix->n_entries; i++)
		index_put_line(out, &ix->entries[i], &ends[ix->entries[i].member], true);
}

static struct index *
sample(void)
{
	struct index *ix = index_new();
	struct index_entry en = {
		.gr = S("deployments.apps"), .version = S("v1"), .kind = S("Deployment"), .ns = S("shop"),
		.name = S("web"), .labels = S("{\"app\":\"web\"}"), .member = 1, .off = 512, .size = 3584,
		.hash = { 0xde, 0xad },
	};

	ix->tarball_size = 300;
	ix->tarball_sha256[31] = 7;
	*index_add_member(ix) = (struct index_member){ .off = 100, .size = 200, .tar_off = 1024, .tar_size = 2048 };
	*index_add_member(ix) = (struct index_member){ .off = 0, .size = 100, .tar_off = 0, .tar_size = 4096,
		.sha256 = { 1, 2, 3 } };
	(void)index_add(ix, &en);
	en.name = S("caf\xc3\xa9 \"<&>\"");
	en.labels = S("");
	en.ns = S("");
	en.kind = S("");
	en.size = 0;
	(void)index_add(ix, &en);
	return ix;
}

static void
index_survives_the_way_to_text_and_back(void **state)
{
	AUTO(index_freep) struct index *ix = sample();
	AUTO(index_freep) struct index *back = NULL;
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_INDEX), again = BUF_INIT(LIMIT_INDEX);
	struct err e = { 0 };

	(void)state;
	put_index(&text, ix);
	back = index_parse(buf_str(&text), S(""), &e);
	assert_non_null(back);
	assert_int_equal(back->n_members, 2);
	assert_memory_equal(back->members, ix->members, 2 * sizeof *ix->members);
	assert_int_equal(back->tarball_size, 300);
	assert_memory_equal(back->tarball_sha256, ix->tarball_sha256, SHA256_LEN);
	assert_int_equal(back->n_entries, 2);
	assert_true(str_eqz(back->entries[0].gr, "deployments.apps"));
	assert_true(str_eqz(back->entries[0].labels, "{\"app\":\"web\"}"));
	assert_true(str_eqz(back->entries[1].name, "caf\xc3\xa9 \"<&>\""));
	assert_int_equal(back->entries[1].labels.len, 0);
	assert_int_equal(back->entries[1].ns.len, 0);
	assert_int_equal(back->entries[0].off, 512);
	assert_int_equal(back->entries[0].size, 3584);
	assert_int_equal(back->entries[0].hash[1], 0xad);
	put_index(&again, back);
	assert_string_equal(buf_cstr(&again), buf_cstr(&text));
}

static void
lines_have_the_documented_form(void **state)
{
	AUTO(index_freep) struct index *ix = sample();
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_INDEX);
	uint64_t end = 500;

	(void)state;
	index_put_line(&text, &ix->entries[0], &end, true);
	index_put_line(&text, &ix->entries[0], &end, false);
#define OBJECT "{\"g\":\"deployments.apps\",\"v\":\"v1\",\"k\":\"Deployment\",\"ns\":\"shop\",\"n\":\"web\"," \
	"\"l\":{\"app\":\"web\"},\"m\":1,"
	assert_string_equal(buf_cstr(&text), OBJECT "\"o\":12,\"s\":3584,\"h\":\"dead0000000000000000000000000000\"}\n"
		OBJECT "\"o\":-3584,\"s\":3584}\n");
	assert_int_equal(end, 512 + 3584);
}

static void
texts_that_repeat_are_kept_once(void **state)
{
	AUTO(index_freep) struct index *ix = index_new();
	struct index_entry en = { .gr = S("pods"), .version = S("v1"), .kind = S("Pod"), .name = S("a") };
	struct index_entry other = { .gr = S("nodes"), .version = S("v1"), .kind = S("Node"), .name = S("b") };

	(void)state;
	(void)index_add(ix, &en);
	(void)index_add(ix, &other);
	(void)index_add(ix, &en);
	assert_ptr_equal(ix->entries[0].gr.p, ix->entries[2].gr.p);
	assert_ptr_equal(ix->entries[0].kind.p, ix->entries[2].kind.p);
	assert_ptr_equal(ix->entries[0].version.p, ix->entries[1].version.p);
	assert_ptr_not_equal(ix->entries[0].gr.p, en.gr.p);
}

static void
labels_that_span_lines_stay_on_one(void **state)
{
	struct index_entry en = { .gr = S("pods"), .name = S("a"), .labels = S("{\n  \"a\":\r\n \"b\"\n}") };
	AUTO_BUF struct buf text = BUF_INIT(LIMIT_INDEX);
	uint64_t end = 0;

	(void)state;
	index_put_line(&text, &en, &end, true);
	assert_int_equal(str_chr(buf_str(&text), '\n'), text.len - 1);
}

static void
damaged_indexes_are_refused_with_their_line(void **state)
{
	static const struct { const char *text, *why; } rows[] = {
		{ "", "empty" },
		{ "\n", "line 1" },
		{ "x\n", "line 1" },
		{ "[]\n", "not an index" },
		{ "{}\n", "not an index" },
		{ "{\"orlopIndex\":\"1\"}\n", "not an index" },
		{ "{\"orlopIndex\":1}\n", "format 1" },
		{ "{\"orlopIndex\":2}\n", "size" },
		{ "{\"orlopIndex\":2,\"tarball\":{\"size\":-1,\"sha256\":\"" HEX64 "\"},\"objects\":0,\"members\":[]}\n", "size" },
		{ "{\"orlopIndex\":2,\"tarball\":{\"size\":1,\"sha256\":\"" HEX32 "\"},\"objects\":0,\"members\":[]}\n",
		  "digest" },
		{ "{\"orlopIndex\":2,\"tarball\":{\"size\":1,\"sha256\":\"" HEX64 "\"},\"members\":[]}\n", "number of objects" },
		{ "{\"orlopIndex\":2,\"tarball\":{\"size\":1,\"sha256\":\"" HEX64 "\"},\"objects\":0,\"members\":{}}\n",
		  "table of members" },
		{ "{\"orlopIndex\":2,\"tarball\":{\"size\":1,\"sha256\":\"" HEX64 "\"},\"objects\":0,\"members\":[[0,1,0,1]]}\n",
		  "member 0" },
		{ "{\"orlopIndex\":2,\"tarball\":{\"size\":1,\"sha256\":\"" HEX64 "\"},\"objects\":0,\"members\":[[0,1,0,1,\""
		  HEX64 "\",0]]}\n", "member 0" },
		{ "{\"orlopIndex\":2,\"tarball\":{\"size\":1,\"sha256\":\"" HEX64 "\"},\"objects\":0,\"members\":[[0,2,0,1,\""
		  HEX64 "\"]]}\n", "outside the tarball" },
		{ "{\"orlopIndex\":2,\"tarball\":{\"size\":1,\"sha256\":\"" HEX64 "\"},\"objects\":0,"
		  "\"members\":[[9223372036854775807,1,0,1,\"" HEX64 "\"]]}\n", "outside the tarball" },
		{ HEAD("1"), "has 0 objects" },
		{ HEAD("1") LINE("a", "0", "0", "0") LINE("b", "0", "0", "0"), "more objects than the first line says, which are 1" },
		{ HEAD("1") "{\"g\":\"pods\"", "inside a line" },
		{ HEAD("1") "{\"g\":\"pods\"}\n", "'n' is missing" },
		{ HEAD("2") LINE("a", "0", "0", "0") "{]\n", "line 3" },
		{ HEAD("1") "7\n", "not a JSON object" },
		{ HEAD("1") LINE("a", "2", "0", "0"), "no member 2" },
		{ HEAD("1") LINE("a", "-1", "0", "0"), "not a number" },
		{ HEAD("1") LINE("a", "1.5", "0", "0"), "not a number" },
		{ HEAD("1") LINE("a", "0", "1025", "0"), "outside member 0" },
		{ HEAD("1") LINE("a", "0", "1000", "25"), "outside member 0" },
		{ HEAD("2") LINE("a", "0", "1000", "24") LINE("b", "0", "1", "0"), "line 3: the object lies outside member 0" },
		{ HEAD("2") LINE("a", "0", "100", "24") LINE("b", "0", "-125", "0"), "line 3: the object lies outside member 0" },
		{ HEAD("1") LINE("a", "0", "-9223372036854775807", "1"), "outside member 0" },
		{ HEAD("1") LINE("a", "1", "1", "9223372036854775807"), "outside member 1" },
		{ HEAD("1") LINE("", "0", "0", "0"), "without resource or name" },
		{ HEAD("1") "{\"g\":7,\"n\":\"a\",\"m\":0,\"o\":0,\"s\":0,\"h\":\"" HEX32 "\"}\n", "not a string" },
		{ HEAD("1") "{\"g\":\"p\",\"n\":\"a\",\"m\":0,\"o\":0,\"s\":0,\"h\":\"00\"}\n", "hex digits" },
		{ HEAD("1") "{\"g\":\"p\",\"n\":\"a\",\"l\":[],\"m\":0,\"o\":0,\"s\":0,\"h\":\"" HEX32 "\"}\n", "labels" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		assert_null(index_parse(str_of(rows[i].text), S(""), &e));
		assert_int_equal(e.kind, EK_CORRUPT);
		if (!strstr(e.msg, rows[i].why))
			fail_msg("row %zu: '%s' does not say '%s'", i, e.msg, rows[i].why);
	}
}

static void
hashes_are_a_file_of_their_own(void **state)
{
	static const char two[] = HEAD("2") "{\"g\":\"p\",\"n\":\"a\",\"m\":0,\"o\":0,\"s\":1}\n"
		"{\"g\":\"p\",\"n\":\"b\",\"m\":0,\"o\":9,\"s\":1}\n";
	static const char hashes[] = "0123456789abcdefFEDCBA9876543210";
	AUTO(index_freep) struct index *ix = NULL;
	struct err e = { 0 };

	(void)state;
	ix = index_parse(str_of(two), str_of(hashes), &e);
	assert_non_null(ix);
	assert_memory_equal(ix->entries[0].hash, hashes, INDEX_HASH_LEN);
	assert_memory_equal(ix->entries[1].hash, hashes + INDEX_HASH_LEN, INDEX_HASH_LEN);
	assert_int_equal(ix->entries[1].off, 10);
	assert_null(index_parse(str_of(two), S("0123456789abcdef"), &e));
	assert_int_equal(e.kind, EK_CORRUPT);
}

static void
later_formats_may_add_fields(void **state)
{
	AUTO(index_freep) struct index *ix = NULL;
	struct err e = { 0 };

	(void)state;
	ix = index_parse(S(HEAD("1")
		"{\"new\":[1],\"g\":\"p\\u006fds\",\"n\":\"a\",\"m\":1,\"o\":1,\"s\":4095,\"h\":\"" HEX32 "\"}\n"), S(""), &e);
	assert_non_null(ix);
	assert_true(str_eqz(ix->entries[0].gr, "pods"));
	assert_int_equal(ix->entries[0].kind.len, 0);
}

static void
objects_are_found_by_resource_namespace_and_name(void **state)
{
	AUTO(index_freep) struct index *ix = sample();

	(void)state;
	assert_ptr_equal(index_find(ix, S("deployments.apps"), S("shop"), S("web")), &ix->entries[0]);
	assert_null(index_find(ix, S("deployments.apps"), S("shop2"), S("web")));
	assert_null(index_find(ix, S("deployments"), S("shop"), S("web")));
	assert_null(index_find(ix, S("deployments.apps"), S("shop"), S("we")));
}

/* Both have the same content, or not. */
static const struct { const char *a, *b; bool same; } content_rows[] = {
	{ "{\"kind\":\"A\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"a\":1}}",
	  "{\"kind\":\"A\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"a\":1}}", true },
	{ "{\"kind\":\"A\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"a\":1}}",
	  "{\"kind\":\"A\",\"metadata\":{\"name\":\"x\",\"uid\":\"1\",\"resourceVersion\":\"2\"},\"spec\":{\"a\":1},"
	  "\"status\":{\"ok\":true}}", true },
	{ "{\"metadata\":{\"uid\":\"1\",\"name\":\"x\",\"managedFields\":[{\"a\":{}}],\"labels\":{}},\"a\":1}",
	  "{\"metadata\":{\"generation\":7,\"name\":\"x\",\"creationTimestamp\":null,\"labels\":{},\"selfLink\":\"\","
	  "\"deletionTimestamp\":\"t\",\"deletionGracePeriodSeconds\":30},\"a\":1}", true },
	{ "{\"status\":1,\"a\":1}", "{\"a\":1,\"status\":2}", true },
	{ "{\"a\":1,\"status\":1,\"b\":2}", "{\"a\":1,\"b\":2}", true },
	{ "{\"metadata\":{\"uid\":\"1\"}}", "{\"metadata\":{}}", true },
	{ "{\"metadata\":{\"name\":\"x\"}}", "{\"metadata\":{\"name\":\"y\"}}", false },
	{ "{\"a\":1}", "{\"a\":2}", false },
	{ "{\"a\":{\"status\":1}}", "{\"a\":{\"status\":2}}", false },
	{ "{\"a\":{\"uid\":1}}", "{\"a\":{\"uid\":2}}", false },
	{ "{\"metadata\":{\"labels\":{\"uid\":\"1\"}}}", "{\"metadata\":{\"labels\":{\"uid\":\"2\"}}}", false },
	{ "{\"uid\":1}", "{\"uid\":2}", false },
	{ "{\"metadata\":{\"a\":1},\"b\":2}", "{\"metadata\":{\"a\":1,\"b\":2}}", false },
	{ "{\"a\":9007199254740993}", "{\"a\":9007199254740992}", false },
	{ "{}", "[]", false },
};

static void
content_hash_leaves_out_what_the_server_sets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(content_rows); i++) {
		uint8_t a[INDEX_HASH_LEN], b[INDEX_HASH_LEN];

		index_content_hash(str_of(content_rows[i].a), a);
		index_content_hash(str_of(content_rows[i].b), b);
		if ((memcmp(a, b, sizeof a) == 0) != content_rows[i].same)
			fail_msg("row %zu", i);
	}
}

static void
content_hash_is_the_digest_of_what_remains(void **state)
{
	uint8_t whole[SHA256_LEN], hash[INDEX_HASH_LEN];
	static const char kept[] = "\"a\":1,\"metadata\":{\"name\":\"x\"},\"b\":2";

	(void)state;
	sha256(kept, sizeof kept - 1, whole);
	index_content_hash(S("{\"a\":1,\"metadata\":{\"uid\":\"u\",\"name\":\"x\",\"generation\":3},\"status\":{},\"b\":2}"),
		hash);
	assert_memory_equal(hash, whole, sizeof hash);
}

static void
content_hash_of_a_split_item_is_that_of_the_object_made_of_it(void **state)
{
	static const char head[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",";
	static const char *const items[] = {
		"{\"metadata\":{\"name\":\"x\",\"uid\":\"u\",\"labels\":{}},\"spec\":{\"a\":[1,2]},\"status\":{\"b\":1}}",
		"{ \"metadata\" : { \"uid\":\"u\", \"name\":\"x\" } , \"spec\":{} }",
		"{\"status\":{},\"metadata\":{\"name\":\"x\"},\"data\":{}}",
		"{\"spec\":{},\"metadata\":{}}",
		"{\"metadata\":null,\"metadata\":{\"uid\":1,\"name\":\"x\"},\"metadata\":{\"uid\":2}}",
		"{\"status\":1}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(items); i++) {
		AUTO_JSPLIT struct jsplit split = { 0 };
		AUTO_FREE char *object = xasprintf("%s%s", head, items[i] + 1);
		uint8_t of_object[INDEX_HASH_LEN], of_item[INDEX_HASH_LEN];

		index_content_hash(str_of(object), of_object);
		assert_true(jsplit(&split, str_of(items[i])));
		index_split_hash(&split, str_of(head), of_item);
		if (memcmp(of_object, of_item, sizeof of_item) != 0)
			fail_msg("%s", items[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(index_survives_the_way_to_text_and_back),
		cmocka_unit_test(lines_have_the_documented_form),
		cmocka_unit_test(texts_that_repeat_are_kept_once),
		cmocka_unit_test(labels_that_span_lines_stay_on_one),
		cmocka_unit_test(damaged_indexes_are_refused_with_their_line),
		cmocka_unit_test(hashes_are_a_file_of_their_own),
		cmocka_unit_test(later_formats_may_add_fields),
		cmocka_unit_test(objects_are_found_by_resource_namespace_and_name),
		cmocka_unit_test(content_hash_leaves_out_what_the_server_sets),
		cmocka_unit_test(content_hash_is_the_digest_of_what_remains),
		cmocka_unit_test(content_hash_of_a_split_item_is_that_of_the_object_made_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
