# lw rd, imm(rs1): 4 bytes from memory, sign-extended. No alignment is needed.

#: case values, aligned and not
#| a1      -> a0
#| data+0  -> 0x4030201
#| data+1  -> 0x5040302
#| data+6  -> 0xffffffff82810807
#| data+7  -> 0xffffffff83828108
#| data+8  -> 0xffffffff84838281
#| data+9  -> 0xffffffff85848382
#| data+15 -> 0xffffffffffffff88
#| data+16 -> 0xffffffffffffffff
#| data+23 -> 0x7f7f7fff
    lw a0, 0(a1)
    exit
.data 0x20000
data:
    .dword 0x0807060504030201, 0x8887868584838281, -1, 0x7f7f7f7f7f7f7f7f

#: case offsets; rd is rs1; x0
#: expect a0 = 0xffffffff84838281
#: expect a2 = 0x4030201
#: expect a3 = 0x4030201
#: expect zero = 0
    la a1, data+2047
    lw a2, -2047(a1)
    la a4, data-2040
    lw a3, 2040(a4)
    lw zero, 0(a1)
    la a0, data+8
    lw a0, 0(a0)
    exit
.data 0x20000
    .zero 2048
data:
    .dword 0x0807060504030201, 0x8887868584838281, -1, 0x7f7f7f7f7f7f7f7f

#: case the last bytes of memory, from version 1 on
#: versions = 1 2
#: expect a0 = 0
    li a1, 0x40000
    lw a0, -4(a1)
    exit

#: case the last bytes of memory, version 0
#: versions = 0
#: fault = MemOutOfBound
    li a1, 0x40000
    lw a0, -4(a1)
    exit

#: case one before the last bytes, version 0
#: versions = 0
#: expect a0 = 0
    li a1, 0x40000
    lw a0, -5(a1)
    exit

#: case one byte beyond memory
#: versions = 0 1 2
#: fault = MemOutOfBound
    li a1, 0x40000
    lw a0, -3(a1)
    exit

#: case addresses near 2^64 and far out
#: versions = 0 1 2
#: fault = MemOutOfBound
#| a1 -> a1
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0xfffffffffffffffc -> 0xfffffffffffffffc
#| 0xfffffffffffffff8 -> 0xfffffffffffffff8
#| 0x8000000000000000 -> 0x8000000000000000
#| 0x40000 -> 0x40000
#| 0x100000000 -> 0x100000000
#| 0x400000 -> 0x400000
    lw a0, 0(a1)
    exit

#: case an address that wraps around to 0
#: expect a0 = 0
    li a1, -4
    lw a0, 4(a1)
    exit
