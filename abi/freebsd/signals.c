/*
 * abi/freebsd/signals.c: signal numbers of FreeBSD (sys/signal.h), what they do by default
 * (kern/kern_sig.c, sigproptbl), and si_code values.
 */
#include <signal.h>

#include "abi/freebsd/freebsd.h"

/* clang-format off */
/* guest number, name, host number (0: the host has none), default */
#define SIGNALS(X) \
    X( 1, SIGHUP,     1, TERM) X( 2, SIGINT,     2, TERM) X( 3, SIGQUIT,    3, CORE) X( 4, SIGILL,     4, CORE) \
    X( 5, SIGTRAP,    5, CORE) X( 6, SIGABRT,    6, CORE) X( 7, SIGEMT,     0, CORE) X( 8, SIGFPE,     8, CORE) \
    X( 9, SIGKILL,    9, TERM) X(10, SIGBUS,     7, CORE) X(11, SIGSEGV,   11, CORE) X(12, SIGSYS,    31, CORE) \
    X(13, SIGPIPE,   13, TERM) X(14, SIGALRM,   14, TERM) X(15, SIGTERM,   15, TERM) X(16, SIGURG,    23, IGN)  \
    X(17, SIGSTOP,   19, STOP) X(18, SIGTSTP,   20, STOP) X(19, SIGCONT,   18, CONT) X(20, SIGCHLD,   17, IGN)  \
    X(21, SIGTTIN,   21, STOP) X(22, SIGTTOU,   22, STOP) X(23, SIGIO,     29, IGN)  X(24, SIGXCPU,   24, TERM) \
    X(25, SIGXFSZ,   25, TERM) X(26, SIGVTALRM, 26, TERM) X(27, SIGPROF,   27, TERM) X(28, SIGWINCH,  28, IGN)  \
    X(29, SIGINFO,    0, IGN)  X(30, SIGUSR1,   10, TERM) X(31, SIGUSR2,   12, TERM) X(32, SIGTHR,     0, TERM) \
    X(33, SIGLIBRT,   0, TERM)

/* Real-time signals.  The host's first two belong to its threads; it has 31 for other uses, FreeBSD has 62. */
#define REALTIME(X) \
    X( 65, "SIGRTMIN",    34) X( 66, "SIGRTMIN+1",  35) X( 67, "SIGRTMIN+2",  36) X( 68, "SIGRTMIN+3",  37) \
    X( 69, "SIGRTMIN+4",  38) X( 70, "SIGRTMIN+5",  39) X( 71, "SIGRTMIN+6",  40) X( 72, "SIGRTMIN+7",  41) \
    X( 73, "SIGRTMIN+8",  42) X( 74, "SIGRTMIN+9",  43) X( 75, "SIGRTMIN+10", 44) X( 76, "SIGRTMIN+11", 45) \
    X( 77, "SIGRTMIN+12", 46) X( 78, "SIGRTMIN+13", 47) X( 79, "SIGRTMIN+14", 48) X( 80, "SIGRTMIN+15", 49) \
    X( 81, "SIGRTMIN+16", 50) X( 82, "SIGRTMIN+17", 51) X( 83, "SIGRTMIN+18", 52) X( 84, "SIGRTMIN+19", 53) \
    X( 85, "SIGRTMIN+20", 54) X( 86, "SIGRTMIN+21", 55) X( 87, "SIGRTMIN+22", 56) X( 88, "SIGRTMIN+23", 57) \
    X( 89, "SIGRTMIN+24", 58) X( 90, "SIGRTMIN+25", 59) X( 91, "SIGRTMIN+26", 60) X( 92, "SIGRTMIN+27", 61) \
    X( 93, "SIGRTMIN+28", 62) X( 94, "SIGRTMIN+29", 63) X( 95, "SIGRTMIN+30", 64)

#define REALTIME_GUEST_ONLY(X) \
    X( 96, "SIGRTMIN+31", 0) X( 97, "SIGRTMAX-29", 0) X( 98, "SIGRTMAX-28", 0) X( 99, "SIGRTMAX-27", 0) \
    X(100, "SIGRTMAX-26", 0) X(101, "SIGRTMAX-25", 0) X(102, "SIGRTMAX-24", 0) X(103, "SIGRTMAX-23", 0) \
    X(104, "SIGRTMAX-22", 0) X(105, "SIGRTMAX-21", 0) X(106, "SIGRTMAX-20", 0) X(107, "SIGRTMAX-19", 0) \
    X(108, "SIGRTMAX-18", 0) X(109, "SIGRTMAX-17", 0) X(110, "SIGRTMAX-16", 0) X(111, "SIGRTMAX-15", 0) \
    X(112, "SIGRTMAX-14", 0) X(113, "SIGRTMAX-13", 0) X(114, "SIGRTMAX-12", 0) X(115, "SIGRTMAX-11", 0) \
    X(116, "SIGRTMAX-10", 0) X(117, "SIGRTMAX-9",  0) X(118, "SIGRTMAX-8",  0) X(119, "SIGRTMAX-7",  0) \
    X(120, "SIGRTMAX-6",  0) X(121, "SIGRTMAX-5",  0) X(122, "SIGRTMAX-4",  0) X(123, "SIGRTMAX-3",  0) \
    X(124, "SIGRTMAX-2",  0) X(125, "SIGRTMAX-1",  0) X(126, "SIGRTMAX",    0)
/* clang-format on */

