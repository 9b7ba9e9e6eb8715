# jal rd, target: rd = the address of the next instruction. Three cycles; ends a trace.

#: case forwards and backwards
#: expect ra = after
#: expect t0 = past
#: expect a0 = 3
#: cycles = 512
    jal ra, over
after:
    addi a0, a0, 2
    exit
back:
    addi a0, a0, 1
    jal zero, after
over:
    jal t0, back
past:
    ebreak

#: case x0 as the link, to itself, until the cycles run out
#: limit = 10
#: fault = CyclesExceeded
#: cycles = 9
#: pc = self
#: expect zero = 0
self:
    jal zero, self

#: case any register links
#: expect a5 = 0x10004
#: expect sp = 0x10008
    jal a5, one
one:
    jal sp, two
two:
    exit

#: case the longest way forwards
#: memory = 0x200000
#: expect a0 = 1
#: expect ra = 0x10004
    jal ra, far
.text 0x10ff00
    .zero 254
far:
    addi a0, zero, 1
    exit
