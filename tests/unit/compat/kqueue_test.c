/*
 * kqueue over the test's own descriptors.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat/kqueue.h"
#include "compat/kqueue_int.h"
#include "syscalls/fd.h"
#include "syscalls/signal.h"
#include "tests/unit/fake_call.h"

/* The process tree is not here: one process that can be found. */
void (*signal_on_post)(struct proc *p, int sig);
static struct proc *known;

struct proc *proc_find_any_locked(pid_t pid) { return known && known->pid == pid ? known : NULL; }

struct fbsd_kevent {
    uint64_t ident;
    int16_t  filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t  data;
    uint64_t udata;
    uint64_t ext[4];
};

struct fix {
    struct fake *f;
    unsigned     fds_before;
    int          kq;
};

static const struct timespec at_once;

static struct fbsd_kevent ev(uint64_t ident, int filter, unsigned flags)
{
    return (struct fbsd_kevent){.ident = ident, .filter = (int16_t)filter, .flags = (uint16_t)flags, .udata = 77};
}

static int fix_new(void **state)
{
    struct fix *x = calloc(1, sizeof(*x));

    x->f = fake_new();
    x->fds_before = fake_open_fds();
    x->f->own.fds = fdtable_new();
    x->kq = (int)sys_kqueue(fake_call(x->f));
    assert_int_equal(x->kq, 0);
    *state = x;
    return 0;
}

static int fix_free(void **state)
{
    struct fix *x = *state;

    fd_close_range(fake_call(x->f), 0, ~0u, 0);
    fdtable_free(x->f->own.fds);
    kqueue_proc_free(&x->f->own);
    assert_int_equal(fake_open_fds(), x->fds_before);
    fake_free(x->f);
    free(x);
    return 0;
}

/* The guest gets a host descriptor. */
static int give(struct fix *x, int hostfd, enum ofile_kind kind)
{
    const struct fd_new n = {.hostfd = hostfd, .kind = kind, .flags = O_RDWR};

    assert_true(hostfd >= 0);
    return fd_install(fake_call(x->f), &n, 0);
}

static int64_t change(struct fix *x, struct fbsd_kevent k)
{
    return sys_kevent(fake_call(x->f), x->kq, GVA((uintptr_t)&k), 1, GVA(0), 0, NULL);
}

static int64_t wait_for(struct fix *x, struct fbsd_kevent *out, int n, int ms)
{
    const struct timespec ts = {ms / 1000, ms % 1000 * 1000000l};

    memset(out, 0xee, sizeof(*out) * (size_t)n);
    return sys_kevent(fake_call(x->f), x->kq, GVA(0), 0, GVA((uintptr_t)out), n, &ts);
}

static int64_t look(struct fix *x, struct fbsd_kevent *out, int n) { return wait_for(x, out, n, 0); }

/* ---- registration ------------------------------------------------------------ */

static void refuses_what_the_kernel_refuses(void **state)
{
    struct fix *x = *state;
    int         p[2];

    assert_int_equal(pipe(p), 0);

    const int r = give(x, p[0], OF_PIPE), w = give(x, p[1], OF_PIPE);
    const struct {
        struct fbsd_kevent k;
        int64_t            err;
    } bad[] = {
        {ev(900, KQ_FILTER_READ, KQ_EV_ADD), -EBADF},
        {ev(~0ull, KQ_FILTER_READ, KQ_EV_ADD), -EBADF},
        {ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_DELETE), -ENOENT},
        {ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ENABLE), -ENOENT},
        {ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_ENABLE | KQ_EV_DISABLE), -EINVAL},
        {ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_KEEPUDATA), -EINVAL},
        {ev((uint64_t)r, KQ_FILTER_VNODE, KQ_EV_ADD), -EINVAL},
        {ev((uint64_t)r, KQ_FILTER_EMPTY, KQ_EV_ADD), -EINVAL},
        {ev((uint64_t)r, KQ_FILTER_PROCDESC, KQ_EV_ADD), -EINVAL},
        {ev((uint64_t)x->kq, KQ_FILTER_READ, KQ_EV_ADD), -EINVAL},
        {ev(1, KQ_FILTER_AIO, KQ_EV_ADD), -EPERM},
        {ev(1, -99, KQ_EV_ADD), -EINVAL},
        {ev(1, 3, KQ_EV_ADD), -EINVAL},
        {ev(99999999, KQ_FILTER_PROC, KQ_EV_ADD), -ESRCH},
        {ev(1, KQ_FILTER_USER, KQ_EV_ENABLE), -ENOENT},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        print_message("bad change %zu\n", i);
        assert_int_equal(change(x, bad[i].k), bad[i].err);
    }
    (void)w;
}

