/* poll and select over pipes and sockets. */
#include "sample.h"

static void check_poll(void)
{
    int              fds[2];
    struct os_pollfd p[3];
    int64_t          start;
    char             byte;

    must(os_pipe(fds), "pipe");
    p[0] = (struct os_pollfd){fds[0], POLLIN, 0};
    p[1] = (struct os_pollfd){fds[1], POLLOUT, 0};
    p[2] = (struct os_pollfd){99, POLLIN, 0};
    check(os_poll(p, 2, 0) == 1 && p[0].revents == 0 && p[1].revents == POLLOUT, "an empty pipe can be written");
    os_write(fds[1], "x", 1);
    check(os_poll(p, 3, -1) == 3 && (p[0].revents & POLLIN) && p[2].revents == POLLNVAL,
          "a full one read, a bad number is named");
    p[2].fd = -1;
    check(os_poll(p, 3, -1) == 2 && p[2].revents == 0, "a negative number is skipped");
    os_read(fds[0], &byte, 1);
    start = now_ns(CLOCK_MONOTONIC);
    check(os_poll(p, 1, 20) == 0 && now_ns(CLOCK_MONOTONIC) - start >= 20000000, "a time-out");
    os_close(fds[1]);
    check(os_poll(p, 1, -1) == 1 && (p[0].revents & POLLHUP), "no writer: hung up");
    os_close(fds[0]);
}

static void check_select(void)
{
    int      fds[2];
    uint64_t r[16] = {0}, w[16] = {0};
    int64_t  tv[2] = {0, 10000};

    must(os_pipe(fds), "pipe");
    r[0] = 1ull << fds[0];
    w[0] = 1ull << fds[1];
    check(os_select(fds[1] + 1, r, w, 0, tv) == 1 && r[0] == 0 && w[0] == 1ull << fds[1], "select finds the writer");
    r[0] = 1ull << fds[0];
    tv[0] = 0;
    tv[1] = 10000;
    check(os_select(fds[1] + 1, r, 0, 0, tv) == 0 && r[0] == 0, "select runs out of time");
    r[0] = 1ull << 40;
    check_err(os_select(41, r, 0, 0, tv), -EBADF, "select of a bad number");
    os_close(fds[0]);
    os_close(fds[1]);
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_poll();
    check_select();
    return check_status();
}
