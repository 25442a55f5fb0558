/* What the host says of a process: whatever it is called, and of its threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscalls/hostproc.h"

/* Every field has a value of its own. */
#define NUMBERS " 3 4 5 6 -7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27"

static void fields_have_their_places(void **state)
{
    struct host_stat s;

    (void)state;
    assert_true(host_stat_parse("1 (sh) T" NUMBERS "\n", &s));
    assert_string_equal(s.comm, "sh");
    assert_int_equal(s.state, 'T');
    assert_int_equal(s.pid, 1);
    assert_int_equal(s.ppid, 3);
    assert_int_equal(s.pgrp, 4);
    assert_int_equal(s.session, 5);
    assert_int_equal(s.tty, 6);
    assert_int_equal(s.tpgid, -7);
    assert_int_equal(s.minflt, 9);
    assert_int_equal(s.majflt, 11);
    assert_int_equal(s.utime, 13);
    assert_int_equal(s.stime, 14);
    assert_int_equal(s.cutime, 15);
    assert_int_equal(s.cstime, 16);
    assert_int_equal(s.nice, 18);
    assert_int_equal(s.nthreads, 19);
    assert_int_equal(s.start, 21);
    assert_int_equal(s.vsize, 22);
    assert_int_equal(s.rss, 23);
}

/* Blanks, parentheses, and what looks like the rest of the line. */
static void names_hold_anything(void **state)
{
    static const char *const names[] = {"a b", "(sd-pam)", ") R 1 2", "((", "))", "", "kworker/u64:3-events_unbound"};
    struct host_stat         s;
    char                     text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(text, sizeof(text), "9 (%s) S" NUMBERS, names[i]);
        assert_true(host_stat_parse(text, &s));
        assert_string_equal(s.comm, names[i]);
        assert_int_equal(s.state, 'S');
        assert_int_equal(s.ppid, 3);
        assert_int_equal(s.rss, 23);
    }
}

static void ends_a_long_name(void **state)
{
    const char       name[] = "0123456789abcdef0123456789abcdef0123456789abcdef";
    struct host_stat s;
    char             text[256];

    (void)state;
    snprintf(text, sizeof(text), "9 (%s) S" NUMBERS, name);
    assert_true(host_stat_parse(text, &s));
    assert_int_equal(strlen(s.comm), sizeof(s.comm) - 1);
    assert_memory_equal(s.comm, name, sizeof(s.comm) - 1);
    assert_int_equal(s.state, 'S');
}

static void refuses_something_else(void **state)
{
    static const char *const texts[] = {"",     "1", "1 (", "1 )(", ("(sh) S" NUMBERS), "1 (sh)", "1 (sh) S 3 4 5",
                                        ") 1 ("};
    struct host_stat         s;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_false(host_stat_parse(texts[i], &s));
}

/* A process of that name that waits to be killed. */
static pid_t named(const char *name)
{
    int   ready[2];
    char  byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, name);
        close(ready[0]);
        close(ready[1]);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 0);
    close(ready[0]);
    return pid;
}

static void reads_a_process_and_its_thread(void **state)
{
    const pid_t      pid = named("a) R 1 (b c");
    struct host_stat s, t;

    (void)state;
    assert_true(host_stat(pid, 0, &s));
    assert_true(host_stat(pid, pid, &t));
    kill(pid, SIGKILL);
    assert_string_equal(s.comm, "a) R 1 (b c");
    assert_string_equal(t.comm, s.comm);
    assert_int_equal(s.pid, pid);
    assert_int_equal(t.pid, pid);
    assert_int_equal(s.ppid, getpid());
    assert_int_equal(s.pgrp, getpgrp());
    assert_int_equal(s.session, getsid(0));
    assert_int_equal(s.nthreads, 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A zombie has ended, and so has what is not there. */
static void tells_what_has_ended(void **state)
{
    const pid_t      pid = named("ends");
    struct host_stat s;
    siginfo_t        end;

    (void)state;
    assert_false(host_is_ending(pid));
    kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT), 0);
    assert_true(host_is_ending(pid));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(host_is_ending(pid));
    assert_false(host_stat(pid, 0, &s));
    assert_null(host_proc_file(pid, 0, "stat"));
    assert_false(host_stat(getpid(), pid, &s));
}

static void finds_a_line_of_the_status(void **state)
{
    const mode_t mask = umask(027);
    char         line[256];
    unsigned     found = 0;

    (void)state;
    assert_true(host_status_line(getpid(), "Umask:", line, sizeof(line)));
    umask(mask);
    assert_int_equal(sscanf(line, "Umask: %o", &found), 1);
    assert_int_equal(found, 027);
    assert_false(host_status_line(getpid(), "Nothing:", line, sizeof(line)));
    assert_false(host_status_line(-1, "Umask:", line, sizeof(line)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_have_their_places),
        cmocka_unit_test(names_hold_anything),
        cmocka_unit_test(ends_a_long_name),
        cmocka_unit_test(refuses_something_else),
        cmocka_unit_test(reads_a_process_and_its_thread),
        cmocka_unit_test(tells_what_has_ended),
        cmocka_unit_test(finds_a_line_of_the_status),
    };

    return cmocka_run_group_tests_name("syscalls/hostproc", tests, NULL, NULL);
}
