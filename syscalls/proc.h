/*
 * syscalls/proc.h: guest processes and threads, the provider's private side.
 *
 * session.lock guards the tree, states and all signal fields.  It is never held
 * across host_call.  Pointers stay valid while a reference is held; a handler's
 * own task and proc are referenced for the length of the call.
 */
#ifndef DRAGOMAN_SYSCALLS_PROC_H
#define DRAGOMAN_SYSCALLS_PROC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "abi/abi.h"
#include "syscalls/arena.h"
#include "syscalls/fdlimit.h"

struct fdtable;
struct area;
struct door_task;
struct kqueue_proc;
struct call;
struct procdesc;
struct move;

#define PROCCTL_KEPT 6

#define SIG_MAX 128 /* highest guest signal number of any ABI */

struct sigpending_entry {
    STAILQ_ENTRY(sigpending_entry) link;
    struct ksiginfo info;
};

/* Pending set with its queue: each signal is there with what it says, as often as it was sent, while there is room. */
struct sigqueue_set {
    struct sigset set, bare; /* pending; among them those of which one more is pending, and says nothing */
    unsigned     *count;     /* the process's nqueued */
    STAILQ_HEAD(, sigpending_entry) queue;
};

enum task_state { TASK_NEW, TASK_LIVE, TASK_GONE };

struct task {
    LIST_ENTRY(task) link; /* in proc->tasks */
    LIST_ENTRY(task) gone; /* in proc->gone, where it is TASK_GONE */
    struct proc      *proc;
    struct area      *area;  /* shared: registers, control words, scratch, gate stack */
    uint32_t          index; /* of the area */
    pid_t             host_tid;
    int64_t           tid; /* guest's number */
    enum task_state   state;
    bool              ending;  /* somebody ends it: nobody else does.  Under session.lock */
    bool              dead;    /* the host thread is gone: every host call fails with -ESRCH */
    bool              execing; /* its host thread number may change to the leader's */
    struct door_task *door;    /* owned by the door */
    char              name[32];

    /* signals, under session.lock; what it blocks is in area->mask (syscalls/sigmask.h) */
    struct sigset       saved_mask; /* sigsuspend, ppoll: restored after delivery */
    bool                has_saved_mask;
    struct sigqueue_set pending;
    struct kstack       altstack;
    struct sigset       waiting; /* signals that sigwait and friends wait for */
    struct {
        uint64_t at;
        bool     set;
        bool     held; /* it said so when a signal was there, and says since then that one waits */
    } fastblock;       /* the word by which it holds signals back, syscalls/sigfastblock.c */

    bool           exterr;               /* it has said where errors are to be explained, compat/exterr.c */
    uint32_t       cred_gen, groups_gen; /* the process's credentials that the host thread has (syscalls/cred.h) */
    bool           vforking;             /* waits for its child to exec or exit: it cannot come */
    struct move   *move;                 /* to another process group, syscalls/pgrp.c; under session.lock */
    bool           waits_cred;           /* sleeps until another thread has changed the credentials */
    uint64_t       trapped_at;   /* where a rewritten site that was undone meanwhile was met, loader/rewrite.c */
    bool           waits_child;  /* sleeps in wait4 and friends */
    bool           unparked;     /* it has woken itself: its next sleep ends at once.  Under session.lock */
    bool           tids_written; /* the numbers below were stored */
    gva            child_tid_at, parent_tid_at; /* where thr_new wants them, null: nowhere */
    struct call   *call;                        /* the call in progress */
    struct fdlimit limit;                       /* its own, where call.limit points */
    void          *umtx;                        /* compat/umtx.c: robust lists and such */
};

/* ENDING: the host's process is gone, and what was in flight unwinds; nobody may see yet that it has ended. */
enum proc_state { PROC_LIVE, PROC_ENDING, PROC_ZOMBIE };

/* User and group identifiers: real, effective, saved. */
struct cred {
    uint32_t ruid, euid, suid, rgid, egid, sgid;
};

