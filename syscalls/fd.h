/*
 * syscalls/fd.h: descriptor table and open file table (design.md, chapter of that name).
 *
 *   guest descriptor -> slot {host entry, close-on-exec}
 *                    -> host entry {host descriptor of this process, references, open file}
 *                    -> open file (session-wide): offset, status flags, kind
 *
 * dup shares the host entry; fork copies slots and host entries (same host
 * numbers) and shares the open files.  A call in flight holds a reference on
 * the host entry, so the host descriptor is closed only when the last slot and
 * the last call have let go of it, and no call reaches a wrong file.
 * All of it lives in the arena (syscalls/arena.h).
 */
#ifndef DRAGOMAN_SYSCALLS_FD_H
#define DRAGOMAN_SYSCALLS_FD_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/caprights.h"
#include "syscalls/call.h"
#include "syscalls/shlock.h"

enum ofile_kind {
    OF_FREE,
    OF_FILE, /* regular file, block device: positioned host calls, our offset */
    OF_DIR,
    OF_PIPE, /* pipe, FIFO */
    OF_SOCKET,
    OF_CHAR, /* terminal or other character device */
    OF_KQUEUE,
    OF_PROCDESC, /* syscalls/procdesc.h */
    OF_KSEM,     /* syscalls/ksem.h */
    OF_MQUEUE,   /* syscalls/mqueue.h */
    OF_OTHER,
    OF_UNSEEN, /* a name was opened, and nobody has asked what it names: fd_get looks, and then it is one of these */
};

/* It stands for something of the provider's, not for a host file: only the provider knows what a call means. */
static inline bool ofile_kind_is_object(unsigned kind) { return kind >= OF_KQUEUE && kind <= OF_MQUEUE; }

/* One open file description. [i] fixed before it is shared, [a] atomic, [L] under lock */
struct ofile {
    uint32_t      refs;        /* [a] host entries of all processes, messages in flight */
    uint8_t       kind;        /* [i] enum ofile_kind */
    bool          host_offset; /* [L] shared with the host's programs: the host's own offset is the truth; stays so */
    uint16_t      domain;      /* [i] sockets: host address family; pipes: PIPE_PAIR for what pipe(2) made */
    struct shlock lock;        /* held over a read or write that moves the offset */
    uint32_t      flags;       /* [L] host O_* access mode and status flags */
    int64_t       offset;      /* [L] */
    uint64_t      object;      /* [i] the owner's own: kqueue identifier, ... */
    bool          at_host;     /* [L] an append moved the host's offset: ask it, ours is stale */
    bool          watched;     /* [a] a kqueue may have a knote on it: its closing must be told */
    bool          posix_locks; /* [a] record locks were taken through it: a close of any duplicate must drop them */
};

struct fdtable;

/* Flags of a slot. */
#define FD_SLOT_CLOEXEC 1u
#define FD_SLOT_CLOFORK 2u
#define FD_SLOT_FLAGS   (FD_SLOT_CLOEXEC | FD_SLOT_CLOFORK)
/* Paths from it are looked up beneath it.  Once set it stays, with duplicates and what is opened from it, too. */
#define FD_SLOT_BENEATH 4u

/* A reference to an open descriptor; fd_put exactly once. */
struct fdref {
    struct ofile *of;
    int           hostfd; /* valid in the guest's process while the reference is held */
    uint32_t      entry;
    int           fd;      /* the slot it was got by */
    bool          limited; /* which had limits */
    bool          unlinks; /* that allow to unlink below it */
    bool          beneath; /* it has FD_SLOT_BENEATH */
    bool          maps_rw; /* limited, but its memory may be written through a shared mapping */
    bool          counted; /* the entry knows of it.  It need not where nobody else could close the descriptor */
};

/*
 * 0, -EBADF, -ESRCH, -D_ENOTCAPABLE when the slot's limits do not allow what the call's row wants of it
 * (capability.h).  On failure nothing is to be put.
 */
int fd_get(struct call *c, int fd, struct fdref *ref);
/* fd_get, but of->kind may be OF_UNSEEN: for who does not need it or is about to ask the host (fd_saw). */
int fd_get_unseen(struct call *c, int fd, struct fdref *ref);
/* The host says that the file has this st_mode: its kind is known from now on. */
void fd_saw(struct call *c, const struct fdref *ref, uint32_t mode);
/* Whether fd is a file or directory whose calls the gate serves; asks the host if need be. */
bool fd_plain(struct call *c, int fd);
/* fd_get for a descriptor that is no argument of the row, of which these rights are wanted. */
int  fd_get_for(struct call *c, int fd, caprights want, struct fdref *ref);
void fd_put(struct call *c, struct fdref *ref);
/* No call but this one can reach the open file: its lock need not be taken. */
static inline bool fd_solo(const struct call *c, const struct ofile *of)
{
    return c->alone && __atomic_load_n(&of->refs, __ATOMIC_RELAXED) == 1;
}
/* fd_get for *at calls: the guest's AT_FDCWD becomes hostfd AT_FDCWD and of NULL (fd_put is harmless then). */
int fd_get_at(struct call *c, int fd, struct fdref *ref);

