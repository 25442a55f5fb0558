/*
 * What a BSD's kernel tells about itself: sysctl by number and by name.  The
 * Linux build, where there is nothing to ask, says what should come out.
 */
#include "sample.h"

#if defined(GUEST_FREEBSD)
static long sysctl(const int *mib, unsigned n, void *old, size_t *len, const void *new, size_t newlen)
{
    return OS_CALL(202, mib, n, old, len, new, newlen);
}

static long sysctl_name(const char *name, void *old, size_t *len)
{
    return OS_CALL(570, name, strlen(name), old, len, 0, 0);
}

#define ON_BSD(cond, what)       check(cond, what)
#define ERR_BSD(got, want, what) check_err(got, want, what)
#else
#define ON_BSD(cond, what)       check(true, what)
#define ERR_BSD(got, want, what) check_err(want, want, what)
#endif

#if defined(GUEST_FREEBSD)
static int  ncpu = 0;
static char text[4096];
#endif

static void check_values(void)
{
#if defined(GUEST_FREEBSD)
    int    hw_ncpu[] = {6, 3}, hw_pagesize[] = {6, 7}, page = 0;
    size_t len = 4, tlen = sizeof(text);
#endif

    ON_BSD(sysctl(hw_ncpu, 2, &ncpu, &len, 0, 0) == 0 && len == 4 && ncpu > 0, "hw.ncpu");
    ON_BSD(sysctl(hw_pagesize, 2, &page, &len, 0, 0) == 0 && page == 4096, "hw.pagesize");
    ON_BSD(sysctl_name("kern.ostype", text, &tlen) == 0 && strcmp(text, "FreeBSD") == 0 && tlen == 8, "kern.ostype");
    ON_BSD(sysctl_name("hw.physmem", text, (len = 8, &len)) == 0 && *(uint64_t *)text > 1 << 20, "hw.physmem");
    ON_BSD(sysctl_name("kern.arandom", text, (len = 32, &len)) == 0 && len == 32, "kern.arandom");
    ON_BSD(sysctl_name("kern.proc.pathname.-1", text, &len) != 0, "arguments are not part of a name");
}

static void check_sizes(void)
{
#if defined(GUEST_FREEBSD)
    size_t len = 0;
#endif

    ON_BSD(sysctl_name("kern.ostype", 0, &len) == 0 && len == 8, "the size alone");
    ERR_BSD(sysctl_name("kern.ostype", text, (len = 3, &len)), -ENOMEM, "too small a buffer");
    ON_BSD(len == 3 && text[0] == 'F' && text[2] == 'e', "gets the beginning");
    ERR_BSD(sysctl_name("kern.ostype", (void *)16, (len = 100, &len)), -EFAULT, "no buffer at all");
}

static void check_refusals(void)
{
#if defined(GUEST_FREEBSD)
    int    none[] = {1, 99999}, deeper[] = {6, 7, 1}, inner[] = {4, 2}, os[] = {1, 1}, v = 0;
    size_t len = 4;
#endif

    ERR_BSD(sysctl(none, 2, &v, &len, 0, 0), -ENOENT, "no such number");
    ERR_BSD(sysctl(deeper, 3, &v, &len, 0, 0), -ENOTDIR, "more numbers than nodes");
    ERR_BSD(sysctl(inner, 2, &v, &len, 0, 0), -EISDIR, "a node that holds others");
    ERR_BSD(sysctl(os, 1, &v, &len, 0, 0), -EINVAL, "too short");
    ERR_BSD(sysctl(os, 2, 0, 0, "x", 1), -EPERM, "not to be changed");
    ERR_BSD(sysctl_name("kern.nosuchthing", &v, &len), -ENOENT, "no such name");
}

static void check_tree(void)
{
#if defined(GUEST_FREEBSD)
    int    ask[26] = {0, 2, 1}, next[24], steps = 0;
    size_t n = 1, len = sizeof(next);

    while (sysctl(ask, (unsigned)n + 2, next, &len, 0, 0) == 0 && steps++ < 2000) {
        n = len / 4;
        memcpy(ask + 2, next, len);
        len = sizeof(next);
    }
#endif
    ON_BSD(steps > 200 && steps < 2000, "a walk through the tree ends");
}

static void check_self(void)
{
#if defined(GUEST_FREEBSD)
    int    path[] = {1, 14, 12, -1}, args[] = {1, 14, 7, -1}, env[] = {1, 14, 35, -1}, aux[] = {1, 14, 36, -1};
    int    proc[] = {1, 14, 1, 0}, other[] = {1, 14, 12, 0x7ffffff0};
    size_t len = sizeof(text);

    proc[3] = (int)OS_CALL(20);
#endif
    ON_BSD(sysctl(path, 4, text, &len, 0, 0) == 0 && text[0] == '/' && text[len - 1] == 0, "own path");
    ON_BSD(sysctl(args, 4, text, (len = sizeof(text), &len), 0, 0) == 0 && len == strlen(text) + 1, "own arguments");
    ON_BSD(sysctl(env, 4, text, (len = sizeof(text), &len), 0, 0) == 0, "own environment");
    ON_BSD(sysctl(aux, 4, text, (len = sizeof(text), &len), 0, 0) == 0 && len % 16 == 0 && len > 160,
           "own auxiliary vector");
    ON_BSD(sysctl(proc, 4, text, (len = sizeof(text), &len), 0, 0) == 0 && len == 1088 && *(int *)text == 1088,
           "own process");
    ON_BSD(*(int *)(text + 72) == proc[3], "with its number");
    ERR_BSD(sysctl(other, 4, text, &len, 0, 0), -ESRCH, "nobody's path");
    ON_BSD(sysctl(args, 4, 0, 0, "new\0title", 10) == 0, "a new title");
    ON_BSD(sysctl(args, 4, text, (len = sizeof(text), &len), 0, 0) == 0 && len == 10 && strcmp(text, "new") == 0,
           "is there");
}

static void check_processors(void)
{
#if defined(GUEST_FREEBSD)
    uint64_t mask[16] = {0}, base = 0;
#endif

    ON_BSD(OS_CALL(487, 3, 2, -1, 128, mask) == 0 && mask[0] != 0, "own processors");
    ON_BSD(OS_CALL(488, 3, 2, -1, 128, mask) == 0, "the same again");
    ERR_BSD(OS_CALL(487, 3, 2, -1, 0, mask), -ERANGE, "too small a mask");
    ERR_BSD(OS_CALL(487, 3, 2, 0x7ffffff0, 128, mask), -ESRCH, "nobody's processors");
    ERR_BSD(OS_CALL(488, 3, 2, -1, 128, (memset(mask, 0, 128), mask)), -EDEADLK, "no processors");
    ON_BSD(OS_CALL(165, 128, &base) == 0, "thread pointer");
    ON_BSD(OS_CALL(165, 129, (base = (uint64_t)&base, &base)) == 0, "another one");
    ON_BSD(OS_CALL(165, 128, (base = 0, &base)) == 0 && base == (uint64_t)&base, "is there as well");
    ERR_BSD(OS_CALL(21, "ufs", "/", 0, 0), -EPERM, "no mounting");
}

int main(int argc, char **argv, char **envp)
{
    (void)argc;
    (void)argv;
    (void)envp;
    check_values();
    check_sizes();
    check_refusals();
    check_tree();
    check_self();
    check_processors();
    return check_status();
}
