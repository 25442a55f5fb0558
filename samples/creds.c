/* Who is at the other end of a local socket: FreeBSD's forms of it, so the sample knows the answers. */
#include "sample.h"

#if defined(GUEST_FREEBSD)

enum { AF_UNIX_ = 1, STREAM = 1, DGRAM = 2, SOL_LOCAL = 0, PEERCRED = 1, CREDS = 2, CREDS_PERSISTENT = 3 };
enum { SOL_SOCKET_ = 0xffff, SCM_CREDS_ = 3, SCM_CREDS2_ = 8, GROUPS = 16, OTHER = 65534 };

/* Each as the kernel writes it behind a header (sys/socket.h). */
struct cmsgcred {
    int32_t  pid;
    uint32_t uid, euid, gid;
    int16_t  ngroups, pad;
    uint32_t groups[GROUPS];
};
struct sockcred {
    uint32_t uid, euid, gid, egid, ngroups, groups[GROUPS];
};
struct sockcred2 {
    int32_t         version, pid;
    struct sockcred is;
};
struct xucred { /* sys/ucred.h */
    uint32_t version, uid;
    int16_t  ngroups, pad;
    uint32_t groups[GROUPS], pad2;
    int32_t  pid, pad3;
};
_Static_assert(sizeof(struct cmsgcred) == 84 && sizeof(struct xucred) == 88, "the kernel's sizes");

struct control {
    uint32_t len;
    int32_t  level, type, pad;
    union {
        struct cmsgcred  asked;
        struct sockcred  once;
        struct sockcred2 each;
        uint8_t          room[256];
    };
};

/* The one who sends, and what he is. */
static long     child;
static uint32_t uid, euid, gid, egid, groups[GROUPS];
static int      ngroups;
static bool     root;

static void who_am_i(void)
{
    uid = (uint32_t)OS_CALL(24);
    euid = (uint32_t)OS_CALL(25);
    gid = (uint32_t)OS_CALL(47);
    egid = (uint32_t)OS_CALL(43);
    ngroups = (int)OS_CALL(79, GROUPS, groups); /* the effective one first */
    root = euid == 0;
}

/* What the child makes of itself before it sends; the parent knows. */
static void change(bool really)
{
    if (!root)
        return;
    if (really) {
        must(OS_CALL(182, OTHER), "setegid");
        must(OS_CALL(183, OTHER), "seteuid");
    }
    euid = egid = groups[0] = OTHER;
}

static long send_with(int fd, bool creds)
{
    struct control   c = {.len = 16 + sizeof(struct cmsgcred), .level = SOL_SOCKET_, .type = SCM_CREDS_};
    struct os_iovec  v = {"x", 1};
    struct os_msghdr m = {.iov = &v, .iovlen = 1};

    if (creds) {
        m.control = &c;
        m.controllen = 16 + sizeof(struct cmsgcred);
    }
    return os_sendmsg(fd, &m, 0);
}

static struct control received;

static bool receive(int fd)
{
    char             byte;
    struct os_iovec  v = {&byte, 1};
    struct os_msghdr m = {.iov = &v, .iovlen = 1, .control = &received, .controllen = sizeof(received)};

    memset(&received, 0, sizeof(received));
    must(os_recvmsg(fd, &m, 0), "receive");
    return m.controllen != 0;
}

/* A child that sends n messages and then waits to be killed. */
static void sender(int fd, bool creds, int n)
{
    child = os_fork();
    if (child)
        return;
    change(true);
    for (int i = 0; i < n; i++)
        if (send_with(fd, creds) != 1)
            os_exit(1);
    for (;;)
        sleep_ms(1000);
}

static void end_sender(void)
{
    int status;

    os_kill((int)child, SIGKILL);
    os_wait4((int)child, &status, 0, 0);
}

static bool same_groups(const uint32_t *got, int n)
{
    return n == ngroups && memcmp(got, groups, (size_t)n * sizeof(*got)) == 0;
}

static bool is_sockcred(const struct sockcred *s)
{
    return s->uid == uid && s->euid == euid && s->gid == gid && s->egid == egid &&
           same_groups(s->groups, (int)s->ngroups);
}

static void local_option(int fd, int opt, int on)
{
    must(os_setsockopt(fd, SOL_LOCAL, opt, &on, sizeof(on)), "setsockopt");
}

