/*
 * abi/freebsd/structs.h: structures that FreeBSD amd64 programs exchange with their kernel.  Field
 * names are the originals'; sizes and offsets are asserted.  The header that each comes from is named.
 */
#ifndef DRAGOMAN_ABI_FREEBSD_STRUCTS_H
#define DRAGOMAN_ABI_FREEBSD_STRUCTS_H

#include <stddef.h>
#include <stdint.h>

#define FBSD_SIZE(type, size)        _Static_assert(sizeof(struct type) == (size), "size of struct " #type)
#define FBSD_AT(type, field, offset) _Static_assert(offsetof(struct type, field) == (offset), #type "." #field)

/* sys/_timespec.h, sys/_timeval.h, sys/time.h, sys/timespec.h */
struct fbsd_timespec {
    int64_t tv_sec, tv_nsec;
};
struct fbsd_timeval {
    int64_t tv_sec, tv_usec;
};
struct fbsd_timespec2 {
    struct fbsd_timespec t[2];
};
struct fbsd_timeval2 {
    struct fbsd_timeval t[2];
};
struct fbsd_itimerval {
    struct fbsd_timeval it_interval, it_value;
};
struct fbsd_itimerspec {
    struct fbsd_timespec it_interval, it_value;
};
struct fbsd_timezone {
    int32_t tz_minuteswest, tz_dsttime;
};
FBSD_SIZE(fbsd_timespec, 16);
FBSD_SIZE(fbsd_timeval, 16);
FBSD_SIZE(fbsd_itimerval, 32);
FBSD_SIZE(fbsd_itimerspec, 32);
FBSD_AT(fbsd_itimerspec, it_value, 16);
FBSD_SIZE(fbsd_timezone, 8);

/* sys/resource.h */
struct fbsd_rlimit {
    int64_t rlim_cur, rlim_max;
};
struct fbsd_rusage {
    struct fbsd_timeval ru_utime, ru_stime;
    int64_t             ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap;
    int64_t             ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};
struct fbsd_wrusage {
    struct fbsd_rusage wru_self, wru_children;
};
FBSD_SIZE(fbsd_rlimit, 16);
FBSD_SIZE(fbsd_rusage, 144);
FBSD_AT(fbsd_rusage, ru_maxrss, 32);
FBSD_AT(fbsd_rusage, ru_nivcsw, 136);
FBSD_SIZE(fbsd_wrusage, 288);

/* sys/sched.h, sys/rtprio.h */
struct fbsd_sched_param {
    int32_t sched_priority;
};
struct fbsd_rtprio {
    uint16_t type, prio;
};
FBSD_SIZE(fbsd_sched_param, 4);
FBSD_SIZE(fbsd_rtprio, 4);

/* sys/stat.h */
struct fbsd_stat {
    uint64_t             st_dev, st_ino, st_nlink;
    uint16_t             st_mode;
    int16_t              st_padding0;
    uint32_t             st_uid, st_gid;
    int32_t              st_padding1;
    uint64_t             st_rdev;
    struct fbsd_timespec st_atim, st_mtim, st_ctim, st_birthtim;
    int64_t              st_size, st_blocks;
    int32_t              st_blksize;
    uint32_t             st_flags;
    uint64_t             st_gen;
    uint64_t             st_spare[10];
};
FBSD_SIZE(fbsd_stat, 224);
FBSD_AT(fbsd_stat, st_mode, 24);
FBSD_AT(fbsd_stat, st_uid, 28);
FBSD_AT(fbsd_stat, st_rdev, 40);
FBSD_AT(fbsd_stat, st_atim, 48);
FBSD_AT(fbsd_stat, st_birthtim, 96);
FBSD_AT(fbsd_stat, st_size, 112);
FBSD_AT(fbsd_stat, st_blksize, 128);
FBSD_AT(fbsd_stat, st_gen, 136);

