# divuw rd, rs1, rs2: rd = low word of rs1 / low word of rs2, unsigned, sign-extended; by zero: all ones.

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0xffffffffffffffff
#| 0x0                0x1                -> 0x0
#| 0x1                0x0                -> 0xffffffffffffffff
#| 0x1                0x1                -> 0x1
#| 0xffffffffffffffff 0x1                -> 0xffffffffffffffff
#| 0x1                0xffffffffffffffff -> 0x0
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x1
#| 0x7fffffffffffffff 0x1                -> 0xffffffffffffffff
#| 0x8000000000000000 0xffffffffffffffff -> 0x0
#| 0x8000000000000000 0x8000000000000000 -> 0xffffffffffffffff
#| 0x8000000000000000 0x7fffffffffffffff -> 0x0
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x1
#| 0x7fffffff         0x1                -> 0x7fffffff
#| 0x80000000         0x80000000         -> 0x1
#| 0xffffffff         0xffffffff         -> 0x1
#| 0xffffffff80000000 0xffffffffffffffff -> 0x0
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x1
#| 0x100000000        0x3                -> 0x0
#| 0xfedcba9876543210 0x100000007        -> 0x10e774dd
#| 0x7                0x2                -> 0x3
#| 0x7                0xfffffffffffffffe -> 0x0
#| 0xfffffffffffffff9 0x2                -> 0x7ffffffc
#| 0xfffffffffffffff9 0xfffffffffffffffe -> 0x0
#| 0x123456789abcdef  0x0                -> 0xffffffffffffffff
#| 0x8000000000000000 0x0                -> 0xffffffffffffffff
#| 0xffffffffffffffff 0x0                -> 0xffffffffffffffff
#| 0x80000000         0x100000000        -> 0xffffffffffffffff
#| 0xffffffff80000000 0x1ffffffff        -> 0x0
#| 0x64               0x64               -> 0x1
#| 0x63               0x64               -> 0x0
    divuw a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x7                0x2                -> 0x3                0x2
#| 0xffffffffffffffff 0x0                -> 0xffffffffffffffff 0x0
#| 0x8000000000000000 0xffffffffffffffff -> 0x0                0xffffffffffffffff
#| 0xffffffff80000000 0xffffffffffffffff -> 0x0                0xffffffffffffffff
    divuw a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x7                0x2                -> 0x7                0x3
#| 0xffffffffffffffff 0x0                -> 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 0xffffffffffffffff -> 0x8000000000000000 0x0
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0x0
    divuw a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0xffffffffffffffff
#| 0x1                -> 0x1
#| 0x8000000000000000 -> 0xffffffffffffffff
#| 0xffffffffffffffff -> 0x1
#| 0x123456789abcdef  -> 0x1
    divuw a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3                 a4
#| 0x0                -> 0    0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x1                -> 0    0xffffffffffffffff 0x0                0xffffffffffffffff
#| 0x8000000000000000 -> 0    0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x0                0xffffffffffffffff
#| 0x123456789abcdef  -> 0    0xffffffffffffffff 0x0                0xffffffffffffffff
    divuw zero, a1, a1
    divuw a2, a1, zero
    divuw a3, zero, a1
    divuw a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x3
#: expect s3 = 0xffffffffffffffff
#: expect s4 = 0x0
#: expect s5 = 0x0
    li t0, 0x7
    li t1, 0x2
    divuw s2, t0, t1
    li t0, 0xffffffffffffffff
    li t1, 0x0
    divuw s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0xffffffffffffffff
    divuw s4, t0, t1
    li t0, 0xffffffff80000000
    li t1, 0xffffffffffffffff
    divuw s5, t0, t1
    exit
