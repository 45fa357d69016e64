/*
 * Hooks: commands that run in the containers of pods, and init containers of restored pods (velero-format 3.7, 4.12).
 * They come from a file in the shape of Velero's spec.hooks, or, which wins, from annotations of the pod.  The hooks of a
 * file are immutable: any thread.
 */
#ifndef ORLOP_ENGINE_HOOKS_H
#define ORLOP_ENGINE_HOOKS_H

#include "base/arena.h"
#include "base/cancel.h"
#include "base/err.h"
#include "base/vec.h"
#include "data/jedit.h"
#include "k8s/exec.h"

#include <stdbool.h>
#include <stdint.h>

#define HOOK_EXEC_NS (30 * INT64_C(1000000000))  /* a command's time, unless the hook says otherwise */

/* When a hook runs.  At a restore: before (init containers) and after the pod's own containers start. */
enum hook_phase { HOOK_BACKUP_PRE, HOOK_BACKUP_POST, HOOK_RESTORE_POST, HOOK_PHASE_COUNT_ };

/* One command of one pod. */
struct hook {
	const char *name;                /* of the file's entry; "<from-annotation>" */
	char       *container;           /* NULL: the pod's first one */
	struct strs command;
	bool        stops;               /* onError Fail: no further hook of the pod after its failure */
	bool        wait_ready;          /* for the container to be ready, not only running */
	int64_t     exec_ns, wait_ns;    /* wait_ns 0: as long as it takes */
};
struct hook_vec VEC_OF(struct hook);
void hook_vec_done(struct hook_vec *v);

struct hooks;
struct selector;

/* yaml NULL: annotations only.  EK_INVALID: "--hooks:12: ..." for what is wrong, with the line. */
MUST_CHECK struct hooks *hooks_new(const char *yaml, bool restore, struct err *e);
void hooks_free(struct hooks *h);

/* A pod that is looked at.  Texts that cannot be used are told to problem; their defaults then hold, as Velero does. */
struct hook_pod {
	struct jnode *obj;
	const char   *ns;                /* where it is, or will be */
	struct str    name;
	void        (*problem)(void *ctx, const char *text);
	void         *ctx;
};
/* Adds the commands of a phase, with their containers by name; those whose container the pod does not have are problems.
 * Names are borrowed from h. */
void hooks_commands(const struct hooks *h, const struct hook_pod *pod, enum hook_phase phase, struct hook_vec *out);
/* Inserts the init containers of a restore before those of the pod, behind Velero's restore-wait.  How many. */
size_t hooks_add_init(const struct hooks *h, struct arena *arena, const struct hook_pod *pod);

/*
 * Runs one command.  0: it ended with 0.  -1: e says what went wrong, EK_INVALID with what it wrote on stderr for another
 * exit status.  said: what it wrote, on one line, for the log.
 */
MUST_CHECK int hook_run(struct k8s *k, const char *ns, const char *pod, const struct hook *hook, struct buf *said,
	const struct cancel *c, struct err *e);

/* For hooks_spec.c: what a file says. */
struct hook_action {
	enum hook_phase phase;
	struct hook     exec;            /* exec.command empty: it is init */
	struct strs     init;            /* JSON of containers */
};
struct hook_rule {
	char            *name;
	struct strs      inc_namespaces, exc_namespaces;
	struct selector *labels;
	struct VEC_OF(struct hook_action) actions;
};
struct hook_rules VEC_OF(struct hook_rule);
MUST_CHECK int hook_rules_parse(const char *yaml, bool restore, struct hook_rules *out, struct err *e);
void hook_rules_done(struct hook_rules *v);

#endif
