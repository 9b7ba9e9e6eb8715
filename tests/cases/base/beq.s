# beq rs1, rs2, target. Three cycles, taken or not.

#: case forwards
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 1
#| 0x0                0x1                -> 0
#| 0x1                0x0                -> 0
#| 0xffffffffffffffff 0x0                -> 0
#| 0x0                0xffffffffffffffff -> 0
#| 0xffffffffffffffff 0xffffffffffffffff -> 1
#| 0x8000000000000000 0x7fffffffffffffff -> 0
#| 0x7fffffffffffffff 0x8000000000000000 -> 0
#| 0x8000000000000000 0x8000000000000000 -> 1
#| 0x1                0x8000000000000000 -> 0
#| 0x80000000         0x7fffffff         -> 0
#| 0xffffffff         0xffffffffffffffff -> 0
    li a0, 1
    beq a1, a2, over
    li a0, 0
over:
    exit

#: case backwards
#| a1                 a2                 -> a0
#| 0x0                0x0                -> 1
#| 0x0                0x1                -> 0
#| 0x1                0x0                -> 0
#| 0xffffffffffffffff 0x0                -> 0
#| 0x0                0xffffffffffffffff -> 0
#| 0xffffffffffffffff 0xffffffffffffffff -> 1
#| 0x8000000000000000 0x7fffffffffffffff -> 0
#| 0x7fffffffffffffff 0x8000000000000000 -> 0
#| 0x8000000000000000 0x8000000000000000 -> 1
#| 0x1                0x8000000000000000 -> 0
#| 0x80000000         0x7fffffff         -> 0
#| 0xffffffff         0xffffffffffffffff -> 0
    j start
back:
    li a0, 1
    exit
start:
    beq a1, a2, back
    li a0, 0
    exit

#: case the same register twice, and x0
#: expect a0 = 1
    li a1, 5
    li a0, 0
    beq a1, a1, one
    j two
one:
    addi a0, a0, 1
two:
    beq a1, zero, three
    j four
three:
    addi a0, a0, 2
four:
    beq zero, a1, five
    exit
five:
    addi a0, a0, 4
    exit

#: case to the next instruction: taken and not taken end in the same place
#: cycles = 504
#| a1 a2 -> a1
#| 0 0 -> 0
#| 0 1 -> 0
#| 1 0 -> 1
    beq a1, a2, next
next:
    exit

#: case a target outside memory is no matter until it is fetched
#: fault = MemOutOfBound
    li a1, 0
    li a2, 0
    j far
.text 0x3f000
    .zero 0xff0
far:
    beq a1, a2, far+2048
    exit
