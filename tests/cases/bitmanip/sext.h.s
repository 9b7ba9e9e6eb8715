# sext.h rd, rs1: low halfword, sign-extended.

#: case values
#| a1                 -> a0                 a1
#| 0x0                -> 0x0                0x0
#| 0x1                -> 0x1                0x1
#| 0x2                -> 0x2                0x2
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 -> 0x0                0x8000000000000000
#| 0x7fffffffffffffff -> 0xffffffffffffffff 0x7fffffffffffffff
#| 0x80               -> 0x80               0x80
#| 0x7f               -> 0x7f               0x7f
#| 0xff               -> 0xff               0xff
#| 0x100              -> 0x100              0x100
#| 0x8000             -> 0xffffffffffff8000 0x8000
#| 0x7fff             -> 0x7fff             0x7fff
#| 0xffff             -> 0xffffffffffffffff 0xffff
#| 0x10000            -> 0x0                0x10000
#| 0x80000000         -> 0x0                0x80000000
#| 0x7fffffff         -> 0xffffffffffffffff 0x7fffffff
#| 0xffffffff         -> 0xffffffffffffffff 0xffffffff
#| 0x100000000        -> 0x0                0x100000000
#| 0xffffffff00000000 -> 0x0                0xffffffff00000000
#| 0x123456789abcdef  -> 0xffffffffffffcdef 0x123456789abcdef
#| 0xfedcba9876543210 -> 0x3210             0xfedcba9876543210
#| 0x10000800001      -> 0x1                0x10000800001
    sext.h a0, a1
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x1                -> 0x1                0    0x0
#| 0x8000000000000000 -> 0x0                0    0x0
#| 0x123456789abcdef  -> 0xffffffffffffcdef 0    0x0
#| 0xffff8080         -> 0xffffffffffff8080 0    0x0
    sext.h zero, a1
    sext.h a2, zero
    sext.h a1, a1
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0xffffffffffffcdef
#: expect s4 = 0xffffffffffff8080
#: expect s5 = 0x0
    li t0, 0x0
    sext.h s2, t0
    li t0, 0x123456789abcdef
    sext.h s3, t0
    li t0, 0xffffffff80008080
    sext.h s4, t0
    li t0, 0x8000000000000000
    sext.h s5, t0
    exit
