# ror rd, rs1, rs2: rd = rs1 rotated right by rs2 mod 64.

#: case values
#| a1                 a2                 -> a0
#| 0x123456789abcdef  0x0                -> 0x123456789abcdef
#| 0x123456789abcdef  0x1                -> 0x8091a2b3c4d5e6f7
#| 0xfedcba9876543210 0x1                -> 0x7f6e5d4c3b2a1908
#| 0xfedcba9876543210 0x1f               -> 0xeca86421fdb97530
#| 0xfedcba9876543210 0x20               -> 0x76543210fedcba98
#| 0x123456789abcdef  0x21               -> 0xc4d5e6f78091a2b3
#| 0xfedcba9876543210 0x3f               -> 0xfdb97530eca86421
#| 0x1                0x3f               -> 0x2
#| 0x8000000000000000 0x3f               -> 0x1
#| 0xfedcba9876543210 0x40               -> 0xfedcba9876543210
#| 0x123456789abcdef  0x41               -> 0x8091a2b3c4d5e6f7
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x80000000         0x1f               -> 0x1
#| 0x80000000         0x4                -> 0x8000000
#| 0x7fffffff         0x1                -> 0x800000003fffffff
#| 0xffffffff80000001 0x100000020        -> 0x80000001ffffffff
    ror a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xeca86421fdb97530 0x1f
#| 0x1                0x3f        -> 0x2                0x3f
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0x40
#| 0x80000000         0x1f        -> 0x1                0x1f
#| 0xffffffff80000001 0x100000020 -> 0x80000001ffffffff 0x100000020
    ror a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xfedcba9876543210 0xeca86421fdb97530
#| 0x1                0x3f        -> 0x1                0x2
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0xfedcba9876543210
#| 0x80000000         0x1f        -> 0x80000000         0x1
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0x80000001ffffffff
    ror a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x8000000000000000
#| 0x8000000000000000 -> 0x8000000000000000
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x123456789abcdef  -> 0x8acf13579bde0246
    ror a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3  a4
#| 0x0                -> 0    0x0                0x0 0x0
#| 0x1                -> 0    0x1                0x0 0x0
#| 0x8000000000000000 -> 0    0x8000000000000000 0x0 0x0
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x0 0x0
#| 0x123456789abcdef  -> 0    0x123456789abcdef  0x0 0x0
    ror zero, a1, a1
    ror a2, a1, zero
    ror a3, zero, a1
    ror a4, zero, zero
    exit

#: case constants
#: expect s2 = 0xeca86421fdb97530
#: expect s3 = 0x2
#: expect s4 = 0xfedcba9876543210
#: expect s5 = 0x1
    li t0, 0xfedcba9876543210
    li t1, 0x1f
    ror s2, t0, t1
    li t0, 0x1
    li t1, 0x3f
    ror s3, t0, t1
    li t0, 0xfedcba9876543210
    li t1, 0x40
    ror s4, t0, t1
    li t0, 0x80000000
    li t1, 0x1f
    ror s5, t0, t1
    exit