static void errors_are_told_in_the_list(void **state)
{
    struct fix        *x = *state;
    struct fbsd_kevent in[3] = {ev(900, KQ_FILTER_READ, KQ_EV_ADD), ev(5, KQ_FILTER_USER, KQ_EV_ADD | KQ_EV_RECEIPT),
                                ev(6, KQ_FILTER_USER, KQ_EV_DELETE)},
                       out[4];

    assert_int_equal(sys_kevent(fake_call(x->f), x->kq, GVA((uintptr_t)in), 3, GVA((uintptr_t)out), 4, NULL), 3);
    assert_int_equal(out[0].flags, KQ_EV_ERROR);
    assert_int_equal(out[0].data, EBADF);
    assert_int_equal(out[0].ident, 900);
    assert_int_equal(out[1].flags, KQ_EV_ERROR);
    assert_int_equal(out[1].data, 0);
    assert_int_equal(out[2].data, ENOENT);
    assert_int_equal(out[2].udata, 77);
}

static void bad_arguments(void **state)
{
    struct fix           *x = *state;
    struct fbsd_kevent    out[1];
    const struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}};
    const gva             to = GVA((uintptr_t)out);

    assert_int_equal(sys_kevent(fake_call(x->f), 999, GVA(0), 0, to, 1, &at_once), -EBADF);
    assert_int_equal(sys_kevent(fake_call(x->f), x->kq, GVA(0), -1, to, 1, &at_once), -EINVAL);
    assert_int_equal(sys_kevent(fake_call(x->f), x->kq, GVA(0), 0, to, -1, &at_once), -EINVAL);
    assert_int_equal(sys_kevent(fake_call(x->f), x->kq, GVA(8), 1, to, 1, &at_once), -EFAULT);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sys_kevent(fake_call(x->f), x->kq, GVA(0), 0, to, 1, &bad[i]), -EINVAL);
        assert_int_equal(sys_kevent(fake_call(x->f), x->kq, GVA(0), 0, to, 0, &bad[i]), 0);
    }
    assert_int_equal(sys_kqueuex(fake_call(x->f), 2), -EINVAL);
}

/* ---- descriptors ---------------------------------------------------------------- */

static void both_filters_of_a_socket_cost_one_host_call(void **state)
{
    struct fix *x = *state;
    int         s[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);

    const int          a = give(x, s[0], OF_SOCKET), b = give(x, s[1], OF_SOCKET);
    struct fbsd_kevent in[2] = {ev((uint64_t)a, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_CLEAR),
                                ev((uint64_t)a, KQ_FILTER_WRITE, KQ_EV_ADD | KQ_EV_CLEAR)},
                       out[8];

    fake_count_reset();
    assert_int_equal(sys_kevent(fake_call(x->f), x->kq, GVA((uintptr_t)in), 2, GVA(0), 0, NULL), 0);
    assert_int_equal(fake_host_calls(), 1);

    /* writable: once */
    assert_int_equal(look(x, out, 8), 1);
    assert_int_equal(out[0].filter, KQ_FILTER_WRITE);
    assert_int_equal(out[0].ident, a);
    assert_int_equal(out[0].flags, KQ_EV_CLEAR);
    assert_true(out[0].data > 0);
    assert_int_equal(look(x, out, 8), 0);

    /* each arrival is an event of its own, whether or not the last was read */
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(write(s[1], "xx", 2), 2);

        const int64_t n = look(x, out, 8);

        assert_true(n >= 1);
        for (int64_t k = 0; k < n; k++)
            if (out[k].filter == KQ_FILTER_READ)
                assert_int_equal(out[k].data, 2 * i);
        assert_int_equal(look(x, out, 8), 0);
    }
    (void)b;
}

