/* Fuzzer: any text as an index.  What is accepted lies inside its members and survives being written and read again. */
#include "archive/index.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void
put(struct buf *out, const struct index *ix)
{
	uint64_t *ends = calloc(ix->n_members + 1, sizeof *ends);

	assert_that(ends != NULL);
	index_put_head(out, ix, ix->n_entries);
	for (size_t i = 0; i < ix->n_entries; i++)
		index_put_line(out, &ix->entries[i], &ends[ix->entries[i].member], true);
	free(ends);
}

static void
check(const struct index *ix)
{
	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *en = &ix->entries[i];

		assert_that(en->member < ix->n_members && en->gr.len > 0 && en->name.len > 0);
		assert_that(en->off <= ix->members[en->member].tar_size);
		assert_that(en->size <= ix->members[en->member].tar_size - en->off);
	}
	for (size_t i = 0; i < ix->n_members; i++) {
		assert_that(ix->members[i].off <= ix->tarball_size);
		assert_that(ix->members[i].size <= ix->tarball_size - ix->members[i].off);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	AUTO(index_freep) struct index *ix = NULL, *again = NULL;
	AUTO_BUF struct buf first = BUF_INIT(SIZE_MAX), second = BUF_INIT(SIZE_MAX);
	uint8_t hash[INDEX_HASH_LEN];
	struct err e = { 0 };

	index_content_hash(text, hash);
	ix = index_parse(text, S(""), &e);
	if (!ix) {
		assert_that(e.kind == EK_CORRUPT);
		return 0;
	}
	check(ix);
	put(&first, ix);
	again = index_parse(buf_str(&first), S(""), &e);
	assert_that(again);
	put(&second, again);
	assert_that(str_eq(buf_str(&first), buf_str(&second)));
	return 0;
}
