# auipc rd, imm: the address of the instruction + (imm << 12, sign-extended). It ends a trace.

#: case values
#: versions = 0 1 2
#: isa = imc
#: expect s2 = 0x10000
#: expect s3 = 0x11004
#: expect s4 = 0x7000f008
#: expect s5 = 0xffffffff8001000c
#: expect s6 = 0xf010
#: expect zero = 0
#: cycles = 507
    auipc s2, 0
    auipc s3, 1
    auipc s4, 0x6ffff
    auipc s5, 0x80000
    auipc s6, 0xfffff
    auipc zero, 0x12345
    exit

#: case at an address that is no multiple of four
#: expect a0 = 0x10002
#: expect a1 = 0x10008
    c.nop
    auipc a0, 0
    c.nop
    auipc a1, 0
    exit

#: case the limit falls behind it
#: limit = 4
#: fault = CyclesExceeded
#: cycles = 3
#: pc = next
    addi a0, zero, 1
    addi a0, a0, 1
    auipc a1, 0
next:
    addi a0, a0, 1
    addi a0, a0, 1
    exit
