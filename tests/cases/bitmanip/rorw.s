# rorw rd, rs1, rs2: rd = low word of rs1 rotated right by rs2 mod 32, sign-extended.

#: case values
#| a1                 a2                 -> a0
#| 0x123456789abcdef  0x0                -> 0xffffffff89abcdef
#| 0x123456789abcdef  0x1                -> 0xffffffffc4d5e6f7
#| 0xfedcba9876543210 0x1                -> 0x3b2a1908
#| 0xfedcba9876543210 0x1f               -> 0xffffffffeca86420
#| 0xfedcba9876543210 0x20               -> 0x76543210
#| 0x123456789abcdef  0x21               -> 0xffffffffc4d5e6f7
#| 0xfedcba9876543210 0x3f               -> 0xffffffffeca86420
#| 0x1                0x3f               -> 0x2
#| 0x8000000000000000 0x3f               -> 0x0
#| 0xfedcba9876543210 0x40               -> 0x76543210
#| 0x123456789abcdef  0x41               -> 0xffffffffc4d5e6f7
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x80000000         0x1f               -> 0x1
#| 0x80000000         0x4                -> 0x8000000
#| 0x7fffffff         0x1                -> 0xffffffffbfffffff
#| 0xffffffff80000001 0x100000020        -> 0xffffffff80000001
    rorw a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xffffffffeca86420 0x1f
#| 0x1                0x3f        -> 0x2                0x3f
#| 0xfedcba9876543210 0x40        -> 0x76543210         0x40
#| 0x80000000         0x1f        -> 0x1                0x1f
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0x100000020
    rorw a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xfedcba9876543210 0xffffffffeca86420
#| 0x1                0x3f        -> 0x1                0x2
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0x76543210
#| 0x80000000         0x1f        -> 0x80000000         0x1
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0xffffffff80000001
    rorw a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0xffffffff80000000
#| 0x8000000000000000 -> 0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x123456789abcdef  -> 0xffffffff9bdf1357
    rorw a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3  a4
#| 0x0                -> 0    0x0                0x0 0x0
#| 0x1                -> 0    0x1                0x0 0x0
#| 0x8000000000000000 -> 0    0x0                0x0 0x0
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x0 0x0
#| 0x123456789abcdef  -> 0    0xffffffff89abcdef 0x0 0x0
    rorw zero, a1, a1
    rorw a2, a1, zero
    rorw a3, zero, a1
    rorw a4, zero, zero
    exit

#: case constants
#: expect s2 = 0xffffffffeca86420
#: expect s3 = 0x2
#: expect s4 = 0x76543210
#: expect s5 = 0x1
    li t0, 0xfedcba9876543210
    li t1, 0x1f
    rorw s2, t0, t1
    li t0, 0x1
    li t1, 0x3f
    rorw s3, t0, t1
    li t0, 0xfedcba9876543210
    li t1, 0x40
    rorw s4, t0, t1
    li t0, 0x80000000
    li t1, 0x1f
    rorw s5, t0, t1
    exit
