/*
 * lookup CALL...: makes one call for each argument and prints what came of it.  An argument is the call's name and what
 * it takes, between blanks: "open - /etc/motd", "rename /a /b".  A directory is a descriptor's number, or - for none.
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)

static char text[4096];

static int dir_of(const char *s) { return s[0] == '-' ? AT_FDCWD : (int)parse_int(s); }

/* ---- calls whose result is more than a number */

/* What the file holds, up to its first newline; of anything but a file, that it could be opened. */
static long give_content(long fd)
{
    const long n = fd < 0 ? 0 : os_pread((int)fd, text, sizeof(text) - 1, 0);

    if (fd < 0)
        return fd;
    os_close((int)fd);
    strcpy(text + (n > 0 ? n : 0), n > 0 ? "" : "opened");
    for (char *s = text; *s; s++)
        if (*s == '\n')
            *s = 0;
    return 0;
}

static long call_openat(const char *dir, const char *path, int flags)
{
    return OS_CALL(499, dir_of(dir), path, flags | O_NONBLOCK, 0644);
}

static long do_open(char **a) { return give_content(call_openat(a[0], a[1], O_RDONLY)); }
static long do_beneath(char **a) { return give_content(call_openat(a[0], a[1], 0x00800000)); }
static long do_path(char **a) { return give_content(call_openat(a[0], a[1], 0x00400000)); }
static long do_nofollow(char **a) { return give_content(call_openat(a[0], a[1], 0x100)); }
static long do_excl(char **a) { return give_content(call_openat(a[0], a[1], O_WRONLY | O_CREAT | O_EXCL)); }
static long do_dir(char **a) { return call_openat(a[0], a[1], O_RDONLY | O_DIRECTORY); }

static long do_create(char **a)
{
    const long fd = call_openat(a[0], a[1], O_WRONLY | O_CREAT | O_TRUNC);
    const long n = fd < 0 ? fd : os_write((int)fd, "guest\n", 6);

    if (fd >= 0)
        os_close((int)fd);
    return n;
}

static long size_of(const char *dir, const char *path, int flags)
{
    struct os_stat st;
    const long     r = OS_CALL(552, dir_of(dir), path, &st, flags);

    return r < 0 ? r : (long)st.size;
}

static long do_stat(char **a) { return size_of(a[0], a[1], 0); }
static long do_lstat(char **a) { return size_of(a[0], a[1], AT_SYMLINK_NOFOLLOW); }
static long do_statbeneath(char **a) { return size_of(a[0], a[1], 0x2000); }

static long give_text(long r)
{
    if (r >= 0 && r < (long)sizeof(text))
        text[r] = 0;
    return r < 0 ? r : 0;
}

static long do_readlink(char **a) { return give_text(OS_CALL(500, dir_of(a[0]), a[1], text, sizeof(text) - 1)); }
static long do_realpath(char **a) { return OS_CALL(574, dir_of(a[0]), a[1], text, sizeof(text), 0); }

static long do_getcwd(char **a)
{
    (void)a;
    return OS_CALL(326, text, sizeof(text));
}

/* struct statfs of FreeBSD 12 and later: f_mntonname is its last 1024 bytes. */
static long do_statfs(char **a)
{
    static char st[2344];
    const long  r = OS_CALL(555, a[0], st);

    if (r >= 0)
        print_into(text, sizeof(text), "%s", st + sizeof(st) - 1024);
    return r;
}

static long do_mounts(char **a)
{
    static char st[64][2344];
    const long  n = OS_CALL(557, st, sizeof(st), 2);
    size_t      at = 0;

    (void)a;
    for (long i = 0; i < n; i++)
        at += (size_t)print_into(text + at, sizeof(text) - at, "%s%s", i ? " " : "", st[i] + sizeof(st[i]) - 1024);
    return n < 0 ? n : 0;
}

static long do_extattr(char **a) { return give_text(OS_CALL(357, a[0], 1, "note", text, sizeof(text) - 1)); }
static long do_lextattr(char **a) { return give_text(OS_CALL(413, a[0], 1, "note", text, sizeof(text) - 1)); }
static long do_setextattr(char **a) { return OS_CALL(412, a[0], 1, "note", "guest", 5); }

static long with_socket(long nr, const char *path)
{
    struct os_sockaddr_un un = {.len = (uint8_t)(2 + strlen(path)), .family = AF_UNIX};
    const int             s = (int)os_socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(un.path, path, strlen(path));

    const long r = OS_CALL(nr, s, &un, un.len);

    os_close(s);
    return r;
}

static long do_bind(char **a) { return with_socket(104, a[0]); }
static long do_connect(char **a) { return with_socket(98, a[0]); }

/* What kern.proc.filedesc calls a socket bound to a[0]: struct kinfo_file's kf_sa_local is at 48, its path at 50. */
static long do_socketname(char **a)
{
    static char           table[65536];
    struct os_sockaddr_un un = {.len = (uint8_t)(2 + strlen(a[0])), .family = AF_UNIX};
    const int             s = (int)os_socket(AF_UNIX, SOCK_STREAM, 0);
    const int             mib[] = {1, 14, 33, (int)os_getpid()};
    size_t                n = sizeof(table), at = 0;
    long                  r;

    memcpy(un.path, a[0], strlen(a[0]));
    r = OS_CALL(104, s, &un, un.len);
    r = r ?: OS_CALL(202, mib, 4, table, &n, 0, 0);
    os_close(s);
    for (; !r && at<n &&*(int *)(table + at)> 0; at += (size_t) * (int *)(table + at))
        if (((int *)(table + at))[1] == 2 && ((int *)(table + at))[2] == s)
            print_into(text, sizeof(text), "%s", table + at + 50);
    return r;
}

