/*
 * sysctl by number and by name: sizes, errors, types, the tree's own questions.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/freebsd/kinfo.h"
#include "abi/freebsd/version.h"
#include "compat/sysctl.h"
#include "compat/sysctl_calls.h"
#include "tests/unit/fake_call.h"
#include "tests/unit/known_procs.h"

#define SELF (-1)

static int fix_new(void **state)
{
    struct fake *f = fake_new();

    LIST_INIT(&session.procs);
    LIST_INSERT_HEAD(&session.procs, &f->own, all);
    f->own.execpath = "/bin/guest";
    *state = f;
    return 0;
}

static int fix_free(void **state)
{
    struct fake *f = *state;

    LIST_REMOVE(&f->own, all);
    fake_free(f);
    return 0;
}

static int64_t by_mib(struct fake *f, const int *mib, unsigned n, void *old, size_t *len)
{
    return sys___sysctl(fake_call(f), GVA((uintptr_t)mib), n, GVA((uintptr_t)old), GVA((uintptr_t)len), GVA(0), 0);
}

static int64_t by_name(struct fake *f, const char *name, void *old, size_t *len)
{
    return sys___sysctlbyname(fake_call(f), GVA((uintptr_t)name), strlen(name), GVA((uintptr_t)old),
                              GVA((uintptr_t)len), GVA(0), 0);
}

static void tree_is_well_formed(void **state)
{
    const struct sysctl_place *p, *q;

    (void)state;
    for (unsigned i = 0; i < sysctl_freebsd.n; i++) {
        const struct sysctl *node = &sysctl_freebsd.nodes[i];
        const char          *dot = strrchr(node->name, '.');
        char                 up[128];

        p = sysctl_by_name(&sysctl_freebsd, node->name);
        assert_non_null(p);
        assert_ptr_equal(p->node, node); /* the name is not taken twice */
        assert_int_equal(sysctl_by_mib(&sysctl_freebsd, p->mib, p->len, &q), 0);
        assert_ptr_equal(p, q); /* nor the number */
        assert_true(node->type == SYSCTL_NODE || node->type == SYSCTL_STRING || node->get || sysctl_width(node->type));
        if (!dot)
            continue;
        snprintf(up, sizeof(up), "%.*s", (int)(dot - node->name), node->name);
        p = sysctl_by_name(&sysctl_freebsd, up);
        assert_non_null(p); /* nothing hangs in the air */
        assert_int_equal(p->node->type, SYSCTL_NODE);
    }
}

static void every_leaf_answers(void **state)
{
    for (unsigned i = 0; i < sysctl_freebsd.n; i++) {
        const struct sysctl *node = &sysctl_freebsd.nodes[i];
        static char          buf[1 << 20];
        size_t               size = 256, len = sizeof(buf);
        int64_t              ret;

        if (node->type == SYSCTL_NODE || node->number == 3 || !strcmp(node->name, "kern.file"))
            continue;
        ret = by_name(*state, node->name, NULL, &size);
        if (ret)
            fail_msg("%s: %ld", node->name, (long)ret);
        assert_int_equal(by_name(*state, node->name, buf, &len), 0);
        if (sysctl_width(node->type))
            assert_int_equal(len, sysctl_width(node->type));
        if (node->type == SYSCTL_STRING)
            assert_int_equal(strnlen(buf, len), len - 1);
    }
}

static void numbers_and_strings(void **state)
{
    int    v = 0, mib[2] = {6, 7};
    char   s[64];
    size_t len = sizeof(v);

    assert_int_equal(by_mib(*state, mib, 2, &v, &len), 0);
    assert_int_equal(v, 4096);
    assert_int_equal(len, 4);
    len = sizeof(s);
    assert_int_equal(by_name(*state, "kern.osrelease", s, &len), 0);
    assert_string_equal(s, FBSD_OSRELEASE);
    assert_int_equal(len, strlen(FBSD_OSRELEASE) + 1);
    len = sizeof(v);
    assert_int_equal(by_name(*state, "hw.ncpu", &v, &len), 0);
    assert_int_equal(v, sysconf(_SC_NPROCESSORS_ONLN));
}

static void short_buffers_get_a_part(void **state)
{
    char   s[5] = "----";
    size_t len = 4;

    assert_int_equal(by_name(*state, "kern.ostype", s, &len), -ENOMEM);
    assert_string_equal(s, "Free");
    assert_int_equal(len, 4);
    len = 1000;
    assert_int_equal(by_name(*state, "kern.ostype", NULL, &len), 0);
    assert_int_equal(len, sizeof("FreeBSD"));
}

