/* The list of objects, where they are looked for, and what programs may ask (rtld.c: find_library, dlopen and its
 * like). */
#include "rtld.h"

enum { OBJECTS = 8, MNT_NOEXEC = 4, ELFHINTS_MAGIC = 0x746e6845 };

struct object *objects;

static struct object store[OBJECTS];
static const char   *library_path, *library_fds;
static char          hints[512];

struct object *object_new(void)
{
    struct object **end = &objects;

    for (struct object *o = store; o < store + OBJECTS; o++)
        if (!o->refs) {
            memset(o, 0, sizeof(*o));
            o->refs = 1;
            while (*end)
                end = &(*end)->next;
            return *end = o;
        }
    return 0;
}

static void object_drop(struct object *o)
{
    struct object **at = &objects;

    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    o->refs = 0;
}

/* ---- where ----------------------------------------------------------------------------------------- */

/* ldconfig's file, sys/elf-hints.h: a header of 128 bytes, the list of directories somewhere behind it. */
static void hints_read(void)
{
    struct {
        uint32_t magic, version, strtab, strsize, dirlist, dirlistlen, spare[26];
    } h = {0};
    const int fd = (int)os_open("/var/run/ld-elf.so.hints", O_RDONLY | O_CLOEXEC, 0);

    if (fd < 0)
        return;
    if (os_read(fd, &h, sizeof(h)) == sizeof(h) && h.magic == ELFHINTS_MAGIC && h.version == 1 &&
        h.dirlistlen < sizeof(hints) && os_lseek(fd, h.strtab + h.dirlist, SEEK_SET) >= 0)
        os_read(fd, hints, h.dirlistlen + 1);
    os_close(fd);
}

void search_set(const uint64_t *block, bool trust)
{
    library_path = trust ? env_find(block, "LD_LIBRARY_PATH") : 0;
    library_fds = trust ? env_find(block, "LD_LIBRARY_PATH_FDS") : 0;
    hints_read();
}

static int open_object(int dir, const char *path)
{
    return (int)os_openat(dir, path, O_RDONLY | O_CLOEXEC | O_VERIFY, 0);
}

static int open_in(const char *dirs, const char *name, char path[256])
{
    int fd = -1;

    while (fd < 0 && dirs && *dirs) {
        char   dir[256];
        size_t n = 0;

        for (; *dirs && *dirs != ':'; dirs++)
            if (n < sizeof(dir) - 1)
                dir[n++] = *dirs;
        dir[n] = 0;
        dirs += *dirs == ':';
        print_into(path, 256, "%s/%s", dir, name);
        fd = open_object(AT_FDCWD, path);
    }
    return fd;
}

/* LD_LIBRARY_PATH_FDS: directories that are open, by number. */
static int open_beneath(const char *numbers, const char *name, char path[256])
{
    int fd = -1;

    while (fd < 0 && numbers && *numbers) {
        long n = 0;

        for (; *numbers && *numbers != ':'; numbers++)
            n = 10 * n + *numbers - '0';
        numbers += *numbers == ':';
        print_into(path, 256, "#%ld/%s", n, name);
        fd = open_object((int)n, name);
    }
    return fd;
}

static bool has_slash(const char *s)
{
    while (*s && *s != '/')
        s++;
    return *s != 0;
}

static int find(const char *name, char path[256])
{
    int fd;

    if (has_slash(name)) {
        print_into(path, 256, "%s", name);
        return open_object(AT_FDCWD, path);
    }
    fd = open_in(library_path, name, path);
    if (fd < 0)
        fd = open_beneath(library_fds, name, path);
    if (fd < 0)
        fd = open_in(hints, name, path);
    return fd < 0 ? open_in("/lib:/usr/lib", name, path) : fd;
}

/* The environment must not lead around a file system from which nothing may be executed (do_load_object). */
static bool may_execute(int fd)
{
    static uint64_t fs[2344 / 8]; /* struct statfs: f_flags is its second word */

    return (!library_path && !library_fds) || (OS_CALL(556, fd, fs) == 0 && !(fs[1] & MNT_NOEXEC));
}

/* ---- loading ------------------------------------------------------------------------------------------ */

static struct object *same_file(const struct os_stat *st)
{
    for (struct object *o = objects; o; o = o->next)
        if (o->dev == st->dev && o->ino == st->ino)
            return o;
    return 0;
}

static struct object *load_fd(int fd, const char *path, int flags)
{
    struct os_stat st;
    struct object *o;

    if (os_fstat(fd, &st) != 0)
        return 0;
    o = same_file(&st);
    if (o) {
        o->refs++;
        return o;
    }
    if (!may_execute(fd)) {
        print("Cannot execute objects on this file system: %s\n", path);
        return 0;
    }
    o = object_new();
    if (!o)
        return 0;
    print_into(o->path, sizeof(o->path), "%s", path);
    o->flags = flags;
    o->dev = st.dev;
    o->ino = st.ino;
    if (!object_map(o, fd)) {
        object_drop(o);
        return 0;
    }
    object_digest(o);
    return o;
}

static struct object *named(const char *name)
{
    for (struct object *o = objects; o; o = o->next)
        if (o->soname && strcmp(o->soname, name) == 0)
            return o;
    return 0;
}

