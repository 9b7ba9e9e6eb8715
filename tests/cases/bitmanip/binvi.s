# binvi rd, rs1, amount: rd = rs1 with one bit inverted.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6                 s7
#| 0x0                -> 0x1                0x2                0x80               0x80000000         0x100000000        0x8000000000000000
#| 0x1                -> 0x0                0x3                0x81               0x80000001         0x100000001        0x8000000000000001
#| 0xffffffffffffffff -> 0xfffffffffffffffe 0xfffffffffffffffd 0xffffffffffffff7f 0xffffffff7fffffff 0xfffffffeffffffff 0x7fffffffffffffff
#| 0x8000000000000000 -> 0x8000000000000001 0x8000000000000002 0x8000000000000080 0x8000000080000000 0x8000000100000000 0x0
#| 0x7fffffffffffffff -> 0x7ffffffffffffffe 0x7ffffffffffffffd 0x7fffffffffffff7f 0x7fffffff7fffffff 0x7ffffffeffffffff 0xffffffffffffffff
#| 0x7fffffff         -> 0x7ffffffe         0x7ffffffd         0x7fffff7f         0xffffffff         0x17fffffff        0x800000007fffffff
#| 0x80000000         -> 0x80000001         0x80000002         0x80000080         0x0                0x180000000        0x8000000080000000
#| 0xffffffff         -> 0xfffffffe         0xfffffffd         0xffffff7f         0x7fffffff         0x1ffffffff        0x80000000ffffffff
#| 0x123456789abcdef  -> 0x123456789abcdee  0x123456789abcded  0x123456789abcd6f  0x123456709abcdef  0x123456689abcdef  0x8123456789abcdef
#| 0xfedcba9876543210 -> 0xfedcba9876543211 0xfedcba9876543212 0xfedcba9876543290 0xfedcba98f6543210 0xfedcba9976543210 0x7edcba9876543210
#| 0xffffffff80000000 -> 0xffffffff80000001 0xffffffff80000002 0xffffffff80000080 0xffffffff00000000 0xfffffffe80000000 0x7fffffff80000000
    binvi s2, a1, 0
    binvi s3, a1, 1
    binvi s4, a1, 7
    binvi s5, a1, 31
    binvi s6, a1, 32
    binvi s7, a1, 63
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0x8                0    0x8
#| 0xffffffffffffffff -> 0xfffffffffffffff7 0    0x8
#| 0x8000000000000000 -> 0x8000000000000008 0    0x8
#| 0x123456789abcdef  -> 0x123456789abcde7  0    0x8
#| 0x80000008         -> 0x80000000         0    0x8
    binvi zero, a1, 3
    binvi a2, zero, 3
    binvi a1, a1, 3
    exit

#: case constants
#: expect s2 = 0x8000000080000000
#: expect s3 = 0xfffffffffffffffd
#: expect s4 = 0xfedcba9976543210
#: expect s5 = 0x123456789abcdee
    li t0, 0x80000000
    binvi s2, t0, 63
    li t0, 0xffffffffffffffff
    binvi s3, t0, 1
    li t0, 0xfedcba9876543210
    binvi s4, t0, 32
    li t0, 0x123456789abcdef
    binvi s5, t0, 0
    exit