static void errors_are_the_kernels(void **state)
{
    struct fake *f = *state;
    int          v, none[] = {1, 9999}, behind[] = {6, 7, 1}, inner[] = {4, 2}, one[] = {1};
    size_t       len = sizeof(v);
    int          os[] = {1, 1};

    assert_int_equal(by_mib(f, none, 2, &v, &len), -ENOENT);
    assert_int_equal(by_mib(f, behind, 3, &v, &len), -ENOTDIR);
    assert_int_equal(by_mib(f, inner, 2, &v, &len), -EISDIR);
    assert_int_equal(by_mib(f, one, 1, &v, &len), -EINVAL);
    assert_int_equal(by_mib(f, none, 25, &v, &len), -EINVAL);
    assert_int_equal(by_name(f, "kern.nosuch", &v, &len), -ENOENT);
    assert_int_equal(by_name(f, "", &v, &len), -EINVAL);
    assert_int_equal(sys___sysctl(fake_call(f), GVA((uintptr_t)os), 2, GVA(0), GVA(0), GVA((uintptr_t)&v), 4), -EPERM);
    assert_int_equal(sys___sysctl(fake_call(f), GVA(8), 2, GVA(0), GVA(0), GVA(0), 0), -EFAULT);
    assert_int_equal(by_name(f, "kern.ostype", (void *)8, &len), -EFAULT);
}

static void names_become_numbers(void **state)
{
    struct fake *f = *state;
    int          ask[] = {0, 3}, mib[24], v = 0;
    size_t       len = sizeof(mib), vlen = sizeof(v);
    const char  *name = "kern.smp.maxcpus";

    assert_int_equal(sys___sysctl(fake_call(f), GVA((uintptr_t)ask), 2, GVA((uintptr_t)mib), GVA((uintptr_t)&len),
                                  GVA((uintptr_t)name), strlen(name)),
                     0);
    assert_int_equal(len, 3 * sizeof(int));
    assert_int_equal(mib[0], 1);
    assert_int_equal(by_mib(f, mib, 3, &v, &vlen), 0);
    assert_int_equal(v, FBSD_MAXCPU);
    assert_int_equal(sys___sysctl(fake_call(f), GVA((uintptr_t)ask), 2, GVA((uintptr_t)mib), GVA((uintptr_t)&len),
                                  GVA((uintptr_t) "kern.x"), 6),
                     -ENOENT);
}

static void numbers_become_names(void **state)
{
    int    ask[] = {0, 1, 6, 3}, format[] = {0, 4, 6, 3}, odd[] = {0, 1, 1, 14, 12, 77};
    char   s[128];
    size_t len = sizeof(s);

    assert_int_equal(by_mib(*state, ask, 4, s, &len), 0);
    assert_string_equal(s, "hw.ncpu");
    len = sizeof(s);
    assert_int_equal(by_mib(*state, odd, 6, s, &len), 0);
    assert_string_equal(s, "kern.proc.pathname.77");
    len = sizeof(s);
    assert_int_equal(by_mib(*state, format, 4, s, &len), 0);
    assert_int_equal(*(uint32_t *)s & 0xf, SYSCTL_INT);
    assert_string_equal(s + 4, "I");
}

/* The walk of sysctl -a: every step goes on, and it ends. */
static void walk_reaches_the_end(void **state)
{
    int      ask[26] = {0, 2, 1}, next[24];
    unsigned n = 1, steps = 0;
    size_t   len = sizeof(next);

    while (!by_mib(*state, ask, n + 2, next, &len)) {
        n = (unsigned)(len / sizeof(int));
        memcpy(ask + 2, next, len);
        len = sizeof(next);
        assert_true(++steps < SYSCTL_NODES);
    }
    assert_true(steps > 200);
    assert_int_equal(by_mib(*state, ask, n + 2, next, &len), -ENOENT);
}

static void own_path_and_title(void **state)
{
    struct fake *f = *state;
    int          path[] = {1, 14, 12, SELF}, args[] = {1, 14, 7, SELF}, other[] = {1, 14, 12, 0x7ffffff0};
    char         s[64];
    size_t       len = sizeof(s);

    assert_int_equal(by_mib(f, path, 4, s, &len), 0);
    assert_string_equal(s, "/bin/guest");
    assert_int_equal(by_mib(f, other, 4, s, &len), -ESRCH);
    assert_int_equal(by_mib(f, path, 3, s, &len), -EINVAL);
    assert_int_equal(sys___sysctl(fake_call(f), GVA((uintptr_t)args), 4, GVA(0), GVA(0), GVA((uintptr_t) "a\0bc"), 5),
                     0);
    len = sizeof(s);
    assert_int_equal(by_mib(f, args, 4, s, &len), 0);
    assert_int_equal(len, 5);
    assert_memory_equal(s, "a\0bc", 5);
    assert_int_equal(sys___sysctl(fake_call(f), GVA((uintptr_t)args), 4, GVA(0), GVA(0), GVA((uintptr_t)s), 4096),
                     -ENOMEM);
    for (char **v = f->own.argv; *v; v++)
        free(*v);
    free(f->own.argv);
    f->own.argv = NULL;
}

