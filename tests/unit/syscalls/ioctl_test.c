/* syscalls/ioctl.c on a terminal; syscalls/shm.c, syscalls/statfs.c, syscalls/extattr.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/ioctls.h>
#include <cmocka.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "syscalls/extattr.h"
#include "syscalls/file.h"
#include "syscalls/ioctl.h"
#include "syscalls/shm.h"
#include "syscalls/statfs.h"
#include "tests/unit/fake_files.h"

/* FreeBSD's struct termios and some of its numbers (sys/_termios.h) */
struct g_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t  cc[20];
    uint32_t ispeed, ospeed;
};
enum { G_ECHO = 0x8, G_ICANON = 0x100, G_IXON = 0x200, G_CS8 = 0x300, G_CREAD = 0x800, G_VINTR = 8, G_VMIN = 16 };

static struct call *row_call(void **state, unsigned nr)
{
    struct call *c = CALL(state);

    c->row = &abi_freebsd_amd64.rows[nr];
    return c;
}

static int64_t ioc(void **state, int fd, int64_t command, void *data)
{
    return sys_ioctl(row_call(state, 54), fd, command, P(data));
}

static void open_terminal(void **state)
{
    int  unlock = 0, n = -1;
    char name[32];

    assert_int_equal(sys_open(CALL(state), P("/dev/ptmx"), O_RDWR, 0), 0);
    assert_int_equal(ioc(state, 0, TIOCGPTN, &n), 0);
    assert_int_equal(ioc(state, 0, D_IOC_PTMASTER, NULL), 0);

    struct fdref ref;

    fd_get(CALL(state), 0, &ref);
    ioctl(ref.hostfd, TIOCSPTLCK, &unlock);
    fd_put(CALL(state), &ref);
    snprintf(name, sizeof(name), "/dev/pts/%d", n);
    assert_int_equal(sys_open(CALL(state), P(name), O_RDWR, 0), 1);
}

static void terminal_modes_have_freebsds_form(void **state)
{
    struct g_termios t, again;

    open_terminal(state);
    assert_int_equal(ioc(state, 1, D_IOC_GETTERM, &t), 0);
    assert_true(t.lflag & G_ECHO);
    assert_true(t.lflag & G_ICANON);
    assert_true(t.iflag & G_IXON);
    assert_int_equal(t.cflag & (G_CS8 | G_CREAD), G_CS8 | G_CREAD);
    assert_int_equal(t.cc[G_VINTR], 3);
    assert_int_equal(t.ospeed, 38400);
    t.lflag &= ~(uint32_t)(G_ECHO | G_ICANON);
    t.cc[G_VINTR] = 0xff; /* none */
    t.cc[G_VMIN] = 0;
    t.ospeed = t.ispeed = 115200;
    assert_int_equal(ioc(state, 1, D_IOC_SETTERMF, &t), 0);
    assert_int_equal(ioc(state, 1, D_IOC_GETTERM, &again), 0);
    assert_int_equal(again.lflag & (G_ECHO | G_ICANON), 0);
    assert_int_equal(again.cc[G_VINTR], 0xff);
    assert_int_equal(again.cc[G_VMIN], 0);
    assert_int_equal(again.ospeed, 115200);
    assert_int_equal(ioc(state, 1, D_IOC_SETTERM, (void *)8), -EFAULT);
}

static void terminal_size_and_the_rest(void **state)
{
    struct winsize w = {24, 80, 0, 0}, got;
    int            both = 0, type = -1, left = -1;

    open_terminal(state);
    assert_int_equal(ioc(state, 1, TIOCSWINSZ, &w), 0);
    assert_int_equal(ioc(state, 1, TIOCGWINSZ, &got), 0);
    assert_int_equal(got.ws_row, 24);
    assert_int_equal(got.ws_col, 80);
    assert_int_equal(ioc(state, 1, D_IOC_FLUSH, &both), 0);
    assert_int_equal(ioc(state, 1, D_IOC_STOP, NULL), 0);
    assert_int_equal(ioc(state, 1, D_IOC_START, NULL), 0);
    assert_int_equal(ioc(state, 1, D_IOC_DEVTYPE, &type), 0);
    assert_int_equal(type, 4);
    assert_int_equal(ioc(state, 1, TIOCOUTQ, &left), 0);
    assert_int_equal(left, 0);
    assert_int_equal(ioc(state, 1, D_IOC_PTMASTER, NULL), -ENOTTY);
}

static void a_file_is_no_terminal(void **state)
{
    static const int64_t commands[] = {D_IOC_GETTERM, D_IOC_SETTERM, D_IOC_DRAIN, D_IOC_DEVTYPE, TIOCGWINSZ};
    struct g_termios     t = {0};

    files_put("a", "");
    sys_open(CALL(state), P("a"), O_RDWR, 0);
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
        assert_int_equal(ioc(state, 0, commands[i], &t), -ENOTTY);
}

