# slli.uw rd, rs1, amount: rd = low word of rs1, zero-extended, << amount (six bits).

#: case values
#| a1                 -> s2         s3          s4           s5                 s6                 s7
#| 0x0                -> 0x0        0x0         0x0          0x0                0x0                0x0
#| 0x1                -> 0x1        0x2         0x80         0x80000000         0x100000000        0x8000000000000000
#| 0xffffffffffffffff -> 0xffffffff 0x1fffffffe 0x7fffffff80 0x7fffffff80000000 0xffffffff00000000 0x8000000000000000
#| 0x8000000000000000 -> 0x0        0x0         0x0          0x0                0x0                0x0
#| 0x7fffffffffffffff -> 0xffffffff 0x1fffffffe 0x7fffffff80 0x7fffffff80000000 0xffffffff00000000 0x8000000000000000
#| 0x7fffffff         -> 0x7fffffff 0xfffffffe  0x3fffffff80 0x3fffffff80000000 0x7fffffff00000000 0x8000000000000000
#| 0x80000000         -> 0x80000000 0x100000000 0x4000000000 0x4000000000000000 0x8000000000000000 0x0
#| 0xffffffff         -> 0xffffffff 0x1fffffffe 0x7fffffff80 0x7fffffff80000000 0xffffffff00000000 0x8000000000000000
#| 0x123456789abcdef  -> 0x89abcdef 0x113579bde 0x44d5e6f780 0x44d5e6f780000000 0x89abcdef00000000 0x8000000000000000
#| 0xfedcba9876543210 -> 0x76543210 0xeca86420  0x3b2a190800 0x3b2a190800000000 0x7654321000000000 0x0
#| 0xffffffff80000000 -> 0x80000000 0x100000000 0x4000000000 0x4000000000000000 0x8000000000000000 0x0
    slli.uw s2, a1, 0
    slli.uw s3, a1, 1
    slli.uw s4, a1, 7
    slli.uw s5, a1, 31
    slli.uw s6, a1, 32
    slli.uw s7, a1, 63
    exit

#: case rd is rs1; x0
#| a1                 -> a1          zero a2
#| 0x0                -> 0x0         0    0x0
#| 0xffffffffffffffff -> 0x7fffffff8 0    0x0
#| 0x8000000000000000 -> 0x0         0    0x0
#| 0x123456789abcdef  -> 0x44d5e6f78 0    0x0
#| 0x80000008         -> 0x400000040 0    0x0
    slli.uw zero, a1, 3
    slli.uw a2, zero, 3
    slli.uw a1, a1, 3
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0x1fffffffe
#: expect s4 = 0x7654321000000000
#: expect s5 = 0x89abcdef
    li t0, 0x80000000
    slli.uw s2, t0, 63
    li t0, 0xffffffffffffffff
    slli.uw s3, t0, 1
    li t0, 0xfedcba9876543210
    slli.uw s4, t0, 32
    li t0, 0x123456789abcdef
    slli.uw s5, t0, 0
    exit
