# sh1add rd, rs1, rs2: rd = rs2 + (rs1 << 1).

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0x1
#| 0x1                0x0                -> 0x2
#| 0x1                0x1                -> 0x3
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff
#| 0x1                0xffffffffffffffff -> 0x1
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffd
#| 0x7fffffffffffffff 0x1                -> 0xffffffffffffffff
#| 0x8000000000000000 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x7fffffffffffffff
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x7ffffffffffffffd
#| 0x7fffffff         0x1                -> 0xffffffff
#| 0x80000000         0x80000000         -> 0x180000000
#| 0xffffffff         0xffffffff         -> 0x2fffffffd
#| 0xffffffff80000000 0xffffffffffffffff -> 0xfffffffeffffffff
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x123456789abcdee
#| 0x100000000        0x3                -> 0x200000003
#| 0xfedcba9876543210 0x100000007        -> 0xfdb97531eca86427
    sh1add a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x3                0x1
#| 0x7fffffffffffffff 0x1                -> 0xffffffffffffffff 0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0xffffffff         0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0xfffffffeffffffff 0xffffffffffffffff
    sh1add a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x3
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x7fffffff         0xffffffff
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0xfffffffeffffffff
    sh1add a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x3
#| 0x8000000000000000 -> 0x8000000000000000
#| 0xffffffffffffffff -> 0xfffffffffffffffd
#| 0x123456789abcdef  -> 0x369d0369d0369cd
    sh1add a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3                 a4
#| 0x0                -> 0    0x0                0x0                0x0
#| 0x1                -> 0    0x2                0x1                0x0
#| 0x8000000000000000 -> 0    0x0                0x8000000000000000 0x0
#| 0xffffffffffffffff -> 0    0xfffffffffffffffe 0xffffffffffffffff 0x0
#| 0x123456789abcdef  -> 0    0x2468acf13579bde  0x123456789abcdef  0x0
    sh1add zero, a1, a1
    sh1add a2, a1, zero
    sh1add a3, zero, a1
    sh1add a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x3
#: expect s3 = 0xffffffffffffffff
#: expect s4 = 0x8000000000000000
#: expect s5 = 0xffffffff
    li t0, 0x1
    li t1, 0x1
    sh1add s2, t0, t1
    li t0, 0x7fffffffffffffff
    li t1, 0x1
    sh1add s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0x8000000000000000
    sh1add s4, t0, t1
    li t0, 0x7fffffff
    li t1, 0x1
    sh1add s5, t0, t1
    exit