static void check_asked(void)
{
    int s[2];

    must(os_socketpair(AF_UNIX_, STREAM, 0, s), "socketpair");
    sender(s[0], true, 1);
    check(receive(s[1]) && received.type == SCM_CREDS_ && received.len == 16 + sizeof(struct cmsgcred),
          "SCM_CREDS: who sends them");
    check(received.asked.pid == child && received.asked.uid == uid && received.asked.euid == euid &&
              received.asked.gid == gid,
          "is told as he is");
    check(same_groups(received.asked.groups, received.asked.ngroups), "with his groups");
    end_sender();
    send_with(s[0], false);
    check(!receive(s[1]), "and who does not send them is not");
    os_close(s[0]);
    os_close(s[1]);
}

static void check_options(int type, const char *first, const char *second)
{
    int s[2];

    must(os_socketpair(AF_UNIX_, type, 0, s), "socketpair");
    local_option(s[1], CREDS, 1);
    sender(s[0], false, 2);
    check(receive(s[1]) && received.type == SCM_CREDS_ && received.len == 36 + 4u * (unsigned)ngroups &&
              is_sockcred(&received.once),
          first);
    check(receive(s[1]) == (type == DGRAM), second);
    end_sender();
    os_close(s[0]);
    os_close(s[1]);
}

static void check_persistent(int type, const char *what)
{
    int s[2], good = 0;

    must(os_socketpair(AF_UNIX_, type, 0, s), "socketpair");
    local_option(s[1], CREDS_PERSISTENT, 1);
    sender(s[0], false, 3);
    for (int i = 0; i < 3; i++)
        good += receive(s[1]) && received.type == SCM_CREDS2_ && received.len == 44 + 4u * (unsigned)ngroups &&
                received.each.version == 0 && received.each.pid == child && is_sockcred(&received.each.is);
    check(good == 3, what);
    local_option(s[1], CREDS_PERSISTENT, 0);
    send_with(s[0], false);
    check(!receive(s[1]), "until it is switched off");
    end_sender();
    os_close(s[0]);
    os_close(s[1]);
}

struct address {
    uint8_t len, family;
    char    path[104];
};

/* getpeereid(3) */
static bool peer(int fd, struct xucred *x)
{
    uint32_t n = sizeof(*x);

    memset(x, 0xff, sizeof(*x));
    return os_getsockopt(fd, SOL_LOCAL, PEERCRED, x, &n) == 0 && n == sizeof(*x) && x->version == 0;
}

static void check_peer(void)
{
    struct address a = {.len = sizeof(a), .family = AF_UNIX_, .path = "peer"};
    struct xucred  x;
    int            status, l = (int)must(os_socket(AF_UNIX_, STREAM, 0), "socket");
    const uint32_t mine = euid;

    must(os_bind(l, &a, sizeof(a)), "bind");
    must(os_listen(l, 1), "listen");
    must(OS_CALL(15, "peer", 0777), "chmod");
    child = os_fork();
    if (child == 0) {
        int s = (int)must(os_socket(AF_UNIX_, STREAM, 0), "socket");

        change(true);
        must(os_connect(s, &a, sizeof(a)), "connect");
        os_exit(peer(s, &x) && x.uid == mine && x.ngroups >= 1 ? 0 : 1);
    }
    int s = (int)must(os_accept4(l, 0, 0, 0), "accept");

    check(peer(s, &x) && x.pid == child, "LOCAL_PEERCRED: who connected");
    change(false);
    check(x.uid == euid && same_groups(x.groups, x.ngroups), "as he was then, in effect");
    check(os_wait4((int)child, &status, 0, 0) == child && status == 0, "and who listens");
    check(peer(s, &x) && x.uid == euid, "also when he is gone");
    os_close(s);
    os_close(l);
    must(OS_CALL(10, "peer"), "unlink");
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    if (argc > 1)
        must(OS_CALL(12, argv[1]), "chdir");
    who_am_i();
    check(ngroups >= 1 && groups[0] == egid, "the effective group comes first");
    check_peer();
    check_asked();
    check_options(STREAM, "LOCAL_CREDS: a stream tells the first", "and then no more");
    check_options(DGRAM, "datagrams tell", "each");
    check_persistent(STREAM, "LOCAL_CREDS_PERSISTENT: a stream tells each");
    check_persistent(DGRAM, "as datagrams do");
    return check_status();
}
#else
OTHER_KERNEL_SAYS("another kernel has other forms\n")
#endif