static void anonymous_memory(void **state)
{
    const int64_t fd = sys_shm_open2(CALL(state), GVA(1), O_RDWR | O_CLOEXEC, 0600, 1, GVA(0));
    struct stat   st;
    struct fdref  ref;

    assert_int_equal(fd, 0);
    assert_int_equal(fd_get_cloexec(CALL(state), 0), 1);
    assert_int_equal(sys_write(CALL(state), 0, P("abc"), 3), 3);
    fd_get(CALL(state), 0, &ref);
    assert_int_equal(fstat(ref.hostfd, &st), 0);
    fd_put(CALL(state), &ref);
    assert_int_equal(st.st_size, 3);
    assert_int_equal(sys_shm_open2(CALL(state), GVA(1), O_WRONLY, 0, 0, GVA(0)), -EINVAL);
    assert_int_equal(sys_shm_open2(CALL(state), GVA(1), O_RDWR, 0, 4, GVA(0)), -ENOTTY);
}

static void named_memory(void **state)
{
    char name[64];

    snprintf(name, sizeof(name), "/dragoman/test.%d", (int)getpid());
    assert_int_equal(sys_shm_open2(CALL(state), P(name), O_RDWR, 0, 0, GVA(0)), -ENOENT);
    assert_int_equal(sys_shm_open2(CALL(state), P(name), O_RDWR | O_CREAT | O_EXCL, 0600, 0, GVA(0)), 0);
    assert_int_equal(sys_freebsd12_shm_open(CALL(state), P(name), O_RDONLY, 0), 1);
    assert_int_equal(fd_get_cloexec(CALL(state), 1), 1);
    assert_int_equal(sys_shm_open2(CALL(state), P(name), O_RDWR | O_CREAT | O_EXCL, 0600, 0, GVA(0)), -EEXIST);
    assert_int_equal(sys_shm_unlink(CALL(state), P(name)), 0);
    assert_int_equal(sys_shm_unlink(CALL(state), P(name)), -ENOENT);
    assert_int_equal(sys_shm_unlink(CALL(state), P("/..")), -EINVAL);
    assert_int_equal(sys_shm_unlink(CALL(state), P("relative")), -EINVAL);
}

/* struct statfs: version at 0, block size at 16, name of the type at 280, mount point at 1320. */
static void file_systems(void **state)
{
    static char buf[2344 * 64], old[472];

    assert_int_equal(sys_statfs(row_call(state, 555), P("/proc"), P(buf)), 0);
    assert_int_equal(*(uint32_t *)buf, 0x20140518);
    assert_string_equal(buf + 280, "proc");
    assert_string_equal(buf + 1320, "/proc");
    assert_int_equal(sys_statfs(row_call(state, 396), P("/proc"), P(old)), 0);
    assert_int_equal(*(uint32_t *)old, 0x20030518);
    assert_string_equal(old + 280, "proc");
    assert_int_equal(sys_open(CALL(state), P("/"), O_RDONLY, 0), 0);
    assert_int_equal(sys_fstatfs(row_call(state, 556), 0, P(buf)), 0);
    assert_string_equal(buf + 1320, "/");
    assert_true(*(uint64_t *)(buf + 16) > 0);
    assert_int_equal(sys_fstatfs(row_call(state, 556), 9, P(buf)), -EBADF);

    const int64_t n = sys_getfsstat(row_call(state, 557), GVA(0), 0, 2);

    assert_true(n > 0);
    assert_int_equal(sys_getfsstat(row_call(state, 557), P(buf), 2344, 2), 1);
    assert_int_equal(sys_getfsstat(row_call(state, 557), P(buf), 100, 2), 0);
    assert_int_equal(sys_getfsstat(row_call(state, 557), P(buf), -1, 2), -EINVAL);
}

static void attributes(void **state)
{
    char buf[64] = {0};

    files_put("a", "");

    const int64_t r = sys_extattr_set_file(CALL(state), P("a"), 1, P("mine"), P("value"), 5);

    if (r == -EOPNOTSUPP)
        skip();
    assert_int_equal(r, 5);
    assert_int_equal(sys_extattr_get_file(CALL(state), P("a"), 1, P("mine"), GVA(0), 0), 5);
    assert_int_equal(sys_extattr_get_file(CALL(state), P("a"), 1, P("mine"), P(buf), sizeof(buf)), 5);
    assert_string_equal(buf, "value");
    assert_int_equal(sys_extattr_get_file(CALL(state), P("a"), 1, P("mine"), P(buf), 2), 2);
    assert_int_equal(sys_extattr_get_file(CALL(state), P("a"), 1, P("none"), P(buf), 9), -ENODATA);
    assert_int_equal(sys_extattr_list_file(CALL(state), P("a"), 1, P(buf), sizeof(buf)), 5);
    assert_memory_equal(buf, "\4mine", 5);
    sys_open(CALL(state), P("a"), O_RDWR, 0);
    assert_int_equal(sys_extattr_get_fd(CALL(state), 0, 1, P("mine"), P(buf), sizeof(buf)), 5);
    assert_int_equal(sys_extattr_delete_fd(CALL(state), 0, 1, P("mine")), 0);
    assert_int_equal(sys_extattr_list_fd(CALL(state), 0, 1, GVA(0), 0), 0);
    assert_int_equal(sys_extattr_get_file(CALL(state), P("a"), 3, P("mine"), P(buf), 9), -EINVAL);
}

