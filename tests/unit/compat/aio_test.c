/*
 * compat/aio*.c, compat/kqueue_aio.c: requests on the test's own files and sockets,
 * run by the real threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "compat/aio.h"
#include "compat/aio_int.h"
#include "compat/kqueue.h"
#include "compat/kqueue_int.h"
#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "syscalls/signal.h"
#include "tests/unit/fake_files.h"

/* ---- signals and the process tree are not here ----------------------------------------- */

static int posted, posted_sig, posted_code;

static void note(const struct ksiginfo *info)
{
    posted_sig = info->signo;
    posted_code = info->code;
    __atomic_add_fetch(&posted, 1, __ATOMIC_SEQ_CST);
}

void signal_post_proc_locked(struct proc *p, const struct ksiginfo *info)
{
    (void)p;
    note(info);
}

void signal_post_proc(struct proc *p, const struct ksiginfo *info) { signal_post_proc_locked(p, info); }

void signal_post_task_locked(struct task *t, const struct ksiginfo *info)
{
    (void)t;
    note(info);
}

static struct task *known_task;

struct task *task_find_locked(struct proc *p, int64_t tid)
{
    (void)p;
    return known_task && known_task->tid == tid ? known_task : NULL;
}

struct proc *proc_find_any_locked(pid_t pid)
{
    (void)pid;
    return NULL;
}

/* ---- the fixture ------------------------------------------------------------------------------ */

enum { FILE_FD, LEFT, RIGHT }; /* descriptors of every test */

static struct aiocb_form a, b;
static char              data[64];

static int install(void **state, int hostfd, enum ofile_kind kind, uint32_t flags)
{
    const struct fd_new n = {.hostfd = hostfd, .kind = kind, .flags = flags};

    return fd_install(CALL(state), &n, 0);
}

static struct aiocb_form request(int fd, void *buf, uint64_t n, int64_t offset)
{
    return (struct aiocb_form){.fildes = fd, .buf = (uintptr_t)buf, .nbytes = n, .offset = offset};
}

static int setup(void **state)
{
    int fds[2];

    posted = 0;
    if (files_setup(state))
        return -1;
    files_put("f", "0123456789");
    sys_open(CALL(state), P("f"), O_RDWR, 0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    install(state, fds[0], OF_SOCKET, O_RDWR);
    return install(state, fds[1], OF_SOCKET, O_RDWR) != RIGHT;
}

static int teardown(void **state)
{
    aio_proc_free(&((struct files *)*state)->f->own);
    kqueue_proc_free(&((struct files *)*state)->f->own);
    return files_teardown(state);
}

/* The thread that watches sockets keeps its descriptor. */
static int group_setup(void **state)
{
    if (setup(state))
        return -1;
    a = request(LEFT, data, 4, 0);
    sys_aio_read(CALL(state), P(&a));
    ((struct files *)*state)->host_fds++;
    return teardown(state);
}

static void send_bytes(void **state, const char *text)
{
    assert_int_equal(sys_write(CALL(state), RIGHT, P(text), strlen(text)), strlen(text));
}

static int64_t finish(void **state, struct aiocb_form *one)
{
    const uint64_t list[1] = {(uintptr_t)one};

    assert_int_equal(sys_aio_suspend(CALL(state), P(list), 1, NULL), 0);
    return sys_aio_return(CALL(state), P(one));
}

/* ---- tests ---------------------------------------------------------------------------------------- */

static void files_are_read_and_written(void **state)
{
    a = request(FILE_FD, "abc", 3, 8);
    assert_int_equal(sys_aio_write(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), 3);
    assert_string_equal(files_get("f"), "01234567abc");
    assert_int_equal(a.status, 3);
    b = request(FILE_FD, data, 5, 7);
    assert_int_equal(sys_aio_read(CALL(state), P(&b)), 0);
    assert_int_equal(finish(state, &b), 4);
    assert_memory_equal(data, "7abc", 4);
    assert_int_equal(sys_aio_return(CALL(state), P(&b)), -EINVAL);
    b.nbytes = 0;
    assert_int_equal(sys_aio_read(CALL(state), P(&b)), 0);
    assert_int_equal(finish(state, &b), 0);
}

static void vectors_of_many_pieces(void **state)
{
    struct iovec v[4] = {{data, 2}, {data, 0}, {data + 10, 1}, {data + 20, 40}};

    a = request(FILE_FD, v, 4, 1);
    assert_int_equal(sys_aio_readv(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), 9);
    assert_true(data[1] == '2' && data[10] == '3' && data[20] == '4' && data[25] == '9');
    v[1].iov_len = ~0ull;
    assert_int_equal(sys_aio_writev(CALL(state), P(&a)), -EINVAL);
    v[1] = (struct iovec){(void *)16, 3};
    assert_int_equal(sys_aio_writev(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), -EFAULT);
    a.nbytes = 2000;
    assert_int_equal(sys_aio_writev(CALL(state), P(&a)), -EINVAL);
}

/* More than a thread's buffer holds. */
static void long_transfers(void **state)
{
    const size_t n = 600000;
    char        *big = malloc(n), *back = malloc(n);

    for (size_t i = 0; i < n; i++)
        big[i] = (char)(i * 31 + i / 256);
    a = request(FILE_FD, big, n, 100);
    assert_int_equal(sys_aio_write(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), n);
    a = request(FILE_FD, back, n, 100);
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), n);
    assert_memory_equal(big, back, n);
    free(big);
    free(back);
}

