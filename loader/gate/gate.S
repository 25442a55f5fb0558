/*
 * loader/gate/gate.S: the places where the gate meets the CPU: signal entry and
 * exit, host calls, clone, and the stubs that the ptrace door runs.
 *
 * Two windows matter.  A host signal that arrives inside one of them moves the
 * saved rip (gate_note in gate.c), so that no signal falls between a check of
 * area.noted and the instruction that acts on it.
 */
#include <asm/unistd.h>
#include "loader/gate/area.h"

#define RFLAGS_DF   0x400
#define RFLAGS_SLOW 0x54500 /* DF, TF, NT, RF, AC: sahf does not set them */

    .macro GUEST_REGISTERS
    mov %gs:REGS_RAX, %rax
    mov %gs:REGS_RDI, %rdi
    mov %gs:REGS_RSI, %rsi
    mov %gs:REGS_RDX, %rdx
    mov %gs:REGS_RIP, %rcx
    mov %gs:REGS_R10, %r10
    mov %gs:REGS_R8, %r8
    mov %gs:REGS_R9, %r9
    mov %gs:REGS_KEPT + 0, %rbx
    mov %gs:REGS_KEPT + 8, %rbp
    mov %gs:REGS_KEPT + 16, %r12
    mov %gs:REGS_KEPT + 24, %r13
    mov %gs:REGS_KEPT + 32, %r14
    mov %gs:REGS_KEPT + 40, %r15
    mov %gs:REGS_RSP, %rsp
    jmp *%gs:REGS_CONT
    .endm

    /* rdi: the number, rsi: six arguments; to where the host wants them. */
    .macro HOST_REGISTERS
    mov %rdi, %rax
    mov %rsi, %r11
    mov 0(%r11), %rdi
    mov 8(%r11), %rsi
    mov 16(%r11), %rdx
    mov 24(%r11), %r10
    mov 32(%r11), %r8
    mov 40(%r11), %r9
    .endm

    .section .gate.header, "a"
    .quad 0x6e616d6f67617244
    .quad gate_pt_call
    .quad gate_pt_clone
    .quad gate_pt_cas
    .quad gate_enter
    .quad gate_text_end

    .text

/* First instruction of a fresh pico process.  The stack is the host's own. */
    .globl gate_start
gate_start:
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call gate_boot           /* returns the area */
    lea (AREA_STACK_END - 64)(%rax), %rsp
    mov %rax, %rdi
    call gate_boot_on_own_stack
    ud2

/*
 * Every host signal of the notify door: rdi signal, rsi siginfo, rdx ucontext,
 * (rsp) return address, ucontext at 8(rsp).
 */
    .globl gate_entry
gate_entry:
    sub $8, %rsp
    call gate_trap
    add $16, %rsp            /* rsp is at the ucontext, as rt_sigreturn wants it */
    test %eax, %eax
    jnz gate_sigreturn
    .globl gate_exit_start, gate_exit_end
gate_exit_start:
    cmpq $0, %gs:AREA_NOTED
    jne 1f
gate_sigreturn:
    mov $__NR_rt_sigreturn, %eax
    syscall
gate_exit_end:
    ud2
1:  call gate_again
    jmp gate_exit_start

/* gate_leave(ucontext): resumes the guest through a frame that the provider made. */
    .globl gate_leave
gate_leave:
    mov %rdi, %rsp
    jmp gate_exit_start

/*
 * A call through a rewritten site: its stub (loader/rewrite.c) jumps here with
 * everything as the guest left it but rcx, the address after the call, and r11,
 * where the stub goes on; the call would have changed both.  The guest's stack is
 * not touched.  The gate's own is the host's alternate signal stack, so a signal
 * from here on finds itself on it already.
 */
    .globl gate_fast
gate_fast:
    mov %rsp, %gs:REGS_RSP
    mov %gs:AREA_TOP, %rsp
    mov %rcx, %gs:REGS_RIP
    mov %r11, %gs:REGS_CONT
    mov %rax, %gs:REGS_RAX
    mov %rdi, %gs:REGS_RDI
    mov %rsi, %gs:REGS_RSI
    mov %rdx, %gs:REGS_RDX
    mov %r10, %gs:REGS_R10
    mov %r8, %gs:REGS_R8
    mov %r9, %gs:REGS_R9
    mov %rbx, %gs:REGS_KEPT + 0
    mov %rbp, %gs:REGS_KEPT + 8
    mov %r12, %gs:REGS_KEPT + 16
    mov %r13, %gs:REGS_KEPT + 24
    mov %r14, %gs:REGS_KEPT + 32
    mov %r15, %gs:REGS_KEPT + 40
    pushfq
    mov (%rsp), %r11         /* and the word stays: as if gate_call had been called */
    mov %r11, %gs:REGS_FLAGS
    test $RFLAGS_DF, %r11d
    jnz 2f
1:  mov %gs:AREA_SELF, %rdi
    mov $1, %esi
    jmp gate_call            /* and from there to one of the two below */
/* Until the last instruction everything can be done again from here: see gate_note. */
    .globl gate_fast_exit, gate_fast_exit_start, gate_fast_exit_end
gate_fast_exit:
gate_fast_exit_start:
    cmpq $0, %gs:AREA_NOTED
    jne gate_fast_noted
    mov %gs:REGS_FLAGS, %r11
    test $RFLAGS_SLOW, %r11d
    jnz 3f
    mov %r11d, %eax          /* sahf takes five flags from ah; the overflow of 0x7f + 1 is the sixth */
    shl $8, %eax
    bt $11, %r11d
    setc %al
    add $0x7f, %al
    sahf
