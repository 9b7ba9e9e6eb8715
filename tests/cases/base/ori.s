# ori rd, rs1, imm: rd = rs1 | imm.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6
#| 0x0                -> 0x0                0x1                0xffffffffffffffff 0x7ff              0xfffffffffffff800
#| 0x1                -> 0x1                0x1                0xffffffffffffffff 0x7ff              0xfffffffffffff801
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 -> 0x8000000000000000 0x8000000000000001 0xffffffffffffffff 0x80000000000007ff 0xfffffffffffff800
#| 0x7fffffffffffffff -> 0x7fffffffffffffff 0x7fffffffffffffff 0xffffffffffffffff 0x7fffffffffffffff 0xffffffffffffffff
#| 0x7fffffff         -> 0x7fffffff         0x7fffffff         0xffffffffffffffff 0x7fffffff         0xffffffffffffffff
#| 0x80000000         -> 0x80000000         0x80000001         0xffffffffffffffff 0x800007ff         0xfffffffffffff800
#| 0xffffffff         -> 0xffffffff         0xffffffff         0xffffffffffffffff 0xffffffff         0xffffffffffffffff
#| 0x123456789abcdef  -> 0x123456789abcdef  0x123456789abcdef  0xffffffffffffffff 0x123456789abcfff  0xfffffffffffffdef
#| 0x7ff              -> 0x7ff              0x7ff              0xffffffffffffffff 0x7ff              0xffffffffffffffff
#| 0xfffffffffffff800 -> 0xfffffffffffff800 0xfffffffffffff801 0xffffffffffffffff 0xffffffffffffffff 0xfffffffffffff800
#| 0x800              -> 0x800              0x801              0xffffffffffffffff 0xfff              0xfffffffffffff800
    ori s2, a1, 0
    ori s3, a1, 1
    ori s4, a1, -1
    ori s5, a1, 2047
    ori s6, a1, -2048
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0xfffffffffffffffb 0    0xfffffffffffffffb
#| 0xffffffffffffffff -> 0xffffffffffffffff 0    0xfffffffffffffffb
#| 0x8000000000000000 -> 0xfffffffffffffffb 0    0xfffffffffffffffb
#| 0x123456789abcdef  -> 0xffffffffffffffff 0    0xfffffffffffffffb
    ori zero, a1, -5
    ori a2, zero, -5
    ori a1, a1, -5
    exit

#: case constants
#: expect s2 = 0x7fffffff
#: expect s3 = 0xffffffffffffffff
#: expect s4 = 0xffffffffffffffff
#: expect s5 = 0xfffffffffffff800
    li t0, 0x7fffffff
    ori s2, t0, 1
    li t0, 0xffffffffffffffff
    ori s3, t0, 2047
    li t0, 0x8000000000000000
    ori s4, t0, -1
    li t0, 0x80000000
    ori s5, t0, -2048
    exit
