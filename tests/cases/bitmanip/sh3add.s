# sh3add rd, rs1, rs2: rd = rs2 + (rs1 << 3).

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0x1
#| 0x1                0x0                -> 0x8
#| 0x1                0x1                -> 0x9
#| 0xffffffffffffffff 0x1                -> 0xfffffffffffffff9
#| 0x1                0xffffffffffffffff -> 0x7
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffff7
#| 0x7fffffffffffffff 0x1                -> 0xfffffffffffffff9
#| 0x8000000000000000 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x7fffffffffffffff
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x7ffffffffffffff7
#| 0x7fffffff         0x1                -> 0x3fffffff9
#| 0x80000000         0x80000000         -> 0x480000000
#| 0xffffffff         0xffffffff         -> 0x8fffffff7
#| 0xffffffff80000000 0xffffffffffffffff -> 0xfffffffbffffffff
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x7f6e5d4c3b2a188
#| 0x100000000        0x3                -> 0x800000003
#| 0xfedcba9876543210 0x100000007        -> 0xf6e5d4c4b2a19087
    sh3add a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x9                0x1
#| 0x7fffffffffffffff 0x1                -> 0xfffffffffffffff9 0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x3fffffff9        0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0xfffffffbffffffff 0xffffffffffffffff
    sh3add a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x9
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0xfffffffffffffff9
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x7fffffff         0x3fffffff9
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0xfffffffbffffffff
    sh3add a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x9
#| 0x8000000000000000 -> 0x8000000000000000
#| 0xffffffffffffffff -> 0xfffffffffffffff7
#| 0x123456789abcdef  -> 0xa3d70a3d70a3d67
    sh3add a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3                 a4
#| 0x0                -> 0    0x0                0x0                0x0
#| 0x1                -> 0    0x8                0x1                0x0
#| 0x8000000000000000 -> 0    0x0                0x8000000000000000 0x0
#| 0xffffffffffffffff -> 0    0xfffffffffffffff8 0xffffffffffffffff 0x0
#| 0x123456789abcdef  -> 0    0x91a2b3c4d5e6f78  0x123456789abcdef  0x0
    sh3add zero, a1, a1
    sh3add a2, a1, zero
    sh3add a3, zero, a1
    sh3add a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x9
#: expect s3 = 0xfffffffffffffff9
#: expect s4 = 0x8000000000000000
#: expect s5 = 0x3fffffff9
    li t0, 0x1
    li t1, 0x1
    sh3add s2, t0, t1
    li t0, 0x7fffffffffffffff
    li t1, 0x1
    sh3add s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0x8000000000000000
    sh3add s4, t0, t1
    li t0, 0x7fffffff
    li t1, 0x1
    sh3add s5, t0, t1
    exit
