# far.jump.rel: auipc r,hi; jalr ra,lo(r), with the register rules of far.jump.abs. The target is
# the address of the auipc + hi + lo. This is how compilers call.

#: case through ra
#: cycles = 509
#: expect ra = back
#: expect a0 = 3
    auipc ra, %pcrel_hi(target)
    jalr ra, %pcrel_lo(target)(ra)
back:
    addi a0, a0, 2
    exit
target:
    addi a0, a0, 1
    c.jr ra

#: case backwards, over more than a page
#: cycles = 509
#: expect ra = back
#: expect a0 = 3
.text 0x12000
    auipc ra, %pcrel_hi(target)
    jalr ra, %pcrel_lo(target)(ra)
back:
    addi a0, a0, 2
    exit
.text 0x10000
    .zero 0xff0
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
    auipc a1, %pcrel_hi(target)
    jalr ra, %pcrel_lo(target)(a1)
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
    auipc a1, %pcrel_hi(target)
    jalr ra, %pcrel_lo(target)(a1)
back:
    addi a0, a0, 2
    exit
target:
    addi a0, a0, 1
    c.jr ra

#: case through x0: version 1 jumps relative to the address
#: versions = 1
#: expect a0 = 1
    auipc zero, 1
    jalr ra, 16(zero)
    exit
.text 0x11010
    addi a0, a0, 1
    exit

#: case through x0: version 2 jumps to the lower part
#: versions = 2
#: fault = MemWriteOnExecutablePage
    auipc zero, 1
    jalr ra, 16(zero)
    exit

#: case a tail jump, with x0 as the link, does not fuse
#: cycles = 505
#: expect a1 = 0x10000
    auipc a1, %pcrel_hi(target)
    jalr zero, %pcrel_lo(target)(a1)
    ebreak
target:
    exit

#: case hi + lo overflows 32 bits: version 1 wraps, version 2 does not fuse
#: fault = MemOutOfBound
    auipc ra, 0x80000
    jalr ra, -2048(ra)

#: case c.jalr
#: cycles = 507
#: expect ra = 0x10006
    auipc ra, 1
    c.jalr ra
    exit
.text 0x11000
    c.jr ra

#: case it ends a trace
#: limit = 4
#: fault = CyclesExceeded
#: cycles = 4
#: pc = target
    addi a0, a0, 1
    auipc ra, %pcrel_hi(target)
    jalr ra, %pcrel_lo(target)(ra)
    exit
target:
    addi a0, a0, 1
    c.jr ra
