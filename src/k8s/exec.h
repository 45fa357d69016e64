/*
 * A command in a container of a pod: pods/exec over WebSocket, subprotocols v5.channel.k8s.io and v4.channel.k8s.io.
 * Used by the thread that owns the client.  Source: k8s.io/apimachinery/pkg/util/remotecommand/constants.go.
 */
#ifndef ORLOP_K8S_EXEC_H
#define ORLOP_K8S_EXEC_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/err.h"
#include "base/vec.h"
#include "k8s/client.h"
#include "net/ws.h"

struct k8s_exec {
	const char        *ns, *pod, *container;
	const struct strs *command;      /* argv, not empty */
	int64_t            timeout_ns;   /* > 0: from the request to the end of the command */
};

struct k8s_exec_result {
	struct buf out, err;             /* as much as fits their max; the rest is dropped */
	bool       cut;                  /* something was */
	int        code;                 /* exit status of the command */
};
#define K8S_EXEC_RESULT(limit) { .out = BUF_INIT(limit), .err = BUF_INIT(limit) }
void k8s_exec_result_done(struct k8s_exec_result *r);

/*
 * Runs the command to its end: 0, also when its exit status is not.  Otherwise -1, and what it had said up to then is in r:
 * EK_NOTFOUND no such pod or container, EK_DENIED not allowed, EK_INVALID it cannot be started, EK_TIMEOUT it did not end
 * in time (it may go on), EK_UNAVAILABLE the connection broke off (likewise), EK_CANCELED.
 */
MUST_CHECK int k8s_exec(struct k8s *k, const struct k8s_exec *x, struct k8s_exec_result *r, const struct cancel *c,
	struct err *e);
/* The part after the agreement, for tests. */
MUST_CHECK int k8s_exec_talk(struct ws *ws, struct k8s_exec_result *r, const struct cancel *c, struct err *e);

#endif
