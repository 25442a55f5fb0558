/* syscalls/fdtable.c: lowest free number, entries, copies.  Against a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include <sys/wait.h>
#include "tests/unit/fake_files.h"

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void table_starts_empty(void **state)
{
    assert_int_equal(fdtable_free_locked(FDS(state), 0), 0);
    assert_int_equal(fdtable_next_locked(FDS(state), 0), FD_MAX);
    assert_int_equal(FDS(state)->high, 0);
}

static void from_the_end_there_is_none(void **state)
{
    assert_int_equal(fdtable_free_locked(FDS(state), FD_MAX), FD_MAX);
    assert_int_equal(fdtable_free_locked(FDS(state), FD_MAX - 1), FD_MAX - 1);
    fdtable_set_locked(FDS(state), FD_MAX - 1, 1);
    assert_int_equal(fdtable_free_locked(FDS(state), FD_MAX - 1), FD_MAX);
    assert_int_equal(fdtable_next_locked(FDS(state), 5), FD_MAX - 1);
    fdtable_set_locked(FDS(state), FD_MAX - 1, 0);
    assert_int_equal(FDS(state)->high, 0);
}

static void full_words_are_passed_over(void **state)
{
    struct fdtable *t = FDS(state);
    uint32_t        n = 64 * 64 * 3 + 70;

    for (uint32_t i = 0; i < n; i++)
        fdtable_set_locked(t, i, 1);
    assert_int_equal(fdtable_free_locked(t, 0), n);
    fdtable_set_locked(t, 4095, 0);
    assert_int_equal(fdtable_free_locked(t, 0), 4095);
    assert_int_equal(fdtable_free_locked(t, 4096), n);
    fdtable_set_locked(t, 4095, 1);
    for (uint32_t i = 0; i < n; i++)
        fdtable_set_locked(t, i, 0);
    assert_int_equal(fdtable_free_locked(t, 0), 0);
    assert_int_equal(t->high, 0);
}

static void every_slot_can_be_used(void **state)
{
    struct fdtable *t = FDS(state);

    for (uint32_t i = 0; i < FD_MAX; i++) {
        if (i % 65536 == 0)
            assert_int_equal(fdtable_free_locked(t, 0), i);
        fdtable_set_locked(t, i, 1);
    }
    assert_int_equal(fdtable_free_locked(t, 0), FD_MAX);
    fdtable_set_locked(t, 777777, 0);
    assert_int_equal(fdtable_free_locked(t, 0), 777777);
    assert_int_equal(fdtable_free_locked(t, 777778), FD_MAX);
    fdtable_set_locked(t, 777777, 1);
    for (uint32_t i = FD_MAX; i-- > 0;)
        fdtable_set_locked(t, i, 0);
    assert_int_equal(t->high, 0);
}

#define MODEL 9000

static uint32_t model_scan(const bool *used, uint32_t from, bool want)
{
    while (from < MODEL && used[from] != want)
        from++;
    return from;
}

static void agrees_with_a_model(void **state)
{
    struct fdtable *t = FDS(state);
    static bool     used[MODEL];
    uint32_t        seed = (uint32_t)time(NULL);

    print_message("seed %u\n", seed);
    for (int i = 0; i < 100000; i++) {
        uint32_t from = next_random(&seed) % (MODEL - 1), want = model_scan(used, from, next_random(&seed) & 1);

        if (next_random(&seed) % 3) {
            want = model_scan(used, from, false);
            if (want == MODEL)
                continue;
            assert_int_equal(fdtable_free_locked(t, from), want);
            fdtable_set_locked(t, want, 1);
            used[want] = true;
        } else {
            want = model_scan(used, from, true);
            assert_int_equal(fdtable_next_locked(t, from), want == MODEL ? FD_MAX : want);
            if (want == MODEL)
                continue;
            fdtable_set_locked(t, want, 0);
            used[want] = false;
        }
    }
    for (uint32_t i = 0; i < MODEL; i++)
        if (used[i])
            fdtable_set_locked(t, i, 0);
    assert_int_equal(t->high, 0);
}

static int open_null(void **state, bool cloexec)
{
    const int           host = open("/dev/null", O_RDWR);
    const struct fd_new n = {.hostfd = host, .kind = OF_CHAR, .flags = O_RDWR, .cloexec = cloexec};

    return fd_install(CALL(state), &n, 0);
}

static void copy_shares_open_files_and_counts_slots_alone(void **state)
{
    struct fdref    ref;
    struct fdtable *copy;

    assert_int_equal(open_null(state, false), 0);
    assert_int_equal(fd_get(CALL(state), 0, &ref), 0);
    assert_int_equal(fd_dup(CALL(state), 0, 5, FD_SLOT_CLOEXEC), 5);
    copy = fdtable_copy(FDS(state));
    assert_non_null(copy);
    assert_int_equal(copy->slots[0] & SLOT_ENTRY, FDS(state)->slots[0] & SLOT_ENTRY);
    assert_true(copy->slots[5] & SLOT_CLOEXEC);
    assert_int_equal(copy->entries[ref.entry].refs, 2); /* not the call's own */
    assert_int_equal(FDS(state)->entries[ref.entry].refs, 3);
    assert_int_equal(ref.of->refs, 2);
    fdtable_free(copy);
    assert_int_equal(ref.of->refs, 1);
    fd_put(CALL(state), &ref);
}

