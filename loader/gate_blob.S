/* loader/gate_blob.S: the gate, as the file that a pico process executes. */
    .section .rodata
    .globl gate_blob, gate_blob_end
    .balign 4096
gate_blob:
    .incbin "gate.elf"
gate_blob_end:
    .section .note.GNU-stack, "", @progbits
