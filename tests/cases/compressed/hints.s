# Encodings that the specification reserves for hints: instructions without effect from version 1
# on, no instructions in version 0; but for c.nop itself and shifts to the right by 0.

#: case c.nop
#: versions = 0 1 2
#: cycles = 502
    .half 0x0001
    exit

#: case c.srli and c.srai by 0
#: versions = 0 1 2
#: set s0 = -7
#: expect s0 = -7
#: cycles = 503
    .half 0x8001
    .half 0x8401
    exit

#: case c.nop with an immediate
#: set a0 = -7
#: expect a0 = -7
#: expect zero = 0
#: cycles = 502
    .half 0x0005
    exit

#: case c.nop with an immediate, version 0
#: versions = 0
#: fault = InvalidInstruction
    .half 0x0005
    exit

#: case c.nop with a negative immediate
#: set a0 = -7
#: expect a0 = -7
#: expect zero = 0
#: cycles = 502
    .half 0x107d
    exit

#: case c.nop with a negative immediate, version 0
#: versions = 0
#: fault = InvalidInstruction
    .half 0x107d
    exit

#: case c.addi a0, 0
#: set a0 = -7
#: expect a0 = -7
#: expect zero = 0
#: cycles = 502
    .half 0x0501
    exit

#: case c.addi a0, 0, version 0
#: versions = 0
#: fault = InvalidInstruction
    .half 0x0501
    exit

#: case c.li x0, 3
#: set a0 = -7
#: expect a0 = -7
#: expect zero = 0
#: cycles = 502
    .half 0x400d
    exit

#: case c.li x0, 3, version 0
#: versions = 0
#: fault = InvalidInstruction
    .half 0x400d
    exit

#: case c.lui x0, 1
#: set a0 = -7
#: expect a0 = -7
#: expect zero = 0
#: cycles = 502
    .half 0x6005
    exit

#: case c.lui x0, 1, version 0
#: versions = 0
#: fault = InvalidInstruction
    .half 0x6005
    exit

#: case c.slli x0, 5
#: set a0 = -7
#: expect a0 = -7
#: expect zero = 0
#: cycles = 502
    .half 0x0016
    exit

#: case c.slli x0, 5, version 0
#: versions = 0
#: fault = InvalidInstruction
    .half 0x0016
    exit

#: case c.slli a0, 0
#: set a0 = -7
#: expect a0 = -7
#: expect zero = 0
#: cycles = 502
    .half 0x0502
    exit

#: case c.slli a0, 0, version 0
#: versions = 0
#: fault = InvalidInstruction
    .half 0x0502
    exit

#: case c.mv x0, a0
#: set a0 = -7
#: expect a0 = -7
#: expect zero = 0
#: cycles = 502
    .half 0x802a
    exit

#: case c.mv x0, a0, version 0
#: versions = 0
#: fault = InvalidInstruction
    .half 0x802a
    exit

#: case c.add x0, a0
#: set a0 = -7
#: expect a0 = -7
#: expect zero = 0
#: cycles = 502
    .half 0x902a
    exit

#: case c.add x0, a0, version 0
#: versions = 0
#: fault = InvalidInstruction
    .half 0x902a
    exit
