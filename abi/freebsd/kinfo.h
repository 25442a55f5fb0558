/*
 * abi/freebsd/kinfo.h: structures that FreeBSD's sysctls give to programs
 * (sys/user.h, sys/vmmeter.h, sys/resource.h, net/if.h, net/if_dl.h; amd64).
 */
#ifndef DRAGOMAN_ABI_FREEBSD_KINFO_H
#define DRAGOMAN_ABI_FREEBSD_KINFO_H

#include <stddef.h>
#include <stdint.h>

struct fbsd_timeval64 {
    int64_t sec, usec;
};

struct fbsd_kinfo_rusage {
    struct fbsd_timeval64 utime, stime;
    int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock, oublock, msgsnd, msgrcv, nsignals, nvcsw,
        nivcsw;
};

struct fbsd_kinfo_proc {
    int32_t                  structsize, layout;
    uint64_t                 args, paddr, addr, tracep, textvp, fd, vmspace, wchan;
    int32_t                  pid, ppid, pgid, tpgid, sid, tsid;
    int16_t                  jobc, spare_short1;
    uint32_t                 tdev_freebsd11;
    uint64_t                 siglist[2], sigmask[2], sigignore[2], sigcatch[2];
    uint32_t                 uid, ruid, svuid, rgid, svgid;
    int16_t                  ngroups, spare_short2;
    uint32_t                 groups[16];
    uint64_t                 size;
    int64_t                  rssize, swrss, tsize, dsize, ssize;
    uint16_t                 xstat, acflag;
    uint32_t                 pctcpu, estcpu, slptime, swtime, cow;
    uint64_t                 runtime;
    struct fbsd_timeval64    start, childtime;
    int64_t                  flag, kiflag;
    int32_t                  traceflag;
    int8_t                   stat, nice, lock, rqindex;
    uint8_t                  oncpu_old, lastcpu_old;
    char                     tdname[17], wmesg[9], login[18], lockname[9], comm[20], emul[17], loginclass[18];
    char                     moretdname[4], sparestrings[46];
    int32_t                  spareints[2];
    uint64_t                 tdev;
    int32_t                  oncpu, lastcpu, tracer, flag2, fibnum;
    uint32_t                 cr_flags;
    int32_t                  jid, numthreads, tid;
    uint8_t                  pri_class, pri_level, pri_native, pri_user;
    struct fbsd_kinfo_rusage rusage, rusage_ch;
    uint64_t                 pcb, kstack, udata, tdaddr, pd, spareptrs[5];
    int64_t                  sparelongs[12], sflag, tdflags;
};
_Static_assert(sizeof(struct fbsd_kinfo_proc) == 1088, "struct kinfo_proc");
_Static_assert(offsetof(struct fbsd_kinfo_proc, tdname) == 394, "ki_tdname");
_Static_assert(offsetof(struct fbsd_kinfo_proc, comm) == 447, "ki_comm");
_Static_assert(offsetof(struct fbsd_kinfo_proc, tdev) == 560, "ki_tdev");
_Static_assert(offsetof(struct fbsd_kinfo_proc, rusage) == 608, "ki_rusage");
_Static_assert(offsetof(struct fbsd_kinfo_proc, pcb) == 896, "ki_pcb");

/* ki_stat */
enum { FBSD_SIDL = 1, FBSD_SRUN, FBSD_SSLEEP, FBSD_SSTOP, FBSD_SZOMB, FBSD_SWAIT, FBSD_SLOCK };
#define FBSD_NODEV         UINT64_MAX
#define FBSD_NOCPU         (-1)
#define FBSD_KI_NGROUPS    16
#define FBSD_PRI_TIMESHARE 3
#define FBSD_PUSER_DEFAULT 152 /* a time-sharing thread of nice 0 */

struct fbsd_kinfo_sigtramp {
    uint64_t start, end, spare[4];
};

struct fbsd_vm_layout {
    uint64_t min_user, max_user, text_addr, text_size, data_addr, data_size, stack_addr, stack_size;
    int32_t  map_flags, pad;
    uint64_t shp_addr, shp_size, spare[12];
};
_Static_assert(sizeof(struct fbsd_vm_layout) == 184, "struct kinfo_vm_layout");

struct fbsd_ps_strings {
    uint64_t argv;
    uint32_t argc, pad0;
    uint64_t envp;
    uint32_t envc, pad1;
};

struct fbsd_auxinfo {
    int64_t  type;
    uint64_t value;
};