static void what_is_refused(void **state)
{
    int fds[2];

    assert_int_equal(sys_pipe2(CALL(state), P(fds), 0), 0);
    assert_int_equal(sys_open(CALL(state), P("f"), O_RDONLY, 0), 5);
    assert_int_equal(sys_open(CALL(state), P("f"), O_WRONLY, 0), 6);
    assert_int_equal(sys_open(CALL(state), P("f"), O_PATH, 0), 7);

    int       host = socket(AF_INET, SOCK_STREAM, 0);
    const int listening = install(state, host, OF_SOCKET, O_RDWR);
    const struct {
        int fd;
        int64_t (*call)(struct call *c, gva aiocb);
        int64_t offset, want;
    } cases[] = {
        {99, sys_aio_read, 0, -EBADF},     {5, sys_aio_write, 0, -EBADF},         {6, sys_aio_read, 0, -EBADF},
        {7, sys_aio_read, 0, -EBADF},      {3, sys_aio_read, 0, -EOPNOTSUPP},     {FILE_FD, sys_aio_read, -1, -EINVAL},
        {LEFT, sys_aio_read, -5, -EINVAL}, {listening, sys_aio_read, 0, -EINVAL},
    };

    assert_int_equal(listen(host, 1), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        a = request(cases[i].fd, data, 4, cases[i].offset);
        assert_int_equal(cases[i].call(CALL(state), P(&a)), cases[i].want);
        assert_int_equal(sys_aio_error(CALL(state), P(&a)), a.error);
        assert_int_equal(a.status, -1);
    }
    assert_int_equal(sys_aio_fsync(CALL(state), 0x80, P(&a)), -EINVAL); /* of a socket */
    assert_int_equal(sys_aio_fsync(CALL(state), 3, P(&a)), -EINVAL);
    assert_int_equal(sys_aio_cancel(CALL(state), 99, GVA(0)), -EBADF);
    assert_int_equal(sys_aio_read(CALL(state), GVA(16)), -EFAULT);
}

static void no_process_has_results_before_it_asks(void **state)
{
    const uint64_t list[1] = {(uintptr_t)&a};

    a = request(FILE_FD, data, 4, 0);
    assert_int_equal(sys_aio_error(CALL(state), P(&a)), 22);
    assert_int_equal(sys_aio_return(CALL(state), P(&a)), -EINVAL);
    assert_int_equal(sys_aio_suspend(CALL(state), P(list), 1, NULL), -EAGAIN);
    assert_int_equal(sys_aio_cancel(CALL(state), FILE_FD, P(&a)), 3);
}

