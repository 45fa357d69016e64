/*
 * The UI as a process of its own, so that it can let go of its terminal and go on (ui.md 6.4): threads do not survive a fork,
 * so it happens before there are any.  The process that the shell waits for only passes signals on and hands back the exit code.
 */
#ifndef ORLOP_UI_STAY_H
#define ORLOP_UI_STAY_H

#include "base/err.h"

/* Once, while there is one thread.  Returns 0 in the new process; the old one never returns, it ends as the new one does. */
int stay_fork(struct err *e);

/*
 * Lets go of terminal and session; the process before the fork ends with 0, and the shell has its prompt again.  stdin, stdout
 * and stderr are /dev/null from then on.
 */
void stay_detach(void);

#endif
