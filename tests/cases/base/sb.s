# sb rs2, imm(rs1): the low 1 byte of rs2 to memory. No alignment is needed.

#: case values, aligned and not
#: flags 0x20 = 4
#| a1      -> s2                 s3                 s4
#| data+0  -> 0xaaaaaaaaaaaaaa88 0xaaaaaaaaaaaaaaaa 0xaaaaaaaaaaaaaaaa
#| data+1  -> 0xaaaaaaaaaaaa88aa 0xaaaaaaaaaaaaaaaa 0xaaaaaaaaaaaaaaaa
#| data+3  -> 0xaaaaaaaa88aaaaaa 0xaaaaaaaaaaaaaaaa 0xaaaaaaaaaaaaaaaa
#| data+5  -> 0xaaaa88aaaaaaaaaa 0xaaaaaaaaaaaaaaaa 0xaaaaaaaaaaaaaaaa
#| data+7  -> 0x88aaaaaaaaaaaaaa 0xaaaaaaaaaaaaaaaa 0xaaaaaaaaaaaaaaaa
#| data+8  -> 0xaaaaaaaaaaaaaaaa 0xaaaaaaaaaaaaaa88 0xaaaaaaaaaaaaaaaa
#| data+9  -> 0xaaaaaaaaaaaaaaaa 0xaaaaaaaaaaaa88aa 0xaaaaaaaaaaaaaaaa
#| data+15 -> 0xaaaaaaaaaaaaaaaa 0x88aaaaaaaaaaaaaa 0xaaaaaaaaaaaaaaaa
    li a2, 0x1122334455667788
    sb a2, 0(a1)
    la t0, data
    ld s2, 0(t0)
    ld s3, 8(t0)
    ld s4, 16(t0)
    exit
.data 0x20000
data:
    .dword 0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa

#: case offsets; rs2 is rs1; x0
#: expect s2 = 0x8
#: expect s3 = 0xaaaaaaaaaaaaaa00
    la a1, data+8
    sb a1, -8(a1)
    sb zero, 2040(a1)
    ld s2, -8(a1)
    ld s3, 2040(a1)
    exit
.data 0x20000
    .zero 0x800
data:
    .zero 2048
    .dword 0xaaaaaaaaaaaaaaaa

#: case a page that was never touched
#: flags 0x30 = 4
#: flags 0x2f = 0
#: flags 0x31 = 0
#: expect a0 = 0x88
    li a2, 0x1122334455667788
    li a1, 0x30000
    sb a2, 0(a1)
    ld a0, 0(a1)
    exit

#: case the last bytes of memory
#: versions = 0 1 2
#: flags 0x3f = 4
    li a1, 0x40000
    sb a1, -1(a1)
    exit

#: case one byte beyond memory
#: versions = 0 1 2
#: fault = MemOutOfBound
    li a1, 0x40000
    sb a1, 0(a1)
    exit

#: case addresses near 2^64 and far out
#: versions = 0 1 2
#: fault = MemOutOfBound
#| a1 -> a1
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0xfffffffffffffff8 -> 0xfffffffffffffff8
#| 0x8000000000000000 -> 0x8000000000000000
#| 0x40000 -> 0x40000
#| 0x100000000 -> 0x100000000
#| 0x400000 -> 0x400000
    sb a1, 0(a1)
    exit

#: case an address that wraps around to 0
#: flags 0 = 4
    li a1, -4
    sb a1, 4(a1)
    exit

#: case a page of code
#: versions = 0 1 2
#: fault = MemWriteOnExecutablePage
    la a1, 0x10000
    sb a1, 64(a1)
    exit

#: case read-only data is writable in this machine
#: flags 0x30 = 5
#: expect a0 = 7
    li a2, 7
    la a1, data
    sb a2, 0(a1)
    ld a0, 0(a1)
    exit
.rodata 0x30000
data:
    .dword 0
