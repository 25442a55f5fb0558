/* loader/gate_blob.S: the gate, as the file that a pico process executes. */
    .section .rodata
    .globl gate_blob
    .balign 4096
gate_blob:
    .incbin "gate.elf"
    .globl gate_measured_blob
    .balign 4096
gate_measured_blob:
    .incbin "gate-measured.elf"
    .section .note.GNU-stack, "", @progbits
