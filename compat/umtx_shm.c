/*
 * compat/umtx_shm.c: UMTX_OP_SHM, a page of shared memory for each process-shared
 * object, found by the object's own place in memory.  The page is a memory file
 * of the provider, which the guest opens through /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compat/umtx_int.h"
#include "syscalls/fd.h"
#include "syscalls/memory_maps.h"

#define SHM_CREAT   1u
#define SHM_LOOKUP  2u
#define SHM_DESTROY 4u
#define SHM_ALIVE   8u
#define SHM_MAX     4096 /* pages registered in a session */
#define DEAD_MAX    1024 /* pages that were destroyed last, and may still be mapped */

struct page {
    LIST_ENTRY(page) link;
    struct umtx_key key;
    int             fd;
    uint64_t        id; /* umtx_key.a of what is mapped of it */
};

static pthread_mutex_t pages_lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, page) pages = LIST_HEAD_INITIALIZER(pages);
static unsigned npages;
static uint64_t dead[DEAD_MAX]; /* a ring of ids */
static unsigned ndead;

static struct page *page_find(const struct umtx_key *key)
{
    struct page *p;

    LIST_FOREACH(p, &pages, link)
        if (umtx_key_eq(&p->key, key))
            return p;
    return NULL;
}

static void page_free(struct page *p)
{
    dead[ndead++ % DEAD_MAX] = p->id;
    LIST_REMOVE(p, link);
    npages--;
    close(p->fd);
    free(p);
}

static int page_new(const struct umtx_key *key, struct page **out)
{
    struct page *p = npages < SHM_MAX ? malloc(sizeof(*p)) : NULL;
    struct stat  st;

    if (!p)
        return -ENOMEM;
    p->key = *key;
    p->fd = memfd_create("umtx", MFD_CLOEXEC);
    if (p->fd < 0 || ftruncate(p->fd, 4096) < 0 || fstat(p->fd, &st)) {
        if (p->fd >= 0)
            close(p->fd);
        free(p);
        return -ENOMEM;
    }
    p->id = umtx_file_id(st.st_dev, st.st_ino);
    LIST_INSERT_HEAD(&pages, p, link);
    npages++;
    *out = p;
    return 0;
}

/* The provider's descriptor of the page, a duplicate to be closed; -errno. */
static int page_fd(const struct umtx_key *key, bool create)
{
    struct page *p;
    int          r = 0;

    pthread_mutex_lock(&pages_lock);
    p = page_find(key);
    if (!p)
        r = create ? page_new(key, &p) : -ESRCH;
    if (!r)
        r = fcntl(p->fd, F_DUPFD_CLOEXEC, 3);
    pthread_mutex_unlock(&pages_lock);
    return r == -1 ? -EMFILE : r;
}

static int64_t open_there(struct call *c, int fd)
{
    const struct scratch path = scratch_get(c, 64);
    int64_t              hostfd;

    if (!path.p)
        return -ENOMEM;
    snprintf(path.p, 64, "/proc/%d/fd/%d", (int)getpid(), fd);
    hostfd = host_call(c, SYS_openat, AT_FDCWD, path.va, O_RDWR | O_CLOEXEC, 0);
    if (hostfd < 0)
        return hostfd;
    return fd_install(c, &(struct fd_new){.hostfd = (int)hostfd, .kind = OF_FILE, .flags = O_RDWR, .cloexec = true}, 0);
}

static int64_t destroy(const struct umtx_key *key)
{
    struct page *p;

    pthread_mutex_lock(&pages_lock);
    p = page_find(key);
    if (p)
        page_free(p);
    pthread_mutex_unlock(&pages_lock);
    return p ? 0 : -ESRCH;
}

/*
 * Whether the page mapped at an address was destroyed, -ENOTTY: thread libraries give back their mapping then.  What is
 * no such page is not dead either (kern_umtx.c, umtx_shm_alive).
 */
static int64_t alive(struct call *c, gva at)
{
    struct umtx_key key;
    int64_t         r = umtx_key_get(c, at, UMTX_SHM, USYNC_PROCESS_SHARED, &key);

    if (r || !key.shared)
        return r;
    pthread_mutex_lock(&pages_lock);
    for (unsigned i = 0; i < DEAD_MAX && i < ndead && !r; i++)
        if (dead[i] == key.a)
            r = -ENOTTY;
    pthread_mutex_unlock(&pages_lock);
    return r;
}

int64_t umtx_shm(struct call *c, gva at, uint32_t flags)
{
    struct umtx_key key;
    int             err, fd;
    int64_t         r;

    if (__builtin_popcount(flags & (SHM_CREAT | SHM_LOOKUP | SHM_DESTROY | SHM_ALIVE)) != 1)
        return -EINVAL;
    if (flags & SHM_ALIVE)
        return alive(c, at);
    err = umtx_key_get(c, at, UMTX_SHM, USYNC_PROCESS_SHARED, &key);
    if (err)
        return err;
    if (flags & SHM_DESTROY)
        return destroy(&key);
    fd = page_fd(&key, flags & SHM_CREAT);
    if (fd < 0)
        return fd;
    r = open_there(c, fd);
    close(fd);
    return r;
}

void umtx_proc_gone(struct proc *p)
{
    struct page *at, *next;

    if (proc_space_shared(p))
        return; /* a child of vfork leaves it to its parent */
    pthread_mutex_lock(&pages_lock);
    for (at = LIST_FIRST(&pages); at; at = next) {
        next = LIST_NEXT(at, link);
        if (!at->key.shared && at->key.a == p->space)
            page_free(at);
    }
    pthread_mutex_unlock(&pages_lock);
}
