/*
 * The index of a tarball: which objects it holds and where, so that one object is one small ranged read, and a chain
 * of checksums: velero-backup.json > index > members > objects.
 *
 * File format (gzip, JSON lines), format 2:
 *   {"orlopIndex":2,"version":"0.1.0","tarball":{"size":N,"sha256":"hex"},"objects":N,"members":[[off,size,taroff,tarsize,"hex"],...]}
 *   {"g":"deployments.apps","v":"v1","k":"Deployment","ns":"shop","n":"web","l":{labels},"m":3,"o":1536,"s":2345}
 * off and size: the gzip member inside the object in the bucket; taroff and tarsize: the same unpacked; sha256 of the
 * member's compressed bytes.  Members are numbered as they were begun, which need not be their order in the file.
 * A line with "alt":true is another API version of an object: its tarball holds resources/GR/VERSION/... for it and no
 * unversioned copy, or (Velero's) a versioned copy that differs from the unversioned one.
 * o: where the object's JSON begins inside the unpacked member, counted from the end of the member's object before it in
 * this file; s: its size.
 * Hashes of the objects do not pack and only verify and diff want them: 16 bytes each, in the order of the lines, they are
 * a file of their own.  In an index that is for ourselves alone a line has its hash as 32 hex digits, "h".
 */
#ifndef ORLOP_ARCHIVE_INDEX_H
#define ORLOP_ARCHIVE_INDEX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define INDEX_HASH_LEN 16

struct index_member {
	uint64_t off, size;          /* compressed, in the tarball object */
	uint64_t tar_off, tar_size;  /* unpacked */
	uint8_t  sha256[SHA256_LEN];
};

/* One object.  Texts are arena slices; gr, version, kind are shared between entries. */
struct index_entry {
	struct str gr, version, kind; /* kind may be empty when the index was built from a foreign tarball lazily */
	struct str ns, name;
	struct str labels;            /* raw JSON object; empty: none */
	uint32_t   member;
	uint64_t   off;               /* inside the unpacked member */
	uint64_t   size;
	uint8_t    hash[INDEX_HASH_LEN];
	bool       alternate;         /* stands in index.alternates */
};

struct strmap;
struct index {
	struct arena         arena;
	struct strmap       *texts;        /* private: what entries share */
	struct index_member *members;
	size_t               n_members, cap_members;
	struct index_entry  *entries;
	size_t               n_entries, cap_entries;
	struct index_entry  *alternates;   /* other API versions (velero-format 2.2, 4.11): only restores look at them */
	size_t               n_alternates, cap_alternates;
	uint64_t             tarball_size;
	uint8_t              tarball_sha256[SHA256_LEN];
};
struct index *index_new(void);
void index_free(struct index *ix);
void index_freep(struct index **ix);
struct index_member *index_add_member(struct index *ix);
/* Copies the texts of src into the arena (gr, version, kind deduplicated); src->alternate says where it goes. */
struct index_entry *index_add(struct index *ix, const struct index_entry *src);

/* Appends one entry as a line of the file.  *end: where the member's object before it ends, then where this one does. */
void index_put_line(struct buf *out, const struct index_entry *en, uint64_t *end, bool with_hash);
/* Appends the header line; objects: how many lines follow. */
void index_put_head(struct buf *out, const struct index *ix, uint64_t objects);

/* Reads a whole unpacked index.  hashes: of the objects in the order of the lines, or empty.  EK_CORRUPT names the line;
 * every offset is checked against its member. */
MUST_CHECK struct index *index_parse(struct str text, struct str hashes, struct err *e);

/* Hash of an object without what the server sets (metadata.uid, resourceVersion, generation, creationTimestamp,
 * selfLink, managedFields, deletionTimestamp, deletionGracePeriodSeconds; status): the remaining bytes, in order. */
void index_content_hash(struct str object, uint8_t out[INDEX_HASH_LEN]);
/* The same of an object that was split already.  head: empty, or "{...," that is put there for its opening bracket. */
struct jsplit;
void index_split_hash(const struct jsplit *object, struct str head, uint8_t out[INDEX_HASH_LEN]);

/* The entry of an object, or NULL.  Linear. */
const struct index_entry *index_find(const struct index *ix, struct str gr, struct str ns, struct str name);

#endif
