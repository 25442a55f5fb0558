/* loader/coro_switch.S: what the System V ABI calls callee-saved is all there is to save. */
    .text
    .globl coro_switch
    .type coro_switch, @function
coro_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size coro_switch, . - coro_switch

/* First arrival on a new stack: r12 the function, r13 its argument. */
    .globl coro_first
    .type coro_first, @function
coro_first:
    mov %r13, %rdi
    xor %ebp, %ebp
    call *%r12
    ud2
    .size coro_first, . - coro_first
    .section .note.GNU-stack, "", @progbits
