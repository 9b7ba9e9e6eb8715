# load.imm from auipc, version 2: auipc r,hi; addi r,r,lo, where the address fits in 32 bits and
# neither sum overflows 32 bits. auipc alone ends a trace; fused, the trace goes on.

#: case values
#: cycles 1 = 511
#: cycles 2 = 506
#: expect a0 = 0x10000
#: expect a1 = 0x11007
#: expect a2 = 0xe810
#: expect a3 = 0x200107fb
#: expect t6 = 0x10020
    auipc a0, 0
    addi a0, a0, 0
    auipc a1, 1
    addi a1, a1, -1
    auipc a2, 0xfffff
    addi a2, a2, -2048
    auipc a3, 0x20000
    addi a3, a3, 2019
    auipc t6, 0
    addi t6, t6, 0
    exit

#: case the trace goes on behind it: the limit falls on the start
#: versions = 2
#: limit = 4
#: fault = CyclesExceeded
#: cycles = 0
#: pc = start
start:
    auipc a0, 0
    addi a0, a0, 4
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    exit

#: case the trace ends with auipc in version 1
#: versions = 1
#: limit = 4
#: fault = CyclesExceeded
#: cycles = 1
#: pc = start+4
start:
    auipc a0, 0
    addi a0, a0, 4
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    exit

#: case the sum of address and upper part overflows 32 bits: not fused
#: cycles = 503
#: expect a0 = 0x8000f7ff
    auipc a0, 0x7ffff
    addi a0, a0, 2047
    exit

#: case the lower part overflows 32 bits: not fused
#: cycles = 506
#: expect a0 = 0x800007f7
    j start
    .zero 0xff4
start:                       # 0x10ff8
    auipc a0, 0x7ffef
    addi a0, a0, 2047
    exit

#: case the upper part is negative: fused
#: cycles 1 = 503
#: cycles 2 = 502
#: expect a0 = 0xffffffff80010000
    auipc a0, 0x80000
    addi a0, a0, 0
    exit

#: case hi and lo overflow, but the sum with the address would not: not fused
#: versions = 2
#: cycles = 503
#: expect a0 = 0xffffffff8000f800
    auipc a0, 0x80000
    addi a0, a0, -2048
    exit

#: case another destination
#: cycles = 503
#: expect a1 = 0x10005
    auipc a0, 0
    addi a1, a0, 5
    exit

#: case addiw does not fuse
#: cycles = 503
#: expect a0 = 0x10005
    auipc a0, 0
    addiw a0, a0, 5
    exit

#: case x0
#: cycles 1 = 503
#: cycles 2 = 502
#: expect zero = 0
    auipc zero, 1
    addi zero, zero, 5
    exit

#: case c.addi
#: cycles 1 = 503
#: cycles 2 = 502
#: expect a0 = 0x10005
    auipc a0, 0
    c.addi a0, 5
    exit
