/*
 * System V IPC over the host's own, with FreeBSD's structures.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "abi/freebsd/freebsd.h"
#include "abi/freebsd/structs.h"
#include "abi/layout.h"
#include "syscalls/arena.h"
#include "syscalls/sysvipc.h"
#include "tests/unit/fake_call.h"

/* The fake takes the conversion only where a test links it. */
static void (*volatile convert)(const struct layout *l, const void *host, void *guest) = layout_to_guest;

static int fix_new(void **state)
{
    struct fake *f = fake_new();

    f->own.abi = f->call.abi = &abi_freebsd_amd64;
    *state = f;
    return convert ? 0 : -1;
}

static int fix_free(void **state)
{
    fake_free(*state);
    return 0;
}

#define P(x) GVA((uintptr_t)(x))

static void segment_is_described(void **state)
{
    struct fake         *f = *state;
    int                  id = shmget(IPC_PRIVATE, 12345, IPC_CREAT | 0640);
    struct fbsd_shmid_ds ds;
    int64_t              at;

    assert_true(id >= 0);
    at = sys_shmat(fake_call(f), id, GVA(0), 0);
    assert_true(at > 0);
    assert_int_equal(sys_shmctl(fake_call(f), id, IPC_STAT, P(&ds)), 0);
    assert_int_equal(ds.shm_segsz, 12345);
    assert_int_equal(ds.shm_nattch, 1);
    assert_int_equal(ds.shm_perm.mode & 0777, 0640);
    ds.shm_perm.mode = 0600;
    assert_int_equal(sys_shmctl(fake_call(f), id, IPC_SET, P(&ds)), 0);
    assert_int_equal(sys_shmctl(fake_call(f), id, IPC_STAT, P(&ds)), 0);
    assert_int_equal(ds.shm_perm.mode & 0777, 0600);
    assert_int_equal(sys_shmctl(fake_call(f), id, IPC_STAT, GVA(8)), -EFAULT);
    assert_int_equal(sys_shmat(fake_call(f), id, GVA(ZONE_BASE), 0), -EINVAL); /* ours */
    assert_int_equal(sys_shmctl(fake_call(f), id, IPC_RMID, GVA(0)), 0);
    shmdt((void *)at);
}

/* FreeBSD 7's: 16-bit numbers, and the largest where a number does not fit. */
static void old_segment_is_described(void **state)
{
    struct fake             *f = *state;
    const int                id = shmget(IPC_PRIVATE, 3ul << 30, IPC_CREAT | 0640);
    struct fbsd_old_shmid_ds ds;

    assert_true(id >= 0);
    assert_int_equal(sys_old_shmctl(fake_call(f), id, IPC_STAT, P(&ds)), 0);
    assert_int_equal(ds.shm_segsz, INT32_MAX);
    assert_int_equal(ds.shm_nattch, 0);
    assert_int_equal(ds.shm_perm.mode & 0777, 0640);
    ds.shm_perm.mode = 0600;
    assert_int_equal(sys_old_shmctl(fake_call(f), id, IPC_SET, P(&ds)), 0);
    assert_int_equal(sys_old_shmctl(fake_call(f), id, IPC_STAT, P(&ds)), 0);
    assert_int_equal(ds.shm_perm.mode & 0777, 0600);
    assert_int_equal(sys_old_shmctl(fake_call(f), id, IPC_STAT, GVA(8)), -EFAULT);
    assert_int_equal(sys_old_shmctl(fake_call(f), id, IPC_RMID, GVA(0)), 0);
}

static void semaphores_count(void **state)
{
    struct fake         *f = *state;
    int                  id = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
    struct sembuf        take = {0, -1, IPC_NOWAIT};
    uint16_t             all[2] = {3, 4};
    uint64_t             arg = (uintptr_t)all;
    struct fbsd_semid_ds ds;

    assert_int_equal(sys_semctl(fake_call(f), id, 0, SETALL, P(&arg)), 0);
    assert_int_equal(sys_semctl(fake_call(f), id, 1, GETVAL, GVA(0)), 4);
    assert_int_equal(sys_semop(fake_call(f), id, P(&take), 1), 0);
    arg = 0xffffffff00000007; /* only an int of the union counts */
    assert_int_equal(sys_semctl(fake_call(f), id, 1, SETVAL, P(&arg)), 0);
    arg = (uintptr_t)all;
    assert_int_equal(sys_semctl(fake_call(f), id, 0, GETALL, P(&arg)), 0);
    assert_true(all[0] == 2 && all[1] == 7);
    arg = (uintptr_t)&ds;
    assert_int_equal(sys_semctl(fake_call(f), id, 0, IPC_STAT, P(&arg)), 0);
    assert_int_equal(ds.sem_nsems, 2);
    assert_int_equal(sys_semctl(fake_call(f), id, 0, IPC_STAT, GVA(8)), -EFAULT);
    assert_int_equal(sys_semctl(fake_call(f), id, 0, IPC_RMID, GVA(0)), 0);
}

static void messages_pass(void **state)
{
    struct fake *f = *state;
    int          id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    struct {
        long type;
        char text[8];
    } m = {5, "hello"}, n;
    struct fbsd_msqid_ds ds;

    assert_int_equal(sys_msgsnd(fake_call(f), id, P(&m), 6, 0), 0);
    assert_int_equal(sys_msgctl(fake_call(f), id, IPC_STAT, P(&ds)), 0);
    assert_true(ds.msg_qnum == 1 && ds.msg_cbytes == 6);
    assert_int_equal(sys_msgrcv(fake_call(f), id, P(&n), 8, 5, 0), 6);
    assert_string_equal(n.text, "hello");
    assert_int_equal(sys_msgrcv(fake_call(f), id, P(&n), 8, 0, IPC_NOWAIT), -ENOMSG);
    fake_interrupt(f);
    assert_int_equal(sys_msgrcv(fake_call(f), id, P(&n), 8, 0, 0), -EINTR); /* never restarted */
    fake_calm(f);
    assert_int_equal(sys_msgctl(fake_call(f), id, IPC_RMID, GVA(0)), 0);
}

static void no_room_is_no_memory(void **state)
{
    fake_fail_scratch(1);
    assert_int_equal(sys_shmctl(fake_call(*state), 0, IPC_STAT, GVA(8)), -ENOMEM);
    fake_fail_scratch(0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fix_new, fix_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(segment_is_described), TEST(old_segment_is_described), TEST(semaphores_count),
        TEST(messages_pass),        TEST(no_room_is_no_memory),
    };

    return cmocka_run_group_tests_name("syscalls/sysvipc", tests, NULL, NULL);
}
