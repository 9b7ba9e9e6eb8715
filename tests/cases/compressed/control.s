# The 16-bit branches and jumps.

#: case c.beqz
#: versions = 0 1 2
#| s0                 -> a0
#| 0                  -> 1
#| 1                  -> 0
#| 0x100000000        -> 0
#| 0x8000000000000000 -> 0
    addi a0, zero, 1
    c.beqz s0, over
    addi a0, zero, 0
over:
    exit

#: case c.bnez
#: versions = 0 1 2
#| s0                 -> a0
#| 0                  -> 0
#| 1                  -> 1
#| 0x100000000        -> 1
#| 0x8000000000000000 -> 1
    addi a0, zero, 1
    c.bnez s0, over
    addi a0, zero, 0
over:
    exit

#: case the longest branches
#: versions = 0 1 2
#: expect a0 = 3
    c.beqz s0, ahead         # 254 bytes
back:
    addi a0, a0, 3
    exit
    .zero 240
ahead:
    c.addi s0, 1
    c.nop
    c.bnez s0, back          # -256 bytes

#: case the longest jumps
#: versions = 0 1 2
#: expect a0 = 3
    c.j ahead                # 2046 bytes
back:
    addi a0, a0, 2
    exit
    .zero 2032
ahead:
    addi a0, a0, 1
    c.j back                 # -2048 bytes

#: case c.jr drops bit 0 and does not link
#: versions = 0 1 2
#: expect a0 = 1
#: expect ra = 0
#: set a1 = target+1
    c.jr a1
    ebreak
target:
    addi a0, zero, 1
    exit

#: case c.jalr links the address two bytes on
#: versions = 0 1 2
#: expect a0 = 3
#: expect ra = back
#: set a1 = target
    c.jalr a1
back:
    addi a0, a0, 2
    exit
target:
    addi a0, a0, 1
    c.jr ra

#: case c.jalr by ra, from version 1 on
#: expect a0 = 3
#: expect ra = back
#: set ra = target
    c.jalr ra
back:
    addi a0, a0, 2
    exit
target:
    addi a0, a0, 1
    c.jr ra

#: case c.jalr by ra in version 0 goes to its own link
#: versions = 0
#: expect a0 = 2
#: expect ra = back
#: set ra = target
    c.jalr ra
back:
    addi a0, a0, 2
    exit
target:
    ebreak

#: case c.jr by x0 is nothing
#: versions = 0 1 2
#: fault = InvalidInstruction
    .half 0x8002
    exit

#: case c.ebreak
#: versions = 0 1 2
#: cycles = 1001
    c.ebreak
    exit
