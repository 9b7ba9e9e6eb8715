# xori rd, rs1, imm: rd = rs1 ^ imm.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6
#| 0x0                -> 0x0                0x1                0xffffffffffffffff 0x7ff              0xfffffffffffff800
#| 0x1                -> 0x1                0x0                0xfffffffffffffffe 0x7fe              0xfffffffffffff801
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xfffffffffffffffe 0x0                0xfffffffffffff800 0x7ff
#| 0x8000000000000000 -> 0x8000000000000000 0x8000000000000001 0x7fffffffffffffff 0x80000000000007ff 0x7ffffffffffff800
#| 0x7fffffffffffffff -> 0x7fffffffffffffff 0x7ffffffffffffffe 0x8000000000000000 0x7ffffffffffff800 0x80000000000007ff
#| 0x7fffffff         -> 0x7fffffff         0x7ffffffe         0xffffffff80000000 0x7ffff800         0xffffffff800007ff
#| 0x80000000         -> 0x80000000         0x80000001         0xffffffff7fffffff 0x800007ff         0xffffffff7ffff800
#| 0xffffffff         -> 0xffffffff         0xfffffffe         0xffffffff00000000 0xfffff800         0xffffffff000007ff
#| 0x123456789abcdef  -> 0x123456789abcdef  0x123456789abcdee  0xfedcba9876543210 0x123456789abca10  0xfedcba98765435ef
#| 0x7ff              -> 0x7ff              0x7fe              0xfffffffffffff800 0x0                0xffffffffffffffff
#| 0xfffffffffffff800 -> 0xfffffffffffff800 0xfffffffffffff801 0x7ff              0xffffffffffffffff 0x0
#| 0x800              -> 0x800              0x801              0xfffffffffffff7ff 0xfff              0xfffffffffffff000
    xori s2, a1, 0
    xori s3, a1, 1
    xori s4, a1, -1
    xori s5, a1, 2047
    xori s6, a1, -2048
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0xfffffffffffffffb 0    0xfffffffffffffffb
#| 0xffffffffffffffff -> 0x4                0    0xfffffffffffffffb
#| 0x8000000000000000 -> 0x7ffffffffffffffb 0    0xfffffffffffffffb
#| 0x123456789abcdef  -> 0xfedcba9876543214 0    0xfffffffffffffffb
    xori zero, a1, -5
    xori a2, zero, -5
    xori a1, a1, -5
    exit

#: case constants
#: expect s2 = 0x7ffffffe
#: expect s3 = 0xfffffffffffff800
#: expect s4 = 0x7fffffffffffffff
#: expect s5 = 0xffffffff7ffff800
    li t0, 0x7fffffff
    xori s2, t0, 1
    li t0, 0xffffffffffffffff
    xori s3, t0, 2047
    li t0, 0x8000000000000000
    xori s4, t0, -1
    li t0, 0x80000000
    xori s5, t0, -2048
    exit