static void level_triggered_until_drained(void **state)
{
    struct fix        *x = *state;
    struct fbsd_kevent out[2];
    char               buf[8];
    int                p[2];

    assert_int_equal(pipe(p), 0);

    const int r = give(x, p[0], OF_PIPE);

    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD)), 0);
    assert_int_equal(look(x, out, 2), 0);
    assert_int_equal(write(p[1], "hello", 5), 5);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(look(x, out, 2), 1);
        assert_int_equal(out[0].data, 5);
        assert_int_equal(out[0].udata, 77);
        assert_int_equal(out[0].flags, 0);
    }
    assert_int_equal(read(p[0], buf, 8), 5);
    assert_int_equal(look(x, out, 2), 0);
    assert_int_equal(write(p[1], "again", 5), 5);
    assert_int_equal(look(x, out, 2), 1);
    close(p[1]);
    assert_int_equal(read(p[0], buf, 8), 5);
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].flags, KQ_EV_EOF);
    assert_int_equal(out[0].data, 0);
}

static void oneshot_and_dispatch(void **state)
{
    struct fix        *x = *state;
    struct fbsd_kevent out[2];
    int                p[2];

    assert_int_equal(pipe(p), 0);

    const int r = give(x, p[0], OF_PIPE);

    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_ONESHOT)), 0);
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].flags, KQ_EV_ONESHOT);
    assert_int_equal(look(x, out, 2), 0);
    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_DELETE)), -ENOENT);

    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_DISPATCH)), 0);
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].flags, KQ_EV_DISPATCH);
    assert_int_equal(look(x, out, 2), 0);
    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ENABLE)), 0);
    assert_int_equal(look(x, out, 2), 1);

    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_DELETE)), 0);
    assert_int_equal(look(x, out, 2), 0);
    /* the registration that was left behind is taken out by the event that nobody wants */
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(look(x, out, 2), 0);
    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_CLEAR)), 0);
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].data, 2);
    close(p[1]);
}

static void disabled_ones_keep_still(void **state)
{
    struct fix        *x = *state;
    struct fbsd_kevent out[2], k;
    int                p[2];

    assert_int_equal(pipe(p), 0);

    const int r = give(x, p[0], OF_PIPE);

    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_DISABLE)), 0);
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(look(x, out, 2), 0);
    k = ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ENABLE);
    k.udata = 99;
    assert_int_equal(change(x, k), 0);
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].udata, 99);
    k.udata = 5;
    k.flags = KQ_EV_ENABLE | KQ_EV_KEEPUDATA;
    assert_int_equal(change(x, k), 0);
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].udata, 99);
    close(p[1]);
}

static void close_drops_the_knotes_of_that_number(void **state)
{
    struct fix        *x = *state;
    struct fbsd_kevent out[4];
    int                p[2];

    assert_int_equal(pipe(p), 0);

    const int r = give(x, p[0], OF_PIPE);
    const int r2 = fd_dup(fake_call(x->f), r, 0, 0);

    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD)), 0);
    assert_int_equal(change(x, ev((uint64_t)r2, KQ_FILTER_READ, KQ_EV_ADD)), 0);
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(look(x, out, 4), 2);
    assert_int_equal(fd_close(fake_call(x->f), r), 0);
    assert_int_equal(look(x, out, 4), 1);
    assert_int_equal(out[0].ident, r2);
    assert_int_equal(fd_close(fake_call(x->f), r2), 0);
    assert_int_equal(look(x, out, 4), 0);
    close(p[1]);

    /* the same numbers, another file */
    assert_int_equal(pipe(p), 0);
    assert_int_equal(give(x, p[0], OF_PIPE), r);
    assert_int_equal(change(x, ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_CLEAR)), 0);
    assert_int_equal(look(x, out, 4), 0);
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(look(x, out, 4), 1);
    close(p[1]);
}

static void fork_does_not_hand_it_down(void **state)
{
    struct fix         *x = *state;
    struct fbsd_kevent  out[1];
    struct fake        *child = fake_new();
    const struct fd_new n = {.hostfd = dup(0), .kind = OF_CHAR};
    const int           fd = fd_install(fake_call(x->f), &n, 0);
    struct fdref        ref;

    child->own.fds = fdtable_copy(x->f->own.fds);
    assert_int_equal(fd_get(fake_call(child), x->kq, &ref), -EBADF);
    assert_int_equal(sys_kevent(fake_call(child), x->kq, GVA(0), 0, GVA((uintptr_t)out), 1, &at_once), -EBADF);
    assert_int_equal(fd_get(fake_call(child), fd, &ref), 0);
    fd_put(fake_call(child), &ref);
    fdtable_free(child->own.fds);
    fake_free(child);
    assert_int_equal(look(x, out, 1), 0);
}

