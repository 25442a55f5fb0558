/*
 * abi/caprights.h: what a descriptor may be used for, where a foreign kernel keeps that (FreeBSD's Capsicum).
 *
 * One bit a right, of 128; the bits are FreeBSD's own (sys/capsicum.h of 14): its first word below, its second
 * above.  Version and index bits of cap_rights_t are not among them: abi/freebsd/caprights.c puts them on.
 */
#ifndef DRAGOMAN_ABI_CAPRIGHTS_H
#define DRAGOMAN_ABI_CAPRIGHTS_H

#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 caprights;
#define CAPRIGHTS_WORDS 2 /* as programs have them */

#define CAPRIGHT_0(bits) ((caprights)(bits))
#define CAPRIGHT_1(bits) ((caprights)(bits) << 64)

#define D_CAP_NONE            CAPRIGHT_0(0)
#define D_CAP_READ            CAPRIGHT_0(0x1)
#define D_CAP_WRITE           CAPRIGHT_0(0x2)
#define D_CAP_SEEK            CAPRIGHT_0(0xc) /* 0x4 alone: CAP_SEEK_TELL */
#define D_CAP_PREAD           (D_CAP_SEEK | D_CAP_READ)
#define D_CAP_PWRITE          (D_CAP_SEEK | D_CAP_WRITE)
#define D_CAP_MMAP            CAPRIGHT_0(0x10)
#define D_CAP_MMAP_R          (D_CAP_MMAP | D_CAP_SEEK | D_CAP_READ)
#define D_CAP_MMAP_W          (D_CAP_MMAP | D_CAP_SEEK | D_CAP_WRITE)
#define D_CAP_MMAP_X          (D_CAP_MMAP | D_CAP_SEEK | CAPRIGHT_0(0x20))
#define D_CAP_CREATE          CAPRIGHT_0(0x40)
#define D_CAP_FEXECVE         CAPRIGHT_0(0x80)
#define D_CAP_FSYNC           CAPRIGHT_0(0x100)
#define D_CAP_FTRUNCATE       CAPRIGHT_0(0x200)
#define D_CAP_LOOKUP          CAPRIGHT_0(0x400)
#define D_CAP_FCHDIR          CAPRIGHT_0(0x800)
#define D_CAP_FCHFLAGS        CAPRIGHT_0(0x1000)
#define D_CAP_CHFLAGSAT       (D_CAP_FCHFLAGS | D_CAP_LOOKUP)
#define D_CAP_FCHMOD          CAPRIGHT_0(0x2000)
#define D_CAP_FCHMODAT        (D_CAP_FCHMOD | D_CAP_LOOKUP)
#define D_CAP_FCHOWN          CAPRIGHT_0(0x4000)
#define D_CAP_FCHOWNAT        (D_CAP_FCHOWN | D_CAP_LOOKUP)
#define D_CAP_FCNTL           CAPRIGHT_0(0x8000)
#define D_CAP_FLOCK           CAPRIGHT_0(0x10000)
#define D_CAP_FPATHCONF       CAPRIGHT_0(0x20000)
#define D_CAP_FSTAT           CAPRIGHT_0(0x80000)
#define D_CAP_FSTATAT         (D_CAP_FSTAT | D_CAP_LOOKUP)
#define D_CAP_FSTATFS         CAPRIGHT_0(0x100000)
#define D_CAP_FUTIMES         CAPRIGHT_0(0x200000)
#define D_CAP_FUTIMESAT       (D_CAP_FUTIMES | D_CAP_LOOKUP)
#define D_CAP_LINKAT_TARGET   (D_CAP_LOOKUP | CAPRIGHT_0(0x400000))
#define D_CAP_MKDIRAT         (D_CAP_LOOKUP | CAPRIGHT_0(0x800000))
#define D_CAP_MKFIFOAT        (D_CAP_LOOKUP | CAPRIGHT_0(0x1000000))
#define D_CAP_MKNODAT         (D_CAP_LOOKUP | CAPRIGHT_0(0x2000000))
#define D_CAP_RENAMEAT_SOURCE (D_CAP_LOOKUP | CAPRIGHT_0(0x4000000))
#define D_CAP_SYMLINKAT       (D_CAP_LOOKUP | CAPRIGHT_0(0x8000000))
#define D_CAP_UNLINKAT        (D_CAP_LOOKUP | CAPRIGHT_0(0x10000000))
#define D_CAP_ACCEPT          CAPRIGHT_0(0x20000000)
#define D_CAP_BIND            CAPRIGHT_0(0x40000000)
#define D_CAP_CONNECT         CAPRIGHT_0(0x80000000)
#define D_CAP_GETPEERNAME     CAPRIGHT_0(0x100000000)
#define D_CAP_GETSOCKNAME     CAPRIGHT_0(0x200000000)
#define D_CAP_GETSOCKOPT      CAPRIGHT_0(0x400000000)
#define D_CAP_LISTEN          CAPRIGHT_0(0x800000000)
#define D_CAP_PEELOFF         CAPRIGHT_0(0x1000000000)
#define D_CAP_SETSOCKOPT      CAPRIGHT_0(0x2000000000)
#define D_CAP_SHUTDOWN        CAPRIGHT_0(0x4000000000)
#define D_CAP_BINDAT          (D_CAP_LOOKUP | CAPRIGHT_0(0x8000000000))
#define D_CAP_CONNECTAT       (D_CAP_LOOKUP | CAPRIGHT_0(0x10000000000))
#define D_CAP_LINKAT_SOURCE   (D_CAP_LOOKUP | CAPRIGHT_0(0x20000000000))
#define D_CAP_RENAMEAT_TARGET (D_CAP_LOOKUP | CAPRIGHT_0(0x40000000000))
#define D_CAP_MAC_GET         CAPRIGHT_1(0x1)
#define D_CAP_MAC_SET         CAPRIGHT_1(0x2)
#define D_CAP_SEM_GETVALUE    CAPRIGHT_1(0x4)
#define D_CAP_SEM_POST        CAPRIGHT_1(0x8)
#define D_CAP_SEM_WAIT        CAPRIGHT_1(0x10)
#define D_CAP_EVENT           CAPRIGHT_1(0x20)
#define D_CAP_KQUEUE_EVENT    CAPRIGHT_1(0x40)
#define D_CAP_IOCTL           CAPRIGHT_1(0x80)
#define D_CAP_PDGETPID        CAPRIGHT_1(0x200)
#define D_CAP_PDWAIT          CAPRIGHT_1(0x400)
#define D_CAP_PDKILL          CAPRIGHT_1(0x800)
#define D_CAP_EXTATTR_DELETE  CAPRIGHT_1(0x1000)
#define D_CAP_EXTATTR_GET     CAPRIGHT_1(0x2000)
#define D_CAP_EXTATTR_LIST    CAPRIGHT_1(0x4000)
#define D_CAP_EXTATTR_SET     CAPRIGHT_1(0x8000)
#define D_CAP_ACL_CHECK       CAPRIGHT_1(0x10000)
#define D_CAP_ACL_DELETE      CAPRIGHT_1(0x20000)
#define D_CAP_ACL_GET         CAPRIGHT_1(0x40000)
#define D_CAP_ACL_SET         CAPRIGHT_1(0x80000)
#define D_CAP_KQUEUE_CHANGE   CAPRIGHT_1(0x100000)
#define D_CAP_ALL             (CAPRIGHT_0(0x7ffffffffff) | CAPRIGHT_1(0x1fffff))