/* What each signal does; shared by the processes that rfork made with RFSIGSHARE.  Under session.lock. */
struct sigacts {
    unsigned          refs;
    struct ksigaction of[SIG_MAX + 1];
};

struct proc {
    LIST_ENTRY(proc) siblings;         /* in parent->children */
    LIST_ENTRY(proc) all;              /* in session.procs */
    LIST_ENTRY(proc) by_pid, by_space; /* in the session's tables of those names */
    bool listed;                       /* in all of these */
    LIST_HEAD(, proc) children;
    LIST_HEAD(, task) tasks, gone;
    struct proc       *parent; /* NULL: the session's first */
    const struct abi  *abi;
    pid_t              pid;   /* host's and guest's */
    int                pidfd; /* one more than a pidfd of it, 0: not opened yet; host_fd_fetch's, atomic */
    enum proc_state    state;
    unsigned           refs; /* the tree's one, and one for each task */
    unsigned           ntasks, ngone;
    bool               stopped;
    bool               stopped_itself; /* by the host, before a host program runs in its place */
    pid_t              hostprog;       /* the host's program that runs in its place (exechost.c), 0: none */
    bool               hostprog_apart; /* that one is in another session, out of the terminal's reach */
    struct exec_image *exec;           /* the program to be loaded at the next boot; owned */
    int                fault_signal;   /* guest signal it dies by when the host has no such one */
    struct fdtable    *fds;
    bool               closes_first; /* rfork's RFCFDG: the host descriptors go before the first instruction */
    char              *execpath;     /* absolute host path of the program, owned */
    char               comm[32];
    int32_t            osrel;   /* the release that the program says it was built for, 0: it does not say */
    char             **argv;    /* owned, NULL-terminated: sysctl kern.proc.args */
    uint64_t           support; /* guest address of the support page */
    uint64_t           stack_top, stack_size, ps_strings;
    uint64_t           brk_base, brk; /* break: first address, current */
    bool               vfork_parent_waits;
    bool               execed;
    bool               issetugid;
    bool               capmode;               /* capability mode, for good; under session.lock, read without */
    bool               no_new_privs;          /* asked for by procctl */
    uint8_t            procctl[PROCCTL_KEPT]; /* compat/procctl.c; 0: never set */
    bool               trapcap; /* a refused call sends the trap signal there (procctl PROC_TRAPCAP_CTL) */
    struct cred        cred;    /* the host's, as last changed; under session.lock */
    uint32_t          *groups;  /* supplementary groups, once they were changed; owned */
    int                ngroups;
    uint32_t           cred_gen, groups_gen; /* how often they changed */
    struct task       *cred_by;              /* is changing them */
    pid_t              pgid, sid; /* the host's, kept for when the host has forgotten the process; under session.lock */
    uint64_t           vdso;      /* address of the host's code in its memory (vdso.h), 0: none, or covered */
    uint64_t           space;     /* number of the address space: vfork and rfork(RFMEM) share it; proc_set_space */
    struct procdesc   *procdesc;  /* the descriptor that pdfork made of it (syscalls/procdesc.c), NULL: none */
    struct proc       *leader;    /* rfork(RFTHREAD): ends with that one; NULL: nobody's peer */
    bool               leads;     /* it is or was somebody's leader */
    bool               reaper;    /* gets the orphans below it, see compat/reaper.h */
    int                pdeathsig; /* guest signal for when the parent ends, 0: none */
    int                exit_signal; /* guest signal that the parent gets; usually SIGCHLD */

    /* exit */
    int           wait_status; /* host encoding */
    struct rusage rusage, children_rusage;
    bool          wait_stopped, wait_continued; /* not yet reported */
    int           stop_signal;                  /* guest number */

    /* signals, under session.lock */
    struct sigacts     *sigacts;
    struct ksigaction  *actions; /* sigacts->of */
    struct sigqueue_set pending;
    unsigned            nqueued; /* entries here and in the tasks' queues */

