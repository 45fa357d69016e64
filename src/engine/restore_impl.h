/*
 * What the parts of a restore share: restore.c (course), restore_plan.c (selection, order), restore_related.c (what
 * selected objects need), restore_version.c (API versions), restore_ns.c and restore_crd.c (what is there before the
 * rest), restore_item.c (one object), restore_steps.c (its requests), restore_recreate.c (those of an object that has to be
 * deleted first), restore_endpoints.c (what goes with it), restore_again.c (what is refused and tried again),
 * restore_ask.c (many small requests), restore_why.c (next steps), restore_record.c.
 */
#ifndef ORLOP_ENGINE_RESTORE_IMPL_H
#define ORLOP_ENGINE_RESTORE_IMPL_H

#include "archive/index.h"
#include "archive/layout.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/strmap.h"
#include "engine/change.h"
#include "engine/convert.h"
#include "engine/kind_rules.h"
#include "engine/maps.h"
#include "engine/needs.h"
#include "engine/outcome.h"
#include "engine/pace.h"
#include "engine/pick.h"
#include "engine/plan_file.h"
#include "engine/reader.h"
#include "engine/restore.h"
#include "engine/restore_hooks.h"
#include "engine/select.h"
#include "k8s/discovery.h"

struct item;
struct versions;

/* An object that a restored one needs and the backup lacks.  Texts are the restore's. */
struct lacking { const char *gr, *ns, *name; };

/* A target namespace, and the namespace in the backup that it is made from; NULL: a bare one. */
struct want { const char *target; const struct index_entry *en; };
struct wants VEC_OF(struct want);

/* A restored object that had owners.  Texts are the restore's; uid and refs are JSON. */
struct relink {
	const struct index_entry *planned;
	const char *path, *api_version, *kind, *ns, *uid;
	struct str  refs;
};

/* An object that the backup does not have.  Heap; uid is JSON. */
struct prunable { char *gr, *kind, *api_version, *ns, *name, *uid, *path; };

struct planned VEC_OF(const struct index_entry *);

/* What made the API server refuse objects, and may be gone later; they are not told of yet. */
struct obstacle {
	const char    *name;                 /* a webhook's, or the reason */
	bool           patient;              /* only time helps */
	struct err     why;                  /* the last answer */
	struct planned refused;
};

/* What is waited for is asked for less and less often: POLL_NS up to POLL_MAX_NS, at most READY_NS. */
struct wait { int64_t end_ns, pause_ns; };

struct restore {
	struct k8s                *k;
	struct store              *st;
	const struct restore_opts *o;
	struct report             *r;
	const struct cancel       *c;
	struct vbackup             backup;
	struct reader             *reader;
	const struct index        *ix;
	struct discovery          *d;
	unsigned                   d_age;            /* how often d was replaced */
	struct selection          *sel;
	struct picks              *picks;            /* single objects; NULL: none were named */
	struct strmap             *added;            /* "gr/ns/name" -> why it is planned though it was not chosen */
	struct vvolumes            volumes;
	struct arena               arena;            /* lives as long as the restore */
	struct name_map            ns_rules;         /* --namespace-mappings */
	struct strmap             *ns_map;           /* source namespace -> char *target, as found by them */
	struct strmap             *bad_ns;           /* target namespaces that could not be had */
	struct strmap             *anew;             /* volumes that are not restored: claims get new ones */
	struct wants               late;             /* target namespaces that are still going away */
	struct change             *change;           /* edits that the user asked for */
	struct restore_hooks      *hooks;
	struct selection          *status_sel;       /* types whose status is restored; NULL: by annotation only */
	struct versions           *versions;         /* stored copies in other API versions */
	struct strmap             *stored;           /* "gr/ns/name" of the objects that others may need */
	struct strmap             *lacking_seen;     /* the same of those in lacking */
	struct { struct lacking *at; size_t len, cap; } lacking;
	struct strmap             *looked_up;        /* answers of restore_exists: path -> yes or no */
	struct vreslist           *list;
	struct strmap             *known;            /* outcome_key of what an earlier run did; empty */
	bool                       claimed;
	struct outcomes           *outcomes;         /* NULL: nobody wants to know (a plan) */
	struct restore_counts      n;
	uint64_t                   done;             /* of n.selected */
	int64_t                    start_unix_ns, start_mono_ns;
	unsigned                   silent;           /* requests in a row that got no answer */
	struct err                 last_failure;     /* of an object */
	struct item               *live;             /* objects whose requests are under way (restore_item.c) */
	size_t                     live_bytes;       /* of what they send */
	struct VEC_OF(struct item *) parked;         /* of them: deleted, and not gone yet (restore_recreate.c) */
	struct wait                parked_wait;
	int64_t                    going_by_mono_ns; /* how long what others delete is waited for; 0: there was none */
	struct VEC_OF(struct obstacle *) obstacles;  /* restore_again.c */
	struct strmap             *obstacles_by_name;
	struct VEC_OF(struct relink) relinks;        /* restore_relink.c */
	struct VEC_OF(struct prunable) prunable;     /* restore_prune.c */
	size_t                     paused;           /* controllers that this run has created so (restore_pause.c) */
	bool                       runs_something;   /* what was created starts programs */
	bool                       may_wait;         /* what is refused for want of something is tried again */
	struct pace                pace;             /* how many requests there may be */
	char backup_label[LAYOUT_LABEL_MAX], restore_label[LAYOUT_LABEL_MAX];

