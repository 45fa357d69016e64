/* CRC-32 (as in gzip) and CRC-32C (Castagnoli, as in iSCSI).  Any thread. */
#ifndef ORLOP_DATA_CRC_H
#define ORLOP_DATA_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what crc is the checksum of, followed by n bytes at p; that of nothing is 0. */
uint32_t crc32_add(uint32_t crc, const void *p, size_t n);
uint32_t crc32c_add(uint32_t crc, const void *p, size_t n);

#endif