static void sockets_are_served_in_order(void **state)
{
    a = request(LEFT, data, 3, 0);
    b = request(LEFT, data + 10, 10, 0);
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), 0);
    assert_int_equal(sys_aio_read(CALL(state), P(&b)), 0);
    assert_int_equal(sys_aio_error(CALL(state), P(&a)), 36);
    send_bytes(state, "abcd");
    assert_int_equal(finish(state, &a), 3);
    assert_int_equal(finish(state, &b), 1);
    assert_true(!memcmp(data, "abc", 3) && data[10] == 'd');
    sys_close(CALL(state), RIGHT);
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), 0);
    assert_int_equal(sys_aio_write(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), -EPIPE);
    assert_int_equal(posted, 1);
    assert_int_equal(posted_sig, 13);
}

static void cancelling(void **state)
{
    const uint64_t list[1] = {(uintptr_t)&b};

    a = request(LEFT, data, 3, 0);
    b = request(LEFT, data, 3, 0);
    sys_aio_read(CALL(state), P(&a));
    sys_aio_read(CALL(state), P(&b));
    assert_int_equal(sys_aio_cancel(CALL(state), RIGHT, GVA(0)), 3);
    assert_int_equal(sys_aio_cancel(CALL(state), LEFT, P(&b)), 1);
    assert_int_equal(sys_aio_suspend(CALL(state), P(list), 1, NULL), 0);
    assert_int_equal(sys_aio_error(CALL(state), P(&b)), 85);
    assert_int_equal(sys_aio_return(CALL(state), P(&b)), -ECANCELED);
    assert_int_equal(sys_aio_cancel(CALL(state), LEFT, GVA(0)), 1);
    assert_int_equal(sys_aio_return(CALL(state), P(&a)), -ECANCELED);
}

/* What has been asked for before a sync is done when it is. */
static void a_sync_comes_last(void **state)
{
    struct aiocb_form many[50];
    uint64_t          at;

    for (int i = 0; i < 50; i++) {
        many[i] = request(FILE_FD, data, 60, 1000 * i);
        assert_int_equal(sys_aio_write(CALL(state), P(&many[i])), 0);
    }
    a = request(FILE_FD, NULL, 0, 0);
    assert_int_equal(sys_aio_fsync(CALL(state), 0x1000000, P(&a)), 0);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(sys_aio_waitcomplete(CALL(state), P(&at), NULL), 60);
        assert_true(at != (uintptr_t)&a);
    }
    assert_int_equal(sys_aio_waitcomplete(CALL(state), P(&at), NULL), 0);
    assert_true(at == (uintptr_t)&a);
}

static void waits_end(void **state)
{
    const struct timespec none = {0, 0}, some = {0, 1000000}, bad = {0, -1}, past = {-1, 0};
    const uint64_t        list[1] = {(uintptr_t)&a};
    struct fake          *f = ((struct files *)*state)->f;
    uint64_t              at = 1;

    a = request(LEFT, data, 3, 0);
    sys_aio_read(CALL(state), P(&a));
    assert_int_equal(sys_aio_suspend(CALL(state), P(list), 1, &some), -EAGAIN);
    assert_int_equal(sys_aio_suspend(CALL(state), P(list), 1, &bad), -EINVAL);
    assert_int_equal(sys_aio_suspend(CALL(state), P(list), 1, &past), -EINVAL);
    assert_int_equal(sys_aio_suspend(CALL(state), P(list), 300, NULL), -EINVAL);
    assert_int_equal(sys_aio_waitcomplete(CALL(state), P(&at), &none), -EAGAIN);
    assert_int_equal(at, 0);
    assert_int_equal(sys_aio_waitcomplete(CALL(state), P(&at), &some), -EAGAIN);
    assert_int_equal(sys_aio_waitcomplete(CALL(state), P(&at), &bad), -EINVAL);
    fake_interrupt(f);
    assert_int_equal(sys_aio_suspend(CALL(state), P(list), 1, NULL), -EINTR);
    assert_int_equal(sys_aio_waitcomplete(CALL(state), P(&at), &some), -EINTR);
    assert_int_equal(sys_aio_waitcomplete(CALL(state), P(&at), NULL), -ERESTART);
    b = a;
    b.opcode = LIO_READ;

    const uint64_t both[1] = {(uintptr_t)&b};

    assert_int_equal(sys_lio_listio(CALL(state), 1, P(both), 1, GVA(0)), -EINTR);
    fake_calm(f);
}