	/* What is restored, in order: by type, then as it stands in the tarball. */
	struct { const struct index_entry **at; size_t len, cap; } plan;
	size_t late_from;            /* objects of rs->late stand behind all others */
	struct strs first, last;     /* --restore-resource-priorities */
};

enum step { STEP_CREATE, STEP_LOOK, STEP_UPDATE, STEP_MERGE, STEP_LABEL, STEP_STATUS, STEP_STATUS_AGAIN, STEP_OWNERS,
	STEP_APPLY, STEP_DELETE, STEP_GONE, STEP_CREATE_ANEW, STEP_PUT_BACK };

/* One object while it is restored. */
struct item {
	struct item                *before, *after;      /* in rs->live */
	struct restore             *rs;
	const struct index_entry   *planned;
	const struct index_entry   *en;          /* the copy that is sent */
	const struct kind_rule     *rule;
	const struct api_resource  *res;
	const struct conversion    *cv;          /* from en's version to res; NULL: none is needed */
	struct str                  gr;          /* the type it is restored as: en's, or where that moved to */
	const char                 *target_ns;   /* NULL: cluster-scoped */
	char                       *create_path, *path, *status_path, *apply_path;
	enum step                   step;
	int64_t                     sent_mono_ns;        /* the step's request */
	size_t                      bytes;               /* counted in rs->live_bytes */
	unsigned                    status_tries, creates;
	bool                        repeated;    /* CREATE was sent more than once */
	bool                        left_alone;  /* it differs, and stays so: UPDATE was refused, or nothing is to be merged */
	bool                        hooked;      /* it got an init container */
	bool                        counted;     /* its outcome stands: what fails later does not change it */
	const char                 *outcome;     /* the word for it */
	char                       *text;        /* the last finding about it; heap */
	const char                 *hint;        /* static */
	bool                        error;       /* text is one */
	char                        uid[64], version[32];        /* of the last answer */
	struct buf                  body;        /* what is to be created */
	struct buf                  paused;      /* the same with its controller paused; empty: it is not */
	struct buf                  patch;
	struct buf                  status;      /* to be restored after CREATE; empty: none */
	struct buf                  owners;      /* metadata.managedFields to be restored; empty: none */
	struct buf                  refs;        /* metadata.ownerReferences to be relinked; empty: none */
	struct err                  refused;     /* why CREATE led to LOOK, or CREATE_ANEW to PUT_BACK */
	struct buf                  old;         /* what the cluster has, should it have to be deleted */
	struct buf                  endpoints;   /* what goes with a service that is deleted; empty: nothing */
	const struct plan_mark     *mark;        /* what the plan says of it; NULL: there is none */
	unsigned                    deletions;
	int64_t                     gone_by_mono_ns;     /* 0: it was not looked at since */
};

