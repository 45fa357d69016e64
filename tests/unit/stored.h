/* Small stored backups in a dir: store, for the tests of what reads them.  Failures end the test. */
#ifndef ORLOP_TESTS_STORED_H
#define ORLOP_TESTS_STORED_H

#include "base/buf.h"
#include "base/vec.h"
#include "store/store.h"

struct stored {
	char         *dir;               /* of the store */
	char         *url;
	struct store *st;
};
/* The store of a test program, with cmocka's fixtures: an empty one; one with the backup b1 (below); its end. */
extern struct stored stored;
int stored_setup(void **state);
int stored_setup_b1(void **state);
int stored_teardown(void **state);

void stored_open(struct stored *s);
void stored_close(struct stored *s);     /* removes the folder */

/* One object of a backup; ns NULL: cluster-scoped. */
struct stored_object { const char *gr, *kind, *ns, *name, *json; };

/*
 * A finished backup as ours are, sealed, with an index and one gzip member per resource type: namespace shop, two
 * deployments, a secret, config maps, one of them in another namespace.
 */
void stored_backup(struct stored *s, const char *name);
extern const struct stored_object stored_objects[];
extern const size_t stored_objects_n;

/* velero-backup.json as of another tool: no annotations of ours. */
void stored_foreign_metadata(struct stored *s, const char *name);
/*
 * The same with a tarball that Python's tarfile writes: script is Python code with add(path, text) and the open
 * archive as tar.  mode: tarfile's, "w:gz" or "w".
 */
void stored_foreign(struct stored *s, const char *name, const char *mode, const char *script);

char *stored_path(const struct stored *s, const char *key);                      /* heap */
void  stored_put(struct stored *s, const char *key, struct str data);
void  stored_flip(const struct stored *s, const char *key, size_t at, int mask);  /* one byte, in place */
void  stored_keys(struct stored *s, const char *prefix, struct strs *out);

#endif
