# Jumps: c.jal is there in the place of c.addiw, and targets wrap at 2^32.

#: case c.jal
#: xlen = 32
#: versions = 0 1 2
#: expect ra = back
#: expect a0 = 1
#: cycles = 508
    .half 0x2019          # c.jal .+6
back:
    addi a0, a0, 7
    addi a0, a0, 1
    c.nop
    c.nop
    c.nop
    exit

#: case c.jal backwards
#: xlen = 32
#: expect ra = back
#: expect a0 = 3
    j start
before:
    addi a0, a0, 3
    exit
start:
    .half 0x3fd5          # c.jal .-12
back:
    exit

#: case jalr wraps
#: xlen = 32
#: set a1 = 0xfffffc20
#: expect a0 = 5
#: expect ra = 4
.text 0
    jalr ra, 0x400(a1)
    exit
.zero 20
    addi a0, zero, 5
    exit

#: case jalr of the ones is the end of the address space, not of the code
#: xlen = 32
#: set a1 = 0xffffffff
#: fault = MemOutOfBound
    jalr ra, 0(a1)
    exit

#: case a branch below 0
#: xlen = 32
#: fault = MemOutOfBound
.text 0
    beq zero, zero, -16
    exit

#: case a jump below 0
#: xlen = 32
#: fault = MemOutOfBound
.text 0
    jal ra, -2048
    exit

#: case far jumps
#: xlen = 32
#: expect a0 = 9
#: cycles = 508
    auipc ra, %pcrel_hi(there)
    jalr ra, %pcrel_lo(there)(ra)
    exit
.zero 0x1000
there:
    addi a0, zero, 9
    lui ra, %hi(end)
    jalr ra, %lo(end)(ra)
    exit
.zero 0x1000
end:
    exit
