# Debug output: ecall 2177 prints the text at a0 that ends with a zero byte. Five lines, one of them empty and one
# that lies across a page boundary; then exit by ecall 93 without going back to crt0.
#include "mix.S.inc"

    .macro say text
    lla a0, \text
    li a7, 2177
    ecall
    .endm

    begin main
    say hello
    say empty
    say across
    say last
    # From the stack.
    addi sp, sp, -16
    li t0, 0x21646f6f67 # "good!"
    sd t0, 0(sp)
    mv a0, sp
    ecall
    addi sp, sp, 16
    li a0, 0
    li a7, 93
    ecall
    .size main, . - main
    .section .note.GNU-stack, "", @progbits

    .section .rodata.print, "a", @progbits
hello:
    .asciz "hello from the guest"
empty:
    .asciz ""
last:
    .asciz "with bytes that are no ASCII: \303\244\303\266\303\274"

    .data
    .balign 4096
    .zero 4090
across:
    .asciz "this line lies in two pages"
