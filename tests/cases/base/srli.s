# srli rd, rs1, amount: rd = rs1 >> amount, zeros from the left.

#: case values
#| a1                 -> s2                 s3                 s4                s5          s6         s7
#| 0x0                -> 0x0                0x0                0x0               0x0         0x0        0x0
#| 0x1                -> 0x1                0x0                0x0               0x0         0x0        0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff 0x7fffffffffffffff 0x1ffffffffffffff 0x1ffffffff 0xffffffff 0x1
#| 0x8000000000000000 -> 0x8000000000000000 0x4000000000000000 0x100000000000000 0x100000000 0x80000000 0x1
#| 0x7fffffffffffffff -> 0x7fffffffffffffff 0x3fffffffffffffff 0xffffffffffffff  0xffffffff  0x7fffffff 0x0
#| 0x7fffffff         -> 0x7fffffff         0x3fffffff         0xffffff          0x0         0x0        0x0
#| 0x80000000         -> 0x80000000         0x40000000         0x1000000         0x1         0x0        0x0
#| 0xffffffff         -> 0xffffffff         0x7fffffff         0x1ffffff         0x1         0x0        0x0
#| 0x123456789abcdef  -> 0x123456789abcdef  0x91a2b3c4d5e6f7   0x2468acf13579b   0x2468acf   0x1234567  0x0
#| 0xfedcba9876543210 -> 0xfedcba9876543210 0x7f6e5d4c3b2a1908 0x1fdb97530eca864 0x1fdb97530 0xfedcba98 0x1
#| 0xffffffff80000000 -> 0xffffffff80000000 0x7fffffffc0000000 0x1ffffffff000000 0x1ffffffff 0xffffffff 0x1
    srli s2, a1, 0
    srli s3, a1, 1
    srli s4, a1, 7
    srli s5, a1, 31
    srli s6, a1, 32
    srli s7, a1, 63
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0x0                0    0x0
#| 0xffffffffffffffff -> 0x1fffffffffffffff 0    0x0
#| 0x8000000000000000 -> 0x1000000000000000 0    0x0
#| 0x123456789abcdef  -> 0x2468acf13579bd   0    0x0
#| 0x80000008         -> 0x10000001         0    0x0
    srli zero, a1, 3
    srli a2, zero, 3
    srli a1, a1, 3
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0x7fffffffffffffff
#: expect s4 = 0xfedcba98
#: expect s5 = 0x123456789abcdef
    li t0, 0x80000000
    srli s2, t0, 63
    li t0, 0xffffffffffffffff
    srli s3, t0, 1
    li t0, 0xfedcba9876543210
    srli s4, t0, 32
    li t0, 0x123456789abcdef
    srli s5, t0, 0
    exit
