# The instruction sequences that the VM fuses, in their usual forms, compressed and not, entered in the middle, and
# near misses that must not be fused; fused.c has the model. Registers differ on purpose: a few of s0 .. a5 for
# compressed forms, others for full ones.
#include "mix.S.inc"

    # Add with carry: r += c + d, carry out in c. The label is for jumps into the middle.
    .macro carry_add r, c, d, middle
    add \r, \r, \c
    sltu \c, \r, \c
\middle:
    add \r, \r, \d
    sltu \d, \r, \d
    or \c, \c, \d
    .endm

    # Subtract with borrow: a - b - d into a, borrow out in b.
    .macro borrow_subtract a, b, c, d
    sub \b, \a, \b
    sltu \c, \a, \b
    sub \a, \b, \d
    sltu \d, \b, \a
    or \b, \d, \c
    .endm

    .macro operands x, y, z
    mv \x, a0
    mv \y, a1
    mv \z, a2
    .endm

    begin mix
    operands a3, a4, a5
    carry_add a3, a4, a5, 1
    mix a3
    mix a4
    mix a5

    .option push
    .option norvc
    operands t3, t4, t5
    carry_add t3, t4, t5, 1
    mix t3
    mix t4
    mix t5
    .option pop

    # Into the middle when the sum is odd.
    operands a3, a4, a5
    andi t0, a2, 1
    bnez t0, .Lenter
    carry_add a3, a4, a5, .Lenter
    mix a3
    mix a4
    mix a5

    # Three additions with the carry of the first.
    operands t3, t4, t5
    add t3, t4, t3
    sltu t0, t3, t4
    add t1, t0, t5
    mix t3
    mix t0
    mix t1

    operands t3, t4, t5
    add t3, t4, t5
    sltu t4, t3, t4
    add t1, t4, a0
    mix t3
    mix t4
    mix t1

    operands t3, t4, t5
    add t3, t4, t5
    sltu t0, t3, t4
    add t0, t0, a1
    mix t3
    mix t0

    # The carry of an addition alone, in both orders.
    operands a3, a4, a5
    add a3, a4, a5
    sltu t0, a3, a4
    mix a3
    mix t0
    operands a3, a4, a5
    add a3, a3, a4
    sltu t0, a3, a4
    mix a3
    mix t0

    operands a3, a4, a5
    borrow_subtract a3, a4, t0, a5
    mix a3
    mix a4
    mix a5
    mix t0
    .option push
    .option norvc
    operands t3, t4, t5
    borrow_subtract t3, t4, t6, t5
    mix t3
    mix t4
    .option pop

    # The borrow of a subtraction alone.
    sub t0, a0, a1
    sltu t1, a0, a1
    mix t0
    mix t1

    # Products and quotients of both halves.
    mulh t0, a0, a1
    mul t1, a0, a1
    mix t0
    mix t1
    mulhu t0, a0, a1
    mul t1, a0, a1
    mix t0
    mix t1
    mulhsu t0, a0, a1
    mul t1, a0, a1
    mix t0
    mix t1
    div t0, a0, a1
    rem t1, a0, a1
    mix t0
    mix t1
    divu t0, a0, a1
    remu t1, a0, a1
    mix t0
    mix t1
    mv t0, a0
    mv t1, a1
    mulhu t1, t0, a1
    mul t0, t0, a1
    mix t0
    mix t1

    # Not to be fused: the first result is an operand of the second, other operands, another order.
    mv t0, a0
    mulhu t0, t0, a1
    mul t1, t0, a1
    mix t0
    mix t1
    mulhu t0, a0, a1
    mul t1, a1, a0
    mix t0
    mix t1
    div t0, a0, a1
    remu t1, a0, a1
    mix t0
    mix t1
    mv t0, a0
    div t0, t0, a1
    rem t1, t0, a1
    mix t0
    mix t1
    operands a3, a4, a5
    add a3, a3, a3
    sltu a4, a3, a3
    mix a3
    mix a4
    operands a3, a4, a5
    sub a3, a3, a4
    sltu t0, a3, a4
    mix a3
    mix t0

    # Constants of 32 bits.
    lui t0, 0x12345
    addiw t0, t0, 0x678
    mix t0
    lui t0, 0x80000
    addiw t0, t0, -1
    mix t0
    lui t0, 0xfffff
    addiw t0, t0, -2048
    mix t0
    lui t0, 0x12345
    addiw t1, t0, 0x678
    mix t0
    mix t1

    # Addresses in both ways, and far calls; ra must be the place behind each. Relaxation would shorten them.
    .option push
    .option norelax
    mv t6, ra
1:  auipc t0, %pcrel_hi(near)
    addi t0, t0, %pcrel_lo(1b)
    lui t1, %hi(near)
    addi t1, t1, %lo(near)
    sub t0, t0, t1
    mix t0

    lui ra, %hi(near)
    jalr ra, %lo(near)(ra)
2:  lla t1, 2b
    sub t0, ra, t1
    mix t0

1:  auipc ra, %pcrel_hi(near)
    jalr ra, %pcrel_lo(1b)(ra)
2:  lla t1, 2b
    sub t0, ra, t1
    mix t0

    # Near misses: another register for the address, another one for the link.
    lui t0, %hi(near)
    jalr ra, %lo(near)(t0)
2:  lla t1, 2b
    sub t0, ra, t1
    mix t0
1:  auipc t0, %pcrel_hi(near)
    jalr ra, %pcrel_lo(1b)(t0)
2:  lla t1, 2b
    sub t0, ra, t1
    mix t0
    lui t5, %hi(near5)
    jalr t5, %lo(near5)(t5)
2:  lla t1, 2b
    sub t0, t5, t1
    mix t0
    mv ra, t6
    .option pop
    end mix

    .section .text.near, "ax", @progbits
    .type near, @function
near:
    addi t1, a0, 1
    mix t1
    ret
    .size near, . - near
    .type near5, @function
near5:
    addi t1, a1, 1
    mix t1
    jr t5
    .size near5, . - near5
