# sra rd, rs1, rs2: rd = rs1 >> (rs2 mod 64), copies of the sign from the left.

#: case values
#| a1                 a2                 -> a0
#| 0x123456789abcdef  0x0                -> 0x123456789abcdef
#| 0x123456789abcdef  0x1                -> 0x91a2b3c4d5e6f7
#| 0xfedcba9876543210 0x1                -> 0xff6e5d4c3b2a1908
#| 0xfedcba9876543210 0x1f               -> 0xfffffffffdb97530
#| 0xfedcba9876543210 0x20               -> 0xfffffffffedcba98
#| 0x123456789abcdef  0x21               -> 0x91a2b3
#| 0xfedcba9876543210 0x3f               -> 0xffffffffffffffff
#| 0x1                0x3f               -> 0x0
#| 0x8000000000000000 0x3f               -> 0xffffffffffffffff
#| 0xfedcba9876543210 0x40               -> 0xfedcba9876543210
#| 0x123456789abcdef  0x41               -> 0x91a2b3c4d5e6f7
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x80000000         0x1f               -> 0x1
#| 0x80000000         0x4                -> 0x8000000
#| 0x7fffffff         0x1                -> 0x3fffffff
#| 0xffffffff80000001 0x100000020        -> 0xffffffffffffffff
    sra a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xfffffffffdb97530 0x1f
#| 0x1                0x3f        -> 0x0                0x3f
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0x40
#| 0x80000000         0x1f        -> 0x1                0x1f
#| 0xffffffff80000001 0x100000020 -> 0xffffffffffffffff 0x100000020
    sra a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xfedcba9876543210 0xfffffffffdb97530
#| 0x1                0x3f        -> 0x1                0x0
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0xfedcba9876543210
#| 0x80000000         0x1f        -> 0x80000000         0x1
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0xffffffffffffffff
    sra a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x0
#| 0x8000000000000000 -> 0x8000000000000000
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x123456789abcdef  -> 0x246
    sra a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3  a4
#| 0x0                -> 0    0x0                0x0 0x0
#| 0x1                -> 0    0x1                0x0 0x0
#| 0x8000000000000000 -> 0    0x8000000000000000 0x0 0x0
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x0 0x0
#| 0x123456789abcdef  -> 0    0x123456789abcdef  0x0 0x0
    sra zero, a1, a1
    sra a2, a1, zero
    sra a3, zero, a1
    sra a4, zero, zero
    exit

#: case constants
#: expect s2 = 0xfffffffffdb97530
#: expect s3 = 0x0
#: expect s4 = 0xfedcba9876543210
#: expect s5 = 0x1
    li t0, 0xfedcba9876543210
    li t1, 0x1f
    sra s2, t0, t1
    li t0, 0x1
    li t1, 0x3f
    sra s3, t0, t1
    li t0, 0xfedcba9876543210
    li t1, 0x40
    sra s4, t0, t1
    li t0, 0x80000000
    li t1, 0x1f
    sra s5, t0, t1
    exit