struct fbsd11_stat {
    uint32_t             st_dev, st_ino;
    uint16_t             st_mode, st_nlink;
    uint32_t             st_uid, st_gid, st_rdev;
    struct fbsd_timespec st_atim, st_mtim, st_ctim;
    int64_t              st_size, st_blocks;
    int32_t              st_blksize;
    uint32_t             st_flags, st_gen;
    int32_t              st_lspare;
    struct fbsd_timespec st_birthtim;
};
FBSD_SIZE(fbsd11_stat, 120);
FBSD_AT(fbsd11_stat, st_mode, 8);
FBSD_AT(fbsd11_stat, st_nlink, 10);
FBSD_AT(fbsd11_stat, st_rdev, 20);
FBSD_AT(fbsd11_stat, st_atim, 24);
FBSD_AT(fbsd11_stat, st_size, 72);
FBSD_AT(fbsd11_stat, st_blksize, 88);
FBSD_AT(fbsd11_stat, st_gen, 96);
FBSD_AT(fbsd11_stat, st_birthtim, 104);

/* sys/stat.h: struct nstat */
struct fbsd11_nstat {
    uint32_t             st_dev, st_ino, st_mode, st_nlink, st_uid, st_gid, st_rdev, st_pad;
    struct fbsd_timespec st_atim, st_mtim, st_ctim;
    int64_t              st_size, st_blocks;
    int32_t              st_blksize;
    uint32_t             st_flags, st_gen, st_pad1;
    struct fbsd_timespec st_birthtim;
};
FBSD_SIZE(fbsd11_nstat, 128);
FBSD_AT(fbsd11_nstat, st_atim, 32);
FBSD_AT(fbsd11_nstat, st_size, 80);
FBSD_AT(fbsd11_nstat, st_birthtim, 112);

/* sys/mount.h */
#define FBSD_STATFS_VERSION   0x20140518u
#define FBSD11_STATFS_VERSION 0x20030518u
struct fbsd_statfs {
    uint32_t f_version, f_type;
    uint64_t f_flags, f_bsize, f_iosize, f_blocks, f_bfree;
    int64_t  f_bavail;
    uint64_t f_files;
    int64_t  f_ffree;
    uint64_t f_syncwrites, f_asyncwrites, f_syncreads, f_asyncreads;
    uint32_t f_nvnodelistsize, f_spare0;
    uint64_t f_spare[9];
    uint32_t f_namemax, f_owner;
    int32_t  f_fsid[2];
    char     f_charspare[80];
    char     f_fstypename[16], f_mntfromname[1024], f_mntonname[1024];
};
FBSD_SIZE(fbsd_statfs, 2344);
FBSD_AT(fbsd_statfs, f_bavail, 48);
FBSD_AT(fbsd_statfs, f_namemax, 184);
FBSD_AT(fbsd_statfs, f_fsid, 192);
FBSD_AT(fbsd_statfs, f_fstypename, 280);
FBSD_AT(fbsd_statfs, f_mntonname, 1320);

struct fbsd11_statfs {
    uint32_t f_version, f_type;
    uint64_t f_flags, f_bsize, f_iosize, f_blocks, f_bfree;
    int64_t  f_bavail;
    uint64_t f_files;
    int64_t  f_ffree;
    uint64_t f_syncwrites, f_asyncwrites, f_syncreads, f_asyncreads, f_spare[10];
    uint32_t f_namemax, f_owner;
    int32_t  f_fsid[2];
    char     f_charspare[80];
    char     f_fstypename[16], f_mntfromname[88], f_mntonname[88];
};
FBSD_SIZE(fbsd11_statfs, 472);
FBSD_AT(fbsd11_statfs, f_namemax, 184);
FBSD_AT(fbsd11_statfs, f_fstypename, 280);
FBSD_AT(fbsd11_statfs, f_mntonname, 384);

/* struct ostatfs: 4.x's.  Its flags are the low half of today's. */
struct fbsd4_statfs {
    int64_t  f_spare2, f_bsize, f_iosize, f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t  f_fsid[2];
    uint32_t f_owner, f_type, f_flags;
    int64_t  f_syncwrites, f_asyncwrites;
    char     f_fstypename[16], f_mntonname[72];
    int64_t  f_syncreads, f_asyncreads;
    int16_t  f_spares1;
    char     f_mntfromname[72];
    int16_t  f_spares2;
    int64_t  f_spare[2];
};
FBSD_SIZE(fbsd4_statfs, 304);
FBSD_AT(fbsd4_statfs, f_fsid, 64);
FBSD_AT(fbsd4_statfs, f_flags, 80);
FBSD_AT(fbsd4_statfs, f_fstypename, 104);
FBSD_AT(fbsd4_statfs, f_mntfromname, 210);

