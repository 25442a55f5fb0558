/*
 * Limits of slots, and the lists of ioctl commands that some of them have.
 */
#include "syscalls/fdlimit.h"

#include <string.h>

#include "syscalls/fdtable.h"

static struct ioctl_list *list_at(struct fdtable *t, uint32_t number)
{
    return number < FD_IOCTL_LISTS ? &t->lists[number] : NULL;
}

uint32_t fdlimit_list(const struct fdtable *t, const struct fdlimit *l, const uint64_t **cmds)
{
    if (l->ioctls >= FD_IOCTL_LISTS)
        return 0;

    const uint32_t n = __atomic_load_n(&t->lists[l->ioctls].n, __ATOMIC_RELAXED);

    *cmds = t->lists[l->ioctls].cmds;
    return n <= IOCTLS_MAX ? n : 0;
}

void fdlimit_hold_locked(struct fdtable *t, const struct fdlimit *l)
{
    struct ioctl_list *list = list_at(t, l->ioctls);

    if (list)
        list->refs++;
}

void fdlimit_drop_locked(struct fdtable *t, const struct fdlimit *l)
{
    struct ioctl_list *list = list_at(t, l->ioctls);

    if (list && list->refs)
        list->refs--;
}

struct fdlimit fdlimit_get_locked(struct fdtable *t, uint32_t fd)
{
    return t->slots[fd] & SLOT_LIMITED ? t->limits[fd] : FDLIMIT_FULL;
}

/* Who reads the slot without the lock must not see it without its limits: they are written first. */
void fdlimit_set_locked(struct fdtable *t, uint32_t fd, uint64_t slot, const struct fdlimit *l)
{
    const struct fdlimit old = fdlimit_get_locked(t, fd);

    t->limits[fd] = *l;
    t->limited = 1;
    fdtable_set_locked(t, fd, slot | SLOT_LIMITED);
    fdlimit_drop_locked(t, &old);
}

/* Lists keep their numbers; references are counted afresh, one a slot. */
void fdlimit_fork(struct fdtable *dst, struct fdtable *src, uint32_t fd)
{
    const struct fdlimit l = src->limits[fd];
    struct ioctl_list   *to = list_at(dst, l.ioctls);
    const uint64_t      *cmds;

    if (to && !to->refs) {
        to->n = fdlimit_list(src, &l, &cmds);
        memcpy(to->cmds, cmds, to->n * sizeof(*cmds));
    }
    fdlimit_hold_locked(dst, &l);
    dst->limits[fd] = l;
    dst->limited = 1;
}

bool fdlimit_list_new_locked(struct fdtable *t, const uint64_t *cmds, uint32_t n, uint32_t *number)
{
    *number = IOCTLS_NONE;
    if (!n)
        return true;
    for (uint32_t i = 0; i < FD_IOCTL_LISTS; i++) {
        struct ioctl_list *list = &t->lists[i];

        if (list->refs)
            continue;
        list->refs = 1;
        list->n = n;
        memcpy(list->cmds, cmds, n * sizeof(*cmds));
        t->limited = 1;
        *number = i;
        return true;
    }
    return false;
}
