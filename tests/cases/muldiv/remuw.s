# remuw rd, rs1, rs2: rd = remainder of the low words, unsigned, sign-extended; by zero: low word of rs1, sign-extended.

#: case values
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 0x0
#| 0x0                0x1                -> 0x0
#| 0x1                0x0                -> 0x1
#| 0x1                0x1                -> 0x0
#| 0xffffffffffffffff 0x1                -> 0x0
#| 0x1                0xffffffffffffffff -> 0x1
#| 0xffffffffffffffff 0xffffffffffffffff -> 0x0
#| 0x7fffffffffffffff 0x1                -> 0x0
#| 0x8000000000000000 0xffffffffffffffff -> 0x0
#| 0x8000000000000000 0x8000000000000000 -> 0x0
#| 0x8000000000000000 0x7fffffffffffffff -> 0x0
#| 0x7fffffffffffffff 0x7fffffffffffffff -> 0x0
#| 0x7fffffff         0x1                -> 0x0
#| 0x80000000         0x80000000         -> 0x0
#| 0xffffffff         0xffffffff         -> 0x0
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000
#| 0x123456789abcdef  0xfedcba9876543210 -> 0x13579bdf
#| 0x100000000        0x3                -> 0x0
#| 0xfedcba9876543210 0x100000007        -> 0x5
#| 0x7                0x2                -> 0x1
#| 0x7                0xfffffffffffffffe -> 0x7
#| 0xfffffffffffffff9 0x2                -> 0x1
#| 0xfffffffffffffff9 0xfffffffffffffffe -> 0xfffffffffffffff9
#| 0x123456789abcdef  0x0                -> 0xffffffff89abcdef
#| 0x8000000000000000 0x0                -> 0x0
#| 0xffffffffffffffff 0x0                -> 0xffffffffffffffff
#| 0x80000000         0x100000000        -> 0xffffffff80000000
#| 0xffffffff80000000 0x1ffffffff        -> 0xffffffff80000000
#| 0x64               0x64               -> 0x0
#| 0x63               0x64               -> 0x63
    remuw a0, a1, a2
    exit

#: case rd is rs1
#| a1                 a2                 -> a1                 a2
#| 0x7                0x2                -> 0x1                0x2
#| 0xffffffffffffffff 0x0                -> 0xffffffffffffffff 0x0
#| 0x8000000000000000 0xffffffffffffffff -> 0x0                0xffffffffffffffff
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0xffffffffffffffff
    remuw a1, a1, a2
    exit

#: case rd is rs2
#| a1                 a2                 -> a1                 a2
#| 0x7                0x2                -> 0x7                0x1
#| 0xffffffffffffffff 0x0                -> 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 0xffffffffffffffff -> 0x8000000000000000 0x0
#| 0xffffffff80000000 0xffffffffffffffff -> 0xffffffff80000000 0xffffffff80000000
    remuw a2, a1, a2
    exit

#: case all three the same
#| a1                 -> a1
#| 0x0                -> 0x0
#| 0x1                -> 0x0
#| 0x8000000000000000 -> 0x0
#| 0xffffffffffffffff -> 0x0
#| 0x123456789abcdef  -> 0x0
    remuw a1, a1, a1
    exit

#: case x0 as destination and as sources
#| a1                 -> zero a2                 a3  a4
#| 0x0                -> 0    0x0                0x0 0x0
#| 0x1                -> 0    0x1                0x0 0x0
#| 0x8000000000000000 -> 0    0x0                0x0 0x0
#| 0xffffffffffffffff -> 0    0xffffffffffffffff 0x0 0x0
#| 0x123456789abcdef  -> 0    0xffffffff89abcdef 0x0 0x0
    remuw zero, a1, a1
    remuw a2, a1, zero
    remuw a3, zero, a1
    remuw a4, zero, zero
    exit

#: case constants
#: expect s2 = 0x1
#: expect s3 = 0xffffffffffffffff
#: expect s4 = 0x0
#: expect s5 = 0xffffffff80000000
    li t0, 0x7
    li t1, 0x2
    remuw s2, t0, t1
    li t0, 0xffffffffffffffff
    li t1, 0x0
    remuw s3, t0, t1
    li t0, 0x8000000000000000
    li t1, 0xffffffffffffffff
    remuw s4, t0, t1
    li t0, 0xffffffff80000000
    li t1, 0xffffffffffffffff
    remuw s5, t0, t1
    exit
