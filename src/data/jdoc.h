/*
 * Small JSON documents from outside (Status, discovery, velero-backup.json, credential plugin output) as a cJSON
 * tree with getters that forgive: a member of another type counts as absent.  Never for Kubernetes objects.
 */
#ifndef ORLOP_DATA_JDOC_H
#define ORLOP_DATA_JDOC_H

#include "base/err.h"
#include "base/str.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Once per process, before any thread: cJSON gets our allocator, so that "no memory" is never taken for "no JSON". */
void jdoc_global_init(void);

/* EK_CORRUPT with the offset.  Only the first value of the text is read.  Free with cJSON_Delete. */
MUST_CHECK cJSON *jdoc_parse(struct str text, struct err *e);
void jdoc_freep(cJSON **d);
void jdoc_wipep(cJSON **d);          /* the same for a document with secrets: its texts are overwritten */
#define AUTO_JDOC __attribute__((cleanup(jdoc_freep)))

const cJSON *jdoc_get(const cJSON *d, const char *path);          /* "metadata.labels"; a dot inside a key is "\\." */
const cJSON *jdoc_get_nocase(const cJSON *d, const char *key);    /* one member, as Go decodes: any case */
const char  *jdoc_text(const cJSON *d, const char *path);         /* NULL: absent or not a string */
int64_t      jdoc_int(const cJSON *d, const char *path, int64_t absent);   /* exact up to 2^53 */
bool         jdoc_bool(const cJSON *d, const char *path, bool absent);
#define jdoc_each(item, arr) cJSON_ArrayForEach(item, arr)        /* children of an array or object; arr may be NULL */

#endif
