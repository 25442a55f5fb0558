#include "syscalls/ioctl.h"

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/fcntl.h"
#include "syscalls/fd.h"
#include "syscalls/file.h"
#include "syscalls/pipe.h"
#include "syscalls/pipe_back.h"
#include "syscalls/proc.h"
#include "syscalls/pty.h"
#include "syscalls/tty.h"

/* ---- descriptor and open file ------------------------------------------------------ */

static int64_t flag_by_int(struct call *c, struct fdref *ref, gva data, uint32_t flag)
{
    int32_t   on;
    const int err = copy_in(c, &on, data, sizeof(on));

    return err ? err : file_set_flags(c, ref, flag, on ? flag : 0);
}

/* Where the next transfer begins, whoever keeps it. */
static int64_t offset_of(struct call *c, struct fdref *ref)
{
    return ref->of->host_offset ? host_call(c, SYS_lseek, ref->hostfd, 0, SEEK_CUR) : file_offset_locked(c, ref);
}

/* The host would count from its own offset, and not in a directory (vfs_vnops.c, vn_ioctl: size less offset). */
static int64_t bytes_left(struct call *c, struct fdref *ref)
{
    const struct scratch s = scratch_get(c, sizeof(struct stat));
    int64_t              r = s.p ? host_call(c, SYS_fstat, ref->hostfd, s.va) : -ENOMEM;

    if (!r)
        r = shlock_lock(c, &ref->of->lock);
    if (r)
        return r;
    r = offset_of(c, ref);
    shlock_unlock(c, &ref->of->lock);
    return r < 0 ? r : ((struct stat *)s.p)->st_size - r;
}

/* FIOSETOWN, FIOGETOWN: as F_SETOWN and F_GETOWN, on more than the host's sockets. */
static int64_t set_owner(struct call *c, struct fdref *ref, gva data)
{
    int32_t   owner;
    const int err = copy_in(c, &owner, data, sizeof(owner));

    return err ? err : file_set_owner(c, ref, owner);
}

static int64_t get_owner(struct call *c, struct fdref *ref, gva data)
{
    const int64_t owner = file_get_owner(c, ref);

    return owner < 0 ? owner : put_int(c, data, (int32_t)owner);
}

/* The host tells at the end that writes what the other end could read (sys_pipe.c, pipe_ioctl: each has its own). */
static int64_t readable(struct call *c, struct fdref *ref, gva data)
{
    if (ref->of->kind == OF_PIPE && (ref->of->flags & D_O_ACCMODE) == O_WRONLY)
        return put_int(c, data, pipe_is_pair(ref->of) ? (int32_t)pipe_back_level(c, ref->of, ref->hostfd, false) : 0);
    if (ref->of->kind != OF_FILE && ref->of->kind != OF_DIR)
        return host_call(c, SYS_ioctl, ref->hostfd, FIONREAD, data.va);

    const int64_t n = bytes_left(c, ref);

    return n < 0 && n > -4096 ? n : put_int(c, data, n > INT32_MAX ? INT32_MAX : (int32_t)n);
}

/* Sockets: what is not sent yet, and how much more would be taken (sys_socket.c, soo_ioctl). */
static int64_t unsent(struct call *c, struct fdref *ref, gva data, bool space)
{
    const struct scratch s = scratch_get(c, 4 * sizeof(int));
    volatile int        *v = s.p; /* unsent, size, length of the size */
    int64_t              r = ref->of->kind != OF_SOCKET ? -ENOTTY : s.p ? 0 : -ENOMEM;

    if (!r)
        r = host_call(c, SYS_ioctl, ref->hostfd, SIOCOUTQ, s.va);
    if (!r && space) {
        v[2] = sizeof(int);
        r = host_call(c, SYS_getsockopt, ref->hostfd, SOL_SOCKET, SO_SNDBUF, s.va + 4, s.va + 8);
    }
    if (r)
        return r;
    /* The host's size counts its own overhead in: twice what was asked for. */
    return put_int(c, data, !space ? v[0] : v[1] / 2 > v[0] ? v[1] / 2 - v[0] : 0);
}

/* FIOSEEKDATA, FIOSEEKHOLE: lseek that leaves the offset alone. */
static int64_t seek_only(struct call *c, struct fdref *ref, gva data, int whence)
{
    int64_t from, before = 0, r = ref->of->kind != OF_FILE ? -ENOTTY : copy_in(c, &from, data, sizeof(from));

    if (!r)
        r = shlock_lock(c, &ref->of->lock);
    if (r)
        return r;
    before = ref->of->host_offset || ref->of->at_host ? host_call(c, SYS_lseek, ref->hostfd, 0, SEEK_CUR) : -1;
    r = host_call(c, SYS_lseek, ref->hostfd, from, whence);
    if (before >= 0)
        host_call(c, SYS_lseek, ref->hostfd, before, SEEK_SET);
    shlock_unlock(c, &ref->of->lock);
    return r < 0 ? r : put_long(c, data, r);
}

