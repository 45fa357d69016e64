/* Inside of kubeconfig: its lists, and values that know their file and line.  For kubeconfig.c and kubeconn.c only. */
#ifndef ORLOP_K8S_KUBEFILE_H
#define ORLOP_K8S_KUBEFILE_H

#include "base/err.h"
#include "base/vec.h"
#include "data/yaml.h"
#include "k8s/kubeconfig.h"

enum kc_list_id { KC_CLUSTERS, KC_USERS, KC_CONTEXTS, KC_LIST_COUNT_ };

struct kc_source {
	char *path, *dir; /* dir: absolute; what relative paths in the file are relative to */
	struct ynode *root;
};

/* A map of a file, with what is needed to speak about it.  All is borrowed from the kubeconfig. */
struct kc_entry {
	const char             *name;
	const struct ynode     *body;    /* NULL: an empty map */
	const struct kc_source *src;
	unsigned                line;
};

struct kubeconfig {
	struct VEC_OF(struct kc_source *) sources;
	struct VEC_OF(struct kc_entry) lists[KC_LIST_COUNT_];
	const char *current;
};

const struct kc_entry *kc_find(const struct kubeconfig *kc, enum kc_list_id which,
	const char *name);

void kc_wipe(char *s);                   /* overwrites a text before it is freed; NULL is fine */

/* EK_INVALID "file:line: text".  Always returns -1. */
int kc_invalid(const struct kc_source *src, unsigned line, struct err *e, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* Where key's value stands, else where the entry does. */
unsigned kc_line(const struct kc_entry *en, const char *key);

/* Values of en's members.  Another type than expected is EK_INVALID; absent and null count as the
 * same: *out is then NULL (kc_text also for ""), kc_bool leaves it alone, kc_list adds nothing. */
MUST_CHECK int kc_text(const struct kc_entry *en, const char *key, const char **out, struct err *e);
MUST_CHECK int kc_bool(const struct kc_entry *en, const char *key, bool *out, struct err *e);
MUST_CHECK int kc_node(const struct kc_entry *en, const char *key, enum ykind kind,
	const struct ynode **out, struct err *e);
MUST_CHECK int kc_list(const struct kc_entry *en, const char *key, struct strs *out, struct err *e);

#endif
