/* CRC-32 and CRC-32C: ISA-L's, else zlib's and a table. */
#include "config.h"

#include "data/crc.h"

#ifdef HAVE_ISAL

#include <isa-l/crc.h>

#define PIECE ((size_t)1 << 30)          /* crc32_iscsi counts in int */

uint32_t
crc32_add(uint32_t crc, const void *p, size_t n)
{
	return crc32_gzip_refl(crc, p, n);
}

uint32_t
crc32c_add(uint32_t crc, const void *p, size_t n)
{
	const unsigned char *at = p;

	crc = ~crc;
	while (n > 0) {
		size_t take = n < PIECE ? n : PIECE;

		crc = crc32_iscsi((unsigned char *)(uintptr_t)at, (int)take, crc);      /* reads only */
		at += take;
		n -= take;
	}
	return ~crc;
}

#else

#include <zlib.h>

uint32_t
crc32_add(uint32_t crc, const void *p, size_t n)
{
	return (uint32_t)crc32_z(crc, p, n);
}

/* Castagnoli's polynomial reflected (RFC 3720, 12.1), half a byte a step. */
uint32_t
crc32c_add(uint32_t crc, const void *p, size_t n)
{
	static const uint32_t table[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const unsigned char *at = p;

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc = (crc >> 4) ^ table[(crc ^ at[i]) & 15];
		crc = (crc >> 4) ^ table[(crc ^ (at[i] >> 4)) & 15];
	}
	return ~crc;
}

#endif
