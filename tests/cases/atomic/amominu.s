# amominu.w and amominu.d rd, rs2, (rs1): memory becomes the smaller, unsigned; rd the old value, sign-extended.

#: case w: values
#: isa = imc,a
#: flags 0x20 = 4
#| a1                 a2                 -> a0                 a3                 a2
#| 0x0                0x0                -> 0x0                0x0                0x0
#| 0x1                0xffffffffffffffff -> 0x1                0x1                0xffffffffffffffff
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0xffffffff00000001 0x1
#| 0x123456789abcdef  0xfedcba9876543210 -> 0xffffffff89abcdef 0x123456776543210  0xfedcba9876543210
#| 0x80000000         0x7fffffff         -> 0xffffffff80000000 0x7fffffff         0x7fffffff
#| 0xffffffff7fffffff 0x80000000         -> 0x7fffffff         0xffffffff7fffffff 0x80000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x0                0x8000000000000000 0x7fffffffffffffff
#| 0x7fffffffffffffff 0x8000000000000000 -> 0xffffffffffffffff 0x7fffffff00000000 0x8000000000000000
#| 0x5555555580000000 0x12345678ffffffff -> 0xffffffff80000000 0x5555555580000000 0x12345678ffffffff
    la t0, cell
    sd a1, 0(t0)
    amominu.w a0, a2, (t0)
    ld a3, 0(t0)
    exit
.data 0x20000
cell:
    .dword 0

#: case w: rd is rs2
#: isa = imc,b,mop,a
#| a1                 a2                 -> a2                 a3
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0xffffffff00000001
#| 0x123456789abcdef  0xfedcba9876543210 -> 0xffffffff89abcdef 0x123456776543210
#| 0x80000000         0x7fffffff         -> 0xffffffff80000000 0x7fffffff
#| 0xffffffff7fffffff 0x80000000         -> 0x7fffffff         0xffffffff7fffffff
    la t0, cell
    sd a1, 0(t0)
    amominu.w a2, a2, (t0)
    ld a3, 0(t0)
    exit
.data 0x20000
cell:
    .dword 0

#: case w: rd is rs1; rs2 is rs1; x0
#: isa = imc,a
#: expect t0 = 0xffffffff89abcdef
#: expect a3 = 0x123456700000005
#: expect a4 = 0x123456700020008
#: expect a5 = 0x123456700000000
    la t0, cell
    mv t1, t0
    li a2, 5
    amominu.w t0, a2, (t0)
    ld a3, 0(t1)
    addi t1, t1, 8
    amominu.w zero, t1, (t1)
    ld a4, 0(t1)
    amominu.w a6, zero, (t2)
    ld a5, 0(t2)
    exit
.data 0x20000
cell:
    .dword 0x123456789abcdef, 0x123456789abcdef, 0x123456789abcdef
#: set t2 = cell+16

#: case w: misaligned, across a page edge
#: isa = imc,a
#: flags 0x2f = 4
#: flags 0x30 = 4
#: expect a3 = 0x0
    li t0, 0x30000
    addi t0, t0, -1
    li a2, 0x1234
    amominu.w a0, a2, (t0)
    ld a3, 0(t0)
    exit

#: case w: beyond memory
#: isa = imc,a
#: fault = MemOutOfBound
#| t0 -> a0
#| 0x3fffd -> 0
#| 0x40000 -> 0
#| -1 -> 0
#| -8 -> 0
    amominu.w a0, a2, (t0)
    exit

#: case w: a page of code
#: isa = imc,a
#: fault = MemWriteOnExecutablePage
    la t0, 0x10000
    amominu.w a0, a2, (t0)
    exit

#: case w: cycles
#: isa = imc,a
#: cycles = 505
#: set t0 = 0x20000
    amominu.w a0, a2, (t0)
    exit

#: case w: without the extension
#: isa = imc,b,mop
#: fault = InvalidInstruction
#: set t0 = 0x20000
    amominu.w a0, a2, (t0)
    exit

#: case d: values
#: isa = imc,a
#: flags 0x20 = 4
#| a1                 a2                 -> a0                 a3                 a2
#| 0x0                0x0                -> 0x0                0x0                0x0
#| 0x1                0xffffffffffffffff -> 0x1                0x1                0xffffffffffffffff
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0x1                0x1
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x123456789abcdef  0x123456789abcdef  0xfedcba9876543210
#| 0x80000000         0x7fffffff         -> 0x80000000         0x7fffffff         0x7fffffff
#| 0xffffffff7fffffff 0x80000000         -> 0xffffffff7fffffff 0x80000000         0x80000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x8000000000000000 0x7fffffffffffffff 0x7fffffffffffffff
#| 0x7fffffffffffffff 0x8000000000000000 -> 0x7fffffffffffffff 0x7fffffffffffffff 0x8000000000000000
#| 0x5555555580000000 0x12345678ffffffff -> 0x5555555580000000 0x12345678ffffffff 0x12345678ffffffff
    la t0, cell
    sd a1, 0(t0)
    amominu.d a0, a2, (t0)
    ld a3, 0(t0)
    exit
.data 0x20000
cell:
    .dword 0

#: case d: rd is rs2
#: isa = imc,b,mop,a
#| a1                 a2                 -> a2                 a3
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0x1
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x123456789abcdef  0x123456789abcdef
#| 0x80000000         0x7fffffff         -> 0x80000000         0x7fffffff
#| 0xffffffff7fffffff 0x80000000         -> 0xffffffff7fffffff 0x80000000
    la t0, cell
    sd a1, 0(t0)
    amominu.d a2, a2, (t0)
    ld a3, 0(t0)
    exit
.data 0x20000
cell:
    .dword 0

#: case d: rd is rs1; rs2 is rs1; x0
#: isa = imc,a
#: expect t0 = 0x123456789abcdef
#: expect a3 = 0x5
#: expect a4 = 0x20008
#: expect a5 = 0x0
    la t0, cell
    mv t1, t0
    li a2, 5
    amominu.d t0, a2, (t0)
    ld a3, 0(t1)
    addi t1, t1, 8
    amominu.d zero, t1, (t1)
    ld a4, 0(t1)
    amominu.d a6, zero, (t2)
    ld a5, 0(t2)
    exit
.data 0x20000
cell:
    .dword 0x123456789abcdef, 0x123456789abcdef, 0x123456789abcdef
#: set t2 = cell+16

#: case d: misaligned, across a page edge
#: isa = imc,a
#: flags 0x2f = 4
#: flags 0x30 = 4
#: expect a3 = 0x0
    li t0, 0x30000
    addi t0, t0, -1
    li a2, 0x1234
    amominu.d a0, a2, (t0)
    ld a3, 0(t0)
    exit

#: case d: beyond memory
#: isa = imc,a
#: fault = MemOutOfBound
#| t0 -> a0
#| 0x3fff9 -> 0
#| 0x40000 -> 0
#| -1 -> 0
#| -8 -> 0
    amominu.d a0, a2, (t0)
    exit

#: case d: a page of code
#: isa = imc,a
#: fault = MemWriteOnExecutablePage
    la t0, 0x10000
    amominu.d a0, a2, (t0)
    exit

#: case d: cycles
#: isa = imc,a
#: cycles = 504
#: set t0 = 0x20000
    amominu.d a0, a2, (t0)
    exit

#: case d: without the extension
#: isa = imc,b,mop
#: fault = InvalidInstruction
#: set t0 = 0x20000
    amominu.d a0, a2, (t0)
    exit
