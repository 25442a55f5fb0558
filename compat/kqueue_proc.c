/*
 * EVFILT_PROC (kern_event.c, filt_proc and knote_fork).
 */
#include <string.h>
#include <sys/wait.h>

#include "compat/kqueue.h"
#include "compat/kqueue_int.h"
#include "syscalls/proc.h"
#include "syscalls/procdesc.h"

#define NOTE_TRACK     1u
#define NOTE_TRACKERR  2u
#define NOTE_CHILD     4u
#define NOTE_PCTRLMASK 0xf0000000u

static unsigned watchers; /* EVFILT_PROC knotes of all kqueues */

/* A host wait status as the guest's: W_EXITCODE is the same, the signal's number is the guest's. */
static int64_t exit_data(const struct abi *abi, int64_t status)
{
    const int st = (int)status;

    if (!WIFSIGNALED(st) || !abi || !abi->sig_from_host)
        return st;
    return abi->sig_from_host[WTERMSIG(st)] | (WCOREDUMP(st) ? 0x80 : 0);
}

static void proc_exited(struct knote *kn, const struct abi *abi, int64_t status)
{
    kn->gone = true;
    kn->kev.fflags |= kn->sfflags & KQ_NOTE_EXIT;
    kn->kev.flags |= KQ_EV_EOF | KQ_EV_ONESHOT;
    if (kn->kev.fflags & KQ_NOTE_EXIT)
        kn->kev.data = exit_data(abi, status);
    if (!kn->kev.fflags)
        kn->kev.flags |= KQ_EV_DROP;
    knote_activate(kn);
}

static void count(struct kqueue *kq, int by)
{
    __atomic_add_fetch(&kq->nproc, (unsigned)by, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&watchers, (unsigned)by, __ATOMIC_SEQ_CST);
}

static int proc_attach(struct call *c, struct knote *kn)
{
    const pid_t  pid = (pid_t)kn->kev.ident;
    struct proc *p = kn->kev.ident == (uint64_t)pid ? proc_find_any_locked(pid) : NULL;

    (void)c;
    if (!p || (p->state == PROC_ZOMBIE && !(kn->sfflags & KQ_NOTE_EXIT)))
        return -ESRCH;
    kn->kev.flags |= KQ_EV_CLEAR;
    count(kn->kq, 1);
    if (p->state == PROC_ZOMBIE)
        proc_exited(kn, p->abi, p->wait_status);
    return 0;
}

static void proc_detach(struct knote *kn) { count(kn->kq, -1); }

static bool proc_event(struct call *c, struct knote *kn)
{
    (void)c;
    return kn->gone || kn->kev.fflags != 0;
}

const struct filter filter_proc = {
    .needs_session = true,
    .attach = proc_attach,
    .detach = proc_detach,
    .event = proc_event,
};

/* ---- EVFILT_PROCDESC (sys_procdesc.c, procdesc_kqops_event) ------------------------ */

static int procdesc_attach(struct call *c, struct knote *kn)
{
    (void)c;
    kn->kev.flags |= KQ_EV_CLEAR;
    return 0;
}

static bool procdesc_event(struct call *c, struct knote *kn)
{
    int64_t status;

    (void)c;
    if (!kn->gone && procdesc_ended(kn->source->of->object, &status)) {
        kn->gone = true;
        kn->kev.flags |= KQ_EV_EOF | KQ_EV_ONESHOT;
        kn->kev.fflags |= kn->sfflags & KQ_NOTE_EXIT;
        if (kn->kev.fflags & KQ_NOTE_EXIT)
            kn->kev.data = status;
        else
            kn->kev.flags |= KQ_EV_DROP;
    }
    return kn->gone;
}

const struct filter filter_procdesc = {.isfd = true, .attach = procdesc_attach, .event = procdesc_event};

/* ---- what happens ------------------------------------------------------------------- */

struct happened {
    const struct proc *p;
    uint32_t           note;
    int64_t            data;
};

/* A knote on the child: one that reports NOTE_CHILD at once and goes, or one that watches on. */
static void track(struct knote *of, pid_t child, bool announce)
{
    struct kkevent kev = of->kev;
    struct knote  *kn;

    kev.ident = (uint64_t)child;
    kev.flags &= ~(KQ_EV_EOF | KQ_EV_DROP);
    if (announce)
        kev.flags |= KQ_EV_ONESHOT;
    kev.fflags = of->sfflags;
    kev.data = 0;
    kn = knote_new(of->kq, of->filter, &kev);
    if (!kn) {
        of->kev.fflags |= NOTE_TRACKERR;
        return;
    }
    count(kn->kq, 1);
    if (!announce)
        return;
    kn->gone = true; /* so that no later event of the child is added to it */
    kn->kev.fflags = NOTE_CHILD;
    kn->kev.data = (int64_t)of->kev.ident;
    knote_activate(kn);
}

static void proc_happened(struct knote *kn, const struct happened *what)
{
    if (what->note == KQ_NOTE_EXIT) {
        proc_exited(kn, what->p->abi, what->data);
        return;
    }
    if (what->note == KQ_NOTE_FORK && (kn->sfflags & NOTE_TRACK)) {
        track(kn, (pid_t)what->data, true);
        track(kn, (pid_t)what->data, false);
    }
    kn->kev.fflags |= kn->sfflags & what->note;
    if (kn->kev.fflags)
        knote_activate(kn);
}

static void proc_happened_at(struct kqueue *kq, void *arg)
{
    const struct happened *what = arg;

    if (!__atomic_load_n(&kq->nproc, __ATOMIC_SEQ_CST))
        return;
    pthread_mutex_lock(&kq->lock);
    for (int i = 0; i < KQ_BUCKETS; i++) {
        struct knote *kn, *next;

        for (kn = LIST_FIRST(&kq->knotes[i]); kn; kn = next) {
            next = LIST_NEXT(kn, hash);
            if (kn->kev.filter == KQ_FILTER_PROC && kn->kev.ident == (uint64_t)what->p->pid && !kn->gone)
                proc_happened(kn, what);
        }
    }
    kq_sync_wake(kq);
    pthread_mutex_unlock(&kq->lock);
}

void kqueue_proc_event_locked(struct proc *p, uint32_t note, int64_t data)
{
    struct happened what = {p, note & NOTE_PCTRLMASK, data};

    if (__atomic_load_n(&watchers, __ATOMIC_SEQ_CST))
        kq_each(proc_happened_at, &what);
}