static long do_exec(char **a)
{
    char *const argv[] = {a[0], (char *)"one", NULL}, *const envp[] = {NULL};
    int        status = 0;
    const long pid = os_fork();

    if (!pid)
        os_exit((int)-OS_CALL(59, a[0], argv, envp));
    os_wait4((int)pid, &status, 0, 0);
    print_into(text, sizeof(text), "status %d", os_wexitstatus(status));
    return 0;
}

/* A descriptor that comes through the socket a[0]. */
static long do_recv(char **a)
{
    struct os_cmsg_fd cm = {0};
    struct os_iovec   iov = {text, 1};
    struct os_msghdr  m = {.iov = &iov, .iovlen = 1, .control = &cm, .controllen = sizeof(cm)};
    const long        r = os_recvmsg((int)parse_int(a[0]), &m, 0);

    text[0] = 0;
    return r < 0 ? r : cm.fd;
}

/* Opens a[1] a[0] times, and tells how often a file was found that says SECRET. */
static long do_spin(char **a)
{
    long found = 0;

    for (long i = parse_int(a[0]); i > 0; i--)
        if (!give_content(call_openat("-", a[1], O_RDONLY)) && !memcmp(text, "SECRET", 6))
            found++;
    print_into(text, sizeof(text), "%ld secrets", found);
    return 0;
}

/* ---- the table: a function, or a number and how its arguments read (d directory, n number, s string) */

struct call {
    const char *name, *takes;
    long (*fn)(char **args);
    int nr, last; /* last: one more argument */
};

static const struct call calls[] = {
    {"open", "ds", do_open, 0, 0},
    {"beneath", "ds", do_beneath, 0, 0},
    {"path", "ds", do_path, 0, 0},
    {"nofollow", "ds", do_nofollow, 0, 0},
    {"excl", "ds", do_excl, 0, 0},
    {"dir", "ds", do_dir, 0, 0},
    {"create", "ds", do_create, 0, 0},
    {"stat", "ds", do_stat, 0, 0},
    {"lstat", "ds", do_lstat, 0, 0},
    {"statbeneath", "ds", do_statbeneath, 0, 0},
    {"readlink", "ds", do_readlink, 0, 0},
    {"realpath", "ds", do_realpath, 0, 0},
    {"getcwd", "", do_getcwd, 0, 0},
    {"statfs", "s", do_statfs, 0, 0},
    {"mounts", "", do_mounts, 0, 0},
    {"extattr", "s", do_extattr, 0, 0},
    {"lextattr", "s", do_lextattr, 0, 0},
    {"lsetextattr", "s", do_setextattr, 0, 0},
    {"bind", "s", do_bind, 0, 0},
    {"connect", "s", do_connect, 0, 0},
    {"socketname", "s", do_socketname, 0, 0},
    {"exec", "s", do_exec, 0, 0},
    {"recv", "n", do_recv, 0, 0},
    {"spin", "ns", do_spin, 0, 0},
    {"chdir", "s", NULL, 12, 0},
    {"fchdir", "n", NULL, 13, 0},
    {"chroot", "s", NULL, 61, 0},
    {"access", "s", NULL, 33, 4},
    {"mkdir", "ds", NULL, 496, 0755},
    {"mkfifo", "ds", NULL, 497, 0644},
    {"unlink", "ds", NULL, 503, 0},
    {"rmdir", "ds", NULL, 503, 0x800},
    {"rename", "dsds", NULL, 501, 0},
    {"link", "dsds", NULL, 495, 0x400},
    {"symlink", "sds", NULL, 502, 0},
    {"chmod", "s", NULL, 15, 0},
    {"truncate", "s", NULL, 479, 0},
    {"utimes", "s", NULL, 138, 0},
    {"pathconf", "s", NULL, 191, 4},
    {"chflags", "s", NULL, 34, 0},
};

/* Splits at blanks; how many words. */
static int split(char *line, char **words, int max)
{
    int n = 0;

    while (*line && n < max) {
        words[n++] = line;
        while (*line && *line != ' ')
            line++;
        if (*line)
            *line++ = 0;
    }
    return n;
}

static long make(const struct call *c, char **args)
{
    long v[6] = {0};
    int  n = 0;

    if (c->fn)
        return c->fn(args);
    for (; c->takes[n]; n++)
        v[n] = c->takes[n] == 's' ? (long)args[n] : c->takes[n] == 'd' ? dir_of(args[n]) : parse_int(args[n]);
    v[n] = c->last;
    return os_call(c->nr, v[0], v[1], v[2], v[3], v[4], v[5]);
}

static void give_result(long r)
{
    if (r < 0)
        print("%s\n", err_name(r));
    else if (text[0])
        print("%s\n", text);
    else
        print("%ld\n", r);
}

static void one(char *line)
{
    char     *words[6];
    const int n = split(line, words, 6) - 1;

    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        if (strcmp(calls[i].name, words[0]) != 0 || (int)strlen(calls[i].takes) != n)
            continue;
        text[0] = 0;

        give_result(make(&calls[i], words + 1));
        return;
    }
    print("no call %s of %d\n", words[0], n);
}

int main(int argc, char **argv, char **envp)
{
    (void)envp;
    for (int i = 1; i < argc; i++)
        one(argv[i]);
    return 0;
}

#else

int main(int argc, char **argv, char **envp)
{
    (void)argc, (void)argv, (void)envp;
    print("FreeBSD's names only\n");
    return 0;
}

#endif
