/*
 * loader/execmap.c: mapping a program.  Host calls are collected and made in one
 * round trip, since a small program's start is little else.
 */
#include "loader/execmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/proc.h"

#define STEPS_MAX 64

struct plan {
    struct call      *c;
    struct scratch    at;
    struct host_step *steps; /* at.p */
    unsigned          n;
    int               file; /* the step that opens the program, -1: none in this plan */
    int64_t           fd;   /* the program in the guest's process, or -errno */
};

static int plan_begin(struct plan *p, struct call *c)
{
    *p = (struct plan){.c = c, .at = scratch_get(c, STEPS_MAX * sizeof(struct host_step)), .file = -1, .fd = -1};
    p->steps = p->at.p;
    return p->steps ? 0 : -ENOMEM;
}

/* 0, or the errno of the first that failed. */
static int plan_run(struct plan *p)
{
    const unsigned n = p->n;
    int            done = n ? host_batch(p->c, &p->at, n) : 0;

    p->n = 0;
    return done < 0 ? done : (unsigned)done < n ? (int)p->steps[done].result : 0;
}

/* A full plan is run first; the results of its steps are gone then, so the file's descriptor is remembered. */
static int plan_room(struct plan *p)
{
    int err = 0;

    if (p->n == STEPS_MAX) {
        err = plan_run(p);
        if (p->file >= 0)
            p->fd = p->steps[p->file].result;
        p->file = -1;
    }
    return err;
}

static int plan(struct plan *p, int64_t nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e, uint64_t f, uint64_t g)
{
    const int err = plan_room(p);

    if (!err)
        p->steps[p->n++] = (struct host_step){nr, {a, b, d, e, f, g}, 0, -1, 0};
    return err;
}

/* The same, with the program's descriptor as argument number take. */
static int plan_with_file(struct plan *p, int take, int64_t nr, uint64_t a, uint64_t b, uint64_t d, uint64_t e,
                          uint64_t f, uint64_t g)
{
    int err = plan(p, nr, a, b, d, e, f, g);

    if (err)
        return err;
    if (p->file >= 0) {
        p->steps[p->n - 1].take = take;
        p->steps[p->n - 1].from = p->file;
    } else {
        p->steps[p->n - 1].args[take] = (uint64_t)p->fd;
    }
    return 0;
}

static int plan_anonymous(struct plan *p, uint64_t at, uint64_t len, int prot)
{
    return plan(p, SYS_mmap, at, len, (uint64_t)prot, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, ~0ull, 0);
}

/* ---- segments ---------------------------------------------------------------------- */

/* Where a segment's file part is, with the page's beginning that the file has, too. */
struct extent {
    uint64_t at, len, offset;
    uint64_t file_end, page_end, mem_end;
};

static struct extent extent_of(const struct part *p, const struct image_segment *s)
{
    const uint64_t at = p->bias + s->vaddr, lead = at & (IMAGE_PAGE - 1);
    struct extent  x = {.at = at - lead, .len = s->filesz ? lead + s->filesz : 0, .offset = s->offset - lead};

    x.file_end = at + s->filesz;
    x.mem_end = at + s->memsz;
    x.page_end = s->filesz ? (x.file_end + IMAGE_PAGE - 1) & ~(IMAGE_PAGE - 1) : x.at;
    return x;
}

static int plan_bss(struct plan *p, const struct extent *x, int prot)
{
    return x->mem_end > x->page_end ? plan_anonymous(p, x->page_end, x->mem_end - x->page_end, prot) : 0;
}

static int clear_tail(struct call *c, const struct extent *x, int prot)
{
    static const uint8_t zero[IMAGE_PAGE];
    const uint64_t       end = x->mem_end < x->page_end ? x->mem_end : x->page_end;

    if (!x->len || end <= x->file_end || !(prot & PROT_WRITE))
        return 0; /* a kernel would fault clearing what is not writable, too; nobody can tell what is there */
    return copy_out(c, GVA(x->file_end), zero, end - x->file_end);
}

/* The provider's descriptor, opened by the pico process through /proc, and what it turned out to be. */
static struct stat *plan_file(struct plan *p, int fd)
{
    struct scratch path = scratch_get(p->c, 64), st = scratch_get(p->c, sizeof(struct stat));

    if (!path.p || !st.p)
        return NULL;
    snprintf(path.p, 64, "/proc/%d/fd/%d", session.provider_pid, fd);
    p->file = -1;
    if (plan(p, SYS_openat, (uint64_t)AT_FDCWD, path.va, O_RDONLY | O_CLOEXEC, 0, 0, 0))
        return NULL;
    p->file = (int)p->n - 1;
    return plan_with_file(p, 0, SYS_fstat, 0, st.va, 0, 0, 0, 0) ? NULL : st.p;
}

static int plan_segments(struct plan *plan_, const struct part *p)
{
    int err = 0;

    for (unsigned i = 0; i < p->im.nsegments && !err; i++) {
        const struct image_segment *s = &p->im.segments[i];
        const struct extent         x = extent_of(p, s);

        if (x.len)
            err = plan_with_file(plan_, 4, SYS_mmap, x.at, x.len, (uint64_t)s->prot, MAP_PRIVATE | MAP_FIXED, 0,
                                 x.offset);
        if (!err)
            err = plan_bss(plan_, &x, s->prot);
    }
    return err;
}

#define NOT_BY_FILE 1

