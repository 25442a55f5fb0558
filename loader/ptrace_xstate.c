/* loader/ptrace_xstate.c: vector registers under the ptrace door. */
#include "loader/ptrace_xstate.h"

#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "syscalls/proc.h"

size_t pt_xstate_get(struct task *t, void *buf, size_t size)
{
    struct iovec v = {buf, size};

    if (ptrace(PTRACE_GETREGSET, t->host_tid, NT_X86_XSTATE, &v))
        return 0;
    return v.iov_len;
}

void pt_xstate_set(struct task *t, const void *buf, size_t size)
{
    uint8_t      full[16384];
    struct iovec v = {full, sizeof(full)};

    if (ptrace(PTRACE_GETREGSET, t->host_tid, NT_X86_XSTATE, &v))
        return;
    uint8_t sw[48];
    memcpy(sw, full + 464, sizeof(sw)); /* the component bitmap that regset images carry there */
    memcpy(full, buf, size < v.iov_len ? size : v.iov_len);
    memcpy(full + 464, sw, sizeof(sw));
    ptrace(PTRACE_SETREGSET, t->host_tid, NT_X86_XSTATE, &v);
}
