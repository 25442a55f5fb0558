/* loader/gate/filter.c: which calls of a pico process the host makes, and which come to us instead. */
#include <asm/unistd.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <signal.h>

#include "loader/gate/gate.h"
#include "syscalls/call.h"

#define FILTER_WAIT_KILLABLE_RECV (1u << 5) /* Linux 5.19; younger than Debian 12's header */

/*
 * Which calls are the guest's.  Under the ptrace door the filter says it, by
 * instruction pointer (`seccomp_data.instruction_pointer` is the address after the
 * instruction): the gate may make host calls, whatever comes from elsewhere stops.
 */
static const struct sock_filter by_address[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(GATE_BASE >> 32), 0, 6),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0 /* gate_door_ip */, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0 /* gate_text_end */, 3, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 2, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
};

/*
 * Under the notify door the host's syscall user dispatch says it (dispatch_start),
 * and the filter has only the door call to pick out and the vsyscall page to close.
 * The host knows beforehand that it lets every other number pass and does not run
 * it then: 10 ns for each host call instead of 24.
 */
static const struct sock_filter by_number[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 8),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DOOR_NR, 5, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_gettimeofday, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_time, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getcpu, 0, 4),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 2),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
};

/*
 * Comes behind either of them, which jump over their ends to here with what they let pass: one filter, whose answers
 * the host works out for every number at every start, and not two.
 *
 * What nobody in here asks the host for, and a guest that jumps in must not: to trace the provider (it would stop, and
 * its tracer wait for it for ever), to write its memory, to outlive it.  By number, so the host keeps its short cut for
 * all others; guest numbers come from other addresses.
 */
static const struct sock_filter never[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ptrace, 7, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_process_vm_readv, 6, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_process_vm_writev, 5, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_prctl, 0, 6),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_PDEATHSIG, 0, 4),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIGKILL, 2, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(GATE_BASE >> 32), 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
};

#define LENGTH(code) (sizeof(code) / sizeof(*(code)))

int64_t filter_install(bool ptrace_door, bool dispatch)
{
    struct sock_filter code[LENGTH(by_number) + LENGTH(never)];
    const size_t       first = dispatch ? LENGTH(by_number) : LENGTH(by_address);
    struct sock_fprog  prog = {(unsigned short)(first + LENGTH(never)), code};
    uint64_t           flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;

    if (dispatch) {
        memcpy(code, by_number, sizeof(by_number));
    } else {
        memcpy(code, by_address, sizeof(by_address));
        code[3].k = (uint32_t)AT(gate_door_ip);
        code[4].k = (uint32_t)AT(gate_text_end);
    }
    memcpy(code + first, never, sizeof(never));
    if (ptrace_door) /* a door call, and what is not the gate's: the ends of by_address */
        code[first - 2].k = code[first - 1].k = SECCOMP_RET_TRACE;
    else
        flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER | FILTER_WAIT_KILLABLE_RECV;

    host(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
    return host(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, (uint64_t)&prog, 0, 0, 0);
}

/*
 * From now on a call of this thread from outside the gate's text raises SIGSYS
 * (Linux 5.11, Documentation/admin-guide/syscall-user-dispatch.rst).  A new thread
 * or process begins without it.
 */
int64_t dispatch_start(void)
{
    return host(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, GATE_BASE, AT(gate_text_end) - GATE_BASE,
                0, 0);
}