4:  GUEST_REGISTERS
3:  mov %gs:AREA_TOP, %rsp   /* all of the flags, which takes 20 times as long */
    push %r11
    popfq
    jmp 4b
gate_fast_exit_end:
    ud2
2:  cld
    jmp 1b

/* The provider has to see this: the same registers once more, and a trap that gives it all of them. */
gate_fast_noted:
    lea gate_stub_noted(%rip), %rax
    jmp 5f
    .globl gate_fast_punt
gate_fast_punt:
    lea gate_stub_call(%rip), %rax
5:  mov %rax, %gs:REGS_CONT
    mov %gs:AREA_TOP, %rsp
    push %gs:REGS_FLAGS
    popfq
    GUEST_REGISTERS

/* int64_t gate_host(nr, const uint64_t args[6]) */
    .globl gate_host
gate_host:
    HOST_REGISTERS
    syscall
    ret

/* The same for calls that block: not made at all while a signal is noted. */
    .globl gate_host_wait
gate_host_wait:
    HOST_REGISTERS
1:  cmpq $0, %gs:AREA_NOTED
    jne 3f
    syscall
2:  ret
3:  mov $-512, %rax          /* -ERESTART, which no call of the host's returns */
    ret
    .pushsection .gate.windows, "a"
    .quad 1b, 2b, 3b
    .popsection

/* int64_t gate_door(index): the notification. */
    .globl gate_door, gate_door_ip
gate_door:
    mov $DOOR_NR, %eax
    syscall
gate_door_ip:
    ret

/* int64_t gate_clone(const uint64_t args[6], struct area *child): flags, stack, ptid, ctid, tls. */
    .globl gate_clone
gate_clone:
    mov %rsi, %r9
    mov %rdi, %r11
    mov 0(%r11), %rdi
    mov 8(%r11), %rsi
    mov 16(%r11), %rdx
    mov 24(%r11), %r10
    mov 32(%r11), %r8
    mov $__NR_clone, %eax
    syscall
    test %rax, %rax
    jz gate_child_entry
    ret
gate_child_entry:
    xor %ebp, %ebp
    mov %r9, %rdi
    call gate_child
    ud2

/* int gate_cas(uint32_t *at, uint32_t expect, uint32_t want, uint32_t *old): 0 or -EFAULT (set by gate_trap). */
    .globl gate_cas, gate_cas_insn, gate_cas_fault
gate_cas:
    mov %rcx, %r8
    mov %esi, %eax
gate_cas_insn:
    lock cmpxchg %edx, (%rdi)
    mov %eax, (%r8)
    xor %eax, %eax
    ret
gate_cas_fault:
    mov $-14, %eax
    ret

/*
 * int gate_copy(to, from, n): 0, or -EFAULT (set by gate_trap, wherever in these two it is).
 * int64_t gate_copy_str(to, from, n): up to n bytes, with the NUL; its length, n when there is none, or -EFAULT.
 */
    .globl gate_copy, gate_copy_str, gate_copy_fault
gate_copy:
    cmp $256, %rdx
    ja 3f
    /*
     * Words, by a jump into the moves of the most that there may be: what follows a
     * host call pays for each loop's end, which the CPU has forgotten by then.
     */
    mov %edx, %ecx
    shr $3, %ecx
    lea (%rdi,%rcx,8), %rdi
    lea (%rsi,%rcx,8), %rsi
    imul $-14, %rcx, %rcx    /* the length of two of these instructions */
    lea 1f(%rip), %rax
    add %rcx, %rax
    jmp *%rax
    .set at, -256
    .rept 32
    {disp32} mov at(%rsi), %rax
    {disp32} mov %rax, at(%rdi)
    .set at, at + 8
    .endr
1:  and $7, %edx
    jnz 4f
5:  xor %eax, %eax
    ret
4:  mov (%rsi), %al
    mov %al, (%rdi)
    inc %rsi
    inc %rdi
    dec %edx
    jnz 4b
    jmp 5b
3:  mov %rdx, %rcx
    rep movsb                /* takes 10 ns to begin */
    jmp 5b
gate_copy_str:
    xor %eax, %eax
1:  cmp %rdx, %rax
    jae 2f
    mov (%rsi,%rax), %cl
    mov %cl, (%rdi,%rax)
    test %cl, %cl
    jz 2f
    inc %rax
    jmp 1b
2:  ret
gate_copy_fault:
    mov $-14, %rax
    ret

/* The ptrace door sets the registers, runs one of these, and is told by the int3. */
gate_pt_call:
    syscall
    int3
gate_pt_clone:               /* rdi: the area, rsp: the gate's own stack */
    call gate_clone_quiet
    int3
gate_pt_cas:
    lock cmpxchg %edx, (%rdi)
    int3

/*
 * Behind the text, where the host takes no calls: a `syscall` here raises SIGSYS
 * as the guest's own does.  gate_trap knows the two by their addresses.
 */
    .section .gate.stubs, "ax", @progbits
    .globl gate_stub_call, gate_stub_noted
gate_stub_call:
    syscall
    ud2
gate_stub_noted:
    syscall
    ud2

    .section .note.GNU-stack, "", @progbits