/*
 * New open file at the lowest free descriptor >= from.  Takes hostfd over: it is
 * closed when this fails.  flags: host O_* (access mode and status flags).
 * Returns the guest descriptor, -EMFILE, -ENFILE, -ESRCH.
 */
struct fd_new {
    int             hostfd;
    enum ofile_kind kind;
    uint32_t        flags;
    bool            cloexec, clofork;
    uint16_t        domain;
    uint64_t        object;
};
int fd_install(struct call *c, const struct fd_new *n, int from);
/*
 * The same for an open file that exists (it travelled through a socket): hostfd
 * refers to it in this process.  Takes over hostfd and one reference on of.
 */
int fd_install_ofile(struct call *c, int hostfd, struct ofile *of, unsigned flags, int from); /* FD_SLOT_* */
int fd_close(struct call *c, int fd);                                                         /* 0, -EBADF */
/*
 * dup: fd's file, with fd's limits and these flags, in the lowest slot >= from.
 * Descriptor, -EINVAL (from; that is looked at first), -EBADF, -EMFILE, -ESRCH.
 */
int fd_dup(struct call *c, int fd, int from, unsigned flags);
/* dup2: the same at number to; what was there is closed.  to == fd: the flags are added.  to, -EBADF, -ESRCH. */
int fd_dup_to(struct call *c, int fd, int to, unsigned flags);
int fd_get_flags(struct call *c, int fd);                                /* FD_SLOT_*, -EBADF */
int fd_set_flags(struct call *c, int fd, unsigned mask, unsigned flags); /* those of mask; 0, -EBADF, -ESRCH */
static inline int fd_get_cloexec(struct call *c, int fd)
{
    const int flags = fd_get_flags(c, fd);

    return flags < 0 ? flags : !!(flags & (int)FD_SLOT_CLOEXEC);
}
static inline int fd_set_cloexec(struct call *c, int fd, bool on)
{
    return fd_set_flags(c, fd, FD_SLOT_CLOEXEC, on ? FD_SLOT_CLOEXEC : 0);
}
/* All open descriptors in [from, to].  mark: they get these flags, else they are closed.  0, -ESRCH. */
int      fd_close_range(struct call *c, unsigned from, unsigned to, unsigned mark);
int      fd_last(struct call *c);        /* highest open descriptor, -1: none */
uint32_t fd_limit(const struct call *c); /* no descriptor at or above it is given out */
/* The kind that a host st_mode means. */
enum ofile_kind fd_kind_of_mode(uint32_t mode);
/* The kind of a host descriptor, by fstat in the guest's context; -errno. */
int fd_kind(struct call *c, int hostfd);

/* One table per proc; lifetime. */
struct fdtable *fdtable_new(void); /* empty; NULL when the arena is full */
/* For fork: slots (but close-on-fork ones), entries, +1 on every open file.  fdtable_lock of src is held. */
struct fdtable *fdtable_copy(struct fdtable *src);
/* The same with the close-on-fork ones.  Neither has kqueues. */
struct fdtable *fdtable_dup(struct fdtable *src);
/* The process is gone and no call of it is in flight: its host descriptors died with it. */
void fdtable_free(struct fdtable *t);
int  fdtable_lock(struct call *c, struct fdtable *t); /* 0, -ESRCH */
void fdtable_unlock(struct call *c, struct fdtable *t);
/* Closes the close-on-exec slots and their host descriptors, and what a fork leaked (fdtable_sweep). */
void fdtable_exec(struct call *c, struct fdtable *t);
/*
 * After an exec, with no other thread of the process and no call in flight:
 * gives back the references of threads that were killed in the gate.
 */
void fdtable_recount(struct call *c, struct fdtable *t);
/*
 * In the child of a fork, in its own context, before it runs guest code: closes
 * host descriptors that the table does not know (those that other threads of the
 * parent were about to install or to close).
 */
void fdtable_sweep(struct call *c, struct fdtable *t);
/* At start: guest descriptor fd is host descriptor fd, shared with the host; of that kind, with these flags. */
int fdtable_inherit(struct fdtable *t, int fd, enum ofile_kind kind, uint32_t flags);
/* A task was killed in the gate: frees the locks of the table and of its open files that it held. */
void fdtable_break_locks(struct fdtable *t, uint32_t task_index);
/* Calls fn for every open slot (lock held by the caller). */
typedef void fdtable_fn(int fd, struct ofile *of, int hostfd, bool cloexec, void *arg);
void         fdtable_each(struct fdtable *t, fdtable_fn *fn, void *arg);
/*
 * kqueue and friends are told of every slot that closes (close, dup2 over it,
 * exec): no lock is held, the host descriptor is still open, of still valid.
 * Set once at start-up; NULL: nobody.
 */
extern void (*fd_on_slot_close)(struct call *c, struct fdtable *t, int fd, struct ofile *of);

#endif
