# rev8 rd, rs1: bytes in reverse order.

#: case values
#| a1                 -> a0                 a1
#| 0x0                -> 0x0                0x0
#| 0x1                -> 0x100000000000000  0x1
#| 0x2                -> 0x200000000000000  0x2
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 -> 0x80               0x8000000000000000
#| 0x7fffffffffffffff -> 0xffffffffffffff7f 0x7fffffffffffffff
#| 0x80               -> 0x8000000000000000 0x80
#| 0x7f               -> 0x7f00000000000000 0x7f
#| 0xff               -> 0xff00000000000000 0xff
#| 0x100              -> 0x1000000000000    0x100
#| 0x8000             -> 0x80000000000000   0x8000
#| 0x7fff             -> 0xff7f000000000000 0x7fff
#| 0xffff             -> 0xffff000000000000 0xffff
#| 0x10000            -> 0x10000000000      0x10000
#| 0x80000000         -> 0x8000000000       0x80000000
#| 0x7fffffff         -> 0xffffff7f00000000 0x7fffffff
#| 0xffffffff         -> 0xffffffff00000000 0xffffffff
#| 0x100000000        -> 0x1000000          0x100000000
#| 0xffffffff00000000 -> 0xffffffff         0xffffffff00000000
#| 0x123456789abcdef  -> 0xefcdab8967452301 0x123456789abcdef
#| 0xfedcba9876543210 -> 0x1032547698badcfe 0xfedcba9876543210
#| 0x10000800001      -> 0x100800000010000  0x10000800001
    rev8 a0, a1
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x1                -> 0x100000000000000  0    0x0
#| 0x8000000000000000 -> 0x80               0    0x0
#| 0x123456789abcdef  -> 0xefcdab8967452301 0    0x0
#| 0xffff8080         -> 0x8080ffff00000000 0    0x0
    rev8 zero, a1
    rev8 a2, zero
    rev8 a1, a1
    exit

#: case constants
#: expect s2 = 0x0
#: expect s3 = 0xefcdab8967452301
#: expect s4 = 0x80800080ffffffff
#: expect s5 = 0x80
    li t0, 0x0
    rev8 s2, t0
    li t0, 0x123456789abcdef
    rev8 s3, t0
    li t0, 0xffffffff80008080
    rev8 s4, t0
    li t0, 0x8000000000000000
    rev8 s5, t0
    exit
