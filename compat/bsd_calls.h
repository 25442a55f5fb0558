/*
 * compat/bsd_calls.h: calls of the BSDs that Linux has no equal of, and those that
 * an ordinary user of a stock kernel is refused.
 */
#ifndef DRAGOMAN_COMPAT_BSD_CALLS_H
#define DRAGOMAN_COMPAT_BSD_CALLS_H

#include "syscalls/call.h"

/* refuse.c: the same answer whatever the arguments */
int64_t sys_refuse_eperm(struct call *c);
int64_t sys_refuse_enosys(struct call *c);
int64_t sys_nosys(struct call *c);
int64_t sys_refuse_enoent(struct call *c);
int64_t sys_refuse_einval(struct call *c);
int64_t sys_refuse_eopnotsupp(struct call *c);
int64_t sys_do_nothing(struct call *c);

/* -EBADF, -EINVAL: none is one (kern_jaildesc.c, jaildesc_find) */
int64_t sys_no_jail_descriptor(struct call *c, int fd);

/* umtx_old.c: locks of FreeBSD 5 */
int64_t sys_umtx_lock(struct call *c, gva umtx);
int64_t sys_umtx_unlock(struct call *c, gva umtx);

/* exterr.c.  -EBUSY, -EINVAL, -EFAULT */
int64_t sys_exterrctl(struct call *c, unsigned op, unsigned flags, gva place);

/* old_ipc.c: several calls by one number, the first argument says which.  -EINVAL: no such call */
int64_t sys_semsys(struct call *c, int which, int64_t a2, int64_t a3, int64_t a4, int64_t a5);
int64_t sys_msgsys(struct call *c, int which, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6);

/* old_names.c */
int64_t sys_freebsd4_uname(struct call *c, gva name); /* -ENOMEM: something is too long */
int64_t sys_freebsd4_getdomainname(struct call *c, gva domainname, int len);
int64_t sys_freebsd4_setdomainname(struct call *c, gva domainname, int len);

/* capability.c */
int64_t sys_cap_enter(struct call *c);
int64_t sys_cap_getmode(struct call *c, gva modep);
int64_t sys_cap_rights_limit(struct call *c, int fd, gva rightsp);
int64_t sys___cap_rights_get(struct call *c, int version, int fd, gva rightsp);
int64_t sys_cap_ioctls_limit(struct call *c, int fd, gva cmds, uint64_t ncmds);
int64_t sys_cap_ioctls_get(struct call *c, int fd, gva cmds, uint64_t maxcmds);
int64_t sys_cap_fcntls_limit(struct call *c, int fd, unsigned fcntls);
int64_t sys_cap_fcntls_get(struct call *c, int fd, gva fcntlsp);

/* rtprio.c */
int64_t sys_rtprio(struct call *c, int64_t function, int pid, void *rtp);
int64_t sys_rtprio_thread(struct call *c, int64_t function, int tid, void *rtp);

/* For thr_new: struct rtprio at an address, as a new thread may have it.  0, -EFAULT, -EPERM, -EINVAL. */
struct krtprio;
int rtprio_of_new_thread(struct call *c, gva at, struct krtprio *rtp);
/* A thread that is to be time-shared stays as it is; what the host refuses is left out. */
void rtprio_set_thread(struct call *c, int host_tid, const struct krtprio *rtp);

/* cpuset.c */
int64_t sys_cpuset(struct call *c, gva setid);
int64_t sys_cpuset_setid(struct call *c, int64_t which, uint64_t id, int setid);
int64_t sys_cpuset_getid(struct call *c, int64_t level, int64_t which, uint64_t id, gva setid);
int64_t sys_cpuset_getaffinity(struct call *c, int64_t level, int64_t which, uint64_t id, uint64_t size, gva mask);
int64_t sys_cpuset_setaffinity(struct call *c, int64_t level, int64_t which, uint64_t id, uint64_t size, gva mask);
int64_t sys_cpuset_getdomain(struct call *c, int64_t level, int64_t which, uint64_t id, uint64_t size, gva mask,
                             gva policy);
int64_t sys_cpuset_setdomain(struct call *c, int64_t level, int64_t which, uint64_t id, uint64_t size, gva mask,
                             int policy);

/* sysarch.c */
int64_t sys_sysarch(struct call *c, int64_t op, gva parms);

/* procctl.c */
int64_t sys_procctl(struct call *c, int64_t idtype, uint64_t id, int64_t com, gva data);

/* module.c: kernel modules and kernel environment */
int64_t sys_kldnext(struct call *c, int id);
int64_t sys_kldfind(struct call *c, gva file);
int64_t sys_kenv(struct call *c, int what, gva name, gva value, int len);

/* uuid.c */
int64_t sys_uuidgen(struct call *c, gva store, int count);

/* kcmp.c */
int64_t sys_kcmp(struct call *c, int pid1, int pid2, int type, uint64_t idx1, uint64_t idx2);

/* small.c */
int64_t sys_getloginclass(struct call *c, gva buf, uint64_t len);
int64_t sys_profil(struct call *c, gva samples, uint64_t size, uint64_t offset, unsigned scale);
int64_t sys_abort2(struct call *c, gva why, int nargs, gva args);
int64_t sys_setfib(struct call *c, int fibnum);
int64_t sys_specialfd(struct call *c, int type, gva req, uint64_t len);

/* inotify.c; inotify_new: flags are the guest's.  A descriptor or -errno. */
int64_t inotify_new(struct call *c, uint32_t flags);
int64_t sys_inotify_add_watch_at(struct call *c, int fd, int dirfd, gva path, unsigned mask);
int64_t sys_inotify_rm_watch(struct call *c, int fd, int wd);

/* filecalls.c; the arguments that follow are of no interest */
int64_t sys_acl_file(struct call *c, gva path);
int64_t sys_acl_link(struct call *c, gva path);
int64_t sys_acl_fd(struct call *c, int fd);
int64_t sys_acl_give_file(struct call *c, gva path, int type, gva acl);
int64_t sys_acl_give_link(struct call *c, gva path, int type, gva acl);
int64_t sys_acl_give_fd(struct call *c, int fd, int type, gva acl);
int64_t sys_quotactl(struct call *c, gva path);
int64_t sys_revoke(struct call *c, gva path);

#endif
