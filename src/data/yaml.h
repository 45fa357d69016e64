/* YAML files (libyaml) as a tree with line numbers.  Aliases are refused, depth and size are limited. */
#ifndef ORLOP_DATA_YAML_H
#define ORLOP_DATA_YAML_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

enum ykind { Y_SCALAR, Y_SEQ, Y_MAP };
struct ynode {
	enum ykind     kind;
	bool           quoted;        /* scalar in quotes or block style: always a text */
	unsigned       line, last;    /* 1-based: the first line and the last one with something of it */
	bool           flow;          /* [list] or {map} */
	char          *text;          /* scalar; key of a map member is in key */
	char          *key;
	struct ynode **at;            /* elements or member values */
	size_t         len;
};

/* The first document of the text.  name is used in messages ("name:12: ...").  EK_INVALID: syntax, duplicate keys.
 * An empty text gives an empty map. */
MUST_CHECK struct ynode *yaml_parse(struct str text, const char *name, struct err *e);
void ynode_free(struct ynode *n);          /* not yaml_free: libyaml exports that name for itself */
void yaml_freep(struct ynode **n);
#define AUTO_YAML __attribute__((cleanup(yaml_freep)))

const struct ynode *yaml_get(const struct ynode *map, const char *key);    /* NULL: absent, or map is NULL or no map */
const char *yaml_text(const struct ynode *map, const char *key);           /* scalar text, NULL: absent, null (~) or no scalar */
bool yaml_bool(const struct ynode *map, const char *key, bool absent);     /* true/false (YAML 1.2 core) */
/* Member names outside the NULL-terminated list: EK_INVALID "name:12: unknown key 'foo' (did you mean 'fob'?)". */
MUST_CHECK int yaml_only(const struct ynode *map, const char *name, const char *const *known, struct err *e);

/* A JSON value (that passed json_check) as a YAML document; numbers keep their digits, members their order. */
struct buf;
MUST_CHECK int yaml_from_json(struct str json, struct buf *out, struct err *e);

/* JSON of the tree (plain scalars typed by YAML 1.2's core schema).  For handing user YAML to Kubernetes. */
MUST_CHECK int yaml_to_json(const struct ynode *n, struct buf *out, struct err *e);

#endif
