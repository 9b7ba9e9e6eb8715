# The assembly machine keeps a trace's length in eight bits. Fused traces can be longer: a multiple
# of 256 bytes is an error, otherwise the pc goes on from the start + (length mod 256). CKB-VM's
# trace machine does it right. Compilers make no such code; native code leaves it alone.

#: case 256 bytes
#: trace = differs
#: fault = TraceLengthError
#: cycles = 0
#: pc = 0x10000
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    addi a3, a3, 1
    addi a3, a3, 1
    addi a3, a3, 1
    addi a3, a3, 1
    exit

#: case 272 bytes: goes on 16 bytes behind the start, where 256 are left
#: trace = differs
#: fault = TraceLengthError
#: pc = 0x10010
#: cycles = 16
#: expect a3 = 3
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    addi a3, a3, 1
    addi a3, a3, 1
    addi a3, a3, 1
    exit

#: case 240 bytes are right
#: expect a3 = 5
#: cycles = 518
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    addi a3, a3, 1
    addi a3, a3, 1
    addi a3, a3, 1
    addi a3, a3, 1
    addi a3, a3, 1
    addi a4, a4, 1
    exit

#: case 260 bytes: runs from 4 bytes behind the start once more
#: native = none
#: trace = differs
#: exit = 8
#: cycles 1 = 538
#: cycles 2 = 537
#: set a0 = 5
#: set a1 = -1
#: set a2 = 3
#: expect a0 = 0x8
#: expect a1 = 0
#: expect a2 = 0
#: expect a3 = 2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    c.add a0, a1
    sltu a1, a0, a1
    c.add a0, a2
    sltu a2, a0, a2
    c.or a1, a2
    c.addi a3, 1
    bne zero, zero, elsewhere
elsewhere:
    exit

#: case a branch at the end goes from the wrong place: 256 bytes short
#: native = none
#: trace = differs
#: expect a3 = 9
#: cycles = 518
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    beq zero, zero, there+256
    .zero 64
there:
    addi a3, a3, 9
    exit
    .zero 244
    addi a3, a3, 5
    exit

#: case a call links the wrong place
#: native = none
#: trace = differs
#: expect a3 = 9
#: expect ra = 0x10008
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    add a0, a0, a1
    sltu a1, a0, a1
    add a0, a0, a2
    sltu a2, a0, a2
    or a1, a1, a2
    jal ra, there+256
    .zero 64
there:
    addi a3, a3, 9
    exit
    .zero 244
    addi a3, a3, 5
    exit