/* Everything by mapping the file.  NOT_BY_FILE: the guest cannot open it, or opened another one. */
static int map_by_file(struct call *c, struct part *p)
{
    const size_t used = c->scratch_used;
    struct plan  plan_;
    struct stat  mine, *st;
    int64_t      fd;
    int          err = plan_begin(&plan_, c);

    st = err ? NULL : plan_file(&plan_, p->fd);
    if (!st || fstat(p->fd, &mine))
        return -ENOMEM;
    err = plan_segments(&plan_, p);
    if (!err)
        err = plan_with_file(&plan_, 0, SYS_close, 0, 0, 0, 0, 0, 0);
    if (!err)
        err = plan_run(&plan_);
    if (err == -ESRCH)
        return err;
    fd = plan_.file >= 0 ? plan_.steps[plan_.file].result : plan_.fd;
    if (err && fd >= 0)
        host_call(c, SYS_close, fd);
    if (fd < 0 || st->st_ino != mine.st_ino || st->st_dev != mine.st_dev)
        err = NOT_BY_FILE;
    c->scratch_used = used;
    return err;
}

static int copy_file(struct call *c, int fd, uint64_t at, uint64_t off, uint64_t len)
{
    char buf[16384];

    while (len) {
        ssize_t n = pread(fd, buf, len < sizeof(buf) ? len : sizeof(buf), (off_t)off);

        if (n <= 0)
            return n ? -errno : -EIO;
        int err = copy_out(c, GVA(at), buf, (size_t)n);
        if (err)
            return err;
        at += (uint64_t)n;
        off += (uint64_t)n;
        len -= (uint64_t)n;
    }
    return 0;
}

/* Everything by copying: where the guest cannot open the file (its root or its credentials are others). */
static int map_by_copy(struct call *c, struct part *p)
{
    const size_t used = c->scratch_used;
    struct plan  plan_;
    int          err = plan_begin(&plan_, c);

    for (unsigned i = 0; i < p->im.nsegments && !err; i++) {
        const struct extent x = extent_of(p, &p->im.segments[i]);

        err = x.len ? plan_anonymous(&plan_, x.at, x.len, PROT_READ | PROT_WRITE) : 0;
        if (!err)
            err = plan_bss(&plan_, &x, p->im.segments[i].prot);
    }
    if (!err)
        err = plan_run(&plan_);
    for (unsigned i = 0; i < p->im.nsegments && !err; i++) {
        const struct extent x = extent_of(p, &p->im.segments[i]);

        err = copy_file(c, p->fd, x.at, x.offset, x.len);
    }
    for (unsigned i = 0; i < p->im.nsegments && !err; i++) {
        const struct extent x = extent_of(p, &p->im.segments[i]);

        if (x.len)
            err = plan(&plan_, SYS_mprotect, x.at, x.page_end - x.at, (uint64_t)p->im.segments[i].prot, 0, 0, 0);
    }
    if (!err)
        err = plan_run(&plan_);
    c->scratch_used = used;
    return err;
}

static int place(struct call *c, struct part *p)
{
    uint64_t span = p->im.hi - p->im.lo, room = span + p->im.align;
    int64_t  r;

    if (p->im.kind == IMAGE_STATIC || p->im.kind == IMAGE_DYNAMIC)
        return 0;
    r = host_call(c, SYS_mmap, 0, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (r < 0)
        return (int)r;
    p->bias = (((uint64_t)r + p->im.align - 1) & ~(p->im.align - 1)) - (p->im.lo & ~(p->im.align - 1));
    return 0;
}

int part_map(struct call *c, struct part *p)
{
    int err = place(c, p);

    if (err)
        return err;
    err = map_by_file(c, p);
    if (err == NOT_BY_FILE)
        return map_by_copy(c, p);
    for (unsigned i = 0; i < p->im.nsegments && !err; i++) {
        const struct extent x = extent_of(p, &p->im.segments[i]);

        err = clear_tail(c, &x, p->im.segments[i].prot);
    }
    return err;
}

/* ---- what every program gets ------------------------------------------------------------- */

static uint64_t stack_size(const struct abi *abi)
{
    struct rlimit rl;

    if (getrlimit(RLIMIT_STACK, &rl) || rl.rlim_max == RLIM_INFINITY || rl.rlim_max >= abi->stack_limit)
        return abi->stack_limit;
    return rl.rlim_max & ~(IMAGE_PAGE - 1);
}

int start_map(struct call *c, struct start_in *in, const char *name)
{
    const int      prot = PROT_READ | PROT_WRITE | (in->exec_stack ? PROT_EXEC : 0);
    uint8_t        page[IMAGE_PAGE] = {0};
    const bool     support = c->abi->support_page && c->abi->support_page(page, sizeof(page));
    struct plan    p;
    struct scratch comm = scratch_get(c, 16);
    int            err = comm.p ? plan_begin(&p, c) : -ENOMEM;

    if (err)
        return err;
    snprintf(comm.p, 16, "%.15s", name);
    in->stack_size = stack_size(c->abi);
    plan(&p, SYS_mmap, 0, in->stack_size + IMAGE_PAGE, (uint64_t)prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
         ~0ull, 0);
    plan(&p, SYS_mprotect, 0, IMAGE_PAGE, PROT_NONE, 0, 0, 0); /* the guard below it */
    p.steps[1].take = 0;
    plan(&p, SYS_prctl, 15 /* PR_SET_NAME */, comm.va, 0, 0, 0, 0);
    if (support)
        plan(&p, SYS_mmap, 0, sizeof(page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0ull, 0);
    err = plan_run(&p);
    if (err)
        return err;
    in->stack_top = (uint64_t)p.steps[0].result + IMAGE_PAGE + in->stack_size;
    if (!support)
        return 0;
    in->support = (uint64_t)p.steps[3].result;
    err = copy_out(c, GVA(in->support), page, sizeof(page));
    return err ? err : (int)host_call(c, SYS_mprotect, in->support, sizeof(page), PROT_READ | PROT_EXEC);
}
