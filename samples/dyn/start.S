/* The start of the dynamic sample's programs: the block, on an aligned stack. */
    .globl prog_start
    .type prog_start, @function
prog_start:
    and $-16, %rsp
    xor %ebp, %ebp
    call prog_main
    hlt
    .section .note.GNU-stack, "", @progbits