struct object *object_load(const char *name, int flags)
{
    struct object *o = named(name);
    char           path[256];
    int            fd;

    if (o) {
        o->refs++;
        return o;
    }
    fd = find(name, path);
    if (fd < 0)
        return 0;
    o = load_fd(fd, path, flags);
    os_close(fd);
    return o;
}

bool objects_need(struct object *from, int flags)
{
    bool all = true;

    for (struct object *o = from; o; o = o->next)
        for (unsigned i = 0; i < o->nneeded && !(o->flags & DL_LONE); i++)
            if (!object_load(o->strtab + o->needed[i], flags)) {
                print("Shared object \"%s\" not found, required by \"%s\"\n", o->strtab + o->needed[i], o->path);
                all = false;
            }
    return all;
}

/* ---- what programs call ----------------------------------------------------------------------------- */

/*
 * Until a thread library brings its own, rtld's lock is a word that is taken with all signals blocked (rtld_lock.c): by
 * a word of its own where the kernel looks at that, else by calls.
 */
static uint32_t          lock_word;
static volatile uint32_t blocked; /* in steps of 16; 1: a signal waits */
static bool              fast;
static struct os_sigset  lock_mask;

void lock_set(bool may_be_fast) { fast = may_be_fast && OS_CALL(573, 1, &blocked) == 0; }

static void lock_fast(void)
{
    for (;;) {
        blocked += 16;
        if (__sync_bool_compare_and_swap(&lock_word, 0, 1))
            return;
        blocked -= 16;
    }
}

static void unlock_fast(void)
{
    __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
    blocked -= 16;
    if (blocked == 1)
        OS_CALL(573, 2, 0);
}

static void lock_slow(void)
{
    const struct os_sigset all = {{0xffffff07, ~0u, ~0u, ~0u}}; /* but for those of traps */
    struct os_sigset       old;

    for (;;) {
        os_sigprocmask(SIG_BLOCK, &all, &old);
        if (__sync_bool_compare_and_swap(&lock_word, 0, 1))
            break;
        os_sigprocmask(SIG_SETMASK, &old, 0);
    }
    lock_mask = old;
}

static void lock(void)
{
    if (fast)
        lock_fast();
    else
        lock_slow();
}

static void unlock_slow(void)
{
    const struct os_sigset old = lock_mask;

    __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
    os_sigprocmask(SIG_SETMASK, &old, 0);
}

static void unlock(void)
{
    if (fast)
        unlock_fast();
    else
        unlock_slow();
}

static bool link_from(struct object *first)
{
    bool ok = objects_need(first, first->flags);

    for (struct object *o = first; ok && o; o = o->next) {
        tls_add(o, false);
        ok = object_relocate(o) && object_relro(o);
    }
    for (struct object *o = first; ok && o && !(o->flags & DL_LONE); o = o->next)
        for (size_t i = 0; i < o->ninit; i++)
            o->init[i]();
    return ok;
}

/* A new object is the last of the list, and those that it needs come behind it. */
static void *opened(struct object *o)
{
    if (o && o->refs == 1 && !link_from(o)) {
        object_drop(o);
        o = 0;
    }
    unlock();
    return o;
}

void *dl_open(const char *name, int flags)
{
    lock();
    quiet = true;
    return opened(object_load(name, flags));
}

void *dl_fdopen(int fd, int flags)
{
    struct object *o;
    const int      own = (int)os_fcntl(fd, F_DUPFD_CLOEXEC, 0);

    lock();
    quiet = true;
    o = load_fd(own, "#", flags);
    os_close(own);
    return opened(o);
}

void *dl_sym(void *handle, const char *name)
{
    void *at;

    lock();
    at = (void *)object_symbol(handle, name);
    unlock();
    return at;
}

int dl_missing(void *handle) { return ((struct object *)handle)->missing; }

int dl_close(void *handle)
{
    struct object *o = handle;
    int            r = 0;

    lock();
    if (--o->refs == 0) {
        for (size_t i = o->nfini; i-- && !(o->flags & DL_LONE);)
            o->fini[i]();
        tls_forget(o);
        r = (int)os_munmap((void *)(o->base + o->lo), o->span);
        object_drop(o);
    }
    unlock();
    return r;
}

static const struct {
    const char *name;
    void       *at;
} exports[] = {
    {"dl_open", dl_open},         {"dl_fdopen", dl_fdopen},         {"dl_sym", dl_sym},
    {"dl_close", dl_close},       {"dl_missing", dl_missing},       {"dl_tls_new", dl_tls_new},
    {"dl_tls_free", dl_tls_free}, {"__tls_get_addr", tls_get_addr},
};

/* The interpreter's own come first, then what was loaded, in that order; one that is alone has only itself. */
uint64_t symbol_anywhere(const char *name, struct object *self)
{
    uint64_t at = 0;

    for (size_t i = 0; i < sizeof(exports) / sizeof(*exports); i++)
        if (strcmp(exports[i].name, name) == 0)
            return (uint64_t)exports[i].at;
    if (self->flags & DL_LONE)
        return object_symbol(self, name);
    for (struct object *o = objects; o && !at; o = o->next)
        at = o->flags & DL_LONE ? 0 : object_symbol(o, name);
    return at;
}
