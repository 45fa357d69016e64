/*
 * JSON as bytes.  Values are slices of the document ("raw": strings keep their quotes and escapes); nothing is
 * copied, numbers are never converted.  Any thread; no state but the caller's.
 */
#ifndef ORLOP_DATA_JSCAN_H
#define ORLOP_DATA_JSCAN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 8259, whole text, valid UTF-8, nesting <= LIMIT_JSON_DEPTH, no duplicate check.  EK_CORRUPT names the offset. */
MUST_CHECK int json_check(struct str doc, struct err *e);

/*
 * Iteration over the members of an object or the elements of an array.  The document must have passed json_check
 * or come out of a jlist (below); on anything else iteration ends early but never reads outside the slice.
 */
struct jiter { const char *p, *end; bool obj; };
bool jiter_obj(struct jiter *it, struct str obj);                     /* false: not an object */
bool jiter_arr(struct jiter *it, struct str arr);                     /* false: not an array */
/* Next member.  key (objects; raw, without its quotes) may be NULL for arrays; val is raw, without blanks around it. */
bool jiter_next(struct jiter *it, struct str *key, struct str *val);

/*
 * An object split into its members and those of its first member "metadata" in one pass: for who looks at several of
 * them in many objects.  Slices of obj; malformed text ends a list early, as above.  A struct of zeros is empty, its
 * memory is used again by the next jsplit.
 */
struct jmember { struct str key, val; };
struct jmembers { struct jmember *at; size_t len, cap; };
struct jsplit { struct str obj; struct jmembers top, meta; };
bool jsplit(struct jsplit *s, struct str obj);                        /* false: not an object; s is empty */
void jsplit_done(struct jsplit *s);
#define AUTO_JSPLIT __attribute__((cleanup(jsplit_done)))
/* The first with this key, which is compared as it stands. */
bool jmembers_get(const struct jmembers *m, struct str key, struct str *val);

/* Value of the first member with this key (compared after unescaping only if it has a backslash).  False: absent or
 * not an object; *val untouched. */
bool jget(struct str obj, const char *key, struct str *val);
/* Dotted walk: jpath(obj, &v, "metadata", "name", NULL). */
bool jpath(struct str obj, struct str *val, ...) __attribute__((sentinel));

enum jtype { J_NONE, J_NULL, J_BOOL, J_NUM, J_STR, J_ARR, J_OBJ };
enum jtype jtype(struct str raw);                                     /* by first byte; J_NONE for an empty slice */

/* String values.  jstr_plain: the text between the quotes when it has no escape (the usual case), else false. */
bool jstr_plain(struct str raw, struct str *text);
bool jstr_eq(struct str raw, struct str text);                        /* raw is a string that unescapes to text */
/* Appends the unescaped text (lone surrogates become U+FFFD).  EK_INVALID: raw is not a string. */
MUST_CHECK int jstr_decode(struct str raw, struct buf *out, struct err *e);
char *jstr_dup(struct str raw);                                       /* heap; NULL: not a string, or holds NUL */

bool jint(struct str raw, int64_t *out);                              /* false: not an integer in int64 range */
bool jbool(struct str raw, bool *out);

/*
 * Same meaning: objects as sets of members, arrays in order, strings after unescaping, integers by value and other
 * numbers by value of the double.  null members and absent members count as the same, as do null, {} and [] with an
 * absent member (velero-format 4.6: semantic equality, nil == empty).
 */
bool jequal(struct str a, struct str b);
/* The same without that: absent, null, {} and [] are four different things (the "test" of RFC 6902). */
bool jsame(struct str a, struct str b);

/*
 * RFC 7386 merge patch that turns a into b: members missing in b become null, arrays and scalars are replaced.
 * Appends to out; writes "{}" when jequal(a, b).  EK_LIMIT from out only.
 */
MUST_CHECK int jmerge_diff(struct str a, struct str b, struct buf *out, struct err *e);

/*
 * A Kubernetes List response cut into items while it arrives.  Feed any chunks; each complete element of "items"
 * is handed over as one slice (valid during the call), checked for balanced structure, string syntax and depth.
 * Memory: the current item only.
 */
struct jlist;
struct jlist_head {
	char api_version[128], kind[128];     /* "v1", "PodList"; empty until seen */
	char continue_[4096];                 /* metadata.continue, unescaped; final after jlist_end */
	char resource_version[64];
	int64_t remaining;                    /* metadata.remainingItemCount, -1 when absent */
};
/* on_item returns 0, or -1 with e set to stop: the feed then returns -1 with that error. */
typedef int jlist_fn(void *ctx, const struct jlist_head *head, struct str item, struct err *e);
struct jlist *jlist_new(size_t max_item, jlist_fn *on_item, void *ctx);
void jlist_free(struct jlist *l);
void jlist_freep(struct jlist **l);
/* EK_CORRUPT: not such a document.  EK_LIMIT: an item exceeds max_item. */
MUST_CHECK int jlist_feed(struct jlist *l, const void *p, size_t n, struct err *e);
/* All bytes were fed: EK_CORRUPT when the document is not complete. */
MUST_CHECK int jlist_end(struct jlist *l, struct err *e);
const struct jlist_head *jlist_head(const struct jlist *l);           /* borrowed until jlist_free */

#endif
