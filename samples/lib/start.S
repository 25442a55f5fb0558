/*
 * The first instruction of every sample.  The registers are kept as they were
 * found, for samples/start.c to look at; the block of argc, argv, ... is where
 * the kernel says: in rdi on FreeBSD, at rsp on Linux.
 */
    .text
    .globl _start
    .type _start, @function
_start:
    mov %rax, start_regs + 0(%rip)
    mov %rbx, start_regs + 8(%rip)
    mov %rcx, start_regs + 16(%rip)
    mov %rdx, start_regs + 24(%rip)
    mov %rsi, start_regs + 32(%rip)
    mov %rdi, start_regs + 40(%rip)
    mov %rbp, start_regs + 48(%rip)
    mov %rsp, start_regs + 56(%rip)
    mov %r8, start_regs + 64(%rip)
    mov %r9, start_regs + 72(%rip)
    mov %r10, start_regs + 80(%rip)
    mov %r11, start_regs + 88(%rip)
    mov %r12, start_regs + 96(%rip)
    mov %r13, start_regs + 104(%rip)
    mov %r14, start_regs + 112(%rip)
    mov %r15, start_regs + 120(%rip)
#ifdef GUEST_LINUX
    mov %rsp, %rdi
#endif
    pushfq /* before the first instruction that changes them */
    popq start_regs + 128(%rip)
    and $-16, %rsp
    xor %ebp, %ebp
    call sample_start
    hlt
    .size _start, . - _start

#ifdef GUEST_LINUX
    .globl os_sigreturn
    .type os_sigreturn, @function
os_sigreturn:
    mov $15, %eax
    syscall
    .size os_sigreturn, . - os_sigreturn

/* long os_clone_run(flags, stack, child_tid, tls, run, arg): returns only in the creator */
    .globl os_clone_run
    .type os_clone_run, @function
os_clone_run:
    mov %rdx, %r10      /* child_tid */
    mov %rcx, %r11
    sub $16, %rsi
    mov %r8, (%rsi)
    mov %r9, 8(%rsi)
    mov %r11, %r8       /* tls */
    xor %edx, %edx
    mov $56, %eax
    syscall
    test %rax, %rax
    jnz 1f
    xor %ebp, %ebp
    pop %rax
    pop %rdi
    call *%rax
    hlt
1:  ret
    .size os_clone_run, . - os_clone_run

#endif

#ifdef GUEST_FREEBSD
/* The ABI note, NT_FREEBSD_ABI_TAG of __FreeBSD_version 1403000. */
    .section .note.tag, "a", @note
    .balign 4
    .long 8, 4, 1
    .asciz "FreeBSD"
    .long 1403000
#endif
    .section .note.GNU-stack, "", @progbits
