/* A key of the terminal is for every process of the group: one that is just being made gets it, or is not there yet. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

#include "pty/pty.h"

enum { ROUNDS = 300, MISSED = 1, HEARD = 2 };

static volatile bool over;
static volatile int  missed;
static long          maker;

/* In the one that makes children: all of those that are there have heard of it, too. */
static void count(int sig, os_siginfo *info, void *uc)
{
    int status;

    (void)sig, (void)info, (void)uc;
    if (os_getpid() != maker)
        os_exit(HEARD);
    while (os_wait4(0, &status, 0, 0) > 0)
        missed += !os_wifexited(status) || os_wexitstatus(status) != HEARD;
    over = true;
}

static void make_some(void)
{
    for (int n = 0; n < 6 && !over; n++)
        if (os_fork() == 0) {
            sleep_ms(3000);
            os_exit(MISSED);
        }
    while (!over)
        sleep_ms(1);
}

/* In a group of its own, which has no part in this. */
static void press_keys(struct pty *p, int go)
{
    char byte;

    os_setpgid(0, 0);
    for (unsigned n = 0; os_read(go, &byte, 1) == 1; n++) {
        for (volatile unsigned spin = n * 7919 % 200 * 1000; spin;)
            spin--;
        os_ioctl(p->master, TIOCSIG, (void *)SIGINT);
    }
    os_exit(0);
}

void check_group(struct pty *p)
{
    const struct os_sigaction act = {.handler = count, .flags = SA_SIGINFO};
    int                       go[2];

    maker = os_getpid();
    must(os_ioctl(p->slave, TIOCSCTTY, 0), "TIOCSCTTY");
    must(os_pipe2(go, 0), "pipe2");
    if (must(os_fork(), "fork") == 0) {
        os_close(go[1]);
        press_keys(p, go[0]);
    }
    os_sigaction(SIGINT, &act, 0);
    for (int i = 0; i < ROUNDS; i++) {
        over = false;
        says(go[1], "g");
        make_some();
    }
    /* Between the last look at what is pending and the host's own are a few instructions (gate.c, gate_clone_quiet). */
    check(missed < ROUNDS / 50, "the children heard of the key");
    if (missed)
        print("#   %d did not\n", missed);
}

#endif
