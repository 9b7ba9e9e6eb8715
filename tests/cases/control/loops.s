# Loops, as a compiler writes them and as it does not.

#: case sum of 1 to 1000
#: expect a0 = 500500
#: cycles = 5503
    li a1, 1000
loop:
    add a0, a0, a1
    addi a1, a1, -1
    bnez a1, loop
    addi a2, a0, 0
    exit

#: case nested
#: expect a0 = 2500
    li a1, 50
outer:
    li a2, 50
inner:
    addi a0, a0, 1
    addi a2, a2, -1
    bnez a2, inner
    addi a1, a1, -1
    bnez a1, outer
    exit

#: case entered in the middle: two heads of one loop
#| a1 -> a0  a2
#| 0  -> 200 100
#| 1  -> 199 100
    li a3, 100
    bnez a1, middle
top:
    addi a0, a0, 1
middle:
    addi a0, a0, 1
    addi a2, a2, 1
    blt a2, a3, top
    exit

#: case no structure: every block jumps to every other
#: expect a0 = 1503
#: set a5 = 1000
one:
    addi a0, a0, 1
    addi a5, a5, -1
    beqz a5, end
    andi a6, a5, 1
    bnez a6, three
two:
    addi a0, a0, 2
    addi a5, a5, -1
    beqz a5, end
    andi a6, a5, 3
    bnez a6, one
three:
    addi a0, a0, 3
    addi a5, a5, -1
    beqz a5, end
    andi a6, a5, 5
    beqz a6, two
    bnez a6, one
end:
    exit

#: case longer than a trace
#: expect a0 = 2000
    li a1, 50
loop:
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a1, a1, -1
    bnez a1, loop
    exit

#: case a value carried around in swapped registers
#: expect a0 = 6765
#: expect a1 = 10946
    li a2, 20
    li a1, 1
loop:
    add a3, a0, a1
    mv a0, a1
    mv a1, a3
    addi a2, a2, -1
    bnez a2, loop
    exit

#: case one that never ends
#: limit = 20000
#: fault = CyclesExceeded
#: pc = loop
#: cycles = 20000
loop:
    addi a0, a0, 1
    j loop