static void listening_socket_counts_its_backlog(void **state)
{
    struct fix        *x = *state;
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          len = sizeof(sin);
    struct fbsd_kevent out[2];
    int                l = socket(AF_INET, SOCK_STREAM, 0), c[2];

    assert_int_equal(bind(l, (struct sockaddr *)&sin, len), 0);
    assert_int_equal(listen(l, 8), 0);
    assert_int_equal(getsockname(l, (struct sockaddr *)&sin, &len), 0);

    const int fd = give(x, l, OF_SOCKET);

    assert_int_equal(change(x, ev((uint64_t)fd, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_CLEAR)), 0);
    assert_int_equal(look(x, out, 2), 0);
    for (int i = 0; i < 2; i++) {
        c[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(c[i], (struct sockaddr *)&sin, len), 0);
    }
    assert_int_equal(wait_for(x, out, 2, 60000), 1);
    assert_int_equal(out[0].data, 2);

    const int s = give(x, accept(l, NULL, NULL), OF_SOCKET);

    assert_int_equal(change(x, ev((uint64_t)s, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_CLEAR)), 0);
    assert_int_equal(look(x, out, 2), 0);
    shutdown(c[0], SHUT_WR);
    assert_int_equal(wait_for(x, out, 2, 60000), 1);
    assert_int_equal(out[0].flags, KQ_EV_EOF | KQ_EV_CLEAR);
    close(c[0]);
    close(c[1]);
}

/* FreeBSD finds nothing to report on a socket that was never connected; the host calls it hung up. */
static void unconnected_socket_is_quiet(void **state)
{
    struct fix        *x = *state;
    const int          s = give(x, socket(AF_INET, SOCK_STREAM, 0), OF_SOCKET);
    struct fbsd_kevent out[2];

    assert_int_equal(change(x, ev((uint64_t)s, KQ_FILTER_WRITE, KQ_EV_ADD)), 0);
    assert_int_equal(change(x, ev((uint64_t)s, KQ_FILTER_READ, KQ_EV_ADD)), 0);
    assert_int_equal(wait_for(x, out, 2, 20), 0);
}

static void regular_files_are_ready_up_to_their_end(void **state)
{
    struct fix        *x = *state;
    char               path[] = "/tmp/kqueue_test.XXXXXX";
    const int          host = mkstemp(path), other = open(path, O_WRONLY | O_APPEND);
    const int          fd = give(x, host, OF_FILE);
    struct fbsd_kevent out[2];
    struct fdref       ref;

    unlink(path);
    assert_int_equal(write(other, "12345", 5), 5);
    assert_int_equal(fd_get(fake_call(x->f), fd, &ref), 0);
    fake_count_reset();
    assert_int_equal(change(x, ev((uint64_t)fd, KQ_FILTER_READ, KQ_EV_ADD)), 0);
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].data, 5);
    ref.of->offset = 3;
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].data, 2);
    ref.of->offset = 5;
    assert_int_equal(look(x, out, 2), 0);
    assert_int_equal(write(other, "67", 2), 2);
    assert_int_equal(wait_for(x, out, 2, 60000), 1);
    assert_int_equal(out[0].data, 2);
    fd_put(fake_call(x->f), &ref);
    assert_int_equal(change(x, ev((uint64_t)fd, KQ_FILTER_WRITE, KQ_EV_ADD)), 0);
    assert_int_equal(look(x, out, 2), 2);
    close(other);
}

/* ---- the others --------------------------------------------------------------------- */

static void user_events(void **state)
{
    struct fix        *x = *state;
    struct fbsd_kevent out[2], k = ev(1, KQ_FILTER_USER, KQ_EV_ADD | KQ_EV_CLEAR);

    k.fflags = 0x80000000u | 3; /* FFOR */
    assert_int_equal(change(x, k), 0);
    assert_int_equal(look(x, out, 2), 0);
    k = ev(1, KQ_FILTER_USER, 0);
    k.fflags = 0xc0000000u | 0x01000000u | 0x12; /* FFCOPY, TRIGGER */
    k.data = 9;
    assert_int_equal(change(x, k), 0);
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].fflags, 0x12);
    assert_int_equal(out[0].data, 9);
    assert_int_equal(look(x, out, 2), 0);
}

