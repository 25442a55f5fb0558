/*
 * abi/neutral.h: values for meanings that foreign kernels have and Linux lacks,
 * and structures that every ABI converts to and from.  Host values are used
 * wherever Linux has the meaning; these begin above bit 32.
 */
#ifndef DRAGOMAN_ABI_NEUTRAL_H
#define DRAGOMAN_ABI_NEUTRAL_H

#include <stdbool.h>
#include <stdint.h>

/* Errors that the host lacks: they go on where its own end. */
#define D_ENOTCAPABLE 134 /* the descriptor does not have the right */
#define D_ECAPMODE    135 /* not in capability mode */

/* open */
#define D_O_ACCMODE         3 /* the host's; musl's <fcntl.h> counts O_PATH in */
#define D_O_SHLOCK          (1ull << 32)
#define D_O_EXLOCK          (1ull << 33)
#define D_O_EXEC            (1ull << 34) /* execute only; with a directory: search only */
#define D_O_RESOLVE_BENEATH (1ull << 35)
#define D_O_EMPTY_PATH      (1ull << 36)
#define D_O_VERIFY          (1ull << 37)
#define D_O_TTY_INIT        (1ull << 38)
#define D_O_CLOFORK         (1ull << 39)

#define D_CLOSE_RANGE_CLOFORK (1ull << 32)

/* *at calls */
#define D_AT_RESOLVE_BENEATH (1ull << 32)

/* mmap */
#define D_MAP_GUARD       (1ull << 32)
#define D_MAP_EXCL        (1ull << 33)
#define D_MAP_32BIT       (1ull << 34)
#define D_MAP_STACK       (1ull << 35)
#define D_MAP_ALIGN_SHIFT 40 /* six bits: log2 of the alignment; 1 means a super page */
#define D_MAP_ALIGN_MASK  (0x3full << D_MAP_ALIGN_SHIFT)

/* fcntl commands */
#define D_F_OGETLK                 (1ll << 32)
#define D_F_OSETLK                 (2ll << 32)
#define D_F_OSETLKW                (3ll << 32)
#define D_F_DUP2FD                 (4ll << 32)
#define D_F_DUP2FD_CLOEXEC         (5ll << 32)
#define D_F_SETLK_REMOTE           (6ll << 32)
#define D_F_READAHEAD              (7ll << 32)
#define D_F_RDAHEAD                (8ll << 32)
#define D_F_ISUNIONSTACK           (9ll << 32)
#define D_F_KINFO                  (10ll << 32)
#define D_F_DUPFD_CLOFORK          (11ll << 32)
#define D_F_DUP3FD                 (12ll << 32)
#define D_F_DUP3FD_CLOEXEC         (13ll << 32)
#define D_F_DUP3FD_CLOFORK         (14ll << 32)
#define D_F_DUP3FD_CLOEXEC_CLOFORK (15ll << 32)

/* ioctl: commands that the host has by another name, and those that only change the descriptor */
#define D_IOC_FLUSH    (1ll << 32)
#define D_IOC_DRAIN    (2ll << 32)
#define D_IOC_START    (3ll << 32)
#define D_IOC_STOP     (4ll << 32)
#define D_IOC_DEVTYPE  (5ll << 32)
#define D_IOC_PTMASTER (6ll << 32)
#define D_IOC_DEVNAME  (7ll << 32)
#define D_IOC_UNSENT   (8ll << 32)
#define D_IOC_SPACE    (9ll << 32)
#define D_IOC_SEEKDATA (10ll << 32)
#define D_IOC_SEEKHOLE (11ll << 32)
#define D_IOC_SIGNAL   (12ll << 32)
#define D_IOC_STATUS   (13ll << 32)
#define D_IOC_GETTERM  0x802c542all /* the host's TCGETS2, TCSETS2, ... */
#define D_IOC_SETTERM  0x402c542bll
#define D_IOC_SETTERMW 0x402c542cll
#define D_IOC_SETTERMF 0x402c542dll

/* madvise: hints that the host has no word for */
#define D_MADV_NOSYNC   (1ll << 32)
#define D_MADV_AUTOSYNC (2ll << 32)
#define D_MADV_PROTECT  (3ll << 32)

