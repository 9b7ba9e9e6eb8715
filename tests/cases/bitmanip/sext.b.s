# sext.b rd, rs1: low byte, sign-extended.

#: case values
#| a1                 -> a0                 a1
#| 0x0                -> 0x0                0x0
#| 0x1                -> 0x1                0x1
#| 0x2                -> 0x2                0x2
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 -> 0x0                0x8000000000000000
#| 0x7fffffffffffffff -> 0xffffffffffffffff 0x7fffffffffffffff
#| 0x80               -> 0xffffffffffffff80 0x80
#| 0x7f               -> 0x7f               0x7f
#| 0xff               -> 0xffffffffffffffff 0xff
#| 0x100              -> 0x0                0x100
#| 0x8000             -> 0x0                0x8000
#| 0x7fff             -> 0xffffffffffffffff 0x7fff
#| 0xffff             -> 0xffffffffffffffff 0xffff
#| 0x10000            -> 0x0                0x10000
#| 0x80000000         -> 0x0                0x80000000
#| 0x7fffffff         -> 0xffffffffffffffff 0x7fffffff
#| 0xffffffff         -> 0xffffffffffffffff 0xffffffff
#| 0x100000000        -> 0x0                0x100000000
#| 0xffffffff00000000 -> 0x0                0xffffffff00000000
#| 0x123456789abcdef  -> 0xffffffffffffffef 0x123456789abcdef
#| 0xfedcba9876543210 -> 0x10               0xfedcba9876543210
#| 0x10000800001      -> 0x1                0x10000800001
    sext.b a0, a1
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x1                -> 0x1                0    0x0
#| 0x8000000000000000 -> 0x0                0    0x0
#| 0x123456789abcdef  -> 0xffffffffffffffef 0    0x0
#| 0xffff8080         -> 0xffffffffffffff80 0    0x0
    sext.b zero, a1
    sext.b a2, zero
    sext.b a1, a1
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0xffffffffffffffef
#: expect s4 = 0xffffffffffffff80
#: expect s5 = 0x0
    li t0, 0x0
    sext.b s2, t0
    li t0, 0x123456789abcdef
    sext.b s3, t0
    li t0, 0xffffffff80008080
    sext.b s4, t0
    li t0, 0x8000000000000000
    sext.b s5, t0
    exit
