# addi rd, rs1, imm: rd = rs1 + imm.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6
#| 0x0                -> 0x0                0x1                0xffffffffffffffff 0x7ff              0xfffffffffffff800
#| 0x1                -> 0x1                0x2                0x0                0x800              0xfffffffffffff801
#| 0xffffffffffffffff -> 0xffffffffffffffff 0x0                0xfffffffffffffffe 0x7fe              0xfffffffffffff7ff
#| 0x8000000000000000 -> 0x8000000000000000 0x8000000000000001 0x7fffffffffffffff 0x80000000000007ff 0x7ffffffffffff800
#| 0x7fffffffffffffff -> 0x7fffffffffffffff 0x8000000000000000 0x7ffffffffffffffe 0x80000000000007fe 0x7ffffffffffff7ff
#| 0x7fffffff         -> 0x7fffffff         0x80000000         0x7ffffffe         0x800007fe         0x7ffff7ff
#| 0x80000000         -> 0x80000000         0x80000001         0x7fffffff         0x800007ff         0x7ffff800
#| 0xffffffff         -> 0xffffffff         0x100000000        0xfffffffe         0x1000007fe        0xfffff7ff
#| 0x123456789abcdef  -> 0x123456789abcdef  0x123456789abcdf0  0x123456789abcdee  0x123456789abd5ee  0x123456789abc5ef
#| 0x7ff              -> 0x7ff              0x800              0x7fe              0xffe              0xffffffffffffffff
#| 0xfffffffffffff800 -> 0xfffffffffffff800 0xfffffffffffff801 0xfffffffffffff7ff 0xffffffffffffffff 0xfffffffffffff000
#| 0x800              -> 0x800              0x801              0x7ff              0xfff              0x0
    addi s2, a1, 0
    addi s3, a1, 1
    addi s4, a1, -1
    addi s5, a1, 2047
    addi s6, a1, -2048
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0xfffffffffffffffb 0    0xfffffffffffffffb
#| 0xffffffffffffffff -> 0xfffffffffffffffa 0    0xfffffffffffffffb
#| 0x8000000000000000 -> 0x7ffffffffffffffb 0    0xfffffffffffffffb
#| 0x123456789abcdef  -> 0x123456789abcdea  0    0xfffffffffffffffb
    addi zero, a1, -5
    addi a2, zero, -5
    addi a1, a1, -5
    exit

#: case constants
#: expect s2 = 0x80000000
#: expect s3 = 0x7fe
#: expect s4 = 0x7fffffffffffffff
#: expect s5 = 0x7ffff800
    li t0, 0x7fffffff
    addi s2, t0, 1
    li t0, 0xffffffffffffffff
    addi s3, t0, 2047
    li t0, 0x8000000000000000
    addi s4, t0, -1
    li t0, 0x80000000
    addi s5, t0, -2048
    exit
