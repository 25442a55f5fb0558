/*
 * abi/freebsd/layouts.c: guest structures against the host's or the neutral ones.
 *
 * To add one: the guest's struct in structs.h, a declaration in layouts.h, and here TYPES, the fields
 * and LAYOUT.  A field reads KIND(layout, field of the guest's struct, field of ours).
 */
#include "abi/freebsd/layouts.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "abi/freebsd/flags.h"
#include "abi/freebsd/structs.h"
#include "abi/layout.h"

#define TYPES(name, guest, host)                                                                                       \
    typedef guest guest_##name;                                                                                        \
    typedef host  host_##name

#define FIELD_(l, g, h, k, o)                                                                                          \
    {                                                                                                                  \
        .name = #g, .goff = offsetof(guest_##l, g), .gsize = sizeof(((guest_##l *)0)->g),                              \
        .hoff = offsetof(host_##l, h), .hsize = sizeof(((host_##l *)0)->h), .kind = (k), .of = (o)                     \
    }
#define UINT(l, g, h)         FIELD_(l, g, h, FIELD_UINT, NULL)
#define SINT(l, g, h)         FIELD_(l, g, h, FIELD_SINT, NULL)
#define MODE(l, g, h)         FIELD_(l, g, h, FIELD_MODE, NULL)
#define PTR(l, g, h)          FIELD_(l, g, h, FIELD_PTR, NULL)
#define BYTES(l, g, h)        FIELD_(l, g, h, FIELD_BYTES, NULL)
#define FLAGS(l, g, h, group) FIELD_(l, g, h, FIELD_FLAGS, &freebsd_flags_##group)
#define ENUM(l, g, h, group)  FIELD_(l, g, h, FIELD_ENUM, &freebsd_flags_##group)

#define LAYOUT_(l, f)                                                                                                  \
    const struct layout freebsd_layout_##l = {                                                                         \
        .name = #l,                                                                                                    \
        .gsize = sizeof(guest_##l),                                                                                    \
        .hsize = sizeof(host_##l),                                                                                     \
        .count = sizeof(l##_fields) / sizeof(*l##_fields),                                                             \
        .fields = l##_fields,                                                                                          \
        .to_guest = (f),                                                                                               \
    };                                                                                                                 \
    _Static_assert(sizeof(guest_##l) <= LAYOUT_GUEST_MAX, "struct " #l " fits a layout")

#define LAYOUT(l) LAYOUT_(l, NULL)
/* One that a program asks for again and again. */
#define LAYOUT_HOT(l)                                                                                                  \
    LAYOUT_COMPILED(l, l##_fields, sizeof(guest_##l));                                                                 \
    LAYOUT_(l, l##_to_guest)

/* ---- time ------------------------------------------------------------------ */

TYPES(timespec, struct fbsd_timespec, struct timespec);
static const struct field timespec_fields[] = {
    SINT(timespec, tv_sec, tv_sec),
    SINT(timespec, tv_nsec, tv_nsec),
};
LAYOUT_HOT(timespec);

struct timespec_pair {
    struct timespec t[2];
};
TYPES(timespec2, struct fbsd_timespec2, struct timespec_pair);
static const struct field timespec2_fields[] = {
    SINT(timespec2, t[0].tv_sec, t[0].tv_sec),
    SINT(timespec2, t[0].tv_nsec, t[0].tv_nsec),
    SINT(timespec2, t[1].tv_sec, t[1].tv_sec),
    SINT(timespec2, t[1].tv_nsec, t[1].tv_nsec),
};
LAYOUT(timespec2);

TYPES(timeval, struct fbsd_timeval, struct timeval);
static const struct field timeval_fields[] = {
    SINT(timeval, tv_sec, tv_sec),
    SINT(timeval, tv_usec, tv_usec),
};
LAYOUT(timeval);

struct timeval_pair {
    struct timeval t[2];
};
TYPES(timeval2, struct fbsd_timeval2, struct timeval_pair);
static const struct field timeval2_fields[] = {
    SINT(timeval2, t[0].tv_sec, t[0].tv_sec),
    SINT(timeval2, t[0].tv_usec, t[0].tv_usec),
    SINT(timeval2, t[1].tv_sec, t[1].tv_sec),
    SINT(timeval2, t[1].tv_usec, t[1].tv_usec),
};
LAYOUT(timeval2);

TYPES(itimerval, struct fbsd_itimerval, struct itimerval);
static const struct field itimerval_fields[] = {
    SINT(itimerval, it_interval.tv_sec, it_interval.tv_sec),
    SINT(itimerval, it_interval.tv_usec, it_interval.tv_usec),
    SINT(itimerval, it_value.tv_sec, it_value.tv_sec),
    SINT(itimerval, it_value.tv_usec, it_value.tv_usec),
};
LAYOUT(itimerval);

TYPES(itimerspec, struct fbsd_itimerspec, struct itimerspec);
static const struct field itimerspec_fields[] = {
    SINT(itimerspec, it_interval.tv_sec, it_interval.tv_sec),
    SINT(itimerspec, it_interval.tv_nsec, it_interval.tv_nsec),
    SINT(itimerspec, it_value.tv_sec, it_value.tv_sec),
    SINT(itimerspec, it_value.tv_nsec, it_value.tv_nsec),
};
LAYOUT(itimerspec);

TYPES(timezone, struct fbsd_timezone, struct timezone);
static const struct field timezone_fields[] = {
    SINT(timezone, tz_minuteswest, tz_minuteswest),
    SINT(timezone, tz_dsttime, tz_dsttime),
};
LAYOUT(timezone);

/* ---- resources ---------------------------------------------------------------- */

TYPES(rlimit, struct fbsd_rlimit, struct rlimit);
static const struct field rlimit_fields[] = {
    ENUM(rlimit, rlim_cur, rlim_cur, rlim),
    ENUM(rlimit, rlim_max, rlim_max, rlim),
};
LAYOUT(rlimit);

#define RUSAGE(l, g, h)                                                                                                \
    SINT(l, g ru_utime.tv_sec, h ru_utime.tv_sec), SINT(l, g ru_utime.tv_usec, h ru_utime.tv_usec),                    \
        SINT(l, g ru_stime.tv_sec, h ru_stime.tv_sec), SINT(l, g ru_stime.tv_usec, h ru_stime.tv_usec),                \
        SINT(l, g ru_maxrss, h ru_maxrss), SINT(l, g ru_ixrss, h ru_ixrss), SINT(l, g ru_idrss, h ru_idrss),           \
        SINT(l, g ru_isrss, h ru_isrss), SINT(l, g ru_minflt, h ru_minflt), SINT(l, g ru_majflt, h ru_majflt),         \
        SINT(l, g ru_nswap, h ru_nswap), SINT(l, g ru_inblock, h ru_inblock), SINT(l, g ru_oublock, h ru_oublock),     \
        SINT(l, g ru_msgsnd, h ru_msgsnd), SINT(l, g ru_msgrcv, h ru_msgrcv), SINT(l, g ru_nsignals, h ru_nsignals),   \
        SINT(l, g ru_nvcsw, h ru_nvcsw), SINT(l, g ru_nivcsw, h ru_nivcsw)

TYPES(rusage, struct fbsd_rusage, struct rusage);
static const struct field rusage_fields[] = {RUSAGE(rusage, , )};
LAYOUT(rusage);

struct rusage_pair {
    struct rusage r[2];
};
TYPES(wrusage, struct fbsd_wrusage, struct rusage_pair);
static const struct field wrusage_fields[] = {
    RUSAGE(wrusage, wru_self., r[0].),
    RUSAGE(wrusage, wru_children., r[1].),
};
LAYOUT(wrusage);

TYPES(sched_param, struct fbsd_sched_param, struct sched_param);
static const struct field sched_param_fields[] = {SINT(sched_param, sched_priority, sched_priority)};
LAYOUT(sched_param);

TYPES(rtprio, struct fbsd_rtprio, struct krtprio);
static const struct field rtprio_fields[] = {
    ENUM(rtprio, type, type, rtprio_type),
    UINT(rtprio, prio, prio),
};
LAYOUT(rtprio);

/* ---- files ------------------------------------------------------------------ */

#define STAT(l)                                                                                                        \
    UINT(l, st_dev, dev), UINT(l, st_ino, ino), UINT(l, st_nlink, nlink), MODE(l, st_mode, mode),                      \
        UINT(l, st_uid, uid), UINT(l, st_gid, gid), UINT(l, st_rdev, rdev), UINT(l, st_size, size),                    \
        UINT(l, st_blocks, blocks), UINT(l, st_blksize, blksize), FLAGS(l, st_flags, flags, file_flags),               \
        UINT(l, st_gen, gen), SINT(l, st_atim.tv_sec, atime), SINT(l, st_atim.tv_nsec, atime_ns),                      \
        SINT(l, st_mtim.tv_sec, mtime), SINT(l, st_mtim.tv_nsec, mtime_ns), SINT(l, st_ctim.tv_sec, ctime),            \
        SINT(l, st_ctim.tv_nsec, ctime_ns), SINT(l, st_birthtim.tv_sec, btime), SINT(l, st_birthtim.tv_nsec, btime_ns)

TYPES(stat, struct fbsd_stat, struct kstat);
static const struct field stat_fields[] = {STAT(stat)};
LAYOUT_HOT(stat);

TYPES(freebsd11_stat, struct fbsd11_stat, struct kstat);
static const struct field freebsd11_stat_fields[] = {STAT(freebsd11_stat)};
LAYOUT_HOT(freebsd11_stat);

TYPES(freebsd11_nstat, struct fbsd11_nstat, struct kstat);
static const struct field freebsd11_nstat_fields[] = {STAT(freebsd11_nstat)};
LAYOUT(freebsd11_nstat);

#define STATFS(l)                                                                                                      \
    UINT(l, f_version, version), UINT(l, f_type, type), FLAGS(l, f_flags, flags, mount_flags),                         \
        UINT(l, f_bsize, bsize), UINT(l, f_iosize, iosize), UINT(l, f_blocks, blocks), UINT(l, f_bfree, bfree),        \
        SINT(l, f_bavail, bavail), UINT(l, f_files, files), SINT(l, f_ffree, ffree), UINT(l, f_namemax, namemax),      \
        UINT(l, f_owner, owner), BYTES(l, f_fsid, fsid), BYTES(l, f_fstypename, fstypename),                           \
        BYTES(l, f_mntfromname, mntfromname), BYTES(l, f_mntonname, mntonname)

TYPES(statfs, struct fbsd_statfs, struct kstatfs);
static const struct field statfs_fields[] = {STATFS(statfs)};
LAYOUT(statfs);

TYPES(freebsd11_statfs, struct fbsd11_statfs, struct kstatfs);
static const struct field freebsd11_statfs_fields[] = {STATFS(freebsd11_statfs)};
LAYOUT(freebsd11_statfs);

TYPES(freebsd4_statfs, struct fbsd4_statfs, struct kstatfs);
static const struct field freebsd4_statfs_fields[] = {
    SINT(freebsd4_statfs, f_bsize, bsize),
    SINT(freebsd4_statfs, f_iosize, iosize),
    SINT(freebsd4_statfs, f_blocks, blocks),
    SINT(freebsd4_statfs, f_bfree, bfree),
    SINT(freebsd4_statfs, f_bavail, bavail),
    SINT(freebsd4_statfs, f_files, files),
    SINT(freebsd4_statfs, f_ffree, ffree),
    BYTES(freebsd4_statfs, f_fsid, fsid),
    UINT(freebsd4_statfs, f_owner, owner),
    UINT(freebsd4_statfs, f_type, type),
    FLAGS(freebsd4_statfs, f_flags, flags, mount_flags),
    BYTES(freebsd4_statfs, f_fstypename, fstypename),
    BYTES(freebsd4_statfs, f_mntonname, mntonname),
    BYTES(freebsd4_statfs, f_mntfromname, mntfromname),
};
LAYOUT(freebsd4_statfs);

#define FLOCK(l)                                                                                                       \
    SINT(l, l_start, l_start), SINT(l, l_len, l_len), SINT(l, l_pid, l_pid), ENUM(l, l_type, l_type, lock_type),       \
        ENUM(l, l_whence, l_whence, whence)

TYPES(flock, struct fbsd_flock, struct flock);
static const struct field flock_fields[] = {FLOCK(flock)};
LAYOUT(flock);

TYPES(oflock, struct fbsd_oflock, struct flock);
static const struct field oflock_fields[] = {FLOCK(oflock)};
LAYOUT(oflock);

/* ---- signals ---------------------------------------------------------------- */

TYPES(sigset, struct fbsd_sigset, struct sigset);
static const struct field sigset_fields[] = {BYTES(sigset, bits, w)};
LAYOUT(sigset);

TYPES(sigaction, struct fbsd_sigaction, struct ksigaction);
static const struct field sigaction_fields[] = {
    PTR(sigaction, sa_handler, handler),
    FLAGS(sigaction, sa_flags, flags, sigaction),
    BYTES(sigaction, sa_mask, mask),
};
LAYOUT(sigaction);

TYPES(stack, struct fbsd_stack, struct kstack);
static const struct field stack_fields[] = {
    PTR(stack, ss_sp, sp),
    UINT(stack, ss_size, size),
    FLAGS(stack, ss_flags, flags, sigaltstack),
};
LAYOUT(stack);

TYPES(siginfo, struct fbsd_siginfo, struct ksiginfo);
static const struct field siginfo_fields[] = {
    SINT(siginfo, si_signo, signo),     SINT(siginfo, si_errno, error), SINT(siginfo, si_code, code),
    SINT(siginfo, si_pid, pid),         UINT(siginfo, si_uid, uid),     SINT(siginfo, si_status, status),
    PTR(siginfo, si_addr, addr),        UINT(siginfo, si_value, value), SINT(siginfo, si_timerid, timerid),
    SINT(siginfo, si_overrun, overrun),
};
LAYOUT(siginfo);

/* ---- events and sockets ------------------------------------------------------ */

TYPES(pollfd, struct fbsd_pollfd, struct pollfd);
static const struct field pollfd_fields[] = {
    SINT(pollfd, fd, fd),
    FLAGS(pollfd, events, events, poll),
    FLAGS(pollfd, revents, revents, poll),
};
LAYOUT(pollfd);

struct ksockaddr_head {
    uint16_t family, len;
};

#define KEVENT(l)                                                                                                      \
    UINT(l, ident, ident), ENUM(l, filter, filter, kevent_filter), FLAGS(l, flags, flags, kevent_flags),               \
        UINT(l, fflags, fflags), SINT(l, data, data), PTR(l, udata, udata)

TYPES(kevent, struct fbsd_kevent, struct kkevent);
static const struct field kevent_fields[] = {KEVENT(kevent), BYTES(kevent, ext, ext)};
LAYOUT(kevent);

TYPES(freebsd11_kevent, struct fbsd11_kevent, struct kkevent);
static const struct field freebsd11_kevent_fields[] = {KEVENT(freebsd11_kevent)};
LAYOUT(freebsd11_kevent);

TYPES(sockaddr, struct fbsd_sockaddr, struct ksockaddr_head);
static const struct field sockaddr_fields[] = {
    ENUM(sockaddr, sa_family, family, domain),
    UINT(sockaddr, sa_len, len),
};
LAYOUT(sockaddr);

TYPES(fd_pair, struct fbsd_fd_pair, struct fbsd_fd_pair);
static const struct field fd_pair_fields[] = {
    SINT(fd_pair, fd[0], fd[0]),
    SINT(fd_pair, fd[1], fd[1]),
};
LAYOUT(fd_pair);

TYPES(linger, struct fbsd_linger, struct linger);
static const struct field linger_fields[] = {
    SINT(linger, l_onoff, l_onoff),
    SINT(linger, l_linger, l_linger),
};
LAYOUT(linger);

/* ---- System V IPC ------------------------------------------------------------ */

#define IPC_PERM(l, f)                                                                                                 \
    UINT(l, f.cuid, f.cuid), UINT(l, f.cgid, f.cgid), UINT(l, f.uid, f.uid), UINT(l, f.gid, f.gid),                    \
        MODE(l, f.mode, f.mode), UINT(l, f.seq, f.__seq), SINT(l, f.key, f.__key)

#define SEMID(l)                                                                                                       \
    IPC_PERM(l, sem_perm), UINT(l, sem_nsems, sem_nsems), SINT(l, sem_otime, sem_otime), SINT(l, sem_ctime, sem_ctime)

#define SHMID(l)                                                                                                       \
    IPC_PERM(l, shm_perm), UINT(l, shm_segsz, shm_segsz), SINT(l, shm_lpid, shm_lpid), SINT(l, shm_cpid, shm_cpid),    \
        UINT(l, shm_nattch, shm_nattch), SINT(l, shm_atime, shm_atime), SINT(l, shm_dtime, shm_dtime),                 \
        SINT(l, shm_ctime, shm_ctime)

#define MSQID(l)                                                                                                       \
    IPC_PERM(l, msg_perm), UINT(l, msg_cbytes, __msg_cbytes), UINT(l, msg_qnum, msg_qnum),                             \
        UINT(l, msg_qbytes, msg_qbytes), SINT(l, msg_lspid, msg_lspid), SINT(l, msg_lrpid, msg_lrpid),                 \
        SINT(l, msg_stime, msg_stime), SINT(l, msg_rtime, msg_rtime), SINT(l, msg_ctime, msg_ctime)

TYPES(semid, struct fbsd_semid_ds, struct semid_ds);
static const struct field semid_fields[] = {SEMID(semid)};
LAYOUT(semid);

TYPES(shmid, struct fbsd_shmid_ds, struct shmid_ds);
static const struct field shmid_fields[] = {SHMID(shmid)};
LAYOUT(shmid);

TYPES(msqid, struct fbsd_msqid_ds, struct msqid_ds);
static const struct field msqid_fields[] = {MSQID(msqid)};
LAYOUT(msqid);

TYPES(old_semid, struct fbsd_old_semid_ds, struct semid_ds);
static const struct field old_semid_fields[] = {SEMID(old_semid)};
LAYOUT(old_semid);

TYPES(old_shmid, struct fbsd_old_shmid_ds, struct shmid_ds);
static const struct field old_shmid_fields[] = {SHMID(old_shmid)};
LAYOUT(old_shmid);

TYPES(old_msqid, struct fbsd_old_msqid_ds, struct msqid_ds);
static const struct field old_msqid_fields[] = {MSQID(old_msqid)};
LAYOUT(old_msqid);

/* ---- for tracing alone --------------------------------------------------------- */

TYPES(int, struct fbsd_int, struct fbsd_int);
static const struct field int_fields[] = {SINT(int, value, value)};
LAYOUT(int);

TYPES(fd_set, struct fbsd_fd_set, struct fbsd_fd_set);
static const struct field fd_set_fields[] = {UINT(fd_set, bits, bits)};
LAYOUT(fd_set);

TYPES(thr_param, struct fbsd_thr_param, struct fbsd_thr_param);
static const struct field thr_param_fields[] = {
    PTR(thr_param, start_func, start_func),  PTR(thr_param, arg, arg),           PTR(thr_param, stack_base, stack_base),
    UINT(thr_param, stack_size, stack_size), PTR(thr_param, tls_base, tls_base), PTR(thr_param, child_tid, child_tid),
    PTR(thr_param, parent_tid, parent_tid),  UINT(thr_param, flags, flags),
};
LAYOUT(thr_param);

TYPES(msghdr, struct fbsd_msghdr, struct fbsd_msghdr);
static const struct field msghdr_fields[] = {
    PTR(msghdr, msg_name, msg_name),       UINT(msghdr, msg_namelen, msg_namelen),
    PTR(msghdr, msg_iov, msg_iov),         SINT(msghdr, msg_iovlen, msg_iovlen),
    PTR(msghdr, msg_control, msg_control), UINT(msghdr, msg_controllen, msg_controllen),
};
LAYOUT(msghdr);