/* sys/dirent.h: the head of a record, d_name follows */
struct fbsd_dirent {
    uint64_t d_fileno;
    int64_t  d_off;
    uint16_t d_reclen;
    uint8_t  d_type, d_pad0;
    uint16_t d_namlen, d_pad1;
};
struct fbsd11_dirent {
    uint32_t d_fileno;
    uint16_t d_reclen;
    uint8_t  d_type, d_namlen;
};
FBSD_SIZE(fbsd_dirent, 24);
FBSD_SIZE(fbsd11_dirent, 8);

/* sys/fcntl.h */
struct fbsd_oflock {
    int64_t l_start, l_len;
    int32_t l_pid;
    int16_t l_type, l_whence;
};
struct fbsd_flock {
    int64_t l_start, l_len;
    int32_t l_pid;
    int16_t l_type, l_whence;
    int32_t l_sysid, l_padding;
};
struct fbsd_spacectl_range {
    int64_t r_offset, r_len;
};
FBSD_SIZE(fbsd_oflock, 24);
FBSD_SIZE(fbsd_flock, 32);
FBSD_AT(fbsd_flock, l_type, 20);
FBSD_AT(fbsd_flock, l_sysid, 24);

/* An element of an array; the part of an fd_set that is read at a time. */
struct fbsd_int {
    int32_t value;
};
struct fbsd_fd_set {
    uint64_t bits;
};

/* What pipe2 and socketpair give. */
struct fbsd_fd_pair {
    int32_t fd[2];
};

/* sys/_sigset.h, sys/signal.h */
struct fbsd_sigset {
    uint32_t bits[4];
};
struct fbsd_sigaction {
    uint64_t           sa_handler;
    int32_t            sa_flags;
    struct fbsd_sigset sa_mask;
    int32_t            sa_padding;
};
struct fbsd_stack {
    uint64_t ss_sp, ss_size;
    int32_t  ss_flags, ss_padding;
};
struct fbsd_siginfo {
    int32_t  si_signo, si_errno, si_code, si_pid;
    uint32_t si_uid;
    int32_t  si_status;
    uint64_t si_addr, si_value;
    union {
        int32_t si_trapno;
        struct {
            int32_t si_timerid, si_overrun;
        };
        int32_t si_mqd;
        int64_t si_band;
        int64_t si_spare[5];
    };
};
struct fbsd_sigevent {
    int32_t  sigev_notify, sigev_signo;
    uint64_t sigev_value;
    union {
        int32_t  sigev_threadid;
        uint16_t sigev_kevent_flags;
        struct {
            uint64_t sigev_function, sigev_attribute;
        };
        int64_t sigev_spare[8];
    };
};
FBSD_SIZE(fbsd_sigset, 16);
FBSD_SIZE(fbsd_sigaction, 32);
FBSD_AT(fbsd_sigaction, sa_mask, 12);
FBSD_SIZE(fbsd_stack, 24);
FBSD_SIZE(fbsd_siginfo, 80);
FBSD_AT(fbsd_siginfo, si_addr, 24);
FBSD_AT(fbsd_siginfo, si_value, 32);
FBSD_AT(fbsd_siginfo, si_trapno, 40);
FBSD_AT(fbsd_siginfo, si_overrun, 44);
FBSD_SIZE(fbsd_sigevent, 80);
FBSD_AT(fbsd_sigevent, sigev_threadid, 16);

/* sys/event.h */
struct fbsd_kevent {
    uint64_t ident;
    int16_t  filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t  data;
    uint64_t udata, ext[4];
};
struct fbsd11_kevent {
    uint64_t ident;
    int16_t  filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t  data;
    uint64_t udata;
};
FBSD_SIZE(fbsd_kevent, 64);
FBSD_AT(fbsd_kevent, ext, 32);
FBSD_SIZE(fbsd11_kevent, 32);

/* sys/poll.h */
struct fbsd_pollfd {
    int32_t fd;
    int16_t events, revents;
};
FBSD_SIZE(fbsd_pollfd, 8);

/* sys/thr.h, sys/_umtx.h */
struct fbsd_thr_param {
    uint64_t start_func, arg, stack_base, stack_size, tls_base, tls_size, child_tid, parent_tid;
    int32_t  flags, padding;
    uint64_t rtp, spare[3];
};
struct fbsd_umtx_time {
    struct fbsd_timespec timeout;
    uint32_t             flags, clockid;
};
FBSD_SIZE(fbsd_thr_param, 104);
FBSD_AT(fbsd_thr_param, rtp, 72);
FBSD_SIZE(fbsd_umtx_time, 24);

