# Where a script starts: as crt0.S, but argc is read as 32 bits. Version 0 of the VM writes no more, and
# with an empty argv there is no memory behind it.
    .section .text._start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    lw a0, 0(sp)
    addi a1, sp, 8
    call main
    li a7, 93
    ecall
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
