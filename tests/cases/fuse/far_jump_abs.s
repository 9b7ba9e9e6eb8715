# far.jump.abs: lui r,hi; jalr ra,lo(r). In version 1 r may be any register and is then not
# written; in version 2 r is ra. Three cycles.

#: case through ra
#: cycles = 509
#: expect ra = back
#: expect a0 = 3
    lui ra, %hi(target)
    jalr ra, %lo(target)(ra)
back:
    addi a0, a0, 2
    exit
target:
    addi a0, a0, 1
    c.jr ra

#: case through another register: fused in version 1, which leaves the register alone
#: versions = 1
#: set a1 = 77
#: cycles = 509
#: expect ra = back
#: expect a1 = 77
#: expect a0 = 3
    lui a1, %hi(target)
    jalr ra, %lo(target)(a1)
back:
    addi a0, a0, 2
    exit
target:
    addi a0, a0, 1
    c.jr ra

#: case through another register: not fused in version 2
#: versions = 2
#: set a1 = 77
#: cycles = 510
#: expect ra = back
#: expect a1 = 0x10000
#: expect a0 = 3
    lui a1, %hi(target)
    jalr ra, %lo(target)(a1)
back:
    addi a0, a0, 2
    exit
target:
    addi a0, a0, 1
    c.jr ra

#: case through x0: version 1 jumps to the sum
#: versions = 1
#: expect a0 = 3
#: expect ra = back
    lui zero, 0x11
    jalr ra, 16(zero)
back:
    addi a0, a0, 2
    exit
.text 0x11010
    addi a0, a0, 1
    c.jr ra

#: case through x0: version 2 jumps to the lower part
#: versions = 2
#: fault = MemWriteOnExecutablePage
    lui zero, 0x11
    jalr ra, 16(zero)
    exit
.text 0x11010
    addi a0, a0, 1
    c.jr ra

#: case another link register does not fuse
#: cycles = 505
#: expect t0 = back
#: expect a1 = 0x10000
    lui a1, %hi(target)
    jalr t0, %lo(target)(a1)
back:
    ebreak
target:
    exit

#: case c.jalr
#: cycles = 507
#: expect ra = back
    lui ra, 0x11
    c.jalr ra
back:
    exit
.text 0x11000
    c.jr ra

#: case c.lui and c.jalr, bit 0 is dropped
#: versions = 2
#: expect ra = 0x10006
    c.lui ra, 0x11
    jalr ra, 1(ra)
    exit
.text 0x11000
    c.jr ra

#: case the sum wraps to 32 bits, and is sign-extended
#: fault = MemOutOfBound
    lui ra, 0x80000
    jalr ra, -2048(ra)

#: case it ends a trace
#: limit = 4
#: fault = CyclesExceeded
#: cycles = 4
#: pc = target
    addi a0, a0, 1
    lui ra, %hi(target)
    jalr ra, %lo(target)(ra)
    exit
target:
    addi a0, a0, 1
    c.jr ra
