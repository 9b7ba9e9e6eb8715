# rolw rd, rs1, rs2: rd = low word of rs1 rotated left by rs2 mod 32, sign-extended.

#: case values
#| a1                 a2                 -> a0
#| 0x123456789abcdef  0x0                -> 0xffffffff89abcdef
#| 0x123456789abcdef  0x1                -> 0x13579bdf
#| 0xfedcba9876543210 0x1                -> 0xffffffffeca86420
#| 0xfedcba9876543210 0x1f               -> 0x3b2a1908
#| 0xfedcba9876543210 0x20               -> 0x76543210
#| 0x123456789abcdef  0x21               -> 0x13579bdf
#| 0xfedcba9876543210 0x3f               -> 0x3b2a1908
#| 0x1                0x3f               -> 0xffffffff80000000
#| 0x8000000000000000 0x3f               -> 0x0
#| 0xfedcba9876543210 0x40               -> 0x76543210
#| 0x123456789abcdef  0x41               -> 0x13579bdf
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x80000000         0x1f               -> 0x40000000
#| 0x80000000         0x4                -> 0x8
#| 0x7fffffff         0x1                -> 0xfffffffffffffffe
#| 0xffffffff80000001 0x100000020        -> 0xffffffff80000001
    rolw a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0x3b2a1908         0x1f
#| 0x1                0x3f        -> 0xffffffff80000000 0x3f
#| 0xfedcba9876543210 0x40        -> 0x76543210         0x40
#| 0x80000000         0x1f        -> 0x40000000         0x1f
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0x100000020
    rolw a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xfedcba9876543210 0x3b2a1908
#| 0x1                0x3f        -> 0x1                0xffffffff80000000
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0x76543210
#| 0x80000000         0x1f        -> 0x80000000         0x40000000
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0xffffffff80000001
    rolw a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x2
#| 0x8000000000000000 -> 0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x123456789abcdef  -> 0xffffffffe6f7c4d5
    rolw a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3  a4
#| 0x0                -> 0    0x0                0x0 0x0
#| 0x1                -> 0    0x1                0x0 0x0
#| 0x8000000000000000 -> 0    0x0                0x0 0x0
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x0 0x0
#| 0x123456789abcdef  -> 0    0xffffffff89abcdef 0x0 0x0
    rolw zero, a1, a1
    rolw a2, a1, zero
    rolw a3, zero, a1
    rolw a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x3b2a1908
#: expect s3 = 0xffffffff80000000
#: expect s4 = 0x76543210
#: expect s5 = 0x40000000
    li t0, 0xfedcba9876543210
    li t1, 0x1f
    rolw s2, t0, t1
    li t0, 0x1
    li t1, 0x3f
    rolw s3, t0, t1
    li t0, 0xfedcba9876543210
    li t1, 0x40
    rolw s4, t0, t1
    li t0, 0x80000000
    li t1, 0x1f
    rolw s5, t0, t1
    exit
