# Jumps to computed places: tables, jumps into straight code, other link registers, changed return addresses,
# coroutines, pointers in writable memory; jumps.c has the model.
#include "mix.S.inc"

    begin mix
    addi sp, sp, -16
    sd ra, 0(sp)

    # A table of addresses, eight bytes each.
    andi t0, a0, 7
    lla t1, table
    sh3add t0, t0, t1
    ld t0, 0(t0)
    jr t0
.Lcase0:
    addi t2, a1, 100
    j .Ljoined
.Lcase1:
    xori t2, a1, 101
    j .Ljoined
.Lcase2:
    slli t2, a1, 3
    j .Ljoined
.Lcase3:
    mv t2, a1
    # Falls into the next case.
.Lcase4:
    addi t2, a1, 104
    j .Ljoined
.Lcase5:
    not t2, a1
.Ljoined:
    mix t2

    # A table of offsets, four bytes each, as position-independent code has it.
    andi t0, a1, 3
    lla t1, offsets
    sh2add t0, t0, t1
    lw t0, 0(t0)
    add t0, t0, t1
    jr t0
.Lpart0:
    mix a0
.Lpart1:
    mix a1
.Lpart2:
    addi t2, a0, 7
    mix t2
.Lpart3:

    # Into straight code: the last n of sixteen additions of four bytes each.
    srli t0, a0, 5
    andi t0, t0, 15
    lla t1, .Lstraight
    sh2add t1, t0, t1
    li t2, 0
    jr t1
    .option push
    .option norvc
    .balign 4
.Lstraight:
    .irp value, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1, 3, 5, 7, 9
    addi t2, t2, \value
    .endr
    .option pop
    mix t2

    # The alternate link register, and a return address that skips an instruction.
    jal t0, .Lhelper
    lla ra, .Lskipped
    jr ra
.Lskipped:
    jal .Lskipper
    .option push
    .option norvc
    addi a2, a2, 1
    .option pop

    # A target with bit 0 set, and an offset.
    lla t1, .Lleaf
    jalr ra, 1(t1)
    addi t1, t1, -64
    jalr ra, 64(t1)

    # Two coroutines that change places through t0.
    lla t0, .Lother
    addi t3, a0, 3
    jalr t0, t0
    mix t3
    addi t3, t3, 5
    jalr t0, t0
    mix t3
    addi t3, t3, 7
    jalr t0, t0
    mix t3

    # Pointers that are written before they are called; their order depends on b.
    lla t1, pointers
    lla t2, .Lfirst
    lla t3, .Lsecond
    andi t0, a1, 1
    sh3add t4, t0, t1
    sd t2, 0(t4)
    xori t0, t0, 1
    sh3add t4, t0, t1
    sd t3, 0(t4)
    ld t2, 0(t1)
    jalr t2
    lla t1, pointers
    ld t2, 8(t1)
    jalr t2

    # A tail call whose target returns for us.
    ld ra, 0(sp)
    addi sp, sp, 16
    lla t1, .Lfinish
    jr t1

.Lhelper:
    addi t1, a0, 11
    mix t1
    jr t0
.Lskipper:
    jalr zero, 4(ra)
.Lleaf:
    addi t6, a1, 13
    mix t6
    ret
.Lother:
    slli t3, t3, 1
    jalr t0, t0
    xori t3, t3, 0x55
    jalr t0, t0
    addi t3, t3, -9
    jr t0
.Lfirst:
    mix a0
    ret
.Lsecond:
    rori a2, a2, 13
    ret
.Lfinish:
    end mix

    .section .rodata.jumps, "a", @progbits
    .balign 8
table:
    .dword .Lcase0, .Lcase1, .Lcase2, .Lcase3, .Lcase4, .Lcase5, .Lcase1, .Lcase0
offsets:
    .word .Lpart0 - offsets, .Lpart1 - offsets, .Lpart2 - offsets, .Lpart3 - offsets

    .section .bss.jumps, "aw", @nobits
    .balign 8
pointers:
    .zero 16
