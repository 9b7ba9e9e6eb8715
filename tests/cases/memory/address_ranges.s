# Several accesses by one base in one block, where one check could cover all: the fault must come
# from the right one, after everything before it was done, and nothing after it.

#: case all in range
#: expect a0 = 6
#: set s0 = 0x20000
    ld a1, 0(s0)
    ld a2, 8(s0)
    ld a3, 16(s0)
    add a0, a1, a2
    add a0, a0, a3
    exit
.data 0x20000
    .dword 1, 2, 3

#: case the last of them out of range, the others done: the limit is not in play
#: fault = MemOutOfBound
#| s0      -> a0
#| 0x3fff0 -> 0
#| 0x3fff8 -> 0
#| 0x40000 -> 0
#| -8      -> 0
    sd s0, 0(s0)
    sd s0, 8(s0)
    sd s0, 16(s0)
    exit

#: case offsets from below and above: the address wraps in between
#: fault = MemOutOfBound
#| s0 -> a0
#| 4  -> 0
#| -1 -> 0
    ld a1, -8(s0)
    ld a2, 8(s0)
    exit

#: case the base is changed in between
#: expect a0 = 0x30010
#: expect a1 = 5
#: set s0 = 0x20000
#: set s1 = 0x30000
    ld s0, 0(s0)
    ld a1, 0(s0)
    addi s0, s0, 16
    sd s0, 0(s0)
    ld a0, 0(s0)
    exit
.data 0x20000
    .dword 0x30000
.data 0x30000
    .dword 5

#: case the base is loaded over itself, then out of range
#: fault = MemOutOfBound
#: set s0 = 0x20000
    ld s0, 0(s0)
    ld a1, 0(s0)
    exit
.data 0x20000
    .dword -8

#: case stores over several pages by one base
#: flags 0x20 = 4
#: flags 0x21 = 4
#: flags 0x22 = 0
#: flags 0x23 = 0
#: expect a0 = 3
#: set s0 = 0x20ff8
    li a1, 1
    li a2, 2
    sd a1, 0(s0)
    sd a2, 8(s0)
    sd a1, 2000(s0)
    ld a3, 0(s0)
    ld a4, 8(s0)
    add a0, a3, a4
    exit

#: case an address range whose middle page is code
#: fault = MemWriteOnExecutablePage
#: set s0 = 0x10800
    sd zero, -2048(s0)
    exit

#: case stores on both sides of a page of code
#: expect a0 = 3
#: flags 0xf = 4
#: flags 0x11 = 4
#: set s0 = 0x107f8
    li a1, 1
    li a2, 2
    sd a1, -2048(s0)
    addi s1, s0, 16
    sd a2, 2040(s1)
    ld a3, -2048(s0)
    ld a4, 2040(s1)
    add a0, a3, a4
    exit

#: case a store that spans a page of code by one base
#: fault = MemWriteOnExecutablePage
#: set s0 = 0x10800
    li a1, 1
    sd a1, -2048(s0)
    sd a1, 2047(s0)
    exit

#: case loads and stores see each other
#: expect a0 = 0x1122334455aa7788
#: set s0 = 0x30000
    li a1, 0x1122334455667788
    sd a1, 0(s0)
    li a2, 0xaa
    sb a2, 2(s0)
    ld a0, 0(s0)
    exit

#: case a copy forwards over itself
#: expect a0 = 0x0101010101010101
    la s0, data
    li s1, 15
loop:
    lbu a1, 0(s0)
    sb a1, 1(s0)
    addi s0, s0, 1
    addi s1, s1, -1
    bnez s1, loop
    la s0, data
    ld a0, 8(s0)
    exit
.data 0x20000
data:
    .dword 1, 0

#: case a loop that walks over page after page, up to the end of memory
#: fault = MemOutOfBound
    li s0, 0x30000
loop:
    sd s0, 0(s0)
    addi s0, s0, 512
    j loop

#: case a loop that walks down to code
#: fault = MemWriteOnExecutablePage
    li s0, 0x13000
loop:
    sd s0, 0(s0)
    addi s0, s0, -8
    j loop

#: case the fault in the middle of a trace, with a loop around it
#: fault = MemOutOfBound
    li s0, 0x3ff00
loop:
    addi a0, a0, 1
    ld a1, 0(s0)
    addi a0, a0, 1
    ld a2, 8(s0)
    addi a0, a0, 1
    addi s0, s0, 8
    j loop

#: case an address from a 32-bit computation, sign-extended
#: fault = MemOutOfBound
    lui s0, 0x80000
    ld a0, 0(s0)
    exit

#: case a second address range between two stores by one base, the later one below 0
#: fault = MemOutOfBound
#: set s0 = 4
    lui t0, 0x20
    add t1, s0, t0
    sd a1, 0(s0)
    ld a2, 0(t1)
    sd a1, -8(s0)
    exit

#: case the same with a base that is made on the way
#: fault = MemOutOfBound
#: set s1 = 4
#: set s2 = 1
    mul s0, s1, s2
    lui t0, 0x20
    add t1, s0, t0
    sd a1, 0(s0)
    ld a2, 0(t1)
    sd a1, -8(s0)
    exit