static void queues_of_sockets(void **state)
{
    int           fds[2], n = -1;
    struct fd_new f = {.kind = OF_SOCKET, .flags = O_RDWR};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (int i = 0; i < 2; i++) {
        f.hostfd = fds[i];
        assert_int_equal(fd_install(CALL(state), &f, 0), i);
    }
    assert_int_equal(ioc(state, 0, D_IOC_UNSENT, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(ioc(state, 0, D_IOC_SPACE, &n), 0);
    assert_true(n > 1000);
    assert_int_equal(ioc(state, 0, D_IOC_SPACE, (void *)8), -EFAULT);
    for (unsigned k = 1; k <= 2; k++) {
        fake_fail_host(k, EIO);
        assert_int_equal(ioc(state, 0, D_IOC_SPACE, &n), -EIO);
    }
    fake_fail_scratch(1);
    assert_int_equal(ioc(state, 0, D_IOC_UNSENT, &n), -ENOMEM);
    sys_open(CALL(state), P("/dev/null"), O_RDWR, 0);
    assert_int_equal(ioc(state, 2, D_IOC_UNSENT, &n), -ENOTTY);
}

static void data_and_holes(void **state)
{
    int64_t at = 0;
    int     n = -1;

    files_put("a", "0123456789");
    sys_open(CALL(state), P("a"), O_RDWR, 0);
    assert_int_equal(sys_lseek(CALL(state), 0, 4, SEEK_SET), 4);
    assert_int_equal(ioc(state, 0, D_IOC_SEEKDATA, &at), 0);
    assert_int_equal(at, 0);
    assert_int_equal(ioc(state, 0, D_IOC_SEEKHOLE, &at), 0);
    assert_int_equal(at, 10);
    assert_int_equal(ioc(state, 0, D_IOC_SEEKDATA, &at), -ENXIO);
    assert_int_equal(at, 10);
    assert_int_equal(ioc(state, 0, D_IOC_SEEKDATA, (void *)8), -EFAULT);
    assert_int_equal(sys_lseek(CALL(state), 0, 0, SEEK_CUR), 4);
    assert_int_equal(sys_open(CALL(state), P("."), O_RDONLY, 0), 1);
    assert_int_equal(ioc(state, 1, D_IOC_SEEKDATA, &at), -ENOTTY);
    assert_int_equal(ioc(state, 1, FIONREAD, &n), 0);
    assert_true(n >= 0);
}

static void renaming_shared_memory(void **state)
{
    char a[48], b[48];

    snprintf(a, sizeof(a), "/dragoman-test-%d-a", (int)getpid());
    snprintf(b, sizeof(b), "/dragoman-test-%d-b", (int)getpid());
    assert_int_equal(sys_shm_open2(CALL(state), P(a), O_RDWR | O_CREAT, 0600, 0, GVA(0)), 0);
    assert_int_equal(sys_shm_rename(CALL(state), P(a), P(b), 0), 0);
    assert_int_equal(sys_shm_rename(CALL(state), P(a), P(b), 0), -ENOENT);
    assert_int_equal(sys_shm_rename(CALL(state), P(b), P(a), 2), 0);
    assert_int_equal(sys_shm_open2(CALL(state), P(b), O_RDWR | O_CREAT | D_O_CLOFORK, 0600, 0, GVA(0)), 1);
    assert_int_equal(fd_get_flags(CALL(state), 1), FD_SLOT_CLOFORK);
    assert_int_equal(sys_shm_rename(CALL(state), P(a), P(b), 1), -EEXIST);
    assert_int_equal(sys_shm_rename(CALL(state), P(a), P(b), 2), 0);
    assert_int_equal(sys_shm_rename(CALL(state), P(a), P(b), 3), -EINVAL);
    assert_int_equal(sys_shm_rename(CALL(state), P(a), P(b), 4), -EINVAL);
    assert_int_equal(sys_shm_rename(CALL(state), P("x"), P(b), 0), -EINVAL);
    assert_int_equal(sys_shm_rename(CALL(state), GVA(1), P(b), 0), -EINVAL);
    assert_int_equal(sys_shm_rename(CALL(state), P(a), GVA(8), 0), -EFAULT);
    assert_int_equal(sys_shm_unlink(CALL(state), P(a)), 0);
    assert_int_equal(sys_shm_unlink(CALL(state), P(b)), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        T(queues_of_sockets),
        T(data_and_holes),
        T(renaming_shared_memory),
        T(terminal_modes_have_freebsds_form),
        T(terminal_size_and_the_rest),
        T(a_file_is_no_terminal),
        T(anonymous_memory),
        T(named_memory),
        T(file_systems),
        T(attributes),
    };
    return cmocka_run_group_tests_name("syscalls/ioctl", tests, NULL, NULL);
}
