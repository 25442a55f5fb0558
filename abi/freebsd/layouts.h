/*
 * abi/freebsd/layouts.h: how structures convert; rows name them as IN(arg, stat) and the like.
 * Defined in layouts.c; the struct on our side is named here.
 */
#ifndef DRAGOMAN_ABI_FREEBSD_LAYOUTS_H
#define DRAGOMAN_ABI_FREEBSD_LAYOUTS_H

#include "abi/abi.h"

extern const struct layout freebsd_layout_timespec;        /* struct timespec */
extern const struct layout freebsd_layout_timespec2;       /* struct timespec[2] */
extern const struct layout freebsd_layout_timeval;         /* struct timeval */
extern const struct layout freebsd_layout_timeval2;        /* struct timeval[2] */
extern const struct layout freebsd_layout_itimerval;       /* struct itimerval */
extern const struct layout freebsd_layout_itimerspec;      /* struct itimerspec */
extern const struct layout freebsd_layout_timezone;        /* struct timezone */
extern const struct layout freebsd_layout_rlimit;          /* struct rlimit, RLIM_INFINITY converted */
extern const struct layout freebsd_layout_rusage;          /* struct rusage */
extern const struct layout freebsd_layout_wrusage;         /* struct rusage[2]: own, children's */
extern const struct layout freebsd_layout_sched_param;     /* struct sched_param, priority not converted */
extern const struct layout freebsd_layout_rtprio;          /* struct krtprio */
extern const struct layout freebsd_layout_stat;            /* struct kstat */
extern const struct layout freebsd_layout_freebsd11_stat;  /* struct kstat; numbers that do not fit are cut */
extern const struct layout freebsd_layout_freebsd11_nstat; /* the same, as NetBSD of old had it */
/* struct kstatfs: larger than a row may convert, for struct_out.  The version is the handler's to set (structs.h). */
extern const struct layout freebsd_layout_statfs;
extern const struct layout freebsd_layout_freebsd11_statfs;
extern const struct layout freebsd_layout_freebsd4_statfs;
extern const struct layout freebsd_layout_flock;     /* struct flock */
extern const struct layout freebsd_layout_termios;   /* struct ktermios; termios.c */
extern const struct layout freebsd_layout_oflock;    /* struct flock */
extern const struct layout freebsd_layout_sigset;    /* struct sigset */
extern const struct layout freebsd_layout_sigaction; /* struct ksigaction */
extern const struct layout freebsd_layout_stack;     /* struct kstack */
/* struct ksiginfo, as the calls that wait for signals give it: of the union, timer and overrun. */
extern const struct layout freebsd_layout_siginfo;
extern const struct layout freebsd_layout_pollfd;           /* struct pollfd, events converted, fd not */
extern const struct layout freebsd_layout_kevent;           /* struct kkevent */
extern const struct layout freebsd_layout_freebsd11_kevent; /* struct kkevent */
/* The head of any address.  Addresses convert by abi/sock.h; this is for tracing. */
extern const struct layout freebsd_layout_sockaddr;
extern const struct layout freebsd_layout_fd_pair; /* int[2] */
extern const struct layout freebsd_layout_semid;   /* struct semid_ds */
extern const struct layout freebsd_layout_shmid;   /* struct shmid_ds */
extern const struct layout freebsd_layout_msqid;   /* struct msqid_ds */
/* The same of FreeBSD 7 and older; numbers that do not fit are cut. */
extern const struct layout freebsd_layout_old_semid, freebsd_layout_old_shmid, freebsd_layout_old_msqid;
/* The guest's own forms, for tracing. */
extern const struct layout freebsd_layout_int;
extern const struct layout freebsd_layout_fd_set;
extern const struct layout freebsd_layout_thr_param;
extern const struct layout freebsd_layout_msghdr;
extern const struct layout freebsd_layout_linger; /* struct linger */

#endif
