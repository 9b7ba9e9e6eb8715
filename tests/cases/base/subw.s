# subw rd, rs1, rs2: rd = low word of rs1 - rs2, sign-extended.

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0xffffffffffffffff
#| 0x1                0x0                -> 0x1
#| 0x1                0x1                -> 0x0
#| 0xffffffffffffffff 0x1                -> 0xfffffffffffffffe
#| 0x1                0xffffffffffffffff -> 0x2
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x0
#| 0x7fffffffffffffff 0x1                -> 0xfffffffffffffffe
#| 0x8000000000000000 0xffffffffffffffff -> 0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x0
#| 0x8000000000000000 0x7fffffffffffffff -> 0x1
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x0
#| 0x7fffffff         0x1                -> 0x7ffffffe
#| 0x80000000         0x80000000         -> 0x0
#| 0xffffffff         0xffffffff         -> 0x0
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000001
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x13579bdf
#| 0x100000000        0x3                -> 0xfffffffffffffffd
#| 0xfedcba9876543210 0x100000007        -> 0x76543209
    subw a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x0                0x1
#| 0x7fffffffffffffff 0x1                -> 0xfffffffffffffffe 0x1
#| 0x8000000000000000 0x8000000000000000 -> 0x0                0x8000000000000000
#| 0x7fffffff         0x1                -> 0x7ffffffe         0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000001 0xffffffffffffffff
    subw a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x1                0x1                -> 0x1                0x0
#| 0x7fffffffffffffff 0x1                -> 0x7fffffffffffffff 0xfffffffffffffffe
#| 0x8000000000000000 0x8000000000000000 -> 0x8000000000000000 0x0
#| 0x7fffffff         0x1                -> 0x7fffffff         0x7ffffffe
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0xffffffff80000001
    subw a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x0
#| 0x8000000000000000 -> 0x0
#| 0xffffffffffffffff -> 0x0
#| 0x123456789abcdef  -> 0x0
    subw a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3                 a4
#| 0x0                -> 0    0x0                0x0                0x0
#| 0x1                -> 0    0x1                0xffffffffffffffff 0x0
#| 0x8000000000000000 -> 0    0x0                0x0                0x0
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x1                0x0
#| 0x123456789abcdef  -> 0    0xffffffff89abcdef 0x76543211         0x0
    subw zero, a1, a1
    subw a2, a1, zero
    subw a3, zero, a1
    subw a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0xfffffffffffffffe
#: expect s4 = 0x0
#: expect s5 = 0x7ffffffe
    li t0, 0x1
    li t1, 0x1
    subw s2, t0, t1
    li t0, 0x7fffffffffffffff
    li t1, 0x1
    subw s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0x8000000000000000
    subw s4, t0, t1
    li t0, 0x7fffffff
    li t1, 0x1
    subw s5, t0, t1
    exit
