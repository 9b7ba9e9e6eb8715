# jalr rd, imm(rs1): pc = (rs1 + imm) & ~1; rd = the address of the next instruction.

#: case with an offset; bit 0 is dropped
#| a1       -> a0 ra
#| target   -> 5  back
#| target+1 -> 5  back
    jalr ra, 0(a1)
back:
    exit
target:
    addi a0, zero, 5
    jalr zero, 0(ra)

#: case the largest offsets
#: expect a0 = 3
    la a1, low
    jalr ra, 2047(a1)
    la a1, low+2048
    jalr ra, -2048(a1)
    exit
.text 0x12000
low:
    addi a0, a0, 2
    ret
    .zero 2038
    addi a0, a0, 1           # low+2046
    ret

#: case the target is even whatever the sum
#: expect a0 = 9
#: set a1 = target
    jalr ra, 1(a1)
target:
    addi a0, zero, 9
    exit

#: case a link in x0 is dropped
#: expect zero = 0
#: expect a0 = 1
    la a1, target
    jalr zero, 0(a1)
    ebreak
target:
    addi a0, zero, 1
    exit

#: case rd is rs1: the target is read first, from version 1 on
#: expect a1 = back
#: expect a0 = 5
    la a1, target
    jalr a1, 0(a1)
back:
    addi a0, a0, 1
    exit
target:
    addi a0, zero, 4
    jalr zero, 0(a1)

#: case rd is rs1: the link is written first in version 0
#: versions = 0
#: expect a1 = back
#: expect a0 = 9
    la a1, target
    jalr a1, 12(a1)
back:
    addi a0, a0, 1
    exit
    addi a0, zero, 9
    exit
target:
    ebreak

#: case a target outside memory
#: fault = MemOutOfBound
#| a1 -> a0
#| 0x40000 -> 0
#| -2 -> 0
#| 0x8000000000000000 -> 0
    jalr ra, 0(a1)

#: case a target in data
#: fault = MemWriteOnExecutablePage
    la a1, data
    jalr ra, 0(a1)
.data 0x20000
data:
    .word 0x00000013

#: case far beyond 32 bits is no alias in version 2
#: versions = 2
#: fault = MemOutOfBound
#: set a1 = 0x100010000
    jalr ra, 0(a1)
