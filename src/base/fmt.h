/* Values as people and as Velero read them.  Each writes into the caller's array, returns it, and never overruns. */
#ifndef ORLOP_BASE_FMT_H
#define ORLOP_BASE_FMT_H

#include <stdint.h>

#define FMT_MAX 32

char *fmt_size(char out[FMT_MAX], uint64_t bytes);           /* "512 B", "1.4 MiB" */
char *fmt_count(char out[FMT_MAX], uint64_t n);              /* "12 345" */
char *fmt_duration(char out[FMT_MAX], int64_t ns);           /* for people: "850ms", "4.2s", "3m07s", "2h05m", "12d" */
char *fmt_go_duration(char out[FMT_MAX], int64_t ns);        /* Go's String() for whole seconds: "720h0m0s", "10m0s", "0s" */

#endif
