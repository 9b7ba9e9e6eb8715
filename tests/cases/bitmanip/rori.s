# rori rd, rs1, amount: rd = rs1 rotated right.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6                 s7
#| 0x0                -> 0x0                0x0                0x0                0x0                0x0                0x0
#| 0x1                -> 0x1                0x8000000000000000 0x200000000000000  0x200000000        0x100000000        0x2
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 -> 0x8000000000000000 0x4000000000000000 0x100000000000000  0x100000000        0x80000000         0x1
#| 0x7fffffffffffffff -> 0x7fffffffffffffff 0xbfffffffffffffff 0xfeffffffffffffff 0xfffffffeffffffff 0xffffffff7fffffff 0xfffffffffffffffe
#| 0x7fffffff         -> 0x7fffffff         0x800000003fffffff 0xfe00000000ffffff 0xfffffffe00000000 0x7fffffff00000000 0xfffffffe
#| 0x80000000         -> 0x80000000         0x40000000         0x1000000          0x1                0x8000000000000000 0x100000000
#| 0xffffffff         -> 0xffffffff         0x800000007fffffff 0xfe00000001ffffff 0xfffffffe00000001 0xffffffff00000000 0x1fffffffe
#| 0x123456789abcdef  -> 0x123456789abcdef  0x8091a2b3c4d5e6f7 0xde02468acf13579b 0x13579bde02468acf 0x89abcdef01234567 0x2468acf13579bde
#| 0xfedcba9876543210 -> 0xfedcba9876543210 0x7f6e5d4c3b2a1908 0x21fdb97530eca864 0xeca86421fdb97530 0x76543210fedcba98 0xfdb97530eca86421
#| 0xffffffff80000000 -> 0xffffffff80000000 0x7fffffffc0000000 0x1ffffffff000000  0x1ffffffff        0x80000000ffffffff 0xffffffff00000001
    rori s2, a1, 0
    rori s3, a1, 1
    rori s4, a1, 7
    rori s5, a1, 31
    rori s6, a1, 32
    rori s7, a1, 63
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0x0                0    0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff 0    0x0
#| 0x8000000000000000 -> 0x1000000000000000 0    0x0
#| 0x123456789abcdef  -> 0xe02468acf13579bd 0    0x0
#| 0x80000008         -> 0x10000001         0    0x0
    rori zero, a1, 3
    rori a2, zero, 3
    rori a1, a1, 3
    exit

#: case constants
#: expect s2 = 0x100000000
#: expect s3 = 0xffffffffffffffff
#: expect s4 = 0x76543210fedcba98
#: expect s5 = 0x123456789abcdef
    li t0, 0x80000000
    rori s2, t0, 63
    li t0, 0xffffffffffffffff
    rori s3, t0, 1
    li t0, 0xfedcba9876543210
    rori s4, t0, 32
    li t0, 0x123456789abcdef
    rori s5, t0, 0
    exit
