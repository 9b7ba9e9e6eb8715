# Jumps by tables and by computed addresses.

#: case a table of absolute addresses
#: expect a0 = 12345
    la s0, table
    li s1, 0
loop:
    li t0, 5
    bgeu s1, t0, end
    slli t1, s1, 3
    add t1, t1, s0
    ld t1, 0(t1)
    addi s1, s1, 1
    jr t1
one:
    li t2, 10000
    add a0, a0, t2
    j loop
two:
    li t2, 2000
    add a0, a0, t2
    j loop
three:
    addi a0, a0, 300
    j loop
four:
    addi a0, a0, 40
    j loop
five:
    addi a0, a0, 5
    j loop
end:
    exit
.rodata 0x20000
table:
    .dword one, two, three, four, five

#: case by a table, and closely behind what it names
#| a1 -> a0
#| 0  -> 819
#| 4  -> 546
#| 8  -> 0
    la s0, table
    li s1, 0
loop:
    li t0, 3
    bgeu s1, t0, end
    slli t1, s1, 3
    add t1, t1, s0
    ld t1, 0(t1)
    add t1, t1, a1
    addi s1, s1, 1
    jr t1
one:
    addi a0, a0, 1
    addi a0, a0, 2
    j loop
two:
    addi a0, a0, 16
    addi a0, a0, 32
    j loop
three:
    addi a0, a0, 256
    addi a0, a0, 512
    j loop
end:
    exit
.rodata 0x20000
table:
    .dword one, two, three

#: case a table that the program rewrites: read-only data is no truth
#: expect a0 = 11
    la s0, table
    la t0, changed
    ld t1, 0(s0)
    jalr ra, 0(t1)
    sd t0, 0(s0)
    ld t1, 0(s0)
    jalr ra, 0(t1)
    exit
first:
    addi a0, a0, 1
    ret
    .word 0
changed:
    addi a0, a0, 10
    ret
.rodata 0x20000
table:
    .dword first

#: case into the middle of straight code, which no table names
#| a1 -> a0
#| 0  -> 15
#| 4  -> 14
#| 8  -> 12
#| 12 -> 8
#| 16 -> 0
    la t0, steps
    add t0, t0, a1
    jr t0
steps:
    addi a0, a0, 1
    addi a0, a0, 2
    addi a0, a0, 4
    addi a0, a0, 8
    exit

#: case into the middle of an instruction
#| a1 -> a0
#| 0  -> 0x123
#| 2  -> 5
    la t0, word
    add t0, t0, a1
    jr t0
word:
    .half 0x0513             # addi a0, zero, 0x123, of which the upper half
    .half 0x1230             #   is c.addi4spn a2, sp, 296
    addi a0, a0, 0
    beqz a1, end
    li a0, 5
end:
    exit

#: case threaded code: each piece jumps to the next by a pointer
#: expect a0 = 37
    la s0, code
next:
    ld t0, 0(s0)
    addi s0, s0, 8
    jr t0
add_three:
    addi a0, a0, 3
    ld t0, 0(s0)
    addi s0, s0, 8
    jr t0
double:
    slli a0, a0, 1
    ld t0, 0(s0)
    addi s0, s0, 8
    jr t0
add_one:
    addi a0, a0, 1
    j next
done:
    exit
.data 0x20000
code:
    .dword add_three, double, double, add_three, double, add_three, add_three, add_one, done
