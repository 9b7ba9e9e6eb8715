# rol rd, rs1, rs2: rd = rs1 rotated left by rs2 mod 64.

#: case values
#| a1                 a2                 -> a0
#| 0x123456789abcdef  0x0                -> 0x123456789abcdef
#| 0x123456789abcdef  0x1                -> 0x2468acf13579bde
#| 0xfedcba9876543210 0x1                -> 0xfdb97530eca86421
#| 0xfedcba9876543210 0x1f               -> 0x3b2a19087f6e5d4c
#| 0xfedcba9876543210 0x20               -> 0x76543210fedcba98
#| 0x123456789abcdef  0x21               -> 0x13579bde02468acf
#| 0xfedcba9876543210 0x3f               -> 0x7f6e5d4c3b2a1908
#| 0x1                0x3f               -> 0x8000000000000000
#| 0x8000000000000000 0x3f               -> 0x4000000000000000
#| 0xfedcba9876543210 0x40               -> 0xfedcba9876543210
#| 0x123456789abcdef  0x41               -> 0x2468acf13579bde
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x80000000         0x1f               -> 0x4000000000000000
#| 0x80000000         0x4                -> 0x800000000
#| 0x7fffffff         0x1                -> 0xfffffffe
#| 0xffffffff80000001 0x100000020        -> 0x80000001ffffffff
    rol a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0x3b2a19087f6e5d4c 0x1f
#| 0x1                0x3f        -> 0x8000000000000000 0x3f
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0x40
#| 0x80000000         0x1f        -> 0x4000000000000000 0x1f
#| 0xffffffff80000001 0x100000020 -> 0x80000001ffffffff 0x100000020
    rol a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xfedcba9876543210 0x3b2a19087f6e5d4c
#| 0x1                0x3f        -> 0x1                0x8000000000000000
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0xfedcba9876543210
#| 0x80000000         0x1f        -> 0x80000000         0x4000000000000000
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0x80000001ffffffff
    rol a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x2
#| 0x8000000000000000 -> 0x8000000000000000
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x123456789abcdef  -> 0xe6f78091a2b3c4d5
    rol a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3  a4
#| 0x0                -> 0    0x0                0x0 0x0
#| 0x1                -> 0    0x1                0x0 0x0
#| 0x8000000000000000 -> 0    0x8000000000000000 0x0 0x0
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x0 0x0
#| 0x123456789abcdef  -> 0    0x123456789abcdef  0x0 0x0
    rol zero, a1, a1
    rol a2, a1, zero
    rol a3, zero, a1
    rol a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x3b2a19087f6e5d4c
#: expect s3 = 0x8000000000000000
#: expect s4 = 0xfedcba9876543210
#: expect s5 = 0x4000000000000000
    li t0, 0xfedcba9876543210
    li t1, 0x1f
    rol s2, t0, t1
    li t0, 0x1
    li t1, 0x3f
    rol s3, t0, t1
    li t0, 0xfedcba9876543210
    li t1, 0x40
    rol s4, t0, t1
    li t0, 0x80000000
    li t1, 0x1f
    rol s5, t0, t1
    exit
