/* What the files of validation share: the check under way, its steps, and the table of remedies.  For them only. */
#ifndef ORLOP_STORE_VALIDATE_IMPL_H
#define ORLOP_STORE_VALIDATE_IMPL_H

#include "base/hash.h"
#include "store/store_impl.h"

#define PROBE_FOLDER "plugins/orlop/"    /* a folder that Velero tolerates (velero-format 1.1) */

/* Words that stand in for parts of remedies; what a kind of store does not know is "". */
enum fact {
	FACT_PLACE,                      /* "https://minio:9000", "/srv/backups" */
	FACT_HOST,
	FACT_BUCKET, FACT_BUCKET_ARN, FACT_OBJECT_ARN, FACT_UPLOADS_ARN,
	FACT_ACTION, FACT_RESOURCE,      /* of the permission that is missing */
	FACT_REGION,                     /* the one that the bucket is in */
	FACT_SOURCE,                     /* of the credentials */
	FACT_KEY,                        /* of KMS */
	FACT_ISSUER, FACT_FLAWED, FACT_NAMES, FACT_FROM, FACT_UNTIL,
	FACT_SKEW,
	FACT_PROBE,                      /* the probe's key */
	FACT_COUNT_
};
struct facts { char *at[FACT_COUNT_]; };
/* Replaces a fact; formatted. */
void facts_set(struct facts *f, enum fact which, const char *fmt, ...) PRINTF_LIKE(3, 4);
void facts_done(struct facts *f);

/* Appends what helps against why, which ended the step. */
void remedy_of(const char *step, const struct err *why, const struct facts *f, struct buf *out);

/* For the steps that need this one: they take place all the same, or not. */
enum check_skip { SKIP_NOTHING, SKIP_ALONE, SKIP_WITH_REST };

/* One validation. */
struct check {
	struct store        *st;
	const struct cancel *c;
	char                 key[sizeof PROBE_FOLDER + UUID_MAX];    /* of the probe */
	char                 text[UUID_MAX];                         /* its content */
	struct facts         facts;
	bool                 may_exist;  /* the probe may be there */
	struct buf           detail;     /* a step appends what it found */
	struct err           warning;    /* a step that succeeds with a but sets it */
	enum check_skip      skip;       /* set by a step that finds nothing to do; detail says why */
	int64_t              took_ns;    /* set by a step that took place before; -1 */
	void                *own;        /* of the kind of store */
};

struct check_step {
	const char *name;
	int       (*run)(struct check *k, struct err *e);
	unsigned    needs;               /* bits of earlier steps, by index */
	bool        writes;              /* not in a location that is read only */
	const char *action;              /* IAM: the permission that a refusal is about; NULL: none */
	enum fact   resource;            /* and on what */
	bool        volumes;             /* only where snapshots of volumes are wanted */
};

/* A kind of store's steps. */
struct checks {
	const struct check_step *steps;
	size_t                   n;
	void (*begin)(struct check *k);
	/* Takes away what steps have left, whatever happened; frees own. */
	void (*end)(struct check *k, const struct cancel *c);
};
extern const struct checks dir_checks, s3_checks;

/* Steps of every kind. */
int check_list(struct check *k, struct err *e);
int check_read(struct check *k, struct err *e);
int check_range(struct check *k, struct err *e);
/* validate_ebs.c */
int check_volumes(struct check *k, struct err *e);

/* A warning with a word for the table of remedies. */
void check_warn(struct check *k, const char *reason, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
