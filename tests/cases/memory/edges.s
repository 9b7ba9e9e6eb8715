# Page edges, frame edges (256 KiB), the end of memory, and what the dirty flag shows of them.

#: case loads across a page edge touch no flag
#: flags 0x2f = 0
#: flags 0x30 = 0
#: expect a0 = 0
#: set a1 = 0x30000
    ld a0, -4(a1)
    lw a2, -1(a1)
    lhu a3, -1(a1)
    exit

#: case a store across a frame edge
#: memory = 0x80000
#: flags 0x3f = 4
#: flags 0x40 = 4
#: expect a0 = 0x1122334455667788
#: set a1 = 0x40000
#: set a2 = 0x1122334455667788
    sd a2, -3(a1)
    ld a0, -3(a1)
    exit

#: case a load across a frame edge, both untouched
#: memory = 0x80000
#: expect a0 = 0
#: flags 0x3f = 0
#: flags 0x40 = 0
#: set a1 = 0x40000
    ld a0, -3(a1)
    exit

#: case a store across the end of memory: the first page is in memory
#: fault = MemOutOfBound
#: set a1 = 0x40000
    sd a0, -4(a1)
    exit

#: case a load across the end of memory
#: fault = MemOutOfBound
#: set a1 = 0x40000
    ld a0, -4(a1)
    exit

#: case a store across the end of memory from an executable page
#: fault = MemWriteOnExecutablePage
    li a1, 0x40000
    sd a0, -4(a1)
    exit
.text 0x3f000
    .zero 0x1000

#: case the first and the last byte of memory
#: expect a0 = 0x5a
#: expect a1 = 0xffffffffffffffa5
#: flags 0 = 4
#: flags 0x3f = 4
#: flags 1 = 0
    li a2, 0x5a
    sb a2, 0(zero)
    li a3, 0xa5
    li a4, 0x40000
    sb a3, -1(a4)
    lbu a0, 0(zero)
    lb a1, -1(a4)
    exit

#: case negative offsets from x0 are far out
#: fault = MemOutOfBound
    ld a0, -8(zero)
    exit

#: case code can be read, and data beside it
#: expect a0 = 0x00000013
    la a1, word
    lwu a0, 0(a1)
    exit
word:
    .word 0x00000013

#: case a load across code and data
#: expect a0 = 0x6600000000000013
    li a1, 0x11000
    ld a0, -7(a1)
    exit
    .zero 0xfe9
    .byte 0x13, 0, 0, 0, 0, 0, 0
.data 0x11000
    .byte 0x66

#: case pages of a loaded program are dirty; an untouched one is not
#: flags 0x10 = 7
#: flags 0x20 = 4
#: flags 0x21 = 4
#: flags 0x22 = 0
#: flags 0x30 = 5
    exit
.data 0x20000
    .zero 0x1001
.rodata 0x30000
    .byte 1

#: case the same in version 0, where writable segments are frozen too
#: versions = 0
#: flags 0x10 = 7
#: flags 0x20 = 5
#: flags 0x30 = 5
    exit
.data 0x20000
    .zero 0x1001
.rodata 0x30000
    .byte 1

#: case a misaligned segment: its page begins with zeros
#: expect a0 = 0x0807060504030201
#: expect a1 = 0x0201000000000000
    la t0, data
    ld a0, 0(t0)
    ld a1, -6(t0)
    exit
.data 0x20123
data:
    .dword 0x0807060504030201

# Native code looks at a page and the next at once; where one of the two does not take stores, each has
# to be asked. Two rounds: the first makes the page dirty, the second stores natively.

#: case stores to the last page before code stay what they are
#: expect a0 = 7
#: flags 0xf = 4
#: set s0 = 0x10000
    li a1, 8
    li a0, 0
again:
    addi a1, a1, -1
    sd a1, -8(s0)
    sw a1, -12(s0)
    ld a2, -8(s0)
    bgeu a0, a2, less
    mv a0, a2
less:
    bnez a1, again
    exit

#: case a store from a dirty page into code
#: fault = MemWriteOnExecutablePage
#: flags 0xf = 4
#: set s0 = 0x10000
    li a1, 3
again:
    sd a1, -16(s0)
    addi a1, a1, -1
    bnez a1, again
    sd s0, -4(s0)
    exit

#: case a store from a dirty page into a clean one, then again
#: expect a0 = 2
#: flags 0x20 = 4
#: flags 0x21 = 4
#: set s0 = 0x21000
    li a1, 3
again:
    sd a1, -16(s0)
    addi a1, a1, -1
    bnez a1, again
    li a0, 0
repeat:
    sd s0, -4(s0)
    addi a0, a0, 1
    slti a2, a0, 2
    bnez a2, repeat
    exit

#: case stores over all of the last page
#: expect a0 = 0x3fff8
#: flags 0x3f = 4
#: set s0 = 0x40000
    li a0, 0x3f000
again:
    sd a0, 0(a0)
    addi a0, a0, 8
    bltu a0, s0, again
    ld a0, -8(a0)
    exit
