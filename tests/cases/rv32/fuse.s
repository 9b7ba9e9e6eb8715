# Fusion over 32 bits: the same sequences and costs, but no lui with addiw, which RV32 does not have.

#: case adc
#: xlen = 32
#: set a0 = 0xffffffff
#: set a1 = 1
#: set a2 = 0xffffffff
#: expect a0 = 0xffffffff
#: expect a1 = 1
#: expect a2 = 0
#: cycles = 502
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    exit

#: case wide product
#: xlen = 32
#: set a1 = 0xffffffff
#: set a2 = 0xffffffff
#: expect a0 = 0xfffffffe
#: expect a3 = 1
#: cycles = 506
    mulhu a0, a1, a2
    mul a3, a1, a2
    exit

#: case sbb with its unchecked operand
#: xlen = 32
#: set a0 = 0
#: set a1 = 1
#: set a3 = 0
#: expect a0 = 0xffffffff
#: expect a1 = 1
#: cycles = 502
    sub a1, a0, a1
    sltu a2, a0, zero
    sub a0, a1, a3
    sltu a3, a1, a0
    or a1, a3, a2
    exit

#: case auipc and addi
#: xlen = 32
#: expect a0 = 0x1fff
#: cycles 1 = 503
#: cycles 2 = 502
    auipc a0, 0xffff2
    addi a0, a0, -1
    exit

#: case lui and addi do not fuse
#: xlen = 32
#: expect a0 = 0x12345fff
#: cycles = 503
    lui a0, 0x12346
    addi a0, a0, -1
    exit

#: case not in version 0
#: xlen = 32
#: versions = 0
#: set a1 = 0xffffffff
#: set a2 = 0xffffffff
#: expect a0 = 0xfffffffe
#: cycles = 511
    mulhu a0, a1, a2
    mul a3, a1, a2
    exit
