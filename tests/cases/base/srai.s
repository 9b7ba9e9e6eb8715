# srai rd, rs1, amount: rd = rs1 >> amount, copies of the sign from the left.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6                 s7
#| 0x0                -> 0x0                0x0                0x0                0x0                0x0                0x0
#| 0x1                -> 0x1                0x0                0x0                0x0                0x0                0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 -> 0x8000000000000000 0xc000000000000000 0xff00000000000000 0xffffffff00000000 0xffffffff80000000 0xffffffffffffffff
#| 0x7fffffffffffffff -> 0x7fffffffffffffff 0x3fffffffffffffff 0xffffffffffffff   0xffffffff         0x7fffffff         0x0
#| 0x7fffffff         -> 0x7fffffff         0x3fffffff         0xffffff           0x0                0x0                0x0
#| 0x80000000         -> 0x80000000         0x40000000         0x1000000          0x1                0x0                0x0
#| 0xffffffff         -> 0xffffffff         0x7fffffff         0x1ffffff          0x1                0x0                0x0
#| 0x123456789abcdef  -> 0x123456789abcdef  0x91a2b3c4d5e6f7   0x2468acf13579b    0x2468acf          0x1234567          0x0
#| 0xfedcba9876543210 -> 0xfedcba9876543210 0xff6e5d4c3b2a1908 0xfffdb97530eca864 0xfffffffffdb97530 0xfffffffffedcba98 0xffffffffffffffff
#| 0xffffffff80000000 -> 0xffffffff80000000 0xffffffffc0000000 0xffffffffff000000 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
    srai s2, a1, 0
    srai s3, a1, 1
    srai s4, a1, 7
    srai s5, a1, 31
    srai s6, a1, 32
    srai s7, a1, 63
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0x0                0    0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff 0    0x0
#| 0x8000000000000000 -> 0xf000000000000000 0    0x0
#| 0x123456789abcdef  -> 0x2468acf13579bd   0    0x0
#| 0x80000008         -> 0x10000001         0    0x0
    srai zero, a1, 3
    srai a2, zero, 3
    srai a1, a1, 3
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0xffffffffffffffff
#: expect s4 = 0xfffffffffedcba98
#: expect s5 = 0x123456789abcdef
    li t0, 0x80000000
    srai s2, t0, 63
    li t0, 0xffffffffffffffff
    srai s3, t0, 1
    li t0, 0xfedcba9876543210
    srai s4, t0, 32
    li t0, 0x123456789abcdef
    srai s5, t0, 0
    exit
