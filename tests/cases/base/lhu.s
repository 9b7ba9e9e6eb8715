# lhu rd, imm(rs1): 2 bytes from memory, zero-extended. No alignment is needed.

#: case values, aligned and not
#| a1      -> a0
#| data+0  -> 0x201
#| data+1  -> 0x302
#| data+6  -> 0x807
#| data+7  -> 0x8108
#| data+8  -> 0x8281
#| data+9  -> 0x8382
#| data+15 -> 0xff88
#| data+16 -> 0xffff
#| data+23 -> 0x7fff
    lhu a0, 0(a1)
    exit
.data 0x20000
data:
    .dword 0x0807060504030201, 0x8887868584838281, -1, 0x7f7f7f7f7f7f7f7f

#: case offsets; rd is rs1; x0
#: expect a0 = 0x8281
#: expect a2 = 0x201
#: expect a3 = 0x201
#: expect zero = 0
    la a1, data+2047
    lhu a2, -2047(a1)
    la a4, data-2040
    lhu a3, 2040(a4)
    lhu zero, 0(a1)
    la a0, data+8
    lhu a0, 0(a0)
    exit
.data 0x20000
    .zero 2048
data:
    .dword 0x0807060504030201, 0x8887868584838281, -1, 0x7f7f7f7f7f7f7f7f

#: case the last bytes of memory, from version 1 on
#: versions = 1 2
#: expect a0 = 0
    li a1, 0x40000
    lhu a0, -2(a1)
    exit

#: case the last bytes of memory, version 0
#: versions = 0
#: fault = MemOutOfBound
    li a1, 0x40000
    lhu a0, -2(a1)
    exit

#: case one before the last bytes, version 0
#: versions = 0
#: expect a0 = 0
    li a1, 0x40000
    lhu a0, -3(a1)
    exit

#: case one byte beyond memory
#: versions = 0 1 2
#: fault = MemOutOfBound
    li a1, 0x40000
    lhu a0, -1(a1)
    exit

#: case addresses near 2^64 and far out
#: versions = 0 1 2
#: fault = MemOutOfBound
#| a1 -> a1
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0xfffffffffffffffe -> 0xfffffffffffffffe
#| 0xfffffffffffffff8 -> 0xfffffffffffffff8
#| 0x8000000000000000 -> 0x8000000000000000
#| 0x40000 -> 0x40000
#| 0x100000000 -> 0x100000000
#| 0x400000 -> 0x400000
    lhu a0, 0(a1)
    exit

#: case an address that wraps around to 0
#: expect a0 = 0
    li a1, -4
    lhu a0, 4(a1)
    exit