/* clocks */
#define D_CLOCK_VIRTUAL (1ll << 32) /* user time of the process */
#define D_CLOCK_SECOND  (2ll << 32) /* real time, whole seconds */
#define D_CLOCK_NONE    (3ll << 32) /* no such clock */

/* wait6, procctl */
#define D_WTRAPPED (1ull << 32)
#define D_P_PPID   (1ll << 32)
#define D_P_SID    (2ll << 32)
#define D_P_CID    (3ll << 32) /* scheduling class */
#define D_P_UID    (4ll << 32)
#define D_P_GID    (5ll << 32)
#define D_P_LWPID  (6ll << 32)
#define D_P_JAILID (7ll << 32)

/* limits */
#define D_RLIMIT_SBSIZE  (1ll << 32) /* socket buffers, bytes */
#define D_RLIMIT_NPTS    (2ll << 32)
#define D_RLIMIT_SWAP    (3ll << 32)
#define D_RLIMIT_KQUEUES (4ll << 32)
#define D_RLIMIT_UMTXP   (5ll << 32)
#define D_RLIMIT_PIPEBUF (6ll << 32)

/* sockets, timers */
#define D_MSG_EOF      (1ull << 32) /* shut the sending side down after the data */
#define D_SIGEV_KEVENT (1ll << 32)

/* sigaction flags */
#define D_SA_ONSTACK   0x1u
#define D_SA_RESTART   0x2u
#define D_SA_RESETHAND 0x4u
#define D_SA_NOCLDSTOP 0x8u
#define D_SA_NODEFER   0x10u
#define D_SA_NOCLDWAIT 0x20u
#define D_SA_SIGINFO   0x40u

#define D_SS_ONSTACK 1u
#define D_SS_DISABLE 4u

#define D_SIG_DFL 0ull
#define D_SIG_IGN 1ull

/* sigprocmask */
#define D_SIG_BLOCK   1
#define D_SIG_UNBLOCK 2
#define D_SIG_SETMASK 3

/* Guest signal set: bit n - 1 is guest signal n.  128 are enough for every ABI here. */
struct sigset {
    uint64_t w[2];
};

struct ksigaction {
    uint64_t      handler; /* guest address, D_SIG_DFL or D_SIG_IGN */
    uint64_t      flags;   /* D_SA_* */
    struct sigset mask;
};

struct kstack {
    uint64_t sp, size;
    uint64_t flags; /* D_SS_* */
};

/* A queued or pending signal: guest signal number and guest si_code. */
struct ksiginfo {
    int32_t  signo, error, code, pid;
    uint32_t uid;
    int32_t  status;
    uint64_t addr, value;
    int32_t  trapno, timerid, overrun;
    int64_t  owner; /* not 0: of a sender who has one entry at a time, found by this number and never counted */
    bool     must;  /* sigqueue(2): rather fails than loses what it says */
};

/* stat of every ABI.  Host numbers; times with nanoseconds. */
struct kstat {
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, flags;
    uint64_t rdev, size, blksize, blocks, gen;
    int64_t  atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns, btime, btime_ns;
};

/* statfs of every ABI.  flags are the host's ST_*. */
struct kstatfs {
    uint32_t version, type;
    uint64_t flags, bsize, iosize, blocks, bfree;
    int64_t  bavail;
    uint64_t files;
    int64_t  ffree;
    uint32_t namemax, owner;
    int32_t  fsid[2];
    char     fstypename[16], mntfromname[1024], mntonname[1024];
};

/* The host kernel's struct termios2 (asm-generic/termbits.h), which C libraries do not show. */
struct ktermios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t  line, cc[19];
    uint32_t ispeed, ospeed;
};

/* FreeBSD's scheduling class; its numbers. */
struct krtprio {
    uint32_t type, prio;
};

/* One kevent; filter and flags in FreeBSD's encoding, which the other BSDs' tables convert to. */
struct kkevent {
    uint64_t ident;
    int32_t  filter;
    uint32_t flags, fflags;
    int64_t  data;
    uint64_t udata;
    uint64_t ext[4];
};

#endif
