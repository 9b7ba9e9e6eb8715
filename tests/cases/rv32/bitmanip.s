# Bit manipulation over 32 bits, with the encodings that the reference has for it: those of RV64.

#: case counts and bytes
#: xlen = 32
#| a1         -> a0 a2 a3 a4         a5
#| 0          -> 32 32 0  0          0
#| 0xffffffff -> 0  0  32 0xffffffff 0xffffffff
#| 0x12345678 -> 3  3  13 0x78563412 0xffffffff
#| 0x01000080 -> 7  7  2  0x80000001 0xff0000ff
#| 0x80       -> 24 7  1  0x80000000 0xff
    clz a0, a1
    ctz a2, a1
    cpop a3, a1
    rev8 a4, a1
    orc.b a5, a1
    exit

#: case carry-less products
#: xlen = 32
#| a1         a2         -> a0         a3         a4
#| 0xffffffff 0xffffffff -> 0x55555555 0x55555555 0xaaaaaaaa
#| 0x80000000 3          -> 0x80000000 1          3
#| 0x80000000 0x80000000 -> 0          0x40000000 0x80000000
#| 3          5          -> 15         0          0
    clmul a0, a1, a2
    clmulh a3, a1, a2
    clmulr a4, a1, a2
    exit

#: case rotations and single bits, amounts modulo 32
#: xlen = 32
#| a1         a2 -> a0         a3         a4         a5 a6         t0
#| 0x80000001 1  -> 3          0xc0000000 0x80000001 0  0x80000003 0x80000003
#| 0x80000001 31 -> 0xc0000000 3          1          1  1          0x80000001
#| 0x80000001 32 -> 0x80000001 0x80000001 0x80000000 1  0x80000000 0x80000001
    rol a0, a1, a2
    ror a3, a1, a2
    bclr a4, a1, a2
    bext a5, a1, a2
    binv a6, a1, a2
    bset t0, a1, a2
    exit

#: case immediates, the sixth bit not looked at
#: xlen = 32
#| a1         -> a0         a3         a4 a5         a6
#| 0x80000001 -> 0xc0000000 0x80000001 0  0x80000003 0x80000003
    rori a0, a1, 33
    bclri a3, a1, 33
    bexti a4, a1, 33
    binvi a5, a1, 33
    bseti a6, a1, 33
    exit

#: case smaller, larger, sign-extended
#: xlen = 32
#| a1         a2         -> a0         a3         a4         a5         a6         t0
#| 0x80000080 0x7fff8000 -> 0x80000080 0x7fff8000 0x7fff8000 0x80000080 0xffffff80 0xffff8000
    min a0, a1, a2
    minu a3, a1, a2
    max a4, a1, a2
    maxu a5, a1, a2
    sext.b a6, a1
    sext.h t0, a2
    exit

#: case complements and address generation
#: xlen = 32
#| a1         a2         -> a0         a3         a4         a5         a6 t0
#| 0xf0f0f0f0 0xff00ff00 -> 0x00f000f0 0xf0fff0ff 0xf00ff00f 0xe0e2e0e0 0xc2c4c2c0 0x86888680
    andn a0, a1, a2
    orn a3, a1, a2
    xnor a4, a1, a2
    sh1add a5, a1, a2
    sh2add a6, a1, a2
    sh3add t0, a1, a2
    exit

#: case word forms are those of whole registers
#: xlen = 32
#| a1         a2 -> a0         a3         a4         a5         a6
#| 0xffffffff 1  -> 0          0xffffffff 0xfffffffd 0xfffffff9 0xfffffff0
#| 0x20000001 8  -> 0x20000009 0x4000000a 0x8000000c 0x10       0x10
    add.uw a0, a1, a2
    sh1add.uw a3, a1, a2
    sh2add.uw a4, a1, a2
    sh3add.uw a5, a1, a2
    slli.uw a6, a1, 36
    exit

#: case word forms that count and rotate
#: xlen = 32
#| a1         -> a2 a3 a4         a5         a6
#| 0          -> 32 0  0          0          0
#| 8          -> 3  1  0x10       4          4
#| 0x80000001 -> 0  2  3          0xc0000000 0xc0000000
    addi t0, zero, 1
    ctzw a2, a1
    cpopw a3, a1
    rolw a4, a1, t0
    rorw a5, a1, t0
    roriw a6, a1, 1
    exit

#: case clzw counts in 64 bits that are not there
#: xlen = 32
#| a1         -> a0
#| 0          -> 0
#| 1          -> 0xffffffff
#| 0x80000000 -> 0xffffffe0
    clzw a0, a1
    exit
