/* The few XML documents of S3 and STS (expat): no DTD, no entities beyond the five, bounded depth and text. */
#ifndef ORLOP_DATA_XML_H
#define ORLOP_DATA_XML_H

#include "base/err.h"
#include "base/str.h"

/*
 * Calls on_text at the end of each element that has no child elements, and on_end (may be NULL) at the end of each
 * that has.  path is the local element names from the root, joined by '/': "ListBucketResult/Contents/Key".
 * EK_CORRUPT: not well-formed, has a DTD, deeper than 16, or a text above 64 KiB.  A callback's -1 ends the parse.
 */
struct xml_fns {
	int (*on_text)(void *ctx, const char *path, struct str text, struct err *e);
	int (*on_end)(void *ctx, const char *path, struct err *e);
};
MUST_CHECK int xml_parse(struct str doc, const struct xml_fns *fns, void *ctx, struct err *e);

#endif