/* ---- terminals ------------------------------------------------------------------------- */

#define VDISABLE   0xff /* the guest's _POSIX_VDISABLE; the host's is 0 */
#define HOST_VMIN  6
#define HOST_VTIME 5
#define HOST_CBAUD 0x100fu
#define BOTHER     0x1000u
#define CIBAUD     0x100f0000u

/* What only the foreground may do (tty.c, tty_ioctl: the list above tty_wait_background). */
static int64_t tty_change(struct call *c, struct fdref *ref, int64_t command, uint64_t arg)
{
    return tty_wait(c, SIGTTOU, SYS_ioctl, ref->hostfd, (uint64_t)command, arg);
}

static void swap_disabled(struct ktermios *t, uint8_t from, uint8_t to)
{
    for (int i = 0; i < (int)sizeof(t->cc); i++)
        if (i != HOST_VMIN && i != HOST_VTIME && t->cc[i] == from)
            t->cc[i] = to;
}

/* A slave whose master is gone knows no command any more (tty.c, ttydev_enter). */
static int64_t term_ioctl(struct call *c, struct fdref *ref, int64_t command, uint64_t arg)
{
    const int64_t r = host_call(c, SYS_ioctl, ref->hostfd, command, arg);

    return r == -EIO ? -ENXIO : r;
}

static int64_t term_get(struct call *c, struct fdref *ref, gva data)
{
    const struct scratch s = scratch_get(c, sizeof(struct ktermios));
    int64_t              r = s.p ? term_ioctl(c, ref, D_IOC_GETTERM, s.va) : -ENOMEM;
    struct ktermios      t;

    if (r)
        return r;
    memcpy(&t, s.p, sizeof(t));
    swap_disabled(&t, 0, VDISABLE);
    return struct_out(c, c->row->args[2].of, data, &t);
}

/* Host modes that the guest has no bit for stay as they are. */
static int64_t term_set(struct call *c, struct fdref *ref, int64_t command, gva data)
{
    const struct scratch s = scratch_get(c, sizeof(struct ktermios));
    struct ktermios      t = {0};
    int64_t              r = s.p ? host_call(c, SYS_ioctl, ref->hostfd, D_IOC_GETTERM, s.va) : -ENOMEM;

    if (!r)
        r = struct_in(c, c->row->args[2].of, &t, data);
    if (r)
        return r;
    t.line = ((struct ktermios *)s.p)->line;
    swap_disabled(&t, VDISABLE, 0);
    t.cflag = (t.cflag & ~(HOST_CBAUD | CIBAUD)) | BOTHER | BOTHER << 16;
    memcpy(s.p, &t, sizeof(t));
    return tty_change(c, ref, command, s.va);
}

/* int of FREAD (1) and FWRITE (2); 0 means both (tty.c, tty_ioctl). */
static int64_t term_flush(struct call *c, struct fdref *ref, gva data)
{
    static const int queue[] = {2, 0, 1, 2}; /* TCIOFLUSH, TCIFLUSH, TCOFLUSH, TCIOFLUSH */
    int32_t          which;
    const int        err = copy_in(c, &which, data, sizeof(which));

    return err ? err : tty_change(c, ref, TCFLSH, queue[which & 3]);
}

/* sys/conf.h: D_TTY */
static int64_t device_type(struct call *c, struct fdref *ref, gva data)
{
    const struct scratch s = scratch_get(c, sizeof(struct ktermios));

    if (ref->of->kind != OF_CHAR)
        return -ENOTTY;
    if (!s.p)
        return -ENOMEM;
    return put_int(c, data, host_call(c, SYS_ioctl, ref->hostfd, D_IOC_GETTERM, s.va) == 0 ? 4 : 0);
}

static int64_t is_master(struct call *c, struct fdref *ref)
{
    const struct scratch s = scratch_get(c, sizeof(int));
    const int64_t        r = s.p ? host_call(c, SYS_ioctl, ref->hostfd, TIOCGPTN, s.va) : -ENOMEM;

    return r;
}

/* tty.c, TIOCSTI: privileged, but for one's own terminal; the host may refuse that, too (dev.tty.legacy_tiocsti). */
static int64_t term_stuff(struct call *c, struct fdref *ref, gva data)
{
    const int64_t r = host_call(c, SYS_ioctl, ref->hostfd, TIOCSTI, data.va);

    return r == -EIO ? -EPERM : r == -EPERM ? -EACCES : r;
}