/* Arguments, environment and auxiliary vector are read from the guest's own stack. */
static void stack_is_read_back(void **state)
{
    struct fake           *f = *state;
    uint64_t               vec[] = {(uintptr_t) "A=1", (uintptr_t) "B=two", 0, 6, 4096, 0, 0};
    struct fbsd_ps_strings ps = {.envp = (uintptr_t)vec, .envc = 2, .argv = (uintptr_t)vec, .argc = 1};
    int                    env[] = {1, 14, 35, SELF}, aux[] = {1, 14, 36, SELF}, args[] = {1, 14, 7, SELF};
    uint64_t               out[8];
    size_t                 len = sizeof(out);

    f->own.ps_strings = (uintptr_t)&ps;
    assert_int_equal(by_mib(f, env, 4, out, &len), 0);
    assert_int_equal(len, 10);
    assert_memory_equal(out, "A=1\0B=two", 10);
    len = sizeof(out);
    assert_int_equal(by_mib(f, aux, 4, out, &len), 0);
    assert_int_equal(len, 32);
    assert_int_equal(out[1], 4096);
    len = sizeof(out);
    assert_int_equal(by_mib(f, args, 4, out, &len), 0);
    assert_string_equal((char *)out, "A=1");
    f->own.ps_strings = 8;
    assert_int_equal(by_mib(f, env, 4, out, &len), -EFAULT);
}

static void process_is_described(void **state)
{
    struct fbsd_kinfo_proc k;
    int                    pid[] = {1, 14, 1, getpid()}, all[] = {1, 14, 0};
    size_t                 len = sizeof(k), size = 0;

    assert_int_equal(by_mib(*state, pid, 4, &k, &len), 0);
    assert_int_equal(k.structsize, sizeof(k));
    assert_int_equal(k.pid, getpid());
    assert_int_equal(k.uid, geteuid());
    assert_int_equal(k.pgid, getpgrp());
    assert_string_equal(k.emul, "FreeBSD ELF64");
    assert_int_equal(by_mib(*state, all, 3, NULL, &size), 0);
    assert_true(size >= 6 * sizeof(k));
    assert_int_equal(size % sizeof(k), 0);
}

static void interfaces_are_messages(void **state)
{
    int                    mib[] = {4, 17, 0, 0, FBSD_NET_RT_IFLIST, 0};
    static uint8_t         buf[65536];
    size_t                 len = sizeof(buf);
    bool                   loopback = false;
    struct fbsd_if_msghdr *m;

    assert_int_equal(by_mib(*state, mib, 6, buf, &len), 0);
    for (size_t at = 0; at < len; at += m->msglen) {
        m = (void *)(buf + at);
        assert_true(m->msglen >= 20 && at + m->msglen <= len && m->msglen % 8 == 0);
        assert_int_equal(m->version, FBSD_RTM_VERSION);
        assert_true(m->type == FBSD_RTM_IFINFO || m->type == FBSD_RTM_NEWADDR);
        if (m->type == FBSD_RTM_IFINFO && m->flags & IFF_LOOPBACK) {
            struct fbsd_sockaddr_dl *dl = (void *)(m + 1);

            loopback = true;
            assert_int_equal(m->addrs, FBSD_RTA_IFP);
            assert_int_equal(dl->family, FBSD_AF_LINK);
            assert_memory_equal(dl->data, "lo", 2);
        }
    }
    assert_true(loopback);
    assert_int_equal(by_mib(*state, mib, 5, buf, &len), -EISDIR);
    mib[4] = 99;
    assert_int_equal(by_mib(*state, mib, 6, buf, &len), -EINVAL);
}

static void memberships_are_messages(void **state)
{
    int                      mib[] = {4, 17, 0, FBSD_AF_INET, FBSD_NET_RT_IFMALIST, 0};
    static uint8_t           buf[65536];
    size_t                   len = sizeof(buf);
    struct fbsd_ifma_msghdr *m;

    assert_int_equal(by_mib(*state, mib, 6, buf, &len), 0);
    for (size_t at = 0; at < len; at += m->msglen) {
        const uint8_t *sa = buf + at + sizeof(*m) + 56; /* behind the interface's own */

        m = (void *)(buf + at);
        assert_int_equal(m->type, FBSD_RTM_NEWMADDR);
        assert_int_equal(m->addrs, FBSD_RTA_IFP | FBSD_RTA_IFA);
        assert_true(sa[0] == 16 && sa[1] == FBSD_AF_INET && sa[4] >= 224 && sa[4] < 240);
    }
}

static void a_failing_copy_is_a_fault(void **state)
{
    int    v, mib[2] = {6, 7};
    size_t len = sizeof(v);

    for (unsigned i = 1; i <= 4; i++) { /* MIB in, size in, value out, size out */
        fake_fail_copy(i, -EFAULT);
        assert_int_equal(by_mib(*state, mib, 2, &v, &len), -EFAULT);
    }
    fake_fail_copy(0, 0);
    assert_int_equal(by_mib(*state, mib, 2, &v, &len), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fix_new, fix_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tree_is_well_formed),      TEST(every_leaf_answers),        TEST(numbers_and_strings),
        TEST(short_buffers_get_a_part), TEST(errors_are_the_kernels),    TEST(names_become_numbers),
        TEST(numbers_become_names),     TEST(walk_reaches_the_end),      TEST(own_path_and_title),
        TEST(stack_is_read_back),       TEST(process_is_described),      TEST(interfaces_are_messages),
        TEST(memberships_are_messages), TEST(a_failing_copy_is_a_fault),
    };

    return cmocka_run_group_tests_name("compat/sysctl", tests, NULL, NULL);
}
