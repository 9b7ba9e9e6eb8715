# Addresses are sums of 32 bits; an access itself does not go round the end.

#: case a sum that wraps is inside memory
#: xlen = 32
#: set a1 = 0xfffffff0
#: set a2 = 0x81828384
#: expect a0 = 0x81828384
#: expect a3 = 0xffffff84
#: expect a4 = 0x8384
#: flags 0 = 4
    sw a2, 0x110(a1)
    lw a0, 0x110(a1)
    lb a3, 0x110(a1)
    lhu a4, 0x110(a1)
    exit

#: case so is one that was computed
#: xlen = 32
#: set a1 = 0x80000000
#: set a2 = 77
#: expect a0 = 77
#: expect a3 = 0x100
    lui a3, 0x80000
    addi a3, a3, 0x100
    add a3, a3, a1
    sw a2, 0(a3)
    lui a4, 0x80000
    add a5, a4, a1
    lw a0, 0x100(a5)
    exit

#: case an access across 2^32
#: xlen = 32
#: set a1 = 0xfffffffe
#: fault = MemOutOfBound
    lw a0, 0(a1)
    exit

#: case a store across 2^32
#: xlen = 32
#: set a1 = 0xfffffffe
#: fault = MemOutOfBound
    sw a0, 0(a1)
    exit

#: case beyond memory
#: xlen = 32
#: set a1 = 0x80000000
#: fault = MemOutOfBound
    lb a0, 0(a1)
    exit

#: case the last word, version 0
#: xlen = 32
#: versions = 0
#: set a1 = 0x40000
#: fault = MemOutOfBound
    lw a0, -4(a1)
    exit

#: case the last word
#: xlen = 32
#: set a1 = 0x40000
#: expect a0 = 0
    lw a0, -4(a1)
    exit

#: case arguments
#: xlen = 32
#: args = one two
#: expect a0 = 2
#: expect a2 = 0x6f
#: expect a4 = 0x77
#: expect a5 = 0
#: expect t0 = 0
    lw a0, 0(sp)
    lw a1, 4(sp)
    lbu a2, 0(a1)
    lw a3, 8(sp)
    lbu a4, 1(a3)
    lw a5, 12(sp)
    andi t0, sp, 15
    exit

#: case arguments, version 0
#: xlen = 32
#: versions = 0
#: args = one two
#: expect a0 = 2
#: expect a2 = 0x6f
#: expect a4 = 0x77
#: expect sp = 0x3ffec
    lw a0, 0(sp)
    lw a1, 4(sp)
    lbu a2, 0(a1)
    lw a3, 8(sp)
    lbu a4, 1(a3)
    exit

#: case no arguments
#: xlen = 32
#: expect sp = 0x3fff0
    exit
