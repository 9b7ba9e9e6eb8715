# addiw rd, rs1, imm: rd = low word of rs1 + imm, sign-extended.

#: case values
#| a1                 -> s2                 s3                 s4                 s5                 s6
#| 0x0                -> 0x0                0x1                0xffffffffffffffff 0x7ff              0xfffffffffffff800
#| 0x1                -> 0x1                0x2                0x0                0x800              0xfffffffffffff801
#| 0xffffffffffffffff -> 0xffffffffffffffff 0x0                0xfffffffffffffffe 0x7fe              0xfffffffffffff7ff
#| 0x8000000000000000 -> 0x0                0x1                0xffffffffffffffff 0x7ff              0xfffffffffffff800
#| 0x7fffffffffffffff -> 0xffffffffffffffff 0x0                0xfffffffffffffffe 0x7fe              0xfffffffffffff7ff
#| 0x7fffffff         -> 0x7fffffff         0xffffffff80000000 0x7ffffffe         0xffffffff800007fe 0x7ffff7ff
#| 0x80000000         -> 0xffffffff80000000 0xffffffff80000001 0x7fffffff         0xffffffff800007ff 0x7ffff800
#| 0xffffffff         -> 0xffffffffffffffff 0x0                0xfffffffffffffffe 0x7fe              0xfffffffffffff7ff
#| 0x123456789abcdef  -> 0xffffffff89abcdef 0xffffffff89abcdf0 0xffffffff89abcdee 0xffffffff89abd5ee 0xffffffff89abc5ef
#| 0x7ff              -> 0x7ff              0x800              0x7fe              0xffe              0xffffffffffffffff
#| 0xfffffffffffff800 -> 0xfffffffffffff800 0xfffffffffffff801 0xfffffffffffff7ff 0xffffffffffffffff 0xfffffffffffff000
#| 0x800              -> 0x800              0x801              0x7ff              0xfff              0x0
    addiw s2, a1, 0
    addiw s3, a1, 1
    addiw s4, a1, -1
    addiw s5, a1, 2047
    addiw s6, a1, -2048
    exit

#: case rd is rs1; x0
#| a1                 -> a1                 zero a2
#| 0x0                -> 0xfffffffffffffffb 0    0xfffffffffffffffb
#| 0xffffffffffffffff -> 0xfffffffffffffffa 0    0xfffffffffffffffb
#| 0x8000000000000000 -> 0xfffffffffffffffb 0    0xfffffffffffffffb
#| 0x123456789abcdef  -> 0xffffffff89abcdea 0    0xfffffffffffffffb
    addiw zero, a1, -5
    addiw a2, zero, -5
    addiw a1, a1, -5
    exit

#: case constants
#: expect s2 = 0xffffffff80000000
#: expect s3 = 0x7fe
#: expect s4 = 0xffffffffffffffff
#: expect s5 = 0x7ffff800
    li t0, 0x7fffffff
    addiw s2, t0, 1
    li t0, 0xffffffffffffffff
    addiw s3, t0, 2047
    li t0, 0x8000000000000000
    addiw s4, t0, -1
    li t0, 0x80000000
    addiw s5, t0, -2048
    exit
