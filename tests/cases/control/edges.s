# Code at the edges: of pages, of regions, of memory, of what can be decoded.

#: case an instruction across a page edge, both executable
#: expect a0 = 4
    j over
    .zero 0xff6
over:                        # 0x10ffa
    addi a0, a0, 1
    addi a0, a0, 3           # 0x10ffe
    exit

#: case a fused pair across a page edge
#: cycles = 505
#: expect a0 = 0x12345678
    j over
    .zero 0xff8
over:                        # 0x10ffc
    lui a0, 0x12345
    addiw a0, a0, 0x678
    exit

#: case the next page is not executable: an instruction across the edge
#: fault = MemWriteOnExecutablePage
    j over
    .zero 0xffa
over:                        # 0x10ffe
    .half 0x0513             # the first half of an addi

#: case the next page is not executable: a 16-bit instruction up to the edge, then beyond
#: fault = MemWriteOnExecutablePage
    j over
    .zero 0xffa
over:                        # 0x10ffe
    c.addi a0, 1

#: case a jump in the last two bytes of a region
#: expect a0 = 1
    j over
    .zero 0xf00
back:                        # 0x10f04
    li a0, 1
    exit
    .zero 0xee
over:                        # 0x10ffe
    c.j back

#: case look-ahead for fusion beyond the region is no error: the trace of sixteen runs
#: expect a0 = 0x12345000
#: expect a1 = 15
#: cycles = 19
#: pc = end
#: fault = MemWriteOnExecutablePage
    j over
    .zero 0xfbc
over:                        # 0x10fc0
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    addi a1, a1, 1
    lui a0, 0x12345
end:

#: case the last bytes of memory hold code
#: expect a0 = 1
    la t0, last
    jr t0
back:
    exit
.text 0x3f000
    .zero 0xffa
last:
    c.li a0, 1
    j back

#: case running off the end of memory
#: fault = MemOutOfBound
    la t0, last
    jr t0
.text 0x3f000
    .zero 0xffe
last:
    c.nop

#: case four bytes across the end of memory from an executable page
#: fault = MemOutOfBound
    la t0, last
    jr t0
.text 0x3f000
    .zero 0xffe
last:
    .half 0x0513

#: case an illegal instruction later in a trace: nothing of it runs
#: fault = InvalidInstruction
#: pc = start
#: cycles = 3
#: expect a0 = 0
#: flags 0x20 = 0
    j start
start:
    addi a0, a0, 1
    li a1, 0x20000
    sd a0, 0(a1)
    .half 0

#: case an illegal instruction as the seventeenth entry: the sixteen before it run
#: fault = InvalidInstruction
#: pc = bad
#: cycles = 16
#: expect a0 = 16
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
bad:
    .word 0xffffffff

#: case an illegal instruction behind a branch is no matter
#: expect a0 = 1
    li a0, 1
    beqz zero, over
    .word 0xffffffff
over:
    exit

#: case an illegal instruction wins over a fault before it in the trace
#: fault = InvalidInstruction
    li a1, -1
    ld a0, 0(a1)
    .word 0xffffffff

#: case a fetch failure wins over a fault before it in the trace
#: fault = MemWriteOnExecutablePage
    j over
    .zero 0xff0
over:                        # 0x10ff4
    li a1, -8
    ld a0, 0(a1)
    addi a0, a0, 1

#: case two code regions with data between them
#: expect a0 = 30
#: expect a1 = 10
    li a2, 10
loop:
    call far
    addi a1, a1, 1
    blt a1, a2, loop
    exit
.data 0x12000
cell:
    .dword 0
.text 0x14000
far:
    la t0, cell
    ld t1, 0(t0)
    addi t1, t1, 3
    sd t1, 0(t0)
    mv a0, t1
    ret

#: case an entry in the middle of what another entry decoded
#: expect a0 = 33
    li a1, 2
again:
    addi a0, a0, 1
inside:
    addi a0, a0, 10
    addi a1, a1, -1
    beqz a1, last
    j again
last:
    bnez a2, end
    li a1, 1
    li a2, 1
    addi a0, a0, 1
    j inside
end:
    exit

#: case code at address 0
#: expect a0 = 9
    j low
.text 0
low:
    li a0, 9
    exit
