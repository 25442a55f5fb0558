/* syscalls/session.h: the whole run of one `dragoman run`. */
#ifndef DRAGOMAN_SYSCALLS_SESSION_H
#define DRAGOMAN_SYSCALLS_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

/* A process is a zombie; when it was the first, the provider's main thread may leave.  session.lock held. */
void session_proc_ended(bool first);

/* What the user started and waits for: the provider, or its front (loader/front.h).  And that one's parent. */
pid_t session_started(void);
pid_t session_parent(void);

#endif