/* Target of a source namespace: mapped or itself.  Lives as long as the restore. */
const char *restore_map_ns(struct restore *rs, struct str ns);

/* --- restore.c --- */

/* Everything before the cluster is touched: reads the backup, selects, orders.  rs: see RESTORE_INIT. */
MUST_CHECK int restore_prepare(struct restore *rs, struct err *e);
void restore_done(struct restore *rs);
/* The end of the objects of one type that are restored together, the first of which is plan[from]. */
size_t restore_wave_end(const struct restore *rs, size_t from);
#define RESTORE_INIT(k_, st_, o_, r_, c_) { .k = (k_), .st = (st_), .o = (o_), .r = (r_), .c = (c_), .ns_map = strmap_new(), \
	.bad_ns = strmap_new(), .anew = strmap_new(), .added = strmap_new(), .stored = strmap_new(), .lacking_seen = strmap_new(), \
	.looked_up = strmap_new(), .obstacles_by_name = strmap_new(), .known = strmap_new(), .list = vreslist_new(), \
	.start_unix_ns = clock_unix_ns(), .start_mono_ns = clock_mono_ns() }

/* --- restore_plan.c --- */

/* Fills rs->plan: filters, then what selected objects need (velero-format 4.2, 4.7 "additional items"). */
MUST_CHECK int restore_plan(struct restore *rs, struct err *e);
/* Reads --restore-resource-priorities. */
MUST_CHECK int restore_plan_order(struct restore *rs, struct err *e);
/* Decides for every planned volume whether it is restored (velero-format 4.8); fills rs->anew. */
MUST_CHECK int restore_plan_volumes(struct restore *rs, struct err *e);
bool restore_is_crd(struct str gr);

/* --- restore_related.c --- */

/* Adds to rs->plan what the objects in it need (velero-format 4.2, 4.7 "additional items"), with --with-dependencies all
 * that they refer to. */
MUST_CHECK int restore_add_related(struct restore *rs, struct err *e);
/* Why the object is planned though it was not chosen: "added: Pod shop/web uses it as volume".  Heap; NULL: it was chosen,
 * or nobody named single objects or dependencies. */
char *restore_added(const struct restore *rs, const struct index_entry *en);
/* The object; empty for a damaged one, which becomes a finding when its turn to be restored comes. */
MUST_CHECK int restore_read_sound(struct restore *rs, const struct index_entry *en, struct str *json, struct err *e);
/* Fills rs->stored. */
void restore_note_stored(struct restore *rs);
/* Remembers what the object needs and the backup lacks. */
void restore_note_needs(struct restore *rs, const struct index_entry *en, struct str json);
/* At the end: tells what of it the cluster lacks, too. */
MUST_CHECK int restore_tell_lacking(struct restore *rs, struct err *e);

/* --- restore_version.c --- */

/* Reads --version-priorities and the index's alternates.  NULL: EK_INVALID. */
MUST_CHECK struct versions *versions_new(const struct restore *rs, struct err *e);
void versions_free(struct versions *v);
/* Objects of which the backup holds no unversioned copy: one entry each. */
struct versions_alone VEC_OF(const struct index_entry *);
void versions_find_alone(const struct versions *v, struct versions_alone *out);
void versions_alone_done(struct versions_alone *v);
/* The copy to restore for the planned entry and the type to send it as (velero-format 4.11).  EK_NOTFOUND names the
 * versions on both sides. */
MUST_CHECK int versions_choose(struct restore *rs, const struct index_entry *planned, const struct index_entry **en,
	const struct api_resource **res, struct err *e);
/* The conversion that makes what versions_choose chose; NULL: none. */
const struct conversion *versions_conversion(const struct index_entry *en, const struct api_resource *res);
/* The type that objects stored as gr are restored as: gr itself, or the one that it moved to (ingresses.extensions).
 * Filters and order are about that one. */
