/*
 * loader/execimage.c: from a checked program file to a mapped image with its
 * first stack and registers.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader/image.h"
#include "syscalls/door.h"
#include "syscalls/exec.h"
#include "syscalls/path.h"
#include "syscalls/proc.h"
#include "syscalls/task.h"
#include "syscalls/view.h"

struct part {
    int          fd; /* the provider's own */
    struct image im;
    uint64_t     bias;
};

struct exec_image {
    const struct abi *abi;
    struct call      *c;     /* while it is looked at; NULL: at start */
    char             *given; /* the name that was executed */
    char             *path;  /* absolute, as the guest knows it */
    struct part       prog, interp;
    bool              has_interp;
    char            **argv, **envp;
    int               argc, envc;
};

static char **strv_copy(const char *const *v, int *count)
{
    int    n = 0;
    char **out;

    while (v && v[n])
        n++;
    out = calloc((size_t)n + 1, sizeof(*out));
    for (int i = 0; out && i < n; i++)
        out[i] = strdup(v[i]);
    *count = n;
    return out;
}

static void strv_free(char **v)
{
    for (int i = 0; v && v[i]; i++)
        free(v[i]);
    free(v);
}

void exec_image_free(struct exec_image *e)
{
    if (!e)
        return;
    if (e->prog.fd >= 0)
        close(e->prog.fd);
    if (e->interp.fd >= 0)
        close(e->interp.fd);
    image_free(&e->prog.im);
    if (e->has_interp)
        image_free(&e->interp.im);
    strv_free(e->argv);
    strv_free(e->envp);
    free(e->given);
    free(e->path);
    free(e);
}

const struct abi *exec_image_abi(const struct exec_image *e)
{
    return e->abi;
}

/* ---- looking ------------------------------------------------------------------- */

/* argv of a script: its interpreter, the one argument, the script, the rest (execve(2)). */
static int argv_for_script(struct exec_image *e, const struct script *s)
{
    int    n = 0;
    char **v = calloc((size_t)e->argc + 4, sizeof(*v));

    if (!v)
        return -ENOMEM;
    v[n++] = strdup(s->interp);
    if (s->has_arg)
        v[n++] = strdup(s->arg);
    v[n++] = strdup(e->given);
    for (int i = 1; i < e->argc; i++)
        v[n++] = strdup(e->argv[i]);
    strv_free(e->argv);
    e->argv = v;
    e->argc = n;
    return 0;
}

static void path_set(struct exec_image *e, const char *given)
{
    char    link[64], name[4096];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", e->prog.fd);
    n = readlink(link, name, sizeof(name) - 1);
    name[n > 0 ? n : 0] = 0;
    free(e->path);
    free(e->given);
    e->path = strdup(name[0] == '/' ? view_name(name) : given);
    e->given = strdup(given);
}

static int interp_file(const struct exec_image *e, const char *name)
{
    return e->c ? path_open_interp(e->c, name) : view_open(name);
}

static int script_follow(struct exec_image *e, struct image_error *err)
{
    struct script *s = malloc(sizeof(*s)), *nested;
    int            r = s ? script_parse(e->prog.fd, s, err) : -ENOMEM, fd;

    if (r <= 0)
        goto out;
    fd = interp_file(e, s->interp);
    if (fd < 0) {
        image_open_failed(-fd, err);
        r = fd;
        goto out;
    }
    r = argv_for_script(e, s);
    close(e->prog.fd);
    e->prog.fd = fd;
    path_set(e, s->interp);
    nested = malloc(sizeof(*nested));
    if (!r && nested && script_parse(fd, nested, err) > 0) {
        script_nested(s, err);
        r = -ENOEXEC;
    }
    free(nested);
out:
    free(s);
    return r;
}

static int interp_open(struct exec_image *e, struct image_error *err)
{
    int fd = interp_file(e, e->prog.im.interp);

    if (fd < 0) {
        image_interp_missing(&e->prog.im, -fd, err);
        return -err->host_errno;
    }
    e->interp.fd = fd;
    if (image_read(fd, e->prog.im.interp, &e->interp.im, err))
        return -err->host_errno;
    e->has_interp = true;
    return 0;
}

static int look(struct exec_image *e, const char *force_abi, struct image_error *err)
{
    int r;

    if (image_check_file(e->prog.fd, err))
        return -err->host_errno;
    r = script_follow(e, err);
    if (r < 0)
        return r;
    r = image_read(e->prog.fd, e->path, &e->prog.im, err);
    if (r)
        return r;
    e->abi = image_abi(&e->prog.im, force_abi, err);
    if (!e->abi)
        return -err->host_errno;
    return e->prog.im.interp ? interp_open(e, err) : 0;
}

