# sub rd, rs1, rs2: rd = rs1 - rs2, low 64 bits.

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0xffffffffffffffff
#| 0x1                0x0                -> 0x1
#| 0x1                0x1                -> 0x0
#| 0xffffffffffffffff 0x1                -> 0xfffffffffffffffe
#| 0x1                0xffffffffffffffff -> 0x2
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x0
#| 0x7fffffffffffffff 0x1                -> 0x7ffffffffffffffe
#| 0x8000000000000000 0xffffffffffffffff -> 0x8000000000000001
#| 0x8000000000000000 0x8000000000000000 -> 0x0
#| 0x8000000000000000 0x7fffffffffffffff -> 0x1
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x0
#| 0x7fffffff         0x1                -> 0x7ffffffe
#| 0x80000000         0x80000000         -> 0x0
#| 0xffffffff         0xffffffff         -> 0x0
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000001
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x2468acf13579bdf
#| 0x100000000        0x3                -> 0xfffffffd
#| 0xfedcba9876543210 0x100000007        -> 0xfedcba9776543209
    sub a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x0                0x1
#| 0x7fffffffffffffff 0x1                -> 0x7ffffffffffffffe 0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x0                0x8000000000000000
#| 0x7fffffff         0x1                -> 0x7ffffffe         0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000001 0xffffffffffffffff
    sub a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x0
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0x7ffffffffffffffe
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x0
#| 0x7fffffff         0x1                -> 0x7fffffff         0x7ffffffe
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0xffffffff80000001
    sub a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x0
#| 0x8000000000000000 -> 0x0
#| 0xffffffffffffffff -> 0x0
#| 0x123456789abcdef  -> 0x0
    sub a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3                 a4
#| 0x0                -> 0    0x0                0x0                0x0
#| 0x1                -> 0    0x1                0xffffffffffffffff 0x0
#| 0x8000000000000000 -> 0    0x8000000000000000 0x8000000000000000 0x0
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x1                0x0
#| 0x123456789abcdef  -> 0    0x123456789abcdef  0xfedcba9876543211 0x0
    sub zero, a1, a1
    sub a2, a1, zero
    sub a3, zero, a1
    sub a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0x7ffffffffffffffe
#: expect s4 = 0x0
#: expect s5 = 0x7ffffffe
    li t0, 0x1
    li t1, 0x1
    sub s2, t0, t1
    li t0, 0x7fffffffffffffff
    li t1, 0x1
    sub s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0x8000000000000000
    sub s4, t0, t1
    li t0, 0x7fffffff
    li t1, 0x1
    sub s5, t0, t1
    exit