#define NAME(guest, name, ...)     [guest] = #name,
#define NAME_RT(guest, name, host) [guest] = name,
const char *const freebsd_sig_name[FREEBSD_NSIG + 1] = {SIGNALS(NAME) REALTIME(NAME_RT) REALTIME_GUEST_ONLY(NAME_RT)};

#define TO_HOST(guest, name, host, ...) [guest] = host,
const uint8_t freebsd_sig_to_host[FREEBSD_NSIG + 1] = {SIGNALS(TO_HOST) REALTIME(TO_HOST)};

/*
 * SIGSTKFLT (16) and SIGPWR (30) mean nothing to FreeBSD.  [0] collects the
 * guest signals that have no host number; it is never looked up.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#define FROM_HOST(guest, name, host, ...) [host] = (host) ? (guest) : 0,
const uint8_t          freebsd_sig_from_host[65] = {SIGNALS(FROM_HOST) REALTIME(FROM_HOST)};
#pragma GCC diagnostic pop

/* Signals without an entry of sigproptbl, the real-time ones among them, end the process. */
#define DEFAULT(guest, name, host, what) [guest] = SIGDEF_##what,
const uint8_t freebsd_sig_default[FREEBSD_NSIG + 1] = {SIGNALS(DEFAULT)};

#define ONE(...) +1
_Static_assert(0 SIGNALS(ONE) == FREEBSD_SIGLIBRT, "every standard signal of FreeBSD has a name");
_Static_assert(0 REALTIME(ONE) REALTIME_GUEST_ONLY(ONE) == FREEBSD_SIGRTMAX - FREEBSD_SIGRTMIN + 1,
               "every real-time signal of FreeBSD has a name");
_Static_assert(SIGDEF_TERM == 0, "signals that are not listed end the process");

/* ---- si_code ------------------------------------------------------------- */

#define FBSD_SI_USER     0x10001
#define FBSD_SI_QUEUE    0x10002
#define FBSD_SI_TIMER    0x10003
#define FBSD_SI_ASYNCIO  0x10004
#define FBSD_SI_MESGQ    0x10005
#define FBSD_SI_KERNEL   0x10006
#define FBSD_SI_LWP      0x10007
#define FBSD_SEGV_PKUERR 100
#define FBSD_SIGFPE      8
#define FBSD_SIGSEGV     11

struct code_pair {
    int host, guest;
};

/* Codes that do not depend on the signal. */
static const struct code_pair general[] = {
    {SI_USER, FBSD_SI_USER},   {SI_KERNEL, FBSD_SI_KERNEL},   {SI_QUEUE, FBSD_SI_QUEUE}, {SI_TIMER, FBSD_SI_TIMER},
    {SI_MESGQ, FBSD_SI_MESGQ}, {SI_ASYNCIO, FBSD_SI_ASYNCIO}, {SI_TKILL, FBSD_SI_LWP},
};

/* SIGFPE: the two kinds of integer trap are swapped.  The others share their numbers. */
static int fpe_code(int host_code)
{
    switch (host_code) {
    case FPE_INTDIV: return 2;
    case FPE_INTOVF: return 1;
    default: return host_code;
    }
}

int freebsd_sigcode_from_host(int guest_sig, int host_code)
{
    for (unsigned i = 0; i < sizeof(general) / sizeof(*general); i++) {
        if (general[i].host == host_code)
            return general[i].guest;
    }
    if (guest_sig == FBSD_SIGFPE)
        return fpe_code(host_code);
    if (guest_sig == FBSD_SIGSEGV && host_code == SEGV_PKUERR)
        return FBSD_SEGV_PKUERR;
    return host_code;
}

/* Trap numbers, sys/x86/include/trap.h. */
#define T_PRIVINFLT 1
#define T_BPTFLT    3
#define T_PROTFLT   9
#define T_TRCTRAP   10
#define T_PAGEFLT   12
#define T_DIVIDE    18
#define T_XMMFLT    29

#define FBSD_ILL_PRVOPC 5
#define FBSD_TRAP_BRKPT 1
#define FBSD_TRAP_TRACE 2
#define FBSD_BUS_OBJERR 3

/*
 * Linux says SI_KERNEL for what has no address: a breakpoint, and a general
 * protection fault, which FreeBSD calls SIGBUS (sys/amd64/amd64/trap.c, trap).
 */
void freebsd_fault(int host_sig, int host_code, struct ksiginfo *info)
{
    info->signo = freebsd_sig_from_host[host_sig];
    info->code = freebsd_sigcode_from_host(info->signo, host_code);
    switch (host_sig) {
    case SIGSEGV:
        info->trapno = T_PAGEFLT;
        if (host_code != SI_KERNEL)
            break;
        info->signo = freebsd_sig_from_host[SIGBUS];
        info->code = FBSD_BUS_OBJERR;
        info->trapno = T_PROTFLT;
        break;
    case SIGBUS: info->trapno = T_PAGEFLT; break;
    case SIGILL:
        info->code = FBSD_ILL_PRVOPC;
        info->trapno = T_PRIVINFLT;
        break;
    case SIGTRAP:
        info->code = host_code == TRAP_TRACE || host_code == TRAP_HWBKPT ? FBSD_TRAP_TRACE : FBSD_TRAP_BRKPT;
        info->trapno = info->code == FBSD_TRAP_TRACE ? T_TRCTRAP : T_BPTFLT;
        break;
    case SIGFPE: info->trapno = host_code == FPE_INTDIV ? T_DIVIDE : T_XMMFLT; break;
    default: break;
    }
}
