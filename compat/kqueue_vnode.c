/*
 * EVFILT_VNODE by inotify: one inotify descriptor a kqueue, the provider's own.
 *
 * What it cannot tell: NOTE_REVOKE but for an unmount, and changes made on
 * another machine.  A hard link made or removed is seen by the count of links.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compat/kqueue_int.h"

#define NOTE_DELETE      0x001u
#define NOTE_WRITE       0x002u
#define NOTE_EXTEND      0x004u
#define NOTE_ATTRIB      0x008u
#define NOTE_LINK        0x010u
#define NOTE_RENAME      0x020u
#define NOTE_REVOKE      0x040u
#define NOTE_OPEN        0x080u
#define NOTE_CLOSE       0x100u
#define NOTE_CLOSE_WRITE 0x200u
#define NOTE_READ        0x400u

#define IN_ENTRIES (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)

/* What inotify reports as it is; NOTE_EXTEND, NOTE_LINK and NOTE_DELETE are found by comparing (vnode_compare). */
static const struct {
    uint32_t note, in;
} notes[] = {
    {NOTE_WRITE, IN_MODIFY | IN_ENTRIES},
    {NOTE_EXTEND, IN_MODIFY},
    {NOTE_ATTRIB, IN_ATTRIB},
    {NOTE_LINK, IN_ATTRIB | IN_ENTRIES},
    {NOTE_DELETE, IN_ATTRIB | IN_DELETE_SELF},
    {NOTE_RENAME, IN_MOVE_SELF},
    {NOTE_REVOKE, IN_DELETE_SELF}, /* IN_UNMOUNT comes unasked */
    {NOTE_OPEN, IN_OPEN},
    {NOTE_CLOSE, IN_CLOSE_NOWRITE},
    {NOTE_CLOSE_WRITE, IN_CLOSE_WRITE},
    {NOTE_READ, IN_ACCESS},
};
#define NOTES        (sizeof(notes) / sizeof(notes[0]))
#define BY_COMPARING (NOTE_EXTEND | NOTE_LINK | NOTE_DELETE | NOTE_REVOKE | NOTE_ATTRIB)

static int inotify_open(struct kqueue *kq)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = KQ_TOKEN_INOTIFY};

    if (kq->inofd >= 0)
        return 0;
    kq->inofd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (kq->inofd < 0)
        return -errno;
    if (epoll_ctl(kq->epfd, EPOLL_CTL_ADD, kq->inofd, &ev) < 0) {
        const int err = -errno;

        close(kq->inofd);
        kq->inofd = -1;
        return err;
    }
    return 0;
}

int kqueue_vnode_watch(struct call *c, struct kqueue *kq, int hostfd, uint32_t mask)
{
    char path[32];
    int  fd, wd, err = inotify_open(kq);

    if (err)
        return err;
    fd = host_fd_fetch(c, hostfd);
    if (fd < 0)
        return fd;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    wd = inotify_add_watch(kq->inofd, path, mask | IN_MASK_ADD);
    err = -errno;
    close(fd);
    return wd < 0 ? err : wd;
}

static void vnode_stat(struct call *c, struct knote *kn, struct stat *st)
{
    const int fd = host_fd_fetch(c, kn->source->hostfd);

    st->st_size = (off_t)kn->size;
    st->st_nlink = (nlink_t)kn->nlink;
    if (fd >= 0) {
        fstat(fd, st);
        close(fd);
    }
}

static uint32_t mask_for(uint32_t sfflags)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < NOTES; i++)
        if (sfflags & notes[i].note)
            mask |= notes[i].in;
    return mask ? mask : IN_DELETE_SELF;
}

static int vnode_attach(struct call *c, struct knote *kn)
{
    struct stat st = {0};

    kn->wd = kqueue_vnode_watch(c, kn->kq, kn->source->hostfd, mask_for(kn->sfflags));
    if (kn->wd < 0)
        return kn->wd;
    vnode_stat(c, kn, &st);
    kn->size = (uint64_t)st.st_size;
    kn->nlink = st.st_nlink;
    return 0;
}

