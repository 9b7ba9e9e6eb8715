# sraiw rd, rs1, amount: rd = low word of rs1 >> amount, copies of its sign from the left.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6                 s7
#| 0x0                -> 0x0                0x0                0x0                0x0                0x0                0x0
#| 0x1                -> 0x1                0x0                0x0                0x0                0x0                0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x8000000000000000 -> 0x0                0x0                0x0                0x0                0x0                0x0
#| 0x7fffffffffffffff -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x7fffffff         -> 0x7fffffff         0x3fffffff         0xffffff           0xffff             0x7fff             0x0
#| 0x80000000         -> 0xffffffff80000000 0xffffffffc0000000 0xffffffffff000000 0xffffffffffff0000 0xffffffffffff8000 0xffffffffffffffff
#| 0xffffffff         -> 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff 0xffffffffffffffff
#| 0x123456789abcdef  -> 0xffffffff89abcdef 0xffffffffc4d5e6f7 0xffffffffff13579b 0xffffffffffff1357 0xffffffffffff89ab 0xffffffffffffffff
#| 0xfedcba9876543210 -> 0x76543210         0x3b2a1908         0xeca864           0xeca8             0x7654             0x0
#| 0xffffffff80000000 -> 0xffffffff80000000 0xffffffffc0000000 0xffffffffff000000 0xffffffffffff0000 0xffffffffffff8000 0xffffffffffffffff
    sraiw s2, a1, 0
    sraiw s3, a1, 1
    sraiw s4, a1, 7
    sraiw s5, a1, 15
    sraiw s6, a1, 16
    sraiw s7, a1, 31
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0x0                0    0x0
#| 0xffffffffffffffff -> 0xffffffffffffffff 0    0x0
#| 0x8000000000000000 -> 0x0                0    0x0
#| 0x123456789abcdef  -> 0xfffffffff13579bd 0    0x0
#| 0x80000008         -> 0xfffffffff0000001 0    0x0
    sraiw zero, a1, 3
    sraiw a2, zero, 3
    sraiw a1, a1, 3
    exit

#: case constants
#: expect s2 = 0xffffffffffffffff
#: expect s3 = 0xffffffffffffffff
#: expect s4 = 0x7654
#: expect s5 = 0xffffffff89abcdef
    li t0, 0x80000000
    sraiw s2, t0, 31
    li t0, 0xffffffffffffffff
    sraiw s3, t0, 1
    li t0, 0xfedcba9876543210
    sraiw s4, t0, 16
    li t0, 0x123456789abcdef
    sraiw s5, t0, 0
    exit
