# sh2add.uw rd, rs1, rs2: rd = rs2 + (low word of rs1, zero-extended, << 2).

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0x1
#| 0x1                0x0                -> 0x4
#| 0x1                0x1                -> 0x5
#| 0xffffffffffffffff 0x1                -> 0x3fffffffd
#| 0x1                0xffffffffffffffff -> 0x3
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x3fffffffb
#| 0x7fffffffffffffff 0x1                -> 0x3fffffffd
#| 0x8000000000000000 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x7fffffffffffffff
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x80000003fffffffb
#| 0x7fffffff         0x1                -> 0x1fffffffd
#| 0x80000000         0x80000000         -> 0x280000000
#| 0xffffffff         0xffffffff         -> 0x4fffffffb
#| 0xffffffff80000000 0xffffffffffffffff -> 0x1ffffffff
#| 0x123456789abcdef  0xfedcba9876543210 -> 0xfedcba9a9d0369cc
#| 0x100000000        0x3                -> 0x3
#| 0xfedcba9876543210 0x100000007        -> 0x2d950c847
    sh2add.uw a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x5                0x1
#| 0x7fffffffffffffff 0x1                -> 0x3fffffffd        0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x1fffffffd        0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0x1ffffffff        0xffffffffffffffff
    sh2add.uw a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x5
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0x3fffffffd
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x7fffffff         0x1fffffffd
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0x1ffffffff
    sh2add.uw a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x5
#| 0x8000000000000000 -> 0x8000000000000000
#| 0xffffffffffffffff -> 0x3fffffffb
#| 0x123456789abcdef  -> 0x1234569b05b05ab
    sh2add.uw a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2          a3                 a4
#| 0x0                -> 0    0x0         0x0                0x0
#| 0x1                -> 0    0x4         0x1                0x0
#| 0x8000000000000000 -> 0    0x0         0x8000000000000000 0x0
#| 0xffffffffffffffff -> 0    0x3fffffffc 0xffffffffffffffff 0x0
#| 0x123456789abcdef  -> 0    0x226af37bc 0x123456789abcdef  0x0
    sh2add.uw zero, a1, a1
    sh2add.uw a2, a1, zero
    sh2add.uw a3, zero, a1
    sh2add.uw a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x5
#: expect s3 = 0x3fffffffd
#: expect s4 = 0x8000000000000000
#: expect s5 = 0x1fffffffd
    li t0, 0x1
    li t1, 0x1
    sh2add.uw s2, t0, t1
    li t0, 0x7fffffffffffffff
    li t1, 0x1
    sh2add.uw s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0x8000000000000000
    sh2add.uw s4, t0, t1
    li t0, 0x7fffffff
    li t1, 0x1
    sh2add.uw s5, t0, t1
    exit
