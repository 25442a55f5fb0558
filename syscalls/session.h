/* syscalls/session.h: the whole run of one `dragoman run`. */
#ifndef DRAGOMAN_SYSCALLS_SESSION_H
#define DRAGOMAN_SYSCALLS_SESSION_H

/* The first process is a zombie: the provider's main thread may leave.  session.lock held. */
void session_first_ended(void);

#endif
