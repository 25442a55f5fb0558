/*
 * syscalls/fd.c, fdtable.c and ofile.c together, against a model that is an array: random operations, with failing host
 * calls and a pool that runs out among them; after each the tables must be what the model says, and sound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "syscalls/fdcheck.h"
#include "syscalls/ofile_pool.h"
#include "tests/unit/fake_files.h"

#define SLOTS 100 /* more than a word of bits */
#define STEPS 20000

/* A slot of the model: the open file, or NULL, and its flags. */
struct cell {
    struct ofile *of;
    unsigned      flags;
};

static struct cell model[SLOTS];
static uint32_t    seed;

static uint32_t chance(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static int any_fd(void)
{
    static const int odd[] = {-1, SLOTS, SLOTS + 1, 1 << 20, INT32_MAX, INT32_MIN};

    return chance(20) ? (int)chance(SLOTS) : odd[chance(6)];
}

static bool in_model(int fd) { return fd >= 0 && fd < SLOTS && model[fd].of; }

static int lowest(int from)
{
    while (from < SLOTS && model[from].of)
        from++;
    return from < SLOTS ? from : -EMFILE;
}

static struct ofile *file_at(void **state, int fd)
{
    struct fdref ref;

    if (fd_get(CALL(state), fd, &ref))
        return NULL;

    struct ofile *of = fcntl(ref.hostfd, F_GETFD) < 0 ? NULL : ref.of;

    fd_put(CALL(state), &ref);
    return of;
}

/* ---- operations ---------------------------------------------------------------------- */

static void do_install(void **state)
{
    const unsigned      flags = chance(4);
    const int           from = chance(4) ? 0 : (int)chance(SLOTS), want = lowest(from);
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDWR),
                             .kind = OF_CHAR,
                             .flags = O_RDWR,
                             .cloexec = flags & FD_SLOT_CLOEXEC,
                             .clofork = flags & FD_SLOT_CLOFORK};
    const int           fd = fd_install(CALL(state), &n, from);

    assert_int_equal(fd, want);
    if (fd >= 0)
        model[fd] = (struct cell){file_at(state, fd), flags & FD_SLOT_FLAGS};
}

/* Nothing is made, and the host descriptor is closed, when the pool is out. */
static void do_install_none(void **state)
{
    struct ofile_pool  *p = ofile_pool(), was = *p;
    const struct fd_new n = {.hostfd = open("/dev/null", O_RDWR), .kind = OF_CHAR};

    p->free = 0;
    p->fresh = OFILES_MAX - OFILE_FIRST;
    assert_int_equal(fd_install(CALL(state), &n, 0), -ENFILE);
    assert_int_equal(fcntl(n.hostfd, F_GETFD), -1);
    *p = was;
}

static void do_install_too_high(void **state)
{
    const struct fd_new n = {.hostfd = (int)FD_HOST_MAX + 1, .kind = OF_CHAR};

    assert_int_equal(fd_install(CALL(state), &n, 0), -EMFILE);
}

static void do_close(void **state)
{
    const int fd = any_fd(), r = fd_close(CALL(state), fd);

    assert_int_equal(r, in_model(fd) ? 0 : -EBADF);
    if (!r)
        model[fd] = (struct cell){0};
}

static void do_dup(void **state)
{
    const int      fd = any_fd(), from = any_fd();
    const unsigned flags = chance(4) & FD_SLOT_FLAGS;
    const int      r = fd_dup(CALL(state), fd, from, flags);
    const bool     no_wish = from < 0 || from >= SLOTS;

    /* A negative descriptor is found before a wrong wish, one that is not open after it. */
    assert_int_equal(r, fd < 0 ? -EBADF : no_wish ? -EINVAL : !in_model(fd) ? -EBADF : lowest(from));
    if (r >= 0)
        model[r] = (struct cell){model[fd].of, flags};
}

static void do_dup_to(void **state)
{
    const int      fd = any_fd(), to = any_fd();
    const unsigned flags = chance(4) & FD_SLOT_FLAGS;
    const int      r = fd_dup_to(CALL(state), fd, to, flags);

    assert_int_equal(r, to < 0 || to >= SLOTS || !in_model(fd) ? -EBADF : to);
    if (r >= 0)
        model[r] = (struct cell){model[fd].of, to == fd ? model[fd].flags | flags : flags};
}

