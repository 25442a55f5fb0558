/*
 * syscalls/credentials.h: who a process is: user, groups, process group, session, login name.
 *
 * All of it is the host's own state of the guest's process, but for the login name and the parent.  Calls that
 * change credentials change every thread's (syscalls/cred.h); -EPERM without the privilege.
 */
#ifndef DRAGOMAN_SYSCALLS_CREDENTIALS_H
#define DRAGOMAN_SYSCALLS_CREDENTIALS_H

#include <sys/types.h>

#include "syscalls/call.h"

#define GROUPS_MAX 1023 /* NGROUPS_MAX there */

/* ident.c */
int64_t sys_getpid(struct call *c);
int64_t sys_getppid(struct call *c);
struct proc;
pid_t   proc_ppid_locked(const struct proc *p); /* as the guest has it; session.lock held */
int64_t sys_issetugid(struct call *c);
int64_t sys_getpgid(struct call *c, int pid);
int64_t sys_getsid(struct call *c, int pid);
int64_t sys_setpgid(struct call *c, int pid, int pgid);
int64_t sys_setsid(struct call *c);
int64_t sys_getlogin(struct call *c, gva buf, unsigned len);
int64_t sys_setlogin(struct call *c, gva name);

/* setid.c */
int64_t sys_getresuid(struct call *c, gva ruid, gva euid, gva suid);
int64_t sys_getresgid(struct call *c, gva rgid, gva egid, gva sgid);
int64_t sys_setuid(struct call *c, unsigned uid);
int64_t sys_seteuid(struct call *c, unsigned euid);
int64_t sys_setreuid(struct call *c, int ruid, int euid);
int64_t sys_setresuid(struct call *c, unsigned ruid, unsigned euid, unsigned suid);
int64_t sys_setgid(struct call *c, unsigned gid);
int64_t sys_setegid(struct call *c, unsigned egid);
int64_t sys_setregid(struct call *c, int rgid, int egid);
int64_t sys_setresgid(struct call *c, unsigned rgid, unsigned egid, unsigned sgid);

/* setcred.c */
int64_t sys_setcred(struct call *c, unsigned flags, gva wcred, uint64_t size);

/* groups.c: the effective group is the first of the list ... */
int64_t sys_getgroups_egid(struct call *c, int size, gva set);
int64_t sys_setgroups_egid(struct call *c, int size, gva set);
/* ... or it is not in the list at all (FreeBSD 15). */
int64_t sys_getgroups(struct call *c, int size, gva set);
int64_t sys_setgroups(struct call *c, int size, gva set);

#endif
