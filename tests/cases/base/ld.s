# ld rd, imm(rs1): 8 bytes from memory. No alignment is needed.

#: case values, aligned and not
#| a1      -> a0
#| data+0  -> 0x807060504030201
#| data+1  -> 0x8108070605040302
#| data+6  -> 0x8685848382810807
#| data+7  -> 0x8786858483828108
#| data+8  -> 0x8887868584838281
#| data+9  -> 0xff88878685848382
#| data+15 -> 0xffffffffffffff88
#| data+16 -> 0xffffffffffffffff
#| data+23 -> 0x7f7f7f7f7f7f7fff
    ld a0, 0(a1)
    exit
.data 0x20000
data:
    .dword 0x0807060504030201, 0x8887868584838281, -1, 0x7f7f7f7f7f7f7f7f

#: case offsets; rd is rs1; x0
#: expect a0 = 0x8887868584838281
#: expect a2 = 0x807060504030201
#: expect a3 = 0x807060504030201
#: expect zero = 0
    la a1, data+2047
    ld a2, -2047(a1)
    la a4, data-2040
    ld a3, 2040(a4)
    ld zero, 0(a1)
    la a0, data+8
    ld a0, 0(a0)
    exit
.data 0x20000
    .zero 2048
data:
    .dword 0x0807060504030201, 0x8887868584838281, -1, 0x7f7f7f7f7f7f7f7f

#: case the last bytes of memory, from version 1 on
#: versions = 1 2
#: expect a0 = 0
    li a1, 0x40000
    ld a0, -8(a1)
    exit

#: case the last bytes of memory, version 0
#: versions = 0
#: fault = MemOutOfBound
    li a1, 0x40000
    ld a0, -8(a1)
    exit

#: case one before the last bytes, version 0
#: versions = 0
#: expect a0 = 0
    li a1, 0x40000
    ld a0, -9(a1)
    exit

#: case one byte beyond memory
#: versions = 0 1 2
#: fault = MemOutOfBound
    li a1, 0x40000
    ld a0, -7(a1)
    exit

#: case addresses near 2^64 and far out
#: versions = 0 1 2
#: fault = MemOutOfBound
#| a1 -> a1
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0xfffffffffffffff8 -> 0xfffffffffffffff8
#| 0xfffffffffffffff8 -> 0xfffffffffffffff8
#| 0x8000000000000000 -> 0x8000000000000000
#| 0x40000 -> 0x40000
#| 0x100000000 -> 0x100000000
#| 0x400000 -> 0x400000
    ld a0, 0(a1)
    exit

#: case an address that wraps around to 0
#: expect a0 = 0
    li a1, -4
    ld a0, 4(a1)
    exit
