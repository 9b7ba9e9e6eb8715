# amoxor.w and amoxor.d rd, rs2, (rs1): memory becomes old ^ rs2; rd the old value, sign-extended.

#: case w: values
#: isa = imc,a
#: flags 0x20 = 4
#| a1                 a2                 -> a0                 a3                 a2
#| 0x0                0x0                -> 0x0                0x0                0x0
#| 0x1                0xffffffffffffffff -> 0x1                0xfffffffe         0xffffffffffffffff
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0xfffffffffffffffe 0x1
#| 0x123456789abcdef  0xfedcba9876543210 -> 0xffffffff89abcdef 0x1234567ffffffff  0xfedcba9876543210
#| 0x80000000         0x7fffffff         -> 0xffffffff80000000 0xffffffff         0x7fffffff
#| 0xffffffff7fffffff 0x80000000         -> 0x7fffffff         0xffffffffffffffff 0x80000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x0                0x80000000ffffffff 0x7fffffffffffffff
#| 0x7fffffffffffffff 0x8000000000000000 -> 0xffffffffffffffff 0x7fffffffffffffff 0x8000000000000000
#| 0x5555555580000000 0x12345678ffffffff -> 0xffffffff80000000 0x555555557fffffff 0x12345678ffffffff
    la t0, cell
    sd a1, 0(t0)
    amoxor.w a0, a2, (t0)
    ld a3, 0(t0)
    exit
.data 0x20000
cell:
    .dword 0

#: case w: rd is rs2
#: isa = imc,b,mop,a
#| a1                 a2                 -> a2                 a3
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0xfffffffffffffffe
#| 0x123456789abcdef  0xfedcba9876543210 -> 0xffffffff89abcdef 0x1234567ffffffff
#| 0x80000000         0x7fffffff         -> 0xffffffff80000000 0xffffffff
#| 0xffffffff7fffffff 0x80000000         -> 0x7fffffff         0xffffffffffffffff
    la t0, cell
    sd a1, 0(t0)
    amoxor.w a2, a2, (t0)
    ld a3, 0(t0)
    exit
.data 0x20000
cell:
    .dword 0

#: case w: rd is rs1; rs2 is rs1; x0
#: isa = imc,a
#: expect t0 = 0xffffffff89abcdef
#: expect a3 = 0x123456789abcdea
#: expect a4 = 0x123456789a9cde7
#: expect a5 = 0x123456789abcdef
    la t0, cell
    mv t1, t0
    li a2, 5
    amoxor.w t0, a2, (t0)
    ld a3, 0(t1)
    addi t1, t1, 8
    amoxor.w zero, t1, (t1)
    ld a4, 0(t1)
    amoxor.w a6, zero, (t2)
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
#: expect a3 = 0x1234
    li t0, 0x30000
    addi t0, t0, -1
    li a2, 0x1234
    amoxor.w a0, a2, (t0)
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
    amoxor.w a0, a2, (t0)
    exit

#: case w: a page of code
#: isa = imc,a
#: fault = MemWriteOnExecutablePage
    la t0, 0x10000
    amoxor.w a0, a2, (t0)
    exit

#: case w: cycles
#: isa = imc,a
#: cycles = 505
#: set t0 = 0x20000
    amoxor.w a0, a2, (t0)
    exit

#: case w: without the extension
#: isa = imc,b,mop
#: fault = InvalidInstruction
#: set t0 = 0x20000
    amoxor.w a0, a2, (t0)
    exit

#: case d: values
#: isa = imc,a
#: flags 0x20 = 4
#| a1                 a2                 -> a0                 a3                 a2
#| 0x0                0x0                -> 0x0                0x0                0x0
#| 0x1                0xffffffffffffffff -> 0x1                0xfffffffffffffffe 0xffffffffffffffff
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0xfffffffffffffffe 0x1
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x123456789abcdef  0xffffffffffffffff 0xfedcba9876543210
#| 0x80000000         0x7fffffff         -> 0x80000000         0xffffffff         0x7fffffff
#| 0xffffffff7fffffff 0x80000000         -> 0xffffffff7fffffff 0xffffffffffffffff 0x80000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x8000000000000000 0xffffffffffffffff 0x7fffffffffffffff
#| 0x7fffffffffffffff 0x8000000000000000 -> 0x7fffffffffffffff 0xffffffffffffffff 0x8000000000000000
#| 0x5555555580000000 0x12345678ffffffff -> 0x5555555580000000 0x4761032d7fffffff 0x12345678ffffffff
    la t0, cell
    sd a1, 0(t0)
    amoxor.d a0, a2, (t0)
    ld a3, 0(t0)
    exit
.data 0x20000
cell:
    .dword 0

#: case d: rd is rs2
#: isa = imc,b,mop,a
#| a1                 a2                 -> a2                 a3
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff 0xfffffffffffffffe
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x123456789abcdef  0xffffffffffffffff
#| 0x80000000         0x7fffffff         -> 0x80000000         0xffffffff
#| 0xffffffff7fffffff 0x80000000         -> 0xffffffff7fffffff 0xffffffffffffffff
    la t0, cell
    sd a1, 0(t0)
    amoxor.d a2, a2, (t0)
    ld a3, 0(t0)
    exit
.data 0x20000
cell:
    .dword 0

#: case d: rd is rs1; rs2 is rs1; x0
#: isa = imc,a
#: expect t0 = 0x123456789abcdef
#: expect a3 = 0x123456789abcdea
#: expect a4 = 0x123456789a9cde7
#: expect a5 = 0x123456789abcdef
    la t0, cell
    mv t1, t0
    li a2, 5
    amoxor.d t0, a2, (t0)
    ld a3, 0(t1)
    addi t1, t1, 8
    amoxor.d zero, t1, (t1)
    ld a4, 0(t1)
    amoxor.d a6, zero, (t2)
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
#: expect a3 = 0x1234
    li t0, 0x30000
    addi t0, t0, -1
    li a2, 0x1234
    amoxor.d a0, a2, (t0)
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
    amoxor.d a0, a2, (t0)
    exit

#: case d: a page of code
#: isa = imc,a
#: fault = MemWriteOnExecutablePage
    la t0, 0x10000
    amoxor.d a0, a2, (t0)
    exit

#: case d: cycles
#: isa = imc,a
#: cycles = 504
#: set t0 = 0x20000
    amoxor.d a0, a2, (t0)
    exit

#: case d: without the extension
#: isa = imc,b,mop
#: fault = InvalidInstruction
#: set t0 = 0x20000
    amoxor.d a0, a2, (t0)
    exit