/* fcntl commands that can be forbidden one by one; bits as FreeBSD numbers the commands. */
#define D_CAP_FCNTL_GETFL  (1u << 3)
#define D_CAP_FCNTL_SETFL  (1u << 4)
#define D_CAP_FCNTL_GETOWN (1u << 5)
#define D_CAP_FCNTL_SETOWN (1u << 6)
#define D_CAP_FCNTL_ALL    (D_CAP_FCNTL_GETFL | D_CAP_FCNTL_SETFL | D_CAP_FCNTL_GETOWN | D_CAP_FCNTL_SETOWN)

/* What a row wants besides, by its other arguments (syscalls/capability.c). */
enum cap_extra {
    CAPX_NONE,
    CAPX_OPEN,   /* argument 2: the flags; the new descriptor gets the directory's limits */
    CAPX_ACCEPT, /* the new descriptor gets the listening one's limits */
    CAPX_MMAP,   /* arguments 2 and 3: protection and flags */
    CAPX_FCNTL,  /* argument 1: the command */
    CAPX_IOCTL,  /* argument 1: the command */
    CAPX_KEVENT, /* arguments 2 and 4: how many changes and events */
    CAPX_SENDTO, /* argument 4: the address */
    CAPX_RANGES, /* copy_file_range: arguments 1 and 3 are positions */
};

#define CAP_FDS_MAX 2 /* descriptors among a row's arguments */

/* One row's: whether it may be called in capability mode, and what its descriptors need, in their order. */
struct cap_row {
    const char *name; /* the row's; NULL: no descriptors, and not in capability mode */
    bool        enabled;
    uint8_t     extra; /* enum cap_extra */
    caprights   want[CAP_FDS_MAX];
};

#endif
