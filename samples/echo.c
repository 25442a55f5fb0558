/* An echo server on one queue of events (kqueue, or poll for the Linux build), with a few dozen clients in threads. */
#include "sample.h"

enum { CLIENTS = 24, MESSAGES = 20, SIZE = 3000 };

static struct os_sockaddr_in address;

static long client(void *arg)
{
    static char bytes[CLIENTS][2][SIZE];
    long        me = (long)arg, good = 0;
    char       *out = bytes[me][0], *in = bytes[me][1];
    int         fd = (int)must(os_socket(AF_INET, SOCK_STREAM, 0), "socket");

    must(os_connect(fd, &address, sizeof(address)), "connect");
    for (int i = 0; i < MESSAGES; i++) {
        memset(out, (int)me + i, SIZE);
        os_write(fd, out, SIZE);
        for (long n = 0, r; n < SIZE; n += r)
            if ((r = os_read(fd, in + n, (size_t)(SIZE - n))) <= 0)
                return -1;
        good += memcmp(in, out, SIZE) == 0;
    }
    os_close(fd);
    return good;
}

static int echo_once(int fd)
{
    static char buf[4096];
    long        n = os_read(fd, buf, sizeof(buf));

    if (n == -EAGAIN)
        return 0;
    if (n <= 0) {
        os_close(fd);
        return -1;
    }
    for (long done = 0, w; done < n; done += w)
        if ((w = os_write(fd, buf + done, (size_t)(n - done))) < 0)
            w = 0; /* full: the client reads soon */
    return 0;
}

#ifdef GUEST_FREEBSD
static void serve(int listener)
{
    int              kq = (int)must(os_kqueue(), "kqueue"), gone = 0;
    struct os_kevent ev[8], add = {.ident = (uint64_t)listener, .filter = EVFILT_READ, .flags = EV_ADD};

    must(os_kevent(kq, &add, 1, 0, 0, 0), "kevent");
    while (gone < CLIENTS) {
        long n = must(os_kevent(kq, 0, 0, ev, 8, 0), "kevent");
        for (long i = 0; i < n; i++) {
            if ((int)ev[i].ident != listener) {
                gone += echo_once((int)ev[i].ident) < 0;
                continue;
            }
            add.ident = (uint64_t)must(os_accept4(listener, 0, 0, SOCK_NONBLOCK), "accept4");
            must(os_kevent(kq, &add, 1, 0, 0, 0), "kevent");
        }
    }
    os_close(kq);
}
#else
static void serve(int listener)
{
    struct os_pollfd p[CLIENTS + 1] = {{listener, POLLIN, 0}};
    unsigned         n = 1;
    int              gone = 0;

    while (gone < CLIENTS) {
        must(os_poll(p, n, -1), "poll");
        for (unsigned i = n; i-- > 1;)
            if (p[i].fd >= 0 && p[i].revents && echo_once(p[i].fd) < 0) {
                p[i].fd = -1;
                gone++;
            }
        if (p[0].revents)
            p[n++] = (struct os_pollfd){(int)must(os_accept4(listener, 0, 0, SOCK_NONBLOCK), "accept4"), POLLIN, 0};
    }
}
#endif

int main(int argc, char **argv, char **envp)
{
    static struct thread t[CLIENTS];
    int                  listener = (int)must(os_socket(AF_INET, SOCK_STREAM, 0), "socket");
    uint32_t             len = sizeof(address);
    long                 good = 0;

    (void)argc;
    (void)argv;
    (void)envp;
    address = (struct os_sockaddr_in){.family = AF_INET, .addr = 0x0100007f};
    OS_SOCKADDR_LEN(address);
    must(os_bind(listener, &address, sizeof(address)), "bind");
    must(os_listen(listener, 50), "listen");
    must(os_getsockname(listener, &address, &len), "getsockname");
    for (long i = 0; i < CLIENTS; i++)
        thread_start(&t[i], client, (void *)i);
    serve(listener);
    for (int i = 0; i < CLIENTS; i++)
        good += thread_join(&t[i]);
    print("%ld messages echoed\n", good);
    check(good == CLIENTS * MESSAGES, "all of them");
    return check_status();
}
