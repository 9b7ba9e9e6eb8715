# sh2add rd, rs1, rs2: rd = rs2 + (rs1 << 2).

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0x1
#| 0x1                0x0                -> 0x4
#| 0x1                0x1                -> 0x5
#| 0xffffffffffffffff 0x1                -> 0xfffffffffffffffd
#| 0x1                0xffffffffffffffff -> 0x3
#| 0xffffffffffffffff 0xffffffffffffffff -> 0xfffffffffffffffb
#| 0x7fffffffffffffff 0x1                -> 0xfffffffffffffffd
#| 0x8000000000000000 0xffffffffffffffff -> 0xffffffffffffffff
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x7fffffffffffffff
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x7ffffffffffffffb
#| 0x7fffffff         0x1                -> 0x1fffffffd
#| 0x80000000         0x80000000         -> 0x280000000
#| 0xffffffff         0xffffffff         -> 0x4fffffffb
#| 0xffffffff80000000 0xffffffffffffffff -> 0xfffffffdffffffff
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x369d0369d0369cc
#| 0x100000000        0x3                -> 0x400000003
#| 0xfedcba9876543210 0x100000007        -> 0xfb72ea62d950c847
    sh2add a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x5                0x1
#| 0x7fffffffffffffff 0x1                -> 0xfffffffffffffffd 0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x1fffffffd        0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0xfffffffdffffffff 0xffffffffffffffff
    sh2add a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x5
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0xfffffffffffffffd
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x7fffffff         0x1fffffffd
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0xfffffffdffffffff
    sh2add a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x5
#| 0x8000000000000000 -> 0x8000000000000000
#| 0xffffffffffffffff -> 0xfffffffffffffffb
#| 0x123456789abcdef  -> 0x5b05b05b05b05ab
    sh2add a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3                 a4
#| 0x0                -> 0    0x0                0x0                0x0
#| 0x1                -> 0    0x4                0x1                0x0
#| 0x8000000000000000 -> 0    0x0                0x8000000000000000 0x0
#| 0xffffffffffffffff -> 0    0xfffffffffffffffc 0xffffffffffffffff 0x0
#| 0x123456789abcdef  -> 0    0x48d159e26af37bc  0x123456789abcdef  0x0
    sh2add zero, a1, a1
    sh2add a2, a1, zero
    sh2add a3, zero, a1
    sh2add a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x5
#: expect s3 = 0xfffffffffffffffd
#: expect s4 = 0x8000000000000000
#: expect s5 = 0x1fffffffd
    li t0, 0x1
    li t1, 0x1
    sh2add s2, t0, t1
    li t0, 0x7fffffffffffffff
    li t1, 0x1
    sh2add s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0x8000000000000000
    sh2add s4, t0, t1
    li t0, 0x7fffffff
    li t1, 0x1
    sh2add s5, t0, t1
    exit
