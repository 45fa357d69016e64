/* Objects of a backup as a tree: namespaces, their types and the objects, or types first; with counts and sizes. */
#ifndef ORLOP_CLI_TREE_H
#define ORLOP_CLI_TREE_H

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>

struct tree;
struct tree *tree_new(bool by_namespace);
void tree_free(struct tree *t);
/* A row of 'backup ls'. */
void tree_add(struct tree *t, struct str row);
/* -1: stdout cannot be written (errno). */
MUST_CHECK int tree_print(struct tree *t);

#endif
