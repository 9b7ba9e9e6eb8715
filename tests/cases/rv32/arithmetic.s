# Arithmetic of 32 bits: sums wrap at 2^32, shift amounts count modulo 32.

#: case add, sub
#: xlen = 32
#| a1         a2         -> a0         a3
#| 0xffffffff 1          -> 0          0xfffffffe
#| 0x7fffffff 1          -> 0x80000000 0x7ffffffe
#| 0x80000000 0x80000000 -> 0          0
#| 0          1          -> 1          0xffffffff
    add a0, a1, a2
    sub a3, a1, a2
    exit

#: case comparisons
#: xlen = 32
#| a1         a2         -> a0 a3
#| 0x7fffffff 0x80000000 -> 0  1
#| 0x80000000 0x7fffffff -> 1  0
#| 0xffffffff 0          -> 1  0
    slt a0, a1, a2
    sltu a3, a1, a2
    exit

#: case comparisons with immediates
#: xlen = 32
#| a1         -> a0 a3
#| 0x80000000 -> 1  1
#| 0xffffffff -> 0  0
#| 0          -> 0  1
    slti a0, a1, -1
    sltiu a3, a1, -1
    exit

#: case shifts
#: xlen = 32
#| a1         a2 -> a0         a3         a4
#| 0x80000001 1  -> 2          0x40000000 0xc0000000
#| 0x80000001 31 -> 0x80000000 1          0xffffffff
#| 0x80000001 32 -> 0x80000001 0x80000001 0x80000001
#| 0x80000001 63 -> 0x80000000 1          0xffffffff
    sll a0, a1, a2
    srl a3, a1, a2
    sra a4, a1, a2
    exit

#: case the sixth bit of a shift's immediate is not looked at
#: xlen = 32
#| a1         -> a0 a3 a4
#| 0x80000001 -> 2  0x40000000 0xc0000000
    slli a0, a1, 33
    srli a3, a1, 33
    srai a4, a1, 33
    exit

#: case nor that of a compressed one
#: xlen = 32
#: set a0 = 0x80000001
#: set a1 = 0x80000001
#: set a2 = 0x80000001
#: set a3 = 0x80000001
#: expect a0 = 2
#: expect a1 = 0x40000000
#: expect a2 = 0xc0000000
#: expect a3 = 0x80000001
#: cycles = 505
    c.slli a0, 33
    c.srli a1, 33
    c.srai a2, 33
    c.srli a3, 32
    exit

#: case upper immediates
#: xlen = 32
#: expect a0 = 0x80000000
#: expect a1 = 0x7fffffff
#: expect a2 = 0xf008
#: expect a3 = 0x8001000c
    lui a0, 0x80000
    addi a1, a0, -1
    auipc a2, 0xfffff
    auipc a3, 0x80000
    exit

#: case products
#: xlen = 32
#| a1         a2         -> a0         a3         a4         a5
#| 0x10001    0x10001    -> 0x20001    1          1          1
#| 0x80000000 0x80000000 -> 0          0x40000000 0x40000000 0xc0000000
#| 0xffffffff 0xffffffff -> 1          0          0xfffffffe 0xffffffff
#| 0x80000000 0xffffffff -> 0x80000000 0          0x7fffffff 0x80000000
#| 0x7fffffff 0x7fffffff -> 1          0x3fffffff 0x3fffffff 0x3fffffff
    mul a0, a1, a2
    mulh a3, a1, a2
    mulhu a4, a1, a2
    mulhsu a5, a1, a2
    exit

#: case quotients
#: xlen = 32
#| a1         a2         -> a0         a3         a4         a5
#| 0x80000000 0xffffffff -> 0x80000000 0          0          0x80000000
#| 7          0          -> 0xffffffff 7          0xffffffff 7
#| 0xfffffff9 2          -> 0xfffffffd 0xffffffff 0x7ffffffc 1
#| 0x80000000 3          -> 0xd5555556 0xfffffffe 0x2aaaaaaa 2
    div a0, a1, a2
    rem a3, a1, a2
    divu a4, a1, a2
    remu a5, a1, a2
    exit
