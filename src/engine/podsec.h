/*
 * Pod Security Standards, as far as a pod's own fields tell: would a namespace that enforces a level admit it?  Any
 * thread.  Source: Kubernetes, "Pod Security Standards".  Left out: host of probes and lifecycle handlers (1.34),
 * and the exemptions that an API server may be configured with.
 */
#ifndef ORLOP_ENGINE_PODSEC_H
#define ORLOP_ENGINE_PODSEC_H

#include "base/buf.h"
#include "data/jedit.h"

enum podsec_level { PODSEC_PRIVILEGED, PODSEC_BASELINE, PODSEC_RESTRICTED };

/* By the value of the label pod-security.kubernetes.io/enforce; anything else is PODSEC_PRIVILEGED. */
enum podsec_level podsec_level(struct str label);
const char *podsec_level_text(enum podsec_level l);

/* Appends what the pod spec does that the level forbids: "host namespaces, hostPath volumes".  False: nothing. */
bool podsec_violations(struct jnode *spec, enum podsec_level level, struct buf *out);

#endif
