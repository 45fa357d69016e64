/* Tests of engine/chain: whatever changes in a sealed velero-backup.json is found. */
#include "engine/chain.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
fill(struct vbackup *b)
{
	b->name = xstrdup("b1");
	b->namespace_ = xstrdup("velero");
	b->phase = xstrdup("Completed");
	b->start_unix_ns = b->created_unix_ns = INT64_C(1780000000) * NS_PER_S;
	strs_add(&b->inc_namespaces, "shop");
	kvs_set(&b->labels, VB_LABEL_STORAGE, "default");
	kvs_set(&b->annotations, VB_ANNOT_VERSION, "0.1.0");
	chain_add(b, LAYOUT_INDEX, S("index"));
	chain_add(b, LAYOUT_LOGS, S("logs"));
}

static void
seal(struct vbackup *b, struct buf *out)
{
	struct err e = { 0 };

	if (chain_seal(b, out, &e) < 0)
		fail_msg("%s", e.msg);
}

static void
a_sealed_document_is_sound_and_still_metadata(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { 0 }, back = { 0 };
	AUTO_BUF struct buf doc = BUF_INIT(LIMIT_METADATA);
	struct err e = { 0 };

	(void)state;
	fill(&b);
	buf_puts(&doc, "in front");
	seal(&b, &doc);
	assert_memory_equal(doc.p, "in front{", 9);
	assert_int_equal(chain_check_seal(str_sub(buf_str(&doc), 8, doc.len), &e), 1);
	assert_int_equal(vbackup_read(str_sub(buf_str(&doc), 8, doc.len), &back, &e), 0);
	assert_string_equal(back.name, "b1");
	assert_int_equal(chain_check(&back, LAYOUT_INDEX, S("index"), &e), 1);
}

static void
any_flipped_byte_of_a_sealed_document_is_found(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { 0 };
	AUTO_BUF struct buf doc = BUF_INIT(LIMIT_METADATA);

	(void)state;
	fill(&b);
	seal(&b, &doc);
	for (size_t i = 0; i < doc.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct err e = { 0 };

			doc.p[i] = (char)(doc.p[i] ^ (1 << bit));
			if (chain_check_seal(buf_str(&doc), &e) >= 0)
				fail_msg("bit %u of byte %zu can change", bit, i);
			assert_int_equal(e.kind, EK_CORRUPT);
			doc.p[i] = (char)(doc.p[i] ^ (1 << bit));
		}
	}
}

static void
a_shortened_document_is_found(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { 0 };
	AUTO_BUF struct buf doc = BUF_INIT(LIMIT_METADATA);
	AUTO_BUF struct buf twice = BUF_INIT(LIMIT_METADATA);
	struct str text;
	size_t annotations;
	struct err e = { 0 };

	(void)state;
	fill(&b);
	seal(&b, &doc);
	text = buf_str(&doc);
	/* In front of the first annotation of ours nothing tells it from a foreign document. */
	annotations = (size_t)(strstr(doc.p, "\"orlop.dev/index-sha256\"") - doc.p) + 24;
	for (size_t n = annotations; n < doc.len; n++)
		if (chain_check_seal(str_sub(text, 0, n), &e) >= 0)
			fail_msg("%zu of %zu bytes are accepted", n, doc.len);
	buf_put_str(&twice, text);
	buf_put_str(&twice, text);
	assert_int_equal(chain_check_seal(buf_str(&twice), &e), -1);
}

static void
documents_of_others_have_no_seal(void **state)
{
	static const char *const docs[] = {
		"", "{}", "{\"kind\":\"Backup\",\"metadata\":{\"name\":\"b\",\"annotations\":{\"velero.io/x\":\"y\"}}}",
		"{\"metadata\":{\"labels\":{\"orlop.dev/team\":\"shop\"}}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(docs); i++) {
		struct err e = { 0 };

		assert_int_equal(chain_check_seal(str_of(docs[i]), &e), 0);
	}
}

/* Labels and selectors are the user's: they may look like anything of ours. */
static void
a_label_that_looks_like_the_seal_does_no_harm(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { 0 }, back = { 0 };
	AUTO_BUF struct buf doc = BUF_INIT(LIMIT_METADATA);
	struct err e = { 0 };

	(void)state;
	fill(&b);
	kvs_set(&b.labels, "orlop.dev/metadata-sha256", "0000");
	b.selector_json = xstrdup("{\"matchLabels\": {\"orlop.dev/metadata-sha256\": \"1\"}}");
	seal(&b, &doc);
	assert_int_equal(chain_check_seal(buf_str(&doc), &e), 1);
	assert_int_equal(vbackup_read(buf_str(&doc), &back, &e), 0);
	assert_string_equal(kvs_get(&back.labels, "orlop.dev/metadata-sha256"), "0000");
}

static void
files_are_checked_against_their_annotation(void **state)
{
	AUTO(vbackup_done) struct vbackup b = { 0 };
	struct err e = { 0 };

	(void)state;
	fill(&b);
	assert_int_equal(chain_check(&b, LAYOUT_LOGS, S("logs"), &e), 1);
	assert_int_equal(chain_check(&b, LAYOUT_LOGS, S("logS"), &e), -1);
	assert_int_equal(e.kind, EK_CORRUPT);
	assert_int_equal(chain_check(&b, LAYOUT_RESULTS, S("anything"), &e), 0);
	assert_int_equal(chain_check(&b, LAYOUT_TARBALL, S("anything"), &e), 0);
	chain_add(&b, LAYOUT_LOGS, S("other"));
	assert_int_equal(chain_check(&b, LAYOUT_LOGS, S("other"), &e), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_document_is_sound_and_still_metadata),
		cmocka_unit_test(any_flipped_byte_of_a_sealed_document_is_found),
		cmocka_unit_test(a_shortened_document_is_found),
		cmocka_unit_test(documents_of_others_have_no_seal),
		cmocka_unit_test(a_label_that_looks_like_the_seal_does_no_harm),
		cmocka_unit_test(files_are_checked_against_their_annotation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
