/* capsicum/capsicum.h: rights by name, and what both parts of the sample ask. */
#ifndef SAMPLE_CAPSICUM_H
#define SAMPLE_CAPSICUM_H

#include "sample.h"

enum { ENOTCAPABLE = 93, ECAPMODE = 94 };

#define R0(bits) ((bits) | 1ull << 57)
#define R1(bits) ((bits) | 1ull << 58)
enum {
    READ = 1,
    WRITE = 2,
    SEEK = 0xc,
    MMAP = 0x10,
    MMAP_X = 0x20,
    CREATE = 0x40,
    FEXECVE = 0x80,
    FSYNC = 0x100,
    FTRUNCATE = 0x200,
    LOOKUP = 0x400,
    FCHMOD = 0x2000,
    FCNTL = 0x8000,
    FLOCK = 0x10000,
    FSTAT = 0x80000,
    RENAMEAT_SOURCE = 0x4000000,
    MKDIRAT = 0x800000,
    UNLINKAT = 0x10000000,
    ACCEPT = 0x20000000,
    RENAMEAT_TARGET = 0x40000000000,
    ALL0 = 0x7ffffffffff,
    EVENT = 0x20,
    KQUEUE_EVENT = 0x40,
    IOCTL = 0x80,
    KQUEUE_CHANGE = 0x100000,
    ALL1 = 0x1fffff,
};
#define FIONREAD           0x4004667fl
#define FIONBIO            0x8004667el
#define IOCTLS_ALL         INT64_MAX
#define F_GETOWN           5
#define F_KINFO            22
#define F_DUPFD_CLOEXEC    17
#define O_EXEC             0x40000
#define AT_RESOLVE_BENEATH 0x2000

/* ---- capsicum.c */
extern char path[512]; /* room for a name or anything else */
extern int  kif[348];  /* struct kinfo_file; its size comes first */

long limit(int fd, uint64_t first, uint64_t second); /* cap_rights_limit */
bool rights_are(int fd, uint64_t first, uint64_t second);
void expect(long got, long want, const char *what);
void denied(long got, const char *what); /* got is to be -ENOTCAPABLE */
int  open_file(int flags);               /* "file" in the directory given, made when it is not there */
int  open_dir(void);
long openat(int at, const char *name, int flags);
void in_child(void (*fn)(void)); /* whose checks count here, too */

/* ---- beneath.c */
void beneath(void);

/* ---- mode.c */
void capability_mode(char **argv);
int  capability_mode_again(void); /* main of the program that it executes: the exit status */

#endif