    uint32_t            umask_hint;
    uint64_t            nofile; /* guest's soft RLIMIT_NOFILE */
    uint64_t            nofile_max;
    struct kqueue_proc *kqueues;     /* compat/kqueue.c */
    struct sites       *sites;       /* rewritten call sites, loader/rewrite.c; NULL: none */
    struct aio_proc    *aio;         /* compat/aio.h: what it asked for, NULL: nothing yet */
    int64_t             umtx_min_ns; /* compat/umtx.c: no time-out is shorter */
    bool umtx_auto_waits; /* compat/umtx_wait.c: waits by the host's shared futexes have begun in this space */
    char login[64];
};

#define PROC_BUCKETS 1024u
LIST_HEAD(proc_bucket, proc);

struct session {
    pthread_mutex_t lock;
    LIST_HEAD(, proc) procs;
    struct proc_bucket by_pid[PROC_BUCKETS], by_space[PROC_BUCKETS];
    struct proc       *first;
    struct view       *view; /* --sysroot, --root */
    bool               trace;
    bool               check_tables;  /* --check-tables */
    bool               unsound;       /* and something was wrong with them */
    bool               killed_inside; /* a task ended that may have been in a call */
    bool               no_rewrite;    /* call sites stay as they are */
    bool               measured;      /* under `dragoman stat`: the gate is the measured one */
    int                arena_fd, gate_fd;
    pid_t              provider_pid;
    struct task       *tasks[TASKS_MAX]; /* by index */
    uint32_t           next_index;
    bool               fsgsbase;
    uint64_t           vdso_clock;   /* vdso.h: from its beginning to its clock's function, 0: none */
    bool               statx_null;   /* see struct area */
    int                first_status; /* host wait status of the first process, once it is a zombie */
    unsigned long      missing_calls;
};
extern struct session session;

#define TID_BASE 100000 /* FreeBSD's thread numbers begin above every pid (sys/proc.h, NO_PID) */

/* Under session.lock; NULL when there is none.  Zombies are found by proc_find_any only. */
struct proc *proc_find_locked(pid_t pid);
struct proc *proc_find_any_locked(pid_t pid);
/* The child of parent's, alive or not, with that number. */
struct proc *proc_child_locked(const struct proc *parent, pid_t pid);
struct task *task_find_locked(struct proc *p, int64_t guest_tid);
struct task *task_by_tid_locked(int64_t guest_tid); /* any process of the session */

/* A proc in the tree with the parent's signals and limits, not yet with a host process.  NULL: no memory. */
struct proc *proc_new(struct proc *parent, const struct abi *abi);
void         proc_set_pid_locked(struct proc *p, pid_t pid);
/* p, not yet running, has the same signal actions as from. */
void proc_share_actions(struct proc *p, struct proc *from);
/* p has signal actions of its own (exec).  When there is no memory for it, it goes on sharing them. */
void proc_own_actions(struct proc *p);
/* p runs in from's address space, or in a new one (NULL).  Takes session.lock. */
void proc_set_space(struct proc *p, const struct proc *from);
/* Another living process has p's address space.  Takes session.lock. */
bool proc_space_shared(const struct proc *p);
/* The living process with that number, for proc_put; NULL: there is none.  Takes session.lock. */
struct proc *proc_hold(pid_t pid);
void         proc_put(struct proc *p);
/* Gives up what a process that has ended, and has no task left, held for others to see.  No lock held. */
void proc_drop(struct proc *p);
/* Takes a zombie out of the tree; session.lock held, and released for a moment. */
void proc_reap_locked(struct proc *p);
/* It never had a host process: undoes proc_new. */
void proc_abandon(struct proc *p);
void proc_set_argv(struct proc *p, const char *const *argv);
/* Wakes whoever waits for children of p; session.lock held. */
void proc_wake_waiters_locked(struct proc *p);

#endif
