# slliw rd, rs1, amount: rd = low word of rs1 << amount, sign-extended.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6                 s7
#| 0x0                -> 0x0                0x0                0x0                0x0                0x0                0x0
#| 0x1                -> 0x1                0x2                0x80               0x8000             0x10000            0xffffffff80000000
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xfffffffffffffffe 0xffffffffffffff80 0xffffffffffff8000 0xffffffffffff0000 0xffffffff80000000
#| 0x8000000000000000 -> 0x0                0x0                0x0                0x0                0x0                0x0
#| 0x7fffffffffffffff -> 0xffffffffffffffff 0xfffffffffffffffe 0xffffffffffffff80 0xffffffffffff8000 0xffffffffffff0000 0xffffffff80000000
#| 0x7fffffff         -> 0x7fffffff         0xfffffffffffffffe 0xffffffffffffff80 0xffffffffffff8000 0xffffffffffff0000 0xffffffff80000000
#| 0x80000000         -> 0xffffffff80000000 0x0                0x0                0x0                0x0                0x0
#| 0xffffffff         -> 0xffffffffffffffff 0xfffffffffffffffe 0xffffffffffffff80 0xffffffffffff8000 0xffffffffffff0000 0xffffffff80000000
#| 0x123456789abcdef  -> 0xffffffff89abcdef 0x13579bde         0xffffffffd5e6f780 0xffffffffe6f78000 0xffffffffcdef0000 0xffffffff80000000
#| 0xfedcba9876543210 -> 0x76543210         0xffffffffeca86420 0x2a190800         0x19080000         0x32100000         0x0
#| 0xffffffff80000000 -> 0xffffffff80000000 0x0                0x0                0x0                0x0                0x0
    slliw s2, a1, 0
    slliw s3, a1, 1
    slliw s4, a1, 7
    slliw s5, a1, 15
    slliw s6, a1, 16
    slliw s7, a1, 31
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0x0                0    0x0
#| 0xffffffffffffffff -> 0xfffffffffffffff8 0    0x0
#| 0x8000000000000000 -> 0x0                0    0x0
#| 0x123456789abcdef  -> 0x4d5e6f78         0    0x0
#| 0x80000008         -> 0x40               0    0x0
    slliw zero, a1, 3
    slliw a2, zero, 3
    slliw a1, a1, 3
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0xfffffffffffffffe
#: expect s4 = 0x32100000
#: expect s5 = 0xffffffff89abcdef
    li t0, 0x80000000
    slliw s2, t0, 31
    li t0, 0xffffffffffffffff
    slliw s3, t0, 1
    li t0, 0xfedcba9876543210
    slliw s4, t0, 16
    li t0, 0x123456789abcdef
    slliw s5, t0, 0
    exit
