/*
 * compat/old_ipc.c: semsys and msgsys, by which the first BSDs with System V IPC made all of its calls.  The arguments
 * are those of the call that is meant, one place further on (sys/kern/sysv_sem.c, sysv_msg.c).
 */
#include <errno.h>
#include <string.h>

#include "compat/bsd_calls.h"
#include "syscalls/marshal.h"

/* By their FreeBSD numbers: freebsd7___semctl, semget, semop; freebsd7_msgctl, msgget, msgsnd, msgrcv. */
static const uint16_t sem_rows[] = {220, 221, 222}, msg_rows[] = {224, 225, 226, 227};

static int64_t call_of(struct call *c, const uint16_t *rows, size_t n, int which)
{
    if (which < 0 || (size_t)which >= n)
        return -EINVAL;
    memmove(c->raw, c->raw + 1, sizeof(c->raw) - sizeof(c->raw[0]));
    c->row = &c->abi->rows[rows[which]];
    return marshal_call(c);
}

int64_t sys_semsys(struct call *c, int which, int64_t a2, int64_t a3, int64_t a4, int64_t a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5; /* in raw */
    return call_of(c, sem_rows, sizeof(sem_rows) / sizeof(*sem_rows), which);
}

int64_t sys_msgsys(struct call *c, int which, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6)
{
    (void)a2, (void)a3, (void)a4, (void)a5, (void)a6;
    return call_of(c, msg_rows, sizeof(msg_rows) / sizeof(*msg_rows), which);
}
