/*
 * loader/front.h: the process that the user started, when the session may outlive it (--daemons).
 *
 * It shares its memory with the provider, which is a child of its own, and does nothing but wait: it passes on the
 * signals that are meant for the guest, stops when the first program does, ends as that one ended, and takes the
 * provider with it when it is killed before.
 */
#ifndef DRAGOMAN_LOADER_FRONT_H
#define DRAGOMAN_LOADER_FRONT_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Runs provider(arg) in a process of its own; every signal is blocked.  In the caller it does not return, but for
 * -errno when there is none: the process ends with what the provider returned, or with what it has told.
 */
int front_run(int (*provider)(void *), void *arg);

/* In the provider.  The process that the user started: the provider itself without a front. */
pid_t front_pid(void);
/* And that one's parent. */
pid_t front_parent(void);

/* The first program has ended with this wait status.  lives_on: the front ends at once, else when the provider ends. */
void front_tell(int status, bool lives_on);

/* True for a signal that the front passed on; then *si is what it got. */
bool front_passed_on(siginfo_t *si);

#endif