static void lists(void **state)
{
    struct aio_sigevent ev = {.notify = 1, .signo = 30, .value = 5};
    const uint64_t      list[4] = {(uintptr_t)&a, 0, (uintptr_t)&b, 0};

    a = request(FILE_FD, data, 3, 0);
    b = request(LEFT, data, 3, 0);
    a.opcode = b.opcode = LIO_READ;
    assert_int_equal(sys_lio_listio(CALL(state), 0, P(list), 4, P(&ev)), 0);
    finish(state, &a); /* taken before the list is done */
    assert_int_equal(__atomic_load_n(&posted, __ATOMIC_SEQ_CST), 0);
    send_bytes(state, "abc");
    finish(state, &b);
    assert_int_equal(posted, 1);
    assert_int_equal(posted_code, 0x10004);
    assert_int_equal(sys_lio_listio(CALL(state), 0, P(list), 0, P(&ev)), 0);
    assert_int_equal(posted, 2); /* nothing to wait for */
    ev.notify = 2;
    assert_int_equal(sys_lio_listio(CALL(state), 0, P(list), 1, P(&ev)), -EINVAL);
    assert_int_equal(sys_lio_listio(CALL(state), 1, P(list), 1, P(&ev)), 0); /* not looked at */
    assert_int_equal(sys_aio_return(CALL(state), P(&a)), 3);
    a.opcode = LIO_NOP;
    assert_int_equal(sys_lio_listio(CALL(state), 1, P(list), 1, GVA(0)), 0);
    a.opcode = LIO_MLOCK;
    assert_int_equal(sys_lio_listio(CALL(state), 1, P(list), 1, GVA(0)), -EIO);
    assert_int_equal(sys_lio_listio(CALL(state), 2, P(list), 1, GVA(0)), -EINVAL);
    assert_int_equal(sys_lio_listio(CALL(state), 1, P(list), -1, GVA(0)), -EINVAL);
}

static void threads_are_told(void **state)
{
    struct fake *f = ((struct files *)*state)->f;

    known_task = &f->task;
    a = request(FILE_FD, data, 3, 0);
    a.event = (struct aio_sigevent){.notify = 4, .signo = 30, .tid = (int32_t)f->task.tid};
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), 3);
    assert_int_equal(posted, 1);
    a.event.tid++;
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), 3);
    assert_int_equal(posted, 1);
    a.event.signo = 0;
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), -EINVAL);
    known_task = NULL;
}

/* struct kevent */
struct guest_kevent {
    uint64_t ident;
    int16_t  filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t  data;
    uint64_t udata, ext[4];
};

static void kqueues_are_told(void **state)
{
    const struct timespec none = {0, 0};
    const int             kq = (int)sys_kqueue(CALL(state));
    struct guest_kevent   k;

    a = request(LEFT, data, 3, 0);
    a.event = (struct aio_sigevent){.notify = 3, .signo = kq, .value = 55};
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), 0);
    assert_int_equal(sys_kevent(CALL(state), kq, GVA(0), 0, P(&k), 1, &none), 0);
    assert_int_equal(sys_aio_cancel(CALL(state), LEFT, GVA(0)), 1);
    assert_int_equal(sys_kevent(CALL(state), kq, GVA(0), 0, P(&k), 1, NULL), 1);
    assert_true(k.filter == -3 && k.ident == (uintptr_t)&a && k.udata == 55 && k.data == 85);
    assert_int_equal(sys_aio_return(CALL(state), P(&a)), -ECANCELED);
    assert_int_equal(sys_kevent(CALL(state), kq, GVA(0), 0, P(&k), 1, &none), 0);
    a.event.tid = 1;
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), -EINVAL);
    a.event = (struct aio_sigevent){.notify = 3, .signo = FILE_FD};
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), -EBADF);
    a.event.signo = kq; /* whose end nobody waits for */
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), 0);
    sys_close(CALL(state), kq);
    send_bytes(state, "x");
    assert_int_equal(finish(state, &a), 1);
}

