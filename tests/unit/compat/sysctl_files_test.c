/*
 * kern.proc.filedesc, .cwd and .vmmap: of the test's own process, which is the guest here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "compat/sysctl_calls.h"
#include "syscalls/kinfo.h"
#include "syscalls/ksem.h"
#include "tests/unit/fake_files.h"
#include "tests/unit/known_procs.h"

enum { VMMAP = 32, FILEDESC = 33, CWD = 42 };

static char     buf[1 << 18];
static uint64_t len;

static int64_t ask(void **state, int what, int pid)
{
    const int mib[] = {1, 14, what, pid};

    len = sizeof(buf);
    return sys___sysctl(CALL(state), P(mib), 4, P(buf), P(&len), GVA(0), 0);
}

static int setup(void **state)
{
    const int err = files_setup(state);

    LIST_INIT(&session.procs);
    LIST_INSERT_HEAD(&session.procs, &((struct files *)*state)->f->own, all);
    return err;
}

static const struct kinfo *record(int fd)
{
    for (size_t at = 0; at < len; at += (size_t)((const struct kinfo *)(buf + at))->structsize)
        if (((const struct kinfo *)(buf + at))->fd == fd)
            return (const struct kinfo *)(buf + at);
    return NULL;
}

static int install(void **state, int hostfd, enum ofile_kind kind, uint32_t flags)
{
    const struct fd_new n = {.hostfd = hostfd, .kind = kind, .flags = flags};

    return fd_install(CALL(state), &n, 0);
}

static void the_working_directory(void **state)
{
    const struct kinfo *k = (const struct kinfo *)buf;

    assert_int_equal(ask(state, CWD, -1), 0);
    assert_int_equal(k->structsize, len);
    assert_int_equal(k->fd, -1);
    assert_string_equal(k->path, ((struct files *)*state)->dir);
    assert_int_equal(ask(state, CWD, 12345678), -ESRCH);
}

static void files_have_paths_and_offsets(void **state)
{
    const struct kinfo *k;
    int                 fd;

    files_put("a", "hello");
    fd = install(state, open("a", O_RDONLY | O_CLOEXEC), OF_FILE, O_RDONLY);
    assert_int_equal(ask(state, FILEDESC, getpid()), 0);
    k = record(fd);
    assert_non_null(k);
    assert_int_equal(k->type, KINFO_VNODE);
    assert_int_equal(k->vnode_type, 1);
    assert_int_equal(k->flags, 1);
    assert_int_equal(k->size, 5);
    assert_int_equal(k->structsize % 8, 0);
    assert_string_equal(strrchr(k->path, '/'), "/a");
    assert_null(record(fd + 1));
    unlink("a");
    assert_int_equal(ask(state, FILEDESC, -1), 0);
    assert_string_equal(record(fd)->path, "");
}

static void sockets_have_addresses(void **state)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          n = sizeof(sa);
    const int          s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const uint8_t     *k;
    int                fd;

    assert_int_equal(bind(s, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&sa, &n), 0);
    fd = install(state, s, OF_SOCKET, O_RDWR);
    assert_int_equal(ask(state, FILEDESC, -1), 0);
    k = (const uint8_t *)record(fd);
    assert_non_null(k);
    assert_int_equal(((const struct kinfo *)k)->type, KINFO_SOCKET);
    assert_int_equal(k[36], 2); /* kf_sock_domain */
    assert_int_equal(k[40], 1);
    assert_int_equal(k[48], 16); /* kf_sa_local */
    assert_int_equal(k[49], 2);
    assert_memory_equal(k + 50, &sa.sin_port, 2);
    assert_int_equal(k[176], 0); /* no peer */
}

static void semaphores_have_values(void **state)
{
    const uint8_t *k;
    int64_t        id = -1;
    uint32_t       value;

    assert_int_equal(sys_ksem_init(CALL(state), P(&id), 300), 0);
    assert_int_equal(ask(state, FILEDESC, -1), 0);
    k = (const uint8_t *)record((int)id);
    assert_non_null(k);
    assert_int_equal(((const struct kinfo *)k)->type, KINFO_SEM);
    memcpy(&value, k + 304, sizeof(value));
    assert_int_equal(value, 300);
}

static void other_users_may_not_look(void **state)
{
    struct fake *f = ((struct files *)*state)->f;
    struct proc  other = {.pid = 999999, .cred = {1, 1, 1, 1, 1, 1}};

    LIST_INSERT_HEAD(&session.procs, &other, all);
    f->own.cred.euid = 7;
    assert_int_equal(ask(state, FILEDESC, 999999), -EPERM);
    assert_int_equal(ask(state, VMMAP, 999999), -EPERM);
    assert_int_equal(ask(state, CWD, 999999), -EPERM);
    f->own.cred.euid = 1;
    assert_int_equal(ask(state, VMMAP, 999999), -ESRCH); /* allowed, but the host has none */
    LIST_REMOVE(&other, all);
}

static void mappings_are_listed(void **state)
{
    void    *at;
    uint64_t start, last = 0;
    bool     found = false;
    int      size;

    files_put("m", "0123456789");
    const int fd = open("m", O_RDONLY | O_CLOEXEC);

    at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    assert_ptr_not_equal(at, MAP_FAILED);
    assert_int_equal(ask(state, VMMAP, -1), 0);
    for (size_t i = 0; i < len; i += (size_t)size) {
        memcpy(&size, buf + i, sizeof(size));
        memcpy(&start, buf + i + 8, sizeof(start));
        assert_true(size > 136 && start >= last);
        last = start;
        if (start == (uint64_t)(uintptr_t)at) {
            found = true;
            assert_int_equal(buf[i + 4], 2);  /* KVME_TYPE_VNODE */
            assert_int_equal(buf[i + 56], 1); /* KVME_PROT_READ */
            assert_string_equal(strrchr(buf + i + 136, '/'), "/m");
        }
    }
    assert_true(found);
    munmap(at, 4096);
}

static void small_buffers_and_bad_ones(void **state)
{
    const int mib[] = {1, 14, FILEDESC, -1};

    len = 10;
    assert_int_equal(sys___sysctl(CALL(state), P(mib), 4, P(buf), P(&len), GVA(0), 0), -ENOMEM);
    assert_int_equal(sys___sysctl(CALL(state), P(mib), 3, P(buf), P(&len), GVA(0), 0), -EINVAL);
    len = sizeof(buf);
    assert_int_equal(sys___sysctl(CALL(state), P(mib), 4, GVA(8), P(&len), GVA(0), 0), -EFAULT);
    len = 0;
    assert_int_equal(sys___sysctl(CALL(state), P(mib), 4, GVA(0), P(&len), GVA(0), 0), 0);
    assert_true(len > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, files_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_working_directory),      TEST(files_have_paths_and_offsets), TEST(sockets_have_addresses),
        TEST(semaphores_have_values),     TEST(other_users_may_not_look),     TEST(mappings_are_listed),
        TEST(small_buffers_and_bad_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
