# Where a guest starts: argc stands at sp, argv behind it (CKB-VM versions 1 and 2), no registers
# are set. Calls main and leaves with its result through ecall 93. There is nothing else to prepare:
# the loader has zeroed .bss, and the programs use neither gp nor tp.
    .section .text._start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
#if __riscv_xlen == 32
    lw a0, 0(sp)
    addi a1, sp, 4
#else
    ld a0, 0(sp)
    addi a1, sp, 8
#endif
    call main
    li a7, 93
    ecall
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
