# sh3add.uw rd, rs1, rs2: rd = rs2 + (low word of rs1, zero-extended, << 3).

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0x1
#| 0x1                0x0                -> 0x8
#| 0x1                0x1                -> 0x9
#| 0xffffffffffffffff 0x1                -> 0x7fffffff9
#| 0x1                0xffffffffffffffff -> 0x7
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x7fffffff7
#| 0x7fffffffffffffff 0x1                -> 0x7fffffff9
#| 0x8000000000000000 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x7fffffffffffffff
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x80000007fffffff7
#| 0x7fffffff         0x1                -> 0x3fffffff9
#| 0x80000000         0x80000000         -> 0x480000000
#| 0xffffffff         0xffffffff         -> 0x8fffffff7
#| 0xffffffff80000000 0xffffffffffffffff -> 0x3ffffffff
#| 0x123456789abcdef  0xfedcba9876543210 -> 0xfedcba9cc3b2a188
#| 0x100000000        0x3                -> 0x3
#| 0xfedcba9876543210 0x100000007        -> 0x4b2a19087
    sh3add.uw a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x9                0x1
#| 0x7fffffffffffffff 0x1                -> 0x7fffffff9        0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x3fffffff9        0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0x3ffffffff        0xffffffffffffffff
    sh3add.uw a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x9
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0x7fffffff9
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x7fffffff         0x3fffffff9
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0x3ffffffff
    sh3add.uw a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x9
#| 0x8000000000000000 -> 0x8000000000000000
#| 0xffffffffffffffff -> 0x7fffffff7
#| 0x123456789abcdef  -> 0x123456bd70a3d67
    sh3add.uw a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2          a3                 a4
#| 0x0                -> 0    0x0         0x0                0x0
#| 0x1                -> 0    0x8         0x1                0x0
#| 0x8000000000000000 -> 0    0x0         0x8000000000000000 0x0
#| 0xffffffffffffffff -> 0    0x7fffffff8 0xffffffffffffffff 0x0
#| 0x123456789abcdef  -> 0    0x44d5e6f78 0x123456789abcdef  0x0
    sh3add.uw zero, a1, a1
    sh3add.uw a2, a1, zero
    sh3add.uw a3, zero, a1
    sh3add.uw a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x9
#: expect s3 = 0x7fffffff9
#: expect s4 = 0x8000000000000000
#: expect s5 = 0x3fffffff9
    li t0, 0x1
    li t1, 0x1
    sh3add.uw s2, t0, t1
    li t0, 0x7fffffffffffffff
    li t1, 0x1
    sh3add.uw s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0x8000000000000000
    sh3add.uw s4, t0, t1
    li t0, 0x7fffffff
    li t1, 0x1
    sh3add.uw s5, t0, t1
    exit
