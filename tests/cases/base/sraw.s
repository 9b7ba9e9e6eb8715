# sraw rd, rs1, rs2: rd = low word of rs1 >> (rs2 mod 32), copies of its sign from the left.

#: case values
#| a1                 a2                 -> a0
#| 0x123456789abcdef  0x0                -> 0xffffffff89abcdef
#| 0x123456789abcdef  0x1                -> 0xffffffffc4d5e6f7
#| 0xfedcba9876543210 0x1                -> 0x3b2a1908
#| 0xfedcba9876543210 0x1f               -> 0x0
#| 0xfedcba9876543210 0x20               -> 0x76543210
#| 0x123456789abcdef  0x21               -> 0xffffffffc4d5e6f7
#| 0xfedcba9876543210 0x3f               -> 0x0
#| 0x1                0x3f               -> 0x0
#| 0x8000000000000000 0x3f               -> 0x0
#| 0xfedcba9876543210 0x40               -> 0x76543210
#| 0x123456789abcdef  0x41               -> 0xffffffffc4d5e6f7
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x80000000         0x1f               -> 0xffffffffffffffff
#| 0x80000000         0x4                -> 0xfffffffff8000000
#| 0x7fffffff         0x1                -> 0x3fffffff
#| 0xffffffff80000001 0x100000020        -> 0xffffffff80000001
    sraw a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0x0                0x1f
#| 0x1                0x3f        -> 0x0                0x3f
#| 0xfedcba9876543210 0x40        -> 0x76543210         0x40
#| 0x80000000         0x1f        -> 0xffffffffffffffff 0x1f
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0x100000020
    sraw a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2          -> a1                 a2
#| 0xfedcba9876543210 0x1f        -> 0xfedcba9876543210 0x0
#| 0x1                0x3f        -> 0x1                0x0
#| 0xfedcba9876543210 0x40        -> 0xfedcba9876543210 0x76543210
#| 0x80000000         0x1f        -> 0x80000000         0xffffffffffffffff
#| 0xffffffff80000001 0x100000020 -> 0xffffffff80000001 0xffffffff80000001
    sraw a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x0
#| 0x8000000000000000 -> 0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x123456789abcdef  -> 0xffffffffffff1357
    sraw a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3  a4
#| 0x0                -> 0    0x0                0x0 0x0
#| 0x1                -> 0    0x1                0x0 0x0
#| 0x8000000000000000 -> 0    0x0                0x0 0x0
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x0 0x0
#| 0x123456789abcdef  -> 0    0xffffffff89abcdef 0x0 0x0
    sraw zero, a1, a1
    sraw a2, a1, zero
    sraw a3, zero, a1
    sraw a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0x0
#: expect s4 = 0x76543210
#: expect s5 = 0xffffffffffffffff
    li t0, 0xfedcba9876543210
    li t1, 0x1f
    sraw s2, t0, t1
    li t0, 0x1
    li t1, 0x3f
    sraw s3, t0, t1
    li t0, 0xfedcba9876543210
    li t1, 0x40
    sraw s4, t0, t1
    li t0, 0x80000000
    li t1, 0x1f
    sraw s5, t0, t1
    exit