int exec_image_make(struct call *c, int fd, const char *path, const char *const *argv, const char *const *envp,
                    const char *force_abi, struct exec_image **out, char *text, size_t size, int *exit_status)
{
    struct image_error err = {.host_errno = ENOMEM, .exit_status = 126, .text = "out of memory"};
    struct exec_image *e = calloc(1, sizeof(*e));
    int                r = -ENOMEM;

    *out = NULL;
    if (e) {
        e->prog.fd = fd;
        e->interp.fd = -1;
        e->c = c;
        path_set(e, path);
        e->argv = strv_copy(argv, &e->argc);
        e->envp = strv_copy(envp, &e->envc);
        if (e->path && e->given && e->argv && e->envp)
            r = look(e, force_abi, &err);
    }
    if (!r) {
        *out = e;
        return 0;
    }
    snprintf(text, size, "%s", err.text);
    *exit_status = err.exit_status;
    exec_image_free(e);
    return r;
}

/* ---- mapping ------------------------------------------------------------------------ */

static int64_t map(struct call *c, uint64_t at, uint64_t len, int prot, int flags, int fd, uint64_t off)
{
    return host_call(c, SYS_mmap, at, len, prot, flags, (int64_t)fd, off);
}

/* The provider's descriptor, opened by the pico process through /proc; -1 when that does not lead to the same file. */
static int file_in_guest(struct call *c, int fd)
{
    struct scratch path = scratch_get(c, 64), st = scratch_get(c, sizeof(struct stat));
    struct stat    mine;
    int64_t        r;

    if (!path.p || !st.p || fstat(fd, &mine))
        return -1;
    snprintf(path.p, 64, "/proc/%d/fd/%d", session.provider_pid, fd);
    r = host_call(c, SYS_openat, AT_FDCWD, path.va, O_RDONLY);
    if (r < 0)
        return -1;
    if (!host_call(c, SYS_fstat, r, st.va) && ((struct stat *)st.p)->st_ino == mine.st_ino &&
        ((struct stat *)st.p)->st_dev == mine.st_dev)
        return (int)r;
    host_call(c, SYS_close, r);
    return -1;
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

/* The file part, by mapping, or by copying where the guest cannot open the file. */
static int map_file(struct call *c, struct part *p, const struct image_segment *s, int guest_fd)
{
    uint64_t at = p->bias + s->vaddr, lo = at & ~(IMAGE_PAGE - 1), lead = at - lo;
    uint64_t len = lead + s->filesz;
    int64_t  r;

    if (!s->filesz)
        return 0;
    if (guest_fd >= 0) {
        r = map(c, lo, len, s->prot, MAP_PRIVATE | MAP_FIXED, guest_fd, s->offset - lead);
        return r < 0 ? (int)r : 0;
    }
    r = map(c, lo, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
    if (r < 0)
        return (int)r;
    r = copy_file(c, p->fd, lo, s->offset - lead, len);
    return r ? (int)r : (int)host_call(c, SYS_mprotect, lo, (len + IMAGE_PAGE - 1) & ~(IMAGE_PAGE - 1), s->prot);
}

static int clear_tail(struct call *c, uint64_t from, uint64_t to, int prot)
{
    static const uint8_t zero[IMAGE_PAGE];
    int                  err;

    if (from == to)
        return 0;
    if (!(prot & PROT_WRITE))
        return 0; /* the kernel would fault clearing it, too; nobody can tell what is there */
    err = copy_out(c, GVA(from), zero, to - from);
    return err;
}

static int map_segment(struct call *c, struct part *p, const struct image_segment *s, int guest_fd)
{
    uint64_t file_end = p->bias + s->vaddr + s->filesz, mem_end = p->bias + s->vaddr + s->memsz;
    uint64_t page_end = (file_end + IMAGE_PAGE - 1) & ~(IMAGE_PAGE - 1);
    int      err = map_file(c, p, s, guest_fd);
    int64_t  r;

    if (err || s->memsz == s->filesz)
        return err;
    if (!s->filesz)
        page_end = (p->bias + s->vaddr) & ~(IMAGE_PAGE - 1);
    else if ((err = clear_tail(c, file_end, mem_end < page_end ? mem_end : page_end, s->prot)))
        return err;
    if (mem_end <= page_end)
        return 0;
    r = map(c, page_end, mem_end - page_end, s->prot, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
    return r < 0 ? (int)r : 0;
}

static int place(struct call *c, struct part *p)
{
    uint64_t span = p->im.hi - p->im.lo, room = span + p->im.align;
    int64_t  r;

    if (p->im.kind == IMAGE_STATIC || p->im.kind == IMAGE_DYNAMIC)
        return 0;
    r = map(c, 0, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (r < 0)
        return (int)r;
    p->bias = (((uint64_t)r + p->im.align - 1) & ~(p->im.align - 1)) - (p->im.lo & ~(p->im.align - 1));
    return 0;
}

static int map_part(struct call *c, struct part *p)
{
    size_t used = c->scratch_used;
    int    fd = file_in_guest(c, p->fd), err = place(c, p);

    c->scratch_used = used;
    for (unsigned i = 0; i < p->im.nsegments && !err; i++)
        err = map_segment(c, p, &p->im.segments[i], fd);
    if (fd >= 0)
        host_call(c, SYS_close, fd);
    return err;
}

static int map_stack(struct call *c, struct start_in *in, bool exec_stack)
{
    struct rlimit rl;
    uint64_t      size = c->abi->stack_limit;
    int64_t       r;

    if (!getrlimit(RLIMIT_STACK, &rl) && rl.rlim_max != RLIM_INFINITY && rl.rlim_max < size)
        size = rl.rlim_max & ~(IMAGE_PAGE - 1);
    r = map(c, 0, size + IMAGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (r < 0)
        return (int)r;
    in->stack_size = size;
    in->stack_top = (uint64_t)r + IMAGE_PAGE + size;
    r = host_call(c, SYS_mprotect, (uint64_t)r + IMAGE_PAGE, size,
                  PROT_READ | PROT_WRITE | (exec_stack ? PROT_EXEC : 0));
    return (int)r;
}

static int map_support(struct call *c, struct start_in *in)
{
    uint8_t page[IMAGE_PAGE] = {0};
    int64_t r;
    int     err;

    if (!c->abi->support_page || !c->abi->support_page(page, sizeof(page)))
        return 0;
    r = map(c, 0, sizeof(page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r < 0)
        return (int)r;
    in->support = (uint64_t)r;
    err = copy_out(c, GVA(in->support), page, sizeof(page));
    return err ? err : (int)host_call(c, SYS_mprotect, in->support, sizeof(page), PROT_READ | PROT_EXEC);
}

static void start_describe(struct start_in *in, struct exec_image *e)
{
    in->entry = e->prog.bias + e->prog.im.entry;
    in->phdr = e->prog.im.phdr ? e->prog.bias + e->prog.im.phdr : 0;
    in->phnum = e->prog.im.phnum;
    in->phent = e->prog.im.phent;
    if (e->has_interp) {
        in->base = e->interp.bias;
        in->interp_entry = e->interp.bias + e->interp.im.entry;
    }
    in->execpath = e->given[0] == '/' ? e->given : e->path; /* kern_exec.c, do_execve */
    in->argv = (const char *const *)e->argv;
    in->argc = e->argc;
    in->envp = (const char *const *)e->envp;
    in->envc = e->envc;
    in->ncpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    in->exec_stack = e->prog.im.exec_stack;
    if (getrandom(in->random, sizeof(in->random), GRND_NONBLOCK) < 0)
        memset(in->random, 0x5a, sizeof(in->random));
}

static void proc_describe(struct call *c, struct exec_image *e, const struct start_in *in, const struct start_out *out)
{
    struct proc *p = c->proc;
    const char  *base = strrchr(e->path, '/');

    pthread_mutex_lock(&session.lock);
    free(p->execpath);
    p->execpath = strdup(e->path);
    snprintf(p->comm, sizeof(p->comm), "%.19s", base ? base + 1 : e->path);
    snprintf(c->task->name, sizeof(c->task->name), "%s", p->comm);
    proc_set_argv(p, (const char *const *)e->argv);
    p->support = in->support;
    p->stack_top = in->stack_top;
    p->stack_size = in->stack_size;
    p->ps_strings = out->ps_strings;
    p->brk_base = p->brk = e->prog.bias + e->prog.im.hi;
    pthread_mutex_unlock(&session.lock);
}

static void name_thread(struct call *c)
{
    struct scratch s = scratch_get(c, 16);

    snprintf(s.p, 16, "%.15s", c->proc->comm);
    host_call(c, SYS_prctl, 15 /* PR_SET_NAME */, s.va);
}

int exec_image_load(struct call *c, struct exec_image *e)
{
    struct start_in  in = {0};
    struct start_out out;
    int              err;

    err = map_part(c, &e->prog);
    if (!err && e->has_interp)
        err = map_part(c, &e->interp);
    if (!err)
        err = map_stack(c, &in, e->prog.im.exec_stack);
    if (!err)
        err = map_support(c, &in);
    if (err)
        return err;
    start_describe(&in, e);
    err = c->abi->start(&in, &out);
    if (err)
        return err;
    err = copy_out(c, GVA(out.at), out.bytes, out.len);
    free(out.bytes);
    if (err)
        return err;
    proc_describe(c, e, &in, &out);
    name_thread(c);
    door->regs_set(c->task, &out.regs);
    return 0;
}