static void do_flags(void **state)
{
    const int      fd = any_fd();
    const unsigned mask = chance(4) & FD_SLOT_FLAGS, flags = chance(4) & FD_SLOT_FLAGS;

    assert_int_equal(fd_set_flags(CALL(state), fd, mask, flags & mask), in_model(fd) ? 0 : -EBADF);
    if (in_model(fd))
        model[fd].flags = (model[fd].flags & ~mask) | (flags & mask);
}

static void do_close_range(void **state)
{
    const unsigned from = chance(SLOTS), to = chance(3) ? from + chance(10) : ~0u;
    const unsigned mark = chance(2) ? 0 : FD_SLOT_CLOEXEC;

    assert_int_equal(fd_close_range(CALL(state), from, to, mark), 0);
    for (unsigned fd = from; fd <= to && fd < SLOTS; fd++)
        if (!mark)
            model[fd] = (struct cell){0};
        else if (model[fd].of)
            model[fd].flags |= mark;
}

static void do_exec(void **state)
{
    fdtable_exec(CALL(state), FDS(state));
    for (int fd = 0; fd < SLOTS; fd++)
        if (model[fd].flags & FD_SLOT_CLOEXEC)
            model[fd] = (struct cell){0};
}

/* A fork's copy has the same open files, but for close-on-fork, and each has one more reference. */
static void do_copy(void **state)
{
    char            why[FDCHECK_TEXT];
    struct fdtable *copy = fdtable_copy(FDS(state));

    assert_non_null(copy);
    for (int fd = 0; fd < SLOTS; fd++)
        assert_int_equal(copy->slots[fd] != 0, model[fd].of && !(model[fd].flags & FD_SLOT_CLOFORK));
    if (!fdcheck_table(copy, true, why, sizeof(why)) || !fdcheck_pool(false, why, sizeof(why)))
        fail_msg("the copy is unsound: %s", why);
    fdtable_free(copy);
}

static void do_copy_none(void **state)
{
    uint64_t was[FDTABLES_MAX / 64];

    memcpy(was, FDTABLES_USED, sizeof(was));
    memset(FDTABLES_USED, 0xff, sizeof(was));
    assert_null(fdtable_copy(FDS(state)));
    memcpy(FDTABLES_USED, was, sizeof(was));
}

/* ---- the comparison ---------------------------------------------------------------------- */

static void compare(void **state)
{
    int last = -1;

    for (int fd = 0; fd < SLOTS; fd++) {
        const int flags = fd_get_flags(CALL(state), fd);

        assert_ptr_equal(file_at(state, fd), model[fd].of);
        assert_int_equal(flags, model[fd].of ? (int)model[fd].flags : -EBADF);
        last = model[fd].of ? fd : last;
    }
    assert_int_equal(fd_last(CALL(state)), last);
}

static void step(void **state)
{
    static void (*const operations[])(void **state) = {
        do_install, do_install, do_install,      do_install,   do_close, do_close, do_dup,         do_dup,
        do_dup_to,  do_flags,   do_install_none, do_copy_none, do_copy,  do_exec,  do_close_range, do_install_too_high,
    };
    const uint32_t which = chance(100) < 90 ? chance(10) : chance(16);

    /* Closing at the host may fail, and waking may: neither is the guest's business. */
    fake_fail_host(chance(3) ? 0 : 1 + chance(3), EIO);
    operations[which](state);
    fake_fail_host(0, 0);
}

static void tables_are_the_model(void **state)
{
    char why[FDCHECK_TEXT];

    seed = (uint32_t)time(NULL);
    print_message("seed %u\n", seed);
    memset(model, 0, sizeof(model));
    CALL(state)->proc->nofile = SLOTS;
    for (int i = 0; i < STEPS; i++) {
        step(state);
        if (i % 16 == 0)
            compare(state);
        if (!fdcheck_table(FDS(state), true, why, sizeof(why)) || !fdcheck_pool(false, why, sizeof(why)))
            fail_msg("step %d: %s", i, why);
    }
    compare(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tables_are_the_model, files_setup, files_teardown),
    };
    return cmocka_run_group_tests_name("syscalls/fd, model", tests, NULL, NULL);
}