/* In front of a terminal that no session has is NO_PID. */
static int64_t term_group(struct call *c, struct fdref *ref, gva data)
{
    const int64_t r = term_ioctl(c, ref, TIOCGPGRP, data.va);
    int32_t       pgid = 0;
    const int     err = r ? 0 : copy_in(c, &pgid, data, sizeof(pgid));

    return r || err || pgid ? (r ? r : err) : put_int(c, data, TID_BASE);
}

#define NO_QUEUE 99 /* flushes nothing, but is refused to the background first */

/* Only the foreground may ask (tty.c, tty_ioctl). */
static int64_t term_status(struct call *c, struct fdref *ref)
{
    const int64_t r = tty_change(c, ref, TCFLSH, NO_QUEUE);

    return r == -EINVAL ? tty_info(c, ref->hostfd) : r;
}

/* ---- dispatch ------------------------------------------------------------------------------ */

/* Commands whose data is an int, a struct winsize or nothing, the same on both sides. */
static bool passes(int64_t command)
{
    static const uint32_t list[] = {
        SIOCATMARK, SIOCSPGRP, SIOCGPGRP, TIOCEXCL, TIOCNXCL, TIOCGPTN,  TIOCGETD, TIOCGSID, TIOCSWINSZ, TIOCGWINSZ,
        TIOCMGET,   TIOCMBIC,  TIOCMBIS,  TIOCMSET, TIOCPKT,  TIOCNOTTY, TIOCOUTQ, TIOCCBRK, TIOCSBRK,
    };

    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
        if (command == list[i])
            return true;
    return false;
}

static int64_t term_command(struct call *c, struct fdref *ref, int64_t command, gva data)
{
    switch (command) {
    case D_IOC_GETTERM: return term_get(c, ref, data);
    case D_IOC_SETTERM:
    case D_IOC_SETTERMW:
    case D_IOC_SETTERMF: return term_set(c, ref, command, data);
    case D_IOC_FLUSH: return term_flush(c, ref, data);
    case D_IOC_DRAIN: return tty_change(c, ref, TCSBRK, 1);
    case D_IOC_START: return tty_change(c, ref, TCXONC, 1);
    case D_IOC_STOP: return tty_change(c, ref, TCXONC, 0);
    case D_IOC_STATUS: return term_status(c, ref);
    case D_IOC_PTMASTER: return is_master(c, ref);
    case D_IOC_SIGNAL: return tty_signal_front(c, ref->hostfd, (int32_t)data.va);
    case TIOCSTI: return term_stuff(c, ref, data);
    case TIOCGPGRP: return term_group(c, ref, data);
    case TIOCSCTTY: return host_call(c, SYS_ioctl, ref->hostfd, TIOCSCTTY, 0);
    case TIOCSPGRP: return tty_change(c, ref, command, data.va);
    default: return passes(command) ? term_ioctl(c, ref, command, data.va) : -ENOTTY;
    }
}

static int64_t file_command(struct call *c, int fd, struct fdref *ref, int64_t command, gva data)
{
    switch (command) {
    case FIOCLEX: return fd_set_cloexec(c, fd, true);
    case FIONCLEX: return fd_set_cloexec(c, fd, false);
    case FIONBIO: return flag_by_int(c, ref, data, O_NONBLOCK);
    case FIOASYNC: return flag_by_int(c, ref, data, O_ASYNC);
    case FIOSETOWN: return set_owner(c, ref, data);
    case FIOGETOWN: return get_owner(c, ref, data);
    case FIONREAD: return readable(c, ref, data);
    case D_IOC_UNSENT:
    case D_IOC_SPACE: return unsent(c, ref, data, command == D_IOC_SPACE);
    case D_IOC_SEEKDATA: return seek_only(c, ref, data, SEEK_DATA);
    case D_IOC_SEEKHOLE: return seek_only(c, ref, data, SEEK_HOLE);
    case D_IOC_DEVTYPE: return device_type(c, ref, data);
    case D_IOC_DEVNAME: return pty_device_name(c, ref, data);
    default: return term_command(c, ref, command, data);
    }
}

int64_t sys_ioctl(struct call *c, int fd, int64_t command, gva data)
{
    struct fdref ref;
    int64_t      r = fd_get(c, fd, &ref);

    if (r)
        return r;
    if (ofile_kind_is_object(ref.of->kind) && command != FIOCLEX && command != FIONCLEX)
        r = -ENOTTY; /* queues, semaphores and processes know none (invfo_ioctl; kern_event.c, kqueue_ioctl) */
    else
        r = file_command(c, fd, &ref, command, data);
    fd_put(c, &ref);
    return r;
}
