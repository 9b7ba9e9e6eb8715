# roriw rd, rs1, amount: rd = low word of rs1 rotated right, sign-extended.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6                 s7
#| 0x0                -> 0x0                0x0                0x0                0x0                0x0                0x0
#| 0x1                -> 0x1                0xffffffff80000000 0x2000000          0x20000            0x10000            0x2
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 -> 0x0                0x0                0x0                0x0                0x0                0x0
#| 0x7fffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x7fffffff         -> 0x7fffffff         0xffffffffbfffffff 0xfffffffffeffffff 0xfffffffffffeffff 0xffffffffffff7fff 0xfffffffffffffffe
#| 0x80000000         -> 0xffffffff80000000 0x40000000         0x1000000          0x10000            0x8000             0x1
#| 0xffffffff         -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x123456789abcdef  -> 0xffffffff89abcdef 0xffffffffc4d5e6f7 0xffffffffdf13579b 0xffffffff9bdf1357 0xffffffffcdef89ab 0x13579bdf
#| 0xfedcba9876543210 -> 0x76543210         0x3b2a1908         0x20eca864         0x6420eca8         0x32107654         0xffffffffeca86420
#| 0xffffffff80000000 -> 0xffffffff80000000 0x40000000         0x1000000          0x10000            0x8000             0x1
    roriw s2, a1, 0
    roriw s3, a1, 1
    roriw s4, a1, 7
    roriw s5, a1, 15
    roriw s6, a1, 16
    roriw s7, a1, 31
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0x0                0    0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff 0    0x0
#| 0x8000000000000000 -> 0x0                0    0x0
#| 0x123456789abcdef  -> 0xfffffffff13579bd 0    0x0
#| 0x80000008         -> 0x10000001         0    0x0
    roriw zero, a1, 3
    roriw a2, zero, 3
    roriw a1, a1, 3
    exit

#: case constants
#: expect s2 = 0x1
#: expect s3 = 0xffffffffffffffff
#: expect s4 = 0x32107654
#: expect s5 = 0xffffffff89abcdef
    li t0, 0x80000000
    roriw s2, t0, 31
    li t0, 0xffffffffffffffff
    roriw s3, t0, 1
    li t0, 0xfedcba9876543210
    roriw s4, t0, 16
    li t0, 0x123456789abcdef
    roriw s5, t0, 0
    exit
