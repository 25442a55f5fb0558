/*
 * syscalls/msg.h: what sendmsg and recvmsg share.
 */
#ifndef DRAGOMAN_SYSCALLS_MSG_H
#define DRAGOMAN_SYSCALLS_MSG_H

#include <stdbool.h>
#include <sys/socket.h>

#include "abi/sock.h"
#include "syscalls/fd.h"

/* The guest's header, and the host's in scratch. */
struct message {
    struct kmsghdr g;
    struct msghdr *h;
    uint64_t       h_va;
};

/* Reads the header at; the host's gets the vector and nothing else.  0, -EFAULT, -EMSGSIZE (too many parts), -ENOMEM.
 */
int message_get(struct call *c, gva at, struct message *m);
/* The call fails with err; where a kernel would have found unreadable parts before, that is what counts. */
int64_t message_refused(struct call *c, const struct message *m, int64_t err);
void    message_set_control(struct message *m, uint64_t va, size_t len);

/* Host flags of a receive. */
uint64_t msg_recv_flags(uint64_t flags);
/*
 * Bytes of address that belong to a message: streams have none, and a nameless
 * local sender has an unnamed address (written to sa), where the host says
 * nothing at all.
 */
uint32_t msg_from_len(struct call *c, struct fdref *ref, struct sockaddr_storage *sa, uint32_t hostlen);

/*
 * SCM_CREDS that a sender attaches: the host delivers it only to a socket with
 * SO_PASSCRED, which would make it attach credentials to all messages; so that is
 * on for the moment of a receive, and only while such a message is on its way.
 */
bool msg_creds_expected(void);
void msg_creds_arrived(void);

struct ucred;
/*
 * What else the sender is now: effective user and group, supplementary groups.  One that has ended or changed its real
 * user or group meanwhile is told as the host tells it, with those alone.
 */
void msg_sender(const struct ucred *from, struct sock_creds *to);

#endif
