/* What every fuzzer has: one entry point, and properties that abort when they do not hold (assert_that). */
#ifndef ORLOP_TESTS_FUZZ_H
#define ORLOP_TESTS_FUZZ_H

#include "base/mem.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Chunk sizes that look random but depend on the input only, so that a found input stays a found input. */
struct fuzz_chunks { uint32_t state; };

static inline struct fuzz_chunks
fuzz_chunks_of(const uint8_t *data, size_t size)
{
	struct fuzz_chunks c = { 2166136261u };

	for (size_t i = 0; i < size; i++)
		c.state = (c.state ^ data[i]) * 16777619u;
	return c;
}

/* Size of the next chunk, 1 to left; mostly small. */
static inline size_t
fuzz_chunk(struct fuzz_chunks *c, size_t left)
{
	size_t n;

	c->state = c->state * 1664525u + 1013904223u;
	n = 1 + (c->state >> 16) % (c->state >> 30 ? 20 : 200);
	return n < left ? n : left;
}

#endif
