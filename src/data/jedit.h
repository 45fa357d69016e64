/*
 * Editing JSON without touching what is not edited.  A document is a tree that is cut open only along the paths that
 * are asked for; everything else is copied as the bytes it came in, in the order it came in.  All memory is the
 * arena's and lives as long as it; the source bytes must live as long, too.  Owned by one thread.
 */
#ifndef ORLOP_DATA_JEDIT_H
#define ORLOP_DATA_JEDIT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "data/jscan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jnode;

/* doc must have passed json_check (or come from a jlist). */
struct jnode *jnode_open(struct arena *a, struct str doc);
struct jnode *jnode_new_obj(struct arena *a);

enum jtype jnode_type(const struct jnode *n);                    /* J_NONE for NULL */

/* Members and elements.  All accept n == NULL or n of another type: the result is then NULL, 0 or false. */
struct jnode *jnode_get(struct jnode *n, const char *key);       /* member, or NULL */
struct jnode *jnode_walk(struct jnode *n, ...) __attribute__((sentinel));  /* jnode_walk(n, "metadata", "labels", NULL) */
struct jnode *jnode_first(struct jnode *n);                      /* first member/element */
struct jnode *jnode_next(struct jnode *n);                       /* the one after n in its parent */
struct str    jnode_key(const struct jnode *n);                  /* unescaped key of a member */
size_t        jnode_count(struct jnode *n);

/* Values. */
struct str jnode_text(struct jnode *n);                          /* unescaped string; empty slice for anything else */
bool       jnode_is_text(struct jnode *n, const char *text);
bool       jnode_int(struct jnode *n, int64_t *out);
bool       jnode_bool(struct jnode *n, bool *out);
bool       jnode_true(struct jnode *n);                          /* present and true */
struct str jnode_raw(struct jnode *n);                           /* its JSON as it now is (arena) */

/* Changes.  Setting an existing member keeps its place; a new one goes to the end. */
bool jnode_del(struct jnode *n, const char *key);                /* true if it was there */
void jnode_remove(struct jnode *child);                          /* takes a member/element out of its parent */
struct jnode *jnode_set_raw(struct jnode *n, const char *key, struct str json);   /* json: valid, lives with the arena */
struct jnode *jnode_set_text(struct jnode *n, const char *key, struct str text);  /* copies and escapes */
struct jnode *jnode_set_int(struct jnode *n, const char *key, int64_t v);
struct jnode *jnode_set_bool(struct jnode *n, const char *key, bool v);
struct jnode *jnode_need_obj(struct jnode *n, const char *key);  /* the member; made an empty object if absent or null */
struct jnode *jnode_append_raw(struct jnode *arr, struct str json);
struct jnode *jnode_insert_raw(struct jnode *before, struct str json);            /* a new element before this one */
void jnode_replace_text(struct jnode *child, struct str text);   /* value of a member/element in place */
void jnode_replace_raw(struct jnode *n, struct str json);        /* the same, also of the document itself */

/* Appends the document.  EK_LIMIT from out only. */
MUST_CHECK int jnode_write(struct jnode *n, struct buf *out, struct err *e);

#endif
