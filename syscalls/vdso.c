#include "syscalls/vdso.h"

#include "syscalls/door.h"
#include "syscalls/proc.h"

void vdso_adopt(struct proc *p, uint64_t vdso) { p->vdso = session.vdso_clock ? vdso : 0; }

void vdso_forget(struct call *c, uint64_t at, uint64_t end)
{
    struct proc *p;
    struct task *t;

    if (!vdso_overlaps(c->proc->vdso, at, end))
        return;
    pthread_mutex_lock(&session.lock);
    LIST_FOREACH(p, &session.procs, all) {
        if (p->space != c->proc->space)
            continue;
        p->vdso = 0;
        LIST_FOREACH(t, &p->tasks, link)
            __atomic_store_n(&t->area->clock, 0, __ATOMIC_RELAXED);
    }
    pthread_mutex_unlock(&session.lock);
}