/* sys/socket.h, netinet/in.h, netinet6/in6.h, sys/un.h */
struct fbsd_sockaddr {
    uint8_t sa_len, sa_family; /* the address follows */
};
struct fbsd_linger {
    int32_t l_onoff, l_linger;
};
struct fbsd_msghdr {
    uint64_t msg_name;
    uint32_t msg_namelen, msg_padding0;
    uint64_t msg_iov;
    int32_t  msg_iovlen, msg_padding1;
    uint64_t msg_control;
    uint32_t msg_controllen;
    int32_t  msg_flags;
};
struct fbsd_cmsghdr {
    uint32_t cmsg_len;
    int32_t  cmsg_level, cmsg_type;
};
FBSD_SIZE(fbsd_linger, 8);
FBSD_SIZE(fbsd_msghdr, 48);
FBSD_AT(fbsd_msghdr, msg_iov, 16);
FBSD_AT(fbsd_msghdr, msg_flags, 44);
FBSD_SIZE(fbsd_cmsghdr, 12);

/* sys/ipc.h, sys/sem.h, sys/shm.h, sys/msg.h */
struct fbsd_ipc_perm {
    uint32_t cuid, cgid, uid, gid;
    uint16_t mode, seq;
    uint32_t padding0;
    int64_t  key;
};
struct fbsd_semid_ds {
    struct fbsd_ipc_perm sem_perm;
    uint64_t             sem_base;
    uint16_t             sem_nsems, padding0[3];
    int64_t              sem_otime, sem_ctime;
};
struct fbsd_shmid_ds {
    struct fbsd_ipc_perm shm_perm;
    uint64_t             shm_segsz;
    int32_t              shm_lpid, shm_cpid;
    uint32_t             shm_nattch, padding0;
    int64_t              shm_atime, shm_dtime, shm_ctime;
};
struct fbsd_msqid_ds {
    struct fbsd_ipc_perm msg_perm;
    uint64_t             msg_first, msg_last, msg_cbytes, msg_qnum, msg_qbytes;
    int32_t              msg_lspid, msg_lrpid;
    int64_t              msg_stime, msg_rtime, msg_ctime;
};
/* As in FreeBSD 7 and older: the same headers' *_old, with everything that was in there for the SVABI. */
struct fbsd_old_ipc_perm {
    uint16_t cuid, cgid, uid, gid, mode, seq;
    uint32_t padding0;
    int64_t  key;
};
struct fbsd_old_semid_ds {
    struct fbsd_old_ipc_perm sem_perm;
    uint64_t                 sem_base;
    uint16_t                 sem_nsems, padding0[3];
    int64_t                  sem_otime, sem_pad1, sem_ctime, sem_pad2, sem_pad3[4];
};
struct fbsd_old_shmid_ds {
    struct fbsd_old_ipc_perm shm_perm;
    int32_t                  shm_segsz, shm_lpid, shm_cpid;
    int16_t                  shm_nattch, padding0;
    int64_t                  shm_atime, shm_dtime, shm_ctime;
    uint64_t                 shm_internal;
};
struct fbsd_old_msqid_ds {
    struct fbsd_old_ipc_perm msg_perm;
    uint64_t                 msg_first, msg_last, msg_cbytes, msg_qnum, msg_qbytes;
    int32_t                  msg_lspid, msg_lrpid;
    int64_t                  msg_stime, msg_pad1, msg_rtime, msg_pad2, msg_ctime, msg_pad3, msg_pad4[4];
};
FBSD_SIZE(fbsd_old_ipc_perm, 24);
FBSD_SIZE(fbsd_old_semid_ds, 104);
FBSD_SIZE(fbsd_old_shmid_ds, 72);
FBSD_SIZE(fbsd_old_msqid_ds, 152);
FBSD_SIZE(fbsd_ipc_perm, 32);
FBSD_SIZE(fbsd_semid_ds, 64);
FBSD_SIZE(fbsd_shmid_ds, 80);
FBSD_SIZE(fbsd_msqid_ds, 104);

#undef FBSD_SIZE
#undef FBSD_AT

#endif
