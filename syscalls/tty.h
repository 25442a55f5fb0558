/* syscalls/tty.h: reading, writing and changing a terminal from the background. */
#ifndef DRAGOMAN_SYSCALLS_TTY_H
#define DRAGOMAN_SYSCALLS_TTY_H

#include "syscalls/call.h"

/*
 * The host call nr(hostfd, a, b), which may block, on a character device.  sig is what the terminal sends to a process
 * in the background that does this: SIGTTIN or SIGTTOU, the host's number.  Whether the process is stopped by it, is
 * refused (-EIO) or is let through follows the guest's mask, dispositions and parents, and not those that the host
 * sees.  Returns the host's result, -ERESTART, -EIO, -ESRCH; when the other side is gone, the end of file for reads,
 * and else -ENXIO from the slave and -EIO from the master.
 */
int64_t tty_wait(struct call *c, int sig, long nr, int hostfd, uint64_t a, uint64_t b);

/*
 * TIOCSIG: the guest's signal sig to the group in front of the terminal whose master ref is.  0, -EINVAL (no such
 * signal), -ENOTTY (no master), -ESRCH.
 */
int64_t tty_signal_front(struct call *c, int master, int64_t sig);

/*
 * TIOCSTAT, and the signal that asks for it (VSTATUS's): a line about the process in front, on the terminal's output.
 * 0, -ENOMEM, -ESRCH, and what host_fd_fetch says.
 */
int64_t tty_info(struct call *c, int hostfd);

/*
 * The terminal asks the host whether a process ignores SIGTTIN and SIGTTOU before it sends them to the whole group, so
 * those two dispositions are the host's as well.  sig: the guest's number, whose action has just changed.
 */
void tty_signal_changed(struct call *c, int sig);
/* The same for both, in a new image: its gate has installed its own. */
void tty_signals_boot(struct call *c);

#endif