static void timers(void **state)
{
    struct fix        *x = *state;
    struct fbsd_kevent out[2], k = ev(1, KQ_FILTER_TIMER, KQ_EV_ADD);

    k.data = 100000; /* milliseconds by default */
    assert_int_equal(change(x, k), 0);
    assert_int_equal(look(x, out, 2), 0);
    k.data = 10;
    assert_int_equal(change(x, k), 0);
    assert_int_equal(wait_for(x, out, 2, 60000), 1);
    assert_int_equal(out[0].flags, KQ_EV_CLEAR);
    assert_true(out[0].data >= 1);
    usleep(35000);
    assert_int_equal(look(x, out, 2), 1);
    assert_true(out[0].data >= 3);
    k.data = 100000; /* again: anew */
    assert_int_equal(change(x, k), 0);
    assert_int_equal(wait_for(x, out, 2, 30), 0);
    k = ev(1, KQ_FILTER_TIMER, KQ_EV_DELETE);
    assert_int_equal(change(x, k), 0);

    k = ev(2, KQ_FILTER_TIMER, KQ_EV_ADD | KQ_EV_ONESHOT);
    k.fflags = 4; /* NOTE_USECONDS */
    assert_int_equal(change(x, k), 0);
    assert_int_equal(wait_for(x, out, 2, 60000), 1);
    assert_int_equal(change(x, ev(2, KQ_FILTER_TIMER, KQ_EV_DELETE)), -ENOENT);

    k = ev(3, KQ_FILTER_TIMER, KQ_EV_ADD);
    k.fflags = 0x11; /* NOTE_ABSTIME, NOTE_SECONDS: in the past */
    k.data = 1;
    assert_int_equal(change(x, k), 0);
    assert_int_equal(wait_for(x, out, 2, 60000), 1);
    assert_int_equal(out[0].flags, 0);
    k.data = -1;
    assert_int_equal(change(x, ev(3, KQ_FILTER_TIMER, KQ_EV_DELETE)), 0);
    assert_int_equal(change(x, k), -EINVAL);
    k.data = 1;
    k.fflags = 3;
    assert_int_equal(change(x, k), -EINVAL);
}

static void signals_are_counted(void **state)
{
    struct fix        *x = *state;
    struct fbsd_kevent out[2];

    assert_int_equal(change(x, ev(30, KQ_FILTER_SIGNAL, KQ_EV_ADD)), 0);
    signal_on_post(&x->f->own, 30);
    signal_on_post(&x->f->own, 31);
    signal_on_post(&x->f->own, 30);
    assert_int_equal(look(x, out, 2), 1);
    assert_int_equal(out[0].data, 2);
    assert_int_equal(out[0].flags, KQ_EV_CLEAR);
    assert_int_equal(look(x, out, 2), 0);
}

static void processes(void **state)
{
    struct fix        *x = *state;
    struct proc        child = {.pid = 12345, .state = PROC_LIVE}, grandchild = {.pid = 12346};
    struct fbsd_kevent out[4], k = ev(12345, KQ_FILTER_PROC, KQ_EV_ADD);

    known = &child;
    k.fflags = KQ_NOTE_EXIT | KQ_NOTE_FORK | KQ_NOTE_EXEC | 1; /* NOTE_TRACK */
    assert_int_equal(change(x, k), 0);
    kqueue_proc_event_locked(&child, KQ_NOTE_EXEC, 0);
    assert_int_equal(look(x, out, 4), 1);
    assert_int_equal(out[0].fflags, KQ_NOTE_EXEC);
    kqueue_proc_event_locked(&child, KQ_NOTE_FORK, 12346);
    assert_int_equal(look(x, out, 4), 2);
    assert_int_equal(out[0].ident, 12346);
    assert_int_equal(out[0].fflags, 4); /* NOTE_CHILD */
    assert_int_equal(out[0].data, 12345);
    assert_int_equal(out[1].fflags, KQ_NOTE_FORK);
    kqueue_proc_event_locked(&child, KQ_NOTE_EXIT, 3 << 8);
    assert_int_equal(look(x, out, 4), 1);
    assert_int_equal(out[0].fflags, KQ_NOTE_EXIT);
    assert_int_equal(out[0].data, 3 << 8);
    assert_int_equal(out[0].flags, KQ_EV_EOF | KQ_EV_ONESHOT | KQ_EV_CLEAR);
    kqueue_proc_event_locked(&grandchild, KQ_NOTE_EXIT, 0);
    assert_int_equal(look(x, out, 4), 1);
    assert_int_equal(out[0].ident, 12346);

    child.state = PROC_ZOMBIE;
    child.wait_status = 9 << 8;
    k.fflags = KQ_NOTE_FORK;
    assert_int_equal(change(x, k), -ESRCH);
    k.fflags = KQ_NOTE_EXIT;
    assert_int_equal(change(x, k), 0);
    assert_int_equal(look(x, out, 4), 1);
    assert_int_equal(out[0].data, 9 << 8);
    known = NULL;
}

