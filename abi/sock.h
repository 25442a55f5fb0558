/*
 * abi/sock.h: what a foreign kernel's sockets look like: addresses, options,
 * control messages.  Data only; syscalls/sock*.c and syscalls/msg*.c read it.
 */
#ifndef DRAGOMAN_ABI_SOCK_H
#define DRAGOMAN_ABI_SOCK_H

#include "abi/abi.h"

/* How the value of an option converts.  All values of kind int are four bytes on both sides. */
enum sockopt_kind {
    OPT_INT,
    OPT_BIT,          /* on or off; when on, get gives the option's own number (BSD so_options) */
    OPT_BYTE_OR_INT,  /* the guest may use one byte or an int */
    OPT_BUFSIZE,      /* Linux reserves, and says, twice what was asked for: socket(7) */
    OPT_LINGER,       /* struct linger, the same everywhere; l_onoff is read as OPT_BIT */
    OPT_TIMEVAL,      /* struct timeval of two 64-bit numbers */
    OPT_ERROR,        /* an errno; get only */
    OPT_DOMAIN,       /* an address family; get only */
    OPT_BYTES,        /* opaque, the same on both sides */
    OPT_MREQ_SOURCE,  /* struct ip_mreq_source: the last two addresses change places */
    OPT_GROUP,        /* struct group_req, group_source_req: socket addresses inside */
    OPT_IPMREQ,       /* struct ip_mreq or ip_mreqn; get gives one in_addr */
    OPT_IGNORED,      /* accepted, without effect here; get gives .value */
    OPT_NOSIGPIPE,    /* no SIGPIPE from this socket */
    OPT_FIB,          /* routing table number: there is only 0 */
    OPT_ACCEPTFILTER, /* no accept filter is loaded: -ENOENT */
    OPT_CONGESTION,   /* name of a congestion control */
    OPT_SECONDS_MS,   /* seconds here, milliseconds at the host */
    OPT_DONTFRAG,     /* bool; at the host a mode of path MTU discovery */
    OPT_ICMP6_FILTER, /* 256 bits, a set one passes; at the host it blocks */
    OPT_PATHMTU,      /* struct ip6_mtuinfo; get only */
    OPT_PEERCRED,     /* struct xucred of the peer; get only */
    OPT_CREDS,        /* the next message comes with the sender's credentials */
    OPT_CREDS_ALWAYS, /* every message does */
    OPT_DSTADDR,      /* datagrams come with their destination address */
    OPT_RECVIF,       /* and with their interface */
    OPT_TS_CLOCK,     /* form of the time that OPT_BIT SO_TIMESTAMP delivers; only 0 */
};

struct sockopt {
    const char *name;
    int32_t     level, opt;           /* guest's */
    int32_t     host_level, host_opt; /* host's, 0 where the kind needs none */
    uint8_t     kind;                 /* enum sockopt_kind */
    bool        local;                /* AF_UNIX sockets only; others: not on those */
    int32_t     value;                /* OPT_IGNORED */
};

/* How the data of a control message converts. */
enum cmsg_kind {
    CMSG_SAME,            /* opaque, the same on both sides */
    CMSG_RIGHTS,          /* descriptors */
    CMSG_CREDS,           /* the sender's credentials, filled in by the kernel */
    CMSG_BINTIME,         /* host: struct timespec; guest: seconds and a 64-bit fraction */
    CMSG_DSTADDR,         /* host: struct in_pktinfo; guest: struct in_addr */
    CMSG_BYTE,            /* host: int; guest: one byte */
    CMSG_ADDR,            /* a socket address */
    CMSG_MTUINFO,         /* struct ip6_mtuinfo */
    CMSG_RECVIF,          /* host: struct in_pktinfo; guest: struct sockaddr_dl */
    CMSG_TO_GUEST = 0x40, /* flag: only that way */
    CMSG_TO_HOST = 0x80,  /* flag: only that way */
};

struct sockcmsg {
    int32_t level, type;
    int32_t host_level, host_type;
    uint8_t kind;
};

/* struct msghdr of every ABI. */
struct kmsghdr {
    uint64_t name, iov, control;
    uint32_t namelen, controllen;
    int32_t  iovlen, flags;
};

/* Who sent a message. */
#define SOCK_CREDS_GROUPS 16

struct sock_creds {
    int      pid;
    uint32_t ruid, euid, rgid, egid;
    unsigned ngroups; /* supplementary */
    uint32_t groups[SOCK_CREDS_GROUPS];
};

struct sock_abi {
    bool     addr_len;  /* addresses begin with a length byte and a one-byte family */
    uint16_t un_path;   /* bytes of sun_path */
    uint16_t unnamed;   /* length of an unnamed local address */
    uint16_t cmsg_data; /* offset of a control message's data */
    uint16_t cmsg_align;
    uint16_t cmsg_len;     /* bytes of cmsg_len; level and type follow it */
    int32_t  level_socket; /* SOL_SOCKET */
    uint32_t control_max;  /* longest control buffer that send takes */

    const struct flag_group *domains;
    const struct flag_group *msg_flags;
    const struct layout     *msghdr; /* to struct kmsghdr */
    const struct sockopt    *opts;
    unsigned                 nopts;
    const struct sockcmsg   *cmsgs;
    unsigned                 ncmsgs;

    /* Credentials in the guest's forms.  Length written to out (at most CREDS_MAX). */
    size_t (*xucred)(uint8_t *out, int pid, uint32_t uid, uint32_t gid, const uint32_t *groups, unsigned n);
    /* form: OPT_CREDS, OPT_CREDS_ALWAYS, or CMSG_CREDS for what the sender itself asked for; type: the message's. */
    size_t (*creds)(uint8_t *out, int form, int32_t *type, const struct sock_creds *from);
};
#define CREDS_MAX 160

#endif