struct fbsd_clockinfo {
    int32_t hz, tick, spare, stathz, profhz;
};

#define FBSD_FSCALE 2048 /* fixed point of load averages */
struct fbsd_loadavg {
    uint32_t ldavg[3], pad;
    int64_t  fscale;
};
_Static_assert(sizeof(struct fbsd_loadavg) == 24, "struct loadavg");

struct fbsd_vmtotal {
    uint64_t vm, avm, rm, arm, vmshr, avmshr, rmshr, armshr, free;
    int16_t  rq, dw, pw, sl, sw;
    uint16_t pad[3];
};
_Static_assert(sizeof(struct fbsd_vmtotal) == 88, "struct vmtotal");

/* ---- routing messages ------------------------------------------------------- */

struct fbsd_if_data {
    uint8_t  type, physical, addrlen, hdrlen, link_state, vhid;
    uint16_t datalen;
    uint32_t mtu, metric;
    uint64_t baudrate, ipackets, ierrors, opackets, oerrors, collisions, ibytes, obytes, imcasts, omcasts, iqdrops,
        oqdrops, noproto, hwassist;
    int64_t               epoch;
    struct fbsd_timeval64 lastchange;
};
_Static_assert(sizeof(struct fbsd_if_data) == 152, "struct if_data");

struct fbsd_if_msghdr {
    uint16_t            msglen;
    uint8_t             version, type;
    int32_t             addrs, flags;
    uint16_t            index, spare1;
    struct fbsd_if_data data;
};
_Static_assert(sizeof(struct fbsd_if_msghdr) == 168, "struct if_msghdr");

struct fbsd_if_msghdrl {
    uint16_t            msglen;
    uint8_t             version, type;
    int32_t             addrs, flags;
    uint16_t            index, spare1, len, data_off;
    int32_t             spare2;
    struct fbsd_if_data data;
};
_Static_assert(sizeof(struct fbsd_if_msghdrl) == 176, "struct if_msghdrl");

struct fbsd_ifa_msghdr {
    uint16_t msglen;
    uint8_t  version, type;
    int32_t  addrs, flags;
    uint16_t index, spare1;
    int32_t  metric;
};
_Static_assert(sizeof(struct fbsd_ifa_msghdr) == 20, "struct ifa_msghdr");

struct fbsd_ifa_msghdrl {
    uint16_t            msglen;
    uint8_t             version, type;
    int32_t             addrs, flags;
    uint16_t            index, spare1, len, data_off;
    int32_t             metric;
    struct fbsd_if_data data;
};
_Static_assert(sizeof(struct fbsd_ifa_msghdrl) == 176, "struct ifa_msghdrl");

struct fbsd_ifma_msghdr {
    uint16_t msglen;
    uint8_t  version, type;
    int32_t  addrs, flags;
    uint16_t index, spare1;
};
_Static_assert(sizeof(struct fbsd_ifma_msghdr) == 16, "struct ifma_msghdr");

struct fbsd_sockaddr_dl {
    uint8_t  len, family;
    uint16_t index;
    uint8_t  type, nlen, alen, slen;
    char     data[46];
};
_Static_assert(sizeof(struct fbsd_sockaddr_dl) == 54, "struct sockaddr_dl");

#define FBSD_AF_INET  2
#define FBSD_AF_LINK  18
#define FBSD_AF_INET6 28
#define FBSD_AF_MAX   42

#define FBSD_RTM_VERSION  5
#define FBSD_RTM_NEWADDR  0xc
#define FBSD_RTM_IFINFO   0xe
#define FBSD_RTM_NEWMADDR 0xf
#define FBSD_RTA_NETMASK  0x4
#define FBSD_RTA_IFP      0x10
#define FBSD_RTA_IFA      0x20
#define FBSD_RTA_BRD      0x80

enum { FBSD_NET_RT_DUMP = 1, FBSD_NET_RT_FLAGS, FBSD_NET_RT_IFLIST, FBSD_NET_RT_IFMALIST, FBSD_NET_RT_IFLISTL };

#define FBSD_IFF_SAME      0x03dfu /* UP to ALLMULTI but NOTRAILERS: the same bits as on Linux */
#define FBSD_IFF_MULTICAST 0x8000u
#define FBSD_IFT_OTHER     1
#define FBSD_IFT_ETHER     6
#define FBSD_IFT_LOOP      24
#define FBSD_IFT_TUNNEL    131
#define FBSD_LINK_DOWN     1
#define FBSD_LINK_UP       2

#endif