static void vnodes(void **state)
{
    struct fix        *x = *state;
    char               dir[] = "/tmp/kqueue_test.XXXXXX", path[64], moved[64];
    struct fbsd_kevent out[4], k;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/a", dir);
    snprintf(moved, sizeof(moved), "%s/b", dir);

    const int other = open(path, O_CREAT | O_WRONLY, 0600);
    const int fd = give(x, open(path, O_RDONLY), OF_FILE), d = give(x, open(dir, O_RDONLY | O_DIRECTORY), OF_DIR);

    k = ev((uint64_t)fd, KQ_FILTER_VNODE, KQ_EV_ADD | KQ_EV_CLEAR);
    k.fflags = 0x7f;
    assert_int_equal(change(x, k), 0);
    k = ev((uint64_t)d, KQ_FILTER_VNODE, KQ_EV_ADD | KQ_EV_CLEAR);
    k.fflags = 0x7f;
    assert_int_equal(change(x, k), 0);
    assert_int_equal(look(x, out, 4), 0);

    assert_int_equal(write(other, "x", 1), 1);
    assert_int_equal(wait_for(x, out, 4, 60000), 1);
    assert_int_equal(out[0].fflags, 2 | 4); /* WRITE, EXTEND */
    assert_int_equal(pwrite(other, "y", 1, 0), 1);
    assert_int_equal(wait_for(x, out, 4, 60000), 1);
    assert_int_equal(out[0].fflags, 2);
    assert_int_equal(fchmod(other, 0644), 0);
    assert_int_equal(wait_for(x, out, 4, 60000), 1);
    assert_int_equal(out[0].fflags, 8); /* ATTRIB */
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(wait_for(x, out, 4, 60000), 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(out[i].fflags, out[i].ident == (uint64_t)fd ? 0x20 : 2); /* RENAME, WRITE */
    assert_int_equal(unlink(moved), 0);
    assert_int_equal(wait_for(x, out, 4, 60000), 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(out[i].fflags, out[i].ident == (uint64_t)fd ? 1 : 2); /* DELETE, WRITE */
    close(other);
    rmdir(dir);
}

/* ---- waiting --------------------------------------------------------------------------- */

struct waiter {
    struct fix        *x;
    struct fake       *f;
    struct fbsd_kevent out[4];
    int64_t            r;
};

static void *wait_long(void *arg)
{
    struct waiter        *w = arg;
    const struct timespec ts = {10, 0};

    w->r = sys_kevent(fake_call(w->f), w->x->kq, GVA(0), 0, GVA((uintptr_t)w->out), 4, &ts);
    return NULL;
}

static void another_thread_wakes_a_waiter(void **state)
{
    struct fix        *x = *state;
    struct waiter      w = {.x = x, .f = fake_thread(x->f)};
    struct fbsd_kevent k = ev(1, KQ_FILTER_USER, 0);
    pthread_t          t;

    assert_int_equal(change(x, ev(1, KQ_FILTER_USER, KQ_EV_ADD | KQ_EV_CLEAR)), 0);
    assert_int_equal(pthread_create(&t, NULL, wait_long, &w), 0);
    usleep(20000);
    k.fflags = 0x01000000u;
    assert_int_equal(change(x, k), 0);
    pthread_join(t, NULL);
    assert_int_equal(w.r, 1);
    assert_int_equal(w.out[0].filter, KQ_FILTER_USER);

    /* and by a registration */
    int p[2];

    assert_int_equal(pipe(p), 0);
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(pthread_create(&t, NULL, wait_long, &w), 0);
    usleep(20000);
    assert_int_equal(change(x, ev((uint64_t)give(x, p[0], OF_PIPE), KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_CLEAR)), 0);
    pthread_join(t, NULL);
    assert_int_equal(w.r, 1);
    close(p[1]);
    fake_free(w.f);
}

static void a_signal_interrupts(void **state)
{
    struct fix   *x = *state;
    struct waiter w = {.x = x, .f = fake_thread(x->f)};
    pthread_t     t;

    assert_int_equal(pthread_create(&t, NULL, wait_long, &w), 0);
    usleep(20000);
    fake_interrupt(w.f);
    pthread_join(t, NULL);
    assert_int_equal(w.r, -EINTR);
    fake_free(w.f);
}

/* More events than the list takes: the rest come next time, none twice. */
static void few_at_a_time(void **state)
{
    struct fix        *x = *state;
    struct fbsd_kevent out[1];
    int                p[8][2], seen[32] = {0};

    for (int i = 0; i < 8; i++) {
        assert_int_equal(pipe(p[i]), 0);
        assert_int_equal(write(p[i][1], "x", 1), 1);
        assert_int_equal(change(x, ev((uint64_t)give(x, p[i][0], OF_PIPE), KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_CLEAR)),
                         0);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(look(x, out, 1), 1);
        assert_int_equal(seen[out[0].ident]++, 0);
    }
    assert_int_equal(look(x, out, 1), 0);
    for (int i = 0; i < 8; i++)
        close(p[i][1]);
}

static void old_form_of_the_call(void **state)
{
    struct fix           *x = *state;
    struct fbsd_kevent    in = ev(7, KQ_FILTER_TIMER, KQ_EV_ADD), out[1];
    const struct timespec ts = {1, 0};

    in.data = 1;
    memset(out, 0xee, sizeof(out));
    assert_int_equal(sys_freebsd11_kevent(fake_call(x->f), x->kq, GVA((uintptr_t)&in), 1, GVA((uintptr_t)out), 1, &ts),
                     1);
    assert_int_equal(out[0].ident, 7);
    assert_int_equal(out[0].ext[0], 0xeeeeeeeeeeeeeeeeull);
}

/*
 * The way Go works: one thread waits, the others register a socket, wait until
 * the poller has seen it readable, read, close, and begin anew with the same
 * numbers.  A lost event hangs; a stale one reads nothing.
 */
enum { WORKERS = 4, ROUNDS = 300, ARRIVALS = 3 };

struct stress {
    struct fix    *x;
    struct fake   *f;
    uint64_t       mark; /* udata of the socket now */
    uint32_t       seen; /* readable events for it */
    unsigned       lost;
    pthread_t      thread;
    struct stress *all;
    bool           stop;
};

static void *poller(void *arg)
{
    struct stress        *w = arg;
    struct fbsd_kevent    out[8];
    const struct timespec ts = {0, 50000000};

    while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
        const int64_t n = sys_kevent(fake_call(w->f), w->x->kq, GVA(0), 0, GVA((uintptr_t)out), 8, &ts);

        for (int64_t i = 0; i < n; i++) {
            struct stress *to = &w->all[out[i].udata % WORKERS];

            if (out[i].filter == KQ_FILTER_READ && __atomic_load_n(&to->mark, __ATOMIC_ACQUIRE) == out[i].udata)
                __atomic_add_fetch(&to->seen, 1, __ATOMIC_ACQ_REL);
        }
    }
    return NULL;
}

static bool await_event(struct stress *w)
{
    for (int ms = 0; ms < 60000; ms++) {
        if (__atomic_load_n(&w->seen, __ATOMIC_ACQUIRE))
            return true;
        usleep(ms < 20 ? 50 : 1000);
    }
    return false;
}

static void one_socket(struct stress *w)
{
    int s[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0)
        abort();

    const struct fd_new n = {.hostfd = s[0], .kind = OF_SOCKET, .flags = O_RDWR};
    const int           fd = fd_install(fake_call(w->f), &n, 0);
    struct fbsd_kevent  in[2] = {ev((uint64_t)fd, KQ_FILTER_READ, KQ_EV_ADD | KQ_EV_CLEAR),
                                 ev((uint64_t)fd, KQ_FILTER_WRITE, KQ_EV_ADD | KQ_EV_CLEAR)};

    in[0].udata = in[1].udata = w->mark;
    if (sys_kevent(fake_call(w->f), w->x->kq, GVA((uintptr_t)in), 2, GVA(0), 0, NULL) != 0)
        w->lost++;
    for (int i = 0; i < ARRIVALS; i++) {
        char c;

        __atomic_store_n(&w->seen, 0, __ATOMIC_RELEASE);
        if (write(s[1], "x", 1) != 1 || !await_event(w) || read(s[0], &c, 1) != 1)
            w->lost++;
    }
    fd_close(fake_call(w->f), fd);
    close(s[1]);
}

static void *worker(void *arg)
{
    struct stress *w = arg;

    for (int i = 0; i < ROUNDS; i++) {
        __atomic_add_fetch(&w->mark, WORKERS, __ATOMIC_ACQ_REL);
        one_socket(w);
    }
    return NULL;
}

static void no_event_is_lost_among_threads(void **state)
{
    struct fix   *x = *state;
    struct stress w[WORKERS + 1] = {0};

    for (int i = 0; i <= WORKERS; i++) {
        w[i].x = x;
        w[i].all = w;
        w[i].f = fake_thread(x->f);
        w[i].mark = (uint64_t)i;
        assert_int_equal(pthread_create(&w[i].thread, NULL, i < WORKERS ? worker : poller, &w[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(w[i].thread, NULL);
        assert_int_equal(w[i].lost, 0);
    }
    __atomic_store_n(&w[WORKERS].stop, true, __ATOMIC_RELEASE);
    pthread_join(w[WORKERS].thread, NULL);
    for (int i = 0; i <= WORKERS; i++)
        fake_free(w[i].f);
}

/* Every host call and copy fails once: no crash, nothing left open (the teardown counts). */
static void every_failure_is_survived(void **state)
{
    struct fix *x = *state;

    for (unsigned at = 1; at < 12; at++)
        for (int what = 0; what < 3; what++) {
            struct fbsd_kevent out[4], k;
            int                p[2];

            assert_int_equal(pipe(p), 0);

            const int r = give(x, p[0], OF_PIPE);

            assert_int_equal(write(p[1], "x", 1), 1);
            if (what == 0)
                fake_fail_host(at, ENOMEM);
            else if (what == 1)
                fake_fail_copy(at, EFAULT);
            else
                fake_fail_scratch(at);
            k = ev((uint64_t)r, KQ_FILTER_READ, KQ_EV_ADD);
            change(x, k);
            k.filter = KQ_FILTER_WRITE;
            change(x, k);
            look(x, out, 4);
            fd_close(fake_call(x->f), (int)sys_kqueue(fake_call(x->f)));
            fake_fail_host(0, 0);
            fake_fail_copy(0, 0);
            fake_fail_scratch(0);
            assert_int_equal(fd_close(fake_call(x->f), r), 0);
            assert_int_equal(look(x, out, 4), 0);
            close(p[1]);
        }
}

#define T(name) cmocka_unit_test_setup_teardown(name, fix_new, fix_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(refuses_what_the_kernel_refuses),
        T(errors_are_told_in_the_list),
        T(bad_arguments),
        T(both_filters_of_a_socket_cost_one_host_call),
        T(level_triggered_until_drained),
        T(oneshot_and_dispatch),
        T(disabled_ones_keep_still),
        T(close_drops_the_knotes_of_that_number),
        T(fork_does_not_hand_it_down),
        T(listening_socket_counts_its_backlog),
        T(unconnected_socket_is_quiet),
        T(regular_files_are_ready_up_to_their_end),
        T(user_events),
        T(timers),
        T(signals_are_counted),
        T(processes),
        T(vnodes),
        T(another_thread_wakes_a_waiter),
        T(a_signal_interrupts),
        T(few_at_a_time),
        T(old_form_of_the_call),
        T(no_event_is_lost_among_threads),
        T(every_failure_is_survived),
    };

    return cmocka_run_group_tests_name("compat/kqueue", tests, NULL, NULL);
}
