/* syscalls/fork.h: rfork(2)'s flags, and making a process for pdfork. */
#ifndef DRAGOMAN_SYSCALLS_FORK_H
#define DRAGOMAN_SYSCALLS_FORK_H

#include "syscalls/call.h"

struct procdesc;

/* sys/unistd.h; bit 31 means RFPPWAIT inside the kernel and RFSPAWN to programs. */
#define RFFDG            (1u << 2)
#define RFPROC           (1u << 4)
#define RFMEM            (1u << 5)
#define RFNOWAIT         (1u << 6)
#define RFCFDG           (1u << 12)
#define RFTHREAD         (1u << 13)
#define RFSIGSHARE       (1u << 14)
#define RFLINUXTHPN      (1u << 16)
#define RFTSIGZMB        (1u << 19)
#define RFPROCDESC       (1u << 28)
#define RFSPAWN          (1u << 31)
#define RFTSIGNUM(flags) ((flags) >> 20 & 0xff) /* with RFTSIGZMB: the signal that the parent gets at the end */

/* rfork's work.  pd: the process is to be its, NULL: none.  Pid, 0 (without RFPROC), -errno. */
int64_t fork_with(struct call *c, uint64_t rfflags, struct procdesc *pd);

/* procdesc.c: p, not yet running, is pd's; session.lock held.  And later: it has this number. */
struct proc;
void procdesc_bind_locked(struct procdesc *pd, struct proc *p);
void procdesc_born(struct procdesc *pd, int pid);

#endif
