/*
 * syscalls/msg_control.h: control messages, the guest's form and the host's.
 */
#ifndef DRAGOMAN_SYSCALLS_MSG_CONTROL_H
#define DRAGOMAN_SYSCALLS_MSG_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/sock.h"
#include "syscalls/fd.h"

#define CONTROL_HOST_MAX                                                                                               \
    8192 /* of one message, in the host's form: the largest guest's converted, or 253 descriptors and all else */
#define CONTROL_FDS_MAX 253 /* the host's SCM_MAX_FD */

/* A control buffer being written: either side's form. */
struct control_out {
    uint8_t *p;
    size_t   used, room;
    bool     truncated; /* something did not fit; nothing of it is there */
};

/*
 * Walks a control buffer.  *at begins as 0.  False at the end or when what is
 * left is no message; *bad then says which.  The data lie inside the buffer.
 */
struct control_msg {
    int32_t        level, type;
    const uint8_t *data;
    size_t         len;
};
bool control_next_guest(const struct sock_abi *a, const uint8_t *buf, size_t n, size_t *at, struct control_msg *m,
                        bool *bad);
bool control_next_host(const uint8_t *buf, size_t n, size_t *at, struct control_msg *m);

/* Appends one message whole, or nothing of it: false, and a guest's buffer is then truncated. */
bool control_put_guest(const struct sock_abi *a, struct control_out *out, int32_t level, int32_t type, const void *data,
                       size_t len);
bool control_put_host(struct control_out *out, int level, int type, const void *data, size_t len);

/* True when a message with that much data would fit. */
bool control_fits_guest(const struct sock_abi *a, const struct control_out *out, size_t len);

/* The row of the ABI's table for a message to the host; NULL: there is none. */
const struct sockcmsg *control_row_guest(const struct sock_abi *a, int32_t level, int32_t type);
/* The next row after prev (NULL: the first) for one from the host: it may be told in several ways. */
const struct sockcmsg *control_row_host(const struct sock_abi *a, int32_t level, int32_t type,
                                        const struct sockcmsg *prev);
#define CMSG_KIND(row) ((row)->kind & 0x3f)

/*
 * Converts data that needs neither descriptors nor credentials.  out holds at
 * least 256 bytes more than len.  Length, or -EINVAL when the data are too short.
 */
int64_t control_data_to_host(const struct sockcmsg *row, const struct control_msg *m, uint8_t *out);
int64_t control_data_to_guest(const struct sock_abi *a, const struct sockcmsg *row, const struct control_msg *m,
                              uint8_t *out);

#endif
