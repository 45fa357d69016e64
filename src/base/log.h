/*
 * Diagnostics: one line = time, level, module, text, with control characters escaped at the sink.
 * ORLOP_LOG=debug or ORLOP_LOG=s3=debug,*=info sets levels; ORLOP_LOG_FILE names the file (default: stderr).
 * Without ORLOP_LOG nothing is written.  Below app nobody logs above DEBUG.  Any thread.
 */
#ifndef ORLOP_BASE_LOG_H
#define ORLOP_BASE_LOG_H

#include "base/attr.h"

enum log_level { LOG_OFF_, LOG_ERROR_, LOG_WARN_, LOG_INFO_, LOG_DEBUG_ };

void log_open(const char *spec, const char *file);   /* both may be NULL; called once by main */
void log_close(void);
int  log_enabled(const char *module, enum log_level l);
void log_write(const char *module, enum log_level l, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define LOG_AT(l, ...) (log_enabled(LOG_MODULE, l) ? log_write(LOG_MODULE, l, __VA_ARGS__) : (void)0)
#define LOG_ERR(...) LOG_AT(LOG_ERROR_, __VA_ARGS__)
#define LOG_WRN(...) LOG_AT(LOG_WARN_, __VA_ARGS__)
#define LOG_INF(...) LOG_AT(LOG_INFO_, __VA_ARGS__)
#define LOG_DBG(...) LOG_AT(LOG_DEBUG_, __VA_ARGS__)

#endif