struct str versions_type(const struct discovery *d, struct str gr, struct str version);
/* The same object is stored under the type that this one's moved to: it is the one to restore. */
bool versions_has_twin(const struct restore *rs, const struct index_entry *en);

/* --- restore_item.c, restore_steps.c --- */

/*
 * Runs the objects plan[from, to), a window at a time.  Failures of objects are findings.  unready (may be NULL)
 * collects the names of those that were created, or of which the API server has not yet said that they are ready.
 */
MUST_CHECK int restore_objects(struct restore *rs, size_t from, size_t to, struct strs *unready, struct err *e);
/* After an interrupted restore_objects: takes the answers to what was sent, until rs->c fires, and drops the rest. */
void restore_end_items(struct restore *rs);
void restore_drop_items(struct restore *rs);

/* The edits that make an object comparable to, and creatable as, what is in a cluster.  stored: the backup's copy, which
 * gets the user's edits, too. */
MUST_CHECK int item_edit(struct item *it, struct arena *arena, struct jnode **obj, bool stored,
	enum scrub_verdict *verdict, struct err *e);
void item_outcome(struct item *it, const char *action, uint64_t *counter);
void item_failed(struct item *it, const struct err *why);
void item_warned(struct item *it, const char *hint, const char *text);

/* The object as it is to be sent, in it->body.  NULL with *rc 0: there is nothing to send, and it is accounted for (skipped,
 * failed, or not selected after all); with -1 the restore ends. */
struct item *item_prepare(struct restore *rs, const struct index_entry *en, int *rc, struct err *e);
void item_free(struct item *it);
/* Is what the cluster has (valid JSON) the same as it->body (velero-format 4.6)?  *live: the former, edited. */
MUST_CHECK int item_compare(struct item *it, struct arena *arena, struct str live_json, struct jnode **live, bool *same,
	struct err *e);

MUST_CHECK int item_start(struct item *it, enum step step, struct err *e);
/* The answer to the step's request.  1: another one is under way, 0: done, -1: e is about this object. */
MUST_CHECK int item_answered(struct item *it, struct str body, struct strs *unready, struct err *e);
MUST_CHECK int item_refused(struct item *it, const struct err *why, struct err *e);

#define EXISTS_AND_DIFFERS "exists already and differs from the backup"

/* What update sends; live without the labels of this restore. */
MUST_CHECK int item_update_patch(struct item *it, struct jnode *live, struct err *e);
/* The path and, in it->patch, the body of a server-side apply. */
char *item_apply_path(const struct item *it);
MUST_CHECK int item_apply_patch(struct item *it, struct arena *arena, struct err *e);
/* Does live differ in what the API server keeps as it is though it answers a change with success?  why: what it should
 * have answered. */
bool item_is_kept_silently(const struct item *it, struct arena *arena, struct jnode *live, struct err *why);
/* What a service account lacks, in it->patch; empty: nothing. */
MUST_CHECK int item_account_patch(struct item *it, struct arena *arena, struct jnode *live, struct err *e);

/* An object of which nothing was sent fails. */
void restore_entry_failed(struct restore *rs, const struct index_entry *planned, const struct err *why);

/* --- restore_recreate.c --- */

/* May the object, whose change was refused as why says, be deleted?  -1: e says what would be lost. */
MUST_CHECK int item_may_recreate(struct item *it, const struct err *why, struct err *e);
/* Begins; it->old is what the cluster has.  As item_answered. */
MUST_CHECK int item_recreate(struct item *it, const struct err *why, struct err *e);
/* It is there, and somebody else deletes it: waits for its end.  As item_answered. */
MUST_CHECK int item_is_going(struct item *it, struct str live, struct err *e);
/* After GONE was answered.  1: waits among rs->parked, 0: what is there is another object, -1: e. */
MUST_CHECK int item_not_gone(struct item *it, struct str live, struct err *e);
MUST_CHECK int item_recreate_refused(struct item *it, const struct err *why, struct err *e);
MUST_CHECK int item_was_put_back(struct item *it, struct err *e);       /* -1 */
/* Waits a little and asks for all that is parked. */
MUST_CHECK int restore_parked(struct restore *rs, struct err *e);
void restore_drop_parked(struct restore *rs);

