/* Operations on the descriptor table and on the flags of open files. */
#include "model/rules.h"
#include "model/model.h"

static const struct {
    int64_t     m;
    int         os;
    const char *name;
} flag_names[] = {
    {M_NONBLOCK, O_NONBLOCK, "nonblock"},
    {M_APPEND, O_APPEND, "append"},
    {M_CREAT, O_CREAT, "creat"},
    {M_TRUNC, O_TRUNC, "trunc"},
    {M_EXCL, O_EXCL, "excl"},
    {M_CLOEXEC, O_CLOEXEC, "cloexec"},
    {M_NOFOLLOW, O_NOFOLLOW, "nofollow"},
    {M_DIRECTORY, O_DIRECTORY, "directory"},
};

int flags_to_os(int64_t m)
{
    int os = (int)(m & 3); /* the access modes are the same everywhere */

    for (size_t i = 0; i < sizeof(flag_names) / sizeof(*flag_names); i++)
        if (m & flag_names[i].m)
            os |= flag_names[i].os;
    return os;
}

/* Of F_GETFL only what FreeBSD keeps: access mode, O_NONBLOCK, O_APPEND. */
void flags_say(long fl)
{
    if (fl < 0) {
        say(" %s", err_name(fl));
        return;
    }
    say(" mode %ld", fl & 3);
    for (int i = 0; i < 2; i++)
        if (fl & flag_names[i].os)
            say(" %s", flag_names[i].name);
}

/* ---- new descriptors --------------------------------------------------------------------- */

static long keep(long fd, long asked)
{
    if (fd >= KEPT && fd != asked)
        say("(closed again %s) ", os_close((int)fd) == 0 ? "ok" : "not");
    return fd;
}

void op_open(uint32_t me, const struct op *op)
{
    /* A FIFO or a device must not hold up its actor. */
    const int64_t fifo = op->arg[0] == PATH_FIFO ? M_NONBLOCK : 0;

    (void)me;
    say_result(keep(fb_open(path_of(op->arg[0]), flags_to_os(op->arg[1] | fifo), 0644), -1));
}

void op_openat(uint32_t me, const struct op *op)
{
    const int64_t fifo = op->arg[1] == PATH_FIFO ? M_NONBLOCK : 0;

    (void)me;
    say_result(keep(fb_openat((int)op->arg[0], path_of(op->arg[1]), flags_to_os(op->arg[2] | fifo), 0644), -1));
}

void op_devfd(uint32_t me, const struct op *op)
{
    const int fd = (int)op->arg[0];

    (void)me;
    if (fd < 0 || fd >= LIMIT || op->arg[1] & (M_DIRECTORY | M_NOFOLLOW | M_CREAT | M_TRUNC | M_EXCL | M_APPEND))
        say("passed over\n");
    else
        say_result(keep(fb_devfd(fd, flags_to_os(op->arg[1])), -1));
}

void op_pipe(uint32_t me, const struct op *op)
{
    int  fds[2] = {-7, -7};
    long r = os_pipe2(fds, O_NONBLOCK | (op->arg[0] ? O_CLOEXEC : 0));

    (void)me;
    say("%d %d ", fds[0], fds[1]);
    for (int i = 0; i < 2 && r == 0; i++)
        keep(fds[i], -1);
    say_result(r);
}

void op_pair(uint32_t me, const struct op *op)
{
    const int type = (op->arg[0] ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | (op->arg[1] ? SOCK_CLOEXEC : 0);
    int       fds[2] = {-7, -7}, small = 1;
    long      r = os_socketpair(AF_UNIX, type, 0, fds);

    (void)me;
    say("%d %d ", fds[0], fds[1]);
    for (int i = 0; i < 2 && r == 0; i++) {
        os_setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)); /* few messages wait */
        keep(fds[i], -1);
    }
    say_result(r);
}

/* ---- duplicates ---------------------------------------------------------------------------- */

void op_dup(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(keep(os_dup((int)op->arg[0]), -1));
}

void op_dup2(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(fb_dup2((int)op->arg[0], (int)op->arg[1]));
}

void op_dupfd(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(keep(fb_dupfd((int)op->arg[0], op->arg[1], op->arg[2]), op->arg[1]));
}

void op_dup2fd(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(fb_dup2fd((int)op->arg[0], op->arg[1], op->arg[2]));
}

/* ---- closing ----------------------------------------------------------------------------------- */

void op_close(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(os_close((int)op->arg[0]));
}

void op_closefrom(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(os_closefrom((int)op->arg[0]));
}

void op_closerange(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(os_close_range((unsigned)op->arg[0], (unsigned)op->arg[1], op->arg[2] ? CLOSE_RANGE_CLOEXEC : 0));
}

void op_limit(uint32_t me, const struct op *op)
{
    uint64_t rl[2];

    (void)me;
    os_getrlimit(OS_RLIMIT_NOFILE, rl);
    rl[0] = (uint64_t)op->arg[0];
    say_result(os_setrlimit(OS_RLIMIT_NOFILE, rl));
}

/* ---- flags ------------------------------------------------------------------------------------- */

void op_getfd(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(os_fcntl((int)op->arg[0], F_GETFD, 0));
}

void op_setfd(uint32_t me, const struct op *op)
{
    (void)me;
    say_result(os_fcntl((int)op->arg[0], F_SETFD, op->arg[1]));
}

void op_getfl(uint32_t me, const struct op *op)
{
    (void)me;
    flags_say(fb_getfl((int)op->arg[0]));
    say("\n");
}

/* O_NONBLOCK stays where it is: a pipe without it would hold up its actor. */
void op_setfl(uint32_t me, const struct op *op)
{
    const long have = os_fcntl((int)op->arg[0], F_GETFL, 0);
    const int  stays = have > 0 ? (int)(have & O_NONBLOCK) : 0;

    (void)me;
    say_result(os_fcntl((int)op->arg[0], F_SETFL, flags_to_os(op->arg[1]) | stays));
}

/* ---- descriptors that travel ---------------------------------------------------------------------- */

/* No sockets: one that is within itself is collected at some later time, and what it holds stays open so long. */
void op_send(uint32_t me, const struct op *op)
{
    char              byte = (char)('a' + op->arg[1] % 26);
    struct os_cmsg_fd out = {.len = OS_CMSG_FD_LEN, .level = SOL_SOCKET, .type = SCM_RIGHTS, .fd = (int)op->arg[1]};
    struct os_iovec   iov = {&byte, 1};
    struct os_msghdr  m = {.iov = &iov, .iovlen = 1, .control = &out, .controllen = sizeof(out)};

    (void)me;
    if (rule_is((int)op->arg[1], 0140000))
        say("passed over\n");
    else
        say_result(fb_sendmsg((int)op->arg[0], &m, MSG_NOSIGNAL));
}

/* In one of four the descriptor has nowhere to go, and is lost; in another it only looks at the message. */
void op_recv(uint32_t me, const struct op *op)
{
    char              byte = '-';
    struct os_cmsg_fd in = {.fd = -7};
    struct os_iovec   iov = {&byte, 1};
    struct os_msghdr  m = {.iov = &iov, .iovlen = 1, .control = &in, .controllen = sizeof(in)};
    long              r;

    (void)me;
    if (op->arg[1] % 4 == 0) {
        m.control = NULL;
        m.controllen = 0;
    }
    r = fb_recvmsg((int)op->arg[0], &m, op->arg[1] & 8 ? MSG_CMSG_CLOEXEC : 0);
    say("%c ", byte);
    if (r > 0 && m.controllen && in.type == SCM_RIGHTS)
        say("with %ld ", keep(in.fd, -1));
    say_result(r);
}
