# Where a script starts: argc stands at sp, argv behind it. Calls main, and leaves with its result through the system call
# 93, exit.
    .section .text._start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    ld a0, 0(sp)
    addi a1, sp, 8
    call main
    li a7, 93
    ecall
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
