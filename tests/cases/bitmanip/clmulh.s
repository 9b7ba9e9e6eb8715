# clmulh rd, rs1, rs2: rd = bits 127..64 of the carry-less product.

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0x0
#| 0x1                0x0                -> 0x0
#| 0x1                0x1                -> 0x0
#| 0xffffffffffffffff 0x1                -> 0x0
#| 0x1                0xffffffffffffffff -> 0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x5555555555555555
#| 0x7fffffffffffffff 0x1                -> 0x0
#| 0x8000000000000000 0xffffffffffffffff -> 0x7fffffffffffffff
#| 0x8000000000000000 0x8000000000000000 -> 0x4000000000000000
#| 0x8000000000000000 0x7fffffffffffffff -> 0x3fffffffffffffff
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x1555555555555555
#| 0x7fffffff         0x1                -> 0x0
#| 0x80000000         0x80000000         -> 0x0
#| 0xffffffff         0xffffffff         -> 0x0
#| 0xffffffff80000000 0xffffffffffffffff -> 0x555555557fffffff
#| 0x123456789abcdef  0xfedcba9876543210 -> 0xe038d8688850b0
#| 0x100000000        0x3                -> 0x0
#| 0xfedcba9876543210 0x100000007        -> 0xfedcba9a
    clmulh a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x0                0x1
#| 0x7fffffffffffffff 0x1                -> 0x0                0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x4000000000000000 0x8000000000000000
#| 0x7fffffff         0x1                -> 0x0                0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0x555555557fffffff 0xffffffffffffffff
    clmulh a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x0
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0x0
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x4000000000000000
#| 0x7fffffff         0x1                -> 0x7fffffff         0x0
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0x555555557fffffff
    clmulh a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x0
#| 0x8000000000000000 -> 0x4000000000000000
#| 0xffffffffffffffff -> 0x5555555555555555
#| 0x123456789abcdef  -> 0x1040510111415
    clmulh a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2  a3  a4
#| 0x0                -> 0    0x0 0x0 0x0
#| 0x1                -> 0    0x0 0x0 0x0
#| 0x8000000000000000 -> 0    0x0 0x0 0x0
#| 0xffffffffffffffff -> 0    0x0 0x0 0x0
#| 0x123456789abcdef  -> 0    0x0 0x0 0x0
    clmulh zero, a1, a1
    clmulh a2, a1, zero
    clmulh a3, zero, a1
    clmulh a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0x0
#: expect s4 = 0x4000000000000000
#: expect s5 = 0x0
    li t0, 0x1
    li t1, 0x1
    clmulh s2, t0, t1
    li t0, 0x7fffffffffffffff
    li t1, 0x1
    clmulh s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0x8000000000000000
    clmulh s4, t0, t1
    li t0, 0x7fffffff
    li t1, 0x1
    clmulh s5, t0, t1
    exit
