/* syscalls/who.h: who asks for an object that the provider keeps (semaphores, message queues), and what he may do. */
#ifndef DRAGOMAN_SYSCALLS_WHO_H
#define DRAGOMAN_SYSCALLS_WHO_H

#include "syscalls/call.h"

/* The caller's credentials.  The groups are in the call's scratch, and last as long. */
struct who {
    uint32_t        uid, gid; /* effective */
    const uint32_t *groups;
    int64_t         ngroups;
};

#define WHO_READS  4u
#define WHO_WRITES 2u

/* 0, -ENOMEM, -ESRCH. */
int  who_asks(struct call *c, struct who *w);
bool who_in_group(const struct who *w, uint32_t gid);
/* vaccess(9): the first class that fits decides.  want: WHO_*.  0, -EACCES. */
int who_may(const struct who *w, uint32_t uid, uint32_t gid, uint32_t mode, unsigned want);
/* What fchmod asks for: 0, -EPERM. */
static inline int who_owns(const struct who *w, uint32_t uid) { return w->uid == 0 || w->uid == uid ? 0 : -EPERM; }
/* fchown of such an object, -1: as it is; anybody may make it his own, with a group that he is in.  0, -EPERM. */
int who_chown(const struct who *w, uint32_t *uid, uint32_t *gid, uint32_t new_uid, uint32_t new_gid);
/* The calling thread's umask. */
uint32_t who_umask(const struct call *c);

#endif
