/* What the parts of convert share: convert.c (table, course), convert_kinds.c (most kinds), convert_hpa.c, convert_crd.c. */
#ifndef ORLOP_ENGINE_CONVERT_IMPL_H
#define ORLOP_ENGINE_CONVERT_IMPL_H

#include "engine/convert.h"

struct convert_run {
	convert_note_fn *note;
	void            *ctx;
	bool             dropped;
};

void convert_note(struct convert_run *run, const char *text);
/* Moves a member, if it is there and the new place is free. */
void convert_move(struct jnode *from, const char *key, struct jnode *to, const char *new_key);
/* Sets a member that is absent or null.  value: JSON. */
void convert_default(struct jnode *obj, const char *key, struct str value);

convert_fn convert_workload, convert_ingress, convert_ingress_class, convert_pdb, convert_endpoint_slice,
	convert_priority_level, convert_runtime_class, convert_webhooks, convert_csr, convert_hpa, convert_crd;

#endif
