/*
 * Read before every file (-include): our configuration, and functions that must not be used.  A use is a
 * compile error that names the replacement.
 */
#ifndef ORLOP_BASE_BANNED_H
#define ORLOP_BASE_BANNED_H

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(fn, use) banned_##fn##_use_##use
#define atoi(s) BANNED(atoi, parse_u64)
#define atol(s) BANNED(atol, parse_i64)
#define strtol(s, e, b) BANNED(strtol, parse_i64)
#define strtoul(s, e, b) BANNED(strtoul, parse_u64)
#define strtoll(s, e, b) BANNED(strtoll, parse_i64)
#define strtoull(s, e, b) BANNED(strtoull, parse_u64)
#define sscanf(...) BANNED(sscanf, parse_h)
#define strtok(s, d) BANNED(strtok, str_split)
#undef strcpy
#define strcpy(d, s) BANNED(strcpy, buf_puts)
#undef strcat
#define strcat(d, s) BANNED(strcat, buf_puts)
#undef strncpy
#define strncpy(d, s, n) BANNED(strncpy, memcpy)
#undef sprintf
#define sprintf(...) BANNED(sprintf, snprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, vsnprintf)
#define localtime(t) BANNED(localtime, clock_local)
#define gmtime(t) BANNED(gmtime, clock_rfc3339)
#define system(c) BANNED(system, proc_run)
#define popen(c, m) BANNED(popen, proc_run)

#endif