static void copy_leaves_close_on_fork_out(void **state)
{
    struct fdtable *copy;

    open_null(state, false);
    open_null(state, false);
    assert_int_equal(fd_set_flags(CALL(state), 1, FD_SLOT_CLOFORK, FD_SLOT_CLOFORK), 0);
    copy = fdtable_copy(FDS(state));
    assert_true(copy->slots[0]);
    assert_false(copy->slots[1]);
    assert_int_equal(fdtable_free_locked(copy, 0), 1);
    fdtable_free(copy);
}

static void freed_table_comes_back_empty(void **state)
{
    struct fdtable *t = fdtable_new(), *again;

    (void)state;
    assert_int_equal(fdtable_inherit(t, 1, OF_FILE, O_WRONLY), 0);
    fdtable_free(t);
    again = fdtable_new();
    assert_ptr_equal(again, t);
    assert_int_equal(again->high, 0);
    assert_int_equal(again->slots[1], 0);
    assert_int_equal(again->entries[1].refs, 0);
    assert_int_equal(fdtable_free_locked(again, 0), 0);
    fdtable_free(again);
}

static void tables_run_out(void **state)
{
    static struct fdtable *all[4096];
    int                    n = 0;

    (void)state;
    while (n < 4096 && (all[n] = fdtable_new()))
        n++;
    assert_int_equal(n, 4095); /* the test has one */
    assert_null(fdtable_new());
    assert_null(fdtable_copy(FDS(state)));
    while (n)
        fdtable_free(all[--n]);
}

static void inherited_has_the_hosts_offset(void **state)
{
    struct fdref ref;

    assert_int_equal(fdtable_inherit(FDS(state), dup(2), OF_FILE, O_WRONLY | O_APPEND), 0);

    const int fd = fd_last(CALL(state));

    assert_int_equal(fd_get(CALL(state), fd, &ref), 0);
    assert_int_equal(ref.hostfd, fd);
    assert_true(ref.of->host_offset);
    assert_int_equal(ref.of->flags, O_WRONLY | O_APPEND);
    fd_put(CALL(state), &ref);
}

static void inherit_twice_is_refused(void **state)
{
    int fd = dup(2);

    assert_int_equal(fdtable_inherit(FDS(state), fd, OF_FILE, 0), 0);
    assert_int_equal(fdtable_inherit(FDS(state), fd, OF_FILE, 0), -EBADF);
    assert_int_equal(fdtable_inherit(FDS(state), -1, OF_FILE, 0), -EBADF);
}

static void exec_closes_marked_slots(void **state)
{
    open_null(state, false);
    open_null(state, true);
    open_null(state, true);
    fdtable_exec(CALL(state), FDS(state));
    assert_true(FDS(state)->slots[0]);
    assert_false(FDS(state)->slots[1]);
    assert_false(FDS(state)->slots[2]);
}

/* In a process of its own: it closes everything. */
static void sweep_closes_strangers_only(void **state)
{
    int   stranger, known = open_null(state, false);
    pid_t pid;

    (void)known;
    stranger = dup(2);
    pid = fork();
    if (!pid) {
        struct fdref ref;

        fdtable_sweep(CALL(state), FDS(state));

        bool bad = fcntl(stranger, F_GETFD) >= 0 || fd_get(CALL(state), 0, &ref) || fcntl(ref.hostfd, F_GETFD) < 0 ||
                   fcntl(session.arena_fd, F_GETFD) < 0;

        fd_put(CALL(state), &ref); /* the table is shared with the parent */
        _exit(bad);
    }

    int status;

    waitpid(pid, &status, 0);
    close(stranger);
    assert_int_equal(status, 0);
}

static void scribbled_entries_do_no_harm(void **state)
{
    struct fdref    ref;
    struct fdtable *t = FDS(state);

    open_null(state, false);

    const uint64_t slot = t->slots[0];

    t->slots[0] = SLOT_ENTRY;
    assert_int_equal(fd_get(CALL(state), 0, &ref), -EBADF);
    t->slots[0] = 1 + (uint64_t)FD_HOST_MAX;
    assert_int_equal(fd_get(CALL(state), 0, &ref), -EBADF);
    t->slots[0] = FD_HOST_MAX - 1; /* an entry without references */
    assert_int_equal(fd_get(CALL(state), 0, &ref), -EBADF);
    t->slots[0] = slot;

    const uint32_t entry = (uint32_t)(slot & SLOT_ENTRY) - 1, of = t->entries[entry].ofile;

    t->entries[entry].ofile = 0xfffffff0;
    assert_int_equal(fd_get(CALL(state), 0, &ref), -EBADF);
    t->entries[entry].ofile = of;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(table_starts_empty),
        T(from_the_end_there_is_none),
        T(full_words_are_passed_over),
        T(every_slot_can_be_used),
        T(agrees_with_a_model),
        T(copy_shares_open_files_and_counts_slots_alone),
        T(copy_leaves_close_on_fork_out),
        T(freed_table_comes_back_empty),
        T(tables_run_out),
        T(inherited_has_the_hosts_offset),
        T(inherit_twice_is_refused),
        T(exec_closes_marked_slots),
        T(sweep_closes_strangers_only),
        T(scribbled_entries_do_no_harm),
    };
    return cmocka_run_group_tests_name("syscalls/fdtable", tests, NULL, NULL);
}
