# binv rd, rs1, rs2: rd = rs1 with bit rs2 mod 64 inverted.

#: case values
#| a1                 a2                 -> a0
#| 0x123456789abcdef  0x0                -> 0x123456789abcdee
#| 0x123456789abcdef  0x1                -> 0x123456789abcded
#| 0xfedcba9876543210 0x1                -> 0xfedcba9876543212
#| 0xfedcba9876543210 0x1f               -> 0xfedcba98f6543210
#| 0xfedcba9876543210 0x20               -> 0xfedcba9976543210
#| 0x123456789abcdef  0x21               -> 0x123456589abcdef
#| 0xfedcba9876543210 0x3f               -> 0x7edcba9876543210
#| 0x1                0x3f               -> 0x8000000000000001
#| 0x8000000000000000 0x3f               -> 0x0
#| 0xfedcba9876543210 0x40               -> 0xfedcba9876543211
#| 0x123456789abcdef  0x41               -> 0x123456789abcded
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x7fffffffffffffff
#| 0x80000000         0x1f               -> 0x0
#| 0x80000000         0x4                -> 0x80000010
#| 0x7fffffff         0x1                -> 0x7ffffffd
#| 0xffffffff80000001 0x100000020        -> 0xfffffffe80000001
    binv a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xfedcba98f6543210 0x1f
#| 0x1                0x3f        -> 0x8000000000000001 0x3f
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543211 0x40
#| 0x80000000         0x1f        -> 0x0                0x1f
#| 0xffffffff80000001 0x100000020 -> 0xfffffffe80000001 0x100000020
    binv a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xfedcba9876543210 0xfedcba98f6543210
#| 0x1                0x3f        -> 0x1                0x8000000000000001
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0xfedcba9876543211
#| 0x80000000         0x1f        -> 0x80000000         0x0
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0xfffffffe80000001
    binv a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x1
#| 0x1                -> 0x3
#| 0x8000000000000000 -> 0x8000000000000001
#| 0xffffffffffffffff -> 0x7fffffffffffffff
#| 0x123456789abcdef  -> 0x123c56789abcdef
    binv a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3                 a4
#| 0x0                -> 0    0x1                0x1                0x1
#| 0x1                -> 0    0x0                0x2                0x1
#| 0x8000000000000000 -> 0    0x8000000000000001 0x1                0x1
#| 0xffffffffffffffff -> 0    0xfffffffffffffffe 0x8000000000000000 0x1
#| 0x123456789abcdef  -> 0    0x123456789abcdee  0x800000000000     0x1
    binv zero, a1, a1
    binv a2, a1, zero
    binv a3, zero, a1
    binv a4, zero, zero
    exit

#: case constants
#: expect s2 = 0xfedcba98f6543210
#: expect s3 = 0x8000000000000001
#: expect s4 = 0xfedcba9876543211
#: expect s5 = 0x0
    li t0, 0xfedcba9876543210
    li t1, 0x1f
    binv s2, t0, t1
    li t0, 0x1
    li t1, 0x3f
    binv s3, t0, t1
    li t0, 0xfedcba9876543210
    li t1, 0x40
    binv s4, t0, t1
    li t0, 0x80000000
    li t1, 0x1f
    binv s5, t0, t1
    exit