/* The watch goes with its last knote. */
void kqueue_vnode_unwatch(struct knote *kn)
{
    struct kqueue *kq = kn->kq;

    if (kn->wd < 0)
        return;
    for (int i = 0; i < KQ_BUCKETS; i++) {
        const struct knote *other;

        LIST_FOREACH(other, &kq->knotes[i], hash)
            if (other != kn && other->wd == kn->wd)
                return;
    }
    inotify_rm_watch(kq->inofd, kn->wd);
}

/*
 * What the link count and the size say: a name removed is NOTE_DELETE, one
 * added NOTE_LINK; a directory's count changes with its subdirectories.
 */
static uint32_t vnode_compare(struct call *c, struct knote *kn, uint32_t in)
{
    struct stat st = {0};
    uint32_t    hint = 0;

    vnode_stat(c, kn, &st);

    const bool dir = kn->source->of->kind == OF_DIR;

    if ((in & IN_MODIFY) && (uint64_t)st.st_size > kn->size)
        hint |= NOTE_EXTEND;
    if (dir && (in & IN_ENTRIES) && (in & IN_ISDIR))
        hint |= NOTE_LINK;
    if ((in & IN_ATTRIB) && st.st_nlink < kn->nlink && (!dir || st.st_nlink == 0))
        hint |= NOTE_DELETE;
    else if ((in & IN_ATTRIB) && st.st_nlink > kn->nlink)
        hint |= NOTE_LINK;
    else if (in & IN_ATTRIB)
        hint |= NOTE_ATTRIB;
    if (in & IN_DELETE_SELF)
        hint |= NOTE_DELETE;
    if (in & IN_UNMOUNT)
        hint |= NOTE_REVOKE;
    kn->size = (uint64_t)st.st_size;
    kn->nlink = st.st_nlink;
    return hint;
}

static void vnode_happened(struct call *c, struct knote *kn, uint32_t in)
{
    uint32_t hint = vnode_compare(c, kn, in);

    for (size_t i = 0; i < NOTES; i++)
        if ((in & notes[i].in) && !(notes[i].note & BY_COMPARING))
            hint |= notes[i].note;
    if (hint & NOTE_REVOKE)
        kn->kev.flags |= KQ_EV_EOF;
    kn->kev.fflags |= hint & kn->sfflags;
    if (kn->kev.fflags || (hint & NOTE_REVOKE))
        knote_activate(kn);
}

static void watch_happened(struct call *c, struct kqueue *kq, const struct inotify_event *ev)
{
    /* With a name it happened to an entry: the directory itself is only concerned when its list changes. */
    const uint32_t in = ev->len ? ev->mask & (IN_ENTRIES | IN_ISDIR) : ev->mask;
    struct knote  *kn;

    if (!(in & ~(uint32_t)IN_ISDIR))
        return;
    for (int i = 0; i < KQ_BUCKETS; i++)
        LIST_FOREACH(kn, &kq->knotes[i], hash) {
            if (kn->wd != ev->wd)
                continue;
            if (kn->kev.filter == KQ_FILTER_VNODE)
                vnode_happened(c, kn, in);
            else
                knote_activate(kn); /* EVFILT_READ of a file that grew */
        }
}

void kqueue_vnode_drain(struct call *c, struct kqueue *kq)
{
    char    buf[4096] __attribute__((aligned(8)));
    ssize_t n;

    while ((n = read(kq->inofd, buf, sizeof(buf))) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *ev = (const struct inotify_event *)(buf + at);

            watch_happened(c, kq, ev);
            at += (ssize_t)(sizeof(*ev) + ev->len);
        }
}

static void vnode_touch(struct call *c, struct knote *kn, const struct kkevent *kev)
{
    kn->sfflags = kev->fflags;
    kn->sdata = kev->data;
    kqueue_vnode_watch(c, kn->kq, kn->source->hostfd, mask_for(kn->sfflags));
}

static bool vnode_event(struct call *c, struct knote *kn)
{
    (void)c;
    return kn->kev.fflags != 0 || (kn->kev.flags & KQ_EV_EOF);
}

const struct filter filter_vnode = {
    .isfd = true,
    .attach = vnode_attach,
    .detach = kqueue_vnode_unwatch,
    .touch = vnode_touch,
    .event = vnode_event,
};
