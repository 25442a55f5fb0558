#include "syscalls/sysvipc.h"

#include <errno.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "syscalls/arena.h"

static int64_t never_restart(int64_t r) { return r == -ERESTART ? -EINTR : r; }

/*
 * IPC_STAT and IPC_SET of one kind: the structure goes through the scratch area.
 * nr and a are the call's; the command and the buffer's address come behind them.
 */
struct ctl {
    long                 nr;
    int                  id, num;
    const struct layout *layout;
};

static int64_t ctl_host(struct call *c, const struct ctl *k, int64_t cmd, uint64_t arg)
{
    if (k->nr == SYS_semctl)
        return host_call(c, k->nr, k->id, k->num, cmd, arg);
    return host_call(c, k->nr, k->id, cmd, arg);
}

/* What the old fields cannot hold is their largest (sysv_shm.c, sys_freebsd7_shmctl). */
static void segment_shrink(struct shmid_ds *ds)
{
    if (ds->shm_segsz > INT32_MAX)
        ds->shm_segsz = INT32_MAX;
    if (ds->shm_nattch > INT16_MAX)
        ds->shm_nattch = INT16_MAX;
}

static int64_t ctl_struct(struct call *c, const struct ctl *k, int64_t cmd, gva buf)
{
    struct scratch s = scratch_get(c, k->layout->hsize);
    int64_t        r;

    if (!s.p)
        return -ENOMEM;
    if (cmd == IPC_SET) {
        r = struct_in(c, k->layout, s.p, buf);
        return r ? r : ctl_host(c, k, cmd, s.va);
    }
    r = ctl_host(c, k, cmd, s.va);
    if (r >= 0) {
        if (k->layout == c->abi->old_shmid_layout)
            segment_shrink(s.p);
        const int err = struct_out(c, k->layout, buf, s.p);

        return err ? err : r;
    }
    return r;
}

/* ---- semaphores ------------------------------------------------------------ */

int64_t sys_semop(struct call *c, int id, gva ops, uint64_t nops)
{
    return never_restart(host_wait(c, SYS_semop, id, ops.va, nops));
}

static int64_t semctl_by(struct call *c, const struct ctl *k, int64_t cmd, gva arg)
{
    uint64_t v = 0;
    int      err = 0;

    switch (cmd) {
    case IPC_SET:
    case IPC_STAT:
    case SEM_STAT: /* id is an index there; SEM_INFO is for the kernel's emulation of Linux only */
    case GETALL:
    case SETALL:
    case SETVAL: err = copy_in(c, &v, arg, sizeof(v)); break;
    default: break;
    }
    if (err)
        return err;
    if (cmd == IPC_SET || cmd == IPC_STAT || cmd == SEM_STAT)
        return ctl_struct(c, k, cmd, GVA(v));
    return ctl_host(c, k, cmd, cmd == SETVAL ? (uint32_t)v : v);
}

int64_t sys_semctl(struct call *c, int id, int num, int64_t cmd, gva arg)
{
    const struct ctl k = {SYS_semctl, id, num, c->abi->semid_layout};

    return semctl_by(c, &k, cmd, arg);
}

int64_t sys_old_semctl(struct call *c, int id, int num, int64_t cmd, gva arg)
{
    const struct ctl k = {SYS_semctl, id, num, c->abi->old_semid_layout};

    return semctl_by(c, &k, cmd, arg);
}

/* ---- shared memory ----------------------------------------------------------- */

int64_t sys_shmat(struct call *c, int id, gva addr, int flags)
{
    if (addr.va >= ZONE_BASE && addr.va < ZONE_END)
        return -EINVAL;
    return host_call(c, SYS_shmat, id, addr.va, flags & (SHM_RDONLY | SHM_RND));
}

/* SHM_STAT and SHM_INFO are EINVAL (sysv_shm.c). */
static int64_t ctl_by(struct call *c, const struct ctl *k, int64_t cmd, gva buf)
{
    return cmd == IPC_SET || cmd == IPC_STAT ? ctl_struct(c, k, cmd, buf) : ctl_host(c, k, cmd, 0);
}

int64_t sys_shmctl(struct call *c, int id, int64_t cmd, gva buf)
{
    return ctl_by(c, &(struct ctl){SYS_shmctl, id, 0, c->abi->shmid_layout}, cmd, buf);
}

int64_t sys_old_shmctl(struct call *c, int id, int64_t cmd, gva buf)
{
    return ctl_by(c, &(struct ctl){SYS_shmctl, id, 0, c->abi->old_shmid_layout}, cmd, buf);
}

/* ---- message queues ----------------------------------------------------------- */

#define MSG_FLAGS (IPC_NOWAIT | MSG_NOERROR) /* the same numbers in every System V */

int64_t sys_msgsnd(struct call *c, int id, gva msg, uint64_t size, int flags)
{
    return never_restart(host_wait(c, SYS_msgsnd, id, msg.va, size, flags & MSG_FLAGS));
}

int64_t sys_msgrcv(struct call *c, int id, gva msg, uint64_t size, int64_t type, int flags)
{
    return never_restart(host_wait(c, SYS_msgrcv, id, msg.va, size, type, flags & MSG_FLAGS));
}

int64_t sys_msgctl(struct call *c, int id, int64_t cmd, gva buf)
{
    return ctl_by(c, &(struct ctl){SYS_msgctl, id, 0, c->abi->msqid_layout}, cmd, buf);
}

int64_t sys_old_msgctl(struct call *c, int id, int64_t cmd, gva buf)
{
    return ctl_by(c, &(struct ctl){SYS_msgctl, id, 0, c->abi->old_msqid_layout}, cmd, buf);
}