/* --- restore_endpoints.c --- */

/* Before a service is deleted, and after it was created again. */
MUST_CHECK int item_keep_endpoints(struct item *it, struct err *e);
MUST_CHECK int item_put_back_endpoints(struct item *it, struct err *e);

/* --- restore_pause.c --- */

/* Fills it->paused, if asked for. */
MUST_CHECK int item_pause(struct item *it, struct err *e);
/* What the cluster has, as if it were not paused: for the comparison. */
void item_show_unpaused(const struct item *it, struct jnode *live);
/* Puts back all controllers in the restore's namespaces that are paused. */
MUST_CHECK int restore_unpause(struct restore *rs, struct err *e);
/* The restore was stopped before that: tells what stays paused, and how it is put back. */
void restore_tell_paused(struct restore *rs);

/* --- restore_relink.c --- */

/* The object is there, as answer says: remembers its owners. */
void item_note_owners(struct item *it, struct str answer);
MUST_CHECK int restore_relink(struct restore *rs, struct err *e);

/* --- restore_prune.c --- */

/* Before anything is restored: fills rs->prunable, if asked for.  EK_INVALID: the backup does not tell. */
MUST_CHECK int restore_find_prunable(struct restore *rs, struct err *e);
/* Deletes it, unless the restore has errors. */
MUST_CHECK int restore_prune(struct restore *rs, struct err *e);
void restore_drop_prunable(struct restore *rs);

/* --- restore_again.c --- */

/* Will the object be tried again?  Then nothing is told about this refusal. */
bool restore_try_later(struct restore *rs, const struct index_entry *planned, const struct err *why);
/* After everything else: tries them again, and tells of those that stay refused. */
MUST_CHECK int restore_again(struct restore *rs, struct err *e);
/* An object of this type was created. */
void restore_note_workload(struct restore *rs, struct str gr);
void restore_drop_obstacles(struct restore *rs);

/* --- restore_ask.c --- */

/* A small request among many.  The answer is empty unless rc is 0. */
struct ask {
	const char *method;
	char       *path;            /* heap */
	const char *accept;          /* NULL: JSON */
	struct buf  body, answer;
	size_t      about;           /* the caller's */
	int         rc;
	struct err  why;
	bool        apply;           /* a server-side apply */
	bool        repeated;        /* sent more than once: EK_EXISTS may be our own doing */
};
struct asks VEC_OF(struct ask);
/* Runs all of them, a window at a time.  -1: stopped, or the API server is gone. */
MUST_CHECK int asks_run(struct restore *rs, struct asks *v, struct err *e);
struct ask *asks_add(struct asks *v, const char *method, char *path);   /* takes path */
void asks_done(struct asks *v);          /* empties it */
#define AUTO_ASKS AUTO(asks_done)
/* After each answer or error: is the API server gone?  One unanswered request is about its object, many in a row are not.
 * why NULL: there was an answer. */
bool restore_is_gone(struct restore *rs, const struct err *why);
bool restore_is_lost(const struct restore *rs);  /* it has not answered for so long that the restore ends */
/* Whether an object exists, asked for once.  Who may not look takes it for granted. */
bool restore_exists(struct restore *rs, const char *group, const char *resource, const char *ns, struct str name);
/* In a plan: an object that is not there yet, but will be when restore_exists is asked for it. */
void restore_will_exist(struct restore *rs, const char *path);
void wait_begin(struct wait *w);
/* Sleeps.  0: ask again, 1: the time is over, -1: canceled. */
MUST_CHECK int wait_more(struct restore *rs, struct wait *w, struct err *e);

/* --- restore_maps.c --- */

