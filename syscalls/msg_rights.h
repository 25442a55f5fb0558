/*
 * syscalls/msg_rights.h: descriptors that travel through local sockets.
 *
 * The host carries a host descriptor; the open file behind it, with its offset
 * and flags, is ours.  While a message is in flight a list holds a reference on
 * the open file, with what the host says of the file (device, inode, access
 * mode) and a tag on the host's open file, and the receiver finds it by that.
 * What is not in the list came from a host process, and becomes a new open file.
 * A slot's limits travel beside (uipc_usrreq.c, unp_internalize copies the capabilities).
 */
#ifndef DRAGOMAN_SYSCALLS_MSG_RIGHTS_H
#define DRAGOMAN_SYSCALLS_MSG_RIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "syscalls/fd.h"
#include "syscalls/msg_control.h"

/* Descriptors that one message sends; large, so on the heap. */
struct fdlimit_copy;
struct rights {
    unsigned             n;
    int                  hostfds[CONTROL_FDS_MAX];
    struct fdref         refs[CONTROL_FDS_MAX];
    uint64_t             flights[CONTROL_FDS_MAX]; /* 0: not in the list */
    struct fdlimit_copy *limits[CONTROL_FDS_MAX];  /* owned; NULL: the slot has none */
};

/* Adds the guest descriptors in data.  0, -EBADF, -EOPNOTSUPP (a kqueue), -EINVAL, -ETOOMANYREFS, -ENOMEM, -ESRCH. */
int rights_add(struct call *c, struct rights *r, const uint8_t *data, size_t len);
/* Before the message is sent: its open files are in flight.  0, -ETOOMANYREFS: a limited one has no place there. */
int rights_launch(struct call *c, struct rights *r);
/* After it: sent says whether the host took it.  Drops what rights_add got; r itself is the caller's. */
void rights_done(struct call *c, struct rights *r, bool sent);

/*
 * A host descriptor came: installs it (it is taken over).  peek: the message
 * stays in flight.  Guest descriptor, -EMFILE, -ENFILE, -ENOMEM, -ESRCH.
 */
int rights_receive(struct call *c, int hostfd, bool cloexec, bool peek);

/* One that the guest has no room for: closes it. */
void rights_discard(struct call *c, int hostfd, bool peek);

unsigned rights_in_flight(void); /* for tests */
/* Calls fn for the open file of each descriptor in flight; fn must not send or receive. */
void rights_each(void (*fn)(struct ofile *of, void *arg), void *arg);

#endif
