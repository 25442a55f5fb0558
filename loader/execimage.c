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

#include "loader/execmap.h"
#include "loader/image.h"
#include "syscalls/door.h"
#include "syscalls/exec.h"
#include "syscalls/hostcpu.h"
#include "syscalls/path.h"
#include "syscalls/proc.h"
#include "syscalls/strv.h"
#include "syscalls/task.h"
#include "syscalls/view.h"

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
    argv_free(e->argv);
    argv_free(e->envp);
    free(e->given);
    free(e->path);
    free(e);
}

const struct abi *exec_image_abi(const struct exec_image *e) { return e->abi; }

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
    argv_free(e->argv);
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

/*
 * A file that somebody has open for writing is no program (kern_exec.c, exec_check_permissions).  The host says so when
 * a lease is asked for, which it gives to the file's owner alone: of other files nothing is known.
 */
static bool is_busy(int fd)
{
    if (!fcntl(fd, F_SETLEASE, F_RDLCK)) {
        fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
    }
    return errno == EAGAIN;
}

static int program_check(struct exec_image *e, struct image_error *err)
{
    if (image_check_file(e->prog.fd, err))
        return -err->host_errno;
    if (e->c && is_busy(e->prog.fd)) {
        image_fail(err, ETXTBSY, "open for writing");
        return -ETXTBSY;
    }
    return 0;
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
    close(e->prog.fd);
    e->prog.fd = fd;
    r = program_check(e, err);
    if (!r)
        r = argv_for_script(e, s);
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
    int r = program_check(e, err);

    if (r)
        return r;
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
        e->argv = argv_copy(argv, &e->argc);
        e->envp = argv_copy(envp, &e->envc);
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

/* ---- loading -------------------------------------------------------------------------- */

static void start_describe(struct start_in *in, struct exec_image *e)
{
    in->entry = e->prog.bias + e->prog.im.entry;
    in->phdr = e->prog.im.phdr ? e->prog.bias + e->prog.im.phdr : 0;
    in->phnum = e->prog.im.phnum;
    in->phent = e->prog.im.phent;
    in->base = e->prog.bias; /* without an interpreter (imgact_elf.c): an rtld that is the program finds itself by it */
    if (e->has_interp) {
        in->base = e->interp.bias;
        in->interp_entry = e->interp.bias + e->interp.im.entry;
    }
    in->execpath = e->given[0] == '/' ? e->given : e->path; /* kern_exec.c, do_execve */
    in->argv = (const char *const *)e->argv;
    in->argc = e->argc;
    in->envp = (const char *const *)e->envp;
    in->envc = e->envc;
    in->ncpus = host_cpus();
    if (getrandom(in->random, sizeof(in->random), GRND_NONBLOCK) < 0)
        memset(in->random, 0x5a, sizeof(in->random));
}

static void proc_describe(struct call *c, struct exec_image *e, const struct start_in *in, const struct start_out *out)
{
    struct proc        *p = c->proc;
    const char         *base = strrchr(e->path, '/');
    const struct elf_id id = image_id(&e->prog.im);

    pthread_mutex_lock(&session.lock);
    p->osrel = c->abi->release(&id);
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

int exec_image_load(struct call *c, struct exec_image *e)
{
    struct start_in  in = {.exec_stack = e->prog.im.exec_stack};
    struct start_out out;
    const char      *base = strrchr(e->path, '/');
    int              err;

    err = part_map(c, &e->prog);
    if (!err && e->has_interp)
        err = part_map(c, &e->interp);
    if (!err)
        err = start_map(c, &in, base ? base + 1 : e->path);
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
    door->regs_set(c->task, &out.regs);
    return 0;
}
