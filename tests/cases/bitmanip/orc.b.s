# orc.b rd, rs1: each byte 0xff where it is not zero.

#: case values
#| a1                 -> a0                 a1
#| 0x0                -> 0x0                0x0
#| 0x1                -> 0xff               0x1
#| 0x2                -> 0xff               0x2
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 -> 0xff00000000000000 0x8000000000000000
#| 0x7fffffffffffffff -> 0xffffffffffffffff 0x7fffffffffffffff
#| 0x80               -> 0xff               0x80
#| 0x7f               -> 0xff               0x7f
#| 0xff               -> 0xff               0xff
#| 0x100              -> 0xff00             0x100
#| 0x8000             -> 0xff00             0x8000
#| 0x7fff             -> 0xffff             0x7fff
#| 0xffff             -> 0xffff             0xffff
#| 0x10000            -> 0xff0000           0x10000
#| 0x80000000         -> 0xff000000         0x80000000
#| 0x7fffffff         -> 0xffffffff         0x7fffffff
#| 0xffffffff         -> 0xffffffff         0xffffffff
#| 0x100000000        -> 0xff00000000       0x100000000
#| 0xffffffff00000000 -> 0xffffffff00000000 0xffffffff00000000
#| 0x123456789abcdef  -> 0xffffffffffffffff 0x123456789abcdef
#| 0xfedcba9876543210 -> 0xffffffffffffffff 0xfedcba9876543210
#| 0x10000800001      -> 0xff0000ff00ff     0x10000800001
    orc.b a0, a1
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x1                -> 0xff               0    0x0
#| 0x8000000000000000 -> 0xff00000000000000 0    0x0
#| 0x123456789abcdef  -> 0xffffffffffffffff 0    0x0
#| 0xffff8080         -> 0xffffffff         0    0x0
    orc.b zero, a1
    orc.b a2, zero
    orc.b a1, a1
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0xffffffffffffffff
#: expect s4 = 0xffffffffff00ffff
#: expect s5 = 0xff00000000000000
    li t0, 0x0
    orc.b s2, t0
    li t0, 0x123456789abcdef
    orc.b s3, t0
    li t0, 0xffffffff80008080
    orc.b s4, t0
    li t0, 0x8000000000000000
    orc.b s5, t0
    exit