/* Each copy, host call and scratch of a request fails once: nothing is lost, and an error is an error. */
static void every_failure_is_survived(void **state)
{
    for (unsigned n = 1; n < 12; n++) {
        fake_fail_copy(n, EFAULT);
        a = request(FILE_FD, data, 3, 0);
        if (!sys_aio_read(CALL(state), P(&a))) {
            fake_fail_copy(0, 0);
            assert_int_equal(finish(state, &a), 3);
        }
    }
    fake_fail_copy(0, 0);
    for (unsigned n = 1; n < 6; n++) {
        const uint64_t list[1] = {(uintptr_t)&a};

        fake_fail_copy(n, EFAULT);
        a = request(FILE_FD, data, 3, 0);
        a.opcode = LIO_READ;
        sys_lio_listio(CALL(state), 1, P(list), 1, GVA(0));
        fake_fail_copy(0, 0);
        sys_aio_return(CALL(state), P(&a));
    }
    a = request(FILE_FD, data, 3, 0);
    fake_fail_host(1, ENOMEM);
    assert_int_equal(sys_aio_mlock(CALL(state), P(&a)), 0);
    assert_int_equal(finish(state, &a), -ENOMEM);
}

static void limits(void **state)
{
    static struct aiocb_form many[AIO_MAX_QUEUE_PER_PROC + 1];

    for (int i = 0; i <= AIO_MAX_QUEUE_PER_PROC; i++) {
        many[i] = request(LEFT, data, 3, 0);
        assert_int_equal(sys_aio_read(CALL(state), P(&many[i])), i < AIO_MAX_QUEUE_PER_PROC ? 0 : -EAGAIN);
    }
    assert_int_equal(sys_aio_cancel(CALL(state), LEFT, GVA(0)), 1);
    assert_int_equal(sys_aio_read(CALL(state), P(&a)), -EAGAIN); /* results take room too */
    for (int i = 0; i < AIO_MAX_QUEUE_PER_PROC; i++)
        assert_int_equal(sys_aio_return(CALL(state), P(&many[i])), -ECANCELED);
}

/* A process that ends, or gets a new program, while something is asked for in every way. */
static void the_end_of_a_process(void **state)
{
    struct aio_sigevent ev = {.notify = 1, .signo = 30};
    const uint64_t      list[2] = {(uintptr_t)&a, (uintptr_t)&b};
    struct proc        *p = &((struct files *)*state)->f->own;
    struct aiocb_form   many[40];

    for (int wait = 0; wait < 2; wait++) {
        a = request(LEFT, data, 3, 0);
        b = request(LEFT, data, 3, 0);
        a.opcode = b.opcode = LIO_READ;
        assert_int_equal(sys_lio_listio(CALL(state), 0, P(list), 2, P(&ev)), 0);
        for (int i = 0; i < 40; i++) {
            many[i] = request(FILE_FD, data, 60, 100 * i);
            sys_aio_write(CALL(state), P(&many[i]));
        }
        aio_proc_gone(p, wait);
        assert_int_equal(posted, 0);
        assert_int_equal(sys_aio_return(CALL(state), P(&a)), -EINVAL);
    }
    usleep(20000); /* those that ran are freed by their threads */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(files_are_read_and_written),
        T(vectors_of_many_pieces),
        T(long_transfers),
        T(what_is_refused),
        T(no_process_has_results_before_it_asks),
        T(sockets_are_served_in_order),
        T(cancelling),
        T(a_sync_comes_last),
        T(waits_end),
        T(lists),
        T(threads_are_told),
        T(kqueues_are_told),
        T(every_failure_is_survived),
        T(limits),
        T(the_end_of_a_process),
    };
    return cmocka_run_group_tests_name("compat/aio", tests, group_setup, NULL);
}