/* Of the planned objects: EK_NOTFOUND for an entry of a map that matches nothing, or a new storage class that neither the
 * cluster nor the backup has. */
MUST_CHECK int restore_check_maps(struct restore *rs, struct err *e);

/* --- restore_ns.c, restore_crd.c --- */

/* Makes sure that the target namespaces of everything planned exist; what belongs to those that are still going away
 * goes to the end of the plan. */
MUST_CHECK int restore_namespaces(struct restore *rs, struct err *e);
/* Waits for them. */
MUST_CHECK int restore_late_namespaces(struct restore *rs, struct err *e);
/* Restores the definitions plan[from, to) and waits until the API server serves what they define. */
MUST_CHECK int restore_crds(struct restore *rs, size_t from, size_t to, struct err *e);
/* What does the cluster serve by now? */
MUST_CHECK int restore_rediscover(struct restore *rs, struct err *e);
/* Is a definition established?  1: yes, 0: not yet, -1: it cannot be. */
MUST_CHECK int crd_state(struct str json, struct err *e);

/* --- restore_claim.c, restore_resume.c --- */

/* Takes the name, or what is left of a stopped restore.  EK_EXISTS: somebody else has it; EK_CONFLICT: cluster or backup are
 * others than they were.  A store that cannot be written is a note. */
MUST_CHECK int restore_claim(struct restore *rs, struct err *e);
/* Whether it is ours still. */
bool restore_has_claim(struct restore *rs);
/* Nobody works on the restore any more. */
void restore_unclaim(struct restore *rs);

/* Of a restore that is continued: reads what was done, and counts and records it as done. */
MUST_CHECK int restore_take_known(struct restore *rs, struct err *e);
bool restore_is_known(const struct restore *rs, struct str resource, struct str from_ns, struct str name);
/* An object that is known: what it needs is still looked at. */
MUST_CHECK int restore_pass_known(struct restore *rs, const struct index_entry *en, struct strs *unready, struct err *e);
/* Is this object, which is in the cluster already, one that this restore created before it was stopped? */
bool restore_made(const struct restore *rs, struct str live_json);
/* Narrows the plan to what failed in rs->o->retry_of. */
MUST_CHECK int restore_narrow(struct restore *rs, struct err *e);

/* --- restore_planned.c --- */

#define CONTENT_HASH_MAX 33
/* Hash of what the cluster has, without what it sets by itself.  Of a Secret it is one of its version: nothing about its
 * values can be found out from it. */
MUST_CHECK int restore_content_hash(struct str gr, struct str live_json, char out[CONTENT_HASH_MAX], struct err *e);
/* What the plan that is executed says of the object: nothing else may happen to it.  -1: that nothing may. */
MUST_CHECK int item_heed_plan(struct item *it, enum step *first, struct err *e);
/* The same, now that it is known what the cluster has. */
MUST_CHECK int item_as_planned(const struct item *it, bool same, struct str live_json, struct err *e);
bool item_is_planned(const struct item *it, enum plan_action a);
/* May it be deleted? */
bool restore_plans_deletion(const struct restore *rs, struct str gr, struct str ns, struct str name, struct str uid);

/* --- restore_why.c, restore_record.c --- */

/* A finding from an error, with the next step that its text suggests. */
/* NULL: the message says it all. */
const char *restore_hint(const struct err *why);
void restore_tell(struct restore *rs, enum result_level l, const char *ns, const char *resource, const char *name,
	const struct err *why);
/* What the restore is, in phase phase: Velero's Restore. */
MUST_CHECK int restore_describe(struct restore *rs, const char *phase, const char *stopped, struct buf *out, struct err *e);
/* Identifies a backup: another one of the same name has another. */
char *restore_backup_id(const struct vbackup *b, char out[SHA256_HEX]);
/* Writes the restore's files into the bucket.  stopped: why it did not run to its end; NULL: it did. */
MUST_CHECK int restore_record(struct restore *rs, const char *stopped, struct err *e);

#endif
