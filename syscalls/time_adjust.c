/*
 * syscalls/time_adjust.c: adjtime, ntp_adjtime, ntp_gettime.  Looking is for
 * everybody; steering the clock is left to the host's own programs.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>

#include "syscalls/time.h"

int64_t sys_adjtime(struct call *c, const struct timeval *delta, struct timeval *olddelta);
int64_t sys_ntp_adjtime(struct call *c, gva tp);
int64_t sys_ntp_gettime(struct call *c, gva ntvp);

/* FreeBSD's struct ntptimeval and struct timex (sys/timex.h). */
struct guest_ntptimeval {
    struct timespec time;
    int64_t         maxerror, esterror, tai;
    int32_t         state, pad;
};
_Static_assert(sizeof(struct guest_ntptimeval) == 48, "sys/timex.h");

struct guest_timex {
    uint32_t modes, pad0;
    int64_t  offset, freq, maxerror, esterror;
    int32_t  status, pad1;
    int64_t  constant, precision, tolerance, ppsfreq, jitter;
    int32_t  shift, pad2;
    int64_t  stabil, jitcnt, calcnt, errcnt, stbcnt;
};
_Static_assert(sizeof(struct guest_timex) == 136, "sys/timex.h");

int64_t sys_ntp_gettime(struct call *c, gva ntvp)
{
    struct timex            t = {.modes = 0};
    const int               state = adjtimex(&t);
    struct guest_ntptimeval out = {.maxerror = t.maxerror, .esterror = t.esterror, .tai = t.tai, .state = state};
    int                     err;

    clock_gettime(CLOCK_REALTIME, &out.time);
    err = copy_out(c, ntvp, &out, sizeof(out));
    return err ? err : state;
}

int64_t sys_ntp_adjtime(struct call *c, gva tp)
{
    struct timex       t = {.modes = 0};
    struct guest_timex g;
    int                state, err = copy_in(c, &g, tp, sizeof(g));

    if (err)
        return err;
    if (g.modes)
        return -EPERM;
    state = adjtimex(&t);
    g = (struct guest_timex){
        .offset = t.offset,
        .freq = t.freq,
        .maxerror = t.maxerror,
        .esterror = t.esterror,
        .status = t.status,
        .constant = t.constant,
        .precision = t.precision,
        .tolerance = t.tolerance,
        .ppsfreq = t.ppsfreq,
        .jitter = t.jitter,
        .shift = t.shift,
        .stabil = t.stabil,
        .jitcnt = t.jitcnt,
        .calcnt = t.calcnt,
        .errcnt = t.errcnt,
        .stbcnt = t.stbcnt,
    };
    err = copy_out(c, tp, &g, sizeof(g));
    return err ? err : state;
}

int64_t sys_adjtime(struct call *c, const struct timeval *delta, struct timeval *olddelta)
{
    struct timex t = {.modes = ADJ_OFFSET_SS_READ};

    (void)c;
    if (delta)
        return -EPERM;
    adjtimex(&t);
    if (olddelta)
        *olddelta = (struct timeval){t.offset / 1000000, t.offset % 1000000};
    return 0;
}
