# mul rd, rs1, rs2: rd = low 64 bits of rs1 * rs2.

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0x0
#| 0x1                0x0                -> 0x0
#| 0x1                0x1                -> 0x1
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff
#| 0x1                0xffffffffffffffff -> 0xffffffffffffffff
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x1
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff
#| 0x8000000000000000 0xffffffffffffffff -> 0x8000000000000000
#| 0x8000000000000000 0x8000000000000000 -> 0x0
#| 0x8000000000000000 0x7fffffffffffffff -> 0x8000000000000000
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x1
#| 0x7fffffff         0x1                -> 0x7fffffff
#| 0x80000000         0x80000000         -> 0x4000000000000000
#| 0xffffffff         0xffffffff         -> 0xfffffffe00000001
#| 0xffffffff80000000 0xffffffffffffffff -> 0x80000000
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x2236d88fe5618cf0
#| 0x100000000        0x3                -> 0x300000000
#| 0xfedcba9876543210 0x100000007        -> 0x6e5d4c3b3c4d5e70
    mul a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x1
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x0                0x8000000000000000
#| 0x7fffffff         0x1                -> 0x7fffffff         0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0x80000000         0xffffffffffffffff
    mul a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x1
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0x7fffffffffffffff
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x0
#| 0x7fffffff         0x1                -> 0x7fffffff         0x7fffffff
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0x80000000
    mul a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x1
#| 0x8000000000000000 -> 0x0
#| 0xffffffffffffffff -> 0x1
#| 0x123456789abcdef  -> 0xdca5e20890f2a521
    mul a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2  a3  a4
#| 0x0                -> 0    0x0 0x0 0x0
#| 0x1                -> 0    0x0 0x0 0x0
#| 0x8000000000000000 -> 0    0x0 0x0 0x0
#| 0xffffffffffffffff -> 0    0x0 0x0 0x0
#| 0x123456789abcdef  -> 0    0x0 0x0 0x0
    mul zero, a1, a1
    mul a2, a1, zero
    mul a3, zero, a1
    mul a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x1
#: expect s3 = 0x7fffffffffffffff
#: expect s4 = 0x0
#: expect s5 = 0x7fffffff
    li t0, 0x1
    li t1, 0x1
    mul s2, t0, t1
    li t0, 0x7fffffffffffffff
    li t1, 0x1
    mul s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0x8000000000000000
    mul s4, t0, t1
    li t0, 0x7fffffff
    li t1, 0x1
    mul s5, t0, t1
    exit
