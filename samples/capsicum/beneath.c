/*
 * capsicum/beneath.c: look-ups that stay beneath their directory: by the call's own flag (AT_RESOLVE_BENEATH,
 * O_RESOLVE_BENEATH), and by the descriptor's (FD_RESOLVE_BENEATH).  Rules: vfs_lookup.c (namei_setup), vfs_syscalls.c
 * (openatfp, sys_fchdir), kern_descrip.c (kern_fcntl, kern_dup), fcntl(2).
 */
#if defined(GUEST_FREEBSD)

#include "capsicum/capsicum.h"

#define BENEATH   2 /* FD_RESOLVE_BENEATH */
#define O_BENEATH 0x800000

static struct os_stat st;
static char           text[64];

/* Every call that takes a directory: its arguments but for directory, path and AT_RESOLVE_BENEATH. */
static const struct at_call {
    const char *name;
    int         nr;
    long        c, d; /* third and fourth */
    int         flag; /* which of them has the flags: 3, 4, 0: it takes none */
} at_calls[] = {
    {"fstatat", 552, (long)&st, 0, 4},
    {"faccessat", 489, 0, 0, 4},
    {"fchmodat", 490, 0600, 0, 4},
    {"unlinkat", 503, 0, 0, 3},
    {"rmdirat", 503, 0x800, 0, 3},
    {"funlinkat", 568, -200, 0, 4},
    {"utimensat", 547, 0, 0, 4},
    {"chflagsat", 540, 0, 0, 4},
    {"mkdirat", 496, 0755, 0, 0},
    {"mkfifoat", 497, 0644, 0, 0},
    {"readlinkat", 500, (long)text, sizeof(text), 0},
    {"openat", 499, 0, 0, 0},
};

static const char *const outside[] = {"..", "../x", "up/x", "abs/x", "sub/../../x"};

static void none_leads_out(int d, const struct at_call *a, long flag)
{
    for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
        const long in_c = a->flag == 3 ? flag : 0, in_d = a->flag == 4 ? flag : 0;
        const long r = OS_CALL(a->nr, d, outside[i], a->c | in_c, a->d | in_d);

        if (r != -ENOTCAPABLE)
            print("%s %s: ", a->name, outside[i]);
        expect(r, -ENOTCAPABLE, "a look-up that leads out");
    }
}

static void calls_with_the_flag(int d)
{
    for (size_t i = 0; i < sizeof(at_calls) / sizeof(*at_calls); i++)
        if (at_calls[i].flag)
            none_leads_out(d, &at_calls[i], AT_RESOLVE_BENEATH);
    expect(openat(d, "..", O_RDONLY | O_BENEATH), -ENOTCAPABLE, "openat ..");
    expect(openat(d, "/etc", O_RDONLY | O_BENEATH), -ENOTCAPABLE, "openat of an absolute path");
    expect(OS_CALL(495, d, "../x", d, "y", AT_RESOLVE_BENEATH), -ENOTCAPABLE, "linkat from outside");
    expect(OS_CALL(552, d, "sub/..", &st, AT_RESOLVE_BENEATH), 0, "the directory itself");
    expect(OS_CALL(552, d, "none", &st, AT_RESOLVE_BENEATH), -ENOENT, "nothing there");
    expect(OS_CALL(552, AT_FDCWD, "..", &st, AT_RESOLVE_BENEATH), -ENOTCAPABLE, "above the working directory");
}

static void calls_on_a_marked_one(int d)
{
    for (size_t i = 0; i < sizeof(at_calls) / sizeof(*at_calls); i++)
        none_leads_out(d, &at_calls[i], 0);
    expect(OS_CALL(501, d, "../x", d, "y"), -ENOTCAPABLE, "renameat from outside");
    expect(OS_CALL(501, d, "sub", d, "../y"), -ENOTCAPABLE, "renameat to outside");
    expect(OS_CALL(495, d, "file", d, "../y", 0), -ENOTCAPABLE, "linkat to outside");
    expect(OS_CALL(502, "text", d, "../y"), -ENOTCAPABLE, "symlinkat outside");
    expect(OS_CALL(552, d, "sub/..", &st, 0), 0, "the directory itself");
    expect(OS_CALL(552, d, "/etc", &st, 0), 0, "an absolute path does not start from it");
    expect(OS_CALL(13, d), -ENOTCAPABLE, "fchdir");
    expect(OS_CALL(590, d), -ENOTCAPABLE, "fchroot");
}

static int marked_fd;

static void in_forked(void)
{
    expect(os_fcntl(marked_fd, F_GETFD, 0), BENEATH, "fork hands the mark down");
    expect(openat(marked_fd, "..", O_RDONLY), -ENOTCAPABLE, "which holds");
}

/* What is made of it or opened from it is marked, and no call takes the mark off. */
static void the_mark_stays(int d)
{
    const int sub = (int)must(openat(d, "sub", O_RDONLY), "sub"), other = (int)must(os_dup(d), "dup");

    expect(os_fcntl(d, F_SETFD, 0), 0, "F_SETFD without it");
    expect(os_fcntl(d, F_GETFD, 0), BENEATH, "it is still there");
    expect(os_fcntl(d, F_SETFD, FD_CLOEXEC), 0, "F_SETFD of another flag");
    expect(os_fcntl(d, F_GETFD, 0), BENEATH | FD_CLOEXEC, "both are there");
    os_fcntl(d, F_SETFD, 0);
    expect(os_fcntl(sub, F_GETFD, 0), BENEATH, "what is opened from it has it");
    expect(openat(sub, "..", O_RDONLY), -ENOTCAPABLE, "and goes by its own place");
    expect(os_fcntl(other, F_GETFD, 0), BENEATH, "a duplicate has it");
    expect(os_dup2(1, other), other, "dup2 over the duplicate");
    expect(os_fcntl(other, F_GETFD, 0), 0, "takes it away");
    expect(os_dup2(d, other), other, "dup2 of it");
    expect(os_fcntl(other, F_GETFD, 0), BENEATH, "has it");
    os_close(other);
    expect(openat(AT_FDCWD, "/", O_RDONLY), other, "the number");
    expect(os_fcntl(other, F_GETFD, 0), 0, "keeps nothing");
    expect(openat(d, "/", O_RDONLY), other + 1, "an absolute path");
    expect(os_fcntl(other + 1, F_GETFD, 0), 0, "gives no mark");
    os_close(other);
    os_close(other + 1);
    os_close(sub);
    marked_fd = d;
    in_child(in_forked);
}

void beneath(void)
{
    const int d = open_dir();
    int       fd;

    calls_with_the_flag(d);
    fd = (int)must(openat(d, "sub", O_RDONLY | O_BENEATH), "sub");
    expect(os_fcntl(fd, F_GETFD, 0), 0, "O_RESOLVE_BENEATH does not mark what it opens");
    os_close(fd);
    fd = (int)must(openat(d, "..", O_RDONLY), "..");
    os_close(fd);
    expect(os_fcntl(d, F_SETFD, BENEATH), 0, "the mark");
    expect(os_fcntl(d, F_GETFD, 0), BENEATH, "is told");
    calls_on_a_marked_one(d);
    the_mark_stays(d);
    os_close(d);
}

#endif
